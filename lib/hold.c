#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "filestat.h"
#include "stickio.h"

/* Five seconds in all: a worn stick takes two for both copies of a record. */
#define WAITS 100
#define WAIT_NS 50000000L

struct hold {
	int waits;                      /* that are left */
	int once_fd;                    /* the whole stick; -1: not held */
	size_t count;
	int fds[];                      /* records of grants */
};

/* Between our open and our lock the file may have been removed: then the lock is on nothing. */
static bool
still_named(int dir_fd, int fd)
{
	struct stat path, file;

	return filestat_at(dir_fd, STICK_LOCK_A, &path) == 0 && filestat_fd(fd, &file) == 0 &&
	    path.st_dev == file.st_dev && path.st_ino == file.st_ino;
}

/* A locked descriptor, or -1 with errno: EAGAIN if it is worth another try. */
typedef int try_lock(int dir_fd);

static int
try_records(int dir_fd)
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

static int
try_dir(int dir_fd)
{
	int fd = stickio_open_dir(dir_fd, "."), saved = 0;

	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Set *fd, to -1 if no lock is possible. */
static enum err
wait_for(struct hold *h, try_lock *try, int dir_fd, const char *name, int *fd, struct fault *f)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};

	while ((*fd = try(dir_fd)) == -1 && (errno == EAGAIN || errno == EINTR) && h->waits-- > 0)
		nanosleep(&pause, NULL);
	if (*fd != -1)
		return E_OK;
	if (errno == EAGAIN || errno == EINTR)
		return fault_set(f, E_STICK_BUSY, 0, "flock", "%s", name);
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return fault_set(f, E_FAIL, errno, "flock", "%s", name);
	return E_OK;
}

/* Two names for one file, which only a stick made by hand has: if we locked the second we would wait for ourselves. */
static bool
holds_already(const struct hold *h, int dir_fd)
{
	struct stat name, file;

	if (filestat_at(dir_fd, STICK_LOCK_A, &name) != 0)
		return false;
	for (size_t i = 0; i < h->count; i++)
		if (filestat_fd(h->fds[i], &file) == 0 && file.st_dev == name.st_dev && file.st_ino == name.st_ino)
			return true;
	return false;
}

static enum err
add_grant(struct hold *h, const struct stick *s, const uint8_t id[ID_SIZE], struct fault *f)
{
	int dir_fd = stick_grant_dir(s, id), fd = -1;
	enum err err = E_OK;

	if (dir_fd == -1)
		return E_OK;
	if (!holds_already(h, dir_fd))
		err = wait_for(h, try_records, dir_fd, STICK_LOCK_A, &fd, f);
	if (fd != -1)
		h->fds[h->count++] = fd;
	close(dir_fd);
	return err;
}

static struct hold *
new_hold(size_t room, struct fault *f)
{
	struct hold *h = calloc(1, sizeof *h + room * sizeof h->fds[0]);

	if (h == NULL) {
		fault_set(f, E_FAIL, ENOMEM, "memory", "lock");
		return NULL;
	}
	h->waits = WAITS;
	h->once_fd = -1;
	return h;
}

enum err
hold_grant(struct hold **h, const struct stick *s, const uint8_t grant_id[ID_SIZE], struct fault *f)
{
	enum err err = E_OK;

	if ((*h = new_hold(1, f)) == NULL)
		return E_FAIL;
	if ((err = add_grant(*h, s, grant_id, f)) != E_OK)
		hold_release(h);
	return err;
}

/* Lock the whole first, so that two processes that want all of it do not wait for each other's records. */
enum err
hold_stick(struct hold **h, const struct stick *s, const struct stick_grants *grants, struct fault *f)
{
	enum err err = E_OK;

	if ((*h = new_hold(grants->count, f)) == NULL)
		return E_FAIL;
	err = wait_for(*h, try_dir, s->once_fd, STICK_ONCE, &(*h)->once_fd, f);
	for (size_t i = 0; i < grants->count && err == E_OK; i++)
		err = add_grant(*h, s, grants->grants[i].id, f);
	if (err != E_OK)
		hold_release(h);
	return err;
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
	if ((*h)->once_fd != -1)
		close((*h)->once_fd);
	free(*h);
	*h = NULL;
}
