/*
 * playhome.h - the home of a player that leaves nothing behind: what programs keep about what they played goes to STAGE_DIR
 * (stage.h), as the XDG base directory specification lets them be told.
 *
 * Settings are still there: the user's files are copied, directories linked, and the player's own directories copied with
 * what is in them. Lists of recent files, thumbnails, caches and per-document data are not: they begin empty, and what is added is
 * lost.
 */
#ifndef PLAYHOME_H
#define PLAYHOME_H

#include <limits.h>
#include <stddef.h>

#define PLAYHOME_PATHS_MAX 12

/* What is on disk and what the player is shown instead. */
struct playhome {
	char home[PATH_MAX];            /* "" if there is none */
	char config[PATH_MAX], data[PATH_MAX], cache[PATH_MAX]; /* "" likewise */
	const char *own;                /* the name of the player's own directories: mpv */
	char recent[2][PATH_MAX], thumbnails[PATH_MAX];
	const char *covered[PLAYHOME_PATHS_MAX]; /* for stage_setup */
};

/* playhome_find(p, own): where this person's files are, from the environment. own is borrowed. */
void playhome_find(struct playhome *p, const char *own);

/* playhome_furnish(p): make STAGE_DIR/{cache,config,data,state} from inside the stage. 0, or -1 with errno. */
int playhome_furnish(void *p);

/* playhome_env(old): a new environment, from old, that points there and to /tmp; to be freed, not its strings that are old's. NULL.
 */
char **playhome_env(char *const *old);

#endif
