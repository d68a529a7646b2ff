# fetch.sh - what the scripts here have in common: a temporary folder, $work, that goes with them, and public Debian packages in it.
# Sourced: . "$(dirname "$0")/fetch.sh"
# shellcheck shell=sh
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # apt downloads as a user of its own
root=$work/root

cannot()
{
	echo "cannot be tried: $*"
	exit 77
}

fetch() # PACKAGE[=VERSION]...: unpacked into $root; nothing is installed
{
	(cd "$work" && apt-get download -q=2 "$@" >log 2>&1) || cannot "$(tail -n 1 "$work/log")"
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$root"
	done
}

debian_13() # a small Debian 13 in $root. Needs root.
{
	[ "$(id -u)" -eq 0 ] || cannot "only root can make a root"
	command -v debootstrap >/dev/null || cannot "no debootstrap here"
	# shellcheck disable=SC2016 # $(...) that apt expands
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		awk '$2 == "main" && !/security/ { print $1; exit }')
	[ -n "$mirror" ] || cannot "apt knows no mirror of Debian"
	debootstrap --variant=minbase trixie "$root" "$mirror" >"$work/log" 2>&1 || cannot "$(tail -n 1 "$work/log")"
}
