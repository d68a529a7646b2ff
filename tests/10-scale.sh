# Memory stays bounded, a hundred codes are quick to hand out, and a bundle over 4 GiB is cut in segments and reads back.
# argon2id: its memory counts
. "$ONCE_TESTS/scenario.sh"
need_fuse
stick=$W/stick
peak() # COMMAND...: run it, leave its peak resident memory in KiB in $W/peak
{
	/usr/bin/time -f %M -o "$W/peak" "$@"
}
within() # DESCRIPTION KIB
{
	[ "$(tail -n 1 "$W/peak")" -lt "$2" ] || die "$1: $(tail -n 1 "$W/peak") KiB, allowed $2"
	echo "   peak $(tail -n 1 "$W/peak") KiB of $2"
}
new_issuer

# 100 codes: one Argon2id for a mount, none to hand one out
sample "$W/folder"
prepare "$W/folder" "$stick" --label Hundred --codes 100
one_code "$W/code"
check "one of a hundred codes opens" oncestick mount "$stick" --code-file "$W/code"
no grep -q "swap space" "$W/err" || die "a warning about swap space without need"
session=$(oncestick status --json | jq -r '.open[0].pid')
check "memory of the session beside Argon2id's" test "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$session/status")" -lt 65536
check "end" oncestick unmount --yes
if [ "$WHO" = user ]; then # root may lock what it likes
	one_code "$W/code"
	check "a PC that lets little memory be locked" sh -c "ulimit -l 64; oncestick mount '$stick' --code-file '$W/code'"
	said "swap space"
	check "end" oncestick unmount --yes
fi

codes "$W/codes" 90
said "/[0-9]* to /[0-9]* for Test"

# 20 000 files: 64 MiB and 128 bytes and the name for each, beside the keystore's and the codes' Argon2id (256 and 2 x 64 MiB)
mkdir "$W/many"
(cd "$W/many" && for d in $(seq 20); do mkdir "$d" && seq 1000 | sed "s#^#$d/a file with a name #" | xargs -d '\n' touch; done) || die files
mkdir "$W/stick2"
check "20 000 files are packed" peak oncestick prepare "$W/many" "$W/stick2" --codes 1 --passphrase-file "$W/pass"
within "prepare of 20 000 files" $((262144 + 65536 + 20000 * (128 + 25) / 1024))

[ "$WHO" = root ] || finish
# 4.3 GiB from a sparse file with something at every end
mkdir "$W/big"
truncate -s 4400M "$W/big/film.bin"
for at in 0 1073741823 1073741824 2147483647 4294967295 4613734399; do
	printf X | dd of="$W/big/film.bin" bs=1 seek=$at conv=notrunc status=none
done
mkdir "$W/stick3"
# hostile 67: a file larger than FAT32 takes
check "4.3 GiB are packed" peak oncestick prepare "$W/big" "$W/stick3" --label Big --codes 1 --passphrase-file "$W/pass"
said "4.3 GiB of that are holes in files"
within "prepare of 4.3 GiB" $((262144 + 65536))
is "in segments of 1 GiB" "$(stat -c %s "$W"/stick3/ONCE/b/*/*.seg | head -n 4 | sort -u)" 1073741824
is "five of them" "$(ls "$W"/stick3/ONCE/b/*/*.seg | wc -l)" 5
one_code "$W/code" "$W/stick3"
check "it opens" oncestick mount "$W/stick3" --code-file "$W/code"
folder=$(cat "$W/out")
session=$(oncestick status --json | jq -r '.open[0].pid')
check "all of it is right" cmp "$W/big/film.bin" "$folder/film.bin"
check "memory of the session after 4.3 GiB" test "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$session/status")" -lt 65536
check "end" oncestick unmount --yes
finish
