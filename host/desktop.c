/*
 * desktop.c - one notification that is replaced, what keeps the PC awake, and the process that does both.
 *
 * Every call on a bus is asynchronous: if a bus or a server hangs, only this process waits, and not for long.
 */
#include "desktop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define SECOND 1000000u          /* in microseconds */
#define CALL_USEC (10 * SECOND)  /* it may have to start a server first */
#define LINGER_USEC (5 * SECOND) /* how long the last words may take to appear */

struct bubble {
	char title[DESKTOP_TITLE], body[DESKTOP_BODY];
	enum desktop_urgency urgency;
};

struct desktop {
	const struct desktop_calls *calls;
	void *arg;
	int fd;
	sd_event *loop;
	sd_bus *user, *system;   /* NULL if there is none */
	sd_event_source *timer;
	bool closing;

	struct bubble next;      /* to show when the server has answered */
	bool waiting, asked;     /* next is valid; no answer from the server yet */
	uint32_t id;             /* of the bubble on the screen */

	const char *why;         /* why it is kept awake */
	int awake;               /* logind's inhibitor */
	unsigned attempt;
	uint32_t cookie;         /* the screen saver's */
};

/* ---- the bubble ------------------------------------------------------------------------------------------------------------ */

static void post(struct desktop *d);

static void
leave_if_done(struct desktop *d)
{
	if (d->closing && !d->waiting && !d->asked)
		sd_event_exit(d->loop, 0);
}

static int
on_posted(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct desktop *d = arg;

	(void)error;
	d->asked = false;
	if (!sd_bus_message_is_method_error(m, NULL))
		sd_bus_message_read(m, "u", &d->id);
	post(d);
	leave_if_done(d);
	return 0;
}

static void
post(struct desktop *d)
{
	const struct bubble *b = &d->next;

	if (!d->waiting || d->asked)
		return;
	d->waiting = false;
	d->asked = sd_bus_call_method_async(d->user, NULL, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
		       "org.freedesktop.Notifications", "Notify", on_posted, d, "susssasa{sv}i", "oncestick", d->id, "oncestick",
		       b->title, b->body, 0, 3, "urgency", "y", b->urgency, "desktop-entry", "s", "oncestick-open", "category", "s",
		       "device", b->urgency == DESKTOP_CRITICAL ? 0 : -1) >= 0;
}

/* Escape what a server may take for mark-up. A title has no mark-up. */
static void
escape(char out[DESKTOP_BODY], const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 6 < DESKTOP_BODY; text++) {
		const char *as = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;

		if (as == NULL)
			out[n++] = *text;
		for (; as != NULL && *as != '\0'; as++)
			out[n++] = *as;
	}
	out[n] = '\0';
}

void
desktop_show(struct desktop *d, enum desktop_urgency urgency, const char *title, const char *body)
{
	if (d->user == NULL)
		return;
	snprintf(d->next.title, sizeof d->next.title, "%s", title);
	escape(d->next.body, body);
	d->next.urgency = urgency;
	d->waiting = true;
	post(d);
}

/* ---- awake ----------------------------------------------------------------------------------------------------------------- */

static void ask_awake(struct desktop *d);

static int
on_awake(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct desktop *d = arg;
	int fd = -1;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL)) {
		d->attempt++;
		ask_awake(d);
	} else if (sd_bus_message_read(m, "h", &fd) >= 0 && !d->closing) {
		d->awake = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	return 0;
}

/*
 * Ask for as much as we can get, and for less at each attempt: logind refuses the lid switch if another seat is active, and sleep
 * if a policy says so.
 */
static void
ask_awake(struct desktop *d)
{
	static const char *const what[] = {"idle:sleep:handle-lid-switch", "idle:sleep", "idle"};

	if (d->system != NULL && !d->closing && d->attempt < sizeof what / sizeof *what)
		sd_bus_call_method_async(d->system, NULL, "org.freedesktop.login1", "/org/freedesktop/login1",
		    "org.freedesktop.login1.Manager", "Inhibit", on_awake, d, "ssss", what[d->attempt], "oncestick",
		    d->why, "block");
}

static int
on_lit(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)error;
	if (!sd_bus_message_is_method_error(m, NULL))
		sd_bus_message_read(m, "u", &((struct desktop *)arg)->cookie);
	return 0;
}

static int
on_nothing(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)m, (void)arg, (void)error;
	return 0;
}

#define SAVER "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver"

void
desktop_keep_awake(struct desktop *d, const char *why)
{
	d->why = why;
	ask_awake(d);
	if (d->user != NULL)
		sd_bus_call_method_async(d->user, NULL, SAVER, "Inhibit", on_lit, d, "ss", "oncestick", d->why);
}

static void
let_sleep(struct desktop *d)
{
	if (d->awake >= 0)
		close(d->awake);
	d->awake = -1;
	if (d->cookie != 0)
		sd_bus_call_method_async(d->user, NULL, SAVER, "UnInhibit", on_nothing, d, "u", d->cookie);
	d->cookie = 0;
}

void
desktop_forget(struct desktop *d)
{
	if (d->user != NULL && d->id != 0)
		sd_bus_call_method_async(d->user, NULL, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
		    "org.freedesktop.Notifications", "CloseNotification", on_nothing, d, "u", d->id);
}

/* ---- events ---------------------------------------------------------------------------------------------------------------- */

void
desktop_wake_at(struct desktop *d, int64_t boot_s)
{
	sd_event_source_set_enabled(d->timer, boot_s != 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (boot_s != 0)
		sd_event_source_set_time(d->timer, (uint64_t)boot_s * SECOND);
}

static int
on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct desktop *d = arg;

	(void)s, (void)usec;
	d->calls->timer(d->arg, d);
	return 0;
}

void
desktop_close(struct desktop *d)
{
	d->closing = true;
	let_sleep(d);
	leave_if_done(d);
}

static int
on_patience_over(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	return sd_event_exit(((struct desktop *)arg)->loop, 0);
}

static int
on_message(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct desktop *d = arg;
	struct event e;
	ssize_t n = recv(fd, &e, sizeof e, MSG_DONTWAIT);
	uint64_t now = 0;

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	e.label[LABEL_MAX] = '\0';
	e.text[sizeof e.text - 1] = '\0';
	e.unread.name[sizeof e.unread.name - 1] = '\0';
	d->calls->event(d->arg, d, n == sizeof e ? &e : NULL);
	if (d->closing) {
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
		sd_event_now(d->loop, CLOCK_MONOTONIC, &now);
		sd_event_add_time(d->loop, NULL, CLOCK_MONOTONIC, now + LINGER_USEC, 0, on_patience_over, d);
	}
	return 0;
}

/* ---- the process ----------------------------------------------------------------------------------------------------------- */

/* Keep only the socket, the null device, and what the environment says about the desktop. The process ends with its session. */
static int
detach(int fd)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t all;

	fd = fcntl(fd, F_DUPFD, 10);
	for (int i = 0; i <= 2; i++)
		dup2(null, i);
	fd = dup2(fd, 3);
	close_range(4, ~0u, 0);
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return chdir("/") == 0 ? fd : -1;
}

static sd_bus *
attach(struct desktop *d, int (*open_bus)(sd_bus **bus))
{
	sd_bus *bus = NULL;

	if (open_bus(&bus) < 0)
		return NULL;
	sd_bus_set_method_call_timeout(bus, CALL_USEC);
	if (sd_bus_attach_event(bus, d->loop, SD_EVENT_PRIORITY_NORMAL) < 0)
		bus = sd_bus_unref(bus);
	return bus;
}

static _Noreturn void
run(int fd, const struct desktop_calls *calls, void *arg)
{
	struct desktop d = {.calls = calls, .arg = arg, .fd = detach(fd), .awake = -1};

	if (d.fd < 0 || fcntl(d.fd, F_SETFD, FD_CLOEXEC) != 0 || sd_event_new(&d.loop) < 0)
		_exit(1);
	d.user = attach(&d, sd_bus_open_user);
	d.system = attach(&d, sd_bus_open_system);
	if ((d.user != NULL || d.system != NULL) && sd_event_add_io(d.loop, NULL, d.fd, EPOLLIN, on_message, &d) >= 0 &&
	    sd_event_add_time(d.loop, &d.timer, CLOCK_BOOTTIME, UINT64_MAX, SECOND, on_time, &d) >= 0)
		sd_event_loop(d.loop);
	_exit(0);
}

int
desktop_fork(const struct desktop_calls *calls, void *arg)
{
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) != 0)
		return -1;
	if ((pid = fork()) == 0) {
		close(sv[0]);
		run(sv[1], calls, arg);
	}
	close(sv[1]);
	if (pid > 0)
		return sv[0];
	close(sv[0]);
	return -1;
}
