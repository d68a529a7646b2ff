/*
 * books.c - the issuer's books: the file, settings, bundles, sticks and grants.
 */
#include "books.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "array.h"
#include "books_internal.h"
#include "keytree.h"
#include "stick.h"

#define SCHEMA_1 \
	"CREATE TABLE meta (k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;" \
	"CREATE TABLE setting (k TEXT PRIMARY KEY, v TEXT NOT NULL) WITHOUT ROWID;" \
	"CREATE TABLE bundle (bundle_id BLOB PRIMARY KEY NOT NULL CHECK (length(bundle_id) = 16), created INTEGER NOT NULL," \
	" label TEXT NOT NULL, manifest BLOB, signed_at INTEGER);" \
	"CREATE TABLE stick (stick_id BLOB PRIMARY KEY NOT NULL CHECK (length(stick_id) = 16), label TEXT NOT NULL, usb BLOB," \
	" next_n INTEGER NOT NULL DEFAULT 1, seen_n INTEGER NOT NULL DEFAULT 0);" \
	"CREATE TABLE grnt (grant_id BLOB PRIMARY KEY NOT NULL CHECK (length(grant_id) = 16)," \
	" stick_id BLOB NOT NULL REFERENCES stick, n INTEGER NOT NULL, payload BLOB NOT NULL, grant_hash BLOB NOT NULL UNIQUE," \
	" issued INTEGER NOT NULL, not_before INTEGER NOT NULL, expires INTEGER NOT NULL, label TEXT NOT NULL);" \
	"CREATE INDEX grnt_stick ON grnt (stick_id);" \
	"CREATE TABLE slot (grant_id BLOB NOT NULL REFERENCES grnt, slot INTEGER NOT NULL, stick_id BLOB NOT NULL REFERENCES stick," \
	" number INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('ready', 'issued', 'spent', 'revoked')), holder TEXT," \
	" receipt BLOB, spent_at INTEGER NOT NULL DEFAULT 0, changed_at INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (grant_id, slot));" \
	"CREATE UNIQUE INDEX slot_number ON slot (stick_id, number);" \
	"CREATE INDEX slot_dead ON slot (grant_id, slot) WHERE state IN ('spent', 'revoked');" \
	"CREATE TABLE event (at INTEGER NOT NULL, who TEXT NOT NULL, verb TEXT NOT NULL, grant_id BLOB, slot INTEGER, holder TEXT," \
	" detail TEXT);" \
	"CREATE TABLE station (id BLOB PRIMARY KEY NOT NULL, name TEXT NOT NULL);" \
	"CREATE TABLE notice (no INTEGER PRIMARY KEY, cose BLOB NOT NULL, time INTEGER NOT NULL);" \
	"CREATE TABLE listed (grant_id BLOB PRIMARY KEY NOT NULL, slots BLOB NOT NULL) WITHOUT ROWID;" \
	"CREATE TABLE withdrawn (bundle_id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;" \
	/* Not even our own mistakes can undo what has happened. */ \
	"CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT raise(ABORT, 'events are permanent'); END;" \
	"CREATE TRIGGER event_fixed BEFORE UPDATE ON event BEGIN SELECT raise(ABORT, 'events are permanent'); END;" \
	"CREATE TRIGGER bundle_kept BEFORE DELETE ON bundle BEGIN SELECT raise(ABORT, 'ids are used once'); END;" \
	"CREATE TRIGGER stick_kept BEFORE DELETE ON stick BEGIN SELECT raise(ABORT, 'ids are used once'); END;" \
	"CREATE TRIGGER grnt_kept BEFORE DELETE ON grnt BEGIN SELECT raise(ABORT, 'ids are used once'); END;" \
	"CREATE TRIGGER slot_kept BEFORE DELETE ON slot BEGIN SELECT raise(ABORT, 'slots are permanent'); END;" \
	"CREATE TRIGGER slot_final BEFORE UPDATE ON slot WHEN old.state IN ('spent', 'revoked') AND new.state IN ('ready', 'issued')" \
	" BEGIN SELECT raise(ABORT, 'spent and revoked are final'); END;" \
	"CREATE TRIGGER notice_kept BEFORE DELETE ON notice BEGIN SELECT raise(ABORT, 'notices are permanent'); END;" \
	"CREATE TRIGGER listed_kept BEFORE DELETE ON listed BEGIN SELECT raise(ABORT, 'notices are cumulative'); END;" \
	"CREATE TRIGGER withdrawn_kept BEFORE DELETE ON withdrawn BEGIN SELECT raise(ABORT, 'notices are cumulative'); END;"

/*
 * event: no numbers the events, also when the file is packed, and token is drawn by chance, so that of two copies of the books that
 * went on by themselves each has events that the other has not. Of an event nothing may change, but that a name is forgotten.
 * station: PCs, by the id that is in receipts; name is given here, said is what the PC calls itself, pk and enrolled_at are of its
 * enrolment, if there was one, and kind is 1 for a station service, 0 for somebody's own memory.
 * stick.serial: of the USB device, for a list that names sticks so.
 */
#define SCHEMA_2 \
	"CREATE TABLE event_2 (no INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, verb TEXT NOT NULL, grant_id BLOB," \
	" slot INTEGER, holder TEXT, detail TEXT, token BLOB NOT NULL DEFAULT (randomblob(8)));" \
	"INSERT INTO event_2 (no, at, who, verb, grant_id, slot, holder, detail)" \
	" SELECT rowid, at, who, verb, grant_id, slot, holder, detail FROM event ORDER BY rowid;" \
	"DROP TABLE event;" \
	"ALTER TABLE event_2 RENAME TO event;" \
	"CREATE INDEX event_grant ON event (grant_id);" \
	"CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT raise(ABORT, 'events are permanent'); END;" \
	"CREATE TRIGGER event_fixed BEFORE UPDATE ON event WHEN new.holder IS NOT NULL OR new.no IS NOT old.no" \
	" OR new.at IS NOT old.at OR new.who IS NOT old.who OR new.verb IS NOT old.verb OR new.grant_id IS NOT old.grant_id" \
	" OR new.slot IS NOT old.slot OR new.detail IS NOT old.detail OR new.token IS NOT old.token" \
	" BEGIN SELECT raise(ABORT, 'events are permanent'); END;" \
	"ALTER TABLE station RENAME TO station_1;" \
	"CREATE TABLE station (id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16), pk BLOB UNIQUE CHECK (length(pk) = 32)," \
	" kind INTEGER NOT NULL DEFAULT 0 CHECK (kind IN (0, 1)), name TEXT NOT NULL DEFAULT '', said TEXT NOT NULL DEFAULT ''," \
	" enrolled_at INTEGER) WITHOUT ROWID;" \
	"INSERT INTO station (id, name) SELECT id, name FROM station_1 WHERE length(id) = 16;" \
	"DROP TABLE station_1;" \
	"ALTER TABLE stick ADD COLUMN serial TEXT NOT NULL DEFAULT '';"

static const char *const upgrade[] = {SCHEMA_2};

/* Of later programs. second: a receipt of another session of a used slot. seen: when a slot was live on a stick that came home.
 * gone: lectures that are no longer looked for on their stick. */
static const char evidence[] =
    "CREATE TABLE IF NOT EXISTS second (grant_id BLOB NOT NULL REFERENCES grnt, slot INTEGER NOT NULL, receipt BLOB NOT NULL,"
    " PRIMARY KEY (grant_id, slot)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS seen (grant_id BLOB NOT NULL REFERENCES grnt, slot INTEGER NOT NULL, live_at INTEGER NOT NULL,"
    " PRIMARY KEY (grant_id, slot)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS gone (grant_id BLOB PRIMARY KEY NOT NULL REFERENCES grnt, at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS event_grant ON event (grant_id);"
    "CREATE TRIGGER IF NOT EXISTS second_kept BEFORE DELETE ON second BEGIN SELECT raise(ABORT, 'evidence is permanent'); END;";

/*
 * For a large office: whatever is looked for is found by an index, and those of grants have all that is asked, since a row of
 * theirs is as long as its locators. Of signed lists but the newest only the numbers are of use.
 */
static const char large[] =
    "CREATE INDEX IF NOT EXISTS stick_usb ON stick (usb) WHERE usb IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS grnt_of_stick ON grnt (stick_id, issued, not_before, expires, grant_id, label);"
    "CREATE INDEX IF NOT EXISTS grnt_shown ON grnt (grant_id, stick_id, not_before, expires, label);"
    "CREATE INDEX IF NOT EXISTS grnt_expires ON grnt (expires, grant_id);"
    "CREATE INDEX IF NOT EXISTS grnt_issued ON grnt (issued);"
    "DROP INDEX IF EXISTS grnt_stick;"
    "CREATE INDEX IF NOT EXISTS bundle_signed ON bundle (signed_at);"
    "CREATE INDEX IF NOT EXISTS notice_time ON notice (time);"
    "CREATE INDEX IF NOT EXISTS slot_state ON slot (grant_id, state);"
    "CREATE INDEX IF NOT EXISTS slot_holder ON slot (holder) WHERE holder IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS slot_held ON slot (stick_id, holder, number, state) WHERE state = 'issued' AND holder <> '';"
    "UPDATE notice SET cose = x'' WHERE no < (SELECT max(no) FROM notice);";

/*
 * dead: of each lecture the codes that are used or revoked, four hexadecimal digits each, in the order in which they died. The list
 * is made of it; an index of slots has a row for each code. It is kept by triggers, so that it says what the slots say.
 */
#define DEAD_TOO "INSERT INTO dead VALUES (new.grant_id, printf('%04x', new.slot))" \
	" ON CONFLICT (grant_id) DO UPDATE SET slots = slots || excluded.slots; END;"
static const char dead[] =
    "CREATE TABLE IF NOT EXISTS dead (grant_id BLOB PRIMARY KEY NOT NULL REFERENCES grnt, slots TEXT NOT NULL) WITHOUT ROWID;"
    "INSERT OR REPLACE INTO dead SELECT grant_id, group_concat(printf('%04x', slot), '') FROM slot"
    " WHERE state IN ('spent', 'revoked') GROUP BY grant_id;"
    "CREATE TRIGGER IF NOT EXISTS dead_made AFTER INSERT ON slot WHEN new.state IN ('spent', 'revoked') BEGIN " DEAD_TOO
    "CREATE TRIGGER IF NOT EXISTS dead_now AFTER UPDATE ON slot WHEN new.state IN ('spent', 'revoked')"
    " AND old.state NOT IN ('spent', 'revoked') BEGIN " DEAD_TOO
    "CREATE TRIGGER IF NOT EXISTS dead_kept BEFORE DELETE ON dead BEGIN SELECT raise(ABORT, 'notices are cumulative'); END;"
    "DROP INDEX IF EXISTS slot_dead;";

static const char *const later[] = {evidence, large, dead, NULL};

const struct sql_kind books_kind = {
	.name = BOOKS_NAME,
	.err = E_BOOKS,
	.application = 0x6f6e6362u, /* "oncb" */
	.schema = 2,
	.create = SCHEMA_1 SCHEMA_2,
	.upgrade = upgrade,
	.extend = later,
	.busy_ms = 30000, /* longer than anybody takes for a passphrase */
	.cache_kib = 32768, /* for the indexes of a large office, so that each page is read only once */
};

#define ID(id) SQL_BLOB(id, ID_SIZE)

/* ---- the file ----------------------------------------------------------------------------------------------------------- */

static void
find_user(char *who, size_t size)
{
	struct passwd pw, *found = NULL;
	char buf[4096];

	if (getpwuid_r(geteuid(), &pw, buf, sizeof buf, &found) == 0 && found != NULL)
		snprintf(who, size, "%s", found->pw_name);
	else
		snprintf(who, size, "uid %lu", (unsigned long)geteuid());
}

enum err
books_open(struct books **out, const char *dir, bool create, struct fault *f)
{
	struct books *b = calloc(1, sizeof *b);
	enum err err = E_OK;
	int fd = -1;

	*out = NULL;
	if (b == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "open", "%s", dir);
	find_user(b->who, sizeof b->who);
	if ((fd = sql_make_dir(dir, create)) == -1)
		err = fault_set(f, E_BOOKS, errno, "open", "%s", dir);
	else
		err = sql_open(&b->sql, dir, fd, &books_kind, create ? SQL_CREATE : SQL_WRITE, f);
	if (fd != -1)
		close(fd);
	if (err != E_OK)
		books_close(&b);
	*out = b;
	return err;
}

/* Left by an older program, or by one that died within a change: whoever may write puts it right. */
static enum err
open_to_mend(struct books **out, const char *dir, bool behind, struct fault *f)
{
	struct fault why = {0};
	enum err err = books_open(out, dir, false, &why);

	if (err == E_BOOKS && behind && (why.sys == EACCES || why.sys == EROFS))
		return fault_why(f, E_BOOKS, why.sys, WHY_OLD_BOOKS, "%s/" BOOKS_NAME, dir);
	return err != E_OK ? fault_pass(f, &why) : E_OK;
}

enum err
books_open_to_read(struct books **out, const char *dir, struct fault *f)
{
	struct books *b = calloc(1, sizeof *b);
	struct fault first = {0};
	enum err err = E_OK;
	bool behind = false;
	int fd = -1;

	*out = NULL;
	if (b == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "open", "%s", dir);
	if ((fd = sql_make_dir(dir, false)) == -1)
		err = fault_set(f, E_BOOKS, errno, "open", "%s", dir);
	else
		err = sql_open(&b->sql, dir, fd, &books_kind, SQL_READ, &first);
	if (fd != -1)
		close(fd);
	behind = b->sql != NULL && b->sql->behind;
	if (err == E_OK && !behind) {
		*out = b;
		return E_OK;
	}
	books_close(&b);
	return fd == -1 ? err : open_to_mend(out, dir, behind, f);
}

enum err
books_open_as(struct books **out, const char *dir, int dir_fd, const char *name, struct fault *f)
{
	struct books *b = calloc(1, sizeof *b);
	enum err err = E_OK;

	*out = NULL;
	if (b == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "open", "%s", dir);
	find_user(b->who, sizeof b->who);
	b->kind = books_kind;
	b->kind.name = name;
	if ((err = sql_open(&b->sql, dir, dir_fd, &b->kind, SQL_WRITE, f)) != E_OK)
		books_close(&b);
	*out = b;
	return err;
}

void
books_close(struct books **b)
{
	if (*b == NULL)
		return;
	sql_close(&(*b)->sql);
	free(*b);
	*b = NULL;
}

struct sql *
books_step(struct books *b, const char *step)
{
	b->sql->step = step;
	return b->sql;
}

enum err
books_begin(struct books *b, struct fault *f)
{
	return sql_begin(books_step(b, "begin"), f);
}

enum err
books_begin_reading(struct books *b, struct fault *f)
{
	return sql_begin_reading(books_step(b, "begin"), f);
}

enum err
books_end(struct books *b, enum err err, struct fault *f)
{
	if (err == E_OK)
		return sql_end(books_step(b, "commit"), E_OK, f);
	if (b->sql->depth > 0)
		(void)sql_end(books_step(b, "rollback"), E_FAIL, NULL);
	return err;
}

/* ---- settings ----------------------------------------------------------------------------------------------------------- */

enum err
books_set(struct books *b, const char *key, const char *value, struct fault *f)
{
	struct sql *q = books_step(b, "setting");

	if (value[0] == '\0')
		return sql_run(q, "DELETE FROM setting WHERE k = ?", SQL_ARGS(SQL_TEXT(key)), f);
	return sql_run(q, "INSERT INTO setting VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
	    SQL_ARGS(SQL_TEXT(key), SQL_TEXT(value)), f);
}

enum err
books_get(struct books *b, const char *key, char *value, size_t size, struct fault *f)
{
	struct sql *q = books_step(b, "setting");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	value[0] = '\0';
	if ((err = sql_query(q, &st, "SELECT v FROM setting WHERE k = ?", SQL_ARGS(SQL_TEXT(key)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row)
		sql_string(st, 0, value, size);
	sql_done(&st);
	return err;
}

enum err
books_newest_time(struct books *b, int64_t *t, struct fault *f)
{
	bool found = false;

	return sql_int_of(books_step(b, "newest time"), "SELECT max(t) FROM (SELECT max(issued) AS t FROM grnt"
	    " UNION ALL SELECT max(signed_at) FROM bundle UNION ALL SELECT max(time) FROM notice)", SQL_NONE, t, &found, f);
}

/* ---- ids and bundles ---------------------------------------------------------------------------------------------------- */

static enum err
id_used(struct sql *q, const uint8_t id[ID_SIZE], bool *used, struct fault *f)
{
	int64_t one = 0;

	return sql_int_of(q, "SELECT 1 FROM bundle WHERE bundle_id = ?1 UNION ALL SELECT 1 FROM stick WHERE stick_id = ?1"
	    " UNION ALL SELECT 1 FROM grnt WHERE grant_id = ?1", SQL_ARGS(ID(id)), &one, used, f);
}

enum err
books_id_used(struct books *b, const uint8_t id[ID_SIZE], bool *used, struct fault *f)
{
	return id_used(books_step(b, "id"), id, used, f);
}

enum err
books_new_bundle(struct books *b, const uint8_t id[ID_SIZE], int64_t now, const char *label, struct fault *f)
{
	struct sql *q = books_step(b, "new bundle");
	bool used = false;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = id_used(q, id, &used, f)) == E_OK && used)
		err = sql_odd(q, "this id was used before", f);
	if (err == E_OK)
		err = sql_run(q, "INSERT INTO bundle (bundle_id, created, label) VALUES (?, ?, ?)",
		    SQL_ARGS(ID(id), SQL_INT(now), SQL_TEXT(label)), f);
	return sql_end(q, err, f);
}

enum err
books_bundle_manifest(struct books *b, const uint8_t id[ID_SIZE], struct bytes cose, struct fault *f)
{
	struct sql *q = books_step(b, "manifest");
	struct manifest m;
	int changed = 0;
	enum envelope_result opened = manifest_open(&m, cose);
	enum err err;

	if (opened == ENVELOPE_NO_MEMORY)
		return fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
	if (opened != ENVELOPE_OK || memcmp(m.bundle_id, id, ID_SIZE) != 0)
		return sql_odd(q, "no manifest of this bundle", f);
	err = sql_change(q, "INSERT INTO bundle VALUES (?1, ?4, ?2, ?3, ?4) ON CONFLICT (bundle_id)"
	    " DO UPDATE SET manifest = ?3, signed_at = ?4 WHERE manifest IS NULL OR manifest = ?3",
	    SQL_ARGS(ID(id), SQL_TEXT(m.label), SQL_BLOB(cose.p, cose.n), SQL_INT(m.created)), &changed, f);
	if (err == E_OK && changed == 0)
		err = sql_odd(q, "this bundle has another manifest", f);
	return err;
}

/* ---- sticks ------------------------------------------------------------------------------------------------------------- */

enum err
books_add_stick(struct books *b, const uint8_t id[ID_SIZE], const char *label, struct fault *f)
{
	return sql_run(books_step(b, "new stick"), "INSERT INTO stick (stick_id, label) VALUES (?, ?) ON CONFLICT DO NOTHING",
	    SQL_ARGS(ID(id), SQL_TEXT(label)), f);
}

static enum err
change_stick(struct sql *q, const char *text, const struct sql_arg *args, struct fault *f)
{
	int changed = 0;
	enum err err = sql_change(q, text, args, &changed, f);

	return err == E_OK && changed == 0 ? sql_odd(q, "unknown stick", f) : err;
}

enum err
books_set_usb(struct books *b, const uint8_t stick_id[ID_SIZE], const uint8_t usb[HASH_SIZE], bool *elsewhere, struct fault *f)
{
	struct sql *q = books_step(b, "USB identity");
	int64_t one = 0;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = change_stick(q, "UPDATE stick SET usb = ?2 WHERE stick_id = ?1", SQL_ARGS(ID(stick_id), SQL_BLOB(usb, HASH_SIZE)), f);
	if (err == E_OK)
		err = sql_int_of(q, "SELECT 1 FROM stick WHERE stick_id <> ? AND usb = ?",
		    SQL_ARGS(ID(stick_id), SQL_BLOB(usb, HASH_SIZE)), &one, elsewhere, f);
	return sql_end(q, err, f);
}

enum err
books_get_usb(struct books *b, const uint8_t stick_id[ID_SIZE], uint8_t usb[HASH_SIZE], bool *found, struct fault *f)
{
	struct sql *q = books_step(b, "USB identity");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	*found = false;
	if ((err = sql_query(q, &st, "SELECT usb FROM stick WHERE stick_id = ?", SQL_ARGS(ID(stick_id)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK) {
		if (!row)
			err = sql_odd(q, "unknown stick", f);
		else
			*found = sql_fixed(st, 0, usb, HASH_SIZE);
	}
	sql_done(&st);
	return err;
}

enum err
books_set_serial(struct books *b, const uint8_t stick_id[ID_SIZE], const char *serial, struct fault *f)
{
	return change_stick(books_step(b, "serial number"), "UPDATE stick SET serial = ?2 WHERE stick_id = ?1",
	    SQL_ARGS(ID(stick_id), SQL_TEXT(serial)), f);
}

enum err
books_next_n(struct books *b, const uint8_t stick_id[ID_SIZE], uint32_t *n, struct fault *f)
{
	struct sql *q = books_step(b, "next refill");
	int64_t next = 0;
	bool found = false;
	enum err err = sql_int_of(q, "SELECT next_n FROM stick WHERE stick_id = ?", SQL_ARGS(ID(stick_id)), &next, &found, f);

	if (err == E_OK && (!found || next < 1 || next > STICK_REFILLS_MAX))
		err = sql_odd(q, "no such stick, or an odd number", f);
	if (err == E_OK)
		*n = (uint32_t)next;
	return err;
}

enum err
books_seen_n(struct books *b, const uint8_t stick_id[ID_SIZE], uint32_t n, uint32_t *before, struct fault *f)
{
	struct sql *q = books_step(b, "stick record");
	int64_t seen = 0;
	bool found = false;
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	err = sql_int_of(q, "SELECT seen_n FROM stick WHERE stick_id = ?", SQL_ARGS(ID(stick_id)), &seen, &found, f);
	if (err == E_OK)
		err = change_stick(q, "UPDATE stick SET seen_n = max(seen_n, ?2), next_n = max(next_n, ?2) WHERE stick_id = ?1",
		    SQL_ARGS(ID(stick_id), SQL_INT(n)), f);
	if ((err = sql_end(q, err, f)) == E_OK)
		*before = (uint32_t)seen;
	return err;
}

/* The ids in the first column. */
static enum err
list_ids(struct sql *q, const char *text, const struct sql_arg *args, uint8_t (**ids)[ID_SIZE], size_t *count, struct fault *f)
{
	uint8_t (*list)[ID_SIZE] = NULL, (*grown)[ID_SIZE] = NULL;
	sqlite3_stmt *st = NULL;
	size_t n = 0, room = 0;
	bool row = true;
	enum err err = sql_query(q, &st, text, args, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if ((grown = array_grow(list, n, &room, sizeof *list)) == NULL) {
			err = fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
			break;
		}
		list = grown;
		if (!sql_fixed(st, 0, list[n++], ID_SIZE))
			err = sql_odd(q, "an odd id", f);
	}
	sql_done(&st);
	if (err == E_OK) {
		*ids = list;
		*count = n;
	} else {
		free(list);
	}
	return err;
}

/* The name is the first 30 bits of the id. */
enum err
books_alike(struct books *b, const char *name, uint8_t (**ids)[ID_SIZE], size_t *count, struct fault *f)
{
	uint8_t low[ID_SIZE], high[ID_SIZE];

	*ids = NULL;
	*count = 0;
	if (keytree_stick_named(low, name) != 0)
		return E_OK;
	memset(high, 0xff, sizeof high);
	memcpy(high, low, 4);
	high[3] |= 3;
	return list_ids(books_step(b, "find stick"), "SELECT stick_id FROM stick WHERE stick_id BETWEEN ? AND ? ORDER BY rowid",
	    SQL_ARGS(ID(low), ID(high)), ids, count, f);
}

enum err
books_find_stick(struct books *b, const char *name, uint8_t id[ID_SIZE], unsigned *count, struct fault *f)
{
	uint8_t (*ids)[ID_SIZE] = NULL;
	size_t n = 0;
	enum err err = books_alike(b, name, &ids, &n, f);

	*count = (unsigned)n;
	if (n > 0)
		memcpy(id, ids[0], ID_SIZE);
	free(ids);
	return err;
}

enum err
books_stick_label(struct books *b, const uint8_t id[ID_SIZE], char label[LABEL_MAX + 1], bool *known, struct fault *f)
{
	struct sql *q = books_step(b, "stick");
	sqlite3_stmt *st = NULL;
	enum err err;

	label[0] = '\0';
	*known = false;
	if ((err = sql_query(q, &st,
		 "SELECT coalesce((SELECT g.label FROM grnt g INDEXED BY grnt_of_stick WHERE g.stick_id = t.stick_id"
		 " ORDER BY g.issued DESC LIMIT 1), t.label) FROM stick t WHERE t.stick_id = ?",
		 SQL_ARGS(ID(id)), f)) == E_OK &&
	    (err = sql_next(q, st, known, f)) == E_OK && *known)
		sql_string(st, 0, label, LABEL_MAX + 1);
	sql_done(&st);
	return err;
}

enum err
books_draw_id(struct books *b, uint8_t id[ID_SIZE], struct fault *f)
{
	bool used = true;
	enum err err = E_OK;

	while (used && err == E_OK) {
		randombytes_buf(id, ID_SIZE);
		err = books_id_used(b, id, &used, f);
	}
	return err;
}

enum err
books_draw_stick(struct books *b, uint8_t id[ID_SIZE], struct fault *f)
{
	uint8_t other[ID_SIZE];
	char name[STICK_NAME_SIZE];
	unsigned alike = 1;
	enum err err = E_OK;

	while (alike > 0 && err == E_OK && (err = books_draw_id(b, id, f)) == E_OK) {
		keytree_stick_name(name, id);
		err = books_find_stick(b, name, other, &alike, f);
	}
	return err;
}

/* ---- grants ------------------------------------------------------------------------------------------------------------- */

static enum err
insert_grant(struct sql *q, const struct grant *g, struct bytes payload, struct fault *f)
{
	enum err err;

	if ((err = sql_run(q, "INSERT INTO stick (stick_id, label) VALUES (?, ?) ON CONFLICT DO NOTHING",
	    SQL_ARGS(ID(g->stick_id), SQL_TEXT(g->label)), f)) != E_OK ||
	    (err = sql_run(q, "UPDATE stick SET next_n = max(next_n, ?2) WHERE stick_id = ?1",
	    SQL_ARGS(ID(g->stick_id), SQL_INT((int64_t)g->refill + 1)), f)) != E_OK)
		return err;
	return sql_run(q, "INSERT INTO grnt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    SQL_ARGS(ID(g->id), ID(g->stick_id), SQL_INT(g->refill), SQL_BLOB(payload.p, payload.n), SQL_BLOB(g->hash, HASH_SIZE),
	    SQL_INT(g->issued), SQL_INT(g->policy.not_before), SQL_INT(g->policy.expires), SQL_TEXT(g->label)), f);
}

static enum err
insert_slots(struct sql *q, const struct grant *g, enum books_slot_state state, struct fault *f)
{
	static const char text[] = "INSERT INTO slot (grant_id, slot, stick_id, number, state) VALUES (?, ?, ?, ?, ?)";
	sqlite3_stmt *st = NULL;
	int64_t last = 0;
	bool row = false;
	enum err err = sql_int_of(q, "SELECT max(number) FROM slot WHERE stick_id = ?", SQL_ARGS(ID(g->stick_id)), &last, &row, f);

	if (err == E_OK)
		err = sql_query(q, &st, text, SQL_NONE, f);
	for (uint32_t i = 0; i < g->slots && err == E_OK; i++) {
		const struct sql_arg args[] = { ID(g->id), SQL_INT(i), ID(g->stick_id), SQL_INT(last + 1 + i),
		    SQL_TEXT(books_state_names[state]), {.type = 0} };

		if ((err = sql_again(q, st, args, f)) == E_OK)
			err = sql_next(q, st, &row, f);
	}
	sql_done(&st);
	return err;
}

enum err
books_add_grant(struct books *b, const struct books_new *n, struct fault *f)
{
	const struct books_event event = {
	    .now = n->now, .verb = n->verb, .grant_id = n->g->id, .slot = BOOKS_WHOLE, .detail = n->g->label};
	struct sql *q = books_step(b, "new grant");
	enum err err;

	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = insert_grant(q, n->g, n->payload, f)) == E_OK && (err = insert_slots(q, n->g, n->state, f)) == E_OK)
		err = books_event(b, &event, f);
	return sql_end(q, err, f);
}

enum err
books_grant(struct books *b, const uint8_t id[ID_SIZE], struct grant *g, bool *found, struct fault *f)
{
	struct sql *q = books_step(b, "grant");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	memset(g, 0, sizeof *g);
	*found = false;
	if ((err = sql_query(q, &st, "SELECT payload FROM grnt WHERE grant_id = ?", SQL_ARGS(ID(id)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row) {
		const void *p = sqlite3_column_blob(st, 0);
		size_t n = (size_t)sqlite3_column_bytes(st, 0);

		if (p == NULL || grant_parse(g, BYTES(p, n)) != 0)
			err = p != NULL && errno == ENOMEM ? sql_failed(q, SQLITE_NOMEM, f) : sql_odd(q, "an odd row of grants", f);
	}
	*found = err == E_OK && row;
	sql_done(&st);
	return err;
}
