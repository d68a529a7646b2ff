/*
 * check_array.c - an array that grows by one.
 */
#include "array.h"

#include <stdint.h>
#include <stdlib.h>

#include <check.h>

#include "suite.h"

START_TEST(what_is_there_stays_and_moves_seldom)
{
	uint32_t *list = NULL, *grown;
	size_t room = 0, moves = 0;

	for (size_t n = 0; n < 100000; n++) {
		size_t before = room;

		ck_assert_ptr_nonnull(grown = array_grow(list, n, &room, sizeof *list));
		ck_assert_uint_gt(room, n);
		ck_assert(room == before ? grown == list && before > n : before == n);
		moves += room != before;
		list = grown;
		list[n] = (uint32_t)n;
	}
	for (size_t n = 0; n < 100000; n++)
		ck_assert_uint_eq(list[n], n);
	ck_assert_uint_le(moves, 17);
	free(list);
}
END_TEST

START_TEST(without_memory_all_is_as_it_was)
{
	size_t room = 0;
	char *list = array_grow(NULL, 0, &room, 1);
	const size_t first = room;

	ck_assert_ptr_nonnull(list);
	list[first - 1] = 'x';
	ck_assert_ptr_null(array_grow(list, first, &room, SIZE_MAX / 8));
	ck_assert_uint_eq(room, first);
	ck_assert_int_eq(list[first - 1], 'x');
	free(list);
}
END_TEST

SUITE("array")
{
	tcase_add_test(t, what_is_there_stays_and_moves_seldom);
	tcase_add_test(t, without_memory_all_is_as_it_was);
}
