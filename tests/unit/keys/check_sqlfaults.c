/*
 * check_sqlfaults.c - every call of the books and of a PC's memory, with each step of SQLite, and each request for memory, failing.
 *
 * One call after another is made with statement n, step n or request n failing, for every n, until nothing fails any more. Whatever
 * failed, the call says so, the fault has the same number, nothing in the file is other than before, and neither a transaction,
 * a statement nor memory is left over: the same call then succeeds.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "books.h"
#include "books_offers.h"
#include "fixture.h"
#include "station.h"
#include "suite.h"

#define T0 1760000000ll
#define END (T0 + 86400)

/* ---- what fails ------------------------------------------------------------------------------------------ */

enum kind { STATEMENT, STEP, SHORT, MEMORY, KINDS }; /* SHORT: SQLite has no memory for a statement */

static struct {
	bool armed, hit;
	enum kind kind;
	unsigned left;
} plan;

static int blocks; /* of ours that are in use, less those that a library made and we freed */

static bool
fails(enum kind kind)
{
	if (!plan.armed || plan.kind != kind || plan.left == 0 || --plan.left > 0)
		return false;
	plan.hit = true;
	return true;
}

/* At the end of a call: Check's own memory is not to fail. */
#define SEE(condition) do { plan.armed = false; ck_assert(condition); } while (0)

#pragma GCC visibility push(default)

/* Of our own code (--wrap, Makefile.am): what SQLite does by itself is SQLite's. */
int __real_sqlite3_prepare_v2(sqlite3 *db, const char *text, int n, sqlite3_stmt **st, const char **tail);
int __real_sqlite3_step(sqlite3_stmt *st);
int __real_sqlite3_extended_errcode(sqlite3 *db);
int __real_sqlite3_close(sqlite3 *db);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *text, int n, sqlite3_stmt **st, const char **tail);
int __wrap_sqlite3_step(sqlite3_stmt *st);
int __real_sqlite3_exec(sqlite3 *db, const char *text, int (*row)(void *, int, char **, char **), void *arg, char **why);
int __wrap_sqlite3_exec(sqlite3 *db, const char *text, int (*row)(void *, int, char **, char **), void *arg, char **why);
uint8_t *__real_secret_new(size_t n);
uint8_t *__wrap_secret_new(size_t n);
void __real_secret_free(uint8_t **p);
void __wrap_secret_free(uint8_t **p);
void __real_free(void *p);
void __wrap_free(void *p);
int __wrap_sqlite3_extended_errcode(sqlite3 *db);
int __wrap_sqlite3_close(sqlite3 *db);
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

int
__wrap_sqlite3_prepare_v2(sqlite3 *db, const char *text, int n, sqlite3_stmt **st, const char **tail)
{
	return fails(SHORT) ? SQLITE_NOMEM : fails(STATEMENT) ? SQLITE_IOERR : __real_sqlite3_prepare_v2(db, text, n, st, tail);
}

int
__wrap_sqlite3_step(sqlite3_stmt *st)
{
	return fails(STEP) ? SQLITE_IOERR : __real_sqlite3_step(st);
}

int
__wrap_sqlite3_exec(sqlite3 *db, const char *text, int (*row)(void *, int, char **, char **), void *arg, char **why)
{
	return fails(SHORT) ? SQLITE_NOMEM : fails(STATEMENT) ? SQLITE_IOERR : __real_sqlite3_exec(db, text, row, arg, why);
}

int
__wrap_sqlite3_extended_errcode(sqlite3 *db)
{
	return plan.hit ? plan.kind == SHORT ? SQLITE_NOMEM : SQLITE_IOERR_READ : __real_sqlite3_extended_errcode(db);
}

int
__wrap_sqlite3_close(sqlite3 *db)
{
	if (db != NULL && sqlite3_next_stmt(db, NULL) != NULL)
		abort(); /* one that was not ended */
	return __real_sqlite3_close(db);
}

/* Nothing here loses its power. */
int
fsync(int fd)
{
	return fd < 0 ? -1 : 0;
}

int
fdatasync(int fd)
{
	return fsync(fd);
}

static void *
counted(void *p)
{
	blocks += p != NULL;
	return p;
}

void *
__wrap_malloc(size_t n)
{
	return counted(fails(MEMORY) ? NULL : __real_malloc(n));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return counted(fails(MEMORY) ? NULL : __real_calloc(n, size));
}

void *
__wrap_realloc(void *p, size_t n)
{
	return p != NULL ? fails(MEMORY) ? NULL : __real_realloc(p, n) : __wrap_malloc(n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return p != NULL ? fails(MEMORY) ? NULL : __real_reallocarray(p, n, size) : __wrap_calloc(n, size);
}

void
__wrap_free(void *p)
{
	blocks -= p != NULL;
	__real_free(p);
}

uint8_t *
__wrap_secret_new(size_t n)
{
	return counted(fails(MEMORY) ? NULL : __real_secret_new(n));
}

void
__wrap_secret_free(uint8_t **p)
{
	blocks -= *p != NULL;
	__real_secret_free(p);
}

#pragma GCC visibility pop

/* ---- what must not change ------------------------------------------------------------------------------------------ */

static char dir[4200], file[4300];

static void
hash_rows(crypto_generichash_state *h, sqlite3 *db, const char *table)
{
	sqlite3_stmt *st = NULL;
	char text[128];

	snprintf(text, sizeof text, "SELECT * FROM %s", table);
	ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			const void *p = sqlite3_column_blob(st, i);

			crypto_generichash_update(h, (const uint8_t *)"|", 1);
			if (p != NULL)
				crypto_generichash_update(h, p, (unsigned)sqlite3_column_bytes(st, i));
		}
	sqlite3_finalize(st);
}

/* All rows of all tables. */
static void
content(uint8_t out[HASH_SIZE])
{
	crypto_generichash_state h;
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;

	crypto_generichash_init(&h, NULL, 0, HASH_SIZE);
	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1", -1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		hash_rows(&h, db, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	crypto_generichash_final(&h, out, HASH_SIZE);
}

struct call {
	const char *name;
	enum err (*run)(struct fault *f);
	enum { READS, CHANGES } does;
};

/* Return how often it failed. */
static unsigned
each_failure(const struct call *call, enum kind kind, enum err want)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];
	enum err err = E_OK;
	int used = 0;
	unsigned n;

	content(before);
	for (n = 1; n < 1000; n++) {
		struct fault f = {0};

		plan.kind = kind, plan.left = n, plan.hit = false, plan.armed = true;
		used = blocks;
		err = call->run(&f);
		plan.armed = false;
		ck_assert_msg(blocks <= used, "%s: %d blocks are left over", call->name, blocks - used);
		if (!plan.hit)
			break;
		plan.hit = false;
		ck_assert_msg(
		    err == (kind >= SHORT ? E_FAIL : want), "%s: %s, call %u of %d", call->name, err_name(err), n, (int)kind);
		ck_assert_msg(kind < SHORT || f.sys == ENOMEM, "%s: errno %d, call %u of %d", call->name, f.sys, n, (int)kind);
		ck_assert_msg(f.err == err, "%s: fault %s, not %s", call->name, err_name(f.err), err_name(err));
		ck_assert_msg(f.step[0] != '\0' && f.object[0] != '\0', "%s: no step", call->name);
		content(after);
		ck_assert_msg(
		    memcmp(before, after, HASH_SIZE) == 0, "%s: changed, and said it failed at %u of %d", call->name, n, (int)kind);
	}
	ck_assert_msg(err == E_OK, "%s: %s", call->name, err_name(err));
	content(after);
	ck_assert_msg(call->does == CHANGES || memcmp(before, after, HASH_SIZE) == 0, "%s: changed", call->name);
	return n - 1;
}

static void
each_call(const struct call *calls, size_t n, enum kind kind, enum err want)
{
	unsigned failures = 0;

	for (size_t i = 0; i < n; i++)
		failures += each_failure(&calls[i], kind, want);
	ck_assert_uint_ge(failures, kind == MEMORY ? 1 : n);
}

/* ---- the books ------------------------------------------------------------------------------------------ */

static struct fixture x;
static struct books *b;
static uint8_t stick[ID_SIZE];
static uint8_t turn; /* what changes has something to change for each kind of failure */

static uint8_t *
id_of(uint8_t id)
{
	static uint8_t out[ID_SIZE];

	memset(out, id, sizeof out);
	return out;
}

static enum err
add_lecture(uint8_t id, struct fault *f)
{
	struct grant g = {.issued = T0 + id, .bundle_count = 1, .refill = id, .slots = 4};
	uint8_t *payload = NULL;
	enum err err = E_FAIL;
	size_t n = 0;

	memcpy(g.stick_id, stick, ID_SIZE);
	memset(g.id, id, ID_SIZE);
	g.policy.not_before = T0;
	g.policy.expires = END;
	g.policy.session_s = 3600;
	plan.armed = false;
	g.locators = calloc(g.slots, LOCATOR_SIZE);
	ck_assert_ptr_nonnull(g.locators);
	for (uint32_t i = 0; i < g.slots; i++)
		store_le32(g.locators[i], i);
	payload = grant_encode(&g, &n);
	ck_assert_ptr_nonnull(payload);
	plan.armed = plan.left > 0;
	err = books_add_grant(b, &(struct books_new){&g, BYTES(payload, n), BOOKS_READY, T0, "prepare"}, f);
	free(payload);
	grant_free(&g);
	return err;
}

static enum err
store_list(uint32_t number, uint8_t id, uint8_t bundle, struct fault *f)
{
	struct notice n = {.number = number, .time = T0 + number};
	bool armed = plan.armed;
	enum err err;

	plan.armed = false;
	ck_assert_int_eq(notice_revoke(&n, id_of(id), 1), 0);
	n.withdrawn = calloc(1, ID_SIZE);
	ck_assert_ptr_nonnull(n.withdrawn);
	memset(n.withdrawn[n.withdrawn_count++], bundle, ID_SIZE);
	plan.armed = armed;
	err = books_store_notice(b, &n, BYTES("signed", 6), f);
	notice_free(&n);
	return err;
}

static void
books_setup(void)
{
	struct fault f = {0};
	struct books_slot *list = NULL;
	uint8_t usb[HASH_SIZE] = {1};
	uint32_t have = 0;
	bool flag = false;

	memset(&plan, 0, sizeof plan);
	turn = 0;
	fixture_open(&x);
	snprintf(dir, sizeof dir, "%s/books", x.path);
	snprintf(file, sizeof file, "%s/%s", dir, BOOKS_NAME);
	memset(stick, 0x51, sizeof stick);
	ck_assert_int_eq(books_open(&b, dir, true, &f), E_OK);
	for (uint8_t id = 1; id <= 3; id++)
		ck_assert_int_eq(add_lecture(id, &f), E_OK);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 2, "Kim", T0}, &list, &have, &f), E_OK);
	free(list);
	ck_assert_int_eq(books_set_state(b, &(struct books_change){.grant_id = id_of(1), .state = BOOKS_SPENT,
	    .receipt = BYTES("receipt", 7), .spent_at = T0, .now = T0, .verb = "collect"}, &f), E_OK);
	ck_assert_int_eq(books_set_usb(b, stick, usb, &flag, &f), E_OK);
	ck_assert_int_eq(books_set(b, "contact", "somebody", &f), E_OK);
	ck_assert_int_eq(store_list(1, 2, 0xb1, &f), E_OK);
	ck_assert_int_eq(books_new_bundle(b, id_of(0xb0), T0, "folder", &f), E_OK);
}

static void
books_teardown(void)
{
	plan.armed = false;
	books_close(&b);
	fixture_close(&x);
}

/* A list that is handed out is another one than before only where all went well. */
#define LISTS(name, type, call) \
	static enum err \
	name(struct fault *f) \
	{ \
		type untouched = {0}, *list = &untouched; \
		size_t count = 77; \
		enum err err = call; \
		if (err != E_OK) \
			SEE(list == &untouched && count == 77); \
		else \
			free(list); \
		return err; \
	}

LISTS(sticks, struct books_stick, books_sticks(b, T0, &list, &count, f))
LISTS(holders, struct books_holder, books_holders(b, &list, &count, f))
LISTS(slots, struct books_slot, books_slots(b, stick, &list, &count, f))
LISTS(slots_of_sticks, struct books_slot, books_slots_of_sticks(b, &stick, 1, &list, &count, f))
LISTS(slots_of_holder, struct books_slot, books_slots_of_holder(b, "Kim", stick, &list, &count, f))
LISTS(slots_of_grant, struct books_slot, books_slots_of_grant(b, id_of(1), &list, &count, f))
LISTS(ranges, struct books_range, books_ranges(b, &list, &count, f))
LISTS(lectures, struct books_lecture, books_lectures(b, stick, &list, &count, f))

#define CALLS(name, declarations, call) \
	static enum err \
	name(struct fault *f) \
	{ \
		declarations; \
		return call; \
	}

CALLS(get, char value[64], books_get(b, "contact", value, sizeof value, f))
CALLS(newest_time, int64_t t, books_newest_time(b, &t, f))
CALLS(id_used, bool used, books_id_used(b, id_of(1), &used, f))
CALLS(draw_id, uint8_t id[ID_SIZE], books_draw_id(b, id, f))
CALLS(draw_stick, uint8_t id[ID_SIZE], books_draw_stick(b, id, f))
CALLS(next_n, uint32_t n, books_next_n(b, stick, &n, f))
CALLS(get_usb, uint8_t usb[HASH_SIZE]; bool found, books_get_usb(b, stick, usb, &found, f))
CALLS(find_stick, uint8_t id[ID_SIZE]; unsigned count, books_find_stick(b, "a8n2mb", id, &count, f))
CALLS(stick_label, char label[LABEL_MAX + 1]; bool known, books_stick_label(b, stick, label, &known, f))
CALLS(slot_numbered, struct books_numbered slot, books_slot_numbered(b, stick, 2, &slot, f))
CALLS(stick_of, uint8_t id[ID_SIZE]; bool found, books_stick_of(b, id_of(1), id, &found, f))
CALLS(find_lecture, uint8_t id[ID_SIZE]; unsigned count,
    books_find_lecture(b, &(struct books_wanted){stick, NULL, T0, 2}, id, &count, f))
CALLS(evidence, struct books_evidence e, books_evidence(b, id_of(1), 0, &e, f))

static enum err
grant(struct fault *f)
{
	struct grant g = {0};
	bool found = false;
	enum err err = books_grant(b, id_of(1), &g, &found, f);

	if (err == E_OK)
		grant_free(&g);
	return err;
}

static enum err
newest_notice(struct fault *f)
{
	uint8_t *cose = NULL;
	uint32_t number = 0;
	size_t n = 0;
	enum err err = books_newest_notice(b, &cose, &n, &number, f);

	SEE(err == E_OK ? number > 0 && n == 6 : cose == NULL && number == 0);
	free(cose);
	return err;
}

static enum err
notice_content(struct fault *f)
{
	struct notice n = {0};
	enum err err = books_notice_content(b, T0, &n, f);

	SEE(err == E_OK ? n.grant_count >= 2 : n.grant_count == 0);
	notice_free(&n);
	return err;
}

static enum err
all_offers(struct fault *f)
{
	struct books_offer *list = NULL;
	size_t n = 0;
	enum err err = books_offers(b, &list, &n, f);

	SEE(err == E_OK ? n >= 3 && list != NULL : list == NULL && n == 0);
	free(list);
	return err;
}

static enum err
one_moment(struct fault *f)
{
	enum err err = books_begin_reading(b, f);

	return err == E_OK ? books_end(b, sticks(f), f) : err;
}

static enum err
open_books(struct fault *f)
{
	struct books *again = NULL;
	enum err err = books_open(&again, dir, false, f);

	SEE((err == E_OK) == (again != NULL));
	books_close(&again);
	return err;
}

static const struct call readers[] = {
    {"books_open", open_books, READS},
    {"books_sticks", sticks, READS}, {"books_holders", holders, READS}, {"books_slots", slots, READS},
    {"books_slots_of_sticks", slots_of_sticks, READS}, {"books_slots_of_holder", slots_of_holder, READS},
    {"books_slots_of_grant", slots_of_grant, READS}, {"books_ranges", ranges, READS}, {"books_lectures", lectures, READS},
    {"books_get", get, READS}, {"books_newest_time", newest_time, READS}, {"books_id_used", id_used, READS},
    {"books_draw_id", draw_id, READS}, {"books_draw_stick", draw_stick, READS}, {"books_get_usb", get_usb, READS},
    {"books_next_n", next_n, READS},
    {"books_find_stick", find_stick, READS}, {"books_stick_label", stick_label, READS},
    {"books_slot_numbered", slot_numbered, READS}, {"books_stick_of", stick_of, READS},
    {"books_find_lecture", find_lecture, READS}, {"books_evidence", evidence, READS}, {"books_grant", grant, READS},
    {"books_newest_notice", newest_notice, READS}, {"books_offers", all_offers, READS},
    {"books_notice_content", notice_content, READS}, {"books_begin_reading", one_moment, READS},
};

CALLS(set, char text[8], (snprintf(text, sizeof text, "%u", turn), books_set(b, "contact", text, f)))
CALLS(new_bundle, (void)f, books_new_bundle(b, id_of((uint8_t)(0xc0 + turn)), T0, "folder", f))
CALLS(add_stick, (void)f, books_add_stick(b, id_of((uint8_t)(0xd0 + turn)), "new", f))
CALLS(set_usb, uint8_t usb[HASH_SIZE] = {9}; bool elsewhere = (usb[1] = turn) == 0, books_set_usb(b, stick, usb, &elsewhere, f))
CALLS(set_serial, char text[8], (snprintf(text, sizeof text, "%u", turn), books_set_serial(b, stick, text, f)))
CALLS(seen_n, uint32_t before, books_seen_n(b, stick, 7u + turn, &before, f))
CALLS(add_grant, (void)f, add_lecture((uint8_t)(10 + turn), f))
CALLS(set_spent, (void)f, books_set_state(b, &(struct books_change){.grant_id = id_of(2), .slot = turn, .state = BOOKS_SPENT,
    .receipt = BYTES("other", 5), .spent_at = T0 + 1, .now = T0 + 2, .verb = "collect", .detail = "x"}, f))
CALLS(second, bool added = false, books_add_second(b, &(struct books_change){.grant_id = id_of(1), .slot = turn,
    .receipt = BYTES("second", 6), .now = T0, .verb = "collect"}, &added, f))
CALLS(seen_live, (void)f, books_seen_live(b, id_of(3), turn, T0 + 3, f))
CALLS(set_gone, (void)f, books_set_gone(b, id_of((uint8_t)(1 + turn)), T0, "erase", f))
CALLS(event, (void)f, books_event(b, &(struct books_event){T0, "test", id_of(1), 1, "Kim", "detail"}, f))
CALLS(keep_notice, (void)f, books_keep_notice(b, 10u + turn, T0, BYTES("kept", 4), f))
CALLS(store_notice, (void)f, store_list(20u + turn, (uint8_t)(0x60 + turn), (uint8_t)(0xe0 + turn), f))

static enum err
take(struct fault *f)
{
	struct books_slot *list = NULL;
	uint32_t have = 77;
	enum err err = books_take(b, &(struct books_take){id_of(3), 1, "Lee", T0}, &list, &have, f);

	SEE(err == E_OK ? have == 1 && list != NULL : list == NULL && have == 0);
	free(list);
	return err;
}

static enum err
all_or_nothing(struct fault *f)
{
	enum err err = books_begin(b, f);

	if (err != E_OK)
		return err;
	if ((err = books_event(b, &(struct books_event){T0, "part", id_of(1), 2, NULL, NULL}, f)) == E_OK)
		err = books_seen_live(b, id_of(1), 2, T0 + 9 + turn, f);
	return books_end(b, err, f);
}

static const struct call writers[] = {
    {"books_set", set, CHANGES}, {"books_new_bundle", new_bundle, CHANGES}, {"books_add_stick", add_stick, CHANGES},
    {"books_set_usb", set_usb, CHANGES}, {"books_set_serial", set_serial, CHANGES},
    {"books_seen_n", seen_n, CHANGES}, {"books_add_grant", add_grant, CHANGES},
    {"books_take", take, CHANGES}, {"books_set_state", set_spent, CHANGES}, {"books_add_second", second, CHANGES},
    {"books_seen_live", seen_live, CHANGES}, {"books_set_gone", set_gone, CHANGES}, {"books_event", event, CHANGES},
    {"books_keep_notice", keep_notice, CHANGES}, {"books_store_notice", store_notice, CHANGES},
    {"books_begin", all_or_nothing, CHANGES},
};

START_TEST(books_that_fail_to_be_read_are_not_empty)
{
	each_call(readers, sizeof readers / sizeof *readers, (enum kind)_i, E_BOOKS);
}
END_TEST

/* Made whole, or not at all: what is in a new directory after a failure is what one can make them in. */
START_TEST(what_fails_to_be_made_is_not_there)
{
	char made[4200], name[4300];
	unsigned n, done = 0; /* how many had nothing more to fail */
	enum err err = E_OK;

	for (n = 1; n < 1000 && done < 2; n++) {
		struct fault f = {0};
		struct books *fresh = NULL;
		struct station *station = NULL;
		bool of_station = n % 2 == 0;

		snprintf(made, sizeof made, "%s/made%u", x.path, n);
		snprintf(name, sizeof name, "%s/%s", made, of_station ? "station.sqlite" : BOOKS_NAME);
		plan.kind = (enum kind)_i, plan.left = (n + 1) / 2, plan.hit = false, plan.armed = true;
		err = of_station ? station_open(&station, made, STATION_WRITE, &f) : books_open(&fresh, made, true, &f);
		plan.armed = false;
		if (plan.hit) {
			ck_assert_int_eq(err, _i >= SHORT ? E_FAIL : of_station ? E_STATION : E_BOOKS);
			ck_assert(fresh == NULL && station == NULL && f.err == err);
			plan.hit = false;
			err = of_station ? station_open(&station, made, STATION_WRITE, &f) : books_open(&fresh, made, true, &f);
		}
		ck_assert_int_eq(err, E_OK);
		books_close(&fresh);
		station_close(&station);
		ck_assert_int_eq(access(name, R_OK), 0);
		done = plan.left > 0 ? done + 1 : 0;
	}
	ck_assert_uint_gt(n, 3);
}
END_TEST

START_TEST(books_that_fail_to_be_written_are_as_before)
{
	each_call(writers, sizeof writers / sizeof *writers, (enum kind)_i, E_BOOKS);
}
END_TEST

/* ---- a PC's memory ------------------------------------------------------------------------------------------ */

static struct station *s;
static uint8_t grant_hash[HASH_SIZE], issuer[KEY_SIZE], stranger[KEY_SIZE];

#define MEMORY_CALL(op, ...) memory_##op(station_memory(s), __VA_ARGS__, f)

static struct memory_use
a_use(uint32_t slot)
{
	struct memory_use u = {.state = MEMORY_CLAIMED, .slot = slot, .limit_s = 3600, .blob_len = 64, .receipt_len = 80};

	memcpy(u.grant_hash, grant_hash, HASH_SIZE);
	memcpy(u.issuer, issuer, KEY_SIZE);
	memset(u.nonce, 0x40, NONCE_SIZE);
	return u;
}

static enum err
learn_list(uint32_t number, bool outside, struct fault *f)
{
	struct notice n = {.number = number, .time = T0 + number};
	const uint8_t signed_file[6] = {(uint8_t)number};
	bool armed = plan.armed;
	enum err err;

	plan.armed = false;
	memcpy(n.issuer, issuer, KEY_SIZE);
	ck_assert_int_eq(notice_revoke(&n, id_of((uint8_t)number), 1), 0);
	plan.armed = armed;
	err = outside ? station_learn_notice(s, &n, BYTES(signed_file, 6), f) : MEMORY_CALL(learn, &n, BYTES(signed_file, 6));
	notice_free(&n);
	return err;
}

static enum err
claim_slot(uint32_t slot, struct fault *f)
{
	struct memory_use u = a_use(slot);

	u.blob_len = u.receipt_len = 0;
	return MEMORY_CALL(claim, &u, T0);
}

static enum err
complete_slot(uint32_t slot, struct fault *f)
{
	struct memory_use u = a_use(slot);

	return MEMORY_CALL(complete, &u);
}

static enum err
open_slot(uint32_t slot, struct fault *f)
{
	const struct memory_opening o = {
	    .first = true, .opened_at = T0, .used_s = 15, .began = {"a start of this", 70}, .now = T0 + slot};

	return MEMORY_CALL(opened, grant_hash, slot, &o);
}

static void
station_setup(void)
{
	struct fault f = {0};

	memset(&plan, 0, sizeof plan);
	turn = 0;
	fixture_open(&x);
	snprintf(dir, sizeof dir, "%s/memory", x.path);
	snprintf(file, sizeof file, "%s/station.sqlite", dir);
	memset(grant_hash, 0x61, sizeof grant_hash);
	memset(issuer, 0x15, sizeof issuer);
	ck_assert_int_eq(station_open(&s, dir, STATION_WRITE, &f), E_OK);
	ck_assert_int_eq(access(file, R_OK), 0);
	ck_assert_int_eq(station_pin(s, issuer, &f), E_OK);
	ck_assert_int_eq(learn_list(1, true, &f), E_OK);
	ck_assert_int_eq(claim_slot(100, &f), E_OK);
	ck_assert_int_eq(complete_slot(100, &f), E_OK);
	ck_assert_int_eq(open_slot(100, &f), E_OK);
}

static void
station_teardown(void)
{
	plan.armed = false;
	station_close(&s);
	fixture_close(&x);
}

static void
seen(void *arg, const struct memory_use *u)
{
	(void)u;
	++*(unsigned *)arg;
}

static enum err
each_open(struct fault *f)
{
	unsigned count = 0;
	enum err err = MEMORY_CALL(each_open, seen, &count);

	SEE(err != E_OK || count > 0);
	return err;
}

static enum err
notice_file(struct fault *f)
{
	uint8_t *bytes = NULL;
	size_t n = 0;
	enum err err = MEMORY_CALL(notice_file, issuer, &bytes, &n);

	SEE(err == E_OK ? n == 6 : bytes == NULL);
	free(bytes);
	return err;
}

static enum err
summarise(struct fault *f)
{
	struct station_summary all = {0};
	enum err err = station_summarise(s, &all, f);

	SEE(err == E_OK ? all.issuer_count == 1 && all.open >= 1 : all.issuers == NULL);
	station_summary_free(&all);
	return err;
}

static enum err
receipts(struct fault *f)
{
	uint8_t *bytes = NULL;
	size_t n = 0;
	enum err err = station_receipts(s, &bytes, &n, f);

	SEE(err == E_OK ? n > 80 : bytes == NULL);
	__real_free(bytes); /* made by libcbor */
	return err;
}

CALLS(known_issuer, struct memory_issuer out, MEMORY_CALL(issuer, issuer, &out))
CALLS(unknown_issuer, struct memory_issuer out, MEMORY_CALL(issuer, stranger, &out))
CALLS(closed_list, bool closed, MEMORY_CALL(closed_list, &closed))
CALLS(revoked, struct memory_revoked is, MEMORY_CALL(revoked, (&(struct memory_target){issuer, id_of(1), id_of(1), 1}), &is))
CALLS(marks, struct memory_marks out, MEMORY_CALL(marks, &out))
CALLS(use, struct memory_use out, MEMORY_CALL(use, grant_hash, 100, &out))
CALLS(station_pk, uint8_t pk[KEY_SIZE], MEMORY_CALL(station_pk, pk))
CALLS(share, uint8_t xpk[KEY_SIZE] = {9}; uint8_t out[HASH_SIZE], MEMORY_CALL(share, xpk, out))

static enum err
open_station(struct fault *f)
{
	struct station *again = NULL;
	enum err err = station_open(&again, dir, STATION_WRITE, f);

	SEE((err == E_OK) == (again != NULL));
	station_close(&again);
	return err;
}

static enum err
open_station_to_read(struct fault *f)
{
	struct station *again = NULL;
	enum err err = station_open(&again, dir, STATION_READ, f);

	SEE((err == E_OK) == (again != NULL));
	station_close(&again);
	return err;
}

static const struct call lookers[] = {
    {"station_open", open_station, READS}, {"station_open to read", open_station_to_read, READS},
    {"issuer", known_issuer, READS}, {"issuer of nobody", unknown_issuer, READS}, {"closed_list", closed_list, READS},
    {"notice_file", notice_file, READS}, {"revoked", revoked, READS}, {"marks", marks, READS}, {"use", use, READS},
    {"each_open", each_open, READS}, {"station_pk", station_pk, READS}, {"share", share, READS},
    {"station_summarise", summarise, READS}, {"station_receipts", receipts, READS},
};

CALLS(learn, (void)f, learn_list(2u + turn, false, f))
CALLS(learn_notice, (void)f, learn_list(12u + turn, true, f))
CALLS(claim, (void)f, claim_slot(turn, f))
CALLS(complete, (void)f, complete_slot(turn, f))
CALLS(opened, (void)f, open_slot(turn, f))
CALLS(used, (void)f, MEMORY_CALL(used, grant_hash, turn, 77))
CALLS(close_it, (void)f, MEMORY_CALL(close, grant_hash, turn, 99))
CALLS(claim_other, (void)f, claim_slot(50u + turn, f))
CALLS(forget, (void)f, MEMORY_CALL(forget, grant_hash, 50u + turn))
CALLS(pin, uint8_t pk[KEY_SIZE] = {7}, station_pin(s, (pk[1] = turn, pk), f))
CALLS(pin_only, (void)f, station_pin_only(s, turn % 2 == 0, f))
CALLS(reset_clock, (void)f, station_reset_clock(s, T0 - turn, f))

static const struct call keepers[] = {
    {"learn", learn, CHANGES}, {"station_learn_notice", learn_notice, CHANGES}, {"claim", claim, CHANGES},
    {"complete", complete, CHANGES}, {"opened", opened, CHANGES}, {"used", used, CHANGES}, {"close", close_it, CHANGES},
    {"claim", claim_other, CHANGES}, {"forget", forget, CHANGES}, {"station_pin", pin, CHANGES},
    {"station_pin_only", pin_only, CHANGES}, {"station_reset_clock", reset_clock, CHANGES},
};

START_TEST(a_memory_that_fails_to_be_read_is_not_empty)
{
	each_call(lookers, sizeof lookers / sizeof *lookers, (enum kind)_i, E_STATION);
}
END_TEST

START_TEST(a_memory_that_fails_to_be_written_is_as_before)
{
	each_call(keepers, sizeof keepers / sizeof *keepers, (enum kind)_i, E_STATION);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sqlfaults");
	TCase *tc = tcase_create("books"), *pc = tcase_create("station");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, books_setup, books_teardown);
	tcase_add_loop_test(tc, books_that_fail_to_be_read_are_not_empty, 0, KINDS);
	tcase_add_loop_test(tc, what_fails_to_be_made_is_not_there, 0, KINDS);
	tcase_add_loop_test(tc, books_that_fail_to_be_written_are_as_before, 0, KINDS);
	suite_add_tcase(suite, pc);
	tcase_set_timeout(pc, 60);
	tcase_add_checked_fixture(pc, station_setup, station_teardown);
	tcase_add_loop_test(pc, a_memory_that_fails_to_be_read_is_not_empty, 0, KINDS);
	tcase_add_loop_test(pc, a_memory_that_fails_to_be_written_is_as_before, 0, KINDS);
	return suite_run(suite);
}
