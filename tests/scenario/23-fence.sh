# What a process keeps that meets a stick: no new program, no network, no file but those it needs.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --codes 3
codes "$W/code" 1
codes "$W/code3" 1

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

# A library that needs a call which is not listed: it is said which, before anything is spent.
unlisted() # CALLS COMMAND...
{
	calls=$1
	shift
	ONCE_UNLISTED=$calls LD_PRELOAD="$ONCE_BUILD/tests/support/.libs/unlisted.so:${LD_PRELOAD:-}" "$@"
}
cp -a "$stick" "$W/before"
for calls in "mmap mmap2" clone pread64 "clock_nanosleep clock_nanosleep_time64" fdatasync writev; do
	refused 1 "mount without $calls" unlisted "$calls" oncestick mount "$stick" --code-file "$W/code"
	said "once a folder is open \(${calls%% *}"
	said 'Install the newest oncestick, or use another PC.*Nothing was spent'
done
[ -z "$(ls "$HOME")" ] || die "a folder was left"
refused 1 "a rehearsal finds it, too" unlisted pread64 oncestick rehearse "$stick"
said '\(pread64\).*Nothing was spent'
refused 1 "... with a code" unlisted writev oncestick rehearse "$stick" --code-file "$W/code" --json
printed '"ready": false'
rm -f "$W/before/ONCE/probe" && cp -p "$stick/ONCE/probe" "$W/before/ONCE/" || die "no probe was written"
check "the stick is as it was" diff -r "$W/before" "$stick"
nothing "the memory has nothing left of it" find "$ONCESTICK_STATION_DIR" -name '*trial*'
check "a rehearsal says so where it is good" oncestick rehearse "$stick" --code-file "$W/code"
printed '^ok +fence '

check "a folder is open" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
nothing "nothing is left of its trial" find "$ONCESTICK_STATION_DIR" -name '*trial*'
pid=$(oncestick status --json | jq -r '.open[0].pid')
for t in "/proc/$pid/task"/*/status; do
	grep -q '^NoNewPrivs:.*1' "$t" && grep -q '^Seccomp:.*2' "$t" || die "a thread of the session is not fenced in: $(cat "$t")"
done
check "its bytes are right" diff -r "$W/folder" "$folder"
check "it answers" oncestick status
check "it pauses" oncestick unmount --pause
check "and goes on" oncestick mount "$stick" --code-file "$W/code"

# hostile 84, 85, 86: taken over, it tries to kill, to have another folder cleaned up, and to write beside its stick
# The stick is mounted in a folder of the person's, where that can be done.
check "the end" oncestick unmount --yes
own=$HOME/own
mkdir -p "$own/stick" "$own/victim" "$HOME/.local/share/RecentDocuments"
echo "not yours" >"$own/file"
printf '[Desktop Entry]\nURL=file://%s/film.mp4\n' "$own/victim" >"$HOME/.local/share/RecentDocuments/film.desktop"
if [ "$WHO" = root ]; then
	truncate -s 64M "$W/stick.img"
	mkfs.ext4 -q -F "$W/stick.img" && mount -o loop "$W/stick.img" "$own/stick" || die "no loop-mounted ext4"
	trap 'cleanup; umount -l "$own/stick"' EXIT
fi
prepare "$W/folder" "$own/stick" --codes 1
one_code "$W/code2" "$own/stick"
sleep 1000 &
victim=$!
export TAKEOVER_PID=$victim TAKEOVER_FILE="$own/file" TAKEOVER_DIR="$own/victim"
check "a folder is open" env LD_PRELOAD="$ONCE_BUILD/tests/support/.libs/takeover.so:${LD_PRELOAD:-}" oncestick mount "$own/stick" --code-file "$W/code2"
folder=$(cat "$W/out")
unset TAKEOVER_PID
check "it is asked, and taken over" oncestick status
cp "$ONCESTICK_STATION_DIR/taken" "$W/out"
for try in kill owner signal limit "minder watches"; do
	printed "^$try: EPERM"
done
printed "^minder makes: [^d0]"
for try in write read make remove; do
	printed "^$try: EACCES"
done
check "the folder is still there" cmp "$W/folder/a.txt" "$folder/a.txt"
check "the end" oncestick unmount --yes
kill "$victim" || die "the other process is no more"
is "the file beside the stick is as it was" "$(cat "$own/file")" "not yours"
check "the other folder is there" test -d "$own/victim"
check "and what is remembered of it" test -f "$HOME/.local/share/RecentDocuments/film.desktop"
[ ! -e "$HOME/taken" ] || die "a folder was made"
check "the folder was removed" test ! -e "$folder"
check "another folder is open" oncestick mount "$stick" --code-file "$W/code3"
folder=$(cat "$W/out")

# killed together with its minder: nobody is left to unmount, but whoever asks next
pid=$(oncestick status --json | jq -r '.open[0].pid')
minder=$(pgrep -u "$(id -u)" -f "oncestick mount $stick" | grep -v "^$pid$" | tail -n 1)
kill -9 "$minder" "$pid"
wait_until 10 sh -c "! ls '$folder' >'$W/out' 2>&1"
mounted "$folder" || die "the mount went by itself: this proves nothing"
check "asking what is open tidies up" oncestick status
mounted "$folder" && die "the dead mount is still there"
[ ! -e "$folder" ] || die "the folder is still there"
check "the code goes on" oncestick mount "$stick" --code-file "$W/code3"
check "the end" oncestick unmount --yes
finish
