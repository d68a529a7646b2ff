# Words in other languages: the catalogues are whole, the program uses them, and what programs read stays as it is.
. "$ONCE_TESTS/scenario/scenario.sh"
top=$ONCE_TESTS/..
po=$top/po
command -v msgfmt >/dev/null || skip "no gettext"
command -v localedef >/dev/null || skip "no localedef"
command -v expect >/dev/null || skip "no expect"

# The catalogues that have to be complete: every language, as soon as somebody has translated it.
complete='de ko'
languages=$(cat "$po/LINGUAS")

# ---- catalogues ----------------------------------------------------------------------------------------------------------------
messages() # FILE: its messages in one order, without where they are
{
	msgcat --no-location --no-wrap --sort-output "$1" | grep -v '^#'
}

for l in $languages; do
	check "$l: the catalogue is well-formed" msgfmt --check --check-format -o /dev/null "$po/$l.po"
	check "$l: the catalogue is installed" test -s "$ONCE_BIN/../share/locale/$l/LC_MESSAGES/oncestick.mo"
	messages "$po/oncestick.pot" | grep '^msgid' | sort >"$W/a"
	msgattrib --no-obsolete "$po/$l.po" >"$W/po"
	messages "$W/po" | grep '^msgid' | sort >"$W/b"
	check "$l: it has the messages of the template: make update-po" cmp "$W/a" "$W/b"
done
for l in $complete; do
	msgattrib --untranslated --no-obsolete "$po/$l.po" >"$W/out" 2>"$W/err"
	check "$l: everything is translated" test ! -s "$W/out"
	msgattrib --only-fuzzy --no-obsolete "$po/$l.po" >"$W/out" 2>"$W/err"
	check "$l: nothing is guessed" test ! -s "$W/out"
done
if command -v xgettext >/dev/null; then
	"$po/extract" xgettext "$top" >"$W/pot" || die "the words cannot be extracted"
	messages "$po/oncestick.pot" >"$W/a"
	messages "$W/pot" >"$W/b"
	check "the template has the words that the program has now: make update-po" cmp "$W/a" "$W/b"
fi

# ---- locales of our own ----------------------------------------------------------------------------------------------------------
mkdir "$W/locales"
localedef -i de_DE -f UTF-8 "$W/locales/de_DE.UTF-8" >"$W/out" 2>"$W/err" || skip "no sources of locales (Debian: locales)"
localedef -i ko_KR -f UTF-8 "$W/locales/ko_KR.UTF-8" >"$W/out" 2>"$W/err" || skip "no sources of locales (Debian: locales)"

in_language() # de|ko|en COMMAND...
{
	case $1 in
	de) in=de_DE.UTF-8 ;;
	ko) in=ko_KR.UTF-8 ;;
	*) in=C.UTF-8 ;;
	esac
	shift
	env LOCPATH="$W/locales" LC_ALL="$in" "$@"
}

translated() # LANGUAGE MESSAGE: what the catalogue has for it
{
	in_language "$1" env TEXTDOMAINDIR="$ONCE_BIN/../share/locale" gettext oncestick "$2"
}

filled() # FORMAT ARGUMENT...
{
	# shellcheck disable=SC2059 # formats of the program's
	printf "$@"
}

says() # LANGUAGE MESSAGE ARGUMENT...: the last command's stderr has the message, translated
{
	says_in=$1 english=$2
	shift 2
	format=$(translated "$says_in" "$english")
	case " $complete " in *" $says_in "*) [ "$format" != "$english" ] || die "$says_in: not translated: $english" ;; esac
	filled "$format" "$@" >"$W/wanted"
	grep -Fq -- "$(cat "$W/wanted")" "$W/err" || die "$says_in: stderr does not say: $(cat "$W/wanted")"
}

# ---- the three jobs, refused in each language ----------------------------------------------------------------------------------------
stick=$W/stick
sample "$W/folder"
check "an issuer is made" oncestick init --passphrase-file "$W/pass" --contact "+49 30 1234"
prepare "$W/folder" "$stick" --label "강연 12" -n 12
codes "$W/codes" 2
head -n 1 "$W/codes" >"$W/code"
tail -n 1 "$W/codes" >"$W/code2"
echo hello >"$W/nocode"
for l in $languages; do
	refused 2 "$l: a stick that is full" in_language "$l" oncestick prepare "$W/folder" "$stick" --passphrase-file "$W/pass"
	says "$l" 'the stick already has %s on it. --add keeps that, --replace destroys it.' \
		"$(filled "$(in_language "$l" env TEXTDOMAINDIR="$ONCE_BIN/../share/locale" ngettext oncestick \
			'"%s" (%u code left)' '"%s" (%u codes left)' 12)" "강연 12" 12)"
	refused 20 "$l: what is no code" in_language "$l" oncestick rehearse "$stick" --code-file "$W/nocode"
	says "$l" 'this is not a code: a code has 16 letters and digits, like HNSB-PDT3-5TA5-MCEM.'
	says "$l" ' Nothing was spent.'
	refused 14 "$l: a holder whom nobody knows" in_language "$l" oncestick revoke --holder 강 --passphrase-file "$W/pass"
	says "$l" "nobody called \"%s\" is in the books, or no longer; 'oncestick codes STICK' lists holders." 강
	refused 2 "$l: a verb that there is not" in_language "$l" oncestick prepara
	says "$l" "there is no verb '%s'; did you mean '%s'? 'oncestick --help' lists them" prepara prepare
	in_language "$l" oncestick mount --help >"$W/out"
	grep -Fq -- "$(translated "$l" 'do not ask before the code is used up' | cut -c 1-20)" "$W/out" || die "$l: --help is not translated"
	# Refusals behind a fence, which lets nothing be read any more.
	flip "$stick"/ONCE/g/*/grant.cose 100
	refused 12 "$l: a stick whose lecture is damaged" in_language "$l" oncestick verify "$stick"
	says "$l" '%s has a lecture whose signed description is damaged, and no other%s. It has to be prepared again.' \
		"$(filled "$(translated "$l" 'the stick at %s')" "$stick")" ' (grants ONCE/g)'
	flip "$stick"/ONCE/g/*/grant.cose 100
done
if [ -c /dev/fuse ] && [ -w /dev/fuse ]; then
	check "the stick is opened" oncestick mount "$stick" --code-file "$W/code"
	check "and closed" oncestick unmount --yes
	for l in $languages; do
		refused 30 "$l: a used code" in_language "$l" oncestick mount "$stick" --code-file "$W/code"
		says "$l" ' Ask for another: %s.' '+49 30 1234'
	done
fi
refused 10 "a language that there is not is English" env LC_ALL=xx_XX.UTF-8 LANGUAGE=xx oncestick mount "$W/nowhere"
said 'there is no such directory'

# ---- what programs read ----------------------------------------------------------------------------------------------------------
json_in() # LANGUAGE ARGUMENT...
{
	l=$1
	shift
	in_language "$l" oncestick "$@" --json >"$W/json.$l" 2>"$W/err" </dev/null || die "$l: oncestick $*"
	jq -e . "$W/json.$l" >"$W/out" || die "$l: no JSON from oncestick $*"
}

same_json() # ARGUMENT...: the same bytes in every language; where the minute has changed meanwhile, English is asked again
{
	json_in en "$@"
	for l in $languages; do
		json_in "$l" "$@"
		cmp -s "$W/json.en" "$W/json.$l" || json_in en "$@"
		cmp "$W/json.en" "$W/json.$l" >"$W/out" || die "JSON differs in $l: oncestick $*"
	done
	checks=$((checks + 1))
	echo "ok $checks - the same JSON in every language: oncestick $1"
}
check "receipts come home" oncestick collect "$stick" --passphrase-file "$W/pass"
same_json codes
same_json codes "$stick"
same_json inspect "$stick"
same_json verify "$stick"
same_json rehearse "$stick" --code-file "$W/code2"
same_json collect "$stick" --passphrase-file "$W/pass"
same_json issue --again Test --passphrase-file "$W/pass"
same_json station show
same_json status
cp -r "$stick" "$W/copy"
find "$W/copy/ONCE/b" -type f -size +1000k | head -n 1 | while read -r f; do rm "$f"; done
for l in en $languages; do
	in_language "$l" oncestick verify "$W/copy" --json >"$W/json.$l" 2>"$W/err" </dev/null
	cmp "$W/json.en" "$W/json.$l" >"$W/out" || die "JSON of a refusal differs in $l"
done
mkdir "$W/full" && cp -r "$stick/." "$W/full"
for l in en $languages; do
	rm -rf "$W/empty" && mkdir "$W/empty"
	in_language "$l" oncestick revoke --at "$stick" --at "$W/nowhere" --passphrase-file "$W/pass" --json >"$W/json.$l" 2>"$W/err" </dev/null
	jq -c '[.sticks[].message]' "$W/json.$l" >"$W/revoke.$l"
	in_language "$l" oncestick prepare "$W/folder" "$W/empty" "$W/full" --passphrase-file "$W/pass" -n 1 --json >"$W/json" 2>"$W/err" </dev/null
	jq -c '[.sticks[].message]' "$W/json" >>"$W/revoke.$l"
	cmp "$W/revoke.en" "$W/revoke.$l" >"$W/out" || die "JSON of one stick of several differs in $l"
done
check "and says why one stick of several was refused" grep -q 'already has .*is not\|no such' "$W/revoke.en"
check "a refusal inside JSON is English" grep -q '"message": "' "$W/json.ko"

# ---- columns -----------------------------------------------------------------------------------------------------------------------
columns() # FILE: the width of its widest line, where Hangul takes two
{
	python3 -c 'import sys, unicodedata
print(max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in l.rstrip("\n")) for l in open(sys.argv[1], encoding="utf-8")))' "$1"
}

straight() # FILE: in every line but for empty last cells the last column begins at the same place
{
	python3 -c 'import sys, unicodedata
def width(s): return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)
starts = {width(l[:l.rstrip("\n").rindex("  ") + 2]) for l in open(sys.argv[1], encoding="utf-8")}
sys.exit(0 if len(starts) == 1 else f"the last column begins at {sorted(starts)}")' "$1"
}

check "a Korean holder" oncestick issue "$stick" -n 1 --to "김철수" --passphrase-file "$W/pass"
for l in $languages; do
	for verb in $(oncestick --help | sed -n 's/^  \([a-z][a-z]*\)  *.*/\1/p'); do
		in_language "$l" oncestick "$verb" --help >"$W/help" || die "$l: $verb --help"
		[ "$(columns "$W/help")" -le 80 ] || die "$l: $verb --help is wider than 80 columns"
	done
	check "$l: --help" in_language "$l" oncestick --help
	check "$l: it fits in 80 columns" test "$(columns "$W/out")" -le 80
	check "$l: the list of codes" in_language "$l" oncestick codes "$stick"
	grep -e 김철수 -e Test "$W/out" >"$W/table"
	head -n 1 "$W/out" >>"$W/table"
	check "$l: its columns are straight" straight "$W/table"
	cat >"$W/narrow" <<-EOF
		stty cols 80 rows 24
		oncestick mount "$stick" --code-file "$W/nocode"
		oncestick codes "$stick"
	EOF
	in_language "$l" script -qc "sh $W/narrow" "$W/typescript" >/dev/null 2>&1 </dev/null
	sed -e '1d' -e '/^Script done/d' "$W/typescript" | tr -d '\r' | sed 's/\x1b\[[0-9;]*m//g' >"$W/screen"
	grep -q 'E_CODE_FORM' "$W/screen" || die "$l: nothing on the terminal"
	check "$l: a terminal of 80 columns is wide enough" test "$(columns "$W/screen")" -le 80
done

# ---- the text on the stick -----------------------------------------------------------------------------------------------------------
for l in $languages; do
	mkdir "$W/stick.$l"
	check "$l: a stick is prepared" in_language "$l" oncestick prepare "$W/folder" "$W/stick.$l" --passphrase-file "$W/pass" -n 1
	check "$l: it says in English what it is" grep -q '^This USB stick holds media' "$W/stick.$l/READ ME FIRST.txt"
	first=$(translated "$l" 'This USB stick holds media that are locked with oncestick.
')
	check "$l: and in its issuer's language" grep -Fq "$first" "$W/stick.$l/READ ME FIRST.txt"
	yes=$(translated "$l" 'letters for yes: y' | python3 -c 'import sys; print(sys.stdin.read().strip()[-1])')
	cat >"$W/yes.exp" <<-EOF
		set timeout 60
		spawn -noecho oncestick erase "$W/stick.$l" --passphrase-file "$W/pass"
		expect "] " { send -- "$yes\r" } eof { exit 1 } timeout { exit 1 }
		expect eof {} timeout { exit 1 }
		exit [lindex [wait] 3]
	EOF
	check "$l: it is erased, after $yes" in_language "$l" expect -f "$W/yes.exp"
	check "$l: with its text" test ! -e "$W/stick.$l/READ ME FIRST.txt"
done
finish
