/*
 * collect.h - what a returned stick, and stations' receipts, say about each code, judged with the issuer's keys and against all
 * that the books hold already: the answer is the same in whatever order, and in how many runs, things come in.
 */
#ifndef COLLECT_H
#define COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "issuer.h"
#include "receipt.h"
#include "report.h"
#include "stick.h"

/* A step of a fault. */

enum collect_kind {
	COLLECT_QUIET,	     /* not used, and nobody says otherwise */
	COLLECT_USED,	     /* a receipt of the right station proves it */
	COLLECT_DESTROYED,   /* overwritten without a valid receipt: when and where is unknown */
	COLLECT_ROLLED_BACK, /* live on the stick after it was used, as the books or a station's receipt know */
	COLLECT_TWICE,	     /* two receipts of different sessions: opened in two places, from a copy */
	COLLECT_DAMAGED,     /* unusable, not used as far as is known */
	COLLECT_UNREADABLE   /* the device failed: nothing is known */
};

/* A receipt that is proved: what it says, and receipt || MAC. */
struct collect_proof {
	struct receipt receipt;
	size_t n; /* 0: none */
	uint8_t body[RECEIPT_MAX + MAC_SIZE];
};

/* One slot. */
struct collect_finding {
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
	enum collect_kind kind;
	bool live;			   /* on the stick */
	struct collect_proof proof, other; /* other: of a second session */

	/* set by collect_book */
	bool noted;		  /* before is set */
	struct books_slot before; /* as the books had it */
	bool fresh_second;	  /* that it was opened twice is new */
	bool kept;		  /* damaged, and not revoked: k->all_damaged */
};

/* Receipts of one slot from files: all of one grant stand together, sorted. */
struct collect_rows {
	struct receipt_row *list; /* owned; bodies borrow from the files */
	size_t count;
};

struct collect {
	const struct report *report; /* NULL: nobody listens */
	struct issuer *issuer;
	const struct stick *stick;   /* NULL: receipts alone */
	struct stick_grants *grants; /* of stick, all ours; NULL likewise */
	bool held;		     /* the caller keeps others from the records, or will read them again when he does */
	bool revoke_all;	     /* damaged codes too if no other is left */
	bool has_usb;		     /* set by collect_stick: the device it is on has an identity */
	uint8_t usb[HASH_SIZE], usb_hint[USB_HINT_SIZE];

	struct collect_rows rows;
	struct receipts_from *pcs; /* that files say they are from; owned */
	size_t pc_count, pc_room;
	struct collect_finding *findings; /* owned */
	size_t count, room;
	struct books_lecture *missing; /* lectures that the books have and the stick has not; owned */
	size_t missing_count, missing_room;
	size_t foreign;	      /* receipts of other issuers or of sticks nobody knows */
	size_t bad;	      /* receipts that prove nothing */
	bool stick_back;      /* the stick's record is older than it was */
	unsigned imported;    /* grants that the books did not know */
	unsigned all_damaged; /* damaged codes that were not revoked, since then none would be left on the stick */
	int sys;	      /* errno of a slot that is COLLECT_UNREADABLE */
};

/*
 * collect_file(k, file, f): take a station's receipts file, before collect_stick; file is borrowed until collect_free. E_USAGE
 * (WHY_NO_RECEIPTS) if it is none.
 */
enum err collect_file(struct collect *k, struct bytes file, struct fault *f);

/*
 * collect_known(k, known, f): lectures of the stick that the books know: those that cannot be read there, though their records can,
 * are added to k->grants as the books have them; those that are not there at all are k->missing. *known: the books know some.
 */
enum err collect_known(struct collect *k, bool *known, struct fault *f);

/*
 * collect_judge(k, f): every slot of every grant of the stick, and every receipt of the files. At most one Argon2id for each slot
 * that was used, none where the books have the same receipts. E_INTERRUPTED.
 */
enum err collect_judge(struct collect *k, struct fault *f);

/* collect_book(k, f): the findings into the books, inside the caller's transaction. A second time it adds nothing. */
enum err collect_book(struct collect *k, struct fault *f);

/* What would be lost with a stick, since no collect has taken it into the books. */
struct collect_loss {
	uint32_t used;	  /* used codes, or a second use */
	uint32_t damaged; /* codes that cannot be read and may have been used */
	uint32_t lectures; /* that are not there, with codes that are not known as used */
};

/*
 * collect_unexplained(report, i, s, grants, loss, f): of stick s; nothing is changed. Errors: those of collect_known and
 * collect_judge.
 */
enum err collect_unexplained(const struct report *report, struct issuer *i, const struct stick *s, struct stick_grants *grants,
    struct collect_loss *loss, struct fault *f);

void collect_free(struct collect *k);

#endif
