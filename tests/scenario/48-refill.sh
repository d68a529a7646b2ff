# More codes for a lecture that is on a stick already: in hand.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v strace >/dev/null || skip "no strace here"
issued_stick --codes 2 --label "Week 12" --session 2h
media() # what is below b/, byte by byte, and when it was written
{
	find "$stick/ONCE/b" -type f -printf '%p %s %T@\n' -exec sha256sum {} + | sort
}
field() # NAME: of the JSON that was printed
{
	jq -e ".$1" "$W/out"
}

# ---- in hand -----------------------------------------------------------------------------------------------------------------
check "all codes are handed out" oncestick issue "$stick" -n 1 --to Rest "$pass"
refused 14 "none is left" oncestick issue "$stick" -n 1 --to Lee "$pass"
said 'oncestick refill STICK'
media >"$W/before"
cp -a "$stick" "$W/was"
rm -rf "$W/gone" && mv "$W/folder" "$W/gone" # the folder is not needed
check "three more codes" oncestick refill "$stick" -n 3 --session 90m "$pass"
printed '^3 more codes for "Week 12" on stick [0-9a-z]{6} are ready'
said 'oncestick issue'
media >"$W/after"
check "nothing of the media was written" cmp "$W/before" "$W/after"
is "there are two grants over one bundle" "$(ls "$stick/ONCE/g" | wc -l) $(ls "$stick/ONCE/b" | wc -l)" "2 1"
check "as many as were made can be handed out" oncestick issue "$stick" -n 3 --to Lee "$pass"
sed -n 1p "$W/out" >"$W/new"
cp "$W/new" "$W/new1"
sed -n 2p "$W/out" >"$W/new2"
refused 14 "and no more" oncestick issue "$stick" -n 1 --to Lee "$pass"
check "an old code still opens" oncestick rehearse "$stick" --code-file "$W/code"
check "a new one opens" oncestick mount "$stick" --code-file "$W/new1" --json
is "for its own time" "$(field remaining_s)" 5400
check "and shows what was packed" cmp "$W/gone/a.txt" "$(jq -r .mount_point "$W/out")/a.txt"
check "it is closed" oncestick unmount --yes
refused 30 "and is spent for good" oncestick mount "$stick" --code-file "$W/new1"
check "the stick is whole" oncestick verify "$stick"
check "what was used comes home" oncestick collect "$stick" "$pass"
printed 'Lee'

# hostile 80: of several grants of a lecture, one that has as many
check "one is left of a first refill" oncestick refill "$stick" -n 3 "$pass" --quiet
check "and more than that of the next" oncestick refill "$stick" -n 1 "$pass" --quiet
check "three of one" oncestick issue "$stick" -n 3 --to Trio "$pass"
check "the one of the other" oncestick issue "$stick" -n 1 --to Solo "$pass"

# times and answers
check "other windows" oncestick refill "$stick" -n 1 --not-before +1d --expires +2d --session 4h --json "$pass"
is "are as they were said" "$(field 'session_s, .codes')" "$(printf '14400\n1')"
is "in the books, too" "$(sqlite3 "$W/issuer/books.sqlite" 'select (expires - not_before) from grnt order by rowid desc limit 1')" 86400
check "its code" oncestick issue "$stick" -n 1 --to Early "$pass"
cp "$W/out" "$W/early"
refused 32 "is for tomorrow" oncestick mount "$stick" --code-file "$W/early"
refused 2 "a window that is over" oncestick refill "$stick" --expires 2020-01-01 "$pass"
refused 2 "a window the wrong way round" oncestick refill "$stick" --not-before +3d --expires +2d "$pass"
refused 2 "an impossible session" oncestick refill "$stick" --session 30d "$pass"
refused 2 "no codes" oncestick refill "$stick" -n 0 "$pass"
refused 41 "codes of a stick that is no USB device, bound to one" oncestick refill "$stick" --bind-usb "$pass"
said 'bind-usb'

# several lectures
mv "$W/gone" "$W/folder"
prepare "$W/folder" "$stick" --add --label Other --codes 1 --quiet
before=$(ls "$stick/ONCE/g" | wc -l)
refused 2 "which lecture?" oncestick refill "$stick" "$pass"
said '"Week 12" \([0-9a-f]{8}\)'
said '"Other" \([0-9a-f]{8}\)'
said 'lecture LABEL'
refused 12 "one that is not there" oncestick refill "$stick" --lecture None "$pass"
said 'None'
is "and nothing was written" "$(ls "$stick/ONCE/g" | wc -l)" "$before"
check "by its label" oncestick refill "$stick" -n 1 --lecture Other --json "$pass"
is "it is that one" "$(field label)" '"Other"'
bundle=$(jq -r .bundle "$W/out")
check "by the beginning of its id" oncestick refill "$stick" -n 1 --lecture "$(printf %.8s "$bundle")" --json "$pass"
is "it is that one" "$(field label)" '"Other"'

# ---- what cannot be ----------------------------------------------------------------------------------------------------------
refused 10 "no stick there" oncestick refill "$W/nowhere" "$pass"
mkdir "$W/empty"
refused 10 "nothing of oncestick's on it" oncestick refill "$W/empty" "$pass"
nothing "and it stays so" ls -A "$W/empty"
printf 'wrong\n' >"$W/wrong"
refused 61 "another passphrase" oncestick refill "$stick" --lecture Other --passphrase-file "$W/wrong"
for segment in "$stick/ONCE/b"/*/00000000.seg; do mv "$segment" "$segment.away"; done
refused 40 "a stick that lost its media" oncestick refill "$stick" --lecture Other "$pass"
for segment in "$stick/ONCE/b"/*/00000000.seg.away; do mv "$segment" "${segment%.away}"; done
ONCESTICK_ISSUER_DIR=$W/another oncestick init "$pass" >"$W/out" 2>"$W/err" </dev/null || die "another issuer"
refused 13 "another issuer's stick" env ONCESTICK_ISSUER_DIR="$W/another" oncestick refill "$stick" --lecture Other "$pass"

# killed, and given again
keep
made='mkdirat|openat|pwrite64|fsync|fdatasync|renameat|renameat2|rename|unlinkat|fcntl'
strace -f -qq -o "$W/trace" -e trace="$(echo "$made" | tr '|' ',')" oncestick refill "$stick" --lecture Other -n 1 "$pass" \
	>"$W/out" 2>"$W/err" </dev/null || die "refill under strace"
sed -En "s/^[0-9]+ +($made)\(.*/\1/p" "$W/trace" | awk '{ print $1, ++n[$1] }' >"$W/calls"
awk -v all="$(wc -l <"$W/calls")" 'int(NR * 8 / all) > int((NR - 1) * 8 / all)' "$W/calls" >"$W/points"
while read -r name number <&9; do
	restore
	at="refill killed at $name number $number"
	strace -f -qq -o "$W/trace" -e trace="$name" -e inject="$name:signal=KILL:when=$number" \
		oncestick refill "$stick" --lecture Other -n 1 "$pass" >"$W/out" 2>"$W/err" </dev/null
	ends 0 -- oncestick rehearse "$stick" "--code-file=$W/new2"
	ends 0 -- oncestick refill "$stick" --lecture Other -n 1 "$pass"
	ends 0 -- oncestick issue "$stick" -n 1 --lecture Other "$pass"
	cp "$W/out" "$W/again"
	ends 0 -- oncestick rehearse "$stick" "--code-file=$W/again"
done 9<"$W/points"
is "refill was killed $(wc -l <"$W/points") times, and could be given again" "$got" 0
finish
