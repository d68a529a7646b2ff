/*
 * cmd_watch.c - wait for sticks, and ask for the code of each one that comes, as mount does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "mounting.h"
#include "opt.h"
#include "prompt.h"
#include "ready.h"
#include "sessions.h"
#include "station.h"
#include "stop.h"
#include "text.h"
#include "usbsay.h"
#include "watch.h"
#include "when.h"

struct watching {
	struct cli *c;
	bool once, yes, reveal, no_desktop, page_cache;
	bool done;		 /* with --once */
	bool broken;		 /* standard output failed */
	enum err result;	 /* of the newest stick */
	struct watch *watch;
	char station[PATH_MAX];
};

static const char about_text[] =
    N_("Wait for sticks, and for each one that is plugged in and mounted ask for its code and open its folder, like 'oncestick "
       "mount'. A\n"
       "stick that is in already counts. Folders stay open when this ends: 'oncestick unmount' ends a session. ^C ends this.\n");

/* ---- events for programs -------------------------------------------------------------------------------------------------- */

/* Each event is one line. Releases v. */
static void
event(struct watching *w, json_t *v)
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

static void
opened(struct watching *w, const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;

	watch_folder(w->watch, m->msg.mount_point);
	event(w, json_pack("{s:s, s:o, s:o, s:s, s:I, s:b}", "event", "opened", "stick", say_json_text(m->stick), "mount_point",
		     say_json_text(m->msg.mount_point), "label", i->label, "remaining_s", (json_int_t)i->remaining_s, "resumed",
		     (int)i->resume));
	if (!w->c->json) {
		puts(m->msg.mount_point);
		w->broken = say_stdout(w->c) != E_OK;
	}
}

static void
refused(struct watching *w, const char *path, enum err e)
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
ask(struct watching *w, const char *path)
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
	} while (watch_another_code(e) && !stop_asked());
	prompt_end(w->c);
	if (e == E_OK)
		opened(w, &m);
	else
		refused(w, path, e);
	return e;
}

static bool
on_stick(void *arg, const char *path)
{
	struct watching *w = arg;
	char folder[MOUNTPOINT_MAX], safe[512];

	event(w, event_at("stick", "stick", path));
	w->result = E_OK;
	if (watch_session(path, folder)) {
		watch_folder(w->watch, folder);
		event(w, json_pack("{s:s, s:o, s:o}", "event", "open", "stick", say_json_text(path), "mount_point",
			     say_json_text(folder)));
		say_info(w->c, "the stick is open already: %s", say_safe(safe, sizeof safe, folder));
		return true;
	}
	w->result = ask(w, path);
	say_forget(w->c); /* this may go on for weeks */
	w->done = w->once || w->result == E_INTERRUPTED; /* at a question ^C is a key, not a signal */
	return w->result == E_OK || w->result == E_PROMPT;
}

/* ---- the rest of what happens ----------------------------------------------------------------------------------------------- */

static void
on_gone(void *arg, const char *path)
{
	struct watching *w = arg;
	char safe[512];

	say_info(w->c, "the stick at %s is gone", say_safe(safe, sizeof safe, path));
	event(w, event_at("gone", "stick", path));
}

static void
on_closed(void *arg, const char *folder)
{
	struct watching *w = arg;
	char safe[512];

	say_info(w->c, "closed: %s", say_safe(safe, sizeof safe, folder));
	event(w, event_at("closed", "mount_point", folder));
}

static void
on_unmounted(void *arg, const struct usb_list_volume *v)
{
	struct watching *w = arg;
	char name[USB_SHOWN_SIZE], shown[USB_SHOWN_SIZE], command[64];

	usb_show(name, sizeof name, &v->usb);
	usbsay_show(shown, &v->usb);
	snprintf(command, sizeof command, "udisksctl mount -b /dev/%s", v->usb.name);
	say_info(w->c, "%s is plugged in but not mounted. To mount it: %s", shown, command);
	event(w, json_pack("{s:s, s:s+, s:s, s:s}", "event", "unmounted", "device", "/dev/", v->usb.name, "name", name, "command",
		     command));
}

static bool
is_over(void *arg)
{
	const struct watching *w = arg;

	return w->done || w->broken || stop_asked();
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
watch(struct watching *w)
{
	const struct watch_calls calls = {on_stick, on_gone, on_closed, on_unmounted, is_over, w};
	struct fault f = {0};

	if (watch_new(&w->watch, &calls, &f) != E_OK)
		return f.sys == ENOMEM ? faultsay_error(w->c, &f, NULL) :
					 say_refuse(w->c, E_FAIL, "the list of mounts (/proc/self/mountinfo) cannot be read");
	say_info(w->c, "waiting for a stick; ^C ends this");
	event(w, json_pack("{s:s}", "event", "waiting"));
	ready_open(0, _("waiting for a stick"));
	watch_run(w->watch);
	watch_free(&w->watch);
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
	struct watching w = {.c = c};
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
