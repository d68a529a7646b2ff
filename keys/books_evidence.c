/*
 * books_evidence.c - what the books keep for comparison: receipts, when a code was seen unused, and which lectures are on a stick.
 */
#include "books.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "books_internal.h"

#define ID(id) SQL_BLOB(id, ID_SIZE)

/* ---- of a slot ---------------------------------------------------------------------------------------------------------- */

enum err
books_evidence(struct books *b, const uint8_t grant_id[ID_SIZE], uint32_t slot, struct books_evidence *e, struct fault *f)
{
	struct sql *q = books_step(b, "evidence");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	memset(e, 0, sizeof *e);
	if ((err = sql_query(q, &st, "SELECT s.receipt, o.receipt, n.live_at FROM slot s"
	    " LEFT JOIN second o ON o.grant_id = s.grant_id AND o.slot = s.slot"
	    " LEFT JOIN seen n ON n.grant_id = s.grant_id AND n.slot = s.slot WHERE s.grant_id = ? AND s.slot = ?",
	    SQL_ARGS(ID(grant_id), SQL_INT(slot)), f)) == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (!sql_some(st, 0, e->receipt, sizeof e->receipt, &e->receipt_n) ||
		    !sql_some(st, 1, e->second, sizeof e->second, &e->second_n))
			err = sql_odd(q, "an odd receipt", f);
		e->live_at = sqlite3_column_int64(st, 2);
	}
	sql_done(&st);
	return err;
}

enum err
books_add_second(struct books *b, const struct books_change *c, bool *added, struct fault *f)
{
	const struct books_event event = {
	    .now = c->now, .verb = c->verb, .grant_id = c->grant_id, .slot = c->slot, .detail = "opened a second time"};
	struct sql *q = books_step(b, "second receipt");
	int changed = 0;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = sql_change(q, "INSERT INTO second VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
	    SQL_ARGS(ID(c->grant_id), SQL_INT(c->slot), SQL_BLOB(c->receipt.p, c->receipt.n)), &changed, f);
	if (err == E_OK && changed > 0)
		err = books_event(b, &event, f);
	if ((err = sql_end(q, err, f)) == E_OK)
		*added = changed > 0;
	return err;
}

enum err
books_seen_live(struct books *b, const uint8_t grant_id[ID_SIZE], uint32_t slot, int64_t now, struct fault *f)
{
	return sql_run(books_step(b, "seen"), "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (grant_id, slot)"
	    " DO UPDATE SET live_at = excluded.live_at WHERE live_at < excluded.live_at",
	    SQL_ARGS(ID(grant_id), SQL_INT(slot), SQL_INT(now)), f);
}

/* ---- of a stick --------------------------------------------------------------------------------------------------------- */

static bool
read_lecture(sqlite3_stmt *st, struct books_lecture *l)
{
	memset(l, 0, sizeof *l);
	sql_string(st, 1, l->label, sizeof l->label);
	l->gone = sqlite3_column_int(st, 2) != 0;
	l->slots = (uint32_t)sqlite3_column_int64(st, 3);
	l->spent = (uint32_t)sqlite3_column_int64(st, 4);
	return sql_fixed(st, 0, l->grant_id, ID_SIZE);
}

/* What was replaced or erased before this was recorded has events that say so. */
#define LECTURE_QUERY \
	"SELECT g.grant_id, g.label, EXISTS (SELECT 1 FROM gone WHERE gone.grant_id = g.grant_id) OR EXISTS (SELECT 1 FROM event e" \
	"  WHERE e.grant_id = g.grant_id AND e.verb IN ('prepare --replace', 'erase'))," \
	" (SELECT count(*) FROM slot s WHERE s.grant_id = g.grant_id)," \
	" (SELECT count(*) FROM slot s WHERE s.grant_id = g.grant_id AND s.state = 'spent')" \
	" FROM grnt g WHERE g.stick_id = ? ORDER BY g.rowid"

enum err
books_lectures(struct books *b, const uint8_t stick_id[ID_SIZE], struct books_lecture **out, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "lectures");
	struct books_lecture *list = NULL, *grown = NULL;
	sqlite3_stmt *st = NULL;
	size_t n = 0, room = 0;
	bool row = true;
	enum err err = sql_query(q, &st, LECTURE_QUERY, SQL_ARGS(ID(stick_id)), f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if ((grown = array_grow(list, n, &room, sizeof *list)) == NULL) {
			err = fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
			break;
		}
		list = grown;
		if (!read_lecture(st, &list[n++]))
			err = sql_odd(q, "an odd row of grants", f);
	}
	sql_done(&st);
	if (err == E_OK) {
		*out = list;
		*count = n;
	} else {
		free(list);
	}
	return err;
}

enum err
books_set_gone(struct books *b, const uint8_t grant_id[ID_SIZE], int64_t now, const char *verb, struct fault *f)
{
	const struct books_event event = {
	    .now = now, .verb = verb, .grant_id = grant_id, .slot = BOOKS_WHOLE, .detail = "no longer on the stick"};
	struct sql *q = books_step(b, "gone");
	int changed = 0;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = sql_change(
	    q, "INSERT INTO gone VALUES (?, ?) ON CONFLICT DO NOTHING", SQL_ARGS(ID(grant_id), SQL_INT(now)), &changed, f);
	if (err == E_OK && changed > 0)
		err = books_event(b, &event, f);
	return sql_end(q, err, f);
}
