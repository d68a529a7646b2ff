# What must hold where making or accepting a refill fails somewhere; sourced, after functions faulty and ends (19-faults, 19-flushes).
# shellcheck shell=sh disable=SC2154 # stick, status, pass: of the scenario
refill_fails()
{
	faulty refill "$stick" -n 2 "$pass"
	[ "$status" -eq 0 ] || ends 0 -- oncestick refill "$stick" -n 2 "$pass"
	ends 0 -- oncestick verify "$stick"
	ends 0 -- oncestick issue "$stick" -n 2 --to Second "$pass"
	sed -n 1p "$W/out" >"$W/second"
	ends 0 -- oncestick rehearse "$stick" "--code-file=$W/second"
}
send_fails()
{
	rm -f "$W/sent"*
	faulty refill "$stick" -n 1 -o "$W/sent" "$pass"
	[ "$status" -eq 0 ] || rm -f "$W/sent"* # it may be whole, under another name
	[ "$status" -eq 0 ] || ends 0 -- oncestick refill "$stick" -n 1 -o "$W/sent" "$pass"
	ends 0 -- oncestick accept "$W/sent" "$stick"
}
accept_fails()
{
	rm -f "$W/sent"*
	ends 0 -- oncestick refill "$stick" -n 1 -o "$W/sent" "$pass"
	ends 0 -- oncestick issue "$stick" -n 1 --to Second "$pass"
	cp "$W/out" "$W/second"
	faulty accept "$W/sent" "$stick"
	[ "$status" -eq 0 ] || ends 0 51 -- oncestick accept "$W/sent" "$stick"
	ends 51 -- oncestick accept "$W/sent" "$stick"
	ends 0 -- oncestick rehearse "$stick" "--code-file=$W/second"
}
