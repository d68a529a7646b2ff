/*
 * cloexec.h - checks that every descriptor is opened close-on-exec. These functions replace those of the C library. Included once
 * by a test.
 */
#ifndef CLOEXEC_H
#define CLOEXEC_H

#include <check.h>
#include <dlfcn.h>
#include <stdbool.h>

#include "opened.h"

static bool watch_opened; /* from now on check how files are opened */

static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");

	ck_assert_msg(!watch_opened || (flags & O_CLOEXEC) != 0, "%s of %s is for programs that are started, too", name, path);
	return real(dir_fd, path, flags, mode);
}

#endif
