/* session_process.c - what the process of a session has, and which files an open one can still open. */
#include "session_process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <sodium.h>

#include "fence.h"
#include "filestat.h"
#include "mountinfo.h"
#include "mountpoint.h"
#include "stick.h"

/* On every PC. */
static const struct fence_path always[] = {
	/* where a stick may come back */
	{"/media", -1, FENCE_READ},
	{"/run/media", -1, FENCE_READ},
	{"/mnt", -1, FENCE_READ},
	/* what tells us that it came back */
	{"/proc/self", -1, FENCE_READ},
	{"/sys", -1, FENCE_READ},
	{"/sys/devices/virtual/bdi", -1, FENCE_WRITE},
};

#define ALWAYS (sizeof always / sizeof *always)
#define HERE 4 /* as configured on this PC */

/* ---- what it has ---------------------------------------------------------------------------------------------------------- */

/* Signals that stop a session are read; those for a fault of its own, and for a child, arrive as usual. */
static int
read_signals(void)
{
	sigset_t s;

	sigfillset(&s);
	sigdelset(&s, SIGSEGV);
	sigdelset(&s, SIGBUS);
	sigdelset(&s, SIGABRT);
	sigdelset(&s, SIGCHLD);
	sigprocmask(SIG_SETMASK, &s, NULL);
	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	sigaddset(&s, SIGHUP);
	sigaddset(&s, SIGINT);
	sigaddset(&s, SIGQUIT);
	return signalfd(-1, &s, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Move it away from the numbers that the process is going to use. */
static int
lift(int fd)
{
	return fd >= 0 ? fcntl(fd, F_DUPFD, 10) : -1;
}

/* No terminal, no directory, no descriptor but the sockets and a mount. */
static int
detach(struct session_process *p)
{
	const struct session_process from = {
	    lift(p->front), lift(p->minder), lift(p->events), lift(p->private), -1, -1, -1, -1, -1};
	int null = open("/dev/null", O_RDWR), next = 5;

	(void)
	    randombytes_close(); /* without getrandom libsodium keeps a descriptor open, and would read whatever takes its number */
	if (null < 0 || from.front < 0 || from.minder < 0 || (p->private >= 0 && from.private < 0) || chdir("/") != 0)
		return -1;
	setsid();
	for (int i = 0; i <= 2; i++)
		dup2(null, i);
	p->front = dup3(from.front, 3, O_CLOEXEC);
	p->minder = dup2(from.minder, 4); /* inherited by fusermount3 on purpose, see minder.h */
	p->events = from.events >= 0 ? dup3(from.events, next++, O_CLOEXEC) : -1;
	p->private = from.private >= 0 ? dup3(from.private, next++, O_CLOEXEC) : -1;
	close_range((unsigned)next, ~0u, 0);
	randombytes_stir(); /* it is opened again, before the fence */
	return 0;
}

int
session_process_start(struct session_process *p)
{
	if (detach(p) != 0)
		return -1;
	p->signals = read_signals();
	p->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->deadline = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	p->beat = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	p->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC); /* without it, the beat has to be enough */
	return p->signals < 0 || p->ended < 0 || p->deadline < 0 || p->beat < 0 ? -1 : 0;
}

/* ---- what its fence leaves it --------------------------------------------------------------------------------------------- */

struct above {
	dev_t dev;
	const char *path;               /* of the stick */
	char parent[MOUNTPOINT_MAX];    /* of where its file system is mounted */
};

static int
find_above(void *arg, const struct mountinfo *m)
{
	struct above *a = arg;
	size_t n = strlen(m->path);
	const char *slash = strrchr(m->path, '/');

	if (major(a->dev) == 0 || m->dev != a->dev || strncmp(a->path, m->path, n) != 0 || strchr("/", a->path[n]) == NULL ||
	    slash == NULL || slash == m->path)
		return 0;
	snprintf(a->parent, sizeof a->parent, "%.*s", (int)(slash - m->path), m->path);
	return 0;
}

/* Whether path is the person's home directory, or is in it, or it is unknown where that is. */
static bool
is_at_home(const char *path)
{
	const char *home = getenv("HOME");
	char real[PATH_MAX];
	size_t n;

	if (home == NULL || realpath(home, real) == NULL)
		return true;
	n = strcmp(real, "/") == 0 ? 0 : strlen(real);
	return strncmp(path, real, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

void
session_process_fence(const struct session_files *s)
{
	struct above above = {.path = s->stick_path};
	struct stat st;
	int found;

	if (filestat_fd(s->stick_fd, &st) == 0)
		above.dev = st.st_dev;
	found = mountinfo_each(find_above, &above);
	struct fence_path paths[HERE + ALWAYS] = {
		{s->station_dir, -1, FENCE_MAKE},
		{NULL, s->stick_fd, FENCE_READ},
		{STICK_ONCE, s->stick_fd, s->reads ? FENCE_READ : FENCE_WRITE},
		{above.parent, -1, found != 0 || is_at_home(above.parent) ? FENCE_LIST : FENCE_READ},
	};

	memcpy(paths + HERE, always, sizeof always);
	fence_paths(paths, HERE + ALWAYS);
}
