# Real media: a film of several minutes, WebM, slides, pictures, odd names. What is mounted equals what was packed, also for a player
# that jumps about.
. "$ONCE_TESTS/scenario/scenario.sh"
need_fuse
stick=$W/stick
f=$W/folder
mkdir -p "$f/Folien und Bilder" "$f/empty" "$f/d/e/e/p/e/r/and/deeper/still"
check "a film of three minutes" ffmpeg -v error -f lavfi -i testsrc2=size=320x180:rate=25:duration=180 \
	-f lavfi -i "sine=frequency=300:duration=180" -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac -b:a 96k \
	-movflags +faststart "$f/film.mp4"
check "a WebM" ffmpeg -v error -f lavfi -i testsrc=size=160x90:rate=15:duration=20 -f lavfi -i "sine=duration=20" \
	-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k -c:a libopus "$f/clip.webm"
cp "$ONCE_TESTS/scenario/media/slides/slides.pdf" "$ONCE_TESTS/scenario/media/pictures/mandelbrot.jpg" "$f/Folien und Bilder/"
: >"$f/empty file"
long=$(printf 'n%.0s' $(seq 251))
printf 'long\n' >"$f/$long.txt"
printf 'utf-8\n' >"$f/d/강의 – größe Ω 🎬.txt"
printf 'newline\n' >"$f/d/two
lines"
printf 'quote\n' >"$f/d/'\"\$(touch pwned);&|<>*?[]"
printf 'deep\n' >"$f/d/e/e/p/e/r/and/deeper/still/bottom"
head -c 65536 /dev/urandom >"$f/d/one block"
head -c 65537 /dev/urandom >"$f/d/one block and a byte"
touch -d '1987-06-05 04:03:02.123456789Z' "$f/d/one block"
touch -d '1931-02-03 04:05:06Z' "$f/clip.webm"
touch -d '2001-02-03 04:05:06.7Z' "$f/empty"
new_issuer
prepare "$f" "$stick" --label Media
one_code "$W/code"
check "mount" oncestick mount "$stick" --code-file "$W/code"
m=$(cat "$W/out")
check "diff finds nothing" diff -r "$f" "$m"
rsync -anc --itemize-changes --no-perms --no-owner --no-group "$f/" "$m/" >"$W/changes" || die "rsync"
is "rsync finds nothing: names, sizes, times and contents" "$(cat "$W/changes")" ""
is "times to the nanosecond" "$(stat -c %y "$m/d/one block")" "$(stat -c %y "$f/d/one block")"
is "the same names, whatever bytes they have" "$(cd "$m" && find . -print0 | sort -z | sha256sum)" \
	"$(cd "$f" && find . -print0 | sort -z | sha256sum)"
is "modes" "$(stat -c %A "$m/film.mp4") $(stat -c %A "$m/d")" "-r--r--r-- dr-xr-xr-x"

frames() # FILE SECONDS: checksums of 25 frames from there
{
	ffmpeg -v error -ss "$2" -i "$1" -frames:v 25 -an -f framemd5 - || echo failed
}
for at in 0 97.3 12 178.5 44.4 151 3 88; do
	is "frames at $at s" "$(frames "$m/film.mp4" $at)" "$(frames "$f/film.mp4" $at)"
done
is "the whole film" "$(ffmpeg -v error -i "$m/film.mp4" -c copy -f framemd5 -)" "$(ffmpeg -v error -i "$f/film.mp4" -c copy -f framemd5 -)"
is "the WebM" "$(ffmpeg -v error -i "$m/clip.webm" -c copy -f framemd5 -)" "$(ffmpeg -v error -i "$f/clip.webm" -c copy -f framemd5 -)"
(cd "$f" && sha256sum film.mp4 clip.webm "d/one block and a byte") >"$W/sums"
for i in 1 2 3 4; do
	(cd "$m" && sha256sum -c --status "$W/sums" && touch "$W/reader$i") &
done
wait
is "four readers at once" "$(ls "$W" | grep -c '^reader')" 4
check "end" oncestick unmount --yes
finish
