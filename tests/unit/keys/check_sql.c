/*
 * check_sql.c - what the books and a PC's memory need of SQLite, without either; and the scratch database.
 */
#include "sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bare.h"
#include "scratch.h"

#define KIND(...) {.name = "t.sqlite", .err = E_BOOKS, .application = 0x6f6e6378u, .schema = 3, .create = create, __VA_ARGS__}
#define TRIAL "oncestick-trial.sqlite"

static const char create[] =
    "CREATE TABLE meta (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID; CREATE TABLE t (a UNIQUE, b); INSERT INTO t VALUES (1, 'one');";
static const struct sql_kind kind = KIND(.busy_ms = 1);
static const struct sql_kind other_schema = {.name = "t.sqlite", .err = E_BOOKS, .application = 0x6f6e6378u, .schema = 2};
static const struct sql_kind newer_program = {.name = "t.sqlite", .err = E_BOOKS, .application = 0x6f6e6378u, .schema = 4};
static const struct sql_kind other_kind = {.name = "t.sqlite", .err = E_STATION, .application = 0x6f6e6379u, .schema = 3};

static struct bare x;
static struct sql *q;
static struct fault f;
static unsigned slept, let_go; /* at this pause the lock is given up */
static int held = -1;

__attribute__((visibility("default"))) int
nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)left;
	ck_assert(pause->tv_sec == 0 && pause->tv_nsec > 0);
	if (++slept == let_go) {
		close(held);
		held = -1;
	}
	return 0;
}

static enum err
open_as(const struct sql_kind *k, enum sql_mode mode)
{
	sql_close(&q);
	memset(&f, 0, sizeof f);
	return sql_open(&q, x.path, x.fd, k, mode, &f);
}

static void
run(const char *text)
{
	ck_assert_int_eq(sql_run(q, text, SQL_NONE, &f), E_OK);
}

static int64_t
number(const char *text)
{
	int64_t n = -1;
	bool found = false;

	ck_assert_int_eq(sql_int_of(q, text, SQL_NONE, &n, &found, &f), E_OK);
	ck_assert(found);
	return n;
}

static void
setup(void)
{
	bare_open(&x);
	q = NULL;
	slept = let_go = 0;
	ck_assert_int_eq(open_as(&kind, SQL_CREATE), E_OK);
}

static void
teardown(void)
{
	sql_close(&q);
	bare_close(&x);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------ */

START_TEST(it_is_made_once_for_its_owner)
{
	struct stat st;

	ck_assert_int_eq(fstatat(x.fd, "t.sqlite", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(!exists(&x, "t.sqlite.new") && !exists(&x, "t.sqlite-journal"));
	run("INSERT INTO t VALUES (2, 'two')");
	ck_assert_int_eq(open_as(&kind, SQL_CREATE), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 2);
	ck_assert_int_eq(number("PRAGMA secure_delete"), 1);
	ck_assert_int_eq(number("PRAGMA synchronous"), 3);
	ck_assert_int_eq(number("PRAGMA foreign_keys"), 1);
	ck_assert_int_eq(number("PRAGMA trusted_schema"), 0);
	ck_assert_int_eq(number("PRAGMA cell_size_check"), 1);
}
END_TEST

START_TEST(what_is_open_to_read_is_not_written)
{
	ck_assert_int_eq(open_as(&kind, SQL_READ), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
	ck_assert_int_eq(sql_run(q, "INSERT INTO t VALUES (2, 'two')", SQL_NONE, &f), E_BOOKS);
	ck_assert_int_eq(f.sys, EROFS);
}
END_TEST

/* What is done to the file, how it is opened, and what is said. */
static const struct {
	enum { NOTHING, REMOVE, EMPTY, CUT, HALF_A_PAGE, TEXT, WAL, APPLICATION, LINK, NO_SCHEMA } made;
	const struct sql_kind *kind;
	enum sql_mode mode;
	enum err err;
	int sys;
	const char *says;
} odd[] = {
	{REMOVE, &kind, SQL_READ, E_BOOKS, ENOENT, "t.sqlite"},
	{REMOVE, &kind, SQL_WRITE, E_BOOKS, ENOENT, "t.sqlite"},
	{EMPTY, &kind, SQL_CREATE, E_BOOKS, EBADMSG, "empty or cut short"},
	{CUT, &kind, SQL_WRITE, E_BOOKS, EBADMSG, "empty or cut short"},
	{HALF_A_PAGE, &kind, SQL_READ, E_BOOKS, EBADMSG, "cut short"},
	{TEXT, &kind, SQL_WRITE, E_BOOKS, EBADMSG, "not a file of this kind"},
	{WAL, &kind, SQL_READ, E_BOOKS, EBADMSG, "not a file of this kind"},
	{APPLICATION, &kind, SQL_WRITE, E_BOOKS, EBADMSG, "not a file of this kind"},
	{NOTHING, &other_kind, SQL_WRITE, E_STATION, EBADMSG, "not a file of this kind"},
	{NOTHING, &other_schema, SQL_WRITE, E_BOOKS, EBADMSG, "t.sqlite"},
	{NOTHING, &newer_program, SQL_READ, E_BOOKS, EBADMSG, "made by an older program"},
	{NO_SCHEMA, &kind, SQL_WRITE, E_BOOKS, EBADMSG, "without a schema number"},
	{LINK, &kind, SQL_CREATE, E_BOOKS, 0, "t.sqlite"},
};

static void
spoil(int how)
{
	static const uint8_t two = 2;
	char text[200];
	int fd = -1;

	if (how == NO_SCHEMA)
		run("DELETE FROM meta WHERE k = 'schema'");
	sql_close(&q);
	ck_assert_int_ne(fd = openat(x.fd, "t.sqlite", O_RDWR | O_CLOEXEC), -1);
	memset(text, 't', sizeof text);
	if (how == REMOVE || how == LINK)
		ck_assert_int_eq(unlinkat(x.fd, "t.sqlite", 0), 0);
	if (how == LINK)
		ck_assert_int_eq(symlinkat("nowhere", x.fd, "t.sqlite"), 0);
	if (how == EMPTY || how == CUT)
		ck_assert_int_eq(ftruncate(fd, how == CUT ? 99 : 0), 0);
	if (how == HALF_A_PAGE)
		ck_assert_int_eq(ftruncate(fd, lseek(fd, 0, SEEK_END) - 2048), 0);
	if (how == TEXT)
		ck_assert_int_eq(pwrite(fd, text, sizeof text, 0), (ssize_t)sizeof text);
	if (how == WAL)
		ck_assert_int_eq(pwrite(fd, &two, 1, 18), 1);
	if (how == APPLICATION)
		ck_assert_int_eq(pwrite(fd, &two, 1, 69), 1);
	close(fd);
}

START_TEST(what_is_no_file_of_ours_is_told)
{
	uint8_t before[32], after[32];

	spoil((int)odd[_i].made);
	bare_hash(&x, before);
	ck_assert_int_eq(open_as(odd[_i].kind, odd[_i].mode), odd[_i].err);
	bare_hash(&x, after);
	ck_assert_ptr_null(q);
	ck_assert_int_eq(f.err, odd[_i].err);
	ck_assert_str_eq(f.step, f.why == WHY_NEWER ? "version" : "open");
	ck_assert_msg(strstr(f.object, odd[_i].says) != NULL, "%s", f.object);
	ck_assert_msg(odd[_i].sys == 0 || f.sys == odd[_i].sys, "%d", f.sys);
	ck_assert_mem_eq(before, after, sizeof before);
}
END_TEST

START_TEST(a_link_that_leads_nowhere_is_not_absent)
{
	ck_assert(!sql_absent(x.fd, &kind));
	sql_close(&q);
	sql_remove(x.fd, &kind);
	ck_assert(sql_absent(x.fd, &kind));
	ck_assert_int_eq(symlinkat("nowhere", x.fd, "t.sqlite"), 0);
	ck_assert(!sql_absent(x.fd, &kind));
}
END_TEST

START_TEST(what_was_left_half_made_is_made_anew)
{
	sql_close(&q);
	sql_remove(x.fd, &kind);
	put_file(&x, "t.sqlite.new", "junk", 4);
	put_file(&x, "t.sqlite.new-journal", "junk", 4);
	put_file(&x, "t.sqlite-journal", "junk", 4);
	ck_assert_int_eq(open_as(&kind, SQL_CREATE), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
	ck_assert(!exists(&x, "t.sqlite.new") && !exists(&x, "t.sqlite.new-journal") && !exists(&x, "t.sqlite-journal"));
}
END_TEST

START_TEST(anew_takes_the_place_of_what_is_there)
{
	run("INSERT INTO t VALUES (2, 'two')");
	sql_close(&q);
	put_file(&x, "t.sqlite-journal", "junk", 4);
	ck_assert_int_eq(open_as(&kind, SQL_ANEW), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
	ck_assert_int_eq(number("PRAGMA synchronous"), 3);
	sql_close(&q);
	ck_assert_int_eq(unlinkat(x.fd, "t.sqlite", 0), 0);
	put_dir(&x, "t.sqlite");
	ck_assert_int_eq(open_as(&kind, SQL_ANEW), E_BOOKS);
	ck_assert_ptr_null(q);
	ck_assert_int_eq(f.sys, EEXIST);
	ck_assert_ptr_nonnull(strstr(f.object, "/t.sqlite"));
}
END_TEST

START_TEST(what_cannot_be_made_is_told_and_leaves_nothing)
{
	const struct sql_kind broken = {
	    .name = "n.sqlite", .err = E_STATION, .application = 1, .schema = 1, .create = "CREATE nonsense"};
	char longer[600];

	ck_assert_int_eq(open_as(&broken, SQL_CREATE), E_STATION);
	ck_assert(sql_absent(x.fd, &broken) && !exists(&x, "n.sqlite.new"));
	memset(longer, 'd', sizeof longer);
	for (size_t i = 0; i < 2; i++) {
		longer[i == 0 ? 505 : 502] = '\0'; /* n.sqlite is too much, n.sqlite.new is */
		fault_clear(&f);
		ck_assert_int_eq(sql_open(&q, longer, x.fd, &broken, SQL_CREATE, &f), E_STATION);
		ck_assert_int_eq(f.sys, ENAMETOOLONG);
		ck_assert_ptr_null(q);
	}
	ck_assert(sql_absent(x.fd, &broken) && !exists(&x, "n.sqlite.new"));
}
END_TEST

START_TEST(a_directory_that_may_not_be_written_is_told)
{
	sql_close(&q);
	ck_assert_int_eq(fchmod(x.fd, 0555), 0);
	ck_assert_int_eq(chmod(bare_path(&x, "t.sqlite", (char[512]){0}), 0666), 0);
	become_nobody();
	ck_assert_int_eq(open_as(&kind, SQL_WRITE), E_BOOKS);
	ck_assert_int_eq(f.sys, EACCES);
	ck_assert_str_eq(f.object, x.path);
	ck_assert_int_eq(open_as(&kind, SQL_READ), E_OK);
	sql_close(&q);
	become_again();
	ck_assert_int_eq(fchmod(x.fd, 0755), 0);
}
END_TEST

/* ---- what came after the schema ---- */

static const char *const scripts[] = {
    "INSERT INTO t VALUES (2, 'two')", "UPDATE t SET a = a * 10", "INSERT INTO t VALUES (3, 'three')", NULL};
static const char *const fewer[] = {"INSERT INTO t VALUES (2, 'two')", NULL};

START_TEST(what_came_later_is_done_once_and_in_order)
{
	const struct sql_kind first = KIND(.extend = fewer), then = KIND(.extend = scripts);

	ck_assert_int_eq(open_as(&first, SQL_READ), E_OK);
	ck_assert(q->behind);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(open_as(&first, SQL_WRITE), E_OK);
		ck_assert(!q->behind);
		ck_assert_int_eq(number("SELECT total(a) FROM t"), 3);
		ck_assert_int_eq(number("SELECT v FROM meta WHERE k = 'extended'"), 1);
	}
	ck_assert_int_eq(open_as(&then, SQL_READ), E_OK);
	ck_assert(q->behind);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(open_as(&then, SQL_WRITE), E_OK);
		ck_assert_int_eq(number("SELECT total(a) FROM t"), 33);
		ck_assert_int_eq(number("SELECT v FROM meta WHERE k = 'extended'"), 3);
	}
	ck_assert_int_eq(open_as(&first, SQL_WRITE), E_OK); /* an older program */
	ck_assert(!q->behind);
	ck_assert_int_eq(number("SELECT v FROM meta WHERE k = 'extended'"), 3);
}
END_TEST

/* ---- older files ---- */

static const char *const steps[] = {NULL, NULL, "UPDATE t SET b = 'four'", "INSERT INTO t VALUES (5, 'five')"};
static const char *const torn[] = {NULL, NULL, "UPDATE t SET b = 'four'", "nonsense"};
static const char *const none[] = {NULL, NULL, "UPDATE t SET b = 'four'", NULL};

START_TEST(an_older_file_is_brought_up_step_by_step)
{
	const struct sql_kind now = {.name = "t.sqlite", .err = E_BOOKS, .application = 0x6f6e6378u, .schema = 5, .upgrade = steps,
	    .extend = fewer};

	ck_assert_int_eq(open_as(&now, SQL_READ), E_OK);
	ck_assert(q->behind);
	ck_assert_int_eq(number("SELECT v FROM meta WHERE k = 'schema'"), 3);
	ck_assert_int_eq(number("SELECT count(*) FROM t WHERE b = 'one'"), 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(open_as(&now, SQL_WRITE), E_OK);
		ck_assert(!q->behind);
		ck_assert_int_eq(number("SELECT v FROM meta WHERE k = 'schema'"), 5);
		ck_assert_int_eq(number("SELECT total(a) FROM t"), 8);
		ck_assert_int_eq(number("SELECT count(*) FROM t WHERE b = 'four'"), 1);
	}
	ck_assert_int_eq(open_as(&now, SQL_READ), E_OK);
	ck_assert(!q->behind);
	ck_assert_int_eq(open_as(&kind, SQL_WRITE), E_BOOKS); /* the older program */
	ck_assert_int_eq(f.why, WHY_NEWER);
}
END_TEST

/* One step fails, or there is none: neither did the others do anything. */
START_TEST(a_file_that_cannot_be_brought_up_stays_as_it_is)
{
	const struct sql_kind now = {.name = "t.sqlite", .err = E_BOOKS, .application = 0x6f6e6378u, .schema = 5,
	    .upgrade = _i < 2 ? torn : none};
	uint8_t before[32], after[32];

	sql_close(&q);
	bare_hash(&x, before);
	ck_assert_int_eq(open_as(&now, _i == 3 ? SQL_READ : SQL_WRITE), E_BOOKS);
	ck_assert(_i < 2 || strstr(f.object, "older program") != NULL);
	bare_hash(&x, after);
	ck_assert_mem_eq(before, after, sizeof before);
	ck_assert_int_eq(open_as(&kind, SQL_WRITE), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t WHERE b = 'one'"), 1);
}
END_TEST

START_TEST(a_script_that_fails_has_done_nothing)
{
	static const char *const bad[] = {"INSERT INTO t VALUES (2, 'two')", "nonsense", NULL};
	const struct sql_kind k = KIND(.extend = bad);

	ck_assert_int_eq(open_as(&k, SQL_WRITE), E_BOOKS);
	ck_assert_ptr_null(q);
	ck_assert_int_eq(open_as(&kind, SQL_WRITE), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
}
END_TEST

/* ---- statements --------------------------------------------------------------------------------------------------------- */

START_TEST(each_type_arrives)
{
	sqlite3_stmt *st = NULL;
	bool row = false;

	ck_assert_int_eq(sql_query(q, &st, "SELECT ?, ?, ?, ?, ?, ?, ?",
			     SQL_ARGS(SQL_INT(-5), SQL_TEXT("text"), SQL_BLOB("blob", 4), SQL_BLOB("", 0), SQL_MAYBE("some", 4),
				 SQL_MAYBE("none", 0), SQL_NULL),
			     &f),
	    E_OK);
	ck_assert_int_eq(sql_next(q, st, &row, &f), E_OK);
	ck_assert(row);
	ck_assert_int_eq(sqlite3_column_int64(st, 0), -5);
	ck_assert_str_eq((const char *)sqlite3_column_text(st, 1), "text");
	ck_assert_int_eq(sqlite3_column_type(st, 2), SQLITE_BLOB);
	ck_assert_mem_eq(sqlite3_column_blob(st, 2), "blob", 4);
	ck_assert_int_eq(sqlite3_column_type(st, 3), SQLITE_BLOB);
	ck_assert_int_eq(sqlite3_column_bytes(st, 3), 0);
	ck_assert_int_eq(sqlite3_column_bytes(st, 4), 4);
	ck_assert_int_eq(sqlite3_column_type(st, 5), SQLITE_NULL);
	ck_assert_int_eq(sqlite3_column_type(st, 6), SQLITE_NULL);
	ck_assert_int_eq(sql_next(q, st, &row, &f), E_OK);
	ck_assert(!row);
	sql_done(&st);
	ck_assert_ptr_null(st);
}
END_TEST

START_TEST(a_statement_begins_again_with_other_arguments)
{
	sqlite3_stmt *st = NULL;
	bool row = false;

	ck_assert_int_eq(sql_query(q, &st, "SELECT ?1 + 1", SQL_ARGS(SQL_INT(1)), &f), E_OK);
	for (int i = 1; i < 4; i++) {
		ck_assert_int_eq(sql_next(q, st, &row, &f), E_OK);
		ck_assert_int_eq(sqlite3_column_int64(st, 0), i + 1);
		ck_assert_int_eq(sql_again(q, st, SQL_ARGS(SQL_INT(i + 1)), &f), E_OK);
	}
	sql_next(q, st, &row, &f);
	ck_assert_int_eq(sql_again(q, st, SQL_ARGS(SQL_INT(1), SQL_INT(2)), &f), E_BOOKS); /* more than there are places for */
	sql_done(&st);
}
END_TEST

START_TEST(what_a_statement_fails_with_is_what_is_said)
{
	static const struct {
		const char *text, *words;
	} bad[] = {{"nonsense", "SQL logic error"}, {"INSERT INTO t VALUES (1, 'again')", "constraint failed"}};
	sqlite3_stmt *st = NULL;
	int changed = 7;
	int64_t n = 7;
	bool found = true, row = true;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memset(&f, 0, sizeof f);
		q->step = "test";
		ck_assert_int_eq(sql_run(q, bad[i].text, SQL_NONE, &f), E_BOOKS);
		ck_assert_int_eq(f.err, E_BOOKS);
		ck_assert_str_eq(f.step, "test");
		ck_assert_ptr_nonnull(strstr(f.object, bad[i].words));
		ck_assert_int_eq(sql_change(q, bad[i].text, SQL_NONE, &changed, &f), E_BOOKS);
		ck_assert_int_eq(changed, 0);
		ck_assert_int_eq(sql_int_of(q, bad[i].text, SQL_NONE, &n, &found, &f), E_BOOKS);
		ck_assert(n == 0 && !found);
	}
	ck_assert_int_eq(sql_query(q, &st, "INSERT INTO t VALUES (?, ?)", SQL_ARGS(SQL_INT(1), SQL_NULL), &f), E_OK);
	ck_assert_int_eq(sql_next(q, st, &row, &f), E_BOOKS);
	ck_assert(!row);
	sql_done(&st);
	ck_assert_int_eq(sql_query(q, &st, "SELECT ?", SQL_ARGS(SQL_INT(1), SQL_INT(2)), &f), E_BOOKS);
	sql_done(&st);
}
END_TEST

START_TEST(what_changed_is_counted)
{
	int changed = -1;
	int64_t n = -1;
	bool found = true;

	run("INSERT INTO t VALUES (2, 'two'), (3, 'three')");
	ck_assert_int_eq(sql_change(q, "UPDATE t SET b = 'x' WHERE a > ?", SQL_ARGS(SQL_INT(1)), &changed, &f), E_OK);
	ck_assert_int_eq(changed, 2);
	ck_assert_int_eq(sql_change(q, "DELETE FROM t WHERE a = 9", SQL_NONE, &changed, &f), E_OK);
	ck_assert_int_eq(changed, 0);
	ck_assert_int_eq(sql_int_of(q, "SELECT a FROM t WHERE a > 5", SQL_NONE, &n, &found, &f), E_OK);
	ck_assert(n == 0 && !found);
	ck_assert_int_eq(sql_run(q, "SELECT a FROM t", SQL_NONE, &f), E_OK); /* all rows */
	ck_assert_int_eq(sqlite3_get_autocommit(q->db), 1);
	ck_assert_ptr_null(sqlite3_next_stmt(q->db, NULL));
}
END_TEST

/* ---- columns ------------------------------------------------------------------------------------------------------------ */

START_TEST(a_column_is_what_it_was_stored_as_or_refused)
{
	sqlite3_stmt *st = NULL;
	uint8_t out[8], *copy = NULL;
	char text[6];
	bool row = false;
	size_t n = 9;

	ck_assert_int_eq(sql_query(q, &st, "SELECT x'010203', NULL, 'abc', 5, x'', 'ab\u00e9\u00e9', 'abcde'", SQL_NONE, &f), E_OK);
	ck_assert_int_eq(sql_next(q, st, &row, &f), E_OK);
	memset(out, 0xee, sizeof out);
	ck_assert(!sql_some(st, 0, out, 2, &n) && n == 9 && out[0] == 0xee);
	ck_assert(sql_some(st, 0, out, 3, &n) && n == 3 && memcmp(out, "\1\2\3\xee", 4) == 0);
	ck_assert(sql_some(st, 1, out, 3, &n) && n == 0);
	n = 9;
	ck_assert(!sql_some(st, 2, out, 8, &n) && !sql_some(st, 3, out, 8, &n) && n == 9);
	ck_assert(sql_some(st, 4, out, 3, &n) && n == 0);
	memset(out, 0xee, sizeof out);
	ck_assert(!sql_fixed(st, 0, out, 2) && !sql_fixed(st, 0, out, 4) && !sql_fixed(st, 2, out, 3) && !sql_fixed(st, 1, out, 0));
	ck_assert_uint_eq(out[0], 0xee);
	ck_assert(sql_fixed(st, 0, out, 3) && memcmp(out, "\1\2\3\xee", 4) == 0);
	ck_assert(sql_fixed(st, 4, out, 0));
	sql_string(st, 1, text, sizeof text);
	ck_assert_str_eq(text, "");
	sql_string(st, 2, text, sizeof text);
	ck_assert_str_eq(text, "abc");
	sql_string(st, 5, text, sizeof text);
	ck_assert_str_eq(text, "ab\u00e9");
	sql_string(st, 6, text, sizeof text);
	ck_assert_str_eq(text, "abcde");
	sql_string(st, 6, text, 5);
	ck_assert_str_eq(text, "abcd");
	ck_assert_int_eq(sql_copy(st, 0, &copy, &n), 0);
	ck_assert(n == 3 && memcmp(copy, "\1\2\3", 3) == 0);
	free(copy);
	ck_assert(sql_copy(st, 1, &copy, &n) == 0 && copy == NULL && n == 0);
	sql_done(&st);
}
END_TEST

/* ---- transactions ------------------------------------------------------------------------------------------------------- */

START_TEST(a_part_can_fail_alone)
{
	ck_assert_int_eq(sql_begin(q, &f), E_OK);
	run("INSERT INTO t VALUES (2, 'two')");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sql_begin(q, &f), E_OK);
		ck_assert_uint_eq(q->depth, 2);
		run("INSERT INTO t VALUES (3, 'three')");
		ck_assert_int_eq(sql_end(q, i == 0 ? E_SPENT : E_OK, &f), i == 0 ? E_SPENT : E_OK);
		ck_assert_uint_eq(q->depth, 1);
		ck_assert_int_eq(number("SELECT count(*) FROM t"), i == 0 ? 2 : 3);
	}
	ck_assert_int_eq(sql_end(q, E_OK, &f), E_OK);
	ck_assert_uint_eq(q->depth, 0);
	ck_assert_int_eq(sqlite3_get_autocommit(q->db), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 3);
	ck_assert_int_eq(sql_begin(q, &f), E_OK);
	run("DELETE FROM t");
	ck_assert_int_eq(sql_end(q, E_BUSY, &f), E_BUSY);
	ck_assert_int_eq(sqlite3_get_autocommit(q->db), 1);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 3);
	ck_assert_int_eq(sql_end(q, E_OK, &f), E_BOOKS); /* without a beginning */
	ck_assert_int_eq(sql_end(q, E_BUSY, &f), E_BUSY);
	ck_assert_uint_eq(q->depth, 0);
}
END_TEST

START_TEST(what_sqlite_gave_up_is_broken_until_it_is_left)
{
	ck_assert_int_eq(sql_begin(q, &f), E_OK);
	ck_assert_int_eq(sql_begin(q, &f), E_OK);
	ck_assert_int_eq(sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK); /* as it does when the disk is full */
	ck_assert_int_eq(sql_end(q, E_SPACE, &f), E_SPACE);
	ck_assert(q->broken);
	ck_assert_int_eq(sql_run(q, "INSERT INTO t VALUES (2, 'two')", SQL_NONE, &f), E_BOOKS);
	ck_assert_int_eq(sql_end(q, E_OK, &f), E_BOOKS);
	ck_assert(!q->broken);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
}
END_TEST

START_TEST(who_writes_keeps_writers_away_and_who_reads_does_not)
{
	struct sql *other = NULL;

	ck_assert_int_eq(sql_open(&other, x.path, x.fd, &kind, SQL_WRITE, &f), E_OK);
	ck_assert_int_eq(sql_begin_reading(q, &f), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
	ck_assert_int_eq(sql_begin(other, &f), E_OK);
	ck_assert_int_eq(sql_run(other, "INSERT INTO t VALUES (2, 'two')", SQL_NONE, &f), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 1);
	ck_assert_int_eq(sql_end(q, E_OK, &f), E_OK);
	ck_assert_int_eq(sqlite3_get_autocommit(q->db), 1);
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(sql_begin(q, &f), E_BOOKS);
	ck_assert_int_eq(f.sys, EBUSY);
	ck_assert_uint_eq(q->depth, 0);
	ck_assert_int_eq(sql_end(other, E_OK, &f), E_OK);
	ck_assert_int_eq(number("SELECT count(*) FROM t"), 2);
	sql_close(&other);
}
END_TEST

/* ---- what failed -------------------------------------------------------------------------------------------------------- */

START_TEST(a_code_of_sqlite_becomes_ours)
{
	static const struct {
		int rc;
		enum err err;
		int sys;
		const char *words;
	} codes[] = {
		{SQLITE_NOMEM, E_FAIL, ENOMEM, "t.sqlite"},
		{SQLITE_FULL, E_BOOKS, ENOSPC, "full"},
		{SQLITE_BUSY, E_BOOKS, EBUSY, "locked"},
		{SQLITE_BUSY_SNAPSHOT, E_BOOKS, EBUSY, "locked"},
		{SQLITE_LOCKED, E_BOOKS, EBUSY, "locked"},
		{SQLITE_READONLY, E_BOOKS, EROFS, "readonly"},
		{SQLITE_READONLY_ROLLBACK, E_BOOKS, EROFS, "an interrupted change has to be undone first"},
		{SQLITE_READONLY_RECOVERY, E_BOOKS, EROFS, "an interrupted change has to be undone first"},
		{SQLITE_READONLY_CANTLOCK, E_BOOKS, EROFS, "an interrupted change has to be undone first"},
		{SQLITE_READONLY_DBMOVED, E_BOOKS, EROFS, "moved or removed"},
		{SQLITE_CORRUPT, E_BOOKS, EBADMSG, "malformed"},
		{SQLITE_NOTADB, E_BOOKS, EBADMSG, "not a database"},
		{SQLITE_IOERR_READ, E_BOOKS, 0, "I/O"},
		{SQLITE_CANTOPEN, E_BOOKS, 0, "open"},
		{SQLITE_MISUSE, E_BOOKS, 0, "misuse"},
	};

	q->step = "test";
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		memset(&f, 0, sizeof f);
		ck_assert_int_eq(sql_failed(q, codes[i].rc, &f), codes[i].err);
		ck_assert_int_eq(f.err, codes[i].err);
		ck_assert_msg(f.sys == codes[i].sys, "%d: %d", codes[i].rc, f.sys);
		ck_assert_str_eq(f.step, "test");
		ck_assert_msg(
		    strstr(f.object, codes[i].words) != NULL && strstr(f.object, x.path) != NULL, "%d: %s", codes[i].rc, f.object);
	}
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(sql_failed(&(struct sql){.kind = &kind, .step = "open", .path = "t"}, SQLITE_CORRUPT, &f), E_BOOKS);
	ck_assert_int_eq(f.sys, EBADMSG); /* not open, so that nobody can read all of it */
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(sql_odd(q, "an odd row", &f), E_BOOKS);
	ck_assert(f.err == E_BOOKS && f.sys == EBADMSG && strcmp(f.step, "test") == 0 && strstr(f.object, "an odd row") != NULL);
}
END_TEST

/* ---- directories -------------------------------------------------------------------------------------------------------- */

START_TEST(a_directory_is_made_with_what_leads_to_it)
{
	struct stat st;
	char path[512];
	int fd;

	ck_assert_int_eq(sql_make_dir(bare_path(&x, "a/b/c", path), false), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!exists(&x, "a"));
	ck_assert_int_ge(fd = sql_make_dir(path, true), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0700);
	close(fd);
	ck_assert_int_eq(fstatat(x.fd, "a", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_ge(fd = sql_make_dir(path, false), 0);
	ck_assert_int_eq(fchmod(fd, 0702), 0);
	close(fd);
	ck_assert_int_eq(sql_make_dir(path, true), -1);
	ck_assert_int_eq(errno, EPERM);
	put_file(&x, "file", "x", 1);
	ck_assert_int_eq(sql_make_dir(bare_path(&x, "file", path), true), -1);
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert_int_eq(sql_make_path(bare_path(&x, "file/below", path)), -1);
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

START_TEST(where_nothing_may_be_made_that_is_said)
{
	char path[512];

	put_dir(&x, "closed");
	ck_assert_int_eq(fchmodat(x.fd, "closed", 0555, 0), 0);
	ck_assert_int_eq(fchmod(x.fd, 0755), 0);
	become_nobody();
	ck_assert_int_eq(sql_make_path(bare_path(&x, "closed/one", path)), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(sql_make_path(bare_path(&x, "closed/one/two", path)), -1);
	ck_assert_int_eq(errno, EACCES);
	become_again();
}
END_TEST

/* ---- the scratch database ----------------------------------------------------------------------------------------------- */

START_TEST(a_scratch_database_is_there_while_it_is_used)
{
	struct scratch *s = NULL;
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;

	put_file(&x, TRIAL, "of one that was interrupted", 27);
	put_file(&x, TRIAL "-journal", "junk", 4);
	ck_assert_int_eq(scratch_begin(&s, x.path, &f), E_OK);
	ck_assert(!exists(&x, TRIAL) && !exists(&x, TRIAL "-journal"));
	ck_assert_int_eq(scratch_open(s, &f), E_OK);
	ck_assert(exists(&x, TRIAL));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(scratch_commit(s, &f), E_OK);
	ck_assert_int_eq(sqlite3_open(bare_path(&x, TRIAL, (char[512]){0}), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT v FROM meta", -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_int(st, 0), 1 + 3);
	sqlite3_finalize(st);
	sqlite3_close(db);
	scratch_end(&s);
	ck_assert_ptr_null(s);
	ck_assert(!exists(&x, TRIAL));
	ck_assert_uint_eq(slept, 0);
	scratch_end(&s);
}
END_TEST

START_TEST(a_scratch_database_that_cannot_be_written_is_told)
{
	struct scratch *s = NULL;
	char path[512];
	int fd = -1;

	put_dir(&x, "there");
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(scratch_begin(&s, bare_path(&x, "nowhere", path), &f), E_STATION);
	ck_assert_ptr_null(s);
	ck_assert(f.sys == ENOENT && strcmp(f.step, "open") == 0 && strcmp(f.object, path) == 0);
	ck_assert_int_eq(scratch_begin(&s, bare_path(&x, "there", path), &f), E_OK);
	put_dir(&x, "there/" TRIAL);
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(scratch_open(s, &f), E_STATION);
	ck_assert(f.sys == EEXIST && strstr(f.object, "there/" TRIAL) != NULL);
	ck_assert_int_eq(unlinkat(x.fd, "there/" TRIAL, AT_REMOVEDIR), 0);
	ck_assert_int_eq(scratch_open(s, &f), E_OK);
	ck_assert_int_ne(fd = openat(x.fd, "there/" TRIAL, O_WRONLY | O_CLOEXEC), -1);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	close(fd);
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(scratch_commit(s, &f), E_STATION);
	ck_assert_str_eq(f.step, "write");
	scratch_end(&s);
}
END_TEST

START_TEST(one_at_a_time_has_the_scratch_database)
{
	struct scratch *s = NULL;

	ck_assert_int_ne(held = open(x.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1);
	ck_assert_int_eq(flock(held, LOCK_EX), 0);
	let_go = 3;
	ck_assert_int_eq(scratch_begin(&s, x.path, &f), E_OK);
	ck_assert_uint_eq(slept, 3);
	ck_assert_int_ne(held = open(x.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1);
	ck_assert_int_eq(flock(held, LOCK_EX | LOCK_NB), -1);
	scratch_end(&s);
	ck_assert_int_eq(flock(held, LOCK_EX | LOCK_NB), 0);
	let_go = slept = 0;
	memset(&f, 0, sizeof f);
	ck_assert_int_eq(scratch_begin(&s, x.path, &f), E_STATION);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(f.sys, EBUSY);
	ck_assert_uint_ge(slept, 500);
	close(held);
}
END_TEST

SUITE("sql", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, it_is_made_once_for_its_owner);
	tcase_add_test(t, what_is_open_to_read_is_not_written);
	tcase_add_loop_test(t, what_is_no_file_of_ours_is_told, 0, (int)(sizeof odd / sizeof *odd));
	tcase_add_test(t, a_link_that_leads_nowhere_is_not_absent);
	tcase_add_test(t, what_was_left_half_made_is_made_anew);
	tcase_add_test(t, anew_takes_the_place_of_what_is_there);
	tcase_add_test(t, what_cannot_be_made_is_told_and_leaves_nothing);
	tcase_add_test(t, a_directory_that_may_not_be_written_is_told);
	tcase_add_test(t, what_came_later_is_done_once_and_in_order);
	tcase_add_test(t, a_script_that_fails_has_done_nothing);
	tcase_add_test(t, an_older_file_is_brought_up_step_by_step);
	tcase_add_loop_test(t, a_file_that_cannot_be_brought_up_stays_as_it_is, 1, 4);
	tcase_add_test(t, each_type_arrives);
	tcase_add_test(t, a_statement_begins_again_with_other_arguments);
	tcase_add_test(t, what_a_statement_fails_with_is_what_is_said);
	tcase_add_test(t, what_changed_is_counted);
	tcase_add_test(t, a_column_is_what_it_was_stored_as_or_refused);
	tcase_add_test(t, a_part_can_fail_alone);
	tcase_add_test(t, what_sqlite_gave_up_is_broken_until_it_is_left);
	tcase_add_test(t, who_writes_keeps_writers_away_and_who_reads_does_not);
	tcase_add_test(t, a_code_of_sqlite_becomes_ours);
	tcase_add_test(t, a_directory_is_made_with_what_leads_to_it);
	tcase_add_test(t, where_nothing_may_be_made_that_is_said);
	tcase_add_test(t, a_scratch_database_is_there_while_it_is_used);
	tcase_add_test(t, a_scratch_database_that_cannot_be_written_is_told);
	tcase_add_test(t, one_at_a_time_has_the_scratch_database);
}
