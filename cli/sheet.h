/*
 * sheet.h - a code sheet: cards to cut out, as a PDF that another program draws (cards.h).
 *
 * It takes two steps, so that no code is taken before it is as certain as can be that the sheet can be drawn and written. In a
 * build without sheets, sheet_begin says so.
 */
#ifndef SHEET_H
#define SHEET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "cli.h"
#include "error.h"

#define SHEET_WHY 400 /* enough for sheet_draw */

struct sheet {
	const char *file;	   /* as given; "-": standard output */
	char program[PATH_MAX];	   /* the one that draws */
	char temporary[PATH_MAX];  /* beside file, until it is complete; "": none */
	int fd;			   /* its descriptor, or standard output; -1: not begun */
	bool missing;		   /* drawn, but some characters are boxes, because no font has them */
};

/*
 * sheet_begin(c, s, file, f): find the program that draws, and test it; make a file of mode 0600 that will become file. Errors,
 * with a whole sentence in f: E_USAGE if file exists, is on a stick with ONCE, or is a terminal; E_INTERRUPTED; E_FAIL if the file
 * cannot be made, or nothing can be drawn.
 */
enum err sheet_begin(const struct cli *c, struct sheet *s, const char *file, struct fault *f);

/*
 * sheet_draw(s, cards, why): draw cards, which cards_make made after wiping_json, and give the file its name. Return 0, or -1 with
 * the reason in why, in words that are safe to print.
 */
int sheet_draw(struct sheet *s, const json_t *cards, char why[SHEET_WHY]);

/*
 * sheet_next(s, file, why): the next sheet_draw makes this file. Only for a sheet that was begun with another file in the same
 * directory. Return 0, or -1 with the reason in why.
 */
int sheet_next(struct sheet *s, const char *file, char why[SHEET_WHY]);

/* sheet_end(s): remove a file that did not get its name. s may be all zeros, or never begun. */
void sheet_end(struct sheet *s);

#endif
