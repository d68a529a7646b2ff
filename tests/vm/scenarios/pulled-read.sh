# A stick is pulled while a file on it is read, put back in another port, under another name, mounted elsewhere: reading goes on.
# Where it stays away there is an error; never an end without one and wrong or missing bytes.
# hostile 48: pulled while it is read, back in other ports, another stick in its place, away for good
# shellcheck shell=sh source=/dev/null disable=SC2154
. "$ONCE_TESTS/vm/scenarios/guest.sh"
find_stick
mount_stick
sed -n 1p "$GIVEN/codes" >"$W/code"
chmod 644 "$W/code"
cp -r "$at/ONCE" "$W/unused" # a copy from before the code was used
check "mount" oncestick mount "$at" --code-file "$W/code"
film="$(cat "$W/out")/film.bin"
cp "$GIVEN/folder/film.bin" "$W/film"
sum=$(sha256sum <"$W/film")

enough=$(($(stat -c %s "$W/film") - 9000000)) position='' # the session keeps 6 MiB in memory

# reader BYTES COMMAND: "COMMAND film" in the background, what it prints in $W/got; returns when it has read BYTES, and still needs
# the stick, and is stopped there.
reader()
{
	bytes=$1 by=$2
	until reader_stopped; do
		hurry
		wait "$reader"
	done
}
reader_stopped()
{
	asuser dd "if=$film" iflag=nocache count=0 2>/dev/null # the kernel forgets it, here and on the stick
	find "$at/ONCE/b" -type f -exec dd if='{}' iflag=nocache count=0 ';' 2>/dev/null
	rm -f "$W/read" "$W/pid"
	{
		# shellcheck disable=SC2016 # for that shell
		asuser sh -c 'echo $$ >"$1/pid"; exec "$2" "$3"' sh "$W" "$by" "$film" >"$W/got" 2>"$W/err"
		echo $? >"$W/read"
	} &
	reader=$!
	wait_until 60 test -s "$W/pid"
	pid=$(cat "$W/pid")
	until ended || { position && [ "$position" -ge "$bytes" ]; }; do # nothing but what the shell does itself
		:
	done 2>/dev/null
	kill -STOP "$pid" 2>/dev/null && needs_stick
}
needs_stick() # whether the reader has not read so much that the rest may be in memory
{
	position 2>/dev/null && [ "$position" -le "$enough" ]
}
position() # of the reader in the film
{
	read -r _ position <"/proc/$pid/fdinfo/3"
}
hurry()
{
	kill -CONT "$pid" 2>/dev/null
}
pull_slowly() # the reader goes on, little by little, until the stick is away
{
	rm -f "$W/pulled"
	{
		(pull)
		echo $? >"$W/pulled"
	} &
	until [ -s "$W/pulled" ]; do
		[ "$position" -gt $((enough - 2000000)) ] || kill -CONT "$pid"
		kill -STOP "$pid"
		sleep 0.01
		position
	done 2>/dev/null
	[ "$(cat "$W/pulled")" -eq 0 ] || die "pull"
}
ended()
{
	test -s "$W/read"
}
# Everything was read, or there was an error and what was read before is right.
judge() # SECONDS
{
	wait_until "$1" ended
	status=$(cat "$W/read")
	case $by in
	sha256sum)
		[ "$status" -ne 0 ] || [ "$(cut -d' ' -f1 "$W/got")" = "${sum%% *}" ] || die "round $round: no error, another sum"
		[ "$status" -eq 0 ] || [ ! -s "$W/got" ] || die "round $round: an error, and a sum"
		;;
	cat)
		[ "$status" -ne 0 ] || cmp "$W/film" "$W/got" || die "round $round: no error, and other bytes"
		cmp -n "$(stat -c %s "$W/got")" "$W/film" "$W/got" || die "round $round: other bytes before the error"
		;;
	esac
	[ "$status" -eq 0 ] || grep -q 'Input/output error' "$W/err" || die "round $round: not EIO"
}

# A round counts when the reader could not go on to the end without the stick. In twelve each way of reading meets each of pulling and
# of mounting again.
round=0 counted=0 renamed=0
while [ $counted -lt "$ROUNDS" ]; do
	round=$((round + 1))
	[ $round -le 60 ] || die "the reader is too fast: only $counted of $round rounds"
	old=$at old_disk=$disk
	reader $((round * 400000 % 6000000 + 100000)) "$([ $((round % 4)) -lt 2 ] && echo cat || echo sha256sum)"
	if [ $((round % 2)) -eq 0 ]; then
		pull_slowly
	else
		pull
	fi
	hurry
	gone=$(seconds)
	[ $((round % 3)) -eq 0 ] || umount -l "$old"
	put_back
	{ ended && [ "$(cat "$W/read")" -eq 0 ]; } || counted=$((counted + 1))
	mount_stick
	away=$(($(seconds) - gone))
	[ "$disk" = "$old_disk" ] || renamed=$((renamed + 1))
	judge 120
	echo "round $round: $by had read $position bytes, the stick was away for $away s and is $disk: exit $status"
	[ "$status" -eq 0 ] || [ $away -gt 50 ] || die "round $round: $by got an error, and the stick was away for $away s only"
	[ $((round % 3)) -ne 0 ] || umount -l "$old"
done
is "a film is read while the stick is pulled and put back, times" $counted "$ROUNDS"
check "... also under another name" test $renamed -gt 0

# Others in its place: a stick with the same bundle whose code was not used, one with another byte in the manifest.
round=others others=''
cp -r "$at/ONCE" "$W/changed"
manifest=$(echo "$W"/changed/b/*/manifest.cose)
printf '\377' | dd of="$manifest" bs=1 seek=100 conv=notrunc 2>/dev/null
reader 4000000 cat
gone=$(seconds)
pull
umount -l "$at"
first=/media/$N-1 # where the session looks first
hurry
session=$(oncestick status --json | jq -r '.open[0].pid')
strace -f -qq -o "$W/looks" -e trace=openat -p "$session" 2>/dev/null &
tracer=$!
looked() # how often the session looked at a stick since the log was emptied
{
	[ "$(grep -c '"ONCE".* = [0-9]' "$W/looks")" -ge 3 ]
}
for other in unused changed; do
	mkdir -p "$W/$other-stick"
	mv "$W/$other" "$W/$other-stick/ONCE"
	mount --bind "$W/$other-stick" "$first"
	: >"$W/looks"
	wait_until 120 looked
	! ended || [ "$(cat "$W/read")" -ne 0 ] || die "$other: read on"
	others="$others $other"
	umount -l "$first"
done
kill $tracer
put_back
mount_stick
judge 120
echo "others in its place, then the stick: exit $status"
[ "$status" -eq 0 ] || [ $(($(seconds) - gone)) -gt 60 ] || die "an error before a minute was over"
is "looked at, and not read: an older copy, one with a changed manifest" "$others" " unused changed"

# Who holds the folder is named without the stick, and it can be closed by force; the code goes on afterwards.
round=force
reader 4000000 sha256sum
pull
umount -l "$at"
# shellcheck disable=SC2016 # for that shell
asuser sh -c 'cd "$1" && exec sleep 1000' sh "${film%/film.bin}" &
holder=$!
hurry
holds()
{
	[ "$(readlink "/proc/$holder/cwd")" = "${film%/film.bin}" ]
}
wait_until 20 holds
refused 36 "a folder in use, without its stick" oncestick unmount --yes
said "sha256sum \(pid $pid\) still has .film.bin. open"
said "sleep \(pid $holder\) still has the folder open"
check "... by force" oncestick unmount --force --pause
wait_until 20 ended
check "... what reads gets an error" test "$(cat "$W/read")" -ne 0
kill $holder
check "the folder is gone" no mounted "${film%/film.bin}"
put_back
mount_stick
check "the code goes on" oncestick mount "$at" --code-file "$W/code"
film="$(cat "$W/out")/film.bin"

# It does not come back: an error after a minute, no hang.
round=away
reader 3000000 sha256sum
pull
umount -l "$at"
begun=$(seconds)
hurry
judge 300
waited=$(($(seconds) - begun))
echo "a reader got EIO after $waited s"
[ "$status" -ne 0 ] || die "a film without a stick"
[ $waited -ge 59 ] || die "EIO after $waited s already"
check "the folder is still open" mounted "${film%/film.bin}"
check "it ends without the stick" oncestick unmount --yes
check "the folder is gone" test ! -e "${film%/film.bin}"
put_back
mount_stick
refused 30 "its code, with the stick back" oncestick mount "$at" --code-file "$W/code"
check "the stick goes" umount "$at"
finish
