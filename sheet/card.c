/*
 * card.c - composing a card from the top, with smaller and smaller text until it fits. The room that is left then goes between its
 * blocks.
 */
#include "card.h"

#include <stdlib.h>
#include <string.h>

#include <pango/pangocairo.h>
#include <qrencode.h>

#define PLAIN "sans-serif"
#define MONO "DejaVu Sans Mono, Liberation Mono, monospace"
#define ITEMS_MAX (6 + 2 * CARDS_ROWS_MAX + 2 * CARDS_STEPS_MAX)
#define SCALES 10 /* 1, 0.95, ... 0.55 of the intended size */
#define QUIET 4	  /* modules that must stay white around a QR code (ISO/IEC 18004) */
#define LINES_MAX 2
#define INSET 0.025 /* between the code and its frame, as a part of the width */
#define NO_BREAK "\u00a0"
#define HANGUL_FIRST 0xac00 /* syllables */
#define HANGUL_LAST 0xd7a3
#define WORD_MAX 12

struct item {
	PangoLayout *text;
	double x, y; /* inside the card's padding, before the room is distributed */
	unsigned block;
};

struct composed {
	struct item items[ITEMS_MAX];
	size_t count;
	unsigned block; /* the one to which items are being added */
	double width, height;
	double box_y, box_h; /* of the frame around the code, in block 1 */
	double qr_y;	     /* in block 2 */
};

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

/*
 * In Korean, blanks separate words, and well-printed text breaks lines only there. The rules for all scripts (Unicode, UAX 14) also
 * allow a break after every syllable; use that only within very long names.
 */
static void
keep_words(PangoAttrList *marks, const char *text)
{
	const char *from = NULL;
	unsigned n = 0;

	for (const char *p = text;; p += g_utf8_skip[(unsigned char)*p]) {
		gunichar c = g_utf8_get_char(p);

		if (c >= HANGUL_FIRST && c <= HANGUL_LAST) {
			from = n++ == 0 ? p : from;
			continue;
		}
		if (n > 1 && n <= WORD_MAX) {
			PangoAttribute *keep = pango_attr_allow_breaks_new(FALSE);

			keep->start_index = (guint)(from - text);
			keep->end_index = (guint)(p - text);
			pango_attr_list_insert(marks, keep);
		}
		n = 0;
		if (c == 0)
			return;
	}
}

/* Break words without a hyphen, which would look like a part of an address or a name. This takes over marks. */
static void
text_set(PangoLayout *t, const char *text, PangoAttrList *marks)
{
	pango_attr_list_insert(marks, pango_attr_insert_hyphens_new(FALSE));
	keep_words(marks, text);
	pango_layout_set_text(t, text, -1);
	pango_layout_set_attributes(t, marks);
	pango_attr_list_unref(marks);
}

static PangoLayout *
text_new(cairo_t *cr, const char *family, bool bold, double size, const char *text)
{
	PangoLayout *t = pango_cairo_create_layout(cr);
	PangoFontDescription *font = pango_font_description_new();

	pango_font_description_set_family_static(font, family);
	pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
	pango_layout_set_font_description(t, font);
	pango_font_description_free(font);
	pango_context_set_round_glyph_positions(pango_layout_get_context(t), FALSE);
	pango_layout_set_single_paragraph_mode(t, TRUE);
	text_set(t, text, pango_attr_list_new());
	return t;
}

/* Allow at most so many lines of that width; the last one ends with an ellipsis if the text goes on. */
static void
text_limit(PangoLayout *t, double width, int lines)
{
	pango_layout_set_width(t, (int)(width * PANGO_SCALE));
	pango_layout_set_wrap(t, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_height(t, -lines);
	pango_layout_set_ellipsize(t, PANGO_ELLIPSIZE_END);
}

static void
text_size(PangoLayout *t, double *w, double *h)
{
	PangoRectangle r;

	pango_layout_get_extents(t, NULL, &r);
	if (w != NULL)
		*w = (double)r.width / PANGO_SCALE;
	if (h != NULL)
		*h = (double)r.height / PANGO_SCALE;
}

static double
baseline(PangoLayout *t)
{
	return (double)pango_layout_get_baseline(t) / PANGO_SCALE;
}

/* Fonts as they are on paper, not fitted to the pixels of a screen. */
static void
prepare_context(cairo_t *cr)
{
	cairo_font_options_t *o = cairo_font_options_create();

	cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
	cairo_set_font_options(cr, o);
	cairo_font_options_destroy(o);
}

/* Show text between `backquotes` as something to type, on one line, without the backquotes. */
static void
mark_typed(PangoLayout *t, const char *step)
{
	PangoAttrList *marks = pango_attr_list_new();
	GString *plain = g_string_new(NULL);
	guint from = 0;
	bool typed = false;

	for (const char *p = step; *p != '\0'; p++) {
		if (*p != '`') {
			if (typed && *p == ' ')
				g_string_append(plain, NO_BREAK);
			else
				g_string_append_c(plain, *p);
			continue;
		}
		if (typed) {
			PangoAttribute *mono = pango_attr_family_new(MONO), *bold = pango_attr_weight_new(PANGO_WEIGHT_BOLD);

			mono->start_index = bold->start_index = from;
			mono->end_index = bold->end_index = (guint)plain->len;
			pango_attr_list_insert(marks, mono);
			pango_attr_list_insert(marks, bold);
		}
		typed = !typed;
		from = (guint)plain->len;
	}
	text_set(t, plain->str, marks);
	g_string_free(plain, TRUE);
}

/* ---- putting a card together --------------------------------------------------------------------------------------------- */

static void
add(struct composed *m, PangoLayout *t, double x, double y)
{
	m->items[m->count++] = (struct item){t, x, y, m->block};
}

static void
compose_head(cairo_t *cr, struct composed *m, const struct card *c, double size)
{
	PangoLayout *id = text_new(cr, MONO, true, 1.1 * size, c->id), *number = text_new(cr, PLAIN, false, 0.85 * size, c->number);
	PangoLayout *head = text_new(cr, PLAIN, true, 1.5 * size, c->head), *sub = NULL;
	double id_w = 0, id_h = 0, number_w = 0, number_h = 0, side = 0, h = 0, y = 0;

	text_size(id, &id_w, &id_h);
	text_limit(number, 0.4 * m->width, 1);
	text_size(number, &number_w, &number_h);
	side = id_w > number_w ? id_w : number_w;
	text_limit(head, m->width - side - size, LINES_MAX);
	text_size(head, NULL, &y);
	add(m, head, 0, 0);
	/* The id is on the same line as the heading. */
	h = baseline(head) - baseline(id);
	add(m, id, m->width - id_w, h > 0 ? h : 0);
	h = (h > 0 ? h : 0) + id_h;
	pango_layout_set_width(number, -1);
	add(m, number, m->width - number_w, h);
	h += number_h;
	if (c->sub[0] != '\0') {
		sub = text_new(cr, PLAIN, false, 1.15 * size, c->sub);
		text_limit(sub, m->width - side - size, LINES_MAX);
		y += 0.1 * size;
		add(m, sub, 0, y);
		text_size(sub, NULL, &id_h);
		y += id_h;
	}
	m->height = y > h ? y : h;
}

static void
compose_code(cairo_t *cr, struct composed *m, const struct card *c, double size)
{
	PangoLayout *code = text_new(cr, MONO, true, 100, c->code);
	double w = 0, h = 0, inset = INSET * m->width;

	text_size(code, &w, NULL);
	g_object_unref(code);
	code = text_new(cr, MONO, true, w > 0 ? 100 * (m->width - 2 * inset) / w : size, c->code);
	text_size(code, &w, &h);
	m->block = 1;
	m->box_y = m->height + 0.8 * size;
	m->box_h = h + 0.6 * size;
	add(m, code, (m->width - w) / 2, m->box_y + 0.3 * size);
	m->height = m->box_y + m->box_h;
}

/* The rows are to the right of the QR code; its quiet zone is the distance to everything. */
static void
compose_rows(cairo_t *cr, struct composed *m, const struct card *c, double size, double symbol, double quiet)
{
	PangoLayout *names[CARDS_ROWS_MAX];
	PangoLayout *values[CARDS_ROWS_MAX];
	double left = symbol + quiet, y = m->height + quiet, w = 0, h = 0, column = 0, line = 0, base = 0;

	m->block = 2;
	m->qr_y = y;
	for (size_t k = 0; k < c->rows; k++) {
		names[k] = text_new(cr, PLAIN, true, size, c->names[k]);
		text_limit(names[k], 0.35 * (m->width - left), 1);
		text_size(names[k], &w, NULL);
		column = w > column ? w : column;
	}
	for (size_t k = 0; k < c->rows; k++) {
		values[k] = text_new(cr, PLAIN, false, size, c->values[k]);
		text_limit(values[k], m->width - left - column - 0.8 * size, LINES_MAX + 2);
		text_size(values[k], NULL, &h);
		h /= pango_layout_get_line_count(values[k]);
		line = h > line ? h : line;
		base = baseline(values[k]) > base ? baseline(values[k]) : base;
	}
	/* The tallest line of all scripts determines the distance between rows. */
	for (size_t k = 0; k < c->rows; k++) {
		add(m, names[k], left, y + base - baseline(names[k]));
		add(m, values[k], left + column + 0.8 * size, y + base - baseline(values[k]));
		text_size(values[k], NULL, &h);
		y += (h > line ? h : line) + 0.2 * size;
	}
	m->height = y > m->qr_y + symbol ? y : m->qr_y + symbol;
}

static void
compose_steps(cairo_t *cr, struct composed *m, const struct card *c, double size)
{
	double y = m->height + 0.8 * size, h = 0, indent = 1.4 * size;

	m->block = 3;
	for (size_t k = 0; k < c->step_count; k++) {
		char digit[2] = {(char)('1' + k), '\0'};
		PangoLayout *number = text_new(cr, PLAIN, true, size, digit), *step = text_new(cr, PLAIN, false, size, "");

		mark_typed(step, c->steps[k]);
		text_limit(step, m->width - indent, LINES_MAX + 1);
		add(m, number, 0, y + baseline(step) - baseline(number));
		add(m, step, indent, y);
		text_size(step, NULL, &h);
		y += h + 0.25 * size;
	}
	m->height = y;
}

static void
compose_once(cairo_t *cr, struct composed *m, const struct card *c, double size)
{
	PangoLayout *once = text_new(cr, PLAIN, true, 0.95 * size, c->once);
	double h = 0;

	m->block = 4;
	text_limit(once, m->width, LINES_MAX);
	text_size(once, NULL, &h);
	add(m, once, 0, m->height + 0.5 * size);
	m->height += 0.5 * size + h;
}

static void
compose(cairo_t *cr, struct composed *m, const struct card *c, const struct layout *l, double size, double symbol)
{
	memset(m, 0, sizeof *m);
	m->width = l->card_w - 2 * l->pad;
	compose_head(cr, m, c, size);
	compose_code(cr, m, c, size);
	compose_rows(cr, m, c, size, symbol, QUIET * l->module);
	compose_steps(cr, m, c, size);
	compose_once(cr, m, c, size);
}

static void
decompose(struct composed *m)
{
	for (size_t k = 0; k < m->count; k++)
		g_object_unref(m->items[k].text);
	m->count = 0;
}

/* ---- drawing ------------------------------------------------------------------------------------------------------------- */

/* Draw all dark modules as one shape, each a little wider than it is, so that no screen shows seams between them. */
static void
draw_symbol(cairo_t *cr, const QRcode *qr, double x, double y, double module)
{
	double more = module / 100;

	for (int r = 0; r < qr->width; r++)
		for (int k = 0; k < qr->width; k++)
			if (qr->data[r * qr->width + k] & 1)
				cairo_rectangle(cr, x + k * module, y + r * module, module + more, module + more);
	cairo_fill(cr);
}

static void
draw_frame(cairo_t *cr, const cairo_rectangle_t *box, double round, double line)
{
	const double quarter = 3.14159265358979 / 2;
	double left = box->x + round, right = box->x + box->width - round;
	double top = box->y + round, bottom = box->y + box->height - round;

	cairo_new_sub_path(cr);
	cairo_arc(cr, right, top, round, -quarter, 0);
	cairo_arc(cr, right, bottom, round, 0, quarter);
	cairo_arc(cr, left, bottom, round, quarter, 2 * quarter);
	cairo_arc(cr, left, top, round, 2 * quarter, 3 * quarter);
	cairo_close_path(cr);
	cairo_set_line_width(cr, line);
	cairo_stroke(cr);
}

static int
draw(cairo_t *cr, const struct composed *m, const struct layout *l, const QRcode *qr, double size)
{
	double slack = l->card_h - 2 * l->pad - m->height;
	double more = slack > 0 ? slack / 4 : 0;
	int missing = 0;

	draw_frame(cr, &(cairo_rectangle_t){0, m->box_y + more, m->width, m->box_h}, 0.5 * size, 0.09 * size);
	draw_symbol(cr, qr, 0, m->qr_y + 2 * more, l->module);
	for (size_t k = 0; k < m->count; k++) {
		const struct item *i = &m->items[k];

		cairo_move_to(cr, i->x, i->y + i->block * more);
		pango_cairo_show_layout(cr, i->text);
		missing += pango_layout_get_unknown_glyphs_count(i->text);
	}
	return missing;
}

int
card_draw(cairo_t *cr, const struct layout *l, const struct card *c, double x, double y)
{
	QRcode *qr = QRcode_encodeString(c->code, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	struct composed m;
	double size = l->text;
	int missing = 0;

	if (qr == NULL)
		return -1;
	cairo_save(cr);
	cairo_rectangle(cr, x, y, l->card_w, l->card_h);
	cairo_clip(cr);
	cairo_translate(cr, x + l->pad, y + l->pad);
	prepare_context(cr);
	compose(cr, &m, c, l, size, qr->width * l->module);
	for (int k = 1; k < SCALES && m.height > l->card_h - 2 * l->pad; k++) {
		decompose(&m);
		size = l->text * (1 - 0.05 * k);
		compose(cr, &m, c, l, size, qr->width * l->module);
	}
	missing = draw(cr, &m, l, qr, size);
	decompose(&m);
	cairo_restore(cr);
	QRcode_free(qr);
	return cairo_status(cr) == CAIRO_STATUS_SUCCESS ? missing : -1;
}

int
card_foot(cairo_t *cr, const struct layout *l, const char *title, const char *page)
{
	double size = 0.6 * l->text + 2.4, w = 0;
	PangoLayout *left = NULL, *right = NULL;
	int missing = 0;

	cairo_save(cr);
	prepare_context(cr);
	right = text_new(cr, PLAIN, false, size, page);
	text_size(right, &w, NULL);
	left = text_new(cr, PLAIN, false, size, title);
	text_limit(left, l->page_w - 2 * l->left - w - 2 * size, 1);
	cairo_move_to(cr, l->left, l->foot);
	pango_cairo_show_layout(cr, left);
	cairo_move_to(cr, l->page_w - l->left - w, l->foot);
	pango_cairo_show_layout(cr, right);
	missing = pango_layout_get_unknown_glyphs_count(left);
	g_object_unref(left);
	g_object_unref(right);
	cairo_restore(cr);
	return missing;
}

int
card_fonts(cairo_t *cr)
{
	PangoLayout *t = text_new(cr, MONO, true, 10, CARDS_SYMBOLS);
	double w = 0;
	bool good = false;

	text_size(t, &w, NULL);
	good = w > 0 && pango_layout_get_unknown_glyphs_count(t) == 0;
	g_object_unref(t);
	return good;
}
