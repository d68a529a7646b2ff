# Everything that doc/tutorial.md has a reader type, typed on a terminal: each command answers with the lines that the page shows.
# argon2id: as it is
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
page=$ONCE_TESTS/../doc/tutorial.md

# The commands as one script, with a mark before each; and what each must answer, "NUMBER TEXT" a line.
awk -v script="$W/tutorial" -v wanted="$W/wanted" '
	/^```/ { code = !code; next }
	!code { next }
	/^\$ / { print "echo @@" ++n "@@" >script; print substr($0, 3) >script; next }
	{ print n, $0 >wanted }' "$page"
is "the page has commands" "$(grep -c . "$W/tutorial" | awk '{ print ($1 > 30) }')" 1

cat >"$W/type" <<'EOF'
set timeout 120
set stty_init "columns 200"
log_file -noappend $env(W)/screen
spawn -noecho sh tutorial
expect {
	-re {(New issuer passphrase|The same again|Issuer passphrase[^:]*): $} { send "three words here\r"; exp_continue }
	timeout { puts "the tutorial waits for something"; exit 1 }
	eof
}
EOF
cd "$W" || exit 1
unset ONCESTICK_ISSUER_DIR ONCESTICK_STATION_DIR
check "all of it can be typed" env W="$W" TERM=dumb expect "$W/type"

answer() # NUMBER: what was on the screen between the marks
{
	tr -d '\r' <"$W/screen" | awk -v n="$1" '/^@@[0-9]+@@$/ { on = $0 == "@@" n "@@"; next } on'
}
while read -r number text; do
	case $(answer "$number") in
	*"$text"*) checks=$((checks + 1)) ; echo "ok $checks - $number: $text" ;;
	*) die "command $number of the tutorial does not answer: $text; but: $(answer "$number")" ;;
	esac
done <"$W/wanted"
check "nothing is left of it" test ! -e "$W/exercise"
finish
