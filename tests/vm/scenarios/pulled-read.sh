# A stick is pulled while a file on it is read, put back in another port, under another name, mounted elsewhere. Reading goes on.
# shellcheck shell=sh source=/dev/null disable=SC2154
. "$ONCE_TESTS/vm/scenarios/guest.sh"
find_stick
mount_stick
sed -n 1p "$GIVEN/codes" >"$W/code"
chmod 644 "$W/code"
cp -r "$at/ONCE" "$W/unused" # a copy from before the code was used
check "mount" oncestick mount "$at" --code-file "$W/code"
film="$(cat "$W/out")/film.bin"
mkfifo "$W/go"

# reader BLOCKS: read all of the film in the background to $W/got; after BLOCKS of 64 KiB it waits for "hurry"
reader()
{
	echo 1 >/proc/sys/vm/drop_caches
	rm -f "$W/there" "$W/read"
	asuser sh -c 'exec <"$1"; dd bs=64k count="$3" 2>/dev/null; : >"$2/there"; read -r word <"$2/go"; cat; echo $? >"$2/read"' \
		sh "$film" "$W" "$1" >"$W/got" 2>"$W/err" &
	wait_until 20 test -e "$W/there"
}
hurry()
{
	echo >"$W/go"
}
# Everything was read, or there was an error and what was read before is right.
judge() # SECONDS
{
	wait_until "$1" test -s "$W/read"
	status=$(cat "$W/read")
	if [ "$status" -eq 0 ]; then
		cmp "$GIVEN/folder/film.bin" "$W/got" || die "round $round: no error, and other bytes"
	else
		cmp -n "$(stat -c %s "$W/got")" "$GIVEN/folder/film.bin" "$W/got" || die "round $round: other bytes before the error"
		grep -q 'Input/output error' "$W/err" || die "round $round: not EIO"
	fi
}

round=0 went_on=0
while [ $round -lt 20 ]; do
	round=$((round + 1))
	old=$at
	reader $((round * 13 % 250))
	if [ $((round % 2)) -eq 0 ]; then # it is pulled in the middle of a read, or between two
		hurry
		pull
	else
		pull
		hurry
	fi
	[ $((round % 3)) -eq 0 ] || umount -l "$old"
	put_back
	mount_stick
	judge 50
	[ "$status" -ne 0 ] || went_on=$((went_on + 1))
	[ $((round % 3)) -ne 0 ] || umount -l "$old"
done
is "pulled 20 times while a film was read, which went on" $went_on 20

# Others in its place: a stick with the same bundle whose code was not used, one with another byte in the manifest.
round=others
cp -r "$at/ONCE" "$W/changed"
manifest=$(echo "$W"/changed/b/*/manifest.cose)
printf '\377' | dd of="$manifest" bs=1 seek=100 conv=notrunc 2>/dev/null
reader 100
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
	wait_until 20 looked
	[ ! -s "$W/read" ] || die "$other: read on"
	umount -l "$first"
done
kill $tracer
put_back
mount_stick
judge 50
is "an older copy of the stick and one with a changed manifest were looked at and not read; the stick was" "$status" 0

# It does not come back: an error, no hang.
round=away
reader 50
pull
umount -l "$at"
begun=$(cut -d. -f1 /proc/uptime)
hurry
judge 100
waited=$(($(cut -d. -f1 /proc/uptime) - begun))
echo "a reader got EIO after $waited s"
[ "$status" -ne 0 ] || die "a film without a stick"
[ $waited -ge 55 ] && [ $waited -le 75 ] || die "EIO after $waited s instead of about 60"
check "the folder is still open" mounted "${film%/film.bin}"
check "it ends without the stick" oncestick unmount --yes
check "the folder is gone" test ! -e "${film%/film.bin}"
put_back
mount_stick
refused 30 "its code, with the stick back" oncestick mount "$at" --code-file "$W/code"
check "the stick goes" umount "$at"
finish
