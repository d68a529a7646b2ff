/*
 * passquality.c - a plain minimum for new passphrases.
 */
#include "passquality.h"

#include <stdbool.h>
#include <string.h>

#define DIFFERENT_MIN 5

enum passquality
passquality(struct bytes pass)
{
	unsigned different = 0;
	size_t up = 1, down = 1;
	bool seen[256] = {false};

	if (pass.n < PASSQUALITY_MIN)
		return PASSQUALITY_SHORT;
	for (size_t i = 0; i < pass.n; i++) {
		different += !seen[pass.p[i]];
		seen[pass.p[i]] = true;
		up += i > 0 && pass.p[i] == pass.p[i - 1] + 1;
		down += i > 0 && pass.p[i] == pass.p[i - 1] - 1;
	}
	explicit_bzero(seen, sizeof seen);
	if (different < DIFFERENT_MIN)
		return PASSQUALITY_FEW;
	return up == pass.n || down == pass.n ? PASSQUALITY_RUN : PASSQUALITY_FINE;
}
