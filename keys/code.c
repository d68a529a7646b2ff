/*
 * code.c - codes as a Reed-Solomon [16,14] code over GF(32), shortened; alpha = 2.
 */
#include "code.h"

#include <string.h>

#include <sodium.h>

#include "bytes.h"
#include "utf8.h"

static const char alphabet[] = CODE_ALPHABET;

#define ALPHA 2u
#define ALPHA_SQUARED 4u
#define CHECK_SCALE 12u /* 1 / (alpha + alpha^2) */
#define DATA_SYMBOLS (CODE_SYMBOLS - 2)

struct syndromes {
	unsigned s1, s2;
};

/* Product in GF(32) = GF(2)[x] / (x^5 + x^3 + 1). */
static unsigned
multiply(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (int bit = 4; bit >= 0; bit--) {
		product <<= 1;
		product ^= (0u - (product >> 5 & 1)) & 0x29;
		product ^= (0u - (b >> bit & 1)) & a;
	}
	return product;
}

static struct syndromes
constants(enum code_kind kind)
{
	return (struct syndromes){ kind == CODE_RELEASE ? 2 : 1, 1 };
}

/* How far the symbol values are from a code of that kind: both are zero if they are one. */
static struct syndromes
distance(enum code_kind kind, const uint8_t values[CODE_SYMBOLS])
{
	struct syndromes k = constants(kind), s = { 0, 0 };

	for (int j = 0; j < CODE_SYMBOLS; j++) {
		s.s1 = multiply(s.s1, ALPHA) ^ values[j];
		s.s2 = multiply(s.s2, ALPHA_SQUARED) ^ values[j];
	}
	return (struct syndromes){ s.s1 ^ k.s1, s.s2 ^ k.s2 };
}

static int
fits(enum code_kind kind, const uint8_t values[CODE_SYMBOLS])
{
	struct syndromes d = distance(kind, values);

	return (d.s1 | d.s2) == 0;
}

/* The group with the one wrong symbol that explains d, or 0. An error e at j gives e*a and e*a^2, where a = alpha^(15-j). */
static int
wrong_group(struct syndromes d)
{
	unsigned a = 1;

	if (d.s1 == 0)
		return 0;
	for (int j = CODE_SYMBOLS - 1; j >= 0; j--) {
		if (multiply(d.s1, a) == d.s2)
			return j / CODE_GROUP + 1;
		a = multiply(a, ALPHA);
	}
	return 0;
}

static char
capital(char ch)
{
	return (char)(ch >= 'a' && ch <= 'z' ? ch - 'a' + 'A' : ch);
}

char
code_fold(char ch)
{
	ch = capital(ch);
	if (ch == 'I' || ch == 'L')
		return '1';
	return (char)(ch == 'O' ? '0' : ch);
}

/* The value of a symbol as people type it, or -1. */
static int
symbol_value(char c)
{
	c = code_fold(c);
	for (int v = 0; v < 32; v++) {
		if (alphabet[v] == c)
			return v;
	}
	return -1;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t
code_separator(const char *p, size_t n)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
	    {0x80, 0xa0}, {0xad, 0xad}, {0x2d7, 0x2d7}, {0x34f, 0x34f}, {0x58a, 0x58a}, {0x5be, 0x5be}, {0x61c, 0x61c},
	    {0x115f, 0x1160}, {0x1400, 0x1400}, {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x1806, 0x1806}, {0x180b, 0x180f},
	    {0x2000, 0x2015}, {0x2028, 0x202f}, {0x2043, 0x2043}, {0x205f, 0x206f}, {0x207b, 0x207b}, {0x208b, 0x208b},
	    {0x2212, 0x2212}, {0x2500, 0x2501}, {0x2796, 0x2796}, {0x2800, 0x2800}, {0x2e17, 0x2e17}, {0x2e1a, 0x2e1a},
	    {0x2e3a, 0x2e3b}, {0x2e40, 0x2e40}, {0x2e5d, 0x2e5d}, {0x3000, 0x3000}, {0x301c, 0x301c}, {0x3030, 0x3030},
	    {0x30a0, 0x30a0}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfe31, 0xfe32}, {0xfe58, 0xfe58}, {0xfe63, 0xfe63},
	    {0xfeff, 0xfeff}, {0xff0d, 0xff0d}, {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0x10d6e, 0x10d6e}, {0x10ead, 0x10ead},
	    {0xe0000, 0xe0fff}};
	static const unsigned char bytes[] = {0x96, 0x97, 0xa0, 0xad};
	uint32_t c = 0;
	size_t len = 0;

	if (n == 0)
		return 0;
	if (is_blank(p[0]) || p[0] == '-' || p[0] == '\v' || p[0] == '\f')
		return 1;
	if ((len = utf8_next(p, n, &c)) == 0)
		return memchr(bytes, (unsigned char)p[0], sizeof bytes) != NULL ? 1 : 0;
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return len;
	return 0;
}

/* Return 0 with the values of exactly 16 symbols, or -1. */
static int
read_symbols(uint8_t values[CODE_SYMBOLS], const char *text, size_t n)
{
	size_t have = 0;

	for (size_t i = 0; i < n; i++) {
		size_t dropped = code_separator(text + i, n - i);
		int v;

		if (dropped > 0) {
			i += dropped - 1;
			continue;
		}
		v = symbol_value(text[i]);
		if (v < 0 || have == CODE_SYMBOLS)
			return -1;
		values[have++] = (uint8_t)v;
	}
	return have == CODE_SYMBOLS ? 0 : -1;
}

static void
write_symbols(char out[CODE_SYMBOLS], const uint8_t values[CODE_SYMBOLS])
{
	for (int j = 0; j < CODE_SYMBOLS; j++)
		out[j] = alphabet[values[j]];
}

void
code_encode(char out[CODE_SYMBOLS], enum code_kind kind, const uint8_t entropy[CODE_ENTROPY_SIZE])
{
	uint8_t values[CODE_SYMBOLS] = { 0 };
	struct syndromes d;

	for (unsigned j = 0; j < DATA_SYMBOLS; j++) {
		unsigned at = 5 * j;
		unsigned pair = (unsigned)entropy[at / 8] << 8 | entropy[at / 8 + 1];

		values[j] = pair >> (11 - at % 8) & 31;
	}
	d = distance(kind, values);
	values[14] = (uint8_t)multiply(d.s1 ^ d.s2, CHECK_SCALE);
	values[15] = (uint8_t)(d.s1 ^ multiply(values[14], ALPHA));
	write_symbols(out, values);
	sodium_memzero(values, sizeof values);
	sodium_memzero(&d, sizeof d);
}

void
code_show(char out[CODE_SHOWN_SIZE], const char code[CODE_SYMBOLS])
{
	char *p = out;

	for (int j = 0; j < CODE_SYMBOLS; j++) {
		if (j > 0 && j % CODE_GROUP == 0)
			*p++ = '-';
		*p++ = code[j];
	}
	*p = '\0';
}

enum err
code_parse(char out[CODE_SYMBOLS], enum code_kind kind, const char *text, size_t n, int *group)
{
	enum code_kind other = kind == CODE_UNLOCK ? CODE_RELEASE : CODE_UNLOCK;
	uint8_t values[CODE_SYMBOLS] = { 0 };
	enum err err = E_OK;

	if (group != NULL)
		*group = 0;
	if (read_symbols(values, text, n) != 0) {
		err = E_CODE_FORM;
	} else if (fits(kind, values)) {
		write_symbols(out, values);
	} else if (fits(other, values)) {
		err = E_CODE_KIND;
	} else {
		err = E_CODE_TYPO;
		if (group != NULL)
			*group = wrong_group(distance(kind, values));
	}
	sodium_memzero(values, sizeof values);
	return err;
}

int
code_group(char out[CODE_GROUP + 1], const char *text, size_t n, int group)
{
	size_t seen = 0, have = 0;

	for (size_t i = 0; i < n && have < CODE_GROUP; i++) {
		size_t dropped = code_separator(text + i, n - i);

		if (dropped > 0)
			i += dropped - 1;
		else if ((int)(seen++ / CODE_GROUP) == group - 1)
			out[have++] = capital(text[i]);
	}
	if (have < CODE_GROUP)
		have = 0;
	out[have] = '\0';
	return have > 0 ? 0 : -1;
}

/* What is before the slash. */
static bool
is_stick_name(const char *name, size_t n)
{
	uint8_t id[ID_SIZE];

	if (n == 2 * ID_SIZE)
		return bytes_from_hex(id, ID_SIZE, name) == 0;
	for (size_t i = 0; i < n; i++)
		if (symbol_value(name[i]) < 0)
			return false;
	return n == STICK_NAME_SIZE - 1;
}

/* A number from 1, with as many digits as always fit; 0 if it is not a number. */
static uint32_t
read_number(const char *p, size_t n)
{
	uint32_t number = 0;

	if (n == 0 || n > 9 || p[0] == '0')
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return 0;
		number = 10 * number + (uint32_t)(p[i] - '0');
	}
	return number;
}

bool
code_name(struct code_name *out, const char *text, size_t n)
{
	const char *slash = n > 0 ? memchr(text, '/', n) : NULL;
	size_t len = slash != NULL ? (size_t)(slash - text) : n;
	struct code_name name = {.number = 0};

	if (len >= sizeof name.stick)
		return false;
	for (size_t i = 0; i < len; i++)
		name.stick[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	if (slash != NULL && (name.number = read_number(slash + 1, n - len - 1)) == 0)
		return false;
	if (!is_stick_name(name.stick, len))
		return false;
	*out = name;
	return true;
}

/* Five groups of four hexadecimal digits, joined by colons. */
static int
is_fingerprint(const char *p, size_t n)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	if (n != FINGERPRINT_SIZE - 1)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int colon = i % 5 == 4;

		if (colon ? p[i] != ':' : memchr(digits, p[i], sizeof digits - 1) == NULL)
			return 0;
	}
	return 1;
}

int
code_looks_like_id(const char *text, size_t n)
{
	struct code_name name;

	for (size_t drop = 0; (drop = code_separator(text, n)) > 0;) {
		text += drop;
		n -= drop;
	}
	while (n > 0 && is_blank(text[n - 1]))
		n--;
	if (code_name(&name, text, n) && strlen(name.stick) == STICK_NAME_SIZE - 1)
		return 1;
	return is_fingerprint(text, n) ? 2 : 0;
}
