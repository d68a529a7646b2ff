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
#include <dirent.h>
#include <fcntl.h>

#include "fusemount.h"
#include "interrupted.h"
#include "minder.h"
#include "suite.h"

static char home[64];

static void
make_home(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(home, sizeof home, "%.30s/check_minder.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
	unsetenv("XDG_DATA_HOME");
}

static void
remove_home(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof command, "chmod -R u+rwx '%s' && rm -rf '%s'", home, home);
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

START_TEST(who_is_interrupted_asks_and_answers_all_the_same)
{
	char path[MOUNTPOINT_MAX];
	int fd;

	interrupting = true; /* the minder, too */
	fd = start();
	ck_assert_int_eq(minder_make(fd, "signals", path, NULL), E_OK);
	ck_assert_int_eq(minder_unmount(fd, true, NULL), E_OK);
	ck_assert(!there(path));
	interrupting = false;
	leave(fd);
	ck_assert(!there(path));
}
END_TEST

START_TEST(a_directory_that_was_given_stays)
{
	char path[MOUNTPOINT_MAX];
	int fd = start();

	snprintf(path, sizeof path, "%s/mine", home);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(minder_watch(fd, path), 0);
	ck_assert_int_eq(minder_unmount(fd, false, NULL), E_OK);
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
	ck_assert_int_eq(minder_unmount(fd, true, NULL), E_OK);
	ck_assert(!there(path));
	ck_assert_int_eq(mkdir(path, 0700), 0); /* now it is somebody else's */
	ck_assert_int_eq(minder_unmount(fd, true, NULL), E_OK);
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
	ck_assert_int_eq(minder_unmount(sv[0], false, NULL), E_FAIL);
	close(sv[0]);
}
END_TEST

static void
given(const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", home, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

/* hostile 85 */
START_TEST(a_second_path_is_refused)
{
	char first[PATH_MAX], second[PATH_MAX], made[MOUNTPOINT_MAX] = "untouched";
	struct fault f = {0};
	int fd = start();

	given("first", first);
	given("second", second);
	ck_assert_int_eq(minder_watch(fd, first), 0);
	ck_assert_int_eq(minder_watch(fd, second), EPERM);
	ck_assert_int_eq(minder_make(fd, "third", made, &f), E_FAIL);
	ck_assert_int_eq(f.sys, EPERM);
	ck_assert_str_eq(made, "untouched");
	ck_assert_int_eq(minder_mounted(fd), EPERM); /* nothing is mounted there */
	leave(fd);
	ck_assert(there(first) && there(second));

	fd = start();
	ck_assert_int_eq(minder_make(fd, "fresh", made, NULL), E_OK);
	ck_assert_int_eq(minder_make(fd, "fresh", made, NULL), E_FAIL);
	ck_assert_int_eq(minder_watch(fd, first), EPERM);
	leave(fd);
	ck_assert(there(first) && !there(made));
}
END_TEST

/* hostile 85 */
START_TEST(what_is_remembered_of_a_folder_that_was_never_mounted_stays)
{
	char path[PATH_MAX], command[4 * PATH_MAX];
	int fd = start();

	given("mine", path);
	snprintf(command, sizeof command, "mkdir -p '%s/.local/share/RecentDocuments' && "
	    "printf '[Desktop Entry]\nURL=file://%s/film.mp4\n' >'%s/.local/share/RecentDocuments/film.desktop'", home, path, home);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(minder_watch(fd, path), 0);
	ck_assert_int_eq(minder_unmount(fd, true, NULL), E_OK);
	leave(fd);
	snprintf(command, sizeof command, "test -f '%s/.local/share/RecentDocuments/film.desktop'", home);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* hostile 72 */
START_TEST(another_mount_at_the_same_path_is_left_alone)
{
	struct mountinfo_id first, second;
	char path[PATH_MAX];
	int fd, fuse = -1;

	given("m", path);
	if (access("/dev/fuse", R_OK | W_OK) != 0 || fusemount_attach(path, NULL, &fuse, NULL) != E_OK)
		return; /* a machine that mounts nothing */
	fd = start();
	ck_assert_int_eq(minder_watch(fd, path), 0);
	ck_assert_int_eq(minder_mounted(fd), 0);
	ck_assert_int_eq(minder_mounted(fd), EPERM);
	ck_assert_int_eq(mountinfo_identify(path, &first), 0);
	ck_assert_int_eq(mountpoint_unmount(path, true, NULL), E_OK);
	close(fuse);
	ck_assert_int_eq(fusemount_attach(path, NULL, &fuse, NULL), E_OK);
	ck_assert_int_eq(mountinfo_identify(path, &second), 0);
	if (!mountinfo_same(&first, &second)) { /* as before Linux 6.8 */
		ck_assert_int_eq(minder_unmount(fd, true, NULL), E_OK);
		ck_assert(mountpoint_is(path, &second));
		leave(fd);
		ck_assert(mountpoint_is(path, &second));
	} else {
		leave(fd);
	}
	(void)mountpoint_unmount(path, true, NULL);
	close(fuse);
}
END_TEST

START_TEST(the_mount_goes_with_its_session)
{
	char path[MOUNTPOINT_MAX];
	int fd = start(), fuse = -1;

	ck_assert_int_eq(minder_make(fd, "m", path, NULL), E_OK);
	if (access("/dev/fuse", R_OK | W_OK) != 0 || fusemount_attach(path, NULL, &fuse, NULL) != E_OK)
		return;
	if (_i == 0) /* else it ended before it could say so */
		ck_assert_int_eq(minder_mounted(fd), 0);
	close(fuse);
	leave(fd);
	ck_assert(!mountpoint_is_ours(path));
	ck_assert(!there(path));
}
END_TEST

/* The minder: this test's only child. */
static pid_t
minder(void)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	ck_assert_ptr_nonnull(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		char path[300], line[256];
		long parent = -1;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%s/status", e->d_name);
		if (e->d_name[0] < '1' || e->d_name[0] > '9' || (f = fopen(path, "r")) == NULL)
			continue;
		while (fgets(line, sizeof line, f) != NULL)
			if (sscanf(line, "PPid: %ld", &parent) == 1 && parent == getpid())
				found = (pid_t)strtol(e->d_name, NULL, 10);
		fclose(f);
	}
	closedir(d);
	ck_assert_int_gt(found, 0);
	return found;
}

static unsigned long long
status_of(pid_t pid, const char *name, int base)
{
	char path[64], line[256];
	unsigned long long value = ~0ull;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, base);
	fclose(f);
	return value;
}

START_TEST(it_has_nothing_of_the_caller_s)
{
	char path[MOUNTPOINT_MAX], link[64], target[PATH_MAX] = "";
	int fd = start(), n = 0;
	struct dirent *e;
	pid_t pid;
	DIR *d;

	ck_assert_int_eq(minder_make(fd, "a", path, NULL), E_OK); /* then it has begun */
	pid = minder();
	snprintf(link, sizeof link, "/proc/%d/fd", (int)pid);
	ck_assert_ptr_nonnull(d = opendir(link));
	while ((e = readdir(d)) != NULL) {
		char name[512];

		if (e->d_name[0] == '.')
			continue;
		n++;
		snprintf(name, sizeof name, "%s/%s", link, e->d_name);
		memset(target, 0, sizeof target);
		ck_assert_int_gt(readlink(name, target, sizeof target - 1), 0);
		if (strcmp(e->d_name, "3") == 0)
			ck_assert_int_eq(strncmp(target, "socket:", 7), 0);
		else
			ck_assert_str_eq(target, "/dev/null");
	}
	closedir(d);
	ck_assert_int_eq(n, 4);
	snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
	memset(target, 0, sizeof target);
	ck_assert_int_gt(readlink(link, target, sizeof target - 1), 0);
	ck_assert_str_eq(target, "/");
	ck_assert_int_eq(getsid(pid), pid);
	ck_assert_uint_eq(status_of(pid, "SigBlk:", 16) | 1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1) | 3ull << 31, ~0ull);
	ck_assert_uint_eq(status_of(pid, "Seccomp:", 10), geteuid() == 0 ? 2 : 0);
	leave(fd);
}
END_TEST

/* What is not a request of this program is not answered, or refused; and it goes on. */
START_TEST(what_is_no_request_changes_nothing)
{
	static uint8_t q[1 + MOUNTPOINT_MAX], a[16384];
	char path[MOUNTPOINT_MAX] = "", large[MOUNTPOINT_MAX + 1];
	struct fault f = {0};
	int32_t answer = 0;
	int fd = start();

	ck_assert_int_eq(send(fd, q, sizeof q - 1, 0), sizeof q - 1);
	ck_assert_int_eq(send(fd, q, 1, 0), 1);
	q[0] = 77;
	ck_assert_int_eq(send(fd, q, sizeof q, 0), sizeof q);
	ck_assert_int_gt(recv(fd, a, sizeof a, 0), 4);
	memcpy(&answer, a, sizeof answer);
	ck_assert_int_eq(answer, EINVAL);
	memset(q, 'x', sizeof q);
	q[0] = 0; /* a label without an end */
	ck_assert_int_eq(send(fd, q, sizeof q, 0), sizeof q);
	ck_assert_int_gt(recv(fd, a, sizeof a, 0), 4);
	memcpy(&answer, a, sizeof answer);
	ck_assert_int_eq(answer, E_OK);
	leave(fd);

	fd = start();
	memset(large, 'x', sizeof large);
	large[sizeof large - 1] = '\0';
	ck_assert_int_eq(minder_make(fd, large, path, &f), E_FAIL);
	ck_assert_int_eq(f.sys, ENAMETOOLONG);
	ck_assert_int_eq(minder_watch(fd, large), ENAMETOOLONG);
	large[sizeof large - 2] = '\0';
	ck_assert_int_eq(minder_watch(fd, large), 0);
	leave(fd);
}
END_TEST

static bool
remembered(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/.local/share/RecentDocuments/%s", home, name);
	return access(path, F_OK) == 0;
}

START_TEST(what_is_remembered_goes_with_the_mount)
{
	char path[PATH_MAX], command[4 * PATH_MAX];
	int fd, fuse = -1;

	given("m", path);
	snprintf(command, sizeof command, "mkdir -p '%s/.local/share/RecentDocuments' && cd '%s/.local/share/RecentDocuments' && "
	    "echo 'URL=%s/film' >a.desktop && echo 'URL=%s/other' >b.desktop", home, home, path, home);
	ck_assert_int_eq(system(command), 0);
	if (access("/dev/fuse", R_OK | W_OK) != 0 || fusemount_attach(path, NULL, &fuse, NULL) != E_OK)
		return;
	fd = start();
	ck_assert_int_eq(minder_watch(fd, path), 0);
	if (_i == 1)
		ck_assert_int_eq(minder_mounted(fd), 0);
	if (_i == 2)
		ck_assert_int_eq(minder_unmount(fd, true, NULL), E_OK);
	ck_assert(remembered("a.desktop"));
	leave(fd);
	ck_assert(!remembered("a.desktop") && remembered("b.desktop"));
	ck_assert(there(path) && !mountpoint_is_ours(path));
	close(fuse);
}
END_TEST

START_TEST(what_is_in_use_is_kept_until_it_is_not)
{
	char path[MOUNTPOINT_MAX];
	struct fault f = {0};
	int fd = start(), fuse = -1, user;

	ck_assert_int_eq(minder_make(fd, "m", path, NULL), E_OK);
	if (access("/dev/fuse", R_OK | W_OK) != 0 || fusemount_attach(path, NULL, &fuse, NULL) != E_OK) {
		leave(fd);
		return;
	}
	ck_assert_int_eq(minder_mounted(fd), 0);
	ck_assert_int_ge(user = open(path, O_PATH | O_CLOEXEC), 0);
	ck_assert_int_eq(minder_unmount(fd, false, &f), E_BUSY);
	ck_assert_int_eq(f.err, E_BUSY);
	ck_assert_str_eq(f.object, path);
	ck_assert(mountpoint_is_ours(path));
	close(user);
	ck_assert_int_eq(minder_unmount(fd, false, &f), E_OK);
	ck_assert(!there(path));
	ck_assert_int_eq(mkdir(path, 0700), 0); /* somebody else's, by now */
	ck_assert_int_eq(minder_unmount(fd, true, NULL), E_OK);
	leave(fd);
	ck_assert(there(path));
	close(fuse);
}
END_TEST

SUITE("minder", .setup = make_home, .teardown = remove_home)
{
	tcase_add_test(t, a_made_directory_goes_with_the_session);
	tcase_add_test(t, a_session_killed_while_it_asks_leaves_no_directory);
	tcase_add_test(t, who_is_interrupted_asks_and_answers_all_the_same);
	tcase_add_test(t, a_directory_that_was_given_stays);
	tcase_add_test(t, unmounting_removes_a_made_directory_once);
	tcase_add_test(t, a_directory_that_cannot_be_made_is_a_fault_with_its_name);
	tcase_add_test(t, a_dead_minder_is_noticed);
	tcase_add_test(t, a_second_path_is_refused);
	tcase_add_test(t, what_is_remembered_of_a_folder_that_was_never_mounted_stays);
	tcase_add_test(t, another_mount_at_the_same_path_is_left_alone);
	tcase_add_loop_test(t, the_mount_goes_with_its_session, 0, 2);
	tcase_add_test(t, it_has_nothing_of_the_caller_s);
	tcase_add_test(t, what_is_no_request_changes_nothing);
	tcase_add_loop_test(t, what_is_remembered_goes_with_the_mount, 0, 3);
	tcase_add_test(t, what_is_in_use_is_kept_until_it_is_not);
}
