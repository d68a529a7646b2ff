/*
 * station_memory.c - the memory that the unlock protocol needs, over the station's database and lock files.
 */
#include "station_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "filestat.h"
#include "keytree.h"
#include "stickio.h"
#include "utf8.h"

#define DESCRIPTION_MAX 8192
#define LOCK_TRIES 16 /* of a lock file that its holder removes while we wait for it */

/* How long to wait for a holder that says it is letting go, and for any other, which may have been told to and not know it yet. */
#define LOCK_POLL_NS 50000000L
#define LOCK_POLLS_ENDING 200
#define LOCK_POLLS 6

static struct station *
station_of(struct memory *m, const char *step)
{
	struct station *s = (struct station *)(void *)m;

	if (s->sql != NULL)
		s->sql->step = step;
	return s;
}

static struct station *
station_to_change(struct memory *m, const char *step, enum err *err, struct fault *f)
{
	struct station *s = station_of(m, step);

	*err = station_write(s, step, f);
	return s;
}

/* ---- issuers and notices ------------------------------------------------------------------------------------------------ */

static enum err
read_issuer(struct memory *m, const uint8_t pk[KEY_SIZE], struct memory_issuer *out, struct fault *f)
{
	struct station *s = station_of(m, "issuer");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err = E_OK;

	memset(out, 0, sizeof *out);
	if (s->sql == NULL)
		return E_OK;
	if ((err = sql_query(s->sql, &st, "SELECT floor, notice_no FROM issuer WHERE pk = ?", SQL_ARGS(SQL_BLOB(pk, KEY_SIZE)),
	    f)) == E_OK && (err = sql_next(s->sql, st, &row, f)) == E_OK && row) {
		out->known = true;
		out->floor = sqlite3_column_int64(st, 0);
		out->notice_no = (uint32_t)sqlite3_column_int64(st, 1);
	}
	sql_done(&st);
	return err;
}

static enum err
meta_int(struct station *s, const char *key, int64_t *value, struct fault *f)
{
	bool found = false;

	*value = 0;
	if (s->sql == NULL)
		return E_OK;
	return sql_int_of(s->sql, "SELECT v FROM meta WHERE k = ?", SQL_ARGS(SQL_TEXT(key)), value, &found, f);
}

static enum err
read_closed_list(struct memory *m, bool *closed, struct fault *f)
{
	int64_t value = 0;
	enum err err = meta_int(station_of(m, "closed list"), "closed_list", &value, f);

	*closed = value != 0;
	return err;
}

static enum err
read_notice_file(struct memory *m, const uint8_t pk[KEY_SIZE], uint8_t **file, size_t *len, struct fault *f)
{
	struct station *s = station_of(m, "notice");

	return station_list_file(s, pk, file, len, f);
}

static enum err
read_revoked(struct memory *m, const struct memory_target *target, struct memory_revoked *out, struct fault *f)
{
	return station_list_says(station_of(m, "revoked"), target, out, f);
}

static enum err
learn(struct memory *m, const struct notice *notice, struct bytes file, struct fault *f)
{
	struct station *s = station_of(m, "notice");

	return station_list_learn(s, notice, file, f);
}

enum err
station_memory_know(struct station *s, const uint8_t pk[KEY_SIZE], int64_t floor, struct fault *f)
{
	static const char upsert[] = "INSERT INTO issuer (pk, floor, notice_no) SELECT ?1, ?2, 0"
	    " WHERE EXISTS (SELECT 1 FROM issuer WHERE pk = ?1)"
	    " OR NOT EXISTS (SELECT 1 FROM meta WHERE k = 'closed_list' AND v <> 0)"
	    " ON CONFLICT (pk) DO UPDATE SET floor = max(floor, excluded.floor)";
	int changed = 0;
	enum err err = sql_change(s->sql, upsert, SQL_ARGS(SQL_BLOB(pk, KEY_SIZE), SQL_INT(floor)), &changed, f);

	if (err == E_OK && changed == 0)
		err = fault_set(f, E_ISSUER, 0, s->sql->step, "%s", s->dir);
	return err;
}

static enum err
read_marks(struct memory *m, struct memory_marks *out, struct fault *f)
{
	struct station *s = station_of(m, "high water");
	int64_t high = 0, proved = 0, reset = 0;
	enum err err;

	if ((err = meta_int(s, "L", &high, f)) != E_OK || (err = meta_int(s, "L_opened", &proved, f)) != E_OK ||
	    (err = meta_int(s, "L_reset", &reset, f)) != E_OK)
		return err;
	*out = (struct memory_marks){high, proved, reset != 0};
	return E_OK;
}

/* ---- rows of uses ------------------------------------------------------------------------------------------------------- */

#define USE_COLUMNS \
	"grant_hash, slot, pk, grant_id, nonce, state, limit_s, opened_at, used_s, resumes, blob, receipt, boot_id, began_s"
#define USE_KEY(hash, slot) SQL_BLOB(hash, HASH_SIZE), SQL_INT(slot)

static bool
ranged(sqlite3_stmt *st, int column, int64_t max, int64_t *out)
{
	*out = sqlite3_column_int64(st, column);
	return *out >= 0 && *out <= max;
}

static bool
read_state(sqlite3_stmt *st, int column, enum memory_state *state)
{
	char word[16];

	sql_string(st, column, word, sizeof word);
	*state = strcmp(word, "claimed") == 0 ? MEMORY_CLAIMED : strcmp(word, "open") == 0 ? MEMORY_OPEN :
	    strcmp(word, "closed") == 0 ? MEMORY_CLOSED : MEMORY_NONE;
	return *state != MEMORY_NONE;
}

/* For an open session its file may say more. */
static bool
read_row(const struct station *s, sqlite3_stmt *st, struct memory_use *u)
{
	int64_t tally_s = 0;
	int64_t slot = 0, limit = 0, resumes = 0;
	size_t id_len = 0;

	memset(u, 0, sizeof *u);
	if (!sql_fixed(st, 0, u->grant_hash, HASH_SIZE) || !ranged(st, 1, GRANT_SLOTS_MAX - 1, &slot) ||
	    !sql_fixed(st, 2, u->issuer, KEY_SIZE) || !sql_fixed(st, 3, u->grant_id, ID_SIZE) ||
	    !sql_fixed(st, 4, u->nonce, NONCE_SIZE) || !read_state(st, 5, &u->state) || !ranged(st, 6, SESSION_MAX_S, &limit) ||
	    !ranged(st, 7, INT64_MAX, &u->opened_at) || !ranged(st, 8, INT64_MAX, &u->used_s) ||
	    !ranged(st, 9, UINT32_MAX, &resumes) || !sql_some(st, 10, u->blob, sizeof u->blob, &u->blob_len) ||
	    !sql_some(st, 11, u->receipt, sizeof u->receipt, &u->receipt_len) ||
	    !sql_some(st, 12, u->began.id, sizeof u->began.id, &id_len) || (id_len != 0 && id_len != sizeof u->began.id))
		return false;
	u->began.s = sqlite3_column_int64(st, 13);
	u->slot = (uint32_t)slot;
	u->limit_s = (uint32_t)limit;
	u->resumes = (uint32_t)resumes;
	if (u->state == MEMORY_OPEN && (tally_s = station_tally_read(s, u->grant_hash, u->slot)) > u->used_s)
		u->used_s = tally_s;
	return true;
}

static enum err
read_use(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct memory_use *out, struct fault *f)
{
	struct station *s = station_of(m, "use");
	sqlite3_stmt *st = NULL;
	bool row = false;
	enum err err = E_OK;

	memset(out, 0, sizeof *out);
	if (s->sql == NULL)
		return E_OK;
	if ((err = sql_query(s->sql, &st, "SELECT " USE_COLUMNS " FROM use WHERE grant_hash = ? AND slot = ?",
	    SQL_ARGS(USE_KEY(grant_hash, slot)), f)) == E_OK && (err = sql_next(s->sql, st, &row, f)) == E_OK &&
	    row && !read_row(s, st, out)) {
		memset(out, 0, sizeof *out);
		err = sql_odd(s->sql, "an odd row of uses", f);
	}
	sql_done(&st);
	return err;
}

static enum err
each_open(struct memory *m, void (*each)(void *arg, const struct memory_use *u), void *arg, struct fault *f)
{
	struct station *s = station_of(m, "open sessions");
	struct memory_use u;
	sqlite3_stmt *st = NULL;
	bool row = true;
	enum err err = E_OK;

	if (s->sql == NULL)
		return E_OK;
	err = sql_query(s->sql, &st, "SELECT " USE_COLUMNS " FROM use WHERE state = 'open'", SQL_NONE, f);
	while (err == E_OK && (err = sql_next(s->sql, st, &row, f)) == E_OK && row) {
		if (read_row(s, st, &u))
			each(arg, &u);
		else
			err = sql_odd(s->sql, "an odd row of uses", f);
	}
	sql_done(&st);
	return err;
}

static bool
claim_fits(const struct memory_use *u)
{
	return u->state == MEMORY_CLAIMED && u->slot < GRANT_SLOTS_MAX && u->limit_s <= SESSION_MAX_S &&
	    u->blob_len <= sizeof u->blob && u->receipt_len <= sizeof u->receipt;
}

static enum err
insert_use(struct station *s, const struct memory_use *u, struct fault *f)
{
	int changed = 0;
	enum err err = sql_change(s->sql, "INSERT INTO use (grant_hash, slot, pk, grant_id, nonce, state, limit_s, blob, receipt)"
	    " VALUES (?, ?, ?, ?, ?, 'claimed', ?, ?, ?) ON CONFLICT (grant_hash, slot) DO NOTHING",
	    SQL_ARGS(USE_KEY(u->grant_hash, u->slot), SQL_BLOB(u->issuer, KEY_SIZE), SQL_BLOB(u->grant_id, ID_SIZE),
	    SQL_BLOB(u->nonce, NONCE_SIZE), SQL_INT(u->limit_s), SQL_MAYBE(u->blob, u->blob_len),
	    SQL_MAYBE(u->receipt, u->receipt_len)), &changed, f);

	if (err == E_OK && changed == 0)
		err = fault_set(f, E_SPENT, 0, "claim", "%s", s->dir);
	return err;
}

static enum err
claim(struct memory *m, const struct memory_use *u, int64_t floor, struct fault *f)
{
	enum err err = E_OK;
	struct station *s = station_to_change(m, "claim", &err, f);

	if (err != E_OK)
		return err;
	if (!claim_fits(u))
		return fault_set(f, E_FAIL, EINVAL, "claim", "%s", s->dir);
	if ((err = sql_begin(s->sql, f)) != E_OK)
		return err;
	if ((err = insert_use(s, u, f)) == E_OK)
		err = station_memory_know(s, u->issuer, floor, f);
	return sql_end(s->sql, err, f);
}

/* A change of the one row of a slot, which must be there in the state that the change is for. */
static enum err
change_row(struct station *s, const char *text, const struct sql_arg *args, struct fault *f)
{
	int changed = 0;
	enum err err = sql_change(s->sql, text, args, &changed, f);

	if (err == E_OK && changed != 1)
		err = sql_odd(s->sql, "no such row in this state", f);
	return err;
}

static enum err
complete(struct memory *m, const struct memory_use *u, struct fault *f)
{
	enum err err = E_OK;
	struct station *s = station_to_change(m, "complete", &err, f);

	if (err != E_OK)
		return err;
	if (!claim_fits(u))
		return fault_set(f, E_FAIL, EINVAL, "complete", "%s", s->dir);
	return change_row(s, "UPDATE use SET blob = ?3, receipt = ?4 WHERE grant_hash = ?1 AND slot = ?2 AND state = 'claimed'"
	    " AND blob IS NULL AND receipt IS NULL",
	    SQL_ARGS(USE_KEY(u->grant_hash, u->slot), SQL_MAYBE(u->blob, u->blob_len), SQL_MAYBE(u->receipt, u->receipt_len)), f);
}

static enum err
forget(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, struct fault *f)
{
	enum err err = E_OK;
	struct station *s = station_to_change(m, "forget", &err, f);

	if (err != E_OK)
		return err;
	return change_row(s, "DELETE FROM use WHERE grant_hash = ? AND slot = ? AND state = 'claimed'",
	    SQL_ARGS(USE_KEY(grant_hash, slot)), f);
}

static enum err
raise_marks(struct station *s, int64_t now, struct fault *f)
{
	enum err err = E_OK;

	if (now != 0)
		err = sql_run(s->sql, "INSERT INTO meta VALUES ('L', ?1), ('L_opened', ?1)"
		    " ON CONFLICT (k) DO UPDATE SET v = max(v, excluded.v)", SQL_ARGS(SQL_INT(now)), f);
	if (err == E_OK)
		err = sql_run(s->sql, "DELETE FROM meta WHERE k = 'L_reset'", SQL_NONE, f);
	return err;
}

static enum err
opened(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, const struct memory_opening *o, struct fault *f)
{
	enum err err = E_OK;
	struct station *s = station_to_change(m, "opened", &err, f);

	if (err != E_OK || (err = sql_begin(s->sql, f)) != E_OK)
		return err;
	if (o->first)
		err = change_row(s, "UPDATE use SET state = 'open', opened_at = ?3"
		    " WHERE grant_hash = ?1 AND slot = ?2 AND state = 'claimed'",
		    SQL_ARGS(USE_KEY(grant_hash, slot), SQL_INT(o->opened_at)), f);
	else
		err = change_row(s, "UPDATE use SET resumes = resumes + 1 WHERE grant_hash = ? AND slot = ? AND state = 'open'",
		    SQL_ARGS(USE_KEY(grant_hash, slot)), f);
	if (err == E_OK)
		err = change_row(s, "UPDATE use SET used_s = ?3, boot_id = ?4, began_s = ?5 WHERE grant_hash = ?1 AND slot = ?2",
		    SQL_ARGS(USE_KEY(grant_hash, slot), SQL_INT(o->used_s), SQL_BLOB(o->began.id, ID_SIZE), SQL_INT(o->began.s)),
		    f);
	if (err == E_OK)
		err = raise_marks(s, o->now, f);
	if ((err = sql_end(s->sql, err, f)) == E_OK)
		station_tally_begin(s, grant_hash, slot, o->used_s);
	return err;
}

static enum err
used(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f)
{
	enum err err = E_OK;
	struct station *s = station_to_change(m, "used", &err, f);

	if (err != E_OK || station_tally_raise(s, grant_hash, slot, used_s))
		return err;
	err = change_row(s, "UPDATE use SET used_s = ?3 WHERE grant_hash = ?1 AND slot = ?2 AND state = 'open'",
	    SQL_ARGS(USE_KEY(grant_hash, slot), SQL_INT(used_s)), f);
	if (err == E_OK)
		station_tally_end(s, grant_hash, slot); /* until then it says more: only what is stored is given back */
	return err;
}

static enum err
close_use(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s, struct fault *f)
{
	enum err err = E_OK;
	struct station *s = station_to_change(m, "close", &err, f);

	if (err != E_OK)
		return err;
	err = change_row(s, "UPDATE use SET state = 'closed', used_s = ?3, blob = NULL WHERE grant_hash = ?1 AND slot = ?2",
	    SQL_ARGS(USE_KEY(grant_hash, slot), SQL_INT(used_s)), f);
	if (err == E_OK)
		station_tally_end(s, grant_hash, slot);
	return err;
}

/* ---- locks -------------------------------------------------------------------------------------------------------------- */

static uint64_t
number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

bool
station_read_holder(int fd, struct station_holder *h)
{
	char text[DESCRIPTION_MAX];
	ssize_t n = pread(fd, text, sizeof text, 0);
	json_t *o = n > 0 ? json_loadb(text, (size_t)n, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	const char *mountpoint = json_string_value(json_object_get(o, "mountpoint"));
	bool said = mountpoint != NULL && strlen(mountpoint) < sizeof h->mountpoint;

	if (said) {
		memcpy(h->mountpoint, mountpoint, strlen(mountpoint) + 1);
		h->mount = (struct mountinfo_id){number(o, "mount"), (dev_t)number(o, "device")};
		h->made = json_is_true(json_object_get(o, "made"));
		h->ending = json_is_true(json_object_get(o, "ending"));
	}
	json_decref(o);
	return said;
}

static void
write_holder(int fd, const struct station_holder *h)
{
	json_t *o = json_pack("{s:s, s:I, s:I, s:b, s:b}", "mountpoint", h->mountpoint, "mount", (json_int_t)h->mount.mount,
	    "device", (json_int_t)h->mount.dev, "made", (int)h->made, "ending", (int)h->ending);
	char *text = o != NULL ? json_dumps(o, 0) : NULL;

	if (text != NULL && fd >= 0 && pwrite(fd, text, strlen(text), 0) < 0)
		text[0] = '\0'; /* only a convenience for the message */
	free(text);
	json_decref(o);
}

void
station_describe(const struct station *s, const struct station_holder *h)
{
	write_holder(station_lock_fd(s), h);
}

void
station_leave(struct station *s)
{
	if (s->lock_fd != -1)
		close(s->lock_fd);
	s->lock_fd = -1;
}

/* Read where the holder says it is. Return how often to poll for the lock. */
static int
name_holder(int fd, char *where, size_t size)
{
	struct station_holder h;

	if (!station_read_holder(fd, &h))
		return LOCK_POLLS;
	if (size > 0) {
		snprintf(where, size, "%s", h.mountpoint);
		utf8_no_controls(where);
	}
	return h.ending ? LOCK_POLLS_ENDING : LOCK_POLLS;
}

/* Its holder may have removed the file between our open and our lock: then the lock is on nothing. */
static bool
still_named(int dir_fd, const char *name, int fd)
{
	struct stat path, file;

	return filestat_at(dir_fd, name, &path) == 0 && filestat_fd(fd, &file) == 0 && S_ISREG(file.st_mode) &&
	    path.st_dev == file.st_dev && path.st_ino == file.st_ino;
}

void
station_left(int dir_fd, const char *name, bool (*each)(void *arg, const struct station_holder *h, int64_t since), void *arg)
{
	int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct station_holder h;
	struct stat st;

	/* Get the lock first: what is read before may come from somebody who was still alive then. */
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && still_named(dir_fd, name, fd) && filestat_fd(fd, &st) == 0 &&
	    station_read_holder(fd, &h)) {
		h.ending = true; /* for whoever wants the lock meanwhile */
		write_holder(fd, &h);
		(void)futimens(fd, (const struct timespec[]){{.tv_nsec = UTIME_OMIT}, st.st_mtim});
		h.ending = false;
		if (each(arg, &h, st.st_mtime))
			(void)!ftruncate(fd, 0);
	}
	if (fd >= 0)
		close(fd);
}

/* Return a descriptor that holds the lock, or -1 with errno: EWOULDBLOCK if it is held, with what its holder wrote in where. */
static int
take_lock(const struct station *s, const char *name, char *where, size_t size)
{
	bool reads = s->mode == STATION_READ;
	int flags = (reads ? O_RDONLY : O_RDWR | O_CREAT) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	const struct timespec moment = {.tv_nsec = LOCK_POLL_NS};
	int polls = 0;

	for (int i = 0; i < LOCK_TRIES; i++) {
		int saved, fd = openat(s->session_fd, name, flags, 0600);

		if (fd == -1)
			return -1;
		if (flock(fd, (reads ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) {
			if (still_named(s->session_fd, name, fd))
				return fd;
			close(fd);
			continue;
		}
		saved = errno;
		if (saved == EWOULDBLOCK && polls++ < name_holder(fd, where, size)) {
			nanosleep(&moment, NULL);
			i--;
			saved = EINTR;
		}
		close(fd);
		errno = saved;
		if (saved != EINTR)
			return -1;
	}
	errno = ELOOP;
	return -1;
}

static enum err
lock_slot(struct memory *m, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, char *where, size_t size, struct fault *f)
{
	struct station *s = station_of(m, "lock");
	int fd = -1;

	if (size > 0)
		where[0] = '\0';
	if (s->lock_fd != -1)
		return fault_set(f, E_FAIL, EDEADLK, "lock", "%s", s->lock_name);
	station_lock_name(s->lock_name, grant_hash, slot);
	if (s->session_fd == -1)
		return E_OK; /* a memory that is open for reading only, and has seen no session yet */
	if ((fd = take_lock(s, s->lock_name, where, size)) == -1) {
		if (errno == EWOULDBLOCK)
			return fault_set(f, E_BUSY, 0, "lock", "%s", s->lock_name);
		if (errno == ENOENT && s->mode == STATION_READ)
			return E_OK;
		return fault_set(f, E_STATION, errno, "lock", "%s/session/%s", s->dir, s->lock_name);
	}
	if (s->mode == STATION_WRITE)
		(void)!ftruncate(fd, 0); /* what a dead session left there is tolerated anyway */
	s->lock_fd = fd;
	return E_OK;
}

static void
unlock_slot(struct memory *m)
{
	struct station *s = (struct station *)(void *)m;

	if (s->lock_fd == -1)
		return;
	if (s->mode == STATION_WRITE)
		(void)unlinkat(s->session_fd, s->lock_name, 0);
	close(s->lock_fd);
	s->lock_fd = -1;
}

/* ---- key ---------------------------------------------------------------------------------------------------------------- */

static enum err
station_pk(struct memory *m, uint8_t pk[KEY_SIZE], struct fault *f)
{
	struct station *s = station_of(m, "station key");
	uint8_t *sk = NULL;
	enum err err = station_secret_key(s, &sk, f);

	if (err == E_OK && crypto_scalarmult_base(pk, sk) != 0)
		err = fault_set(f, E_FAIL, 0, "station key", "%s", s->dir);
	secret_free(&sk);
	return err;
}

static enum err
share(struct memory *m, const uint8_t grant_xpk[KEY_SIZE], uint8_t out[HASH_SIZE], struct fault *f)
{
	struct station *s = station_of(m, "station share");
	uint8_t *sk = NULL, pk[KEY_SIZE];
	enum err err = station_secret_key(s, &sk, f);

	if (err == E_OK && (crypto_scalarmult_base(pk, sk) != 0 || keytree_station_share(out, sk, grant_xpk, grant_xpk, pk) != 0))
		err = fault_set(f, E_WRONG_STATION, 0, "station share", "%s", s->dir);
	secret_free(&sk);
	return err;
}

static bool
persistent(struct memory *m)
{
	return !station_is_volatile((struct station *)(void *)m);
}

const struct memory_ops station_memory_ops = {
	.issuer = read_issuer,
	.closed_list = read_closed_list,
	.notice_file = read_notice_file,
	.revoked = read_revoked,
	.learn = learn,
	.marks = read_marks,
	.use = read_use,
	.each_open = each_open,
	.claim = claim,
	.complete = complete,
	.forget = forget,
	.opened = opened,
	.used = used,
	.close = close_use,
	.lock_slot = lock_slot,
	.unlock_slot = unlock_slot,
	.station_pk = station_pk,
	.share = share,
	.persistent = persistent,
};
