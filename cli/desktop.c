/*
 * desktop.c - the companion of a session: one notification that follows what happens, and what keeps the PC awake meanwhile.
 *
 * Every call on a bus is asynchronous: a bus or a server that hangs holds up nothing but the companion itself, and that not for long.
 */
#include "desktop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "event.h"
#include "replug.h"
#include "say.h"
#include "text.h"
#include "unreadsay.h"
#include "when.h"

#define SECOND 1000000u          /* in microseconds */
#define CALL_USEC (10 * SECOND)  /* a server may have to be started */
#define LINGER_USEC (5 * SECOND) /* how long the last words may take */
#define TITLE_SIZE 600
#define BODY_SIZE 1200

enum urgency { URGENCY_LOW, URGENCY_NORMAL, URGENCY_CRITICAL };

struct bubble {
	char title[TITLE_SIZE], body[BODY_SIZE];
	enum urgency urgency;
};

struct companion {
	int fd;
	sd_event *loop;
	sd_bus *user, *system;   /* NULL if there is none */
	sd_event_source *warning;
	bool open, away, closing;
	int64_t deadline;        /* CLOCK_BOOTTIME */
	char label[TITLE_SIZE];  /* as shown */

	struct bubble next;      /* to be shown when the server has answered */
	bool waiting, asked;     /* next is one; the server has not answered yet */
	uint32_t id;             /* of the one that is shown */

	int awake;               /* logind's inhibitor */
	unsigned attempt;
	uint32_t cookie;         /* the screen saver's */
};

/* ---- time ----------------------------------------------------------------------------------------------------------------- */

static int64_t
boot_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

static const char *
until(const struct companion *c, char out[WHEN_SHOWN])
{
	int64_t now = when_now();

	when_show_until(out, WHEN_SHOWN, now + c->deadline - boot_now(), now);
	return out;
}

/* ---- the bubble ------------------------------------------------------------------------------------------------------------ */

static void post(struct companion *c);

static void
leave_if_done(struct companion *c)
{
	if (c->closing && !c->waiting && !c->asked)
		sd_event_exit(c->loop, 0);
}

static int
on_posted(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct companion *c = arg;

	(void)error;
	c->asked = false;
	if (!sd_bus_message_is_method_error(m, NULL))
		sd_bus_message_read(m, "u", &c->id);
	post(c);
	leave_if_done(c);
	return 0;
}

static void
post(struct companion *c)
{
	const struct bubble *b = &c->next;

	if (!c->waiting || c->asked)
		return;
	c->waiting = false;
	c->asked = sd_bus_call_method_async(c->user, NULL, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
	    "org.freedesktop.Notifications", "Notify", on_posted, c, "susssasa{sv}i", "oncestick", c->id, "oncestick", b->title, b->body,
	    0, 3, "urgency", "y", b->urgency, "desktop-entry", "s", "oncestick-open", "category", "s", "device",
	    b->urgency == URGENCY_CRITICAL ? 0 : -1) >= 0;
}

/* What a server may take for mark-up; a title has none. */
static void
escape(char out[BODY_SIZE], const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n + 6 < BODY_SIZE; text++) {
		const char *as = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;

		if (as == NULL)
			out[n++] = *text;
		for (; as != NULL && *as != '\0'; as++)
			out[n++] = *as;
	}
	out[n] = '\0';
}

static void show(struct companion *c, enum urgency urgency, const char *body, const char *title, ...)
    __attribute__((format(printf, 4, 5)));

/* In place of what is shown, or of what waits to be. */
static void
show(struct companion *c, enum urgency urgency, const char *body, const char *title, ...)
{
	va_list ap;

	if (c->user == NULL)
		return;
	va_start(ap, title);
	vsnprintf(c->next.title, sizeof c->next.title, title, ap);
	va_end(ap);
	escape(c->next.body, body);
	c->next.urgency = urgency;
	c->waiting = true;
	post(c);
}

/* ---- awake ----------------------------------------------------------------------------------------------------------------- */

static void ask_awake(struct companion *c);

static int
on_awake(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct companion *c = arg;
	int fd = -1;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL)) {
		c->attempt++;
		ask_awake(c);
	} else if (sd_bus_message_read(m, "h", &fd) >= 0 && !c->closing) {
		c->awake = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	return 0;
}

/* All that may be had: the lid is denied where another seat is active, sleep where a policy says so. */
static void
ask_awake(struct companion *c)
{
	static const char *const what[] = {"idle:sleep:handle-lid-switch", "idle:sleep", "idle"};

	if (c->system != NULL && !c->closing && c->attempt < sizeof what / sizeof *what)
		sd_bus_call_method_async(c->system, NULL, "org.freedesktop.login1", "/org/freedesktop/login1",
		    "org.freedesktop.login1.Manager", "Inhibit", on_awake, c, "ssss", what[c->attempt], "oncestick",
		    _("a lecture is open"), "block");
}

static int
on_lit(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)error;
	if (!sd_bus_message_is_method_error(m, NULL))
		sd_bus_message_read(m, "u", &((struct companion *)arg)->cookie);
	return 0;
}

static int
on_nothing(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)m, (void)arg, (void)error;
	return 0;
}

#define SAVER "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver"

static void
keep_awake(struct companion *c)
{
	ask_awake(c);
	if (c->user != NULL)
		sd_bus_call_method_async(c->user, NULL, SAVER, "Inhibit", on_lit, c, "ss", "oncestick", _("a lecture is open"));
}

static void
let_sleep(struct companion *c)
{
	if (c->awake >= 0)
		close(c->awake);
	c->awake = -1;
	if (c->cookie != 0)
		sd_bus_call_method_async(c->user, NULL, SAVER, "UnInhibit", on_nothing, c, "u", c->cookie);
	c->cookie = 0;
}

/* ---- before the deadline --------------------------------------------------------------------------------------------------- */

static const int64_t warnings[] = {30 * 60, 10 * 60, 2 * 60};
#define WARNINGS (sizeof warnings / sizeof *warnings)

/* For the first warning that is still to come. */
static void
arm_warning(struct companion *c)
{
	int64_t left = c->deadline - boot_now();
	size_t i = 0;

	while (i < WARNINGS && warnings[i] >= left)
		i++;
	sd_event_source_set_enabled(c->warning, i < WARNINGS ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (i < WARNINGS)
		sd_event_source_set_time(c->warning, (uint64_t)(c->deadline - warnings[i]) * SECOND);
}

static int
on_warning(sd_event_source *s, uint64_t usec, void *arg)
{
	struct companion *c = arg;
	long minutes = (long)(c->deadline - boot_now() + 59) / 60;
	char body[BODY_SIZE], when[WHEN_SHOWN];

	(void)s, (void)usec;
	if (c->open && !c->away && minutes > 0) {
		snprintf(body, sizeof body, _("At %s the folder closes, whatever is being shown. A second code opens the lecture for longer."),
		    until(c, when));
		show(c, minutes <= 2 ? URGENCY_CRITICAL : URGENCY_NORMAL, body,
		    ngettext("%s closes in %ld minute", "%s closes in %ld minutes", (unsigned long)minutes), c->label, minutes);
	}
	arm_warning(c);
	return 0;
}

/* ---- events ---------------------------------------------------------------------------------------------------------------- */

static void
on_opened(struct companion *c, const struct event *e)
{
	char body[BODY_SIZE], when[WHEN_SHOWN], safe[TITLE_SIZE - 4];

	say_safe(safe, sizeof safe, e->label);
	snprintf(c->label, sizeof c->label, safe[0] != '\0' ? "\"%s\"" : "%s", safe[0] != '\0' ? safe : _("The lecture"));
	c->deadline = e->deadline;
	c->open = true;
	snprintf(body, sizeof body, _("Until %s."), until(c, when));
	show(c, URGENCY_NORMAL, body, _("%s is open"), c->label);
	arm_warning(c);
	keep_awake(c);
}

static void
on_stick(struct companion *c, bool away)
{
	char body[BODY_SIZE];

	if (!c->open || c->away == away)
		return;
	c->away = away;
	if (away) {
		snprintf(body, sizeof body, ngettext("Put it back, in any port: the lecture goes on. After %d minute without it the folder "
		    "closes; the code stays valid on this PC.", "Put it back, in any port: the lecture goes on. After %d minutes without it "
		    "the folder closes; the code stays valid on this PC.", REPLUG_AWAY_S / 60), REPLUG_AWAY_S / 60);
		show(c, URGENCY_CRITICAL, body, _("The stick is out"));
	} else {
		show(c, URGENCY_LOW, _("The lecture goes on."), _("The stick is back"));
	}
}

static void
on_unread(struct companion *c, const struct event *e)
{
	char body[UNREADSAY_SIZE];

	if (c->open && !c->away && e->unread.blocks > 0)
		show(c, URGENCY_CRITICAL, unreadsay(body, &e->unread), _("A part of %s cannot be read"), c->label);
}

static void
close_down(struct companion *c)
{
	c->open = false;
	c->closing = true;
	let_sleep(c);
	leave_if_done(c);
}

static char *
goes_on(const struct companion *c, char body[BODY_SIZE])
{
	char when[WHEN_SHOWN];

	snprintf(body, BODY_SIZE, _("The same code opens it again on this PC, until %s."), until(c, when));
	return body;
}

/* And that it may be pulled, if it is in. */
static const char *
add_safe(const struct companion *c, char body[BODY_SIZE])
{
	size_t n = strlen(body);

	if (!c->away)
		snprintf(body + n, BODY_SIZE - n, " %s", _("It is safe to pull the stick."));
	return body;
}

static void
forget_bubble(struct companion *c)
{
	if (c->user != NULL && c->id != 0)
		sd_bus_call_method_async(c->user, NULL, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
		    "org.freedesktop.Notifications", "CloseNotification", on_nothing, c, "u", c->id);
}

static void
on_closed(struct companion *c, const struct event *e)
{
	char body[BODY_SIZE];

	if (e->told)
		forget_bubble(c);
	else if (e->how == EVENT_PAUSED || e->how == EVENT_LEFT)
		show(c, URGENCY_NORMAL, add_safe(c, goes_on(c, body)), _("%s is paused"), c->label);
	else {
		snprintf(body, sizeof body, "%s", e->how == EVENT_OVER ? _("Its time is over, and its code will not open again.") :
		    _("Its code will not open again."));
		show(c, URGENCY_NORMAL, add_safe(c, body), _("%s has ended"), c->label);
	}
	close_down(c);
}

static void
on_ejected(struct companion *c, const struct event *e)
{
	char safe[256];

	if (e->text[0] == '\0')
		show(c, URGENCY_NORMAL, _("The lecture is closed, and the stick is switched off."), _("It is safe to pull the stick"));
	else
		show(c, URGENCY_CRITICAL, say_safe(safe, sizeof safe, e->text), _("The lecture is closed, but do not pull the stick yet"));
	close_down(c);
}

/* The session is gone without a word: killed, or never open. */
static void
on_silence(struct companion *c)
{
	char body[BODY_SIZE];

	if (c->open)
		show(c, URGENCY_NORMAL, goes_on(c, body), _("%s was interrupted"), c->label);
	close_down(c);
}

static int
on_patience_over(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	return sd_event_exit(((struct companion *)arg)->loop, 0);
}

static int
on_message(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct companion *c = arg;
	struct event e;
	ssize_t n = recv(fd, &e, sizeof e, MSG_DONTWAIT);
	uint64_t now = 0;

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	e.label[LABEL_MAX] = '\0';
	e.text[sizeof e.text - 1] = '\0';
	e.unread.name[sizeof e.unread.name - 1] = '\0';
	if (n != sizeof e)
		on_silence(c);
	else if (e.kind == EVENT_OPENED)
		on_opened(c, &e);
	else if (e.kind == EVENT_STICK_OUT || e.kind == EVENT_STICK_BACK)
		on_stick(c, e.kind == EVENT_STICK_OUT);
	else if (e.kind == EVENT_UNREAD)
		on_unread(c, &e);
	else if (e.kind == EVENT_CLOSED)
		on_closed(c, &e);
	else if (e.kind == EVENT_EJECTED)
		on_ejected(c, &e);
	if (c->closing) {
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
		sd_event_now(c->loop, CLOCK_MONOTONIC, &now);
		sd_event_add_time(c->loop, NULL, CLOCK_MONOTONIC, now + LINGER_USEC, 0, on_patience_over, c);
	}
	return 0;
}

/* ---- the process ----------------------------------------------------------------------------------------------------------- */

/* Nothing but the socket and the null device, and what the environment says of the desktop. It ends with its session. */
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
attach(struct companion *c, int (*open_bus)(sd_bus **bus))
{
	sd_bus *bus = NULL;

	if (open_bus(&bus) < 0)
		return NULL;
	sd_bus_set_method_call_timeout(bus, CALL_USEC);
	if (sd_bus_attach_event(bus, c->loop, SD_EVENT_PRIORITY_NORMAL) < 0)
		bus = sd_bus_unref(bus);
	return bus;
}

static _Noreturn void
run(int fd)
{
	struct companion c = {.fd = detach(fd), .awake = -1};

	if (c.fd < 0 || fcntl(c.fd, F_SETFD, FD_CLOEXEC) != 0 || sd_event_new(&c.loop) < 0)
		_exit(1);
	c.user = attach(&c, sd_bus_open_user);
	c.system = attach(&c, sd_bus_open_system);
	if ((c.user != NULL || c.system != NULL) && sd_event_add_io(c.loop, NULL, c.fd, EPOLLIN, on_message, &c) >= 0 &&
	    sd_event_add_time(c.loop, &c.warning, CLOCK_BOOTTIME, UINT64_MAX, SECOND, on_warning, &c) >= 0)
		sd_event_loop(c.loop);
	_exit(0);
}

int
desktop_fork(void)
{
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) != 0)
		return -1;
	if ((pid = fork()) == 0) {
		close(sv[0]);
		run(sv[1]);
	}
	close(sv[1]);
	if (pid > 0)
		return sv[0];
	close(sv[0]);
	return -1;
}

void
desktop_tell_ejected(const char *why)
{
	struct event e = {.kind = EVENT_EJECTED};
	int fd = desktop_fork();

	snprintf(e.text, sizeof e.text, "%s", why != NULL ? why : "");
	event_send(fd, &e);
	if (fd >= 0)
		close(fd);
}
