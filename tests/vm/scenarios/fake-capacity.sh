# Sticks that lie about their size: one begins anew where its memory ends, one drops what comes there; 24 MiB that say they are 64.
# Nothing written to them may ever be called good. Then honest ones that are too small, or become full in the midst.
# shellcheck shell=sh source=/dev/null
. "$ONCE_TESTS/scenario/scenario.sh"
export HOME=/tmp/w
mkdir "$W/large" "$W/small"
head -c 30000000 /dev/urandom >"$W/large/film.bin"
head -c 300000 /dev/urandom >"$W/small/film.bin"
new_issuer
wrap=$(vmctl -n 3 device) || die "no stick that wraps"
drop=$(vmctl -n 4 device) || die "no stick that drops"
is "they say that they are larger" "$(cat "/sys/block/${wrap#/dev/}/size" "/sys/block/${drop#/dev/}/size" | sort -u)" 131072

write() # FOLDER STICK OPTIONS...
{
	from=$W/$1 to=$2
	shift 2
	oncestick prepare "$from" "$to" --codes 1 --passphrase-file "$W/pass" "$@"
}
# No code can be handed out, and none would open anything.
good=0 # codes of what was written well
nothing_usable()
{
	is "no code of it can be handed out" "$(oncestick codes --json | jq '[.sticks[] | .ready + .issued] | add')" $good
}
found() # the last command's words
{
	said "does not keep what is written to it"
	said "Use another stick"
	no grep -qi "same command again" "$W/err" || die "it says to try again"
	nothing_usable
}

# ---- as people meet them: with a file system made elsewhere ----
for type in vfat exfat; do
	for disk in "$wrap" "$drop"; do
		kind=$([ "$disk" = "$wrap" ] && echo wraps || echo drops)
		check "$type: a stick that $kind" "mkfs.$type" "$disk"
		check "it is mounted" desktop-mount "$disk" /media/fake
		refused 44 "$type: it $kind: found" write large /media/fake
		found
		is "no grant is on it" "$(ls /media/fake/ONCE/g 2>/dev/null)" ""
		umount -l /media/fake
	done
done

# ---- formatted by us: the last blocks come down on the partition table alone, and all of the lecture is read back as written ----
head -c 22400000 /dev/urandom >"$W/large/film.bin"
refused 44 "exFAT: it wraps over its own partition table" write large "$wrap" --format exfat --format-serial FAKE0003
found
head -c 23500000 /dev/urandom >"$W/large/film.bin"
refused 44 "FAT32: it wraps over its own partition table" write large "$wrap" --format vfat --format-serial FAKE0003
found

# ---- honest ones, with files of their owner ----
mine() # a digest of what is the owner's, from the stick
{
	(cd /media/mine && find . -path ./ONCE -prune -o -type f ! -name fill ! -name 'READ ME FIRST.txt' ! -name 'Open lecture.oncestick' -exec sha256sum {} + | sort)
}
anew() # TYPE: from the device
{
	umount /media/mine && "fsck.$1" -n "$disk" >"$W/fsck" 2>&1 && desktop-mount "$disk" /media/mine
}
stopped()
{
	grep -qs 'stopped by SIGSTOP' "$W/trace"
}
# Stopped when the first of it is written, until something else has filled the stick.
write_while_it_fills()
{
	rm -f "$W/trace"
	strace -f -qq -o "$W/trace" -e trace=pwrite64 -e inject=pwrite64:signal=STOP:when=3 \
		oncestick prepare "$W/large" /media/mine --codes 1 --passphrase-file "$W/pass" &
	wait_until 60 stopped
	dd if=/dev/zero of=/media/mine/fill bs=64k 2>/dev/null
	kill -CONT "$(sed -n 's/^\([0-9]*\) .*stopped by SIGSTOP.*/\1/p' "$W/trace" | head -n 1)"
	wait $!
}
leave() # BYTES: so much is free
{
	free=$(df --output=avail -B1 /media/mine | tail -n 1)
	truncate -s $(($(stat -c %s /media/mine/fill) + free - $1)) /media/mine/fill
}
n=0
for type in vfat exfat; do
	n=$((n + 1))
	disk=$(vmctl -n $n device)
	check "$type: an honest stick" desktop-mount "$disk" /media/mine
	mkdir /media/mine/letters
	echo "mine" >/media/mine/letters/a.txt
	head -c 2000000 /dev/urandom >/media/mine/photo.raw
	before=$(mine)
	truncate -s 60M "$W/large/film.bin"
	refused 38 "$type: it does not fit" write large /media/mine
	said "nothing was written. Use a larger stick"
	check "$type: nothing was written" test ! -e /media/mine/ONCE
	truncate -s 24M "$W/large/film.bin"
	refused 44 "$type: something else fills it" write_while_it_fills
	said "make room on it, or use another stick"
	nothing_usable
	check "$type: the file system is whole" anew "$type"
	is "$type: no bundle, and no grant" "$(ls /media/mine/ONCE/b /media/mine/ONCE/g 2>/dev/null)" ""
	is "$type: files of its owner are left alone" "$(mine)" "$before"
	leave $((26 * 1024 * 1024 + 512 * 1024))
	refused 38 "$type: not quite enough room" write large /media/mine
	leave $((27 * 1024 * 1024))
	check "$type: with room, the same command succeeds" write large /media/mine
	check "$type: the file system is whole" anew "$type"
	is "$type: files of its owner are left alone" "$(mine)" "$before"
	check "$type: what was written is whole" oncestick verify /media/mine
	check "$type: it goes" umount /media/mine
	good=$((good + 1))
done
finish
