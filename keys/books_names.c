/*
 * books_names.c - correcting the names of holders, and finding similar names.
 */
#include "books_names.h"

#include <string.h>

#include "books_internal.h"
#include "near.h"

/* ---- correcting --------------------------------------------------------------------------------------------------------- */

/* ?1 is the new name; the others say whose. An index finds the rows of each. */
#define OF_HOLDER " WHERE holder = ?2 AND holder <> ?1 AND state <> 'ready'"
#define OF_CODE " WHERE grant_id = ?2 AND slot = ?3 AND holder IS NOT ?1 AND state <> 'ready'"
#define NOTE "INSERT INTO event (at, who, verb, grant_id, slot, holder) SELECT ?4, ?5, 'rename', grant_id, slot, ?1 FROM slot"
#define CHANGE "UPDATE slot SET holder = ?1"

enum err
books_rename(struct books *b, const struct books_rename *r, uint64_t *count, struct fault *f)
{
	const struct sql_arg holder = SQL_TEXT(r->from), grant = SQL_BLOB(r->grant_id, ID_SIZE);
	const struct sql_arg whose = r->from != NULL ? holder : grant;
	struct sql *q = books_step(b, "rename");
	int changed = 0;
	enum err err;

	*count = 0;
	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = sql_run(q, r->from != NULL ? NOTE OF_HOLDER : NOTE OF_CODE,
		 SQL_ARGS(SQL_TEXT(r->to), whose, SQL_INT(r->slot), SQL_INT(r->now), SQL_TEXT(b->who)), f)) == E_OK &&
	    r->from != NULL)
		err = sql_change(q, CHANGE OF_HOLDER, SQL_ARGS(SQL_TEXT(r->to), whose), &changed, f);
	else if (err == E_OK)
		err = sql_change(q, CHANGE OF_CODE, SQL_ARGS(SQL_TEXT(r->to), whose, SQL_INT(r->slot)), &changed, f);
	if ((err = sql_end(q, err, f)) == E_OK)
		*count = (uint64_t)changed;
	return err;
}

enum err
books_is_holder(struct books *b, const char *name, bool *is, struct fault *f)
{
	int64_t one = 0;

	return sql_int_of(books_step(b, "names"), "SELECT 1 FROM slot WHERE holder = ? AND state <> 'ready' LIMIT 1",
	    SQL_ARGS(SQL_TEXT(name)), &one, is, f);
}

/* ---- finding ------------------------------------------------------------------------------------------------------------ */

/* What was found, and how far each name is from the one that was typed. */
struct search {
	struct books_near *out;
	unsigned far[BOOKS_NEAR_MAX];
};

static void
add(struct search *s, const char *name, unsigned far)
{
	size_t k = s->out->count < BOOKS_NEAR_MAX ? s->out->count++ : BOOKS_NEAR_MAX;

	for (; k > 0 && far < s->far[k - 1]; k--) {
		if (k == BOOKS_NEAR_MAX)
			continue;
		s->far[k] = s->far[k - 1];
		memcpy(s->out->names[k], s->out->names[k - 1], BOOKS_TEXT);
	}
	if (k == BOOKS_NEAR_MAX)
		return;
	s->far[k] = far;
	memcpy(s->out->names[k], name, strlen(name) + 1);
}

enum err
books_near(struct books *b, const char *name, int64_t valid_at, struct books_near *out, struct fault *f)
{
	static const char all[] = "SELECT DISTINCT holder FROM slot INDEXED BY slot_holder WHERE holder IS NOT NULL"
	    " AND holder NOT IN ('', ?1) ORDER BY holder";
	static const char valid[] = "SELECT DISTINCT s.holder FROM slot s INDEXED BY slot_holder"
	    " CROSS JOIN grnt g INDEXED BY grnt_shown ON g.grant_id = s.grant_id WHERE s.holder IS NOT NULL"
	    " AND s.holder NOT IN ('', ?1) AND s.state = 'issued' AND g.expires > ?2 ORDER BY s.holder";
	struct sql *q = books_step(b, "names");
	struct search s = {.out = out};
	char holder[BOOKS_TEXT];
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err;

	out->count = 0;
	err = valid_at != 0 ? sql_query(q, &st, valid, SQL_ARGS(SQL_TEXT(name), SQL_INT(valid_at)), f) :
			      sql_query(q, &st, all, SQL_ARGS(SQL_TEXT(name)), f);
	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		unsigned far = 0;

		sql_string(st, 0, holder, sizeof holder);
		if ((far = near_distance(name, holder)) < NEAR_FAR)
			add(&s, holder, far);
	}
	sql_done(&st);
	return err;
}
