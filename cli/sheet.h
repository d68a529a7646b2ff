/*
 * sheet.h - a code sheet: cards to cut out, as a PDF that another program draws (cards.h).
 *
 * In two steps, so that no code is taken before it is certain that the sheet can be drawn and written, as far as that can be.
 * Where this program was built without sheets, sheet_begin says so.
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
	const char *file;	   /* as named; "-" is standard output */
	char program[PATH_MAX];	   /* that draws */
	char temporary[PATH_MAX];  /* beside file, until it is whole; "" if there is none */
	int fd;			   /* of it, or standard output; -1: not begun */
	bool missing;		   /* drawn, but some characters are boxes, for want of a font */
};

/*
 * sheet_begin(c, s, file, f): find the program that draws and try it; make a file of mode 0600 that becomes file. E_USAGE if file
 * is there already, lies on a stick with ONCE, or is a terminal; E_FAIL if it cannot be made or nothing can be drawn; the fault has
 * the whole sentence.
 */
enum err sheet_begin(const struct cli *c, struct sheet *s, const char *file, struct fault *f);

/*
 * sheet_draw(s, cards, why): draw cards, which cards_make made after wiping_json, and give the file its name. Return 0, or -1 with
 * the reason in why, in words that are safe to print.
 */
int sheet_draw(struct sheet *s, const json_t *cards, char why[SHEET_WHY]);

/* sheet_end(s): remove what did not get its name. Also for one that is all zeros, or was never begun. */
void sheet_end(struct sheet *s);

#endif
