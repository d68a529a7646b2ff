#include "minder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mountpoint.h"

enum minder_op { MINDER_WATCH, MINDER_UNMOUNT, MINDER_UNMOUNT_LAZY };

struct minder_request {
	uint8_t op, made;
	char path[MOUNTPOINT_MAX];
};

/* What the minder knows. */
struct watched {
	bool made;
	char path[MOUNTPOINT_MAX];
};

static int
unmount_watched(struct watched *w, bool lazy)
{
	int e = 0;

	if (w->path[0] != '\0' && mountpoint_is_ours(w->path))
		e = mountpoint_unmount(w->path, lazy);
	if (e == 0 && w->made && rmdir(w->path) == 0)
		w->made = false;
	return e;
}

static int
serve(struct watched *w, const struct minder_request *q)
{
	switch ((enum minder_op)q->op) {
	case MINDER_WATCH:
		memcpy(w->path, q->path, sizeof w->path);
		w->path[sizeof w->path - 1] = '\0';
		w->made = q->made != 0;
		return 0;
	case MINDER_UNMOUNT:
		return unmount_watched(w, false);
	case MINDER_UNMOUNT_LAZY:
		return unmount_watched(w, true);
	}
	return EINVAL;
}

/* Nothing but the socket and the null device: no terminal, no stick, no descriptor of the caller's. */
static void
detach(int fd)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t all;

	for (int i = 0; i <= 2; i++)
		dup2(null, i);
	dup2(fd, 3);
	close_range(4, ~0u, 0);
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL); /* it ends with its session, by nothing else that can be caught */
	if (chdir("/") != 0)
		_exit(1);
}

static _Noreturn void
run(int fd)
{
	struct watched w = {0};
	struct minder_request q;
	ssize_t n;
	int32_t e;

	detach(fd);
	while ((n = recv(3, &q, sizeof q, 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n != sizeof q)
			continue;
		e = serve(&w, &q);
		if (send(3, &e, sizeof e, MSG_NOSIGNAL) != sizeof e)
			break;
	}
	unmount_watched(&w, true);
	_exit(0);
}

int
minder_fork(void)
{
	int sv[2], e;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) != 0)
		return -1;
	if ((pid = fork()) == 0) {
		close(sv[0]);
		run(sv[1]);
	}
	e = errno;
	close(sv[1]);
	if (pid > 0)
		return sv[0];
	close(sv[0]);
	errno = e;
	return -1;
}

static int
ask(int fd, enum minder_op op, const char *path, bool made)
{
	struct minder_request q = {.op = (uint8_t)op, .made = made};
	ssize_t n;
	int32_t e;

	if (path != NULL && strlen(path) >= sizeof q.path)
		return ENAMETOOLONG;
	if (path != NULL)
		memcpy(q.path, path, strlen(path));
	if (send(fd, &q, sizeof q, MSG_NOSIGNAL) != sizeof q)
		return EPIPE;
	do
		n = recv(fd, &e, sizeof e, 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof e ? e : EPIPE;
}

int
minder_watch(int fd, const char *path, bool made)
{
	return ask(fd, MINDER_WATCH, path, made);
}

int
minder_unmount(int fd, bool lazy)
{
	return ask(fd, lazy ? MINDER_UNMOUNT_LAZY : MINDER_UNMOUNT, NULL, false);
}
