/*
 * books_notice.c - the notices that were made, and the list that the next one must carry.
 */
#include "books.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "books_internal.h"

#define ID(id) SQL_BLOB(id, ID_SIZE)

static enum err
no_memory(const struct sql *q, struct fault *f)
{
	return fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
}

enum err
books_newest_notice(struct books *b, uint8_t **cose, size_t *n, uint32_t *number, struct fault *f)
{
	struct sql *q = books_step(b, "newest notice");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	*cose = NULL;
	*n = 0;
	*number = 0;
	if ((err = sql_query(q, &st, "SELECT no, cose FROM notice ORDER BY no DESC LIMIT 1", SQL_NONE, f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (sql_copy(st, 1, cose, n) != 0)
			err = no_memory(q, f);
		else
			*number = (uint32_t)sqlite3_column_int64(st, 0);
	}
	sql_done(&st);
	return err;
}

/* ---- the union ---------------------------------------------------------------------------------------------------------- */

static enum err
add_bits(struct sql *q, struct notice *out, const uint8_t grant_id[ID_SIZE], const uint8_t *bits, size_t n, struct fault *f)
{
	for (uint32_t slot = 0; slot < n * 8; slot++)
		if ((bits[slot / 8] >> slot % 8 & 1) != 0 && notice_revoke(out, grant_id, slot) != 0)
			return no_memory(q, f);
	return E_OK;
}

static enum err
collect_listed(struct sql *q, int64_t reach, struct notice *out, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	uint8_t id[ID_SIZE], bits[NOTICE_BITMAP_MAX];
	size_t n = 0;
	bool row = true;
	enum err err = sql_query(q, &st, "SELECT l.grant_id, l.slots FROM listed l"
	    " LEFT JOIN grnt g INDEXED BY grnt_shown ON g.grant_id = l.grant_id"
	    " WHERE g.expires IS NULL OR g.expires >= ? ORDER BY l.grant_id", SQL_ARGS(SQL_INT(reach)), f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (sql_fixed(st, 0, id, sizeof id) && sql_some(st, 1, bits, sizeof bits, &n))
			err = add_bits(q, out, id, bits, n, f);
		else
			err = sql_odd(q, "an odd row of listed codes", f);
	}
	sql_done(&st);
	return err;
}

/* Four digits for each code. */
static enum err
add_dead(struct sql *q, sqlite3_stmt *st, struct notice *out, struct fault *f)
{
	const char *slots = (const char *)sqlite3_column_text(st, 1);
	size_t n = (size_t)sqlite3_column_bytes(st, 1);
	uint8_t id[ID_SIZE], slot[2];
	char digits[5] = "";

	if (slots == NULL || n % 4 != 0 || !sql_fixed(st, 0, id, sizeof id))
		return sql_odd(q, "an odd row of dead codes", f);
	for (; n > 0; slots += 4, n -= 4) {
		memcpy(digits, slots, 4);
		if (bytes_from_hex(slot, sizeof slot, digits) != 0 || slot[0] >= GRANT_SLOTS_MAX / 256)
			return sql_odd(q, "an odd row of dead codes", f);
		if (notice_revoke(out, id, slot[0] * 256u + slot[1]) != 0)
			return no_memory(q, f);
	}
	return E_OK;
}

static enum err
collect_dead(struct sql *q, int64_t reach, struct notice *out, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = sql_query(q, &st, "SELECT d.grant_id, d.slots FROM grnt g INDEXED BY grnt_expires"
	    " CROSS JOIN dead d ON d.grant_id = g.grant_id WHERE g.expires >= ? ORDER BY d.grant_id", SQL_ARGS(SQL_INT(reach)), f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row)
		err = add_dead(q, st, out, f);
	sql_done(&st);
	return err;
}

static enum err
collect_withdrawn(struct sql *q, struct notice *out, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	uint8_t (*grown)[ID_SIZE] = NULL;
	size_t room = 0;
	bool row = true;
	enum err err = sql_query(q, &st, "SELECT bundle_id FROM withdrawn ORDER BY bundle_id", SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if ((grown = array_grow(out->withdrawn, out->withdrawn_count, &room, sizeof *grown)) == NULL) {
			err = no_memory(q, f);
			break;
		}
		out->withdrawn = grown;
		if (!sql_fixed(st, 0, grown[out->withdrawn_count++], ID_SIZE))
			err = sql_odd(q, "an odd row of withdrawn bundles", f);
	}
	sql_done(&st);
	return err;
}

enum err
books_notice_content(struct books *b, int64_t now, struct notice *out, struct fault *f)
{
	struct sql *q = books_step(b, "notice");
	struct notice dead = {
	    0}; /* merged as a whole, since it is in order: adding one at a time to a long list would move all of it each time */
	const int64_t reach = notice_reach(now);
	enum err err;

	memset(out, 0, sizeof *out);
	if ((err = collect_listed(q, reach, out, f)) == E_OK && (err = collect_dead(q, reach, &dead, f)) == E_OK &&
	    (err = collect_withdrawn(q, out, f)) == E_OK && notice_add(out, &dead) != 0)
		err = no_memory(q, f);
	notice_free(&dead);
	if (err != E_OK)
		notice_free(out);
	return err;
}

/* ---- keeping ------------------------------------------------------------------------------------------------------------ */

static enum err
list_grant(struct sql *q, const struct notice_grant *g, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	uint8_t bits[NOTICE_BITMAP_MAX] = {0};
	size_t n = 0;
	bool row = false, more = false;
	enum err err;

	if ((err = sql_query(q, &st, "SELECT slots FROM listed WHERE grant_id = ?", SQL_ARGS(ID(g->grant_id)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row && !sql_some(st, 0, bits, sizeof bits, &n))
		err = sql_odd(q, "an odd row of listed codes", f);
	sql_done(&st);
	for (size_t i = 0; i < g->len && i < sizeof bits; i++) {
		more |= (g->bitmap[i] & ~bits[i]) != 0;
		bits[i] = (uint8_t)(bits[i] | g->bitmap[i]);
	}
	if (err != E_OK || !more)
		return err;
	return sql_run(q, "INSERT INTO listed VALUES (?, ?) ON CONFLICT (grant_id) DO UPDATE SET slots = excluded.slots",
	    SQL_ARGS(ID(g->grant_id), SQL_BLOB(bits, n > g->len ? n : g->len)), f);
}

static enum err
list_content(struct sql *q, const struct notice *notice, struct fault *f)
{
	enum err err = E_OK;

	for (size_t i = 0; i < notice->grant_count && err == E_OK; i++)
		err = list_grant(q, &notice->grants[i], f);
	for (size_t i = 0; i < notice->withdrawn_count && err == E_OK; i++)
		err = sql_run(q, "INSERT INTO withdrawn VALUES (?) ON CONFLICT DO NOTHING", SQL_ARGS(ID(notice->withdrawn[i])), f);
	return err;
}

enum err
books_keep_notice(struct books *b, uint32_t number, int64_t time, struct bytes cose, struct fault *f)
{
	struct sql *q = books_step(b, "keep notice");
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = sql_run(q, "INSERT INTO notice VALUES (?1, CASE WHEN ?1 < (SELECT max(no) FROM notice) THEN x'' ELSE ?2 END, ?3)"
	    " ON CONFLICT (no) DO NOTHING", SQL_ARGS(SQL_INT(number), SQL_BLOB(cose.p, cose.n), SQL_INT(time)), f);
	if (err == E_OK)
		err = sql_run(q, "UPDATE notice SET cose = x'' WHERE length(cose) > 0 AND no = (SELECT max(no) FROM notice"
		    " WHERE no < (SELECT max(no) FROM notice))", SQL_NONE, f);
	return sql_end(q, err, f);
}

enum err
books_store_notice(struct books *b, const struct notice *notice, struct bytes cose, struct fault *f)
{
	struct sql *q = books_step(b, "keep notice");
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = list_content(q, notice, f)) == E_OK)
		err = books_keep_notice(b, notice->number, notice->time, cose, f);
	return sql_end(q, err, f);
}
