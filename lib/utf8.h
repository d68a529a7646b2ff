/*
 * utf8.h - characters in UTF-8 (RFC 3629): reading one at a time, and finding where a text may be cut.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * utf8_next(s, n, c): read the first character of the n bytes at s, where n is at least 1. Return its length, 1 to 4, and set *c.
 * Return 0, with *c unchanged, if there is none: the first byte cannot begin a character, or the character is cut short, not in
 * its shortest form, a surrogate, or beyond U+10FFFF.
 */
size_t utf8_next(const char *s, size_t n, uint32_t *c);

/* utf8_length(first): the length of a character that begins with this byte, 1 to 4; 1 if no character begins with it. */
size_t utf8_length(char first);

/* utf8_follows(byte): whether byte is part of a character but not its first byte. */
bool utf8_follows(char byte);

/* utf8_whole(s, n): how many of the n bytes at s to keep so that no character is cut at the end. */
size_t utf8_whole(const char *s, size_t n);

/*
 * utf8_short(out, size, text): text, or as much of it as fits, with an ellipsis in place of the rest. A long text keeps its
 * beginning and its end, which tell paths apart; if size is below UTF8_SHORT_MIN, only its beginning. Characters stay whole.
 * Return out.
 */
#define UTF8_SHORT_MIN 16
char *utf8_short(char *out, size_t size, const char *text);

/*
 * utf8_no_controls(s): replace with '?' every byte in s that is not UTF-8 or belongs to a control character: C0, DEL and C1, which
 * terminals also obey as single bytes.
 */
void utf8_no_controls(char *s);

#endif
