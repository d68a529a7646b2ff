# How a session ends, pauses and goes on: unmount, signals, kill -9, somebody else's unmount, clones, a restored stick.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label Sessions --codes 12
codes "$W/codes" 11
nth() # N: a file with the N-th code
{
	sed -n "$1p" "$W/codes" >"$W/code$1"
	echo "$W/code$1"
}
open_with() # N [STICK]
{
	check "code $1 opens" oncestick mount "${2:-$stick}" --code-file "$(nth "$1")"
	folder=$(cat "$W/out")
	pid=$(oncestick status --json | jq -r --arg m "$folder" '.open[] | select(.mount_point == $m) | .pid')
}
gone()
{
	! mounted "$folder" && [ ! -e "$folder" ]
}

cp -r "$stick" "$W/clone"

# pause and resume
open_with 1
check "pause" oncestick unmount --pause
said "same code continues here until"
check "the folder is gone" gone
open_with 1
check "its bytes are right again" cmp "$W/folder/clips/film.bin" "$folder/clips/film.bin"

# SIGTERM pauses
kill -TERM "$pid"
wait_until 10 gone
open_with 1

# hostile 50: SIGTERM, SIGKILL, an unmount by somebody else
# kill -9 leaves no stale mount; the code goes on
kill -9 "$pid"
wait_until 10 gone
open_with 1

# an unmount by anybody else pauses
if [ "$WHO" = root ]; then umount "$folder"; else fusermount3 -u "$folder"; fi
wait_until 10 gone
open_with 1

# the minder dies: the session still ends cleanly
minder=$(pgrep -u "$(id -u)" -f "oncestick mount $stick" | grep -v "^$pid$" | tail -n 1)
[ -z "$minder" ] || kill -9 "$minder"
check "end without the minder" oncestick unmount --yes
check "the folder is gone again" gone
refused 30 "the code after its session ended" oncestick mount "$stick" --code-file "$W/code1"

# a clone with the same code at the same time, and afterwards
open_with 2
# hostile 45: a clone while the original is open
refused 36 "the clone while the original is open" oncestick mount "$W/clone" --code-file "$W/code2"
said "$folder"
check "end" oncestick unmount "$folder" --yes
refused 30 "the clone after the original was used" oncestick mount "$W/clone" --code-file "$W/code2"
said "was used on"

# hostile 38: the whole tree put back
# the whole ONCE put back from before: the station remembers
rm -rf "$stick/ONCE"
cp -r "$W/clone/ONCE" "$stick/ONCE"
refused 30 "the code of a stick that was rolled back" oncestick mount "$stick" --code-file "$W/code2"

# hostile 46: paused here, used elsewhere
# the code was begun here, then used elsewhere: refused here
open_with 3
kill -9 "$pid"
wait_until 10 gone
refused 30 "a paused code at another PC" env ONCESTICK_STATION_DIR="$W/station2" oncestick mount "$stick" --code-file "$W/code3"
said "another"
check "and it goes on here" oncestick mount "$stick" --code-file "$W/code3"
check "end" oncestick unmount --yes

# a file that is open is named, nothing ends; --force ends it all the same
open_with 4
# shellcheck disable=SC2217 # it holds the file open
sleep 1000 <"$folder/clips/film.bin" &
holder=$!
wait_until 20 grep -qx sleep "/proc/$holder/comm"
refused 36 "unmount while a file is open" oncestick unmount --yes
said "sleep.*film.bin"
check "it is still mounted" mounted "$folder"
check "and readable" cmp "$W/folder/a.txt" "$folder/a.txt"
check "unmount by force" oncestick unmount --force --yes
check "the mount is gone" no mounted "$folder"
kill "$holder"
refused 30 "the forced code again" oncestick mount "$stick" --code-file "$W/code4"

# a PC so busy that the session has hung up before it is asked
open_with 5
if command -v strace >/dev/null; then
	check "unmount that is slow to ask" strace -f -o "$W/trace" -e trace=sendto -e inject=sendto:delay_enter=400000:when=1 \
		oncestick unmount --yes --pause
	open_with 5
fi

# hostile 72: the path of a killed session is another's by now; and what it left is in the memory of another user of the PC, too
check "end" oncestick unmount --yes
open_with 7
kill -9 "$pid"
wait_until 10 gone
first=$folder
open_with 8
is "the next session has the path of the killed one" "$folder" "$first"
is_alive()
{
	mounted "$folder" && cmp "$W/folder/a.txt" "$folder/a.txt"
}
check "asking what is open" oncestick status
check "... leaves the living folder alone" is_alive
cp -r "$W/station" "$W/station3"
check "asking from another memory with the same words in it" env ONCESTICK_STATION_DIR="$W/station3" oncestick status
check "... does so, too" is_alive
refused 36 "another try of the open code" oncestick mount "$W/clone" --code-file "$(nth 8)"
refused 49 "unmount, from a memory whose session is no more" env ONCESTICK_STATION_DIR="$W/station3" oncestick unmount "$folder" --yes
check "... all the same" is_alive
check "another code opens" oncestick mount "$stick" --code-file "$(nth 9)"
other=$(cat "$W/out")
check "... and leaves it alone" is_alive
check "end of the other" oncestick unmount "$other" --yes

# killed with all that helps it: whoever comes next tidies up, and only that
kill -9 $(pgrep -u "$(id -u)" -f "oncestick mount $stick")
wait_until 10 no ls "$folder"
check "a stick of the same label opens where the dead folder was" oncestick mount "$stick" --code-file "$(nth 10)"
is "... there" "$(cat "$W/out")" "$first"
check "asking what is open" oncestick status
check "... leaves it alone" is_alive
check "end of that" oncestick unmount --yes
check "the killed one goes on" oncestick mount "$stick" --code-file "$W/code8"
check "end of it" oncestick unmount --yes
open_with 11

# what plays through another path to the same media is seen, wherever it is
elsewhere="$W/else where"
mkdir "$elsewhere"
# shellcheck disable=SC2016
unshare -Urm sh -c 'mount --rbind "$0/clips" "$1" && exec sleep 1000 <"$1/film.bin"' "$folder" "$elsewhere" &
holder=$!
wait_until 20 sh -c "ls -l /proc/$holder/fd/0 | grep -q film.bin"
refused 36 "unmount while a file is open in a sandbox" oncestick unmount --yes
said "sleep \(pid $holder\) still has \"clips/film\.bin\" open"
check "status is asked" oncestick status
printed "sleep \(pid $holder\) has \"clips/film\.bin\" open"
is "as JSON" "$(oncestick status --json | jq -c '.open[0] | [.users[0].pid, .users[0].file, .open_files]')" "[$holder,\"clips/film.bin\",1]"
kill "$holder"
wait "$holder" 2>/dev/null
if [ "$WHO" = root ]; then
	mount --bind "$folder" "$elsewhere"
	# shellcheck disable=SC2217
	sleep 1000 <"$elsewhere/a.txt" &
	holder=$!
	wait_until 20 grep -qx sleep "/proc/$holder/comm"
	refused 36 "unmount while a file is open through a bind mount" oncestick unmount --yes
	said "sleep \(pid $holder\) still has \"a\.txt\" open"
	kill "$holder"
	umount "$elsewhere"
	for over in "$folder" "${folder%/*}"; do
		mount -t tmpfs none "$over"
		refused 36 "unmount while something is mounted over ${over##*/}" oncestick unmount --yes
		said 'something else is mounted over .*: unmount that first'
		umount "$over"
	done
	check "nothing has ended" cat "$folder/a.txt"
	loop=$(losetup -r -f --show "$folder/clips/film.bin")
	refused 36 "unmount while the kernel has a file" oncestick unmount --yes
	said "the kernel still has \"clips/film\.bin\" open, as $loop"
	check "status is asked" oncestick status
	printed "the kernel has \"clips/film\.bin\" open, as $loop"
	losetup -d "$loop"
	refused 49 "unmount by another user" setpriv --reuid=nobody --regid=nogroup --clear-groups \
		env ONCESTICK_STATION_DIR=/nowhere oncestick unmount "$folder" --yes
	said "was opened by user root"
fi
check "there are no attributes to list" python3 -c 'import os, sys; sys.exit(os.listxattr(sys.argv[1]) != [])' "$folder/a.txt"
no stat "$folder/$(printf %0300d 0)" 2>"$W/err" || die "a name of 300 bytes is there"
said "file name too long"
# shellcheck disable=SC2016
check "from inside the folder, only who is not asked is in the way" sh -c 'cd "$1" && exec oncestick unmount --pause --yes' sh "$folder"

if [ "$WHO" = root ]; then
	open_with 11
	check "in a copy of the namespace nothing is mounted over it" unshare -m oncestick unmount --pause
	open_with 11
	mount -t tmpfs none "$folder"
	check "by force, also beneath another mount" oncestick unmount --pause --force
	said 'is closed but still there, because something else is mounted over it'
	umount "$folder"
	check "it goes when that has gone" oncestick status
	check "... with its directory" gone
	open_with 11
	mount -t tmpfs none "$folder"
	kill -9 "$pid"
	wait_until 10 no kill -0 "$pid"
	check "what a killed session left beneath another mount is not forgotten" oncestick status
	umount "$folder"
	check "... and goes when that has gone" oncestick status
	check "... with its directory" gone
fi

# a code that is tried while its session is still ending
open_with 11
# shellcheck disable=SC2016
check "told to end, and typed again at once" sh -c 'kill -TERM "$1" && exec oncestick mount "$2" --code-file "$3"' sh "$pid" "$stick" "$W/code11"
folder=$(cat "$W/out")

# two at once: several folders, DIR names one
first=$folder
here="$W/here, in a folder whose name is so long that a line of a terminal has no room for the whole of it"
mkdir "$here"
check "a second code on a directory of ours" oncestick mount "$stick" "$here" --code-file "$(nth 6)"
is "it prints that directory" "$(cat "$W/out")" "$here"
refused 2 "unmount without saying which" oncestick unmount --yes
said "$first"
said "$here"
check "unmount the one" oncestick unmount "$here" --yes
check "the given directory stays" test -d "$here"
check "unmount the other" oncestick unmount "$first" --yes
refused 49 "unmount of a directory that is not ours" oncestick unmount "$here" --yes
check "nothing is open" oncestick status
is "no process is left" "$(pgrep -u "$(id -u)" -f "^oncestick mount $stick" | while read -r p; do [ "$(ps -o stat= -p "$p" | cut -c1)" = Z ] || echo "$p"; done)" ""
finish
