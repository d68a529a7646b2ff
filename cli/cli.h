/*
 * cli.h - the verbs.
 *
 * A verb returns an enum err, which becomes the exit status. By then it has said what went wrong (faultsay.h).
 */
#ifndef CLI_H
#define CLI_H

#include "error.h"
#include "term.h"

/* One verb: parse argv[1..] with opt_parse, do the work, report the result. argv[0] is the verb's name. */
typedef enum err cli_verb(struct cli *c, int argc, char **argv);

cli_verb cmd_init, cmd_prepare, cmd_refill, cmd_issue, cmd_codes, cmd_revoke, cmd_collect, cmd_erase, cmd_verify, cmd_inspect;
cli_verb cmd_backup, cmd_restore;
cli_verb cmd_mount, cmd_play, cmd_unmount, cmd_status, cmd_accept, cmd_rehearse, cmd_station, cmd_sticks, cmd_watch;
cli_verb cmd_report, cmd_forget, cmd_passwd, cmd_contact, cmd_key;

#endif
