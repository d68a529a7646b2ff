# The issuer looks into a stick without a code: mount --as-issuer; and takes the key of a lecture out of the keystore: key.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
issued_stick --codes 2 --label "Week 12" --session 2h --expires +1d

as_it_was() # the stick, byte by byte, and when each file was written
{
	(cd "$stick" && find . -type f -printf '%p %s %T@\n' -exec sha256sum {} + | sort)
}
remembered() # what this PC remembers of codes
{
	sqlite3 "$W/station/station.sqlite" 'select count(*) from use' 2>/dev/null || echo 0
}
noted() # VERB: how often the books have it
{
	sqlite3 "$W/issuer/books.sqlite" "select count(*) from event where verb = '$1' and who <> '' and grant_id is not null"
}
open_now() # FILTER: of the one folder that is open
{
	oncestick status --json | jq -r ".open[0]$1"
}
gone()
{
	! mounted "$folder" && [ ! -e "$folder" ]
}

# ---- looking in ----------------------------------------------------------------------------------------------------------------
as_it_was >"$W/before"
check "the issuer opens the stick" oncestick mount "$stick" --as-issuer "$pass" --json
said 'no code is used up'
folder=$(jq -r .mount_point "$W/out")
is "for as long as a code would, and as the issuer" "$(jq -r '"\(.remaining_s) \(.as_issuer) \(.resumed)"' "$W/out")" "7200 true false"
check "what was packed is there" cmp "$W/folder/clips/film.bin" "$folder/clips/film.bin"
refused 36 "once at a time" oncestick mount "$stick" --as-issuer "$pass"
said "already, at $folder"
check "it is listed" oncestick status
printed 'opened by the issuer'
is "for programs, too" "$(open_now .as_issuer)" true
as_it_was >"$W/after"
check "nothing was written on the stick" cmp "$W/before" "$W/after"
is "nothing is remembered" "$(remembered)" 0
check "a speaker is not in its way" oncestick rehearse "$stick" --code-file "$W/code"
check "it ends without a question, and is never paused" oncestick unmount --pause --json
is "it ended" "$(jq -r '"\(.paused) \(.remaining_s)"' "$W/out")" "false 0"
check "the folder is gone" gone
is "the books have it" "$(noted 'mount --as-issuer')" 1
check "and say so" oncestick report
printed 'mount --as-issuer'
check "the code opens as ever" oncestick mount "$stick" --code-file "$W/code"
check "and is used up" oncestick unmount --yes

# whatever pauses others
check "again" oncestick mount "$stick" --as-issuer "$pass"
folder=$(cat "$W/out")
kill -TERM "$(open_now .pid)"
wait_until 10 gone
check "killed without a word" oncestick mount "$stick" --as-issuer "$pass"
folder=$(cat "$W/out")
kill -KILL "$(open_now .pid)"
wait_until 10 gone

# times, revocations and write protection do not count
check "all is revoked" oncestick revoke --stick "$(oncestick codes --json | jq -r '.sticks[0].stick')" --yes "$pass"
check "a stick whose codes are dead" oncestick mount "$stick" --as-issuer "$pass"
check "ended" oncestick unmount --yes
prepare "$W/folder" "$W/later" --not-before +10d --expires +20d --codes 1 --label Later
check "one that cannot be opened yet" oncestick mount "$W/later" --as-issuer "$pass"
check "ended" oncestick unmount

chmod -R a-w "$W/later"
check "nor does it matter that nothing can be written to it" oncestick mount "$W/later" --as-issuer "$pass"
check "ended" oncestick unmount
chmod -R u+w "$W/later"

# which lecture
prepare "$W/folder" "$W/later" --add --label Other --codes 1
refused 2 "which of the two?" oncestick mount "$W/later" --as-issuer "$pass"
said '"Later" \([0-9a-f]{8}\)'
refused 12 "one that is not there" oncestick mount "$W/later" --as-issuer --lecture None "$pass"
check "the one that is named" oncestick mount "$W/later" --as-issuer --lecture Other "$pass" --json
is "it is that" "$(jq -r .label "$W/out")" Other
check "ended" oncestick unmount

# ---- the key ---------------------------------------------------------------------------------------------------------------------
as_it_was >"$W/before"
check "the key is printed" oncestick key "$stick" --yes "$pass"
printed '^[0-9a-f]{64}$'
said 'without a code, on every stick'
cp "$W/out" "$W/key"
is "and nothing else" "$(wc -l <"$W/key")" 1
check "a program of one's own lists the lecture" "$ONCE_BUILD/doc/example" "$stick" "$W/key"
printed 'film.bin'
"$ONCE_BUILD/doc/example" "$stick" - clips/film.bin <"$W/key" >"$W/film" || die "the example reads no file"
check "and reads a file of it" cmp "$W/folder/clips/film.bin" "$W/film"
check "of another stick it is not the key" no "$ONCE_BUILD/doc/example" "$W/later" "$W/key"
said 'no bundle has this key'
check "that has its own" oncestick key "$W/later" --lecture Other --yes "$pass"
cp "$W/out" "$W/key2"
check "which opens there" "$ONCE_BUILD/doc/example" "$W/later" "$W/key2"
is "the books have both" "$(noted key)" 2
as_it_was >"$W/after"
check "nothing was written on the stick" cmp "$W/before" "$W/after"
refused 24 "nobody to ask" oncestick key "$stick" "$pass"
refused 2 "which lecture?" oncestick key "$W/later" --yes "$pass"
refused 10 "no stick" oncestick key "$W/folder" --yes "$pass"
nothing_came() # what was refused has printed nothing
{
	[ ! -s "$W/out" ]
}
echo wrong horse >"$W/wrong"
refused 61 "a wrong passphrase" oncestick key "$stick" --yes --passphrase-file "$W/wrong"
nothing_came || die "something was printed"
is "the books have no more than that" "$(noted key)" 2
refused 1 "nowhere to print it" sh -c 'exec oncestick key "$@" >/dev/full' sh "$stick" --yes "$pass"

# ---- what is refused -------------------------------------------------------------------------------------------------------------
marks=$(noted 'mount --as-issuer')
refused 61 "a wrong passphrase" oncestick mount "$stick" --as-issuer --passphrase-file "$W/wrong"
refused 2 "a code and a passphrase" oncestick mount "$stick" --as-issuer --code-file "$W/code" "$pass"
refused 2 "a passphrase for nothing" oncestick mount "$stick" "$pass"
refused 2 "a lecture for nothing" oncestick mount "$stick" --lecture Other --code-file "$W/code"
refused 60 "no issuer here" env ONCESTICK_ISSUER_DIR="$W/nobody" oncestick mount "$stick" --as-issuer "$pass"
check "another issuer" env ONCESTICK_ISSUER_DIR="$W/issuer2" oncestick init "$pass"
refused 13 "has no key to it" env ONCESTICK_ISSUER_DIR="$W/issuer2" oncestick key "$stick" --yes "$pass"
refused 13 "and cannot look" env ONCESTICK_ISSUER_DIR="$W/issuer2" oncestick mount "$stick" --as-issuer "$pass"
said 'locked by another issuer, [0-9a-f:]{24}'
is "none of these is in the books" "$(noted 'mount --as-issuer')" "$marks"
if [ "$WHO" != root ]; then
	chmod a-w "$W/issuer"/books.sqlite* "$W/issuer"
	refused 62 "what cannot be noted is not opened" oncestick mount "$stick" --as-issuer "$pass"
	chmod u+w "$W/issuer" "$W/issuer"/books.sqlite*
fi
check "no folder is open" oncestick status
nothing "none at all" oncestick status
finish
