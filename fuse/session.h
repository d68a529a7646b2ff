/*
 * session.h - the process that opens a code and serves its mount, as the command sees it.
 *
 * session_fork starts a session and its minder before a code is read. The two sides exchange messages of fixed size: the session
 * reports what it found (LOOKED), the command sends a code, the session proves it (TRIED) and waits, the command confirms, and the
 * session mounts, spends and serves (OPENED). Closing the link before session_confirm ends the session with nothing spent.
 *
 * In place of a code it takes the content key from whoever has it (unlock_try_key). Such a session is never paused, as there is
 * nothing with which to go on: what would pause another ends it.
 *
 * A private session serves a mount that somebody else made and that nobody else sees. It stays linked to the command. When the
 * mount is gone it waits until session_finish says whether that was the end; closing the link pauses it. Its last report is
 * CLOSED.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "mountpoint.h"
#include "unread.h"
#include "unlock.h"

/* A mount made by fusemount_attach_directly in a namespace of its own. */
struct session_private {
	int fd;                         /* through which it is served; the session has a copy of its own */
	const char *dir;                /* where the namespace has the mount: in this directory, named after the label */
};

struct session_setup {
	const char *stick_path;         /* the directory that holds ONCE, absolute */
	const char *dir;                /* where to mount, absolute; NULL: a fresh directory in $HOME, named after the label */
	const struct session_private *private; /* instead of mounting; or NULL */
	const char *station_dir;
	int events;                     /* for messages to the desktop (event.h), lent until session_fork returns; or -1 */
	bool page_cache;                /* as for fusefs_page_cache */
	const char *source;             /* what the list of mounts shows as its source; NULL: "oncestick" */
};

/* session_descriptors(f): check that this process may open as many files as a session needs. E_FAIL with EMFILE if not. */
enum err session_descriptors(struct fault *f);

struct session_link {
	int fd;
	pid_t pid;
};

/*
 * The exit status of a session: 0 if it was never opened, or has ended for good; SESSION_PAUSED if it was only paused.
 * SESSION_UNREAD is added to either if blocks could not be read.
 */
#define SESSION_PAUSED 3
#define SESSION_UNREAD 8

enum session_step { SESSION_LOOKED = 1, SESSION_TRIED, SESSION_OPENED, SESSION_CLOSED };

struct session_message {
	enum session_step step;
	enum err err;                   /* E_OK: the step succeeded */
	struct fault fault;
	struct unlock_info info;
	char mount_point[MOUNTPOINT_MAX]; /* with OPENED; with E_FUSE: the refused one */
	bool ended;                     /* with CLOSED: ended for good, not paused */
	int64_t used_s, remaining_s;    /* with CLOSED */
	struct unread unread;           /* with CLOSED: what the player asked for and did not get */
};

/* session_fork(link, setup, f): start both processes. E_FAIL. */
enum err session_fork(struct session_link *link, const struct session_setup *setup, struct fault *f);

/*
 * session_next(link, msg, given_up): wait for the session's next report. Return 0, or -1 if the session has died. given_up is
 * called first, and after each signal; if it returns true, return -1 at once. NULL: signals change nothing.
 */
int session_next(struct session_link *link, struct session_message *msg, bool (*given_up)(void));

/*
 * session_code(link, code): have the 16 symbols tried. session_key(link, key): have a content key tried instead.
 * session_confirm(link): spend and open. All return 0, or -1 if the session has died.
 */
int session_code(struct session_link *link, const char code[CODE_SYMBOLS]);
int session_key(struct session_link *link, const struct unlock_key *key);
int session_confirm(struct session_link *link);

/*
 * session_finish(link, end): end a private session for good, or else pause it; its answer is CLOSED. Return 0, or -1 if it has
 * died.
 */
int session_finish(struct session_link *link, bool end);

/* session_abandon(link): end a session that has not been told to confirm, whatever it is doing, and close the link. */
void session_abandon(struct session_link *link);

/* session_detach(link): close the link; a session that is not open yet ends, a private one pauses. */
void session_detach(struct session_link *link);

/*
 * session_dismiss(link): close the link, if that has not been done yet, to a session that does not open, or is over, and wait
 * until it has let go of the stick and the code, so that both can be used again. A stick that does not answer may hold up the
 * session, but holds up this call only for a short time.
 */
void session_dismiss(struct session_link *link);

#endif
