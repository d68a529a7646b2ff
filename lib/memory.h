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

/* The row of one slot. CLAIMED: the key was not used yet. OPEN: it may have been. */
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
	struct clock_boot began;        /* when used_s was 0, by the witness at the last opening; may be negative */
	uint32_t resumes;
	size_t blob_len;                /* 0: none */
	uint8_t blob[MEMORY_BLOB_MAX];
	size_t receipt_len;             /* 0: none yet */
	uint8_t receipt[MEMORY_RECEIPT_MAX]; /* receipt || MAC */
};

/* The times of the clock at earlier openings. */
struct memory_marks {
	int64_t high;                   /* the latest, or what an operator has set since */
	int64_t proved;                 /* the latest since an operator set it; 0: none */
	bool was_reset;                 /* by an operator, and nothing was opened since */
};

/* What an opening leaves in its row, and in the marks. */
struct memory_opening {
	bool first;                     /* else the session goes on: one more resume, and opened_at stays */
	int64_t opened_at;
	int64_t used_s;
	struct clock_boot began;
	int64_t now;                    /* to raise both marks to; 0: leave them */
};

/* What is known of an issuer. */
struct memory_issuer {
	bool known;
	int64_t floor;                  /* largest signed time seen from it */
	uint32_t notice_no;
};

struct memory;

struct memory_ops {
	/* issuer: what is known of pk; zeroed with known = false for a stranger. */
	enum err (*issuer)(struct memory *, const uint8_t pk[KEY_SIZE], struct memory_issuer *out);
	/* closed_list: whether only pinned issuers are trusted here. */
	enum err (*closed_list)(struct memory *, bool *closed);
	/* notice_file: the newest stored notice of pk, owned by the caller; *len 0 and *file NULL if none. */
	enum err (*notice_file)(struct memory *, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len);
	/* revoked: what the union of all notices of pk says of a slot, and of a bundle. */
	enum err (*revoked)(struct memory *, const uint8_t pk[KEY_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot,
	    const uint8_t bundle_id[ID_SIZE], bool *revoked, bool *withdrawn);
	/*
	 * learn: add a notice to that union, and keep its file if it is the newest; make its issuer known, raise its floor to the
	 * notice's time. Cheap if this file is kept already. E_ISSUER, and nothing changes, where it cannot be kept. A
	 * memory that is only read tells whether it could be kept.
	 */
	enum err (*learn)(struct memory *, const struct notice *notice, struct bytes file);
	enum err (*marks)(struct memory *, struct memory_marks *out);

	/* use: the row of a slot; state MEMORY_NONE if there is none. */
	enum err (*use)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct memory_use *out);
	/* each_open: call each for every row in state OPEN; each must not call back into the memory. */
	enum err (*each_open)(struct memory *, void (*each)(void *arg, const struct memory_use *u), void *arg);

	/*
	 * claim (step S1): in one transaction insert u (state CLAIMED), make its issuer known, and raise its floor to floor. E_SPENT
	 * if a row exists already.
	 */
	enum err (*claim)(struct memory *, const struct memory_use *u, int64_t floor);
	/* complete (S2): set blob and receipt of a CLAIMED row that has none. */
	enum err (*complete)(struct memory *, const struct memory_use *u);
	/* forget (before S3): delete a CLAIMED row for which the ledger said a definite no, or the stick, read again. */
	enum err (*forget)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot);
	/* opened (S5): state OPEN, with what o says; was_reset is cleared. */
	enum err (*opened)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const struct memory_opening *o);
	/* used: store used_s of an OPEN row. */
	enum err (*used)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s);
	/* close: state CLOSED, used_s stored, blob erased. */
	enum err (*close)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s);

	/*
	 * lock_slot: make this process the only one of this station that works on the slot, until unlock_slot or its death. E_BUSY
	 * with the mount point of the holder, if it wrote one, in where (size bytes); one that is about to let go is waited for.
	 */
	enum err (*lock_slot)(struct memory *, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, char *where, size_t size);
	void (*unlock_slot)(struct memory *);

	/* station_pk: the station's X25519 public key; share: the station factor for a grant (keytree_station_share). */
	enum err (*station_pk)(struct memory *, uint8_t pk[KEY_SIZE]);
	enum err (*share)(struct memory *, const uint8_t grant_xpk[KEY_SIZE], uint8_t out[HASH_SIZE]);
	/* persistent: false if what is stored does not survive a reboot. writable: false if opened for reading only. */
	bool (*persistent)(struct memory *);
};

struct memory {
	const struct memory_ops *ops;
	const struct fault *fault;      /* of the last call that failed: its cause; borrowed, NULL if the causes are not kept */
};

#endif
