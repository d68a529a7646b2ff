# The life of a stick, in the guest, every write logged: part of 31-vm-power-cuts.sh, for scenario.sh. OUT is a directory of the
# host; OUT/phases gets one line "PHASE BYTES" where each phase begins: what the log's first BYTES bytes hold was before it.
# LIFE is long, or short: fewer codes, and of the planted faults the two that matter most.
# shellcheck shell=sh source=/dev/null disable=SC2153 # OUT, NOSYNC, LIFE come from the host's half
. "$ONCE_TESTS/scenario/scenario.sh"
stick=/media/stick

phase()
{
	echo "$1 $(vmctl logged)" >>"$OUT/phases"
}

spend() # PHASE CODE-FILE [VARIABLE=VALUE...]: mount, and tell when the key was usable
{
	name=$1 code=$2
	shift 2
	phase "$name"
	check "$name: mount" env "$@" oncestick mount "$stick" --code-file "$code"
	phase "$name-usable"
	check "the folder can be read" grep -qx hello "$(cat "$W/out")/a.txt"
}

flushed() # as if the stick had been idle for long, and its cache were empty
{
	sync
	sync "$device" # sync(2) alone does not tell the device to flush
}

cp -R "$OUT/issuer" "$ONCESTICK_ISSUER_DIR"
mkdir "$W/small" "$W/large"
printf 'hello\n' | tee "$W/small/a.txt" >"$W/large/a.txt"
head -c 200000 /dev/urandom >"$W/small/b.bin"
head -c 3000000 /dev/urandom >"$W/large/b.bin"
used=5
[ "$LIFE" = long ] || used=3
device=$(vmctl device)
check "the stick is mounted as a desktop does" desktop-mount "$device" "$stick"

# as it should be: nothing is synced here but by the program itself
phase prepare
prepare "$W/small" "$stick" --label Small --codes $((used + 1)) --quiet
phase issue
codes "$W/codes" $used "$stick"
for n in $(seq $used); do
	sed -n "${n}p" "$W/codes" >"$W/code$n"
done
spend spend "$W/code1"
phase unmount
check "unmount" oncestick unmount --yes
phase revoke
check "a code is revoked, and the stick told" oncestick revoke --code-file "$W/code2" --at "$stick" --yes \
	--passphrase-file "$W/pass"
phase collect
check "collect" oncestick collect "$stick" --passphrase-file "$W/pass"
phase add
prepare "$W/large" "$stick" --add --label Large --codes 3 --quiet
check "more codes are sent" oncestick refill "$stick" --lecture Small -n 2 -o "$OUT/refill" --passphrase-file "$W/pass"
phase accept
check "and accepted" oncestick accept "$OUT/refill" "$stick"
phase added
flushed

# with the program deceived
preload="LD_PRELOAD=$NOSYNC:${LD_PRELOAD:-}"
if [ "$LIFE" = long ]; then
	spend planted-a "$W/code3" "$preload" ONCE_NOSYNC=lock.a
	check "unmount" oncestick unmount --yes
	flushed
	spend planted-b "$W/code4" "$preload" ONCE_NOSYNC=lock.b
	check "unmount" oncestick unmount --yes
	flushed
fi
spend planted-both "$W/code$used" "$preload" ONCE_NOSYNC='*'
check "unmount" oncestick unmount --yes
flushed
phase planted-prepare
check "a lecture is added, unsynced" env "$preload" ONCE_NOSYNC='*' oncestick prepare "$W/small" "$stick" --add --label Unsynced \
	--codes 2 --passphrase-file "$W/pass" --quiet
check "what is on it is written down" sh -c "cd '$stick' && find . -type f -exec sha256sum {} + >'$OUT/files'"
check "the stick is unmounted" umount "$stick"
phase end # not before: nothing but this has written to the stick all that was not synced
finish
