# What an issuer sends after a stick is taken in by whoever has it: a list of revoked codes.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
issued_stick --codes 3 --label Away
codes "$W/codes" 2
sed -n 1p "$W/codes" >"$W/two"
sed -n 2p "$W/codes" >"$W/three"
name=$(oncestick codes --json | jq -r '.sticks[0].stick')

# ---- a list as a file --------------------------------------------------------------------------------------------------------
refused 2 "there is no list yet" oncestick revoke --list "$W/none.list" "$pass"
said 'no list yet'
check "and no file" test ! -e "$W/none.list"
check "a code is revoked, and the list sent" oncestick revoke "$name/2" --list "$W/one.list" "$pass"
said 'oncestick accept FILE'
check "it can be looked at" oncestick inspect "$W/one.list"
refused 2 "never over a file" oncestick revoke "$name/3" --list "$W/one.list" "$pass"
said 'never overwritten'
is "and then nothing was revoked" "$(sqlite3 "$W/issuer/books.sqlite" "select count(*) from slot where state='revoked'")" 1
refused 2 "nor into a directory that is not there" oncestick revoke "$name/3" --list "$W/nowhere/x" "$pass"
is "nor was it then" "$(sqlite3 "$W/issuer/books.sqlite" "select count(*) from slot where state='revoked'")" 1
check "the same list once more, alone" oncestick revoke --list "$W/same.list" "$pass"
check "is the same" cmp "$W/one.list" "$W/same.list"

# a PC that knows nobody
keep
refused 13 "a list of an issuer that is not known here" oncestick accept "$W/one.list"
said 'station pin STICK'
check "a code that is revoked still opens here" oncestick rehearse "$stick" --code-file "$W/two"
check "the stick takes it all the same" oncestick accept "$W/one.list" "$stick"
said 'on the stick at .* now'
refused 31 "the code is dead, wherever the stick goes" oncestick mount "$stick" --code-file "$W/two"
check "the others open" oncestick rehearse "$stick" --code-file "$W/three"
check "once more changes nothing" oncestick accept "$W/one.list" "$stick" --json
is "as it says" "$(jq -r '"\(.accepted) \(.written)"' "$W/out")" "list false"

# a PC that knows the issuer
restore
refused 2 "pin does not swallow a list" oncestick station pin "$W/one.list"
said 'oncestick accept FILE'
check "the issuer is trusted here" oncestick station pin "$stick"
check "the list goes into this PC's memory" oncestick accept "$W/one.list" --json
is "as it says" "$(jq -c '[.known_here, .path, .written]' "$W/out")" '[true,null,false]'
refused 31 "the code is dead here, with the stick as it was" oncestick mount "$stick" --code-file "$W/two"
check "the stick has no list" test ! -e "$stick/ONCE/notice.cose"

# a newer one, then the older again
check "another code is used" oncestick mount "$stick" --code-file "$W/code"
check "and closed" oncestick unmount --yes
check "the stick comes home, and the list goes out" oncestick collect "$stick" --list "$W/two.list" "$pass"
rm -f "$stick/ONCE/notice.cose"
check "the newer" oncestick accept "$W/two.list" "$stick"
check "and the older" oncestick accept "$W/one.list" "$stick"
said 'has it already, or a newer one'
check "takes nothing back" cmp "$W/two.list" "$stick/ONCE/notice.cose"
check "on this PC neither" test "$(oncestick station show --json | jq '.issuers[0].notice')" = \
	"$(oncestick inspect "$W/two.list" --json | jq .notice.number)"

# ---- what cannot be ----------------------------------------------------------------------------------------------------------
refused 2 "a file that is not there" oncestick accept "$W/nothing"
refused 2 "a directory" oncestick accept "$stick"
refused 2 "something else" oncestick accept "$W/folder/a.txt"
said 'right file'
refused 2 "a grant" oncestick accept "$(ls "$stick"/ONCE/g/*/grant.cose)"
truncate -s 65M "$W/long"
refused 2 "a file that is too long" oncestick accept "$W/long"
size=$(stat -c %s "$W/two.list")
for at in 90 $((size / 2)) $((size - 1)); do
	cp "$W/two.list" "$W/bad.list"
	flip "$W/bad.list" "$at"
	refused 13 "a list with a changed bit, at $at" oncestick accept "$W/bad.list" "$stick"
done
ONCESTICK_ISSUER_DIR=$W/another oncestick init "$pass" >"$W/out" 2>"$W/err" </dev/null || die "another issuer"
mkdir "$W/theirs"
ONCESTICK_ISSUER_DIR=$W/another oncestick prepare "$W/folder" "$W/theirs" -n 1 "$pass" >"$W/out" 2>"$W/err" </dev/null ||
	die "their stick"
refused 13 "onto another issuer's stick" oncestick accept "$W/two.list" "$W/theirs"
said 'another issuer'
refused 10 "onto no stick" oncestick accept "$W/two.list" "$W/folder"
if [ "$WHO" = user ]; then
	chmod 555 "$stick/ONCE"
	rm -f "$W/out"
	refused 43 "onto a stick that may not be written" oncestick accept "$W/two.list" "$stick"
	chmod 777 "$stick/ONCE"
fi
finish
