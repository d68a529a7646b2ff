# Codes as a person carries them: forms on standard output, and cards to cut out. All of them are read back from the paper.
. "$ONCE_TESTS/scenario/scenario.sh"

new_issuer
mkdir "$W/folder"
echo hello >"$W/folder/a.txt"
stick=$W/stick
prepare "$W/folder" "$stick" -n 40 --label '=HYPERLINK("x"), 2'
issue()
{
	oncestick issue "$stick" --passphrase-file "$W/pass" "$@"
}

# ---- forms on standard output ------------------------------------------------------------------------------------------------
check "codes as text" issue -n 1 --format text
printed '^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$'
is "text is codes alone" "$(wc -l <"$W/out")" 1
check "codes as CSV" issue -n 2 --to '@Kim "K", hall 3' --format csv
is "CSV has the head and a row for each code" "$(wc -l <"$W/out")" 3
is "its lines end as RFC 4180 has it" "$(grep -c "$(printf '\r')\$" "$W/out")" 3
cat >"$W/read.py" <<'EOF'
import csv, json, sys
print(json.dumps([r for r in csv.DictReader(open(sys.argv[1], newline=""))]))
EOF
cp "$W/out" "$W/slips"
check "CSV is read" python3 "$W/read.py" "$W/slips"
cp "$W/out" "$W/rows"
check "the same codes as JSON" issue --again '@Kim "K", hall 3' --format json
is "CSV and JSON have the same members" "$(jq -c '.[0] | keys' "$W/rows")" "$(jq -c '.codes[0] | keys' "$W/out")"
is "... the same codes" "$(jq -r '.[].code' "$W/rows")" "$(jq -r '.codes[].code' "$W/out")"
is "... and times" "$(jq -r '.[].expires' "$W/rows")" "$(jq -r '.codes[].expires' "$W/out")"
is "a holder that begins like a formula is none" "$(jq -r '.[0].holder' "$W/rows")" "'@Kim \"K\", hall 3"
is "a label that begins like a formula is none" "$(jq -r '.[0].label' "$W/rows")" "'=HYPERLINK(\"x\"), 2"
refused 2 "a form that there is not" issue --format xml
refused 2 "two forms" issue --format csv --json
is "no code was taken by what was refused" "$(oncestick codes "$stick" --json | jq '[.codes[] | select(.state == "issued")] | length')" 3

# ---- cards -------------------------------------------------------------------------------------------------------------------
for program in pdftotext pdftoppm zbarimg; do
	command -v $program >/dev/null || { [ -z "${CI:-}" ] || die "no $program, and on CI nothing is skipped"; skip "no $program"; }
done

oncestick issue "$stick" --passphrase-file "$W/pass" --sheet "$W/none.pdf" >"$W/out" 2>"$W/err" </dev/null
if grep -q 'built without code sheets' "$W/err"; then
	[ -z "${CI:-}" ] || die "this build has no code sheets, and on CI nothing is skipped"
	skip "built without code sheets"
fi

issued() # how many codes are handed out
{
	oncestick codes "$stick" --json | jq '[.codes[] | select(.state == "issued")] | length'
}

# read_cards PDF N COLUMNS ROWS W H: into $W/seen, what a reader of QR codes sees on each card, cut out, one a line. W and H are
# those of a card in fifths of a millimetre.
read_cards()
{
	n=0
	: >"$W/seen"
	while [ $n -lt "$2" ]; do
		page=$((n / ($3 * $4) + 1)) column=$((n % $3)) row=$((n % ($3 * $4) / $3))
		pdftoppm -r 127 -gray -singlefile -f $page -l $page -x $((50 + column * $5)) -y $((50 + row * $6)) -W "$5" -H "$6" \
			"$1" "$W/card" && zbarimg -q --raw "$W/card.pgm" >>"$W/seen" 2>/dev/null
		n=$((n + 1))
	done
}

pages() # PDF
{
	pdfinfo "$1" | sed -n 's/^Pages: *//p'
}

size() # PDF: of its page, in points
{
	pdfinfo "$1" | sed -n 's/^Page size: *\([0-9]*\)[.0-9]* x \([0-9]*\).*/\1x\2/p'
}

contact='+49 30 1234, Frau Ahrens (Medienstelle); abends und am Wochenende +49 171 9876543, oder per Mail an medien@example.org'
export ONCESTICK_ISSUER_DIR="$W/desk"
check "an issuer with a contact" oncestick init --passphrase-file "$W/pass" --contact "$contact"
stick=$W/lecture
prepare "$W/folder" "$stick" -n 80 --label "Week 12: 강의" --session 90m --not-before 2030-01-02T08:00:00Z --expires 2030-01-03T17:30:00Z
name=$(oncestick codes --json | jq -r '.sticks[0].stick')

export TZ=Europe/Berlin
check "cards for twelve codes" issue -n 12 --to "Kim, hall 3" --sheet "$W/kim.pdf" --paper a4
said '12 cards'
is "codes go to the sheet only" "$(wc -c <"$W/out")" 0
is "only the owner can read it" "$(stat -c %a "$W/kim.pdf")" 600
is "it has two pages" "$(pages "$W/kim.pdf")" 2
is "of A4" "$(size "$W/kim.pdf")" 595x841
check "the codes again, as text" issue --again "Kim, hall 3"
cp "$W/out" "$W/codes"
read_cards "$W/kim.pdf" 12 2 3 475 455
is "every card's QR code is its code" "$(cat "$W/seen")" "$(cat "$W/codes")"
pdftotext -layout "$W/kim.pdf" "$W/text"
while read -r code; do
	grep -q -- "$code" "$W/text" || die "code $code is not in the text"
done <"$W/codes"
is "every card says which it is" "$(grep -Eo "$name/[0-9]+  |$name/[0-9]+\$" "$W/text" | tr -d ' ' | sort -u | wc -l)" 12
is "... of how many" "$(grep -Eo 'card [0-9]+ of 12' "$W/text" | sort -u | wc -l)" 12
is "the label is on every card, whatever its script" "$(grep -o 'Week 12: 강의' "$W/text" | wc -l)" 12
is "the holder is, and at the foot of both pages" "$(grep -o 'for Kim, hall 3' "$W/text" | wc -l)" 14
is "local times are, with their zone" "$(grep -Eo '2 Jan 2030 at 09:00 CET|3 Jan 2030 at 18:30 CET' "$W/text" | wc -l)" 24
is "the length of a session is" "$(grep -o '1 h 30 min' "$W/text" | wc -l)" 12
is "whom to call is, to the end" "$(pdftotext "$W/kim.pdf" - | tr '\n' ' ' | grep -o 'Frau Ahrens (Medienstelle);[^@]*medien@example.org' | wc -l)" 12
is "pages are numbered" "$(grep -Eo ' [12] ?/ ?2$' "$W/text" | tr -d ' ' | tr '\n' ' ')" "1/2 2/2 "
pdfinfo "$W/kim.pdf" >"$W/info"
while read -r code; do
	! grep -q -- "$code" "$W/info" || die "code $code is in the properties of the PDF"
done <"$W/codes"
check "no code is in the properties of the file" grep -q 'Title:.*Kim' "$W/info"

check "cards again" issue --again "Kim, hall 3" --sheet "$W/again.pdf" --paper letter
is "of Letter" "$(size "$W/again.pdf")" 612x792
read_cards "$W/again.pdf" 12 2 3 490 426
is "the same codes" "$(cat "$W/seen")" "$(cat "$W/codes")"
check "one card in large print" issue --again "$name/7" --sheet "$W/large.pdf" --paper a4 --large
read_cards "$W/large.pdf" 1 1 2 950 682
is "it is that code's" "$(cat "$W/seen")" "$(sed -n 7p "$W/codes")"
check "and in large print, on Letter" issue --again "Kim, hall 3" --sheet "$W/large2.pdf" --paper letter --large
read_cards "$W/large2.pdf" 12 1 2 980 638
is "the same codes, two on a page" "$(pages "$W/large2.pdf") $(cat "$W/seen")" "6 $(cat "$W/codes")"

for n in 1 2; do
	SOURCE_DATE_EPOCH=1700000000 oncestick issue --again "Kim, hall 3" --passphrase-file "$W/pass" --sheet - >"$W/same$n" \
		2>"$W/err" </dev/null || die "sheet to standard output"
done
check "the same sheet is the same file" cmp "$W/same1" "$W/same2"
pdfinfo -isodates "$W/same1" >"$W/info"
is "... made when SOURCE_DATE_EPOCH says" "$(sed -n 's/^CreationDate: *//p' "$W/info")" 2023-11-14T22:13:20Z
check "codes on the sheet and as CSV" issue -n 1 --sheet "$W/both.pdf" --format csv
read_cards "$W/both.pdf" 1 2 3 475 455
is "are the same" "$(cat "$W/seen")" "$(sed -n 's/^[^,]*,\([^,]*\),.*/\1/p' "$W/out" | tail -n 1)"

# ---- paper by locale ---------------------------------------------------------------------------------------------------------
if [ -e /usr/share/i18n/locales/en_US ] && command -v localedef >/dev/null; then
	mkdir -p "$W/locales"
	for l in en_US de_DE; do
		localedef -i $l -f UTF-8 "$W/locales/$l.UTF-8" >/dev/null 2>&1
	done
	check "a sheet in America" env LOCPATH="$W/locales" LC_ALL=en_US.UTF-8 \
		oncestick issue --again "$name/7" --passphrase-file "$W/pass" --sheet "$W/us.pdf"
	is "is of Letter" "$(size "$W/us.pdf")" 612x792
	check "a sheet in Germany" env LOCPATH="$W/locales" LC_ALL=de_DE.UTF-8 \
		oncestick issue --again "$name/7" --passphrase-file "$W/pass" --sheet "$W/de.pdf"
	is "is of A4" "$(size "$W/de.pdf")" 595x841
	pdftotext "$W/de.pdf" "$W/text"
	check "and in German" grep -q 'Karte 1 von 1' "$W/text"
else
	[ -z "${CI:-}" ] || die "no localedef, and on CI nothing is skipped"
fi

# ---- long words --------------------------------------------------------------------------------------------------------------
label=$(printf 'W%.0s' $(seq 128))
holder=$(printf '한%.0s' $(seq 42))
prepare "$W/folder" "$W/long" -n 2 --label "$label"
check "long words" oncestick issue "$W/long" -n 2 --to "$holder" --passphrase-file "$W/pass" --sheet "$W/long.pdf" --paper a4 --format text
cp "$W/out" "$W/codes"
read_cards "$W/long.pdf" 2 2 3 475 455
is "they leave the codes alone" "$(cat "$W/seen")" "$(cat "$W/codes")"
white() # PDF X Y W H: that part of its first page, in fifths of a millimetre
{
	pdftoppm -r 127 -gray -singlefile -x "$2" -y "$3" -W "$4" -H "$5" "$1" "$W/part" || return
	tail -c $(($4 * $5)) "$W/part.pgm" >"$W/pixels"
	[ "$(wc -c <"$W/pixels") $(tr -d '\377' <"$W/pixels" | wc -c)" = "$(($4 * $5)) 0" ]
}
check "nothing is printed near the cut beside it" white "$W/long.pdf" 505 54 16 447
check "... or below it" white "$W/long.pdf" 54 485 467 16
check "... though there is something above" no white "$W/long.pdf" 54 385 467 100

# ---- nothing is lost ---------------------------------------------------------------------------------------------------------
before=$(issued)
refused 2 "a file that is there" issue --sheet "$W/kim.pdf"
said 'is there already'
ln -s "$W/nowhere" "$W/link.pdf"
refused 2 "a link that is there" issue --sheet "$W/link.pdf"
refused 1 "a directory that is not there" issue --sheet "$W/none/codes.pdf"
refused 1 "a directory that cannot be written" issue --sheet /proc/codes.pdf
refused 2 "no name" issue --sheet "$W/"
refused 2 "a place on the stick" issue --sheet "$stick/codes.pdf"
said 'on the stick'
refused 2 "... or below" issue --sheet "$stick/ONCE/codes.pdf"
refused 2 "paper that there is not" issue --sheet "$W/new.pdf" --paper a5
refused 2 "paper without a sheet" issue --paper a4
refused 2 "two things on standard output" issue --sheet - --format text
refused 14 "more codes than there are" issue -n 1000 --sheet "$W/new.pdf"
refused 61 "another passphrase" oncestick issue "$stick" --passphrase-file "$W/kim.pdf" --sheet "$W/new.pdf"
if command -v script >/dev/null; then
	script -qec "oncestick issue '$stick' --passphrase-file '$W/pass' --sheet -" /dev/null >"$W/tty" 2>&1 </dev/null
	check "a terminal gets no PDF" grep -q 'E_USAGE 2' "$W/tty"
fi
is "no code was taken by what was refused" "$(issued)" "$before"

# The same program beside one that draws, and fails in one way or another.
mkdir "$W/bin"
cp "$ONCE_BIN/oncestick" "$W/bin"
if [ ! -e /usr/local/libexec/oncestick ] && [ ! -e /usr/libexec/oncestick ]; then
	refused 1 "what draws is not there" "$W/bin/oncestick" issue "$stick" --passphrase-file "$W/pass" --sheet "$W/new.pdf"
	said 'is not where it belongs'
fi
drawing() # SCRIPT: what draws beside it
{
	printf '#!/bin/sh\n%s\n' "$1" >"$W/bin/oncestick-sheet"
	chmod 755 "$W/bin/oncestick-sheet"
}
lost() # DESCRIPTION WANTED-EXIT: issue --sheet fails after the codes were taken, and says how to have them
{
	refused "$2" "$1" "$W/bin/oncestick" issue "$stick" -n 1 --to Lee --passphrase-file "$W/pass" --sheet "$W/new.pdf"
	before=$((before + 1))
	is "$1: the code is in the books" "$(issued)" "$before"
	said "issue --again $name/$before "
	check "$1: it can be printed again" issue --again "$name/$before" --sheet "$W/new.pdf"
	rm "$W/new.pdf"
}
drawing 'echo broken >&2; exit 127'
refused 1 "what draws cannot be started" "$W/bin/oncestick" issue "$stick" --passphrase-file "$W/pass" --sheet "$W/new.pdf"
said 'broken'
drawing 'exit 4'
refused 1 "there is no font" "$W/bin/oncestick" issue "$stick" --passphrase-file "$W/pass" --sheet "$W/new.pdf"
said 'fonts-dejavu-core'
is "no code was taken" "$(issued)" "$before"
drawing '[ "${1-}" = --check ] && exit; kill -9 $$'
lost "what draws is killed before it reads" 1
drawing '[ "${1-}" = --check ] && exit; head -c 100 >/dev/null; echo %PDF; kill -9 $$'
lost "... when it has begun to write" 1
drawing '[ "${1-}" = --check ] && exit; cat >/dev/null; kill -INT $PPID; exit 6'
lost "interrupted" 130
drawing "[ \"\${1-}\" = --check ] && exit; cat >/dev/null; : >'$W/new.pdf'; echo %PDF"
refused 1 "a file of that name comes meanwhile" "$W/bin/oncestick" issue "$stick" -n 1 --passphrase-file "$W/pass" --sheet "$W/new.pdf"
before=$((before + 1))
is "it is left alone" "$(wc -c <"$W/new.pdf")" 0
is "no process can see codes as arguments or in the environment" "$(drawing '[ "${1-}" = --check ] && exit; tr "\000" "\n" </proc/$$/environ; tr "\000" "\n" </proc/$$/cmdline'
	"$W/bin/oncestick" issue "$stick" -n 1 --passphrase-file "$W/pass" --sheet - </dev/null 2>/dev/null |
		grep -cE '[0-9A-Z]{4}(-[0-9A-Z]{4}){3}')" 0
before=$((before + 1))

oncestick issue "$stick" -n 1 --to Lee --passphrase-file "$W/pass" --sheet - >/dev/full 2>"$W/err" </dev/null
is "a full disk is a failure" $? 1
said 'No space left'
before=$((before + 1))
is "... and the code is in the books" "$(issued)" "$before"
if [ "$WHO" = root ] && mkdir "$W/small" && mount -t tmpfs -o size=40k none "$W/small" 2>/dev/null; then
	refused 1 "a disk that becomes full" issue -n 12 --to Full --sheet "$W/small/codes.pdf"
	said 'No space left'
	nothing "nothing of it is left there" find "$W/small" -type f
	umount "$W/small"
	check "its codes are printed elsewhere" issue --again Full --sheet "$W/full.pdf"
fi
nothing "no unfinished file is left" find "$W" -name '.oncestick-sheet*'

finish
