/*
 * main.c - oncestick-sheet: reads cards as JSON from standard input, and writes a PDF to standard output (cards.h).
 *
 * This is a separate program, so that cairo, pango and what they load stay out of the process that has the keystore. Its input is
 * wiped; copies that the libraries made end with the process, which leaves no core.
 */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cairo-pdf.h>
#include <jansson.h>
#include <sodium.h>

#include "calendar.h"
#include "card.h"
#include "cards.h"
#include "layout.h"
#include "secret.h"
#include "wiping.h"

#define INPUT_MAX (64u << 20)
#define DASH 3.0 /* of the lines to cut along */

struct sheet {
	json_t *input;
	struct layout layout;
	const char *title, *program;
	json_int_t created;
	json_t *cards; /* part of input */
	int write_error;
	int missing; /* characters without a glyph */
};

static int
fail(enum cards_exit status, const char *why)
{
	fprintf(stderr, "%s\n", why);
	return (int)status;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

static char *
read_all(size_t *n)
{
	size_t room = 1u << 16;
	char *p = secret_new(room);
	ssize_t got = 0;

	*n = 0;
	while (p != NULL && ((got = read(STDIN_FILENO, p + *n, room - *n)) > 0 || (got < 0 && errno == EINTR))) {
		*n += got > 0 ? (size_t)got : 0;
		if (*n == room) {
			char *more = room < INPUT_MAX ? secret_new(2 * room) : NULL;

			if (more != NULL)
				memcpy(more, p, *n);
			secret_free(&p);
			p = more;
			room *= 2;
		}
	}
	if (got < 0)
		secret_free(&p);
	return p;
}

static int
parse(struct sheet *s, const char *text, size_t n)
{
	const char *paper = NULL;
	int large = 0;

	s->input = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	if (s->input == NULL ||
	    json_unpack(s->input, "{s:s, s:b, s:s, s:s, s:I, s:o}", "paper", &paper, "large", &large, "title", &s->title, "program",
		&s->program, "created", &s->created, "cards", &s->cards) != 0 ||
	    !json_is_array(s->cards) || json_array_size(s->cards) == 0)
		return -1;
	if (strcmp(paper, "a4") != 0 && strcmp(paper, "letter") != 0)
		return -1;
	layout_make(&s->layout, paper[0] == 'l' ? LAYOUT_LETTER : LAYOUT_A4, large != 0);
	return 0;
}

static int
card_of(struct card *c, json_t *v)
{
	json_t *rows = NULL, *steps = NULL;

	memset(c, 0, sizeof *c);
	if (json_unpack(v, "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "code", &c->code, "id", &c->id, "number", &c->number, "head",
		&c->head, "sub", &c->sub, "once", &c->once, "rows", &rows, "steps", &steps) != 0 ||
	    json_array_size(rows) > CARDS_ROWS_MAX || json_array_size(steps) > CARDS_STEPS_MAX)
		return -1;
	for (; c->rows < json_array_size(rows); c->rows++)
		if (json_unpack(json_array_get(rows, c->rows), "[s, s]", &c->names[c->rows], &c->values[c->rows]) != 0)
			return -1;
	for (; c->step_count < json_array_size(steps); c->step_count++)
		if ((c->steps[c->step_count] = json_string_value(json_array_get(steps, c->step_count))) == NULL)
			return -1;
	return 0;
}

/* ---- drawing ------------------------------------------------------------------------------------------------------------- */

static cairo_status_t
write_some(void *arg, const unsigned char *p, unsigned n)
{
	struct sheet *s = arg;

	while (n > 0) {
		ssize_t got = write(STDOUT_FILENO, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			s->write_error = errno;
			return CAIRO_STATUS_WRITE_ERROR;
		}
		p += got;
		n -= (unsigned)got;
	}
	return CAIRO_STATUS_SUCCESS;
}

static void
dashes(cairo_t *cr, double x, double y, double w, double h)
{
	const double dash = DASH;

	cairo_move_to(cr, x, y);
	cairo_line_to(cr, x + w, y + h);
	cairo_set_dash(cr, &dash, 1, DASH / 2);
	cairo_set_line_width(cr, 0.4);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
}

/* Draw each line once, although cards share them: above and left of every card, below and right only if there is no neighbour. */
static void
cuts(cairo_t *cr, const struct layout *l, size_t k, size_t count, double x, double y)
{
	size_t each = (size_t)l->columns * l->rows, column = k % l->columns, row = k % each / l->columns;

	dashes(cr, x, y, l->card_w, 0);
	dashes(cr, x, y, 0, l->card_h);
	if (column + 1 == l->columns || k + 1 == count)
		dashes(cr, x + l->card_w, y, 0, l->card_h);
	if (row + 1 == l->rows || k + l->columns >= count)
		dashes(cr, x, y + l->card_h, l->card_w, 0);
}

static int
draw_page(struct sheet *s, cairo_t *cr, size_t page, size_t pages)
{
	size_t each = (size_t)s->layout.columns * s->layout.rows, count = json_array_size(s->cards);
	char number[48];
	int missing = 0;

	for (size_t k = page * each; k < (page + 1) * each && k < count; k++) {
		struct card c;
		size_t there = 0;
		double x = 0, y = 0;

		if (card_of(&c, json_array_get(s->cards, k)) != 0)
			return fail(CARDS_INPUT, "a card is not as it should be");
		layout_place(&s->layout, k, &there, &x, &y);
		cuts(cr, &s->layout, k, count, x, y);
		if ((missing = card_draw(cr, &s->layout, &c, x, y)) < 0)
			return fail(CARDS_FAILED, strerror(ENOMEM));
		s->missing += missing;
	}
	snprintf(number, sizeof number, "%zu / %zu", page + 1, pages);
	s->missing += card_foot(cr, &s->layout, s->title, number);
	cairo_show_page(cr);
	return 0;
}

static int
draw_pages(struct sheet *s, cairo_t *cr)
{
	size_t pages = layout_pages(&s->layout, json_array_size(s->cards));
	int status = 0;

	if (!card_fonts(cr))
		return fail(CARDS_NO_FONT, "no font");
	for (size_t page = 0; page < pages && status == 0 && cairo_status(cr) == CAIRO_STATUS_SUCCESS; page++)
		status = draw_page(s, cr, page, pages);
	return status;
}

static void
describe(const struct sheet *s, cairo_surface_t *pdf)
{
	char text[64];
	struct tm tm;

	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_TITLE, s->title);
	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATOR, s->program);
	if (!calendar_utc(&tm, s->created))
		return;
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATE_DATE, text);
}

static int
draw_pdf(struct sheet *s)
{
	cairo_surface_t *pdf = cairo_pdf_surface_create_for_stream(write_some, s, s->layout.page_w, s->layout.page_h);
	cairo_t *cr = cairo_create(pdf);
	cairo_status_t drawn = CAIRO_STATUS_SUCCESS;
	int status = 0;

	describe(s, pdf);
	status = draw_pages(s, cr);
	drawn = cairo_status(cr);
	cairo_destroy(cr);
	cairo_surface_finish(pdf);
	if (drawn == CAIRO_STATUS_SUCCESS)
		drawn = cairo_surface_status(pdf);
	cairo_surface_destroy(pdf);
	if (s->write_error != 0)
		return fail(CARDS_WRITE, strerror(s->write_error));
	if (status == 0 && drawn != CAIRO_STATUS_SUCCESS)
		return fail(CARDS_FAILED, cairo_status_to_string(drawn));
	if (status == 0 && s->missing > 0)
		return CARDS_MISSING;
	return status;
}

static int
make(void)
{
	struct sheet s = {0};
	size_t n = 0;
	char *text = read_all(&n);
	int status = 0;

	if (text == NULL)
		return fail(CARDS_FAILED, strerror(errno != 0 ? errno : ENOMEM));
	status = parse(&s, text, n);
	secret_free(&text);
	status = status == 0 ? draw_pdf(&s) : fail(CARDS_INPUT, "what was read is no sheet");
	json_decref(s.input);
	return status;
}

static int
check(void)
{
	cairo_surface_t *nowhere = cairo_pdf_surface_create_for_stream(NULL, NULL, 72, 72);
	cairo_t *cr = cairo_create(nowhere);
	int good = card_fonts(cr);
	cairo_status_t status = cairo_status(cr);

	cairo_destroy(cr);
	cairo_surface_destroy(nowhere);
	if (status != CAIRO_STATUS_SUCCESS)
		return fail(CARDS_FAILED, cairo_status_to_string(status));
	return good ? CARDS_DRAWN : fail(CARDS_NO_FONT, "no font");
}

int
main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	if (sodium_init() < 0 || secret_harden_process() != 0)
		return fail(CARDS_FAILED, strerror(errno));
	wiping_json();
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return check();
	if (argc != 1)
		return fail(CARDS_INPUT, "oncestick-sheet is started by oncestick issue --sheet");
	return make();
}
