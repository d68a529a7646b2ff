#!/bin/sh
# SQLite (Debian): a function of its interface that is replaced in a program is replaced inside the library, too.
#
# Guess: sqlite3_step in a test program, put in the place of the library's to let it fail, is met by the program's own calls only; a
# library calls its own functions directly.
# Seen (libsqlite3 3.40.1, Debian 12): the shared library is linked without -Bsymbolic, so that sqlite3_exec finds the program's
# sqlite3_step, and sqlite3_prepare_v2's other callers theirs. A step that is made to fail for a test fails in the middle of scripts,
# of BEGIN and of COMMIT. The linker's --wrap reaches the program's own objects only.
#
# Needs: apt, dpkg-deb, gcc. Installs nothing outside a temporary folder.
set -eu
version=3.40.1-2+deb12u2
. "$(dirname "$0")/fetch"

fetch "libsqlite3-0=$version" "libsqlite3-dev=$version"
cd "$work"
lib=$(dirname "$(find root -name libsqlite3.so.0)")

cat >t.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include <sqlite3.h>

static int steps;

#ifdef WRAPPED
int __real_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st) { steps++; return __real_sqlite3_step(st); }
#else
int
sqlite3_step(sqlite3_stmt *st)
{
	int (*next)(sqlite3_stmt *) = (int (*)(sqlite3_stmt *))dlsym(RTLD_NEXT, "sqlite3_step");

	steps++;
	return next(st);
}
#endif

int
main(void)
{
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK)
		return 2;
	steps = 0;
	if (sqlite3_exec(db, "SELECT 1; SELECT 2; SELECT 3", NULL, NULL, NULL) != SQLITE_OK)
		return 2;
	printf("%d\n", steps);
	return sqlite3_close(db);
}
C
for how in replaced wrapped; do
	flags=
	[ "$how" = replaced ] || flags="-DWRAPPED -Wl,--wrap=sqlite3_step"
	# shellcheck disable=SC2086 # words
	gcc $flags -I root/usr/include -o "$how" t.c "$lib/libsqlite3.so.0" -Wl,-rpath,"$work/$lib" -ldl
	echo "sqlite3_step $how: sqlite3_exec came by $("./$how") times"
done
[ "$(./replaced)" -ge 3 ]
[ "$(./wrapped)" -eq 0 ]
echo "seen: libsqlite3 $version: replaced from outside, it calls the replacement itself"
