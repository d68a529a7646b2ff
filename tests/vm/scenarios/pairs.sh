# One code and two users of the PC at the same moment, on the stick's own file system: one opens, the other is told why not.
# hostile 71: the same code at two stations of one PC at once, on vfat and exFAT
# shellcheck shell=sh source=/dev/null disable=SC2154 # N, W, GIVEN: from the outer scenario
type=$1 count=$2
if [ "$(id -u)" -eq 0 ]; then
	. "$ONCE_TESTS/vm/scenarios/guest.sh"
	find_stick
	mount_stick
	rm -rf "$W/issuer" # its keystore was made with the real derivation
	# The rest in one go. A derivation takes seconds here, and none of them is within the race.
	asuser env HOME="$HOME" LD_PRELOAD="$GIVEN/quick_kdf.so" at="$at" sh "$0" "$@" || die "pairs"
	check "$type: the stick goes" umount "$at"
	finish
fi

# The stick belongs to one user of the kernel, so both of the PC have his id.
. "$ONCE_TESTS/scenario/scenario.sh"
. "$ONCE_TESTS/scenario/pairs.sh"
mkdir "$W/folder"
head -c 100000 /dev/urandom >"$W/folder/film.bin"
new_issuer
prepare "$W/folder" "$at" --label "Pairs on $type" --codes "$count"
codes "$W/codes" "$count" "$at"
pairs_of "$W/codes" "$count"
check "$type: collect" oncestick collect "$at" --json --passphrase-file "$W/pass"
is "$type: and it knows each once" "$(jq -r '[.codes[].found] | group_by(.) | map("\(length) \(.[0])") | join(", ")' "$W/out")" \
	"$count used"
rm -rf "$at/ONCE" "$at/READ ME FIRST.txt"
finish
