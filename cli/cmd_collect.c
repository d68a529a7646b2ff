/*
 * cmd_collect.c - a stick comes home: read which codes were used, mark the books, renew the list, report what does not add up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "collect.h"
#include "human.h"
#include "issuer.h"
#include "keytree.h"
#include "opt.h"
#include "say.h"
#include "scrub.h"
#include "stickio.h"
#include "text.h"
#include "when.h"

#define RECEIPTS_MAX (64u << 20)
#define COLUMNS 6

struct run {
	const struct cli *c;
	const char *stick; /* operand or NULL */
	const char *receipts;
	bool purge;

	struct issuer issuer;
	struct stickarg at;
	struct stick *s;
	struct stick_grants grants;
	struct collect k;
	uint8_t *file; /* the receipts */
	size_t file_n;
	uint8_t *notice;
	size_t notice_n;
	uint32_t number;
	bool written;
	struct fault put; /* the list did not get onto the stick */
};

/* ---- doing it -------------------------------------------------------------------------------------------------------------- */

/* Books that were lost are made again from the sticks that come home. */
static enum err
open_books(struct run *r, struct fault *f)
{
	enum err e = issuer_open(&r->issuer, r->c, f);

	if (e != E_BOOKS || f->sys != ENOENT)
		return e;
	say_warn(r->c, "there are no books beside the keystore: new ones are begun. Restore the old ones, or collect every stick.");
	fault_clear(f);
	return issuer_begin_books(&r->issuer, f);
}

static enum err
read_receipts(struct run *r, struct fault *f)
{
	if (r->receipts == NULL)
		return E_OK;
	if (stickio_slurp(AT_FDCWD, r->receipts, RECEIPTS_MAX, &r->file, &r->file_n) != 0)
		return fault_set(f, E_USAGE, 0, "", _("%.120s cannot be read: %s."), r->receipts, strerror(errno));
	return E_OK;
}

/* With receipts and no STICK, the stick is lost. */
static enum err
open_stick(struct run *r, struct fault *f)
{
	enum err e = E_OK;

	if (r->stick == NULL && r->receipts != NULL)
		return E_OK;
	if ((e = stickarg_open(&r->at, r->stick, f)) != E_OK || (r->purge && (e = scrub_check(r->at.fd, r->at.path, f)) != E_OK) ||
	    (e = stick_open(&r->s, r->at.fd, f)) != E_OK || (e = stick_load_grants(r->s, &r->grants, f)) != E_OK)
		return e;
	if (memcmp(r->grants.grants[0].issuer, r->issuer.pk, KEY_SIZE) != 0)
		return fault_set(f, E_ISSUER, 0, "",
		    _("the stick at %.80s belongs to another issuer; nothing was changed. Collect it with the keystore it was prepared with."),
		    r->at.path);
	if (r->grants.skipped > 0)
		say_warn(r->c,
		    ngettext("%u lecture on the stick cannot be read and is left out",
			"%u lectures on the stick cannot be read and are left out", r->grants.skipped),
		    r->grants.skipped);
	return E_OK;
}

static enum err
judge(struct run *r, struct fault *f)
{
	enum err e = E_OK;

	r->k.c = r->c;
	r->k.issuer = &r->issuer;
	r->k.stick = r->s;
	r->k.grants = r->s != NULL ? &r->grants : NULL;
	if (r->s != NULL && (e = collect_stick(&r->k, f)) != E_OK)
		return e;
	return r->receipts != NULL ? collect_receipts(&r->k, BYTES(r->file, r->file_n), f) : E_OK;
}

static enum err
commit(struct run *r, struct fault *f)
{
	enum err e = books_begin(r->issuer.books, f);

	if (e != E_OK)
		return e;
	if ((e = collect_book(&r->k, f)) == E_OK)
		e = issuer_publish(&r->issuer, &r->notice, &r->notice_n, &r->number, f);
	return books_end(r->issuer.books, e, f);
}

static enum err
run(struct run *r, struct fault *f)
{
	enum err e = E_OK;

	if ((e = read_receipts(r, f)) != E_OK || (e = open_books(r, f)) != E_OK || (e = open_stick(r, f)) != E_OK ||
	    (e = issuer_clock(&r->issuer, r->c, f)) != E_OK || (e = issuer_unlock(&r->issuer, r->c, f)) != E_OK ||
	    (e = judge(r, f)) != E_OK || (e = commit(r, f)) != E_OK)
		return e;
	if (r->s != NULL)
		issuer_put_notice(&r->issuer, r->s, BYTES(r->notice, r->notice_n), &r->written, &r->put);
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
		return _("STICK ROLLED BACK: used, but live again on it");
	case COLLECT_TWICE:
		return _("OPENED IN TWO PLACES");
	case COLLECT_DAMAGED:
		return _("damaged, now revoked");
	}
	return "?";
}

static bool
was_used(const struct collect_finding *x)
{
	return x->kind != COLLECT_QUIET && x->kind != COLLECT_DAMAGED;
}

static bool
is_new(const struct collect_finding *x)
{
	return was_used(x) && x->before.state != BOOKS_SPENT;
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

/* The first symbols of a station's id: enough to tell stations apart. */
static void
station_name(const struct receipt *r, char out[9])
{
	bytes_to_hex(out, r->station_id, 4);
}

static int
add_row(struct human_table *t, const struct collect_finding *x, int64_t now)
{
	char id[ISSUER_SLOT_NAME], when[WHEN_SHOWN] = "", station[20] = "", note[600] = "";
	char *holder = human_escape(x->before.holder, strlen(x->before.holder));
	int64_t at = x->proved ? x->receipt.spent_at : x->before.spent_at;
	const char *cells[COLUMNS] = {id, kind_words(x), when, holder, station, note};
	int failed = holder == NULL;

	issuer_slot_name(id, &x->before);
	if (at != 0 && x->kind != COLLECT_DAMAGED)
		when_show_short(when, sizeof when, at, now);
	if (x->proved) {
		station_name(&x->receipt, station);
		flag_words(x->receipt.flags, note, sizeof note);
	}
	if (x->kind == COLLECT_TWICE) {
		station[8] = '+';
		station_name(&x->other, station + 9);
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

	for (size_t i = 0; i < r->k.count && !failed; i++)
		if (worth_saying(&r->k.findings[i]))
			failed = add_row(t, &r->k.findings[i], r->issuer.now);
	if (!failed)
		human_table_print(t, stdout, human_columns(STDOUT_FILENO));
	human_table_free(&t);
	return failed ? say_refuse(r->c, E_FAIL, "there is not enough memory for the list; the books have it") : say_stdout(r->c);
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
	return json_pack("{s:o, s:s, s:s, s:o}", "spent_at", say_json_time(x->spent_at), "station", station, "session", session,
	    "flags", list);
}

static json_t *
json_finding(const struct collect_finding *x)
{
	char id[ISSUER_SLOT_NAME];
	json_t *v = NULL;

	issuer_slot_name(id, &x->before);
	v = json_pack("{s:s, s:s, s:s, s:b}", "id", id, "found", kind_name(x->kind), "holder", x->before.holder, "new", is_new(x));
	if (x->proved)
		json_object_set_new(v, "receipt", json_receipt(&x->receipt));
	else if (x->before.spent_at != 0)
		json_object_set_new(v, "spent_at", say_json_time(x->before.spent_at));
	if (x->kind == COLLECT_TWICE)
		json_object_set_new(v, "other_receipt", json_receipt(&x->other));
	return v;
}

static enum err
report_json(const struct run *r)
{
	char name[STICK_NAME_SIZE] = "";
	json_t *list = json_array();

	if (r->s != NULL)
		keytree_stick_name(name, r->s->id);
	for (size_t i = 0; i < r->k.count; i++)
		json_array_append_new(list, json_finding(&r->k.findings[i]));
	return say_json(
	    r->c, json_pack("{s:o, s:o, s:I, s:b, s:b, s:i, s:I, s:I}", "stick", r->s != NULL ? json_string(name) : json_null(),
		      "codes", list, "notice", (json_int_t)r->number, "written", (int)r->written, "stick_rolled_back",
		      (int)r->k.stick_back, "imported_lectures", (int)r->k.imported, "foreign_receipts", (json_int_t)r->k.foreign,
		      "invalid_receipts", (json_int_t)r->k.bad));
}

static void
say_oddities(const struct run *r)
{
	const struct collect *k = &r->k;
	unsigned rolled = 0, twice = 0, destroyed = 0;

	for (size_t i = 0; i < k->count; i++) {
		rolled += k->findings[i].kind == COLLECT_ROLLED_BACK;
		twice += k->findings[i].kind == COLLECT_TWICE;
		destroyed += k->findings[i].kind == COLLECT_DESTROYED && k->findings[i].before.spent_at == 0;
	}
	if (k->imported > 0)
		say_info(r->c,
		    ngettext("%u lecture on it was not in the books and is there now; who holds the codes is unknown",
			"%u lectures on it were not in the books and are there now; who holds the codes is unknown", k->imported),
		    k->imported);
	if (rolled > 0 || k->stick_back)
		say_warn(r->c, "the stick was rolled back: somebody put an older copy of it back. Used codes may have opened it "
			       "again elsewhere.");
	if (twice > 0)
		say_warn(r->c, "a code was opened in two places: there is a copy of this stick.");
	if (destroyed > 0)
		say_warn(r->c,
		    ngettext("%u code was destroyed without a receipt: by damage, by hand, or by a foreign program.",
			"%u codes were destroyed without a receipt: by damage, by hand, or by a foreign program.", destroyed),
		    destroyed);
	if (k->foreign > 0)
		say_info(r->c,
		    ngettext("%zu receipt of other issuers or of sticks unknown here was left out",
			"%zu receipts of other issuers or of sticks unknown here were left out", k->foreign),
		    k->foreign);
	if (k->bad > 0)
		say_warn(r->c,
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
		    ngettext("%u code was used; it was in the books already", "%u codes were used; they were in the books already", used),
		    used);
	else if (fresh == used)
		say_info(c, ngettext("%u code was used; it is in the books now", "%u codes were used; they are in the books now", used),
		    used);
	else
		/* TRANSLATORS: the form is that of the second number; the first is at least 2 */
		say_info(c,
		    ngettext("%u codes were used; %u of them is new in the books", "%u codes were used; %u of them are new in the books",
			fresh),
		    used, fresh);
}

static void
say_summary(const struct run *r)
{
	unsigned used = 0, fresh = 0;

	for (size_t i = 0; i < r->k.count; i++) {
		const struct collect_finding *x = &r->k.findings[i];
		used += was_used(x);
		fresh += is_new(x);
	}
	say_used(r->c, used, fresh);
	if (r->number > 0 && r->s != NULL && r->put.err == E_OK && r->written)
		say_info(r->c, "list number %u of used and revoked codes is on the stick now", r->number);
	else if (r->number > 0 && r->s != NULL && r->put.err == E_OK)
		say_info(r->c, "list number %u of used and revoked codes is on the stick already", r->number);
}

static enum err
report(struct run *r)
{
	enum err e = r->c->json ? report_json(r) : report_table(r);
	struct fault f = {0};

	say_summary(r);
	say_oddities(r);
	if (r->put.err != E_OK) {
		say_info(r->c, "the books have it all, but the new list is not on the stick:");
		return say_error(r->c, &r->put, &(struct say_about){.object = r->at.path});
	}
	if (e != E_OK || !r->purge)
		return e;
	scrub_announce(r->c, r->at.fd);
	e = scrub_free_space(r->c, r->at.fd, &f);
	return e == E_OK ? E_OK : say_error(r->c, &f, &(struct say_about){.object = r->at.path});
}

enum err
cmd_collect(struct cli *c, int argc, char **argv)
{
	struct run r = {.c = c, .issuer = {.dir_fd = -1}, .at = {.fd = -1}};
	const struct opt rows[] = {
	    {OPT_TEXT, "receipts", 0, "FILE", N_("a PC's receipts too (station receipts); without STICK, alone"), &r.receipts, 0, 0},
	    {OPT_FLAG, "purge", 0, NULL, N_("fill the free space twice afterwards (hours)"), &r.purge, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"collect [STICK] [--receipts FILE] [--purge]",
	    N_("Read from a returned stick which codes were used, when and on which PC, mark the books, and write the new list of "
	    "used and revoked\n"
	    "codes to the stick. Tells what does not add up: codes destroyed without a receipt, a stick that was put back to an "
	    "older copy, a\n"
	    "code that was opened in two places. A second run changes nothing.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_CLOCK | OPT_JSON | OPT_PROGRESS, rows, 0, 1};
	struct fault f = {0};
	char **operands = NULL;
	int count = 0;
	enum err e = E_OK;

	if (!opt_parse(c, &verb, argc, argv, &operands, &count, &e))
		return e;
	r.stick = count > 0 ? operands[0] : NULL;
	if (r.purge && r.stick == NULL && r.receipts != NULL)
		return say_usage(c, "--purge needs a STICK");
	e = run(&r, &f);
	e = e == E_OK ? report(&r) : say_error(c, &f, &(struct say_about){.object = r.stick});
	collect_free(&r.k);
	stick_grants_free(&r.grants);
	stick_close(&r.s);
	stickarg_close(&r.at);
	free(r.file);
	free(r.notice);
	issuer_close(&r.issuer);
	return e;
}
