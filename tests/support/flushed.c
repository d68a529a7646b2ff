#include "flushed.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#pragma GCC visibility push(default)

#include "opened.h"

#define UNFLUSHED_MAX 256u

/* A file with bytes, or a directory with names, that are not on the medium; or, with lost, that was renamed so. */
static struct unflushed {
	dev_t dev;
	ino_t ino;
	const char *call;
	char name[64];
	bool lost;
} all[UNFLUSHED_MAX];
static size_t count;
static unsigned flushes;
static const char *watched; /* NULL: nothing */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct unflushed *
find(const struct stat *st)
{
	for (size_t i = 0; i < count; i++) {
		if (all[i].dev == st->st_dev && all[i].ino == st->st_ino)
			return &all[i];
	}
	return NULL;
}

/* Whether the name, in the directory of the descriptor, is watched. */
static bool
is_watched(int dir_fd, const char *name)
{
	char link[40], path[8192] = "";
	size_t n = watched != NULL ? strlen(watched) : 0;
	ssize_t len = 0;

	if (n > 0 && name[0] != '/') {
		snprintf(link, sizeof link, dir_fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir_fd);
		if ((len = readlink(link, path, 4096)) < 0)
			return false;
	}
	snprintf(path + len, sizeof path - (size_t)len, "%s%s", len > 0 && name[0] != 0 ? "/" : "", name);
	return n > 0 && strncmp(path, watched, n) == 0 && (path[n] == 0 || path[n] == '/');
}

static void
note(const struct stat *st, const char *call, const char *name)
{
	struct unflushed *u = NULL;

	pthread_mutex_lock(&lock);
	if ((u = find(st)) == NULL && count < UNFLUSHED_MAX) {
		u = &all[count++];
		*u = (struct unflushed){.dev = st->st_dev, .ino = st->st_ino, .call = call};
		snprintf(u->name, sizeof u->name, "%s", name);
	}
	pthread_mutex_unlock(&lock);
}

static void
forget(const struct stat *st, bool whole_medium)
{
	size_t kept = 0;

	pthread_mutex_lock(&lock);
	flushes++;
	for (size_t i = 0; i < count; i++) {
		bool same = all[i].dev == st->st_dev && (whole_medium || all[i].ino == st->st_ino);

		if (!same || all[i].lost)
			all[kept++] = all[i];
	}
	count = kept;
	pthread_mutex_unlock(&lock);
}

void
flushed_watch(const char *path)
{
	count = 0;
	flushes = 0;
	watched = path;
}

const char *
flushed_left(void)
{
	static char text[160];

	text[0] = 0;
	if (count > 0)
		snprintf(text, sizeof text, "%s of %s%s", all[0].call, all[0].name,
		    all[0].lost ? ", before its bytes were flushed" : "");
	return text;
}

unsigned
flushed_count(void)
{
	return flushes;
}

/* The directory that a name is in has changed. */
static void
note_parent(int dir_fd, const char *path, const char *call)
{
	const char *slash = strrchr(path, '/');
	char parent[4096] = ".";
	struct stat st;

	if (!is_watched(dir_fd, path))
		return;
	if (slash != NULL)
		snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	if (fstatat(dir_fd, parent, &st, 0) == 0)
		note(&st, call, path);
}

static void
note_fd(int fd, const char *call)
{
	char link[32], name[4096] = "";
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !is_watched(fd, ""))
		return;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (readlink(link, name, sizeof name - 1) > 0)
		note(&st, call, strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name);
}

static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	bool fresh = (flags & O_CREAT) != 0 && syscall(SYS_faccessat, dir_fd, path, F_OK) != 0;
	int fd = (int)syscall(SYS_openat, dir_fd, path, flags | O_LARGEFILE, mode);

	if (fd >= 0 && fresh)
		note_parent(dir_fd, path, name);
	return fd;
}

static int
flush(long call, int fd, bool whole_medium)
{
	int r = (int)syscall(call, fd);
	struct stat st;

	if (r == 0 && fstat(fd, &st) == 0)
		forget(&st, whole_medium);
	return r;
}

int
fsync(int fd)
{
	return flush(SYS_fsync, fd, false);
}

int
fdatasync(int fd)
{
	return flush(SYS_fdatasync, fd, false);
}

int
syncfs(int fd)
{
	return flush(SYS_syncfs, fd, true);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	ssize_t r = syscall(SYS_write, fd, buf, n);

	if (r > 0)
		note_fd(fd, "write");
	return r;
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	ssize_t r = call_pwrite(fd, buf, n, off);

	if (r > 0)
		note_fd(fd, "write");
	return r;
}

int
ftruncate(int fd, off_t n)
{
	int r = call_ftruncate(fd, n);

	if (r == 0)
		note_fd(fd, "truncate");
	return r;
}

#ifndef __USE_FILE_OFFSET64
ssize_t pwrite64(int fd, const void *buf, size_t n, off_t off) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off_t n) __attribute__((alias("ftruncate")));
#endif

int
mkdirat(int dir_fd, const char *path, mode_t mode)
{
	int r = (int)syscall(SYS_mkdirat, dir_fd, path, mode);

	if (r == 0)
		note_parent(dir_fd, path, "mkdir");
	return r;
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int
unlinkat(int dir_fd, const char *path, int flags)
{
	struct stat st;
	bool there = fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	int r = (int)syscall(SYS_unlinkat, dir_fd, path, flags);

	if (r != 0)
		return r;
	if (there && (S_ISDIR(st.st_mode) || st.st_nlink == 1))
		forget(&st, false);
	note_parent(dir_fd, path, "remove");
	return r;
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	struct unflushed *u = NULL;
	struct stat st;
	bool there = fstatat(from_fd, from, &st, AT_SYMLINK_NOFOLLOW) == 0;
	int r = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);

	if (r != 0)
		return r;
	pthread_mutex_lock(&lock);
	if (there && (u = find(&st)) != NULL) {
		u->lost = true;
		u->call = "rename";
	}
	pthread_mutex_unlock(&lock);
	note_parent(from_fd, from, "rename");
	note_parent(to_fd, to, "rename");
	return r;
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}
