# prepare --format, and watch, with real sticks in a guest.
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the guest is the same

for need in qemu-system-x86_64:qemu-system-x86 mkfs.vfat:dosfstools mkfs.exfat:exfatprogs sfdisk:fdisk expect:expect jq:jq; do
	command -v "${need%:*}" >/dev/null && continue
	[ -z "${CI:-}" ] || die "no ${need%:*}, and on CI nothing is skipped"
	skip "no ${need%:*} here (package ${need#*:})"
done
truncate -s 64M "$W/stick.img"
mkfs.vfat -n HOLIDAY "$W/stick.img" >"$W/out" 2>"$W/err" || die "mkfs.vfat"
in_guest -t 1800 -m 1024 -i "$W/stick.img" -S 4C530001 -r "$ONCE_TESTS" -r "$ONCE_BIN" -c "
	mkdir -m 755 /tmp/w
	export ONCE_TESTS='$ONCE_TESTS' ONCE_BIN='$ONCE_BIN' W=/tmp/w WHO=root TMPDIR=/tmp
	exec sh '$ONCE_TESTS/vm/scenarios/format.sh' 2>&1"
finish
