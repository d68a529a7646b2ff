#include "minder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fence.h"
#include "traces.h"

enum minder_op { MINDER_MAKE, MINDER_WATCH, MINDER_MOUNTED, MINDER_UNMOUNT, MINDER_UNMOUNT_LAZY };

struct minder_request {
	uint8_t op;
	char text[MOUNTPOINT_MAX];      /* a label or a path */
};

struct minder_reply {
	int32_t e;                      /* an errno, or what minder_make and minder_unmount return */
	struct fault fault;
	char path[MOUNTPOINT_MAX];      /* that was made */
};

/* What the minder knows. */
struct watched {
	char path[MOUNTPOINT_MAX];
	struct mountinfo_id mount;      /* once it is there */
	bool seen;                      /* it was */
	bool made;
	int64_t since;                   /* when there first was something to watch */
};

/* Whether the session's mount is there; the session may have ended before it said which one it is. */
static bool
is_there(const struct watched *w)
{
	if (w->path[0] == '\0')
		return false;
	return w->mount.mount != 0 ? mountpoint_is(w->path, &w->mount) : mountpoint_is_ours(w->path);
}

static enum err
unmount_watched(struct watched *w, bool lazy, struct fault *f)
{
	bool there = is_there(w);
	enum err e = there ? mountpoint_unmount(w->path, lazy, f) : E_OK;

	if (!there && w->path[0] != '\0' && mountpoint_is_covered(w->path, &w->mount))
		return fault_set(f, E_BUSY, EBUSY, "covered", "%s", w->path);
	w->seen = w->seen || there;
	if (e == E_OK && w->made && rmdir(w->path) == 0)
		w->made = false;
	return e;
}

/*
 * For root the fence goes up here. For anybody else it would take away the rights that fusermount3 needs to unmount. Until that is
 * done, only the code in this file stands between the session and those rights, which is why there is so little of it.
 */
static void
fence_in(void)
{
	struct fence_filter *filter = geteuid() == 0 ? fence_filter_new(FENCE_MINDER) : NULL;

	if (filter != NULL)
		fence_calls(filter);
	fence_filter_free(&filter);
}

/* Make a fresh directory for label, or take the given path; once. */
static void
begin(struct watched *w, const struct minder_request *q, struct minder_reply *a)
{
	if (w->path[0] != '\0') {
		a->e = q->op == MINDER_MAKE ? (int32_t)fault_set(&a->fault, E_FAIL, EPERM, "minder", "%s", w->path) : EPERM;
		return;
	}
	if (q->op == MINDER_MAKE)
		a->e = (int32_t)mountpoint_make(q->text, w->path, sizeof w->path, &a->fault);
	else
		memcpy(w->path, q->text, sizeof w->path);
	w->made = q->op == MINDER_MAKE && a->e == E_OK;
	w->since = clock_real();
	memcpy(a->path, w->path, sizeof a->path);
	if (w->path[0] != '\0')
		fence_in();
}

static int
note_mount(struct watched *w)
{
	if (w->seen || !mountpoint_is_ours(w->path))
		return EPERM;
	w->seen = true;
	return mountinfo_identify(w->path, &w->mount) == 0 ? 0 : errno;
}

static void
serve(struct watched *w, struct minder_request *q, struct minder_reply *a)
{
	q->text[sizeof q->text - 1] = '\0';
	switch ((enum minder_op)q->op) {
	case MINDER_MAKE:
	case MINDER_WATCH:
		begin(w, q, a);
		return;
	case MINDER_MOUNTED:
		a->e = note_mount(w);
		return;
	case MINDER_UNMOUNT:
		a->e = (int32_t)unmount_watched(w, false, &a->fault);
		return;
	case MINDER_UNMOUNT_LAZY:
		a->e = (int32_t)unmount_watched(w, true, &a->fault);
		return;
	}
	a->e = EINVAL;
}

/* Keep nothing but the socket and the null device: no terminal, no stick, no descriptor of the caller's. */
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
	sigprocmask(SIG_SETMASK, &all, NULL); /* it ends with its session, and by no signal that can be caught */
	if (chdir("/") != 0)
		_exit(1);
}

static _Noreturn void
run(int fd)
{
	struct watched w = {0};
	struct minder_request q;
	struct minder_reply a;
	ssize_t n;

	detach(fd);
	while ((n = recv(3, &q, sizeof q, 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n != sizeof q)
			continue;
		memset(&a, 0, sizeof a);
		serve(&w, &q, &a);
		if (send(3, &a, sizeof a, MSG_NOSIGNAL) != sizeof a)
			break;
	}
	(void)unmount_watched(&w, true, NULL);
	if (w.seen) {
		traces_fence();
		traces_clear(w.path, w.since);
	}
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

/* Return 0 and fill a, or an errno: EPIPE if the minder is gone. */
static int
ask(int fd, enum minder_op op, const char *text, struct minder_reply *a)
{
	struct minder_request q = {.op = (uint8_t)op};
	ssize_t n;

	if (strlen(text) >= sizeof q.text)
		return ENAMETOOLONG;
	memcpy(q.text, text, strlen(text));
	if (send(fd, &q, sizeof q, MSG_NOSIGNAL) != sizeof q)
		return EPIPE;
	do
		n = recv(fd, a, sizeof *a, 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof *a ? 0 : EPIPE;
}

/* The same, for requests that the minder answers with a fault. */
static enum err
ask_fault(int fd, enum minder_op op, const char *text, struct minder_reply *a, struct fault *f)
{
	int e = ask(fd, op, text, a);

	if (e != 0)
		return fault_set(f, E_FAIL, e, "minder", "%s", text);
	return a->e == E_OK ? E_OK : fault_pass(f, &a->fault);
}

enum err
minder_make(int fd, const char *label, char path[MOUNTPOINT_MAX], struct fault *f)
{
	struct minder_reply a;
	enum err e = ask_fault(fd, MINDER_MAKE, label, &a, f);

	if (e == E_OK)
		memcpy(path, a.path, sizeof a.path);
	return e;
}

static int
ask_errno(int fd, enum minder_op op, const char *text)
{
	struct minder_reply a;
	int e = ask(fd, op, text, &a);

	return e != 0 ? e : a.e;
}

int
minder_watch(int fd, const char *path)
{
	return ask_errno(fd, MINDER_WATCH, path);
}

int
minder_mounted(int fd)
{
	return ask_errno(fd, MINDER_MOUNTED, "");
}

enum err
minder_unmount(int fd, bool lazy, struct fault *f)
{
	struct minder_reply a;

	return ask_fault(fd, lazy ? MINDER_UNMOUNT_LAZY : MINDER_UNMOUNT, "", &a, f);
}
