/*
 * deny.c - one kind of call fails on one file, with one errno. Loaded by LD_PRELOAD into the installed program, which reads from
 * the environment: ONCE_DENY="open EACCES stick.a", "read EIO *.seg", "write ENOSPC station.sqlite*". The name is a pattern
 * (fnmatch(3)) for the last part of the path; ONCE_DENY_FROM is the offset from which on reads and writes fail.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#pragma GCC visibility push(default)

#include "opened.h"

#define FDS_MAX 1024

static char call[16], pattern[128];
static int error;
static uint64_t from;
static _Atomic bool marked[FDS_MAX]; /* descriptors of the file */

__attribute__((constructor)) static void
begin(void)
{
	static const struct { const char *name; int error; } names[] = {{"EACCES", EACCES}, {"EPERM", EPERM}, {"EMFILE", EMFILE},
	    {"ENFILE", ENFILE}, {"ENOMEM", ENOMEM}, {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"ENOSYS", ENOSYS}, {"EFBIG", EFBIG},
	    {"EROFS", EROFS}, {"ENXIO", ENXIO}, {"ERANGE", ERANGE}};
	const char *plan = getenv("ONCE_DENY"), *least = getenv("ONCE_DENY_FROM");
	char name[16];

	if (plan == NULL || sscanf(plan, "%15s %15s %127s", call, name, pattern) != 3)
		return;
	from = least != NULL ? strtoull(least, NULL, 10) : 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i].name) == 0)
			error = names[i].error;
}

static bool
is_it(const char *path)
{
	const char *slash = strrchr(path, '/');

	return error != 0 && fnmatch(pattern, slash != NULL ? slash + 1 : path, 0) == 0;
}

static bool
fails(const char *what)
{
	if (strcmp(call, what) != 0)
		return false;
	errno = error;
	return true;
}

static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	bool it = is_it(path);
	int fd = -1;

	(void)name;
	if (it && (fails("open") || ((flags & O_ACCMODE) != O_RDONLY && fails("open-to-write"))))
		return -1;
	fd = (int)syscall(SYS_openat, dir_fd, path, flags | O_LARGEFILE, mode);
	if (fd >= 0 && fd < FDS_MAX)
		marked[fd] = it;
	return fd;
}

static bool
fails_there(const char *what, int fd, uint64_t off)
{
	return fd >= 0 && fd < FDS_MAX && marked[fd] && off >= from && fails(what);
}

ssize_t
read(int fd, void *buf, size_t n)
{
	return fails_there("read", fd, (uint64_t)lseek(fd, 0, SEEK_CUR)) ? -1 : syscall(SYS_read, fd, buf, n);
}

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	return fails_there("read", fd, (uint64_t)off) ? -1 : call_pread(fd, buf, n, off);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	return fails_there("write", fd, UINT64_MAX) ? -1 : syscall(SYS_write, fd, buf, n);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	return fails_there("write", fd, (uint64_t)off) ? -1 : call_pwrite(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off64_t off) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t off) __attribute__((alias("pwrite")));
#endif
