/*
 * whenarg.h - the time that an option was given.
 */
#ifndef WHENARG_H
#define WHENARG_H

#include <stdbool.h>
#include <stdint.h>

#include "cli.h"
#include "when.h"

struct whenarg {
	const char *option; /* without the dashes */
	const char *text;
	enum when_role role;
	int64_t now;
};

/*
 * whenarg_read(c, w, out): what that time is. It is repeated in full, with its day of the week. Return false if it is no time, or
 * can be read in two ways, which it has said.
 */
bool whenarg_read(const struct cli *c, const struct whenarg *w, int64_t *out);

#endif
