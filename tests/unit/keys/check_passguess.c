/*
 * check_passguess.c - what is made of libpwquality's answers; the library is played by this test.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pwquality.h>

#include "passguess.h"
#include "suite.h"

struct pwquality_settings {
	int dictionary;
};

static struct pwquality_settings settings;
static int answer;             /* of the checks before the dictionary */
static const char *in_it;      /* what the dictionary has; NULL: there is none, and everything is refused */
static int opened;             /* settings, and reasons that have to be freed */
static bool broken;            /* no settings can be had */

pwquality_settings_t *
pwquality_default_settings(void)
{
	opened += !broken;
	return broken ? NULL : &settings;
}

void
pwquality_free_settings(pwquality_settings_t *s)
{
	ck_assert_ptr_eq(s, &settings);
	opened--;
}

int
pwquality_set_int_value(pwquality_settings_t *s, int setting, int value)
{
	ck_assert_int_eq(setting, PWQ_SETTING_DICT_CHECK);
	s->dictionary = value;
	return 0;
}

int
pwquality_check(pwquality_settings_t *s, const char *password, const char *old, const char *user, void **more)
{
	ck_assert(old == NULL && user == NULL);
	*more = NULL;
	if (answer < 0 || !s->dictionary)
		return answer;
	if (in_it != NULL && strstr(password, in_it) == NULL)
		return 40;
	if (in_it == NULL)
		fprintf(stderr, "no dictionary\n");
	*more = &settings;
	opened++;
	return PWQ_ERROR_CRACKLIB_CHECK;
}

const char *
pwquality_strerror(char *buf, size_t len, int why, void *more)
{
	opened -= more != NULL;
	snprintf(buf, len, "reason %d", why);
	return buf;
}

static char reason[64];

static bool
guessed(const char *text)
{
	bool g = passguess(BYTES(text, strlen(text)), reason, sizeof reason);

	ck_assert_int_eq(opened, 0);
	return g;
}

static void
setup(void)
{
	answer = 40;
	in_it = "trombone";
	broken = false;
}

START_TEST(what_the_dictionary_has_is_guessed)
{
	ck_assert(guessed("trombone77"));
	ck_assert_str_eq(reason, "reason -22");
	ck_assert(!guessed("correct horse battery staple"));
}
END_TEST

/* Where there is no dictionary every passphrase gets the same answer. */
START_TEST(without_a_dictionary_nothing_is_guessed_and_nothing_printed)
{
	char said[64];
	int kept = dup(STDERR_FILENO), fds[2];

	in_it = NULL;
	ck_assert_int_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	ck_assert(!guessed("correct horse battery staple"));
	ck_assert(!guessed("trombone77"));
	fprintf(stderr, "!"); /* and it is as it was */
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], said, sizeof said), 1);
	close(fds[0]);
	answer = PWQ_ERROR_PALINDROME; /* what needs none is asked still */
	ck_assert(guessed("abcdedcba"));
	ck_assert_str_eq(reason, "reason -15");
}
END_TEST

START_TEST(a_library_that_fails_refuses_nothing)
{
	static const int fails[] = {
	    PWQ_ERROR_FATAL_FAILURE, PWQ_ERROR_MEM_ALLOC, PWQ_ERROR_RNG, PWQ_ERROR_GENERATION_FAILED};

	for (size_t i = 0; i < sizeof fails / sizeof *fails; i++) {
		answer = fails[i];
		ck_assert(!guessed("trombone77"));
	}
	answer = PWQ_ERROR_TOO_SIMILAR;
	ck_assert(guessed("trombone77"));
	answer = PWQ_ERROR_MAX_SEQUENCE;
	ck_assert(guessed("trombone77"));
	broken = true;
	ck_assert(!guessed("trombone77"));
}
END_TEST

START_TEST(bytes_that_no_text_has_are_not_asked_about)
{
	ck_assert(!passguess(BYTES("trombone\0x", 10), reason, sizeof reason));
	ck_assert_int_eq(opened, 0);
}
END_TEST

SUITE("passguess", .setup = setup)
{
	tcase_add_test(t, what_the_dictionary_has_is_guessed);
	tcase_add_test(t, without_a_dictionary_nothing_is_guessed_and_nothing_printed);
	tcase_add_test(t, a_library_that_fails_refuses_nothing);
	tcase_add_test(t, bytes_that_no_text_has_are_not_asked_about);
}
