/*
 * reportsay.h - a report on standard output: for people on a terminal, as a page to print, or for programs.
 *
 * It is written while it is read from the books, in one transaction of the caller's, so that even a year of a large office takes no
 * memory. Nobody can write in the books meanwhile.
 */
#ifndef REPORTSAY_H
#define REPORTSAY_H

#include "audit.h"
#include "error.h"
#include "issuer.h"
#include "term.h"

struct reportsay {
	const struct cli *c;
	const struct issuer *issuer;
	const struct audit_wanted *wanted;
};

/*
 * reportsay_text(r, f), and the others: print the whole report. If it cannot be written, E_FAIL with nothing in f: say_stdout has
 * the words for that. Otherwise the errors of audit_lectures.
 */
typedef enum err reportsay_print(const struct reportsay *r, struct fault *f);
reportsay_print reportsay_text, reportsay_csv, reportsay_json, reportsay_html;

/* reportsay_format(word): the one called "text", "csv", "json" or "html"; NULL for anything else. */
reportsay_print *reportsay_format(const char *word);

#endif
