/*
 * segment.c - reading the segment files of a bundle.
 */
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filestat.h"
#include "stickio.h"

/* How many descriptors one set keeps open; a stick may carry 64 bundles, and RLIMIT_NOFILE is often 1024. */
#define OPEN_MAX_FILES 12u

struct open_file {
	int fd;                 /* -1: free */
	uint32_t number;
	unsigned readers;
	bool stale;             /* belongs to an earlier directory: closed by its last reader */
	uint64_t used;
};

struct segment_set {
	int dir_fd;
	enum segment_mode mode;
	uint64_t blocks;
	pthread_mutex_t mutex;  /* guards what follows; not held while reading */
	uint64_t clock;
	struct open_file files[OPEN_MAX_FILES];
};

struct segment_set *
segment_new(int dir_fd, uint64_t blocks, enum segment_mode mode)
{
	struct segment_set *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->dir_fd = dir_fd;
	s->blocks = blocks;
	s->mode = mode;
	for (unsigned i = 0; i < OPEN_MAX_FILES; i++)
		s->files[i].fd = -1;
	if (pthread_mutex_init(&s->mutex, NULL) != 0) {
		free(s);
		return NULL;
	}
	return s;
}

void
segment_free(struct segment_set **s)
{
	if (*s == NULL)
		return;
	for (unsigned i = 0; i < OPEN_MAX_FILES; i++) {
		if ((*s)->files[i].fd >= 0)
			(void)close((*s)->files[i].fd);
	}
	(void)pthread_mutex_destroy(&(*s)->mutex);
	free(*s);
	*s = NULL;
}

uint32_t
segment_count(const struct segment_set *s)
{
	return (uint32_t)((s->blocks + SEGMENT_BLOCKS - 1) / SEGMENT_BLOCKS);
}

void
segment_name(char out[SEGMENT_NAME_SIZE], uint32_t number)
{
	(void)snprintf(out, SEGMENT_NAME_SIZE, "%08u.seg", number % 100000000u);
}

static uint64_t
segment_size(const struct segment_set *s, uint32_t number)
{
	uint64_t left = s->blocks - (uint64_t)number * SEGMENT_BLOCKS;

	return (left < SEGMENT_BLOCKS ? left : SEGMENT_BLOCKS) * BLOCK_SIZE;
}

/* ---- checking ----------------------------------------------------------------------------------------------------------- */

static int
check_one(const struct segment_set *s, uint32_t number)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	segment_name(name, number);
	if (filestat_at(s->dir_fd, name, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if (st.st_size < 0 || (uint64_t)st.st_size != segment_size(s, number)) {
		errno = EFBIG;
		return -1;
	}
	return 0;
}

static int
check_none(const struct segment_set *s, uint32_t number)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	segment_name(name, number);
	if (filestat_at(s->dir_fd, name, &st) == 0)
		errno = EEXIST;
	return errno == ENOENT ? 0 : -1;
}

int
segment_check(const struct segment_set *s, uint32_t *bad)
{
	uint32_t count = segment_count(s);

	for (uint32_t i = 0; i < count; i++) {
		if (check_one(s, i) != 0) {
			*bad = i;
			return -1;
		}
	}
	if (check_none(s, count) != 0) {
		*bad = count;
		return -1;
	}
	return 0;
}

/* ---- descriptors -------------------------------------------------------------------------------------------------------- */

static int
open_number(const struct segment_set *s, uint32_t number)
{
	char name[SEGMENT_NAME_SIZE];
	uint64_t size = 0;
	int fd;

	segment_name(name, number);
	fd = stickio_open_file(s->dir_fd, name, O_RDONLY | (s->mode == SEGMENT_DIRECT ? O_DIRECT : 0), &size);
	if (fd < 0)
		return -1;
	if (size != segment_size(s, number)) {
		(void)close(fd);
		errno = EIO;
		return -1;
	}
	if (s->mode == SEGMENT_DROP)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return fd;
}

static void
close_file(struct open_file *f)
{
	(void)close(f->fd);
	f->fd = -1;
	f->stale = false;
}

void
segment_move(struct segment_set *s, int dir_fd)
{
	(void)pthread_mutex_lock(&s->mutex);
	s->dir_fd = dir_fd;
	for (unsigned i = 0; i < OPEN_MAX_FILES; i++) {
		struct open_file *f = &s->files[i];

		if (f->fd >= 0 && f->readers == 0)
			close_file(f);
		else
			f->stale = f->fd >= 0;
	}
	(void)pthread_mutex_unlock(&s->mutex);
}

static struct open_file *
find_open(struct segment_set *s, uint32_t number)
{
	for (unsigned i = 0; i < OPEN_MAX_FILES; i++) {
		if (s->files[i].fd >= 0 && !s->files[i].stale && s->files[i].number == number)
			return &s->files[i];
	}
	return NULL;
}

/* A free place, or else the place of the file that nobody has read for longest, closed; NULL if all are being read. */
static struct open_file *
make_room(struct segment_set *s)
{
	struct open_file *best = NULL;

	for (unsigned i = 0; i < OPEN_MAX_FILES; i++) {
		struct open_file *f = &s->files[i];

		if (f->fd < 0)
			return f;
		if (f->readers == 0 && (best == NULL || f->used < best->used))
			best = f;
	}
	if (best != NULL)
		close_file(best);
	return best;
}

/*
 * A descriptor for a segment, with its place in *file; or one that belongs to the caller, with *file NULL, if all places are
 * taken. Give it back with put_file.
 */
static int
get_file(struct segment_set *s, uint32_t number, struct open_file **file)
{
	struct open_file *f = NULL;
	int fd = -1;

	(void)pthread_mutex_lock(&s->mutex);
	f = find_open(s, number);
	if (f == NULL && (f = make_room(s)) != NULL) {
		f->fd = open_number(s, number);
		f->number = number;
	}
	if (f == NULL) {
		fd = open_number(s, number);
	} else if (f->fd >= 0) {
		fd = f->fd;
		f->readers++;
		f->used = ++s->clock;
	}
	(void)pthread_mutex_unlock(&s->mutex);
	*file = f;
	return fd;
}

static void
put_file(struct segment_set *s, int fd, struct open_file *file)
{
	if (file == NULL) {
		(void)close(fd);
		return;
	}
	(void)pthread_mutex_lock(&s->mutex);
	if (--file->readers == 0 && file->stale)
		close_file(file);
	(void)pthread_mutex_unlock(&s->mutex);
}

static int
read_within(struct segment_set *s, uint64_t block, size_t count, uint8_t *buf)
{
	struct open_file *file = NULL;
	int fd, r, saved;

	fd = get_file(s, (uint32_t)(block / SEGMENT_BLOCKS), &file);
	if (fd < 0)
		return -1;
	r = stickio_read_full(fd, buf, count * BLOCK_SIZE, block % SEGMENT_BLOCKS * BLOCK_SIZE);
	saved = errno;
	put_file(s, fd, file);
	errno = saved;
	return r;
}

int
segment_read(struct segment_set *s, uint64_t block, size_t count, uint8_t *buf)
{
	if (block > s->blocks || count > s->blocks - block) {
		errno = EIO;
		return -1;
	}
	while (count > 0) {
		size_t room = (size_t)(SEGMENT_BLOCKS - block % SEGMENT_BLOCKS), n = count < room ? count : room;

		if (read_within(s, block, n, buf) != 0)
			return -1;
		block += n;
		count -= n;
		buf += n * BLOCK_SIZE;
	}
	return 0;
}
