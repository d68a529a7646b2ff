/*
 * prompt_code.h - asking for codes: prompt.h, for one kind of secret.
 */
#ifndef PROMPT_CODE_H
#define PROMPT_CODE_H

#include <stdbool.h>

#include "cli.h"
#include "error.h"
#include "format.h"
#include "prompt.h"

/*
 * prompt_code(c, question, a, f): from c->code_file (its first line; over 4096 bytes E_CODE_FORM; empty E_CODE_FORM), else from
 * the terminal: shown grouped and folded as it is typed, a holds what was typed. Tab hides and shows it. An empty line or ^D is
 * E_PROMPT. question NULL: "Code: ".
 */
enum err prompt_code(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f);

/*
 * prompt_code_symbols(c, question, spends, symbols, f): an unlock code, as by prompt_code, until it is one: what is wrong with it
 * is said and it is asked for again, on a terminal; from a file what is wrong is the fault. spends: it is said that nothing was
 * spent.
 */
enum err prompt_code_symbols(const struct cli *c, const char *question, bool spends, char symbols[CODE_SYMBOLS], struct fault *f);

/* prompt_code_lines(c, each, arg, f): every line of c->code_file, without empty ones. */
enum err prompt_code_lines(const struct cli *c, prompt_line_fn *each, void *arg, struct fault *f);

#endif
