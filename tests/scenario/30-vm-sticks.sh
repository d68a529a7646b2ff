# Sticks with vfat and exFAT in a guest: the three jobs, two users with one code, and hands that pull the stick while it is read,
# prepared, used up.
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before, and the guest is the same

for need in qemu-system-x86_64:qemu-system-x86 mkfs.vfat:dosfstools mkfs.exfat:exfatprogs mcopy:mtools strace:strace jq:jq \
	sqlite3:sqlite3; do
	command -v "${need%:*}" >/dev/null && continue
	[ -z "${CI:-}" ] || die "no ${need%:*}, and on CI nothing is skipped"
	skip "no ${need%:*} here (package ${need#*:})"
done
mkdir "$W/given" "$W/folder"
head -c 24000000 /dev/urandom >"$W/folder/film.bin"
echo hello >"$W/folder/a.txt"
new_issuer
prepare "$W/folder" "$W/stick" --label Film --codes 12
codes "$W/codes" 12 "$W/stick"
truncate -s 64M "$W/one.img" "$W/two.img"
mkfs.vfat -n ONE "$W/one.img" >"$W/out" 2>"$W/err" || die "mkfs.vfat"
mkfs.exfat -L TWO "$W/two.img" >"$W/out" 2>"$W/err" || die "mkfs.exfat"
mv "$W/issuer" "$W/pass" "$W/codes" "$W/folder" "$W/given/"
cp "$ONCE_BUILD/tests/support/.libs/quick_kdf.so" "$W/given/"
mkdir "$W/given/root"
mv "$W/stick/ONCE" "$W/given/root/"
chmod -R u+rwX,go+rX "$W/given"

# Two guests at once, of one processor each: the stick of the first is read and used up, that of the second is prepared. With two
# processors in one guest the emulator spends twice the time on the same work.
cat >"$W/inside" <<'INSIDE'
export GIVEN="$W/given"
run() # SCENARIO ARGS...
{
	name=$1
	shift
	mkdir -m 755 "/tmp/$name"
	env W="/tmp/$name" N=1 WHO=user TMPDIR=/tmp sh "$ONCE_TESTS/vm/scenarios/$name.sh" "$@" 2>&1
	set -- $?
	echo "$name: exit $1, up $(cut -d. -f1 /proc/uptime) s"
	return "$1"
}
one()
{
	run jobs vfat && run pairs vfat "$PAIRS" || return
	desktop-mount "$(vmctl device)" /media/fill || return
	cp -r "$GIVEN/root/ONCE" /media/fill/ && umount /media/fill || return
	run pulled-read || return
	POINTS='probe pwrite64 1 nothing live
probe fdatasync 1 nothing live
station.sqlite fdatasync 2 nothing live
lock.a openat 6 claimed live
lock.a pwrite64 1 claimed either
lock.a fdatasync 1 claimed spent
lock.a pread64 4 claimed spent
lock.b pwrite64 1 claimed spent
lock.b fdatasync 1 claimed spent
lock.b pread64 4 open spent' run pulled-spend
}
two()
{
	run jobs exfat && run pairs exfat "$PAIRS" || return
	POINTS='mkdirat:3 fsync:2 fsync:5 pwrite64:27 fsync:9 fsync:11 fsync:13 fsync:15 fsync:16 renameat:1' run pulled-prepare
}
INSIDE
guest() # one|two SERIAL
{
	"$ONCE_TESTS/vm/run" -m 1024 -t 3600 -i "$W/$1.img" -S "$2" -r "$W" -r "$ONCE_TESTS" -r "$ONCE_BIN" \
		-c "export ONCE_TESTS='$ONCE_TESTS' ONCE_BIN='$ONCE_BIN' W='$W' PAIRS=${ONCE_PAIRS:-10} \
		ROUNDS=${ONCE_ROUNDS:-12}; . '$W/inside'; $1" 2>&1
	echo $? >"$W/$1.exit"
}
guest two 60A44C413A8C >"$W/two.log" &
second=$!
guest one 4C530001230915 | sed -u 's/^/one: /'
wait $second
sed 's/^/two: /' "$W/two.log"
status="$(cat "$W/one.exit") $(cat "$W/two.exit")"
[ "$status" != "77 77" ] || skip "no guests here"
is "everything held in both guests" "$status" "0 0"
finish
