/*
 * bundle_verify.c - reading and verifying all of a bundle, on all processors.
 *
 * Level by level, the root first. A level is cut in runs of blocks; workers take runs in turn, and the calling thread collects
 * the results in order, so that callbacks run there and damage is reported in order whichever worker found it.
 */
#include "bundle.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle_impl.h"
#include "stickio.h"

#define RUN_BLOCKS 16u          /* divides TREE_FANOUT, so that a run is below one tree block */
#define WORKERS_MAX 64u
#define RING_MAX (4u * WORKERS_MAX)

struct run_result {
	bool done;
	int failed;             /* errno of a failure that is not the medium's fault; 0: none */
	uint16_t bad;           /* bit per block: wrong or unreadable */
	uint16_t io;            /* of these: unreadable */
	bool lost;              /* below a damaged tree block: not tried */
};

struct worker {
	struct verify *v;
	struct blockcrypt *crypt;
	uint8_t *buf;           /* RUN_BLOCKS blocks of ciphertext, aligned for O_DIRECT */
	pthread_t thread;
};

struct verify {
	struct bundle *b;
	struct bundle_check *check;
	struct segment_set *set;
	uint8_t *lost;          /* per tree block in file order: it, or one above it, is damaged */
	uint64_t bytes;         /* dealt with so far */
	uint64_t damaged;
	int failed;             /* from the run that ended it, and the block in the file */
	uint64_t failed_at;
	struct worker workers[WORKERS_MAX];
	unsigned worker_count;

	unsigned level;         /* of this pass */
	uint64_t runs;
	pthread_mutex_t mutex;  /* guards what follows */
	pthread_cond_t more, done;
	uint64_t next, collected;
	bool stop;
	unsigned ring;
	struct run_result results[RING_MAX];
};

/* ---- one run ------------------------------------------------------------------------------------------------------------ */

static size_t
run_length(const struct verify *v, uint64_t run)
{
	uint64_t left = v->b->shape.count[v->level] - run * RUN_BLOCKS;

	return left < RUN_BLOCKS ? (size_t)left : RUN_BLOCKS;
}

static uint8_t *
lost_mark(const struct verify *v, unsigned level, uint64_t index)
{
	return &v->lost[v->b->shape.first[level] - v->b->shape.first[1] + index];
}

static bool
below_damage(const struct verify *v, uint64_t index)
{
	return v->level < v->b->shape.top && *lost_mark(v, v->level + 1, index / TREE_FANOUT) != 0;
}

/*
 * Whether a read failed for a reason that can be put right on this PC: rights, descriptors, memory. Trying the other blocks would
 * tell nothing more.
 */
static bool
of_this_pc(int sys)
{
	return sys == EACCES || sys == EPERM || stickio_err(sys, E_OK) == E_FAIL;
}

/* Find out which of the blocks cannot be read. All are tried, because one bad sector must not take its neighbours with it. */
static uint16_t
read_run(const struct verify *v, uint64_t index, size_t count, uint8_t *buf, int *failed)
{
	uint64_t first = v->b->shape.first[v->level] + index;
	uint16_t io = 0;

	if (segment_read(v->set, first, count, buf) == 0)
		return 0;
	for (size_t i = 0; i < count && *failed == 0; i++) {
		if (segment_read(v->set, first + i, 1, buf + i * BLOCK_SIZE) == 0)
			continue;
		io = (uint16_t)(io | 1u << i);
		*failed = of_this_pc(errno) ? errno : 0;
	}
	return io;
}

static struct run_result
check_run(const struct verify *v, struct worker *w, uint64_t run)
{
	uint8_t want[RUN_BLOCKS][HASH_SIZE], got[HASH_SIZE];
	uint64_t index = run * RUN_BLOCKS;
	size_t count = run_length(v, run);
	struct run_result r = {.done = true};

	if (below_damage(v, index)) {
		r.lost = true;
		return r;
	}
	if (treecache_hashes(v->b->tree, w->crypt, v->level, index, count, want) != 0) {
		/* Verified a moment ago, and now it cannot be read: the stick is failing. */
		r.failed = of_this_pc(errno) ? errno : 0;
		r.io = r.bad = (uint16_t)((1u << count) - 1);
		return r;
	}
	r.io = r.bad = read_run(v, index, count, w->buf, &r.failed);
	for (size_t i = 0; i < count && r.failed == 0; i++) {
		if (r.io >> i & 1)
			continue;
		if (blockcrypt_hash(w->crypt, got, v->level, index + i, w->buf + i * BLOCK_SIZE) != 0)
			r.failed = ENOMEM;
		else if (memcmp(got, want[i], HASH_SIZE) != 0)
			r.bad = (uint16_t)(r.bad | 1u << i);
	}
	return r;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct verify *v = w->v;

	(void)pthread_mutex_lock(&v->mutex);
	while (!v->stop && v->next < v->runs) {
		struct run_result r;
		uint64_t run;

		if (v->next - v->collected >= v->ring) {
			(void)pthread_cond_wait(&v->more, &v->mutex);
			continue;
		}
		run = v->next++;
		(void)pthread_mutex_unlock(&v->mutex);
		r = check_run(v, w, run);
		(void)pthread_mutex_lock(&v->mutex);
		v->results[run % v->ring] = r;
		(void)pthread_cond_signal(&v->done);
	}
	(void)pthread_mutex_unlock(&v->mutex);
	return NULL;
}

/* ---- collecting, in the calling thread ---------------------------------------------------------------------------------- */

static void
report(struct verify *v, uint64_t index, bool io)
{
	const struct tree_shape *s = &v->b->shape;
	uint64_t block = s->first[v->level] + index, span = 1, covered;
	struct bundle_damage d = {.level = v->level, .index = index, .io = io};

	for (unsigned k = 0; k < v->level; k++)
		span *= TREE_FANOUT;
	covered = s->count[0] - index * span;
	d.segment = (uint32_t)(block / SEGMENT_BLOCKS);
	d.segment_off = block % SEGMENT_BLOCKS * BLOCK_SIZE;
	d.image_off = index * span * BLOCK_SIZE;
	d.image_len = (covered < span ? covered : span) * BLOCK_SIZE;
	v->damaged++;
	if (v->check->damage != NULL)
		v->check->damage(v->check->arg, &d);
}

static enum err
account(struct verify *v, uint64_t run, const struct run_result *r)
{
	size_t count = run_length(v, run);

	if (r->failed != 0) {
		v->failed = r->failed;
		v->failed_at = v->b->shape.first[v->level] + run * RUN_BLOCKS;
		return stickio_err(r->failed, E_STICK_IO);
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t index = run * RUN_BLOCKS + i;
		bool bad = r->bad >> i & 1;

		if (bad)
			report(v, index, r->io >> i & 1);
		if (v->level > 0 && (bad || r->lost))
			*lost_mark(v, v->level, index) = 1;
	}
	v->bytes += count * (uint64_t)BLOCK_SIZE;
	if (v->check->progress != NULL &&
	    v->check->progress(v->check->arg, v->bytes, v->b->shape.total * BLOCK_SIZE) != 0)
		return E_INTERRUPTED;
	return E_OK;
}

static enum err
collect(struct verify *v)
{
	enum err e = E_OK;

	for (uint64_t run = 0; run < v->runs && e == E_OK; run++) {
		struct run_result *slot = &v->results[run % v->ring], r;

		(void)pthread_mutex_lock(&v->mutex);
		while (!slot->done)
			(void)pthread_cond_wait(&v->done, &v->mutex);
		r = *slot;
		slot->done = false;
		v->collected++;
		(void)pthread_cond_broadcast(&v->more);
		(void)pthread_mutex_unlock(&v->mutex);
		e = account(v, run, &r);
	}
	(void)pthread_mutex_lock(&v->mutex);
	v->stop = true;
	(void)pthread_cond_broadcast(&v->more);
	(void)pthread_mutex_unlock(&v->mutex);
	return e;
}

/* ---- passes ------------------------------------------------------------------------------------------------------------- */

/* Signals stay with the program's own threads. Return how many workers are running. */
static unsigned
start_workers(struct verify *v)
{
	uint64_t useful = v->runs < v->worker_count ? v->runs : v->worker_count;
	sigset_t all, before;
	unsigned n = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	while (n < useful && pthread_create(&v->workers[n].thread, NULL, work, &v->workers[n]) == 0)
		n++;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

static enum err
verify_level(struct verify *v, unsigned level)
{
	enum err e = E_FAIL;
	unsigned n;

	v->level = level;
	v->runs = (v->b->shape.count[level] + RUN_BLOCKS - 1) / RUN_BLOCKS;
	v->next = v->collected = 0;
	v->stop = false;
	memset(v->results, 0, sizeof v->results);
	n = start_workers(v);
	if (n > 0)
		e = collect(v);
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(v->workers[i].thread, NULL);
	return e;
}

/* ---- setting up --------------------------------------------------------------------------------------------------------- */

/* At least two: one reads while the other hashes. */
static unsigned
workers_wanted(unsigned threads)
{
	long online = threads != 0 ? (long)threads : sysconf(_SC_NPROCESSORS_ONLN);

	if (threads == 0 && online < 2)
		online = 2;
	return online < (long)WORKERS_MAX ? (unsigned)online : WORKERS_MAX;
}

static int
new_workers(struct verify *v)
{
	v->worker_count = workers_wanted(v->check->threads);
	v->ring = 4 * v->worker_count;
	for (unsigned i = 0; i < v->worker_count; i++) {
		struct worker *w = &v->workers[i];

		w->v = v;
		w->crypt = blockcrypt_new(NULL);
		w->buf = aligned_alloc(SEGMENT_ALIGN, (size_t)RUN_BLOCKS * BLOCK_SIZE);
		if (w->crypt == NULL || w->buf == NULL)
			return -1;
	}
	return 0;
}

/* Some file systems refuse O_DIRECT when a file is opened, some when it is read. */
static bool
direct_works(struct segment_set *set, uint8_t *buf)
{
	return segment_read(set, 0, 1, buf) == 0 || (errno != EINVAL && errno != EOPNOTSUPP);
}

static int
choose_set(struct verify *v)
{
	struct bundle *b = v->b;

	v->check->was_direct = false;
	if (v->check->direct) {
		v->set = segment_new(b->dir_fd, b->shape.total, SEGMENT_DIRECT);
		if (v->set == NULL)
			return -1;
		if (direct_works(v->set, v->workers[0].buf)) {
			v->check->was_direct = !stickio_served(b->dir_fd);
			return 0;
		}
		segment_free(&v->set);
	}
	v->set = segment_new(b->dir_fd, b->shape.total, v->check->direct ? SEGMENT_DROP : SEGMENT_CACHED);
	return v->set != NULL ? 0 : -1;
}

static void
verify_free(struct verify *v)
{
	for (unsigned i = 0; i < v->worker_count; i++) {
		blockcrypt_free(&v->workers[i].crypt);
		free(v->workers[i].buf);
	}
	segment_free(&v->set);
	free(v->lost);
	(void)pthread_cond_destroy(&v->more);
	(void)pthread_cond_destroy(&v->done);
	(void)pthread_mutex_destroy(&v->mutex);
	free(v);
}

static struct verify *
verify_new(struct bundle *b, struct bundle_check *check)
{
	struct verify *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->b = b;
	v->check = check;
	if (pthread_mutex_init(&v->mutex, NULL) != 0 || pthread_cond_init(&v->more, NULL) != 0 ||
	    pthread_cond_init(&v->done, NULL) != 0) {
		free(v);
		return NULL;
	}
	v->lost = calloc((size_t)(b->shape.total - b->shape.first[1]), 1);
	if (v->lost == NULL || new_workers(v) != 0 || choose_set(v) != 0) {
		verify_free(v);
		return NULL;
	}
	return v;
}

enum err
bundle_verify(struct bundle *b, struct bundle_check *check, struct fault *f)
{
	struct verify *v = verify_new(b, check);
	enum err e = E_OK;
	char name[SEGMENT_NAME_SIZE];
	uint64_t damaged;
	int failed;

	if (v == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "malloc", "b/%s", b->name);
	for (unsigned level = b->shape.top + 1; level-- > 0 && e == E_OK;)
		e = verify_level(v, level);
	damaged = v->damaged;
	failed = v->failed;
	segment_name(name, (uint32_t)(v->failed_at / SEGMENT_BLOCKS));
	verify_free(v);
	if (e == E_INTERRUPTED)
		return fault_set(f, e, 0, "verify", "b/%s", b->name);
	if (e != E_OK) {
		fault_set(f, e, failed != 0 ? failed : ENOMEM, "verify", "b/%s/%s", b->name, name);
		stickio_blame(f, b->dir_fd, name);
		return e;
	}
	if (damaged > 0)
		return fault_set(f, E_BUNDLE, 0, "verify", "b/%s: %llu blocks", b->name, (unsigned long long)damaged);
	return E_OK;
}
