# The books of a large office: a list of dead codes that grows long, and limits of the format that are met by hand.
. "$ONCE_TESTS/scenario/scenario.sh"
books=$W/issuer/books.sqlite
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label Home --codes 3

# what an earlier list had of lectures that these books do not know stays in it
listed() # N: so many more of them
{
	sqlite3 "$books" "WITH RECURSIVE k(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM k WHERE n < $1)
		INSERT INTO listed SELECT randomblob(16), x'01' FROM k" || die "sqlite3"
}
name=$(oncestick codes --json | jq -r '.sticks[0].stick')
check "a code is revoked" oncestick revoke "$name/1" --passphrase-file "$W/pass"
no grep -q "half as long" "$W/err" || die "a warning about a list of one code"
listed 115000
check "a list beyond half of what it can be" oncestick revoke "$name/2" --at "$stick" --passphrase-file "$W/pass"
said "more than half as long as it can be.*week after it expires.*prepare --expires"
check "it is on the stick" test "$(stat -c %s "$stick/ONCE/notice.cose")" -gt 2097152
check "it can be collected with it" oncestick collect "$stick" --passphrase-file "$W/pass"
said "more than half as long"
listed 115000
lists=$(sqlite3 "$books" "SELECT max(no) FROM notice")
refused 38 "a list beyond all that it can be" oncestick revoke "$name/3" --yes --passphrase-file "$W/pass"
said "would be longer than 4 MiB.*nothing was changed.*leaves the list a week after it expires.*prepare --expires.*another issuer"
is "the code is what it was" "$(oncestick codes "$name" --json | jq -r '.codes[2].state')" ready
is "the list is what it was" "$(sqlite3 "$books" "SELECT max(no) FROM notice")" "$lists"

# 4096 codes of a lecture
mkdir "$W/other"
refused 2 "more codes than a lecture can have" oncestick prepare "$W/folder" "$W/other" --codes 4097 --passphrase-file "$W/pass"
said "from 1 to 4096"

# files that are longer than any of ours
truncate -s 65M "$W/long"
refused 2 "receipts beyond 64 MiB" oncestick collect --receipts "$W/long" --passphrase-file "$W/pass"
said "fewer files at a time.*right file"
refused 2 "a file that is none of ours" oncestick inspect "$W/long"
said "longer than any file"
refused 2 "nor of an issuer" oncestick station pin "$W/long"
said "longer than anything that an issuer signs"

# two sticks that are shown alike, as of two offices whose books were put together
id=$(oncestick codes --json | jq -r '.sticks[0].stick_id')
twin=$(printf %s "$id" | cut -c1-8)ffffffffffffffffffffffff
sqlite3 "$books" "DROP TRIGGER listed_kept; DELETE FROM listed;
	INSERT INTO stick (stick_id, label) VALUES (x'$twin', 'Their talk');
	INSERT INTO grnt SELECT randomblob(16), x'$twin', n, payload, randomblob(32), issued, not_before, expires, 'Their talk' FROM grnt;
	INSERT INTO slot (grant_id, slot, stick_id, number, state)
		SELECT grant_id, 0, stick_id, 1, 'ready' FROM grnt WHERE stick_id = x'$twin'" || die "sqlite3"
check "both are in the list" oncestick codes
printed "^$id "
printed "^$twin .*Their talk"
neither() # VERB ARGUMENT...
{
	refused 2 "neither is meant by the name: $1" oncestick "$@"
	said "2 sticks are shown as $name: $id \(.Home.\), $twin \(.Their talk.\)\. Use the long number of the one you mean"
}
neither codes "$name"
neither issue "$name" --passphrase-file "$W/pass"
neither issue --again "$name/1" --passphrase-file "$W/pass"
neither revoke "$name/1" --passphrase-file "$W/pass"
neither revoke --stick "$name" --passphrase-file "$W/pass"
check "the codes of one" oncestick codes "$twin" --json
is "are its own" "$(jq -c '[.codes[].label]' "$W/out")" '["Their talk"]'
check "a code of it is handed out" oncestick issue "$twin" -n 1 --passphrase-file "$W/pass"
check "and again" oncestick issue --again "$twin/1" --passphrase-file "$W/pass"
check "and goes" oncestick revoke "$twin/1" --yes --passphrase-file "$W/pass"
is "the other's is what it was" "$(oncestick codes "$id" --json | jq -r '.codes[2].state')" ready
refused 10 "one that is not there" oncestick revoke "ffffffff$(echo "$twin" | cut -c9-)/1" --passphrase-file "$W/pass"

# a year of three hundred sticks, as `make bench` has one of twenty thousand
export ONCESTICK_ISSUER_DIR="$W/large"
new_issuer
check "the books of an office" "$ONCE_TESTS/bench/office" "$W/large/books.sqlite" 300
check "its sticks" oncestick codes --json
is "each is there, and no two are alike" "$(jq -r '.sticks[].stick' "$W/out" | sort -u | wc -l)" 300
is "its codes are there" "$(jq '[.sticks[] | .ready + .issued + .spent + .revoked + .expired] | add' "$W/out")" 7110
is "most have expired" "$(jq '[.sticks[] | select(.expired > 0)] | length > 200' "$W/out")" true
is "the last stick is in use" "$(jq -c '.sticks[-1] | [.ready, .issued, .spent, .expired, (.holders | length)]' "$W/out")" "[8,4,12,0,4]"
last=$(jq -r '.sticks[-1].stick' "$W/out") holder=$(jq -r '.sticks[-1].holders[0]' "$W/out")
first=$(jq -r '.sticks[0].stick' "$W/out")
check "codes of somebody" oncestick issue --again "$holder" --passphrase-file "$W/pass"
said "$last/13 for $holder, again"
check "a code goes" oncestick revoke "$last/24" --holder "$holder" --passphrase-file "$W/pass" --json
is "and what he has" "$(jq -c .revoked "$W/out")" "[\"$last/13\",\"$last/24\"]"
is "of lists only the newest is kept" "$(sqlite3 "$W/large/books.sqlite" "SELECT count(*) FROM notice WHERE length(cose) > 0")" 1
check "the list has what can still open, not a year" test \
	"$(sqlite3 "$W/large/books.sqlite" "SELECT length(cose) FROM notice ORDER BY no DESC LIMIT 1")" -lt 900
newest=$(sqlite3 "$W/large/books.sqlite" "SELECT max(no) FROM notice")
check "a code of a year ago" oncestick revoke "$first/21" --passphrase-file "$W/pass"
is "makes no list" "$(sqlite3 "$W/large/books.sqlite" "SELECT max(no) FROM notice")" "$newest"

# somebody writes, and does not end
mkfifo "$W/hold"
sqlite3 "$W/large/books.sqlite" <"$W/hold" >"$W/held" &
writer=$!
exec 9>"$W/hold"
echo "BEGIN IMMEDIATE; SELECT 'held';" >&9
wait_until 10 grep -q held "$W/held"
check "codes are listed all the same" oncestick codes
check "and those of a stick" oncestick codes "$last"
exec 9>&-
wait "$writer"
finish
