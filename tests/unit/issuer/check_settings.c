/*
 * check_settings.c - settings of an issuer that are changed: they count, and the log has who did it; or neither.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "books_pc.h"
#include "fixture.h"
#include "issuer.h"
#include "keystore.h"
#include "secret.h"
#include "settings.h"
#include "suite.h"

#define PASS BYTES("pw", 2)
#define OTHER BYTES("another", 7)

static struct fixture x;
static struct issuer office;
static struct fault f;
static uint8_t *was; /* the keystore's file */
static size_t was_n;
static enum why replaced; /* what keystore_replace says, unless WHY_NONE */

static unsigned left; /* steps of SQLite until one fails; 0: none does */

int __real_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st);
int
__wrap_sqlite3_step(sqlite3_stmt *st)
{
	return left > 0 && --left == 0 ? SQLITE_IOERR : __real_sqlite3_step(st);
}

enum err __real_keystore_replace(int dir_fd, const struct keystore_change *k, struct fault *fault);
enum err __wrap_keystore_replace(int dir_fd, const struct keystore_change *k, struct fault *fault);
enum err
__wrap_keystore_replace(int dir_fd, const struct keystore_change *k, struct fault *fault)
{
	if (replaced == WHY_NONE)
		return __real_keystore_replace(dir_fd, k, fault);
	return fault_why(fault, E_KEYSTORE, 5, replaced, "%s", KEYSTORE_NAME);
}

static void
setup(void)
{
	left = 0;
	replaced = WHY_NONE;
	memset(&f, 0, sizeof f);
	fixture_open(&x);
	fixture_issuer(&x, &office);
	ck_assert_int_eq(keystore_create(office.dir_fd, x.seed, PASS, &f), E_OK);
	ck_assert_int_eq(keystore_load(office.dir_fd, &was, &was_n, &f), E_OK);
}

static void
teardown(void)
{
	left = 0;
	free(was);
	issuer_close(&office);
	fixture_close(&x);
}

static int64_t
newest_event(void)
{
	struct books_mark m;

	ck_assert_int_eq(books_newest_mark(office.books, &m, &f), E_OK);
	return m.no;
}

static bool
opens(struct bytes pass)
{
	uint8_t *seed = NULL;
	enum err e = keystore_open(office.dir_fd, pass, &seed, NULL);

	secret_free(&seed);
	return e == E_OK;
}

/* ---- each with books that fail ----------------------------------------------------------------------------------------------- */

static enum err
set_contact(void)
{
	return settings_contact(&office, "Kim, 12", &f);
}

static bool
contact_is_set(void)
{
	char text[sizeof office.contact];

	ck_assert_int_eq(books_get(office.books, "contact", text, sizeof text, &f), E_OK);
	ck_assert_str_eq(text, office.contact);
	return strcmp(text, "Kim, 12") == 0;
}

static enum err
set_pc_name(void)
{
	return settings_pc_name(&office, x.stick_id, "Hall 3", &f);
}

static bool
pc_name_is_set(void)
{
	char name[LABEL_MAX + 1];

	ck_assert_int_eq(books_pc_name(office.books, x.stick_id, name, &f), E_OK);
	return strcmp(name, "Hall 3") == 0;
}

/* The keystore comes last: if only what follows it fails, the new passphrase counts, and that is said. */
static enum err
set_passphrase(void)
{
	bool counts = false;
	enum err e = settings_passphrase(&office, BYTES(was, was_n), OTHER, &counts, &f);

	ck_assert_int_eq(counts, opens(OTHER));
	ck_assert_int_eq(counts, !opens(PASS));
	return e;
}

static bool
passphrase_is_set(void)
{
	return opens(OTHER);
}

static const struct {
	enum err (*set)(void);
	bool (*is_set)(void);
} settings[] = {{set_contact, contact_is_set}, {set_pc_name, pc_name_is_set}, {set_passphrase, passphrase_is_set}};

START_TEST(what_is_set_counts_and_is_in_the_log_or_neither)
{
	int64_t before = newest_event();
	enum err e = E_FAIL;
	unsigned n = 1;

	for (; n < 200; n++) {
		left = n;
		e = settings[_i].set();
		if (left > 0 || (_i == 2 && e != E_OK && passphrase_is_set()))
			break;
		ck_assert_msg(e == E_BOOKS && f.err == e, "step %u: %s", n, err_name(e));
		fault_clear(&f);
		ck_assert_msg(!settings[_i].is_set() && newest_event() == before, "step %u: half done", n);
	}
	left = 0;
	ck_assert_uint_gt(n, 1);
	ck_assert(settings[_i].is_set());
	ck_assert(_i == 2 || e == E_OK);
	ck_assert(e != E_OK || newest_event() == before + 1);
}
END_TEST

/* ---- each by itself ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_contact_that_is_the_same_is_no_event)
{
	int64_t before = 0;

	ck_assert_int_eq(set_contact(), E_OK);
	before = newest_event();
	ck_assert_int_eq(set_contact(), E_OK);
	ck_assert_int_eq(newest_event(), before);
	ck_assert_int_eq(settings_contact(&office, "", &f), E_OK);
	ck_assert_str_eq(office.contact, "");
	ck_assert(!contact_is_set());
	ck_assert_int_eq(newest_event(), before + 1);
}
END_TEST

START_TEST(a_passphrase_counts_once_its_keystore_has_the_name)
{
	static const enum why whys[] = {WHY_MAKE_FILE, WHY_MAKE_DURABLE};
	int64_t before = newest_event();
	bool counts = _i == 0;

	replaced = whys[_i];
	ck_assert_int_eq(settings_passphrase(&office, BYTES(was, was_n), OTHER, &counts, &f), E_KEYSTORE);
	ck_assert(f.err == E_KEYSTORE && f.why == whys[_i] && f.sys == 5);
	ck_assert_int_eq(counts, _i == 1);
	ck_assert_int_eq(newest_event(), before);
}
END_TEST

START_TEST(a_keystore_that_somebody_changed_meanwhile_stays)
{
	bool counts = true;

	was[was_n - 1] ^= 1;
	ck_assert_int_eq(settings_passphrase(&office, BYTES(was, was_n), OTHER, &counts, &f), E_PASSPHRASE);
	ck_assert(!counts && opens(PASS));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("settings");
	TCase *t = tcase_create("all");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_set_counts_and_is_in_the_log_or_neither, 0, 3);
	tcase_add_test(t, a_contact_that_is_the_same_is_no_event);
	tcase_add_loop_test(t, a_passphrase_counts_once_its_keystore_has_the_name, 0, 2);
	tcase_add_test(t, a_keystore_that_somebody_changed_meanwhile_stays);
	suite_add_tcase(s, t);
	return suite_run(s);
}
