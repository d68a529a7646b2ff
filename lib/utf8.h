/*
 * utf8.h - characters in UTF-8 (RFC 3629): one at a time, and where a text may be cut.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * utf8_next(s, n, c): the first character of the n bytes at s, n at least 1: return its length, 1 to 4, and set *c. Return 0, and
 * leave *c, if there is none: a byte that begins none, one that is cut short, not in its shortest form, a surrogate, or beyond
 * U+10FFFF.
 */
size_t utf8_next(const char *s, size_t n, uint32_t *c);

/* utf8_length(first): the length of a character that begins with this byte, 1 to 4; 1 for a byte that begins none. */
size_t utf8_length(char first);

/* utf8_follows(byte): whether it is in a character, behind its first byte. */
bool utf8_follows(char byte);

/* utf8_whole(s, n): how many of the n bytes at s to keep, so that no character that begins in them ends behind them. */
size_t utf8_whole(const char *s, size_t n);

/*
 * utf8_short(out, size, text): text, or what of it fits with an ellipsis in the place of what does not: of a long one its beginning
 * and its end, which tell paths apart; where size is below UTF8_SHORT_MIN only the beginning. Characters stay whole. Return out.
 */
#define UTF8_SHORT_MIN 16
char *utf8_short(char *out, size_t size, const char *text);

/*
 * utf8_no_controls(s): put '?' in the place of every byte in s that is no UTF-8, or of a control character: C0, DEL and C1, which
 * terminals obey also as single bytes.
 */
void utf8_no_controls(char *s);

#endif
