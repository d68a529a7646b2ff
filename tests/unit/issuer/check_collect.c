/*
 * check_collect.c - what a stick that comes home says about each code, and what the books make of it.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "collect.h"
#include "fixture.h"
#include "issuer.h"
#include "keytree.h"
#include "mint.h"
#include "record.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct stick *stick;
static struct stick_grants grants;
static struct collect k;
static struct fault f;

/* What the report was told. */
static struct {
	unsigned started, ended;
	uint64_t done, all;
	bool ok, stop;
} told;

static void
on_start(void *arg, enum report_phase phase)
{
	(void)arg;
	ck_assert_int_eq(phase, REPORT_READING);
	told.started++;
}

static void
on_update(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	ck_assert_uint_eq(done, told.done + 1);
	told.done = done;
	told.all = all;
}

static void
on_end(void *arg, bool ok)
{
	(void)arg;
	told.ended++;
	told.ok = ok;
}

static bool
on_stopped(void *arg)
{
	(void)arg;
	return told.stop;
}

static const struct report report = {.start = on_start, .update = on_update, .end = on_end, .stopped = on_stopped};

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&told, 0, sizeof told);
	memset(&f, 0, sizeof f);
}

static void
teardown(void)
{
	collect_free(&k);
	stick_grants_free(&grants);
	stick_close(&stick);
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

/* The stick as it is now. */
static void
judge(void)
{
	collect_free(&k);
	stick_grants_free(&grants);
	stick_close(&stick);
	ck_assert_int_eq(stick_open(&stick, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_load_grants(stick, &grants, &f), E_OK);
	k = (struct collect){.issuer = &office, .stick = stick, .grants = &grants};
	ck_assert_int_eq(collect_judge(&k, &f), E_OK);
	ck_assert_uint_eq(k.count, FIXTURE_SLOTS);
}

static void
come_home(void)
{
	judge();
	ck_assert_int_eq(books_begin(office.books, &f), E_OK);
	ck_assert_int_eq(books_end(office.books, collect_book(&k, &f), &f), E_OK);
}

static enum books_slot_state
state_of(uint32_t slot)
{
	struct books_slot *list = NULL;
	enum books_slot_state state;
	size_t count = 0;

	ck_assert_int_eq(books_slots(office.books, x.stick_id, &list, &count, &f), E_OK);
	ck_assert_uint_eq(count, FIXTURE_SLOTS);
	state = list[slot].state;
	free(list);
	return state;
}

static void
put_record(uint32_t slot, int copy, const uint8_t raw[RECORD_SIZE])
{
	char name[64];

	fixture_lock_name(name, &g.g, copy);
	fixture_patch(&x, name, (uint64_t)slot * RECORD_SIZE, raw, RECORD_SIZE);
}

static void
damage(uint32_t slot)
{
	uint8_t raw[RECORD_SIZE];

	randombytes_buf(raw, sizeof raw);
	put_record(slot, 0, raw);
	put_record(slot, 1, raw);
}

/* receipt || MAC, as the session that used the slot wrote it. */
static size_t
prove(uint8_t body[RECEIPT_MAX + MAC_SIZE], uint32_t slot, uint8_t session)
{
	struct receipt r = {.spent_at = FIXTURE_NOW - 600};
	struct mint_slot_keys keys;
	uint8_t raw[RECORD_SIZE], rk[KEY_SIZE];
	size_t n = 0;

	memset(r.session_id, session, ID_SIZE);
	n = receipt_encode(&r, body);
	ck_assert_int_eq(mint_slot_keys(&keys, &g.g, x.seed, slot, NULL), E_OK);
	keytree_receipt(rk, keys.a, keys.factors);
	record_encode(raw, RECORD_SPENT, g.g.id, slot, BYTES(body, n + MAC_SIZE));
	receipt_mac(body + n, rk, raw, BYTES(body, n));
	return n + MAC_SIZE;
}

static void
spend(uint32_t slot, uint8_t session, bool forged)
{
	uint8_t raw[RECORD_SIZE], body[RECEIPT_MAX + MAC_SIZE] = {0};
	size_t n = prove(body, slot, session);

	body[n - 1] ^= forged;
	record_encode(raw, RECORD_SPENT, g.g.id, slot, BYTES(body, n));
	put_record(slot, 0, raw);
	put_record(slot, 1, raw);
}

START_TEST(an_unused_stick_becomes_known_once)
{
	come_home();
	ck_assert_uint_eq(k.imported, 1);
	for (uint32_t slot = 0; slot < FIXTURE_SLOTS; slot++) {
		ck_assert_int_eq(k.findings[slot].kind, COLLECT_QUIET);
		ck_assert_int_eq(state_of(slot), BOOKS_ISSUED);
	}
	come_home();
	ck_assert_uint_eq(k.imported, 0);
}
END_TEST

START_TEST(a_receipt_proves_a_use)
{
	spend(1, 1, false);
	come_home();
	ck_assert_int_eq(k.findings[0].kind, COLLECT_QUIET);
	ck_assert_int_eq(k.findings[1].kind, COLLECT_USED);
	ck_assert_int_eq(k.findings[1].proof.receipt.spent_at, FIXTURE_NOW - 600);
	ck_assert_int_eq(state_of(1), BOOKS_SPENT);
}
END_TEST

START_TEST(a_forged_receipt_proves_nothing_but_the_code_is_gone)
{
	spend(1, 1, true);
	come_home();
	ck_assert_int_eq(k.findings[1].kind, COLLECT_DESTROYED);
	ck_assert_uint_eq(k.findings[1].proof.n, 0);
	ck_assert_int_eq(state_of(1), BOOKS_SPENT);
}
END_TEST

START_TEST(a_code_that_lives_again_was_rolled_back)
{
	uint8_t before[2][RECORD_SIZE];
	char name[64];
	size_t n = 0;

	for (int copy = 0; copy < 2; copy++) {
		uint8_t *file = NULL;

		fixture_lock_name(name, &g.g, copy);
		file = fixture_get(&x, name, &n);
		memcpy(before[copy], file, RECORD_SIZE);
		free(file);
	}
	spend(0, 1, false);
	come_home();
	put_record(0, 0, before[0]);
	put_record(0, 1, before[1]);
	come_home();
	ck_assert_int_eq(k.findings[0].kind, COLLECT_ROLLED_BACK);
	ck_assert_int_eq(state_of(0), BOOKS_SPENT);
}
END_TEST

START_TEST(two_sessions_of_one_code_are_told)
{
	spend(0, 1, false);
	come_home();
	ck_assert_int_eq(k.findings[0].kind, COLLECT_USED);
	spend(0, 2, false);
	come_home();
	ck_assert_int_eq(k.findings[0].kind, COLLECT_TWICE);
	ck_assert(k.findings[0].fresh_second);
	ck_assert_int_eq(k.findings[0].proof.receipt.session_id[0], 1);
	ck_assert_int_eq(k.findings[0].other.receipt.session_id[0], 2);
	come_home();
	ck_assert_int_eq(k.findings[0].kind, COLLECT_TWICE);
	ck_assert(!k.findings[0].fresh_second);
}
END_TEST

START_TEST(a_damaged_code_is_revoked_while_others_are_left)
{
	damage(2);
	come_home();
	ck_assert_int_eq(k.findings[2].kind, COLLECT_DAMAGED);
	ck_assert_uint_eq(k.all_damaged, 0);
	ck_assert_int_eq(state_of(2), BOOKS_REVOKED);
}
END_TEST

START_TEST(not_all_that_is_left_is_revoked_unasked)
{
	for (uint32_t slot = 0; slot < FIXTURE_SLOTS; slot++)
		damage(slot);
	come_home();
	ck_assert_uint_eq(k.all_damaged, FIXTURE_SLOTS);
	ck_assert(k.findings[0].kept);
	ck_assert_int_eq(state_of(0), BOOKS_ISSUED);
	k.revoke_all = true;
	ck_assert_int_eq(collect_book(&k, &f), E_OK);
	ck_assert_uint_eq(k.all_damaged, 0);
	ck_assert_int_eq(state_of(0), BOOKS_REVOKED);
}
END_TEST

START_TEST(what_no_collect_has_seen_would_be_lost)
{
	struct collect_loss loss;

	come_home();
	spend(0, 1, false);
	damage(1);
	judge();
	ck_assert_int_eq(collect_unexplained(NULL, &office, stick, &grants, &loss, &f), E_OK);
	ck_assert_uint_eq(loss.used, 1);
	ck_assert_uint_eq(loss.damaged, 1);
	ck_assert_uint_eq(loss.lectures, 0);
	come_home();
	ck_assert_int_eq(collect_unexplained(NULL, &office, stick, &grants, &loss, &f), E_OK);
	ck_assert_uint_eq(loss.used + loss.damaged + loss.lectures, 0);
}
END_TEST

/* A station's file, with what it needs beside: of a stick that stays away. */
START_TEST(a_file_proves_what_the_stick_does_not_show)
{
	uint8_t body[RECEIPT_MAX + MAC_SIZE], other[RECEIPT_MAX + MAC_SIZE], *file = NULL;
	struct receipt_row rows[3] = {{.slot = 0}, {.slot = 1}, {.slot = 0}};
	size_t n = 0;

	come_home();
	rows[0].body = rows[2].body = BYTES(body, prove(body, 0, 1));
	rows[1].body = BYTES(other, prove(other, 1, 1));
	other[0] ^= 1;
	for (size_t i = 0; i < 3; i++) {
		memcpy(rows[i].issuer, x.pk, KEY_SIZE);
		memcpy(rows[i].grant_id, g.g.id, ID_SIZE);
	}
	rows[2].issuer[0] ^= 1;
	ck_assert_ptr_nonnull(file = receipts_encode(rows, 3, &n));
	collect_free(&k);
	k = (struct collect){.issuer = &office};
	ck_assert_int_eq(collect_file(&k, BYTES(file, n), &f), E_OK);
	ck_assert_int_eq(collect_judge(&k, &f), E_OK);
	ck_assert_uint_eq(k.count, 1);
	ck_assert_int_eq(k.findings[0].kind, COLLECT_USED);
	ck_assert_uint_eq(k.foreign, 1);
	ck_assert_uint_eq(k.bad, 1);
	ck_assert_int_eq(collect_book(&k, &f), E_OK);
	ck_assert_int_eq(state_of(0), BOOKS_SPENT);
	ck_assert_int_eq(state_of(1), BOOKS_ISSUED);
	free(file);
}
END_TEST

START_TEST(what_is_no_file_of_receipts_is_refused)
{
	k = (struct collect){.issuer = &office};
	ck_assert_int_eq(collect_file(&k, BYTES("no receipts", 11), &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_NO_RECEIPTS);
	ck_assert_uint_eq(k.rows.count, 0);
}
END_TEST

START_TEST(judging_reports_and_can_be_stopped)
{
	judge();
	k.report = &report;
	collect_free(&k);
	ck_assert_int_eq(collect_judge(&k, &f), E_OK);
	ck_assert_uint_eq(told.started, 1);
	ck_assert_uint_eq(told.ended, 1);
	ck_assert(told.ok);
	ck_assert_uint_eq(told.done, FIXTURE_SLOTS);
	ck_assert_uint_eq(told.all, FIXTURE_SLOTS);
	told.done = 0;
	told.stop = true;
	collect_free(&k);
	ck_assert_int_eq(collect_judge(&k, &f), E_INTERRUPTED);
	ck_assert_uint_eq(told.ended, 2);
	ck_assert(!told.ok);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("collect");
	TCase *t = tcase_create("all");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_unused_stick_becomes_known_once);
	tcase_add_test(t, a_receipt_proves_a_use);
	tcase_add_test(t, a_forged_receipt_proves_nothing_but_the_code_is_gone);
	tcase_add_test(t, a_code_that_lives_again_was_rolled_back);
	tcase_add_test(t, two_sessions_of_one_code_are_told);
	tcase_add_test(t, a_damaged_code_is_revoked_while_others_are_left);
	tcase_add_test(t, not_all_that_is_left_is_revoked_unasked);
	tcase_add_test(t, what_no_collect_has_seen_would_be_lost);
	tcase_add_test(t, a_file_proves_what_the_stick_does_not_show);
	tcase_add_test(t, what_is_no_file_of_receipts_is_refused);
	tcase_add_test(t, judging_reports_and_can_be_stopped);
	suite_add_tcase(s, t);
	return suite_run(s);
}
