# pairs.sh - for scenarios to source: two users of one PC, each with a memory of his own, and one code at the same moment.
#
# Needs scenario.sh, and $at, where the stick is. A user is a home directory and a station: what the kernel knows of both is one.

as() # A|B COMMAND...: as one of the two
{
	user=$1
	shift
	HOME="$W/home$user" ONCESTICK_STATION_DIR="$W/station$user" "$@"
}

mkdir "$W/homeA" "$W/homeB"

# shellcheck disable=SC2154 # at: of who sources this
pair() # CODE-FILE: one of the two opens, the other is told why not; nothing is left open
{
	for user in A B; do
		as $user oncestick mount "$at" --code-file "$1" --no-desktop >"$W/out$user" 2>"$W/err$user" </dev/null &
		eval "pid$user=$!"
	done
	# shellcheck disable=SC2154 # set by eval
	wait "$pidA"
	gotA=$?
	# shellcheck disable=SC2154
	wait "$pidB"
	gotB=$?
	case "$gotA $gotB" in
	"0 15" | "0 30")
		winner=A loser=B
		;;
	"15 0" | "30 0")
		winner=B loser=A
		;;
	*)
		tail -n 3 "$W/errA" "$W/errB"
		die "a pair: exits $gotA and $gotB, wanted one that opens and one 30, or 15"
		;;
	esac
	grep -Eq "was used on .*another user of this one|somebody is using a code" "$W/err$loser" || {
		cat "$W/err$loser"
		die "a pair: the loser is not told why"
	}
	[ -n "$(as "$winner" ls "$(cat "$W/out$winner")")" ] || die "a pair: the winner has no media"
	as "$winner" oncestick unmount --yes -q >"$W/out" 2>"$W/err" </dev/null || die "a pair: unmount"
	pairs=$((pairs + 1))
}

pairs_of() # CODES-FILE N: so many pairs, each with a code of its own
{
	pairs=0
	while [ $pairs -lt "$2" ]; do
		sed -n "$((pairs + 1))p" "$1" >"$W/pair"
		pair "$W/pair"
	done
	for user in A B; do
		refused 30 "afterwards the last code opens for neither ($user)" as $user oncestick mount "$at" --code-file "$W/pair"
	done
	checks=$((checks + pairs))
	echo "ok $checks - $pairs pairs: one opens, the other is told why"
}
