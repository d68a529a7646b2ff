/*
 * books_report.c - the books for a report, lecture by lecture.
 */
#include "books_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "books_internal.h"

#define ID(id) SQL_BLOB(id, ID_SIZE)

/* ?1 is what the person called the lecture, or NULL. */
#define NAMED \
	"(?1 IS NULL OR g.label = ?1 OR (length(?1) >= 8 AND substr(lower(hex(g.grant_id)), 1, length(?1)) = lower(?1)))"

struct walk {
	struct sql *q;
	sqlite3_stmt *lectures, *slots, *events, *pc;
	struct books_report_code *codes; /* of one lecture */
	uint32_t at[GRANT_SLOTS_MAX];    /* where the code of a slot is in codes, from 1; 0: nowhere */
	size_t count;
};

static const char lectures_text[] =
    "SELECT g.grant_id, g.stick_id, g.label, g.issued, g.not_before, g.expires, gone.at"
    " FROM grnt g INDEXED BY grnt_of_stick LEFT JOIN gone ON gone.grant_id = g.grant_id WHERE " NAMED " ORDER BY g.issued, g.rowid";
static const char slots_text[] =
    "SELECT s.slot, s.number, s.state, s.holder, s.spent_at, s.changed_at, s.receipt, o.receipt, n.live_at FROM slot s"
    " LEFT JOIN second o ON o.grant_id = s.grant_id AND o.slot = s.slot"
    " LEFT JOIN seen n ON n.grant_id = s.grant_id AND n.slot = s.slot WHERE s.grant_id = ? ORDER BY s.slot";
static const char events_text[] =
    "SELECT at, who, verb, slot FROM event INDEXED BY event_grant WHERE grant_id = ? ORDER BY no";

/* ---- codes -------------------------------------------------------------------------------------------------------------- */

static enum err
read_use(struct walk *w, int column, struct books_report_use *use, struct fault *f)
{
	uint8_t body[RECEIPT_MAX + MAC_SIZE];
	size_t n = 0;
	bool row = false;
	enum err err = E_OK;

	if (!sql_some(w->slots, column, body, sizeof body, &n))
		return sql_odd(w->q, "an odd receipt", f);
	if (n <= MAC_SIZE || receipt_parse(&use->receipt, BYTES(body, n - MAC_SIZE)) != 0)
		return E_OK;
	use->proved = true;
	if (use->receipt.open_s > SESSION_MAX_S)
		use->receipt.open_s = SESSION_MAX_S;
	if ((err = sql_again(w->q, w->pc, SQL_ARGS(ID(use->receipt.station_id)), f)) == E_OK &&
	    (err = sql_next(w->q, w->pc, &row, f)) == E_OK && row)
		sql_string(w->pc, 0, use->pc, sizeof use->pc);
	sqlite3_reset(w->pc);
	return err;
}

static enum err
read_code(struct walk *w, struct fault *f)
{
	struct books_report_code *c = &w->codes[w->count];
	const int64_t slot = sqlite3_column_int64(w->slots, 0);
	enum err err;

	if (slot < 0 || slot >= GRANT_SLOTS_MAX || w->count == GRANT_SLOTS_MAX)
		return sql_odd(w->q, "an odd row of slots", f);
	memset(c, 0, sizeof *c);
	if (!books_read_state(w->slots, 2, &c->state))
		return sql_odd(w->q, "an odd row of slots", f);
	c->slot = (uint32_t)slot;
	c->number = (uint32_t)sqlite3_column_int64(w->slots, 1);
	sql_string(w->slots, 3, c->holder, sizeof c->holder);
	c->spent_at = sqlite3_column_int64(w->slots, 4);
	/* This holds unless the log knows better. */
	c->revoked_at = c->state == BOOKS_REVOKED ? sqlite3_column_int64(w->slots, 5) : 0;
	c->live_at = sqlite3_column_int64(w->slots, 8);
	if ((err = read_use(w, 6, &c->use, f)) != E_OK || (err = read_use(w, 7, &c->second, f)) != E_OK)
		return err;
	w->at[slot] = (uint32_t)++w->count;
	return E_OK;
}

static enum err
read_codes(struct walk *w, const struct books_report_lecture *l, struct fault *f)
{
	bool row = true;
	enum err err = sql_again(w->q, w->slots, SQL_ARGS(ID(l->grant_id)), f);

	memset(w->at, 0, sizeof w->at);
	w->count = 0;
	while (err == E_OK && (err = sql_next(w->q, w->slots, &row, f)) == E_OK && row)
		err = read_code(w, f);
	return err;
}

/* ---- the log ------------------------------------------------------------------------------------------------------------ */

static bool
begins(const char *verb, const char *with)
{
	return strncmp(verb, with, strlen(with)) == 0;
}

/*
 * An event of the whole lecture: the first one says how it came into the books. Its issuer may have looked into it before, where
 * the books had been lost.
 */
static void
take_event(struct walk *w, struct books_report_lecture *l, const char *verb)
{
	if (l->prepared_by[0] != '\0' || l->imported || begins(verb, "mount") || strcmp(verb, "key") == 0)
		return;
	l->imported = strcmp(verb, "collect") == 0;
	if (!l->imported)
		sql_string(w->events, 1, l->prepared_by, sizeof l->prepared_by);
}

/* The verb itself says that a code was revoked; "collect" means that only for damaged codes, and notes the others. */
static void
take_code_event(struct walk *w, struct books_report_code *c, const char *verb)
{
	const int64_t at = sqlite3_column_int64(w->events, 0);

	if (strcmp(verb, "issue") == 0) {
		c->issued_at = at;
		sql_string(w->events, 1, c->issued_by, sizeof c->issued_by);
	} else if (strcmp(verb, "revoke") == 0 || begins(verb, "erase") || begins(verb, "prepare") ||
	    (strcmp(verb, "collect") == 0 && c->state == BOOKS_REVOKED)) {
		c->revoked_at = at;
		sql_string(w->events, 1, c->revoked_by, sizeof c->revoked_by);
	}
}

static enum err
read_events(struct walk *w, struct books_report_lecture *l, struct fault *f)
{
	char verb[BOOKS_VERB];
	int64_t slot = 0;
	bool row = true;
	enum err err = sql_again(w->q, w->events, SQL_ARGS(ID(l->grant_id)), f);

	while (err == E_OK && (err = sql_next(w->q, w->events, &row, f)) == E_OK && row) {
		sql_string(w->events, 2, verb, sizeof verb);
		slot = sqlite3_column_int64(w->events, 3);
		if (sqlite3_column_type(w->events, 3) == SQLITE_NULL)
			take_event(w, l, verb);
		else if (slot >= 0 && slot < GRANT_SLOTS_MAX && w->at[slot] > 0)
			take_code_event(w, &w->codes[w->at[slot] - 1], verb);
	}
	return err;
}

/* ---- lectures ----------------------------------------------------------------------------------------------------------- */

static enum err
read_lecture(struct walk *w, struct books_report_lecture *l, struct fault *f)
{
	memset(l, 0, sizeof *l);
	if (!sql_fixed(w->lectures, 0, l->grant_id, ID_SIZE) || !sql_fixed(w->lectures, 1, l->stick_id, ID_SIZE))
		return sql_odd(w->q, "an odd row of grants", f);
	sql_string(w->lectures, 2, l->label, sizeof l->label);
	l->prepared_at = sqlite3_column_int64(w->lectures, 3);
	l->not_before = sqlite3_column_int64(w->lectures, 4);
	l->expires = sqlite3_column_int64(w->lectures, 5);
	l->gone_at = sqlite3_column_int64(w->lectures, 6);
	return E_OK;
}

static enum err
begin_walk(struct walk *w, const char *lecture, struct fault *f)
{
	enum err err;

	if ((w->codes = calloc(GRANT_SLOTS_MAX, sizeof *w->codes)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, w->q->step, "%s", w->q->path);
	if ((err = sql_query(w->q, &w->lectures, lectures_text, SQL_ARGS(SQL_TEXT(lecture)), f)) != E_OK ||
	    (err = sql_query(w->q, &w->slots, slots_text, SQL_NONE, f)) != E_OK ||
	    (err = sql_query(w->q, &w->events, events_text, SQL_NONE, f)) != E_OK)
		return err;
	return sql_query(w->q, &w->pc, BOOKS_PC_NAME, SQL_NONE, f);
}

enum err
books_report_lectures(struct books *b, const char *lecture, books_report_fn *each, void *arg, struct fault *f)
{
	struct walk w = {.q = books_step(b, "report")};
	struct books_report_lecture l;
	bool row = true;
	enum err err = begin_walk(&w, lecture, f);

	while (err == E_OK && (err = sql_next(w.q, w.lectures, &row, f)) == E_OK && row)
		if ((err = read_lecture(&w, &l, f)) == E_OK && (err = read_codes(&w, &l, f)) == E_OK &&
		    (err = read_events(&w, &l, f)) == E_OK)
			err = each(arg, &l, w.codes, w.count, f);
	sql_done(&w.pc);
	sql_done(&w.events);
	sql_done(&w.slots);
	sql_done(&w.lectures);
	free(w.codes);
	return err;
}

/* ---- who did what ------------------------------------------------------------------------------------------------------- */

enum err
books_report_deeds(
    struct books *b, const struct books_report_span *span, books_report_deed_fn *each, void *arg, struct fault *f)
{
	static const char text[] = "SELECT who, verb, count(*), min(at), max(at) FROM event WHERE at BETWEEN ?2 AND ?3"
	    " AND (?4 IS NULL OR holder = ?4) AND (?1 IS NULL OR grant_id IN (SELECT g.grant_id FROM grnt g INDEXED BY grnt_of_stick"
	    " WHERE " NAMED ")) GROUP BY who, verb ORDER BY who, min(no)";
	struct sql *q = books_step(b, "report");
	struct books_report_deed d;
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = sql_query(q, &st, text,
	    SQL_ARGS(SQL_TEXT(span->lecture), SQL_INT(span->from), SQL_INT(span->to), SQL_TEXT(span->holder)), f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		memset(&d, 0, sizeof d);
		sql_string(st, 0, d.who, sizeof d.who);
		sql_string(st, 1, d.verb, sizeof d.verb);
		d.times = (uint64_t)sqlite3_column_int64(st, 2);
		d.first = sqlite3_column_int64(st, 3);
		d.last = sqlite3_column_int64(st, 4);
		err = each(arg, &d, f);
	}
	sql_done(&st);
	return err;
}

enum err
books_report_known(struct books *b, const char *lecture, const char *holder, bool known[2], struct fault *f)
{
	struct sql *q = books_step(b, "report");
	int64_t one = 0;
	enum err err = E_OK;

	known[0] = known[1] = true;
	if (lecture != NULL)
		err = sql_int_of(q, "SELECT 1 FROM grnt g INDEXED BY grnt_of_stick WHERE " NAMED " LIMIT 1",
		    SQL_ARGS(SQL_TEXT(lecture)), &one, &known[0], f);
	if (err == E_OK && holder != NULL)
		err = sql_int_of(q, "SELECT 1 FROM slot WHERE holder = ? LIMIT 1", SQL_ARGS(SQL_TEXT(holder)), &one, &known[1], f);
	return err;
}
