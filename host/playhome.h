/*
 * playhome.h - the home of a player that leaves nothing behind. What programs keep about what they played goes to STAGE_DIR
 * (stage.h); the XDG base directory specification says how to tell them.
 *
 * Settings are still there: the user's files are copied, directories are linked, and the player's own directories are copied with
 * their contents. Lists of recent files, thumbnails, caches and per-document data start empty, and what is added to them is lost.
 */
#ifndef PLAYHOME_H
#define PLAYHOME_H

#include <limits.h>
#include <stddef.h>

#define PLAYHOME_PATHS_MAX 12

/* What is on disk, and what the player sees instead. */
struct playhome {
	char home[PATH_MAX];            /* "" if there is none */
	char config[PATH_MAX], data[PATH_MAX], cache[PATH_MAX]; /* "" if there is none */
	const char *own;                /* the name of the player's own directories: mpv */
	char recent[2][PATH_MAX], thumbnails[PATH_MAX];
	const char *covered[PLAYHOME_PATHS_MAX]; /* for stage_setup */
};

/* playhome_find(p, own): find this person's files from the environment. own is borrowed. */
void playhome_find(struct playhome *p, const char *own);

/* playhome_furnish(p): make STAGE_DIR/{cache,config,data,state}; call it inside the stage. Return 0, or -1 with errno. */
int playhome_furnish(void *p);

/*
 * playhome_env(old): a copy of the environment old that points there and to /tmp. The caller frees it, but not the strings that are
 * from old. NULL if there is no memory.
 */
char **playhome_env(char *const *old);

#endif
