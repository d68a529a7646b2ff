/*
 * unlock.h - look, spend, resume, close: the protocol by which a code opens one session (oncestick-protocol(7)).
 *
 * The order is: unlock_look (nothing changes), unlock_try (the code is proved, nothing changes but the probe file), then the
 * caller mounts without answering, then unlock_spend (station memory, then both copies of the record), and only then content may
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

/* Where the optional factors come from. A member may be NULL: the factor cannot be had here. */
struct unlock_factors {
	/* usb: factor and hint of the device that holds the stick; -1 if it has no identity. */
	int (*usb)(void *arg, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE]);
	/*
	 * ledger: claim the slot for nonce and fetch its release code's factor. E_OK, or E_SPENT, E_REVOKED, E_EARLY, E_EXPIRED,
	 * E_CODE_UNKNOWN (definite), or E_LEDGER (no answer).
	 */
	enum err (*ledger)(void *arg, const char *host, const uint8_t grant_id[ID_SIZE], uint32_t slot,
	    const uint8_t token[HASH_SIZE], const uint8_t nonce[NONCE_SIZE], uint8_t factor[HASH_SIZE]);
	void *arg;
};

struct unlock_env {
	struct memory *memory;
	struct clock_source clock;
	struct unlock_factors factors;
	bool rehearsal;         /* spend nothing, close nothing, lock nothing for longer than it takes to see who has it */
};

/* What is known so far, for messages. Plain data: it may be copied between processes. Strings are safe to print. */
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

	/* after unlock_try, as far as it came */
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
	struct clock_view clock;
	int64_t not_before, expires;
	uint32_t session_s;
	bool resume;                    /* continues a session of this station */
	bool resume_open;               /* ... whose key was in use before (else: a spend that was cut short) */
	int64_t remaining_s;            /* of the session */
	bool spent_known, spent_here;   /* with E_SPENT: spent_at is known; it was at this station */
	int64_t spent_at;
	bool over_by_clock;             /* with E_SPENT: only by this PC's clock, so nothing was closed: one put right goes on */
	char busy_where[256];           /* with E_BUSY: the mount point of the holder, or "" */
	uint32_t notice_min, notice_have;
	uint64_t image_bytes, file_bytes;
	uint32_t inodes;

	/* after unlock_spend */
	int64_t opened_at;              /* t of the first opening */
	bool spent_now;                 /* set as soon as S1 is committed: from here the code is used up or resumable here */
};

struct unlock;

/*
 * unlock_look(u, dir_fd, env, info, f): steps 1-3 on the stick mounted at dir_fd. *u is owned by the caller also on failure of
 * later steps. env is copied; what it points to must outlive *u. Errors: E_NO_STICK, E_STICK_DAMAGED, E_STICK_IO, E_FILESYSTEM,
 * E_NO_GRANT, E_ISSUER, E_FAIL.
 */
enum err unlock_look(struct unlock **u, int dir_fd, const struct unlock_env *env, struct unlock_info *info, struct fault *f);

/*
 * unlock_try(u, code, info, f): steps 5-14 with the 16 symbols of a code whose form and check are good. On success the content key
 * is proved and held, and the station knows the issuer and his notice. On failure nothing was spent and unlock_try may be called
 * again with another code. Errors: E_MEMORY, E_CODE_UNKNOWN, E_NO_GRANT, E_BUSY, E_ISSUER, E_NOTICE_MISSING, E_STATION, E_SPENT,
 * E_SLOT_DAMAGED, E_REVOKED, E_EARLY, E_EXPIRED, E_BUNDLE, E_WRONG_STICK, E_WRONG_STATION, E_STICK_BUSY, E_READONLY, E_STICK_IO,
 * E_LEDGER, E_FAIL.
 */
enum err unlock_try(struct unlock *u, const char code[CODE_SYMBOLS], struct unlock_info *info, struct fault *f);

/*
 * unlock_check(u, info, f): steps 6 and 10 for every grant, without a code: what a rehearsal without one can prove; and that the
 * records and the probe can be written. Errors: those of unlock_try that are of the stick.
 */
enum err unlock_check(struct unlock *u, struct unlock_info *info, struct fault *f);

/* unlock_clock(u, info, f): set info->clock. E_STATION. */
enum err unlock_clock(struct unlock *u, struct unlock_info *info, struct fault *f);

/*
 * unlock_spend(u, info, f): S1-S5, or the rest of them when resuming. Until both copies of the record are written nobody else on
 * this PC can write to the slot; records and notices are read again, and may say no now. On E_OK the bundle may be read. On failure
 * the keys are wiped; info->spent_now says whether the same code has to be used here again.
 * Errors: E_STICK_BUSY, E_STATION, E_STICK_IO, E_READONLY, E_SPENT, E_REVOKED, E_SLOT_DAMAGED, E_BUNDLE, E_ISSUER,
 * E_NOTICE_MISSING, E_EARLY, E_EXPIRED, E_FAIL, and those of the ledger.
 */
enum err unlock_spend(struct unlock *u, struct unlock_info *info, struct fault *f);

/* unlock_bundle(u): the bundle that the code opens; locked (no key) until unlock_spend succeeded. Borrowed from u. */
struct bundle *unlock_bundle(struct unlock *u);

/* unlock_grant_hash(u): the hash of the grant that the code belongs to, valid after unlock_try succeeded. */
const uint8_t *unlock_grant_hash(const struct unlock *u);

/*
 * The time that is used is charged before it is given, so that a session which is killed is not free: the first UNLOCK_SHORT_BEATS
 * times UNLOCK_BEAT_S, by unlock_spend and then by each beat, and later UNLOCK_CHARGE_S, a minute and what a late beat needs.
 * unlock_beat(u, used_s): used_s is used; charge more if what is charged ends before the next beat, which makes the disk write; to
 * be called every UNLOCK_BEAT_S. What could not be charged is tried again with the next beat. unlock_used(u, used_s, f): used_s is
 * used, and the folder is closed: no more is charged. unlock_end(u, used_s, f): close for good; the code is dead afterwards. Both
 * copies of the record on the stick then say so too, if it is there and can be written. With E_STATION the station does not know
 * it, and the stick is told only if the session's time is over.
 */
#define UNLOCK_BEAT_S 15
#define UNLOCK_SHORT_BEATS 5
#define UNLOCK_CHARGE_S 64
enum err unlock_beat(struct unlock *u, int64_t used_s);
enum err unlock_used(struct unlock *u, int64_t used_s, struct fault *f);
enum err unlock_end(struct unlock *u, int64_t used_s, struct fault *f);

/*
 * unlock_reattach(u, dir_fd, f): after a spend, when the stick was pulled and a stick is there again, at dir_fd: go on with it if
 * it is the same one, by its id, by the session id in both copies of the record, and by the bundle's manifest. Threads may be
 * reading the bundle meanwhile. Errors: E_NO_STICK, E_STICK_DAMAGED, E_WRONG_STICK, E_BUNDLE, E_STICK_IO, E_FAIL.
 */
enum err unlock_reattach(struct unlock *u, int dir_fd, struct fault *f);

/* unlock_carry_notice(u): after a spend, copy the station's newest notice of this issuer to the stick if the stick's is older;
 * a stick that cannot take it is not an error. */
void unlock_carry_notice(struct unlock *u);

/* unlock_free(u): wipe everything and release the slot lock. The row in station memory stays as it is. */
void unlock_free(struct unlock **u);

/* unlock_close_overdue(env, f): close every open row whose time is over beyond doubt and whose slot no process holds. */
enum err unlock_close_overdue(const struct unlock_env *env, struct fault *f);

#endif
