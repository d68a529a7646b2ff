/*
 * human.h - text for a terminal: sizes, names that may hold anything, columns.
 *
 * Widths and what is printable are those of the locale that setlocale(3) chose.
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
 * human_escape(p, n): the n bytes at p as one line that is safe to print, to be freed by the caller; NULL if there is no memory.
 * Control characters and invalid UTF-8 become \xNN, characters that reorder or hide text or that the locale cannot print \uNNNN or
 * \UNNNNNNNN, and a backslash two.
 */
char *human_escape(const char *p, size_t n);

/*
 * human_json(json): the same JSON, in which DEL, C1 controls and characters that reorder, hide or format text are escapes, so that
 * a terminal can be shown it; to be freed by the caller; NULL if there is no memory. Others, and what is ASCII, stay as they are.
 */
char *human_json(const char *json);

/* human_utf8(): whether the locale's encoding is UTF-8. */
bool human_utf8(void);

/* human_width(s): how many columns s takes; a byte that is not UTF-8 and a control character count one. */
size_t human_width(const char *s);

/*
 * human_fit(s, width, taken): how many bytes at the start of s take at most width columns, never splitting a character from its
 * combining marks. *taken, unless NULL, is the columns they take.
 */
size_t human_fit(const char *s, size_t width, size_t *taken);

/*
 * human_wrap(s, width, column, indent): s with line breaks instead of blanks, so that every line is narrower than width columns
 * where words allow it (terminals differ in what follows a full line), to be freed by the caller; NULL if there is no memory. The
 * first line begins at column, those that are made with indent blanks. What stands in [brackets] stays together. Nothing is broken
 * if width is 0.
 */
char *human_wrap(const char *s, unsigned width, size_t column, size_t indent);

/* human_columns(fd): the width of the terminal at fd; 80 if it does not say; 0 if fd is not a terminal. */
unsigned human_columns(int fd);

/* Rows of cells, printed in left-aligned columns two blanks apart. */
struct human_table;

/* human_table_new(columns, heads): an empty table; heads is columns strings or NULL. NULL if there is no memory. */
struct human_table *human_table_new(size_t columns, const char *const *heads);
void human_table_free(struct human_table **t);

/* human_table_add(t, cells): append a row: as many strings as columns, NULL for an empty one, safe to print; they are copied.
 * Return 0, or -1 if there is no memory. */
int human_table_add(struct human_table *t, const char *const *cells);

/*
 * human_table_print(t, f, width): print it to f, with its heads if it has any and any row. Unless width is 0, the widest columns
 * are cut (marked by an ellipsis) until a row takes at most width columns, or no column is wider than 8. In a table with heads
 * columns of at most 16 are not cut; where it does not fit even so, each row is printed as lines of a head and a cell, with an
 * empty line between rows. Nothing follows a row's last cell. Return 0, or -1 if f has an error.
 */
int human_table_print(const struct human_table *t, FILE *f, unsigned width);

#endif
