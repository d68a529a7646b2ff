# guest.sh - for scenarios inside a guest to source: the checks of scenario.sh, a stick of one's own, an ordinary user.
# shellcheck shell=sh source=/dev/null disable=SC2034 # status, tracer are for the scenarios
#
# The scenario runs as root, who pulls and mounts sticks; oncestick runs as the ordinary user. N is the number of its stick, which
# comes back in port N or N + 2. disk is its device, at is where it is mounted.
. "$ONCE_TESTS/scenario/scenario.sh"
export HOME="$W/home"
port=$N disk='' at='' mounts=0
cp "$GIVEN/pass" "$W/pass"
[ ! -d "$GIVEN/issuer" ] || cp -r "$GIVEN/issuer" "$W/"
mkdir -p "$W/home" "$W/station"
chown -R 1000:1000 "$W"

seconds() # since the guest is up
{
	read -r up _ </proc/uptime
	echo "${up%.*}"
}

# A poll starts a process, and here another scenario wants the processor meanwhile.
wait_until() # SECONDS COMMAND...: poll until it succeeds
{
	bound=$(($(seconds) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(seconds)" -lt $bound ] || die "gave up waiting for: $*"
		sleep 0.2
	done
}

oncestick() # what asuser does, in one process instead of five
{
	XDG_RUNTIME_DIR=/run/user/1000 USER=once LOGNAME=once setpriv --reuid=1000 --regid=1000 --clear-groups oncestick "$@"
}

# ---- the stick ----

pull() # the stick is pulled; returns when the kernel knows
{
	vmctl ask '{"execute":"device_del","arguments":{"id":"stick'"$N"'"}}' >/dev/null || die "pull"
	wait_until 60 no test -e "/sys/block/${disk#/dev/}"
}

put_back() # [SERIAL]: in the other port
{
	port=$((port == N ? N + 2 : N))
	serial=${1:-$(sed -n "s/^$N //p" /xchg/sticks)}
	vmctl ask '{"execute":"device_add","arguments":{"driver":"usb-storage","id":"stick'"$N"'","bus":"usb.0","port":"'"$port"'",'\
'"drive":"image'"$N"'","removable":true,"serial":"'"$serial"'"}}' >/dev/null || die "put back"
	disk=$(vmctl -n "$port" device) || die "the stick did not come"
}

find_stick() # wherever the last scenario left it
{
	for port in "$N" $((N + 2)); do
		for disk in /sys/bus/usb/devices/*-"$port"/*/host*/target*/*/block/*; do
			disk=/dev/${disk##*/}
			[ ! -b "$disk" ] || return 0
		done
	done
	die "no stick $N"
}

mount_stick() # the stick that is there, in a directory where it never was
{
	mounts=$((mounts + 1))
	at=/media/$N-$mounts
	desktop-mount "$disk" "$at" 2>"$W/err" || die "mount $disk"
}

# ---- processes that are stopped at a system call ----

# stopped TRACE-OPTIONS... -- COMMAND...: start it in the background, traced; returns when it is stopped, or has ended. Its output
# and errors go to $W/out and $W/err, its exit status to $W/status.
stopped()
{
	rm -f "$W/status" "$W/trace"
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	# shellcheck disable=SC2016,SC2086 # for the other shell; options without spaces
	strace -f -qq -o "$W/trace" $options sh -c '"$@" >"$W/out" 2>"$W/err" </dev/null; echo $? >"$W/status"' \
		sh asuser env HOME="$HOME" oncestick "$@" 2>"$W/strace" &
	tracer=$!
	wait_until 200 stopped_or_over
	grep -q 'stopped by SIGSTOP' "$W/trace" || die "never stopped: $*"
}
stopped_or_over()
{
	grep -qs 'stopped by SIGSTOP' "$W/trace" || [ -s "$W/status" ]
}

go_on() # what was stopped goes on
{
	kill -CONT "$(sed -n 's/^\([0-9]*\) .*stopped by SIGSTOP.*/\1/p' "$W/trace" | head -n 1)"
}

outcome() # SECONDS: its exit status, in $status
{
	wait_until "$1" test -s "$W/status"
	status=$(cat "$W/status")
}
