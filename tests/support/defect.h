/*
 * defect.h - for tests: signed objects with one defect each, made from a good payload by somebody who has the issuer's key.
 *
 * Whatever can be signed is signed over what the file really holds, so that only the defect is left to refuse it.
 */
#ifndef DEFECT_H
#define DEFECT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "bytes.h"
#include "envelope.h"
#include "payload.h"

enum defect {
	DEFECT_NONE,
	/* the array and its tag */
	DEFECT_NO_TAG, DEFECT_TAG_17, DEFECT_TAG_98, DEFECT_TWO_TAGS, DEFECT_ARRAY_3, DEFECT_ARRAY_5, DEFECT_ARRAY_INDEFINITE,
	/* headers */
	DEFECT_ES256, DEFECT_ED25519, DEFECT_LONG_ALGORITHM, DEFECT_NO_ALGORITHM, DEFECT_NO_TYPE, DEFECT_KEY_ID,
	DEFECT_UNSORTED_HEADER, DEFECT_EMPTY_HEADER, DEFECT_HEADER_MAP, DEFECT_UNPROTECTED, DEFECT_OTHER_TYPE,
	/* the payload's head */
	DEFECT_DETACHED, DEFECT_EMPTY_PAYLOAD, DEFECT_HEAD_3, DEFECT_HEAD_5, DEFECT_HEAD_9, DEFECT_HEAD_BEYOND, DEFECT_HEAD_2_63,
	DEFECT_HEAD_MAX, DEFECT_HEAD_TEXT, DEFECT_HEAD_INDEFINITE,
	/* the signature */
	DEFECT_S_PLUS_L, DEFECT_R_NEUTRAL, DEFECT_R_NOT_CANONICAL, DEFECT_A_NEUTRAL, DEFECT_A_NOT_CANONICAL, DEFECT_SIGNATURE_ZERO,
	DEFECT_SIGNATURE_OF_OTHER, DEFECT_OTHER_SIGNER, DEFECT_SIGNATURE_SHORT, DEFECT_SIGNATURE_LONG,
	/* the file */
	DEFECT_EMPTY, DEFECT_ONE_BYTE, DEFECT_HALF, DEFECT_CUT, DEFECT_TRAILING, DEFECT_TWICE, DEFECT_PRECEDED,
	/* the payload, signed as it is */
	DEFECT_PAYLOAD_TRAILING, DEFECT_PAYLOAD_CUT, DEFECT_PAYLOAD_ZEROS,
	DEFECTS
};

static const char *const defect_names[DEFECTS] = {
	"none", "no tag", "tag 17", "tag 98", "two tags", "array of 3", "array of 5", "indefinite array", "ES256", "alg -19",
	"alg in two bytes", "no algorithm", "no type", "a key id", "unsorted header", "empty header", "header not in a byte string",
	"something unprotected", "the type of another object", "detached payload", "empty payload", "length in 3 bytes",
	"length in 5 bytes", "length in 9 bytes", "length beyond the file", "length 2^63", "length 2^64 - 1", "payload as text",
	"indefinite payload", "S + L", "R neutral", "R not canonical", "A and R neutral", "A not canonical", "signature of zeros",
	"signature of something else", "another signer", "signature of 63 bytes", "signature of 65 bytes", "empty file", "one byte",
	"half", "last byte missing", "one byte more", "twice", "one byte before", "byte after the map", "map cut short", "zeros",
};

struct defect_buf {
	uint8_t *p;
	size_t n;
};

static inline void
defect_put(struct defect_buf *b, const void *p, size_t n)
{
	ck_assert_uint_lt(n, 1u << 24);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void
defect_put_hex(struct defect_buf *b, const char *hex)
{
	ck_assert_int_eq(bytes_from_hex(b->p + b->n, strlen(hex) / 2, hex), 0);
	b->n += strlen(hex) / 2;
}

/* The shortest head of a byte string of n bytes, or one that is size bytes long. */
static inline void
defect_put_head(struct defect_buf *b, size_t n, size_t size)
{
	static const uint8_t firsts[] = {[2] = 0x58, [3] = 0x59, [5] = 0x5a, [9] = 0x5b};

	size = size != 0 ? size : n < 24 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : 5;
	b->p[b->n++] = size == 1 ? (uint8_t)(0x40 + n) : firsts[size];
	while (--size > 0)
		b->p[b->n++] = (uint8_t)((uint64_t)n >> 8 * (size - 1));
}

static inline void
defect_put_header(struct defect_buf *b, enum envelope_type type, enum defect d)
{
	static const char *const types[] = {"manifest", "grant", "notice"};
	const char *of = types[d == DEFECT_OTHER_TYPE ? (type + 1) % 3 : type];
	char typ[64];

	snprintf(typ, sizeof typ, "application/vnd.once.%s+cbor", of);
	defect_put_hex(b, d == DEFECT_NO_TYPE || d == DEFECT_NO_ALGORITHM ? "a1" : d == DEFECT_KEY_ID ? "a3" : "a2");
	if (d != DEFECT_NO_ALGORITHM && d != DEFECT_UNSORTED_HEADER)
		defect_put_hex(b, d == DEFECT_ES256 ? "0126" : d == DEFECT_ED25519 ? "0132" :
		    d == DEFECT_LONG_ALGORITHM ? "013807" : "0127");
	if (d != DEFECT_NO_TYPE) {
		defect_put_hex(b, "1078");
		b->p[b->n++] = (uint8_t)strlen(typ);
		defect_put(b, typ, strlen(typ));
	}
	if (d == DEFECT_UNSORTED_HEADER)
		defect_put_hex(b, "0127");
	if (d == DEFECT_KEY_ID)
		defect_put_hex(b, "184040");
}

static inline void
defect_put_payload(struct defect_buf *b, enum defect d, struct bytes payload)
{
	static const uint8_t zeros[8];

	switch (d) {
	case DEFECT_DETACHED:
		defect_put_hex(b, "f6");
		return;
	case DEFECT_EMPTY_PAYLOAD:
		defect_put_hex(b, "40");
		return;
	case DEFECT_HEAD_3:
		defect_put_head(b, payload.n, payload.n < 256 ? 3 : 5);
		break;
	case DEFECT_HEAD_5:
		defect_put_head(b, payload.n, 5);
		break;
	case DEFECT_HEAD_9:
		defect_put_head(b, payload.n, 9);
		break;
	case DEFECT_HEAD_BEYOND:
		defect_put_head(b, payload.n + 4000, 0);
		break;
	case DEFECT_HEAD_2_63:
		defect_put_hex(b, "5b8000000000000000");
		break;
	case DEFECT_HEAD_MAX:
		defect_put_hex(b, "5bffffffffffffffff");
		break;
	case DEFECT_HEAD_TEXT:
		defect_put_head(b, payload.n, 0);
		b->p[b->n - (payload.n < 256 ? 2 : 3)] ^= 0x20;
		break;
	case DEFECT_HEAD_INDEFINITE:
		defect_put_hex(b, "5f");
		defect_put_head(b, payload.n, 0);
		defect_put(b, payload.p, payload.n);
		defect_put_hex(b, "ff");
		return;
	case DEFECT_PAYLOAD_TRAILING:
		defect_put_head(b, payload.n + 1, 0);
		defect_put(b, payload.p, payload.n);
		defect_put(b, zeros, 1);
		return;
	case DEFECT_PAYLOAD_CUT:
		payload.n--;
		defect_put_head(b, payload.n, 0);
		break;
	case DEFECT_PAYLOAD_ZEROS:
		defect_put_head(b, sizeof zeros, 0);
		defect_put(b, zeros, sizeof zeros);
		return;
	default:
		defect_put_head(b, payload.n, 0);
	}
	defect_put(b, payload.p, payload.n);
}

/* The signature, with its head. m is what a verifier would see signed. */
static inline void
defect_put_signature(struct defect_buf *b, enum defect d, struct bytes m, const uint8_t sk[SIGN_SECRET_SIZE])
{
	static const uint8_t order[32] = { /* L of RFC 8032, section 5.1 */
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10,
	};
	uint8_t sig[SIGNATURE_SIZE + 1] = {0}, seed[KEY_SIZE] = {0x33}, pk[KEY_SIZE], other[SIGN_SECRET_SIZE];

	keytree_sign(pk, other, seed);
	if (d == DEFECT_OTHER_SIGNER)
		sk = other;
	crypto_sign_detached(sig, NULL, m.p, d == DEFECT_SIGNATURE_OF_OTHER ? m.n - 1 : m.n, sk);
	if (d == DEFECT_S_PLUS_L)
		sodium_add(sig + 32, order, 32);
	if (d == DEFECT_R_NEUTRAL || d == DEFECT_A_NEUTRAL || d == DEFECT_R_NOT_CANONICAL || d == DEFECT_A_NOT_CANONICAL ||
	    d == DEFECT_SIGNATURE_ZERO)
		memset(sig, 0, sizeof sig);
	if (d == DEFECT_R_NEUTRAL || d == DEFECT_A_NEUTRAL || d == DEFECT_A_NOT_CANONICAL)
		sig[0] = 1;
	if (d == DEFECT_R_NOT_CANONICAL) {
		memset(sig, 0xff, 32);
		sig[0] = 0xee;
		sig[31] = 0x7f;
	}
	defect_put_hex(b, d == DEFECT_SIGNATURE_SHORT ? "583f" : d == DEFECT_SIGNATURE_LONG ? "5841" : "5840");
	defect_put(b, sig, d == DEFECT_SIGNATURE_SHORT ? 63 : d == DEFECT_SIGNATURE_LONG ? 65 : 64);
}

/* The issuer named in a payload replaced by a key of small order; with R neutral and S = 0 that satisfies the bare equation. */
static inline void
defect_small_issuer(uint8_t *payload, enum defect d)
{
	if (d != DEFECT_A_NEUTRAL && d != DEFECT_A_NOT_CANONICAL)
		return;
	memset(payload + 6, d == DEFECT_A_NEUTRAL ? 0 : 0xff, KEY_SIZE);
	payload[6] = d == DEFECT_A_NEUTRAL ? 1 : 0xee;
	if (d == DEFECT_A_NOT_CANONICAL)
		payload[6 + 31] = 0x7f;
}

/* A file of that type around payload, signed with sk, with that defect; its length in *n. To be freed. */
static inline uint8_t *
defect_file(enum envelope_type type, enum defect d, struct bytes payload, const uint8_t sk[SIGN_SECRET_SIZE], size_t *n)
{
	static const char *const starts[] = {[DEFECT_NO_TAG] = "84", [DEFECT_TAG_17] = "d184", [DEFECT_TAG_98] = "d86284",
	    [DEFECT_TWO_TAGS] = "d2d284", [DEFECT_ARRAY_3] = "d283", [DEFECT_ARRAY_5] = "d285", [DEFECT_ARRAY_INDEFINITE] = "d29f"};
	const size_t room = 2 * payload.n + 4096;
	struct defect_buf b = {malloc(room), 0}, header = {malloc(128), 0}, m = {malloc(room), 0}, body = {malloc(room), 0};
	uint8_t *own = malloc(payload.n);

	ck_assert(b.p != NULL && header.p != NULL && m.p != NULL && body.p != NULL && own != NULL);
	memcpy(own, payload.p, payload.n);
	defect_small_issuer(own, d);
	if (d != DEFECT_EMPTY_HEADER)
		defect_put_header(&header, type, d);
	defect_put_payload(&body, d, BYTES(own, payload.n));
	if (d == DEFECT_PRECEDED)
		defect_put_hex(&b, "00");
	defect_put_hex(&b, (size_t)d < sizeof starts / sizeof starts[0] && starts[d] != NULL ? starts[d] : "d284");
	if (d != DEFECT_HEADER_MAP)
		defect_put_head(&b, header.n, 0);
	defect_put(&b, header.p, header.n);
	defect_put_hex(&b, d == DEFECT_UNPROTECTED ? "a10440" : "a0");
	defect_put(&b, body.p, body.n);
	defect_put_hex(&m, "846a5369676e617475726531");
	defect_put_head(&m, header.n, 0);
	defect_put(&m, header.p, header.n);
	defect_put_hex(&m, "40");
	if (d == DEFECT_DETACHED) {
		defect_put_head(&m, payload.n, 0);
		defect_put(&m, own, payload.n);
	} else {
		defect_put(&m, body.p, body.n);
	}
	if (d != DEFECT_ARRAY_3)
		defect_put_signature(&b, d, BYTES(m.p, m.n), sk);
	if (d == DEFECT_ARRAY_5)
		defect_put_hex(&b, "40");
	if (d == DEFECT_ARRAY_INDEFINITE)
		defect_put_hex(&b, "ff");
	if (d == DEFECT_TRAILING)
		defect_put_hex(&b, "00");
	if (d == DEFECT_TWICE)
		defect_put(&b, b.p, b.n);
	*n = d == DEFECT_EMPTY ? 0 : d == DEFECT_ONE_BYTE ? 1 : d == DEFECT_HALF ? b.n / 2 : d == DEFECT_CUT ? b.n - 1 : b.n;
	free(own);
	free(header.p);
	free(m.p);
	free(body.p);
	return b.p;
}

/* ---- good payloads by their pairs ---------------------------------------------------------------------------------------- */

/* Where the item at `at` ends, of CBOR that is known to be good. */
static inline size_t
defect_item_end(struct bytes p, size_t at)
{
	const unsigned major = p.p[at] >> 5, info = p.p[at] & 31;
	uint64_t v = info;

	at++;
	if (info >= 24) {
		v = 0;
		for (unsigned i = 0; i < 1u << (info - 24); i++)
			v = v << 8 | p.p[at++];
	}
	if (major == 2 || major == 3)
		return at + (size_t)v;
	if (major == 4 || major == 5)
		for (uint64_t i = 0; i < v * (major - 3); i++)
			at = defect_item_end(p, at);
	return at;
}

static inline char *
defect_hex(struct bytes p, size_t from, size_t to)
{
	char *hex = malloc(2 * (to - from) + 1);

	ck_assert_ptr_nonnull(hex);
	bytes_to_hex(hex, p.p + from, to - from);
	return hex;
}

/* The pairs of a good map, for payload_map; return how many. Their strings are the caller's to free. */
static inline size_t
defect_split(struct bytes payload, struct payload_pair pairs[PAYLOAD_PAIRS_MAX])
{
	const size_t n = payload.p[0] & 31;
	size_t at = 1, value, end;

	ck_assert_uint_eq(payload.p[0] & 0xe0, 0xa0);
	ck_assert_uint_le(n, PAYLOAD_PAIRS_MAX);
	for (size_t i = 0; i < n; i++) {
		value = defect_item_end(payload, at);
		end = defect_item_end(payload, value);
		pairs[i] = (struct payload_pair){defect_hex(payload, at, value), defect_hex(payload, value, end), 0};
		at = end;
	}
	ck_assert_uint_eq(at, payload.n);
	return n;
}

#endif
