/*
 * term.h - how this run of the program talks: its verb, and the options that all verbs understand alike.
 *
 * stdout is data, stderr is talk.
 */
#ifndef TERM_H
#define TERM_H

#include <stdbool.h>

#include "error.h"

struct pinentry;
struct sentence; /* talk.c */

struct cli {
	const char *verb; /* "issue" */

	/* set by opt_parse from the options the verb offers */
	bool quiet;		     /* no talk but errors and questions */
	bool plain;		     /* no bars, no colour, one line per 10 % */
	bool json;		     /* the answer as JSON on stdout */
	bool progress_json;	     /* progress as JSON lines on stderr */
	bool clock_is_right;	     /* issuer: do not ask for today's date */
	const char *passphrase_file; /* NULL: ask; "-": standard input */
	const char *code_file;	     /* the same */
	bool pinentry;		     /* ask in windows of pinentry */
	struct pinentry *dialog;     /* where they are asked then, else NULL; opt_parse makes it, main ends it */

	struct sentence **sentences; /* the list of those that faults say (say_fault); whoever made this ends it (say_forget) */
};

#endif
