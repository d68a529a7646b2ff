# A rehearsal tries what mount does: where mount is refused, it is refused with the same number; where it says yes, mount opens.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
skew=$ONCE_BUILD/tests/support/.libs/skew.so
[ -e "$skew" ] || die "$skew is not built"
! ldd "$ONCE_BIN/oncestick" | grep -q libasan || skip "a sanitizer has to be loaded first"
issued_stick --codes 4 --label Today
check "a lecture of tomorrow" oncestick prepare "$W/folder" "$stick" --add --codes 2 --label Tomorrow --not-before +1d --expires +3d "$pass"
prepare "$W/folder" "$W/later" --codes 2 --label Tomorrow --not-before +1d --expires +3d
one_code "$W/tomorrow" "$W/later"
keep

at_clock() # SECONDS COMMAND...: with a clock that is ahead by so many
{
	python3 -c 'import struct, sys; sys.stdout.buffer.write(struct.pack("=q", int(sys.argv[1])))' "$1" >"$W/skew"
	shift
	ONCE_SKEW=$W/skew LD_PRELOAD=$skew:${LD_PRELOAD:-} "$@"
}

check "without a code" oncestick rehearse "$stick"
printed '^ok +clock +says .*; the issuer last signed'
printed '^ok +lecture +"Today": can be opened until'
printed '^ok +lecture +"Tomorrow": too early; opens on .*, until'
printed '^ok +folder +an empty one was mounted'
said 'not tried: a code'
said 'not tried: whether every block can be read'
is "nothing of it is left in the home directory" "$(ls "$HOME")" ""
check "with everything" oncestick rehearse "$stick" "--code-file=$W/code" --full
! grep -q 'not tried' "$W/err" || die "everything was tried"
check "for programs" oncestick rehearse "$stick" --json
printed '"not_tried": \['

check "the right code the day before" oncestick rehearse "$W/later" "--code-file=$W/tomorrow"
printed '^ok +code +is right; it opens on'
said 'mount will work with this code from .* on'
said 'not tried, because it is too early: the key'
refused 32 "mount does not open it yet" oncestick mount "$W/later" "--code-file=$W/tomorrow"
check "two days on it is its time" at_clock 172800 oncestick rehearse "$W/later" "--code-file=$W/tomorrow"

# ---- the clock --------------------------------------------------------------------------------------------------------------------

for years in -6 5; do
	seconds=$((years * 31557600))
	at_clock $seconds oncestick mount "$stick" "--code-file=$W/code" --no-desktop >"$W/out" 2>"$W/err" </dev/null
	want=$?
	[ $want -ne 0 ] || oncestick unmount --yes -q
	restore
	at_clock $seconds oncestick rehearse "$stick" "--code-file=$W/code" >"$W/out" 2>"$W/err" </dev/null
	is "a clock that is $years years off: the same as of mount ($want)" $? $want
	at_clock $seconds oncestick rehearse "$stick" >"$W/out" 2>"$W/err" </dev/null
	is "... and without a code" $? $want
	grep -Eq "clock (is at least .* behind: it )?says|clock, which says" "$W/err" || die "the clock is not told"
	restore
done

# ---- a code that is open already --------------------------------------------------------------------------------------------------

check "it is opened" oncestick mount "$stick" "--code-file=$W/code"
refused 36 "its folder is open already" oncestick rehearse "$stick" "--code-file=$W/code"
said 'in use on this PC'
check "the session was not disturbed" oncestick unmount --yes
refused 30 "and is over" oncestick rehearse "$stick" "--code-file=$W/code"
restore

# ---- what keeps mount from its work -----------------------------------------------------------------------------------------------

refuses_as_mount() # N WHAT COMMAND-PREFIX...
{
	n=$1 what=$2
	shift 2
	refused "$n" "$what: mount" "$@" oncestick mount "$stick" "--code-file=$W/code"
	refused "$n" "$what: a rehearsal with the code" "$@" oncestick rehearse "$stick" "--code-file=$W/code"
	refused "$n" "$what: a rehearsal without" "$@" oncestick rehearse "$stick"
}
if [ "$WHO" = user ]; then
	chmod a-w "$stick"/ONCE/g/*/lock.?
	refuses_as_mount 43 "records that may not be written" env
	said 'lock\.[ab]: Permission denied'
	chmod a+w "$stick"/ONCE/g/*/lock.?
	# Whoever is not root mounts through fusermount3.
	[ -u "$(command -v fusermount3)" ] || skip "fusermount3 is not root's"
	refuses_as_mount 47 "fusermount3 that may not mount" setpriv --no-new-privs
	said 'fusermount3 says: .*(not permitted|Permission denied)'
else
	# Root mounts by himself, and has nothing to do with fusermount3: what he may not, as in a container, he is told as it is.
	refuses_as_mount 47 "root who may not mount" setpriv --bounding-set=-sys_admin
	said 'Operation not permitted'
	no grep -q fusermount3 "$W/err" || die "it speaks of a program that had no part in it"
	mkdir "$W/ro"
	mount --bind "$stick" "$W/ro" && mount -o remount,bind,ro "$W/ro" || skip "no bind mounts here"
	was=$stick stick=$W/ro
	refuses_as_mount 43 "a stick that was remounted read-only" env
	said 'Read-only file system'
	umount "$W/ro"
	stick=$was
fi
is "nothing is left in the home directory" "$(ls "$HOME")" ""
finish
