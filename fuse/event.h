/*
 * event.h - what a session tells the desktop: small messages of fixed size, without a secret, over a socket that it never waits
 * for.
 *
 * A process at the other end shows them to the person (cli/desktop.h). If the socket closes without EVENT_CLOSED, the session was
 * killed; before EVENT_OPENED nothing was opened.
 */
#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "unread.h"

enum event_kind {
	EVENT_OPENED = 1,       /* with deadline and label */
	EVENT_STICK_OUT,        /* the folder is waiting for the stick */
	EVENT_STICK_BACK,
	EVENT_CLOSED,           /* the folder is gone, stick and station are free again; with how */
	EVENT_UNREAD,           /* blocks could not be read: with unread */
	EVENT_EJECTED           /* from a command, not a session: the stick is switched off, or text says why not */
};

enum event_how {
	EVENT_ENDED = 1,        /* for good, by unmount */
	EVENT_OVER,             /* for good, by the deadline */
	EVENT_PAUSED,           /* the same code continues here */
	EVENT_LEFT              /* paused, because the stick stayed away */
};

/* Strings are NUL-terminated. They come from a stick: escape them before showing them. */
struct event {
	uint32_t kind, how;
	bool by_key;            /* EVENT_OPENED: without a code */
	bool told;              /* EVENT_CLOSED: whoever asked for it tells the person */
	int64_t deadline;       /* seconds of CLOCK_BOOTTIME */
	char label[LABEL_MAX + 1];
	char text[256];
	struct unread unread;
};

/* event_send(fd, e): send e if that is possible without waiting. fd -1: nobody is listening. Any thread. */
void event_send(int fd, const struct event *e);

#endif
