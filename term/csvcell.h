/*
 * csvcell.h - cells as in RFC 4180 that a spreadsheet takes for text.
 */
#ifndef CSVCELL_H
#define CSVCELL_H

/*
 * csvcell(out, text, after): write text as a cell, followed by the character after, to out, which has room for at most 2
 * strlen(text) + 4 bytes. If a spreadsheet would take text for a formula, an apostrophe is put before it. Return where the next
 * cell goes.
 */
char *csvcell(char *out, const char *text, char after);

#endif
