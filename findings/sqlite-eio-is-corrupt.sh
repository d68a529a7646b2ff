#!/bin/sh
# SQLite: a read of the database that fails with EIO, ENXIO or ERANGE is SQLITE_CORRUPT, and sqlite3_system_errno(3) is 0.
#
# Guessed: a pread(2) that fails gives SQLITE_IOERR (SQLITE_IOERR_READ), with the errno in sqlite3_system_errno(3), as other errnos do.
# Seen: with EIO, ENXIO and ERANGE the result is SQLITE_CORRUPT (11), "database disk image is malformed", system
# errno 0: a disk that cannot be read is not told from a file that is damaged. The file descriptor's own last errno
# (SQLITE_FCNTL_LAST_ERRNO) has it. EACCES, for comparison, is SQLITE_IOERR_READ with system errno 13.
# Version: libsqlite3-0 3.40.1-2+deb12u2 (Debian 12), amd64.
# Output seen:
#     EIO: result 11, system errno 0, last errno 5
#     ENXIO: result 11, system errno 0, last errno 6
#     ERANGE: result 11, system errno 0, last errno 34
#     EACCES: result 10, system errno 13, last errno 13
# Needs: apt, dpkg-deb, cc. Installs nothing outside a temporary folder. Exit status: 0 it is still so, 1 it is not, 77 it cannot be
# tried here.
set -u
version=3.40.1-2+deb12u2
. "$(dirname "$0")/fetch"

fetch "libsqlite3-dev=$version" "libsqlite3-0=$version"
lib=$(dirname "$(find "$work/root" -name libsqlite3.so.0 | head -n 1)")
cat >"$work/try.c" <<'EOF'
#define _GNU_SOURCE
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failing; /* the errno of every read beyond the first page */

ssize_t
pread64(int fd, void *buf, size_t n, off_t at)
{
	if (failing != 0 && at >= 4096) {
		errno = failing;
		return -1;
	}
	return syscall(SYS_pread64, fd, buf, n, at);
}

ssize_t
pread(int fd, void *buf, size_t n, off_t at)
{
	return pread64(fd, buf, n, at);
}

static void
try_one(const char *file, const char *name, int error)
{
	sqlite3 *db = NULL;
	int result, last = 0;

	sqlite3_open(file, &db);
	failing = error;
	result = sqlite3_exec(db, "SELECT count(*), sum(length(v)) FROM t", NULL, NULL, NULL);
	printf("%s: result %d, system errno %d, ", name, result & 0xff, sqlite3_system_errno(db));
	sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &last);
	printf("last errno %d\n", last);
	failing = 0;
	sqlite3_close(db);
}

int
main(int argc, char **argv)
{
	sqlite3 *db = NULL;

	if (argc != 2 || sqlite3_open(argv[1], &db) != SQLITE_OK)
		return 1;
	sqlite3_exec(db, "CREATE TABLE t (v TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
	    " INSERT INTO t SELECT hex(zeroblob(50)) FROM n", NULL, NULL, NULL);
	sqlite3_close(db);
	fprintf(stderr, "SQLite %s\n", sqlite3_libversion());
	try_one(argv[1], "EIO", EIO);
	try_one(argv[1], "ENXIO", ENXIO);
	try_one(argv[1], "ERANGE", ERANGE);
	try_one(argv[1], "EACCES", EACCES);
	return 0;
}
EOF
cc -rdynamic -I "$work/root/usr/include" -o "$work/try" "$work/try.c" -L "$lib" -lsqlite3 -Wl,-rpath,"$lib" || exit 77
"$work/try" "$work/test.sqlite" >"$work/seen" || exit 77
cat "$work/seen"
cat >"$work/known" <<'EOF'
EIO: result 11, system errno 0, last errno 5
ENXIO: result 11, system errno 0, last errno 6
ERANGE: result 11, system errno 0, last errno 34
EACCES: result 10, system errno 13, last errno 13
EOF
cmp -s "$work/seen" "$work/known" || { echo "it is not so any more"; exit 1; }
