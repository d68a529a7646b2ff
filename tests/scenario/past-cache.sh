#!/bin/sh
# past-cache - the installed program shows a film past the kernel's page cache, from which it can be mapped all the same, and through it
# where that is asked for. Argument: the program cached_pages.
set -eu
cached=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/past-cache.XXXXXX")
trap 'oncestick unmount --force --yes -q >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 HOME="$work/home" ONCESTICK_ISSUER_DIR="$work/issuer" ONCESTICK_STATION_DIR="$work/pc"
mkdir "$HOME" "$work/lecture" "$work/stick"
head -c 70000000 /dev/urandom >"$work/lecture/film.bin"
head -c 300000 /dev/urandom >"$work/lecture/slides.bin"
echo 'correct horse' >"$work/pass"
oncestick init -q --passphrase-file "$work/pass"
oncestick prepare "$work/lecture" "$work/stick" -q -n 2 --passphrase-file "$work/pass"
oncestick issue "$work/stick" -n 2 --passphrase-file "$work/pass" >"$work/codes"

shown() # LINE OPTION...: pages that are cached of film and slides once both were read
{
	sed -n "$1p" "$work/codes" >"$work/code"
	shift
	folder=$(oncestick mount "$work/stick" --code-file "$work/code" --no-desktop -q "$@")
	cmp "$folder/film.bin" "$work/lecture/film.bin"
	cmp "$folder/slides.bin" "$work/lecture/slides.bin"
	echo "$("$cached" "$folder/film.bin" "$work/lecture/film.bin") $("$cached" "$folder/slides.bin")"
	oncestick unmount "$folder" --yes -q
}

release=$(uname -r)
major=${release%%.*} minor=${release#*.}
minor=${minor%%[!0-9]*}
past=$(shown 1)
through=$(shown 2 --page-cache)
echo "pages in the cache: $past, $through"
[ "${through% *}" -gt 0 ] && [ "${through#* }" -gt 0 ] && [ "${past#* }" -gt 0 ] || exit 1
[ $((major * 1000 + minor)) -ge 6006 ] || exit 0 # a kernel that cannot
[ "${past% *}" -eq 0 ]
