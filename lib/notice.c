/*
 * notice.c - the payload of a notice, and the list in memory.
 */
#include "notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "dcbor.h"

/* The fewest bytes that an entry can take in a payload, which bounds a declared count. */
#define ENTRY_MIN (1 + ID_SIZE + 2)
#define WITHDRAWN_MIN (1 + ID_SIZE)

/* ---- the list ----------------------------------------------------------------------------------------------------------- */

/* The index of the first entry that is not below grant_id. */
static size_t
lower_bound(const struct notice *n, const uint8_t grant_id[ID_SIZE])
{
	size_t lo = 0, hi = n->grant_count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (memcmp(n->grants[mid].grant_id, grant_id, ID_SIZE) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
is_at(const struct notice *n, size_t i, const uint8_t grant_id[ID_SIZE])
{
	return i < n->grant_count && memcmp(n->grants[i].grant_id, grant_id, ID_SIZE) == 0;
}

/* Double the room: if it grew by one element at a time, a full list would be copied as often as it is long. */
static int
make_room(struct notice *n)
{
	struct notice_grant *grants = array_grow(n->grants, n->grant_count, &n->grant_room, sizeof *grants);

	if (grants == NULL)
		return -1;
	n->grants = grants;
	return 0;
}

static int
insert_at(struct notice *n, size_t i, const uint8_t grant_id[ID_SIZE])
{
	if (make_room(n) != 0)
		return -1;
	memmove(n->grants + i + 1, n->grants + i, (n->grant_count - i) * sizeof *n->grants);
	memset(&n->grants[i], 0, sizeof n->grants[i]);
	memcpy(n->grants[i].grant_id, grant_id, ID_SIZE);
	n->grant_count++;
	return 0;
}

static int
lengthen(struct notice_grant *g, uint16_t len)
{
	uint8_t *bitmap;

	if (len <= g->len)
		return 0;
	bitmap = realloc(g->bitmap, len);
	if (bitmap == NULL)
		return -1;
	memset(bitmap + g->len, 0, (size_t)(len - g->len));
	g->bitmap = bitmap;
	g->len = len;
	return 0;
}

int
notice_revoke(struct notice *n, const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	struct notice_grant fresh = {0};
	size_t i;

	if (slot >= GRANT_SLOTS_MAX)
		return -1;
	i = lower_bound(n, grant_id);
	if (!is_at(n, i, grant_id)) {
		/* The bitmap comes first: an entry without one could not be encoded. */
		if (lengthen(&fresh, (uint16_t)(slot / 8 + 1)) != 0)
			return -1;
		if (insert_at(n, i, grant_id) != 0) {
			free(fresh.bitmap);
			return -1;
		}
		n->grants[i].bitmap = fresh.bitmap;
		n->grants[i].len = fresh.len;
	} else if (lengthen(&n->grants[i], (uint16_t)(slot / 8 + 1)) != 0) {
		return -1;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a bitmap is as long as its len says, and that is enough now */
	n->grants[i].bitmap[slot / 8] |= (uint8_t)(1u << slot % 8);
	return 0;
}

static int
add_bits(struct notice_grant *to, const struct notice_grant *from)
{
	if (lengthen(to, from->len) != 0)
		return -1;
	for (size_t i = 0; i < from->len; i++)
		to->bitmap[i] |= from->bitmap[i];
	return 0;
}

static int
add_grants(struct notice *n, const struct notice *other)
{
	struct notice_grant *all = NULL;
	size_t i = 0, j = 0, count = 0;
	int order, ret = 0;

	if (other->grant_count == 0)
		return 0;
	if ((all = calloc(n->grant_count + other->grant_count, sizeof *all)) == NULL)
		return -1;
	while ((i < n->grant_count || j < other->grant_count) && ret == 0) {
		order = i == n->grant_count ? 1 : j == other->grant_count ? -1 :
		    memcmp(n->grants[i].grant_id, other->grants[j].grant_id, ID_SIZE);
		if (order <= 0)
			all[count] = n->grants[i++];
		else
			memcpy(all[count].grant_id, other->grants[j].grant_id, ID_SIZE);
		if (order >= 0)
			ret = add_bits(&all[count], &other->grants[j++]);
		count++;
	}
	while (i < n->grant_count)
		all[count++] = n->grants[i++];
	free(n->grants);
	n->grants = all;
	n->grant_count = n->grant_room = count;
	return ret;
}

static int
add_withdrawn(struct notice *n, const struct notice *other)
{
	uint8_t (*all)[ID_SIZE] = NULL;
	size_t i = 0, j = 0, count = 0;
	int order;

	if (other->withdrawn_count == 0)
		return 0;
	if ((all = calloc(n->withdrawn_count + other->withdrawn_count, ID_SIZE)) == NULL)
		return -1;
	while (i < n->withdrawn_count || j < other->withdrawn_count) {
		order = i == n->withdrawn_count ? 1 : j == other->withdrawn_count ? -1 :
		    memcmp(n->withdrawn[i], other->withdrawn[j], ID_SIZE);
		memcpy(all[count++], order <= 0 ? n->withdrawn[i] : other->withdrawn[j], ID_SIZE);
		i += order <= 0;
		j += order >= 0;
	}
	free(n->withdrawn);
	n->withdrawn = all;
	n->withdrawn_count = count;
	return 0;
}

int
notice_add(struct notice *n, const struct notice *other)
{
	return add_grants(n, other) == 0 && add_withdrawn(n, other) == 0 ? 0 : -1;
}

bool
notice_revoked(const struct notice *n, const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	const size_t i = lower_bound(n, grant_id);

	if (!is_at(n, i, grant_id) || slot / 8 >= n->grants[i].len)
		return false;
	return (n->grants[i].bitmap[slot / 8] >> slot % 8 & 1) != 0;
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, ID_SIZE);
}

bool
notice_withdrawn(const struct notice *n, const uint8_t bundle_id[ID_SIZE])
{
	return n->withdrawn_count > 0 && bsearch(bundle_id, n->withdrawn, n->withdrawn_count, ID_SIZE, compare_ids) != NULL;
}

long long
notice_codes(const struct notice *n)
{
	long long codes = 0;

	for (size_t i = 0; i < n->grant_count; i++)
		for (size_t k = 0; k < n->grants[i].len; k++)
			codes += __builtin_popcount(n->grants[i].bitmap[k]);
	return codes;
}

int64_t
notice_reach(int64_t time)
{
	return time - (int64_t)SESSION_MAX_S;
}

uint32_t
notice_next_number(uint32_t known, int64_t now)
{
	const int64_t by_clock = now / 60, by_count = (int64_t)known + 1;
	const int64_t next = by_clock > by_count ? by_clock : by_count;

	return next < UINT32_MAX ? (uint32_t)next : UINT32_MAX;
}

void
notice_free(struct notice *n)
{
	const int sys = errno;
	size_t i;

	for (i = 0; i < n->grant_count; i++)
		free(n->grants[i].bitmap);
	free(n->grants);
	free(n->withdrawn);
	memset(n, 0, sizeof *n);
	errno = sys;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

uint8_t *
notice_encode(const struct notice *n, size_t *len)
{
	struct dcbor_out o = {0};
	size_t i;

	dcbor_put_map(&o, 6);
	dcbor_put_uint(&o, NOTICE_VERSION);
	dcbor_put_uint(&o, PAYLOAD_VERSION);
	dcbor_put_uint(&o, NOTICE_ISSUER);
	dcbor_put_bytes(&o, n->issuer, sizeof n->issuer);
	dcbor_put_uint(&o, NOTICE_NUMBER);
	dcbor_put_uint(&o, n->number);
	dcbor_put_uint(&o, NOTICE_TIME);
	dcbor_put_uint(&o, (uint64_t)n->time);
	dcbor_put_uint(&o, NOTICE_REVOKED);
	dcbor_put_map(&o, n->grant_count);
	for (i = 0; i < n->grant_count; i++) {
		dcbor_put_bytes(&o, n->grants[i].grant_id, ID_SIZE);
		dcbor_put_bytes(&o, n->grants[i].bitmap, n->grants[i].len);
	}
	dcbor_put_uint(&o, NOTICE_WITHDRAWN);
	dcbor_put_array(&o, n->withdrawn_count);
	for (i = 0; i < n->withdrawn_count; i++)
		dcbor_put_bytes(&o, n->withdrawn[i], ID_SIZE);
	return dcbor_take(&o, len);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

/* This is not the payload's fault. */
static bool
no_memory(void)
{
	errno = ENOMEM;
	return false;
}

static bool
get_grant(struct dcbor_in *in, struct notice_grant *g)
{
	struct bytes bitmap;

	if (!dcbor_get_fixed(in, g->grant_id, ID_SIZE) || !dcbor_get_bytes(in, 1, NOTICE_BITMAP_MAX, &bitmap) ||
	    bitmap.p[bitmap.n - 1] == 0)
		return false;
	g->bitmap = malloc(bitmap.n);
	if (g->bitmap == NULL)
		return no_memory();
	memcpy(g->bitmap, bitmap.p, bitmap.n);
	g->len = (uint16_t)bitmap.n;
	return true;
}

static bool
get_grants(struct dcbor_in *in, struct notice *n)
{
	uint64_t count;
	size_t i;

	if (!dcbor_get_map(in, 0, in->left / ENTRY_MIN, &count))
		return false;
	if (count == 0)
		return true;
	n->grants = calloc((size_t)count, sizeof *n->grants);
	if (n->grants == NULL)
		return no_memory();
	n->grant_count = (size_t)count;
	for (i = 0; i < count; i++) {
		if (!get_grant(in, &n->grants[i]))
			return false;
		if (i > 0 && memcmp(n->grants[i - 1].grant_id, n->grants[i].grant_id, ID_SIZE) >= 0)
			return false;
	}
	return true;
}

static bool
get_withdrawn(struct dcbor_in *in, struct notice *n)
{
	uint64_t count;
	size_t i;

	if (!dcbor_get_array(in, 0, in->left / WITHDRAWN_MIN, &count))
		return false;
	if (count == 0)
		return true;
	n->withdrawn = calloc((size_t)count, ID_SIZE);
	if (n->withdrawn == NULL)
		return no_memory();
	n->withdrawn_count = (size_t)count;
	for (i = 0; i < count; i++) {
		if (!dcbor_get_fixed(in, n->withdrawn[i], ID_SIZE))
			return false;
		if (i > 0 && memcmp(n->withdrawn[i - 1], n->withdrawn[i], ID_SIZE) >= 0)
			return false;
	}
	return true;
}

/* Up to the lists. */
static bool
get_head(struct dcbor_in *in, uint64_t *pairs, struct notice *n)
{
	uint64_t version, number, time;

	if (!dcbor_get_map(in, 6, 6, pairs) ||
	    !dcbor_key(in, pairs, NOTICE_VERSION) || !dcbor_get_uint(in, PAYLOAD_VERSION, PAYLOAD_VERSION, &version) ||
	    !dcbor_key(in, pairs, NOTICE_ISSUER) || !dcbor_get_fixed(in, n->issuer, sizeof n->issuer) ||
	    !dcbor_key(in, pairs, NOTICE_NUMBER) || !dcbor_get_uint(in, 1, UINT32_MAX, &number) ||
	    !dcbor_key(in, pairs, NOTICE_TIME) || !dcbor_get_uint(in, TIME_MIN, TIME_MAX, &time))
		return false;
	n->number = (uint32_t)number;
	n->time = (int64_t)time;
	return true;
}

static bool
parse(struct notice *n, struct bytes payload)
{
	struct dcbor_in in = dcbor_in(payload);
	uint64_t pairs;

	return get_head(&in, &pairs, n) &&
	    dcbor_key(&in, &pairs, NOTICE_REVOKED) && get_grants(&in, n) &&
	    dcbor_key(&in, &pairs, NOTICE_WITHDRAWN) && get_withdrawn(&in, n) && pairs == 0 && dcbor_end(&in);
}

static bool
skim_grants(struct dcbor_in *in, const uint8_t grant_id[ID_SIZE], uint32_t slot, bool *revoked)
{
	uint8_t id[ID_SIZE];
	struct bytes bitmap;
	uint64_t count;

	if (!dcbor_get_map(in, 0, in->left / ENTRY_MIN, &count))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!dcbor_get_fixed(in, id, ID_SIZE) || !dcbor_get_bytes(in, 1, NOTICE_BITMAP_MAX, &bitmap))
			return false;
		if (slot / 8 < bitmap.n && memcmp(id, grant_id, ID_SIZE) == 0)
			*revoked = (bitmap.p[slot / 8] >> slot % 8 & 1) != 0;
	}
	return true;
}

static bool
skim_withdrawn(struct dcbor_in *in, const uint8_t bundle_id[ID_SIZE], bool *withdrawn)
{
	uint8_t id[ID_SIZE];
	uint64_t count;

	if (!dcbor_get_array(in, 0, in->left / WITHDRAWN_MIN, &count))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!dcbor_get_fixed(in, id, ID_SIZE))
			return false;
		*withdrawn |= memcmp(id, bundle_id, ID_SIZE) == 0;
	}
	return true;
}

int
notice_says(struct bytes payload, const uint8_t grant_id[ID_SIZE], uint32_t slot, const uint8_t bundle_id[ID_SIZE], bool *revoked,
    bool *withdrawn)
{
	struct dcbor_in in = dcbor_in(payload);
	struct notice head;
	uint64_t pairs;

	*revoked = *withdrawn = false;
	return get_head(&in, &pairs, &head) &&
	    dcbor_key(&in, &pairs, NOTICE_REVOKED) && skim_grants(&in, grant_id, slot, revoked) &&
	    dcbor_key(&in, &pairs, NOTICE_WITHDRAWN) && skim_withdrawn(&in, bundle_id, withdrawn) &&
	    pairs == 0 && dcbor_end(&in) ? 0 : -1;
}

int
notice_parse(struct notice *n, struct bytes payload)
{
	memset(n, 0, sizeof *n);
	errno = EBADMSG;
	if (!parse(n, payload)) {
		notice_free(n);
		return -1;
	}
	return 0;
}

enum envelope_result
notice_open(struct notice *n, struct bytes file)
{
	struct bytes payload = {0};
	enum envelope_result res = envelope_open(ENVELOPE_NOTICE, file, &payload, NULL);

	return envelope_parsed(res, notice_parse(n, payload));
}
