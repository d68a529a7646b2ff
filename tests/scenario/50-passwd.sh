# The passphrase and whom to call are changed: what opens with which, and what goes on as before.
. "$ONCE_TESTS/scenario/scenario.sh"
printf 'another horse entirely\n' >"$W/new"
mkdir "$W/folder" "$W/stick"
echo hello >"$W/folder/a.txt"
stick=$W/stick old="--passphrase-file=$W/pass" new="--passphrase-file=$W/new"
store=$W/issuer/keystore.cbor
for guess in secret aaaaaaaaaa 12345678 password123 P@ssw0rd2026; do
	echo "$guess" >"$W/guess"
	refused 61 "$guess is no passphrase" oncestick init --passphrase-file "$W/guess"
	said 'anybody would guess it'
done
check "nothing was made" test ! -e "$W/issuer"
for good in "correct horse battery staple" "seven lanterns over a quay"; do
	echo "$good" >"$W/good"
	check "$good is one" env ONCESTICK_ISSUER_DIR="$W/other" oncestick init --passphrase-file "$W/good"
	rm -r "$W/other"
done
check "an issuer is made" oncestick init --contact "+49 30 1234" "$old"
check "a backup is made" oncestick backup "$W/backup"

# ---- whom to call ------------------------------------------------------------------------------------------------------------
check "whom to call" oncestick contact
printed '^\+49 30 1234$'
prepare "$W/folder" "$stick" --codes 2
check "it is changed" oncestick contact 'Ms Ahrens, +49 30 5678'
said 'told to call Ms Ahrens, \+49 30 5678'
said 'sticks that are out say what they said'
is "and stays so" "$(oncestick contact --json | jq -r .contact)" 'Ms Ahrens, +49 30 5678'
check "the same again changes nothing" oncestick contact 'Ms Ahrens, +49 30 5678'
refused 2 "text that is no text" oncestick contact "$(printf 'a\nb')"
refused 2 "text that is too long" oncestick contact "$(printf %0129d 0)"
refused 2 "two words" oncestick contact Ms Ahrens

# ---- the passphrase ----------------------------------------------------------------------------------------------------------
cp -p "$store" "$W/before"
refused 61 "the old passphrase is asked for" oncestick passwd "$new" --new-passphrase-file "$W/new"
refused 61 "the new one is another" oncestick passwd "$old" --new-passphrase-file "$W/pass"
said "nothing was changed"
refused 61 "nor one that anybody would guess" oncestick passwd "$old" --new-passphrase-file "$W/guess"
: >"$W/empty"
refused 61 "and is not empty" oncestick passwd "$old" --new-passphrase-file "$W/empty"
refused 24 "without a terminal it is named how" setsid oncestick passwd "$old"
said "--new-passphrase-file FILE"
check "nothing was changed" cmp "$W/before" "$store"
check "it is changed" sh -c "cat '$W/pass' '$W/new' | oncestick passwd --passphrase-file - --new-passphrase-file -"
said "backups made before now still open with the old passphrase"
is "nothing is left beside it" "$(find "$W/issuer" -name 'keystore.cbor*')" "$store"
is "it is private" "$(stat -c %a "$store")" 600
is "the books have both" "$(oncestick report --json | jq -c '[.office[] | [.verb, .times]]')" '[["prepare",1],["contact",1],["passwd",1]]'
refused 61 "the old passphrase opens no more" oncestick refill "$stick" -n 1 "$old"
check "the new one does" oncestick refill "$stick" -n 1 "$new"
check "new codes say whom to call now" sh -c "oncestick inspect '$stick' --json | jq -e '[.. | .contact? // empty] | index(\"Ms Ahrens, +49 30 5678\")'"
check "the backup opens with the old one" env ONCESTICK_ISSUER_DIR="$W/elsewhere" oncestick restore --test "$W/backup" "$old"
refused 61 "not with the new one" env ONCESTICK_ISSUER_DIR="$W/elsewhere" oncestick restore --test "$W/backup" "$new"
finish
