/*
 * keyboard.c - reading what was typed as the keys of another keyboard.
 *
 * For a keyboard, each character that differs stands for the symbols of one or more keys. Keyboards on which all letters are
 * elsewhere, such as Dvorak, are left out: then every typing error would have a reading that might be a code by chance.
 */
#include "keyboard.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "utf8.h"

#define STEPS_MAX 40 /* characters: a code with many separators; this also limits the readings */
#define KEYS_MAX 6   /* of one character, with a NUL: the syllable 뵓 has 5 */

/* One character: its keys or, between two groups, possibly just a separator. */
struct step {
	char keys[KEYS_MAX];
	bool maybe_separator;
};

/* keys NULL: the character itself; "": a separator. */
struct key {
	uint32_t ch;
	const char *keys;
	bool maybe_separator;
};

static const struct key german[] = {
    {'y', "z", false}, {'z', "y", false}, {0xdf, "", false}, {'/', "", false}, {0, NULL, false}};

/* The PC thinks that the keyboard is French (0xa7 and '!' are Belgian). */
static const struct key pc_french[] = {{'a', "q", false}, {'q', "a", false}, {'w', "z", false}, {'z', "w", false},
    {',', "m", false}, {'?', "m", false}, {'&', "1", false}, {0xe9, "2", false}, {'"', "3", false}, {'\'', "4", false},
    {'(', "5", false}, {'-', "6", true}, {0xa7, "6", false}, {0xe8, "7", false}, {'_', "8", false}, {'!', "8", false},
    {0xe7, "9", false}, {0xe0, "0", false}, {')', "", false}, {0, NULL, false}};

/* The keyboard is French, but the PC thinks that it is American. */
static const struct key keys_french[] = {{'a', "q", false}, {'q', "a", false}, {'w', "z", false}, {'z', "w", false},
    {';', "m", false}, {':', "m", false}, {'!', "1", false}, {'@', "2", false}, {'#', "3", false}, {'$', "4", false},
    {'%', "5", false}, {'^', "6", false}, {'&', "7", false}, {'*', "8", false}, {'(', "9", false}, {')', "0", false},
    {'6', "6", true}, {0, NULL, false}};

static const struct key no_keys[] = {{0, NULL, false}};

static uint32_t
lower(uint32_t ch)
{
	if ((ch >= 'A' && ch <= 'Z') || (ch >= 0xc0 && ch <= 0xde && ch != 0xd7) || (ch >= 0x410 && ch <= 0x42f))
		return ch + 0x20;
	return ch;
}

static const char *
russian(uint32_t ch)
{
	static const char keys[32][2] = {"f", ",", "d", "u", "l", "t", ";", "p", "b", "q", "r", "k", "v", "y", "j", "g", "h", "c",
	    "n", "e", "a", "[", "w", "x", "i", "o", "]", "s", "m", "'", ".", "z"};

	if (ch == 0x456) /* Ukrainian i */
		return "s";
	return ch >= 0x430 && ch <= 0x44f ? keys[ch - 0x430] : NULL;
}

/* ---- two-set Korean -------------------------------------------------------------------------------------------------------- */

#define FIRSTS 19
#define VOWELS 21
#define LASTS 28 /* with none */

static const char firsts[FIRSTS][3] = {
    "r", "R", "s", "e", "E", "f", "a", "q", "Q", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g"};
static const char vowels[VOWELS][3] = {
    "k", "o", "i", "O", "j", "p", "u", "P", "h", "hk", "ho", "hl", "y", "n", "nj", "np", "nl", "b", "m", "ml", "l"};
static const char lasts[LASTS][3] = {"", "r", "R", "rt", "s", "sw", "sg", "e", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a",
    "q", "qt", "t", "T", "d", "w", "c", "z", "x", "v", "g"};
/* Single consonants as Unicode has them from U+3131 on, initial and final ones in one list; the vowels follow. */
static const char consonants[30][3] = {"r", "R", "rt", "s", "sw", "sg", "e", "E", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg",
    "a", "q", "Q", "qt", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g"};

static bool
korean(char keys[KEYS_MAX], uint32_t ch)
{
	const char *parts[3] = {"", "", ""};
	uint32_t at = ch - 0xac00;
	size_t n = 0;

	if (ch >= 0xac00 && at < FIRSTS * VOWELS * LASTS) {
		parts[0] = firsts[at / (VOWELS * LASTS)];
		parts[1] = vowels[at / LASTS % VOWELS];
		parts[2] = lasts[at % LASTS];
	} else if (ch >= 0x3131 && ch < 0x3131 + 30) {
		parts[0] = consonants[ch - 0x3131];
	} else if (ch >= 0x314f && ch < 0x314f + VOWELS) {
		parts[0] = vowels[ch - 0x314f];
	} else if (ch >= 0x1100 && ch < 0x1100 + FIRSTS) {
		parts[0] = firsts[ch - 0x1100];
	} else if (ch >= 0x1161 && ch < 0x1161 + VOWELS) {
		parts[0] = vowels[ch - 0x1161];
	} else if (ch >= 0x11a8 && ch < 0x11a8 + LASTS - 1) {
		parts[0] = lasts[ch - 0x11a8 + 1];
	} else {
		return false;
	}
	for (int i = 0; i < 3; i++) {
		size_t len = strlen(parts[i]);

		memcpy(keys + n, parts[i], len);
		n += len;
	}
	keys[n] = '\0';
	return true;
}

/* ---- reading --------------------------------------------------------------------------------------------------------------- */

/* The next UTF-8 character; 0 at the end, or if there is none. */
static uint32_t
next_char(const char **p, const char *end)
{
	uint32_t ch = 0;

	if (*p < end)
		*p += utf8_next(*p, (size_t)(end - *p), &ch);
	return ch;
}

/* A character that is the same on all keyboards. */
static bool
plain(struct step *s, uint32_t ch)
{
	char key = (char)ch;
	bool separator = ch < 0x80 && code_separator(&key, 1) > 0;

	if (!separator && !(ch >= '0' && ch <= '9') && !(ch >= 'a' && ch <= 'z'))
		return false;
	s->keys[0] = separator ? '\0' : key;
	s->keys[1] = '\0';
	return true;
}

static bool
step_of(struct step *s, enum keyboard keyboard, const struct key *keys, uint32_t ch)
{
	const char *other = keyboard == KEYBOARD_RUSSIAN ? russian(lower(ch)) : NULL;

	s->maybe_separator = false;
	if (keyboard == KEYBOARD_KOREAN && korean(s->keys, ch))
		return true;
	for (; keys->ch != 0 && other == NULL; keys++)
		if (keys->ch == lower(ch)) {
			other = keys->keys;
			s->maybe_separator = keys->maybe_separator;
		}
	if (other == NULL)
		return plain(s, lower(ch));
	memcpy(s->keys, other, strlen(other) + 1);
	return true;
}

struct reading {
	enum code_kind kind;
	struct step steps[STEPS_MAX];
	size_t count;
	char symbols[CODE_SYMBOLS];
	char found[CODE_SYMBOLS];
	enum keyboard keyboard, found_by; /* the keyboard being tried; the one that gave found, or none */
	bool several;		      /* different codes were found */
};

static void
try_symbols(struct reading *r)
{
	char code[CODE_SYMBOLS];

	if (code_parse(code, r->kind, r->symbols, CODE_SYMBOLS, NULL) != E_OK)
		return;
	if (r->found_by == KEYBOARD_NONE) {
		memcpy(r->found, code, CODE_SYMBOLS);
		r->found_by = r->keyboard;
	} else if (sodium_memcmp(code, r->found, CODE_SYMBOLS) != 0) {
		r->several = true;
	}
	sodium_memzero(code, sizeof code);
}

/* All readings from step i on, with have symbols before it. */
static void
walk(struct reading *r, size_t i, size_t have)
{
	size_t n = 0;

	if (i == r->count) {
		if (have == CODE_SYMBOLS)
			try_symbols(r);
		return;
	}
	if (r->steps[i].maybe_separator && have % CODE_GROUP == 0)
		walk(r, i + 1, have);
	n = strlen(r->steps[i].keys);
	if (have + n > CODE_SYMBOLS)
		return;
	memcpy(r->symbols + have, r->steps[i].keys, n);
	walk(r, i + 1, have + n);
}

/* No keyboard has these, so they were pasted. The dashes and blanks of ASCII are keys. */
static const char *
past_separators(const char *p, const char *end)
{
	size_t n = 0;

	while ((n = code_separator(p, (size_t)(end - p))) > 0 && (unsigned char)*p >= 0x80)
		p += n;
	return p;
}

static void
try_keyboard(struct reading *r, enum keyboard keyboard, const struct key *keys, const char *text, size_t n)
{
	const char *p = text, *end = text + n;

	r->keyboard = keyboard;
	for (r->count = 0; (p = past_separators(p, end)) < end; r->count++) {
		uint32_t ch = r->count < STEPS_MAX ? next_char(&p, end) : 0;

		if (ch == 0 || !step_of(&r->steps[r->count], keyboard, keys, ch))
			return;
	}
	walk(r, 0, 0);
}

enum keyboard
keyboard_read(char out[CODE_SYMBOLS], enum code_kind kind, const char *text, size_t n)
{
	struct reading r = {.kind = kind};
	enum keyboard by = KEYBOARD_NONE;

	try_keyboard(&r, KEYBOARD_GERMAN, german, text, n);
	try_keyboard(&r, KEYBOARD_FRENCH, pc_french, text, n);
	try_keyboard(&r, KEYBOARD_FRENCH, keys_french, text, n);
	try_keyboard(&r, KEYBOARD_KOREAN, no_keys, text, n);
	try_keyboard(&r, KEYBOARD_RUSSIAN, no_keys, text, n);
	if (!r.several)
		by = r.found_by;
	if (by != KEYBOARD_NONE)
		memcpy(out, r.found, CODE_SYMBOLS);
	sodium_memzero(&r, sizeof r);
	return by;
}
