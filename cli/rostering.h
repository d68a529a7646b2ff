/*
 * rostering.h - issue --roster: codes for everybody on a list, in one go.
 */
#ifndef ROSTERING_H
#define ROSTERING_H

#include <stdbool.h>

#include "cards.h"
#include "cli.h"
#include "error.h"
#include "handoutsay.h"

/* What the command line says. NULL: not given. */
struct rostering {
	const char *file;    /* the roster */
	const char *lecture;
	const char *already; /* what to do for those who have codes */
	const char *sheet, *sheets; /* where cards go: a file, or a directory with a file for each person */
	const char *list;    /* where the office's list goes */
	bool dry_run;
	bool print; /* codes go to standard output, as format */
	enum handoutsay_format format;
	enum cards_paper paper;
	bool large;
};

/* rostering(c, a): do it. Whatever goes wrong it has said. The exit status. */
enum err rostering(const struct cli *c, const struct rostering *a);

#endif
