/*
 * tree.c - shape and construction of the Merkle tree.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stickio.h"

#define LIST_CORE_MAX ((size_t)1 << 24) /* bytes of hashes kept in memory by a list */
#define LIST_CORE_MIN ((size_t)BLOCK_SIZE)

int
tree_shape_of(struct tree_shape *s, uint64_t n)
{
	struct tree_shape t = {0};
	unsigned k = 0;

	if (n == 0 || n > DATA_BLOCKS_MAX)
		return -1;
	t.count[0] = n;
	do {
		t.first[k + 1] = t.first[k] + t.count[k];
		t.count[k + 1] = (t.count[k] + TREE_FANOUT - 1) / TREE_FANOUT;
		k++;
	} while (t.count[k] > 1);
	t.top = k;
	t.total = t.first[k] + 1;
	*s = t;
	return 0;
}

/* ---- a list of hashes: the first 16 MiB in memory, the rest in a file without a name --------------------------------------- */

struct hash_list {
	uint8_t *core;
	size_t core_n, core_cap;
	uint8_t *tail; /* one block on its way to the file */
	size_t tail_n;
	int fd;
	uint64_t spooled; /* bytes in the file */
	uint64_t count;
};

static void
list_release(struct hash_list *l)
{
	free(l->core);
	free(l->tail);
	if (l->fd >= 0)
		(void)close(l->fd);
	*l = (struct hash_list){.fd = -1};
}

static int
spool_open(const char *dir)
{
	char *path = NULL;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL))
		return fd;
	if (asprintf(&path, "%s/oncestick-tree.XXXXXX", dir) < 0)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	free(path);
	return fd;
}

static int
list_grow(struct hash_list *l)
{
	size_t cap = l->core_cap == 0 ? LIST_CORE_MIN : 2 * l->core_cap;
	uint8_t *p = realloc(l->core, cap);

	if (p == NULL)
		return -1;
	l->core = p;
	l->core_cap = cap;
	return 0;
}

static int
list_flush(struct hash_list *l)
{
	if (stickio_write_full(l->fd, l->tail, l->tail_n, l->spooled) != 0)
		return -1;
	l->spooled += l->tail_n;
	l->tail_n = 0;
	return 0;
}

static int
list_spill(struct hash_list *l, const uint8_t hash[HASH_SIZE], const char *dir)
{
	if (l->fd < 0 && (l->fd = spool_open(dir)) < 0)
		return -1;
	if (l->tail == NULL && (l->tail = malloc(BLOCK_SIZE)) == NULL)
		return -1;
	if (l->tail_n == BLOCK_SIZE && list_flush(l) != 0)
		return -1;
	memcpy(l->tail + l->tail_n, hash, HASH_SIZE);
	l->tail_n += HASH_SIZE;
	l->count++;
	return 0;
}

static int
list_add(struct hash_list *l, const uint8_t hash[HASH_SIZE], const char *dir)
{
	if (l->core_n == LIST_CORE_MAX)
		return list_spill(l, hash, dir);
	if (l->core_n == l->core_cap && list_grow(l) != 0)
		return -1;
	memcpy(l->core + l->core_n, hash, HASH_SIZE);
	l->core_n += HASH_SIZE;
	l->count++;
	return 0;
}

/* Tree block j over the list: its hashes, followed by zeros. The 16 MiB are whole blocks, so none is half in memory. */
static int
list_block(const struct hash_list *l, uint64_t j, uint8_t block[BLOCK_SIZE])
{
	uint64_t off = j * BLOCK_SIZE, all = l->count * HASH_SIZE;
	size_t n = all - off < BLOCK_SIZE ? (size_t)(all - off) : BLOCK_SIZE;

	memset(block + n, 0, BLOCK_SIZE - n);
	if (off < l->core_n) {
		memcpy(block, l->core + off, n);
		return 0;
	}
	off -= l->core_n;
	if (off < l->spooled)
		return stickio_read_full(l->fd, block, n, off);
	memcpy(block, l->tail, n);
	return 0;
}

/* ---- builder ------------------------------------------------------------------------------------------------------------ */

struct tree_builder {
	char *spool_dir;
	struct hash_list data;
};

struct tree_builder *
tree_builder_new(const char *spool_dir)
{
	struct tree_builder *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->data.fd = -1;
	b->spool_dir = strdup(spool_dir);
	if (b->spool_dir == NULL)
		tree_builder_free(&b);
	return b;
}

void
tree_builder_free(struct tree_builder **b)
{
	if (*b == NULL)
		return;
	list_release(&(*b)->data);
	free((*b)->spool_dir);
	free(*b);
	*b = NULL;
}

int
tree_builder_add(struct tree_builder *b, const uint8_t hash[HASH_SIZE])
{
	if (b->data.count == DATA_BLOCKS_MAX) {
		errno = EFBIG;
		return -1;
	}
	return list_add(&b->data, hash, b->spool_dir);
}

struct emitter {
	struct blockcrypt *crypt;
	int (*emit)(void *arg, const uint8_t block[BLOCK_SIZE]);
	void *arg;
	const char *spool_dir;
};

/* Pass on every block of one level, and add its hash to up. */
static int
finish_level(const struct emitter *e, const struct hash_list *down, unsigned level, struct hash_list *up)
{
	uint64_t blocks = (down->count + TREE_FANOUT - 1) / TREE_FANOUT;
	uint8_t hash[HASH_SIZE];
	uint8_t *block = malloc(BLOCK_SIZE);
	int r = -1;

	if (block == NULL)
		return -1;
	for (uint64_t j = 0; j < blocks; j++) {
		r = list_block(down, j, block);
		if (r == 0 && (r = blockcrypt_hash(e->crypt, hash, level, j, block)) != 0)
			errno = ENOMEM;
		if (r == 0)
			r = list_add(up, hash, e->spool_dir);
		if (r == 0)
			r = e->emit(e->arg, block);
		if (r != 0)
			break;
	}
	free(block);
	return r;
}

int
tree_builder_finish(struct tree_builder *b, struct blockcrypt *crypt, int (*emit)(void *arg, const uint8_t block[BLOCK_SIZE]),
    void *arg, uint8_t root[HASH_SIZE])
{
	const struct emitter e = {crypt, emit, arg, b->spool_dir};
	struct hash_list down = {.fd = -1}, up = {.fd = -1};
	int r = -1;

	if (b->data.count == 0) {
		errno = EINVAL;
		return -1;
	}
	r = finish_level(&e, &b->data, 1, &up);
	for (unsigned level = 2; r == 0 && up.count > 1; level++) {
		list_release(&down);
		down = up;
		up = (struct hash_list){.fd = -1};
		r = finish_level(&e, &down, level, &up);
	}
	if (r == 0)
		memcpy(root, up.core, HASH_SIZE);
	list_release(&down);
	list_release(&up);
	return r;
}
