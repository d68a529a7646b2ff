#!/bin/sh
# libpwquality: where no dictionary of cracklib is installed every passphrase fails that is long enough, good ones too.
#
# Guess: without a dictionary the look into it is left out, as a file of settings that is missing is; the other checks still count.
# Seen (libpwquality 1.4.5, cracklib 2.9.6 of Debian 12): pwquality_check answers PWQ_ERROR_CRACKLIB_CHECK (-22, "error loading
# dictionary") for whatever passes the checks before that, and cracklib writes a line to standard error; with "dictcheck = 0" the same
# passphrase has a score. Debian's libpwquality1 does depend on cracklib-runtime, which makes the dictionary when it is installed, so
# this is met in containers, minimal images and statically linked programs. A program that takes any negative answer for "too weak"
# then refuses everybody. So whoever adds it to oncestick has to tell -22 from a refusal, and go on without the dictionary.
#
# Needs: gcc. Installs nothing.
set -eu
. "$(dirname "$0")/fetch"
command -v gcc >/dev/null || cannot "no gcc here"
[ ! -e /var/cache/cracklib/cracklib_dict.pwd ] || cannot "there is a dictionary here"
fetch libpwquality1=1.4.5-1+b1 libpwquality-dev=1.4.5-1+b1 libcrack2=2.9.6-5+b1

cat >"$work/ask.c" <<'C'
#include <stdio.h>

#include <pwquality.h>

static int
answer(const char *passphrase, int dictionary)
{
	pwquality_settings_t *s = pwquality_default_settings();
	void *more = NULL;
	char why[256];
	int got;

	if (s == NULL || pwquality_set_int_value(s, PWQ_SETTING_DICT_CHECK, dictionary) != 0)
		return -1000;
	got = pwquality_check(s, passphrase, NULL, NULL, &more);
	printf("%-28s dictcheck = %d: %d%s%s\n", passphrase, dictionary, got, got < 0 ? ", " : "",
	    got < 0 ? pwquality_strerror(why, sizeof why, got, more) : "");
	pwquality_free_settings(s);
	return got;
}

int
main(void)
{
	const char *good = "seven lanterns over a quay";

	return !(answer(good, 1) == PWQ_ERROR_CRACKLIB_CHECK && answer(good, 0) > 0 && answer("short", 1) == PWQ_ERROR_MIN_LENGTH);
}
C
lib=$(dirname "$(find "$root" -name 'libpwquality.so.1')")
gcc -I"$root/usr/include" "$work/ask.c" -o "$work/ask" "$lib/libpwquality.so.1" -Wl,-rpath-link,"$lib:$root/usr/lib/$(gcc -print-multiarch)"
LD_LIBRARY_PATH=$lib:$root/usr/lib/$(gcc -print-multiarch) "$work/ask"
echo "seen: libpwquality 1.4.5: no dictionary, no good passphrase"
