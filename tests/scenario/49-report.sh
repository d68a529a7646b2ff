# Who opened what, when and where: as text, CSV, JSON and a page, also where names are hostile; and names that are forgotten.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
books=$W/issuer/books.sqlite
issued_stick --codes 6 --label Birds
name=$(oncestick codes --json | jq -r '.sticks[0].stick')

# ---- a lecture ---------------------------------------------------------------------------------------------------------------
check "codes for two" oncestick issue "$stick" -n 2 --to 'Kim, Lee & Co' "$pass"
check "the first code opens it" oncestick mount "$stick" --code-file "$W/code" --yes
check "and it is closed" oncestick unmount --yes
check "the office does not know of that" oncestick report --json
is "nothing is spent" "$(jq -c '.totals | [.codes, .spent, .issued, .ready]' "$W/out")" '[6,0,3,3]'
check "the stick comes home" oncestick collect "$stick" "$pass"
check "a code is revoked" oncestick revoke "$name/3" --yes "$pass"
check "now it knows" oncestick report --json
is "who, when, where, how long" "$(jq -c '.lectures[0].codes[0] | [.state, .holder, .use.station, .use.open_s < 600,
	.spent_at == .use.spent_at, .issued_by == .issued_by, .odd]' "$W/out")" \
	"[\"spent\",\"Test\",\"$(oncestick station show --json | jq -r .station)\",true,true,true,[]]"
is "what became of the others" "$(jq -c '[.lectures[].codes[].state]' "$W/out")" '["spent","issued","revoked","ready","ready","ready"]'
is "who did what" "$(jq -c '[.office[] | [.verb, .times]]' "$W/out")" '[["prepare",1],["issue",3],["collect",1],["revoke",1]]'
is "--format json is the same" "$(oncestick report --format json | jq -Sc .totals)" "$(jq -Sc .totals "$W/out")"
check "for people" oncestick report
printed '^Birds, on stick .*, prepared .* by '
printed '6 codes: 1 used, 1 handed out, 3 ready, 1 revoked'
printed "^$name/1 +used +"
printed '^1 lecture, 6 codes'
printed '^Everything adds up'
no grep -q "^$name/4" "$W/out" || die "a code that nobody has is listed"

# ---- PCs have names ----------------------------------------------------------------------------------------------------------
pc=$(oncestick station show --json | jq -r .station)
check "the codes of a stick, collected before" oncestick codes "$name"
printed '^CODE +STATE +SINCE +LASTED +PC +FROM'
printed "^$name/1 +used .* $(printf %s "$pc" | cut -c1-8) "
check "the PC is named" oncestick station name 'Hall "3"'
is "it knows that" "$(oncestick station show --json | jq -r .name)" 'Hall "3"'
check "its receipts" oncestick station receipts "$W/receipts"
check "can be inspected" oncestick inspect "$W/receipts"
printed '^ +PC +Hall "3"'
is "also as JSON" "$(oncestick inspect "$W/receipts" --json | jq -c .pc)" "{\"name\":\"Hall \\\"3\\\"\",\"station\":\"$pc\"}"
check "tell the office" oncestick collect --receipts "$W/receipts" "$pass"
printed 'Hall "3"'
is "the codes have it" "$(oncestick codes "$name" --json | jq -c '.codes[0,1] | [.station, .pc]')" "[\"$pc\",\"Hall \\\"3\\\"\"]
[null,null]"
is "the report has it" "$(oncestick report --json | jq -r '.lectures[0].codes[0].use.pc')" 'Hall "3"'
check "the office calls it otherwise" oncestick station name 'Aula' --pc "$(printf %s "$pc" | cut -c1-8)"
is "who called it so is in the log" "$(oncestick report --json | jq -c '[.office[] | select(.verb == "station name") | .times]')" "[1]"
is "... with the PC that it is about" "$(sqlite3 "$W/issuer/books.sqlite" "SELECT detail FROM event WHERE verb = 'station name'")" "$pc"
check "and the PC tells again" oncestick collect --receipts "$W/receipts" "$pass"
is "it is called as the office does" "$(oncestick codes "$name" --json | jq -r '.codes[0].pc')" Aula
check "until that is taken away" oncestick station name '' --pc "$pc"
is "then as it says itself" "$(oncestick codes "$name" --json | jq -r '.codes[0].pc')" 'Hall "3"'
refused 2 "a PC that opened nothing" oncestick station name X --pc 0000000000
said "no code was opened on a PC.*oncestick report"
refused 2 "too few digits" oncestick station name X --pc 0000
refused 2 "no digits" oncestick station name X --pc 'Hall 3 here'
refused 2 "a name with a line in it" oncestick station name "$(printf 'a\nb')"
refused 2 "no name" oncestick station name
refused 2 "--pc elsewhere" oncestick station show --pc "$pc"
rm "$W/receipts"
check "without a name" oncestick station name ''
check "receipts are" oncestick station receipts "$W/receipts"
check "as they were" oncestick collect --receipts "$W/receipts" "$pass"

# ---- what is asked for -------------------------------------------------------------------------------------------------------
check "one person" oncestick report --holder 'Kim, Lee & Co' --json
is "has his codes" "$(jq -c '[.lectures[].codes[].number]' "$W/out")" '[2,3]'
check "one lecture" oncestick report --lecture Birds --json
is "is whole" "$(jq '.totals.codes' "$W/out")" 6
check "by its id" oncestick report --lecture "$(jq -r '.lectures[0].grant' "$W/out" | cut -c1-8)" --json
is "is the same" "$(jq '.totals.codes' "$W/out")" 6
check "another year" oncestick report --from 2020-01-01 --to 2020-12-31 --json
is "had nothing" "$(jq -c '[.totals.codes, (.lectures | length), (.office | length)]' "$W/out")" '[0,0,0]'
for format in text csv html; do
	check "nor as $format" oncestick report --from 2020-01-01 --to 2020-12-31 --format $format
	[ "$format" != text ] || printed '^0 lectures, 0 codes$'
done
refused 12 "a lecture that is not there" oncestick report --lecture Bards
said "no lecture .Bards.*oncestick codes"
refused 14 "nobody" oncestick report --holder Kim
said "Kim"
[ ! -s "$W/out" ] || die "something is printed before it is refused"
refused 2 "a period the wrong way round" oncestick report --from 2026-12-31 --to 2026-01-01
refused 2 "no time" oncestick report --from yesterweek
refused 2 "no format" oncestick report --format pdf
refused 2 "two formats" oncestick report --format csv --json
if [ -c /dev/full ]; then
	oncestick report --format html 2>"$W/err" >/dev/full && die "a full disk is not noticed"
	said "E_FAIL"
fi

# ---- names are anybody's -----------------------------------------------------------------------------------------------------
# hostile names, a copy of a stick, a receipt that is missing; and a lecture that expired
sqlite3 "$books" "UPDATE slot SET holder = '</bdi><script>alert(1)</script>&\"''' WHERE number = 2;
	UPDATE slot SET holder = '=cmd|'' /C calc''!A0,\"x\"' WHERE number = 3;
	UPDATE slot SET holder = 'Zo' || char(10, 27, 8238) || '[31m', state = 'issued' WHERE number = 4;
	UPDATE slot SET holder = CAST(x'ff80' AS TEXT), state = 'issued' WHERE number = 5;
	INSERT INTO second SELECT grant_id, slot, receipt FROM slot WHERE number = 1;
	UPDATE slot SET state = 'spent', holder = '@b' WHERE number = 6;
	UPDATE grnt SET label = 'Birds <b onload=x> \"&'" || die "sqlite3"
check "a page" oncestick report --format html
cp "$W/out" "$W/page.html"
cat >"$W/page.py" <<'PY'
import collections, html.parser, sys, unicodedata
VOID = {'meta', 'rect', 'path'}
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.names, self.ids, self.links, self.rows, self.text = [], collections.Counter(), [], set(), [], [], []
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.seen[tag] += 1
        assert len(a) == len(attrs), attrs
        assert not any(k.startswith('on') or k in ('src', 'style', 'xlink:href') for k in a), attrs
        if tag == 'html':
            assert a['lang'] == 'en', a
        if 'id' in a:
            assert a['id'] not in self.ids
            self.ids.add(a['id'])
        if tag == 'a':
            assert a['href'].startswith('#')
            self.links.append(a['href'][1:])
        if tag == 'tr':
            self.rows.append([])
        if tag == 'td':
            assert a['data-label']
            self.rows[-1].append('')
        if tag not in VOID:
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        assert tag in VOID, tag
        self.handle_starttag(tag, attrs)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        assert not any(unicodedata.category(c) == 'Cc' and c != '\n' for c in data), data
        if 'bdi' in self.open:
            self.names.append(data)
        if 'td' in self.open:
            self.rows[-1][-1] += data
        if self.open and self.open[-1] in ('style', 'script'):
            assert '@import' not in data and 'url(' not in data
p = Page()
p.feed(open(sys.argv[1], encoding='utf-8', errors='strict').read())
p.close()
assert p.open == [], p.open
only = set('html head meta title style body header h1 h2 h3 p main ul li svg rect path g article a bdi span div table thead tbody tr th td time'.split())
assert set(p.seen) <= only, set(p.seen) - only
assert 'Content-Security-Policy' in open(sys.argv[1]).read()
assert p.seen['article'] == 1 and p.seen['html'] == 1
assert set(p.links) <= p.ids, p.links
names = ''.join(p.names)
assert '</bdi><script>alert(1)</script>&"\'' in names and 'Birds <b onload=x> "&' in names
assert any(r[2].startswith('Zo\ufffd\ufffd') for r in p.rows if len(r) > 2), p.rows
assert len(p.links) == 2, p.links
PY
check "is whole, and of names nothing but text" python3 "$W/page.py" "$W/page.html"
no grep -Eq 'https?:|<script' "$W/page.html" || die "something from elsewhere"
check "a table" oncestick report --format csv
cat >"$W/table.py" <<'PY'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8', errors='strict'), strict=True))
raw = open(sys.argv[1], 'rb').read()
assert raw.count(b'\r\n') == 7 and raw.count(b'\n') == 7 and b'\x1b' not in raw
assert len(rows) == 6 and all(None not in r and None not in r.values() for r in rows)
assert rows[1]['holder'] == '</bdi><script>alert(1)</script>&"\''
assert rows[2]['holder'] == '\'=cmd|\' /C calc\'!A0,"x"', rows[2]
assert rows[3]['holder'].startswith('Zo??')
assert rows[5]['holder'] == "'@b" and rows[5]['odd'] == 'no-receipt'
assert rows[0]['odd'] == 'twice' and rows[0]['open_s'].isdigit() and len(rows[0]['station']) == 32
assert not any(v[:1] in ('=', '+', '-', '@', '\t', '\r') for r in rows for v in r.values())
PY
check "is one, and has no formula" python3 "$W/table.py" "$W/out"
check "JSON has what is in the books" oncestick report --json
is "as it is" "$(jq -r '.lectures[0].codes[2].holder' "$W/out")" "=cmd|' /C calc'!A0,\"x\""
is "and what does not add up" "$(jq -c '[.lectures[].codes[].odd]' "$W/out")" '[["twice"],[],[],[],[],["no-receipt"]]'
check "so has the terminal" env LC_ALL=C.UTF-8 oncestick report
printed 'Zo.x0a.x1b'
printed "$name/1: opened in two places"
printed '2 codes: see above'
if command -v script >/dev/null; then
	script -qec "stty cols 80; oncestick report" /dev/null >"$W/tty" 2>/dev/null </dev/null || die "no report on a terminal"
	is "a terminal's lines are no longer than it" \
		"$(python3 -c 'import sys; print([l for l in open(sys.argv[1], encoding="utf-8") if len(l.rstrip()) > 80])' "$W/tty")" '[]'
fi

# ---- forgetting --------------------------------------------------------------------------------------------------------------
# a name that is anywhere in the files of the books
traces() # NAME
{
	cat "$W"/issuer/books.sqlite* | strings -n 4 | grep -c -F "$1"
}
sqlite3 "$books" "UPDATE slot SET holder = 'Ottilie' WHERE number IN (2, 4); UPDATE slot SET holder = 'Balthasar' WHERE number = 1;
	UPDATE slot SET holder = NULL WHERE number = 5" || die "sqlite3"
check "codes for somebody else" oncestick refill "$stick" -n 2 "$pass" --quiet
check "are handed out" oncestick issue "$stick" -n 2 --to Ottilie "$pass"
refused 2 "who has codes that can still be used is not forgotten" oncestick forget Ottilie --yes
said "Ottilie.*can still be used.*oncestick revoke --holder"
is "nothing was changed" "$(sqlite3 "$books" "SELECT count(*) FROM slot WHERE holder = 'Ottilie'")" 4
check "so they are revoked" oncestick revoke --holder Ottilie --yes "$pass"
refused 24 "it is asked" oncestick forget Ottilie
no test "$(traces Ottilie)" -eq 0 || die "it was forgotten before it was asked"
before=$(sqlite3 "$books" "SELECT group_concat(hex(coalesce(receipt, x'')) || state || spent_at) FROM slot")
check "then the name goes" oncestick forget Ottilie --yes --json
is "from all codes" "$(jq -c '[.codes, .people, .out]' "$W/out")" '[4,1,0]'
is "and from the whole file" "$(traces Ottilie)" 0
no test "$(traces Balthasar)" -eq 0 || die "others are forgotten, too"
is "but nothing else" "$(sqlite3 "$books" "SELECT group_concat(hex(coalesce(receipt, x'')) || state || spent_at) FROM slot")" "$before"
is "the log says that it was done" "$(sqlite3 "$books" "SELECT verb, holder IS NULL FROM event ORDER BY no DESC LIMIT 1")" 'forget|1'
refused 14 "nobody is called so now" oncestick forget Ottilie --yes
check "the books are whole" test "$(sqlite3 "$books" "PRAGMA integrity_check")" = ok
check "codes can be handed out" oncestick refill "$stick" -n 2 "$pass" --quiet
check "to somebody" oncestick issue "$stick" -n 1 --to Balthasar "$pass"
last=$(sqlite3 "$books" "SELECT max(at) FROM event")
wait_until 10 sh -c "test \$(date +%s) -gt $last"
check "all that is over by now" oncestick forget --before "$(date '+%Y-%m-%d %H:%M:%S')" --yes
said "[0-9]+ names? (is|are) forgotten"
said "1 code is still out and keeps its name"
said "backups.*sheets.*reports"
is "only who can still use one has a name" "$(sqlite3 "$books" "SELECT holder, state FROM slot WHERE holder <> ''")" 'Balthasar|issued'
is "in the log, too" "$(sqlite3 "$books" "SELECT DISTINCT holder FROM event WHERE holder <> ''")" Balthasar
check "there is nobody else before it" oncestick forget --before 2020-01-01 --yes
refused 2 "a day to come" oncestick forget --before +3d
refused 2 "nobody" oncestick forget
refused 2 "both" oncestick forget Kim --before 2020-01-01
check "the report still says what was used" oncestick report --json
is "by nobody that is known" "$(jq -c '.lectures[0].codes[0] | [.state, .holder, .use != null]' "$W/out")" '["spent",null,true]'

# ---- a year of an office -----------------------------------------------------------------------------------------------------
export ONCESTICK_ISSUER_DIR="$W/large"
new_issuer
check "the books of an office" "$ONCE_TESTS/bench/office" "$W/large/books.sqlite" 60
check "their report" oncestick report --json
is "has every code" "$(jq -c '[(.lectures | length), .totals.codes, .totals.spent, .office[0].times]' "$W/out")" '[60,1422,720,960]'
is "PCs have the names that the books have" "$(jq -r '.lectures[1].codes[0].use.pc' "$W/out")" "Hall 1"
check "as a table" oncestick report --format csv
is "too" "$(wc -l <"$W/out")" 1423
mkfifo "$W/pipe"
oncestick report --format csv >"$W/pipe" &
exec 3<"$W/pipe"
is "somebody begins to read it" "$(dd bs=2 count=1 status=none <&3)" id
check "others need not wait until he has read it" sqlite3 "$W/large/books.sqlite" "BEGIN EXCLUSIVE; COMMIT"
is "he gets all of it" "$(wc -l <&3)" 1423
exec 3<&-
wait $! || die "a report into a pipe"
check "as a page" oncestick report --format html
sed -i -e '/assert p.seen.*article/,$d' "$W/page.py"
check "which is whole" python3 "$W/page.py" "$W/out"

# a disk that is full at the first write, within the change, and while the file is written anew: nothing or all, and again
if command -v strace >/dev/null; then
	cp -a "$W/large" "$W/whole"
	for from in 1 12 60; do
		rm -rf "$W/large" && cp -a "$W/whole" "$W/large"
		refused 62 "a disk that is full from write $from on" strace -f -qq -o /dev/null -e trace=pwrite64 \
			-e inject=pwrite64:error=ENOSPC:when=$from+ oncestick forget 'Person 24' --yes
		left=$(sqlite3 "$W/large/books.sqlite" "SELECT (SELECT count(*) FROM slot WHERE holder = 'Person 24') +
			(SELECT count(*) FROM event WHERE holder = 'Person 24')")
		[ "$left" -eq 2 ] || [ "$left" -eq 0 ] || die "forgotten in part: $left"
		if [ "$left" -eq 0 ]; then
			said "names are gone.*the same command again"
			refused 62 "a disk that is still full" strace -f -qq -o /dev/null -e trace=pwrite64 \
				-e inject=pwrite64:error=ENOSPC:when=1+ oncestick forget 'Person 24' --yes
			said "E_NO_CODES"
		fi
		carry_out oncestick forget 'Person 24' --yes
		is "with room again it is forgotten" "$(cat "$W"/large/books.sqlite* | strings | grep -c 'Person 24$')" 0
	done
fi
finish
