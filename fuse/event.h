/*
 * event.h - what a session tells the desktop: small fixed messages without a secret, over a socket that it never waits for.
 *
 * The other end is held by a process that shows them to the person (cli/desktop.h). When it closes without EVENT_CLOSED the session
 * was killed; before EVENT_OPENED nothing was opened.
 */
#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "unread.h"

enum event_kind {
	EVENT_OPENED = 1,       /* with deadline and label */
	EVENT_STICK_OUT,        /* the folder waits for the stick */
	EVENT_STICK_BACK,
	EVENT_CLOSED,           /* the folder is gone, stick and station are let go of; with how */
	EVENT_UNREAD,           /* blocks could not be read: with unread */
	EVENT_EJECTED           /* by a command, not by a session: the stick is off, or text says why not */
};

enum event_how {
	EVENT_ENDED = 1,        /* for good, by unmount */
	EVENT_OVER,             /* for good, by the deadline */
	EVENT_PAUSED,           /* the same code goes on here */
	EVENT_LEFT              /* paused, because the stick stayed away */
};

/* Strings are NUL-terminated, and what a stick says: escape before showing. */
struct event {
	uint32_t kind, how;
	bool told;              /* EVENT_CLOSED: who asked for it tells the person */
	int64_t deadline;       /* seconds of CLOCK_BOOTTIME */
	char label[LABEL_MAX + 1];
	char text[256];
	struct unread unread;
};

/* event_send(fd, e): as far as it goes, without waiting. fd -1: nobody wants to know. Any thread. */
void event_send(int fd, const struct event *e);

#endif
