/*
 * layout.h - where cards stand on paper. All lengths are in points, 1/72 inch, as in PDF; y grows downwards.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#define LAYOUT_MM (72 / 25.4)

enum layout_paper { LAYOUT_A4, LAYOUT_LETTER };

/* Cards of one size in columns and rows that touch each other, so that one cut parts two; round them a margin that printers can
 * leave white, at the bottom of which the pages are numbered. */
struct layout {
	double page_w, page_h;
	double left, top;      /* of the first card */
	double card_w, card_h; /* from cut to cut */
	unsigned columns, rows;
	double pad;    /* between a cut and what is printed; more than the quiet zone of a QR code of that module */
	double text;   /* size of plain text */
	double module; /* side of a module of a QR code */
	double foot;   /* top of the line with the page's number */
};

/* layout_make(l, paper, large): six cards a page, or two with large print. */
void layout_make(struct layout *l, enum layout_paper paper, bool large);

/* layout_pages(l, cards): how many pages that many cards take. */
size_t layout_pages(const struct layout *l, size_t cards);

/* layout_place(l, k, page, x, y): on which page the k-th card stands, from 0, and where its upper left corner is: row by row. */
void layout_place(const struct layout *l, size_t k, size_t *page, double *x, double *y);

#endif
