/*
 * check_stick.c - reading a stick that somebody else has written.
 *
 * fsync is replaced here so that it can fail at a chosen call.
 */
#include "stick.h"

#include <sys/syscall.h>

#include "bare.h"

#define OURS 1 /* issuers */
#define THEIRS 2
#define STICK 0x55
#define GRANT 0xaa
#define BUNDLE 0xbb

static struct bare x;
static struct stick *s;
static struct stick_grants grants;
static struct stick_slot slot;
static struct fault fault;
static char path[128];
static unsigned fail_fsync; /* at this call from now; 0: never */

int
fsync(int fd)
{
	if (fail_fsync > 0 && --fail_fsync == 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static void
setup(void)
{
	bare_open(&x);
	fail_fsync = 0;
	s = NULL;
	memset(&grants, 0, sizeof grants);
	memset(&fault, 0, sizeof fault);
}

static void
teardown(void)
{
	stick_grants_free(&grants);
	stick_close(&s);
	bare_close(&x);
}

static void
open_stick(void)
{
	ck_assert_int_eq(stick_open(&s, x.fd, &fault), E_OK);
}

static enum err
load(void)
{
	stick_grants_free(&grants);
	memset(&fault, 0, sizeof fault);
	return stick_load_grants(s, &grants, &fault);
}

/* A stick with one grant, loaded. */
static void
one_grant(void)
{
	put_once(&x, STICK, OURS);
	put_grant(&x, OURS, STICK, GRANT, BUNDLE);
	open_stick();
	ck_assert_int_eq(load(), E_OK);
	ck_assert_uint_eq(grants.count, 1);
}

/* ---- ONCE and the stick record ---- */

START_TEST(a_stick_opens_with_its_id_n_and_ratchet)
{
	uint8_t id[ID_SIZE], r[KEY_SIZE], seed[KEY_SIZE];

	put_once(&x, STICK, OURS);
	open_stick();
	fill_id(id, STICK);
	issuer_seed(seed, OURS);
	keytree_ratchet(r, seed, id);
	keytree_ratchet_next(r);
	ck_assert_mem_eq(s->id, id, ID_SIZE);
	ck_assert_uint_eq(s->n, 1);
	ck_assert_mem_eq(s->ratchet, r, KEY_SIZE);
}
END_TEST

/* hostile 31 */
START_TEST(without_once_there_is_no_stick)
{
	char home[512];

	ck_assert_int_eq(stick_open(&s, x.fd, &fault), E_NO_STICK);
	put_file(&x, "ONCE", "x", 1);
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_NO_STICK);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE", 0), 0);
	put_once(&x, STICK, OURS);
	ck_assert_int_eq(renameat(x.fd, "ONCE", x.fd, "elsewhere"), 0);
	ck_assert_int_eq(symlinkat(bare_path(&x, "elsewhere", home), x.fd, "ONCE"), 0);
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_NO_STICK);
	ck_assert_ptr_null(s);
}
END_TEST

/* hostile 32 */
START_TEST(one_good_copy_of_the_stick_record_is_enough)
{
	put_once(&x, STICK, OURS);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/stick.a", 0), 0);
	open_stick();
	ck_assert_uint_eq(s->n, 1);
	stick_close(&s);
	put_stick_record(&x, "ONCE/stick.a", STICK, 1, OURS);
	put_file(&x, "ONCE/stick.b", "torn", 4);
	open_stick();
	stick_close(&s);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/stick.a", 0), 0);
	ck_assert_int_eq(stick_open(&s, x.fd, &fault), E_STICK_DAMAGED);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/stick.b", 0), 0);
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_STICK_DAMAGED);
	ck_assert_ptr_null(s);
}
END_TEST

/* A folder of that name is somebody else's where nothing in it was ever ours; what was, and is damaged, is no excuse to say so. */
START_TEST(a_folder_that_only_has_the_name_is_not_ours)
{
	put_dir(&x, "ONCE");
	ck_assert_int_eq(stick_open(&s, x.fd, &fault), E_STICK_DAMAGED);
	put_file(&x, "ONCE/holiday.jpg", "x", 1);
	for (int i = 0; i < 2; i++) {
		memset(&fault, 0, sizeof fault);
		ck_assert_int_eq(stick_open(&s, x.fd, &fault), E_NO_STICK);
		ck_assert(fault.why == WHY_NOT_OURS && fault.sys == 0);
		ck_assert_str_eq(fault.object, "ONCE/holiday.jpg");
		if (i == 0)
			put_dir(&x, "ONCE/g"); /* with nothing in it */
	}
	put_dir(&x, "ONCE/g/00112233445566778899aabbccddeeff");
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_STICK_DAMAGED);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/g/00112233445566778899aabbccddeeff", AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/g", AT_REMOVEDIR), 0);
	put_file(&x, "ONCE/g", "x", 1);
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_STICK_DAMAGED);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/g", 0), 0);
	for (int copy = 0; copy < 2; copy++) {
		put_file(&x, copy == 0 ? "ONCE/stick.a" : "ONCE/stick.b", "torn", 4);
		ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_STICK_DAMAGED);
		ck_assert_int_eq(unlinkat(x.fd, copy == 0 ? "ONCE/stick.a" : "ONCE/stick.b", 0), 0);
	}
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_NO_STICK);
}
END_TEST

/* hostile 32 */
START_TEST(the_stick_record_that_is_further_wins)
{
	put_once(&x, STICK, OURS);
	put_stick_record(&x, "ONCE/stick.a", STICK, 3, OURS);
	open_stick();
	ck_assert_uint_eq(s->n, 3);
	stick_close(&s);
	put_stick_record(&x, "ONCE/stick.b", STICK, UINT32_MAX, OURS);
	open_stick();
	ck_assert_uint_eq(s->n, UINT32_MAX);
}
END_TEST

/* Nothing failed, it is only wrong: there is no errno, and both files are named. */
START_TEST(a_record_that_is_damaged_twice_is_told_so)
{
	struct fault f = {0};

	put_once(&x, 0x51, 1);
	put_grant(&x, 1, 0x51, 0xaa, 0xb0);
	put_file(&x, "ONCE/stick.a", "short", 5);
	put_file(&x, "ONCE/stick.b", "short", 5);
	ck_assert_int_eq(stick_open(&s, x.fd, &f), E_STICK_DAMAGED);
	ck_assert_ptr_null(s);
	ck_assert(f.err == E_STICK_DAMAGED && f.sys == 0);
	ck_assert_str_eq(f.step, "stick record");
	ck_assert_str_eq(f.object, "ONCE/stick.a and stick.b");
}
END_TEST

/* hostile 32 */
START_TEST(damaged_record_leaves_what_the_grants_say)
{
	struct stick_grants g = {0};

	ck_assert_int_eq(stick_open_damaged(&s, x.fd, &fault), E_NO_STICK);
	ck_assert(fault.err == E_NO_STICK && fault.sys == ENOENT && strcmp(fault.object, "ONCE") == 0);
	fault_clear(&fault);
	put_once(&x, STICK, OURS);
	put_file(&x, "ONCE/stick.a", "", 0);
	put_file(&x, "ONCE/stick.b", "", 0);
	ck_assert_int_eq(stick_open_damaged(&s, x.fd, &fault), E_STICK_DAMAGED); /* nothing says which stick it is */
	ck_assert(fault.err == E_STICK_DAMAGED && fault.sys == 0 && strcmp(fault.step, "stick record") == 0);
	ck_assert_str_eq(fault.object, "ONCE/stick.a and stick.b");
	fault_clear(&fault);
	put_grant(&x, OURS, STICK, GRANT, BUNDLE);
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_STICK_DAMAGED);
	ck_assert_int_eq(stick_open_damaged(&s, x.fd, NULL), E_OK);
	ck_assert(s->id[0] == STICK && s->n == UINT32_MAX);
	ck_assert_int_eq(stick_load_grants(s, &g, NULL), E_OK);
	ck_assert_uint_eq(g.count, 1);
	stick_grants_free(&g);
	stick_close(&s);
	put_grant(&x, OURS, STICK + 1, GRANT + 1, BUNDLE);
	ck_assert_int_eq(stick_open_damaged(&s, x.fd, &fault), E_STICK_DAMAGED);
	ck_assert(fault.err == E_STICK_DAMAGED && fault.sys == 0 && strcmp(fault.object, "ONCE/g") == 0);
	ck_assert_str_eq(fault.step, "stick ids differ");
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(records_of_two_sticks_are_damage)
{
	put_once(&x, STICK, OURS);
	put_stick_record(&x, "ONCE/stick.b", STICK + 1, 1, OURS);
	ck_assert_int_eq(stick_open(&s, x.fd, &fault), E_STICK_DAMAGED);
	ck_assert(fault.err == E_STICK_DAMAGED && fault.sys == 0 && strcmp(fault.step, "stick ids differ") == 0);
	ck_assert_str_eq(fault.object, "ONCE/stick.a and stick.b");
	put_stick_record(&x, "ONCE/stick.a", STICK + 1, 1, OURS);
	open_stick();
}
END_TEST

/* hostile 32 */
START_TEST(a_stick_record_is_no_link_and_no_fifo)
{
	put_once(&x, STICK, OURS);
	ck_assert_int_eq(renameat(x.fd, "ONCE/stick.a", x.fd, "ONCE/real"), 0);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/stick.b", 0), 0);
	ck_assert_int_eq(symlinkat("real", x.fd, "ONCE/stick.a"), 0);
	ck_assert_int_eq(mkfifoat(x.fd, "ONCE/stick.b", 0600), 0);
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_STICK_DAMAGED);
}
END_TEST

/* ---- grants ---- */

START_TEST(grants_come_in_order_of_their_ids)
{
	put_once(&x, STICK, OURS);
	put_grant(&x, OURS, STICK, 0x30, BUNDLE);
	put_grant(&x, OURS, STICK, 0x10, BUNDLE);
	put_grant(&x, OURS, STICK, 0x20, BUNDLE);
	open_stick();
	ck_assert_int_eq(load(), E_OK);
	ck_assert_uint_eq(grants.count, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(grants.grants[i].id[0], 0x10 * (i + 1));
	ck_assert_uint_eq(grants.skipped + grants.foreign, 0);
}
END_TEST

/* hostile 31 */
START_TEST(no_grants_or_no_directory_of_them_is_no_grant)
{
	put_once(&x, STICK, OURS);
	open_stick();
	ck_assert_int_eq(load(), E_NO_GRANT);
	ck_assert(fault.sys == 0 && strcmp(fault.step, "grants") == 0 && strcmp(fault.object, "ONCE/g") == 0);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/g", AT_REMOVEDIR), 0);
	ck_assert_int_eq(load(), E_NO_GRANT);
	put_dir(&x, "real");
	ck_assert_int_eq(symlinkat("../real", x.fd, "ONCE/g"), 0);
	ck_assert_int_eq(load(), E_NO_GRANT);
}
END_TEST

/* hostile 31 */
START_TEST(other_names_below_g_are_ignored)
{
	static const char *const names[] = {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "aaaa", "..x",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.new", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.tmp"};
	struct grant g;

	put_once(&x, STICK, OURS);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		plain_grant(&g, OURS, STICK, GRANT, BUNDLE);
		put_grant_as(&x, &g, OURS, names[i]);
		grant_free(&g);
	}
	open_stick();
	ck_assert_int_eq(load(), E_NO_GRANT);
	ck_assert_uint_eq(grants.skipped + grants.foreign + grants.newer, 0);
}
END_TEST

/* hostile 31 */
START_TEST(a_grant_under_another_id_is_skipped)
{
	struct grant g;

	put_once(&x, STICK, OURS);
	plain_grant(&g, OURS, STICK, GRANT, BUNDLE);
	put_grant_as(&x, &g, OURS, "abababababababababababababababab");
	grant_free(&g);
	open_stick();
	ck_assert_int_eq(load(), E_NO_GRANT);
	ck_assert_uint_eq(grants.skipped, 1);
	ck_assert_uint_eq(grants.skipped_id[0], 0xab);
}
END_TEST

/* hostile 11 */
START_TEST(a_grant_that_does_not_verify_is_skipped_and_the_rest_is_used)
{
	uint8_t *file = NULL;
	size_t n = 0;

	put_once(&x, STICK, OURS);
	put_grant(&x, OURS, STICK, 0x10, BUNDLE);
	put_grant(&x, OURS, STICK, 0x20, BUNDLE);
	put_dir(&x, grant_path(path, 0x05, ""));
	file = get_file(&x, grant_path(path, 0x10, "/grant.cose"), &n);
	file[n - 1] ^= 1;
	put_file(&x, path, file, n);
	free(file);
	open_stick();
	ck_assert_int_eq(load(), E_OK);
	ck_assert_uint_eq(grants.count, 1);
	ck_assert_uint_eq(grants.grants[0].id[0], 0x20);
	ck_assert_uint_eq(grants.skipped, 2);
	ck_assert_uint_eq(grants.skipped_id[0], 0x05);
	ck_assert_uint_eq(grants.newer, 0);
}
END_TEST

/* hostile 16 */
START_TEST(a_grant_of_a_newer_program_is_counted_as_such)
{
	struct grant g;
	uint8_t *file = NULL;
	size_t n = 0;

	put_once(&x, STICK, OURS);
	plain_grant(&g, OURS, STICK, 0x10, BUNDLE);
	g.bundle_count = 2;
	fill_id(g.bundles[1].id, BUNDLE + 1);
	put_grant_as(&x, &g, OURS, grant_path(path, 0x10, "") + strlen("ONCE/g/"));
	grant_free(&g);
	put_grant(&x, OURS, STICK, 0x20, BUNDLE);
	file = get_file(&x, grant_path(path, 0x20, "/grant.cose"), &n);
	/* The version is the second byte of field 1, just before the issuer's key. */
	for (size_t i = 0; i + 5 < n; i++) {
		if (memcmp(file + i, "\x01\x01\x02\x58\x20", 5) == 0)
			file[i + 1] = 2;
	}
	put_file(&x, path, file, n);
	free(file);
	open_stick();
	ck_assert_int_eq(load(), E_NO_GRANT);
	ck_assert_uint_eq(grants.skipped, 2);
	ck_assert_uint_eq(grants.newer, 2);
}
END_TEST

/* hostile 39 */
START_TEST(a_grant_of_another_stick_or_not_yet_installed_is_ignored)
{
	struct grant g;

	put_once(&x, STICK, OURS);
	put_grant(&x, OURS, STICK + 1, 0x10, BUNDLE);
	plain_grant(&g, OURS, STICK, 0x20, BUNDLE);
	g.refill = 1;
	put_grant_as(&x, &g, OURS, grant_path(path, 0x20, "") + strlen("ONCE/g/"));
	grant_free(&g);
	open_stick();
	ck_assert_int_eq(load(), E_NO_GRANT);
	ck_assert_uint_eq(grants.foreign, 2);
	ck_assert_uint_eq(grants.skipped, 0);
	stick_close(&s);
	put_stick_record(&x, "ONCE/stick.a", STICK, 2, OURS);
	open_stick();
	ck_assert_int_eq(load(), E_OK);
	ck_assert_uint_eq(grants.count, 1);
	ck_assert_uint_eq(grants.grants[0].id[0], 0x20);
}
END_TEST

/* hostile 7 */
START_TEST(a_tree_copied_under_another_stick_record_has_no_grant)
{
	one_grant();
	stick_close(&s);
	put_stick_record(&x, "ONCE/stick.a", STICK + 1, 1, OURS);
	put_stick_record(&x, "ONCE/stick.b", STICK + 1, 1, OURS);
	open_stick();
	ck_assert_int_eq(load(), E_NO_GRANT);
	ck_assert_uint_eq(grants.foreign, 1);
}
END_TEST

/* hostile 39 */
START_TEST(two_issuers_on_one_stick_are_refused)
{
	put_once(&x, STICK, OURS);
	put_grant(&x, OURS, STICK, 0x10, BUNDLE);
	put_grant(&x, THEIRS, STICK, 0x20, BUNDLE);
	open_stick();
	ck_assert_int_eq(load(), E_ISSUER);
	ck_assert(fault.sys == 0 && fault.why == WHY_ISSUERS_DIFFER && strcmp(fault.object, "ONCE/g") == 0);
	ck_assert_uint_eq(grants.count, 0);
	ck_assert_ptr_null(grants.grants);
}
END_TEST

/* Directories that are named as grants are, from 0 on. */
static void
put_junk(unsigned from, unsigned to)
{
	char name[80];

	for (unsigned i = from; i < to; i++) {
		snprintf(name, sizeof name, "ONCE/g/%032x", i);
		put_dir(&x, name);
	}
}

/* hostile 31 */
START_TEST(a_grant_among_thousands_of_directories_is_found)
{
	put_once(&x, STICK, OURS);
	put_grant(&x, OURS, STICK, GRANT, BUNDLE);
	put_junk(0, STICK_LISTED_MAX - 1);
	open_stick();
	ck_assert_int_eq(load(), E_OK);
	ck_assert_uint_eq(grants.count, 1);
	ck_assert_uint_eq(grants.skipped, STICK_LISTED_MAX - 1);
	ck_assert_uint_eq(grants.beyond, 0);
	put_file(&x, "ONCE/stick.a", "", 0);
	put_file(&x, "ONCE/stick.b", "", 0);
	stick_close(&s);
	ck_assert_int_eq(stick_open_damaged(&s, x.fd, NULL), E_OK);
}
END_TEST

/* hostile 31 */
START_TEST(a_grant_beyond_all_that_is_looked_at_is_told)
{
	put_once(&x, STICK, OURS);
	put_grant(&x, OURS, STICK, GRANT, BUNDLE);
	put_junk(0, STICK_LISTED_MAX);
	open_stick();
	ck_assert_int_eq(load(), E_NO_GRANT);
	ck_assert(fault.why == WHY_CROWDED_GRANTS && fault.sys == 0 && strcmp(fault.object, "ONCE/g") == 0);
	ck_assert_uint_eq(grants.beyond, 1);
}
END_TEST

/* hostile 31 */
START_TEST(of_65_grants_the_highest_counts_as_skipped)
{
	put_once(&x, STICK, OURS);
	for (uint8_t i = 1; i <= 65; i++)
		put_grant(&x, OURS, STICK, i, BUNDLE);
	open_stick();
	ck_assert_int_eq(load(), E_OK);
	ck_assert_uint_eq(grants.count, 64);
	ck_assert_uint_eq(grants.grants[63].id[0], 64);
	ck_assert_uint_eq(grants.skipped, 1);
	ck_assert_uint_eq(grants.beyond, 1);
	ck_assert_uint_eq(grants.skipped_id[0], 65);
}
END_TEST

/* ---- slots ---- */

static void
put_lock(const char *name, const uint8_t *data, size_t n)
{
	put_file(&x, grant_path(path, GRANT, name), data, n);
}

static enum err
read_slot(uint32_t number)
{
	memset(&fault, 0, sizeof fault);
	return stick_read_slot(s, &grants.grants[0], number, true, &slot, &fault);
}

/* The lock files as made, with one record of one copy replaced. */
static void
put_record(const char *name, uint32_t number, const uint8_t raw[RECORD_SIZE])
{
	size_t n = 0;
	uint8_t *data = get_file(&x, grant_path(path, GRANT, name), &n);

	memcpy(data + (size_t)number * RECORD_SIZE, raw, RECORD_SIZE);
	put_lock(name, data, n);
	free(data);
}

START_TEST(a_fresh_slot_is_live_in_both_copies)
{
	one_grant();
	for (uint32_t i = 0; i < BARE_SLOTS; i++) {
		ck_assert_int_eq(read_slot(i), E_OK);
		ck_assert_int_eq(slot.a, RECORD_IS_LIVE);
		ck_assert_int_eq(slot.b, RECORD_IS_LIVE);
		ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
		ck_assert(slot.whole);
		ck_assert_uint_eq(slot.body_a.n, BARE_CELL);
		ck_assert_uint_eq(slot.body_b.p[0], 0x60 + i);
	}
	ck_assert_int_eq(read_slot(BARE_SLOTS), E_OK);
	ck_assert_int_eq(slot.merged, RECORD_IS_DAMAGED);
	ck_assert(!slot.whole);
}
END_TEST

/* hostile 36, 37 */
START_TEST(a_tombstone_in_either_copy_wins)
{
	uint8_t raw[RECORD_SIZE];

	one_grant();
	spent_record(raw, grants.grants[0].id, 1);
	put_record("/lock.a", 1, raw);
	ck_assert_int_eq(read_slot(1), E_OK);
	ck_assert_int_eq(slot.merged, RECORD_IS_SPENT);
	ck_assert_int_eq(slot.b, RECORD_IS_LIVE);
	put_record("/lock.b", 1, raw);
	live_record(raw, grants.grants[0].id, 1, 0x61);
	put_record("/lock.a", 1, raw);
	ck_assert_int_eq(read_slot(1), E_OK);
	ck_assert_int_eq(slot.a, RECORD_IS_LIVE);
	ck_assert_int_eq(slot.merged, RECORD_IS_SPENT);
	ck_assert_int_eq(read_slot(0), E_OK);
	ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
}
END_TEST

/* hostile 34 */
START_TEST(two_live_copies_with_different_cells_are_damaged)
{
	uint8_t raw[RECORD_SIZE];

	one_grant();
	live_record(raw, grants.grants[0].id, 0, 0x99);
	put_record("/lock.b", 0, raw);
	ck_assert_int_eq(read_slot(0), E_OK);
	ck_assert_int_eq(slot.a, RECORD_IS_LIVE);
	ck_assert_int_eq(slot.b, RECORD_IS_LIVE);
	ck_assert_int_eq(slot.merged, RECORD_IS_DAMAGED);
}
END_TEST

/* Spoil lock.a in one of the ways of a vandal or an accident. Return the state that is left of slot 1 in that copy. */
static enum record_state
spoil(const char *name, unsigned way)
{
	uint8_t data[BARE_SLOTS * RECORD_SIZE + 1];
	size_t n = 0;
	uint8_t *good = get_file(&x, grant_path(path, GRANT, name), &n);

	memset(data, 0, sizeof data);
	memcpy(data, good, n);
	free(good);
	switch (way) {
	case 0:
		ck_assert_int_eq(unlinkat(x.fd, grant_path(path, GRANT, name), 0), 0);
		return RECORD_IS_DAMAGED;
	case 1:
		put_lock(name, data, 0);
		return RECORD_IS_DAMAGED;
	case 2:
		put_lock(name, data, n - RECORD_SIZE);
		return RECORD_IS_LIVE;
	case 3:
		put_lock(name, data, n - 1);
		return RECORD_IS_LIVE;
	case 4:
		put_lock(name, data, n + 1);
		return RECORD_IS_LIVE;
	case 5:
		put_lock(name, data, RECORD_SIZE + 100);
		return RECORD_IS_DAMAGED;
	case 6:
		ck_assert_int_eq(unlinkat(x.fd, grant_path(path, GRANT, name), 0), 0);
		ck_assert_int_eq(mkfifoat(x.fd, grant_path(path, GRANT, name), 0666), 0);
		return RECORD_IS_DAMAGED;
	default:
		ck_assert_int_eq(unlinkat(x.fd, grant_path(path, GRANT, name), 0), 0);
		ck_assert_int_eq(symlinkat("grant.cose", x.fd, grant_path(path, GRANT, name)), 0);
		return RECORD_IS_DAMAGED;
	}
}

/* hostile 33 */
START_TEST(a_lock_file_that_is_odd_is_not_whole)
{
	enum record_state left = RECORD_IS_DAMAGED;

	one_grant();
	left = spoil(_i < 8 ? "/lock.a" : "/lock.b", (unsigned)_i % 8);
	ck_assert_int_eq(read_slot(1), E_OK);
	ck_assert(!slot.whole);
	ck_assert_int_eq(_i < 8 ? slot.a : slot.b, left);
	ck_assert_int_eq(_i < 8 ? slot.b : slot.a, RECORD_IS_LIVE);
	ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
}
END_TEST

/* hostile 33, 36 */
START_TEST(a_tombstone_is_seen_beside_a_lock_file_that_is_odd)
{
	uint8_t raw[RECORD_SIZE];

	one_grant();
	spent_record(raw, grants.grants[0].id, 1);
	put_record(_i < 8 ? "/lock.b" : "/lock.a", 1, raw);
	(void)spoil(_i < 8 ? "/lock.a" : "/lock.b", (unsigned)_i % 8);
	ck_assert_int_eq(read_slot(1), E_OK);
	ck_assert(!slot.whole);
	ck_assert_int_eq(slot.merged, RECORD_IS_SPENT);
}
END_TEST

/* hostile 33 */
START_TEST(files_of_zeros_ones_and_noise_are_whole_and_damaged)
{
	uint8_t data[BARE_SLOTS * RECORD_SIZE];

	one_grant();
	for (unsigned way = 0; way < 3; way++) {
		memset(data, way == 0 ? 0 : 0xff, sizeof data);
		if (way == 2)
			randombytes_buf(data, sizeof data);
		put_lock("/lock.a", data, sizeof data);
		put_lock("/lock.b", data, sizeof data);
		ck_assert_int_eq(read_slot(1), E_OK);
		ck_assert(slot.whole);
		ck_assert_int_eq(slot.merged, RECORD_IS_DAMAGED);
	}
}
END_TEST

/* What is behind rights is not damaged: nobody knows what it says. */
/* hostile 40 */
START_TEST(a_record_that_may_not_be_read_is_not_known_and_whose_it_is)
{
	static const char *const parts[] = {"", "/lock.a", "/lock.b"};
	mode_t mode;

	one_grant();
	ck_assert_int_eq(fchmod(x.fd, 0755), 0);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		grant_path(path, GRANT, parts[i]);
		mode = i == 0 ? 0755 : 0644;
		ck_assert_int_eq(fchmodat(x.fd, path, 0, 0), 0);
		become_nobody();
		ck_assert_int_eq(stick_read_slot(s, &grants.grants[0], 1, false, &slot, &fault), E_OK);
		become_again();
		ck_assert_int_eq(fchmodat(x.fd, path, mode, 0), 0);
		ck_assert_msg(
		    slot.unread.err == E_STICK_IO && slot.unread.sys == EACCES, "%s: %s", path, err_name(slot.unread.err));
		ck_assert_msg(slot.unread.owned && slot.unread.owner == getuid(), "%s: of nobody", path);
		ck_assert(slot.unread.step[0] != '\0' && strstr(slot.unread.object, "ONCE/g/") != NULL);
		ck_assert(!slot.whole && (slot.a == RECORD_IS_LIVE) == (i == 2) && (slot.b == RECORD_IS_LIVE) == (i == 1));
	}
}
END_TEST

/* hostile 40 */
START_TEST(a_lock_file_that_may_not_be_written_is_readonly_and_read)
{
	uint8_t raw[RECORD_SIZE];

	one_grant();
	spent_record(raw, grants.grants[0].id, 2);
	put_record("/lock.a", 2, raw);
	ck_assert_int_eq(fchmodat(x.fd, grant_path(path, GRANT, "/lock.a"), 0444, 0), 0);
	become_nobody();
	ck_assert_int_eq(read_slot(0), E_READONLY);
	ck_assert_int_eq(fault.err, E_READONLY);
	ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
	ck_assert(!slot.whole);
	ck_assert_int_eq(read_slot(2), E_READONLY);
	ck_assert_int_eq(slot.merged, RECORD_IS_SPENT);
	ck_assert_int_eq(stick_read_slot(s, &grants.grants[0], 0, false, &slot, NULL), E_OK);
	ck_assert(slot.whole);
	become_again();
}
END_TEST

START_TEST(destroying_a_slot_leaves_its_neighbours)
{
	uint8_t raw[RECORD_SIZE];

	one_grant();
	spent_record(raw, grants.grants[0].id, 1);
	ck_assert_int_eq(stick_destroy_slot(s, &grants.grants[0], 1, 0, raw, &fault), E_OK);
	ck_assert_int_eq(read_slot(1), E_OK);
	ck_assert_int_eq(slot.a, RECORD_IS_SPENT);
	ck_assert_int_eq(slot.b, RECORD_IS_LIVE);
	ck_assert_int_eq(stick_destroy_slot(s, &grants.grants[0], 1, 1, raw, &fault), E_OK);
	ck_assert_int_eq(read_slot(1), E_OK);
	ck_assert_int_eq(slot.b, RECORD_IS_SPENT);
	for (uint32_t i = 0; i < BARE_SLOTS; i += 2) {
		ck_assert_int_eq(read_slot(i), E_OK);
		ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
	}
	ck_assert_int_eq(stick_destroy_slot(s, &grants.grants[0], BARE_SLOTS, 0, raw, &fault), E_STICK_IO);
}
END_TEST

/* hostile 31 */
START_TEST(a_grant_directory_that_is_a_link_has_no_slots)
{
	one_grant();
	ck_assert_int_eq(renameat(x.fd, grant_path(path, GRANT, ""), x.fd, "ONCE/real"), 0);
	ck_assert_int_eq(symlinkat("../real", x.fd, path), 0);
	ck_assert_int_eq(stick_grant_dir(s, grants.grants[0].id), -1);
	ck_assert_int_eq(read_slot(0), E_OK);
	ck_assert_int_eq(slot.merged, RECORD_IS_DAMAGED);
	ck_assert(!slot.whole);
}
END_TEST

/* ---- room for notices ---- */

START_TEST(room_is_kept_once)
{
	uint8_t *kept = NULL;
	size_t n = 0;
	int once_fd = -1;

	put_once(&x, STICK, OURS);
	open_stick();
	ck_assert_int_eq(stick_keep_room(s), 0);
	kept = get_file(&x, "ONCE/room", &n);
	ck_assert_uint_eq(n, STICK_ROOM_SIZE);
	ck_assert(sodium_is_zero(kept, n));
	free(kept);
	put_file(&x, "ONCE/room", "less", 4); /* what there was of it */
	ck_assert_int_eq(stick_keep_room(s), 0);
	kept = get_file(&x, "ONCE/room", &n);
	ck_assert_uint_eq(n, 4);
	free(kept);
	once_fd = s->once_fd;
	s->once_fd = -1;
	errno = 0;
	ck_assert_int_eq(stick_keep_room(s), -1);
	ck_assert_int_eq(errno, EBADF);
	s->once_fd = once_fd;
}
END_TEST

/* ---- the probe ---- */

START_TEST(the_probe_is_made_and_changes_every_time)
{
	uint8_t *first = NULL, *second = NULL;
	size_t n = 0;

	put_once(&x, STICK, OURS);
	open_stick();
	ck_assert_int_eq(stick_probe(s, &fault), E_OK);
	first = get_file(&x, "ONCE/probe", &n);
	ck_assert_uint_eq(n, RECORD_SIZE);
	ck_assert_int_eq(stick_probe(s, &fault), E_OK);
	second = get_file(&x, "ONCE/probe", &n);
	ck_assert_mem_ne(first, second, RECORD_SIZE);
	free(first);
	free(second);
	put_file(&x, "ONCE/probe", "short", 5);
	ck_assert_int_eq(stick_probe(s, &fault), E_OK);
}
END_TEST

/* hostile 40 */
START_TEST(a_probe_that_cannot_be_written_is_readonly)
{
	put_once(&x, STICK, OURS);
	open_stick();
	ck_assert_int_eq(fchmodat(x.fd, "ONCE", 0555, 0), 0);
	become_nobody();
	ck_assert_int_eq(stick_probe(s, &fault), E_READONLY);
	become_again();
	ck_assert_int_eq(fchmodat(x.fd, "ONCE", 0755, 0), 0);
	ck_assert(!exists(&x, "ONCE/probe"));
	ck_assert_int_eq(mkfifoat(x.fd, "ONCE/probe", 0666), 0);
	fault_clear(&fault);
	ck_assert_int_eq(stick_probe(s, &fault), E_STICK_IO);
	ck_assert_str_eq(fault.step, "no regular file");
}
END_TEST

/* ---- notices ---- */

static uint8_t issuer[KEY_SIZE];

static void
put_notice(const char *name, uint8_t who, uint32_t number)
{
	size_t n = 0;
	uint8_t *file = sign_notice(who, number, 1, &n);

	put_file(&x, name, file, n);
	free(file);
}

/* The number of the notice that is found, or 0. */
static uint32_t
found(void)
{
	struct notice notice;
	uint32_t number = 0;
	uint8_t *file = NULL;
	size_t n = 0;
	int ret = stick_load_notice(s, issuer, &notice, &file, &n);

	ck_assert_int_ne(ret, -1);
	if (ret == 0)
		return 0;
	number = notice.number;
	ck_assert_uint_gt(n, 0);
	free(file);
	notice_free(&notice);
	return number;
}

static int
store(uint32_t number, uint32_t revoked)
{
	size_t n = 0;
	uint8_t *file = sign_notice(OURS, number, revoked, &n);
	int ret = stick_store_notice(s, issuer, file, n);

	free(file);
	return ret;
}

static void
stick_for_notices(void)
{
	uint8_t sk[SIGN_SECRET_SIZE];

	put_once(&x, STICK, OURS);
	open_stick();
	issuer_keys(issuer, sk, OURS);
}

/* hostile 54, 56 */
START_TEST(the_newest_notice_under_either_name_is_found)
{
	stick_for_notices();
	ck_assert_uint_eq(found(), 0);
	put_notice("ONCE/notice.cose", OURS, 5);
	ck_assert_uint_eq(found(), 5);
	put_notice("ONCE/notice.new", OURS, 7);
	ck_assert_uint_eq(found(), 7);
	put_notice("ONCE/notice.new", OURS, 4);
	ck_assert_uint_eq(found(), 5);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/notice.cose", 0), 0);
	ck_assert_uint_eq(found(), 4);
}
END_TEST

/* hostile 56 */
START_TEST(a_torn_notice_and_one_of_another_issuer_count_as_absent)
{
	stick_for_notices();
	put_notice("ONCE/notice.cose", OURS, 5);
	put_file(&x, "ONCE/notice.new", "\xd2\x84torn", 6);
	ck_assert_uint_eq(found(), 5);
	put_notice("ONCE/notice.new", THEIRS, 99);
	ck_assert_uint_eq(found(), 5);
	put_notice("ONCE/notice.new", OURS, 6);
	put_file(&x, "ONCE/notice.cose", "", 0);
	ck_assert_uint_eq(found(), 6);
	put_notice("ONCE/notice.cose", THEIRS, 99);
	put_file(&x, "ONCE/notice.new", "", 0);
	ck_assert_uint_eq(found(), 0);
	ck_assert_int_eq(store(1, 1), 1);
	ck_assert_uint_eq(found(), 1);
}
END_TEST

START_TEST(only_a_notice_that_is_not_there_is_written)
{
	uint8_t before[32], after[32];

	stick_for_notices();
	ck_assert_int_eq(store(5, 1), 1);
	ck_assert_uint_eq(found(), 5);
	ck_assert(!exists(&x, "ONCE/notice.new"));
	bare_hash(&x, before);
	ck_assert_int_eq(store(5, 1), 0);
	ck_assert_int_eq(store(4, 1), 0);
	bare_hash(&x, after);
	ck_assert_mem_eq(before, after, 32);
	ck_assert_int_eq(store(5, 2), 1);
	ck_assert_int_eq(store(6, 1), 1);
	ck_assert_uint_eq(found(), 6);
}
END_TEST

/* hostile 56 */
START_TEST(a_newer_notice_under_the_temporary_name_survives_a_write)
{
	uint8_t before[32], after[32];

	stick_for_notices();
	put_notice("ONCE/notice.cose", OURS, 5);
	put_notice("ONCE/notice.new", OURS, 7);
	bare_hash(&x, before);
	ck_assert_int_eq(store(6, 1), 0);
	ck_assert_int_eq(store(7, 1), 0);
	bare_hash(&x, after);
	ck_assert_mem_eq(before, after, 32);
	ck_assert_int_eq(store(8, 1), 1);
	ck_assert_uint_eq(found(), 8);
	ck_assert(!exists(&x, "ONCE/notice.new"));
}
END_TEST

/* Store number 8 over 5, or over 7 that was not renamed, with one fsync after the other failing. */
static void
store_with_failures(bool unrenamed, unsigned fsyncs, unsigned first_good)
{
	for (unsigned i = 1; i <= fsyncs; i++) {
		put_notice("ONCE/notice.cose", OURS, 5);
		if (unrenamed)
			put_notice("ONCE/notice.new", OURS, 7);
		fail_fsync = i;
		ck_assert_int_eq(store(8, 1), -1);
		ck_assert_int_eq(errno, EIO);
		ck_assert_uint_eq(fail_fsync, 0);
		ck_assert_uint_eq(found(), i >= first_good ? 8 : unrenamed ? 7 : 5);
		(void)unlinkat(x.fd, "ONCE/notice.new", 0);
	}
	put_notice("ONCE/notice.cose", OURS, 5);
	ck_assert_int_eq(store(8, 1), 1);
	ck_assert_uint_eq(found(), 8);
	ck_assert(!exists(&x, "ONCE/notice.new"));
}

/* hostile 56 */
START_TEST(a_write_that_fails_loses_no_notice)
{
	stick_for_notices();
	store_with_failures(false, 5, 2);
	store_with_failures(true, 3, 2);
}
END_TEST

/* hostile 55 */
START_TEST(what_is_no_notice_of_the_issuer_is_not_stored)
{
	size_t n = 0;
	uint8_t *file = sign_notice(THEIRS, 9, 1, &n);

	stick_for_notices();
	ck_assert_int_eq(stick_store_notice(s, issuer, file, n), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(stick_store_notice(s, issuer, (const uint8_t *)"junk", 4), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(!exists(&x, "ONCE/notice.cose"));
	free(file);
}
END_TEST

SUITE("stick", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, a_stick_opens_with_its_id_n_and_ratchet);
	tcase_add_test(t, without_once_there_is_no_stick);
	tcase_add_test(t, one_good_copy_of_the_stick_record_is_enough);
	tcase_add_test(t, a_folder_that_only_has_the_name_is_not_ours);
	tcase_add_test(t, the_stick_record_that_is_further_wins);
	tcase_add_test(t, records_of_two_sticks_are_damage);
	tcase_add_test(t, a_record_that_is_damaged_twice_is_told_so);
	tcase_add_test(t, damaged_record_leaves_what_the_grants_say);
	tcase_add_test(t, a_stick_record_is_no_link_and_no_fifo);
	tcase_add_test(t, grants_come_in_order_of_their_ids);
	tcase_add_test(t, no_grants_or_no_directory_of_them_is_no_grant);
	tcase_add_test(t, other_names_below_g_are_ignored);
	tcase_add_test(t, a_grant_under_another_id_is_skipped);
	tcase_add_test(t, a_grant_that_does_not_verify_is_skipped_and_the_rest_is_used);
	tcase_add_test(t, a_grant_of_a_newer_program_is_counted_as_such);
	tcase_add_test(t, a_grant_of_another_stick_or_not_yet_installed_is_ignored);
	tcase_add_test(t, a_tree_copied_under_another_stick_record_has_no_grant);
	tcase_add_test(t, two_issuers_on_one_stick_are_refused);
	tcase_add_test(t, of_65_grants_the_highest_counts_as_skipped);
	tcase_add_test(t, a_grant_among_thousands_of_directories_is_found);
	tcase_add_test(t, a_grant_beyond_all_that_is_looked_at_is_told);
	tcase_add_test(t, a_fresh_slot_is_live_in_both_copies);
	tcase_add_test(t, a_tombstone_in_either_copy_wins);
	tcase_add_test(t, two_live_copies_with_different_cells_are_damaged);
	tcase_add_loop_test(t, a_lock_file_that_is_odd_is_not_whole, 0, 16);
	tcase_add_loop_test(t, a_tombstone_is_seen_beside_a_lock_file_that_is_odd, 0, 16);
	tcase_add_test(t, files_of_zeros_ones_and_noise_are_whole_and_damaged);
	tcase_add_test(t, a_record_that_may_not_be_read_is_not_known_and_whose_it_is);
	tcase_add_test(t, a_lock_file_that_may_not_be_written_is_readonly_and_read);
	tcase_add_test(t, destroying_a_slot_leaves_its_neighbours);
	tcase_add_test(t, a_grant_directory_that_is_a_link_has_no_slots);
	tcase_add_test(t, room_is_kept_once);
	tcase_add_test(t, the_probe_is_made_and_changes_every_time);
	tcase_add_test(t, a_probe_that_cannot_be_written_is_readonly);
	tcase_add_test(t, the_newest_notice_under_either_name_is_found);
	tcase_add_test(t, a_torn_notice_and_one_of_another_issuer_count_as_absent);
	tcase_add_test(t, only_a_notice_that_is_not_there_is_written);
	tcase_add_test(t, a_newer_notice_under_the_temporary_name_survives_a_write);
	tcase_add_test(t, a_write_that_fails_loses_no_notice);
	tcase_add_test(t, what_is_no_notice_of_the_issuer_is_not_stored);
}
