# What a process keeps that meets a stick: no new program, no network, no file but those it needs.
. "$ONCE_TESTS/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --codes 2
codes "$W/code" 1

line() # TRACE PATTERN: where it is first
{
	grep -n -- "$2" "$1" | head -n 1 | cut -d : -f 1
}

for verb in inspect verify; do
	[ "$WHO" = root ] || continue # nobody else can look into a process that holds secrets
	check "$verb, traced" strace -f -o "$W/trace" -e trace=open,openat,seccomp oncestick $verb "$stick"
	fence=$(line "$W/trace" 'SECCOMP_SET_MODE_FILTER.* = 0$')
	read=$(line "$W/trace" grant.cose)
	[ "$fence" -lt "$read" ] || die "$verb read the stick before it was fenced in"
done

check "a folder is open" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
pid=$(oncestick status --json | jq -r '.open[0].pid')
for t in "/proc/$pid/task"/*/status; do
	grep -q '^NoNewPrivs:.*1' "$t" && grep -q '^Seccomp:.*2' "$t" || die "a thread of the session is not fenced in: $(cat "$t")"
done
check "its bytes are right" diff -r "$W/folder" "$folder"
check "it answers" oncestick status
check "it pauses" oncestick unmount --pause
check "and goes on" oncestick mount "$stick" --code-file "$W/code"

# killed together with its minder: nobody is left to unmount, but whoever asks next
pid=$(oncestick status --json | jq -r '.open[0].pid')
minder=$(pgrep -u "$(id -u)" -f "oncestick mount $stick" | grep -v "^$pid$" | tail -n 1)
kill -9 "$minder" "$pid"
wait_until 10 sh -c "! ls '$folder' >'$W/out' 2>&1"
mounted "$folder" || die "the mount went by itself: this proves nothing"
check "asking what is open tidies up" oncestick status
mounted "$folder" && die "the dead mount is still there"
[ ! -e "$folder" ] || die "the folder is still there"
check "the code goes on" oncestick mount "$stick" --code-file "$W/code"
check "the end" oncestick unmount --yes
