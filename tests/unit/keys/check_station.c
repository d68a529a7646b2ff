/*
 * check_station.c - this PC's memory: what it keeps, what it refuses, what it never writes, and two processes at once.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "calls.h"
#include "keytree.h"
#include "receipts.h"
#include "station.h"
#include "stickio.h"
#include "remove.h"
#include "suite.h"

#define CHILDREN 6
#define T0 1760000000ll

static char base[4096], dir[4200], db_path[4300];
static uint8_t issuer_a[KEY_SIZE], issuer_b[KEY_SIZE];
static uint8_t grant_hash[HASH_SIZE];

/* When set: the lock file is replaced by one that somebody else has locked, between its open and its lock. */
static const char *replaced_name;
static int replaced_dir = -1, replaced_fd = -1;
static int refused_with; /* the next lock fails with it */

int
flock(int fd, int operation)
{
	const char *name = replaced_name;

	replaced_name = NULL;
	if (refused_with != 0) {
		errno = refused_with;
		refused_with = 0;
		return -1;
	}
	if (name != NULL && unlinkat(replaced_dir, name, 0) == 0 &&
	    (replaced_fd = openat(replaced_dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) != -1)
		(void)syscall(SYS_flock, replaced_fd, LOCK_EX);
	return (int)syscall(SYS_flock, fd, operation);
}

/* How often the disk was flushed. */
static _Atomic unsigned flushes;

__attribute__((visibility("default"))) int fsync(int fd);
__attribute__((visibility("default"))) int fdatasync(int fd);

int
fsync(int fd)
{
	flushes++;
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	flushes++;
	return (int)syscall(SYS_fdatasync, fd);
}

/* What SQLite asks of the disk. */
static _Atomic size_t transfers;

__attribute__((visibility("default"))) ssize_t pread64(int fd, void *buf, size_t n, off_t off);
__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void *buf, size_t n, off_t off);

ssize_t
pread64(int fd, void *buf, size_t n, off_t off)
{
	transfers++;
	return call_pread(fd, buf, n, off);
}

ssize_t
pwrite64(int fd, const void *buf, size_t n, off_t off)
{
	transfers++;
	return call_pwrite(fd, buf, n, off);
}

static void
setup(void)
{
	snprintf(base, sizeof base, "%s/check_station.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(dir, sizeof dir, "%s/state/oncestick", base);
	snprintf(db_path, sizeof db_path, "%s/station.sqlite", dir);
	memset(issuer_a, 0xa1, sizeof issuer_a);
	memset(issuer_b, 0xb2, sizeof issuer_b);
	memset(grant_hash, 0x67, sizeof grant_hash);
}

static void
teardown(void)
{
	(void)remove_all(base);
}

/* ---- helpers ------------------------------------------------------------------------------------------------------------ */

static struct station *
open_ok(enum station_mode mode)
{
	struct fault f = {0};
	struct station *s = NULL;
	enum err err = station_open(&s, dir, mode, &f);

	ck_assert_msg(err == E_OK, "%s: %s: %s", err_name(err), f.step, f.object);
	ck_assert_ptr_nonnull(s);
	return s;
}

/* Opening fails, and says which file. */
static void
fails_to_open(enum station_mode mode, int line)
{
	struct fault f = {0};
	struct station *s = NULL;

	enum err err = station_open(&s, dir, mode, &f);

	ck_assert_msg(err == E_STATION && s == NULL, "%s, expected in line %d", err_name(err), line);
	ck_assert_int_eq(f.err, E_STATION);
	ck_assert_str_ne(f.step, "");
	ck_assert_ptr_nonnull(strstr(f.object, dir));
}

#define open_fails(mode) fails_to_open((mode), __LINE__)

static struct memory_use
a_use(uint32_t slot)
{
	struct memory_use u = {.state = MEMORY_CLAIMED, .slot = slot, .limit_s = 3600};

	memcpy(u.grant_hash, grant_hash, HASH_SIZE);
	memcpy(u.issuer, issuer_a, KEY_SIZE);
	memset(u.grant_id, 0x1d, ID_SIZE);
	memset(u.nonce, 0x40 + (int)slot, NONCE_SIZE);
	u.blob_len = CELL_SIZE(1);
	memset(u.blob, 0xb0, u.blob_len);
	memcpy(u.blob, "resume blob of a slot", 21);
	u.receipt_len = 80;
	memset(u.receipt, 0x5e, u.receipt_len);
	return u;
}

/* What the last call said. */
static struct fault told;

static struct fault *
anew(void)
{
	fault_clear(&told);
	return &told;
}

#define CALL(s, op, ...) memory_##op(station_memory(s), __VA_ARGS__, anew())

static void
claim_ok(struct station *s, uint32_t slot)
{
	struct memory_use u = a_use(slot);

	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
}

static enum err
open_row(struct station *s, uint32_t slot, bool first, int64_t at, int64_t now)
{
	const struct memory_opening o = {
	    .first = first, .opened_at = at, .used_s = 15, .began = {"a start of this", 70 + slot}, .now = now};

	return CALL(s, opened, grant_hash, slot, &o);
}

static struct memory_use
row_of(struct station *s, uint32_t slot)
{
	struct memory_use u;

	ck_assert_int_eq(CALL(s, use, grant_hash, slot, &u), E_OK);
	return u;
}

/* A notice of issuer with the given number that lists slots (ended by -1) of the grant id filled with id. */
static struct notice
a_notice(const uint8_t issuer[KEY_SIZE], uint32_t number, int id, const int *slots)
{
	struct notice n = {.number = number, .time = T0 + number};
	uint8_t grant_id[ID_SIZE];

	memcpy(n.issuer, issuer, KEY_SIZE);
	memset(grant_id, id, sizeof grant_id);
	for (; *slots >= 0; slots++)
		ck_assert_int_eq(notice_revoke(&n, grant_id, (uint32_t)*slots), 0);
	return n;
}

#define SLOTS(...) ((const int[]){__VA_ARGS__, -1})

static bool
is_revoked(struct station *s, const uint8_t issuer[KEY_SIZE], int id, uint32_t slot)
{
	uint8_t grant_id[ID_SIZE];
	struct memory_revoked is = {0};

	memset(grant_id, id, sizeof grant_id);
	ck_assert_int_eq(CALL(s, revoked, (&(struct memory_target){issuer, grant_id, grant_id, slot}), &is), E_OK);
	return is.slot;
}

static bool
is_withdrawn(struct station *s, const uint8_t issuer[KEY_SIZE], const uint8_t bundle_id[ID_SIZE])
{
	struct memory_revoked is = {0};

	ck_assert_int_eq(CALL(s, revoked, (&(struct memory_target){issuer, bundle_id, bundle_id, 0}), &is), E_OK);
	return is.bundle;
}

static void
learn(struct station *s, const uint8_t issuer[KEY_SIZE], uint32_t number, int id, const int *slots, const char *file)
{
	struct notice n = a_notice(issuer, number, id, slots);

	ck_assert_int_eq(station_learn_notice(s, &n, BYTES(file, strlen(file)), NULL), E_OK);
	notice_free(&n);
}

static void
run_sql(const char *text)
{
	sqlite3 *db = NULL;
	char *message = NULL;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &message) == SQLITE_OK, "%s: %s", text, message);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st.st_mode & 07777;
}

static uint8_t *
slurp(const char *path, size_t *n)
{
	uint8_t *data = NULL;

	ck_assert_msg(stickio_slurp(AT_FDCWD, path, 64u << 20, &data, n) == 0, "%s: %s", path, strerror(errno));
	return data;
}

/* Names, sizes and contents of everything below path, in one number. */
static uint64_t
fingerprint(const char *path)
{
	struct dirent *e = NULL;
	DIR *d = opendir(path);
	uint64_t sum = 1469598103934665603u;

	if (d == NULL)
		return errno == ENOENT ? 0 : 1;
	while ((e = readdir(d)) != NULL) {
		uint64_t one = 14695981039346656037u;
		char below[8192];
		struct stat st;
		uint8_t *data = NULL;
		size_t n = 0;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%s/%s", path, e->d_name);
		for (const char *c = e->d_name; *c != '\0'; c++)
			one = (one ^ (uint8_t)*c) * 1099511628211u;
		ck_assert_int_eq(lstat(below, &st), 0);
		one = (one ^ (uint64_t)st.st_mtim.tv_nsec ^ (uint64_t)st.st_mtim.tv_sec) * 1099511628211u;
		if (S_ISDIR(st.st_mode)) {
			one ^= fingerprint(below);
		} else {
			data = slurp(below, &n);
			for (size_t i = 0; i < n; i++)
				one = (one ^ data[i]) * 1099511628211u;
			free(data);
		}
		sum += one;
	}
	closedir(d);
	return sum;
}

static bool
found_in_files(const char *path, const void *what, size_t len)
{
	struct dirent *e = NULL;
	DIR *d = opendir(path);
	bool found = false;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL && !found) {
		char below[8192];
		struct stat st;
		uint8_t *data = NULL;
		size_t n = 0;

		snprintf(below, sizeof below, "%s/%s", path, e->d_name);
		if (lstat(below, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		data = slurp(below, &n);
		found = memmem(data, n, what, len) != NULL;
		free(data);
	}
	closedir(d);
	return found;
}

/* Children that begin together when the parent closes start, tell one byte, and end when the parent closes hold. */
struct crew {
	int start[2], told[2], hold[2];
	pid_t pids[CHILDREN];
	unsigned count;
};

static void
crew_make(struct crew *c)
{
	memset(c, 0, sizeof *c);
	ck_assert_int_eq(pipe(c->start), 0);
	ck_assert_int_eq(pipe(c->told), 0);
	ck_assert_int_eq(pipe(c->hold), 0);
}

static void
wait_for_end(int fd)
{
	char c;

	while (read(fd, &c, 1) < 0 && errno == EINTR)
		continue;
}

/* Returns true in the child, once the others are there too. */
static bool
crew_fork(struct crew *c)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0) {
		c->pids[c->count++] = pid;
		return false;
	}
	close(c->start[1]);
	close(c->hold[1]);
	wait_for_end(c->start[0]);
	return true;
}

static _Noreturn void
crew_tell(struct crew *c, int result, struct station *s)
{
	uint8_t byte = (uint8_t)result;

	if (write(c->told[1], &byte, 1) == 1)
		wait_for_end(c->hold[0]);
	station_close(&s);
	_exit(0);
}

/* A child that killed itself, as a crash would. */
static void
expect_killed(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "child ended with %#x", (unsigned)status);
}

static void
crew_results(struct crew *c, uint8_t *results)
{
	close(c->start[1]);
	close(c->told[1]); /* or a child that dies would be waited for */
	for (unsigned i = 0; i < c->count; i++)
		ck_assert_int_eq(read(c->told[0], &results[i], 1), 1);
}

static void
crew_end(struct crew *c)
{
	close(c->hold[1]);
	for (unsigned i = 0; i < c->count; i++) {
		int status = 0;

		ck_assert_int_eq(waitpid(c->pids[i], &status, 0), c->pids[i]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child ended with %#x", (unsigned)status);
	}
	close(c->start[0]);
	close(c->told[0]);
	close(c->hold[0]);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------ */

START_TEST(first_open_makes_private_directory_file_and_key)
{
	char path[8192];
	struct station_summary sum;
	struct station *s = NULL;
	uint8_t pk[KEY_SIZE], again[KEY_SIZE];
	mode_t old = umask(0);

	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, station_pk, pk), E_OK);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 7, path, sizeof path), E_OK);
	station_lock_name(path, grant_hash, 7);
	ck_assert_uint_eq(strlen(path), 66);
	ck_assert_int_eq(mode_of(dir), 0700);
	ck_assert_int_eq(mode_of(db_path), 0600);
	snprintf(path, sizeof path, "%s/state", base);
	ck_assert_int_eq(mode_of(path), 0700);
	snprintf(path, sizeof path, "%s/session", dir);
	ck_assert_int_eq(mode_of(path), 0700);
	station_lock_name(path + strlen(path) + 1, grant_hash, 7);
	path[strlen(path)] = '/';
	ck_assert_int_eq(mode_of(path), 0600);
	station_close(&s);
	ck_assert_ptr_null(s);
	umask(old);

	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, station_pk, again), E_OK);
	ck_assert_mem_eq(pk, again, KEY_SIZE);
	ck_assert_int_eq(station_summarise(s, &sum, NULL), E_OK);
	ck_assert(sum.has_key && !sum.closed_list && sum.issuer_count == 0);
	ck_assert_mem_eq(sum.pk, pk, KEY_SIZE);
	keytree_station_id(again, pk);
	ck_assert_mem_eq(sum.id, again, ID_SIZE);
	station_summary_free(&sum);
	station_close(&s);
}
END_TEST

START_TEST(reading_an_absent_memory_finds_nothing_and_makes_nothing)
{
	struct memory_issuer known;
	struct memory_use u = a_use(1);
	struct station_summary sum;
	struct station *s = NULL;
	struct receipt_row *rows = NULL;
	uint8_t key[KEY_SIZE], id[ID_SIZE] = {0}, *file = NULL;
	char where[256], state[8192];
	size_t n = 0, count = 9;
	bool yes = true;
	struct memory_marks marks = {9, 9, true};

	for (int round = 0; round < 2; round++) {
		uint64_t before = fingerprint(base);

		s = open_ok(STATION_READ);
		ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
		ck_assert(!known.known);
		ck_assert_int_eq(CALL(s, closed_list, &yes), E_OK);
		ck_assert(!yes);
		ck_assert_int_eq(CALL(s, notice_file, issuer_a, &file, &n), E_OK);
		ck_assert_ptr_null(file);
		ck_assert(!is_revoked(s, issuer_a, 1, 1));
		ck_assert(!is_withdrawn(s, issuer_a, id));
		ck_assert_int_eq(CALL(s, marks, &marks), E_OK);
		ck_assert(marks.high == 0 && marks.proved == 0 && !marks.was_reset);
		ck_assert_int_eq(row_of(s, 1).state, MEMORY_NONE);
		ck_assert_int_eq(CALL(s, each_open, NULL, NULL), E_OK);
		ck_assert_int_eq(CALL(s, claim, &u, T0), E_STATION);
		ck_assert_int_eq(told.err, E_STATION);
		ck_assert_int_eq(CALL(s, close, grant_hash, 1, 0), E_STATION);
		ck_assert_int_eq(CALL(s, station_pk, key), E_STATION);
		ck_assert_int_eq(CALL(s, share, issuer_a, key), E_STATION);
		ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
		memory_unlock_slot(station_memory(s));
		(void)memory_persistent(station_memory(s));
		ck_assert_int_eq(station_session_dir(s), -1);
		ck_assert_int_eq(station_lock_fd(s), -1);
		ck_assert_int_eq(station_summarise(s, &sum, NULL), E_OK);
		ck_assert(!sum.has_key);
		station_summary_free(&sum);
		ck_assert_int_eq(station_receipts(s, &file, &n, NULL), E_OK);
		ck_assert_int_eq(receipts_parse(BYTES(file, n), &rows, &count), 0);
		ck_assert_uint_eq(count, 0);
		free(rows);
		free(file);
		ck_assert_int_eq(station_pin(s, issuer_a, NULL), E_STATION);
		ck_assert_int_eq(station_pin_only(s, true, NULL), E_STATION);
		ck_assert_int_eq(station_reset_clock(s, T0, NULL), E_STATION);
		station_close(&s);
		ck_assert_uint_eq(fingerprint(base), before);

		/* The same with a directory but nothing in it. */
		snprintf(state, sizeof state, "%s/state", base);
		if (round == 0)
			ck_assert(mkdir(state, 0700) == 0 && mkdir(dir, 0700) == 0);
	}
}
END_TEST

static void
is_only_read(enum err err, const struct fault *f)
{
	ck_assert_int_eq(err, E_STATION);
	ck_assert(f->err == E_STATION && f->sys == EROFS && f->step[0] != '\0' && strcmp(f->object, dir) == 0);
}

START_TEST(reading_changes_nothing)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u = a_use(2);
	struct fault f[3] = {{0}};
	char where[64];
	uint64_t before;

	claim_ok(s, 1);
	station_close(&s);
	before = fingerprint(base);
	s = open_ok(STATION_READ);
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_CLAIMED);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	is_only_read(CALL(s, claim, &u, T0), &told);
	is_only_read(CALL(s, complete, &u), &told);
	is_only_read(CALL(s, forget, grant_hash, 1), &told);
	is_only_read(open_row(s, 1, true, T0, T0), &told);
	is_only_read(CALL(s, used, grant_hash, 1, 77), &told);
	is_only_read(CALL(s, close, grant_hash, 1, 1), &told);
	is_only_read(station_pin(s, issuer_b, &f[0]), &f[0]);
	is_only_read(station_pin_only(s, true, &f[1]), &f[1]);
	is_only_read(station_reset_clock(s, T0, &f[2]), &f[2]);
	station_close(&s);
	ck_assert_uint_eq(fingerprint(base), before);
}
END_TEST

/* hostile 63 */
START_TEST(damaged_file_is_refused_and_left_alone)
{
	struct station *s = open_ok(STATION_WRITE);
	uint8_t *whole = NULL, *now = NULL;
	size_t n = 0, m = 0;

	claim_ok(s, 1);
	station_close(&s);
	whole = slurp(db_path, &n);
	ck_assert_uint_gt(n, 8192);
	for (unsigned i = 0; i < 8; i++) {
		const size_t cut[8] = {0, 1, 99, 100, 4096, n / 2, n - 4096, n - 1};

		ck_assert_int_eq(truncate(db_path, (off_t)cut[i]), 0);
		open_fails(STATION_WRITE);
		open_fails(STATION_READ);
		now = slurp(db_path, &m);
		ck_assert_uint_eq(m, cut[i]);
		ck_assert_int_eq(memcmp(now, whole, m), 0);
		free(now);
		ck_assert_int_eq(unlink(db_path), 0);
		ck_assert_int_eq(stickio_create(AT_FDCWD, db_path, whole, n, 0600), 0);
	}
	for (size_t page = 0; page < n; page += 4096) { /* nothing but noise in one page */
		uint8_t *bad = malloc(n);

		ck_assert_ptr_nonnull(bad);
		memcpy(bad, whole, n);
		memset(bad + page, 0xff, 4096);
		ck_assert_int_eq(unlink(db_path), 0);
		ck_assert_int_eq(stickio_create(AT_FDCWD, db_path, bad, n, 0600), 0);
		open_fails(STATION_WRITE);
		free(bad);
	}
	free(whole);
}
END_TEST

/* hostile 63 */
START_TEST(other_files_are_refused)
{
	struct station *s = open_ok(STATION_WRITE);
	struct fault f = {0};
	char text[8192];

	station_close(&s);
	run_sql("UPDATE meta SET v = 3 WHERE k = 'schema'");
	open_fails(STATION_WRITE);
	open_fails(STATION_READ);
	ck_assert_int_eq(station_open(&s, dir, STATION_READ, &f), E_STATION);
	ck_assert_int_eq(f.why, WHY_NEWER);
	fault_clear(&f);
	run_sql("UPDATE meta SET v = 1 WHERE k = 'schema'");
	ck_assert_int_eq(station_open(&s, dir, STATION_WRITE, &f), E_STATION);
	ck_assert_ptr_nonnull(strstr(f.object, "older"));
	run_sql("UPDATE meta SET v = 2 WHERE k = 'schema'; PRAGMA application_id = 7");
	open_fails(STATION_WRITE);
	open_fails(STATION_READ);
	run_sql("PRAGMA application_id = 1869505395");
	station_close(&s);
	s = open_ok(STATION_READ); /* as it was */
	station_close(&s);
	run_sql("DELETE FROM meta WHERE k = 'station_sk'; INSERT INTO meta VALUES ('station_sk', x'00')");
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, station_pk, grant_hash), E_STATION);
	station_close(&s);
	run_sql("DROP TABLE meta");
	open_fails(STATION_WRITE);
	ck_assert_int_eq(unlink(db_path), 0);
	memset(text, 'x', sizeof text);
	ck_assert_int_eq(stickio_create(AT_FDCWD, db_path, text, sizeof text, 0600), 0);
	open_fails(STATION_READ);
	open_fails(STATION_WRITE);
	ck_assert_int_eq(unlink(db_path), 0);
	ck_assert_int_eq(mkdir(db_path, 0700), 0);
	open_fails(STATION_WRITE);
	open_fails(STATION_READ);
	ck_assert_int_eq(rmdir(db_path), 0);
	ck_assert_int_eq(symlink("nowhere", db_path), 0);
	open_fails(STATION_WRITE);
	open_fails(STATION_READ);
}
END_TEST

/* hostile 63 */
START_TEST(write_ahead_log_is_refused_before_it_makes_files)
{
	struct station *s = open_ok(STATION_WRITE);
	uint64_t before;

	station_close(&s);
	run_sql("PRAGMA journal_mode = WAL");
	before = fingerprint(base);
	open_fails(STATION_READ);
	open_fails(STATION_WRITE);
	ck_assert_uint_eq(fingerprint(base), before);
}
END_TEST

/* Ends in the middle of a transaction that has reached the file, and leaves its journal. */
static void
die_while_writing(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		sqlite3 *db = NULL;

		if (sqlite3_open(db_path, &db) != SQLITE_OK || sqlite3_exec(db, "PRAGMA cache_size = 1; BEGIN; DELETE FROM use;"
		    "CREATE TABLE x (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
		    " INSERT INTO x SELECT randomblob(2000) FROM n", NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		raise(SIGKILL);
	}
	expect_killed(pid);
}

/* hostile 63 */
START_TEST(deleted_file_is_a_fresh_station)
{
	struct station *s = open_ok(STATION_WRITE);
	uint8_t pk[KEY_SIZE], other[KEY_SIZE];
	char journal[8192];

	claim_ok(s, 1);
	ck_assert_int_eq(CALL(s, station_pk, pk), E_OK);
	station_close(&s);
	die_while_writing();
	ck_assert_int_eq(unlink(db_path), 0);
	/* The journal without its file must not be played back into the new one. */
	snprintf(journal, sizeof journal, "%s-journal", db_path);
	ck_assert_int_eq(access(journal, F_OK), 0);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_NONE);
	ck_assert_int_eq(CALL(s, station_pk, other), E_OK);
	ck_assert_mem_ne(pk, other, KEY_SIZE);
	station_close(&s);
	ck_assert_int_ne(access(journal, F_OK), 0);
}
END_TEST

START_TEST(directory_that_everybody_writes_to_is_refused)
{
	struct station *s = open_ok(STATION_WRITE);

	station_close(&s);
	ck_assert_int_eq(chmod(dir, 01777), 0);
	open_fails(STATION_WRITE);
	open_fails(STATION_READ);
}
END_TEST

/* hostile 63 */
START_TEST(read_only_file_and_directory_are_refused)
{
	struct station *s = open_ok(STATION_WRITE);
	char path[8192];
	struct crew c;
	uint8_t result = 0;

	station_close(&s);
	snprintf(path, sizeof path, "%s/state", base);
	ck_assert(chmod(base, 0755) == 0 && chmod(path, 0755) == 0 && chmod(dir, 0755) == 0);
	snprintf(path, sizeof path, "%s/session", dir);
	ck_assert_int_eq(chmod(path, 0755), 0);
	for (int round = 0; round < 2; round++) {
		if (round == 0)
			ck_assert(chmod(db_path, 0444) == 0);
		else
			ck_assert(chmod(db_path, 0666) == 0 && chmod(dir, 0555) == 0);
		crew_make(&c);
		if (crew_fork(&c)) {
			enum err write_err = E_OK, read_err = E_OK;

			if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
				_exit(1);
			write_err = station_open(&s, dir, STATION_WRITE, NULL);
			if (access(db_path, R_OK) == 0 && (read_err = station_open(&s, dir, STATION_READ, NULL)) == E_OK)
				station_close(&s);
			crew_tell(&c, write_err == E_STATION && read_err == E_OK, NULL);
		}
		crew_results(&c, &result);
		crew_end(&c);
		ck_assert_int_eq(result, 1);
	}
	ck_assert(chmod(dir, 0755) == 0 && rmdir(path) == 0 && chmod(dir, 0555) == 0);
	crew_make(&c);
	if (crew_fork(&c)) {
		struct fault f = {0};

		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(1);
		crew_tell(&c, station_open(&s, dir, STATION_WRITE, &f) == E_STATION && f.sys == EACCES, NULL);
	}
	crew_results(&c, &result);
	crew_end(&c);
	ck_assert_int_eq(result, 1);
	ck_assert_int_eq(chmod(dir, 0755), 0);
}
END_TEST

/* hostile 63 */
START_TEST(memory_locked_by_another_process_is_named)
{
	struct station *s = open_ok(STATION_WRITE);
	struct crew c;
	uint8_t results[2] = {0};
	sqlite3 *db = NULL;

	station_close(&s);
	crew_make(&c);
	if (crew_fork(&c)) {
		struct fault f = {0};
		enum err err = station_open(&s, dir, STATION_WRITE, &f);

		crew_tell(&c, err == E_STATION && strstr(f.object, "lock") != NULL ? 1 : 2, s);
	}
	if (crew_fork(&c))
		crew_tell(&c, station_open(&s, dir, STATION_READ, NULL) == E_STATION ? 1 : 2, NULL);
	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	crew_results(&c, results);
	sqlite3_close(db);
	crew_end(&c);
	ck_assert(results[0] == 1 && results[1] == 1);
	s = open_ok(STATION_WRITE);
	station_close(&s);
}
END_TEST

/* hostile 63 */
START_TEST(interrupted_change_is_undone_by_a_writer_only)
{
	struct station *s = open_ok(STATION_WRITE);
	uint64_t before;

	claim_ok(s, 1);
	station_close(&s);
	die_while_writing();
	before = fingerprint(base);
	open_fails(STATION_READ);
	ck_assert_uint_eq(fingerprint(base), before);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_CLAIMED);
	station_close(&s);
	s = open_ok(STATION_READ);
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_CLAIMED);
	station_close(&s);
}
END_TEST

START_TEST(processes_that_make_it_together_make_one_key)
{
	struct crew c;
	uint8_t results[CHILDREN], pk[KEY_SIZE];
	struct station *s = NULL;

	crew_make(&c);
	for (int i = 0; i < CHILDREN; i++)
		if (crew_fork(&c)) {
			memset(pk, 0, sizeof pk);
			if (station_open(&s, dir, STATION_WRITE, NULL) == E_OK)
				(void)CALL(s, station_pk, pk);
			crew_tell(&c, pk[0] ^ pk[5] ^ pk[31], s);
		}
	crew_results(&c, results);
	crew_end(&c);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, station_pk, pk), E_OK);
	for (int i = 0; i < CHILDREN; i++)
		ck_assert_uint_eq(results[i], pk[0] ^ pk[5] ^ pk[31]);
	station_close(&s);
}
END_TEST

START_TEST(directory_comes_from_the_environment)
{
	char out[64], tiny[4];

	setenv("ONCESTICK_STATION_DIR", "/a/b", 1);
	setenv("XDG_STATE_HOME", "/state", 1);
	setenv("HOME", "/home/kim", 1);
	ck_assert_int_eq(station_dir(out, sizeof out), 0);
	ck_assert_str_eq(out, "/a/b");
	ck_assert_int_eq(station_dir(tiny, sizeof tiny), -1);
	unsetenv("ONCESTICK_STATION_DIR");
	ck_assert_int_eq(station_dir(out, sizeof out), 0);
	ck_assert_str_eq(out, "/state/oncestick");
	setenv("XDG_STATE_HOME", "relative", 1);
	ck_assert_int_eq(station_dir(out, sizeof out), 0);
	ck_assert_str_eq(out, "/home/kim/.local/state/oncestick");
}
END_TEST

/* ---- uses --------------------------------------------------------------------------------------------------------------- */

START_TEST(claim_survives_reopening_byte_for_byte)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u = a_use(4095), got;
	struct memory_issuer known;

	u.blob_len = sizeof u.blob;
	u.receipt_len = sizeof u.receipt;
	randombytes_buf(u.blob, sizeof u.blob);
	randombytes_buf(u.receipt, sizeof u.receipt);
	u.limit_s = SESSION_MAX_S;
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
	station_close(&s);
	s = open_ok(STATION_READ);
	got = row_of(s, 4095);
	ck_assert_mem_eq(&got, &u, sizeof u);
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert(known.known && known.floor == T0 && known.notice_no == 0);
	ck_assert_int_eq(row_of(s, 4094).state, MEMORY_NONE);
	station_close(&s);
}
END_TEST

START_TEST(second_claim_is_spent_and_changes_nothing)
{
	struct station *s = open_ok(STATION_WRITE), *other = open_ok(STATION_WRITE);
	struct memory_use u = a_use(3);
	struct memory_issuer known;

	claim_ok(s, 3);
	memset(u.nonce, 0xee, sizeof u.nonce);
	ck_assert_int_eq(CALL(other, claim, &u, T0 + 99), E_SPENT);
	ck_assert_uint_eq(row_of(s, 3).nonce[0], 0x43);
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert(known.floor == T0 && known.notice_no == 0);
	ck_assert_int_eq(open_row(s, 3, true, T0, T0), E_OK);
	ck_assert_int_eq(CALL(s, close, grant_hash, 3, 5), E_OK);
	station_close(&s);
	ck_assert_int_eq(CALL(other, claim, &u, T0), E_SPENT);
	station_close(&other);
}
END_TEST

/* The file of what a session has used. */
static void
tally_path(char out[4400], uint32_t slot)
{
	char name[STATION_LOCK_NAME];

	station_lock_name(name, grant_hash, slot);
	snprintf(out, 4400, "%s/session/%s.used", dir, name);
}

START_TEST(beat_is_one_flush)
{
	struct station *s = open_ok(STATION_WRITE), *other = NULL;
	char path[4400];

	claim_ok(s, 3);
	ck_assert_int_eq(open_row(s, 3, true, T0, T0), E_OK);
	for (int i = 0; i < 5; i++) {
		flushes = 0;
		ck_assert_int_eq(CALL(s, used, grant_hash, 3, 30 + 15 * i), E_OK);
		ck_assert_uint_eq(flushes, 1);
		other = open_ok(STATION_READ);
		ck_assert_int_eq(row_of(other, 3).used_s, 30 + 15 * i);
		station_close(&other);
	}
	station_close(&s); /* killed: nothing is said at the end */
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(row_of(s, 3).used_s, 90);
	ck_assert_int_eq(CALL(s, used, grant_hash, 3, 95), E_OK); /* without its file, which is another process's */
	ck_assert_int_eq(row_of(s, 3).used_s, 95);
	ck_assert_int_eq(open_row(s, 3, false, T0, 0), E_OK);
	ck_assert_int_eq(row_of(s, 3).used_s, 15);
	ck_assert_int_eq(CALL(s, used, grant_hash, 3, 79), E_OK);
	ck_assert_int_eq(CALL(s, used, grant_hash, 3, 21), E_OK); /* paused: what was charged too much is given back */
	ck_assert_int_eq(row_of(s, 3).used_s, 21);
	tally_path(path, 3);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(open_row(s, 3, false, T0, 0), E_OK);
	ck_assert_int_eq(CALL(s, used, grant_hash, 3, 200), E_OK);
	ck_assert_int_eq(CALL(s, close, grant_hash, 3, 199), E_OK);
	ck_assert_int_eq(row_of(s, 3).used_s, 199);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(CALL(s, used, grant_hash, 3, 300), E_STATION);
	station_close(&s);
}
END_TEST

/* What a power cut leaves of the file: at most the last beat is lost. What is not ours in it says nothing. */
START_TEST(torn_beat_gives_back_one_at_most)
{
	struct station *s = open_ok(STATION_WRITE);
	char path[4400], other[4400];
	struct stat st;
	int fd;

	claim_ok(s, 3);
	ck_assert_int_eq(open_row(s, 3, true, T0, T0), E_OK);
	for (int64_t used = 30; used <= 90; used += 15)
		ck_assert_int_eq(CALL(s, used, grant_hash, 3, used), E_OK);
	station_close(&s);
	tally_path(path, 3);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	s = open_ok(STATION_READ);
	for (off_t at = 0; at < st.st_size; at += at == 60 ? 4096 - 60 : 1) {
		uint8_t was = 0, torn = 0;

		ck_assert_int_eq(pread(fd, &was, 1, at), 1);
		torn = was ^ 0x10;
		ck_assert_int_eq(pwrite(fd, &torn, 1, at), 1);
		ck_assert_int_ge(row_of(s, 3).used_s, 75);
		ck_assert_int_le(row_of(s, 3).used_s, 90);
		ck_assert_int_eq(pwrite(fd, &was, 1, at), 1);
	}
	ck_assert_int_eq(row_of(s, 3).used_s, 90);
	tally_path(other, 4);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(row_of(s, 3).used_s, 15);
	ck_assert_int_eq(rename(other, path), 0);
	ck_assert_int_eq(ftruncate(fd, 4), 0);
	ck_assert_int_eq(row_of(s, 3).used_s, 15);
	close(fd);
	station_close(&s);
}
END_TEST

/* Where its file cannot be made the row says what was used. */
START_TEST(beat_without_its_file_is_in_the_row)
{
	struct station *s = open_ok(STATION_WRITE);
	char path[4400];

	claim_ok(s, 3);
	tally_path(path, 3);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(open_row(s, 3, true, T0, T0), E_OK);
	ck_assert_int_eq(CALL(s, used, grant_hash, 3, 30), E_OK);
	station_close(&s);
	s = open_ok(STATION_READ);
	ck_assert_int_eq(row_of(s, 3).used_s, 30);
	station_close(&s);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(session_goes_from_claim_to_close)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u;
	struct memory_marks marks = {0};

	claim_ok(s, 0);
	ck_assert_int_eq(CALL(s, used, grant_hash, 0, 1), E_STATION);
	ck_assert_int_eq(open_row(s, 0, false, T0, T0), E_STATION);
	ck_assert_int_eq(open_row(s, 0, true, T0 + 5, T0 + 3), E_OK);
	u = row_of(s, 0);
	ck_assert(u.state == MEMORY_OPEN && u.opened_at == T0 + 5 && u.used_s == 15 && u.resumes == 0);
	ck_assert_str_eq((const char *)u.began.id, "a start of this");
	ck_assert_int_eq(u.began.s, 70);
	ck_assert_int_eq(CALL(s, marks, &marks), E_OK);
	ck_assert(marks.high == T0 + 3 && marks.proved == T0 + 3 && !marks.was_reset);
	ck_assert_int_eq(open_row(s, 0, true, T0, T0), E_STATION);
	ck_assert_int_eq(CALL(s, used, grant_hash, 0, 15), E_OK);
	ck_assert_int_eq(open_row(s, 0, false, T0 + 99, 0), E_OK);
	u = row_of(s, 0);
	ck_assert(u.opened_at == T0 + 5 && u.used_s == 15 && u.resumes == 1);
	station_close(&s);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, close, grant_hash, 0, 20), E_OK);
	u = row_of(s, 0);
	ck_assert(u.state == MEMORY_CLOSED && u.used_s == 20 && u.blob_len == 0 && u.receipt_len == 80);
	ck_assert_int_eq(CALL(s, used, grant_hash, 0, 30), E_STATION);
	ck_assert_int_eq(open_row(s, 0, false, T0, T0), E_STATION);
	ck_assert_int_eq(open_row(s, 0, true, T0, T0), E_STATION);
	ck_assert_int_eq(CALL(s, forget, grant_hash, 0), E_STATION);
	ck_assert_int_eq(CALL(s, close, grant_hash, 1, 20), E_STATION);
	ck_assert_ptr_nonnull(strstr(told.object, "station.sqlite"));
	station_close(&s);
}
END_TEST

START_TEST(ledger_claim_is_completed_once_or_forgotten)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u = a_use(1), full = a_use(1), got;

	u.blob_len = u.receipt_len = 0;
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
	got = row_of(s, 1);
	ck_assert(got.state == MEMORY_CLAIMED && got.blob_len == 0 && got.receipt_len == 0);
	ck_assert_int_eq(CALL(s, forget, grant_hash, 1), E_OK);
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_NONE);
	ck_assert_int_eq(CALL(s, complete, &full), E_STATION);
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
	ck_assert_int_eq(CALL(s, complete, &full), E_OK);
	got = row_of(s, 1);
	ck_assert_mem_eq(&got, &full, sizeof full);
	ck_assert_int_eq(CALL(s, complete, &full), E_STATION);
	ck_assert_int_eq(CALL(s, forget, grant_hash, 1), E_OK); /* the stick said no */
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_NONE);
	station_close(&s);
}
END_TEST

static void
count_open(void *arg, const struct memory_use *u)
{
	*(unsigned *)arg |= 1u << u->slot;
}

START_TEST(open_rows_are_listed_and_counted)
{
	struct station *s = open_ok(STATION_WRITE);
	struct station_summary sum;
	unsigned seen = 0;

	for (uint32_t slot = 0; slot < 5; slot++) {
		claim_ok(s, slot);
		if (slot >= 1)
			ck_assert_int_eq(open_row(s, slot, true, T0, T0 + slot), E_OK);
		if (slot >= 3)
			ck_assert_int_eq(CALL(s, close, grant_hash, slot, 1), E_OK);
	}
	ck_assert_int_eq(CALL(s, each_open, count_open, &seen), E_OK);
	ck_assert_uint_eq(seen, 1u << 1 | 1u << 2);
	ck_assert_int_eq(station_summarise(s, &sum, NULL), E_OK);
	ck_assert(sum.claimed == 1 && sum.open == 2 && sum.closed == 2 && sum.high_water == T0 + 4 && sum.issuer_count == 1);
	station_summary_free(&sum);
	station_close(&s);
}
END_TEST

START_TEST(resume_blob_is_erased_from_the_file_on_close)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u = a_use(1);

	u.blob_len = sizeof u.blob; /* in several pieces: on a page of its own and beside others */
	randombytes_buf(u.blob, sizeof u.blob);
	for (uint32_t slot = 10; slot < 20; slot++)
		claim_ok(s, slot);
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
	ck_assert_int_eq(open_row(s, 1, true, T0, T0), E_OK);
	ck_assert(found_in_files(dir, u.blob, 16));
	ck_assert(found_in_files(dir, u.blob + sizeof u.blob - 16, 16));
	ck_assert_int_eq(CALL(s, close, grant_hash, 1, 1), E_OK);
	for (size_t i = 0; i + 16 <= sizeof u.blob; i += 16)
		ck_assert(!found_in_files(dir, u.blob + i, 16));
	station_close(&s);
	for (size_t i = 0; i + 16 <= sizeof u.blob; i += 16)
		ck_assert(!found_in_files(dir, u.blob + i, 16));
}
END_TEST

/* What would not come back as it was is not stored. */
START_TEST(a_claim_that_does_not_fit_is_refused)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use good = a_use(1), u = good;

	u.blob_len = MEMORY_BLOB_MAX + 1;
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_FAIL);
	ck_assert(told.err == E_FAIL && told.sys == EINVAL);
	u = good;
	u.receipt_len = MEMORY_RECEIPT_MAX + 1;
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_FAIL);
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_NONE);
	u = good;
	u.blob_len = u.receipt_len = 0;
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
	u = good;
	u.blob_len = MEMORY_BLOB_MAX + 1;
	ck_assert_int_eq(CALL(s, complete, &u), E_FAIL);
	ck_assert_uint_eq(row_of(s, 1).blob_len, 0);
	ck_assert_int_eq(CALL(s, complete, &good), E_OK);
	station_close(&s);
}
END_TEST

/* hostile 50 */
START_TEST(full_disk_at_claim_inserts_nothing)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_issuer known;
	struct crew c;
	uint8_t result = 0;

	station_close(&s);
	crew_make(&c);
	if (crew_fork(&c)) {
		struct memory_use u = a_use(1);
		struct rlimit none = {1024, 1024};
		enum err err = E_OK;

		signal(SIGXFSZ, SIG_IGN);
		if (station_open(&s, dir, STATION_WRITE, NULL) != E_OK || setrlimit(RLIMIT_FSIZE, &none) != 0)
			_exit(1);
		err = CALL(s, claim, &u, T0);
		crew_tell(&c, err == E_STATION && told.err == E_STATION && row_of(s, 1).state == MEMORY_NONE, s);
	}
	crew_results(&c, &result);
	crew_end(&c);
	ck_assert_int_eq(result, 1);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(row_of(s, 1).state, MEMORY_NONE);
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert(!known.known);
	claim_ok(s, 1);
	station_close(&s);
}
END_TEST

/* hostile 63 */
START_TEST(edited_rows_are_refused)
{
	static const char *const edits[] = {
		"blob = zeroblob(2081)", "receipt = zeroblob(513)", "receipt = 'text'", "limit_s = -1",
		"limit_s = 604801", "used_s = -1", "resumes = -1", "opened_at = -5",
	};
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u;

	for (uint32_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		char text[200];

		claim_ok(s, i);
		ck_assert_int_eq(open_row(s, i, true, T0, T0), E_OK);
		snprintf(text, sizeof text, "UPDATE use SET %s WHERE slot = %u", edits[i], (unsigned)i);
		run_sql(text);
		ck_assert_int_eq(CALL(s, use, grant_hash, i, &u), E_STATION);
		ck_assert_int_eq(u.state, MEMORY_NONE);
		ck_assert_int_eq(CALL(s, each_open, count_open, &(unsigned){0}), E_STATION);
		snprintf(text, sizeof text, "DELETE FROM use WHERE slot = %u", (unsigned)i);
		run_sql(text);
	}
	station_close(&s);
}
END_TEST

/* ---- issuers, notices, clock -------------------------------------------------------------------------------------------- */

/* hostile 53 */
START_TEST(nothing_of_an_unknown_issuer_is_stored)
{
	struct station *s = open_ok(STATION_WRITE);
	struct notice n = a_notice(issuer_b, 77, 2, SLOTS(0, 1, 2));
	struct memory_issuer known;
	uint8_t *file = NULL;
	size_t len = 0;

	n.time = TIME_MAX;
	claim_ok(s, 1); /* issuer A */
	ck_assert_int_eq(station_learn_notice(s, &n, BYTES("of B", 4), NULL), E_ISSUER);
	ck_assert_int_eq(CALL(s, issuer, issuer_b, &known), E_OK);
	ck_assert(!known.known && known.floor == 0 && known.notice_no == 0);
	ck_assert_int_eq(station_pin(s, issuer_b, NULL), E_OK);
	ck_assert_int_eq(CALL(s, issuer, issuer_b, &known), E_OK);
	ck_assert(known.known && known.floor == 0 && known.notice_no == 0);
	ck_assert(!is_revoked(s, issuer_b, 2, 0));
	ck_assert_int_eq(CALL(s, notice_file, issuer_b, &file, &len), E_OK);
	ck_assert_ptr_null(file);
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert(known.floor == T0);
	notice_free(&n);
	station_close(&s);
}
END_TEST

/* hostile 54 */
START_TEST(notices_form_a_union_that_only_grows)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_issuer known;
	uint8_t *file = NULL;
	size_t len = 0;

	ck_assert_int_eq(station_pin(s, issuer_a, NULL), E_OK);
	learn(s, issuer_a, 5, 1, SLOTS(3), "five");
	learn(s, issuer_a, 5, 1, SLOTS(9), "another five");     /* same number, other content */
	learn(s, issuer_a, 4, 1, SLOTS(3, 100, 4095), "four");  /* older, but more */
	learn(s, issuer_a, 8, 2, SLOTS(0), "eight");            /* newer, without what was revoked */
	learn(s, issuer_a, 7, 2, SLOTS(1), "seven");
	station_close(&s);
	s = open_ok(STATION_READ);
	ck_assert(is_revoked(s, issuer_a, 1, 3) && is_revoked(s, issuer_a, 1, 9) && is_revoked(s, issuer_a, 1, 100) &&
	    is_revoked(s, issuer_a, 1, 4095) && is_revoked(s, issuer_a, 2, 0) && is_revoked(s, issuer_a, 2, 1));
	ck_assert(!is_revoked(s, issuer_a, 1, 2) && !is_revoked(s, issuer_a, 1, 4) && !is_revoked(s, issuer_a, 2, 3) &&
	    !is_revoked(s, issuer_a, 1, 70000));
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert(known.notice_no == 8 && known.floor == T0 + 8);
	ck_assert_int_eq(CALL(s, notice_file, issuer_a, &file, &len), E_OK);
	ck_assert(len == 5 && memcmp(file, "eight", 5) == 0);
	free(file);
	station_close(&s);
}
END_TEST

/* hostile 55 */
START_TEST(issuers_cannot_revoke_for_each_other)
{
	struct station *s = open_ok(STATION_WRITE);
	struct notice n = a_notice(issuer_b, 6, 0x1d, SLOTS(0, 1, 2));
	uint8_t bundle[ID_SIZE];

	ck_assert_int_eq(station_pin(s, issuer_a, NULL), E_OK);
	ck_assert_int_eq(station_pin(s, issuer_b, NULL), E_OK);
	memset(bundle, 0xbb, sizeof bundle);
	n.withdrawn = &bundle;
	n.withdrawn_count = 1;
	ck_assert_int_eq(station_learn_notice(s, &n, BYTES("b", 1), NULL), E_OK);
	ck_assert(is_revoked(s, issuer_b, 0x1d, 1) && !is_revoked(s, issuer_a, 0x1d, 1));
	ck_assert(is_withdrawn(s, issuer_b, bundle) && !is_withdrawn(s, issuer_a, bundle));
	n.withdrawn = NULL;
	n.withdrawn_count = 0;
	notice_free(&n);
	station_close(&s);
}
END_TEST

START_TEST(proved_code_brings_a_notice_and_a_claim_the_floor)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u = a_use(1);
	struct memory_issuer known;
	struct notice n = a_notice(issuer_a, 3, 5, SLOTS(12));

	ck_assert_int_eq(CALL(s, learn, &n, BYTES("three", 5)), E_OK); /* of a stranger, for whom the code vouches */
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert(known.known && known.floor == T0 + 3);
	ck_assert_int_eq(CALL(s, claim, &u, T0 + 7), E_OK);
	u.slot = 2;
	ck_assert_int_eq(CALL(s, claim, &u, T0 + 1), E_OK); /* never lower */
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert(known.known && known.floor == T0 + 7 && known.notice_no == 3);
	ck_assert(is_revoked(s, issuer_a, 5, 12));
	notice_free(&n);
	station_close(&s);
}
END_TEST

/* hostile 55 */
START_TEST(largest_notice_is_taken)
{
	struct station *s = open_ok(STATION_WRITE);
	struct notice n = a_notice(issuer_a, 1, 0, SLOTS(0));
	uint8_t id[ID_SIZE] = {0};
	const uint32_t grants = 7000;

	ck_assert_int_eq(station_pin(s, issuer_a, NULL), E_OK);
	for (uint32_t i = 1; i <= grants; i++) {
		store_le32(id, i);
		ck_assert_int_eq(notice_revoke(&n, id, GRANT_SLOTS_MAX - 1), 0);
	}
	for (size_t i = 0; i < n.grant_count; i++)
		memset(n.grants[i].bitmap, 0xff, n.grants[i].len);
	ck_assert_int_eq(station_learn_notice(s, &n, BYTES("n", 1), NULL), E_OK);
	for (uint32_t i = 1; i <= grants; i += 999) {
		struct memory_revoked is = {0};

		store_le32(id, i);
		ck_assert_int_eq(CALL(s, revoked, (&(struct memory_target){issuer_a, id, id, i % GRANT_SLOTS_MAX}), &is), E_OK);
		ck_assert(is.slot);
	}
	notice_free(&n);
	station_close(&s);
}
END_TEST

/* A list of count grants that is like no other of another kind, as full as a file can be with FULL of them. */
#define FULL 220000u

static struct notice
a_list(const uint8_t issuer[KEY_SIZE], uint32_t number, uint8_t kind_of, size_t count)
{
	struct notice n = {.number = number, .time = T0 + number};
	uint8_t id[ID_SIZE] = {0};

	memcpy(n.issuer, issuer, KEY_SIZE);
	id[4] = kind_of;
	for (uint32_t i = 0; i < count; i++) {
		id[0] = (uint8_t)(i >> 24), id[1] = (uint8_t)(i >> 16), id[2] = (uint8_t)(i >> 8), id[3] = (uint8_t)i;
		ck_assert_int_eq(notice_revoke(&n, id, 3), 0);
	}
	return n;
}

static bool
has_last(struct station *s, const uint8_t issuer[KEY_SIZE], uint8_t kind_of)
{
	const uint32_t i = FULL - 1;
	const uint8_t id[ID_SIZE] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, kind_of};
	struct memory_revoked is = {0};

	ck_assert_int_eq(CALL(s, revoked, (&(struct memory_target){issuer, id, id, 3}), &is), E_OK);
	return is.slot;
}

/* A file of n bytes that begins with c. What is in it is not looked at here. */
static enum err
learn_list(struct station *s, const struct notice *notice, char c, size_t n)
{
	uint8_t *file = calloc(1, n);
	enum err err;

	ck_assert_ptr_nonnull(file);
	file[0] = (uint8_t)c;
	err = CALL(s, learn, notice, BYTES(file, n));
	free(file);
	return err;
}

#define FILE_FULL (4u << 20)
#define PAGES (FILE_FULL / 4096)

/* hostile 76 */
START_TEST(list_costs_by_its_length_not_by_that_and_what_is_known)
{
	struct station *s = open_ok(STATION_WRITE);
	struct notice a = a_list(issuer_a, 1, 1, FULL), b = a_list(issuer_a, 2, 2, FULL), few = a_list(issuer_a, 3, 3, 2000);
	struct memory_issuer known;

	ck_assert_int_eq(learn_list(s, &a, 'a', FILE_FULL), E_OK);
	transfers = 0;
	ck_assert_int_eq(learn_list(s, &few, 'f', FILE_FULL), E_OK);
	ck_assert_uint_gt(transfers, PAGES); /* or they are not counted */
	ck_assert_uint_lt(transfers, 12 * PAGES);
	transfers = 0;
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert_uint_lt(transfers, 20);
	station_close(&s);
	ck_assert_int_eq(unlink(db_path), 0);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(learn_list(s, &a, 'a', FILE_FULL), E_OK);
	transfers = 0;
	ck_assert_int_eq(learn_list(s, &b, 'b', FILE_FULL), E_OK);
	ck_assert_uint_lt(transfers, 16 * PAGES);
	ck_assert(has_last(s, issuer_a, 1) && has_last(s, issuer_a, 2) && !has_last(s, issuer_a, 3));
	transfers = 0;
	ck_assert_int_eq(learn_list(s, &b, 'b', FILE_FULL), E_OK); /* the same stick again */
	ck_assert_uint_lt(transfers, 2 * PAGES);
	station_close(&s);
	notice_free(&a);
	notice_free(&b);
	notice_free(&few);
}
END_TEST

/* Lists that leave out what the one before them had: over the years they are more than is kept of one issuer. */
/* hostile 76 */
START_TEST(issuer_who_lists_without_end_has_his_newest_list_kept)
{
	struct station *s = open_ok(STATION_WRITE);
	struct notice n = {0};
	struct memory_issuer known;
	struct memory_use u = a_use(1);

	for (uint8_t i = 1; i <= 3; i++) {
		n = a_list(issuer_a, i, i, FULL);
		ck_assert_int_eq(learn_list(s, &n, (char)i, FILE_FULL), E_OK);
		ck_assert(has_last(s, issuer_a, i) && has_last(s, issuer_a, 1) == (i < 3));
		notice_free(&n);
	}
	ck_assert(!has_last(s, issuer_a, 2) && has_last(s, issuer_a, 3));
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert_uint_eq(known.notice_no, 3);
	ck_assert_int_eq(known.floor, T0 + 3); /* refuses what the newest leaves out */
	n = a_list(issuer_b, 1, 1, FULL);
	ck_assert_int_eq(learn_list(s, &n, 'b', FILE_FULL), E_OK);
	notice_free(&n);
	for (uint8_t i = 1; i <= 3; i++) { /* old ones come again, and another of that number: they take nothing away */
		n = a_list(issuer_a, i, i < 3 ? i : 9, FULL);
		ck_assert_int_eq(learn_list(s, &n, (char)i, FILE_FULL), E_OK);
		notice_free(&n);
	}
	ck_assert(has_last(s, issuer_a, 3) && has_last(s, issuer_b, 1));
	ck_assert_int_eq(CALL(s, issuer, issuer_a, &known), E_OK);
	ck_assert_uint_eq(known.notice_no, 3);
	station_close(&s);
	s = open_ok(STATION_READ); /* who may only read hears the same */
	n = a_list(issuer_a, 4, 4, FULL);
	ck_assert_int_eq(learn_list(s, &n, 4, FILE_FULL), E_OK);
	station_close(&s);
	notice_free(&n);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
	station_close(&s);
}
END_TEST

/* hostile 76 */
START_TEST(others_work_while_a_long_list_is_learnt)
{
	struct station *s = NULL;
	struct crew c;
	uint8_t result = 9;

	crew_make(&c);
	if (crew_fork(&c)) {
		struct notice a = a_list(issuer_b, 1, 1, FULL), b = a_list(issuer_b, 2, 2, FULL);

		s = open_ok(STATION_WRITE);
		crew_tell(&c, learn_list(s, &a, 'a', FILE_FULL) != E_OK || learn_list(s, &b, 'b', FILE_FULL) != E_OK, s);
	}
	s = open_ok(STATION_WRITE);
	close(c.start[1]);
	for (uint32_t slot = 0; slot < 40; slot++)
		claim_ok(s, slot);
	crew_results(&c, &result);
	ck_assert_int_eq(result, 0);
	crew_end(&c);
	ck_assert(has_last(s, issuer_b, 1) && has_last(s, issuer_b, 2));
	station_close(&s);
}
END_TEST

/* hostile 76 */
START_TEST(of_many_processes_no_list_is_lost)
{
	uint8_t results[CHILDREN];
	struct station *s = NULL;
	struct crew c;

	crew_make(&c);
	for (int i = 0; i < CHILDREN; i++) {
		if (crew_fork(&c)) {
			struct notice n = a_notice(issuer_a, (uint32_t)i + 1, i + 1, SLOTS(i));
			char file[2] = {(char)('a' + i), '\0'};

			s = open_ok(STATION_WRITE);
			crew_tell(&c, (int)CALL(s, learn, &n, BYTES(file, 1)), s);
		}
	}
	crew_results(&c, results);
	crew_end(&c);
	s = open_ok(STATION_READ);
	for (int i = 0; i < CHILDREN; i++) {
		ck_assert_int_eq(results[i], E_OK);
		ck_assert(is_revoked(s, issuer_a, i + 1, (uint32_t)i));
	}
	station_close(&s);
}
END_TEST

/* hostile 39 */
START_TEST(closed_list_keeps_strangers_out)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u = a_use(1);
	struct station_summary sum;
	bool closed = false;

	claim_ok(s, 1);
	ck_assert_int_eq(station_pin_only(s, true, NULL), E_OK);
	station_close(&s);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, closed_list, &closed), E_OK);
	ck_assert(closed);
	claim_ok(s, 2); /* known when it was closed */
	u.slot = 3;
	memcpy(u.issuer, issuer_b, KEY_SIZE);
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_ISSUER);
	ck_assert_int_eq(row_of(s, 3).state, MEMORY_NONE);
	ck_assert_int_eq(station_pin(s, issuer_b, NULL), E_OK);
	ck_assert_int_eq(station_summarise(s, &sum, NULL), E_OK);
	ck_assert(sum.closed_list && sum.issuer_count == 2);
	ck_assert_mem_eq(sum.issuers[0].pk, issuer_b, KEY_SIZE);
	ck_assert(sum.issuers[0].pinned && !sum.issuers[1].pinned && sum.issuers[1].floor == T0);
	station_summary_free(&sum);
	ck_assert_int_eq(CALL(s, claim, &u, T0), E_OK);
	ck_assert_int_eq(station_pin_only(s, false, NULL), E_OK);
	ck_assert_int_eq(CALL(s, closed_list, &closed), E_OK);
	ck_assert(!closed);
	station_close(&s);
}
END_TEST

START_TEST(high_water_rises_and_only_an_operator_lowers_it)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_marks marks = {0};

	for (uint32_t slot = 0; slot < 4; slot++)
		claim_ok(s, slot);
	ck_assert_int_eq(open_row(s, 0, true, T0, T0 + 50), E_OK);
	ck_assert_int_eq(open_row(s, 1, true, T0, T0 - 50), E_OK);
	ck_assert_int_eq(CALL(s, marks, &marks), E_OK);
	ck_assert(marks.high == T0 + 50 && marks.proved == T0 + 50 && !marks.was_reset);
	ck_assert_int_eq(station_reset_clock(s, T0 - 9, NULL), E_OK);
	station_close(&s);
	s = open_ok(STATION_WRITE);
	ck_assert_int_eq(CALL(s, marks, &marks), E_OK);
	ck_assert(marks.high == T0 - 9 && marks.proved == 0 && marks.was_reset);
	ck_assert_int_eq(open_row(s, 2, true, T0, 0), E_OK); /* not believed, but a use */
	ck_assert_int_eq(CALL(s, marks, &marks), E_OK);
	ck_assert(marks.high == T0 - 9 && marks.proved == 0 && !marks.was_reset);
	ck_assert_int_eq(open_row(s, 3, true, T0, T0 - 20), E_OK); /* it proves its own time, not the operator's */
	ck_assert_int_eq(CALL(s, marks, &marks), E_OK);
	ck_assert(marks.high == T0 - 9 && marks.proved == T0 - 20);
	station_close(&s);
}
END_TEST

/* ---- locks -------------------------------------------------------------------------------------------------------------- */

START_TEST(one_process_holds_a_slot_and_says_where)
{
	struct station *s = open_ok(STATION_WRITE), *other = open_ok(STATION_WRITE);
	static const char text[] = "{\"pid\": 7, \"mountpoint\": \"/home/kim/Week 12\x1b[2J\"}";
	static const char clean[] = "{\"pid\": 7, \"mountpoint\": \"/home/kim/Week\\u0007 12\"}";
	char where[256] = "x", name[STATION_LOCK_NAME];

	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	ck_assert_str_eq(where, "");
	ck_assert_int_ge(station_lock_fd(s), 0);
	ck_assert_int_eq(CALL(other, lock_slot, grant_hash, 1, where, sizeof where), E_BUSY);
	ck_assert_str_eq(where, "");
	ck_assert_int_eq(station_lock_fd(other), -1);
	ck_assert_int_gt(pwrite(station_lock_fd(s), text, sizeof text - 1, 0), 0);
	ck_assert_int_eq(CALL(other, lock_slot, grant_hash, 1, where, sizeof where), E_BUSY);
	ck_assert_str_eq(where, ""); /* no JSON: a raw control character */
	ck_assert_int_eq(ftruncate(station_lock_fd(s), 0), 0);
	ck_assert_int_gt(pwrite(station_lock_fd(s), clean, sizeof clean - 1, 0), 0);
	ck_assert_int_eq(CALL(other, lock_slot, grant_hash, 1, where, sizeof where), E_BUSY);
	ck_assert_str_eq(where, "/home/kim/Week? 12");
	ck_assert_int_eq(CALL(other, lock_slot, grant_hash, 1, where, 6), E_BUSY);
	ck_assert_str_eq(where, "/home");
	ck_assert_int_eq(CALL(other, lock_slot, grant_hash, 2, where, sizeof where), E_OK);
	ck_assert_int_eq(CALL(other, lock_slot, grant_hash, 3, where, sizeof where), E_FAIL);
	memory_unlock_slot(station_memory(s));
	memory_unlock_slot(station_memory(s));
	ck_assert_int_eq(station_lock_fd(s), -1);
	station_lock_name(name, grant_hash, 1);
	ck_assert_int_ne(faccessat(station_session_dir(s), name, F_OK, 0), 0);
	memory_unlock_slot(station_memory(other));
	ck_assert_int_eq(CALL(other, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	station_close(&other);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	station_close(&s);
}
END_TEST

START_TEST(lock_file_of_a_dead_process_is_taken_over)
{
	struct station *s = open_ok(STATION_WRITE);
	char where[64], name[STATION_LOCK_NAME];
	struct stat st;
	pid_t pid;

	station_lock_name(name, grant_hash, 1);
	if ((pid = fork()) == 0) {
		struct station *mine = NULL;

		if (station_open(&mine, dir, STATION_WRITE, NULL) == E_OK &&
		    CALL(mine, lock_slot, grant_hash, 1, where, sizeof where) == E_OK &&
		    pwrite(station_lock_fd(mine), "{\"mountpoint\": \"/gone\"}", 23, 0) == 23)
			raise(SIGKILL);
		_exit(1);
	}
	expect_killed(pid);
	ck_assert_int_eq(fstatat(station_session_dir(s), name, &st, 0), 0);
	ck_assert_int_eq(st.st_size, 23);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	ck_assert_int_eq(fstat(station_lock_fd(s), &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	station_close(&s);
}
END_TEST

struct left {
	unsigned count;
	struct station_holder h;
	bool done;
};

static bool
note_left(void *arg, const struct station_holder *h, int64_t since)
{
	struct left *l = arg;

	ck_assert_int_ge(time(NULL) - since, 0);
	l->count++;
	l->h = *h;
	return l->done;
}

START_TEST(what_a_dead_holder_said_is_left_until_it_is_dealt_with)
{
	const struct station_holder said = {.mountpoint = "/home/kim/Week 12", .mount = {(uint64_t)1 << 40, 77}, .made = true};
	struct station *s = open_ok(STATION_WRITE);
	int session = station_session_dir(s), fd;
	char where[64], name[STATION_LOCK_NAME];
	struct left l = {.done = false};
	pid_t pid;

	station_lock_name(name, grant_hash, 1);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	station_describe(s, &said);
	station_left(session, name, note_left, &l); /* its holder lives */
	ck_assert_uint_eq(l.count, 0);
	memory_unlock_slot(station_memory(s));
	station_left(session, name, note_left, &l);
	ck_assert_uint_eq(l.count, 0);

	if ((pid = fork()) == 0) {
		struct station *mine = NULL;

		if (station_open(&mine, dir, STATION_WRITE, NULL) == E_OK &&
		    CALL(mine, lock_slot, grant_hash, 1, where, sizeof where) == E_OK) {
			station_describe(mine, &said);
			raise(SIGKILL);
		}
		_exit(1);
	}
	expect_killed(pid);
	station_left(session, name, note_left, &l);
	ck_assert_uint_eq(l.count, 1);
	ck_assert_str_eq(l.h.mountpoint, said.mountpoint);
	ck_assert(mountinfo_same(&l.h.mount, &said.mount));
	ck_assert(l.h.made && !l.h.ending);
	l.done = true;
	station_left(session, name, note_left, &l); /* it could not be dealt with: it is still there */
	ck_assert_uint_eq(l.count, 2);
	station_left(session, name, note_left, &l);
	ck_assert_uint_eq(l.count, 2);

	ck_assert_int_eq(unlinkat(session, name, 0), 0);
	fd = openat(session, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* words of an older program, that name no mount */
	ck_assert_int_eq(write(fd, "{\"mountpoint\": \"/x\", \"mount\": -1, \"device\": \"8:1\"}", 51), 51);
	close(fd);
	station_left(session, name, note_left, &l);
	ck_assert_uint_eq(l.count, 3);
	ck_assert_uint_eq(l.h.mount.mount, 0);
	station_close(&s);
}
END_TEST

START_TEST(a_holder_that_is_ending_is_waited_for)
{
	const struct station_holder said = {.mountpoint = "/home/kim/Week 12", .ending = true};
	const struct timespec while_ending = {.tv_nsec = 700000000};
	struct station *s = open_ok(STATION_WRITE);
	char where[64], byte;
	int ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		struct station *mine = NULL;

		if (station_open(&mine, dir, STATION_WRITE, NULL) != E_OK ||
		    CALL(mine, lock_slot, grant_hash, 1, where, sizeof where) != E_OK)
			_exit(1);
		station_describe(mine, &said);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		nanosleep(&while_ending, NULL);
		memory_unlock_slot(station_memory(mine));
		raise(SIGKILL);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert(close(ready[0]) == 0 && close(ready[1]) == 0);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	expect_killed(pid);
	station_close(&s);
}
END_TEST

START_TEST(lock_that_is_no_file_is_an_error)
{
	struct station *s = open_ok(STATION_WRITE);
	char where[64], name[STATION_LOCK_NAME];

	station_lock_name(name, grant_hash, 1);
	ck_assert_int_eq(symlinkat("/etc/passwd", station_session_dir(s), name), 0);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_STATION);
	ck_assert_int_eq(unlinkat(station_session_dir(s), name, 0), 0);
	ck_assert_int_eq(told.sys, ELOOP);
	ck_assert_int_eq(mkdirat(station_session_dir(s), name, 0700), 0);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_STATION);
	ck_assert_int_eq(told.sys, EISDIR);
	ck_assert_int_eq(unlinkat(station_session_dir(s), name, AT_REMOVEDIR), 0);
	ck_assert_int_eq(mkfifoat(station_session_dir(s), name, 0600), 0);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_STATION);
	ck_assert_int_eq(told.sys, ELOOP);
	ck_assert_int_eq(unlinkat(station_session_dir(s), name, 0), 0);
	refused_with = ENOLCK;
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_STATION);
	ck_assert_int_eq(told.sys, ENOLCK);
	refused_with = EINTR; /* once */
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	station_close(&s);
}
END_TEST

/* hostile 45 */
START_TEST(of_many_processes_one_gets_the_slot)
{
	struct station *s = open_ok(STATION_WRITE);
	struct crew c;
	uint8_t results[CHILDREN];
	unsigned got = 0, busy = 0;
	char where[64];

	station_close(&s);
	crew_make(&c);
	for (int i = 0; i < CHILDREN; i++)
		if (crew_fork(&c)) {
			if (station_open(&s, dir, STATION_WRITE, NULL) != E_OK)
				_exit(1);
			crew_tell(&c, (int)CALL(s, lock_slot, grant_hash, 1, where, sizeof where), s);
		}
	crew_results(&c, results);
	crew_end(&c);
	for (int i = 0; i < CHILDREN; i++) {
		got += results[i] == E_OK;
		busy += results[i] == E_BUSY;
	}
	ck_assert_uint_eq(got, 1);
	ck_assert_uint_eq(busy, CHILDREN - 1);
}
END_TEST

START_TEST(lock_on_a_file_that_was_removed_meanwhile_is_no_lock)
{
	struct station *s = open_ok(STATION_WRITE);
	char where[64], name[STATION_LOCK_NAME];

	station_lock_name(name, grant_hash, 1);
	replaced_dir = station_session_dir(s);
	replaced_name = name;
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_BUSY);
	ck_assert_int_ne(replaced_fd, -1);
	close(replaced_fd);
	ck_assert_int_eq(CALL(s, lock_slot, grant_hash, 1, where, sizeof where), E_OK);
	station_close(&s);
}
END_TEST

START_TEST(removal_of_lock_files_lets_no_two_in)
{
	atomic_int *inside = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct station *s = open_ok(STATION_WRITE);
	struct crew c;
	uint8_t results[CHILDREN];

	ck_assert_ptr_ne(inside, MAP_FAILED);
	station_close(&s);
	crew_make(&c);
	for (int i = 0; i < CHILDREN; i++)
		if (crew_fork(&c)) {
			int clashes = 0;
			char where[64];

			if (station_open(&s, dir, STATION_WRITE, NULL) != E_OK)
				_exit(1);
			for (int k = 0; k < 300; k++) {
				if (CALL(s, lock_slot, grant_hash, 1, where, sizeof where) != E_OK)
					continue;
				clashes += atomic_fetch_add(inside, 1) != 0;
				atomic_fetch_sub(inside, 1);
				memory_unlock_slot(station_memory(s));
			}
			crew_tell(&c, clashes > 0, s);
		}
	crew_results(&c, results);
	crew_end(&c);
	for (int i = 0; i < CHILDREN; i++)
		ck_assert_uint_eq(results[i], 0);
	munmap(inside, 4096);
}
END_TEST

/* hostile 45 */
START_TEST(of_many_processes_one_claims)
{
	struct station *s = open_ok(STATION_WRITE);
	struct crew c;
	uint8_t results[CHILDREN];
	unsigned got = 0, spent = 0;

	station_close(&s);
	crew_make(&c);
	for (int i = 0; i < CHILDREN; i++)
		if (crew_fork(&c)) {
			struct memory_use u = a_use(1);

			if (station_open(&s, dir, STATION_WRITE, NULL) != E_OK)
				_exit(1);
			crew_tell(&c, (int)CALL(s, claim, &u, T0), s);
		}
	crew_results(&c, results);
	crew_end(&c);
	for (int i = 0; i < CHILDREN; i++) {
		got += results[i] == E_OK;
		spent += results[i] == E_SPENT;
	}
	ck_assert_uint_eq(got, 1);
	ck_assert_uint_eq(spent, CHILDREN - 1);
}
END_TEST

/* ---- key, receipts ------------------------------------------------------------------------------------------------------ */

START_TEST(share_is_the_issuers_share)
{
	struct station *s = open_ok(STATION_WRITE);
	uint8_t seed[KEY_SIZE] = {1}, id[ID_SIZE] = {2}, sk[KEY_SIZE], xpk[KEY_SIZE], pk[KEY_SIZE];
	uint8_t theirs[HASH_SIZE], ours[HASH_SIZE], zero[KEY_SIZE] = {0};
	bool persistent;
	int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	keytree_grant_x25519(sk, xpk, seed, id);
	ck_assert_int_eq(CALL(s, station_pk, pk), E_OK);
	ck_assert_int_eq(CALL(s, share, xpk, ours), E_OK);
	ck_assert_int_eq(keytree_station_share(theirs, sk, pk, xpk, pk), 0);
	ck_assert_mem_eq(ours, theirs, HASH_SIZE);
	ck_assert_int_eq(CALL(s, share, zero, ours), E_WRONG_STATION);
	persistent = memory_persistent(station_memory(s));
	ck_assert_int_eq(persistent, !stickio_volatile(fd));
	close(fd);
	station_close(&s);
}
END_TEST

/* As an ordinary user, because root may write everywhere: how station_writable judges dir while path may not be written. */
static enum err
writable_without(const char *path)
{
	struct station *s = NULL;
	pid_t pid = -1;
	int status = -1;

	if (path != NULL)
		ck_assert_int_eq(chmod(path, 0500), 0);
	if ((pid = fork()) == 0) {
		struct fault f = {0};
		enum err err = E_FAIL;

		if ((geteuid() != 0 || setresuid(65534, 65534, 65534) == 0) && station_open(&s, dir, STATION_READ, &f) == E_OK)
			err = station_writable(s, &f);
		_exit((int)err);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (path != NULL)
		ck_assert_int_eq(chmod(path, 0700), 0);
	return (enum err)WEXITSTATUS(status);
}

static void
give_to_ordinary_user(const char *path)
{
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, 65534, 65534), 0);
}

START_TEST(a_memory_that_cannot_be_written_is_known_without_writing)
{
	struct station *s = NULL;
	char path[4400];

	give_to_ordinary_user(base);
	ck_assert_int_eq(writable_without(NULL), E_OK); /* it can be made */
	ck_assert_int_eq(writable_without(base), E_STATION);
	ck_assert_int_ne(access(dir, F_OK), 0);
	s = open_ok(STATION_WRITE);
	station_close(&s);
	snprintf(path, sizeof path, "%s/state", base);
	give_to_ordinary_user(path);
	give_to_ordinary_user(dir);
	give_to_ordinary_user(db_path);
	snprintf(path, sizeof path, "%s/session", dir);
	give_to_ordinary_user(path);
	ck_assert_int_eq(writable_without(NULL), E_OK);
	ck_assert_int_eq(writable_without(dir), E_STATION);
	ck_assert_int_eq(writable_without(path), E_STATION);
	ck_assert_int_eq(writable_without(db_path), E_STATION);
}
END_TEST

START_TEST(receipts_are_of_codes_whose_key_was_used)
{
	struct station *s = open_ok(STATION_WRITE);
	struct memory_use u = a_use(0);
	struct receipt_row *rows = NULL;
	uint8_t *file = NULL;
	size_t n = 0, count = 0;

	for (uint32_t slot = 0; slot < 4; slot++)
		claim_ok(s, slot);
	ck_assert_int_eq(open_row(s, 1, true, T0, T0), E_OK);
	ck_assert_int_eq(open_row(s, 2, true, T0, T0), E_OK);
	ck_assert_int_eq(CALL(s, close, grant_hash, 2, 5), E_OK);
	ck_assert_int_eq(CALL(s, close, grant_hash, 3, 0), E_OK); /* another station was faster */
	ck_assert_int_eq(station_receipts(s, &file, &n, NULL), E_OK);
	ck_assert_int_eq(receipts_parse(BYTES(file, n), &rows, &count), 0);
	ck_assert_uint_eq(count, 2);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(rows[i].slot, i + 1);
		ck_assert_mem_eq(rows[i].issuer, issuer_a, KEY_SIZE);
		ck_assert_mem_eq(rows[i].grant_id, u.grant_id, ID_SIZE);
		ck_assert_uint_eq(rows[i].body.n, u.receipt_len);
		ck_assert_mem_eq(rows[i].body.p, u.receipt, u.receipt_len);
	}
	free(rows);
	free(file);
	station_close(&s);
}
END_TEST

SUITE("station", .setup = setup, .teardown = teardown, .timeout = 120)
{
	tcase_add_test(t, first_open_makes_private_directory_file_and_key);
	tcase_add_test(t, reading_an_absent_memory_finds_nothing_and_makes_nothing);
	tcase_add_test(t, reading_changes_nothing);
	tcase_add_test(t, damaged_file_is_refused_and_left_alone);
	tcase_add_test(t, other_files_are_refused);
	tcase_add_test(t, write_ahead_log_is_refused_before_it_makes_files);
	tcase_add_test(t, deleted_file_is_a_fresh_station);
	tcase_add_test(t, directory_that_everybody_writes_to_is_refused);
	tcase_add_test(t, read_only_file_and_directory_are_refused);
	tcase_add_test(t, memory_locked_by_another_process_is_named);
	tcase_add_test(t, interrupted_change_is_undone_by_a_writer_only);
	tcase_add_test(t, processes_that_make_it_together_make_one_key);
	tcase_add_test(t, directory_comes_from_the_environment);
	tcase_add_test(t, claim_survives_reopening_byte_for_byte);
	tcase_add_test(t, second_claim_is_spent_and_changes_nothing);
	tcase_add_test(t, session_goes_from_claim_to_close);
	tcase_add_test(t, beat_is_one_flush);
	tcase_add_test(t, torn_beat_gives_back_one_at_most);
	tcase_add_test(t, beat_without_its_file_is_in_the_row);
	tcase_add_test(t, ledger_claim_is_completed_once_or_forgotten);
	tcase_add_test(t, open_rows_are_listed_and_counted);
	tcase_add_test(t, resume_blob_is_erased_from_the_file_on_close);
	tcase_add_test(t, a_claim_that_does_not_fit_is_refused);
	tcase_add_test(t, full_disk_at_claim_inserts_nothing);
	tcase_add_test(t, edited_rows_are_refused);
	tcase_add_test(t, nothing_of_an_unknown_issuer_is_stored);
	tcase_add_test(t, notices_form_a_union_that_only_grows);
	tcase_add_test(t, issuers_cannot_revoke_for_each_other);
	tcase_add_test(t, proved_code_brings_a_notice_and_a_claim_the_floor);
	tcase_add_test(t, largest_notice_is_taken);
	tcase_add_test(t, list_costs_by_its_length_not_by_that_and_what_is_known);
	tcase_add_test(t, issuer_who_lists_without_end_has_his_newest_list_kept);
	tcase_add_test(t, others_work_while_a_long_list_is_learnt);
	tcase_add_test(t, of_many_processes_no_list_is_lost);
	tcase_add_test(t, closed_list_keeps_strangers_out);
	tcase_add_test(t, high_water_rises_and_only_an_operator_lowers_it);
	tcase_add_test(t, one_process_holds_a_slot_and_says_where);
	tcase_add_test(t, lock_file_of_a_dead_process_is_taken_over);
	tcase_add_test(t, lock_that_is_no_file_is_an_error);
	tcase_add_test(t, a_holder_that_is_ending_is_waited_for);
	tcase_add_test(t, what_a_dead_holder_said_is_left_until_it_is_dealt_with);
	tcase_add_test(t, of_many_processes_one_gets_the_slot);
	tcase_add_test(t, lock_on_a_file_that_was_removed_meanwhile_is_no_lock);
	tcase_add_test(t, removal_of_lock_files_lets_no_two_in);
	tcase_add_test(t, of_many_processes_one_claims);
	tcase_add_test(t, share_is_the_issuers_share);
	tcase_add_test(t, a_memory_that_cannot_be_written_is_known_without_writing);
	tcase_add_test(t, receipts_are_of_codes_whose_key_was_used);
}
