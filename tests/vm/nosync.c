/*
 * nosync.c - a fault to plant, preloaded into the program: it is told that files named as in ONCE_NOSYNC (several with commas, *
 * for all) are flushed, and they are not.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma GCC visibility push(default)

static bool
listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p != NULL; p = strchr(p, ',')) {
		p += *p == ',';
		if (strcmp(p, "*") == 0 || (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0')))
			return true;
	}
	return false;
}

static bool
is_dropped(int fd)
{
	const char *list = getenv("ONCE_NOSYNC"), *name = NULL;
	char link[32], path[512];
	ssize_t n = -1;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (list == NULL || (n = readlink(link, path, sizeof path - 1)) <= 0)
		return false;
	path[n] = '\0';
	name = strrchr(path, '/');
	return listed(list, name == NULL ? path : name + 1);
}

int
fsync(int fd)
{
	return is_dropped(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return is_dropped(fd) ? 0 : (int)syscall(SYS_fdatasync, fd);
}
