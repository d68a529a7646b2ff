/*
 * check_collect.c - what a stick that comes home says about each code, and what the books make of it.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "calls.h"
#include "books_pc.h"
#include "collect.h"
#include "fixture.h"
#include "issuer.h"
#include "keytree.h"
#include "mint.h"
#include "record.h"
#include "suite.h"
#include "told.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct stick *stick;
static struct stick_grants grants;
static struct collect k;
static struct fault f;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&told, 0, sizeof told);
	told.phase = REPORT_READING;
	told.singly = true;
	told.stop_at = UINT_MAX;
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
prove_receipt(uint8_t body[RECEIPT_MAX + MAC_SIZE], uint32_t slot, uint8_t session, struct receipt r)
{
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

static size_t
prove(uint8_t body[RECEIPT_MAX + MAC_SIZE], uint32_t slot, uint8_t session)
{
	return prove_receipt(body, slot, session, (struct receipt){.spent_at = FIXTURE_NOW - 600});
}

/* One copy of a record, with this receipt. */
static void
bury(uint32_t slot, int copy, uint8_t session, struct receipt r)
{
	uint8_t raw[RECORD_SIZE], body[RECEIPT_MAX + MAC_SIZE] = {0};
	size_t n = prove_receipt(body, slot, session, r);

	record_encode(raw, RECORD_SPENT, g.g.id, slot, BYTES(body, n));
	put_record(slot, copy, raw);
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

/* A file of one receipt, which that PC wrote, and which says that it is from this one. */
static void
named_file_comes(uint8_t pc, uint8_t says, const char *name)
{
	struct receipts_from from = {.name = ""};
	uint8_t body[RECEIPT_MAX + MAC_SIZE], *file = NULL;
	struct receipt r = {.spent_at = FIXTURE_NOW - 600};
	struct receipt_row row = {.slot = 0};
	size_t n = 0;

	memset(r.station_id, pc, ID_SIZE);
	memset(from.station_id, says, ID_SIZE);
	snprintf(from.name, sizeof from.name, "%s", name);
	memcpy(row.issuer, x.pk, KEY_SIZE);
	memcpy(row.grant_id, g.g.id, ID_SIZE);
	row.body = BYTES(body, prove_receipt(body, 0, 1, r));
	ck_assert_ptr_nonnull(file = receipts_encode_from(&from, &row, 1, &n));
	collect_free(&k);
	k = (struct collect){.issuer = &office};
	ck_assert_int_eq(collect_file(&k, BYTES(file, n), &f), E_OK);
	ck_assert_int_eq(collect_judge(&k, &f), E_OK);
	ck_assert_int_eq(collect_book(&k, &f), E_OK);
	free(file);
}

static const char *
called(uint8_t pc)
{
	static char name[LABEL_MAX + 1];
	uint8_t id[ID_SIZE];

	memset(id, pc, ID_SIZE);
	ck_assert_int_eq(books_pc_name(office.books, id, name, &f), E_OK);
	return name;
}

START_TEST(a_pc_is_called_as_its_file_says_unless_the_office_knows_better)
{
	uint8_t id[ID_SIZE];
	unsigned count = 0;

	come_home();
	named_file_comes(7, 9, "Nowhere");
	ck_assert_str_eq(called(9), "");
	ck_assert_str_eq(called(7), "");
	named_file_comes(7, 7, "Hall 3");
	ck_assert_str_eq(called(7), "Hall 3");
	ck_assert_int_eq(books_pc_find(office.books, "07070707", id, &count, &f), E_OK);
	ck_assert(count == 1 && id[0] == 7);
	ck_assert_int_eq(books_pc_find(office.books, "07070708", id, &count, &f), E_OK);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(books_pc_call(office.books, id, "Aula", &f), E_OK);
	named_file_comes(7, 7, "Hall 4");
	ck_assert_str_eq(called(7), "Aula");
	ck_assert_int_eq(books_pc_call(office.books, id, "", &f), E_OK);
	ck_assert_str_eq(called(7), "Hall 4");
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

/* ---- what counts, of what there is ------------------------------------------------------------------------------------------- */

/* From the one that says least on. */
static const struct receipt lasts[] = {
    {.spent_at = FIXTURE_NOW - 600}, {.spent_at = FIXTURE_NOW - 600, .resumes = 1}, {.spent_at = FIXTURE_NOW - 600, .open_s = 60},
    {.spent_at = FIXTURE_NOW - 600, .ended_at = FIXTURE_NOW - 570, .open_s = 30},
    {.spent_at = FIXTURE_NOW - 600, .ended_at = FIXTURE_NOW - 540, .open_s = 60},
    {.spent_at = FIXTURE_NOW - 600, .ended_at = FIXTURE_NOW - 540, .open_s = 60, .resumes = 2}};

#define LASTS (sizeof lasts / sizeof *lasts)

static void
is_last(const struct collect_proof *p, size_t which)
{
	ck_assert_int_eq(p->receipt.ended_at, lasts[which].ended_at);
	ck_assert_uint_eq(p->receipt.open_s, lasts[which].open_s);
	ck_assert_uint_eq(p->receipt.resumes, lasts[which].resumes);
}

/* Of one session the receipt that says more, whichever copy it is in; of another one, too. */
START_TEST(of_a_session_the_receipt_that_says_more_counts)
{
	for (size_t i = 0; i < LASTS; i++) {
		for (size_t j = 0; j < LASTS; j++) {
			bury(0, 0, 1, lasts[i]);
			bury(0, 1, 1, lasts[j]);
			judge();
			ck_assert_int_eq(k.findings[0].kind, COLLECT_USED);
			is_last(&k.findings[0].proof, i > j ? i : j);
		}
	}
	come_home();
	for (size_t i = 0; i < LASTS; i++) {
		size_t j = (i * 5 + 3) % LASTS;

		bury(0, 0, 2, lasts[i]);
		bury(0, 1, 2, lasts[j]);
		come_home();
		ck_assert_int_eq(k.findings[0].kind, COLLECT_TWICE);
		ck_assert_uint_eq(k.findings[0].proof.receipt.session_id[0], 1);
		ck_assert_uint_eq(k.findings[0].other.receipt.session_id[0], 2);
	}
	is_last(&k.findings[0].other, LASTS - 1);
}
END_TEST

static const char *unreadable; /* the end of the name of what cannot be read */
static int sys;                /* ... and why */

#pragma GCC visibility push(default)

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	char link[32], name[512];
	ssize_t len = 0;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (unreadable != NULL && (len = readlink(link, name, sizeof name - 1)) > 0) {
		name[len] = '\0';
		if (strstr(name, unreadable) != NULL) {
			errno = sys;
			return -1;
		}
	}
	return call_pread(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off64_t off) __attribute__((alias("pread")));
#endif

#pragma GCC visibility pop

/* What each copy is, and what becomes of it: alive, used, used by a forger, damaged, or not to be read. */
START_TEST(two_copies_make_one_finding)
{
	static const struct { char a, b; enum collect_kind kind; bool live; } all[] = {
	    {'l', 'l', COLLECT_QUIET, true}, {'l', 'd', COLLECT_QUIET, true}, {'d', 'l', COLLECT_QUIET, true},
	    {'l', 'u', COLLECT_USED, false}, {'u', 'l', COLLECT_USED, false}, {'d', 'u', COLLECT_USED, false},
	    {'u', 'd', COLLECT_USED, false}, {'f', 'u', COLLECT_USED, false}, {'u', 'f', COLLECT_USED, false},
	    {'f', 'f', COLLECT_DESTROYED, false}, {'l', 'f', COLLECT_DESTROYED, false}, {'d', 'f', COLLECT_DESTROYED, false},
	    {'d', 'd', COLLECT_DAMAGED, false}, {'l', '-', COLLECT_QUIET, true}, {'u', '-', COLLECT_USED, false},
	    {'-', 'u', COLLECT_USED, false}, {'f', '-', COLLECT_UNREADABLE, false}, {'-', 'f', COLLECT_UNREADABLE, false},
	    {'d', '-', COLLECT_UNREADABLE, false}, {'-', 'd', COLLECT_UNREADABLE, false}};
	const struct receipt used = {.spent_at = FIXTURE_NOW - 600};
	uint8_t raw[RECORD_SIZE], forged[RECORD_SIZE], alive[2][RECORD_SIZE];
	struct stick_slot made;

	fixture_slot(&x, &g.g, 1, &made);
	memcpy(alive[0], made.raw_a, RECORD_SIZE);
	memcpy(alive[1], made.raw_b, RECORD_SIZE);
	spend(1, 9, true);
	fixture_slot(&x, &g.g, 1, &made);
	memcpy(forged, made.raw_a, RECORD_SIZE);
	sys = EIO;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const char kinds[2] = {all[i].a, all[i].b};

		for (int copy = 0; copy < 2; copy++) {
			memset(raw, 0x77, sizeof raw);
			if (kinds[copy] == 'u')
				bury(1, copy, 1, used);
			else
				put_record(1, copy, kinds[copy] == 'l' ? alive[copy] : kinds[copy] == 'f' ? forged : raw);
		}
		unreadable = kinds[0] == '-' ? "/lock.a" : kinds[1] == '-' ? "/lock.b" : NULL;
		judge();
		unreadable = NULL;
		ck_assert_msg(k.findings[1].kind == all[i].kind && k.findings[1].live == all[i].live, "%c%c: %d", all[i].a,
		    all[i].b, (int)k.findings[1].kind);
		ck_assert_int_eq(k.sys, kinds[0] == '-' || kinds[1] == '-' ? (all[i].kind == COLLECT_UNREADABLE ? EIO : 0) : 0);
		ck_assert_uint_eq(k.findings[1].proof.n > 0, all[i].kind == COLLECT_USED);
	}
}
END_TEST

/* What this user may not read is asked for again by another: nothing is made of it. */
START_TEST(a_record_behind_rights_stops_it)
{
	judge();
	collect_free(&k);
	sys = EACCES;
	unreadable = "/lock.b";
	ck_assert_int_eq(collect_judge(&k, &f), E_STICK_IO);
	unreadable = NULL;
	ck_assert(f.sys == EACCES && f.err == E_STICK_IO && k.count == 0);
}
END_TEST

/* It was unused when the stick was here, and had been used before that: its memory was put back. */
START_TEST(used_before_it_was_seen_unused_is_rolled_back)
{
	static const struct { int64_t spent_at; uint32_t flags; enum collect_kind kind; } all[] = {
	    {FIXTURE_NOW, 0, COLLECT_USED}, {FIXTURE_NOW - 1, 0, COLLECT_ROLLED_BACK},
	    {FIXTURE_NOW - 1, RECEIPT_CLOCK_BEHIND, COLLECT_USED}, {FIXTURE_NOW - 1, RECEIPT_CLOCK_BACK, COLLECT_USED}};
	const struct receipt r = {.spent_at = all[_i].spent_at, .flags = all[_i].flags};

	come_home();
	bury(0, 0, 1, r);
	bury(0, 1, 1, r);
	office.now = FIXTURE_NOW + 100;
	come_home();
	ck_assert_int_eq(k.findings[0].kind, all[_i].kind);
	ck_assert_int_eq(state_of(0), BOOKS_SPENT);
}
END_TEST

/* Used is used: a record that is damaged after that is not a damaged code. */
START_TEST(what_was_used_and_is_damaged_then_stays_used)
{
	spend(0, 1, true);
	come_home();
	ck_assert_int_eq(k.findings[0].kind, COLLECT_DESTROYED);
	damage(0);
	come_home();
	ck_assert_int_eq(k.findings[0].kind, COLLECT_DESTROYED);
	ck_assert_int_eq(state_of(0), BOOKS_SPENT);
	ck_assert_uint_eq(k.all_damaged, 0);
}
END_TEST

/* Codes that are over are no reason to think that the others are damaged. */
START_TEST(codes_that_are_over_count_for_none)
{
	come_home();
	damage(1);
	office.now = g.g.policy.expires - (_i == 0);
	come_home();
	ck_assert_uint_eq(k.all_damaged, _i == 0 ? 0 : 1);
	ck_assert_int_eq(state_of(1), _i == 0 ? BOOKS_REVOKED : BOOKS_ISSUED);
}
END_TEST

/* The same twice, of grants and slots that there are not, and of the stick that is here. */
START_TEST(rows_of_a_file_are_judged_once_each)
{
	uint8_t body[2][RECEIPT_MAX + MAC_SIZE], *file = NULL;
	struct receipt_row rows[6] = {{.slot = 2}, {.slot = 0}, {.slot = 2}, {.slot = FIXTURE_SLOTS}, {.slot = 0}, {.slot = 0}};
	size_t n = 0;

	if (_i == 0)
		come_home();
	rows[0].body = rows[2].body = rows[3].body = rows[4].body = BYTES(body[0], prove(body[0], 2, 1));
	rows[1].body = rows[5].body = BYTES(body[1], prove(body[1], 0, 1));
	for (size_t i = 0; i < 6; i++) {
		memcpy(rows[i].issuer, x.pk, KEY_SIZE);
		memcpy(rows[i].grant_id, g.g.id, ID_SIZE);
	}
	rows[5].grant_id[0] ^= 1; /* nobody's */
	ck_assert_ptr_nonnull(file = receipts_encode(rows, 6, &n));
	if (_i == 1)
		judge();
	collect_free(&k);
	k.report = &report;
	if (_i == 0)
		k = (struct collect){.issuer = &office, .report = &report};
	ck_assert_int_eq(collect_file(&k, BYTES(file, n), &f), E_OK);
	ck_assert_int_eq(collect_judge(&k, &f), E_OK);
	ck_assert_uint_eq(k.count, _i == 0 ? 2 : FIXTURE_SLOTS);
	ck_assert_uint_eq(k.foreign, 2); /* a slot that there is not, and a grant */
	ck_assert_uint_eq(k.bad, 1); /* of another slot */
	ck_assert_uint_eq(told.done, 5 + (_i == 0 ? 0 : FIXTURE_SLOTS));
	ck_assert_uint_eq(told.all, told.done);
	for (size_t i = 0; i < k.count; i++) {
		const struct collect_finding *y = &k.findings[i];

		ck_assert_int_eq(y->kind, y->slot == 1 ? COLLECT_QUIET : _i == 0 ? COLLECT_USED : COLLECT_ROLLED_BACK);
		ck_assert_mem_eq(y->grant_id, g.g.id, ID_SIZE);
	}
	free(file);
}
END_TEST

/* ---- what should be there ---------------------------------------------------------------------------------------------------- */

START_TEST(lectures_that_are_not_there_or_cannot_be_read)
{
	char name[64], path[192], away[200];
	bool known = true;
	struct collect_loss loss;

	judge();
	ck_assert_int_eq(collect_known(&k, &known, &f), E_OK);
	ck_assert(!known && k.missing_count == 0 && grants.count == 1);
	come_home();
	ck_assert_int_eq(collect_known(&k, &known, &f), E_OK);
	ck_assert(known && k.missing_count == 0 && grants.count == 1);
	fixture_lock_name(name, &g.g, 0);
	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
	*strrchr(path, '/') = '\0';
	stick_grants_free(&grants);
	ck_assert_int_eq(collect_known(&k, &known, &f), E_OK); /* its signature cannot be read, say; its records can */
	ck_assert(known && k.missing_count == 0 && grants.count == 1);
	ck_assert_mem_eq(grants.grants[0].id, g.g.id, ID_SIZE);
	stick_grants_free(&grants);
	snprintf(away, sizeof away, "%s.away", path);
	ck_assert_int_eq(rename(path, away), 0);
	ck_assert_int_eq(collect_known(&k, &known, &f), E_OK);
	ck_assert(known && k.missing_count == 1 && grants.count == 0);
	ck_assert_mem_eq(k.missing[0].grant_id, g.g.id, ID_SIZE);
	ck_assert_int_eq(collect_unexplained(NULL, &office, stick, &grants, &loss, &f), E_OK);
	ck_assert(loss.lectures == 1 && loss.used == 0 && loss.damaged == 0);
	ck_assert_int_eq(rename(away, path), 0);
}
END_TEST

/* Each is counted as what would be lost of it, and not what the books have. */
START_TEST(what_would_be_lost_is_counted)
{
	struct collect_loss loss;

	come_home();
	spend(0, 1, false);
	spend(1, 1, true);
	come_home();
	spend(0, 2, false);
	damage(2);
	judge();
	ck_assert_int_eq(collect_unexplained(NULL, &office, stick, &grants, &loss, &f), E_OK);
	ck_assert(loss.used == 1 && loss.damaged == 1 && loss.lectures == 0);
	sys = EIO;
	unreadable = "/lock.";
	ck_assert_int_eq(collect_unexplained(NULL, &office, stick, &grants, &loss, &f), E_OK);
	unreadable = NULL;
	ck_assert(loss.used == 0 && loss.damaged == 1 && loss.lectures == 0);
	come_home();
	ck_assert_int_eq(collect_unexplained(NULL, &office, stick, &grants, &loss, &f), E_OK);
	ck_assert(loss.used == 0 && loss.lectures == 0);
}
END_TEST

static void
put_number(uint32_t n, bool ours)
{
	uint8_t raw[RECORD_SIZE], r[KEY_SIZE];

	keytree_ratchet(r, x.seed, x.stick_id);
	for (uint32_t i = 0; i < n && ours; i++)
		keytree_ratchet_next(r);
	record_encode(raw, RECORD_STICK, x.stick_id, n, BYTES(r, sizeof r));
	fixture_patch(&x, "stick.a", 0, raw, sizeof raw);
	fixture_patch(&x, "stick.b", 0, raw, sizeof raw);
}

/* Whoever has the stick can write any number. Refills would be numbered from there on, and take as many steps to make. */
START_TEST(a_number_that_is_not_ours_is_not_believed)
{
	static const uint32_t numbers[] = {2, STICK_REFILLS_MAX, STICK_REFILLS_MAX + 1, UINT32_MAX - 1};
	uint32_t next = 0;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		put_number(numbers[i], false);
		come_home();
		ck_assert_int_eq(books_next_n(office.books, x.stick_id, &next, &f), E_OK);
		ck_assert_msg(next == 1 && !k.stick_back, "%u: %u", numbers[i], next);
	}
}
END_TEST

/* A record that says less than before is that of a copy. */
START_TEST(a_stick_that_went_back_is_told)
{
	static const uint32_t numbers[] = {4, 4, 3, 4, 5};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		put_number(numbers[i], true);
		come_home();
		ck_assert_msg(k.stick_back == (i == 2), "%zu", i);
	}
}
END_TEST

SUITE("collect", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, an_unused_stick_becomes_known_once);
	tcase_add_test(t, a_receipt_proves_a_use);
	tcase_add_test(t, a_forged_receipt_proves_nothing_but_the_code_is_gone);
	tcase_add_test(t, a_code_that_lives_again_was_rolled_back);
	tcase_add_test(t, two_sessions_of_one_code_are_told);
	tcase_add_test(t, a_damaged_code_is_revoked_while_others_are_left);
	tcase_add_test(t, not_all_that_is_left_is_revoked_unasked);
	tcase_add_test(t, what_no_collect_has_seen_would_be_lost);
	tcase_add_test(t, a_file_proves_what_the_stick_does_not_show);
	tcase_add_test(t, a_pc_is_called_as_its_file_says_unless_the_office_knows_better);
	tcase_add_test(t, what_is_no_file_of_receipts_is_refused);
	tcase_add_test(t, judging_reports_and_can_be_stopped);
	tcase_add_test(t, of_a_session_the_receipt_that_says_more_counts);
	tcase_add_test(t, two_copies_make_one_finding);
	tcase_add_test(t, a_record_behind_rights_stops_it);
	tcase_add_loop_test(t, used_before_it_was_seen_unused_is_rolled_back, 0, 4);
	tcase_add_test(t, what_was_used_and_is_damaged_then_stays_used);
	tcase_add_loop_test(t, codes_that_are_over_count_for_none, 0, 2);
	tcase_add_loop_test(t, rows_of_a_file_are_judged_once_each, 0, 2);
	tcase_add_test(t, lectures_that_are_not_there_or_cannot_be_read);
	tcase_add_test(t, what_would_be_lost_is_counted);
	tcase_add_test(t, a_stick_that_went_back_is_told);
	tcase_add_test(t, a_number_that_is_not_ours_is_not_believed);
}
