# A backup of the issuer, and the issuer from it; a directory that was put back by hand. Whatever happens, no code goes to two people.
. "$ONCE_TESTS/scenario/scenario.sh"
command -v sqlite3 >/dev/null || skip "no sqlite3 here"
pass="--passphrase-file=$W/pass"
stick=$W/stick file=$W/backup
mkdir "$W/folder" "$W/other" && echo film >"$W/folder/film"
new_issuer
prepare "$W/folder" "$stick" --codes 6

twice() # the codes that were shown more than once
{
	sort "$W/shown" | uniq -d
}
issue() # HOLDER: what is shown is kept
{
	oncestick issue "$stick" -n 1 --to "$1" "$pass" >"$W/out" 2>"$W/err" </dev/null
	got=$?
	cat "$W/out" >>"$W/shown"
	return "$got"
}

# ---- a directory that was put back by hand
cp -a "$W/issuer" "$W/old"
check "Kim gets a code" issue Kim
rm -rf "$W/issuer" && cp -a "$W/old" "$W/issuer"
refused 62 "books that were put back hand out nothing" oncestick issue "$stick" -n 1 --to Lee "$pass"
said "older than those that were used here on .*restore --adopt"
refused 62 "... nor is a lecture written from them" oncestick prepare "$W/folder" "$stick" --add "$pass"
refused 62 "... nor more codes made" oncestick refill "$stick" "$pass"
rm -rf "$W/issuer" && cp -a "$W/old" "$W/issuer"
check "but they can be looked at" oncestick codes
said "older copy.*restore --adopt"
check "... and kept" oncestick backup "$W/of-the-old"
said "older copy.*restore --adopt"
if command -v faketime >/dev/null; then
	refused 2 "they are not adopted with a clock that is behind what they signed" faketime -f -2d oncestick restore --adopt --yes
	said "Set the clock first"
	mark=$(ls "$W/station"/books-*)
	cp "$mark" "$W/mark"
	awk '{ print $1, $2, $3 + 7200 }' "$W/mark" >"$mark"
	refused 2 "... nor behind the newer ones that were used here" oncestick restore --adopt --yes
	said "were used here on .*clock-is-right"
	cp "$W/mark" "$mark"
	is "... and nothing was changed by that" "$(sqlite3 "$W/issuer/books.sqlite" "select count(*) from slot where state = 'ready'")" 6
fi
refused 24 "nobody goes on with them by accident" oncestick restore --adopt
check "they are adopted" oncestick restore --adopt --yes --json
printed '"counted_as_issued": 6'
refused 14 "and have no code to hand out" oncestick issue "$stick" -n 1 --to Lee "$pass"
check "codes: all may be somebody's" oncestick codes "$stick"
printed "before the restore"
check "more are made" oncestick refill "$stick" -n 3 "$pass"
check "Lee gets one of them" issue Lee
is "no code was shown twice" "$(twice)" ""

# ... on another PC, whose memory knows nothing: by the list on the stick
mv "$W/station" "$W/station.here"
check "a code is revoked, and the stick has the list" oncestick revoke --holder Lee --at "$stick" "$pass" --yes
mv "$W/issuer" "$W/newer" && cp -a "$W/old" "$W/issuer" && rm -rf "$W/station"
refused 62 "a stick with a newer list gives it away" oncestick issue "$stick" -n 1 --to Zoe "$pass"
said "older copy.*restore --adopt"
refused 62 "... which is remembered in the books" oncestick prepare "$W/folder" "$W/other" "$pass"
check "... and a report of them" oncestick report
said "older copy.*restore --adopt"
rm -rf "$W/issuer" "$W/station" && mv "$W/newer" "$W/issuer" && mv "$W/station.here" "$W/station"
check "the newer ones hand out" issue Zoe

# ... or by a code that comes home used
if [ -c /dev/fuse ] && [ -w /dev/fuse ]; then
	cp -a "$W/issuer" "$W/older"
	oncestick issue "$stick" -n 1 --to Pam "$pass" >"$W/code" 2>"$W/err" </dev/null || die "issue"
	check "Pam uses a code" oncestick mount "$stick" --code-file "$W/code"
	check "... up" oncestick unmount --yes
	mv "$W/issuer" "$W/newer" && cp -a "$W/older" "$W/issuer" && mv "$W/station" "$W/station.here"
	check "it comes home to books that never handed it out" oncestick collect "$stick" "$pass"
	said "older copy.*restore --adopt"
	refused 62 "... which hand out nothing any more" oncestick issue "$stick" -n 1 --to Zoe "$pass"
	said "older copy.*restore --adopt"
	rm -rf "$W/issuer" "$W/station" && mv "$W/newer" "$W/issuer" && mv "$W/station.here" "$W/station"
	check "it comes home to those that did" oncestick collect "$stick" "$pass"
	ends 0 -- oncestick refill "$stick" -n 1 "$pass"
fi

# ---- a backup
check "a backup is made" oncestick backup "$file"
is "it is the owner's" "$(stat -c %a "$file")" 600
is "it is an SQLite file" "$(sqlite3 "$file" 'pragma quick_check')" ok
is "its keystore is sealed as the issuer's is" "$(sqlite3 "$file" "select hex(v) from backup where k = 'keystore'")" \
	"$(od -An -tx1 -v "$W/issuer/keystore.cbor" | tr -d ' \n' | tr a-f A-F)"
refused 2 "it is never written over" oncestick backup "$file"
refused 2 "nor made where there is no directory" oncestick backup "$W/none/backup"
check "it is tried" oncestick restore --test "$file" "$pass" --json
printed '"action": "test"' && printed '"ready": 1'
sha256sum "$file" "$W/issuer"/* >"$W/sums"
refused 60 "nothing is restored over an issuer" oncestick restore "$file" "$pass"
printf 'wrong\n' >"$W/wrong"
refused 61 "nor tried with another passphrase" oncestick restore --test "$file" --passphrase-file "$W/wrong"
refused 62 "what is no backup is refused" oncestick restore --test "$W/issuer/books.sqlite" "$pass"
refused 62 "... and what is not there" oncestick restore --test "$W/none" "$pass"
refused 2 "a file has to be named" oncestick restore "$pass"
check "and nothing of all that wrote anything" sha256sum -c --quiet "$W/sums"

mv "$W/issuer" "$W/lost"
size=$(stat -c %s "$file") at=0 n=0
while [ $at -lt "$size" ]; do
	cp "$file" "$W/spoilt"
	flip "$W/spoilt" $((at + (n * 1009 + 68) % 4096))
	oncestick restore "$W/spoilt" "$pass" >"$W/out" 2>"$W/err" </dev/null
	got=$?
	[ $got -eq 62 ] || die "one bit of the page at $at is another one: exit $got"
	[ ! -e "$W/issuer" ] || die "one bit of the page at $at is another one, and something was written"
	at=$((at + 4096)) n=$((n + 1))
done
is "one bit is another one in each 4 KiB: refused, nothing written" $n $(((size + 4095) / 4096))
head -c $((size - 4096)) "$file" >"$W/spoilt"
refused 62 "so is one that is cut short" oncestick restore "$W/spoilt" "$pass"

# ---- the issuer from it
check "what was handed out since is not in it" mv "$W/lost" "$W/issuer"
check "Max gets the last code" issue Max
mv "$W/issuer" "$W/lost"
check "the issuer is restored" oncestick restore "$file" "$pass"
said "1 code was ready.* it counts as handed out"
said "oncestick refill STICK"
is "its directory is the owner's" "$(stat -c %a "$W/issuer" "$W/issuer/books.sqlite" "$W/issuer/keystore.cbor" | tr '\n' ' ')" "700 600 600 "
refused 14 "Max's code goes to nobody else" oncestick issue "$stick" -n 1 --to Ann "$pass"
is "refills that may be out are skipped" "$(sqlite3 "$W/issuer/books.sqlite" 'select next_n >= 64 from stick')" 1
check "the stick is collected" oncestick collect "$stick" "$pass"
check "more codes are made" oncestick refill "$stick" -n 1 "$pass"
check "Ann gets one" issue Ann
is "no code was shown twice" "$(twice)" ""
is "nobody has two" "$(sort "$W/shown" | uniq | wc -l)" "$(wc -l <"$W/shown")"
rm -rf "$W/issuer"
check "who knows that none was handed out says so" oncestick restore "$file" --nothing-issued-since "$pass" --json
printed '"counted_as_issued": 0'
check "and they still are ready" oncestick issue "$stick" -n 1 --to Max "$pass"

rm -rf "$W/issuer"
ends 0 -- oncestick restore "$file" --nothing-issued-since "$pass"
check "a memory that cannot be written stops nobody" \
	env ONCESTICK_STATION_DIR="$W/pass/none" oncestick issue "$stick" -n 1 --to Max "$pass"
is "... but is said, once" "$(grep -c 'cannot be written' "$W/err")" 1

# ---- a disk that is full, a directory that is somebody else's
rm -rf "$W/issuer"
(ulimit -f 16; trap '' XFSZ; oncestick restore "$file" "$pass") >"$W/out" 2>"$W/err" </dev/null
got=$?
is "no room: refused" $got 62
check "... and no issuer" test ! -e "$W/issuer/keystore.cbor"
is "... nor remains" "$(ls "$W/issuer")" ""
check "with room it is restored there" oncestick restore "$file" "$pass"
(ulimit -f 16; trap '' XFSZ; oncestick backup "$W/small") >"$W/out" 2>"$W/err" </dev/null
got=$?
is "no room for a backup: refused" $got 62
said "cannot be written"
is "... and nothing is left of it" "$(ls "$W" | grep -c small)" 0

if command -v strace >/dev/null; then
	refused 62 "a stick that fails while it is written" \
		strace -f -qq -o "$W/trace" -e trace=pwrite64 -e inject=pwrite64:error=EIO oncestick backup "$W/failing"
	said 'failing cannot be written: Input/output error'
	nothing "... and no part of it is left" find "$W" -name 'failing*'
fi

# ---- four who hand out while a backup is made
rm -rf "$W/issuer"
ends 0 -- oncestick restore "$file" --nothing-issued-since "$pass"
check "more codes are made" oncestick refill "$stick" -n 12 "$pass"
for who in 1 2 3 4; do
	(for n in 1 2 3; do oncestick issue "$stick" -n 1 --to "Desk $who" "$pass" </dev/null >>"$W/desk.$who" 2>>"$W/desk.err"; done; true >"$W/done.$who") &
done
n=0
until [ $n -gt 0 ] && [ -e "$W/done.1" ] && [ -e "$W/done.2" ] && [ -e "$W/done.3" ] && [ -e "$W/done.4" ]; do
	n=$((n + 1))
	oncestick backup "$W/busy.$n" -q </dev/null >"$W/out" 2>"$W/err" || die "backup $n while others write"
done
wait
is "four hand out meanwhile, each code once" "$(cat "$W"/desk.[1-4] | sort -u | wc -l)" 12
check "what was copied in between is whole" oncestick restore --test "$W/busy.1" "$pass"
check "... as is the last" oncestick restore --test "$W/busy.$n" "$pass"

# ---- killed at system calls, as in 13-killed-verbs.sh
if command -v strace >/dev/null; then
	calls=openat,pwrite64,write,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,ftruncate,fcntl
	rm -rf "$W/issuer"
	strace -f -qq -o "$W/trace" -e trace=$calls oncestick restore "$file" "$pass" >"$W/out" 2>"$W/err" </dev/null || die "under strace"
	sed -En 's/^[0-9]+ +([a-z0-9]+)\(.*/\1/p' "$W/trace" | awk '{ print $1, ++n[$1] }' >"$W/calls"
	from=$(grep -n restored "$W/trace" | head -1 | cut -d: -f1)
	awk -v from="$from" 'NR >= from && (NR - from) % 7 == 0' "$W/calls" >"$W/points"
	killed=0
	while read -r name number <&9; do
		rm -rf "$W/issuer"
		strace -f -qq -o "$W/trace" -e trace="$name" -e inject="$name:signal=KILL:when=$number" \
			oncestick restore "$file" "$pass" >"$W/out" 2>"$W/err" </dev/null
		[ $? -ne 137 ] || killed=$((killed + 1))
		at="restore killed at $name number $number"
		[ -e "$W/issuer/keystore.cbor" ] || ends 0 -- oncestick restore "$file" "$pass"
		ends 14 -- oncestick issue "$stick" -n 1 --to Ann "$pass"
		is_whole=$(sqlite3 "$W/issuer/books.sqlite" "pragma integrity_check")
		[ "$is_whole" = ok ] || die "$at: $is_whole"
	done 9<"$W/points"
	check "restore was killed $killed times, and there was no issuer or a whole one" test $killed -gt 5
fi
finish
