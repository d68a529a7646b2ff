/*
 * mark.h - what this PC remembers of an issuer's books, outside of their directory: their newest event. Books that have not that
 * event are an older copy, or one that went another way.
 */
#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "books.h"
#include "format.h"

struct mark {
	struct books_mark event;
	int64_t when; /* it was written here */
};

/* mark_read(dir, pk, m): of the issuer pk, from the directory dir. False, with m as it was, if there is none that can be
 * read. */
bool mark_read(const char *dir, const uint8_t pk[KEY_SIZE], struct mark *m);

/* mark_write(dir, pk, m): whole or not at all. Return 0, or -1 with errno. */
int mark_write(const char *dir, const uint8_t pk[KEY_SIZE], const struct mark *m);

#endif
