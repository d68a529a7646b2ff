/*
 * prepare.h - sticks are made ready: one encryption, several sticks, each whole or untouched in the end.
 *
 * prepare_begin, prepare_bind, prepare_scan and prepare_check, in this order, look at everything and change nothing; prepare_write
 * does it. A stick that fails on the way is given up with its own fault, and nothing usable stays on it.
 */
#ifndef PREPARE_H
#define PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect.h"
#include "error.h"
#include "grant.h"
#include "identity.h"
#include "issuer.h"
#include "manifest.h"
#include "pack.h"
#include "provision.h"
#include "report.h"

/* Steps of faults; of those that are about a stick, the target has the rest. */

/* One stick. */
struct prepare_target {
	const char *path; /* what the stick is called; raw bytes. Borrowed, as fd */
	int fd;		  /* its directory; -1: it is not there yet */
	struct identity identity; /* of its device, if grant.policy.usb, and for WHY_NO_IDENTITY */
	struct collect_loss loss;
	uint64_t need;			 /* bytes that it must have free, for WHY_TOO_SMALL */
	uint32_t left[STICK_GRANTS_MAX]; /* codes that could still be used, of each of p->grants */
	struct provision *p;
	bool fresh;	   /* had no ONCE */
	unsigned replaced; /* unused codes that --replace revoked */
	struct grant grant;
	uint8_t *a;    /* stretched codes, secret memory */
	int bundle_fd;
	bool started;	    /* something may be on the stick */
	bool direct;	    /* read back from the device itself */
	bool forgets;	    /* it was read back, and is not what was written: fault says so */
	struct fault fault; /* E_OK: whole */
};

struct prepare {
	const struct report *report; /* NULL: nobody listens */

	/* what is wanted, set by the caller */
	const char *folder;
	uint32_t codes;
	char label[LABEL_MAX + 1];
	int64_t not_before, expires;
	uint32_t session_s;
	bool add, replace, discard, skip_special;
	bool strict; /* refuse a folder that changes while it is packed */
	bool bind_usb; /* codes open on this device only */
	struct prepare_target *targets; /* path, fd, bundle_fd -1 in each */
	size_t count;

	/*
	 * unmount what t->fd is on, and mount it again from the device, t->fd open as before; so that nothing is believed that is
	 * only in this PC's memory. E_INTERRUPTED and E_FAIL are about this PC, all other errors about the stick. NULL: cannot be
	 * done
	 */
	enum err (*remount)(void *arg, struct prepare_target *t, struct fault *f);
	void *remount_arg;

	struct issuer issuer; /* opened, and unlocked, by the caller after prepare_begin */
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
 * prepare_begin(j, blame, f): look at the folder, and at where the sticks are. A target whose stick is not there yet has fd -1. On
 * failure *blame is the stick it is about, or NULL, and nothing was changed anywhere. Errors: E_SOURCE (WHY_NO_FOLDER), E_USAGE
 * (WHY_INSIDE, WHY_TWICE).
 */
enum err prepare_begin(struct prepare *j, struct prepare_target **blame, struct fault *f);

/*
 * prepare_bind(j, blame, f): with bind_usb, take the identities now, before anybody is asked for anything; else prepare_check does.
 * E_WRONG_STICK (WHY_NO_IDENTITY).
 */
enum err prepare_bind(struct prepare *j, struct prepare_target **blame, struct fault *f);

/* prepare_scan(j, f): list the folder. Errors: those of pack_scan_folder, E_SOURCE (WHY_NO_FILES), E_BOOKS. */
enum err prepare_scan(struct prepare *j, struct fault *f);

/* prepare_holes(j): how much of the folder is holes in files, which a stick stores in full; 0 if that is not worth a word. */
uint64_t prepare_holes(const struct prepare *j);

/* prepare_bytes(j): the bytes that a stick must have free; after prepare_scan. */
uint64_t prepare_bytes(const struct prepare *j);

/*
 * prepare_check(j, blame, f): after prepare_scan: take every stick. One that is refused has its fault, and the others go on; it
 * fails as prepare_begin does if none is left, or for what is not about a stick.
 */
enum err prepare_check(struct prepare *j, struct prepare_target **blame, struct fault *f);

/*
 * prepare_write(j, blame, f): E_OK if it could be tried on the sticks: each target's fault then says how it ended there. Else why
 * nothing was written to any, and *blame is the stick it is about, or NULL.
 */
enum err prepare_write(struct prepare *j, struct prepare_target **blame, struct fault *f);

/* prepare_end(j): release everything but the array of targets and what those borrow. */
void prepare_end(struct prepare *j);

#endif
