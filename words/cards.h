/*
 * cards.h - what is printed on the cards of a code sheet, and how to tell oncestick-sheet.
 *
 * oncestick-sheet draws, and knows nothing else: no language, no time zone, no books. It reads one JSON value from standard input,
 *
 *   {"paper": "a4" or "letter", "large": bool, "title": text, "program": text, "created": seconds since 1970,
 *    "cards": [{"code": text, "id": text, "number": text, "head": text, "sub": text, "rows": [[name, value], ...],
 *               "steps": [text, ...], "once": text}, ...]}
 *
 * and writes a PDF to standard output. All text is UTF-8 and in the person's language; "sub" may be "". In steps, text between two
 * `backquotes` is to be typed. With the single argument --check it reads nothing, and only tests whether it can draw.
 */
#ifndef CARDS_H
#define CARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "code.h"
#include "error.h"

/* The exit status of oncestick-sheet. Unless it is CARDS_DRAWN, the last line on its standard error may say more. */
enum cards_exit {
	CARDS_DRAWN = 0,
	CARDS_INPUT = 2,    /* the input is not as above, or the argument is unknown */
	CARDS_MISSING = 3,  /* drawn, but characters that no font has are printed as boxes */
	CARDS_NO_FONT = 4,  /* no font has letters and digits */
	CARDS_WRITE = 5,    /* cannot write to standard output: the line says why */
	CARDS_FAILED = 6    /* no memory, or a library failed: the line says why */
};

#define CARDS_SYMBOLS CODE_ALPHABET "-" /* the characters of a printed code */
#define CARDS_ROWS_MAX 8
#define CARDS_STEPS_MAX 6

struct handout;
struct issuer;

enum cards_paper { CARDS_A4, CARDS_LETTER };

/*
 * cards_paper(out, word): the paper called word, "a4" or "letter"; NULL: what the locale uses (LC_PAPER). Return 0, or -1 for any
 * other word.
 */
int cards_paper(enum cards_paper *out, const char *word);

/* How cards look. */
struct cards_look {
	enum cards_paper paper;
	bool large;
	bool spares; /* for each lecture, a person's first code is the one to use, and the others are spares */
	const char *const *languages; /* one of text_languages for each code, or NULL for that of this program; NULL: all are */
};

/*
 * cards_make(out, h, i, look, f): make the value described above for the codes of h, with what i's books know about them. Call
 * wiping_json first, because the value contains the codes. The caller releases it. Errors: E_BOOKS; E_FAIL if there is no memory.
 */
enum err cards_make(json_t **out, const struct handout *h, const struct issuer *i, const struct cards_look *look, struct fault *f);

#endif
