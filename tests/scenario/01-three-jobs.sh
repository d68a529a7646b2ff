# The three jobs: prepare, mount with a code that is spent by it, revoke. Then what the stick tells when it comes home.
# argon2id: as it is
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label "Week 12" --codes 5
check "the stick can be inspected without any secret" oncestick inspect "$stick"
check "the stick verifies without any secret" oncestick verify "$stick"
codes "$W/codes" 2
sed -n 1p "$W/codes" >"$W/first"
sed -n 2p "$W/codes" >"$W/second"
is "two different codes" "$(sort -u "$W/codes" | wc -l)" 2

check "a rehearsal with the code" oncestick rehearse "$stick" --code-file "$W/first"
check "mount prints the folder" oncestick mount "$stick" --code-file "$W/first"
folder=$(cat "$W/out")
is "the folder is in the home directory, named after the label" "$folder" "$HOME/Week 12"
check "the folder is one of our mounts" mounted "$folder"
check "every byte is as packed" diff -r "$W/folder" "$folder"
check "names, sizes, times too" rsync -anc --itemize-changes "$W/folder/" "$folder/"
rsync -anc --itemize-changes "$W/folder/" "$folder/" >"$W/changes"
is "rsync finds no change" "$(grep -vc '^\.d\.\.\.p\|^\.f\.\.\.p\|^\.d\.\.\.\.o\|^$' "$W/changes")" 0
check "it is mounted ro,nosuid,nodev,noexec" sh -c "grep fuse.oncestick /proc/self/mountinfo | grep -q 'ro,nosuid,nodev,noexec'"
no touch "$folder/new" 2>/dev/null || die "a file could be made"
no rm -f "$folder/a.txt" 2>/dev/null || die "a file could be removed"
check "status shows it" oncestick status
printed "Week 12"
check "status as JSON" sh -c "oncestick status --json | jq -e '.open[0].mount_point == \"$folder\"'"
refused 36 "the same code while it is open" oncestick mount "$stick" --code-file "$W/first"

check "unmount ends the session" oncestick unmount --yes
said "ended after"
check "the folder is gone" test ! -e "$folder"
refused 30 "the spent code" oncestick mount "$stick" --code-file "$W/first"
said "was used on .* on this PC"
refused 49 "unmount of nothing" oncestick unmount --yes

check "the second code is revoked" oncestick revoke --code-file "$W/second" --at "$stick" --yes --passphrase-file "$W/pass"
refused 31 "the revoked code" oncestick mount "$stick" --code-file "$W/second"
check "collect reads the receipt" oncestick collect "$stick" --passphrase-file "$W/pass"
check "the books know" sh -c "oncestick codes '$stick' --json"
printed spent
printed revoked
finish
