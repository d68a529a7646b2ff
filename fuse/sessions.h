/*
 * sessions.h - this user's running sessions, and which of them a DIR operand names.
 */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <stddef.h>

#include "control.h"
#include "station.h"

struct sessions_one {
	char lock_name[STATION_LOCK_NAME];
	struct control_state state;
};

struct sessions {
	int dir_fd;                     /* of locks and control sockets; -1 if this PC has none */
	size_t count, room;
	struct sessions_one *list;
};

/*
 * sessions_find(s, f): unmount what was left by sessions that were killed together with their minders; then ask every running one.
 * Nothing is created. Errors: E_STATION, E_FAIL. Call sessions_free in every case.
 */
enum err sessions_find(struct sessions *s, struct fault *f);
void sessions_free(struct sessions *s);

/* sessions_tidy(): only the first half of sessions_find, as far as possible. */
void sessions_tidy(void);

/* sessions_named(s, dir): the one mounted at dir; NULL if there is none. */
const struct sessions_one *sessions_named(const struct sessions *s, const char *dir);

#endif
