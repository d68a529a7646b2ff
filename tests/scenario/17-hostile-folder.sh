# What a program in the lecture hall may try with the open folder: to change it, and to run what is in it.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v python3 >/dev/null || skip "no python3"
stick=$W/stick
sample "$W/folder"
printf '#!/bin/sh\necho ran\n' >"$W/folder/run.sh"
chmod 4755 "$W/folder/run.sh"
cp /bin/true "$W/folder/true"
chmod 755 "$W/folder/true"
new_issuer
prepare "$W/folder" "$stick" --label Hostile --codes 1
one_code "$W/code"
check "mount" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
find "$stick" -type f -exec sha256sum {} + | sort >"$W/before"

cat >"$W/tries.py" <<'EOF2'
import errno, os, sys

top, mount = sys.argv[1:]
file, directory, new = top + "/a.txt", top + "/clips", top + "/new"
tries = {
	"open for writing": lambda: os.open(file, os.O_WRONLY),
	"open for both": lambda: os.open(file, os.O_RDWR),
	"append": lambda: os.open(file, os.O_WRONLY | os.O_APPEND),
	"open and truncate": lambda: os.open(file, os.O_WRONLY | os.O_TRUNC),
	"create": lambda: os.open(new, os.O_WRONLY | os.O_CREAT, 0o644),
	"create without a name": lambda: os.open(top, os.O_WRONLY | os.O_TMPFILE, 0o644),
	"truncate": lambda: os.truncate(file, 0),
	"chmod": lambda: os.chmod(file, 0o777),
	"chown": lambda: os.chown(file, os.getuid(), os.getgid()),
	"utime": lambda: os.utime(file, (0, 0)),
	"unlink": lambda: os.unlink(file),
	"rename": lambda: os.rename(file, new),
	"link": lambda: os.link(file, new),
	"symlink": lambda: os.symlink("a.txt", new),
	"mkdir": lambda: os.mkdir(new),
	"rmdir": lambda: os.rmdir(top + "/empty dir"),
	"mkfifo": lambda: os.mkfifo(new),
	"setxattr": lambda: os.setxattr(file, "user.x", b"y"),
	"removexattr": lambda: os.removexattr(file, "user.x"),
	"chmod of a directory": lambda: os.chmod(directory, 0o777),
	"chmod of the root": lambda: os.chmod(top, 0o777),
}
failed = False
for name, act in tries.items():
	try:
		act()
		got = "done"
	except OSError as e:
		got = errno.errorcode[e.errno]
	print(name, got)
	# Of a mount that is writable only opening is asked in words of files; what is not served at all has no word but that.
	served = mount == "ro" or name in ("open for writing", "open for both", "append", "open and truncate")
	failed |= got == "done" or (served and got != "EROFS")
sys.exit(failed)
EOF2
# hostile 30: every call that changes something. The kernel asks whether the mount may be written to before it looks at modes, so that this
# is what everybody is told.
check "whatever would change something is refused with EROFS" python3 "$W/tries.py" "$folder" ro
if [ "$WHO" = root ]; then # who may do anything: then the kernel keeps nothing from the session, and it is the one that refuses
	check "root makes the mount writable" mount -i -o remount,rw "$folder"
	check "and is refused all the same" python3 "$W/tries.py" "$folder" rw
	check "the mount is as it was" mount -i -o remount,ro "$folder"
fi
nothing "nobody has a right to write" find "$folder" -perm /222
# hostile 30: programs in the folder
for program in run.sh true; do
	"$folder/$program" >"$W/out" 2>"$W/err"
	is "$program does not run" $? 126
done
nothing "no file may be run, none is setuid" find "$folder" -type f -perm /7111
nothing "nothing but files and directories" find "$folder" ! -type f ! -type d
find "$stick" -type f -exec sha256sum {} + | sort >"$W/after"
check "the stick is as it was" cmp "$W/before" "$W/after"
check "the folder is as it was packed" diff -r "$W/folder" "$folder"
check "end" oncestick unmount --yes
finish
