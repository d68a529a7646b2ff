/*
 * collect.h - what a returned stick, and the receipts of stations, say about each code, judged with the issuer's keys and compared
 * with everything that the books already have. The answer is the same in whatever order, and in however many runs, things arrive.
 */
#ifndef COLLECT_H
#define COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "issuer.h"
#include "receipt.h"
#include "receipts.h"
#include "report.h"
#include "stick.h"

/* A step of a fault. */

enum collect_kind {
	COLLECT_QUIET,	     /* not used, as far as anybody knows */
	COLLECT_USED,	     /* a receipt of the right station proves it */
	COLLECT_DESTROYED,   /* overwritten without a valid receipt: when and where is unknown */
	COLLECT_ROLLED_BACK, /* live on the stick, although the books or a station's receipt know it as used */
	COLLECT_TWICE,	     /* two receipts of different sessions: opened in two places, from a copy */
	COLLECT_DAMAGED,     /* unusable, but not used as far as anybody knows */
	COLLECT_UNREADABLE   /* the device failed: nothing is known */
};

/* A receipt that is proved: what it says, and its receipt || MAC. */
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
	struct collect_proof proof, other; /* other: from a second session */

	/* set by collect_book */
	bool noted;		  /* before is set */
	struct books_slot before; /* as the books had it */
	bool fresh_second;	  /* it was not known before that it was opened twice */
	bool kept;		  /* damaged, and not revoked: k->all_damaged */
};

/* Receipts from files, sorted: all of one slot, and of one grant, stand together. */
struct collect_rows {
	struct receipt_row *list; /* owned; bodies borrow from the files */
	size_t count;
};

struct collect {
	const struct report *report; /* NULL: nobody listens */
	struct issuer *issuer;
	const struct stick *stick;   /* NULL: receipts alone */
	struct stick_grants *grants; /* of stick, all ours; NULL likewise */
	bool held;		     /* the caller keeps others from the records, or will read them again once it does */
	bool revoke_all;	     /* revoke damaged codes even if no other is left */
	bool has_usb;		     /* set by collect_stick: the stick's device has an identity */
	uint8_t usb[HASH_SIZE], usb_hint[USB_HINT_SIZE];

	struct collect_rows rows;
	struct receipts_from *pcs; /* that files say they are from; owned */
	size_t pc_count, pc_room;
	struct collect_finding *findings; /* owned */
	size_t count, room;
	struct books_lecture *missing; /* lectures that the books have and the stick does not; owned */
	size_t missing_count, missing_room;
	size_t foreign;	      /* receipts for other issuers, or for sticks that nobody knows */
	size_t bad;	      /* receipts that prove nothing */
	bool stick_back;      /* the stick's record is older than it was */
	unsigned imported;    /* grants that the books did not know */
	unsigned all_damaged; /* damaged codes not revoked, because then none would be left on the stick */
	int sys;	      /* errno of a slot that is COLLECT_UNREADABLE */
};

/*
 * collect_file(k, file, f): add a station's receipts file. Call this before collect_stick; file is borrowed until collect_free.
 * E_USAGE (WHY_NO_RECEIPTS) if it is not a receipts file.
 */
enum err collect_file(struct collect *k, struct bytes file, struct fault *f);

/*
 * collect_known(k, known, f): look for the lectures of the stick that the books know. Those that cannot be read on it, though
 * their records can, are added to k->grants as the books have them; those that are not there at all go to k->missing. *known: the
 * books know at least one.
 */
enum err collect_known(struct collect *k, bool *known, struct fault *f);

/*
 * collect_judge(k, f): judge every slot of every grant of the stick, and every receipt of the files. Takes at most one Argon2id
 * for each used slot, and none if the books have the same receipts. E_INTERRUPTED.
 */
enum err collect_judge(struct collect *k, struct fault *f);

/* collect_book(k, f): enter the findings in the books, inside the caller's transaction. Calling it again adds nothing. */
enum err collect_book(struct collect *k, struct fault *f);

/* What would be lost with a stick, because no collect has entered it in the books. */
struct collect_loss {
	uint32_t used;	  /* used codes, or codes used a second time */
	uint32_t damaged; /* codes that cannot be read and may have been used */
	uint32_t lectures; /* lectures that are gone and have codes not known as used */
};

/*
 * collect_unexplained(report, i, s, grants, loss, f): find what would be lost with stick s; nothing is changed. Errors: those of
 * collect_known and collect_judge.
 */
enum err collect_unexplained(const struct report *report, struct issuer *i, const struct stick *s, struct stick_grants *grants,
    struct collect_loss *loss, struct fault *f);

void collect_free(struct collect *k);

#endif
