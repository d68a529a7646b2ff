/*
 * cmd_contact.c - set whom a speaker should call.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cli.h"
#include "dcbor.h"
#include "faultsay.h"
#include "issuer.h"
#include "issuing.h"
#include "opt.h"
#include "settings.h"
#include "text.h"

static enum err
answer(const struct cli *c, const char *contact)
{
	return say_json(c, json_pack("{s:o}", "contact", contact[0] != '\0' ? say_json_text(contact) : json_null()));
}

static enum err
show(const struct cli *c, const struct issuer *i)
{
	char safe[2 * sizeof i->contact];

	if (c->json)
		return answer(c, i->contact);
	if (i->contact[0] == '\0')
		say_info(c, "speakers are told nobody to call yet: oncestick contact \"NAME, NUMBER\"");
	else
		printf("%s\n", say_safe(safe, sizeof safe, i->contact));
	return say_stdout(c);
}

static enum err
report(const struct cli *c, const struct issuer *i)
{
	char safe[2 * sizeof i->contact];

	if (c->json)
		return answer(c, i->contact);
	if (i->contact[0] == '\0')
		say_info(c, "from now on speakers are told nobody to call");
	else
		say_info(c, "from now on speakers are told to call %s", say_safe(safe, sizeof safe, i->contact));
	say_info(c, "that is in what is prepared, refilled or printed from now on. Sticks that are out say what they said, until "
		    "they are refilled");
	return E_OK;
}

enum err
cmd_contact(struct cli *c, int argc, char **argv)
{
	const struct opt_verb verb = {"contact [TEXT]",
	    N_("Show whom a speaker should call, or change it to TEXT; an empty TEXT takes it away. What is prepared, refilled or printed\n"
	       "afterwards has it.\n"),
	    OPT_JSON, NULL, 0, 1};
	struct issuer i = {.dir_fd = -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	const char *contact = NULL;
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	contact = words.count > 0 ? words.list[0] : NULL;
	if (contact != NULL && contact[0] != '\0' && !dcbor_text_ok(contact, strlen(contact)))
		return say_usage(c, "TEXT is 1 to %u bytes of plain text", LABEL_MAX);
	e = contact != NULL ? issuing_open(&i, c, &f) : issuing_open_to_read(&i, c, &f);
	if (e == E_OK && contact != NULL)
		e = settings_contact(&i, contact, &f);
	if (e != E_OK)
		e = faultsay_error(c, &f, NULL);
	else
		e = contact != NULL ? report(c, &i) : show(c, &i);
	issuer_close(&i);
	return e;
}
