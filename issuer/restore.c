/*
 * restore.c - an issuer from a backup, and books that are an older copy.
 */
#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "clock.h"
#include "filestat.h"
#include "keystore.h"
#include "mark.h"
#include "secret.h"
#include "sql.h"

/* ---- looking ------------------------------------------------------------------------------------------------------------- */

enum err
restore_look(struct restore *r, const char *path, struct fault *f)
{
	enum err e = backup_open(&r->file, path, f);

	return e == E_OK ? keystore_named(backup_keystore(r->file), r->pk, f) : e;
}

enum err
restore_unlock(struct restore *r, struct bytes pass, struct fault *f)
{
	uint8_t *seed = NULL;
	enum err e = keystore_unseal(backup_keystore(r->file), pass, &seed, f);

	secret_free(&seed);
	return e == E_OK ? backup_of_issuer(r->file, r->pk, f) : e;
}

/* ---- an issuer from a backup --------------------------------------------------------------------------------------------- */

static enum err
there(const char *dir, struct fault *f)
{
	return fault_why(f, E_KEYSTORE, 0, WHY_THERE, "%s", dir);
}

static bool
has(int dir_fd, const char *name)
{
	struct stat st;

	return filestat_at(dir_fd, name, &st) == 0 || errno != ENOENT;
}

/* Books without a keystore may be all that is left of an issuer. They are not if nothing has been done with them. */
static enum err
vacant(const char *dir, int dir_fd, struct fault *f)
{
	struct books *b = NULL;
	bool unused = false;
	enum err e = E_OK;

	if (has(dir_fd, KEYSTORE_NAME))
		return there(dir, f);
	if (!has(dir_fd, BOOKS_NAME))
		return E_OK;
	if (books_open_to_read(&b, dir, NULL) == E_OK)
		e = books_is_restored(b, &unused, f);
	books_close(&b);
	return e != E_OK || unused ? e : there(dir, f);
}

enum err
restore_vacant(const char *dir, struct fault *f)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = E_OK;

	if (fd == -1)
		return errno == ENOENT ? E_OK : fault_set(f, E_KEYSTORE, errno, "open", "%s", dir);
	e = vacant(dir, fd, f);
	close(fd);
	return e;
}

/* Nothing is written down as older than what is there, whatever the clock says. */
static enum err
latest(struct books *b, int64_t now, int64_t *when, struct fault *f)
{
	enum err e = books_newest_time(b, when, f);

	if (e == E_OK && now > *when)
		*when = now;
	return e;
}

/* Everything that this changes in the books. The event comes last: it says that nothing came after. */
static enum err
settle(struct restore *r, struct books *b, struct fault *f)
{
	struct clock_source clock = clock_system();
	int64_t when = 0;
	enum err e = books_begin(b, f);

	if (e != E_OK)
		return e;
	if ((e = latest(b, clock.now(clock.arg), &when, f)) == E_OK) {
		const struct books_unsure unsure = {r->holder, "restore", when};
		const struct books_event event = {.now = when, .verb = "restore", .slot = BOOKS_WHOLE,
		    .detail = r->nothing_since ? "nothing issued since" : NULL};

		e = r->nothing_since ? books_skip_refills(b, f) : books_count_as_issued(b, &unsure, &r->counted, f);
		if (e == E_OK && (e = issuer_settled(b, when, f)) == E_OK)
			e = books_event(b, &event, f);
	}
	return books_end(b, e, f);
}

/* Make this PC remember the restored books or, without a keystore for them, those that it knew. */
static enum err
finish(struct restore *r, int dir_fd, const struct books_mark *newest, struct fault *f)
{
	struct clock_source clock = clock_system();
	struct issuer i = {.dir_fd = -1, .fresh = true};
	const struct mark m = {*newest, clock.now(clock.arg)};
	bool remembers = r->mark_dir != NULL && issuer_remember(&i, r->mark_dir) == 0, had = false;
	struct mark before;
	enum err e = E_OK;

	if (remembers) {
		had = mark_read(r->mark_dir, r->pk, &before);
		(void)mark_write(r->mark_dir, r->pk, &m);
	}
	e = keystore_store(dir_fd, backup_keystore(r->file), f);
	if (e != E_OK && had)
		(void)mark_write(r->mark_dir, r->pk, &before);
	return e;
}

/* The keystore comes last: an issuer is there whole or not at all. */
static enum err
put_back(struct restore *r, const char *dir, int dir_fd, struct fault *f)
{
	static const struct sql_kind remains = {.name = BOOKS_NAME};
	struct books_mark newest = {0};
	struct books *b = NULL;
	enum err e = E_OK;

	if ((e = issuer_check_rights(dir_fd, f)) != E_OK || (e = vacant(dir, dir_fd, f)) != E_OK ||
	    (e = backup_unpack(r->file, dir, dir_fd, &b, f)) != E_OK)
		return e;
	if ((e = settle(r, b, f)) == E_OK)
		e = books_newest_mark(b, &newest, f);
	books_close(&b);
	if (e == E_OK) {
		sql_remove(dir_fd, &remains);
		if ((e = backup_place(dir_fd, f)) == E_OK)
			e = finish(r, dir_fd, &newest, f);
	}
	if (e != E_OK)
		backup_drop(dir_fd);
	return e;
}

/* Two at once would put what one has just begun into the place of what the other has finished. */
static enum err
wait_for_others(int dir_fd, const char *dir, struct fault *f)
{
	int rc;

	while ((rc = flock(dir_fd, LOCK_EX)) != 0 && errno == EINTR)
		continue;
	return rc == 0 ? E_OK : fault_set(f, E_KEYSTORE, errno, "flock", "%s", dir);
}

enum err
restore_into(struct restore *r, const char *dir, struct fault *f)
{
	int fd = -1;
	enum err e = E_OK;

	if (sql_make_path(dir) != 0)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_DIR, "%s", dir);
	if ((fd = sql_make_dir(dir, false)) == -1)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_FILE, "%s", dir);
	if ((e = wait_for_others(fd, dir, f)) == E_OK)
		e = put_back(r, dir, fd, f);
	close(fd);
	return e;
}

void
restore_free(struct restore *r)
{
	backup_close(&r->file);
}

/* ---- books that are an older copy ---------------------------------------------------------------------------------------- */

enum err
restore_adopt(struct issuer *i, const char *holder, uint32_t *count, struct fault *f)
{
	uint32_t counted = 0;
	int64_t when = 0;
	enum err e = books_begin(i->books, f);

	if (e != E_OK)
		return e;
	if ((e = latest(i->books, i->now, &when, f)) == E_OK) {
		const struct books_unsure unsure = {holder, "restore --adopt", when};
		const struct books_event event = {.now = when, .verb = "restore --adopt", .slot = BOOKS_WHOLE};

		if ((e = books_count_as_issued(i->books, &unsure, &counted, f)) == E_OK &&
		    (e = issuer_settled(i->books, when, f)) == E_OK)
			e = books_event(i->books, &event, f);
	}
	if ((e = books_end(i->books, e, f)) != E_OK)
		return e;
	i->behind = false;
	issuer_note_newest(i);
	*count = counted;
	return E_OK;
}
