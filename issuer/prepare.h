/*
 * prepare.h - making sticks ready: one encryption, several sticks, each whole or untouched in the end.
 *
 * prepare_begin, prepare_bind, prepare_scan and prepare_check, in this order, look at everything and change nothing; prepare_write
 * does the work. A stick that fails on the way is given up with a fault of its own, and nothing usable stays on it.
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

/* Steps of faults; for those about a stick, the target has the rest. */

/* One stick. */
struct prepare_target {
	const char *path; /* the stick's name for people; raw bytes. Borrowed, like fd */
	int fd;		  /* its directory; -1: the stick is not there yet */
	struct identity identity; /* its device, if grant.policy.usb, and for WHY_NO_IDENTITY */
	struct collect_loss loss;
	uint64_t need;			 /* free bytes that it needs, for WHY_TOO_SMALL */
	uint32_t left[STICK_GRANTS_MAX]; /* codes that could still be used, for each of p->grants */
	struct provision *p;
	bool named;	   /* prepare_name gave it its id */
	bool fresh;	   /* it had no ONCE */
	unsigned replaced; /* unused codes that --replace revoked */
	struct grant grant;
	uint8_t *a;    /* stretched codes, secret memory */
	int bundle_fd;
	bool started;	    /* something may be on the stick */
	bool direct;	    /* read back from the device itself */
	bool forgets;	    /* what was read back is not what was written; fault says so */
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
	bool bind_usb; /* codes open only on this device */
	struct exclude *exclude; /* what of the folder is left out; borrowed; NULL: nothing */
	struct prepare_target *targets; /* path, fd, bundle_fd -1 in each */
	size_t count;

	/*
	 * unmount what t->fd is on and mount it again from the device, with t->fd open as before, so that nothing is believed that
	 * is only in this PC's memory. E_INTERRUPTED and E_FAIL are about this PC, all other errors about the stick. NULL: this
	 * cannot be done
	 */
	enum err (*remount)(void *arg, struct prepare_target *t, struct fault *f);
	void *remount_arg;

	struct issuer issuer; /* opened, and after prepare_begin unlocked, by the caller */
	int folder_fd;
	struct prepare_scanner *scanner; /* between prepare_scan_begin and prepare_scan */
	struct pack_source *src;
	int64_t started;   /* before the passphrase, which may take a while */
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
 * failure *blame is the stick that the error is about, or NULL, and nothing has been changed anywhere. Errors: E_SOURCE
 * (WHY_NO_FOLDER), E_USAGE (WHY_INSIDE, WHY_TWICE).
 */
enum err prepare_begin(struct prepare *j, struct prepare_target **blame, struct fault *f);

/*
 * prepare_bind(j, blame, f): with bind_usb, read the identities now, before anybody is asked for anything; otherwise prepare_check
 * does. E_WRONG_STICK (WHY_NO_IDENTITY).
 */
enum err prepare_bind(struct prepare *j, struct prepare_target **blame, struct fault *f);

/*
 * prepare_scan_begin(j, f): begin to list the folder, and to read its first files, in a thread of its own, while the caller does
 * something else with the issuer, such as issuer_unlock. Nothing is reported yet. E_FAIL.
 *
 * prepare_scan(j, f): list the folder, or wait until that is done. Errors: those of pack_scan_folder, E_SOURCE (WHY_NO_FILES),
 * E_BOOKS, E_FAIL.
 */
enum err prepare_scan_begin(struct prepare *j, struct fault *f);
enum err prepare_scan(struct prepare *j, struct fault *f);

/* prepare_holes(j): how much of the folder is holes in files, which a stick stores in full; 0 if that is not worth mentioning. */
uint64_t prepare_holes(const struct prepare *j);

/* prepare_bytes(j): how many free bytes a stick must have. Call this after prepare_scan. */
uint64_t prepare_bytes(const struct prepare *j);

/*
 * prepare_name(j, t, f): give t, which is about to become empty, its id already. Call this before prepare_check. E_BOOKS, E_FAIL.
 */
enum err prepare_name(struct prepare *j, struct prepare_target *t, struct fault *f);

/*
 * prepare_check(j, blame, f): after prepare_scan: take every stick. A stick that is refused gets a fault, and the others continue.
 * If none is left, or for an error that is not about a stick, it fails as prepare_begin does.
 */
enum err prepare_check(struct prepare *j, struct prepare_target **blame, struct fault *f);

/*
 * prepare_write(j, blame, f): E_OK if it could be tried on the sticks: each target's fault then says how it ended there. Otherwise
 * the reason why nothing was written to any, and *blame is the stick that it is about, or NULL.
 */
enum err prepare_write(struct prepare *j, struct prepare_target **blame, struct fault *f);

/* prepare_end(j): release everything except the array of targets and what they borrow. */
void prepare_end(struct prepare *j);

#endif
