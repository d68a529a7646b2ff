/*
 * books_forget.c - names of holders go from the books. What SQLite frees it overwrites (secure_delete).
 */
#include "books_forget.h"

#include "books_internal.h"

/* ?1 holder or NULL, ?2 before, ?3 now. */
#define NAMED "s.holder <> '' AND (?1 IS NULL OR s.holder = ?1)"
#define OUT "s.state IN ('ready', 'issued') AND g.expires > ?3"
#define OVER \
	"NOT (" OUT ") AND (?1 IS NOT NULL OR (s.changed_at < ?2 AND (s.state NOT IN ('ready', 'issued') OR g.expires < ?2)))"
#define ARGS SQL_ARGS(SQL_TEXT(w->holder), SQL_INT(w->before), SQL_INT(w->now))
#define GRANTS "CROSS JOIN grnt g INDEXED BY grnt_shown ON g.grant_id = s.grant_id"

/* ?1 before. In an entry of the log that is older the name stays only while its code has it. */
#define STALE \
	"holder IS NOT NULL AND at < ?1 AND NOT EXISTS" \
	" (SELECT 1 FROM slot s WHERE s.grant_id = event.grant_id AND s.slot = event.slot AND s.holder = event.holder)"

/* Names that were corrected, or are of a code that is nobody's any more. */
static enum err
look_in_log(struct sql *q, const struct books_forget *w, uint64_t *people, struct fault *f)
{
	const struct sql_arg whose = SQL_TEXT(w->holder), before = SQL_INT(w->before);
	const bool one = w->holder != NULL;
	int64_t count = 0;
	bool found = false;
	enum err err = sql_int_of(q, one ? "SELECT count(DISTINCT holder) FROM event WHERE holder = ?1" :
	    "SELECT count(DISTINCT holder) FROM event WHERE holder <> '' AND " STALE, SQL_ARGS(one ? whose : before), &count,
	    &found, f);

	*people = (uint64_t)count;
	return err;
}

enum err
books_forget_look(struct books *b, const struct books_forget *w, struct books_forgotten *out, struct fault *f)
{
	struct sql *q = books_step(b, "forget");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	*out = (struct books_forgotten){0};
	if ((err = sql_query(q, &st, "SELECT sum(over), count(DISTINCT CASE WHEN over THEN holder END), sum(is_out) FROM"
	    " (SELECT s.holder AS holder, " OVER " AS over, " OUT " AND (?1 IS NOT NULL OR s.changed_at < ?2) AS is_out"
	    " FROM slot s " GRANTS " WHERE " NAMED ")", ARGS, f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row) {
		out->codes = (uint64_t)sqlite3_column_int64(st, 0);
		out->people = (uint64_t)sqlite3_column_int64(st, 1);
		out->out = (uint64_t)sqlite3_column_int64(st, 2);
	}
	sql_done(&st);
	if (err == E_OK && out->codes == 0)
		err = look_in_log(q, w, &out->people, f);
	return err;
}

/* The log first: it is asked by the names that codes still have. All that it says of these codes goes, whenever it was written. */
enum err
books_forget(struct books *b, const struct books_forget *w, struct fault *f)
{
	static const char log[] = "UPDATE event SET holder = NULL WHERE holder IS NOT NULL AND (holder = ?1 OR (grant_id, slot) IN"
	    " (SELECT s.grant_id, s.slot FROM slot s " GRANTS " WHERE " NAMED " AND " OVER "))";
	static const char slots[] = "UPDATE slot SET holder = NULL WHERE (grant_id, slot) IN"
	    " (SELECT s.grant_id, s.slot FROM slot s " GRANTS " WHERE " NAMED " AND " OVER ")";
	static const char rest[] = "UPDATE event SET holder = NULL WHERE " STALE;
	struct sql *q = books_step(b, "forget");
	enum err err = sql_run(q, log, ARGS, f);

	if (err == E_OK)
		err = sql_run(q, slots, ARGS, f);
	if (err == E_OK && w->holder == NULL)
		err = sql_run(q, rest, SQL_ARGS(SQL_INT(w->before)), f);
	return err;
}

enum err
books_forget_pack(struct books *b, struct fault *f)
{
	return sql_run(books_step(b, "pack"), "VACUUM", SQL_NONE, f);
}
