/*
 * dropped.h - checks that whatever is read to find out what a medium has does come from the medium, because its cache was dropped
 * before. Included once by a test. The advice to the kernel is recorded but not passed on: it would change nothing that a test
 * could see.
 */
#ifndef DROPPED_H
#define DROPPED_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

static struct {
	int fd;         /* -1: nothing was dropped */
	int64_t from, to;
	unsigned count;
} dropped = {.fd = -1};

__attribute__((visibility("default"))) int
posix_fadvise(int fd, off_t off, off_t n, int advice)
{
	if (advice == POSIX_FADV_DONTNEED) {
		dropped.fd = fd;
		dropped.from = off;
		dropped.to = n == 0 ? INT64_MAX : off + n;
		dropped.count++;
	}
	return 0;
}

#ifndef __USE_FILE_OFFSET64
int posix_fadvise64(int fd, off_t off, off_t n, int advice) __attribute__((alias("posix_fadvise"), visibility("default")));
#endif

/* Whether what was last dropped has these bytes. */
static inline bool
was_dropped(int fd, off_t off, size_t n)
{
	return fd >= 0 && fd == dropped.fd && dropped.from <= off && off + (int64_t)n <= dropped.to;
}

#endif
