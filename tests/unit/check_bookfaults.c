/*
 * check_bookfaults.c - what the office does while its books fail: nothing is half done, and the failure is told.
 *
 * Each piece of work is done with step n of SQLite failing, for every n, until none fails any more. Whatever failed, the work says
 * so, and the books say what they said before; then the same work succeeds. check_sqlfaults does so with each call of the books by
 * itself; this is about who calls them.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "audit.h"
#include "erase.h"
#include "fixture.h"
#include "handout.h"
#include "homecoming.h"
#include "issuer.h"
#include "keytree.h"
#include "mint.h"
#include "receipt.h"
#include "record.h"
#include "refill.h"
#include "rename.h"
#include "restore.h"
#include "revoke.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct fault f;

static unsigned left; /* steps until one fails; 0: none does */

int __real_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st);

int
__wrap_sqlite3_step(sqlite3_stmt *st)
{
	return left > 0 && --left == 0 ? SQLITE_IOERR : __real_sqlite3_step(st);
}

/* The same for memory that this program asks for; what SQLite asks for is another matter (check_sqlfaults). */
static unsigned spare; /* allocations until one fails; 0: none does */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
uint8_t *__real_secret_new(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
uint8_t *__wrap_secret_new(size_t n);

static bool
is_out(void)
{
	if (spare == 0 || --spare > 0)
		return false;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return is_out() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t n)
{
	return is_out() ? NULL : __real_calloc(count, n);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return is_out() ? NULL : __real_realloc(p, n);
}

uint8_t *
__wrap_secret_new(size_t n)
{
	return is_out() ? NULL : __real_secret_new(n);
}

/* ---- what the books say ------------------------------------------------------------------------------------------------------ */

static void
digest(uint8_t out[HASH_SIZE])
{
	struct books_slot *slots = NULL;
	struct books_lecture *lectures = NULL;
	struct books_evidence known;
	crypto_generichash_state h;
	uint8_t *notice = NULL;
	uint32_t number = 0;
	size_t count = 0, n = 0;

	crypto_generichash_init(&h, NULL, 0, HASH_SIZE);
	ck_assert_int_eq(books_slots(office.books, x.stick_id, &slots, &count, &f), E_OK);
	for (size_t i = 0; i < count; i++) {
		crypto_generichash_update(&h, (const uint8_t *)&slots[i].state, sizeof slots[i].state);
		crypto_generichash_update(&h, (const uint8_t *)slots[i].holder, strlen(slots[i].holder) + 1);
		ck_assert_int_eq(books_evidence(office.books, slots[i].grant_id, slots[i].slot, &known, &f), E_OK);
		crypto_generichash_update(&h, known.receipt, known.receipt_n);
		crypto_generichash_update(&h, known.second, known.second_n);
		crypto_generichash_update(&h, (const uint8_t *)&known.live_at, sizeof known.live_at);
	}
	ck_assert_int_eq(books_lectures(office.books, x.stick_id, &lectures, &count, &f), E_OK);
	for (size_t i = 0; i < count; i++)
		crypto_generichash_update(&h, (const uint8_t *)&lectures[i].gone, sizeof lectures[i].gone);
	ck_assert_int_eq(books_newest_notice(office.books, &notice, &n, &number, &f), E_OK);
	crypto_generichash_update(&h, notice, n);
	crypto_generichash_final(&h, out, HASH_SIZE);
	free(slots);
	free(lectures);
	free(notice);
}

/* ---- the stick --------------------------------------------------------------------------------------------------------------- */

static void
bury(uint32_t slot, int copy, uint8_t session)
{
	uint8_t raw[RECORD_SIZE], rk[KEY_SIZE], body[RECEIPT_MAX + MAC_SIZE];
	struct receipt r = {.spent_at = FIXTURE_NOW - 600};
	struct mint_slot_keys keys;
	char name[64];
	size_t n = 0;

	memset(r.session_id, session, ID_SIZE);
	n = receipt_encode(&r, body);
	ck_assert_int_eq(mint_slot_keys(&keys, &g.g, x.seed, slot, NULL), E_OK);
	keytree_receipt(rk, keys.a, keys.factors);
	record_encode(raw, RECORD_SPENT, g.g.id, slot, BYTES(body, n + MAC_SIZE));
	receipt_mac(body + n, rk, raw, BYTES(body, n));
	record_encode(raw, RECORD_SPENT, g.g.id, slot, BYTES(body, n + MAC_SIZE));
	fixture_lock_name(name, &g.g, copy);
	fixture_patch(&x, name, (uint64_t)slot * RECORD_SIZE, raw, sizeof raw);
}

/* ---- work -------------------------------------------------------------------------------------------------------------------- */

/* A stick with a code that is used twice, one that is damaged, one that is left, and a list of its own. */
static enum err
come_home(void)
{
	struct homecoming h = {.collect = {.issuer = &office}};
	enum err e = homecoming_read(&h, x.dir_fd, "here", &f);

	if (e == E_OK && (e = collect_judge(&h.collect, &f)) == E_OK)
		e = homecoming_commit(&h, &f);
	homecoming_free(&h);
	return e;
}

static enum err
count_loss(void)
{
	struct collect_loss loss;
	struct stick_grants grants = {0};
	struct stick *s = NULL;
	enum err e = stick_open(&s, x.dir_fd, &f);

	if (e == E_OK && (e = stick_load_grants(s, &grants, &f)) == E_OK)
		e = collect_unexplained(NULL, &office, s, &grants, &loss, &f);
	stick_grants_free(&grants);
	stick_close(&s);
	return e;
}

static enum err
revoke_by(struct revoke *r)
{
	char losers[REVOKE_LOSERS];
	enum err e = revoke_commit(r, NULL, losers, &f);

	revoke_free(r);
	return e;
}

static enum err
revoke_all_of_a_stick(void)
{
	struct revoke r = {.issuer = &office};
	enum err e = revoke_stick(&r, x.stick_id, &f);

	return e == E_OK ? revoke_by(&r) : (revoke_free(&r), e);
}

static enum err
revoke_a_code(void)
{
	struct revoke_target t = {.path = "here", .fd = x.dir_fd};
	struct revoke r = {.issuer = &office, .targets = &t, .target_count = 1};
	enum err e = revoke_open(&r, &t, &f);

	if (e == E_OK)
		e = revoke_symbols(&r, g.codes[1], &f);
	if (e == E_OK)
		e = revoke_symbols(&r, g.codes[2], &f);
	e = e == E_OK ? revoke_by(&r) : (revoke_free(&r), e);
	revoke_target_close(&t);
	return e;
}

static enum err
revoke_a_holder(void)
{
	static const char *const holders[] = {"Ada"};
	struct revoke r = {.issuer = &office, .holders = holders, .holder_count = 1};

	return revoke_by(&r);
}

static enum err
hand_out(void)
{
	const struct handout_order order = {.stick_id = x.stick_id, .holder = "Grace", .n = 1};
	struct handout h = {0};
	enum err e = books_begin(office.books, &f);

	if (e != E_OK)
		return e;
	if ((e = handout_take(&h, &office, &order, &f)) == E_OK)
		e = handout_codes(&h, &office, &f);
	e = books_end(office.books, e, &f);
	handout_free(&h);
	return e;
}

static enum err
hand_out_again(void)
{
	const struct handout_order order = {.stick_id = x.stick_id, .holder = "Ada", .lecture = "Lecture"};
	struct handout h = {0};
	enum err e = books_begin(office.books, &f);

	if (e != E_OK)
		return e;
	if ((e = handout_again_holder(&h, &office, &order, &f)) == E_OK)
		e = handout_codes(&h, &office, &f);
	e = books_end(office.books, e, &f);
	handout_free(&h);
	return e;
}

static enum err
erase(void)
{
	struct erase r = {.issuer = &office, .path = "here", .discard = true};
	enum err e = erase_take(&r, x.dir_fd, &f);

	if (e == E_OK && (e = erase_hold(&r, &f)) == E_OK)
		e = erase_commit(&r, &f);
	erase_free(&r);
	return e;
}

static enum err
find(void)
{
	char name[STICK_NAME_SIZE], code[STICK_NAME_SIZE + 8], hex[2 * ID_SIZE + 1];
	struct books_slot slot;
	uint8_t id[ID_SIZE];
	uint32_t last = 0;
	enum err e = E_OK;

	keytree_stick_name(name, x.stick_id);
	snprintf(code, sizeof code, "%s/2", name);
	bytes_to_hex(hex, x.stick_id, ID_SIZE);
	if ((e = issuer_find(&office, name, id, &f)) == E_OK && (e = issuer_find(&office, hex, id, &f)) == E_OK)
		e = issuer_find_code(&office, code, &slot, &last, &f);
	return e;
}

static enum err
adopt(void)
{
	uint32_t counted = 0;

	return restore_adopt(&office, "before", &counted, &f);
}

static enum err
rename_holder(void)
{
	struct books_rename r = {.from = "Ada", .to = "Ann"};
	uint64_t count = 0;

	return rename_commit(&office, &r, &count, &f);
}

static enum err
keep(void *arg, struct bytes file, struct fault *fault)
{
	(void)arg;
	return file.n > 0 ? E_OK : fault_set(fault, E_USAGE, 0, "file", "%s", "");
}

static enum err
refill_for_away(void)
{
	struct refill r = {.issuer = &office, .path = "here", .fd = -1, .codes = 1, .not_before = FIXTURE_NOW,
	    .expires = FIXTURE_NOW + 3600, .session_s = 900};
	enum err e = refill_away(&r, x.stick_id, keep, NULL, &f);

	refill_free(&r);
	return e;
}

static enum err
on_lecture(void *arg, const struct audit_lecture *l, struct fault *fault)
{
	(void)fault;
	*(uint64_t *)arg += l->count;
	return E_OK;
}

static enum err
on_deed(void *arg, const struct books_report_deed *d, struct fault *fault)
{
	(void)arg, (void)d, (void)fault;
	return E_OK;
}

static enum err
report(void)
{
	const struct audit_wanted wanted = {.lecture = "Lecture", .holder = "Ada"};
	struct audit_counts counts;
	uint64_t seen = 0;
	enum err e = audit_check(&office, &wanted, &f);

	if (e == E_OK && (e = audit_lectures(&office, &wanted, on_lecture, &seen, &counts, &f)) == E_OK)
		e = audit_deeds(&office, &wanted, on_deed, NULL, &f);
	return e == E_OK && (seen == 0 || counts.codes != seen) ? fault_set(&f, E_USAGE, 0, "report", "%s", "") : e;
}

static enum err
look_at_the_clock(void)
{
	enum issuer_clock clock;
	int64_t newest = 0;

	return issuer_clock(&office, &clock, &newest, &f);
}

static const struct {
	const char *name;
	enum err (*run)(void);
	bool reads; /* and changes nothing */
} works[] = {
	{"homecoming_commit", come_home, false},
	{"collect_unexplained", count_loss, true},
	{"revoke_stick", revoke_all_of_a_stick, false},
	{"revoke_symbols", revoke_a_code, false},
	{"revoke of a holder", revoke_a_holder, false},
	{"handout_take", hand_out, false},
	{"handout_again_holder", hand_out_again, true},
	{"erase_commit", erase, false},
	{"restore_adopt", adopt, false},
	{"rename_commit", rename_holder, false},
	{"refill_away", refill_for_away, false},
	{"audit_lectures", report, true},
	{"issuer_find", find, true},
	{"issuer_clock", look_at_the_clock, true},
};

static void
setup(void)
{
	const struct books_take take = {.grant_id = g.g.id, .n = 1, .holder = "Ada", .now = FIXTURE_NOW};
	struct books_slot *taken = NULL;
	uint32_t have = 0;

	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_notice(&x, NULL, 0, 7);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
	left = spare = 0;
	fixture_book(&office, &g.g);
	ck_assert_int_eq(books_take(office.books, &take, &taken, &have, &f), E_OK);
	free(taken);
	bury(0, 0, 1);
	bury(0, 1, 2);
	fixture_damage(&x, &g.g, 2);
}

static void
teardown(void)
{
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

START_TEST(books_that_fail_are_told_and_say_what_they_said)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];
	enum err e = E_FAIL;
	unsigned n = 1;

	digest(before);
	for (; n < 2000; n++) {
		left = n;
		e = works[_i].run();
		if (left > 0)
			break;
		ck_assert_msg(e == E_BOOKS && f.err == e && f.step[0] != '\0', "%s, step %u: %s, %s", works[_i].name, n,
		    err_name(e), err_name(f.err));
		fault_clear(&f);
		digest(after);
		ck_assert_msg(memcmp(before, after, HASH_SIZE) == 0, "%s, step %u: half done", works[_i].name, n);
	}
	left = 0;
	ck_assert_msg(e == E_OK && n > 1, "%s: %s, %u steps", works[_i].name, err_name(e), n);
	digest(after);
	ck_assert_msg((memcmp(before, after, HASH_SIZE) == 0) == works[_i].reads, "%s: %s", works[_i].name,
	    works[_i].reads ? "changes the books" : "changes nothing");
}
END_TEST

START_TEST(memory_that_runs_out_is_told_and_nothing_is_half_done)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];
	enum err e = E_FAIL;
	unsigned n = 1;

	digest(before);
	for (; n < 3000; n++) {
		spare = n;
		e = works[_i].run();
		if (spare > 0)
			break;
		ck_assert_msg(e == E_FAIL && f.err == e && f.step[0] != '\0', "%s, allocation %u: %s, %s", works[_i].name, n,
		    err_name(e), err_name(f.err));
		fault_clear(&f);
		digest(after);
		ck_assert_msg(memcmp(before, after, HASH_SIZE) == 0, "%s, allocation %u: half done", works[_i].name, n);
	}
	spare = 0;
	ck_assert_msg(e == E_OK, "%s: %s, %u allocations", works[_i].name, err_name(e), n);
}
END_TEST

SUITE("bookfaults", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_loop_test(t, books_that_fail_are_told_and_say_what_they_said, 0, (int)(sizeof works / sizeof *works));
	tcase_add_loop_test(t, memory_that_runs_out_is_told_and_nothing_is_half_done, 0, (int)(sizeof works / sizeof *works));
}
