/*
 * prompt.h - asking: secrets, lines, yes or no. From a file, from pinentry (c->dialog), or else from the terminal (/dev/tty);
 * never from argv or environment.
 *
 * A failed or cancelled question is E_PROMPT (E_INTERRUPTED after ^C), never an empty answer. The terminal is as before
 * afterwards, also when the program is stopped or killed by a signal that can be caught.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "term.h"

#define PROMPT_MAX 4096 /* bytes of an answer */

/* An answer in secret memory, NUL-terminated. */
struct prompt_answer {
	char *text;
	size_t n;
	bool hidden; /* by Tab: whoever typed it did not want it shown */
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

/* How a secret is asked for. All that follows shown is for one that is. */
struct line_style {
	const char *file;   /* where it is instead; "-": standard input; NULL: ask */
	const char *option; /* that a message names where there is no terminal */
	enum err wrong;	    /* what a line that cannot be one is */
	bool shown; /* while it is typed: Tab hides it, and the cursor can be moved; else nothing is */
	size_t whole; /* characters of an answer that is complete; a line break pasted before that is a blank */
	size_t group; /* characters that stand together, with a dash before the next */
	bool (*foreign)(const char *text, size_t n); /* not what was asked for: shown as typed, not grouped */
	size_t (*skipped)(const char *p, size_t n); /* how many of the n bytes at p are one character that is not shown, or 0 */
	char (*folded)(char ch); /* as what a character is shown */
	const char *(*remark)(char *out, size_t size, const char *text, size_t n); /* on an answer that is whole, or "" */
};

/*
 * prompt_secret(c, question, style, a, f): from style->file, else from the person. In a file it is the first line; where
 * characters are skipped the first that has any other, "" if none has. Of a line without skipped characters the marks that editors
 * add are taken off, and it is never empty. Errors: E_PROMPT, E_INTERRUPTED; of a file style->wrong (over 4096 bytes, in UTF-16,
 * empty).
 */
enum err prompt_secret(
    const struct cli *c, const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f);

/* A line of n bytes and a NUL, in memory that is wiped afterwards. E_OK to go on. */
typedef enum err prompt_line_fn(void *arg, const char *line, size_t n, struct fault *f);

/* prompt_lines(c, style, each, arg, f): every line of style->file, but those in which all is skipped. Errors: those of a file. */
enum err prompt_lines(
    const struct cli *c, const struct line_style *style, prompt_line_fn *each, void *arg, struct fault *f);

/*
 * prompt_passphrase(c, question, a, f): from c->passphrase_file (its first line without the LF), else from the terminal without
 * echo; question NULL: "Issuer passphrase (chosen at init): ". Errors: E_PROMPT, E_INTERRUPTED, E_PASSPHRASE (empty, too long, or a
 * file in UTF-16).
 */
enum err prompt_passphrase(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f);

/*
 * prompt_new_passphrase(c, file, option, a, f): the same for a new one, from file if that is not NULL: asked for twice on a
 * terminal until both are equal. option, "--passphrase-file FILE", is named where there is nowhere to ask.
 */
enum err prompt_new_passphrase(
    const struct cli *c, const char *file, const char *option, struct prompt_answer *a, struct fault *f);

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
