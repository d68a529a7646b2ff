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
 * keystore_create(dir_fd, seed, pass, f): seal seed (KEY_SIZE bytes) under the passphrase in a new file KEYSTORE_NAME below dir_fd,
 * mode 0600, by temp, fsync, rename, fsync; never over a file that is there, nor one that appears meanwhile (f->sys EEXIST).
 * Argon2id with t = 3, m = 256 MiB. Errors: E_KEYSTORE (it exists already; cannot be written), E_PASSPHRASE (empty), E_MEMORY.
 */
enum err keystore_create(int dir_fd, const uint8_t *seed, struct bytes pass, struct fault *f);

/*
 * keystore_open(dir_fd, pass, seed, f): open it; *seed is KEY_SIZE bytes of secret memory owned by the caller (secret_free).
 * Errors: E_KEYSTORE (missing, f->sys ENOENT; malformed; parameters out of bounds: refused before any allocation; not the seed of
 * the public key it names), E_PASSPHRASE (empty, wrong, or the file was altered: one cannot tell which), E_MEMORY.
 */
enum err keystore_open(int dir_fd, struct bytes pass, uint8_t **seed, struct fault *f);

/* keystore_issuer(dir_fd, pk, f): the issuer's public key as the file claims it, without the passphrase. E_OK or E_KEYSTORE. */
enum err keystore_issuer(int dir_fd, uint8_t pk[KEY_SIZE], struct fault *f);

/*
 * The bytes of the file, for a backup. keystore_load(dir_fd, file, n, f): they are freed by the caller; E_KEYSTORE.
 * keystore_store(dir_fd, file, f): as by keystore_create; E_KEYSTORE. keystore_named(file, pk, f): keystore_issuer of bytes.
 */
enum err keystore_load(int dir_fd, uint8_t **file, size_t *n, struct fault *f);
enum err keystore_store(int dir_fd, struct bytes file, struct fault *f);
enum err keystore_named(struct bytes file, uint8_t pk[KEY_SIZE], struct fault *f);

/* How a passphrase is stretched with Argon2id. A salt is used once. */
struct keystore_cost {
	uint8_t salt[ID_SIZE];
	uint64_t t, m_kib; /* 3..10 passes; 262144..1048576 KiB */
};

/*
 * keystore_seal / keystore_unseal: the same over bytes, for tests and backup; E_KEYSTORE if the cost is out of its bounds. *file is
 * n bytes, freed by the caller.
 */
enum err keystore_seal(const uint8_t *seed, struct bytes pass, const struct keystore_cost *cost, uint8_t **file, size_t *n);
enum err keystore_unseal(struct bytes file, struct bytes pass, uint8_t **seed, struct fault *f);

#endif
