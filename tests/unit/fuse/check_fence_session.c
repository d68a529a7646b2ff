/*
 * check_fence_session.c - which files an open session asks its fence to leave it: with a list of mounts of this test's own.
 */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fence.h"
#include "filestat.h"
#include "mountinfo.h"
#include "session_process.h"
#include "suite.h"

#define ASKED_MAX 32

static char home[64], stick[128];
static int stick_fd = -1;
static dev_t device;                    /* of the stick, as the kernel would say it */
static struct mountinfo list[8];
static int list_count, list_result;     /* 0, or what cannot be read */

/* What was asked for: the descriptor's path too, where there is one. */
static struct {
	char path[PATH_MAX];
	int fd;
	bool whole;                     /* the descriptor itself */
	enum fence_right right;
} asked[ASKED_MAX];
static size_t count;

int __wrap_fence_paths(const struct fence_path *paths, size_t n);
int __wrap_mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg);
int __real_filestat_fd(int fd, struct stat *st);
int __wrap_filestat_fd(int fd, struct stat *st);

int
__wrap_fence_paths(const struct fence_path *paths, size_t n)
{
	ck_assert_uint_le(n, ASKED_MAX);
	for (count = 0; count < n; count++) {
		asked[count].whole = paths[count].path == NULL;
		snprintf(asked[count].path, sizeof asked[count].path, "%s", asked[count].whole ? "" : paths[count].path);
		asked[count].fd = paths[count].fd;
		asked[count].right = paths[count].right;
	}
	return 0;
}

int
__wrap_mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg)
{
	int r = 0;

	for (int i = 0; i < list_count && r == 0; i++)
		r = each(arg, &list[i]);
	return r != 0 ? r : list_result;
}

int
__wrap_filestat_fd(int fd, struct stat *st)
{
	int r = __real_filestat_fd(fd, st);

	if (r == 0 && fd == stick_fd)
		st->st_dev = device;
	return r;
}

static void
begin(void)
{
	char person[PATH_MAX];

	snprintf(home, sizeof home, "/tmp/check_fences.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	snprintf(person, sizeof person, "%s/kim", home);
	ck_assert_int_eq(mkdir(person, 0700), 0);
	ck_assert_int_eq(setenv("HOME", person, 1), 0);
	ck_assert_int_ge(stick_fd = open(home, O_PATH | O_CLOEXEC), 0);
	snprintf(stick, sizeof stick, "/media/kim/STICK/talk");
	device = makedev(8, 17);
	list_count = list_result = 0;
}

static void
finish(void)
{
	char command[128];

	close(stick_fd);
	snprintf(command, sizeof command, "rm -rf '%s'", home);
	ck_assert_int_eq(system(command), 0);
}

static void
mount_at(const char *path, dev_t dev)
{
	list[list_count++] = (struct mountinfo){.dev = dev, .path = path, .type = "vfat", .source = "/dev/sdb1", .options = ""};
}

/* The right to path, -1 if it was not asked for. */
static int
right_to(const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (!asked[i].whole && strcmp(asked[i].path, path) == 0)
			return (int)asked[i].right;
	return -1;
}

static void
ask(void)
{
	session_process_fence(&(struct session_files){stick, stick_fd, "/var/station", false});
	ck_assert_uint_gt(count, 0);
}

START_TEST(the_memory_the_stick_and_where_sticks_are)
{
	unsigned writes = 0, makes = 0;

	ask();
	ck_assert_int_eq(right_to("/var/station"), FENCE_MAKE);
	ck_assert(asked[1].whole && asked[1].fd == stick_fd && asked[1].right == FENCE_READ);
	ck_assert(strcmp(asked[2].path, "ONCE") == 0 && asked[2].fd == stick_fd && asked[2].right == FENCE_WRITE);
	for (const char *const *p = (const char *const[]){"/media", "/run/media", "/mnt", "/proc/self", "/sys", NULL}; *p != NULL;
	     p++)
		ck_assert_int_eq(right_to(*p), FENCE_READ);
	ck_assert_int_eq(right_to("/sys/devices/virtual/bdi"), FENCE_WRITE);
	for (size_t i = 0; i < count; i++) {
		writes += asked[i].right == FENCE_WRITE;
		makes += asked[i].right == FENCE_MAKE;
	}
	ck_assert(writes == 2 && makes == 1);
}
END_TEST

START_TEST(where_it_is_mounted_others_may_be)
{
	mount_at("/other/STICK", makedev(8, 18));
	mount_at("/srv/sticks/a", device);
	mount_at("/srv/sticks/b", device);
	snprintf(stick, sizeof stick, "/srv/sticks/a%s", _i == 0 ? "" : "/talk");
	ask();
	ck_assert_int_eq(right_to("/srv/sticks"), FENCE_READ);
	ck_assert_int_eq(right_to("/other"), -1);
}
END_TEST

START_TEST(a_name_that_only_begins_alike_is_another_mount)
{
	mount_at("/srv/other/stick", device);
	mount_at("/srv/sticks/a", device);
	snprintf(stick, sizeof stick, "/srv/sticks/ab/talk");
	ask();
	ck_assert_int_eq(right_to("/srv/sticks"), -1);
	ck_assert_int_eq(right_to("/srv/other"), -1);
	ck_assert_int_eq(right_to(""), FENCE_READ);
}
END_TEST

/* What is no disk has no number that means it; and what is at the top has nothing above. */
START_TEST(nothing_is_above_a_directory)
{
	if (_i == 0) {
		device = makedev(0, 45);
		mount_at("/srv/sticks/a", device);
		snprintf(stick, sizeof stick, "/srv/sticks/a/talk");
	} else {
		mount_at("/stick", device);
		mount_at("/", device);
		snprintf(stick, sizeof stick, "/stick/talk");
	}
	ask();
	ck_assert_int_eq(right_to("/srv/sticks"), -1);
	ck_assert_int_eq(right_to("/"), -1);
	ck_assert_int_eq(right_to(""), FENCE_READ);
}
END_TEST

/* Beside a stick at home lie the person's files: it is seen what there is, not read. */
START_TEST(at_home_nothing_is_read)
{
	static char at[128], parent[100];

	snprintf(parent, sizeof parent, "%s/kim%s", home, _i == 0 ? "" : _i == 1 ? "/sticks" : "x");
	snprintf(at, sizeof at, "%s/a", parent);
	mount_at(at, device);
	snprintf(stick, sizeof stick, "%s", at);
	ask();
	ck_assert_int_eq(right_to(parent), _i == 2 ? FENCE_READ : FENCE_LIST);
}
END_TEST

START_TEST(where_home_is_not_known_all_may_be_it)
{
	mount_at("/srv/sticks/a", device);
	snprintf(stick, sizeof stick, "/srv/sticks/a");
	if (_i == 0)
		unsetenv("HOME");
	else if (_i == 1)
		setenv("HOME", "/nowhere", 1);
	else if (_i == 2)
		setenv("HOME", "/", 1);
	else
		list_result = -1;
	ask();
	ck_assert_int_eq(right_to("/srv/sticks"), FENCE_LIST);
}
END_TEST

SUITE("fence_session", .setup = begin, .teardown = finish)
{
	tcase_add_test(t, the_memory_the_stick_and_where_sticks_are);
	tcase_add_loop_test(t, where_it_is_mounted_others_may_be, 0, 2);
	tcase_add_test(t, a_name_that_only_begins_alike_is_another_mount);
	tcase_add_loop_test(t, nothing_is_above_a_directory, 0, 2);
	tcase_add_loop_test(t, at_home_nothing_is_read, 0, 3);
	tcase_add_loop_test(t, where_home_is_not_known_all_may_be_it, 0, 4);
}
