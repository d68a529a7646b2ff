/*
 * check_keystore.c - the issuer's keystore: its bytes, what it refuses, and that it is never overwritten.
 *
 * Each real Argon2id here costs 256 MiB and about half a second. Cases that must be refused without one forbid it.
 */
#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "bytes.h"
#include "calls.h"
#include "dcbor.h"
#include "keystore.h"
#include "keytree.h"
#include "seal.h"
#include "secret.h"
#include "stickio.h"
#include "suite.h"

#define ISSUER_PK "88f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab3"
#define SEALED "825beea64455c790c9ac0097071ee87991a16974ff624f05de7a1e103ac50e104de23d61969fb2226a4a542780ec8c8c"
#define SALT "03030303030303030303030303030303"
#define HEAD_TO_PK "a60101025820"

#define PASS BYTES("correct horse", 13)

/* The whole file of the vector, as the format says it is. */
#define VECTOR_FILE HEAD_TO_PK ISSUER_PK "0350" SALT "0403" "051a00040000" "065830" SEALED
#define VECTOR_SIZE (6 + 32 + 2 + 16 + 2 + 6 + 3 + 48)

static uint8_t seed[KEY_SIZE];
static uint8_t vector[VECTOR_SIZE];
static char dir_name[4096];
static int dir_fd = -1;
static bool forbidden;  /* to stretch a passphrase */
static int stretched;   /* how often that was tried */
static bool race;       /* somebody else makes a keystore while the passphrase is stretched */
static bool cheap;      /* a key of 77s, in no time */
static bool quick;      /* a key that depends on the passphrase, in no time */
static bool garbled;    /* what is written */

static uint8_t signing_key[SIGN_SECRET_SIZE];
static unsigned keys_wiped, signing_keys_wiped;

/* Calls that fail, with what they say; 0: none. */
static struct {
	int write, sync_file, sync_dir, rename, link, unlink;
} fails;

static unsigned calls, last_call; /* at the call of this number the process ends; 0: never */

static void
setup(void)
{
	forbidden = race = cheap = quick = garbled = false;
	memset(&fails, 0, sizeof fails);
	stretched = 0;
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	ck_assert_int_eq(bytes_from_hex(vector, sizeof vector, VECTOR_FILE), 0);
	snprintf(dir_name, sizeof dir_name, "%s/check_keystore.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir_name));
	dir_fd = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(dir_fd, -1);
}

static void
teardown(void)
{
	unlinkat(dir_fd, KEYSTORE_NAME, 0);
	close(dir_fd);
	/* succeeds only if no temporary file was left behind */
	ck_assert_int_eq(rmdir(dir_name), 0);
}

/* In the place of libsodium's: where stretching is forbidden there is no memory for it, and it is counted. */
int
crypto_pwhash(unsigned char *const out, unsigned long long outlen, const char *const passwd, unsigned long long passwdlen,
    const unsigned char *const salt, unsigned long long opslimit, size_t memlimit, int alg)
{
	int (*real)(unsigned char *, unsigned long long, const char *, unsigned long long, const unsigned char *,
	    unsigned long long, size_t, int) = NULL;
	void *symbol = dlsym(RTLD_NEXT, "crypto_pwhash");

	stretched++;
	if (forbidden) {
		errno = ENOMEM;
		return -1;
	}
	if (race)
		ck_assert_int_eq(stickio_create(dir_fd, KEYSTORE_NAME, "precious", 8, 0600), 0);
	memcpy(&real, &symbol, sizeof real);
	memset(out, 0x77, (size_t)outlen);
	if (quick)
		return crypto_generichash(out, (size_t)outlen, (const uint8_t *)passwd, passwdlen, salt, crypto_pwhash_SALTBYTES);
	return cheap ? 0 : real(out, outlen, passwd, passwdlen, salt, opslimit, memlimit, alg);
}

__attribute__((visibility("default"))) void
sodium_memzero(void *const p, const size_t n)
{
	uint8_t kek[KEY_SIZE];

	memset(kek, 0x77, sizeof kek);
	keys_wiped += n == KEY_SIZE && memcmp(p, kek, n) == 0;
	signing_keys_wiped += n == SIGN_SECRET_SIZE && memcmp(p, signing_key, n) == 0;
	explicit_bzero(p, n);
}

/* ---- calls that fail ------------------------------------------------------------------------------------------------------- */

static void
count_call(void)
{
	if (++calls == last_call)
		_exit(0);
}

static int
done(int failure, long result)
{
	if (failure != 0)
		errno = failure;
	return failure != 0 ? -1 : (int)result;
}

__attribute__((visibility("default"))) ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	uint8_t other[VECTOR_SIZE];

	count_call();
	if (garbled && n == sizeof other) {
		memcpy(other, buf, n);
		other[n - 1] ^= 1;
		buf = other;
	}
	return fails.write != 0 ? done(fails.write, 0) : call_pwrite(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pwrite64(int fd, const void *buf, size_t n, off_t off) __attribute__((alias("pwrite"), visibility("default")));
#endif

__attribute__((visibility("default"))) int
fsync(int fd)
{
	struct stat st;
	int failure = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? fails.sync_dir : fails.sync_file;

	count_call();
	return failure != 0 ? done(failure, 0) : (int)syscall(SYS_fsync, fd);
}

__attribute__((visibility("default"))) int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	ck_assert_uint_eq(flags, RENAME_NOREPLACE);
	return fails.rename != 0 ? done(fails.rename, 0) : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

__attribute__((visibility("default"))) int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	count_call();
	return fails.rename != 0 ? done(fails.rename, 0) : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

__attribute__((visibility("default"))) int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return fails.link != 0 ? done(fails.link, 0) : (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

__attribute__((visibility("default"))) int
fchownat(int at_fd, const char *name, uid_t uid, gid_t gid, int flags)
{
	ck_abort_msg("the owner of whatever is called %s", name);
	return (int)syscall(SYS_fchownat, at_fd, name, uid, gid, flags);
}

/* Once. */
__attribute__((visibility("default"))) int
unlinkat(int at_fd, const char *name, int flags)
{
	int failure = fails.unlink;

	count_call();
	fails.unlink = 0;
	return failure != 0 ? done(failure, 0) : (int)syscall(SYS_unlinkat, at_fd, name, flags);
}

/* ---- what is refused ------------------------------------------------------------------------------------------------------- */

static void
refused(const uint8_t *file, size_t n, enum err want)
{
	struct fault f = { 0 };
	uint8_t *got = NULL;

	ck_assert_int_eq(keystore_unseal(BYTES(file, n), PASS, &got, &f), want);
	ck_assert_int_eq(f.err, want);
	ck_assert_ptr_null(got);
}

/* A keystore with one field changed. */
struct defect {
	uint64_t version, t, m_kib;
	size_t pk_size, salt_size, sealed_size;
	size_t pairs;
};

static const struct defect none = { 1, 3, 262144, 32, 16, 48, 6 };

static void
refused_defect(struct defect d)
{
	static const uint8_t zero[64];
	struct dcbor_out o = { 0 };
	uint8_t *file = NULL;
	size_t n = 0;

	dcbor_put_map(&o, d.pairs);
	dcbor_put_uint(&o, 1);
	dcbor_put_uint(&o, d.version);
	dcbor_put_uint(&o, 2);
	dcbor_put_bytes(&o, zero, d.pk_size);
	dcbor_put_uint(&o, 3);
	dcbor_put_bytes(&o, zero, d.salt_size);
	dcbor_put_uint(&o, 4);
	dcbor_put_uint(&o, d.t);
	dcbor_put_uint(&o, 5);
	dcbor_put_uint(&o, d.m_kib);
	dcbor_put_uint(&o, 6);
	dcbor_put_bytes(&o, zero, d.sealed_size);
	if (d.pairs == 7) {
		dcbor_put_uint(&o, 7);
		dcbor_put_uint(&o, 0);
	}
	file = dcbor_take(&o, &n);
	ck_assert_ptr_nonnull(file);
	refused(file, n, E_KEYSTORE);
	free(file);
}

START_TEST(sealing_agrees_with_vector)
{
	struct keystore_cost cost = { .t = 3, .m_kib = 262144 };
	uint8_t *file = NULL, *got = NULL;
	struct fault f = { 0 };
	size_t n = 0;

	memset(cost.salt, 3, sizeof cost.salt);
	ck_assert_int_eq(keystore_seal(seed, PASS, &cost, &file, &n), E_OK);
	ck_assert_uint_eq(n, sizeof vector);
	ck_assert_mem_eq(file, vector, sizeof vector);
	ck_assert_int_eq(keystore_unseal(BYTES(vector, sizeof vector), PASS, &got, &f), E_OK);
	ck_assert_mem_eq(got, seed, sizeof seed);
	ck_assert_int_eq(f.err, E_OK);
	secret_free(&got);
	free(file);
}
END_TEST

/* hostile 66 */
START_TEST(parameters_out_of_bounds_are_refused_before_any_allocation)
{
	static const uint64_t bad_t[] = { 0, 1, 2, 11, 1ull << 32, UINT64_MAX };
	static const uint64_t bad_m[] = { 0, 8, 262143, 1048577, 4194304, 1ull << 32, UINT64_MAX };

	forbidden = true;
	for (size_t i = 0; i < sizeof bad_t / sizeof bad_t[0]; i++) {
		struct defect d = none;

		d.t = bad_t[i];
		refused_defect(d);
	}
	for (size_t i = 0; i < sizeof bad_m / sizeof bad_m[0]; i++) {
		struct defect d = none;

		d.m_kib = bad_m[i];
		refused_defect(d);
	}
	ck_assert_int_eq(stretched, 0);
}
END_TEST

/* hostile 66 */
START_TEST(wrong_sizes_and_versions_are_refused)
{
	struct defect d = none;

	forbidden = true;
	d.version = 2;
	refused_defect(d);
	d = none;
	d.pk_size = 31;
	refused_defect(d);
	d = none;
	d.salt_size = 15;
	refused_defect(d);
	d.salt_size = 17;
	refused_defect(d);
	d = none;
	d.sealed_size = 47;
	refused_defect(d);
	d.sealed_size = 49;
	refused_defect(d);
	d = none;
	d.pairs = 7;
	refused_defect(d);
	d.pairs = 5;
	refused_defect(d);
	ck_assert_int_eq(stretched, 0);
}
END_TEST

/* hostile 66 */
START_TEST(every_truncation_and_a_trailing_byte_are_refused)
{
	uint8_t longer[VECTOR_SIZE + 1] = { 0 };

	forbidden = true;
	for (size_t n = 0; n < sizeof vector; n++)
		refused(vector, n, E_KEYSTORE);
	memcpy(longer, vector, sizeof vector);
	refused(longer, sizeof longer, E_KEYSTORE);
	ck_assert_int_eq(stretched, 0);
}
END_TEST

/* hostile 66 */
START_TEST(no_memory_for_the_passphrase_is_named)
{
	uint8_t *file = NULL;
	size_t n = 0;

	forbidden = true;
	refused(vector, sizeof vector, E_MEMORY);
	ck_assert_int_eq(keystore_seal(seed, PASS, &(struct keystore_cost){ .t = 3, .m_kib = 262144 }, &file, &n), E_MEMORY);
	ck_assert_int_eq(stretched, 2);
	ck_assert_ptr_null(file);
}
END_TEST

/* hostile 66 */
START_TEST(empty_passphrase_is_refused)
{
	struct fault f = { 0 };
	uint8_t *file = NULL, *got = NULL;
	size_t n = 0;

	forbidden = true;
	ck_assert_int_eq(keystore_unseal(BYTES(vector, sizeof vector), BYTES(NULL, 0), &got, &f), E_PASSPHRASE);
	ck_assert_ptr_null(got);
	ck_assert_int_eq(
	    keystore_seal(seed, BYTES("", 0), &(struct keystore_cost){ .t = 3, .m_kib = 262144 }, &file, &n), E_PASSPHRASE);
	ck_assert_int_eq(keystore_create(dir_fd, seed, BYTES("", 0), NULL), E_PASSPHRASE);
	ck_assert_int_eq(faccessat(dir_fd, KEYSTORE_NAME, F_OK, 0), -1);
	ck_assert_int_eq(stretched, 0);
}
END_TEST

START_TEST(sealing_outside_the_bounds_is_refused)
{
	uint8_t *file = NULL;
	size_t n = 0;

	forbidden = true;
	ck_assert_int_eq(keystore_seal(seed, PASS, &(struct keystore_cost){ .t = 2, .m_kib = 262144 }, &file, &n), E_KEYSTORE);
	ck_assert_int_eq(keystore_seal(seed, PASS, &(struct keystore_cost){ .t = 11, .m_kib = 262144 }, &file, &n), E_KEYSTORE);
	ck_assert_int_eq(keystore_seal(seed, PASS, &(struct keystore_cost){ .t = 3, .m_kib = 262143 }, &file, &n), E_KEYSTORE);
	ck_assert_int_eq(keystore_seal(seed, PASS, &(struct keystore_cost){ .t = 3, .m_kib = 1048577 }, &file, &n), E_KEYSTORE);
	ck_assert_ptr_null(file);
	ck_assert_int_eq(stretched, 0);
}
END_TEST

/* hostile 66 */
START_TEST(wrong_passphrase_is_refused)
{
	struct fault f = { 0 };
	uint8_t *got = NULL;

	ck_assert_int_eq(keystore_unseal(BYTES(vector, sizeof vector), BYTES("correct horsf", 13), &got, &f), E_PASSPHRASE);
	ck_assert_int_eq(f.err, E_PASSPHRASE);
	ck_assert_ptr_null(got);
}
END_TEST

/* hostile 66 */
START_TEST(altered_ciphertext_is_refused)
{
	vector[VECTOR_SIZE - 20] ^= 1;
	refused(vector, sizeof vector, E_PASSPHRASE);
}
END_TEST

/* hostile 66 */
START_TEST(replaced_public_key_is_refused)
{
	vector[6] ^= 1;
	refused(vector, sizeof vector, E_PASSPHRASE);
}
END_TEST

/* Sealed rightly, but for the public key of somebody else. */
/* hostile 66 */
START_TEST(seed_of_another_public_key_is_refused)
{
	uint8_t kek[KEY_SIZE], *pk = vector + 6, *salt = vector + 40;

	pk[0] ^= 1;
	ck_assert_int_eq(crypto_pwhash(kek, sizeof kek, "correct horse", 13, salt, 3, 256u << 20, crypto_pwhash_ALG_ARGON2ID13), 0);
	seal_close(vector + VECTOR_SIZE - 48, kek, seed, sizeof seed, BYTES(pk, KEY_SIZE));
	refused(vector, sizeof vector, E_KEYSTORE);
}
END_TEST

START_TEST(created_file_opens_and_is_private)
{
	struct fault f = { 0 };
	struct stat st;
	uint8_t pk[KEY_SIZE], want[KEY_SIZE], *got = NULL;

	umask(0);
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, &f), E_OK);
	ck_assert_int_eq(fstatat(dir_fd, KEYSTORE_NAME, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(keystore_open(dir_fd, PASS, &got, &f), E_OK);
	ck_assert_mem_eq(got, seed, sizeof seed);
	secret_free(&got);
	ck_assert_int_eq(bytes_from_hex(want, sizeof want, ISSUER_PK), 0);
	ck_assert_int_eq(keystore_issuer(dir_fd, pk, &f), E_OK);
	ck_assert_mem_eq(pk, want, sizeof pk);
}
END_TEST

static void
still_precious(void)
{
	uint8_t *back = NULL;
	size_t n = 0;

	ck_assert_int_eq(stickio_slurp(dir_fd, KEYSTORE_NAME, 100, &back, &n), 0);
	ck_assert_uint_eq(n, 8);
	ck_assert_mem_eq(back, "precious", 8);
	free(back);
}

START_TEST(existing_file_is_never_overwritten)
{
	struct fault f = { 0 };

	forbidden = true;
	ck_assert_int_eq(stickio_create(dir_fd, KEYSTORE_NAME, "precious", 8, 0600), 0);
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, &f), E_KEYSTORE);
	ck_assert_int_eq(f.sys, EEXIST);
	ck_assert_int_eq(stretched, 0);
	still_precious();
}
END_TEST

START_TEST(file_that_appears_meanwhile_is_never_overwritten)
{
	struct fault f = { 0 };

	race = true;
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, &f), E_KEYSTORE);
	ck_assert_int_eq(f.sys, EEXIST);
	ck_assert_int_eq(stretched, 1);
	still_precious();
}
END_TEST

START_TEST(dangling_link_in_its_place_is_not_followed)
{
	struct fault f = { 0 };

	forbidden = true;
	ck_assert_int_eq(symlinkat("elsewhere", dir_fd, KEYSTORE_NAME), 0);
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, &f), E_KEYSTORE);
	ck_assert_int_eq(f.sys, EEXIST);
	ck_assert_int_eq(faccessat(dir_fd, "elsewhere", F_OK, 0), -1);
	ck_assert_int_eq(stretched, 0);
}
END_TEST

START_TEST(missing_and_foreign_files_are_named)
{
	struct fault f = { 0 };
	uint8_t pk[KEY_SIZE], big[4097] = { 0 }, *got = NULL;

	forbidden = true;
	ck_assert_int_eq(keystore_open(dir_fd, PASS, &got, &f), E_KEYSTORE);
	ck_assert_int_eq(f.sys, ENOENT);
	ck_assert_int_eq(keystore_issuer(dir_fd, pk, NULL), E_KEYSTORE);
	ck_assert_int_eq(stickio_create(dir_fd, KEYSTORE_NAME, big, sizeof big, 0600), 0);
	fault_clear(&f);
	ck_assert_int_eq(keystore_open(dir_fd, PASS, &got, &f), E_KEYSTORE);
	ck_assert_int_eq(f.sys, EFBIG);
	unlinkat(dir_fd, KEYSTORE_NAME, 0);
	ck_assert_int_eq(stickio_create(dir_fd, KEYSTORE_NAME, "hello", 5, 0600), 0);
	ck_assert_int_eq(keystore_issuer(dir_fd, pk, NULL), E_KEYSTORE);
	ck_assert_ptr_null(got);
	ck_assert_int_eq(stretched, 0);
}
END_TEST

/* What is left in the directory. */
static unsigned
names(void)
{
	DIR *dir = opendir(dir_name);
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
		n += d->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

static void
create_fails(int sys, const char *step)
{
	struct fault f = { 0 };

	cheap = true;
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, &f), E_KEYSTORE);
	ck_assert_int_eq(f.err, E_KEYSTORE);
	ck_assert_int_eq(f.sys, sys);
	ck_assert_str_eq(f.step, step);
	ck_assert_str_eq(f.object, KEYSTORE_NAME);
	ck_assert_uint_eq(names(), 0);
	memset(&fails, 0, sizeof fails);
}

static void
create_works(void)
{
	struct fault f = { 0 };
	uint8_t *got = NULL;
	struct stat st;

	cheap = true;
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, &f), E_OK);
	ck_assert_uint_eq(names(), 1);
	ck_assert_int_eq(fstatat(dir_fd, KEYSTORE_NAME, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(keystore_open(dir_fd, PASS, &got, &f), E_OK);
	ck_assert_mem_eq(got, seed, sizeof seed);
	secret_free(&got);
}

/* It is there whole, or not at all; and then it can be made. */
START_TEST(what_cannot_be_written_leaves_nothing)
{
	fails.write = ENOSPC;
	create_fails(ENOSPC, "create");
	fails.sync_file = EIO;
	create_fails(EIO, "create");
	fails.rename = EIO;
	create_fails(EIO, "create");
	fails.sync_dir = EIO;
	create_fails(EIO, "fsync");
	fails.rename = EROFS, fails.link = EROFS;
	create_fails(EROFS, "create");
	create_works();
}
END_TEST

/* Some file systems cannot rename without replacing: it is linked. Some can do neither, and the name is claimed first. */
START_TEST(where_there_is_no_such_rename_it_is_linked)
{
	static const int without[] = { EINVAL, ENOSYS };

	fails.rename = without[_i];
	fails.link = EROFS;
	create_fails(EROFS, "create");
	fails.rename = without[_i];
	fails.link = EPERM;
	create_fails(without[_i], "create"); /* nor may anything be renamed */
	fails.rename = without[_i];
	fails.unlink = EIO;
	create_fails(EIO, "create");
	fails.rename = without[_i];
	create_works();
}
END_TEST

START_TEST(a_link_never_overwrites_what_appears_meanwhile)
{
	struct fault f = { 0 };

	race = cheap = true;
	fails.rename = EINVAL;
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, &f), E_KEYSTORE);
	ck_assert_int_eq(f.sys, EEXIST);
	ck_assert_uint_eq(names(), 1);
	still_precious();
}
END_TEST

/* A directory that cannot be flushed, and says so by EINVAL, is one of a file system that does it by itself. */
START_TEST(a_directory_that_knows_no_flush_is_enough)
{
	fails.sync_dir = EINVAL;
	create_works();
}
END_TEST

START_TEST(what_the_passphrase_was_stretched_to_is_wiped)
{
	struct keystore_cost cost = { .t = 3, .m_kib = 262144 };
	uint8_t *file = NULL, *got = NULL, pk[KEY_SIZE];
	struct fault f = { 0 };
	size_t n = 0;

	cheap = true;
	keytree_sign(pk, signing_key, seed);
	keys_wiped = signing_keys_wiped = 0;
	ck_assert_int_eq(keystore_seal(seed, PASS, &cost, &file, &n), E_OK);
	ck_assert(keys_wiped == 1 && signing_keys_wiped == 1);
	ck_assert_int_eq(keystore_unseal(BYTES(file, n), PASS, &got, &f), E_OK);
	ck_assert(keys_wiped == 2 && signing_keys_wiped == 2);
	secret_free(&got);
	file[n - 1] ^= 1;
	ck_assert_int_eq(keystore_unseal(BYTES(file, n), PASS, &got, &f), E_PASSPHRASE);
	ck_assert_uint_eq(keys_wiped, 3);
	free(file);
}
END_TEST

START_TEST(the_issuer_of_a_file_is_not_told_where_it_is_none)
{
	uint8_t pk[KEY_SIZE], untouched[KEY_SIZE];
	struct fault f = { 0 };

	memset(pk, 0x5a, sizeof pk);
	memset(untouched, 0x5a, sizeof untouched);
	ck_assert_int_eq(keystore_issuer(dir_fd, pk, &f), E_KEYSTORE);
	ck_assert(f.err == E_KEYSTORE && f.sys == ENOENT && strcmp(f.step, "open") == 0);
	fault_clear(&f);
	ck_assert_int_eq(stickio_create(dir_fd, KEYSTORE_NAME, vector, sizeof vector - 1, 0600), 0);
	ck_assert_int_eq(keystore_issuer(dir_fd, pk, &f), E_KEYSTORE);
	ck_assert(f.err == E_KEYSTORE && f.sys == 0 && strcmp(f.step, "format") == 0);
	ck_assert_mem_eq(pk, untouched, sizeof pk);
}
END_TEST

/* ---- another passphrase ---------------------------------------------------------------------------------------------------- */

#define OTHER BYTES("another horse", 13)

static enum err
replace(struct bytes pass, struct fault *f)
{
	struct keystore_change k = { .seed = seed, .pass = pass };
	uint8_t *was = NULL;
	enum err err = E_OK;

	ck_assert_int_eq(keystore_load(dir_fd, &was, &k.was.n, NULL), E_OK);
	k.was.p = was;
	err = keystore_replace(dir_fd, &k, f);
	free(was);
	return err;
}

static bool
opens(struct bytes pass)
{
	uint8_t *got = NULL;
	enum err err = keystore_open(dir_fd, pass, &got, NULL);

	ck_assert(err == E_OK || err == E_PASSPHRASE);
	if (err == E_OK)
		ck_assert_mem_eq(got, seed, sizeof seed);
	secret_free(&got);
	return err == E_OK;
}

static void
make_old(void)
{
	unlinkat(dir_fd, KEYSTORE_NAME, 0);
	ck_assert_int_eq(keystore_create(dir_fd, seed, PASS, NULL), E_OK);
}

START_TEST(another_passphrase_opens_and_the_old_one_does_not)
{
	struct stat st;

	quick = true;
	make_old();
	ck_assert_int_eq(replace(OTHER, NULL), E_OK);
	ck_assert(opens(OTHER) && !opens(PASS));
	ck_assert_uint_eq(names(), 1);
	ck_assert_int_eq(fstatat(dir_fd, KEYSTORE_NAME, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(replace(BYTES("", 0), NULL), E_PASSPHRASE);
	ck_assert(opens(OTHER));
}
END_TEST

/* As root does it for somebody who has to be able to read it; never for what has the name by then. */
START_TEST(it_stays_its_owners)
{
	struct stat st;

	quick = true;
	make_old();
	if (geteuid() == 0)
		ck_assert_int_eq(syscall(SYS_fchownat, dir_fd, KEYSTORE_NAME, 4242, 2424, 0), 0);
	ck_assert_int_eq(replace(OTHER, NULL), E_OK);
	ck_assert_int_eq(fstatat(dir_fd, KEYSTORE_NAME, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(geteuid() != 0 || (st.st_uid == 4242 && st.st_gid == 2424));
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert(opens(OTHER));
}
END_TEST

static void
replace_fails(int sys, enum why why, bool counts)
{
	struct fault f = { 0 };

	ck_assert_int_eq(replace(OTHER, &f), E_KEYSTORE);
	memset(&fails, 0, sizeof fails);
	garbled = false;
	ck_assert(f.err == E_KEYSTORE && f.why == why && f.sys == sys);
	ck_assert(opens(OTHER) == counts && opens(PASS) == !counts);
	ck_assert_uint_eq(names(), 1);
}

START_TEST(what_cannot_be_replaced_stays)
{
	quick = true;
	make_old();
	fails.write = ENOSPC;
	replace_fails(ENOSPC, WHY_MAKE_FILE, false);
	fails.sync_file = EIO;
	replace_fails(EIO, WHY_MAKE_FILE, false);
	fails.rename = EROFS;
	replace_fails(EROFS, WHY_MAKE_FILE, false);
	garbled = true;
	replace_fails(EIO, WHY_MAKE_FILE, false);
	fails.sync_dir = EIO;
	replace_fails(EIO, WHY_MAKE_DURABLE, true);
}
END_TEST

START_TEST(a_keystore_that_somebody_else_changed_is_not_replaced)
{
	const struct keystore_change k = { BYTES(vector, sizeof vector), seed, OTHER };
	struct fault f = { 0 };

	quick = true;
	make_old();
	ck_assert_int_eq(keystore_replace(dir_fd, &k, &f), E_PASSPHRASE);
	ck_assert(opens(PASS));
	ck_assert_uint_eq(names(), 1);
}
END_TEST

/* Killed before each call that changes something: one of the two opens it, and it can be done again. */
START_TEST(killed_at_any_call_there_is_one_that_opens)
{
	bool before = false, after = false, whole = false;

	quick = true;
	for (unsigned at = 1; !whole; at++) {
		int status = 0;
		pid_t child;

		ck_assert_uint_lt(at, 30);
		make_old();
		child = fork();
		ck_assert_int_ne(child, -1);
		if (child == 0) {
			calls = 0;
			last_call = at;
			_exit(replace(OTHER, NULL) == E_OK ? 7 : 1);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 1);
		whole = WEXITSTATUS(status) == 7;
		ck_assert(opens(OTHER) != opens(PASS));
		before = before || opens(PASS);
		after = after || opens(OTHER);
		ck_assert_int_eq(replace(BYTES("third", 5), NULL), E_OK);
		ck_assert(opens(BYTES("third", 5)));
		ck_assert_uint_eq(names(), 1);
	}
	ck_assert(before && after);
}
END_TEST

SUITE("keystore", .setup = setup, .teardown = teardown, .timeout = 120)
{
	tcase_add_test(t, sealing_agrees_with_vector);
	tcase_add_test(t, parameters_out_of_bounds_are_refused_before_any_allocation);
	tcase_add_test(t, wrong_sizes_and_versions_are_refused);
	tcase_add_test(t, every_truncation_and_a_trailing_byte_are_refused);
	tcase_add_test(t, no_memory_for_the_passphrase_is_named);
	tcase_add_test(t, empty_passphrase_is_refused);
	tcase_add_test(t, sealing_outside_the_bounds_is_refused);
	tcase_add_test(t, wrong_passphrase_is_refused);
	tcase_add_test(t, altered_ciphertext_is_refused);
	tcase_add_test(t, replaced_public_key_is_refused);
	tcase_add_test(t, seed_of_another_public_key_is_refused);
	tcase_add_test(t, created_file_opens_and_is_private);
	tcase_add_test(t, existing_file_is_never_overwritten);
	tcase_add_test(t, file_that_appears_meanwhile_is_never_overwritten);
	tcase_add_test(t, dangling_link_in_its_place_is_not_followed);
	tcase_add_test(t, missing_and_foreign_files_are_named);
	tcase_add_test(t, what_cannot_be_written_leaves_nothing);
	tcase_add_loop_test(t, where_there_is_no_such_rename_it_is_linked, 0, 2);
	tcase_add_test(t, a_link_never_overwrites_what_appears_meanwhile);
	tcase_add_test(t, a_directory_that_knows_no_flush_is_enough);
	tcase_add_test(t, what_the_passphrase_was_stretched_to_is_wiped);
	tcase_add_test(t, the_issuer_of_a_file_is_not_told_where_it_is_none);
	tcase_add_test(t, another_passphrase_opens_and_the_old_one_does_not);
	tcase_add_test(t, it_stays_its_owners);
	tcase_add_test(t, what_cannot_be_replaced_stays);
	tcase_add_test(t, a_keystore_that_somebody_else_changed_is_not_replaced);
	tcase_add_test(t, killed_at_any_call_there_is_one_that_opens);
}
