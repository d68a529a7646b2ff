# The session is killed at system calls between the code and the open folder, as far apart as the time for this allows. Afterwards
# nothing is left behind, the same code opens here, and elsewhere only as long as neither copy of its record is overwritten.
#
# No two runs make the same calls the same number of times, so nothing depends on where a kill falls: what is judged is what is
# there afterwards. A call that did not come before the folder was open kills nobody; that round is counted, and undone.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
for need in strace sqlite3; do
	command -v "$need" >/dev/null || skip "no $need here"
done
fresh=$W/fresh stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$fresh" --label Killed --codes 1
one_code "$W/code" "$fresh"

begin() # a mount that waits for its code: $command is its process, descriptor 7 takes the code
{
	rm -rf "$stick" "$ONCESTICK_STATION_DIR"
	cp -a "$fresh" "$stick"
	rm -f "$W/fifo"
	mkfifo "$W/fifo"
	oncestick mount "$stick" --code-file - <"$W/fifo" >"$W/out" 2>"$W/err" &
	command=$!
	exec 7>"$W/fifo"
	wait_until 60 grep -q "on stick" "$W/err"
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
	kill -9 "$(pgrep -P "$command" | sort -n | tail -n 1)" # the session; the other child is the minder
	exec 7>&-
	no wait "$command" || die "mount without a session succeeds"
	wait_until 60 nothing_left
	check "the code of a session that was killed while it waited opens" oncestick mount "$stick" --code-file "$W/code"
	check "and ends" oncestick unmount --yes
	finish
fi

session_of_command() # sets $session; the command's other child is the minder
{
	# shellcheck disable=SC2046 # words
	find_session $(pgrep -P "$command")
}
trace() # ARGS...: trace the session, in $W/trace
{
	wait_until 60 session_of_command
	strace -qq -p "$session" -o "$W/trace" "$@" 2>"$W/strace" &
	tracer=$!
	wait_until 60 traced "$session"
}
untrace()
{
	kill "$tracer" 2>/dev/null # if the session is still there
	wait "$tracer" 2>/dev/null
}

# what a session does: the name of each call and its number among those of that name
begin
trace
code
wait "$command" || die "mount"
untrace
check "the session that was only watched ends" oncestick unmount --yes
# restart_syscall is what attaching makes.
sed -n 's/^\([a-z0-9_]*\)(.*/\1 &/p' "$W/trace" | awk '$1 != "restart_syscall" { print $1, ++n[$1] } $2 ~ /^sendto\(3,/ && $3 ~ /^"\\3/ { exit }' >"$W/calls"
calls=$(wc -l <"$W/calls")
[ "$calls" -gt 200 ] || die "only $calls system calls between the code and the open folder"
every=$((calls / ${ONCE_TEST_KILLS:-24}))
awk -v every=$((every > 1 ? every : 1)) 'NR % every == 0 || /^(fdatasync|unlink|mount|sendto|fadvise64) /' "$W/calls" >"$W/points"

elsewhere() # what another PC says to the code: the exit status
{
	ONCESTICK_STATION_DIR=$W/elsewhere oncestick rehearse "$stick" --code-file "$W/code" >"$W/out" 2>"$W/err"
	echo $?
}
opens_here_once()
{
	oncestick mount "$stick" --code-file "$W/code" >"$W/out" 2>"$W/err" || die "$at: does not open here"
	cmp "$W/folder/a.txt" "$(cat "$W/out")/a.txt" || die "$at: other content"
	oncestick unmount --yes >"$W/out" 2>"$W/err" </dev/null || die "$at: does not end"
	wait_until 60 nothing_left
	oncestick mount "$stick" --code-file "$W/code" >"$W/out" 2>"$W/err"
	[ $? -eq 30 ] || die "$at: opens again"
}
undo_mount() # the session may have been killed since: unmount has nothing to do then
{
	oncestick unmount --yes >"$W/out" 2>"$W/err" </dev/null
	wait_until 60 nothing_left
	mounted=$((mounted + 1))
}

# hostile 42: killed at system calls between the code and the open folder
killed=0 mounted=0 spent=0 claimed=0
while read -r name number <&9; do
	begin
	trace -e trace="$name" -e inject="$name:signal=KILL:when=$number"
	code
	if wait "$command"; then
		untrace
		undo_mount
		continue
	fi
	at="killed at $name number $number ($(copies | tr -d '\0'))"
	wait "$tracer"
	grep -q SIGKILL "$W/trace" || die "$at: mount failed, and not for that"
	wait_until 60 nothing_left
	case $(sqlite3 "$ONCESTICK_STATION_DIR/station.sqlite" 'select state from use') in
	"") copies | grep -q SPNT && die "$at: this PC does not know" ;;
	claimed) claimed=$((claimed + 1)) ;;
	esac
	if copies | grep -q SPNT; then
		spent=$((spent + 1))
		[ "$(elsewhere)" -eq 30 ] || die "$at: not spent elsewhere"
	else
		[ "$(elsewhere)" -eq 0 ] || die "$at: does not open elsewhere"
	fi
	opens_here_once
	killed=$((killed + 1))
done 9<"$W/points"
points=$(wc -l <"$W/points")
is "killed at $killed of $calls calls, every code opened here exactly once; $mounted times mounted before" $((killed + mounted)) "$points"
check "most of the kills met the session" test "$killed" -gt "$mounted"
check "some of them were killed between memory and stick ($claimed)" test "$claimed" -gt 0
check "and some after a record was overwritten ($spent)" test "$spent" -gt 0
finish
