/*
 * station_list.c - the issuers' lists of revoked codes: for each issuer the newest file as it was signed, and the union of all.
 *
 * The union is stored as the payload of a notice, in one row. It is made outside the transaction that stores it, so that nobody
 * who opens another stick at the same time waits for more than the writing.
 */
#include "station_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "envelope.h"

/* For when somebody else has stored a list while this one was being made. */
#define TRIES 16

/* The union of an issuer's lists: len 0 if there is none yet. */
struct list {
	uint8_t *payload;
	size_t len;
	int64_t version; /* how often it was stored */
	bool more;	 /* than was stored */
	bool stale;	 /* somebody has stored another one meanwhile */
};

/* What an issuer can make a PC store for it: two of the longest lists. */
static size_t
list_max(void)
{
	return 2 * envelope_limit(ENVELOPE_NOTICE);
}

static enum err
no_memory(const struct station *s, const char *step, struct fault *f)
{
	return fault_set(f, E_FAIL, ENOMEM, step, "%s", s->dir);
}

static enum err
load(struct station *s, const uint8_t pk[KEY_SIZE], struct list *out, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err = E_OK;

	*out = (struct list){0};
	if (s->sql == NULL)
		return E_OK;
	if ((err = sql_query(s->sql, &st, "SELECT version, payload FROM list WHERE pk = ?", SQL_ARGS(SQL_BLOB(pk, KEY_SIZE)), f)) ==
		E_OK &&
	    (err = sql_next(s->sql, st, &row, f)) == E_OK && row) {
		out->version = sqlite3_column_int64(st, 0);
		if (sql_copy(st, 1, &out->payload, &out->len) != 0)
			err = no_memory(s, "list", f);
	}
	sql_done(&st);
	return err;
}

enum err
station_list_says(struct station *s, const struct memory_target *t, struct memory_revoked *out, struct fault *f)
{
	struct list known = {0};
	enum err err = load(s, t->issuer, &known, f);

	*out = (struct memory_revoked){false, false};
	if (err == E_OK && known.len > 0 &&
	    notice_says(BYTES(known.payload, known.len), t->grant_id, t->slot, t->bundle_id, &out->slot, &out->bundle) != 0)
		err = sql_odd(s->sql, "an odd row of revoked codes", f);
	free(known.payload);
	return err;
}

enum err
station_list_file(struct station *s, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err = E_OK;

	*file = NULL;
	*len = 0;
	if (s->sql == NULL)
		return E_OK;
	if ((err = sql_query(s->sql, &st, "SELECT file FROM notice WHERE pk = ?", SQL_ARGS(SQL_BLOB(pk, KEY_SIZE)), f)) == E_OK &&
	    (err = sql_next(s->sql, st, &row, f)) == E_OK && row && sql_copy(st, 0, file, len) != 0)
		err = no_memory(s, "notice", f);
	sql_done(&st);
	return err;
}

/* ---- learning ----------------------------------------------------------------------------------------------------------- */

/* Whether n is newer than any list of its issuer that has been stored here. */
static enum err
is_newest(struct station *s, const struct notice *n, bool *newest, struct fault *f)
{
	int64_t number = 0;
	bool found = false;
	enum err err = E_OK;

	if (s->sql != NULL)
		err = sql_int_of(s->sql, "SELECT notice_no FROM issuer WHERE pk = ?", SQL_ARGS(SQL_BLOB(n->issuer, KEY_SIZE)),
		    &number, &found, f);
	*newest = n->number > number;
	return err;
}

/*
 * Over the years the union has become too long. What the newest list leaves out need not be listed, since its time is the floor
 * here. So if n is the newest, it alone is kept; if n is older, what it says must already be known or have been left out.
 */
static enum err
begin_anew(struct station *s, const struct notice *n, struct notice *all, struct list *made, struct fault *f)
{
	bool newest = false;
	enum err err = is_newest(s, n, &newest, f);

	if (err != E_OK || !newest)
		return err;
	notice_free(all);
	all->number = 1;
	all->time = TIME_MIN;
	memcpy(all->issuer, n->issuer, sizeof all->issuer);
	if (notice_add(all, n) != 0 || (made->payload = notice_encode(all, &made->len)) == NULL)
		return no_memory(s, "list", f);
	return E_OK;
}

/* Replace what is known by its union with n; its version stays. */
static enum err
merge(struct station *s, const struct notice *n, struct list *known, struct fault *f)
{
	struct notice all = {0};
	struct list made = {.version = known->version};
	enum err err = E_OK;

	if (known->len > 0 && notice_parse(&all, BYTES(known->payload, known->len)) != 0)
		return errno == ENOMEM ? no_memory(s, "list", f) : sql_odd(s->sql, "an odd row of revoked codes", f);
	memcpy(all.issuer, n->issuer, sizeof all.issuer);
	if (all.number == 0) {
		all.number = 1; /* what the union contains is said elsewhere */
		all.time = TIME_MIN;
	}
	if (notice_add(&all, n) != 0 || (made.payload = notice_encode(&all, &made.len)) == NULL)
		err = no_memory(s, "list", f);
	if (err == E_OK && made.len > list_max()) {
		free(made.payload);
		made.payload = NULL;
		err = begin_anew(s, n, &all, &made, f);
	}
	notice_free(&all);
	if (err != E_OK || made.payload == NULL) {
		free(made.payload);
		return err;
	}
	made.more = known->payload == NULL || made.len != known->len || memcmp(made.payload, known->payload, made.len) != 0;
	free(known->payload);
	*known = made;
	return E_OK;
}

static enum err
put(struct station *s, const struct notice *n, struct bytes file, const struct list *all, struct fault *f)
{
	const struct sql_arg pk = SQL_BLOB(n->issuer, KEY_SIZE);
	int newer = 0;
	enum err err = E_OK;

	if (all->more)
		err = sql_run(s->sql, "INSERT INTO list VALUES (?1, 1, ?2)"
		    " ON CONFLICT (pk) DO UPDATE SET version = version + 1, payload = excluded.payload",
		    SQL_ARGS(pk, SQL_BLOB(all->payload, all->len)), f);
	if (err == E_OK)
		err = sql_change(s->sql, "UPDATE issuer SET notice_no = ?2 WHERE pk = ?1 AND notice_no < ?2",
		    SQL_ARGS(pk, SQL_INT(n->number)), &newer, f);
	if (err == E_OK && newer > 0)
		err = sql_run(s->sql, "INSERT INTO notice VALUES (?, ?) ON CONFLICT (pk) DO UPDATE SET file = excluded.file",
		    SQL_ARGS(pk, SQL_BLOB(file.p, file.n)), f);
	return err;
}

/* If it turns out to be stale, nothing has changed. */
static enum err
store(struct station *s, const struct notice *n, struct bytes file, struct list *all, struct fault *f)
{
	int64_t version = 0;
	bool found = false;
	enum err err;

	if ((err = sql_begin(s->sql, f)) != E_OK)
		return err;
	if ((err = sql_int_of(s->sql, "SELECT version FROM list WHERE pk = ?", SQL_ARGS(SQL_BLOB(n->issuer, KEY_SIZE)), &version,
		 &found, f)) == E_OK &&
	    !(all->stale = version != all->version) && (err = station_memory_know(s, n->issuer, n->time, f)) == E_OK)
		err = put(s, n, file, all, f);
	return sql_end(s->sql, err, f);
}

static enum err
is_kept(struct station *s, const struct notice *n, struct bytes file, bool *kept, struct fault *f)
{
	int64_t one = 0;

	*kept = false;
	if (s->sql == NULL)
		return E_OK;
	return sql_int_of(s->sql, "SELECT 1 FROM notice WHERE pk = ? AND file = ?",
	    SQL_ARGS(SQL_BLOB(n->issuer, KEY_SIZE), SQL_BLOB(file.p, file.n)), &one, kept, f);
}

enum err
station_list_learn(struct station *s, const struct notice *n, struct bytes file, struct fault *f)
{
	struct list all = {.stale = true};
	bool kept = false;
	enum err err;

	if ((err = is_kept(s, n, file, &kept, f)) != E_OK || kept)
		return err;
	for (int i = 0; i < TRIES && all.stale && err == E_OK; i++) {
		if ((err = load(s, n->issuer, &all, f)) == E_OK && (err = merge(s, n, &all, f)) == E_OK && s->mode == STATION_WRITE)
			err = store(s, n, file, &all, f);
		free(all.payload);
	}
	return all.stale ? fault_set(f, E_STATION, EBUSY, s->sql->step, "%s", s->dir) : err;
}
