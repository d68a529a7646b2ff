# Codes that are bound to a USB device, with sticks of several makes in a guest.
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$WHO" = root ] || finish # once is enough, and the guest's memory is not small

cat >"$W/inside" <<'INSIDE'
. "$ONCE_TESTS/scenario/scenario.sh"
plug() # ARGS... IMAGE: a stick in the port, mounted; sets dev
{
	dev=$(gadget plug "$@") || die "gadget plug $*"
	wait_until 10 desktop-mount "$dev" /mnt
}
unplug()
{
	umount /mnt && gadget unplug || die "unplug"
}
stick() # FILE
{
	truncate -s 16M "$1" && mkfs.vfat "$1" >/dev/null
}
listed() # FILTER: of the only stick, in JSON
{
	oncestick sticks --json | jq -r ".[0] | $1"
}
serial=4C530001230915117215
mkdir "$W/folder" "$W/open"
echo hello >"$W/folder/a.txt"
stick "$W/a.img"
stick "$W/b.img"
new_issuer

is "no stick, no list" "$(oncestick sticks --json)" "[]"
plug -s '' "$W/a.img"
is "a stick without a serial number has no identity" "$(listed '"\(.serial) \(.warnings[0])"')" "null no-identity"
refused 41 "codes cannot be bound to it" oncestick prepare "$W/folder" /mnt --bind-usb --passphrase-file "$W/pass"
nothing "nothing was written" ls -A /mnt
unplug

plug -n 'Card Reader' -s 0000 "$W/a.img"
is "a reader with a weak number" "$(listed '.warnings | join(" ")')" "short-serial plain-serial card-reader"
unplug

plug -s "$serial" "$W/a.img"
is "a good one" "$(listed '"\(.device) \(.vendor_id):\(.product_id) \(.vendor) \(.serial) \(.fit) \(.warnings | length)"')" \
	"$dev 0781:5567 SanDisk $serial true 0"
umount /mnt
refused 10 "named before it is mounted" oncestick rehearse "usb:$serial"
said "udisksctl mount -b $dev"
refused 10 "... by its device" oncestick rehearse "$dev"
said "udisksctl mount -b $dev"
desktop-mount "$dev" /mnt
check "codes are bound to it" oncestick prepare "$W/folder" "$dev" --bind-usb -n 4 --passphrase-file "$W/pass"
check "two of them" oncestick issue "usb:$serial" -n 2 --to Kim --passphrase-file "$W/pass"
head -n 1 "$W/out" >"$W/code"
tail -n 1 "$W/out" >"$W/second"
is "the list shows what it holds" "$(listed '"\(.holds.labels[0]) \(.holds.unused)"')" "folder 4"
sync
cp "$W/a.img" "$W/copy.img"
unplug

plug -s "$serial" -p 5568 "$W/copy.img"
# hostile 60: a copy on another product with the same serial number
refused 41 "a copy on another product with that number" oncestick rehearse "usb:$serial" --code-file "$W/code"
said "$serial"
refused 41 "... does not open" oncestick mount /mnt --code-file "$W/code"
said "nothing was spent"
refused 41 "... and takes no second lecture bound to it" \
	oncestick prepare "$W/folder" /mnt --add --bind-usb --passphrase-file "$W/pass"
unplug

plug -s "$serial" "$W/a.img"
check "the original opens" oncestick mount "usb:$serial" "$W/open" --code-file "$W/code"
is "... and is read" "$(cat "$W/open/a.txt")" hello
check "... and ends" oncestick unmount --yes
check "collected, with the key that the device gives" oncestick collect "$dev" --json --passphrase-file "$W/pass"
is "its receipt is good" "$(jq -r '.codes[0].found' "$W/out")" used
mkdir "$W/books" && mv "$W/issuer"/books.sqlite* "$W/books"
check "collected again, without books, on another PC" \
	env ONCESTICK_STATION_DIR="$W/elsewhere" oncestick collect /mnt --json --passphrase-file "$W/pass"
is "its receipt is still good" "$(jq -r '.codes[0].found' "$W/out")" used
rm -f "$W/issuer"/books.sqlite* && mv "$W/books"/* "$W/issuer"
unplug

plug -s "$serial" "$W/b.img"
check "another stick with the same number" oncestick prepare "$W/folder" /mnt --bind-usb -n 1 --passphrase-file "$W/pass"
said "same serial number"
umount /mnt
mkfs.ext4 -q "$dev" && mount -o ro "$dev" /mnt
is "mounted read-only, it is not offered" "$(listed .unfit)" mounted-read-only
unplug
plug -r -s "$serial" "$W/a.img"
is "write-protected, neither" "$(listed .unfit)" write-protected
unplug
finish
INSIDE

in_guest -t 1800 -r "$ONCE_TESTS" -r "$ONCE_BIN" -r "$W" -c "mkdir /tmp/w
export ONCE_TESTS='$ONCE_TESTS' ONCE_BIN='$ONCE_BIN' W=/tmp/w WHO=root HOME=/tmp/w CI='${CI:-}'; sh '$W/inside'"
finish
