/*
 * keytree.h - every key and id that is derived, one function each (oncestick-format(5), KEY TREE).
 *
 * All outputs that are keys are secret: the caller keeps them in secret memory or wipes them.
 */
#ifndef KEYTREE_H
#define KEYTREE_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

#define SIGN_SECRET_SIZE 64 /* libsodium's Ed25519 secret key */
#define CODE_ENTROPY_SIZE 16
#define FACTORS_SIZE (HASH_SIZE + 4 + 3 * HASH_SIZE)

/* From the issuer's seed. */
void keytree_sign(uint8_t pk[KEY_SIZE], uint8_t sk[SIGN_SECRET_SIZE], const uint8_t seed[KEY_SIZE]);
void keytree_content(uint8_t ck[KEY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t bundle_id[ID_SIZE]);
void keytree_code(uint8_t out[CODE_ENTROPY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot);
void keytree_release(uint8_t out[CODE_ENTROPY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE],
    uint32_t slot);
void keytree_grant_x25519(uint8_t sk[KEY_SIZE], uint8_t pk[KEY_SIZE], const uint8_t seed[KEY_SIZE],
    const uint8_t grant_id[ID_SIZE]);

/* The refill ratchet of a stick: R_0 from the seed, R_{m+1} from R_m, and the refill key of one grant from R_n. */
void keytree_ratchet(uint8_t r0[KEY_SIZE], const uint8_t seed[KEY_SIZE], const uint8_t stick_id[ID_SIZE]);
void keytree_ratchet_next(uint8_t r[KEY_SIZE]); /* in place */
void keytree_refill(uint8_t out[KEY_SIZE], const uint8_t r[KEY_SIZE], const uint8_t grant_hash[HASH_SIZE]);

/* From a content key: the commitment that the manifest carries. */
void keytree_commit(uint8_t out[HASH_SIZE], const uint8_t ck[KEY_SIZE], const uint8_t bundle_id[ID_SIZE]);

/* From a stretched code a (kdf_stretch of the 16 symbols, salt = stick id). factors comes from keytree_factors. */
void keytree_locator(uint8_t out[LOCATOR_SIZE], const uint8_t a[KEY_SIZE]);
void keytree_token(uint8_t out[HASH_SIZE], const uint8_t a[KEY_SIZE], const uint8_t grant_hash[HASH_SIZE], uint32_t slot);
void keytree_wrap(uint8_t kek[KEY_SIZE], const uint8_t a[KEY_SIZE], const uint8_t factors[FACTORS_SIZE]);
void keytree_receipt(uint8_t rk[KEY_SIZE], const uint8_t a[KEY_SIZE], const uint8_t factors[FACTORS_SIZE]);
void keytree_resume(uint8_t out[KEY_SIZE], const uint8_t a[KEY_SIZE], const uint8_t grant_hash[HASH_SIZE], uint32_t slot,
    const uint8_t nonce[NONCE_SIZE]);

/* keytree_factors: F := grant_hash || le32(slot) || usb || station || ledger. A factor that is absent is NULL and becomes zeros. */
void keytree_factors(uint8_t f[FACTORS_SIZE], const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const uint8_t *usb,
    const uint8_t *station, const uint8_t *ledger);

/* keytree_usb: the factor and the hint of a device. serial is len (1..126) bytes from 0x21 to 0x7e. */
void keytree_usb(uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE], uint16_t vid, uint16_t pid, const char *serial,
    size_t len);

/*
 * keytree_station_share: the station factor, from the X25519 secret of one side and the public key of the other. own_sk belongs to
 * the grant or the station; peer_pk belongs to the other of the two. Return 0, or -1 if the shared point is zero (a hostile public
 * key).
 */
int keytree_station_share(uint8_t out[HASH_SIZE], const uint8_t own_sk[KEY_SIZE], const uint8_t peer_pk[KEY_SIZE],
    const uint8_t grant_xpk[KEY_SIZE], const uint8_t station_pk[KEY_SIZE]);

/* Public ids. */
void keytree_session_id(uint8_t out[ID_SIZE], const uint8_t nonce[NONCE_SIZE]);
void keytree_station_id(uint8_t out[ID_SIZE], const uint8_t station_pk[KEY_SIZE]);

#define FINGERPRINT_SIZE 25 /* "3f7a:90cd:21ab:88fe:0c44" and a NUL */
#define STICK_NAME_SIZE 7   /* "7kq241" and a NUL */

/* keytree_fingerprint: an issuer as people see it. keytree_stick_name: a stick as people see it. */
void keytree_fingerprint(char out[FINGERPRINT_SIZE], const uint8_t issuer_pk[KEY_SIZE]);
void keytree_stick_name(char out[STICK_NAME_SIZE], const uint8_t stick_id[ID_SIZE]);

/*
 * keytree_stick_named(stick_id, name): the reverse: the first 30 bits of the ids with that name, which may be in upper or lower
 * case, followed by zeros. Return 0, or -1 if no id has that name.
 */
int keytree_stick_named(uint8_t stick_id[ID_SIZE], const char *name);

#endif
