/*
 * check_replug.c - a stick that is pulled and comes back: another stick, the same one elsewhere, a mount that is dead.
 */
#include "replug.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <check.h>

#include "cloexec.h"
#include "leaks.h"
#include "mountinfo.h"
#include "suite.h"
#include "unlock.h"

#define DISK makedev(8, 17)
#define OTHER_DISK makedev(8, 33)

/* ---- the machine ---------------------------------------------------------------------------------------------------------- */

static char home[64], elsewhere[64];    /* two directories: where the stick was, and where it may come back */

/* What is at each of them. */
static struct place {
	bool missing;                   /* cannot be opened */
	dev_t dev;
	int mount;
	enum err reattach;
} at[2];

static struct disk {
	dev_t dev;
	bool gone;
	const char *sequence;           /* the disk's number, as the kernel says it; NULL: it does not count */
	bool partition;                 /* the number is said of the disk above */
} disks[2];

static bool no_sysfs;
static const char *bound_set, *bound;   /* which of the bounds on FUSE requests is set, and to what */
static const char *source;              /* of the mount elsewhere */
static int64_t now;
static unsigned naps, attempts;
static bool silent;                     /* reading ends */

int
access(const char *path, int mode)
{
	char name[64];

	(void)mode;
	if (strcmp(path, "/sys/dev/block") == 0)
		return no_sysfs ? -1 : 0;
	for (size_t i = 0; i < 2 && !no_sysfs; i++) {
		snprintf(name, sizeof name, "/sys/dev/block/%u:%u", major(disks[i].dev), minor(disks[i].dev));
		if (strcmp(path, name) == 0)
			return disks[i].gone ? -1 : 0;
	}
	return -1;
}

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);

FILE *
__wrap_fopen(const char *path, const char *mode)
{
	char name[64];

	if (strncmp(path, "/proc/sys/fs/fuse/", 18) == 0)
		return bound_set != NULL && strcmp(path + 18, bound_set) == 0 ?
		    fmemopen((void *)(uintptr_t)bound, strlen(bound), mode) : NULL;
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof name, "/sys/dev/block/%u:%u/%sdiskseq", major(disks[i].dev), minor(disks[i].dev),
		    disks[i].partition ? "../" : "");
		if (strcmp(path, name) == 0 && !disks[i].gone && disks[i].sequence != NULL)
			return fmemopen((void *)(uintptr_t)disks[i].sequence, strlen(disks[i].sequence), mode);
	}
	return NULL;
}

FILE *
__wrap_fopen64(const char *path, const char *mode)
{
	return __wrap_fopen(path, mode);
}

/* Which of the two an open directory is. */
static struct place *
place_at(int fd)
{
	char link[32], name[64] = "";

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ck_assert_int_gt(readlink(link, name, sizeof name - 1), 0);
	return &at[strcmp(name, home) == 0 ? 0 : 1];
}

int __wrap_filestat_fd(int fd, struct stat *st);
int __wrap_mountinfo_of(int fd, struct mountinfo_id *id);
int __wrap_mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg);
enum err __wrap_unlock_reattach(struct unlock *u, int dir_fd, struct fault *f);

int
__wrap_filestat_fd(int fd, struct stat *st)
{
	*st = (struct stat){.st_dev = place_at(fd)->dev};
	return place_at(fd)->missing ? -1 : 0;
}

int
__wrap_mountinfo_of(int fd, struct mountinfo_id *id)
{
	memset(id, 0, sizeof *id);
	id->mount = (uint64_t)place_at(fd)->mount;
	id->dev = place_at(fd)->dev;
	return 0;
}

int
__wrap_mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg)
{
	struct mountinfo m = {.path = elsewhere, .source = source};

	return each(arg, &m);
}

/* The stick that was opened, or not: what the protocol says of it. */
enum err
__wrap_unlock_reattach(struct unlock *u, int dir_fd, struct fault *f)
{
	(void)f;
	ck_assert_ptr_eq(u, (void *)home);
	attempts++;
	return place_at(dir_fd)->reattach;
}

int
nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)left;
	ck_assert(t->tv_sec == 0 && t->tv_nsec > 0);
	naps++;
	now++;
	return 0;
}

static int64_t
boot(void *arg)
{
	(void)arg;
	return now;
}

/* ---- set-up --------------------------------------------------------------------------------------------------------------- */

static struct replug *r;
static char tale[16];                   /* what was told: - away, + back */

static void
tell(void *arg, bool away)
{
	ck_assert_ptr_eq(arg, tale);
	strcat(tale, away ? "-" : "+");
}

static bool
stop(void *arg)
{
	ck_assert_ptr_eq(arg, &silent);
	return silent;
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(home, sizeof home, "%.30s/once-replug.XXXXXX", tmp != NULL ? tmp : "/tmp");
	snprintf(elsewhere, sizeof elsewhere, "%.30s/once-replug.XXXXXX", tmp != NULL ? tmp : "/tmp");
	ck_assert(mkdtemp(home) != NULL && mkdtemp(elsewhere) != NULL);
	at[0] = (struct place){.dev = DISK, .mount = 1};
	at[1] = (struct place){.dev = OTHER_DISK, .mount = 2, .reattach = E_WRONG_STICK};
	disks[0] = (struct disk){.dev = DISK, .sequence = "5\n"};
	disks[1] = (struct disk){.dev = OTHER_DISK, .sequence = "6\n"};
	source = "/dev/sdc1";
	now = 1000;
	ck_assert_ptr_nonnull(r = replug_new((struct unlock *)(void *)home, home, (struct clock_source){.boot = boot}));
	replug_on_change(r, tell, tale);
}

static void
teardown(void)
{
	replug_free(&r);
	ck_assert_ptr_null(r);
	replug_free(&r);
	rmdir(home);
	rmdir(elsewhere);
}

static void
pull(void)
{
	disks[0].gone = true;
	at[0].reattach = E_STICK_IO;
}

/* ---- tests ---------------------------------------------------------------------------------------------------------------- */

START_TEST(a_stick_that_is_there_is_left_alone)
{
	ck_assert_int_eq(replug_look(r), 0);
	ck_assert_uint_eq(attempts, 0);
	ck_assert_uint_eq(replug_device(r), DISK);
	ck_assert_str_eq(tale, "");
}
END_TEST

START_TEST(pulled_is_told_once_and_counted_from_then)
{
	pull();
	ck_assert_int_eq(replug_look(r), 1);
	now += 9;
	ck_assert_int_eq(replug_look(r), 10);
	now += 600;
	ck_assert_int_eq(replug_look(r), 610);
	ck_assert_str_eq(tale, "-");
}
END_TEST

START_TEST(back_in_its_place)
{
	pull();
	replug_look(r);
	disks[0].gone = false;
	disks[0].sequence = "7\n";
	at[0] = (struct place){.dev = DISK, .mount = 3};
	ck_assert_int_eq(replug_look(r), 0);
	ck_assert_str_eq(tale, "-+");
	ck_assert_uint_eq(attempts, 2); /* the other stick first */
	now += 100; /* away again: counted anew */
	pull();
	ck_assert_int_eq(replug_look(r), 1);
	ck_assert_str_eq(tale, "-+-");
}
END_TEST

START_TEST(back_elsewhere_under_another_name)
{
	pull();
	at[0].missing = true;
	at[1].reattach = E_OK;
	ck_assert_int_eq(replug_look(r), 0);
	ck_assert_uint_eq(replug_device(r), OTHER_DISK);
	ck_assert_str_eq(tale, ""); /* nobody had seen that it was away */
	disks[1].gone = true;       /* now that is what is watched */
	at[1].reattach = E_STICK_IO;
	ck_assert_int_eq(replug_look(r), 1);
}
END_TEST

START_TEST(another_stick_is_refused)
{
	pull();
	at[0].missing = true;
	ck_assert_int_eq(replug_look(r), 1);
	ck_assert_uint_eq(attempts, 1); /* it was asked who it is */
	ck_assert_uint_eq(replug_device(r), DISK);
	ck_assert_str_eq(tale, "-");
}
END_TEST

START_TEST(another_stick_in_the_same_place_is_refused)
{
	at[0] = (struct place){.dev = DISK, .mount = 3, .reattach = E_WRONG_STICK};
	disks[0].sequence = "7\n"; /* under the same name */
	ck_assert_int_eq(replug_look(r), 1);
	ck_assert_uint_eq(attempts, 2);
}
END_TEST

/* It answers from memory what was read before, and would be taken for the stick. */
START_TEST(a_dead_mount_is_not_the_stick)
{
	disks[0].gone = true;
	ck_assert_int_eq(replug_look(r), 1);
	ck_assert_uint_eq(attempts, 1); /* only the other one was asked */
	disks[0].gone = false;          /* its name was given to another disk */
	disks[0].sequence = "7\n";
	ck_assert_int_eq(replug_look(r), 1);
	ck_assert_uint_eq(attempts, 2);
	disks[0].sequence = "5\n";
	ck_assert_int_eq(replug_look(r), 0);
}
END_TEST

START_TEST(a_number_that_is_said_of_the_whole_disk)
{
	replug_free(&r);
	disks[0].partition = true;
	ck_assert_ptr_nonnull(r = replug_new((struct unlock *)(void *)home, home, (struct clock_source){.boot = boot}));
	ck_assert_int_eq(replug_look(r), 0);
	disks[0].sequence = "7\n";
	ck_assert_int_eq(replug_look(r), 1);
}
END_TEST

START_TEST(a_kernel_that_does_not_count_disks)
{
	replug_free(&r);
	disks[0].sequence = _i == 0 ? NULL : "no number\n";
	ck_assert_ptr_nonnull(r = replug_new((struct unlock *)(void *)home, home, (struct clock_source){.boot = boot}));
	ck_assert_int_eq(replug_look(r), 0);
	disks[0].gone = true;
	ck_assert_int_eq(replug_look(r), 1);
	disks[0].gone = false;
	ck_assert_int_eq(replug_look(r), 0);
}
END_TEST

START_TEST(where_there_is_no_sysfs_nobody_can_tell)
{
	no_sysfs = true;
	ck_assert_int_eq(replug_look(r), 0);
	ck_assert_uint_eq(attempts, 0);
}
END_TEST

/* A mount that does not answer would hang who asks. */
START_TEST(only_block_devices_are_asked)
{
	static const char *const others[] = {"server:/export", "dev/sdc1", "/devices", "tmpfs"};

	pull();
	at[1].reattach = E_OK;
	source = others[_i];
	ck_assert_int_eq(replug_look(r), 1);
	ck_assert_uint_eq(attempts, 0);
}
END_TEST

START_TEST(a_directory_cannot_be_pulled)
{
	replug_free(&r);
	at[0].dev = makedev(0, 40);
	ck_assert_ptr_nonnull(r = replug_new((struct unlock *)(void *)home, home, (struct clock_source){.boot = boot}));
	ck_assert_int_eq(replug_look(r), 0);
	at[0].reattach = E_STICK_IO;
	at[1].reattach = E_OK;
	silent = false;
	ck_assert(!replug_wait(r, stop, &silent));
	ck_assert_uint_eq(replug_device(r), at[0].dev); /* nor does it come back as a stick */
}
END_TEST

START_TEST(who_reads_waits_until_it_is_back)
{
	ck_assert(replug_wait(r, stop, &silent)); /* it is there */
	ck_assert_uint_eq(naps, 0);
	ck_assert_uint_eq(attempts, 1);
	ck_assert_str_eq(tale, "");
}
END_TEST

static bool
comes_back_after_ten(void *arg)
{
	(void)arg;
	if (naps == 10) {
		disks[0].gone = false;
		at[0].reattach = E_OK;
	}
	return false;
}

START_TEST(who_reads_waits_and_goes_on)
{
	pull();
	ck_assert(replug_wait(r, comes_back_after_ten, NULL));
	ck_assert_uint_eq(naps, 10);
	ck_assert_str_eq(tale, "-+");
}
END_TEST

START_TEST(one_waits_in_vain_and_the_others_not_at_all)
{
	pull();
	ck_assert(!replug_wait(r, stop, &silent));
	ck_assert_uint_eq(naps, REPLUG_WAIT_S);
	ck_assert(!replug_wait(r, stop, &silent));
	ck_assert_uint_eq(naps, REPLUG_WAIT_S);
	disks[0].gone = false;
	at[0].reattach = E_OK;
	ck_assert(replug_wait(r, stop, &silent));
	pull(); /* once it was back, it is waited for again */
	ck_assert(!replug_wait(r, stop, &silent));
	ck_assert_uint_eq(naps, 2 * REPLUG_WAIT_S);
}
END_TEST

START_TEST(no_read_waits_until_the_kernel_ends_the_mount)
{
	static const struct {
		const char *set, *to;
		unsigned waits;
	} rows[] = {
		{"default_request_timeout", "0\n", REPLUG_WAIT_S}, {"max_request_timeout", "3600\n", REPLUG_WAIT_S},
		{"default_request_timeout", "30\n", 15}, {"max_request_timeout", "119\n", 59},
	};

	pull();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		replug_free(&r);
		bound_set = rows[i].set, bound = rows[i].to;
		ck_assert_ptr_nonnull(r = replug_new((struct unlock *)(void *)home, home, (struct clock_source){.boot = boot}));
		naps = 0;
		ck_assert(!replug_wait(r, stop, &silent));
		ck_assert_uint_eq(naps, rows[i].waits);
	}
}
END_TEST

START_TEST(the_end_of_the_session_ends_the_waiting)
{
	pull();
	silent = true;
	ck_assert(!replug_wait(r, stop, &silent));
	ck_assert_uint_eq(naps, 0);
	ck_assert_uint_eq(attempts, 0);
}
END_TEST

static void
make_and_free(void)
{
	struct replug *other = replug_new((struct unlock *)(void *)home, home, (struct clock_source){.boot = boot});

	ck_assert_ptr_nonnull(other);
	ck_assert_int_eq(replug_look(other), 0);
	replug_free(&other);
}

START_TEST(nothing_is_kept)
{
	LEAKS_NOTHING(make_and_free());
}
END_TEST

static void
pull_and_put_back(void)
{
	tale[0] = '\0';
	at[0].missing = false;
	pull();
	for (int i = 0; i < 3; i++)
		replug_look(r);
	at[0].missing = true;
	replug_look(r);
	disks[0].gone = false;
	at[0] = (struct place){.dev = DISK, .mount = 9};
	replug_look(r);
}

START_TEST(nothing_stays_open)
{
	watch_opened = true;
	LEAKS_NOTHING(pull_and_put_back());
	close(0); /* what is opened has any number */
	LEAKS_NOTHING(pull_and_put_back());
	LEAKS_NOTHING(make_and_free());
	watch_opened = false;
	ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
}
END_TEST

START_TEST(a_path_that_is_not_there)
{
	replug_free(&r);
	ck_assert_ptr_nonnull(
	    r = replug_new((struct unlock *)(void *)home, "/nonexistent/stick", (struct clock_source){.boot = boot}));
	ck_assert_int_eq(replug_look(r), 0);
	ck_assert_uint_eq(replug_device(r), 0);
	ck_assert(!replug_wait(r, stop, &silent));
}
END_TEST

SUITE("replug", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, a_stick_that_is_there_is_left_alone);
	tcase_add_test(t, pulled_is_told_once_and_counted_from_then);
	tcase_add_test(t, back_in_its_place);
	tcase_add_test(t, back_elsewhere_under_another_name);
	tcase_add_test(t, another_stick_is_refused);
	tcase_add_test(t, another_stick_in_the_same_place_is_refused);
	tcase_add_test(t, a_dead_mount_is_not_the_stick);
	tcase_add_test(t, a_number_that_is_said_of_the_whole_disk);
	tcase_add_loop_test(t, a_kernel_that_does_not_count_disks, 0, 2);
	tcase_add_test(t, where_there_is_no_sysfs_nobody_can_tell);
	tcase_add_loop_test(t, only_block_devices_are_asked, 0, 4);
	tcase_add_test(t, a_directory_cannot_be_pulled);
	tcase_add_test(t, who_reads_waits_until_it_is_back);
	tcase_add_test(t, who_reads_waits_and_goes_on);
	tcase_add_test(t, one_waits_in_vain_and_the_others_not_at_all);
	tcase_add_test(t, no_read_waits_until_the_kernel_ends_the_mount);
	tcase_add_test(t, the_end_of_the_session_ends_the_waiting);
	tcase_add_test(t, nothing_is_kept);
	tcase_add_test(t, nothing_stays_open);
	tcase_add_test(t, a_path_that_is_not_there);
}
