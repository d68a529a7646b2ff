/*
 * prompt.c - the questions. prompt_tty.c, prompt_file.c and prompt_dialog.c get the answers.
 */
#include "prompt.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "prompt_internal.h"
#include "say.h"
#include "secret.h"
#include "text.h"
#include "utf8.h"

#define PASS_QUESTION N_("Issuer passphrase: ")
#define NEW_QUESTION N_("New issuer passphrase: ")
#define AGAIN_QUESTION N_("The same again: ")

void
prompt_free(struct prompt_answer *a)
{
	secret_free(&a->text);
	a->n = 0;
}

enum err
prompt_answer_new(struct prompt_answer *a, struct fault *f)
{
	a->n = 0;
	a->text = secret_new(PROMPT_MAX + 1);
	return a->text != NULL ? E_OK : fault_set(f, E_FAIL, ENOMEM, "memory", "for an answer");
}

bool
prompt_possible(const struct cli *c)
{
	return c->dialog != NULL || prompt_tty_possible();
}

void
prompt_about(const struct cli *c, const char *text)
{
	if (c->dialog != NULL)
		pinentry_about(c->dialog, text);
}

enum err
prompt_start(const struct cli *c, struct fault *f)
{
	return c->dialog != NULL ? prompt_dialog_start(c, f) : E_OK;
}

void
prompt_end(const struct cli *c)
{
	if (c->dialog != NULL)
		pinentry_end(c->dialog);
}

/* ---- secrets ------------------------------------------------------------------------------------------------------------- */

static enum err
ask_secret(const struct cli *c, const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f)
{
	struct pinentry_answer given = {.text = a->text, .size = PROMPT_MAX + 1};
	enum err e = E_OK;

	if (c->dialog == NULL)
		return prompt_tty_secret(c, question, style, a, f);
	if ((e = prompt_dialog_get(c, question, NULL, &given, f)) == E_OK)
		a->n = given.n;
	return e;
}

static enum err
not_empty(const struct cli *c, const struct prompt_answer *a, struct fault *f)
{
	return a->n > 0 ? E_OK
			: say_fault(c, f, E_PASSPHRASE, _("the passphrase is empty; it must have at least one character."));
}

enum err
prompt_secret(const struct cli *c, const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f)
{
	enum err e = prompt_answer_new(a, f);

	if (e == E_OK)
		e = style->file != NULL ? prompt_file_answer(c, style, a, f) : ask_secret(c, question, style, a, f);
	if (e != E_OK)
		prompt_free(a);
	return e;
}

static enum err
ask_passphrase(const struct cli *c, const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f)
{
	enum err e = prompt_secret(c, question, style, a, f);

	if (e == E_OK && (e = not_empty(c, a, f)) != E_OK)
		prompt_free(a);
	return e;
}

enum err
prompt_passphrase(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f)
{
	const struct line_style style = {
	    .file = c->passphrase_file, .option = "--passphrase-file FILE", .wrong = E_PASSPHRASE};

	return ask_passphrase(c, question != NULL ? question : _(PASS_QUESTION), &style, a, f);
}

/* Ask for both in one window, if this pinentry can do that: *repeated. */
static enum err
ask_new_in_dialog(const struct cli *c, struct prompt_answer *a, bool *repeated, struct fault *f)
{
	enum err e = prompt_answer_new(a, f);
	struct pinentry_answer given = {.text = a->text, .size = PROMPT_MAX + 1};

	if (e == E_OK && (e = prompt_dialog_get(c, _(NEW_QUESTION), _(AGAIN_QUESTION), &given, f)) == E_OK) {
		a->n = given.n;
		*repeated = given.repeated;
		e = not_empty(c, a, f);
	}
	if (e != E_OK)
		prompt_free(a);
	return e;
}

enum err
prompt_new_passphrase(const struct cli *c, const char *file, const char *option, struct prompt_answer *a, struct fault *f)
{
	const struct line_style style = {.file = file, .option = option, .wrong = E_PASSPHRASE};

	if (file != NULL)
		return ask_passphrase(c, NULL, &style, a, f);
	for (;;) {
		struct prompt_answer again = {0};
		bool same = false;
		enum err e = c->dialog != NULL ? ask_new_in_dialog(c, a, &same, f)
						 : ask_passphrase(c, _(NEW_QUESTION), &style, a, f);

		if (e != E_OK || same)
			return e;
		e = ask_passphrase(c, _(AGAIN_QUESTION), &style, &again, f);
		same = e == E_OK && a->n == again.n && sodium_memcmp(a->text, again.text, a->n) == 0;
		prompt_free(&again);
		if (same)
			return E_OK;
		prompt_free(a);
		if (e != E_OK)
			return e;
		say_info(c, "the two were not the same; once more.");
		say_note(c, _("the two were not the same; once more."));
	}
}

/* ---- questions ----------------------------------------------------------------------------------------------------------- */

enum err
prompt_line(const struct cli *c, const char *question, char *out, size_t size, struct fault *f)
{
	if (c->dialog != NULL)
		return prompt_dialog_get(c, question, NULL, &(struct pinentry_answer){.text = out, .size = size}, f);
	return prompt_tty_line(c, question, out, size, f);
}

static enum err
choose_in_dialog(const struct cli *c, const struct prompt_question *q, char *answer, struct fault *f)
{
	const char *buttons[PROMPT_WAYS_MAX + 1] = {NULL};
	size_t picked = 0;
	enum err e = E_OK;

	for (size_t i = 0; i < PROMPT_WAYS_MAX && q->ways[i].letter != 0; i++)
		buttons[i] = q->ways[i].button;
	e = prompt_dialog_pick(c, q->text, buttons, &picked, f);
	if (e == E_OK)
		*answer = q->ways[picked].letter;
	return e;
}

/* The letters besides letter itself that mean the same in the person's language. */
static const char *
also(char letter)
{
	const char *s = "";

	/* TRANSLATORS: after the colon, every first letter of an answer that means yes; not in the order of the alphabet, and with
	 * the letters that come from the y key. The English letter is always accepted too. */
	if (letter == 'y')
		s = _("letters for yes: y");
	/* TRANSLATORS: the same for no */
	else if (letter == 'n')
		s = _("letters for no: n");
	/* TRANSLATORS: the same for a pause of the session */
	else if (letter == 'p')
		s = _("letters for pause: p");
	return strrchr(s, ':') != NULL ? strrchr(s, ':') + 1 : s;
}

/* The letter of the way that the line means; 0 if none. */
static char
letter_of(const char *line, const struct prompt_way *ways)
{
	char first[8] = {(char)tolower((unsigned char)line[0])};

	if (first[0] == '\0' || first[0] == ' ')
		return 0;
	for (const struct prompt_way *w = ways; w->letter != 0; w++)
		if (w->letter == first[0])
			return w->letter;
	for (size_t n = 1; n < utf8_length(line[0]) && utf8_follows(line[n]); n++)
		first[n] = line[n];
	for (; ways->letter != 0; ways++)
		if (strstr(also(ways->letter), first) != NULL)
			return ways->letter;
	return 0;
}

enum err
prompt_choice(const struct cli *c, const struct prompt_question *q, char *answer, struct fault *f)
{
	char shown[1024], line[64];

	if (c->dialog != NULL)
		return choose_in_dialog(c, q, answer, f);
	snprintf(shown, sizeof shown, "%s %s ", q->text, q->hint);
	for (;;) {
		enum err e = prompt_tty_line(c, shown, line, sizeof line, f);
		char ch = 0;

		if (e == E_OK)
			ch = line[0] == '\0' ? q->fallback : letter_of(line, q->ways);
		if (e == E_OK && ch == 0)
			continue;
		if (e == E_OK)
			*answer = ch;
		sodium_memzero(shown, sizeof shown);
		return e;
	}
}

enum err
prompt_yes(const struct cli *c, const char *question, struct fault *f)
{
	const struct prompt_way ways[] = {{'y', _("Yes")}, {'n', _("No")}, {0, NULL}};
	char answer = 0;
	enum err e = prompt_choice(c, &(struct prompt_question){question, _("[y/N]"), ways, 'n'}, &answer, f);

	if (e != E_OK)
		return e;
	return answer == 'y' ? E_OK : say_fault(c, f, E_PROMPT, _("not done."));
}

enum err
prompt_enter(const struct cli *c, const char *question, struct fault *f)
{
	const struct prompt_way ways[] = {{'y', _("Yes")}, {'n', _("Cancel")}, {0, NULL}};
	char shown[1024], line[64] = "", answer = 0;
	enum err e = E_OK;

	if (c->dialog != NULL) {
		e = choose_in_dialog(c, &(struct prompt_question){.text = question, .ways = ways}, &answer, f);
	} else {
		snprintf(shown, sizeof shown, _("%s [Enter] "), question);
		e = prompt_tty_line(c, shown, line, sizeof line, f);
		answer = line[0] == '\0' ? 'y' : 'n';
	}
	if (e != E_OK)
		return e;
	return answer == 'y' ? E_OK : say_fault(c, f, E_PROMPT, _("cancelled."));
}
