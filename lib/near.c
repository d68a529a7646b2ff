/*
 * near.c - edit distance (Damerau's, with exchanged neighbours only), within a band: anything farther away is not computed.
 */
#include "near.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

#define BAND (2 * NEAR_FAR + 1)
#define PART_MIN 3

/* A capital comes a fixed distance before its small letter, or next to it. */
static uint32_t
small(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
	    (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return c + (c & 1);
	if ((c >= 0x100 && c <= 0x177) || (c >= 0x460 && c <= 0x4bf) || (c >= 0x1e00 && c <= 0x1eff))
		return c | 1;
	return c;
}

/* Return how many characters s has; those after the first NEAR_CHARACTERS are not stored. */
static size_t
characters(uint32_t out[NEAR_CHARACTERS], const char *s)
{
	size_t n = strlen(s), count = 0, length = 0;

	for (; n > 0 && count < NEAR_CHARACTERS; s += length, n -= length, count++) {
		uint32_t c = 0x110000u + (uint8_t)*s; /* beyond all characters */

		length = utf8_next(s, n, &c);
		length = length > 0 ? length : 1;
		out[count] = small(c);
	}
	return n > 0 ? NEAR_CHARACTERS + 1 : count;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* rows are for the first i characters of a, and for one and two fewer. In each, j is at index j - i + NEAR_FAR + 1. */
static unsigned
cell(const uint32_t *a, const uint32_t *b, size_t i, size_t j, uint8_t rows[3][BAND + 2])
{
	const size_t at = j + NEAR_FAR - i + 1;
	const uint8_t *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
	unsigned d = NEAR_FAR;

	if (i == 0 || j == 0)
		return least((unsigned)(i + j), NEAR_FAR);
	d = least(up[at] + (a[i - 1] != b[j - 1] ? 1U : 0U), 1U + least(up[at + 1], rows[i % 3][at - 1]));
	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
		d = least(d, 1U + up2[at]);
	return least(d, NEAR_FAR);
}

static unsigned
in_band(const uint32_t *a, size_t na, const uint32_t *b, size_t nb)
{
	uint8_t rows[3][BAND + 2];

	memset(rows, NEAR_FAR, sizeof rows);
	for (size_t i = 0; i <= na; i++) {
		memset(rows[i % 3], NEAR_FAR, sizeof rows[0]);
		for (size_t j = i > NEAR_FAR ? i - NEAR_FAR : 0; j <= nb && j <= i + NEAR_FAR; j++)
			rows[i % 3][j + NEAR_FAR - i + 1] = (uint8_t)cell(a, b, i, j, rows);
	}
	return rows[na % 3][nb + NEAR_FAR - na + 1];
}

static bool
is_part(const uint32_t *part, size_t n, const uint32_t *of, size_t count)
{
	for (size_t k = 0; n >= PART_MIN && k + n <= count; k++)
		if (memcmp(of + k, part, n * sizeof *part) == 0)
			return true;
	return false;
}

unsigned
near_distance(const char *a, const char *b)
{
	uint32_t as[NEAR_CHARACTERS], bs[NEAR_CHARACTERS];
	const size_t na = characters(as, a), nb = characters(bs, b);
	const unsigned limit = na < 2 ? 0 : least((unsigned)(1 + na / 4), NEAR_FAR - 1);
	unsigned d = NEAR_FAR;

	if (na > NEAR_CHARACTERS || nb > NEAR_CHARACTERS)
		return NEAR_FAR;
	if (na <= nb + limit && nb <= na + limit && (d = in_band(as, na, bs, nb)) <= limit)
		return d;
	return is_part(as, na, bs, nb) || is_part(bs, nb, as, na) ? NEAR_FAR - 1 : NEAR_FAR;
}
