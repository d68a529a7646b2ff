# prepare --format on real sticks: what it asks, what it refuses, what it leaves; as root, since it writes to the device.
# hostile 40: a write-protected stick
# shellcheck shell=sh source=/dev/null
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
disk=$(vmctl device) || die "no stick"
name=${disk#/dev/}
check "udev starts" start-udev
mkdir "$W/folder"
printf 'hello\n' >"$W/folder/a.txt"
head -c 300000 /dev/urandom >"$W/folder/film.bin"
new_issuer

bytes() # the first megabyte of the stick: with another file system they differ
{
	head -c 1000000 "$disk" | sha256sum
}
format() # STICK OPTIONS...
{
	to=$1
	shift
	oncestick prepare "$W/folder" "$to" --codes 2 --passphrase-file "$W/pass" "$@"
}
stick_name() # of the newest stick, as it is in labels
{
	oncestick codes --json | jq -r '.sticks[-1].stick' | tr '[:lower:]' '[:upper:]'
}
untouched()
{
	is "nothing was done to the stick" "$(bytes)" "$before"
}

# ---- refused, and nothing done ----
before=$(bytes)
refused 24 "nobody there to confirm" format "$disk" --format exfat
said "everything on this stick will be destroyed.*$disk: QEMU.*serial number 4C530001, 64 MiB; $name: vfat \"HOLIDAY\""
refused 2 "another serial number" format "$disk" --format exfat --format-serial 4C530002,X
refused 2 "another type" format "$disk" --format ext4 --format-serial 4C530001
refused 2 "a serial number alone" format "$disk" --format-serial 4C530001
refused 43 "an ordinary user" asuser env HOME=/home/once oncestick prepare / "$disk" --format exfat --format-serial 4C530001
said "you may not write to $disk"
refused 2 "a folder instead of a device" format "$W" --format exfat --format-serial 4C530001
truncate -s 64M /tmp/loop.img
loop=$(losetup -f --show /tmp/loop.img) || die "no loop device"
refused 2 "a disk that is not on USB" format "$loop" --format exfat --format-serial 4C530001
said "not on USB"
losetup -d "$loop"
check "the stick is mounted" desktop-mount "$disk" /media/holiday
refused 2 "a stick that is mounted" format "$disk" --format exfat --format-serial 4C530001
said "mounted at /media/holiday"
check "it is unmounted" umount /media/holiday
before=$(bytes)
truncate -s 64M /tmp/protected.img
check "a write-protected stick comes" gadget plug -r -s PROTECTED1 /tmp/protected.img
refused 43 "a write-protected stick" format "$(tail -n 1 "$W/out")" --format exfat --format-serial PROTECTED1
check "it goes" gadget unplug
refused 60 "a wrong issuer is noticed before anything is wiped" \
	env ONCESTICK_ISSUER_DIR="$W/nobody" oncestick prepare "$W/folder" "$disk" --format exfat --format-serial 4C530001
untouched

# ---- a person who types ----
cat >"$W/typed" <<'END'
set timeout 100
log_user 1
spawn oncestick prepare $env(W)/folder $env(DISK) --codes 1 --format exfat --passphrase-file $env(W)/pass
expect {
	-re "Type $env(NAME) to format it: " {}
	timeout { exit 98 }
	eof { exit 99 }
}
if {$env(HANDS) ne ""} { exec sh -c $env(HANDS) }
send "$env(ANSWER)\r"
expect {
	eof {}
	timeout { exit 97 }
}
exit [lindex [wait] 3]
END
typed() # ANSWER HANDS
{
	env DISK="$disk" NAME="$name" ANSWER="$1" HANDS="$2" expect "$W/typed"
}
typed yes "" >"$W/out" 2>"$W/err" </dev/null
is "yes is not the device's name" $? 24
untouched
typed "$name" "vmctl unplug && vmctl plug AABBCC" >"$W/out" 2>"$W/err" </dev/null
is "another stick in its place" $? 10
printed "a different stick"
disk=$(vmctl device)
name=${disk#/dev/}
untouched
vmctl unplug && vmctl plug 4C530001
disk=$(vmctl device)
name=${disk#/dev/}

# ---- wiped ----
check "exFAT on all of the stick" format "$disk" --format exfat --format-serial X,4C530001 --label Formatted
said "next: oncestick issue [a-z0-9]{6} --to"
printed "Formatted"
check "nothing of it stays mounted" no grep -q "$disk" /proc/self/mountinfo
is "no folder stays" "$(ls -d /tmp/oncestick-* 2>/dev/null)" ""
check "the partition table" sfdisk -d "$disk"
printed "type=7"
is "the file system" "$(blkid -p -o value -s TYPE "${disk}1") $(blkid -p -o value -s LABEL "${disk}1")" "exfat ONCE-$(stick_name)"
check "it is a file system without faults" fsck.exfat -n "${disk}1"
check "it is mounted by hand" desktop-mount "${disk}1" /media/new
one_code "$W/code" /media/new
check "its code opens it" oncestick mount /media/new --code-file "$W/code"
folder=$(cat "$W/out")
check "every byte is as packed" diff -r "$W/folder" "$folder"
is "status: the stick is there" "$(oncestick status --json | jq '.open[0].put_back_s')" null
vmctl unplug
check "the stick is pulled" oncestick status
printed "the stick is out; put it back within (10|9) min"
is "... in JSON" "$(oncestick status --json | jq '.open[0].put_back_s | . > 500 and . < 600')" true
vmctl plug 4C530001
disk=$(vmctl device)
wait_until 10 test -b "${disk}1"
check "it is put back" desktop-mount "${disk}1" /media/again
is "status: it is there again" "$(oncestick status --json | jq '.open[0].put_back_s')" null
check "it ends" oncestick unmount --yes
check "it is unmounted" umount /media/again /media/new

check "FAT32 on its partition alone" format "${disk}1" --format vfat --format-serial 4C530001
is "the file system" "$(blkid -p -o value -s TYPE "${disk}1") $(blkid -p -o value -s LABEL "${disk}1")" "vfat ONCE-$(stick_name)"
check "it is a file system without faults" fsck.vfat -n "${disk}1"
check "it is mounted by hand" desktop-mount "${disk}1" /media/new
check "it holds what it should" oncestick verify /media/new
check "it is unmounted" umount /media/new

# ---- watch points out what nobody mounts ----
oncestick watch --json >"$W/events" 2>"$W/err" </dev/null &
watcher=$!
wait_until 60 grep -q '"unmounted"' "$W/events"
is "watch names the partition and the command" "$(jq -r 'select(.event == "unmounted") | "\(.device) \(.command)"' "$W/events")" \
	"${disk}1 udisksctl mount -b ${disk}1"
vmctl unplug
udevadm settle
vmctl plug 4C530001
disk=$(vmctl device)
again()
{
	[ "$(grep -c '"unmounted"' "$W/events")" -eq 2 ]
}
wait_until 60 again
check "it is mounted" desktop-mount "${disk}1" /media/new
wait_until 20 grep -q '"stick"' "$W/events"
kill -INT $watcher
wait $watcher
is "it ends with 130" $? 130
finish
