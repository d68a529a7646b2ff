#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "mounting.h"
#include "opt.h"
#include "text.h"

static const char about_text[] =
    N_("Ask for the stick's code, use it up, and open the lecture's folder, read-only. The folder's path is printed on standard "
       "output.\n"
       "STICK is the directory where the stick is mounted; without it, the only locked stick there is. DIR is an empty directory "
       "of yours;\n"
       "without it, a new folder in your home directory. Until the session's deadline the same code opens it again on this PC.\n"
       "Whoever locked the stick can open it with --as-issuer and the passphrase: no code is used up, and the books note it.\n");

static enum err
report(const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;

	if (m->c->json)
		return say_json(m->c, json_pack("{s:s%, s:s, s:I, s:b, s:b}", "mount_point", m->msg.mount_point,
		    strlen(m->msg.mount_point), "label", i->label, "remaining_s", (json_int_t)i->remaining_s, "resumed",
		    (int)i->resume, "as_issuer", (int)i->by_key));
	puts(m->msg.mount_point);
	return say_stdout(m->c);
}

/* Options that mean something only with a code, or only without one. */
static enum err
check_options(const struct cli *c, bool as_issuer, const char *lecture)
{
	if (as_issuer && c->code_file != NULL)
		return say_usage(c, "--as-issuer asks for the passphrase, not for a code: leave out --code-file");
	if (!as_issuer && (c->passphrase_file != NULL || lecture != NULL))
		return say_usage(c, "%s belongs to --as-issuer: a code opens its own lecture, and needs no passphrase",
		    lecture != NULL ? "--lecture" : "--passphrase-file");
	return E_OK;
}

enum err
cmd_mount(struct cli *c, int argc, char **argv)
{
	struct peeking peeking = {.c = c, .verb = "mount --as-issuer", .issuer = {.dir_fd = -1}};
	struct mounting m = {.c = c, .link = {.fd = -1}};
	bool stay = false, as_issuer = false;
	const struct opt rows[] = {{OPT_FLAG, "yes", 'y', NULL, N_("do not ask before the code is used up"), &m.yes, 0, 0},
	    {OPT_FLAG, "as-issuer", 0, NULL, N_("with the issuer's passphrase in place of a code"), &as_issuer, 0, 0},
	    {OPT_TEXT, "lecture", 0, "LABEL|ID", N_("with --as-issuer: which lecture, where the stick has several"),
		&peeking.peek.lectures.wanted, 0, 0},
	    {OPT_FLAG, "open", 'o', NULL, N_("then show the folder in the file manager"), &m.reveal, 0, 0},
	    {OPT_FLAG, "no-desktop", 0, NULL, N_("no notifications; let the PC go to sleep"), &m.no_desktop, 0, 0},
	    {OPT_FLAG, "page-cache", 0, NULL, N_("let large files use this PC's page cache, too"), &m.page_cache, 0, 0},
	    {OPT_FLAG, "foreground", 0, NULL, N_("stay until the folder is closed; ^C pauses the session"), &stay, 0, 0},
	    {.kind = OPT_END}};
	const struct opt_verb v = {"mount [STICK [DIR]]", about_text,
	    OPT_JSON | OPT_PLAIN | OPT_CODE | OPT_PASSPHRASE | OPT_PINENTRY, rows, 0, 2};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err err;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	if ((err = check_options(c, as_issuer, peeking.peek.lectures.wanted)) != E_OK)
		return err;
	m.as_issuer = as_issuer ? &peeking : NULL;
	if (mounting_resolve(&m, words.count > 0 ? words.list[0] : NULL, words.count > 1 ? words.list[1] : NULL, &f) != E_OK)
		return faultsay_error(c, &f,
		    &(struct faultsay_about){.object = f.err == E_FUSE ? words.list[1] : words.count > 0 ? words.list[0] : NULL});
	if ((err = mounting_open(&m)) != E_OK || (err = report(&m)) != E_OK)
		return err;
	mounting_ready(&m, stay);
	return stay ? mounting_wait(&m) : E_OK;
}
