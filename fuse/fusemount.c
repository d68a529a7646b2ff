#include "fusemount.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUSE_DEVICE "/dev/fuse"
#define MTAB "/etc/mtab" /* where fusermount3 looks up who owns the mount it is to take away */
#define HELPER "fusermount3"
#define DETACH HELPER " -u"
#define SOURCE "oncestick"
#define SUBTYPE "oncestick"
#define OPTIONS_SIZE (2 * PATH_MAX + 128)

/* fusermount3 sends the descriptor through the socket whose number this variable holds. */
#define COMM_FD 3
#define COMM_NAME "_FUSE_COMMFD="
#define COMM_VALUE COMM_NAME "3"

/* Descriptors for a child must not have the numbers under which it looks for others. */
#define FD_ABOVE 16

static int
open_device(struct fault *f)
{
	int fd = open(FUSE_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fault_why(f, E_FUSE, errno, WHY_FUSE_DEVICE, FUSE_DEVICE);
	return fd;
}

/* ---- the helper --------------------------------------------------------------------------------------------------------- */

static bool
helper_in(char *path, size_t size, const char *dir, size_t n)
{
	int len;

	if (n == 0 || n >= size)
		return false;
	len = snprintf(path, size, "%.*s/%s", (int)n, dir, HELPER);
	return len > 0 && (size_t)len < size && access(path, X_OK) == 0;
}

/* Where fusermount3 is: the usual places first, then PATH. */
static bool
helper_find(char *path, size_t size)
{
	const char *at = getenv("PATH");

	if (helper_in(path, size, "/usr/bin", 8) || helper_in(path, size, "/bin", 4))
		return true;
	while (at != NULL) {
		const char *end = strchrnul(at, ':');

		if (at[0] == '/' && helper_in(path, size, at, (size_t)(end - at)))
			return true;
		at = *end == ':' ? end + 1 : NULL;
	}
	return false;
}

/* This process's environment with the socket's number and the C locale, in memory of one block. */
static char **
helper_environ(void)
{
	static const char *const ours[] = { COMM_NAME, "LC_ALL=" };
	char **env = NULL;
	size_t n = 0, kept = 0;

	while (environ != NULL && environ[n] != NULL)
		n++;
	env = calloc(n + 3, sizeof *env);
	if (env == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], ours[0], strlen(ours[0])) != 0 && strncmp(environ[i], ours[1], strlen(ours[1])) != 0)
			env[kept++] = environ[i];
	env[kept++] = (char *)(uintptr_t)COMM_VALUE;
	env[kept] = (char *)(uintptr_t)"LC_ALL=C";
	return env;
}

/* Start argv with comm (or -1) as COMM_FD and errors (or -1) as standard error. Return 0 and the pid, or an errno. */
static int
helper_spawn(pid_t *pid, char *const argv[], int comm, int errors)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char **env = helper_environ();
	sigset_t none;
	int err;

	if (env == NULL)
		return ENOMEM;
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	err = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
	if (err == 0)
		err = posix_spawn_file_actions_adddup2(&actions, 0, 1);
	if (err == 0)
		err = posix_spawn_file_actions_adddup2(&actions, errors < 0 ? 0 : errors, 2);
	if (err == 0 && comm >= 0)
		err = posix_spawn_file_actions_adddup2(&actions, comm, COMM_FD);
	if (err == 0)
		err = posix_spawn(pid, argv[0], &actions, &attr, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	free(env);
	return err;
}

/* The exit status of pid, or -1 if it was killed or somebody else took it. */
static int
helper_wait(pid_t pid)
{
	int status = 0;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Move *fd out of the way of 0..COMM_FD. */
static int
lift(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, FD_ABOVE);

	if (high < 0) {
		errno = errno == EINVAL ? EMFILE : errno; /* the limit is not above FD_ABOVE */
		return -1;
	}
	close(*fd);
	*fd = high;
	return 0;
}

/* The descriptor that arrives through sock, or -1. */
static int
receive_fd(int sock)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct cmsghdr *c = NULL;
	ssize_t got;
	int fd = -1;

	do {
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

/* Its last line without its own name, which is its reason against the mount: "mount failed: Operation not permitted". */
static void
last_line(char *words)
{
	char *end = words + strlen(words), *line, *name;

	while (end > words && (end[-1] == '\n' || end[-1] == ' '))
		*--end = '\0';
	line = strrchr(words, '\n');
	line = line != NULL ? line + 1 : words;
	if (strncmp(line, HELPER ": ", sizeof HELPER + 1) == 0)
		line += sizeof HELPER + 1;
	else if ((name = strstr(line, "/" HELPER ": ")) != NULL && strcspn(line, " ") > (size_t)(name - line))
		line = name + sizeof HELPER + 2;
	memmove(words, line, strlen(line) + 1);
}

static void
read_words(int fd, char *words, size_t size)
{
	size_t n = 0;
	ssize_t got;

	do {
		got = read(fd, words + n, size - 1 - n);
		if (got > 0)
			n += (size_t)got;
	} while ((got > 0 && n < size - 1) || (got < 0 && errno == EINTR));
	words[n] = '\0';
}

/* The options for fusermount3, with a backslash before each comma and backslash in the source's name. */
static void
helper_options(char out[OPTIONS_SIZE], const char *source)
{
	size_t n = (size_t)snprintf(out, OPTIONS_SIZE, "ro,nosuid,nodev,noexec,default_permissions,subtype=" SUBTYPE ",fsname=");

	for (; *source != '\0' && n + 3 < OPTIONS_SIZE; source++) {
		if (*source == ',' || *source == '\\')
			out[n++] = '\\';
		out[n++] = *source;
	}
	out[n] = '\0';
}

static int
helper_talk(const char *helper, const char *dir, const char *source, char *words, size_t size)
{
	char options[OPTIONS_SIZE];
	const char *const argv[] = { helper, "-o", options, "--", dir, NULL };
	int sock[2] = { -1, -1 }, talk[2] = { -1, -1 };
	int fd = -1;
	pid_t pid = -1;

	helper_options(options, source != NULL ? source : SOURCE);
	words[0] = '\0';
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) != 0 || pipe2(talk, O_CLOEXEC) != 0)
		goto out;
	if (lift(&sock[1]) != 0 || lift(&talk[1]) != 0)
		goto out;
	errno = helper_spawn(&pid, (char *const *)(uintptr_t)argv, sock[1], talk[1]);
	if (errno != 0)
		goto out;
	close(sock[1]);
	close(talk[1]);
	sock[1] = talk[1] = -1;
	fd = receive_fd(sock[0]);
	read_words(talk[0], words, size);
	helper_wait(pid);
	last_line(words);
	errno = 0; /* its words are all that it tells us */
out:
	for (int i = 0; i < 2; i++) {
		int err = errno;

		if (sock[i] >= 0)
			close(sock[i]);
		if (talk[i] >= 0)
			close(talk[i]);
		errno = err;
	}
	return fd;
}

static enum err
attach_by_helper(const char *dir, const char *source, int *fd, struct fault *f)
{
	char helper[PATH_MAX], words[512];
	int got;

	if (!helper_find(helper, sizeof helper))
		return fault_why(f, E_FUSE, ENOENT, WHY_NO_HELPER, HELPER);
	got = helper_talk(helper, dir, source, words, sizeof words);
	if (got < 0 && errno == 0)
		return fault_why(f, E_FUSE, 0, WHY_HELPER_SAYS, "%s", words[0] != '\0' ? words : "no answer");
	if (got < 0)
		return fault_set(f, E_FUSE, errno, HELPER, "%s", dir);
	*fd = got;
	return E_OK;
}

/* ---- the calls ---------------------------------------------------------------------------------------------------------- */

enum err
fusemount_attach_directly(const char *dir, const char *source, int *fd, struct fault *f)
{
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char data[128];
	int dev = open_device(f);
	int err;

	if (dev < 0)
		return E_FUSE;
	if (source == NULL)
		source = SOURCE;
	snprintf(data, sizeof data, "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions", dev, getuid(), getgid());
	if (mount(source, dir, FUSEMOUNT_TYPE, flags, data) == 0) {
		*fd = dev;
		return E_OK;
	}
	err = errno;
	close(dev);
	if (err == ENODEV)
		return fault_why(f, E_FUSE, err, WHY_NO_FUSE, FUSE_DEVICE);
	return fault_why(f, E_FUSE, err, WHY_MOUNT_REFUSED, "%s", dir);
}

enum err
fusemount_attach(const char *dir, const char *source, int *fd, struct fault *f)
{
	struct fault own = {0};
	enum err err = fusemount_attach_directly(dir, source, fd, &own);

	if (err != E_OK && own.sys == EPERM && own.why == WHY_MOUNT_REFUSED && geteuid() != 0)
		return attach_by_helper(dir, source, fd, f);
	return err == E_OK ? E_OK : fault_pass(f, &own);
}

dev_t
fusemount_device(const char *dir)
{
	struct statx stx;

	if (statx(AT_FDCWD, dir, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &stx) != 0)
		return 0;
	return makedev(stx.stx_dev_major, stx.stx_dev_minor);
}

void
fusemount_read_ahead(dev_t dev, unsigned kib)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major(dev), minor(dev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!dprintf(fd, "%u\n", kib);
	close(fd);
}

/* Why fusermount3 does not take path away; E_OK if it did. */
static enum err
detach_by_helper(const char *path, bool lazy, struct fault *f)
{
	char helper[PATH_MAX], words[512];
	const char *const argv[] = { helper, lazy ? "-uz" : "-u", "--", path, NULL };
	pid_t pid = -1;
	int talk[2] = { -1, -1 };
	int err;

	if (!helper_find(helper, sizeof helper))
		return fault_why(f, E_FUSE, ENOENT, WHY_NO_HELPER, HELPER);
	if (pipe2(talk, O_CLOEXEC) != 0)
		return fault_set(f, E_FUSE, errno, DETACH, "%s", path);
	err = helper_spawn(&pid, (char *const *)(uintptr_t)argv, -1, talk[1]);
	close(talk[1]);
	if (err == 0)
		read_words(talk[0], words, sizeof words);
	close(talk[0]);
	if (err != 0)
		return fault_set(f, E_FUSE, err, DETACH, "%s", path);
	if (helper_wait(pid) == 0)
		return E_OK;
	last_line(words);
	if (strstr(words, strerrordesc_np(EBUSY)) != NULL) /* it was started in the C locale */
		return fault_set(f, E_BUSY, EBUSY, "unmount", "%s", path);
	return fault_why(f, E_FUSE, 0, WHY_HELPER_KEEPS, "%s", words[0] != '\0' ? words : "no answer");
}

enum err
fusemount_detach(const char *path, bool lazy, struct fault *f)
{
	if (umount2(path, (lazy ? MNT_DETACH : 0) | UMOUNT_NOFOLLOW) == 0)
		return E_OK;
	if (errno == EPERM && geteuid() != 0)
		return detach_by_helper(path, lazy, f);
	return fault_set(f, errno == EBUSY ? E_BUSY : E_FUSE, errno, "unmount", "%s", path);
}

enum err
fusemount_possible(struct fault *f)
{
	char helper[PATH_MAX];
	int fd = open_device(f);

	if (fd < 0)
		return E_FUSE;
	close(fd);
	if (geteuid() != 0 && !helper_find(helper, sizeof helper))
		return fault_why(f, E_FUSE, ENOENT, WHY_NO_HELPER, HELPER);
	if (geteuid() != 0 && access(MTAB, R_OK) != 0)
		return fault_why(f, E_FUSE, errno, WHY_MTAB, MTAB);
	return E_OK;
}
