#include <stdlib.h>

#include <check.h>

#include "format.h"
#include "readahead.h"
#include "suite.h"

#define MIB (1024u * 1024u)
#define STEP (128u * 1024u)

START_TEST(first_read_asks_for_nothing_ahead)
{
	struct readahead r = {0};
	struct readahead_plan p = readahead_next(&r, 0, STEP, 100 * MIB, 32);

	ck_assert_uint_eq(p.fetch_count, 0);
	ck_assert_int_eq(p.busier, 0);
	ck_assert_int_eq(readahead_busy(&r), 0);
}
END_TEST

START_TEST(window_doubles_to_the_limit_and_nothing_is_asked_twice)
{
	struct readahead r = {0};
	uint64_t asked = 0, off = 0;

	readahead_next(&r, 0, STEP, 100 * MIB, 32);
	for (int i = 1; i < 400; i++) {
		struct readahead_plan p = readahead_next(&r, off += STEP, STEP, 100 * MIB, 32);
		uint64_t end = (off + STEP) / BLOCK_SIZE, window = i < 5 ? 1u << i : 32;

		ck_assert_int_eq(p.busier, i == 1);
		if (p.fetch_count > 0) {
			ck_assert_uint_eq(p.fetch_first, i == 1 ? end : asked);
			asked = p.fetch_first + p.fetch_count;
			ck_assert_uint_eq(asked, end + window);
		}
		ck_assert_uint_ge(asked, end + window / 2);
	}
}
END_TEST

START_TEST(what_is_read_again_asks_for_nothing)
{
	struct readahead r = {0};
	struct readahead_plan p;

	readahead_next(&r, 0, STEP, 100 * MIB, 32);
	for (int i = 0; i < 2; i++) {
		p = readahead_next(&r, STEP - 4096, 4096, 100 * MIB, 32); /* up to where it was */
		ck_assert_uint_eq(p.fetch_count, 0);
		ck_assert_int_eq(p.busier, 0);
	}
	p = readahead_next(&r, STEP, STEP, 100 * MIB, 32);
	ck_assert_uint_eq(p.fetch_count, 2);
	for (int i = 0; i < 9; i++)
		ck_assert_uint_eq(readahead_next(&r, STEP, STEP, 100 * MIB, 32).fetch_count, 0);
	ck_assert_uint_eq(r.place[0].window, 2);
}
END_TEST

START_TEST(a_full_window_is_filled_up_by_halves)
{
	struct readahead r = {0};
	uint64_t off = 0;
	unsigned asks = 0;

	for (; off < 4 * MIB; off += STEP)
		readahead_next(&r, off, STEP, 100 * MIB, 32);
	for (; off < 68 * MIB; off += STEP)
		asks += readahead_next(&r, off, STEP, 100 * MIB, 32).fetch_count > 0;
	/* 1024 blocks were read, 16 of them for each time */
	ck_assert_uint_le(asks, 1024 / 16 + 1);
}
END_TEST

START_TEST(seek_forgets_what_was_asked_and_asks_for_nothing)
{
	struct readahead r = {0};
	struct readahead_plan p;
	uint64_t off = 0;

	for (; off < 10 * STEP; off += STEP)
		p = readahead_next(&r, off, STEP, 900 * MIB, 8);
	/* The second place is free, the third seek takes the first. */
	p = readahead_next(&r, 500 * MIB, STEP, 900 * MIB, 8);
	ck_assert_uint_eq(p.fetch_count, 0);
	ck_assert_uint_eq(p.forget_count, 0);
	p = readahead_next(&r, 800 * MIB, STEP, 900 * MIB, 8);
	ck_assert_uint_eq(p.fetch_count, 0);
	ck_assert_uint_eq(p.forget_first, off / BLOCK_SIZE);
	ck_assert_uint_eq(p.forget_count, 8);
	ck_assert_int_eq(p.busier, -1);
	ck_assert_int_eq(readahead_busy(&r), 0);
}
END_TEST

START_TEST(two_places_are_followed_at_once)
{
	struct readahead r = {0};
	int busy = 0;

	for (uint64_t i = 0; i < 20; i++) {
		busy += readahead_next(&r, i * STEP, STEP, 900 * MIB, 16).busier;
		busy += readahead_next(&r, 300 * MIB + i * STEP, STEP, 900 * MIB, 16).busier;
	}
	ck_assert_int_eq(busy, 2);
	ck_assert_int_eq(readahead_busy(&r), 2);
	ck_assert_uint_eq(r.place[0].window, 16);
	ck_assert_uint_eq(r.place[1].window, 16);
}
END_TEST

START_TEST(what_is_left_out_between_two_reads_has_a_limit)
{
	for (uint64_t gap = 256 * 1024; gap <= 256 * 1024 + 1; gap++) {
		struct readahead r = {0};
		struct readahead_plan p;

		readahead_next(&r, 10 * MIB, STEP, 900 * MIB, 8);
		p = readahead_next(&r, 10 * MIB + STEP + gap, STEP, 900 * MIB, 8);
		ck_assert_int_eq(p.busier, gap == 256 * 1024);
	}
}
END_TEST

START_TEST(exactly_half_a_window_is_filled_up)
{
	struct readahead r = {0};
	struct readahead_plan p;
	uint64_t b = 0;

	for (; b < 6; b++)
		p = readahead_next(&r, b * BLOCK_SIZE, BLOCK_SIZE, 900 * MIB, 4);
	for (int i = 0; i < 10; i++) { /* asked for two, then none, in turn */
		uint64_t before = r.place[0].asked;

		p = readahead_next(&r, b * BLOCK_SIZE, BLOCK_SIZE, 900 * MIB, 4);
		b++;
		ck_assert_uint_eq(p.fetch_count, before - b <= 2 ? b + 4 - before : 0);
	}
}
END_TEST

START_TEST(requests_out_of_order_are_one_reader)
{
	struct readahead r = {0};
	static const unsigned order[] = { 0, 2, 1, 4, 3, 6, 5, 7 };
	uint64_t forgotten = 0;

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		forgotten += readahead_next(&r, order[i] * (uint64_t)STEP, STEP, 100 * MIB, 32).forget_count;
	ck_assert_uint_eq(forgotten, 0);
	ck_assert_int_eq(readahead_busy(&r), 1);
	ck_assert_uint_gt(r.place[0].window, 2);
}
END_TEST

START_TEST(nothing_is_asked_beyond_the_end)
{
	struct readahead r = {0};
	const uint64_t start = 7 * MIB + 8, end = start + 5 * STEP + 1;
	uint64_t last = 0;

	for (uint64_t off = start; off < end; off += STEP) {
		uint64_t len = end - off < STEP ? end - off : STEP;
		struct readahead_plan p = readahead_next(&r, off, len, end, 32);

		if (p.fetch_count > 0)
			last = p.fetch_first + p.fetch_count - 1;
	}
	ck_assert_uint_eq(last, (end - 1) / BLOCK_SIZE);
}
END_TEST

START_TEST(closing_undoes_everything)
{
	struct readahead r = {0};
	int busy = 0;

	for (uint64_t i = 0; i < 8; i++)
		busy += readahead_next(&r, i * STEP, STEP, 100 * MIB, 4).busier;
	ck_assert_int_eq(busy, 1);
	for (unsigned i = 0; i < READAHEAD_PLACES; i++)
		busy += readahead_drop(&r, i).busier;
	ck_assert_int_eq(busy, 0);
}
END_TEST

/* Any reads at all: asked blocks are within the file, counts add up. */
START_TEST(any_reads_keep_the_books)
{
	struct readahead r = {0};
	uint32_t seed = 12345;
	int busy = 0;

	for (int i = 0; i < 20000; i++) {
		uint64_t off, len;
		struct readahead_plan p;

		seed = seed * 1664525u + 1013904223u;
		off = seed % 4 != 0 && r.place[0].reach < 50 * MIB ? r.place[0].reach : (seed >> 6) % (50 * MIB);
		len = 1 + (seed >> 8) % (512 * 1024);
		p = readahead_next(&r, off, len, 51 * MIB, 1 + (seed >> 16) % READAHEAD_WINDOW_MAX);
		busy += p.busier;
		ck_assert_int_eq(busy, readahead_busy(&r));
		ck_assert_uint_le(p.fetch_count, READAHEAD_WINDOW_MAX);
		ck_assert(p.fetch_count == 0 || p.fetch_first + p.fetch_count <= 51 * MIB / BLOCK_SIZE);
		ck_assert(p.fetch_count == 0 || p.fetch_first * BLOCK_SIZE >= off + len);
	}
}
END_TEST

SUITE("readahead")
{
	tcase_add_test(t, first_read_asks_for_nothing_ahead);
	tcase_add_test(t, window_doubles_to_the_limit_and_nothing_is_asked_twice);
	tcase_add_test(t, a_full_window_is_filled_up_by_halves);
	tcase_add_test(t, what_is_read_again_asks_for_nothing);
	tcase_add_test(t, seek_forgets_what_was_asked_and_asks_for_nothing);
	tcase_add_test(t, two_places_are_followed_at_once);
	tcase_add_test(t, what_is_left_out_between_two_reads_has_a_limit);
	tcase_add_test(t, exactly_half_a_window_is_filled_up);
	tcase_add_test(t, requests_out_of_order_are_one_reader);
	tcase_add_test(t, nothing_is_asked_beyond_the_end);
	tcase_add_test(t, closing_undoes_everything);
	tcase_add_test(t, any_reads_keep_the_books);
}
