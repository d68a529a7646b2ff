/*
 * check_restore.c - backups, the issuer from one, and books that are an older copy.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "backup.h"
#include "books_pc.h"
#include "envelope.h"
#include "filestat.h"
#include "fixture.h"
#include "handout.h"
#include "keystore.h"
#include "keytree.h"
#include "mark.h"
#include "notice.h"
#include "restore.h"
#include "secret.h"
#include "stickio.h"
#include "suite.h"

#define PASS BYTES("pw", 2)
#define HOLDER "before"

static struct fixture x;
static struct fixture_grant g;
static struct issuer office;
static struct restore r;
static struct fault f;
static char file[4200], again[4200], memory[4200];

static unsigned left;       /* steps of SQLite until one fails; 0: none does */
static enum err storing;    /* what comes of a keystore that is stored */

int __real_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st);
int
__wrap_sqlite3_step(sqlite3_stmt *st)
{
	return left > 0 && --left == 0 ? SQLITE_IOERR : __real_sqlite3_step(st);
}

static int secrets; /* that are not released */

void *__real_secret_new(size_t n);
void *__wrap_secret_new(size_t n);
void *
__wrap_secret_new(size_t n)
{
	void *p = __real_secret_new(n);

	secrets += p != NULL;
	return p;
}

void __real_secret_free(void *p);
void __wrap_secret_free(void *p);
void
__wrap_secret_free(void *p)
{
	secrets -= *(void **)p != NULL;
	__real_secret_free(p);
}

enum err __real_keystore_store(int dir_fd, struct bytes stored, struct fault *fault);
enum err __wrap_keystore_store(int dir_fd, struct bytes stored, struct fault *fault);
enum err
__wrap_keystore_store(int dir_fd, struct bytes stored, struct fault *fault)
{
	return storing != E_OK ? fault_set(fault, storing, EIO, "create", "%s", KEYSTORE_NAME) :
				 __real_keystore_store(dir_fd, stored, fault);
}

static void
back_up(void)
{
	uint8_t *keystore = NULL;
	size_t n = 0;

	ck_assert_int_eq(keystore_load(office.dir_fd, &keystore, &n, &f), E_OK);
	ck_assert_int_eq(backup_make(office.books, &(struct backup_new){file, BYTES(keystore, n), x.now, "1.2.3"}, &f), E_OK);
	free(keystore);
}

static void
setup(void)
{
	left = 0;
	secrets = 0;
	storing = E_OK;
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	office.writes = true;
	memset(&f, 0, sizeof f);
	fixture_book(&office, &g.g);
	ck_assert_int_eq(keystore_create(office.dir_fd, x.seed, PASS, &f), E_OK);
	snprintf(file, sizeof file, "%s/backup", x.path);
	snprintf(again, sizeof again, "%s/again/office", x.path);
	snprintf(memory, sizeof memory, "%s/memory", x.path);
	r = (struct restore){.holder = HOLDER, .mark_dir = memory};
	back_up();
}

static void
teardown(void)
{
	restore_free(&r);
	issuer_close(&office);
	ck_assert_int_eq(secrets, 0);
	fixture_grant_free(&g);
	fixture_close(&x);
}

/* Of the first column of the first row. */
static int64_t
ask(const char *dir, const char *text)
{
	char path[4300];
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t v;

	snprintf(path, sizeof path, "%s/%s", dir, BOOKS_NAME);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

static void
restore_it(void)
{
	ck_assert_int_eq(restore_vacant(again, &f), E_OK);
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	ck_assert_int_eq(restore_unlock(&r, PASS, &f), E_OK);
	ck_assert_msg(restore_into(&r, again, &f) == E_OK, "%s: %s %d", f.step, f.object, f.sys);
}

/* ---- backups ------------------------------------------------------------------------------------------------------------- */

START_TEST(a_backup_says_what_is_in_it)
{
	const struct backup_about *a;
	struct stat st;

	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	a = backup_about(r.file);
	ck_assert(a->sticks == 1 && a->ready == FIXTURE_SLOTS && a->issued + a->spent + a->revoked == 0);
	ck_assert_int_eq(a->made_at, x.now);
	ck_assert_str_eq(a->version, "1.2.3");
	ck_assert_mem_eq(r.pk, x.pk, KEY_SIZE);
	ck_assert_int_eq(restore_unlock(&r, PASS, &f), E_OK);
	ck_assert_int_eq(filestat_path(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(it_is_never_written_over_anything)
{
	const struct backup_new same = {file, BYTES("k", 1), x.now, "2"};

	fixture_refused(&f, backup_make(office.books, &same, &f), E_USAGE, WHY_BACKUP_FILE);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(symlink("nowhere", file), 0);
	fixture_refused(&f, backup_make(office.books, &same, &f), E_USAGE, WHY_BACKUP_FILE);
	ck_assert_int_ne(faccessat(x.dir_fd, "nowhere", F_OK, 0), 0);
}
END_TEST

START_TEST(it_is_made_nowhere_else)
{
	char path[4300];
	struct backup_new at = {path, BYTES("k", 1), x.now, "2"};

	snprintf(path, sizeof path, "%s/none/backup", x.path);
	fixture_refused(&f, backup_make(office.books, &at, &f), E_BOOKS, WHY_BACKUP_FILE);
	snprintf(path, sizeof path, "%s/", x.path);
	fixture_refused(&f, backup_make(office.books, &at, &f), E_BOOKS, WHY_BACKUP_FILE);
}
END_TEST

/* Whichever bit it is, also where SQLite keeps nothing. */
START_TEST(a_bit_that_is_another_one_is_noticed)
{
	uint8_t *whole = NULL;
	size_t n = 0, tried = 0;

	ck_assert_int_eq(stickio_slurp(AT_FDCWD, file, 1u << 24, &whole, &n), 0);
	for (size_t at = 0; at < n; at += at < 8192 ? 97 : 1021) {
		whole[at] ^= (uint8_t)(1u << tried++ % 8);
		ck_assert_int_eq(unlink(file), 0);
		ck_assert_int_eq(stickio_create(AT_FDCWD, file, whole, n, 0600), 0);
		ck_assert_msg(restore_look(&r, file, &f) == E_BOOKS && f.why == WHY_NO_BACKUP, "byte %zu", at);
		fault_clear(&f);
		restore_free(&r);
		whole[at] ^= (uint8_t)(1u << (tried - 1) % 8);
	}
	free(whole);
}
END_TEST

START_TEST(what_is_no_backup_is_refused)
{
	char path[4300];

	snprintf(path, sizeof path, "%s/%s", office.dir, BOOKS_NAME);
	fixture_refused(&f, restore_look(&r, path, &f), E_BOOKS, WHY_NO_BACKUP);
	restore_free(&r);
	fixture_refused(&f, restore_look(&r, x.path, &f), E_BOOKS, WHY_NO_BACKUP);
	restore_free(&r);
	snprintf(path, sizeof path, "%s/pipe", x.path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fixture_refused(&f, restore_look(&r, path, &f), E_BOOKS, WHY_NO_BACKUP);
	restore_free(&r);
	snprintf(path, sizeof path, "%s/latest", x.path);
	ck_assert_int_eq(symlink("backup", path), 0);
	ck_assert_int_eq(restore_look(&r, path, &f), E_OK); /* as good as the file */
	restore_free(&r);
	ck_assert_int_eq(truncate(file, 8192), 0);
	fixture_refused(&f, restore_look(&r, file, &f), E_BOOKS, WHY_NO_BACKUP);
	restore_free(&r);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(restore_look(&r, file, &f), E_BOOKS);
	ck_assert(f.why == WHY_NO_BACKUP && f.sys == ENOENT);
}
END_TEST

START_TEST(another_passphrase_opens_nothing)
{
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	ck_assert_int_eq(restore_unlock(&r, BYTES("pv", 2), &f), E_PASSPHRASE);
}
END_TEST

START_TEST(books_of_another_key_are_no_backup)
{
	uint8_t seed[KEY_SIZE] = {7}, *keystore = NULL;
	const struct keystore_cost cost = {.t = 3, .m_kib = 262144};
	size_t n = 0;

	ck_assert_int_eq(keystore_seal(seed, PASS, &cost, &keystore, &n), E_OK);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(backup_make(office.books, &(struct backup_new){file, BYTES(keystore, n), x.now, "1"}, &f), E_OK);
	free(keystore);
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	fixture_refused(&f, restore_unlock(&r, PASS, &f), E_BOOKS, WHY_NO_BACKUP);
}
END_TEST

/* Nor may a name that is cut short somewhere be that of another file, or of the backup itself. */
START_TEST(a_long_name_is_no_other_file)
{
	char other[4300], name[256];
	struct stat st;

	memset(name, 'n', 200);
	name[200] = '\0';
	for (int n = 70; n < 90; n++) {
		snprintf(file, sizeof file, "%s/%.*s", x.path, n, name);
		back_up();
	}
	snprintf(file, sizeof file, "%s/%s", x.path, name);
	back_up();
	for (int n = 70; n < 90; n++) {
		snprintf(other, sizeof other, "%s/%.*s", x.path, n, name);
		ck_assert_msg(filestat_path(other, &st) == 0, "%d", n);
	}
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
}
END_TEST

/* What comes before the digest of one backup is in the books when the next is made: ids of PCs are what somebody else says. */
START_TEST(what_others_wrote_into_the_books_stops_no_backup)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT v FROM backup WHERE k = '~digest'", -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_int_eq(books_pc_call(office.books, sqlite3_column_blob(st, 0), "Hall", &f), E_OK);
	sqlite3_finalize(st);
	sqlite3_close(db);
	ck_assert_int_eq(unlink(file), 0);
	back_up();
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
}
END_TEST

START_TEST(a_list_of_another_issuer_is_no_backup)
{
	struct notice notice = {.number = 5, .time = x.now};
	uint8_t *payload = NULL, *list = NULL, pk[KEY_SIZE], sk[SIGN_SECRET_SIZE], seed[KEY_SIZE] = {7};
	size_t n = 0, len = 0;

	keytree_sign(pk, sk, seed);
	memcpy(notice.issuer, pk, KEY_SIZE);
	ck_assert_ptr_nonnull(payload = notice_encode(&notice, &n));
	ck_assert_ptr_nonnull(list = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, n), sk, &len));
	ck_assert_int_eq(books_keep_notice(office.books, 5, x.now, BYTES(list, len), &f), E_OK);
	free(payload);
	free(list);
	ck_assert_int_eq(unlink(file), 0);
	back_up();
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	fixture_refused(&f, restore_unlock(&r, PASS, &f), E_BOOKS, WHY_NO_BACKUP);
}
END_TEST

/* It never ends for whoever looks into it. */
START_TEST(a_view_in_the_place_of_a_table_is_no_backup)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "DROP TABLE meta; CREATE VIEW meta AS WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL"
	    " SELECT 2 FROM c) SELECT 'schema' AS k, x AS v FROM c WHERE x > 2", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	fixture_refused(&f, restore_look(&r, file, &f), E_BOOKS, WHY_NO_BACKUP);
}
END_TEST

START_TEST(one_of_a_newer_program_is_not_called_damaged)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "UPDATE meta SET v = 99 WHERE k = 'schema'", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	fixture_refused(&f, restore_look(&r, file, &f), E_BOOKS, WHY_NEWER);
}
END_TEST

/* While somebody typed the passphrase. */
START_TEST(another_backup_in_its_place_is_not_what_was_checked)
{
	char path[4300];

	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	ck_assert_int_eq(restore_unlock(&r, PASS, &f), E_OK);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(books_pc_call(office.books, x.stick_id, "Hall", &f), E_OK);
	back_up();
	fixture_refused(&f, restore_into(&r, again, &f), E_BOOKS, WHY_NO_BACKUP);
	snprintf(path, sizeof path, "%s/%s", again, BOOKS_NAME);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* ---- the issuer from one ------------------------------------------------------------------------------------------------- */

START_TEST(what_was_ready_counts_as_handed_out)
{
	struct issuer i;
	uint8_t *seed = NULL;

	restore_it();
	ck_assert_uint_eq(r.counted, FIXTURE_SLOTS);
	ck_assert_int_eq(ask(again, "SELECT count(*) FROM slot WHERE state = 'issued' AND holder = '" HOLDER "'"), FIXTURE_SLOTS);
	ck_assert_int_eq(ask(again, "SELECT next_n FROM stick"), 65);
	ck_assert_int_eq(ask(again, "SELECT count(*) FROM sqlite_master WHERE name = 'backup'"), 0);
	ck_assert_int_eq(ask(again, "PRAGMA application_id"), 0x6f6e6362);
	ck_assert_int_eq(ask(again, "SELECT verb = 'restore' AND grant_id IS NULL FROM event ORDER BY no DESC LIMIT 1"), 1);
	ck_assert_int_eq(issuer_open(&i, again, ISSUER_TO_WRITE, &f), E_OK);
	ck_assert_int_eq(keystore_open(i.dir_fd, PASS, &seed, &f), E_OK);
	ck_assert_mem_eq(seed, x.seed, KEY_SIZE);
	secret_free(&seed);
	issuer_close(&i);
}
END_TEST

START_TEST(who_knows_better_says_so)
{
	r.nothing_since = true;
	restore_it();
	ck_assert_uint_eq(r.counted, 0);
	ck_assert_int_eq(ask(again, "SELECT count(*) FROM slot WHERE state = 'ready'"), FIXTURE_SLOTS);
	ck_assert_int_eq(ask(again, "SELECT next_n FROM stick"), 65);
}
END_TEST

START_TEST(an_issuer_that_is_there_stays)
{
	ck_assert_int_eq(restore_vacant(office.dir, &f), E_KEYSTORE);
	ck_assert_int_eq(f.sys, 0); /* nothing failed */
	fault_clear(&f);
	fixture_refused(&f, restore_vacant(office.dir, &f), E_KEYSTORE, WHY_THERE);
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	fixture_refused(&f, restore_into(&r, office.dir, &f), E_KEYSTORE, WHY_THERE);
	ck_assert_int_eq(unlinkat(office.dir_fd, KEYSTORE_NAME, 0), 0); /* all that is left of one */
	fixture_refused(&f, restore_vacant(office.dir, &f), E_KEYSTORE, WHY_THERE);
	fixture_refused(&f, restore_into(&r, office.dir, &f), E_KEYSTORE, WHY_THERE);
	ck_assert_int_eq(ask(office.dir, "SELECT count(*) FROM slot WHERE state = 'ready'"), FIXTURE_SLOTS);
}
END_TEST

/* It died before the keystore was there. */
START_TEST(an_interrupted_restore_is_begun_again)
{
	char path[4300];

	restore_it();
	snprintf(path, sizeof path, "%s/%s", again, KEYSTORE_NAME);
	ck_assert_int_eq(unlink(path), 0);
	restore_free(&r);
	restore_it();
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(ask(again, "SELECT next_n FROM stick"), 65);
}
END_TEST

/* Whether the kernel says that the process waits for a lock. */
static bool
waits(pid_t pid)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[200];
	bool found = false;
	long who;

	ck_assert_ptr_nonnull(locks);
	while (!found && fgets(line, sizeof line, locks) != NULL)
		found = sscanf(line, "%*d: -> FLOCK %*s %*s %ld", &who) == 1 && who == (long)pid;
	fclose(locks);
	return found;
}

/* Otherwise what one has just begun could get the name, and its codes would still be ready. */
START_TEST(two_at_once_wait_for_each_other)
{
	char path[4300];
	int fd = -1, status = 0;
	pid_t pid;

	snprintf(path, sizeof path, "%s/again", x.path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(mkdir(again, 0700), 0);
	ck_assert_int_ge(fd = open(again, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	ck_assert_int_eq(restore_unlock(&r, PASS, &f), E_OK);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0)
		_exit(restore_into(&r, again, &f) == E_OK ? 7 : 8);
	while (!waits(pid))
		ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	snprintf(path, sizeof path, "%s/%s", again, BOOKS_NAME);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	fixture_refused(&f, restore_into(&r, again, &f), E_KEYSTORE, WHY_THERE);
	close(fd);
}
END_TEST

/* Whatever fails, there is no issuer, it is said, and the same backup makes one afterwards. */
START_TEST(whenever_the_books_fail_there_is_no_issuer)
{
	char path[4300];
	unsigned n = 0;
	enum err e = E_BOOKS;

	snprintf(path, sizeof path, "%s/%s", again, KEYSTORE_NAME);
	r.nothing_since = _i == 1;
	while (e != E_OK) {
		restore_free(&r);
		fault_clear(&f);
		left = ++n;
		ck_assert_uint_lt(n, 1000);
		if ((e = restore_look(&r, file, &f)) == E_OK && (e = restore_unlock(&r, PASS, &f)) == E_OK)
			e = restore_into(&r, again, &f);
		ck_assert_msg((left == 0) == (e != E_OK), "step %u: %s", n, err_name(e));
		left = 0;
		ck_assert_int_eq(e, f.err);
		ck_assert_msg(e == E_OK || e == E_BOOKS, "step %u: %s", n, err_name(e));
		ck_assert_int_eq(access(path, F_OK) == 0, e == E_OK);
	}
	ck_assert_uint_gt(n, 20);
	ck_assert_uint_eq(r.counted, _i == 1 ? 0 : FIXTURE_SLOTS);
	ck_assert_int_eq(ask(again, "SELECT next_n FROM stick"), 65); /* once */
	ck_assert_int_eq(ask(again, "SELECT count(*) FROM event WHERE verb = 'restore' AND grant_id IS NULL"), 1);
	ck_assert_int_eq(ask(again, "SELECT count(*) FROM event WHERE detail = 'nothing issued since'"), _i == 1);
}
END_TEST

START_TEST(whenever_the_books_fail_nothing_is_adopted)
{
	uint32_t counted = 99;
	unsigned n = 0;
	enum err e = E_BOOKS;

	office.behind = true;
	while (e != E_OK) {
		fault_clear(&f);
		left = ++n;
		ck_assert_uint_lt(n, 1000);
		e = restore_adopt(&office, HOLDER, &counted, &f);
		ck_assert_msg(e == E_OK || (e == E_BOOKS && left == 0), "step %u: %s", n, err_name(e));
		left = 0;
		ck_assert_int_eq(e, f.err);
		ck_assert_int_eq(office.behind, e != E_OK);
		ck_assert_uint_eq(counted, e == E_OK ? FIXTURE_SLOTS : 99);
		ck_assert_int_eq(ask(office.dir, "SELECT count(*) FROM slot WHERE state = 'ready'"), e == E_OK ? 0 : FIXTURE_SLOTS);
		ck_assert_int_eq(ask(office.dir, "SELECT count(*) FROM event WHERE verb = 'restore --adopt' AND grant_id IS NULL"),
		    e == E_OK);
	}
	ck_assert_uint_gt(n, 5);
}
END_TEST

/* What this PC knew before is what counts then. */
START_TEST(without_a_keystore_nothing_else_is_remembered)
{
	const struct mark known = {.event = {.no = 5, .token = {1}}, .when = 77};
	struct mark m = {0};

	ck_assert_int_eq(mkdir(memory, 0700), 0);
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	for (int k = 0; k < 2; k++) {
		if (k == 1)
			ck_assert_int_eq(mark_write(memory, x.pk, &known), 0);
		storing = E_KEYSTORE;
		ck_assert_int_eq(restore_into(&r, again, &f), E_KEYSTORE);
		ck_assert(f.err == E_KEYSTORE && f.sys == EIO);
		fault_clear(&f);
	}
	ck_assert(mark_read(memory, x.pk, &m) && m.event.no == 5 && m.when == 77);
	storing = E_OK;
	ck_assert_int_eq(restore_into(&r, again, &f), E_OK);
	ck_assert(mark_read(memory, x.pk, &m) && m.when != 77);
	ck_assert_int_eq(m.event.no, ask(again, "SELECT max(no) FROM event"));
}
END_TEST

START_TEST(where_no_issuer_can_be_is_told)
{
	char path[4300];

	ck_assert_int_eq(restore_vacant(again, &f), E_OK);
	ck_assert_int_eq(restore_vacant(file, &f), E_KEYSTORE);
	ck_assert(f.sys == ENOTDIR && f.why == WHY_NONE);
	fault_clear(&f);
	ck_assert_int_eq(restore_look(&r, file, &f), E_OK);
	snprintf(path, sizeof path, "%s/office", file);
	fixture_refused(&f, restore_into(&r, path, &f), E_KEYSTORE, WHY_MAKE_DIR);
	fixture_refused(&f, restore_into(&r, file, &f), E_KEYSTORE, WHY_MAKE_FILE);
	ck_assert_int_eq(restore_vacant(x.path, &f), E_OK); /* a directory with other things in it */
}
END_TEST

/* ---- older copies -------------------------------------------------------------------------------------------------------- */

static void
reopen(const char *dir)
{
	char path[4200];

	snprintf(path, sizeof path, "%s", dir);
	issuer_close(&office);
	ck_assert_int_eq(issuer_open(&office, path, ISSUER_TO_WRITE, &f), E_OK);
	ck_assert_int_eq(issuer_remember(&office, memory), 0);
}

static void
hand_out(void)
{
	struct handout h = {0};

	ck_assert_int_eq(
	    handout_take(&h, &office, &(struct handout_order){.stick_id = x.stick_id, .holder = "Kim", .n = 1}, &f), E_OK);
	handout_free(&h);
}

START_TEST(a_copy_that_was_put_back_is_noticed_and_adopted)
{
	char path[4300];
	uint8_t *old = NULL;
	int64_t since = 0;
	uint32_t counted = 0;
	size_t n = 0;

	snprintf(path, sizeof path, "%s/%s", office.dir, BOOKS_NAME);
	reopen(office.dir);
	ck_assert_int_eq(stickio_slurp(AT_FDCWD, path, 1u << 24, &old, &n), 0);
	hand_out();
	reopen(office.dir);
	ck_assert_int_eq(issuer_hands_out(&office, &since, &f), E_OK);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(stickio_create(AT_FDCWD, path, old, n, 0600), 0);
	free(old);
	for (int k = 0; k < 2; k++) { /* it is not forgotten */
		reopen(office.dir);
		fixture_refused(&f, issuer_hands_out(&office, &since, &f), E_BOOKS, WHY_BEHIND);
		ck_assert_int_gt(since, 0);
	}
	ck_assert_int_eq(restore_adopt(&office, HOLDER, &counted, &f), E_OK);
	ck_assert_uint_eq(counted, FIXTURE_SLOTS);
	ck_assert_int_eq(issuer_hands_out(&office, &since, &f), E_OK);
	reopen(office.dir);
	ck_assert_int_eq(issuer_hands_out(&office, &since, &f), E_OK);
	ck_assert_int_eq(since, 0);
}
END_TEST

/* Who reads the books only is told as well, and where this PC remembers is left as it is. */
START_TEST(a_copy_that_is_only_read_is_noticed)
{
	const struct mark m = {.event = {.no = 5, .token = {1}}, .when = 77};
	char dir[4200], nowhere[4300];

	snprintf(dir, sizeof dir, "%s", office.dir);
	snprintf(nowhere, sizeof nowhere, "%s/nowhere", x.path);
	reopen(dir);
	ck_assert_int_eq(issuer_last_used(&office), 0);
	issuer_close(&office);
	ck_assert_int_eq(mark_write(memory, x.pk, &m), 0);
	ck_assert_int_eq(issuer_open(&office, dir, ISSUER_TO_READ, &f), E_OK);
	ck_assert(!office.behind);
	ck_assert_int_eq(issuer_compare(&office, nowhere), 0);
	ck_assert(!office.behind && access(nowhere, F_OK) != 0);
	ck_assert_int_eq(issuer_last_used(&office), 0);
	ck_assert_int_eq(issuer_compare(&office, memory), 0);
	ck_assert(office.behind);
	ck_assert_int_eq(issuer_last_used(&office), 77);
	memset(nowhere, 'n', sizeof nowhere);
	nowhere[sizeof nowhere - 1] = '\0';
	ck_assert_int_eq(issuer_compare(&office, nowhere), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

/* A list that is signed afterwards has to be newer than all that PCs have seen. */
START_TEST(books_are_not_adopted_at_a_time_before_their_newest)
{
	uint32_t counted = 0;
	int64_t newest = 0;
	char settled[24];

	ck_assert_int_eq(books_newest_time(office.books, &newest, &f), E_OK);
	ck_assert_int_gt(newest, 0);
	office.now = newest - 86400;
	ck_assert_int_eq(restore_adopt(&office, HOLDER, &counted, &f), E_OK);
	ck_assert_int_eq(books_get(office.books, "settled", settled, sizeof settled, &f), E_OK);
	ck_assert_int_eq(strtoll(settled, NULL, 10), newest);
	ck_assert_int_eq(ask(office.dir, "SELECT at FROM event ORDER BY no DESC LIMIT 1"), newest);
	office.now = newest + 86400;
	ck_assert_int_eq(restore_adopt(&office, HOLDER, &counted, &f), E_OK);
	ck_assert_int_eq(ask(office.dir, "SELECT at FROM event ORDER BY no DESC LIMIT 1"), newest + 86400);
}
END_TEST

/* What this PC remembers is of the restored ones then. */
START_TEST(restored_books_are_the_newest)
{
	int64_t since = 0;

	reopen(office.dir);
	hand_out();
	reopen(office.dir);
	restore_it();
	reopen(again);
	ck_assert_int_eq(issuer_hands_out(&office, &since, &f), E_OK);
}
END_TEST

/* Another PC restored them, after this one had last used those that are gone. */
START_TEST(what_was_settled_since_is_no_sign)
{
	struct mark m = {.event = {.no = 5, .token = {1}}};
	int64_t since = 0;
	uint32_t counted = 0;
	int64_t newest = 0;

	reopen(office.dir);
	ck_assert_int_eq(restore_adopt(&office, HOLDER, &counted, &f), E_OK);
	ck_assert_int_eq(books_newest_time(office.books, &newest, &f), E_OK);
	for (int later = 0; later < 2; later++) {
		m.when = (newest > office.now ? newest : office.now) - 1 + later;
		ck_assert_int_eq(mark_write(memory, x.pk, &m), 0);
		reopen(office.dir);
		ck_assert_int_eq(issuer_hands_out(&office, &since, NULL), later ? E_BOOKS : E_OK);
	}
}
END_TEST

START_TEST(a_memory_that_cannot_be_read_stops_nobody)
{
	static const char *const texts[] = {"", "x", "1 0102030405060708", "0 0102030405060708 5\n", "7 01020304050607 5\n"};
	char path[4300], hex[17];
	int64_t since = 0;
	struct mark m;

	bytes_to_hex(hex, x.pk, 8);
	snprintf(path, sizeof path, "%s/books-%s", memory, hex);
	reopen(office.dir);
	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
		(void)unlink(path);
		ck_assert_int_eq(stickio_create(AT_FDCWD, path, texts[k], strlen(texts[k]), 0600), 0);
		ck_assert(!mark_read(memory, x.pk, &m));
		reopen(office.dir);
		ck_assert_int_eq(issuer_hands_out(&office, &since, &f), E_OK);
		reopen(office.dir);
		ck_assert(mark_read(memory, x.pk, &m));
	}
}
END_TEST

/* Left by a process that had this number, and died. */
START_TEST(a_mark_that_was_left_unfinished_is_in_nobodys_way)
{
	const struct mark m = {.event = {.no = 7, .token = {3}}, .when = 99};
	struct mark read = {0};
	char path[4300], hex[17];
	struct stat st;

	ck_assert_int_eq(mkdir(memory, 0700), 0);
	bytes_to_hex(hex, x.pk, 8);
	snprintf(path, sizeof path, "%s/books-%s.%ld", memory, hex, (long)getpid());
	ck_assert_int_eq(stickio_create(AT_FDCWD, path, "x", 1, 0600), 0);
	ck_assert_int_eq(mark_write(memory, x.pk, &m), 0);
	ck_assert_int_ne(stat(path, &st), 0);
	ck_assert(mark_read(memory, x.pk, &read) && read.event.no == 7 && read.when == 99 && read.event.token[0] == 3);
	ck_assert_int_eq(mark_write(file, x.pk, &m), -1); /* no directory */
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert(!mark_read(file, x.pk, &read));
}
END_TEST

START_TEST(a_newer_list_on_a_stick_gives_an_older_copy_away)
{
	struct stick *s = NULL;
	int64_t since = 0;
	uint32_t counted = 0;

	fixture_notice(&x, NULL, 0, 5);
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(issuer_look_behind(&office, s, &f), E_OK); /* who only reads goes on, and it is noted */
	ck_assert(office.behind);
	fixture_refused(&f, issuer_hands_out(&office, &since, &f), E_BOOKS, WHY_BEHIND);
	fixture_refused(&f, issuer_look_behind(&office, s, &f), E_BOOKS, WHY_BEHIND);
	office.now = x.now + 100;
	ck_assert_int_eq(restore_adopt(&office, HOLDER, &counted, &f), E_OK);
	ck_assert_int_eq(issuer_look_behind(&office, s, &f), E_OK); /* that list is of before */
	ck_assert_int_eq(issuer_merge_notice(&office, s, &f), E_OK);
	ck_assert_int_eq(issuer_hands_out(&office, &since, &f), E_OK);
	stick_close(&s);
}
END_TEST

SUITE("restore", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, a_backup_says_what_is_in_it);
	tcase_add_test(t, it_is_never_written_over_anything);
	tcase_add_test(t, it_is_made_nowhere_else);
	tcase_add_test(t, a_bit_that_is_another_one_is_noticed);
	tcase_add_test(t, what_is_no_backup_is_refused);
	tcase_add_test(t, another_passphrase_opens_nothing);
	tcase_add_test(t, books_of_another_key_are_no_backup);
	tcase_add_test(t, a_long_name_is_no_other_file);
	tcase_add_test(t, what_others_wrote_into_the_books_stops_no_backup);
	tcase_add_test(t, a_list_of_another_issuer_is_no_backup);
	tcase_add_test(t, a_view_in_the_place_of_a_table_is_no_backup);
	tcase_add_test(t, one_of_a_newer_program_is_not_called_damaged);
	tcase_add_test(t, another_backup_in_its_place_is_not_what_was_checked);
	tcase_add_test(t, what_was_ready_counts_as_handed_out);
	tcase_add_test(t, who_knows_better_says_so);
	tcase_add_test(t, an_issuer_that_is_there_stays);
	tcase_add_test(t, an_interrupted_restore_is_begun_again);
	tcase_add_test(t, two_at_once_wait_for_each_other);
	tcase_add_loop_test(t, whenever_the_books_fail_there_is_no_issuer, 0, 2);
	tcase_add_test(t, whenever_the_books_fail_nothing_is_adopted);
	tcase_add_test(t, without_a_keystore_nothing_else_is_remembered);
	tcase_add_test(t, where_no_issuer_can_be_is_told);
	tcase_add_test(t, a_copy_that_was_put_back_is_noticed_and_adopted);
	tcase_add_test(t, a_copy_that_is_only_read_is_noticed);
	tcase_add_test(t, books_are_not_adopted_at_a_time_before_their_newest);
	tcase_add_test(t, restored_books_are_the_newest);
	tcase_add_test(t, what_was_settled_since_is_no_sign);
	tcase_add_test(t, a_memory_that_cannot_be_read_stops_nobody);
	tcase_add_test(t, a_mark_that_was_left_unfinished_is_in_nobodys_way);
	tcase_add_test(t, a_newer_list_on_a_stick_gives_an_older_copy_away);
}
