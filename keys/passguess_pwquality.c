#include "passguess.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pwquality.h>

#include "secret.h"

/* No dictionary has this: if it is refused as a word, there is none to look into. */
#define NO_WORD "Vk7-qRz2-mWx9-hTd4-pLs6"

/* cracklib complains on standard error when it finds no dictionary. Return what unhush takes. */
static int
hush(void)
{
	const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	fflush(stderr);
	if (kept >= 0 && null >= 0)
		dup2(null, STDERR_FILENO);
	if (null >= 0)
		close(null);
	return kept;
}

static void
unhush(int kept)
{
	if (kept < 0)
		return;
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
}

/* What the library answers, with its reason if that is a refusal: pwquality_strerror frees what is behind it, too. */
static int
ask(pwquality_settings_t *s, const char *pass, bool dictionary, char *why, size_t size)
{
	void *more = NULL;
	int answer, kept = -1;

	if (pwquality_set_int_value(s, PWQ_SETTING_DICT_CHECK, dictionary) != 0)
		return PWQ_ERROR_FATAL_FAILURE;
	if (dictionary)
		kept = hush();
	answer = pwquality_check(s, pass, NULL, NULL, &more);
	unhush(kept);
	if (answer < 0 && pwquality_strerror(why, size, answer, more) == NULL)
		why[0] = '\0';
	return answer;
}

/* Whether an answer is about the passphrase, and not about the library itself. */
static bool
is_refusal(int answer)
{
	return answer <= PWQ_ERROR_TOO_SIMILAR && answer != PWQ_ERROR_RNG && answer != PWQ_ERROR_GENERATION_FAILED;
}

/* An answer of the dictionary means nothing if it is the same for what is no word. */
static bool
judge(pwquality_settings_t *s, const char *pass, char *why, size_t size)
{
	char other[256];

	if (is_refusal(ask(s, pass, false, why, size)))
		return true;
	return is_refusal(ask(s, pass, true, why, size)) && !is_refusal(ask(s, NO_WORD, true, other, sizeof other));
}

/* The system's own rules for logins, in pwquality.conf, are not read: they ask for figures and signs, not for several words. */
bool
passguess(struct bytes pass, char *why, size_t size)
{
	pwquality_settings_t *s = pwquality_default_settings();
	char *text = secret_new(pass.n + 1);
	bool guessed = false;

	if (s != NULL && text != NULL && memchr(pass.p, '\0', pass.n) == NULL) {
		memcpy(text, pass.p, pass.n);
		guessed = judge(s, text, why, size);
	}
	secret_free(&text);
	if (s != NULL)
		pwquality_free_settings(s);
	return guessed;
}
