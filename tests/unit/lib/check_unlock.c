#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "fake_memory.h"
#include "calls.h"
#include "envelope.h"
#include "fixture.h"
#include "keytree.h"
#include "mint.h"
#include "receipt.h"
#include "suite.h"
#include "unlock.h"

static struct fixture x;
static struct fixture_grant grant;      /* slots 0..2, policy of fixture_policy */
static struct fake_memory *here;        /* the station under test */
static uint8_t before[HASH_SIZE];       /* digest of the stick as made */
static struct stick_slot made;          /* slot 0, as made */

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &grant, fixture_policy(), 0, NULL);
	here = fake_memory_new();
	fixture_digest(&x, before);
	fixture_slot(&x, &grant.g, 0, &made);
}

static void
teardown(void)
{
	fake_memory_free(&here);
	fixture_grant_free(&grant);
	fixture_close(&x);
}

/* ---- a medium that does not answer ---------------------------------------------------------------------------------------- */

static const char *unreadable;          /* the end of the name of files that cannot be read; NULL: none */

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	char link[32], name[PATH_MAX];
	ssize_t got;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	got = unreadable != NULL ? readlink(link, name, sizeof name - 1) : 0;
	name[got > 0 ? got : 0] = '\0';
	if (got > 0 && strlen(name) >= strlen(unreadable) && strcmp(name + strlen(name) - strlen(unreadable), unreadable) == 0) {
		errno = EIO;
		return -1;
	}
	return call_pread(fd, buf, n, off);
}

/* ---- locks ---------------------------------------------------------------------------------------------------------------- */

static bool lockless;                   /* a file system without locks */
static unsigned naps;                   /* how often somebody waited */

int
flock(int fd, int operation)
{
	if (lockless) {
		errno = ENOLCK;
		return -1;
	}
	return (int)syscall(SYS_flock, fd, operation);
}

int
nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)t;
	(void)left;
	naps++;
	return 0;
}

/* ---- helpers -------------------------------------------------------------------------------------------------------------- */

struct result {
	struct unlock *u;
	struct unlock_info info;
	struct fault fault;
	enum err err;
};

static struct result
try_with(struct fake_memory *m, const char *code, struct unlock_factors factors, bool rehearsal)
{
	struct unlock_env env = {&m->memory, fixture_clock(&x), factors, rehearsal};
	struct result r = {0};

	if ((r.err = unlock_look(&r.u, x.dir_fd, &env, &r.info, &r.fault)) == E_OK)
		r.err = unlock_try(r.u, code, &r.info, &r.fault);
	return r;
}

static struct result
try(struct fake_memory *m, const char *code)
{
	return try_with(m, code, (struct unlock_factors){0}, false);
}

static struct result
spend(struct fake_memory *m, const char *code)
{
	struct result r = try(m, code);

	if (r.err == E_OK)
		r.err = unlock_spend(r.u, &r.info, &r.fault);
	return r;
}

static void
done(struct result *r)
{
	unlock_free(&r->u);
}

static enum err
outcome(struct result r)
{
	done(&r);
	return r.err;
}

/* A no, of this step, about this object; NULL: the slot of a code. */
static void
refused(struct result r, enum err err, const char *step, const char *object)
{
	char hex[2 * ID_SIZE + 1], slot[64];

	bytes_to_hex(hex, r.info.grant_id, ID_SIZE);
	snprintf(slot, sizeof slot, "g/%s, slot %u", hex, (unsigned)r.info.slot);
	ck_assert_msg(r.err == err && r.fault.err == err, "%s, %s", err_name(r.err), err_name(r.fault.err));
	ck_assert_int_eq(r.fault.sys, 0);
	ck_assert_str_eq(r.fault.step, step);
	ck_assert_str_eq(r.fault.object, object != NULL ? object : slot);
	done(&r);
}

/* Of a rehearsal without a code. */
static struct result
check_all(struct fake_memory *m)
{
	struct unlock_env env = {&m->memory, fixture_clock(&x), {0}, true};
	struct result r = {0};

	if ((r.err = unlock_look(&r.u, x.dir_fd, &env, &r.info, &r.fault)) == E_OK)
		r.err = unlock_check(r.u, &r.info, &r.fault);
	return r;
}

static void
assert_untouched(void)
{
	uint8_t now[HASH_SIZE];

	fixture_digest(&x, now);
	ck_assert_mem_eq(before, now, HASH_SIZE);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
}

static void
write_record(uint32_t slot, int copy, const void *raw, size_t n)
{
	char name[64];

	fixture_lock_name(name, &grant.g, copy);
	fixture_patch(&x, name, (uint64_t)slot * RECORD_SIZE, raw, n);
}

/* Of the manifest another byte than the one that is there. */
static void
damage_manifest(void)
{
	char name[80], hex[2 * ID_SIZE + 1];
	uint8_t *file = NULL;
	size_t n = 0;

	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "b/%s/manifest.cose", hex);
	file = fixture_get(&x, name, &n);
	file[120] ^= 0xff;
	fixture_patch(&x, name, 120, file + 120, 1);
	free(file);
}

static void
damage(uint32_t slot, int copy)
{
	write_record(slot, copy, "torn", 4);
}

/* ---- a first use ---------------------------------------------------------------------------------------------------------- */

/* hostile 44 */
START_TEST(good_code_is_proved_without_a_trace)
{
	struct result r = try(here, grant.codes[1]);
	uint8_t block[BLOCK_SIZE];
	struct blockcrypt *c = blockcrypt_new(NULL);

	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(r.info.slot, 1);
	ck_assert_str_eq(r.info.label, "Lecture");
	ck_assert_str_eq(r.info.contact, "+49 30 1234");
	ck_assert_int_eq(r.info.remaining_s, 4 * 3600);
	ck_assert_uint_eq(r.info.file_bytes, 200006);
	ck_assert(!r.info.resume && !r.info.issuer_known && !r.info.memory_volatile);
	ck_assert_mem_eq(r.info.stick_id, x.stick_id, ID_SIZE);
	ck_assert_mem_eq(r.info.issuer, x.pk, KEY_SIZE);
	ck_assert_mem_eq(r.info.grant_id, grant.g.id, ID_SIZE);
	ck_assert(r.info.grants == 1 && r.info.skipped == 0 && r.info.newer == 0);
	ck_assert_int_eq(r.info.not_before, grant.g.policy.not_before);
	ck_assert_int_eq(r.info.expires, grant.g.policy.expires);
	ck_assert_uint_eq(r.info.session_s, grant.g.policy.session_s);
	ck_assert_uint_eq(r.info.image_bytes, x.manifest.blocks * BLOCK_SIZE);
	ck_assert_uint_eq(r.info.inodes, 3);
	ck_assert_int_eq(r.info.clock.now, FIXTURE_NOW);
	ck_assert_mem_eq(unlock_grant_hash(r.u), grant.g.hash, HASH_SIZE);
	ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, 0, block), -EIO); /* no key before the spend */
	blockcrypt_free(&c);
	done(&r);
	assert_untouched();
}
END_TEST

START_TEST(spend_destroys_both_copies_and_opens)
{
	struct result r = spend(here, grant.codes[1]);
	struct mint_slot_keys keys;
	struct stick_slot slot;
	struct receipt receipt;
	uint8_t block[BLOCK_SIZE], mac[MAC_SIZE], rk[KEY_SIZE];
	struct blockcrypt *c = blockcrypt_new(NULL);

	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, 0, block), 0);
	ck_assert_mem_eq(block, "hello\n", 6);
	fixture_slot(&x, &grant.g, 1, &slot);
	ck_assert_int_eq(slot.a, RECORD_IS_SPENT);
	ck_assert_int_eq(slot.b, RECORD_IS_SPENT);
	ck_assert_mem_eq(slot.raw_a, slot.raw_b, RECORD_SIZE);
	ck_assert_int_eq(receipt_parse(&receipt, BYTES(slot.body_a.p, slot.body_a.n - MAC_SIZE)), 0);
	ck_assert_int_eq(receipt.spent_at, FIXTURE_NOW);
	ck_assert_uint_eq(receipt.flags, 0);
	ck_assert_int_eq(mint_slot_keys(&keys, &grant.g, x.seed, 1, NULL), E_OK);
	keytree_receipt(rk, keys.a, keys.factors);
	receipt_mac(mac, rk, slot.raw_a, BYTES(slot.body_a.p, slot.body_a.n - MAC_SIZE));
	ck_assert_mem_eq(mac, slot.body_a.p + slot.body_a.n - MAC_SIZE, MAC_SIZE);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
	fixture_slot(&x, &grant.g, 0, &slot); /* the neighbours live on */
	ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
	blockcrypt_free(&c);
	done(&r);
}
END_TEST

/* hostile 47 */
START_TEST(closed_session_is_spent_for_good)
{
	struct result r = spend(here, grant.codes[0]);

	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	ck_assert_int_eq(unlock_end(r.u, 60, &r.fault), E_FAIL); /* once */
	ck_assert(r.fault.err == E_FAIL && r.fault.sys == 0 && strcmp(r.fault.step, "end") == 0);
	fault_clear(&r.fault);
	ck_assert_int_eq(unlock_used(r.u, 70, &r.fault), E_FAIL);
	ck_assert(r.fault.err == E_FAIL && r.fault.sys == 0 && strcmp(r.fault.step, "used") == 0);
	done(&r);
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_SPENT);
	ck_assert(r.info.spent_known && r.info.spent_here);
	ck_assert_int_eq(r.info.spent_at, FIXTURE_NOW);
	done(&r);
	ck_assert_int_eq(outcome(try(here, grant.codes[1])), E_OK);
	refused(try(here, grant.codes[0]), E_SPENT, "record", NULL);
}
END_TEST

START_TEST(spent_elsewhere_says_when)
{
	struct fake_memory *there = fake_memory_new();
	struct result r = spend(there, grant.codes[0]);

	done(&r);
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_SPENT);
	ck_assert(r.info.spent_known && !r.info.spent_here);
	ck_assert_int_eq(r.info.spent_at, FIXTURE_NOW);
	done(&r);
	fake_memory_free(&there);
}
END_TEST

/* hostile 38 */
START_TEST(restored_stick_is_spent_at_the_same_station)
{
	struct stick_slot old;
	struct result r;

	fixture_slot(&x, &grant.g, 0, &old);
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	done(&r);
	write_record(0, 0, old.raw_a, RECORD_SIZE);
	write_record(0, 1, old.raw_b, RECORD_SIZE);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
}
END_TEST

START_TEST(one_live_copy_is_enough_and_is_repaired)
{
	struct receipt receipt;
	struct stick_slot slot;
	struct result r;

	damage(0, 0);
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	fixture_slot(&x, &grant.g, 0, &slot);
	ck_assert_int_eq(slot.a, RECORD_IS_SPENT);
	ck_assert_int_eq(receipt_parse(&receipt, BYTES(slot.body_b.p, slot.body_b.n - MAC_SIZE)), 0);
	ck_assert_uint_eq(receipt.flags, RECEIPT_REPAIRED);
	done(&r);
}
END_TEST

/* hostile 36, 37 */
START_TEST(tombstone_in_one_copy_wins)
{
	struct stick_slot old;

	for (int copy = 0; copy < 2; copy++) {
		struct fake_memory *there = fake_memory_new();
		struct result r;

		fixture_slot(&x, &grant.g, (uint32_t)copy, &old);
		r = spend(there, grant.codes[copy]);
		done(&r);
		write_record((uint32_t)copy, copy, old.raw_a, RECORD_SIZE);
		ck_assert_int_eq(outcome(try(here, grant.codes[copy])), E_SPENT);
		fake_memory_free(&there);
	}
}
END_TEST

/* ---- the decision list, in its order ---------------------------------------------------------------------------------------- */

/* hostile 6 */
START_TEST(code_of_no_slot)
{
	refused(try(here, "0000000000000001"), E_CODE_UNKNOWN, "locator", "code");
	assert_untouched();
}
END_TEST

/* hostile 11 */
START_TEST(code_of_a_skipped_grant)
{
	struct fixture_grant bad;
	char name[64], object[40];

	fixture_grant(&x, &bad, fixture_policy(), 0, NULL);
	fixture_lock_name(name, &bad.g, 0);
	strcpy(strrchr(name, '/'), "/grant.cose");
	fixture_patch(&x, name, 100, "\xff\xff", 2);
	memcpy(object, name, 34);
	object[34] = '\0';
	refused(try(here, bad.codes[0]), E_NO_GRANT, "signature", object);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	fixture_grant_free(&bad);
}
END_TEST

/* hostile 45 */
START_TEST(slot_held_by_another_process)
{
	struct fake_memory *other = fake_memory_again(here);
	struct result first = try(here, grant.codes[0]);

	ck_assert_int_eq(first.err, E_OK);
	refused(try(other, grant.codes[0]), E_BUSY, "lock", NULL);
	ck_assert_int_eq(outcome(try(other, grant.codes[1])), E_OK);
	done(&first);
	ck_assert_int_eq(outcome(try(other, grant.codes[0])), E_OK);
	fake_memory_free(&other);
}
END_TEST

/* ---- a key in place of a code --------------------------------------------------------------------------------------------- */

static struct result
look_with_key(struct fake_memory *m, const uint8_t ck[KEY_SIZE])
{
	struct unlock_env env = {&m->memory, fixture_clock(&x), {0}, false};
	struct unlock_key k = {0};
	struct result r = {0};

	memcpy(k.grant_id, grant.g.id, ID_SIZE);
	memcpy(k.ck, ck, KEY_SIZE);
	if ((r.err = unlock_look(&r.u, x.dir_fd, &env, &r.info, &r.fault)) == E_OK)
		r.err = unlock_try_key(r.u, &k, &r.info, &r.fault);
	return r;
}

START_TEST(a_key_opens_and_nothing_is_kept_of_it)
{
	struct blockcrypt *c = blockcrypt_new(NULL);
	uint8_t block[BLOCK_SIZE];
	struct result r;

	x.now = grant.g.policy.expires + _i * 86400ll - 1; /* whether a code would open or not */
	fixture_notice(&x, grant.g.id, 1, 1);
	fixture_digest(&x, before);
	r = look_with_key(here, x.ck);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert(r.info.by_key && !r.info.resume && !r.info.spent_now);
	ck_assert_uint_eq(r.info.slot, UNLOCK_NO_SLOT);
	ck_assert_int_eq(r.info.remaining_s, 4 * 3600);
	ck_assert_str_eq(r.info.label, "Lecture");
	ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, 0, block), -EIO); /* not before it is wanted */
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	ck_assert_int_eq(r.info.opened_at, x.now);
	ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, 0, block), 0);
	ck_assert_mem_eq(block, "hello\n", 6);
	ck_assert_int_eq(unlock_beat(r.u, 60), E_OK);
	ck_assert_int_eq(unlock_used(r.u, 60, NULL), E_OK);
	unlock_carry_notice(r.u);
	ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, NULL), E_OK);
	ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, 0, block), 0);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, 0, block), -EIO);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_FAIL);
	blockcrypt_free(&c);
	done(&r);
	assert_untouched();
	ck_assert_uint_eq(here->store->issuer_count, 0);
}
END_TEST

START_TEST(a_key_is_for_one_lecture_and_one_at_a_time)
{
	struct fake_memory *other = fake_memory_again(here);
	const uint8_t wrong[KEY_SIZE] = {1};
	struct unlock_key none = {0};
	struct result r = look_with_key(here, wrong);

	ck_assert_int_eq(r.err, E_BUNDLE);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, NULL), E_FAIL);
	ck_assert_int_eq(unlock_try_key(r.u, &none, &r.info, NULL), E_NO_GRANT);
	ck_assert_int_eq(unlock_try(r.u, grant.codes[0], &r.info, NULL), E_OK); /* and then a code, as ever */
	ck_assert(!r.info.by_key);
	done(&r);
	r = look_with_key(here, x.ck);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(outcome(look_with_key(other, x.ck)), E_BUSY);
	ck_assert_int_eq(outcome(try(other, grant.codes[0])), E_OK); /* a speaker is not in its way */
	done(&r);
	ck_assert_int_eq(outcome(look_with_key(other, x.ck)), E_OK);
	here->store->closed_list = true;
	ck_assert_int_eq(outcome(look_with_key(here, x.ck)), E_ISSUER);
	fake_memory_free(&other);
}
END_TEST

/* hostile 39 */
START_TEST(stranger_at_a_closed_station)
{
	here->store->closed_list = true;
	refused(try(here, grant.codes[0]), E_ISSUER, "pinned issuers", "station memory");
	assert_untouched();
	fake_memory_know(here, x.pk, 0);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
}
END_TEST

/* hostile 54 */
START_TEST(notice_that_the_grant_asks_for)
{
	struct fixture_grant late;
	struct result r;

	fixture_grant(&x, &late, fixture_policy(), 7, NULL);
	fixture_digest(&x, before);
	refused(try(here, late.codes[0]), E_NOTICE_MISSING, "notice", "notice.cose");
	refused(check_all(here), E_NOTICE_MISSING, "notice", "notice.cose");
	assert_untouched();
	fixture_notice(&x, NULL, 0, 6);
	r = try(here, late.codes[0]);
	ck_assert(r.info.notice_min == 7 && r.info.notice_have == 6);
	refused(r, E_NOTICE_MISSING, "notice", "notice.cose");
	fixture_notice(&x, NULL, 0, 7);
	ck_assert_int_eq(outcome(try(here, late.codes[0])), E_OK);
	fixture_patch(&x, "notice.cose", 0, "\0", 1); /* the station knows it now */
	r = try(here, late.codes[0]);
	ck_assert(r.err == E_OK && r.info.notice_have == 7);
	done(&r);
	fixture_grant_free(&late);
}
END_TEST

START_TEST(revoked_by_the_stick)
{
	fixture_notice(&x, grant.g.id, 1, 5);
	fixture_digest(&x, before);
	refused(try(here, grant.codes[1]), E_REVOKED, "notice", NULL);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	assert_untouched();
}
END_TEST

/* A list that withdraws a bundle: no code of any lecture over it opens, also where only the PC still knows. */
START_TEST(a_withdrawn_bundle_is_opened_by_no_code)
{
	static const uint8_t withdraws[2][1] = {{0xff}, {0}}; /* another bundle, and this one */

	for (uint32_t i = 0; i < 2; i++) {
		struct notice n = {.number = 5 + i, .time = FIXTURE_NOW - 600};
		uint8_t *payload = NULL, *file = NULL;
		size_t len = 0, size = 0;
		struct result r;

		memcpy(n.issuer, x.pk, KEY_SIZE);
		n.withdrawn = calloc(1, ID_SIZE);
		ck_assert_ptr_nonnull(n.withdrawn);
		n.withdrawn_count = 1;
		memcpy(n.withdrawn[0], x.bundle_id, ID_SIZE);
		n.withdrawn[0][0] ^= withdraws[i][0];
		payload = notice_encode(&n, &len);
		file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, len), x.sk, &size);
		ck_assert_ptr_nonnull(file);
		fixture_put(&x, "notice.cose", file, size);
		r = try(here, grant.codes[0]);
		ck_assert_int_eq(r.err, i == 0 ? E_OK : E_REVOKED);
		done(&r);
		ck_assert_int_eq(memory_learn(&here->memory, &n, BYTES(file, size), NULL), E_OK);
		free(payload);
		free(file);
		notice_free(&n);
	}
	fixture_patch(&x, "notice.cose", 0, "\0", 1);
	refused(try(here, grant.codes[1]), E_REVOKED, "withdrawn", NULL);
}
END_TEST

/* hostile 54 */
START_TEST(revoked_by_the_station_also_when_the_stick_forgets)
{
	struct result r;

	fixture_notice(&x, grant.g.id, 1, 5);
	r = spend(here, grant.codes[0]); /* carries the notice into the station */
	ck_assert_int_eq(r.err, E_OK);
	done(&r);
	fixture_patch(&x, "notice.cose", 0, "\0", 1);
	ck_assert_int_eq(outcome(try(here, grant.codes[1])), E_REVOKED);
}
END_TEST

static enum fake_fate
no_list_after_the_claim(void *arg, enum fake_call call, unsigned number)
{
	(void)number;
	ck_assert(call != FAKE_LEARN || ((struct fake_store *)arg)->calls[FAKE_CLAIM] == 0);
	return FAKE_WORK;
}

/* hostile 76 */
START_TEST(list_is_taken_in_before_anything_is_spent)
{
	struct result r;

	fixture_notice(&x, grant.g.id, 1, 5);
	fixture_digest(&x, before);
	here->store->plan = no_list_after_the_claim;
	here->store->plan_arg = here->store;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	assert_untouched();
	ck_assert_uint_eq(here->store->revoked_count, 1);
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	done(&r);
	fixture_notice(&x, grant.g.id, 2, 6); /* one who goes on brings a list, too */
	here->store->plan = NULL;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	ck_assert_uint_eq(here->store->revoked_count, 2);
}
END_TEST

/* hostile 53, 76 */
START_TEST(list_of_who_has_no_code_is_not_taken_in)
{
	fixture_notice(&x, grant.g.id, 1, 5);
	ck_assert_int_eq(outcome(try(here, "0000000000000001")), E_CODE_UNKNOWN);
	x.now = fixture_policy().expires;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_EXPIRED);
	ck_assert_uint_eq(here->store->calls[FAKE_LEARN], 0);
}
END_TEST

/* hostile 76 */
START_TEST(list_that_is_not_taken_in_refuses_its_issuer)
{
	struct result r;

	fixture_notice(&x, grant.g.id, 1, 5);
	fixture_digest(&x, before);
	here->store->refuses_lists = true;
	for (int rehearsal = 0; rehearsal < 2; rehearsal++) {
		r = try_with(here, grant.codes[0], (struct unlock_factors){0}, rehearsal == 1);
		ck_assert_int_eq(r.err, E_ISSUER);
		done(&r);
	}
	assert_untouched();
}
END_TEST

START_TEST(used_is_said_before_revoked)
{
	struct result r = spend(here, grant.codes[0]);

	ck_assert_int_eq(unlock_end(r.u, 1, NULL), E_OK);
	done(&r);
	fixture_notice(&x, grant.g.id, 0, 5);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
}
END_TEST

START_TEST(revoked_session_does_not_resume)
{
	struct result r = spend(here, grant.codes[0]);

	done(&r);
	fixture_notice(&x, grant.g.id, 0, 5);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_REVOKED);
}
END_TEST

/* hostile 51 */
START_TEST(window_is_closed_below_and_open_above)
{
	struct policy p = fixture_policy();

	x.now = p.not_before - 1;
	refused(try(here, grant.codes[0]), E_EARLY, "clock", NULL);
	x.now = p.not_before;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	x.now = p.expires - 1;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	x.now = p.expires;
	refused(try(here, grant.codes[0]), E_EXPIRED, "clock", NULL);
	assert_untouched();
}
END_TEST

/* hostile 51 */
START_TEST(clock_of_1970_is_too_early_not_a_crash)
{
	static const int64_t silly[] = {0, -5, INT64_C(1) << 31, INT64_C(1) << 40};

	for (size_t i = 0; i < sizeof silly / sizeof *silly; i++) {
		struct result r;

		x.now = silly[i];
		r = try(here, grant.codes[0]);
		ck_assert_int_eq(r.err, silly[i] <= 0 ? E_EARLY : E_EXPIRED);
		ck_assert_int_eq((r.info.clock.flags & RECEIPT_CLOCK_BEHIND) != 0, silly[i] <= 0);
		done(&r);
	}
	assert_untouched();
}
END_TEST

/* hostile 52 */
START_TEST(expired_stays_expired_when_the_clock_goes_back)
{
	struct fixture_grant later;
	struct policy p = fixture_policy();
	struct result r;

	p.expires += 10 * 86400;
	fixture_grant(&x, &later, p, 0, NULL);
	x.now = FIXTURE_NOW + 5 * 86400;
	r = spend(here, later.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	done(&r);
	x.now = FIXTURE_NOW;
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_EXPIRED);
	ck_assert_int_eq(r.info.clock.high, FIXTURE_NOW + 5 * 86400);
	done(&r);
	fixture_grant_free(&later);
}
END_TEST

/* hostile 52 */
START_TEST(one_boot_in_2099_poisons_nothing)
{
	struct fixture_grant always;
	struct policy p = fixture_policy();
	struct result r;

	p.expires = 5000000000;
	fixture_grant(&x, &always, p, 0, NULL);
	x.now = 4070908800;
	r = spend(here, always.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	done(&r);
	x.now = FIXTURE_NOW;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	fixture_grant_free(&always);
}
END_TEST

START_TEST(wrong_time_is_said_before_a_damaged_bundle)
{
	damage_manifest();
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_BUNDLE);
	x.now = FIXTURE_NOW + 90 * 86400;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_EXPIRED);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
}
END_TEST

/* hostile 23 */
START_TEST(signed_but_wrong_commitment_spends_nothing)
{
	struct manifest m = x.manifest;
	struct fixture_grant odd;

	memset(m.commit, 0x5a, sizeof m.commit);
	fixture_manifest(&x, &m);
	fixture_grant(&x, &odd, fixture_policy(), 0, NULL);
	fixture_digest(&x, before);
	refused(spend(here, odd.codes[0]), E_BUNDLE, "commitment", NULL);
	assert_untouched();
	fixture_grant_free(&odd);
}
END_TEST

static int
usb_of_test(void *arg, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE])
{
	keytree_usb(factor, hint, 0x0951, 0x1666, arg, strlen(arg));
	return 0;
}

/* hostile 60 */
START_TEST(usb_factor_of_another_stick)
{
	struct fixture_grant bound;
	struct policy p = fixture_policy();
	char serial[] = "E0D55EA57430", other[] = "E0D55EA57431";
	uint8_t factor[HASH_SIZE];

	p.usb = true;
	keytree_usb(factor, p.usb_hint, 0x0951, 0x1666, serial, strlen(serial));
	fixture_grant(&x, &bound, p, 0, factor);
	fixture_digest(&x, before);
	refused(try(here, bound.codes[0]), E_WRONG_STICK, "USB identity", NULL);
	ck_assert_int_eq(outcome(try_with(here, bound.codes[0], (struct unlock_factors){usb_of_test, NULL, other}, false)),
	    E_WRONG_STICK);
	ck_assert_int_eq(outcome(try_with(here, bound.codes[0], (struct unlock_factors){usb_of_test, NULL, serial}, false)), E_OK);
	assert_untouched();
	fixture_grant_free(&bound);
}
END_TEST

/* hostile 45, 61 */
START_TEST(station_factor_of_another_station)
{
	struct fake_memory *there = fake_memory_new();
	struct fixture_grant bound;
	struct policy p = fixture_policy();

	p.station = true;
	ck_assert_int_eq(memory_station_pk(&here->memory, p.station_pk, NULL), E_OK);
	fixture_grant(&x, &bound, p, 0, NULL);
	refused(try(there, bound.codes[0]), E_WRONG_STATION, "station key", NULL);
	ck_assert_int_eq(outcome(spend(here, bound.codes[0])), E_OK);
	fixture_grant_free(&bound);
	fake_memory_free(&there);
}
END_TEST

/* hostile 35 */
START_TEST(cell_of_a_neighbour)
{
	struct stick_slot other;
	uint8_t raw[RECORD_SIZE];

	fixture_slot(&x, &grant.g, 1, &other);
	record_encode(raw, RECORD_LIVE, grant.g.id, 0, other.body_a);
	write_record(0, 0, raw, RECORD_SIZE);
	write_record(0, 1, raw, RECORD_SIZE);
	refused(spend(here, grant.codes[0]), E_SLOT_DAMAGED, "cell", NULL);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
}
END_TEST

/* hostile 33 */
START_TEST(both_copies_damaged)
{
	damage(0, 0);
	damage(0, 1);
	refused(try(here, grant.codes[0]), E_SLOT_DAMAGED, "record", NULL);
	ck_assert_int_eq(outcome(try(here, grant.codes[1])), E_OK);
}
END_TEST

/* A stick that does not answer is not a damaged one: the same code opens it when it answers again. */
START_TEST(copy_that_cannot_be_read)
{
	struct result r;

	unreadable = _i == 0 ? "/lock.a" : "/lock.b";
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_STICK_IO);
	ck_assert_int_eq(r.fault.sys, EIO);
	done(&r);
	unreadable = NULL;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
}
END_TEST

START_TEST(copy_that_cannot_be_read_when_going_on)
{
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	unreadable = _i == 0 ? "/lock.a" : "/lock.b";
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_STICK_IO);
	unreadable = NULL;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
}
END_TEST

/* hostile 50, 63 */
START_TEST(station_that_cannot_write)
{
	struct result r;

	here->store->read_only = true;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_STATION);
	ck_assert(!r.info.spent_now);
	done(&r);
	assert_untouched();
}
END_TEST

START_TEST(rehearsal_changes_nothing_and_locks_nothing)
{
	struct result a = try_with(here, grant.codes[0], (struct unlock_factors){0}, true);
	struct fake_memory *other = fake_memory_again(here);

	ck_assert_int_eq(a.err, E_OK);
	ck_assert_int_eq(outcome(try(other, grant.codes[0])), E_OK);
	ck_assert_int_eq(unlock_spend(a.u, &a.info, &a.fault), E_FAIL);
	ck_assert(a.fault.err == E_FAIL && a.fault.sys == 0 && strcmp(a.fault.step, "order") == 0);
	done(&a);
	fake_memory_free(&other);
	ck_assert_uint_eq(here->store->changes, 0);
	assert_untouched();
}
END_TEST

START_TEST(rehearsal_of_an_overdue_session_closes_nothing)
{
	struct result r = spend(here, grant.codes[0]);

	done(&r);
	x.now += 5 * 3600;
	ck_assert_int_eq(outcome(try_with(here, grant.codes[0], (struct unlock_factors){0}, true)), E_SPENT);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
}
END_TEST

/* ---- resume ----------------------------------------------------------------------------------------------------------------- */

START_TEST(open_session_continues_with_the_time_that_is_left)
{
	struct result r = spend(here, grant.codes[0]);

	ck_assert_int_eq(unlock_used(r.u, 300, NULL), E_OK);
	done(&r);
	x.now += 3600;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert(r.info.resume && r.info.resume_open);
	ck_assert_int_eq(r.info.remaining_s, 3 * 3600);
	ck_assert_int_eq(r.info.opened_at, FIXTURE_NOW);
	ck_assert_uint_eq(fake_memory_row(here, NULL, 0)->resumes, 1);
	done(&r);
}
END_TEST

/* hostile 47 */
START_TEST(open_session_continues_after_expiry)
{
	struct policy p = fixture_policy();
	struct result r;

	x.now = p.expires - 60;
	r = spend(here, grant.codes[0]);
	done(&r);
	x.now = p.expires + 60;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
}
END_TEST

/* hostile 47 */
START_TEST(open_session_ends_at_its_limit)
{
	struct result r = spend(here, grant.codes[0]);

	done(&r);
	x.start = 1; /* not the one it was opened in */
	x.now += 4 * 3600;
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_SPENT);
	ck_assert(r.info.over_by_clock && r.info.spent_known && r.info.spent_here);
	ck_assert_int_eq(r.info.spent_at, FIXTURE_NOW);
	ck_assert_int_eq(r.info.remaining_s, 0);
	refused(r, E_SPENT, "deadline", NULL);
	ck_assert_int_eq(outcome(spend(here, grant.codes[1])), E_OK); /* and so much for that time */
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
	ck_assert_int_eq(here->store->uses[0].state, MEMORY_CLOSED);
	x.now -= 4 * 3600;
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_SPENT);
	ck_assert(!r.info.over_by_clock);
	done(&r);
}
END_TEST

/* What the next mount does first, in another process. */
static void
sweep(void)
{
	struct fake_memory *other = fake_memory_again(here);
	struct unlock_env env = {.memory = &other->memory, .clock = fixture_clock(&x)};

	ck_assert_int_eq(unlock_close_overdue(&env, NULL), E_OK);
	fake_memory_free(&other);
}

/* hostile 73 */
START_TEST(clock_that_is_ahead_closes_nothing)
{
	static const int64_t ahead[] = {4 * 3600, 86400, 400 * 86400, INT64_C(1) << 33, INT64_MAX / 2};
	struct result r = spend(here, grant.codes[0]);

	ck_assert_int_eq(unlock_used(r.u, 600, NULL), E_OK);
	done(&r);
	for (size_t i = 0; i < sizeof ahead / sizeof *ahead; i++) {
		x.now = FIXTURE_NOW + ahead[i];
		r = try(here, grant.codes[0]);
		ck_assert_int_eq(r.err, E_SPENT);
		ck_assert(r.info.over_by_clock);
		done(&r);
		ck_assert_int_eq(outcome(try(here, grant.codes[1])), ahead[i] < 86400 ? E_OK : E_EXPIRED);
		sweep();
		ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
	}
	x.now = FIXTURE_NOW + 700;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 4 * 3600 - 700);
	done(&r);
}
END_TEST

/* hostile 73 */
START_TEST(signed_time_closes_what_is_over)
{
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	fake_memory_know(here, x.pk, FIXTURE_NOW + 4 * 3600 - 1);
	x.now = FIXTURE_NOW + 60;
	sweep();
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
	fake_memory_know(here, x.pk, FIXTURE_NOW + 4 * 3600);
	sweep();
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
}
END_TEST

/* hostile 74 */
START_TEST(mark_set_by_hand_gives_no_time_and_takes_none)
{
	static const int64_t after[] = {4 * 3600, 2 * 86400, 20 * 86400, 60 * 86400, 400 * 86400};
	struct result r;

	here->store->was_reset = _i == 1; /* before it is opened, too */
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
		x.now = here->store->high_water = FIXTURE_NOW + after[i];
		here->store->proved = 0;
		here->store->was_reset = true;
		r = try(here, grant.codes[0]);
		ck_assert_int_eq(r.err, E_SPENT);
		ck_assert(r.info.over_by_clock);
		done(&r);
		sweep(); /* who resets a clock that is ahead closes nothing */
		ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
	}
	x.now = here->store->high_water = FIXTURE_NOW + 60;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
}
END_TEST

/* hostile 74 */
START_TEST(clock_set_back_does_not_reach_the_time_since_the_start)
{
	struct result r;

	x.start = 1;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	x.boot += 3 * 3600;
	x.now -= 86400;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 3600);
	done(&r);
	x.start = 2; /* started again: what was counted before stays, and is carried on */
	x.boot = 20;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 3600 - UNLOCK_BEAT_S);
	done(&r);
	x.boot += 3600 - UNLOCK_BEAT_S;
	sweep();
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
}
END_TEST

/* hostile 74 */
START_TEST(killed_at_each_start_is_not_free)
{
	struct policy p = fixture_policy();
	struct fixture_grant brief;
	struct result r;
	int starts = 0;

	p.session_s = 60;
	fixture_grant(&x, &brief, p, 0, NULL);
	for (; (r = spend(here, brief.codes[0])).err == E_OK; starts++) {
		ck_assert_int_eq(r.info.remaining_s, 60 - starts * UNLOCK_BEAT_S);
		done(&r);
	}
	ck_assert_int_eq(r.err, E_SPENT);
	ck_assert(!r.info.over_by_clock);
	ck_assert_int_eq(starts, 4);
	done(&r);
	fixture_grant_free(&brief);
}
END_TEST

/* Beats come on time, or late by up to four seconds. What is charged lasts until the next one, and is stored once a minute. */
START_TEST(open_folder_writes_once_a_minute)
{
	struct policy p = fixture_policy();
	struct fixture_grant whole_day;
	struct result r;
	int64_t stored_at = 0;
	unsigned stored = 0;

	p.session_s = 8 * 3600;
	fixture_grant(&x, &whole_day, p, 0, NULL);
	r = spend(here, whole_day.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	fake_memory_recount(here);
	for (int64_t tick = UNLOCK_BEAT_S; tick < p.session_s; tick += UNLOCK_BEAT_S) {
		int64_t now = tick + (_i == 0 ? 0 : tick / UNLOCK_BEAT_S % 5), next = tick + UNLOCK_BEAT_S;

		ck_assert_int_ge(fake_memory_row(here, NULL, 0)->used_s, tick);
		ck_assert_int_eq(unlock_beat(r.u, now), E_OK);
		ck_assert_int_ge(fake_memory_row(here, NULL, 0)->used_s, next < p.session_s ? next : p.session_s);
		ck_assert_int_le(fake_memory_row(here, NULL, 0)->used_s, now + UNLOCK_CHARGE_S);
		if (here->store->changes == stored)
			continue;
		ck_assert_uint_eq(here->store->changes, stored + 1);
		if (++stored > 5)
			ck_assert_int_ge(tick - stored_at, 60);
		stored_at = tick;
	}
	ck_assert_uint_le(stored, 5 + 8 * 60);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->used_s, p.session_s);
	done(&r);
	fixture_grant_free(&whole_day);
}
END_TEST

/* What cannot be charged is tried again with the next beat; a folder that is continued begins with short ones; waking up late
 * counts. */
START_TEST(charge_that_fails_is_tried_again)
{
	struct result r = spend(here, grant.codes[0]);

	for (int i = 1; i <= UNLOCK_SHORT_BEATS; i++)
		ck_assert_int_eq(unlock_beat(r.u, (int64_t)i * UNLOCK_BEAT_S), E_OK);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->used_s, 75 + UNLOCK_CHARGE_S);
	fake_memory_recount(here);
	here->store->at_change = 1;
	here->store->fate = FAKE_FAIL;
	ck_assert_int_eq(unlock_beat(r.u, 150), E_STATION);
	ck_assert_int_eq(unlock_beat(r.u, 165), E_OK);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->used_s, 165 + UNLOCK_CHARGE_S);
	ck_assert_int_eq(unlock_beat(r.u, 2000), E_OK); /* the PC slept */
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->used_s, 2000 + UNLOCK_CHARGE_S);
	done(&r);
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 4 * 3600 - 2000 - UNLOCK_CHARGE_S);
	ck_assert_int_eq(unlock_beat(r.u, 2100), E_OK);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->used_s, 2100 + UNLOCK_BEAT_S);
	done(&r);
}
END_TEST

/* hostile 74 */
START_TEST(deadline_that_could_not_be_stored_is_found)
{
	struct result r = spend(here, grant.codes[0]);
	struct fault why = {0};

	if (_i == 0) { /* by the last beat */
		ck_assert_int_eq(unlock_beat(r.u, 4 * 3600 - 5), E_OK);
		x.now -= 86400;
	} else { /* no beat was stored either */
		x.start = 1;
		done(&r);
		r = spend(here, grant.codes[0]);
		x.boot += 4 * 3600;
		x.now -= 86400;
	}
	fake_memory_recount(here);
	here->store->at_change = 1;
	here->store->fate = FAKE_FAIL;
	ck_assert_int_eq(unlock_end(r.u, 4 * 3600, &why), E_STATION);
	ck_assert(why.err == E_STATION && why.sys == ENOSPC);
	done(&r);
	fake_memory_recount(here);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
}
END_TEST

/* hostile 74 */
START_TEST(time_that_passes_before_it_is_confirmed_is_used)
{
	struct result r;

	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	r = try(here, grant.codes[0]);
	x.now += 3 * 3600;
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	ck_assert_int_eq(r.info.remaining_s, 3600);
	done(&r);
	r = try(here, grant.codes[0]);
	x.now += 3600;
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_SPENT);
	done(&r);
}
END_TEST

/* hostile 47 */
START_TEST(clock_set_back_loses_the_time_really_used)
{
	struct result r = spend(here, grant.codes[0]);

	ck_assert_int_eq(unlock_used(r.u, 3 * 3600, NULL), E_OK);
	done(&r);
	x.now -= 365 * 86400;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 3600);
	done(&r);
}
END_TEST

START_TEST(clock_put_right_does_not_end_a_lecture)
{
	struct policy p = fixture_policy();
	struct fixture_grant early;
	struct result r;

	p.not_before = FIXTURE_NOW - 30 * 86400;
	fixture_grant(&x, &early, p, 0, NULL);
	x.now = 1000; /* a dead battery: t is the signed floor */
	r = spend(here, early.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_used(r.u, 600, NULL), E_OK);
	done(&r);
	x.now = FIXTURE_NOW + 7 * 3600;
	r = spend(here, early.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 4 * 3600 - 600);
	done(&r);
	fixture_grant_free(&early);
}
END_TEST

/* hostile 47 */
START_TEST(claimed_row_is_a_first_use_and_asks_the_clock_again)
{
	struct result r;

	here->store->at_change = 2; /* claim works, then S3/S4, then "opened" fails */
	here->store->fate = FAKE_FAIL;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_STATION);
	ck_assert(r.info.spent_now);
	done(&r);
	fake_memory_recount(here);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLAIMED);
	x.now = fixture_policy().expires + 5;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_EXPIRED);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLAIMED);
	x.now = FIXTURE_NOW + 7200;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert(r.info.resume && !r.info.resume_open);
	ck_assert_int_eq(r.info.remaining_s, 2 * 3600); /* nothing was seen, but on the stick it began */
	done(&r);
}
END_TEST

/* hostile 46 */
START_TEST(claimed_here_spent_elsewhere_is_refused_here)
{
	struct fake_memory *there = fake_memory_new();
	struct fake_memory *child = fake_memory_again(here);
	pid_t pid;
	int status;

	/* a crash right after S1 */
	here->store->at_change = 1;
	here->store->fate = FAKE_CRASH_AFTER;
	if ((pid = fork()) == 0)
		_exit(outcome(spend(child, grant.codes[0])) == E_OK ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), FAKE_CRASHED);
	fake_memory_recount(here);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLAIMED);
	ck_assert_int_eq(outcome(spend(there, grant.codes[0])), E_OK);
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_SPENT);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
	fake_memory_free(&child);
	fake_memory_free(&there);
}
END_TEST

/* ---- the end, on the stick -------------------------------------------------------------------------------------------------- */

/* Both copies are one receipt of the code's holder, which is returned. */
static struct receipt
buried(uint32_t slot)
{
	struct mint_slot_keys keys;
	struct stick_slot s;
	struct receipt r;
	uint8_t rk[KEY_SIZE], mac[MAC_SIZE];

	fixture_slot(&x, &grant.g, slot, &s);
	ck_assert(s.a == RECORD_IS_SPENT && s.b == RECORD_IS_SPENT);
	ck_assert_mem_eq(s.raw_a, s.raw_b, RECORD_SIZE);
	ck_assert_int_eq(receipt_parse(&r, BYTES(s.body_a.p, s.body_a.n - MAC_SIZE)), 0);
	ck_assert_int_eq(mint_slot_keys(&keys, &grant.g, x.seed, slot, NULL), E_OK);
	keytree_receipt(rk, keys.a, keys.factors);
	receipt_mac(mac, rk, s.raw_a, BYTES(s.body_a.p, s.body_a.n - MAC_SIZE));
	ck_assert_mem_eq(mac, s.body_a.p + s.body_a.n - MAC_SIZE, MAC_SIZE);
	return r;
}

START_TEST(end_is_written_over_both_copies)
{
	struct result r = spend(here, grant.codes[1]);
	struct receipt first = buried(1), last;

	ck_assert(first.ended_at == 0 && first.open_s == 0 && first.resumes == 0);
	ck_assert_int_eq(unlock_used(r.u, 600, NULL), E_OK);
	done(&r);
	x.now += 1000;
	r = spend(here, grant.codes[1]); /* it goes on, with 1000 s used */
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_end(r.u, 1300, NULL), E_OK);
	done(&r);
	last = buried(1);
	ck_assert_mem_eq(last.session_id, first.session_id, ID_SIZE);
	ck_assert_mem_eq(last.station_id, first.station_id, ID_SIZE);
	ck_assert_int_eq(last.spent_at, FIXTURE_NOW);
	ck_assert_uint_eq(last.flags, first.flags);
	ck_assert_int_eq(last.ended_at, FIXTURE_NOW + 1300);
	ck_assert_uint_eq(last.open_s, 1300);
	ck_assert_uint_eq(last.resumes, 1);
}
END_TEST

static void
put_memory_back(const struct fake_store *old)
{
	*here->store = *old;
	memset(here->store->locks, 0, sizeof here->store->locks);
}

/* A copy of the memory made before, while the code was claimed, or open; or both copies of it damaged since but one. */
/* hostile 75 */
START_TEST(memory_put_back_after_the_end)
{
	struct fake_store *old = malloc(sizeof *old);
	struct result r;

	if (_i == 0) { /* claimed */
		here->store->at_change = 2;
		here->store->fate = FAKE_FAIL;
		r = spend(here, grant.codes[0]);
		done(&r);
		fake_memory_recount(here);
		*old = *here->store;
	}
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	if (_i != 0)
		*old = *here->store;
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	done(&r);
	if (_i >= 2)
		damage(0, _i - 2);
	for (int again = 0; again < 2; again++) {
		put_memory_back(old);
		r = try(here, grant.codes[0]);
		ck_assert_int_eq(r.err, E_SPENT);
		ck_assert(r.info.spent_known && r.info.spent_here);
		ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
		done(&r);
	}
	free(old);
}
END_TEST

/* Used up on the stick, and the memory says claimed, be it a copy put back: the session began then. */
/* hostile 75 */
START_TEST(claimed_and_used_up_is_counted_from_then)
{
	struct fake_store *old = malloc(sizeof *old);
	struct result r;

	here->store->at_change = 2; /* S5 */
	here->store->fate = FAKE_FAIL;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_STATION);
	fake_memory_recount(here);
	*old = *here->store;
	x.now += 3600;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 3 * 3600);
	ck_assert_int_eq(r.info.opened_at, FIXTURE_NOW);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->opened_at, FIXTURE_NOW);
	done(&r);
	put_memory_back(old);
	x.now += 3 * 3600;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
	free(old);
}
END_TEST

START_TEST(somebody_elses_tombstone_is_left_at_the_end)
{
	struct fake_memory *there = fake_memory_new();
	struct stick_slot live, theirs, now;
	struct result r;

	fixture_slot(&x, &grant.g, 0, &live);
	r = spend(here, grant.codes[0]);
	write_record(0, 0, live.raw_a, RECORD_SIZE); /* an older copy is put back, and used elsewhere */
	write_record(0, 1, live.raw_b, RECORD_SIZE);
	ck_assert_int_eq(outcome(spend(there, grant.codes[0])), E_OK);
	fixture_slot(&x, &grant.g, 0, &theirs);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	fixture_slot(&x, &grant.g, 0, &now);
	ck_assert_mem_eq(now.raw_a, theirs.raw_a, RECORD_SIZE);
	ck_assert_mem_eq(now.raw_b, theirs.raw_b, RECORD_SIZE);
	done(&r);
	fake_memory_free(&there);
}
END_TEST

/* The stick is out, or somebody holds its records: the session ends all the same. */
START_TEST(end_without_the_stick)
{
	struct result r = spend(here, grant.codes[0]);
	char name[64], path[192], away[200];
	int fd = -1;

	fixture_lock_name(name, &grant.g, 0);
	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
	snprintf(away, sizeof away, "%s.away", path);
	if (_i == 0)
		ck_assert_int_eq(rename(path, away), 0);
	else
		ck_assert((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0 && flock(fd, LOCK_EX) == 0);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
	done(&r);
	if (_i == 0)
		ck_assert_int_eq(rename(away, path), 0);
	else
		close(fd);
	if (_i == 1)
		ck_assert_int_eq(buried(0).ended_at, 0);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
}
END_TEST

/* What comes back goes on only with the records of this session, in both copies. */
START_TEST(stick_that_comes_back)
{
	struct result r = try(here, grant.codes[0]);
	struct fault f = {0};
	char name[64], path[192], away[200];

	ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, &f), E_FAIL); /* nothing was spent yet */
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	for (int copy = 0; copy < 2; copy++) {
		fixture_lock_name(name, &grant.g, copy);
		snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
		snprintf(away, sizeof away, "%s.away", path);
		ck_assert_int_eq(rename(path, away), 0);
		fault_clear(&f);
		ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, &f), E_WRONG_STICK);
		ck_assert_str_eq(f.object, "ONCE");
		ck_assert_int_eq(rename(away, path), 0);
	}
	ck_assert_int_eq(renameat(x.dir_fd, "ONCE", x.dir_fd, "ELSEWHERE"), 0);
	fault_clear(&f);
	ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, &f), E_NO_STICK);
	ck_assert_int_eq(renameat(x.dir_fd, "ELSEWHERE", x.dir_fd, "ONCE"), 0);
	ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	done(&r);
	ck_assert_uint_eq(buried(0).open_s, 60);
}
END_TEST

/* The message says that it goes on; unless its time is over. */
START_TEST(end_that_the_memory_does_not_take)
{
	struct result r = spend(here, grant.codes[0]);
	int64_t used = _i == 0 ? 60 : 4 * 3600;
	struct fault why = {0};

	here->store->read_only = true;
	ck_assert_int_eq(unlock_end(r.u, used, &why), E_STATION);
	ck_assert(why.err == E_STATION && why.sys == ENOSPC);
	done(&r);
	here->store->read_only = false;
	ck_assert_int_eq(buried(0).ended_at, _i == 0 ? 0 : FIXTURE_NOW + used);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), _i == 0 ? E_OK : E_SPENT);
}
END_TEST

/* ---- of several, of what is told, and of what may not be written ------------------------------------------------------------ */

START_TEST(the_newest_lecture_names_the_stick_and_each_code_its_own)
{
	static const char *const labels[] = {"Older", "Newest", "Old"};
	struct fixture_grant g[3];
	struct result r;

	for (int i = 0; i < 3; i++) {
		x.label = x.contact = labels[i];
		x.issued = FIXTURE_NOW - 600 + (i == 1 ? 60 : i == 2 ? 30 : 1);
		fixture_grant(&x, &g[i], fixture_policy(), 0, NULL);
	}
	for (int i = 0; i < 3; i++) {
		struct unlock_env env = {&here->memory, fixture_clock(&x), {0}, true};

		memset(&r, 0, sizeof r);
		ck_assert_int_eq(unlock_look(&r.u, x.dir_fd, &env, &r.info, &r.fault), E_OK);
		ck_assert_str_eq(r.info.label, "Newest");
		ck_assert_str_eq(r.info.contact, "Newest");
		ck_assert_uint_eq(r.info.grants, 4);
		ck_assert_int_eq(unlock_clock(r.u, &r.info, &r.fault), E_OK);
		ck_assert_int_eq(r.info.clock.floor, FIXTURE_NOW - 540); /* when the newest was made */
		ck_assert_int_eq(unlock_try(r.u, g[i].codes[2], &r.info, &r.fault), E_OK);
		ck_assert_str_eq(r.info.label, labels[i]);
		ck_assert_str_eq(r.info.contact, labels[i]);
		ck_assert_mem_eq(r.info.grant_id, g[i].g.id, ID_SIZE);
		done(&r);
	}
	for (int i = 0; i < 3; i++)
		fixture_grant_free(&g[i]);
}
END_TEST

/* The newest that is signed: the memory's mark of the issuer, a lecture, a list, a bundle. */
START_TEST(signed_times_are_a_floor)
{
	struct result r = try(here, grant.codes[0]);

	ck_assert_int_eq(r.info.clock.floor, FIXTURE_NOW - 86400);
	done(&r);
	fixture_notice(&x, NULL, 0, 1);
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.info.clock.floor, FIXTURE_NOW - 600);
	done(&r);
	fake_memory_know(here, x.pk, FIXTURE_NOW - 500);
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.info.clock.floor, FIXTURE_NOW - 500);
	ck_assert(r.info.issuer_known);
	done(&r);
}
END_TEST

START_TEST(bundle_of_later_than_its_lecture_is_a_floor)
{
	struct manifest m = x.manifest;
	struct fixture_grant later;
	struct result r;

	m.created = FIXTURE_NOW - 100;
	fixture_manifest(&x, &m);
	fixture_grant(&x, &later, fixture_policy(), 0, NULL);
	r = try(here, later.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.clock.floor, FIXTURE_NOW - 100);
	done(&r);
	fixture_grant_free(&later);
}
END_TEST

static void
mode_of_lock(int copy, mode_t mode)
{
	char name[64], path[192];

	fixture_lock_name(name, &grant.g, copy);
	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* A record that may only be read: for a first use, and to go on. */
START_TEST(locked_record)
{
	struct result r;

	if (_i >= 2)
		ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	ck_assert_int_eq(chmod(x.path, 0755), 0);
	mode_of_lock(_i % 2, 0444);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(outcome(check_all(here)), E_READONLY);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(r.err, E_READONLY);
	ck_assert(r.fault.err == E_READONLY && r.fault.sys == EACCES);
	done(&r);
	mode_of_lock(_i % 2, 0666);
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
}
END_TEST

/* Lock files that are not of their size, for a first use, and to go on. */
START_TEST(lock_file_of_another_length)
{
	char name[64], path[192], object[40];

	if (_i >= 2)
		ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	fixture_lock_name(name, &grant.g, _i % 2);
	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
	ck_assert_int_eq(truncate(path, (FIXTURE_SLOTS + 1) * RECORD_SIZE), 0);
	refused(try(here, grant.codes[0]), E_SLOT_DAMAGED, _i < 2 ? "record" : "lock files", NULL);
	memcpy(object, name, 34);
	object[34] = '\0';
	refused(check_all(here), E_SLOT_DAMAGED, "lock files", object);
	ck_assert_int_eq(truncate(path, FIXTURE_SLOTS * RECORD_SIZE), 0);
	ck_assert_int_eq(outcome(check_all(here)), E_OK);
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
}
END_TEST

START_TEST(a_rehearsal_without_a_code_asks_for_every_lecture)
{
	struct fixture_grant second;
	char name[64];

	fixture_grant(&x, &second, fixture_policy(), 0, NULL);
	fixture_digest(&x, before);
	ck_assert_int_eq(outcome(check_all(here)), E_OK);
	here->store->closed_list = true;
	refused(check_all(here), E_ISSUER, "pinned issuers", "station memory");
	here->store->closed_list = false;
	assert_untouched();
	for (int i = 0; i < 2; i++) {
		fixture_lock_name(name, i == 0 ? &grant.g : &second.g, 1);
		unreadable = strchr(name, '/') + 1;
		ck_assert_int_eq(outcome(check_all(here)), E_STICK_IO);
	}
	unreadable = NULL;
	damage_manifest();
	ck_assert_int_eq(outcome(check_all(here)), E_BUNDLE);
	fixture_grant_free(&second);
}
END_TEST

/* A list that is older than the one that was read does not count any more; one of the same number does. */
START_TEST(list_that_changes_while_the_question_waits)
{
	size_t n[3];
	uint8_t *lists[3];

	for (uint32_t i = 0; i < 3; i++) {
		fixture_notice(&x, i == 1 ? NULL : grant.g.id, 0, 4 + i / 2 + (i == 1)); /* 4: revoked; 5: not; 5: revoked */
		lists[i] = fixture_get(&x, "notice.cose", &n[i]);
		if (i == 1)
			ck_assert_int_eq(unlinkat(x.dir_fd, "ONCE/notice.cose", 0), 0);
	}
	for (uint32_t i = 0; i < 3; i += 2) {
		struct result r;

		fixture_put(&x, "notice.cose", lists[1], n[1]);
		r = try(here, grant.codes[0]);
		ck_assert_int_eq(r.err, E_OK);
		fixture_put(&x, "notice.cose", lists[i], n[i]);
		ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), i == 0 ? E_OK : E_REVOKED);
		ck_assert_uint_eq(r.info.notice_have, 5);
		done(&r);
	}
	for (int i = 0; i < 3; i++)
		free(lists[i]);
}
END_TEST

/* ---- a ledger --------------------------------------------------------------------------------------------------------------- */

struct ledger {
	const struct grant *g;
	enum err says;
	bool lies;
	unsigned asked;
	uint8_t nonce[NONCE_SIZE];
};

static enum err
ledger_of_test(void *arg, const char *host, const uint8_t grant_id[ID_SIZE], uint32_t slot, const uint8_t token[HASH_SIZE],
    const uint8_t nonce[NONCE_SIZE], uint8_t factor[HASH_SIZE])
{
	struct ledger *l = arg;
	struct mint_slot_keys keys;
	uint8_t want[HASH_SIZE];

	ck_assert_str_eq(host, "ledger.example:5432");
	ck_assert_mem_eq(grant_id, l->g->id, ID_SIZE);
	ck_assert_int_eq(mint_slot_keys(&keys, l->g, x.seed, slot, NULL), E_OK);
	keytree_token(want, keys.a, l->g->hash, slot);
	ck_assert_mem_eq(token, want, HASH_SIZE);
	ck_assert_mem_eq(nonce, fake_memory_row(here, NULL, 0)->nonce, NONCE_SIZE);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLAIMED);
	if (l->asked++ > 0)
		ck_assert_mem_eq(nonce, l->nonce, NONCE_SIZE); /* who asks again is the same */
	memcpy(l->nonce, nonce, NONCE_SIZE);
	memcpy(factor, keys.factors + FACTORS_SIZE - HASH_SIZE, HASH_SIZE);
	factor[0] ^= l->lies;
	return l->says;
}

static struct fixture_grant counted;    /* a lecture whose codes a ledger counts */

static void
with_ledger(struct ledger *l)
{
	struct policy p = fixture_policy();

	p.ledger = true;
	strcpy(p.ledger_host, "ledger.example:5432");
	fixture_grant(&x, &counted, p, 0, NULL);
	fixture_digest(&x, before);
	*l = (struct ledger){.g = &counted.g};
}

static struct result
try_counted(struct ledger *l)
{
	return try_with(here, counted.codes[1], (struct unlock_factors){.ledger = ledger_of_test, .arg = l}, false);
}

static struct result
spend_counted(struct ledger *l)
{
	struct result r = try_counted(l);

	if (r.err == E_OK)
		r.err = unlock_spend(r.u, &r.info, &r.fault);
	return r;
}

START_TEST(ledger_is_asked_after_the_claim_and_once)
{
	struct ledger l;
	struct stick_slot slot;
	struct receipt receipt;
	struct result r;

	with_ledger(&l);
	refused(try(here, counted.codes[1]), E_LEDGER, "ledger", NULL); /* nobody to ask */
	r = try_counted(&l);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(l.asked, 0);
	assert_untouched();
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	ck_assert_uint_eq(l.asked, 1);
	ck_assert_uint_eq(r.info.file_bytes, 200006);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
	done(&r);
	ck_assert_int_eq(outcome(try(here, counted.codes[1])), E_OK); /* who goes on needs none */
	r = spend_counted(&l);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(l.asked, 1);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	done(&r);
	fixture_slot(&x, &counted.g, 1, &slot); /* without the ledger's part the end cannot be signed */
	ck_assert_int_eq(receipt_parse(&receipt, BYTES(slot.body_a.p, slot.body_a.n - MAC_SIZE)), 0);
	ck_assert(receipt.spent_at == FIXTURE_NOW && receipt.ended_at == 0);
	fixture_grant_free(&counted);
}
END_TEST

START_TEST(end_after_a_ledger_is_signed)
{
	struct mint_slot_keys keys;
	struct ledger l;
	struct stick_slot slot;
	struct receipt receipt;
	struct result r;
	uint8_t rk[KEY_SIZE], mac[MAC_SIZE];

	with_ledger(&l);
	r = spend_counted(&l);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	done(&r);
	fixture_slot(&x, &counted.g, 1, &slot);
	ck_assert_int_eq(receipt_parse(&receipt, BYTES(slot.body_b.p, slot.body_b.n - MAC_SIZE)), 0);
	ck_assert_int_eq(receipt.ended_at, FIXTURE_NOW + 60);
	ck_assert_int_eq(mint_slot_keys(&keys, &counted.g, x.seed, 1, NULL), E_OK);
	keytree_receipt(rk, keys.a, keys.factors);
	receipt_mac(mac, rk, slot.raw_b, BYTES(slot.body_b.p, slot.body_b.n - MAC_SIZE));
	ck_assert_mem_eq(mac, slot.body_b.p + slot.body_b.n - MAC_SIZE, MAC_SIZE);
	fixture_grant_free(&counted);
}
END_TEST

/* No answer keeps the claim, and the same code asks again; a definite no takes it back. */
START_TEST(ledger_that_says_no)
{
	static const enum err says[] = {E_LEDGER, E_SPENT, E_REVOKED, E_EARLY, E_EXPIRED, E_CODE_UNKNOWN};
	const bool definite = says[_i] != E_LEDGER;
	struct ledger l;
	struct result r;

	with_ledger(&l);
	l.says = says[_i];
	r = spend_counted(&l);
	ck_assert(r.info.spent_now == !definite);
	refused(r, says[_i], "ledger", "ledger.example:5432");
	ck_assert((fake_memory_row(here, NULL, 0) == NULL) == definite);
	l.says = E_OK;
	l.asked = definite ? 0 : l.asked;
	r = spend_counted(&l);
	ck_assert_int_eq(r.err, E_OK);
	done(&r);
	fixture_grant_free(&counted);
}
END_TEST

START_TEST(ledger_that_lies_spends_nothing_on_the_stick)
{
	struct stick_slot slot;
	struct ledger l;
	struct result r;

	with_ledger(&l);
	l.lies = true;
	r = spend_counted(&l);
	ck_assert(r.info.spent_now);
	refused(r, E_SLOT_DAMAGED, "cell", NULL);
	fixture_slot(&x, &counted.g, 1, &slot);
	ck_assert(slot.a == RECORD_IS_LIVE && slot.b == RECORD_IS_LIVE);
	l.lies = false;
	ck_assert_int_eq(outcome(spend_counted(&l)), E_OK);
	fixture_grant_free(&counted);
}
END_TEST

/* Nobody is asked after the claim was taken back; where that fails it may be asked again. */
START_TEST(ledger_whose_no_cannot_be_kept)
{
	struct ledger l;
	struct result r;

	with_ledger(&l);
	l.says = E_SPENT;
	here->store->at_change = 2;
	here->store->fate = FAKE_FAIL;
	r = spend_counted(&l);
	ck_assert(r.info.spent_now);
	refused(r, E_SPENT, "ledger", "ledger.example:5432");
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLAIMED);
	fixture_grant_free(&counted);
}
END_TEST

/* ---- what the end says ------------------------------------------------------------------------------------------------------ */

/* The time of the end is no earlier than that of the spend, none that there is not, and never runs backwards. */
START_TEST(end_is_dated_within_reason)
{
	static const struct { int64_t used, ended; uint64_t open_s; } ends[] = {
	    {-5, FIXTURE_NOW, 0}, {0, FIXTURE_NOW, 0}, {1, FIXTURE_NOW + 1, 1}, {INT64_MAX / 2, TIME_MAX, INT64_MAX / 2}};
	struct result r = spend(here, grant.codes[0]);
	struct receipt last;

	ck_assert_int_eq(unlock_end(r.u, ends[_i].used, NULL), E_OK);
	done(&r);
	last = buried(0);
	ck_assert_int_eq(last.ended_at, ends[_i].ended);
	ck_assert_uint_eq(last.open_s, ends[_i].open_s);
}
END_TEST

START_TEST(end_is_not_before_the_beginning)
{
	struct receipt last;
	struct result r = spend(here, grant.codes[0]);

	done(&r);
	x.now -= 3600;
	here->store->high_water = here->store->proved = 0;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_end(r.u, 30, NULL), E_OK);
	done(&r);
	last = buried(0);
	ck_assert_int_eq(last.spent_at, FIXTURE_NOW);
	ck_assert_int_eq(last.ended_at, FIXTURE_NOW);
}
END_TEST

START_TEST(memory_that_does_not_last_is_in_the_receipt)
{
	struct result r;

	here->store->is_volatile = true;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert(r.info.memory_volatile);
	ck_assert_uint_eq(buried(0).flags, RECEIPT_NO_MEMORY);
	done(&r);
}
END_TEST

/* What began before the code expired, whatever the clock said, is over a session after that. */
START_TEST(session_of_a_clock_that_was_behind_ends_with_the_code)
{
	const struct policy p = fixture_policy();
	struct fixture_grant early;
	struct policy longer = p;
	struct result r;

	longer.not_before = FIXTURE_NOW - 30 * 86400;
	fixture_grant(&x, &early, longer, 0, NULL);
	x.now = 1000;
	ck_assert_int_eq(outcome(spend(here, early.codes[0])), E_OK);
	fake_memory_know(here, x.pk, p.expires + 4 * 3600 - 1);
	r = try(here, early.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(r.info.remaining_s, 1);
	done(&r);
	fake_memory_know(here, x.pk, p.expires + 4 * 3600);
	r = try(here, early.codes[0]);
	ck_assert(!r.info.over_by_clock);
	refused(r, E_SPENT, "deadline", NULL);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
	fixture_grant_free(&early);
}
END_TEST

/* Several at once, of which only those go that are over. */
START_TEST(all_that_is_overdue_is_closed)
{
	x.start = 1;
	for (int i = 0; i < FIXTURE_SLOTS; i++) {
		ck_assert_int_eq(outcome(spend(here, grant.codes[i])), E_OK);
		x.boot += 600;
	}
	x.boot += 4 * 3600 - 1800;
	sweep();
	for (size_t i = 0; i < FIXTURE_SLOTS; i++)
		ck_assert_int_eq(here->store->uses[i].state, i == 0 ? MEMORY_CLOSED : MEMORY_OPEN);
	ck_assert_int_eq(here->store->uses[0].used_s, 4 * 3600);
	x.boot += 86400;
	sweep();
	for (size_t i = 0; i < FIXTURE_SLOTS; i++)
		ck_assert_int_eq(here->store->uses[i].state, MEMORY_CLOSED);
}
END_TEST

/* A stick of another name, or with a copy of the record that another session left. */
START_TEST(another_stick_does_not_come_back)
{
	struct result r = spend(here, grant.codes[0]);
	uint8_t raw[RECORD_SIZE], id[ID_SIZE] = {1}, ratchet[KEY_SIZE] = {2};
	struct fake_memory *there = fake_memory_new();
	struct stick_slot ours, theirs;
	struct fault f = {0};
	size_t n = 0;
	uint8_t *records[2] = {fixture_get(&x, "stick.a", &n), fixture_get(&x, "stick.b", &n)};

	fixture_slot(&x, &grant.g, 0, &ours);
	record_encode(raw, RECORD_STICK, id, 1, BYTES(ratchet, sizeof ratchet));
	fixture_patch(&x, "stick.a", 0, raw, sizeof raw);
	fixture_patch(&x, "stick.b", 0, raw, sizeof raw);
	ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, &f), E_WRONG_STICK);
	ck_assert_str_eq(f.step, "record");
	fixture_patch(&x, "stick.a", 0, records[0], RECORD_SIZE);
	fixture_patch(&x, "stick.b", 0, records[1], RECORD_SIZE);
	write_record(0, 0, made.raw_a, RECORD_SIZE); /* an older copy is put back, and used elsewhere */
	write_record(0, 1, made.raw_b, RECORD_SIZE);
	ck_assert_int_eq(outcome(spend(there, grant.codes[0])), E_OK);
	fixture_slot(&x, &grant.g, 0, &theirs);
	for (int copy = 0; copy < 2; copy++) {
		write_record(0, 0, copy == 0 ? theirs.raw_a : ours.raw_a, RECORD_SIZE);
		write_record(0, 1, copy == 1 ? theirs.raw_b : ours.raw_b, RECORD_SIZE);
		ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, NULL), E_WRONG_STICK);
	}
	write_record(0, 1, ours.raw_b, RECORD_SIZE);
	ck_assert_int_eq(unlock_reattach(r.u, x.dir_fd, NULL), E_OK);
	done(&r);
	free(records[0]);
	free(records[1]);
	fake_memory_free(&there);
}
END_TEST

/* ---- what happens between the proof of a code and its use ------------------------------------------------------------------- */

static void
assert_theirs(const struct stick_slot *theirs)
{
	struct stick_slot now;

	fixture_slot(&x, &grant.g, 0, &now);
	ck_assert_mem_eq(now.raw_a, theirs->raw_a, RECORD_SIZE);
	ck_assert_mem_eq(now.raw_b, theirs->raw_b, RECORD_SIZE);
}

/* hostile 71 */
START_TEST(used_by_another_station_while_this_one_waited)
{
	struct fake_memory *there = fake_memory_new();
	struct result r = try(here, grant.codes[0]);
	struct stick_slot theirs;

	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(outcome(spend(there, grant.codes[0])), E_OK);
	fixture_slot(&x, &grant.g, 0, &theirs);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_SPENT);
	ck_assert(!r.info.spent_now && r.info.spent_known && !r.info.spent_here);
	ck_assert_int_eq(r.info.spent_at, FIXTURE_NOW);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
	assert_theirs(&theirs);
	done(&r);
	ck_assert_int_eq(outcome(spend(there, grant.codes[0])), E_OK); /* their session goes on */
	fake_memory_free(&there);
}
END_TEST

/* hostile 71 */
START_TEST(claimed_here_and_used_by_another_station_while_this_one_waited)
{
	struct fake_memory *there = fake_memory_new();
	struct stick_slot theirs;
	struct result r;

	here->store->at_change = 1;
	here->store->fate = FAKE_FAIL_AFTER;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_STATION);
	fake_memory_recount(here);
	r = try(here, grant.codes[0]);
	ck_assert(r.err == E_OK && r.info.resume);
	ck_assert_int_eq(outcome(spend(there, grant.codes[0])), E_OK);
	fixture_slot(&x, &grant.g, 0, &theirs);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_SPENT);
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
	assert_theirs(&theirs);
	done(&r);
	fake_memory_free(&there);
}
END_TEST

static struct fake_memory *meanwhile;   /* a station that uses the code as soon as another has claimed it */

static enum fake_fate
use_it_meanwhile(void *arg, enum fake_call call, unsigned n)
{
	(void)arg;
	(void)n;
	if (call == FAKE_CLAIM)
		ck_assert_int_eq(outcome(spend(meanwhile, grant.codes[0])), E_OK);
	return FAKE_WORK;
}

/* Where nobody can be kept away, the last reading is right before the first write; and the claim is taken back. */
/* hostile 71 */
START_TEST(no_locks_and_used_elsewhere_after_the_claim)
{
	struct stick_slot theirs;
	struct result r;

	lockless = true;
	meanwhile = fake_memory_new();
	here->store->plan = use_it_meanwhile;
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_SPENT);
	ck_assert(!r.info.spent_now);
	ck_assert_uint_eq(here->store->calls[FAKE_CLAIM], 1);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
	fixture_slot(&x, &grant.g, 0, &theirs);
	ck_assert_int_eq(theirs.a, RECORD_IS_SPENT);
	done(&r);
	ck_assert_int_eq(outcome(spend(meanwhile, grant.codes[0])), E_OK);
	assert_theirs(&theirs);
	fake_memory_free(&meanwhile);
	lockless = false;
}
END_TEST

/* hostile 71 */
START_TEST(revoked_while_the_question_waited)
{
	struct result r = try(here, grant.codes[0]);
	struct stick_slot slot;

	ck_assert_int_eq(r.err, E_OK);
	fixture_notice(&x, grant.g.id, 0, 7);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_REVOKED);
	ck_assert(!r.info.spent_now);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
	fixture_slot(&x, &grant.g, 0, &slot);
	ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
	done(&r);
}
END_TEST

/* hostile 71 */
START_TEST(erased_while_the_question_waited)
{
	uint8_t zeros[RECORD_SIZE] = {0};
	struct result r = try(here, grant.codes[0]);

	ck_assert_int_eq(r.err, E_OK);
	write_record(0, 0, zeros, RECORD_SIZE);
	write_record(0, 1, zeros, RECORD_SIZE);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_SLOT_DAMAGED);
	ck_assert(!r.info.spent_now);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
	done(&r);
}
END_TEST

/* A file of ONCE, or another name for it. */
static void
rename_both(const char *name, const char *from, const char *to)
{
	char old[PATH_MAX], new[PATH_MAX];

	snprintf(old, sizeof old, "%s/ONCE/%s%s", x.path, name, from);
	snprintf(new, sizeof new, "%s/ONCE/%s%s", x.path, name, to);
	ck_assert_int_eq(rename(old, new), 0);
}

static void
rename_locks(const char *from, const char *to)
{
	char name[64];

	for (int i = 0; i < 2; i++) {
		fixture_lock_name(name, &grant.g, i);
		rename_both(name, from, to);
	}
}

/* As a FAT says it whose device is pulled: it is empty. */
START_TEST(pulled_while_the_question_waited)
{
	struct result r = try(here, grant.codes[0]);

	ck_assert_int_eq(r.err, E_OK);
	rename_both("stick.a", "", ".away");
	rename_both("stick.b", "", ".away");
	rename_locks("", ".away");
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_STICK_IO);
	ck_assert(!r.info.spent_now);
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
	done(&r);
	rename_both("stick.a", ".away", "");
	rename_both("stick.b", ".away", "");
	rename_locks(".away", "");
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
}
END_TEST

static const struct memory_ops *real_ops;

/* Asked when the records are held, and just before they are read again. */
static enum err
issuer_of_a_stick_that_goes(struct memory *m, const uint8_t pk[KEY_SIZE], struct memory_issuer *out, struct fault *f)
{
	rename_locks("", ".away");
	unreadable = ".away";
	return real_ops->issuer(m, pk, out, f);
}

/* Or only of what the kernel does not know yet; but what is open can be read no more. */
START_TEST(pulled_with_names_that_are_still_known)
{
	struct result r = try(here, grant.codes[0]);
	struct memory_ops ops = *here->memory.ops;

	ck_assert_int_eq(r.err, E_OK);
	real_ops = here->memory.ops;
	ops.issuer = issuer_of_a_stick_that_goes;
	here->memory.ops = &ops;
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_STICK_IO);
	ck_assert(!r.info.spent_now);
	here->memory.ops = real_ops;
	ck_assert_ptr_null(fake_memory_row(here, NULL, 0));
	done(&r);
	unreadable = NULL;
	rename_locks(".away", "");
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
}
END_TEST

/* Somebody else has the records, be it a reader who never lets go: the answer is soon, and nothing has changed. */
/* hostile 71 */
START_TEST(records_held_by_somebody_else)
{
	static const int ways[] = {LOCK_EX, LOCK_SH};
	struct result r = try(here, grant.codes[0]);
	char name[64], path[192];
	int fd;

	fixture_lock_name(name, &grant.g, 0);
	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
	ck_assert_int_ge(fd = open(path, O_RDONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(flock(fd, ways[_i]), 0);
	naps = 0;
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_STICK_BUSY);
	ck_assert(naps > 10 && naps <= 200);
	ck_assert(!r.info.spent_now);
	done(&r);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_STICK_BUSY); /* the probe is everybody's too */
	refused(check_all(here), E_STICK_BUSY, "flock", "lock.a");
	assert_untouched();
	close(fd);
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
}
END_TEST

/* hostile 71 */
START_TEST(records_of_two_lectures_that_are_one_file)
{
	struct fixture_grant other;
	char name[64], path[192], second[192];

	fixture_grant(&x, &other, grant.g.policy, 0, NULL);
	fixture_lock_name(name, &grant.g, 0);
	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
	fixture_lock_name(name, &other.g, 0);
	snprintf(second, sizeof second, "%s/ONCE/%s", x.path, name);
	ck_assert_int_eq(unlink(second), 0);
	ck_assert_int_eq(link(path, second), 0);
	naps = 0;
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	ck_assert_uint_eq(naps, 0);
	fixture_grant_free(&other);
}
END_TEST

/* hostile 47 */
START_TEST(claimed_with_both_copies_damaged)
{
	struct result r;

	here->store->at_change = 2;
	here->store->fate = FAKE_FAIL;
	r = spend(here, grant.codes[0]);
	done(&r);
	fake_memory_recount(here);
	damage(0, 0);
	damage(0, 1);
	refused(spend(here, grant.codes[0]), E_SLOT_DAMAGED, "record", NULL);
}
END_TEST

/* hostile 47 */
START_TEST(open_with_both_copies_damaged_resumes_and_repairs)
{
	struct stick_slot slot;
	struct result r = spend(here, grant.codes[0]);

	done(&r);
	damage(0, 0);
	damage(0, 1);
	ck_assert_int_eq(outcome(spend(here, grant.codes[0])), E_OK);
	fixture_slot(&x, &grant.g, 0, &slot);
	ck_assert_int_eq(slot.a, RECORD_IS_SPENT);
	ck_assert_int_eq(slot.b, RECORD_IS_SPENT);
}
END_TEST

/* hostile 47 */
START_TEST(another_code_does_not_resume_the_session)
{
	struct result r = spend(here, grant.codes[0]);

	done(&r);
	r = try(here, grant.codes[1]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert(!r.info.resume);
	done(&r);
}
END_TEST

/* Every change of station memory fails, or ends the process before or after it: the same code at the same station opens then, and
 * at another station it opens only if the stick was not touched. */
/* hostile 42 */
START_TEST(interrupted_at_any_change_resumes_here)
{
	static const enum fake_fate fates[] = {FAKE_FAIL, FAKE_FAIL_AFTER, FAKE_CRASH_BEFORE, FAKE_CRASH_AFTER};
	enum fake_fate fate = fates[_i % 4];
	unsigned change = 1 + (unsigned)_i / 4;
	struct fake_memory *child = fake_memory_again(here);
	struct stick_slot slot;
	struct result r;
	int status = 0;
	pid_t pid;

	here->store->at_change = change;
	here->store->fate = fate;
	if ((pid = fork()) == 0) {
		r = spend(child, grant.codes[0]);
		_exit(r.err == E_OK || fate != FAKE_FAIL || (r.err == E_STATION && r.fault.sys == ENOSPC) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != 1); /* the cause is told */
	fake_memory_recount(here);
	fixture_slot(&x, &grant.g, 0, &slot);
	ck_assert_int_eq(slot.merged, change == 1 ? RECORD_IS_LIVE : RECORD_IS_SPENT);
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_end(r.u, 10, NULL), E_OK);
	done(&r);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
	fake_memory_free(&child);
}
END_TEST

START_TEST(overdue_sessions_are_closed_by_the_next_mount)
{
	struct result r;

	x.start = 1;
	r = spend(here, grant.codes[0]);
	x.boot += 3 * 3600;
	sweep();
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
	x.boot += 2 * 3600;
	sweep(); /* its session is living, and ends by itself */
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_OPEN);
	done(&r);
	sweep();
	ck_assert_int_eq(fake_memory_row(here, NULL, 0)->state, MEMORY_CLOSED);
}
END_TEST

START_TEST(newest_notice_travels_to_the_stick)
{
	struct notice n = {0};
	struct stick *s = NULL;
	struct fault f = {0};
	struct result r;

	fixture_notice(&x, grant.g.id, 2, 9);
	r = spend(here, grant.codes[0]);
	done(&r);
	fixture_patch(&x, "notice.cose", 0, "\0", 1); /* the stick loses it */
	r = spend(here, grant.codes[1]);
	unlock_carry_notice(r.u);
	done(&r);
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_load_notice(s, x.pk, &n, NULL, NULL), 1);
	ck_assert_uint_eq(n.number, 9);
	ck_assert(notice_revoked(&n, grant.g.id, 2));
	notice_free(&n);
	stick_close(&s);
}
END_TEST

/* ---- what stays in memory --------------------------------------------------------------------------------------------------- */

static uint8_t chunk[1 << 20], hidden[KEY_SIZE];

/* The key to look for, kept so that it is not found itself. */
static void
look_for(const uint8_t key[KEY_SIZE])
{
	for (size_t i = 0; i < KEY_SIZE; i++)
		hidden[i] = key[i] ^ 0x5a;
}

static bool
found_at(const uint8_t *p)
{
	for (size_t i = 0; i < KEY_SIZE; i++)
		if ((p[i] ^ 0x5a) != hidden[i])
			return false;
	return true;
}

/* This process's memory, and what the kernel knows of its pages. */
struct own_memory { int fd, pages; };

/*
 * The pages at or behind *from that have memory, or room in swap space: those that lie together, to *end. What was never written
 * to is passed over: a sanitizer maps a thousand times what it uses. If there is none among the next ones, false, and *from is
 * behind these.
 */
static bool
next_pages(const struct own_memory *m, uint64_t *from, uint64_t to, uint64_t *end)
{
	static uint64_t entries[256];
	const uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), begin = *from - *from % size, left = (to - begin + size - 1) / size;
	const uint64_t most = sizeof chunk / size < 256 ? sizeof chunk / size : 256;
	const size_t n = (size_t)(left < most ? left : most), bytes = n * sizeof *entries;
	size_t first = 0, last;

	ck_assert_int_eq(pread(m->pages, entries, bytes, (off_t)(begin / size * sizeof *entries)), (ssize_t)bytes);
	while (first < n && entries[first] >> 62 == 0)
		first++;
	for (last = first; last < n && entries[last] >> 62 != 0; last++)
		;
	if (first > 0)
		*from = begin + first * size;
	*end = begin + last * size < to ? begin + last * size : to;
	return first < n;
}

/* In how many places of these pages the key lies; with wipe, they are overwritten. */
static unsigned
in_pages(const struct own_memory *m, uint64_t from, uint64_t to, bool wipe)
{
	static const uint8_t zeros[KEY_SIZE];
	const uint8_t *at, *end = chunk + (to - from) - KEY_SIZE + 1;
	unsigned found = 0;

	ck_assert_int_eq(pread(m->fd, chunk, (size_t)(to - from), (off_t)from), (ssize_t)(to - from));
	for (at = chunk; at < end && (at = memchr(at, hidden[0] ^ 0x5a, (size_t)(end - at))) != NULL; at++) {
		if (!found_at(at))
			continue;
		found++;
		if (wipe)
			ck_assert_int_eq(pwrite(m->fd, zeros, KEY_SIZE, (off_t)from + (at - chunk)), KEY_SIZE);
	}
	sodium_memzero(chunk, (size_t)(to - from));
	return found;
}

/* The same of one mapping. What lies across the end of one look is seen by the next. */
static unsigned
in_mapping(const struct own_memory *m, uint64_t from, uint64_t to, bool wipe)
{
	unsigned found = 0;
	uint64_t end;

	while (from < to) {
		if (!next_pages(m, &from, to, &end))
			continue;
		if (end - from >= KEY_SIZE) {
			found += in_pages(m, from, end, wipe);
			from = end - (KEY_SIZE - 1);
		} else {
			from = end;
		}
	}
	return found;
}

/* In how many places of this process's memory the key lies. What a sanitizer maps for itself, terabytes, is left out. */
static unsigned
in_memory(bool wipe)
{
	const struct own_memory m = {open("/proc/self/mem", O_RDWR | O_CLOEXEC), open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], mode[8];
	uint64_t from, to;
	unsigned found = 0;

	ck_assert(maps != NULL && m.fd != -1 && m.pages != -1);
	while (fgets(line, sizeof line, maps) != NULL) {
		ck_assert_int_eq(sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, mode), 3);
		if (strncmp(mode, "rw", 2) != 0 || to - from > UINT64_C(1) << 30)
			continue;
		if (from <= (uintptr_t)chunk && (uintptr_t)chunk < to) { /* not what is being looked through */
			found += in_mapping(&m, from, (uintptr_t)chunk, wipe);
			from = (uintptr_t)chunk + sizeof chunk;
		}
		found += in_mapping(&m, from, to, wipe);
	}
	fclose(maps);
	close(m.fd);
	close(m.pages);
	return found;
}

/* The content key is in memory from the spend to the end of the session, in one place. */
START_TEST(content_key_leaves_memory_with_the_session)
{
	struct result r;

	look_for(x.ck);
	in_memory(true); /* what the fixture used and left */
	ck_assert_uint_eq(in_memory(false), 0);
	r = spend(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(in_memory(false), 1);
	if (_i == 0)
		ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	else
		done(&r); /* paused */
	ck_assert_uint_eq(in_memory(false), 0);
	done(&r);
}
END_TEST

/* The stretched code opens the cell and the resume blob: it goes as soon as it is not needed. So does the content key if a step
 * of the spend fails. */
START_TEST(code_leaves_memory_with_the_spend)
{
	static const enum fake_fate fates[] = {FAKE_WORK, FAKE_FAIL, FAKE_FAIL_AFTER};
	struct mint_slot_keys keys;
	struct result r;

	ck_assert_int_eq(mint_slot_keys(&keys, &grant.g, x.seed, 0, NULL), E_OK);
	look_for(_i % 2 == 0 ? keys.a : x.ck);
	sodium_memzero(&keys, sizeof keys);
	in_memory(true);
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(in_memory(false), 1);
	here->store->at_change = 1 + (unsigned)_i / 6;
	here->store->fate = fates[_i / 2 % 3];
	r.err = unlock_spend(r.u, &r.info, &r.fault);
	ck_assert_int_eq(r.err, _i / 2 % 3 == 0 ? E_OK : E_STATION);
	ck_assert_uint_eq(in_memory(false), _i % 2 == 1 && r.err == E_OK ? 1 : 0);
	done(&r);
	ck_assert_uint_eq(in_memory(false), 0);
}
END_TEST

START_TEST(code_that_is_refused_leaves_memory)
{
	struct mint_slot_keys keys;
	struct result r;

	ck_assert_int_eq(mint_slot_keys(&keys, &grant.g, x.seed, 0, NULL), E_OK);
	look_for(keys.a);
	sodium_memzero(&keys, sizeof keys);
	in_memory(true);
	x.now = fixture_policy().expires;
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_EXPIRED);
	ck_assert_uint_eq(in_memory(false), 0);
	done(&r);
}
END_TEST

static TCase *
tcase(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("unlock");
	TCase *first = tcase(s, "first use"), *list = tcase(s, "decisions"), *again = tcase(s, "resume"),
	    *end = tcase(s, "end"), *meantime = tcase(s, "meantime"), *wiped = tcase(s, "memory");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_test(first, good_code_is_proved_without_a_trace);
	tcase_add_test(first, spend_destroys_both_copies_and_opens);
	tcase_add_test(first, closed_session_is_spent_for_good);
	tcase_add_test(first, spent_elsewhere_says_when);
	tcase_add_test(first, restored_stick_is_spent_at_the_same_station);
	tcase_add_test(first, one_live_copy_is_enough_and_is_repaired);
	tcase_add_test(first, tombstone_in_one_copy_wins);
	tcase_add_test(first, the_newest_lecture_names_the_stick_and_each_code_its_own);
	tcase_add_test(first, signed_times_are_a_floor);
	tcase_add_test(first, bundle_of_later_than_its_lecture_is_a_floor);
	tcase_add_loop_test(list, locked_record, 0, 4);
	tcase_add_loop_test(list, lock_file_of_another_length, 0, 4);
	tcase_add_test(list, a_rehearsal_without_a_code_asks_for_every_lecture);
	tcase_add_test(list, list_that_changes_while_the_question_waits);
	tcase_add_test(list, ledger_is_asked_after_the_claim_and_once);
	tcase_add_test(list, end_after_a_ledger_is_signed);
	tcase_add_loop_test(list, ledger_that_says_no, 0, 6);
	tcase_add_test(list, ledger_that_lies_spends_nothing_on_the_stick);
	tcase_add_test(list, ledger_whose_no_cannot_be_kept);
	tcase_add_loop_test(end, end_is_dated_within_reason, 0, 4);
	tcase_add_test(end, end_is_not_before_the_beginning);
	tcase_add_test(end, memory_that_does_not_last_is_in_the_receipt);
	tcase_add_test(end, session_of_a_clock_that_was_behind_ends_with_the_code);
	tcase_add_test(end, all_that_is_overdue_is_closed);
	tcase_add_test(end, another_stick_does_not_come_back);
	tcase_add_test(list, code_of_no_slot);
	tcase_add_test(list, code_of_a_skipped_grant);
	tcase_add_test(list, slot_held_by_another_process);
	tcase_add_loop_test(list, a_key_opens_and_nothing_is_kept_of_it, 0, 2);
	tcase_add_test(list, a_key_is_for_one_lecture_and_one_at_a_time);
	tcase_add_test(list, stranger_at_a_closed_station);
	tcase_add_test(list, notice_that_the_grant_asks_for);
	tcase_add_test(list, revoked_by_the_stick);
	tcase_add_test(list, a_withdrawn_bundle_is_opened_by_no_code);
	tcase_add_test(list, revoked_by_the_station_also_when_the_stick_forgets);
	tcase_add_test(list, list_is_taken_in_before_anything_is_spent);
	tcase_add_test(list, list_of_who_has_no_code_is_not_taken_in);
	tcase_add_test(list, list_that_is_not_taken_in_refuses_its_issuer);
	tcase_add_test(list, used_is_said_before_revoked);
	tcase_add_test(list, revoked_session_does_not_resume);
	tcase_add_test(list, window_is_closed_below_and_open_above);
	tcase_add_test(list, clock_of_1970_is_too_early_not_a_crash);
	tcase_add_test(list, expired_stays_expired_when_the_clock_goes_back);
	tcase_add_test(list, one_boot_in_2099_poisons_nothing);
	tcase_add_test(list, wrong_time_is_said_before_a_damaged_bundle);
	tcase_add_test(list, signed_but_wrong_commitment_spends_nothing);
	tcase_add_test(list, usb_factor_of_another_stick);
	tcase_add_test(list, station_factor_of_another_station);
	tcase_add_test(list, cell_of_a_neighbour);
	tcase_add_test(list, both_copies_damaged);
	tcase_add_loop_test(list, copy_that_cannot_be_read, 0, 2);
	tcase_add_loop_test(list, copy_that_cannot_be_read_when_going_on, 0, 2);
	tcase_add_test(list, station_that_cannot_write);
	tcase_add_test(list, rehearsal_changes_nothing_and_locks_nothing);
	tcase_add_test(list, rehearsal_of_an_overdue_session_closes_nothing);
	tcase_add_test(again, open_session_continues_with_the_time_that_is_left);
	tcase_add_test(again, open_session_continues_after_expiry);
	tcase_add_test(again, open_session_ends_at_its_limit);
	tcase_add_test(again, clock_that_is_ahead_closes_nothing);
	tcase_add_test(again, signed_time_closes_what_is_over);
	tcase_add_loop_test(again, mark_set_by_hand_gives_no_time_and_takes_none, 0, 2);
	tcase_add_test(again, clock_set_back_does_not_reach_the_time_since_the_start);
	tcase_add_test(again, killed_at_each_start_is_not_free);
	tcase_add_loop_test(again, open_folder_writes_once_a_minute, 0, 2);
	tcase_add_test(again, charge_that_fails_is_tried_again);
	tcase_add_loop_test(again, deadline_that_could_not_be_stored_is_found, 0, 2);
	tcase_add_test(again, time_that_passes_before_it_is_confirmed_is_used);
	tcase_add_test(again, clock_set_back_loses_the_time_really_used);
	tcase_add_test(again, clock_put_right_does_not_end_a_lecture);
	tcase_add_test(again, claimed_row_is_a_first_use_and_asks_the_clock_again);
	tcase_add_test(again, claimed_here_spent_elsewhere_is_refused_here);
	tcase_add_test(end, end_is_written_over_both_copies);
	tcase_add_loop_test(end, memory_put_back_after_the_end, 0, 4);
	tcase_add_test(end, claimed_and_used_up_is_counted_from_then);
	tcase_add_test(end, somebody_elses_tombstone_is_left_at_the_end);
	tcase_add_loop_test(end, end_without_the_stick, 0, 2);
	tcase_add_test(end, stick_that_comes_back);
	tcase_add_loop_test(end, end_that_the_memory_does_not_take, 0, 2);
	tcase_add_test(meantime, used_by_another_station_while_this_one_waited);
	tcase_add_test(meantime, claimed_here_and_used_by_another_station_while_this_one_waited);
	tcase_add_test(meantime, no_locks_and_used_elsewhere_after_the_claim);
	tcase_add_test(meantime, revoked_while_the_question_waited);
	tcase_add_test(meantime, erased_while_the_question_waited);
	tcase_add_test(meantime, pulled_while_the_question_waited);
	tcase_add_test(meantime, pulled_with_names_that_are_still_known);
	tcase_add_loop_test(meantime, records_held_by_somebody_else, 0, 2);
	tcase_add_test(meantime, records_of_two_lectures_that_are_one_file);
	tcase_add_test(again, claimed_with_both_copies_damaged);
	tcase_add_test(again, open_with_both_copies_damaged_resumes_and_repairs);
	tcase_add_test(again, another_code_does_not_resume_the_session);
	tcase_add_loop_test(again, interrupted_at_any_change_resumes_here, 0, 8);
	tcase_add_test(again, overdue_sessions_are_closed_by_the_next_mount);
	tcase_add_test(again, newest_notice_travels_to_the_stick);
	tcase_add_loop_test(wiped, content_key_leaves_memory_with_the_session, 0, 2);
	tcase_add_loop_test(wiped, code_leaves_memory_with_the_spend, 0, 12);
	tcase_add_test(wiped, code_that_is_refused_leaves_memory);
	return suite_run(s);
}
