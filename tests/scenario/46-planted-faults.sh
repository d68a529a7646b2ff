# The unit tests notice each of the faults that must never pass: tests/mutants plants them.
# argon2id: as it is, for the tests that cannot do without
. "$ONCE_TESTS/scenario/scenario.sh"
[ -w "$ONCE_BUILD" ] || finish # once is enough, by whom the build belongs to
command -v python3 >/dev/null || skip "no python3"
pkg-config --exists check || skip "no Check"
tests_apart
check "each planted fault is red" "$ONCE_TESTS/support/in-memory" "$ONCE_TESTS/mutants" -b "$ONCE_BUILD"
printed 'control: no fault.* green'
finish
