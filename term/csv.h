/*
 * csv.h - cells of RFC 4180 that a spreadsheet takes for text.
 */
#ifndef CSV_H
#define CSV_H

/*
 * csv_cell(out, text, after): write text as a cell to out, which has room for it: at most 2 strlen(text) + 4 bytes; then the
 * character after. Where a spreadsheet would take it for a formula an apostrophe is put before it. Return where the next one goes.
 */
char *csv_cell(char *out, const char *text, char after);

#endif
