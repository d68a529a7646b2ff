/*
 * check_scrub.c - filling free space: until it is full, twice, with nothing left, and nothing of anybody else's touched.
 *
 * The medium is a directory whose calls are ours: it takes so many bytes, and any call may fail.
 */
#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sodium.h>

#include "mountinfo.h"
#include "scrub.h"
#include "suite.h"
#include "told.h"

#define MIB ((uint64_t)1 << 20)

static char home[128];
static int medium;
static struct fault f;

/* ---- a medium ---------------------------------------------------------------------------------------------------------------- */

static struct {
	uint64_t room, used;    /* bytes it takes, and has */
	uint64_t at_once;       /* of a write; 0: all of it */
	const char *call;       /* that fails, */
	int sys;                /* ... with it, once */
	bool top;               /* of a mount */
	unsigned files, flushes, dir_flushes, chunks, marks;
	uint8_t firsts[16][32]; /* of each chunk */
} disk;

static bool
fails(const char *call)
{
	if (disk.call == NULL || strcmp(call, disk.call) != 0)
		return false;
	disk.call = NULL;
	errno = disk.sys;
	return true;
}

bool __wrap_mountinfo_is_top(int fd);

bool
__wrap_mountinfo_is_top(int fd)
{
	ck_assert_int_eq(fd, medium);
	return disk.top;
}

#pragma GCC visibility push(default)

#include "opened.h"

static int
open_any(const char *name, int at, const char *file, int flags, mode_t mode)
{
	(void)name;
	if ((flags & O_CREAT) != 0) {
		if (fails("create"))
			return -1;
		ck_assert(mode == 0600 && (flags & O_EXCL) != 0);
		disk.files++;
	} else if (strcmp(file, SCRUB_DIR) == 0 && fails("open")) {
		return -1;
	} else if (strcmp(file, ".") == 0 && fails("list")) {
		return -1;
	}
	return (int)syscall(SYS_openat, at, file, flags | O_LARGEFILE, mode);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	const size_t some = disk.at_once != 0 ? (size_t)disk.at_once : n;

	if (fd <= 2)
		return syscall(SYS_write, fd, buf, n);
	if (fails("write"))
		return -1;
	if (disk.used == disk.room) {
		errno = ENOSPC;
		return -1;
	}
	if (disk.chunks < 16)
		memcpy(disk.firsts[disk.chunks], buf, 32);
	disk.marks += memcmp(buf, "oncestick fills free space here\n", 32) == 0;
	disk.chunks++;
	n = disk.room - disk.used < some ? (size_t)(disk.room - disk.used) : some;
	disk.used += n;
	return (ssize_t)n;
}

int
fsync(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
	if (S_ISDIR(st.st_mode)) {
		disk.dir_flushes++;
		disk.used = 0; /* what was removed is free again */
		return fails("fsync dir") ? -1 : 0;
	}
	disk.flushes++;
	return fails("fsync") ? -1 : 0;
}

int
mkdirat(int at, const char *name, mode_t mode)
{
	return fails("mkdir") ? -1 : (int)syscall(SYS_mkdirat, at, name, mode);
}

int
unlinkat(int at, const char *name, int flags)
{
	return fails("remove") ? -1 : (int)syscall(SYS_unlinkat, at, name, flags);
}

struct dirent *
readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) = NULL;
	void *symbol = dlsym(RTLD_NEXT, sizeof ((struct dirent *)NULL)->d_ino == 8 ? "readdir64" : "readdir");

	memcpy(&real, &symbol, sizeof real);
	return fails("readdir") ? NULL : real(dir);
}

int
fstatvfs(int fd, struct statvfs *out)
{
	memset(out, 0, sizeof *out);
	ck_assert_int_eq(fd, medium);
	out->f_bavail = disk.room / 512;
	out->f_frsize = 512;
	return fails("statvfs") ? -1 : 0;
}

#pragma GCC visibility pop

static void
setup(void)
{
	snprintf(home, sizeof home, "%.80s/check_scrub.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_ge(medium = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	memset(&disk, 0, sizeof disk);
	memset(&told, 0, sizeof told);
	told.phase = REPORT_FILLING;
	memset(&f, 0, sizeof f);
	told.stop_at = 1000;
	disk.room = 3 * MIB + 1000;
	disk.top = true;
}

static void
teardown(void)
{
	char command[160];

	close(medium);
	snprintf(command, sizeof command, "rm -rf '%s'", home);
	ck_assert_int_eq(system(command), 0);
}

static bool
is_there(const char *name)
{
	return faccessat(medium, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
put(const char *name, const char *content)
{
	int fd = openat(medium, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_eq(syscall(SYS_write, fd, content, strlen(content)), (long)strlen(content));
	close(fd);
}

/* ---- filling ----------------------------------------------------------------------------------------------------------------- */

START_TEST(all_is_filled_twice_and_nothing_is_left)
{
	ck_assert_uint_eq(scrub_bytes(medium), 2 * (disk.room / 512 * 512));
	ck_assert_int_eq(scrub_check(medium, "here", &f), E_OK);
	ck_assert_int_eq(scrub_free_space(&report, medium, &f), E_OK);
	ck_assert(told.started == 1 && told.ended == 1 && told.ok);
	ck_assert_uint_eq(told.all, 2 * (disk.room / 512 * 512));
	ck_assert_uint_eq(told.done, told.all);
	ck_assert(disk.files == 2 && disk.flushes == 2 && disk.dir_flushes == 2 && disk.chunks == 8);
	ck_assert_uint_eq(disk.marks, 2);
	for (unsigned i = 0; i < 8; i++)
		for (unsigned j = 0; j < i; j++)
			if (i != 4 || j != 0) /* both begin with the mark */
				ck_assert_mem_ne(disk.firsts[i], disk.firsts[j], 32);
	ck_assert(!is_there(SCRUB_DIR));
}
END_TEST

/* Below the limit of every file system: in files of a gibibyte. */
START_TEST(a_large_medium_has_several_files)
{
	disk.room = 3 << 10;
	disk.room *= MIB;
	disk.at_once = 512 * MIB;
	ck_assert_int_eq(scrub_free_space(NULL, medium, &f), E_OK);
	ck_assert(disk.files == 2 * 4 && disk.flushes == 2 * 4 && disk.chunks == 2 * 6 && disk.marks == 2 * 3);
	ck_assert(!is_there(SCRUB_DIR));
}
END_TEST

/* What fails is told, by its step, and nothing is left of it all the same. */
START_TEST(what_fails_is_told)
{
	static const struct { const char *call; int sys; enum err err; const char *step; } all[] = {
	    {"mkdir", EIO, E_STICK_IO, "mkdir"}, {"mkdir", EROFS, E_READONLY, "mkdir"}, {"mkdir", EACCES, E_READONLY, "mkdir"},
	    {"open", EPERM, E_READONLY, "open"}, {"create", EIO, E_STICK_IO, "create"}, {"create", ENOSPC, E_OK, NULL},
	    {"create", EDQUOT, E_OK, NULL}, {"write", EIO, E_STICK_IO, "write"}, {"write", EINTR, E_OK, NULL},
	    {"write", EDQUOT, E_OK, NULL}, {"fsync", EIO, E_STICK_IO, "fsync"}, {"fsync", ENOSPC, E_OK, NULL},
	    {"fsync dir", EIO, E_STICK_IO, "fsync"}, {"fsync dir", EINVAL, E_OK, NULL}};

	disk.call = all[_i].call;
	disk.sys = all[_i].sys;
	ck_assert_int_eq(scrub_free_space(&report, medium, &f), all[_i].err);
	ck_assert_ptr_null(disk.call);
	ck_assert_int_eq(f.err, all[_i].err);
	if (all[_i].err != E_OK) {
		ck_assert_int_eq(f.sys, all[_i].sys);
		ck_assert_str_eq(f.step, all[_i].step);
		ck_assert_str_eq(f.object, SCRUB_DIR);
	}
	ck_assert_uint_eq(told.started, told.ended);
	ck_assert(told.ended == 0 || told.ok == (all[_i].err == E_OK));
	if (strcmp(all[_i].call, "open") != 0)
		ck_assert(!is_there(SCRUB_DIR));
}
END_TEST

START_TEST(who_stops_it_leaves_nothing)
{
	told.stop_at = (unsigned)_i;
	ck_assert_int_eq(scrub_free_space(&report, medium, &f), E_INTERRUPTED);
	ck_assert(f.err == E_INTERRUPTED && told.ended == 1 && !told.ok);
	ck_assert_uint_eq(told.updates, (unsigned)_i);
	ck_assert(!is_there(SCRUB_DIR));
}
END_TEST

/* ---- what is there already --------------------------------------------------------------------------------------------------- */

START_TEST(only_of_a_whole_medium)
{
	disk.top = false;
	ck_assert_int_eq(scrub_check(medium, "a folder", &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_NOT_A_MOUNT);
	ck_assert_str_eq(f.object, "a folder");
}
END_TEST

/* Of a run that was killed: taken over, whatever came of it. */
START_TEST(what_an_earlier_run_left_is_removed)
{
	ck_assert_int_eq(mkdirat(medium, SCRUB_DIR, 0700), 0);
	put(SCRUB_DIR "/000000", "oncestick fills free space here\nand more");
	put(SCRUB_DIR "/000077", "");
	ck_assert_int_eq(scrub_check(medium, "here", &f), E_OK);
	ck_assert(is_there(SCRUB_DIR "/000000") && is_there(SCRUB_DIR "/000077"));
	disk.call = "readdir"; /* what is not listed may be anybody's */
	disk.sys = EIO;
	ck_assert_int_eq(scrub_check(medium, "here", &f), E_STICK_IO);
	ck_assert(f.sys == EIO && strcmp(f.step, "list") == 0);
	fault_clear(&f);
	disk.call = "remove";
	ck_assert_int_eq(scrub_free_space(&report, medium, &f), E_STICK_IO);
	ck_assert_str_eq(f.step, "remove");
	fault_clear(&f);
	ck_assert_int_eq(scrub_free_space(&report, medium, &f), E_OK);
	ck_assert(!is_there(SCRUB_DIR));
}
END_TEST

START_TEST(what_is_somebody_elses_is_left)
{
	static const struct { const char *name, *content; } all[] = {
	    {"photo", "x"}, {"000001", "oncestick fills no space here\n..."}, {"000001", "oncestick fills free"},
	    {"0000001", "oncestick fills free space here\n"}, {"00001", "oncestick fills free space here\n"},
	    {"00000x", "oncestick fills free space here\n"}, {"000002", NULL}};
	char name[64];

	snprintf(name, sizeof name, "%s/%s", SCRUB_DIR, all[_i].name);
	ck_assert_int_eq(mkdirat(medium, SCRUB_DIR, 0700), 0);
	if (all[_i].content != NULL)
		put(name, all[_i].content);
	else
		ck_assert_int_eq(mkdirat(medium, name, 0700), 0);
	disk.files = 0;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(i == 0 ? scrub_check(medium, "here", &f) : scrub_free_space(&report, medium, &f), E_USAGE);
		ck_assert_int_eq(f.why, WHY_FOREIGN);
		ck_assert_str_eq(f.object, all[_i].name);
		fault_clear(&f);
	}
	ck_assert(is_there(name) && disk.files == 0 && told.started == 0);
	disk.call = "list";
	disk.sys = EIO;
	ck_assert_int_eq(scrub_check(medium, "here", &f), E_STICK_IO);
	ck_assert(f.sys == EIO && strcmp(f.step, "list") == 0);
}
END_TEST

SUITE("scrub", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, all_is_filled_twice_and_nothing_is_left);
	tcase_add_test(t, a_large_medium_has_several_files);
	tcase_add_loop_test(t, what_fails_is_told, 0, 14);
	tcase_add_loop_test(t, who_stops_it_leaves_nothing, 0, 6);
	tcase_add_test(t, only_of_a_whole_medium);
	tcase_add_test(t, what_an_earlier_run_left_is_removed);
	tcase_add_loop_test(t, what_is_somebody_elses_is_left, 0, 7);
}
