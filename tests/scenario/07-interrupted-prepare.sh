# prepare stopped at any moment leaves nothing that could be taken for a stick, and the next run says so and succeeds.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
mkdir -p "$W/folder" "$stick"
head -c 60000000 /dev/urandom >"$W/folder/film.bin"
printf 'x\n' >"$W/folder/x.txt"
new_issuer
usable() # whether anything on the stick has a grant
{
	ls "$stick"/ONCE/g/*/grant.cose 2>/dev/null | grep -qv '\.tmp/'
}
# hostile 67: prepare killed at system calls
# killed at one system call after another, by number, from the first write below ONCE to the rename that makes it a stick
for call in mkdirat:2 openat:60 pwrite64:1 pwrite64:9 pwrite64:30 fsync:1 fsync:2 fsync:4 fsync:6 fdatasync:1 renameat:1 rename:1; do
	rm -rf "$stick/ONCE" "$stick/READ ME FIRST.txt"
	name=${call%:*} nth=${call#*:}
	strace -f -o /dev/null -e trace="$name" -e inject="$name:signal=KILL:when=$nth" \
		oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass" >"$W/out" 2>"$W/err" </dev/null
	status=$?
	if [ $status -eq 0 ]; then
		continue # it makes fewer calls of that kind
	fi
	no usable || die "killed at $call, a grant is on the stick"
	check "killed at $name number $nth: the same command succeeds" \
		oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass"
	[ ! -e "$W/found" ] && grep -qi 'leftover\|left over\|interrupted' "$W/err" && touch "$W/found"
	check "and what it made is whole" oncestick verify "$stick"
done
check "at least one run told of what it cleaned away" test -e "$W/found"

# asked to stop
rm -rf "$stick/ONCE"
strace -f -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=INT:when=12 \
	oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass" >"$W/out" 2>"$W/err" </dev/null
is "SIGINT ends with 130" $? 130
no usable || die "after SIGINT a grant is on the stick"
is "and no bundle" "$(ls "$stick/ONCE/b" 2>/dev/null | wc -l)" 0
check "the same command succeeds" oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass"
strace -f -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=INT:when=12 \
	oncestick prepare "$W/folder" "$stick" --add --codes 1 --passphrase-file "$W/pass" >"$W/out" 2>"$W/err" </dev/null
is "SIGINT ends adding with 130, too" $? 130
is "what was there stays, and nothing else" "$(ls "$stick/ONCE/b" | wc -l)" 1

# hostile 67: ids of bundles are not used again
# a bundle id is never used twice
is "every bundle in the books has its own id" "$(sqlite3 "$W/issuer/books.sqlite" 'select count(*)-count(distinct bundle_id) from bundle')" 0

# hostile 67: links, FIFOs, unreadable files
# what cannot be packed is found before the first byte
rm -rf "$stick/ONCE"
ln -s x.txt "$W/folder/link"
refused 52 "a symbolic link in the folder" oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass"
said "link"
rm "$W/folder/link"
mkfifo "$W/folder/fifo"
refused 52 "a FIFO in the folder" oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass"
rm "$W/folder/fifo"
refused 52 "a folder that is not there" oncestick prepare "$W/nofolder" "$stick" --codes 1 --passphrase-file "$W/pass"
if [ "$WHO" = user ]; then
	chmod 000 "$W/folder/x.txt"
	refused 52 "an unreadable file" oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass"
	said "x.txt"
	chmod 644 "$W/folder/x.txt"
	chmod 555 "$stick"
	refused 43 "a stick that may not be written" oncestick prepare "$W/folder" "$stick" --codes 1 --passphrase-file "$W/pass"
	chmod 755 "$stick"
fi
check "nothing was made by these" test ! -e "$stick/ONCE"
refused 10 "a stick that is not there" oncestick prepare "$W/folder" "$W/nostick" --codes 1 --passphrase-file "$W/pass"
check "and prepare did not make it" test ! -e "$W/nostick"
finish
