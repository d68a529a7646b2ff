#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "minder.h"
#include "session_internal.h"

#define DISMISS_MS 2000

/* A session needs about two dozen, including its desktop companion. */
#define DESCRIPTORS_MIN 32

enum err
session_descriptors(struct fault *f)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_MIN)
		return E_OK;
	return fault_set(f, E_FAIL, EMFILE, "open", "%s", "");
}

enum err
session_fork(struct session_link *link, const struct session_setup *setup, struct fault *f)
{
	int sv[2] = {-1, -1}, minder = -1;
	enum err err = E_OK;
	pid_t pid = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) != 0 || (minder = minder_fork()) < 0 || (pid = fork()) < 0)
		err = fault_why(f, E_FAIL, errno, WHY_FORK, "session");
	if (pid == 0) {
		close(sv[0]);
		session_run(sv[1], minder, setup);
	}
	if (minder >= 0)
		close(minder);
	if (sv[1] >= 0)
		close(sv[1]);
	if (err != E_OK && sv[0] >= 0)
		close(sv[0]);
	if (err == E_OK)
		*link = (struct session_link){.fd = sv[0], .pid = pid};
	return err;
}

int
session_next(struct session_link *link, struct session_message *msg, bool (*given_up)(void))
{
	ssize_t n;

	do {
		if (given_up != NULL && given_up())
			return -1;
		n = recv(link->fd, msg, sizeof *msg, 0);
	} while (n < 0 &&
		 (errno == EINTR || errno == ECONNRESET)); /* a request was left unread: reported once, before what was sent */
	if (n != sizeof *msg)
		return -1;
	fault_foreign(&msg->fault);
	return 0;
}

/* Send q, and wipe it. */
static int
request(struct session_link *link, struct session_request *q)
{
	ssize_t n = send(link->fd, q, sizeof *q, MSG_NOSIGNAL);

	sodium_memzero(q, sizeof *q);
	return n == sizeof *q ? 0 : -1;
}

int
session_code(struct session_link *link, const char code[CODE_SYMBOLS])
{
	struct session_request q = {.op = SESSION_CODE};

	memcpy(q.code, code, sizeof q.code);
	return request(link, &q);
}

int
session_key(struct session_link *link, const struct unlock_key *key)
{
	struct session_request q = {.op = SESSION_KEY, .key = *key};

	return request(link, &q);
}

int
session_confirm(struct session_link *link)
{
	return request(link, &(struct session_request){.op = SESSION_CONFIRM});
}

int
session_finish(struct session_link *link, bool end)
{
	return request(link, &(struct session_request){.op = end ? SESSION_END : SESSION_PAUSE});
}

void
session_abandon(struct session_link *link)
{
	if (link->fd >= 0)
		kill(link->pid, SIGKILL);
	session_detach(link);
}

void
session_detach(struct session_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

void
session_dismiss(struct session_link *link)
{
	struct pollfd ended = {.fd = -1, .events = POLLIN};

	session_detach(link);
	if (link->pid > 0 && (ended.fd = pidfd_open(link->pid, 0)) >= 0) {
		poll(&ended, 1, DISMISS_MS);
		close(ended.fd);
	}
}
