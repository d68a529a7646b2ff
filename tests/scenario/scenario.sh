# scenario.sh - for scenarios to source: checks, a fresh issuer, a fresh stick.
#
# A scenario is straight-line shell. Each check names what a person would expect; the first that fails ends the scenario.
#   check DESCRIPTION COMMAND...        the command must succeed
#   refused N DESCRIPTION COMMAND...    the command must exit with N and say its [E_NAME N]
#   said PATTERN                        the last command's stderr must match (grep -E)
#   printed PATTERN                     the last command's stdout must match
#   nothing DESCRIPTION COMMAND...      the command must succeed, and print nothing
# W is the work directory, WHO root or user. Output of the last command: $W/out and $W/err, which the next one may read.
set -u
PATH="$ONCE_TESTS/scenario/bin:$ONCE_BIN:$PATH:/usr/sbin:/sbin"
export ONCESTICK_ISSUER_DIR="$W/issuer" ONCESTICK_STATION_DIR="$W/station"
checks=0
printf 'correct horse\n' >"$W/pass"

# Where unit tests that are run by a scenario have their files: beside its own, names in names get too long; if that is no choice of
# anybody's, in memory (in-memory).
tests_apart()
{
	export TMPDIR="${W%/*}"
	[ "$TMPDIR" != /tmp ] || unset TMPDIR
}

die()
{
	true >"$W/failed" # also where this is a subshell, which ends alone
	echo "FAILED: $*"
	echo "--- stdout"; tail -n 20 "$W/out" 2>/dev/null
	echo "--- stderr"; tail -n 20 "$W/err" 2>/dev/null
	exit 1
}

# What the command says is elsewhere until it has ended: a check of $W/out reads what the last one has said, not its own nothing.
carry_out() # COMMAND...: its exit status
{
	[ -d "$W/now" ] || mkdir "$W/now" || die "mkdir"
	"$@" >"$W/now/out" 2>"$W/now/err" </dev/null
	set -- $?
	mv "$W/now/out" "$W/now/err" "$W" || die "a check within a check"
	return "$1"
}

check()
{
	what=$1
	shift
	carry_out "$@" || die "$what (exit $?): $*"
	checks=$((checks + 1))
	echo "ok $checks - $what"
}

refused()
{
	want=$1 what=$2
	shift 2
	carry_out "$@"
	got=$?
	[ $got -eq "$want" ] || die "$what: exit $got, expected $want: $*"
	grep -Eq "\[E_[A-Z_]+ $want\]" "$W/err" || die "$what: no [E_... $want] in the message"
	checks=$((checks + 1))
	echo "ok $checks - $what (exit $want)"
}

said()
{
	grep -Eqi -- "$1" "$W/err" || die "stderr does not say: $1"
}

printed()
{
	grep -Eq -- "$1" "$W/out" || die "stdout does not have: $1"
}

is() # DESCRIPTION GOT WANTED
{
	[ "$2" = "$3" ] || die "$1: got '$2', wanted '$3'"
	checks=$((checks + 1))
	echo "ok $checks - $1"
}

nothing() # DESCRIPTION COMMAND...
{
	what=$1
	shift
	carry_out "$@" || die "$what (exit $?): $*"
	[ ! -s "$W/out" ] || die "$what: $*"
	checks=$((checks + 1))
	echo "ok $checks - $what"
}

skip()
{
	[ -z "${CI:-}" ] || die "cannot run, and on CI nothing is skipped: $*"
	echo "SKIP: $*"
	exit 77
}

need_fuse()
{
	if [ ! -c /dev/fuse ] || [ ! -w /dev/fuse ]; then
		skip "no usable /dev/fuse"
	fi
}

in_guest() # ARGUMENT...: vm/run with these; everything must hold in the guest
{
	"$ONCE_TESTS/vm/run" "$@" >"$W/guest" 2>&1
	status=$?
	cat "$W/guest"
	if [ $status -eq 77 ]; then
		skip "no guests here"
	fi
	check "everything held in the guest" test $status -eq 0
}

new_issuer()
{
	check "an issuer is made" oncestick init --passphrase-file "$W/pass"
}

sample() # a small folder at $1
{
	mkdir -p "$1/clips/deep/er" "$1/empty dir"
	printf 'hello\n' >"$1/a.txt"
	: >"$1/clips/empty"
	head -c 3000000 /dev/urandom >"$1/clips/film.bin"
	head -c 70000 /dev/urandom >"$1/clips/deep/er/größe 大.bin"
}

prepare() # FOLDER STICK ARGS...
{
	mkdir -p "$2"
	from=$1 to=$2
	shift 2
	check "a stick is prepared" oncestick prepare "$from" "$to" --passphrase-file "$W/pass" "$@"
}

codes() # FILE N [STICK]: issue N codes of STICK ($stick), one a line
{
	oncestick issue "${3:-$stick}" -n "$2" --to Test --passphrase-file "$W/pass" >"$1" 2>"$W/err" </dev/null || die "issue"
	[ "$(wc -l <"$1")" -eq "$2" ] || die "issue printed $(wc -l <"$1") codes, not $2"
}

one_code() # FILE [STICK]: one fresh code
{
	codes "$1" 1 "${2:-$stick}"
}

mistyped() # CODE: it with one wrong symbol in its third group, which no other keyboard explains (one code in a few hundred has one)
{
	for symbol in 7 8 9 6; do
		[ "$(printf %s "$1" | cut -c11)" != "$symbol" ] || continue
		printf '%s%s%s\n' "$(printf %s "$1" | cut -c1-10)" "$symbol" "$(printf %s "$1" | cut -c12-)" >"$W/mistyped"
		oncestick mount "$stick" --code-file "$W/mistyped" 2>&1 </dev/null | grep -q keyboard || break
	done
	cat "$W/mistyped"
}

flip() # FILE OFFSET: flip one bit of that byte
{
	byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059 # an octal escape made here
	printf "\\$(printf %o $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

mounted() # whether $1 is one of our mounts
{
	grep -F " $(printf %s "$1" | sed 's/ /\\040/g') " /proc/self/mountinfo | grep -q fuse.oncestick
}

wait_until() # SECONDS COMMAND...: poll until it succeeds
{
	tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "gave up waiting for: $*"
		sleep 0.05
	done
}

issued_stick() # ARGS...: $stick from a sample folder, its code in $W/code; restore makes stick, books and memory what they are now
{
	stick=$W/stick kept=$W/kept
	# shellcheck disable=SC2034 # for the scenario
	pass="--passphrase-file=$W/pass"
	mkdir "$kept"
	sample "$W/folder"
	new_issuer
	prepare "$W/folder" "$stick" "$@"
	one_code "$W/code"
	keep
}

keep()
{
	rm -rf "$kept"
	mkdir "$kept"
	for part in stick issuer station; do
		[ ! -e "$W/$part" ] || cp -a "$W/$part" "$kept" || die "keep"
	done
}

restore()
{
	rm -rf "$W/stick" "$W/issuer" "$W/station"
	cp -a "$kept"/* "$W" || die "restore"
}

ends() # STATUS... -- COMMAND...: exits with one of these; sets $got. $at says after what
{
	wanted=
	while [ "$1" != -- ]; do
		wanted="$wanted $1" && shift
	done
	shift
	carry_out "$@"
	got=$?
	case "$wanted " in
	*" $got "*) ;;
	*) die "${at:-nothing yet}; then exit $got, wanted one of$wanted: $*" ;;
	esac
}

find_session() # PID...: sets $session: the one that has the memory open
{
	for session in "$@"; do
		! ls -l "/proc/$session/fd" 2>/dev/null | grep -q station.sqlite || return 0
	done
	return 1
}

traced() # PID
{
	grep -q 'TracerPid:.[1-9]' "/proc/$1/status"
}

no() # the command must fail, but not for want of a program or, with grep, of a file, nor by a signal
{
	"$@"
	set -- "$1" $?
	[ "$2" -ne 0 ] && [ "$2" -lt 126 ] && { [ "$1" != grep ] || [ "$2" -eq 1 ]; }
}

finish()
{
	[ ! -e "$W/failed" ] || exit 1
	echo "$checks checks held"
	: >"$W/finished"
	exit 0
}

cleanup()
{
	for c in "$W"/station*/session/*.ctl; do
		[ -S "$c" ] || continue
		ONCESTICK_STATION_DIR=${c%/session/*}
		oncestick status --json | jq -r '.open[].mount_point' | while read -r open; do
			oncestick unmount "$open" --force --pause
		done >/dev/null 2>&1
	done
}

# A scenario that passes has come to finish, whatever else ended it with 0. run-scenario sees to that too, but in no guest.
at_exit()
{
	set -- $?
	cleanup
	[ "$1" -ne 0 ] || [ -e "$W/finished" ] || exit 1
}
trap at_exit EXIT
