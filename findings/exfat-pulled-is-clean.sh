#!/bin/sh
# fsck.exfat: a stick that was pulled while it was written to is called clean.
#
# Guess: a volume that says of itself that it was not unmounted is told as such, with an exit status, as fsck.vfat does.
# Seen (exfatprogs 1.2.0, dosfstools 4.2, Debian 12): with the VolumeDirty bit of an exFAT boot sector set, fsck.exfat -n says
# "clean" and exits with 0; -y clears the bit, says the same words, and exits with 0. fsck.vfat -n of a FAT volume with the same bit says that
# it was not properly unmounted, and exits with 1. Whether a stick was pulled is to be read from the bit itself (byte 106 of the boot
# sector), or from the kernel's line at mount; not from fsck.exfat.
#
# Source of the bits: the exFAT specification, 3.1.13.2 VolumeDirty; fsck.fat(8).
# Needs: apt, dpkg-deb. Installs nothing outside a temporary folder.
set -eu
exfatprogs=1.2.0-1+deb12u1 dosfstools=4.2-1
. "$(dirname "$0")/fetch"

fetch "exfatprogs=$exfatprogs" "dosfstools=$dosfstools"
cd "$work"
PATH="$work/root/usr/sbin:$work/root/sbin:$PATH"

mark() # IMAGE OFFSET BYTE: what a kernel leaves there whose stick was pulled
{
	# shellcheck disable=SC2059 # an octal escape
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

flag() # IMAGE OFFSET
{
	od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' '
}

told() # COMMAND...: what it says, and its exit status, in $told
{
	told=0
	"$@" >out 2>&1 || told=$?
	echo "$*: exit $told: $(grep -v version out | head -n 1)"
}

truncate -s 16M exfat.img fat.img
mkfs.exfat exfat.img >log
mkfs.vfat fat.img >log
mark exfat.img 106 '\002'
mark fat.img 37 '\001'
calls_clean() # and says nothing of the bit
{
	[ "$told" -eq 0 ] && grep -q 'clean' out && ! grep -qi 'dirty\|unmounted' out
}

told fsck.exfat -n exfat.img
calls_clean || exit 1
[ "$(flag exfat.img 106)" -eq 2 ]
told fsck.exfat -y exfat.img
calls_clean || exit 1
[ "$(flag exfat.img 106)" -eq 0 ]
told fsck.vfat -n fat.img
[ "$told" -eq 1 ]
grep -q 'not properly unmounted' out
echo "seen: exfatprogs $exfatprogs calls clean what dosfstools $dosfstools would not"
