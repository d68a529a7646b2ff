# A stick is pulled while it is prepared, at ten moments: an error with its name, no half stick, and the same command succeeds.
# hostile 67: pulled while it is prepared
# shellcheck shell=sh source=/dev/null disable=SC2154
. "$ONCE_TESTS/vm/scenarios/guest.sh"
find_stick
mount_stick
asuser mkdir "$W/folder"
# shellcheck disable=SC2016 # for that shell
asuser sh -c 'head -c 2500000 /dev/urandom >"$W/folder/film.bin"; echo hello >"$W/folder/a.txt"'
usable() # whether anything on the stick has a grant
{
	find "$at" -path "$at/ONCE/g/*/grant.cose" ! -path '*.tmp/*' | grep -q .
}
for point in $POINTS; do
	call=${point%:*} number=${point#*:}
	rm -rf "$at/ONCE" "$at/READ ME FIRST.txt"
	sync
	stopped -e "trace=$call" -e "inject=$call:signal=STOP:when=$number" -- \
		prepare "$W/folder" "$at" --codes 1 --passphrase-file "$W/pass"
	pull
	go_on
	outcome 60
	wait "$tracer"
	echo "pulled after $call number $number: $status, $(tail -n 1 "$W/err")"
	[ "$status" -eq 44 ] || die "pulled at $point: exit $status"
	said '\[E_STICK_IO 44\]'
	said 'Run the same command again'
	umount -l "$at"
	put_back
	mount_stick
	usable && die "pulled at $point: a grant is on the stick"
	check "pulled after $call number $number: the same command succeeds" \
		oncestick prepare "$W/folder" "$at" --codes 1 --passphrase-file "$W/pass"
	check "... and what it made is whole" oncestick verify "$at"
done
check "the stick goes" umount "$at"
finish
