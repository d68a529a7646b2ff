/*
 * bytes.h - a borrowed run of bytes, little-endian fields, hexadecimal.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>

/* n bytes at p, owned by somebody else. p may be NULL when n is 0. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

#define BYTES(ptr, len) ((struct bytes){(const uint8_t *)(ptr), (len)})

static inline uint16_t
load_le16(const uint8_t p[2])
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
load_le32(const uint8_t p[4])
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t
load_le64(const uint8_t p[8])
{
	return (uint64_t)load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}

static inline void
store_le16(uint8_t p[2], uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
store_le32(uint8_t p[4], uint32_t v)
{
	store_le16(p, (uint16_t)v);
	store_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void
store_le64(uint8_t p[8], uint64_t v)
{
	store_le32(p, (uint32_t)v);
	store_le32(p + 4, (uint32_t)(v >> 32));
}

/* bytes_to_hex(hex, p, n): write the n bytes at p to hex as 2n lower-case digits and a NUL; hex has room for 2n + 1 characters. */
void bytes_to_hex(char *hex, const uint8_t *p, size_t n);

/*
 * bytes_from_hex(p, n, hex): read exactly 2n lower-case digits at the start of hex into the n bytes at p.
 * Return 0, or -1 if hex is shorter, longer, or holds anything else.
 */
int bytes_from_hex(uint8_t *p, size_t n, const char *hex);

#endif
