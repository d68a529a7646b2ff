/*
 * prompt_internal.h - the back ends of prompt.h: prompt_tty.c, prompt_file.c, prompt_dialog.c. Each says what prompt.h does of its
 * errors.
 */
#ifndef PROMPT_INTERNAL_H
#define PROMPT_INTERNAL_H

#include "pinentry.h"
#include "prompt.h"

enum prompt_kind { PROMPT_PASSPHRASE, PROMPT_CODE };

/* prompt_answer_new(a, f): room for PROMPT_MAX bytes. */
enum err prompt_answer_new(struct prompt_answer *a, struct fault *f);

/* ---- prompt_tty.c ---- */

bool prompt_tty_possible(void);

/* How a secret is asked for. All that follows shown is for one that is. */
struct line_style {
	const char *option; /* that a message names where there is no terminal */
	bool shown; /* while it is typed: Tab hides it, and the cursor can be moved; else nothing is */
	size_t whole; /* characters of an answer that is complete; a line break pasted before that is a blank */
	size_t group; /* characters that stand together, with a dash before the next */
	bool (*foreign)(const char *text, size_t n); /* not what was asked for: shown as typed, not grouped */
	size_t (*skipped)(const char *p, size_t n); /* how many of the n bytes at p are one character that is not shown, or 0 */
	char (*folded)(char ch); /* as what a character is shown */
	const char *(*remark)(char *out, size_t size, const char *text, size_t n); /* on an answer that is whole, or "" */
};

/* prompt_tty_secret(question, style, a, f): a line for prompt_code or prompt_passphrase. */
enum err prompt_tty_secret(const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f);

/* prompt_tty_line(question, out, size, f): a visible line that is not secret. */
enum err prompt_tty_line(const char *question, char *out, size_t size, struct fault *f);

/* ---- prompt_file.c: name "-" is standard input ---- */

/*
 * prompt_file_answer(name, kind, a, f): a passphrase is the first line, without a CR at its end; a code the first line that has
 * anything but separators, "" if there is none. Errors: E_PASSPHRASE or E_CODE_FORM for a line of more than PROMPT_MAX bytes, and
 * for UTF-16; E_PASSPHRASE for one that is empty.
 */
enum err prompt_file_answer(const char *name, enum prompt_kind kind, struct prompt_answer *a, struct fault *f);

/* prompt_file_lines(name, each, arg, f): prompt_code_lines. */
enum err prompt_file_lines(const char *name, prompt_line_fn *each, void *arg, struct fault *f);

/* ---- prompt_dialog.c: pinentry_start, pinentry_get and pinentry_pick with c->dialog, whose failures are whole sentences ---- */

enum err prompt_dialog_start(const struct cli *c, struct fault *f);
enum err prompt_dialog_get(
    const struct cli *c, const char *question, const char *again, struct pinentry_answer *a, struct fault *f);
enum err prompt_dialog_pick(const struct cli *c, const char *question, const char *const *buttons, size_t *picked, struct fault *f);

#endif
