/*
 * check_verify.c - damage is found and counted, and its files are named if a key fits; nothing is spent by that.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "fixture.h"
#include "record.h"
#include "suite.h"
#include "verify.h"

static struct fixture x;
static struct fixture_grant g;
static struct stick *stick;
static struct stick_grants grants;
static struct verify_task task;
static struct verify_found *all;
static size_t count;
static struct fault f;
static unsigned started, ended, well;
static int stop;

static void
on_start(void *arg)
{
	(void)arg;
	started++;
}

static int
on_update(void *arg, uint64_t done, uint64_t all_bytes)
{
	(void)arg;
	ck_assert_uint_le(done, all_bytes);
	return stop;
}

static void
on_end(void *arg, bool ok)
{
	(void)arg;
	ended++;
	well += ok;
}

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	task = (struct verify_task){.start = on_start, .update = on_update, .end = on_end};
	started = ended = well = 0;
	stop = 0;
	fault_clear(&f);
}

static void
forget(void)
{
	verify_free(&all, count);
	count = 0;
	stick_grants_free(&grants);
	stick_close(&stick);
}

static void
teardown(void)
{
	forget();
	fixture_grant_free(&g);
	fixture_close(&x);
}

static enum err
verify(void)
{
	forget();
	ck_assert_int_eq(stick_open(&stick, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_load_grants(stick, &grants, &f), E_OK);
	task.stick = stick;
	task.grants = &grants;
	return verify_all(&all, &count, &task, &f);
}

/* Every byte of a block of the image is another one; once more, and it is as it was. */
static void
turn(uint64_t block)
{
	char hex[2 * ID_SIZE + 1], name[100];
	size_t n = 0;
	uint8_t *file;

	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "b/%s/00000000.seg", hex);
	file = fixture_get(&x, name, &n);
	ck_assert_uint_ge(n, (block + 1) * BLOCK_SIZE);
	for (size_t i = 0; i < BLOCK_SIZE; i++)
		file[block * BLOCK_SIZE + i] ^= 0xff;
	fixture_patch(&x, name, block * BLOCK_SIZE, file + block * BLOCK_SIZE, BLOCK_SIZE);
	free(file);
}

START_TEST(what_is_whole_is_read_once)
{
	struct fixture_grant more;

	fixture_grant(&x, &more, fixture_policy(), 0, NULL);
	task.seed = x.seed;
	ck_assert_int_eq(verify(), E_OK);
	ck_assert_uint_eq(grants.count, 2);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(all[0].result, E_OK);
	ck_assert_uint_eq(all[0].bytes, x.manifest.blocks * BLOCK_SIZE);
	ck_assert(!all[0].unlocked && all[0].damaged == 0 && all[0].list == NULL);
	ck_assert(started == 1 && ended == 1 && well == 1);
	fixture_grant_free(&more);
}
END_TEST

START_TEST(damage_without_a_key_has_no_names)
{
	turn(0);
	ck_assert_int_eq(verify(), E_OK);
	ck_assert_int_eq(all[0].result, E_BUNDLE);
	ck_assert(all[0].damaged == 1 && all[0].unreadable == 0 && all[0].count == 1);
	ck_assert(!all[0].unlocked && !all[0].named);
	ck_assert_ptr_null(all[0].list[0].path);
	ck_assert(started == 1 && ended == 1 && well == 0);
}
END_TEST

/* Which file a block is in is known of each that is not part of the table of files. */
static void
names_files(void)
{
	unsigned films = 0;

	for (uint64_t k = 0; k < x.manifest.blocks; k++) {
		turn(k);
		ck_assert_int_eq(verify(), E_OK);
		ck_assert(all[0].result == E_BUNDLE && all[0].damaged == 1 && all[0].unlocked);
		if (all[0].list[0].path != NULL && strcmp(all[0].list[0].path, "film.bin") == 0) {
			ck_assert(all[0].named);
			films++;
		}
		turn(k);
	}
	ck_assert_uint_ge(films, 2);
	ck_assert_int_eq(verify(), E_OK);
	ck_assert_int_eq(all[0].result, E_OK);
}

START_TEST(the_issuer_is_told_which_files)
{
	task.seed = x.seed;
	names_files();
}
END_TEST

START_TEST(who_has_a_code_is_told_which_files_and_still_has_it)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];

	fixture_digest(&x, before);
	task.symbols = g.codes[1];
	names_files();
	fixture_digest(&x, after);
	ck_assert_mem_eq(before, after, HASH_SIZE);
}
END_TEST

START_TEST(several_blocks_are_all_listed)
{
	turn(0);
	turn(1);
	turn(x.manifest.blocks - 1);
	ck_assert_int_eq(verify(), E_OK);
	ck_assert(all[0].damaged == 3 && all[0].count == 3);
	ck_assert_uint_eq(all[0].list[2].d.index, x.manifest.blocks - 1);
}
END_TEST

static void
is_no_key(const char *symbols)
{
	task.symbols = symbols;
	ck_assert_int_eq(verify(), E_OK);
	ck_assert_int_eq(all[0].result, E_BUNDLE);
	ck_assert_uint_eq(all[0].damaged, 1);
	ck_assert(!all[0].unlocked);
}

START_TEST(codes_that_fit_no_more_or_never_did_name_nothing)
{
	uint8_t raw[RECORD_SIZE], body[44 + MAC_SIZE] = {0};
	char name[64], other[CODE_SYMBOLS];

	turn(0);
	memcpy(other, g.codes[0], sizeof other);
	other[3] = other[3] == '7' ? '8' : '7';
	is_no_key(other);
	fixture_damage(&x, &g.g, 0);
	is_no_key(g.codes[0]);
	record_encode(raw, RECORD_SPENT, g.g.id, 1, BYTES(body, sizeof body));
	for (int copy = 0; copy < 2; copy++) {
		fixture_lock_name(name, &g.g, copy);
		fixture_patch(&x, name, RECORD_SIZE, raw, sizeof raw);
	}
	is_no_key(g.codes[1]);
	task.symbols = g.codes[2];
	ck_assert_int_eq(verify(), E_OK);
	ck_assert(all[0].unlocked);
}
END_TEST

/* Such as those that were made later: which of their grants comes first on the stick is chance. */
START_TEST(codes_of_every_grant_name_files)
{
	struct fixture_grant more;

	fixture_grant(&x, &more, fixture_policy(), 0, NULL);
	turn(0);
	task.symbols = g.codes[0];
	ck_assert_int_eq(verify(), E_OK);
	ck_assert(count == 1 && all[0].unlocked);
	task.symbols = more.codes[0];
	ck_assert_int_eq(verify(), E_OK);
	ck_assert(count == 1 && all[0].unlocked);
	fixture_grant_free(&more);
}
END_TEST

/* Its key needs the device. */
START_TEST(code_that_is_bound_to_a_device_names_nothing)
{
	const uint8_t usb[HASH_SIZE] = {1};
	struct fixture_grant bound;
	struct policy p = fixture_policy();

	p.usb = true;
	fixture_grant(&x, &bound, p, 0, usb);
	turn(0);
	is_no_key(bound.codes[0]);
	fixture_grant_free(&bound);
}
END_TEST

START_TEST(who_stops_has_what_was_read)
{
	stop = 1;
	ck_assert_int_eq(verify(), E_INTERRUPTED);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(all[0].result, E_INTERRUPTED);
	ck_assert(ended == 1 && well == 0);
}
END_TEST

START_TEST(what_has_no_manifest_is_not_read)
{
	char hex[2 * ID_SIZE + 1], path[256];

	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(path, sizeof path, "%s/ONCE/b/%s/%s", x.path, hex, STICK_MANIFEST_FILE);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(verify(), E_OK);
	ck_assert_int_eq(all[0].result, E_BUNDLE);
	ck_assert_int_eq(all[0].fault.err, E_BUNDLE);
	ck_assert_uint_eq(started, 0);
}
END_TEST

SUITE("verify", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, what_is_whole_is_read_once);
	tcase_add_test(t, damage_without_a_key_has_no_names);
	tcase_add_test(t, the_issuer_is_told_which_files);
	tcase_add_test(t, who_has_a_code_is_told_which_files_and_still_has_it);
	tcase_add_test(t, several_blocks_are_all_listed);
	tcase_add_test(t, codes_that_fit_no_more_or_never_did_name_nothing);
	tcase_add_test(t, codes_of_every_grant_name_files);
	tcase_add_test(t, code_that_is_bound_to_a_device_names_nothing);
	tcase_add_test(t, who_stops_has_what_was_read);
	tcase_add_test(t, what_has_no_manifest_is_not_read);
}
