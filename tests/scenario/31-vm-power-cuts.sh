# Power cuts: a stick on vfat, and one on exFAT, live their lives in guests, every write logged; then what they would hold after a
# cut at each of them, and with any of what was not flushed lost, is judged by fsck and by the program's own functions (vm/cuts.py
# says by what rules). After that the same with planted faults, which must be found: the program is told that copy A, copy B, or
# everything was flushed, and it was not. The first makes it write to B while A can still be lost, the second use the key while B
# can, the third is the disaster that all this is against: the key was used, and the stick comes back as if it had not been.
# shellcheck disable=SC2030,SC2031 # each life has a W of its own
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the guests are the same

cannot() # WHY
{
	[ -z "${CI:-}" ] || die "$1, and on CI nothing is skipped"
	skip "$1"
}

for need in qemu-system-x86_64:qemu-system-x86 mkfs.vfat:dosfstools fsck.vfat:dosfstools mcopy:mtools mkfs.exfat:exfatprogs \
	fsck.exfat:exfatprogs python3:python3; do
	command -v "${need%:*}" >/dev/null || cannot "no ${need%:*} here (package ${need#*:})"
done
cutcheck=$ONCE_BUILD/tests/vm/cutcheck nosync=$ONCE_BUILD/tests/vm/.libs/nosync.so
for made in "$cutcheck" "$nosync"; do
	[ -e "$made" ] || die "$made is not built (make check builds it, or: make check_PROGRAMS=tests/vm/cutcheck check)"
done
"$ONCE_TESTS/vm/guest" >"$W/out" 2>"$W/err"
[ $? -ne 77 ] || cannot "no guests here: $(tail -n 1 "$W/err")"

check "an issuer is made" oncestick init --passphrase-file "$W/pass"

life() # LONG|SHORT SIZE MKFS...: of one stick, in the directory W
{
	length=$1 size=$2
	shift 2
	mkdir "$W/share"
	cp -R "$ONCESTICK_ISSUER_DIR" "$W/share/issuer" || die "cp"
	truncate -s "$size" "$W/stick.img" # nearly all of it is a hole
	check "a stick is made" "$@" "$W/stick.img"
	cp --sparse=always "$W/stick.img" "$W/base.img" || die "cp"
	"$ONCE_TESTS/vm/run" -t 1800 -i "$W/stick.img" -l "$W/log" -w "$W/share" -r "$ONCE_TESTS" -r "$ONCE_BIN" -r "$ONCE_BUILD" \
		-c "mkdir /tmp/w; export W=/tmp/w WHO=root HOME=/tmp/w CI=yes OUT='$W/share' ONCE_BIN='$ONCE_BIN' \
		ONCE_TESTS='$ONCE_TESTS' NOSYNC='$nosync' LIFE='$length'; . '$ONCE_TESTS/vm/scenarios/cuts.sh'" \
		>"$W/guest" 2>&1 </dev/null
	status=$?
	cat "$W/guest"
	check "the stick lived its life in the guest" test $status -eq 0
	mkdir "$W/cuts"
	# hostile 43, 56: every write of a stick's life, on vfat and exFAT
	check "after any power cut it is as promised, and planted faults show" \
		python3 "$ONCE_TESTS/vm/cuts.py" "$cutcheck" "$W/log" "$W/base.img" "$W/share/phases" "$W/cuts"
	cat "$W/out"
}

mkdir "$W/vfat" "$W/exfat"
# FAT32 with the clusters of small sticks; exFAT as sticks of 64 GB have it from the shop
(W=$W/vfat && life long 300M mkfs.vfat -F 32 -s 8 -n LECTURE) >"$W/vfat.log" 2>&1 &
vfat=$!
(W=$W/exfat && life short 64G mkfs.exfat -L LECTURE) >"$W/exfat.log" 2>&1 &
exfat=$!
wait $vfat
vfat=$?
wait $exfat
exfat=$?
cat "$W/vfat.log" "$W/exfat.log"
is "vfat keeps the promises" $vfat 0
is "exFAT keeps the promises" $exfat 0
python3 "$ONCE_TESTS/vm/exfat.py" "$W/exfat/stick.img" | sort >"$W/read"
check "exFAT was read as Linux reads it" test -s "$W/read"
sort "$W/exfat/share/files" >"$W/there"
check "... with the same contents" diff "$W/there" "$W/read"
finish
