# Sticks that lie about their size, and sticks that are too small, in a guest.
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the guest is the same

for need in qemu-system-x86_64:qemu-system-x86 mkfs.vfat:dosfstools mkfs.exfat:exfatprogs sfdisk:fdisk python3:python3 \
	strace:strace jq:jq; do
	command -v "${need%:*}" >/dev/null && continue
	[ -z "${CI:-}" ] || die "no ${need%:*}, and on CI nothing is skipped"
	skip "no ${need%:*} here (package ${need#*:})"
done
truncate -s 48M "$W/vfat.img" "$W/exfat.img"
mkfs.vfat "$W/vfat.img" >"$W/out" 2>"$W/err" || die "mkfs.vfat"
mkfs.exfat "$W/exfat.img" >"$W/out" 2>"$W/err" || die "mkfs.exfat"
"$ONCE_TESTS/vm/fakestick" "$W/fakes" wrap:wrap:64:24 drop:drop:64:24 &
server=$!
trap 'kill $server; cleanup' EXIT
wait_until 20 test -S "$W/fakes"
fake() # NAME PORT: what QEMU is told
{
	echo "-blockdev node-name=$1,driver=nbd,server.type=unix,server.path=$W/fakes,export=$1" \
		"-device usb-storage,id=$1,bus=usb.0,port=$2,drive=$1,serial=FAKE000$2,removable=on"
}
# hostile 70, 67: sticks that wrap, sticks that drop; sticks that become full
in_guest -t 1800 -m 1024 -i "$W/vfat.img" -i "$W/exfat.img" -q "$(fake wrap 3)" -q "$(fake drop 4)" -r "$ONCE_TESTS" \
	-r "$ONCE_BIN" -c "mkdir -m 755 /tmp/w
	export ONCE_TESTS='$ONCE_TESTS' ONCE_BIN='$ONCE_BIN' W=/tmp/w WHO=root TMPDIR=/tmp
	exec sh '$ONCE_TESTS/vm/scenarios/fake-capacity.sh' 2>&1"
finish
