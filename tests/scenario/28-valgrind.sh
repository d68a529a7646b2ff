# Unit tests below valgrind's memcheck.
# argon2id: as it is, for all that is built and run here
. "$ONCE_TESTS/scenario/scenario.sh"
[ -w "$ONCE_BUILD" ] || finish # once is enough, by whom the build belongs to
command -v valgrind >/dev/null || skip "no valgrind"
tests_apart
check "memcheck finds nothing" "$ONCE_TESTS/analyse" ${ONCE_DEEP:+-d} -C "$ONCE_BUILD/analysis" -b "$ONCE_BUILD" valgrind
finish
