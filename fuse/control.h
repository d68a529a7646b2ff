/*
 * control.h - asking a running session about its state, or asking it to end: a local socket next to the slot's lock in the station
 * directory.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "format.h"
#include "mountpoint.h"
#include "unread.h"

enum control_op {
	CONTROL_STATUS,
	CONTROL_END,            /* end for good; E_BUSY if files are open */
	CONTROL_END_FORCE,      /* ... even then */
	CONTROL_PAUSE,          /* stop; the code continues here until the deadline; E_BUSY if files are open */
	CONTROL_PAUSE_FORCE,
	CONTROL_TOLD = 16       /* or-ed to an op that ends: the asker tells the person, so the session's desktop need not */
};

/* What a session says about itself. Plain data; strings are safe to print, except the paths. */
struct control_state {
	pid_t pid;
	char mount_point[MOUNTPOINT_MAX];
	struct mountinfo_id mount; /* what is mounted there; unknown for a private one */
	bool made;              /* the mount point was made for the session */
	bool by_key;            /* by the issuer, without a code: it ends, and is never paused */
	bool private;           /* only the player that 'play' started sees the mount point */
	char stick_path[MOUNTPOINT_MAX];
	dev_t stick_device;     /* where the stick was last seen: the st_dev of its files */
	char label[LABEL_MAX + 1];
	uint8_t stick_id[ID_SIZE];
	uint8_t issuer[KEY_SIZE];
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
	int64_t opened_at;      /* when the code was first used */
	int64_t remaining_s, used_s;
	int64_t away_s;         /* how long the stick has been out, 0 while it is there */
	uint32_t open_count;    /* how many files and directories are open, through whatever path */
	struct unread unread;   /* has raw bytes in it, too */
};

struct control_reply {
	enum err err;
	struct fault fault;
	struct control_state state;
};

/* ---- the session's side --------------------------------------------------------------------------------------------------- */

/*
 * control_listen(dir_fd, lock_name): make the socket "<lock_name>.ctl" below dir_fd, mode 0600, in place of a stale one. Return a
 * listening descriptor, or -1 with errno. control_remove: unlink it.
 */
int control_listen(int dir_fd, const char *lock_name);
void control_remove(int dir_fd, const char *lock_name);

/*
 * control_accept(fd, op, told): take one request by the same user; *told says whether CONTROL_TOLD was or-ed to *op. Return the
 * connection on which to answer with control_answer, or -1 with errno: EPROTO if it was not a request, otherwise that of
 * accept(2), and the request is still waiting.
 */
int control_accept(int fd, enum control_op *op, bool *told);
void control_answer(int conn, const struct control_reply *reply); /* and close it */

/* ---- the asking side ------------------------------------------------------------------------------------------------------ */

/*
 * control_ask(dir_fd, lock_name, op, reply, f): ask the session that holds the slot lock lock_name. E_MOUNTED if there is none;
 * otherwise the err in the reply, with its fault copied to f.
 */
enum err control_ask(int dir_fd, const char *lock_name, enum control_op op, struct control_reply *reply, struct fault *f);

/*
 * control_each(dir_fd, each, arg): ask every running session for its state and call each(arg, lock_name, state). Return how many
 * there are, or -1 with errno. dir_fd is borrowed.
 */
int control_each(int dir_fd, void (*each)(void *arg, const char *lock_name, const struct control_state *s), void *arg);

#endif
