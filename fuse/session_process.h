/*
 * session_process.h - what the process of a session has when it starts, and what its fence leaves it once it is open.
 */
#ifndef SESSION_PROCESS_H
#define SESSION_PROCESS_H

/* The descriptors of a session. */
struct session_process {
	int front, minder;              /* sockets */
	int events;                     /* socket, or -1 if nobody listens */
	int private;                    /* of a private mount, or -1 */
	int signals, ended, deadline, beat; /* signalfd(2) of those that stop it, eventfd(2), timerfd_create(2) by CLOCK_BOOTTIME */
	int mounts; /* the list of mounts, for poll(2): a stick goes and comes with one. -1 if it cannot be read */
};

/*
 * session_process_start(p): leave the terminal, the directory and the session of the command, and close all descriptors but the
 * first four of p, which get new numbers; then make the rest of p. Signals are read from now on, never caught. Return 0, or -1 with
 * errno.
 */
int session_process_start(struct session_process *p);

/* What an open session still opens. */
struct session_files {
	const char *stick_path;         /* absolute */
	int stick_fd;                   /* the same, open */
	const char *station_dir;
};

/*
 * session_process_fence(s): fence_paths for an open session: its database, the stick and the records on it, where a stick comes
 * back to, and what tells it so. What lies beside a stick is the person's: nowhere is it written, and at home not read either. A
 * kernel without Landlock leaves files as they are. Its calls are those of FENCE_SESSION.
 */
void session_process_fence(const struct session_files *s);

#endif
