/*
 * unlock_internal.h - the state of one unlocking, shared by unlock.c (look, try) and unlock_spend.c (spend, resume, close).
 */
#ifndef UNLOCK_INTERNAL_H
#define UNLOCK_INTERNAL_H

#include "hold.h"
#include "keytree.h"
#include "notice.h"
#include "stick.h"
#include "unlock.h"

/* Everything secret, in one allocation of secret memory. */
struct unlock_secrets {
	uint8_t a[KEY_SIZE];                            /* the stretched code */
	uint8_t factors[FACTORS_SIZE];
	uint8_t kek[KEY_SIZE];
	uint8_t resume[KEY_SIZE];                       /* resume key */
	uint8_t cks[GRANT_BUNDLES_MAX * KEY_SIZE];      /* content keys, in the order of the grant */
	uint8_t receipt_key[KEY_SIZE];                  /* last, because an open session keeps this and nothing before it */
};

struct unlock {
	struct unlock_env env;
	struct stick *stick;
	struct stick_grants grants;
	struct notice notice;                           /* the stick's, of its issuer; number 0: none */
	uint8_t *notice_file;
	size_t notice_len;
	struct fault notice_unread;                     /* why that notice is unknown; it holds E_OK if there is none */

	/* for the code being tried */
	const struct grant *grant;                      /* one of grants */
	uint32_t slot;
	bool locked;                                    /* memory holds the slot's lock for us */
	struct memory_use use;                          /* the row, or the one to be claimed */
	struct stick_slot records;
	struct clock_view clock;
	struct clock_boot boot;
	int64_t used_s;                                 /* of a session being resumed */
	struct bundle *bundle;
	struct unlock_secrets *secret;
	bool by_key;                                    /* nothing is kept of it, see unlock_try_key */
	bool have_keys;                                 /* secret->cks are proved against the commitment */
	bool spent;                                     /* unlock_spend succeeded */
	int64_t charged_s;                              /* ... and the memory has recorded this much time as used */
	uint32_t beats;                                 /* how often the time of one beat was charged since it was opened here */
	bool can_sign;                                  /* ... and secret->receipt_key is the key of the receipt in the row */
};

/* unlock_floor(u): F, the newest known time that the issuer has signed. */
int64_t unlock_floor(struct unlock *u);

/*
 * unlock_look_again(u, hold, info, f): read again, under hold, what others may have changed since unlock_try, which is the stick's
 * notice and both copies of the record; then judge them, and what the station knows, again. Errors: E_ISSUER, E_NOTICE_MISSING,
 * E_STATION, E_SPENT, E_SLOT_DAMAGED, E_REVOKED, E_READONLY, E_STICK_IO, E_FAIL.
 */
enum err unlock_look_again(struct unlock *u, const struct hold *hold, struct unlock_info *info, struct fault *f);

/*
 * unlock_judge_clock(u, info, f): step 9: look at the clocks. E_EARLY or E_EXPIRED if a first use is not allowed now; E_SPENT if
 * the session that would continue has no time left.
 */
enum err unlock_judge_clock(struct unlock *u, struct unlock_info *info, struct fault *f);

/* unlock_open_cell(u, f): open the cell of a LIVE copy with secret->kek into secret->cks. E_SLOT_DAMAGED. */
enum err unlock_open_cell(struct unlock *u, struct fault *f);

/* unlock_give_key(u, f): give secret->cks to the bundle. E_BUNDLE if it is not the bundle's key, E_FAIL. */
enum err unlock_give_key(struct unlock *u, struct fault *f);

/*
 * unlock_prove_keys(u, info, f): check secret->cks against the bundle's commitment and read its superblock, then lock the bundle
 * again.
 */
enum err unlock_prove_keys(struct unlock *u, struct unlock_info *info, struct fault *f);

/* unlock_learn(u, f): once the code is proved, make the station take in the stick's notice. E_ISSUER, E_STATION, E_FAIL. */
enum err unlock_learn(struct unlock *u, struct fault *f);

/* unlock_is_ours(u, body): whether the receipt in body, of a SPENT copy, carries the session id of u->use. */
bool unlock_is_ours(const struct unlock *u, struct bytes body);

/* unlock_foreign(u): the body of a copy in u->records that another session has made SPENT, or NULL. */
const struct bytes *unlock_foreign(const struct unlock *u);

/* unlock_object(out, u): "g/<id>, slot n", or without a slot "g/<id>", for faults. */
#define UNLOCK_OBJECT 64
void unlock_object(char out[UNLOCK_OBJECT], const struct unlock *u);

#endif
