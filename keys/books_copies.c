/*
 * books_copies.c - one copy of the books and another: which is the newer one, and what a copy does not know.
 */
#include "books.h"

#include "books_internal.h"

#define REFILLS_SKIPPED "64"

enum err
books_newest_mark(struct books *b, struct books_mark *m, struct fault *f)
{
	struct sql *q = books_step(b, "newest event");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	m->no = 0;
	if ((err = sql_query(q, &st, "SELECT no, token FROM event ORDER BY no DESC LIMIT 1", SQL_NONE, f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row) {
		m->no = sqlite3_column_int64(st, 0);
		if (!sql_fixed(st, 1, m->token, BOOKS_TOKEN))
			err = sql_odd(q, "an odd row of events", f);
	}
	sql_done(&st);
	return err;
}

enum err
books_has_mark(struct books *b, const struct books_mark *m, bool *has, struct fault *f)
{
	int64_t one = 0;

	return sql_int_of(books_step(b, "event"), "SELECT 1 FROM event WHERE no = ? AND token = ?",
	    SQL_ARGS(SQL_INT(m->no), SQL_BLOB(m->token, BOOKS_TOKEN)), &one, has, f);
}

enum err
books_is_restored(struct books *b, bool *restored, struct fault *f)
{
	int64_t used = 0;
	bool found = false;
	enum err err = sql_int_of(books_step(b, "newest event"), "SELECT (SELECT count(*) FROM stick) > 0 AND coalesce("
	    "(SELECT verb FROM event ORDER BY no DESC LIMIT 1), '') <> 'restore'", SQL_NONE, &used, &found, f);

	*restored = used == 0;
	return err;
}

enum err
books_skip_refills(struct books *b, struct fault *f)
{
	return sql_run(books_step(b, "refills"), "UPDATE stick SET next_n = next_n + " REFILLS_SKIPPED, SQL_NONE, f);
}

enum err
books_count_as_issued(struct books *b, const struct books_unsure *u, uint32_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "hand out");
	int changed = 0;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = sql_run(q, "INSERT INTO event (at, who, verb, grant_id, slot, holder)"
		 " SELECT ?, ?, ?, grant_id, slot, ? FROM slot WHERE state = 'ready'",
		 SQL_ARGS(SQL_INT(u->now), SQL_TEXT(b->who), SQL_TEXT(u->verb), SQL_TEXT(u->holder)), f)) == E_OK &&
	    (err = sql_change(q, "UPDATE slot SET state = 'issued', holder = ?1, changed_at = ?2 WHERE state = 'ready'",
		 SQL_ARGS(SQL_TEXT(u->holder), SQL_INT(u->now)), &changed, f)) == E_OK)
		err = books_skip_refills(b, f);
	if ((err = sql_end(q, err, f)) == E_OK)
		*count = (uint32_t)changed;
	return err;
}
