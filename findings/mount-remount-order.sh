#!/bin/sh
# mount(8) of util-linux 2.41: at a remount its helper gets the options of the mount that is there, and the word "remount" after them.
#
# Guess:    `mount -o remount,ro DIR` calls the helper /sbin/mount.TYPE with "ro" and "remount", as it was typed; or at least with
#           "remount" before what it adds, as util-linux 2.38 has it (ro,noexec,relatime,remount,size=1024k,mode=700).
# Seen:     where only DIR is named, the options that the kernel shows of the mount come along, also those of the file system,
#           which nobody typed and which it may not even take when mounting (for FUSE: user_id=0), and "remount" is last.
# Version:  mount 2.41.5-0+deb13u1 (Debian 13); for the other order 2.38.1-5+deb12u3 (Debian 12).
# For us:   mount.fuse.oncestick refused "user_id=0" as an option that there is not, instead of saying that an open folder cannot be
#           changed; it now looks for "remount" first.
#
# Needs root and debootstrap; a small Debian 13 is made.
set -eu
version=2.41.5-0+deb13u1
. "$(dirname "$0")/fetch"

debian_13
# shellcheck disable=SC2016 # ${...} that dpkg-query expands
have=$(chroot "$root" dpkg-query -W -f '${Version}' mount)
[ "$have" = "$version" ] || cannot "the mirror has mount $have, this is about $version"

cat >"$root/sbin/mount.tmpfs" <<'HELPER'
#!/bin/sh
echo "$4"
HELPER
chmod 755 "$root/sbin/mount.tmpfs"
cat >"$root/try" <<'TRY'
set -e
mount -t proc proc /proc
mount -i -t tmpfs -o size=1M,mode=700,noexec tmpfs /mnt # -i: without the helper
echo "only the directory: $(mount -o remount,ro /mnt)"
echo "source and directory: $(mount -t tmpfs -o remount,ro tmpfs /mnt)"
TRY
unshare --mount --pid --fork --kill-child chroot "$root" sh /try >"$work/out"
echo "mount $version gives its helper after -o:"
cat "$work/out"
only=$(sed -n 's/^only the directory: //p' "$work/out")
both=$(sed -n 's/^source and directory: //p' "$work/out")
case $only in
*size=1024k*mode=700*,remount) ;;
*) echo "changed: it was the mount's own options, and remount at the end" && exit 1 ;;
esac
[ "$both" = ro,remount ] || { echo "changed: with source and directory it was ro,remount"; exit 1; }
echo "as found"
