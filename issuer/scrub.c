/*
 * scrub.c - filling free space with random bytes.
 */
#include "scrub.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <sodium.h>

#include "mountinfo.h"
#include "stickio.h"

#define FILL_FILE (1ull << 30) /* below every file system's limit */
#define FILL_CHUNK (1u << 20)
#define FILL_MARK "oncestick fills free space here\n" /* how each begins, so that one that was left behind is recognised */
#define ROUNDS 2

static uint64_t
free_bytes(int dir_fd)
{
	struct statvfs vfs;

	return fstatvfs(dir_fd, &vfs) == 0 ? (uint64_t)vfs.f_bavail * vfs.f_frsize : 0;
}

uint64_t
scrub_bytes(int dir_fd)
{
	return ROUNDS * free_bytes(dir_fd);
}

struct fill {
	int dir;
	uint8_t *chunk;
	uint64_t done, all;
	const struct report *report;
	struct fault *f;
};

/* Every chunk is different, because each draws a key of its own. */
static void
new_chunk(struct fill *w)
{
	uint8_t seed[randombytes_SEEDBYTES];

	randombytes_buf(seed, sizeof seed);
	randombytes_buf_deterministic(w->chunk, FILL_CHUNK, seed);
}

static enum err
fill_fault(struct fill *w, const char *step)
{
	int sys = errno;

	return fault_set(w->f, sys == EROFS || sys == EACCES || sys == EPERM ? E_READONLY : E_STICK_IO, sys, step, "%s", SCRUB_DIR);
}

/* Write one file, until it is large enough or the stick is full. */
static enum err
fill_file(struct fill *w, unsigned number, bool *full)
{
	char name[24];
	uint64_t size = 0;
	enum err e = E_OK;
	int fd = -1;

	snprintf(name, sizeof name, "%06u", number);
	fd = openat(w->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	*full = fd < 0 && (errno == ENOSPC || errno == EDQUOT);
	if (fd < 0)
		return *full ? E_OK : fill_fault(w, "create");
	while (e == E_OK && !*full && size < FILL_FILE) {
		ssize_t n = 0;

		if (report_stopped(w->report)) {
			e = fault_set(w->f, E_INTERRUPTED, 0, "fill", "%s", "");
			break;
		}
		new_chunk(w);
		if (size == 0)
			memcpy(w->chunk, FILL_MARK, sizeof FILL_MARK - 1);
		n = write(fd, w->chunk, FILL_CHUNK);
		*full = n < 0 && (errno == ENOSPC || errno == EDQUOT);
		if (n < 0 && !*full && errno != EINTR)
			e = fill_fault(w, "write");
		size += n > 0 ? (uint64_t)n : 0;
		w->done += n > 0 ? (uint64_t)n : 0;
		report_update(w->report, w->done < w->all ? w->done : w->all, w->all);
	}
	if (e == E_OK && fsync(fd) != 0 && errno != ENOSPC)
		e = fill_fault(w, "fsync");
	if (close(fd) != 0 && e == E_OK)
		e = fill_fault(w, "close");
	return e;
}

static void
remove_files(int dir, unsigned count)
{
	char name[24];

	for (unsigned k = 0; k < count; k++) {
		snprintf(name, sizeof name, "%06u", k);
		(void)unlinkat(dir, name, 0);
	}
}

static enum err
fill_once(struct fill *w)
{
	unsigned count = 0;
	bool full = false;
	enum err e = E_OK;

	while (e == E_OK && !full)
		e = fill_file(w, count++, &full);
	remove_files(w->dir, count);
	if (fsync(w->dir) != 0 && errno != EINVAL && e == E_OK)
		e = fill_fault(w, "fsync");
	return e;
}

/* Whether a file was left by a run that was killed, judged by its name, its kind, and how it begins. */
static bool
is_fill(int dir, const char *name)
{
	char mark[sizeof FILL_MARK - 1];
	uint64_t size = 0;
	bool yes = false;
	int fd = -1;

	if (strspn(name, "0123456789") != 6 || name[6] != '\0' || (fd = stickio_open_file(dir, name, O_RDONLY, &size)) < 0)
		return false;
	yes = size == 0 || (stickio_read_full(fd, mark, sizeof mark, 0) == 0 && memcmp(mark, FILL_MARK, sizeof mark) == 0);
	close(fd);
	return yes;
}

/* Remove what a killed run has left, or only look. E_USAGE if there is anything else: that belongs to somebody. */
static enum err
take_over(struct fill *w, bool remove_it)
{
	struct dirent *e = NULL;
	enum err err = E_OK;
	int fd = stickio_open_dir(w->dir, ".");
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;

	if (list == NULL) {
		err = fill_fault(w, "list");
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (err == E_OK && (errno = 0, (e = readdir(list)) != NULL)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (!is_fill(w->dir, e->d_name))
			err = fault_why(w->f, E_USAGE, 0, WHY_FOREIGN, "%s", e->d_name);
		else if (remove_it && unlinkat(w->dir, e->d_name, 0) != 0)
			err = fill_fault(w, "remove");
	}
	if (err == E_OK && errno != 0)
		err = fill_fault(w, "list");
	closedir(list);
	return err;
}

enum err
scrub_check(int dir_fd, const char *path, struct fault *f)
{
	struct fill w = {.f = f};
	enum err e = E_OK;

	if (!mountinfo_is_top(dir_fd))
		return fault_why(f, E_USAGE, 0, WHY_NOT_A_MOUNT, "%s", path);
	if ((w.dir = stickio_open_dir(dir_fd, SCRUB_DIR)) < 0)
		return E_OK;
	e = take_over(&w, false);
	close(w.dir);
	return e;
}

static enum err
open_fill_dir(struct fill *w, int dir_fd)
{
	bool there = false;

	if (mkdirat(dir_fd, SCRUB_DIR, 0700) != 0 && !(there = errno == EEXIST))
		return fill_fault(w, "mkdir");
	w->dir = stickio_open_dir(dir_fd, SCRUB_DIR);
	if (w->dir < 0)
		return fill_fault(w, "open");
	return there ? take_over(w, true) : E_OK;
}

enum err
scrub_free_space(const struct report *report, int dir_fd, struct fault *f)
{
	struct fill w = {.dir = -1, .report = report, .f = f};
	enum err e = E_OK;

	w.chunk = malloc(FILL_CHUNK);
	if (w.chunk == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for filling");
	if ((e = open_fill_dir(&w, dir_fd)) != E_OK)
		goto out;
	w.all = scrub_bytes(dir_fd);
	report_start(report, REPORT_FILLING);
	for (int round = 0; round < ROUNDS && e == E_OK; round++)
		e = fill_once(&w);
	report_end(report, e == E_OK);
out:
	if (w.dir >= 0)
		close(w.dir);
	(void)unlinkat(dir_fd, SCRUB_DIR, AT_REMOVEDIR);
	free(w.chunk);
	return e;
}
