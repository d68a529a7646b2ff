/*
 * homes.h - whose home directory HOME is.
 */
#ifndef HOMES_H
#define HOMES_H

#include <stdbool.h>
#include <stddef.h>

/* What a verb keeps below HOME, unless it was told to use another place. */
enum homes_use { HOMES_NOTHING, HOMES_ISSUER, HOMES_STATION, HOMES_FOLDER };

/*
 * homes_is_anothers(use, at, size): whether this process is root, with HOME set to somebody else's (sudo -E). The owner could no
 * longer change what root creates there. at becomes the directory.
 */
bool homes_is_anothers(enum homes_use use, char *at, size_t size);

#endif
