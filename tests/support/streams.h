/*
 * streams.h - no stream can be opened on a descriptor, as when memory is short. These functions replace those of the C library.
 * Included once by a test.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static bool no_streams;

DIR *
fdopendir(int fd)
{
	DIR *(*real)(int) = (DIR *(*)(int))dlsym(RTLD_NEXT, "fdopendir");

	errno = ENOMEM;
	return no_streams ? NULL : real(fd);
}

FILE *
fdopen(int fd, const char *mode)
{
	FILE *(*real)(int, const char *) = (FILE *(*)(int, const char *))dlsym(RTLD_NEXT, "fdopen");

	errno = ENOMEM;
	return no_streams ? NULL : real(fd, mode);
}

#endif
