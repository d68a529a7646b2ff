/*
 * books_internal.h - what the files of the books share.
 */
#ifndef BOOKS_INTERNAL_H
#define BOOKS_INTERNAL_H

#include "books.h"
#include "sql.h"

struct books {
	struct sql *sql;
	char who[64];   /* the user, for the log */
	struct sql_kind kind; /* books_open_as */
};

extern const struct sql_kind books_kind;

/* books_open_as(b, dir, dir_fd, name, f): like books_open, for books with another name, which is a static string. */
enum err books_open_as(struct books **b, const char *dir, int dir_fd, const char *name, struct fault *f);

/* What a PC is called, by its id. */
#define BOOKS_PC_NAME "SELECT CASE name WHEN '' THEN said ELSE name END FROM station WHERE id = ?"

/* The names under which states are stored, by enum books_slot_state. */
extern const char *const books_state_names[4];

/* books_read_state(st, column, state): what is stored; false, with *state as it was, for anything else. */
bool books_read_state(sqlite3_stmt *st, int column, enum books_slot_state *state);

/* books_step(b, step): name what is being done now, for faults; returns the connection. */
struct sql *books_step(struct books *b, const char *step);

#endif
