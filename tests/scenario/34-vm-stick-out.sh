# A stick that is pulled and comes back twice, as itself and as a copy; the end of the time while it is out. In a guest.
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the guest is the same

for need in qemu-system-x86_64:qemu-system-x86 mkfs.vfat:dosfstools mcopy:mtools jq:jq; do
	command -v "${need%:*}" >/dev/null && continue
	[ -z "${CI:-}" ] || die "no ${need%:*}, and on CI nothing is skipped"
	skip "no ${need%:*} here (package ${need#*:})"
done
sample "$W/folder"
new_issuer
head -c 12000000 /dev/urandom >"$W/folder/film.bin" # more than a session keeps in memory
prepare "$W/folder" "$W/stick" --label Long --codes 1 --session 2h
one_code "$W/long" "$W/stick"
prepare "$W/folder" "$W/stick" --add --label Short --codes 1 --session 1m
one_code "$W/code" "$W/stick"
truncate -s 64M "$W/stick.img"
mkfs.vfat -n SHORT "$W/stick.img" >"$W/out" 2>"$W/err" || die "mkfs.vfat"
mcopy -s -i "$W/stick.img" "$W/stick/ONCE" :: || die "mcopy"

cat >"$W/inside" <<'INSIDE'
. "$ONCE_TESTS/scenario/scenario.sh"
disk=$(vmctl device) || die "no stick"
check "the stick is mounted" desktop-mount "$disk" /media/short
check "a folder is opened" oncestick mount /media/short --code-file "$GIVEN/long"
folder=$(cat "$W/out")
head -c 100000 "$folder/film.bin" | cmp -n 100000 - "$GIVEN/folder/film.bin" || die "the film begins with something else"
sync
dd if="$disk" of=/tmp/twin.img bs=1M status=none || die "no copy"
vmctl unplug
umount -l /media/short
# hostile 48: the stick comes back as two devices at once
vmctl plug
disk=$(vmctl device) || die "the stick did not come back"
twin=$(gadget plug -s TWIN0001 /tmp/twin.img) || die "its copy did not come"
[ "$disk" != "$twin" ] || die "$disk is both"
check "a copy of it is mounted" desktop-mount "$twin" /media/twin
check "the stick is mounted" desktop-mount "$disk" /media/short
check "it is read from one of them" cmp "$folder/film.bin" "$GIVEN/folder/film.bin"
check "the session is open once" sh -c "oncestick status --json | jq -e '.open | length == 1'"
refused 36 "the same code with the copy" oncestick mount /media/twin --code-file "$GIVEN/long"
check "it ends" oncestick unmount --yes
refused 30 "the same code with the copy, afterwards" oncestick mount /media/twin --code-file "$GIVEN/long"
umount /media/twin
gadget unplug

check "another folder is opened" oncestick mount /media/short --code-file "$GIVEN/code"
folder=$(cat "$W/out")
cat "$folder/a.txt" >/dev/null || die "the folder cannot be read"
exec 9<"$folder/film.bin"
vmctl unplug
check "the stick is pulled, the folder is open" mounted "$folder"
# hostile 49: the deadline while the stick is out
wait_until 120 no mounted "$folder"
no dd bs=4096 count=1 of=/dev/null <&9 2>"$W/err" || die "the open file still reads after the deadline"
exec 9<&-
wait_until 30 test ! -e "$folder"
check "nothing is open" sh -c "oncestick status --json | jq -e '.open == []'"
# Ten minutes later it would have been closed as one whose stick stays away, and only paused.
check "its deadline closed it" oncestick station show --json
is "... for good" "$(jq -c '[.codes[]]' "$W/out")" '[0,0,2]'
umount -l /media/short
vmctl plug
check "the stick is back" desktop-mount "$(vmctl device)" /media/again
refused 30 "the code after its deadline" oncestick mount /media/again --code-file "$GIVEN/code"
check "four records are overwritten: two codes, two copies" sh -c "cat /media/again/ONCE/g/*/lock.? | tr -d '\\0' | grep -a -o ONCESPNT | wc -l | grep -qx 4"
finish
INSIDE
in_guest -t 1800 -m 1024 -i "$W/stick.img" -r "$W" -r "$ONCE_TESTS" -r "$ONCE_BIN" -c "mkdir -m 755 /tmp/w
	export ONCE_TESTS='$ONCE_TESTS' ONCE_BIN='$ONCE_BIN' W=/tmp/w GIVEN='$W' WHO=root HOME=/tmp/w TMPDIR=/tmp
	exec sh '$W/inside' 2>&1"
finish
