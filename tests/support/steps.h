/*
 * steps.h - what is done to the files below one directory, call by call, of which one may be made to fail.
 *
 * steps.c replaces the calls of the C library by which lib looks at a stick and changes it: each is written down as it is made,
 * with the path from the directory on, "#" for an id. What a directory lists is sorted: the steps are those of every file system.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>
#include <stddef.h>

#define STEPS_MAX 512u

struct step {
	bool changes;           /* what is on the medium, rather than only look */
	char call[40], path[64];
};

/* steps_begin(top, fail, sys): from now on, of what is below top, which has to last; call number fail, from 1, fails with sys. */
void steps_begin(const char *top, size_t fail, int sys);

/* steps_end(n): no longer. What was done since steps_begin, valid until the next one; *n is how many they are. */
const struct step *steps_end(size_t *n);

/* steps_shorten(text): each 32 hexadecimal digits in it become "#". */
void steps_shorten(char *text);

#endif
