# The power is cut in each verb: cutverb logs what it creates, writes, flushes, renames and removes, wants all of it flushed when the
# verb says it is done, and judges what a cut at each flush before would have left of keystore and books, beside what is on the stick.
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the calls are the same
for need in strace python3; do
	command -v "$need" >/dev/null || skip "no $need here"
done
cut() # DESCRIPTION COMMAND...
{
	what=$1
	shift
	check "$what" "$ONCE_TESTS/scenario/cutverb" "$W" "$@"
}
pass="--passphrase-file=$W/pass" stick=$W/stick
mkdir "$W/folder" "$W/folder/more" "$stick" "$W/files"
head -c 70000 /dev/urandom >"$W/folder/film.bin"
echo hello >"$W/folder/more/a.txt"

cut "an issuer is made" oncestick init --contact Office "$pass"
cut "a stick is prepared" oncestick prepare "$W/folder" "$stick" --codes 4 --label Cut "$pass"
cut "a second lecture is added" oncestick prepare "$W/folder" "$stick" --add --codes 2 "$pass"
cut "codes are handed out" oncestick issue "$stick" -n 3 --to Kim --lecture Cut "$pass"
cp "$W/out" "$W/codes"
printf 'holder,codes\nLee,1\nPark,1\n' >"$W/roster.csv"
cut "everybody on a list gets some" oncestick issue --roster "$W/roster.csv" --lecture folder --sheets "$W/files/sheets/" "$pass"
cut "all of them are listed" oncestick issue --roster "$W/roster.csv" --already again --format csv --list "$W/files/list.csv" "$pass"
cut "more codes are made" oncestick refill "$stick" -n 1 --lecture Cut "$pass"
cut "and some for when it is away" oncestick refill "$stick" -n 1 --lecture Cut -o "$W/files/refill" "$pass"
cut "which are accepted" oncestick accept "$W/files/refill" "$stick"
cut "they are told again, on a sheet" oncestick issue --again Kim --sheet "$W/files/cards.pdf" "$pass"
sed -n 1p "$W/codes" >"$W/code"
cut "one is revoked" oncestick revoke --code-file "$W/code" "$pass"
sed -n 2p "$W/codes" >"$W/code"
cut "another, and the list is written" oncestick revoke --code-file "$W/code" --at "$stick" "$pass"
sed -n 3p "$W/codes" >"$W/code"
if [ "$(id -u)" -eq 0 ] && [ -c /dev/fuse ]; then # fusermount3 of another user is not traced
	cut "the last is tried" oncestick rehearse "$stick" --code-file "$W/code"
	cut "it opens, pauses, goes on, and is over" sh -c "
		open='oncestick mount $stick --code-file $W/code'
		\$open && oncestick unmount --pause && \$open && oncestick unmount --yes"
	cut "it comes home" oncestick collect "$stick" "$pass"
fi
cut "the PC knows an issuer" oncestick station pin "$stick"
cut "the list goes into a file" oncestick revoke --list "$W/files/list" "$pass"
cut "and from there into the PC and onto the stick" oncestick accept "$W/files/list" "$stick"
cut "it can be enrolled" oncestick station enrol "$W/files/enrolment"
cut "its receipts are written" oncestick station receipts "$W/files/receipts"
cut "whom to call is changed" oncestick contact Aula
echo 'another horse' >"$W/another"
cut "the passphrase is changed" oncestick passwd "$pass" --new-passphrase-file "$W/another"
cut "and changed back" oncestick passwd --passphrase-file "$W/another" --new-passphrase-file "$W/pass"
cut "a backup is made" oncestick backup "$W/files/backup"
mv "$W/issuer" "$W/lost"
cut "the issuer is restored" oncestick restore "$W/files/backup" --nothing-issued-since "$pass"
cut "its books are adopted" oncestick restore --adopt --yes
cut "the stick is prepared anew" oncestick prepare "$W/folder" "$stick" --replace --codes 2 "$pass"
cut "it is erased" oncestick erase "$stick" --yes "$pass"
finish
