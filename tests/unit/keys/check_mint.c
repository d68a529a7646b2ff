/*
 * check_mint.c - grants and cells from the seed, against the vectors.
 *
 * A slot's code costs one Argon2id of 64 MiB: three slots, and the codes are stretched once per test that needs them.
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "bytes.h"
#include "code.h"
#include "mint.h"
#include "seal.h"
#include "secret.h"
#include "suite.h"

#define SLOTS 3

#define GRANT_COSE \
	"d2845825a2012710781f6170706c69636174696f6e2f766e642e6f6e63652e6772616e742b63626f72a058da" \
	"ab010102582088f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e5f" \
	"0450a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0500061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35fd2da" \
	"b661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab13b8003193840098350a2c0eea06a03792e5bb125" \
	"6edb8cf5a350a9345afd02e6fa4245c6acece68d06f2507e8bdf741715e61ff9e0ec78e5f3afa90a030b67537469636b20375840" \
	"6c13d2466e9d100406f2326de73ac978fc495924fc38f5225250fa0a9d8e255cf041293b309791d5c828d36f508c161486903b79aeb7fb75" \
	"9a1b3a5f1b240503"
#define GRANT_HASH "25f9654a405259e7e2d5a5852b901fb5ba0c4a6cdf914d62e4a1e23a3e16fa2c"
#define CELL_0 "e60caeb3c2dbe65632edd8c56330140f9ee212e1e9d20b9189e2e40b4c082d919060d01810ec54d52b4a006ebc99b1d3"
#define A_0 "d807cbf6fbebc3d1f76aa99785a73e3bf6d6efff01819a06d43f09d4fb0ddfd7"
#define RK_0 "f291fc698c4edc91f7958a306d2099503a7201c9c9745ab6cad0aac5771a4e6a"
#define ALL_GRANT_HASH "76f3c8e5febb3d17e74882b36a3c919cf42266798d10f3dce6e60d15f8454baa"
#define ALL_CELL_0 "56a9ee17e2a50f4812808bd067467a5e15e4b8c7418678ae26135ea5cb225c623034577e6608689b62d4c70b362506ef"
#define ALL_RK_0 "f5f8a7f3160321ddc94223817f4bd8a58f524b117ae0472aa052b322473e2265"

static uint8_t seed[KEY_SIZE], stick_id[ID_SIZE], grant_id[ID_SIZE], ck[KEY_SIZE], usb[HASH_SIZE];
static const struct mint_codes codes = {seed, stick_id, grant_id, SLOTS};
static uint8_t *a;
static struct grant g;

/* What was wiped, as it was before. */
static struct { uint8_t bytes[256]; size_t n; } wiped[512];
static size_t wipes;

__attribute__((visibility("default"))) void
sodium_memzero(void *const p, const size_t n)
{
	if (wipes < sizeof wiped / sizeof *wiped && n <= sizeof wiped[0].bytes) {
		memcpy(wiped[wipes].bytes, p, n);
		wiped[wipes++].n = n;
	}
	explicit_bzero(p, n);
}

static unsigned
times_wiped_until(size_t end, const void *secret, size_t n)
{
	unsigned times = 0;

	for (size_t i = 0; i < end; i++)
		times += memmem(wiped[i].bytes, wiped[i].n, secret, n) != NULL;
	return times;
}

static unsigned
times_wiped(const void *secret, size_t n)
{
	return times_wiped_until(wipes, secret, n);
}

/* What mint_grant makes. */
static void
unhex(uint8_t *out, size_t n, const char *hex)
{
	ck_assert_int_eq(bytes_from_hex(out, n, hex), 0);
}

static void
assert_hex(const uint8_t *p, size_t n, const char *hex)
{
	char *got = malloc(2 * n + 1);

	ck_assert_ptr_nonnull(got);
	bytes_to_hex(got, p, n);
	ck_assert_str_eq(got, hex);
	free(got);
}

/* The grant of the vectors but for what mint adds. */
static void
setup(void)
{
	memset(&g, 0, sizeof g);
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	unhex(stick_id, sizeof stick_id, "505152535455565758595a5b5c5d5e5f");
	unhex(grant_id, sizeof grant_id, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
	unhex(ck, sizeof ck, "3abf2cf7408b25168094d5f66da1322c121ead7218c5df963ee721b8624b4326");
	unhex(usb, sizeof usb, "be816893cccaebabc1a9e8633e2c9e98a3ec6cc5487a402e6baea7aebe327a3b");
	memcpy(g.stick_id, stick_id, sizeof stick_id);
	memcpy(g.id, grant_id, sizeof grant_id);
	g.issued = 1760000100;
	g.bundle_count = 1;
	unhex(g.bundles[0].id, ID_SIZE, "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf");
	unhex(g.bundles[0].manifest_hash, HASH_SIZE, "8c77d619b35fd2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd82");
	g.policy.not_before = 1760000000;
	g.policy.expires = 1790000000;
	g.policy.session_s = 14400;
	g.slots = SLOTS;
	g.notice_min = 3;
	strcpy(g.label, "Stick 7");
	a = secret_new(SLOTS * KEY_SIZE);
	ck_assert_ptr_nonnull(a);
}

static void
teardown(void)
{
	grant_free(&g);
	secret_free(&a);
}

static void
require_all_factors(void)
{
	g.policy.usb = g.policy.station = g.policy.ledger = true;
	unhex(g.policy.usb_hint, USB_HINT_SIZE, "b95f8280");
	unhex(g.policy.station_pk, KEY_SIZE, "13be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d");
	strcpy(g.policy.ledger_host, "ledger.example:5432");
}

/* Its threads take no signals, and this one takes what it took. */
static void
stretch(void)
{
	sigset_t before, after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	ck_assert_int_eq(mint_stretch(&codes, a, 0, NULL, NULL), E_OK);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	ck_assert(sigismember(&after, SIGTERM) == 0 && sigismember(&after, SIGUSR2) == 1);
}

/* Any different keys will do where no vector is compared. */
static void
pretend_to_stretch(void)
{
	for (size_t i = 0; i < SLOTS * KEY_SIZE; i++)
		a[i] = (uint8_t)(i * 7);
}

static struct minted
mint(void)
{
	struct minted m = { 0 };
	struct fault f = { 0 };

	ck_assert_int_eq(mint_grant(&g, &(struct mint_secrets){seed, a, ck, usb}, &m, &f), E_OK);
	ck_assert_int_eq(f.err, E_OK);
	return m;
}

static void
discard(struct minted *m)
{
	free(m->file);
	free(m->cells);
}

static void
mint_refused(enum err want, const uint8_t *usb_factor)
{
	struct minted m = { 0 };
	struct fault f = { 0 };

	ck_assert_int_eq(mint_grant(&g, &(struct mint_secrets){seed, a, ck, usb_factor}, &m, &f), want);
	ck_assert_int_eq(f.err, want);
	ck_assert_ptr_null(m.file);
	ck_assert_ptr_null(m.cells);
}

START_TEST(codes_agree_with_vectors)
{
	static const char *const want[] = { "HNSBPDT35TA5MCEM", "DSFTSEXT1W8GHD5Q", "8GXVPFG05DYDK6MP" };
	char code[CODE_SYMBOLS];

	for (uint32_t i = 0; i < SLOTS; i++) {
		mint_code(code, seed, grant_id, i);
		ck_assert_mem_eq(code, want[i], CODE_SYMBOLS);
	}
}
END_TEST

START_TEST(grant_of_tier_1_agrees_with_vectors)
{
	struct minted m = { 0 };

	stretch();
	assert_hex(a, KEY_SIZE, A_0);
	m = mint();
	assert_hex(m.file, m.file_n, GRANT_COSE);
	assert_hex(g.hash, HASH_SIZE, GRANT_HASH);
	assert_hex(g.locators[2], LOCATOR_SIZE, "7e8bdf741715e61ff9e0ec78e5f3afa9");
	assert_hex(m.cells, CELL_SIZE(1), CELL_0);
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, usb}, m.cells), E_OK);
	discard(&m);
}
END_TEST

START_TEST(grant_with_all_factors_agrees_with_vectors)
{
	struct minted m = { 0 };

	require_all_factors();
	stretch();
	m = mint();
	assert_hex(g.policy.grant_xpk, KEY_SIZE, "bb1f47fed8d0ff912797a7b7a81e4ae4a82a0e05c075783e9b35ab94fd96f66e");
	assert_hex(g.hash, HASH_SIZE, ALL_GRANT_HASH);
	assert_hex(m.cells, CELL_SIZE(1), ALL_CELL_0);
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, usb}, m.cells), E_OK);
	discard(&m);
}
END_TEST

START_TEST(slot_keys_agree_with_vectors)
{
	struct mint_slot_keys k;
	uint8_t rk[KEY_SIZE];

	unhex(g.hash, HASH_SIZE, GRANT_HASH);
	ck_assert_int_eq(mint_slot_keys(&k, &g, seed, 0, NULL), E_OK);
	assert_hex(k.a, KEY_SIZE, A_0);
	keytree_receipt(rk, k.a, k.factors);
	assert_hex(rk, KEY_SIZE, RK_0);
}
END_TEST

START_TEST(slot_keys_with_all_factors_agree_with_vectors)
{
	struct mint_slot_keys k;
	uint8_t rk[KEY_SIZE];

	require_all_factors();
	unhex(g.policy.grant_xpk, KEY_SIZE, "bb1f47fed8d0ff912797a7b7a81e4ae4a82a0e05c075783e9b35ab94fd96f66e");
	unhex(g.hash, HASH_SIZE, ALL_GRANT_HASH);
	ck_assert_int_eq(mint_slot_keys(&k, &g, seed, 0, usb), E_OK);
	keytree_receipt(rk, k.a, k.factors);
	assert_hex(rk, KEY_SIZE, ALL_RK_0);
	ck_assert_int_eq(mint_slot_keys(&k, &g, seed, 0, NULL), E_WRONG_STICK);
	ck_assert(sodium_is_zero((const unsigned char *)&k, sizeof k));
}
END_TEST

START_TEST(usb_and_station_factors_change_the_cell)
{
	struct minted plain = { 0 }, bound = { 0 };

	pretend_to_stretch();
	plain = mint();
	require_all_factors();
	g.policy.ledger = false;
	bound = mint();
	ck_assert_mem_ne(plain.cells, bound.cells, CELL_SIZE(1));
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, usb}, bound.cells), E_OK);
	usb[0] ^= 1;
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, usb}, bound.cells), E_SLOT_DAMAGED);
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, NULL}, bound.cells), E_WRONG_STICK);
	discard(&plain);
	discard(&bound);
}
END_TEST

/* Each place that had a secret is wiped when it has done its work: how often is how many places there are. */
START_TEST(every_secret_on_the_way_is_wiped)
{
	uint8_t sk[SIGN_SECRET_SIZE], xsk[KEY_SIZE], pk[KEY_SIZE], share[HASH_SIZE], kek[KEY_SIZE], factors[FACTORS_SIZE];
	unsigned all = 0, theirs = 0;
	struct mint_slot_keys k;
	struct minted m = { 0 };
	size_t before = 0;

	pretend_to_stretch();
	require_all_factors();
	g.policy.ledger = false;
	wipes = 0;
	m = mint();
	ck_assert_uint_lt(wipes, sizeof wiped / sizeof *wiped);
	keytree_sign(pk, sk, seed);
	ck_assert_uint_ge(times_wiped(sk, KEY_SIZE), 1);
	before = wipes;
	keytree_grant_x25519(xsk, pk, seed, g.id);
	keytree_grant_x25519(xsk, pk, seed, g.id);
	ck_assert_int_eq(keytree_station_share(share, xsk, g.policy.station_pk, g.policy.grant_xpk, g.policy.station_pk), 0);
	/* What makes and uses it wipes its own as often as here; both of mint's are wiped besides. */
	all = times_wiped(xsk, sizeof xsk);
	theirs = all - times_wiped_until(before, xsk, sizeof xsk);
	ck_assert_uint_eq(all - theirs, theirs + 2);
	ck_assert_uint_ge(times_wiped(share, sizeof share), 1);
	for (uint32_t i = 0; i < SLOTS; i++) {
		keytree_factors(factors, g.hash, i, usb, share, NULL);
		ck_assert_uint_ge(times_wiped(factors, sizeof factors), 1);
	}
	keytree_wrap(kek, a + (SLOTS - 1) * (size_t)KEY_SIZE, factors);
	ck_assert_uint_ge(times_wiped(kek, sizeof kek), 1);
	wipes = 0;
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, usb}, m.cells), E_OK);
	ck_assert_uint_ge(times_wiped(kek, sizeof kek), 1);
	ck_assert_uint_ge(times_wiped(share, sizeof share), 1);
	wipes = 0;
	ck_assert_int_eq(mint_slot_keys(&k, &g, seed, 0, usb), E_OK);
	ck_assert_uint_ge(times_wiped(xsk, sizeof xsk), 1);
	ck_assert_uint_ge(times_wiped(share, sizeof share), 1);
	discard(&m);
}
END_TEST

START_TEST(usb_is_ignored_where_the_policy_does_not_ask_for_it)
{
	struct minted with = { 0 };

	pretend_to_stretch();
	with = mint();
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, NULL}, with.cells), E_OK);
	discard(&with);
}
END_TEST

START_TEST(several_bundles_share_a_cell)
{
	struct minted m = { 0 };
	uint8_t cks[2 * KEY_SIZE], opened[2 * KEY_SIZE], kek[KEY_SIZE], factors[FACTORS_SIZE];

	pretend_to_stretch();
	g.bundle_count = 2;
	g.bundles[1] = g.bundles[0];
	g.bundles[1].id[0] ^= 1;
	memset(cks, 0x11, KEY_SIZE);
	memset(cks + KEY_SIZE, 0x22, KEY_SIZE);
	ck_assert_int_eq(mint_grant(&g, &(struct mint_secrets){seed, a, cks, NULL}, &m, NULL), E_OK);
	keytree_factors(factors, g.hash, 1, NULL, NULL, NULL);
	keytree_wrap(kek, a + KEY_SIZE, factors);
	ck_assert_int_eq(seal_open(opened, kek, m.cells + CELL_SIZE(2), CELL_SIZE(2), BYTES(NULL, 0)), 0);
	ck_assert_mem_eq(opened, cks, sizeof cks);
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, cks, NULL}, m.cells), E_OK);
	cks[KEY_SIZE] ^= 1;
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, cks, NULL}, m.cells), E_SLOT_DAMAGED);
	discard(&m);
}
END_TEST

/* hostile 35 */
START_TEST(damaged_and_exchanged_cells_are_found)
{
	struct minted m = { 0 };
	uint8_t other[CELL_SIZE(1)];

	pretend_to_stretch();
	m = mint();
	m.cells[SLOTS * CELL_SIZE(1) - 1] ^= 1;
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, usb}, m.cells), E_SLOT_DAMAGED);
	m.cells[SLOTS * CELL_SIZE(1) - 1] ^= 1;
	memcpy(other, m.cells, sizeof other);
	memcpy(m.cells, m.cells + CELL_SIZE(1), CELL_SIZE(1));
	memcpy(m.cells + CELL_SIZE(1), other, sizeof other);
	ck_assert_int_eq(mint_check_cells(&g, &(struct mint_secrets){seed, a, ck, usb}, m.cells), E_SLOT_DAMAGED);
	discard(&m);
}
END_TEST

START_TEST(equal_locators_are_refused)
{
	pretend_to_stretch();
	memcpy(a + 2 * KEY_SIZE, a, KEY_SIZE);
	mint_refused(E_FAIL, NULL);
	ck_assert_ptr_null(g.locators);
}
END_TEST

START_TEST(fields_out_of_range_are_not_signed)
{
	pretend_to_stretch();
	g.policy.expires = g.policy.not_before;
	mint_refused(E_FAIL, NULL);
	g.policy.expires++;
	g.slots = 0;
	mint_refused(E_FAIL, NULL);
	g.slots = GRANT_SLOTS_MAX + 1;
	mint_refused(E_FAIL, NULL);
	g.slots = SLOTS;
	g.bundle_count = 0;
	mint_refused(E_FAIL, NULL);
	g.bundle_count = GRANT_BUNDLES_MAX + 1;
	mint_refused(E_FAIL, NULL);
}
END_TEST

START_TEST(missing_usb_identity_is_refused)
{
	pretend_to_stretch();
	require_all_factors();
	g.policy.ledger = false;
	mint_refused(E_WRONG_STICK, NULL);
}
END_TEST

/* hostile 61 */
START_TEST(station_key_of_small_order_is_refused)
{
	pretend_to_stretch();
	g.policy.station = true;
	mint_refused(E_WRONG_STATION, NULL);
}
END_TEST

static int
count_progress(void *arg, uint64_t done, uint64_t all)
{
	uint64_t *seen = arg;

	ck_assert_uint_gt(done, *seen);
	ck_assert_uint_eq(all, SLOTS);
	*seen = done;
	return 0;
}

static int
stop_at_once(void *arg, uint64_t done, uint64_t all)
{
	(void)done;
	(void)all;
	++*(int *)arg;
	return -1;
}

START_TEST(progress_ends_with_all)
{
	uint64_t seen = 0;

	ck_assert_int_eq(mint_stretch(&codes, a, 1, count_progress, &seen), E_OK);
	ck_assert_uint_eq(seen, SLOTS);
	assert_hex(a, KEY_SIZE, A_0);
}
END_TEST

START_TEST(progress_can_stop)
{
	int calls = 0;

	ck_assert_int_eq(mint_stretch(&codes, a, 1, stop_at_once, &calls), E_INTERRUPTED);
	ck_assert_int_eq(calls, 1);
	ck_assert(sodium_is_zero(a, SLOTS * KEY_SIZE));
}
END_TEST

START_TEST(slot_counts_out_of_range_are_refused)
{
	ck_assert_int_eq(mint_stretch(&(struct mint_codes){seed, stick_id, grant_id, 0}, a, 0, NULL, NULL), E_FAIL);
	ck_assert_int_eq(
	    mint_stretch(&(struct mint_codes){seed, stick_id, grant_id, GRANT_SLOTS_MAX + 1}, a, 0, NULL, NULL), E_FAIL);
}
END_TEST

SUITE("mint", .setup = setup, .teardown = teardown, .timeout = 120)
{
	tcase_add_test(t, codes_agree_with_vectors);
	tcase_add_test(t, grant_of_tier_1_agrees_with_vectors);
	tcase_add_test(t, grant_with_all_factors_agrees_with_vectors);
	tcase_add_test(t, slot_keys_agree_with_vectors);
	tcase_add_test(t, slot_keys_with_all_factors_agree_with_vectors);
	tcase_add_test(t, usb_and_station_factors_change_the_cell);
	tcase_add_test(t, every_secret_on_the_way_is_wiped);
	tcase_add_test(t, usb_is_ignored_where_the_policy_does_not_ask_for_it);
	tcase_add_test(t, several_bundles_share_a_cell);
	tcase_add_test(t, damaged_and_exchanged_cells_are_found);
	tcase_add_test(t, equal_locators_are_refused);
	tcase_add_test(t, fields_out_of_range_are_not_signed);
	tcase_add_test(t, missing_usb_identity_is_refused);
	tcase_add_test(t, station_key_of_small_order_is_refused);
	tcase_add_test(t, progress_ends_with_all);
	tcase_add_test(t, progress_can_stop);
	tcase_add_test(t, slot_counts_out_of_range_are_refused);
}
