/*
 * desktop.h - what the desktop shows and keeps awake while a folder is open: notifications (Desktop Notifications Specification 1.2)
 * and inhibitors (org.freedesktop.login1(5), org.freedesktop.ScreenSaver).
 *
 * All of it is done by a companion: a process without a secret, started before a code is read, that nobody ever waits for. Where there
 * is no bus, or nobody on it, nothing happens and nothing is said. Built without libsystemd there is no companion.
 */
#ifndef DESKTOP_H
#define DESKTOP_H

#include <stdbool.h>

/*
 * desktop_fork(): start a companion. Return the socket on which it takes events (event.h), for the caller to hand on and close, or -1
 * if there is none. It ends when the last copy of that socket is closed.
 */
int desktop_fork(void);

/* desktop_tell_ejected(why): show that the stick can be pulled, or with why, a sentence, that it is still in use. Waits for nothing. */
void desktop_tell_ejected(const char *why);

#endif
