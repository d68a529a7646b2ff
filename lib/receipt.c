/*
 * receipt.c - receipts as CBOR, and what proves them.
 */
#include "receipt.h"

#include <string.h>

#include "dcbor.h"
#include "kdf.h"

#define FLAGS_ALL 31

size_t
receipt_encode(const struct receipt *r, uint8_t out[RECEIPT_ENCODED_MAX])
{
	/* Seven pairs of at most 18 bytes fit, so this buffer never has to grow. */
	struct dcbor_out o = {.p = out, .cap = RECEIPT_ENCODED_MAX};

	dcbor_put_map(&o, (size_t)4 + (r->ended_at != 0) + (r->open_s != 0) + (r->resumes != 0));
	dcbor_put_uint(&o, RECEIPT_SPENT_AT);
	dcbor_put_uint(&o, (uint64_t)r->spent_at);
	dcbor_put_uint(&o, RECEIPT_FLAGS);
	dcbor_put_uint(&o, r->flags);
	dcbor_put_uint(&o, RECEIPT_STATION);
	dcbor_put_bytes(&o, r->station_id, sizeof r->station_id);
	dcbor_put_uint(&o, RECEIPT_SESSION);
	dcbor_put_bytes(&o, r->session_id, sizeof r->session_id);
	if (r->ended_at != 0) {
		dcbor_put_uint(&o, RECEIPT_ENDED_AT);
		dcbor_put_uint(&o, (uint64_t)r->ended_at);
	}
	if (r->open_s != 0) {
		dcbor_put_uint(&o, RECEIPT_OPEN_S);
		dcbor_put_uint(&o, r->open_s);
	}
	if (r->resumes != 0) {
		dcbor_put_uint(&o, RECEIPT_RESUMES);
		dcbor_put_uint(&o, r->resumes);
	}
	return o.n;
}

static bool
parse(struct receipt *r, struct bytes cbor)
{
	struct dcbor_in in = dcbor_in(cbor);
	uint64_t pairs, spent_at, flags, ended_at = 0;

	if (!dcbor_get_map(&in, 4, 7, &pairs) ||
	    !dcbor_key(&in, &pairs, RECEIPT_SPENT_AT) || !dcbor_get_uint(&in, TIME_MIN, TIME_MAX, &spent_at) ||
	    !dcbor_key(&in, &pairs, RECEIPT_FLAGS) || !dcbor_get_uint(&in, 0, FLAGS_ALL, &flags) ||
	    !dcbor_key(&in, &pairs, RECEIPT_STATION) || !dcbor_get_fixed(&in, r->station_id, sizeof r->station_id) ||
	    !dcbor_key(&in, &pairs, RECEIPT_SESSION) || !dcbor_get_fixed(&in, r->session_id, sizeof r->session_id))
		return false;
	if (dcbor_key_if(&in, &pairs, RECEIPT_ENDED_AT) && !dcbor_get_uint(&in, TIME_MIN, TIME_MAX, &ended_at))
		return false;
	if (dcbor_key_if(&in, &pairs, RECEIPT_OPEN_S) && !dcbor_get_uint(&in, 0, UINT64_MAX, &r->open_s))
		return false;
	if (dcbor_key_if(&in, &pairs, RECEIPT_RESUMES) && !dcbor_get_uint(&in, 0, UINT64_MAX, &r->resumes))
		return false;
	r->spent_at = (int64_t)spent_at;
	r->flags = (uint32_t)flags;
	r->ended_at = (int64_t)ended_at;
	return pairs == 0 && dcbor_end(&in);
}

int
receipt_parse(struct receipt *r, struct bytes cbor)
{
	memset(r, 0, sizeof *r);
	if (cbor.n > RECEIPT_MAX || !parse(r, cbor)) {
		memset(r, 0, sizeof *r);
		return -1;
	}
	return 0;
}

int
receipt_parse_body(struct receipt *r, struct bytes body)
{
	return receipt_parse(r, BYTES(body.p, body.n > MAC_SIZE ? body.n - MAC_SIZE : 0));
}

void
receipt_mac(uint8_t mac[MAC_SIZE], const uint8_t rk[KEY_SIZE], const uint8_t header[32], struct bytes cbor)
{
	kdf_key(mac, MAC_SIZE, rk, "once1/mac", (struct bytes[]){{header, 32}, cbor}, 2);
}
