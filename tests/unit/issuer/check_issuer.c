/*
 * check_issuer.c - the issuer's directory, clock, passphrase, list, and the names of sticks and codes.
 */
#include "config.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "fixture.h"
#include "issuer.h"
#include "keystore.h"
#include "keytree.h"
#include "suite.h"

#define PASS BYTES("correct horse", 13)
#define DAY 86400

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct fault f;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	memset(&f, 0, sizeof f);
}

static void
teardown(void)
{
	issuer_close(&office);
	fixture_grant_free(&g);
	fixture_close(&x);
}

START_TEST(an_issuer_is_there_whole_or_not_at_all)
{
	char dir[200];
	struct issuer i;

	snprintf(dir, sizeof dir, "%s/new", x.path);
	ck_assert_int_eq(issuer_open(&i, dir, ISSUER_TO_WRITE, &f), E_KEYSTORE);
	ck_assert_int_eq(f.why, WHY_NO_ISSUER);
	ck_assert_str_eq(f.object, dir);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	fault_clear(&f);
	ck_assert_int_eq(issuer_open(&i, dir, ISSUER_TO_WRITE, &f), E_KEYSTORE);
	ck_assert_int_eq(f.why, WHY_NO_KEYSTORE);
	ck_assert_int_eq(i.dir_fd, -1);
}
END_TEST

START_TEST(books_that_are_lost_are_begun_anew_only_when_wanted)
{
	struct issuer i;

	ck_assert_int_eq(keystore_create(office.dir_fd, x.seed, PASS, &f), E_OK);
	books_close(&office.books);
	ck_assert_int_eq(unlinkat(office.dir_fd, BOOKS_NAME, 0), 0);
	ck_assert_int_eq(issuer_open(&i, office.dir, ISSUER_TO_WRITE, &f), E_BOOKS);
	ck_assert_int_eq(f.sys, ENOENT);
	fault_clear(&f);
	ck_assert_int_eq(issuer_open(&i, office.dir, ISSUER_TO_BEGIN, &f), E_OK);
	ck_assert_mem_eq(i.pk, x.pk, KEY_SIZE);
	issuer_close(&i);
	ck_assert_int_eq(issuer_open(&i, office.dir, ISSUER_TO_READ, &f), E_OK);
	issuer_close(&i);
}
END_TEST

START_TEST(the_seed_is_there_for_the_right_passphrase)
{
	struct issuer i;

	ck_assert_int_eq(keystore_create(office.dir_fd, x.seed, PASS, &f), E_OK);
	ck_assert_int_eq(issuer_open(&i, office.dir, ISSUER_TO_WRITE, &f), E_OK);
	ck_assert_int_eq(issuer_unlock(&i, BYTES("wrong", 5), &f), E_PASSPHRASE);
	ck_assert_ptr_null(i.seed);
	fault_clear(&f);
	ck_assert_int_eq(issuer_unlock(&i, PASS, &f), E_OK);
	ck_assert_mem_eq(i.seed, x.seed, KEY_SIZE);
	ck_assert_mem_eq(i.sk, x.sk, SIGN_SECRET_SIZE);
	issuer_close(&i);
	ck_assert_ptr_null(i.seed);
}
END_TEST

static mode_t others; /* what everybody may do with each new file, whatever was asked for, as on vfat */

int __real_filestat_at(int dir_fd, const char *name, struct stat *st);
int __wrap_filestat_at(int dir_fd, const char *name, struct stat *st);
int
__wrap_filestat_at(int dir_fd, const char *name, struct stat *st)
{
	int r = __real_filestat_at(dir_fd, name, st);

	st->st_mode |= others;
	return r;
}

START_TEST(where_everybody_may_write_no_secret_is_made)
{
	static const mode_t rights[] = {S_IWGRP, S_IWOTH};
	DIR *dir = NULL;

	ck_assert_int_eq(issuer_check_rights(office.dir_fd, &f), E_OK);
	others = rights[_i];
	ck_assert_int_eq(issuer_check_rights(office.dir_fd, &f), E_KEYSTORE);
	ck_assert(f.err == E_KEYSTORE && f.why == WHY_NO_RIGHTS);
	fault_clear(&f);
	others = S_IRGRP | S_IROTH;
	ck_assert_int_eq(issuer_check_rights(office.dir_fd, &f), E_OK);
	others = 0;
	ck_assert_int_eq(issuer_check_rights(-1, &f), E_KEYSTORE);
	ck_assert(f.why == WHY_MAKE_FILE && f.sys == EBADF);
	ck_assert_ptr_nonnull(dir = opendir(office.dir));
	for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
		ck_assert_msg(strncmp(d->d_name, "rights", 6) != 0, "%s", d->d_name);
	(void)closedir(dir);
}
END_TEST

START_TEST(rights_of_others_are_seen)
{
	ck_assert_int_eq(keystore_create(office.dir_fd, x.seed, PASS, &f), E_OK);
	ck_assert_int_eq(fchmod(office.dir_fd, 0700), 0);
	ck_assert_int_eq(issuer_rights(&office), ISSUER_PRIVATE);
	ck_assert_int_eq(fchmod(office.dir_fd, 0711), 0);
	ck_assert_int_eq(issuer_rights(&office), ISSUER_DIR_OPEN);
	ck_assert_int_eq(fchmodat(office.dir_fd, KEYSTORE_NAME, 0640, 0), 0);
	ck_assert_int_eq(issuer_rights(&office), ISSUER_FILES_OPEN);
	ck_assert_int_eq(issuer_check_rights(office.dir_fd, &f), E_OK);
}
END_TEST

static enum issuer_clock
clock_at(int64_t now, int64_t *newest)
{
	enum issuer_clock clock = ISSUER_CLOCK_FINE;

	office.now = now;
	ck_assert_int_eq(issuer_clock(&office, &clock, newest, &f), E_OK);
	return clock;
}

START_TEST(a_clock_is_held_against_what_was_signed)
{
	int64_t newest = 0;

	ck_assert_int_eq(clock_at(BUILD_DATE - 1, &newest), ISSUER_CLOCK_OLD);
	ck_assert_int_eq(clock_at(BUILD_DATE, &newest), ISSUER_CLOCK_FINE);
	ck_assert_int_eq(newest, 0);
	ck_assert_int_eq(clock_at(BUILD_DATE + 6 * 366ll * DAY, &newest), ISSUER_CLOCK_FAR);
	g.g.issued = BUILD_DATE + 100 * DAY;
	fixture_book(&office, &g.g);
	ck_assert_int_eq(clock_at(g.g.issued - 1, &newest), ISSUER_CLOCK_BACK);
	ck_assert_int_eq(newest, g.g.issued);
	ck_assert_int_eq(clock_at(g.g.issued + 30 * DAY, &newest), ISSUER_CLOCK_FINE);
	ck_assert_int_eq(clock_at(g.g.issued + 30 * DAY + 1, &newest), ISSUER_CLOCK_FAR);
}
END_TEST

static uint32_t
publish(void)
{
	uint8_t *file = NULL;
	size_t n = 0;
	uint32_t number = 7;

	ck_assert_int_eq(issuer_publish(&office, &file, &n, &number, &f), E_OK);
	ck_assert_uint_eq(office.list_n, n);
	ck_assert_int_eq(file != NULL, number > 0);
	free(file);
	return number;
}

START_TEST(a_list_is_made_when_there_is_something_new)
{
	uint32_t first = 0, count = 0;

	ck_assert_uint_eq(publish(), 0);
	fixture_book(&office, &g.g);
	ck_assert_uint_eq(publish(), 0);
	ck_assert_int_eq(books_set_state(office.books, &(struct books_change){.grant_id = g.g.id, .state = BOOKS_REVOKED,
	    .now = office.now, .verb = "test", .detail = ""}, &f), E_OK);
	ck_assert_uint_gt(first = publish(), 0);
	ck_assert_uint_eq(publish(), first);
	ck_assert_int_eq(issuer_revoke_stick(&office, x.stick_id, "test", &count, &f), E_OK);
	ck_assert_uint_eq(count, FIXTURE_SLOTS - 1);
	ck_assert_uint_gt(publish(), first);
	ck_assert_int_eq(issuer_revoke_stick(&office, x.stick_id, "test", &count, &f), E_OK);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_stick_is_found_by_its_name_or_its_id)
{
	char name[STICK_NAME_SIZE], hex[2 * ID_SIZE + 1];
	uint8_t id[ID_SIZE] = {0};

	keytree_stick_name(name, x.stick_id);
	bytes_to_hex(hex, x.stick_id, ID_SIZE);
	ck_assert(issuer_is_name(name));
	ck_assert(issuer_is_name(hex));
	ck_assert(!issuer_is_name("/media/stick"));
	ck_assert_int_eq(issuer_find(&office, name, id, &f), E_NO_STICK);
	ck_assert_int_eq(f.why, WHY_UNKNOWN_STICK);
	ck_assert_str_eq(f.object, name);
	fault_clear(&f);
	ck_assert_int_eq(issuer_find(&office, hex, id, &f), E_NO_STICK);
	ck_assert(sodium_is_zero(id, ID_SIZE));
	fixture_book(&office, &g.g);
	ck_assert_int_eq(issuer_find(&office, name, id, &f), E_OK);
	ck_assert_mem_eq(id, x.stick_id, ID_SIZE);
	memset(id, 0, ID_SIZE);
	ck_assert_int_eq(issuer_find(&office, hex, id, &f), E_OK);
	ck_assert_mem_eq(id, x.stick_id, ID_SIZE);
}
END_TEST

START_TEST(sticks_that_are_shown_alike_are_not_mixed_up)
{
	char name[STICK_NAME_SIZE];
	uint8_t id[ID_SIZE], other[ID_SIZE];

	fixture_book(&office, &g.g);
	memcpy(other, x.stick_id, ID_SIZE);
	other[ID_SIZE - 1] ^= 1;
	ck_assert_int_eq(books_add_stick(office.books, other, "", &f), E_OK);
	keytree_stick_name(name, x.stick_id);
	ck_assert_int_eq(issuer_find(&office, name, id, &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_ALIKE);
	ck_assert_str_eq(f.object, name);
}
END_TEST

START_TEST(a_code_is_found_by_its_number)
{
	static const char *const none[] = {"", "/", "/1", "7kq241", "7kq241/", "7kq241/0", "7kq241/01", "7kq241/1x", "7kq241/-1",
	    "7kq241/99999999999", "7kq24/1", "../1"};
	char name[STICK_NAME_SIZE], text[ISSUER_SLOT_NAME], shown[ISSUER_SLOT_NAME];
	struct books_slot slot;
	uint32_t last = 0;

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		fault_clear(&f);
		ck_assert_msg(issuer_find_code(&office, none[i], &slot, &last, &f) == E_USAGE, "%s", none[i]);
		ck_assert_int_eq(f.why, WHY_NO_CODE_NAME);
	}
	fixture_book(&office, &g.g);
	keytree_stick_name(name, x.stick_id);
	snprintf(text, sizeof text, "%s/3", name);
	ck_assert_int_eq(issuer_find_code(&office, text, &slot, &last, &f), E_OK);
	ck_assert_uint_eq(slot.slot, 2);
	issuer_slot_name(shown, &slot);
	ck_assert_str_eq(shown, text);
	snprintf(text, sizeof text, "%s/4", name);
	fault_clear(&f);
	ck_assert_int_eq(issuer_find_code(&office, text, &slot, &last, &f), E_CODE_UNKNOWN);
	ck_assert_uint_eq(last, FIXTURE_SLOTS);
}
END_TEST

SUITE("issuer", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, an_issuer_is_there_whole_or_not_at_all);
	tcase_add_test(t, books_that_are_lost_are_begun_anew_only_when_wanted);
	tcase_add_test(t, the_seed_is_there_for_the_right_passphrase);
	tcase_add_loop_test(t, where_everybody_may_write_no_secret_is_made, 0, 2);
	tcase_add_test(t, rights_of_others_are_seen);
	tcase_add_test(t, a_clock_is_held_against_what_was_signed);
	tcase_add_test(t, a_list_is_made_when_there_is_something_new);
	tcase_add_test(t, a_stick_is_found_by_its_name_or_its_id);
	tcase_add_test(t, sticks_that_are_shown_alike_are_not_mixed_up);
	tcase_add_test(t, a_code_is_found_by_its_number);
}
