#!/bin/sh
# selftest.sh - whether a guest does what tests rely on, in one boot: two sticks, one vfat, one exfat, pulled and put back, used by
# an ordinary user, every write logged. ONCE_BIN is the directory of the oncestick to try.
#
# "selftest.sh inside" is the half that runs in the guest.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export ONCE_TESTS="${ONCE_TESTS:-${here%/vm}}" ONCE_BIN="${ONCE_BIN:-${ONCE_DESTDIR:-}${ONCE_BINDIR:-/usr/bin}}"
PATH=$PATH:/usr/sbin:/sbin

die()
{
	echo "FAILED: $*" >&2
	exit 1
}

check() # DESCRIPTION COMMAND...
{
	what=$1
	shift
	"$@" >"${TMPDIR:-/tmp}/said" 2>&1 || { cat "${TMPDIR:-/tmp}/said" >&2; die "$what: $*"; }
	echo "ok - $what" >&2
}

no()
{
	! "$@"
}

# ---- in the guest ----

serial_is() # DEVICE SERIAL: what the device's USB stick says in sysfs
{
	usb=$(readlink -f "/sys/block/${1#/dev/}/device")
	[ "$(cat "${usb%/host*}/../serial")" = "$2" ]
}

pulled_while_read()
{
	check "a file is open" test -s /media/one/big
	exec 3</media/one/big
	echo 3 >/proc/sys/vm/drop_caches
	check "the stick is pulled" vmctl unplug
	dd of=/dev/null bs=64k <&3 2>/tmp/dd && die "a read from a pulled stick succeeds"
	check "the reader gets EIO" grep -q "Input/output error" /tmp/dd
	exec 3<&-
	check "what is left of the mount goes" umount /media/one
	check "the stick is put back" vmctl plug
	check "it has its serial number still" serial_is "$(vmctl device)" 4C530001
	check "it is pulled again" vmctl unplug
	check "it is put back with another serial number" vmctl plug AABBCC
	check "that shows" serial_is "$(vmctl device)" AABBCC
}

jobs() # NUMBER TYPE: as the ordinary user
{
	stick=/media/$2
	check "the $2 stick is mounted as a desktop does" desktop-mount "$(vmctl -n "$1" device)" "$stick"
	asuser mkdir -p "/home/once/$2"
	asuser env W="/home/once/$2" WHO=user HOME="/home/once/$2" TMPDIR=/tmp STICK="$stick" TYPE="$2" CI=yes \
		sh "$here/selftest-jobs.sh" >&2 || die "the jobs on $2"
	check "the $2 stick is unmounted" umount "$stick"
}

other_make()
{
	truncate -s 16M /tmp/gadget.img
	mkfs.vfat -n GADGET /tmp/gadget.img >/dev/null
	check "a stick of another make comes" gadget plug -v 0951 -p 1666 -s 60A44C413A8C -m Kingston /tmp/gadget.img
	device=$(cat "${TMPDIR:-/tmp}/said")
	check "with its serial number" serial_is "$device" 60A44C413A8C
	check "and its vendor" grep -qx 0951 /sys/devices/platform/dummy_hcd.0/usb*/*/idVendor
	check "it is mounted" desktop-mount "$device" /media/gadget
	check "the ordinary user writes to it" asuser touch /media/gadget/new
	check "it is unmounted" umount /media/gadget
	check "it goes" gadget unplug
}

inside()
{
	check "the first stick's serial number" serial_is "$(vmctl device)" 4C530001
	check "the second stick's serial number" serial_is "$(vmctl -n 2 device)" STICK0002
	check "vfat is mounted" desktop-mount "$(vmctl device)" /media/one
	check "what the host wrote is there" cmp /media/one/big "$1/big"
	pulled_while_read
	jobs 1 vfat
	jobs 2 exfat
	other_make
	check "udev starts" start-udev
	check "udev names the sticks" test -b /dev/disk/by-id/usb-QEMU_QEMU_HARDDISK_AABBCC-0:0
	check "the writes so far are known" vmctl logged
	cp "${TMPDIR:-/tmp}/said" "$1/logged"
	check "the host's directory can be written" cp /proc/uptime "$1/uptime"
	cat "$1/big" # the only standard output
	sleep 1000 & # must not keep the guest up
	exit 7
}

# ---- on the host ----

if [ "${1:-}" = inside ]; then
	inside "$2"
fi
for tool in mkfs.vfat mkfs.exfat mcopy; do
	command -v $tool >/dev/null || { echo "SKIP: no $tool here (packages dosfstools, exfatprogs, mtools)"; exit 77; }
done
[ -x "$ONCE_BIN/oncestick" ] || die "no oncestick in $ONCE_BIN (set ONCE_BIN)"
W=$(mktemp -d "${TMPDIR:-/tmp}/once-vm-selftest.XXXXXX") || exit 1
trap 'rm -rf "$W"' EXIT
export TMPDIR="$W"
truncate -s 64M "$W/one.img" "$W/two.img"
mkfs.vfat -n ONE "$W/one.img" >/dev/null || die "cannot make a vfat image"
mkfs.exfat -L TWO "$W/two.img" >/dev/null || die "cannot make an exfat image"
head -c 4000000 /dev/urandom >"$W/big"
mcopy -i "$W/one.img" "$W/big" ::big || die "cannot copy to the image"
cp "$W/one.img" "$W/base.img"

"$here/run" -t 300 -i "$W/one.img" -S 4C530001 -i "$W/two.img" -l "$W/log" -k "$W/x" -w "$W" -r "$ONCE_TESTS" -r "$ONCE_BIN" \
	env TMPDIR=/tmp ONCE_BIN="$ONCE_BIN" ONCE_TESTS="$ONCE_TESTS" sh "$here/selftest.sh" inside "$W" >"$W/out"
status=$? # 7 is what "inside" ends with
[ $status -ne 77 ] || exit 77
[ $status -eq 7 ] || { tail -n 30 "$W/x/console" >&2; die "exit status $status instead of 7"; }
check "the exit status came through" true
check "standard output came through, every byte of it" cmp "$W/big" "$W/out"
check "what the guest wrote to the host's directory" test -s "$W/uptime"
check "the log replays to the final image" "$here/writelog" replay "$W/log" "$W/base.img" "$W/replayed.img"
check "byte for byte" cmp "$W/one.img" "$W/replayed.img"
"$here/writelog" list "$W/log" >"$W/list"
check "the position the guest saw is an entry's end" grep -q " $(cat "$W/logged")\$" "$W/list"
n=$(grep -n write "$W/list" | sed -n '20s/:.*//p')
check "a cut after write 20" "$here/writelog" replay "$W/log" "$W/base.img" "$W/cut.img" "$n"
check "is not the final image" no cmp "$W/one.img" "$W/cut.img"
"$here/writelog" replay "$W/log" "$W/base.img" "$W/lossy1.img" "$n" --lose 1
"$here/writelog" replay "$W/log" "$W/base.img" "$W/lossy2.img" "$n" --lose 1
check "the same seed loses the same" cmp "$W/lossy1.img" "$W/lossy2.img"
check "the guest's kernel did not complain" no grep -E "BUG|Oops|Call Trace" "$W/x/console"
