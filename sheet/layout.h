/*
 * layout.h - where cards are on paper. All lengths are in points, 1/72 inch, as in PDF; y grows downwards.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#define LAYOUT_MM (72 / 25.4)

enum layout_paper { LAYOUT_A4, LAYOUT_LETTER };

/*
 * Cards of one size in columns and rows. They touch each other, so that one cut separates two. Around them is a margin that
 * printers can leave white, with the page numbers at its bottom.
 */
struct layout {
	double page_w, page_h;
	double left, top;      /* of the first card */
	double card_w, card_h; /* from cut to cut */
	unsigned columns, rows;
	double pad;    /* between a cut and what is printed; more than a QR code's quiet zone in modules of that size */
	double text;   /* size of normal text */
	double module; /* side of one module of a QR code */
	double foot;   /* top of the line with the page number */
};

/* layout_make(l, paper, large): six cards per page, or two in large print. */
void layout_make(struct layout *l, enum layout_paper paper, bool large);

/* layout_pages(l, cards): how many pages that many cards take. */
size_t layout_pages(const struct layout *l, size_t cards);

/* layout_place(l, k, page, x, y): the page of the k-th card, counting from 0 and row by row, and its upper left corner. */
void layout_place(const struct layout *l, size_t k, size_t *page, double *x, double *y);

#endif
