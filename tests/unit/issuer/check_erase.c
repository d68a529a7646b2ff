/*
 * check_erase.c - a stick is taken out of the books, and then emptied; not before all is known that would be lost.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "erase.h"
#include "fixture.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct erase r;
static struct fault f;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	r = (struct erase){.issuer = &office, .path = "here"};
}

/* Steps on a stick, of which one fails. */
static const char *failing;

static bool
fails(const char *name)
{
	errno = EIO;
	return failing != NULL && strcmp(failing, name) == 0;
}

#define STEP(name, takes, args) \
	enum err __real_##name takes; \
	enum err __wrap_##name takes; \
	enum err __wrap_##name takes \
	{ \
		return fails(#name) ? fault_set(fault, E_STICK_IO, EIO, "test", "%s", #name) : __real_##name args; \
	}

STEP(provision_destroy_grants, (struct provision *p, struct fault *fault), (p, fault))
STEP(provision_remove_bundle, (struct provision *p, const uint8_t *id, struct fault *fault), (p, id, fault))
STEP(provision_remove_once, (struct provision *p, struct fault *fault), (p, fault))

int __real_provision_each_foreign(int fd, int (*each)(void *arg, const char *path), void *arg);
int __wrap_provision_each_foreign(int fd, int (*each)(void *arg, const char *path), void *arg);
int
__wrap_provision_each_foreign(int fd, int (*each)(void *arg, const char *path), void *arg)
{
	return fails("provision_each_foreign") ? -1 : __real_provision_each_foreign(fd, each, arg);
}

static void
teardown(void)
{
	erase_free(&r);
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

static int
count(void *arg, const char *path)
{
	ck_assert_str_eq(path, "ONCE/mine");
	++*(unsigned *)arg;
	return 0;
}

START_TEST(all_codes_die_and_the_stick_is_empty)
{
	struct books_slot *slots = NULL;
	struct books_lecture *lectures = NULL;
	unsigned foreign = 0;
	size_t n = 0;

	fixture_book(&office, &g.g);
	ck_assert_int_eq(erase_take(&r, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(erase_hold(&r, &f), E_OK);
	ck_assert_ptr_nonnull(r.p->hold);
	ck_assert_int_eq(erase_commit(&r, &f), E_OK);
	ck_assert_uint_eq(r.revoked, FIXTURE_SLOTS);
	ck_assert(r.notice != NULL && r.notice_n > 0 && r.number > 0);
	ck_assert_int_eq(books_slots(office.books, x.stick_id, &slots, &n, &f), E_OK);
	ck_assert_uint_eq(n, FIXTURE_SLOTS);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(slots[i].state, BOOKS_REVOKED);
	ck_assert_int_eq(books_lectures(office.books, x.stick_id, &lectures, &n, &f), E_OK);
	ck_assert(n == 1 && lectures[0].gone);
	free(slots);
	free(lectures);
	ck_assert_int_eq(erase_destroy(&r, &f), E_OK);
	fixture_put(&x, "mine", "x", 1);
	ck_assert_int_eq(erase_remove(&r, x.dir_fd, count, &foreign, &f), E_OK);
	ck_assert_uint_eq(foreign, 1);
	ck_assert_int_eq(unlinkat(x.dir_fd, "ONCE/mine", 0), 0);
	ck_assert_int_eq(unlinkat(x.dir_fd, "ONCE", AT_REMOVEDIR), 0); /* nothing else was left */
}
END_TEST

/* What nobody has taken into the books is not lost unasked: when it is taken, and again when nobody else is at it any more. */
START_TEST(what_would_be_lost_is_asked_for)
{
	fixture_book(&office, &g.g);
	if (_i != 1)
		fixture_damage(&x, &g.g, 1);
	r.discard = _i == 2;
	if (_i != 1) {
		ck_assert_int_eq(erase_take(&r, x.dir_fd, &f), _i == 2 ? E_OK : E_USAGE);
	} else {
		ck_assert_int_eq(erase_take(&r, x.dir_fd, &f), E_OK);
		fixture_damage(&x, &g.g, 1);
		ck_assert_int_eq(erase_hold(&r, &f), E_USAGE);
	}
	if (_i == 2)
		return;
	ck_assert_int_eq(f.why, WHY_LOSS);
	ck_assert_str_eq(f.object, "here");
	ck_assert(r.loss.damaged == 1 && r.loss.used == 0 && r.loss.lectures == 0);
}
END_TEST

START_TEST(a_stick_that_fails_is_told)
{
	static const char *const steps[] = {"provision_destroy_grants", "provision_remove_bundle", "provision_remove_once",
	    "provision_each_foreign"};
	unsigned foreign = 0;

	fixture_book(&office, &g.g);
	ck_assert_int_eq(erase_take(&r, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(erase_hold(&r, &f), E_OK);
	ck_assert_int_eq(erase_commit(&r, &f), E_OK);
	failing = steps[_i];
	ck_assert_int_eq(erase_destroy(&r, &f), _i < 2 ? E_STICK_IO : E_OK);
	if (_i >= 2)
		ck_assert_int_eq(erase_remove(&r, x.dir_fd, count, &foreign, &f), E_STICK_IO);
	ck_assert(f.err == E_STICK_IO && f.sys == EIO);
	failing = NULL;
}
END_TEST

START_TEST(what_is_no_stick_has_nothing_to_erase)
{
	unsigned foreign = 0;

	ck_assert_int_eq(renameat(x.dir_fd, "ONCE", x.dir_fd, "aside"), 0);
	ck_assert_int_eq(erase_take(&r, x.dir_fd, &f), E_NO_STICK);
	ck_assert_int_eq(f.why, WHY_NO_ONCE);
	ck_assert_str_eq(f.object, "here");
	erase_free(&r);
	fault_clear(&f);
	ck_assert_int_eq(mkdirat(x.dir_fd, "ONCE", 0777), 0); /* as a first prepare leaves it that is cut short at once */
	ck_assert_int_eq(erase_take(&r, x.dir_fd, &f), E_OK);
	ck_assert_ptr_null(r.p->stick);
	ck_assert_int_eq(erase_hold(&r, &f), E_OK);
	ck_assert_int_eq(erase_commit(&r, &f), E_OK);
	ck_assert_ptr_null(r.notice);
	ck_assert_int_eq(erase_destroy(&r, &f), E_OK);
	ck_assert_int_eq(erase_remove(&r, x.dir_fd, count, &foreign, &f), E_OK);
	ck_assert_int_eq(faccessat(x.dir_fd, "ONCE", F_OK, 0), -1);
}
END_TEST

SUITE("erase", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, all_codes_die_and_the_stick_is_empty);
	tcase_add_loop_test(t, what_would_be_lost_is_asked_for, 0, 3);
	tcase_add_loop_test(t, a_stick_that_fails_is_told, 0, 4);
	tcase_add_test(t, what_is_no_stick_has_nothing_to_erase);
}
