/* sql.c - just as much of SQLite as the station's memory and the books need. */
#include "sql.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filestat.h"
#include "stickio.h"
#include "utf8.h"

#define HEADER_SIZE 100 /* of an SQLite file */
#define PATH_SIZE 512

/* ---- errors ------------------------------------------------------------------------------------------------------------- */

/* Use SQLite's own descriptor: closing another one on the same file would drop its locks. */
static sqlite3_file *
file_of(const struct sql *q)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(q->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL)
		return NULL;
	return file->pMethods != NULL ? file : NULL;
}

/* The errno with which the last call on SQLite's descriptor failed, even where SQLite keeps it to itself. */
static int
last_errno(const struct sql *q)
{
	int sys = 0;

	if (q->db == NULL || sqlite3_file_control(q->db, "main", SQLITE_FCNTL_LAST_ERRNO, &sys) != SQLITE_OK)
		return 0;
	return sys;
}

static int
errno_of(const struct sql *q, int rc)
{
	int sys = q->db != NULL ? sqlite3_system_errno(q->db) : 0;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_IOERR:
		return sys != 0 ? sys : last_errno(q);
	case SQLITE_CANTOPEN:
		return sys;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EBADMSG;
	default:
		return 0;
	}
}

/*
 * If SQLite 3.40 cannot read a page (EIO, ENXIO, ERANGE), it takes it for a wrong one, and reports no errno. So read the whole
 * file once, through SQLite's own descriptor. Return the errno of that, or 0 if it can be read.
 */
static int
read_through(const struct sql *q)
{
	sqlite3_file *file = q->db != NULL ? file_of(q) : NULL;
	sqlite3_int64 size = 0, at = 0;
	char buf[4096];
	int rc = SQLITE_OK;

	if (file == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		return 0;
	for (; at < size && (rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ); at += (sqlite3_int64)sizeof buf)
		rc = file->pMethods->xRead(file, buf, (int)sizeof buf, at);
	if (rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ)
		return 0;
	return last_errno(q) != 0 ? last_errno(q) : EIO;
}

/* sqlite3_errstr(3) has fixed words; sqlite3_errmsg(3) might quote what is stored. */
static const char *
words_of(int rc)
{
	switch (rc) {
	case SQLITE_READONLY_RECOVERY:
	case SQLITE_READONLY_ROLLBACK:
	case SQLITE_READONLY_CANTLOCK:
		return "an interrupted change has to be undone first";
	case SQLITE_READONLY_DBMOVED:
		return "the file was moved or removed while in use";
	default:
		return sqlite3_errstr(rc & 0xff);
	}
}

enum err
sql_failed(const struct sql *q, int rc, struct fault *f)
{
	int sys = 0;

	if ((rc & 0xff) == SQLITE_NOMEM)
		return fault_set(f, E_FAIL, ENOMEM, q->step, "%s", q->path);
	if ((rc & 0xff) == SQLITE_CORRUPT && (sys = read_through(q)) != 0)
		return fault_set(f, q->kind->err, sys, q->step, "%s", q->path);
	return fault_set(f, q->kind->err, errno_of(q, rc), q->step, "%s: %s", q->path, words_of(rc));
}

enum err
sql_odd(const struct sql *q, const char *what, struct fault *f)
{
	return fault_set(f, q->kind->err, EBADMSG, q->step, "%s: %s", q->path, what);
}

static enum err
failed_now(const struct sql *q, struct fault *f)
{
	return sql_failed(q, sqlite3_extended_errcode(q->db), f);
}

/* ---- statements --------------------------------------------------------------------------------------------------------- */

static int
bind(sqlite3_stmt *st, const struct sql_arg *args)
{
	int rc = SQLITE_OK;

	for (int i = 1; args->type != 0 && rc == SQLITE_OK; i++, args++) {
		if (args->type == SQLITE_INTEGER)
			rc = sqlite3_bind_int64(st, i, args->i);
		else if (args->type == SQLITE_TEXT)
			rc = sqlite3_bind_text(st, i, args->p, -1, SQLITE_STATIC);
		else if (args->type == SQLITE_BLOB && args->n == 0)
			rc = sqlite3_bind_zeroblob(st, i, 0);
		else if (args->type == SQLITE_BLOB)
			rc = sqlite3_bind_blob64(st, i, args->p, args->n, SQLITE_STATIC);
		else
			rc = sqlite3_bind_null(st, i);
	}
	return rc;
}

enum err
sql_query(struct sql *q, sqlite3_stmt **st, const char *text, const struct sql_arg *args, struct fault *f)
{
	*st = NULL;
	if (q->broken)
		return sql_failed(q, SQLITE_ABORT, f);
	if (sqlite3_prepare_v2(q->db, text, -1, st, NULL) == SQLITE_OK && bind(*st, args) == SQLITE_OK)
		return E_OK;
	return failed_now(q, f);
}

enum err
sql_next(struct sql *q, sqlite3_stmt *st, bool *row, struct fault *f)
{
	int rc = sqlite3_step(st);

	*row = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? E_OK : failed_now(q, f);
}

enum err
sql_again(struct sql *q, sqlite3_stmt *st, const struct sql_arg *args, struct fault *f)
{
	sqlite3_reset(st);
	return bind(st, args) == SQLITE_OK ? E_OK : failed_now(q, f);
}

void
sql_done(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
	*st = NULL;
}

enum err
sql_run(struct sql *q, const char *text, const struct sql_arg *args, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	enum err err = sql_query(q, &st, text, args, f);
	bool row = err == E_OK;

	while (row)
		err = sql_next(q, st, &row, f);
	sql_done(&st);
	return err;
}

enum err
sql_change(struct sql *q, const char *text, const struct sql_arg *args, int *changed, struct fault *f)
{
	enum err err = sql_run(q, text, args, f);

	*changed = err == E_OK ? sqlite3_changes(q->db) : 0;
	return err;
}

enum err
sql_int_of(struct sql *q, const char *text, const struct sql_arg *args, int64_t *value, bool *found, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err = E_OK;

	if ((err = sql_query(q, &st, text, args, f)) == E_OK)
		err = sql_next(q, st, &row, f);
	*value = row ? sqlite3_column_int64(st, 0) : 0;
	*found = row;
	sql_done(&st);
	return err;
}

/* ---- columns ------------------------------------------------------------------------------------------------------------ */

bool
sql_some(sqlite3_stmt *st, int column, uint8_t *out, size_t max, size_t *n)
{
	int type = sqlite3_column_type(st, column);
	const void *p = type == SQLITE_BLOB ? sqlite3_column_blob(st, column) : NULL;
	size_t len = p != NULL ? (size_t)sqlite3_column_bytes(st, column) : 0;

	if ((type != SQLITE_BLOB && type != SQLITE_NULL) || len > max)
		return false;
	if (len > 0)
		memcpy(out, p, len);
	*n = len;
	return true;
}

bool
sql_fixed(sqlite3_stmt *st, int column, uint8_t *out, size_t n)
{
	size_t len = 0;

	if (sqlite3_column_type(st, column) != SQLITE_BLOB || (size_t)sqlite3_column_bytes(st, column) != n)
		return false;
	return sql_some(st, column, out, n, &len) && len == n;
}

void
sql_string(sqlite3_stmt *st, int column, char *out, size_t size)
{
	const char *s = (const char *)sqlite3_column_text(st, column);
	size_t n;

	if (s == NULL) {
		out[0] = '\0';
		return;
	}
	n = strlen(s);
	if (n >= size)
		n = utf8_whole(s, size - 1);
	if (n > 0)
		memcpy(out, s, n);
	out[n] = '\0';
}

int
sql_copy(sqlite3_stmt *st, int column, uint8_t **out, size_t *n)
{
	const void *p = sqlite3_column_blob(st, column);
	size_t len = p != NULL ? (size_t)sqlite3_column_bytes(st, column) : 0;

	*out = NULL;
	*n = 0;
	if (len == 0)
		return 0;
	if ((*out = malloc(len)) == NULL)
		return -1;
	memcpy(*out, p, len);
	*n = len;
	return 0;
}

/* ---- transactions ------------------------------------------------------------------------------------------------------- */

enum err
sql_begin(struct sql *q, struct fault *f)
{
	enum err err = sql_run(q, q->depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT part", SQL_NONE, f);

	if (err == E_OK)
		q->depth++;
	return err;
}

enum err
sql_begin_reading(struct sql *q, struct fault *f)
{
	enum err err = sql_run(q, "BEGIN", SQL_NONE, f);

	if (err == E_OK)
		q->depth++;
	return err;
}

static void
undo(struct sql *q)
{
	if (sqlite3_get_autocommit(q->db)) {
		q->broken = q->depth > 0; /* a full disk and the like undo everything, not just this part */
	} else if (q->depth > 0) {
		(void)sql_run(q, "ROLLBACK TO part", SQL_NONE, NULL);
		(void)sql_run(q, "RELEASE part", SQL_NONE, NULL);
	} else {
		(void)sql_run(q, "ROLLBACK", SQL_NONE, NULL);
	}
}

enum err
sql_end(struct sql *q, enum err err, struct fault *f)
{
	if (q->depth == 0)
		return err != E_OK ? err : sql_failed(q, SQLITE_MISUSE, f);
	if (err == E_OK)
		err = sql_run(q, q->depth == 1 ? "COMMIT" : "RELEASE part", SQL_NONE, f);
	q->depth--;
	if (q->depth == 0)
		q->broken = false;
	if (err != E_OK)
		undo(q);
	return err;
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

static int
keep_errno_close(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

/* Whether it exists is found out when it is needed: a directory above it, in which nothing can be made, may hide it. */
int
sql_make_path(const char *dir)
{
	char path[PATH_SIZE];
	size_t n = strlen(dir);
	int hidden = 0;

	if (n == 0 || n >= sizeof path) {
		errno = n == 0 ? ENOENT : ENAMETOOLONG;
		return -1;
	}
	memcpy(path, dir, n + 1);
	for (size_t i = 1; i <= n; i++) {
		char c = path[i];

		if (c != '/' && c != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0700) == 0) {
			if (stickio_sync_above(path) != 0)
				return -1;
		} else if (c != '\0' && (errno == EROFS || errno == EACCES || errno == EPERM)) {
			hidden = errno;
		} else if (errno != EEXIST) {
			errno = errno == ENOENT && hidden != 0 ? hidden : errno;
			return -1;
		}
		path[i] = c;
	}
	return 0;
}

int
sql_make_dir(const char *dir, bool make)
{
	struct stat st;
	int fd = -1;

	if (make && sql_make_path(dir) != 0)
		return -1;
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	if (filestat_fd(fd, &st) != 0)
		return keep_errno_close(fd);
	if (st.st_mode & S_IWOTH) {
		errno = EPERM; /* anybody could put another file in its place */
		return keep_errno_close(fd);
	}
	return fd;
}

/*
 * Whether it is one of our files, and with a rollback journal. This is checked before SQLite looks: for a write-ahead log it would
 * create files.
 */
static enum err
check_header(const struct sql *q, struct fault *f)
{
	sqlite3_file *file = file_of(q);
	uint8_t h[HEADER_SIZE];
	uint32_t application;
	int rc;

	if (file == NULL)
		return sql_failed(q, SQLITE_CANTOPEN, f);
	if ((rc = file->pMethods->xRead(file, h, sizeof h, 0)) != SQLITE_OK)
		return rc == SQLITE_IOERR_SHORT_READ ? sql_odd(q, "empty or cut short", f) : sql_failed(q, rc, f);
	application = (uint32_t)h[68] << 24 | (uint32_t)h[69] << 16 | (uint32_t)h[70] << 8 | h[71];
	if (memcmp(h, "SQLite format 3", 16) != 0 || h[18] != 1 || h[19] != 1 || application != q->kind->application)
		return sql_odd(q, "not a file of this kind", f);
	return E_OK;
}

/* SQLite reads a page that is only partly there as if it ended in zeros. */
static enum err
check_size(struct sql *q, struct fault *f)
{
	sqlite3_file *file = file_of(q);
	sqlite3_int64 size = 0;
	int64_t page = 0;
	bool found = false;
	enum err err;

	if (file == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		return sql_failed(q, SQLITE_IOERR, f);
	if ((err = sql_int_of(q, "PRAGMA page_size", SQL_NONE, &page, &found, f)) != E_OK)
		return err;
	return page > 0 && size % page == 0 ? E_OK : sql_odd(q, "cut short", f);
}

static enum err
run_script(struct sql *q, const char *text, struct fault *f)
{
	return sqlite3_exec(q->db, text, NULL, NULL, NULL) == SQLITE_OK ? E_OK : failed_now(q, f);
}

static const char *
step_from(const struct sql_kind *kind, int64_t schema)
{
	return kind->upgrade != NULL ? kind->upgrade[schema - 1] : NULL;
}

/* Upgrade from schema to that of the kind; if a step is missing on the way, the file is too old. */
static enum err
upgrade(struct sql *q, int64_t schema, bool writes, struct fault *f)
{
	enum err err = E_OK;

	for (int64_t n = schema; n < q->kind->schema && err == E_OK; n++) {
		if (step_from(q->kind, n) == NULL)
			err = sql_odd(q, "made by an older program, before 0.1.0", f);
		else if (writes)
			err = run_script(q, step_from(q->kind, n), f);
	}
	q->behind = err == E_OK && !writes;
	if (err == E_OK && writes)
		err = sql_run(q, "UPDATE meta SET v = ? WHERE k = 'schema'", SQL_ARGS(SQL_INT(q->kind->schema)), f);
	return err;
}

/* A view, say, in the place of a table would be run by looking into it, and it may never end. */
static enum err
check_tables(struct sql *q, struct fault *f)
{
	int64_t one = 0;
	bool found = false;
	enum err err = sql_int_of(q, "SELECT 1 FROM sqlite_master WHERE rootpage = 0 AND sql NOT LIKE 'CREATE TRIGGER %'",
	    SQL_NONE, &one, &found, f);

	return err == E_OK && found ? sql_odd(q, "not a file of this kind", f) : err;
}

static enum err
check_schema(struct sql *q, bool writes, struct fault *f)
{
	int64_t schema = 0;
	bool found = false;
	enum err err;

	if ((err = check_tables(q, f)) != E_OK ||
	    (err = sql_int_of(q, "SELECT v FROM meta WHERE k = 'schema'", SQL_NONE, &schema, &found, f)) != E_OK)
		return err;
	if (!found || schema < 1)
		return sql_odd(q, "without a schema number", f);
	if (schema > q->kind->schema)
		return fault_why(f, q->kind->err, EBADMSG, WHY_NEWER, "%s", q->path);
	if ((err = check_size(q, f)) != E_OK)
		return err;
	return schema < q->kind->schema ? upgrade(q, schema, writes, f) : E_OK;
}

static enum err
connect_to(struct sql *q, int flags, bool made, struct fault *f)
{
	static const char settings[] =
	    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
	    "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA synchronous = EXTRA;";
	char cache[60];
	int rc = sqlite3_open_v2(q->path, &q->db, flags | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	enum err err;

	if (rc != SQLITE_OK)
		return sql_failed(q, rc, f);
	if (!made && (err = check_header(q, f)) != E_OK)
		return err;
	sqlite3_busy_timeout(q->db, q->kind->busy_ms);
	sqlite3_db_config(q->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	snprintf(cache, sizeof cache, "PRAGMA cache_size = -%d", q->kind->cache_kib);
	err = run_script(q, settings, f);
	return err == E_OK && q->kind->cache_kib > 0 ? run_script(q, cache, f) : err;
}

/* What was added after the schema. */
static enum err
extend(struct sql *q, bool writes, struct fault *f)
{
	const char *const *scripts = q->kind->extend;
	int64_t done = 0, n = 0;
	bool found = false;
	enum err err = E_OK;

	if (scripts == NULL || (err = sql_int_of(q, "SELECT v FROM meta WHERE k = 'extended'", SQL_NONE, &done, &found, f)) != E_OK)
		return err;
	for (; scripts[n] != NULL && err == E_OK; n++)
		if (n >= done && writes)
			err = run_script(q, scripts[n], f);
	q->behind = q->behind || (n > done && !writes);
	if (err == E_OK && n > done && writes)
		err = sql_run(
		    q, "INSERT INTO meta VALUES ('extended', ?1) ON CONFLICT (k) DO UPDATE SET v = ?1", SQL_ARGS(SQL_INT(n)), f);
	return err;
}

/*
 * In a transaction, so that nobody is writing, what was interrupted has been undone, and an upgrade is whole. One that takes the
 * write lock proves that we may write, without writing, unless an older program has written last.
 */
static enum err
check_content(struct sql *q, bool writes, struct fault *f)
{
	enum err err;

	if (writes && sqlite3_db_readonly(q->db, "main") != 0)
		return sql_failed(q, SQLITE_READONLY, f);
	if ((err = sql_run(q, writes ? "BEGIN IMMEDIATE" : "BEGIN", SQL_NONE, f)) != E_OK)
		return err;
	if ((err = check_schema(q, writes, f)) == E_OK && (err = extend(q, writes, f)) == E_OK)
		return sql_run(q, "COMMIT", SQL_NONE, f);
	(void)sql_run(q, "ROLLBACK", SQL_NONE, NULL);
	return err;
}

static enum err
make_schema(struct sql *q, struct fault *f)
{
	char text[80];
	enum err err;

	snprintf(text, sizeof text, "PRAGMA application_id = %d", (int)q->kind->application);
	if ((err = run_script(q, "PRAGMA journal_mode = DELETE", f)) != E_OK || (err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = run_script(q, text, f)) == E_OK && (err = run_script(q, q->kind->create, f)) == E_OK)
		err = sql_run(q, "INSERT INTO meta VALUES ('schema', ?)", SQL_ARGS(SQL_INT(q->kind->schema)), f);
	return sql_end(q, err, f);
}

bool
sql_absent(int dir_fd, const struct sql_kind *kind)
{
	struct stat st;

	return filestat_at(dir_fd, kind->name, &st) != 0 && errno == ENOENT;
}

/*
 * The file is made under another name and gets its own when it is whole: an empty file is then never a new one but damage. A
 * journal left by a file that somebody removed would be played back into ours, so it goes first.
 */
static enum err
make_file(struct sql *q, const char *dir, int dir_fd, struct fault *f)
{
	char name[64], journal[80], final[sizeof q->path];
	enum err err;
	int fd = -1;

	snprintf(name, sizeof name, "%s.new", q->kind->name);
	memcpy(final, q->path, sizeof final);
	if (snprintf(q->path, sizeof q->path, "%s/%s", dir, name) >= (int)sizeof q->path) {
		errno = ENAMETOOLONG;
		goto fail;
	}
	for (int i = 0; i < 2; i++) {
		snprintf(journal, sizeof journal, "%s-journal", i == 0 ? name : q->kind->name);
		if (unlinkat(dir_fd, journal, 0) != 0 && errno != ENOENT)
			goto fail;
	}
	if ((unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT) ||
	    (fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) == -1)
		goto fail;
	close(fd);
	if ((err = connect_to(q, SQLITE_OPEN_READWRITE, true, f)) == E_OK)
		err = make_schema(q, f);
	sqlite3_close(q->db);
	q->db = NULL;
	if (err == E_OK && (renameat(dir_fd, name, dir_fd, q->kind->name) != 0 || fsync(dir_fd) != 0))
		goto fail;
	if (err != E_OK)
		(void)unlinkat(dir_fd, name, 0);
	memcpy(q->path, final, sizeof final);
	return err;
fail:
	memcpy(q->path, final, sizeof final);
	return fault_set(f, q->kind->err, errno, q->step, "%s", q->path);
}

static enum err
make_once(struct sql *q, const char *dir, int dir_fd, struct fault *f)
{
	enum err err = E_OK;
	int rc;

	while ((rc = flock(dir_fd, LOCK_EX)) != 0 && errno == EINTR)
		continue;
	if (rc != 0)
		return fault_set(f, q->kind->err, errno, q->step, "%s", q->path);
	if (sql_absent(dir_fd, q->kind))
		err = make_file(q, dir, dir_fd, f);
	(void)flock(dir_fd, LOCK_UN);
	return err;
}

/* A name that is cut would be that of another file. */
void
sql_remove(int dir_fd, const struct sql_kind *kind)
{
	char journal[NAME_MAX + sizeof "-journal"];

	snprintf(journal, sizeof journal, "%s-journal", kind->name);
	(void)unlinkat(dir_fd, journal, 0);
	(void)unlinkat(dir_fd, kind->name, 0);
}

/* Only for a file that is made here do we not wait. */
static enum err
make_anew(struct sql *q, int dir_fd, struct fault *f)
{
	enum err err;
	int fd;

	sql_remove(dir_fd, q->kind);
	if ((fd = openat(dir_fd, q->kind->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) == -1)
		return fault_set(f, q->kind->err, errno, q->step, "%s", q->path);
	close(fd);
	if ((err = connect_to(q, SQLITE_OPEN_READWRITE, true, f)) == E_OK &&
	    (err = run_script(q, "PRAGMA synchronous = OFF", f)) == E_OK && (err = make_schema(q, f)) == E_OK)
		err = run_script(q, "PRAGMA synchronous = EXTRA", f);
	return err;
}

enum err
sql_open(struct sql **out, const char *dir, int dir_fd, const struct sql_kind *kind, enum sql_mode mode, struct fault *f)
{
	struct sql *q = calloc(1, sizeof *q);
	enum err err = E_OK;

	*out = NULL;
	if (q == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "open", "%s", kind->name);
	q->kind = kind;
	q->step = "open";
	if (snprintf(q->path, sizeof q->path, "%s/%s", dir, kind->name) >= (int)sizeof q->path)
		err = fault_set(f, kind->err, ENAMETOOLONG, q->step, "%s", kind->name);
	if (err == E_OK && mode == SQL_CREATE && sql_absent(dir_fd, kind))
		err = make_once(q, dir, dir_fd, f);
	if (mode == SQL_ANEW) {
		if (err == E_OK)
			err = make_anew(q, dir_fd, f);
		if (err != E_OK)
			sql_close(&q);
		*out = q;
		return err;
	}
	if (err == E_OK && sql_absent(dir_fd, kind))
		err = fault_set(f, kind->err, ENOENT, q->step, "%s", q->path);
	if (err == E_OK && mode != SQL_READ && faccessat(dir_fd, ".", W_OK, AT_EACCESS) != 0)
		err = fault_set(f, kind->err, errno, q->step, "%s", dir); /* nowhere to put the journal */
	if (err != E_OK ||
	    (err = connect_to(q, mode == SQL_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, false, f)) != E_OK ||
	    (err = check_content(q, mode != SQL_READ, f)) != E_OK) {
		sql_close(&q);
		return err;
	}
	*out = q;
	return E_OK;
}

void
sql_close(struct sql **q)
{
	if (*q == NULL)
		return;
	sqlite3_close((*q)->db);
	free(*q);
	*q = NULL;
}
