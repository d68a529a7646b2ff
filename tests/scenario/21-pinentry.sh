# --pinentry: a stick is opened without a terminal, through a pinentry that answers by a script (fake-pinentry); what is wrong is
# asked again or shown; what a pinentry does wrong is a failure and spends nothing.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse

export FAKE_PINENTRY="$W/fake" ONCESTICK_PINENTRY="$ONCE_TESTS/scenario/fake-pinentry"
mkdir "$FAKE_PINENTRY"
unset DISPLAY WAYLAND_DISPLAY
export LC_ALL=C.UTF-8 # windows are in UTF-8
stick=$W/stick

person() # ANSWER...: what the person does with the questions that follow
{
	rm -f "$FAKE_PINENTRY/said" "$FAKE_PINENTRY/start"
	printf '%s\n' "$@" >"$FAKE_PINENTRY/answers"
}

saw() # PATTERN: what a window showed, or what was sent to pinentry otherwise
{
	grep -Eq -- "$1" "$FAKE_PINENTRY/said" || die "pinentry was not sent: $1; but: $(cat "$FAKE_PINENTRY/said")"
}

saw_not()
{
	! grep -Eq -- "$1" "$FAKE_PINENTRY/said" || die "pinentry was sent: $1"
}

alone() # COMMAND...: as a menu starts it, without a terminal
{
	setsid -w "$@"
}

# ---- the issuer ----------------------------------------------------------------------------------------------------------------
person 'pin correct horse'
if ! ldd "$(command -v oncestick)" | grep -q libassuan; then
	refused 24 "a build without libassuan says so" alone oncestick init --pinentry
	said 'without libassuan'
	finish
fi
person 'twice correct horse'
check "an issuer is made: the passphrase is repeated in one window" alone oncestick init --pinentry
saw '^SETREPEAT The same again:'
saw '^SETPROMPT New issuer passphrase:$'
rm -r "$ONCESTICK_ISSUER_DIR"
touch "$FAKE_PINENTRY/norepeat"
person 'pin correct horse' 'pin correct house' 'pin correct horse' 'pin correct%20horse'
check "or in a second one" alone oncestick init --pinentry
saw '^SETERROR the two were not the same'

sample "$W/folder"
person 'pin correct horse'
mkdir "$stick"
check "a stick is prepared" alone oncestick prepare "$W/folder" "$stick" --label "$(printf 'We <b>ek</b> 100%% caf\303\251')" --pinentry
person 'pin wrong' 'pin' 'pin correct horse'
check "a wrong passphrase may be typed again, twice" alone oncestick issue "$stick" -n 1 --to Test --pinentry
saw "^SETERROR this is not the issuer's passphrase"
saw '^SETERROR the passphrase is empty'
person 'pin wrong' cancel
refused 24 "or not" alone oncestick issue "$stick" --to Test --pinentry
person 'pin wrong' 'pin wrong' 'pin wrong'
refused 61 "three wrong ones are enough" alone oncestick issue "$stick" --to Test --pinentry
saw "^SETDESC this is not the issuer's passphrase"
saw '^MESSAGE$'
person 'pin correct horse'
check "codes are handed out" alone oncestick issue "$stick" -n 4 --to Test --pinentry
cp "$W/out" "$W/codes"
one=$(sed -n 1p "$W/codes") two=$(sed -n 2p "$W/codes")
case $one in
*0) mutated=${one%?}1 ;;
*) mutated=${one%?}0 ;;
esac

# ---- what a pinentry or its person does wrong: a failure, and nothing is spent -----------------------------------------------------
for answer in cancel timeout 'pin' die garbage flood endless; do
	person "$answer"
	refused 24 "mount, and pinentry: $answer" alone oncestick mount "$stick" --pinentry
	said 'Nothing was spent'
done
# pinentry-tty says "cancelled" where there is no terminal: nobody cancelled anything
for flavor in tty curses gtk2:curses; do
	echo $flavor >"$FAKE_PINENTRY/flavor"
	person cancel
	refused 24 "a pinentry of the kind $flavor, and no terminal" alone oncestick mount "$stick" --pinentry
	said 'asks on a terminal, and there is none here.*--code-file'
	! grep -q cancelled "$W/err" || die "nobody cancelled"
done
person cancel
refused 24 "one that could have shown a window" env DISPLAY=:9 setsid -w oncestick mount "$stick" --pinentry
said 'cancelled'
rm "$FAKE_PINENTRY/flavor"
person "pin $one" cancel
refused 24 "the code is typed, and not used up" alone oncestick mount "$stick" --pinentry
said 'Nothing was spent'
saw '^SETDESC This uses up the code'
person "pin $one" die
refused 24 "pinentry dies at the last question" alone oncestick mount "$stick" --pinentry
for answer in die garbage flood endless; do
	person "pin $one"
	echo $answer >"$FAKE_PINENTRY/start"
	refused 24 "pinentry begins with: $answer" alone oncestick mount "$stick" --pinentry
	said 'ONCESTICK_PINENTRY'
done
refused 24 "a pinentry that is not there" alone env ONCESTICK_PINENTRY=no-such-pinentry oncestick mount "$stick" --pinentry
said 'no program no-such-pinentry'
refused 24 "one that is no program" alone env ONCESTICK_PINENTRY="$W/pass" oncestick mount "$stick" --pinentry
refused 24 "one that ends at once" alone env ONCESTICK_PINENTRY=/bin/true oncestick mount "$stick" --pinentry
said 'ended without an answer'

# One that does not answer, and a person who has enough of it.
person hang
rm -f "$FAKE_PINENTRY/hanging"
oncestick mount "$stick" --pinentry >"$W/out" 2>"$W/err" </dev/null &
asking=$!
wait_until 20 test -s "$FAKE_PINENTRY/hanging"
kill -TERM $asking
wait $asking
is "it can be interrupted" $? 130
said 'Nothing was spent'
check "pinentry is gone, although it does not want to" no kill -0 "$(cat "$FAKE_PINENTRY/pid")"
kill "$(cat "$FAKE_PINENTRY/hanging")"

# ---- opening ---------------------------------------------------------------------------------------------------------------------
person 'pin 7kq241/3' "pin $mutated" "pin $(printf '%s' "$one" | tr 'A-Z-' 'a-z ')" ok
check "typing errors, then the code in lower case" alone oncestick mount "$stick" --pinentry
folder=$(cat "$W/out")
check "the folder is open" mounted "$folder"
saw '^SETDESC "We ‹b›ek‹/b› 100%25 café" on stick [0-9a-z]{6}%0Aissuer [0-9a-f:]{24}'
saw '^SETERROR "7kq241/3" is the name of a code'
saw '^SETERROR typing error, probably in group 4; compare all four\. Nothing was%0Aspent\.'
saw '^SETDESC This uses up the code\. The folder stays open for 8 h'
saw_not 'CANCEL$'
! grep -Eiq "$(echo "$one" | cut -c 1-4)|$(echo "$one" | cut -c 16-19)" "$W/err" "$FAKE_PINENTRY/said" || die "a part of the code is repeated"
is "pinentry was started once" "$(grep -c '^OPTION no-grab' "$FAKE_PINENTRY/said")" 1
is "it has no terminal" "$(head -n 1 "$FAKE_PINENTRY/where")" "not a tty"
is "and no descriptor but its own" "$(grep -Ec 'socket:|/stick|station' "$FAKE_PINENTRY/where")" 0

# ---- ending ----------------------------------------------------------------------------------------------------------------------
person cancel
refused 24 "it stays open" alone oncestick unmount --pinentry
saw '^SETNOTOK Pause'
check "the folder is open" mounted "$folder"
person notok
check "it is paused" alone oncestick unmount --pinentry
check "the folder is closed" no mounted "$folder"
person "pin $one"
check "the same code goes on" alone oncestick mount "$stick" --pinentry
person ok
check "it is ended" alone oncestick unmount --pinentry
person "pin $one" ok
refused 30 "the spent code" alone oncestick mount "$stick" --pinentry
saw '^SETDESC this code was used on .*E_SPENT 30'
saw '^MESSAGE'

# ---- another keyboard --------------------------------------------------------------------------------------------------------------
jamo=$(printf '%s' "$two" | tr '[:lower:]' '[:upper:]' | sed '
	s/Q/ㅂ/g; s/W/ㅈ/g; s/E/ㄷ/g; s/R/ㄱ/g; s/T/ㅅ/g; s/Y/ㅛ/g; s/P/ㅔ/g; s/A/ㅁ/g; s/S/ㄴ/g; s/D/ㅇ/g; s/F/ㄹ/g; s/G/ㅎ/g
	s/H/ㅗ/g; s/J/ㅓ/g; s/K/ㅏ/g; s/Z/ㅋ/g; s/X/ㅌ/g; s/C/ㅊ/g; s/V/ㅍ/g; s/B/ㅠ/g; s/N/ㅜ/g; s/M/ㅡ/g')
person "pin $jamo" cancel cancel
refused 24 "a code in jamo is offered; it is not wanted" alone oncestick rehearse "$stick" --code --pinentry
saw '^SETDESC On a Korean'
saw_not "$(echo "$two" | cut -c 1-4)"
person "pin $jamo" ok
check "it is wanted" alone oncestick rehearse "$stick" --code --pinentry
printed 'code .*is good'
printf '%s\n' "$jamo" >"$W/slip"
refused 20 "from a file it is named, not used" oncestick rehearse "$stick" --code-file "$W/slip"
said 'Korean'

# ---- revoking ----------------------------------------------------------------------------------------------------------------------
person 'pin correct horse' "pin $two"
check "a code is revoked" alone oncestick revoke --code --pinentry
person "pin $two" cancel
refused 31 "it opens nothing" alone sh -c 'oncestick revoke --at "$1" --passphrase-file "$2" && exec oncestick mount "$1" --pinentry' sh \
	"$stick" "$W/pass"
saw '^SETDESC this code was revoked'
finish
