/*
 * homes.h - whose home directory HOME is.
 */
#ifndef HOMES_H
#define HOMES_H

#include <stdbool.h>
#include <stddef.h>

/* What a verb keeps below HOME, unless another place is set for it. */
enum homes_use { HOMES_NOTHING, HOMES_ISSUER, HOMES_STATION, HOMES_FOLDER };

/*
 * homes_is_anothers(use, at, size): whether this is root, with the HOME of somebody else (sudo -E): what root makes there its owner
 * could not change any more. at is the directory.
 */
bool homes_is_anothers(enum homes_use use, char *at, size_t size);

#endif
