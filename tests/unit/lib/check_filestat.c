/*
 * check_filestat.c - stat(2) for files of any time.
 */
#include "filestat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <check.h>

#include "fusestat.h"
#include "suite.h"

static char dir[64];
static int at = -1;
static bool other_layout;

/* libfuse with another struct stat: sizes and times are found 4 bytes on. */
size_t __real_fuse_add_direntry_plus(void *req, char *buf, size_t size, const char *name, const void *e, off_t off);
size_t __wrap_fuse_add_direntry_plus(void *req, char *buf, size_t size, const char *name, const void *e, off_t off);

size_t
__wrap_fuse_add_direntry_plus(void *req, char *buf, size_t size, const char *name, const void *e, off_t off)
{
	char moved[1024];

	if (!other_layout)
		return __real_fuse_add_direntry_plus(req, buf, size, name, e, off);
	memcpy(moved, (const char *)e + 4, 160);
	return __real_fuse_add_direntry_plus(req, buf, size, name, moved, off);
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof dir, "%s/filestat.XXXXXX", tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(at, 0);
	close(openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
	ck_assert_int_eq(symlinkat("file", at, "link"), 0);
}

static void
teardown(void)
{
	unlinkat(at, "link", 0);
	unlinkat(at, "file", 0);
	close(at);
	rmdir(dir);
}

static void
same(const struct stat *a, const struct stat *b)
{
	ck_assert_uint_eq(a->st_dev, b->st_dev);
	ck_assert_uint_eq(a->st_ino, b->st_ino);
	ck_assert_uint_eq(a->st_mode, b->st_mode);
	ck_assert_uint_eq(a->st_nlink, b->st_nlink);
	ck_assert_uint_eq(a->st_uid, b->st_uid);
	ck_assert_uint_eq(a->st_gid, b->st_gid);
	ck_assert_uint_eq(a->st_rdev, b->st_rdev);
	ck_assert_int_eq(a->st_size, b->st_size);
	ck_assert_int_eq(a->st_blocks, b->st_blocks);
	ck_assert_int_eq(a->st_blksize, b->st_blksize);
	ck_assert_mem_eq(&a->st_mtim, &b->st_mtim, sizeof a->st_mtim);
	ck_assert_mem_eq(&a->st_ctim, &b->st_ctim, sizeof a->st_ctim);
}

START_TEST(it_is_what_stat_says)
{
	struct stat got, want;

	ck_assert_int_eq(fstat(at, &want), 0);
	ck_assert_int_eq(filestat_fd(at, &got), 0);
	same(&got, &want);
	ck_assert_int_eq(filestat_path(dir, &got), 0);
	same(&got, &want);
	ck_assert_int_eq(stat("/dev/null", &want), 0);
	ck_assert_int_eq(filestat_path("/dev/null", &got), 0);
	same(&got, &want);
	ck_assert_int_eq(fstatat(at, "file", &want, 0), 0);
	ck_assert_int_eq(filestat_follow(at, "link", &got), 0);
	same(&got, &want);
	ck_assert_int_eq(fstatat(at, "link", &want, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(filestat_at(at, "link", &got), 0);
	same(&got, &want);
}
END_TEST

START_TEST(what_is_not_there_is_an_error)
{
	struct stat st;

	ck_assert_int_eq(filestat_at(at, "none", &st), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(filestat_at(at, "", &st), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(filestat_fd(-1, &st), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(filestat_path("/none/none", &st), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(files_of_any_year_have_a_status)
{
	static const int64_t years[] = {2208988800, 4102444800, -1, 1};
	struct stat st;

	for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
		const int64_t t[2][2] = {{years[i], 5}, {years[i], 5}};

#ifdef SYS_utimensat_time64
		ck_assert_int_eq(syscall(SYS_utimensat_time64, at, "file", t, 0), 0);
#else
		ck_assert_int_eq(syscall(SYS_utimensat, at, "file", t, 0), 0);
#endif
		ck_assert_int_eq(filestat_at(at, "file", &st), 0);
		ck_assert_int_eq(st.st_mtime, filestat_second(years[i]));
		ck_assert_int_eq(st.st_mtim.tv_nsec, st.st_mtime == years[i] ? 5 : 0);
	}
}
END_TEST

START_TEST(seconds_that_time_t_cannot_say_are_the_nearest)
{
	const int64_t last = sizeof(time_t) == 8 ? INT64_MAX : INT32_MAX;

	ck_assert_int_eq(filestat_second(INT64_MAX), last);
	ck_assert_int_eq(filestat_second(INT64_MIN), -last - 1);
	ck_assert_int_eq(filestat_second(0), 0);
	ck_assert_int_eq(filestat_second(-1), -1);
	ck_assert_int_eq(filestat_second(INT32_MAX), INT32_MAX);
	ck_assert_int_eq(filestat_second(INT32_MAX + 1ll), last == INT32_MAX ? last : INT32_MAX + 1ll);
}
END_TEST

START_TEST(libfuse_is_of_this_build)
{
	ck_assert(fusestat_fits());
}
END_TEST

START_TEST(libfuse_of_another_build_is_noticed)
{
	other_layout = true;
	ck_assert(!fusestat_fits());
}
END_TEST

SUITE("filestat", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, it_is_what_stat_says);
	tcase_add_test(t, what_is_not_there_is_an_error);
	tcase_add_test(t, files_of_any_year_have_a_status);
	tcase_add_test(t, seconds_that_time_t_cannot_say_are_the_nearest);
	tcase_add_test(t, libfuse_is_of_this_build);
	tcase_add_test(t, libfuse_of_another_build_is_noticed);
}
