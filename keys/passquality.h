/*
 * passquality.h - whether a new passphrase is one that anybody would guess: a plain minimum, and no dictionary.
 */
#ifndef PASSQUALITY_H
#define PASSQUALITY_H

#include "bytes.h"

#define PASSQUALITY_MIN 8 /* bytes */

enum passquality {
	PASSQUALITY_FINE,
	PASSQUALITY_SHORT, /* less than PASSQUALITY_MIN */
	PASSQUALITY_FEW,   /* the same few characters again and again */
	PASSQUALITY_RUN    /* each character follows the one before, up or down: 12345678 */
};

/* passquality(pass): what is wrong with it, if anything. */
enum passquality passquality(struct bytes pass);

#endif
