/*
 * revoke.h - making codes useless: which ones, whether a stick loses its last one, and writing the list of them to sticks in hand.
 */
#ifndef REVOKE_H
#define REVOKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "code.h"
#include "error.h"
#include "issuer.h"
#include "stick.h"

#define REVOKE_LOSERS 120 /* names of sticks, as many as fit */

/* One code that was named, by its name or by typing the code itself. */
struct revoke_pick {
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
};

/* Every code in the books, with its slot. */
struct revoke_coded;

struct revoke_sticks {
	uint8_t (*ids)[ID_SIZE];
	size_t count, room;
};

/* A stick that is to get the list. */
struct revoke_target {
	const char *path; /* its name for people; raw bytes. Borrowed, like fd */
	int fd;		  /* its directory */
	struct stick *stick;
	struct stick_grants grants;
	bool written;
	struct fault fault; /* the books have it, but this stick could not take the list */
};

/* Start with all zeros, except for issuer. */
struct revoke {
	struct issuer *issuer; /* must be unlocked before revoke_symbols */

	const char *const *holders; /* holder_count people whose codes are revoked; borrowed */
	size_t holder_count;
	struct revoke_target *targets; /* target_count; borrowed */
	size_t target_count;

	/* owned */
	struct revoke_sticks sticks; /* all of whose codes are revoked */
	struct revoke_pick *picks;
	size_t pick_count, pick_room;
	struct revoke_coded *codes; /* secret memory, made when first needed */
	size_t code_count;
	struct books_slot *all; /* every slot of the sticks concerned */
	size_t all_count;
	bool *chosen; /* for each of all */
	uint8_t *notice;
	size_t notice_n;
	uint32_t number; /* of the list; 0: nothing is revoked */
};

/* revoke_slot(r, slot, f): name one code. E_FAIL. */
enum err revoke_slot(struct revoke *r, const struct books_slot *slot, struct fault *f);

/*
 * revoke_symbols(r, symbols, f): name one code by itself. E_CODE_UNKNOWN, without a fault, if the books do not have it; E_BOOKS,
 * E_FAIL.
 */
enum err revoke_symbols(struct revoke *r, const char symbols[CODE_SYMBOLS], struct fault *f);

/* revoke_stick(r, id, f): name all codes of a stick. E_FAIL. */
enum err revoke_stick(struct revoke *r, const uint8_t id[ID_SIZE], struct fault *f);

/*
 * revoke_open(r, t, f): look at the stick t, whose path and fd are set. E_ISSUER (WHY_ANOTHER_ISSUER), and the errors of
 * stick_open, stick_medium and stick_load_grants.
 */
enum err revoke_open(const struct revoke *r, struct revoke_target *t, struct fault *f);

/*
 * revoke_commit(r, agreed, losers, f): choose and revoke, in one transaction. If agreed is not NULL, sticks would lose their last
 * usable code, and agreed is not the list of their names, then losers becomes that list and nothing is changed: ask the person,
 * and call this again with the names as agreed; everything is then looked at anew. Otherwise losers is "". A code that is already
 * used or revoked is not an error: it is useless anyway. A stick whose list cannot be read gets a fault. Errors: E_NO_CODES
 * (WHY_NEVER_GIVEN), E_BOOKS, E_SPACE, E_FAIL.
 */
enum err revoke_commit(struct revoke *r, const char *agreed, char losers[REVOKE_LOSERS], struct fault *f);

/* revoke_put(r): write the list to each target that has no fault; if that fails, the target gets one. */
void revoke_put(struct revoke *r);

/* revoke_was_gone(r, slot): whether a slot in all was named by itself, and had been used or revoked before. */
bool revoke_was_gone(const struct revoke *r, const struct books_slot *slot);

void revoke_target_close(struct revoke_target *t);
void revoke_free(struct revoke *r);

#endif
