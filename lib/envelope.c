/*
 * envelope.c - COSE_Sign1 as a constant prefix, a length and a signature.
 */
#include "envelope.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cbor.h>
#include <sodium.h>

#define HEAD_MAX 9
#define TAIL_SIZE (2 + SIGNATURE_SIZE)      /* 58 40, signature */
#define ISSUER_OFFSET 6
#define PAYLOAD_MIN (ISSUER_OFFSET + KEY_SIZE)

/* Tag 18, array of 4, the protected header {1: -8, 16: type} as a byte string, an empty map. */
#define MANIFEST_PREFIX "\xd2\x84\x58\x28\xa2\x01\x27\x10\x78\x22" "application/vnd.once.manifest+cbor" "\xa0"
#define GRANT_PREFIX "\xd2\x84\x58\x25\xa2\x01\x27\x10\x78\x1f" "application/vnd.once.grant+cbor" "\xa0"
#define NOTICE_PREFIX "\xd2\x84\x58\x26\xa2\x01\x27\x10\x78\x20" "application/vnd.once.notice+cbor" "\xa0"

static const struct shape {
	const char *prefix;
	size_t prefix_size;
	size_t limit;
} shapes[] = {
	[ENVELOPE_MANIFEST] = {MANIFEST_PREFIX, sizeof MANIFEST_PREFIX - 1, 4u << 10},
	[ENVELOPE_GRANT] = {GRANT_PREFIX, sizeof GRANT_PREFIX - 1, 128u << 10},
	[ENVELOPE_NOTICE] = {NOTICE_PREFIX, sizeof NOTICE_PREFIX - 1, 4u << 20},
};

#define SHAPES (sizeof shapes / sizeof shapes[0])

static const uint8_t tail_head[2] = {0x58, SIGNATURE_SIZE};

size_t
envelope_limit(enum envelope_type type)
{
	return shapes[type].limit;
}

static int
has_prefix(const struct shape *shape, struct bytes file)
{
	return file.n >= shape->prefix_size && memcmp(file.p, shape->prefix, shape->prefix_size) == 0;
}

int
envelope_guess(struct bytes file, enum envelope_type *type)
{
	size_t i;

	for (i = 0; i < SHAPES; i++) {
		if (has_prefix(&shapes[i], file)) {
			*type = (enum envelope_type)i;
			return 0;
		}
	}
	return -1;
}

/*
 * The head of the payload is not parsed. The size of the file leaves room for just one shortest head, and exactly that must be
 * there.
 */
static int
find_payload(const struct shape *shape, struct bytes file, struct bytes *payload)
{
	uint8_t head[HEAD_MAX];
	size_t room, n, len;

	if (file.n < shape->prefix_size + TAIL_SIZE)
		return -1;
	room = file.n - shape->prefix_size - TAIL_SIZE;
	for (n = 1; n <= HEAD_MAX && n <= room; n++) {
		len = room - n;
		if (cbor_encode_bytestring_start(len, head, sizeof head) != n)
			continue;
		if (memcmp(file.p + shape->prefix_size, head, n) != 0)
			return -1;
		*payload = (struct bytes){file.p + shape->prefix_size + n, len};
		return 0;
	}
	return -1;
}

/* The Sig_structure of RFC 9052, section 4.4: its protected header is the middle of the prefix. To be freed. */
static uint8_t *
to_be_signed(const struct shape *shape, struct bytes payload, size_t *n)
{
	static const char context[] = "\x84\x6a" "Signature1";
	const size_t protected_size = shape->prefix_size - 3;
	uint8_t head[HEAD_MAX], *m, *p;
	const size_t head_size = cbor_encode_bytestring_start(payload.n, head, sizeof head);

	*n = sizeof context - 1 + protected_size + 1 + head_size + payload.n;
	m = malloc(*n);
	if (m == NULL)
		return NULL;
	p = m;
	memcpy(p, context, sizeof context - 1);
	p += sizeof context - 1;
	memcpy(p, shape->prefix + 2, protected_size);
	p += protected_size;
	*p++ = 0x40;
	memcpy(p, head, head_size);
	memcpy(p + head_size, payload.p, payload.n);
	return m;
}

static enum envelope_result
check_signature(const struct shape *shape, struct bytes payload, const uint8_t *signature, const uint8_t pk[KEY_SIZE])
{
	size_t n;
	uint8_t *m = to_be_signed(shape, payload, &n);
	bool good = m != NULL && crypto_sign_verify_detached(signature, m, n, pk) == 0;

	free(m);
	return good ? ENVELOPE_OK : m != NULL ? ENVELOPE_FORGED : ENVELOPE_NO_MEMORY;
}

/* The version, and where the issuer's key is: the first bytes of every payload, whatever the size of its map. */
static enum envelope_result
check_start(struct bytes payload)
{
	static const uint8_t start[] = {0x01, 0x01, 0x02, 0x58, KEY_SIZE};

	if (payload.n < PAYLOAD_MIN || payload.p[1] != start[0])
		return ENVELOPE_MALFORMED;
	if (payload.p[2] != start[1])
		return ENVELOPE_NEWER;
	return memcmp(payload.p + 1, start, sizeof start) == 0 ? ENVELOPE_OK : ENVELOPE_MALFORMED;
}

enum envelope_result
envelope_open(enum envelope_type type, struct bytes file, struct bytes *payload, uint8_t issuer[KEY_SIZE])
{
	const struct shape *shape = &shapes[type];
	enum envelope_result res;
	struct bytes body;

	if (file.n > shape->limit || !has_prefix(shape, file) || find_payload(shape, file, &body) != 0)
		return ENVELOPE_MALFORMED;
	if (memcmp(body.p + body.n, tail_head, sizeof tail_head) != 0)
		return ENVELOPE_MALFORMED;
	if ((res = check_start(body)) != ENVELOPE_OK ||
	    (res = check_signature(shape, body, body.p + body.n + sizeof tail_head, body.p + ISSUER_OFFSET)) != ENVELOPE_OK)
		return res;
	if (issuer != NULL)
		memcpy(issuer, body.p + ISSUER_OFFSET, KEY_SIZE);
	*payload = body;
	return ENVELOPE_OK;
}

enum envelope_result
envelope_parsed(enum envelope_result opened, int parsed)
{
	if (opened != ENVELOPE_OK || parsed == 0)
		return opened;
	return errno == ENOMEM ? ENVELOPE_NO_MEMORY : ENVELOPE_MALFORMED;
}

uint8_t *
envelope_sign(enum envelope_type type, struct bytes payload, const uint8_t sk[SIGN_SECRET_SIZE], size_t *n)
{
	const struct shape *shape = &shapes[type];
	uint8_t head[HEAD_MAX], *m = NULL, *file = NULL, *p;
	size_t head_size, m_size, size;

	if (payload.n > shape->limit)
		return NULL;
	head_size = cbor_encode_bytestring_start(payload.n, head, sizeof head);
	size = shape->prefix_size + head_size + payload.n + TAIL_SIZE;
	if (size > shape->limit)
		return NULL;
	m = to_be_signed(shape, payload, &m_size);
	file = malloc(size);
	if (m == NULL || file == NULL) {
		free(m);
		free(file);
		return NULL;
	}
	p = file;
	memcpy(p, shape->prefix, shape->prefix_size);
	p += shape->prefix_size;
	memcpy(p, head, head_size);
	p += head_size;
	memcpy(p, payload.p, payload.n);
	p += payload.n;
	memcpy(p, tail_head, sizeof tail_head);
	crypto_sign_detached(p + sizeof tail_head, NULL, m, m_size, sk);
	free(m);
	*n = size;
	return file;
}
