/*
 * grant.h - what an issuer signs about the codes of a stick: which bundles they open, and under which policy (oncestick-format(5),
 * Grant).
 */
#ifndef GRANT_H
#define GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "envelope.h"
#include "format.h"

struct policy {
	int64_t not_before, expires;    /* first use in [not_before, expires) */
	uint32_t session_s;             /* length of a session, SESSION_MIN_S..SESSION_MAX_S */
	bool usb, station, ledger;      /* factors that are required */
	uint8_t usb_hint[USB_HINT_SIZE];
	uint8_t station_pk[KEY_SIZE], grant_xpk[KEY_SIZE];
	char ledger_host[208];          /* host:port */
};

struct grant_bundle {
	uint8_t id[ID_SIZE];
	uint8_t manifest_hash[HASH_SIZE];
};

struct grant {
	uint8_t issuer[KEY_SIZE];
	uint8_t stick_id[ID_SIZE];
	uint8_t id[ID_SIZE];
	uint32_t refill;                /* 0: written to a stick in hand; else the refill's number */
	int64_t issued;
	uint32_t bundle_count;          /* 1..GRANT_BUNDLES_MAX */
	struct grant_bundle bundles[GRANT_BUNDLES_MAX];
	struct policy policy;
	uint32_t slots;                 /* 1..GRANT_SLOTS_MAX */
	uint8_t (*locators)[LOCATOR_SIZE]; /* owned */
	uint32_t notice_min;            /* lowest notice number that must be known; 0: none */
	char label[LABEL_MAX + 1];      /* of the lecture, "" if absent */
	char contact[LABEL_MAX + 1];    /* whom to call, "" if absent */
	uint8_t hash[HASH_SIZE];        /* of the payload; set by parse and encode */
};

/* grant_encode(g, n): the payload of g, which the caller frees, with its length in *n; sets g->hash. NULL if there is no memory. */
uint8_t *grant_encode(struct grant *g, size_t *n);

/*
 * grant_parse(g, payload): fill in g, which the caller frees with grant_free. Return 0, or -1 with g zeroed and errno: ENOMEM, or
 * EBADMSG if payload is not a grant.
 */
int grant_parse(struct grant *g, struct bytes payload);

/* grant_open(g, file): envelope_open and grant_parse. A payload that is not a grant is ENVELOPE_MALFORMED. */
enum envelope_result grant_open(struct grant *g, struct bytes file);

/* grant_locators_differ(locators, n): 1 if no two of the n locators are equal, 0 if two are, -1 if there is no memory to tell. */
int grant_locators_differ(const uint8_t (*locators)[LOCATOR_SIZE], size_t n);

/* grant_slot(g, locator): the slot with that locator, or -1. */
int grant_slot(const struct grant *g, const uint8_t locator[LOCATOR_SIZE]);

/* grant_free(g): release what g owns and zero it; errno stays. */
void grant_free(struct grant *g);

#endif
