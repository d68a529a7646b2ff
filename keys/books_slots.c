/*
 * books_slots.c - what became of each code: lists, handing out, states, and the log.
 */
#include "books.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "books_internal.h"
#include "receipt.h"

#define ID(id) SQL_BLOB(id, ID_SIZE)

const char *const books_state_names[4] = {
	[BOOKS_READY] = "ready",
	[BOOKS_ISSUED] = "issued",
	[BOOKS_SPENT] = "spent",
	[BOOKS_REVOKED] = "revoked",
};

static bool
read_state(sqlite3_stmt *st, int column, enum books_slot_state *state)
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

#define SLOT_QUERY \
	"SELECT s.stick_id, s.grant_id, s.slot, s.number, s.state, s.holder, g.not_before, g.expires, s.changed_at, s.spent_at," \
	" g.label, s.receipt FROM stick t CROSS JOIN slot s ON s.stick_id = t.stick_id JOIN grnt g ON g.grant_id = s.grant_id "

struct slot_list {
	struct books_slot *slots;
	size_t count, room;
};

/* What the receipt says of the end. */
static bool
read_end(sqlite3_stmt *st, int column, struct books_slot *s)
{
	uint8_t body[RECEIPT_MAX + MAC_SIZE];
	struct receipt r;
	size_t n = 0;

	if (!sql_some(st, column, body, sizeof body, &n))
		return false;
	if (n > MAC_SIZE && receipt_parse(&r, BYTES(body, n - MAC_SIZE)) == 0 && r.ended_at != 0) {
		s->ended_at = r.ended_at;
		s->open_s = r.open_s > SESSION_MAX_S ? SESSION_MAX_S : (int64_t)r.open_s;
	}
	return true;
}

static bool
read_slot(sqlite3_stmt *st, struct books_slot *s)
{
	memset(s, 0, sizeof *s);
	if (!sql_fixed(st, 0, s->stick_id, ID_SIZE) || !sql_fixed(st, 1, s->grant_id, ID_SIZE) || !read_state(st, 4, &s->state))
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
	if (l->count == l->room) {
		size_t room = l->room == 0 ? 16 : l->room * 2;
		struct books_slot *grown = realloc(l->slots, room * sizeof *grown);

		if (grown == NULL)
			return fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
		l->slots = grown;
		l->room = room;
	}
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

enum err
books_slots(struct books *b, const uint8_t *stick_id, struct books_slot **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "slots");
	struct slot_list l = {0};
	enum err err;

	if (stick_id != NULL)
		err = list_slots(q, &l, SLOT_QUERY "WHERE t.stick_id = ? ORDER BY s.number", SQL_ARGS(ID(stick_id)), f);
	else
		err = list_slots(q, &l, SLOT_QUERY "ORDER BY t.rowid, s.number", SQL_NONE, f);
	if (err == E_OK) {
		*list = l.slots;
		*count = l.count;
	} else {
		free(l.slots);
	}
	return err;
}

#define STICK_QUERY \
	"SELECT t.stick_id, coalesce((SELECT g.label FROM grnt g WHERE g.stick_id = t.stick_id" \
	" ORDER BY g.issued DESC, g.rowid DESC LIMIT 1), t.label), t.next_n, t.seen_n, c.ready, c.issued, c.spent, c.revoked," \
	" last.not_before, last.expires" \
	" FROM stick t LEFT JOIN (SELECT stick_id, sum(state = 'ready') AS ready, sum(state = 'issued') AS issued," \
	"  sum(state = 'spent') AS spent, sum(state = 'revoked') AS revoked FROM slot GROUP BY stick_id) c" \
	" ON c.stick_id = t.stick_id LEFT JOIN grnt last ON last.rowid =" \
	" (SELECT rowid FROM grnt g WHERE g.stick_id = t.stick_id ORDER BY g.expires DESC, g.rowid DESC LIMIT 1) ORDER BY t.rowid"

static bool
read_stick(sqlite3_stmt *st, struct books_stick *s)
{
	memset(s, 0, sizeof *s);
	sql_string(st, 1, s->label, sizeof s->label);
	s->next_n = (uint32_t)sqlite3_column_int64(st, 2);
	s->seen_n = (uint32_t)sqlite3_column_int64(st, 3);
	s->ready = (uint32_t)sqlite3_column_int64(st, 4);
	s->issued = (uint32_t)sqlite3_column_int64(st, 5);
	s->spent = (uint32_t)sqlite3_column_int64(st, 6);
	s->revoked = (uint32_t)sqlite3_column_int64(st, 7);
	s->not_before = sqlite3_column_int64(st, 8);
	s->expires = sqlite3_column_int64(st, 9);
	return sql_fixed(st, 0, s->stick_id, ID_SIZE);
}

enum err
books_sticks(struct books *b, struct books_stick **list, size_t *count, struct fault *f)
{
	struct sql *q = books_step(b, "sticks");
	struct books_stick *sticks = NULL, *grown = NULL;
	sqlite3_stmt *st = NULL;
	size_t n = 0;
	bool row = true;
	enum err err = sql_query(q, &st, STICK_QUERY, SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if ((grown = realloc(sticks, (n + 1) * sizeof *sticks)) == NULL) {
			err = fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
			break;
		}
		sticks = grown;
		if (!read_stick(st, &sticks[n++]))
			err = sql_odd(q, "an odd row of sticks", f);
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

/* ---- log ---------------------------------------------------------------------------------------------------------------- */

enum err
books_event(struct books *b, int64_t now, const char *verb, const uint8_t *grant_id, uint32_t slot, const char *holder,
    const char *detail, struct fault *f)
{
	struct sql *q = b->sql;
	const bool of_slot = grant_id != NULL && slot != BOOKS_WHOLE;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = sql_run(q, "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", SQL_ARGS(SQL_INT(now), SQL_TEXT(b->who), SQL_TEXT(verb),
	    SQL_MAYBE(grant_id, grant_id != NULL ? ID_SIZE : 0u), {.type = of_slot ? SQLITE_INTEGER : SQLITE_NULL, .i = slot},
	    SQL_TEXT(holder), SQL_TEXT(detail)), f);
	if (err == E_OK && of_slot)
		err = sql_run(q, "UPDATE slot SET changed_at = ?3 WHERE grant_id = ?1 AND slot = ?2",
		    SQL_ARGS(ID(grant_id), SQL_INT(slot), SQL_INT(now)), f);
	return sql_end(q, err, f);
}

/* ---- handing out -------------------------------------------------------------------------------------------------------- */

enum err
books_find_lecture(struct books *b, const uint8_t stick_id[ID_SIZE], const char *name, int64_t now, uint8_t grant_id[ID_SIZE],
    unsigned *count, struct fault *f)
{
	static const char text[] =
	    "WITH meant AS (SELECT g.*, g.rowid AS row, g.expires > ?2 AND EXISTS (SELECT 1 FROM slot s WHERE s.grant_id = g.grant_id"
	    "  AND s.state = 'ready') AS has, CASE WHEN ?3 IS NULL OR g.label = ?3 THEN 2"
	    "  WHEN length(?3) >= 8 AND substr(lower(hex(g.grant_id)), 1, length(?3)) = lower(?3) THEN 1 ELSE 0 END AS fit"
	    " FROM grnt g WHERE g.stick_id = ?1)"
	    "SELECT grant_id, (SELECT count(*) FROM meant m WHERE m.fit = (SELECT max(fit) FROM meant) AND (?3 IS NOT NULL OR m.has))"
	    " FROM meant WHERE fit > 0 AND (?3 IS NOT NULL OR has) ORDER BY fit DESC, has DESC, issued DESC, row DESC LIMIT 1";
	struct sql *q = books_step(b, "find lecture");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	*count = 0;
	if ((err = sql_query(q, &st, text, SQL_ARGS(ID(stick_id), SQL_INT(now), SQL_TEXT(name)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (sql_fixed(st, 0, grant_id, ID_SIZE))
			*count = (unsigned)sqlite3_column_int(st, 1);
		else
			err = sql_odd(q, "an odd row of grants", f);
	}
	sql_done(&st);
	return err;
}

static enum err
issue_slot(struct books *b, struct books_slot *s, const char *holder, int64_t now, struct fault *f)
{
	enum err err = sql_run(b->sql, "UPDATE slot SET state = 'issued', holder = ?3 WHERE grant_id = ?1 AND slot = ?2",
	    SQL_ARGS(ID(s->grant_id), SQL_INT(s->slot), SQL_TEXT(holder)), f);

	if (err != E_OK || (err = books_event(b, now, "issue", s->grant_id, s->slot, holder, NULL, f)) != E_OK)
		return err;
	s->state = BOOKS_ISSUED;
	s->changed_at = now;
	memcpy(s->holder, holder, strlen(holder) + 1);
	return E_OK;
}

enum err
books_take(struct books *b, const uint8_t grant_id[ID_SIZE], uint32_t n, const char *holder, int64_t now, struct books_slot **list,
    uint32_t *have, struct fault *f)
{
	struct sql *q = books_step(b, "hand out");
	struct slot_list l = {0};
	enum err err;

	*have = 0;
	if (holder == NULL)
		holder = "";
	if (strlen(holder) >= BOOKS_TEXT)
		return sql_odd(q, "the holder's name is too long", f);
	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = list_slots(q, &l, SLOT_QUERY "WHERE t.stick_id = (SELECT stick_id FROM grnt WHERE grant_id = ?1)"
	    " AND s.grant_id = ?1 AND s.state = 'ready' AND g.expires > ?2 ORDER BY s.slot LIMIT ?3",
	    SQL_ARGS(ID(grant_id), SQL_INT(now), SQL_INT(n)), f);
	if (err == E_OK && l.count < n)
		err = fault_set(f, E_NO_CODES, 0, q->step, "%zu ready", l.count);
	for (size_t i = 0; i < l.count && err == E_OK; i++)
		err = issue_slot(b, &l.slots[i], holder, now, f);
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
read_standing(struct sql *q, struct standing *s, const uint8_t grant_id[ID_SIZE], uint32_t slot, struct bytes receipt,
    int64_t spent_at, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	if ((err = sql_query(q, &st, "SELECT state, holder, receipt IS NOT ?3, spent_at <> ?4 FROM slot"
	    " WHERE grant_id = ?1 AND slot = ?2",
	    SQL_ARGS(ID(grant_id), SQL_INT(slot), SQL_MAYBE(receipt.p, receipt.n), SQL_INT(spent_at)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK) {
		if (!row || !read_state(st, 0, &s->state))
			err = sql_odd(q, row ? "an odd row of slots" : "unknown slot", f);
		sql_string(st, 1, s->holder, sizeof s->holder);
		s->new_receipt = receipt.n > 0 && sqlite3_column_int(st, 2) != 0;
		s->new_time = spent_at != 0 && sqlite3_column_int(st, 3) != 0;
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
update_slot(struct books *b, const uint8_t grant_id[ID_SIZE], uint32_t slot, enum books_slot_state state, struct bytes receipt,
    int64_t spent_at, struct fault *f)
{
	return sql_run(b->sql, "UPDATE slot SET state = ?3, receipt = coalesce(?4, receipt),"
	    " spent_at = CASE ?5 WHEN 0 THEN spent_at ELSE ?5 END, holder = CASE ?3 WHEN 'ready' THEN NULL ELSE holder END"
	    " WHERE grant_id = ?1 AND slot = ?2", SQL_ARGS(ID(grant_id), SQL_INT(slot), SQL_TEXT(books_state_names[state]),
	    SQL_MAYBE(receipt.p, receipt.n), SQL_INT(spent_at)), f);
}

enum err
books_set_state(struct books *b, const uint8_t grant_id[ID_SIZE], uint32_t slot, enum books_slot_state state,
    struct bytes receipt, int64_t spent_at, int64_t now, const char *verb, const char *detail, struct fault *f)
{
	struct sql *q = books_step(b, "slot");
	struct standing s = {0};
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = read_standing(q, &s, grant_id, slot, receipt, spent_at, f)) != E_OK)
		goto out;
	if (final(s.state) && !final(state))
		err = fault_set(f, s.state == BOOKS_SPENT ? E_SPENT : E_REVOKED, 0, q->step, "slot %u", (unsigned)slot);
	if (s.state == BOOKS_SPENT && state == BOOKS_REVOKED)
		state = BOOKS_SPENT;
	if (err == E_OK && (state != s.state || s.new_receipt || s.new_time) &&
	    (err = update_slot(b, grant_id, slot, state, receipt, spent_at, f)) == E_OK)
		err = books_event(b, now, verb, grant_id, slot, s.holder[0] != '\0' ? s.holder : NULL, detail, f);
out:
	return sql_end(q, err, f);
}
