/*
 * unlock.h - look, spend, resume, close: the protocol by which a code opens one session (oncestick-protocol(7)).
 *
 * This is the order: unlock_look (nothing changes); unlock_try (the code is proved, and nothing changes but the probe file); then
 * the caller mounts without answering; then unlock_spend (station memory, then both copies of the record). Only then may content
 * leave the process. One thread at a time.
 */
#ifndef UNLOCK_H
#define UNLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "bundle.h"
#include "clock.h"
#include "error.h"
#include "format.h"
#include "memory.h"
#include "stickio.h"

/* Where the optional factors come from. A member is NULL if that factor is not available here. */
struct unlock_factors {
	/* usb: factor and hint of the device that holds the stick; -1 if it has no identity. */
	int (*usb)(void *arg, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE]);
	/*
	 * ledger: claim the slot for nonce and fetch the factor of its release code. E_OK, or E_SPENT, E_REVOKED, E_EARLY,
	 * E_EXPIRED, E_CODE_UNKNOWN (definite), or E_LEDGER (no answer).
	 */
	enum err (*ledger)(void *arg, const char *host, const uint8_t grant_id[ID_SIZE], uint32_t slot,
	    const uint8_t token[HASH_SIZE], const uint8_t nonce[NONCE_SIZE], uint8_t factor[HASH_SIZE]);
	void *arg;
};

struct unlock_env {
	struct memory *memory;
	struct clock_source clock;
	struct unlock_factors factors;
	bool rehearsal;         /* spend nothing, close nothing, and lock a slot only as long as it takes to see who has it */
};

/* What is known so far, for messages. This is plain data, which may be copied between processes. Strings are safe to print. */
struct unlock_info {
	/* after unlock_look */
	uint8_t stick_id[ID_SIZE];
	uint8_t issuer[KEY_SIZE];
	bool issuer_known;              /* to this station */
	unsigned grants, skipped, newer;
	char label[LABEL_MAX + 1];      /* of the newest grant, then of the code's own; "" if none */
	char contact[LABEL_MAX + 1];
	char fs_name[STICKIO_FS_NAME];  /* set if the file system cannot promise to overwrite in place */
	bool memory_volatile;           /* station memory does not survive a reboot */

	/* after unlock_try or unlock_try_key, as far as it got */
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;                  /* UNLOCK_NO_SLOT after unlock_try_key */
	bool by_key;                    /* without a code, by unlock_try_key */
	struct clock_view clock;
	int64_t not_before, expires;
	uint32_t session_s;
	bool resume;                    /* continues a session of this station */
	bool resume_open;               /* ... whose key has been in use before (otherwise a spend was cut short) */
	int64_t remaining_s;            /* of the session */
	bool spent_known, spent_here;   /* with E_SPENT: spent_at is known; it was spent at this station */
	int64_t spent_at;
	bool over_by_clock;             /* with E_SPENT: only this PC's clock says so; nothing was closed */
	char busy_where[256];           /* with E_BUSY: the mount point of the holder, or "" */
	uint32_t notice_min, notice_have;
	uint64_t image_bytes, file_bytes;
	uint32_t inodes;

	/* after unlock_spend */
	int64_t opened_at;              /* t of the first opening */
	bool spent_now;                 /* S1 is committed: from now on the code is used up, or can be resumed here */
};

struct unlock;

/*
 * unlock_look(u, dir_fd, env, info, f): steps 1-3 on the stick mounted at dir_fd. The caller owns *u, even if later steps fail.
 * env is copied; what it points to must outlive *u. Errors: E_NO_STICK, E_STICK_DAMAGED, E_STICK_IO, E_FILESYSTEM, E_NO_GRANT,
 * E_ISSUER, E_FAIL.
 */
enum err unlock_look(struct unlock **u, int dir_fd, const struct unlock_env *env, struct unlock_info *info, struct fault *f);

/*
 * unlock_try(u, code, info, f): steps 5-14 with the 16 symbols of a code whose form and check symbols are good. On success the
 * content key is proved and held, and the station knows the issuer and its notice. On failure nothing was spent, and unlock_try
 * may be called again with another code. Errors: E_MEMORY, E_CODE_UNKNOWN, E_NO_GRANT, E_BUSY, E_ISSUER, E_NOTICE_MISSING,
 * E_STATION, E_SPENT, E_SLOT_DAMAGED, E_REVOKED, E_EARLY, E_EXPIRED, E_BUNDLE, E_WRONG_STICK, E_WRONG_STATION, E_STICK_BUSY,
 * E_READONLY, E_STICK_IO, E_LEDGER, E_FAIL.
 */
enum err unlock_try(struct unlock *u, const char code[CODE_SYMBOLS], struct unlock_info *info, struct fault *f);

/*
 * unlock_try_key(u, k, info, f): in place of unlock_try, for whoever has the content key and needs no code: prove it, and hold it.
 * Neither the times of the codes count, nor what is used up or revoked, nor any factor. Nothing is used up or written, on the stick
 * or in the station's memory, now or later: unlock_spend then only opens the bundle, for as long as a code would, and the functions
 * that keep an account of a session keep none. At one time there is one such session of a grant at this station. Errors:
 * E_NO_GRANT (no such grant), E_BUSY, E_ISSUER (not trusted at this station), E_STATION, E_BUNDLE (also: not its key), E_STICK_IO,
 * E_FAIL.
 */
#define UNLOCK_NO_SLOT UINT32_MAX
struct unlock_key {
	uint8_t grant_id[ID_SIZE]; /* of a grant of the stick, whose lecture it is */
	uint8_t ck[KEY_SIZE];	   /* the caller wipes it */
};
enum err unlock_try_key(struct unlock *u, const struct unlock_key *k, struct unlock_info *info, struct fault *f);

/*
 * unlock_check(u, info, f): steps 6 and 10 for every grant, which is what a rehearsal without a code can prove; also check that
 * the records and the probe can be written. Errors: those of unlock_try that concern the stick.
 */
enum err unlock_check(struct unlock *u, struct unlock_info *info, struct fault *f);

/* unlock_clock(u, info, f): set info->clock. Errors: E_STATION. */
enum err unlock_clock(struct unlock *u, struct unlock_info *info, struct fault *f);

/*
 * unlock_spend(u, info, f): S1-S5, or the rest of them when resuming. Until both copies of the record are written nobody else on
 * this PC can write to the slot. Records and notices are read again, and may refuse now. On E_OK the bundle may be read. On
 * failure the keys are wiped; info->spent_now says whether the same code has to be used here again. Errors: E_STICK_BUSY,
 * E_STATION, E_STICK_IO, E_READONLY, E_SPENT, E_REVOKED, E_SLOT_DAMAGED, E_BUNDLE, E_ISSUER, E_NOTICE_MISSING, E_EARLY, E_EXPIRED,
 * E_FAIL, and those of the ledger.
 */
enum err unlock_spend(struct unlock *u, struct unlock_info *info, struct fault *f);

/* unlock_bundle(u): the bundle that the code opens, borrowed from u. It stays locked (no key) until unlock_spend has succeeded. */
struct bundle *unlock_bundle(struct unlock *u);

/* unlock_grant_hash(u): the hash of the grant that was tried. Valid after unlock_try or unlock_try_key has succeeded. */
const uint8_t *unlock_grant_hash(const struct unlock *u);

/*
 * Time is charged before it is used, so that killing a session gains nothing. The first UNLOCK_SHORT_BEATS times unlock_spend and
 * then each beat charge UNLOCK_BEAT_S; later each charges UNLOCK_CHARGE_S, which is a minute plus what a late beat needs.
 *
 * unlock_beat(u, used_s): used_s has been used. Charge more if the charged time ends before the next beat, which makes the disk
 * write. Call this every UNLOCK_BEAT_S. What could not be charged is tried again with the next beat.
 *
 * unlock_used(u, used_s, f): used_s has been used, and the folder is closed: no more is charged.
 *
 * unlock_end(u, used_s, f): close for good; the code is dead afterwards. Both copies of the record on the stick then say so too,
 * if the stick is there and can be written. With E_STATION the station does not know that the session has ended, and the stick is
 * told only if the session's time is over.
 */
#define UNLOCK_BEAT_S 15
#define UNLOCK_SHORT_BEATS 5
#define UNLOCK_CHARGE_S 64
enum err unlock_beat(struct unlock *u, int64_t used_s);
enum err unlock_used(struct unlock *u, int64_t used_s, struct fault *f);
enum err unlock_end(struct unlock *u, int64_t used_s, struct fault *f);

/*
 * unlock_reattach(u, dir_fd, f): after a spend, when the stick was pulled and there is a stick at dir_fd again: continue with it
 * if it is the same one, by its id, the session id in both copies of the record, and the bundle's manifest. Other threads may be
 * reading the bundle during the call. Errors: E_NO_STICK, E_STICK_DAMAGED, E_WRONG_STICK, E_BUNDLE, E_STICK_IO, E_FAIL.
 */
enum err unlock_reattach(struct unlock *u, int dir_fd, struct fault *f);

/*
 * unlock_carry_notice(u): after a spend, copy the station's newest notice of this issuer to the stick if the one on the stick is
 * older. A stick that cannot take it is not an error.
 */
void unlock_carry_notice(struct unlock *u);

/* unlock_free(u): wipe everything and release the slot lock. The row in station memory stays as it is. */
void unlock_free(struct unlock **u);

/* unlock_close_overdue(env, f): close every open row whose time is over beyond doubt and whose slot no process holds. */
enum err unlock_close_overdue(const struct unlock_env *env, struct fault *f);

#endif
