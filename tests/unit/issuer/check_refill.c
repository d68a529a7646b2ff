/*
 * check_refill.c - more codes for a lecture that is on a stick: for the right one, whole or not at all.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "accept.h"
#include "fixture.h"
#include "refill.h"
#include "suite.h"

#define CODES 2

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct refill r;
static struct fault f;
static uint64_t stretched; /* codes, as the report was told */
static bool stop; /* what the report says when it is asked, */
static bool stop_later; /* ... or after the codes were made */

static bool
on_stopped(void *arg)
{
	(void)arg;
	return stop;
}

static void
on_start(void *arg, enum report_phase phase)
{
	(void)arg;
	stretched = phase == REPORT_CODES ? 0 : stretched;
}

static void
on_update(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	ck_assert(done > stretched && done <= all && all == CODES);
	stretched = done;
}

static void
on_end(void *arg, bool ok)
{
	(void)arg;
	ck_assert(ok || stop);
	stop = stop || stop_later;
}

static void
on_news(void *arg, const struct report_news *news)
{
	(void)arg;
	(void)news;
}

static const struct report report = {on_start, on_update, on_end, on_news, on_stopped, NULL};

static void
begin(void)
{
	r = (struct refill){.report = &report, .path = x.path, .fd = x.dir_fd, .codes = CODES, .not_before = FIXTURE_NOW + 60,
	    .expires = FIXTURE_NOW + 7200, .session_s = 900, .issuer = &office};
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
}

static void
setup(void)
{
	stop = stop_later = false;
	stretched = 0;
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	begin();
}

static void
teardown(void)
{
	refill_free(&r);
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

/* How many grants can be used, and of them those that were made by refill. */
static size_t
grants_there(size_t *new)
{
	struct stick_grants there = {0};
	struct stick *s = NULL;
	size_t count = 0;

	*new = 0;
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_load_grants(s, &there, &f), E_OK);
	count = there.count;
	for (size_t i = 0; i < count; i++)
		*new += there.grants[i].slots == CODES && there.grants[i].policy.session_s == 900;
	stick_grants_free(&there);
	stick_close(&s);
	return count;
}

static uint32_t
ready(void)
{
	struct books_stick *sticks = NULL;
	size_t count = 0;
	uint32_t n = 0;

	ck_assert_int_eq(books_sticks(office.books, FIXTURE_NOW, &sticks, &count, &f), E_OK);
	n = count == 1 ? sticks[0].ready : 0;
	free(sticks);
	return n;
}

START_TEST(new_codes_are_of_the_bundle_that_is_there_and_have_times_of_their_own)
{
	size_t new = 0;

	ck_assert_int_eq(refill_take(&r, &f), E_OK);
	ck_assert_int_eq(refill_make(&r, &f), E_OK);
	ck_assert_uint_eq(stretched, CODES);
	ck_assert_mem_eq(r.grant.bundles[0].id, x.bundle_id, ID_SIZE);
	ck_assert_mem_eq(r.grant.bundles[0].manifest_hash, x.manifest.hash, HASH_SIZE);
	ck_assert_str_eq(r.grant.label, "Lecture");
	ck_assert_int_eq(r.grant.policy.not_before, FIXTURE_NOW + 60);
	ck_assert_uint_eq(r.grant.refill, 0);
	ck_assert_uint_eq(grants_there(&new), 2);
	ck_assert_uint_eq(new, 1);
	ck_assert_uint_eq(ready(), CODES);
}
END_TEST

START_TEST(looking_changes_nothing)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];

	fixture_digest(&x, before);
	ck_assert_int_eq(refill_take(&r, &f), E_OK);
	fixture_digest(&x, after);
	ck_assert_mem_eq(before, after, HASH_SIZE);
}
END_TEST

START_TEST(a_lecture_is_named_by_its_label_or_the_beginning_of_an_id)
{
	char hex[2 * ID_SIZE + 1];
	const char *const good[] = {"Lecture", hex};
	const char *const bad[] = {"lecture", "Lect", ""};

	bytes_to_hex(hex, g.g.id, ID_SIZE);
	hex[8] = '\0';
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		r.lectures.wanted = good[i];
		ck_assert_int_eq(refill_take(&r, &f), E_OK);
		refill_free(&r);
	issuer_close(&office);
		begin();
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		r.lectures.wanted = bad[i];
		ck_assert_int_eq(refill_take(&r, &f), E_NO_GRANT);
		ck_assert_int_eq(f.why, WHY_NO_LECTURE);
		refill_free(&r);
	issuer_close(&office);
		begin();
	}
	hex[7] = '\0'; /* too short to be one */
	r.lectures.wanted = hex;
	ck_assert_int_eq(refill_take(&r, &f), E_NO_GRANT);
}
END_TEST

START_TEST(of_several_lectures_one_has_to_be_named)
{
	uint8_t first[ID_SIZE];
	struct fixture_grant other;

	memcpy(first, x.bundle_id, ID_SIZE);
	memset(x.bundle_id, 0x5a, ID_SIZE); /* a grant of another bundle, whether that is there or not */
	fixture_grant(&x, &other, fixture_policy(), 0, NULL);
	memcpy(x.bundle_id, first, ID_SIZE);
	ck_assert_int_eq(refill_take(&r, &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_WHICH_LECTURE);
	ck_assert_uint_eq(r.lectures.count, 2);
	fixture_grant_free(&other);
}
END_TEST

START_TEST(a_lecture_is_its_newest_grant_however_many_there_are)
{
	struct fixture_grant more;

	fixture_grant(&x, &more, fixture_policy(), 0, NULL);
	ck_assert_int_eq(refill_take(&r, &f), E_OK);
	ck_assert_uint_eq(r.lectures.count, 1);
	fixture_grant_free(&more);
}
END_TEST

START_TEST(codes_of_a_bound_lecture_are_bound)
{
	struct fixture_grant bound;
	struct policy p = fixture_policy();
	uint8_t usb[HASH_SIZE] = {7};

	p.usb = true;
	fixture_grant(&x, &bound, p, 0, usb);
	ck_assert_int_eq(refill_take(&r, &f), E_WRONG_STICK); /* nothing here is on a USB device */
	ck_assert_int_eq(f.why, WHY_NO_IDENTITY);
	fixture_grant_free(&bound);
}
END_TEST

START_TEST(a_bundle_that_nobody_can_open_gets_no_codes)
{
	char hex[2 * ID_SIZE + 1], name[64];
	struct manifest other = x.manifest;
	size_t new = 0;

	other.created++;
	fixture_manifest(&x, &other); /* not the one that the grant names */
	ck_assert_int_eq(refill_take(&r, &f), E_BUNDLE);
	refill_free(&r);
	issuer_close(&office);
	begin();
	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "ONCE/b/%s/manifest.cose", hex);
	ck_assert_int_eq(unlinkat(x.dir_fd, name, 0), 0);
	ck_assert_int_eq(refill_take(&r, &f), E_BUNDLE);
	ck_assert_uint_eq(grants_there(&new), 1);
	ck_assert_uint_eq(new, 0);
}
END_TEST

START_TEST(sixty_four_are_the_most)
{
	struct fixture_grant more;

	for (size_t i = 1; i < STICK_GRANTS_MAX; i++) {
		fixture_grant(&x, &more, fixture_policy(), 0, NULL);
		fixture_grant_free(&more);
	}
	ck_assert_int_eq(refill_take(&r, &f), E_SPACE);
	ck_assert_int_eq(f.why, WHY_NO_ROOM);
}
END_TEST

START_TEST(stopped_half_way_no_code_is_ready)
{
	size_t new = 0;

	ck_assert_int_eq(refill_take(&r, &f), E_OK);
	stop = _i == 0;
	stop_later = _i == 1;
	ck_assert_int_eq(refill_make(&r, &f), E_INTERRUPTED);
	ck_assert_int_eq(f.why, _i == 0 ? WHY_STRETCHING : WHY_NONE);
	ck_assert_str_eq(f.step, _i == 0 ? why_step(WHY_STRETCHING) : "refill");
	ck_assert_uint_eq(grants_there(&new), 1);
	ck_assert_uint_eq(ready(), 0);
}
END_TEST

START_TEST(a_full_disk_of_the_books_leaves_no_code_that_opens)
{
	size_t new = 0;

	ck_assert_int_eq(refill_take(&r, &f), E_OK);
	books_close(&office.books);
	ck_assert_int_eq(books_open_to_read(&office.books, office.dir, &f), E_OK);
	ck_assert_int_ne(refill_make(&r, &f), E_OK);
	ck_assert_uint_eq(grants_there(&new), 1);
	ck_assert_uint_eq(new, 0);
}
END_TEST

START_TEST(what_is_no_stick_stays_none)
{
	int fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	r.fd = fd;
	ck_assert_int_ne(refill_take(&r, &f), E_OK);
	close(fd);
}
END_TEST

/* ---- for a stick that is away ---------------------------------------------------------------------------------------------- */

static struct {
	uint8_t *file;
	size_t n;
	bool fails;
} kept;

static enum err
keep(void *arg, struct bytes file, struct fault *why)
{
	(void)arg;
	if (kept.fails)
		return fault_set(why, E_FAIL, ENOSPC, "keep", "%s", "");
	free(kept.file);
	ck_assert_ptr_nonnull(kept.file = malloc(file.n));
	memcpy(kept.file, file.p, file.n);
	kept.n = file.n;
	return E_OK;
}

static void
setup_away(void)
{
	memset(&kept, 0, sizeof kept);
	setup();
	r.fd = -1;
	ck_assert_int_eq(books_add_stick(office.books, x.stick_id, "Lecture", &f), E_OK);
	fixture_book(&office, &g.g);
}

static void
teardown_away(void)
{
	free(kept.file);
	teardown();
}

/* The books go on with another refill. */
static void
once_more(void)
{
	refill_free(&r);
	r = (struct refill){.report = &report, .path = "7kq241", .fd = -1, .codes = CODES, .not_before = FIXTURE_NOW,
	    .expires = FIXTURE_NOW + 7200, .session_s = 900, .issuer = &office};
	fault_clear(&f);
}

static enum err
install(void)
{
	struct accept a = {0};
	bool written = false;
	enum err e = E_OK;

	if ((e = accept_open(&a, BYTES(kept.file, kept.n), &f)) == E_OK && (e = accept_fits(&a, x.dir_fd, &f)) == E_OK)
		e = accept_install(&a, &written, &f);
	accept_free(&a);
	return e;
}

START_TEST(what_is_sent_is_in_the_books_and_fits_the_stick)
{
	size_t new = 0;

	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_OK);
	ck_assert_uint_eq(r.grant.refill, 1);
	ck_assert_uint_eq(ready(), FIXTURE_SLOTS + CODES);
	ck_assert_uint_eq(grants_there(&new), 1);
	ck_assert_int_eq(install(), E_OK);
	ck_assert_uint_eq(grants_there(&new), 2);
	ck_assert_uint_eq(new, 1);
	ck_assert_int_eq(install(), E_REFILL_USED);
}
END_TEST

START_TEST(no_number_is_given_twice)
{
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_OK);
	once_more();
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_OK);
	ck_assert_uint_eq(r.grant.refill, 2);
}
END_TEST

START_TEST(what_cannot_be_kept_is_not_in_the_books)
{
	kept.fails = true;
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_FAIL);
	ck_assert_uint_eq(ready(), FIXTURE_SLOTS);
	once_more();
	kept.fails = false;
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_OK);
	ck_assert_uint_eq(r.grant.refill, 1);
}
END_TEST

START_TEST(a_stick_that_is_not_known_or_empty_gets_nothing)
{
	uint8_t other[ID_SIZE] = {9};

	ck_assert_int_eq(refill_away(&r, other, keep, NULL, &f), E_NO_GRANT);
	once_more();
	ck_assert_int_eq(books_set_gone(office.books, g.g.id, FIXTURE_NOW, "test", &f), E_OK);
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_NO_GRANT);
	once_more();
	r.lectures.wanted = "None";
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_NO_GRANT);
	ck_assert_ptr_null(kept.file);
}
END_TEST

START_TEST(codes_are_bound_to_a_device_that_the_books_know)
{
	struct fixture_grant bound;
	struct policy p = fixture_policy();
	uint8_t usb[HASH_SIZE] = {7};
	bool elsewhere = false;

	r.bind_usb = true;
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_WRONG_STICK);
	ck_assert_int_eq(f.why, WHY_NOT_BOUND);
	p.usb = true;
	memset(p.usb_hint, 5, sizeof p.usb_hint);
	fixture_grant(&x, &bound, p, 0, usb);
	fixture_book(&office, &bound.g);
	once_more();
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_WRONG_STICK); /* nobody knows which */
	ck_assert_int_eq(books_set_usb(office.books, x.stick_id, usb, &elsewhere, &f), E_OK);
	once_more();
	ck_assert_int_eq(refill_away(&r, x.stick_id, keep, NULL, &f), E_OK);
	ck_assert(r.grant.policy.usb);
	ck_assert_mem_eq(r.grant.policy.usb_hint, p.usb_hint, USB_HINT_SIZE);
	ck_assert_int_eq(install(), E_OK);
	fixture_grant_free(&bound);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("refill");
	TCase *t = tcase_create("refill");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, new_codes_are_of_the_bundle_that_is_there_and_have_times_of_their_own);
	tcase_add_test(t, looking_changes_nothing);
	tcase_add_test(t, a_lecture_is_named_by_its_label_or_the_beginning_of_an_id);
	tcase_add_test(t, of_several_lectures_one_has_to_be_named);
	tcase_add_test(t, a_lecture_is_its_newest_grant_however_many_there_are);
	tcase_add_test(t, codes_of_a_bound_lecture_are_bound);
	tcase_add_test(t, a_bundle_that_nobody_can_open_gets_no_codes);
	tcase_add_test(t, sixty_four_are_the_most);
	tcase_add_loop_test(t, stopped_half_way_no_code_is_ready, 0, 2);
	tcase_add_test(t, a_full_disk_of_the_books_leaves_no_code_that_opens);
	tcase_add_test(t, what_is_no_stick_stays_none);
	suite_add_tcase(s, t);
	t = tcase_create("away");
	tcase_add_checked_fixture(t, setup_away, teardown_away);
	tcase_add_test(t, what_is_sent_is_in_the_books_and_fits_the_stick);
	tcase_add_test(t, no_number_is_given_twice);
	tcase_add_test(t, what_cannot_be_kept_is_not_in_the_books);
	tcase_add_test(t, a_stick_that_is_not_known_or_empty_gets_nothing);
	tcase_add_test(t, codes_are_bound_to_a_device_that_the_books_know);
	suite_add_tcase(s, t);
	return suite_run(s);
}
