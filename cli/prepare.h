/*
 * prepare.h - the work of 'oncestick prepare': one encryption, several sticks, each whole or untouched in the end.
 *
 * prepare_begin and prepare_check look at everything and change nothing; prepare_write does it. A stick that fails on the way is
 * given up with its own fault, and nothing usable stays on it.
 */
#ifndef PREPARE_H
#define PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "error.h"
#include "grant.h"
#include "issuer.h"
#include "manifest.h"
#include "pack.h"
#include "provision.h"
#include "stickarg.h"

/* One stick. */
struct prepare_target {
	struct stickarg at;
	char device[128]; /* "SanDisk Cruzer, 29 GiB", or "" */
	struct provision *p;
	bool fresh;	   /* had no ONCE */
	unsigned replaced; /* unused codes that --replace revoked */
	uint8_t usb[HASH_SIZE]; /* of its device, if grant.policy.usb */
	struct grant grant;
	uint8_t *a;    /* stretched codes, secret memory */
	uint8_t *file; /* signed grant */
	size_t file_n;
	uint8_t *cells;
	int bundle_fd;
	bool started;	    /* something may be on the stick */
	bool direct;	    /* read back from the device itself */
	bool forgets;	    /* it was read back, and is not what was written: fault says so */
	struct fault fault; /* E_OK: whole */
};

struct prepare {
	const struct cli *c;

	/* what is wanted, set by the caller */
	const char *folder;
	uint32_t codes;
	char label[LABEL_MAX + 1];
	int64_t not_before, expires;
	uint32_t session_s;
	bool add, replace, discard, skip_special;
	bool yes;    /* do not ask whether a STICK is one */
	bool strict; /* refuse a folder that changes while it is packed */
	bool bind_usb; /* codes open on this device only */
	struct prepare_target *targets; /* at is open in each */
	size_t count;

	/*
	 * unmount what t->at is on, and mount it again from the device, t->at open as before; so that nothing is believed that is only
	 * in this PC's memory. E_INTERRUPTED and E_FAIL are about this PC, all other errors about the stick. NULL: cannot be done
	 */
	enum err (*remount)(void *arg, struct prepare_target *t, struct fault *f);
	void *remount_arg;

	struct issuer issuer;
	int folder_fd;
	struct pack_source *src;
	int64_t started;   /* the passphrase may take its time after that */
	unsigned unsteady; /* how many files and folders changed */
	uint8_t bundle_id[ID_SIZE];
	uint8_t *ck; /* secret memory */
	struct manifest manifest;
	uint8_t *manifest_file;
	size_t manifest_n;
	uint8_t *notice; /* the newest, NULL if there is none */
	size_t notice_n;
	uint32_t notice_number;
};

/*
 * prepare_begin(j, blame, f): open the issuer (which may ask), scan the folder. On failure *blame is the stick it is about, or NULL,
 * and nothing was changed anywhere. A target whose stick is not there yet has at.fd -1.
 */
enum err prepare_begin(struct prepare *j, struct prepare_target **blame, struct fault *f);

/* prepare_bytes(j): the bytes that a stick must have free; after prepare_begin. */
uint64_t prepare_bytes(const struct prepare *j);

/*
 * prepare_check(j, blame, f): after prepare_begin: take every stick. One that is refused has its fault, and the others go on; it fails
 * as prepare_begin does if none is left, or for what is not about a stick.
 */
enum err prepare_check(struct prepare *j, struct prepare_target **blame, struct fault *f);

/*
 * prepare_write(j, f): E_OK if it could be tried on the sticks: each target's fault then says how it ended there. Else why nothing
 * was written to any.
 */
enum err prepare_write(struct prepare *j, struct fault *f);

/* prepare_end(j): release everything but the array of targets. */
void prepare_end(struct prepare *j);

#endif
