/*
 * pack_pipe.c - one thread that reads, and several that encrypt and hash.
 *
 * They share a ring of batches of blocks. The reader fills batches with plaintext, in order. Workers take single blocks, in order,
 * and encrypt them in place. The caller takes batches in which all blocks are done. Plaintext exists only in the ring, which is
 * secret memory, and small enough to be locked, together with the caller's keys, under the usual limit of 8 MiB.
 */
#include "pack.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "blockcrypt.h"
#include "pack_internal.h"
#include "secret.h"

#define RING 5u
#define NOTES 16u
#define THREADS_MAX 16u
#define IDLE_NS 200000000l

struct batch {
	uint8_t *data;
	unsigned blocks;                            /* in it */
	unsigned left;                              /* not yet done */
	uint8_t hash[PACK_BATCH_BLOCKS][HASH_SIZE];
};

struct worker {
	struct pack_pipe *pipe;
	struct blockcrypt *crypt;
	pthread_t thread;
};

struct pack_pipe {
	struct pack_source *src;
	const uint8_t *ck;
	uint8_t *arena;                             /* the first block of a file, then the ring's data */
	unsigned batches, batch_blocks;             /* in the ring; blocks in each but the last */

	pthread_mutex_t lock;
	pthread_cond_t work;                        /* for workers: there are blocks to do, or it is the end */
	pthread_cond_t room;                        /* for the reader: there is a free batch, or room for a note */
	pthread_cond_t ready;                       /* for the caller: something has happened */

	/* Under lock. Batch numbers do not wrap: number i is in batch_at(i). */
	struct batch ring[RING];
	uint64_t filled, claimed, written;
	unsigned claimed_block;                     /* of batch claimed */
	struct { enum pack_note_kind kind; uint32_t ino; } notes[NOTES];
	uint64_t notes_put, notes_got;
	bool finished;                              /* the reader has put everything into the ring */
	uint64_t blocks;                            /* in the image, when finished */
	struct fault fault;                         /* the first one in any thread */
	atomic_bool stop;                           /* written under lock */

	size_t fill;                                /* the reader's own: bytes in batch number filled */

	pthread_t reader;
	bool reading;                               /* the reader must be joined */
	struct worker worker[THREADS_MAX];
	unsigned workers;                           /* to be joined */
};

static struct batch *
batch_at(struct pack_pipe *p, uint64_t number)
{
	return &p->ring[number % p->batches];
}

static size_t
batch_size(const struct pack_pipe *p)
{
	return (size_t)p->batch_blocks * BLOCK_SIZE;
}

static void
wake_all(struct pack_pipe *p)
{
	pthread_cond_broadcast(&p->work);
	pthread_cond_broadcast(&p->room);
	pthread_cond_broadcast(&p->ready);
}

static void
stop(struct pack_pipe *p, const struct fault *f)
{
	pthread_mutex_lock(&p->lock);
	if (f != NULL && p->fault.err == E_OK)
		p->fault = *f;
	atomic_store(&p->stop, true);
	wake_all(p);
	pthread_mutex_unlock(&p->lock);
}

/* ---- reader ------------------------------------------------------------------------------------------------------------- */

static bool
reader_stopped(void *arg)
{
	struct pack_pipe *p = arg;

	return atomic_load(&p->stop);
}

static int
reader_space(void *arg, uint8_t **to, size_t *n)
{
	struct pack_pipe *p = arg;

	if (p->fill == 0) {
		pthread_mutex_lock(&p->lock);
		while (p->filled - p->written == p->batches && !atomic_load(&p->stop))
			pthread_cond_wait(&p->room, &p->lock);
		pthread_mutex_unlock(&p->lock);
	}
	if (atomic_load(&p->stop))
		return -1;
	*to = batch_at(p, p->filled)->data + p->fill;
	*n = batch_size(p) - p->fill;
	return 0;
}

static void
submit(struct pack_pipe *p)
{
	struct batch *b = batch_at(p, p->filled);

	pthread_mutex_lock(&p->lock);
	b->blocks = b->left = (unsigned)(p->fill / BLOCK_SIZE);
	p->filled++;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	p->fill = 0;
}

static void
reader_commit(void *arg, size_t n)
{
	struct pack_pipe *p = arg;

	p->fill += n;
	if (p->fill == batch_size(p))
		submit(p);
}

static int
reader_note(void *arg, enum pack_note_kind kind, uint32_t ino)
{
	struct pack_pipe *p = arg;
	bool stopped;

	pthread_mutex_lock(&p->lock);
	while (p->notes_put - p->notes_got == NOTES && !atomic_load(&p->stop))
		pthread_cond_wait(&p->room, &p->lock);
	stopped = atomic_load(&p->stop);
	if (!stopped) {
		p->notes[p->notes_put % NOTES].kind = kind;
		p->notes[p->notes_put % NOTES].ino = ino;
		p->notes_put++;
		pthread_cond_signal(&p->ready);
	}
	pthread_mutex_unlock(&p->lock);
	return stopped ? -1 : 0;
}

static void *
reader_main(void *arg)
{
	struct pack_pipe *p = arg;
	struct pack_image_out out = { .head = p->arena, .space = reader_space, .commit = reader_commit,
		.note = reader_note, .stopped = reader_stopped, .arg = p };
	struct fault f = { .err = E_OK };
	uint64_t blocks = 0;

	if (pack_image_write(p->src, &out, &blocks, &f) != E_OK) {
		stop(p, &f);
		return NULL;
	}
	if (p->fill > 0)
		submit(p);
	pthread_mutex_lock(&p->lock);
	p->finished = true;
	p->blocks = blocks;
	wake_all(p);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- workers ------------------------------------------------------------------------------------------------------------ */

static int
work_on(struct worker *w, struct batch *b, unsigned k, uint64_t index)
{
	uint8_t *block = b->data + (size_t)k * BLOCK_SIZE;

	if (blockcrypt_crypt(w->crypt, block, w->pipe->ck, index) != 0)
		return -1;
	return blockcrypt_hash(w->crypt, b->hash[k], 0, index, block);
}

/* Claim the next block, and wait for it; NULL if there will be no more. Under lock. */
static struct batch *
claim(struct pack_pipe *p, unsigned *k, uint64_t *index)
{
	struct batch *b = NULL;

	while (!atomic_load(&p->stop) && !p->finished && p->claimed == p->filled)
		pthread_cond_wait(&p->work, &p->lock);
	if (atomic_load(&p->stop) || p->claimed == p->filled)
		return NULL;
	b = batch_at(p, p->claimed);
	*k = p->claimed_block++;
	*index = p->claimed * p->batch_blocks + *k;
	if (p->claimed_block == b->blocks) {
		p->claimed++;
		p->claimed_block = 0;
	}
	return b;
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	struct pack_pipe *p = w->pipe;
	struct batch *b = NULL;
	uint64_t index = 0;
	unsigned k = 0;

	pthread_mutex_lock(&p->lock);
	while ((b = claim(p, &k, &index)) != NULL) {
		int rc;

		pthread_mutex_unlock(&p->lock);
		rc = work_on(w, b, k, index);
		if (rc != 0)
			stop(p, &(struct fault){ .err = E_FAIL, .sys = ENOMEM, .step = "encrypt" });
		pthread_mutex_lock(&p->lock);
		if (rc == 0 && --b->left == 0)
			pthread_cond_signal(&p->ready);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- caller ------------------------------------------------------------------------------------------------------------- */

static unsigned
how_many(unsigned wanted)
{
	cpu_set_t set;
	int n = (int)wanted;

	if (wanted == 0)
		n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 2;
	return n < 1 ? 1 : n > (int)THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static int
start_threads(struct pack_pipe *p, unsigned threads)
{
	int e = 0;

	while (p->workers < threads && e == 0) {
		struct worker *w = &p->worker[p->workers];

		w->pipe = p;
		w->crypt = blockcrypt_new(NULL);
		e = w->crypt == NULL ? ENOMEM : pthread_create(&w->thread, NULL, worker_main, w);
		if (e == 0)
			p->workers++;
		else
			blockcrypt_free(&w->crypt);
	}
	if (p->workers == 0)
		return e;
	e = pthread_create(&p->reader, NULL, reader_main, p);
	p->reading = e == 0;
	return e;
}

/* Signals are for the caller's threads. */
static int
start_quietly(struct pack_pipe *p, unsigned threads)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	e = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (e != 0)
		return e;
	e = start_threads(p, threads);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}

static void
init_sync(struct pack_pipe *p)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->room, NULL);
	pthread_cond_init(&p->ready, &attr);
	pthread_condattr_destroy(&attr);
}

/* As large as the folder needs. A folder that has grown since it was scanned also gets through a small ring. */
static int
make_ring(struct pack_pipe *p)
{
	uint64_t blocks = pack_source_blocks(p->src), batches;
	unsigned i;

	if (blocks == 0)
		blocks = 1;
	p->batch_blocks = blocks < PACK_BATCH_BLOCKS ? (unsigned)blocks : PACK_BATCH_BLOCKS;
	batches = (blocks + p->batch_blocks - 1) / p->batch_blocks;
	p->batches = batches < RING ? (unsigned)batches : RING;
	p->arena = secret_new(BLOCK_SIZE + p->batches * batch_size(p));
	if (p->arena == NULL)
		return ENOMEM;
	for (i = 0; i < p->batches; i++)
		p->ring[i].data = p->arena + BLOCK_SIZE + i * batch_size(p);
	return 0;
}

struct pack_pipe *
pack_pipe_new(struct pack_source *src, const uint8_t ck[KEY_SIZE], unsigned threads, struct fault *f)
{
	struct pack_pipe *p = calloc(1, sizeof *p);
	int e;

	if (p == NULL) {
		fault_set(f, E_FAIL, errno, "malloc", "%s", "");
		return NULL;
	}
	init_sync(p);
	p->src = src;
	p->ck = ck;
	e = make_ring(p);
	if (e == 0)
		e = start_quietly(p, how_many(threads));
	if (e != 0) {
		fault_set(f, E_FAIL, e, "threads", "%s", "");
		pack_pipe_free(&p);
	}
	return p;
}

/* What the caller must be told now. Under lock. */
static enum pack_pipe_event
event(struct pack_pipe *p, struct pack_pipe_item *item)
{
	const struct batch *b = batch_at(p, p->written);

	if (p->notes_got < p->notes_put) {
		item->note = p->notes[p->notes_got % NOTES].kind;
		item->ino = p->notes[p->notes_got % NOTES].ino;
		p->notes_got++;
		pthread_cond_signal(&p->room);
		return PACK_PIPE_NOTE;
	}
	if (p->fault.err != E_OK)
		return PACK_PIPE_FAILED;
	if (p->written < p->filled && b->left == 0) {
		item->data = b->data;
		item->hash = b->hash;
		item->blocks = b->blocks;
		return PACK_PIPE_BATCH;
	}
	if (p->finished && p->written == p->filled) {
		item->image = p->blocks;
		return PACK_PIPE_END;
	}
	return PACK_PIPE_IDLE;
}

static void
soon(struct timespec *t)
{
	clock_gettime(CLOCK_MONOTONIC, t);
	t->tv_nsec += IDLE_NS;
	if (t->tv_nsec >= 1000000000l) {
		t->tv_sec++;
		t->tv_nsec -= 1000000000l;
	}
}

enum pack_pipe_event
pack_pipe_next(struct pack_pipe *p, struct pack_pipe_item *item)
{
	enum pack_pipe_event ev;
	struct timespec until;
	int e = 0;

	soon(&until);
	pthread_mutex_lock(&p->lock);
	while ((ev = event(p, item)) == PACK_PIPE_IDLE && e == 0)
		e = pthread_cond_timedwait(&p->ready, &p->lock, &until);
	pthread_mutex_unlock(&p->lock);
	return ev;
}

void
pack_pipe_release(struct pack_pipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->written++;
	pthread_cond_signal(&p->room);
	pthread_mutex_unlock(&p->lock);
}

enum err
pack_pipe_fault(struct pack_pipe *p, struct fault *f)
{
	struct fault why;

	pthread_mutex_lock(&p->lock);
	why = p->fault;
	pthread_mutex_unlock(&p->lock);
	return fault_pass(f, &why);
}

void
pack_pipe_free(struct pack_pipe **pp)
{
	struct pack_pipe *p = *pp;
	unsigned i;

	if (p == NULL)
		return;
	stop(p, NULL);
	if (p->reading)
		pthread_join(p->reader, NULL);
	for (i = 0; i < p->workers; i++) {
		pthread_join(p->worker[i].thread, NULL);
		blockcrypt_free(&p->worker[i].crypt);
	}
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->room);
	pthread_cond_destroy(&p->ready);
	pthread_mutex_destroy(&p->lock);
	secret_free(&p->arena);
	free(p);
	*pp = NULL;
}
