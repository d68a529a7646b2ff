# play: the player sees the media, nobody else does, nothing of them stays behind, and a player that crashes costs no code.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v expect >/dev/null || skip "no expect"
stick=$W/stick
sample "$W/folder"
cp -r "$W/folder" "$HOME/same"
new_issuer
prepare "$W/folder" "$stick" --label "Week 12" --codes 12
codes "$W/codes" 11
nth() # N: a file with the N-th code
{
	sed -n "$1p" "$W/codes" >"$W/code$1"
	echo "$W/code$1"
}

# What it is told in $HOME/do it does; it says in $HOME/at where it is.
player=$HOME/player
cat >"$player" <<'EOF2'
#!/bin/sh
case $1 in
look)
	diff -r . "$HOME/same" || exit 9
	;;
leave)
	mkdir -p /tmp/thing "$XDG_CACHE_HOME/thumbnails" "$XDG_STATE_HOME/mpv" ~/.cache/thumbnails
	cp a.txt /tmp/left; cp a.txt /var/tmp/left; cp a.txt "$TMPDIR/thing/left"
	cp a.txt "$XDG_CACHE_HOME/thumbnails/left"; cp a.txt ~/.cache/thumbnails/left
	cp a.txt "$XDG_DATA_HOME/recently-used.xbel"; cp a.txt "$XDG_DATA_HOME/own/left"
	echo changed >"$XDG_CONFIG_HOME/settings"; cp a.txt "$XDG_CONFIG_HOME/player/left"
	echo changed >>~/.local/share/recently-used.xbel
	cat "$XDG_CONFIG_HOME/settings" "$XDG_CONFIG_HOME/player/deep/own" "$XDG_CONFIG_HOME/linked/its" >"$HOME/settings"
	ls -A "$XDG_CACHE_HOME/.." >/dev/null
	grep -e '^Cap[PE]' -e '^NoNewPrivs' -e '^CapBnd' /proc/self/status >"$HOME/rights"
	;;
wait)
	rm -f "$HOME/go"
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -z "$2" ] || "$HOME/straggler" 1000 &
	done
	echo $$ >"$HOME/pid"
	pwd >"$HOME/at.new"
	mv "$HOME/at.new" "$HOME/at"
	until [ -e "$HOME/go" ]; do sleep 0.05; done
	exit "$(cat "$HOME/go")"
	;;
hold)
	trap '' TERM
	exec 7<clips/film.bin
	echo $$ >"$HOME/pid"
	pwd >"$HOME/at.new"
	mv "$HOME/at.new" "$HOME/at"
	until [ -e "$HOME/go" ]; do sleep 0.05; done
	;;
esac
EOF2
chmod +x "$player"
cp "$(command -v sleep)" "$HOME/straggler"
start() # N ARGUMENT...: code N opens for the player, in the background, until it says where it is
{
	code=$(nth "$1")
	shift
	rm -f "$HOME/at" "$HOME/go"
	oncestick play "$stick" --code-file "$code" -- "$player" "$@" >"$W/play.out" 2>"$W/play.err" </dev/null &
	command=$!
	wait_until 60 test -e "$HOME/at"
	at=$(cat "$HOME/at")
	inside=$(player_of "$1")
}
player_of() # WORD: its process as it is called here. What it has just started may still bear its name.
{
	for p in $(pgrep -u "$(id -u)" -f "^/bin/sh $player $1"); do
		[ "$(awk '/^NSpid:/ { print $NF }' "/proc/$p/status")" != "$(cat "$HOME/pid")" ] || echo "$p"
	done 2>/dev/null
}
over() # STATUS DESCRIPTION: how the command that start began ends
{
	wait "$command"
	got=$?
	cp "$W/play.out" "$W/out"
	cp "$W/play.err" "$W/err"
	[ $got -eq "$1" ] || die "$2: exit $got, expected $1"
	checks=$((checks + 1))
	echo "ok $checks - $2 (exit $1)"
}
running() # what runs of the player, and is not dead
{
	pgrep -u "$(id -u)" -f "$HOME/(player|straggler)" | while read -r p; do
		case $(ps -o stat=,args= -p "$p") in
		Z* | "" | *oncestick\ play*) ;;
		*) echo "$p" ;;
		esac
	done
}
nothing_runs()
{
	[ -z "$(running)" ]
}
nothing_open()
{
	[ "$(oncestick status --json | jq '.open | length')" = 0 ]
}

# ---- before the code ---------------------------------------------------------------------------------------------------------
refused 2 "a player that is not there" oncestick play "$stick" --code-file "$(nth 1)" -- no-such-player film.mp4
said "no program 'no-such-player'.*nothing was spent"
refused 2 "a player that is no program" oncestick play "$stick" --code-file "$(nth 1)" -- "$W/folder/a.txt"
refused 10 "no stick" oncestick play "$W/folder" --code-file "$(nth 1)" -- "$player" look
# A user namespace in a user namespace that allows none, and a sandbox that forbids the call.
refused 47 "no user namespaces at all" unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"' \
	oncestick play "$stick" --code-file "$(nth 1)" -- "$player" look
said "user.max_user_namespaces is 0"
said "nothing was spent. use 'oncestick mount' instead"
refused 47 "user namespaces are forbidden" strace -f -o "$W/trace" -e trace=unshare -e inject=unshare:error=EPERM \
	oncestick play "$stick" --code-file "$(nth 1)" -- "$player" look
said "not allow user namespaces.*nothing was spent"
refused 47 "FUSE cannot be mounted there" strace -f -o "$W/trace" -P /tmp/.oncestick/mount -e trace=mount -e inject=mount:error=EPERM \
	oncestick play "$stick" --code-file "$(nth 1)" -- "$player" look
said "4\.18.*nothing was spent"
grep -q Code "$W/err" && die "the code was asked for"
check "nothing is there of all that" test -z "$(running)"

# ---- the player's view -------------------------------------------------------------------------------------------------------
check "the player sees every byte, with the code that was not spent" oncestick play "$stick" --code-file "$(nth 1)" -- "$player" look
said "open until .*player alone"
said "paused after .*same code continues here until"
check "the same code goes on" oncestick play "$stick" --code-file "$(nth 1)" -- "$player" look
said "session goes on"
check "also for a folder" oncestick mount "$stick" --code-file "$(nth 1)"
check "... which is paused" oncestick unmount --pause
check "the last time: --end" oncestick play "$stick" --code-file "$(nth 1)" --end -- "$player" look
said "ended after"
refused 30 "the code after that" oncestick play "$stick" --code-file "$(nth 1)" -- "$player" look

mkdir -p "$HOME/.config/player/deep" "$HOME/.config/linked" "$HOME/.local/share/own" "$HOME/.cache/thumbnails"
echo first >"$HOME/.config/settings"
echo second >"$HOME/.config/player/deep/own"
echo third >"$HOME/.config/linked/its"
echo before >"$HOME/.local/share/recently-used.xbel"
check "a player that leaves traces" oncestick play "$stick" --code-file "$(nth 2)" -- "$player" leave
is "it has its settings" "$(tr '\n' ' ' <"$HOME/settings")" "changed second third "
is "and no right to anything" "$(awk '{ print $2 }' "$HOME/rights" | tr '\n' ' ')" "0000000000000000 0000000000000000 0000000000000000 1 "
is "the person's settings are as they were" "$(cat "$HOME/.config/settings")" first
is "recent files are as they were" "$(cat "$HOME/.local/share/recently-used.xbel")" before
nothing "no thumbnail is left" ls -A "$HOME/.cache/thumbnails"
find "$HOME" "$TMPDIR" /tmp/left /var/tmp/left -name left >"$W/left" 2>/dev/null
is "nothing is left anywhere but what a linked directory took" "$(cat "$W/left")" "$HOME/.local/share/own/left"

# ---- everybody else's --------------------------------------------------------------------------------------------------------
start 2 wait straggler
[ ! -e "$at" ] || die "the folder is there for everybody"
mine=$(readlink "/proc/$inside/ns/mnt")
init=$(ps -o ppid= -p "$inside" | tr -d ' ')
for p in /proc/[0-9]*; do
	[ "$p" != "/proc/$init" ] || continue # it waits for the player
	[ "$(readlink "$p/ns/mnt" 2>/dev/null)" = "$mine" ] || ! grep -q "$(echo "$at" | sed 's/ /.040/g')" "$p/mountinfo" 2>/dev/null ||
		die "$p has the mount: $(cat "$p/comm")"
done
check "nobody else has the mount" grep -q "fuse.oncestick" "/proc/$inside/mountinfo"
if [ "$WHO" = root ]; then
	check "another user cannot look in" no setpriv --reuid=nobody --regid=nogroup --clear-groups ls "/proc/$inside/root$at"
fi
check "status knows" oncestick status
printed "Week 12"
printed "private: only the player"
is "in JSON too" "$(oncestick status --json | jq '.open[0].private')" true
refused 36 "the code while it plays" oncestick mount "$stick" --code-file "$(nth 2)"
refused 36 "unmount while it plays" oncestick unmount --yes
said "player.*use --force"
echo 0 >"$HOME/go"
over 0 "the player ends"
check "with it what it had started" nothing_runs
check "and the session" nothing_open

# ---- other ends --------------------------------------------------------------------------------------------------------------
start 2 wait
echo 3 >"$HOME/go"
over 1 "a player that fails"
said "player ended with status 3. \[E_FAIL 1\]"
said "paused after"

start 2 wait straggler
kill -9 "$inside"
over 1 "a player that is killed"
said "player was killed: killed"
said "paused after"
check "nothing of it runs" nothing_runs

start 2 wait straggler
kill -9 "$command"
wait "$command"
wait_until 20 nothing_runs
wait_until 20 nothing_open
start 2 wait
kill -TERM "$command"
over 130 "a command that is told to end"
said "paused after"
check "nothing of it runs either" nothing_runs

start 2 wait
kill -9 "$(oncestick status --json | jq '.open[0].pid')"
over 1 "a session that is killed"
said "type the same code again here"
check "no player is left without its folder" nothing_runs

start 2 wait
check "a pause from outside" oncestick unmount --pause --force
said "paused after"
over 0 "it ends the player"
said "paused after"

start 2 hold
check "the end from outside, of a player that does not want to" oncestick unmount --force --yes
over 0 "it ends all the same"
said "ended after"
check "nothing runs" nothing_runs
refused 30 "the code then" oncestick play "$stick" --code-file "$(nth 2)" -- "$player" look

# ---- a block that cannot be read, which players take for the end --------------------------------------------------------------
cp -r "$stick" "$W/worn"
for segment in "$W/worn"/ONCE/b/*/00000000.seg; do
	for block in 5 6 9; do
		flip "$segment" $((block * 65536 + 99))
	done
done
refused 44 "a film that ends too soon" oncestick play "$W/worn" --code-file "$(nth 4)" -- sh -c 'dd if=clips/film.bin bs=64k conv=noerror of=/dev/null || true'
said "paused after"
said "3 blocks of clips/film\.bin could not be read: try another port, then the spare stick"
check "one that is whole, from the same stick" oncestick play "$W/worn" --code-file "$(nth 4)" --end -- cmp a.txt "$HOME/same/a.txt"
no grep -q "could not be read" "$W/err" || die "it speaks of another time"

# ---- on a terminal -----------------------------------------------------------------------------------------------------------
cat >"$W/terminal" <<EOF2
set timeout 60
proc sees {text} {
	expect {
		-ex \$text {}
		timeout { exit 1 }
		eof { exit 1 }
	}
}
proc ends {status} {
	expect {
		eof {}
		timeout { exit 1 }
	}
	if {[lindex [wait] 3] != \$status} { exit 1 }
}
set stty_init "rows 24 columns 200"
proc play {answer says} {
	global spawn_id
	spawn oncestick play "$stick" --yes -- pwd
	sees "Code: "
	send "$(sed -n 3p "$W/codes")\r"
	sees "alone"
	sees "/Week 12"
	sees {End for good? The code will not open again. [y/N] }
	send "\$answer\r"
	sees \$says
	ends 0
}
play "" "paused after"
play n "paused after"
play y "ended after"
EOF2
check "the question afterwards" expect -f "$W/terminal"
refused 30 "it was for good" oncestick play "$stick" --code-file "$(nth 3)" -- "$player" look

# ---- the deadline ------------------------------------------------------------------------------------------------------------
prepare "$W/folder" "$W/short" --label Short --codes 3 --session 1m
one_code "$W/minute" "$W/short"
check "a minute begins" oncestick play "$W/short" --code-file "$W/minute" -- "$player" look
cat >"$HOME/reader" <<'EOF2'
#!/bin/sh
trap '' TERM
exec 2>&1
while cat clips/film.bin >/dev/null; do sleep 0.1; done
EOF2
chmod +x "$HOME/reader"
check "a player that reads until it cannot" oncestick play "$W/short" --code-file "$W/minute" -- "$HOME/reader"
printed "Input/output error|not connected|connection abort"
said "the time is over"
refused 30 "the code after its minute" oncestick play "$W/short" --code-file "$W/minute" -- "$player" look

# ---- a real one --------------------------------------------------------------------------------------------------------------
command -v mpv >/dev/null && command -v ffmpeg >/dev/null || finish
mkdir -p "$W/films" "$HOME/.config/mpv"
ffmpeg -v error -f lavfi -i testsrc=size=160x120:rate=10:duration=1 -f lavfi -i "sine=duration=1" -c:v libx264 -preset ultrafast \
	-pix_fmt yuv420p -c:a aac "$W/films/one film.mp4" </dev/null || die "no film could be made"
cp "$W/films/one film.mp4" "$W/films/two.mp4"
printf 'vo=null\nao=null\nsave-position-on-quit=yes\nuntimed=yes\n' >"$HOME/.config/mpv/mpv.conf"
prepare "$W/films" "$W/filmstick" --label Films --codes 3
one_code "$W/film" "$W/filmstick"
check "mpv, with the person's settings, plays the folder" oncestick play "$W/filmstick" --code-file "$W/film"
printed "Playing: .*one film.mp4"
printed "Playing: .*two.mp4"
check "and one film" oncestick play "$W/filmstick" --code-file "$W/film" -- mpv "one film.mp4"
no grep -q two.mp4 "$W/out" || die "that was not one film"
is "it keeps nothing" "$(find "$HOME/.config/mpv" "$HOME/.local/state" "$HOME/.cache" -type f 2>/dev/null | grep -v -e mpv.conf -e oncestick)" ""
finish
