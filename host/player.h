/*
 * player.h - the program that play starts: where it is, and what has to be said to it so that it starts an instance of its own and
 * keeps nothing.
 */
#ifndef PLAYER_H
#define PLAYER_H

#include <limits.h>
#include <stdbool.h>

#include "error.h"

struct player {
	const char *name;               /* as it was named */
	const char *own;                /* the name of its settings */
	char program[PATH_MAX];         /* absolute */
	char **argv;                    /* NULL-terminated; the strings are the caller's or constants */
	unsigned fine;                  /* a bit for each exit status besides 0 that is not a failure */
};

/*
 * player_find(p, argc, argv, f): the program argv[0] with its arguments; with argc 0 mpv with the whole folder. E_USAGE
 * (WHY_NO_PLAYER, WHY_NO_MPV) if there is no such program; E_FAIL. Free in every case.
 */
enum err player_find(struct player *p, int argc, char **argv, struct fault *f);
void player_free(struct player *p);

/* player_done(p, status): whether an exit status is that of a player that did what it should. */
bool player_done(const struct player *p, int status);

#endif
