# Damage on the stick costs what it hits and nothing else, and verify says where it is.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
mkdir -p "$W/folder"
head -c 1000000 /dev/urandom >"$W/folder/aa.bin"
head -c 1000000 /dev/urandom >"$W/folder/bb.bin"
printf 'small\n' >"$W/folder/cc.txt"
new_issuer
prepare "$W/folder" "$stick" --label Damage --codes 2
one_code "$W/code"
check "the fresh stick verifies" oncestick verify "$stick"
set -- "$stick"/ONCE/b/*/00000000.seg
segment=$1
# aa.bin fills blocks 0-15 (16 blocks would be 1048576), bb.bin starts at 1003520: hit block 3
offset=$((3 * 65536 + 777))
flip "$segment" $offset
# hostile 18: one flipped bit, found, named, and the rest is read
refused 40 "verify finds one flipped bit" oncestick verify "$stick"
grep -q '00000000' "$W/out" "$W/err" || die "the segment is not named"
grep -q '196608' "$W/out" "$W/err" || die "the byte range is not named"
no grep -q 'aa.bin' "$W/out" "$W/err" || die "names a file without the passphrase"
refused 40 "with the passphrase it names the file" oncestick verify "$stick" --passphrase-file "$W/pass"
grep -q 'aa.bin' "$W/out" "$W/err" || die "the file is not named"
refused 40 "with a code too" oncestick verify "$stick" --code-file "$W/code"
grep -q 'aa.bin' "$W/out" "$W/err" || die "the file is not named"
refused 40 "verify as JSON" oncestick verify "$stick" --json
check "which is JSON" jq -e . "$W/out"

check "the stick still mounts" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
check "an undamaged file" cmp "$W/folder/bb.bin" "$folder/bb.bin"
check "a small one" cmp "$W/folder/cc.txt" "$folder/cc.txt"
no cat "$folder/aa.bin" >"$W/read" 2>/dev/null || die "the damaged file could be read whole"
check "what was read before the damage is right" cmp -n 196608 "$W/folder/aa.bin" "$folder/aa.bin"
check "and what comes after it" cmp -i 262144 "$W/folder/aa.bin" "$folder/aa.bin"
no dd if="$folder/aa.bin" bs=65536 skip=3 count=1 of=/dev/null 2>"$W/err" || die "the damaged block could be read"
said "input/output error"

# a player takes that for the end of the film: the session says what it refused
check "status is asked" oncestick status
printed "1 block of aa\.bin could not be read: try another port, then the spare stick"
check "status as JSON" oncestick status --json
is "... says so, too" "$(jq -c '.open[0] | [.unread_blocks, .unread_files, .unread_file]' "$W/out")" '[1,1,"aa.bin"]'

# hostile 24: a block that changes under the open folder
# the block is put right under the open mount: it reads again, nothing wrong was remembered
flip "$segment" $offset
check "the repaired file" cmp "$W/folder/aa.bin" "$folder/aa.bin"
check "end" oncestick unmount --yes
said "1 block of aa\.bin could not be read: try another port, then the spare stick"
check "it verifies again" oncestick verify "$stick"
finish
