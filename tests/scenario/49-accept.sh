# What an issuer sends after a stick is taken in by whoever has it: new codes, and a list of revoked ones.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v strace >/dev/null || skip "no strace here"
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
	rm -f "$stick/ONCE/notice.cose" "$W/out"
	chmod 555 "$stick/ONCE"
	refused 43 "onto a stick that may not be written" oncestick accept "$W/two.list" "$stick"
	chmod 777 "$stick/ONCE"
fi
# ---- new codes ---------------------------------------------------------------------------------------------------------------
rm -rf "$W/stick" "$W/issuer" "$W/station" "$W/another"
new_issuer
prepare "$W/folder" "$stick" -n 2 --label "Week 12"
one_code "$W/code"
name=$(oncestick codes --json | jq -r '.sticks[0].stick')
listed() # what books say of codes by state
{
	sqlite3 "$W/issuer/books.sqlite" "select state, count(*) from slot group by state"
}
check "two codes for a stick that is away" oncestick refill "$name" -n 2 -o "$W/F" --session 90m "$pass"
printed '^2 more codes for "Week 12" on stick'
said 'oncestick accept FILE STICK'
check "it can be looked at" oncestick inspect "$W/F"
printed "new codes for stick $name"
check "as JSON, too" oncestick inspect "$W/F" --json
is "with what is signed" "$(jq -r '"\(.kind) \(.grant.codes) \(.grant.refill)"' "$W/out")" "refill 2 1"
nothing "no part of a file is left" find "$W" -maxdepth 1 -name '*part*'
refused 2 "never over a file" oncestick refill "$name" -n 2 -o "$W/F" "$pass"
is "and then there are no more codes" "$(listed)" "$(printf 'issued|1\nready|3')"
refused 2 "nor where none can be made" oncestick refill "$name" -n 2 -o "$W/nowhere/F" "$pass"
refused 10 "a stick that the books do not know" oncestick refill 000000 -n 2 -o "$W/G" "$pass"
refused 10 "a name is no place" oncestick refill "$name" -n 2 "$pass"
said '-o FILE'
refused 41 "codes bound to a device that the books do not know" oncestick refill "$name" -o "$W/G" --bind-usb "$pass"
refused 12 "for a lecture that is not on it" oncestick refill "$name" -o "$W/G" --lecture Other "$pass"
check "no file was made by these" test ! -e "$W/G"
codes "$W/new" 2 "$name"
sed -n 1p "$W/new" >"$W/new1"
sed -n 2p "$W/new" >"$W/new2"
cp -a "$stick" "$W/before"
refused 23 "before the refill a new code opens nothing" oncestick mount "$stick" --code-file "$W/new1"
check "a stick without it comes home, and nothing is missing" oncestick collect "$stick" --json "$pass"
is "as it says" "$(jq -c .missing_lectures "$W/out")" '[]'

check "it is accepted" oncestick accept "$W/F" "$stick"
said '2 new codes for "Week 12"'
# hostile 57: again
refused 51 "once" oncestick accept "$W/F" "$stick"
said 'accepted on this stick before'
check "a new code is good" oncestick rehearse "$stick" --code-file "$W/new1"
check "an old one, too" oncestick rehearse "$stick" --code-file "$W/code"
check "the stick is whole" oncestick verify "$stick"
check "a new code opens" oncestick mount "$stick" --code-file "$W/new1" --json
is "for its own time" "$(jq .remaining_s "$W/out")" 5400
check "it is closed" oncestick unmount --yes
refused 30 "and is spent for good" oncestick mount "$stick" --code-file "$W/new1"
check "it comes home" oncestick collect "$stick" "$pass"
is "and the books know" "$(listed)" "$(printf 'issued|2\nready|1\nspent|1')"

# hostile 57: without its grant, and with the grants of before
cp -a "$stick" "$W/after"
grant=$(ls "$stick/ONCE/g" | grep -vFx "$(ls "$W/before/ONCE/g")")
rm -r "$stick/ONCE/g/$grant"
refused 51 "after its grant was removed" oncestick accept "$W/F" "$stick"
rm -r "$stick/ONCE/g"
cp -a "$W/before/ONCE/g" "$stick/ONCE/g"
refused 51 "after all grants were put back" oncestick accept "$W/F" "$stick"
refused 23 "and then its codes are of no stick" oncestick rehearse "$stick" --code-file "$W/new2"

# hostile 58: order, other sticks
again() # a stick as it was before
{
	rm -rf "$stick"
	cp -a "$W/$1" "$stick"
}
again after
check "a second" oncestick refill "$name" -n 1 -o "$W/two.refill" "$pass"
check "and a third" oncestick refill "$name" -n 1 -o "$W/three.refill" "$pass"
check "the third first" oncestick accept "$W/three.refill" "$stick" --json
is "it says what it is" "$(jq -r '"\(.accepted) \(.codes) \(.label)"' "$W/out")" "codes 1 Week 12"
refused 51 "makes the second void" oncestick accept "$W/two.refill" "$stick"
prepare "$W/folder" "$W/second" -n 1 --label "Week 12" --quiet
refused 50 "onto another stick" oncestick accept "$W/three.refill" "$W/second"
said "is for stick $name"
check "a list comes with codes" oncestick revoke "$name/1" "$pass"
check "another refill" oncestick refill "$name" -n 1 -o "$W/four.refill" "$pass"
check "takes it to the stick" oncestick accept "$W/four.refill" "$stick" --json
is "as it says" "$(jq .written "$W/out")" true
refused 31 "the code is dead there" oncestick mount "$stick" --code-file "$W/code"
check "another refill" oncestick refill "$name" -n 1 -o "$W/five.refill" "$pass"
check "a stick that was prepared anew" oncestick prepare "$W/folder" "$stick" --replace --discard -n 1 "$pass"
refused 50 "has its lecture no more" oncestick accept "$W/five.refill" "$stick"
said 'not on this stick any more'
size=$(stat -c %s "$W/F")
rm -rf "$W/station" # which has seen what follows
again before
for at in 1 40 $((size / 2)) $((size - 2)); do
	cp "$W/F" "$W/bad"
	flip "$W/bad" "$at"
	ends 50 2 -- oncestick accept "$W/bad" "$stick"
	head -c "$at" "$W/F" >"$W/bad"
	ends 50 2 -- oncestick accept "$W/bad" "$stick"
done
refused 51 "the whole one is good, but for a stick that came further" oncestick accept "$W/F" "$W/after"

# hostile 141: a full stick
if [ "$WHO" = root ] && mkdir "$W/full" && mount -t tmpfs -o size=12m none "$W/full" 2>/dev/null; then
	cp -a "$W/before/ONCE" "$W/full"
	head -c 20000000 /dev/zero >"$W/full/fill" 2>/dev/null
	refused 38 "onto a stick that is full" oncestick accept "$W/F" "$W/full"
	said 'Remove files of your own from the stick, but nothing in ONCE'
	nothing "which is as it was" diff -r -x probe "$W/before/ONCE" "$W/full/ONCE"
	truncate -s -16K "$W/full/fill"
	refused 38 "and onto one that is nearly" oncestick accept "$W/F" "$W/full"
	said 'none of it counts yet.*give the same command again'
	check "where the old code is good" oncestick rehearse "$W/full" --code-file "$W/code"
	truncate -s -1M "$W/full/fill"
	check "with room it is accepted" oncestick accept "$W/F" "$W/full"
	umount "$W/full"
fi

# ... and one that can take no more
if [ "$WHO" = root ]; then
	again before
	n=1
	while [ $n -lt 64 ]; do
		oncestick refill "$stick" -n 1 -q "$pass" >"$W/out" 2>"$W/err" </dev/null || die "refill $n"
		n=$((n + 1))
	done
	check "codes for a stick that is away" oncestick refill "$name" --lecture "Week 12" -n 1 -o "$W/sixtyfifth" "$pass"
	refused 38 "which can take no more" oncestick accept "$W/sixtyfifth" "$stick"
	said 'tell whoever sent'
	no grep -q -e --replace "$W/err" || die "whoever has the stick cannot prepare it"
	again before
fi

# at once
i=0
while [ $i -lt 60 ]; do
	(oncestick accept "$W/F" "$stick" >/dev/null 2>&1 </dev/null; echo $? >"$W/at$i") &
	i=$((i + 1))
done
wait
is "sixty at once: one accepts it" "$(cat "$W"/at* | grep -cx 0)" 1
nothing "and the others are told why not" sh -c "cat '$W'/at* | grep -vx -e 0 -e 36 -e 51 || :"
check "its codes are good" oncestick rehearse "$stick" --code-file "$W/new1"

# hostile 59: killed at every system call that changes something
made='mkdirat|openat|pwrite64|fsync|fdatasync|unlinkat|fchmod'
again before
strace -f -qq -o "$W/trace" -e trace="$(echo "$made" | tr '|' ',')" oncestick accept "$W/F" "$stick" >"$W/out" 2>"$W/err" </dev/null ||
	die "accept under strace"
sed -En "/openat.*O_RDONLY/d; s/^[0-9]+ +($made)\(.*/\1/p" "$W/trace" | sort | uniq -c >"$W/kinds"
killed=0
while read -r many name <&9; do
	number=0
	while [ $number -lt "$many" ]; do
		number=$((number + 1))
		[ "$name" != openat ] || number=$((number + 6)) # most of them look
		again before
		at="accept killed at $name number $number"
		strace -f -qq -o "$W/trace" -e trace="$name" -e inject="$name:signal=KILL:when=$number" \
			oncestick accept "$W/F" "$stick" >"$W/out" 2>"$W/err" </dev/null
		ends 0 -- oncestick rehearse "$stick" "--code-file=$W/code"
		! grep -q 'cannot be read' "$W/err" || [ -z "$(ls -A "$stick/ONCE/g/$grant")" ] || die "$at: it is warned of what waits"
		ends 0 51 -- oncestick accept "$W/F" "$stick"
		ends 51 -- oncestick accept "$W/F" "$stick"
		ends 0 -- oncestick rehearse "$stick" "--code-file=$W/new2"
		cmp -s "$stick/ONCE/stick.a" "$stick/ONCE/stick.b" || die "$at: one copy of the record stayed behind"
		killed=$((killed + 1))
	done
done 9<"$W/kinds"
check "killed $killed times, it was accepted, or could be" test $killed -ge 15
finish
