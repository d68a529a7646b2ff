# USB sticks by their identity, as far as it can be tried without one.
. "$ONCE_TESTS/scenario/scenario.sh"
mkdir "$W/plain"
sample "$W/folder"
new_issuer

check "sticks are listed where there is none" oncestick sticks
check "... as JSON" oncestick sticks --json
cp "$W/out" "$W/sticks.json"
check "... which is a list" jq -e 'type == "array"' "$W/sticks.json"
if [ ! -d /sys/bus/usb/devices ]; then
	is "... and empty" "$(cat "$W/sticks.json")" "[]"
	check "the table is empty" oncestick sticks --quiet
	[ ! -s "$W/out" ] || die "something was printed"
fi

find "$W/issuer" -type f ! -name '*-wal' ! -name '*-shm' -exec sha256sum {} + | sort >"$W/before"
refused 41 "codes are not bound to a directory that is on no stick" \
	oncestick prepare "$W/folder" "$W/plain" --bind-usb --passphrase-file "$W/pass"
said "cannot be bound to"
nothing "nothing was written" find "$W/plain" -mindepth 1
find "$W/issuer" -type f ! -name '*-wal' ! -name '*-shm' -exec sha256sum {} + | sort >"$W/after"
check "the books are as they were" cmp "$W/before" "$W/after"

refused 10 "a serial number that is not plugged in" oncestick rehearse usb:NO-SUCH-STICK-0000
said "oncestick sticks"
refused 10 "... in every verb" oncestick inspect usb:NO-SUCH-STICK-0000
refused 10 "... and to prepare" oncestick prepare "$W/folder" usb:NO-SUCH-STICK-0000 --passphrase-file "$W/pass"
refused 10 "a device that is no disk" oncestick rehearse /dev/null
mkdir "$W/usb:HERE"
cd "$W" || exit 1
prepare "$W/folder" usb:HERE -n 1
check "a directory may be called like that" oncestick inspect usb:HERE
finish
