/*
 * prompt.h - asking: passphrases, codes, yes or no. From a file, from pinentry (c->dialog), or else from the terminal (/dev/tty);
 * never from argv or environment.
 *
 * A failed or cancelled question is E_PROMPT (E_INTERRUPTED after ^C), never an empty answer. The terminal is as before
 * afterwards, also when the program is stopped or killed by a signal that can be caught.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"
#include "error.h"
#include "format.h"

#define PROMPT_MAX 4096 /* bytes of an answer */

/* An answer in secret memory, NUL-terminated. */
struct prompt_answer {
	char *text;
	size_t n;
	bool hidden; /* a code: whoever typed it did not want it shown */
};

void prompt_free(struct prompt_answer *a);

/* prompt_possible(c): whether there is a terminal to ask on, or pinentry is to be used. */
bool prompt_possible(const struct cli *c);

/* prompt_about(c, text): what the questions that follow are about, safe to print: pinentry shows it, a terminal has it already. */
void prompt_about(const struct cli *c, const char *text);

/*
 * prompt_start(c, f): before this process holds a key: have ready whatever must be started to ask. Other questions see to it
 * themselves. E_PROMPT.
 */
enum err prompt_start(const struct cli *c, struct fault *f);

/* prompt_end(c): the questions about one thing are over, but the verb is not: pinentry shows what nobody has seen yet, and goes. */
void prompt_end(const struct cli *c);

/*
 * prompt_passphrase(c, question, a, f): from c->passphrase_file (its first line without the LF), else from the terminal without
 * echo; question NULL: "Issuer passphrase (chosen at init): ". Errors: E_PROMPT, E_INTERRUPTED, E_PASSPHRASE (empty, too long, or a
 * file in UTF-16).
 */
enum err prompt_passphrase(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f);

/* prompt_new_passphrase(c, a, f): the same for a new one: asked for twice on a terminal until both are equal. */
enum err prompt_new_passphrase(const struct cli *c, struct prompt_answer *a, struct fault *f);

/*
 * prompt_code(c, question, a, f): from c->code_file (its first line; over 4096 bytes E_CODE_FORM; empty E_CODE_FORM), else from
 * the terminal: shown grouped and folded as it is typed, a holds what was typed. Tab hides and shows it. An empty line or ^D is
 * E_PROMPT. question NULL: "Code: ".
 */
enum err prompt_code(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f);

/*
 * prompt_symbols(c, question, spends, symbols, f): an unlock code, as by prompt_code, until it is one: what is wrong with it is
 * said and it is asked for again, on a terminal; from a file what is wrong is the fault. spends: it is said that nothing was spent.
 */
enum err prompt_symbols(const struct cli *c, const char *question, bool spends, char symbols[CODE_SYMBOLS], struct fault *f);

/* A line of n bytes and a NUL, in memory that is wiped afterwards. E_OK to go on. */
typedef enum err prompt_line_fn(void *arg, const char *line, size_t n, struct fault *f);

/* prompt_code_lines(c, each, arg, f): every line of c->code_file, without empty ones. */
enum err prompt_code_lines(const struct cli *c, prompt_line_fn *each, void *arg, struct fault *f);

/* prompt_line(c, question, out, size, f): a line that is not secret; the terminal shows it. Errors: E_PROMPT, E_INTERRUPTED. */
enum err prompt_line(const struct cli *c, const char *question, char *out, size_t size, struct fault *f);

/* One way to answer: its letter, and what a button for it says. */
struct prompt_way {
	char letter;
	const char *button;
};

#define PROMPT_WAYS_MAX 3

struct prompt_question {
	const char *text, *hint;       /* the hint, for a terminal, names the letters */
	const struct prompt_way *ways; /* the last changes nothing; ends with letter 0 */
	char fallback;                 /* what an empty line means; 0: ask again */
};

/*
 * prompt_choice(c, q, answer, f): which of the ways. On a terminal the text is shown with the hint, and asked until the line is
 * empty or begins with a letter of the ways, in either case, or with what stands for it in the person's language. *answer is the
 * letter.
 */
enum err prompt_choice(const struct cli *c, const struct prompt_question *q, char *answer, struct fault *f);

/* prompt_yes(c, question, f): question is shown with " [y/N] ". E_OK for yes; E_PROMPT for no, or nowhere to ask. */
enum err prompt_yes(const struct cli *c, const char *question, struct fault *f);

/* prompt_enter(c, question, f): shown with " [Enter] ". E_OK for Enter; E_PROMPT for anything else. */
enum err prompt_enter(const struct cli *c, const char *question, struct fault *f);

#endif
