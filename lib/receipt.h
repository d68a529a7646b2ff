/*
 * receipt.h - what a station writes over the key when it spends a code.
 */
#ifndef RECEIPT_H
#define RECEIPT_H

#include <stdint.h>

#include "bytes.h"
#include "format.h"

enum receipt_flag {
	RECEIPT_CLOCK_BEHIND = 1,    /* the clock was earlier than the newest signed time */
	RECEIPT_CLOCK_BACK = 2,      /* the clock had gone back by more than 300 s */
	RECEIPT_NO_MEMORY = 4,       /* the station had no persistent memory */
	RECEIPT_CLOCK_RESET = 8,     /* an operator reset the high-water mark since the last use */
	RECEIPT_REPAIRED = 16        /* a damaged copy of the record was overwritten */
};

struct receipt {
	int64_t spent_at;
	uint32_t flags;              /* enum receipt_flag */
	uint8_t station_id[ID_SIZE];
	uint8_t session_id[ID_SIZE];
	/* Of a session that has ended; 0 when absent. */
	int64_t ended_at;
	uint64_t open_s, resumes;
};

#define RECEIPT_ENCODED_MAX 128

/* receipt_encode(r, out): write r to out as CBOR and return its length, which is at most RECEIPT_ENCODED_MAX. */
size_t receipt_encode(const struct receipt *r, uint8_t out[RECEIPT_ENCODED_MAX]);

/*
 * receipt_parse(r, cbor), receipt_parse_body(r, body): return 0, or -1 with r zeroed. body is receipt || MAC; the MAC is not
 * checked, because only its issuer and whoever has the code can do that.
 */
int receipt_parse(struct receipt *r, struct bytes cbor);
int receipt_parse_body(struct receipt *r, struct bytes body);

/*
 * receipt_mac(mac, rk, header, cbor): the MAC over the first 32 bytes of the SPENT record and the receipt, under the code's
 * receipt key.
 */
void receipt_mac(uint8_t mac[MAC_SIZE], const uint8_t rk[KEY_SIZE], const uint8_t header[32], struct bytes cbor);

#endif
