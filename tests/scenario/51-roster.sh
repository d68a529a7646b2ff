# An office: forty speakers, ten sticks, three commands. Everybody's cards work, and one bad row changes nothing.
. "$ONCE_TESTS/scenario/scenario.sh"

new_issuer
mkdir "$W/folder"
echo hello >"$W/folder/a.txt"
sticks=
for n in 0 1 2 3 4 5 6 7 8 9; do
	mkdir "$W/stick$n"
	sticks="$sticks $W/stick$n"
done
names()
{
	oncestick codes --json | jq -r '.sticks[].stick'
}
books() # what there is to lose: who has which code, and what was done
{
	sqlite3 "$ONCESTICK_ISSUER_DIR/books.sqlite" 'SELECT hex(grant_id), slot, state, holder FROM slot; SELECT max(no) FROM event'
}
ready()
{
	oncestick codes --json | jq '[.sticks[].ready] | add'
}
roster()
{
	oncestick issue --roster "$@" --passphrase-file "$W/pass"
}

# ---- three commands ----------------------------------------------------------------------------------------------------------
# shellcheck disable=SC2086 # a list
check "ten sticks are prepared" oncestick prepare "$W/folder" $sticks -n 16 --label "Week 12" --passphrase-file "$W/pass"
where() # each stick's name, and where it is
{
	for n in 0 1 2 3 4 5 6 7 8 9; do
		echo "$(oncestick inspect "$W/stick$n" --json | jq -r .stick) $W/stick$n"
	done
}
where >"$W/where"
while read -r name at; do
	check "READ ME FIRST has the stick's name" grep -q "$name" "$at/READ ME FIRST.txt"
done <"$W/where"

names >"$W/names"
# Every fourth with the name of a stick, every second in German; in an order that is not that of the names.
seq 40 | shuf --random-source="$ONCE_TESTS/vectors.txt" | while read -r n; do
	stick=
	if [ $((n % 4)) -eq 0 ]; then
		stick=$(sed -n "$((n / 8 % 3 + 1))p" "$W/names")
	fi
	printf '"Speaker %02d, hall %d",%s,2,%s\r\n' "$n" $((n % 4)) "$stick" "$([ $((n % 2)) -eq 0 ] && echo de)"
done >"$W/rows"
{ printf '\357\273\277Holder,Stick,Codes,Language\r\n' && cat "$W/rows"; } >"$W/roster.csv"

check "what would be is shown" oncestick issue --roster "$W/roster.csv" --dry-run --json </dev/null
cp "$W/out" "$W/plan"
is "it has all rows" "$(jq '.rows | length' "$W/plan")" 40
is "nothing was handed out by that" "$(ready)" 160
check "... and as a table" oncestick issue --roster "$W/roster.csv" --dry-run
is "a line for each" "$(grep -c 'Speaker' "$W/out")" 40
check "everybody gets cards" roster "$W/roster.csv" --sheet "$W/all.pdf" --paper a4 --list "$W/list.csv" --format csv
cp "$W/out" "$W/codes.csv"
is "eighty codes are handed out" "$(ready)" 80
is "... for forty" "$(books | cut -d '|' -f 4 | grep -c Speaker) $(books | grep Speaker | cut -d '|' -f 4 | sort -u | wc -l)" "80 40"

cat >"$W/read.py" <<'END'
import csv, json, sys
print(json.dumps([r for r in csv.DictReader(open(sys.argv[1], newline=""))]))
END
python3 "$W/read.py" "$W/codes.csv" >"$W/codes.json"
python3 "$W/read.py" "$W/list.csv" >"$W/list.json"
is "sorted by holder" "$(jq '[.[].holder] == ([.[].holder] | sort)' "$W/codes.json")" true
is "as in the plan" "$(jq -c '[.rows[] | [.holder, .stick]] | unique' "$W/plan")" \
	"$(jq -c '[.[] | [.holder, .stick]] | unique' "$W/list.json")"
is "the list has every code's id" "$(jq -c '[.[].id]' "$W/list.json")" "$(jq -c '[.[].id]' "$W/codes.json")"
jq -r '.[].code' "$W/codes.json" >"$W/codes"
while read -r code; do
	! grep -q -- "$code" "$W/list.csv" || die "a code is in the list"
done <"$W/codes"
is "all sticks are used" "$(jq '[.[].stick] | unique | length' "$W/list.json")" 10

# ---- the cards ---------------------------------------------------------------------------------------------------------------
for program in pdftotext pdftoppm zbarimg; do
	command -v $program >/dev/null || skip "no $program"
done
is "fourteen pages" "$(pdfinfo "$W/all.pdf" | sed -n 's/^Pages: *//p')" 14
for x in 50 525; do
	for y in 50 505 960; do # one card of each page, as in 24-sheets
		pdftoppm -r 127 -gray -x $x -y $y -W 475 -H 455 "$W/all.pdf" "$W/card-$x-$y"
	done
done
zbarimg -q --raw "$W"/card-*.pgm >"$W/seen" 2>"$W/err"
is "every QR code is read, and is a code that was handed out" "$(sort "$W/seen")" "$(sort "$W/codes")"
pdftotext -layout "$W/all.pdf" "$W/text"
check "cards say which is the spare" test "$(grep -o 'spare, card 2 of 2' "$W/text" | wc -l)" -ge 20
is "... and which one is not" "$(grep -o '  card 1 of 2' "$W/text" | wc -l)" 20
is "half of them are in German" "$(grep -o 'Karte 1 von 2' "$W/text" | wc -l)" 20
is "all say how to try them" "$(pdftotext "$W/all.pdf" - | grep -o 'oncestick.rehearse' | wc -l)" 80

shuf -n 20 --random-source="$ONCE_TESTS/vectors.txt" "$W/list.csv" | grep -v '^holder' | sed -n 's/.*",\([^,]*\),\([^,]*\),.*/\1 \2/p' >"$W/some"
while read -r id name; do
	jq -r --arg id "$id" '.[] | select(.id == $id) | .code' "$W/codes.json" >"$W/code"
	check "the code $id would open its stick" oncestick rehearse "$(sed -n "s/^$name //p" "$W/where")" --code-file "$W/code"
done <"$W/some"

# ---- twice -------------------------------------------------------------------------------------------------------------------
books >"$W/before"
refused 2 "the roster again, by accident" roster "$W/roster.csv" --sheet "$W/again.pdf"
said 'have unused codes already: .*Speaker'
said '--already again'
check "the same codes again" roster "$W/roster.csv" --already again --format csv
is "are the same" "$(cut -d , -f 1-3 "$W/out" | sort)" "$(cut -d , -f 1-3 "$W/codes.csv" | sort)"
check "all have some" roster "$W/roster.csv" --already skip --sheet "$W/none.pdf"
check "so there is no sheet" test ! -e "$W/none.pdf"
printf '\357\273\277holder;codes\r\n"Speaker 01, hall 1";1\r\nM\303\274ller/2;1\r\n.hidden;1\r\nM\303\274ller_2 (2);1\r\nWho?;1\r\n' >"$W/more.csv"
check "four more, and one again, a file for each" roster "$W/more.csv" --already again --sheets "$W/sheets"
is "files are called like people" "$(ls -A "$W/sheets" | tr '\n' '|')" "$(printf '_hidden (1).pdf|Müller_2 (2).pdf|Müller_2 (2) (2).pdf|Speaker 01, hall 1.pdf|Who_ (5).pdf|' |
	tr '|' '\n' | LC_ALL=C.UTF-8 sort | tr '\n' '|')"
is "only their owner reads them" "$(stat -c %a "$W/sheets" "$W"/sheets/*.pdf | sort -u | tr '\n' ' ')" "600 700 "

# ---- nothing is handed out ---------------------------------------------------------------------------------------------------
books >"$W/before"
sed '18s/,2,/,two,/' "$W/roster.csv" >"$W/bad.csv"
refused 2 "a bad row 17" roster "$W/bad.csv" --sheet "$W/new.pdf" --already more
said 'bad.csv, line 18, column 3: "two" is not a number'
bad() # EXIT DESCRIPTION WHAT-IT-SAYS ARGUMENT...: of $W/bad.csv
{
	want=$1 what=$2 says=$3
	shift 3
	refused "$want" "$what" roster "$W/bad.csv" --sheet "$W/new.pdf" "$@"
	said "$says"
}
one=$(names | head -n 1)
printf 'holder,stick\nNew,%su\n' "${one%?}" >"$W/bad.csv"
bad 10 "a stick that there is not" "line 2, column 2: .*did you mean $one"
printf 'holder,stick,codes\nNew,%s,1000\n' "$one" >"$W/bad.csv"
bad 14 "too few codes" "stick $one has .* not 1000.*refill $one"
printf 'holder,codes\nNew,1000\n' >"$W/bad.csv"
bad 14 "no stick has so many" 'refill'
printf 'holder\nM\374ller\n' >"$W/bad.csv"
bad 2 "Latin-1" 'line 2, column 1: this is not UTF-8'
: >"$W/bad.csv"
bad 2 "an empty file" 'nobody is listed'
printf 'name;codes\nNew;1\n' >"$W/bad.csv"
bad 2 "no column of holders" 'line 1, column 1: .*no column "name"'
printf 'holder,cods\nNew,1\n' >"$W/bad.csv"
bad 2 "a column that there is not" 'did you mean "codes"'
printf 'holder\nNew\nNew\n' >"$W/bad.csv"
bad 2 "somebody twice" '"New" is on line 2 already'
printf 'holder\n"New\n' >"$W/bad.csv"
bad 2 "quotes that do not end" 'line 2, column 1: quotes'
printf 'holder,language\nNew,xx\n' >"$W/bad.csv"
bad 2 "a language that there is not" "there are: en, $(paste -sd , "$ONCE_TESTS/../po/LINGUAS" | sed 's/[ ,]/, /g')"
printf 'holder,codes\nNew,x\nOther,0\n,1\n' >"$W/bad.csv"
bad 2 "several" '3 things are wrong'
said 'line 4, column 1: this row has no holder'
{ echo holder && seq 10001; } >"$W/bad.csv"
bad 2 "10001 rows" 'more than 10000 rows'
printf 'holder\nNew\n' >"$W/bad.csv"
bad 12 "a lecture that there is not" 'no stick has a lecture "Other"' --lecture Other
refused 61 "another passphrase" oncestick issue --roster "$W/bad.csv" --sheets "$W/d" --passphrase-file "$W/bad.csv"
check "nothing is left of it" test ! -e "$W/d"
refused 2 "a sheet that is there" roster "$W/bad.csv" --sheet "$W/all.pdf"
refused 2 "a directory that is there" roster "$W/bad.csv" --sheets "$W/sheets"
refused 2 "a list that is there" roster "$W/bad.csv" --sheet "$W/new.pdf" --list "$W/list.csv"
refused 2 "nowhere to put the codes" roster "$W/bad.csv"
refused 2 "a stick beside it" roster "$W/bad.csv" "$one" --sheet "$W/new.pdf"
refused 2 "no roster" oncestick issue --sheets "$W/d" --passphrase-file "$W/pass"
refused 2 "a roster that is not there" roster "$W/none.csv" --sheet "$W/new.pdf"
refused 2 "a roster that is a directory" roster "$W" --sheet "$W/new.pdf"
check "no sheet was made" test ! -e "$W/new.pdf"
is "the books are as they were" "$(books)" "$(cat "$W/before")"

# ---- nothing is lost ---------------------------------------------------------------------------------------------------------
roster "$W/bad.csv" --sheet - --lecture "Week 12" >/dev/full 2>"$W/err" </dev/null
is "a full disk is a failure" $? 1
said "not lost.*--lecture 'Week 12' --already again"
check "the sheet is made when there is room" roster "$W/bad.csv" --already again --sheet "$W/new.pdf"
is "with the code that it was" "$(books | grep -c '|New$')" 2

# The same program beside one that draws one sheet, and is interrupted at the second.
mkdir "$W/bin"
cp "$ONCE_BIN/oncestick" "$W/bin"
cat >"$W/bin/oncestick-sheet" <<'END'
#!/bin/sh
[ "${1-}" != --check ] || exit 0
cat >/dev/null
echo %PDF
mkdir "${0%/*}/drawn" 2>/dev/null || { kill -INT $PPID; exit 6; }
END
chmod 755 "$W/bin/oncestick-sheet"
mv "$W/bin/oncestick-sheet" "$W/bin/kept"
printf '#!/bin/sh\nkill -INT $PPID; kill -INT $$\n' >"$W/bin/oncestick-sheet"
chmod 755 "$W/bin/oncestick-sheet"
refused 130 "interrupted while drawing is tried" "$W/bin/oncestick" issue --roster "$W/bad.csv" --already more --sheets "$W/none" \
	--passphrase-file "$W/pass"
said 'nothing was handed out'
check "no directory is left of it" test ! -e "$W/none"
mv "$W/bin/kept" "$W/bin/oncestick-sheet"
printf 'holder,codes\nOne,1\nTwo,1\nZoe,1\n' >"$W/three.csv"
refused 130 "interrupted while sheets are drawn" "$W/bin/oncestick" issue --roster "$W/three.csv" --sheets "$W/three" --passphrase-file "$W/pass"
said 'not lost.*--already again --sheets'
is "one sheet was made" "$(ls -A "$W/three")" One.pdf
is "all codes are in the books" "$(books | grep -Ec '[|](One|Two|Zoe)$')" 3
check "all sheets are made in another place" roster "$W/three.csv" --already again --sheets "$W/again"
is "... with the same codes" "$(ls -A "$W/again" | wc -l) $(books | grep -Ec '[|](One|Two|Zoe)$')" "3 3"
if [ "$WHO" = root ] && mkdir "$W/small" && mount -t tmpfs -o size=20k none "$W/small" 2>/dev/null; then
	printf 'holder,codes\nFull,6\n' >"$W/full.csv"
	refused 1 "a disk that becomes full" roster "$W/full.csv" --sheets "$W/small/sheets"
	said 'No space left.*not lost'
	nothing "nothing of it is left there" find "$W/small" -mindepth 1
	umount "$W/small"
	check "its cards are made elsewhere" roster "$W/full.csv" --already again --sheet "$W/full.pdf"
fi
nothing "no unfinished file is left" find "$W" -name '.oncestick-sheet*'

finish
