/*
 * cmd_init.c - make an issuer: seed, keystore, books.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "dcbor.h"
#include "faultsay.h"
#include "issuer.h"
#include "issuing.h"
#include "keystore.h"
#include "keytree.h"
#include "opt.h"
#include "prompt.h"
#include "secret.h"
#include "sql.h"
#include "text.h"

static enum err
refuse_existing(const struct issuer *i, const struct cli *c, struct fault *f)
{
	int fd = open(i->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool there = fd >= 0 && faccessat(fd, KEYSTORE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	if (fd >= 0)
		close(fd);
	if (there)
		return say_fault(c, f, E_KEYSTORE,
		    _("there is an issuer already, and %s/%s is never overwritten. For another issuer "
		      "set ONCESTICK_ISSUER_DIR."),
		    i->dir, KEYSTORE_NAME);
	return E_OK;
}

static enum err
open_new_dir(struct issuer *i, struct fault *f)
{
	if (sql_make_path(i->dir) != 0)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_DIR, "%s", i->dir);
	i->dir_fd = open(i->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (i->dir_fd < 0)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_FILE, "%s", i->dir);
	return E_OK;
}

/* Books of another seed would name sticks whose codes the new seed cannot make. */
static enum err
open_new_books(struct issuer *i, const struct cli *c, const char *contact, struct fault *f)
{
	struct books_stick *sticks = NULL;
	size_t count = 0;
	enum err e = E_OK;

	if ((e = books_open(&i->books, i->dir, true, f)) != E_OK ||
	    (e = books_sticks(i->books, i->now, &sticks, &count, f)) != E_OK)
		return e;
	free(sticks);
	if (count > 0)
		return say_fault(c, f, E_KEYSTORE,
		    _("%s holds the books of an issuer whose keystore is gone: put %s back, or use another directory."),
		    i->dir, KEYSTORE_NAME);
	return contact != NULL ? books_set(i->books, "contact", contact, f) : E_OK;
}

static enum err
make_keystore(struct issuer *i, struct bytes pass, struct fault *f)
{
	enum err e = E_OK;

	i->seed = secret_new(KEY_SIZE);
	if (i->seed == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the seed");
	randombytes_buf(i->seed, KEY_SIZE);
	e = keystore_create(i->dir_fd, i->seed, pass, f);
	return e == E_OK ? keystore_issuer(i->dir_fd, i->pk, f) : e;
}

static enum err
report(const struct cli *c, const struct issuer *i, const char *contact)
{
	char print[FINGERPRINT_SIZE], safe[2 * ISSUER_DIR_MAX];

	keytree_fingerprint(print, i->pk);
	issuing_warn_rights(i, c);
	if (c->json)
		return say_json(c, json_pack("{s:s, s:s, s:o, s:s*}", "issuer", print, "keystore", KEYSTORE_NAME, "directory",
				       say_json_text(i->dir), "contact", contact));
	/* TRANSLATORS: keep the second column straight */
	if (!c->quiet)
		printf(_("issuer   %s\nkeystore %s/%s\n"), print, say_safe(safe, sizeof safe, i->dir), KEYSTORE_NAME);
	say_info(c, "keep a backup of it (oncestick backup FILE), and remember the passphrase: without them no code can be handed "
		    "out or revoked");
	say_info(c, "next: oncestick prepare FOLDER STICK");
	return say_stdout(c);
}

/* The keystore comes last, so that an issuer exists completely or not at all. */
static enum err
make(struct issuer *i, const struct cli *c, const char *contact, struct fault *f)
{
	struct prompt_answer pass = {0};
	enum err e = E_OK;

	if ((e = issuing_dir(c, i->dir, sizeof i->dir, f)) != E_OK || (e = refuse_existing(i, c, f)) != E_OK ||
	    (e = issuing_new_passphrase(c, c->passphrase_file, "--passphrase-file FILE", &pass, f)) != E_OK ||
	    (e = open_new_dir(i, f)) != E_OK || (e = issuer_check_rights(i->dir_fd, f)) != E_OK ||
	    (e = open_new_books(i, c, contact, f)) != E_OK)
		goto out;
	e = make_keystore(i, BYTES(pass.text, pass.n), f);
out:
	prompt_free(&pass);
	return e;
}

enum err
cmd_init(struct cli *c, int argc, char **argv)
{
	const char *contact = NULL;
	const struct opt rows[] = {
	    {OPT_TEXT, "contact", 0, "TEXT", N_("whom a speaker should call, printed with refusals"), &contact, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"init [--contact TEXT]",
	    N_("Make the issuer: a seed from which all keys and codes come, sealed with a passphrase, and the books that record "
	       "sticks and codes.\n"
	       "They are kept in $ONCESTICK_ISSUER_DIR, else in $XDG_DATA_HOME/oncestick, else in ~/.local/share/oncestick. An "
	       "issuer that exists is\n"
	       "never overwritten.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY | OPT_JSON, rows, 0, 0};
	struct issuer i = {.dir_fd = -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if (contact != NULL && !dcbor_text_ok(contact, strlen(contact)))
		return say_usage(c, "--contact takes 1 to %u bytes of plain text", LABEL_MAX);
	e = make(&i, c, contact, &f);
	e = e == E_OK ? report(c, &i, contact) : faultsay_error(c, &f, NULL);
	issuer_close(&i);
	return e;
}
