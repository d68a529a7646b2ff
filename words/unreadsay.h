/*
 * unreadsay.h - words for blocks of an open folder that could not be read.
 */
#ifndef UNREADSAY_H
#define UNREADSAY_H

#include "unread.h"

#define UNREADSAY_SIZE 800

/*
 * unreadsay(out, u): a sentence without its full stop, safe to print, that also says what to do. u->blocks must not be 0. Return
 * out.
 */
const char *unreadsay(char out[UNREADSAY_SIZE], const struct unread *u);

#endif
