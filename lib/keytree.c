/*
 * keytree.c - labels and their inputs, one function each.
 */
#include "keytree.h"

#include <string.h>

#include <sodium.h>

#include "bytes.h"
#include "kdf.h"

/* ---- from the seed ------------------------------------------------------------------------------------------------------ */

void
keytree_sign(uint8_t pk[KEY_SIZE], uint8_t sk[SIGN_SECRET_SIZE], const uint8_t seed[KEY_SIZE])
{
	uint8_t sign_seed[KEY_SIZE];

	kdf_key(sign_seed, sizeof sign_seed, seed, "once1/sign", NULL, 0);
	crypto_sign_seed_keypair(pk, sk, sign_seed);
	sodium_memzero(sign_seed, sizeof sign_seed);
}

void
keytree_content(uint8_t ck[KEY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t bundle_id[ID_SIZE])
{
	kdf_key(ck, KEY_SIZE, seed, "once1/content", &BYTES(bundle_id, ID_SIZE), 1);
}

static void
code_entropy(uint8_t out[CODE_ENTROPY_SIZE], const uint8_t seed[KEY_SIZE], const char *label, const uint8_t grant_id[ID_SIZE],
    uint32_t slot)
{
	uint8_t le[4];

	store_le32(le, slot);
	kdf_key(out, CODE_ENTROPY_SIZE, seed, label, (struct bytes[]){{grant_id, ID_SIZE}, {le, sizeof le}}, 2);
}

void
keytree_code(uint8_t out[CODE_ENTROPY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	code_entropy(out, seed, "once1/code", grant_id, slot);
}

void
keytree_release(uint8_t out[CODE_ENTROPY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	code_entropy(out, seed, "once1/release", grant_id, slot);
}

void
keytree_grant_x25519(uint8_t sk[KEY_SIZE], uint8_t pk[KEY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE])
{
	kdf_key(sk, KEY_SIZE, seed, "once1/station", &BYTES(grant_id, ID_SIZE), 1);
	crypto_scalarmult_base(pk, sk);
}

/* ---- refill ratchet ----------------------------------------------------------------------------------------------------- */

void
keytree_ratchet(uint8_t r0[KEY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t stick_id[ID_SIZE])
{
	kdf_key(r0, KEY_SIZE, seed, "once1/ratchet", &BYTES(stick_id, ID_SIZE), 1);
}

void
keytree_ratchet_next(uint8_t r[KEY_SIZE])
{
	uint8_t next[KEY_SIZE];

	kdf_key(next, sizeof next, r, "once1/next", NULL, 0);
	memcpy(r, next, sizeof next);
	sodium_memzero(next, sizeof next);
}

void
keytree_refill(uint8_t out[KEY_SIZE], const uint8_t r[KEY_SIZE], const uint8_t grant_hash[HASH_SIZE])
{
	kdf_key(out, KEY_SIZE, r, "once1/refill", &BYTES(grant_hash, HASH_SIZE), 1);
}

/* ---- from a content key ------------------------------------------------------------------------------------------------- */

void
keytree_commit(uint8_t out[HASH_SIZE], const uint8_t ck[KEY_SIZE], const uint8_t bundle_id[ID_SIZE])
{
	kdf_key(out, HASH_SIZE, ck, "once1/commit", &BYTES(bundle_id, ID_SIZE), 1);
}

/* ---- from a stretched code ---------------------------------------------------------------------------------------------- */

void
keytree_locator(uint8_t out[LOCATOR_SIZE], const uint8_t a[KEY_SIZE])
{
	kdf_key(out, LOCATOR_SIZE, a, "once1/locator", NULL, 0);
}

void
keytree_token(uint8_t out[HASH_SIZE], const uint8_t a[KEY_SIZE], const uint8_t grant_hash[HASH_SIZE], uint32_t slot)
{
	uint8_t le[4];

	store_le32(le, slot);
	kdf_key(out, HASH_SIZE, a, "once1/token", (struct bytes[]){{grant_hash, HASH_SIZE}, {le, sizeof le}}, 2);
}

void
keytree_wrap(uint8_t kek[KEY_SIZE], const uint8_t a[KEY_SIZE], const uint8_t factors[FACTORS_SIZE])
{
	kdf_key(kek, KEY_SIZE, a, "once1/wrap", &BYTES(factors, FACTORS_SIZE), 1);
}

void
keytree_receipt(uint8_t rk[KEY_SIZE], const uint8_t a[KEY_SIZE], const uint8_t factors[FACTORS_SIZE])
{
	kdf_key(rk, KEY_SIZE, a, "once1/receipt", &BYTES(factors, FACTORS_SIZE), 1);
}

void
keytree_resume(uint8_t out[KEY_SIZE], const uint8_t a[KEY_SIZE], const uint8_t grant_hash[HASH_SIZE], uint32_t slot,
    const uint8_t nonce[NONCE_SIZE])
{
	uint8_t le[4];

	store_le32(le, slot);
	kdf_key(out, KEY_SIZE, a, "once1/resume",
	    (struct bytes[]){{grant_hash, HASH_SIZE}, {le, sizeof le}, {nonce, NONCE_SIZE}}, 3);
}

/* ---- factors ------------------------------------------------------------------------------------------------------------ */

static uint8_t *
put_factor(uint8_t *p, const uint8_t *factor)
{
	if (factor != NULL)
		memcpy(p, factor, HASH_SIZE);
	else
		memset(p, 0, HASH_SIZE);
	return p + HASH_SIZE;
}

void
keytree_factors(uint8_t f[FACTORS_SIZE], const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const uint8_t *usb,
    const uint8_t *station, const uint8_t *ledger)
{
	uint8_t *p = f;

	memcpy(p, grant_hash, HASH_SIZE);
	p += HASH_SIZE;
	store_le32(p, slot);
	p += 4;
	p = put_factor(p, usb);
	p = put_factor(p, station);
	put_factor(p, ledger);
}

void
keytree_usb(uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE], uint16_t vid, uint16_t pid, const char *serial, size_t len)
{
	uint8_t head[5], hash[HASH_SIZE];
	const struct bytes x[] = {{head, sizeof head}, BYTES(serial, len)};

	store_le16(head, vid);
	store_le16(head + 2, pid);
	head[4] = (uint8_t)len;
	kdf_hash(factor, "once1/usb", x, 2);
	kdf_hash(hash, "once1/hint", x, 2);
	memcpy(hint, hash, USB_HINT_SIZE);
}

int
keytree_station_share(uint8_t out[HASH_SIZE], const uint8_t own_sk[KEY_SIZE], const uint8_t peer_pk[KEY_SIZE],
    const uint8_t grant_xpk[KEY_SIZE], const uint8_t station_pk[KEY_SIZE])
{
	uint8_t point[KEY_SIZE];
	int rc;

	rc = crypto_scalarmult(point, own_sk, peer_pk);
	if (rc == 0)
		kdf_key(out, HASH_SIZE, point, "once1/share", (struct bytes[]){{grant_xpk, KEY_SIZE}, {station_pk, KEY_SIZE}}, 2);
	sodium_memzero(point, sizeof point);
	return rc == 0 ? 0 : -1;
}

/* ---- public ids --------------------------------------------------------------------------------------------------------- */

void
keytree_session_id(uint8_t out[ID_SIZE], const uint8_t nonce[NONCE_SIZE])
{
	uint8_t hash[HASH_SIZE];

	kdf_hash(hash, "once1/session", &BYTES(nonce, NONCE_SIZE), 1);
	memcpy(out, hash, ID_SIZE);
}

void
keytree_station_id(uint8_t out[ID_SIZE], const uint8_t station_pk[KEY_SIZE])
{
	uint8_t hash[HASH_SIZE];

	kdf_hash(hash, "once1/stationid", &BYTES(station_pk, KEY_SIZE), 1);
	memcpy(out, hash, ID_SIZE);
}

void
keytree_fingerprint(char out[FINGERPRINT_SIZE], const uint8_t issuer_pk[KEY_SIZE])
{
	uint8_t hash[HASH_SIZE];
	size_t i;

	kdf_hash(hash, "once1/fingerprint", &BYTES(issuer_pk, KEY_SIZE), 1);
	for (i = 0; i < 5; i++) {
		bytes_to_hex(out + 5 * i, hash + 2 * i, 2);
		out[5 * i + 4] = ':';
	}
	out[FINGERPRINT_SIZE - 1] = '\0';
}

static const char symbols[] = "0123456789abcdefghjkmnpqrstvwxyz";

void
keytree_stick_name(char out[STICK_NAME_SIZE], const uint8_t stick_id[ID_SIZE])
{
	const uint32_t top = (uint32_t)stick_id[0] << 24 | (uint32_t)stick_id[1] << 16 | (uint32_t)stick_id[2] << 8 | stick_id[3];
	unsigned i;

	for (i = 0; i < 6; i++)
		out[i] = symbols[top >> (27 - 5 * i) & 31];
	out[6] = '\0';
}

int
keytree_stick_named(uint8_t stick_id[ID_SIZE], const char *name)
{
	uint32_t top = 0;

	if (strlen(name) != STICK_NAME_SIZE - 1)
		return -1;
	for (unsigned i = 0; i < 6; i++) {
		char c = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
		const char *at = strchr(symbols, c);

		if (at == NULL)
			return -1;
		top |= (uint32_t)(at - symbols) << (27 - 5 * i);
	}
	memset(stick_id, 0, ID_SIZE);
	for (unsigned i = 0; i < 4; i++)
		stick_id[i] = (uint8_t)(top >> (24 - 8 * i));
	return 0;
}
