/*
 * session_process.h - what a session's process has when it starts, and what its fence leaves it once the session is open.
 */
#ifndef SESSION_PROCESS_H
#define SESSION_PROCESS_H

#include <stdbool.h>

/* The descriptors of a session. */
struct session_process {
	int front, minder;              /* sockets */
	int events;                     /* socket, or -1 if nobody listens */
	int private;                    /* of a private mount, or -1 */
	int signals, ended, deadline, beat; /* signalfd(2) for what stops it, eventfd(2), timerfd_create(2) on CLOCK_BOOTTIME */
	int mounts; /* the list of mounts, for poll(2): when a stick comes or goes, a mount does. -1 if it cannot be read */
};

/*
 * session_process_start(p): leave the terminal, the directory and the session of the command, and close all descriptors but the
 * first four of p, which get new numbers; then make the rest of p. From now on signals are read, never caught. Return 0, or -1
 * with errno.
 */
int session_process_start(struct session_process *p);

/* The files that an open session still opens. */
struct session_files {
	const char *stick_path;         /* absolute */
	int stick_fd;                   /* the same, open */
	const char *station_dir;
	bool reads;                     /* it writes nothing on the stick */
};

/*
 * session_process_fence(s): fence_paths for an open session: its database, the stick and the records on it, the places where a
 * stick may come back, and the files that say so. What is next to a stick belongs to the person: it is never written to, and in
 * the home directory it is not even read. On a kernel without Landlock files stay accessible. The system calls are those of
 * FENCE_SESSION.
 */
void session_process_fence(const struct session_files *s);

#endif
