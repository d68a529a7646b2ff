/*
 * check_several.c - which faults stop the other sticks, which status counts, and what is named twice.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "several.h"
#include "suite.h"

START_TEST(one_stick_never_stops_the_others)
{
	for (int e = E_OK; e <= E_INTERRUPTED; e++) {
		const struct fault f = {.err = (enum err)e};
		bool pc = e == E_FAIL || e == E_INTERRUPTED || e == E_MEMORY || e == E_BOOKS;

		ck_assert_int_eq(several_stops(&f), pc);
	}
}
END_TEST

START_TEST(a_stick_that_is_named_twice_stops_all)
{
	ck_assert(several_stops(&(struct fault){.err = E_USAGE, .why = WHY_TWICE}));
	ck_assert(!several_stops(&(struct fault){.err = E_USAGE, .why = WHY_LOSS}));
}
END_TEST

START_TEST(the_first_that_failed_counts)
{
	enum err sum = E_OK;

	sum = several_first(sum, E_OK);
	ck_assert_int_eq(sum, E_OK);
	sum = several_first(sum, E_NO_STICK);
	sum = several_first(sum, E_BUNDLE);
	sum = several_first(sum, E_OK);
	ck_assert_int_eq(sum, E_NO_STICK);
}
END_TEST

START_TEST(an_interruption_counts_before_all)
{
	const struct fault faults[4] = {{.err = E_OK}, {.err = E_NO_STICK}, {.err = E_INTERRUPTED}, {.err = E_OK}};

	ck_assert_int_eq(several_status(faults, 4), E_INTERRUPTED);
	ck_assert_int_eq(several_status(faults, 2), E_NO_STICK);
	ck_assert_int_eq(several_status(faults, 1), E_OK);
	ck_assert_uint_eq(several_fine(faults, 4), 2);
	ck_assert_ptr_eq(several_stop(faults, 4), &faults[2]);
	ck_assert_ptr_null(several_stop(faults, 2));
}
END_TEST

static enum err
fail_as(void *arg, size_t k, struct fault *f)
{
	const enum err *how = arg;

	return how[k] == E_OK ? E_OK : fault_set(f, how[k], 0, "test", "%zu", k);
}

START_TEST(what_stops_all_is_the_fault_of_those_that_come_after)
{
	enum err how[5] = {E_OK, E_NO_STICK, E_OK, E_BOOKS, E_OK};
	struct fault faults[5] = {{.err = E_OK}};
	const enum err wanted[5] = {E_BUNDLE, E_NO_STICK, E_OK, E_BOOKS, E_BOOKS};

	fault_set(&faults[0], E_BUNDLE, 0, "test", "before"); /* is not worked on any more */
	several_each(faults, 5, fail_as, how);
	for (size_t k = 0; k < 5; k++)
		ck_assert_int_eq(faults[k].err, wanted[k]);
	ck_assert_str_eq(faults[4].object, "3");
	ck_assert_int_eq(several_status(faults, 5), E_BUNDLE);
}
END_TEST

START_TEST(one_directory_by_two_names)
{
	struct several_place list[4];
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fault f = {0};
	int again = open("/proc/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(several_look(list, 0, -1, "a", &f), E_OK);
	ck_assert_int_eq(several_look(list, 1, root, "b", &f), E_OK);
	ck_assert_int_eq(several_look(list, 2, proc, "c", &f), E_OK);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_int_eq(several_look(list, 3, again, "d", &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_TWICE);
	ck_assert_str_eq(f.object, "d");
	ck_assert(!list[0].there && list[1].there);
	ck_assert(list[1].device != list[2].device && list[1].device == list[3].device);
	close(root);
	close(proc);
	close(again);
}
END_TEST

START_TEST(two_that_are_not_there_are_not_the_same)
{
	struct several_place list[2];

	ck_assert_int_eq(several_look(list, 0, -1, "a", NULL), E_OK);
	ck_assert_int_eq(several_look(list, 1, -1, "a", NULL), E_OK);
}
END_TEST

/* ---- at once ------------------------------------------------------------------------------------------------------------- */

#define STICKS 6u

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	const struct several_place *list;
	unsigned device[STICKS]; /* how many are worked on, on each device */
	size_t order[STICKS], done;
	unsigned at_once, most;
	bool meet; /* wait until three are worked on at once */
} desk = {.mutex = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void
work(void *arg, size_t k)
{
	unsigned *mine = &desk.device[desk.list[k].device];

	(void)arg;
	pthread_mutex_lock(&desk.mutex);
	ck_assert_uint_eq(++*mine, 1);
	desk.most = ++desk.at_once > desk.most ? desk.at_once : desk.most;
	pthread_cond_broadcast(&desk.more);
	while (desk.meet && desk.most < 3)
		pthread_cond_wait(&desk.more, &desk.mutex);
	desk.order[desk.done++] = k;
	desk.at_once--;
	--*mine;
	pthread_mutex_unlock(&desk.mutex);
}

static void
setup(void)
{
	memset(desk.device, 0, sizeof desk.device);
	desk.done = 0;
	desk.at_once = desk.most = 0;
	desk.meet = true;
}

/* Three devices: that they are worked on at once is what the work waits for. */
START_TEST(devices_at_once_and_the_sticks_of_one_in_turn)
{
	const struct several_place list[STICKS] = {
	    {true, 1, 1}, {true, 2, 1}, {false, 1, 2}, {true, 1, 3}, {true, 3, 1}, {true, 1, 4}};
	size_t last = 0;

	desk.list = list;
	ck_assert_int_eq(several_run(&(struct several_work){work, NULL, NULL}, list, STICKS), 0);
	ck_assert_uint_eq(desk.done, STICKS - 1);
	ck_assert_uint_eq(desk.most, 3);
	for (size_t i = 0; i < desk.done; i++) {
		ck_assert_uint_ne(desk.order[i], 2);
		if (list[desk.order[i]].device == 1) {
			ck_assert_uint_ge(desk.order[i], last);
			last = desk.order[i];
		}
	}
}
END_TEST

static void
look(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&desk.mutex);
	desk.meet = false;
	pthread_cond_broadcast(&desk.more);
	pthread_mutex_unlock(&desk.mutex);
}

START_TEST(the_caller_is_called_meanwhile)
{
	const struct several_place list[1] = {{true, 1, 1}};

	desk.list = list;
	ck_assert_int_eq(several_run(&(struct several_work){work, look, NULL}, list, 1), 0);
	ck_assert_uint_eq(desk.done, 1);
	ck_assert_int_eq(several_run(&(struct several_work){work, look, NULL}, list, 0), 0);
}
END_TEST

SUITE("several")
{
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, one_stick_never_stops_the_others);
	tcase_add_test(t, a_stick_that_is_named_twice_stops_all);
	tcase_add_test(t, the_first_that_failed_counts);
	tcase_add_test(t, an_interruption_counts_before_all);
	tcase_add_test(t, what_stops_all_is_the_fault_of_those_that_come_after);
	tcase_add_test(t, one_directory_by_two_names);
	tcase_add_test(t, two_that_are_not_there_are_not_the_same);
	tcase_add_test(t, devices_at_once_and_the_sticks_of_one_in_turn);
	tcase_add_test(t, the_caller_is_called_meanwhile);
}
