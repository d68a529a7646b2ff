/*
 * oncestick.c - the public interface of liboncestick.
 */
#include "oncestick.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "bundle.h"
#include "grant.h"
#include "image.h"
#include "manifest.h"
#include "notice.h"
#include "secret.h"
#include "stickio.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unreleased"
#endif

_Static_assert(ONCESTICK_ID_SIZE == ID_SIZE && ONCESTICK_KEY_SIZE == KEY_SIZE, "sizes of the public header");
_Static_assert(ONCESTICK_LABEL_SIZE == LABEL_MAX + 1 && ONCESTICK_NAME_SIZE == NAME_MAX_BYTES + 1, "sizes of the public header");
_Static_assert((int)ONCESTICK_BUNDLE == (int)E_BUNDLE && (int)ONCESTICK_STICK_IO == (int)E_STICK_IO &&
    (int)ONCESTICK_FAIL == (int)E_FAIL && (int)ONCESTICK_INTERRUPTED == (int)E_INTERRUPTED, "numbers of the public header");

struct oncestick_bundle {
	struct bundle *inner;
	struct image img;
	bool has_image;
};

const char *
oncestick_version(void)
{
	return PACKAGE_VERSION;
}

static enum oncestick_result
result_of(enum err e)
{
	switch (e) {
	case E_OK:
		return ONCESTICK_OK;
	case E_BUNDLE:
		return ONCESTICK_BUNDLE;
	case E_STICK_IO:
		return ONCESTICK_STICK_IO;
	case E_INTERRUPTED:
		return ONCESTICK_INTERRUPTED;
	default:
		return ONCESTICK_FAIL;
	}
}

/* ---- bundles ------------------------------------------------------------------------------------------------------------ */

int
oncestick_bundles(int once_fd, uint8_t (*ids)[ONCESTICK_ID_SIZE], size_t max)
{
	int fd = stickio_open_dir(once_fd, "b"), n;

	if (fd < 0)
		return -errno;
	n = stickio_ids(fd, "", ids, max);
	if (n < 0)
		n = -errno;
	(void)close(fd);
	return n;
}

static void
explain(char *why, size_t size, const struct fault *f)
{
	const char *because = f->sys != 0 ? strerrordesc_np(f->sys) : NULL;

	if (why != NULL && size > 0)
		(void)snprintf(
		    why, size, "%s: %s%s%s", f->object, f->step, because != NULL ? ": " : "", because != NULL ? because : "");
}

enum oncestick_result
oncestick_open(struct oncestick_bundle **b, int once_fd, const uint8_t id[ONCESTICK_ID_SIZE], char *why, size_t why_size)
{
	struct fault f = {0};
	struct oncestick_bundle *t = calloc(1, sizeof *t);
	enum err e = E_FAIL;

	if (t == NULL || sodium_init() < 0)
		(void)fault_set(&f, e, ENOMEM, "start", "bundle");
	else
		e = bundle_open(&t->inner, once_fd, id, NULL, &f);
	if (e != E_OK) {
		explain(why, why_size, &f);
		free(t);
		return result_of(e);
	}
	*b = t;
	return ONCESTICK_OK;
}

void
oncestick_close(struct oncestick_bundle **b)
{
	if (*b == NULL)
		return;
	bundle_free(&(*b)->inner);
	free(*b);
	*b = NULL;
}

void
oncestick_get_info(const struct oncestick_bundle *b, struct oncestick_info *info)
{
	const struct manifest *m = bundle_manifest(b->inner);

	*info = (struct oncestick_info){.size = m->blocks * BLOCK_SIZE, .created = m->created};
	memcpy(info->issuer, m->issuer, sizeof info->issuer);
	memcpy(info->id, m->bundle_id, sizeof info->id);
	memcpy(info->label, m->label, sizeof info->label);
}

enum oncestick_result
oncestick_unlock(struct oncestick_bundle *b, const uint8_t key[ONCESTICK_KEY_SIZE])
{
	enum err e = bundle_unlock(b->inner, key);
	int r;

	if (e != E_OK)
		return result_of(e);
	r = bundle_image(b->inner, &b->img);
	b->has_image = r == 0;
	if (r == 0)
		return ONCESTICK_OK;
	bundle_lock(b->inner);
	return result_of(stickio_err(-r, E_BUNDLE));
}

void
oncestick_lock(struct oncestick_bundle *b)
{
	bundle_lock(b->inner);
}

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

#define KEY_DIGITS (2 * KEY_SIZE)
#define BUNDLES_TRIED 256

struct oncestick_key {
	uint8_t ck[KEY_SIZE];
	char line[KEY_DIGITS + 2]; /* as it is read: with a CR, if there is one, and room to see that there is more */
};

/* Read a line of at most sizeof k->line bytes. Return how many, without its LF, or -1 with errno. */
static ssize_t
read_line(struct oncestick_key *k, int fd)
{
	size_t n = 0;
	ssize_t r = 1;

	while (n < sizeof k->line && r != 0) {
		if ((r = read(fd, &k->line[n], 1)) < 0 && errno != EINTR)
			return -1;
		if (r == 1 && k->line[n] == '\n')
			break;
		n += r == 1;
		r = r < 0 ? 1 : r;
	}
	return (ssize_t)n;
}

static enum oncestick_result
parse_key(struct oncestick_key *k, size_t n)
{
	size_t got = 0;

	if (n == KEY_DIGITS + 1 && k->line[KEY_DIGITS] == '\r')
		n--;
	if (n != KEY_DIGITS || sodium_hex2bin(k->ck, sizeof k->ck, k->line, n, NULL, &got, NULL) != 0 || got != sizeof k->ck)
		return ONCESTICK_BUNDLE;
	sodium_memzero(k->line, sizeof k->line);
	return ONCESTICK_OK;
}

enum oncestick_result
oncestick_key_read(struct oncestick_key **k, int fd)
{
	struct oncestick_key *t = sodium_init() >= 0 ? secret_new(sizeof *t) : NULL;
	enum oncestick_result r = ONCESTICK_FAIL;
	ssize_t n = -1;
	int saved = ENOMEM;

	if (t != NULL && (n = read_line(t, fd)) < 0)
		saved = errno;
	if (n >= 0 && (r = parse_key(t, (size_t)n)) == ONCESTICK_OK) {
		*k = t;
		return r;
	}
	secret_free(&t);
	errno = saved;
	return r;
}

void
oncestick_key_free(struct oncestick_key **k)
{
	secret_free(k);
}

/* Open this one if k is its key. E_BUNDLE without a word in why if it is whole, but has another key. */
static enum oncestick_result
open_if_key(struct oncestick_bundle **b, int once_fd, const uint8_t id[ID_SIZE], const struct oncestick_key *k, char *why,
    size_t why_size)
{
	enum oncestick_result r = oncestick_open(b, once_fd, id, why, why_size);

	if (r == ONCESTICK_OK && (r = oncestick_unlock(*b, k->ck)) != ONCESTICK_OK)
		oncestick_close(b);
	return r;
}

enum oncestick_result
oncestick_open_with_key(struct oncestick_bundle **b, int once_fd, const struct oncestick_key *k, char *why, size_t why_size)
{
	uint8_t ids[BUNDLES_TRIED][ID_SIZE];
	const int n = oncestick_bundles(once_fd, ids, BUNDLES_TRIED);
	struct oncestick_bundle *t = NULL;
	enum oncestick_result r = ONCESTICK_BUNDLE;

	if (why != NULL && why_size > 0)
		(void)snprintf(why, why_size, "%s", n < 0 ? strerrordesc_np(-n) : "no bundle has this key");
	if (n < 0)
		return result_of(stickio_err(-n, E_BUNDLE));
	for (int i = 0; i < n && i < BUNDLES_TRIED; i++) {
		if ((r = open_if_key(&t, once_fd, ids[i], k, why, why_size)) == ONCESTICK_OK)
			*b = t;
		if (r != ONCESTICK_BUNDLE)
			break;
	}
	return r;
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

static void
fill_stat(struct oncestick_stat *st, uint32_t ino, const struct image_inode *i)
{
	*st = (struct oncestick_stat){
		.ino = ino,
		.is_dir = i->type == IMAGE_DIR,
		.size = i->size,
		.mtime_s = i->mtime_s,
		.mtime_ns = i->mtime_ns,
	};
}

static int
get_inode(const struct oncestick_bundle *b, uint32_t ino, struct image_inode *i)
{
	return b->has_image ? image_get(&b->img, ino, i) : -EIO;
}

int
oncestick_lookup(struct oncestick_bundle *b, const char *path, struct oncestick_stat *st)
{
	struct image_inode i;
	int64_t ino = 0;
	int r = get_inode(b, 0, &i);

	if (r != 0)
		return r;
	for (path += strspn(path, "/"); *path != '\0'; path += strspn(path, "/")) {
		const struct image_inode dir = i;
		size_t n = strcspn(path, "/");

		if (dir.type != IMAGE_DIR)
			return -ENOTDIR;
		ino = image_lookup(&b->img, (uint32_t)ino, &dir, path, n, &i);
		if (ino < 0)
			return (int)ino;
		path += n;
	}
	fill_stat(st, (uint32_t)ino, &i);
	return 0;
}

int
oncestick_list(struct oncestick_bundle *b, uint32_t dir_ino, uint64_t k, char name[ONCESTICK_NAME_SIZE], struct oncestick_stat *st)
{
	struct image_inode dir, i;
	int64_t ino;
	int r = get_inode(b, dir_ino, &dir);

	if (r != 0)
		return r;
	if (dir.type != IMAGE_DIR)
		return -ENOTDIR;
	ino = image_child(&b->img, dir_ino, &dir, k, &i, name);
	if (ino < 0)
		return (int)ino;
	fill_stat(st, (uint32_t)ino, &i);
	return 0;
}

int64_t
oncestick_read(struct oncestick_bundle *b, uint32_t ino, void *buf, size_t n, uint64_t off)
{
	struct image_inode i;
	int r = get_inode(b, ino, &i);

	if (r != 0)
		return r;
	if (i.type != IMAGE_FILE)
		return -EISDIR;
	if (off >= i.size)
		return 0;
	if (n > i.size - off)
		n = (size_t)(i.size - off);
	r = b->img.reader.read(b->img.reader.arg, buf, n, i.start + off);
	return r == 0 ? (int64_t)n : r;
}

/* ---- verifying ---------------------------------------------------------------------------------------------------------- */

struct callbacks {
	int (*progress)(void *arg, uint64_t done, uint64_t all);
	void (*damage)(void *arg, const struct oncestick_damage *d);
	void *arg;
};

static int
pass_progress(void *arg, uint64_t done, uint64_t all)
{
	const struct callbacks *c = arg;

	return c->progress != NULL ? c->progress(c->arg, done, all) : 0;
}

static void
pass_damage(void *arg, const struct bundle_damage *d)
{
	const struct callbacks *c = arg;
	const struct oncestick_damage out = {d->segment, d->segment_off, d->image_off, d->image_len, d->io};

	if (c->damage != NULL)
		c->damage(c->arg, &out);
}

enum oncestick_result
oncestick_verify(struct oncestick_bundle *b, unsigned threads, int (*progress)(void *arg, uint64_t done, uint64_t all),
    void (*damage)(void *arg, const struct oncestick_damage *d), void *arg)
{
	struct callbacks c = {progress, damage, arg};
	struct bundle_check check = {.threads = threads, .progress = pass_progress, .damage = pass_damage, .arg = &c};

	return result_of(bundle_verify(b->inner, &check, NULL));
}

int
oncestick_path_at(struct oncestick_bundle *b, const struct oncestick_damage *d, char *path, size_t size)
{
	return b->has_image ? image_path_at(&b->img, d->image_off, d->image_len, path, size) : -EIO;
}

/* ---- signed objects ----------------------------------------------------------------------------------------------------- */

static void
identify(struct oncestick_object *o, const uint8_t issuer[KEY_SIZE], const uint8_t id[ID_SIZE], const char label[LABEL_MAX + 1])
{
	memcpy(o->issuer, issuer, sizeof o->issuer);
	memcpy(o->id, id, sizeof o->id);
	memcpy(o->label, label, sizeof o->label);
}

static enum envelope_result
inspect_manifest(struct bytes file, struct oncestick_object *o)
{
	struct manifest m;
	enum envelope_result r = manifest_open(&m, file);

	if (r != ENVELOPE_OK)
		return r;
	identify(o, m.issuer, m.bundle_id, m.label);
	o->time = m.created;
	o->size = m.blocks * BLOCK_SIZE;
	return r;
}

static enum envelope_result
inspect_grant(struct bytes file, struct oncestick_object *o)
{
	struct grant g = {0};
	enum envelope_result r = grant_open(&g, file);

	if (r != ENVELOPE_OK)
		return r;
	identify(o, g.issuer, g.id, g.label);
	memcpy(o->stick, g.stick_id, sizeof o->stick);
	o->time = g.issued;
	o->codes = g.slots;
	o->bundles = g.bundle_count;
	o->not_before = g.policy.not_before;
	o->expires = g.policy.expires;
	o->session_s = g.policy.session_s;
	grant_free(&g);
	return r;
}

static enum envelope_result
inspect_notice(struct bytes file, struct oncestick_object *o)
{
	struct notice t = {0};
	enum envelope_result r = notice_open(&t, file);

	if (r != ENVELOPE_OK)
		return r;
	memcpy(o->issuer, t.issuer, sizeof o->issuer);
	o->time = t.time;
	o->number = t.number;
	notice_free(&t);
	return r;
}

enum oncestick_result
oncestick_inspect(const void *data, size_t n, struct oncestick_object *o)
{
	struct oncestick_object t = {0};
	struct bytes file = BYTES(data, n);
	enum envelope_type type;
	enum envelope_result r = ENVELOPE_MALFORMED;

	if (sodium_init() < 0)
		return ONCESTICK_FAIL;
	if (envelope_guess(file, &type) != 0)
		return ONCESTICK_BUNDLE;
	switch (type) {
	case ENVELOPE_MANIFEST:
		t.kind = ONCESTICK_MANIFEST;
		r = inspect_manifest(file, &t);
		break;
	case ENVELOPE_GRANT:
		t.kind = ONCESTICK_GRANT;
		r = inspect_grant(file, &t);
		break;
	case ENVELOPE_NOTICE:
		t.kind = ONCESTICK_NOTICE;
		r = inspect_notice(file, &t);
		break;
	}
	if (r != ENVELOPE_OK)
		return r == ENVELOPE_NO_MEMORY ? ONCESTICK_FAIL : ONCESTICK_BUNDLE;
	*o = t;
	return ONCESTICK_OK;
}
