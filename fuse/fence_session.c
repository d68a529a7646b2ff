/*
 * fence_session.c - what an open session still opens.
 */
#include "fence.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "filestat.h"
#include "mountinfo.h"
#include "mountpoint.h"
#include "stick.h"

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

/* Whether path is the person's home directory, or in it; also if it is not known where that is. */
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
fence_session_files(const struct fence_session *s)
{
	struct above above = {.path = s->stick_path};
	struct stat st;
	int found;

	if (filestat_fd(s->stick_fd, &st) == 0)
		above.dev = st.st_dev;
	found = mountinfo_each(find_above, &above);
	const struct fence_path paths[] = {
		{s->station_dir, -1, FENCE_MAKE},
		{NULL, s->stick_fd, FENCE_READ},
		{STICK_ONCE, s->stick_fd, FENCE_WRITE},
		{above.parent, -1, found != 0 || is_at_home(above.parent) ? FENCE_LIST : FENCE_READ},
		{"/media", -1, FENCE_READ},
		{"/run/media", -1, FENCE_READ},
		{"/mnt", -1, FENCE_READ},
		{"/proc/self", -1, FENCE_READ},
		{"/sys", -1, FENCE_READ},
		{"/sys/devices/virtual/bdi", -1, FENCE_WRITE},
	};

	fence_paths(paths, sizeof paths / sizeof *paths);
}
