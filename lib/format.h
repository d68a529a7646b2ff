/*
 * format.h - the constants of the once1 format (man 5 oncestick-format).
 *
 * Sizes are in bytes unless a name says otherwise.
 */
#ifndef FORMAT_H
#define FORMAT_H

#define ID_SIZE 16      /* bundle, stick, grant, station and session ids */
#define HASH_SIZE 32    /* BLAKE2b-256 and SHA-256 */
#define KEY_SIZE 32     /* every symmetric key, X25519 and Ed25519 public keys */
#define SIGNATURE_SIZE 64
#define LOCATOR_SIZE 16
#define NONCE_SIZE 32   /* a station's session nonce */
#define MAC_SIZE 32     /* receipt MAC */
#define TAG_SIZE 16     /* ChaCha20-Poly1305 */
#define USB_HINT_SIZE 4

#define CODE_SYMBOLS 16 /* an unlock code: 14 data + 2 check symbols, no separators */

#define BLOCK_SIZE 65536u
#define LEAF_SIZE 4096u           /* what a block is hashed in pieces of */
#define BLOCK_LEAVES (BLOCK_SIZE / LEAF_SIZE)
#define TREE_FANOUT 2048u         /* hashes in a tree block: BLOCK_SIZE / HASH_SIZE */
#define TREE_LEVELS_MAX 3u        /* levels above the data */
#define SEGMENT_BLOCKS 16384u     /* 1 GiB */
#define DATA_BLOCKS_MAX 4294967295ull

#define RECORD_SIZE 4096u
#define RECORD_BODY_MAX 4032u

#define GRANT_SLOTS_MAX 4096u
#define GRANT_BUNDLES_MAX 64u
#define STICK_GRANTS_MAX 64u
#define LABEL_MAX 128u            /* bytes of UTF-8, without a final NUL */
#define NAME_MAX_BYTES 255u
#define RECEIPT_MAX (512u - MAC_SIZE)

#define TIME_MIN 1500000000ll     /* seconds since 1970, UTC */
#define TIME_MAX 253402300799ll
#define SESSION_MIN_S 60u
#define SESSION_MAX_S 604800u
#define FLOOR_TRUST_S 157788000ll /* five years: how far a clock may lead the signed floor and still be remembered */

#define CELL_SIZE(bundles) ((size_t)(KEY_SIZE * (bundles) + TAG_SIZE))

/* The keys of the maps in payloads (CDDL there). A number that has been used means the same forever. */

#define PAYLOAD_VERSION 1u /* of each payload that has one */

enum manifest_field {
	MANIFEST_VERSION = 1,
	MANIFEST_ISSUER = 2,
	MANIFEST_BUNDLE = 3,
	MANIFEST_BLOCKS = 4,
	MANIFEST_ROOT = 5,
	MANIFEST_COMMIT = 6,
	MANIFEST_CREATED = 7,
	MANIFEST_LABEL = 8
};

enum grant_field {
	GRANT_VERSION = 1,
	GRANT_ISSUER = 2,
	GRANT_STICK = 3,
	GRANT_ID = 4,
	GRANT_REFILL = 5,
	GRANT_ISSUED = 6,
	GRANT_BUNDLES = 7,
	GRANT_POLICY = 8,
	GRANT_LOCATORS = 9,
	GRANT_NOTICE_MIN = 10,
	GRANT_LABEL = 11,
	GRANT_CONTACT = 12
};

enum policy_field {
	POLICY_NOT_BEFORE = 1,
	POLICY_EXPIRES = 2,
	POLICY_SESSION_S = 3,
	POLICY_USB = 4,
	POLICY_STATION = 5,
	POLICY_LEDGER = 6
};

enum notice_field {
	NOTICE_VERSION = 1,
	NOTICE_ISSUER = 2,
	NOTICE_NUMBER = 3,
	NOTICE_TIME = 4,
	NOTICE_REVOKED = 5,
	NOTICE_WITHDRAWN = 6
};

enum receipt_field {
	RECEIPT_SPENT_AT = 1,
	RECEIPT_FLAGS = 2,
	RECEIPT_STATION = 3,
	RECEIPT_SESSION = 4,
	RECEIPT_ENDED_AT = 5,
	RECEIPT_OPEN_S = 6,
	RECEIPT_RESUMES = 7
};

enum enrolment_field { ENROLMENT_VERSION = 1, ENROLMENT_STATION = 2, ENROLMENT_LABEL = 3 };

enum keystore_field {
	KEYSTORE_VERSION = 1,
	KEYSTORE_ISSUER = 2,
	KEYSTORE_SALT = 3,
	KEYSTORE_PASSES = 4,
	KEYSTORE_MEMORY_KIB = 5,
	KEYSTORE_SEALED = 6
};

#endif
