/*
 * player.h - the program that play starts: where it is, and which arguments make it start an instance of its own and keep nothing.
 */
#ifndef PLAYER_H
#define PLAYER_H

#include <limits.h>
#include <stdbool.h>

#include "error.h"

struct player {
	const char *name;               /* as the person gave it */
	const char *own;                /* the name of its settings */
	char program[PATH_MAX];         /* absolute */
	char **argv;                    /* NULL-terminated; the strings are the caller's, or constants */
	unsigned fine;                  /* one bit for each exit status besides 0 that is not a failure */
};

/*
 * player_find(p, argc, argv, f): find the program argv[0], which gets its arguments; if argc is 0, mpv with the whole folder.
 * Errors: E_USAGE (WHY_NO_PLAYER, WHY_NO_MPV) if there is no such program; E_FAIL. Free p in any case.
 */
enum err player_find(struct player *p, int argc, char **argv, struct fault *f);
void player_free(struct player *p);

/* player_done(p, status): whether an exit status means that the player did what it should. */
bool player_done(const struct player *p, int status);

#endif
