/*
 * passquality.h - whether a new passphrase is one that anybody would guess: a plain minimum, and what passguess.h says.
 */
#ifndef PASSQUALITY_H
#define PASSQUALITY_H

#include "bytes.h"

#define PASSQUALITY_MIN 8 /* bytes */
#define PASSQUALITY_REASON 256

enum passquality {
	PASSQUALITY_FINE,
	PASSQUALITY_SHORT, /* less than PASSQUALITY_MIN */
	PASSQUALITY_FEW,   /* the same few characters again and again */
	PASSQUALITY_RUN,   /* each character follows the one before, up or down: 12345678 */
	PASSQUALITY_WORD,  /* one of the words that are tried first, with or without figures and signs: password123, P@ssw0rd */
	PASSQUALITY_GUESSED /* what libpwquality says */
};

/* passquality(pass, reason): what is wrong with it, if anything. reason is "", or the words of PASSQUALITY_GUESSED. */
enum passquality passquality(struct bytes pass, char reason[PASSQUALITY_REASON]);

#endif
