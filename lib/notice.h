/*
 * notice.h - an issuer's cumulative list of revoked slots (oncestick-format(5), Notice).
 */
#ifndef NOTICE_H
#define NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "envelope.h"
#include "format.h"

#define NOTICE_BITMAP_MAX 512u

struct notice_grant {
	uint8_t grant_id[ID_SIZE];
	uint16_t len;                   /* bytes used of bitmap, 1..NOTICE_BITMAP_MAX, the last one not zero */
	uint8_t *bitmap;                /* slot i is bit i % 8 of byte i / 8; owned */
};

struct notice {
	uint8_t issuer[KEY_SIZE];
	uint32_t number;                /* 1..2^32-1 */
	int64_t time;
	size_t grant_count;
	struct notice_grant *grants;    /* ascending by grant_id; owned */
	size_t grant_room;              /* at least so many fit into it */
	size_t withdrawn_count;
	uint8_t (*withdrawn)[ID_SIZE];  /* bundle ids, ascending; owned */
};

/* notice_revoke(n, grant_id, slot): add one slot. Return 0, or -1 if there is no memory or slot >= GRANT_SLOTS_MAX. */
int notice_revoke(struct notice *n, const uint8_t grant_id[ID_SIZE], uint32_t slot);

/* notice_add(n, other): add everything that other lists. Return 0, or -1 if there is no memory; n then has part of it. */
int notice_add(struct notice *n, const struct notice *other);

bool notice_revoked(const struct notice *n, const uint8_t grant_id[ID_SIZE], uint32_t slot);
bool notice_withdrawn(const struct notice *n, const uint8_t bundle_id[ID_SIZE]);

/* notice_codes(n): how many codes it revokes. */
long long notice_codes(const struct notice *n);

uint8_t *notice_encode(const struct notice *n, size_t *len); /* as manifest_encode */
int notice_parse(struct notice *n, struct bytes payload);    /* as grant_parse, including errno; free with notice_free */
/*
 * notice_says(payload, grant_id, slot, bundle_id, revoked, withdrawn): like notice_parse, notice_revoked and notice_withdrawn, but
 * for one slot and one bundle, and without allocating. Return 0, or -1 if payload is not a notice.
 */
int notice_says(struct bytes payload, const uint8_t grant_id[ID_SIZE], uint32_t slot, const uint8_t bundle_id[ID_SIZE],
    bool *revoked, bool *withdrawn);

enum envelope_result notice_open(struct notice *n, struct bytes file);
void notice_free(struct notice *n); /* as grant_free */

/*
 * notice_reach(time): a notice of that time lists the dead codes of lectures that expire at the returned time or later. Codes of
 * other lectures need not be listed: a station that has the notice has its time as floor, which refuses such a code, and also a
 * session of such a code.
 */
int64_t notice_reach(int64_t time);

/* notice_next_number(known, now): the number of a new notice when known is the largest known: max(known + 1, now / 60). */
uint32_t notice_next_number(uint32_t known, int64_t now);

#endif
