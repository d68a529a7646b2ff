/*
 * cmd_backup.c - the issuer's books and keystore in one file.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "backup.h"
#include "cli.h"
#include "faultsay.h"
#include "issuer.h"
#include "issuing.h"
#include "keystore.h"
#include "keytree.h"
#include "newfile.h"
#include "opt.h"
#include "text.h"

static enum err
report(const struct cli *c, const struct issuer *i, const char *file)
{
	char print[FINGERPRINT_SIZE], safe[2 * ISSUER_DIR_MAX];

	keytree_fingerprint(print, i->pk);
	if (c->json)
		return say_json(c, json_pack("{s:s, s:o, s:o}", "issuer", print, "file", say_json_text(file), "time",
				       say_json_time(i->now)));
	say_safe(safe, sizeof safe, file);
	if (!c->quiet)
		/* TRANSLATORS: an issuer's fingerprint, and a file */
		printf(_("backup of issuer %s: %s\n"), print, safe);
	say_info(c, "keep it on another disk or a stick; it says who has which code, and opens with the passphrase as it is today");
	say_info(c, "next: oncestick restore --test %s", safe);
	return say_stdout(c);
}

static enum err
make(struct issuer *i, const struct cli *c, const char *file, struct fault *f)
{
	uint8_t *keystore = NULL;
	size_t n = 0;
	enum err e = newfile_check(c, file, f);

	if (e == E_OK && (e = issuing_open_to_read(i, c, f)) == E_OK)
		issuing_warn_behind(i, c);
	if (e == E_OK && (e = keystore_load(i->dir_fd, &keystore, &n, f)) == E_OK)
		e = backup_make(i->books, &(struct backup_new){file, BYTES(keystore, n), i->now, PACKAGE_VERSION}, f);
	free(keystore);
	return e;
}

enum err
cmd_backup(struct cli *c, int argc, char **argv)
{
	const struct opt_verb verb = {"backup FILE",
	    N_("Copy the issuer's books and keystore to FILE, a new one, as they are at one moment, also while others work with them. "
	       "The keystore\n"
	       "in it is under its passphrase. 'oncestick restore FILE' makes the issuer of it again; copy nothing by hand.\n"),
	    OPT_JSON, NULL, 1, 1};
	struct issuer i = {.dir_fd = -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	e = make(&i, c, words.list[0], &f);
	e = e == E_OK ? report(c, &i, words.list[0]) : faultsay_error(c, &f, NULL);
	issuer_close(&i);
	return e;
}
