#include "utf8.h"

#include <string.h>

size_t
utf8_length(char first)
{
	const unsigned char b = (unsigned char)first;

	return b < 0xc0 || b >= 0xf8 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
}

bool
utf8_follows(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t
utf8_next(const char *s, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char first = (unsigned char)s[0];
	const size_t len = utf8_length(s[0]);
	uint32_t v = len == 1 ? first : first & (0x7fu >> len);

	if (len > n || (len == 1 && first >= 0x80))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (!utf8_follows(s[i]))
			return 0;
		v = v << 6 | ((unsigned char)s[i] & 0x3fu);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*c = v;
	return len;
}

size_t
utf8_whole(const char *s, size_t n)
{
	size_t at = n;

	for (int i = 0; i < 3 && at > 0 && utf8_follows(s[at - 1]); i++)
		at--;
	return at > 0 && at - 1 + utf8_length(s[at - 1]) > n ? at - 1 : n;
}

char *
utf8_short(char *out, size_t size, const char *text)
{
	static const char dots[] = "\xe2\x80\xa6";
	size_t n = strlen(text), head, tail;

	if (n < size || size < UTF8_SHORT_MIN) {
		head = n < size ? n : utf8_whole(text, size - 1);
		memcpy(out, text, head);
		out[head] = '\0';
		return out;
	}
	head = utf8_whole(text, (size - sizeof dots) / 2);
	tail = n - (size - sizeof dots - head);
	for (int i = 0; i < 3 && utf8_follows(text[tail]); i++)
		tail++;
	memcpy(out, text, head);
	memcpy(out + head, dots, sizeof dots - 1);
	memcpy(out + head + sizeof dots - 1, text + tail, n - tail + 1);
	return out;
}

void
utf8_no_controls(char *s)
{
	for (size_t n = strlen(s); n > 0;) {
		uint32_t c = 0;
		size_t len = utf8_next(s, n, &c), step = len > 0 ? len : 1;

		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			memset(s, '?', step);
		s += step;
		n -= step;
	}
}
