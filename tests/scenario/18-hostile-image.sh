# An image that lies, signed by its issuer, in an open folder: what is right can be read, what is not is an error, nothing hangs.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v python3 >/dev/null || skip "no python3"
maker=$ONCE_BUILD/tests/support/hostile_image
[ -x "$maker" ] || skip "$maker is not built (make check builds it where there is Check)"
stick=$W/stick
mkdir "$stick"
check "the stick is made" "$maker" "$stick"
cp "$W/out" "$W/code"
check "it verifies: no byte of it is damaged" oncestick verify "$stick" --code-file "$W/code"
check "it opens" oncestick mount "$stick" --code-file "$W/code"
folder=$(cat "$W/out")
session=$(oncestick status --json | jq -r '.open[0].pid')

cat >"$W/look.py" <<'EOF2'
import errno, os, sys

top = os.fsencode(sys.argv[1])

def fails(path, want=(errno.EIO,)):
	try:
		os.stat(path)
	except OSError as e:
		assert e.errno in want, (path, e)
		return
	raise AssertionError((path, "is there"))

def read(name):
	with open(top + b"/" + name, "rb") as f:
		return f.read()

# The names that a listing gives, and the error in which it ends.
def listing(path):
	names, error = [], 0
	with os.scandir(path) as entries:
		try:
			for e in entries:
				names.append(e.name)
		except OSError as e:
			error = e.errno
	return names, error

# What is a name and has sound contents is listed; what is none is not, and that is told.
names, error = listing(top)
assert error == errno.EIO, error
good = {b"good.txt", b"new\nline", b"\x1b[2J", b"\xff\xfe"}
assert good <= set(names), names
assert not [n for n in names if n in (b".", b"..", b"") or b"/" in n or b"\0" in n], names
for name in good:
	assert read(name) == b"hello\n", name
try: # a name that is not where it should be: found if it was listed just now, else missed
	assert read(b"before the others") == b"hello\n"
except FileNotFoundError:
	pass
assert read(b"same") in (b"hello\n", b"second")
for name in b"beyond", b"overflow", b"itself", b"type":
	fails(top + b"/" + name, (errno.EIO, errno.ENOENT))

# Large directories, whole and by name.
many, error = listing(top + b"/many")
assert error == 0 and sorted(many) == [b"%08u" % i for i in range(100000)], (error, len(many))
for i in 0, 1, 49999, 99999:
	assert read(b"many/%08u" % i) == b""
fails(top + b"/many/00100000", (errno.ENOENT,))

# Nothing but entries that are none: an error after bounded work.
for d in b"broken", b"shares":
	assert listing(top + b"/" + d) == ([], errno.EIO), d

# To the bottom of a long chain, step by step.
os.chdir(top + b"/deep")
for i in range(10000):
	os.chdir(b"d")
with open(b"end", "rb") as f:
	assert f.read() == b"hello\n"
os.chdir("/")
EOF2
# hostile 26, 27, 28, 29: lies of every kind in one folder, through the kernel
check "what is right is read, what is not is an error" timeout 300 python3 "$W/look.py" "$folder"
check "the whole folder can be walked" sh -c "timeout 300 find '$folder' >'$W/found' 2>'$W/errors'; test \$? -le 1"
check "... also what comes last" grep -q '/deep/.*/end$' "$W/found"
if ! grep -q __asan_init "$ONCE_BIN/oncestick"; then # whose own memory counts too
	memory=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$session/status")
	check "the session needs no more memory for it ($memory KiB)" test "$memory" -lt 65536
fi
check "it ends" oncestick unmount --yes
check "the folder is gone" test ! -e "$folder"
refused 30 "the code after that" oncestick mount "$stick" --code-file "$W/code"
finish
