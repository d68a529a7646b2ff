#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "companion.h"
#include "eject.h"
#include "faultsay.h"
#include "mountpoint.h"
#include "opt.h"
#include "prompt.h"
#include "sessions.h"
#include "text.h"
#include "unreadsay.h"
#include "when.h"

static const char about_text[] =
    N_("End the session of an open folder for good: the folder closes, the code will not open again, and the stick may be pulled. "
       "DIR is the\n"
       "folder; it can be left out if only one is open. If a program still has a file open, it is named, and the folder stays "
       "open.\n");

struct choice {
	bool pause, force, yes, eject;
};

static enum control_op
operation(const struct choice *w)
{
	if (w->pause)
		return w->force ? CONTROL_PAUSE_FORCE : CONTROL_PAUSE;
	return w->force ? CONTROL_END_FORCE : CONTROL_END;
}

static enum err
ask(const struct cli *c, struct choice *w, bool by_key)
{
	const struct prompt_way ways[] = {
	    {'y', _("End for good")}, {'p', _("Pause")}, {'n', _("Leave open")}, {0, NULL}};
	const struct prompt_question q = {_("End for good? The code will not open again."), _("[y/N, p = pause]"), ways, 'n'};
	struct fault f = {0};
	char answer;

	if (w->yes || w->pause || by_key || !prompt_possible(c))
		return E_OK;
	if (prompt_choice(c, &q, &answer, &f) != E_OK)
		return say_refuse(c, f.err, "not ended: the folder stays open");
	w->pause = answer == 'p';
	return answer == 'n' ? say_refuse(c, E_PROMPT, "not ended: the folder stays open") : E_OK;
}

/* The programs that have files open, as one sentence. */
#define HOLDERS_NAMED 3
struct holders {
	char text[1600];
	unsigned count;
};

static void
name_holder(void *arg, long pid, const char *comm, const char *file)
{
	struct holders *h = arg;
	char who[64], what[200];
	bool whole = file[0] == '\0' || strcmp(file, ".") == 0;
	size_t n = strlen(h->text);

	if (h->count++ >= HOLDERS_NAMED)
		return;
	say_safe(who, sizeof who, comm);
	say_safe(what, sizeof what, file);
	n += (size_t)snprintf(h->text + n, sizeof h->text - n, "%s", n > 0 ? "; " : "");
	if (pid == 0)
		/* TRANSLATORS: the file, and the device that was made of it, such as /dev/loop3 */
		snprintf(h->text + n, sizeof h->text - n, _("the kernel still has \"%s\" open, as %s"), what, who);
	else if (whole)
		snprintf(h->text + n, sizeof h->text - n, _("%s (pid %ld) still has the folder open"), who, pid);
	else
		snprintf(h->text + n, sizeof h->text - n, _("%s (pid %ld) still has \"%s\" open"), who, pid, what);
}

static void
add_others(struct holders *h)
{
	size_t n = strlen(h->text);

	snprintf(h->text + n, sizeof h->text - n, _("; and %u more"), h->count - HOLDERS_NAMED);
}

static enum err
say_busy(const struct cli *c, const struct control_state *s)
{
	struct holders h = {.text = ""};

	mountpoint_users(s->mount_point, &s->mount, name_holder, &h);
	if (h.count == 0 && s->open_count > 0)
		snprintf(h.text, sizeof h.text,
		    ngettext("%u file of the folder is still open where we cannot see it: in another "
			     "user's program, in a sandbox, or in the kernel",
			"%u files of the folder are still open where we cannot see "
			"them: in another user's program, in a sandbox, or in the "
			"kernel",
			s->open_count),
		    (unsigned)s->open_count);
	else if (h.count == 0)
		snprintf(h.text, sizeof h.text, "%s", _("a program still has a file of the folder open"));
	if (h.count > HOLDERS_NAMED)
		add_others(&h);
	/* TRANSLATORS: %s is which program still has which file open, or several of these */
	return say_refuse(
	    c, E_BUSY, ngettext("%s. Close it, or use --force", "%s. Close them, or use --force", h.count > 1 ? 2 : 1), h.text);
}

/* The folder could not be unmounted: it would stay there, dead, where nobody sees it. */
static enum err
say_covered(const struct cli *c, const char *folder)
{
	char safe[PATH_MAX];

	return say_refuse(c, E_BUSY, "something else is mounted over %s: unmount that first. The folder stays open",
	    say_safe(safe, sizeof safe, folder));
}

static void
warn_left(const struct cli *c, const char *folder)
{
	char safe[PATH_MAX];

	say_warn(c, "%s is closed but still there, because something else is mounted over it. Unmount that; the next 'oncestick "
		    "status' then removes the folder",
	    say_safe(safe, sizeof safe, folder));
}

static void
count_holder(void *arg, long pid, const char *comm, const char *file)
{
	unsigned *count = arg;

	(void)pid, (void)comm, (void)file;
	++*count;
}

/* A file that a program has closed may be open for a moment longer. */
static bool
stays_open(const struct sessions *s, const struct sessions_one *one, struct control_state *state)
{
	const struct timespec moment = {.tv_nsec = 50000000};
	struct control_reply reply;

	for (int tries = 0; state->open_count > 0 && tries < 20; tries++) {
		nanosleep(&moment, NULL);
		if (control_ask(s->dir_fd, one->lock_name, CONTROL_STATUS, &reply, NULL) != E_OK)
			return false; /* the next request says why */
		*state = reply.state;
	}
	return state->open_count > 0;
}

/* Do not ask the person about something that cannot be done. */
static bool
is_held(const struct sessions *s, const struct sessions_one *one, const struct choice *w, struct control_state *state)
{
	unsigned count = 0;

	*state = one->state;
	if (w->force)
		return false;
	mountpoint_users(state->mount_point, &state->mount, count_holder, &count);
	return count > 0 || stays_open(s, one, state);
}

/* No session in this memory has it. It is somebody else's, or of another memory, or not a folder of ours. */
static enum err
say_no_session(const struct cli *c, const char *dir, const struct fault *f)
{
	const struct passwd *pw;
	char safe[600];
	uid_t owner;

	if (dir == NULL || f->err != E_MOUNTED || !mountpoint_owner(dir, &owner))
		return faultsay_error(c, f, &(struct faultsay_about){.object = dir});
	say_safe(safe, sizeof safe, dir);
	if (owner == geteuid())
		return say_refuse(c, E_MOUNTED, "%s was opened with another memory of this PC: set ONCESTICK_STATION_DIR as it was "
						"then", safe);
	pw = getpwuid(owner);
	return say_refuse(c, E_MOUNTED, "%s was opened by user %s, and only they can end it", safe, pw != NULL ? pw->pw_name : "?");
}

static void
say_ended(const struct cli *c, const struct control_state *s, const struct choice *w)
{
	char length[WHEN_SHOWN], until[WHEN_SHOWN];
	int64_t now = when_now();

	when_show_duration(length, sizeof length, s->used_s);
	when_show_until(until, sizeof until, now + s->remaining_s, now);
	if (c->json)
		return;
	if (w->pause && w->eject)
		say_info(c, "paused after %s; the same code continues here until %s.", length, until);
	else if (w->pause)
		say_info(c, "paused after %s; the same code continues here until %s. Safe to pull the stick.", length, until);
	else if (w->eject)
		say_info(c, "ended after %s.", length);
	else
		say_info(c, "ended after %s. Safe to pull the stick.", length);
}

static enum err
report(const struct cli *c, const struct control_state *s, const struct choice *w, bool ejected)
{
	if (!c->json)
		return E_OK;
	return say_json(
	    c, json_pack("{s:s%, s:b, s:I, s:I, s:b, s:I}", "mount_point", s->mount_point, strlen(s->mount_point), "paused",
		   (int)w->pause, "used_s", (json_int_t)s->used_s, "remaining_s", (json_int_t)(w->pause ? s->remaining_s : 0),
		   "ejected", (int)ejected, "unread_blocks", (json_int_t)s->unread.blocks));
}

/* ---- the stick ------------------------------------------------------------------------------------------------------------ */

static bool
has_another(const struct sessions *s, const struct sessions_one *one)
{
	for (size_t i = 0; i < s->count; i++)
		if (&s->list[i] != one && memcmp(s->list[i].state.stick_id, one->state.stick_id, ID_SIZE) == 0)
			return true;
	return false;
}

static void
warn_in_use(const struct cli *c, const char *why)
{
	say_warn(c, "%s. The folder is closed anyway. Eject the stick in the file manager before you pull it", why);
	companion_tell_ejected(why);
}

static void
warn_busy(const struct cli *c, const struct eject *e)
{
	struct holders h = {.text = ""};
	struct mountinfo_id mount;

	mountinfo_identify(e->where, &mount);
	mountpoint_users(e->where, &mount, name_holder, &h);
	if (h.count > HOLDERS_NAMED)
		add_others(&h);
	warn_in_use(c, h.count > 0 ? h.text : _("a program still has a file on the stick open"));
}

static void
warn_not_ejected(const struct cli *c, const char *why)
{
	char safe[EJECT_WHY], text[EJECT_WHY + 80];

	snprintf(text, sizeof text, _("the stick could not be ejected (%s)"), say_safe(safe, sizeof safe, why));
	warn_in_use(c, text);
}

/* Take the stick out of the PC's hands; return whether that worked. Either way the session is over. */
static bool
eject(const struct cli *c, const struct sessions *s, const struct sessions_one *one)
{
	struct eject e;
	bool done = false;

	if (has_another(s, one)) {
		warn_in_use(c, _("another folder of this stick is open"));
		return false;
	}
	switch (eject_find(&e, one->state.stick_path, one->state.stick_id, one->state.stick_device)) {
	case EJECT_OUT:
		say_info(c, "the stick is out already.");
		return true;
	case EJECT_DIRECTORY:
		warn_in_use(c, _("the lecture is not at the top of a stick, so there is nothing to switch off"));
		return false;
	case EJECT_MOUNTED:
		break;
	}
	say_info(c, "switching the stick off, do not pull it yet ...");
	switch (eject_stick(&e)) {
	case EJECT_DONE:
		say_info(c, "the stick is off. Safe to pull it.");
		done = true;
		break;
	case EJECT_UNMOUNTED:
		say_info(c, "the stick is unmounted. Safe to pull it.");
		done = true;
		break;
	case EJECT_BUSY:
		warn_busy(c, &e);
		break;
	case EJECT_FAILED:
		warn_not_ejected(c, e.why);
		break;
	case EJECT_NOBODY:
		warn_not_ejected(c, _("this oncestick was built without libsystemd, which it needs to ask udisks2"));
		break;
	}
	if (done)
		companion_tell_ejected(NULL);
	return done;
}

/* ---- the verb -------------------------------------------------------------------------------------------------------------- */

static const struct sessions_one *
pick_only(const struct cli *c, const struct sessions *s, struct fault *f)
{
	char folders[440] = "";

	if (s->count == 1)
		return &s->list[0];
	if (s->count == 0) {
		say_fault(c, f, E_MOUNTED, _("no folder is open here; 'oncestick mount' opens one."));
		return NULL;
	}
	for (size_t i = 0; i < s->count; i++) {
		const char *name = s->list[i].state.mount_point, *comma = i > 0 ? ", " : "";
		size_t n = strlen(folders), len = strlen(name);
		bool fits = n + len + sizeof ", , ..." <= sizeof folders; /* a truncated name would be another one */

		snprintf(folders + n, sizeof folders - n, "%s%.*s", comma, (int)len, fits ? name : "...");
		if (!fits)
			break;
	}
	say_fault(c, f, E_USAGE, _("which folder? These are open: %s"), folders);
	return NULL;
}

static const struct sessions_one *
pick(const struct cli *c, const struct sessions *s, const char *dir, struct fault *f)
{
	const struct sessions_one *one = NULL;

	if (dir == NULL)
		return pick_only(c, s, f);
	if ((one = sessions_named(s, dir)) == NULL)
		fault_set(f, E_MOUNTED, 0, "not ours", "%s", dir);
	return one;
}

static enum err
unmount(const struct cli *c, const struct sessions *s, const char *dir, struct choice *w)
{
	const struct sessions_one *one;
	char unread[UNREADSAY_SIZE];
	struct control_state state;
	struct control_reply reply;
	struct fault f = {0};
	enum err err;

	if ((one = pick(c, s, dir, &f)) == NULL)
		return say_no_session(c, dir, &f);
	(void)!chdir("/"); /* the shell that called us may be inside the folder, but we must not be */
	if (!w->force && mountpoint_is_covered(one->state.mount_point, &one->state.mount))
		return say_covered(c, one->state.mount_point);
	if (is_held(s, one, w, &state))
		return say_busy(c, &state);
	if (state.by_key)
		w->pause = false; /* there is no code with which it could go on */
	if ((err = ask(c, w, state.by_key)) != E_OK)
		return err;
	err = control_ask(s->dir_fd, one->lock_name, (enum control_op)(operation(w) | (w->eject ? CONTROL_TOLD : 0)), &reply, &f);
	if (err == E_BUSY && mountpoint_is_covered(one->state.mount_point, &one->state.mount))
		return say_covered(c, one->state.mount_point);
	if (err == E_BUSY)
		return say_busy(c, &reply.state);
	if (err != E_OK)
		return faultsay_error(c, &f, &(struct faultsay_about){.object = one->state.mount_point});
	if (reply.state.mount.mount != 0) /* usually nothing is left there */
		mountpoint_clear(reply.state.mount_point, &reply.state.mount, reply.state.made, reply.state.opened_at);
	say_ended(c, &reply.state, w);
	if (mountpoint_is_covered(one->state.mount_point, &one->state.mount))
		warn_left(c, one->state.mount_point);
	if (reply.state.unread.blocks > 0)
		say_warn(c, "%s", unreadsay(unread, &reply.state.unread));
	return report(c, &reply.state, w, w->eject && eject(c, s, one));
}

enum err
cmd_unmount(struct cli *c, int argc, char **argv)
{
	struct choice w = {0};
	const struct opt rows[] = {
	    {OPT_FLAG, "pause", 'p', NULL, N_("only close the folder: the same code continues here until the deadline"), &w.pause,
		0, 0},
	    {OPT_FLAG, "force", 'f', NULL, N_("even while programs have files open"), &w.force, 0, 0},
	    {OPT_FLAG, "eject", 'e', NULL, N_("then unmount the stick and switch it off"), &w.eject, 0, 0},
	    {OPT_FLAG, "yes", 'y', NULL, N_("do not ask"), &w.yes, 0, 0}, {.kind = OPT_END}};
	const struct opt_verb v = {"unmount [DIR]", about_text, OPT_JSON | OPT_PLAIN | OPT_PINENTRY, rows, 0, 1};
	struct sessions s;
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err err;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	if (sessions_find(&s, &f) != E_OK)
		err = faultsay_error(c, &f, NULL);
	else
		err = unmount(c, &s, words.count > 0 ? words.list[0] : NULL, &w);
	sessions_free(&s);
	return err;
}
