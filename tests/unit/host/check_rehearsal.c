/*
 * check_rehearsal.c - what a rehearsal finds, and what it makes of times and codes. FUSE and the fence are taken to work.
 */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "fixture.h"
#include "fusefs.h"
#include "mountpoint.h"
#include "rehearsal.h"
#include "suite.h"
#include "trial.h"

static struct fixture x;
static struct fixture_grant lecture;
static struct rehearsal r;
static struct fault f;
static unsigned found; /* a bit for each enum rehearsal_found */
static bool forgetful;
static enum err trial; /* how it ends */
static enum err marks; /* what reading the clock's marks says */

enum err __wrap_fusefs_possible(struct fault *f);
enum err __wrap_mountpoint_home(struct fault *f);
enum err __wrap_mountpoint_try(struct fault *f);
enum err __wrap_trial_run(const struct trial *t, struct fault *f);
enum err __real_unlock_clock(struct unlock *u, struct unlock_info *info, struct fault *f);
enum err __wrap_unlock_clock(struct unlock *u, struct unlock_info *info, struct fault *f);
struct clock_source __wrap_clock_system(void);

enum err
__wrap_fusefs_possible(struct fault *why)
{
	(void)why;
	return E_OK;
}

enum err
__wrap_mountpoint_home(struct fault *why)
{
	(void)why;
	return E_OK;
}

enum err
__wrap_mountpoint_try(struct fault *why)
{
	(void)why;
	return E_OK;
}

enum err
__wrap_trial_run(const struct trial *t, struct fault *why)
{
	ck_assert_int_eq(t->files.stick_fd, x.dir_fd);
	return trial == E_OK ? E_OK : fault_set(why, trial, 0, "trial", "here");
}

enum err
__wrap_unlock_clock(struct unlock *u, struct unlock_info *info, struct fault *why)
{
	return marks == E_OK ? __real_unlock_clock(u, info, why) : fault_set(why, marks, 0, "marks", "here");
}

struct clock_source
__wrap_clock_system(void)
{
	return fixture_clock(&x);
}

static void
on_found(void *arg, enum rehearsal_found what)
{
	ck_assert_ptr_eq(arg, &found);
	if (what == REHEARSAL_FORGETFUL)
		forgetful = true; /* that depends on where the test runs */
	else
		found |= 1u << what;
}

#define BIT(what) (1u << REHEARSAL_##what)
#define WORKS (BIT(STICK) | BIT(BUNDLE) | BIT(MEMORY) | BIT(FOLDER) | BIT(FENCE))

static void
setup(void)
{
	char station[100];

	fixture_open(&x);
	snprintf(station, sizeof station, "%s/station", x.path);
	ck_assert_int_eq(setenv("ONCESTICK_STATION_DIR", station, 1), 0);
	fault_clear(&f);
	found = 0;
	forgetful = false;
	trial = marks = E_OK;
	r = (struct rehearsal){.at.fd = x.dir_fd, .found = on_found, .arg = &found};
	snprintf(r.at.path, sizeof r.at.path, "%s", x.path);
}

static void
teardown(void)
{
	rehearsal_end(&r);
	memset(&r, 0, sizeof r); /* so that what is left is lost */
	fixture_grant_free(&lecture);
	fixture_close(&x);
}

/* A lecture that opens so many seconds after now. */
static void
prepare(int64_t opens)
{
	struct policy p = fixture_policy();

	p.not_before = FIXTURE_NOW + opens;
	fixture_grant(&x, &lecture, p, 0, NULL);
}

START_TEST(all_is_found_in_order)
{
	struct bundle_check check = {.direct = false};

	prepare(-60);
	ck_assert_int_eq(rehearsal_try(&r, &f), E_OK);
	ck_assert_uint_eq(found, WORKS | BIT(CLOCK) | BIT(LECTURE));
	ck_assert(!r.none_opens && r.last == 0);
	ck_assert_int_eq(forgetful, r.info.memory_volatile);
	ck_assert_int_eq(rehearsal_read(&r, 0, &check, &f), E_OK);
}
END_TEST

START_TEST(fence_that_holds_back_is_no_success)
{
	prepare(-60);
	trial = E_FAIL;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_FAIL);
	ck_assert_uint_eq(found, WORKS & ~BIT(FENCE));
	ck_assert(!r.none_opens);
}
END_TEST

START_TEST(memory_that_has_no_place_or_cannot_be_read_is_no_success)
{
	char far[PATH_MAX + 10];

	prepare(-60);
	marks = E_STATION;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_STATION);
	ck_assert_uint_eq(found, WORKS);
	rehearsal_end(&r);
	fault_clear(&f);
	memset(far, '/', sizeof far - 1);
	far[sizeof far - 1] = '\0';
	ck_assert_int_eq(setenv("ONCESTICK_STATION_DIR", far, 1), 0);
	ck_assert_int_eq(rehearsal_try(&r, &f), E_STATION);
	ck_assert_int_eq(f.why, WHY_NO_HOME);
}
END_TEST

START_TEST(clock_that_says_when_something_was_signed_last_is_right)
{
	prepare(-86400);
	x.now = x.issued;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_OK);
	ck_assert_uint_eq(found, WORKS | BIT(CLOCK) | BIT(LECTURE));
}
END_TEST

START_TEST(clock_that_is_behind_is_told)
{
	prepare(-86400);
	x.now = x.issued - 60;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_OK);
	ck_assert_uint_eq(found, WORKS | BIT(CLOCK_BEHIND) | BIT(LECTURE));
}
END_TEST

START_TEST(lecture_of_tomorrow_is_in_order)
{
	prepare(60);
	ck_assert_int_eq(rehearsal_try(&r, &f), E_OK);
	ck_assert_uint_eq(found, WORKS | BIT(CLOCK) | BIT(LECTURE));
	ck_assert_int_eq(rehearsal_code(&r, lecture.codes[1], &f), E_OK);
	ck_assert(r.early);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_uint_ne(found & BIT(CODE), 0);
}
END_TEST

/* The clock cannot come to that time by itself. */
START_TEST(lecture_of_tomorrow_with_a_clock_that_is_behind_is_not)
{
	prepare(60);
	x.now = x.issued - 60;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_EARLY);
	ck_assert(r.none_opens && r.last == 0);
}
END_TEST

START_TEST(lecture_that_is_over_opens_with_no_code)
{
	prepare(-60);
	x.now = lecture.g.policy.expires;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_EXPIRED);
	ck_assert_uint_eq(found, WORKS | BIT(CLOCK) | BIT(OVER));
	ck_assert(r.none_opens);
	ck_assert_int_eq(r.last, lecture.g.policy.expires);
}
END_TEST

/* What is wrong with the code is better known once there is one. */
START_TEST(code_says_itself_that_its_lecture_is_over)
{
	prepare(-60);
	x.now = lecture.g.policy.expires;
	r.with_code = true;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_OK);
	ck_assert_int_eq(rehearsal_code(&r, lecture.codes[0], &f), E_EXPIRED);
	ck_assert_uint_eq(found & BIT(CODE), 0);
	ck_assert(!r.early);
}
END_TEST

START_TEST(codes_that_are_right_and_wrong)
{
	char code[CODE_SYMBOLS];

	prepare(-60);
	r.with_code = true;
	ck_assert_int_eq(rehearsal_try(&r, &f), E_OK);
	memcpy(code, lecture.codes[2], sizeof code);
	ck_assert_int_eq(rehearsal_code(&r, code, &f), E_OK);
	ck_assert(!r.early && (found & BIT(CODE)) != 0);
	found = 0;
	code[0] = code[0] == '2' ? '3' : '2';
	ck_assert_int_eq(rehearsal_code(&r, code, &f), E_CODE_UNKNOWN);
	ck_assert_uint_eq(found, 0);
}
END_TEST

SUITE("rehearsal", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, all_is_found_in_order);
	tcase_add_test(t, fence_that_holds_back_is_no_success);
	tcase_add_test(t, memory_that_has_no_place_or_cannot_be_read_is_no_success);
	tcase_add_test(t, clock_that_says_when_something_was_signed_last_is_right);
	tcase_add_test(t, clock_that_is_behind_is_told);
	tcase_add_test(t, lecture_of_tomorrow_is_in_order);
	tcase_add_test(t, lecture_of_tomorrow_with_a_clock_that_is_behind_is_not);
	tcase_add_test(t, lecture_that_is_over_opens_with_no_code);
	tcase_add_test(t, code_says_itself_that_its_lecture_is_over);
	tcase_add_test(t, codes_that_are_right_and_wrong);
}
