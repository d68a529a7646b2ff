/*
 * homes.h - whose home directory HOME is.
 */
#ifndef HOMES_H
#define HOMES_H

#include "cli.h"
#include "error.h"

/* What a verb keeps below HOME, unless another place is set for it. */
enum homes_use { HOMES_NOTHING, HOMES_ISSUER, HOMES_STATION, HOMES_FOLDER };

/*
 * homes_check(c, use): E_USAGE, with words, for root with the HOME of somebody else (sudo -E): what root makes there its owner could
 * not change any more. Nothing was made by then.
 */
enum err homes_check(const struct cli *c, enum homes_use use);

#endif
