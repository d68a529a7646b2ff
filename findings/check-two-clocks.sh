#!/bin/sh
# Check 0.15.2: a test after which the process gets no timer is measured with two clocks, and may fail by it.
#
# Guess:    how long a test took is the difference of two readings of one clock, whatever the test did to its process.
# Seen:     before and after each test Check asks for a timer (timer_create) to learn whether there is a monotonic clock. If the
#           test gave up the right to timers - a limit, a seccomp filter - the end is read from the wall clock and the beginning
#           was from the monotonic one. The difference, wall clock minus time since the machine was started, is cut to 32 bits of
#           microseconds. If that is positive, the test passes and took up to 35 minutes; if negative, Check says "Value of
#           cmsg->duration ... too big to pack" and the test is an error with exit value 2. It is always the one or always the
#           other from one start of the machine to the next.
# Version:  check 0.15.2-2+b1 (Debian 12); 0.15.2-3 (Debian 13) does the same.
# For us:   tests/unit/fuse/check_fence.c failed in every test that ends behind a filter; tests/support/whole.c now tells Check which clock it is.
#
# Needs Debian 12 with gcc. No root.
set -eu
version=0.15.2-2+b1
. "$(dirname "$0")/fetch"

command -v gcc >/dev/null || cannot "no gcc here"
fetch "check=$version" libsubunit-dev=1.4.0-3
cd "$work"

cat >test.c <<'TEST'
#include <check.h>
#include <sys/resource.h>

START_TEST(no_more_timers)
{
	struct rlimit none = {0, 0};

	/* Timers count as signals that may wait (getrlimit(2)); root is held to it as well. */
	ck_assert_int_eq(setrlimit(RLIMIT_SIGPENDING, &none), 0);
}
END_TEST

START_TEST(nothing)
{
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("two clocks");
	TCase *all = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(all, nothing);
	tcase_add_test(all, no_more_timers);
	suite_add_tcase(suite, all);
	srunner_set_tap(runner, "tap");
	srunner_set_xml(runner, "xml");
	srunner_run_all(runner, CK_SILENT);
	srunner_free(runner);
	return 0;
}
TEST
lib=root/usr/lib/$(gcc -print-multiarch)
gcc -Iroot/usr/include test.c -L"$lib" -Wl,-Bstatic -lcheck -lsubunit -Wl,-Bdynamic -lm -lrt -lpthread -o test
./test 2>said
echo "check $version, of a test that does nothing and one that sets a limit:"
cat said tap
sed -n 's/^ *\(<duration>.*\)/\1/p' xml | head -n 2

tests=$(grep -c '<duration>' xml)
[ "$tests" -ge 2 ] || cannot "no durations in the log"
[ "$(sed -n 's|^ *<duration>\([-0-9]*\)\..*|\1|p' xml | sed -n 1p)" = 0 ] || { echo "changed: even the first test is not quick"; exit 1; }
second=$(sed -n 's|^ *<duration>\([-0-9]*\)\..*|\1|p' xml | sed -n 2p)
if grep -q 'cmsg->duration (-[0-9]*) too big to pack' said && grep -q 'Early exit with return value 2' tap; then
	echo "as found: on this start of the machine the test is an error"
elif [ "$second" -gt 1 ]; then
	echo "as found: on this start of the machine the test took $second s"
else
	echo "changed: the test took $second s, and is no error"
	exit 1
fi
