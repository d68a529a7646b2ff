# The real verbs while calls of the C library fail, drawn from a seed: memory, random numbers, files. Each ends with a number that
# it has a name for, never by a signal; the same command then succeeds or says why not, and no code is lost or opens twice.
#
# A seed that fails is run again by hand: LD_PRELOAD=tests/support/.libs/faults.so ONCE_FAULTS="any SEED RATE" oncestick ...
# argon2id: its memory fails, too
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
preload=$ONCE_BUILD/tests/support/.libs/faults.so quick=$ONCE_BUILD/tests/support/.libs/quick_kdf.so
for library in "$preload" "$quick"; do
	[ -e "$library" ] || die "$library is not built"
done
! ldd "$ONCE_BIN/oncestick" | grep -q libasan || skip "a sanitizer has to be loaded first"
# Argon2id is most of the time that this takes. Only where its memory can fail is it real.
argon2id() # real|quick: for what comes next, with an issuer and a stick of its own
{
	kept=$W/$1
	unset LD_PRELOAD
	[ "$1" = real ] || export LD_PRELOAD="$quick"
}
stick=$W/stick pass="--passphrase-file=$W/pass"
sample "$W/folder"
for kind in real quick; do
	argon2id $kind
	rm -rf "$stick" "$W/issuer" "$W/station"
	new_issuer
	prepare "$W/folder" "$stick" --codes 4 --label Faults
	one_code "$W/code"
	keep
	mv "$W/code" "$kept"
done
faulty() # VERB ARGS...: with faults; sets $status
{
	rm -f "$W/faults"
	timeout 120 env LD_PRELOAD="$preload:${LD_PRELOAD:-}" ONCE_FAULTS="$plan" ONCE_FAULTS_LOG="$W/faults" \
		oncestick "$@" >"$W/out" 2>"$W/err" </dev/null
	status=$?
	calls=$(tail -c +9 "$W/faults" | tr -d '\0' | tr '\n' ',')
	at="$1 with '$plan' ($calls)"
	[ "$status" -ne 124 ] || die "$at: does not end"
	[ "$status" -eq 0 ] || grep -Eq "\[E_[A-Z_]+ $status\]" "$W/err" || die "$at: exit $status, and no [E_... $status]"
	[ -z "$calls" ] || hit=$((hit + 1))
	[ "$status" -eq 0 ] || failed=$((failed + 1))
	at="$at, exit $status"
	runs=$((runs + 1))
}
closed()
{
	! grep -q " $HOME" /proc/self/mountinfo
}
opens_once() # the code in the file $1
{
	ends 0 -- oncestick mount "$stick" "--code-file=$1"
	cmp -s "$W/folder/a.txt" "$(cat "$W/out")/a.txt" || die "$at: other content"
	ends 0 -- oncestick unmount --yes
	ends 30 -- oncestick mount "$stick" "--code-file=$1"
}

prepare_fails()
{
	faulty prepare "$W/folder" "$stick" --add --codes 1 --label Second "$pass"
	[ "$status" -eq 0 ] || ends 0 -- oncestick prepare "$W/folder" "$stick" --add --codes 1 --label Second "$pass"
	ends 0 -- oncestick verify "$stick"
	ends 0 -- oncestick rehearse "$stick" "--code-file=$W/code"
}
issue_fails()
{
	faulty issue "$stick" -n 1 --to Another "$pass"
	[ "$status" -eq 0 ] || ends 0 -- oncestick issue "$stick" -n 1 --to Another "$pass"
	cp "$W/out" "$W/another"
	ends 0 -- oncestick rehearse "$stick" "--code-file=$W/another"
}
. "$ONCE_TESTS/scenario/refilling.sh"
revoke_fails()
{
	faulty revoke --holder Test --at "$stick" "$pass"
	if [ "$status" -ne 0 ]; then
		ends 0 14 23 -- oncestick revoke --holder Test --at "$stick" "$pass"
		ends 0 -- oncestick collect "$stick" "$pass" # brings the list to the stick if it is in the books alone
	fi
	ends 31 -- oncestick mount "$stick" "--code-file=$W/code"
}
collect_fails()
{
	ends 0 -- oncestick mount "$stick" "--code-file=$W/code"
	ends 0 -- oncestick unmount --yes
	faulty collect "$stick" "$pass"
	ends 0 -- oncestick collect "$stick" "$pass"
	grep -Eq '^[^ ]+ +used .*Test' "$W/out" || die "$at: the books do not know that the code was used"
}
mount_fails()
{
	faulty mount "$stick" "--code-file=$W/code"
	if [ "$status" -eq 0 ]; then
		# The session's calls fail still. 37: its memory does not take the end, which has to be said, since the code may go on here.
		ends 0 1 37 44 49 -- oncestick unmount --yes
		wait_until 60 closed
		ends 0 30 -- oncestick mount "$stick" "--code-file=$W/code"
		[ "$got" -ne 0 ] || ends 0 -- oncestick unmount --yes
		ends 30 -- oncestick mount "$stick" "--code-file=$W/code"
	else
		wait_until 60 closed
		opens_once "$W/code"
	fi
}
unmount_fails()
{
	ends 0 -- oncestick mount "$stick" "--code-file=$W/code"
	faulty unmount --yes
	[ "$status" -eq 0 ] || ends 0 49 -- oncestick unmount --yes
	wait_until 60 closed
	ends 30 -- oncestick mount "$stick" "--code-file=$W/code"
}

# hostile 40: calls on stick, station and books fail
hit=0 failed=0 runs=0
seed=0
[ "$WHO" = root ] || seed=1000
for verb in prepare issue refill send accept revoke collect mount unmount; do
	for plan in "file $((seed % 43 + 5))" "file SEED 60" "memory SEED 300" "any SEED 400" "any SEED 2000" "random 1"; do
		seed=$((seed + 1))
		case $plan in
		memory* | any*400) argon2id real ;;
		*) argon2id quick ;;
		esac
		plan=$(echo "$plan" | sed "s/SEED/$seed/")
		restore
		"${verb}_fails"
	done
	echo "ok - $verb: $runs runs so far, in $hit a call failed, in $failed the verb"
done
check "calls failed in most runs ($hit of $runs)" test $((hit * 2)) -gt "$runs"
check "and made some verbs fail ($failed)" test "$failed" -gt 0
finish
