# The end of the time while the stick is out, in a guest: the folder goes all the same, and the code is spent.
. "$ONCE_TESTS/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the guest is the same

for need in qemu-system-x86_64:qemu-system-x86 mkfs.vfat:dosfstools mcopy:mtools jq:jq; do
	command -v "${need%:*}" >/dev/null && continue
	[ -z "${CI:-}" ] || die "no ${need%:*}, and on CI nothing is skipped"
	skip "no ${need%:*} here (package ${need#*:})"
done
sample "$W/folder"
new_issuer
prepare "$W/folder" "$W/stick" --label Short --codes 1 --session 1m
one_code "$W/code" "$W/stick"
truncate -s 64M "$W/stick.img"
mkfs.vfat -n SHORT "$W/stick.img" >"$W/out" 2>"$W/err" || die "mkfs.vfat"
mcopy -s -i "$W/stick.img" "$W/stick/ONCE" :: || die "mcopy"

cat >"$W/inside" <<'INSIDE'
. "$ONCE_TESTS/scenario.sh"
disk=$(vmctl device) || die "no stick"
check "the stick is mounted" desktop-mount "$disk" /media/short
check "its folder is opened" oncestick mount /media/short --code-file "$GIVEN/code"
folder=$(cat "$W/out")
cat "$folder/a.txt" >/dev/null || die "the folder cannot be read"
exec 9<"$folder/clips/film.bin"
vmctl unplug
check "the stick is pulled, the folder is open" mounted "$folder"
# hostile 49: the deadline while the stick is out
wait_until 120 no mounted "$folder"
no dd bs=4096 count=1 of=/dev/null <&9 2>"$W/err" || die "the open file still reads after the deadline"
exec 9<&-
wait_until 30 test ! -e "$folder"
check "nothing is open" sh -c "oncestick status --json | jq -e '.open == []'"
umount -l /media/short
vmctl plug
check "the stick is back" desktop-mount "$(vmctl device)" /media/again
refused 30 "the code after its deadline" oncestick mount /media/again --code-file "$GIVEN/code"
check "its copies on the stick" sh -c "cat /media/again/ONCE/g/*/lock.? | tr -d '\\0' | grep -a -o ONCESPNT | wc -l | grep -qx 2"
finish
INSIDE
"$ONCE_TESTS/vm/run" -t 600 -i "$W/stick.img" -r "$W" -r "$ONCE_TESTS" -r "$ONCE_BIN" -c "mkdir -m 755 /tmp/w
	export ONCE_TESTS='$ONCE_TESTS' ONCE_BIN='$ONCE_BIN' W=/tmp/w GIVEN='$W' WHO=root HOME=/tmp/w TMPDIR=/tmp
	exec sh '$W/inside' 2>&1" >"$W/guest"
status=$?
cat "$W/guest"
if [ $status -eq 77 ]; then
	[ -z "${CI:-}" ] || die "no guests here, and on CI nothing is skipped"
	skip "no guests here"
fi
check "everything held in the guest" test $status -eq 0
finish
