# What fails underneath is told as what it is: no right, no descriptors, a full disk, a disk that cannot be read. "Damaged" is said of
# bytes that were read and are wrong, and of nothing else.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
preload=$ONCE_BUILD/tests/support/.libs/deny.so
[ -e "$preload" ] || die "$preload is not built"
! ldd "$ONCE_BIN/oncestick" | grep -q libasan || skip "a sanitizer has to be loaded first"
issued_stick --codes 4 --label Causes

deny() # "CALL ERRNO NAME" VERB ARGS...
{
	ONCE_DENY=$1
	export ONCE_DENY
	shift
	LD_PRELOAD="$preload:${LD_PRELOAD:-}" oncestick "$@"
	got_denied=$?
	unset ONCE_DENY
	return $got_denied
}

# ---- the memory of this PC ------------------------------------------------------------------------------------------------------

one_code "$W/first"
check "the memory is made" oncestick mount "$stick" "--code-file=$W/first"
check "and has a row" oncestick unmount --yes
refused 37 "a disk that is full while a code is claimed" \
	deny "write ENOSPC station.sqlite*" mount "$stick" "--code-file=$W/code"
said 'No space left on device'
said 'station\.sqlite'
said 'Nothing was spent'
check "the code still opens" oncestick rehearse "$stick" "--code-file=$W/code"

for errno in EIO ENXIO ERANGE; do
	refused 37 "a disk that cannot be read where the memory is ($errno)" \
		env ONCE_DENY_FROM=4096 sh -c 'LD_PRELOAD=$1 ONCE_DENY=$2 exec oncestick mount "$3" "$4"' sh "$preload:${LD_PRELOAD:-}" \
		"read $errno station.sqlite" "$stick" "--code-file=$W/code"
	! grep -Eq 'malformed|damaged|fix the permissions|ONCESTICK_STATION_DIR' "$W/err" || die "a read error is called damage"
	said 'disk is failing where its memory of used codes is .*(Input/output error|No such device or address|Numerical result)'
	said 'another PC'
	refused 62 "a disk that cannot be read where the books are ($errno)" \
		env ONCE_DENY_FROM=4096 sh -c 'LD_PRELOAD=$1 ONCE_DENY=$2 exec oncestick codes' sh "$preload:${LD_PRELOAD:-}" \
		"read $errno books.sqlite"
	! grep -Eq 'malformed|damaged|another oncestick' "$W/err" || die "a read error of the books is called damage"
	said "disk is failing where the issuer's books are"
done
check "the memory as it was" cp "$W/station/station.sqlite" "$W/memory"
head -c 6000 /dev/zero | dd of="$W/station/station.sqlite" bs=1 seek=4096 conv=notrunc status=none
refused 37 "a memory that is damaged" oncestick mount "$stick" "--code-file=$W/code"
said 'damaged'
said 'forgotten'
! grep -q 'fix the permissions' "$W/err" || die "damage is told as rights"
cp "$W/memory" "$W/station/station.sqlite"

# ---- a file that a person names -------------------------------------------------------------------------------------------------

for file in receipts enrol; do
	refused 1 "$file on a full disk" deny "write ENOSPC new" station $file "$W/new"
	said 'No space left on device\. Make room there'
	refused 1 "$file where no file may grow" deny "write EFBIG new" station $file "$W/new"
	said 'File too large\. .*ulimit -f'
	refused 1 "$file on a disk that fails" deny "write EIO new" station $file "$W/new"
	said 'Input/output error\. Name a file in another place'
	refused 2 "$file where it may not be" deny "open EACCES new" station $file "$W/new"
	said 'Permission denied\. Name a file in a directory of yours'
	refused 2 "$file on a disk that is read only" deny "open EROFS new" station $file "$W/new"
	said 'Read-only file system\. Name a file in another place'
	refused 2 "$file in a directory that is not there" oncestick station $file "$W/none/new"
	said 'No such file or directory\. Name a file in another place'
	check "nothing is left of it" test ! -e "$W/new"
done

# ---- an issuer that is being made -----------------------------------------------------------------------------------------------

not_made() # CAUSE DIRECTORY COMMAND...: says why, and does not send the person to init, which this was
{
	cause=$1 dir=$2
	shift 2
	refused 60 "no issuer can be made: $cause" env ONCESTICK_ISSUER_DIR="$dir" "$@"
	said "keystore cannot be made .*$cause.*ONCESTICK_ISSUER_DIR"
	! grep -q 'oncestick init' "$W/err" || die "init names itself as the remedy"
}
denied_init='LD_PRELOAD=$1 ONCE_DENY=$2 exec oncestick init "$3"'
for errno in ENOSPC:No.space EFBIG:File.too.large EROFS:Read-only EACCES:Permission.denied EIO:Input/output; do
	not_made "${errno#*:}" "$W/new-issuer" sh -c "$denied_init" sh "$preload:${LD_PRELOAD:-}" "open ${errno%:*} rights.*" "$pass"
done
not_made 'No space' "$W/new-issuer" sh -c "$denied_init" sh "$preload:${LD_PRELOAD:-}" 'write ENOSPC keystore*' "$pass"
not_made 'Not a directory' "$W/pass" oncestick init "$pass"
not_made 'Not a directory' "$W/pass/below" oncestick init "$pass"
check "and is made as soon as nothing is in the way" env ONCESTICK_ISSUER_DIR="$W/new-issuer" oncestick init "$pass"
if [ "$WHO" = user ]; then
	mkdir -m 500 "$W/closed"
	not_made 'Permission denied' "$W/closed/a/b" oncestick init "$pass"
fi

# ---- the stick ------------------------------------------------------------------------------------------------------------------

# What is said of a file of the stick that cannot be had: the cause, and what to do about it; not that it is damaged or worn out.
words_for() # ERRNO
{
	case $1 in
	EACCES) echo 'Permission denied' ;;
	EMFILE) echo 'Too many open files' ;;
	ENFILE) echo 'Too many open files in system' ;;
	ENOMEM) echo 'Cannot allocate memory|not enough free memory' ;;
	EIO) echo 'Input/output error|cannot be read' ;;
	esac
}

told() # ERRNO FILE VERB ARGS...: nothing fails, or it is told as what it is
{
	errno=$1 file=$2
	shift 2
	at="$1 with $errno of $file"
	deny "open $errno $file" "$@" >"$W/out" 2>"$W/err" </dev/null
	got=$?
	[ $got -ne 0 ] || return 0
	refusals=$((refusals + 1))
	grep -Eq "\[E_[A-Z_]+ $got\]" "$W/err" || die "$at: exit $got, and no [E_... $got]"
	grep -Eq "$(words_for "$errno")" "$W/err" || die "$at: the cause is not told"
	! grep -Eq 'E_STICK_DAMAGED|E_NO_GRANT|E_BUNDLE|E_SLOT_DAMAGED|E_NOTICE_MISSING|E_NO_STICK' "$W/err" || die "$at: called damaged or missing"
	[ "$errno" = EIO ] || ! grep -Eq 'worn out|damaged' "$W/err" || die "$at: called worn out"
	[ "$errno" != EACCES ] || grep -Eq "$whose" "$W/err" || die "$at: whose it is, is not told"
}

every_file() # VERB ARGS...: each file of the stick, each cause
{
	refusals=0
	for file in ONCE 'stick.?' g grant.cose 'lock.?' b manifest.cose '*.seg' 'notice.*' probe; do
		for errno in $causes; do
			told "$errno" "$file" "$@"
			[ -z "$undo" ] || $undo
		done
	done
	[ $refusals -gt 4 ] || die "$1: only $refusals of these kept it from its work: is anything denied?"
	checks=$((checks + 1))
	echo "ok $checks - $1 tells of each file of the stick why it cannot be had ($refusals)"
}

check "a code goes to somebody" oncestick issue "$stick" -n 1 --to Gone "$pass"
check "and is revoked: the stick has a list" oncestick revoke --holder Gone --at "$stick" "$pass"
keep
causes='EACCES EMFILE ENFILE ENOMEM EIO' undo='' whose='(belongs to .*|it is yours.*)(give the permission|get it) back'
few=0
limited() # N VERB ARGS...
{
	sh -c 'ulimit -n "$1"; shift; exec oncestick "$@"' sh "$@" >"$W/out" 2>"$W/err" </dev/null
}
for n in 6 8 10 12 14 16 18 20 22 24 28 31 32; do
	at="with $n descriptors"
	limited $n rehearse "$stick" "--code-file=$W/code"
	got=$?
	[ $got -eq 0 ] || grep -q 'Too many open files.*ulimit -n 1024' "$W/err" || die "$at: exit $got, and not for want of descriptors"
	limited $n mount "$stick" "--code-file=$W/code"
	is "$at mount does what the rehearsal said" $? $got
	[ $got -ne 0 ] || oncestick unmount --pause -q
	[ $got -eq 0 ] || few=$((few + 1))
done
restore
check "few descriptors are told as few descriptors" test $few -gt 2
if [ "$WHO" = user ]; then
	chmod 000 "$stick"/ONCE/stick.?
	refused 44 "a stick record that its owner took the rights of" oncestick rehearse "$stick"
	said 'stick\.a: Permission denied.*it is yours.*chmod -R a\+rwX ONCE'
	chmod 666 "$stick"/ONCE/stick.?
	chmod 000 "$stick"
	refused 44 "a stick that its owner took the rights of" oncestick rehearse "$stick"
	said 'it is yours.*chmod'
	chmod 755 "$stick"
	chmod 000 "$ONCESTICK_ISSUER_DIR"/*
	refused 60 "a keystore that may not be read" oncestick issue "$stick" -n 1 --to Another "$pass"
	said 'no permission to use the issuer.s keystore.*Permission denied'
	chmod 600 "$ONCESTICK_ISSUER_DIR"/*
	chmod 000 "$stick/ONCE"
	refused 44 "a directory ONCE without rights" oncestick rehearse "$stick"
	said 'ONCE: Permission denied'
	chmod 755 "$stick/ONCE"
fi
every_file rehearse "$stick" "--code-file=$W/code"
every_file inspect "$stick"
every_file verify "$stick"
close_and_restore()
{
	oncestick unmount --yes -q 2>/dev/null
	restore
}
undo=close_and_restore
every_file mount "$stick" "--code-file=$W/code"
undo=restore causes='EACCES EMFILE EIO' whose='(give the permission|get it) back' # what is just being made is nobody's yet
every_file issue "$stick" -n 1 --to Another "$pass"
every_file collect "$stick" "$pass"
every_file prepare "$W/folder" "$stick" --add --codes 1 --label Second "$pass"
every_file revoke --holder Test --at "$stick" "$pass"
every_file erase "$stick" --yes --discard "$pass"

# ---- records that cannot be read, when the stick comes home ---------------------------------------------------------------------

restore
grant=$(echo "$stick"/ONCE/g/*)
unread() # N STATE: what is found of the N-th code while lock.b cannot be read
{
	cp -a "$ONCESTICK_ISSUER_DIR" "$W/books"
	# shellcheck disable=SC2016
	refused 44 "a code whose other record cannot be read: $2" \
		env ONCESTICK_ISSUER_DIR="$W/books" sh -c 'LD_PRELOAD=$1 ONCE_DENY=$2 exec oncestick collect "$3" "$4" --yes --json' sh \
		"$preload:${LD_PRELOAD:-}" "read EIO lock.b" "$stick" "$pass"
	is "it is not called $2" "$(jq -r ".codes[$(($1 - 1))].found" "$W/out")" unreadable
	rm -r "$W/books"
}
check "a code is used" oncestick mount "$stick" "--code-file=$W/code"
check "and has ended" oncestick unmount --yes
# a tombstone that nobody with the code made
python3 - "$grant/lock.a" <<'PY' || die "the record cannot be forged"
import hashlib, sys

with open(sys.argv[1], "r+b") as f:
	raw = bytearray(f.read(4096)[:4064])
	assert raw[:8] == b"ONCESPNT"
	f.seek(4096)
	raw[8:28] = f.read(4096)[8:28]
	f.seek(4096)
	f.write(raw + hashlib.blake2b(b"\x0conce1/record" + raw, digest_size=32).digest())
PY
printf x | dd of="$grant/lock.a" bs=1 seek=$((2 * 4096 + 100)) conv=notrunc status=none
unread 2 destroyed
unread 3 damaged

# ---- what fusermount3 says when it does not unmount -------------------------------------------------------------------------------

restore
if [ "$WHO" = root ]; then
	home=$(mktemp -d /tmp/once-other.XXXXXX) # where another user may go
	trap 'cleanup; rm -rf "$home"' EXIT
	cp -r "$stick" "$W/code" "$home"
	chown -R nobody "$home"
	cp -a /etc "$W/etc"
	ln -sfn /dev/null "$W/etc/mtab" # what it looks into before it unmounts
	as_nobody="setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=$home ONCESTICK_STATION_DIR=$home/station"
	# shellcheck disable=SC2016
	check "an open folder that fusermount3 does not take away" unshare -m sh -c 'mount --bind "$1/etc" /etc && exec $2 sh -c "
		oncestick mount \"$3/stick\" --code-file \"$3/code\" --no-desktop || exit 3
		oncestick unmount --yes && exit 4
		oncestick status --json >\"$3/status\"
		oncestick unmount --yes --force"' sh "$W" "$as_nobody" "$home"
	said 'cannot be closed\. fusermount3 says: entry for .* not found in /etc/mtab\. .*unmount --force\. \[E_FUSE 47\]'
	said 'ended after .*Safe to pull'
	is "it was open still, before it was told to end all the same" "$(jq '.open | length' "$home/status")" 1
fi

# ---- surroundings ---------------------------------------------------------------------------------------------------------------

restore
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
	cp "$W/station/station.sqlite" "$W/memory"
	sh -c "exec oncestick rehearse \"\$1\" \"\$2\" $closed" sh "$stick" "--code-file=$W/code" >"$W/out" 2>"$W/err"
	got=$?
	case $got in
	0 | 1) ;;
	*) die "with $closed: exit $got" ;;
	esac
	case $closed in '>&-') said 'standard output cannot be written' ;; esac
	check "with $closed nothing is written where it should not" cmp "$W/memory" "$W/station/station.sqlite"
done
refused 24 "a code from a closed standard input" sh -c 'exec oncestick rehearse "$1" --code-file - <&-' sh "$stick"
refused 1 "a stack of 64 KiB" sh -c 'ulimit -s 64; exec oncestick rehearse "$1" --full' sh "$stick"
said 'ulimit -s 8192'
finish
