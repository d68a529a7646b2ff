/*
 * prompt_code.c - which part of what people type is a code, and what they typed instead of one.
 */
#include "prompt_code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "code.h"
#include "faultsay.h"
#include "keyboard.h"
#include "text.h"

#define READING_MAX 300
#define CODE_QUESTION N_("Code: ")

/* Somebody typed the name of a stick, a code or an issuer by mistake. */
static bool
is_name(const char *text, size_t n)
{
	return memchr(text, '/', n) != NULL || memchr(text, ':', n) != NULL;
}

static const char *
remark_typo(char *out, size_t size, const char *text, size_t n)
{
	char symbols[CODE_SYMBOLS];
	int group = 0;
	enum err e = code_parse(symbols, CODE_UNLOCK, text, n, &group);

	sodium_memzero(symbols, sizeof symbols);
	if (e != E_CODE_TYPO)
		return "";
	if (group == 0)
		return _("  (typing error?)");
	snprintf(out, size, _("  (typing error in group %d?)"), group);
	return out;
}

static struct line_style
code_style(const struct cli *c)
{
	return (struct line_style){
	    .file = c->code_file,
	    .option = "--code-file FILE",
	    .wrong = E_CODE_FORM,
	    .shown = true,
	    .whole = CODE_SYMBOLS,
	    .group = CODE_GROUP,
	    .foreign = is_name,
	    .skipped = code_separator,
	    .folded = code_fold,
	    .remark = remark_typo,
	};
}

enum err
prompt_code(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f)
{
	const struct line_style style = code_style(c);
	enum err e = prompt_secret(c, question != NULL ? question : _(CODE_QUESTION), &style, a, f);

	if (e != E_OK || a->n > 0)
		return e;
	prompt_free(a);
	if (c->code_file == NULL)
		return say_fault(c, f, E_PROMPT, _("cancelled: no code was typed."));
	return say_fault(c, f, E_CODE_FORM, _("there is no code in %s."),
	    strcmp(c->code_file, "-") == 0 ? _("standard input") : c->code_file);
}

static enum err
parse_code(
    const struct prompt_answer *a, char symbols[CODE_SYMBOLS], bool shown, struct faultsay_about *about, char group[CODE_GROUP + 1])
{
	enum err e = code_parse(symbols, CODE_UNLOCK, a->text, a->n, &about->group);

	if (e == E_CODE_TYPO && shown && code_group(group, a->text, a->n, about->group) == 0)
		about->group_text = group;
	if (e == E_CODE_FORM && code_looks_like_id(a->text, a->n) != 0)
		about->typed = a->text;
	return e;
}

static const char *
keyboard_name(enum keyboard keyboard)
{
	static const char *const names[] = {
	    "", N_("German (QWERTZ)"), N_("French (AZERTY)"), N_("Korean (two-set)"), N_("Russian")};

	return _(names[keyboard]);
}

/*
 * What was typed is not a code, but would be one on another keyboard. E_OK if the person wants that one; E_CODE_TYPO if there is
 * none, or it is not wanted. If the code was hidden while it was typed, it is not shown here either.
 */
static enum err
offer_reading(const struct cli *c, const struct prompt_answer *a, char symbols[CODE_SYMBOLS], struct fault *f)
{
	const struct prompt_way ways[] = {{'y', _("Use it")}, {'n', _("Type again")}, {0, NULL}};
	char reading[CODE_SYMBOLS], shown[CODE_SHOWN_SIZE], question[300], answer = 'n';
	enum keyboard keyboard = keyboard_read(reading, CODE_UNLOCK, a->text, a->n);
	enum err e = E_OK;

	if (keyboard == KEYBOARD_NONE)
		return E_CODE_TYPO;
	code_show(shown, reading);
	if (c->dialog != NULL || a->hidden)
		snprintf(question, sizeof question, _("On a %s keyboard these keys would be a code. Use that?"),
		    keyboard_name(keyboard));
	else
		snprintf(
		    question, sizeof question, _("On a %s keyboard that would be %s. Use it?"), keyboard_name(keyboard), shown);
	e = prompt_choice(c, &(struct prompt_question){question, _("[Enter / n]"), ways, 'y'}, &answer, f);
	if (e == E_OK && answer == 'y')
		memcpy(symbols, reading, CODE_SYMBOLS);
	else if (e == E_OK)
		e = E_CODE_TYPO;
	sodium_memzero(reading, sizeof reading);
	sodium_memzero(shown, sizeof shown);
	sodium_memzero(question, sizeof question);
	return e;
}

/* The same for a code from a file: say only that there is one, because errors end up in logs. "" if there is none. */
static void
reading_words(char out[READING_MAX], const struct prompt_answer *a)
{
	char reading[CODE_SYMBOLS];
	enum keyboard keyboard = keyboard_read(reading, CODE_UNLOCK, a->text, a->n);

	out[0] = '\0';
	if (keyboard != KEYBOARD_NONE)
		snprintf(out, READING_MAX, _(" On a %s keyboard these keys would be a code: put that code into the file."),
		    keyboard_name(keyboard));
	sodium_memzero(reading, sizeof reading);
}

static void
wrong_in_file(
    const struct cli *c, const struct fault *what, const struct faultsay_about *about, const char *reading, struct fault *f)
{
	char *text = faultsay(what, about);

	say_fault(c, f, what->err, "%s%s", text != NULL ? text : "", reading);
	if (text != NULL)
		sodium_memzero(text, strlen(text));
	free(text);
}

/*
 * Say what is wrong with a code; for one from a file put it into *f. E_OK if another keyboard explains it, and the person wants
 * that.
 */
static enum err
not_a_code(const struct cli *c, enum err wrong, const struct prompt_answer *a, struct faultsay_about *about,
    char symbols[CODE_SYMBOLS], struct fault *f)
{
	struct fault what = {0};
	char reading[READING_MAX] = "";
	bool other_keyboard = (wrong == E_CODE_FORM || wrong == E_CODE_TYPO) && about->typed == NULL;
	enum err e = E_CODE_TYPO;

	fault_set(&what, wrong, 0, "code", "code");
	if (c->code_file != NULL) {
		about->code = false; /* the caller says that */
		if (other_keyboard)
			reading_words(reading, a);
		wrong_in_file(c, &what, about, reading, f);
		return wrong;
	}
	if (other_keyboard)
		e = offer_reading(c, a, symbols, f);
	if (e == E_CODE_TYPO)
		faultsay_error(c, &what, about);
	return e;
}

enum err
prompt_code_symbols(const struct cli *c, const char *question, bool spends, char symbols[CODE_SYMBOLS], struct fault *f)
{
	char group[CODE_GROUP + 1];
	enum err e = E_OK;

	do {
		struct faultsay_about about = {.code = spends};
		struct prompt_answer a = {0};

		if ((e = prompt_code(c, question, &a, f)) != E_OK)
			return e;
		e = parse_code(&a, symbols, c->dialog == NULL && !a.hidden, &about, group);
		if (e != E_OK)
			e = not_a_code(c, e, &a, &about, symbols, f);
		prompt_free(&a);
	} while (e == E_CODE_TYPO && c->code_file == NULL);
	sodium_memzero(group, sizeof group);
	return e;
}

enum err
prompt_code_lines(const struct cli *c, prompt_line_fn *each, void *arg, struct fault *f)
{
	const struct line_style style = code_style(c);

	return prompt_lines(c, &style, each, arg, f);
}
