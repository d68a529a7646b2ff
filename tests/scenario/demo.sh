#!/bin/sh
# demo.sh BUILD - the main job end to end with the real program, in a directory that is removed afterwards. Exit 0 only if every
# step did what it should, 47 where this machine has no FUSE.
set -u
PATH="$1:$PATH"
media=$(cd "$(dirname "$0")/media" && pwd)
bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
fi

# A file system on which records can be destroyed: not that of a container's root.
pick_place()
{
	for d in "${TMPDIR:-/tmp}" /var/tmp "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}" /dev/shm "$HOME"; do
		[ -d "$d" ] && [ -w "$d" ] || continue
		case $(stat -f -c %T "$d") in
		overlayfs | overlay* | btrfs | f2fs | nilfs* | zfs | bcachefs | nfs* | cifs | smb* | v9fs | 9p | aufs | UNKNOWN*) ;;
		*) echo "$d"; return ;;
		esac
	done
	echo "demo: no directory on a file system that overwrites in place (tried /tmp, /var/tmp, /run/user, /dev/shm, home)" >&2
	return 1
}
place=$(pick_place) || exit 39
work=$(mktemp -d "$place/oncestick-demo.XXXXXX") || exit 1
mkdir "$work/home" "$work/stick"
export HOME="$work/home" ONCESTICK_ISSUER_DIR="$work/issuer" ONCESTICK_STATION_DIR="$work/pc"
trap 'oncestick unmount --force --quiet </dev/null >/dev/null 2>&1; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
umask 077
echo 'a passphrase for the demo' >"$work/passphrase"

step()
{
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

show() # print a command as a person would type it
{
	printf '%s$ oncestick' "$dim"
	for a in "$@"; do
		case $a in
		--passphrase-file | --code-file) skip=1 ; continue ;;
		esac
		[ -z "${skip:-}" ] || { skip= ; continue ; }
		case $a in
		*[\ \']*) printf ' "%s"' "$a" ;;
		*) printf ' %s' "$a" ;;
		esac
	done | sed "s#$work/stick#/media/kim/STICK#; s#$media#~/lectures/week-12#; s#$work/##"
	printf '%s\n' "$plain"
}

failed()
{
	echo "demo: $* - this should not have happened" >&2
	exit 1
}

# Run oncestick, with paths as the person of the tour would see them, what it says and what it prints in one stream.
run()
{
	{ oncestick "$@" 2>&1 </dev/null; echo $? >"$work/status"; } |
		sed "s#$work/stick#/media/kim/STICK#g; s#$work/home#/home/kim#g; s#$work/#/home/kim/.local/share/oncestick/#g"
	return "$(cat "$work/status")"
}

do_it() # the command must succeed
{
	show "$@"
	run "$@" || exit_with $? "$1"
}

exit_with()
{
	[ "$1" -ne 47 ] || { echo "demo: this machine cannot mount (see above); everything before the mount worked" >&2; exit 47; }
	failed "oncestick $2 ended with $1"
}

refused() # STATUS ARGS...: the command must be refused with that status
{
	want=$1
	shift
	show "$@"
	run "$@"
	got=$?
	[ $got -eq "$want" ] || failed "exit $got instead of $want"
}

step '1. The issuer, once: a seed under a passphrase'
do_it init --passphrase-file "$work/passphrase" --contact '+49 30 1234'

step '2. The issuer prepares a locked stick from a folder'
do_it prepare "$media" "$work/stick" --label 'Week 12' --codes 4 --passphrase-file "$work/passphrase"
do_it inspect "$work/stick"

step '3. ... and hands out two single-use codes'
show issue "$work/stick" -n 2 --to 'Kim, hall 3'
oncestick issue "$work/stick" -n 2 --to 'Kim, hall 3' --passphrase-file "$work/passphrase" </dev/null >"$work/codes" ||
	exit_with $? issue
cat "$work/codes"
sed -n 1p "$work/codes" >"$work/first"
sed -n 2p "$work/codes" >"$work/second"

step '4. The speaker tries the code at home: nothing is spent'
do_it rehearse "$work/stick" --code-file "$work/first"

step '5. At the lecture: the code opens the stick as a folder'
show mount "$work/stick"
run mount "$work/stick" --code-file "$work/first" || exit_with $? mount
folder=$(oncestick status --json | sed -n 's/^ *"mount_point": "\(.*\)",$/\1/p')
[ -d "$folder" ] || failed "no folder is open"
ls -lR "$folder" | sed "s#$work/home#/home/kim#"
diff -r "$media" "$folder" || failed 'the folder differs from what was packed'
echo '(every byte equals what was packed)'
do_it status

step '6. After the lecture: the folder goes, the code is dead'
do_it unmount --yes
refused 30 mount "$work/stick" --code-file "$work/first"

step '7. The second code was lost on the way: the issuer revokes it'
show revoke --code --at "$work/stick"
run revoke --code-file "$work/second" --at "$work/stick" --yes --passphrase-file "$work/passphrase" || exit_with $? revoke
refused 31 mount "$work/stick" --code-file "$work/second"

step '8. The stick comes home: what happened?'
do_it collect "$work/stick" --passphrase-file "$work/passphrase"
do_it codes "$work/stick"

step 'That was the whole job.'
echo 'Read on: man oncestick, README.md'
