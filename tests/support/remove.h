/*
 * remove.h - for tests: what a test made goes away with all that is in it.
 */
#ifndef TESTS_REMOVE_H
#define TESTS_REMOVE_H

#include <ftw.h>
#include <stdio.h>

static inline int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* remove_all(path): remove path, and what is below it. Return 0, or -1 with errno. No link is followed. */
static inline int
remove_all(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
