#include "steps.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#pragma GCC visibility push(default)

#include "opened.h"

#define LISTED_MAX 16u

static struct step all[STEPS_MAX];
static size_t count, failing;
static int fails_with;
static const char *watched; /* NULL: nothing */

void
steps_begin(const char *top, size_t fail, int sys)
{
	count = 0;
	failing = fail;
	fails_with = sys;
	watched = top;
}

const struct step *
steps_end(size_t *n)
{
	watched = NULL;
	*n = count < STEPS_MAX ? count : STEPS_MAX;
	return all;
}

/* The path from the watched directory on, "." for itself; false if it is elsewhere. */
static bool
below(char out[512], int dir_fd, const char *name)
{
	const size_t top = strlen(watched);
	char link[40], path[1024] = "";
	ssize_t len = 0;

	if (name[0] != '/') {
		snprintf(link, sizeof link, "/proc/self/fd/%d", dir_fd);
		if (dir_fd < 0 || (len = readlink(link, path, sizeof path / 2)) < 0)
			return false;
	}
	snprintf(path + len, sizeof path - (size_t)len, "%s%s", len > 0 && name[0] != '\0' ? "/" : "", name);
	if (strncmp(path, watched, top) != 0 || (path[top] != '\0' && path[top] != '/'))
		return false;
	snprintf(out, 512, "%s", path[top] == '\0' ? "." : path + top + 1);
	return true;
}

void
steps_shorten(char *text)
{
	for (char *to = text, *from = text;; to++) {
		size_t n = strspn(from, "0123456789abcdef");

		*to = n == 32 ? '#' : *from;
		from += n == 32 ? 32 : 1;
		if (*to == '\0')
			break;
	}
}

/* Write a call down. Whether it is to fail, errno says why then. */
static bool
step(const char *call, int dir_fd, const char *name, const char *how, bool changes)
{
	char path[512];
	const int saved = errno;

	if (watched == NULL || !below(path, dir_fd, name)) {
		errno = saved;
		return false;
	}
	steps_shorten(path);
	if (count < STEPS_MAX) {
		all[count].changes = changes;
		snprintf(all[count].call, sizeof all[count].call, "%s%s", call, how);
		snprintf(all[count].path, sizeof all[count].path, "%.63s", path);
	}
	errno = ++count == failing ? fails_with : saved;
	return count == failing;
}

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* ---- looking -------------------------------------------------------------------------------------------------------------- */

/* Where a file system has no O_DIRECT it is opened all the same: what is done is the same everywhere. */
static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	const bool ours = watched != NULL, makes = (flags & O_CREAT) != 0, writes = (flags & O_ACCMODE) != O_RDONLY;
	char how[24];

	(void)name;
	snprintf(how, sizeof how, "%s%s", makes ? " new" : writes ? " to write" : "", (flags & O_DIRECT) != 0 ? " direct" : "");
	if (step("open", dir_fd, path, how, makes))
		return -1;
	return (int)syscall(SYS_openat, dir_fd, path, (ours ? flags & ~O_DIRECT : flags) | O_LARGEFILE, mode);
}

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	char how[48];

	snprintf(how, sizeof how, " at %llu", (unsigned long long)off);
	return step("pread", fd, "", how, false) ? -1 : call_pread(fd, buf, n, off);
}

int
statx(int dir_fd, const char *restrict path, int flags, unsigned mask, struct statx *restrict out)
{
	return step("statx", dir_fd, path, "", false) ? -1 : (int)syscall(SYS_statx, dir_fd, path, flags, mask, out);
}

int
faccessat(int dir_fd, const char *path, int mode, int flags)
{
	int (*real)(int, const char *, int, int) = NULL;
	void *symbol = next("faccessat");

	memcpy(&real, &symbol, sizeof real);
	return step("faccessat", dir_fd, path, "", false) ? -1 : real(dir_fd, path, mode, flags);
}

int
fstatvfs(int fd, struct statvfs *out)
{
	int (*real)(int, struct statvfs *) = NULL;
	void *symbol = next(sizeof out->f_bavail == 8 ? "fstatvfs64" : "fstatvfs");

	memcpy(&real, &symbol, sizeof real);
	return step("fstatvfs", fd, "", "", false) ? -1 : real(fd, out);
}

/* Directories that are being listed. */
static struct listing {
	DIR *dir; /* NULL: none */
	size_t count, at;
	struct dirent entries[LISTED_MAX];
} listings[4];

static struct dirent *
real_readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) = NULL;
	void *symbol = next(sizeof ((struct dirent *)NULL)->d_ino == 8 ? "readdir64" : "readdir");

	memcpy(&real, &symbol, sizeof real);
	return real(dir);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct dirent *)a)->d_name, ((const struct dirent *)b)->d_name);
}

static struct listing *
list(DIR *dir)
{
	struct listing *found = NULL;
	struct dirent *e = NULL;

	for (size_t i = 0; i < sizeof listings / sizeof *listings; i++) {
		if (listings[i].dir == dir)
			return &listings[i];
		if (listings[i].dir == NULL)
			found = &listings[i];
	}
	if (found == NULL)
		abort();
	*found = (struct listing){.dir = dir};
	while ((e = real_readdir(dir)) != NULL && found->count < LISTED_MAX)
		memcpy(&found->entries[found->count++], e, e->d_reclen < sizeof *e ? e->d_reclen : sizeof *e);
	qsort(found->entries, found->count, sizeof *found->entries, by_name);
	return found;
}

struct dirent *
readdir(DIR *dir)
{
	struct listing *l = NULL;

	if (watched == NULL)
		return real_readdir(dir);
	if (step("readdir", dirfd(dir), "", "", false))
		return NULL;
	l = list(dir);
	return l->at < l->count ? &l->entries[l->at++] : NULL;
}

int
closedir(DIR *dir)
{
	int (*real)(DIR *) = NULL;
	void *symbol = next("closedir");

	memcpy(&real, &symbol, sizeof real);
	for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
		if (listings[i].dir == dir)
			listings[i].dir = NULL;
	return real(dir);
}

int
flock(int fd, int operation)
{
	char how[24];

	snprintf(how, sizeof how, " %d", operation);
	return step("flock", fd, "", how, false) ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int
posix_fadvise(int fd, off_t off, off_t n, int advice)
{
	(void)off, (void)n, (void)advice;
	return step("fadvise", fd, "", "", false) ? fails_with : 0; /* advice that is not taken is no difference */
}

/* ---- changing ------------------------------------------------------------------------------------------------------------- */

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	char how[64];

	snprintf(how, sizeof how, " %zu at %llu", n, (unsigned long long)off);
	return step("pwrite", fd, "", how, true) ? -1 : call_pwrite(fd, buf, n, off);
}

/* No power is cut here: to wait for the disk would be no difference. */
int
fsync(int fd)
{
	return step("fsync", fd, "", "", true) ? -1 : 0;
}

int
fdatasync(int fd)
{
	return step("fdatasync", fd, "", "", true) ? -1 : 0;
}

int
fchmod(int fd, mode_t mode)
{
	char how[24];

	snprintf(how, sizeof how, " %o", (unsigned)mode);
	return step("fchmod", fd, "", how, true) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int
mkdirat(int dir_fd, const char *name, mode_t mode)
{
	return step("mkdir", dir_fd, name, "", true) ? -1 : (int)syscall(SYS_mkdirat, dir_fd, name, mode);
}

int
unlinkat(int dir_fd, const char *name, int flags)
{
	return step(flags != 0 ? "rmdir" : "unlink", dir_fd, name, "", true) ? -1 : (int)syscall(SYS_unlinkat, dir_fd, name, flags);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (step("rename", from_fd, from, "", true))
		return -1;
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off64_t off) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t off) __attribute__((alias("pwrite")));
#endif
