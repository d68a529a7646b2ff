# A film that is still being exported: told, or with --strict refused with nothing left on the stick.
. "$ONCE_TESTS/scenario/scenario.sh"
sample "$W/folder"
head -c 20000000 /dev/urandom >"$W/folder/film.mp4"
new_issuer
pass="--passphrase-file=$W/pass"
old()
{
	find "$W/folder" -exec touch -d '1 day ago' {} +
}

mkdir "$W/stick"
old
check "a folder that rests" oncestick prepare "$W/folder" "$W/stick" --strict -n 1 "$pass"
check "needs no warning" no grep -q warning "$W/err"
check "and is erased" oncestick erase "$W/stick" --yes "$pass"

# hostile 82: written to a moment ago
touch "$W/folder/a.txt"
refused 52 "what was just written, with --strict" oncestick prepare "$W/folder" "$W/stick" --strict -n 1 "$pass"
said "a.txt"
is "leaves nothing on the stick" "$(ls -A "$W/stick")" ""
touch "$W/folder/a.txt"
prepare "$W/folder" "$W/stick" -n 1
said "a.txt: .*moment ago"
check "and is erased" oncestick erase "$W/stick" --yes "$pass"

# hostile 82: written to in place, all the time
old
touch "$W/go"
while [ -e "$W/go" ]; do
	printf x | dd of="$W/folder/film.mp4" bs=1 seek=777 conv=notrunc status=none
done &
writer=$!
refused 52 "a film that is being written, with --strict" oncestick prepare "$W/folder" "$W/stick" --strict -n 1 "$pass"
said "film.mp4"
is "leaves nothing on the stick" "$(ls -A "$W/stick")" ""
prepare "$W/folder" "$W/stick" -n 1
said "film.mp4"
rm "$W/go"
wait $writer
check "and is erased" oncestick erase "$W/stick" --yes "$pass"

# A folder that was just copied: not every file of it is told.
mkdir "$W/many"
for i in $(seq 100); do
	echo "$i" >"$W/many/$i"
done
find "$W/many" -exec touch {} +
prepare "$W/many" "$W/stick" -n 1
check "a hundred files are not a hundred lines" test "$(grep -c 'moment ago' "$W/err")" -le 20
finish
