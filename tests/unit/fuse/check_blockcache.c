#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "blockcache.h"
#include "leaks.h"
#include "suite.h"

#define BLOCKS 200u
#define READERS 6u
#define READS 3000u

/* A source of blocks whose bytes are known, that counts, fails and stops as told. */
struct fake {
	_Atomic unsigned fetched[BLOCKS];
	_Atomic unsigned inside[BLOCKS];        /* threads that fetch this block now */
	_Atomic unsigned ahead;                 /* fetches by workers */
	_Atomic bool doubled;
	_Atomic int failing;                    /* this block fails, -1: none */
	_Atomic bool only_ahead;                /* ... but only for workers */
	_Atomic uintptr_t last_buf;
	pthread_mutex_t lock;
	pthread_cond_t change;
	int held;                               /* this block waits until let go, -1: none */
	bool waiting;                           /* it does */
};

static uint8_t
byte_at(uint64_t off)
{
	return (uint8_t)(off * 2654435761u >> 13 | 1);
}

static void
fill(uint8_t *buf, uint64_t index)
{
	for (size_t i = 0; i < BLOCK_SIZE; i += 64)
		memset(buf + i, byte_at(index * BLOCK_SIZE + i), 64);
}

static bool
is_zero(const uint8_t *buf)
{
	return buf[0] == 0 && memcmp(buf, buf + 1, BLOCK_SIZE - 1) == 0;
}

static int
fake_fetch(void *arg, uint64_t index, uint8_t buf[BLOCK_SIZE], bool ahead)
{
	struct fake *f = arg;

	if (f->inside[index]++ != 0)
		f->doubled = true;
	f->fetched[index]++;
	if (ahead)
		f->ahead++;
	f->last_buf = (uintptr_t)buf;
	pthread_mutex_lock(&f->lock);
	while (f->held == (int)index) {
		f->waiting = true;
		pthread_cond_broadcast(&f->change);
		pthread_cond_wait(&f->change, &f->lock);
	}
	pthread_mutex_unlock(&f->lock);
	fill(buf, index);
	f->inside[index]--;
	return f->failing == (int)index && (ahead || !f->only_ahead) ? -EIO : 0;
}

static void
fake_hold(struct fake *f, int index)
{
	pthread_mutex_lock(&f->lock);
	f->held = index;
	f->waiting = false;
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
}

static void
fake_await(struct fake *f)
{
	pthread_mutex_lock(&f->lock);
	while (!f->waiting)
		pthread_cond_wait(&f->change, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static struct blockcache *
cache_over(struct fake *f, size_t slots, unsigned workers)
{
	struct blockcache *c = blockcache_new(slots);

	*f = (struct fake){ .failing = -1, .held = -1 };
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->change, NULL);
	ck_assert_ptr_nonnull(c);
	blockcache_start(c, (struct blockcache_source){ fake_fetch, f }, BLOCKS, workers);
	return c;
}

static bool
right(const uint8_t *data, uint64_t index)
{
	uint8_t expected[BLOCK_SIZE];

	fill(expected, index);
	return memcmp(data, expected, BLOCK_SIZE) == 0;
}

static void
get_and_check(struct blockcache *c, uint64_t index)
{
	const uint8_t *data = NULL;

	ck_assert_int_eq(blockcache_get(c, index, &data), 0);
	ck_assert(right(data, index));
	blockcache_put(c, data, false);
}

START_TEST(block_is_fetched_once_while_it_stays)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 8, 0);

	for (int round = 0; round < 3; round++)
		for (uint64_t i = 0; i < 8; i++)
			get_and_check(c, i);
	for (uint64_t i = 0; i < 8; i++)
		ck_assert_uint_eq(f.fetched[i], 1);
	blockcache_free(&c);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(longest_unused_goes_first_and_done_before_it)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 4, 0);
	const uint8_t *data = NULL;

	for (uint64_t i = 0; i < 4; i++)
		get_and_check(c, i);
	get_and_check(c, 0);
	get_and_check(c, 9);            /* takes 1's place */
	get_and_check(c, 0);
	ck_assert_uint_eq(f.fetched[0], 1);
	ck_assert_int_eq(blockcache_get(c, 0, &data), 0);
	blockcache_put(c, data, true);
	get_and_check(c, 10);           /* takes 0's, though 2 is older */
	get_and_check(c, 2);
	ck_assert_uint_eq(f.fetched[2], 1);
	get_and_check(c, 0);
	ck_assert_uint_eq(f.fetched[0], 2);
	blockcache_free(&c);
}
END_TEST

START_TEST(failed_block_is_wiped_and_not_remembered)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 4, 0);
	const uint8_t *data = NULL;

	f.failing = 7;
	get_and_check(c, 6);
	ck_assert_int_eq(blockcache_get(c, 7, &data), -EIO);
	ck_assert_ptr_null(data);
	ck_assert(is_zero((const uint8_t *)f.last_buf));
	get_and_check(c, 8);
	ck_assert_int_eq(blockcache_get(c, 7, &data), -EIO);
	ck_assert_uint_eq(f.fetched[7], 2);
	f.failing = -1;
	get_and_check(c, 7);
	get_and_check(c, 6);
	ck_assert_uint_eq(f.fetched[6], 1);
	blockcache_free(&c);
}
END_TEST

START_TEST(blocks_beyond_the_end_are_errors)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 4, 1);
	const uint8_t *data = NULL;
	uint8_t buf[2];

	ck_assert_int_eq(blockcache_get(c, BLOCKS, &data), -EIO);
	ck_assert_int_eq(blockcache_get(c, UINT64_MAX, &data), -EIO);
	ck_assert_int_eq(blockcache_read(c, buf, 2, (uint64_t)BLOCKS * BLOCK_SIZE - 1), -EIO);
	ck_assert_int_eq(blockcache_read(c, buf, 2, UINT64_MAX), -EIO);
	ck_assert_int_eq(blockcache_read(c, buf, 2, (uint64_t)BLOCKS * BLOCK_SIZE - 2), 0);
	blockcache_ahead(c, BLOCKS, 5);
	blockcache_ahead(c, BLOCKS - 1, UINT64_MAX);
	get_and_check(c, 0);
	blockcache_free(&c);
}
END_TEST

START_TEST(reads_across_blocks_are_joined)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 3, 0);
	static uint8_t buf[3 * BLOCK_SIZE];
	const uint64_t off = 5 * BLOCK_SIZE - 100;

	ck_assert_int_eq(blockcache_read(c, buf, 2 * BLOCK_SIZE + 200, off), 0);
	for (size_t i = 0; i < 2 * BLOCK_SIZE + 200; i++)
		ck_assert_uint_eq(buf[i], byte_at((off + i) & ~(uint64_t)63));
	blockcache_free(&c);
}
END_TEST

struct reader {
	struct blockcache *c;
	uint32_t seed;
	uint64_t bad;           /* this block is expected to fail, UINT64_MAX: none */
	unsigned wrong;
};

static void *
read_at_random(void *arg)
{
	const unsigned reads = suite_few() ? READS / 4 : READS;
	struct reader *r = arg;
	const uint8_t *one = NULL, *two = NULL;

	for (unsigned i = 0; i < reads; i++) {
		uint64_t index;

		r->seed = r->seed * 1664525u + 1013904223u;
		index = (r->seed >> 8) % (BLOCKS - 1);
		if ((r->seed >> 4) % 8 == 0)
			blockcache_ahead(r->c, index + 1, 4);
		if ((r->seed >> 4) % 32 == 1)
			blockcache_forget(r->c, index, 3);
		if (blockcache_get(r->c, index, &one) != 0) {
			r->wrong += index != r->bad;
			continue;
		}
		r->wrong += index == r->bad || !right(one, index);
		if (blockcache_get(r->c, index + 1, &two) == 0) {
			r->wrong += index + 1 == r->bad || !right(two, index + 1);
			blockcache_put(r->c, two, true);
		} else {
			r->wrong += index + 1 != r->bad;
		}
		r->wrong += !right(one, index);
		blockcache_put(r->c, one, false);
	}
	return NULL;
}

/* As few slots as the rule allows: every reader holds two at once. */
START_TEST(many_readers_get_the_right_bytes_and_no_block_is_fetched_twice_at_once)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 2 * READERS, 3);
	struct reader r[READERS];
	pthread_t t[READERS];

	f.failing = 77;
	for (unsigned i = 0; i < READERS; i++) {
		r[i] = (struct reader){ c, i * 7919 + 1, 77, 0 };
		ck_assert_int_eq(pthread_create(&t[i], NULL, read_at_random, &r[i]), 0);
	}
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(t[i], NULL);
		ck_assert_uint_eq(r[i].wrong, 0);
	}
	ck_assert(!f.doubled);
	ck_assert_uint_gt(f.ahead, 0);
	blockcache_free(&c);
}
END_TEST

struct one_get {
	struct blockcache *c;
	uint64_t index;
	int err;
	bool right;
};

static void *
get_one(void *arg)
{
	struct one_get *g = arg;
	const uint8_t *data = NULL;

	g->err = blockcache_get(g->c, g->index, &data);
	if (g->err == 0) {
		g->right = right(data, g->index);
		blockcache_put(g->c, data, false);
	}
	return NULL;
}

START_TEST(others_are_served_while_a_block_is_slow)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 4, 0);
	struct one_get g = { c, 3, -1, false };
	pthread_t t;

	fake_hold(&f, 3);
	pthread_create(&t, NULL, get_one, &g);
	fake_await(&f);
	get_and_check(c, 4);
	get_and_check(c, 5);
	fake_hold(&f, -1);
	pthread_join(t, NULL);
	ck_assert_int_eq(g.err, 0);
	ck_assert(g.right);
	ck_assert_uint_eq(f.fetched[3], 1);
	blockcache_free(&c);
}
END_TEST

START_TEST(reader_tries_itself_after_a_worker_failed)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 4, 1);
	struct one_get g = { c, 3, -1, false };
	pthread_t t;

	f.failing = 3;
	f.only_ahead = true;
	fake_hold(&f, 3);
	blockcache_ahead(c, 3, 1);
	fake_await(&f);
	pthread_create(&t, NULL, get_one, &g);
	fake_hold(&f, -1);
	pthread_join(t, NULL);
	ck_assert_int_eq(g.err, 0);
	ck_assert(g.right);
	ck_assert_uint_eq(f.fetched[3], 2);
	blockcache_free(&c);
}
END_TEST

START_TEST(read_ahead_is_there_when_it_is_wanted)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 8, 1);

	fake_hold(&f, 13);
	blockcache_ahead(c, 10, 4);     /* one worker, in order: 10..12 are there when it stops at 13 */
	fake_await(&f);
	for (uint64_t i = 10; i < 13; i++) {
		get_and_check(c, i);
		ck_assert_uint_eq(f.fetched[i], 1);
	}
	ck_assert_uint_eq(f.ahead, 4);
	fake_hold(&f, -1);
	blockcache_free(&c);
}
END_TEST

START_TEST(forgotten_blocks_are_not_fetched)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 8, 1);

	fake_hold(&f, 10);
	blockcache_ahead(c, 10, 5);
	fake_await(&f);
	blockcache_forget(c, 11, 3);
	fake_hold(&f, 14);              /* lets 10 go and stops at the next one left */
	fake_await(&f);
	fake_hold(&f, -1);
	blockcache_free(&c);
	for (uint64_t i = 11; i < 14; i++)
		ck_assert_uint_eq(f.fetched[i], 0);
	ck_assert_uint_eq(f.fetched[14], 1);
}
END_TEST

/* Who reads in small steps asks for the same blocks over and over: they take no room from others. */
START_TEST(what_is_asked_for_twice_is_queued_once)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 8, 1);

	get_and_check(c, 5);
	fake_hold(&f, 10);
	blockcache_ahead(c, 10, 1);
	fake_await(&f);
	for (unsigned i = 0; i < 2 * BLOCKCACHE_QUEUE; i++) {
		blockcache_ahead(c, 5, 1);      /* there */
		blockcache_ahead(c, 10, 1);     /* under way */
		blockcache_ahead(c, 11, 2);     /* waiting */
	}
	blockcache_ahead(c, 20, 1);
	fake_hold(&f, 20);
	fake_await(&f);
	fake_hold(&f, -1);
	get_and_check(c, 20);
	for (uint64_t i = 10; i < 13; i++)
		ck_assert_uint_eq(f.fetched[i], 1);
	ck_assert_uint_eq(f.fetched[5], 1);
	blockcache_free(&c);
}
END_TEST

START_TEST(close_wipes_everything_and_refuses)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 4, 1);
	const uint8_t *data[4] = { NULL, NULL, NULL, NULL }, *again = NULL;

	for (uint64_t i = 0; i < 4; i++)
		ck_assert_int_eq(blockcache_get(c, i, &data[i]), 0);
	for (int i = 0; i < 3; i++)
		blockcache_put(c, data[i], false);
	blockcache_close(c);
	for (int i = 0; i < 3; i++)
		ck_assert(is_zero(data[i]));
	ck_assert(right(data[3], 3));   /* still held */
	blockcache_put(c, data[3], false);
	ck_assert(is_zero(data[3]));
	ck_assert_int_eq(blockcache_get(c, 0, &again), -EIO);
	blockcache_close(c);
	blockcache_free(&c);
}
END_TEST

START_TEST(block_under_way_at_close_is_wiped)
{
	struct fake f;
	struct blockcache *c = cache_over(&f, 4, 0);
	struct one_get g = { c, 3, 0, false };
	pthread_t t;

	fake_hold(&f, 3);
	pthread_create(&t, NULL, get_one, &g);
	fake_await(&f);
	blockcache_close(c);
	fake_hold(&f, -1);
	pthread_join(t, NULL);
	ck_assert_int_eq(g.err, -EIO);
	ck_assert(is_zero((const uint8_t *)f.last_buf));
	blockcache_free(&c);
}
END_TEST

START_TEST(sizes_out_of_range_are_refused)
{
	ck_assert_ptr_null(blockcache_new(0));
	ck_assert_ptr_null(blockcache_new(1));
	ck_assert_ptr_null(blockcache_new(BLOCKCACHE_SLOTS_MAX + 1));
	ck_assert_uint_le(BLOCKCACHE_MAX, 13u * 1024u * 1024u / 2u);
}
END_TEST

START_TEST(unstarted_cache_reads_nothing)
{
	struct blockcache *c = blockcache_new(2), *none = NULL;
	const uint8_t *data = NULL;

	ck_assert_int_eq(blockcache_get(c, 0, &data), -EIO);
	blockcache_ahead(c, 0, 3);
	blockcache_free(&c);
	blockcache_free(&none);
}
END_TEST

static void
make_and_free(void)
{
	struct blockcache *c = blockcache_new(4);

	ck_assert_ptr_nonnull(c);
	blockcache_free(&c);
	ck_assert_ptr_null(c);
	ck_assert_ptr_null(blockcache_new(1));
}

START_TEST(nothing_is_kept)
{
	LEAKS_NOTHING(make_and_free());
}
END_TEST

SUITE("blockcache", .timeout = 120)
{
	tcase_add_test(t, block_is_fetched_once_while_it_stays);
	tcase_add_test(t, longest_unused_goes_first_and_done_before_it);
	tcase_add_test(t, failed_block_is_wiped_and_not_remembered);
	tcase_add_test(t, blocks_beyond_the_end_are_errors);
	tcase_add_test(t, reads_across_blocks_are_joined);
	tcase_add_test(t, many_readers_get_the_right_bytes_and_no_block_is_fetched_twice_at_once);
	tcase_add_test(t, others_are_served_while_a_block_is_slow);
	tcase_add_test(t, reader_tries_itself_after_a_worker_failed);
	tcase_add_test(t, read_ahead_is_there_when_it_is_wanted);
	tcase_add_test(t, forgotten_blocks_are_not_fetched);
	tcase_add_test(t, what_is_asked_for_twice_is_queued_once);
	tcase_add_test(t, close_wipes_everything_and_refuses);
	tcase_add_test(t, block_under_way_at_close_is_wiped);
	tcase_add_test(t, sizes_out_of_range_are_refused);
	tcase_add_test(t, unstarted_cache_reads_nothing);
	tcase_add_test(t, nothing_is_kept);
}
