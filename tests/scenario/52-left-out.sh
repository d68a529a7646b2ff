# What of a folder is not packed: patterns of the command line and of the folder's own file, and the usual rubbish.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v jq >/dev/null || skip "no jq"
stick=$W/stick folder=$W/folder pass="--passphrase-file=$W/pass"
new_issuer
mkdir -p "$folder/drafts/deep" "$folder/week/drafts" "$stick"
for f in talk.pdf talk.bak drafts/old.pdf drafts/deep/older.pdf week/drafts/x week/film.mp4 .DS_Store week/Thumbs.db week/._film.mp4 \
	.~lock.talk.odp# week/desktop.ini; do
	echo "$f" >"$folder/$f"
done
find "$folder" -type f -exec touch -d "1 hour ago" {} +
packed() # WANTED: the files on the stick
{
	code=$(oncestick issue "$stick" -n 1 "$pass" 2>/dev/null </dev/null)
	echo "$code" >"$W/code"
	mkdir -p "$W/mnt"
	check "it opens" oncestick mount "$stick" "$W/mnt" --code-file "$W/code"
	is "what is on it" "$(cd "$W/mnt" && find . -type f | sort | tr '\n' ' ')" "$1"
	check "it is closed" oncestick unmount "$W/mnt"
}

# ---- rubbish -----------------------------------------------------------------------------------------------------------------
check "the usual rubbish is left out" oncestick prepare "$folder" "$stick" "$pass"
said '^left out: 5 files: '
for f in .DS_Store week/Thumbs.db week/._film.mp4 .~lock.talk.odp# week/desktop.ini; do said "[ ,]$f(,|$)"; done
packed './drafts/deep/older.pdf ./drafts/old.pdf ./talk.bak ./talk.pdf ./week/drafts/x ./week/film.mp4 '
check "or kept" oncestick prepare "$folder" "$stick" --replace --discard --keep-rubbish "$pass" --json
is "every file" "$(jq -c '[.files, .left_out]' "$W/out")" '[11,[]]'

# ---- patterns ----------------------------------------------------------------------------------------------------------------
check "patterns" oncestick prepare "$folder" "$stick" --replace --discard --exclude '*.bak' --exclude /drafts --exclude 'week/*.mp4' \
	--exclude '*.bakk' "$pass"
said 'left out: 8 files and folders: '
said 'warning: this pattern matches nothing in the folder: \*\.bakk$'
packed './talk.pdf ./week/drafts/x '
printf '# what nobody needs\r\n\r\n*.bak\r\ndrafts/\r\n' >"$folder/.oncestickignore"
ln -s nowhere "$folder/link"
check "from a file in the folder; a link that is left out is no reason to refuse" oncestick prepare "$folder" "$stick" --replace --discard \
	--exclude link --keep-rubbish --strict --json "$pass"
is "in JSON" "$(jq -c '.left_out | sort' "$W/out")" '["drafts/","link","talk.bak","week/drafts/"]'
rm "$folder/link"
check "no rubbish, and the file says the rest" oncestick prepare "$folder" "$stick" --replace --discard "$pass"
packed './talk.pdf ./week/film.mp4 '

# ---- refusals: nothing is written ----------------------------------------------------------------------------------------------
check "what is there" sh -c "find '$stick' -type f -exec sha256sum {} + | sort >'$W/before'"
refused 2 "a pattern of nothing" oncestick prepare "$folder" "$stick" --replace --discard --exclude '' "$pass"
refused 2 "a pattern of too many stars" oncestick prepare "$folder" "$stick" --replace --discard --exclude "$(printf '%017d' 0 | sed 's/0/*a/g')" "$pass"
said 'at most [0-9]+ stars'
refused 2 "a pattern that is too long" oncestick prepare "$folder" "$stick" --replace --discard --exclude "$(printf %02000d 0)" "$pass"
refused 52 "all of it left out" oncestick prepare "$folder" "$stick" --replace --discard --exclude '*' "$pass"
said 'left out: '
head -c 1048576 /dev/zero | tr '\0' a >"$folder/.oncestickignore"
refused 52 "a file of patterns that is no such file" oncestick prepare "$folder" "$stick" --replace --discard "$pass"
said '.oncestickignore is too large'
head -c 1000 /dev/zero >"$folder/.oncestickignore"
refused 52 "nor is that one" oncestick prepare "$folder" "$stick" --replace --discard "$pass"
yes a | head -n 300 >"$folder/.oncestickignore"
refused 52 "too many patterns" oncestick prepare "$folder" "$stick" --replace --discard "$pass"
said '.oncestickignore, line 2[0-9][0-9]: '
rm "$folder/.oncestickignore"
mkfifo "$folder/.oncestickignore"
refused 52 "one that is no file" oncestick prepare "$folder" "$stick" --replace --discard "$pass"
said 'not a text of patterns'
rm "$folder/.oncestickignore"
mkdir "$folder/.oncestickignore"
refused 52 "one that is a folder" oncestick prepare "$folder" "$stick" --replace --discard "$pass"
said 'not a text of patterns'
rmdir "$folder/.oncestickignore"
ln -s /etc/passwd "$folder/.oncestickignore"
refused 52 "one that is a link" oncestick prepare "$folder" "$stick" --replace --discard "$pass"
said 'cannot be read: symbolic link'
is "the stick is as it was" "$(find "$stick" -type f -exec sha256sum {} + | sort | cmp - "$W/before" && echo same)" same

finish
