# Each flush of a verb fails in turn, those of a COMMIT among them: what the verb says it did is so in the books and on this PC, and
# where it says that it failed the same command does it.
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before
need_fuse
preload=$ONCE_BUILD/tests/support/.libs/faults.so
[ -e "$preload" ] || die "$preload is not built"
! ldd "$ONCE_BIN/oncestick" | grep -q libasan || skip "a sanitizer has to be loaded first"
issued_stick --codes 4 --label Flushes

faulty() # VERB ARGS...: its flush $n fails; sets $status
{
	rm -f "$W/faults"
	LD_PRELOAD="$preload:${LD_PRELOAD:-}" ONCE_FAULTS="flush $n" ONCE_FAULTS_LOG="$W/faults" \
		timeout 120 oncestick "$@" >"$W/out" 2>"$W/err" </dev/null
	status=$?
	at="$1 without its flush $n, exit $status"
	[ "$status" -eq 0 ] || grep -Eq "\[E_[A-Z_]+ $status\]" "$W/err" || die "$at, and no [E_... $status]"
}
hit() # whether a flush failed
{
	[ -n "$(tail -c +9 "$W/faults" | tr -d '\0')" ]
}
known() # STATE HOLDER: how many codes of that holder's the books have in that state
{
	oncestick codes "$stick" --json >"$W/codes" 2>"$W/err" </dev/null || die "$at; codes"
	jq --arg state "$1" --arg holder "$2" '[.codes[] | select(.state == $state and .holder == $holder)] | length' "$W/codes"
}
closed()
{
	! grep -q " $HOME" /proc/self/mountinfo
}
so() # DESCRIPTION GOT WANTED
{
	[ "$2" = "$3" ] || die "$at: $1: got '$2', wanted '$3'"
}

init_fails()
{
	rm -r "$W/issuer"
	faulty init "$pass"
	[ "$status" -eq 0 ] || ends 0 -- oncestick init "$pass"
	rm -r "$stick"
	mkdir "$stick"
	ends 0 -- oncestick prepare "$W/folder" "$stick" --codes 1 "$pass"
}
prepare_fails()
{
	faulty prepare "$W/folder" "$stick" --add --codes 2 --label Second "$pass"
	[ "$status" -eq 0 ] || ends 0 -- oncestick prepare "$W/folder" "$stick" --add --codes 2 --label Second "$pass"
	ends 0 -- oncestick verify "$stick"
	ends 0 -- oncestick issue "$stick" -n 2 --to Second --lecture Second "$pass"
}
issue_fails()
{
	faulty issue "$stick" -n 2 --to Another "$pass"
	printed=$(wc -l <"$W/out")
	case $status,$printed in
	0,2) so "the books have them" "$(known issued Another)" 2 ;;
	0,*) die "$at: $printed codes" ;;
	*,0) ends 0 -- oncestick issue "$stick" -n 1 --to Another "$pass" ;;
	*) die "$at: an error, and $printed codes" ;;
	esac
}
. "$ONCE_TESTS/scenario/refilling.sh"
revoke_fails()
{
	faulty revoke --holder Test --at "$stick" "$pass"
	[ "$status" -eq 0 ] || ends 0 14 -- oncestick revoke --holder Test --at "$stick" "$pass"
	so "the books have it" "$(known revoked Test)" 1
	ends 31 -- oncestick mount "$stick" "--code-file=$W/code"
}
collect_fails()
{
	ends 0 -- oncestick mount "$stick" "--code-file=$W/code"
	ends 0 -- oncestick unmount --yes
	faulty collect "$stick" "$pass"
	[ "$status" -eq 0 ] || ends 0 -- oncestick collect "$stick" "$pass"
	so "the books have it" "$(known spent Test)" 1
}
# The stick is put back as it was before: what is left is what this PC knows.
mount_fails()
{
	faulty mount "$stick" "--code-file=$W/code"
	if [ "$status" -eq 0 ]; then
		# The session's flushes are counted on. 37: its memory does not take the end, which has to be said.
		ends 0 37 49 -- oncestick unmount --yes
		ended=$got
	else
		ends 0 -- oncestick mount "$stick" "--code-file=$W/code"
		ends 0 -- oncestick unmount --yes
		ended=0
	fi
	wait_until 60 closed
	rm -r "$stick"
	cp -a "$kept/stick" "$stick"
	if [ "$ended" -eq 0 ]; then
		ends 30 -- oncestick mount "$stick" "--code-file=$W/code"
	fi
}

erase_fails()
{
	faulty erase "$stick" --yes "$pass"
	[ "$status" -eq 0 ] || ends 0 10 -- oncestick erase "$stick" --yes "$pass"
	so "it is empty" "$(find "$stick" -mindepth 1)" ""
	so "the books have it" "$(oncestick codes --json | jq '[.sticks[] | .ready + .issued] | add')" 0
}

# hostile 40: calls on stick, station and books fail
for verb in init prepare issue refill send accept revoke collect mount erase; do
	n=0 failed=0
	while
		n=$((n + 1))
		[ $n -lt 200 ] || die "$verb: no end of flushes"
		restore
		"${verb}_fails"
		hit
	do
		[ "$status" -eq 0 ] || failed=$((failed + 1))
	done
	check "$verb: of $((n - 1)) flushes each failed, and $failed made it fail" test $failed -gt 0
done
finish
