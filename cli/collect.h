/*
 * collect.h - what a returned stick, and a station's receipts, say about each code, judged with the issuer's keys.
 */
#ifndef COLLECT_H
#define COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "error.h"
#include "issuer.h"
#include "receipt.h"
#include "stick.h"

enum collect_kind {
	COLLECT_QUIET,	     /* not used, and nobody says otherwise */
	COLLECT_USED,	     /* a receipt of the right station proves it */
	COLLECT_DESTROYED,   /* overwritten without a valid receipt: when and where is unknown */
	COLLECT_ROLLED_BACK, /* live on the stick, but used as the books or a station's receipt know */
	COLLECT_TWICE,	     /* two receipts of different sessions: opened in two places, from a copy */
	COLLECT_DAMAGED	     /* unusable, not used as far as is known */
};

/* One slot. */
struct collect_finding {
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
	enum collect_kind kind;
	bool proved;		       /* receipt is valid */
	struct receipt receipt, other; /* other: of the second session, COLLECT_TWICE */
	size_t body_n;		       /* receipt || MAC, for the books */
	uint8_t body[RECEIPT_MAX + MAC_SIZE];

	/* set by collect_book */
	struct books_slot before; /* as the books had it */
};

struct collect {
	const struct cli *c;
	struct issuer *issuer;
	const struct stick *stick;	   /* NULL: receipts alone */
	const struct stick_grants *grants; /* of stick, all ours; NULL likewise */
	bool has_usb;			   /* set by collect_stick: the device it is on has an identity */
	uint8_t usb[HASH_SIZE], usb_hint[USB_HINT_SIZE];

	struct collect_finding *findings; /* owned */
	size_t count, room;
	size_t foreign;	   /* receipts of other issuers or of sticks nobody knows */
	size_t bad;	   /* receipts that prove nothing */
	bool stick_back;   /* the stick's record is older than it was */
	unsigned imported; /* grants that the books did not know */
};

/* collect_stick(k, f): every slot of every grant of the stick. Costs one Argon2id for each used one. */
enum err collect_stick(struct collect *k, struct fault *f);

/* collect_receipts(k, file, f): a station's receipts file, after the stick. E_USAGE if it is none. */
enum err collect_receipts(struct collect *k, struct bytes file, struct fault *f);

/* collect_book(k, f): the findings into the books, inside the caller's transaction. A second time it changes nothing. */
enum err collect_book(struct collect *k, struct fault *f);

void collect_free(struct collect *k);

#endif
