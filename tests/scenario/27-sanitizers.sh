# Unit tests and fast scenarios with AddressSanitizer and UndefinedBehaviorSanitizer; those of modules with threads with ThreadSanitizer.
# argon2id: as it is, for all that is built and run here
. "$ONCE_TESTS/scenario/scenario.sh"
[ -w "$ONCE_BUILD" ] || finish # once is enough, by whom the build belongs to
tests_apart
check "ASan and UBSan find nothing" "$ONCE_TESTS/analyse" -C "$ONCE_BUILD/analysis" sanitizers
check "TSan finds nothing" "$ONCE_TESTS/analyse" -C "$ONCE_BUILD/analysis" threads
finish
