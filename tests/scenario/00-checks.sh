# The checks themselves: what each of these small scenarios claims is not so, and it must not pass.
. "$ONCE_TESTS/scenario/scenario.sh"

scenario() # SCRIPT: as run-scenario runs it
{
	printf '. "$ONCE_TESTS/scenario/scenario.sh"\n%s\n' "$1" >"$W/small.sh"
	ONCE_DESTDIR='' ONCE_BINDIR="$ONCE_BIN" ONCE_TEST_TMP="$W" ONCE_TEST_ONCE=1 KEEP='' CI='' sh "$ONCE_TESTS/scenario/run-scenario" "$W/small.sh"
}
red() # DESCRIPTION SCRIPT
{
	check "red: $1" no scenario "$2"
	rm -rf "$W"/once-small-*
}
green()
{
	check "green: $1" scenario "$2"
	nothing "... and nothing is left of it" find "$W" -name 'once-small-*'
}

green "a check that holds" 'check one true; finish'
red "a check that fails" 'check one false; finish'
red "an end by exit 0 before the end" 'check one true; exit 0; finish'
red "no end" 'check one true'
red "an end before the end, where the scenario has a trap of its own" 'trap true EXIT; exit 0'
red "a check that fails in a loop below a pipe" 'echo 1 | while read -r n; do check one test "$n" = 2; done; finish'
red "a check that fails in a subshell" '(check one false); finish'
red "a check within a check" 'two() { check two true; }; check one two; finish'

green "a check of what the last command printed" 'check one echo hello; check two grep -q hello "$W/out"; finish'
red "... that did not" 'check one echo hello; check two test ! -s "$W/out"; finish'
green "a check of what it said" 'check one sh -c "echo hello >&2"; check two grep -q hello "$W/err"; finish'
red "nothing of the one before" 'check one echo hello; check two true; printed hello; finish'

red "jq -e that gets nothing" 'check one true; check two jq -e . "$W/out"; finish'
red "... in a pipe" 'check one sh -c "true | jq -e ."; finish'
green "jq -e that gets something" 'check one echo "{}"; check two jq -e . "$W/out"; is three "$(echo "[1,2]" | jq -e length)" 2; finish'
red "... that is not so" 'check one echo "{}"; check two jq -e .a "$W/out"; finish'
green "jq found twice in the path" 'PATH=$ONCE_TESTS/scenario/bin:$PATH; check one sh -c "echo 1 | jq ."; finish'

green "no: it is not in the file" 'echo a >"$W/file"; check one no grep -q b "$W/file"; finish'
red "no: it is" 'echo a >"$W/file"; check one no grep -q a "$W/file"; finish'
red "no: there is no file" 'check one no grep -q a "$W/file"; finish'
red "no: there is no program" 'check one no no-such-program; finish'
red "no: it is killed" 'check one no sh -c "kill -SEGV \$\$"; finish'
green "nothing is printed" 'nothing one true; finish'
red "something is" 'nothing one echo; finish'
red "nothing, because it fails" 'nothing one find /no/such/directory; finish'
red "another refusal" 'refused 10 one oncestick frob; finish'
red "a refusal without its name" 'refused 2 one sh -c "exit 2"; finish'
green "a refusal" 'refused 2 one oncestick frob; finish'
finish
