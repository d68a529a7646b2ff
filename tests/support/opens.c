/*
 * opens.c - what is opened is not for programs that are started.
 *
 * This is linked into every unit test, in front of the C library's functions of these names (--wrap, configure.ac), for our own
 * code. A key's process starts fusermount3, a player, a pinentry: a descriptor without O_CLOEXEC is theirs, too. Nobody sees that
 * from outside, so that the flag is asked for where the descriptor is made. Only /dev/null is for everybody, and what gcov counts
 * is not ours.
 *
 * Weak: a test that wraps one of them itself has its own.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* With --wrap a linker takes the calls of shared libraries, too, for references to what is here. */
#pragma GCC visibility push(default)
#define WEAK __attribute__((weak))

int __real_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __real_openat(int dir_fd, const char *path, int flags, ...);
int __real_openat64(int dir_fd, const char *path, int flags, ...);
WEAK int __wrap_open(const char *path, int flags, ...);
WEAK int __wrap_open64(const char *path, int flags, ...);
WEAK int __wrap_openat(int dir_fd, const char *path, int flags, ...);
WEAK int __wrap_openat64(int dir_fd, const char *path, int flags, ...);

static bool
is_ours(const char *path)
{
	const char *dot = strrchr(path, '.');

	return strcmp(path, "/dev/null") != 0 && (dot == NULL || strcmp(dot, ".gcda") != 0);
}

static mode_t
look(const char *path, int flags, va_list list)
{
	if ((flags & O_CLOEXEC) == 0 && is_ours(path)) {
		fprintf(stderr, "%s is opened without O_CLOEXEC\n", path);
		abort();
	}
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

int
__wrap_open(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = look(path, flags, list);
	va_end(list);
	return __real_open(path, flags, mode);
}

int
__wrap_open64(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = look(path, flags, list);
	va_end(list);
	return __real_open64(path, flags, mode);
}

int
__wrap_openat(int dir_fd, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = look(path, flags, list);
	va_end(list);
	return __real_openat(dir_fd, path, flags, mode);
}

int
__wrap_openat64(int dir_fd, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = look(path, flags, list);
	va_end(list);
	return __real_openat64(dir_fd, path, flags, mode);
}
