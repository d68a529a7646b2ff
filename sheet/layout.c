/*
 * layout.c - where cards are on paper.
 */
#include "layout.h"

#define SIDE (10 * LAYOUT_MM)
#define TOP (10 * LAYOUT_MM)
#define BOTTOM (14 * LAYOUT_MM)
#define FOOT (11 * LAYOUT_MM) /* from the end of the page */

void
layout_make(struct layout *l, enum layout_paper paper, bool large)
{
	*l = (struct layout){
	    .page_w = paper == LAYOUT_LETTER ? 8.5 * 72 : 210 * LAYOUT_MM,
	    .page_h = paper == LAYOUT_LETTER ? 11 * 72 : 297 * LAYOUT_MM,
	    .left = SIDE,
	    .top = TOP,
	    .columns = large ? 1 : 2,
	    .rows = large ? 2 : 3,
	    .pad = (large ? 8 : 5) * LAYOUT_MM,
	    .text = large ? 15.5 : 8.5,
	    .module = (large ? 1.5 : 0.85) * LAYOUT_MM,
	};
	l->card_w = (l->page_w - 2 * SIDE) / l->columns;
	l->card_h = (l->page_h - TOP - BOTTOM) / l->rows;
	l->foot = l->page_h - FOOT;
}

size_t
layout_pages(const struct layout *l, size_t cards)
{
	size_t each = (size_t)l->columns * l->rows;

	return cards / each + (cards % each != 0);
}

void
layout_place(const struct layout *l, size_t k, size_t *page, double *x, double *y)
{
	size_t each = (size_t)l->columns * l->rows;

	*page = k / each;
	*x = l->left + (double)(k % each % l->columns) * l->card_w;
	*y = l->top + (double)(k % each / l->columns) * l->card_h; /* NOLINT(bugprone-integer-division): the row */
}
