#!/bin/sh
# SQLite: a foreign key into a WITHOUT ROWID table reads the whole row that it points to, each time.
#
# Guess: to check a foreign key SQLite looks its key up in the parent's b-tree and needs no more than the key; how long the rest of the
# parent's row is makes no difference.
# Seen (SQLite 3.40.1, Debian 12), a parent of one row with a blob of 4 MB, 1000 children inserted in one transaction: with an ordinary
# parent the insert touches a page for each child; with a parent that is WITHOUT ROWID it touches 979, the whole overflow chain, for
# each child. The key is in the row's record there, and the record is put together from all of its pages before it is compared.
# So a long value does not belong in a WITHOUT ROWID table that others refer to: it wants a table of its own.
#
# Needs: apt, dpkg-deb. Installs nothing outside a temporary folder. Exit status: 0 it is still so, 1 it is not, 77 it cannot be tried.
set -eu
version=3.40.1-2+deb12u2
. "$(dirname "$0")/fetch"

fetch "sqlite3=$version" "libsqlite3-0=$version"
cd "$work"
LD_LIBRARY_PATH=$(dirname "$(find "$work/root" -name libsqlite3.so.0 | head -n 1)")
export LD_LIBRARY_PATH

pages() # BYTES OPTION: how many pages of the cache the insert of 1000 children touches
{
	rm -f t.db
	root/usr/bin/sqlite3 t.db <<SQL | awk '/^Page cache hits/ && $4 > most { most = $4 } END { print most }'
PRAGMA foreign_keys = on;
PRAGMA cache_size = -20000;
CREATE TABLE parent (k BLOB PRIMARY KEY, v BLOB) $2;
CREATE TABLE child (k BLOB NOT NULL REFERENCES parent (k), n INTEGER);
INSERT INTO parent VALUES (x'01', randomblob($1));
.stats on
BEGIN;
WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 1000) INSERT INTO child SELECT x'01', n FROM i;
COMMIT;
SQL
}

root/usr/bin/sqlite3 --version
for bytes in 10 4000000; do
	echo "parent of $bytes bytes: $(pages $bytes '') pages, WITHOUT ROWID: $(pages $bytes 'WITHOUT ROWID') pages"
done | tee seen
grep -q '^parent of 10 bytes: 1004 pages, WITHOUT ROWID: 1004 pages$' seen
grep -q '^parent of 4000000 bytes: 1004 pages, WITHOUT ROWID: 979004 pages$' seen
