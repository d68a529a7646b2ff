#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "filestat.h"
#include "fusemount.h"

#define KEPT_MAX 16
#define CLEAR_STEP_NS 5000000
#define MOUNT_FIRST STAGE_DIR "/mount" /* before its name is known */

enum stage_op { STAGE_PLAY = 1, STAGE_STOP };

struct stage_request {
	int op;
	char path[MOUNTPOINT_MAX];
};

/* The stage reports twice: that it is ready, with the descriptor, and how the program ended. */
struct stage_report {
	enum err err;
	struct fault fault;
	struct stage_end end;
};

/* ---- messages ------------------------------------------------------------------------------------------------------------- */

union fd_space {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

static int
send_report(int link, const struct stage_report *report, int fd)
{
	union fd_space control = {0};
	struct iovec iov = {(void *)(uintptr_t)report, sizeof *report};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof control;
		c = CMSG_FIRSTHDR(&msg);
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	return sendmsg(link, &msg, MSG_NOSIGNAL) == sizeof *report ? 0 : -1;
}

static int
receive_report(int link, struct stage_report *report, int *fd)
{
	union fd_space control = {0};
	struct iovec iov = {report, sizeof *report};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(link, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET)); /* a request was left unread: reported once, first */
	*fd = -1;
	c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof *fd))
		memcpy(fd, CMSG_DATA(c), sizeof *fd);
	return n == sizeof *report ? 0 : -1;
}

/* ---- the namespaces ------------------------------------------------------------------------------------------------------- */

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0, e;

	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		r = -1;
	e = errno;
	close(fd);
	errno = e;
	return r;
}

/* In the namespace the user is still the same user, and is not root. */
static int
map_user(uid_t uid, gid_t gid)
{
	char map[64];

	snprintf(map, sizeof map, "%u %u 1\n", uid, uid);
	if (write_file("/proc/self/uid_map", map) != 0 || write_file("/proc/self/setgroups", "deny") != 0)
		return -1;
	snprintf(map, sizeof map, "%u %u 1\n", gid, gid);
	return write_file("/proc/self/gid_map", map);
}

static enum err
enter(struct fault *f)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* otherwise /proc/self would not belong to it; there is no secret here yet */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) != 0)
		return fault_why(f, E_FUSE, errno, WHY_NAMESPACE, "unshare");
	if (map_user(uid, gid) != 0)
		return fault_why(f, E_FUSE, errno, WHY_NAMESPACE, "uid_map");
	/* No mount made here gets out; but a stick that is unmounted outside is not kept mounted here. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
		return fault_set(f, E_FUSE, errno, "mount", "/");
	return E_OK;
}

/* ---- what the program finds ----------------------------------------------------------------------------------------------- */

/* The directories above path. */
static int
make_parents(const char *path)
{
	char copy[MOUNTPOINT_MAX];

	if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *p = strchr(copy + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return 0;
}

/* An empty directory or file. */
static int
make_empty(const char *path, bool directory)
{
	int fd;

	if (directory)
		return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -1;
	if ((fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		return -1;
	close(fd);
	return 0;
}

static int
bind_over(const char *from, const char *to)
{
	return mount(from, to, NULL, MS_BIND | MS_REC, NULL);
}

/*
 * Keep a descriptor of what is to stay, before it is covered. What does not exist, or is not below what is covered, is left alone.
 */
static void
hold(int held[KEPT_MAX], const char *const *kept)
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		held[i] = -1;
	for (size_t i = 0; i < KEPT_MAX && kept[i] != NULL; i++)
		if (strncmp(kept[i], "/tmp/", 5) == 0 || strncmp(kept[i], "/var/tmp/", 9) == 0)
			held[i] = open(kept[i], O_PATH | O_CLOEXEC);
}

static int
put_back(int held[KEPT_MAX], const char *const *kept)
{
	char from[64];
	struct stat st;
	int r = 0, e;

	for (size_t i = 0; i < KEPT_MAX && kept[i] != NULL; i++) {
		if (held[i] < 0)
			continue;
		snprintf(from, sizeof from, "/proc/self/fd/%d", held[i]);
		if (r == 0 && access(kept[i], F_OK) != 0 && (filestat_fd(held[i], &st) != 0 || make_parents(kept[i]) != 0 ||
		    make_empty(kept[i], S_ISDIR(st.st_mode)) != 0 || bind_over(from, kept[i]) != 0))
			r = -1;
		e = errno;
		close(held[i]);
		errno = e;
	}
	return r;
}

static int
cover(const char *path, size_t number)
{
	char empty[64], real[PATH_MAX];
	struct stat st;

	if (realpath(path, real) == NULL || filestat_path(real, &st) != 0 || strcmp(real, "/tmp") == 0)
		return 0;
	snprintf(empty, sizeof empty, STAGE_DIR "/covered%zu", number);
	return make_empty(empty, S_ISDIR(st.st_mode)) != 0 || bind_over(empty, real) != 0 ? -1 : 0;
}

static enum err
set_up(const struct stage_setup *setup, struct fault *f)
{
	const char *const *at = setup->covered;
	int held[KEPT_MAX];

	hold(held, setup->kept);
	if (mount("oncestick", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700,size=" STAGE_MEMORY) != 0)
		return fault_set(f, E_FUSE, errno, "mount", "/tmp");
	if (mkdir(STAGE_DIR, 0700) != 0 || cover("/var/tmp", 0) != 0)
		return fault_set(f, E_FUSE, errno, "mount", "/var/tmp");
	if (put_back(held, setup->kept) != 0)
		return fault_set(f, E_FUSE, errno, "mount", "kept files");
	for (; *at != NULL; at++)
		if (cover(*at, (size_t)(at - setup->covered) + 1) != 0)
			return fault_set(f, E_FUSE, errno, "mount", "%s", *at);
	if (setup->furnish != NULL && setup->furnish(setup->arg) != 0)
		return fault_set(f, E_FUSE, errno, "furnish", STAGE_DIR);
	return E_OK;
}

static enum err
attach(const char *dir, int *fd, struct fault *f)
{
	if (mkdir(MOUNT_FIRST, 0700) != 0 || mkdir(dir, 0700) != 0)
		return fault_set(f, E_FUSE, errno, "furnish", "%s", dir);
	return fusemount_attach_directly(MOUNT_FIRST, NULL, fd, f);
}

/* ---- the program ---------------------------------------------------------------------------------------------------------- */

/* Being root in the namespace gives no rights in it, even after exec. */
static int
drop_rights(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	if (syscall(SYS_capset, &head, none) != 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void
default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
become(int link, const struct stage_setup *setup, const char *path)
{
	struct stage_report report = {0};

	default_signals();
	if (chdir(path) == 0 && drop_rights() == 0)
		execve(setup->program, setup->argv, setup->env);
	report.end.sys = errno;
	send_report(link, &report, -1);
	_exit(127);
}

/* Give the mount its name, and start the program in it. Return its pid, or -1. */
static pid_t
start(int link, const struct stage_setup *setup, const char *path)
{
	struct stage_report report = {0};
	pid_t pid = -1;

	if (mkdir(path, 0700) == 0 && mount(MOUNT_FIRST, path, NULL, MS_MOVE, NULL) == 0)
		pid = fork();
	if (pid == 0)
		become(link, setup, path);
	if (pid < 0) {
		report.end.sys = errno;
		send_report(link, &report, -1);
	}
	return pid;
}

/* ---- the namespace's init ------------------------------------------------------------------------------------------------- */

struct init {
	int link, signals;
	bool stopping;
	pid_t program;                  /* 0 before it starts */
};

/* Signal everything that runs here; whatever does not listen dies when init does. */
static void
stop(struct init *i)
{
	if (i->stopping)
		return;
	i->stopping = true;
	if (i->program <= 0)
		_exit(0);
	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	alarm(STAGE_GRACE_S);
}

static void
serve_request(struct init *i, const struct stage_setup *setup)
{
	struct stage_request q;

	if (recv(i->link, &q, sizeof q, 0) != sizeof q) {
		close(i->link);
		i->link = -1;
		stop(i);
	} else if (q.op == STAGE_STOP) {
		stop(i);
	} else if (q.op == STAGE_PLAY && i->program == 0) {
		q.path[sizeof q.path - 1] = '\0';
		if ((i->program = start(i->link, setup, q.path)) < 0)
			_exit(1);
	}
}

/* Whatever is left dies before we report that all is over, except for what the kernel is still busy with. */
static void
clear(void)
{
	const struct timespec moment = {.tv_nsec = CLEAR_STEP_NS};
	pid_t pid;

	kill(-1, SIGKILL);
	for (int64_t waited = 0; waited < STAGE_GRACE_S * 1000000000LL; waited += pid == 0 ? CLEAR_STEP_NS : 0) {
		if ((pid = waitpid(-1, NULL, WNOHANG)) < 0)
			return;
		if (pid == 0)
			nanosleep(&moment, NULL);
	}
}

/* A process whose parents have died gets this one as its parent. */
static void
reap(struct init *i)
{
	struct stage_report report = {0};
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != i->program)
			continue;
		report.end.status = status;
		clear();
		if (i->link >= 0)
			send_report(i->link, &report, -1);
		_exit(0);
	}
}

static void
serve_signal(struct init *i)
{
	struct signalfd_siginfo s;

	if (read(i->signals, &s, sizeof s) != sizeof s)
		return;
	if (s.ssi_signo == SIGALRM) {
		clear();
		_exit(0);
	}
	if (s.ssi_signo == SIGCHLD)
		reap(i);
}

/*
 * Process 1 of the namespace. A signal from the terminal is for the program, and this process ends with it. If the system does not
 * allow /proc to be mounted, the one from outside is used.
 */
static _Noreturn void
run_init(int link, int fuse, const struct stage_setup *setup)
{
	struct init i = {.link = link, .signals = -1};
	struct stage_report ready = {.err = E_OK};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	i.signals = signalfd(-1, &all, SFD_CLOEXEC);
	(void)!mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* so that the program cannot make this process do what it may not do itself */
	if (getpid() != 1 || i.signals < 0 || send_report(link, &ready, fuse) != 0) /* only process 1 may kill everything */
		_exit(1);
	close(fuse);
	for (;;) {
		struct pollfd p[] = {{i.link, POLLIN, 0}, {i.signals, POLLIN, 0}};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			_exit(1);
		if (p[1].revents != 0)
			serve_signal(&i);
		else if (p[0].revents != 0)
			serve_request(&i, setup);
	}
}

static _Noreturn void
run(int link, const struct stage_setup *setup)
{
	struct stage_report failed = {0};
	pid_t pid = -1;
	int fuse = -1;

	if ((failed.err = enter(&failed.fault)) == E_OK && (failed.err = set_up(setup, &failed.fault)) == E_OK &&
	    (failed.err = attach(setup->dir, &fuse, &failed.fault)) == E_OK && (pid = fork()) < 0)
		failed.err = fault_why(&failed.fault, E_FAIL, errno, WHY_FORK, "stage");
	if (pid == 0)
		run_init(link, fuse, setup);
	if (failed.err != E_OK)
		send_report(link, &failed, -1);
	_exit(0);
}

/* ---- the outside ---------------------------------------------------------------------------------------------------------- */

enum err
stage_fork(struct stage *s, const struct stage_setup *setup, struct fault *f)
{
	struct stage_report report;
	int sv[2];
	pid_t pid;

	*s = (struct stage){.link = -1, .fuse = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) != 0)
		return fault_set(f, E_FAIL, errno, "socket", "stage");
	if ((pid = fork()) == 0) {
		close(sv[0]);
		run(sv[1], setup);
	}
	close(sv[1]);
	s->link = sv[0];
	if (pid < 0) {
		fault_why(f, E_FAIL, errno, WHY_FORK, "stage");
		stage_close(s);
		return E_FAIL;
	}
	if (receive_report(s->link, &report, &s->fuse) != 0)
		report = (struct stage_report){.err = fault_set(f, E_FAIL, EPIPE, "start", "stage")};
	else if (report.err == E_OK && s->fuse < 0)
		report.err = fault_set(f, E_FAIL, EBADF, "start", "stage");
	else if (report.err != E_OK && f != NULL && f->err == E_OK)
		*f = report.fault;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (report.err != E_OK)
		stage_close(s);
	return report.err;
}

static int
request(const struct stage *s, int op, const char *path)
{
	struct stage_request q = {.op = op};

	if (strlen(path) >= sizeof q.path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(q.path, path, strlen(path));
	return send(s->link, &q, sizeof q, MSG_NOSIGNAL) == sizeof q ? 0 : -1;
}

int
stage_play(struct stage *s, const char *path)
{
	return request(s, STAGE_PLAY, path);
}

int
stage_next(struct stage *s, struct stage_end *end)
{
	struct stage_report report;
	int fd;

	if (receive_report(s->link, &report, &fd) != 0)
		return -1;
	if (fd >= 0)
		close(fd);
	*end = report.end;
	return 0;
}

void
stage_stop(struct stage *s)
{
	request(s, STAGE_STOP, "");
}

void
stage_close(struct stage *s)
{
	if (s->link >= 0)
		close(s->link);
	if (s->fuse >= 0)
		close(s->fuse);
	*s = (struct stage){.link = -1, .fuse = -1};
}
