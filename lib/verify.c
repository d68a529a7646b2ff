/*
 * verify.c - reading bundles block by block, and naming their files if there is a key.
 */
#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "image.h"
#include "kdf.h"
#include "keytree.h"
#include "seal.h"
#include "secret.h"

#define LISTED 10000 /* damaged blocks that are remembered; all are counted */
#define PATH_SIZE 4096

/* Get the content key from the code's cell, which stays unchanged. */
static enum err
open_cell(const struct verify_task *t, const struct grant *g, uint32_t slot, const uint8_t a[KEY_SIZE], uint8_t ck[KEY_SIZE])
{
	uint8_t factors[FACTORS_SIZE], kek[KEY_SIZE];
	struct stick_slot s;
	enum err e = E_SLOT_DAMAGED;

	keytree_factors(factors, g->hash, slot, NULL, NULL, NULL);
	keytree_wrap(kek, a, factors);
	if (stick_read_slot(t->stick, g, slot, false, &s, NULL) == E_OK && s.merged == RECORD_IS_LIVE) {
		struct bytes body = s.a == RECORD_IS_LIVE ? s.body_a : s.body_b;

		if (body.n == CELL_SIZE(1) && seal_open(ck, kek, body.p, body.n, BYTES(NULL, 0)) == 0)
			e = E_OK;
	} else if (s.merged == RECORD_IS_SPENT) {
		e = E_SPENT;
	}
	sodium_memzero(&s, sizeof s);
	sodium_memzero(kek, sizeof kek);
	sodium_memzero(factors, sizeof factors);
	return e;
}

static bool
no_factors(const struct grant *g)
{
	return !g->policy.usb && !g->policy.station && !g->policy.ledger && g->bundle_count == 1;
}

/* Of all grants for the bundle, the one that the code belongs to: codes that came later have one of their own. */
static enum err
key_from_code(const struct verify_task *t, const struct grant_bundle *of, uint8_t ck[KEY_SIZE])
{
	uint8_t a[KEY_SIZE], locator[LOCATOR_SIZE];
	enum err e = E_CODE_UNKNOWN;

	if (kdf_stretch(a, t->symbols, CODE_SYMBOLS, t->stick->id) != 0)
		return E_MEMORY;
	keytree_locator(locator, a);
	for (size_t i = 0; i < t->grants->count && e == E_CODE_UNKNOWN; i++) {
		const struct grant *g = &t->grants->grants[i];
		int slot = memcmp(&g->bundles[0], of, sizeof *of) == 0 ? grant_slot(g, locator) : -1;

		if (slot >= 0)
			e = no_factors(g) ? open_cell(t, g, (uint32_t)slot, a, ck) : E_USAGE;
	}
	sodium_memzero(a, sizeof a);
	return e;
}

/* Unlock b if any of our keys fits. If none does, only the names of files are missing. */
static bool
unlock(const struct verify_task *t, const struct grant_bundle *of, struct bundle *b)
{
	uint8_t *ck = t->seed != NULL || t->symbols != NULL ? secret_new(KEY_SIZE) : NULL;
	bool ok = ck != NULL;

	if (ok && t->seed != NULL)
		keytree_content(ck, t->seed, of->id);
	else if (ok)
		ok = key_from_code(t, of, ck) == E_OK;
	ok = ok && bundle_unlock(b, ck) == E_OK;
	secret_free(&ck);
	return ok;
}

/* ---- checking -------------------------------------------------------------------------------------------------------------- */

struct check {
	const struct verify_task *t;
	struct verify_found *x;
};

static int
on_progress(void *arg, uint64_t done, uint64_t all)
{
	struct check *k = arg;

	return k->t->update(k->t->arg, done, all);
}

static void
on_damage(void *arg, const struct bundle_damage *d)
{
	struct check *k = arg;
	struct verify_damage *grown = NULL;

	k->x->damaged++;
	k->x->unreadable += d->io;
	if (k->x->count >= LISTED)
		return;
	if ((k->x->count & (k->x->count - 1)) == 0) {
		grown = realloc(k->x->list, (k->x->count == 0 ? 1 : 2 * k->x->count) * sizeof *grown);
		if (grown == NULL)
			return;
		k->x->list = grown;
	}
	k->x->list[k->x->count++] = (struct verify_damage){*d, NULL};
}

static void
name_files(struct verify_found *x, struct bundle *b)
{
	struct image img;
	char path[PATH_SIZE];

	if (bundle_image(b, &img) != 0)
		return;
	x->named = true;
	for (size_t i = 0; i < x->count; i++) {
		int got = image_path_at(&img, x->list[i].d.image_off, x->list[i].d.image_len, path, sizeof path);

		if (got == 1)
			x->list[i].path = strdup(path);
		x->named = x->named && got >= 0;
	}
}

static enum err
check_bundle(const struct verify_task *t, struct verify_found *x)
{
	const struct grant_bundle *gb = &x->grant->bundles[0];
	struct check k = {t, x};
	struct bundle_check check = {.direct = true, .progress = on_progress, .damage = on_damage, .arg = &k};
	struct bundle *b = NULL;
	enum err e = bundle_open(&b, t->stick->once_fd, gb->id, gb->manifest_hash, &x->fault);

	if (e != E_OK)
		return e;
	x->bytes = bundle_manifest(b)->blocks * BLOCK_SIZE;
	t->start(t->arg);
	e = bundle_verify(b, &check, &x->fault);
	t->end(t->arg, e == E_OK);
	x->direct = check.was_direct;
	x->unlocked = e == E_BUNDLE && unlock(t, gb, b);
	if (x->unlocked)
		name_files(x, b);
	bundle_free(&b);
	return e;
}

/* Whether an earlier grant has the same bundle, which then is not read twice. */
static bool
seen_before(const struct verify_found *all, size_t count, const struct grant *g)
{
	for (size_t i = 0; i < count; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): every one of all has a grant by now */
		if (memcmp(&all[i].grant->bundles[0], &g->bundles[0], sizeof g->bundles[0]) == 0)
			return true;
	return false;
}

enum err
verify_all(struct verify_found **all, size_t *count, const struct verify_task *t, struct fault *f)
{
	*count = 0;
	if ((*all = calloc(t->grants->count, sizeof **all)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for bundles");
	for (size_t i = 0; i < t->grants->count; i++) {
		struct verify_found *x = &(*all)[*count];

		if (seen_before(*all, *count, &t->grants->grants[i]))
			continue;
		x->grant = &t->grants->grants[i];
		x->result = check_bundle(t, x);
		(*count)++;
		if (x->result == E_INTERRUPTED)
			return fault_set(f, E_INTERRUPTED, 0, "verify", "%s", "");
	}
	return E_OK;
}

void
verify_free(struct verify_found **all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < (*all)[i].count; k++)
			free((*all)[i].list[k].path);
		free((*all)[i].list);
	}
	free(*all);
	*all = NULL;
}
