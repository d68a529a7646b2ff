/*
 * check_hostile.c - a stick that is wrong in one place, all the way through unlocking: the error, and that nothing changed.
 *
 * The parts are tested where they belong; here it is what they do together. Argon2id is replaced by a plain hash, since it is run
 * thousands of times; the functions that read, write and flush can fail at a chosen call.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "defect.h"
#include "calls.h"
#include "fake_memory.h"
#include "fixture.h"
#include "kdf.h"
#include "keytree.h"
#include "mint.h"
#include "receipt.h"
#include "sample_image.h"
#include "stickio.h"
#include "suite.h"
#include "unlock.h"

#define MEMORY_BOUND (80u << 20) /* what a test may take beside what it has: Argon2id's 64 MiB are tried for, and 16 */

/* In the place of libsodium's. */
int
crypto_pwhash(unsigned char *const out, unsigned long long outlen, const char *const passwd, unsigned long long passwdlen,
    const unsigned char *const salt, unsigned long long opslimit, size_t memlimit, int alg)
{
	(void)opslimit;
	(void)memlimit;
	(void)alg;
	return crypto_generichash(out, (size_t)outlen, (const unsigned char *)passwd, passwdlen, salt, ID_SIZE);
}

/* ---- a medium that fails ------------------------------------------------------------------------------------------------- */

enum ailment { WELL, WRITE_EIO, WRITE_ENOSPC, WRITE_EROFS, WRITE_LOST, FLUSH_EIO, READ_EIO, READ_ZEROS, AILMENTS };

static struct {
	bool watched;           /* calls count, and may fail */
	enum ailment ailment;
	unsigned from, to;      /* the calls of its kind that fail, from 1; to 0: all that follow */
	unsigned calls, failed; /* of its kind; all kinds for WELL */
	unsigned lie_every, reads; /* every so many reads another byte than what is there; 0: never */
	void (*look)(void);     /* at every call */
} medium;

static bool
ails(enum ailment first, enum ailment last)
{
	if (!medium.watched)
		return false;
	if (medium.look != NULL) {
		medium.watched = false; /* what it reads itself is not counted */
		medium.look();
		medium.watched = true;
	}
	if (medium.ailment != WELL && (medium.ailment < first || medium.ailment > last))
		return false;
	medium.calls++;
	if (medium.ailment == WELL || medium.calls < medium.from || (medium.to != 0 && medium.calls > medium.to))
		return false;
	medium.failed++;
	return true;
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	if (!ails(WRITE_EIO, WRITE_LOST))
		return call_pwrite(fd, buf, n, off);
	errno = medium.ailment == WRITE_ENOSPC ? ENOSPC : medium.ailment == WRITE_EROFS ? EROFS : EIO;
	return medium.ailment == WRITE_LOST ? (ssize_t)n : -1;
}

int
fdatasync(int fd)
{
	if (!ails(FLUSH_EIO, FLUSH_EIO))
		return (int)syscall(SYS_fdatasync, fd);
	errno = EIO;
	return -1;
}

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	if (!ails(READ_EIO, READ_ZEROS)) {
		ssize_t got = call_pread(fd, buf, n, off);

		if (medium.lie_every != 0 && ++medium.reads % medium.lie_every == 0 && got > 0)
			((uint8_t *)buf)[medium.reads * 7919 % (size_t)got] ^= 0x10;
		return got;
	}
	errno = EIO;
	if (medium.ailment == READ_EIO)
		return -1;
	memset(buf, 0, n);
	return (ssize_t)n;
}

/* ---- a stick, a station ------------------------------------------------------------------------------------------------------ */

static struct fixture x;
static struct fixture_grant grant;
static struct fake_memory *here;
static uint8_t before[HASH_SIZE];
static struct fake_store *store_before;

static void
remember(void)
{
	fixture_digest(&x, before);
	memcpy(store_before, here->store, sizeof *store_before);
}

/* The station's counters and locks are no memory of what happened; everything else is. */
static void
assert_no_trace(const char *what, size_t i)
{
	uint8_t now[HASH_SIZE];

	fixture_digest(&x, now);
	ck_assert_msg(memcmp(before, now, HASH_SIZE) == 0, "%s %zu: something changed on the stick", what, i);
	ck_assert_msg(here->store->changes == store_before->changes, "%s %zu: something changed at the station", what, i);
	ck_assert_msg(memcmp(here->store, store_before, offsetof(struct fake_store, locks)) == 0, "%s %zu: memory", what, i);
	ck_assert_msg(here->store->high_water == store_before->high_water, "%s %zu: high water", what, i);
}

/* From here on only so much memory: a size that somebody claims is not a size that somebody may have. */
static void
bound_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct rlimit limit;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	limit.rlim_cur = limit.rlim_max = pages * (rlim_t)sysconf(_SC_PAGESIZE) + MEMORY_BOUND;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
#endif
}

static void
setup(void)
{
	memset(&medium, 0, sizeof medium);
	fixture_open(&x);
	fixture_grant(&x, &grant, fixture_policy(), 0, NULL);
	here = fake_memory_new();
	ck_assert_ptr_nonnull(store_before = malloc(sizeof *store_before));
	remember();
}

static void
teardown(void)
{
	free(store_before);
	fake_memory_free(&here);
	fixture_grant_free(&grant);
	fixture_close(&x);
}

struct result {
	struct unlock *u;
	struct unlock_info info;
	struct fault fault;
	enum err err;
};

static struct result
try(struct fake_memory *m, const char *code)
{
	struct unlock_env env = {.memory = &m->memory, .clock = fixture_clock(&x)};
	struct result r = {0};

	if ((r.err = unlock_look(&r.u, x.dir_fd, &env, &r.info, &r.fault)) == E_OK)
		r.err = unlock_try(r.u, code, &r.info, &r.fault);
	return r;
}

static enum err
outcome(struct result r)
{
	unlock_free(&r.u);
	return r.err;
}

static enum err
spend_at(struct fake_memory *m, const char *code)
{
	struct result r = try(m, code);

	if (r.err == E_OK)
		r.err = unlock_spend(r.u, &r.info, &r.fault);
	return outcome(r);
}

/* Refused, by that name, and without a trace. */
static void
assert_refused(const char *code, enum err want, const char *what, size_t i)
{
	enum err err;

	remember();
	err = outcome(try(here, code));
	ck_assert_msg(err == want, "%s %zu: error %d, not %d", what, i, (int)err, (int)want);
	assert_no_trace(what, i);
}

/* ---- signed objects ---------------------------------------------------------------------------------------------------------- */

/* What each of them is called, what it holds, and what is said when it is not to be had. */
static struct object {
	char name[80];
	uint8_t *payload;
	size_t n;
	enum err refusal;
} objects[3];

static struct fixture_grant wanting;    /* asks for notice number 5 */

static void
add_object(enum envelope_type type, const char *name, enum err refusal)
{
	struct object *o = &objects[type];
	uint8_t *file, issuer[KEY_SIZE];
	struct bytes payload;
	size_t n;

	snprintf(o->name, sizeof o->name, "%s", name);
	o->refusal = refusal;
	file = fixture_get(&x, name, &n);
	ck_assert_int_eq(envelope_open(type, BYTES(file, n), &payload, issuer), ENVELOPE_OK);
	ck_assert_ptr_nonnull(o->payload = malloc(payload.n));
	memcpy(o->payload, payload.p, payload.n);
	o->n = payload.n;
	free(file);
}

static void
setup_objects(void)
{
	char name[80], hex[2 * ID_SIZE + 1], path[256];

	setup();
	bytes_to_hex(hex, grant.g.id, ID_SIZE); /* the one grant is the one that asks for a notice */
	snprintf(path, sizeof path, "rm -rf '%s/ONCE/g/%s'", x.path, hex);
	ck_assert_int_eq(system(path), 0);
	fixture_grant(&x, &wanting, fixture_policy(), 5, NULL);
	fixture_notice(&x, wanting.g.id, 1, 5);
	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "b/%s/manifest.cose", hex);
	add_object(ENVELOPE_MANIFEST, name, E_BUNDLE);
	bytes_to_hex(hex, wanting.g.id, ID_SIZE);
	snprintf(name, sizeof name, "g/%s/grant.cose", hex);
	add_object(ENVELOPE_GRANT, name, E_NO_GRANT);
	add_object(ENVELOPE_NOTICE, "notice.cose", E_NOTICE_MISSING);
	bound_memory();
}

static void
teardown_objects(void)
{
	for (size_t i = 0; i < 3; i++)
		free(objects[i].payload);
	fixture_grant_free(&wanting);
	teardown();
}

/* A grant that names whatever is in the place of the manifest, so that it is not its hash that refuses it. */
static void
name_manifest(struct bytes payload)
{
	struct object *o = &objects[ENVELOPE_GRANT];
	uint8_t *copy = malloc(o->n), *at, *file;
	size_t n;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, o->payload, o->n);
	at = memmem(copy, o->n, wanting.g.bundles[0].manifest_hash, HASH_SIZE);
	ck_assert_ptr_nonnull(at);
	kdf_hash(at, "once1/manifest", &payload, 1);
	file = envelope_sign(ENVELOPE_GRANT, BYTES(copy, o->n), x.sk, &n);
	ck_assert_ptr_nonnull(file);
	fixture_put(&x, o->name, file, n);
	free(file);
	free(copy);
}

static void
install(enum envelope_type type, const uint8_t *file, size_t n, struct bytes payload)
{
	fixture_put(&x, objects[type].name, file, n);
	if (type == ENVELOPE_MANIFEST)
		name_manifest(payload);
}

/* hostile 8, 9, 10, 12, 13, 14 */
START_TEST(object_with_one_defect)
{
	const enum envelope_type type = (enum envelope_type)(_i / DEFECTS);
	const enum defect d = (enum defect)(_i % DEFECTS);
	const struct object *o = &objects[type];
	size_t n;
	uint8_t *file = defect_file(type, d, BYTES(o->payload, o->n), x.sk, &n);

	install(type, file, n, BYTES(o->payload, o->n));
	if (d == DEFECT_NONE)
		ck_assert_int_eq(outcome(try(here, wanting.codes[0])), E_OK);
	else
		assert_refused(wanting.codes[0], o->refusal, defect_names[d], (size_t)_i);
	free(file);
}
END_TEST

/* hostile 10 */
START_TEST(object_in_the_place_of_another)
{
	const enum envelope_type type = (enum envelope_type)_i;

	for (size_t other = 0; other < 3; other++) {
		size_t n;
		const struct bytes payload = BYTES(objects[other].payload, objects[other].n);
		uint8_t *file = defect_file((enum envelope_type)other, DEFECT_NONE, payload, x.sk, &n);

		install(type, file, n, payload);
		if (other != type)
			assert_refused(wanting.codes[0], objects[type].refusal, objects[other].name, other);
		free(file);
		file = defect_file(type, DEFECT_NONE, payload, x.sk, &n);
		install(type, file, n, payload);
		if (other != type)
			assert_refused(wanting.codes[0], objects[type].refusal, "payload of another type", other);
		free(file);
	}
}
END_TEST

/* hostile 14, 15, 16 */
START_TEST(object_with_one_odd_key_or_value)
{
	const enum envelope_type type = (enum envelope_type)_i;
	struct object *o = &objects[type];
	struct payload_pair good[PAYLOAD_PAIRS_MAX], pairs[PAYLOAD_PAIRS_MAX];
	const size_t n = defect_split(BYTES(o->payload, o->n), good);
	static char deep[2 * 3000 + 3] = "";
	static const char *const more[] = {deep, "00", "02", "61ff", "641b5b324a", "63e280ae", "6100", "1bffffffffffffffff",
	    "1a59682eff", "1b0000003afff44180", "4fa0a1a2a3a4a5a6a7a8a9aaabacadae", "51a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0"};
	const size_t all = 2 * n * (PAYLOAD_ODDITIES + sizeof more / sizeof *more);
	size_t refused = 0, planted = 0;

	for (size_t i = 0; i < 3000; i++)
		memcpy(deep + 2 * i, "81", 2);
	memcpy(deep + 6000, "00", 3);
	for (size_t i = 0; i < all; i++) {
		const size_t pair = i / 2 % n, j = i / 2 / n;
		const char *odd = j < PAYLOAD_ODDITIES ? payload_oddities[j] : more[j - PAYLOAD_ODDITIES];
		size_t payload_n, file_n;
		uint8_t *payload, *file;
		struct manifest m;
		struct notice no;
		struct grant g;
		bool accepted;
		char *hex;

		if (!suite_picks(i))
			continue;
		planted++;
		memcpy(pairs, good, sizeof good);
		*(i % 2 == 0 ? &pairs[pair].value : &pairs[pair].key) = odd;
		hex = payload_map(pairs, n);
		payload = payload_bytes(hex, &payload_n);
		file = envelope_sign(type, BYTES(payload, payload_n), x.sk, &file_n);
		ck_assert_ptr_nonnull(file);
		/* Some of these are good values of their field, such as 0 refills; what is accepted is tested with the parsers. */
		if (type == ENVELOPE_MANIFEST) {
			accepted = manifest_open(&m, BYTES(file, file_n)) == ENVELOPE_OK;
		} else if (type == ENVELOPE_GRANT) {
			accepted = grant_open(&g, BYTES(file, file_n)) == ENVELOPE_OK;
			grant_free(&g);
		} else {
			accepted = notice_open(&no, BYTES(file, file_n)) == ENVELOPE_OK;
			notice_free(&no);
		}
		if (!accepted) {
			install(type, file, file_n, BYTES(payload, payload_n));
			assert_refused(wanting.codes[0], o->refusal, hex, i);
			refused++;
		}
		free(file);
		free(payload);
		free(hex);
	}
	ck_assert_uint_gt(refused * all, planted * (2 * n * PAYLOAD_ODDITIES - 40));
	for (size_t i = 0; i < n; i++) {
		free((char *)(uintptr_t)good[i].key);
		free((char *)(uintptr_t)good[i].value);
	}
}
END_TEST

/* hostile 11 */
START_TEST(object_with_one_flipped_bit)
{
	const enum envelope_type type = (enum envelope_type)_i;
	const struct object *o = &objects[type];
	size_t n;
	uint8_t *file = fixture_get(&x, o->name, &n);

	for (size_t bit = 0; bit < 8 * n; bit++) {
		if (!suite_picks(bit))
			continue;
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
		fixture_put(&x, o->name, file, n);
		assert_refused(wanting.codes[0], o->refusal, "bit", bit);
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	fixture_put(&x, o->name, file, n);
	ck_assert_int_eq(outcome(try(here, wanting.codes[0])), E_OK);
	free(file);
}
END_TEST

/* hostile 8, 55 */
START_TEST(object_that_is_too_long)
{
	const enum envelope_type type = (enum envelope_type)_i;
	const off_t sizes[] = {(off_t)envelope_limit(type) + 1, INT64_C(5) << 30};
	char path[256];

	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, objects[type].name);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(truncate(path, sizes[i]), 0);
		assert_refused(wanting.codes[0], objects[type].refusal, "bytes", (size_t)sizes[i]);
	}
}
END_TEST

/* ---- codes ------------------------------------------------------------------------------------------------------------------- */

/* hostile 6 */
START_TEST(code_of_another_stick_or_grant)
{
	struct fixture_grant gone;
	struct fixture other;
	struct fixture_grant theirs;
	char command[256], hex[2 * ID_SIZE + 1];

	fixture_open(&other);
	fixture_grant(&other, &theirs, fixture_policy(), 0, NULL);
	assert_refused(theirs.codes[0], E_CODE_UNKNOWN, "code of another stick", 0);
	fixture_grant(&x, &gone, fixture_policy(), 0, NULL);
	ck_assert_int_eq(outcome(try(here, gone.codes[0])), E_OK);
	bytes_to_hex(hex, gone.g.id, ID_SIZE);
	snprintf(command, sizeof command, "rm -rf '%s/ONCE/g/%s'", x.path, hex);
	ck_assert_int_eq(system(command), 0);
	assert_refused(gone.codes[0], E_CODE_UNKNOWN, "code of another grant", 0);
	assert_refused("0000000000000001", E_CODE_UNKNOWN, "code of nothing", 0);
	fixture_grant_free(&gone);
	fixture_grant_free(&theirs);
	fixture_close(&other);
}
END_TEST

/* ---- images ---------------------------------------------------------------------------------------------------------------- */

/* hostile 26 */
START_TEST(superblock_that_is_signed_and_impossible)
{
	static const struct {
		const char *what;
		unsigned at, width;
		uint64_t v;
	} lies[] = {
		{"magic", 0, 1, 'o'}, {"inode_off unaligned", 8, 8, SAMPLE_INODE_OFF + 32},
		{"inode_off overflowing", 8, 8, UINT64_MAX - 63},
		{"count 0", 16, 4, 0}, {"count 2^32 - 1", 16, 4, UINT32_MAX}, {"names overflowing", 24, 8, UINT64_MAX - 21},
		{"names_len 2^64 - 1", 32, 8, UINT64_MAX}, {"reserved", 48, 1, 1},
	};
	uint8_t *image = sample_image(), *place = image + SAMPLE_SUPER_OFF + lies[_i].at;
	struct fixture_grant of_it;

	fixture_image(&x, image, SAMPLE_LEN / BLOCK_SIZE);
	fixture_grant(&x, &of_it, fixture_policy(), 0, NULL);
	ck_assert_int_eq(outcome(try(here, of_it.codes[0])), E_OK);
	fixture_grant_free(&of_it);
	for (unsigned k = 0; k < lies[_i].width; k++)
		place[k] = (uint8_t)(lies[_i].v >> 8 * k);
	fixture_image(&x, image, SAMPLE_LEN / BLOCK_SIZE);
	fixture_grant(&x, &of_it, fixture_policy(), 0, NULL);
	bound_memory();
	assert_refused(of_it.codes[0], E_BUNDLE, lies[_i].what, (size_t)_i);
	fixture_grant_free(&of_it);
	free(image);
}
END_TEST

/* hostile 22 */
START_TEST(number_of_blocks_that_is_signed_and_wrong)
{
	const uint64_t right = x.manifest.blocks, lies[] = {right - 1, right + 1, 16384, UINT32_MAX};
	struct manifest m = x.manifest;
	struct fixture_grant of_it;

	m.blocks = lies[_i];
	fixture_manifest(&x, &m);
	fixture_grant(&x, &of_it, fixture_policy(), 0, NULL);
	bound_memory();
	assert_refused(of_it.codes[0], E_BUNDLE, "blocks", (size_t)lies[_i]);
	fixture_grant_free(&of_it);
}
END_TEST

/* hostile 24 */
START_TEST(device_that_answers_otherwise_the_next_time)
{
	struct result r = try(here, grant.codes[0]);
	struct blockcrypt *c = blockcrypt_new(NULL);
	const size_t n = (size_t)x.manifest.blocks;
	uint8_t *good = malloc(n * BLOCK_SIZE), *got = malloc(BLOCK_SIZE);
	unsigned right = 0, refused = 0;

	ck_assert(c != NULL && good != NULL && got != NULL);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	for (uint64_t i = 0; i < n; i++)
		ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, i, good + i * BLOCK_SIZE), 0);
	for (unsigned round = 0; round < 60; round++) {
		medium.lie_every = 1 + round % 4;
		for (uint64_t i = 0; i < n; i++) {
			int err = bundle_read_block(unlock_bundle(r.u), c, i, got);

			ck_assert(err == 0 || err == -EBADMSG);
			ck_assert(err != 0 || memcmp(got, good + i * BLOCK_SIZE, BLOCK_SIZE) == 0);
			right += err == 0;
			refused += err != 0;
		}
	}
	medium.lie_every = 0;
	ck_assert(right > 0 && refused > 0);
	for (uint64_t i = 0; i < n; i++)
		ck_assert_int_eq(bundle_read_block(unlock_bundle(r.u), c, i, got), 0);
	blockcrypt_free(&c);
	free(good);
	free(got);
	unlock_free(&r.u);
}
END_TEST

/* ---- the stick record and what lies about it --------------------------------------------------------------------------------- */

static void
put_stick_records(const uint8_t id[ID_SIZE], uint32_t n)
{
	uint8_t raw[RECORD_SIZE], r[KEY_SIZE];

	keytree_ratchet(r, x.seed, id);
	record_encode(raw, RECORD_STICK, id, n, BYTES(r, sizeof r));
	fixture_put(&x, "stick.a", raw, sizeof raw);
	fixture_put(&x, "stick.b", raw, sizeof raw);
}

/* hostile 7, 32 */
START_TEST(stick_record_that_is_forged)
{
	uint8_t id[ID_SIZE];

	put_stick_records(x.stick_id, UINT32_MAX); /* opens nothing that was not there */
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	memcpy(id, x.stick_id, ID_SIZE);
	id[3] ^= 1;
	put_stick_records(id, 1);
	assert_refused(grant.codes[0], E_NO_GRANT, "another stick's id", 0);
}
END_TEST

/* hostile 31 */
START_TEST(many_and_odd_neighbours)
{
	static const char *const odd[] = {"b/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "b/..x", "g/0",
	    "g/GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG", "x"};
	char path[256];

	for (unsigned i = 0; i < 65; i++) {
		snprintf(path, sizeof path, "%s/ONCE/b/%032x", x.path, i);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		snprintf(path, sizeof path, "%s/ONCE/%s", x.path, odd[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	remember();
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
	assert_no_trace("neighbours", 0);
}
END_TEST

/* ---- lock files and records -------------------------------------------------------------------------------------------------- */

static void
lock_path(char path[256], int copy)
{
	char name[64];

	fixture_lock_name(name, &grant.g, copy);
	snprintf(path, 256, "%s/ONCE/%s", x.path, name);
}

/* Spoil one lock file; return whether a live record of slot 0 is left in it. */
static bool
spoil(int copy, unsigned way)
{
	uint8_t fill[FIXTURE_SLOTS * RECORD_SIZE];
	char path[256], name[64];

	lock_path(path, copy);
	fixture_lock_name(name, &grant.g, copy);
	switch (way) {
	case 0:
		ck_assert_int_eq(unlink(path), 0);
		return false;
	case 1:
		ck_assert_int_eq(truncate(path, 0), 0);
		return false;
	case 2:
		ck_assert_int_eq(truncate(path, (FIXTURE_SLOTS - 1) * (off_t)RECORD_SIZE), 0);
		return true;
	case 3:
		ck_assert_int_eq(truncate(path, FIXTURE_SLOTS * (off_t)RECORD_SIZE - 1), 0);
		return true;
	case 4:
		ck_assert_int_eq(truncate(path, INT64_C(5) << 30), 0);
		return true;
	case 5: /* holes */
		ck_assert_int_eq(truncate(path, 0), 0);
		ck_assert_int_eq(truncate(path, FIXTURE_SLOTS * (off_t)RECORD_SIZE), 0);
		return false;
	case 6:
	case 7:
		memset(fill, way == 6 ? 0 : 0xff, sizeof fill);
		fixture_put(&x, name, fill, sizeof fill);
		return false;
	case 8:
		randombytes_buf(fill, sizeof fill);
		fixture_put(&x, name, fill, sizeof fill);
		return false;
	case 9:
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(symlink("/dev/zero", path), 0);
		return false;
	case 10:
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(mkfifo(path, 0600), 0);
		return false;
	default:
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		return false;
	}
}

#define WAYS 12
#define WHOLE(way) ((way) >= 5 && (way) <= 8) /* a regular file of the right size: it can be repaired */

/* hostile 33 */
START_TEST(lock_file_that_is_spoilt)
{
	const unsigned way = (unsigned)_i % WAYS;
	const int copy = _i / WAYS; /* 2: both */

	bound_memory();
	if (copy < 2) {
		(void)spoil(copy, way);
	} else {
		(void)spoil(0, way);
		(void)spoil(1, way);
	}
	if (copy == 2 || !WHOLE(way)) {
		assert_refused(grant.codes[0], E_SLOT_DAMAGED, "way", way);
	} else {
		struct stick_slot slot;

		ck_assert_int_eq(spend_at(here, grant.codes[0]), E_OK);
		fixture_slot(&x, &grant.g, 0, &slot);
		ck_assert(slot.a == RECORD_IS_SPENT && slot.b == RECORD_IS_SPENT);
	}
}
END_TEST

static void
write_record(int copy, const uint8_t raw[RECORD_SIZE])
{
	char name[64];

	fixture_lock_name(name, &grant.g, copy);
	fixture_patch(&x, name, 0, raw, RECORD_SIZE);
}

static void
write_both(const uint8_t raw[RECORD_SIZE])
{
	write_record(0, raw);
	write_record(1, raw);
}

/* hostile 35 */
START_TEST(cell_of_somewhere_else)
{
	struct fixture_grant second, third;
	struct stick_slot slot;
	struct fixture other;
	uint8_t raw[RECORD_SIZE], cell[CELL_SIZE(1)];

	fixture_grant(&x, &second, fixture_policy(), 0, NULL);
	fixture_open(&other);
	fixture_grant(&other, &third, fixture_policy(), 0, NULL);
	fixture_slot(&x, &grant.g, 1, &slot);
	record_encode(raw, RECORD_LIVE, grant.g.id, 0, slot.body_a);
	write_both(raw);
	assert_refused(grant.codes[0], E_SLOT_DAMAGED, "of a neighbour", 0);
	fixture_slot(&x, &second.g, 0, &slot);
	record_encode(raw, RECORD_LIVE, grant.g.id, 0, slot.body_a);
	write_both(raw);
	assert_refused(grant.codes[0], E_SLOT_DAMAGED, "of another grant", 0);
	write_both(slot.raw_a);
	assert_refused(grant.codes[0], E_SLOT_DAMAGED, "the whole record of another grant", 0);
	fixture_slot(&other, &third.g, 0, &slot);
	record_encode(raw, RECORD_LIVE, grant.g.id, 0, slot.body_a);
	write_both(raw);
	assert_refused(grant.codes[0], E_SLOT_DAMAGED, "of another stick", 0);
	randombytes_buf(cell, sizeof cell);
	record_encode(raw, RECORD_LIVE, grant.g.id, 0, BYTES(cell, sizeof cell));
	write_both(raw);
	assert_refused(grant.codes[0], E_SLOT_DAMAGED, "of nothing", 0);
	fixture_close(&other);
	fixture_grant_free(&second);
	fixture_grant_free(&third);
}
END_TEST

/* hostile 34, 35 */
START_TEST(cell_with_a_flipped_bit)
{
	uint8_t raw[RECORD_SIZE], cell[CELL_SIZE(1)];
	struct stick_slot good;

	fixture_slot(&x, &grant.g, 0, &good);
	memcpy(cell, good.body_a.p, sizeof cell);
	for (size_t bit = 0; bit < 8 * sizeof cell; bit++) {
		if (!suite_picks(bit))
			continue;
		cell[bit / 8] ^= (uint8_t)(1u << bit % 8);
		record_encode(raw, RECORD_LIVE, grant.g.id, 0, BYTES(cell, sizeof cell));
		cell[bit / 8] ^= (uint8_t)(1u << bit % 8);
		write_both(raw);
		assert_refused(grant.codes[0], E_SLOT_DAMAGED, "bit, both copies", bit);
		write_record(0, good.raw_a); /* two live copies that differ */
		assert_refused(grant.codes[0], E_SLOT_DAMAGED, "bit, copy B", bit);
	}
	write_both(good.raw_a);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
}
END_TEST

/* hostile 36, 37 */
START_TEST(tombstone_that_nobody_can_have_made)
{
	struct receipt receipt = {.spent_at = FIXTURE_NOW - 60};
	uint8_t body[RECEIPT_ENCODED_MAX + MAC_SIZE] = {0}, raw[RECORD_SIZE];
	struct stick_slot good;
	size_t n;

	fixture_slot(&x, &grant.g, 0, &good);
	n = receipt_encode(&receipt, body);
	record_encode(raw, RECORD_SPENT, grant.g.id, 0, BYTES(body, n + MAC_SIZE));
	for (int copy = 0; copy < 2; copy++) {
		write_both(good.raw_a);
		write_record(copy, raw);
		assert_refused(grant.codes[0], E_SPENT, "tombstone in copy", (size_t)copy);
	}
	memset(body, 0xee, sizeof body); /* no receipt at all */
	record_encode(raw, RECORD_SPENT, grant.g.id, 0, BYTES(body, sizeof body));
	write_both(raw);
	assert_refused(grant.codes[0], E_SPENT, "tombstones of noise", 0);
}
END_TEST

/* hostile 38 */
START_TEST(both_copies_put_back)
{
	struct fake_memory *there = fake_memory_new();
	struct stick_slot good;

	fixture_slot(&x, &grant.g, 0, &good);
	ck_assert_int_eq(spend_at(there, grant.codes[0]), E_OK);
	there->store->uses[0].state = MEMORY_CLOSED;
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
	write_both(good.raw_a);
	ck_assert_int_eq(outcome(try(there, grant.codes[0])), E_SPENT);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK); /* it cannot know */
	fake_memory_free(&there);
}
END_TEST

/* Three bytes of n changed, or removed at the end; the same for the same state. Returns the new length. */
static size_t
damage(uint8_t *data, size_t n, uint32_t *state)
{
	if (payload_random(state) % 8 == 0)
		return payload_random(state) % n;
	for (unsigned i = 0; i < 3; i++)
		data[payload_random(state) % n] ^= (uint8_t)(1 + payload_random(state) % 255);
	return n;
}

/* hostile 11, 33 */
START_TEST(random_damage_anywhere)
{
	static const enum err allowed[] = {E_OK, E_STICK_DAMAGED, E_NO_GRANT, E_BUNDLE, E_SLOT_DAMAGED};
	char names[7][80] = {"stick.a", "stick.b", "notice.cose"}, grant_hex[2 * ID_SIZE + 1], bundle_hex[2 * ID_SIZE + 1];
	unsigned met[sizeof allowed / sizeof *allowed] = {0};
	uint32_t state = 20240101 + (uint32_t)_i;

	fixture_notice(&x, NULL, 0, 5);
	bytes_to_hex(grant_hex, grant.g.id, ID_SIZE);
	bytes_to_hex(bundle_hex, x.bundle_id, ID_SIZE);
	snprintf(names[3], sizeof names[3], "g/%s/grant.cose", grant_hex);
	snprintf(names[4], sizeof names[4], "g/%s/lock.a", grant_hex);
	snprintf(names[5], sizeof names[5], "g/%s/lock.b", grant_hex);
	snprintf(names[6], sizeof names[6], "b/%s/manifest.cose", bundle_hex);
	ck_assert_int_eq(outcome(try(here, grant.codes[1])), E_OK); /* the notice is known from now on */
	for (unsigned round = 0; round < 500; round++) {
		uint8_t *good[2], *bad;
		size_t n[2], which[2], k = 0;
		enum err err;

		for (size_t i = 0; i < 2; i++) { /* one file, or two */
			which[i] = payload_random(&state) % 7;
			good[i] = fixture_get(&x, names[which[i]], &n[i]);
			ck_assert_ptr_nonnull(bad = malloc(n[i]));
			memcpy(bad, good[i], n[i]);
			if (which[0] != which[1] || i == 0)
				fixture_put(&x, names[which[i]], bad, damage(bad, n[i], &state));
			free(bad);
		}
		remember();
		err = outcome(try(here, grant.codes[1]));
		while (k < sizeof allowed / sizeof *allowed && err != allowed[k])
			k++;
		ck_assert_msg(k < sizeof allowed / sizeof *allowed, "round %u: error %d", round, (int)err);
		met[k]++;
		assert_no_trace("round", round);
		fixture_put(&x, names[which[0]], good[0], n[0]);
		if (which[1] != which[0])
			fixture_put(&x, names[which[1]], good[1], n[1]);
		free(good[0]);
		free(good[1]);
	}
	for (size_t k = 0; k < sizeof allowed / sizeof *allowed; k++)
		ck_assert_msg(met[k] > 0, "error %d was never met", (int)allowed[k]);
	ck_assert_int_eq(outcome(try(here, grant.codes[1])), E_OK);
}
END_TEST

/* ---- spending on a medium that fails ----------------------------------------------------------------------------------------- */

static struct bundle *spending; /* whose bundle must stay unreadable */
static unsigned looks;

static int
read_first(struct bundle *b)
{
	struct blockcrypt *c = blockcrypt_new(NULL);
	uint8_t *block = malloc(BLOCK_SIZE);
	int ret;

	ck_assert(c != NULL && block != NULL);
	if ((ret = bundle_read_block(b, c, 0, block)) == 0)
		ck_assert_mem_eq(block, "hello\n", 6);
	free(block);
	blockcrypt_free(&c);
	return ret;
}

static void
nothing_to_read_yet(void)
{
	looks++;
	ck_assert_int_eq(read_first(spending), -EIO);
}

static enum fake_fate
nothing_to_read_at(void *arg, enum fake_call call, unsigned number)
{
	(void)arg;
	(void)call;
	(void)number;
	nothing_to_read_yet();
	return FAKE_WORK;
}

/* hostile 44 */
START_TEST(content_before_the_end_of_a_use)
{
	struct result r = try(here, grant.codes[0]);

	ck_assert_int_eq(r.err, E_OK);
	spending = unlock_bundle(r.u);
	here->store->plan = nothing_to_read_at;
	medium.look = nothing_to_read_yet;
	medium.watched = true;
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	medium.watched = false;
	here->store->plan = NULL;
	ck_assert_uint_ge(looks, 8); /* two copies written, flushed, read back; claimed and opened */
	ck_assert_int_eq(read_first(spending), 0);
	unlock_free(&r.u);
}
END_TEST

/* Fail the calls from..to of a use, then go on with a good medium: one session, here. Return false if there is no such call. */
static bool
use_with(enum ailment ailment, unsigned from, unsigned to)
{
	struct fixture_grant fresh;
	struct stick_slot slot;
	struct result r;
	enum err err;
	bool failed;

	fixture_grant(&x, &fresh, fixture_policy(), 0, NULL);
	r = try(here, fresh.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	medium.ailment = ailment;
	medium.from = from;
	medium.to = to;
	medium.calls = medium.failed = 0;
	medium.watched = true;
	err = unlock_spend(r.u, &r.info, &r.fault);
	medium.watched = false;
	failed = medium.failed > 0;
	if (failed && to == 0 && ailment < READ_EIO)
		ck_assert_int_eq(err, ailment == WRITE_EROFS ? E_READONLY : E_STICK_IO);
	/* Zeros that a device makes up are no error of the device, and a record of zeros is damaged: the words say to try another
	 * port. */
	ck_assert(err == E_OK || err == E_READONLY || err == E_STICK_IO || (ailment == READ_ZEROS && err == E_SLOT_DAMAGED));
	ck_assert(failed || err == E_OK);
	ck_assert(err == E_OK || r.info.spent_now || ailment >= READ_EIO);
	if (err != E_OK) { /* the same code goes on here, or what was to be read before the claim could not be */
		const struct memory_use *row = fake_memory_row(here, fresh.g.hash, 0);

		ck_assert(r.info.spent_now ? row != NULL && row->state == MEMORY_CLAIMED : row == NULL);
		ck_assert_int_eq(read_first(unlock_bundle(r.u)), -EIO);
	}
	unlock_free(&r.u);
	r = try(here, fresh.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	ck_assert_int_eq(read_first(unlock_bundle(r.u)), 0);
	fixture_slot(&x, &fresh.g, 0, &slot);
	ck_assert(slot.a == RECORD_IS_SPENT && slot.b == RECORD_IS_SPENT);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	unlock_free(&r.u);
	ck_assert_int_eq(outcome(try(here, fresh.codes[0])), E_SPENT);
	fixture_grant_free(&fresh);
	return failed;
}

/* hostile 40 */
START_TEST(medium_that_fails_during_a_use)
{
	const enum ailment ailment = (enum ailment)_i;
	unsigned once = 0, forever = 0;

	while (use_with(ailment, once + 1, once + 1))
		once++;
	while (use_with(ailment, forever + 1, 0))
		forever++;
	ck_assert_uint_ge(once, 2); /* at least one call for each copy */
	ck_assert_uint_ge(forever, 2);
}
END_TEST

/* hostile 40 */
START_TEST(medium_that_fails_before_a_use)
{
	const enum ailment ailment = (enum ailment)_i;
	unsigned from = 0;
	enum err err;

	do {
		remember();
		medium.ailment = ailment;
		medium.from = ++from;
		medium.to = 0;
		medium.calls = medium.failed = 0;
		medium.watched = true;
		err = outcome(try(here, grant.codes[0]));
		medium.watched = false;
		if (medium.failed > 0 && ailment < READ_EIO)
			ck_assert_int_eq(err, ailment == WRITE_EROFS ? E_READONLY : E_STICK_IO);
		ck_assert((err == E_OK) == (medium.failed == 0));
		assert_no_trace("call", from);
	} while (medium.failed > 0);
	ck_assert_uint_ge(from, 2);
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_OK);
}
END_TEST

/* hostile 50 */
START_TEST(station_without_room_while_the_folder_is_open)
{
	struct result r = try(here, grant.codes[0]);

	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	ck_assert_int_eq(unlock_used(r.u, 600, NULL), E_OK);
	here->store->read_only = true;
	ck_assert_int_eq(unlock_used(r.u, 1200, NULL), E_STATION);
	ck_assert_int_eq(read_first(unlock_bundle(r.u)), 0); /* the lecture goes on */
	ck_assert_int_eq(unlock_end(r.u, 1300, NULL), E_STATION);
	ck_assert_int_eq(read_first(unlock_bundle(r.u)), -EIO);
	unlock_free(&r.u);
	here->store->read_only = false;
	x.now += 1300;
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert(r.info.resume_open);
	ck_assert_int_eq(r.info.remaining_s, 4 * 3600 - 1300);
	unlock_free(&r.u);
}
END_TEST

/* ---- a stick that comes back ------------------------------------------------------------------------------------------------- */

static enum err
comes_back_as(struct unlock *u, const char *command)
{
	struct fault f = {0};
	char text[600], path[128];
	enum err err;
	int fd;

	snprintf(path, sizeof path, "%s.back", x.path);
	snprintf(text, sizeof text, "rm -rf '%s' && cp -a '%s' '%s' && cd '%s/ONCE' && %s", path, x.path, path, path, command);
	ck_assert_int_eq(system(text), 0);
	ck_assert_int_ge(fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	err = unlock_reattach(u, fd, &f);
	close(fd);
	snprintf(text, sizeof text, "rm -rf '%s'", path);
	ck_assert_int_eq(system(text), 0);
	return err;
}

/* hostile 48 */
START_TEST(another_stick_comes_back)
{
	char keep[128], command[300];
	struct result r;

	snprintf(keep, sizeof keep, "%s.keep", x.path);
	snprintf(command, sizeof command, "cp -a '%s' '%s'", x.path, keep);
	ck_assert_int_eq(system(command), 0);
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	snprintf(command, sizeof command, "rm -rf ../ONCE && cp -a '%s/ONCE' ..", keep);
	ck_assert_int_eq(comes_back_as(r.u, command), E_WRONG_STICK); /* a clone whose code is unused */
	ck_assert_int_eq(comes_back_as(r.u, "printf X | dd of=$(ls -d b/*/manifest.cose) bs=1 seek=150 conv=notrunc status=none"),
	    E_BUNDLE);
	ck_assert_int_eq(comes_back_as(r.u, "rm b/*/*.seg"), E_BUNDLE);
	ck_assert_int_eq(comes_back_as(r.u, "rm -rf g/*"), E_WRONG_STICK);
	ck_assert_int_eq(comes_back_as(r.u, "rm stick.a stick.b"), E_STICK_DAMAGED);
	ck_assert_int_eq(comes_back_as(r.u, "rm -rf ../ONCE"), E_NO_STICK);
	ck_assert_int_eq(read_first(unlock_bundle(r.u)), 0); /* the one that it had */
	put_stick_records(x.stick_id, 1); /* its own ratchet, once more */
	ck_assert_int_eq(comes_back_as(r.u, "true"), E_OK);
	unlock_free(&r.u);
	snprintf(command, sizeof command, "rm -rf '%s'", keep);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- notices and stations ---------------------------------------------------------------------------------------------------- */

static void
put_notice(const uint8_t sk[SIGN_SECRET_SIZE], struct notice *n)
{
	size_t len, file_n;
	uint8_t *payload = notice_encode(n, &len), *file;

	ck_assert_ptr_nonnull(payload);
	file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, len), sk, &file_n);
	ck_assert_ptr_nonnull(file);
	fixture_put(&x, "notice.cose", file, file_n);
	free(payload);
	free(file);
	notice_free(n);
}

/* hostile 53, 55 */
START_TEST(notice_of_somebody_else)
{
	struct notice n = {.number = UINT32_MAX, .time = TIME_MAX};
	uint8_t seed[KEY_SIZE] = {0x77}, sk[SIGN_SECRET_SIZE];
	struct memory_issuer known;
	struct result r;

	keytree_sign(n.issuer, sk, seed);
	for (uint32_t i = 0; i < FIXTURE_SLOTS; i++)
		ck_assert_int_eq(notice_revoke(&n, grant.g.id, i), 0);
	put_notice(sk, &n);
	remember();
	r = try(here, grant.codes[0]);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(r.info.notice_have, 0);
	ck_assert_int_lt(r.info.clock.floor, FIXTURE_NOW);
	unlock_free(&r.u);
	assert_no_trace("notice", 0);
	ck_assert_int_eq(spend_at(here, grant.codes[0]), E_OK);
	keytree_sign(n.issuer, sk, seed);
	ck_assert_int_eq(memory_issuer(&here->memory, n.issuer, &known, NULL), E_OK);
	ck_assert(!known.known);
	ck_assert_int_eq(memory_issuer(&here->memory, x.pk, &known, NULL), E_OK);
	ck_assert(known.known && known.floor < FIXTURE_NOW && known.notice_no == 0);
}
END_TEST

/* hostile 54 */
START_TEST(notice_that_takes_back_what_was_revoked)
{
	static const uint32_t numbers[] = {9, 5, 4, 1};

	fixture_notice(&x, grant.g.id, 1, 5);
	ck_assert_int_eq(spend_at(here, grant.codes[0]), E_OK); /* the station has seen it */
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct notice n = {.number = numbers[i], .time = FIXTURE_NOW - 300};

		memcpy(n.issuer, x.pk, KEY_SIZE);
		ck_assert_int_eq(notice_revoke(&n, grant.g.id, 2), 0);
		put_notice(x.sk, &n);
		ck_assert_int_eq(outcome(try(here, grant.codes[1])), E_REVOKED);
		ck_assert_int_eq(outcome(try(here, grant.codes[2])), E_REVOKED); /* and what is added counts, whatever its number */
	}
}
END_TEST

/* hostile 63 */
START_TEST(station_row_that_somebody_edited)
{
	struct memory_use *row, good;
	struct stick_slot slot, used;
	struct result r = try(here, grant.codes[0]);

	fixture_slot(&x, &grant.g, 0, &slot);
	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	fixture_slot(&x, &grant.g, 0, &used);
	ck_assert_int_eq(unlock_end(r.u, 60, NULL), E_OK);
	unlock_free(&r.u);
	row = fake_memory_row(here, grant.g.hash, 0);
	good = *row;
	row->state = MEMORY_OPEN; /* once more, please: but the stick knows of the end */
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
	ck_assert_int_eq(row->state, MEMORY_CLOSED);
	write_both(used.raw_a); /* without that: but its keys went with the end */
	row->state = MEMORY_OPEN;
	assert_refused(grant.codes[0], E_SLOT_DAMAGED, "open again", 0);
	row->blob_len = CELL_SIZE(1);
	randombytes_buf(row->blob, row->blob_len);
	assert_refused(grant.codes[0], E_STATION, "keys of nothing", 0);
	row->state = MEMORY_CLAIMED;
	row->opened_at = 0;
	assert_refused(grant.codes[0], E_STATION, "claimed", 0);
	write_both(slot.raw_a); /* with the stick put back as well */
	assert_refused(grant.codes[0], E_STATION, "claimed, stick put back", 0);
	*row = good;
	assert_refused(grant.codes[0], E_SPENT, "as it was", 0);
	write_both(slot.raw_a);
	row->state = MEMORY_OPEN;
	randombytes_buf(row->nonce, sizeof row->nonce); /* somebody else's session */
	assert_refused(grant.codes[1], E_OK, "its neighbour", 0);
}
END_TEST

/* hostile 63 */
START_TEST(station_row_of_a_foreign_session)
{
	struct result r = try(here, grant.codes[0]);

	ck_assert_int_eq(unlock_spend(r.u, &r.info, &r.fault), E_OK);
	unlock_free(&r.u);
	randombytes_buf(fake_memory_row(here, grant.g.hash, 0)->nonce, NONCE_SIZE); /* the tombstone is not its own any more */
	ck_assert_int_eq(outcome(try(here, grant.codes[0])), E_SPENT);
	ck_assert_int_eq(fake_memory_row(here, grant.g.hash, 0)->state, MEMORY_CLOSED);
}
END_TEST

/* hostile 52 */
START_TEST(clock_a_day_back_is_in_the_receipt)
{
	struct policy p = fixture_policy();
	struct fixture_grant wide;
	struct receipt receipt;
	struct stick_slot slot;

	p.not_before -= 5 * 86400;
	fixture_grant(&x, &wide, p, 0, NULL);
	ck_assert_int_eq(spend_at(here, wide.codes[0]), E_OK);
	fixture_slot(&x, &wide.g, 0, &slot);
	ck_assert_int_eq(receipt_parse(&receipt, BYTES(slot.body_a.p, slot.body_a.n - MAC_SIZE)), 0);
	ck_assert_uint_eq(receipt.flags, 0);
	x.now -= 86400;
	ck_assert_int_eq(spend_at(here, wide.codes[1]), E_OK);
	fixture_slot(&x, &wide.g, 1, &slot);
	ck_assert_int_eq(receipt_parse(&receipt, BYTES(slot.body_a.p, slot.body_a.n - MAC_SIZE)), 0);
	ck_assert_uint_eq(receipt.flags & RECEIPT_CLOCK_BACK, RECEIPT_CLOCK_BACK);
	ck_assert_int_eq(receipt.spent_at, FIXTURE_NOW); /* the later of the two is believed */
	fixture_grant_free(&wide);
}
END_TEST

/* hostile 45 */
START_TEST(clones_of_a_stick_for_one_station)
{
	struct fake_memory *there = fake_memory_new();
	struct policy p = fixture_policy();
	const int original = x.dir_fd;
	struct fixture_grant bound;
	char path[128], command[400];
	int clone;

	p.station = true;
	ck_assert_int_eq(memory_station_pk(&here->memory, p.station_pk, NULL), E_OK);
	fixture_grant(&x, &bound, p, 0, NULL);
	snprintf(path, sizeof path, "%s.clone", x.path);
	snprintf(command, sizeof command, "cp -a '%s' '%s'", x.path, path);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_ge(clone = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	x.dir_fd = clone;
	ck_assert_int_eq(spend_at(there, bound.codes[0]), E_WRONG_STATION);
	ck_assert_ptr_null(fake_memory_row(there, NULL, 0));
	x.dir_fd = original;
	ck_assert_int_eq(spend_at(there, bound.codes[0]), E_WRONG_STATION);
	ck_assert_int_eq(spend_at(here, bound.codes[0]), E_OK);
	fake_memory_row(here, bound.g.hash, 0)->state = MEMORY_CLOSED;
	x.dir_fd = clone;
	ck_assert_int_eq(spend_at(here, bound.codes[0]), E_SPENT);
	ck_assert_int_eq(spend_at(there, bound.codes[0]), E_WRONG_STATION);
	x.dir_fd = original;
	close(clone);
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	ck_assert_int_eq(system(command), 0);
	fixture_grant_free(&bound);
	fake_memory_free(&there);
}
END_TEST

/* hostile 61 */
START_TEST(grant_key_of_small_order)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", /* order 8 */
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct policy p = fixture_policy();
	struct fixture_grant bound;
	char name[80], hex[2 * ID_SIZE + 1];

	p.station = true;
	ck_assert_int_eq(memory_station_pk(&here->memory, p.station_pk, NULL), E_OK);
	fixture_grant(&x, &bound, p, 0, NULL);
	ck_assert_int_eq(outcome(try(here, bound.codes[0])), E_OK);
	bytes_to_hex(hex, bound.g.id, ID_SIZE);
	snprintf(name, sizeof name, "g/%s/grant.cose", hex);
	for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
		uint8_t *payload, *file;
		size_t n, file_n;

		ck_assert_int_eq(bytes_from_hex(bound.g.policy.grant_xpk, KEY_SIZE, points[i]), 0);
		ck_assert_ptr_nonnull(payload = grant_encode(&bound.g, &n));
		ck_assert_ptr_nonnull(file = envelope_sign(ENVELOPE_GRANT, BYTES(payload, n), x.sk, &file_n));
		fixture_put(&x, name, file, file_n);
		assert_refused(bound.codes[0], E_WRONG_STATION, "point", i);
		free(payload);
		free(file);
	}
	fixture_grant_free(&bound);
}
END_TEST

static TCase *
tcase(Suite *s, const char *name, void (*before_each)(void), void (*after_each)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, before_each, after_each);
	tcase_set_timeout(t, 300);
	suite_add_tcase(s, t);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("hostile");
	TCase *objects_case = tcase(s, "objects", setup_objects, teardown_objects), *t = tcase(s, "stick", setup, teardown);

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_loop_test(objects_case, object_with_one_defect, 0, 3 * DEFECTS);
	tcase_add_loop_test(objects_case, object_in_the_place_of_another, 0, 3);
	tcase_add_loop_test(objects_case, object_with_one_odd_key_or_value, 0, 3);
	tcase_add_loop_test(objects_case, object_with_one_flipped_bit, 0, 3);
	tcase_add_loop_test(objects_case, object_that_is_too_long, 0, 3);
	tcase_add_test(t, code_of_another_stick_or_grant);
	tcase_add_loop_test(t, superblock_that_is_signed_and_impossible, 0, 8);
	tcase_add_loop_test(t, number_of_blocks_that_is_signed_and_wrong, 0, 4);
	tcase_add_test(t, device_that_answers_otherwise_the_next_time);
	tcase_add_test(t, stick_record_that_is_forged);
	tcase_add_test(t, many_and_odd_neighbours);
	tcase_add_loop_test(t, lock_file_that_is_spoilt, 0, 3 * WAYS);
	tcase_add_test(t, cell_of_somewhere_else);
	tcase_add_test(t, cell_with_a_flipped_bit);
	tcase_add_test(t, tombstone_that_nobody_can_have_made);
	tcase_add_test(t, both_copies_put_back);
	tcase_add_loop_test(t, random_damage_anywhere, 0, 4);
	tcase_add_test(t, content_before_the_end_of_a_use);
	tcase_add_loop_test(t, medium_that_fails_during_a_use, WRITE_EIO, AILMENTS);
	tcase_add_loop_test(t, medium_that_fails_before_a_use, WRITE_EIO, AILMENTS);
	tcase_add_test(t, station_without_room_while_the_folder_is_open);
	tcase_add_test(t, another_stick_comes_back);
	tcase_add_test(t, notice_of_somebody_else);
	tcase_add_test(t, notice_that_takes_back_what_was_revoked);
	tcase_add_test(t, station_row_that_somebody_edited);
	tcase_add_test(t, station_row_of_a_foreign_session);
	tcase_add_test(t, clock_a_day_back_is_in_the_receipt);
	tcase_add_test(t, clones_of_a_stick_for_one_station);
	tcase_add_test(t, grant_key_of_small_order);
	return suite_run(s);
}
