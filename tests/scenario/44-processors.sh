# Other processors: all is built and run on i386, natively; on s390x, which is big-endian, and on arm64, by qemu-user.
# argon2id: as it is, for all that is built and run here
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before

unset ONCESTICK_ISSUER_DIR ONCESTICK_STATION_DIR
[ "$WHO" = root ] || skip "only root can make a bare root"
need_fuse
on() # ARCH WHAT
{
	carry_out "$ONCE_TESTS/arch" -C "$W" "$1"
	status=$?
	[ $status -ne 77 ] || [ -n "${CI:-}" ] || skip "$(tail -n 1 "$W/err")"
	is "$1: $2" "$status" 0
}

on i386 "the demo, the unit tests, the three jobs, a large file"
on s390x "unit tests; a stick goes there and back"
on arm64 "unit tests; a stick goes there and back"
finish
