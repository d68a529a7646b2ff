/*
 * fuzz_code.c - what somebody types where a code is asked. The first two bytes say which kind is asked for, and what is wrong with
 * the code that the text begins with.
 */
#include <stdbool.h>

#include "code.h"
#include "fuzz.h"
#include "keyboard.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* One wrong symbol is a typing error, and its group is the one that is named. */
static void
check_typo(enum code_kind kind, const char code[CODE_SYMBOLS], unsigned where, unsigned what)
{
	char wrong[CODE_SYMBOLS], out[CODE_SYMBOLS];
	int group = -1;

	where %= CODE_SYMBOLS;
	memcpy(wrong, code, CODE_SYMBOLS);
	wrong[where] = alphabet[what % 32];
	if (wrong[where] == code[where])
		return;
	FUZZ_HOLDS(code_parse(out, kind, wrong, CODE_SYMBOLS, &group) == E_CODE_TYPO);
	FUZZ_HOLDS(group == (int)(where / 4 + 1));
}

static void
check_shown(enum code_kind kind, const char code[CODE_SYMBOLS])
{
	enum code_kind other = kind == CODE_UNLOCK ? CODE_RELEASE : CODE_UNLOCK;
	char shown[CODE_SHOWN_SIZE], out[CODE_SYMBOLS];
	int group = -1;

	code_show(shown, code);
	FUZZ_HOLDS(strlen(shown) == CODE_SHOWN_SIZE - 1);
	FUZZ_HOLDS(code_parse(out, kind, shown, strlen(shown), &group) == E_OK && group == 0);
	FUZZ_HOLDS(memcmp(out, code, CODE_SYMBOLS) == 0);
	FUZZ_HOLDS(code_parse(out, other, shown, strlen(shown), &group) == E_CODE_KIND && group == 0);
	FUZZ_HOLDS(code_looks_like_id(shown, strlen(shown)) == 0);
}

/* What is no code as it stands may be one on another keyboard: then really one, of that kind. */
static void
check_keyboard(enum code_kind kind, const char *text, size_t n)
{
	char read[CODE_SYMBOLS], before[CODE_SYMBOLS], out[CODE_SYMBOLS];
	int group = -1;

	memset(read, '?', sizeof read);
	memcpy(before, read, sizeof read);
	if (keyboard_read(read, kind, text, n) == KEYBOARD_NONE) {
		FUZZ_HOLDS(memcmp(read, before, sizeof read) == 0);
	} else {
		fuzz_took(1);
		FUZZ_HOLDS(code_parse(out, kind, read, sizeof read, &group) == E_OK && memcmp(out, read, sizeof out) == 0);
	}
}

const unsigned fuzz_parts = 2; /* codes, and those of another keyboard */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = BYTES(data, size);
	unsigned control = (unsigned)fuzz_number(&in, 1), what = (unsigned)fuzz_number(&in, 1);
	enum code_kind kind = control % 2 == 0 ? CODE_UNLOCK : CODE_RELEASE;
	char out[CODE_SYMBOLS], before[CODE_SYMBOLS], made[CODE_SYMBOLS], *text = (char *)fuzz_copy(in);
	uint8_t entropy[CODE_ENTROPY_SIZE] = {0};
	int group = -1;
	enum err e;

	memset(out, '?', sizeof out);
	memcpy(before, out, sizeof out);
	e = code_parse(out, kind, text, in.n, &group);
	FUZZ_HOLDS(e == E_OK || e == E_CODE_FORM || e == E_CODE_KIND || e == E_CODE_TYPO);
	FUZZ_HOLDS(group >= 0 && group <= 4 && (e == E_CODE_TYPO || group == 0));
	FUZZ_HOLDS(e == E_OK || memcmp(out, before, sizeof out) == 0);
	if (e == E_OK) {
		for (int i = 0; i < CODE_SYMBOLS; i++)
			FUZZ_HOLDS(memchr(alphabet, out[i], 32) != NULL);
		fuzz_took(0);
		check_shown(kind, out);
		check_typo(kind, out, control >> 1, what);
	}
	if (e != E_OK)
		check_keyboard(kind, text, in.n);
	FUZZ_HOLDS(code_looks_like_id(text, in.n) <= 2);
	memcpy(entropy, text, in.n < sizeof entropy ? in.n : sizeof entropy);
	code_encode(made, kind, entropy);
	check_shown(kind, made);
	check_typo(kind, made, control >> 1, what);
	free(text);
	return 0;
}
