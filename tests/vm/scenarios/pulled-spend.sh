# A stick is pulled while a code is used up, at ten moments: what it says is what is so, and the same code opens here afterwards.
# hostile 40, 42: pulled at each step of a use
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
unused() # how many codes a person without a code sees unused on the stick
{
	oncestick inspect "$at" --json | jq '[.. | objects | select(has("unused")).unused] | add'
}
# What is on the stick afterwards: "live", "spent" when the write was flushed, "either" when that is up to the stick.
record() # WHAT
{
	now=$(unused)
	case $1 in
	live) is "$at_point: its record is whole" "$now" "$before" ;;
	spent) is "$at_point: its record is gone" "$now" $((before - 1)) ;;
	either) [ "$now" -eq "$before" ] || [ "$now" -eq $((before - 1)) ] || die "$at_point: $now codes unused, $before before" ;;
	esac
}
while read -r file call number left on_stick; do
	round=$((round + 1))
	sed -n "$((round + 1))p" "$W/codes" >"$W/code"
	chmod 644 "$W/code"
	rm -rf "$W/station"
	before=$(unused)
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
		record "$on_stick"
		check "... the same code opens here" oncestick mount "$at" --code-file "$W/code"
	fi
	folder=$(cat "$W/out")
	check "... and shows the folder" asuser cmp "$GIVEN/folder/a.txt" "$folder/a.txt"
	record spent
	check "... and ends" oncestick unmount --yes
done <<POINTS
$POINTS
POINTS
refused 30 "the last of them again" oncestick mount "$at" --code-file "$W/code"
while read -r code; do
	echo "$code" >"$W/code"
	refused 30 "a code that was pulled, on a PC that knows nothing" \
		env ONCESTICK_STATION_DIR="$W/elsewhere" asuser oncestick mount "$at" --code-file "$W/code"
done <<CODES
$(sed -n "2,$((round + 1))p" "$W/codes" | sed -n '1p;3p;$p')
CODES
check "the stick goes" umount "$at"
finish
