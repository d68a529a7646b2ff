# Issuers at once, on one set of books and one stick: what each says is so afterwards, and nothing is done twice.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
pass="--passphrase-file $W/pass"
# shellcheck disable=SC2086 # two words
issuer()
{
	verb=$1
	shift
	oncestick "$verb" "$@" $pass
}
at_once() # NAME COMMAND...: in the background; its output and status in files of that name
{
	name=$1
	shift
	(
		"$@" >"$W/$name.out" 2>"$W/$name.err" </dev/null
		echo $? >"$W/$name.rc"
	) &
}
sql()
{
	sqlite3 "$W/issuer/books.sqlite" "$1"
}
mkdir "$W/folder" "$W/other"
printf 'x\n' >"$W/folder/x"
printf 'y\n' >"$W/other/y"
new_issuer
prepare "$W/folder" "$W/stick" --label Talk --codes 9
id=$(oncestick inspect "$W/stick" --json | jq -r .stick)

# nine codes, five who want two each
for n in 1 2 3 4 5; do
	at_once "i$n" issuer issue "$id" -n 2 --to "R$n"
done
wait
is "four get them, one is told that there are too few" "$(cat "$W"/i?.rc | sort | tr '\n' ' ')" "0 0 0 0 14 "
is "no code is handed out twice" "$(cat "$W"/i?.out | sort | uniq | grep -c .)" 8

cat "$W"/i?.out | head -n 1 >"$W/won" # any of the five may be the one who got none

# a code is handed out to somebody while all of his are revoked: it is among them, or it was handed out afterwards
for n in 1 2 3; do
	prepare "$W/folder" "$W/stick" --add --label "More $n" --codes 3
	check "a code" issuer issue "$id" -n 1 --to Kim
	at_once r issuer revoke --holder Kim --yes --json
	at_once i issuer issue "$id" -n 1 --to Kim
	wait
	is "both succeed" "$(cat "$W/r.rc" "$W/i.rc" | tr '\n' ' ')" "0 0 "
	is "what was said to be revoked is" "$(jq -r '.revoked[]' "$W/r.out" | sort)" "$(
		sql "select lower(hex(0)), s.number from slot s where s.holder = 'Kim' and s.state = 'revoked' and s.changed_at > 0 \
		 and s.number in ($(jq -r '.revoked[]' "$W/r.out" | cut -d/ -f2 | paste -sd,))" | sed "s#.*|#$id/#" | sort)"
	check "the rest goes" issuer revoke --holder Kim --yes
done

# one stick, collected by two
check "a session" env ONCESTICK_STATION_DIR="$W/station" oncestick mount "$W/stick" --code-file "$W/won"
check "its end" env ONCESTICK_STATION_DIR="$W/station" oncestick unmount --yes
for n in 1 2 3; do
	at_once "c$n" issuer collect "$W/stick" --json
done
wait
is "all three do" "$(cat "$W"/c?.rc | tr '\n' ' ')" "0 0 0 "
is "the use is new to one" "$(cat "$W"/c?.out | jq -s '[.[].codes[] | select(.new)] | length')" 1
is "and in the books once" "$(sql "select count(*) from event where verb = 'collect'")" 1
check "the list on the stick is whole" oncestick inspect "$W/stick/ONCE/notice.cose"
check "nothing is left beside it" test ! -e "$W/stick/ONCE/notice.new"

# one stick, replaced by two
for n in 1 2; do
	at_once "p$n" issuer prepare "$W/folder" "$W/stick" --replace --label "New $n" -n 3
done
wait
check "one does, or one after the other" sh -c "cat '$W'/p?.rc | sort | tr '\n' ' ' | grep -Eq '^0 (0|36) '"
is "one lecture is on it" "$(ls "$W/stick/ONCE/g" | wc -l)" 1
one=$(ls "$W/stick/ONCE/g")
is "the books have just its codes" "$(sql "select count(distinct grant_id) from slot where state = 'ready'")" 1
is "ready" "$(sql "select distinct lower(hex(grant_id)) from slot where state = 'ready'")" "$one"
check "a code of it" issuer issue "$id" -n 1 --to Lee
cp "$W/out" "$W/code"
check "opens it" oncestick mount "$W/stick" --code-file "$W/code"
check "end" oncestick unmount --yes

# a new stick, prepared by two
mkdir "$W/fresh"
for n in 1 2; do
	at_once "p$n" issuer prepare "$W/other" "$W/fresh" --label "Fresh $n" -n 2
done
wait
check "one does" sh -c "cat '$W'/p?.rc | sort | tr '\n' ' ' | grep -Eq '^0 (2|36) '"
is "one lecture is on it" "$(ls "$W/fresh/ONCE/g" | wc -l)" 1
finish
