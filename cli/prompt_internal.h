/*
 * prompt_internal.h - the back ends of prompt.h: prompt_tty.c, prompt_file.c. Each says what prompt.h does of its errors. The
 * third, pinentry.h, has a header of its own because more than questions goes there.
 */
#ifndef PROMPT_INTERNAL_H
#define PROMPT_INTERNAL_H

#include "prompt.h"

enum prompt_kind { PROMPT_PASSPHRASE, PROMPT_CODE };

/* prompt_answer_new(a, f): room for PROMPT_MAX bytes. */
enum err prompt_answer_new(struct prompt_answer *a, struct fault *f);

/* ---- prompt_tty.c ---- */

bool prompt_tty_possible(void);

/* prompt_tty_secret(question, kind, otherwise, a, f): a code, shown as it is typed, or a passphrase, which is not. otherwise is the
 * option that a message names where there is no terminal. */
enum err prompt_tty_secret(
    const char *question, enum prompt_kind kind, const char *otherwise, struct prompt_answer *a, struct fault *f);

/* prompt_tty_line(question, out, size, f): a visible line that is no secret. */
enum err prompt_tty_line(const char *question, char *out, size_t size, struct fault *f);

/* ---- prompt_file.c: name "-" is standard input ---- */

/*
 * prompt_file_answer(name, kind, a, f): a passphrase is the first line, without a CR at its end; a code the first line that has anything
 * but separators, "" if there is none. Errors: E_PASSPHRASE or E_CODE_FORM for a line of more than PROMPT_MAX bytes, and for UTF-16;
 * E_PASSPHRASE for one that is empty.
 */
enum err prompt_file_answer(const char *name, enum prompt_kind kind, struct prompt_answer *a, struct fault *f);

/* prompt_file_lines(name, each, arg, f): prompt_code_lines. */
enum err prompt_file_lines(const char *name, prompt_line_fn *each, void *arg, struct fault *f);

#endif
