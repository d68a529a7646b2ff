/*
 * prompt_internal.h - the back ends of prompt.h: prompt_tty.c, prompt_file.c, prompt_dialog.c. Their errors are those of prompt.h.
 */
#ifndef PROMPT_INTERNAL_H
#define PROMPT_INTERNAL_H

#include "pinentry.h"
#include "prompt.h"

/* prompt_answer_new(a, f): make room for PROMPT_MAX bytes. */
enum err prompt_answer_new(struct prompt_answer *a, struct fault *f);

/* ---- prompt_tty.c ---- */

bool prompt_tty_possible(void);

/* prompt_tty_secret(c, question, style, a, f): read a line for prompt_secret. */
enum err prompt_tty_secret(
    const struct cli *c, const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f);

/* prompt_tty_line(c, question, out, size, f): read a visible line that is not secret. */
enum err prompt_tty_line(const struct cli *c, const char *question, char *out, size_t size, struct fault *f);

/* ---- prompt_file.c: name "-" is standard input ---- */

/* prompt_file_answer(c, style, a, f): what prompt_secret does with style->file. */
enum err prompt_file_answer(const struct cli *c, const struct line_style *style, struct prompt_answer *a, struct fault *f);

/* ---- prompt_dialog.c: pinentry_start, pinentry_get and pinentry_pick with c->dialog, whose failures are whole sentences ---- */

enum err prompt_dialog_start(const struct cli *c, struct fault *f);
enum err prompt_dialog_get(
    const struct cli *c, const char *question, const char *again, struct pinentry_answer *a, struct fault *f);
enum err prompt_dialog_pick(const struct cli *c, const char *question, const char *const *buttons, size_t *picked, struct fault *f);

#endif
