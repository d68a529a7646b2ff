/*
 * keystore.h - the issuer's seed in a file, sealed under a passphrase (oncestick-format(5), Keystore).
 */
#ifndef KEYSTORE_H
#define KEYSTORE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "format.h"
#include "bytes.h"

#define KEYSTORE_NAME "keystore.cbor"

/*
 * keystore_create(dir_fd, seed, pass, f): seal seed (KEY_SIZE bytes) under the passphrase in a new file KEYSTORE_NAME below
 * dir_fd, mode 0600. It is written to a temporary file, synced and renamed, and the directory synced; a file that already exists,
 * or appears meanwhile, is never replaced (f->sys EEXIST). Argon2id with t = 3, m = 256 MiB. Errors: E_KEYSTORE (it exists
 * already, or cannot be written), E_PASSPHRASE (empty), E_MEMORY.
 */
enum err keystore_create(int dir_fd, const uint8_t *seed, struct bytes pass, struct fault *f);

/*
 * keystore_open(dir_fd, pass, seed, f): open it. *seed is KEY_SIZE bytes of secret memory that the caller owns (secret_free).
 * Errors: E_KEYSTORE (missing, f->sys ENOENT; malformed; parameters out of bounds, refused before anything is allocated; not the
 * seed of the public key that it names), E_PASSPHRASE (empty, wrong, or the file was altered: nobody can tell which), E_MEMORY.
 */
enum err keystore_open(int dir_fd, struct bytes pass, uint8_t **seed, struct fault *f);

/* A new passphrase for the seed of a keystore. */
struct keystore_change {
	struct bytes was; /* the file, as it was opened */
	const uint8_t *seed;
	struct bytes pass;
};

/*
 * keystore_replace(dir_fd, k, f): put k->seed under k->pass in the place of the file that is there, with the same owner. The new
 * one is written beside it, flushed, read back and opened before it gets the name, so that at each moment, whatever ends this,
 * there is a keystore that opens with the old passphrase or with the new one. Two at once have to be kept from each other by the
 * caller; what one left that was killed is removed. Errors: E_PASSPHRASE (empty; or the file is no longer k->was: somebody else
 * changed it), E_MEMORY, E_KEYSTORE (cannot be written or read back: the old one is in its place; WHY_MAKE_DURABLE: the new one is,
 * but a power cut may bring the old one back).
 */
enum err keystore_replace(int dir_fd, const struct keystore_change *k, struct fault *f);

/* keystore_issuer(dir_fd, pk, f): the issuer's public key as the file states it, without the passphrase. E_OK or E_KEYSTORE. */
enum err keystore_issuer(int dir_fd, uint8_t pk[KEY_SIZE], struct fault *f);

/*
 * The bytes of the file, for a backup.
 *
 * keystore_load(dir_fd, file, n, f): read them; the caller frees them. E_KEYSTORE. keystore_store(dir_fd, file, f): write them as
 * keystore_create does. E_KEYSTORE. keystore_named(file, pk, f): like keystore_issuer, but from these bytes.
 */
enum err keystore_load(int dir_fd, uint8_t **file, size_t *n, struct fault *f);
enum err keystore_store(int dir_fd, struct bytes file, struct fault *f);
enum err keystore_named(struct bytes file, uint8_t pk[KEY_SIZE], struct fault *f);

/* How a passphrase is stretched with Argon2id. A salt is used only once. */
struct keystore_cost {
	uint8_t salt[ID_SIZE];
	uint64_t t, m_kib; /* 3..10 passes; 262144..1048576 KiB */
};

/*
 * keystore_seal / keystore_unseal: the same on bytes, for tests and backup. E_KEYSTORE if the cost is out of bounds. *file is n
 * bytes, which the caller frees.
 */
enum err keystore_seal(const uint8_t *seed, struct bytes pass, const struct keystore_cost *cost, uint8_t **file, size_t *n);
enum err keystore_unseal(struct bytes file, struct bytes pass, uint8_t **seed, struct fault *f);

#endif
