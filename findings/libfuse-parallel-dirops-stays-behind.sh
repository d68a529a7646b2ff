#!/bin/sh
# libfuse 3.14.0: a file system that wants FUSE_CAP_PARALLEL_DIROPS does not get it, and is not told.
#
# Guess:    what is in fuse_conn_info.want after init(), and was in capable, is what the kernel is asked for; so lookups and readdirs
#           of one directory come side by side.
# Seen:     the kernel offers it, capable has it, and so has want; the flag is not in the answer to INIT, while one that is set beside
#           it, FUSE_CAP_ASYNC_READ, is. Without it the kernel has one lookup or readdir of a directory at a time, as before 4.7.
# Version:  libfuse3-3 3.14.0-4 (Debian 12). No kernel takes part: the program speaks the kernel's side itself.
# For us:   fuse/fusefs.c asks for it, and nothing else counts on it; a slow stick answers one listing of a folder after the other.
#
# Needs Debian 12 with gcc. No root.
set -eu
version=3.14.0-4
. "$(dirname "$0")/fetch"

command -v gcc >/dev/null || cannot "no gcc here"
fetch "libfuse3-dev=$version" "libfuse3-3=$version"
cd "$work"

cat >init.c <<'INIT'
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned capable, want;

static void
on_init(void *arg, struct fuse_conn_info *conn)
{
	(void)arg;
	conn->want |= FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_READ;
	capable = conn->capable;
	want = conn->want;
}

static ssize_t
io_read(int fd, void *p, size_t n, void *arg)
{
	(void)arg;
	return read(fd, p, n);
}

static ssize_t
io_writev(int fd, struct iovec *v, int n, void *arg)
{
	(void)arg;
	return writev(fd, v, n);
}

int
main(void)
{
	struct { struct fuse_in_header h; struct fuse_init_in i; } q = {{0}, {0}};
	struct { struct fuse_out_header h; struct fuse_init_out i; } a = {{0}, {0}};
	const struct fuse_custom_io io = {.read = io_read, .writev = io_writev};
	const struct fuse_lowlevel_ops ops = {.init = on_init};
	struct fuse_args args = {.argc = 1, .argv = (char *[]){"init", NULL}};
	struct fuse_session *session = fuse_session_new(&args, &ops, sizeof ops, NULL);
	struct fuse_buf buf = {0};
	int sv[2];

	if (session == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) != 0 || fuse_session_custom_io(session, &io, sv[1]) != 0)
		return 77;
	q.h = (struct fuse_in_header){.len = sizeof q, .opcode = FUSE_INIT, .unique = 1};
	q.i = (struct fuse_init_in){.major = 7, .minor = 36, .max_readahead = 131072, .flags = FUSE_PARALLEL_DIROPS | FUSE_ASYNC_READ};
	if (write(sv[0], &q, sizeof q) != (ssize_t)sizeof q || fuse_session_receive_buf(session, &buf) <= 0)
		return 77;
	fuse_session_process_buf(session, &buf);
	if (read(sv[0], &a, sizeof a) < (ssize_t)(sizeof a.h + 16) || a.h.error != 0)
		return 77;
	printf("parallel dirops: offered %d, wanted %d, asked for %d\n", (capable & FUSE_CAP_PARALLEL_DIROPS) != 0,
	    (want & FUSE_CAP_PARALLEL_DIROPS) != 0, (a.i.flags & FUSE_PARALLEL_DIROPS) != 0);
	printf("async read: offered %d, wanted %d, asked for %d\n", (capable & FUSE_CAP_ASYNC_READ) != 0,
	    (want & FUSE_CAP_ASYNC_READ) != 0, (a.i.flags & FUSE_ASYNC_READ) != 0);
	return 0;
}
INIT
lib=$work/root/lib/$(gcc -print-multiarch)
[ -e "$lib/libfuse3.so.3" ] || lib=$work/root/usr/lib/$(gcc -print-multiarch)
gcc -Iroot/usr/include/fuse3 init.c "$lib/libfuse3.so.3" -o init
LD_LIBRARY_PATH="$lib" ./init >out || cannot "the library does not answer"
echo "libfuse $version"
cat out
grep -q '^parallel dirops: offered 1, wanted 1, asked for 0$' out || { echo "changed: it was offered, wanted, and not asked for"; exit 1; }
grep -q '^async read: offered 1, wanted 1, asked for 1$' out || { echo "changed: async read was asked for"; exit 1; }
echo "as found"
