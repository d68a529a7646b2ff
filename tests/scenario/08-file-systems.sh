# ext4 on a loop device, tmpfs, a full one, a read-only one, overlayfs: where records can be destroyed and where not.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
sample "$W/folder"
new_issuer

# tmpfs overwrites in place as far as anybody can tell: a warning, no more
shm=$(mktemp -d /dev/shm/once-test.XXXXXX) || die "no /dev/shm"
trap 'cleanup; rm -rf "$shm"' EXIT
stick=$shm/stick
prepare "$W/folder" "$stick" --label Tmpfs --codes 2
one_code "$W/code"
check "mount from tmpfs" oncestick mount "$stick" --code-file "$W/code"
check "end" oncestick unmount --yes
refused 30 "spent there too" oncestick mount "$stick" --code-file "$W/code"

# a PC that forgets at power-off says so before the spend
one_code "$W/code"
check "station memory on tmpfs" env ONCESTICK_STATION_DIR="$shm/station" oncestick mount "$stick" --code-file "$W/code"
said "forgets"
check "end" env ONCESTICK_STATION_DIR="$shm/station" oncestick unmount --yes

[ "$WHO" = root ] || finish
umount_all()
{
	cleanup
	umount "$W/ext4" "$W/small" "$W/merged" 2>/dev/null
	rm -rf "$shm"
}
trap umount_all EXIT
disk() # NAME SIZE
{
	truncate -s "$2" "$W/$1.img"
	mkfs.ext4 -q -F "$W/$1.img" && mkdir "$W/$1" && mount -o loop "$W/$1.img" "$W/$1" || die "cannot make a loop-mounted ext4"
}
disk ext4 64M
stick=$W/ext4
prepare "$W/folder" "$stick" --label Ext4 --codes 4
one_code "$W/code"
check "mount from ext4" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
check "compares equal" diff -r "$W/folder" "$folder"
check "end" oncestick unmount --yes
one_code "$W/code"
mount -o remount,ro "$stick" || die remount
# hostile 40: a file system that is read-only
refused 43 "mount from a write-protected medium" oncestick mount "$stick" --code-file "$W/code"
said "write"
check "inspect needs no right to write" oncestick inspect "$stick"
check "verify neither" oncestick verify "$stick"
refused 43 "prepare on a write-protected medium" oncestick prepare "$W/folder" "$stick" --add --passphrase-file "$W/pass"
mount -o remount,rw "$stick" || die remount
check "the code was not spent" oncestick mount "$stick" --code-file "$W/code"
check "end" oncestick unmount --yes

# too small: said before the first byte
disk small 2M
refused 38 "a bundle that does not fit" oncestick prepare "$W/folder" "$W/small" --codes 1 --passphrase-file "$W/pass"
check "nothing was written" test ! -e "$W/small/ONCE"
mkdir "$W/holes"
truncate -s 300M "$W/holes/disk.img"
refused 38 "a bundle that does not fit for its holes" oncestick prepare "$W/holes" "$W/small" --codes 1 --passphrase-file "$W/pass"
said "300 MiB of that is holes"
said "300 MiB of that for holes in files"
check "nothing was written either" test ! -e "$W/small/ONCE"


mkdir "$W/lower" "$W/upper" "$W/work" "$W/merged"
if mount -t overlay overlay -o "lowerdir=$W/lower,upperdir=$W/upper,workdir=$W/work" "$W/merged" 2>/dev/null; then
	# hostile 41: overlayfs
	refused 39 "overlayfs is refused" oncestick prepare "$W/folder" "$W/merged" --codes 1 --passphrase-file "$W/pass"
	said "overlay"
	check "and nothing was written" test ! -e "$W/merged/ONCE"
	# hostile 41: a stick that is seen through one: every verb that would write judges alike, before anything is spent
	umount "$W/merged" || die umount
	one_code "$W/code"
	mount -t overlay overlay -o "lowerdir=$W/ext4,upperdir=$W/upper,workdir=$W/work" "$W/merged" || die "overlay over the stick"
	refused 39 "mount is refused" oncestick mount "$W/merged" --code-file "$W/code"
	said "overlay"
	said "nothing was spent"
	refused 39 "rehearse says so too" oncestick rehearse "$W/merged" --code-file "$W/code"
	refused 39 "so is revoke --at" oncestick revoke --at "$W/merged" --spent --passphrase-file "$W/pass"
	check "which does not call a code dead" no grep -q dead "$W/err" "$W/out"
	refused 39 "and erase" oncestick erase "$W/merged" --yes --discard --passphrase-file "$W/pass"
	oncestick collect "$W/merged" --passphrase-file "$W/pass" >"$W/out" 2>"$W/err" || true
	check "collect, which may read there, claims no list on the stick" no grep -qi "is on the stick" "$W/out" "$W/err"
	check "inspect reads it" oncestick inspect "$W/merged"
	check "nothing was written anywhere" no test -e "$W/upper/ONCE"
	umount "$W/merged" || die umount
	check "the code is good on the stick itself" oncestick mount "$W/ext4" --code-file "$W/code"
	check "end" oncestick unmount --yes
else
	die "cannot mount an overlay here"
fi
finish
