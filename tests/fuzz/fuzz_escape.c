/*
 * fuzz_escape.c - a stick's own words on their way to a terminal. The first byte says whether the locale is UTF-8.
 */
#include <locale.h>
#include <stdbool.h>
#include <wchar.h>

#include "fuzz.h"
#include "human.h"

#define LONGEST 10 /* \U and eight digits */

static size_t
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The bytes that one escape at s stands for; their number in *n. Return the length of the escape. */
static size_t
unescape(const char *s, char out[4], size_t *n)
{
	const size_t digits = s[1] == 'x' ? 2 : s[1] == 'u' ? 4 : 8;
	char number[LONGEST - 1] = {0}, *end;
	unsigned long c;

	if (s[1] == '\\') {
		out[0] = '\\';
		*n = 1;
		return 2;
	}
	FUZZ_HOLDS(s[1] == 'x' || s[1] == 'u' || s[1] == 'U');
	FUZZ_HOLDS(strnlen(s + 2, digits) == digits);
	memcpy(number, s + 2, digits);
	c = strtoul(number, &end, 16);
	FUZZ_HOLDS(end == number + digits && c <= 0x10ffff);
	if (s[1] == 'x') {
		out[0] = (char)c;
		*n = 1;
	} else {
		*n = put_utf8(out, (uint32_t)c);
	}
	return 2 + digits;
}

/* Nothing that moves a cursor, and nothing that turns text round. */
static bool
harmless(const char *s)
{
	static const char *const turns[] = {"\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
	    "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"};

	for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++)
		if (strstr(s, turns[i]) != NULL)
			return false;
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0))
			return false;
	}
	return true;
}

const unsigned fuzz_parts = 2; /* with UTF-8, and without */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = BYTES(data, size);
	bool utf8 = fuzz_number(&in, 1) % 2 == 0;
	char *text = (char *)fuzz_copy(in), *shown, *back;
	size_t n = 0, one = 0;

	FUZZ_HOLDS(setlocale(LC_CTYPE, utf8 ? "C.UTF-8" : "C") != NULL);
	FUZZ_HOLDS((shown = human_escape(text, in.n)) != NULL);
	fuzz_took(utf8);
	FUZZ_HOLDS(harmless(shown) && strlen(shown) <= 4 * in.n);
	FUZZ_HOLDS((back = malloc(strlen(shown) + 4)) != NULL);
	if (utf8)
		FUZZ_HOLDS(mbstowcs(NULL, shown, 0) != (size_t)-1);
	for (const char *s = shown; *s != '\0'; n += one) {
		FUZZ_HOLDS(utf8 || (unsigned char)*s < 0x80);
		if (*s == '\\') {
			s += unescape(s, back + n, &one);
		} else {
			back[n] = *s++;
			one = 1;
		}
	}
	FUZZ_HOLDS(n == in.n && memcmp(back, text, n) == 0);
	free(back);
	free(shown);
	free(text);
	return 0;
}
