/*
 * pack_ahead.c - what will be packed first is read before anybody packs it.
 */
#include "pack.h"

#include <fcntl.h>
#include <unistd.h>

#include "pack_internal.h"

#define STEP (128u << 10) /* the kernel takes at most this much of one request, if nobody has changed its read-ahead */

static int
open_file(struct pack_source *src, const struct pack_entry *e)
{
	int dir_fd = pack_dirs_open(src, e->parent);

	return dir_fd < 0 ? -1 :
	    openat(dir_fd, pack_source_name(src, e), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void
pack_ahead(struct pack_source *src, uint64_t bytes, bool (*stopped)(void *arg), void *arg)
{
	uint64_t left = bytes / STEP;

	for (size_t i = 0; i < src->count && left > 0 && !stopped(arg); i++) {
		const struct pack_entry *e = &src->entries[i];
		int fd = e->type == IMAGE_FILE && e->size > 0 ? open_file(src, e) : -1;

		for (uint64_t off = 0; fd >= 0 && off < e->size && left > 0 && !stopped(arg); off += STEP, left--)
			(void)posix_fadvise(fd, (off_t)off, STEP, POSIX_FADV_WILLNEED);
		if (fd >= 0)
			close(fd);
	}
	pack_dirs_close(src);
}
