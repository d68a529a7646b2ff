/*
 * check_audit.c - who opened what, when and where: what belongs to a period, and what does not add up.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "audit.h"
#include "fixture.h"
#include "suite.h"

#define USED_AT (FIXTURE_NOW - 1800)
#define HALL 0x3f /* each byte of a PC's id */

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct audit_wanted wanted;
static struct audit_counts counts;
static struct fault f;

/* What was told last. */
static struct books_report_lecture lecture;
static struct books_report_code codes[FIXTURE_SLOTS];
static enum audit_state states[FIXTURE_SLOTS];
static unsigned odds[FIXTURE_SLOTS];
static size_t told;
static struct books_report_deed deeds[8];
static size_t deed_count;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	memset(&wanted, 0, sizeof wanted);
	fixture_book(&office, &g.g);
}

static void
teardown(void)
{
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

static enum err
hear(void *arg, const struct audit_lecture *l, struct fault *why)
{
	(void)why;
	lecture = *l->lecture;
	told = l->count;
	for (size_t k = 0; k < l->count; k++) {
		codes[k] = *l->codes[k].code;
		states[k] = l->codes[k].state;
		odds[k] = l->codes[k].odd;
	}
	return arg != NULL ? *(enum err *)arg : E_OK;
}

static enum err
hear_deed(void *arg, const struct books_report_deed *d, struct fault *why)
{
	(void)arg, (void)why;
	ck_assert_uint_lt(deed_count, sizeof deeds / sizeof deeds[0]);
	deeds[deed_count++] = *d;
	return E_OK;
}

/* How many codes are told of. */
static uint64_t
codes_told(void)
{
	told = 0;
	ck_assert_int_eq(audit_lectures(&office, &wanted, hear, NULL, &counts, &f), E_OK);
	ck_assert_uint_eq(counts.codes, told);
	return counts.codes;
}

static size_t
receipt_of(uint8_t body[RECEIPT_MAX + MAC_SIZE], int session, uint32_t flags)
{
	struct receipt r = {.spent_at = USED_AT, .flags = flags, .ended_at = USED_AT + 600, .open_s = 590};
	size_t n = 0;

	memset(r.station_id, HALL, ID_SIZE);
	memset(r.session_id, session, ID_SIZE);
	n = receipt_encode(&r, body);
	memset(body + n, 0, MAC_SIZE);
	return n + MAC_SIZE;
}

static void
use(uint32_t slot, uint32_t flags)
{
	uint8_t body[RECEIPT_MAX + MAC_SIZE];
	size_t n = receipt_of(body, 1, flags);
	struct books_change c = {.grant_id = g.g.id, .slot = slot, .state = BOOKS_SPENT, .receipt = BYTES(body, n),
	    .spent_at = USED_AT, .now = FIXTURE_NOW, .verb = "collect"};

	ck_assert_int_eq(books_set_state(office.books, &c, &f), E_OK);
}

static void
revoke(uint32_t slot, int64_t at)
{
	struct books_change c = {.grant_id = g.g.id, .slot = slot, .state = BOOKS_REVOKED, .now = at, .verb = "revoke"};

	ck_assert_int_eq(books_set_state(office.books, &c, &f), E_OK);
}

START_TEST(what_became_of_each_code)
{
	fixture_hand_out(&office, &g.g, 2, "Kim", FIXTURE_NOW - 3000);
	use(0, 0);
	revoke(1, FIXTURE_NOW - 100);
	ck_assert_uint_eq(codes_told(), 3);
	ck_assert_uint_eq(counts.lectures, 1);
	ck_assert(states[0] == AUDIT_SPENT && states[1] == AUDIT_REVOKED && states[2] == AUDIT_READY);
	ck_assert(counts.state[AUDIT_SPENT] == 1 && counts.state[AUDIT_REVOKED] == 1 && counts.state[AUDIT_READY] == 1);
	ck_assert_uint_eq(counts.odd, 0);
	ck_assert_int_eq(lecture.prepared_at, g.g.issued);
	ck_assert_str_ne(lecture.prepared_by, "");
	ck_assert_str_eq(codes[0].holder, "Kim");
	ck_assert_int_eq(codes[0].issued_at, FIXTURE_NOW - 3000);
	ck_assert_str_ne(codes[0].issued_by, "");
	ck_assert(codes[0].use.proved && !codes[0].second.proved);
	ck_assert_int_eq(codes[0].use.receipt.station_id[0], HALL);
	ck_assert_uint_eq(codes[0].use.receipt.open_s, 590);
	ck_assert_int_eq(codes[0].spent_at, USED_AT);
	ck_assert_int_eq(codes[1].revoked_at, FIXTURE_NOW - 100);
	ck_assert_str_ne(codes[1].revoked_by, "");
	ck_assert(codes[2].issued_at == 0 && codes[2].revoked_at == 0);
}
END_TEST

START_TEST(what_nobody_used_expires)
{
	fixture_hand_out(&office, &g.g, 1, "Kim", FIXTURE_NOW - 3000);
	office.now = g.g.policy.expires;
	ck_assert_uint_eq(codes_told(), 3);
	ck_assert_uint_eq(counts.state[AUDIT_EXPIRED], 3);
	wanted.from = wanted.to = g.g.policy.expires;
	ck_assert_uint_eq(codes_told(), 3);
	office.now--;
	ck_assert_uint_eq(codes_told(), 0);
	ck_assert_uint_eq(counts.lectures, 0);
}
END_TEST

/* Each time is first and last second of a period that has it, and the one before or after has it not. */
static void
is_of(int64_t t, uint64_t n)
{
	wanted.from = wanted.to = t;
	ck_assert_uint_eq(codes_told(), n);
}

START_TEST(a_period_has_what_happened_in_it)
{
	fixture_hand_out(&office, &g.g, 2, "Kim", FIXTURE_NOW - 3000);
	use(0, 0);
	revoke(1, FIXTURE_NOW - 100);
	is_of(g.g.issued, 3);
	is_of(g.g.issued - 1, 0);
	is_of(FIXTURE_NOW - 3000, 2);
	is_of(FIXTURE_NOW - 3001, 0);
	is_of(FIXTURE_NOW - 2999, 0);
	is_of(USED_AT, 1);
	ck_assert_uint_eq(codes[0].slot, 0);
	is_of(FIXTURE_NOW - 100, 1);
	ck_assert_uint_eq(codes[0].slot, 1);
	wanted = (struct audit_wanted){.from = USED_AT};
	ck_assert_uint_eq(codes_told(), g.g.issued >= USED_AT ? 3 : 2);
}
END_TEST

START_TEST(a_lecture_and_a_person_are_named)
{
	char id[2 * ID_SIZE + 1];

	fixture_hand_out(&office, &g.g, 1, "Kim", FIXTURE_NOW - 3000);
	fixture_hand_out(&office, &g.g, 1, "Lee", FIXTURE_NOW - 3000);
	wanted.holder = "Lee";
	ck_assert_uint_eq(codes_told(), 1);
	ck_assert_uint_eq(codes[0].slot, 1);
	ck_assert_int_eq(audit_check(&office, &wanted, &f), E_OK);
	wanted.holder = "lee";
	ck_assert_uint_eq(codes_told(), 0);
	ck_assert_int_eq(audit_check(&office, &wanted, &f), E_NO_CODES);
	ck_assert_int_eq(f.why, WHY_NEVER_GIVEN);
	wanted.holder = NULL;
	wanted.lecture = g.g.label;
	ck_assert_uint_eq(codes_told(), 3);
	bytes_to_hex(id, g.g.id, ID_SIZE);
	wanted.lecture = id;
	ck_assert_uint_eq(codes_told(), 3);
	id[8] = '\0';
	ck_assert_uint_eq(codes_told(), 3);
	id[7] = '\0';
	ck_assert_uint_eq(codes_told(), 0);
	fault_clear(&f);
	ck_assert_int_eq(audit_check(&office, &wanted, &f), E_NO_GRANT);
	ck_assert_int_eq(f.why, WHY_NO_LECTURE);
}
END_TEST

START_TEST(what_does_not_add_up)
{
	static const struct {
		uint32_t flags;
		unsigned odd;
	} told_by[] = {{RECEIPT_CLOCK_BEHIND, AUDIT_CLOCK}, {RECEIPT_CLOCK_BACK, AUDIT_CLOCK}, {RECEIPT_CLOCK_RESET, AUDIT_CLOCK},
	    {RECEIPT_NO_MEMORY, AUDIT_NO_MEMORY}, {RECEIPT_REPAIRED, AUDIT_REPAIRED}, {0, 0}};
	uint8_t body[RECEIPT_MAX + MAC_SIZE];
	struct books_change again = {.grant_id = g.g.id, .slot = 1, .now = FIXTURE_NOW, .verb = "collect"};
	bool added = false;

	for (size_t k = 0; k < sizeof told_by / sizeof told_by[0]; k++) {
		use(0, told_by[k].flags);
		codes_told();
		ck_assert_uint_eq(odds[0], told_by[k].odd | AUDIT_NOT_ISSUED);
	}
	fixture_hand_out(&office, &g.g, 2, "Kim", FIXTURE_NOW - 3000);
	revoke(1, USED_AT - 1);
	use(1, 0);
	ck_assert_int_eq(books_seen_live(office.books, g.g.id, 1, USED_AT + 1, &f), E_OK);
	again.receipt = BYTES(body, receipt_of(body, 2, 0));
	ck_assert_int_eq(books_add_second(office.books, &again, &added, &f), E_OK);
	ck_assert_int_eq(books_set_state(office.books, &(struct books_change){.grant_id = g.g.id, .slot = 2, .state = BOOKS_SPENT,
	    .now = FIXTURE_NOW, .verb = "collect", .detail = "destroyed, time unknown"}, &f), E_OK);
	codes_told();
	ck_assert_uint_eq(odds[1], AUDIT_AFTER_REVOKE | AUDIT_ROLLED_BACK | AUDIT_TWICE);
	ck_assert_int_eq(codes[1].second.receipt.session_id[0], 2);
	ck_assert_uint_eq(odds[2], AUDIT_NO_RECEIPT);
	ck_assert_uint_eq(counts.odd, 3);
}
END_TEST

START_TEST(revoked_when_it_had_been_used_is_in_order)
{
	fixture_hand_out(&office, &g.g, 1, "Kim", FIXTURE_NOW - 3000);
	revoke(0, USED_AT);
	use(0, 0);
	codes_told();
	ck_assert_uint_eq(odds[0], 0);
}
END_TEST

START_TEST(who_did_what_is_counted)
{
	fixture_hand_out(&office, &g.g, 1, "Kim", FIXTURE_NOW - 3000);
	fixture_hand_out(&office, &g.g, 2, "Lee", FIXTURE_NOW - 2000);
	ck_assert_int_eq(audit_deeds(&office, &wanted, hear_deed, NULL, &f), E_OK);
	ck_assert_uint_eq(deed_count, 2);
	ck_assert_str_eq(deeds[0].verb, "test"); /* as they were first done */
	ck_assert_str_eq(deeds[1].verb, "issue");
	ck_assert_uint_eq(deeds[1].times, 3);
	ck_assert_int_eq(deeds[1].first, FIXTURE_NOW - 3000);
	ck_assert_int_eq(deeds[1].last, FIXTURE_NOW - 2000);
	wanted.holder = "Lee";
	deed_count = 0;
	ck_assert_int_eq(audit_deeds(&office, &wanted, hear_deed, NULL, &f), E_OK);
	ck_assert_uint_eq(deed_count, 1);
	ck_assert_uint_eq(deeds[0].times, 2);
	wanted = (struct audit_wanted){.from = FIXTURE_NOW - 2001, .to = FIXTURE_NOW - 2000, .lecture = g.g.label};
	deed_count = 0;
	ck_assert_int_eq(audit_deeds(&office, &wanted, hear_deed, NULL, &f), E_OK);
	ck_assert_uint_eq(deed_count, 1);
	ck_assert_uint_eq(deeds[0].times, 2);
	wanted.lecture = "another";
	ck_assert_int_eq(audit_deeds(&office, &wanted, hear_deed, NULL, &f), E_OK);
	ck_assert_uint_eq(deed_count, 1);
}
END_TEST

START_TEST(whoever_is_told_may_end_it)
{
	enum err enough = E_INTERRUPTED;

	ck_assert_int_eq(audit_lectures(&office, &wanted, hear, &enough, &counts, &f), E_INTERRUPTED);
}
END_TEST

SUITE("audit", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, what_became_of_each_code);
	tcase_add_test(t, what_nobody_used_expires);
	tcase_add_test(t, a_period_has_what_happened_in_it);
	tcase_add_test(t, a_lecture_and_a_person_are_named);
	tcase_add_test(t, what_does_not_add_up);
	tcase_add_test(t, revoked_when_it_had_been_used_is_in_order);
	tcase_add_test(t, who_did_what_is_counted);
	tcase_add_test(t, whoever_is_told_may_end_it);
}
