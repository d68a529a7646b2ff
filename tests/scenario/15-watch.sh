# watch: a stick is mounted, the code is typed, the folder opens; the stick goes and comes back; ^C ends it and leaves folders open.
#
# A mount is what it waits for, so most of this needs root and a loop device. It runs in mounts of its own, where no other stick is.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse

ends_with_130() # without a stick: it waits, and SIGTERM ends it as ^C does
{
	oncestick watch --json >"$W/out" 2>"$W/err" </dev/null &
	watcher=$!
	wait_until 10 grep -q waiting "$W/out"
	kill -TERM $watcher
	wait $watcher
	is "it ends with 130" $? 130
	said "E_INTERRUPTED 130"
}
if [ "$WHO" != root ]; then
	ends_with_130
	finish
fi
command -v expect >/dev/null || skip "no expect here"
if [ -z "${ALONE:-}" ]; then
	[ -n "$(losetup -f 2>/dev/null)" ] || skip "no loop devices"
	exec unshare --mount --propagation private env ALONE=yes sh "$ONCE_TESTS/scenario/15-watch.sh"
fi
for m in $(findmnt -n -r -o TARGET); do # whatever others have mounted meanwhile
	[ ! -d "$(printf %b "$m")/ONCE" ] || umount -l "$(printf %b "$m")"
done

image=$W/stick.img stick=$W/media
mkdir "$stick"
truncate -s 64M "$image"
mkfs.ext4 -q -F "$image" || die "no ext4"
loop=$(losetup -f --show "$image") || die "no loop device" # one for all mounts: what is pulled may still be held
plug()
{
	mount "$loop" "$stick" || die "the stick cannot be mounted"
}
pull()
{
	umount "$stick" || umount -l "$stick" || die "the stick cannot be unmounted"
}
trap 'cleanup; umount -l "$stick" 2>/dev/null; losetup -d "$loop"' EXIT

sample "$W/folder"
new_issuer
plug
prepare "$W/folder" "$stick" --label Watched --codes 4
codes "$W/codes" 3
nth()
{
	sed -n "$1p" "$W/codes"
}

# A person at a terminal: expect runs watch there, and this script does what hands do, each step when the one before is done.
cat >"$W/person" <<'END'
set timeout 60
proc want {text} { # lines are broken between words, anywhere
	regsub -all " " $text {\s+} pattern
	expect {
		-re $pattern {}
		timeout { puts stderr "watch did not say: $text"; exit 1 }
		eof { puts stderr "watch ended and did not say: $text"; exit 1 }
	}
}
proc status {want} {
	expect {
		eof {}
		timeout { puts stderr "watch did not end"; exit 1 }
	}
	set got [lindex [wait] 3]
	if {$got != $want} { puts stderr "exit status $got, not $want"; exit 1 }
}
proc hands {command} {
	if {[catch {exec sh -c $command >@ stderr 2>@ stderr} why]} { puts stderr "$command: $why"; exit 1 }
}
END
person() # DESCRIPTION SCRIPT
{
	printf '%s\n' "$2" | cat "$W/person" - >"$W/script"
	check "$1" env LOOP="$loop" STICK="$stick" ONE="$(nth 1)" TWO="$(nth 2)" THREE="$(nth 3)" expect "$W/script"
}

# a stick that is in already: a typing error, then the code, Enter; --once ends with the folder open
person "a stick that is in already is opened" '
	spawn oncestick watch --once
	want "waiting for a stick"
	want "\"Watched\" on stick"
	want "Code: "
	send "HNSB-PDT3-5TA5-MCEN\r"
	want "Nothing was spent"
	want "Code: "
	send "$env(ONE)\r"
	want "Open now"
	send "\r"
	want "open until"
	status 0'
folder=$(oncestick status --json | jq -r '.open[0].mount_point')
check "the folder is open" mounted "$folder"
check "and right" cmp "$W/folder/clips/film.bin" "$folder/clips/film.bin"

# a stick whose session is open is not asked for a code, also when it comes back
person "a stick that is open already is left alone" '
	spawn oncestick watch
	want "open already: .*Watched"
	hands {umount -l "$STICK"}
	want "is gone"
	hands {mount "$LOOP" "$STICK"}
	want "open already: .*Watched"
	send "\003"
	want "still open until"
	status 130'
check "end" oncestick unmount --yes
pull

# no stick: it waits until one comes; a used code, then a second one; the session is ended elsewhere; the stick goes
person "it waits for a stick" '
	spawn oncestick watch
	want "waiting for a stick"
	hands {mount "$LOOP" "$STICK"}
	want "Code: "
	send "$env(ONE)\r"
	want "E_SPENT 30"
	want "Code: "
	send "$env(TWO)\r"
	want "Open now"
	send "\r"
	want "open until"
	hands {oncestick unmount --yes >&2}
	want "closed: "
	hands {umount "$STICK"}
	want "is gone"
	hands {mount "$LOOP" "$STICK"}
	want "Code: "
	send "\r"
	want "E_PROMPT 24"
	want "left alone until"
	send "\003"
	want "E_INTERRUPTED 130"
	status 130'

# what was said of each stick that came is not kept: watch may run for weeks
if command -v python3 >/dev/null && ! grep -q __asan_init "$ONCE_BIN/oncestick"; then # which keeps what was let go of
	cat >"$W/kept" <<-'END'
		import re, sys
		ranges = [re.match("(\\w+)-(\\w+)", line) for line in open(f"/proc/{sys.argv[1]}/maps") if "[heap]" in line]
		count = 0
		with open(f"/proc/{sys.argv[1]}/mem", "rb") as memory:
		    for r in ranges:
		        memory.seek(int(r[1], 16))
		        count += memory.read(int(r[2], 16) - int(r[1], 16)).count(b"cancelled: no code was typed")
		sys.exit(0 if ranges and count < 6 else f"{count} sentences are in memory")
	END
	pull
	person "what it said is not kept in memory" "
		spawn oncestick watch
		want {waiting for a stick}
		for {set i 0} {\$i < 12} {incr i} {
			hands {mount \"\$LOOP\" \"\$STICK\"}
			want {Code: }
			send \"\\r\"
			want {left alone until}
			hands {umount \"\$STICK\"}
			want {is gone}
		}
		hands \"python3 $W/kept [exp_pid]\"
		send \"\\003\"
		status 130"
	plug
fi

# ^C at a question: a key, where the line is edited here; a signal on a terminal that edits it, and where Enter is asked for
interrupted() # TERM DESCRIPTION SCRIPT
{
	TERM=$1
	export TERM
	person "$2" "
		spawn oncestick watch
		$3
		send \"\\003\"
		want \"E_INTERRUPTED 130\"
		status 130"
	TERM=dumb
}
interrupted xterm "^C at the question spends nothing" 'want "Code: "'
interrupted dumb "nor where the terminal edits the line" 'want "Code: "'
interrupted xterm "nor does ^C when it is asked whether to open now" '
		want "Code: "
		send "$env(THREE)\r"
		want "Open now"'

# events for programs: one object a line, on stdout alone
cat >"$W/json" <<END
spawn sh -c {oncestick watch --json --once --yes >"$W/events"}
want "Code: "
send "\$env(THREE)\r"
want "open until"
status 0
END
person "events as JSON" "$(cat "$W/json")"
is "one object a line" "$(jq -r .event "$W/events" | tr '\n' ' ')" "waiting stick opened "
is "the stick is named" "$(jq -r 'select(.event == "opened") | .stick' "$W/events")" "$stick"
folder=$(jq -r 'select(.event == "opened") | .mount_point' "$W/events")
check "the folder is open" mounted "$folder"
is "its label" "$(jq -r 'select(.event == "opened") | .label' "$W/events")" Watched
check "end" oncestick unmount --yes

pull
ends_with_130
is "and nothing was done" "$(jq -r .event "$W/out")" waiting

# without a terminal: mount's answer
plug
refused 24 "nowhere to ask" setsid -w oncestick watch --once
said "oncestick mount STICK --code-file"
finish
