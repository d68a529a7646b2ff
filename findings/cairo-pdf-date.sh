#!/bin/sh
# cairo 1.18: what a PDF says of itself (title, date, program) is no longer text in the file.
#
# Guess:    the /CreationDate that cairo writes, "(D:20231114221320Z)", can be found in the bytes of the file, as that of cairo 1.16.
# Seen:     the dictionary is in a compressed object stream; strings(1) and grep find neither it nor the word. The header says PDF 1.7
#           instead of 1.5, without anybody having asked. A program that reads PDF (pdfinfo) finds the date.
# Version:  libcairo2 1.18.4-1+b1 (Debian 13), by rsvg-convert 2.60.0; for text: 1.16.0-7 (Debian 12).
# For us:   tests/scenario/24-sheets.sh looked for the date of SOURCE_DATE_EPOCH with grep; it asks pdfinfo now.
#
# Needs root and debootstrap; a small Debian 13 is made.
set -eu
version=1.18.4-1+b1
. "$(dirname "$0")/fetch"

debian_13
chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q=2 --no-install-recommends "libcairo2=$version" librsvg2-bin \
	poppler-utils >"$work/log" 2>&1 || cannot "$(tail -n 1 "$work/log")"

cat >"$root/a.svg" <<'SVG'
<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="50" height="50"/></svg>
SVG
chroot "$root" env SOURCE_DATE_EPOCH=1700000000 rsvg-convert -f pdf -o /a.pdf /a.svg
header=$(head -c 8 "$root/a.pdf")
in_bytes=$(grep -ac 'CreationDate\|20231114221320' "$root/a.pdf") || true
date=$(chroot "$root" pdfinfo -isodates /a.pdf | sed -n 's/^CreationDate: *//p')
echo "libcairo2 $version: header $header, date as text: $in_bytes lines, pdfinfo: $date"
[ "$header" = %PDF-1.7 ] && [ "$in_bytes" -eq 0 ] && [ "${date%%T*}" = 2023-11-14 ] || { echo "changed"; exit 1; }
echo "as found"
