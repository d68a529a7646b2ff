/*
 * bytes.c - hexadecimal.
 */
#include "bytes.h"

void
bytes_to_hex(char *hex, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		hex[2 * i] = digits[p[i] >> 4];
		hex[2 * i + 1] = digits[p[i] & 15];
	}
	hex[2 * n] = '\0';
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
bytes_from_hex(uint8_t *p, size_t n, const char *hex)
{
	size_t i;

	/* Look at everything before writing anything. */
	for (i = 0; i < 2 * n; i++) {
		if (digit(hex[i]) < 0)
			return -1;
	}
	if (hex[2 * n] != '\0')
		return -1;
	for (i = 0; i < n; i++)
		p[i] = (uint8_t)((unsigned)digit(hex[2 * i]) << 4 | (unsigned)digit(hex[2 * i + 1]));
	return 0;
}
