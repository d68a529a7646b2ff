# The desktop: what is notified and kept awake while a folder is open, ejecting, file types and entries. On a bus of its own, with a
# server that writes down what it is asked for.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
lack() # PACKAGE
{
	[ -z "${CI:-}" ] || die "package $1 is missing, and on CI nothing is skipped"
	skip "no package $1 here"
}
for need in dbus-daemon:dbus desktop-file-validate:desktop-file-utils update-mime-database:shared-mime-info gio:libglib2.0-bin \
	xdg-mime:xdg-utils appstreamcli:appstream rsvg-convert:librsvg2-bin; do
	command -v "${need%:*}" >/dev/null || lack "${need#*:}"
done
/usr/bin/python3 -c 'import dbus' 2>/dev/null || lack python3-dbus
/usr/bin/python3 -c 'import gi' 2>/dev/null || lack python3-gi
feed=$ONCE_BUILD/tests/support/desktop_feed
[ -x "$feed" ] || die "$feed is not built"
"$feed" </dev/null || lack libsystemd-dev # at build time

# ---- a bus -------------------------------------------------------------------------------------------------------------------
cat >"$W/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
<listen>unix:path=$W/bus</listen>
<auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/><allow eavesdrop="true"/><allow own="*"/>
</policy>
</busconfig>
END
dbus-daemon --config-file="$W/bus.conf" --nofork --nopidfile --nosyslog 2>"$W/bus.log" &
daemon=$!
server=
trap 'cleanup; kill $daemon $server 2>/dev/null' EXIT
wait_until 10 test -S "$W/bus"
log=$W/log
exec 7>/dev/null

serve() # WORD...: a fresh desktop
{
	[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null
	: >"$log"
	DBUS_SESSION_BUS_ADDRESS=unix:path=$W/bus /usr/bin/python3 "$ONCE_TESTS/scenario/desktop_server" "$log" "$@" &
	server=$!
	wait_until 20 grep -q '^ready' "$log"
}
with_bus() # COMMAND...
{
	DBUS_SESSION_BUS_ADDRESS=unix:path=$W/bus DBUS_SYSTEM_BUS_ADDRESS=unix:path=$W/bus "$@"
}
logged() # DESCRIPTION PATTERN: soon a line of the log matches
{
	wait_until 60 grep -Eq -- "$2" "$log"
	checks=$((checks + 1))
	echo "ok $checks - $1"
}
count() # PATTERN: how many lines match
{
	grep -Ec -- "$1" "$log"
}
fed() # a session that says what say is given
{
	exec 7>&-
	rm -f "$W/go"
	mkfifo "$W/go"
	with_bus "$feed" <"$W/go" &
	exec 7>"$W/go"
}
say()
{
	printf '%s\n' "$1" >&7
}

# ---- a session that is told what happens to it ---------------------------------------------------------------------------------
serve
fed
say 'opened 28800 Week <b>12</b> & more'
logged "it is said that it is open" '^notify 1 urgency 1 \| "Week <b>12</b> & more" is open \| Until [0-9][0-9]:[0-9][0-9]\.'
logged "the PC stays awake" '^awake idle:sleep:handle-lid-switch oncestick block'
logged "the screen stays lit" '^lit '
say out
logged "the stick is out, which is urgent, in the same bubble" '^notify 1 urgency 2 \| The stick is out \| Put it back.* the lecture goes on'
say back
logged "the stick is back" '^notify 1 urgency 0 \| The stick is back'
is "and that is all so far" "$(count '^notify')" 3
say ended
logged "it has ended, and the stick may be pulled" '^notify 1 urgency 1 \| .* has ended \| .*safe to pull'
logged "the PC may sleep" '^asleep'
logged "the screen may go dark" '^unlit 77'

for minutes in 30 10 2; do
	serve
	fed
	say "opened $((minutes * 60 + 2)) Soon"
	logged "$minutes minutes before the end" "^notify 1 urgency [12] \\| \"Soon\" closes in $minutes minutes \\| At [0-9:]* the folder closes"
	say over
	logged "the time is over" '^notify 1 .*has ended \| Its time is over.*safe to pull'
	is "opened, warned, over" "$(count '^notify')" 3
done

serve
fed
say 'opened 3600'
logged "a lecture without a label" 'The lecture is open'
say out
say left
logged "the stick stayed away: paused" '^notify 1 .* is paused \| The same code opens it again'
is "nobody is told to pull what is out" "$(count 'paused.*safe to pull')" 0

# of a session without a code nothing is said about one
serve
fed
say 'looked 602 Seen'
logged "open for its issuer" '"Seen" is open'
logged "ten minutes before the end" '"Seen" closes in 10 minutes \| At [0-9:]* the folder closes, whatever is being shown\.$'
say out
logged "the stick is out" 'The stick is out \| Put it back.* without it the folder closes\.$'
say back
say ended
logged "it has ended" '"Seen" has ended \| It is safe to pull the stick'
is "no code is spoken of" "$(count '[cC]ode')" 0
serve
fed
say 'looked 3600 Seen'
logged "open again" '"Seen" is open'
exec 7>&-
logged "and killed" '"Seen" was interrupted \| The issuer can open it again'

serve
fed
say 'opened 3600 Gone'
logged "open" 'is open'
exec 7>&-
logged "a session that was killed was interrupted" '^notify 1 .*"Gone" was interrupted \| The same code'
logged "and the PC may sleep" '^asleep'

serve
fed
say 'opened 3600 Worn'
say 'unread 3 clips/a <b>.wav'
logged "blocks that could not be read, which is urgent" '^notify 1 urgency 2 \| A part of "Worn" cannot be read \| 3 blocks of clips/a &lt;b&gt;.wav could not be read: try another port'
say ended
logged "the end" 'has ended'

serve no-lid
fed
say 'opened 3600 Lid'
logged "where the lid is not ours, the rest is kept awake" '^awake idle:sleep oncestick'
say told
logged "who ejects speaks for itself" '^close 1'
is "the session adds nothing" "$(count '^notify')" 1

# ---- a real one ----------------------------------------------------------------------------------------------------------------
stick=$W/stick
sample "$W/folder"
head -c 12000000 /dev/urandom >"$W/folder/film.bin" # more than a session keeps in memory
new_issuer
prepare "$W/folder" "$stick" --label Desk --codes 8
codes "$W/codes" 6
nth()
{
	sed -n "$1p" "$W/codes" >"$W/code"
}
serve
nth 1
check "mount" with_bus oncestick mount "$stick" --code-file "$W/code"
logged "it is open" '^notify 1 .*"Desk" is open'
logged "the PC stays awake" '^awake'
is "nobody sleeps" "$(count '^asleep')" 0
check "pause" with_bus oncestick unmount --pause
logged "it is paused" '"Desk" is paused .*safe to pull'
logged "the PC may sleep" '^asleep'
check "mount again" with_bus oncestick mount "$stick" --code-file "$W/code"
logged "a bubble of its own" "^notify 2 .*is open"
check "end" with_bus oncestick unmount --yes
logged "it has ended" '"Desk" has ended'
if [ "$WHO" = root ]; then # something is mounted over the folder: it stays, dead, and the session ends as any other
	serve
	one_code "$W/code"
	check "mount" with_bus oncestick mount "$stick" --code-file "$W/code"
	folder=$(cat "$W/out")
	logged "open" 'is open'
	check "it is covered" mount -t tmpfs none "$folder"
	check "end by force" with_bus oncestick unmount --yes --force
	said "still there"
	logged "it has ended all the same" '"Desk" has ended \| .*safe to pull'
	check "it is uncovered" umount "$folder"
	check "what is left goes" oncestick status
	check "with its mount" no mounted "$folder"
fi

serve
nth 2
check "without the desktop" with_bus oncestick mount "$stick" --code-file "$W/code" --no-desktop
check "end" with_bus oncestick unmount --yes
is "nothing was asked of it" "$(cat "$log")" ready

# no bus, and one that takes connections and never answers
nth 3
check "no bus: mount" env DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere \
	oncestick mount "$stick" --code-file "$W/code"
no grep -qi -e bus -e notif "$W/err" || die "it talks about the bus"
check "no bus: unmount" oncestick unmount --yes
/usr/bin/python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(100)
time.sleep(600)' "$W/deaf" &
deaf=$!
trap 'cleanup; kill $daemon $server $deaf 2>/dev/null' EXIT
wait_until 10 test -S "$W/deaf"
nth 4
check "a bus that hangs: mount" env DBUS_SESSION_BUS_ADDRESS="unix:path=$W/deaf" DBUS_SYSTEM_BUS_ADDRESS="unix:path=$W/deaf" \
	timeout 20 oncestick mount "$stick" --code-file "$W/code"
no grep -qi -e bus -e notif "$W/err" || die "it talks about the bus"
check "a bus that hangs: unmount" env DBUS_SESSION_BUS_ADDRESS="unix:path=$W/deaf" timeout 20 oncestick unmount --yes

# ---- eject ---------------------------------------------------------------------------------------------------------------------
nth 5
check "mount" with_bus oncestick mount "$stick" --code-file "$W/code"
check "a directory is not ejected" with_bus oncestick unmount --yes --eject --json
printed '"ejected": false'
said "warning: .*not at the top of a stick.*closed anyway"
is "it has ended all the same" "$(oncestick status --json | jq '.open | length')" 0
refused 30 "the code is dead" oncestick mount "$stick" --code-file "$W/code"

# On a file system of its own, which needs root and a loop device. The server only says that it unmounts.
eject() # WORD...: open the stick at $W/media, end with --eject while the server is in this mood
{
	serve "$@"
	one_code "$W/code" "$W/media"
	check "mount" with_bus oncestick mount "$W/media" --code-file "$W/code"
	logged "open" 'is open'
	check "end and eject" with_bus oncestick unmount --yes --eject --json
	is "it has ended" "$(oncestick status --json | jq '.open | length')" 0
	logged "the bubble of the session goes" '^close 1'
	logged "the stick is asked for by its device" "^resolve $loop"
	logged "and nobody for a password" '^unmount quietly'
}
if [ "$WHO" = root ] && [ -n "$(losetup -f 2>/dev/null)" ]; then
	truncate -s 64M "$W/stick.img"
	mkfs.ext4 -q -F "$W/stick.img"
	loop=$(losetup -f --show "$W/stick.img") || die "no loop device"
	trap 'cleanup; kill $daemon $server $deaf 2>/dev/null; umount -l "$W/media"; losetup -d "$loop"' EXIT
	mkdir "$W/media"
	mount "$loop" "$W/media" || die "the stick cannot be mounted"
	prepare "$W/folder" "$W/media" --label Out --codes 5

	eject
	logged "the stick is switched off" '^power-off'
	logged "it is safe to pull" '^notify .*\| It is safe to pull the stick'
	said "Safe to pull it"
	printed '"ejected": true'
	eject card
	logged "a card is put out of its reader" '^eject'
	is "which stays on" "$(count '^power-off')" 0
	tail -f "$W/media/READ ME FIRST.txt" >/dev/null &
	reader=$!
	eject busy
	kill $reader
	logged "the stick is still in use, and by what" "^notify .* urgency 2 \\| The lecture is closed, but .* tail \\(pid $reader\\) still has .READ ME FIRST.txt. open"
	said "warning: tail .pid $reader. still has"
	printed '"ejected": false'
	eject denied
	said "warning: .*Not authorized.*closed anyway"
	printed '"ejected": false'

	# A stick that is pulled: nothing more can be read from the device, and no file system is there. It comes back as another device.
	serve
	one_code "$W/code" "$W/media"
	check "mount" with_bus oncestick mount "$W/media" --code-file "$W/code"
	folder=$(cat "$W/out")
	mount -o remount,ro "$W/media" || die "it stays writable" # or the kernel would write to what is gone
	sync
	for segment in "$W"/media/ONCE/b/*/*.seg; do # nothing of it in memory, which would still be read
		dd if="$segment" iflag=nocache count=0 status=none || die "it stays in memory"
	done
	cp "$W/stick.img" "$W/back.img"
	truncate -s 0 "$W/stick.img"
	umount -l "$W/media"
	cmp "$folder/film.bin" "$W/folder/film.bin" >"$W/cmp" 2>&1 &
	reader=$!
	logged "it is out" '^notify 1 urgency 2 .* The stick is out .* in any port'
	back=$(losetup -f --show "$W/back.img") || die "no second loop device"
	trap 'cleanup; kill $daemon $server $deaf 2>/dev/null; umount -l "$W/media"; losetup -d "$loop"; losetup -d "$back"' EXIT
	mount "$back" "$W/media" || die "the stick cannot be mounted again"
	logged "it is back" '^notify 1 urgency 0 .* The stick is back'
	wait $reader || die "what waited for the stick was not read: $(cat "$W/cmp")"
	is "the PC stayed awake" "$(count '^asleep')" 0
	check "it ends" with_bus oncestick unmount --yes
	logged "it may be pulled" '^notify 1 .* has ended .*safe to pull'
fi

# ---- a file that is clicked on ---------------------------------------------------------------------------------------------------
opener="$stick/Open lecture.oncestick"
check "prepare wrote it" grep -q '^oncestick-opener 1' "$opener"
nth 6
mkdir "$W/bin"
printf '#!/bin/sh\nprintf "%%s\\n" "$1" >"$W/revealed.new"; mv "$W/revealed.new" "$W/revealed"\nsleep 100\n' >"$W/bin/xdg-open"
chmod +x "$W/bin/xdg-open"
check "it stands for the stick that it lies on" env PATH="$W/bin:$PATH" oncestick mount "$opener" --code-file "$W/code" --open
folder=$(cat "$W/out")
check "the folder is open" cmp "$W/folder/a.txt" "$folder/a.txt"
wait_until 10 test -e "$W/revealed"
is "the file manager was given the folder, and was not waited for" "$(cat "$W/revealed")" "$folder"
check "end" oncestick unmount --yes
refused 30 "by its name alone" sh -c 'cd "$1" && exec oncestick rehearse --code-file "$2" "Open lecture.oncestick"' - "$stick" "$W/code"
echo theirs >"$W/elsewhere.oncestick"
refused 10 "one that lies elsewhere" oncestick mount "$W/elsewhere.oncestick" --code-file "$W/code"
echo theirs >"$opener"
prepare "$W/folder" "$stick" --add --label More --codes 1
is "prepare leaves one that is there" "$(cat "$opener")" theirs

# ---- what file managers and menus are told ---------------------------------------------------------------------------------------
share=${ONCE_BIN%/bin}/share
export XDG_DATA_HOME="$W/data"
mkdir -p "$XDG_DATA_HOME/mime/packages" "$W/types"
cp "$share/mime/packages/oncestick.xml" "$XDG_DATA_HOME/mime/packages"
check "the types are well-formed" update-mime-database "$XDG_DATA_HOME/mime"
type_of() # FILE
{
	gio info -a standard::content-type "$1" | sed -n 's/^  standard::content-type: //p'
}
rm "$opener"
prepare "$W/folder" "$stick" --add --label Third --codes 1
is "the opener" "$(type_of "$opener")" application/x-oncestick
cp "$opener" "$W/types/renamed"
is "by its first line" "$(type_of "$W/types/renamed")" application/x-oncestick
is "for xdg-mime, on a desktop" "$(XDG_CURRENT_DESKTOP=GNOME xdg-mime query filetype "$opener")" application/x-oncestick
manifest=$(find "$stick/ONCE" -name manifest.cose | head -n 1)
is "a manifest" "$(type_of "$manifest")" application/x-oncestick-manifest
cp "$manifest" "$W/types/m"
is "by its first bytes" "$(type_of "$W/types/m")" application/x-oncestick-manifest
grant=$(find "$stick/ONCE" -name grant.cose | head -n 1)
{ printf '\204\001\131\001\000'; cat "$grant"; } >"$W/types/r"
is "a refill begins with a grant" "$(type_of "$W/types/r")" application/x-oncestick-refill
is "a grant is none" "$(type_of "$grant" | grep -c oncestick)" 0
is "the texts for people are text" "$(type_of "$stick/READ ME FIRST.txt")" text/plain

for entry in "$share"/applications/oncestick-*.desktop; do
	check "${entry##*/} is well-formed" desktop-file-validate "$entry"
	options=$(sed -n "s/^Exec=oncestick //p" "$entry")
	for word in $options; do
		case $word in
		--*) oncestick "$verb" --help | grep -q -e " $word\>" || die "${entry##*/}: $verb has no $word" ;;
		%f) ;;
		*) verb=$word ;;
		esac
	done
	is "its icon is there" "$(ls "$share/icons/hicolor/scalable/apps")" "$(sed -n 's/^Icon=//p' "$entry").svg"
done
check "the icon can be drawn" rsvg-convert -w 16 -o "$W/icon.png" "$share/icons/hicolor/scalable/apps/oncestick.svg"
# The project has no domain of its own to begin its id with.
check "the description is well-formed" appstreamcli validate --no-net --override=cid-desktopapp-is-not-rdns=info \
	"$share/metainfo/oncestick.metainfo.xml"
unit=${ONCE_BIN%/bin}/lib/systemd/user/oncestick-watch.service
is "the unit runs what is installed" "$(sed -n 's/^ExecStart=\([^ ]*\) watch .*/\1/p' "$unit")" "${ONCE_BIN#"$ONCE_BUILD/installed"}/oncestick"
finish
