/*
 * cmd_key.c - take the content key of a lecture out of the keystore.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "cli.h"
#include "faultsay.h"
#include "opt.h"
#include "peeking.h"
#include "prompt.h"
#include "secret.h"
#include "stickarg.h"
#include "text.h"

#define HEX_SIZE (2 * KEY_SIZE + 1)

static enum err
confirm(const struct cli *c, const struct peeking *p, struct fault *f)
{
	char question[400];

	snprintf(question, sizeof question,
	    _("Print the key of \"%s\"? Whoever has it reads all of the lecture, on every stick that carries it, for good."),
	    SHORT(p->peek.lectures.list[0].label));
	return prompt_yes(c, question, f);
}

static void
warn(const struct cli *c, const struct lecture *l)
{
	say_warn(c,
	    "this is the key of \"%s\" itself: whoever has it reads the lecture without a code, on every stick that carries it, and "
	    "no revocation stops that. Keep it as you keep the passphrase; the books note that it was taken out",
	    SHORT(l->label));
}

/* The text of the key is secret, too. */
static enum err
print(const struct cli *c, const uint8_t ck[KEY_SIZE])
{
	char *hex = secret_new(HEX_SIZE);

	if (hex == NULL)
		return say_refuse(c, E_FAIL, "there is not enough memory for the key");
	setvbuf(stdout, NULL, _IONBF, 0); /* it is in no buffer that nobody wipes */
	sodium_bin2hex(hex, HEX_SIZE, ck, KEY_SIZE);
	puts(hex);
	secret_free(&hex);
	return say_stdout(c);
}

static enum err
run(struct peeking *p, const char *stick, bool yes, struct fault *f)
{
	struct place at = {.fd = -1};
	char path[PATH_MAX];
	enum err e = stickarg_open(p->c, &at, stick, f);

	if (e == E_OK)
		snprintf(path, sizeof path, "%s", at.path);
	place_close(&at);
	if (e != E_OK || (e = peeking_find(p, path, f)) != E_OK || (!yes && (e = confirm(p->c, p, f)) != E_OK) ||
	    (e = peeking_key(p, path, f)) != E_OK)
		return e;
	return peeking_note(p, f); /* before anybody has it */
}

enum err
cmd_key(struct cli *c, int argc, char **argv)
{
	struct peeking p = {.c = c, .verb = "key", .issuer = {.dir_fd = -1}};
	bool yes = false;
	const struct opt rows[] = {
	    {OPT_TEXT, "lecture", 0, "LABEL|ID", N_("of this lecture, where the stick has several"), &p.peek.lectures.wanted, 0, 0},
	    {OPT_FLAG, "yes", 'y', NULL, N_("do not ask"), &yes, 0, 0},
	    {.kind = OPT_END},
	};
	const struct opt_verb verb = {"key [STICK]",
	    N_("Print the key of a lecture of yours that is on STICK, for a program of your own that reads it with liboncestick. Whoever "
	       "has the\n"
	       "key needs no code, on any stick, ever. The books note that it was taken out.\n"),
	    OPT_PASSPHRASE | OPT_PINENTRY, rows, 0, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	const char *stick = NULL;
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	stick = words.count > 0 ? words.list[0] : NULL;
	if ((e = run(&p, stick, yes, &f)) != E_OK) {
		e = faultsay_error(c, &f, &(struct faultsay_about){.object = stick});
	} else {
		warn(c, &p.peek.lectures.list[0]);
		e = print(c, p.peek.ck);
	}
	peeking_free(&p);
	return e;
}
