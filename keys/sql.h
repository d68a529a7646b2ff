/*
 * sql.h - what the station's memory and the issuer's books need of SQLite: opening a file of ours and no other, statements in one
 * line, nested transactions, and one mapping from SQLite's errors to ours.
 *
 * Every failure fills the fault with the step being done (struct sql, step) and the file with SQLite's fixed words for the cause.
 * A connection belongs to the process that opened it.
 */
#ifndef SQL_H
#define SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "error.h"

/* A kind of database file. */
struct sql_kind {
	const char *name;       /* of the file in its directory */
	enum err err;           /* E_STATION or E_BOOKS: what every failure is called */
	uint32_t application;   /* application_id, at offset 68 of the file */
	int64_t schema;         /* version, kept in meta; files of a greater one are refused, and by older programs those of this */
	const char *create;     /* statements that make the tables of this schema; meta(k, v) must be among them */
	const char *const *upgrade; /* scripts: upgrade[n - 1] makes schema n + 1 of schema n, for each n below schema; NULL in it,
				   or instead of it: files of that schema are refused */
	const char *const *extend; /* what came later: scripts, run once each and in order, how many is kept in meta; ends with a
				   NULL. NULL: nothing. Older programs do not look at it, so the schema's number stays */
	int busy_ms;            /* how long another process that writes is waited for */
	int cache_kib;          /* of pages in memory, at most; 0: as SQLite has it */
};

struct sql {
	sqlite3 *db;
	const struct sql_kind *kind;
	const char *step;       /* what is being done, for faults: set by each operation, of static storage */
	unsigned depth;         /* of transactions begun here */
	bool behind;            /* opened to read: not all scripts of kind->upgrade and kind->extend were run yet */
	bool broken;            /* SQLite gave up the outer transaction: nothing works until it is left */
	char path[512];
};

enum sql_mode {
	SQL_READ,       /* nothing is created or changed; also not a journal rolled back */
	SQL_WRITE,      /* must be there */
	SQL_CREATE,     /* made if absent: whole or not at all */
	SQL_ANEW        /* made in the place of what is there, without waiting for the disk: for what nobody will miss */
};

/*
 * sql_open(q, dir, dir_fd, kind, mode, f): open kind->name in dir, which dir_fd is a descriptor of. A file that is absent, empty,
 * cut short, of another kind, of a schema that is newer or cannot be upgraded, or that may not be written in the modes that write,
 * is kind->err; with errno ENOENT in f->sys if it is absent. A new file has mode 0600. The modes that write bring an older file up
 * to date, all of it or nothing; SQL_READ leaves it as it is, and behind.
 */
enum err sql_open(struct sql **q, const char *dir, int dir_fd, const struct sql_kind *kind, enum sql_mode mode, struct fault *f);
void sql_close(struct sql **q);

/* sql_remove(dir_fd, kind): remove the file, and the journal of an interrupted change to it. */
void sql_remove(int dir_fd, const struct sql_kind *kind);

/* sql_absent(dir_fd, kind): there is nothing by that name, not even a link that leads nowhere. */
bool sql_absent(int dir_fd, const struct sql_kind *kind);

/* sql_make_path(dir): make dir, and what leads to it, where it is not there (mode 0700), and sync what each is in. 0, or -1 with
 * errno. */
int sql_make_path(const char *dir);

/* sql_make_dir(dir, make): open dir, made by sql_make_path if make is true. A descriptor, or -1 with errno; EPERM
 * for a directory that everybody may write to. */
int sql_make_dir(const char *dir, bool make);

/*
 * sql_failed(q, rc, f): the fault for an SQLite result code; its enum err is returned. f->sys is EBADMSG only if what is in the
 * file is wrong; a disk that does not let it be read is its own errno (EIO).
 */
enum err sql_failed(const struct sql *q, int rc, struct fault *f);
/* sql_odd(q, what, f): what was read is not what was ever written: EBADMSG. */
enum err sql_odd(const struct sql *q, const char *what, struct fault *f);

/* Arguments of a statement, in the order of its question marks. */
struct sql_arg {
	int type;               /* SQLITE_INTEGER, ...; 0 ends the list */
	int64_t i;
	const void *p;          /* borrowed until the statement is reset */
	size_t n;
};

#define SQL_INT(v) {.type = SQLITE_INTEGER, .i = (int64_t)(v)}
#define SQL_BLOB(ptr, len) {.type = SQLITE_BLOB, .p = (ptr), .n = (len)}
#define SQL_MAYBE(ptr, len) {.type = (len) > 0 ? SQLITE_BLOB : SQLITE_NULL, .p = (ptr), .n = (len)}
#define SQL_TEXT(s) {.type = SQLITE_TEXT, .p = (s)}
#define SQL_NULL {.type = SQLITE_NULL}
#define SQL_ARGS(...) (const struct sql_arg[]){__VA_ARGS__, {.type = 0}}
#define SQL_NONE (const struct sql_arg[]){{.type = 0}}

/* sql_run(q, text, args, f): run one statement, rows ignored. sql_change: the same, and the number of rows changed in *changed. */
enum err sql_run(struct sql *q, const char *text, const struct sql_arg *args, struct fault *f);
enum err sql_change(struct sql *q, const char *text, const struct sql_arg *args, int *changed, struct fault *f);

/*
 * sql_query(q, st, text, args, f): prepare a statement, to be ended with sql_done on every path. sql_next: step to the next row;
 * *row false after the last. sql_again: start it over with other arguments.
 */
enum err sql_query(struct sql *q, sqlite3_stmt **st, const char *text, const struct sql_arg *args, struct fault *f);
enum err sql_next(struct sql *q, sqlite3_stmt *st, bool *row, struct fault *f);
enum err sql_again(struct sql *q, sqlite3_stmt *st, const struct sql_arg *args, struct fault *f);
void sql_done(sqlite3_stmt **st);

/* sql_int_of(q, text, args, value, found, f): the integer in the first column of the first row; 0 and *found false without one. */
enum err sql_int_of(struct sql *q, const char *text, const struct sql_arg *args, int64_t *value, bool *found, struct fault *f);

/* sql_fixed(st, column, out, n): a blob of exactly n bytes. sql_some: one of at most max, its length in *n; NULL is empty.
 * Both return false, with out untouched, for anything else. */
bool sql_fixed(sqlite3_stmt *st, int column, uint8_t *out, size_t n);
bool sql_some(sqlite3_stmt *st, int column, uint8_t *out, size_t max, size_t *n);
/* sql_string(st, column, out, size): text, cut between characters to fit with its NUL; NULL is "". */
void sql_string(sqlite3_stmt *st, int column, char *out, size_t size);
/* sql_copy(st, column, out, n): a blob in memory of its own, owned by the caller; NULL if empty. -1 if there is no memory. */
int sql_copy(sqlite3_stmt *st, int column, uint8_t **out, size_t *n);

/*
 * sql_begin(q, f) ... sql_end(q, err, f): a transaction that writes, begun at once; inside another one a part of it that can
 * fail alone. sql_end commits if err is E_OK and otherwise undoes it; returns err, or the failure to commit.
 */
enum err sql_begin(struct sql *q, struct fault *f);
/* sql_begin_reading(q, f): one that only reads, at one moment: others may write meanwhile. Not inside another. */
enum err sql_begin_reading(struct sql *q, struct fault *f);
enum err sql_end(struct sql *q, enum err err, struct fault *f);

#endif
