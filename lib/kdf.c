/*
 * kdf.c - labelled BLAKE2b, and Argon2id with constant cost.
 */
#include "kdf.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <sodium.h>

#define STRETCH_PASSES 2

static void
blake2b(uint8_t *out, size_t len, const uint8_t *key, const char *label, const struct bytes *x, size_t nx)
{
	crypto_generichash_state st;
	const uint8_t label_len = (uint8_t)strlen(label);
	size_t i;

	crypto_generichash_init(&st, key, key != NULL ? KEY_SIZE : 0, len);
	crypto_generichash_update(&st, &label_len, 1);
	crypto_generichash_update(&st, (const uint8_t *)label, label_len);
	for (i = 0; i < nx; i++) {
		if (x[i].n > 0)
			crypto_generichash_update(&st, x[i].p, x[i].n);
	}
	crypto_generichash_final(&st, out, len);
	sodium_memzero(&st, sizeof st);
}

void
kdf_hash(uint8_t out[HASH_SIZE], const char *label, const struct bytes *x, size_t nx)
{
	blake2b(out, HASH_SIZE, NULL, label, x, nx);
}

void
kdf_key(uint8_t *out, size_t len, const uint8_t key[KEY_SIZE], const char *label, const struct bytes *x, size_t nx)
{
	blake2b(out, len, key, label, x, nx);
}

int
kdf_stretch(uint8_t out[KEY_SIZE], const void *pw, size_t n, const uint8_t salt[ID_SIZE])
{
	uint8_t a[KEY_SIZE];
	int rc;

	rc =
	    crypto_pwhash(a, sizeof a, (const char *)pw, n, salt, STRETCH_PASSES, KDF_STRETCH_MEMORY, crypto_pwhash_ALG_ARGON2ID13);
	if (rc == 0)
		memcpy(out, a, sizeof a);
	sodium_memzero(a, sizeof a);
	return rc == 0 ? 0 : -1;
}

/* MemAvailable in bytes; UINT64_MAX if the kernel does not report it. */
static uint64_t
mem_available(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t available = UINT64_MAX;
	unsigned long long kib;
	char line[128];

	if (f == NULL)
		return available;
	while (fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) {
			available = kib * 1024;
			break;
		}
	}
	fclose(f);
	return available;
}

int
kdf_stretch_possible(void)
{
	/*
	 * The pages are not touched: with an address space limit the mapping fails, and mem_available answers for the pages
	 * themselves.
	 */
	void *p = mmap(NULL, KDF_STRETCH_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	munmap(p, KDF_STRETCH_MEMORY);
	return mem_available() >= KDF_STRETCH_MEMORY;
}
