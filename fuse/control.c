#include "control.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SUFFIX ".ctl"
#define ANSWER_TIMEOUT_MS 120000 /* an unmount may have to wait for a slow stick */
#define REQUEST_TIMEOUT_MS 100   /* a request is sent right after connecting; a silent client must not hold the session up */
#define ASK_TRIES 20

/* A socket's address is short and a directory's path may be long: go through the descriptor. */
static int
address(struct sockaddr_un *a, int dir_fd, const char *lock_name)
{
	int n;

	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%s" SUFFIX, dir_fd, lock_name);
	if (n < 0 || (size_t)n >= sizeof a->sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static void
set_timeout(int fd, long ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

void
control_remove(int dir_fd, const char *lock_name)
{
	char name[128];

	snprintf(name, sizeof name, "%s" SUFFIX, lock_name);
	unlinkat(dir_fd, name, 0);
}

int
control_listen(int dir_fd, const char *lock_name)
{
	struct sockaddr_un a;
	mode_t mask;
	int fd, r;

	if (address(&a, dir_fd, lock_name) != 0)
		return -1;
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return -1;
	control_remove(dir_fd, lock_name); /* we hold the slot lock, so whoever made this is dead */
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&a, sizeof a);
	umask(mask);
	if (r != 0 || listen(fd, 4) != 0) {
		r = errno;
		close(fd);
		errno = r;
		return -1;
	}
	return fd;
}

int
control_accept(int fd, enum control_op *op, bool *told)
{
	struct ucred who;
	socklen_t len = sizeof who;
	uint32_t q;
	int conn;

	if ((conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) < 0)
		return -1;
	set_timeout(conn, REQUEST_TIMEOUT_MS);
	if (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 || (who.uid != geteuid() && who.uid != 0) ||
	    recv(conn, &q, sizeof q, 0) != sizeof q || (q & ~(uint32_t)CONTROL_TOLD) > CONTROL_PAUSE_FORCE) {
		close(conn);
		errno = EPROTO;
		return -1;
	}
	*told = (q & CONTROL_TOLD) != 0;
	*op = (enum control_op)(q & ~(uint32_t)CONTROL_TOLD);
	return conn;
}

void
control_answer(int conn, const struct control_reply *reply)
{
	send(conn, reply, sizeof *reply, MSG_NOSIGNAL);
	close(conn);
}

static void
note_peer(int fd, struct control_reply *reply)
{
	struct ucred who;
	socklen_t len = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
		reply->state.pid = who.pid; /* the one that is listening, not the one it says it is */
}

/* Return 0 with the reply, or -1 with errno: ECONNREFUSED or ENOENT if nobody listens, ECONNRESET if the session hung up. */
static int
exchange(const struct sockaddr_un *a, enum control_op op, struct control_reply *reply)
{
	uint32_t q = (uint32_t)op;
	ssize_t n = 0;
	int fd, e = 0;

	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	set_timeout(fd, ANSWER_TIMEOUT_MS);
	if (connect(fd, (const struct sockaddr *)a, sizeof *a) != 0)
		e = errno;
	else if (send(fd, &q, sizeof q, MSG_NOSIGNAL) != sizeof q)
		e = errno == EPIPE ? ECONNRESET : errno;
	else if ((n = recv(fd, reply, sizeof *reply, 0)) != sizeof *reply)
		e = n < 0 ? errno : ECONNRESET;
	else
		note_peer(fd, reply);
	fault_foreign(&reply->fault);
	close(fd);
	errno = e;
	return e == 0 ? 0 : -1;
}

enum err
control_ask(int dir_fd, const char *lock_name, enum control_op op, struct control_reply *reply, struct fault *f)
{
	struct sockaddr_un a;
	int r, tries = 1;

	memset(reply, 0, sizeof *reply);
	if (address(&a, dir_fd, lock_name) != 0)
		return fault_set(f, E_FAIL, errno, "socket", "session");
	/* On a busy PC the request may come later than REQUEST_TIMEOUT_MS: then it was not read. */
	while ((r = exchange(&a, op, reply)) != 0 && errno == ECONNRESET && tries < ASK_TRIES)
		tries++;
	if (r != 0 && tries == 1 && (errno == ECONNREFUSED || errno == ENOENT))
		return fault_set(f, E_MOUNTED, errno, "connect", "session");
	if (r != 0)
		return fault_set(f, E_FAIL, errno, "no answer", "session");
	if (reply->err != E_OK && f != NULL && f->err == E_OK)
		*f = reply->fault;
	return reply->err;
}

/* Whether a process holds the slot lock: a lock file alone proves nothing. */
static int
is_held(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), held;

	if (fd < 0)
		return 0;
	held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

int
control_each(int dir_fd, void (*each)(void *arg, const char *lock_name, const struct control_state *s), void *arg)
{
	struct control_reply reply;
	struct dirent *e;
	int fd, saved, count = 0;
	DIR *d;

	if ((fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	if ((d = fdopendir(fd)) == NULL) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (strspn(e->d_name, "0123456789abcdef") != 2 * HASH_SIZE || strstr(e->d_name, SUFFIX) != NULL ||
		    !is_held(dir_fd, e->d_name) ||
		    control_ask(dir_fd, e->d_name, CONTROL_STATUS, &reply, NULL) != E_OK)
			continue;
		each(arg, e->d_name, &reply.state);
		count++;
	}
	closedir(d);
	return count;
}
