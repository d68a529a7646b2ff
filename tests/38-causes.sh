# What fails underneath is told as what it is: no right, no descriptors, a full disk, a disk that cannot be read. "Damaged" is said of
# bytes that were read and are wrong, and of nothing else.
. "$ONCE_TESTS/scenario.sh"
need_fuse
preload=$ONCE_BUILD/tests/.libs/deny.so
[ -e "$preload" ] || die "$preload is not built"
! ldd "$ONCE_BIN/oncestick" | grep -q libasan || skip "a sanitizer has to be loaded first"
issued_stick --codes 4 --label Causes

deny() # "CALL ERRNO NAME" VERB ARGS...
{
	ONCE_DENY=$1
	export ONCE_DENY
	shift
	LD_PRELOAD="$preload" oncestick "$@"
	got_denied=$?
	unset ONCE_DENY
	return $got_denied
}

# ---- the memory of this PC ------------------------------------------------------------------------------------------------------

one_code "$W/first"
check "the memory is made" oncestick mount "$stick" "--code-file=$W/first"
check "and has a row" oncestick unmount --yes
refused 37 "a disk that is full while a code is claimed" \
	deny "write ENOSPC station.sqlite*" mount "$stick" "--code-file=$W/code"
said 'No space left on device'
said 'station\.sqlite'
said 'Nothing was spent'
check "the code still opens" oncestick rehearse "$stick" "--code-file=$W/code"
