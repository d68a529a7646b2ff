#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "fusemount.h"
#include "mountpoint.h"

static char home[64];

static void
make_home(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(home, sizeof(home), "%.30s/check_mountpoint.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
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

static const char *
in_home(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", home, name);
	return path;
}

/* The name that a label gets, without the directory. */
static const char *
made(const char *label)
{
	static char path[MOUNTPOINT_MAX];
	struct fault f = {0};
	struct stat st;

	ck_assert_int_eq(mountpoint_make(label, path, sizeof(path), &f), E_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(strncmp(path, home, strlen(home)), 0);
	ck_assert_int_eq(path[strlen(home)], '/');
	return path + strlen(home) + 1;
}

START_TEST(label_becomes_a_name_in_home)
{
	ck_assert_str_eq(made("Week 12"), "Week 12");
	ck_assert_str_eq(made("a/b/../c"), "a-b-..-c");
	ck_assert_str_eq(made("/etc/passwd"), "_etc-passwd");
	ck_assert_str_eq(made(".hidden"), "_hidden");
	ck_assert_str_eq(made(".."), "_.");
	ck_assert_str_eq(made("-rf"), "_rf");
	ck_assert_str_eq(made(""), "oncestick");
}
END_TEST

START_TEST(taken_name_gets_a_number)
{
	int fd;

	ck_assert_str_eq(made("Film"), "Film");
	ck_assert_str_eq(made("Film"), "Film 2");
	ck_assert_str_eq(made("Film"), "Film 3");
	fd = open(in_home("Film 4"), O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(symlink("/nowhere", in_home("Film 5")), 0);
	ck_assert_str_eq(made("Film"), "Film 6");
}
END_TEST

START_TEST(long_label_is_cut_between_characters)
{
	char label[256] = "", expected[256] = "";

	for (int i = 0; i < 61; i++)
		strcat(label, "\xc3\xa9");
	memcpy(expected, label, 120);
	ck_assert_str_eq(made(label), expected);

	label[0] = expected[0] = '\0';
	for (int i = 0; i < 60; i++)
		strcat(label, "\xf0\x9f\x8e\xac");
	ck_assert_str_eq(made(label), label);
}
END_TEST

START_TEST(home_must_be_a_directory_of_ours)
{
	char path[MOUNTPOINT_MAX];
	struct fault f = {0};

	ck_assert_int_eq(mountpoint_home(&f), E_OK);
	setenv("HOME", in_home("missing"), 1);
	ck_assert_int_eq(mountpoint_home(NULL), E_FUSE);
	ck_assert_int_eq(mountpoint_make("x", path, sizeof(path), &f), E_FUSE);
	ck_assert_int_eq(f.sys, ENOENT);
	setenv("HOME", "relative", 1);
	ck_assert_int_eq(mountpoint_home(NULL), E_FUSE);
	unsetenv("HOME");
	ck_assert_int_eq(mountpoint_home(NULL), E_FUSE);
	setenv("HOME", "/dev/null", 1);
	ck_assert_int_eq(mountpoint_home(NULL), E_FUSE);
	setenv("HOME", home, 1);
	ck_assert_int_eq(mountpoint_make("long", path, 8, NULL), E_FUSE);
	ck_assert_int_ne(access(in_home("long"), F_OK), 0);
}
END_TEST

static void
refused(const char *dir, const char *why)
{
	struct fault f = {0};

	ck_assert_int_eq(mountpoint_check(dir, &f), E_FUSE);
	ck_assert_str_eq(f.step, why);
	ck_assert_str_eq(f.object, dir);
}

START_TEST(empty_directory_is_accepted)
{
	struct fault f = {0};
	char path[PATH_MAX];

	ck_assert_int_eq(mkdir(in_home("m"), 0700), 0);
	ck_assert_int_eq(mountpoint_check(in_home("m"), &f), E_OK);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_int_eq(mountpoint_check(in_home("m///"), &f), E_OK);
	ck_assert_int_eq(mountpoint_check(in_home("./m/../m/."), &f), E_OK);
	snprintf(path, sizeof(path), "%s", in_home("m"));
	ck_assert_int_eq(symlink(path, in_home("link")), 0);
	ck_assert_int_eq(mountpoint_check(in_home("link"), &f), E_OK);
	ck_assert_int_eq(chdir(home), 0);
	ck_assert_int_eq(mountpoint_check("m", &f), E_OK);
	ck_assert_int_eq(chdir("m"), 0);
	ck_assert_int_eq(mountpoint_check(".", &f), E_OK);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(directory_that_will_not_do_is_refused_with_its_reason)
{
	int fd;

	ck_assert_int_eq(mkdir(in_home("m"), 0700), 0);
	fd = open(in_home("m/.file"), O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	refused(in_home("m"), "not empty");
	refused(in_home("missing"), "missing");
	refused(in_home("missing/m"), "missing");
	refused(in_home("m/.file"), "not a directory");
	refused(in_home("m/.file/x"), "not a directory");
	refused("", "missing");
	refused("/proc/self/task", "file system");
}
END_TEST

START_TEST(directory_of_somebody_else_is_refused)
{
	if (geteuid() == 0) {
		char path[PATH_MAX];

		ck_assert_int_eq(chmod(home, 0711), 0);
		snprintf(path, sizeof(path), "%s", in_home("m"));
		ck_assert_int_eq(mkdir(path, 0777), 0);
		ck_assert_int_eq(chmod(path, 0777), 0);
		ck_assert_int_eq(seteuid(65534), 0);
		refused(path, "not yours");
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(chown(path, 65534, 65534), 0);
		ck_assert_int_eq(chmod(path, 0500), 0);
		ck_assert_int_eq(seteuid(65534), 0);
		refused(path, "not writable");
		ck_assert_int_eq(seteuid(0), 0);
	} else {
		refused("/", "not yours");
		ck_assert_int_eq(mkdir(in_home("m"), 0500), 0);
		refused(in_home("m"), "not writable");
	}
}
END_TEST

START_TEST(other_mounts_are_not_ours)
{
	ck_assert(!mountpoint_is_ours("/"));
	ck_assert(!mountpoint_is_ours("/proc"));
	ck_assert(!mountpoint_is_ours(home));
	ck_assert(!mountpoint_is_ours(in_home("missing/m")));
	ck_assert(!mountpoint_is_ours(""));
}
END_TEST

struct seen {
	long pid;
	unsigned count;
	char files[256];
};

static void
note(void *arg, long pid, const char *comm, const char *file)
{
	struct seen *s = arg;

	if (pid != s->pid)
		return;
	ck_assert_uint_gt(strlen(comm), 0);
	s->count++;
	strncat(s->files, file, sizeof(s->files) - strlen(s->files) - 2);
	strcat(s->files, ";");
}

/* A child that has what is asked for and waits to be killed. */
static pid_t
child_with(const char *dir, const char *file)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (chdir(dir) != 0 || (file != NULL && open(file, O_RDONLY) < 0) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void
end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(users_of_files_and_directories_are_named)
{
	const struct mountinfo_id nowhere = {0};
	struct seen s = {0};
	char dir[PATH_MAX];
	int fd;

	snprintf(dir, sizeof(dir), "%s", in_home("a b"));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(mkdir(in_home("a bc"), 0700), 0);
	fd = open(in_home("a b/film \n1"), O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);

	s.pid = child_with(dir, "film \n1");
	mountpoint_users(dir, &nowhere, note, &s);
	ck_assert_uint_eq(s.count, 2);
	ck_assert_str_eq(s.files, ".;film \n1;");
	end_child((pid_t)s.pid);

	s = (struct seen){ .pid = child_with("/", in_home("a b/film \n1")) };
	mountpoint_users(dir, &nowhere, note, &s);
	ck_assert_uint_eq(s.count, 1);
	ck_assert_str_eq(s.files, "film \n1;");
	end_child((pid_t)s.pid);

	/* A name that only begins alike is another directory. */
	s = (struct seen){ .pid = child_with(in_home("a bc"), NULL) };
	mountpoint_users(dir, &nowhere, note, &s);
	ck_assert_uint_eq(s.count, 0);
	end_child((pid_t)s.pid);
}
END_TEST

START_TEST(unmounting_what_is_not_mounted_fails_or_changes_nothing)
{
	ck_assert_int_eq(mkdir(in_home("m"), 0700), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(mountpoint_unmount(in_home("m"), false, NULL), E_OK);
	else
		(void)mountpoint_unmount(in_home("m"), true, NULL);
	ck_assert_int_eq(access(in_home("m"), F_OK), 0);
}
END_TEST

START_TEST(users_are_known_by_the_file_system_whatever_they_call_it)
{
	struct mountinfo_id here;
	struct seen s = {0};
	char dir[PATH_MAX];
	int fd = open("/proc", O_PATH | O_DIRECTORY);

	/* Another name of /proc, as far as this can tell: only its number says so. */
	ck_assert_int_eq(mountinfo_of(fd, &here), 0);
	close(fd);
	snprintf(dir, sizeof(dir), "%s", in_home("elsewhere"));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	s.pid = child_with("/", "/proc/sys/kernel/ostype");
	mountpoint_users(dir, &here, note, &s);
	ck_assert_uint_eq(s.count, 1);
	ck_assert_str_eq(s.files, "sys/kernel/ostype;");
	end_child((pid_t)s.pid);

	ck_assert_int_eq(chdir("/proc"), 0); /* this process itself is none of them */
	s = (struct seen){ .pid = getpid() };
	mountpoint_users(dir, &here, note, &s);
	ck_assert_uint_eq(s.count, 0);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* hostile 72 */
START_TEST(a_mount_is_told_from_the_next_one_at_its_path)
{
	struct mountinfo_id first, second, none = {0};
	char path[PATH_MAX];
	uid_t owner = 0;
	int fd = -1;

	snprintf(path, sizeof(path), "%s", in_home("m"));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	if (access("/dev/fuse", R_OK | W_OK) != 0 || fusemount_attach(path, NULL, &fd, NULL) != E_OK)
		return; /* a machine that mounts nothing */
	ck_assert_int_eq(mountinfo_identify(path, &first), 0);
	ck_assert(mountpoint_is(path, &first));
	ck_assert(mountpoint_is(path, &none));
	ck_assert(mountpoint_owner(path, &owner));
	ck_assert_uint_eq(owner, geteuid());
	ck_assert(!mountpoint_owner("/proc", &owner));
	ck_assert_int_eq(mountpoint_unmount(path, true, NULL), E_OK);
	ck_assert(!mountpoint_is(path, &first));
	ck_assert(!mountpoint_is_dead(path));
	close(fd);

	ck_assert_int_eq(fusemount_attach(path, NULL, &fd, NULL), E_OK);
	ck_assert_int_eq(mountinfo_identify(path, &second), 0);
	if (!mountinfo_same(&first, &second)) { /* as before Linux 6.8 */
		ck_assert(!mountpoint_is(path, &first));
		ck_assert(mountpoint_clear(path, &first, true, 0));
	}
	ck_assert(mountpoint_is(path, &second));
	close(fd);
	ck_assert(mountpoint_is_dead(path));
	ck_assert(mountpoint_clear(path, &second, true, 0));
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mountpoint");
	TCase *t = tcase_create("all");
	SRunner *r = NULL;
	int failed;

	tcase_add_checked_fixture(t, make_home, remove_home);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, label_becomes_a_name_in_home);
	tcase_add_test(t, taken_name_gets_a_number);
	tcase_add_test(t, long_label_is_cut_between_characters);
	tcase_add_test(t, home_must_be_a_directory_of_ours);
	tcase_add_test(t, empty_directory_is_accepted);
	tcase_add_test(t, directory_that_will_not_do_is_refused_with_its_reason);
	tcase_add_test(t, directory_of_somebody_else_is_refused);
	tcase_add_test(t, other_mounts_are_not_ours);
	tcase_add_test(t, users_of_files_and_directories_are_named);
	tcase_add_test(t, unmounting_what_is_not_mounted_fails_or_changes_nothing);
	tcase_add_test(t, users_are_known_by_the_file_system_whatever_they_call_it);
	tcase_add_test(t, a_mount_is_told_from_the_next_one_at_its_path);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
