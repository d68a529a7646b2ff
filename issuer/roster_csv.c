/*
 * roster_csv.c - reading a roster. libcsv gets one line of the file at a time, so that whatever is wrong is known to be on it.
 */
#include "roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <csv.h>

#include "array.h"
#include "dcbor.h"
#include "near.h"
#include "roster_internal.h"
#include "utf8.h"

#define COLUMNS_MAX 64
#define SEPARATORS ",;\t"
#define BOM "\xef\xbb\xbf"

const char *const roster_columns[ROSTER_COLUMNS] = {
    [ROSTER_HOLDER] = "holder",
    [ROSTER_WHICH_STICK] = "stick",
    [ROSTER_HOW_MANY] = "codes",
    [ROSTER_LANGUAGE] = "language",
};

/* What libcsv's callbacks know. */
struct reading {
	struct roster *r;
	const char *const *languages;
	uint32_t line;	/* the one that is being read */
	uint32_t cells; /* how many of its cells were read */
	bool ended;	/* all of them were */
	bool headed;	/* the columns have their names */
	bool stop;	/* something is wrong that makes the rest meaningless */
	uint8_t kinds[COLUMNS_MAX]; /* which column each cell belongs to: enum roster_column; ROSTER_COLUMNS: none */
	struct roster_row row;
	bool some; /* a cell of the row has something in it */
	bool bad;  /* so has the holder's, but it is no name */
	uint32_t codes; /* of all rows so far */
	enum err failed; /* E_FAIL: no memory */
};

/* ---- complaints ---------------------------------------------------------------------------------------------------------- */

void
roster_complain(struct roster *r, enum err err, const struct roster_complaint *c)
{
	if (r->complained == 0)
		r->err = err;
	if (r->complained < ROSTER_COMPLAINTS_MAX)
		r->complaints[r->complained] = *c;
	r->complained++;
}

void
roster_text(char out[BOOKS_TEXT], const void *p, size_t n)
{
	char whole[2 * BOOKS_TEXT];
	size_t keep = n < sizeof whole ? n : sizeof whole - 1;

	memcpy(whole, p, keep);
	whole[keep] = '\0';
	utf8_no_controls(whole);
	utf8_short(out, BOOKS_TEXT, whole);
}

/* The known name that is nearest to name, and that no column has yet; "" if there is none. */
static const char *
meant(const struct roster *r, const char *name)
{
	const char *best = "";
	unsigned least = NEAR_FAR;

	for (unsigned k = 0; k < ROSTER_COLUMNS; k++) {
		unsigned d = r->at[k] == 0 ? near_distance(name, roster_columns[k]) : NEAR_FAR;

		if (d < least) {
			least = d;
			best = roster_columns[k];
		}
	}
	return best;
}

static void
complain(struct reading *c, enum roster_wrong what, uint32_t column, struct bytes text)
{
	struct roster_complaint k = {.what = what, .line = c->line, .column = column};

	roster_text(k.text, text.p, text.n);
	if (what == ROSTER_UNKNOWN_COLUMN)
		snprintf(k.near, sizeof k.near, "%s", meant(c->r, k.text));
	roster_complain(c->r, E_USAGE, &k);
}

/* ---- the names of the columns -------------------------------------------------------------------------------------------- */

static unsigned
column_named(const char *name, size_t n)
{
	unsigned k = 0;

	while (k < ROSTER_COLUMNS && (strlen(roster_columns[k]) != n || strncasecmp(roster_columns[k], name, n) != 0))
		k++;
	return k;
}

static void
read_name(struct reading *c, struct bytes name)
{
	unsigned k = column_named((const char *)name.p, name.n);

	c->kinds[c->cells - 1] = (uint8_t)k;
	if (name.n == 0)
		return;
	if (k < ROSTER_COLUMNS && c->r->at[k] != 0)
		complain(c, ROSTER_COLUMN_TWICE, c->cells, name);
	else if (k < ROSTER_COLUMNS)
		c->r->at[k] = c->cells;
	else
		complain(c, ROSTER_UNKNOWN_COLUMN, c->cells, name);
}

static void
end_names(struct reading *c)
{
	c->headed = true;
	if (c->r->at[ROSTER_HOLDER] == 0 && c->r->complained == 0)
		complain(c, ROSTER_NO_HOLDERS, 0, BYTES("", 0));
	c->stop = c->r->complained > 0;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------- */

static bool
printable(struct bytes b)
{
	for (size_t k = 0; k < b.n; k++)
		if (b.p[k] < 0x20 || b.p[k] >= 0x7f)
			return false;
	return true;
}

static bool
read_number(uint32_t *out, struct bytes b)
{
	uint32_t n = 0;

	for (size_t k = 0; k < b.n; k++) {
		if (b.p[k] < '0' || b.p[k] > '9' || n > GRANT_SLOTS_MAX)
			return false;
		n = 10 * n + (b.p[k] - '0');
	}
	*out = n;
	return n >= 1 && n <= GRANT_SLOTS_MAX;
}

static bool
read_language(const char **out, const char *const *languages, struct bytes b)
{
	for (; *languages != NULL; languages++)
		if (strlen(*languages) == b.n && strncasecmp(*languages, (const char *)b.p, b.n) == 0)
			break;
	*out = *languages;
	return *out != NULL;
}

static void
read_cell(struct reading *c, struct bytes b)
{
	struct roster_row *row = &c->row;

	switch (c->kinds[c->cells - 1]) {
	case ROSTER_HOLDER:
		c->bad = !dcbor_text_ok((const char *)b.p, b.n);
		if (c->bad)
			complain(c, ROSTER_BAD_HOLDER, c->cells, b);
		else
			memcpy(row->holder, b.p, b.n);
		break;
	case ROSTER_WHICH_STICK:
		if (b.n >= sizeof row->stick || !printable(b))
			complain(c, ROSTER_BAD_STICK, c->cells, b);
		else
			memcpy(row->stick, b.p, b.n);
		break;
	case ROSTER_HOW_MANY:
		if (!read_number(&row->codes, b))
			complain(c, ROSTER_BAD_NUMBER, c->cells, b);
		break;
	case ROSTER_LANGUAGE:
		if (!read_language(&row->language, c->languages, b))
			complain(c, ROSTER_BAD_LANGUAGE, c->cells, b);
		break;
	default:
		complain(c, ROSTER_NO_COLUMN, c->cells, b);
	}
}

static void
on_cell(void *p, size_t n, void *arg)
{
	struct reading *c = arg;
	struct bytes b = BYTES(p, n);

	c->cells++;
	if (c->stop)
		return;
	if (c->cells > COLUMNS_MAX) {
		if (n > 0) {
			complain(c, ROSTER_NO_COLUMN, c->cells, b);
			c->stop = true;
		}
	} else if (!c->headed) {
		read_name(c, b);
	} else if (n > 0) {
		c->some = true;
		read_cell(c, b);
	}
}

static void
end_row(struct reading *c)
{
	struct roster *r = c->r;
	struct roster_row *grown = NULL;

	if (!c->some)
		return;
	if (r->count == ROSTER_ROWS_MAX) {
		complain(c, ROSTER_MANY, 0, BYTES("", 0));
		c->stop = true;
		return;
	}
	if (c->row.holder[0] == '\0' && !c->bad)
		complain(c, ROSTER_NOBODY, r->at[ROSTER_HOLDER], BYTES("", 0));
	c->row.line = c->line;
	c->codes += c->row.codes;
	if (c->codes > ROSTER_CODES_MAX) {
		complain(c, ROSTER_MANY_CODES, r->at[ROSTER_HOW_MANY], BYTES("", 0));
		c->stop = true;
	}
	if ((grown = array_grow(r->rows, r->count, &r->room, sizeof *grown)) == NULL) {
		c->failed = E_FAIL;
		c->stop = true;
		return;
	}
	r->rows = grown;
	r->rows[r->count++] = c->row;
}

static void
on_end(int with, void *arg)
{
	struct reading *c = arg;

	(void)with;
	c->ended = true;
	if (c->stop)
		return;
	if (c->headed)
		end_row(c);
	else
		end_names(c);
}

/* ---- lines --------------------------------------------------------------------------------------------------------------- */

/* How long the line at the beginning of b is, with its end, in any of the ways in which lines end. */
static size_t
line_length(struct bytes b)
{
	size_t n = 0;

	while (n < b.n && b.p[n] != '\r' && b.p[n] != '\n')
		n++;
	if (n < b.n && b.p[n] == '\r' && n + 1 < b.n && b.p[n + 1] == '\n')
		n++;
	return n < b.n ? n + 1 : n;
}

static bool
is_blank(struct bytes b)
{
	for (size_t k = 0; k < b.n; k++)
		if (b.p[k] != ' ' && b.p[k] != '\t' && b.p[k] != '\r' && b.p[k] != '\n')
			return false;
	return true;
}

/* The bytes of the line that are UTF-8. */
static size_t
good_bytes(struct bytes b)
{
	uint32_t c = 0;
	size_t k = 0, n = 1;

	while (k < b.n && (n = utf8_next((const char *)b.p + k, b.n - k, &c)) > 0)
		k += n;
	return k;
}

static uint32_t
column_of(struct bytes b, unsigned char separator)
{
	uint32_t column = 1;
	bool quoted = false;

	for (size_t k = 0; k < b.n; k++) {
		quoted = quoted != (b.p[k] == '"');
		column += !quoted && b.p[k] == separator;
	}
	return column;
}

static unsigned char
separator_of(struct bytes file)
{
	for (size_t k = 0; k < file.n; k++)
		if (file.p[k] != '\0' && strchr(SEPARATORS, file.p[k]) != NULL)
			return file.p[k];
	return ',';
}

static void
bad_line(struct reading *c, enum roster_wrong what, uint32_t column)
{
	complain(c, what, column, BYTES("", 0));
	c->stop = true;
}

static void
read_line(struct reading *c, struct csv_parser *p, struct bytes b)
{
	const size_t good = good_bytes(b);
	bool cut = false;

	memset(&c->row, 0, sizeof c->row);
	c->row.codes = ROSTER_EACH;
	c->line++;
	c->cells = 0;
	c->some = c->bad = c->ended = false;
	if (good < b.n) {
		bad_line(c, ROSTER_NOT_UTF8, column_of(BYTES(b.p, good), csv_get_delim(p)));
		return;
	}
	cut = csv_parse(p, b.p, b.n, on_cell, on_end, c) != b.n;
	if (cut && csv_error(p) != CSV_EPARSE)
		c->failed = E_FAIL;
	else if (cut || (!c->ended && !is_blank(b) && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r')))
		bad_line(c, ROSTER_QUOTES, c->cells + 1);
}

static void
read_lines(struct reading *c, struct csv_parser *p, struct bytes file)
{
	memset(c->kinds, ROSTER_COLUMNS, sizeof c->kinds);
	csv_set_delim(p, separator_of(file));
	while (file.n > 0 && !c->stop && c->failed == E_OK) {
		size_t n = line_length(file);

		read_line(c, p, BYTES(file.p, n));
		file = BYTES(file.p + n, file.n - n);
	}
	if (c->stop || c->failed != E_OK || csv_fini(p, on_cell, on_end, c) == 0)
		return;
	if (csv_error(p) == CSV_EPARSE)
		bad_line(c, ROSTER_QUOTES, c->cells + 1);
	else
		c->failed = E_FAIL;
}

/* ---- twice --------------------------------------------------------------------------------------------------------------- */

static int
by_holder(const void *pa, const void *pb)
{
	const struct roster_row *a = ((const struct roster_of *)pa)->row, *b = ((const struct roster_of *)pb)->row;
	int order = strcmp(a->holder, b->holder);

	if (order == 0)
		order = strcasecmp(a->stick, b->stick);
	return order != 0 ? order : a->line < b->line ? -1 : 1;
}

static int
by_line(const void *pa, const void *pb)
{
	const struct roster_complaint *a = pa, *b = pb;

	return a->line < b->line ? -1 : a->line > b->line;
}

/* Somebody may have rows for different sticks, but then all of them say which. */
static enum err
find_twice(struct roster *r, struct fault *f)
{
	struct roster_of *order = calloc(r->count + 1, sizeof *order);

	if (order == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for a roster");
	for (size_t k = 0; k < r->count; k++)
		order[k].row = &r->rows[k];
	qsort(order, r->count, sizeof *order, by_holder);
	for (size_t k = 1; k < r->count; k++) {
		const struct roster_row *one = order[k - 1].row, *two = order[k].row;
		struct roster_complaint c = {.what = ROSTER_TWICE, .column = r->at[ROSTER_HOLDER]};

		if (strcmp(one->holder, two->holder) != 0 || one->holder[0] == '\0' ||
		    (one->stick[0] != '\0' && strcasecmp(one->stick, two->stick) != 0))
			continue;
		c.line = one->line > two->line ? one->line : two->line;
		c.other = one->line > two->line ? two->line : one->line;
		roster_text(c.text, one->holder, strlen(one->holder));
		roster_complain(r, E_USAGE, &c);
	}
	free(order);
	if (r->complained <= ROSTER_COMPLAINTS_MAX)
		qsort(r->complaints, r->complained, sizeof *r->complaints, by_line);
	return E_OK;
}

enum err
roster_read(struct roster *r, struct bytes file, const char *const *languages, struct fault *f)
{
	struct reading c = {.r = r, .languages = languages};
	struct csv_parser p;

	if (file.n > ROSTER_BYTES_MAX) {
		roster_complain(r, E_USAGE, &(struct roster_complaint){.what = ROSTER_LONG});
		return E_USAGE;
	}
	if (file.n >= 3 && memcmp(file.p, BOM, 3) == 0)
		file = BYTES(file.p + 3, file.n - 3);
	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for a roster");
	csv_set_blk_size(&p, 65536); /* by so much it grows for a long cell, which must not take quadratic time */
	read_lines(&c, &p, file);
	csv_free(&p);
	if (c.failed != E_OK)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for a roster");
	if (r->complained == 0 && r->count == 0)
		roster_complain(r, E_USAGE, &(struct roster_complaint){.what = ROSTER_EMPTY});
	if (find_twice(r, f) != E_OK)
		return E_FAIL;
	return r->complained > 0 ? r->err : E_OK;
}
