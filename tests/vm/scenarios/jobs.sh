# The three jobs as the ordinary user, on a stick as it comes from the shop; then codes that are bound to the stick itself.
# hostile 60: a copy on a stick with another serial number
# shellcheck shell=sh source=/dev/null disable=SC2154 # N, W, GIVEN: from the outer scenario
. "$ONCE_TESTS/vm/scenarios/guest.sh"
type=$1 serial=$(sed -n "s/^$N //p" /xchg/sticks)
find_stick
mount_stick
asuser mkdir "$W/folder"
# shellcheck disable=SC2016 # for that shell
asuser sh -c 'head -c 700000 /dev/urandom >"$W/folder/film.bin"; echo hello >"$W/folder/größe.txt"'

listed() # FILTER: of this stick
{
	oncestick sticks --json | jq -r ".[] | select(.serial == \"$serial\") | $1"
}
is "$type: the list names it" "$(listed '"\(.device) \(.vendor_id):\(.product_id) \(.vendor), \(.speed_mbps) \(.bytes)"')" \
	"$disk 46f4:0001 QEMU, 5000 67108864"
is "$type: and what is on it" "$(listed '"\(.file_system) \(.mount_point) \(.fit) \(.holds)"')" "$type $at true null"
prepare "$W/folder" "$at" --label "On $type" --codes 2 --bind-usb
is "$type: the list names the lecture" "$(listed '"\(.holds.labels[0]) \(.holds.unused)"')" "On $type 2"
codes "$W/codes" 2 "$at"
sed -n 1p "$W/codes" >"$W/code"
sed -n 2p "$W/codes" >"$W/second"
umount "$at"

once_digest()
{
	(cd "$at/ONCE" && find . -type f ! -name probe -exec sha256sum {} + | sort | sha256sum)
}
pull
put_back 0123456789AB
mount_stick
digest=$(once_digest)
refused 41 "$type: a copy of it on a stick with another serial number" oncestick mount "$at" --code-file "$W/code"
said "nothing was spent"
is "$type: nothing changed on the copy" "$(once_digest)" "$digest"
umount "$at"
pull
put_back
mount_stick
check "$type: the stick itself opens" oncestick mount "$at" --code-file "$W/code"
folder=$(cat "$W/out")
check "$type: every byte is as packed" asuser diff -r "$W/folder" "$folder"
check "$type: it ends" oncestick unmount --yes
refused 30 "$type: the spent code" oncestick mount "$at" --code-file "$W/code"
check "$type: the second code is revoked" \
	oncestick revoke --code-file "$W/second" --at "$at" --yes --passphrase-file "$W/pass"
refused 31 "$type: the revoked code" oncestick mount "$at" --code-file "$W/second"
check "$type: collect" oncestick collect "$at" --json --passphrase-file "$W/pass"
is "$type: the receipt is good" "$(jq -r '[.codes[].found] | sort | join(" ")' "$W/out")" "unused used"
rm -rf "$at/ONCE" "$at/READ ME FIRST.txt"
check "$type: the stick goes" umount "$at"
finish
