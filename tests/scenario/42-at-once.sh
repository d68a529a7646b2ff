# One code and two people at the same moment, on one stick that nobody copied: one of them opens. And whoever took his time at a
# question is told what happened to the stick meanwhile.
# shellcheck disable=SC2154 # at, pairs: of pairs.sh
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v expect >/dev/null || skip "no expect"
command -v jq >/dev/null || skip "no jq"
at=$W/stick pass="--passphrase-file=$W/pass"
. "$ONCE_TESTS/scenario/pairs.sh"
mkdir "$W/folder"
head -c 100000 /dev/urandom >"$W/folder/film.bin"
new_issuer
prepare "$W/folder" "$at" --label Pairs --codes 110
codes "$W/codes" 108 "$at"
code() # N: a file with the N-th code
{
	sed -n "$1p" "$W/codes" >"$W/code$1"
	echo "$W/code$1"
}
found() # what the last collect found used, and how
{
	jq -r '[.codes[] | select(.found != "unused") | .found] | group_by(.) | map("\(length) \(.[0])") | join(", ")' "$W/out"
}

# hostile 71: the same code at two stations of one PC at once, again and again
pairs_of "$W/codes" 100
check "collect" oncestick collect "$at" --json "$pass"
is "and it knows each once" "$(found)" "100 used"

# A person at a terminal: is asked for a code, unless it is "", then QUESTION; then the shell words in $W/what happen; then ANSWER.
cat >"$W/person.exp" <<'EXPECT'
set timeout 120
set env(TERM) xterm
set env(NO_COLOR) 1
set stty_init "rows 24 columns 300"
proc sees {text} {
	expect {
		-ex $text {}
		timeout { puts "\nnot on the terminal: $text"; exit 1 }
		eof { puts "\nended before it said: $text"; exit 1 }
	}
}
lassign $argv what status code question answer says
spawn {*}[lrange $argv 6 end]
if {$code ne ""} { sees "Code: "; send -- "$code\r" }
sees $question
puts [exec sh $what]
send -- "$answer\r"
if {$says ne ""} { sees $says }
expect {
	eof {}
	timeout { puts "\ndoes not end"; exit 1 }
}
set got [lindex [wait] 3]
if {$got != $status} { puts "\nexit $got instead of $status"; exit 1 }
EXPECT
asked() # STATUS CODE QUESTION ANSWER SAYS COMMAND...
{
	expect "$W/person.exp" "$W/what" "$@"
}
by_other() # N [END...]: user B opens the stick with the N-th code
{
	file=$(code "$1")
	shift
	{
		echo "export HOME='$W/homeB' ONCESTICK_STATION_DIR='$W/stationB'"
		echo "oncestick mount '$at' --code-file '$file' --no-desktop 2>&1 || exit"
		[ $# -eq 0 ] || echo "oncestick unmount $* 2>&1"
	} >"$W/what"
}

by_other 101 --yes
check "used up and ended by another while the first is asked" as A asked 30 "$(cat "$(code 101)")" "Open now?" "" \
	"used" oncestick mount "$at" --no-desktop
is "nothing is open" "$(as A oncestick status --json | jq '.open | length')" 0
by_other 102
check "used up by another, and open" as A asked 30 "$(cat "$(code 102)")" "Open now?" "" "used" oncestick mount "$at" --no-desktop
check "the other's lecture goes on" cmp "$W/folder/film.bin" "$W/homeB/Pairs/film.bin"
check "to its end" as B oncestick unmount --yes
echo "oncestick revoke --code-file '$(code 103)' --at '$at' --yes --passphrase-file '$W/pass' 2>&1" >"$W/what"
check "revoked while the person is asked" as A asked 31 "$(cat "$(code 103)")" "Open now?" "" "revoked" \
	oncestick mount "$at" --no-desktop
check "collect" oncestick collect "$at" --json "$pass"
is "each session is known once" "$(found)" "102 used"

# erasing asks, too
by_other 104 --yes
check "a code used while erase asks is not lost" asked 2 "" "No code opens it afterwards" "y" "collect" \
	oncestick erase "$at" "$pass"
check "it is all still there" oncestick collect "$at" --json "$pass"
is "and known now" "$(found)" "103 used"

# Somebody keeps the records, as anybody who may read them can: nobody waits for ever, and nothing changes.
lock=$(echo "$at"/ONCE/g/*/lock.a)
exec 8<"$lock"
flock 8
refused 15 "mount" as A oncestick mount "$at" --code-file "$(code 105)" --no-desktop
said "somebody is using a code of stick"
said "nothing was spent"
refused 15 "rehearse" as A oncestick rehearse "$at" --code-file "$(code 105)"
refused 15 "erase" oncestick erase "$at" --yes "$pass"
refused 15 "prepare --replace" oncestick prepare "$W/folder" "$at" --replace "$pass"
refused 15 "revoke --at" oncestick revoke --code-file "$(code 106)" --at "$at" --yes "$pass"
said "the books have it"
exec 8<&-
# The whole stick is held, too, by who writes a list to it, also where lock files are missing.
exec 8<"$at/ONCE"
flock 8
mv "$lock" "$lock.away"
refused 15 "revoke --at while another list is written" oncestick revoke --at "$at" --yes "$pass"
mv "$lock.away" "$lock"
exec 8<&-
check "afterwards the code opens" as A oncestick mount "$at" --code-file "$(code 105)" --no-desktop
check "end" as A oncestick unmount --yes
check "the list gets there" oncestick revoke --at "$at" "$pass"
refused 31 "and holds" as A oncestick mount "$at" --code-file "$(code 106)" --no-desktop

# The same on a file system of its own; vfat and exFAT are in 30-vm-sticks.
[ "$WHO" = root ] || finish
at=$W/ext4
umount_ext4()
{
	cleanup
	umount "$at" 2>/dev/null
}
trap umount_ext4 EXIT
truncate -s 64M "$at.img"
mkfs.ext4 -q -F "$at.img" && mkdir "$at" || die "cannot make an ext4"
if ! mount -o loop "$at.img" "$at"; then
	[ -z "${CI:-}" ] || die "no loop device, and on CI nothing is skipped"
	echo "# no loop device here: no pairs on ext4"
	finish
fi
prepare "$W/folder" "$at" --label Ext4 --codes 50
codes "$W/codes" 50 "$at"
pairs_of "$W/codes" 50
check "ext4: collect" oncestick collect "$at" --json "$pass"
is "ext4: and it knows each once" "$(found)" "50 used"
check "it goes" umount "$at"
finish
