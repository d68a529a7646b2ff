/*
 * desktop.h - what a desktop shows and keeps awake: notifications (Desktop Notifications Specification 1.2) and inhibitors
 * (org.freedesktop.login1(5), org.freedesktop.ScreenSaver).
 *
 * All of it is done by a companion: a process without a secret that nobody ever waits for. Where there is no bus, or nobody on it,
 * nothing happens. Built without libsystemd there is no companion.
 */
#ifndef DESKTOP_H
#define DESKTOP_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

#define DESKTOP_TITLE 600
#define DESKTOP_BODY 1200

enum desktop_urgency { DESKTOP_LOW, DESKTOP_NORMAL, DESKTOP_CRITICAL };

/* The companion, for the calls it makes; and only there. */
struct desktop;

struct desktop_calls {
	void (*event)(void *arg, struct desktop *d, const struct event *e); /* NULL: who sent them is gone */
	void (*timer)(void *arg, struct desktop *d);
};

/*
 * desktop_fork(calls, arg): start a companion, which makes calls with its copy of what arg points to. Return the socket on which it
 * takes events (event.h), for the caller to hand on and close, or -1 if there is none. It ends when the last copy of that socket is
 * closed.
 */
int desktop_fork(const struct desktop_calls *calls, void *arg);

/* desktop_show(d, urgency, title, body): a notification, in place of the one before. Both are cut to fit. */
void desktop_show(struct desktop *d, enum desktop_urgency urgency, const char *title, const char *body);

/* desktop_forget(d): take it away. */
void desktop_forget(struct desktop *d);

/* desktop_keep_awake(d, why): until desktop_close, as far as that may be had; why is words, and stays. */
void desktop_keep_awake(struct desktop *d, const char *why);

/* desktop_wake_at(d, boot_s): have calls->timer called once at this time of CLOCK_BOOTTIME; 0: not at all. */
void desktop_wake_at(struct desktop *d, int64_t boot_s);

/* desktop_close(d): the companion ends when what was shown last is there, or soon. */
void desktop_close(struct desktop *d);

#endif
