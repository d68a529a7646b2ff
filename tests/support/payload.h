/*
 * payload.h - for tests: payloads in hexadecimal, one defect at a time, signed by the issuer of the vectors.
 *
 * A map is written as its pairs, each key and value in hexadecimal, so that a test can drop, repeat, swap or replace one of them.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "bytes.h"
#include "envelope.h"
#include "keytree.h"

#define PAYLOAD_ISSUER "88f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab3"

/* The vectors of oncestick-format(5); the signature of the notice was made with OpenSSL. */
#define VECTOR_MANIFEST \
	"a8010102582088f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350b0b1b2b3b4b5b6b7b8b9babbbcbdbe" \
	"bf0402055820e3fac2bb337c968d3a162a5ee29b95405561382e2ef94517f6e82702c2a79d22065820d0a6c5bebaccde8fa23c231caa1f" \
	"983d5b37650eb0511fef31bbcddf4f5f7f6e071a68e7780008694c6563747572652031"
#define VECTOR_MANIFEST_FILE \
	"d2845828a201271078226170706c69636174696f6e2f766e642e6f6e63652e6d616e69666573742b63626f72a05891a8010102582088f6" \
	"47339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350b0b1b2b3b4b5b6b7b8b9babbbcbdbebf0402055820e3fa" \
	"c2bb337c968d3a162a5ee29b95405561382e2ef94517f6e82702c2a79d22065820d0a6c5bebaccde8fa23c231caa1f983d5b37650eb051" \
	"1fef31bbcddf4f5f7f6e071a68e7780008694c65637475726520315840904824ee1ba8bac39229f69a447e5f60acccdafc7dbf93bae017" \
	"885d808d59ec60307deda6fa5bc5ecee9a4acf01812ec88b27ebd50a681d578c4797b167300d"
#define VECTOR_GRANT \
	"ab010102582088f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e" \
	"5f0450a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0500061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35f" \
	"d2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab13b8003193840098350a2c0eea06a03792e" \
	"5bb1256edb8cf5a350a9345afd02e6fa4245c6acece68d06f2507e8bdf741715e61ff9e0ec78e5f3afa90a030b67537469636b2037"
#define VECTOR_GRANT_FILE \
	"d2845825a2012710781f6170706c69636174696f6e2f766e642e6f6e63652e6772616e742b63626f72a058daab010102582088f6473398" \
	"02b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e5f0450a0a1a2a3a4a5a6a7" \
	"a8a9aaabacadaeaf0500061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35fd2dab661ffe7974637b5dc" \
	"0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab13b8003193840098350a2c0eea06a03792e5bb1256edb8cf5a350a934" \
	"5afd02e6fa4245c6acece68d06f2507e8bdf741715e61ff9e0ec78e5f3afa90a030b67537469636b203758406c13d2466e9d100406f232" \
	"6de73ac978fc495924fc38f5225250fa0a9d8e255cf041293b309791d5c828d36f508c161486903b79aeb7fb759a1b3a5f1b240503"
#define VECTOR_GRANT_ALL \
	"ab010102582088f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e" \
	"5f0450a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0500061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35f" \
	"d2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd8208a6011a68e77800021a6ab13b80031938400444b95f82800582582013" \
	"be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d5820bb1f47fed8d0ff912797a7b7a81e4ae4a82a0e05c075" \
	"783e9b35ab94fd96f66e06736c65646765722e6578616d706c653a35343332098350a2c0eea06a03792e5bb1256edb8cf5a350a9345afd" \
	"02e6fa4245c6acece68d06f2507e8bdf741715e61ff9e0ec78e5f3afa90a030b67537469636b2037"
#define VECTOR_NOTICE \
	"a6010102582088f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30303041a68e7783205a150a0a1a2a3a4a5" \
	"a6a7a8a9aaabacadaeaf41020680"
#define VECTOR_NOTICE_FILE \
	"d2845826a201271078206170706c69636174696f6e2f766e642e6f6e63652e6e6f746963652b63626f72a05845a6010102582088f64733" \
	"9802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30303041a68e7783205a150a0a1a2a3a4a5a6a7a8a9aaabacadaeaf" \
	"410206805840bc3af2173947967a6a61856ebfadea04f29cb951469e590d8719b168b1542e4074ec98992aa872bd423e3efd440ae47730" \
	"2c58a57f5370523fae080298fa8e04"

/* The bytes of a hexadecimal string in a buffer of just that size, so that a sanitizer sees a read past the end. To be freed. */
static inline uint8_t *
payload_bytes(const char *hex, size_t *n)
{
	uint8_t *p;

	*n = strlen(hex) / 2;
	p = malloc(*n > 0 ? *n : 1);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(bytes_from_hex(p, *n, hex), 0);
	return p;
}

/* A copy of hex in which from, which occurs once at a whole byte, is replaced by to. To be freed. */
static inline char *
payload_edit(const char *hex, const char *from, const char *to)
{
	const char *at = NULL, *p;
	char *out;
	size_t size = strlen(hex) + strlen(to) + 1;

	for (p = strstr(hex, from); p != NULL; p = strstr(p + 1, from)) {
		if ((p - hex) % 2 != 0)
			continue;
		ck_assert_msg(at == NULL, "%s is not unique", from);
		at = p;
	}
	ck_assert_msg(at != NULL, "%s does not occur", from);
	out = malloc(size);
	ck_assert_ptr_nonnull(out);
	snprintf(out, size, "%.*s%s%s", (int)(at - hex), hex, to, at + strlen(from));
	return out;
}

/* The payload as a file of that type, signed by the issuer of the vectors. To be freed. */
static inline uint8_t *
payload_signed(enum envelope_type type, const char *hex, size_t *n)
{
	uint8_t seed[KEY_SIZE], pk[KEY_SIZE], sk[SIGN_SECRET_SIZE], *p, *file;
	size_t i, len;

	for (i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	keytree_sign(pk, sk, seed);
	p = payload_bytes(hex, &len);
	file = envelope_sign(type, BYTES(p, len), sk, n);
	ck_assert_ptr_nonnull(file);
	free(p);
	return file;
}

/* ---- maps by their pairs ------------------------------------------------------------------------------------------------ */

struct payload_pair {
	const char *key, *value;
	unsigned class; /* of the value, for who tells them apart */
};

#define PAYLOAD_PAIRS_MAX 16

/* The map of those pairs in their order, in hexadecimal. To be freed. */
static inline char *
payload_map(const struct payload_pair *pairs, size_t n)
{
	size_t size = 3, i;
	char *hex, *p;

	ck_assert_uint_lt(n, 24);
	for (i = 0; i < n; i++)
		size += strlen(pairs[i].key) + strlen(pairs[i].value);
	hex = malloc(size);
	ck_assert_ptr_nonnull(hex);
	p = hex + sprintf(hex, "%02x", 0xa0u + (unsigned)n);
	for (i = 0; i < n; i++)
		p += sprintf(p, "%s%s", pairs[i].key, pairs[i].value);
	return hex;
}

/* What no field of any payload may hold. */
static const char *const payload_oddities[] = {
	"20", "3903e7",                                  /* negative */
	"f93c00", "fa3f800000", "fb3ff0000000000000",    /* 1.0 */
	"f4", "f5", "f6", "f7", "e0", "f820", "ff",      /* simple values, break */
	"c100", "d8184101", ("c25820" PAYLOAD_ISSUER),   /* tags */
	"1801", "190001", "1a00000001", "1b0000000000000001", "1c", "1f", /* heads too long, reserved */
	"580100", "59000100", "5a0000000100", "5b000000000000000100",
	"780161", "7b000000000000000161", "9800", "b800",
	"5fff", "5f4100ff", "7fff", "9fff", "9f00ff", "bfff", "bf0000ff", /* indefinite */
	"40", "60", "80", "a0", "8100", "a10000", "8200", /* empty, or of the wrong kind */
	"9a10000000", "9b0000000100000000", "9b2000000000000000", "9bffffffffffffffff",
	"ba10000000", "bb8000000000000000", "bbffffffffffffffff",
	"5a7fffffff", "5b8000000000000000", "5bffffffffffffffff", "7b8000000000000000", "7bffffffffffffffff",
	"",
};

#define PAYLOAD_ODDITIES (sizeof payload_oddities / sizeof payload_oddities[0])

/* ---- random damage ------------------------------------------------------------------------------------------------------ */

static inline uint32_t
payload_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/*
 * check is shown, with of, every prefix of a good payload, and then so many copies with up to three bytes replaced, removed or
 * inserted; it asserts what must hold for each. The bytes end where their buffer does.
 */
static inline void
payload_damage(const char *good, unsigned rounds, void (*check)(const void *of, struct bytes), const void *of)
{
	uint32_t state = 20240101, where;
	uint8_t *p, *q;
	size_t n, len, edits;

	p = payload_bytes(good, &n);
	for (len = 0; len < n; len++) {
		q = malloc(len > 0 ? len : 1);
		ck_assert_ptr_nonnull(q);
		memcpy(q, p, len);
		check(of, BYTES(q, len));
		free(q);
	}
	while (rounds-- > 0) {
		q = malloc(n + 3);
		ck_assert_ptr_nonnull(q);
		memcpy(q, p, n);
		len = n;
		for (edits = 1 + payload_random(&state) % 3; edits > 0; edits--) {
			where = payload_random(&state) % (uint32_t)len;
			switch (payload_random(&state) % 6) {
			case 0:
				memmove(q + where, q + where + 1, len - where - 1);
				len--;
				break;
			case 1:
				memmove(q + where + 1, q + where, len - where);
				q[where] = (uint8_t)payload_random(&state);
				len++;
				break;
			case 2:
				q[where] ^= (uint8_t)(1u << payload_random(&state) % 8);
				break;
			default:
				q[where] = (uint8_t)payload_random(&state);
			}
		}
		q = realloc(q, len);
		ck_assert_ptr_nonnull(q);
		check(of, BYTES(q, len));
		free(q);
	}
	free(p);
}

#endif
