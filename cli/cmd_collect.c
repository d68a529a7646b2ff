/*
 * cmd_collect.c - a stick comes home: read which codes were used, update the books, renew the list, and report what does not add
 * up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "books_pc.h"
#include "cli.h"
#include "collect.h"
#include "faultsay.h"
#include "filearg.h"
#include "homecoming.h"
#include "human.h"
#include "issuer.h"
#include "issuing.h"
#include "keytree.h"
#include "newfile.h"
#include "opt.h"
#include "prompt.h"
#include "reporting.h"
#include "scrub.h"
#include "scrubbing.h"
#include "several.h"
#include "stickio.h"
#include "text.h"
#include "when.h"

#define RECEIPTS_MAX_MIB 64u /* all files together: some 300 000 codes */
#define RECEIPTS_MAX ((size_t)RECEIPTS_MAX_MIB << 20)
#define COLUMNS 6

/* One stick, or receipts alone. */
struct run {
	struct cli c; /* for what is said of it */
	char about[STICKARG_ABOUT];
	const char *stick; /* operand or NULL */
	bool alone;	   /* there is no stick */
	struct issuer *issuer;
	struct place at;
	struct reporting reporting;
	struct homecoming h;
	struct fault *fault; /* it was not collected */
};

struct all {
	const struct cli *c;
	struct opt_list receipts;
	const char *list; /* the file to write the list to, or NULL */
	bool purge, yes;

	struct issuer issuer;
	uint8_t **files; /* the contents of receipts, one each */
	struct run *runs; /* if there are several sticks, receipts come first, by themselves */
	struct fault *faults; /* of each of them */
	struct several_place *places;
	size_t count;
};

/* ---- collecting ------------------------------------------------------------------------------------------------------------ */

/* Lost books are rebuilt from the sticks that come home. */
static enum err
open_books(struct all *a, struct fault *f)
{
	enum err e = issuing_open(&a->issuer, a->c, f);

	if (e != E_BOOKS || f->sys != ENOENT)
		return e;
	say_warn(a->c, "there are no books beside the keystore, so new ones are started. Restore the old ones, or collect every "
		       "stick.");
	fault_clear(f);
	return issuing_begin_books(&a->issuer, a->c, f);
}

static enum err
read_file(struct all *a, size_t i, size_t *room, struct fault *f)
{
	const char *name = a->receipts.items[i];
	size_t n = 0;

	if (stickio_slurp_named(name, *room, &a->files[i], &n) != 0) {
		if (errno == EFBIG)
			return say_fault(a->c, f, E_USAGE,
			    _("%s is too large: at most %u MiB of receipts are read at once. Give fewer files at a time; a single PC "
			      "never has that many, so is it the right file?"),
			    name, RECEIPTS_MAX_MIB);
		return filearg_unread(a->c, name, f);
	}
	*room -= n;
	return collect_file(&a->runs[0].h.collect, BYTES(a->files[i], n), f);
}

static enum err
read_receipts(struct all *a, struct fault *f)
{
	size_t room = RECEIPTS_MAX;
	enum err e = E_OK;

	a->files = calloc(a->receipts.count + 1, sizeof *a->files);
	if (a->files == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for receipts");
	for (size_t i = 0; i < a->receipts.count && e == E_OK; i++)
		e = read_file(a, i, &room, f);
	return e;
}

static enum err
read_stick(struct run *r, struct fault *f)
{
	struct fault why = {0};
	enum err e = homecoming_read(&r->h, r->at.fd, r->at.path, &why);

	if (why.why == WHY_ANOTHER_ISSUER)
		return say_fault(&r->c, f, E_ISSUER,
		    _("the stick at %s belongs to another issuer; nothing was changed. Collect it with the keystore it was prepared with."),
		    r->at.path);
	return e == E_OK ? E_OK : fault_pass(f, &why);
}

static enum err
take_stick(void *arg, size_t k, struct fault *f)
{
	struct all *a = arg;
	struct run *r = &a->runs[k];
	enum err e = E_OK;

	if (r->alone)
		return E_OK;
	e = stickarg_open(&r->c, &r->at, r->stick, f);
	if (r->c.about != NULL)
		stickarg_about(r->about, e == E_OK ? r->at.path : r->stick, NULL);
	if (several_look(a->places, k, r->at.fd, r->at.path, f) != E_OK)
		return f->err;
	if (e != E_OK || (a->purge && (e = scrub_check(r->at.fd, r->at.path, f)) != E_OK) || (e = read_stick(r, f)) != E_OK)
		return e;
	if (r->c.about != NULL)
		stickarg_about(r->about, r->at.path, r->h.stick->id);
	if (r->h.grants.skipped > 0)
		say_warn(&r->c,
		    ngettext("%u lecture on the stick cannot be read and is left out",
			"%u lectures on the stick cannot be read and are left out", r->h.grants.skipped),
		    r->h.grants.skipped);
	return E_OK;
}

/* By now everything else is in the books. */
static enum err
ask_damaged(struct run *r, struct fault *f)
{
	char question[STICKARG_ABOUT + 400];
	struct fault no = {0};
	size_t n = 0;
	enum err e = E_OK;

	if (r->h.collect.all_damaged == 0 || !prompt_possible(&r->c))
		return E_OK;
	if (r->c.about != NULL)
		n = (size_t)snprintf(question, sizeof question, "%s: ", r->c.about);
	snprintf(question + n, sizeof question - n,
	    ngettext("The record of the last unused code on this stick is damaged. Revoke it?",
		"The records of all %u unused codes on this stick are damaged. Revoke them?", r->h.collect.all_damaged),
	    r->h.collect.all_damaged);
	e = prompt_yes(&r->c, question, &no);
	if (e == E_PROMPT)
		return E_OK;
	if (e != E_OK)
		return fault_pass(f, &no);
	r->h.collect.revoke_all = true;
	return homecoming_commit(&r->h, f);
}

static enum err
enter(void *arg, size_t k, struct fault *f)
{
	struct all *a = arg;
	struct run *r = &a->runs[k];
	enum err e = collect_judge(&r->h.collect, f);

	if (e == E_OK)
		e = homecoming_commit(&r->h, f);
	return e == E_OK ? ask_damaged(r, f) : e;
}

/* Each gets the newest list, which names what was found on all of them. */
static enum err
put(void *arg, size_t k, struct fault *f)
{
	struct all *a = arg;
	struct homecoming *h = &a->runs[k].h;
	uint32_t newest = 0;
	enum err e = E_OK;

	for (size_t i = 0; i < a->count; i++)
		newest = a->runs[i].h.number > newest ? a->runs[i].h.number : newest;
	if (h->number != newest && (e = homecoming_commit(h, f)) != E_OK)
		return e;
	homecoming_put(h);
	return E_OK;
}

/* Fails only for what is not the fault of one stick. */
static enum err
run(struct all *a, struct fault *f)
{
	enum err e = E_OK;

	if ((a->list != NULL && (e = newfile_check(a->c, a->list, f)) != E_OK) || (e = open_books(a, f)) != E_OK ||
	    (e = read_receipts(a, f)) != E_OK)
		return e;
	stickarg_each(a->c, a->faults, a->count, take_stick, a);
	if (several_stop(a->faults, a->count) != NULL)
		return fault_pass(f, several_stop(a->faults, a->count));
	if (several_fine(a->faults, a->count) == 0)
		return E_OK;
	if ((e = issuing_clock(&a->issuer, a->c, f)) != E_OK || (e = issuing_unlock(&a->issuer, a->c, f)) != E_OK)
		return e;
	several_each(a->faults, a->count, enter, a);
	several_each(a->faults, a->count, put, a);
	return E_OK;
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static const char *
kind_name(enum collect_kind kind)
{
	switch (kind) {
	case COLLECT_QUIET:
		return "unused";
	case COLLECT_USED:
		return "used";
	case COLLECT_DESTROYED:
		return "destroyed";
	case COLLECT_ROLLED_BACK:
		return "rolled-back";
	case COLLECT_TWICE:
		return "opened-twice";
	case COLLECT_DAMAGED:
		return "damaged";
	case COLLECT_UNREADABLE:
		return "unreadable";
	}
	return "?";
}

static const char *
kind_words(const struct collect_finding *x)
{
	switch (x->kind) {
	case COLLECT_QUIET:
		return _("unused");
	case COLLECT_USED:
		return _("used");
	case COLLECT_DESTROYED:
		return x->before.spent_at != 0 ? _("used") : _("DESTROYED, time unknown");
	case COLLECT_ROLLED_BACK:
		return x->live ? _("STICK ROLLED BACK: used, but live again on it")
			       : _("STICK ROLLED BACK: used, then unused on it");
	case COLLECT_TWICE:
		return _("OPENED IN TWO PLACES");
	case COLLECT_DAMAGED:
		return x->kept ? _("damaged") : _("damaged, now revoked");
	case COLLECT_UNREADABLE:
		return _("cannot be read");
	}
	return "?";
}

static bool
was_used(const struct collect_finding *x)
{
	return x->kind != COLLECT_QUIET && x->kind != COLLECT_DAMAGED && x->kind != COLLECT_UNREADABLE;
}

static bool
is_new(const struct collect_finding *x)
{
	return was_used(x) && (x->before.state != BOOKS_SPENT || x->fresh_second);
}

static const struct {
	enum receipt_flag flag;
	const char *name, *words;
} flags[] = {
    {RECEIPT_CLOCK_BEHIND, "clock-behind", N_("its clock was behind")},
    {RECEIPT_CLOCK_BACK, "clock-back", N_("its clock had gone back")},
    {RECEIPT_NO_MEMORY, "no-memory", N_("it keeps no memory")},
    {RECEIPT_CLOCK_RESET, "clock-reset", N_("its clock was reset by hand")},
    {RECEIPT_REPAIRED, "repaired", N_("a damaged record was repaired")},
};
#define FLAGS (sizeof flags / sizeof flags[0])

static void
flag_words(uint32_t bits, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < FLAGS && n < size; i++)
		if (bits & flags[i].flag)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n == 0 ? "" : ", ", _(flags[i].words));
}

/* How long the lecture was open, if it has ended, and what was odd about it. */
static void
note_words(const struct receipt *r, char *out, size_t size)
{
	char length[WHEN_SHOWN], odd[500];
	int64_t open_s = r->open_s > SESSION_MAX_S ? SESSION_MAX_S : (int64_t)r->open_s;

	flag_words(r->flags, odd, sizeof odd);
	when_show_duration(length, sizeof length, open_s);
	if (r->ended_at == 0)
		snprintf(out, size, "%s", odd);
	else if (odd[0] == '\0')
		snprintf(out, size, _("open for %s"), length);
	else
		/* TRANSLATORS: how long a lecture lasted, and what was odd, such as "its clock was behind" */
		snprintf(out, size, _("open for %s; %s"), length, odd);
}

/*
 * The PC's name. If it has none, or the books cannot be read any more, the first symbols of its id, which are enough to tell PCs
 * apart.
 */
static void
station_name(const struct run *run, const struct receipt *r, char *out, size_t size)
{
	char name[LABEL_MAX + 1];

	if (books_pc_name(run->issuer->books, r->station_id, name, NULL) == E_OK && name[0] != '\0')
		say_safe(out, size, name);
	else
		bytes_to_hex(out, r->station_id, 4);
}

static int
add_row(const struct run *r, struct human_table *t, const struct collect_finding *x)
{
	char id[ISSUER_SLOT_NAME], when[WHEN_SHOWN] = "", station[8 * LABEL_MAX + 4] = "", note[600] = "";
	char *holder = human_escape(x->before.holder, strlen(x->before.holder));
	int64_t at = x->proof.n > 0 ? x->proof.receipt.spent_at : x->before.spent_at;
	const char *cells[COLUMNS] = {id, kind_words(x), when, holder, station, note};
	int failed = holder == NULL;

	issuer_slot_name(id, &x->before);
	if (at != 0 && x->kind != COLLECT_DAMAGED)
		when_show_short(when, sizeof when, at, r->issuer->now);
	if (x->proof.n > 0) {
		station_name(r, &x->proof.receipt, station, 4 * LABEL_MAX);
		note_words(&x->proof.receipt, note, sizeof note);
	}
	if (x->kind == COLLECT_TWICE) {
		size_t n = strlen(station);

		station[n++] = '+';
		station_name(r, &x->other.receipt, station + n, sizeof station - n);
	}
	failed = failed || human_table_add(t, cells) != 0;
	free(holder);
	return failed;
}

static bool
worth_saying(const struct collect_finding *x)
{
	return x->kind != COLLECT_QUIET && !(x->kind == COLLECT_DAMAGED && x->before.state == BOOKS_SPENT);
}

static enum err
report_table(const struct run *r)
{
	const char *const heads[COLUMNS] = {_("CODE"), _("FOUND"), _("WHEN"), _("HOLDER"), _("PC"), _("NOTE")};
	struct human_table *t = human_table_new(COLUMNS, heads);
	int failed = t == NULL;

	for (size_t i = 0; i < r->h.collect.count && !failed; i++)
		if (worth_saying(&r->h.collect.findings[i]))
			failed = add_row(r, t, &r->h.collect.findings[i]);
	if (!failed && r->c.about != NULL)
		printf("%s:\n", r->c.about);
	if (!failed)
		human_table_print(t, stdout, human_columns(STDOUT_FILENO));
	human_table_free(&t);
	return failed ? say_refuse(&r->c, E_FAIL, "there is not enough memory to show the list; it is in the books")
		      : say_stdout(&r->c);
}

static json_t *
json_receipt(const struct receipt *x)
{
	char station[2 * ID_SIZE + 1], session[2 * ID_SIZE + 1];
	json_t *list = json_array();

	bytes_to_hex(station, x->station_id, ID_SIZE);
	bytes_to_hex(session, x->session_id, ID_SIZE);
	for (size_t i = 0; i < FLAGS; i++)
		if (x->flags & flags[i].flag)
			json_array_append_new(list, json_string(flags[i].name));
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "spent_at", say_json_time(x->spent_at), "station", station,
	    "session", session, "flags", list, "ended_at", x->ended_at != 0 ? say_json_time(x->ended_at) : json_null(), "open_s",
	    x->ended_at != 0 ? json_integer((json_int_t)x->open_s) : json_null(), "resumes",
	    x->ended_at != 0 ? json_integer((json_int_t)x->resumes) : json_null());
}

static json_t *
json_finding(const struct collect_finding *x)
{
	char id[ISSUER_SLOT_NAME];
	json_t *v = NULL;

	issuer_slot_name(id, &x->before);
	v = json_pack("{s:s, s:s, s:s, s:b}", "id", id, "found", kind_name(x->kind), "holder", x->before.holder, "new", is_new(x));
	if (x->proof.n > 0)
		json_object_set_new(v, "receipt", json_receipt(&x->proof.receipt));
	else if (x->before.spent_at != 0)
		json_object_set_new(v, "spent_at", say_json_time(x->before.spent_at));
	if (x->kind == COLLECT_TWICE)
		json_object_set_new(v, "other_receipt", json_receipt(&x->other.receipt));
	if (x->kind == COLLECT_DAMAGED)
		json_object_set_new(v, "revoked", json_boolean(!x->kept));
	return v;
}

static json_t *
json_missing(const struct collect *k)
{
	json_t *list = json_array();

	for (size_t i = 0; i < k->missing_count; i++) {
		const struct books_lecture *l = &k->missing[i];
		char grant[2 * ID_SIZE + 1];

		bytes_to_hex(grant, l->grant_id, ID_SIZE);
		json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i}", "grant", grant, "label", l->label, "codes",
						(int)l->slots, "spent", (int)l->spent));
	}
	return list;
}

static json_t *
json_run(const struct run *r)
{
	char name[STICK_NAME_SIZE] = "";
	json_t *list = json_array();

	if (r->h.stick != NULL)
		keytree_stick_name(name, r->h.stick->id);
	for (size_t i = 0; i < r->h.collect.count; i++)
		json_array_append_new(list, json_finding(&r->h.collect.findings[i]));
	return json_pack("{s:o, s:o, s:o, s:I, s:b, s:b, s:b, s:i, s:I, s:I}", "stick",
				  r->h.stick != NULL ? json_string(name) : json_null(), "codes", list, "missing_lectures",
				  json_missing(&r->h.collect), "notice", (json_int_t)r->h.number, "written", (int)r->h.written,
				  "stick_rolled_back", (int)r->h.collect.stick_back, "stick_record_damaged", (int)r->h.no_record,
				  "imported_lectures", (int)r->h.collect.imported, "foreign_receipts",
				  (json_int_t)r->h.collect.foreign, "invalid_receipts", (json_int_t)r->h.collect.bad);
}

static void
say_missing(const struct cli *c, const struct books_lecture *l)
{
	char label[2 * LABEL_MAX + 2];
	unsigned open = l->slots - l->spent;

	say_safe(label, sizeof label, l->label);
	say_warn(c,
	    ngettext("the lecture \"%s\" is missing: by the books it is on this stick, but it is not there. %u of its codes is not "
		     "known to be used; if it was, only the PC that opened it can tell.",
		"the lecture \"%s\" is missing: by the books it is on this stick, but it is not there. %u of its codes are not "
		"known to be used; if some were, only the PCs that opened them can tell.",
		open),
	    label, open);
}

static void
say_oddities(const struct run *r)
{
	const struct collect *k = &r->h.collect;
	unsigned rolled = 0, twice = 0, destroyed = 0;

	for (size_t i = 0; i < k->count; i++) {
		rolled += k->findings[i].kind == COLLECT_ROLLED_BACK;
		twice += k->findings[i].kind == COLLECT_TWICE;
		destroyed += k->findings[i].kind == COLLECT_DESTROYED && k->findings[i].before.spent_at == 0;
	}
	for (size_t i = 0; i < k->missing_count; i++)
		say_missing(&r->c, &k->missing[i]);
	if (r->h.no_record)
		say_warn(&r->c,
		    "the stick's own record is damaged, so nothing opens it any more. What was used on it is in the books. "
		    "To use the stick again, remove ONCE from it, then: oncestick prepare");
	if (k->all_damaged > 0)
		say_warn(&r->c,
		    ngettext(
			"the record of the last unused code on the stick is damaged. It was not revoked: try another port first. "
			"To revoke it: oncestick collect STICK --yes",
			"the records of all %u unused codes on the stick are damaged. They were not revoked: try another port first. "
			"To revoke them: oncestick collect STICK --yes",
			k->all_damaged),
		    k->all_damaged);
	if (k->imported > 0)
		say_info(&r->c,
		    ngettext("%u lecture on it was not in the books and now is; who holds its codes is unknown",
			"%u lectures on it were not in the books and now are; who holds their codes is unknown", k->imported),
		    k->imported);
	if (rolled > 0 || k->stick_back)
		say_warn(&r->c, "the stick was rolled back: somebody put an older copy of it back. Used codes may have opened it "
			       "again elsewhere.");
	if (twice > 0)
		say_warn(&r->c, "a code was opened in two places: there is a copy of this stick.");
	if (destroyed > 0)
		say_warn(&r->c,
		    ngettext("%u code was destroyed without a receipt: by damage, by hand, or by another program.",
			"%u codes were destroyed without a receipt: by damage, by hand, or by another program.", destroyed),
		    destroyed);
	if (k->foreign > 0)
		say_info(&r->c,
		    ngettext("%zu receipt from another issuer, or for a stick unknown here, was left out",
			"%zu receipts from other issuers, or for sticks unknown here, were left out", k->foreign),
		    k->foreign);
	if (k->bad > 0)
		say_warn(&r->c,
		    ngettext("%zu receipt in the file proves nothing and was left out",
			"%zu receipts in the file prove nothing and were left out", k->bad),
		    k->bad);
}

static void
say_used(const struct cli *c, unsigned used, unsigned fresh)
{
	if (used == 0)
		say_info(c, "no code was used");
	else if (fresh == 0)
		say_info(c,
		    ngettext("%u code was used; it was in the books already", "%u codes were used; they were in the books already",
			used),
		    used);
	else if (fresh == used)
		say_info(c,
		    ngettext("%u code was used; it is in the books now", "%u codes were used; they are in the books now", used),
		    used);
	else
		/* TRANSLATORS: the form is that of the second number; the first is at least 2 */
		say_info(c,
		    ngettext("%u codes were used; %u of them is new in the books",
			"%u codes were used; %u of them are new in the books", fresh),
		    used, fresh);
}

static void
say_summary(const struct run *r)
{
	unsigned used = 0, fresh = 0;

	for (size_t i = 0; i < r->h.collect.count; i++) {
		const struct collect_finding *x = &r->h.collect.findings[i];
		used += was_used(x);
		fresh += is_new(x);
	}
	if (used > 0 || r->h.collect.missing_count == 0)
		say_used(&r->c, used, fresh);
	if (r->h.number > 0 && r->h.stick != NULL && r->h.put.err == E_OK && r->h.written)
		say_info(&r->c, "list number %u of used and revoked codes is on the stick now", r->h.number);
	else if (r->h.number > 0 && r->h.stick != NULL && r->h.put.err == E_OK && !r->issuer->behind)
		say_info(&r->c, "list number %u of used and revoked codes is on the stick already", r->h.number);
}

/* What is wrong although it is in the books: the stick did not get the list, or could not be read whole. */
static void
find_trouble(const struct run *r, struct fault *f)
{
	if (r->fault->err != E_OK)
		fault_pass(f, r->fault);
	else if (r->h.put.err != E_OK)
		fault_pass(f, &r->h.put);
	else if (r->h.collect.sys != 0)
		fault_set(f, E_STICK_IO, r->h.collect.sys, "read", "%s", r->at.path);
}

static enum err
report_run(const struct run *r)
{
	struct fault f = {0};
	enum err e = E_OK;

	find_trouble(r, &f);
	if (r->fault->err != E_OK)
		return faultsay_error(&r->c, &f, &(struct faultsay_about){.object = r->stick});
	if (!r->c.json)
		e = report_table(r);
	say_summary(r);
	say_oddities(r);
	if (r->h.put.err != E_OK)
		say_info(&r->c, "the books have it all, but the new list is not on the stick:");
	return f.err != E_OK ? faultsay_error(&r->c, &f, &(struct faultsay_about){.object = r->at.path}) : e;
}

static json_t *
json_of_several(const struct run *r)
{
	struct fault f = {0};

	find_trouble(r, &f);
	return faultsay_json_stick(r->alone ? NULL : r->stick, r->fault->err == E_OK ? json_run(r) : NULL, &f);
}

static enum err
report_json(const struct all *a)
{
	json_t *list = NULL, *receipts = NULL;

	if (a->count == 1)
		return a->faults[0].err == E_OK ? say_json(a->c, json_run(&a->runs[0])) : E_OK;
	list = json_array();
	for (size_t k = 0; k < a->count; k++) {
		if (a->runs[k].alone)
			receipts = json_of_several(&a->runs[k]);
		else
			json_array_append_new(list, json_of_several(&a->runs[k]));
	}
	return say_json(a->c, receipts != NULL ? json_pack("{s:o, s:o}", "sticks", list, "receipts", receipts)
					       : json_pack("{s:o}", "sticks", list));
}

/* The list that all sticks have got. */
static enum err
write_list(const struct all *a)
{
	const struct homecoming *last = NULL;

	for (size_t k = 0; k < a->count; k++)
		if (a->faults[k].err == E_OK)
			last = &a->runs[k].h;
	return a->list == NULL || last == NULL ? E_OK : issuing_list(a->c, a->list, BYTES(last->notice, last->notice_n));
}

/* Each that is as it should be. What goes wrong is said. */
static enum err
purge(const struct all *a, const bool *fine)
{
	struct scrubbing *list = calloc(a->count, sizeof *list);
	enum err sum = E_OK;

	if (list == NULL)
		return say_refuse(a->c, E_FAIL, "there is not enough memory");
	for (size_t k = 0; k < a->count; k++) {
		list[k].fd = fine[k] ? a->runs[k].at.fd : -1;
		if (list[k].fd >= 0)
			issuing_announce_scrub(&a->runs[k].c, list[k].fd);
	}
	scrubbing(a->c, list, a->count);
	for (size_t k = 0; k < a->count; k++)
		if (list[k].fault.err != E_OK)
			sum = several_first(sum, faultsay_error(&a->runs[k].c, &list[k].fault,
						     &(struct faultsay_about){.object = a->runs[k].at.path}));
	free(list);
	return sum;
}

static enum err
report_runs(const struct all *a, bool *fine)
{
	enum err sum = E_OK;

	for (size_t k = 0; k < a->count; k++) {
		enum err e = report_run(&a->runs[k]);

		fine[k] = e == E_OK;
		sum = several_first(sum, e);
	}
	return sum;
}

static enum err
report(const struct all *a)
{
	enum err sum = E_OK, printed = a->c->json ? report_json(a) : E_OK;
	bool *fine = calloc(a->count, sizeof *fine);

	if (fine == NULL)
		return say_refuse(a->c, E_FAIL, "there is not enough memory");
	sum = several_first(report_runs(a, fine), printed);
	if (several_fine(a->faults, a->count) > 0) {
		issuing_warn_behind(&a->issuer, a->c);
		issuing_warn_list(&a->issuer, a->c);
	}
	sum = several_first(sum, write_list(a));
	if (a->purge && sum != E_INTERRUPTED)
		sum = several_first(sum, purge(a, fine));
	free(fine);
	return sum;
}

static void
end(struct all *a)
{
	for (size_t k = 0; k < a->count; k++) {
		homecoming_free(&a->runs[k].h);
		place_close(&a->runs[k].at);
	}
	for (size_t i = 0; a->files != NULL && i < a->receipts.count; i++)
		free(a->files[i]);
	free(a->files);
	free(a->runs);
	free(a->places);
	free(a->faults);
	opt_list_free(&a->receipts);
	issuer_close(&a->issuer);
}

/* If there are receipts but no STICK, the stick is lost. */
static enum err
take_arguments(struct all *a, const struct opt_words *words)
{
	const size_t sticks = (size_t)words->count, apart = sticks > 1 && a->receipts.count > 0;
	const size_t count = sticks > 1 ? sticks + apart : 1;

	a->runs = calloc(count, sizeof *a->runs);
	a->places = calloc(count, sizeof *a->places);
	a->faults = calloc(count, sizeof *a->faults);
	if (a->runs == NULL || a->places == NULL || a->faults == NULL)
		return say_refuse(a->c, E_FAIL, "there is not enough memory");
	for (; a->count < count; a->count++) {
		struct run *r = &a->runs[a->count];

		r->c = *a->c;
		r->fault = &a->faults[a->count];
		if (a->count >= apart && sticks > 0)
			r->stick = words->list[a->count - apart];
		r->alone = r->stick == NULL && a->receipts.count > 0;
		if (count > 1) {
			snprintf(r->about, sizeof r->about, "%s", _("receipts"));
			r->c.about = r->about;
		}
		r->at.fd = -1;
		r->issuer = &a->issuer;
		r->h.collect.report = reporting_to(&r->reporting, &r->c);
		r->h.collect.issuer = &a->issuer;
		r->h.collect.revoke_all = a->yes;
	}
	return E_OK;
}

enum err
cmd_collect(struct cli *c, int argc, char **argv)
{
	struct all a = {.c = c, .issuer = {.dir_fd = -1}};
	const struct opt rows[] = {
	    {OPT_LIST, "receipts", 0, "FILE", N_("a PC's receipts (station receipts), with or without a STICK"), &a.receipts, 0, 0},
	    {OPT_TEXT, "list", 0, "FILE", N_("write the new list to this file as well, to be sent"), &a.list, 0, 0},
	    {OPT_FLAG, "yes", 0, NULL, N_("revoke damaged codes without asking, even the last ones"), &a.yes, 0, 0},
	    {OPT_FLAG, "purge", 0, NULL, N_("then fill the free space twice (takes hours)"), &a.purge, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"collect [STICK]... [--receipts FILE]... [--list FILE] [--yes] [--purge]",
	    N_("Read from a returned stick which codes were used, when and on which PC, note it in the books, and write the new "
	       "list of used and\n"
	       "revoked codes to the stick. Whatever does not add up is reported: codes destroyed without a receipt, a stick set "
	       "back to an older\n"
	       "copy, a code opened in two places, a lecture that is missing. Sticks and receipts may come in any order.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CLOCK | OPT_JSON | OPT_PROGRESS, rows, 0, -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if (a.purge && words.count == 0 && a.receipts.count > 0)
		e = say_usage(c, "--purge needs a STICK");
	else if ((e = take_arguments(&a, &words)) == E_OK)
		e = (e = run(&a, &f)) == E_OK ? report(&a) :
						faultsay_error(c, &f, &(struct faultsay_about){.object = a.runs[0].stick});
	end(&a);
	return e;
}
