/*
 * keyboard.h - a code typed on a keyboard with other letters on its keys than the PC believes.
 */
#ifndef KEYBOARD_H
#define KEYBOARD_H

#include <stddef.h>

#include "code.h"
#include "format.h"

enum keyboard {
	KEYBOARD_NONE,
	KEYBOARD_GERMAN, /* QWERTZ: Y and Z */
	KEYBOARD_FRENCH, /* AZERTY: digits need Shift, and A Q Z W M are elsewhere; '-' is on the key of 6 */
	KEYBOARD_KOREAN, /* two-set (KS X 5002): keys make jamo, and the input method syllables of them */
	KEYBOARD_RUSSIAN /* JCUKEN */
};

/*
 * keyboard_read(out, kind, text, n): read the n bytes typed, which are no code of that kind as they stand, as if the keys had been
 * those of another keyboard than the PC has, or the other way round. Return whose, with the canonical symbols in out;
 * KEYBOARD_NONE if that gives no code, or more than one. A reading is a code by its check symbols alone: one in 1024 is so by
 * chance. So it may be offered, and never used without being asked for.
 */
enum keyboard keyboard_read(char out[CODE_SYMBOLS], enum code_kind kind, const char *text, size_t n);

#endif
