#include "cbor_mutator.h"

#include <stdbool.h>

#include "fuzz.h"

#define ITEMS_MAX 512
#define DEPTH_MAX 6
#define HEAD_MAX 9u
#define NOBODY ITEMS_MAX

enum major { UINT = 0, BYTE_STRING = 2, TEXT_STRING = 3, ARRAY = 4, MAP = 5 };

/* One item: its head at off, and where its last byte (of all that it contains) is followed by the next. */
struct item {
	size_t off, head, end;
	unsigned major;
	uint64_t v;
	unsigned parent; /* NOBODY: none */
};

struct items {
	const uint8_t *p;
	size_t n;
	unsigned count;
	struct item item[ITEMS_MAX];
};

struct change {
	uint8_t *p;
	size_t n, max;
	uint64_t random;
};

static unsigned
pick(struct change *c, unsigned n)
{
	c->random = c->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((c->random >> 33) % n);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static int
read_head(const struct items *s, size_t off, struct item *it)
{
	unsigned info;
	size_t n;

	if (off >= s->n)
		return -1;
	info = s->p[off] & 31u;
	n = info < 24 ? 0 : info == 24 ? 1 : info == 25 ? 2 : info == 26 ? 4 : info == 27 ? 8 : SIZE_MAX;
	if (n > 8 || n > s->n - off - 1)
		return -1;
	*it = (struct item){.off = off, .head = 1 + n, .major = s->p[off] >> 5, .v = n == 0 ? info : 0};
	for (size_t i = 0; i < n; i++)
		it->v = it->v << 8 | s->p[off + 1 + i];
	return 0;
}

/* The item at off and all that it contains; where it ends, or 0 if it is cut off or there are too many. */
static size_t
read_item(struct items *s, size_t off, unsigned parent, unsigned depth)
{
	struct item it;
	unsigned self = s->count;
	uint64_t children;

	if (depth > DEPTH_MAX || s->count == ITEMS_MAX || read_head(s, off, &it) != 0)
		return 0;
	it.parent = parent;
	s->item[s->count++] = it;
	off += it.head;
	if (it.major == BYTE_STRING || it.major == TEXT_STRING) {
		if (it.v > s->n - off)
			return 0;
		off += (size_t)it.v;
	}
	children = it.major == ARRAY ? it.v : it.major == MAP ? 2 * it.v : 0;
	if (children > s->n)
		return 0;
	while (children-- > 0)
		if ((off = read_item(s, off, self, depth + 1)) == 0)
			return 0;
	s->item[self].end = off;
	return off;
}

/* ---- changing ----------------------------------------------------------------------------------------------------------- */

/* Put n bytes in the place of those in [from, to). */
static void
splice(struct change *c, size_t from, size_t to, const uint8_t *with, size_t n)
{
	if (c->n - (to - from) + n > c->max)
		return;
	memmove(c->p + from + n, c->p + to, c->n - to);
	if (n > 0)
		memcpy(c->p + from, with, n);
	c->n = c->n - (to - from) + n;
}

/* A head of that value; longer than need be by so many sizes. */
static size_t
write_head(uint8_t out[HEAD_MAX], unsigned major, uint64_t v, unsigned longer)
{
	unsigned size = (v < 24 ? 0 : v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 3 : 4) + longer;
	size_t n;

	if (size > 4)
		size = 4;
	n = size == 0 ? 0 : (size_t)1 << (size - 1);
	out[0] = (uint8_t)(major << 5 | (size == 0 ? (unsigned)v : 23 + size));
	for (size_t i = 0; i < n; i++)
		out[1 + i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	return 1 + n;
}

static void
set_head(struct change *c, const struct item *it, uint64_t v, unsigned longer)
{
	uint8_t head[HEAD_MAX];
	size_t n = write_head(head, it->major, v, longer);

	splice(c, it->off, it->off + it->head, head, n);
}

static uint64_t
odd_number(struct change *c, uint64_t v)
{
	static const uint64_t edges[] = {0, 1, 23, 24, 59, 60, 64, 65, 128, 129, 255, 256, 512, 513, 4095, 4096, 65535, 65536,
	    604800, 604801, 1499999999, 1500000000, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32, 253402300799, 253402300800,
	    INT64_MAX, UINT64_C(1) << 63, UINT64_MAX};

	switch (pick(c, 4)) {
	case 0:
		return v + 1;
	case 1:
		return v - 1;
	case 2:
		return v ^ UINT64_C(1) << pick(c, 40);
	default:
		return edges[pick(c, sizeof edges / sizeof edges[0])];
	}
}

/* The content of a string to another length, with a head that says so. */
static void
resize_string(struct change *c, const struct item *it)
{
	static const uint8_t filler[160] = {'a', 0, 0xc3, 0xbc, 0xe2, 0x80, 0xae, 0x1b, '[', 'm'};
	size_t old = (size_t)it->v, from = it->off + it->head,
	       want = pick(c, 3) == 0 ? pick(c, 600) : old + pick(c, 5) - (old >= 2 ? 2 : 0);

	if (want <= old) {
		splice(c, from + want, from + old, NULL, 0);
	} else {
		size_t add = want - old > sizeof filler ? sizeof filler : want - old;

		if (c->n + add + HEAD_MAX > c->max)
			return;
		splice(c, from + old, from + old, filler, add);
		want = old + add;
	}
	set_head(c, it, want, 0);
}

/* Item k of the list again, or not any more; what contains it counts it, most of the time. */
static void
more_or_less(struct change *c, const struct items *s, unsigned k)
{
	const struct item *it = &s->item[k];
	uint8_t *copy = fuzz_copy(BYTES(c->p + it->off, it->end - it->off));
	bool more = pick(c, 2) == 0;
	size_t before = c->n;

	if (more)
		splice(c, it->end, it->end, copy, it->end - it->off);
	else
		splice(c, it->off, it->end, NULL, 0);
	free(copy);
	if (c->n != before && it->parent != NOBODY && s->item[it->parent].major == ARRAY && pick(c, 8) != 0)
		set_head(c, &s->item[it->parent], s->item[it->parent].v + (more ? 1 : (uint64_t)-1), 0);
}

/* The same for a pair of a map. k is its key. */
static void
pair_more_or_less(struct change *c, const struct items *s, unsigned k)
{
	const struct item *key = &s->item[k], *map = &s->item[key->parent];
	uint8_t *copy = NULL;
	unsigned value = k + 1;
	bool more = pick(c, 3) == 0;
	size_t end = 0, before = c->n;

	while (value < s->count && s->item[value].off < key->end)
		value++;
	if (value >= s->count || s->item[value].parent != key->parent)
		return;
	end = s->item[value].end;
	copy = fuzz_copy(BYTES(c->p + key->off, end - key->off));
	if (more)
		splice(c, end, end, copy, end - key->off);
	else
		splice(c, key->off, end, NULL, 0);
	free(copy);
	if (c->n != before && pick(c, 8) != 0)
		set_head(c, map, map->v + (more ? 1 : (uint64_t)-1), 0);
}

/* Items k and k + 1 of the list change places, where one does not contain the other. */
static void
swap(struct change *c, const struct items *s, unsigned k)
{
	const struct item *a = &s->item[k], *b = &s->item[k + 1];
	uint8_t *copy;

	if (a->end > b->off)
		return;
	copy = fuzz_copy(BYTES(c->p + a->off, b->end - a->off));
	memcpy(c->p + a->off, copy + (b->off - a->off), b->end - b->off);
	memcpy(c->p + a->off + (b->end - b->off), copy, b->off - a->off);
	free(copy);
}

static void
change_item(struct change *c, const struct items *s, unsigned k)
{
	const struct item *it = &s->item[k];

	switch (pick(c, 8)) {
	case 0:
		set_head(c, it, it->v, 1 + pick(c, 3));
		break;
	case 1:
		more_or_less(c, s, k);
		break;
	case 2:
		if (it->parent != NOBODY && s->item[it->parent].major == MAP)
			pair_more_or_less(c, s, k);
		break;
	case 3:
		if (k + 1 < s->count)
			swap(c, s, k);
		break;
	case 4:
		c->p[it->off] = (uint8_t)((c->p[it->off] & 31) | pick(c, 8) << 5);
		break;
	default:
		if (it->major != BYTE_STRING && it->major != TEXT_STRING)
			set_head(c, it, odd_number(c, it->v), 0);
		else if (it->v > 0 && pick(c, 2) == 0)
			c->p[it->off + it->head + pick(c, (unsigned)it->v)] = (uint8_t)pick(c, 256);
		else
			resize_string(c, it);
	}
}

size_t
cbor_mutate(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct change c = {data, size, max, seed};
	struct items s = {.p = data, .n = size};

	if (pick(&c, 4) == 0 || read_item(&s, 0, NOBODY, 0) == 0)
		return LLVMFuzzerMutate(data, size, max);
	change_item(&c, &s, pick(&c, s.count));
	return c.n;
}
