/*
 * pwquality.h - what keys/passguess_pwquality.c uses of libpwquality, for its test, which plays the library: it runs where there is
 * none.
 */
#ifndef FAKE_PWQUALITY_H
#define FAKE_PWQUALITY_H

#include <stddef.h>

typedef struct pwquality_settings pwquality_settings_t;

enum {
	PWQ_ERROR_FATAL_FAILURE = -1,
	PWQ_ERROR_MEM_ALLOC = -8,
	PWQ_ERROR_TOO_SIMILAR = -9,
	PWQ_ERROR_PALINDROME = -15,
	PWQ_ERROR_CRACKLIB_CHECK = -22,
	PWQ_ERROR_RNG = -23,
	PWQ_ERROR_GENERATION_FAILED = -24,
	PWQ_ERROR_MAX_SEQUENCE = -29
};

enum { PWQ_SETTING_DICT_CHECK = 12 };

pwquality_settings_t *pwquality_default_settings(void);
void pwquality_free_settings(pwquality_settings_t *s);
int pwquality_set_int_value(pwquality_settings_t *s, int setting, int value);
int pwquality_check(pwquality_settings_t *s, const char *password, const char *old, const char *user, void **more);
const char *pwquality_strerror(char *buf, size_t len, int answer, void *more);

#endif
