/*
 * pinentry.h - asking questions in a window of the program pinentry, or of whatever pinentry is installed: a client of the Assuan
 * protocol (info pinentry, "Pinentry's Assuan Protocol"; libassuan).
 *
 * The program is the one that ONCESTICK_PINENTRY names, by its path or as found in PATH, otherwise "pinentry". The first question,
 * or pinentry_start, starts it, and it takes all further questions until pinentry_end. Of this process's descriptors it gets only
 * its pipes. Answers pass through memory that is wiped; we cannot wipe them in the pipe, or in that program.
 *
 * Errors of all questions: E_PROMPT, and E_INTERRUPTED if the setup's stopped says so; pinentry_ended says more. After an error
 * windows tell the person nothing more.
 */
#ifndef PINENTRY_H
#define PINENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct pinentry;

struct pinentry_setup {
	const char *program; /* NULL: as above */
	int start_ms;	     /* how long it may take to start, and to answer what needs no person; 0: 20 seconds */
	int answer_ms;	     /* how long a person may take; 0: 10 minutes */
	const char *differ;  /* what to say if two answers differ that should be equal; borrowed */
	bool (*stopped)(void); /* whether a signal asks us to stop; NULL: never */
};

/* Why there was no answer. */
enum pinentry_why {
	PINENTRY_FAILED,      /* says has its reason */
	PINENTRY_CANCELLED,
	PINENTRY_STOPPED,     /* E_INTERRUPTED */
	PINENTRY_NOBODY,      /* no person answered in time */
	PINENTRY_DEAF,        /* the program did not answer */
	PINENTRY_ENDLESS,     /* it sent more than any reply needs */
	PINENTRY_GONE,        /* it ended */
	PINENTRY_NO_TERMINAL, /* it asks on a terminal, and has none */
	PINENTRY_MISSING,     /* there is no such program */
	PINENTRY_NOT_BUILT    /* oncestick was built without libassuan */
};

struct pinentry_end {
	enum pinentry_why why;
	const char *program, *says;
};

/* pinentry_new(setup): a client that has not started a program yet. NULL if there is no memory. */
struct pinentry *pinentry_new(const struct pinentry_setup *setup);

/* pinentry_free(p): end the program as pinentry_end does, and release *p, which may be NULL. */
void pinentry_free(struct pinentry **p);

/*
 * pinentry_start(p, f): start the program unless it is running. Call this before the process gets a key, if its first question
 * comes after that.
 */
enum err pinentry_start(struct pinentry *p, struct fault *f);

/*
 * pinentry_end(p): end the program. If standard error is not a terminal, and the last note has not been shown with a question, show
 * it first. The next question starts the program again.
 */
void pinentry_end(struct pinentry *p);

/* pinentry_about(p, text): set what is shown above the questions that follow: lines that are safe to print; "" for nothing. */
void pinentry_about(struct pinentry *p, const char *text);

/* pinentry_ended(p): after a question failed, the reason. What it points to belongs to p. */
const struct pinentry_end *pinentry_ended(const struct pinentry *p);

/*
 * pinentry_note(p, text): have the next question say what went wrong: lines that are safe to print, and short, since
 * pinentry-curses does not break them.
 */
void pinentry_note(struct pinentry *p, const char *text);

struct pinentry_answer {
	char *text;  /* the caller's buffer of size bytes: UTF-8 and a NUL */
	size_t size;
	size_t n;      /* bytes of the answer, at most size - 1 */
	bool repeated; /* the person typed it twice */
};

/*
 * pinentry_get(p, question, again, a, f): ask for a line that is not shown. If again is not NULL, and this pinentry can do that, it
 * asks a second time with the question again, until both answers are equal. After a failure only a->text has changed: it is all
 * zeros, or as before.
 */
enum err pinentry_get(struct pinentry *p, const char *question, const char *again, struct pinentry_answer *a, struct fault *f);

/*
 * pinentry_pick(p, question, buttons, picked, f): show two or three buttons; buttons ends with NULL. *picked is the index of the
 * one that was pressed; closing the window counts as the last.
 */
enum err pinentry_pick(struct pinentry *p, const char *question, const char *const *buttons, size_t *picked, struct fault *f);

#endif
