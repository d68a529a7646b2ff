#include "sessions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "mountpoint.h"
#include "station.h"

static void
add(void *arg, const char *lock_name, const struct control_state *state)
{
	struct sessions *s = arg;
	struct sessions_one *list;

	if ((list = array_grow(s->list, s->count, &s->room, sizeof *list)) == NULL)
		return;
	s->list = list;
	snprintf(list[s->count].lock_name, sizeof list[s->count].lock_name, "%s", lock_name);
	list[s->count++].state = *state;
}

/* ---- what a session that was killed has left ------------------------------------------------------------------------------- */

/*
 * Nobody holds the lock, which a session holds from before its mount until after it. But by now the path may belong to another
 * session: what goes is the mount that the dead session had, and only if nobody answers for it.
 */
static bool
clear_left(void *arg, const struct station_holder *h, int64_t since)
{
	(void)arg;
	if (mountpoint_is_covered(h->mountpoint, &h->mount))
		return false; /* another time */
	if (!mountpoint_is(h->mountpoint, &h->mount) || !mountpoint_is_dead(h->mountpoint))
		return true;
	return mountpoint_clear(h->mountpoint, &h->mount, h->made, since);
}

static void
sweep(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (d == NULL && fd >= 0)
		close(fd);
	for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		if (e->d_type == DT_REG || e->d_type == DT_UNKNOWN)
			station_left(dir_fd, e->d_name, clear_left, NULL);
	if (d != NULL)
		closedir(d);
}

/* ---- those that run --------------------------------------------------------------------------------------------------------- */

#define PATH_SIZE (PATH_MAX + 16)

/* Open the directory of locks and sockets, if this PC has one, and clear away what dead sessions have left. path becomes its name.
 */
static enum err
open_swept(struct sessions *s, char path[PATH_SIZE], struct fault *f)
{
	char dir[PATH_MAX];

	*s = (struct sessions){.dir_fd = -1};
	if (station_dir(dir, sizeof dir) != 0)
		return fault_why(f, E_STATION, 0, WHY_NO_HOME, "station memory");
	snprintf(path, PATH_SIZE, "%s/session", dir);
	if ((s->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return errno == ENOENT ? E_OK : fault_set(f, E_STATION, errno, "open", "%s", path);
	sweep(s->dir_fd);
	return E_OK;
}

enum err
sessions_find(struct sessions *s, struct fault *f)
{
	char path[PATH_SIZE];
	enum err err = open_swept(s, path, f);

	if (err != E_OK || s->dir_fd < 0)
		return err;
	if (control_each(s->dir_fd, add, s) < 0)
		return fault_set(f, E_STATION, errno, "list", "%s", path);
	return E_OK;
}

void
sessions_tidy(void)
{
	struct sessions s;
	char path[PATH_SIZE];

	open_swept(&s, path, NULL);
	sessions_free(&s);
}

void
sessions_free(struct sessions *s)
{
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	free(s->list);
	*s = (struct sessions){.dir_fd = -1};
}

/* The session whose folder had this name; if several had it, the one that is there now. */
static const struct sessions_one *
pick_named(const struct sessions *s, const char *dir)
{
	const struct sessions_one *found = NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct control_state *state = &s->list[i].state;

		if (strcmp(state->mount_point, dir) == 0 && (found == NULL || mountpoint_is(dir, &state->mount)))
			found = &s->list[i];
	}
	return found;
}

const struct sessions_one *
sessions_named(const struct sessions *s, const char *dir)
{
	const struct sessions_one *one = pick_named(s, dir);
	char real[PATH_MAX];

	/* First compare with the path as it was printed, without touching the mount. */
	return one != NULL || realpath(dir, real) == NULL ? one : pick_named(s, real);
}
