/*
 * books_pc.c - names of the PCs that receipts come from.
 */
#include "books_pc.h"

#include <string.h>
#include <strings.h>

#include "books_internal.h"
#include "receipt.h"

#define ID(id) SQL_BLOB(id, ID_SIZE)

enum err
books_pc_name(struct books *b, const uint8_t id[ID_SIZE], char name[LABEL_MAX + 1], struct fault *f)
{
	struct sql *q = books_step(b, "PC");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err;

	name[0] = '\0';
	if ((err = sql_query(q, &st, BOOKS_PC_NAME, SQL_ARGS(ID(id)), f)) == E_OK &&
	    (err = sql_next(q, st, &row, f)) == E_OK && row)
		sql_string(st, 0, name, LABEL_MAX + 1);
	sql_done(&st);
	return err;
}

enum err
books_pc_said(struct books *b, const uint8_t id[ID_SIZE], const char *name, struct fault *f)
{
	return sql_run(books_step(b, "PC"), "INSERT INTO station (id, said) VALUES (?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET said = excluded.said WHERE said <> excluded.said",
	    SQL_ARGS(ID(id), SQL_TEXT(name)), f);
}

enum err
books_pc_call(struct books *b, const uint8_t id[ID_SIZE], const char *name, struct fault *f)
{
	return sql_run(books_step(b, "PC"), "INSERT INTO station (id, name) VALUES (?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET name = excluded.name", SQL_ARGS(ID(id), SQL_TEXT(name)), f);
}

/* The station of a receipt, if there is one. */
static bool
station_of(sqlite3_stmt *st, uint8_t id[ID_SIZE])
{
	uint8_t body[RECEIPT_MAX + MAC_SIZE];
	struct receipt r;
	size_t n = 0;

	if (!sql_some(st, 0, body, sizeof body, &n) || n <= MAC_SIZE || receipt_parse(&r, BYTES(body, n - MAC_SIZE)) != 0)
		return false;
	memcpy(id, r.station_id, ID_SIZE);
	return true;
}

enum err
books_pc_find(struct books *b, const char *digits, uint8_t id[ID_SIZE], unsigned *count, struct fault *f)
{
	struct sql *q = books_step(b, "PC");
	char hex[2 * ID_SIZE + 1];
	uint8_t found[ID_SIZE];
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = sql_query(q, &st, "SELECT receipt FROM slot WHERE receipt IS NOT NULL UNION ALL SELECT receipt FROM second",
	    SQL_NONE, f);

	*count = 0;
	while (err == E_OK && *count < 2 && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		if (!station_of(st, found))
			continue;
		bytes_to_hex(hex, found, ID_SIZE);
		if (strncasecmp(hex, digits, strlen(digits)) != 0 || (*count > 0 && memcmp(found, id, ID_SIZE) == 0))
			continue;
		memcpy(id, found, ID_SIZE);
		++*count;
	}
	sql_done(&st);
	return err;
}
