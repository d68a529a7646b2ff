# Every fuzz target with its corpus, and where clang has libFuzzer, with some thousand inputs of its own making.
# argon2id: as it is, for all that is built and run here
. "$ONCE_TESTS/scenario/scenario.sh"
fuzz=$ONCE_TESTS/fuzz

seeds=$ONCE_BUILD/tests/fuzz/seeds
check "what was found" "$fuzz/corpus" unpack "$W/corpus"
"$fuzz/corpus" pack "$W/corpus" | xz -dc >"$W/again.tar" || die "cannot pack"
xz -dc "$fuzz/found.tar.xz" >"$W/found.tar" || die "cannot unpack"
check "is packed as it would be again" cmp "$W/found.tar" "$W/again.tar"
[ -x "$seeds" ] || die "there is no tests/fuzz/seeds: make check_PROGRAMS=tests/fuzz/seeds"
before=$(find "$W/corpus" -type f | wc -l)
check "the seeds" "$seeds" "$W/corpus"
echo "$before inputs that were found, $(($(find "$W/corpus" -type f | wc -l) - before)) seeds"
for corpus in "$W"/corpus/*; do
	target=${corpus##*/}
	check "$target: its corpus" "$ONCE_BUILD/tests/fuzz/fuzz_$target" "$corpus"
done
is "every target has a corpus" "$(cd "$fuzz" && echo fuzz_*.c)" "$(cd "$W/corpus" && printf 'fuzz_%s.c ' * | sed 's/ $//')"

# Only once, by whom the build belongs to: what comes next is built anew.
[ -w "$ONCE_BUILD" ] || finish
if ! printf 'int LLVMFuzzerTestOneInput(void);\nint LLVMFuzzerTestOneInput(void) { return 0; }\n' |
	clang -fsanitize=fuzzer,address -x c - -o "$W/probe" 2>"$W/err"; then
	[ -z "${CI:-}" ] || die "no clang with libFuzzer, and on CI nothing is left out"
	echo "not fuzzed: no clang with libFuzzer"
	finish
fi
all=$(cd "$W/corpus" && echo *)
fuzzed() # RUNS TARGETS
{
	check "fuzzing finds nothing in $2" make -C "$ONCE_BUILD" fuzz FUZZ_RUNS="$1" FUZZ_TARGETS="$2" FUZZ_FLAGS=-seed=1
	cat "$W/out"
	is "... each took all of its inputs" "$(grep -c " $1 executions, coverage [1-9]" "$W/out")" "$(echo "$2" | wc -w)"
}
# An input of union is a transaction or two: a thousand take longer than ten thousand of all others.
fuzzed 10000 "$(echo "$all" | sed 's/ union / /')"
fuzzed 2000 union
finish
