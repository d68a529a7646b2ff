# Unit tests and fast scenarios with AddressSanitizer and UndefinedBehaviorSanitizer.
. "$ONCE_TESTS/scenario.sh"
[ -w "$ONCE_BUILD" ] || finish # once is enough: what it runs, runs as two users
check "ASan and UBSan find nothing" "$ONCE_TESTS/analyse" -C "$ONCE_BUILD/analysis" sanitizers
finish
