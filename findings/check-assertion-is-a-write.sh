#!/bin/sh
# Check: every assertion that holds is a system call, and a message that the parent reads back.
#
# Guess: an assertion that holds costs a comparison; only one that fails has something to say.
# Seen (check 0.15.2, Debian 12): each ck_assert marks its place, which is a message in a file that the forked test shares with its
# parent, written at once. A loop of 1000 assertions is 1000 writes; the parent reads all of them when the test has ended. A loop over
# hundreds of thousands of values takes seconds, under a sanitizer half a minute. Compare in plain C in such a loop, and assert what
# differs.
#
# Needs: apt, dpkg-deb, gcc, strace. Installs nothing outside a temporary folder.
set -eu
version=0.15.2-2+b1
. "$(dirname "$0")/fetch"
command -v strace >/dev/null || cannot "no strace here"

fetch "check=$version" libsubunit0 libsubunit-dev
cd "$work"
lib=$(dirname "$(find root -name libcheck.a)")

cat >t.c <<'C'
#include <check.h>
#include <stdlib.h>

static int times;

START_TEST(holds) { for (int i = 0; i < times; i++) ck_assert(i >= 0); } END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("marks");
	TCase *t = tcase_create("marks");
	SRunner *r = srunner_create(s);

	times = argc > 1 ? atoi(argv[1]) : 0;
	tcase_add_test(t, holds);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_SILENT);
	srunner_free(r);
	return 0;
}
C
gcc -I "$(dirname "$(find root -name check.h)")" -o t t.c "$lib/libcheck.a" -L "$lib" -lsubunit -Wl,-rpath,"$work/$lib" -pthread -lrt -lm
for n in 10 1010; do
	strace -f -qq -e trace=write -o "trace.$n" ./t "$n"
	echo "$n assertions that hold: $(wc -l <"trace.$n") calls of write"
done
[ "$(($(wc -l <trace.1010) - $(wc -l <trace.10)))" -eq 1000 ]
echo "seen: check $version: a write for each assertion that holds"
