# The session is killed at system calls between the code and the open folder, as far apart as the time for this allows. Afterwards
# nothing is left behind, the same code opens here, and elsewhere only as long as neither copy of its record is overwritten.
. "$ONCE_TESTS/scenario.sh"
need_fuse
fresh=$W/fresh stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$fresh" --label Killed --codes 1
one_code "$W/code" "$fresh"

begin() # a mount that waits for its code: $command and $session are processes, descriptor 7 takes the code
{
	rm -rf "$stick" "$ONCESTICK_STATION_DIR"
	cp -a "$fresh" "$stick"
	rm -f "$W/fifo"
	mkfifo "$W/fifo"
	oncestick mount "$stick" --code-file - <"$W/fifo" >"$W/out" 2>"$W/err" &
	command=$!
	exec 7>"$W/fifo"
	wait_until 10 grep -q "on stick" "$W/err"
	for session in $(pgrep -P "$command"); do # not the minder
		! ls -l "/proc/$session/fd" 2>/dev/null | grep -q station.sqlite || break
	done
}
code() # type it
{
	cat "$W/code" >&7
	exec 7>&-
}
nothing_left()
{
	! grep -q " $HOME" /proc/self/mountinfo && [ -z "$(ls -A "$HOME")" ]
}
copies() # the first bytes of both copies of the only record
{
	for copy in a b; do
		head -c 8 "$stick"/ONCE/g/*/lock.$copy
	done
}

if [ "$WHO" != root ]; then # nobody else may trace a session
	begin
	kill -9 "$(pgrep -P "$command" | sort -n | tail -n 1)"
	exec 7>&-
	no wait "$command" || die "mount without a session succeeds"
	wait_until 10 nothing_left
	check "the code of a session that was killed while it waited opens" oncestick mount "$stick" --code-file "$W/code"
	check "and ends" oncestick unmount --yes
	finish
fi

trace() # ARGS...: trace the session, in $W/trace
{
	strace -qq -p "$session" -o "$W/trace" "$@" 2>/dev/null &
	tracer=$!
	wait_until 10 grep -q 'TracerPid:.[1-9]' "/proc/$session/status"
}

# what a session does: the name of each call and its number among those of that name
begin
trace
code
wait "$command" || die "mount"
kill "$tracer"
wait "$tracer" 2>/dev/null
check "the session that was only watched ends" oncestick unmount --yes
sed -n 's/^\([a-z0-9_]*\)(.*/\1 &/p' "$W/trace" | awk '{ print $1, ++n[$1] } $2 ~ /^sendto\(3,/ && $3 ~ /^"\\3/ { exit }' >"$W/calls"
calls=$(wc -l <"$W/calls")
[ "$calls" -gt 200 ] || die "only $calls system calls between the code and the open folder"
awk -v every=$((calls / 48)) 'NR % every == 0 || /^(fdatasync|unlink|mount|sendto|fadvise64) /' "$W/calls" >"$W/points"

rounds=0 spent=0 claimed=0 missed=0
while read -r name number <&9; do
	begin
	trace -e trace="$name" -e inject="$name:signal=KILL:when=$number"
	code
	if wait "$command"; then # some calls, for randomness or memory, are made more often one time than another
		kill "$tracer"
		wait "$tracer" 2>/dev/null
		oncestick unmount --yes >"$W/out" 2>"$W/err" </dev/null # unless that call came after the mount
		wait_until 10 nothing_left
		missed=$((missed + 1))
		continue
	fi
	wait "$tracer"
	grep -q SIGKILL "$W/trace" || die "$name number $number did not happen"
	at="killed at $name number $number ($(copies | tr -d '\0'))"
	wait_until 10 nothing_left
	case $(sqlite3 "$ONCESTICK_STATION_DIR/station.sqlite" 'select state from use') in
	"") copies | grep -q SPNT && die "$at: this PC does not know" ;;
	claimed) claimed=$((claimed + 1)) ;;
	esac
	if copies | grep -q SPNT; then
		spent=$((spent + 1))
		ONCESTICK_STATION_DIR=$W/elsewhere oncestick rehearse "$stick" --code-file "$W/code" >"$W/out" 2>"$W/err"
		[ $? -eq 30 ] || die "$at: not spent elsewhere"
	else
		ONCESTICK_STATION_DIR=$W/elsewhere oncestick rehearse "$stick" --code-file "$W/code" >"$W/out" 2>"$W/err" ||
			die "$at: does not open elsewhere"
	fi
	oncestick mount "$stick" --code-file "$W/code" >"$W/out" 2>"$W/err" || die "$at: does not open here"
	cmp "$W/folder/a.txt" "$(cat "$W/out")/a.txt" || die "$at: other content"
	oncestick unmount --yes 2>"$W/err" || die "$at: does not end"
	oncestick mount "$stick" --code-file "$W/code" >"$W/out" 2>"$W/err"
	[ $? -eq 30 ] || die "$at: opens again"
	rounds=$((rounds + 1))
done 9<"$W/points"
is "killed at $rounds of $calls calls: every code opened here exactly once" $((rounds + missed)) "$(wc -l <"$W/points")"
check "few of the calls did not come again ($missed)" test $((missed * 3)) -lt "$rounds"
check "some of them were killed between memory and stick ($claimed)" test "$claimed" -gt 3
check "and some after a record was overwritten ($spent)" test "$spent" -gt 3
finish
