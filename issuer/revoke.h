/*
 * revoke.h - codes are made useless: which ones, whether a stick loses its last, and the list of them onto sticks in hand.
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

/* One code that was named, by its name or by itself. */
struct revoke_pick {
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
};

/* Every code in the books, with what it is of. */
struct revoke_coded;

struct revoke_sticks {
	uint8_t (*ids)[ID_SIZE];
	size_t count, room;
};

/* A stick that is to have the list. */
struct revoke_target {
	const char *path; /* what it is called; raw bytes. Borrowed, as fd */
	int fd;		  /* its directory */
	struct stick *stick;
	struct stick_grants grants;
	bool written;
	struct fault fault; /* the books say it, but this stick could not take the list */
};

/* All zeros to begin with, but for issuer. */
struct revoke {
	struct issuer *issuer; /* unlocked before anything is named by its code */

	const char *const *holders; /* as many: whose codes go; borrowed */
	size_t holder_count;
	struct revoke_target *targets; /* as many; borrowed */
	size_t target_count;

	/* owned */
	struct revoke_sticks sticks; /* all of whose codes go */
	struct revoke_pick *picks;
	size_t pick_count, pick_room;
	struct revoke_coded *codes; /* secret memory, made when it is needed first */
	size_t code_count;
	struct books_slot *all; /* every slot of the sticks that are concerned */
	size_t all_count;
	bool *chosen; /* of all */
	uint8_t *notice;
	size_t notice_n;
	uint32_t number; /* of the list; 0: there is nothing to say */
};

/* revoke_slot(r, slot, f): name one code. E_FAIL. */
enum err revoke_slot(struct revoke *r, const struct books_slot *slot, struct fault *f);

/* revoke_symbols(r, symbols, f): name one by itself. E_CODE_UNKNOWN, and no fault, if it is none of the books; E_BOOKS, E_FAIL. */
enum err revoke_symbols(struct revoke *r, const char symbols[CODE_SYMBOLS], struct fault *f);

/* revoke_stick(r, id, f): name all codes of a stick. E_FAIL. */
enum err revoke_stick(struct revoke *r, const uint8_t id[ID_SIZE], struct fault *f);

/*
 * revoke_open(r, t, f): look at the stick t, whose path and fd are set. E_ISSUER (WHY_ANOTHER_ISSUER), and the errors of
 * stick_open, stick_medium and stick_load_grants.
 */
enum err revoke_open(const struct revoke *r, struct revoke_target *t, struct fault *f);

/*
 * revoke_commit(r, agreed, losers, f): choose and revoke, in one transaction. Where sticks would lose their last code that can be
 * used, and agreed, unless NULL, is not their names, losers becomes these, and nothing is changed: the person is asked first, and
 * what the answer is about is looked at again. Else losers is "". What is used or revoked already is no error: it is gone. A stick
 * whose list cannot be read gets a fault. Errors: E_NO_CODES (WHY_NEVER_GIVEN), E_BOOKS, E_SPACE, E_FAIL.
 */
enum err revoke_commit(struct revoke *r, const char *agreed, char losers[REVOKE_LOSERS], struct fault *f);

/* revoke_put(r): the list onto each target that has no fault, or it gets one. */
void revoke_put(struct revoke *r);

/* revoke_was_gone(r, slot): whether a slot of all was named by itself, and was used or revoked before. */
bool revoke_was_gone(const struct revoke *r, const struct books_slot *slot);

void revoke_target_close(struct revoke_target *t);
void revoke_free(struct revoke *r);

#endif
