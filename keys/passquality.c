/*
 * passquality.c - a plain minimum for new passphrases.
 */
#include "passquality.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <sodium.h>

#include "passguess.h"
#include "secret.h"

#define DIFFERENT_MIN 5

/* What people take who are asked for a passphrase, as letters only. */
static const char *const words[] = {"abc", "abcdef", "admin", "administrator", "asdf", "asdfghjkl", "azerty", "azertyuiop",
    "baseball", "changeme", "default", "dragon", "football", "geheim", "guest", "hallo", "hello", "iloveyou", "kennwort", "letmein",
    "login", "master", "monkey", "oncestick", "passphrase", "passwd", "password", "passwort", "princess", "qwert", "qwerty",
    "qwertyuiop", "qwertz", "qwertzuiop", "schatz", "secret", "sommer", "sunshine", "superman", "test", "trustno", "user", "welcome",
    "willkommen", "zxcvbnm"};

/* The letter that a figure or a sign stands for in such words. */
static char
letter(char c)
{
	static const char figures[] = "0134578@$!|", letters[] = "oieastbasil";
	const char *at = c != '\0' ? strchr(figures, c) : NULL;

	return at != NULL ? letters[at - figures] : (char)tolower((unsigned char)c);
}

/* The letters of pass, small, without the figures and signs after them or, if bare, around them. Return how many. */
static size_t
core(char *out, struct bytes pass, bool bare)
{
	size_t from = 0, to = pass.n, n = 0;

	while (bare && from < to && !isalpha(pass.p[from]))
		from++;
	while (to > from && !isalpha(pass.p[to - 1]))
		to--;
	for (; from < to; from++)
		if (isalpha((unsigned char)letter((char)pass.p[from])))
			out[n++] = letter((char)pass.p[from]);
	out[n] = '\0';
	return n;
}

/* Whether text is word, once or several times. */
static bool
is_again(const char *text, const char *word)
{
	const size_t n = strlen(word);

	while (strncmp(text, word, n) == 0)
		text += n;
	return *text == '\0';
}

static bool
is_word(struct bytes pass)
{
	char *letters = secret_new(pass.n + 1);
	bool found = false;

	if (letters == NULL)
		return false;
	for (int bare = 0; bare < 2; bare++) {
		if (core(letters, pass, bare) == 0)
			continue;
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			found = found || is_again(letters, words[i]);
	}
	secret_free(&letters);
	return found;
}

static enum passquality
plain_minimum(struct bytes pass)
{
	unsigned different = 0;
	size_t up = 1, down = 1;
	bool seen[256] = {false};

	if (pass.n < PASSQUALITY_MIN)
		return PASSQUALITY_SHORT;
	for (size_t i = 0; i < pass.n; i++) {
		different += !seen[pass.p[i]];
		seen[pass.p[i]] = true;
		up += i > 0 && pass.p[i] == pass.p[i - 1] + 1;
		down += i > 0 && pass.p[i] == pass.p[i - 1] - 1;
	}
	sodium_memzero(seen, sizeof seen);
	if (different < DIFFERENT_MIN)
		return PASSQUALITY_FEW;
	if (up == pass.n || down == pass.n)
		return PASSQUALITY_RUN;
	return is_word(pass) ? PASSQUALITY_WORD : PASSQUALITY_FINE;
}

enum passquality
passquality(struct bytes pass, char reason[PASSQUALITY_REASON])
{
	enum passquality q = plain_minimum(pass);

	if (q == PASSQUALITY_FINE && passguess(pass, reason, PASSQUALITY_REASON))
		return PASSQUALITY_GUESSED;
	reason[0] = '\0';
	return q;
}
