/*
 * books_offers.c - which codes there are to hand out.
 */
#include "books_offers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "books_internal.h"

static const char offers[] =
    "SELECT t.stick_id, t.serial, g.grant_id, g.label, g.not_before, g.expires,"
    " (SELECT count(*) FROM slot s INDEXED BY slot_state WHERE s.grant_id = g.grant_id AND s.state = 'ready')"
    " FROM stick t LEFT JOIN grnt g INDEXED BY grnt_of_stick ON g.stick_id = t.stick_id"
    " ORDER BY t.rowid, g.issued DESC, g.rowid DESC";

static bool
read_offer(sqlite3_stmt *st, struct books_offer *o)
{
	memset(o, 0, sizeof *o);
	if (!sql_fixed(st, 0, o->stick_id, ID_SIZE))
		return false;
	sql_string(st, 1, o->serial, sizeof o->serial);
	if (sqlite3_column_type(st, 2) == SQLITE_NULL)
		return true;
	sql_string(st, 3, o->label, sizeof o->label);
	o->not_before = sqlite3_column_int64(st, 4);
	o->expires = sqlite3_column_int64(st, 5);
	o->ready = (uint32_t)sqlite3_column_int64(st, 6);
	return sql_fixed(st, 2, o->grant_id, ID_SIZE) && o->ready <= GRANT_SLOTS_MAX;
}

enum err
books_offers(struct books *b, struct books_offer **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "lectures");
	struct books_offer *all = NULL, *grown = NULL;
	sqlite3_stmt *st = NULL;
	size_t n = 0, room = 0;
	bool row = true;
	enum err err = sql_query(q, &st, offers, SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if ((grown = array_grow(all, n, &room, sizeof *all)) == NULL) {
			err = fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
			break;
		}
		all = grown;
		if (!read_offer(st, &all[n++]))
			err = sql_odd(q, "an odd row of grants", f);
	}
	sql_done(&st);
	if (err == E_OK) {
		*list = all;
		*count = n;
	} else {
		free(all);
	}
	return err;
}
