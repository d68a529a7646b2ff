# Packages for Debian 12: built twice, in different places, as different users, at different times, they are the same bytes; lintian
# has nothing to say; on a bare root they install, their own tests pass there, and purged they leave nothing.
# shellcheck disable=SC2016 # $(...) that apt expands
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
for need in dpkg-buildpackage:dpkg-dev dh:debhelper lintian:lintian debootstrap:debootstrap autopkgtest:autopkgtest \
	faketime:faketime; do
	command -v "${need%:*}" >/dev/null || cannot "no ${need%:*} here (package ${need#*:})"
done
grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release || cannot "this is not Debian 12"
need_fuse

# ---- built twice -------------------------------------------------------------------------------------------------------------
build() # DIR COMMAND...: the packages of a copy of the sources in DIR, with the command before dpkg-buildpackage; left beside DIR
{
	dir=$1
	shift
	mkdir -p "${dir%/*}"
	cp -a "$W/dist" "$dir"
	(cd "$dir" && "$@" dpkg-buildpackage -us -uc) >"$dir.log" 2>&1 || { tail -n 60 "$dir.log"; return 1; }
}
as_nobody()
{
	chown -R nobody "${PWD%/*}"
	umask 022
	env -u TMPDIR TZ=UTC LC_ALL=C.UTF-8 DEB_BUILD_OPTIONS="parallel=$(nproc)" \
		setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
}
next_year()
{
	umask 077
	env TZ=Pacific/Kiritimati LC_ALL=C DEB_BUILD_OPTIONS="parallel=1 nocheck" faketime -f +400d "$@"
}
check "the sources are as make dist has them" make -s -C "$ONCE_BUILD" distdir distdir="$W/dist"
sed -n 's/^SLOW = //p' "$W/dist/debian/rules" | tr ' ' '\n' | sort >"$W/slow"
make -s -C "$ONCE_BUILD" list-tests | grep '^tests/unit/' | sort >"$W/units"
nothing "the slow ones are unit tests" comm -23 "$W/slow" "$W/units"
comm -13 "$W/slow" "$W/units" >"$W/quick"
# All that the package chooses in test all; else those that ask who runs them.
if [ -z "${ONCE_DEEP:-}" ]; then
	grep -E '/(fuse|host)/|/check_(issuer|keystore|provision|reformat|station|stick|stickio)$' "$W/quick" >"$W/some"
	mv "$W/some" "$W/quick"
	QUICK=$(tr '\n' ' ' <"$W/quick")
	export QUICK
fi
check "packages are built, and the quick unit tests pass, as an ordinary user" build "$W/one/oncestick" as_nobody
unset QUICK
sed -n 's|^PASS: \(tests/unit/[a-z0-9_/]*\)$|\1|p' "$W/one/oncestick.log" | sort >"$W/passed"
check "... more than a few" test "$(wc -l <"$W/passed")" -gt 20
nothing "... all of them" diff "$W/quick" "$W/passed"
check "they are built as root, elsewhere, with another umask, next year" build "$W/another/place/oncestick" next_year
for package in oncestick liboncestick0 liboncestick-dev oncestick-doc; do
	check "$package is there" test -f "$W"/one/"$package"_*.deb
done
for file in "$W"/one/*.deb "$W"/one/*.tar.xz; do
	check "${file##*/} is the same both times" cmp "$file" "$W/another/place/${file##*/}"
done
nothing "lintian has nothing to say" lintian --allow-root --info --display-info --pedantic "$W"/one/*.changes

# ---- a bare root, in a mount namespace of its own: what was mounted and started goes with it ---------------------------------
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u >"$W/sources"
mirror=$(awk '$3 == "bookworm" && $4 == "main" { print $2; exit }' "$W/sources")
[ -n "$mirror" ] || cannot "apt knows no Debian 12 (apt-get update?)"
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
export W mirror http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}"

cat >"$W/inside" <<'INSIDE'
set -eu
. "$ONCE_TESTS/scenario/bare-root.sh"
root=$W/root
unset TMPDIR # it is not inside
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
files() # all that is there, but for what apt and dpkg write down
{
	(cd "$root" && find . -xdev \( -path './var/lib/apt/*' -o -path './var/lib/dpkg/*' -o -path './var/cache/apt/*' -o \
		-path './var/log/*' \) -prune -o -print | sort)
}

bare_root bookworm
ln -s ../proc/self/mounts "$root/etc/mtab" # as systemd does at boot
cp -r /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/trusted.gpg.d "$root/etc/apt/"
cp "$W/sources" "$root/etc/apt/sources.list"
chroot "$root" apt-get update -q=2

install() # PACKAGE...: those that were built, as an administrator does
{
	mkdir "$root/packages"
	for p in "$@"; do
		cp "$W"/one/"$p"_*.deb "$root/packages/"
	done
	chroot "$root" sh -c 'apt-get install -y --no-install-recommends /packages/*.deb' >>"$W/installed" 2>&1
	rm -r "$root/packages"
}
all='oncestick liboncestick0 liboncestick-dev oncestick-doc'
files >"$W/before"
install oncestick
chroot "$root" dpkg-query -W >"$W/with"
cp "$W/dist/debian/tests/three-jobs" "$root/tmp/"
chroot "$root" sh /tmp/three-jobs
files >"$W/meanwhile"
rm "$root/tmp/three-jobs"
install $all
chroot "$root" apt-get purge -y --autoremove $all
files >"$W/after"
autopkgtest --no-built-binaries --output-dir "$W/autopkgtest" "$W"/one/oncestick_*.deb "$W"/one/liboncestick0_*.deb \
	"$W"/one/liboncestick-dev_*.deb "$W/dist/" -- chroot "$root"
INSIDE
trap 'rm -rf "$W/root"' EXIT
unshare --mount --pid --fork --kill-child sh "$W/inside" >"$W/out" 2>"$W/err" </dev/null
status=$?
[ $status -ne 77 ] || cannot "debootstrap makes no bare root: $(tail -n 1 "$W/err")"
cat "$W/installed" "$W/autopkgtest/summary"
[ $status -eq 0 ] || die "something goes wrong in the bare root"
check "apt installs them without a warning" no grep -Ei '^[WE]:|warning|error' "$W/installed"
is "the tests of the packages pass there" "$(awk '{ print $2 }' "$W/autopkgtest/summary" | sort | uniq -c | tr -s ' ')" " 2 PASS"
check "what the program needs comes with it" grep -q '^libfuse3' "$W/with"
check "no library for drawing comes with the program unless it is recommended" no grep -E '^lib(x11|cairo|pango)' "$W/with"
check "the program is seen where it is installed" grep -qx ./usr/bin/oncestick "$W/meanwhile"
nothing "purged, they leave nothing" diff "$W/before" "$W/after"
finish
