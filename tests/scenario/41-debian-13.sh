# Debian 13: on a bare root ./quickstart demo builds without a warning and does the three jobs; unit tests of what stands on libraries
# pass; installed, an ordinary user does the three jobs.
# argon2id: as it is, for all that is built and run here
. "$ONCE_TESTS/scenario/scenario.sh"
[ "$(id -un)" != nobody ] || finish # root was here before

cannot() # WHY
{
	[ -z "${CI:-}" ] || die "$1, and on CI nothing is skipped"
	skip "$1"
}

unset ONCESTICK_ISSUER_DIR ONCESTICK_STATION_DIR
[ "$WHO" = root ] || cannot "only root can make a bare root"
command -v debootstrap >/dev/null || cannot "no debootstrap here (package debootstrap)"
need_fuse
# shellcheck disable=SC2016 # $(...) that apt expands
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
	awk '$2 == "main" && !/security/ { print $1; exit }')
[ -n "$mirror" ] || cannot "apt knows no mirror of Debian (apt-get update?)"
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
export W mirror ONCE_BUILD ONCE_TESTS http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}"

check "the sources are as make dist has them" make -s -C "$ONCE_BUILD" distdir distdir="$W/dist"
cat >"$W/inside" <<'INSIDE'
set -eu
. "$ONCE_TESTS/scenario/bare-root.sh"
root=$W/root
unset TMPDIR # it is not inside
bare_root trixie
[ ! -e "$root/etc/mtab" ] # nothing makes it but systemd
apt-config dump Acquire | grep -i proxy >"$root/etc/apt/apt.conf.d/99proxy" || true
mount --bind "$ONCE_BUILD/debs" "$root/var/cache/apt/archives"
mv "$W/dist" "$root/src"
inside()
{
	chroot "$root" env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
inside CI=1 /src/quickstart demo
units='tests/unit/lib/check_blockcrypt tests/unit/lib/check_dcbor tests/unit/lib/check_envelope tests/unit/lib/check_kdf tests/unit/fuse/check_fusefs_ops tests/unit/sheet/check_layout tests/unit/keys/check_station'
inside make -s -C /src/build -j"$(nproc)" check TESTS="$units" check_PROGRAMS="$units" check_LTLIBRARIES= check_DATA=
inside make -s -C /src/build install prefix=/usr >"$W/installed"
inside ldconfig
inside sh /src/debian/tests/three-jobs && exit 1 # an ordinary user could not close the folder again
ln -s ../proc/self/mounts "$root/etc/mtab" # as systemd does at boot
inside sh /src/debian/tests/three-jobs
inside make -s -C /src/build tests/support/cached_pages
inside sh /src/tests/scenario/past-cache.sh /src/build/tests/support/cached_pages
INSIDE
trap 'rm -rf "$W/root"' EXIT
unshare --mount --pid --fork --kill-child sh "$W/inside" >"$W/out" 2>"$W/err" </dev/null
status=$?
[ $status -ne 77 ] || cannot "debootstrap makes no bare root: $(tail -n 1 "$W/err")"
[ $status -eq 0 ] || { tail -n 60 "$W/err"; die "something goes wrong on Debian 13"; }
is "the demo did the three jobs there" "$(grep -c '^That was the whole job' "$W/out")" 1
is "a film went past the page cache, and through it where that was asked for" "$(grep -c '^pages in the cache: ' "$W/out")" 1
is "an ordinary user did them, and was told before that there was no /etc/mtab" \
	"$(grep -e '^the three jobs are done$' -e '^SKIP' "$W/out")" "SKIP: no /etc/mtab here
the three jobs are done"
finish
