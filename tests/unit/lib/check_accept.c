/*
 * check_accept.c - refills: what fits a stick, in which order, how often; and what is there when it is cut short.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "accept.h"
#include "envelope.h"
#include "fixture.h"
#include "keytree.h"
#include "mint.h"
#include "record.h"
#include "secret.h"
#include "stickio.h"
#include "suite.h"

#define SLOTS 2

static struct fixture x;
static struct fixture_grant first; /* that was on the stick from the beginning */
static struct accept a;
static struct fault f;

/* A refill, before it is a file: a test changes one thing of it. */
struct wanted {
	uint32_t n;		/* its number */
	uint32_t ratchet;	/* of which R_ it is sealed under */
	uint8_t stick_id[ID_SIZE], id[ID_SIZE];
	struct grant_bundle bundle;
	uint32_t notice_min;
	const uint8_t *seed; /* of its issuer */
	struct bytes notice;
};

static struct wanted
plain(uint32_t n)
{
	struct wanted w = {.n = n, .ratchet = n, .seed = x.seed};

	memcpy(w.stick_id, x.stick_id, ID_SIZE);
	memset(w.id, 0xc0 + (int)n % 16, ID_SIZE);
	memcpy(w.bundle.id, x.bundle_id, ID_SIZE);
	memcpy(w.bundle.manifest_hash, x.manifest.hash, HASH_SIZE);
	return w;
}

static uint8_t *
make(const struct wanted *w, size_t *n)
{
	struct grant g = {.issued = FIXTURE_NOW, .bundle_count = 1, .policy = fixture_policy(), .slots = SLOTS,
	    .refill = w->n, .notice_min = w->notice_min, .label = "Lecture"};
	uint8_t *stretched = secret_new(SLOTS * KEY_SIZE), *ratchet = secret_new(KEY_SIZE), sk[SIGN_SECRET_SIZE], *file = NULL;
	struct minted m = {0};
	struct refillfile parts = {.notice = w->notice};

	memcpy(g.stick_id, w->stick_id, ID_SIZE);
	memcpy(g.id, w->id, ID_SIZE);
	g.bundles[0] = w->bundle;
	keytree_sign(g.issuer, sk, w->seed);
	ck_assert_int_eq(mint_stretch(&(struct mint_codes){w->seed, g.stick_id, g.id, SLOTS}, stretched, 1, NULL, NULL), E_OK);
	ck_assert_int_eq(mint_grant(&g, &(struct mint_secrets){w->seed, stretched, x.ck, NULL}, &m, &f), E_OK);
	keytree_ratchet(ratchet, w->seed, w->stick_id);
	for (uint32_t k = 0; k < w->ratchet; k++)
		keytree_ratchet_next(ratchet);
	parts.grant = BYTES(m.file, m.file_n);
	parts.sealed.n = refillfile_cells(&g) + TAG_SIZE;
	ck_assert_ptr_nonnull(parts.sealed.p = refillfile_seal(ratchet, &g, m.cells));
	ck_assert_ptr_nonnull(file = refillfile_encode(&parts, n));
	free((void *)(uintptr_t)parts.sealed.p);
	secret_free(&stretched);
	secret_free(&ratchet);
	grant_free(&g);
	free(m.file);
	free(m.cells);
	return file;
}

/* What becomes of these bytes, whole. */
static enum err
accept_bytes(struct bytes file)
{
	bool written = false;
	enum err e = E_OK;

	memset(&a, 0, sizeof a);
	fault_clear(&f);
	if ((e = accept_open(&a, file, &f)) == E_OK && (e = accept_fits(&a, x.dir_fd, &f)) == E_OK)
		e = accept_install(&a, &written, &f);
	accept_free(&a);
	return e;
}

static enum err
accept_it(const struct wanted *w)
{
	size_t n = 0;
	uint8_t *file = make(w, &n);
	enum err e = accept_bytes(BYTES(file, n));

	free(file);
	return e;
}

static enum err
accept_number(uint32_t n)
{
	struct wanted w = plain(n);

	return accept_it(&w);
}

/* The refused leave a stick as it was. */
static void
refuses(const struct wanted *w, enum err err, enum why why)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];

	fixture_digest(&x, before);
	ck_assert_int_eq(accept_it(w), err);
	ck_assert_int_eq(f.why, why);
	ck_assert_int_eq(f.sys, err == E_BUSY ? EWOULDBLOCK : 0);
	ck_assert(f.err == err && f.step[0] != '\0');
	fixture_digest(&x, after);
	ck_assert_mem_eq(before, after, HASH_SIZE);
}

struct seen {
	uint32_t n;
	size_t usable;
	unsigned skipped, foreign;
};

static struct seen
look(void)
{
	struct stick_grants there = {0};
	struct stick *s = NULL;
	struct seen seen;

	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_load_grants(s, &there, &f), E_OK);
	seen = (struct seen){s->n, there.count, there.skipped, there.foreign};
	stick_grants_free(&there);
	stick_close(&s);
	return seen;
}

static void
grant_name(char out[128], uint32_t n, const char *rest)
{
	struct wanted w = plain(n);
	char hex[2 * ID_SIZE + 1];

	bytes_to_hex(hex, w.id, ID_SIZE);
	snprintf(out, 128, "%s/ONCE/g/%s%s", x.path, hex, rest);
}

static void
run(const char *what, const char *from, const char *to)
{
	char command[300];

	snprintf(command, sizeof command, to[0] != '\0' ? "%s '%s' '%s'" : "%s '%s'", what, from, to);
	ck_assert_int_eq(system(command), 0);
}

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &first, fixture_policy(), 0, NULL);
}

static void
teardown(void)
{
	fixture_grant_free(&first);
	fixture_close(&x);
}

START_TEST(a_refill_is_accepted_once_and_its_codes_open)
{
	struct stick *s = NULL;
	struct stick_grants there = {0};
	struct wanted w = plain(1);
	uint8_t r[KEY_SIZE];

	ck_assert_int_eq(accept_it(&w), E_OK);
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_uint_eq(s->n, 2);
	keytree_ratchet(r, x.seed, x.stick_id);
	keytree_ratchet_next(r);
	keytree_ratchet_next(r);
	ck_assert_mem_eq(s->ratchet, r, KEY_SIZE);
	ck_assert_int_eq(stick_load_grants(s, &there, &f), E_OK);
	ck_assert_uint_eq(there.count, 2);
	for (size_t i = 0; i < there.count; i++) {
		struct stick_slot slot;

		for (uint32_t k = 0; there.grants[i].refill == 1 && k < SLOTS; k++) {
			ck_assert_int_eq(stick_read_slot(s, &there.grants[i], k, true, &slot, &f), E_OK);
			ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
		}
	}
	stick_grants_free(&there);
	stick_close(&s);
	refuses(&w, E_REFILL_USED, WHY_NONE);
}
END_TEST

/* hostile 57 */
START_TEST(a_refill_whose_grant_was_removed_is_not_accepted_again)
{
	char name[128];

	ck_assert_int_eq(accept_number(1), E_OK);
	grant_name(name, 1, "");
	run("rm -r", name, "");
	ck_assert_int_eq(accept_number(1), E_REFILL_USED);
	ck_assert_uint_eq(look().usable, 1);
}
END_TEST

/* hostile 57 */
START_TEST(a_directory_of_grants_from_before_brings_nothing_back)
{
	char g[80], old[80];

	snprintf(g, sizeof g, "%s/ONCE/g", x.path);
	snprintf(old, sizeof old, "%s/old", x.path);
	run("cp -a", g, old);
	ck_assert_int_eq(accept_number(1), E_OK);
	run("rm -r", g, "");
	run("cp -a", old, g);
	ck_assert_int_eq(accept_number(1), E_REFILL_USED);
	ck_assert_uint_eq(look().usable, 1);
}
END_TEST

/* hostile 57 */
START_TEST(a_code_that_was_used_stays_so_also_with_the_stick_record_of_before)
{
	uint8_t *record = NULL, spent[RECORD_SIZE];
	size_t n = 0;
	struct wanted w = plain(1);
	struct stick *s = NULL;
	struct grant g = {.slots = SLOTS, .bundle_count = 1};

	record = fixture_get(&x, "stick.a", &n);
	ck_assert_int_eq(accept_it(&w), E_OK);
	memcpy(g.id, w.id, ID_SIZE);
	record_encode(spent, RECORD_SPENT, w.id, 0, BYTES(record, 80));
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	for (int copy = 0; copy < 2; copy++)
		ck_assert_int_eq(stick_destroy_slot(s, &g, 0, copy, spent, &f), E_OK);
	stick_close(&s);
	fixture_put(&x, "stick.a", record, n);
	fixture_put(&x, "stick.b", record, n);
	free(record);
	refuses(&w, E_REFILL_USED, WHY_NONE);
}
END_TEST

/* hostile 58 */
START_TEST(what_is_passed_over_is_void)
{
	struct wanted w = plain(2);

	ck_assert_int_eq(accept_number(4), E_OK);
	ck_assert_uint_eq(look().n, 5);
	refuses(&w, E_REFILL_USED, WHY_NONE);
	ck_assert_int_eq(accept_number(5), E_OK);
	ck_assert_uint_eq(look().usable, 3);
}
END_TEST

/* hostile 58 */
START_TEST(numbers_have_bounds)
{
	struct wanted w = plain(4098);

	refuses(&w, E_REFILL, WHY_CHANGED); /* 4097 ahead */
	w = plain(4097);
	ck_assert_int_eq(accept_it(&w), E_OK);
	w = plain(0);
	refuses(&w, E_REFILL, WHY_CHANGED);
	w = plain(UINT32_MAX - 1);
	w.ratchet = 1;
	refuses(&w, E_REFILL, WHY_CHANGED);
}
END_TEST

/* hostile 58 */
START_TEST(what_is_for_another_stick_lecture_or_issuer_is_refused)
{
	uint8_t seed[KEY_SIZE] = {3};
	struct wanted w = plain(1);

	w.stick_id[0] ^= 1;
	refuses(&w, E_REFILL, WHY_OTHER_STICK);
	w = plain(1);
	w.bundle.id[0] ^= 1;
	refuses(&w, E_REFILL, WHY_LECTURE_GONE);
	w = plain(1);
	w.bundle.manifest_hash[0] ^= 1;
	refuses(&w, E_BUNDLE, WHY_NONE);
	w = plain(1);
	w.seed = seed;
	refuses(&w, E_ISSUER, WHY_ANOTHER_ISSUER);
	w = plain(1);
	memcpy(w.id, first.g.id, ID_SIZE);
	refuses(&w, E_REFILL_USED, WHY_NONE);
	w = plain(1);
	w.ratchet = 2; /* sealed for another number */
	refuses(&w, E_REFILL, WHY_CHANGED);
}
END_TEST

/* hostile 58 */
START_TEST(no_changed_bit_and_no_cut_is_accepted)
{
	struct wanted w = plain(1);
	uint8_t before[HASH_SIZE], after[HASH_SIZE], *file = NULL;
	size_t n = 0;

	file = make(&w, &n);
	fixture_digest(&x, before);
	for (size_t i = 0; i < n; i++) {
		file[i] ^= (uint8_t)(1u << i % 8);
		ck_assert_int_eq(accept_bytes(BYTES(file, n)), E_REFILL);
		file[i] ^= (uint8_t)(1u << i % 8);
		ck_assert_int_eq(accept_bytes(BYTES(file, i)), E_REFILL);
	}
	fixture_digest(&x, after);
	ck_assert_mem_eq(before, after, HASH_SIZE);
	ck_assert_int_eq(accept_bytes(BYTES(file, n)), E_OK);
	free(file);
}
END_TEST

START_TEST(the_list_that_a_refill_needs_comes_with_it_or_before)
{
	struct notice list = {.number = 7, .time = FIXTURE_NOW};
	struct wanted w = plain(1);
	struct stick *s = NULL;
	uint8_t *payload = NULL, *file = NULL;
	size_t payload_n = 0, n = 0;

	w.notice_min = 7;
	refuses(&w, E_NOTICE_MISSING, WHY_NONE);
	memcpy(list.issuer, x.pk, KEY_SIZE);
	ck_assert_int_eq(notice_revoke(&list, first.g.id, 1), 0);
	ck_assert_ptr_nonnull(payload = notice_encode(&list, &payload_n));
	ck_assert_ptr_nonnull(file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, payload_n), x.sk, &n));
	w.notice = BYTES(file, n);
	ck_assert_int_eq(accept_it(&w), E_OK);
	notice_free(&list);
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_load_notice(s, x.pk, &list, NULL, NULL), 1);
	ck_assert(notice_revoked(&list, first.g.id, 1));
	stick_close(&s);
	notice_free(&list);
	w = plain(2);
	w.notice_min = 7;
	ck_assert_int_eq(accept_it(&w), E_OK);
	free(payload);
	free(file);
}
END_TEST

/* hostile 140 */
START_TEST(what_was_cut_short_is_no_grant_and_is_made_anew)
{
	static const char *const left[] = {"/grant.cose", "/lock.b", "/lock.a"};
	char name[128];
	uint8_t *was[2];
	size_t n[2];

	for (int i = 0; i < 2; i++)
		was[i] = fixture_get(&x, i == 0 ? "stick.a" : "stick.b", &n[i]);
	ck_assert_int_eq(accept_number(1), E_OK);
	for (size_t cut = 0; cut <= sizeof left / sizeof left[0]; cut++) {
		struct seen seen;

		fixture_put(&x, "stick.a", was[0], n[0]); /* the stick has not moved on */
		fixture_put(&x, "stick.b", was[1], n[1]);
		for (size_t i = 0; i < cut; i++) {
			grant_name(name, 1, left[i]);
			ck_assert_int_eq(unlink(name), 0);
		}
		seen = look();
		ck_assert_uint_eq(seen.n, 1);
		ck_assert_uint_eq(seen.usable, 1);
		ck_assert_uint_eq(seen.skipped, cut == 3); /* nobody knows what an empty directory was */
		ck_assert_uint_eq(seen.foreign, cut < 3);
		ck_assert_int_eq(accept_number(1), E_OK);
		seen = look();
		ck_assert_uint_eq(seen.n, 2);
		ck_assert_uint_eq(seen.usable, 2);
	}
	for (int i = 0; i < 2; i++)
		free(was[i]);
}
END_TEST

/* hostile 140 */
START_TEST(a_copy_of_the_record_that_stayed_behind_is_brought_up)
{
	uint8_t *old = NULL, *a_now = NULL, *b_now = NULL;
	size_t n = 0, a_n = 0, b_n = 0;

	old = fixture_get(&x, "stick.b", &n);
	ck_assert_int_eq(accept_number(1), E_OK);
	fixture_put(&x, "stick.b", old, n);
	ck_assert_uint_eq(look().usable, 2);
	ck_assert_int_eq(accept_number(1), E_OK); /* the first time never said so */
	a_now = fixture_get(&x, "stick.a", &a_n);
	b_now = fixture_get(&x, "stick.b", &b_n);
	ck_assert_uint_eq(a_n, b_n);
	ck_assert_mem_eq(a_now, b_now, a_n);
	ck_assert_int_eq(accept_number(1), E_REFILL_USED);
	fixture_put(&x, "stick.b", old, n / 2); /* torn */
	ck_assert_int_eq(accept_number(1), E_OK);
	ck_assert_int_eq(accept_number(1), E_REFILL_USED);
	free(old);
	free(a_now);
	free(b_now);
}
END_TEST

START_TEST(refills_that_were_cut_short_go_when_a_later_one_comes_or_the_issuer)
{
	struct provision *p = NULL;
	uint8_t *was = NULL;
	size_t n = 0;
	char name[128];
	struct stat st;

	was = fixture_get(&x, "stick.a", &n);
	ck_assert_int_eq(accept_number(1), E_OK);
	fixture_put(&x, "stick.a", was, n);
	fixture_put(&x, "stick.b", was, n);
	grant_name(name, 1, "");
	ck_assert_int_eq(stat(name, &st), 0);
	ck_assert_int_eq(accept_number(2), E_OK);
	ck_assert_int_eq(stat(name, &st), -1);
	ck_assert_uint_eq(look().usable, 2);
	fixture_put(&x, "stick.a", was, n);
	fixture_put(&x, "stick.b", was, n);
	ck_assert_int_eq(provision_begin(&p, x.dir_fd, x.seed, x.pk, &f), E_OK);
	ck_assert_int_eq(provision_clean(p, &f), E_OK);
	ck_assert_uint_eq(p->debris, 1);
	provision_end(&p);
	grant_name(name, 2, "");
	ck_assert_int_eq(stat(name, &st), -1);
	ck_assert_int_eq(accept_number(2), E_OK);
	free(was);
}
END_TEST

/* hostile 141 */
START_TEST(sixty_four_are_the_most)
{
	struct fixture_grant more;
	struct wanted w = plain(1);

	for (size_t i = 1; i < STICK_GRANTS_MAX; i++) {
		fixture_grant(&x, &more, fixture_policy(), 0, NULL);
		fixture_grant_free(&more);
	}
	refuses(&w, E_SPACE, WHY_ENTRIES);
}
END_TEST

START_TEST(a_stick_that_is_being_written_to_is_left)
{
	struct provision *p = NULL;
	struct wanted w = plain(1);

	ck_assert_int_eq(provision_begin(&p, x.dir_fd, x.seed, x.pk, &f), E_OK);
	refuses(&w, E_BUSY, WHY_NONE);
	provision_end(&p);
	ck_assert_int_eq(accept_it(&w), E_OK);
}
END_TEST

START_TEST(what_is_no_stick_is_left)
{
	struct wanted w = plain(1);
	char once[80], away[80];

	snprintf(once, sizeof once, "%s/ONCE", x.path);
	snprintf(away, sizeof away, "%s/away", x.path);
	ck_assert_int_eq(rename(once, away), 0);
	ck_assert_int_eq(accept_it(&w), E_NO_STICK);
	ck_assert_int_eq(rename(away, once), 0);
	fixture_put(&x, "stick.a", "", 0);
	fixture_put(&x, "stick.b", "", 0);
	refuses(&w, E_STICK_DAMAGED, WHY_NONE);
}
END_TEST

SUITE("accept", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, a_refill_is_accepted_once_and_its_codes_open);
	tcase_add_test(t, a_refill_whose_grant_was_removed_is_not_accepted_again);
	tcase_add_test(t, a_directory_of_grants_from_before_brings_nothing_back);
	tcase_add_test(t, a_code_that_was_used_stays_so_also_with_the_stick_record_of_before);
	tcase_add_test(t, what_is_passed_over_is_void);
	tcase_add_test(t, numbers_have_bounds);
	tcase_add_test(t, what_is_for_another_stick_lecture_or_issuer_is_refused);
	tcase_add_test(t, no_changed_bit_and_no_cut_is_accepted);
	tcase_add_test(t, the_list_that_a_refill_needs_comes_with_it_or_before);
	tcase_add_test(t, what_was_cut_short_is_no_grant_and_is_made_anew);
	tcase_add_test(t, a_copy_of_the_record_that_stayed_behind_is_brought_up);
	tcase_add_test(t, refills_that_were_cut_short_go_when_a_later_one_comes_or_the_issuer);
	tcase_add_test(t, sixty_four_are_the_most);
	tcase_add_test(t, a_stick_that_is_being_written_to_is_left);
	tcase_add_test(t, what_is_no_stick_is_left);
}
