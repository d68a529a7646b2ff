/*
 * cmd_passwd.c - give the issuer a new passphrase.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "cli.h"
#include "faultsay.h"
#include "issuer.h"
#include "issuing.h"
#include "keystore.h"
#include "opt.h"
#include "prompt.h"
#include "settings.h"
#include "text.h"

/* The keystore's file, and the passphrase that opens it. */
struct opened {
	struct issuer *issuer;
	uint8_t *file;
	size_t n;
	struct prompt_answer old;
};

/* Others may have changed it while somebody typed. */
static enum err
opens_issuer(void *arg, struct bytes pass, struct fault *f)
{
	struct opened *o = arg;
	enum err e = E_OK;

	free(o->file);
	o->file = NULL;
	e = keystore_load(o->issuer->dir_fd, &o->file, &o->n, f);
	return e == E_OK ? issuer_unlock(o->issuer, pass, f) : e;
}

static enum err
unlock(struct opened *o, const struct cli *c, struct fault *f)
{
	const struct issuing_lock lock = {_("Issuer passphrase as it is now: "), opens_issuer, o};
	enum err e = issuer_check_rights(o->issuer->dir_fd, f);

	return e == E_OK ? issuing_passphrase(c, &lock, &o->old, f) : e;
}

static enum err
ask_another(const struct cli *c, const char *file, const struct prompt_answer *old, struct prompt_answer *a, struct fault *f)
{
	enum err e = issuing_new_passphrase(c, file, "--new-passphrase-file FILE", a, f);

	if (e == E_OK && a->n == old->n && sodium_memcmp(a->text, old->text, a->n) == 0)
		e = say_fault(c, f, E_PASSPHRASE, _("that is the passphrase as it is now; nothing was changed. Choose another."));
	return e;
}

static enum err
run(struct issuer *i, const struct cli *c, const char *file, bool *counts, struct fault *f)
{
	struct opened o = {.issuer = i};
	struct prompt_answer another = {0};
	enum err e = E_OK;

	if ((e = unlock(&o, c, f)) == E_OK && (e = ask_another(c, file, &o.old, &another, f)) == E_OK)
		e = settings_passphrase(i, BYTES(o.file, o.n), BYTES(another.text, another.n), counts, f);
	prompt_free(&another);
	prompt_free(&o.old);
	free(o.file);
	return e;
}

static enum err
report(const struct cli *c)
{
	say_info(c, "the issuer has the new passphrase; the old one opens its keystore no more");
	say_info(c, "backups made before now still open with the old passphrase. Make a new one (oncestick backup FILE), and "
		    "destroy those that you need not keep");
	return E_OK;
}

/* The person needs to know which passphrase is valid now. */
static enum err
explain(const struct cli *c, const struct fault *f, bool counts)
{
	if (counts)
		say_warn(c, "the new passphrase counts already, but not all was completed:");
	if (f->err != E_KEYSTORE || (f->why != WHY_MAKE_FILE && f->why != WHY_MAKE_DURABLE))
		return faultsay_error(c, f, NULL);
	if (counts)
		return say_refuse(c, E_KEYSTORE,
		    "the disk did not confirm the new keystore (%s). Keep both passphrases until the disk is in order, then change it again",
		    strerror(f->sys));
	return say_refuse(c, E_KEYSTORE,
	    "the new keystore could not be written (%s). The passphrase is the old one; make room or mend that, then try again",
	    strerror(f->sys));
}

enum err
cmd_passwd(struct cli *c, int argc, char **argv)
{
	const char *file = NULL;
	const struct opt rows[] = {
	    {OPT_TEXT, "new-passphrase-file", 0, "FILE", N_("first line is the new passphrase; - is standard input"), &file, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"passwd",
	    N_("Change the issuer's passphrase. The old keystore stays until the new one has been read back and opened.\n"
	       "Codes and sticks that are out are not touched. Backups made before open with the old passphrase.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY, rows, 0, 0};
	struct issuer i = {.dir_fd = -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	bool counts = false;
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if ((e = issuing_open(&i, c, &f)) == E_OK)
		e = run(&i, c, file, &counts, &f);
	e = e == E_OK ? report(c) : explain(c, &f, counts);
	issuer_close(&i);
	return e;
}
