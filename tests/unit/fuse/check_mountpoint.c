#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "cloexec.h"
#include "fusemount.h"
#include "leaks.h"
#include "mountpoint.h"
#include "streams.h"
#include "suite.h"

static char home[64];
static int unlisted;                    /* the errno that listings end in; 0: none */

#ifdef __USE_FILE_OFFSET64
#define READDIR "readdir64"
#else
#define READDIR "readdir"
#endif

struct dirent *
readdir(DIR *d)
{
	struct dirent *(*real)(DIR *) = (struct dirent *(*)(DIR *))dlsym(RTLD_NEXT, READDIR), *e = real(d);

	if (e == NULL && unlisted != 0)
		errno = unlisted;
	return e;
}

static void
make_home(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(home, sizeof home, "%.30s/check_mountpoint.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
}

static void
remove_home(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof command, "chmod -R u+rwx '%s' && rm -rf '%s'", home, home);
	ck_assert_int_eq(system(command), 0);
}

static const char *
in_home(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", home, name);
	return path;
}

/* The name that a label gets, without the directory. */
static const char *
made(const char *label)
{
	static char path[MOUNTPOINT_MAX];
	struct fault f = {0};
	struct stat st;

	ck_assert_int_eq(mountpoint_make(label, path, sizeof path, &f), E_OK);
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
	fd = open(in_home("Film 4"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
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
	ck_assert_int_eq(mountpoint_make("x", path, sizeof path, &f), E_FUSE);
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
	snprintf(path, sizeof path, "%s", in_home("m"));
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
	fd = open(in_home("m/.file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
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
		snprintf(path, sizeof path, "%s", in_home("m"));
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
	strncat(s->files, file, sizeof s->files - strlen(s->files) - 2);
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
		if (chdir(dir) != 0 || (file != NULL && open(file, O_RDONLY | O_CLOEXEC) < 0) || write(ready[1], "", 1) != 1)
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

	snprintf(dir, sizeof dir, "%s", in_home("a b"));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(mkdir(in_home("a bc"), 0700), 0);
	fd = open(in_home("a b/film \n1"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
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
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* Another name of /proc, as far as this can tell: only its number says so. */
	ck_assert_int_eq(mountinfo_of(fd, &here), 0);
	close(fd);
	snprintf(dir, sizeof dir, "%s", in_home("elsewhere"));
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
	uid_t owner = 12345;
	int fd = -1;

	snprintf(path, sizeof path, "%s", in_home("m"));
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

START_TEST(a_name_fits_what_there_is)
{
	static const struct {
		const char *label, *name;
		size_t size;
	} all[] = {
	    {"abc", "abc", 4},
	    {"abc", "ab", 3},
	    {"abc", "a", 2},
	    {"a\xc3\xa9", "a\xc3\xa9", 4},
	    {"a\xc3\xa9", "a", 3},
	    {"a\xc3\xa9 b", "a\xc3\xa9", 4},
	    {"\xf0\x9f\x8e\xac.", "\xf0\x9f\x8e\xac", 5},
	    {"a/./", "a-.-", 5},
	    {"a-b.c", "a-b.c", 8},
	    {"./.", "_-.", 8},
	    {"--", "_-", 8},
	};
	char name[256], label[256];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		memset(name, 'x', sizeof name);
		mountpoint_name(all[i].label, name, all[i].size);
		ck_assert_str_eq(name, all[i].name);
		ck_assert_int_eq(name[all[i].size], 'x');
	}
	for (int n = 59; n < 63; n++) {
		memset(label, 'a', (size_t)n);
		label[n] = '\0';
		mountpoint_name(label, name, sizeof name);
		ck_assert_uint_eq(strlen(name), n < 60 ? (size_t)n : 60);
	}
}
END_TEST

START_TEST(a_thousand_of_the_same_name_are_enough)
{
	char path[MOUNTPOINT_MAX] = "untouched", name[PATH_MAX + 16];
	struct fault f = {0};

	for (int i = 1; i < 999; i++) {
		snprintf(name, sizeof name, i == 1 ? "%s/a" : "%s/a %d", home, i);
		ck_assert_int_eq(mkdir(name, 0700), 0);
	}
	ck_assert_str_eq(made("a"), "a 999");
	ck_assert_int_eq(mountpoint_make("a", path, sizeof path, &f), E_FUSE);
	ck_assert_int_eq(f.sys, EEXIST);
	ck_assert_str_eq(f.step, "mkdir");
	ck_assert_str_eq(path, "untouched");
}
END_TEST

START_TEST(a_path_that_just_fits)
{
	char path[128], wanted[96];
	struct fault f = {0};
	size_t n = (size_t)snprintf(wanted, sizeof wanted, "%s/x", home);

	ck_assert_int_eq(mountpoint_make("x", path, n, &f), E_FUSE);
	ck_assert_int_eq(f.sys, ENAMETOOLONG);
	ck_assert_str_eq(f.object, home);
	ck_assert_int_ne(access(wanted, F_OK), 0);
	ck_assert_int_eq(mountpoint_make("x", path, n + 1, NULL), E_OK);
	ck_assert_str_eq(path, wanted);
}
END_TEST

START_TEST(why_home_will_not_do)
{
	struct fault f = {0};

	setenv("HOME", in_home("missing"), 1);
	ck_assert_int_eq(mountpoint_home(&f), E_FUSE);
	ck_assert(f.sys == ENOENT && strcmp(f.step, "home") == 0 && strcmp(f.object, in_home("missing")) == 0);
	memset(&f, 0, sizeof f);
	setenv("HOME", "/dev/null", 1);
	ck_assert_int_eq(mountpoint_home(&f), E_FUSE);
	ck_assert(f.sys == ENOTDIR && strcmp(f.object, "/dev/null") == 0);
	memset(&f, 0, sizeof f);
	unsetenv("HOME");
	ck_assert_int_eq(mountpoint_home(&f), E_FUSE);
	ck_assert(f.sys == ENOENT && strcmp(f.object, "$HOME is not set") == 0);
	memset(&f, 0, sizeof f);
	setenv("HOME", "", 1);
	ck_assert_int_eq(mountpoint_home(&f), E_FUSE);
	ck_assert_str_eq(f.object, "$HOME is not set");
	setenv("HOME", home, 1);
	ck_assert_int_eq(chmod(home, _i == 0 ? 0500 : 0600), 0);
	memset(&f, 0, sizeof f);
	if (geteuid() == 0)
		ck_assert(chown(home, 65534, 65534) == 0 && seteuid(65534) == 0);
	ck_assert_int_eq(mountpoint_home(&f), E_FUSE);
	ck_assert_int_eq(f.sys, EACCES);
	ck_assert_str_eq(f.object, home);
	ck_assert_int_eq(seteuid(getuid()), 0);
}
END_TEST

START_TEST(a_directory_that_cannot_be_read)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s", in_home("m"));
	ck_assert_int_eq(mkdir(path, 0300), 0);
	if (geteuid() == 0)
		ck_assert(chmod(home, 0711) == 0 && chown(path, 65534, 65534) == 0 && seteuid(65534) == 0);
	refused(path, "not readable");
	ck_assert_int_eq(seteuid(getuid()), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(mountpoint_check(path, NULL), E_OK); /* root reads it */
}
END_TEST

START_TEST(names_that_are_no_path)
{
	static char large[PATH_MAX + 2], deep[PATH_MAX];
	struct fault f = {0};
	size_t n;

	memset(large, 'a', sizeof large - 1);
	large[0] = '/';
	ck_assert_int_eq(mountpoint_check(large, &f), E_FUSE);
	ck_assert_int_eq(f.sys, ENAMETOOLONG);
	ck_assert_str_eq(f.step, "open");
	/* What is short by itself, and long where it is. */
	n = (size_t)snprintf(deep, sizeof deep, "%s", home);
	ck_assert_int_eq(chdir(home), 0);
	while (n + 201 < sizeof deep) {
		memset(large, 'b', 200);
		large[200] = '\0';
		ck_assert(mkdir(large, 0700) == 0 && chdir(large) == 0);
		n += 201;
	}
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(mountpoint_check(large, &f), E_FUSE);
	ck_assert_int_eq(f.sys, ENAMETOOLONG);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(mountpoint_check("//", &f), E_FUSE);
	ck_assert(!mountpoint_is_ours("//"));
}
END_TEST

/* ---- where something can be mounted ----------------------------------------------------------------------------------------- */

static char m[PATH_MAX];

static bool
mounted(int *fd)
{
	snprintf(m, sizeof m, "%s", in_home("m"));
	ck_assert_int_eq(mkdir(m, 0700), 0);
	return access("/dev/fuse", R_OK | W_OK) == 0 && fusemount_attach(m, NULL, fd, NULL) == E_OK;
}

START_TEST(what_is_mounted_already_is_refused)
{
	int fd = -1;

	if (!mounted(&fd))
		return;
	refused(m, "mounted already");
	ck_assert_int_eq(symlink(m, in_home("link")), 0);
	refused(in_home("link"), "mounted already");
	ck_assert(!mountpoint_is_ours(in_home("link"))); /* nothing is mounted on that */
	ck_assert(mountpoint_is_ours(in_home("m/")) && mountpoint_is_ours(in_home("./m")));
	ck_assert(chdir(home) == 0 && mountpoint_is_ours("m") && mountpoint_is_ours("./m//"));
	ck_assert_int_eq(mountpoint_unmount("m", true, NULL), E_OK);
	ck_assert(chdir("/") == 0 && !mountpoint_is_ours(m));
	close(fd);
	ck_assert_int_eq(mountpoint_check(m, NULL), E_OK);
}
END_TEST

START_TEST(what_is_in_use_stays_mounted)
{
	struct fault f = {0};
	int fd = -1, user;

	if (!mounted(&fd))
		return;
	ck_assert_int_ge(user = open(m, O_PATH | O_CLOEXEC), 0);
	ck_assert_int_eq(mountpoint_unmount(m, false, &f), E_BUSY);
	ck_assert_int_eq(f.err, E_BUSY);
	ck_assert_str_eq(f.object, m);
	ck_assert(mountpoint_is_ours(m));
	ck_assert_int_eq(mountpoint_unmount(m, true, NULL), E_OK);
	ck_assert(!mountpoint_is_ours(m));
	close(user);
	close(fd);
}
END_TEST

START_TEST(what_is_alive_is_not_dead)
{
	int fd = -1;

	if (!mounted(&fd))
		return;
	ck_assert(!mountpoint_is_dead(home));
	close(fd);
	ck_assert(mountpoint_is_dead(m));
	ck_assert(mountpoint_clear(m, &(struct mountinfo_id){0}, false, 0));
	ck_assert_int_eq(access(m, F_OK), 0); /* it was given */
	ck_assert(!mountpoint_is_ours(m));
}
END_TEST

static void
remember(void)
{
	char command[3 * PATH_MAX];

	unsetenv("XDG_DATA_HOME");
	snprintf(command, sizeof command,
	    "mkdir -p '%s/.local/share/RecentDocuments' && printf 'URL=%s/film' >'%s/.local/share/RecentDocuments/a.desktop'", home,
	    m, home);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(what_is_remembered_goes_with_what_is_cleared)
{
	struct mountinfo_id other = {0};
	int fd = -1;

	if (!mounted(&fd))
		return;
	remember();
	ck_assert_int_eq(mountinfo_identify(m, &other), 0);
	other.mount++;
	ck_assert(mountpoint_clear(m, &other, true, 0)); /* that one is not there */
	ck_assert(mountpoint_is_ours(m) && access(in_home(".local/share/RecentDocuments/a.desktop"), F_OK) == 0);
	other.mount--;
	ck_assert(mountpoint_clear(m, &other, true, 0));
	ck_assert_int_ne(access(in_home(".local/share/RecentDocuments/a.desktop"), F_OK), 0);
	ck_assert_int_ne(access(m, F_OK), 0);
	close(fd);
}
END_TEST

static int
look_below_a_cover(void)
{
	struct mountinfo_id id, none = {0}, other;
	int fd = -1;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    fusemount_attach(m, NULL, &fd, NULL) != E_OK || mountinfo_identify(m, &id) != 0)
		return 0;
	other = (struct mountinfo_id){id.mount, id.dev + 1};
	if (mountpoint_is_covered(m, &id))
		return 1;
	if (mount("none", m, "tmpfs", 0, NULL) != 0)
		return 2;
	if (!mountpoint_is_covered(m, &id) || mountpoint_is_covered(m, &none) || mountpoint_is_covered(m, &other) ||
	    mountpoint_is(m, &id) || mountpoint_is_ours(m))
		return 3;
	if (mountpoint_clear(m, &id, true, 0) != true || umount2(m, 0) != 0)
		return 4;
	if (mountpoint_is_covered(m, &id) || mount("none", home, "tmpfs", 0, NULL) != 0)
		return 5;
	if (!mountpoint_is_covered(m, &id)) /* the way to it is gone */
		return 6;
	if (mkdir(m, 0700) != 0 || !mountpoint_is_covered(m, &id)) /* another directory of that name */
		return 7;
	if (umount2(home, 0) != 0 || umount2(m, MNT_DETACH) != 0 || mountpoint_is_covered(m, &id))
		return 8;
	if (mount("/proc", m, NULL, MS_BIND, NULL) != 0 || mountpoint_is_ours(m) || mountpoint_is_covered(m, &id))
		return 9;
	return 0;
}

START_TEST(what_is_mounted_over_it_is_seen)
{
	int status;
	pid_t pid;

	if (geteuid() != 0 || access("/dev/fuse", R_OK | W_OK) != 0)
		return;
	snprintf(m, sizeof m, "%s", in_home("m"));
	ck_assert_int_eq(mkdir(m, 0700), 0);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0)
		_exit(look_below_a_cover());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(trying_leaves_nothing)
{
	struct fault f = {0};
	int fd = -1;
	enum err err;

	if (!mounted(&fd))
		return;
	ck_assert_int_eq(mountpoint_unmount(m, true, NULL), E_OK);
	close(fd);
	ck_assert_int_eq(rmdir(m), 0);
	LEAKS_NOTHING(err = mountpoint_try(&f); ck_assert_int_eq(err, E_OK));
	ck_assert_int_eq(rmdir(home), 0); /* it is empty */
	ck_assert_int_eq(mountpoint_try(&f), E_FUSE);
	ck_assert_str_eq(f.step, "home");
	ck_assert_int_eq(mkdir(home, 0700), 0);
}
END_TEST

/* ---- who uses it ------------------------------------------------------------------------------------------------------------ */

/* A child that has mapped a file and closed it, and has its number several times in its table. */
static pid_t
child_that_maps(const char *file, const char *dir)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0) {
		int fd = open(file, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || chdir(dir) != 0 || mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED || close(fd) != 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

START_TEST(who_has_only_mapped_a_file_is_named)
{
	const struct mountinfo_id nowhere = {0};
	struct seen s = {0};
	char dir[PATH_MAX];
	int fd;

	snprintf(dir, sizeof dir, "%s", in_home("a b"));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_ge(fd = open(in_home("a b/film 1"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600), 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
	s.pid = child_that_maps(in_home("a b/film 1"), "/");
	mountpoint_users(dir, &nowhere, note, &s);
	ck_assert_uint_eq(s.count, 1);
	ck_assert_str_eq(s.files, "film 1;");
	end_child((pid_t)s.pid);
	/* Who is named anyway is not named for that, too. */
	s = (struct seen){.pid = child_that_maps(in_home("a b/film 1"), dir)};
	mountpoint_users(dir, &nowhere, note, &s);
	ck_assert_str_eq(s.files, ".;");
	end_child((pid_t)s.pid);
	/* By the file system's number, from another name of it. */
	if (stat(dir, &(struct stat){0}) == 0) {
		struct mountinfo_id here;

		ck_assert_int_ge(fd = open(dir, O_PATH | O_CLOEXEC), 0);
		ck_assert_int_eq(mountinfo_of(fd, &here), 0);
		close(fd);
		s = (struct seen){.pid = child_that_maps(in_home("a b/film 1"), "/")};
		mountpoint_users(in_home("a b/film 1/no"), &here, note, &s);
		ck_assert_uint_ge(s.count, 1);
		end_child((pid_t)s.pid);
	}
}
END_TEST

static void
count_comm(void *arg, long pid, const char *comm, const char *file)
{
	struct seen *s = arg;

	(void)file;
	if (pid == s->pid)
		snprintf(s->files, sizeof s->files, "%s", comm);
}

START_TEST(programs_are_named_as_the_kernel_does)
{
	const struct mountinfo_id nowhere = {0};
	struct seen s = {0};
	char own[64] = "";
	FILE *f = fopen("/proc/self/comm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(own, sizeof own, f));
	fclose(f);
	own[strcspn(own, "\n")] = '\0';
	s.pid = child_with(home, NULL);
	mountpoint_users(home, &nowhere, count_comm, &s);
	ck_assert_str_eq(s.files, own);
	LEAKS_NOTHING(mountpoint_users(home, &nowhere, count_comm, &s));
	end_child((pid_t)s.pid);
}
END_TEST

static void
count_all(void *arg, long pid, const char *comm, const char *file)
{
	(void)pid;
	(void)comm;
	(void)file;
	++*(unsigned *)arg;
}

/* All that are in the same place, one after the other. */
START_TEST(each_program_is_named)
{
	const struct mountinfo_id nowhere = {0};
	pid_t pids[3];
	unsigned n = 0;

	for (int i = 0; i < 3; i++)
		pids[i] = child_with(home, NULL);
	mountpoint_users(home, &nowhere, count_all, &n);
	ck_assert_uint_eq(n, 3);
	for (int i = 0; i < 3; i++)
		end_child(pids[i]);
}
END_TEST

/* In a namespace of its own somebody may call the whole of it "/". */
START_TEST(who_is_at_the_top_is_named)
{
	struct mountinfo_id top;
	struct seen s = {.pid = child_with("/", "/dev/null")};
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(mountinfo_of(fd, &top), 0);
	close(fd);
	mountpoint_users(in_home("m"), &top, note, &s);
	ck_assert_uint_ge(s.count, 1);
	ck_assert_int_eq(strncmp(s.files, ".;", 2), 0);
	end_child((pid_t)s.pid);
}
END_TEST

START_TEST(a_directory_that_ends_in_an_error_is_not_empty)
{
	struct fault f = {0};

	ck_assert_int_eq(mkdir(in_home("m"), 0700), 0);
	unlisted = EIO;
	ck_assert_int_eq(mountpoint_check(in_home("m"), &f), E_FUSE);
	unlisted = 0;
	ck_assert_str_eq(f.step, "not readable");
	ck_assert_int_eq(f.sys, EIO);
	ck_assert_int_eq(mountpoint_check(in_home("m"), NULL), E_OK);
}
END_TEST

START_TEST(nobody_uses_what_is_not_there)
{
	const struct mountinfo_id nowhere = {0};
	unsigned n = 0;

	mountpoint_users(in_home("missing/m"), &nowhere, count_all, &n);
	mountpoint_users(in_home("missing"), &nowhere, count_all, &n);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(chdir(home), 0); /* this process is never one of them */
	mountpoint_users(home, &nowhere, count_all, &n);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(somebody_else_s_programs_are_not_told)
{
	const struct mountinfo_id nowhere = {0};
	struct seen s = {0};
	pid_t mine;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(home, 0755), 0);
	s.pid = mine = child_with(home, NULL);
	mountpoint_users(home, &nowhere, note, &s);
	ck_assert_uint_eq(s.count, 1);
	ck_assert_int_eq(seteuid(65534), 0);
	mountpoint_users(home, &nowhere, note, &s);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_uint_eq(s.count, 1);
	end_child(mine);
}
END_TEST

START_TEST(what_gets_no_stream_is_closed)
{
	const struct mountinfo_id nowhere = {0};
	struct fault f = {0};
	struct seen s = {0};
	char dir[PATH_MAX];

	snprintf(dir, sizeof dir, "%s", in_home("m"));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	s.pid = child_with(dir, "/dev/null");
	no_streams = true;
	LEAKS_NOTHING(s.count = 0; mountpoint_users(dir, &nowhere, note, &s));
	ck_assert_uint_eq(s.count, 1); /* where it is takes none */
	LEAKS_NOTHING(ck_assert_int_eq(mountpoint_check(dir, NULL), E_FUSE));
	ck_assert_int_eq(mountpoint_check(dir, &f), E_FUSE);
	ck_assert_str_eq(f.step, "not readable");
	ck_assert_int_eq(f.sys, ENOMEM);
	no_streams = false;
	end_child((pid_t)s.pid);
}
END_TEST

/* Where standard input is closed, what is opened has its number. */
START_TEST(a_descriptor_of_any_number)
{
	const struct mountinfo_id nowhere = {0};
	struct seen s = {0};
	char dir[PATH_MAX];

	snprintf(dir, sizeof dir, "%s", in_home("m"));
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	s.pid = child_with(dir, NULL);
	close(0);
	watch_opened = true;
	LEAKS_NOTHING(s.count = 0; mountpoint_users(dir, &nowhere, note, &s));
	ck_assert_uint_eq(s.count, 1);
	LEAKS_NOTHING(ck_assert_int_eq(mountpoint_check(dir, NULL), E_OK));
	no_streams = true;
	LEAKS_NOTHING(mountpoint_users(dir, &nowhere, note, &s));
	LEAKS_NOTHING(ck_assert_int_eq(mountpoint_check(dir, NULL), E_FUSE));
	no_streams = watch_opened = false;
	ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
	end_child((pid_t)s.pid);
}
END_TEST

/* ---- what was made of a file of it ------------------------------------------------------------------------------------------ */

static char devices[PATH_MAX];          /* what stands for /sys/block; "": nothing does */

DIR *
opendir(const char *name)
{
	DIR *(*real)(const char *) = (DIR *(*)(const char *))dlsym(RTLD_NEXT, "opendir");

	return real(devices[0] != '\0' && strcmp(name, "/sys/block") == 0 ? devices : name);
}

/* A block device as sysfs has it; of no file where that is NULL. */
static void
add_device(const char *name, const char *file)
{
	char command[4 * PATH_MAX];

	if (file == NULL)
		snprintf(command, sizeof command, "mkdir -p '%s/%s'", devices, name);
	else
		snprintf(command, sizeof command, "mkdir -p '%s/%s/loop' && printf '%s' >'%s/%s/loop/backing_file'", devices, name,
		    file, devices, name);
	ck_assert_int_eq(system(command), 0);
}

static char told[3 * PATH_MAX];

#define LONG_LOOP "loop-of-a-name-that-is-longer-than-the-file-s-an" /* 48 of it */

static void
tell_device(void *arg, long pid, const char *comm, const char *file)
{
	size_t n = strlen(told);

	(void)arg;
	ck_assert_int_eq(pid, 0);
	snprintf(told + n, sizeof told - n, "[%s %s]", comm, file);
}

START_TEST(devices_made_of_its_files_are_told)
{
	const struct mountinfo_id nowhere = {0};
	char dir[PATH_MAX], film[PATH_MAX + 16], beside[PATH_MAX + 16];

	snprintf(devices, sizeof devices, "%s", in_home("block"));
	snprintf(dir, sizeof dir, "%s", in_home("m"));
	snprintf(film, sizeof film, "%s/film.iso\\n", dir);
	snprintf(beside, sizeof beside, "%sore/film.iso\\n", dir);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	add_device("loop0", film);
	add_device("loop1", NULL);
	add_device("loop2", beside);
	add_device("loop3", "");
	add_device("loop4", film);              /* of the same */
	add_device("sda", film);                /* is none */
	add_device("loo", film);
	add_device("loop-of-a-name-that-is-longer-than-the-file-s-and-than-is-told", dir); /* and no line's end */
	watch_opened = true;
	LEAKS_NOTHING(told[0] = '\0'; mountpoint_users(dir, &nowhere, tell_device, NULL));
	watch_opened = false;
	ck_assert_int_ge(fcntl(0, F_GETFD), 0);
	ck_assert_ptr_nonnull(strstr(told, "[/dev/loop0 film.iso]"));
	ck_assert_ptr_nonnull(strstr(told, "[/dev/loop4 film.iso]"));
	ck_assert_ptr_nonnull(strstr(told, "[/dev/" LONG_LOOP " .]"));
	ck_assert_uint_eq(strlen(told), 2 * strlen("[/dev/loop0 film.iso]") + strlen("[/dev/" LONG_LOOP " .]"));
	snprintf(devices, sizeof devices, "%s", in_home("missing"));
	told[0] = '\0';
	mountpoint_users(dir, &nowhere, tell_device, NULL);
	ck_assert_str_eq(told, "");
}
END_TEST

SUITE("mountpoint", .setup = make_home, .teardown = remove_home, .timeout = 60)
{
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
	tcase_add_test(t, a_name_fits_what_there_is);
	tcase_add_test(t, a_thousand_of_the_same_name_are_enough);
	tcase_add_test(t, a_path_that_just_fits);
	tcase_add_loop_test(t, why_home_will_not_do, 0, 2);
	tcase_add_test(t, a_directory_that_cannot_be_read);
	tcase_add_test(t, names_that_are_no_path);
	tcase_add_test(t, what_is_mounted_already_is_refused);
	tcase_add_test(t, what_is_in_use_stays_mounted);
	tcase_add_test(t, what_is_alive_is_not_dead);
	tcase_add_test(t, what_is_remembered_goes_with_what_is_cleared);
	tcase_add_test(t, what_is_mounted_over_it_is_seen);
	tcase_add_test(t, trying_leaves_nothing);
	tcase_add_test(t, who_has_only_mapped_a_file_is_named);
	tcase_add_test(t, programs_are_named_as_the_kernel_does);
	tcase_add_test(t, nobody_uses_what_is_not_there);
	tcase_add_test(t, somebody_else_s_programs_are_not_told);
	tcase_add_test(t, what_gets_no_stream_is_closed);
	tcase_add_test(t, each_program_is_named);
	tcase_add_test(t, who_is_at_the_top_is_named);
	tcase_add_test(t, a_directory_that_ends_in_an_error_is_not_empty);
	tcase_add_test(t, a_descriptor_of_any_number);
	tcase_add_test(t, devices_made_of_its_files_are_told);
}
