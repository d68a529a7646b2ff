#include "blockcache.h"

#include <sys/mman.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "thread.h"

enum slot_state {
	SLOT_EMPTY,
	SLOT_LOADING,
	SLOT_READY,
	SLOT_FAILED     /* until the last thread that waited for it has seen it */
};

struct slot {
	uint64_t index;
	uint64_t tick;  /* when it was last wanted; 0: reuse it first */
	unsigned pins;  /* threads that hold it, wait for it or load it */
	enum slot_state state;
	bool ahead;     /* loaded, or being loaded, by a worker, and nobody has wanted it yet */
	int err;        /* of SLOT_FAILED */
	pthread_cond_t loaded; /* it left SLOT_LOADING */
};

struct blockcache {
	struct blockcache_source source;
	uint64_t blocks;
	uint8_t *arena;
	size_t slots;

	pthread_mutex_t lock;   /* of all below */
	pthread_cond_t room;    /* a slot may be free for threads that wait for one */
	pthread_cond_t work;    /* the queue is not empty, or closed */
	bool closed;
	unsigned starving;
	uint64_t clock;
	struct slot slot[BLOCKCACHE_SLOTS_MAX];
	uint64_t queue[BLOCKCACHE_QUEUE];
	unsigned queued;
	pthread_t *worker;
	unsigned workers;
};

static uint8_t *
slot_data(const struct blockcache *c, const struct slot *s)
{
	return c->arena + (size_t)(s - c->slot) * BLOCK_SIZE;
}

static void
slot_wipe(struct blockcache *c, struct slot *s)
{
	sodium_memzero(slot_data(c, s), BLOCK_SIZE);
}

static struct slot *
slot_find(struct blockcache *c, uint64_t index)
{
	for (size_t i = 0; i < c->slots; i++) {
		struct slot *s = &c->slot[i];

		if (s->index == index && (s->state == SLOT_READY || s->state == SLOT_LOADING))
			return s;
	}
	return NULL;
}

/* The slot whose block was wanted longest ago, among those that nobody holds; NULL if all are held. */
static struct slot *
slot_victim(struct blockcache *c)
{
	struct slot *victim = NULL;

	for (size_t i = 0; i < c->slots; i++) {
		struct slot *s = &c->slot[i];

		if (s->pins == 0 && (victim == NULL || s->tick < victim->tick))
			victim = s;
	}
	return victim;
}

static void
slot_unpin(struct blockcache *c, struct slot *s)
{
	if (--s->pins > 0)
		return;
	if (s->state == SLOT_FAILED || c->closed) {
		if (s->state == SLOT_READY)
			slot_wipe(c, s);
		s->state = SLOT_EMPTY;
		s->tick = 0;
	}
	if (c->starving > 0)
		pthread_cond_broadcast(&c->room);
}

/* Fetch block index into s, which nobody holds. Called and left with the lock held, and with one pin on s. */
static void
slot_load(struct blockcache *c, struct slot *s, uint64_t index, bool ahead)
{
	int err;

	s->index = index;
	s->state = SLOT_LOADING;
	s->ahead = ahead;
	s->pins = 1;
	s->tick = ++c->clock;
	pthread_mutex_unlock(&c->lock);

	err = c->source.fetch(c->source.arg, index, slot_data(c, s), ahead);
	if (err != 0)
		slot_wipe(c, s);

	pthread_mutex_lock(&c->lock);
	s->state = err == 0 ? SLOT_READY : SLOT_FAILED;
	s->err = err;
	if (s->pins > 1)
		pthread_cond_broadcast(&s->loaded);
}

/* Wait until s, which another thread is loading, is there. Return 0 with a pin on it, -EAGAIN to look again, or why it failed. */
static int
slot_await(struct blockcache *c, struct slot *s)
{
	bool by_worker = s->ahead;
	int err = 0;

	s->pins++;
	while (s->state == SLOT_LOADING)
		pthread_cond_wait(&s->loaded, &c->lock);
	if (s->state == SLOT_READY)
		return 0;
	/* A worker gives up sooner than a reader does. */
	err = by_worker ? -EAGAIN : s->err;
	slot_unpin(c, s);
	return err;
}

/* Try once to get block index into a slot with a pin on it. */
static int
slot_acquire(struct blockcache *c, uint64_t index, struct slot **out)
{
	struct slot *s = slot_find(c, index);
	int err = 0;

	if (s != NULL && s->state == SLOT_READY) {
		s->pins++;
	} else if (s != NULL) {
		err = slot_await(c, s);
	} else if ((s = slot_victim(c)) != NULL) {
		slot_load(c, s, index, false);
		if (s->state == SLOT_FAILED) {
			err = s->err;
			slot_unpin(c, s);
		}
	} else {
		c->starving++;
		pthread_cond_wait(&c->room, &c->lock);
		c->starving--;
		err = -EAGAIN;
	}
	if (err == 0)
		*out = s;
	return err;
}

int
blockcache_get(struct blockcache *c, uint64_t index, const uint8_t **data)
{
	struct slot *s = NULL;
	int err = -EAGAIN;

	if (index >= c->blocks)
		return -EIO;
	pthread_mutex_lock(&c->lock);
	while (err == -EAGAIN && !c->closed)
		err = slot_acquire(c, index, &s);
	if (c->closed) {
		if (err == 0)
			slot_unpin(c, s);
		err = -EIO;
	}
	if (err == 0) {
		s->tick = ++c->clock;
		s->ahead = false;
		*data = slot_data(c, s);
	}
	pthread_mutex_unlock(&c->lock);
	return err;
}

void
blockcache_put(struct blockcache *c, const uint8_t *data, bool done)
{
	struct slot *s = &c->slot[(size_t)(data - c->arena) / BLOCK_SIZE];

	pthread_mutex_lock(&c->lock);
	if (done)
		s->tick = 0;
	slot_unpin(c, s);
	pthread_mutex_unlock(&c->lock);
}

int
blockcache_read(struct blockcache *c, void *buf, size_t len, uint64_t off)
{
	const uint8_t *data = NULL;
	uint8_t *to = buf;
	int err;

	if (off + len < off)
		return -EIO;
	while (len > 0) {
		size_t at = (size_t)(off % BLOCK_SIZE);
		size_t n = len < BLOCK_SIZE - at ? len : BLOCK_SIZE - at;

		err = blockcache_get(c, off / BLOCK_SIZE, &data);
		if (err != 0)
			return err;
		memcpy(to, data + at, n);
		blockcache_put(c, data, false);
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}

/* ---- reading ahead ------------------------------------------------------------------------------------------------------ */

static bool
is_queued(const struct blockcache *c, uint64_t index)
{
	for (unsigned i = 0; i < c->queued; i++)
		if (c->queue[i] == index)
			return true;
	return false;
}

static uint64_t
queue_take(struct blockcache *c)
{
	uint64_t index = c->queue[0];

	c->queued--;
	memmove(c->queue, c->queue + 1, c->queued * sizeof c->queue[0]);
	return index;
}

static void *
work(void *arg)
{
	struct blockcache *c = arg;
	struct slot *s = NULL;
	uint64_t index;

	pthread_mutex_lock(&c->lock);
	while (!c->closed) {
		if (c->queued == 0) {
			pthread_cond_wait(&c->work, &c->lock);
			continue;
		}
		index = queue_take(c);
		if (slot_find(c, index) == NULL && (s = slot_victim(c)) != NULL) {
			slot_load(c, s, index, true);
			slot_unpin(c, s);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

void
blockcache_ahead(struct blockcache *c, uint64_t first, uint64_t count)
{
	if (c->workers == 0 || first >= c->blocks)
		return;
	if (count > c->blocks - first)
		count = c->blocks - first;
	pthread_mutex_lock(&c->lock);
	for (uint64_t i = first; i < first + count && c->queued < BLOCKCACHE_QUEUE && !c->closed; i++) {
		if (is_queued(c, i) || slot_find(c, i) != NULL)
			continue;
		c->queue[c->queued++] = i;
		pthread_cond_signal(&c->work);
	}
	pthread_mutex_unlock(&c->lock);
}

void
blockcache_forget(struct blockcache *c, uint64_t first, uint64_t count)
{
	unsigned kept = 0;

	pthread_mutex_lock(&c->lock);
	for (unsigned i = 0; i < c->queued; i++)
		if (c->queue[i] - first >= count)
			c->queue[kept++] = c->queue[i];
	c->queued = kept;
	for (size_t i = 0; i < c->slots; i++)
		if (c->slot[i].ahead && c->slot[i].index - first < count)
			c->slot[i].tick = 0;
	pthread_mutex_unlock(&c->lock);
}

/* ---- life --------------------------------------------------------------------------------------------------------------- */

static bool
arena_make(struct blockcache *c, size_t slots)
{
	size_t size = slots * BLOCK_SIZE;

	c->arena = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->arena == MAP_FAILED) {
		c->arena = NULL;
		return false;
	}
	c->slots = slots;
	madvise(c->arena, size, MADV_DONTDUMP);
	madvise(c->arena, size, MADV_DONTFORK);
	(void)!mlock(c->arena, size);
	return true;
}

struct blockcache *
blockcache_new(size_t slots)
{
	struct blockcache *c = NULL;

	if (slots < 2 || slots > BLOCKCACHE_SLOTS_MAX)
		return NULL;
	c = calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	if (!arena_make(c, slots)) {
		free(c);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->room, NULL);
	for (size_t i = 0; i < slots; i++)
		pthread_cond_init(&c->slot[i].loaded, NULL);
	pthread_cond_init(&c->work, NULL);
	return c;
}

void
blockcache_start(struct blockcache *c, struct blockcache_source source, uint64_t blocks, unsigned workers)
{
	c->source = source;
	c->blocks = blocks;
	c->worker = calloc(workers, sizeof *c->worker);
	if (c->worker == NULL)
		return;
	while (c->workers < workers && thread_start(&c->worker[c->workers], work, c) == 0)
		c->workers++;
}

void
blockcache_close(struct blockcache *c)
{
	pthread_mutex_lock(&c->lock);
	c->closed = true;
	c->queued = 0;
	for (size_t i = 0; i < c->slots; i++) {
		struct slot *s = &c->slot[i];

		if (s->pins == 0 && s->state == SLOT_READY) {
			slot_wipe(c, s);
			s->state = SLOT_EMPTY;
		}
	}
	pthread_cond_broadcast(&c->room);
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
}

void
blockcache_free(struct blockcache **cache)
{
	struct blockcache *c = *cache;

	if (c == NULL)
		return;
	blockcache_close(c);
	for (unsigned i = 0; i < c->workers; i++)
		pthread_join(c->worker[i], NULL);
	sodium_memzero(c->arena, c->slots * BLOCK_SIZE);
	munmap(c->arena, c->slots * BLOCK_SIZE);
	pthread_cond_destroy(&c->work);
	for (size_t i = 0; i < c->slots; i++)
		pthread_cond_destroy(&c->slot[i].loaded);
	pthread_cond_destroy(&c->room);
	pthread_mutex_destroy(&c->lock);
	free(c->worker);
	free(c);
	*cache = NULL;
}
