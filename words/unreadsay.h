/*
 * unreadsay.h - what is said of blocks of an open folder that could not be read.
 */
#ifndef UNREADSAY_H
#define UNREADSAY_H

#include "unread.h"

#define UNREADSAY_SIZE 800

/* unreadsay(out, u): a sentence without its full stop, safe to print, with what to do; u->blocks is not 0. Returns out. */
const char *unreadsay(char out[UNREADSAY_SIZE], const struct unread *u);

#endif
