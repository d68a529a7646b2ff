/*
 * near.h - how far one word is from another that was perhaps meant.
 */
#ifndef NEAR_H
#define NEAR_H

#include <stddef.h>

#define NEAR_FAR 4
#define NEAR_CHARACTERS 256

/*
 * near_distance(a, b): how many characters have to be typed, left out, put in the place of others, or exchanged with their
 * neighbour, to make b of a, capitals or not (Latin, Greek and Cyrillic): 1 more than a quarter of a's characters at most, and 3;
 * none where a has only one. NEAR_FAR - 1 if the one, of at least 3 characters, is a part of the other; else NEAR_FAR: nobody would
 * take the one for the other. Bytes that are no UTF-8 are characters of their own; a word of more than NEAR_CHARACTERS is far from
 * all.
 */
unsigned near_distance(const char *a, const char *b);

#endif
