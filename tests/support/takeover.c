/*
 * takeover.c - loaded before all others into oncestick: what a session does once somebody has taken it over, from inside its fence.
 *
 * When an open session is asked how it is, it tries what TAKEOVER_PID (a process), TAKEOVER_FILE (one that exists) and TAKEOVER_DIR
 * (an empty directory) name, once, and writes what became of each into the file "taken" in ONCESTICK_STATION_DIR, the one place
 * where it can.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mountpoint.h"

#pragma GCC visibility push(default)
int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags);
#pragma GCC visibility pop

#define MINDER_FD 4 /* session_run.c */

static int out = -1;

static void
tell(const char *what, bool done)
{
	int e = errno;

	dprintf(out, "%s: %s\n", what, done ? "done" : strerrorname_np(e));
}

static void
signal_others(int fd, pid_t pid)
{
	const struct rlimit none = {0, 0};

	tell("kill", kill(pid, SIGKILL) == 0);
	tell("owner", fcntl(fd, F_SETOWN, pid) == 0);
	tell("signal", fcntl(fd, F_SETSIG, SIGKILL) == 0);
	tell("limit", prlimit(pid, RLIMIT_CPU, &none, NULL) == 0);
}

static void
write_beside(const char *file)
{
	char fresh[PATH_MAX];

	tell("write", open(file, O_WRONLY) >= 0);
	tell("read", open(file, O_RDONLY) >= 0);
	snprintf(fresh, sizeof fresh, "%s.fresh", file);
	tell("make", open(fresh, O_WRONLY | O_CREAT, 0600) >= 0);
	tell("remove", unlink(file) == 0);
}

/* A request as minder.c has it, which is answered with an errno first. */
static void
tell_minder(const char *what, uint8_t op, const char *text)
{
	struct {
		uint8_t op;
		char text[MOUNTPOINT_MAX];
	} q = {.op = op};
	char answer[8192];
	int32_t e = EPIPE;

	snprintf(q.text, sizeof q.text, "%s", text);
	if (send(MINDER_FD, &q, sizeof q, MSG_NOSIGNAL) == sizeof q &&
	    recv(MINDER_FD, answer, sizeof answer, 0) > (ssize_t)sizeof e)
		memcpy(&e, answer, sizeof e);
	errno = e;
	tell(what, e == 0);
}

static void
take_over(int fd)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/taken", getenv("ONCESTICK_STATION_DIR"));
	if ((out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		return;
	signal_others(fd, atoi(getenv("TAKEOVER_PID")));
	write_beside(getenv("TAKEOVER_FILE"));
	tell_minder("minder watches", 1, getenv("TAKEOVER_DIR"));
	tell_minder("minder makes", 0, "taken");
	close(out);
}

int
accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");

	if (getenv("TAKEOVER_PID") != NULL)
		take_over(fd);
	return real(fd, addr, len, flags);
}
