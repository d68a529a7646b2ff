# The end of the time: an open file gives errors, not cached pages; the folder goes; the code is spent.
. "$ONCE_TESTS/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label Deadline --codes 2 --session 1m
one_code "$W/code"
check "mount for a minute" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
check "a pause in between does not make it longer" oncestick unmount --pause
check "mount again" oncestick mount "$stick" --code-file "$W/code"
exec 9<"$folder/clips/film.bin"
check "the open file reads" head -c 100000 <&9
check "and its pages are cached" cmp "$W/folder/clips/film.bin" "$folder/clips/film.bin"
# hostile 49: the deadline with a file open
wait_until 90 no mounted "$folder"
no sh -c 'exec 8</proc/self/fd/9' 2>/dev/null || die "the file could be opened again"
no dd bs=4096 count=1 of=/dev/null <&9 2>"$W/err" || die "the open file still reads after the deadline"
said "input/output error|transport endpoint|not connected"
exec 9<&-
wait_until 10 test ! -e "$folder"
is "nothing is open" "$(oncestick status --json | jq '.open | length')" 0
refused 30 "the code after its deadline" oncestick mount "$stick" --code-file "$W/code"
finish
