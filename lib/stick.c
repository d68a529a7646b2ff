/* stick.c - reading what is below ONCE. */
#include "stick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "filestat.h"
#include "keytree.h"
#include "provision.h"
#include "secret.h"
#include "stickio.h"

#define HEX_ID_SIZE (2 * ID_SIZE + 1)
#define ROOM_LEAST (64u << 10)
#define MODE_SHARED 0666 /* what both the issuer and the speaker must be able to write */

static bool
is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

static bool
out_of_reach(int error)
{
	return error == EROFS || error == EACCES || error == EPERM;
}

/* One copy of the stick record. */
struct copy {
	bool valid;
	struct fault why; /* why it could not be read: E_STICK_DAMAGED if what is there is wrong */
	uint8_t id[ID_SIZE];
	uint32_t n;
};

static void
read_copy(struct copy *c, int once_fd, const char *name, uint8_t r[KEY_SIZE])
{
	uint8_t raw[RECORD_SIZE] = {0};
	uint64_t size = 0;
	int fd = -1;

	memset(c, 0, sizeof *c);
	if ((fd = stickio_open_file(once_fd, name, O_RDONLY, &size)) == -1) {
		stickio_fault(&c->why, E_STICK_DAMAGED, "open", once_fd, STICK_ONCE, name);
		return;
	}
	if (size >= RECORD_SIZE && record_read(fd, 0, raw) != 0)
		stickio_fault(&c->why, E_STICK_DAMAGED, "read", once_fd, STICK_ONCE, name);
	else if (size >= RECORD_SIZE)
		c->valid = record_stick(raw, c->id, &c->n, r);
	sodium_memzero(raw, sizeof raw);
	close(fd);
}

/* Whether the copy may be good but is out of reach. */
static bool
unknown(const struct copy *c)
{
	return c->why.err != E_OK && c->why.err != E_STICK_DAMAGED;
}

/* Take the copy that is further along the ratchet; two valid copies of two different sticks do not make a stick. */
static enum err
read_record(struct stick *s, struct fault *f)
{
	struct copy a, b;
	const struct copy *best = &a;
	uint8_t r[2][KEY_SIZE] = {{0}};

	read_copy(&a, s->once_fd, STICK_RECORD_A, r[0]);
	read_copy(&b, s->once_fd, STICK_RECORD_B, r[1]);
	if (b.valid && (!a.valid || b.n > a.n))
		best = &b;
	memcpy(s->id, best->id, ID_SIZE);
	s->n = best->n;
	memcpy(s->ratchet, r[best == &b], KEY_SIZE);
	sodium_memzero(r, sizeof r);
	if (!best->valid && (unknown(&a) || unknown(&b)))
		return fault_pass(f, unknown(&a) ? &a.why : &b.why);
	if (!best->valid)
		return fault_set(f, E_STICK_DAMAGED, 0, "stick record", "%s/%s and %s", STICK_ONCE, STICK_RECORD_A, STICK_RECORD_B);
	if (a.valid && b.valid && memcmp(a.id, b.id, ID_SIZE) != 0)
		return fault_set(
		    f, E_STICK_DAMAGED, 0, "stick ids differ", "%s/%s and %s", STICK_ONCE, STICK_RECORD_A, STICK_RECORD_B);
	return E_OK;
}

static enum err
no_once(int dir_fd, struct fault *f)
{
	enum err err = fault_set(f, stickio_err(errno, E_NO_STICK), errno, "open", "%s", STICK_ONCE);

	stickio_blame(f, dir_fd, STICK_ONCE);
	return err;
}

static bool
has_record(int once_fd)
{
	struct stat st;

	return filestat_at(once_fd, STICK_RECORD_A, &st) == 0 || errno != ENOENT ||
	    filestat_at(once_fd, STICK_RECORD_B, &st) == 0 || errno != ENOENT;
}

static bool
has_grants(int once_fd)
{
	int fd = stickio_open_dir(once_fd, STICK_GRANTS), found = 0;

	if (fd == -1)
		return errno != ENOENT;
	found = stickio_ids(fd, "", NULL, 0);
	close(fd);
	return found != 0;
}

static int
name_foreign(void *arg, const char *path)
{
	fault_why(arg, E_NO_STICK, 0, WHY_NOT_OURS, "%s", path);
	return 1;
}

/* Why the record cannot be used. If the folder only has the name ONCE, there may never have been one. */
static enum err
not_ours(const struct stick *s, int dir_fd, const struct fault *why, struct fault *f)
{
	struct fault foreign = {0};

	if (why->err == E_STICK_DAMAGED && !has_record(s->once_fd) && !has_grants(s->once_fd) &&
	    provision_each_foreign(dir_fd, name_foreign, &foreign) == 1)
		return fault_pass(f, &foreign);
	return fault_pass(f, why);
}

enum err
stick_open(struct stick **s, int dir_fd, struct fault *f)
{
	struct fault why = {0};
	struct stick *made = NULL;
	enum err err = E_OK;

	if ((made = calloc(1, sizeof *made)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "stick");
	made->once_fd = -1;
	if ((made->ratchet = secret_new(KEY_SIZE)) == NULL)
		err = fault_set(f, E_FAIL, ENOMEM, "memory", "stick");
	else if ((made->once_fd = stickio_open_dir(dir_fd, STICK_ONCE)) == -1)
		err = no_once(dir_fd, f);
	else if ((err = read_record(made, &why)) != E_OK)
		err = not_ours(made, dir_fd, &why, f);
	if (err == E_OK) {
		*s = made;
		made = NULL;
	}
	stick_close(&made);
	return err;
}

/* Everything in g that has the name of a grant. */
struct listing {
	uint8_t (*ids)[ID_SIZE]; /* ascending; owned */
	size_t count;
	size_t beyond; /* that are there, too */
};

/* Return 0, or -1 with errno and nothing in l. */
static int
list_grants(const struct stick *s, struct listing *l)
{
	uint8_t(*ids)[ID_SIZE] = NULL;
	int fd = stickio_open_dir(s->once_fd, STICK_GRANTS), found = -1, sys = 0;

	if (fd != -1 && (ids = calloc(STICK_LISTED_MAX, sizeof *ids)) != NULL)
		found = stickio_ids(fd, "", ids, STICK_LISTED_MAX);
	sys = errno;
	if (fd != -1)
		close(fd);
	if (found != -1) {
		l->count = (size_t)found < STICK_LISTED_MAX ? (size_t)found : STICK_LISTED_MAX;
		l->beyond = (size_t)found - l->count;
		l->ids = ids;
		ids = NULL;
	}
	free(ids);
	errno = sys;
	return found != -1 ? 0 : -1;
}

/* Get the stick that the grant named below ids is for: 1; 0 if the grant does not verify, -1 if there is no memory. */
static int
stick_of_grant(const struct stick *s, const uint8_t id[ID_SIZE], uint8_t stick_id[ID_SIZE])
{
	struct grant g = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	enum envelope_result opened = ENVELOPE_MALFORMED;
	int known = 0, fd = stick_grant_dir(s, id);

	if (fd == -1)
		return 0;
	if (stickio_slurp(fd, STICK_GRANT_FILE, envelope_limit(ENVELOPE_GRANT), &file, &n) == 0)
		opened = grant_open(&g, BYTES(file, n));
	else if (errno == ENOMEM)
		opened = ENVELOPE_NO_MEMORY;
	if (opened == ENVELOPE_OK) {
		known = memcmp(g.id, id, ID_SIZE) == 0;
		memcpy(stick_id, g.stick_id, ID_SIZE);
	} else if (opened == ENVELOPE_NO_MEMORY) {
		known = -1;
	}
	grant_free(&g);
	free(file);
	close(fd);
	return known;
}

static enum err
id_of_grants(struct stick *s, struct fault *f)
{
	struct listing l = {0};
	uint8_t id[ID_SIZE] = {0};
	bool known = false, same = true;
	int has = 0;

	if (list_grants(s, &l) != 0 && errno == ENOMEM)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "grants");
	for (size_t i = 0; i < l.count && same && has != -1; i++) {
		if ((has = stick_of_grant(s, l.ids[i], id)) != 1)
			continue;
		same = !known || memcmp(id, s->id, ID_SIZE) == 0;
		memcpy(s->id, id, ID_SIZE);
		known = true;
	}
	free(l.ids);
	s->n = UINT32_MAX;
	if (has == -1)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "grants");
	if (!same)
		return fault_set(f, E_STICK_DAMAGED, 0, "stick ids differ", "%s/%s", STICK_ONCE, STICK_GRANTS);
	return known ? E_OK :
		       fault_set(f, E_STICK_DAMAGED, 0, "stick record", "%s/%s and %s", STICK_ONCE, STICK_RECORD_A, STICK_RECORD_B);
}

enum err
stick_open_damaged(struct stick **s, int dir_fd, struct fault *f)
{
	struct stick *made = calloc(1, sizeof *made);
	enum err err = E_OK;

	if (made == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "stick");
	made->once_fd = -1;
	if ((made->ratchet = secret_new(KEY_SIZE)) == NULL)
		err = fault_set(f, E_FAIL, ENOMEM, "memory", "stick");
	else if ((made->once_fd = stickio_open_dir(dir_fd, STICK_ONCE)) == -1)
		err = fault_set(f, E_NO_STICK, errno, "open", "%s", STICK_ONCE);
	else
		err = id_of_grants(made, f);
	if (err == E_OK) {
		*s = made;
		made = NULL;
	}
	stick_close(&made);
	return err;
}

void
stick_close(struct stick **s)
{
	if (*s == NULL)
		return;
	if ((*s)->once_fd != -1)
		close((*s)->once_fd);
	secret_free(&(*s)->ratchet);
	free(*s);
	*s = NULL;
}

bool
stick_follows(const struct stick *s, const uint8_t seed[KEY_SIZE])
{
	uint8_t r[KEY_SIZE];
	bool same = false;

	if (s->n > STICK_REFILLS_MAX)
		return false;
	keytree_ratchet(r, seed, s->id);
	for (uint32_t i = 0; i < s->n; i++)
		keytree_ratchet_next(r);
	same = sodium_memcmp(r, s->ratchet, KEY_SIZE) == 0;
	sodium_memzero(r, sizeof r);
	return same;
}

enum err
stick_medium(const struct stick *s, char name[STICKIO_FS_NAME], struct fault *f)
{
	enum err err = stickio_medium(s->once_fd, name, f);
	int fd = err == E_OK ? stickio_open_dir(s->once_fd, STICK_GRANTS) : -1;

	if (fd != -1) {
		err = stickio_medium(fd, name, f);
		close(fd);
	}
	return err;
}

static int
open_below(int once_fd, const char *parent, const uint8_t id[ID_SIZE])
{
	char hex[HEX_ID_SIZE];
	int parent_fd = -1, fd = -1, saved = 0;

	if ((parent_fd = stickio_open_dir(once_fd, parent)) == -1)
		return -1;
	bytes_to_hex(hex, id, ID_SIZE);
	fd = stickio_open_dir(parent_fd, hex);
	saved = errno;
	close(parent_fd);
	errno = saved;
	return fd;
}

int
stick_grant_dir(const struct stick *s, const uint8_t grant_id[ID_SIZE])
{
	return open_below(s->once_fd, STICK_GRANTS, grant_id);
}

int
stick_bundle_dir(const struct stick *s, const uint8_t bundle_id[ID_SIZE])
{
	return open_below(s->once_fd, STICK_BUNDLES, bundle_id);
}

/* What became of one grant directory. */
enum verdict { USABLE, SKIP, SKIP_NEWER, FOREIGN, UNREAD };

static enum verdict
judge_grant(const struct stick *s, const struct grant *g, const uint8_t id[ID_SIZE])
{
	if (memcmp(g->id, id, ID_SIZE) != 0)
		return SKIP;
	if (memcmp(g->stick_id, s->id, ID_SIZE) != 0 || g->refill >= s->n)
		return FOREIGN;
	return g->bundle_count == 1 ? USABLE : SKIP_NEWER;
}

/* errno of a grant that could not be read: is it damaged, or why do we not know */
static enum verdict
unread(const struct stick *s, const uint8_t id[ID_SIZE], struct fault *f)
{
	char hex[HEX_ID_SIZE], path[sizeof STICK_GRANTS "//" STICK_GRANT_FILE + HEX_ID_SIZE];
	int sys = errno;

	bytes_to_hex(hex, id, ID_SIZE);
	snprintf(path, sizeof path, "%s/%s/%s", STICK_GRANTS, hex, STICK_GRANT_FILE);
	errno = sys;
	return stickio_fault(f, E_NO_GRANT, "read", s->once_fd, STICK_ONCE, path) == E_NO_GRANT ? SKIP : UNREAD;
}

/* A refill that was cut short: its records come first. */
static bool
is_unfinished(int fd)
{
	int sys = errno;
	bool has = faccessat(fd, STICK_LOCK_A, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	errno = sys;
	return has;
}

/* f is filled in with SKIP and UNREAD only. */
static enum verdict
load_grant(const struct stick *s, const uint8_t id[ID_SIZE], struct grant *out, struct fault *f)
{
	struct grant g = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	enum verdict verdict = SKIP;
	enum envelope_result opened = ENVELOPE_MALFORMED;
	int fd = stick_grant_dir(s, id);

	if (fd == -1)
		return unread(s, id, f);
	if (stickio_slurp(fd, STICK_GRANT_FILE, envelope_limit(ENVELOPE_GRANT), &file, &n) != 0) {
		verdict = errno == ENOENT && is_unfinished(fd) ? FOREIGN : unread(s, id, f);
		goto out;
	}
	opened = grant_open(&g, BYTES(file, n));
	if (opened == ENVELOPE_NEWER) {
		verdict = SKIP_NEWER;
	} else if (opened == ENVELOPE_NO_MEMORY) {
		errno = ENOMEM;
		verdict = unread(s, id, f);
	}
	if (opened != ENVELOPE_OK)
		goto out;
	if ((verdict = judge_grant(s, &g, id)) == USABLE)
		*out = g;
	else
		grant_free(&g);
out:
	free(file);
	close(fd);
	return verdict;
}

static void
count_skipped(struct stick_grants *g, const uint8_t id[ID_SIZE], unsigned count)
{
	if (g->skipped == 0)
		memcpy(g->skipped_id, id, ID_SIZE);
	g->skipped += count;
}

static bool
one_issuer(const struct stick_grants *g)
{
	for (size_t i = 1; i < g->count; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): grants are there where there is a count of them */
		if (memcmp(g->grants[i].issuer, g->grants[0].issuer, KEY_SIZE) != 0)
			return false;
	}
	return true;
}

/* Put a listed grant into g, which has room for it, or count it. */
static enum err
load_one(const struct stick *s, const uint8_t id[ID_SIZE], struct stick_grants *g, struct fault *f)
{
	struct fault why = {0};

	switch (load_grant(s, id, &g->grants[g->count], &why)) {
	case USABLE:
		g->count++;
		break;
	case SKIP_NEWER:
		g->newer++;
		count_skipped(g, id, 1);
		break;
	case SKIP:
		count_skipped(g, id, 1);
		break;
	case FOREIGN:
		g->foreign++;
		break;
	case UNREAD:
		if (!stickio_failing(why.sys))
			return fault_pass(f, &why);
		count_skipped(g, id, 1);
		fault_pass(&g->unread, &why);
		break;
	}
	return E_OK;
}

static enum err
load_listed(const struct stick *s, const struct listing *l, struct stick_grants *g, struct fault *f)
{
	enum err err = E_OK;
	size_t i = 0;

	if ((g->grants = calloc(STICK_GRANTS_MAX, sizeof *g->grants)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "grants");
	while (i < l->count && g->count < STICK_GRANTS_MAX && err == E_OK)
		err = load_one(s, l->ids[i++], g, f);
	if (err == E_OK && (g->beyond = (unsigned)(l->count - i + l->beyond)) > 0)
		count_skipped(g, l->ids[i < l->count ? i : 0], g->beyond);
	return err;
}

/* The fault that there is no usable grant. */
static enum err
none_left(const struct stick_grants *g, struct fault *f)
{
	if (g->unread.err != E_OK)
		return fault_pass(f, &g->unread);
	if (g->beyond > 0)
		return fault_why(f, E_NO_GRANT, 0, WHY_CROWDED_GRANTS, "%s/%s", STICK_ONCE, STICK_GRANTS);
	return fault_set(f, E_NO_GRANT, 0, "grants", "%s/%s", STICK_ONCE, STICK_GRANTS);
}

enum err
stick_load_grants(const struct stick *s, struct stick_grants *g, struct fault *f)
{
	struct listing l = {0};
	enum err err = E_OK;

	memset(g, 0, sizeof *g);
	if (list_grants(s, &l) != 0)
		return stickio_fault(f, E_NO_GRANT, "list", s->once_fd, STICK_ONCE, STICK_GRANTS);
	err = load_listed(s, &l, g, f);
	free(l.ids);
	if (err == E_OK && !one_issuer(g))
		err = fault_why(f, E_ISSUER, 0, WHY_ISSUERS_DIFFER, "%s/%s", STICK_ONCE, STICK_GRANTS);
	if (err == E_OK && g->count == 0)
		err = none_left(g, f);
	if (err != E_OK && err != E_NO_GRANT)
		stick_grants_free(g);
	return err;
}

void
stick_grants_free(struct stick_grants *g)
{
	for (size_t i = 0; i < g->count; i++)
		grant_free(&g->grants[i]);
	free(g->grants);
	memset(g, 0, sizeof *g);
}

/* A notice and the file it came from. */
struct notice_file {
	struct notice notice;
	uint8_t *data;
	size_t n;
};

static void
notice_file_free(struct notice_file *x)
{
	notice_free(&x->notice);
	free(x->data);
	memset(x, 0, sizeof *x);
}

/* Return 1 and fill x if the file is a notice of issuer, 0 if not, -1 with errno if nobody can tell. */
static int
load_notice_file(struct notice_file *x, int once_fd, const char *name, const uint8_t issuer[KEY_SIZE])
{
	enum envelope_result opened;

	memset(x, 0, sizeof *x);
	if (stickio_slurp(once_fd, name, envelope_limit(ENVELOPE_NOTICE), &x->data, &x->n) != 0)
		return stickio_err(errno, E_OK) == E_OK ? 0 : -1;
	opened = notice_open(&x->notice, BYTES(x->data, x->n));
	if (opened == ENVELOPE_OK && memcmp(x->notice.issuer, issuer, KEY_SIZE) == 0)
		return 1;
	notice_file_free(x);
	errno = ENOMEM;
	return opened == ENVELOPE_NO_MEMORY ? -1 : 0;
}

/* The newest notice of issuer, and whether it is still under its temporary name. Return as load_notice_file. */
static int
newest_notice(struct notice_file *x, int once_fd, const uint8_t issuer[KEY_SIZE], bool *unrenamed)
{
	struct notice_file fresh;
	int have = load_notice_file(x, once_fd, STICK_NOTICE, issuer), sys = errno, have_fresh = 0;

	*unrenamed = false;
	if (have == -1 && !stickio_failing(sys))
		return -1;
	have_fresh = load_notice_file(&fresh, once_fd, STICK_NOTICE_NEW, issuer);
	if (have_fresh == 1 && (have != 1 || fresh.notice.number > x->notice.number)) {
		notice_file_free(x);
		*x = fresh;
		*unrenamed = true;
		return 1;
	}
	if (have_fresh == 1)
		notice_file_free(&fresh);
	if (have_fresh == -1 && have != -1) {
		sys = errno;
		have = have == 1 && stickio_failing(sys) ? 1 : -1;
	}
	if (have == -1)
		notice_file_free(x);
	errno = sys;
	return have;
}

int
stick_load_notice(const struct stick *s, const uint8_t issuer[KEY_SIZE], struct notice *n, uint8_t **file, size_t *len)
{
	struct notice_file x;
	bool unrenamed = false;
	int have = newest_notice(&x, s->once_fd, issuer, &unrenamed);

	if (have != 1)
		return have;
	*n = x.notice;
	if (file != NULL) {
		*file = x.data;
		*len = x.n;
	} else {
		free(x.data);
	}
	return 1;
}

/* True if the stick needs a notice with this number and content, given the newest that it has. */
static bool
notice_wanted(const struct notice_file *have, uint32_t number, const uint8_t *file, size_t len)
{
	if (have->notice.number != number)
		return have->notice.number < number;
	return have->n != len || memcmp(have->data, file, len) != 0;
}

/*
 * Write it under this name, whatever was there. Nothing is renamed over another file: before vfat writes where the new content is,
 * it may already have written that the other name is gone and that the clusters of the old content are free.
 */
static int
put_notice(int once_fd, const char *name, const uint8_t *file, size_t len)
{
	if (stickio_remove_file(once_fd, name) != 0 || stickio_create(once_fd, name, file, len, MODE_SHARED) != 0)
		return -1;
	return stickio_sync_dir(once_fd);
}

int
stick_keep_room(const struct stick *s)
{
	uint8_t *zeros = NULL;
	struct stat st;
	int ret = -1;

	if (filestat_at(s->once_fd, STICK_ROOM, &st) == 0)
		return 0;
	if (errno != ENOENT || (zeros = calloc(1, STICK_ROOM_SIZE)) == NULL)
		return -1;
	for (size_t n = STICK_ROOM_SIZE; ret != 0 && n >= ROOM_LEAST; n /= 2) {
		ret = stickio_create(s->once_fd, STICK_ROOM, zeros, n, MODE_SHARED);
		if (ret != 0 && !is_full(errno))
			break;
	}
	free(zeros);
	return ret == 0 ? stickio_sync_dir(s->once_fd) : -1;
}

/* Write notice.new first, if there is a newest notice that it can stand in for, then notice.cose. */
static int
put_both(int once_fd, bool stand_in, const uint8_t *file, size_t len)
{
	if ((stand_in && put_notice(once_fd, STICK_NOTICE_NEW, file, len) != 0) ||
	    put_notice(once_fd, STICK_NOTICE, file, len) != 0 || stickio_remove_file(once_fd, STICK_NOTICE_NEW) != 0)
		return -1;
	return stickio_sync_dir(once_fd);
}

/* If there is no more room, use the room that was kept for this. */
static int
put_in_room(const struct stick *s, bool stand_in, const uint8_t *file, size_t len)
{
	int ret = put_both(s->once_fd, stand_in, file, len);

	if (ret == 0 || !is_full(errno))
		return ret;
	if (stickio_remove_file(s->once_fd, STICK_ROOM) != 0 || stickio_sync_dir(s->once_fd) != 0)
		return -1;
	ret = put_both(s->once_fd, stand_in, file, len);
	if (ret == 0)
		(void)stick_keep_room(s);
	return ret;
}

int
stick_store_notice(const struct stick *s, const uint8_t issuer[KEY_SIZE], const uint8_t *file, size_t len)
{
	struct notice_file newest = {0};
	struct notice ours = {0};
	bool unrenamed = false;
	enum envelope_result opened = notice_open(&ours, BYTES(file, len));
	int have = 0, ret = -1, saved = 0;

	if (opened != ENVELOPE_OK || memcmp(ours.issuer, issuer, KEY_SIZE) != 0) {
		errno = opened == ENVELOPE_NO_MEMORY ? ENOMEM : EINVAL;
		goto out;
	}
	if ((have = newest_notice(&newest, s->once_fd, issuer, &unrenamed)) == -1 && !stickio_failing(errno))
		goto out;
	ret = 0;
	if (have == 1 && !notice_wanted(&newest, ours.number, file, len))
		goto out;
	/* While notice.cose is being rewritten, notice.new must be good: if it is not the newest so far, write this one to it. */
	ret = put_in_room(s, have == 1 && !unrenamed, file, len) == 0 ? 1 : -1;
out:
	saved = errno;
	notice_free(&ours);
	notice_file_free(&newest);
	errno = saved;
	return ret;
}

/* Make the probe with its full size, whatever was there: an interrupted prepare may have left it short. */
static int
make_probe(int once_fd)
{
	static const uint8_t zeros[RECORD_SIZE];
	uint64_t size = 0;
	int fd = -1, ret = 0, saved = 0;

	fd = stickio_open_file(once_fd, STICK_PROBE, O_RDWR, &size);
	if (fd == -1 && errno == ENOENT)
		return stickio_create(once_fd, STICK_PROBE, zeros, sizeof zeros, MODE_SHARED);
	if (fd == -1)
		return -1;
	if (size < RECORD_SIZE && (stickio_write_full(fd, zeros, sizeof zeros, 0) != 0 || fsync(fd) != 0))
		ret = -1;
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

enum err
stick_probe(const struct stick *s, struct fault *f)
{
	uint8_t fresh[RECORD_SIZE];

	if (make_probe(s->once_fd) != 0) {
		bool odd = errno == ELOOP || errno == EINVAL; /* what stickio_open_file says of anything but a regular file */
		enum err err = out_of_reach(errno) ? E_READONLY : stickio_err(errno, E_STICK_IO);

		if (odd)
			fault_why(f, err, 0, WHY_IRREGULAR, "%s/%s", STICK_ONCE, STICK_PROBE);
		else
			fault_set(f, err, errno, "write", "%s/%s", STICK_ONCE, STICK_PROBE);
		stickio_blame(f, s->once_fd, STICK_PROBE);
		return err;
	}
	randombytes_buf(fresh, sizeof fresh);
	return record_destroy(s->once_fd, STICK_PROBE, 0, fresh, f);
}

/* What reading one copy of a slot's record found out about its file. */
struct reading {
	bool whole;
	struct fault locked; /* why it may not be written */
	struct fault unread; /* why we do not know what it says; E_SLOT_DAMAGED if the file itself is wrong */
};

/* Where the records of a slot are. */
struct slot_place {
	int dir_fd;
	const char *top; /* what dir_fd is called */
	uint32_t slots, slot;
	bool want_write;
};

static void
read_lock(struct reading *r, const struct slot_place *p, const char *name, uint8_t raw[RECORD_SIZE])
{
	uint64_t size = 0;
	int fd = stickio_open_file(p->dir_fd, name, p->want_write ? O_RDWR : O_RDONLY, &size);

	memset(raw, 0, RECORD_SIZE);
	r->whole = fd != -1;
	if (fd == -1 && p->want_write && out_of_reach(errno)) {
		fault_set(&r->locked, E_READONLY, errno, "open for writing", "%s/%s", p->top, name);
		stickio_blame(&r->locked, p->dir_fd, name);
		fd = stickio_open_file(p->dir_fd, name, O_RDONLY, &size);
	}
	if (fd == -1) {
		stickio_fault(&r->unread, E_SLOT_DAMAGED, "open", p->dir_fd, p->top, name);
		return;
	}
	if (size != (uint64_t)p->slots * RECORD_SIZE)
		r->whole = false;
	if (record_read(fd, p->slot, raw) != 0) {
		if (r->whole || r->locked.err != E_OK)
			stickio_fault(&r->unread, E_SLOT_DAMAGED, "read", p->dir_fd, p->top, name);
		memset(raw, 0, RECORD_SIZE);
		r->whole = false;
	}
	close(fd);
}

/* Why a copy cannot be read, if it is not damaged. */
static void
note_unread(struct stick_slot *out, const struct fault *why)
{
	if (why->err != E_OK && why->err != E_SLOT_DAMAGED)
		fault_pass(&out->unread, why);
}

enum err
stick_read_slot(
    const struct stick *s, const struct grant *g, uint32_t slot, bool want_write, struct stick_slot *out, struct fault *f)
{
	char hex[HEX_ID_SIZE], top[sizeof STICK_ONCE "/" STICK_GRANTS "/" + HEX_ID_SIZE];
	size_t cell_size = CELL_SIZE(g->bundle_count);
	struct reading a = {0}, b = {0};
	struct slot_place place;
	struct fault why = {0};
	int fd = -1;

	memset(out, 0, sizeof *out);
	out->a = out->b = out->merged = RECORD_IS_DAMAGED;
	if (slot >= g->slots)
		return E_OK;
	fd = stick_grant_dir(s, g->id);
	bytes_to_hex(hex, g->id, ID_SIZE);
	if (fd == -1) {
		snprintf(top, sizeof top, "%s/%s", STICK_GRANTS, hex);
		stickio_fault(&why, E_SLOT_DAMAGED, "open", s->once_fd, STICK_ONCE, top);
		note_unread(out, &why);
		return E_OK;
	}
	snprintf(top, sizeof top, "%s/%s/%s", STICK_ONCE, STICK_GRANTS, hex);
	place = (struct slot_place){fd, top, g->slots, slot, want_write};
	read_lock(&a, &place, STICK_LOCK_A, out->raw_a);
	read_lock(&b, &place, STICK_LOCK_B, out->raw_b);
	close(fd);
	out->a = record_slot_state(out->raw_a, g->id, slot, cell_size, &out->body_a);
	out->b = record_slot_state(out->raw_b, g->id, slot, cell_size, &out->body_b);
	out->merged = record_merge(out->a, out->b, memcmp(out->raw_a, out->raw_b, RECORD_SIZE) == 0);
	out->whole = a.whole && b.whole;
	note_unread(out, &a.unread);
	note_unread(out, &b.unread);
	if (a.locked.err != E_OK || b.locked.err != E_OK)
		return fault_pass(f, a.locked.err != E_OK ? &a.locked : &b.locked);
	return E_OK;
}

enum err
stick_destroy_slot(
    const struct stick *s, const struct grant *g, uint32_t slot, int copy, const uint8_t rec[RECORD_SIZE], struct fault *f)
{
	char hex[HEX_ID_SIZE];
	enum err err = E_OK;
	int fd = stick_grant_dir(s, g->id);

	bytes_to_hex(hex, g->id, ID_SIZE);
	if (fd == -1) {
		err = fault_set(f, stickio_err(errno, E_STICK_IO), errno, "open", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, hex);
		stickio_blame(f, s->once_fd, STICK_GRANTS);
		return err;
	}
	err = record_destroy(fd, copy == 0 ? STICK_LOCK_A : STICK_LOCK_B, slot, rec, f);
	close(fd);
	return err;
}
