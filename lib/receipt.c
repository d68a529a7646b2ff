/*
 * receipt.c - receipts, files of receipts, and enrolment requests.
 */
#include "receipt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dcbor.h"
#include "kdf.h"

#define FLAGS_ALL 31
#define BODY_MIN (MAC_SIZE + 1)
#define BODY_MAX (MAC_SIZE + RECEIPT_MAX)
#define ROW_MIN (1 + 2 + KEY_SIZE + 1 + ID_SIZE + 1 + 2 + BODY_MIN)

/* ---- receipt ------------------------------------------------------------------------------------------------------------ */

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

/* ---- files of receipts -------------------------------------------------------------------------------------------------- */

uint8_t *
receipts_encode(const struct receipt_row *rows, size_t count, size_t *n)
{
	return receipts_encode_from(&(struct receipts_from){.name = ""}, rows, count, n);
}

uint8_t *
receipts_encode_from(const struct receipts_from *from, const struct receipt_row *rows, size_t count, size_t *n)
{
	const bool named = from->name[0] != '\0';
	struct dcbor_out o = {0};
	size_t i;

	dcbor_put_array(&o, count + named);
	if (named) {
		dcbor_put_array(&o, 2);
		dcbor_put_bytes(&o, from->station_id, ID_SIZE);
		dcbor_put_text(&o, from->name);
	}
	for (i = 0; i < count; i++) {
		dcbor_put_array(&o, 4);
		dcbor_put_bytes(&o, rows[i].issuer, KEY_SIZE);
		dcbor_put_bytes(&o, rows[i].grant_id, ID_SIZE);
		dcbor_put_uint(&o, rows[i].slot);
		dcbor_put_bytes(&o, rows[i].body.p, rows[i].body.n);
	}
	return dcbor_take(&o, n);
}

static bool
get_row(struct dcbor_in *in, struct receipt_row *row)
{
	uint64_t four, slot;

	if (!dcbor_get_array(in, 4, 4, &four) || !dcbor_get_fixed(in, row->issuer, KEY_SIZE) ||
	    !dcbor_get_fixed(in, row->grant_id, ID_SIZE) || !dcbor_get_uint(in, 0, GRANT_SLOTS_MAX - 1, &slot) ||
	    !dcbor_get_bytes(in, BODY_MIN, BODY_MAX, &row->body))
		return false;
	row->slot = (uint32_t)slot;
	return true;
}

/* Before the rows, unless the first thing is one: then in is as it was, and from empty. */
static bool
get_from(struct dcbor_in *in, struct receipts_from *from)
{
	const struct dcbor_in before = *in;
	uint64_t two;

	memset(from, 0, sizeof *from);
	if (dcbor_get_array(in, 2, 2, &two))
		return dcbor_get_fixed(in, from->station_id, ID_SIZE) && dcbor_get_text(in, from->name, LABEL_MAX);
	*in = before;
	return true;
}

void
receipts_from(struct bytes file, struct receipts_from *from)
{
	struct dcbor_in in = dcbor_in(file);
	uint64_t declared;

	if (!dcbor_get_array(&in, 1, in.left / ROW_MIN + 1, &declared) || !get_from(&in, from))
		memset(from, 0, sizeof *from);
}

int
receipts_parse(struct bytes file, struct receipt_row **rows, size_t *count)
{
	struct dcbor_in in = dcbor_in(file);
	struct receipts_from from = {.name = ""};
	struct receipt_row *list;
	uint64_t declared;
	size_t i;

	errno = EBADMSG;
	if (!dcbor_get_array(&in, 0, in.left / ROW_MIN + 1, &declared) || (declared > 0 && !get_from(&in, &from)))
		return -1;
	declared -= from.name[0] != '\0';
	if (declared > in.left / ROW_MIN)
		return -1;
	/* Ask for one more than needed, so that an empty file gives a list, too. */
	list = calloc((size_t)declared + 1, sizeof *list);
	if (list == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < declared; i++) {
		if (!get_row(&in, &list[i]))
			break;
	}
	if (!dcbor_end(&in)) {
		free(list);
		errno = EBADMSG;
		return -1;
	}
	*rows = list;
	*count = (size_t)declared;
	return 0;
}

/* ---- enrolment ---------------------------------------------------------------------------------------------------------- */

uint8_t *
enrolment_encode(const struct enrolment *e, size_t *n)
{
	const bool labelled = e->label[0] != '\0';
	struct dcbor_out o = {0};

	dcbor_put_map(&o, labelled ? 3 : 2);
	dcbor_put_uint(&o, ENROLMENT_VERSION);
	dcbor_put_uint(&o, PAYLOAD_VERSION);
	dcbor_put_uint(&o, ENROLMENT_STATION);
	dcbor_put_bytes(&o, e->station_pk, sizeof e->station_pk);
	if (labelled) {
		dcbor_put_uint(&o, ENROLMENT_LABEL);
		dcbor_put_text(&o, e->label);
	}
	return dcbor_take(&o, n);
}

static bool
get_enrolment(struct enrolment *e, struct bytes file)
{
	struct dcbor_in in = dcbor_in(file);
	uint64_t pairs, version;

	if (!dcbor_get_map(&in, 2, 3, &pairs) ||
	    !dcbor_key(&in, &pairs, ENROLMENT_VERSION) || !dcbor_get_uint(&in, PAYLOAD_VERSION, PAYLOAD_VERSION, &version) ||
	    !dcbor_key(&in, &pairs, ENROLMENT_STATION) || !dcbor_get_fixed(&in, e->station_pk, sizeof e->station_pk))
		return false;
	if (dcbor_key_if(&in, &pairs, ENROLMENT_LABEL) && !dcbor_get_text(&in, e->label, LABEL_MAX))
		return false;
	return pairs == 0 && dcbor_end(&in);
}

int
enrolment_parse(struct enrolment *e, struct bytes file)
{
	memset(e, 0, sizeof *e);
	if (!get_enrolment(e, file)) {
		memset(e, 0, sizeof *e);
		return -1;
	}
	return 0;
}
