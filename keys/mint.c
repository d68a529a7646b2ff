/*
 * mint.c - grants and their cells from the seed; codes are stretched on all processors.
 */
#include "mint.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "bytes.h"
#include "code.h"
#include "envelope.h"
#include "kdf.h"
#include "seal.h"
#include "secret.h"

#define THREADS_MAX (SIZE_MAX > UINT32_MAX ? 256u : 16u) /* 64 MiB each, of an address space */

typedef int progress_fn(void *arg, uint64_t done, uint64_t all);

static void
derive_code(char out[CODE_SYMBOLS], enum code_kind kind, const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE],
    uint32_t slot)
{
	uint8_t entropy[CODE_ENTROPY_SIZE];

	if (kind == CODE_RELEASE)
		keytree_release(entropy, seed, grant_id, slot);
	else
		keytree_code(entropy, seed, grant_id, slot);
	code_encode(out, kind, entropy);
	sodium_memzero(entropy, sizeof entropy);
}

void
mint_code(char out[CODE_SYMBOLS], const uint8_t seed[KEY_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	derive_code(out, CODE_UNLOCK, seed, grant_id, slot);
}

/* ---- stretching --------------------------------------------------------------------------------------------------------- */

/* What the codes of a grant, and their stretched form, are derived from. */
struct code_source {
	enum code_kind kind;
	const uint8_t *seed, *grant_id, *salt;
};

/* One set of codes to stretch, and how far the threads are. */
struct work {
	struct code_source from;
	uint32_t slots;
	uint8_t *out;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t moved; /* done or running changed */
	uint32_t next, done;
	unsigned running;
	bool stop;
	enum err err;
};

static int
stretch_code(uint8_t out[KEY_SIZE], const struct code_source *from, uint32_t slot)
{
	char code[CODE_SYMBOLS];
	int rc = 0;

	derive_code(code, from->kind, from->seed, from->grant_id, slot);
	rc = kdf_stretch(out, code, sizeof code, from->salt);
	sodium_memzero(code, sizeof code);
	return rc;
}

static void *
run_worker(void *arg)
{
	struct work *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stop && w->next < w->slots) {
		uint32_t slot = w->next++;
		int rc = 0;

		pthread_mutex_unlock(&w->lock);
		rc = stretch_code(w->out + (size_t)slot * KEY_SIZE, &w->from, slot);
		pthread_mutex_lock(&w->lock);
		if (rc == 0) {
			w->done++;
		} else {
			w->err = E_MEMORY;
			w->stop = true;
		}
		pthread_cond_signal(&w->moved);
	}
	w->running--;
	pthread_cond_signal(&w->moved);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Start up to wanted threads, with signals blocked: those are for the caller. Return how many there are. */
static unsigned
start_workers(struct work *w, pthread_t *threads, unsigned wanted)
{
	sigset_t all, before;
	unsigned n = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&w->lock);
	while (n < wanted && pthread_create(&threads[n], NULL, run_worker, w) == 0)
		n++;
	w->running = n;
	pthread_mutex_unlock(&w->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

static void
follow_workers(struct work *w, progress_fn *progress, void *arg)
{
	uint32_t told = 0;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		bool stop = false;

		while (w->done == told && w->running > 0)
			pthread_cond_wait(&w->moved, &w->lock);
		if (w->done == told)
			break;
		told = w->done;
		if (w->stop || progress == NULL)
			continue;
		pthread_mutex_unlock(&w->lock);
		stop = progress(arg, told, w->slots) != 0;
		pthread_mutex_lock(&w->lock);
		if (stop && !w->stop) {
			w->stop = true;
			w->err = E_INTERRUPTED;
		}
	}
	pthread_mutex_unlock(&w->lock);
}

/* How many times 128 MiB are available, which is twice what a thread needs, so that the machine stays usable. */
static unsigned long long
memory_shares(void)
{
	unsigned long long kib = 0, shares = THREADS_MAX;
	char line[128];
	FILE *fp = fopen("/proc/meminfo", "re");

	if (fp == NULL)
		return shares;
	while (fgets(line, sizeof line, fp) != NULL) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) {
			shares = kib / (2 * KDF_STRETCH_MEMORY / 1024);
			break;
		}
	}
	fclose(fp);
	return shares;
}

static unsigned
thread_count(uint32_t slots, unsigned limit)
{
	unsigned long long n = memory_shares();
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors > 0 && n > (unsigned long long)processors)
		n = (unsigned long long)processors;
	if (limit != 0 && n > limit)
		n = limit;
	if (n > slots)
		n = slots;
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	return n > 0 ? (unsigned)n : 1;
}

static enum err
stretch_all(struct work *w, unsigned limit, progress_fn *progress, void *arg)
{
	pthread_t threads[THREADS_MAX];
	unsigned n = 0;

	if (w->slots == 0 || w->slots > GRANT_SLOTS_MAX)
		return E_FAIL;
	if (!kdf_stretch_possible())
		return E_MEMORY;
	if (pthread_mutex_init(&w->lock, NULL) != 0)
		return E_FAIL;
	if (pthread_cond_init(&w->moved, NULL) != 0) {
		pthread_mutex_destroy(&w->lock);
		return E_FAIL;
	}
	n = start_workers(w, threads, thread_count(w->slots, limit));
	follow_workers(w, progress, arg);
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	if (w->err == E_OK && w->done != w->slots)
		w->err = E_FAIL;
	if (w->err != E_OK)
		sodium_memzero(w->out, (size_t)w->slots * KEY_SIZE);
	pthread_cond_destroy(&w->moved);
	pthread_mutex_destroy(&w->lock);
	return w->err;
}

enum err
mint_stretch(const struct mint_codes *codes, uint8_t *a, unsigned threads, progress_fn *progress, void *arg)
{
	struct work w = {
		.from = { CODE_UNLOCK, codes->seed, codes->grant_id, codes->stick_id }, .slots = codes->slots, .out = a
	};

	return stretch_all(&w, threads, progress, arg);
}

/* ---- factors ------------------------------------------------------------------------------------------------------------ */

/* What the factors of a grant's slots are made from; absent ones are NULL. */
struct factor_source {
	const uint8_t *usb;             /* borrowed */
	const uint8_t *station;         /* share, or NULL */
	uint8_t share[HASH_SIZE];
	uint8_t *ledger;                /* KEY_SIZE bytes of secret memory for each slot, or NULL */
};

/* Everything but the ledger's part. */
static enum err
source_init(struct factor_source *s, const struct grant *g, const uint8_t seed[KEY_SIZE], const uint8_t *usb)
{
	uint8_t sk[KEY_SIZE], pk[KEY_SIZE];
	enum err err = E_OK;

	memset(s, 0, sizeof *s);
	if (g->policy.usb && usb == NULL)
		return E_WRONG_STICK;
	if (g->policy.usb)
		s->usb = usb;
	if (!g->policy.station)
		return E_OK;
	keytree_grant_x25519(sk, pk, seed, g->id);
	if (keytree_station_share(s->share, sk, g->policy.station_pk, g->policy.grant_xpk, g->policy.station_pk) == 0)
		s->station = s->share;
	else
		err = E_WRONG_STATION;
	sodium_memzero(sk, sizeof sk);
	return err;
}

/* The ledger's part for every slot. */
static enum err
source_add_ledger(struct factor_source *s, const struct grant *g, const uint8_t seed[KEY_SIZE])
{
	struct work w = { .from = { CODE_RELEASE, seed, g->id, g->id }, .slots = g->slots };

	if (!g->policy.ledger)
		return E_OK;
	if ((s->ledger = secret_new((size_t)g->slots * KEY_SIZE)) == NULL)
		return E_FAIL;
	w.out = s->ledger;
	return stretch_all(&w, 0, NULL, NULL);
}

static void
source_wipe(struct factor_source *s)
{
	secret_free(&s->ledger);
	sodium_memzero(s, sizeof *s);
}

/* The key of a slot's cell. */
static void
cell_key(uint8_t kek[KEY_SIZE], const struct factor_source *s, const struct grant *g, uint32_t slot, const uint8_t *a)
{
	uint8_t factors[FACTORS_SIZE];
	const uint8_t *ledger = s->ledger != NULL ? s->ledger + (size_t)slot * KEY_SIZE : NULL;

	keytree_factors(factors, g->hash, slot, s->usb, s->station, ledger);
	keytree_wrap(kek, a + (size_t)slot * KEY_SIZE, factors);
	sodium_memzero(factors, sizeof factors);
}

/* ---- grants ------------------------------------------------------------------------------------------------------------- */

static enum err
set_locators(struct grant *g, const uint8_t *a, struct fault *f)
{
	uint8_t (*locators)[LOCATOR_SIZE] = calloc(g->slots, LOCATOR_SIZE);
	int different = 0;

	if (locators == NULL)
		return fault_set(f, E_FAIL, 0, "memory", "%u locators", g->slots);
	for (uint32_t i = 0; i < g->slots; i++)
		keytree_locator(locators[i], a + (size_t)i * KEY_SIZE);
	if ((different = grant_locators_differ((const uint8_t (*)[LOCATOR_SIZE])locators, g->slots)) != 1) {
		free(locators);
		return fault_set(f, E_FAIL, 0, different == 0 ? "equal locators" : "memory", "%u locators", g->slots);
	}
	free(g->locators);
	g->locators = locators;
	return E_OK;
}

/* Encode and sign g; a grant that readers would refuse is not signed. */
static enum err
sign_grant(struct grant *g, const uint8_t sk[SIGN_SECRET_SIZE], uint8_t **file, size_t *n, struct fault *f)
{
	struct grant back = { 0 };
	uint8_t *payload = NULL;
	size_t len = 0;
	enum err err = E_OK;

	if ((payload = grant_encode(g, &len)) == NULL)
		return fault_set(f, E_FAIL, 0, "encode", "grant");
	if (grant_parse(&back, BYTES(payload, len)) != 0)
		err =
		    fault_set(f, E_FAIL, errno == ENOMEM ? ENOMEM : 0, errno == ENOMEM ? "memory" : "field out of range", "grant");
	else if ((*file = envelope_sign(ENVELOPE_GRANT, BYTES(payload, len), sk, n)) == NULL)
		err = fault_set(f, E_FAIL, 0, "sign", "grant");
	grant_free(&back);
	free(payload);
	return err;
}

static enum err
complete_and_sign(struct grant *g, const struct mint_secrets *s, struct minted *m, struct fault *f)
{
	uint8_t sk[SIGN_SECRET_SIZE], xsk[KEY_SIZE];
	enum err err = E_OK;

	keytree_sign(g->issuer, sk, s->seed);
	if (g->policy.station) {
		keytree_grant_x25519(xsk, g->policy.grant_xpk, s->seed, g->id);
		sodium_memzero(xsk, sizeof xsk);
	}
	if ((err = set_locators(g, s->a, f)) == E_OK)
		err = sign_grant(g, sk, &m->file, &m->file_n, f);
	sodium_memzero(sk, sizeof sk);
	return err;
}

static uint8_t *
seal_cells(const struct grant *g, const struct factor_source *s, const uint8_t *a, const uint8_t *cks)
{
	size_t size = CELL_SIZE(g->bundle_count);
	uint8_t kek[KEY_SIZE], *cells = calloc(g->slots, size);

	if (cells == NULL)
		return NULL;
	for (uint32_t i = 0; i < g->slots; i++) {
		cell_key(kek, s, g, i, a);
		seal_close(cells + i * size, kek, cks, size - TAG_SIZE, BYTES(NULL, 0));
	}
	sodium_memzero(kek, sizeof kek);
	return cells;
}

static bool
counts_ok(const struct grant *g)
{
	return g->slots >= 1 && g->slots <= GRANT_SLOTS_MAX && g->bundle_count >= 1 && g->bundle_count <= GRANT_BUNDLES_MAX;
}

enum err
mint_grant(struct grant *g, const struct mint_secrets *s, struct minted *m, struct fault *f)
{
	struct factor_source source = { 0 };
	struct minted made = { 0 };
	enum err err = E_OK;

	if (!counts_ok(g))
		return fault_set(f, E_FAIL, 0, "field out of range", "grant");
	if ((err = complete_and_sign(g, s, &made, f)) != E_OK)
		goto out;
	if ((err = source_init(&source, g, s->seed, s->usb)) != E_OK || (err = source_add_ledger(&source, g, s->seed)) != E_OK) {
		err = fault_set(f, err, 0, "factors", "grant");
		goto out;
	}
	if ((made.cells = seal_cells(g, &source, s->a, s->cks)) == NULL) {
		err = fault_set(f, E_FAIL, 0, "memory", "%u cells", g->slots);
		goto out;
	}
	*m = made;
	made.file = NULL;
out:
	source_wipe(&source);
	free(made.file);
	return err;
}

static enum err
open_cells(const struct grant *g, const struct factor_source *s, const uint8_t *a, const uint8_t *cks, const uint8_t *cells)
{
	size_t size = CELL_SIZE(g->bundle_count);
	uint8_t kek[KEY_SIZE], *opened = secret_new(size - TAG_SIZE);
	enum err err = E_OK;

	if (opened == NULL)
		return E_FAIL;
	for (uint32_t i = 0; i < g->slots && err == E_OK; i++) {
		cell_key(kek, s, g, i, a);
		if (seal_open(opened, kek, cells + i * size, size, BYTES(NULL, 0)) != 0 ||
		    sodium_memcmp(opened, cks, size - TAG_SIZE) != 0)
			err = E_SLOT_DAMAGED;
	}
	sodium_memzero(kek, sizeof kek);
	secret_free(&opened);
	return err;
}

enum err
mint_check_cells(const struct grant *g, const struct mint_secrets *s, const uint8_t *cells)
{
	struct factor_source source = { 0 };
	enum err err = E_OK;

	if (!counts_ok(g))
		return E_FAIL;
	if ((err = source_init(&source, g, s->seed, s->usb)) == E_OK && (err = source_add_ledger(&source, g, s->seed)) == E_OK)
		err = open_cells(g, &source, s->a, s->cks, cells);
	source_wipe(&source);
	return err;
}

enum err
mint_slot_keys(struct mint_slot_keys *k, const struct grant *g, const uint8_t seed[KEY_SIZE], uint32_t slot, const uint8_t *usb)
{
	struct code_source unlock = { CODE_UNLOCK, seed, g->id, g->stick_id }, release = { CODE_RELEASE, seed, g->id, g->id };
	struct factor_source s = { 0 };
	uint8_t ledger[KEY_SIZE];
	enum err err = source_init(&s, g, seed, usb);

	if (err == E_OK && stretch_code(k->a, &unlock, slot) != 0)
		err = E_MEMORY;
	if (err == E_OK && g->policy.ledger && stretch_code(ledger, &release, slot) != 0)
		err = E_MEMORY;
	if (err == E_OK)
		keytree_factors(k->factors, g->hash, slot, s.usb, s.station, g->policy.ledger ? ledger : NULL);
	else
		sodium_memzero(k, sizeof *k);
	sodium_memzero(ledger, sizeof ledger);
	source_wipe(&s);
	return err;
}
