/*
 * books_slots.c - what became of each code: lists, handing out, states, and the log.
 */
#include "books.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "books_internal.h"
#include "receipt.h"

#define ID(id) SQL_BLOB(id, ID_SIZE)

const char *const books_state_names[4] = {
	[BOOKS_READY] = "ready",
	[BOOKS_ISSUED] = "issued",
	[BOOKS_SPENT] = "spent",
	[BOOKS_REVOKED] = "revoked",
};

bool
books_read_state(sqlite3_stmt *st, int column, enum books_slot_state *state)
{
	char word[16];

	sql_string(st, column, word, sizeof word);
	for (unsigned i = 0; i < 4; i++)
		if (strcmp(word, books_state_names[i]) == 0) {
			*state = (enum books_slot_state)i;
			return true;
		}
	return false;
}

/* ---- lists -------------------------------------------------------------------------------------------------------------- */

#define SLOT_COLUMNS \
	"SELECT s.stick_id, s.grant_id, s.slot, s.number, s.state, s.holder, g.not_before, g.expires, s.changed_at, s.spent_at," \
	" g.label, s.receipt FROM slot s "
/* With everything about a grant that is asked for, so that its locators need not be read. */
#define SLOT_GRANT "CROSS JOIN grnt g INDEXED BY grnt_shown ON g.grant_id = s.grant_id "
#define SLOT_QUERY SLOT_COLUMNS SLOT_GRANT

struct slot_list {
	struct books_slot *slots;
	size_t count, room;
};

/* What the receipt says about the PC and about the end. */
static bool
read_end(sqlite3_stmt *st, int column, struct books_slot *s)
{
	uint8_t body[RECEIPT_MAX + MAC_SIZE];
	struct receipt r;
	size_t n = 0;

	if (!sql_some(st, column, body, sizeof body, &n))
		return false;
	if (n <= MAC_SIZE || receipt_parse(&r, BYTES(body, n - MAC_SIZE)) != 0)
		return true;
	s->at_pc = true;
	memcpy(s->station_id, r.station_id, ID_SIZE);
	if (r.ended_at != 0) {
		s->ended_at = r.ended_at;
		s->open_s = r.open_s > SESSION_MAX_S ? SESSION_MAX_S : (int64_t)r.open_s;
	}
	return true;
}

static bool
read_slot(sqlite3_stmt *st, struct books_slot *s)
{
	memset(s, 0, sizeof *s);
	if (!sql_fixed(st, 0, s->stick_id, ID_SIZE) || !sql_fixed(st, 1, s->grant_id, ID_SIZE) ||
	    !books_read_state(st, 4, &s->state))
		return false;
	s->slot = (uint32_t)sqlite3_column_int64(st, 2);
	s->number = (uint32_t)sqlite3_column_int64(st, 3);
	sql_string(st, 5, s->holder, sizeof s->holder);
	s->not_before = sqlite3_column_int64(st, 6);
	s->expires = sqlite3_column_int64(st, 7);
	s->changed_at = sqlite3_column_int64(st, 8);
	s->spent_at = sqlite3_column_int64(st, 9);
	sql_string(st, 10, s->label, sizeof s->label);
	return s->slot < GRANT_SLOTS_MAX && read_end(st, 11, s);
}

static enum err
add_slot(struct sql *q, struct slot_list *l, sqlite3_stmt *st, struct fault *f)
{
	struct books_slot *grown = array_grow(l->slots, l->count, &l->room, sizeof *grown);

	if (grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
	l->slots = grown;
	return read_slot(st, &l->slots[l->count++]) ? E_OK : sql_odd(q, "an odd row of slots", f);
}

static enum err
list_slots(struct sql *q, struct slot_list *l, const char *text, const struct sql_arg *args, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = sql_query(q, &st, text, args, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row)
		err = add_slot(q, l, st, f);
	sql_done(&st);
	return err;
}

static enum err
hand_over(struct slot_list *l, enum err err, struct books_slot **list, size_t *count)
{
	if (err == E_OK) {
		*list = l->slots;
		*count = l->count;
	} else {
		free(l->slots);
	}
	return err;
}

enum err
books_slots(struct books *b, const uint8_t stick_id[ID_SIZE], struct books_slot **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "slots");
	struct slot_list l = {0};

	return hand_over(
	    &l, list_slots(q, &l, SLOT_QUERY "WHERE s.stick_id = ? ORDER BY s.number", SQL_ARGS(ID(stick_id)), f), list, count);
}

enum err
books_slots_of_grant(struct books *b, const uint8_t grant_id[ID_SIZE], struct books_slot **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "slots");
	struct slot_list l = {0};

	return hand_over(
	    &l, list_slots(q, &l, SLOT_QUERY "WHERE s.grant_id = ? ORDER BY s.slot", SQL_ARGS(ID(grant_id)), f), list, count);
}

enum err
books_slots_of_holder(struct books *b, const char *holder, const uint8_t *stick_id, struct books_slot **list, size_t *count,
    struct fault *f)
{
	static const char text[] = SLOT_COLUMNS "CROSS JOIN stick t ON t.stick_id = s.stick_id " SLOT_GRANT
	    "WHERE s.holder = ?1 AND (?2 IS NULL OR s.stick_id = ?2) ORDER BY t.rowid, s.number";
	struct sql *q = books_step(b, "slots");
	struct slot_list l = {0};

	return hand_over(&l,
	    list_slots(q, &l, text, SQL_ARGS(SQL_TEXT(holder), SQL_MAYBE(stick_id, stick_id != NULL ? ID_SIZE : 0u)), f), list,
	    count);
}

/* ---- of several sticks -------------------------------------------------------------------------------------------------- */

/* The position of a stick in the books. */
struct place {
	int64_t row;
	const uint8_t *id;
};

static int
by_row(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	return a->row < b->row ? -1 : a->row > b->row;
}

static enum err
find_places(struct sql *q, struct place *places, uint8_t (*ids)[ID_SIZE], size_t n, struct fault *f)
{
	enum err err = E_OK;
	bool found = false;

	for (size_t k = 0; k < n && err == E_OK; k++) {
		places[k].id = ids[k];
		err = sql_int_of(q, "SELECT rowid FROM stick WHERE stick_id = ?", SQL_ARGS(ID(ids[k])), &places[k].row, &found, f);
	}
	if (err == E_OK && n > 1)
		qsort(places, n, sizeof *places, by_row);
	return err;
}

enum err
books_slots_of_sticks(struct books *b, uint8_t (*ids)[ID_SIZE], size_t n, struct books_slot **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "slots");
	struct place *places = calloc(n + 1, sizeof *places);
	struct slot_list l = {0};
	enum err err;

	if (places == NULL)
		return fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
	err = find_places(q, places, ids, n, f);
	for (size_t k = 0; k < n && err == E_OK; k++)
		if (k == 0 || places[k].row != places[k - 1].row)
			err = list_slots(q, &l, SLOT_QUERY "WHERE s.stick_id = ? ORDER BY s.number", SQL_ARGS(ID(places[k].id)), f);
	free(places);
	return hand_over(&l, err, list, count);
}

/* ---- one ---------------------------------------------------------------------------------------------------------------- */

enum err
books_slot_numbered(
    struct books *b, const uint8_t stick_id[ID_SIZE], uint32_t number, struct books_numbered *out, struct fault *f)
{
	struct sql *q = books_step(b, "slot");
	struct slot_list l = {0};
	int64_t most = 0;
	bool row = false;
	enum err err;

	if ((err = list_slots(
		 q, &l, SLOT_QUERY "WHERE s.stick_id = ? AND s.number = ?", SQL_ARGS(ID(stick_id), SQL_INT(number)), f)) == E_OK)
		err = sql_int_of(q, "SELECT max(number) FROM slot WHERE stick_id = ?", SQL_ARGS(ID(stick_id)), &most, &row, f);
	out->found = err == E_OK && l.count == 1;
	if (out->found)
		out->slot = l.slots[0];
	out->last = (uint32_t)most;
	free(l.slots);
	return err;
}

enum err
books_stick_of(struct books *b, const uint8_t grant_id[ID_SIZE], uint8_t stick_id[ID_SIZE], bool *found, struct fault *f)
{
	struct sql *q = books_step(b, "stick");
	sqlite3_stmt *st = NULL;
	enum err err;

	*found = false;
	if ((err = sql_query(q, &st, "SELECT stick_id FROM grnt INDEXED BY grnt_shown WHERE grant_id = ?", SQL_ARGS(ID(grant_id)),
		 f)) == E_OK &&
	    (err = sql_next(q, st, found, f)) == E_OK && *found && !sql_fixed(st, 0, stick_id, ID_SIZE))
		err = sql_odd(q, "an odd row of grants", f);
	sql_done(&st);
	return err;
}

/* ---- every ... ---------------------------------------------------------------------------------------------------------- */

/* Make a list one element of size bytes longer; NULL if there is no memory. The new element is zeroed. */
static void *
grow(void **list, size_t *count, size_t *room, size_t size)
{
	uint8_t *one = NULL;
	void *grown = array_grow(*list, *count, room, size);

	if (grown == NULL)
		return NULL;
	*list = grown;
	one = (uint8_t *)*list + (*count)++ * size;
	memset(one, 0, size);
	return one;
}

/* Ordered by stick; the grants of a stick are in any order. */
#define STICK_QUERY \
	"SELECT t.stick_id, t.label, t.next_n, t.seen_n, g.issued, g.rowid, g.label, g.not_before, g.expires," \
	" (SELECT count(*) FROM slot s INDEXED BY slot_state WHERE s.grant_id = g.grant_id AND s.state = 'ready')," \
	" (SELECT count(*) FROM slot s INDEXED BY slot_state WHERE s.grant_id = g.grant_id AND s.state = 'issued')," \
	" (SELECT count(*) FROM slot s INDEXED BY slot_state WHERE s.grant_id = g.grant_id AND s.state = 'spent')," \
	" (SELECT count(*) FROM slot s INDEXED BY slot_state WHERE s.grant_id = g.grant_id AND s.state = 'revoked')" \
	" FROM stick t LEFT JOIN grnt g INDEXED BY grnt_of_stick ON g.stick_id = t.stick_id ORDER BY t.rowid"

/* The newest grant of a stick so far, and the one that ends last: by time and, if times are equal, the one added later. */
struct best {
	int64_t issued, issued_row, expires, expires_row;
};

static bool
beats(int64_t time, int64_t row, int64_t *best_time, int64_t *best_row)
{
	if (*best_row != 0 && (time < *best_time || (time == *best_time && row < *best_row)))
		return false;
	*best_time = time;
	*best_row = row;
	return true;
}

static void
add_grant(sqlite3_stmt *st, int64_t now, struct books_stick *s, struct best *best)
{
	const int64_t row = sqlite3_column_int64(st, 5), expires = sqlite3_column_int64(st, 8);
	const uint32_t ready = (uint32_t)sqlite3_column_int64(st, 9), issued = (uint32_t)sqlite3_column_int64(st, 10);

	if (beats(sqlite3_column_int64(st, 4), row, &best->issued, &best->issued_row))
		sql_string(st, 6, s->label, sizeof s->label);
	if (beats(expires, row, &best->expires, &best->expires_row)) {
		s->not_before = sqlite3_column_int64(st, 7);
		s->expires = expires;
	}
	s->spent += (uint32_t)sqlite3_column_int64(st, 11);
	s->revoked += (uint32_t)sqlite3_column_int64(st, 12);
	if (expires <= now) {
		s->expired += ready + issued;
	} else {
		s->ready += ready;
		s->issued += issued;
	}
}

enum err
books_sticks(struct books *b, int64_t now, struct books_stick **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "sticks");
	struct books_stick *s = NULL;
	struct best best = {0};
	uint8_t id[ID_SIZE];
	sqlite3_stmt *st = NULL;
	void *sticks = NULL;
	size_t n = 0, room = 0;
	bool row = true;
	enum err err = sql_query(q, &st, STICK_QUERY, SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (!sql_fixed(st, 0, id, ID_SIZE)) {
			err = sql_odd(q, "an odd row of sticks", f);
		} else if (s == NULL || memcmp(s->stick_id, id, ID_SIZE) != 0) {
			if ((s = grow(&sticks, &n, &room, sizeof *s)) == NULL) {
				err = fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
				break;
			}
			memcpy(s->stick_id, id, ID_SIZE);
			sql_string(st, 1, s->label, sizeof s->label);
			s->next_n = (uint32_t)sqlite3_column_int64(st, 2);
			s->seen_n = (uint32_t)sqlite3_column_int64(st, 3);
			best = (struct best){0};
		}
		if (err == E_OK && s != NULL && sqlite3_column_type(st, 5) != SQLITE_NULL)
			add_grant(st, now, s, &best);
	}
	sql_done(&st);
	if (err == E_OK) {
		*list = sticks;
		*count = n;
	} else {
		free(sticks);
	}
	return err;
}

enum err
books_holders(struct books *b, struct books_holder **list, size_t *count, struct fault *f)
{
	static const char text[] = "SELECT s.stick_id, s.holder, s.number FROM stick t CROSS JOIN slot s INDEXED BY slot_held"
	    " ON s.stick_id = t.stick_id WHERE s.state = 'issued' AND s.holder <> '' ORDER BY t.rowid, s.holder, s.number";
	struct sql *q = books_step(b, "holders");
	struct books_holder *h = NULL, one = {.number = 0};
	sqlite3_stmt *st = NULL;
	void *holders = NULL;
	size_t n = 0, room = 0;
	bool row = true;
	enum err err = sql_query(q, &st, text, SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (!sql_fixed(st, 0, one.stick_id, ID_SIZE)) {
			err = sql_odd(q, "an odd row of slots", f);
			break;
		}
		sql_string(st, 1, one.holder, sizeof one.holder);
		one.number = (uint32_t)sqlite3_column_int64(st, 2);
		if (h != NULL && memcmp(h->stick_id, one.stick_id, ID_SIZE) == 0 && strcmp(h->holder, one.holder) == 0)
			continue;
		if ((h = grow(&holders, &n, &room, sizeof *h)) == NULL) {
			err = fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
			break;
		}
		*h = one;
	}
	sql_done(&st);
	if (err == E_OK) {
		*list = holders;
		*count = n;
	} else {
		free(holders);
	}
	return err;
}

enum err
books_ranges(struct books *b, struct books_range **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "grants");
	struct books_range *r = NULL;
	sqlite3_stmt *st = NULL;
	void *ranges = NULL;
	size_t n = 0, room = 0;
	bool row = true;
	enum err err = sql_query(q, &st, "SELECT grant_id, max(slot) + 1 FROM slot GROUP BY grant_id", SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if ((r = grow(&ranges, &n, &room, sizeof *r)) == NULL) {
			err = fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
			break;
		}
		r->slots = (uint32_t)sqlite3_column_int64(st, 1);
		if (!sql_fixed(st, 0, r->grant_id, ID_SIZE) || r->slots > GRANT_SLOTS_MAX)
			err = sql_odd(q, "an odd row of slots", f);
	}
	sql_done(&st);
	if (err == E_OK) {
		*list = ranges;
		*count = n;
	} else {
		free(ranges);
	}
	return err;
}

/* ---- log ---------------------------------------------------------------------------------------------------------------- */

enum err
books_event(struct books *b, const struct books_event *e, struct fault *f)
{
	struct sql *q = b->sql;
	const bool of_slot = e->grant_id != NULL && e->slot != BOOKS_WHOLE;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = sql_run(q, "INSERT INTO event (at, who, verb, grant_id, slot, holder, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
	    SQL_ARGS(SQL_INT(e->now), SQL_TEXT(b->who),
	    SQL_TEXT(e->verb), SQL_MAYBE(e->grant_id, e->grant_id != NULL ? ID_SIZE : 0u),
	    {.type = of_slot ? SQLITE_INTEGER : SQLITE_NULL, .i = e->slot}, SQL_TEXT(e->holder), SQL_TEXT(e->detail)), f);
	if (err == E_OK && of_slot)
		err = sql_run(q, "UPDATE slot SET changed_at = ?3 WHERE grant_id = ?1 AND slot = ?2",
		    SQL_ARGS(ID(e->grant_id), SQL_INT(e->slot), SQL_INT(e->now)), f);
	return sql_end(q, err, f);
}

/* ---- handing out -------------------------------------------------------------------------------------------------------- */

enum err
books_find_lecture(
    struct books *b, const struct books_wanted *w, uint8_t grant_id[ID_SIZE], unsigned *count, struct fault *f)
{
	static const char text[] =
	    "WITH meant AS (SELECT g.grant_id, g.label, g.issued, g.rowid AS row, CASE WHEN g.expires > ?2 THEN (SELECT count(*)"
	    "  FROM slot s WHERE s.grant_id = g.grant_id AND s.state = 'ready') ELSE 0 END AS ready, CASE WHEN ?3 IS NULL OR g.label = ?3 THEN 2"
	    "  WHEN length(?3) >= 8 AND substr(lower(hex(g.grant_id)), 1, length(?3)) = lower(?3) THEN 1 ELSE 0 END AS fit"
	    " FROM grnt g WHERE g.stick_id = ?1),"
	    " fits AS (SELECT * FROM meant WHERE fit > 0 AND fit = (SELECT max(fit) FROM meant) AND (?3 IS NOT NULL OR ready > 0)),"
	    " newest AS (SELECT label FROM fits ORDER BY ready > 0 DESC, issued DESC, row DESC LIMIT 1)"
	    "SELECT grant_id, (SELECT count(*) FROM fits) FROM fits WHERE label IS (SELECT label FROM newest)"
	    " ORDER BY ready >= ?4 DESC, ready > 0 DESC, issued DESC, row DESC LIMIT 1";
	struct sql *q = books_step(b, "find lecture");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	*count = 0;
	if ((err = sql_query(q, &st, text, SQL_ARGS(ID(w->stick_id), SQL_INT(w->now), SQL_TEXT(w->name), SQL_INT(w->codes)), f)) ==
	    E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (sql_fixed(st, 0, grant_id, ID_SIZE))
			*count = (unsigned)sqlite3_column_int(st, 1);
		else
			err = sql_odd(q, "an odd row of grants", f);
	}
	sql_done(&st);
	return err;
}

/* Somebody else has changed a slot that is no longer as it was read; it is not changed again. */
static enum err
change_one(struct sql *q, const char *text, const struct sql_arg *args, struct fault *f)
{
	int changed = 0;
	enum err err = sql_change(q, text, args, &changed, f);

	return err == E_OK && changed != 1 ? sql_odd(q, "a code was changed meanwhile", f) : err;
}

static enum err
issue_slot(struct books *b, struct books_slot *s, const char *holder, int64_t now, struct fault *f)
{
	const struct books_event event = {.now = now, .verb = "issue", .grant_id = s->grant_id, .slot = s->slot, .holder = holder};
	enum err err = change_one(b->sql, "UPDATE slot SET state = 'issued', holder = ?3 WHERE grant_id = ?1 AND slot = ?2"
	    " AND state = 'ready'", SQL_ARGS(ID(s->grant_id), SQL_INT(s->slot), SQL_TEXT(holder)), f);

	if (err != E_OK || (err = books_event(b, &event, f)) != E_OK)
		return err;
	s->state = BOOKS_ISSUED;
	s->changed_at = now;
	memcpy(s->holder, holder, strlen(holder) + 1);
	return E_OK;
}

enum err
books_take(struct books *b, const struct books_take *t, struct books_slot **list, uint32_t *have, struct fault *f)
{
	const char *holder = t->holder != NULL ? t->holder : "";
	struct sql *q = books_step(b, "hand out");
	struct slot_list l = {0};
	enum err err;

	*have = 0;
	if (strlen(holder) >= BOOKS_TEXT)
		return sql_odd(q, "the holder's name is too long", f);
	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err =
	    list_slots(q, &l, SLOT_QUERY "WHERE s.grant_id = ?1 AND s.state = 'ready' AND g.expires > ?2 ORDER BY s.slot LIMIT ?3",
		SQL_ARGS(ID(t->grant_id), SQL_INT(t->now), SQL_INT(t->n)), f);
	if (err == E_OK && l.count < t->n)
		err = fault_set(f, E_NO_CODES, 0, q->step, "%zu ready", l.count);
	for (size_t i = 0; i < l.count && err == E_OK; i++)
		err = issue_slot(b, &l.slots[i], holder, t->now, f);
	err = sql_end(q, err, f);
	if (err == E_OK || err == E_NO_CODES)
		*have = (uint32_t)l.count;
	if (err == E_OK)
		*list = l.slots;
	else
		free(l.slots);
	return err;
}

/* ---- states ------------------------------------------------------------------------------------------------------------- */

struct standing {
	enum books_slot_state state;
	bool new_receipt, new_time; /* what is given is not what is stored */
	char holder[BOOKS_TEXT];
};

static enum err
read_standing(struct sql *q, struct standing *s, const struct books_change *c, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	if ((err = sql_query(q, &st, "SELECT state, holder, receipt IS NOT ?3, spent_at <> ?4 FROM slot"
	    " WHERE grant_id = ?1 AND slot = ?2",
	    SQL_ARGS(ID(c->grant_id), SQL_INT(c->slot), SQL_MAYBE(c->receipt.p, c->receipt.n), SQL_INT(c->spent_at)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK) {
		if (!row || !books_read_state(st, 0, &s->state))
			err = sql_odd(q, row ? "an odd row of slots" : "unknown slot", f);
		sql_string(st, 1, s->holder, sizeof s->holder);
		s->new_receipt = c->receipt.n > 0 && sqlite3_column_int(st, 2) != 0;
		s->new_time = c->spent_at != 0 && sqlite3_column_int(st, 3) != 0;
	}
	sql_done(&st);
	return err;
}

static bool
final(enum books_slot_state state)
{
	return state == BOOKS_SPENT || state == BOOKS_REVOKED;
}

static enum err
update_slot(struct books *b, const struct books_change *c, enum books_slot_state was, enum books_slot_state state, struct fault *f)
{
	return change_one(b->sql, "UPDATE slot SET state = ?3, receipt = coalesce(?4, receipt),"
	    " spent_at = CASE ?5 WHEN 0 THEN spent_at ELSE ?5 END, holder = CASE ?3 WHEN 'ready' THEN NULL ELSE holder END"
	    " WHERE grant_id = ?1 AND slot = ?2 AND state = ?6", SQL_ARGS(ID(c->grant_id), SQL_INT(c->slot),
	    SQL_TEXT(books_state_names[state]), SQL_MAYBE(c->receipt.p, c->receipt.n), SQL_INT(c->spent_at),
	    SQL_TEXT(books_state_names[was])), f);
}

enum err
books_set_state(struct books *b, const struct books_change *c, struct fault *f)
{
	struct books_event event = {.now = c->now, .verb = c->verb, .grant_id = c->grant_id, .slot = c->slot, .detail = c->detail};
	enum books_slot_state state = c->state;
	struct sql *q = books_step(b, "slot");
	struct standing s = {0};
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = read_standing(q, &s, c, f)) != E_OK)
		goto out;
	if (final(s.state) && !final(state))
		err = fault_set(f, s.state == BOOKS_SPENT ? E_SPENT : E_REVOKED, 0, q->step, "slot %u", (unsigned)c->slot);
	if (s.state == BOOKS_SPENT && state == BOOKS_REVOKED)
		state = BOOKS_SPENT;
	event.holder = s.holder[0] != '\0' ? s.holder : NULL;
	if (err == E_OK && (state != s.state || s.new_receipt || s.new_time) &&
	    (err = update_slot(b, c, s.state, state, f)) == E_OK)
		err = books_event(b, &event, f);
out:
	return sql_end(q, err, f);
}
