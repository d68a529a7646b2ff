# Memory stays bounded, a hundred codes are quick to hand out, and a bundle over 4 GiB is cut in segments and reads back.
# argon2id: its memory counts
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v strace >/dev/null || skip "no strace here"
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
stretched() # TIMES DESCRIPTION COMMAND...: Argon2id runs so often in it. Nothing else has its memory filled at once.
{
	times=$1 what=$2
	shift 2
	check "$what" strace -f -qq -e trace=mmap -o "$W/trace" "$@"
	is "... with Argon2id $times times" "$(grep -c MAP_POPULATE "$W/trace")" "$times"
}
new_issuer

# 100 codes: one Argon2id to try one, none to hand one out
sample "$W/folder"
prepare "$W/folder" "$stick" --label Hundred --codes 100
one_code "$W/code"
[ "$WHO" != root ] || # fusermount3 is nobody else's to trace
	stretched 1 "one of a hundred codes is tried" oncestick rehearse "$stick" --code-file "$W/code"
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

stretched 1 "ninety are handed out, for which a passphrase is typed" \
	oncestick issue "$stick" -n 90 --to Test --passphrase-file "$W/pass"
is "they are ninety" "$(wc -l <"$W/out")" 90
said "/[0-9]* to /[0-9]* for Test"

# 20 000 files: 64 MiB and 128 bytes and the name for each, and beside that Argon2id's, which would hide all of it: here it takes none
mkdir "$W/many"
(cd "$W/many" && for d in $(seq 20); do mkdir "$d" && seq 1000 | sed "s#^#$d/a file with a name #" | xargs -d '\n' touch; done) || die files
mkdir "$W/stick2"
quick="LD_PRELOAD=$ONCE_BUILD/tests/support/.libs/quick_kdf.so ONCESTICK_ISSUER_DIR=$W/quick" argon2id=0
! ldd "$ONCE_BIN/oncestick" | grep -q libasan || quick='' argon2id=262144 # a sanitizer has to be loaded first
# shellcheck disable=SC2086 # words
{
	[ -z "$quick" ] || check "an issuer whose passphrase takes no memory" env $quick oncestick init --passphrase-file "$W/pass"
	check "20 000 files are packed" peak env $quick oncestick prepare "$W/many" "$W/stick2" --codes 1 --passphrase-file "$W/pass"
}
within "prepare of 20 000 files" $((argon2id + 65536 + 20000 * (128 + 25) / 1024))

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
said "4.3 GiB of that is holes in files"
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
