# bare-root.sh - for scenarios to source in a mount namespace of their own: a bare root of a Debian suite in $root, from $mirror.
#
# What is fetched is kept in debs/ of the build directory, and used again.

# shellcheck disable=SC2154 # root, mirror: of who sources this
bare_root() # SUITE [ARCH]: exit 77 if it cannot be had
{
	mount --make-rprivate /
	mkdir -p "$root"
	# In memory, where there is plenty: a package is a thousand files that wait for the disk, and are removed with the root.
	[ "$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)" -lt 8000000 ] || mount -t tmpfs -o mode=755 tmpfs "$root"
	mkdir -p "$ONCE_BUILD/debs"
	case $mirror in
	https:*) include=--include=ca-certificates ;;
	*) include= ;;
	esac
	debootstrap ${2:+--arch="$2"} --variant=minbase --cache-dir="$ONCE_BUILD/debs" $include "$1" "$root" "$mirror" || exit 77
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/dev"
	for node in null zero full random urandom tty fuse; do
		: >"$root/dev/$node"
		mount --bind "/dev/$node" "$root/dev/$node"
	done
	chmod 666 /dev/fuse
	mkdir -m 1777 "$root/dev/shm"
	mkdir "$root/dev/pts"
	mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
}
