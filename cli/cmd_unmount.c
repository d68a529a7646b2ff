#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "mountpoint.h"
#include "opt.h"
#include "prompt.h"
#include "say.h"
#include "sessions.h"
#include "text.h"
#include "when.h"

static const char about_text[] =
    N_("End the session of an open folder for good: the folder goes, the code will not open again, and the stick may be pulled.\n"
    "DIR is the folder; left out, it is the only one open. While a program has a file open nothing happens, and it is named.\n");

struct choice {
	bool pause, force, yes;
};

static enum control_op
operation(const struct choice *w)
{
	if (w->pause)
		return w->force ? CONTROL_PAUSE_FORCE : CONTROL_PAUSE;
	return w->force ? CONTROL_END_FORCE : CONTROL_END;
}

static enum err
ask(const struct cli *c, struct choice *w)
{
	struct fault f = {0};
	char answer;

	if (w->yes || w->pause || !prompt_possible())
		return E_OK;
	if (prompt_choice(_("End for good? The code will not open again. [y/N, p = pause] "), "ynp", 'n', &answer, &f) != E_OK)
		return say_refuse(c, f.err, "not ended: the folder stays open");
	w->pause = answer == 'p';
	return answer == 'n' ? say_refuse(c, E_PROMPT, "not ended: the folder stays open") : E_OK;
}

/* The programs that hold files, one sentence. */
#define HOLDERS_NAMED 3
struct holders {
	char text[1000];
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
	snprintf(h->text + n, sizeof h->text - n, "%s%s (pid %ld) still has %s%s%s open", n > 0 ? "; " : "", who, pid,
	    whole ? "" : "\"", whole ? "the folder" : what, whole ? "" : "\"");
}

static void
add_others(struct holders *h)
{
	size_t n = strlen(h->text);

	snprintf(h->text + n, sizeof h->text - n, "; and %u more", h->count - HOLDERS_NAMED);
}

static enum err
say_busy(const struct cli *c, const char *dir)
{
	struct holders h = {.text = ""};

	mountpoint_users(dir, name_holder, &h);
	if (h.count == 0)
		snprintf(h.text, sizeof h.text, "a program still has a file of the folder open");
	if (h.count > HOLDERS_NAMED)
		add_others(&h);
	return say_refuse(c, E_BUSY, "%s. Close %s, or use --force", h.text, h.count > 1 ? "them" : "it");
}

static void
count_holder(void *arg, long pid, const char *comm, const char *file)
{
	unsigned *count = arg;

	(void)pid, (void)comm, (void)file;
	++*count;
}

/* Nobody is asked about what cannot be done. */
static bool
is_held(const char *dir, const struct choice *w)
{
	unsigned count = 0;

	if (!w->force)
		mountpoint_users(dir, count_holder, &count);
	return count > 0;
}

static enum err
say_ended(const struct cli *c, const struct control_state *s, bool paused)
{
	char length[WHEN_SHOWN], until[WHEN_SHOWN];
	int64_t now = when_now();

	when_show_duration(length, sizeof length, s->used_s);
	when_show_until(until, sizeof until, now + s->remaining_s, now);
	if (c->json)
		return say_json(c, json_pack("{s:s%, s:b, s:I, s:I}", "mount_point", s->mount_point, strlen(s->mount_point), "paused",
		    (int)paused, "used_s", (json_int_t)s->used_s, "remaining_s", (json_int_t)(paused ? s->remaining_s : 0)));
	if (paused)
		say_info(c, "paused after %s; the same code continues here until %s. Safe to pull the stick.", length, until);
	else
		say_info(c, "ended after %s. Safe to pull the stick.", length);
	return E_OK;
}

static enum err
unmount(const struct cli *c, const struct sessions *s, const char *dir, struct choice *w)
{
	const struct sessions_one *one;
	struct control_reply reply;
	struct fault f = {0};
	enum err err;

	if ((one = sessions_pick(s, dir, &f)) == NULL)
		return say_error(c, &f, &(struct say_about){.object = dir});
	if (is_held(one->state.mount_point, w))
		return say_busy(c, one->state.mount_point);
	if ((err = ask(c, w)) != E_OK)
		return err;
	err = control_ask(s->dir_fd, one->lock_name, operation(w), &reply, &f);
	if (err == E_BUSY)
		return say_busy(c, one->state.mount_point);
	if (err != E_OK)
		return say_error(c, &f, &(struct say_about){.object = one->state.mount_point});
	mountpoint_clear(reply.state.mount_point, reply.state.made); /* usually nothing is left there */
	return say_ended(c, &reply.state, w->pause);
}

enum err
cmd_unmount(struct cli *c, int argc, char **argv)
{
	struct choice w = {0};
	const struct opt rows[] = {
	    {OPT_FLAG, "pause", 'p', NULL, N_("only close the folder: the same code continues here until the deadline"), &w.pause, 0, 0},
	    {OPT_FLAG, "force", 'f', NULL, N_("even while programs have files open"), &w.force, 0, 0},
	    {OPT_FLAG, "yes", 'y', NULL, N_("do not ask"), &w.yes, 0, 0}, {.kind = OPT_END}};
	const struct opt_verb v = {"unmount [DIR]", about_text, OPT_JSON | OPT_PLAIN, rows, 0, 1};
	struct sessions s;
	struct fault f = {0};
	char **operand;
	enum err err;
	int n;

	if (!opt_parse(c, &v, argc, argv, &operand, &n, &err))
		return err;
	if (sessions_find(&s, &f) != E_OK)
		err = say_error(c, &f, NULL);
	else
		err = unmount(c, &s, n > 0 ? operand[0] : NULL, &w);
	sessions_free(&s);
	return err;
}
