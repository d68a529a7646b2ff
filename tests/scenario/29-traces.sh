# What the desktop remembers of the media goes with the folder: thumbnails, and entries of recent files. What it remembers of other
# files stays.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
command -v python3 >/dev/null || skip "no python3"
stick=$W/stick
sample "$W/folder"
new_issuer
prepare "$W/folder" "$stick" --label "Week 12 & more" --codes 3
one_code "$W/code"
thumbnails=$HOME/.cache/thumbnails
recent=$HOME/.local/share/recently-used.xbel
mkdir -p "$thumbnails/normal" "$thumbnails/fail/gnome-thumbnail-factory" "$HOME/.local/share/RecentDocuments"

# What a file manager writes for the paths it is given; a long name in the second form, as Qt does.
cat >"$W/desktop.py" <<'EOF2'
import hashlib, html, os, pathlib, struct, sys, time, zlib

home = pathlib.Path(os.environ["HOME"])

def thumbnail(where, uri, packed):
	def chunk(kind, data):
		return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
	text = chunk(b"zTXt", b"Thumb::URI\0\0" + zlib.compress(uri.encode())) if packed else chunk(b"tEXt", b"Thumb::URI\0" + uri.encode())
	png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"tEXt", b"Thumb::MTime\0001") + \
		text + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
	(where / (hashlib.md5(uri.encode()).hexdigest() + ".png")).write_bytes(png)

marks = ""
for path in sys.argv[1:]:
	uri = pathlib.Path(path).as_uri()
	thumbnail(home / ".cache/thumbnails/normal", uri, False)
	thumbnail(home / ".cache/thumbnails/fail/gnome-thumbnail-factory", uri, True)
	marks += f'  <bookmark href="{html.escape(uri)}" added="2026-11-22T10:00:00Z">\n    <info>\n      <metadata owner="http://freedesktop.org">\n' \
		'        <mime:mime-type type="video/mp4"/>\n      </metadata>\n    </info>\n  </bookmark>\n'
	(home / ".local/share/RecentDocuments" / (path.replace("/", "-") + ".desktop")).write_text(f"[Desktop Entry]\nURL[$e]={uri}\n")
(home / ".local/share/recently-used.xbel").write_text('<?xml version="1.0" encoding="UTF-8"?>\n<xbel version="1.0"\n>\n' + marks + "</xbel>")
EOF2
remembered() # how many things are remembered in all
{
	find "$thumbnails" "$HOME/.local/share/RecentDocuments" -type f | wc -l
}
open_and_look()
{
	check "a folder is open" oncestick mount "$stick" --code-file "$W/code"
	folder=$(cat "$W/out")
	check "the desktop shows it" python3 "$W/desktop.py" "$W/folder/a.txt" "$folder/a.txt" "$folder/clips/film.bin" "$folder"
	is "and remembers" "$(remembered) $(grep -c '<bookmark ' "$recent")" "12 4"
}
only_others()
{
	[ "$(remembered) $(grep -c '<bookmark ' "$recent")" = "3 1" ]
}
check "what is to be left" python3 "$W/desktop.py" "$W/folder/a.txt"
cp "$recent" "$W/recent"

open_and_look
check "pause" oncestick unmount --pause
wait_until 20 only_others
is "what is left of recent files is as it was" "$(cat "$recent")" "$(cat "$W/recent")"

open_and_look
kill -9 "$(oncestick status --json | jq '.open[0].pid')"
wait_until 20 only_others

# nobody is left but whoever asks next
open_and_look
pid=$(oncestick status --json | jq '.open[0].pid')
for p in $(pgrep -u "$(id -u)" -f "oncestick mount $stick"); do
	[ "$p" = "$pid" ] || kill -9 "$p"
done
kill -9 "$pid"
wait_until 10 no ls "$folder"
check "asking what is open" oncestick status
tidied() # a process that is killed lets go of its mount before its lock
{
	oncestick status >"$W/out" 2>&1 && only_others
}
wait_until 10 tidied

open_and_look
check "the end" oncestick unmount --yes
wait_until 20 only_others
[ ! -e "$HOME/.local/share/.recently-used.xbel.oncestick" ] || die "a file was left"
finish
