/*
 * check_fusemount.c - mount(2) or fusermount3: which, how it is asked, and what is made of its answer. Nothing is mounted: the
 * calls are this file's own, and fusermount3 is this program.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fusemount.h"
#include "interrupted.h"
#include "leaks.h"
#include "suite.h"

static char home[64], self[PATH_MAX];
static struct fault fault;

/* What the calls answer, and what they were asked. */
static struct {
	uid_t uid;
	int mount_errno, umount_errno, device_errno, spawn_errno;
	const char *helper;             /* the only place where fusermount3 is; NULL: nowhere */
	bool mtab;
	const char *bdi;                /* stands for what is below /sys */
	unsigned mounts, umounts, spawns;
	char source[64], dir[64], type[64], data[256], opened[128], spawned[128];
	unsigned long flags;
	int umount_flags;
} fake;

int __wrap_mount(const char *source, const char *dir, const char *type, unsigned long flags, const void *data);
int __wrap_umount2(const char *path, int flags);
uid_t __wrap_geteuid(void);
int __real_access(const char *path, int how);
int __wrap_access(const char *path, int how);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __real_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[]);
int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[]);

static int
answer(int e)
{
	errno = e;
	return e == 0 ? 0 : -1;
}

int
__wrap_mount(const char *source, const char *dir, const char *type, unsigned long flags, const void *data)
{
	fake.mounts++;
	snprintf(fake.source, sizeof fake.source, "%s", source);
	snprintf(fake.dir, sizeof fake.dir, "%s", dir);
	snprintf(fake.type, sizeof fake.type, "%s", type);
	snprintf(fake.data, sizeof fake.data, "%s", (const char *)data);
	fake.flags = flags;
	return answer(fake.mount_errno);
}

int
__wrap_umount2(const char *path, int flags)
{
	fake.umounts++;
	snprintf(fake.dir, sizeof fake.dir, "%s", path);
	fake.umount_flags = flags;
	return answer(fake.umount_errno);
}

uid_t
__wrap_geteuid(void)
{
	return fake.uid;
}

int
__wrap_access(const char *path, int how)
{
	if (strcmp(path, "/etc/mtab") == 0)
		return answer(fake.mtab ? 0 : ENOENT);
	if (strstr(path, "/fusermount3") != NULL)
		return answer(how == X_OK && fake.helper != NULL && strcmp(path, fake.helper) == 0 ? 0 : ENOENT);
	return __real_access(path, how);
}

int
__wrap_open(const char *path, int flags, ...)
{
	unsigned mode = 0;
	va_list args;

	if ((flags & O_CREAT) != 0) {
		va_start(args, flags);
		mode = va_arg(args, unsigned);
		va_end(args);
	}
	if (strcmp(path, "/dev/fuse") == 0)
		return fake.device_errno != 0 ? answer(fake.device_errno) : __real_open("/dev/zero", flags);
	if (strncmp(path, "/sys/class/bdi/", 15) == 0) {
		snprintf(fake.opened, sizeof fake.opened, "%s", path);
		return fake.bdi != NULL ? __real_open(fake.bdi, flags) : answer(ENOENT);
	}
	return __real_open(path, flags, mode);
}

int
__wrap_open64(const char *path, int flags, ...)
{
	unsigned mode = 0;
	va_list args;

	if ((flags & O_CREAT) != 0) {
		va_start(args, flags);
		mode = va_arg(args, unsigned);
		va_end(args);
	}
	return __wrap_open(path, flags, mode);
}

int
__wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[])
{
	if (strstr(path, "fusermount3") == NULL)
		return __real_posix_spawn(pid, path, actions, attr, argv, env);
	fake.spawns++;
	snprintf(fake.spawned, sizeof fake.spawned, "%s", path);
	ck_assert_str_eq(argv[0], path);
	return fake.spawn_errno != 0 ? fake.spawn_errno : __real_posix_spawn(pid, self, actions, attr, argv, env);
}

/* ---- fusermount3 ---------------------------------------------------------------------------------------------------------- */

/* What it found, for the test: in $FAKE_LOG. */
static void
tell_all(int argc, char **argv)
{
	const char *path = getenv("FAKE_LOG");
	FILE *f = path != NULL ? fopen(path, "we") : NULL;
	sigset_t blocked;
	struct stat st;

	if (f == NULL)
		_exit(90);
	for (int i = 1; i < argc; i++)
		fprintf(f, "<%s>", argv[i]);
	for (char **e = environ; *e != NULL; e++)
		if (strncmp(*e, "_FUSE_COMMFD", 12) == 0 || strncmp(*e, "LC_ALL", 6) == 0 || strncmp(*e, "LC_ALLY", 7) == 0)
			fprintf(f, " %s", *e);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	fprintf(f, " %s", sigismember(&blocked, SIGTERM) ? "blocked" : "free");
	for (int fd = 0; fd < 64; fd++)
		if (fd != fileno(f) && fstat(fd, &st) == 0)
			fprintf(f, " %d%c", fd,
			    S_ISSOCK(st.st_mode)   ? 's'
			    : S_ISFIFO(st.st_mode) ? 'p'
			    : S_ISCHR(st.st_mode)  ? 'c'
						   : '?');
	fprintf(f, "\n");
	fclose(f);
}

static void
send_fd(int fd, bool with)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)"", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (with) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
		c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	if (sendmsg(3, &m, 0) != 1)
		_exit(91);
}

static _Noreturn void
be_fusermount3(int argc, char **argv)
{
	const char *words = getenv("FAKE_WORDS"), *how = getenv("FAKE_HOW");

	tell_all(argc, argv);
	if (words != NULL)
		fputs(words, stderr);
	if (strcmp(how, "mount") == 0)
		send_fd(__real_open("/dev/full", O_RDWR), true);
	if (strcmp(how, "nothing") == 0)
		send_fd(-1, false);
	if (strcmp(how, "killed") == 0)
		raise(SIGKILL);
	_exit(strcmp(how, "fail") == 0 ? 1 : 0);
}

/* ---- what it was asked ---------------------------------------------------------------------------------------------------- */

static const char *
in_home(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", home, name);
	return path;
}

static void
begin(void)
{
	const char *tmp = getenv("TMPDIR");

	memset(&fake, 0, sizeof fake);
	memset(&fault, 0, sizeof fault);
	fake.mtab = true;
	fake.helper = "/usr/bin/fusermount3";
	ck_assert_int_eq(close_range(3, ~0u, CLOSE_RANGE_CLOEXEC), 0); /* what whoever started the test has left open */
	snprintf(home, sizeof home, "%.30s/check_fusemount.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("FAKE_LOG", in_home("log"), 1), 0);
	unsetenv("FAKE_WORDS");
}

static void
finish(void)
{
	unlink(in_home("log"));
	unlink(in_home("bdi"));
	ck_assert_int_eq(rmdir(home), 0);
}

/* As somebody who may not mount. */
static void
as_user(const char *how, const char *words)
{
	fake.uid = 1000;
	fake.mount_errno = fake.umount_errno = EPERM;
	setenv("FAKE_HOW", how, 1);
	if (words != NULL)
		setenv("FAKE_WORDS", words, 1);
	else
		unsetenv("FAKE_WORDS");
	memset(&fault, 0, sizeof fault);
}

static const char *
told(void)
{
	static char text[16384];
	FILE *f = fopen(in_home("log"), "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

#define FAILED(call, e, number, what, which) do { \
	memset(&fault, 0, sizeof fault); \
	ck_assert_int_eq(call, e); \
	ck_assert_int_eq(fault.err, e); \
	ck_assert_int_eq(fault.sys, number); \
	ck_assert_str_eq(fault.step, what); \
	ck_assert_str_eq(fault.object, which); \
} while (0)

static bool
is_device(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_rdev == b.st_rdev && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

START_TEST(root_mounts_by_itself)
{
	char data[128];
	int fd = -1, n;

	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_OK);
	ck_assert(is_device(fd, "/dev/zero"));
	ck_assert_str_eq(fake.source, "oncestick");
	ck_assert_str_eq(fake.dir, "/dir");
	ck_assert_str_eq(fake.type, FUSEMOUNT_TYPE);
	ck_assert_uint_eq(fake.flags, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
	n = snprintf(data, sizeof data, "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions", fd, getuid(), getgid());
	ck_assert_int_gt(n, 0);
	ck_assert_str_eq(fake.data, data);
	close(fd);
	ck_assert_int_eq(fusemount_attach("/dir", "/home/kim/stick", &fd, NULL), E_OK);
	ck_assert_str_eq(fake.source, "/home/kim/stick");
	ck_assert(fault.err == E_OK && fake.spawns == 0);
	close(fd);
}
END_TEST

START_TEST(why_root_cannot_mount)
{
	int fd = -7, free_one = dup(0);

	close(free_one);
	for (unsigned uid = 0; uid < 2; uid++) {
		fake.uid = uid;
		fake.mount_errno = ENODEV;
		FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, ENODEV, "mount", "/dev/fuse");
		fake.mount_errno = EBUSY;
		FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, EBUSY, "mount", "/dir");
		fake.device_errno = EPERM;
		FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, EPERM, "open", "/dev/fuse");
		fake.device_errno = 0;
	}
	fake.uid = 0;
	fake.mount_errno = EPERM;
	FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, EPERM, "mount", "/dir");
	fake.mount_errno = EINVAL;
	FAILED(fusemount_attach_directly("/dir", NULL, &fd, &fault), E_FUSE, EINVAL, "mount", "/dir");
	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, NULL), E_FUSE);
	/* The first fault stays. */
	fault.err = E_BUSY;
	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE);
	ck_assert_int_eq(fault.err, E_BUSY);
	ck_assert(fd == -7 && fake.spawns == 0);
	ck_assert_int_eq(dup(0), free_one);
	close(free_one);
}
END_TEST

/* ---- the helper ----------------------------------------------------------------------------------------------------------- */

START_TEST(anybody_else_asks_the_helper)
{
	sigset_t term;
	int fd = -1, free_one = dup(0);

	close(free_one);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	setenv("_FUSE_COMMFD", "17", 1);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	as_user("mount", NULL);
	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_OK);
	ck_assert(is_device(fd, "/dev/full"));
	ck_assert_int_eq(fault.err, E_OK);
	ck_assert_str_eq(fake.spawned, "/usr/bin/fusermount3");
	ck_assert_str_eq(told(), "<-o><ro,nosuid,nodev,noexec,default_permissions,subtype=oncestick,fsname=oncestick><--></dir>"
	    " _FUSE_COMMFD=3 LC_ALL=C free 0c 1c 2p 3s");
	close(fd);
	ck_assert_int_eq(dup(0), free_one);
	close(free_one);
}
END_TEST

START_TEST(a_source_of_any_letters)
{
	static char large[3 * PATH_MAX];
	int fd = -1;

	as_user("mount", NULL);
	ck_assert_int_eq(fusemount_attach("-dir", "/a,b\\c=d", &fd, &fault), E_OK);
	close(fd);
	ck_assert_ptr_nonnull(strstr(told(), ",fsname=/a\\,b\\\\c=d><--><-dir>"));
	memset(large, ',', sizeof large - 1);
	ck_assert_int_eq(fusemount_attach("/dir", large, &fd, &fault), E_OK);
	close(fd);
	ck_assert_ptr_nonnull(strstr(told(), "\\,><--></dir>"));
	ck_assert_uint_gt(strlen(told()), 2 * PATH_MAX);
	large[0] = 'a'; /* the other of two ends */
	ck_assert_int_eq(fusemount_attach("/dir", large, &fd, &fault), E_OK);
	close(fd);
	ck_assert_ptr_nonnull(strstr(told(), "\\,><--></dir>"));
}
END_TEST

/* Its last line, without its name. */
START_TEST(what_the_helper_says)
{
	static const char *const all[][2] = {
	    {"fusermount3: mount failed: Operation not permitted\n", "mount failed: Operation not permitted"},
	    {"/usr/bin/fusermount3: user has no write access\n", "user has no write access"},
	    {"warning\nfusermount3: failed to open /etc/fuse.conf \n\n", "failed to open /etc/fuse.conf"},
	    {"one\ntwo", "two"},
	    {"\nx", "x"},
	    {"\n", "no answer"},
	    {" \n ", "no answer"},
	    {NULL, "no answer"},
	    {"a b/fusermount3: c\n", "a b/fusermount3: c"},
	    {"fusermount3:", "fusermount3:"},
	    {"fusermount3: \n", "fusermount3:"},
	    {"xfusermount3: c", "xfusermount3: c"},
	};
	static char large[2000], whole[512];
	int fd = -7;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		as_user(i % 2 == 0 ? "fail" : "nothing", all[i][0]);
		FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, 0, "fusermount3", all[i][1]);
	}
	memset(large, 'x', sizeof large - 1);
	memset(whole, 'x', sizeof whole - 1);
	as_user("fail", large);
	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE);
	ck_assert_uint_gt(strlen(fault.object), 100);
	ck_assert_int_eq(strncmp(fault.object, whole, 100), 0);
	as_user("killed", NULL);
	FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, 0, "fusermount3", "no answer");
	ck_assert_int_eq(fd, -7);
}
END_TEST

START_TEST(a_helper_that_cannot_be_started)
{
	const struct rlimit few = {16, 16};
	int fd = -7;

	as_user("mount", NULL);
	fake.spawn_errno = ENOMEM;
	FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, ENOMEM, "fusermount3", "/dir");
	FAILED(fusemount_detach("/dir", false, &fault), E_FUSE, ENOMEM, "fusermount3 -u", "/dir");
	fake.spawn_errno = 0;
	fake.helper = NULL;
	FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, ENOENT, "find", "fusermount3");
	FAILED(fusemount_detach("/dir", false, &fault), E_FUSE, ENOENT, "find", "fusermount3");
	fake.helper = "/bin/fusermount3";
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0); /* there is room for some, and none where they are to be */
	FAILED(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE, EMFILE, "fusermount3", "/dir");
	ck_assert_int_eq(fd, -7);
}
END_TEST

START_TEST(no_descriptor_left)
{
	struct rlimit few = {0, 0};
	int fd = -7, first = dup(0);

	close(first);
	as_user("mount", NULL);
	/* The device takes one and gives it back; the socket takes two; the pipe two. */
	for (unsigned n = 1; n < 4; n++) {
		few.rlim_cur = (rlim_t)first + n;
		few.rlim_max = 64;
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		memset(&fault, 0, sizeof fault);
		ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE);
		ck_assert_int_eq(fault.sys, EMFILE);
		ck_assert_int_eq(dup(0), first);
		close(first);
	}
	few.rlim_cur = (rlim_t)first + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	FAILED(fusemount_detach("/dir", false, &fault), E_FUSE, EMFILE, "fusermount3 -u", "/dir");
}
END_TEST

START_TEST(where_the_helper_is)
{
	static const char *const there[] = {"/usr/bin/fusermount3", "/bin/fusermount3", "/opt/a/fusermount3", "/opt/b/fusermount3"};
	static char large[PATH_MAX + 64];
	int fd = -1;

	setenv("PATH", "relative:/opt/a::/opt/b", 1);
	for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
		as_user("mount", NULL);
		fake.helper = there[i];
		ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_OK);
		ck_assert_str_eq(fake.spawned, there[i]);
		ck_assert_int_eq(fusemount_possible(&fault), E_OK);
		close(fd);
	}
	memset(large, 'a', sizeof large - 1);
	large[0] = '/';
	strcpy(large + PATH_MAX + 20, ":/opt/b");
	setenv("PATH", large, 1);
	ck_assert_int_eq(fusemount_possible(&fault), E_OK);
	setenv("PATH", "/opt/a:", 1);
	FAILED(fusemount_possible(&fault), E_FUSE, ENOENT, "find", "fusermount3");
	setenv("PATH", "", 1);
	FAILED(fusemount_possible(&fault), E_FUSE, ENOENT, "find", "fusermount3");
	fake.helper = "relative/fusermount3";
	setenv("PATH", "relative", 1);
	FAILED(fusemount_possible(&fault), E_FUSE, ENOENT, "find", "fusermount3");
	unsetenv("PATH");
	FAILED(fusemount_possible(&fault), E_FUSE, ENOENT, "find", "fusermount3");
}
END_TEST

/* ---- taking it off -------------------------------------------------------------------------------------------------------- */

START_TEST(root_unmounts_by_itself)
{
	ck_assert_int_eq(fusemount_detach("/dir", false, &fault), E_OK);
	ck_assert_int_eq(fake.umount_flags, UMOUNT_NOFOLLOW);
	ck_assert_str_eq(fake.dir, "/dir");
	ck_assert_int_eq(fusemount_detach("/dir", true, &fault), E_OK);
	ck_assert_int_eq(fake.umount_flags, UMOUNT_NOFOLLOW | MNT_DETACH);
	for (unsigned uid = 0; uid < 2; uid++) {
		fake.uid = uid;
		fake.umount_errno = EBUSY;
		FAILED(fusemount_detach("/dir", true, &fault), E_BUSY, EBUSY, "unmount", "/dir");
		fake.umount_errno = EINVAL;
		FAILED(fusemount_detach("/dir", true, &fault), E_FUSE, EINVAL, "unmount", "/dir");
	}
	fake.uid = 0;
	fake.umount_errno = EPERM;
	FAILED(fusemount_detach("/dir", false, &fault), E_FUSE, EPERM, "unmount", "/dir");
	ck_assert_uint_eq(fake.spawns, 0);
}
END_TEST

START_TEST(anybody_else_has_it_unmounted)
{
	int free_one = dup(0);

	close(free_one);
	as_user("well", NULL);
	ck_assert_int_eq(fusemount_detach("/dir", false, &fault), E_OK);
	ck_assert_int_eq(strncmp(told(), "<-u><--></dir> ", 15), 0);
	ck_assert_ptr_nonnull(strstr(told(), " free 0c 1c 2p"));
	ck_assert_ptr_null(strstr(told(), "3s"));
	as_user("well", "a warning\n");
	ck_assert_int_eq(fusemount_detach("/dir", true, &fault), E_OK);
	ck_assert_int_eq(strncmp(told(), "<-uz><--></dir> ", 16), 0);
	ck_assert_int_eq(fault.err, E_OK);
	as_user("fail", "fusermount3: failed to unmount /dir: Device or resource busy\n");
	FAILED(fusemount_detach("/dir", false, &fault), E_BUSY, EBUSY, "unmount", "/dir");
	as_user("fail", "fusermount3: entry for /dir not found in /etc/mtab\n");
	FAILED(fusemount_detach("/dir", false, &fault), E_FUSE, 0, "fusermount3 -u", "entry for /dir not found in /etc/mtab");
	as_user("fail", NULL);
	FAILED(fusemount_detach("/dir", false, &fault), E_FUSE, 0, "fusermount3 -u", "no answer");
	as_user("killed", NULL);
	FAILED(fusemount_detach("/dir", false, &fault), E_FUSE, 0, "fusermount3 -u", "no answer");
	ck_assert_int_eq(dup(0), free_one);
	close(free_one);
}
END_TEST

static void
mount_and_unmount(void)
{
	int fd = -1;

	as_user("mount", NULL);
	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_OK);
	close(fd);
	as_user("fail", "fusermount3: no\n");
	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE);
	as_user("well", NULL);
	ck_assert_int_eq(fusemount_detach("/dir", false, &fault), E_OK);
	fake.spawn_errno = EAGAIN;
	ck_assert_int_eq(fusemount_detach("/dir", false, &fault), E_FUSE);
	fake.spawn_errno = 0;
	fake.uid = 0;
	ck_assert_int_eq(fusemount_attach("/dir", NULL, &fd, &fault), E_FUSE);
}

START_TEST(nothing_is_kept)
{
	LEAKS_NOTHING(mount_and_unmount());
	interrupting = true;
	LEAKS_NOTHING(mount_and_unmount());
	interrupting = false;
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nor a child unwaited for */
}
END_TEST

/* ---- what is there -------------------------------------------------------------------------------------------------------- */

START_TEST(whether_it_is_possible)
{
	int free_one = dup(0);

	close(free_one);
	fake.mtab = false;
	fake.helper = NULL;
	ck_assert_int_eq(fusemount_possible(&fault), E_OK);
	fake.uid = 1000;
	FAILED(fusemount_possible(&fault), E_FUSE, ENOENT, "find", "fusermount3");
	fake.helper = "/bin/fusermount3";
	FAILED(fusemount_possible(&fault), E_FUSE, ENOENT, "mtab", "/etc/mtab");
	fake.mtab = true;
	memset(&fault, 0, sizeof fault);
	ck_assert_int_eq(fusemount_possible(&fault), E_OK);
	ck_assert_int_eq(fault.err, E_OK);
	fake.device_errno = ENOENT;
	FAILED(fusemount_possible(&fault), E_FUSE, ENOENT, "open", "/dev/fuse");
	ck_assert_int_eq(dup(0), free_one);
	close(free_one);
}
END_TEST

START_TEST(the_device_of_a_mount)
{
	struct stat st;

	ck_assert_int_eq(stat("/proc", &st), 0);
	ck_assert_uint_eq(fusemount_device("/proc"), st.st_dev);
	ck_assert_int_eq(lstat("/proc/self/exe", &st), 0);
	ck_assert_uint_eq(fusemount_device("/proc/self/exe"), st.st_dev);
	ck_assert_uint_eq(fusemount_device("/nowhere"), 0);
}
END_TEST

START_TEST(the_kernel_is_asked_to_read_ahead)
{
	char path[PATH_MAX], text[16] = "";
	int fd, free_one = dup(0);

	close(free_one);
	snprintf(path, sizeof path, "%s", in_home("bdi"));
	ck_assert_int_ge(fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), 0);
	fake.bdi = path;
	fusemount_read_ahead(makedev(12, 345), 2048);
	ck_assert_str_eq(fake.opened, "/sys/class/bdi/12:345/read_ahead_kb");
	ck_assert_int_eq(read(fd, text, sizeof text - 1), 5);
	ck_assert_str_eq(text, "2048\n");
	close(fd);
	fake.bdi = NULL;
	fusemount_read_ahead(makedev(1, 2), 128);
	ck_assert_str_eq(fake.opened, "/sys/class/bdi/1:2/read_ahead_kb");
	ck_assert_int_eq(dup(0), free_one);
	close(free_one);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("fusemount");
	TCase *t = tcase_create("fusemount");

	if (strstr(argv[0], "fusermount3") != NULL)
		be_fusermount3(argc, argv);
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, root_mounts_by_itself);
	tcase_add_test(t, why_root_cannot_mount);
	tcase_add_test(t, anybody_else_asks_the_helper);
	tcase_add_test(t, a_source_of_any_letters);
	tcase_add_test(t, what_the_helper_says);
	tcase_add_test(t, a_helper_that_cannot_be_started);
	tcase_add_test(t, no_descriptor_left);
	tcase_add_test(t, where_the_helper_is);
	tcase_add_test(t, root_unmounts_by_itself);
	tcase_add_test(t, anybody_else_has_it_unmounted);
	tcase_add_test(t, nothing_is_kept);
	tcase_add_test(t, whether_it_is_possible);
	tcase_add_test(t, the_device_of_a_mount);
	tcase_add_test(t, the_kernel_is_asked_to_read_ahead);
	suite_add_tcase(s, t);
	return suite_run(s);
}
