# The three jobs on a stick of the file system $TYPE, mounted at $STICK, for scenario.sh: part of selftest.sh, inside the guest.
# shellcheck shell=sh source=/dev/null
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
sample "$W/folder"
new_issuer
prepare "$W/folder" "$STICK" --label "On $TYPE" --codes 3
check "$TYPE: inspect" oncestick inspect "$STICK"
check "$TYPE: verify" oncestick verify "$STICK"
one_code "$W/code" "$STICK"
check "$TYPE: rehearse" oncestick rehearse "$STICK" --code-file "$W/code"
check "$TYPE: mount" oncestick mount "$STICK" --code-file "$W/code"
folder=$(cat "$W/out")
check "$TYPE: it is one of our mounts" mounted "$folder"
check "$TYPE: every byte is as packed" diff -r "$W/folder" "$folder"
check "$TYPE: unmount" oncestick unmount --yes
refused 30 "$TYPE: the spent code" oncestick mount "$STICK" --code-file "$W/code"
check "$TYPE: collect" oncestick collect "$STICK" --passphrase-file "$W/pass"
check "$TYPE: erase" oncestick erase "$STICK" --yes --passphrase-file "$W/pass"
check "$TYPE: nothing of ours is left" test ! -e "$STICK/ONCE"
finish
