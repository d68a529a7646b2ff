# The books of a large office: a list of dead codes that grows long, and limits of the format that are met by hand.
. "$ONCE_TESTS/scenario.sh"
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
said "more than half as long as it can be.*week after it expires.*prepare --until"
check "it is on the stick" test "$(stat -c %s "$stick/ONCE/notice.cose")" -gt 2097152
check "it can be collected with it" oncestick collect "$stick" --passphrase-file "$W/pass"
said "more than half as long"
listed 115000
lists=$(sqlite3 "$books" "SELECT max(no) FROM notice")
refused 38 "a list beyond all that it can be" oncestick revoke "$name/3" --yes --passphrase-file "$W/pass"
said "would be longer than 4 MiB.*nothing was changed.*leaves the list a week after it expires.*prepare --until.*another issuer"
is "the code is what it was" "$(oncestick codes "$name" --json | jq -r '.codes[2].state')" ready
is "the list is what it was" "$(sqlite3 "$books" "SELECT max(no) FROM notice")" "$lists"

# 4096 codes of a lecture
mkdir "$W/other"
refused 2 "more codes than a lecture can have" oncestick prepare "$W/folder" "$W/other" --codes 4097 --passphrase-file "$W/pass"
said "from 1 to 4096"
finish
