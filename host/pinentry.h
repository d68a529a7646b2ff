/*
 * pinentry.h - questions in a window of the program pinentry, or whatever pinentry is installed: a client of the Assuan protocol
 * (info pinentry, "Pinentry's Assuan Protocol"; libassuan).
 *
 * The program is the one that ONCESTICK_PINENTRY names, by its path or as found in PATH, else "pinentry". It is started for the
 * first question, or by pinentry_start, and answers all that follow, until pinentry_end. It gets no descriptor of this process but
 * its pipes. Answers pass through memory that is wiped; in the pipe, and in that program, they are out of reach.
 *
 * Errors of all questions: E_PROMPT, and E_INTERRUPTED if the setup's stopped says so; pinentry_ended says more. Afterwards the
 * person is told nothing more in windows.
 */
#ifndef PINENTRY_H
#define PINENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct pinentry;

struct pinentry_setup {
	const char *program; /* NULL: as said above */
	int start_ms;	     /* how long it may take to start, and to answer what is not for a person; 0: 20 seconds */
	int answer_ms;	     /* how long a person may take; 0: 10 minutes */
	const char *differ;  /* words for two answers that should be one; borrowed */
	bool (*stopped)(void); /* whether a signal wants the end; NULL: never */
};

/* Why there was no answer. */
enum pinentry_why {
	PINENTRY_FAILED,      /* it says why: says */
	PINENTRY_CANCELLED,
	PINENTRY_STOPPED,     /* E_INTERRUPTED */
	PINENTRY_NOBODY,      /* nobody answered in time */
	PINENTRY_DEAF,        /* the program did not */
	PINENTRY_ENDLESS,     /* it sent more than any needs */
	PINENTRY_GONE,        /* it ended */
	PINENTRY_NO_TERMINAL, /* it asks on a terminal, and there is none */
	PINENTRY_MISSING,     /* there is no such program */
	PINENTRY_NOT_BUILT    /* oncestick was built without libassuan */
};

struct pinentry_end {
	enum pinentry_why why;
	const char *program, *says;
};

/* pinentry_new(setup): no program is started yet. NULL if there is no memory. */
struct pinentry *pinentry_new(const struct pinentry_setup *setup);

/* pinentry_free(p): as pinentry_end, and release. *p may be NULL. */
void pinentry_free(struct pinentry **p);

/* pinentry_start(p, f): start the program if it does not run: by who will hold a key when the first question is due. */
enum err pinentry_start(struct pinentry *p, struct fault *f);

/*
 * pinentry_end(p): where nobody would see it otherwise, because standard error is no terminal, show what was noted last and no
 * question has shown yet; then end the program. It is started again for the next question.
 */
void pinentry_end(struct pinentry *p);

/* pinentry_about(p, text): what stands above the questions that follow: lines that are safe to print. "": nothing. */
void pinentry_about(struct pinentry *p, const char *text);

/* pinentry_ended(p): after a question failed, why; what it points to is p's. */
const struct pinentry_end *pinentry_ended(const struct pinentry *p);

/* pinentry_note(p, text): what went wrong, lines that are safe to print: the next question shows it. pinentry-curses breaks none.
 */
void pinentry_note(struct pinentry *p, const char *text);

struct pinentry_answer {
	char *text;  /* the caller's size bytes: UTF-8 and a NUL */
	size_t size;
	size_t n;      /* bytes of the answer, at most size - 1 */
	bool repeated; /* it was asked for twice */
};

/*
 * pinentry_get(p, question, again, a, f): a line that is not shown. again, unless NULL, is the question by which it is asked for a
 * second time, until both are equal, if this pinentry can do that. After a failure only a->text is changed: all zeros, or as it
 * was.
 */
enum err pinentry_get(struct pinentry *p, const char *question, const char *again, struct pinentry_answer *a, struct fault *f);

/*
 * pinentry_pick(p, question, buttons, picked, f): two or three buttons, of which the last also stands for closing the window:
 * *picked is the index of one. buttons ends with NULL.
 */
enum err pinentry_pick(struct pinentry *p, const char *question, const char *const *buttons, size_t *picked, struct fault *f);

#endif
