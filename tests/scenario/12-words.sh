# What people read and type: the dialogue of mount and unmount on a terminal, and the words, colours and JSON around it.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v expect >/dev/null || skip "no expect"
command -v jq >/dev/null || skip "no jq"
stick=$W/stick
sample "$W/folder"
check "an issuer with a telephone" oncestick init --contact "+49 30 1234" --passphrase-file "$W/pass"
prepare "$W/folder" "$stick" --label "Week 12" --codes 8
codes "$W/codes" 3
code=$(sed -n 1p "$W/codes")
second=$(sed -n 2p "$W/codes")
name=$(oncestick codes --json | jq -r '.sticks[0].stick')

# The code with one wrong symbol in its third group, and that group.
wrong=$(mistyped "$code")
group=$(printf %s "$wrong" | cut -d- -f3)
bare=$(printf %s "$code" | tr -d - | tr "[:upper:]" "[:lower:]")

# dialogue DESCRIPTION: run the expect(1) script on stdin. "sees TEXT" waits for it on the terminal, "ends STATUS" for the
# end, "unseen TEXT" looks at what the last "sees" went through.
cat >"$W/person.exp" <<'EOF'
set timeout 60
set env(TERM) xterm
set env(NO_COLOR) 1
set stty_init "rows 24 columns 200"
proc sees {text} {
	global expect_out
	expect {
		-ex $text {}
		timeout { puts "\nthe terminal does not show: $text"; exit 1 }
		eof { puts "\nended before it said: $text"; exit 1 }
	}
}
proc unseen {text} {
	global expect_out
	if {[string first $text $expect_out(buffer)] >= 0} { puts "\nthe terminal shows: $text"; exit 1 }
}
proc ends {status} {
	expect {
		eof {}
		timeout { puts "\ndoes not end"; exit 1 }
	}
	set got [lindex [wait] 3]
	if {$got != $status} { puts "\nexit $got instead of $status"; exit 1 }
}
EOF
dialogue()
{
	{ cat "$W/person.exp"; cat; } >"$W/dialogue.exp"
	check "$1" expect -f "$W/dialogue.exp"
}

# ---- mount -------------------------------------------------------------------------------------------------------------------
dialogue "nothing typed, ^D, ^C: each ends it, nothing is spent" <<EOF
spawn oncestick mount "$stick"
sees {"Week 12" on stick $name, issuer }
sees {(first time on this PC)}
sees "Code: "
send "\r"
sees {Nothing was spent. [E_PROMPT 24]}
ends 24
spawn oncestick mount "$stick"
sees "Code: "
send "\004"
sees {Nothing was spent. [E_PROMPT 24]}
ends 24
spawn oncestick mount "$stick"
sees "Code: "
send "ABC\003"
sees {Nothing was spent. [E_INTERRUPTED 130]}
ends 130
spawn oncestick mount "$stick"
sees "Code: "
send "$code\r"
sees {Open now? [Enter] }
send "\003"
sees {Nothing was spent. [E_INTERRUPTED 130]}
ends 130
EOF
dialogue "a typing error, a stick's name, the right code, Enter: the folder is open" <<EOF
spawn oncestick mount "$stick"
sees "Code: "
send "$wrong\r"
sees {typing error, probably in group 3 "$group"; compare all four. Nothing was spent. [E_CODE_TYPO 21]}
sees "Code: "
send "$name/1\r"
sees {is the name of a code, not a code}
sees "Code: "
send "0000 0000 0000 0001\r"
sees {Nothing was spent. [E_CODE_UNKNOWN 23]}
sees "Code: "
send "$bare"
sees "$code"
send "\r"
sees {This uses up the code. The folder stays open for 8 h (until }
sees {, on this PC only. Open now? [Enter] }
send "\r"
sees "opening, do not pull the stick ..."
sees "open until "
sees "$HOME/Week 12"
ends 0
EOF
check "the folder is one of our mounts" mounted "$HOME/Week 12"
dialogue "a second mount says where the code is in use" <<EOF
spawn oncestick mount "$stick"
sees "Code: "
send "$code\r"
sees {in use on this PC: its folder is open at $HOME/Week 12. Carry on there, or end it: oncestick unmount. [E_BUSY 36]}
ends 36
EOF

# ---- unmount -----------------------------------------------------------------------------------------------------------------
# shellcheck disable=SC2217 # it holds the file open
sleep 1000 <"$HOME/Week 12/clips/film.bin" >/dev/null 2>&1 &
holder=$!
dialogue "a program with an open file is named before anything is asked" <<EOF
spawn oncestick unmount
sees {sleep (pid $holder) still has "clips/film.bin" open. Close it, or use --force. [E_BUSY 36]}
ends 36
EOF
kill "$holder"
wait "$holder" 2>/dev/null
dialogue "Enter is no, p pauses" <<EOF
spawn oncestick unmount
sees {End for good? The code will not open again. [y/N, p = pause] }
send "\r"
sees {not ended: the folder stays open. [E_PROMPT 24]}
ends 24
spawn oncestick unmount
sees {[y/N, p = pause] }
send "what?\r"
sees {[y/N, p = pause] }
send "p\r"
sees "the same code continues here until "
sees "Safe to pull the stick."
ends 0
EOF
dialogue "the same code goes on without a question, y ends it" <<EOF
spawn oncestick mount "$stick"
sees "Code: "
send "$bare\r"
sees "its session goes on: "
sees "opening ..."
sees "$HOME/Week 12"
ends 0
spawn oncestick unmount
sees {[y/N, p = pause] }
send "y\r"
sees "ended after "
sees "Safe to pull the stick."
ends 0
EOF
dialogue "after that it is used, and who can help is named" <<EOF
spawn oncestick mount "$stick"
sees "Code: "
send "$code\r"
sees {this code was used on }
sees {on this PC; a code opens one lecture. Ask for another: +49 30 1234. [E_SPENT 30]}
ends 30
EOF

check "there is a backup" oncestick backup "$W/backup"

# ---- passphrase --------------------------------------------------------------------------------------------------------------
dialogue "a wrong passphrase, then the right one: neither is shown" <<EOF
spawn oncestick issue "$name" -n 1 --to "Kim, hall 3"
sees "Issuer passphrase: "
send "battery staple\r"
sees {this is not the issuer's passphrase}
sees {[E_PASSPHRASE 61]}
unseen staple
sees "Issuer passphrase: "
send "\r"
sees {the passphrase is empty}
sees {[E_PASSPHRASE 61]}
sees "Issuer passphrase: "
send "correct horse\r"
sees "code $name/4 for Kim, hall 3; 4 left on this stick"
unseen horse
ends 0
EOF
dialogue "three that are wrong are enough; ^C and ^D end it before" <<EOF
spawn oncestick passwd
foreach guess {battery staple battery} {
	sees "Issuer passphrase as it is now: "
	send "\$guess\r"
	sees {[E_PASSPHRASE 61]}
}
ends 61
spawn oncestick refill "$stick" -n 1
sees "Issuer passphrase: "
send "battery\r"
sees {[E_PASSPHRASE 61]}
sees "Issuer passphrase: "
send "\003"
sees {[E_INTERRUPTED 130]}
ends 130
spawn oncestick restore --test "$W/backup"
sees "Issuer passphrase: "
send "battery\r"
sees {[E_PASSPHRASE 61]}
sees "Issuer passphrase: "
send "\004"
sees {[E_PROMPT 24]}
ends 24
spawn oncestick restore --test "$W/backup"
sees "Issuer passphrase: "
send "battery\r"
sees {[E_PASSPHRASE 61]}
sees "Issuer passphrase: "
send "correct horse\r"
sees {nothing was written}
ends 0
EOF

# ---- narrow, dumb, plain, without colour -------------------------------------------------------------------------------------
dialogue "a narrow terminal breaks between words" <<EOF
set stty_init "rows 24 columns 40"
spawn oncestick unmount
sees "oncestick: no folder is open here;\r\n'oncestick mount' opens one.\r\n\[E_MOUNTED 49\]\r\n"
ends 49
EOF
dialogue "colour where the terminal has it, and nowhere else" <<EOF
unset env(NO_COLOR)
spawn oncestick unmount
sees "\033\[1;31moncestick: \033\[0mno folder"
ends 49
spawn oncestick unmount --plain
sees "oncestick: no folder"
ends 49
set env(NO_COLOR) 1
spawn oncestick unmount
sees "oncestick: no folder"
ends 49
EOF

json() # DESCRIPTION FILTER: what the last command printed is one value, of which the filter is true
{
	cp "$W/out" "$W/json"
	check "$1" jq -es "length == 1 and (.[0] | $2)" "$W/json"
	cp "$W/json" "$W/out"
}

# ---- quiet, files, JSON ------------------------------------------------------------------------------------------------------
printf '%s\n' "$second" >"$W/second"
check "quiet: the path and nothing else" oncestick mount "$stick" --code-file "$W/second" --quiet
is "nothing is said" "$(wc -c <"$W/err")" 0
is "the path is printed" "$(cat "$W/out")" "$HOME/Week 12"
check "status as JSON" oncestick status --json
json "... with times for programs" '.open[0].ends_at | fromdateiso8601 > now'
check "unmount as JSON" oncestick unmount --yes --json
json "... says how it ended" '.paused == false and .used_s >= 0'
check "a PC's receipts" oncestick station receipts "$W/receipts"
refused 2 "never over a file that is there" oncestick station receipts "$W/receipts"
said "$W/receipts is there already"
refused 2 "nor an enrolment" oncestick station enrol "$W/receipts"
said "name a new file"

time='type == "string" and (fromdateiso8601 > 1700000000)'
for verb in "codes" "inspect $stick" "inspect $W/receipts" "verify $stick" "rehearse $stick" "station show"; do
	# shellcheck disable=SC2086 # words of a command
	check "$verb as JSON" oncestick $verb --json
	json "... one object" 'type == "object"'
done
check "collect as JSON" oncestick collect "$stick" --passphrase-file "$W/pass" --json
json "... with the times of receipts" "[.codes[] | select(.new)] | length == 2 and all(.receipt.spent_at | $time)"
check "issue as JSON" oncestick issue "$name" -n 1 --passphrase-file "$W/pass" --json
json "... with the window" ".codes[0] | [.not_before, .expires] | all($time)"
check "revoke as JSON" oncestick revoke --spent --at "$stick" --passphrase-file "$W/pass" --json
json "... with the number of the list" '.notice > 0 and .revoked == []'
check "the codes of a stick as JSON" oncestick codes "$name" --json
json "... unused ones have no time of use" '[.codes[] | select(.state == "ready") | .spent_at] | length > 0 and all(. == null)'
json "... used ones have" "[.codes[] | select(.state == \"spent\") | .spent_at] | length == 2 and all($time)"

# ---- inspect, collect --------------------------------------------------------------------------------------------------------
check "a stick, for a person" oncestick inspect "$stick"
printed '^stick '"$name"', issuer [0-9a-f]{4}:'
printed '^"Week 12"$'
printed '^  session   8 h '
printed '^  codes     6 unused, 2 used$'
printed '^  contact   \+49 30 1234$'
no grep -Eq '[0-9a-f]{32}' "$W/out" || die "ids nobody asked for"
check "... and its ids" oncestick inspect --verbose "$stick"
printed '^  grant     [0-9a-f]{32}$'
check "collect, once more" oncestick collect "$stick" --passphrase-file "$W/pass"
said '^2 codes were used; they were in the books already$'

# ---- what a terminal would obey ------------------------------------------------------------------------------------------------
# U+009B begins a sequence, U+202E turns the line around, U+FEFF is not seen
odd=$(printf 'a\302\233b\342\200\256c\357\273\277d')
mkdir "$W/$odd" "$HOME/$odd"
cp -r "$stick" "$W/$odd/$odd"
one_code "$W/last"
cp -r "$stick" "$W/$(printf 'x\377y')"
check "a name that is no text is escaped, once" oncestick inspect "$W/$(printf 'x\377y')"
printed '/x\\xffy$'
check "a stick and a folder with such names" oncestick mount "$stick" "$HOME/$odd" "--code-file=$W/last"
check "status as JSON" oncestick status --json
no grep -q "$(printf '\302\233')" "$W/out" || die "status prints C1 controls"
no grep -q "$(printf '\342\200\256')" "$W/out" || die "status prints characters that turn the line around"
printf 'import json, sys\nassert json.load(open(sys.argv[1]))["open"][0]["mount_point"].endswith(sys.argv[2])\n' >"$W/same.py"
cp "$W/out" "$W/answer"
check "... as the same path" python3 "$W/same.py" "$W/answer" "$odd"
check "its end" oncestick unmount --yes
for verb in "inspect" "verify" "rehearse" "status" "sticks"; do
	where=$W/$odd/$odd
	case $verb in status | sticks) where='' ;; esac
	check "$verb of a place with such a name" oncestick $verb ${where:+"$where"} --json
	no grep -Eq "$(printf '\302\233|\342\200\256|\357\273\277')" "$W/out" "$W/err" || die "$verb: a terminal would obey"
done
finish
