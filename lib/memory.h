/*
 * memory.h - what a station remembers: the interface that the unlock protocol needs (oncestick-protocol(7), STATION).
 *
 * keys/ implements it over SQLite; tests implement it over plain memory. Every call that changes something is one durable
 * transaction: when it returns E_OK the change survives a power cut.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "clock.h"
#include "error.h"
#include "format.h"
#include "notice.h"

enum memory_state { MEMORY_NONE, MEMORY_CLAIMED, MEMORY_OPEN, MEMORY_CLOSED };

#define MEMORY_BLOB_MAX 2080u   /* a resume blob: CELL_SIZE(GRANT_BUNDLES_MAX) rounded up */
#define MEMORY_RECEIPT_MAX 512u

/* The row of one slot. CLAIMED: the key has not been used yet. OPEN: it may have been. */
struct memory_use {
	enum memory_state state;
	uint8_t grant_hash[HASH_SIZE];
	uint32_t slot;
	uint8_t issuer[KEY_SIZE];
	uint8_t grant_id[ID_SIZE];
	uint8_t nonce[NONCE_SIZE];
	uint32_t limit_s;
	int64_t opened_at;              /* 0 until OPEN */
	int64_t used_s;
	struct clock_boot began;        /* when used_s was 0, according to the witness at the last opening; may be negative */
	uint32_t resumes;
	size_t blob_len;                /* 0: none */
	uint8_t blob[MEMORY_BLOB_MAX];
	size_t receipt_len;             /* 0: none yet */
	uint8_t receipt[MEMORY_RECEIPT_MAX]; /* receipt || MAC */
};

/* What the clock showed at earlier openings. */
struct memory_marks {
	int64_t high;                   /* the latest, or what an operator has set it to since */
	int64_t proved;                 /* the latest since an operator last set it; 0: none */
	bool was_reset;                 /* an operator has set it, and nothing has been opened since */
};

/* What an opening writes to its row, and to the marks. */
struct memory_opening {
	bool first;                     /* otherwise a session continues: one more resume, and opened_at stays */
	int64_t opened_at;
	int64_t used_s;
	struct clock_boot began;
	int64_t now;                    /* raise both marks to this; 0: leave them */
};

/* What is known about an issuer. */
struct memory_issuer {
	bool known;
	int64_t floor;                  /* largest signed time seen from it */
	uint32_t notice_no;
};

struct memory;

/* A slot of an issuer, and the bundle that it opens. Borrowed. */
struct memory_target {
	const uint8_t *issuer;          /* KEY_SIZE */
	const uint8_t *grant_id, *bundle_id; /* ID_SIZE */
	uint32_t slot;
};

/* What the union of all notices of its issuer says about a target. */
struct memory_revoked {
	bool slot, bundle;
};

struct memory {
	const struct memory_ops *ops;   /* what the functions below call */
};

/*
 * Every function that can fail says in f what failed and where: the file, and the errno of a full disk. E_STATION: the memory
 * cannot be read or written. E_FAIL: there is no memory, or the caller made a mistake. Other errors are named below.
 */

/* memory_issuer(m, pk, out, f): what is known about the issuer pk; for a stranger *out is zero, with known = false. */
enum err memory_issuer(struct memory *m, const uint8_t pk[KEY_SIZE], struct memory_issuer *out, struct fault *f);

/* memory_closed_list(m, closed, f): whether only pinned issuers are trusted here. */
enum err memory_closed_list(struct memory *m, bool *closed, struct fault *f);

/*
 * memory_notice_file(m, pk, file, len, f): the newest stored notice of pk, which the caller owns; *len is 0 and *file NULL if
 * there is none.
 */
enum err memory_notice_file(struct memory *m, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len, struct fault *f);

/* memory_revoked(m, target, out, f): what the union of all notices says about target. */
enum err memory_revoked(struct memory *m, const struct memory_target *target, struct memory_revoked *out, struct fault *f);

/*
 * memory_learn(m, notice, file, f): add notice to that union, and keep its file if it is the newest; make its issuer known, and
 * raise its floor to the time of the notice. Cheap if this file is already kept. E_ISSUER, with nothing changed, if the notice
 * cannot be kept. A memory that is open for reading only says whether it could be kept.
 */
enum err memory_learn(struct memory *m, const struct notice *notice, struct bytes file, struct fault *f);

/* memory_marks(m, out, f): what the clock showed at earlier openings. */
enum err memory_marks(struct memory *m, struct memory_marks *out, struct fault *f);

/* memory_use(m, grant_hash, slot, out, f): the row of a slot; state MEMORY_NONE if there is none. */
enum err memory_use(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct memory_use *out, struct fault *f);

/* memory_each_open(m, each, arg, f): call each for every row in state OPEN. each must not call back into the memory. */
enum err memory_each_open(struct memory *m, void (*each)(void *arg, const struct memory_use *u), void *arg, struct fault *f);

/*
 * memory_claim(m, u, floor, f) (step S1): in one transaction insert u (state CLAIMED), make its issuer known, and raise the
 * issuer's floor to floor. E_SPENT if there is already a row; E_ISSUER if the issuer may not become known.
 */
enum err memory_claim(struct memory *m, const struct memory_use *u, int64_t floor, struct fault *f);

/* memory_complete(m, u, f) (S2): set the blob and the receipt of a CLAIMED row that has none. */
enum err memory_complete(struct memory *m, const struct memory_use *u, struct fault *f);

/*
 * memory_forget(m, grant_hash, slot, f) (before S3): delete a CLAIMED row, because the ledger, or the stick when it was read
 * again, gave a definite no.
 */
enum err memory_forget(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct fault *f);

/* memory_opened(m, grant_hash, slot, o, f) (S5): set state OPEN and store what o says; was_reset is cleared. */
enum err memory_opened(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const struct memory_opening *o,
    struct fault *f);

/*
 * memory_used(m, grant_hash, slot, used_s, f): store used_s in an OPEN row.
 *
 * memory_close(m, grant_hash, slot, used_s, f): set state CLOSED, store used_s and erase the blob.
 */
enum err memory_used(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f);
enum err memory_close(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f);

/*
 * memory_lock_slot(m, grant_hash, slot, where, size, f): make this process the only one at this station that works on the slot,
 * until memory_unlock_slot(m) or its death. A holder that is about to let go is waited for. E_BUSY, with the holder's mount point,
 * if it wrote one, in the size bytes at where.
 */
enum err memory_lock_slot(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, char *where, size_t size,
    struct fault *f);
void memory_unlock_slot(struct memory *m);

/*
 * memory_station_pk(m, pk, f): the station's X25519 public key.
 *
 * memory_share(m, grant_xpk, out, f): the station factor for a grant (keytree_station_share). E_WRONG_STATION if there can be
 * none.
 */
enum err memory_station_pk(struct memory *m, uint8_t pk[KEY_SIZE], struct fault *f);
enum err memory_share(struct memory *m, const uint8_t grant_xpk[KEY_SIZE], uint8_t out[HASH_SIZE], struct fault *f);

/* memory_persistent(m): false if what it stores does not survive a reboot. */
bool memory_persistent(struct memory *m);

/*
 * The same functions for one kind of memory. If one fails without saying why, the function above sets a fault that names the
 * operation.
 */
struct memory_ops {
	enum err (*issuer)(struct memory *, const uint8_t pk[KEY_SIZE], struct memory_issuer *out, struct fault *);
	enum err (*closed_list)(struct memory *, bool *closed, struct fault *);
	enum err (*notice_file)(struct memory *, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len, struct fault *);
	enum err (*revoked)(struct memory *, const struct memory_target *, struct memory_revoked *out, struct fault *);
	enum err (*learn)(struct memory *, const struct notice *, struct bytes file, struct fault *);
	enum err (*marks)(struct memory *, struct memory_marks *out, struct fault *);
	enum err (*use)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct memory_use *out,
	    struct fault *);
	enum err (*each_open)(struct memory *, void (*each)(void *arg, const struct memory_use *u), void *arg, struct fault *);
	enum err (*claim)(struct memory *, const struct memory_use *u, int64_t floor, struct fault *);
	enum err (*complete)(struct memory *, const struct memory_use *u, struct fault *);
	enum err (*forget)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct fault *);
	enum err (*opened)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const struct memory_opening *o,
	    struct fault *);
	enum err (*used)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *);
	enum err (*close)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *);
	enum err (*lock_slot)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, char *where, size_t size,
	    struct fault *);
	void (*unlock_slot)(struct memory *);
	enum err (*station_pk)(struct memory *, uint8_t pk[KEY_SIZE], struct fault *);
	enum err (*share)(struct memory *, const uint8_t grant_xpk[KEY_SIZE], uint8_t out[HASH_SIZE], struct fault *);
	bool (*persistent)(struct memory *);
};

#endif
