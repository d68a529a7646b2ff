/*
 * near.h - how far a word is from another one that may have been meant.
 */
#ifndef NEAR_H
#define NEAR_H

#include <stddef.h>

#define NEAR_FAR 4
#define NEAR_CHARACTERS 256

/*
 * near_distance(a, b): how many characters must be inserted, left out, replaced, or exchanged with their neighbour to turn a into
 * b. Capitals do not matter (in Latin, Greek and Cyrillic). That is at most 3, and at most 1 plus a quarter of a's characters; it
 * is 0 if a has fewer than two. If it takes more, but one of the two is a part of the other and has at least 3 characters, the
 * distance is NEAR_FAR - 1. Otherwise it is NEAR_FAR: nobody would take one for the other. A byte that is not UTF-8 is a character
 * of its own. A word of more than NEAR_CHARACTERS characters is far from all others.
 */
unsigned near_distance(const char *a, const char *b);

#endif
