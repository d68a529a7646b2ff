/*
 * keystore.c - the sealed seed: its file, and the bounds on what the file may ask for.
 */
#include "keystore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "dcbor.h"
#include "filestat.h"
#include "keytree.h"
#include "seal.h"
#include "secret.h"
#include "stickio.h"

#define FILE_LIMIT 4096
#define BESIDE KEYSTORE_NAME ".new"
#define PASSES_MIN 3
#define PASSES_MAX 10
#define MEMORY_MIN_KIB 262144
#define MEMORY_MAX_KIB 1048576
#define SEALED_SIZE (KEY_SIZE + TAG_SIZE)

/* The fields of the file, checked against their bounds. */
struct fields {
	uint8_t pk[KEY_SIZE];
	struct keystore_cost cost;
	uint8_t sealed[SEALED_SIZE];
};

static enum err
parse(struct fields *k, struct bytes file)
{
	struct dcbor_in in = dcbor_in(file);
	uint64_t pairs = 0, version = 0;

	if (file.n > FILE_LIMIT ||
	    !dcbor_get_map(&in, 6, 6, &pairs) ||
	    !dcbor_key(&in, &pairs, KEYSTORE_VERSION) || !dcbor_get_uint(&in, PAYLOAD_VERSION, PAYLOAD_VERSION, &version) ||
	    !dcbor_key(&in, &pairs, KEYSTORE_ISSUER) || !dcbor_get_fixed(&in, k->pk, sizeof k->pk) ||
	    !dcbor_key(&in, &pairs, KEYSTORE_SALT) || !dcbor_get_fixed(&in, k->cost.salt, sizeof k->cost.salt) ||
	    !dcbor_key(&in, &pairs, KEYSTORE_PASSES) || !dcbor_get_uint(&in, PASSES_MIN, PASSES_MAX, &k->cost.t) ||
	    !dcbor_key(&in, &pairs, KEYSTORE_MEMORY_KIB) || !dcbor_get_uint(&in, MEMORY_MIN_KIB, MEMORY_MAX_KIB, &k->cost.m_kib) ||
	    !dcbor_key(&in, &pairs, KEYSTORE_SEALED) || !dcbor_get_fixed(&in, k->sealed, sizeof k->sealed) ||
	    !dcbor_end(&in))
		return E_KEYSTORE;
	return E_OK;
}

static uint8_t *
encode(const struct fields *k, size_t *n)
{
	struct dcbor_out o = { 0 };

	dcbor_put_map(&o, 6);
	dcbor_put_uint(&o, KEYSTORE_VERSION);
	dcbor_put_uint(&o, PAYLOAD_VERSION);
	dcbor_put_uint(&o, KEYSTORE_ISSUER);
	dcbor_put_bytes(&o, k->pk, sizeof k->pk);
	dcbor_put_uint(&o, KEYSTORE_SALT);
	dcbor_put_bytes(&o, k->cost.salt, sizeof k->cost.salt);
	dcbor_put_uint(&o, KEYSTORE_PASSES);
	dcbor_put_uint(&o, k->cost.t);
	dcbor_put_uint(&o, KEYSTORE_MEMORY_KIB);
	dcbor_put_uint(&o, k->cost.m_kib);
	dcbor_put_uint(&o, KEYSTORE_SEALED);
	dcbor_put_bytes(&o, k->sealed, sizeof k->sealed);
	return dcbor_take(&o, n);
}

/* Derive the key that seals the seed from the passphrase; cost is within its bounds. */
static enum err
stretch(uint8_t kek[KEY_SIZE], struct bytes pass, const struct keystore_cost *cost)
{
	if (crypto_pwhash(kek, KEY_SIZE, (const char *)pass.p, pass.n, cost->salt, cost->t, (size_t)cost->m_kib * 1024,
	    crypto_pwhash_ALG_ARGON2ID13) != 0)
		return E_MEMORY;
	return E_OK;
}

static void
public_key(uint8_t pk[KEY_SIZE], const uint8_t *seed)
{
	uint8_t sk[SIGN_SECRET_SIZE];

	keytree_sign(pk, sk, seed);
	sodium_memzero(sk, sizeof sk);
}

enum err
keystore_seal(const uint8_t *seed, struct bytes pass, const struct keystore_cost *cost, uint8_t **file, size_t *n)
{
	struct fields k = { .cost = *cost };
	uint8_t kek[KEY_SIZE], *made = NULL;
	enum err err = E_OK;

	if (pass.n == 0)
		return E_PASSPHRASE;
	if (cost->t < PASSES_MIN || cost->t > PASSES_MAX || cost->m_kib < MEMORY_MIN_KIB || cost->m_kib > MEMORY_MAX_KIB)
		return E_KEYSTORE;
	public_key(k.pk, seed);
	if ((err = stretch(kek, pass, cost)) != E_OK)
		goto out;
	seal_close(k.sealed, kek, seed, KEY_SIZE, BYTES(k.pk, sizeof k.pk));
	if ((made = encode(&k, n)) == NULL) {
		err = E_FAIL;
		goto out;
	}
	*file = made;
out:
	sodium_memzero(kek, sizeof kek);
	return err;
}

/* Open what k holds into seed, and check that it is the seed of the issuer that the file names. */
static enum err
unseal(uint8_t *seed, const struct fields *k, struct bytes pass, struct fault *f)
{
	uint8_t kek[KEY_SIZE], pk[KEY_SIZE];
	enum err err = E_OK;

	if (stretch(kek, pass, &k->cost) != E_OK) {
		err = fault_why(f, E_MEMORY, errno, WHY_PASSPHRASE, "%llu KiB", (unsigned long long)k->cost.m_kib);
		goto out;
	}
	if (seal_open(seed, kek, k->sealed, sizeof k->sealed, BYTES(k->pk, sizeof k->pk)) != 0) {
		err = fault_set(f, E_PASSPHRASE, 0, "passphrase", KEYSTORE_NAME);
		goto out;
	}
	public_key(pk, seed);
	if (memcmp(pk, k->pk, sizeof pk) != 0)
		err = fault_why(f, E_KEYSTORE, 0, WHY_OTHER_KEY, KEYSTORE_NAME);
out:
	sodium_memzero(kek, sizeof kek);
	return err;
}

enum err
keystore_unseal(struct bytes file, struct bytes pass, uint8_t **seed, struct fault *f)
{
	struct fields k;
	uint8_t *opened = NULL;
	enum err err = E_OK;

	if (parse(&k, file) != E_OK)
		return fault_why(f, E_KEYSTORE, 0, WHY_NO_FORMAT, KEYSTORE_NAME);
	if (pass.n == 0)
		return fault_set(f, E_PASSPHRASE, 0, "empty passphrase", KEYSTORE_NAME);
	if ((opened = secret_new(KEY_SIZE)) == NULL)
		return fault_set(f, E_FAIL, errno, "memory", KEYSTORE_NAME);
	if ((err = unseal(opened, &k, pass, f)) == E_OK) {
		*seed = opened;
		opened = NULL;
	}
	secret_free(&opened);
	return err;
}

enum err
keystore_load(int dir_fd, uint8_t **file, size_t *n, struct fault *f)
{
	if (stickio_slurp(dir_fd, KEYSTORE_NAME, FILE_LIMIT, file, n) != 0)
		return fault_set(f, E_KEYSTORE, errno, "open", KEYSTORE_NAME);
	return E_OK;
}

enum err
keystore_open(int dir_fd, struct bytes pass, uint8_t **seed, struct fault *f)
{
	uint8_t *file = NULL;
	size_t n = 0;
	enum err err = keystore_load(dir_fd, &file, &n, f);

	if (err == E_OK)
		err = keystore_unseal(BYTES(file, n), pass, seed, f);
	free(file);
	return err;
}

enum err
keystore_named(struct bytes file, uint8_t pk[KEY_SIZE], struct fault *f)
{
	struct fields k;

	if (parse(&k, file) != E_OK)
		return fault_why(f, E_KEYSTORE, 0, WHY_NO_FORMAT, KEYSTORE_NAME);
	memcpy(pk, k.pk, sizeof k.pk);
	return E_OK;
}

enum err
keystore_issuer(int dir_fd, uint8_t pk[KEY_SIZE], struct fault *f)
{
	uint8_t *file = NULL;
	size_t n = 0;
	enum err err = keystore_load(dir_fd, &file, &n, f);

	if (err == E_OK)
		err = keystore_named(BYTES(file, n), pk, f);
	free(file);
	return err;
}

enum err
keystore_store(int dir_fd, struct bytes file, struct fault *f)
{
	char tmp[64];
	uint8_t random[ID_SIZE];
	char hex[2 * ID_SIZE + 1];
	int saved = 0;

	randombytes_buf(random, sizeof random);
	bytes_to_hex(hex, random, sizeof random);
	snprintf(tmp, sizeof tmp, "%s.%s", KEYSTORE_NAME, hex);
	if (stickio_create(dir_fd, tmp, file.p, file.n, 0600) != 0)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_FILE, KEYSTORE_NAME);
	if (stickio_rename_new(dir_fd, tmp, KEYSTORE_NAME) != 0) {
		saved = errno;
		unlinkat(dir_fd, tmp, 0);
		return fault_why(f, E_KEYSTORE, saved, WHY_MAKE_FILE, KEYSTORE_NAME);
	}
	if (stickio_sync_dir(dir_fd) != 0) {
		saved = errno;
		unlinkat(dir_fd, KEYSTORE_NAME, 0);
		return fault_why(f, E_KEYSTORE, saved, WHY_MAKE_DURABLE, KEYSTORE_NAME);
	}
	return E_OK;
}

/* With a salt of its own. */
static enum err
seal_anew(const uint8_t *seed, struct bytes pass, uint8_t **file, size_t *n, struct fault *f)
{
	struct keystore_cost cost = { .t = PASSES_MIN, .m_kib = MEMORY_MIN_KIB };
	enum err err = E_OK;

	randombytes_buf(cost.salt, sizeof cost.salt);
	err = keystore_seal(seed, pass, &cost, file, n);
	return err == E_OK ? E_OK : fault_set(f, err, 0, "seal", KEYSTORE_NAME);
}

enum err
keystore_create(int dir_fd, const uint8_t *seed, struct bytes pass, struct fault *f)
{
	uint8_t *file = NULL;
	size_t n = 0;
	enum err err = E_OK;

	if (faccessat(dir_fd, KEYSTORE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fault_why(f, E_KEYSTORE, EEXIST, WHY_MAKE_FILE, KEYSTORE_NAME);
	if ((err = seal_anew(seed, pass, &file, &n, f)) != E_OK)
		return err;
	err = keystore_store(dir_fd, BYTES(file, n), f);
	free(file);
	return err;
}

/* ---- another passphrase -------------------------------------------------------------------------------------------------- */

/* Otherwise the passphrase that opened it is no longer the right one. */
static enum err
is_still(int dir_fd, struct bytes was, struct fault *f)
{
	uint8_t *file = NULL;
	size_t n = 0;
	enum err err = keystore_load(dir_fd, &file, &n, f);

	if (err == E_OK && (n != was.n || memcmp(file, was.p, n) != 0))
		err = fault_set(f, E_PASSPHRASE, 0, "passphrase", KEYSTORE_NAME);
	free(file);
	return err;
}

/* Root may do this for somebody, who has to be able to read it afterwards. */
static enum err
write_beside(int dir_fd, struct bytes file, struct fault *f)
{
	struct stat old;

	if (filestat_at(dir_fd, KEYSTORE_NAME, &old) != 0 || stickio_remove_file(dir_fd, BESIDE) != 0 ||
	    stickio_create_for(dir_fd, BESIDE, file, &old) != 0)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_FILE, KEYSTORE_NAME);
	return E_OK;
}

static enum err
read_back(int dir_fd, const struct keystore_change *k, struct fault *f)
{
	struct fault found = { 0 };
	uint8_t *file = NULL, *got = NULL;
	size_t n = 0;
	enum err err = E_OK;

	if (stickio_slurp(dir_fd, BESIDE, FILE_LIMIT, &file, &n) != 0)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_FILE, KEYSTORE_NAME);
	if ((err = keystore_unseal(BYTES(file, n), k->pass, &got, &found)) == E_MEMORY)
		err = fault_pass(f, &found);
	else if (err != E_OK || sodium_memcmp(got, k->seed, KEY_SIZE) != 0)
		err = fault_why(f, E_KEYSTORE, EIO, WHY_MAKE_FILE, KEYSTORE_NAME);
	secret_free(&got);
	free(file);
	return err;
}

enum err
keystore_replace(int dir_fd, const struct keystore_change *k, struct fault *f)
{
	uint8_t *file = NULL;
	size_t n = 0;
	int saved = 0;
	enum err err = E_OK;

	if ((err = seal_anew(k->seed, k->pass, &file, &n, f)) != E_OK)
		return err;
	if ((err = is_still(dir_fd, k->was, f)) != E_OK || (err = write_beside(dir_fd, BYTES(file, n), f)) != E_OK ||
	    (err = read_back(dir_fd, k, f)) != E_OK)
		goto out;
	if (stickio_rename(dir_fd, BESIDE, KEYSTORE_NAME) != 0) {
		saved = errno;
		if (faccessat(dir_fd, BESIDE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			err = fault_why(f, E_KEYSTORE, saved, WHY_MAKE_FILE, KEYSTORE_NAME);
		else
			err = fault_why(f, E_KEYSTORE, saved, WHY_MAKE_DURABLE, KEYSTORE_NAME);
	}
out:
	(void)stickio_remove_file(dir_fd, BESIDE);
	free(file);
	return err;
}
