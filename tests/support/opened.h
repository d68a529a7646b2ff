/*
 * opened.h - all the ways to open a file, as one function, for a library that is loaded before a program: it defines open_any, and
 * includes this once.
 */
#ifndef OPENED_H
#define OPENED_H

#include <fcntl.h>
#include <stdarg.h>
#include <sys/types.h>

/*
 * open_any(name, dir_fd, path, flags, mode): do what the call of that name is meant to do. Return a descriptor, or -1 with errno.
 */
static int open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode);

static mode_t
mode_of(int flags, va_list list)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(flags, list);
	va_end(list);
	return open_any("open", AT_FDCWD, path, flags, mode);
}

int
openat(int dir_fd, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(flags, list);
	va_end(list);
	return open_any("openat", dir_fd, path, flags, mode);
}

/* The name of a call with _FORTIFY_SOURCE, if its flags are not known when it is compiled. */
int __open_2(const char *path, int flags);
int __openat_2(int dir_fd, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return open_any("open", AT_FDCWD, path, flags, 0);
}

int
__openat_2(int dir_fd, const char *path, int flags)
{
	return open_any("openat", dir_fd, path, flags, 0);
}

int __open64_2(const char *path, int flags) __attribute__((alias("__open_2")));
int __openat64_2(int dir_fd, const char *path, int flags) __attribute__((alias("__openat_2")));

/* Where AC_SYS_LARGEFILE asks for it, open is open64 by itself, and so is the other. */
#ifndef __USE_FILE_OFFSET64
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int dir_fd, const char *path, int flags, ...) __attribute__((alias("openat")));
#endif

#endif
