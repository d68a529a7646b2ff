# A list of revoked codes as long as one can be, on top of one that is known already: it is taken in before anything is spent, while the
# stick may still be pulled, and ^C is heard meanwhile.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v sqlite3 >/dev/null || skip "no sqlite3"
command -v expect >/dev/null || skip "no expect"
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label Long --codes 5
codes "$W/codes" 5
for n in 1 2 3 4 5; do
	sed -n ${n}p "$W/codes" >"$W/code$n"
done
name=$(oncestick codes --json | jq -r '.sticks[0].stick')
cp -r "$W/issuer" "$W/again"
cp -r "$stick" "$W/carrier"

full() # BOOKS: 219 000 codes of lectures that they do not know, which is a list of 4 MiB
{
	sqlite3 "$1/books.sqlite" "WITH RECURSIVE k(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM k WHERE n < 219000)
		INSERT INTO listed SELECT randomblob(16), x'01' FROM k" || die "sqlite3"
}
full "$W/issuer"
full "$W/again"
check "a full list" oncestick revoke "$name/3" --at "$stick" --passphrase-file "$W/pass"
check "and one that is like it in nothing" env ONCESTICK_ISSUER_DIR="$W/again" \
	oncestick revoke "$name/4" --at "$W/carrier" --passphrase-file "$W/pass"
is "both are full" "$(find "$stick/ONCE/notice.cose" "$W/carrier/ONCE/notice.cose" -size +3900k | wc -l)" 2

check "a code opens with the first" oncestick mount "$stick" --code-file "$W/code1" --no-desktop
check "to its end" oncestick unmount --yes
in_memory() # how many bytes this PC has of what is revoked
{
	sqlite3 "$ONCESTICK_STATION_DIR/station.sqlite" 'SELECT sum(length(payload)) FROM list'
}
one_list=$(in_memory)
check "one list is in this PC's memory" test "$one_list" -gt 3500000
cp "$W/carrier/ONCE/notice.cose" "$stick/ONCE/notice.cose"

# hostile 76: ^C before the stick must not be pulled
began() # the session is at work, with the memory open; only root can see that
{
	# shellcheck disable=SC2046 # numbers
	if [ "$WHO" = root ]; then
		find_session $(pgrep -P "$front")
	else
		pgrep -P "$front"
	fi
}
env --default-signal=INT oncestick mount "$stick" --code-file "$W/code2" --no-desktop >"$W/out" 2>"$W/err" </dev/null &
front=$!
wait_until 20 began
kill -INT $front
wait $front
is "^C is heard" $? 130
said "Nothing was spent"
no grep -q "do not pull" "$W/err" || die "the list was taken in while the stick had to stay"

# hostile 76: what is asked last is asked when the list is in
cat >"$W/question.exp" <<'EXPECT'
set timeout 60
proc sees {text} {
	expect {
		-re [string map {" " {\s+}} $text] {}
		timeout { puts "not on the terminal: $text"; exit 1 }
		eof { puts "ended before it said: $text"; exit 1 }
	}
}
spawn oncestick mount [lindex $argv 0] --no-desktop
sees "Code: "
send -- "[lindex $argv 1]\r"
sees "Open now"
exec touch [lindex $argv 2]
while {![file exists [lindex $argv 3]]} { after 50 }
send "\003"
sees "Nothing was spent"
expect eof
exit [lindex [wait] 3]
EXPECT
expect "$W/question.exp" "$stick" "$(cat "$W/code2")" "$W/asked" "$W/answer" >"$W/out" 2>"$W/err" &
front=$!
wait_until 60 test -e "$W/asked"
both=$(in_memory)
touch "$W/answer"
wait $front
is "^C at the question is heard" $? 130
check "the second list was in the memory when it was asked" test "$both" -gt $((one_list * 19 / 10))

# hostile 76: a full list on a full one
check "a code opens with the second list on top" oncestick mount "$stick" --code-file "$W/code2" --no-desktop
check "and the lecture is whole" diff -r "$W/folder" "$(cat "$W/out")"
check "to its end" oncestick unmount --yes
refused 31 "what the first revoked" oncestick mount "$stick" --code-file "$W/code3" --no-desktop
refused 31 "what the second revoked" oncestick mount "$stick" --code-file "$W/code4" --no-desktop
check "another code" oncestick mount "$stick" --code-file "$W/code5" --no-desktop
check "to its end" oncestick unmount --yes
finish
