/*
 * sheet_none.c - no code sheets in this build.
 */
#include "sheet.h"

#include <stdio.h>

#include "say.h"
#include "text.h"

enum err
sheet_begin(const struct cli *c, struct sheet *s, const char *file, struct fault *f)
{
	(void)s;
	(void)file;
	return say_fault(c, f, E_USAGE, "%s",
	    _("this oncestick was built without code sheets (configure --with-sheet). No code was handed out; without --sheet codes "
	      "are printed as text."));
}

int
sheet_draw(struct sheet *s, const json_t *cards, char why[SHEET_WHY])
{
	(void)s;
	(void)cards;
	snprintf(why, SHEET_WHY, "-");
	return -1;
}

int
sheet_next(struct sheet *s, const char *file, char why[SHEET_WHY])
{
	(void)file;
	return sheet_draw(s, NULL, why);
}

void
sheet_end(struct sheet *s)
{
	(void)s;
}
