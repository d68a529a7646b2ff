# Power cuts: a stick on vfat lives its life in a guest, every write logged; then what it would hold after a cut at each of them,
# and with any of what was not flushed lost, is judged by fsck.vfat and by the program's own functions (vm/cuts.py says by what
# rules). After that the same with planted faults, which must be found: the program is told that copy A, copy B, or everything
# was flushed, and it was not. The first makes it write to B while A can still be lost, the second use the key while B can, the
# third is the disaster that all this is against: the key was used, and the stick comes back as if it had not been.
. "$ONCE_TESTS/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the guest is the same

cannot() # WHY
{
	[ -z "${CI:-}" ] || die "$1, and on CI nothing is skipped"
	skip "$1"
}

for need in qemu-system-x86_64:qemu-system-x86 mkfs.vfat:dosfstools fsck.vfat:dosfstools mcopy:mtools python3:python3; do
	command -v "${need%:*}" >/dev/null || cannot "no ${need%:*} here (package ${need#*:})"
done
cutcheck=$ONCE_BUILD/tests/vm/cutcheck nosync=$ONCE_BUILD/tests/vm/.libs/nosync.so
for made in "$cutcheck" "$nosync"; do
	[ -e "$made" ] || die "$made is not built (make check builds it, or: make check_PROGRAMS=tests/vm/cutcheck check)"
done

mkdir "$W/share"
check "an issuer is made" env ONCESTICK_ISSUER_DIR="$W/share/issuer" oncestick init --passphrase-file "$W/pass"
truncate -s 300M "$W/stick.img" # FAT32 with the clusters of small sticks; nearly all of it is a hole
check "a stick is made" mkfs.vfat -F 32 -s 8 -n LECTURE "$W/stick.img"
cp --sparse=always "$W/stick.img" "$W/base.img" || die "cp"

"$ONCE_TESTS/vm/run" -t 600 -i "$W/stick.img" -l "$W/log" -w "$W/share" -r "$ONCE_TESTS" -r "$ONCE_BIN" -r "$ONCE_BUILD" \
	-c "mkdir /tmp/w; export W=/tmp/w WHO=root HOME=/tmp/w CI=yes OUT='$W/share' ONCE_BIN='$ONCE_BIN' ONCE_TESTS='$ONCE_TESTS' \
	NOSYNC='$nosync'; . '$ONCE_TESTS/vm/scenarios/cuts.sh'" >"$W/guest" 2>&1 </dev/null
status=$?
cat "$W/guest"
[ $status -ne 77 ] || cannot "no guests here: $(tail -n 1 "$W/guest")"
check "the stick lived its life in the guest" test $status -eq 0
mkdir "$W/cuts"
check "after any power cut it is as promised, and planted faults show" \
	python3 "$ONCE_TESTS/vm/cuts.py" "$cutcheck" "$W/log" "$W/base.img" "$W/share/phases" "$W/cuts"
cat "$W/out"
finish
