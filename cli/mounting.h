/*
 * mounting.h - opening a stick with a code, from what is on the stick to the open folder: what mount does, and watch for each
 * stick.
 */
#ifndef MOUNTING_H
#define MOUNTING_H

#include <limits.h>
#include <stdbool.h>

#include "cli.h"
#include "error.h"
#include "format.h"
#include "peeking.h"
#include "session.h"

struct mounting {
	/* set by the caller */
	struct cli *c;
	bool yes;               /* do not ask before the code is used up */
	bool reveal;            /* then show the folder in the file manager */
	bool no_desktop;        /* show no notifications, keep nothing awake */
	bool page_cache;        /* read films through the kernel's page cache, too */
	char stick[PATH_MAX];   /* absolute */
	char dir[PATH_MAX];     /* absolute; "": a new one in $HOME */
	char station[PATH_MAX];
	const char *source;     /* what the list of mounts shows; NULL: the default */
	const struct session_private *private; /* for one player only; NULL: a folder */
	const char *player;     /* its name, or NULL */
	struct peeking *as_issuer; /* open with the passphrase, not with a code; or NULL */

	struct session_link link;
	struct session_message msg; /* the session's newest message */
	char code[CODE_SYMBOLS];
};

/*
 * mounting_open(m): ask for the code, use it up, open the folder. Return the error, which it has said. After E_OK m->msg has the
 * folder, and what is known about it; neither is on stdout yet. If m->private is set, m->link stays open; closing it pauses the
 * session. m->as_issuer is freed in any case, before another program is started.
 */
enum err mounting_open(struct mounting *m);

/*
 * mounting_resolve(m, stick, dir, f): set m->stick, m->dir and m->station from the operands STICK and DIR, each of which may be
 * NULL. Errors: those of stickarg_open, E_FUSE (there is no dir), E_STATION.
 */
enum err mounting_resolve(struct mounting *m, const char *stick, const char *dir, struct fault *f);

/*
 * mounting_ready(m, stay): tell a service manager that the folder is open (ready.h). If stay, this process stays with the folder;
 * otherwise only the session is left of the service.
 */
void mounting_ready(const struct mounting *m, bool stay);

/*
 * mounting_wait(m): wait until the open folder is closed, for whatever reason, and say so. On SIGINT or SIGTERM pause the session
 * first. Return E_OK, or E_FAIL if the session died.
 */
enum err mounting_wait(const struct mounting *m);

/*
 * mounting_about(c, info): tell pinentry what the question is about, as the terminal shows already: the stick, the label, the
 * issuer, and any reason to wait with the answer.
 */
void mounting_about(const struct cli *c, const struct unlock_info *info);

#endif
