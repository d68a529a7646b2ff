# What is promised of single use, walked row by row: each row of the tables in README.md, SECURITY.md and oncestick-protocol(7) is held
# against what the installed program does, or names the unit test that does so. A row that nothing here speaks of, or that says
# something else than it does here, fails.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
top=$ONCE_TESTS/..
preload=$ONCE_BUILD/tests/support/.libs/skew.so
[ -e "$preload" ] || die "$preload is not built"

# ---- the tables: a row and what is said of it in this release, with a tab between ------------------------------------------------

of_markdown() # FILE AFTER: the first table after that line
{
	awk -F ' *[|] *' -v after="$2" 'index($0, after) { on = 1 } on && /^\|/ { seen = 1 } on && seen && !/^\|/ { exit }
		seen && $2 != "" && $2 !~ /^-/ && $2 != "Who, or what" { print $2 "\t" $3 }' "$1"
}
of_page() # lines that end with four answers; one that has none goes on in the next
{
	awk '/^somebody / { on = 1; next } /^\.Ed/ { on = 0 } !on { next }
		{ line = line == "" ? $0 : line " " $0 }
		NF >= 4 && $NF ~ /^(yes|no|part)$/ { n = split(line, w, / +/)
			text = ""
			for (i = 1; i <= n - 4; i++)
				text = text (i > 1 ? " " : "") w[i]
			sub(/^\\&/, "", text)
			print text "\t" w[n - 3]
			line = "" }' "$1"
}
of_markdown "$top/README.md" "After a code was used, who can open" >"$W/rows.README"
of_markdown "$top/SECURITY.md" "\"An honest PC\" runs" >"$W/rows.SECURITY"
of_page "$top/man/oncestick-protocol.7" >"$W/rows.protocol"
for page in README SECURITY protocol; do
	: >"$W/walked.$page"
	is "there are rows in $page" "$(($(wc -l <"$W/rows.$page") > 8))" 1
done

row() # PAGE ROW ANSWER: there is one row with these words, and its answer begins so
{
	[ "$(cut -f 1 "$W/rows.$1" | grep -cF -- "$2")" -eq 1 ] || die "$1 has no row, or several: $2"
	cut -f 1 "$W/rows.$1" | grep -F -- "$2" >>"$W/walked.$1"
	awk -F '\t' -v row="$2" -v answer="$3" 'index($1, row) && index($2, answer) == 1 { ok = 1 } END { exit !ok }' "$W/rows.$1" ||
		die "$1: the answer does not begin with \"$3\": $(grep -F -- "$2" "$W/rows.$1")"
}
proved() # by the checks just above
{
	row "$@"
	echo "   $1: $2"
}
elsewhere() # PAGE ROW ANSWER TEST: by that unit test
{
	row "$1" "$2" "$3"
	grep -q "^START_TEST($4)" "$ONCE_TESTS"/unit/*.c "$ONCE_TESTS"/unit/*/*.c || die "there is no test $4, for $1: $2"
	echo "   $1: $2 ($4)"
}
conceded() # PAGE ROW ANSWER: what is not promised, or not the program's to show; the answer must say so
{
	row "$@"
	echo "   $1: $2 (not promised)"
}

# ---- a stick, a copy made before, PCs with and without a past -------------------------------------------------------------------

stick=$W/stick
sample "$W/folder"
echo "words that nobody finds without a code" >"$W/folder/marked.txt"
new_issuer
prepare "$W/folder" "$stick" --label Table --codes 12 --session 1h
codes "$W/codes" 9
n=0
while read -r code; do
	n=$((n + 1))
	echo "$code" >"$W/code$n"
done <"$W/codes"
cp -r "$stick" "$W/copy"
cp -r "$stick" "$W/copy2"
at() # PC COMMAND...: on a PC of that name, with its own memory
{
	pc=$1
	shift
	env ONCESTICK_STATION_DIR="$W/station.$pc" "$@"
}
use() # N: the code is used up, here
{
	check "code $1 opens here" oncestick mount "$stick" --code-file "$W/code$1"
	check "... and is ended" oncestick unmount "$(cat "$W/out")" --yes
}
opens() # DESCRIPTION COMMAND...: and is paused
{
	check "$@"
	mount_point=$(cat "$W/out")
	check "... with the media" cmp "$W/folder/a.txt" "$mount_point/a.txt"
	case "$2" in
	at) check "... and paused" at "$3" oncestick unmount "$mount_point" --pause ;;
	*) check "... and paused" oncestick unmount "$mount_point" --pause ;;
	esac
}

# a used code
use 1
refused 30 "the same stick, the same PC" oncestick mount "$stick" --code-file "$W/code1"
said "on this PC"
proved README "the same stick, the same PC" "**no**"
proved protocol "uses a code again on the same PC" yes
refused 30 "the same stick, another PC" at other oncestick mount "$stick" --code-file "$W/code1"
said "on another PC"
proved README "the same stick, another PC" "**no**"
proved SECURITY "has a stick and a *used* code, honest PC" "refused"
proved protocol "has the stick and a used code" yes
refused 30 "a copy made before, the same PC" oncestick mount "$W/copy" --code-file "$W/code1"
proved README "a copy of the stick made before, the same PC and user" "**no**"
proved SECURITY "puts an older copy of the stick back, same honest PC" "refused"
proved protocol "from a copy made before, same PC" yes
mv "$stick/ONCE" "$W/of-today"
cp -r "$W/copy/ONCE" "$stick/ONCE"
opens "the copy put back on the stick, at another PC" at other oncestick mount "$stick" --code-file "$W/code1"
proved protocol "put back on the same stick, another PC" no
rm -rf "$stick/ONCE"
mv "$W/of-today" "$stick/ONCE"
opens "a copy on another stick, at another PC" at third oncestick mount "$W/copy" --code-file "$W/code1"
proved protocol "on another stick, another PC (b)" no
check "the stick comes home" oncestick collect "$stick" --passphrase-file "$W/pass"
use 2
opens "the list comes to that PC" at fourth oncestick mount "$stick" --code-file "$W/code3"
refused 31 "... where the copy does not open any more" at fourth oncestick mount "$W/copy2" --code-file "$W/code1"
cp "$stick/ONCE/notice.cose" "$W/copy2/ONCE"
refused 31 "nor does one that the list has come to" at fifth oncestick mount "$W/copy2" --code-file "$W/code1"
proved README "a copy of the stick made before, another PC" "**yes**, until the issuer's list reaches that PC or that copy"
proved SECURITY "at another honest PC, as another user, or after deleting the PC's memory" "**opens**"
refused 30 "a used and collected code, found with the stick" at sixth oncestick mount "$stick" --code-file "$W/code1"
proved README "... with a used or collected code" "**no**"
conceded SECURITY "and a laboratory that reads the flash chip" "**may**"
conceded protocol "and reads the flash chips past the stick's controller" no

# no code
no grep -rqaF "words that nobody finds" "$stick/ONCE" || die "the media can be read on the stick"
no grep -rqaF "marked.txt" "$stick/ONCE" || die "a name can be read on the stick"
mkdir "$W/strange"
prepare "$W/folder" "$W/strange" --label Strange --codes 1
one_code "$W/strangecode" "$W/strange"
refused 23 "a code of another stick" oncestick mount "$stick" --code-file "$W/strangecode"
proved README "the finder of a lost stick, without a code" "**no**"
proved SECURITY "finds the stick, has no code: reads the media" "cannot"
proved protocol "finds the stick, has no code: reads it" yes

# other bytes
for what in g/*/grant.cose b/*/manifest.cose b/*/00000000.seg; do
	rm -rf "$W/changed"
	cp -r "$stick" "$W/changed"
	# shellcheck disable=SC2086 # a pattern, of one file
	set -- "$W"/changed/ONCE/$what
	flip "$1" 200
	oncestick verify "$W/changed" >"$W/out" 2>"$W/err" </dev/null
	got=$?
	is "a bit of $what is changed: it is refused" "$((got == 12 || got == 40))" 1
done
proved SECURITY "changes, swaps or downgrades media, policy, or lists" "refused"
proved protocol "alters, swaps, downgrades what is on it" yes
proved protocol "forges media or conditions, with a code" yes
rm -rf "$W/changed/ONCE"
refused 10 "a stick that was emptied" oncestick mount "$W/changed" --code-file "$W/code4"
proved SECURITY "destroys what is on the stick" "**can**"
proved protocol "destroys it" no

# an unused code, the list, and the list removed
opens "who has an unused code is the speaker" at finder oncestick mount "$stick" --code-file "$W/code4"
cp -r "$stick" "$W/away"
check "the rest is revoked" oncestick revoke --holder Test --yes --at "$stick" --passphrase-file "$W/pass"
refused 31 "where the list is on the stick" at fresh oncestick mount "$stick" --code-file "$W/code5"
proved README "... with an unused code" "**yes**"
proved SECURITY "has a stick and an *unused* code" "**is the speaker**"
proved protocol "has the stick and an unused code (a)" no
opens "a stick that was away, at a PC that has not seen the list" at fresh oncestick mount "$W/away" --code-file "$W/code5"
proved protocol "uses a code revoked after the stick left (h)" part
prepare "$W/folder" "$W/later" --label Later --codes 2
codes "$W/latercodes" 1 "$W/later"
opens "a PC sees the list on a stick of later" oncestick mount "$W/later" --code-file "$W/latercodes"
refused 31 "... and knows it for the stick that was away" oncestick mount "$W/away" --code-file "$W/code6"
rm -f "$W"/later/ONCE/notice.*
refused 34 "the list of the time of preparing is missed" at seventh oncestick mount "$W/later" --code-file "$W/latercodes"
proved SECURITY "removes the list of revoked codes, or puts an older one back" "a list older than the one at preparation is missed"
proved protocol "removes the notice or puts an old one back(h)" part

# clocks
clock() # SECONDS ahead
{
	python3 -c 'import sys; open(sys.argv[1], "wb").write(int(sys.argv[2]).to_bytes(8, sys.byteorder, signed=True))' "$W/skew" "$1"
}
command -v python3 >/dev/null || skip "no python3"
skewed="env LD_PRELOAD=$preload:${LD_PRELOAD:-} ONCE_SKEW=$W/skew"
prepare "$W/folder" "$W/old" --label Old --codes 4 --expires +2d
codes "$W/old.codes" 3 "$W/old"
for n in 1 2 3; do
	sed -n ${n}p "$W/old.codes" >"$W/old$n"
done
clock $((5 * 86400))
# shellcheck disable=SC2086 # words of a command
refused 33 "a code that is over" at eighth $skewed oncestick mount "$W/old" --code-file "$W/old1"
clock 0
# shellcheck disable=SC2086
opens "... opens with the clock set back, at a PC that has seen no later time" at eighth $skewed oncestick mount "$W/old" --code-file "$W/old1"
prepare "$W/folder" "$W/long" --label Long --codes 2 --expires +90d
one_code "$W/longcode" "$W/long"
clock $((5 * 86400))
# shellcheck disable=SC2086
opens "a PC that has seen a later time" at ninth $skewed oncestick mount "$W/long" --code-file "$W/longcode"
clock 0
# shellcheck disable=SC2086
refused 33 "... does not open it" at ninth $skewed oncestick mount "$W/old" --code-file "$W/old2"
proved README "a clock set back, with an expired code" "at a PC that has seen no later time: **yes**"
proved SECURITY "sets the clock back to use an expired code" "refused where the PC has seen a later time"
proved protocol "sets the clock back, code expired (g)" part
prepare "$W/folder" "$W/future" --label Future --codes 2 --not-before +20d --expires +30d
one_code "$W/futurecode" "$W/future"
refused 32 "a code of the future" at tenth oncestick mount "$W/future" --code-file "$W/futurecode"
clock $((25 * 86400))
# shellcheck disable=SC2086
opens "... with the clock set forward" at tenth $skewed oncestick mount "$W/future" --code-file "$W/futurecode"
proved README "a clock set forward, before the time" "**yes**"
proved SECURITY "sets the clock forward to open early" "**can**"
proved protocol "sets the clock forward, code too early" no
conceded SECURITY "forges the time in a receipt (has the code)" "**can**"
conceded protocol "forges the time of a receipt, with a code" no
elsewhere SECURITY "pauses an open session, and sets the clock back" "gains nothing until the PC is restarted" \
	clock_set_back_does_not_reach_the_time_since_the_start

# crashes, backups, root, the issuer
prepare "$W/folder" "$W/crash" --label Crash --codes 3
codes "$W/crash.codes" 2 "$W/crash"
head -n 1 "$W/crash.codes" >"$W/crash1"
tail -n 1 "$W/crash.codes" >"$W/crash2"
cp -r "$W/crash" "$W/crash.copy"
check "a folder is open" oncestick mount "$W/crash" --code-file "$W/crash1"
folder=$(cat "$W/out")
cp "$folder/marked.txt" "$W/taken"
check "what is shown can be copied" cmp "$W/taken" "$W/folder/marked.txt"
conceded SECURITY "copies files or films the screen while the folder is open" "**can**"
conceded protocol "copies or films what is shown" no
kill -9 "$(oncestick status --json | jq --arg m "$folder" '.open[] | select(.mount_point == $m) | .pid')"
wait_until 10 no mounted "$folder"
refused 30 "killed: nowhere else" at other oncestick mount "$W/crash" --code-file "$W/crash1"
opens "... but here" oncestick mount "$W/crash" --code-file "$W/crash1"
proved SECURITY "power cut, crash, or pulled stick at any instant" "one session"
proved SECURITY "kills the process that serves an open folder" "the folder goes"
elsewhere protocol "pulls the stick, cuts the power (d)" part no_second_session_and_no_lost_code_whatever_happens
cp -r "$W/station" "$W/station.backup"
check "a code is used after the backup" oncestick mount "$W/crash" --code-file "$W/crash2"
check "... and ended" oncestick unmount "$(cat "$W/out")" --yes
refused 30 "the memory put back, the stick as it is" at backup oncestick mount "$W/crash" --code-file "$W/crash2"
opens "... and with an older copy of the stick" at backup oncestick mount "$W/crash.copy" --code-file "$W/crash2"
# hostile 75: a copy of the memory made while the code was claimed, while the folder was open, while it was paused
prepare "$W/folder" "$W/put" --label Put --codes 4
codes "$W/put.codes" 3 "$W/put"
for n in 1 2 3; do
	sed -n ${n}p "$W/put.codes" >"$W/put$n"
done
deny=$ONCE_BUILD/tests/support/.libs/deny.so
[ -e "$deny" ] || die "$deny is not built"
refused 44 "a stick that fails while the code is used up" env LD_PRELOAD="$deny:${LD_PRELOAD:-}" "ONCE_DENY=write EIO lock.a" \
	oncestick mount "$W/put" --code-file "$W/put1"
cp -r "$W/station" "$W/station.put1"
check "open" oncestick mount "$W/put" --code-file "$W/put2"
cp -r "$W/station" "$W/station.put2"
check "... and paused" oncestick unmount "$(cat "$W/out")" --pause
check "the third" oncestick mount "$W/put" --code-file "$W/put3"
check "... and paused" oncestick unmount "$(cat "$W/out")" --pause
cp -r "$W/station" "$W/station.put3"
for n in 1 2 3; do
	check "code $n goes on" oncestick mount "$W/put" --code-file "$W/put$n"
	check "... and ends" oncestick unmount "$(cat "$W/out")" --yes
	for again in 1 2; do
		rm -rf "$W/station.once"
		cp -r "$W/station.put$n" "$W/station.once"
		refused 30 "the memory of before put back, try $again" at once oncestick mount "$W/put" --code-file "$W/put$n"
	done
	refused 30 "... with which it stays so" at once oncestick mount "$W/put" --code-file "$W/put$n"
done
check "the stick comes home" oncestick collect "$W/put" --passphrase-file "$W/pass"
is "the books know how long they lasted" \
	"$(oncestick codes "$W/put" --json | jq '[.codes[] | select(.state == "spent" and .ended_at != null and .open_s >= 0)] | length')" 3
check "... and say so" oncestick codes "$W/put"
is "... in a column" "$(grep -c "LASTED" "$W/out")" 1
proved README "the same stick, the PC's memory put back from a backup" "**no**, once the stick says that the session is over"
proved SECURITY "the PC's disk restored from a backup" "the stick still says *used*, when, and after the end that it is over: the code stays dead"
proved protocol "restores the PC's disk from a backup (f)" part
elsewhere SECURITY "a stick that drops writes, or a write blocker that pretends" "seen before the spend by a probe" \
	a_medium_that_drops_writes_is_found_by_reading_back
elsewhere protocol "has a stick that only pretends to write (e)" part a_medium_that_drops_writes_is_found_by_reading_back
elsewhere SECURITY "an issuer against a PC" "its times and lists bind its own sticks only" issuers_cannot_revoke_for_each_other
elsewhere protocol "hands a PC an evil stick (i)" yes stick_record_that_is_forged
echo wrong >"$W/wrong"
refused 61 "the issuer's directory without the passphrase" oncestick issue "$W/later" --to Thief --passphrase-file "$W/wrong"
proved SECURITY "steals the issuer's directory" "needs the passphrase"
cp -a "$W/issuer" "$W/issuer.older"
check "more codes are made" oncestick refill "$W/later" -n 1 --passphrase-file "$W/pass"
mv "$W/issuer" "$W/issuer.newer" && mv "$W/issuer.older" "$W/issuer"
refused 62 "an older copy that was put back" oncestick issue "$W/later" --to Kim --passphrase-file "$W/pass"
rm -r "$W/issuer" && mv "$W/issuer.newer" "$W/issuer"
proved SECURITY "puts an older copy of the issuer's directory back" "nothing is handed out from it"
proved protocol "steals the keystore, not the passphrase" yes
conceded SECURITY "steals keystore *and* passphrase" "**has all**"
conceded SECURITY "changes a backup on purpose" "**can**"
# ---- new codes for a stick that is away -----------------------------------------------------------------------------------------
id=$(oncestick codes "$W/later" --json | jq -r .stick)
check "new codes are sent after a stick" oncestick refill "$id" -n 2 -o "$W/codes.refill" --passphrase-file "$W/pass"
codes "$W/refilled" 1 "$id"
cp -a "$W/later" "$W/later.before"
check "they are accepted" oncestick accept "$W/codes.refill" "$W/later"
refused 51 "once" oncestick accept "$W/codes.refill" "$W/later"
for grant in "$W/later"/ONCE/g/*; do
	[ -e "$W/later.before/ONCE/g/${grant##*/}" ] || rm -r "$grant"
done
refused 51 "also after they were removed" oncestick accept "$W/codes.refill" "$W/later"
refused 50 "on no other stick" oncestick accept "$W/codes.refill" "$stick"
proved SECURITY "accepts a file of new codes twice, after removing them, or on another stick" "refused"
check "a copy that was made before takes them" oncestick accept "$W/codes.refill" "$W/later.before"
check "... and opens" oncestick rehearse "$W/later.before" --code-file "$W/refilled"
proved SECURITY "... on a copy of the stick, or of its record, that was made before" "**opens** there"
conceded protocol "steals the seed" no
conceded SECURITY "an issuer who says that a code was used" "cannot be refuted"
conceded SECURITY "root on a PC where a code is typed" "**has** everything"
conceded protocol "is root on the PC where it is opened" no
conceded README "the speaker, with a patched program, and a code that is still unused" "**yes**"
conceded SECURITY "has an unused code and a patched program" "**keeps the content key**"
conceded protocol "has an unused code and an own program (c)" no

for page in README SECURITY protocol; do
	cut -f 1 "$W/rows.$page" | grep -vxFf "$W/walked.$page" >"$W/left" && die "rows of $page without a check: $(cat "$W/left")"
	is "every row of $page was walked once" "$(sort "$W/walked.$page" | uniq -d)" ""
done
finish
