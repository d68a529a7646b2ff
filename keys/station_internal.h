/*
 * station_internal.h - what the files of the station share.
 */
#ifndef STATION_INTERNAL_H
#define STATION_INTERNAL_H

#include "secret.h"
#include "sql.h"
#include "station.h"

#define STATION_TALLY_NAME (STATION_LOCK_NAME + 8)

struct station {
	struct memory memory;   /* first: the interface's functions get a pointer to it */
	struct sql *sql;        /* NULL: there is no file (STATION_READ only) */
	enum station_mode mode;
	int dir_fd;             /* -1: absent */
	int session_fd;         /* -1: absent */
	int lock_fd;            /* -1: none held */
	char lock_name[STATION_LOCK_NAME];
	int tally_fd;           /* the tally of the session opened last; -1: none */
	unsigned tally_turn;    /* which copy is the older one */
	int64_t tally_s;        /* what it says */
	char tally_name[STATION_TALLY_NAME];
	char dir[512];
};

extern const struct memory_ops station_memory_ops;

/* station_secret_key(s, sk, f): the station's X25519 key in fresh secret memory, which the caller frees with secret_free. */
enum err station_secret_key(struct station *s, uint8_t **sk, struct fault *f);

/* station_is_volatile(s): true if what is stored here does not survive a reboot. */
bool station_is_volatile(const struct station *s);

/* station_write(s, step, f): check that this station may write, and name the step. E_STATION if it may not. */
enum err station_write(struct station *s, const char *step, struct fault *f);

/*
 * station_memory_know(s, pk, floor, f): inside a transaction, make an issuer known and raise its floor. E_ISSUER for a stranger if
 * the list is closed.
 */
enum err station_memory_know(struct station *s, const uint8_t pk[KEY_SIZE], int64_t floor, struct fault *f);

/*
 * What an open session has used beyond what its row says; see station_tally.c.
 *
 * station_tally_begin(s, grant_hash, slot, used_s): start a tally when the row says used_s, in place of an earlier one. A failure
 * is not reported: the row has to do then.
 *
 * station_tally_raise(s, grant_hash, slot, used_s): write used_s, with one flush; return whether it is on the disk now. False if
 * it is not more than before, if there is no file, or if it cannot be written: the row has to say it then.
 *
 * station_tally_read(s, grant_hash, slot): at least how much was used; 0 if there is no tally, or none that is whole.
 *
 * station_tally_end(s, grant_hash, slot): the row now says everything; remove the tally.
 */
void station_tally_begin(struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s);
bool station_tally_raise(struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s);
int64_t station_tally_read(const struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot);
void station_tally_end(struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot);

/*
 * station_list_learn(s, notice, file, f): add notice to the union of its issuer's lists, and keep the file with the highest
 * number; the issuer is then known. Takes time in proportion to the sizes of both lists. E_ISSUER, with nothing changed, if the
 * union is longer than is kept for one issuer, or for a stranger if the list of issuers is closed. A memory that is only read says
 * whether it could be kept.
 *
 * station_list_says(s, t, out, f): what the union says about a slot and a bundle.
 *
 * station_list_file(s, pk, file, len, f): memory_notice_file.
 */
enum err station_list_learn(struct station *s, const struct notice *notice, struct bytes file, struct fault *f);
enum err station_list_says(struct station *s, const struct memory_target *t, struct memory_revoked *out, struct fault *f);
enum err station_list_file(struct station *s, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len, struct fault *f);

#endif
