#include "playhome.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filestat.h"
#include "stage.h"

#define FILE_BYTES_MAX (1u << 20)
#define BYTES_MAX (16u << 20) /* all files together */
#define ENTRIES_MAX 4000u
#define DEPTH_MAX 6u

/* ---- where things are ----------------------------------------------------------------------------------------------------- */

static void
below(char out[PATH_MAX], const char *dir, const char *name)
{
	int n = dir[0] == '/' ? snprintf(out, PATH_MAX, "%s/%s", dir, name) : 0;

	if (n <= 0 || n >= PATH_MAX)
		out[0] = '\0';
}

static void
base(char out[PATH_MAX], const char *value, const char *home, const char *otherwise)
{
	if (value != NULL && value[0] == '/' && strlen(value) < PATH_MAX)
		memcpy(out, value, strlen(value) + 1);
	else
		below(out, home, otherwise);
}

void
playhome_find(struct playhome *p, const char *own)
{
	const char *home = getenv("HOME");
	size_t n = 0;

	*p = (struct playhome){.own = own};
	base(p->home, home, "", "");
	base(p->config, getenv("XDG_CONFIG_HOME"), p->home, ".config");
	base(p->data, getenv("XDG_DATA_HOME"), p->home, ".local/share");
	base(p->cache, getenv("XDG_CACHE_HOME"), p->home, ".cache");
	below(p->recent[0], p->data, "recently-used.xbel");
	below(p->recent[1], p->data, "RecentDocuments");
	below(p->thumbnails, p->home, ".thumbnails");
	/* These are for programs that look in the usual places, whatever the environment says. */
	p->covered[n++] = p->cache;
	p->covered[n++] = p->recent[0];
	p->covered[n++] = p->recent[1];
	p->covered[n] = p->thumbnails;
}

/* ---- copies --------------------------------------------------------------------------------------------------------------- */

struct copying {
	const char *own;       /* the name of the player's own directories */
	size_t bytes, entries; /* so far */
};

/* A directory to copy from, and the one to copy to. */
struct level {
	const char *from;
	int from_dir, to_dir;
	unsigned depth; /* 0: link the directories that are not own; below own copy everything */
};

/* Copy a file, unless that is too much; then the player has fewer of its settings. */
static int
copy_file(struct copying *c, int from_dir, int to_dir, const char *name, off_t size)
{
	char buf[16384];
	int from, to = -1, r = -1;
	ssize_t n = 0;

	if (size > FILE_BYTES_MAX || c->bytes + (size_t)size > BYTES_MAX)
		return 0;
	if ((from = openat(from_dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
		return 0;
	c->bytes += (size_t)size;
	if ((to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		goto out;
	for (off_t done = 0; done < size && (n = read(from, buf, sizeof buf)) > 0; done += n)
		if (write(to, buf, (size_t)n) != n)
			goto out;
	r = 0;
out:
	close(from);
	if (to >= 0)
		close(to);
	return r;
}

/* Names that are about documents, not settings, or that other programs keep for the whole desktop. */
static bool
is_left_out(const char *name)
{
	static const char *const left_out[] = {".", "..", "RecentDocuments", "Trash", "gvfs-metadata", "thumbnails", "watch_later"};

	for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
		if (strcmp(name, left_out[i]) == 0)
			return true;
	return strncmp(name, "recently-used", strlen("recently-used")) == 0;
}

static int mirror(struct copying *c, const char *from, int to_dir, unsigned depth);

static int
mirror_one(struct copying *c, const struct level *l, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int sub, r;

	if (is_left_out(name) || filestat_follow(l->from_dir, name, &st) != 0 || ++c->entries > ENTRIES_MAX)
		return 0;
	if (S_ISREG(st.st_mode))
		return copy_file(c, l->from_dir, l->to_dir, name, st.st_size);
	below(path, l->from, name);
	if (!S_ISDIR(st.st_mode) || path[0] == '\0' || l->depth >= DEPTH_MAX)
		return 0;
	if (l->depth == 0 && strcmp(name, c->own) != 0)
		return symlinkat(path, l->to_dir, name);
	if (mkdirat(l->to_dir, name, 0700) != 0 || (sub = openat(l->to_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	r = mirror(c, path, sub, l->depth + 1);
	close(sub);
	return r;
}

/* Copy the directory from, if it exists, to to_dir. */
static int
mirror(struct copying *c, const char *from, int to_dir, unsigned depth)
{
	DIR *d = from[0] != '\0' ? opendir(from) : NULL;
	int r = 0, e;

	for (const struct dirent *entry; d != NULL && r == 0 && (entry = readdir(d)) != NULL;)
		r = mirror_one(c, &(struct level){from, dirfd(d), to_dir, depth}, entry->d_name);
	e = errno;
	if (d != NULL)
		closedir(d);
	errno = e;
	return r;
}

static int
furnish_one(const char *from, const char *to, const char *own)
{
	struct copying c = {.own = own};
	int fd, r;

	if (mkdir(to, 0700) != 0 || (fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	r = mirror(&c, from, fd, 0);
	close(fd);
	return r;
}

int
playhome_furnish(void *arg)
{
	const struct playhome *p = arg;

	if (mkdir(STAGE_DIR "/cache", 0700) != 0 || mkdir(STAGE_DIR "/state", 0700) != 0)
		return -1;
	return furnish_one(p->config, STAGE_DIR "/config", p->own) != 0 || furnish_one(p->data, STAGE_DIR "/data", p->own) != 0 ? -1
																: 0;
}

/* ---- the environment ------------------------------------------------------------------------------------------------------ */

char **
playhome_env(char *const *old)
{
	/* GIO_USE_VFS: for GNOME's programs a service outside remembers what they showed. */
	static const char *const ours[] = {"TMPDIR=/tmp", "XDG_CACHE_HOME=" STAGE_DIR "/cache",
	    "XDG_CONFIG_HOME=" STAGE_DIR "/config", "XDG_DATA_HOME=" STAGE_DIR "/data", "XDG_STATE_HOME=" STAGE_DIR "/state",
	    "GIO_USE_VFS=local", "PWD=", "OLDPWD="};
	const size_t count = sizeof ours / sizeof *ours;
	size_t n = 0, kept = 0;
	char **env;

	while (old[n] != NULL)
		n++;
	if ((env = calloc(n + count + 1, sizeof *env)) == NULL) /* NOLINT(bugprone-sizeof-expression): an array of pointers */
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool replaced = false;

		for (size_t k = 0; k < count; k++)
			replaced = replaced || strncmp(old[i], ours[k], strcspn(ours[k], "=") + 1) == 0;
		if (!replaced)
			env[kept++] = old[i];
	}
	for (size_t k = 0; k < count; k++)
		if (ours[k][strcspn(ours[k], "=") + 1] != '\0')
			env[kept++] = (char *)(uintptr_t)ours[k];
	return env;
}
