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
 * prompt_code(c, question, a, f): read a code from c->code_file, or else from the terminal; a becomes what was typed. A file's
 * first line is the code; over 4096 bytes, or empty, is E_CODE_FORM. On a terminal the code is shown grouped and folded while it is
 * typed, and Tab hides or shows it; an empty line or ^D is E_PROMPT. question NULL: "Code: ".
 */
enum err prompt_code(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f);

/*
 * prompt_code_symbols(c, question, spends, symbols, f): read an unlock code, as prompt_code does, until it is a valid one. On a
 * terminal, say what is wrong and ask again; from a file, what is wrong is the fault. spends: also say that nothing was spent.
 */
enum err prompt_code_symbols(const struct cli *c, const char *question, bool spends, char symbols[CODE_SYMBOLS], struct fault *f);

/* prompt_code_lines(c, each, arg, f): call each for every line of c->code_file that is not empty. */
enum err prompt_code_lines(const struct cli *c, prompt_line_fn *each, void *arg, struct fault *f);

#endif
