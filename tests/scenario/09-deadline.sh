# The end of the time: what is open gives errors, not cached pages; the folder goes; the code is spent. Meanwhile somebody sets the
# clock of the day, which changes nothing.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v python3 >/dev/null || skip "no python3"
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label Deadline --codes 3 --session 1m
one_code "$W/code"
one_code "$W/skewed"
one_code "$W/below"
check "mount for a minute" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
check "a pause in between does not make it longer" oncestick unmount --pause
check "mount again" oncestick mount "$stick" --code-file "$W/code"
exec 9<"$folder/clips/film.bin"
check "the open file reads" head -c 100000 <&9
check "and its pages are cached" cmp "$W/folder/clips/film.bin" "$folder/clips/film.bin"

# One that something is mounted over when its time is over: for anybody, a file system of his own over the directory above.
mkdir -p "$W/dir/below" "$W/over"
check "a third folder" oncestick mount "$stick" "$W/dir/below" --code-file "$W/below"
if [ "$WHO" = root ]; then
	mount -t tmpfs none "$W/dir/below"
else
	"$ONCE_BUILD/tests/support/serve_dir" "$W/over" "$W/dir" || die "cannot serve a directory"
fi

# A file that is mapped, by a program that waits for a line and then reads a page which it has read before.
cat >"$W/map.py" <<'EOF2'
import mmap, sys

with open(sys.argv[1], "rb") as f:
	m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
first = m[0]
print("mapped", flush=True)
sys.stdin.readline()
print("read" if m[0] == first else "read something else", flush=True)
EOF2
mkfifo "$W/go"
python3 "$W/map.py" "$folder/clips/film.bin" <"$W/go" >"$W/mapped" 2>&1 &
mapper=$!
exec 8>"$W/go"
wait_until 10 grep -q mapped "$W/mapped"

# hostile 49: the clock of the day ten years ahead, then ten years behind, while a folder is open
clock() # SECONDS ahead
{
	python3 -c 'import sys; open(sys.argv[1], "r+b").write(int(sys.argv[2]).to_bytes(8, sys.byteorder, signed=True))' \
		"$W/skew" "$1"
}
head -c 8 /dev/zero >"$W/skew"
preload=$ONCE_BUILD/tests/support/.libs/skew.so
[ -e "$preload" ] || die "$preload is not built"
skewed="env LD_PRELOAD=$preload:${LD_PRELOAD:-} ONCE_SKEW=$W/skew"
# shellcheck disable=SC2086 # words of a command
check "a second folder, with a clock that will be set" $skewed oncestick mount "$stick" "--code-file=$W/skewed"
other=$(cat "$W/out")
for years in 10 -10; do
	clock $((years * 31557600))
	# shellcheck disable=SC2086
	is "the clock says so" "$($skewed date +%Y)" "$(date -d "$((years * 31557600)) seconds" +%Y)"
	check "its clock $years years off: it reads" cmp "$W/folder/a.txt" "$other/a.txt"
	check "... and is open" mounted "$other"
done
# shellcheck disable=SC2086
check "paused, ten years ago" $skewed oncestick unmount "$other" --pause
clock 0
check "it goes on, with the clock put right" oncestick mount "$stick" --code-file "$W/skewed"
other=$(cat "$W/out")
is "for a minute in all, and no more" \
	"$(oncestick status --json | jq '[.open[].ends_at | fromdateiso8601 - now | . > 0 and . <= 60] | all')" true

# hostile 49: the deadline with a file open, and with one mapped
wait_until 90 no mounted "$folder"
no sh -c 'exec 7</proc/self/fd/9' 2>/dev/null || die "the file could be opened again"
no dd bs=4096 count=1 of=/dev/null <&9 2>"$W/err" || die "the open file still reads after the deadline"
said "input/output error|transport endpoint|not connected|connection abort"
exec 9<&-
echo go >&8
exec 8>&-
wait $mapper
is "the mapped file is a bus error" $? 135
is "and nothing was read" "$(cat "$W/mapped")" mapped
wait_until 10 test ! -e "$folder"
wait_until 90 no mounted "$other"
no_session() { [ "$(oncestick status --json | jq '.open | length')" = 0 ]; }
wait_until 90 no_session
grep -q " $W/dir/below .* fuse.oncestick " /proc/self/mountinfo || die "the folder below another mount is gone: nothing was tried"
if [ "$WHO" = root ]; then
	umount "$W/dir/below"
else
	fusermount3 -u "$W/dir"
fi
check "what was mounted over at the deadline" oncestick status
no grep -q " $W/dir/below " /proc/self/mountinfo || die "a dead mount is left"
check "its directory is usable" ls "$W/dir/below"
refused 30 "the code after its deadline" oncestick mount "$stick" --code-file "$W/code"
refused 30 "the other one" oncestick mount "$stick" --code-file "$W/skewed"

# hostile 73: a clock that is ahead closes no paused session, whoever is refused by it
stick=$W/hours
prepare "$W/folder" "$stick" --label Hour --codes 3 --session 1h
codes "$W/hour" 3
for n in 1 2 3; do
	sed -n ${n}p "$W/hour" >"$W/hour$n"
done
by_clock() # like `refused`, with the clock that is set
{
	want=$1 what=$2
	shift 2
	# shellcheck disable=SC2086 # words of a command
	refused "$want" "$what" $skewed "$@"
}
left() # seconds that the folder opened last is good for
{
	oncestick status --json | jq -r --arg m "$(cat "$W/out")" '.open[] | select(.mount_point == $m) | .remaining_s'
}
for n in 1 2; do
	check "an hour, code $n" oncestick mount "$stick" --code-file "$W/hour$n"
	check "... and a pause" oncestick unmount "$(cat "$W/out")" --pause
done
for days in 1 2 400 3000; do
	clock $((days * 86400))
	by_clock 30 "a clock $days days ahead refuses the paused code" oncestick mount "$stick" --code-file "$W/hour1"
	said "By this PC's clock.*nothing was closed"
done
by_clock 33 "... and a fresh one" oncestick mount "$stick" --code-file "$W/hour3"
said "Nothing was spent"
clock 0
for n in 1 2; do
	check "with the clock put right, code $n goes on" oncestick mount "$stick" --code-file "$W/hour$n"
	is "... with what is left" "$(($(left) > 3300))" 1
	check "... and a pause" oncestick unmount "$(cat "$W/out")" --pause
done

# hostile 74: reset-clock gives no session its time again; a session that is killed at once is not free
for days in 2 20 60 400; do
	clock $((days * 86400))
	# shellcheck disable=SC2086
	check "the clock is reset, after $days days" $skewed oncestick station reset-clock
	by_clock 30 "the paused code after $days days" oncestick mount "$stick" --code-file "$W/hour1"
done
clock 0
check "reset again" oncestick station reset-clock
for n in 1 2 3 4; do
	check "it goes on" oncestick mount "$stick" --code-file "$W/hour1"
	folder2=$(cat "$W/out")
	is "at its start $n nothing is free" "$(($(left) <= 3600 - (n - 1) * 15))" 1
	kill -9 "$(oncestick status --json | jq --arg m "$folder2" '.open[] | select(.mount_point == $m) | .pid')"
	wait_until 10 no mounted "$folder2"
done

finish
