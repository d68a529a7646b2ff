/*
 * pack_target.c - the segment files on one stick.
 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack_internal.h"
#include "stickio.h"

#define NAME_SIZE 32u
#define FLUSH_BLOCKS 64u /* 4 MiB */
#define FLUSH_SIZE ((off_t)FLUSH_BLOCKS * BLOCK_SIZE)

static void
segment_name(char name[NAME_SIZE], uint64_t block)
{
	snprintf(name, NAME_SIZE, "%08u.seg", (unsigned)(block / SEGMENT_BLOCKS));
}

static int
give_up(struct pack_target *t, struct pack_target_file *o, uint64_t block, const char *step)
{
	char name[NAME_SIZE];
	int e = errno;

	segment_name(name, block);
	fault_set(&t->fault, E_STICK_IO, e, step, "%s", name);
	pack_target_abandon(o);
	return -1;
}

static int
open_segment(struct pack_target *t, struct pack_target_file *o)
{
	char name[NAME_SIZE];

	if (o->fd >= 0)
		return 0;
	segment_name(name, o->block);
	o->fd = openat(t->bundle_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (o->fd < 0)
		return give_up(t, o, o->block, "create");
	(void)fchmod(o->fd, 0644);
	return 0;
}

static int
close_segment(struct pack_target *t, struct pack_target_file *o)
{
	int fd = o->fd, rc;

	if (fd < 0)
		return 0;
	do
		rc = fsync(fd);
	while (rc != 0 && errno == EINTR);
	if (rc != 0)
		return give_up(t, o, o->block - 1, "fsync");
	o->fd = -1;
	if (close(fd) != 0)
		return give_up(t, o, o->block - 1, "close");
	return 0;
}

static int
flush_range(int fd, off_t off, unsigned flags)
{
	if (off < 0 || sync_file_range(fd, off, FLUSH_SIZE, flags) == 0)
		return 0;
	/* If this is not supported, fsync does all of it. Any other error is the medium failing, which is reported only once. */
	return errno == ENOSYS || errno == EINVAL || errno == ESPIPE || errno == EPERM ? 0 : -1;
}

/*
 * At every 4 MiB, start writing these, and wait for the ones before. Then the final fsync has little left to do, what is reported
 * as written nearly is, and the page cache does not fill up with what nobody reads again.
 */
static int
flush(struct pack_target *t, struct pack_target_file *o, off_t end)
{
	if (end == 0 || end % FLUSH_SIZE != 0)
		return 0;
	if (flush_range(o->fd, end - FLUSH_SIZE, SYNC_FILE_RANGE_WRITE) != 0 ||
	    flush_range(o->fd, end - 2 * FLUSH_SIZE,
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) != 0)
		return give_up(t, o, o->block - 1, "sync_file_range");
	return 0;
}

/* Append blocks that are within one segment, and within one stretch of 4 MiB. */
static int
append(struct pack_target *t, struct pack_target_file *o, const uint8_t *p, size_t blocks)
{
	uint64_t off = o->block % SEGMENT_BLOCKS * BLOCK_SIZE;

	if (open_segment(t, o) != 0)
		return -1;
	if (stickio_write_full(o->fd, p, blocks * BLOCK_SIZE, off) != 0)
		return give_up(t, o, o->block, "write");
	o->block += blocks;
	if (flush(t, o, (off_t)(off + blocks * BLOCK_SIZE)) != 0)
		return -1;
	return o->block % SEGMENT_BLOCKS == 0 ? close_segment(t, o) : 0;
}

void
pack_target_write(struct pack_target *t, struct pack_target_file *o, const uint8_t *p, size_t blocks)
{
	while (blocks > 0 && t->fault.err == E_OK) {
		size_t n = FLUSH_BLOCKS - (size_t)(o->block % FLUSH_BLOCKS);

		if (n > blocks)
			n = blocks;
		if (append(t, o, p, n) != 0)
			return;
		p += n * BLOCK_SIZE;
		blocks -= n;
	}
}

void
pack_target_finish(struct pack_target *t, struct pack_target_file *o)
{
	if (t->fault.err != E_OK || close_segment(t, o) != 0)
		return;
	if (stickio_sync_dir(t->bundle_fd) != 0)
		give_up(t, o, 0, "fsync directory");
}

void
pack_target_abandon(struct pack_target_file *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}
