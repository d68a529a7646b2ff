/*
 * code.h - unlock and release codes: sixteen symbols a person can type (oncestick-format(5), CODES).
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

/* code_encode(out, kind, entropy): the 16 symbols (no NUL) of the first 70 bits of entropy with their two check symbols. */
void code_encode(char out[CODE_SYMBOLS], enum code_kind kind, const uint8_t entropy[CODE_ENTROPY_SIZE]);

/* code_show(out, code): the form in which codes are written and printed, NUL-terminated. */
void code_show(char out[CODE_SHOWN_SIZE], const char code[CODE_SYMBOLS]);

/* code_fold(ch): the symbol a letter means in a code: I and L are 1, O is 0, small ones are capitals. Others stay as they are. */
char code_fold(char ch);

/*
 * code_separator(p, n): how many of the n bytes at p are one character that means nothing in a code, 0 if the first is none:
 * blanks, line ends, dashes, and what cannot be seen (soft hyphens, zero-width characters, the mark at the beginning of a file), in
 * UTF-8; of those, the ones that Latin-1 and Windows-1252 have as single bytes too.
 */
size_t code_separator(const char *p, size_t n);

/*
 * code_parse(out, kind, text, n, group): read the n bytes typed: what code_separator knows is dropped, letters folded,
 * I and L read as 1, O as 0. Return E_OK with the canonical symbols in out; E_CODE_FORM; E_CODE_KIND for a code of the other kind;
 * E_CODE_TYPO with the probable wrong group, 1..4, in *group, or 0 if nobody can tell; 0 with every other result. group may be
 * NULL. out is untouched on failure.
 */
enum err code_parse(char out[CODE_SYMBOLS], enum code_kind kind, const char *text, size_t n, int *group);

/*
 * code_group(out, text, n, group): of the n bytes of a code typed, the group, from 1, as it was typed but in capitals. Return 0,
 * or -1 with out "" if there is none, or it is not all there.
 */
int code_group(char out[CODE_GROUP + 1], const char *text, size_t n, int group);

/* What a code, or a stick, is called where it may be seen. */
struct code_name {
	char stick[2 * ID_SIZE + 1]; /* its name as it is shown, or its whole id in hexadecimal; small letters */
	uint32_t number;	     /* of the code, from 1; 0: the stick alone is named */
};

/* code_name(out, text, n): read "7kq241/3" or "7kq241", in either case. False, and out is untouched, if the n bytes are no name. */
bool code_name(struct code_name *out, const char *text, size_t n);

/* code_looks_like_id(text, n): 1 if the text is the id of a code or stick ("7kq241/3", "7kq241"), 2 if an issuer's fingerprint,
 * else 0: things people type by mistake where a code is asked, in either case and with blanks around. */
int code_looks_like_id(const char *text, size_t n);

#endif
