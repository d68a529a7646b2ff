/*
 * fuzz_image.c - a signed image that lies, through the answers of the mount: the real operations of fusefs_ops.c, asked by a small
 * kernel that walks the whole tree, with libfuse's replies and the cache of blocks replaced by what is below.
 *
 * The input is two bytes of shape (how many blocks, and where in them the rest of the input begins; how much is asked for at once),
 * the 48 bytes that a superblock uses, and what is in the image from there on. Both offsets of the superblock count from there.
 */
#include "fusefs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <linux/fuse.h>

#include "fuzz.h"

#define BLOCKS_MAX 4u
#define SUPER_FIELDS 48u
#define OPS_MAX 3000u /* what the walk of one input may ask for */
#define VISITS_MAX 300u

/* ---- libfuse, as far as the operations call it -------------------------------------------------------------------------- */

/* One request, and the one answer to it. */
struct fuse_req {
	struct fusefs *fs;
	unsigned answers;
	int err;
	struct fuse_entry_param entry;
	struct stat attr;
	uint64_t handle;
	char *data;
	size_t n;
};

static int
answer(fuse_req_t req, int err)
{
	FUZZ_HOLDS(req->answers++ == 0);
	FUZZ_HOLDS(err >= 0 && err < 4096);
	req->err = err;
	return 0;
}

static void
keep(fuse_req_t req, const void *p, size_t n)
{
	FUZZ_HOLDS((req->data = realloc(req->data, req->n + n + 1)) != NULL);
	if (n > 0)
		memcpy(req->data + req->n, p, n);
	req->n += n;
}

void *
fuse_req_userdata(fuse_req_t req)
{
	return req->fs;
}

int
fuse_reply_err(fuse_req_t req, int err)
{
	return answer(req, err);
}

void
fuse_reply_none(fuse_req_t req)
{
	answer(req, 0);
}

int
fuse_reply_entry(fuse_req_t req, const struct fuse_entry_param *e)
{
	req->entry = *e;
	return answer(req, 0);
}

int
fuse_reply_attr(fuse_req_t req, const struct stat *attr, double timeout)
{
	(void)timeout;
	req->attr = *attr;
	return answer(req, 0);
}

int
fuse_reply_open(fuse_req_t req, const struct fuse_file_info *fi)
{
	req->handle = fi->fh;
	return answer(req, 0);
}

int
fuse_reply_buf(fuse_req_t req, const char *buf, size_t n)
{
	keep(req, buf, n);
	return answer(req, 0);
}

int
fuse_reply_iov(fuse_req_t req, const struct iovec *iov, int count)
{
	FUZZ_HOLDS(count >= 0 && count <= (int)READ_BLOCKS);
	for (int i = 0; i < count; i++)
		keep(req, iov[i].iov_base, iov[i].iov_len);
	return answer(req, 0);
}

int
fuse_reply_statfs(fuse_req_t req, const struct statvfs *s)
{
	(void)s;
	return answer(req, 0);
}

/* ---- the image ---------------------------------------------------------------------------------------------------------- */

static uint8_t *blocks[BLOCKS_MAX]; /* each of exactly its size; all zero between inputs */

struct world {
	struct fusefs fs;
	uint64_t len;
	unsigned reads; /* of inodes and names */
	unsigned held;	/* blocks that were not given back */
	unsigned ops;
	size_t list_size, read_size;
};

static void
poke(uint64_t off, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		blocks[(off + i) / BLOCK_SIZE][(off + i) % BLOCK_SIZE] = p != NULL ? p[i] : 0;
}

static int
read_image(void *arg, void *buf, size_t len, uint64_t off)
{
	struct world *w = arg;

	FUZZ_HOLDS(len > 0 && off < w->len && len <= w->len - off);
	w->reads++;
	for (size_t n; len > 0; len -= n, off += n, buf = (uint8_t *)buf + n) {
		const size_t left = BLOCK_SIZE - (size_t)(off % BLOCK_SIZE);

		n = left < len ? left : len;
		memcpy(buf, blocks[off / BLOCK_SIZE] + off % BLOCK_SIZE, n);
	}
	return 0;
}

/* The cache is the image. A reader must never want a block that there is not. */
int
blockcache_get(struct blockcache *c, uint64_t index, const uint8_t **data)
{
	struct world *w = (struct world *)(void *)c;

	FUZZ_HOLDS(index < w->len / BLOCK_SIZE);
	w->held++;
	*data = blocks[index];
	return 0;
}

void
blockcache_put(struct blockcache *c, const uint8_t *data, bool done)
{
	struct world *w = (struct world *)(void *)c;

	(void)data;
	(void)done;
	FUZZ_HOLDS(w->held > 0);
	w->held--;
}

static void
check_range(struct blockcache *c, uint64_t first, uint64_t count)
{
	struct world *w = (struct world *)(void *)c;

	FUZZ_HOLDS(count > 0 && count <= READAHEAD_WINDOW_MAX + READ_BLOCKS && first + count <= w->len / BLOCK_SIZE);
}

void
blockcache_ahead(struct blockcache *c, uint64_t first, uint64_t count)
{
	check_range(c, first, count);
}

void
blockcache_forget(struct blockcache *c, uint64_t first, uint64_t count)
{
	check_range(c, first, count);
}

/* Here no block is refused by its medium; what is refused is what the image says of itself. */
void
fusefs_refused(struct fusefs *fs, uint32_t ino, uint64_t first, uint64_t count)
{
	(void)fs;
	(void)ino;
	(void)first;
	(void)count;
}

/* ---- a kernel ----------------------------------------------------------------------------------------------------------- */

static struct fuse_req
begin(struct world *w)
{
	w->reads = 0;
	w->ops++;
	return (struct fuse_req){.fs = &w->fs};
}

/* Answered once, nothing held, and not more read than that. */
static void
done(struct world *w, const struct fuse_req *req, uint64_t reads)
{
	FUZZ_HOLDS(req->answers == 1 && w->held == 0);
	FUZZ_HOLDS(w->reads <= reads);
	FUZZ_HOLDS(pthread_rwlock_trywrlock(&w->fs.gate) == 0 && pthread_rwlock_unlock(&w->fs.gate) == 0);
}

static void
check_attr(const struct stat *st, uint64_t number, const struct image_inode *i)
{
	FUZZ_HOLDS(st->st_ino == number && st->st_size >= 0 && st->st_mtim.tv_nsec >= 0 && st->st_mtim.tv_nsec < 1000000000);
	FUZZ_HOLDS(st->st_mode == (i->type == IMAGE_DIR ? (S_IFDIR | 0555) : (S_IFREG | 0444)));
	FUZZ_HOLDS(i->type == IMAGE_DIR || (uint64_t)st->st_size == i->size);
}

static int
getattr(struct world *w, uint64_t number, struct stat *st)
{
	struct fuse_req req = begin(w);

	fusefs_ops.getattr(&req, number, NULL);
	done(w, &req, 1);
	*st = req.attr;
	return req.err;
}

/* 0 and the inode number as FUSE has it (0: none of that name), or an error. */
static int
lookup(struct world *w, uint64_t parent, const char *name, uint64_t *number)
{
	struct fuse_req req = begin(w);

	fusefs_ops.lookup(&req, parent, name);
	done(w, &req, 2 + 2 * 33);
	*number = req.entry.ino;
	return req.err;
}

static int
open_any(struct world *w, uint64_t number, bool as_dir, struct fuse_file_info *fi)
{
	struct fuse_req req = begin(w);

	*fi = (struct fuse_file_info){.flags = O_RDONLY};
	(as_dir ? fusefs_ops.opendir : fusefs_ops.open)(&req, number, fi);
	done(w, &req, 1);
	FUZZ_HOLDS(req.err != 0 || req.handle == fi->fh);
	return req.err;
}

static void
release(struct world *w, uint64_t number, bool as_dir, struct fuse_file_info *fi)
{
	struct fuse_req req = begin(w);

	(as_dir ? fusefs_ops.releasedir : fusefs_ops.release)(&req, number, fi);
	done(w, &req, 0);
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

/* What is read at off is what the image has there, and ends where the file does. Return how much it was. */
static size_t
read_at(struct world *w, uint64_t number, const struct image_inode *i, struct fuse_file_info *fi, uint64_t off, size_t n)
{
	struct fuse_req req = begin(w);
	uint64_t left = off < i->size ? i->size - off : 0, at = i->start + off;
	size_t got;

	fusefs_ops.read(&req, number, n, (off_t)off, fi);
	done(w, &req, 0);
	FUZZ_HOLDS(req.err == (n > READ_MAX ? EIO : 0));
	got = req.n;
	FUZZ_HOLDS(got == (req.err != 0 ? 0 : left < n ? left : n));
	for (size_t k = 0; k < got; k++)
		FUZZ_HOLDS((uint8_t)req.data[k] == blocks[(at + k) / BLOCK_SIZE][(at + k) % BLOCK_SIZE]);
	FUZZ_HOLDS(got == 0 || at + got <= w->fs.image.super.inode_off);
	free(req.data);
	return got;
}

static void
visit_file(struct world *w, uint64_t number, const struct image_inode *i)
{
	struct fuse_file_info fi;
	uint64_t off = 0;
	size_t got;

	FUZZ_HOLDS(open_any(w, number, true, &fi) == ENOTDIR);
	FUZZ_HOLDS(open_any(w, number, false, &fi) == 0);
	for (int k = 0; k < 6 && (got = read_at(w, number, i, &fi, off, w->read_size)) > 0; k++)
		off += got;
	read_at(w, number, i, &fi, i->size, 4096);
	read_at(w, number, i, &fi, i->size / 2, READ_MAX);
	read_at(w, number, i, &fi, INT64_MAX, 1);
	read_at(w, number, i, &fi, 0, READ_MAX + 1);
	release(w, number, false, &fi);
}

/* ---- directories -------------------------------------------------------------------------------------------------------- */

/* Inodes that were found by listing and not visited yet. */
struct todo {
	uint64_t number[VISITS_MAX];
	unsigned count;
};

/* All children there, with good names in the right order: then each must be found. */
static bool
in_order(const struct world *w, uint32_t ino, const struct image_inode *dir)
{
	char name[NAME_MAX_BYTES + 1], last[NAME_MAX_BYTES + 1] = "";
	struct image_inode i;

	for (uint64_t k = 0; k < dir->size; k++) {
		if (image_child(&w->fs.image, ino, dir, k, &i, name) < 0 || strcmp(last, name) >= 0)
			return false;
		strcpy(last, name);
	}
	return true;
}

static void
check_lookup(struct world *w, uint64_t parent, const char *name, uint64_t listed, bool must)
{
	char found_name[NAME_MAX_BYTES + 1];
	struct image_inode i;
	uint64_t found = 0;
	int err = lookup(w, parent, name, &found);

	FUZZ_HOLDS(!must || (err == 0 && found == listed));
	if (err != 0 || found == 0)
		return;
	FUZZ_HOLDS(image_get(&w->fs.image, (uint32_t)(found - FUSE_ROOT_ID), &i) == 0 && i.parent == parent - FUSE_ROOT_ID);
	FUZZ_HOLDS(image_name(&w->fs.image, &i, found_name) > 0 && strcmp(found_name, name) == 0);
}

static void
check_child(
    struct world *w, uint64_t number, const struct image_inode *dir, const struct fuse_dirent *e, bool must, struct todo *todo)
{
	char name[NAME_MAX_BYTES + 1];
	struct image_inode i;

	FUZZ_HOLDS(e->namelen <= NAME_MAX_BYTES && image_name_ok(e->name, e->namelen));
	/* Below its directory in number as in the tree, so that a walk ends. */
	FUZZ_HOLDS(e->ino > number && e->ino - FUSE_ROOT_ID >= dir->start && e->ino - FUSE_ROOT_ID - dir->start < dir->size);
	FUZZ_HOLDS(image_get(&w->fs.image, (uint32_t)(e->ino - FUSE_ROOT_ID), &i) == 0 && i.parent == number - FUSE_ROOT_ID);
	FUZZ_HOLDS(e->type == (i.type == IMAGE_DIR ? S_IFDIR >> 12 : S_IFREG >> 12));
	memcpy(name, e->name, e->namelen);
	name[e->namelen] = '\0';
	check_lookup(w, number, name, e->ino, must);
	if (todo->count < VISITS_MAX)
		todo->number[todo->count++] = e->ino;
}

/* The entries of one answer. Return the position behind the last, or 0 if there is none. */
static uint64_t
check_answer(struct world *w, uint64_t number, const struct image_inode *dir, const struct fuse_req *req, bool plus, uint64_t from,
    bool must, struct todo *todo)
{
	size_t at = 0, skip = plus ? FUSE_NAME_OFFSET_DIRENTPLUS - FUSE_NAME_OFFSET : 0;
	uint64_t last = from;

	while (at < req->n) {
		const struct fuse_dirent *e = (const struct fuse_dirent *)(const void *)(req->data + at + skip);

		FUZZ_HOLDS(at + skip + FUSE_NAME_OFFSET + e->namelen <= req->n);
		FUZZ_HOLDS(e->off > last);
		if (e->off == 1)
			FUZZ_HOLDS(e->namelen == 1 && e->name[0] == '.' && e->ino == number);
		else if (e->off == 2)
			FUZZ_HOLDS(e->namelen == 2 && memcmp(e->name, "..", 2) == 0 && e->ino <= number);
		else
			check_child(w, number, dir, e, must, todo);
		last = e->off;
		at += skip + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + e->namelen);
	}
	FUZZ_HOLDS(at == req->n);
	return req->n > 0 ? last : 0;
}

static void
list(struct world *w, uint64_t number, const struct image_inode *dir, struct fuse_file_info *fi, bool plus, struct todo *todo)
{
	bool must = in_order(w, (uint32_t)(number - FUSE_ROOT_ID), dir), broken = false;
	uint64_t from = 0, next = 0;

	do {
		struct fuse_req req = begin(w);

		(plus ? fusefs_ops.readdirplus : fusefs_ops.readdir)(&req, number, w->list_size, (off_t)from, fi);
		done(w, &req, 2 * (dir->size + 2));
		broken = req.err != 0;
		FUZZ_HOLDS(!broken || req.err == EIO);
		next = broken ? 0 : check_answer(w, number, dir, &req, plus, from, must, todo);
		free(req.data);
		if (next != 0)
			from = next;
	} while (next != 0 && w->ops < OPS_MAX);
	/* Nothing is left out in silence. */
	FUZZ_HOLDS(w->ops >= OPS_MAX || broken || from == dir->size + 2);
	FUZZ_HOLDS(!must || !broken);
}

static void
visit_dir(struct world *w, uint64_t number, const struct image_inode *dir, struct todo *todo)
{
	struct todo ignored = {.count = 0};
	struct fuse_file_info fi;
	uint64_t found;

	FUZZ_HOLDS(open_any(w, number, false, &fi) == EISDIR);
	FUZZ_HOLDS(open_any(w, number, true, &fi) == 0);
	list(w, number, dir, &fi, false, todo);
	list(w, number, dir, &fi, true, &ignored);
	release(w, number, true, &fi);
	FUZZ_HOLDS(lookup(w, number, "..", &found) != 0 || found == 0);
	FUZZ_HOLDS(lookup(w, number, "a/b", &found) != 0 || found == 0);
}

static void
walk(struct world *w)
{
	struct todo todo = {{FUSE_ROOT_ID}, 1};
	struct image_inode i;
	struct stat st;

	for (unsigned k = 0; k < todo.count && w->ops < OPS_MAX; k++) {
		int err = getattr(w, todo.number[k], &st);

		FUZZ_HOLDS(err == 0 || k == 0);
		if (err != 0)
			return;
		FUZZ_HOLDS(image_get(&w->fs.image, (uint32_t)(todo.number[k] - FUSE_ROOT_ID), &i) == 0);
		check_attr(&st, todo.number[k], &i);
		if (i.type == IMAGE_DIR)
			visit_dir(w, todo.number[k], &i, &todo);
		else
			visit_file(w, todo.number[k], &i);
	}
}

/* Numbers that no listing gave away. */
static void
guess(struct world *w)
{
	const uint64_t numbers[] = {
	    0, (uint64_t)w->fs.image.super.inode_count + FUSE_ROOT_ID, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_MAX};
	struct fuse_file_info fi;
	struct stat st;

	for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
		FUZZ_HOLDS(getattr(w, numbers[k], &st) != 0);
		FUZZ_HOLDS(open_any(w, numbers[k], k % 2 == 0, &fi) != 0);
	}
}

/* What is accepted as an inode, whether or not a directory leads to it. */
static void
check_inodes(const struct world *w)
{
	const struct image_super *super = &w->fs.image.super;
	struct image_inode i;

	for (uint32_t ino = 0; ino < super->inode_count && ino < VISITS_MAX; ino++) {
		if (image_get(&w->fs.image, ino, &i) != 0)
			continue;
		FUZZ_HOLDS(ino == 0 ? i.type == IMAGE_DIR && i.parent == 0 : i.parent < ino);
		FUZZ_HOLDS(i.name_off <= super->names_len && i.name_len <= super->names_len - i.name_off);
		if (i.type == IMAGE_DIR)
			FUZZ_HOLDS(i.size == 0 ||
				   (i.start > ino && i.start < super->inode_count && i.size <= super->inode_count - i.start));
		else
			FUZZ_HOLDS(i.start <= super->inode_off && i.size <= super->inode_off - i.start);
	}
}

/* ---- whose byte is that? ------------------------------------------------------------------------------------------------ */

static void
check_path_at(struct world *w, uint64_t off, uint64_t len)
{
	char path[600], *save = NULL, *part;
	int r;

	w->reads = 0;
	r = image_path_at(&w->fs.image, off, len, path, sizeof path);
	FUZZ_HOLDS(w->reads <= 5u * w->fs.image.super.inode_count + 2);
	FUZZ_HOLDS(strnlen(path, sizeof path) < sizeof path && (r == 1) == (path[0] != '\0'));
	if (r != 1)
		return;
	FUZZ_HOLDS(path[0] != '/' && path[strlen(path) - 1] != '/' && strstr(path, "//") == NULL);
	for (part = strtok_r(path, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save))
		FUZZ_HOLDS(image_name_ok(part, strlen(part)));
}

/* ------------------------------------------------------------------------------------------------------------------------- */

static void
build(struct world *w, struct bytes *in, uint64_t *at, struct bytes *content)
{
	unsigned shape = (unsigned)fuzz_number(in, 1), sizes = (unsigned)fuzz_number(in, 1);
	uint8_t super[SUPER_FIELDS];

	w->len = (1 + shape % BLOCKS_MAX) * (uint64_t)BLOCK_SIZE;
	*at = shape % BLOCKS_MAX == 0 ? 0 : BLOCK_SIZE - 64u * (shape / BLOCKS_MAX);
	w->list_size = (size_t[]){4096, 512, 8 * BLOCK_SIZE, 1024}[sizes % 4];
	w->read_size = (size_t[]){131072, 4096, READ_MAX, 1}[sizes / 4 % 4];
	fuzz_fill(in, super, sizeof super);
	memcpy(super, "ONCEIMG1", 8);
	store_le64(super + 8, load_le64(super + 8) + *at);
	store_le64(super + 24, load_le64(super + 24) + *at);
	*content = fuzz_take(in, (size_t)(w->len - IMAGE_SUPER_SIZE - *at));
	poke(*at, content->p, content->n);
	poke(w->len - IMAGE_SUPER_SIZE, super, sizeof super);
}

const unsigned fuzz_parts = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = calloc(1, sizeof *w);
	struct bytes in = BYTES(data, size), content;
	uint64_t at = 0;

	FUZZ_HOLDS(w != NULL);
	for (unsigned i = 0; i < BLOCKS_MAX && blocks[i] == NULL; i++)
		FUZZ_HOLDS((blocks[i] = calloc(1, BLOCK_SIZE)) != NULL);
	build(w, &in, &at, &content);
	if (image_open(&w->fs.image, (struct image_reader){read_image, w}, w->len) == 0) {
		fuzz_took(0);
		w->fs.blocks = w->len / BLOCK_SIZE;
		w->fs.cache = (struct blockcache *)(void *)w;
		w->fs.plus = 1;
		pthread_rwlock_init(&w->fs.gate, NULL);
		pthread_mutex_init(&w->fs.lock, NULL);
		walk(w);
		guess(w);
		check_inodes(w);
		check_path_at(w, at, content.n);
		check_path_at(w, w->len / 2, 1);
		FUZZ_HOLDS(w->fs.handles == NULL && w->fs.busy == 0);
		pthread_mutex_destroy(&w->fs.lock);
		pthread_rwlock_destroy(&w->fs.gate);
	}
	poke(at, NULL, content.n);
	poke(w->len - IMAGE_SUPER_SIZE, NULL, SUPER_FIELDS);
	free(w);
	return 0;
}
