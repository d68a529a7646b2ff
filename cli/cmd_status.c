#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "human.h"
#include "keytree.h"
#include "mountpoint.h"
#include "opt.h"
#include "replug.h"
#include "sessions.h"
#include "text.h"
#include "unreadsay.h"
#include "when.h"

static const char about_text[] =
    N_("Show every folder that is open on this PC for you: from which stick, until when. Changes nothing.\n");

/* How many seconds are left to put the stick back before the folder closes; negative if the stick is there. */
static int64_t
put_back_s(const struct control_state *s)
{
	if (s->away_s == 0)
		return -1;
	return s->away_s < REPLUG_AWAY_S ? REPLUG_AWAY_S - s->away_s : 0;
}

static void
add_user(void *arg, long pid, const char *comm, const char *file)
{
	json_array_append_new(arg, json_pack("{s:I, s:o, s:o}", "pid", (json_int_t)pid, "program", say_json_text(comm), "file",
	    say_json_text(file)));
}

static json_t *
users_json(const struct control_state *s)
{
	json_t *list = json_array();

	mountpoint_users(s->mount_point, &s->mount, add_user, list);
	return list;
}

static json_t *
as_json(const struct control_state *s, int64_t now)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE], opened[WHEN_SHOWN], ends[WHEN_SHOWN];

	keytree_stick_name(stick, s->stick_id);
	keytree_fingerprint(issuer, s->issuer);
	when_rfc3339(opened, sizeof opened, s->opened_at);
	when_rfc3339(ends, sizeof ends, now + s->remaining_s);
	return json_pack("{s:o, s:o, s:s, s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:b, s:b, s:o, s:I, s:I, s:I, s:o}",
	    "mount_point", say_json_text(s->mount_point), "stick_path", say_json_text(s->stick_path), "stick", stick, "label",
	    say_json_text(s->label), "issuer", issuer, "opened_at", opened, "ends_at", ends, "used_s", (json_int_t)s->used_s,
	    "remaining_s", (json_int_t)s->remaining_s, "pid", (json_int_t)s->pid, "put_back_s",
	    s->away_s > 0 ? json_integer((json_int_t)put_back_s(s)) : json_null(), "private", (int)s->private, "as_issuer",
	    (int)s->by_key, "users", users_json(s), "open_files", (json_int_t)s->open_count, "unread_blocks",
	    (json_int_t)s->unread.blocks, "unread_files", (json_int_t)s->unread.files, "unread_file",
	    s->unread.files > 0 ? say_json_text(s->unread.name) : json_null());
}

static enum err
print_json(const struct cli *c, const struct sessions *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(list, as_json(&s->list[i].state, when_now()));
	return say_json(c, json_pack("{s:o}", "open", list));
}

static void
print_user(void *arg, long pid, const char *comm, const char *file)
{
	char who[64], what[300];

	++*(unsigned *)arg;
	say_safe(who, sizeof who, comm);
	if (pid == 0)
		/* TRANSLATORS: the file, and the device that was made of it, such as /dev/loop3 */
		printf(_("  the kernel has \"%s\" open, as %s\n"), say_safe(what, sizeof what, file), who);
	else if (file[0] == '\0' || strcmp(file, ".") == 0)
		printf(_("  %s (pid %ld) has the folder open\n"), who, pid);
	else
		printf(_("  %s (pid %ld) has \"%s\" open\n"), who, pid, say_safe(what, sizeof what, file));
}

static void
print_users(const struct control_state *s)
{
	char unread[UNREADSAY_SIZE];
	unsigned seen = 0;

	mountpoint_users(s->mount_point, &s->mount, print_user, &seen);
	if (seen == 0 && s->open_count > 0)
		printf(ngettext("  %u file is open, in a program that we cannot see from here\n",
		    "  %u files are open, in programs that we cannot see from here\n", s->open_count), (unsigned)s->open_count);
	if (s->unread.blocks > 0)
		printf("  %s\n", unreadsay(unread, &s->unread));
}

static enum err
print_text(const struct cli *c, const struct sessions *s)
{
	char stick[STICK_NAME_SIZE], path[1024], until[WHEN_SHOWN], left[WHEN_SHOWN];
	int64_t now = when_now();

	if (s->count == 0)
		say_info(c, "no folder is open here; 'oncestick mount' opens one");
	for (size_t i = 0; i < s->count; i++) {
		const struct control_state *st = &s->list[i].state;

		keytree_stick_name(stick, st->stick_id);
		when_show_until(until, sizeof until, now + st->remaining_s, now);
		when_show_duration(left, sizeof left, st->remaining_s);
		printf("%s\n", say_safe(path, sizeof path, st->mount_point));
		if (st->label[0] != '\0')
			printf(_("  \"%s\", stick %s\n"), say_safe(path, sizeof path, st->label), stick);
		else
			printf(_("  a lecture without a label, stick %s\n"), stick);
		/* TRANSLATORS: where the stick is mounted */
		printf(_("  from %s\n"), say_safe(path, sizeof path, st->stick_path));
		if (st->private)
			printf("%s", _("  private: only the player that 'oncestick play' started sees it\n"));
		if (st->by_key)
			printf("%s", _("  opened by the issuer: no code was used up\n"));
		printf(_("  open until %s (%s left)\n"), until, left);
		print_users(st);
		if (st->away_s > 0) {
			when_show_duration(left, sizeof left, put_back_s(st));
			printf(st->by_key ? _("  the stick is out; put it back within %s, or the folder closes\n") :
			    _("  the stick is out; put it back within %s, or the folder closes (its code opens it again)\n"), left);
		}
	}
	return say_stdout(c);
}

enum err
cmd_status(struct cli *c, int argc, char **argv)
{
	const struct opt_verb v = {"status", about_text, OPT_JSON | OPT_PLAIN, NULL, 0, 0};
	struct sessions s;
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err err;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	if (sessions_find(&s, &f) == E_OK)
		err = c->json ? print_json(c, &s) : print_text(c, &s);
	else
		err = faultsay_error(c, &f, NULL);
	sessions_free(&s);
	return err;
}
