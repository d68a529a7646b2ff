/*
 * term.h - how this run of the program talks: its verb, and the options that mean the same for all verbs.
 *
 * stdout is for data, stderr for talk.
 */
#ifndef TERM_H
#define TERM_H

#include <stdbool.h>

#include "error.h"

struct pinentry;
struct sentence; /* say.c */

struct cli {
	const char *verb; /* "issue" */
	const char *about; /* of several sticks the one that lines of talk are about, safe to print; NULL: there is only one */

	/* set by opt_parse, from the options that the verb offers */
	bool quiet;		     /* only errors and questions */
	bool plain;		     /* no bars, no colour, one line per 10 % */
	bool json;		     /* the result as JSON on stdout */
	bool progress_json;	     /* progress as JSON lines on stderr */
	bool clock_is_right;	     /* issuer: do not ask for today's date */
	const char *passphrase_file; /* NULL: ask; "-": standard input */
	const char *code_file;	     /* the same */
	bool pinentry;		     /* ask in windows of pinentry */
	struct pinentry *dialog;     /* the client for that, otherwise NULL; opt_parse makes it, main ends it */

	struct sentence **sentences; /* the sentences of faults (say_fault); the maker of this struct calls say_forget */
};

#endif
