/*
 * check_books.c - the issuer's books: numbers, handing out, final states, cumulative notices, and two issuers at once.
 */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "books.h"
#include "keytree.h"
#include "sql.h"
#include "stickio.h"
#include "remove.h"
#include "suite.h"

#define T0 1760000000ll
#define CHILDREN 4
#define CRASHED 99
#define NO_RECEIPT BYTES(NULL, 0)

static char base[4096], dir[4200], db_path[4300];
static uint8_t stick_a[ID_SIZE], stick_b[ID_SIZE];

/* What SQLite reads; and what reading fails with, 0: nothing. */
static size_t bytes_read;
static int unreadable;

__attribute__((visibility("default"))) ssize_t pread64(int fd, void *buf, size_t n, off_t off);

ssize_t
pread64(int fd, void *buf, size_t n, off_t off)
{
	bytes_read += n;
	if (unreadable != 0) {
		errno = unreadable;
		return -1;
	}
	return syscall(SYS_pread64, fd, buf, n, off);
}

/* The process ends before so many writes, or syncs, of SQLite; 0: never. */
static unsigned end_before;

static void
one_more(void)
{
	if (end_before > 0 && --end_before == 0)
		_exit(CRASHED);
}

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void *buf, size_t n, off_t off);

ssize_t
pwrite64(int fd, const void *buf, size_t n, off_t off)
{
	one_more();
	return syscall(SYS_pwrite64, fd, buf, n, off);
}

/* Nothing here loses its power, and a disk takes its time. */
__attribute__((visibility("default"))) int
fdatasync(int fd)
{
	(void)fd;
	one_more();
	return 0;
}

__attribute__((visibility("default"))) int
fsync(int fd)
{
	return fdatasync(fd);
}

/* What is drawn next, from a test; random otherwise. */
static struct { uint8_t ids[8][ID_SIZE]; size_t count, at; } drawn;

__attribute__((visibility("default"))) void
randombytes_buf(void *buf, size_t n)
{
	if (drawn.at < drawn.count && n == ID_SIZE)
		memcpy(buf, drawn.ids[drawn.at++], n);
	else if (syscall(SYS_getrandom, buf, n, 0) != (long)n)
		abort();
}

/* How long a connection waits for others; it does not where a test says so. */
static int waited_ms;
static bool impatient;

__attribute__((visibility("default"))) int
sqlite3_busy_timeout(sqlite3 *db, int ms)
{
	int (*real)(sqlite3 *, int) = NULL;

	*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_busy_timeout");
	waited_ms = ms;
	return real != NULL && !impatient ? real(db, ms) : SQLITE_OK;
}

static void
setup(void)
{
	snprintf(base, sizeof base, "%s/check_books.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(dir, sizeof dir, "%s/data/oncestick", base);
	snprintf(db_path, sizeof db_path, "%s/%s", dir, BOOKS_NAME);
	memset(stick_a, 0xf1, sizeof stick_a); /* comes after stick_b by its bytes */
	memset(stick_b, 0x1f, sizeof stick_b);
}

static void
teardown(void)
{
	(void)remove_all(base);
}

/* ---- helpers ------------------------------------------------------------------------------------------------------------ */

static struct books *
open_ok(void)
{
	struct fault f = {0};
	struct books *b = NULL;
	enum err err = books_open(&b, dir, true, &f);

	ck_assert_msg(err == E_OK, "%s: %s: %s", err_name(err), f.step, f.object);
	return b;
}

static void
fails_to_open(bool create, int line)
{
	struct fault f = {0};
	struct books *b = NULL;
	enum err err = books_open(&b, dir, create, &f);

	ck_assert_msg(err == E_BOOKS && b == NULL, "%s, expected in line %d", err_name(err), line);
	ck_assert_int_eq(f.err, E_BOOKS);
	ck_assert_str_ne(f.step, "");
	ck_assert_ptr_nonnull(strstr(f.object, dir));
}

#define open_fails(create) fails_to_open((create), __LINE__)

/* A grant with id bytes all id, its payload made; to be freed by drop_grant. */
struct sample {
	struct grant g;
	uint8_t *payload;
	size_t n;
};

static struct sample
a_grant(int id, const uint8_t stick_id[ID_SIZE], uint32_t refill, uint32_t slots, int64_t expires)
{
	struct sample s = {0};

	memset(s.g.issuer, 0x88, KEY_SIZE);
	memcpy(s.g.stick_id, stick_id, ID_SIZE);
	memset(s.g.id, id, ID_SIZE);
	s.g.refill = refill;
	s.g.issued = T0 + id;
	s.g.bundle_count = 1;
	memset(s.g.bundles[0].id, 0xb0, ID_SIZE);
	s.g.policy.not_before = T0;
	s.g.policy.expires = expires;
	s.g.policy.session_s = 3600;
	s.g.slots = slots;
	s.g.locators = calloc(slots, LOCATOR_SIZE);
	ck_assert_ptr_nonnull(s.g.locators);
	for (uint32_t i = 0; i < slots; i++)
		store_le32(s.g.locators[i], i);
	snprintf(s.g.label, sizeof s.g.label, "Week %d", id);
	s.payload = grant_encode(&s.g, &s.n);
	ck_assert_ptr_nonnull(s.payload);
	return s;
}

static void
drop_grant(struct sample *s)
{
	free(s->payload);
	grant_free(&s->g);
}

static void
add_grant(struct books *b, int id, const uint8_t stick_id[ID_SIZE], uint32_t slots, int64_t expires)
{
	struct sample s = a_grant(id, stick_id, 0, slots, expires);
	struct fault f = {0};

	ck_assert_msg(books_add_grant(b, &(struct books_new){&s.g, BYTES(s.payload, s.n), BOOKS_READY, T0, "prepare"},
	    &f) == E_OK, "%s", f.object);
	drop_grant(&s);
}

static uint8_t *
id_of(int id)
{
	static uint8_t out[ID_SIZE];

	memset(out, id, sizeof out);
	return out;
}

static enum err
set_state(struct books *b, int id, uint32_t slot, enum books_slot_state state)
{
	struct books_change c = {.grant_id = id_of(id), .slot = slot, .state = state, .now = T0 + 9, .verb = "test"};

	return books_set_state(b, &c, NULL);
}

static enum err
spend(struct books *b, struct bytes receipt, int64_t spent_at, int64_t now, const char *verb)
{
	struct books_change c = {.grant_id = id_of(1), .state = BOOKS_SPENT, .receipt = receipt, .spent_at = spent_at, .now = now,
	    .verb = verb, .detail = ""};

	return books_set_state(b, &c, NULL);
}

static enum err
add_second(struct books *b, struct bytes receipt, int64_t now, bool *added)
{
	struct books_change c = {.grant_id = id_of(1), .receipt = receipt, .now = now, .verb = "test"};

	return books_add_second(b, &c, added, NULL);
}

static struct books_slot
slot_of(struct books *b, const uint8_t *stick_id, uint32_t number)
{
	struct books_slot *list = NULL, found = {0};
	size_t count = 0;

	ck_assert_int_eq(books_slots(b, stick_id, &list, &count, NULL), E_OK);
	for (size_t i = 0; i < count; i++)
		if (list[i].number == number)
			found = list[i];
	ck_assert_uint_eq(found.number, number);
	free(list);
	return found;
}

static int64_t
ask(const char *text)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t v;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

static int
try_sql(const char *text)
{
	sqlite3 *db = NULL;
	int rc;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

#define SLOTS(...) ((const int[]){__VA_ARGS__, -1})

static void
store_notice(struct books *b, uint32_t number, int id, const int *slots, const char *file)
{
	struct notice n = {.number = number, .time = T0 + number};

	for (; *slots >= 0; slots++)
		ck_assert_int_eq(notice_revoke(&n, id_of(id), (uint32_t)*slots), 0);
	ck_assert_int_eq(books_store_notice(b, &n, BYTES(file, strlen(file)), NULL), E_OK);
	notice_free(&n);
}

/* The slots of one grant in the cumulative list, as bits of a number. */
static uint64_t
listed(struct books *b, int id)
{
	struct notice n;
	uint64_t bits = 0;

	ck_assert_int_eq(books_notice_content(b, T0 + 1000, &n, NULL), E_OK);
	ck_assert(n.number == 0 && n.time == 0);
	for (uint32_t slot = 0; slot < 64; slot++)
		bits |= (uint64_t)notice_revoked(&n, id_of(id), slot) << slot;
	notice_free(&n);
	return bits;
}

/* ---- the file ----------------------------------------------------------------------------------------------------------- */

START_TEST(books_are_made_only_on_demand_and_private)
{
	struct books *b = NULL;
	struct fault f = {0};
	struct stat st;
	mode_t old = umask(0);

	ck_assert_int_eq(books_open(&b, dir, false, &f), E_BOOKS);
	ck_assert_int_eq(f.sys, ENOENT);
	ck_assert_int_ne(access(dir, F_OK), 0);
	b = open_ok();
	books_close(&b);
	ck_assert_ptr_null(b);
	umask(old);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(db_path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(books_open(&b, dir, false, NULL), E_OK);
	books_close(&b);
	ck_assert_int_eq(unlink(db_path), 0);
	open_fails(false);
}
END_TEST

START_TEST(damaged_and_other_files_are_refused)
{
	struct books *b = open_ok();
	uint8_t *whole = NULL;
	size_t n = 0;

	books_close(&b);
	ck_assert_int_eq(stickio_slurp(AT_FDCWD, db_path, 1u << 24, &whole, &n), 0);
	for (int i = 0; i < 5; i++) {
		const size_t cut[5] = {0, 50, 100, n / 2, n - 1};

		ck_assert_int_eq(truncate(db_path, (off_t)cut[i]), 0);
		open_fails(true);
		open_fails(false);
		ck_assert_int_eq(unlink(db_path), 0);
		ck_assert_int_eq(stickio_create(AT_FDCWD, db_path, whole, n, 0600), 0);
	}
	free(whole);
	b = open_ok();
	books_close(&b);
	ck_assert_int_eq(try_sql("UPDATE meta SET v = 3 WHERE k = 'schema'"), SQLITE_OK);
	open_fails(true);
	ck_assert_int_eq( /* a station's */
	    try_sql("UPDATE meta SET v = 2 WHERE k = 'schema'; PRAGMA application_id = 1869505395"), SQLITE_OK);
	open_fails(true);
}
END_TEST

START_TEST(books_locked_by_another_process_are_named)
{
	struct books *b = open_ok(), *other = NULL;
	struct fault f = {0};

	impatient = true;
	ck_assert_int_eq(books_begin(b, NULL), E_OK);
	ck_assert_int_eq(books_open(&other, dir, false, &f), E_BOOKS); /* another connection is as good as a process */
	ck_assert_int_eq(f.sys, EBUSY);
	ck_assert_ptr_nonnull(strstr(f.object, "locked"));
	ck_assert_int_ge(waited_ms, 30000); /* a passphrase takes less on any PC */
	books_end(b, E_FAIL, NULL);
	ck_assert_int_eq(books_open(&other, dir, false, NULL), E_OK);
	books_close(&other);
	books_close(&b);
}
END_TEST

START_TEST(settings_are_kept_and_removed)
{
	struct books *b = open_ok();
	char value[16];

	ck_assert_int_eq(books_get(b, "contact", value, sizeof value, NULL), E_OK);
	ck_assert_str_eq(value, "");
	ck_assert_int_eq(books_set(b, "contact", "+49 30", NULL), E_OK);
	ck_assert_int_eq(books_set(b, "contact", "+49 30 1234", NULL), E_OK);
	books_close(&b);
	b = open_ok();
	ck_assert_int_eq(books_get(b, "contact", value, sizeof value, NULL), E_OK);
	ck_assert_str_eq(value, "+49 30 1234");
	ck_assert_int_eq(books_set(b, "contact", "twelve byte\xc3\xa4\xc3\xa4\xc3\xa4", NULL), E_OK);
	ck_assert_int_eq(books_get(b, "contact", value, sizeof value, NULL), E_OK);
	ck_assert_str_eq(value, "twelve byte\xc3\xa4\xc3\xa4"); /* cut between characters */
	ck_assert_int_eq(books_set(b, "contact", "", NULL), E_OK);
	ck_assert_int_eq(books_get(b, "contact", value, sizeof value, NULL), E_OK);
	ck_assert_str_eq(value, "");
	books_close(&b);
}
END_TEST

START_TEST(transaction_is_all_or_nothing)
{
	struct books *b = open_ok(), *other = NULL;
	struct books_slot *list = NULL;
	uint32_t have = 0;
	char value[16];

	ck_assert_int_eq(books_begin(b, NULL), E_OK);
	add_grant(b, 1, stick_a, 3, T0 + 100);
	ck_assert_int_eq(books_set(b, "contact", "x", NULL), E_OK);
	books_end(b, E_FAIL, NULL);
	books_end(b, E_FAIL, NULL); /* nothing to roll back */
	ck_assert_int_eq(ask("SELECT (SELECT count(*) FROM grnt) + (SELECT count(*) FROM stick)"
	    " + (SELECT count(*) FROM event)"), 0);
	ck_assert_int_eq(books_end(b, E_OK, NULL), E_BOOKS); /* nothing to commit */

	ck_assert_int_eq(books_begin(b, NULL), E_OK);
	add_grant(b, 1, stick_a, 3, T0 + 100);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 4, "Kim", T0}, &list, &have, NULL),
	    E_NO_CODES); /* fails alone */
	ck_assert_int_eq(set_state(b, 7, 0, BOOKS_SPENT), E_BOOKS);
	ck_assert_int_eq(books_set(b, "contact", "y", NULL), E_OK);
	ck_assert_int_eq(books_end(b, E_OK, NULL), E_OK);
	books_close(&b);
	other = open_ok();
	ck_assert_int_eq(books_get(other, "contact", value, sizeof value, NULL), E_OK);
	ck_assert_str_eq(value, "y");
	ck_assert_int_eq(ask("SELECT count(*) FROM slot WHERE state = 'ready'"), 3);
	books_close(&other);
}
END_TEST

START_TEST(full_disk_gives_up_the_whole_transaction)
{
	struct books *b = open_ok();
	int status = 0;
	pid_t pid;

	books_close(&b);
	if ((pid = fork()) == 0) {
		struct rlimit limit = {200000, 200000};
		enum err err = E_OK;

		signal(SIGXFSZ, SIG_IGN);
		if (books_open(&b, dir, false, NULL) != E_OK || setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
		    books_begin(b, NULL) != E_OK || books_set(b, "contact", "lost", NULL) != E_OK)
			_exit(2);
		for (int i = 1; i < 200 && err == E_OK; i++) {
			struct sample s = a_grant(i, stick_a, 0, 4096, T0 + 100);

			err = books_add_grant(b, &(struct books_new){&s.g, BYTES(s.payload, s.n), BOOKS_READY, T0, "prepare"},
			    NULL);
			drop_grant(&s);
		}
		if (err == E_OK)
			err = books_end(b, E_OK, NULL); /* the cache was large enough until now */
		else if (books_set(b, "contact", "alone", NULL) != E_BOOKS || books_end(b, E_OK, NULL) != E_BOOKS)
			_exit(3);
		books_close(&b);
		_exit(err == E_BOOKS ? 0 : 4);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	b = open_ok();
	ck_assert_int_eq(ask("SELECT (SELECT count(*) FROM grnt) + (SELECT count(*) FROM setting)"
	    " + (SELECT count(*) FROM slot)"), 0);
	add_grant(b, 1, stick_a, 2, T0 + 100);
	books_close(&b);
}
END_TEST

/* ---- ids, sticks, grants ------------------------------------------------------------------------------------------------ */

/* hostile 67, 68 */
START_TEST(ids_are_used_once)
{
	struct books *b = open_ok();
	struct sample s = a_grant(1, stick_a, 0, 2, T0 + 100);
	bool used = true;

	ck_assert_int_eq(books_id_used(b, id_of(9), &used, NULL), E_OK);
	ck_assert(!used);
	ck_assert_int_eq(books_new_bundle(b, id_of(9), T0, "Week 9", NULL), E_OK);
	ck_assert_int_eq(books_new_bundle(b, id_of(9), T0, "Week 9", NULL), E_BOOKS);
	ck_assert_int_eq(books_add_grant(b, &(struct books_new){&s.g, BYTES(s.payload, s.n), BOOKS_READY, T0, "prepare"},
	    NULL), E_OK);
	ck_assert_int_eq(books_add_grant(b, &(struct books_new){&s.g, BYTES(s.payload, s.n), BOOKS_READY, T0, "prepare"},
	    NULL), E_BOOKS);
	ck_assert_int_eq(books_new_bundle(b, id_of(1), T0, "", NULL), E_BOOKS);
	ck_assert_int_eq(books_new_bundle(b, stick_a, T0, "", NULL), E_BOOKS);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(books_id_used(b, i == 0 ? id_of(9) : i == 1 ? id_of(1) : stick_a, &used, NULL), E_OK);
		ck_assert(used);
	}
	ck_assert_int_eq(ask("SELECT count(*) FROM slot"), 2);
	drop_grant(&s);
	books_close(&b);
}
END_TEST

START_TEST(what_happened_cannot_be_taken_back)
{
	static const char *const attempts[] = {
		"DELETE FROM event", "UPDATE event SET at = 0", "DELETE FROM bundle", "DELETE FROM grnt",
		"DELETE FROM slot", "DELETE FROM stick", "DELETE FROM notice", "DELETE FROM listed",
		"UPDATE slot SET state = 'ready' WHERE state = 'spent'",
	};
	struct books *b = open_ok();

	add_grant(b, 1, stick_a, 2, T0 + 100);
	ck_assert_int_eq(books_new_bundle(b, id_of(9), T0, "", NULL), E_OK);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_SPENT), E_OK);
	store_notice(b, 4, 1, SLOTS(0), "n");
	books_close(&b);
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
		ck_assert_msg(try_sql(attempts[i]) == SQLITE_CONSTRAINT, "%s", attempts[i]);
}
END_TEST

START_TEST(manifest_is_kept_once_and_only_of_its_bundle)
{
	struct books *b = open_ok();
	struct manifest m = {.blocks = 1, .created = T0 + 5, .label = "Week 9"};
	uint8_t seed[KEY_SIZE] = {1}, sk[SIGN_SECRET_SIZE], *payload = NULL, *file = NULL, *other = NULL;
	size_t n = 0, file_n = 0, other_n = 0;
	int64_t t = -1;

	keytree_sign(m.issuer, sk, seed);
	memset(m.bundle_id, 9, ID_SIZE);
	payload = manifest_encode(&m, &n);
	file = envelope_sign(ENVELOPE_MANIFEST, BYTES(payload, n), sk, &file_n);
	free(payload);
	m.blocks = 2;
	payload = manifest_encode(&m, &n);
	other = envelope_sign(ENVELOPE_MANIFEST, BYTES(payload, n), sk, &other_n);
	free(payload);
	ck_assert(file != NULL && other != NULL);
	ck_assert_int_eq(books_newest_time(b, &t, NULL), E_OK);
	ck_assert_int_eq(t, 0);
	ck_assert_int_eq(books_new_bundle(b, id_of(9), T0, "Week 9", NULL), E_OK);
	ck_assert_int_eq(books_bundle_manifest(b, id_of(9), BYTES("junk", 4), NULL), E_BOOKS);
	ck_assert_int_eq(books_bundle_manifest(b, id_of(8), BYTES(file, file_n), NULL), E_BOOKS);
	ck_assert_int_eq(books_newest_time(b, &t, NULL), E_OK);
	ck_assert_int_eq(t, 0);
	ck_assert_int_eq(books_bundle_manifest(b, id_of(9), BYTES(file, file_n), NULL), E_OK);
	ck_assert_int_eq(books_bundle_manifest(b, id_of(9), BYTES(file, file_n), NULL), E_OK);
	ck_assert_int_eq(books_bundle_manifest(b, id_of(9), BYTES(other, other_n), NULL), E_BOOKS);
	ck_assert_int_eq(books_newest_time(b, &t, NULL), E_OK);
	ck_assert_int_eq(t, T0 + 5);
	ck_assert_int_eq(ask("SELECT length(manifest) FROM bundle"), (int64_t)file_n);
	add_grant(b, 20, stick_a, 1, T0 + 100); /* issued T0 + 20 */
	ck_assert_int_eq(books_newest_time(b, &t, NULL), E_OK);
	ck_assert_int_eq(t, T0 + 20);
	store_notice(b, 90, 1, SLOTS(0), "n"); /* time T0 + 90 */
	ck_assert_int_eq(books_newest_time(b, &t, NULL), E_OK);
	ck_assert_int_eq(t, T0 + 90);
	free(file);
	free(other);
	books_close(&b);
}
END_TEST

START_TEST(numbers_run_through_all_grants_of_a_stick)
{
	struct books *b = open_ok();
	struct books_slot *list = NULL;
	uint8_t ids[3][ID_SIZE];
	size_t count = 0;

	add_grant(b, 1, stick_a, 3, T0 + 100);
	add_grant(b, 2, stick_b, 2, T0 + 100);
	add_grant(b, 3, stick_a, 2, T0 + 200);
	ck_assert_int_eq(books_slots(b, stick_a, &list, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 5);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(list[i].number, i + 1);
		ck_assert_uint_eq(list[i].slot, i < 3 ? i : i - 3);
		ck_assert_mem_eq(list[i].grant_id, id_of(i < 3 ? 1 : 3), ID_SIZE);
		ck_assert_mem_eq(list[i].stick_id, stick_a, ID_SIZE);
		ck_assert_int_eq(list[i].state, BOOKS_READY);
		ck_assert_int_eq(list[i].not_before, T0);
		ck_assert_int_eq(list[i].expires, i < 3 ? T0 + 100 : T0 + 200);
		ck_assert_str_eq(list[i].label, i < 3 ? "Week 1" : "Week 3");
		ck_assert_str_eq(list[i].holder, "");
		ck_assert(list[i].changed_at == 0 && list[i].spent_at == 0);
	}
	free(list);
	memcpy(ids[0], stick_b, ID_SIZE);
	memcpy(ids[1], stick_a, ID_SIZE);
	memcpy(ids[2], stick_b, ID_SIZE);
	ck_assert_int_eq(books_slots_of_sticks(b, ids, 3, &list, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 7);
	ck_assert_mem_eq(list[4].stick_id, stick_a, ID_SIZE); /* as they became known */
	ck_assert_mem_eq(list[5].stick_id, stick_b, ID_SIZE);
	free(list);
	ck_assert_int_eq(books_slots(b, id_of(77), &list, &count, NULL), E_OK);
	ck_assert(list == NULL && count == 0);
	books_close(&b);
}
END_TEST

START_TEST(grant_comes_back_as_it_was)
{
	struct books *b = open_ok();
	struct sample s = a_grant(1, stick_a, 3, 4096, T0 + 100);
	struct grant got;
	bool found = true;

	ck_assert_int_eq(books_grant(b, id_of(1), &got, &found, NULL), E_OK);
	ck_assert(!found);
	ck_assert_int_eq(books_add_grant(b, &(struct books_new){&s.g, BYTES(s.payload, s.n), BOOKS_ISSUED, T0, "import"},
	    NULL), E_OK);
	add_grant(b, 2, stick_a, 1, T0 + 100);
	ck_assert_int_eq(books_grant(b, id_of(1), &got, &found, NULL), E_OK);
	ck_assert(found && got.slots == 4096 && got.refill == 3);
	ck_assert_mem_eq(got.hash, s.g.hash, HASH_SIZE);
	grant_free(&got);
	ck_assert_int_eq(slot_of(b, stick_a, 4096).state, BOOKS_ISSUED);
	ck_assert_int_eq(try_sql("UPDATE grnt SET payload = x'a0'"), SQLITE_OK);
	ck_assert_int_eq(books_grant(b, id_of(1), &got, &found, NULL), E_BOOKS);
	ck_assert(!found);
	drop_grant(&s);
	books_close(&b);
}
END_TEST

START_TEST(stick_is_found_by_its_shown_name)
{
	struct books *b = open_ok();
	uint8_t id[ID_SIZE] = {0}, twin[ID_SIZE];
	char name[STICK_NAME_SIZE];
	unsigned count = 9;

	ck_assert_int_eq(books_add_stick(b, stick_a, "A", NULL), E_OK);
	ck_assert_int_eq(books_add_stick(b, stick_a, "A", NULL), E_OK);
	ck_assert_int_eq(books_add_stick(b, stick_b, "B", NULL), E_OK);
	keytree_stick_name(name, stick_a);
	ck_assert_int_eq(books_find_stick(b, name, id, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_mem_eq(id, stick_a, ID_SIZE);
	ck_assert_int_eq(books_find_stick(b, "000000", id, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 0);
	memcpy(twin, stick_a, ID_SIZE);
	twin[15] ^= 1;
	ck_assert_int_eq(books_add_stick(b, twin, "", NULL), E_OK);
	ck_assert_int_eq(books_find_stick(b, name, id, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 2);
	books_close(&b);
}
END_TEST

/* Of the same first 30 bits, and then of others: that of a stick, of a bundle, of a grant. */
START_TEST(new_stick_is_shown_like_no_other)
{
	struct books *b = open_ok();
	uint8_t id[ID_SIZE], (*ids)[ID_SIZE] = NULL;
	char name[STICK_NAME_SIZE], label[LABEL_MAX + 1];
	size_t count = 0;
	bool known = false;

	ck_assert_int_eq(books_new_bundle(b, id_of(8), T0, "", NULL), E_OK);
	add_grant(b, 1, stick_a, 1, T0 + 100);
	memcpy(drawn.ids[0], stick_a, ID_SIZE);
	memcpy(drawn.ids[1], stick_a, ID_SIZE);
	drawn.ids[1][3] ^= 3; /* beyond the name */
	memcpy(drawn.ids[2], stick_a, ID_SIZE);
	memset(drawn.ids[2] + 4, 0, ID_SIZE - 4);
	memset(drawn.ids[3], 8, ID_SIZE);
	memset(drawn.ids[4], 1, ID_SIZE);
	memcpy(drawn.ids[5], stick_a, ID_SIZE);
	drawn.ids[5][3] ^= 4;
	drawn.count = 6;
	ck_assert_int_eq(books_draw_stick(b, id, NULL), E_OK);
	ck_assert_uint_eq(drawn.at, 6);
	ck_assert_mem_eq(id, drawn.ids[5], ID_SIZE);
	drawn.at = 3;
	drawn.count = 5;
	ck_assert_int_eq(books_draw_id(b, id, NULL), E_OK);
	ck_assert_uint_eq(drawn.at, 5);
	ck_assert_int_eq(books_add_stick(b, drawn.ids[2], "From another office", NULL), E_OK);
	keytree_stick_name(name, stick_a);
	ck_assert_int_eq(books_alike(b, name, &ids, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert(memcmp(ids[0], stick_a, ID_SIZE) == 0 && memcmp(ids[1], drawn.ids[2], ID_SIZE) == 0);
	ck_assert_int_eq(books_stick_label(b, ids[0], label, &known, NULL), E_OK);
	ck_assert(known);
	ck_assert_str_eq(label, "Week 1");
	ck_assert_int_eq(books_stick_label(b, ids[1], label, &known, NULL), E_OK);
	ck_assert_str_eq(label, "From another office");
	ck_assert_int_eq(books_stick_label(b, id_of(77), label, &known, NULL), E_OK);
	ck_assert(!known && label[0] == '\0');
	free(ids);
	books_close(&b);
}
END_TEST

START_TEST(sticks_are_summed_up)
{
	struct books *b = open_ok();
	struct books_stick *list = NULL;
	struct books_slot *taken = NULL;
	size_t count = 0;
	uint32_t have = 0;

	ck_assert_int_eq(books_sticks(b, 0, &list, &count, NULL), E_OK);
	ck_assert(list == NULL && count == 0);
	ck_assert_int_eq(books_add_stick(b, stick_b, "not prepared", NULL), E_OK);
	add_grant(b, 1, stick_a, 6, T0 + 300);
	add_grant(b, 2, stick_a, 2, T0 + 200);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, "Zoe", T0}, &taken, &have, NULL), E_OK);
	free(taken);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 2, "Kim", T0}, &taken, &have, NULL), E_OK);
	free(taken);
	ck_assert_int_eq(set_state(b, 1, 3, BOOKS_SPENT), E_OK);
	ck_assert_int_eq(set_state(b, 2, 0, BOOKS_REVOKED), E_OK);
	ck_assert_int_eq(books_sticks(b, 0, &list, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_mem_eq(list[0].stick_id, stick_b, ID_SIZE);
	ck_assert_str_eq(list[0].label, "not prepared");
	ck_assert(list[0].next_n == 1 && list[0].ready == 0 && list[0].expires == 0);
	ck_assert_mem_eq(list[1].stick_id, stick_a, ID_SIZE);
	ck_assert_str_eq(list[1].label, "Week 2");
	ck_assert(list[1].ready == 3 && list[1].issued == 3 && list[1].spent == 1 && list[1].revoked == 1);
	ck_assert(list[1].expires == T0 + 300 && list[1].not_before == T0);
	free(list);
	books_close(&b);
}
END_TEST

START_TEST(refill_numbers_and_stick_records_are_compared)
{
	struct books *b = open_ok();
	struct sample s = a_grant(1, stick_a, 5, 1, T0 + 100);
	struct books_stick *list = NULL;
	size_t count = 0;
	uint32_t before = 9;

	ck_assert_int_eq(books_seen_n(b, stick_a, 1, &before, NULL), E_BOOKS);
	ck_assert_int_eq(books_add_grant(b, &(struct books_new){&s.g, BYTES(s.payload, s.n), BOOKS_READY, T0, "refill"},
	    NULL), E_OK);
	ck_assert_int_eq(books_seen_n(b, stick_a, 4, &before, NULL), E_OK);
	ck_assert_uint_eq(before, 0);
	ck_assert_int_eq(books_seen_n(b, stick_a, 2, &before, NULL), E_OK);
	ck_assert_uint_eq(before, 4); /* rolled back */
	ck_assert_int_eq(books_sticks(b, 0, &list, &count, NULL), E_OK);
	ck_assert(list[0].next_n == 6 && list[0].seen_n == 4);
	free(list);
	ck_assert_int_eq(books_seen_n(b, stick_a, 30, &before, NULL), E_OK); /* books rebuilt from nothing */
	ck_assert_int_eq(books_sticks(b, 0, &list, &count, NULL), E_OK);
	ck_assert(list[0].next_n == 30 && list[0].seen_n == 30);
	free(list);
	drop_grant(&s);
	books_close(&b);
}
END_TEST

START_TEST(usb_identity_of_two_sticks_is_noticed)
{
	struct books *b = open_ok();
	uint8_t usb[HASH_SIZE], got[HASH_SIZE];
	bool elsewhere = true, found = true;

	memset(usb, 0x05, sizeof usb);
	ck_assert_int_eq(books_set_usb(b, stick_a, usb, &elsewhere, NULL), E_BOOKS);
	ck_assert_int_eq(books_get_usb(b, stick_a, got, &found, NULL), E_BOOKS);
	ck_assert_int_eq(books_add_stick(b, stick_a, "", NULL), E_OK);
	ck_assert_int_eq(books_add_stick(b, stick_b, "", NULL), E_OK);
	ck_assert_int_eq(books_get_usb(b, stick_a, got, &found, NULL), E_OK);
	ck_assert(!found);
	ck_assert_int_eq(books_set_usb(b, stick_a, usb, &elsewhere, NULL), E_OK);
	ck_assert(!elsewhere);
	ck_assert_int_eq(books_set_usb(b, stick_b, usb, &elsewhere, NULL), E_OK);
	ck_assert(elsewhere);
	ck_assert_int_eq(books_get_usb(b, stick_a, got, &found, NULL), E_OK);
	ck_assert(found);
	ck_assert_mem_eq(got, usb, HASH_SIZE);
	books_close(&b);
}
END_TEST

/* ---- handing out -------------------------------------------------------------------------------------------------------- */

/* hostile 80 */
START_TEST(lowest_ready_codes_of_one_lecture_are_handed_out)
{
	struct books *b = open_ok();
	struct books_slot *list = NULL;
	uint32_t have = 9;

	add_grant(b, 1, stick_a, 2, T0 + 50);
	add_grant(b, 2, stick_a, 4, T0 + 500);
	add_grant(b, 3, stick_b, 4, T0 + 500);
	ck_assert_int_eq(set_state(b, 2, 1, BOOKS_REVOKED), E_OK);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, "Zoe", T0 + 50}, &list, &have, NULL),
	    E_NO_CODES); /* at expiry it is too late */
	ck_assert_uint_eq(have, 0);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(2), 2, "Kim, hall 3", T0 + 50}, &list, &have, NULL), E_OK);
	ck_assert_uint_eq(list[0].number, 3);
	ck_assert_uint_eq(list[1].number, 5);
	ck_assert_mem_eq(list[1].grant_id, id_of(2), ID_SIZE);
	ck_assert(list[0].state == BOOKS_ISSUED && list[0].changed_at == T0 + 50);
	ck_assert_str_eq(list[0].holder, "Kim, hall 3");
	free(list);
	list = NULL;
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(2), 2, "Zoe", T0 + 49}, &list, &have, NULL), E_NO_CODES);
	ck_assert_uint_eq(have, 1);
	ck_assert_ptr_null(list);
	ck_assert_int_eq(slot_of(b, stick_a, 1).state, BOOKS_READY);
	ck_assert_int_eq(slot_of(b, stick_a, 6).state, BOOKS_READY);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE verb = 'issue'"), 2);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 2, "Zoe", T0 + 49}, &list, &have, NULL), E_OK);
	ck_assert_uint_eq(list[0].number, 1);
	ck_assert_uint_eq(list[1].number, 2);
	free(list);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, "Zoe", T0}, &list, &have, NULL), E_NO_CODES);
	ck_assert_uint_eq(have, 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE verb = 'issue' AND holder = 'Zoe' AND who <> ''"), 2);
	books_close(&b);
	b = open_ok();
	ck_assert_str_eq(slot_of(b, stick_a, 3).holder, "Kim, hall 3");
	books_close(&b);
}
END_TEST

static void
finds(struct books *b, const char *name, int64_t now, int id, unsigned count, int line)
{
	uint8_t got[ID_SIZE] = {0};
	unsigned n = 99;

	ck_assert_int_eq(books_find_lecture(b, &(struct books_wanted){stick_a, name, now, 0}, got, &n, NULL), E_OK);
	ck_assert_msg(n == count && (n == 0 || got[0] == id), "line %d: %u, %d", line, n, got[0]);
}

#define FINDS(name, now, id, count) finds(b, name, now, id, count, __LINE__)

START_TEST(lecture_is_the_newest_with_codes_or_the_one_that_is_named)
{
	struct books *b = open_ok();

	FINDS(NULL, T0, 0, 0);
	add_grant(b, 3, stick_a, 1, T0 + 500);
	add_grant(b, 1, stick_a, 1, T0 + 500); /* later in the books, issued earlier */
	add_grant(b, 2, stick_a, 1, T0 + 50);
	add_grant(b, 4, stick_b, 1, T0 + 500);
	FINDS(NULL, T0, 3, 3);
	FINDS(NULL, T0 + 50, 3, 2);
	FINDS("Week 2", T0, 2, 1);
	FINDS("Week 4", T0, 0, 0); /* of another stick */
	FINDS("01010101", T0, 1, 1);
	FINDS("0101010101010101", T0, 1, 1);
	FINDS("0101010", T0, 0, 0);
	FINDS("", T0, 0, 0);
	ck_assert_int_eq(set_state(b, 3, 0, BOOKS_ISSUED), E_OK);
	FINDS(NULL, T0, 2, 2);
	FINDS("Week 3", T0, 3, 1); /* named, and found without a code too */
	FINDS(NULL, T0 + 500, 0, 0);
	ck_assert_int_eq(ask("UPDATE grnt SET label = 'Week 1' RETURNING 0"), 0);
	FINDS("Week 1", T0, 2, 3);
	FINDS("Week 1", T0 + 50, 1, 3);
	FINDS("Week 1", T0 + 500, 3, 3);
	books_close(&b);
}
END_TEST

START_TEST(holder_that_is_too_long_gets_nothing)
{
	struct books *b = open_ok();
	struct books_slot *list = NULL;
	uint32_t have = 0;
	char name[BOOKS_TEXT + 1];

	memset(name, 'x', sizeof name);
	name[BOOKS_TEXT] = '\0';
	add_grant(b, 1, stick_a, 1, T0 + 50);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, name, T0}, &list, &have, NULL), E_BOOKS);
	name[BOOKS_TEXT - 1] = '\0';
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, name, T0}, &list, &have, NULL), E_OK);
	ck_assert_str_eq(list[0].holder, name);
	free(list);
	books_close(&b);
}
END_TEST

START_TEST(issuers_at_once_hand_out_no_code_twice)
{
	struct books *b = open_ok();
	int start[2], told[2], given[64] = {0};
	pid_t pids[CHILDREN];
	uint8_t number;
	unsigned all = 0;

	add_grant(b, 1, stick_a, 50, T0 + 50);
	books_close(&b);
	ck_assert(pipe(start) == 0 && pipe(told) == 0);
	for (int i = 0; i < CHILDREN; i++)
		if ((pids[i] = fork()) == 0) {
			struct books_slot *list = NULL;
			uint32_t have = 0;
			char c;
			enum err err = E_OK;

			close(start[1]);
			if (read(start[0], &c, 1) != 0 || books_open(&b, dir, false, NULL) != E_OK)
				_exit(1);
			while ((err = books_take(b, &(struct books_take){id_of(1), 2, "Kim", T0}, &list, &have, NULL)) == E_OK) {
				for (int k = 0; k < 2; k++) {
					number = (uint8_t)list[k].number;
					if (write(told[1], &number, 1) != 1)
						_exit(2);
				}
				free(list);
			}
			books_close(&b);
			_exit(err == E_NO_CODES && have == 0 ? 0 : 3);
		}
	close(start[1]);
	close(told[1]);
	while (read(told[0], &number, 1) == 1) {
		ck_assert(number >= 1 && number <= 50);
		given[number]++;
		all++;
	}
	for (int i = 0; i < CHILDREN; i++) {
		int status = 0;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(all, 50);
	for (int i = 1; i <= 50; i++)
		ck_assert_int_eq(given[i], 1);
	close(start[0]);
	close(told[0]);
}
END_TEST

/* ---- states ------------------------------------------------------------------------------------------------------------- */

START_TEST(evidence_of_a_slot_stays)
{
	struct books *b = open_ok();
	struct books_evidence e;
	bool added = false;

	add_grant(b, 1, stick_a, 2, T0 + 50);
	ck_assert_int_eq(books_evidence(b, id_of(9), 0, &e, NULL), E_OK);
	ck_assert(e.receipt_n == 0 && e.second_n == 0 && e.live_at == 0);
	ck_assert_int_eq(books_seen_live(b, id_of(1), 0, T0 + 5, NULL), E_OK);
	ck_assert_int_eq(books_seen_live(b, id_of(1), 0, T0 + 3, NULL), E_OK);
	ck_assert_int_eq(spend(b, BYTES("first", 5), T0, T0 + 6, "test"), E_OK);
	ck_assert_int_eq(add_second(b, BYTES("second", 6), T0 + 7, &added), E_OK);
	ck_assert(added);
	ck_assert_int_eq(add_second(b, BYTES("third", 5), T0 + 8, &added), E_OK);
	ck_assert(!added);
	books_close(&b);
	b = open_ok();
	ck_assert_int_eq(books_evidence(b, id_of(1), 0, &e, NULL), E_OK);
	ck_assert(e.receipt_n == 5 && memcmp(e.receipt, "first", 5) == 0);
	ck_assert(e.second_n == 6 && memcmp(e.second, "second", 6) == 0);
	ck_assert_int_eq(e.live_at, T0 + 5);
	ck_assert_int_eq(books_evidence(b, id_of(1), 1, &e, NULL), E_OK);
	ck_assert(e.receipt_n == 0 && e.second_n == 0 && e.live_at == 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE detail = 'opened a second time'"), 1);
	books_close(&b);
}
END_TEST

START_TEST(lectures_are_looked_for_until_they_are_gone)
{
	struct books *b = open_ok();
	struct books_lecture *list = NULL;
	size_t count = 0;

	add_grant(b, 1, stick_a, 2, T0 + 50);
	add_grant(b, 2, stick_a, 3, T0 + 50);
	add_grant(b, 3, stick_b, 1, T0 + 50);
	ck_assert_int_eq(set_state(b, 2, 1, BOOKS_SPENT), E_OK);
	ck_assert_int_eq(books_set_gone(b, id_of(1), T0, "erase", NULL), E_OK);
	ck_assert_int_eq(books_set_gone(b, id_of(1), T0, "erase", NULL), E_OK);
	ck_assert_int_eq(books_lectures(b, stick_a, &list, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert(list[0].gone && list[0].slots == 2 && list[0].spent == 0);
	ck_assert(!list[1].gone && list[1].slots == 3 && list[1].spent == 1);
	ck_assert_str_eq(list[1].label, "Week 2");
	free(list);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE detail = 'no longer on the stick'"), 1);
	books_close(&b);
}
END_TEST

static int
run_sql(const char *text)
{
	sqlite3 *db = NULL;
	int rc = SQLITE_ERROR;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

START_TEST(a_path_that_is_none_is_not_made)
{
	char longer[600];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	errno = 0;
	ck_assert_int_eq(sql_make_path(""), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(sql_make_path(longer), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_int_eq(sql_make_path(dir), 0);
	ck_assert_int_eq(sql_make_path(dir), 0);
	ck_assert_int_eq(access(dir, W_OK), 0);
}
END_TEST

/* Rows that no verb ever wrote: nothing is made of them. */
START_TEST(odd_rows_are_refused)
{
	static const char *const edits[] = {"UPDATE slot SET state = 'lost' WHERE slot = 1",
	    "UPDATE slot SET state = '' WHERE slot = 1",
	    "UPDATE slot SET stick_id = x'00' WHERE slot = 1; INSERT INTO stick SELECT x'00', 'x', NULL, 1, 1 FROM stick LIMIT 0",
	    "UPDATE slot SET slot = 99999 WHERE slot = 2", "UPDATE slot SET receipt = zeroblob(5000) WHERE slot = 1",
	    "UPDATE slot SET receipt = 'text' WHERE slot = 1"};
	struct books_slot *list = NULL;
	struct fault f = {0};
	size_t count = 0;
	char text[400];
	struct books *b = open_ok();

	add_grant(b, 1, stick_a, 3, T0 + 1000);
	books_close(&b);
	snprintf(text, sizeof text, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; %s", edits[_i]);
	(void)run_sql(text);
	b = open_ok();
	ck_assert_int_eq(books_slots_of_grant(b, id_of(1), &list, &count, &f), E_BOOKS);
	ck_assert(f.err == E_BOOKS && f.sys == EBADMSG && list == NULL && count == 0);
	books_close(&b);
}
END_TEST

/* What a disk says is told, also where SQLite takes it for damage. */
START_TEST(a_disk_that_cannot_be_read_is_not_damage)
{
	static const int why[] = {EIO, ENXIO};
	struct books_slot *list = NULL;
	struct fault f = {0};
	size_t count = 0;
	struct books *b = open_ok();

	for (int id = 1; id < 30; id++)
		add_grant(b, id, stick_a, 40, T0 + 1000);
	books_close(&b);
	b = open_ok();
	unreadable = why[_i];
	ck_assert_int_eq(books_slots(b, stick_a, &list, &count, &f), E_BOOKS);
	unreadable = 0;
	ck_assert_int_eq(f.sys, why[_i]);
	books_close(&b);
}
END_TEST

/* Three bytes are alike, and of the fourth what is shown is not. */
START_TEST(a_name_is_thirty_bits)
{
	uint8_t one[ID_SIZE] = {1, 2, 3, 0x40, 9}, same[ID_SIZE] = {1, 2, 3, 0x43, 7}, near[ID_SIZE] = {1, 2, 3, 0x44};
	uint8_t (*ids)[ID_SIZE] = NULL;
	char name[STICK_NAME_SIZE];
	size_t count = 0;
	struct books *b = open_ok();

	ck_assert_int_eq(books_add_stick(b, one, "one", NULL), E_OK);
	ck_assert_int_eq(books_add_stick(b, same, "same", NULL), E_OK);
	ck_assert_int_eq(books_add_stick(b, near, "near", NULL), E_OK);
	keytree_stick_name(name, one);
	ck_assert_int_eq(books_alike(b, name, &ids, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_mem_eq(ids[0], one, ID_SIZE);
	ck_assert_mem_eq(ids[1], same, ID_SIZE);
	free(ids);
	books_close(&b);
}
END_TEST

/* Files that earlier programs left, each a schema, or what came later to it. */
static const char *const old_files[] = {"books-1.sql", "books-1-extended.sql"};

static void
make_old(const char *name)
{
	const char *tests = getenv("ONCE_TESTS") != NULL ? getenv("ONCE_TESTS") : "tests";
	char path[4096];
	uint8_t *text = NULL, *grown = NULL;
	struct books *b = open_ok(); /* the directory, too */
	size_t n = 0;

	books_close(&b);
	snprintf(path, sizeof path, "%s/unit/keys/%s", tests, name);
	ck_assert_msg(stickio_slurp(AT_FDCWD, path, 1u << 20, &text, &n) == 0, "%s", path);
	ck_assert_ptr_nonnull(grown = realloc(text, n + 1));
	grown[n] = 0;
	ck_assert_int_eq(unlink(db_path), 0);
	ck_assert_int_eq(run_sql((const char *)grown), SQLITE_OK);
	free(grown);
}

static void
open_and_end(unsigned before)
{
	struct books *b = NULL;

	end_before = before;
	_exit(books_open(&b, dir, false, NULL) == E_OK ? 0 : 1);
}

/* Names and texts of all that is in a file of ours. */
#define SHAPE "SELECT group_concat(name || coalesce(sql, ''), ';') FROM (SELECT * FROM sqlite_master ORDER BY name)"

static void
shape_of(char *out, size_t size)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, SHAPE, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_int_lt(snprintf(out, size, "%s", (const char *)sqlite3_column_text(st, 0)), (int)size);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* The program dies at each write while old books are brought up to date: they are old or new, and who comes next can read them. */
START_TEST(bringing_books_up_to_date_is_all_or_nothing)
{
	char shape[20000], upgraded[20000];
	struct books *b = open_ok();
	int status = CRASHED;
	uint8_t *old = NULL;
	size_t n = 0;

	books_close(&b);
	shape_of(shape, sizeof shape);
	make_old(old_files[_i]);
	ck_assert_int_eq(stickio_slurp(AT_FDCWD, db_path, 1u << 24, &old, &n), 0);
	for (unsigned before = 1; status == CRASHED; before++) {
		pid_t pid;

		ck_assert_int_eq(unlink(db_path), 0);
		ck_assert_int_eq(stickio_create(AT_FDCWD, db_path, old, n, 0600), 0);
		if ((pid = fork()) == 0)
			open_and_end(before);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 1);
		status = WEXITSTATUS(status);
		ck_assert_int_eq(books_open_to_read(&b, dir, NULL), E_OK);
		books_close(&b);
		shape_of(upgraded, sizeof upgraded);
		ck_assert_str_eq(upgraded, shape);
		ck_assert_int_eq(ask("SELECT v * 10 + (SELECT v FROM meta WHERE k = 'extended') FROM meta WHERE k = 'schema'"), 23);
		ck_assert_int_eq(ask("SELECT count(DISTINCT token) * 100 + count(*) * 10 + max(no) FROM event"), 666);
		ck_assert(status == 0 || before < 1000);
	}
	free(old);
}
END_TEST

/* Opened to be changed, or only to be read. */
START_TEST(books_of_an_older_program_are_brought_up_to_date)
{
	static const char replaced[] =
	    "INSERT INTO event SELECT at, who, 'prepare --replace', grant_id, 0, NULL, '' FROM event LIMIT 1";
	struct books *b = NULL;
	struct books_stick *sticks = NULL;
	struct books_lecture *list = NULL;
	struct books_slot *slots = NULL, *taken = NULL;
	struct books_evidence e;
	uint8_t *cose = NULL;
	uint32_t number = 0, have = 0;
	size_t count = 0, n = 0;
	int64_t t = 0;

	make_old(old_files[_i / 2]);
	ck_assert_int_eq(run_sql(replaced), SQLITE_OK);
	if (_i % 2 == 0)
		b = open_ok();
	else
		ck_assert_int_eq(books_open_to_read(&b, dir, NULL), E_OK);
	ck_assert_int_eq(ask("SELECT sum(length(cose) = 0) * 10 + count(*) FROM notice"), 12); /* the older one is not needed */
	ck_assert_int_eq(books_newest_notice(b, &cose, &n, &number, NULL), E_OK);
	ck_assert(number == 29934140 && n > 100);
	free(cose);
	ck_assert_int_eq(books_newest_time(b, &t, NULL), E_OK);
	ck_assert_int_gt(t, T0);
	ck_assert_int_eq(
	    ask("SELECT count(*) FROM sqlite_master WHERE name IN ('grnt_stick', 'slot_dead', 'event_2', 'station_1')"), 0);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE verb = 'issue' AND holder IN ('Kim', 'Lee') AND detail IS NULL"), 3);
	books_close(&b);
	b = open_ok();
	ck_assert_int_eq(books_sticks(b, t, &sticks, &count, NULL), E_OK);
	ck_assert(count == 1 && sticks[0].ready == 1 && sticks[0].issued == 1 && sticks[0].revoked == 2);
	ck_assert_int_eq(books_lectures(b, sticks[0].stick_id, &list, &count, NULL), E_OK);
	ck_assert(count == 1 && list[0].gone);
	ck_assert_uint_eq(listed(b, 0), 0);
	ck_assert_int_eq(books_evidence(b, list[0].grant_id, 0, &e, NULL), E_OK);
	ck_assert_int_eq(books_seen_live(b, list[0].grant_id, 0, T0, NULL), E_OK);
	ck_assert_int_eq(books_slots_of_holder(b, "Lee", NULL, &slots, &count, NULL), E_OK);
	ck_assert(count == 2 && slots[0].state == BOOKS_REVOKED && slots[1].state == BOOKS_ISSUED);
	ck_assert_int_eq(
	    books_take(b, &(struct books_take){list[0].grant_id, 1, "Zoe", t}, &taken, &have, NULL), E_OK);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE no = 8 AND holder = 'Zoe' AND length(token) = 8"), 1);
	free(taken);
	free(slots);
	free(list);
	free(sticks);
	books_close(&b);
}
END_TEST

/* Who may not write them is told who has to. */
START_TEST(old_books_that_may_not_be_written_are_left_and_told)
{
	struct books *b = NULL;
	struct fault f = {0};
	char above[4300];

	make_old(old_files[_i]);
	snprintf(above, sizeof above, "%s/data", base);
	ck_assert_int_eq(chmod(above, 0755), 0);
	ck_assert_int_eq(chmod(db_path, 0644), 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(chmod(base, 0755), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(12345), 0);
	else
		ck_assert_int_eq(chmod(dir, 0555), 0);
	ck_assert_int_eq(books_open_to_read(&b, dir, &f), E_BOOKS);
	ck_assert_ptr_null(b);
	ck_assert_msg(f.why == WHY_OLD_BOOKS && f.sys == EACCES, "%s: %d", f.object, f.sys);
	ck_assert_int_eq(geteuid() == 12345 ? seteuid(0) : 0, 0);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	ck_assert_int_eq(ask("SELECT v FROM meta WHERE k = 'schema'"), 1);
}
END_TEST

/* Nobody rewrites what happened; but a name can be forgotten. */
START_TEST(an_event_forgets_its_name_and_nothing_else)
{
	static const char *const refused[] = {"UPDATE event SET holder = 'Lee'", "UPDATE event SET holder = NULL, at = at + 1",
	    "UPDATE event SET holder = NULL, who = ''", "UPDATE event SET holder = NULL, verb = 'x'",
	    "UPDATE event SET holder = NULL, grant_id = NULL", "UPDATE event SET holder = NULL, slot = 9",
	    "UPDATE event SET holder = NULL, detail = 'x'", "UPDATE event SET holder = NULL, token = x''",
	    "UPDATE event SET holder = NULL, no = no + 50"};
	struct books_slot *taken = NULL;
	uint32_t have = 0;
	struct books *b = open_ok();

	add_grant(b, 1, stick_a, 2, T0 + 100);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, "Kim", T0}, &taken, &have, NULL), E_OK);
	free(taken);
	books_close(&b);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		ck_assert_msg(try_sql(refused[i]) == SQLITE_CONSTRAINT, "%s", refused[i]);
	ck_assert_int_eq(try_sql("UPDATE event SET holder = NULL WHERE holder = 'Kim'"), SQLITE_OK);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE holder IS NOT NULL"), 0);
}
END_TEST

/* Somebody else took it after it was read: it is not given away again. */
START_TEST(a_code_that_is_taken_meanwhile_is_not_given_twice)
{
	static const char thief[] = "CREATE TRIGGER thief BEFORE UPDATE ON slot WHEN old.state = 'ready' AND new.holder = 'Lee'"
	    " BEGIN UPDATE slot SET state = 'issued', holder = 'Kim' WHERE grant_id = old.grant_id AND slot = old.slot;"
	    " SELECT raise(IGNORE); END";
	struct books_slot *taken = NULL;
	struct fault f = {0};
	uint32_t have = 0;
	struct books *b = open_ok();

	add_grant(b, 1, stick_a, 2, T0 + 100);
	ck_assert_int_eq(run_sql(thief), SQLITE_OK);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, "Lee", T0}, &taken, &have, &f), E_BOOKS);
	ck_assert(taken == NULL && have == 0);
	books_close(&b);
}
END_TEST

START_TEST(who_only_reads_waits_for_nobody)
{
	struct books *b = open_ok(), *reader = NULL;
	struct books_stick *list = NULL;
	struct fault f = {0};
	size_t count = 0;

	ck_assert_int_eq(books_add_stick(b, stick_a, "A", NULL), E_OK);
	ck_assert_int_eq(books_begin(b, NULL), E_OK);
	ck_assert_int_eq(books_add_stick(b, stick_b, "B", NULL), E_OK);
	ck_assert_int_eq(books_open_to_read(&reader, dir, &f), E_OK);
	ck_assert_int_eq(books_begin_reading(reader, NULL), E_OK);
	ck_assert_int_eq(books_sticks(reader, T0, &list, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 1); /* of before */
	free(list);
	ck_assert_int_eq(books_end(reader, E_OK, NULL), E_OK);
	ck_assert_int_eq(books_add_stick(reader, id_of(3), "C", NULL), E_BOOKS);
	ck_assert_int_eq(books_end(b, E_OK, NULL), E_OK);
	ck_assert_int_eq(books_sticks(reader, T0, &list, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 2);
	free(list);
	books_close(&reader);
	books_close(&b);
	ck_assert_int_eq(unlink(db_path), 0);
	ck_assert_int_eq(books_open_to_read(&reader, dir, &f), E_BOOKS);
	ck_assert_int_eq(f.sys, ENOENT);
	ck_assert_ptr_null(reader);
}
END_TEST

/* In whatever order they come: numbers and times of all stay. */
/* What the list is made of is told by triggers which codes are dead, whoever changes one, and how often. */
START_TEST(the_dead_are_the_slots_that_are_dead)
{
	static const char both[] = "SELECT (SELECT count(*) FROM slot WHERE state IN ('spent', 'revoked')) * 100"
	    " + (SELECT sum(length(slots)) / 4 FROM dead)";
	static const char *const odd[] = {"00", "000g", "1000", "ffff", "00000"};
	char text[80];
	struct books *b = open_ok();
	struct notice n;

	add_grant(b, 1, stick_a, 20, T0 + 50);
	add_grant(b, 2, stick_a, 3, T0 + 50);
	ck_assert_int_eq(set_state(b, 1, 19, BOOKS_SPENT), E_OK);
	ck_assert_int_eq(set_state(b, 1, 19, BOOKS_REVOKED), E_OK);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_ISSUED), E_OK);
	ck_assert_int_eq(set_state(b, 1, 3, BOOKS_REVOKED), E_OK);
	ck_assert_int_eq(books_begin(b, NULL), E_OK);
	ck_assert_int_eq(set_state(b, 2, 2, BOOKS_REVOKED), E_OK);
	ck_assert(listed(b, 2) == 1u << 2);
	ck_assert_int_eq(books_end(b, E_FAIL, NULL), E_FAIL);
	ck_assert(listed(b, 1) == (1u << 19 | 1u << 3) && listed(b, 2) == 0);
	ck_assert_int_eq(ask(both), 202);
	books_close(&b);
	ck_assert_int_eq(run_sql("UPDATE slot SET state = 'revoked' WHERE slot = 1;"
	    "INSERT INTO slot (grant_id, slot, stick_id, number, state)"
	    " SELECT grant_id, 30, stick_id, 900, 'spent' FROM grnt WHERE grant_id = (SELECT min(grant_id) FROM grnt)"), SQLITE_OK);
	ck_assert_int_eq(ask(both), 505);
	ck_assert_int_eq(run_sql("DELETE FROM dead"), SQLITE_CONSTRAINT);
	b = open_ok();
	ck_assert(listed(b, 1) == (1u << 30 | 1u << 19 | 1u << 3 | 1u << 1) && listed(b, 2) == 1u << 1);
	books_close(&b);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		snprintf(text, sizeof text, "UPDATE dead SET slots = '%s'", odd[i]);
		ck_assert_int_eq(run_sql(text), SQLITE_OK);
		b = open_ok();
		ck_assert_int_eq(books_notice_content(b, T0, &n, NULL), E_BOOKS);
		books_close(&b);
	}
}
END_TEST

START_TEST(of_lists_only_the_newest_is_kept)
{
	static const uint32_t numbers[] = {7, 5, 9, 9, 8, 12};
	struct books *b = open_ok();
	int64_t t = 0;

	for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
		ck_assert_int_eq(books_keep_notice(b, numbers[k], T0 + 100 - (int64_t)k, BYTES("a signed list", 13), NULL), E_OK);
		ck_assert_int_eq(ask("SELECT sum(length(cose)) FROM notice"), 13);
		ck_assert_int_eq(ask("SELECT length(cose) FROM notice ORDER BY no DESC LIMIT 1"), 13);
	}
	ck_assert_int_eq(ask("SELECT count(*) FROM notice"), 5);
	ck_assert_int_eq(ask("SELECT sum(no) FROM notice"), 41);
	ck_assert_int_eq(books_newest_time(b, &t, NULL), E_OK);
	ck_assert_int_eq(t, T0 + 100);
	books_close(&b);
}
END_TEST

START_TEST(codes_are_found_by_holder_number_and_grant)
{
	struct books *b = open_ok();
	struct books_numbered one;
	struct books_slot *list = NULL;
	struct books_holder *held = NULL;
	struct books_range *ranges = NULL;
	uint8_t id[ID_SIZE];
	uint32_t have = 0;
	size_t count = 0;
	bool found = false;

	add_grant(b, 1, stick_a, 3, T0 + 100);
	add_grant(b, 2, stick_b, 2, T0 + 100);
	add_grant(b, 3, stick_a, 2, T0 + 200);
	for (int k = 0; k < 5; k++) {
		static const struct {
			int grant;
			const char *who;
		} to[] = {{2, "Kim"}, {3, "Kim"}, {1, "Zoe"}, {1, "Kim"}, {1, ""}};

		ck_assert_int_eq(books_take(b, &(struct books_take){id_of(to[k].grant), 1, to[k].who, T0}, &list, &have, NULL),
		    E_OK);
		free(list);
	}
	ck_assert_int_eq(set_state(b, 1, 1, BOOKS_SPENT), E_OK); /* Kim's */
	ck_assert_int_eq(books_slots_of_holder(b, "Kim", NULL, &list, &count, NULL), E_OK);
	ck_assert_uint_eq(count, 3);
	ck_assert(list[0].number == 2 && list[0].state == BOOKS_SPENT && list[1].number == 4 && list[2].number == 1);
	ck_assert_str_eq(list[1].label, "Week 3");
	free(list);
	ck_assert_int_eq(books_slots_of_holder(b, "Kim", stick_b, &list, &count, NULL), E_OK);
	ck_assert(count == 1 && memcmp(list[0].grant_id, id_of(2), ID_SIZE) == 0);
	free(list);
	ck_assert_int_eq(books_slots_of_holder(b, "kim", NULL, &list, &count, NULL), E_OK);
	ck_assert(count == 0 && list == NULL);
	ck_assert_int_eq(books_slots_of_grant(b, id_of(3), &list, &count, NULL), E_OK);
	ck_assert(count == 2 && list[0].slot == 0 && list[1].slot == 1 && list[1].number == 5);
	free(list);
	ck_assert_int_eq(books_slot_numbered(b, stick_a, 4, &one, NULL), E_OK);
	ck_assert(one.found && one.last == 5 && one.slot.slot == 0 && memcmp(one.slot.grant_id, id_of(3), ID_SIZE) == 0);
	ck_assert_int_eq(books_slot_numbered(b, stick_a, 6, &one, NULL), E_OK);
	ck_assert(!one.found && one.last == 5);
	ck_assert_int_eq(books_stick_of(b, id_of(2), id, &found, NULL), E_OK);
	ck_assert(found && memcmp(id, stick_b, ID_SIZE) == 0);
	ck_assert_int_eq(books_stick_of(b, id_of(9), id, &found, NULL), E_OK);
	ck_assert(!found);
	ck_assert_int_eq(books_holders(b, &held, &count, NULL), E_OK); /* of codes that are handed out */
	ck_assert_uint_eq(count, 3);
	ck_assert(strcmp(held[0].holder, "Kim") == 0 && held[0].number == 4 && memcmp(held[0].stick_id, stick_a, ID_SIZE) == 0);
	ck_assert(strcmp(held[1].holder, "Zoe") == 0 && held[1].number == 1);
	ck_assert(strcmp(held[2].holder, "Kim") == 0 && memcmp(held[2].stick_id, stick_b, ID_SIZE) == 0);
	free(held);
	ck_assert_int_eq(books_ranges(b, &ranges, &count, NULL), E_OK);
	ck_assert(count == 3 && ranges[0].slots == 3 && ranges[1].slots == 2 && ranges[2].slots == 2);
	free(ranges);
	books_close(&b);
}
END_TEST

/* A year of n sticks: of each a lecture of 24 codes that lasts two weeks; half are used, a sixth handed out. */
static void
make_office(unsigned n)
{
	char text[2000];

	snprintf(text, sizeof text, "BEGIN; CREATE TEMP TABLE k (i INTEGER PRIMARY KEY, s BLOB, g BLOB, t INTEGER);"
	    "WITH RECURSIVE c(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM c WHERE i < %u)"
	    " INSERT INTO k SELECT i, randomblob(16), randomblob(16), %lld + i * 31536000 / %u FROM c;"
	    "INSERT INTO stick (stick_id, label) SELECT s, 'Office' FROM k;"
	    "INSERT INTO grnt SELECT g, s, 0, randomblob(700), randomblob(32), t, t, t + 1209600, 'Week ' || i FROM k;"
	    "WITH RECURSIVE c(j) AS (VALUES (0) UNION ALL SELECT j + 1 FROM c WHERE j < 23)"
	    " INSERT INTO slot (grant_id, slot, stick_id, number, state, holder, receipt)"
	    " SELECT g, j, s, j + 1, CASE WHEN j < 12 THEN 'spent' WHEN j < 16 THEN 'issued' ELSE 'ready' END,"
	    " CASE WHEN j < 16 THEN 'Person ' || (i * 24 + j) END, CASE WHEN j < 12 THEN randomblob(120) END FROM k, c;"
	    "INSERT INTO notice SELECT 1000 + i, x'', t FROM k; COMMIT", n - 1, (long long)T0, n);
	ck_assert_int_eq(run_sql(text), SQLITE_OK);
}

/* What is read to do each: by programs of their own, so with nothing in memory yet. */
struct cost {
	size_t name, number, holder, stick, newest, content, all, sticks;
};

static struct books *
measure(struct books **b)
{
	books_close(b);
	ck_assert_int_eq(books_open(b, dir, false, NULL), E_OK);
	bytes_read = 0;
	return *b;
}

static struct cost
cost_of(unsigned n)
{
	const int64_t now = T0 + 31536000;
	struct books *b = open_ok();
	struct books_stick *sticks = NULL;
	struct books_numbered one;
	struct books_slot *list = NULL;
	struct notice content;
	struct cost c;
	char name[STICK_NAME_SIZE], holder[40];
	uint8_t id[ID_SIZE];
	unsigned alike = 0;
	size_t count = 0;
	int64_t t = 0;

	make_office(n);
	ck_assert_int_eq(books_sticks(measure(&b), now, &sticks, &count, NULL), E_OK);
	c.sticks = bytes_read;
	ck_assert_uint_eq(count, n);
	ck_assert(sticks[0].expired == 12 && sticks[0].spent == 12 && sticks[n - 1].ready == 8 && sticks[n - 1].issued == 4);
	memcpy(id, sticks[n / 2].stick_id, ID_SIZE);
	keytree_stick_name(name, id);
	free(sticks);
	ck_assert_int_eq(books_find_stick(measure(&b), name, id, &alike, NULL), E_OK);
	c.name = bytes_read;
	ck_assert_uint_eq(alike, 1);
	ck_assert_int_eq(books_slot_numbered(measure(&b), id, 7, &one, NULL), E_OK);
	c.number = bytes_read;
	ck_assert(one.found && one.last == 24);
	snprintf(holder, sizeof holder, "Person %u", n / 3 * 24 + 13);
	ck_assert_int_eq(books_slots_of_holder(measure(&b), holder, NULL, &list, &count, NULL), E_OK);
	c.holder = bytes_read;
	ck_assert(count == 1 && list[0].number == 14);
	free(list);
	ck_assert_int_eq(books_slots(measure(&b), id, &list, &count, NULL), E_OK);
	c.stick = bytes_read;
	ck_assert_uint_eq(count, 24);
	free(list);
	ck_assert_int_eq(books_newest_time(measure(&b), &t, NULL), E_OK);
	c.newest = bytes_read;
	ck_assert_int_gt(t, T0);
	ck_assert_int_eq(books_notice_content(measure(&b), now, &content, NULL), E_OK);
	c.content = bytes_read;
	ck_assert_uint_le(content.grant_count, n * 21 / 365 + 1);
	ck_assert_uint_ge(content.grant_count, n * 21 / 365 - 1);
	notice_free(&content);
	ck_assert_int_eq(books_notice_content(measure(&b), T0, &content, NULL), E_OK); /* while every lecture can still open */
	c.all = bytes_read;
	ck_assert_uint_eq(content.grant_count, n);
	notice_free(&content);
	books_close(&b);
	ck_assert_int_eq(unlink(db_path), 0);
	return c;
}

/* Ids are drawn, so rows lie in other pages each time; eight times as much would be hundreds of pages. */
#define FEW_PAGES (16 * 4096)

/* Each page that is asked for is counted, so this is not a question of time. */
START_TEST(work_does_not_grow_with_the_books)
{
	struct cost few = cost_of(200), many = cost_of(1600);

	ck_assert_uint_gt(few.sticks, 4096); /* or they are not counted */
	ck_assert_uint_le(many.name, few.name + FEW_PAGES);
	ck_assert_uint_le(many.number, few.number + FEW_PAGES);
	ck_assert_uint_le(many.holder, few.holder + FEW_PAGES);
	ck_assert_uint_le(many.stick, few.stick + FEW_PAGES);
	ck_assert_uint_le(many.newest, few.newest + FEW_PAGES);
	ck_assert_uint_le(many.content, 12 * few.content);
	ck_assert_uint_le(many.sticks, 12 * few.sticks);
	ck_assert_uint_lt(many.name, 10 * 4096);
	ck_assert_uint_lt(many.number, 20 * 4096);
	ck_assert_uint_lt(many.newest, 20 * 4096);
	ck_assert_uint_lt(many.content, 200 * 4096);
	ck_assert_uint_lt(many.all, 1600 * 250); /* of twelve dead codes each */
	ck_assert_uint_lt(many.sticks, 1600 * 24 * 40);
}
END_TEST

START_TEST(spent_and_revoked_are_final)
{
	struct books *b = open_ok();

	add_grant(b, 1, stick_a, 3, T0 + 50);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_SPENT), E_OK);
	ck_assert_int_eq(set_state(b, 1, 1, BOOKS_REVOKED), E_OK);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_READY), E_SPENT);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_ISSUED), E_SPENT);
	ck_assert_int_eq(set_state(b, 1, 1, BOOKS_READY), E_REVOKED);
	ck_assert_int_eq(set_state(b, 1, 1, BOOKS_ISSUED), E_REVOKED);
	ck_assert_int_eq(slot_of(b, stick_a, 1).state, BOOKS_SPENT);
	ck_assert_int_eq(slot_of(b, stick_a, 2).state, BOOKS_REVOKED);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_REVOKED), E_OK);
	ck_assert_int_eq(slot_of(b, stick_a, 1).state, BOOKS_SPENT); /* a used code is used */
	ck_assert_int_eq(set_state(b, 1, 1, BOOKS_SPENT), E_OK);
	ck_assert_int_eq(slot_of(b, stick_a, 2).state, BOOKS_SPENT);
	ck_assert_uint_eq(listed(b, 1), 3);
	ck_assert_int_eq(set_state(b, 1, 3, BOOKS_SPENT), E_BOOKS);
	ck_assert_int_eq(set_state(b, 2, 0, BOOKS_SPENT), E_BOOKS);
	books_close(&b);
}
END_TEST

/* hostile 69 */
START_TEST(same_finding_twice_changes_nothing)
{
	struct books *b = open_ok();
	const struct bytes one = BYTES("receipt one", 11), two = BYTES("receipt two", 11);
	struct books_slot s;

	add_grant(b, 1, stick_a, 1, T0 + 50);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(spend(b, one, T0 + 7, T0 + 60 + i, "collect"), E_OK);
		s = slot_of(b, stick_a, 1);
		ck_assert(s.state == BOOKS_SPENT && s.spent_at == T0 + 7 && s.changed_at == T0 + 60);
		ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE verb = 'collect'"), 1);
	}
	/* Less knowledge does not replace more. */
	ck_assert_int_eq(spend(b, NO_RECEIPT, 0, T0 + 70, "collect"), E_OK);
	ck_assert_int_eq(ask("SELECT receipt = CAST('receipt one' AS BLOB) FROM slot"), 1);
	ck_assert_int_eq(slot_of(b, stick_a, 1).spent_at, T0 + 7);
	ck_assert_int_eq(spend(b, NO_RECEIPT, T0 + 6, T0 + 75, "time"), E_OK);
	ck_assert_int_eq(ask("SELECT receipt = CAST('receipt one' AS BLOB) FROM slot"), 1);
	ck_assert_int_eq(spend(b, two, T0 + 8, T0 + 80, "collect"), E_OK);
	ck_assert_int_eq(ask("SELECT receipt = CAST('receipt two' AS BLOB) FROM slot"), 1);
	ck_assert_int_eq(slot_of(b, stick_a, 1).spent_at, T0 + 8);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE verb = 'collect'"), 2);
	books_close(&b);
}
END_TEST

START_TEST(code_that_is_ready_again_has_no_holder)
{
	struct books *b = open_ok();
	struct books_slot *list = NULL;
	uint32_t have = 0;

	add_grant(b, 1, stick_a, 1, T0 + 50);
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, "Kim", T0}, &list, &have, NULL), E_OK);
	free(list);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_READY), E_OK);
	ck_assert_str_eq(slot_of(b, stick_a, 1).holder, "");
	ck_assert_int_eq(books_take(b, &(struct books_take){id_of(1), 1, "Zoe", T0}, &list, &have, NULL), E_OK);
	free(list);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_SPENT), E_OK);
	ck_assert_str_eq(slot_of(b, stick_a, 1).holder, "Zoe");
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE verb = 'test' AND holder IN ('Kim', 'Zoe')"), 2);
	books_close(&b);
}
END_TEST

START_TEST(events_are_of_a_slot_a_grant_or_nothing)
{
	struct books *b = open_ok();

	add_grant(b, 1, stick_a, 1, T0 + 50);
	ck_assert_int_eq(books_event(b, &(struct books_event){T0 + 3, "init", NULL, 0, NULL, "made"}, NULL), E_OK);
	ck_assert_int_eq(books_event(b, &(struct books_event){T0 + 4, "refill", id_of(1), BOOKS_WHOLE, NULL, NULL}, NULL), E_OK);
	ck_assert_int_eq(slot_of(b, stick_a, 1).changed_at, 0);
	ck_assert_int_eq(books_event(b, &(struct books_event){T0 + 5, "issue again", id_of(1), 0, "Kim", ""}, NULL), E_OK);
	ck_assert_int_eq(slot_of(b, stick_a, 1).changed_at, T0 + 5);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE grant_id IS NULL AND slot IS NULL"), 1);
	ck_assert_int_eq(ask("SELECT count(*) FROM event WHERE slot IS NULL"), 3); /* with that of the grant */
	books_close(&b);
}
END_TEST

/* ---- notices ------------------------------------------------------------------------------------------------------------ */

START_TEST(notice_lists_all_that_is_over_and_all_that_was_listed)
{
	struct books *b = open_ok();
	uint8_t *cose = NULL;
	size_t n = 0;
	uint32_t number = 9;

	ck_assert_int_eq(books_newest_notice(b, &cose, &n, &number, NULL), E_OK);
	ck_assert(cose == NULL && n == 0 && number == 0);
	ck_assert_uint_eq(listed(b, 1), 0);
	add_grant(b, 1, stick_a, 8, T0 + 50);
	ck_assert_int_eq(set_state(b, 1, 0, BOOKS_SPENT), E_OK);
	ck_assert_int_eq(set_state(b, 1, 2, BOOKS_REVOKED), E_OK);
	ck_assert_int_eq(set_state(b, 1, 3, BOOKS_ISSUED), E_OK);
	ck_assert_uint_eq(listed(b, 1), 1u << 0 | 1u << 2);
	/* From before a restore: of slots that the books think ready, and of grants that they do not know. */
	store_notice(b, 900, 1, SLOTS(5), "nine hundred");
	store_notice(b, 901, 44, SLOTS(0, 63), "nine hundred and one");
	store_notice(b, 12, 1, SLOTS(6), "twelve");
	store_notice(b, 901, 1, SLOTS(7), "another one of that number");
	books_close(&b);
	b = open_ok();
	ck_assert_uint_eq(listed(b, 1), 1u << 0 | 1u << 2 | 1u << 5 | 1u << 6 | 1u << 7);
	ck_assert_uint_eq(listed(b, 44), 1ull << 63 | 1u);
	ck_assert_int_eq(books_newest_notice(b, &cose, &n, &number, NULL), E_OK);
	ck_assert_uint_eq(number, 901);
	ck_assert(n == 20 && memcmp(cose, "nine hundred and one", 20) == 0);
	free(cose);
	ck_assert_int_eq(ask("SELECT count(*) FROM notice"), 3);
	books_close(&b);
}
END_TEST

/* Dead codes, and some that only an earlier list says are dead. Of a lecture that the books do not know nobody knows when it ends.
 */
START_TEST(list_leaves_out_lectures_whose_last_session_is_over)
{
	const int64_t last = T0 + 50 + (int64_t)SESSION_MAX_S;
	struct books *b = open_ok();
	struct notice n;

	add_grant(b, 1, stick_a, 8, T0 + 50);
	add_grant(b, 2, stick_a, 8, T0 + 51);
	for (int id = 1; id <= 2; id++) {
		ck_assert_int_eq(set_state(b, id, 0, BOOKS_SPENT), E_OK);
		ck_assert_int_eq(set_state(b, id, 1, BOOKS_REVOKED), E_OK);
		store_notice(b, 900u + (uint32_t)id, id, SLOTS(5), "before a restore");
	}
	store_notice(b, 903, 44, SLOTS(0), "unknown");
	for (int64_t now = last; now <= last + 2; now++) {
		ck_assert_int_eq(books_notice_content(b, now, &n, NULL), E_OK);
		ck_assert_uint_eq(n.grant_count, 3 - (size_t)(now - last));
		for (uint32_t slot = 0; slot <= 5; slot += slot == 0 ? 1 : 4) {
			ck_assert_int_eq(notice_revoked(&n, id_of(1), slot), now == last);
			ck_assert_int_eq(notice_revoked(&n, id_of(2), slot), now <= last + 1);
		}
		ck_assert(notice_revoked(&n, id_of(44), 0));
		notice_free(&n);
	}
	books_close(&b);
}
END_TEST

START_TEST(withdrawn_bundles_stay_withdrawn)
{
	struct books *b = open_ok();
	uint8_t ids[2][ID_SIZE];
	struct notice n = {.number = 3, .time = T0, .withdrawn_count = 2, .withdrawn = ids}, out;

	memset(ids[0], 1, ID_SIZE);
	memset(ids[1], 2, ID_SIZE);
	ck_assert_int_eq(books_store_notice(b, &n, BYTES("3", 1), NULL), E_OK);
	ck_assert_int_eq(books_store_notice(b, &n, BYTES("3", 1), NULL), E_OK);
	ck_assert_int_eq(books_notice_content(b, T0, &out, NULL), E_OK);
	ck_assert_uint_eq(out.withdrawn_count, 2);
	ck_assert(notice_withdrawn(&out, ids[0]) && notice_withdrawn(&out, ids[1]) && !notice_withdrawn(&out, stick_a));
	notice_free(&out);
	books_close(&b);
}
END_TEST

SUITE("books", .setup = setup, .teardown = teardown, .timeout = 120)
{
	tcase_add_test(t, books_are_made_only_on_demand_and_private);
	tcase_add_test(t, damaged_and_other_files_are_refused);
	tcase_add_test(t, books_locked_by_another_process_are_named);
	tcase_add_test(t, settings_are_kept_and_removed);
	tcase_add_test(t, transaction_is_all_or_nothing);
	tcase_add_test(t, full_disk_gives_up_the_whole_transaction);
	tcase_add_test(t, ids_are_used_once);
	tcase_add_test(t, what_happened_cannot_be_taken_back);
	tcase_add_test(t, a_path_that_is_none_is_not_made);
	tcase_add_loop_test(t, odd_rows_are_refused, 0, 6);
	tcase_add_loop_test(t, a_disk_that_cannot_be_read_is_not_damage, 0, 2);
	tcase_add_test(t, a_name_is_thirty_bits);
	tcase_add_test(t, manifest_is_kept_once_and_only_of_its_bundle);
	tcase_add_test(t, numbers_run_through_all_grants_of_a_stick);
	tcase_add_test(t, grant_comes_back_as_it_was);
	tcase_add_test(t, stick_is_found_by_its_shown_name);
	tcase_add_test(t, new_stick_is_shown_like_no_other);
	tcase_add_test(t, sticks_are_summed_up);
	tcase_add_test(t, refill_numbers_and_stick_records_are_compared);
	tcase_add_test(t, usb_identity_of_two_sticks_is_noticed);
	tcase_add_test(t, lowest_ready_codes_of_one_lecture_are_handed_out);
	tcase_add_test(t, lecture_is_the_newest_with_codes_or_the_one_that_is_named);
	tcase_add_test(t, holder_that_is_too_long_gets_nothing);
	tcase_add_test(t, issuers_at_once_hand_out_no_code_twice);
	tcase_add_test(t, evidence_of_a_slot_stays);
	tcase_add_test(t, lectures_are_looked_for_until_they_are_gone);
	tcase_add_loop_test(t, books_of_an_older_program_are_brought_up_to_date, 0, 4);
	tcase_add_loop_test(t, bringing_books_up_to_date_is_all_or_nothing, 0, 2);
	tcase_add_loop_test(t, old_books_that_may_not_be_written_are_left_and_told, 0, 2);
	tcase_add_test(t, an_event_forgets_its_name_and_nothing_else);
	tcase_add_test(t, a_code_that_is_taken_meanwhile_is_not_given_twice);
	tcase_add_test(t, who_only_reads_waits_for_nobody);
	tcase_add_test(t, the_dead_are_the_slots_that_are_dead);
	tcase_add_test(t, of_lists_only_the_newest_is_kept);
	tcase_add_test(t, codes_are_found_by_holder_number_and_grant);
	tcase_add_test(t, work_does_not_grow_with_the_books);
	tcase_add_test(t, spent_and_revoked_are_final);
	tcase_add_test(t, same_finding_twice_changes_nothing);
	tcase_add_test(t, code_that_is_ready_again_has_no_holder);
	tcase_add_test(t, events_are_of_a_slot_a_grant_or_nothing);
	tcase_add_test(t, notice_lists_all_that_is_over_and_all_that_was_listed);
	tcase_add_test(t, list_leaves_out_lectures_whose_last_session_is_over);
	tcase_add_test(t, withdrawn_bundles_stay_withdrawn);
}
