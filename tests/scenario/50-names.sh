# Names of holders: one that was mistyped is corrected, and one that nobody has gets an answer that helps.
. "$ONCE_TESTS/scenario/scenario.sh"
books=$W/issuer/books.sqlite
issued_stick --codes 6 --label Birds
name=$(oncestick codes --json | jq -r '.sticks[0].stick')
holders() { oncestick codes "$name" --json | jq -r '[.codes[].holder] | join("|")'; }

check "codes for two" oncestick issue "$stick" -n 2 --to 'Kim, hal 3' "$pass"
check "and for another" oncestick issue "$stick" -n 1 --to 'Müller' "$pass"
is "the first is of the sample" "$(holders)" 'Test|Kim, hal 3|Kim, hal 3|Müller||'

# ---- correcting --------------------------------------------------------------------------------------------------------------
check "a slip is corrected" oncestick codes --rename 'Kim, hal 3' 'Kim, hall 3'
said '2 codes are noted for "Kim, hall 3" now'
is "on all codes" "$(holders)" 'Test|Kim, hall 3|Kim, hall 3|Müller||'
is "the log has what was written, and the change" "$(sqlite3 "$books" "SELECT verb, holder, detail FROM event WHERE slot = 1")" \
	"issue|Kim, hal 3|
rename|Kim, hall 3|"
check "one code" oncestick codes --rename "$name/3" 'Lee' --json
is "as JSON" "$(jq -c . "$W/out")" '{"renamed":1}'
check "again" oncestick codes --rename "$name/3" 'Lee'
said 'Lee" already'
is "is noted for another" "$(holders)" 'Test|Kim, hall 3|Lee|Müller||'
before=$(sqlite3 "$books" "SELECT count(*), group_concat(holder) FROM event")
refused 2 "a code that nobody has" oncestick codes --rename "$name/5" 'Lee'
said "$name/5 has not been handed out.*oncestick issue"
refused 23 "a code that is not" oncestick codes --rename "$name/99" 'Lee'
refused 2 "no new name" oncestick codes --rename Lee
refused 2 "an empty one" oncestick codes --rename Lee ''
refused 2 "an empty old one" oncestick codes --rename '' Lee
refused 2 "one with a line in it" oncestick codes --rename Lee "$(printf 'a\nb')"
refused 2 "one that is too long" oncestick codes --rename Lee "$(printf '%300s' x)"
is "nothing was changed" "$(sqlite3 "$books" "SELECT count(*), group_concat(holder) FROM event")" "$before"

# ---- names that look like those of codes
refused 14 "nobody becomes nobody" oncestick codes --rename Nobody Nobody
said 'nobody called "Nobody" is in the books'
for odd in "$name/6" 7kq241/2; do
	check "somebody is called like a code" oncestick codes --rename "$name/4" "$odd"
	check "and can be called otherwise" oncestick codes --rename "$odd" 'Müller'
	said '1 code is noted for "Müller" now'
	is "by that name" "$(holders)" 'Test|Kim, hall 3|Lee|Müller||'
done
check "one is called like a code that somebody else has" oncestick codes --rename "$name/4" "$name/3"
check "it is the one with the name" oncestick codes --rename "$name/3" 'Müller'
said 'there is a holder called.*give the command again'
is "and nobody else" "$(holders)" 'Test|Kim, hall 3|Lee|Müller||'

# ---- did you mean --------------------------------------------------------------------------------------------------------------
for old in 'Kim, hal 3' 'kim hall 3' 'KIM, HALL 3' 'Kim'; do
	refused 14 "nobody is called $old" oncestick codes --rename "$old" X
	said "did you mean \"Kim, hall 3\"\\?"
done
refused 14 "revoke" oncestick revoke --holder Muller --yes "$pass"
said 'did you mean "Müller"\?'
refused 14 "issue --again" oncestick issue --again MÜLLER "$pass"
said 'did you mean "Müller"\?'
refused 14 "forget" oncestick forget Leee --yes
said 'did you mean "Lee"\?'
refused 14 "report" oncestick report --holder lee
said 'did you mean "Lee"\?'
refused 14 "nobody is near" oncestick revoke --holder Zacharias --yes "$pass"
said "oncestick codes STICK"
no grep -q 'did you mean' "$W/err" || die "somebody else is taken for him"
check "who has only revoked codes" oncestick revoke --holder Lee --yes "$pass"
refused 14 "is not named as one who has some" oncestick issue --again lee "$pass"
no grep -q 'did you mean' "$W/err" || die "it would not help"

# ---- forgetting ------------------------------------------------------------------------------------------------------------------
traces() { cat "$W"/issuer/books.sqlite* | strings -n 3 | grep -c -F "$1"; }
no test "$(traces 'Kim, hal 3')" -eq 0 || die "the log does not have the old name"
check "the old name alone" oncestick forget 'Kim, hal 3' --yes
is "is gone from the file" "$(traces 'Kim, hal 3')" 0
is "the new one is not" "$(holders)" 'Test|Kim, hall 3|Lee|Müller||'
refused 14 "a name that is forgotten already" oncestick forget 'Kim, hal 3' --yes
said 'is in the books, or no longer'
finish
