# prepare, revoke, collect and unmount are killed at system calls, spread over what each does to stick, books and station, and the
# same command is given again. As in 13-killed.sh, what is judged is what is there afterwards, wherever the kill fell; a call that
# did not come in that run kills nobody, and the round is counted as one that ended.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
for need in strace sqlite3; do
	command -v "$need" >/dev/null || skip "no $need here"
done
issued_stick --codes 2 --label Killed
changes='openat|pwrite64|write|fsync|fdatasync|rename|renameat|renameat2|unlink|unlinkat|mkdir|mkdirat|ftruncate|fcntl|connect|sendto|sendmsg|umount2'
points() # HOW MANY COMMAND...: run it, then $W/points has so many of the calls that change or lock something, evenly spread
{
	many=$1
	shift
	strace -f -qq -o "$W/trace" -e trace="$(echo "$changes" | tr '|' ',')" "$@" >"$W/out" 2>"$W/err" </dev/null ||
		die "under strace (exit $?): $*"
	sed -En "s/^[0-9]+ +($changes)\(.*/\1/p" "$W/trace" | awk '{ print $1, ++n[$1] }' >"$W/calls"
	awk -v all="$(wc -l <"$W/calls")" -v many="$many" 'int(NR * many / all) > int((NR - 1) * many / all)' "$W/calls" >"$W/points"
}
kill_at() # NAME NUMBER COMMAND...: sets $status, 137 if that call came
{
	at="$4 killed at $1 number $2" name=$1 number=$2
	shift 2
	strace -f -qq -o "$W/trace" -e trace="$name" -e inject="$name:signal=KILL:when=$number" "$@" >"$W/out" 2>"$W/err" </dev/null
	status=$?
	case $status in
	0) ended=$((ended + 1)) ;;
	137) killed=$((killed + 1)) ;;
	*) die "$at: exit $status" ;;
	esac
}
nothing_open()
{
	! grep -q " $HOME" /proc/self/mountinfo && [ -z "$(ls -A "$HOME")" ]
}
book_says() # STATE: of the issued code
{
	[ "$(sqlite3 "$W/issuer/books.sqlite" "select count(*) from slot where state='$1' and holder='Test'")" = 1 ]
}
killed=0 ended=0

# hostile 67: prepare killed at system calls
points 7 oncestick prepare "$W/folder" "$stick" --add --codes 1 "$pass"
while read -r name number <&9; do
	restore
	kill_at "$name" "$number" oncestick prepare "$W/folder" "$stick" --add --codes 1 "$pass"
	ends 0 -- oncestick rehearse "$stick" "--code-file=$W/code" # the lecture that was there
	ends 0 -- oncestick prepare "$W/folder" "$stick" --add --codes 1 "$pass"
	ends 0 -- oncestick verify "$stick"
done 9<"$W/points"
is "prepare was killed, and the stick was whole again each time" $((killed + ended)) "$(wc -l <"$W/points")"

restore
points 7 oncestick revoke --holder Test --at "$stick" "$pass"
while read -r name number <&9; do
	restore
	kill_at "$name" "$number" oncestick revoke --holder Test --at "$stick" "$pass"
	if book_says revoked; then # the list is in the books too, for it is the same transaction
		ends 0 -- oncestick collect "$stick" "$pass"
	else
		ends 0 -- oncestick rehearse "$stick" "--code-file=$W/code"
		ends 0 -- oncestick revoke --holder Test --at "$stick" "$pass"
	fi
	ends 31 -- oncestick mount "$stick" "--code-file=$W/code"
done 9<"$W/points"
is "revoke was killed, and the code was dead each time" "$got" 31

restore
ends 0 -- oncestick mount "$stick" "--code-file=$W/code"
check "a code is used up" oncestick unmount --yes
keep
points 7 oncestick collect "$stick" "$pass"
while read -r name number <&9; do
	restore
	kill_at "$name" "$number" oncestick collect "$stick" "$pass"
	ends 0 -- oncestick collect "$stick" "$pass"
	book_says spent || die "$at: the books do not know that the code was used"
done 9<"$W/points"
is "collect was killed, and the books knew each time that the code was used" "$got" 0

# The command is killed, then the session that ends: both close the code or leave it to this PC, and nothing stays mounted.
rm -rf "$stick" "$W/station"
mkdir "$stick"
oncestick prepare "$W/folder" "$stick" --codes 2 "$pass" >"$W/out" 2>"$W/err" </dev/null || die "another stick"
one_code "$W/code"
keep
open_it()
{
	restore
	ends 0 -- oncestick mount "$stick" "--code-file=$W/code"
}
over() # whatever was killed: it ends, and is spent
{
	ends 0 49 -- oncestick unmount --yes
	wait_until 60 nothing_open
	ends 0 30 -- oncestick mount "$stick" "--code-file=$W/code"
	[ "$got" -eq 30 ] || ends 0 -- oncestick unmount --yes
	wait_until 60 nothing_open
	ends 30 -- oncestick mount "$stick" "--code-file=$W/code"
}
open_it
points 6 oncestick unmount --yes
while read -r name number <&9; do
	open_it
	kill_at "$name" "$number" oncestick unmount --yes
	over
done 9<"$W/points"
is "unmount was killed, and the code was spent in the end each time" "$got" 30

if [ "$WHO" = root ]; then # nobody else may trace a session
	ending_session() # sets $session
	{
		# shellcheck disable=SC2046 # words
		find_session $(pgrep -f "^oncestick mount $stick")
	}
	traced_or_killed() # a beat, or a mount elsewhere, can come first
	{
		traced "$session" 2>/dev/null || ! kill -0 "$session" 2>/dev/null || grep -q '^State:.Z' "/proc/$session/status"
	}
	for point in pwrite64:1 fdatasync:1 fdatasync:2 unlink:1 write:2 sendto:1 munmap:3 close:2; do
		open_it
		at="session killed while it ends, at $point" name=${point%:*} number=${point#*:}
		wait_until 60 ending_session
		strace -f -qq -p "$session" -o "$W/trace" -e trace="$name" -e inject="$name:signal=KILL:when=$number" 2>"$W/strace" &
		tracer=$!
		wait_until 60 traced_or_killed
		oncestick unmount --yes >"$W/out" 2>"$W/err" </dev/null
		wait_until 60 nothing_open
		kill "$tracer" 2>/dev/null
		wait "$tracer" 2>/dev/null
		! grep -q SIGKILL "$W/trace" || killed=$((killed + 1))
		over
	done
	is "sessions were killed while they ended, and the code was spent in the end each time" "$got" 30
fi
check "most of the kills met ($killed; $ended runs ended before)" test "$killed" -gt "$ended"
finish
