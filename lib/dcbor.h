/*
 * dcbor.h - the strict CBOR profile of signed payloads, over libcbor's streaming coder.
 *
 * RFC 8949 core deterministic encoding (section 4.2.1), restricted to unsigned integers, byte strings, text strings, arrays and
 * maps with small unsigned keys. Nothing is allocated from a declared length; a head that is longer than needed, an indefinite
 * length, a tag, a float or a simple value is refused.
 */
#ifndef DCBOR_H
#define DCBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

/* An output that grows. Start with zeros; after the last put, failed says whether memory ran out. */
struct dcbor_out {
	uint8_t *p;
	size_t n, cap;
	bool failed;
};

void dcbor_put_uint(struct dcbor_out *o, uint64_t v);
void dcbor_put_bytes(struct dcbor_out *o, const void *p, size_t n);
void dcbor_put_text(struct dcbor_out *o, const char *s); /* s must satisfy dcbor_text_ok */
void dcbor_put_array(struct dcbor_out *o, size_t items);
void dcbor_put_map(struct dcbor_out *o, size_t pairs);

/*
 * dcbor_take(o, n): pass the buffer, with its length in *n, to the caller, who frees it; NULL if a put failed. o is empty
 * afterwards.
 */
uint8_t *dcbor_take(struct dcbor_out *o, size_t *n);

/* dcbor_discard(o): release what o holds. */
void dcbor_discard(struct dcbor_out *o);

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

/*
 * A cursor over a payload. Start with dcbor_in(b). Each get consumes one item and returns true. If the item violates the profile
 * or the given bounds, the get sets bad and returns false; once bad is set, every get fails.
 */
struct dcbor_in {
	const uint8_t *p;
	size_t left;
	bool bad;
};

struct dcbor_in dcbor_in(struct bytes b);

bool dcbor_get_uint(struct dcbor_in *in, uint64_t min, uint64_t max, uint64_t *v);
/* *b borrows from the input. */
bool dcbor_get_bytes(struct dcbor_in *in, size_t min, size_t max, struct bytes *b);
bool dcbor_get_fixed(struct dcbor_in *in, uint8_t *out, size_t n);
/* out has room for max + 1 bytes; the text is NUL-terminated and satisfies dcbor_text_ok. max <= LABEL_MAX. */
bool dcbor_get_text(struct dcbor_in *in, char *out, size_t max);
bool dcbor_get_array(struct dcbor_in *in, uint64_t min, uint64_t max, uint64_t *items);
bool dcbor_get_map(struct dcbor_in *in, uint64_t min, uint64_t max, uint64_t *pairs);

/*
 * Maps with integer keys, in order. *pairs comes from dcbor_get_map and counts down. dcbor_key consumes key k, which must be next;
 * dcbor_key_if consumes k if it is next, and returns whether it was.
 */
bool dcbor_key(struct dcbor_in *in, uint64_t *pairs, uint64_t k);
bool dcbor_key_if(struct dcbor_in *in, uint64_t *pairs, uint64_t k);

/* dcbor_end(in): true if nothing is left and nothing was bad. */
bool dcbor_end(const struct dcbor_in *in);

/*
 * dcbor_text_ok(s, n): true if the n bytes at s are 1..LABEL_MAX bytes of valid UTF-8 without control or bidirectional-override
 * characters (U+0000-001F, 007F-009F, 200E-200F, 202A-202E, 2066-2069): safe to print on a terminal.
 */
bool dcbor_text_ok(const char *s, size_t n);

#endif
