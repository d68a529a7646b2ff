/*
 * prompt.h - asking for secrets and lines, and yes-or-no questions. Answers come from a file, from pinentry (c->dialog), or else
 * from the terminal (/dev/tty), never from argv or the environment.
 *
 * A question that failed or was cancelled is E_PROMPT (E_INTERRUPTED after ^C), never an empty answer. Afterwards the terminal is
 * in its old state, even if the program is stopped, or killed by a signal that can be caught.
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
	bool hidden; /* by Tab: the person did not want it shown */
};

void prompt_free(struct prompt_answer *a);

/* prompt_possible(c): whether there is a terminal to ask on, or pinentry is to be used. */
bool prompt_possible(const struct cli *c);

/*
 * prompt_about(c, text): what the questions that follow are about, safe to print. pinentry shows it; on a terminal it has been
 * printed.
 */
void prompt_about(const struct cli *c, const char *text);

/*
 * prompt_start(c, f): start whatever is needed to ask. Call it before this process holds a key; where it holds none, questions do
 * this themselves. Errors: E_PROMPT.
 */
enum err prompt_start(const struct cli *c, struct fault *f);

/*
 * prompt_end(c): the questions about one thing are over, but the verb goes on. pinentry shows what has not been seen yet, and ends.
 */
void prompt_end(const struct cli *c);

/* How to ask for a secret. The members after shown are for secrets that are shown. */
struct line_style {
	const char *file;   /* read it from this file instead; "-": standard input; NULL: ask */
	const char *option; /* what a message names if there is no terminal */
	enum err wrong;	    /* the error for a line that cannot be one */
	bool shown; /* while it is typed: Tab hides it, and the cursor can be moved; false: nothing is shown */
	size_t whole; /* characters of a complete answer; a line break pasted before that counts as a blank */
	size_t group; /* characters in a group, after which a dash is shown */
	bool (*foreign)(const char *text, size_t n); /* not what was asked for: shown as typed, not grouped */
	size_t (*skipped)(const char *p, size_t n); /* how many of the n bytes at p are one character that is not shown, or 0 */
	char (*folded)(char ch); /* the character that is shown for ch */
	const char *(*remark)(char *out, size_t size, const char *text, size_t n); /* what to say about a complete answer, or "" */
};

/*
 * prompt_secret(c, question, style, a, f): read a secret from style->file, or else from the person. In a file it is the first line;
 * if characters are skipped, the first line that has any others, "" if none has. If none are skipped, marks that editors add to the
 * line are removed, and it is never empty. Errors: E_PROMPT, E_INTERRUPTED; for a file style->wrong (over 4096 bytes, in UTF-16,
 * empty).
 */
enum err prompt_secret(
    const struct cli *c, const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f);

/* Takes a line of n bytes and a NUL, in memory that is wiped afterwards. Return E_OK to go on. */
typedef enum err prompt_line_fn(void *arg, const char *line, size_t n, struct fault *f);

/*
 * prompt_lines(c, style, each, arg, f): call each for every line of style->file that has characters that are not skipped. Errors:
 * those for a file, and that of each, which ends it.
 */
enum err prompt_lines(
    const struct cli *c, const struct line_style *style, prompt_line_fn *each, void *arg, struct fault *f);

/*
 * prompt_passphrase(c, question, a, f): read a passphrase from c->passphrase_file (its first line without the LF), or else from the
 * terminal without echo. question NULL: "Issuer passphrase: ". Errors: E_PROMPT, E_INTERRUPTED, E_PASSPHRASE
 * (empty, too long, or a file in UTF-16).
 */
enum err prompt_passphrase(const struct cli *c, const char *question, struct prompt_answer *a, struct fault *f);

/*
 * prompt_new_passphrase(c, file, option, a, f): the same for a new one, from file unless that is NULL. A terminal asks twice, until
 * both are equal. option, such as "--passphrase-file FILE", is what the error names if there is nowhere to ask.
 */
enum err prompt_new_passphrase(
    const struct cli *c, const char *file, const char *option, struct prompt_answer *a, struct fault *f);

/*
 * prompt_line(c, question, out, size, f): read a line that is not secret; the terminal shows it. Errors: E_PROMPT, E_INTERRUPTED.
 */
enum err prompt_line(const struct cli *c, const char *question, char *out, size_t size, struct fault *f);

/* One way to answer: its letter, and the text of its button. */
struct prompt_way {
	char letter;
	const char *button;
};

#define PROMPT_WAYS_MAX 3

struct prompt_question {
	const char *text, *hint;       /* hint is for a terminal, and names the letters */
	const struct prompt_way *ways; /* the last one changes nothing; ends with letter 0 */
	char fallback;                 /* what an empty line means; 0: ask again */
};

/*
 * prompt_choice(c, q, answer, f): let the person choose one of the ways; *answer is its letter. A terminal shows the text and the
 * hint, and asks again until the line is empty or begins with a letter of the ways, in either case, or with a letter that means the
 * same in the person's language.
 */
enum err prompt_choice(const struct cli *c, const struct prompt_question *q, char *answer, struct fault *f);

/* prompt_yes(c, question, f): ask the question with " [y/N] ". E_OK for yes; E_PROMPT for no, or if there is nowhere to ask. */
enum err prompt_yes(const struct cli *c, const char *question, struct fault *f);

/* prompt_enter(c, question, f): ask the question with " [Enter] ". E_OK for Enter; E_PROMPT for anything else. */
enum err prompt_enter(const struct cli *c, const char *question, struct fault *f);

#endif
