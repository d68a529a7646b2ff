# mount(8), fstab(5) and service managers: the helper as the real mount calls it, umount, nofail, who may see, when it is ready.
# argon2id: mount(8) hands on no LD_PRELOAD
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
folder=$W/folder
sample "$W/media"
new_issuer
prepare "$W/media" "$stick" --codes 12
codes "$W/codes" 9
for n in 1 2 3 4 5 6 7 8 9; do
	sed -n ${n}p "$W/codes" >"$W/code$n"
done
mkdir "$folder"
helper=${ONCE_BIN%/*}/sbin/mount.fuse.oncestick

fails() # STATUS DESCRIPTION COMMAND...: mount(8)'s exit status
{
	want=$1 what=$2
	shift 2
	"$@" >"$W/out" 2>"$W/err" </dev/null
	is "$what" $? "$want"
}

source_of() # FOLDER: what the list of mounts has as its source
{
	grep -F " $1 " /proc/self/mountinfo | sed 's/.* - fuse.oncestick \([^ ]*\) .*/\1/'
}

# ---- the helper itself, as whoever runs this ---------------------------------------------------------------------------------
check "the helper explains itself" "$helper" --help
printed 'code-file=FILE'
fails 1 "no operands" "$helper"
said 'a stick and a directory are needed'
fails 1 "an option that there is not, by its name" "$helper" "$stick" "$folder" -o ro,no_such_thing=1
said "no option 'no_such_thing=1'"
fails 1 "nobody else may look into it" "$helper" "$stick" "$folder" -o ro,allow_other
said 'only the user for whom a stick is opened'
fails 1 "nothing is executed" "$helper" "$stick" "$folder" -o ro,exec
for options in remount,ro,user_id=0 ro,user_id=0,group_id=0,max_read=131072,remount; do # as mount(8) of old and new util-linux
	fails 1 "nor is an open folder changed: $options" "$helper" "$stick" "$folder" -o "$options"
	said 'cannot be changed'
done
fails 1 "... but only if that is asked for" "$helper" "$stick" "$folder" -o ro,user_id=0,x-remount,remounting
said "no option 'user_id=0'"
fails 1 "no such user" "$helper" "$stick" "$folder" -o ro,uid=no-such-user
fails 32 "no stick" "$helper" "$W/nowhere" "$folder" -o "ro,code-file=$W/code1"
said 'E_NO_STICK 10'
fails 32 "a directory without a stick" "$helper" "$W/media" "$folder" -o "ro,code-file=$W/code1"
said 'E_NO_STICK 10'
fails 0 "... is no error with nofail" "$helper" "$W/media" "$folder" -o "ro,nofail,code-file=$W/code1"
said 'the folder stays closed'
fails 0 "nor is a stick that is not plugged in" "$helper" usb:no-such-serial "$folder" -o "ro,nofail,code-file=$W/code1"
fails 32 "a folder that is not there" "$helper" "$stick" "$W/nowhere" -o "ro,code-file=$W/code1"
said 'E_FUSE 47'
fails 32 "no code file" "$helper" "$stick" "$folder" -o "ro,code-file=$W/nowhere"
said 'Nothing was spent'
echo 0000-0000-0000-0001 >"$W/wrong"
fails 32 "a wrong code, also with nofail" "$helper" "$stick" "$folder" -o "ro,nofail,code-file=$W/wrong"
said 'E_CODE_UNKNOWN 23'
cp "$W/code1" "$W/a,b"
fails 0 "options are cut as mount(8) cuts them: a comma between double quotes is none" "$helper" "$stick" "$folder" -f \
	-o "ro,code-file=\"$W/a,b\",x-note=\"one, two\",_netdev"
fails 1 "... and what follows the quotes is an option again" "$helper" "$stick" "$folder" -f -o "x-note=\"one, two\",no_such_thing"
said "no option 'no_such_thing'"
fails 0 "nothing but the mount" "$helper" "$stick" "$folder" -f -o "ro,code-file=$W/code1"
no mounted "$folder" || die "-f mounts"
[ "$WHO" = root ] || fails 1 "not for somebody else" "$helper" "$stick" "$folder" -o "ro,uid=root,code-file=$W/code1"

check "options that say nothing, and unknown ones with -s" "$helper" "$stick" "$folder" -s -n -v \
	-o "rw,user=kim,nofail,noauto,_netdev,x-systemd.automount,nodev,nosuid,noexec,relatime,sloppy,code-file=$W/code1"
said 'read-only, whatever'
is "the folder has the media" "$(cat "$folder/a.txt")" hello
is "the stick is named as its source" "$(source_of "$folder")" "$stick"
is "... also by df" "$(df --output=source,fstype "$folder" | tail -n 1 | tr -s ' ')" "$stick fuse.oncestick"
is "... and findmnt" "$(findmnt -no SOURCE,FSTYPE "$folder" | tr -s ' ')" "$stick fuse.oncestick"
fails 32 "an open folder is not opened again" "$helper" "$stick" "$folder" -o "ro,code-file=$W/code2"
said 'E_FUSE 47'

gone() # FOLDER: and its session too
{
	! mounted "$1" && [ "$(oncestick status --json | jq '.open | length')" -eq 0 ]
}
if [ "$WHO" = root ]; then
	check "umount" umount "$folder"
else
	check "fusermount3 -u" fusermount3 -u "$folder"
fi
wait_until 20 gone "$folder"
check "was a pause: the same code goes on" "$helper" "$stick" "$folder" -o "ro,code-file=$W/code1"
said 'its session goes on'
check "oncestick unmount" oncestick unmount "$folder" --yes
fails 32 "... was the end" "$helper" "$stick" "$folder" -o "ro,code-file=$W/code1"
said 'E_SPENT 30'
is "the folder of the caller stays" "$(ls -d "$folder")" "$folder"

odd="$W/a, \"stick\\"
mkdir "$odd"
cp -r "$stick/ONCE" "$odd"
check "a source with a comma and a backslash" "$helper" "$odd" "$folder" -o "ro,code-file=$W/code2"
is "... is shown as it is" "$(findmnt -nro SOURCE "$folder" | sed 's/\\x20/ /g; s/\\x5c/\\/g; s/\\x22/"/g')" "$odd"
check "unmount" oncestick unmount "$folder" --yes

# ---- ready -------------------------------------------------------------------------------------------------------------------
cat >"$W/listen.py" <<'EOF2'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1] if sys.argv[1][0] != "@" else "\0" + sys.argv[1][1:])
open(sys.argv[2] + ".up", "w").close()
while True:
    words = s.recv(4096).decode()
    with open(sys.argv[2], "a") as f:
        f.write(words)
EOF2
python3 "$W/listen.py" "$W/notify" "$W/told" &
listener=$!
wait_until 20 test -e "$W/told.up"
check "mount tells who waits for it" env NOTIFY_SOCKET="$W/notify" oncestick mount "$stick" "$folder" --code-file "$W/code3"
wait_until 20 grep -q MAINPID "$W/told"
is "... that it is ready" "$(grep -c '^READY=1$' "$W/told")" 1
check "... in words" grep -q "^STATUS=open until .*: $folder\$" "$W/told"
is "... and who serves the folder" "$(sed -n 's/^MAINPID=//p' "$W/told")" "$(oncestick status --json | jq '.open[0].pid')"
check "unmount" oncestick unmount "$folder" --yes
kill $listener
rm "$W/told" "$W/told.up"

name="@oncestick-test-$$"
python3 "$W/listen.py" "$name" "$W/told" &
listener=$!
wait_until 20 test -e "$W/told.up"
NOTIFY_SOCKET=$name oncestick mount "$stick" "$folder" --code-file "$W/code4" --foreground >"$W/stay1.out" 2>"$W/stay1" &
stays=$!
wait_until 20 grep -q READY "$W/told"
is "in the foreground it is ready when the folder is open" "$(cat "$folder/a.txt")" hello
is "... and stays the main process" "$(grep -c MAINPID "$W/told")" 0
is "... after it printed the folder" "$(cat "$W/stay1.out")" "$folder"
kill -TERM $stays
wait $stays
is "told to stop it ends well" $? 0
check "... says that it is about to" grep -q '^STOPPING=1$' "$W/told"
check "... and that it is a pause" grep -q 'paused; the same code continues here until' "$W/stay1"
no mounted "$folder" || die "still mounted"
NOTIFY_SOCKET=$name oncestick mount "$stick" "$folder" --code-file "$W/code4" --foreground >"$W/stay2.out" 2>"$W/stay2" &
stays=$!
wait_until 20 mounted "$folder"
wait_until 20 test -s "$W/stay2.out"
check "the end by somebody else" oncestick unmount "$folder" --yes
wait $stays
is "... ends it, well" $? 0
check "... and it says that it was for good" grep -q 'the session is over' "$W/stay2"
oncestick mount "$stick" "$folder" --code-file "$W/code5" --foreground >"$W/stay3.out" 2>"$W/stay3" &
stays=$!
wait_until 20 test -s "$W/stay3.out"
session=$(oncestick status --json | jq '.open[0].pid')
check "the session is killed" kill -KILL "$session"
wait $stays
is "a session that dies is a failure" $? 1
check "... with what to do" grep -q 'The same code goes on here until' "$W/stay3"
kill $listener
[ "$WHO" = root ] || finish

# ---- mount(8) itself, in a namespace of its own with the helper in its /sbin -------------------------------------------------
user=${ONCE_TEST_USER:-nobody}
mkdir "$W/sbin" "$W/hers" "$W/her-home" "$W/missing"
chmod 755 "$W"
cp "$ONCE_BIN/oncestick" "$W/sbin/mount.fuse.oncestick"
cp -r "$stick" "$W/her-stick"
chown -R "$user" "$W/hers" "$W/her-home" "$W/her-stick"
sed "s|^$user:\([^:]*:[^:]*:[^:]*:[^:]*\):[^:]*|$user:\1:$W/her-home|" /etc/passwd >"$W/passwd"
chmod 600 "$W"/code*
cp "$W/code8" "$W/her-home/code"
chown "$user" "$W/her-home/code"
cat >"$W/fstab" <<EOF2
$stick $folder fuse.oncestick ro,nofail,code-file=$W/code6,x-systemd.requires=/mnt 0 0
usb:no-such-serial $W/missing fuse.oncestick ro,nofail,code-file=$W/code6 0 0
$W/her-stick $W/hers fuse.oncestick ro,noauto,users,code-file=$W/her-home/code 0 0
EOF2
# Who answers questions of systemd-ask-password(1): its protocol is in "Password Agents" of systemd's documentation.
cat >"$W/agent.py" <<'EOF2'
import glob, re, socket, sys, time
while not (asked := glob.glob("/run/systemd/ask-password/ask.*")):
    time.sleep(0.05)
question = open(asked[0]).read()
assert "Message=Code for the stick " in question, question
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"+" + open(sys.argv[1], "rb").read().strip(), re.search("^Socket=(.*)$", question, re.M).group(1))
EOF2
cat >"$W/inside" <<'EOF2'
mount -t overlay -o "lowerdir=$W/sbin:/usr/sbin" overlay /usr/sbin && mount -t tmpfs none /run/mount && mount --bind "$W/passwd" /etc/passwd || exit 99
at() { "$@" >"$W/said" 2>&1; status=$?; echo "$what: $status"; cat "$W/said"; }
what=all; at mount -T "$W/fstab" -a
what=content; at cat "$W/folder/a.txt"
what=listed; at mount -l -t fuse.oncestick
what=again; at mount -T "$W/fstab" -a
what=umount; at umount "$W/folder"
if [ -x /usr/bin/systemd-ask-password ]; then
	mkdir -p /run/systemd && mount -t tmpfs none /run/systemd
	python3 "$W/agent.py" "$W/code6" &
	what=asked; at timeout 60 setsid -w mount -t fuse.oncestick -o ro "$W/stick" "$W/folder"
	umount "$W/folder"
fi
what=wrong; at mount -t fuse.oncestick -o "ro,code-file=$W/wrong" "$W/stick" "$W/folder"
what=unknown; at mount -t fuse.oncestick -o "ro,frob" "$W/stick" "$W/folder"
what=sloppy; at mount -s -t fuse.oncestick -o "ro,frob,code-file=$W/code6" "$W/stick" "$W/folder"
what=remount; at mount -o remount,rw "$W/folder"
umount "$W/folder"
what=uid; at env ONCESTICK_STATION_DIR= mount -t fuse.oncestick -o "ro,uid=$user,code-file=$W/code7" "$W/her-stick" "$W/hers"
what=root-looks; at cat "$W/hers/a.txt"
what=user-looks; at setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups cat "$W/hers/a.txt"
what=root-umount; at umount "$W/hers"
mount --bind "$W/fstab" /etc/fstab
as_her() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env -u ONCESTICK_STATION_DIR HOME="$W/her-home" "$@"; }
what=user; at as_her mount "$W/hers"
what=her-status; at as_her oncestick status --json
what=her-content; at as_her cat "$W/hers/a.txt"
what=her-umount; at as_her umount "$W/hers"
umount -l /usr/sbin
mkdir "$W/lbin" && cp "$ONCE_BIN/oncestick" "$W/lbin" && mount -t overlay -o "lowerdir=$W/lbin:/usr/local/bin" overlay /usr/local/bin
what=libfuse; at mount -t fuse.oncestick -o "ro,code-file=$W/code9" "$W/stick" "$W/folder"
umount "$W/folder"
what=libfuse-hash; at mount -t fuse -o "ro,code-file=$W/code9" "oncestick#$W/stick" "$W/folder"
umount "$W/folder"
EOF2
user=$user unshare -m --propagation private sh "$W/inside" >"$W/inside.log" 2>&1
if [ $? -eq 99 ]; then
	cat "$W/inside.log"
	[ -z "${CI:-}" ] || die "no namespace with a /sbin of its own, and on CI nothing is skipped"
	skip "no namespace with a /sbin of its own here"
fi
cat "$W/inside.log"
was() # NAME STATUS PATTERN: what came of one step in the namespace
{
	sed -n "/^$1: /,/^[a-z-]*: [0-9]*\$/p" "$W/inside.log" >"$W/err"
	is "mount(8): $1" "$(sed -n "s/^$1: \([0-9]*\)\$/\1/p" "$W/inside.log")" "$2"
	[ -z "$3" ] || sed -n "/^$1: /{:a;n;/^[a-z-]*: [0-9]*\$/q;p;ba}" "$W/inside.log" | grep -Eq -- "$3" || die "$1 does not say: $3"
}
was all 0 'there is no stick at usb:no-such-serial'
was content 0 hello
was listed 0 "^$stick on $folder type fuse.oncestick \(ro,nosuid,nodev,noexec,"
was again 0 ''
was umount 0 ''
[ ! -x /usr/bin/systemd-ask-password ] || was asked 0 'its session goes on'
was wrong 32 'E_CODE_UNKNOWN 23'
was unknown 1 "no option 'frob'"
was sloppy 0 'its session goes on'
was remount 1 'cannot be changed'
was uid 0 'open until'
was root-looks 1 'Permission denied'
was user-looks 0 hello
was root-umount 0 ''
was user 0 'open until'
was her-status 0 "$W/hers"
was her-content 0 hello
was her-umount 0 ''
was libfuse 0 'opening, do not pull'
was libfuse-hash 0 'its session goes on'
finish
