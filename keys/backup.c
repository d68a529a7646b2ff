/*
 * backup.c - the books and the keystore in one file.
 */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "books_internal.h"
#include "envelope.h"
#include "filestat.h"
#include "grant.h"
#include "sql.h"
#include "stickio.h"
#include "utf8.h"

#define APPLICATION 0x6f6e636bu /* "onck" */
#define UNPACKED BOOKS_NAME ".restored"
#define KEYSTORE_MAX 4096
#define MARK_SIZE 16
#define DIGEST_SIZE 32
#define BLOCK 65536 /* SQLite's largest page, so that no page is in two blocks */

struct backup {
	struct backup_about about;
	char path[512], dir[512], name[256];
	struct sql_kind kind;
	struct sql *sql;
	int dir_fd;
	uint8_t mark[MARK_SIZE], digest[DIGEST_SIZE]; /* of the file that was opened */
	uint8_t keystore[KEYSTORE_MAX];
	size_t keystore_n;
};

static enum err
no_backup(struct fault *f, int sys, const char *path)
{
	return fault_why(f, E_BOOKS, sys, WHY_NO_BACKUP, "%s", path);
}

/* One of that name is an answer to the command line. */
static enum err
not_made(struct fault *f, int sys, const char *path)
{
	if (sys == EEXIST)
		return fault_why(f, E_USAGE, sys, WHY_BACKUP_FILE, "%s", path);
	return fault_why(f, E_BOOKS, sys, WHY_BACKUP_FILE, "%s", path);
}

/* ---- the digest --------------------------------------------------------------------------------------------------------- */

/*
 * What comes before the digest is drawn for each backup: whatever a stick or a file of receipts brought into the books, nobody can
 * have put the same bytes there.
 */
struct digest {
	uint8_t mark[MARK_SIZE];
	unsigned found; /* how often the mark is there */
	uint64_t at;    /* of the digest in the file */
	uint8_t stored[DIGEST_SIZE], is[DIGEST_SIZE];
};

/* Take the stored digest, and put zeros in its place: it does not cover itself. */
static void
cut_out(struct digest *d, uint8_t *block, size_t n, uint64_t off)
{
	uint8_t *p = block;

	while ((p = memmem(p, n - (size_t)(p - block), d->mark, MARK_SIZE)) != NULL) {
		p += MARK_SIZE;
		if (n - (size_t)(p - block) < DIGEST_SIZE)
			return;
		d->found++;
		d->at = off + (uint64_t)(p - block);
		memcpy(d->stored, p, DIGEST_SIZE);
		memset(p, 0, DIGEST_SIZE);
	}
}

/* Fill in d, which has its mark: read all of fd, and copy it to out unless that is -1. Return 0, or -1 with errno. */
static int
digest_of(struct digest *d, int fd, int out)
{
	crypto_generichash_state state;
	uint8_t *block = malloc(BLOCK);
	uint64_t off = 0;
	ssize_t n = 1;
	int result = -1;

	if (block == NULL)
		return -1;
	crypto_generichash_init(&state, NULL, 0, DIGEST_SIZE);
	while (n > 0) {
		size_t have = 0;

		while (have < BLOCK && ((n = pread(fd, block + have, BLOCK - have, (off_t)(off + have))) > 0 ||
					   (n < 0 && errno == EINTR)))
			have += n > 0 ? (size_t)n : 0;
		if (n < 0 || (out != -1 && stickio_write_full(out, block, have, off) != 0))
			goto out;
		cut_out(d, block, have, off);
		crypto_generichash_update(&state, block, have);
		off += have;
	}
	crypto_generichash_final(&state, d->is, DIGEST_SIZE);
	result = 0;
out:
	free(block);
	return result;
}

static bool
holds(const struct digest *d)
{
	return d->found == 1 && sodium_memcmp(d->stored, d->is, DIGEST_SIZE) == 0;
}

/* ---- making one --------------------------------------------------------------------------------------------------------- */

/* path as a directory and a name in it; -1 with errno. */
static int
split(const char *path, char *dir, size_t dir_size, char *name, size_t name_size)
{
	const char *slash = strrchr(path, '/'), *last = slash != NULL ? slash + 1 : path;
	int n = slash == NULL ? snprintf(dir, dir_size, ".") :
				snprintf(dir, dir_size, "%.*s", (int)(slash == path ? 1 : slash - path), path);

	if (n < 0 || (size_t)n >= dir_size || strlen(last) >= name_size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (last[0] == '\0') {
		errno = EISDIR;
		return -1;
	}
	memcpy(name, last, strlen(last) + 1);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Copy everything else that belongs to a backup into the copy of the books; the place of the digest comes last, as zeros. */
static enum err
complete(struct sql *q, const struct backup_new *n, const uint8_t mark[MARK_SIZE], struct fault *f)
{
	static const char insert[] = "INSERT INTO backup VALUES (?, ?)";
	char application[60];
	uint8_t place[MARK_SIZE + DIGEST_SIZE] = {0};
	enum err err;

	memcpy(place, mark, MARK_SIZE);
	snprintf(application, sizeof application, "PRAGMA application_id = %d", (int)APPLICATION);
	if ((err = sql_begin(q, f)) != E_OK)
		return err;
	if ((err = sql_run(q, "CREATE TABLE backup (k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID", SQL_NONE, f)) == E_OK &&
	    (err = sql_run(q, insert, SQL_ARGS(SQL_TEXT("keystore"), SQL_BLOB(n->keystore.p, n->keystore.n)), f)) == E_OK &&
	    (err = sql_run(q, insert, SQL_ARGS(SQL_TEXT("made_at"), SQL_INT(n->now)), f)) == E_OK &&
	    (err = sql_run(q, insert, SQL_ARGS(SQL_TEXT("version"), SQL_TEXT(n->version)), f)) == E_OK &&
	    (err = sql_run(q, application, SQL_NONE, f)) == E_OK)
		err = sql_run(q, insert, SQL_ARGS(SQL_TEXT("~digest"), SQL_BLOB(place, sizeof place)), f);
	return sql_end(q, err, f);
}

static enum err
seal(int dir_fd, const char *tmp, const char *path, struct digest *d, struct fault *f)
{
	int fd = openat(dir_fd, tmp, O_RDWR | O_NOFOLLOW | O_CLOEXEC), result = -1, saved = 0;

	if (fd != -1)
		result = digest_of(d, fd, -1);
	if (result == 0 && d->found != 1) {
		errno = EBADMSG;
		result = -1;
	}
	if (result == 0 && (stickio_write_full(fd, d->is, DIGEST_SIZE, d->at) != 0 || fsync(fd) != 0))
		result = -1;
	saved = errno;
	if (fd != -1)
		close(fd);
	return result == 0 ? E_OK : not_made(f, saved, path);
}

/* Whether what failed last was a write: the books are only read. */
static bool
was_written(const struct sql *q)
{
	const int rc = sqlite3_extended_errcode(q->db);

	return (rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_READ && rc != SQLITE_IOERR_SHORT_READ;
}

/* Write all of it under the name tmp, which is an empty file. */
static enum err
fill(struct books *b, const struct backup_new *n, const char *dir, int dir_fd, const char *tmp, struct fault *f)
{
	struct sql *q = books_step(b, "backup"), *copy = NULL;
	struct sql_kind kind = books_kind;
	struct fault why = {0};
	struct digest d = {.found = 0};
	bool there = false; /* it failed at the file, not in the books */
	char path[512];
	enum err err;

	randombytes_buf(d.mark, sizeof d.mark);
	kind.name = tmp;
	if (snprintf(path, sizeof path, "%s/%s", dir, tmp) >= (int)sizeof path)
		return not_made(f, ENAMETOOLONG, n->path);
	err = sql_run(q, "VACUUM INTO ?", SQL_ARGS(SQL_TEXT(path)), &why);
	there = err == E_OK || was_written(q);
	if (err == E_OK && (err = sql_open(&copy, dir, dir_fd, &kind, SQL_WRITE, &why)) == E_OK)
		err = complete(copy, n, d.mark, &why);
	sql_close(&copy);
	if (err == E_OK)
		return seal(dir_fd, tmp, n->path, &d, f);
	if (why.sys == ENOSPC || why.sys == EDQUOT || why.sys == EFBIG || why.sys == EROFS || why.sys == EACCES ||
	    (there && err == E_BOOKS && why.sys != 0))
		return not_made(f, why.sys, n->path);
	return fault_pass(f, &why);
}

static void
remove_tmp(int dir_fd, const char *tmp)
{
	const struct sql_kind kind = {.name = tmp};

	sql_remove(dir_fd, &kind);
}

enum err
backup_make(struct books *b, const struct backup_new *n, struct fault *f)
{
	char dir[512], name[256], tmp[256], hex[17];
	uint8_t random[8];
	int dir_fd = split(n->path, dir, sizeof dir, name, sizeof name), fd = -1;
	enum err err = E_OK;

	if (dir_fd == -1)
		return not_made(f, errno, n->path);
	randombytes_buf(random, sizeof random);
	bytes_to_hex(hex, random, sizeof random);
	snprintf(tmp, sizeof tmp, "%.200s.%s", name, hex);
	if (faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		err = not_made(f, EEXIST, n->path);
		goto out;
	}
	if ((fd = openat(dir_fd, tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) == -1) {
		err = not_made(f, errno, n->path);
		goto out;
	}
	close(fd);
	if ((err = fill(b, n, dir, dir_fd, tmp, f)) == E_OK && stickio_rename_new(dir_fd, tmp, name) != 0) {
		err = not_made(f, errno, n->path);
	} else if (err == E_OK && stickio_sync_dir(dir_fd) != 0) {
		err = not_made(f, errno, n->path);
		(void)unlinkat(dir_fd, name, 0);
	}
	remove_tmp(dir_fd, tmp);
out:
	close(dir_fd);
	return err;
}

/* ---- reading one -------------------------------------------------------------------------------------------------------- */

static enum err
read_mark(struct backup *b, struct fault *f)
{
	uint8_t place[MARK_SIZE + DIGEST_SIZE] = {0};
	struct sql *q = b->sql;
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err = sql_query(q, &st, "SELECT v FROM backup WHERE k = '~digest'", SQL_NONE, f);

	if (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && (!row || !sql_fixed(st, 0, place, sizeof place)))
		err = sql_odd(q, "no digest", f);
	sql_done(&st);
	if (err == E_OK)
		memcpy(b->mark, place, MARK_SIZE);
	return err;
}

static enum err
read_rows(struct backup *b, struct fault *f)
{
	struct sql *q = b->sql;
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = sql_query(q, &st, "SELECT k, v FROM backup", SQL_NONE, f);
	char k[16];

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		sql_string(st, 0, k, sizeof k);
		if (strcmp(k, "made_at") == 0)
			b->about.made_at = sqlite3_column_int64(st, 1);
		else if (strcmp(k, "version") == 0)
			sql_string(st, 1, b->about.version, sizeof b->about.version);
		else if (strcmp(k, "keystore") == 0 && !sql_some(st, 1, b->keystore, sizeof b->keystore, &b->keystore_n))
			err = sql_odd(q, "no keystore", f);
	}
	sql_done(&st);
	for (char *p = b->about.version; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f)
			*p = '?';
	return err == E_OK && b->keystore_n == 0 ? sql_odd(q, "no keystore", f) : err;
}

/* The first row of what SQLite finds wrong: "ok", or nothing. */
static enum err
sound(struct sql *q, const char *pragma, const char *good, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	bool row = false;
	char said[16] = "";
	enum err err = sql_query(q, &st, pragma, SQL_NONE, f);

	if (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row)
		sql_string(st, 0, said, sizeof said);
	sql_done(&st);
	return err == E_OK && (row ? strcmp(said, good) != 0 : good[0] != '\0') ? sql_odd(q, pragma, f) : err;
}

static enum err
count(struct backup *b, const char *text, uint32_t *n, struct fault *f)
{
	int64_t value = 0;
	bool found = false;
	enum err err = sql_int_of(b->sql, text, SQL_NONE, &value, &found, f);

	*n = (uint32_t)value;
	return err;
}

static enum err
look(struct backup *b, struct fault *f)
{
	struct backup_about *a = &b->about;
	enum err err;

	if ((err = sound(b->sql, "PRAGMA quick_check(1)", "ok", f)) != E_OK ||
	    (err = sound(b->sql, "PRAGMA foreign_key_check", "", f)) != E_OK || (err = read_rows(b, f)) != E_OK ||
	    (err = count(b, "SELECT count(*) FROM stick", &a->sticks, f)) != E_OK ||
	    (err = count(b, "SELECT count(*) FROM slot WHERE state = 'ready'", &a->ready, f)) != E_OK ||
	    (err = count(b, "SELECT count(*) FROM slot WHERE state = 'issued'", &a->issued, f)) != E_OK ||
	    (err = count(b, "SELECT count(*) FROM slot WHERE state = 'spent'", &a->spent, f)) != E_OK)
		return err;
	return count(b, "SELECT count(*) FROM slot WHERE state = 'revoked'", &a->revoked, f);
}

/* With out, it has to be the file that was opened. */
static enum err
check_digest(struct backup *b, int out, struct fault *f)
{
	struct digest d = {.found = 0};
	int fd = openat(b->dir_fd, b->name, O_RDONLY | O_CLOEXEC), result = -1, saved = 0;

	memcpy(d.mark, b->mark, MARK_SIZE);
	if (fd != -1)
		result = digest_of(&d, fd, out);
	saved = errno;
	if (fd != -1)
		close(fd);
	if (result != 0)
		return no_backup(f, saved, b->path);
	if (!holds(&d) || (out != -1 && memcmp(d.is, b->digest, DIGEST_SIZE) != 0))
		return no_backup(f, EBADMSG, b->path);
	memcpy(b->digest, d.is, DIGEST_SIZE);
	return E_OK;
}

/* A pipe would be waited for. */
static enum err
check_regular(const char *path, struct fault *f)
{
	struct stat st;

	if (filestat_path(path, &st) != 0)
		return fault_set(f, E_BOOKS, errno, "open", "%s", path);
	return S_ISREG(st.st_mode) ? E_OK : fault_set(f, E_BOOKS, EBADMSG, "open", "%s", path);
}

enum err
backup_open(struct backup **out, const char *path, struct fault *f)
{
	struct backup *b = calloc(1, sizeof *b);
	struct fault why = {0};
	enum err err = E_OK;

	*out = NULL;
	if (b == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "open", "%s", path);
	snprintf(b->path, sizeof b->path, "%s", path);
	b->kind = books_kind;
	b->kind.name = b->name;
	b->kind.application = APPLICATION;
	b->dir_fd = split(path, b->dir, sizeof b->dir, b->name, sizeof b->name);
	if (b->dir_fd == -1)
		err = fault_set(&why, E_BOOKS, errno, "open", "%s", path);
	else if ((err = check_regular(path, &why)) == E_OK &&
	    (err = sql_open(&b->sql, b->dir, b->dir_fd, &b->kind, SQL_READ, &why)) == E_OK &&
	    (err = read_mark(b, &why)) == E_OK && (err = check_digest(b, -1, &why)) == E_OK)
		err = look(b, &why);
	if (err != E_OK) {
		err = err == E_BOOKS && why.why != WHY_NEWER ? no_backup(f, why.sys, path) : fault_pass(f, &why);
		backup_close(&b);
	}
	*out = b;
	return err;
}

void
backup_close(struct backup **b)
{
	if (*b == NULL)
		return;
	sql_close(&(*b)->sql);
	if ((*b)->dir_fd != -1)
		close((*b)->dir_fd);
	free(*b);
	*b = NULL;
}

const struct backup_about *
backup_about(const struct backup *b)
{
	return &b->about;
}

struct bytes
backup_keystore(const struct backup *b)
{
	return BYTES(b->keystore, b->keystore_n);
}

static bool
signed_by(struct bytes file, const uint8_t pk[KEY_SIZE], bool *memory)
{
	enum envelope_type type = ENVELOPE_MANIFEST;
	enum envelope_result opened = ENVELOPE_MALFORMED;
	uint8_t signer[KEY_SIZE] = {0};
	struct bytes payload;

	if (envelope_guess(file, &type) == 0)
		opened = envelope_open(type, file, &payload, signer);
	*memory = opened == ENVELOPE_NO_MEMORY;
	return opened == ENVELOPE_OK && memcmp(signer, pk, KEY_SIZE) == 0;
}

static enum err
check_signed(struct backup *b, const uint8_t pk[KEY_SIZE], struct fault *f)
{
	struct sql *q = b->sql;
	sqlite3_stmt *st = NULL;
	bool row = true, memory = false;
	enum err err = sql_query(q, &st, "SELECT manifest FROM bundle WHERE length(manifest) > 0"
	    " UNION ALL SELECT cose FROM notice WHERE length(cose) > 0", SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		const void *p = sqlite3_column_blob(st, 0);

		if (!signed_by(BYTES(p, p != NULL ? (size_t)sqlite3_column_bytes(st, 0) : 0), pk, &memory))
			err = memory || p == NULL ? sql_failed(q, SQLITE_NOMEM, f) : no_backup(f, EBADMSG, b->path);
	}
	sql_done(&st);
	return err;
}

static enum err
check_grants(struct backup *b, const uint8_t pk[KEY_SIZE], struct fault *f)
{
	struct sql *q = b->sql;
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = sql_query(q, &st, "SELECT payload FROM grnt", SQL_NONE, f);

	while (err == E_OK && (err = sql_next(q, st, &row, f)) == E_OK && row) {
		const void *p = sqlite3_column_blob(st, 0);
		struct grant g = {0};

		if (p == NULL || grant_parse(&g, BYTES(p, (size_t)sqlite3_column_bytes(st, 0))) != 0)
			err = p != NULL && errno == ENOMEM ? sql_failed(q, SQLITE_NOMEM, f) : no_backup(f, EBADMSG, b->path);
		else if (memcmp(g.issuer, pk, KEY_SIZE) != 0)
			err = no_backup(f, EBADMSG, b->path);
		grant_free(&g);
	}
	sql_done(&st);
	return err;
}

enum err
backup_of_issuer(struct backup *b, const uint8_t pk[KEY_SIZE], struct fault *f)
{
	enum err err = check_grants(b, pk, f);

	return err == E_OK ? check_signed(b, pk, f) : err;
}

/* ---- putting it back ---------------------------------------------------------------------------------------------------- */

static enum err
copy(struct backup *b, int dir_fd, struct fault *f)
{
	int fd = openat(dir_fd, UNPACKED, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct fault why = {0};
	enum err err;

	if (fd == -1)
		return fault_set(f, E_BOOKS, errno, "restore", "%s", UNPACKED);
	err = check_digest(b, fd, &why);
	if (err == E_OK && fsync(fd) != 0)
		err = fault_set(&why, E_BOOKS, errno, "restore", "%s", UNPACKED);
	if (err == E_BOOKS && (why.sys == ENOSPC || why.sys == EDQUOT || why.sys == EFBIG))
		err = fault_set(f, E_BOOKS, why.sys, "restore", "%s", UNPACKED); /* here, not there */
	else if (err != E_OK)
		fault_pass(f, &why);
	close(fd);
	return err;
}

enum err
backup_unpack(struct backup *b, const char *dir, int dir_fd, struct books **out, struct fault *f)
{
	struct sql_kind kind = b->kind;
	struct books *books = NULL;
	char application[60];
	struct sql *q = NULL;
	enum err err;

	*out = NULL;
	kind.name = UNPACKED;
	backup_drop(dir_fd);
	snprintf(application, sizeof application, "PRAGMA application_id = %d", (int)books_kind.application);
	if ((err = copy(b, dir_fd, f)) == E_OK && (err = sql_open(&q, dir, dir_fd, &kind, SQL_WRITE, f)) == E_OK &&
	    (err = sql_begin(q, f)) == E_OK) {
		if ((err = sql_run(q, "DROP TABLE backup", SQL_NONE, f)) == E_OK)
			err = sql_run(q, application, SQL_NONE, f);
		err = sql_end(q, err, f);
	}
	sql_close(&q);
	if (err == E_OK)
		err = books_open_as(&books, dir, dir_fd, UNPACKED, f);
	if (err != E_OK)
		backup_drop(dir_fd);
	*out = books;
	return err;
}

enum err
backup_place(int dir_fd, struct fault *f)
{
	if (stickio_rename_new(dir_fd, UNPACKED, BOOKS_NAME) != 0 || stickio_sync_dir(dir_fd) != 0)
		return fault_set(f, E_BOOKS, errno, "restore", "%s", BOOKS_NAME);
	return E_OK;
}

void
backup_drop(int dir_fd)
{
	remove_tmp(dir_fd, UNPACKED);
}
