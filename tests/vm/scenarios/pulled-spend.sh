# A stick is pulled while a code is used up, at ten moments: what it says is what is so, and the same code opens here afterwards.
# shellcheck shell=sh source=/dev/null disable=SC2154
. "$ONCE_TESTS/vm/scenarios/guest.sh"
find_stick
mount_stick
cp "$GIVEN/codes" "$W/codes"
station=$W/station/station.sqlite
round=0
state() # of the code in station memory
{
	sqlite3 "$station" "select state from use" 2>/dev/null
}
while read -r file call number left; do
	round=$((round + 1))
	sed -n "$((round + 1))p" "$W/codes" >"$W/code"
	chmod 644 "$W/code"
	rm -rf "$W/station"
	case $file in
	probe) path=$at/ONCE/probe ;;
	lock.?) path=$(echo "$at"/ONCE/g/*/"$file") ;;
	*) path=$W/station/$file ;;
	esac
	stopped -P "$file" -P "$path" -e "trace=$call" -e "inject=$call:signal=STOP:when=$number" -- \
		mount "$at" --code-file "$W/code"
	pull
	go_on
	at_point="pulled after $call number $number of $file"
	if [ "$left" = open ]; then
		put_back
		umount -l "$at"
		mount_stick
		outcome 60
		kill "$tracer"
		is "$at_point: it waits for the stick, and opens" "$status" 0
	else
		outcome 60
		wait "$tracer"
		echo "$at_point: $status, $(state), $(tail -n 1 "$W/err")"
		[ "$status" -eq 44 ] || die "$at_point: exit $status"
		said '\[E_STICK_IO 44\]'
		is "$at_point: station memory" "$(state)" "$([ "$left" = nothing ] || echo "$left")"
		case $left in
		nothing) said "nothing was spent" ;;
		*) said "type the same code again here" ;;
		esac
		umount -l "$at"
		put_back
		mount_stick
		check "... the same code opens here" oncestick mount "$at" --code-file "$W/code"
	fi
	folder=$(cat "$W/out")
	check "... and shows the folder" asuser cmp "$GIVEN/folder/a.txt" "$folder/a.txt"
	check "... and ends" oncestick unmount --yes
done <<POINTS
$POINTS
POINTS
refused 30 "the last of them again" oncestick mount "$at" --code-file "$W/code"
check "the stick goes" umount "$at"
finish
