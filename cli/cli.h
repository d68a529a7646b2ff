/*
 * cli.h - what every verb is given: its name and the options that all verbs understand alike.
 *
 * stdout is data, stderr is talk. A verb returns an enum err, which is the exit status; it has said why by then (say.h).
 */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>

#include "error.h"

struct pinentry;

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
};

/* One verb: parse argv[1..] with opt_parse, do it, say it. argv[0] is the verb's name. */
typedef enum err cli_verb(struct cli *c, int argc, char **argv);

cli_verb cmd_init, cmd_prepare, cmd_refill, cmd_issue, cmd_codes, cmd_revoke, cmd_collect, cmd_erase, cmd_verify, cmd_inspect;
cli_verb cmd_backup, cmd_restore;
cli_verb cmd_mount, cmd_play, cmd_unmount, cmd_status, cmd_accept, cmd_rehearse, cmd_station, cmd_sticks, cmd_watch;
cli_verb cmd_report, cmd_forget;

#endif
