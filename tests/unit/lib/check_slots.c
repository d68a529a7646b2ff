/*
 * check_slots.c - counting the slots of a grant, whatever reading one says.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"
#include "suite.h"

/* What each slot is. */
static const struct {
	enum err err;
	enum record_state merged;
	enum err unread;
} slots[] = {
	{E_OK, RECORD_IS_LIVE, E_OK}, {E_OK, RECORD_IS_SPENT, E_OK},
	{E_OK, RECORD_IS_SPENT, E_STICK_IO}, /* its other copy says enough */
	{E_OK, RECORD_IS_DAMAGED, E_OK}, {E_OK, RECORD_IS_DAMAGED, E_STICK_IO}, {E_OK, RECORD_IS_DAMAGED, E_FAIL},
	{E_FAIL, RECORD_IS_LIVE, E_OK}, {E_OK, RECORD_IS_LIVE, E_OK}, {E_OK, RECORD_IS_LIVE, E_OK}, {E_OK, RECORD_IS_LIVE, E_OK},
};

enum err __wrap_stick_read_slot(
    const struct stick *s, const struct grant *g, uint32_t slot, bool want_write, struct stick_slot *out, struct fault *f);
enum err
__wrap_stick_read_slot(
    const struct stick *s, const struct grant *g, uint32_t slot, bool want_write, struct stick_slot *out, struct fault *f)
{
	(void)s, (void)g, (void)f;
	ck_assert(!want_write); /* whoever counts may have a stick that cannot be written to */
	memset(out, 0, sizeof *out);
	out->merged = slots[slot].merged;
	if (slots[slot].unread != E_OK)
		fault_set(&out->unread, slots[slot].unread, EIO, "read", "slot %u", slot);
	return slots[slot].err;
}

START_TEST(each_slot_is_counted_as_what_it_is)
{
	const struct grant g = {.slots = sizeof slots / sizeof *slots};
	const struct slots_count n = slots_count(NULL, &g);

	ck_assert_uint_eq(n.live, 4);
	ck_assert_uint_eq(n.spent, 2);
	ck_assert_uint_eq(n.damaged, 2);
	ck_assert_uint_eq(n.unread, 2);
	ck_assert(n.why.err == E_STICK_IO && n.why.sys == EIO); /* the first */
	ck_assert_str_eq(n.why.object, "slot 4");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("slots");
	TCase *t = tcase_create("all");

	tcase_add_test(t, each_slot_is_counted_as_what_it_is);
	suite_add_tcase(s, t);
	return suite_run(s);
}
