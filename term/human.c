/*
 * human.c - sizes, escapes and columns.
 */
#include "human.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "array.h"
#include "utf8.h"

#define COLUMN_MIN 8
#define COLUMN_WHOLE 16u /* dates, numbers and states are never cut */
#define COLUMN_GAP 2

/* ---- sizes -------------------------------------------------------------------------------------------------------------- */

/* Write n in the largest unit in which it is at least 1, with one decimal below 10. */
static void
show_scaled(char *out, size_t size, uint64_t n, unsigned base, const char *const *units, size_t count)
{
	double v = (double)n;
	size_t u = 0;

	while (u + 1 < count && v >= (u == 0 ? base : base - 0.5)) {
		v /= base;
		u++;
	}
	if (u > 0 && v < 9.95) {
		unsigned tenths = (unsigned)(v * 10 + 0.5);

		snprintf(out, size, "%u.%u %s", tenths / 10, tenths % 10, units[u]);
	} else {
		snprintf(out, size, "%u %s", (unsigned)(v + 0.5), units[u]);
	}
}

void
human_bytes(char *out, size_t size, uint64_t n)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

	show_scaled(out, size, n, 1024, units, sizeof units / sizeof units[0]);
}

void
human_rate(char *out, size_t size, uint64_t bytes_per_second)
{
	static const char *const units[] = { "B/s", "kB/s", "MB/s", "GB/s", "TB/s", "PB/s", "EB/s" };

	show_scaled(out, size, bytes_per_second, 1000, units, sizeof units / sizeof units[0]);
}

/* ---- characters --------------------------------------------------------------------------------------------------------- */

struct range {
	uint32_t first, last;
};

static bool
is_in(uint32_t c, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Control characters, and characters that reorder or hide the text around them. */
static bool
is_treacherous(uint32_t c)
{
	static const struct range ranges[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c }, { 0x115f, 0x1160 },
		{ 0x180e, 0x180e }, { 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0x3164, 0x3164 }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x13430, 0x1343f },
		{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }
	};

	return is_in(c, ranges, sizeof ranges / sizeof ranges[0]);
}

/* The other characters of Unicode's category Cf. Some languages need them for their spelling. */
static bool
is_format(uint32_t c)
{
	static const struct range ranges[] = { { 0x0600, 0x0605 }, { 0x06dd, 0x06dd }, { 0x070f, 0x070f }, { 0x0890, 0x0891 },
		{ 0x08e2, 0x08e2 }, { 0x180b, 0x180f }, { 0x200c, 0x200d }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd } };

	return is_in(c, ranges, sizeof ranges / sizeof ranges[0]);
}

/*
 * Write the character of len bytes at p, or one invalid byte if len is 0, either unchanged or escaped. Return the length written.
 */
static size_t
escape(char *out, const char *p, size_t len, uint32_t c)
{
	if (len == 0 || (c < 0x80 && is_treacherous(c)))
		return (size_t)sprintf(out, "\\x%02x", (unsigned char)*p);
	if (c == '\\')
		return (size_t)sprintf(out, "\\\\");
	if (!is_treacherous(c) && iswprint((wint_t)c)) {
		memcpy(out, p, len);
		return len;
	}
	return (size_t)sprintf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
}

char *
human_escape(const char *p, size_t n)
{
	char *out = NULL, *at = NULL;

	/* No escape is longer than four times the bytes that it replaces. */
	if (n > (SIZE_MAX - 1) / 4 || (out = malloc(4 * n + 1)) == NULL)
		return NULL;
	at = out;
	while (n > 0) {
		uint32_t c = 0;
		size_t len = utf8_next(p, n, &c), step = len > 0 ? len : 1;

		at += escape(at, p, len, c);
		p += step;
		n -= step;
	}
	*at = '\0';
	return out;
}

/* As in JSON: a character that does not fit into 16 bits takes two escapes. */
static size_t
escape_json(char *out, uint32_t c)
{
	if (c <= 0xffff)
		return (size_t)sprintf(out, "\\u%04x", (unsigned)c);
	c -= 0x10000;
	return (size_t)sprintf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + (c >> 10)), (unsigned)(0xdc00 + (c & 0x3ff)));
}

char *
human_json(const char *json)
{
	size_t n = strlen(json);
	char *out = n <= (SIZE_MAX - 1) / 6 ? malloc(6 * n + 1) : NULL, *at = out;

	if (out == NULL)
		return NULL;
	while (n > 0) {
		uint32_t c = 0;
		size_t len = utf8_next(json, n, &c);

		if (len > 0 && c >= 0x7f && (is_treacherous(c) || is_format(c)))
			at += escape_json(at, c);
		else
			at = mempcpy(at, json, len > 0 ? len : 1);
		json += len > 0 ? len : 1;
		n -= len > 0 ? len : 1;
	}
	*at = '\0';
	return out;
}

bool
human_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* ---- columns ------------------------------------------------------------------------------------------------------------ */

/* Return the columns that the character at s takes (n >= 1 bytes), and set *len to its bytes. */
static size_t
columns_of(const char *s, size_t n, size_t *len)
{
	uint32_t c = 0;
	int w = -1;

	*len = utf8_next(s, n, &c);
	if (*len > 0)
		w = wcwidth((wchar_t)c);
	else
		*len = 1;
	return w >= 0 ? (size_t)w : 1;
}

size_t
human_fit(const char *s, size_t width, size_t *taken)
{
	size_t n = strlen(s), at = 0, columns = 0, len = 0;

	while (at < n) {
		size_t w = columns_of(s + at, n - at, &len);

		if (columns + w > width)
			break;
		columns += w;
		at += len;
	}
	if (taken != NULL)
		*taken = columns;
	return at;
}

size_t
human_width(const char *s)
{
	size_t taken = 0;

	human_fit(s, SIZE_MAX, &taken);
	return taken;
}

static size_t
width_of(const char *s, size_t n)
{
	size_t columns = 0, len = 0;

	for (size_t at = 0; at < n; at += len)
		columns += columns_of(s + at, n - at, &len);
	return columns;
}

/* How many bytes at s must stay together. */
static size_t
word_at(const char *s)
{
	const char *end = s[0] == '[' ? strchr(s, ']') : NULL;

	return end != NULL ? (size_t)(end - s) + strcspn(end, " \n") : strcspn(s, " \n");
}

static size_t
blanks_in(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == ' ';
	return n;
}

char *
human_wrap(const char *s, unsigned width, size_t column, size_t indent)
{
	char *out = malloc(strlen(s) + blanks_in(s) * indent + 1), *at = out;
	size_t start = column; /* where the line starts */

	if (out == NULL)
		return NULL;
	while (*s != '\0') {
		size_t gap = strspn(s, " "), word = word_at(s + gap), columns = width_of(s + gap, word);

		if (width > 0 && gap > 0 && word > 0 && column > start && column + gap + columns >= width) {
			at += sprintf(at, "\n%*s", (int)indent, "");
			column = start = indent;
		} else {
			at = mempcpy(at, s, gap);
			column += gap;
		}
		at = mempcpy(at, s + gap, word);
		column += columns;
		s += gap + word;
		if (*s == '\n') {
			*at++ = *s++;
			column = start = 0;
		}
	}
	*at = '\0';
	return out;
}

unsigned
human_columns(int fd)
{
	struct winsize ws = { 0 };

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &ws) != 0 || ws.ws_col == 0)
		return 80;
	return ws.ws_col;
}

/* ---- tables ------------------------------------------------------------------------------------------------------------- */

struct human_table {
	size_t columns, rows, room; /* rows includes the heads, if any, as the first row */
	char **cells;               /* rows * columns of them, none NULL; owned */
	bool headed;
};

struct human_table *
human_table_new(size_t columns, const char *const *heads)
{
	struct human_table *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->columns = columns;
	t->headed = heads != NULL;
	if (heads != NULL && human_table_add(t, heads) != 0)
		human_table_free(&t);
	return t;
}

void
human_table_free(struct human_table **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < (*t)->rows * (*t)->columns; i++)
		free((*t)->cells[i]);
	free((*t)->cells);
	free(*t);
	*t = NULL;
}

static int
make_room(struct human_table *t)
{
	char **cells = array_grow(t->cells, t->rows, &t->room, t->columns * sizeof *cells);

	if (cells == NULL)
		return -1;
	t->cells = cells;
	return 0;
}

int
human_table_add(struct human_table *t, const char *const *cells)
{
	char **row = NULL;

	if (make_room(t) != 0)
		return -1;
	row = t->cells + t->rows * t->columns;
	for (size_t i = 0; i < t->columns; i++) {
		if ((row[i] = strdup(cells[i] != NULL ? cells[i] : "")) == NULL) {
			while (i > 0)
				free(row[--i]);
			return -1;
		}
	}
	t->rows++;
	return 0;
}

static void
natural_widths(const struct human_table *t, size_t *widths)
{
	for (size_t i = 0; i < t->rows * t->columns; i++) {
		size_t w = human_width(t->cells[i]);

		if (w > widths[i % t->columns])
			widths[i % t->columns] = w;
	}
}

/* Narrow the widest columns, of those wider than whole, until all fit into width. Return false if that is not possible. */
static bool
shrink_widths(size_t *widths, size_t columns, size_t width, size_t whole)
{
	const size_t *const natural = widths + columns;

	size_t total = (columns - 1) * COLUMN_GAP;

	for (size_t i = 0; i < columns; i++)
		total += widths[i];
	while (total > width) {
		size_t widest = columns;

		for (size_t i = 0; i < columns; i++) {
			if (natural[i] > whole && (widest == columns || widths[i] >= widths[widest]))
				widest = i;
		}
		if (widest == columns || widths[widest] <= COLUMN_MIN)
			return false;
		widths[widest]--;
		total--;
	}
	return true;
}

/* Print a cell in at most width columns, and return how many it took. */
static size_t
print_cell(FILE *f, const char *cell, size_t width)
{
	const char *mark = human_utf8() ? "\u2026" : "...";
	size_t taken = human_width(cell), n = 0;

	if (taken <= width) {
		fputs(cell, f);
		return taken;
	}
	n = human_fit(cell, width - human_width(mark), &taken);
	fwrite(cell, 1, n, f);
	fputs(mark, f);
	return taken + human_width(mark);
}

static void
print_row(FILE *f, char *const *cells, const size_t *widths, size_t columns)
{
	while (columns > 0 && cells[columns - 1][0] == '\0')
		columns--;
	for (size_t i = 0; i < columns; i++) {
		size_t taken = print_cell(f, cells[i], widths[i]);

		if (i + 1 < columns)
			fprintf(f, "%*s", (int)(widths[i] - taken + COLUMN_GAP), "");
	}
	putc('\n', f);
}

/* Print the cells of a row below each other, each after its head. So nothing is cut of what does not fit side by side. */
static void
print_block(FILE *f, char *const *heads, char *const *cells, size_t columns, unsigned width)
{
	size_t widest = 0;
	char *wrapped = NULL;

	for (size_t i = 0; i < columns; i++)
		if (human_width(heads[i]) > widest)
			widest = human_width(heads[i]);
	for (size_t i = 0; i < columns; i++) {
		if (cells[i][0] == '\0')
			continue;
		wrapped = human_wrap(cells[i], width, widest + COLUMN_GAP, widest + COLUMN_GAP);
		fprintf(f, "%s%*s%s\n", heads[i], (int)(widest - human_width(heads[i]) + COLUMN_GAP), "",
		    wrapped != NULL ? wrapped : cells[i]);
		free(wrapped);
	}
}

static void
print_blocks(const struct human_table *t, FILE *f, unsigned width)
{
	for (size_t i = 1; i < t->rows; i++) {
		if (i > 1)
			putc('\n', f);
		print_block(f, t->cells, t->cells + i * t->columns, t->columns, width);
	}
}

int
human_table_print(const struct human_table *t, FILE *f, unsigned width)
{
	size_t *widths = NULL;

	if (t->columns == 0 || t->rows <= (t->headed ? 1u : 0u))
		return ferror(f) ? -1 : 0;
	if ((widths = calloc(2 * t->columns, sizeof *widths)) == NULL)
		return -1;
	natural_widths(t, widths);
	memcpy(widths + t->columns, widths, t->columns * sizeof *widths);
	if (width > 0 && !shrink_widths(widths, t->columns, width, t->headed ? COLUMN_WHOLE : 0) && t->headed)
		print_blocks(t, f, width);
	else
		for (size_t i = 0; i < t->rows; i++)
			print_row(f, t->cells + i * t->columns, widths, t->columns);
	free(widths);
	return ferror(f) ? -1 : 0;
}
