/*
 * station.c - the station's directory, identity and administration. What the protocol needs from the station is in
 * station_memory.c.
 */
#include "station.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "array.h"
#include "dcbor.h"
#include "keytree.h"
#include "receipts.h"
#include "sql.h"
#include "station_internal.h"
#include "stickio.h"

#define SESSION_DIR "session"

/*
 * Large things have a table of their own, with row ids: reading an issuer's row, or looking for it, must not read through
 * megabytes.
 */
static const char schema[] =
    "CREATE TABLE meta (k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE issuer (pk BLOB PRIMARY KEY CHECK (length(pk) = 32), floor INTEGER NOT NULL, notice_no INTEGER NOT NULL,"
    " pinned INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE TABLE notice (pk BLOB NOT NULL UNIQUE REFERENCES issuer, file BLOB NOT NULL);"
    "CREATE TABLE list (pk BLOB NOT NULL UNIQUE REFERENCES issuer, version INTEGER NOT NULL, payload BLOB NOT NULL);"
    "CREATE TABLE use (grant_hash BLOB NOT NULL CHECK (length(grant_hash) = 32), slot INTEGER NOT NULL,"
    " pk BLOB NOT NULL CHECK (length(pk) = 32), grant_id BLOB NOT NULL CHECK (length(grant_id) = 16),"
    " nonce BLOB NOT NULL CHECK (length(nonce) = 32), state TEXT NOT NULL CHECK (state IN ('claimed', 'open', 'closed')),"
    " limit_s INTEGER NOT NULL, opened_at INTEGER, used_s INTEGER NOT NULL DEFAULT 0, resumes INTEGER NOT NULL DEFAULT 0,"
    " boot_id BLOB, began_s INTEGER, blob BLOB, receipt BLOB, PRIMARY KEY (grant_hash, slot)) WITHOUT ROWID;";

static const struct sql_kind kind = {
	.name = "station.sqlite",
	.err = E_STATION,
	.application = 0x6f6e6373u, /* "oncs" */
	.schema = 2,
	.create = schema,
	.busy_ms = 5000,
};

/* ---- directory ---------------------------------------------------------------------------------------------------------- */

static const char *
home(void)
{
	const char *h = getenv("HOME");
	const struct passwd *pw = NULL;

	if (h != NULL && h[0] == '/')
		return h;
	pw = getpwuid(getuid());
	return pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

int
station_dir(char *out, size_t size)
{
	const char *own = getenv("ONCESTICK_STATION_DIR"), *state = getenv("XDG_STATE_HOME"), *h = NULL;
	int n = -1;

	if (own != NULL && own[0] != '\0')
		n = snprintf(out, size, "%s", own);
	else if (state != NULL && state[0] == '/')
		n = snprintf(out, size, "%s/oncestick", state);
	else if ((h = home()) != NULL)
		n = snprintf(out, size, "%s/.local/state/oncestick", h);
	return n > 0 && (size_t)n < size ? 0 : -1;
}

/* Open the directory, or the nearest one above it if it does not exist yet; path is then that one. */
static int
open_nearest(const struct station *s, char path[sizeof s->dir])
{
	int fd = -1;

	memcpy(path, s->dir, sizeof s->dir);
	if (s->dir_fd != -1)
		return stickio_open_dir(s->dir_fd, ".");
	while ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		char *slash = strrchr(path, '/');

		if (slash == NULL || slash == path) {
			memcpy(path, slash == NULL ? "." : "/", 2);
			return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		}
		*slash = '\0';
	}
	return fd;
}

bool
station_is_volatile(const struct station *s)
{
	char path[sizeof s->dir];
	int fd = open_nearest(s, path);
	bool yes = fd != -1 && stickio_volatile(fd);

	if (fd != -1)
		close(fd);
	return yes;
}

/* Whether this user may write name in the directory fd. If it does not exist, it can be made if the directory can be written to. */
static bool
may_write(int fd, const char *name)
{
	return faccessat(fd, name, W_OK, AT_EACCESS) == 0 || errno == ENOENT;
}

/* FAT has neither access rights, to protect secrets, nor sockets, to reach sessions. */
static enum err
check_kind(const struct station *s, int fd, struct fault *f)
{
	char fs[STICKIO_FS_NAME];

	(void)stickio_fs_of(fd, fs);
	if (strcmp(fs, "vfat") == 0 || strcmp(fs, "exfat") == 0)
		return fault_why(f, E_STATION, 0, WHY_NO_SOCKETS, "%s", s->dir);
	return E_OK;
}

enum err
station_writable(const struct station *s, struct fault *f)
{
	char path[sizeof s->dir];
	int fd = open_nearest(s, path);
	enum err err = E_OK;

	if (fd == -1 || !may_write(fd, ".") || (s->dir_fd != -1 && (!may_write(fd, SESSION_DIR) || !may_write(fd, kind.name))))
		err = fault_set(f, E_STATION, errno, "write", "%s", s->dir);
	else
		err = check_kind(s, fd, f);
	if (fd != -1)
		close(fd);
	return err;
}

enum err
station_where(const struct station *s, char *out, size_t size, struct fault *f)
{
	char path[sizeof s->dir], *real = NULL;
	int fd = open_nearest(s, path);
	enum err err = E_OK;

	if (fd == -1 || (real = realpath(path, NULL)) == NULL || snprintf(out, size, "%s", real) >= (int)size)
		err = fault_set(f, E_STATION, fd == -1 || real == NULL ? errno : ENAMETOOLONG, "open", "%s", s->dir);
	free(real);
	if (fd != -1)
		close(fd);
	return err;
}

static int
open_session_dir(const struct station *s)
{
	int fd = stickio_open_dir(s->dir_fd, SESSION_DIR);

	if (fd != -1 || errno != ENOENT || s->mode == STATION_READ)
		return fd;
	if (mkdirat(s->dir_fd, SESSION_DIR, 0700) != 0 && errno != EEXIST)
		return -1;
	return stickio_open_dir(s->dir_fd, SESSION_DIR);
}

static enum err
open_dirs(struct station *s, struct fault *f)
{
	enum err err = E_OK;

	if ((s->dir_fd = sql_make_dir(s->dir, s->mode == STATION_WRITE)) == -1)
		return s->mode == STATION_READ && errno == ENOENT ? E_OK : fault_set(f, E_STATION, errno, "open", "%s", s->dir);
	if (s->mode == STATION_WRITE && (err = check_kind(s, s->dir_fd, f)) != E_OK)
		return err;
	if ((s->session_fd = open_session_dir(s)) == -1 && (s->mode == STATION_WRITE || errno != ENOENT))
		return fault_set(f, E_STATION, errno, "open", "%s/%s", s->dir, SESSION_DIR);
	return E_OK;
}

/* ---- key ---------------------------------------------------------------------------------------------------------------- */

enum err
station_secret_key(struct station *s, uint8_t **sk, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	uint8_t *key = NULL;
	bool row = false;
	enum err err;

	if (s->sql == NULL)
		return fault_set(f, E_STATION, ENOENT, "station key", "%s", s->dir);
	if ((err = sql_query(s->sql, &st, "SELECT v FROM meta WHERE k = 'station_sk'", SQL_NONE, f)) != E_OK ||
	    (err = sql_next(s->sql, st, &row, f)) != E_OK)
		goto out;
	if ((key = secret_new(KEY_SIZE)) == NULL)
		err = fault_set(f, E_FAIL, ENOMEM, "station key", "%s", s->dir);
	else if (!row || !sql_fixed(st, 0, key, KEY_SIZE))
		err = sql_odd(s->sql, "without a station key", f);
out:
	sql_done(&st);
	if (err == E_OK)
		*sk = key;
	else
		secret_free(&key);
	return err;
}

static enum err
make_key(struct station *s, struct fault *f)
{
	uint8_t *sk = secret_new(KEY_SIZE);
	enum err err;

	if (sk == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "station key", "%s", s->dir);
	randombytes_buf(sk, KEY_SIZE);
	err = sql_run(s->sql, "INSERT INTO meta VALUES ('station_sk', ?) ON CONFLICT DO NOTHING",
	    SQL_ARGS(SQL_BLOB(sk, KEY_SIZE)), f);
	secret_free(&sk);
	return err;
}

/* Write only if there is none: an open that changes nothing costs no disk access. */
static enum err
need_key(struct station *s, struct fault *f)
{
	int64_t n = 0;
	bool found = false;
	enum err err = sql_int_of(s->sql, "SELECT 1 FROM meta WHERE k = 'station_sk'", SQL_NONE, &n, &found, f);

	return err != E_OK || found ? err : make_key(s, f);
}

/* ---- open and close ----------------------------------------------------------------------------------------------------- */

/* The memory of used codes is small, and single use rests on it: it is worth reading in full. */
static enum err
check_whole(struct station *s, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	char word[8] = "";
	enum err err;

	if ((err = sql_query(s->sql, &st, "PRAGMA quick_check(1)", SQL_NONE, f)) == E_OK &&
	    (err = sql_next(s->sql, st, &row, f)) == E_OK && row)
		sql_string(st, 0, word, sizeof word);
	if (err == E_OK && strcmp(word, "ok") != 0)
		err = sql_failed(s->sql, SQLITE_CORRUPT, f);
	sql_done(&st);
	return err;
}

static enum err
open_file(struct station *s, struct fault *f)
{
	enum err err;

	if (s->dir_fd == -1 || (s->mode == STATION_READ && sql_absent(s->dir_fd, &kind)))
		return E_OK;
	if ((err = sql_open(&s->sql, s->dir, s->dir_fd, &kind, s->mode == STATION_WRITE ? SQL_CREATE : SQL_READ, f)) != E_OK)
		return err;
	if ((err = check_whole(s, f)) == E_OK && s->mode == STATION_WRITE)
		err = need_key(s, f);
	return err;
}

enum err
station_open(struct station **out, const char *dir, enum station_mode mode, struct fault *f)
{
	struct station *s = calloc(1, sizeof *s);
	enum err err = E_OK;

	*out = NULL;
	if (s == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "open", "%s", dir);
	s->memory.ops = &station_memory_ops;
	s->mode = mode;
	s->dir_fd = s->session_fd = s->lock_fd = s->tally_fd = -1;
	if (snprintf(s->dir, sizeof s->dir, "%s", dir) >= (int)sizeof s->dir)
		err = fault_set(f, E_STATION, ENAMETOOLONG, "open", "%s", dir);
	if (err != E_OK || (err = open_dirs(s, f)) != E_OK || (err = open_file(s, f)) != E_OK)
		station_close(&s);
	*out = s;
	return err;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
station_close(struct station **s)
{
	if (*s == NULL)
		return;
	memory_unlock_slot(&(*s)->memory);
	sql_close(&(*s)->sql);
	close_fd(&(*s)->tally_fd);
	close_fd(&(*s)->session_fd);
	close_fd(&(*s)->dir_fd);
	free(*s);
	*s = NULL;
}

struct memory *
station_memory(struct station *s)
{
	return &s->memory;
}

int
station_session_dir(const struct station *s)
{
	return s->session_fd;
}

int
station_lock_fd(const struct station *s)
{
	return s->lock_fd;
}

void
station_lock_name(char out[STATION_LOCK_NAME], const uint8_t grant_hash[HASH_SIZE], uint32_t slot)
{
	char hex[2 * HASH_SIZE + 1];

	bytes_to_hex(hex, grant_hash, HASH_SIZE);
	snprintf(out, STATION_LOCK_NAME, "%s.%u", hex, (unsigned)slot);
}

/* ---- administration ----------------------------------------------------------------------------------------------------- */

enum err
station_write(struct station *s, const char *step, struct fault *f)
{
	if (s->sql == NULL || s->mode == STATION_READ)
		return fault_set(f, E_STATION, EROFS, step, "%s", s->dir);
	s->sql->step = step;
	return E_OK;
}

static enum err
set_meta(struct station *s, const char *key, int64_t value, struct fault *f)
{
	return sql_run(s->sql, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
	    SQL_ARGS(SQL_TEXT(key), SQL_INT(value)), f);
}

enum err
station_pin(struct station *s, const uint8_t pk[KEY_SIZE], struct fault *f)
{
	enum err err = station_write(s, "pin", f);

	if (err != E_OK)
		return err;
	return sql_run(s->sql, "INSERT INTO issuer (pk, floor, notice_no, pinned) VALUES (?, 0, 0, 1)"
	    " ON CONFLICT (pk) DO UPDATE SET pinned = 1", SQL_ARGS(SQL_BLOB(pk, KEY_SIZE)), f);
}

enum err
station_pin_only(struct station *s, bool only, struct fault *f)
{
	enum err err = station_write(s, "pin", f);

	return err != E_OK ? err : set_meta(s, "closed_list", only, f);
}

enum err
station_reset_clock(struct station *s, int64_t now, struct fault *f)
{
	enum err err;

	if ((err = station_write(s, "reset clock", f)) != E_OK || (err = sql_begin(s->sql, f)) != E_OK)
		return err;
	if ((err = set_meta(s, "L", now, f)) == E_OK && (err = set_meta(s, "L_opened", 0, f)) == E_OK)
		err = set_meta(s, "L_reset", 1, f);
	return sql_end(s->sql, err, f);
}

enum err
station_learn_notice(struct station *s, const struct notice *notice, struct bytes file, struct fault *f)
{
	struct memory_issuer known = {0};
	enum err err;

	if ((err = station_write(s, "notice", f)) != E_OK || (err = memory_issuer(&s->memory, notice->issuer, &known, f)) != E_OK)
		return err;
	if (!known.known)
		return fault_set(f, E_ISSUER, 0, "notice", "%s", s->dir);
	s->sql->step = "notice";
	return station_list_learn(s, notice, file, f);
}

/* ---- summary ------------------------------------------------------------------------------------------------------------ */

static enum err
count_uses(struct station *s, struct station_summary *out, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	if ((err = sql_query(s->sql, &st, "SELECT sum(state = 'claimed'), sum(state = 'open'), sum(state = 'closed') FROM use",
	    SQL_NONE, f)) == E_OK && (err = sql_next(s->sql, st, &row, f)) == E_OK && row) {
		out->claimed = (uint64_t)sqlite3_column_int64(st, 0);
		out->open = (uint64_t)sqlite3_column_int64(st, 1);
		out->closed = (uint64_t)sqlite3_column_int64(st, 2);
	}
	sql_done(&st);
	return err;
}

static enum err
add_issuer(struct station *s, struct station_summary *out, sqlite3_stmt *st, struct fault *f)
{
	struct station_issuer *grown = realloc(out->issuers, (out->issuer_count + 1) * sizeof *grown);

	if (grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "issuers", "%s", s->dir);
	out->issuers = grown;
	grown += out->issuer_count;
	if (!sql_fixed(st, 0, grown->pk, KEY_SIZE))
		return sql_odd(s->sql, "an odd row of issuers", f);
	grown->floor = sqlite3_column_int64(st, 1);
	grown->notice_no = (uint32_t)sqlite3_column_int64(st, 2);
	grown->pinned = sqlite3_column_int(st, 3) != 0;
	out->issuer_count++;
	return E_OK;
}

static enum err
list_issuers(struct station *s, struct station_summary *out, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = sql_query(s->sql, &st, "SELECT pk, floor, notice_no, pinned FROM issuer ORDER BY pinned DESC, pk",
	    SQL_NONE, f);

	while (err == E_OK && (err = sql_next(s->sql, st, &row, f)) == E_OK && row)
		err = add_issuer(s, out, st, f);
	sql_done(&st);
	return err;
}

static enum err
fill_summary(struct station *s, struct station_summary *out, struct fault *f)
{
	struct memory *m = &s->memory;
	struct memory_marks marks = {0};
	enum err err;

	out->volatile_memory = station_is_volatile(s);
	if (s->sql == NULL)
		return E_OK;
	if ((err = memory_closed_list(m, &out->closed_list, f)) != E_OK || (err = memory_marks(m, &marks, f)) != E_OK ||
	    (err = memory_station_pk(m, out->pk, f)) != E_OK)
		return err;
	out->has_key = true;
	out->high_water = marks.high;
	keytree_station_id(out->id, out->pk);
	s->sql->step = "summary";
	if ((err = count_uses(s, out, f)) == E_OK)
		err = list_issuers(s, out, f);
	return err;
}

enum err
station_summarise(struct station *s, struct station_summary *out, struct fault *f)
{
	struct station_summary found = {0};
	enum err err = fill_summary(s, &found, f);

	memset(out, 0, sizeof *out);
	if (err == E_OK)
		*out = found;
	else
		station_summary_free(&found);
	return err;
}

void
station_summary_free(struct station_summary *out)
{
	free(out->issuers);
	memset(out, 0, sizeof *out);
}

/* ---- receipts ----------------------------------------------------------------------------------------------------------- */

struct receipts {
	struct receipt_row *rows;
	size_t count, room;
};

static enum err
add_receipt(struct station *s, struct receipts *r, sqlite3_stmt *st, struct fault *f)
{
	struct receipt_row *row = array_grow(r->rows, r->count, &r->room, sizeof *row);
	int64_t slot = sqlite3_column_int64(st, 2);
	uint8_t *body = NULL;
	size_t n = 0;

	if (row == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "receipts", "%s", s->dir);
	r->rows = row;
	row += r->count;
	if (!sql_fixed(st, 0, row->issuer, KEY_SIZE) || !sql_fixed(st, 1, row->grant_id, ID_SIZE) || slot < 0 ||
	    slot >= (int64_t)GRANT_SLOTS_MAX || sqlite3_column_bytes(st, 3) > (int)MEMORY_RECEIPT_MAX)
		return sql_odd(s->sql, "an odd row of uses", f);
	if (sql_copy(st, 3, &body, &n) != 0)
		return fault_set(f, E_FAIL, ENOMEM, "receipts", "%s", s->dir);
	row->slot = (uint32_t)slot;
	row->body = BYTES(body, n);
	r->count++;
	return E_OK;
}

static void
free_receipts(struct receipts *r)
{
	for (size_t i = 0; i < r->count; i++)
		free((void *)(uintptr_t)r->rows[i].body.p);
	free(r->rows);
}

/* ---- the name ----------------------------------------------------------------------------------------------------------- */

enum err
station_name(struct station *s, char name[LABEL_MAX + 1], struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err = E_OK;

	name[0] = '\0';
	if (s->sql == NULL)
		return E_OK;
	s->sql->step = "name";
	if ((err = sql_query(s->sql, &st, "SELECT v FROM meta WHERE k = 'name'", SQL_NONE, f)) == E_OK &&
	    (err = sql_next(s->sql, st, &row, f)) == E_OK && row)
		sql_string(st, 0, name, LABEL_MAX + 1);
	sql_done(&st);
	if (!dcbor_text_ok(name, strlen(name)))
		name[0] = '\0';
	return err;
}

enum err
station_set_name(struct station *s, const char *name, struct fault *f)
{
	enum err err = station_write(s, "name", f);

	if (err != E_OK)
		return err;
	if (name[0] == '\0')
		return sql_run(s->sql, "DELETE FROM meta WHERE k = 'name'", SQL_NONE, f);
	return sql_run(s->sql, "INSERT INTO meta VALUES ('name', ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
	    SQL_ARGS(SQL_TEXT(name)), f);
}

/* Whose receipts they are: without a name nothing is said. */
static enum err
find_from(struct station *s, struct receipts_from *from, struct fault *f)
{
	uint8_t pk[KEY_SIZE];
	enum err err = station_name(s, from->name, f);

	if (err != E_OK || from->name[0] == '\0')
		return err;
	if ((err = memory_station_pk(station_memory(s), pk, f)) == E_OK)
		keytree_station_id(from->station_id, pk);
	return err;
}

enum err
station_receipts(struct station *s, uint8_t **file, size_t *n, struct fault *f)
{
	static const char used[] = "SELECT pk, grant_id, slot, receipt FROM use"
	    " WHERE opened_at IS NOT NULL AND length(receipt) > 32 ORDER BY pk, grant_id, slot";
	struct receipts_from from = {.name = ""};
	struct receipts r = {0};
	sqlite3_stmt *st = NULL;
	uint8_t *made = NULL;
	bool row = true;
	enum err err = find_from(s, &from, f);

	if (err == E_OK && s->sql != NULL) {
		s->sql->step = "receipts";
		err = sql_query(s->sql, &st, used, SQL_NONE, f);
		while (err == E_OK && (err = sql_next(s->sql, st, &row, f)) == E_OK && row)
			err = add_receipt(s, &r, st, f);
		sql_done(&st);
	}
	if (err == E_OK && (made = receipts_encode_from(&from, r.rows, r.count, n)) == NULL)
		err = fault_set(f, E_FAIL, ENOMEM, "receipts", "%s", s->dir);
	if (err == E_OK)
		*file = made;
	free_receipts(&r);
	return err;
}
