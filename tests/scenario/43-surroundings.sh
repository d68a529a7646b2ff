# What is around the program: a limit for the size of files, somebody else's home, a stick that is full, rights that others have.
. "$ONCE_TESTS/scenario/scenario.sh"
sample "$W/folder"
pass="--passphrase-file=$W/pass"
stick=$W/stick

# rights
mkdir -m 755 "$W/open"
check "init in a directory that others may look into" env ONCESTICK_ISSUER_DIR="$W/open" oncestick init "$pass"
said "chmod 700"
chmod 700 "$W/open"
check "and once they may not" env ONCESTICK_ISSUER_DIR="$W/open" oncestick codes
check "nothing is said" no grep -q chmod "$W/err"
new_issuer
check "nor where it was made by init" no grep -q chmod "$W/err"

# a limit for the size of files
mkdir "$stick"
(
	ulimit -f 2000
	exec oncestick prepare "$W/folder" "$stick" "$pass"
) >"$W/out" 2>"$W/err" </dev/null
is "with a limit that the media exceed" $? 44
said "ulimit"
is "nothing stays on the stick" "$(ls -A "$stick")" ""
prepare "$W/folder" "$stick" -n 4

[ "$WHO" = root ] || finish

# the home of somebody else, as with sudo -E
mkdir "$W/theirs"
chown nobody "$W/theirs"
for verb in "init $pass" "mount $stick" "status" "rehearse $stick" "prepare $W/folder $stick $pass" "unmount"; do
	# shellcheck disable=SC2086 # words
	refused 2 "root with the home of somebody else: $verb" env -u ONCESTICK_ISSUER_DIR -u ONCESTICK_STATION_DIR HOME="$W/theirs" oncestick $verb
	said "sudo -H"
done
is "and nothing was made there" "$(ls -A "$W/theirs")" ""
check "help is for everybody" env HOME="$W/theirs" oncestick mount --help
check "what needs no home as well" env HOME="$W/theirs" oncestick inspect "$stick"
check "and what has a place of its own" env HOME="$W/theirs" oncestick codes

# a directory whose file system keeps no rights
if [ -x "$ONCE_BUILD/tests/support/serve_dir" ] && [ -c /dev/fuse ]; then
	mkdir "$W/under" "$W/card"
	trap 'cleanup; umount "$W/disk" "$W/card" 2>/dev/null' EXIT
	SERVE_MODE=0777 "$ONCE_BUILD/tests/support/serve_dir" "$W/under" "$W/card" || die "cannot serve a directory"
	refused 60 "an issuer whom everybody could change" env ONCESTICK_ISSUER_DIR="$W/card" oncestick init "$pass"
	is "leaves nothing there" "$(ls -A "$W/card")" ""
	umount "$W/card" || die umount
	SERVE_MODE=0755 "$ONCE_BUILD/tests/support/serve_dir" "$W/under" "$W/card" || die "cannot serve a directory"
	check "an issuer whom everybody can read" env ONCESTICK_ISSUER_DIR="$W/card" oncestick init "$pass"
	said "keeps no permissions"
	umount "$W/card" || die umount
fi

# a stick that is full
truncate -s 24M "$W/disk.img"
{ mkfs.ext4 -q -F "$W/disk.img" && mkdir "$W/disk" && mount -o loop "$W/disk.img" "$W/disk"; } || die "cannot make a loop-mounted ext4"
trap 'cleanup; umount "$W/disk" 2>/dev/null' EXIT
prepare "$W/folder" "$W/disk" -n 4
check "a list" oncestick revoke --stick "$W/disk" --at "$W/disk" --yes "$pass"
cat /dev/zero >"$W/disk/fill" 2>/dev/null
for i in $(seq 200); do
	echo x >"$W/disk/fill.$i" 2>/dev/null || break
done
is "the stick is full" "$(df --output=avail "$W/disk" | tail -n 1 | tr -d ' ')" 0
check "codes go on" oncestick revoke --stick "$stick" --yes "$pass"
check "and it takes another list" oncestick revoke --at "$W/disk" "$pass"
said "is on the stick"
check "and the room is kept for the next" test "$(stat -c %s "$W/disk/ONCE/room")" -ge 65536
finish
