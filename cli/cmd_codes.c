/*
 * cmd_codes.c - what the books know about sticks and codes. It never shows a code itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "books_pc.h"
#include "cli.h"
#include "dcbor.h"
#include "faultsay.h"
#include "human.h"
#include "issuer.h"
#include "issuing.h"
#include "keytree.h"
#include "opt.h"
#include "rename.h"
#include "text.h"
#include "when.h"

#define COLUMNS 7
#define SLOT_COLUMNS 9

/* What has become of a code: the name for programs, and words for people. */
static const struct state {
	const char *name, *words;
} expired = {"expired", N_("expired")}, states[] = {
    [BOOKS_READY] = {"ready", N_("ready")},
    [BOOKS_ISSUED] = {"issued", N_("handed out")},
    [BOOKS_SPENT] = {"spent", N_("used")},
    [BOOKS_REVOKED] = {"revoked", N_("revoked")},
};

static const struct state *
state_of(const struct books_slot *s, int64_t now)
{
	if ((s->state == BOOKS_READY || s->state == BOOKS_ISSUED) && s->expires <= now)
		return &expired;
	return &states[s->state];
}

static int
table_row(struct human_table *t, const char *const *cells, size_t count, size_t raw)
{
	char *safe = human_escape(cells[raw], strlen(cells[raw]));
	const char *row[SLOT_COLUMNS];
	int failed = safe == NULL;

	memcpy(row, cells, count * sizeof row[0]);
	row[raw] = safe;
	failed = failed || human_table_add(t, row) != 0;
	free(safe);
	return failed;
}

static enum err
print_table(const struct cli *c, struct human_table *t, int failed)
{
	if (t != NULL && !failed)
		human_table_print(t, stdout, human_columns(STDOUT_FILENO));
	human_table_free(&t);
	return failed ? say_refuse(c, E_FAIL, "there is not enough memory to show the list") : say_stdout(c);
}

/* ---- every stick --------------------------------------------------------------------------------------------------------- */

/* Everybody who holds codes of one stick, each once, in the order of the codes. */
struct holders {
	const struct books_holder **list;
	size_t count;
};

static int
by_number(const void *pa, const void *pb)
{
	const struct books_holder *const *a = pa, *const *b = pb;

	return (*a)->number < (*b)->number ? -1 : (*a)->number > (*b)->number;
}

/* Find them among the first count of all. */
static bool
find_holders(struct holders *h, const struct books_holder *all, size_t count)
{
	h->count = count;
	h->list = calloc(count + 1, sizeof *h->list); /* NOLINT(bugprone-sizeof-expression): of pointers, as below */
	if (h->list == NULL)
		return false;
	for (size_t k = 0; k < count; k++)
		h->list[k] = &all[k];
	qsort(h->list, count, sizeof *h->list, by_number); /* NOLINT(bugprone-sizeof-expression) */
	return true;
}

/* For people: a name that could be taken for several names is put in quotation marks. A long list is cut. */
static void
show_holders(const struct holders *h, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t k = 0; k < h->count; k++) {
		const char *name = h->list[k]->holder;
		const char *quote = strpbrk(name, ",;:\"") != NULL ? "\"" : "";

		if (n + strlen(name) + 12 >= size) {
			snprintf(out + n, size - n, ", ...");
			return;
		}
		n += (size_t)snprintf(out + n, size - n, "%s%s%s%s", k == 0 ? "" : ", ", quote, name, quote);
	}
}

static json_t *
json_stick(const struct books_stick *s, const struct holders *h)
{
	char name[STICK_NAME_SIZE], id[2 * ID_SIZE + 1];
	json_t *holders = json_array();

	keytree_stick_name(name, s->stick_id);
	bytes_to_hex(id, s->stick_id, ID_SIZE);
	for (size_t k = 0; k < h->count; k++)
		json_array_append_new(holders, say_json_text(h->list[k]->holder));
	return json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:i, s:i, s:i, s:o, s:o}", "stick", name, "stick_id", id, "label",
	    s->label, "holders", holders, "ready", (int)s->ready, "issued", (int)s->issued, "spent", (int)s->spent, "revoked",
	    (int)s->revoked, "expired", (int)s->expired, "not_before", say_json_time(s->not_before), "expires",
	    say_json_time(s->expires));
}

/* For two sticks that are shown alike, show the whole id, which can be typed instead. */
static void
show_stick(char out[2 * ID_SIZE + 1], const struct books_stick *s, bool alike)
{
	if (alike)
		bytes_to_hex(out, s->stick_id, ID_SIZE);
	else
		keytree_stick_name(out, s->stick_id);
}

static int
row_stick(struct human_table *table, const struct books_stick *s, const struct holders *h, bool alike, int64_t now)
{
	char name[2 * ID_SIZE + 1], ready[16], issued[16], spent[16], gone[16], until[WHEN_SHOWN], who[2 * BOOKS_TEXT],
	    label[4 * LABEL_MAX + 1], what[sizeof label + sizeof who + 8];
	const char *cells[COLUMNS] = {name, ready, issued, spent, gone, until, what};

	show_stick(name, s, alike);
	snprintf(ready, sizeof ready, "%u", s->ready);
	snprintf(issued, sizeof issued, "%u", s->issued);
	snprintf(spent, sizeof spent, "%u", s->spent);
	snprintf(gone, sizeof gone, "%u", s->revoked + s->expired);
	until[0] = '\0';
	if (s->expires != 0) /* otherwise no lecture on it was ever finished */
		when_show_short(until, sizeof until, s->expires, now);
	show_holders(h, who, sizeof who);
	say_safe(label, sizeof label, s->label);
	snprintf(what, sizeof what, "%s%s%s", label, label[0] != '\0' && who[0] != '\0' ? ": " : "", who);
	return table_row(table, cells, COLUMNS, 6);
}

static int
by_id(const void *pa, const void *pb)
{
	const struct books_stick *const *a = pa, *const *b = pb;

	return memcmp((*a)->stick_id, (*b)->stick_id, ID_SIZE);
}

static bool
same_name(const struct books_stick *a, const struct books_stick *b)
{
	char one[STICK_NAME_SIZE], other[STICK_NAME_SIZE];

	keytree_stick_name(one, a->stick_id);
	keytree_stick_name(other, b->stick_id);
	return strcmp(one, other) == 0;
}

/* Which sticks are shown like another one. Sorted by their ids, such sticks are next to each other. */
static bool *
find_alike(const struct books_stick *sticks, size_t count)
{
	const struct books_stick **sorted = calloc(count + 1, sizeof *sorted); /* NOLINT(bugprone-sizeof-expression): of pointers */
	bool *alike = calloc(count + 1, sizeof *alike);

	if (sorted == NULL || alike == NULL) {
		free(sorted);
		free(alike);
		return NULL;
	}
	for (size_t k = 0; k < count; k++)
		sorted[k] = &sticks[k];
	qsort(sorted, count, sizeof *sorted, by_id); /* NOLINT(bugprone-sizeof-expression) */
	for (size_t k = 1; k < count; k++)
		if (same_name(sorted[k], sorted[k - 1]))
			alike[sorted[k] - sticks] = alike[sorted[k - 1] - sticks] = true;
	free(sorted);
	return alike;
}

/* Where to list the sticks, and the holders of codes on the sticks still to come, in the same order. */
struct listing {
	struct human_table *table; /* or NULL */
	json_t *list;              /* or NULL */
	int64_t now;
	const struct books_holder *held;
	size_t left;
};

static int
add_stick(struct listing *l, const struct books_stick *s, bool alike)
{
	struct holders h = {0};
	size_t n = 0;
	int failed = 0;

	while (n < l->left && memcmp(l->held[n].stick_id, s->stick_id, ID_SIZE) == 0)
		n++;
	failed = !find_holders(&h, l->held, n);
	if (!failed && l->table != NULL)
		failed = row_stick(l->table, s, &h, alike, l->now);
	else if (!failed)
		failed = json_array_append_new(l->list, json_stick(s, &h));
	free(h.list);
	l->held += n;
	l->left -= n;
	return failed;
}

/* Show the sticks and holders as they were at one moment. */
static enum err
read_all(const struct issuer *i, struct books_stick **sticks, size_t *count, struct books_holder **held, size_t *held_count,
    struct fault *f)
{
	enum err e = books_begin_reading(i->books, f);

	if (e != E_OK)
		return e;
	if ((e = books_sticks(i->books, i->now, sticks, count, f)) == E_OK)
		e = books_holders(i->books, held, held_count, f);
	return books_end(i->books, e, f);
}

static enum err
list_sticks(const struct cli *c, struct issuer *i, struct fault *f)
{
	const char *const heads[COLUMNS] = {
	    _("STICK"), _("READY"), _("HANDED OUT"), _("USED"), _("VOID"), _("EXPIRES"), _("LABEL: HOLDERS")};
	struct books_stick *sticks = NULL;
	struct books_holder *held = NULL;
	struct listing l = {.now = i->now};
	size_t count = 0;
	bool *alike = NULL;
	int failed = 0;
	enum err e = E_OK;

	e = read_all(i, &sticks, &count, &held, &l.left, f);
	if (e != E_OK) {
		e = faultsay_error(c, f, NULL);
		goto out;
	}
	l.list = c->json ? json_array() : NULL;
	l.table = c->json ? NULL : human_table_new(COLUMNS, heads);
	l.held = held;
	alike = find_alike(sticks, count);
	failed = (l.list == NULL && l.table == NULL) || alike == NULL;
	for (size_t k = 0; k < count && !failed; k++)
		failed = add_stick(&l, &sticks[k], alike[k]);
	e = c->json ? say_json(c, json_pack("{s:o}", "sticks", l.list)) : print_table(c, l.table, failed);
	if (count == 0 && !c->json)
		say_info(c, "no stick yet; next: oncestick prepare FOLDER STICK");
out:
	free(alike);
	free(sticks);
	free(held);
	return e;
}

/* ---- one stick ----------------------------------------------------------------------------------------------------------- */

/* The PC that opened it: its name, "" if it has none, and its id, "" if unknown. */
struct at_pc {
	char name[LABEL_MAX + 1], id[2 * ID_SIZE + 1];
};

static enum err
find_pc(const struct issuer *i, const struct books_slot *s, struct at_pc *pc, struct fault *f)
{
	pc->name[0] = pc->id[0] = '\0';
	if (!s->at_pc)
		return E_OK;
	bytes_to_hex(pc->id, s->station_id, ID_SIZE);
	return books_pc_name(i->books, s->station_id, pc->name, f);
}

static json_t *
json_slot(const struct books_slot *s, const struct at_pc *pc, int64_t now)
{
	char id[ISSUER_SLOT_NAME], grant[2 * ID_SIZE + 1];

	issuer_slot_name(id, s);
	bytes_to_hex(grant, s->grant_id, ID_SIZE);
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", id, "number",
	    (int)s->number, "state", state_of(s, now)->name, "holder", s->holder, "label", s->label, "grant", grant, "slot",
	    (int)s->slot, "not_before", say_json_time(s->not_before), "expires", say_json_time(s->expires), "changed_at",
	    say_json_time(s->changed_at), "spent_at", say_json_time(s->spent_at), "ended_at", say_json_time(s->ended_at), "open_s",
	    s->ended_at != 0 ? json_integer((json_int_t)s->open_s) : json_null(), "station",
	    pc->id[0] != '\0' ? json_string(pc->id) : json_null(), "pc",
	    pc->name[0] != '\0' ? say_json_text(pc->name) : json_null());
}

/* The column for the PC is there only if some PC is known. */
static int
row_slot(struct human_table *table, const struct books_slot *s, const struct at_pc *pc, bool with_pc, int64_t now)
{
	char id[ISSUER_SLOT_NAME], from[WHEN_SHOWN], until[WHEN_SHOWN], changed[WHEN_SHOWN], lasted[WHEN_SHOWN],
	    label[LABEL_MAX + 1];
	const char *cells[SLOT_COLUMNS] = {id, _(state_of(s, now)->words), changed, lasted};
	size_t n = 4;
	int64_t when = s->state == BOOKS_SPENT ? s->spent_at : s->changed_at;
	char *safe = human_escape(s->label, strlen(s->label)), where[4 * LABEL_MAX + 1];
	int failed = 0;

	say_safe(where, sizeof where, pc->name);
	if (pc->name[0] == '\0')
		snprintf(where, sizeof where, "%.8s", pc->id);
	if (with_pc)
		cells[n++] = where;
	cells[n++] = from;
	cells[n++] = until;
	cells[n++] = label;
	cells[n++] = s->holder;
	issuer_slot_name(id, s);
	changed[0] = '\0';
	if (s->state != BOOKS_READY && when != 0)
		when_show_short(changed, sizeof changed, when, now);
	lasted[0] = '\0';
	if (s->state == BOOKS_SPENT && s->ended_at != 0)
		when_show_duration(lasted, sizeof lasted, s->open_s);
	when_show_short(from, sizeof from, s->not_before, now);
	when_show_short(until, sizeof until, s->expires, now);
	snprintf(label, sizeof label, "%s", safe != NULL ? safe : "");
	failed = safe == NULL || table_row(table, cells, n, n - 1);
	free(safe);
	return failed;
}

/* Say how many codes can be handed out, and until when they open. */
static void
say_left(const struct cli *c, const struct books_slot *slots, size_t count, int64_t now)
{
	char until[WHEN_SHOWN];
	unsigned ready = 0;
	int64_t last = 0;

	for (size_t k = 0; k < count; k++) {
		if (slots[k].state != BOOKS_READY || slots[k].expires <= now)
			continue;
		ready++;
		last = slots[k].expires > last ? slots[k].expires : last;
	}
	when_show(until, sizeof until, last);
	if (ready == 0)
		say_info(c, "no code is left to hand out; 'oncestick refill' makes more");
	else if (ready == 1)
		say_info(c, "1 code is left to hand out, until %s", until);
	else
		say_info(c, "%u codes are left to hand out, until %s", ready, until);
}

static struct human_table *
slot_table(bool with_pc)
{
	const char *const heads[SLOT_COLUMNS - 1] = {
	    _("CODE"), _("STATE"), _("SINCE"), _("LASTED"), _("FROM"), _("UNTIL"), _("LABEL"), _("HOLDER")};
	const char *wider[SLOT_COLUMNS];

	if (!with_pc)
		return human_table_new(SLOT_COLUMNS - 1, heads);
	memcpy(wider, heads, 4 * sizeof heads[0]);
	wider[4] = _("PC");
	memcpy(wider + 5, heads + 4, 4 * sizeof heads[0]);
	return human_table_new(SLOT_COLUMNS, wider);
}

static bool
any_pc(const struct books_slot *slots, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (slots[k].at_pc)
			return true;
	return false;
}

static enum err
list_slots(const struct cli *c, struct issuer *i, const char *arg, struct fault *f)
{
	struct issuing_stick stick = {.at = {.fd = -1}};
	struct books_slot *slots = NULL;
	size_t count = 0;
	struct human_table *table = NULL;
	json_t *list = NULL;
	struct at_pc pc;
	bool with_pc = false;
	int failed = 0;
	enum err e = issuing_find(i, c, arg, &stick, f);

	if (e != E_OK || books_slots(i->books, stick.id, &slots, &count, f) != E_OK) {
		e = faultsay_error(c, f, &(struct faultsay_about){.object = arg});
		goto out;
	}
	if (count == 0) {
		e = say_refuse(c, E_NO_CODES, "the books have no codes for stick %s; if it is yours: oncestick collect %s",
		    stick.name, "STICK");
		goto out;
	}
	list = c->json ? json_array() : NULL;
	with_pc = any_pc(slots, count);
	table = c->json ? NULL : slot_table(with_pc);
	failed = list == NULL && table == NULL;
	for (size_t k = 0; k < count && !failed; k++) {
		if (find_pc(i, &slots[k], &pc, f) != E_OK) {
			json_decref(list);
			human_table_free(&table);
			e = faultsay_error(c, f, NULL);
			goto out;
		}
		if (c->json)
			json_array_append_new(list, json_slot(&slots[k], &pc, i->now));
		else
			failed = row_slot(table, &slots[k], &pc, with_pc, i->now);
	}
	e = c->json ? say_json(c, json_pack("{s:s, s:o}", "stick", stick.name, "codes", list)) : print_table(c, table, failed);
	if (e == E_OK && !c->json)
		say_left(c, slots, count, i->now);
out:
	free(slots);
	issuing_stick_close(&stick);
	return e;
}

/* ---- correcting a holder's name ------------------------------------------------------------------------------------------ */

/*
 * If r->from, as typed, names a code, the holder of that code is meant, unless somebody has just that name. Otherwise r->from stays
 * as it is.
 */
static enum err
find_renamed(const struct cli *c, struct issuer *i, struct books_rename *r, struct books_slot *slot, struct fault *f)
{
	struct fault why = {0};
	bool is_holder = false;
	enum err e = books_is_holder(i->books, r->from, &is_holder, f);

	if (e != E_OK)
		return e;
	if (issuing_find_code(i, c, r->from, slot, &why) != E_OK)
		return is_holder || why.why == WHY_NO_CODE_NAME ? E_OK : fault_pass(f, &why);
	if (is_holder) {
		say_info(c,
		    "there is a holder called \"%s\", and that name was corrected; to correct who has the code of that name, give "
		    "the command again",
		    r->from);
		return E_OK;
	}
	if (slot->state == BOOKS_READY)
		return say_fault(c, f, E_USAGE,
		    _("code %s has not been handed out, so nobody has it; 'oncestick issue --to' hands it out."), r->from);
	r->from = NULL;
	r->grant_id = slot->grant_id;
	r->slot = slot->slot;
	return E_OK;
}

static enum err
rename_holder(const struct cli *c, struct issuer *i, const char *old, const char *name)
{
	struct books_rename r = {.from = old, .to = name};
	struct books_slot slot;
	struct fault f = {0};
	uint64_t count = 0;
	enum err e = issuing_open(i, c, &f);

	if (e == E_OK && (e = find_renamed(c, i, &r, &slot, &f)) == E_OK && (e = rename_commit(i, &r, &count, &f)) != E_OK)
		issuing_did_you_mean(i, c, &f);
	if (e != E_OK)
		return faultsay_error(c, &f, NULL);
	if (c->json)
		return say_json(c, json_pack("{s:I}", "renamed", (json_int_t)count));
	if (count == 0)
		say_info(c, "nothing to correct: the name is \"%s\" already", SHORT(name));
	else
		say_info(c,
		    ngettext("%llu code is noted for \"%s\" now", "%llu codes are noted for \"%s\" now", (unsigned long)count),
		    (unsigned long long)count, SHORT(name));
	return E_OK;
}

static enum err
take_name(const struct cli *c, struct issuer *i, const char *old, const struct opt_words *words)
{
	if (words->count == 0)
		return say_usage(c, "--rename takes two names: the old one, or a code like 7kq241/3, and the new one");
	if (old[0] == '\0' || !dcbor_text_ok(words->list[0], strlen(words->list[0])))
		return say_usage(c, "--rename takes names of 1 to %u bytes of plain text", LABEL_MAX);
	return rename_holder(c, i, old, words->list[0]);
}

enum err
cmd_codes(struct cli *c, int argc, char **argv)
{
	const char *old = NULL;
	const struct opt rows[] = {
	    {OPT_TEXT, "rename", 0, "OLD|CODE-ID", N_("correct the name of a holder, or of who has one code, to NEW"), &old, 0,
		0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"codes [STICK|ID]\ncodes --rename OLD|CODE-ID NEW",
	    N_("Without a stick, one line for each stick in the books: how many codes are ready to hand out, handed out, used, and "
	       "void (revoked or\n"
	       "expired), and who holds them. With a stick, named by its directory or as 7kq241, one line for each of its codes. "
	       "The codes themselves\n"
	       "are never shown here; see 'oncestick issue --again'. With --rename, the holder's name is corrected.\n"),
	    OPT_JSON, rows, 0, 1};
	struct issuer i = {.dir_fd = -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if (old != NULL) {
		e = take_name(c, &i, old, &words);
		issuer_close(&i);
		return e;
	}
	e = issuing_open_to_read(&i, c, &f);
	if (e == E_OK)
		issuing_warn_behind(&i, c);
	if (e != E_OK)
		e = faultsay_error(c, &f, NULL);
	else
		e = words.count == 0 ? list_sticks(c, &i, &f) : list_slots(c, &i, words.list[0], &f);
	issuer_close(&i);
	return e;
}
