/*
 * cmd_watch.c - wait for sticks, and ask for the code of each one that comes, as mount does.
 *
 * What counts is that a file system with ONCE was mounted. The kernel reports that by poll(2) on the list of mounts. With libusb it
 * also notices sticks that are plugged in but not mounted.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "array.h"
#include "human.h"
#include "mounting.h"
#include "opt.h"
#include "prompt.h"
#include "ready.h"
#include "say.h"
#include "sessions.h"
#include "station.h"
#include "stick.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "usb_hotplug.h"
#include "usb_list.h"
#include "usbsay.h"
#include "when.h"

#define PATIENCE_MS 4000 /* how long a desktop may take to mount what was plugged in */
#define FDS_MAX 16

/* A set of names that come and go. */
struct known {
	struct known_one {
		char *name;
		struct mountinfo_id mount; /* for a folder: what is mounted there */
		bool here;  /* seen in this round */
		bool fresh; /* not seen in any round before */
	} * list;
	size_t count, room;
};

struct watch {
	struct cli *c;
	bool once, yes, reveal, no_desktop, page_cache;
	bool done;		 /* with --once */
	bool broken;		 /* standard output failed */
	bool again;		 /* mounts changed meanwhile: look before waiting */
	enum err result;	 /* of the newest stick */
	int mounts;		 /* the list of mounts, for poll */
	struct usb_hotplug *usb; /* or NULL */
	int64_t look_at;	 /* when to look for sticks that were not mounted, by clock_ms; 0: not waiting for that */
	struct known sticks;	 /* mount points with ONCE */
	struct known folders;	 /* opened by this process */
	struct known unmounted;	 /* partitions that the person was told about */
	char station[PATH_MAX];
};

static const char about_text[] =
    N_("Wait for sticks, and for each one that is plugged in and mounted ask for its code and open its folder, like 'oncestick "
       "mount'. A\n"
       "stick that is in already counts. Folders stay open when this ends: 'oncestick unmount' ends a session. ^C ends this.\n");

/* ---- names that come and go ----------------------------------------------------------------------------------------------- */

static void
known_round(struct known *k)
{
	for (size_t i = 0; i < k->count; i++)
		k->list[i].here = false;
}

static struct known_one *
known_find(const struct known *k, const char *name)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->list[i].name, name) == 0)
			return &k->list[i];
	return NULL;
}

/* Note that a name was seen. Return false if there is no memory for it. */
static bool
known_meet(struct known *k, const char *name)
{
	struct known_one *list = NULL, *one = known_find(k, name);
	char *copy = NULL;

	if (one != NULL)
		return one->here = true;
	if ((list = array_grow(k->list, k->count, &k->room, sizeof *list)) != NULL)
		k->list = list;
	if (list == NULL || (copy = strdup(name)) == NULL)
		return false;
	list[k->count++] = (struct known_one){.name = copy, .here = true, .fresh = true};
	return true;
}

static void
known_drop(struct known *k, size_t i)
{
	free(k->list[i].name);
	k->list[i] = k->list[--k->count];
}

static void
known_free(struct known *k)
{
	while (k->count > 0)
		known_drop(k, 0);
	free(k->list);
	k->list = NULL;
}

/* ---- events for programs -------------------------------------------------------------------------------------------------- */

/* Each event is one line. Releases v. */
static void
event(struct watch *w, json_t *v)
{
	if (!w->c->json)
		json_decref(v);
	else if (say_json_line(v, JSON_COMPACT) != 0 || say_stdout(w->c) != E_OK)
		w->broken = true;
}

static json_t *
event_at(const char *name, const char *member, const char *path)
{
	return json_pack("{s:s, s:o}", "event", name, member, say_json_text(path));
}

/* ---- a stick that came ---------------------------------------------------------------------------------------------------- */

/* Whether this code is refused, but the person may have another one that is not. */
static bool
another_code(enum err e)
{
	return e == E_SPENT || e == E_REVOKED || e == E_EARLY || e == E_EXPIRED || e == E_SLOT_DAMAGED || e == E_BUSY;
}

/* Whether a session already has the stick at path, and its folder. A stick that was pulled and put back needs no code. */
static bool
has_session(const char *path, char folder[MOUNTPOINT_MAX])
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stick *s = NULL;
	struct sessions all = {.dir_fd = -1};
	bool found = false;

	if (fd >= 0 && stick_open(&s, fd, NULL) == E_OK && sessions_find(&all, NULL) == E_OK)
		for (size_t i = 0; i < all.count && !found; i++) {
			found = memcmp(all.list[i].state.stick_id, s->id, ID_SIZE) == 0;
			if (found)
				snprintf(folder, MOUNTPOINT_MAX, "%s", all.list[i].state.mount_point);
		}
	sessions_free(&all);
	stick_close(&s);
	if (fd >= 0)
		close(fd);
	return found;
}

static void
meet_folder(struct watch *w, const char *folder)
{
	struct known_one *one = known_meet(&w->folders, folder) ? known_find(&w->folders, folder) : NULL;

	if (one != NULL)
		(void)!mountinfo_identify(folder, &one->mount); /* if that fails, the path must be enough */
}

static void
opened(struct watch *w, const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;

	meet_folder(w, m->msg.mount_point);
	event(w, json_pack("{s:s, s:o, s:o, s:s, s:I, s:b}", "event", "opened", "stick", say_json_text(m->stick), "mount_point",
		     say_json_text(m->msg.mount_point), "label", i->label, "remaining_s", (json_int_t)i->remaining_s, "resumed",
		     (int)i->resume));
	if (!w->c->json) {
		puts(m->msg.mount_point);
		w->broken = say_stdout(w->c) != E_OK;
	}
}

static void
refused(struct watch *w, const char *path, enum err e)
{
	char safe[512];

	event(w, json_pack("{s:s, s:o, s:s, s:i}", "event", "refused", "stick", say_json_text(path), "error", err_name(e), "status",
		     (int)e));
	if (!w->once && e != E_INTERRUPTED)
		say_info(
		    w->c, "left alone until it is plugged in again; or: oncestick mount %s", say_safe(safe, sizeof safe, path));
}

/* Ask for codes until one opens the stick or asking makes no sense any more. */
static enum err
ask(struct watch *w, const char *path)
{
	struct mounting m;
	enum err e = E_OK;

	if (!prompt_possible(w->c)) {
		e = say_refuse(w->c, E_PROMPT,
		    "there is no terminal to ask for the code on. --pinentry asks in a window; to read it from a file: oncestick "
		    "mount STICK --code-file FILE");
		refused(w, path, e);
		return e;
	}
	do {
		m = (struct mounting){.c = w->c, .yes = w->yes, .reveal = w->reveal, .no_desktop = w->no_desktop,
		    .page_cache = w->page_cache, .link = {.fd = -1}};
		snprintf(m.stick, sizeof m.stick, "%s", path);
		snprintf(m.station, sizeof m.station, "%s", w->station);
		e = mounting_open(&m);
	} while (another_code(e) && !stop_asked());
	prompt_end(w->c);
	if (e == E_OK)
		opened(w, &m);
	else
		refused(w, path, e);
	return e;
}

static void
offer(struct watch *w, const char *path)
{
	char folder[MOUNTPOINT_MAX], safe[512];

	event(w, event_at("stick", "stick", path));
	if (has_session(path, folder)) {
		meet_folder(w, folder);
		event(w, json_pack("{s:s, s:o, s:o}", "event", "open", "stick", say_json_text(path), "mount_point",
			     say_json_text(folder)));
		say_info(w->c, "the stick is open already: %s", say_safe(safe, sizeof safe, folder));
		return;
	}
	w->result = ask(w, path);
	w->done = w->once || w->result == E_INTERRUPTED; /* at a question ^C is a key, not a signal */
}

/* ---- what came and went --------------------------------------------------------------------------------------------------- */

static int
on_stick(void *arg, const char *path)
{
	return known_meet(arg, path) ? 0 : 1;
}

static void
drop_closed(struct watch *w)
{
	char safe[512];

	for (size_t i = w->folders.count; i-- > 0;) {
		const char *name = w->folders.list[i].name;

		if (mountpoint_is(name, &w->folders.list[i].mount))
			continue;
		say_info(w->c, "closed: %s", say_safe(safe, sizeof safe, name));
		event(w, event_at("closed", "mount_point", name));
		known_drop(&w->folders, i);
	}
}

static void
drop_gone(struct watch *w)
{
	char safe[512];

	for (size_t i = w->sticks.count; i-- > 0;) {
		const char *name = w->sticks.list[i].name;

		if (w->sticks.list[i].here)
			continue;
		say_info(w->c, "the stick at %s is gone", say_safe(safe, sizeof safe, name));
		event(w, event_at("gone", "stick", name));
		known_drop(&w->sticks, i);
	}
}

/* Whether the list of mounts has changed since the last call: the kernel reports a change only once. */
static bool
mounts_changed(struct watch *w)
{
	struct pollfd p = {.fd = w->mounts, .events = POLLPRI};
	bool changed = poll(&p, 1, 0) > 0;

	w->again = w->again || changed;
	return changed;
}

/*
 * A stick that is pulled and put back while its code is asked for comes to the same place. So, if mounts changed during an attempt
 * that failed, the stick counts as new once more, if it is there.
 */
static void
offer_fresh(struct watch *w)
{
	for (size_t i = 0; i < w->sticks.count && !w->done && !w->broken && !stop_asked(); i++) {
		if (!w->sticks.list[i].fresh)
			continue;
		w->sticks.list[i].fresh = false;
		mounts_changed(w);
		w->result = E_OK;
		offer(w, w->sticks.list[i].name);
		if (mounts_changed(w) && w->result != E_OK && w->result != E_PROMPT)
			w->sticks.list[i].fresh = true;
	}
}

/* ---- sticks that are not mounted ------------------------------------------------------------------------------------------ */

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
point_out(struct watch *w, const struct usb_list_volume *v)
{
	char name[USB_SHOWN_SIZE], shown[USB_SHOWN_SIZE], command[64];
	bool known = known_find(&w->unmounted, v->usb.name) != NULL;

	if (!known_meet(&w->unmounted, v->usb.name) || known)
		return;
	usb_show(name, sizeof name, &v->usb);
	usbsay_show(shown, &v->usb);
	snprintf(command, sizeof command, "udisksctl mount -b /dev/%s", v->usb.name);
	say_info(w->c, "%s is plugged in but not mounted. To mount it: %s", shown, command);
	event(w, json_pack("{s:s, s:s+, s:s, s:s}", "event", "unmounted", "device", "/dev/", v->usb.name, "name", name, "command",
		     command));
}

/* Forget sticks that were pulled. Point out those that nothing has mounted, unless it is too early for that. */
static void
look_for_unmounted(struct watch *w, bool early)
{
	const struct usb_list_source source = usb_list_disks();
	struct usb_list_volume *list = NULL;
	size_t count = 0;

	if (usb_list(&list, &count, &source, NULL) != E_OK)
		return;
	known_round(&w->unmounted);
	for (size_t i = 0; i < count; i++)
		if (list[i].unfit == USB_LIST_FIT && list[i].point[0] == '\0' &&
		    (!early || known_find(&w->unmounted, list[i].usb.name) != NULL))
			point_out(w, &list[i]);
	for (size_t i = w->unmounted.count; i-- > 0;)
		if (!w->unmounted.list[i].here)
			known_drop(&w->unmounted, i);
	free(list);
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------- */

static int
patience(const struct watch *w)
{
	int64_t left = w->look_at - clock_ms();

	return w->look_at == 0 ? -1 : left > 0 ? (int)left : 0;
}

/* SIGINT arrives inside ppoll or is noticed before it, never in between. */
static void
wait_for_change(struct watch *w)
{
	struct pollfd fds[FDS_MAX] = {{.fd = w->mounts, .events = POLLPRI}};
	nfds_t n = 1 + usb_hotplug_fds(w->usb, fds + 1, FDS_MAX - 1);
	int wait = patience(w);
	struct timespec t = {wait / 1000, wait % 1000 * 1000000L};
	sigset_t ours, before;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (!stop_asked())
		ppoll(fds, n, wait < 0 ? NULL : &t, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (usb_hotplug_changed(w->usb)) {
		look_for_unmounted(w, true);
		w->look_at = clock_ms() + PATIENCE_MS;
	}
}

static void
loop(struct watch *w)
{
	while (!w->done && !w->broken && !stop_asked()) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		w->again = false;
		drop_closed(w);
		known_round(&w->sticks);
		place_each(on_stick, &w->sticks);
		drop_gone(w);
		offer_fresh(w);
		if (w->look_at != 0 && clock_ms() >= w->look_at) {
			w->look_at = 0;
			look_for_unmounted(w, false);
		}
		if (!w->done && !w->broken && !w->again)
			wait_for_change(w);
	}
}

static void
say_still_open(const struct cli *c)
{
	struct sessions s = {.dir_fd = -1};
	char until[WHEN_SHOWN], safe[512];
	int64_t now = when_now();

	if (sessions_find(&s, NULL) == E_OK)
		for (size_t i = 0; i < s.count; i++) {
			when_show_until(until, sizeof until, now + s.list[i].state.remaining_s, now);
			say_info(c, "still open until %s: %s", until, say_safe(safe, sizeof safe, s.list[i].state.mount_point));
		}
	if (s.count > 0)
		say_info(c, "'oncestick unmount' ends a session");
	sessions_free(&s);
}

static enum err
watch(struct watch *w)
{
	if ((w->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) < 0)
		return say_refuse(w->c, E_FAIL, "the list of mounts (/proc/self/mountinfo) cannot be read");
	w->usb = usb_hotplug_new();
	w->look_at = clock_ms() + PATIENCE_MS;
	say_info(w->c, "waiting for a stick; ^C ends this");
	event(w, json_pack("{s:s}", "event", "waiting"));
	ready_open(0, _("waiting for a stick"));
	loop(w);
	usb_hotplug_free(&w->usb);
	close(w->mounts);
	known_free(&w->sticks);
	known_free(&w->folders);
	known_free(&w->unmounted);
	if (!stop_asked() && w->result != E_INTERRUPTED)
		return w->broken ? E_FAIL : w->result;
	if (w->result != E_INTERRUPTED)
		say_refuse(w->c, E_INTERRUPTED, "interrupted");
	say_still_open(w->c);
	return E_INTERRUPTED;
}

enum err
cmd_watch(struct cli *c, int argc, char **argv)
{
	struct watch w = {.c = c, .mounts = -1};
	const struct opt rows[] = {
	    {OPT_FLAG, "once", 0, NULL, N_("end after the first stick, with mount's exit status"), &w.once, 0, 0},
	    {OPT_FLAG, "yes", 'y', NULL, N_("do not ask before a code is used up"), &w.yes, 0, 0},
	    {OPT_FLAG, "open", 'o', NULL, N_("then show each folder in the file manager"), &w.reveal, 0, 0},
	    {OPT_FLAG, "page-cache", 0, NULL, N_("let large files use this PC's page cache, too"), &w.page_cache, 0, 0},
	    {OPT_FLAG, "no-desktop", 0, NULL, N_("no notifications; let the PC go to sleep"), &w.no_desktop, 0, 0},
	    {.kind = OPT_END}};
	const struct opt_verb v = {"watch", about_text, OPT_JSON | OPT_PLAIN | OPT_PINENTRY, rows, 0, 0};
	struct opt_words words = {argv, argc};
	enum err err;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	if (station_dir(w.station, sizeof w.station) != 0)
		return say_refuse(c, E_STATION, "no home directory is known, so there is no place for this PC's memory; set "
						"ONCESTICK_STATION_DIR to a directory of yours");
	return watch(&w);
}
