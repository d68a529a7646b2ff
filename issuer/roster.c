/*
 * roster.c - from where each row of a roster gets its codes, and handing them out.
 */
#include "roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "books_offers.h"
#include "keytree.h"
#include "near.h"
#include "roster_internal.h"

#define PREFIX_MIN 8 /* digits of an id that stand for all of it */

/* A stick, and what it has to offer, the newest first. What is planned is taken off ready. */
struct stand {
	char name[STICK_NAME_SIZE];
	uint8_t id[ID_SIZE];
	char serial[USB_SERIAL_MAX + 1];
	struct books_offer *offers;
	size_t count;
	const char *label; /* of the lecture that they are for; NULL: there are none */
	bool named;	   /* by a row */
};

/* A row, and the stick that it names or NULL. */
struct named {
	const struct roster_row *row;
	struct stand *stand;
};

/* What a stick can be called: its name, or the serial number of its device. */
struct called {
	const char *as;
	bool serial;
	struct stand *stand;
};

struct plan {
	struct roster *r;
	struct issuer *i;
	const struct roster_order *o;
	struct books_offer *offers;
	struct stand *stands;
	size_t count; /* of stands */
	struct called *names; /* of all stands, sorted */
	size_t name_count;
	struct stand **open; /* those that no row names and that have codes: rows without a stick get theirs here, in turn */
	size_t open_count, next; /* next: whose turn it is */
	uint32_t too_many; /* so many codes, or more, none of them has left */
	struct named *of_row;
};

/* ---- lectures ------------------------------------------------------------------------------------------------------------ */

static bool
has_label(const struct books_offer *o, const char *label)
{
	return strcmp(o->label, label) == 0;
}

static bool
has_id(const uint8_t grant_id[ID_SIZE], const char *begins)
{
	char hex[2 * ID_SIZE + 1];

	bytes_to_hex(hex, grant_id, ID_SIZE);
	return strlen(begins) >= PREFIX_MIN && strncasecmp(hex, begins, strlen(begins)) == 0;
}

/* Whether o is of the lecture that was asked for. A label is meant first, as everywhere. */
static bool
is_asked_for(const struct stand *s, const struct books_offer *o, const char *lecture)
{
	bool labelled = false;

	if (lecture == NULL)
		return true;
	for (size_t k = 0; k < s->count && !labelled; k++)
		labelled = has_label(&s->offers[k], lecture);
	return labelled ? has_label(o, lecture) : has_id(o->grant_id, lecture);
}

/* The label of the newest lecture of the stick that was asked for and has codes, or NULL. */
static const char *
label_of(const struct plan *p, const struct stand *s)
{
	for (size_t k = 0; k < s->count; k++)
		if (s->offers[k].ready > 0 && s->offers[k].expires > p->i->now &&
		    is_asked_for(s, &s->offers[k], p->o->lecture))
			return s->offers[k].label;
	return NULL;
}

/* Whether o is for that lecture and not over. */
static bool
is_good(const struct plan *p, const struct stand *s, const struct books_offer *o)
{
	return s->label != NULL && has_label(o, s->label) && o->expires > p->i->now && is_asked_for(s, o, p->o->lecture);
}

/* ---- sticks -------------------------------------------------------------------------------------------------------------- */

static enum err
no_memory(struct fault *f)
{
	(void)fault_set(f, E_FAIL, ENOMEM, "memory", "for a roster");
	return E_FAIL;
}

/* The names of sticks have no capitals, and rows may write them so. Serial numbers are as they are. */
static int
by_name(const void *pa, const void *pb)
{
	const struct called *a = pa, *b = pb;

	if (a->serial != b->serial)
		return a->serial ? 1 : -1;
	return a->serial ? strcmp(a->as, b->as) : strcasecmp(a->as, b->as);
}

/* The first of the names that is not before what. */
static size_t
first_called(const struct plan *p, const struct called *what)
{
	size_t low = 0, high = p->name_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_name(&p->names[middle], what) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static enum err
read_stands(struct plan *p, struct fault *f)
{
	size_t n = 0;
	enum err e = books_offers(p->i->books, &p->offers, &n, f);

	if (e != E_OK)
		return e;
	p->stands = calloc(n + 1, sizeof *p->stands);
	p->names = calloc(2 * n + 1, sizeof *p->names);
	p->open = calloc(n + 1, sizeof *p->open); /* NOLINT(bugprone-sizeof-expression): of pointers */
	p->of_row = calloc(p->r->count + 1, sizeof *p->of_row);
	if (p->stands == NULL || p->names == NULL || p->open == NULL || p->of_row == NULL)
		return no_memory(f);
	for (size_t k = 0; k < p->r->count; k++)
		p->of_row[k].row = &p->r->rows[k];
	for (size_t k = 0; k < n; k++) {
		struct books_offer *o = &p->offers[k];

		if (k == 0 || memcmp(o->stick_id, p->offers[k - 1].stick_id, ID_SIZE) != 0) {
			struct stand *s = &p->stands[p->count++];

			s->offers = o;
			memcpy(s->id, o->stick_id, ID_SIZE);
			memcpy(s->serial, o->serial, sizeof s->serial);
			keytree_stick_name(s->name, o->stick_id);
		}
		p->stands[p->count - 1].count++;
	}
	for (size_t k = 0; k < p->count; k++) {
		struct stand *s = &p->stands[k];

		s->label = label_of(p, s);
		p->names[p->name_count++] = (struct called){s->name, false, s};
		if (s->serial[0] != '\0')
			p->names[p->name_count++] = (struct called){s->serial, true, s};
	}
	qsort(p->names, p->name_count, sizeof *p->names, by_name);
	return E_OK;
}

static struct roster_complaint
about(const struct plan *p, const struct roster_row *row, enum roster_wrong what, const char *text)
{
	struct roster_complaint c = {
	    .what = what, .line = row->line, .column = p->r->at[ROSTER_WHICH_STICK], .want = row->codes};

	roster_text(c.text, text, strlen(text));
	return c;
}

/* The stick whose name is nearest to text. */
static const char *
meant(const struct plan *p, const char *text)
{
	const char *best = "";
	unsigned least = NEAR_FAR;

	for (size_t k = 0; k < p->count && p->r->complained < ROSTER_COMPLAINTS_MAX; k++) {
		unsigned d = near_distance(text, p->stands[k].name);

		if (d < least) {
			least = d;
			best = p->stands[k].name;
		}
	}
	return best;
}

/* The sticks that text names: one of them, and how many there are, at most two. A whole id is looked for by the name made of it. */
static unsigned
stands_called(const struct plan *p, const char *text, struct stand **one)
{
	const bool serial = strncmp(text, ROSTER_STICK, sizeof ROSTER_STICK - 1) == 0;
	struct called what = {serial ? text + sizeof ROSTER_STICK - 1 : text, serial, NULL};
	char name[STICK_NAME_SIZE];
	uint8_t id[ID_SIZE];
	const bool whole = bytes_from_hex(id, ID_SIZE, text) == 0;
	unsigned found = 0;

	if (whole) {
		keytree_stick_name(name, id);
		what.as = name;
	}
	for (size_t k = first_called(p, &what); k < p->name_count && by_name(&p->names[k], &what) == 0 && found < 2; k++)
		if (!whole || memcmp(p->names[k].stand->id, id, ID_SIZE) == 0) {
			*one = p->names[k].stand;
			found++;
		}
	return found;
}

/* Find the stick that the k-th row names. */
static void
find_stand(struct plan *p, size_t k)
{
	const struct roster_row *row = &p->r->rows[k];
	struct roster_complaint c = about(p, row, ROSTER_NO_STICK, row->stick);
	struct stand *one = NULL;
	const unsigned found = stands_called(p, row->stick, &one);

	if (found == 1) {
		p->of_row[k].stand = one;
		one->named = true;
		return;
	}
	if (found == 0 && strlen(row->stick) < 2 * ID_SIZE && strncmp(row->stick, ROSTER_STICK, sizeof ROSTER_STICK - 1) != 0)
		snprintf(c.near, sizeof c.near, "%s", meant(p, row->stick));
	if (found > 1)
		c.what = ROSTER_ALIKE;
	roster_complain(p->r, found > 1 ? E_USAGE : E_NO_STICK, &c);
}

static int
by_holder_and_stand(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;
	int order = strcmp(a->row->holder, b->row->holder);

	if (order == 0 && a->stand != b->stand)
		order = a->stand < b->stand ? -1 : 1;
	return order != 0 ? order : a->row->line < b->row->line ? -1 : 1;
}

/* The rows of one person are for different sticks, however they are written: by name, by id or by serial number. */
static enum err
find_twice(struct plan *p, struct fault *f)
{
	struct named *order = calloc(p->r->count + 1, sizeof *order);

	if (order == NULL)
		return no_memory(f);
	memcpy(order, p->of_row, p->r->count * sizeof *order);
	qsort(order, p->r->count, sizeof *order, by_holder_and_stand);
	for (size_t k = 1; k < p->r->count; k++) {
		const struct roster_row *one = order[k - 1].row, *two = order[k].row;
		struct roster_complaint c = about(p, two, ROSTER_TWICE, two->holder);

		if (order[k].stand == NULL || order[k].stand != order[k - 1].stand || strcmp(one->holder, two->holder) != 0)
			continue;
		c.column = p->r->at[ROSTER_HOLDER];
		c.other = one->line;
		roster_complain(p->r, E_USAGE, &c);
	}
	free(order);
	return E_OK;
}

/* ---- codes --------------------------------------------------------------------------------------------------------------- */

/* A lecture may have got more codes later; the newest that has so many. */
static struct books_offer *
with_enough(const struct plan *p, const struct stand *s, uint32_t n)
{
	for (size_t k = 0; k < s->count; k++)
		if (s->offers[k].ready >= n && is_good(p, s, &s->offers[k]))
			return &s->offers[k];
	return NULL;
}

/* Why the stick that the row names has no codes for it. */
static void
complain_of(struct plan *p, const struct stand *s, const struct roster_row *row)
{
	struct roster_complaint c = about(p, row, ROSTER_NO_LECTURE, s->name);
	enum err e = E_NO_GRANT;

	for (size_t k = 0; k < s->count; k++) {
		const struct books_offer *o = &s->offers[k];

		if (!is_asked_for(s, o, p->o->lecture))
			continue;
		if (o->expires > p->i->now || o->expires == 0) {
			c.what = ROSTER_FEW;
			c.have = is_good(p, s, o) && o->ready > c.have ? o->ready : c.have;
			e = E_NO_CODES;
		} else if (c.what == ROSTER_NO_LECTURE) {
			c.what = ROSTER_OVER;
			c.when = o->expires;
			e = E_EXPIRED;
		}
	}
	roster_complain(p->r, e, &c);
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------- */

static void
assign(struct roster_row *row, struct books_offer *o)
{
	memcpy(row->stick_id, o->stick_id, ID_SIZE);
	memcpy(row->grant_id, o->grant_id, ID_SIZE);
	memcpy(row->label, o->label, sizeof row->label);
	row->not_before = o->not_before;
	row->expires = o->expires;
	o->ready -= row->codes;
}

static bool
is_open(const struct roster_row *row)
{
	return row->stick[0] == '\0' && !row->again && !row->skipped;
}

static void
find_open(struct plan *p)
{
	for (size_t k = 0; k < p->count; k++)
		if (!p->stands[k].named && p->stands[k].label != NULL)
			p->open[p->open_count++] = &p->stands[k];
	p->too_many = UINT32_MAX;
}

static struct books_offer *
next_with_enough(struct plan *p, uint32_t n)
{
	for (size_t k = 0; k < p->open_count && n < p->too_many; k++) {
		size_t at = (p->next + k) % p->open_count;
		struct books_offer *o = with_enough(p, p->open[at], n);

		if (o != NULL) {
			p->next = at + 1;
			return o;
		}
	}
	p->too_many = n < p->too_many ? n : p->too_many;
	return NULL;
}

/* Sticks may be left open only while it is clear which lecture is meant. */
static void
find_open_lecture(struct plan *p, const struct roster_row *row)
{
	struct roster_complaint c = about(p, row, ROSTER_TWO_LECTURES, "");
	const char *one = NULL;

	for (size_t k = 0; k < p->open_count; k++) {
		const char *other = p->open[k]->label;

		if (one != NULL && strcmp(one, other) == 0)
			continue;
		if (one != NULL) {
			roster_text(c.text, one, strlen(one));
			roster_text(c.near, other, strlen(other));
			roster_complain(p->r, E_USAGE, &c);
			return;
		}
		one = other;
	}
}

/* Why no stick has codes for this row and for those after it. */
static void
complain_of_all(struct plan *p, const struct roster_row *row, uint32_t missing)
{
	const char *lecture = p->o->lecture;
	struct roster_complaint c = about(p, row, ROSTER_NONE_LEFT, lecture != NULL ? lecture : "");
	bool known = lecture == NULL;

	c.want = missing;
	for (size_t k = 0; k < p->count; k++)
		for (size_t j = 0; j < p->stands[k].count; j++)
			known = known || is_asked_for(&p->stands[k], &p->stands[k].offers[j], lecture);
	if (!known)
		c.what = ROSTER_UNKNOWN_LECTURE;
	roster_complain(p->r, known ? E_NO_CODES : E_NO_GRANT, &c);
}

static void
plan_rows(struct plan *p)
{
	const struct roster_row *first_short = NULL;
	uint32_t missing = 0;
	bool open = false;

	find_open(p);
	for (size_t k = 0; k < p->r->count && !open; k++)
		if ((open = is_open(&p->r->rows[k])))
			find_open_lecture(p, &p->r->rows[k]);
	for (size_t k = 0; k < p->r->count; k++) {
		struct roster_row *row = &p->r->rows[k];
		struct books_offer *o = NULL;

		if (row->again || row->skipped || (row->stick[0] != '\0' && p->of_row[k].stand == NULL))
			continue;
		o = p->of_row[k].stand != NULL ? with_enough(p, p->of_row[k].stand, row->codes) : next_with_enough(p, row->codes);
		p->r->codes += row->codes;
		if (o != NULL)
			assign(row, o);
		else if (p->of_row[k].stand != NULL)
			complain_of(p, p->of_row[k].stand, row);
		else {
			first_short = first_short == NULL ? row : first_short;
			missing += row->codes;
		}
	}
	if (first_short != NULL)
		complain_of_all(p, first_short, missing);
}

/* ---- those who have codes already ---------------------------------------------------------------------------------------- */

/* Keep those of the row's slots that are unused, in time, and of the lecture that was asked for. */
static void
keep_held(const struct plan *p, struct roster_row *row)
{
	size_t n = 0;

	for (size_t k = 0; k < row->count; k++) {
		const struct books_slot *s = &row->slots[k];

		if (s->state != BOOKS_ISSUED || s->expires <= p->i->now ||
		    (p->o->lecture != NULL && strcmp(s->label, p->o->lecture) != 0 && !has_id(s->grant_id, p->o->lecture)))
			continue;
		row->slots[n++] = *s;
	}
	row->count = n;
}

static void
drop_slots(struct roster_row *row)
{
	free(row->slots);
	row->slots = NULL;
	row->count = 0;
}

static enum err
find_held(struct plan *p, size_t k, struct fault *f)
{
	struct roster_row *row = &p->r->rows[k];
	const uint8_t *stick = p->of_row[k].stand != NULL ? p->of_row[k].stand->id : NULL;
	enum err e = row->stick[0] != '\0' && stick == NULL ?
	    E_OK :
	    books_slots_of_holder(p->i->books, row->holder, stick, &row->slots, &row->count, f);

	if (e != E_OK)
		return e;
	keep_held(p, row);
	p->r->holding += row->count > 0;
	if (row->count == 0 || p->o->already == ROSTER_MORE) {
		drop_slots(row);
		return E_OK;
	}
	row->skipped = p->o->already == ROSTER_SKIP || p->o->already == ROSTER_REFUSE;
	row->again = p->o->already == ROSTER_AGAIN;
	if (!row->again)
		return E_OK;
	memcpy(row->stick_id, row->slots[0].stick_id, ID_SIZE);
	memcpy(row->grant_id, row->slots[0].grant_id, ID_SIZE);
	memcpy(row->label, row->slots[0].label, sizeof row->label);
	row->not_before = row->slots[0].not_before;
	row->expires = row->slots[0].expires;
	return E_OK;
}

static void
forget_plan(struct roster *r)
{
	for (size_t k = 0; k < r->count; k++) {
		struct roster_row *row = &r->rows[k];

		drop_slots(row);
		row->skipped = row->again = false;
	}
	r->holding = r->complained = 0;
	r->codes = 0;
	r->err = E_OK;
}

enum err
roster_plan(struct roster *r, struct issuer *i, const struct roster_order *o, struct fault *f)
{
	struct plan p = {.r = r, .i = i, .o = o};
	enum err e = E_OK;

	forget_plan(r);
	e = read_stands(&p, f);
	for (size_t k = 0; k < r->count && e == E_OK; k++)
		if (r->rows[k].stick[0] != '\0')
			find_stand(&p, k);
	if (e == E_OK)
		e = find_twice(&p, f);
	for (size_t k = 0; k < r->count && e == E_OK; k++)
		e = find_held(&p, k, f);
	if (e == E_OK)
		plan_rows(&p);
	free(p.of_row);
	free(p.open);
	free(p.names);
	free(p.stands);
	free(p.offers);
	if (e != E_OK)
		return e;
	if (r->complained > 0)
		return r->err;
	return o->already == ROSTER_REFUSE && r->holding > 0 ? E_USAGE : E_OK;
}

/* ---- handing out --------------------------------------------------------------------------------------------------------- */

static enum err
take_row(struct roster_row *row, struct issuer *i, struct fault *f)
{
	const struct books_take wanted = {.grant_id = row->grant_id, .n = row->codes, .holder = row->holder, .now = i->now};
	uint32_t have = 0;
	enum err e = books_take(i->books, &wanted, &row->slots, &have, f);

	if (e == E_OK)
		row->count = row->codes;
	return e;
}

static enum err
note_again(const struct roster_row *row, struct issuer *i, struct fault *f)
{
	enum err e = E_OK;

	for (size_t k = 0; k < row->count && e == E_OK; k++)
		e = books_event(i->books, &(struct books_event){.now = i->now, .verb = "issue again",
		    .grant_id = row->slots[k].grant_id, .slot = row->slots[k].slot, .holder = row->holder, .detail = ""}, f);
	return e;
}

static int
by_holder(const void *pa, const void *pb)
{
	const struct roster_row *a = ((const struct roster_of *)pa)->row, *b = ((const struct roster_of *)pb)->row;
	int order = strcoll(a->holder, b->holder);

	if (order == 0)
		order = strcmp(a->holder, b->holder);
	return order != 0 ? order : a->line < b->line ? -1 : 1;
}

static enum err
gather(struct roster *r, struct fault *f)
{
	struct roster_of *order = calloc(r->count + 1, sizeof *order);
	size_t all = 0, n = 0;

	for (size_t k = 0; k < r->count; k++)
		all += r->rows[k].skipped ? 0 : r->rows[k].count;
	r->out.slots = calloc(all + 1, sizeof *r->out.slots);
	r->of_row = calloc(all + 1, sizeof *r->of_row);
	if (order == NULL || r->out.slots == NULL || r->of_row == NULL) {
		free(order);
		return no_memory(f);
	}
	for (size_t k = 0; k < r->count; k++)
		if (!r->rows[k].skipped)
			order[n++].row = &r->rows[k];
	qsort(order, n, sizeof *order, by_holder);
	for (size_t k = 0; k < n; k++)
		for (size_t j = 0; j < order[k].row->count; j++) {
			r->of_row[r->out.count] = order[k];
			r->out.slots[r->out.count++] = order[k].row->slots[j];
		}
	free(order);
	return E_OK;
}

enum err
roster_take(struct roster *r, struct issuer *i, struct fault *f)
{
	enum err e = E_OK;

	for (size_t k = 0; k < r->count && e == E_OK; k++) {
		struct roster_row *row = &r->rows[k];

		if (row->again)
			e = note_again(row, i, f);
		else if (!row->skipped)
			e = take_row(row, i, f);
	}
	return e == E_OK ? gather(r, f) : e;
}

void
roster_free(struct roster *r)
{
	forget_plan(r);
	handout_free(&r->out);
	free(r->of_row);
	r->of_row = NULL;
	free(r->rows);
	r->rows = NULL;
	r->count = r->room = 0;
}
