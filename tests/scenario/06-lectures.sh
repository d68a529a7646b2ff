# Two lectures on one stick: codes of one call are of one lecture, and what is said of them is true of it.
. "$ONCE_TESTS/scenario/scenario.sh"
pass="--passphrase-file $W/pass"
# shellcheck disable=SC2086 # two words
issuer()
{
	verb=$1
	shift
	oncestick "$verb" "$@" $pass
}
labels() # the labels of the codes that were printed as JSON
{
	jq -r '[.codes[].label] | unique | join("+")' "$W/out"
}
mkdir "$W/folder" "$W/stick"
printf 'x\n' >"$W/folder/x"
new_issuer
check "a lecture that is open now" issuer prepare "$W/folder" "$W/stick" --label 'Old one' -n 3
check "one in ten days" issuer prepare "$W/folder" "$W/stick" --add --label New -n 3 --lecture +10d
id=$(oncestick inspect "$W/stick" --json | jq -r .stick)

# hostile 80: codes of two lectures at once
check "codes without a word" issuer issue "$id" --to Kim --json
is "are of the newest" "$(labels)" New
is "it is named" "$(jq -r .lecture "$W/out")" New
is "one is left of it" "$(jq .left "$W/out")" 1
said 'lecture: "New", the newest'
said 'a try is refused'
is "both are of one grant" "$(oncestick codes "$id" --json | jq '[.codes[] | select(.holder == "Kim") | .grant] | unique | length')" 1
refused 14 "two more, where one is left" issuer issue "$id" --to Zoe
said 'has 1 code left'
said 'other lectures'
is "nothing was handed out" "$(oncestick codes "$id" --json | jq '[.codes[] | select(.holder == "Zoe")] | length')" 0

check "codes of a lecture by its label" issuer issue "$id" --to Zoe --lecture 'Old one' --json
is "are of that" "$(labels)" 'Old one'
no grep -q 'a try is refused' "$W/err" || die "said that it does not open yet"
from=$(oncestick codes "$id" --json | jq -r '.codes[] | select(.label == "Old one") | .not_before' | sort -u)
is "they have its window" "$(jq -r '[.codes[].not_before] | unique | join(" ")' "$W/out")" "$from"
grant=$(oncestick codes "$id" --json | jq -r '[.codes[] | select(.label == "New")][0].grant')
check "a code of a lecture by its id" issuer issue "$id" -n 1 --to Lee --lecture "$grant" --format csv
printed ',New,Lee,'
check "then the other one is the newest that has codes" issuer issue "$id" -n 1 --to Lee
said 'lecture: "Old one"'
said 'opens once'
no grep -q 'a try is refused' "$W/err" || die "said that it does not open yet"
refused 14 "no codes are left" issuer issue "$id" -n 1 --to Lee
refused 14 "none of that lecture" issuer issue "$id" -n 1 --to Lee --lecture New
refused 12 "a lecture that is not there" issuer issue "$id" --lecture Nothing
refused 2 "two lectures" issuer issue "$id" --lecture New --lecture 'Old one'

check "codes again, of both" issuer issue --again Lee
is "each with its own window" "$(grep -c 'each opens once' "$W/err")" 2
no grep -q 'a try is refused' "$W/err" || die "one of them opens now"
check "codes again, of one" issuer issue "$id" --again Lee --lecture New --json
is "only of that" "$(labels)" New
check "of two holders and a code" issuer issue --again Kim --again Lee --again "$id/1" --again "$id/1" --json
is "each code once" "$(jq '.codes | length, (map(.id) | unique | length)' "$W/out" | tr '\n' ' ')" '5 5 '
refused 2 "a lecture without its stick" issuer issue --again Kim --lecture New
finish
