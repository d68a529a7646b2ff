/*
 * cloexec.h - what is opened stays with this process: these stand before the C library's. Included once by a test.
 */
#ifndef CLOEXEC_H
#define CLOEXEC_H

#include <check.h>
#include <dlfcn.h>
#include <stdbool.h>

#include "opened.h"

static bool watch_opened; /* from now on it is looked how files are opened */

static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");

	ck_assert_msg(!watch_opened || (flags & O_CLOEXEC) != 0, "%s of %s is for programs that are started, too", name, path);
	return real(dir_fd, path, flags, mode);
}

#endif
