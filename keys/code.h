/*
 * code.h - unlock and release codes: sixteen symbols that a person can type (oncestick-format(5), CODES).
 */
#ifndef CODE_H
#define CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "format.h"
#include "keytree.h"

#define CODE_ALPHABET "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#define CODE_GROUP 4	   /* symbols that stand together */
#define CODE_SHOWN_SIZE 20 /* XXXX-XXXX-XXXX-XXXX and a NUL */

enum code_kind { CODE_UNLOCK = 1, CODE_RELEASE = 2 };

/* code_encode(out, kind, entropy): the 14 symbols of the first 70 bits of entropy, followed by their two check symbols (no NUL). */
void code_encode(char out[CODE_SYMBOLS], enum code_kind kind, const uint8_t entropy[CODE_ENTROPY_SIZE]);

/* code_show(out, code): the form in which codes are written and printed, NUL-terminated. */
void code_show(char out[CODE_SHOWN_SIZE], const char code[CODE_SYMBOLS]);

/*
 * code_fold(ch): the symbol that a letter stands for in a code: I and L are 1, O is 0, small letters are capitals. Any other
 * character stays as it is.
 */
char code_fold(char ch);

/*
 * code_separator(p, n): if the n bytes at p begin with a character that means nothing in a code, its length in bytes, otherwise 0.
 * Such characters are blanks, line ends, dashes, and what cannot be seen (soft hyphens, zero-width characters, the mark at the
 * beginning of a file), in UTF-8; and those of them that Latin-1 and Windows-1252 have, as single bytes.
 */
size_t code_separator(const char *p, size_t n);

/*
 * code_parse(out, kind, text, n, group): read the n bytes typed. What code_separator knows is dropped, letters are folded, I and L
 * are read as 1, O as 0. Return E_OK with the canonical symbols in out; E_CODE_FORM; E_CODE_KIND for a code of the other kind; or
 * E_CODE_TYPO with the group that is probably wrong, 1..4, in *group, or 0 if nobody can tell. *group is 0 with every other
 * result. group may be NULL. out is unchanged on failure.
 */
enum err code_parse(char out[CODE_SYMBOLS], enum code_kind kind, const char *text, size_t n, int *group);

/*
 * code_group(out, text, n, group): group number group, from 1, of the code in the n bytes typed, as it was typed but in capitals.
 * Return 0, or -1 with out "" if there is no such group or it is incomplete.
 */
int code_group(char out[CODE_GROUP + 1], const char *text, size_t n, int group);

/* The name of a code, or of a stick, which is not secret. */
struct code_name {
	char stick[2 * ID_SIZE + 1]; /* its shown name, or its whole id in hexadecimal; in small letters */
	uint32_t number;	     /* of the code, from 1; 0: only the stick is named */
};

/*
 * code_name(out, text, n): read "7kq241/3" or "7kq241", in upper or lower case. Return false, with out unchanged, if the n bytes
 * are not a name.
 */
bool code_name(struct code_name *out, const char *text, size_t n);

/*
 * code_looks_like_id(text, n): 1 if the text is the name of a code or stick ("7kq241/3", "7kq241"), 2 if it is an issuer's
 * fingerprint, otherwise 0. People type these by mistake when asked for a code, in upper or lower case and with blanks around
 * them.
 */
int code_looks_like_id(const char *text, size_t n);

#endif
