# What can be found without running anything: by clang's warnings, gcc's analyser, clang-tidy and shellcheck.
# argon2id: as it is, for all that is built and run here
. "$ONCE_TESTS/scenario/scenario.sh"
[ -w "$ONCE_BUILD" ] || finish # once is enough, by whom the build belongs to
for tool in clang clang-tidy shellcheck; do
	command -v $tool >/dev/null || skip "no $tool"
done
analyse()
{
	"$ONCE_TESTS/analyse" ${ONCE_DEEP:+-d} -C "$ONCE_BUILD/analysis" -b "$ONCE_BUILD" "$1"
}
check "shellcheck finds nothing" analyse shellcheck
check "clang builds everything without a warning" analyse clang
check "clang-tidy finds nothing" analyse tidy
check "gcc's analyser finds nothing new" analyse analyzer
finish
