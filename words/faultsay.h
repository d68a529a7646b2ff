/*
 * faultsay.h - words for what went wrong: what it is, what to do next, and whether a code was spent.
 */
#ifndef FAULTSAY_H
#define FAULTSAY_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "say.h"
#include "unlock.h"

/* What a fault is about, for faultsay. Everything may be zero. */
struct faultsay_about {
	const char *object;		/* what the person named: a stick's path, a code's id, a file; escaped when printed */
	const struct unlock_info *info; /* what is known of the stick and the code */
	bool code;			/* a code was typed or read: the message ends with whether it was spent */
	const char *typed;		/* E_CODE_FORM: what was typed, but only if code_looks_like_id says that it is not a code */
	int group;			/* E_CODE_TYPO: as from code_parse */
	const char *group_text;		/* its four symbols, or NULL */
	const char *contact;		/* whom to call, if info does not say */
	const char *usb;		/* E_WRONG_STICK: the device of the stick, in words; NULL if unknown */
};

/*
 * faultsay(f, about): the sentence for a fault, without the names of the program and of the error. It is in lower case, and
 * names the object, the cause, and the next step. about may be NULL. The caller frees the sentence. NULL if there is no memory.
 */
char *faultsay(const struct fault *f, const struct faultsay_about *about);

/* faultsay_json(f, about): the same for programs, in English, as a JSON string. */
struct json_t *faultsay_json(const struct fault *f, const struct faultsay_about *about);

/*
 * faultsay_json_stick(path, found, f): one of several sticks for programs: an object with its path, unless that is NULL, whether it
 * is "ok", the members of found, which it takes and may be NULL, and error, status and message of f, if that is not E_OK.
 */
struct json_t *faultsay_json_stick(const char *path, struct json_t *found, const struct fault *f);

/* faultsay_error(c, f, about): print that sentence with say_refusal. Return f->err (E_FAIL if that is E_OK). */
enum err faultsay_error(const struct cli *c, const struct fault *f, const struct faultsay_about *about);

#endif
