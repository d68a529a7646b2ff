#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "stickio.h"

/* In all five seconds: a worn stick takes two of them for both copies of a record. */
#define WAITS 100
#define WAIT_NS 50000000L

struct hold {
	size_t count;
	int fds[STICK_GRANTS_MAX];
	int waits;                      /* that are left */
};

/* The file may have been removed between our open and our lock: then we hold a lock on nothing. */
static bool
still_named(int dir_fd, int fd)
{
	struct stat path, file;

	return fstatat(dir_fd, STICK_LOCK_A, &path, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &file) == 0 &&
	    path.st_dev == file.st_dev && path.st_ino == file.st_ino;
}

/* Return a locked descriptor, or -1 with errno: EAGAIN if it is worth another try. */
static int
try_lock(int dir_fd)
{
	int fd = stickio_open_file(dir_fd, STICK_LOCK_A, O_RDWR, NULL), saved = EAGAIN;

	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		saved = errno;
	else if (still_named(dir_fd, fd))
		return fd;
	close(fd);
	errno = saved;
	return -1;
}

/* Two names of one file, as only a stick made by hand has them: to lock the second we would wait for ourselves. */
static bool
holds_already(const struct hold *h, int dir_fd)
{
	struct stat name, file;

	if (fstatat(dir_fd, STICK_LOCK_A, &name, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	for (size_t i = 0; i < h->count; i++)
		if (fstat(h->fds[i], &file) == 0 && file.st_dev == name.st_dev && file.st_ino == name.st_ino)
			return true;
	return false;
}

static enum err
hold_one(struct hold *h, int dir_fd, struct fault *f)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};
	int fd;

	if (holds_already(h, dir_fd))
		return E_OK;
	while ((fd = try_lock(dir_fd)) == -1 && (errno == EAGAIN || errno == EINTR) && h->waits-- > 0)
		nanosleep(&pause, NULL);
	if (fd != -1)
		h->fds[h->count++] = fd;
	else if (errno == EAGAIN || errno == EINTR)
		return fault_set(f, E_STICK_BUSY, 0, "flock", "%s", STICK_LOCK_A);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return fault_set(f, E_FAIL, errno, "flock", "%s", STICK_LOCK_A);
	return E_OK;
}

static enum err
hold_ids(struct hold **out, const struct stick *s, const uint8_t (*ids)[ID_SIZE], size_t count, struct fault *f)
{
	struct hold *h = calloc(1, sizeof *h);
	enum err err = E_OK;

	*out = NULL;
	if (h == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "lock");
	h->waits = WAITS;
	for (size_t i = 0; i < count && err == E_OK; i++) {
		int fd = stick_grant_dir(s, ids[i]);

		if (fd == -1)
			continue;
		err = hold_one(h, fd, f);
		close(fd);
	}
	if (err == E_OK) {
		*out = h;
		h = NULL;
	}
	hold_release(&h);
	return err;
}

enum err
hold_grant(struct hold **h, const struct stick *s, const uint8_t grant_id[ID_SIZE], struct fault *f)
{
	uint8_t ids[1][ID_SIZE];

	memcpy(ids[0], grant_id, ID_SIZE);
	return hold_ids(h, s, (const uint8_t(*)[ID_SIZE])ids, 1, f);
}

/* Ascending by id, so that two who want them all do not wait for each other. */
enum err
hold_stick(struct hold **h, const struct stick *s, struct fault *f)
{
	uint8_t ids[STICK_GRANTS_MAX][ID_SIZE];
	int fd = stickio_open_dir(s->once_fd, STICK_GRANTS), count = 0;

	*h = NULL;
	if (fd != -1) {
		count = stickio_ids(fd, "", ids, STICK_GRANTS_MAX);
		close(fd);
	}
	if (count < 0)
		count = 0;
	if ((unsigned)count > STICK_GRANTS_MAX)
		count = STICK_GRANTS_MAX;
	return hold_ids(h, s, (const uint8_t(*)[ID_SIZE])ids, (size_t)count, f);
}

bool
hold_readable(const struct hold *h)
{
	uint8_t byte;

	if (h == NULL || h->count == 0)
		return true;
	(void)posix_fadvise(h->fds[0], 0, 0, POSIX_FADV_DONTNEED);
	return pread(h->fds[0], &byte, sizeof byte, 0) >= 0;
}

void
hold_release(struct hold **h)
{
	if (*h == NULL)
		return;
	for (size_t i = 0; i < (*h)->count; i++)
		close((*h)->fds[i]);
	free(*h);
	*h = NULL;
}
