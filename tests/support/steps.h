/*
 * steps.h - what is done to the files below one directory, call by call, where one call can be made to fail.
 *
 * steps.c replaces the calls of the C library by which lib looks at a stick and changes it. Each call is written down as it is
 * made, with the path from the directory on, and "#" for an id. What a directory lists is sorted, so the steps are the same on
 * every file system.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>
#include <stddef.h>

#define STEPS_MAX 512u

struct step {
	bool changes;           /* change what is on the medium, rather than only look */
	char call[40], path[64];
};

/*
 * steps_begin(top, fail, sys): from now on, write down calls on what is below top, a string that must stay valid; call number
 * fail, from 1, fails with sys; 0: none.
 */
void steps_begin(const char *top, size_t fail, int sys);

/* steps_end(n): stop. Return what was done since steps_begin, valid until the next one; *n is how many steps. */
const struct step *steps_end(size_t *n);

/* steps_shorten(text): each 32 hexadecimal digits in it become "#". */
void steps_shorten(char *text);

#endif
