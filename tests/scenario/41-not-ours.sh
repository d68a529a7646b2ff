# What oncestick did not write stays: a folder called ONCE, files in ours, a folder that scrub could fill, texts that somebody changed;
# and what is no stick becomes one only if that is meant.
. "$ONCE_TESTS/scenario/scenario.sh"
sample "$W/folder"
new_issuer
pass="--passphrase-file=$W/pass"
stick=$W/stick

# hostile 81: a folder that is called so
for name in ONCE Once once; do
	mkdir -p "$W/$name/$name/b"
	echo mine >"$W/$name/$name/photo.jpg"
	refused 10 "prepare names what is in a folder $name" oncestick prepare "$W/folder" "$W/$name" "$pass"
	said "$name/(photo.jpg|b)"
	oncestick erase "$W/$name" --yes "$pass" >"$W/out" 2>"$W/err"
	is "erase refuses too" $? 10
	is "and it is what it was" "$(cat "$W/$name/$name/photo.jpg")" mine
done
# whatever is done with it
printf 'HNSB-PDT3-5TA5-MCEM\n' >"$W/nocode"
prepare "$W/folder" "$W/ours" --label Ours
name=$W/ONCE
for verb in "revoke --at $name $pass" "collect $name $pass" "issue $name $pass" "verify $name" "inspect $name" \
	"mount $name --code-file $W/nocode --no-desktop" "rehearse $name" "revoke --at $name --at $W/nowhere $pass"; do
	# shellcheck disable=SC2086
	refused 10 "$verb" oncestick $verb
	said "did not write ONCE/(photo.jpg|b)"
done
# one stick of several that is none keeps no other from the list
check "a list" oncestick revoke --stick "$W/ours" --yes "$pass"
refused 10 "revoke at several" oncestick revoke --at "$W/ONCE" --at "$W/ours" --at "$W/nowhere" "$pass"
said "did not write ONCE/(photo.jpg|b)"
said "on the stick at $W/ours now"
said "nowhere"
rm "$W/ours/ONCE/notice.cose"
oncestick revoke --at "$W/ONCE" --at "$W/ours" --json "$pass" >"$W/out" 2>"$W/err"
is "for programs, too" "$?" 10
is "which learn which" "$(jq -c '[.sticks[] | .ok, .written, .status]' "$W/out")" '[false,false,10,true,true,null]'
check "and the list is there" test -s "$W/ours/ONCE/notice.cose"
# nor is a file, or a link, that is called so
mkdir "$W/file" "$W/link"
echo mine >"$W/file/ONCE"
ln -s "$W/folder" "$W/link/ONCE"
for at in "$W/file" "$W/link"; do
	refused 10 "prepare names it: $at" oncestick prepare "$W/folder" "$at" "$pass"
	said "did not write ONCE"
	refused 10 "erase does: $at" oncestick erase "$at" --yes "$pass"
	said "did not write ONCE"
done
is "the file is what it was" "$(cat "$W/file/ONCE")" mine
mkdir -p "$W/adopted/ONCE"
prepare "$W/folder" "$W/adopted"

# hostile 81: files of others in ONCE
prepare "$W/folder" "$stick" --label First
echo mine >"$stick/ONCE/photo.jpg"
for dir in "$stick"/ONCE/b/*/ "$stick"/ONCE/g/*/; do
	echo mine >"${dir}notes.txt"
done
mkdir "$stick/ONCE/g/pictures"
echo mine >"$stick/ONCE/g/pictures/lock.a"
prepare "$W/folder" "$stick" --replace --label Second
is "replacing leaves them" "$(find "$stick/ONCE" -name photo.jpg -o -name notes.txt -o -path '*pictures/lock.a' | wc -l)" 4
printf 'my notes\r\n' >>"$stick/READ ME FIRST.txt"
check "erase" oncestick erase "$stick" --yes "$pass"
said "photo.jpg"
said "notes.txt"
said "READ ME FIRST"
is "erasing leaves them" "$(find "$stick/ONCE" -name photo.jpg -o -name notes.txt -o -path '*pictures/lock.a' | wc -l)" 4
is "and nothing else" "$(find "$stick" -type f | wc -l)" 5
refused 10 "what is left is no stick" oncestick prepare "$W/folder" "$stick" "$pass"
check "another stick" mkdir "$W/json"
prepare "$W/folder" "$W/json"
echo mine >"$W/json/ONCE/photo.jpg"
check "erase, for programs" oncestick erase "$W/json" --yes --json "$pass"
is "names it" "$(jq -c .left "$W/out")" '["ONCE/photo.jpg"]'
prepare "$W/folder" "$W/clean"
check "a stick with nothing else" oncestick erase "$W/clean" --yes --json "$pass"
is "is empty afterwards" "$(jq -c .left "$W/out")$(ls -A "$W/clean")" '[]'

# hostile 31: directories that are named as lectures are, and hold nothing, keep nobody from the real one
crowd() # DIR FROM TO
{
	seq "$2" "$3" | xargs printf "$1/%032x\n" | xargs mkdir
}
stick=$W/crowd
prepare "$W/folder" "$stick" --label Crowd --codes 4
one_code "$W/crowd1"
one_code "$W/crowd2"
crowd "$stick/ONCE/g" 1 300
crowd "$stick/ONCE/b" 1 300
check "a code opens among 300" oncestick mount "$stick" --code-file "$W/crowd1" --no-desktop
check "to its end" oncestick unmount --yes
refused 12 "verify tells of them" oncestick verify "$stick"
check "the list gets there" oncestick revoke --code-file "$W/crowd2" --at "$stick" --yes "$pass"
refused 31 "and holds" oncestick mount "$stick" --code-file "$W/crowd2" --no-desktop
check "what was used is found" oncestick collect "$stick" --json "$pass"
is "it is one code" "$(jq -r '[.codes[] | select(.found == "used")] | length' "$W/out")" 1
prepare "$W/folder" "$stick" --add --label More --codes 2
one_code "$W/crowd3"
crowd "$stick/ONCE/g" 1 4100 # prepare has removed the empty ones
refused 12 "among more than are looked at it is told what to do" oncestick mount "$stick" --code-file "$W/crowd3" --no-desktop
said "has more in ONCE/g"
said "without a file grant.cose"
refused 11 "by the issuer's verbs, too" oncestick prepare "$W/folder" "$stick" --add "$pass"
said "has more in ONCE/g"
refused 12 "and by revoke" oncestick revoke --at "$stick" "$pass"
said "has more in ONCE/g"
check "that helps" find "$stick/ONCE/g" -mindepth 1 -type d -empty -delete
check "the code opens" oncestick mount "$stick" --code-file "$W/crowd3" --no-desktop
check "to its end" oncestick unmount --yes
check "collect" oncestick collect "$stick" "$pass"
crowd "$stick/ONCE/g" 1 300
check "erase" oncestick erase "$stick" --yes "$pass"
is "nothing is left" "$(ls -A "$stick")" ""

# hostile 83: FOLDER and STICK exchanged
mkdir "$W/empty" "$W/fresh"
mkdir "$W/fresh/lost+found" "$W/fresh/.Trash-1000"
refused 24 "a folder with something in it is asked about" oncestick prepare "$W/empty" "$W/folder" "$pass"
said "did you swap them"
said "\-\-yes"
check "and nothing was written to it" no test -e "$W/folder/ONCE" -o -e "$W/folder/READ ME FIRST.txt"
prepare "$W/folder" "$W/fresh"
prepare "$W/folder" "$W/fresh" --replace
mkdir "$W/mixed"
echo mine >"$W/mixed/other.txt"
refused 24 "so is a directory that shall be a stick" oncestick prepare "$W/folder" "$W/mixed" "$pass"
prepare "$W/folder" "$W/mixed" --yes
prepare "$W/folder" "$W/mixed" --add
is "and its other files stay" "$(cat "$W/mixed/other.txt")" mine

# one stick of several is refused: the others are prepared
prepare "$W/folder" "$W/used"
stick=$W/used
one_code "$W/code"
prepare "$W/folder" "$W/good" --label Old
mkdir -p "$W/foreign/ONCE"
echo mine >"$W/foreign/ONCE/photo.jpg"
if [ -w /dev/fuse ]; then
	check "a code is used" oncestick mount "$W/used" --code-file "$W/code"
	check "and it ends" oncestick unmount --yes
	refused 2 "one that is not collected does not stop the others" \
		oncestick prepare "$W/folder" "$W/used" "$W/good" --replace --label New "$pass"
	said "not been collected"
	printed 'locked: "New"'
	oncestick prepare "$W/folder" "$W/good" "$W/used" --replace --label Newer --json "$pass" >"$W/out" 2>"$W/err"
	is "in any order" "$? $(jq -c '[.sticks[].ok]' "$W/out")" '2 [true,false]'
fi
refused 10 "nor does one that is not ours" oncestick prepare "$W/folder" "$W/foreign" "$W/good" --replace --label Newest "$pass"
said "photo.jpg"
printed 'locked: "Newest"'
refused 10 "if all are refused, nothing is written" oncestick prepare "$W/folder" "$W/foreign" "$pass"
is "and what was there is there" "$(cat "$W/foreign/ONCE/photo.jpg")" mine

[ "$WHO" = root ] || finish

# hostile 81: a folder that --scrub would use
truncate -s 16M "$W/disk.img"
{ mkfs.ext4 -q -F "$W/disk.img" && mkdir "$W/disk" && mount -o loop "$W/disk.img" "$W/disk"; } || die "cannot make a loop-mounted ext4"
trap 'cleanup; umount "$W/disk" "$W/hiding" 2>/dev/null' EXIT
prepare "$W/folder" "$W/disk" -n 1
mkdir "$W/disk/oncestick-fill"
echo mine >"$W/disk/oncestick-fill/000001"
refused 2 "erase --scrub names what is in its folder" oncestick erase "$W/disk" --yes --scrub "$pass"
said "000001"
is "and leaves it" "$(cat "$W/disk/oncestick-fill/000001")" mine
check "before anything is erased" test -e "$W/disk/ONCE/stick.a"
rm -r "$W/disk/oncestick-fill"

# a file system that keeps what is removed while it is open
[ -x "$ONCE_BUILD/tests/support/serve_dir" ] || finish
need_fuse
mkdir "$W/under" "$W/hiding"
"$ONCE_BUILD/tests/support/serve_dir" "$W/under" "$W/hiding" -o subtype=exfat,default_permissions || die "cannot serve a directory"
prepare "$W/folder" "$W/hiding" -n 1
said "cache"
said "fuse.exfat"
check "erase there ends well" oncestick erase "$W/hiding" --yes --json "$pass"
is "with nothing left" "$(jq -c .left "$W/out")$(ls -A "$W/hiding")" '[]'
umount "$W/hiding" || die umount
"$ONCE_BUILD/tests/support/serve_dir" "$W/under" "$W/hiding" -o subtype=sshfs,fsname=kim@host:/srv || die "cannot serve a directory"
# hostile 41: a network behind FUSE
refused 39 "what is called sshfs is refused" oncestick prepare "$W/folder" "$W/hiding" -n 1 "$pass"
said "fuse.sshfs"
finish
