# What came home is held against what the books have: the answer is the same in every order, and in one run or in several. What is
# missing is looked for, and nothing is replaced or erased that nobody knows yet.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
pass="--passphrase-file $W/pass"
# shellcheck disable=SC2086 # two words
issuer()
{
	verb=$1
	shift
	oncestick "$verb" "$@" $pass
}
found() # NUMBER
{
	jq -r ".codes[] | select(.id | endswith(\"/$1\")) | .found" "$W/out"
}
events()
{
	sqlite3 "$W/issuer/books.sqlite" 'select count(*) from event'
}
# SOURCE...: collected one after the other; a word with + is one call. O, C, L are sticks, A and B the receipts of two PCs
collect_all()
{
	for source in "$@"; do
		set --
		for part in $(echo "$source" | tr + ' '); do
			case $part in
			O | C | L)
				rm -rf "${W:?}/home"
				cp -a "$W/$part" "$W/home"
				set -- "$@" "$W/home"
				;;
			*) set -- "$@" --receipts "$W/$part" ;;
			esac
		done
		issuer collect "$@" --json >"$W/out" 2>"$W/err" </dev/null || die "collect $source: exit $?"
	done
}
begin_anew()
{
	rm -rf "$W/issuer" "$W/station"/books-* # a PC that knows no newer ones
	cp -a "$W/kept" "$W/issuer"
}
session() # STICK CODE STATION
{
	check "a session" env ONCESTICK_STATION_DIR="$3" oncestick mount "$1" --code-file "$2"
	check "its end" env ONCESTICK_STATION_DIR="$3" oncestick unmount --yes
}
mkdir "$W/folder"
printf 'x\n' >"$W/folder/x"
new_issuer
prepare "$W/folder" "$W/O" --label Talk --codes 4
check "codes" issuer issue "$W/O" -n 2 --to Kim
sed -n 1p "$W/out" >"$W/c1"
sed -n 2p "$W/out" >"$W/c2"
cp -a "$W/O" "$W/L"
cp -a "$W/O" "$W/C"
cp -a "$W/issuer" "$W/kept"
session "$W/O" "$W/c1" "$W/stationA"
session "$W/C" "$W/c1" "$W/stationB"
for pc in A B; do
	check "receipts of PC $pc" env ONCESTICK_STATION_DIR="$W/station$pc" oncestick station receipts "$W/$pc"
done

# hostile 78: a copy of a stick, collected after it; its receipts later; a lecture taken off
for order in 'O C' 'C O' 'O B' 'B O' 'A B' 'O+B' 'C+A' 'A+B' 'L O C' 'A L C'; do
	begin_anew
	# shellcheck disable=SC2086 # the sources
	collect_all $order
	is "$order: opened in two places" "$(found 1)" opened-twice
	before=$(events)
	collect_all "${order%% *}"
	is "$order, and the first again: still so" "$(found 1)" opened-twice
	is "... not new" "$(jq '.codes[0].new' "$W/out")" false
	is "... and nothing more in the books" "$(events)" "$before"
done
for order in 'O L' 'L A' 'A L' 'L+A' 'L O' 'L A O'; do
	begin_anew
	# shellcheck disable=SC2086 # the sources
	collect_all $order
	is "$order: the stick was rolled back" "$(found 1)" rolled-back
	said 'rolled back'
done
begin_anew
collect_all O O A
is "one use is one use" "$(found 1)" used

# a record or a grant that is damaged hides no receipt
begin_anew
cp -a "$W/O" "$W/bad"
for record in a b; do
	head -c 4096 /dev/zero >"$W/bad/ONCE/stick.$record"
done
check "a damaged stick record" issuer collect "$W/bad" --json
is "its receipts are whole" "$(found 1)" used
said 'own record is damaged'
begin_anew
rm -rf "$W/bad"
cp -a "$W/O" "$W/bad"
flip "$(echo "$W"/bad/ONCE/g/*/grant.cose)" 200
check "a damaged grant" issuer collect "$W/bad" --json
is "the books have another copy of it" "$(found 1)" used

# locks that cannot be right: nothing is revoked on their word
begin_anew
rm -rf "$W/bad"
cp -a "$W/L" "$W/bad"
for lock in "$W"/bad/ONCE/g/*/lock.?; do
	head -c 16384 /dev/zero >"$lock"
done
refused 2 "what is damaged is not replaced" issuer prepare "$W/folder" "$W/bad" --replace
refused 2 "nor erased" issuer erase "$W/bad" --yes
check "a stick with bad locks" issuer collect "$W/bad" --json
is "all are damaged" "$(jq -c '[.codes[].found] | unique' "$W/out")" '["damaged"]'
said 'not revoked'
is "their codes live on in the books" "$(oncestick codes --json | jq '.sticks[0] | .ready + .issued')" 4
check "unless it is meant" issuer collect "$W/bad" --yes --json
is "then they are revoked" "$(oncestick codes --json | jq '.sticks[0].revoked')" 4

# a lecture that is not there
begin_anew
rm -rf "$W/bad"
cp -a "$W/O" "$W/bad"
rm -r "$W"/bad/ONCE/g/*
check "the only lecture is missing" issuer collect "$W/bad" --json
is "it is named" "$(jq -r '.missing_lectures[0].label' "$W/out")" Talk
said 'lecture "Talk" is missing'
no grep -q 'no code was used' "$W/err" || die "said that no code was used"
for how in --replace ''; do
	# shellcheck disable=SC2086 # or none
	refused 2 "prepare $how" issuer prepare "$W/folder" "$W/bad" $how
	said 'is not on'
done
refused 2 "erase" issuer erase "$W/bad" --yes
check "another lecture beside it" issuer prepare "$W/folder" "$W/bad" --add --label Two -n 2
check "collect" issuer collect "$W/bad" --json
is "the first is still missing" "$(jq -c '[.missing_lectures[].label]' "$W/out")" '["Talk"]'
refused 2 "replace" issuer prepare "$W/folder" "$W/bad" --replace
check "its receipts come from the PC" issuer collect --receipts "$W/A" --json
is "the code was used" "$(found 1)" used
check "it is given up" issuer prepare "$W/folder" "$W/bad" --replace --discard --label Three -n 2
check "collect" issuer collect "$W/bad" --json
is "and no longer looked for" "$(jq '.missing_lectures | length' "$W/out")" 0
check "what is whole is replaced as ever" issuer prepare "$W/folder" "$W/bad" --replace --label Four -n 2
check "and erased" issuer erase "$W/bad" --yes

# a second use that nobody collected is not erased either
begin_anew
collect_all O
refused 2 "a copy with another session" issuer erase "$W/C" --yes
said 'not been collected'
check "collected" issuer collect "$W/C"
check "erased" issuer erase "$W/C" --yes

# hostile 77: receipts again and again
begin_anew
python3 - "$W/A" "$W/flood" "$W/all" <<'PY' || die "no flood"
import sys
one = open(sys.argv[1], "rb").read()
assert one[0] == 0x81
row = one[1:]
count = 200000
open(sys.argv[2], "wb").write(b"\x9a" + count.to_bytes(4, "big") + row * count)
at = row.index(b"\x50", 35) + 17  # array, issuer, grant, then the slot
assert row[at] == 0
rows = b"".join(row[:at] + bytes([slot]) + row[at + 1:-1] + bytes([last]) for slot in range(4) for last in range(256))
open(sys.argv[3], "wb").write(b"\x99" + (1024).to_bytes(2, "big") + rows)
PY
# Below: a limit for what would else take hours.
check "200 000 receipts of one use" timeout 300 oncestick collect --receipts "$W/flood" --json --passphrase-file "$W/pass"
is "are one" "$(jq -c '[.codes[].found]' "$W/out")" '["used"]'
check "1024 that prove nothing, of four codes" timeout 300 oncestick collect --receipts "$W/all" --json --passphrase-file "$W/pass"
is "but one" "$(jq .invalid_receipts "$W/out")" 1023
is "the books know of nothing else" "$(oncestick codes --json | jq '.sticks[0].spent')" 1

# stopped while it reads
prepare "$W/folder" "$W/many" --label Many --codes 60
python3 - "$W/A" "$W/many/ONCE/g" "$W/long" <<'PY' || die "no receipts"
import os, sys
row = open(sys.argv[1], "rb").read()[1:]
grant = bytes.fromhex(os.listdir(sys.argv[2])[0])
at = row.index(b"\x50", 35)
number = lambda n: bytes([n]) if n < 24 else bytes([0x18, n])
rows = b"".join(row[:at + 1] + grant + number(slot) + row[at + 18:] for slot in range(60))
open(sys.argv[3], "wb").write(b"\x98\x3c" + rows)
PY
before=$(events)
for signal in INT TERM; do
	rm -f "$W/out.$signal"
	env --default-signal=INT ONCE_KDF_WAIT_MS=100 oncestick collect --receipts "$W/long" --progress-json --passphrase-file "$W/pass" >"$W/out" 2>"$W/out.$signal" </dev/null &
	pid=$!
	wait_until 60 grep -q '"phase":"reading"' "$W/out.$signal"
	kill -s $signal $pid
	wait $pid
	is "SIG$signal ends it" $? 130
done
is "nothing is in the books" "$(events)" "$before"
truncate -s 65M "$W/huge"
refused 2 "a file that is too large" issuer collect --receipts "$W/huge"
said 'MiB of receipts'
finish
