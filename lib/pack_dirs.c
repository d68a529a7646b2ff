/*
 * pack_dirs.c - descriptors of a folder's directories, only a few at once, however deep and wide the folder is.
 *
 * Breadth-first order asks for the children of one directory after another, so the directories used last are nearly always the
 * ones to start from. The kernel never resolves a path: each step is a single name, and never a link.
 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "pack_internal.h"

#define KEEP_OF_A_WALK 8u

static int
cached(struct pack_source *src, uint32_t ino)
{
	struct pack_dirs *d = &src->dirs;
	size_t i;

	if (ino == 0)
		return src->folder_fd;
	for (i = 0; i < PACK_DIRS; i++) {
		if (d->slot[i].ino == ino) {
			d->slot[i].used = ++d->clock;
			return d->slot[i].fd;
		}
	}
	return -1;
}

static void
keep(struct pack_dirs *d, uint32_t ino, int fd)
{
	size_t i, oldest = 0;

	for (i = 1; i < PACK_DIRS; i++) {
		if (d->slot[i].used < d->slot[oldest].used)
			oldest = i;
	}
	if (d->slot[oldest].ino != 0)
		close(d->slot[oldest].fd);
	d->slot[oldest].ino = ino;
	d->slot[oldest].fd = fd;
	d->slot[oldest].used = ++d->clock;
}

/* Step down from the open directory fd through chain[n - 1] ... chain[0]. */
static int
descend(struct pack_source *src, int fd, const uint32_t *chain, size_t n)
{
	bool ours = false; /* nothing owns fd yet */

	while (n-- > 0) {
		const char *name = pack_source_name(src, &src->entries[chain[n]]);
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), e = errno;

		if (ours)
			close(fd);
		errno = e;
		if (next < 0)
			return -1;
		fd = next;
		ours = n >= KEEP_OF_A_WALK;
		if (!ours)
			keep(&src->dirs, chain[n], fd);
	}
	return fd;
}

int
pack_dirs_open(struct pack_source *src, uint32_t ino)
{
	uint32_t *chain = NULL, i = ino;
	size_t n = 0, depth = 0;
	int fd = cached(src, ino);

	if (fd >= 0)
		return fd;
	do {
		i = src->entries[i].parent;
		depth++;
		fd = cached(src, i);
	} while (fd < 0);
	chain = calloc(depth, sizeof *chain);
	if (chain == NULL)
		return -1;
	for (i = ino; n < depth; i = src->entries[i].parent)
		chain[n++] = i;
	fd = descend(src, fd, chain, depth);
	free(chain);
	return fd;
}

void
pack_dirs_close(struct pack_source *src)
{
	size_t i;

	for (i = 0; i < PACK_DIRS; i++) {
		if (src->dirs.slot[i].ino != 0)
			close(src->dirs.slot[i].fd);
		src->dirs.slot[i].ino = 0;
		src->dirs.slot[i].used = 0;
	}
}
