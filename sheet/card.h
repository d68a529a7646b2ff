/*
 * card.h - drawing one card to cut out: a code as text and as a QR code, what it is for, and what to do with it.
 */
#ifndef CARD_H
#define CARD_H

#include <stddef.h>

#include <cairo.h>

#include "cards.h"
#include "layout.h"

/* The members of a card as in cards.h, borrowed; all UTF-8. */
struct card {
	const char *code, *id, *number, *head, *sub, *once;
	const char *names[CARDS_ROWS_MAX], *values[CARDS_ROWS_MAX];
	size_t rows;
	const char *steps[CARDS_STEPS_MAX];
	size_t step_count;
};

/*
 * card_draw(cr, l, c, x, y): draw c, without the lines to cut along, with its upper left corner at x, y. Nothing is drawn outside
 * the card: text that does not fit is made smaller, and ends with an ellipsis if it is still too long. Return how many characters
 * had no glyph, or -1 if there is no memory.
 */
int card_draw(cairo_t *cr, const struct layout *l, const struct card *c, double x, double y);

/*
 * card_foot(cr, l, title, page): draw the line below the cards, with the title on the left and "1 / 3" on the right. Returns the
 * same as card_draw.
 */
int card_foot(cairo_t *cr, const struct layout *l, const char *title, const char *page);

/* card_fonts(cr): whether some font has all characters that codes are made of. */
int card_fonts(cairo_t *cr);

#endif
