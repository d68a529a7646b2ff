/*
 * sql.h - what the station's memory and the issuer's books need from SQLite: opening one of our files and no other, statements in
 * one line, nested transactions, and one mapping from SQLite's errors to ours.
 *
 * Every failure fills in the fault with the step being done (struct sql, step), the file, and SQLite's fixed words for the cause.
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
	enum err err;           /* E_STATION or E_BOOKS: the error for every failure */
	uint32_t application;   /* application_id, at offset 68 of the file */
	int64_t schema;         /* version, kept in meta; a program refuses files with a greater one than its own */
	const char *create;     /* statements that make the tables of this schema; meta(k, v) must be among them */
	const char *const *upgrade; /* scripts: upgrade[n - 1] makes schema n + 1 of schema n, for each n below schema; NULL in it,
				   or instead of it: files of that schema are refused */
	const char *const *extend; /* what came later: scripts, run once each and in order, how many is kept in meta; ends with a
				   NULL. NULL: nothing. Older programs do not look at it, so the schema's number stays */
	int busy_ms;            /* how long to wait for another process that writes */
	int cache_kib;          /* pages kept in memory, at most; 0: SQLite's default */
};

struct sql {
	sqlite3 *db;
	const struct sql_kind *kind;
	const char *step;       /* what is being done, for faults: set by each operation, of static storage */
	unsigned depth;         /* how many transactions are begun and not ended */
	bool behind;            /* opened to read: some scripts of kind->upgrade or kind->extend have not been run */
	bool broken;            /* SQLite gave up the outer transaction: nothing works until it is ended */
	char path[512];
};

enum sql_mode {
	SQL_READ,       /* nothing is created or changed; not even a journal is rolled back */
	SQL_WRITE,      /* the file must exist */
	SQL_CREATE,     /* made if absent, whole or not at all */
	SQL_ANEW        /* replaces what is there, without waiting for the disk: for what nobody will miss */
};

/*
 * sql_open(q, dir, dir_fd, kind, mode, f): open kind->name in dir, of which dir_fd is a descriptor. kind->err if the file is
 * absent (f->sys is then ENOENT), empty, cut short, of another kind, of a schema that is newer (WHY_NEWER) or cannot be upgraded,
 * or may not be written in a mode that writes. A new file has mode 0600. The modes that write upgrade an older file, all of it or
 * nothing; SQL_READ leaves it as it is, and sets behind.
 */
enum err sql_open(struct sql **q, const char *dir, int dir_fd, const struct sql_kind *kind, enum sql_mode mode, struct fault *f);
void sql_close(struct sql **q);

/* sql_remove(dir_fd, kind): remove the file, and the journal of an interrupted change to it. */
void sql_remove(int dir_fd, const struct sql_kind *kind);

/* sql_absent(dir_fd, kind): true if nothing has that name, not even a link that leads nowhere. */
bool sql_absent(int dir_fd, const struct sql_kind *kind);

/*
 * sql_make_path(dir): make dir and the directories above it where they are missing (mode 0700), and sync the directory that each
 * was made in. Return 0, or -1 with errno.
 */
int sql_make_path(const char *dir);

/*
 * sql_make_dir(dir, make): open dir, made by sql_make_path if make is true. Return a descriptor, or -1 with errno; EPERM for a
 * directory that everybody may write to.
 */
int sql_make_dir(const char *dir, bool make);

/*
 * sql_failed(q, rc, f): set the fault for an SQLite result code, and return its enum err. f->sys is EBADMSG only if the content of
 * the file is wrong; a disk that cannot be read has its own errno (EIO).
 */
enum err sql_failed(const struct sql *q, int rc, struct fault *f);
/* sql_odd(q, what, f): what was read was never written like this: EBADMSG. */
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

/*
 * sql_run(q, text, args, f): run one statement and ignore its rows. sql_change: the same, with the number of rows changed in
 * *changed.
 */
enum err sql_run(struct sql *q, const char *text, const struct sql_arg *args, struct fault *f);
enum err sql_change(struct sql *q, const char *text, const struct sql_arg *args, int *changed, struct fault *f);

/*
 * sql_query(q, st, text, args, f): prepare a statement, which must be ended with sql_done on every path. sql_next: step to the
 * next row; *row is false after the last. sql_again: start over with other arguments.
 */
enum err sql_query(struct sql *q, sqlite3_stmt **st, const char *text, const struct sql_arg *args, struct fault *f);
enum err sql_next(struct sql *q, sqlite3_stmt *st, bool *row, struct fault *f);
enum err sql_again(struct sql *q, sqlite3_stmt *st, const struct sql_arg *args, struct fault *f);
void sql_done(sqlite3_stmt **st);

/*
 * sql_int_of(q, text, args, value, found, f): the integer in the first column of the first row; 0, with *found false, if there is
 * none.
 */
enum err sql_int_of(struct sql *q, const char *text, const struct sql_arg *args, int64_t *value, bool *found, struct fault *f);

/*
 * sql_fixed(st, column, out, n): a blob of exactly n bytes. sql_some: a blob of at most max bytes, with its length in *n; NULL is
 * empty. Both return false, with out unchanged, for anything else.
 */
bool sql_fixed(sqlite3_stmt *st, int column, uint8_t *out, size_t n);
bool sql_some(sqlite3_stmt *st, int column, uint8_t *out, size_t max, size_t *n);
/* sql_string(st, column, out, size): text, cut between characters so that it fits with its NUL; NULL is "". */
void sql_string(sqlite3_stmt *st, int column, char *out, size_t size);
/* sql_copy(st, column, out, n): a copy of a blob, which the caller owns; NULL if it is empty. -1 if there is no memory. */
int sql_copy(sqlite3_stmt *st, int column, uint8_t **out, size_t *n);

/*
 * sql_begin(q, f) ... sql_end(q, err, f): a transaction that writes and starts at once; inside another one, a part of it that can
 * fail alone. sql_end commits if err is E_OK, and otherwise undoes it. It returns err, or why it could not commit.
 */
enum err sql_begin(struct sql *q, struct fault *f);
/*
 * sql_begin_reading(q, f): a transaction that only reads, all of it from one moment, while others may write. Not inside another
 * one.
 */
enum err sql_begin_reading(struct sql *q, struct fault *f);
enum err sql_end(struct sql *q, enum err err, struct fault *f);

#endif
