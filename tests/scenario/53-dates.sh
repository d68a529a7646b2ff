# Dates as people write them, wherever a time is asked for: read in the order of the locale, repeated whole, refused where they are not
# clear.
. "$ONCE_TESTS/scenario/scenario.sh"
export TZ=CET-1CEST,M3.5.0,M10.5.0/3
new_issuer
mkdir "$W/locales" "$W/stick"
command -v localedef >/dev/null || skip "no localedef"
for l in de_DE en_GB en_US ko_KR; do
	sed -n -e '/^\(comment\|escape\)_char/p' -e '/^LC_TIME/,/^END LC_TIME/p' /usr/share/i18n/locales/$l >"$W/locale" 2>"$W/err"
	localedef -c -i "$W/locale" -f UTF-8 "$W/locales/$l.UTF-8" >"$W/out" 2>"$W/err"
	[ -e "$W/locales/$l.UTF-8/LC_TIME" ] || skip "no sources of locales (Debian: locales)"
done
as_in() # LOCALE COMMAND...: times as there, words in English
{
	in=$1
	shift
	env LOCPATH="$W/locales" LC_ALL= LC_CTYPE=C.UTF-8 LC_TIME="$in" "$@"
}

# every option that takes a time
sample "$W/folder"
check "a lecture" as_in de_DE.UTF-8 oncestick prepare "$W/folder" "$W/stick" --passphrase-file "$W/pass" -n 1 --lecture "24.12.2040 18:00"
said '^lecture: Mon 24 Dec 2040 at 18:00 CET'
check "from and until" as_in en_US.UTF-8 oncestick refill "$W/stick" --passphrase-file "$W/pass" -n 1 --not-before "12/24/2040 6:30 pm" \
	--expires "Dec 25, 2040"
said '^not-before: Mon 24 Dec 2040 at 18:30 CET'
said '^expires: Tue 25 Dec 2040 at 23:59 CET'
check "what is past" oncestick report --from "1 Jan" --to today
said '^from: [A-Z][a-z][a-z] 1 Jan 20[0-9][0-9] at 00:00 CET'
said '^to: [A-Z][a-z][a-z] .* at 23:59 CES?T'
check "names of long ago" oncestick forget --before "3 March 2020" --yes
said '^before: Tue 3 Mar 2020'
refused 2 "names of a day to come" oncestick forget --before tomorrow --yes

# whose order
from() # LOCALE TEXT DAY
{
	check "$1: $2" as_in "$1" oncestick report --from "$2"
	said "^from: $3 at 00:00 CES?T"
}
from de_DE.UTF-8 03/04/2020 'Fri 3 Apr 2020'
from en_GB.UTF-8 03/04/2020 'Fri 3 Apr 2020'
from en_US.UTF-8 03/04/2020 'Wed 4 Mar 2020'
from ko_KR.UTF-8 '2020년 4월 3일' 'Fri 3 Apr 2020'
from de_DE.UTF-8 '3. April 2020' 'Fri 3 Apr 2020'
from C.UTF-8 25/04/2020 'Sat 25 Apr 2020'
for l in C C.UTF-8 ko_KR.UTF-8; do
	refused 2 "$l: which of the two?" as_in $l oncestick report --from 03/04/2020
	said "'03/04/2020' can mean Fri 3 Apr 2020 at 00:00 CEST or Wed 4 Mar 2020 at 00:00 CET"
done
refused 2 "a clock time or a date?" oncestick report --from 9.05
said "can mean .* at 09:05 CES?T or .* 9 May 20"
refused 2 "another day of the week" oncestick report --from "Sun 3 Apr 2020"
said 'is not a time; write 2026-11-24 18:00, 24 Nov 18:00'
refused 2 "no day" oncestick prepare "$W/folder" "$W/stick" --add --passphrase-file "$W/pass" --expires "31.2.2040"
said 'expires: .31\.2\.2040. is not a time'
finish
