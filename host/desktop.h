/*
 * desktop.h - what a desktop shows and keeps awake: notifications (Desktop Notifications Specification 1.2) and inhibitors
 * (org.freedesktop.login1(5), org.freedesktop.ScreenSaver).
 *
 * A companion does all of it: a process without secrets, for which nothing ever waits. If there is no bus, or nothing answers on
 * it, nothing happens. A build without libsystemd has no companion.
 */
#ifndef DESKTOP_H
#define DESKTOP_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

#define DESKTOP_TITLE 600
#define DESKTOP_BODY 1200

enum desktop_urgency { DESKTOP_LOW, DESKTOP_NORMAL, DESKTOP_CRITICAL };

/* A companion. It exists only in the calls that the companion makes. */
struct desktop;

struct desktop_calls {
	void (*event)(void *arg, struct desktop *d, const struct event *e); /* NULL: the sender of events is gone */
	void (*timer)(void *arg, struct desktop *d);
};

/*
 * desktop_fork(calls, arg): start a companion, which makes calls with its own copy of what arg points to. Return the socket on
 * which it takes events (event.h), or -1 if there is no companion. The caller passes the socket on, and closes it. The companion
 * ends when the last copy of the socket is closed.
 */
int desktop_fork(const struct desktop_calls *calls, void *arg);

/* desktop_show(d, urgency, title, body): show a notification in place of the previous one. title and body are cut to fit. */
void desktop_show(struct desktop *d, enum desktop_urgency urgency, const char *title, const char *body);

/* desktop_forget(d): remove the notification. */
void desktop_forget(struct desktop *d);

/*
 * desktop_keep_awake(d, why): keep the PC awake until desktop_close, as far as that is allowed. why is for people to read, and must
 * stay valid.
 */
void desktop_keep_awake(struct desktop *d, const char *why);

/* desktop_wake_at(d, boot_s): call calls->timer once at this time of CLOCK_BOOTTIME; 0: do not call it. */
void desktop_wake_at(struct desktop *d, int64_t boot_s);

/* desktop_close(d): the companion ends as soon as the last notification is shown, or after a few seconds. */
void desktop_close(struct desktop *d);

#endif
