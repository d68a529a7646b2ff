#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "minder.h"

static char home[64];

static void
make_home(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(home, sizeof(home), "%.30s/check_minder.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
}

static void
remove_home(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "chmod -R u+rwx '%s' && rm -rf '%s'", home, home);
	ck_assert_int_eq(system(command), 0);
}

static int
start(void)
{
	int fd = minder_fork();

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Give up the caller's end, as a session does by dying, and wait until the minder has done its work. */
static void
leave(int fd)
{
	int status = -1;

	close(fd);
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
}

static bool
there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

START_TEST(a_made_directory_goes_with_the_session)
{
	char path[MOUNTPOINT_MAX] = "";
	struct fault f = {0};
	int fd = start();

	ck_assert_int_eq(minder_make(fd, "Week 12", path, &f), E_OK);
	ck_assert_int_eq(strncmp(path, home, strlen(home)), 0);
	ck_assert_str_eq(path + strlen(home), "/Week 12");
	ck_assert(there(path));
	leave(fd);
	ck_assert(!there(path));
}
END_TEST

/* Wherever the session is when it is killed, nothing is left in the home directory. */
START_TEST(a_session_killed_while_it_asks_leaves_no_directory)
{
	int fd = start();
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char path[MOUNTPOINT_MAX];

		minder_make(fd, "killed", path, NULL);
		pause();
	}
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	leave(fd);
	ck_assert_int_eq(rmdir(home), 0); /* it is empty */
	ck_assert_int_eq(mkdir(home, 0700), 0);
}
END_TEST

START_TEST(a_directory_that_was_given_stays)
{
	char path[MOUNTPOINT_MAX];
	int fd = start();

	snprintf(path, sizeof(path), "%s/mine", home);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(minder_watch(fd, path), 0);
	ck_assert_int_eq(minder_unmount(fd, false), 0);
	ck_assert(there(path));
	leave(fd);
	ck_assert(there(path));
}
END_TEST

START_TEST(unmounting_removes_a_made_directory_once)
{
	char path[MOUNTPOINT_MAX];
	int fd = start();

	ck_assert_int_eq(minder_make(fd, "once", path, NULL), E_OK);
	ck_assert_int_eq(minder_unmount(fd, true), 0);
	ck_assert(!there(path));
	ck_assert_int_eq(mkdir(path, 0700), 0); /* now it is somebody else's */
	ck_assert_int_eq(minder_unmount(fd, true), 0);
	leave(fd);
	ck_assert(there(path));
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_a_fault_with_its_name)
{
	char path[MOUNTPOINT_MAX] = "untouched";
	struct fault f = {0};
	int fd = -1;

	ck_assert_int_eq(setenv("HOME", "/nowhere at all", 1), 0);
	fd = start();
	ck_assert_int_eq(minder_make(fd, "x", path, &f), E_FUSE);
	ck_assert_int_eq(f.err, E_FUSE);
	ck_assert_ptr_nonnull(strstr(f.object, "/nowhere at all"));
	ck_assert_str_eq(path, "untouched");
	leave(fd);
}
END_TEST

START_TEST(a_dead_minder_is_noticed)
{
	char path[MOUNTPOINT_MAX] = "untouched";
	struct fault f = {0};
	int sv[2] = {-1, -1};

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	close(sv[1]);
	ck_assert_int_eq(minder_make(sv[0], "x", path, &f), E_FAIL);
	ck_assert_int_eq(f.sys, EPIPE);
	ck_assert_str_eq(path, "untouched");
	ck_assert_int_eq(minder_watch(sv[0], "/"), EPIPE);
	ck_assert_int_eq(minder_unmount(sv[0], false), EPIPE);
	close(sv[0]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("minder");
	TCase *t = tcase_create("minder");
	SRunner *r = NULL;
	int failed = 0;

	tcase_add_checked_fixture(t, make_home, remove_home);
	tcase_add_test(t, a_made_directory_goes_with_the_session);
	tcase_add_test(t, a_session_killed_while_it_asks_leaves_no_directory);
	tcase_add_test(t, a_directory_that_was_given_stays);
	tcase_add_test(t, unmounting_removes_a_made_directory_once);
	tcase_add_test(t, a_directory_that_cannot_be_made_is_a_fault_with_its_name);
	tcase_add_test(t, a_dead_minder_is_noticed);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
