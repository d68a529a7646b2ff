/*
 * mounting.h - opening a stick with a code, from what is on it to the open folder: what mount does, and watch for each stick.
 */
#ifndef MOUNTING_H
#define MOUNTING_H

#include <limits.h>
#include <stdbool.h>

#include "cli.h"
#include "error.h"
#include "format.h"
#include "session.h"

struct mounting {
	/* set by the caller */
	struct cli *c;
	bool yes;               /* no question before the code is used up */
	bool reveal;            /* then show the folder in the file manager */
	bool no_desktop;        /* no notifications, nothing kept awake */
	bool page_cache;        /* films through the kernel's page cache, too */
	char stick[PATH_MAX];   /* absolute */
	char dir[PATH_MAX];     /* absolute, "" for a fresh one in $HOME */
	char station[PATH_MAX];
	const char *source;     /* for the list of mounts; NULL: none of its own */
	const struct session_private *private; /* for a player alone; NULL: a folder */
	const char *player;     /* its name, or NULL */

	struct session_link link;
	struct session_message msg; /* the newest from the session */
	char code[CODE_SYMBOLS];
};

/*
 * mounting_open(m): ask for the code, use it up, open the folder. Why not is said. E_OK: m->msg has the folder and what is known of
 * it, but neither is on stdout yet. With m->private m->link stays open: closing it pauses the session.
 */
enum err mounting_open(struct mounting *m);

/*
 * mounting_resolve(m, stick, dir, f): set m->stick, m->dir and m->station from the operands STICK and DIR, either of which may be
 * NULL. Errors: as of stickarg_open, E_FUSE (there is no dir), E_STATION.
 */
enum err mounting_resolve(struct mounting *m, const char *stick, const char *dir, struct fault *f);

/* mounting_descriptors(f): whether this process may have as many files open as a session needs. E_FAIL with EMFILE if not. */
enum err mounting_descriptors(struct fault *f);

/*
 * mounting_ready(m, stay): tell a service manager that the folder is open (ready.h). stay: this process stays with it; else the
 * session is what is left of the service.
 */
void mounting_ready(const struct mounting *m, bool stay);

/*
 * mounting_wait(m): wait until the open folder is closed, however that comes, and say so. SIGINT or SIGTERM: pause the session
 * first. Return E_OK, or E_FAIL if the session has died.
 */
enum err mounting_wait(const struct mounting *m);

/* mounting_about(c, info): tell pinentry what is asked about, which the terminal has been told: the stick, the label, the issuer,
 * and what may make somebody wait with the answer. */
void mounting_about(const struct cli *c, const struct unlock_info *info);

#endif
