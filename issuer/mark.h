/*
 * mark.h - what this PC remembers about an issuer's books, outside of their directory: their newest event. Books without that
 * event are an older copy, or one that has gone another way.
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

/*
 * mark_read(dir, pk, m): read the mark of the issuer pk from the directory dir. False, with m unchanged, if there is none that can
 * be read.
 */
bool mark_read(const char *dir, const uint8_t pk[KEY_SIZE], struct mark *m);

/* mark_write(dir, pk, m): write it, whole or not at all. Return 0, or -1 with errno. */
int mark_write(const char *dir, const uint8_t pk[KEY_SIZE], const struct mark *m);

#endif
