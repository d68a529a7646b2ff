/*
 * cmd_prepare.c - lock a folder on sticks: the arguments before, and the words after. prepare.c does the work.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "dcbor.h"
#include "faultsay.h"
#include "human.h"
#include "issuing.h"
#include "keytree.h"
#include "leftout.h"
#include "opt.h"
#include "policyarg.h"
#include "prepare.h"
#include "preparing.h"
#include "prompt.h"
#include "readme.h"
#include "reformatsay.h"
#include "reporting.h"
#include "several.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "when.h"

#define DEVICE_SHOWN 128

struct wanted {
	const char *label, *format;
	struct policyarg policy;
	struct opt_list serials, excludes;
	bool rubbish;
};

/* The sticks to format, in the order of the targets; empty without --format. */
struct formats {
	struct reformat_env env;
	size_t count;
	struct reformat *list;
};

/* What prepare.h does not deal with. */
struct run {
	const struct cli *c;
	struct reporting reporting;
	struct prepare *j;
	struct exclude exclude; /* for j */
	struct place *sticks; /* for its targets; each is open, or not there yet */
	struct formats formats;
	bool yes; /* do not ask whether a STICK is really one */
};

/* ---- arguments ------------------------------------------------------------------------------------------------------------- */

static bool
set_policy(const struct cli *c, struct prepare *j, const struct policyarg *said)
{
	struct policyarg_times t;
	bool ok = policyarg_read(c, said, when_now(), &t);

	if (ok) {
		j->not_before = t.not_before;
		j->expires = t.expires;
		j->session_s = t.session_s;
	}
	return ok;
}

/* The last part of FOLDER's name, even for "." and "films/". */
static bool
set_label(const struct cli *c, struct prepare *j, const char *text)
{
	char *real = text == NULL ? realpath(j->folder, NULL) : NULL;
	const char *label = text != NULL ? text : real != NULL ? basename(real) : "?";
	bool ok = dcbor_text_ok(label, strlen(label));

	if (ok)
		snprintf(j->label, sizeof j->label, "%s", label);
	else if (text != NULL)
		say_usage(c, "--label takes 1 to %u bytes of plain text", LABEL_MAX);
	else
		say_usage(c, "the folder's name cannot be a label; give one with --label");
	free(real);
	return ok;
}

static enum err
new_targets(struct run *r, size_t count)
{
	struct prepare *j = r->j;

	j->targets = calloc(count, sizeof *j->targets);
	r->sticks = calloc(count, sizeof *r->sticks);
	if (j->targets == NULL || r->sticks == NULL)
		return say_refuse(r->c, E_FAIL, "there is not enough memory");
	for (size_t i = 0; i < count; i++) {
		r->sticks[i].fd = j->targets[i].fd = j->targets[i].bundle_fd = -1;
		j->targets[i].path = r->sticks[i].path;
	}
	j->count = count;
	return E_OK;
}

static enum err
open_stick(struct run *r, size_t i, const char *arg, struct fault *f)
{
	enum err e = stickarg_open(r->c, &r->sticks[i], arg, f);

	r->j->targets[i].fd = r->sticks[i].fd;
	return e;
}

static enum err
open_sticks(struct run *r, char **args)
{
	struct fault f = {0};

	for (size_t i = 0; i < r->j->count; i++)
		if (open_stick(r, i, args[i], &f) != E_OK)
			return faultsay_error(r->c, &f, &(struct faultsay_about){.object = args[i]});
	return E_OK;
}

/* ---- --format ------------------------------------------------------------------------------------------------------------- */

static enum err
find_formats(const struct cli *c, struct formats *s, const char *type, char **args, size_t count)
{
	struct fault why = {0}, f = {0};
	char safe[80];

	s->env = reformat_system(stop_asked);
	s->list = calloc(count, sizeof *s->list);
	if (s->list == NULL)
		return say_refuse(c, E_FAIL, "there is not enough memory");
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		s->list[i].type = reformat_type(type);
		if (s->list[i].type == REFORMAT_NONE)
			return say_usage(c, "--format is exfat or vfat, not '%s'", say_safe(safe, sizeof safe, type));
		if (reformat_find(&s->list[i], &s->env, args[i], &why) != E_OK) {
			reformatsay(c, &s->list[i], &why, &f);
			return faultsay_error(c, &f, NULL);
		}
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->list[k].usb.disk, s->list[i].usb.disk) == 0)
				return say_usage(c, "%s and %s are the same stick", s->list[k].path, s->list[i].path);
	}
	return E_OK;
}

/*
 * To have a stick wiped, the person must name it a second time: by its device's name on a terminal, by its serial number in a
 * script.
 */
static enum err
confirm_format(const struct cli *c, const struct formats *s, const struct reformat *r, const struct opt_list *serials)
{
	char shown[REFORMATSAY_MAX], question[256], answer[80];
	struct fault f = {0};

	reformatsay_show(shown, r, &s->env);
	say_warn(c, "everything on this stick will be destroyed: %s", shown);
	for (size_t i = 0; i < serials->count; i++)
		if (reformat_listed(r, serials->items[i]))
			return E_OK;
	if (serials->count > 0)
		return r->usb.serial[0] != '\0' ?
		    say_refuse(c, E_USAGE, "--format-serial does not name the serial number of %s, %s. Nothing was done", r->path,
			r->usb.serial) :
		    say_refuse(c, E_USAGE, "--format-serial cannot name %s: it has no serial number. Nothing was done",
			r->path);
	snprintf(question, sizeof question, _("Type %s to format it: "), r->usb.name);
	if (prompt_line(c, question, answer, sizeof answer, &f) != E_OK)
		return faultsay_error(c, &f, NULL);
	return reformat_named(r, answer) ? E_OK : say_refuse(c, E_PROMPT, "not confirmed. Nothing was done");
}

static enum err
confirm_formats(const struct cli *c, const struct formats *s, const struct opt_list *serials)
{
	enum err e = E_OK;

	for (size_t i = 0; i < s->count && e == E_OK; i++)
		e = confirm_format(c, s, &s->list[i], serials);
	return e;
}

/* A stick that is mounted for this process alone is shown under the name that the person gave. */
static enum err
take_formatted(struct run *r, size_t i, struct fault *f)
{
	const struct reformat *formatted = &r->formats.list[i];
	enum err e = open_stick(r, i, formatted->point, f);

	if (formatted->ours)
		snprintf(r->sticks[i].path, sizeof r->sticks[i].path, "%s", formatted->path);
	return e;
}

#define LABEL_BEGINS "ONCE-"

/* The volume is called like the stick, so that cards and sticks can be matched by eye. */
static enum err
name_volume(struct run *r, size_t i, struct fault *f)
{
	struct reformat *volume = &r->formats.list[i];
	char name[STICK_NAME_SIZE];
	enum err e = prepare_name(r->j, &r->j->targets[i], f);

	if (e != E_OK)
		return e;
	keytree_stick_name(name, r->j->targets[i].grant.stick_id);
	snprintf(volume->label, sizeof volume->label, LABEL_BEGINS "%s", name);
	for (char *p = volume->label; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return E_OK;
}

static enum err
format_stick(struct run *r, size_t i, struct fault *f)
{
	const struct formats *s = &r->formats;
	struct fault why = {0};
	enum err e = name_volume(r, i, f);

	if (e != E_OK)
		return e;
	say_info(r->c, "formatting %s", s->list[i].path);
	if ((e = reformat_make(&s->list[i], &s->env, &why)) == E_OK)
		e = reformat_mount(&s->list[i], &s->env, &why);
	return e == E_OK ? take_formatted(r, i, f) : reformatsay(r->c, &s->list[i], &why, f);
}

static enum err
remount(void *arg, struct prepare_target *t, struct fault *f)
{
	struct run *r = arg;
	size_t i = (size_t)(t - r->j->targets);
	locale_t before = (locale_t)0;
	struct fault why = {0};
	enum err e = E_OK;

	if (!r->formats.list[i].ours)
		return E_OK;
	place_close(&r->sticks[i]);
	t->fd = -1;
	if (r->c->json)
		before = text_english();
	e = reformat_remount(&r->formats.list[i], &r->formats.env, &why);
	e = e == E_OK ? take_formatted(r, i, f) : reformatsay(r->c, &r->formats.list[i], &why, f);
	if (r->c->json)
		text_again(before);
	return e;
}

static enum err
format_sticks(struct run *r)
{
	const struct formats *s = &r->formats;
	char wanted[HUMAN_SHOWN];
	struct fault f = {0};

	human_bytes(wanted, sizeof wanted, prepare_bytes(r->j));
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].usb.bytes < prepare_bytes(r->j))
			return say_refuse(r->c, E_SPACE, "it does not fit on %s: it needs %s. Nothing was done; use a larger stick",
			    s->list[i].path, wanted);
	for (size_t i = 0; i < s->count; i++)
		if (format_stick(r, i, &f) != E_OK)
			return faultsay_error(r->c, &f, &(struct faultsay_about){.object = s->list[i].path});
	return E_OK;
}

static void
end_formats(struct formats *s)
{
	for (size_t i = 0; i < s->count; i++) {
		reformat_unmount(&s->list[i], &s->env);
		reformat_free(&s->list[i]);
	}
	free(s->list);
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static json_t *
json_target(const struct prepare *j, const struct prepare_target *t)
{
	char name[STICK_NAME_SIZE], stick[2 * ID_SIZE + 1], grant[2 * ID_SIZE + 1], bundle[2 * ID_SIZE + 1];

	if (t->fault.err != E_OK)
		return json_pack("{s:o, s:b, s:s, s:i, s:o}", "path", say_json_text(t->path), "ok", 0, "error",
		    err_name(t->fault.err), "status", (int)t->fault.err, "message",
		    faultsay_json(&t->fault, &(struct faultsay_about){.object = t->path}));
	keytree_stick_name(name, t->grant.stick_id);
	bytes_to_hex(stick, t->grant.stick_id, ID_SIZE);
	bytes_to_hex(grant, t->grant.id, ID_SIZE);
	bytes_to_hex(bundle, j->bundle_id, ID_SIZE);
	return json_pack("{s:o, s:b, s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:i, s:b, s:i, s:b}", "path",
	    say_json_text(t->path),
	    "ok", 1, "stick", name, "stick_id", stick, "grant", grant, "bundle", bundle, "label", j->label, "codes", (int)j->codes,
	    "not_before", say_json_time(j->not_before), "expires", say_json_time(j->expires), "session_s", (int)j->session_s,
	    "read_from_device", (int)t->direct, "revoked", (int)t->replaced, "bound_to_usb", (int)t->grant.policy.usb);
}

static enum err
report_json(const struct cli *c, const struct prepare *j)
{
	json_t *list = json_array();

	for (size_t i = 0; i < j->count; i++)
		json_array_append_new(list, json_target(j, &j->targets[i]));
	return say_json(c, json_pack("{s:s, s:I, s:I, s:o, s:o}", "label", j->label, "files", (json_int_t)pack_source_files(j->src),
			       "bytes", (json_int_t)pack_source_bytes(j->src), "left_out", leftout_json(j->exclude), "sticks", list));
}

/* What is said of one of several begins with its directory and, if it has one, its name. */
static struct cli
of_target(const struct cli *c, const struct prepare *j, const struct prepare_target *t, char about[STICKARG_ABOUT])
{
	if (j->count > 1)
		stickarg_about(about, t->path, t->fault.err == E_OK ? t->grant.stick_id : NULL);
	return say_of(c, j->count > 1 ? about : NULL);
}

static void
report_whole(const struct cli *c, const struct prepare *j, const struct prepare_target *t)
{
	char name[STICK_NAME_SIZE], from[WHEN_SHOWN], until[WHEN_SHOWN], device[DEVICE_SHOWN + 4] = "", at[DEVICE_SHOWN];
	char *label = human_escape(j->label, strlen(j->label));

	keytree_stick_name(name, t->grant.stick_id);
	when_show_short(from, sizeof from, j->not_before, j->issuer.now);
	when_show_short(until, sizeof until, j->expires, j->issuer.now);
	stickarg_device(t->fd, at, sizeof at);
	if (at[0] != '\0')
		snprintf(device, sizeof device, " (%s)", at);
	say_lead(c);
	/* TRANSLATORS: label; stick's name; "" or what device it is, in parentheses; how many codes; from when to when they open */
	printf(ngettext("locked: \"%s\" on stick %s%s; %u code ready, from %s to %s\n",
		   "locked: \"%s\" on stick %s%s; %u codes ready, from %s to %s\n", j->codes),
	    label != NULL ? label : "", name, device, j->codes, from, until);
	if (t->grant.policy.usb)
		say_info(c, "its codes open only on this USB device, not on a copy");
	if (!t->direct)
		say_info(c, "the stick was read back through this PC's cache, because its file system allows no other way");
	if (t->replaced > 0)
		say_info(c,
		    ngettext("%u unused code that was on it before is revoked",
			"%u unused codes that were on it before are revoked", t->replaced),
		    t->replaced);
	free(label);
}

static void
report_failed(const struct cli *c, const struct prepare_target *t)
{
	char safe[512];

	faultsay_error(c, &t->fault, &(struct faultsay_about){.object = t->path});
	if (!t->started) {
		say_info(c, "%s was left as it is", say_safe(safe, sizeof safe, t->path));
		return;
	}
	if (t->forgets) {
		say_info(c, "nothing of it can be opened, and no code of it is ready; whatever else was on %s may be damaged",
		    say_safe(safe, sizeof safe, t->path));
		return;
	}
	say_safe(safe, sizeof safe, t->path);
	if (t->fresh)
		say_info(c,
		    "nothing of this was left on %s that could be opened; what was on it before is untouched. Run the same command "
		    "again.",
		    safe);
	else
		say_info(c,
		    "nothing of this was left on %s that could be opened; what was on it before and was not replaced is untouched. "
		    "Run the same command again.",
		    safe);
}

static void
say_next(const struct cli *c, const struct prepare *j, const struct formats *s)
{
	for (size_t i = 0; i < j->count; i++) {
		char *path = NULL, name[STICK_NAME_SIZE];

		if (j->targets[i].fault.err != E_OK)
			continue;
		if (i < s->count && s->list[i].ours) {
			keytree_stick_name(name, j->targets[i].grant.stick_id);
			say_info(c, "next: oncestick issue %s --to NAME", name);
			return;
		}
		path = human_escape(j->targets[i].path, strlen(j->targets[i].path));
		say_info(c, "next: oncestick issue %s%s%s --to NAME", path != NULL && strchr(path, ' ') != NULL ? "'" : "",
		    path != NULL ? path : "", path != NULL && strchr(path, ' ') != NULL ? "'" : "");
		free(path);
		return;
	}
}

static enum err
report(const struct cli *c, const struct prepare *j, const struct formats *s)
{
	enum err first = E_OK, printed = E_OK;

	for (size_t i = 0; i < j->count; i++) {
		const struct prepare_target *t = &j->targets[i];
		char about[STICKARG_ABOUT];
		const struct cli here = of_target(c, j, t, about);

		if (t->fault.err == E_OK && !c->json && !c->quiet)
			report_whole(&here, j, t);
		if (t->fault.err != E_OK)
			report_failed(&here, t);
		first = several_first(first, t->fault.err);
	}
	printed = c->json ? report_json(c, j) : say_stdout(c);
	issuing_warn_list(&j->issuer, c);
	say_next(c, j, s);
	return first != E_OK ? first : printed;
}

/* Say it at once, because the other sticks may take an hour. The report says it again. */
static void
say_refused(const struct cli *c, const struct prepare *j)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->targets[i].fault.err != E_OK)
			faultsay_error(c, &j->targets[i].fault, &(struct faultsay_about){.object = j->targets[i].path});
	say_info(c, "the other sticks are prepared");
}

/* Ask and find out everything that must be known before anybody types a passphrase. */
static enum err
look_at_places(struct run *r, struct prepare_target **blame, struct fault *f)
{
	struct prepare *j = r->j;
	enum err e = prepare_begin(j, blame, f);

	if (e == E_OK)
		e = leftout_file(r->c, j->exclude, j->folder_fd, f);
	for (size_t i = 0; i < j->count && e == E_OK && !r->yes; i++)
		if (j->targets[i].fd >= 0 && (e = preparing_ask_place(r->c, j->folder, &j->targets[i], f)) != E_OK)
			*blame = &j->targets[i];
	return e == E_OK ? prepare_bind(j, blame, f) : e;
}

static enum err
scan_folder(const struct cli *c, struct prepare *j, struct fault *f)
{
	char bytes[HUMAN_SHOWN], holes[HUMAN_SHOWN];
	enum err e = prepare_scan(j, f);
	uint64_t files = 0;

	if (e == E_OK || f->why == WHY_NO_FILES)
		leftout_say(c, j->exclude);
	if (e != E_OK)
		return e;
	files = pack_source_files(j->src);
	human_bytes(bytes, sizeof bytes, pack_source_bytes(j->src));
	/* TRANSLATORS: "packing" in the column of "writing" and "verifying", which are filled up with blanks to 10 columns */
	say_info(c, ngettext("packing    %llu file, %s", "packing    %llu files, %s", (unsigned long)files),
	    (unsigned long long)files, bytes);
	human_bytes(holes, sizeof holes, prepare_holes(j));
	if (prepare_holes(j) > 0)
		say_warn(
		    c, "%s of that is holes in files, which take no room in the folder but are stored in full on a stick", holes);
	return E_OK;
}

/* Listing the folder takes no time of its own while a passphrase is stretched, be it wrong. */
static enum err
opens_issuer(void *arg, struct bytes pass, struct fault *f)
{
	struct prepare *j = arg;
	enum err e = j->scanner == NULL ? prepare_scan_begin(j, f) : E_OK;

	return e == E_OK ? issuer_unlock(&j->issuer, pass, f) : e;
}

static enum err
unlock_and_scan(const struct cli *c, struct prepare *j, struct fault *f)
{
	struct prompt_answer pass = {0};
	enum err e = issuing_passphrase(c, &(struct issuing_lock){NULL, opens_issuer, j}, &pass, f);

	prompt_free(&pass);
	return e == E_OK ? scan_folder(c, j, f) : e;
}

static enum err
begin(struct run *r, struct prepare_target **blame, struct fault *f)
{
	struct issuer *i = &r->j->issuer;
	enum err e = look_at_places(r, blame, f);

	if (e != E_OK || (e = issuing_open_to_hand_out(i, r->c, f)) != E_OK || (e = issuing_clock(i, r->c, f)) != E_OK)
		return e;
	return unlock_and_scan(r->c, r->j, f);
}

static enum err
refuse(const struct cli *c, const struct prepare *j, const struct prepare_target *blame, struct fault *f)
{
	if (blame != NULL)
		preparing_word(c, f, j, blame);
	return faultsay_error(c, f, &(struct faultsay_about){.object = blame != NULL ? blame->path : NULL});
}

/* Do it once and now: what the faults are about may be gone later. For JSON the sentences are in English. */
static void
word_faults(const struct cli *c, struct prepare *j)
{
	locale_t before = c->json ? text_english() : (locale_t)0;

	for (size_t i = 0; i < j->count; i++)
		preparing_word(c, &j->targets[i].fault, j, &j->targets[i]);
	if (c->json)
		text_again(before);
}

static void
write_readme(const struct prepare *j, const struct prepare_target *t)
{
	char name[STICK_NAME_SIZE];

	keytree_stick_name(name, t->grant.stick_id);
	readme_write(t->fd, name, j->issuer.contact);
}

static enum err
run(struct run *r)
{
	const struct cli *c = r->c;
	struct prepare *j = r->j;
	struct prepare_target *blame = NULL;
	struct fault f = {0};
	enum err e = begin(r, &blame, &f);

	if (e == E_OK && (e = format_sticks(r)) != E_OK)
		return e;
	if (e == E_OK)
		e = prepare_check(j, &blame, &f);
	if (e != E_OK)
		return refuse(c, j, blame, &f);
	word_faults(c, j);
	if (blame != NULL)
		say_refused(c, j);
	e = prepare_write(j, &blame, &f);
	if (e != E_OK) {
		if (blame != NULL)
			preparing_word(r->c, &f, j, blame);
		return faultsay_error(c, &f, NULL);
	}
	word_faults(c, j);
	for (size_t i = 0; i < j->count; i++)
		if (j->targets[i].fault.err == E_OK)
			write_readme(j, &j->targets[i]);
	return report(c, j, &r->formats);
}

static enum err
check_together(const struct cli *c, const struct prepare *j, const struct wanted *w)
{
	if (j->add && j->replace)
		return say_usage(c, "--add and --replace contradict each other");
	if (j->add && j->discard)
		return say_usage(c, "--add keeps what is on the stick: there is nothing to --discard");
	if (w->serials.count > 0 && w->format == NULL)
		return say_usage(c, "--format-serial needs --format");
	if (w->format != NULL && (j->add || j->replace))
		return say_usage(c, "--format leaves nothing on the stick: leave out --add and --replace");
	return E_OK;
}

static enum err
take_arguments(struct run *r, const struct wanted *w, char **sticks, size_t count)
{
	const struct cli *c = r->c;
	struct prepare *j = r->j;
	enum err e = check_together(c, j, w);

	if (e != E_OK)
		return e;
	if (!set_policy(c, j, &w->policy) || !set_label(c, j, w->label))
		return E_USAGE;
	if ((e = leftout_patterns(c, &r->exclude, &w->excludes, w->rubbish)) != E_OK)
		return e;
	e = new_targets(r, count);
	if (e == E_OK && w->format == NULL)
		e = open_sticks(r, sticks);
	else if (e == E_OK && (e = find_formats(c, &r->formats, w->format, sticks, count)) == E_OK)
		e = confirm_formats(c, &r->formats, &w->serials);
	if (r->formats.count > 0) {
		j->remount = remount;
		j->remount_arg = r;
	}
	return e;
}

static void
end(struct run *r)
{
	prepare_end(r->j);
	for (size_t i = 0; i < r->j->count; i++)
		place_close(&r->sticks[i]);
	end_formats(&r->formats);
	free(r->j->targets);
	free(r->sticks);
	exclude_free(&r->exclude);
}

enum err
cmd_prepare(struct cli *c, int argc, char **argv)
{
	struct wanted w = {0};
	struct prepare j = {.codes = 12, .folder_fd = -1, .issuer = {.dir_fd = -1}};
	struct run r = {.c = c, .j = &j};
	const struct opt rows[] = {
	    {OPT_NUMBER, "codes", 'n', "N", N_("how many codes to make ready (12)"), &j.codes, 1, GRANT_SLOTS_MAX},
	    {OPT_TEXT, "label", 0, "TEXT", N_("what people see (the folder's name); not secret"), &w.label, 0, 0},
	    {OPT_TEXT, "lecture", 0, "TIME", N_("codes open from 3 h before until 24 h after it"), &w.policy.lecture, 0, 0},
	    {OPT_TEXT, "not-before", 0, "TIME", N_("codes open from then on (now)"), &w.policy.not_before, 0, 0},
	    {OPT_TEXT, "expires", 0, "TIME", N_("codes open until then (30 days later)"), &w.policy.expires, 0, 0},
	    {OPT_TEXT, "session", 0, "DURATION", N_("how long the folder stays open (8h)"), &w.policy.session, 0, 0},
	    {OPT_FLAG, "add", 0, NULL, N_("keep what is on the stick"), &j.add, 0, 0},
	    {OPT_FLAG, "replace", 0, NULL, N_("destroy what is on the stick, revoke its codes"), &j.replace, 0, 0},
	    {OPT_FLAG, "discard", 0, NULL, N_("replace even if used codes were not collected"), &j.discard, 0, 0},
	    {OPT_FLAG, "bind-usb", 0, NULL, N_("codes open only on the USB device they were written to"), &j.bind_usb, 0, 0},
	    {OPT_LIST, "exclude", 0, "PATTERN", N_("leave out what matches, such as '*.tmp' or drafts/"), &w.excludes, 0, 0},
	    {OPT_FLAG, "keep-rubbish", 0, NULL, N_("pack .DS_Store, Thumbs.db and the like, too"), &w.rubbish, 0, 0},
	    {OPT_FLAG, "skip-special", 0, NULL, N_("leave links, devices and sockets out"), &j.skip_special, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("do not ask whether STICK really is a stick"), &r.yes, 0, 0},
	    {OPT_FLAG, "strict", 0, NULL, N_("refuse a folder that changes while it is packed"), &j.strict, 0, 0},
	    {OPT_TEXT, "format", 0, "TYPE", N_("wipe STICK, a device, first: exfat or vfat"), &w.format, 0, 0},
	    {OPT_LIST, "format-serial", 0, "LIST", N_("do not ask, wipe only sticks with these serial numbers"), &w.serials, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"prepare FOLDER STICK... [OPTION...]",
	    N_("Lock FOLDER on each STICK, a directory where a stick is mounted, so that only a code opens it; then read all of it "
	       "back. All sticks get\n"
	       "the same lecture, each with codes of its own. Other files on the stick are left alone. Times look like 2026-11-24 "
	       "18:00, 24 Nov 18:00,\n"
	       "18:30, tomorrow 9:00 or +3d; durations like 90m or 8h.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CLOCK | OPT_JSON | OPT_PROGRESS, rows, 2, -1};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	j.folder = words.list[0];
	j.started = when_now();
	j.report = reporting_to(&r.reporting, c);
	j.exclude = &r.exclude;
	e = take_arguments(&r, &w, words.list + 1, (size_t)words.count - 1);
	if (e == E_OK)
		e = run(&r);
	end(&r);
	opt_list_free(&w.serials);
	opt_list_free(&w.excludes);
	return e;
}
