# A stick is used again: a second lecture beside the first, a new one instead, erased; and a stick of somebody else.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
sample "$W/one"
mkdir -p "$W/two"
printf 'second lecture\n' >"$W/two/second.txt"
new_issuer
prepare "$W/one" "$stick" --label One --codes 3
id=$(oncestick inspect "$stick" --json | jq -r .stick)
refused 2 "a second prepare without saying how" oncestick prepare "$W/two" "$stick" --passphrase-file "$W/pass"
said "One"
said "--add"
codes "$W/codes1" 2
sed -n 1p "$W/codes1" >"$W/c1"
sed -n 2p "$W/codes1" >"$W/c2"

check "a second lecture is added" oncestick prepare "$W/two" "$stick" --add --label Two --codes 2 --passphrase-file "$W/pass"
is "it is the same stick" "$(oncestick inspect "$stick" --json | jq -r .stick)" "$id"
check "codes are numbered on" sh -c "oncestick codes '$stick' --json"
is "five of them" "$(oncestick codes "$stick" --json | jq '[.. | .number? // empty] | max')" 5
refused 14 "three codes of one lecture, which has two" oncestick issue "$stick" -n 3 --to Kim --passphrase-file "$W/pass"
said "other lectures on it have codes"
oncestick issue "$stick" -n 2 --to Kim --passphrase-file "$W/pass" >"$W/codes2" 2>"$W/err" </dev/null || die issue
said 'lecture: "Two", the newest'
sed -n 1p "$W/codes2" >"$W/c4"
check "a code of the first lecture" oncestick mount "$stick" --code-file "$W/c1"
first=$(cat "$W/out")
check "shows the first lecture" diff -r "$W/one" "$first"
check "a code of the second, at the same time" oncestick mount "$stick" --code-file "$W/c4"
second=$(cat "$W/out")
check "shows the second" diff -r "$W/two" "$second"
check "end one" oncestick unmount "$first" --yes
check "end two" oncestick unmount "$second" --yes
check "the first lecture is next" oncestick issue "$stick" -n 1 --to Kim --passphrase-file "$W/pass"
refused 14 "no ready codes are left" oncestick issue "$stick" -n 1 --to Kim --passphrase-file "$W/pass"
is "and none was printed" "$(cat "$W/out")" ""

# replaced: the old codes are dead, and only after their receipts were read
no oncestick prepare "$W/two" "$stick" --replace --label New --passphrase-file "$W/pass" >"$W/out" 2>"$W/err" </dev/null ||
	die "replaced although receipts were not collected"
said "collect"
check "collect" oncestick collect "$stick" --passphrase-file "$W/pass"
check "collect again finds nothing new" oncestick collect "$stick" --passphrase-file "$W/pass"
check "replace" oncestick prepare "$W/two" "$stick" --replace --label New --codes 2 --passphrase-file "$W/pass"
one_code "$W/c6"
for old in "$W/c1" "$W/c2" "$W/c4"; do
	oncestick mount "$stick" --code-file "$old" >"$W/out" 2>"$W/err" </dev/null && die "an old code opened after --replace"
done
is "one bundle is left" "$(ls "$stick/ONCE/b" | wc -l)" 1
check "a new code" oncestick mount "$stick" --code-file "$W/c6"
check "end" oncestick unmount --yes

# other files on the stick stay
printf 'mine\n' >"$stick/other.txt"
check "collect once more" oncestick collect "$stick" --passphrase-file "$W/pass"
check "erase" oncestick erase "$stick" --yes --passphrase-file "$W/pass"
check "ONCE is gone" test ! -e "$stick/ONCE"
is "other files are not" "$(cat "$stick/other.txt")" mine
refused 10 "mount of an erased stick" oncestick mount "$stick" --code-file "$W/c6"

# hostile 68: books put back from an older copy, then more codes
prepare "$W/one" "$W/more" --label Before --codes 2
cp -a "$W/issuer" "$W/copy"
prepare "$W/one" "$W/more" --add --label Lost --codes 8
codes "$W/lost" 8 "$W/more"
rm -r "$W/issuer" && mv "$W/copy" "$W/issuer"
mkdir "$W/another"
refused 62 "older books write no lecture" oncestick prepare "$W/one" "$W/another" --passphrase-file "$W/pass"
check "they are said to count" oncestick restore --adopt --yes
prepare "$W/one" "$W/another" --label After --codes 8
codes "$W/after" 8 "$W/another"
is "no code is handed out twice" "$(sort "$W/lost" "$W/after" | uniq -d)" ""
no oncestick mount "$W/more" --code-file "$W/after" >"$W/out" 2>"$W/err" </dev/null || die "a code opened another stick"

# somebody else's stick is refused untouched
prepare "$W/one" "$W/theirs" --label Theirs --codes 1
before=$(find "$W/theirs" -type f -exec sha256sum {} + | sort)
ONCESTICK_ISSUER_DIR=$W/issuer2
check "another issuer" oncestick init --passphrase-file "$W/pass"
refused 13 "prepare on another issuer's stick" oncestick prepare "$W/two" "$W/theirs" --add --passphrase-file "$W/pass"
refused 13 "replace on it" oncestick prepare "$W/two" "$W/theirs" --replace --passphrase-file "$W/pass"
refused 13 "erase of it" oncestick erase "$W/theirs" --discard --yes --passphrase-file "$W/pass"
is "nothing changed on it" "$(find "$W/theirs" -type f -exec sha256sum {} + | sort)" "$before"
refused 60 "init over a keystore" oncestick init --passphrase-file "$W/pass"
printf 'wrong\n' >"$W/wrongpass"
refused 61 "a wrong passphrase" oncestick issue "$W/theirs" --to X --passphrase-file "$W/wrongpass"
finish
