/*
 * human.h - text for a terminal: sizes, names with any bytes in them, columns.
 *
 * The locale that setlocale(3) chose says how wide text is, and what is printable.
 */
#ifndef HUMAN_H
#define HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HUMAN_SHOWN 16 /* enough for human_bytes and human_rate */

/* human_bytes: "0 B", "3.1 GiB", "29 GiB". human_rate: "38 MB/s". Both write a string to the size bytes at out. */
void human_bytes(char *out, size_t size, uint64_t n);
void human_rate(char *out, size_t size, uint64_t bytes_per_second);

/*
 * human_escape(p, n): the n bytes at p as one line that is safe to print. The caller frees it. NULL if there is no memory. Control
 * characters and invalid UTF-8 become \xNN; characters that reorder or hide text, or that the locale cannot print, become \uNNNN or
 * \UNNNNNNNN; a backslash becomes two.
 */
char *human_escape(const char *p, size_t n);

/*
 * human_json(json): the same JSON, safe to show on a terminal: DEL, C1 controls and characters that reorder, hide or format text
 * are escaped; other characters, and all of ASCII but DEL, stay unchanged. The caller frees it. NULL if there is no memory.
 */
char *human_json(const char *json);

/* human_utf8(): whether the locale's encoding is UTF-8. */
bool human_utf8(void);

/* human_width(s): how many columns s takes. A byte that is not UTF-8 and a control character count as one each. */
size_t human_width(const char *s);

/*
 * human_fit(s, width, taken): how many bytes at the start of s take at most width columns. A character is never separated from its
 * combining marks. *taken, unless NULL, is set to the columns that they take.
 */
size_t human_fit(const char *s, size_t width, size_t *taken);

/*
 * human_wrap(s, width, column, indent): s, with some blanks replaced by line breaks, so that every line is narrower than width
 * columns where words allow it (terminals differ in what they do after a full line). The first line begins at column, the others
 * with indent blanks. Text in [brackets] stays together. If width is 0, nothing is broken. The caller frees the string. NULL if
 * there is no memory.
 */
char *human_wrap(const char *s, unsigned width, size_t column, size_t indent);

/* human_columns(fd): the width of the terminal at fd; 80 if it does not say; 0 if fd is not a terminal. */
unsigned human_columns(int fd);

/* Rows of cells, printed in left-aligned columns with two blanks between them. */
struct human_table;

/*
 * human_table_new(columns, heads): a new, empty table. heads has as many strings as columns, or is NULL. NULL if there is no
 * memory.
 */
struct human_table *human_table_new(size_t columns, const char *const *heads);
void human_table_free(struct human_table **t);

/*
 * human_table_add(t, cells): append a row with a copy of cells: one string for each column, safe to print; NULL for an empty one.
 * Return 0, or -1 if there is no memory.
 */
int human_table_add(struct human_table *t, const char *const *cells);

/*
 * human_table_print(t, f, width): print the table to f. Its heads, if it has any, are printed if there is any row. Unless width is
 * 0, the widest columns are cut, and marked by an ellipsis, until a row takes at most width columns, or no column is wider than 8.
 * If the table has heads, columns of at most 16 are not cut; if rows do not fit then, each row is printed as lines of a head and a
 * cell, with an empty line between rows. Nothing follows a row's last cell. Return 0, or -1 if f has an error.
 */
int human_table_print(const struct human_table *t, FILE *f, unsigned width);

#endif
