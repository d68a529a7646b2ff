/*
 * say.h - words for what went wrong: what it is, what to do next, and whether a code was spent.
 */
#ifndef SAY_H
#define SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "talk.h"
#include "unlock.h"

/* What a fault is about, for explain. Everything may be zero. */
struct say_about {
	const char *object;		/* what the person named: a stick's path, a code's id, a file; escaped when printed */
	const struct unlock_info *info; /* what is known of the stick and the code */
	bool code;			/* a code was typed or read: the message ends with whether it was spent */
	const char *typed;		/* E_CODE_FORM: what was typed, only if code_looks_like_id says it is not a code */
	int group;			/* E_CODE_TYPO: as from code_parse */
	const char *group_text;		/* its four symbols, or NULL */
	const char *contact;		/* whom to call, if info does not say it */
	const char *usb;		/* E_WRONG_STICK: the device that the stick is on, in words; NULL if unknown */
};

/*
 * say_explain(f, about): the sentence for a fault, without the program's name and the error's name: lower case, names the object,
 * the cause, the next step; to be freed by the caller; NULL if there is no memory. about may be NULL.
 */
char *say_explain(const struct fault *f, const struct say_about *about);

/* say_json_fault(f, about): the same for programs, in English, as a JSON string. */
struct json_t *say_json_fault(const struct fault *f, const struct say_about *about);

/* say_error(c, f, about): say_refusal of that sentence. Return f->err (E_FAIL if E_OK). */
enum err say_error(const struct cli *c, const struct fault *f, const struct say_about *about);

#endif
