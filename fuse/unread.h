/*
 * unread.h - what an open session refused to give, because it could not be read or was damaged: players take that for the end of a
 * film.
 */
#ifndef UNREAD_H
#define UNREAD_H

#include <stdint.h>

/* At most so many blocks are counted. */
#define UNREAD_MAX 256u
#define UNREAD_NAME 256

struct unread {
	uint32_t blocks;        /* that somebody waited for in vain, each counted once; 0: all is well */
	uint32_t files;         /* that they were of; 0: of the list of files alone */
	char name[UNREAD_NAME]; /* of one of these files: the end of its path, raw bytes */
};

#endif
