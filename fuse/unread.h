/*
 * unread.h - what an open session refused to hand out because it could not be read or was damaged; players take that for the end
 * of a film.
 */
#ifndef UNREAD_H
#define UNREAD_H

#include <stdint.h>

/* At most this many blocks are counted. */
#define UNREAD_MAX 256u
#define UNREAD_NAME 256

struct unread {
	uint32_t blocks;        /* for which somebody waited in vain, each counted once; 0: all is well */
	uint32_t files;         /* to which they belong; 0: only to the list of files */
	char name[UNREAD_NAME]; /* of one of these files: the end of its path, raw bytes */
};

#endif
