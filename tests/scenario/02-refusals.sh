# Every way in which mount says no before anything is spent: its own exit code, its own words, and nothing changed on the stick.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label Refusals --codes 6
one_code "$W/code"
code=$(cat "$W/code")
digest()
{
	(cd "$1" && find . ! -path ./ONCE/probe | sort && find . -type f ! -path ./ONCE/probe -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}
before=$(digest "$stick")

# what was typed
printf '%s\n' "${code%?}" >"$W/short"
refused 20 "fifteen symbols" oncestick mount "$stick" --code-file "$W/short"
printf '\n' >"$W/empty"
# hostile 1: no code, and 5000 symbols
refused 20 "an empty code file" oncestick mount "$stick" --code-file "$W/empty"
head -c 5000 /dev/zero | tr '\0' A >"$W/long"
refused 20 "5000 symbols" oncestick mount "$stick" --code-file "$W/long"
refused 20 "a stick's id instead of a code" sh -c "oncestick codes '$stick' | sed -n 's#.*\\([0-9a-z]\\{6\\}/[0-9]*\\).*#\\1#p' | head -n 1 >'$W/id'; oncestick mount '$stick' --code-file '$W/id'"
# one wrong symbol in the third group: the group is named, nothing is tried
mistyped "$code" >"$W/typo"
refused 21 "one wrong symbol" oncestick mount "$stick" --code-file "$W/typo"
said "group 3"
said "nothing was spent"
printf '0000-0000-0000-0001\n' >"$W/other"
# hostile 5: a release code where a code is asked for
echo 5KSR-D0P1-BBWH-FNDR >"$W/release"
refused 22 "a release code" oncestick mount "$stick" --code-file "$W/release"
# hostile 6: a code of no stick
refused 23 "a well-formed code of no stick" oncestick mount "$stick" --code-file "$W/other"
refused 24 "no terminal and no code file" setsid oncestick mount "$stick"
refused 24 "a code file that is missing" oncestick mount "$stick" --code-file "$W/nowhere"

# small letters, look-alikes and spaces are the same code
printf '  %s \r\n' "$(printf %s "$code" | tr 'A-Z-' 'a-z ' | tr 01 oi)" >"$W/folded"
# hostile 2: small letters and look-alikes
check "the code in small letters with o and i" oncestick rehearse "$stick" --code-file "$W/folded"

# the stick
mkdir "$W/none"
# hostile 31: no stick
refused 10 "a directory without ONCE" oncestick mount "$W/none" --code-file "$W/code"
refused 10 "a directory that is not there" oncestick mount "$W/missing" --code-file "$W/code"
cp -r "$stick" "$W/damaged"
head -c 4096 /dev/zero >"$W/damaged/ONCE/stick.a"
cp "$W/damaged/ONCE/stick.a" "$W/damaged/ONCE/stick.b"
refused 11 "a stick without a valid record" oncestick mount "$W/damaged" --code-file "$W/code"
cp -r "$stick" "$W/nogrant"
for g in "$W"/nogrant/ONCE/g/*/grant.cose; do
	flip "$g" 200
done
refused 12 "one flipped bit in the only grant" oncestick mount "$W/nogrant" --code-file "$W/code"
cp -r "$stick" "$W/nomanifest"
for m in "$W"/nomanifest/ONCE/b/*/manifest.cose; do
	flip "$m" 150
done
refused 40 "one flipped bit in the manifest" oncestick mount "$W/nomanifest" --code-file "$W/code"
cp -r "$stick" "$W/cut"
for s in "$W"/cut/ONCE/b/*/00000000.seg; do
	truncate -s -1 "$s"
done
# hostile 21: a segment one byte short
refused 40 "a segment one byte short" oncestick mount "$W/cut" --code-file "$W/code"

# the clock
refused 33 "the clock after the window" faketime -f '+60d' oncestick mount "$stick" --code-file "$W/code"
prepare "$W/folder" "$W/future" --label Future --codes 1 --not-before +2d --expires +9d
one_code "$W/futurecode" "$W/future"
# hostile 51: before the window, and a clock of 1990
refused 32 "a code that is not valid yet" oncestick mount "$W/future" --code-file "$W/futurecode"
refused 32 "... on a PC whose clock says 1990" faketime '1990-01-01 10:00:00' oncestick mount "$W/future" --code-file "$W/futurecode"
said "clock.*1990"

# the machine
refused 47 "a mount point that is not there" oncestick mount "$stick" "$W/nowhere" --code-file "$W/code"
mkdir "$W/full"
touch "$W/full/file"
refused 47 "a mount point that is not empty" oncestick mount "$stick" "$W/full" --code-file "$W/code"
refused 47 "a mount point that is a file" oncestick mount "$stick" "$W/full/file" --code-file "$W/code"
refused 48 "too little memory for Argon2id" sh -c "unset LD_PRELOAD; ulimit -v 70000; oncestick mount '$stick' --code-file '$W/code'"
if [ "$WHO" = user ]; then
	refused 47 "the folder of another user as mount point" oncestick mount "$stick" /usr/share --code-file "$W/code"
	chmod a-w "$stick"/ONCE/g/*/lock.a
	# hostile 40: a stick that may not be written
	refused 43 "a write-protected stick" oncestick mount "$stick" --code-file "$W/code"
	chmod u+w "$stick"/ONCE/g/*/lock.a
	mkdir "$W/locked"
	chmod 555 "$W/locked"
	# hostile 63: station memory that cannot be made, or is none
	refused 37 "a station directory that cannot be made" env ONCESTICK_STATION_DIR="$W/locked/station" \
		oncestick mount "$stick" --code-file "$W/code"
	refused 37 "which a rehearsal finds as well" env ONCESTICK_STATION_DIR="$W/locked/station" \
		oncestick rehearse "$stick" --code-file "$W/code"
fi
mkdir -p "$W/badstation"
printf 'this is no database, but it is long enough to be looked at as one' >"$W/badstation/station.sqlite"
chmod 700 "$W/badstation"
refused 37 "station memory that is no database" env ONCESTICK_STATION_DIR="$W/badstation" oncestick mount "$stick" --code-file "$W/code"

# the command line
refused 2 "an unknown verb" oncestick mountt
refused 2 "an unknown option" oncestick mount --codefile x
refused 2 "too many operands" oncestick mount a b c

is "nothing changed on the stick" "$(digest "$stick")" "$before"
check "and the code still opens" oncestick mount "$stick" --code-file "$W/code"
check "it closes" oncestick unmount --yes
finish
