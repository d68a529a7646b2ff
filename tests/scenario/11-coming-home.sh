# A stick comes home: what collect finds, and that it finds the same the second time.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label Home --codes 5
codes "$W/codes" 4
for n in 1 2 3 4; do
	sed -n "${n}p" "$W/codes" >"$W/c$n"
done
cp -a "$stick" "$W/clone"
collect()
{
	check "$1" oncestick collect "$2" --json --passphrase-file "$W/pass" ${3:+--receipts "$3"}
}
found() # NUMBER: what was found of the code with that number
{
	jq -r ".codes[] | select(.id | endswith(\"/$1\")) | .found" "$W/out"
}
open_and_end() # STICK CODE STATION
{
	check "a session" env ONCESTICK_STATION_DIR="$3" oncestick mount "$1" --code-file "$2"
	check "its end" env ONCESTICK_STATION_DIR="$3" oncestick unmount --yes
}

collect "a stick that nobody opened" "$stick"
is "has nothing to tell" "$(jq '[.codes[] | select(.found != "unused")] | length' "$W/out")" 0

open_and_end "$stick" "$W/c1" "$W/station"
collect "the stick after a session" "$stick"
is "the first code was used" "$(found 1)" used
is "that is new" "$(jq '.codes[0].new' "$W/out")" true
is "the list is on the stick" "$(jq .written "$W/out")" true
# hostile 69: the same stick twice
collect "again" "$stick"
is "the first code was used" "$(found 1)" used
is "that is not new" "$(jq '.codes[0].new' "$W/out")" false
is "the list needs not be written" "$(jq .written "$W/out")" false
events=$(sqlite3 "$W/issuer/books.sqlite" 'select count(*) from event')
notices=$(sqlite3 "$W/issuer/books.sqlite" 'select count(*) from notice')
collect "and again" "$stick"
is "nothing is written to the books" "$(sqlite3 "$W/issuer/books.sqlite" 'select count(*) from event')" "$events"
is "no new list is made" "$(sqlite3 "$W/issuer/books.sqlite" 'select count(*) from notice')" "$notices"

collect "an older copy of the stick" "$W/clone"
# hostile 38, 69: a stick that was rolled back
is "is a stick that was rolled back" "$(found 1)" rolled-back
said "rolled back"

# the second code on the stick here and on the copy elsewhere
open_and_end "$stick" "$W/c2" "$W/station"
rm -rf "$W/clone/ONCE/notice.cose"
open_and_end "$W/clone" "$W/c2" "$W/station2"
check "the other PC's receipts" env ONCESTICK_STATION_DIR="$W/station2" oncestick station receipts "$W/receipts"
collect "stick and receipts" "$stick" "$W/receipts"
is "two sessions of one code" "$(found 2)" opened-twice
said "in two places"

# overwritten by hand: without a receipt, and without anything
grant=$(echo "$stick"/ONCE/g/*)
for lock in lock.a lock.b; do
	head -c 4096 /dev/zero | dd of="$grant/$lock" bs=4096 seek=3 conv=notrunc status=none
done
collect "a vandalised stick" "$stick"
# hostile 69: a vandalised stick
is "a code that cannot be used any more" "$(found 4)" damaged
check "is revoked" sh -c "oncestick codes '$stick' --json | jq -e '.codes[3].state == \"revoked\"'"

# hostile 36: a tombstone that nobody with the code made, in one copy
python3 - "$grant/lock.b" <<'PY' || die "the record cannot be forged"
import hashlib, sys

with open(sys.argv[1], "r+b") as f:
	raw = bytearray(f.read(4096)[:4064])
	assert raw[:8] == b"ONCESPNT"
	f.seek(4 * 4096)
	there = f.read(4096)
	raw[8:28] = there[8:28]
	f.seek(4 * 4096)
	f.write(raw + hashlib.blake2b(b"\x0conce1/record" + raw, digest_size=32).digest())
PY
collect "a forged tombstone" "$stick"
is "a code that was destroyed, nobody knows when" "$(found 5)" destroyed

# a stick that is lost, and only a PC tells
open_and_end "$W/clone" "$W/c3" "$W/station2"
check "its receipts" env ONCESTICK_STATION_DIR="$W/station2" oncestick station receipts "$W/receipts2"
check "receipts alone" oncestick collect --receipts "$W/receipts2" --passphrase-file "$W/pass"
check "the third code is known as used" sh -c "oncestick codes '$stick' --json | jq -e '.codes[2].state == \"spent\"'"
refused 2 "a file that is no receipts file" oncestick collect --receipts "$W/codes" --passphrase-file "$W/pass"

# the books are lost: they come back from the sticks
rm "$W/issuer/books.sqlite"
refused 62 "codes without books" oncestick codes
collect "the stick, without books" "$stick"
is "the lecture is imported" "$(jq .imported_lectures "$W/out")" 1
is "and what was used" "$(found 1)" used
check "ready codes are not guessed" sh -c "oncestick codes '$stick' --json | jq -e '[.codes[] | select(.state == \"ready\")] | length == 0'"

# a stick of somebody else, and one with nothing on it
ONCESTICK_ISSUER_DIR=$W/issuer2
new_issuer
# hostile 69: foreign and empty sticks
refused 13 "another issuer's stick" oncestick collect "$stick" --passphrase-file "$W/pass"
mkdir "$W/empty"
refused 10 "a stick with nothing on it" oncestick collect "$W/empty" --passphrase-file "$W/pass"
finish
