# Options that are given twice: lists are done wholly, all others are refused; and what --quiet, codes and missing books say.
. "$ONCE_TESTS/scenario/scenario.sh"
pass="--passphrase-file $W/pass"
# shellcheck disable=SC2086 # two words
issuer()
{
	verb=$1
	shift
	oncestick "$verb" "$@" $pass
}
quiet() # DESCRIPTION COMMAND...: succeeds and prints nothing
{
	what=$1
	shift
	check "$what" "$@"
	is "... and prints nothing" "$(cat "$W/out" "$W/err")" ""
}
state() # CODE-ID
{
	oncestick codes "${1%/*}" --json | jq -r --arg id "$1" '.codes[] | select(.id == $id) | .state'
}
mkdir "$W/folder"
printf 'x\n' >"$W/folder/x"
touch -d '1 day ago' "$W/folder/x"
quiet "init --quiet" issuer init -q
mkdir "$W/s1" "$W/s2"
quiet "prepare --quiet" issuer prepare "$W/folder" "$W/s1" "$W/s2" --label Talk -n 8 -q
one=$(oncestick inspect "$W/s1" --json | jq -r .stick)
two=$(oncestick inspect "$W/s2" --json | jq -r .stick)
for holder in R1 R2 'Kim, hall 3' R4; do
	check "a code for $holder" issuer issue "$one" -n 1 --to "$holder" -q
done
check "another for R1" issuer issue "$two" -n 1 --to R1

# hostile 79: an option given twice
is "codes names each holder once" "$(oncestick codes --json | jq -c '[.sticks[].holders]')" '[["R1","R2","Kim, hall 3","R4"],["R1"]]'
check "codes, for people" oncestick codes
printed 'Talk: R1, R2, "Kim, hall 3", R4$'
check "times that are not known are null" sh -c "oncestick codes $two --json | jq -e '.codes[1] | .changed_at == null and .spent_at == null'"
check "two holders are revoked" issuer revoke --holder R1 --holder 'Kim, hall 3'
is "R1's code" "$(state "$one/1")" revoked
is "Kim's code" "$(state "$one/3")" revoked
is "R1's code on the other stick" "$(state "$two/1")" revoked
is "R2's code stays" "$(state "$one/2")" issued
refused 14 "one of two holders is unknown" issuer revoke --holder R4 --holder Nobody
is "then nothing is revoked" "$(state "$one/4")" issued
quiet "revoke --quiet" issuer revoke -q "$one/4" "$two/2"
is "one code" "$(state "$one/4")" revoked
is "and the other" "$(state "$two/2")" revoked
rm -f "$W/s1/ONCE/notice.cose" "$W/s2/ONCE/notice.cose"
check "the list is written to two sticks" issuer revoke --at "$W/s1" --at "$W/s2" --json
check "it is on the first" test -s "$W/s1/ONCE/notice.cose"
check "it is on the second" test -s "$W/s2/ONCE/notice.cose"
rm -f "$W/s1/ONCE/notice.cose"
refused 10 "one of two sticks is none" issuer revoke --at "$W/folder" --at "$W/s1"
check "the other gets it" test -s "$W/s1/ONCE/notice.cose"
refused 10 "both are none" issuer revoke --at "$W/folder" --at "$W/nowhere"
check "every code of two sticks" issuer revoke --stick "$one" --stick "$two" --yes
is "nothing is left" "$(oncestick codes --json | jq '[.sticks[] | .ready + .issued] | add')" 0

refused 2 "two numbers" issuer issue "$one" -n 1 --codes 2
said "given twice"
refused 2 "a holder twice" issuer issue "$one" --to R1 --to R2
refused 2 "the same passphrase file twice" issuer issue "$one" --passphrase-file "$W/pass"
refused 2 "two labels, one shortened" issuer prepare "$W/folder" "$W/s1" --label a --lab b
refused 2 "a flag twice" oncestick codes --json --json
refused 2 "two code files" oncestick mount "$W/s1" --code-file a --code-file b
refused 2 "two formats" issuer issue "$one" --format csv --format text

quiet "erase --quiet" issuer erase "$W/s2" --yes -q
rm "$W/issuer/books.sqlite"
refused 62 "a keystore without books" oncestick codes
said "collect every stick"
finish
