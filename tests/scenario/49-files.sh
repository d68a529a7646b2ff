# A FILE that is named: one may be a link to it, as ~/Downloads is for some; what is no file is refused at once, read or written.
. "$ONCE_TESTS/scenario/scenario.sh"
command -v sqlite3 >/dev/null || skip "no sqlite3 here"
issued_stick --codes 3 --label Away
name=$(oncestick codes --json | jq -r '.sticks[0].stick')
check "a list" oncestick revoke "$name/1" --list "$W/list" "$pass"
check "codes" oncestick refill "$name" -n 1 -o "$W/codes" "$pass"
check "receipts" oncestick station receipts "$W/receipts"
check "a backup" oncestick backup "$W/backup"
grant=$(ls "$stick"/ONCE/g/*/grant.cose | head -1)
mkdir "$W/downloads" && ln -s downloads "$W/Downloads"
for f in list codes receipts backup; do
	mv "$W/$f" "$W/downloads" && ln -s "$W/Downloads/$f" "$W/$f"
done
ln -s "$grant" "$W/grant"

# ---- read ----------------------------------------------------------------------------------------------------------------------
check "links are followed: to a list" oncestick accept "$W/list" "$stick"
check "... which is looked at" oncestick inspect "$W/list"
check "... to codes" oncestick accept "$W/codes" "$stick"
check "... to receipts" oncestick collect --receipts "$W/receipts" "$pass"
check "... to a grant" oncestick station pin "$W/grant"
check "... to a backup" oncestick restore --test "$W/backup" "$pass"
ln -s "$W/downloads/list" "$W/list.cose"
mv "$stick/ONCE/notice.cose" "$W/notice" && ln -s "$W/notice" "$stick/ONCE/notice.cose"
ends 44 35 40 11 0 -- oncestick verify "$stick"
no grep -q 'signed' "$W/out" || die "what is on a stick is followed"
rm "$stick/ONCE/notice.cose" && mv "$W/notice" "$stick/ONCE/notice.cose"

mkfifo "$W/pipe"
ln -s nothing "$W/dangling"
ln -s pipe "$W/topipe"
reads() # PATTERN FILE: what each verb says of it
{
	refused 2 "accept $2" oncestick accept "$2"
	said "$1"
	refused 2 "collect --receipts $2" oncestick collect --receipts "$2" "$pass"
	said "$1"
	refused 2 "station pin $2" oncestick station pin "$2"
	said "$1"
	refused 62 "restore $2" oncestick restore --test "$2" "$pass"
	refused 10 "inspect $2" oncestick inspect "$2" # no stick either
}
for f in "$W/pipe" "$W/topipe" /dev/zero; do
	reads 'is a device or a pipe' "$f"
done
reads 'cannot be read: No such file' "$W/dangling"
for verb in accept "collect $pass --receipts"; do
	# shellcheck disable=SC2086 # words
	refused 2 "$verb: a directory" oncestick $verb "$W/downloads"
	said 'is a directory: name the file in it'
done

# ---- written -------------------------------------------------------------------------------------------------------------------
printf keep >"$W/there"
sqlite3 "$W/issuer/books.sqlite" .dump | sha256sum >"$W/sum"
writes() # PATTERN FILE: each verb that makes one
{
	refused 2 "refill -o $2" oncestick refill "$name" -n 1 -o "$2" "$pass"
	said "$1"
	refused 2 "revoke --list $2" oncestick revoke "$name/2" --list "$2" "$pass"
	said "$1"
	refused 2 "collect --list $2" oncestick collect "$stick" --list "$2" "$pass"
	said "$1"
	refused 2 "backup $2" oncestick backup "$2"
	said "$1"
	refused 2 "station receipts $2" oncestick station receipts "$2"
	said "$1"
	refused 2 "station enrol $2" oncestick station enrol "$2"
	said "$1"
}
writes 'is a directory: name a new file in it' "$W/downloads"
writes 'is a directory: name a new file in it' "$W/Downloads"
writes 'is a directory: name a new file in it' "$W/nothing/"
writes 'is there already' "$W/there"
writes 'is there already' "$W/pipe"
writes 'is there already' "$W/dangling"
writes 'is there already' /dev/null
writes 'name of the file to be written is empty' ''
writes 'cannot be written: No such file' "$W/nowhere/file"
is "what is there stays" "$(cat "$W/there")" keep
nothing "nothing is made where a link leads" find "$W" -name 'nothing*'
nothing "and no part is left" find "$W" -name '*.part*'
check "nothing was done before that was seen" sh -c "sqlite3 '$W/issuer/books.sqlite' .dump | sha256sum -c '$W/sum' --quiet"
finish
