/*
 * dcbor.c - the strict CBOR profile.
 *
 * libcbor's streaming decoder names one item and says how many bytes it read. Comparing that number with the shortest head of the
 * same value shows a head that is too long. Byte and text strings are only reported if all of their bytes are there.
 */
#include "dcbor.h"

#include <stdlib.h>
#include <string.h>

#include <cbor.h>

#include "format.h"
#include "utf8.h"

#define HEAD_MAX 9

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

static bool
reserve(struct dcbor_out *o, size_t n)
{
	size_t cap;
	uint8_t *p;

	if (o->failed)
		return false;
	if (o->cap - o->n >= n)
		return true;
	if (n > SIZE_MAX / 2 - o->n) {
		o->failed = true;
		return false;
	}
	cap = 2 * (o->n + n);
	p = realloc(o->p, cap);
	if (p == NULL) {
		o->failed = true;
		return false;
	}
	o->p = p;
	o->cap = cap;
	return true;
}

static void
put_run(struct dcbor_out *o, const void *p, size_t n)
{
	if (n == 0 || !reserve(o, n))
		return;
	memcpy(o->p + o->n, p, n);
	o->n += n;
}

void
dcbor_put_uint(struct dcbor_out *o, uint64_t v)
{
	uint8_t head[HEAD_MAX];

	put_run(o, head, cbor_encode_uint(v, head, sizeof head));
}

void
dcbor_put_bytes(struct dcbor_out *o, const void *p, size_t n)
{
	uint8_t head[HEAD_MAX];

	put_run(o, head, cbor_encode_bytestring_start(n, head, sizeof head));
	put_run(o, p, n);
}

void
dcbor_put_text(struct dcbor_out *o, const char *s)
{
	const size_t n = strlen(s);
	uint8_t head[HEAD_MAX];

	put_run(o, head, cbor_encode_string_start(n, head, sizeof head));
	put_run(o, s, n);
}

void
dcbor_put_array(struct dcbor_out *o, size_t items)
{
	uint8_t head[HEAD_MAX];

	put_run(o, head, cbor_encode_array_start(items, head, sizeof head));
}

void
dcbor_put_map(struct dcbor_out *o, size_t pairs)
{
	uint8_t head[HEAD_MAX];

	put_run(o, head, cbor_encode_map_start(pairs, head, sizeof head));
}

uint8_t *
dcbor_take(struct dcbor_out *o, size_t *n)
{
	uint8_t *p = o->p;

	if (o->failed) {
		dcbor_discard(o);
		return NULL;
	}
	*n = o->n;
	memset(o, 0, sizeof *o);
	return p;
}

void
dcbor_discard(struct dcbor_out *o)
{
	free(o->p);
	memset(o, 0, sizeof *o);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

enum kind { KIND_OTHER, KIND_UINT, KIND_BYTES, KIND_TEXT, KIND_ARRAY, KIND_MAP };

struct item {
	enum kind kind;
	uint64_t v;       /* the number, or the length */
	const uint8_t *p; /* content of a byte or text string */
};

static void
on_uint8(void *arg, uint8_t v)
{
	*(struct item *)arg = (struct item){KIND_UINT, v, NULL};
}

static void
on_uint16(void *arg, uint16_t v)
{
	*(struct item *)arg = (struct item){KIND_UINT, v, NULL};
}

static void
on_uint32(void *arg, uint32_t v)
{
	*(struct item *)arg = (struct item){KIND_UINT, v, NULL};
}

static void
on_uint64(void *arg, uint64_t v)
{
	*(struct item *)arg = (struct item){KIND_UINT, v, NULL};
}

/* The type in which libcbor reports a length. */
#if CBOR_MAJOR_VERSION == 0 && CBOR_MINOR_VERSION < 10
typedef size_t length;
#else
typedef uint64_t length;
#endif

static void
on_bytes(void *arg, cbor_data p, length n)
{
	*(struct item *)arg = (struct item){KIND_BYTES, n, p};
}

static void
on_text(void *arg, cbor_data p, length n)
{
	*(struct item *)arg = (struct item){KIND_TEXT, n, p};
}

static void
on_array(void *arg, length n)
{
	*(struct item *)arg = (struct item){KIND_ARRAY, n, NULL};
}

static void
on_map(void *arg, length n)
{
	*(struct item *)arg = (struct item){KIND_MAP, n, NULL};
}

static size_t
head_size(uint64_t v)
{
	return v < 24 ? 1 : v <= UINT8_MAX ? 2 : v <= UINT16_MAX ? 3 : v <= UINT32_MAX ? 5 : 9;
}

/* Look at one item of the wanted kind at the cursor, without moving it. Return its size, or 0. */
static size_t
peek(const struct dcbor_in *in, enum kind want, struct item *it)
{
	struct cbor_callbacks cb = cbor_empty_callbacks;
	struct cbor_decoder_result res;
	uint64_t content;

	if (in->bad)
		return 0;
	cb.uint8 = on_uint8;
	cb.uint16 = on_uint16;
	cb.uint32 = on_uint32;
	cb.uint64 = on_uint64;
	cb.byte_string = on_bytes;
	cb.string = on_text;
	cb.array_start = on_array;
	cb.map_start = on_map;
	*it = (struct item){KIND_OTHER, 0, NULL};
	res = cbor_stream_decode(in->p, in->left, &cb, it);
	if (res.status != CBOR_DECODER_FINISHED || it->kind != want || res.read > in->left)
		return 0;
	content = want == KIND_BYTES || want == KIND_TEXT ? it->v : 0;
	if (res.read < content || res.read - content != head_size(it->v))
		return 0;
	return res.read;
}

/* Get one item of that kind whose number or length is in min..max. */
static bool
get(struct dcbor_in *in, enum kind want, uint64_t min, uint64_t max, struct item *it)
{
	const size_t n = peek(in, want, it);

	if (n == 0 || it->v < min || it->v > max) {
		in->bad = true;
		return false;
	}
	in->p += n;
	in->left -= n;
	return true;
}

struct dcbor_in
dcbor_in(struct bytes b)
{
	return (struct dcbor_in){b.p, b.n, false};
}

bool
dcbor_get_uint(struct dcbor_in *in, uint64_t min, uint64_t max, uint64_t *v)
{
	struct item it;

	if (!get(in, KIND_UINT, min, max, &it))
		return false;
	*v = it.v;
	return true;
}

bool
dcbor_get_bytes(struct dcbor_in *in, size_t min, size_t max, struct bytes *b)
{
	struct item it;

	if (!get(in, KIND_BYTES, min, max, &it))
		return false;
	*b = (struct bytes){it.p, (size_t)it.v};
	return true;
}

bool
dcbor_get_fixed(struct dcbor_in *in, uint8_t *out, size_t n)
{
	struct bytes b;

	if (!dcbor_get_bytes(in, n, n, &b))
		return false;
	if (n > 0)
		memcpy(out, b.p, n);
	return true;
}

bool
dcbor_get_text(struct dcbor_in *in, char *out, size_t max)
{
	struct item it;

	if (!get(in, KIND_TEXT, 1, max, &it))
		return false;
	if (!dcbor_text_ok((const char *)it.p, (size_t)it.v)) {
		in->bad = true;
		return false;
	}
	memcpy(out, it.p, (size_t)it.v);
	out[it.v] = '\0';
	return true;
}

bool
dcbor_get_array(struct dcbor_in *in, uint64_t min, uint64_t max, uint64_t *items)
{
	struct item it;

	if (!get(in, KIND_ARRAY, min, max, &it))
		return false;
	*items = it.v;
	return true;
}

bool
dcbor_get_map(struct dcbor_in *in, uint64_t min, uint64_t max, uint64_t *pairs)
{
	struct item it;

	if (!get(in, KIND_MAP, min, max, &it))
		return false;
	*pairs = it.v;
	return true;
}

bool
dcbor_key(struct dcbor_in *in, uint64_t *pairs, uint64_t k)
{
	uint64_t v;

	if (*pairs == 0)
		in->bad = true;
	if (!dcbor_get_uint(in, k, k, &v))
		return false;
	--*pairs;
	return true;
}

bool
dcbor_key_if(struct dcbor_in *in, uint64_t *pairs, uint64_t k)
{
	struct item it;

	if (*pairs == 0 || peek(in, KIND_UINT, &it) == 0 || it.v != k)
		return false;
	return dcbor_key(in, pairs, k);
}

bool
dcbor_end(const struct dcbor_in *in)
{
	return !in->bad && in->left == 0;
}

/* ---- text --------------------------------------------------------------------------------------------------------------- */

static bool
printable(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return false;
	return !((c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
}

bool
dcbor_text_ok(const char *s, size_t n)
{
	size_t i, len;
	uint32_t c = 0;

	if (n == 0 || n > LABEL_MAX)
		return false;
	for (i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c);
		if (len == 0 || !printable(c))
			return false;
	}
	return true;
}
