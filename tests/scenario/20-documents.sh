# Verbs, options, exit codes, JSON, manual pages and completion say the same.
# shellcheck disable=SC2086 # verbs is a list of words
. "$ONCE_TESTS/scenario/scenario.sh"
top=$ONCE_TESTS/..
man=$top/man
error_h=$top/lib/error.h

verbs=$(oncestick --help | sed -n 's/^  \([a-z][a-z]*\)  *.*/\1/p')
[ -n "$verbs" ] || die "oncestick --help lists no verb"

help_options() # VERB: its options, long and short, one a line, as its help has them
{
	oncestick "$1" --help | sed -n 's/^  -\(.\), --\([a-z-]*\).*/-\1\n--\2/p; s/^      --\([a-z-]*\).*/--\1/p' | sort -u
}

page_options() # VERB: the same, as its page explains them
{
	sed -n 's/^\.It Fl/Fl/p' "$man/oncestick-$1.1" | grep -o 'Fl [^ ]*' | sed 's/^Fl /-/' | sort -u
}

codes_of_header() # "30 E_SPENT", one a line
{
	sed -n 's/^[[:space:]]*\(E_[A-Z_]*\) = \([0-9][0-9]*\).*/\2 \1/p' "$error_h" | grep -v '^0 ' | sort -u
}

codes_of_page() # FILE
{
	sed -n 's/^\.It \([0-9][0-9]*\) \(E_[A-Z_]*\)$/\1 \2/p' "$1" | sort -u
}

same() # DESCRIPTION: $W/a and $W/b have the same lines
{
	differ=$(diff "$W/a" "$W/b") || die "$1, but not: $differ"
	checks=$((checks + 1))
	echo "ok $checks - $1"
}

each_line_in() # DESCRIPTION A B: every line of A is in B
{
	extra=$(grep -Fxv -f "$3" "$2")
	[ -z "$extra" ] || die "$1, but not: $extra"
	checks=$((checks + 1))
	echo "ok $checks - $1"
}

# ---- pages -------------------------------------------------------------------------------------------------------------------
printf '%s\n' $verbs | sort >"$W/a"
for page in "$man"/oncestick-*.1; do
	page=${page##*/oncestick-}
	echo "${page%.1}"
done | sort >"$W/b"
same "there is a page for each verb, and for nothing else"

# advice to call a verb with an option: it has that
grep -rohE "\\<($(printf '%s|' $verbs)oncestick) --[a-z][a-z-]*" "$top/cli" "$top/term" "$top/words" "$man" "$top"/*.md "$top/doc" --include='*.[ch157]' --include='*.md' |
	grep -vx -e 'oncestick --.*' -e 'mount --bind' | sort -u >"$W/a"
[ -s "$W/a" ] || die "no words name an option"
for verb in $verbs; do
	help_options "$verb" | sed -n "s/^--/$verb --/p"
done >"$W/b"
for verb in $verbs; do echo "$verb --help"; done >>"$W/b"
each_line_in "options that are advised are there" "$W/a" "$W/b"

codes_of_header >"$W/codes"
for verb in $verbs; do
	page=$man/oncestick-$verb.1
	for section in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" EXAMPLES "SEE ALSO"; do
		grep -q "^\.Sh $section\$" "$page" || die "oncestick-$verb(1) has no section $section"
	done
	help_options "$verb" >"$W/a"
	page_options "$verb" >"$W/b"
	same "$verb: its help and its page have the same options"
	codes_of_page "$page" >"$W/b"
	[ -s "$W/b" ] || die "$verb: no exit status in its page"
	each_line_in "$verb: its exit codes are those of the program" "$W/b" "$W/codes"
	if grep -q '^\.It Fl -json' "$page"; then
		grep -q '^\.Ss JSON' "$page" || die "oncestick-$verb(1) does not say what its JSON is"
	fi
	grep -q "^\.Xr oncestick-$verb 1" "$man/oncestick.1" || die "oncestick(1) does not name oncestick-$verb(1)"
	oncestick "$verb" --no-such-option >"$W/out" 2>"$W/err" </dev/null
	[ $? -eq 2 ] || die "$verb takes an option that does not exist"
done

cp "$W/codes" "$W/a"
codes_of_page "$man/oncestick.1" >"$W/b"
same "oncestick(1) has every exit code with its name"
cut -d' ' -f2 "$W/codes" >"$W/b"
grep -ohw 'E_[A-Z_]*' "$man"/oncestick*.[157] | sort -u >"$W/a"
each_line_in "no page names an error that does not exist" "$W/a" "$W/b"

grep -oh '^\.Xr oncestick[^ ]* [157]' "$man"/oncestick*.[157] | sed 's/^\.Xr \(.*\) \(.\)$/\1.\2/' | sort -u >"$W/a"
(cd "$man" && ls) | sort >"$W/b"
each_line_in "no page refers to a page that does not exist" "$W/a" "$W/b"

# What an example types must exist.
for verb in $verbs; do
	help_options "$verb" >"$W/b"
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$man"/oncestick*.1 | sed -e ':a' -e '/\\e$/N; s/\\e\n//; ta' |
		grep -o "oncestick ${verb}[ )|].*" | sed -e 's/|.*//' -e 's/ -- .*//' | grep -o -e ' --[a-z-]*' -e ' -[a-z] ' | tr -d ' ' | sort -u >"$W/a"
	each_line_in "$verb: examples use options that it has" "$W/a" "$W/b"
done
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$man"/oncestick*.1 | grep -o '^\$ oncestick [a-z]*' | cut -d' ' -f3 | sort -u >"$W/a"
printf '%s\n' $verbs >"$W/b"
each_line_in "examples use verbs that there are" "$W/a" "$W/b"

grep -oh 'getenv("[A-Z_]*")' "$top"/lib/*.c "$top"/keys/*.c "$top"/fuse/*.c "$top"/issuer/*.c "$top"/host/*.c "$top"/term/*.c "$top"/words/*.c "$top"/cli/*.c | cut -d'"' -f2 | grep -v '^PATH$' | sort -u >"$W/a"
while read -r name; do
	grep -qw "$name" "$man/oncestick.1" || die "oncestick(1) does not explain the environment variable $name"
done <"$W/a"
check "the environment is explained" test -s "$W/a"

# ---- the library -------------------------------------------------------------------------------------------------------------
nm -D --defined-only "$ONCE_BUILD/.libs/liboncestick.so" | sed -n 's/.* T \(oncestick_[a-z_]*\).*/\1/p' | sort -u >"$W/a"
grep -o 'ONCESTICK_API.*' "$top/lib/oncestick.h" | sed -n 's/.*[ *]\(oncestick_[a-z_]*\)(.*/\1/p' | sort -u >"$W/b"
same "the library exports what its header declares"
sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \(oncestick_[a-z_]*\).*/\1/p' "$man"/oncestick_*.3 | sort -u >"$W/b"
same "each of its functions has a page"
sed -n 's/^\.Xr \(oncestick_[a-z_]*\) 3.*/\1/p; s/^\.It Xr //p' "$man/liboncestick.3" | grep -o 'oncestick_[a-z_]*' | sort -u >"$W/b"
same "liboncestick(3) names each of them"
installed=$(dirname "$ONCE_BIN")/share/man
# shellcheck disable=SC2013 # names have no blanks
for f in $(cat "$W/a"); do
	man -M "$installed" -w 3 "$f" >/dev/null 2>&1 || die "man 3 $f finds nothing"
done
check "each page is found by the function's name" test -s "$W/a"

# ---- completion --------------------------------------------------------------------------------------------------------------
completions() # WORDS...: what the last of them is completed to
{
	bash -c '. "$0" && COMP_WORDS=("$@") && COMP_CWORD=$(($# - 1)) && _oncestick && printf "%s\n" "${COMPREPLY[@]}"' \
		"$top/cli/completion/oncestick" "$@" 2>/dev/null
}
# zsh completes only while somebody types: tests/scenario/complete.zsh does. "LINE<TAB>WORD" for each word that it offers.
zsh_completions() # LINE...
{
	printf '%s\n' "$@" | zsh -f "$ONCE_TESTS/scenario/complete.zsh" "$top/cli/completion" "$W/zsh" 2>/dev/null
}

fish_completions() # LINE...
{
	fish -c 'source $argv[1]/oncestick.fish
		for line in $argv[2..]
			for word in (complete -C $line)
				printf "%s\t%s\n" $line (string split -f 1 \t -- $word)
			end
		end' "$top/cli/completion" "$@" 2>/dev/null
}

of_line() # LINE FILE: the words that FILE has for it
{
	awk -F '\t' -v line="$1" '$1 == line { print $2 }' "$2" | sort -u
}

: >"$W/slip"
printf '%s\n' $verbs --help --version | sort >"$W/verbs"
if command -v bash >/dev/null; then
	cp "$W/verbs" "$W/a"
	completions oncestick '' | sort >"$W/b"
	same "bash knows every verb"
	for verb in $verbs; do
		help_options "$verb" | grep '^--' >"$W/a"
		completions oncestick "$verb" -- | sort -u >"$W/b"
		same "bash: $verb has its options"
	done
	is "bash: a code file" "$(completions oncestick mount --code-file "$W/sli")" "$W/slip"
	is "bash: a value" "$(completions oncestick issue --format j)" json
fi
for shell in zsh fish; do
	command -v $shell >/dev/null || { [ -z "${CI:-}" ] || die "no $shell"; continue; }
	set -- "oncestick " "oncestick -" "oncestick mount --code-file $W/sli" "oncestick issue --format=j" "oncestick station p"
	for verb in $verbs; do
		set -- "$@" "oncestick $verb --"
	done
	"${shell}_completions" "$@" >"$W/offered"
	cp "$W/verbs" "$W/a"
	{ of_line "oncestick " "$W/offered"; of_line "oncestick -" "$W/offered" | grep '^--'; } | sort -u >"$W/b"
	same "$shell knows every verb"
	for verb in $verbs; do
		help_options "$verb" | grep '^--' >"$W/a"
		of_line "oncestick $verb --" "$W/offered" | sed 's/=$//' >"$W/b"
		same "$shell: $verb has its options"
	done
	is "$shell: a code file" "$(of_line "oncestick mount --code-file $W/sli" "$W/offered" | sed 's|.*/||')" slip
	is "$shell: a value" "$(of_line "oncestick issue --format=j" "$W/offered" | sed 's/.*=//')" json
	is "$shell: what station does" "$(of_line "oncestick station p" "$W/offered")" pin
done

# ---- JSON --------------------------------------------------------------------------------------------------------------------
members() # VERB ARGS...: every member of its JSON is in its page
{
	verb=$1
	check "$verb: answers in JSON" oncestick "$@" --json
	jq -es 'length == 1 and (.[0] | type == "object")' "$W/out" >/dev/null || die "$verb: that is not one object"
	jq -r '[paths | map(strings) | last // empty] | unique[]' "$W/out" >"$W/a" || die "$verb: that is no JSON"
	sed -n '/^\.Ss JSON/,/^\.Sh/p' "$man/oncestick-$verb.1" | grep -e '^\.It Va' -e '^\.Va' -e '^\.Ql' | tr -c 'a-z_\n' '\n' | sort -u >"$W/b"
	each_line_in "$verb: its page names every member" "$W/a" "$W/b"
}
stick=$W/stick
mkdir "$W/folder" "$stick"
echo hello >"$W/folder/a.txt"
members init --passphrase-file "$W/pass" --contact nobody
members prepare "$W/folder" "$stick" -n 4 --passphrase-file "$W/pass"
members issue "$stick" --to Kim --passphrase-file "$W/pass"
jq -r '.codes[0].code' "$W/out" >"$W/code"
members issue --again Kim --passphrase-file "$W/pass"
printf 'holder,codes,language\nKim,1,de\nLee,1,en\n' >"$W/roster.csv"
members issue --roster "$W/roster.csv" --already again --dry-run
members issue --roster "$W/roster.csv" --already skip --dry-run
members contact
members contact somebody
members codes
members codes "$stick"
members inspect "$stick"
members inspect "$stick"/ONCE/g/*/grant.cose
members inspect "$stick"/ONCE/b/*/manifest.cose
members verify "$stick"
members station show
if [ -c /dev/fuse ] && [ -w /dev/fuse ]; then
	members rehearse "$stick" --code-file "$W/code"
	members mount "$stick" --code-file "$W/code"
	folder=$(jq -r .mount_point "$W/out")
	members status
	is "bash knows what is open" "$(completions oncestick unmount '')" "$folder"
	for shell in zsh fish; do
		command -v $shell >/dev/null || continue
		is "$shell knows what is open" "$(${shell}_completions "oncestick unmount " | cut -f2)" "$folder"
	done
	members unmount --yes
	check "receipts" oncestick station receipts "$W/receipts"
	members inspect "$W/receipts"
fi
members revoke --at "$stick" --stick "$stick" --yes --list "$W/list" --passphrase-file "$W/pass"
members accept "$W/list" "$stick"
members inspect "$stick/ONCE/notice.cose"
members collect "$stick" --passphrase-file "$W/pass"
is "bash knows codes by name" "$(completions oncestick revoke '' | wc -l)" 4
is "bash knows who has codes" "$(completions oncestick issue --again Ki)" Kim
for shell in zsh fish; do
	command -v $shell >/dev/null || continue
	is "$shell knows codes by name" "$(${shell}_completions "oncestick revoke " | wc -l)" 4
	is "$shell knows who has codes" "$(${shell}_completions "oncestick issue --again Ki" | cut -f2)" Kim
done
members backup "$W/backup"
members restore --test "$W/backup" --passphrase-file "$W/pass"
members restore --adopt --yes --passphrase-file "$W/pass"
members refill "$stick" -n 1 --passphrase-file "$W/pass"
members refill "$stick" -n 1 -o "$W/refill" --passphrase-file "$W/pass"
members inspect "$W/refill"
members accept "$W/refill" "$stick"
members erase "$stick" --yes --passphrase-file "$W/pass"

# A refusal has no JSON: a program reads the exit status. What rehearse and verify found is an answer.
for verb in $verbs; do
	help_options "$verb" | grep -qx -- --json || continue
	case $verb in prepare | contact) set -- "$W/nowhere" ;; esac
	oncestick "$verb" "$W/nowhere/at all" "$@" --json >"$W/out" 2>"$W/err" </dev/null && die "$verb works with nothing"
	set --
	grep -Eq '\[E_[A-Z_]+ [0-9]+\]' "$W/err" || die "$verb does not say why"
	[ "$verb" = rehearse ] || [ ! -s "$W/out" ] || die "$verb has JSON for what it refused"
done
refused 10 "rehearse of nothing" oncestick rehearse "$W/nowhere" --json
cp "$W/out" "$W/answer"
check "... has an answer" jq -es 'length == 1 and .[0].ready == false' "$W/answer"

[ -w "$ONCE_BUILD" ] || finish # what comes next looks at sources only: once is enough

# ---- tests -------------------------------------------------------------------------------------------------------------------
check "every attack that is listed has a test, or a reason why not" "$ONCE_TESTS/hostile" --check

# ---- what is distributed ------------------------------------------------------------------------------------------------------
# A header that Makefile.am does not name is missing in the packages' sources only.
for file in "$top"/lib/*.[ch] "$top"/keys/*.[ch] "$top"/fuse/*.[ch] "$top"/issuer/*.[ch] "$top"/host/*.[ch] "$top"/term/*.[ch] "$top"/words/*.[ch] "$top"/cli/*.[ch] "$top"/sheet/*.[ch] \
	"$top"/tests/support/*.h; do
	name=${file#"$top/"}
	check "$name is distributed" grep -qwF "$name" "$top/Makefile.am"
done

# ---- layers -------------------------------------------------------------------------------------------------------------------
knows() # LAYER...: the last includes headers of these only
{
	echo config.h >"$W/headers"
	for layer; do
		(cd "$top/$layer" && printf '%s\n' *.h) >>"$W/headers"
	done
	sort "$W/headers" >"$W/a"
	cat "$top/$layer"/*.[ch] | sed -n 's/^#include "\(.*\)"$/\1/p' | sort -u >"$W/b"
	is "$layer includes headers of $* only" "$(comm -13 "$W/a" "$W/b")" ""
}
knows lib
knows lib keys
knows lib keys fuse
knows lib keys issuer
knows lib keys fuse host
knows lib host term
knows lib keys fuse issuer host term words
knows lib keys fuse issuer host term words cli

# ---- 32 bits -----------------------------------------------------------------------------------------------------------------
calls='(^|[^_"[:alnum:]])(stat|fstat|lstat|fstatat|localtime_r|gmtime_r|mktime|timegm|time)\('
grep -nE "$calls" "$top"/lib/*.c "$top"/keys/*.c "$top"/fuse/*.c "$top"/issuer/*.c "$top"/host/*.c "$top"/term/*.c "$top"/words/*.c "$top"/cli/*.c "$top"/sheet/*.c | grep -v '/filestat.c:' >"$W/calls"
is "calls that know no file or date after 2038 are made where that is seen to (filestat.h, calendar.h, clock.h)" \
	"$(grep -v 'localtime_r(&at, &there)' "$W/calls")" ""

# ---- form --------------------------------------------------------------------------------------------------------------------
if command -v mandoc >/dev/null; then
	for page in "$man"/*oncestick*.[13578]; do
		check "${page##*/} is well-formed" mandoc -Tlint -Wwarning "$page"
	done
fi

# ---- style --------------------------------------------------------------------------------------------------------------------
check "the tree has the shape that CONTRIBUTING says" python3 "$ONCE_TESTS/style"
printf 'int f(void)\n{\n        if(1)\n\t\treturn sizeof(g); \n}\n\n\nint g;\n%0133d' 0 >"$W/wrong.c"
no python3 "$ONCE_TESTS/style" "$W/wrong.c" >"$W/said" || die "a wrong one is not seen"
is "... and each kind of a wrong one is seen" "$(sed 's/.*wrong.c:\([0-9]*\).*/\1/' "$W/said" | tr '\n' ' ')" "3 3 4 4 9 1 6 8 "

# ---- headers ------------------------------------------------------------------------------------------------------------------
check "comments of headers name what their prototypes have, and these are called like their headers" python3 "$ONCE_TESTS/headers"
printf '/* wrong(a, n): a comment. */\nint wrong(int a, int b);\nint wrongly(void);\n' >"$W/wrong.h"
no python3 "$ONCE_TESTS/headers" "$W/wrong.h" >"$W/said" || die "a wrong one is not seen"
is "... and each wrong one is seen" "$(sed 's/.*: //' "$W/said" | tr '\n' ';')" \
	"wrongly is not called like its header;wrong(a, n) has parameters (a, b);"

# ---- failures -----------------------------------------------------------------------------------------------------------------
check "what is said of a failure is what is made" python3 "$ONCE_TESTS/whys"
mkdir -p "$W/tree/lib"
cp "$top/lib/error.h" "$top/lib/stick.c" "$W/tree/lib"
sed -i 's/WHY_NOT_OURS/WHY_ENTRIES/; s/err != E_NO_GRANT/strcmp(f->step, "grants") == 0/' "$W/tree/lib/stick.c"
no python3 "$ONCE_TESTS/whys" "$W/tree" >"$W/said" || die "a wrong why is not seen"
check "... and one that is exchanged is seen" grep -qF "lib/stick.c: E_NO_STICK with WHY_ENTRIES has no sentence" "$W/said"
check "... and a step that decides" grep -qF "lib/stick.c: decides by the text of a step" "$W/said"
finish
