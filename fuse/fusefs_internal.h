/*
 * fusefs_internal.h - what fusefs.c (the life of a mount) and fusefs_ops.c (its answers) share.
 */
#ifndef FUSEFS_INTERNAL_H
#define FUSEFS_INTERNAL_H

#define FUSE_USE_VERSION 314

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <fuse_lowlevel.h>

#include "blockcache.h"
#include "blockcrypt.h"
#include "bundle.h"
#include "image.h"
#include "readahead.h"
#include "unread.h"

/* The largest read, and the blocks that are held for it. The cache has that many for each server. */
#define READ_MAX (16u * BLOCK_SIZE)
#define READ_BLOCKS 17u
#define SERVERS_MAX 6u

/*
 * Files of this size or more bypass the kernel's page cache, where mmap(2) of them works all the same. A film is read once, from
 * front to back; what is not kept in the cache need not be copied there and cannot be found there. Smaller files are read in small
 * pieces, and again.
 */
#define DIRECT_SIZE (64u << 20)

/*
 * A listing with attributes saves programs that want them (ls -l, file managers) a request for each name, and costs programs that
 * do not (find) several times as much in the kernel. Only a listing without them shows whether they are wanted. So many listings
 * with them are sent before that is tried, at first and after each time they were wanted.
 */
#define PLUS_FIRST 8u
#define PLUS_AGAIN 64u

/* An open file or directory. */
struct handle {
	struct handle *next, *prev;
	uint32_t ino;
	struct image_inode inode;
	pthread_mutex_t lock;   /* of all below */
	struct readahead ahead;
	bool broken;            /* a directory from whose listing some entries were left out */
	bool plus;              /* a directory that is listed with attributes */
};

/* A block that was refused to somebody who waited for it. */
struct refused {
	uint64_t block;
	uint32_t ino;           /* the file it belongs to; 0, which is the root, if that is unknown */
};

struct fusefs {
	struct bundle *bundle;
	struct fuse_session *session;
	dev_t dev;
	struct blockcache *cache;
	struct image image;
	uint64_t blocks;
	uid_t uid;
	gid_t gid;
	int ended_fd;
	bool page_cache;        /* for all files, however large */
	bool direct;            /* files of DIRECT_SIZE or more bypass it */

	bool (*retry)(void *arg);
	void *retry_arg;
	void (*tell)(void *arg);
	void *tell_arg;

	pthread_rwlock_t gate;  /* held for reading while an answer is sent */
	_Atomic bool silent;    /* set while the gate is held for writing */

	unsigned processors;
	_Atomic int busy;       /* places being read in order, in all files */

	_Atomic unsigned plus;  /* how many more listings are sent with attributes */
	_Atomic unsigned bare;  /* entries listed without them since the last listing began */
	_Atomic unsigned looked; /* names looked up since then */

	pthread_mutex_t lock;   /* of all below */
	pthread_cond_t idle;    /* a context came back, or silent was set */
	struct handle *handles;
	struct refused refused[UNREAD_MAX];
	unsigned refusals;
	unsigned told;          /* how many there were when tell was last called */
	char unread_name[UNREAD_NAME];
	struct blockcrypt **crypt;
	unsigned crypts;        /* how many of them nobody is using */
	unsigned crypts_made;
	unsigned serving;       /* servers that are still running */
	bool abandoned;         /* the last of them releases everything */

	unsigned servers;       /* that were started */
	pthread_t server[SERVERS_MAX];
};

/* The functions that answer the kernel's requests. The session's user data is a struct fusefs. */
extern const struct fuse_lowlevel_ops fusefs_ops;

/* fusefs_serve_one(fs, buf): answer one request, received into buf. Return false once no more will come. */
bool fusefs_serve_one(struct fusefs *fs, struct fuse_buf *buf);

/* fusefs_handle_free(fs, h): free h, which is closed; what was read ahead for it is no longer wanted. */
void fusefs_handle_free(struct fusefs *fs, struct handle *h);

/*
 * fusefs_refused(fs, ino, first, count): somebody was told that something cannot be read. Of the count blocks from first on, those
 * that were refused belong to the file ino; with count 0, they belong to no file.
 */
void fusefs_refused(struct fusefs *fs, uint32_t ino, uint64_t first, uint64_t count);

#endif
