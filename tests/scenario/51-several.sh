# Several sticks at once: one passphrase, one refused stick stops no other, and each line says which stick it is about.
. "$ONCE_TESTS/scenario/scenario.sh"
command -v jq >/dev/null || skip "no jq"
a=$W/a b=$W/b c=$W/c none=$W/none pass="--passphrase-file=$W/pass"
mkdir "$W/folder" "$a" "$b" "$c" "$none" "$W/empty"
head -c 300000 /dev/urandom >"$W/folder/film.bin"
new_issuer
check "three sticks are prepared" oncestick prepare "$W/folder" "$a" "$b" "$c" --label Week -n 6 "$pass"
name_a=$(oncestick inspect "$a" --json | jq -r .stick)
name_b=$(oncestick inspect "$b" --json | jq -r .stick)
name_c=$(oncestick inspect "$c" --json | jq -r .stick)
states() # STICK'S NAME: how many of its codes are in each state
{
	oncestick codes "$1" --json | jq -rc '[.codes[].state] | group_by(.) | map([.[0], length]) | flatten | join(" ")'
}

# ---- issue -------------------------------------------------------------------------------------------------------------------
check "as many codes of each" oncestick issue "$a" "$name_b" "$c" -n 2 --to Kim "$pass"
is "all of them, one a line" "$(grep -Ec '^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$' "$W/out")" 6
said "^$a \\($name_a\\): codes $name_a/1 and /2 for Kim; 4 left on this stick"
said "^$name_b: codes $name_b/1 and /2 for Kim"
said "^$c \\($name_c\\): codes $name_c/1 and /2 for Kim"
refused 10 "what is no stick stops no other" oncestick issue "$none" "$a" "$W/missing" -n 1 --to Lee "$pass"
said "^oncestick: $none: .*E_NO_STICK"
said "^oncestick: $W/missing: there is no such directory.*E_NO_STICK"
said "^$a \\($name_a\\): code $name_a/3 for Lee"
is "one code came" "$(wc -l <"$W/out")" 1
refused 14 "where none is left, none is handed out" oncestick issue "$a" "$b" -n 4 --to Mo --json "$pass"
is "as JSON" "$(jq -c '[.sticks[] | [.path, .ok, .error, .status, (.codes | length)]]' "$W/out")" \
	"[[\"$a\",false,\"E_NO_CODES\",14,0],[\"$b\",true,null,null,4]]"
refused 14 "where none has enough, nothing changes" oncestick issue "$a" "$b" -n 5 "$pass"
is "a has what it had" "$(states "$name_a")" "issued 3 ready 3"
is "b, too" "$(states "$name_b")" "issued 6"
refused 2 "a stick that is named twice, by its directory and its name" oncestick issue "$c" "$name_c" -n 1 "$pass"
said 'named twice'
is "c has what it had" "$(states "$name_c")" "issued 2 ready 4"
check "one's codes again, of two sticks" oncestick issue "$a" "$c" --again Kim "$pass"
is "four" "$(wc -l <"$W/out")" 4
refused 14 "of two people, only one of whom has codes of each: none of a stick that is refused" \
	oncestick issue "$a" "$c" --again Kim --again Lee --json "$pass"
is "what is refused is not mixed up with the rest" "$(jq -c '[.sticks[] | [.ok, [.codes[]?.id]]]' "$W/out")" \
	"[[true,[\"$name_a/1\",\"$name_a/2\",\"$name_a/3\"]],[false,[]]]"
refused 2 "a code names its stick" oncestick issue "$a" "$c" --again "$name_a/1" "$pass"
check "as a table" oncestick issue "$a" "$c" -n 1 --to Ny --format csv "$pass"
is "with its head once" "$(cut -d, -f1 "$W/out" | tr '\n' ' ')" "id $name_a/4 $name_c/3 "

mkdir "$W/theirs"
check "there is another issuer" env ONCESTICK_ISSUER_DIR="$W/other" oncestick init -q "$pass"
check "... with a stick" env ONCESTICK_ISSUER_DIR="$W/other" oncestick prepare "$W/folder" "$W/theirs" -n 1 "$pass"
refused 14 "codes of a stick that is not in the books" oncestick issue "$W/theirs" -n 1 --to Kim "$pass"
said 'the books have no codes for stick .*if it is yours'
check "nor is it said that more could be made" no grep -q refill "$W/err"

# ---- verify ------------------------------------------------------------------------------------------------------------------
check "all are whole" oncestick verify "$a" "$b" "$c"
is "each line says of which" "$(sed 's/, [0-9].*//' "$W/out" | tr '\n' ' ')" \
	"$a ($name_a): whole: \"Week\" $b ($name_b): whole: \"Week\" $c ($name_c): whole: \"Week\" "
set -- "$b"/ONCE/b/*/00000000.seg
flip "$1" 777
refused 10 "the first that failed counts, and all are read" oncestick verify "$none" "$b" "$a" --passphrase-file "$W/pass"
said "^oncestick: $none: "
printed "^$b \\($name_b\\): damaged: ONCE/b/.*film.bin"
said "^oncestick: $b \\($name_b\\): 1 block of \"Week\" is damaged.*E_BUNDLE 40"
printed "^$a \\($name_a\\): whole"
refused 40 "in JSON" oncestick verify "$b" "$none" "$c" --json
is "in the order of the arguments" "$(jq -c '[.sticks[] | [.path, .ok, .status, .stick, .bundles[0].damaged_blocks]]' "$W/out")" \
	"[[\"$b\",false,40,\"$name_b\",1],[\"$none\",false,10,null,null],[\"$c\",true,null,\"$name_c\",0]]"
refused 2 "one that is named twice" oncestick verify "$a" "$c" "$a/../a"
said "$a/../a is named twice"
refused 61 "a wrong passphrase is asked for once" oncestick verify "$a" "$b" --passphrase-file /dev/null
is "and said once" "$(grep -c E_PASSPHRASE "$W/err")" 1
flip "$1" 777

# ---- inspect -----------------------------------------------------------------------------------------------------------------
set -- "$a"/ONCE/g/*/grant.cose
refused 10 "sticks and files are looked into" oncestick inspect "$a" "$none" "$1"
printed "^$a \\($name_a\\):$"
printed "^$1:$"
refused 10 "in JSON" oncestick inspect "$c" "$none" "$1" --json
is "each for itself" "$(jq -c '[.sticks[] | [.ok, .kind, .stick]]' "$W/out")" \
	"[[true,\"stick\",\"$name_c\"],[false,null,null],[true,\"grant\",null]]"

# ---- refill ------------------------------------------------------------------------------------------------------------------
refused 10 "as many codes for each" oncestick refill "$a" "$W/missing" "$c" -n 3 "$pass"
printed "^$a \\($name_a\\): 3 more codes for \"Week\" on stick $name_a are ready"
printed "^$c \\($name_c\\): 3 more codes"
is "they are in the books" "$(states "$name_a")" "issued 4 ready 5"
refused 2 "one file is for one stick" oncestick refill "$a" "$c" -n 1 -o "$W/file" "$pass"

# ---- revoke ------------------------------------------------------------------------------------------------------------------
refused 10 "the list goes to all that are sticks" oncestick revoke "$name_a/1" --at "$a" --at "$none" --at "$c" "$pass"
said "^$c \\($name_c\\): is on the stick at $c now"
said "^oncestick: $none: "
refused 2 "not twice to one" oncestick revoke "$name_a/1" --at "$a" --at "$a/" "$pass"

# ---- collect -----------------------------------------------------------------------------------------------------------------
one_code_of() # STICK NAME
{
	oncestick issue "$1" --again "$2/2" "$pass" 2>/dev/null </dev/null
}
if [ -c /dev/fuse ] && [ -w /dev/fuse ]; then
	one_code_of "$a" "$name_a" >"$W/code"
	check "a code is used" oncestick mount "$a" --code-file "$W/code"
	check "and its session ended" oncestick unmount --yes
	one_code_of "$c" "$name_c" >"$W/code"
	check "another, of another stick" oncestick mount "$c" --code-file "$W/code"
	check "is ended, too" oncestick unmount --yes
	refused 10 "they come home together" oncestick collect "$a" "$none" "$c" "$pass"
	printed "^$a \\($name_a\\):$"
	printed "^$name_a/2 .*used"
	printed "^$name_c/2 .*used"
	said "^$a \\($name_a\\): 1 code was used"
	said "^oncestick: $none: "
	is "each has the newest list" "$(oncestick inspect "$a" "$c" --json | jq -c '[.sticks[].notice.number] | unique | length')" 1
	check "a PC's receipts as well" oncestick station receipts "$W/receipts"
	refused 10 "come by themselves" oncestick collect "$c" "$none" "$a" --receipts "$W/receipts" --json "$pass"
	is "in JSON" "$(jq -c '[(.sticks[] | [.ok, .stick]), .receipts.ok, ([.receipts.codes[] | select(.found == "used")] | length)]' "$W/out")" \
		"[[true,\"$name_c\"],[false,null],[true,\"$name_a\"],true,2]"
fi

# ---- erase -------------------------------------------------------------------------------------------------------------------
refused 24 "each is asked for" oncestick erase "$a" "$c" "$pass"
said "^oncestick: $c \\($name_c\\): "
refused 10 "two are erased" oncestick erase "$a" "$none" "$c" --yes "$pass"
printed "^$a \\($name_a\\): erased: stick $name_a"
printed "^$c \\($name_c\\): erased: stick $name_c"
check "nothing is left" test ! -e "$a/ONCE" -a ! -e "$c/ONCE"
check "of these only" test -e "$b/ONCE"

# ---- different devices: at the same time ---------------------------------------------------------------------------------------
mkdir "$W/x" "$W/y"
if [ "$WHO" = root ] && mount -t tmpfs -o size=6m none "$W/x" 2>/dev/null; then
	trap 'umount -l "$W/x" "$W/y" 2>/dev/null' EXIT
	check "another" mount -t tmpfs -o size=6m none "$W/y"
	check "a lecture on both" oncestick prepare "$W/folder" "$W/x" "$W/y" -n 2 --label Week "$pass"
	printed "^$W/x \\([a-z0-9]*\\): locked: \"Week\""
	check "they are read" oncestick verify "$W/y" "$W/x" --progress-json
	is "and reported in order" "$(sed 's/ .*//' "$W/out" | tr '\n' ' ')" "$W/y $W/x "
	is "with one bar" "$(jq -r 'select(.state == "done") | .phase + " " + .unit' "$W/err" 2>/dev/null)" "verifying bytes"
	check "their free space is filled" oncestick collect "$W/x" "$W/y" --purge "$pass"
	check "and again" oncestick erase "$W/x" "$W/y" --yes --scrub "$pass"
	is "nothing is left" "$(ls -A "$W/x" "$W/y" | tr '\n' ' ')" "$W/x:  $W/y: "
	refused 2 "a directory that is no stick of its own is never filled" oncestick erase "$b" --yes --scrub "$pass"
fi

finish
