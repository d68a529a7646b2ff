# Codes as a person carries them: forms on standard output.
. "$ONCE_TESTS/scenario.sh"

new_issuer
mkdir "$W/folder"
echo hello >"$W/folder/a.txt"
stick=$W/stick
prepare "$W/folder" "$stick" -n 40 --label '=HYPERLINK("x"), 2'
issue()
{
	oncestick issue "$stick" --passphrase-file "$W/pass" "$@"
}

# ---- forms on standard output ------------------------------------------------------------------------------------------------
check "codes as text" issue -n 1 --format text
printed '^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$'
is "text is codes alone" "$(wc -l <"$W/out")" 1
check "codes as CSV" issue -n 2 --to '@Kim "K", hall 3' --format csv
is "CSV has the head and a row for each code" "$(wc -l <"$W/out")" 3
is "its lines end as RFC 4180 has it" "$(grep -c "$(printf '\r')\$" "$W/out")" 3
cat >"$W/read.py" <<'EOF'
import csv, json, sys
print(json.dumps([r for r in csv.DictReader(open(sys.argv[1], newline=""))]))
EOF
cp "$W/out" "$W/slips"
check "CSV is read" python3 "$W/read.py" "$W/slips"
cp "$W/out" "$W/rows"
check "the same codes as JSON" issue --again '@Kim "K", hall 3' --format json
is "CSV and JSON have the same members" "$(jq -c '.[0] | keys' "$W/rows")" "$(jq -c '.codes[0] | keys' "$W/out")"
is "... the same codes" "$(jq -r '.[].code' "$W/rows")" "$(jq -r '.codes[].code' "$W/out")"
is "... and times" "$(jq -r '.[].expires' "$W/rows")" "$(jq -r '.codes[].expires' "$W/out")"
is "a holder that begins like a formula is none" "$(jq -r '.[0].holder' "$W/rows")" "'@Kim \"K\", hall 3"
is "a label that begins like a formula is none" "$(jq -r '.[0].label' "$W/rows")" "'=HYPERLINK(\"x\"), 2"
refused 2 "a form that there is not" issue --format xml
refused 2 "two forms" issue --format csv --json
is "no code was taken by what was refused" "$(oncestick codes "$stick" --json | jq '[.codes[] | select(.state == "issued")] | length')" 3

finish
