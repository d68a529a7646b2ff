/*
 * keyboard.h - a code typed on a keyboard whose keys have other letters than the PC thinks.
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
	KEYBOARD_KOREAN, /* two-set (KS X 5002): keys make jamo, which the input method turns into syllables */
	KEYBOARD_RUSSIAN /* JCUKEN */
};

/*
 * keyboard_read(out, kind, text, n): read the n bytes typed, which are not a code of this kind as they are, as if the keys had
 * been those of another keyboard than the PC thinks, or the other way round. Return which keyboard, with the canonical symbols in
 * out; KEYBOARD_NONE if no reading gives a code, or more than one does. Only check symbols make a reading a code, so one in 1024
 * is a code by chance. Offer it to the person, but never use it without asking.
 */
enum keyboard keyboard_read(char out[CODE_SYMBOLS], enum code_kind kind, const char *text, size_t n);

#endif
