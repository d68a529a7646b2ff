/*
 * fusefs_ops.c - the answers to the kernel's requests.
 *
 * FUSE's inode number is the image's plus 1 (FUSE_ROOT_ID is image inode 0). The image never changes, so a number means the same
 * file forever, nothing is allocated for it, and nothing need be counted that the kernel remembers or forgets.
 *
 * Every operation answers exactly once. An answer that contains something is sent while the gate is held open; fusefs_silence
 * shuts the gate for good. Refusals may be sent at any time.
 */
#include "fusefs_internal.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "filestat.h"

#define FOREVER (365.0 * 86400.0) /* seconds: content never changes while it is mounted */

/*
 * How many blocks may be fetched ahead for all readers together; the rest of the cache is for inodes, names and what is being
 * read.
 */
#define AHEAD_BLOCKS 64u

/* A listing continues after entries that cannot be read, but not forever. */
#define BROKEN_MAX 65536u

/* ---- the gate ----------------------------------------------------------------------------------------------------------- */

static bool
gate_enter(struct fusefs *fs)
{
	pthread_rwlock_rdlock(&fs->gate);
	if (!fs->silent)
		return true;
	pthread_rwlock_unlock(&fs->gate);
	return false;
}

static void
gate_leave(struct fusefs *fs)
{
	pthread_rwlock_unlock(&fs->gate);
}

/* The kernel takes errno values, not negative ones. */
static void
refuse(fuse_req_t req, int err)
{
	fuse_reply_err(req, err < 0 ? -err : err);
}

/* ---- inodes ----------------------------------------------------------------------------------------------------------- */

/* The image inode for FUSE's number. */
static int
get_inode(struct fusefs *fs, fuse_ino_t number, struct image_inode *i)
{
	if (number < FUSE_ROOT_ID || number - FUSE_ROOT_ID > UINT32_MAX)
		return -ENOENT;
	return image_get(&fs->image, (uint32_t)(number - FUSE_ROOT_ID), i);
}

static void
fill_stat(const struct fusefs *fs, uint32_t ino, const struct image_inode *i, struct stat *st)
{
	memset(st, 0, sizeof *st);
	st->st_ino = (ino_t)ino + FUSE_ROOT_ID;
	st->st_uid = fs->uid;
	st->st_gid = fs->gid;
	st->st_blksize = BLOCK_SIZE;
	st->st_mtim.tv_sec = filestat_second(i->mtime_s);
	st->st_mtim.tv_nsec = st->st_mtim.tv_sec == i->mtime_s ? (long)i->mtime_ns : 0;
	st->st_atim = st->st_ctim = st->st_mtim;
	/* For a directory, a link count of one says that its subdirectories were not counted. */
	st->st_nlink = 1;
	if (i->type == IMAGE_DIR) {
		st->st_mode = S_IFDIR | 0555;
	} else {
		st->st_mode = S_IFREG | 0444;
		st->st_size = (off_t)i->size;
		st->st_blocks = (blkcnt_t)(i->size / 512 + (i->size % 512 != 0));
	}
}

static struct fuse_entry_param
entry_of(const struct fusefs *fs, uint32_t ino, const struct image_inode *i)
{
	struct fuse_entry_param e = { .ino = (fuse_ino_t)ino + FUSE_ROOT_ID, .attr_timeout = FOREVER, .entry_timeout = FOREVER };

	fill_stat(fs, ino, i, &e.attr);
	return e;
}

/* ---- open files --------------------------------------------------------------------------------------------------------- */

static struct handle *
handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

static struct handle *
handle_new(struct fusefs *fs, fuse_ino_t number, const struct image_inode *inode)
{
	struct handle *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->ino = (uint32_t)(number - FUSE_ROOT_ID);
	h->inode = *inode;
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_lock(&fs->lock);
	h->next = fs->handles;
	if (h->next != NULL)
		h->next->prev = h;
	fs->handles = h;
	pthread_mutex_unlock(&fs->lock);
	return h;
}

static void
apply(struct fusefs *fs, const struct readahead_plan *plan)
{
	if (plan->busier != 0)
		fs->busy += plan->busier;
	if (plan->forget_count > 0)
		blockcache_forget(fs->cache, plan->forget_first, plan->forget_count);
	if (plan->fetch_count > 0)
		blockcache_ahead(fs->cache, plan->fetch_first, plan->fetch_count);
}

void
fusefs_handle_free(struct fusefs *fs, struct handle *h)
{
	struct readahead_plan plan;

	pthread_mutex_lock(&fs->lock);
	if (h->next != NULL)
		h->next->prev = h->prev;
	if (h->prev != NULL)
		h->prev->next = h->next;
	else
		fs->handles = h->next;
	pthread_mutex_unlock(&fs->lock);
	for (unsigned i = 0; i < READAHEAD_PLACES; i++) {
		plan = readahead_drop(&h->ahead, i);
		apply(fs, &plan);
	}
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* ---- names and attributes ----------------------------------------------------------------------------------------------- */

static void
op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct fusefs *fs = userdata;

	conn->want = conn->capable & (FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS);
#ifdef FUSE_CAP_DIRECT_IO_ALLOW_MMAP
	fs->direct = !fs->page_cache && (conn->capable & FUSE_CAP_DIRECT_IO_ALLOW_MMAP) != 0;
	if (fs->direct)
		conn->want |= FUSE_CAP_DIRECT_IO_ALLOW_MMAP;
#else
	(void)fs;
#endif
	conn->time_gran = 1;
	conn->max_write = READ_MAX; /* limits reads, too: the kernel has one maximum number of pages for a request */
}

/* Note it first: as soon as the answer is sent somebody may ask for the status, and the reader may be gone. */
static void
refuse_unread(struct fusefs *fs, fuse_req_t req, int err)
{
	if (err == -EIO)
		fusefs_refused(fs, 0, 0, 0);
	refuse(req, err);
}

static void
op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fusefs *fs = fuse_req_userdata(req);
	struct fuse_entry_param e = { .entry_timeout = FOREVER };
	struct image_inode dir, i = {0};
	int64_t ino = strlen(name) > NAME_MAX_BYTES ? -ENAMETOOLONG : get_inode(fs, parent, &dir);

	if (ino == 0)
		ino = dir.type == IMAGE_DIR ?
		    image_lookup(&fs->image, (uint32_t)(parent - FUSE_ROOT_ID), &dir, name, strlen(name), &i) : -ENOTDIR;
	if (ino >= 0) {
		e = entry_of(fs, (uint32_t)ino, &i);
		fs->looked++;
	}
	if (ino < 0 && ino != -ENOENT) {
		refuse_unread(fs, req, (int)ino);
	} else if (gate_enter(fs)) {
		/* Inode number 0 lets the kernel remember that there is no such name. */
		fuse_reply_entry(req, &e);
		gate_leave(fs);
	} else {
		refuse(req, EIO);
	}
}

static void
op_forget(fuse_req_t req, fuse_ino_t number, uint64_t count)
{
	(void)number;
	(void)count;
	fuse_reply_none(req);
}

static void
op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	(void)count;
	(void)forgets;
	fuse_reply_none(req);
}

static void
op_getattr(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *fi)
{
	struct fusefs *fs = fuse_req_userdata(req);
	struct image_inode i;
	struct stat st;
	int err = get_inode(fs, number, &i);

	(void)fi;
	if (err != 0) {
		refuse_unread(fs, req, err);
	} else if (gate_enter(fs)) {
		fill_stat(fs, (uint32_t)(number - FUSE_ROOT_ID), &i, &st);
		fuse_reply_attr(req, &st, FOREVER);
		gate_leave(fs);
	} else {
		refuse(req, EIO);
	}
}

static void
op_access(fuse_req_t req, fuse_ino_t number, int mask)
{
	struct fusefs *fs = fuse_req_userdata(req);
	struct image_inode i;
	int err = get_inode(fs, number, &i);

	if (err == 0 && (mask & W_OK) != 0)
		err = EROFS;
	if (err == 0 && (mask & X_OK) != 0 && i.type != IMAGE_DIR)
		err = EACCES;
	refuse_unread(fs, req, err == 0 && fs->silent ? EIO : err);
}

static void
op_statfs(fuse_req_t req, fuse_ino_t number)
{
	struct fusefs *fs = fuse_req_userdata(req);
	struct statvfs sv = { .f_bsize = 4096, .f_frsize = 4096, .f_namemax = NAME_MAX_BYTES };

	(void)number;
	sv.f_blocks = fs->blocks * (BLOCK_SIZE / 4096);
	sv.f_files = fs->image.super.inode_count;
	if (gate_enter(fs)) {
		fuse_reply_statfs(req, &sv);
		gate_leave(fs);
	} else {
		refuse(req, EIO);
	}
}

/* There are none, and we say so: otherwise a copy that keeps attributes reports that it cannot. */
static void
op_listxattr(fuse_req_t req, fuse_ino_t number, size_t size)
{
	(void)number;
	if (size == 0)
		fuse_reply_xattr(req, 0);
	else
		fuse_reply_buf(req, NULL, 0);
}

/* ---- opening ------------------------------------------------------------------------------------------------------------ */

static bool
is_direct(const struct fusefs *fs, const struct image_inode *i)
{
	return fs->direct && i->type == IMAGE_FILE && i->size >= DIRECT_SIZE;
}

static void
open_as(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *fi, enum image_type type)
{
	struct fusefs *fs = fuse_req_userdata(req);
	struct handle *h = NULL;
	struct image_inode i;
	int err = get_inode(fs, number, &i);

	if (err == 0 && i.type != type)
		err = type == IMAGE_DIR ? ENOTDIR : EISDIR;
	if (err == 0)
		h = handle_new(fs, number, &i);
	if (h == NULL) {
		refuse_unread(fs, req, err == 0 ? ENOMEM : err);
		return;
	}
	fi->fh = (uint64_t)(uintptr_t)h;
	fi->direct_io = is_direct(fs, &i);
	fi->keep_cache = !fi->direct_io;
	fi->cache_readdir = type == IMAGE_DIR;
	fi->noflush = 1;
	if (gate_enter(fs)) {
		err = fuse_reply_open(req, fi);
		gate_leave(fs);
		/* The opener was interrupted: nobody will release it. */
		if (err != 0)
			fusefs_handle_free(fs, h);
	} else {
		fusefs_handle_free(fs, h);
		refuse(req, EIO);
	}
}

static void
op_open(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *fi)
{
	if ((fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC) != 0)
		refuse(req, EROFS);
	else
		open_as(req, number, fi, IMAGE_FILE);
}

static void
op_opendir(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *fi)
{
	open_as(req, number, fi, IMAGE_DIR);
}

static void
op_release(fuse_req_t req, fuse_ino_t number, struct fuse_file_info *fi)
{
	(void)number;
	fusefs_handle_free(fuse_req_userdata(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- reading files ------------------------------------------------------------------------------------------------------ */

static void
look_ahead(struct fusefs *fs, struct handle *h, uint64_t off, uint64_t len)
{
	int busy = fs->busy;
	unsigned limit = busy > 1 ? AHEAD_BLOCKS / (unsigned)busy : READAHEAD_WINDOW_MAX;
	struct readahead_plan plan;

	if (limit > READAHEAD_WINDOW_MAX)
		limit = READAHEAD_WINDOW_MAX;
	if (limit == 0)
		limit = 1;
	pthread_mutex_lock(&h->lock);
	plan = readahead_next(&h->ahead, off, len, h->inode.start + h->inode.size, limit);
	pthread_mutex_unlock(&h->lock);
	if (busy >= 0 && (unsigned)busy >= fs->processors)
		plan.fetch_count = 0; /* so many readers keep the processors busy anyway */
	else /* the rest of this request is fetched in parallel with its first block */
		blockcache_ahead(fs->cache, off / BLOCK_SIZE + 1, (off + len - 1) / BLOCK_SIZE - off / BLOCK_SIZE);
	apply(fs, &plan);
}

/* Blocks that are held for one answer. */
struct span {
	struct iovec part[READ_BLOCKS];
	const uint8_t *block[READ_BLOCKS];
	int count;
	bool last_done;         /* the answer ends where the last block does */
};

static void
span_put(struct fusefs *fs, struct span *s)
{
	for (int i = 0; i < s->count; i++)
		blockcache_put(fs->cache, s->block[i], i + 1 < s->count || s->last_done);
	s->count = 0;
}

/* Hold all blocks of [off, off + len), or none. */
static int
span_get(struct fusefs *fs, struct span *s, uint64_t off, size_t len)
{
	int err = 0;

	*s = (struct span){ .last_done = (off + len) % BLOCK_SIZE == 0 };
	while (len > 0 && err == 0) {
		size_t at = (size_t)(off % BLOCK_SIZE);
		size_t n = len < BLOCK_SIZE - at ? len : BLOCK_SIZE - at;

		err = blockcache_get(fs->cache, off / BLOCK_SIZE, &s->block[s->count]);
		if (err != 0)
			break;
		s->part[s->count].iov_base = (void *)(uintptr_t)(s->block[s->count] + at);
		s->part[s->count].iov_len = n;
		s->count++;
		off += n;
		len -= n;
	}
	if (err != 0)
		span_put(fs, s);
	return err;
}

static void
op_read(fuse_req_t req, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct fusefs *fs = fuse_req_userdata(req);
	struct handle *h = handle_of(fi);
	uint64_t from = offset < 0 ? 0 : (uint64_t)offset, at;
	struct span s;
	int err;

	(void)number;
	if (offset < 0 || size > READ_MAX) {
		refuse(req, offset < 0 ? EINVAL : EIO);
		return;
	}
	if (from > h->inode.size)
		from = h->inode.size;
	if (size > h->inode.size - from)
		size = (size_t)(h->inode.size - from);
	at = h->inode.start + from;
	/*
	 * A large request is the kernel's own read-ahead, unless the page cache is bypassed, and the kernel has others under way
	 * at the same time. That keeps the processors busy, and a block is cheapest if the thread that decrypts it also sends it.
	 */
	if (size > 0 && (size < READ_MAX / 2 || is_direct(fs, &h->inode)))
		look_ahead(fs, h, at, size);
	err = span_get(fs, &s, at, size);
	if (err != 0) {
		fusefs_refused(fs, h->ino, at / BLOCK_SIZE, (at + size - 1) / BLOCK_SIZE - at / BLOCK_SIZE + 1);
		refuse(req, EIO);
		return;
	}
	if (gate_enter(fs)) {
		fuse_reply_iov(req, s.part, s.count);
		gate_leave(fs);
	} else {
		refuse(req, EIO);
	}
	span_put(fs, &s);
}

/* ---- reading directories ------------------------------------------------------------------------------------------------ */

struct listing {
	fuse_req_t req;
	struct fusefs *fs;
	bool plus;              /* the kernel's form of answer */
	bool attributes;
	char *buf;
	size_t size, used;
};

/* Add one entry; false if it does not fit. */
static bool
list_entry(struct listing *l, const char *name, uint32_t ino, const struct image_inode *i, off_t next)
{
	struct fuse_entry_param e = entry_of(l->fs, ino, i);
	size_t left = l->size - l->used, need;

	if (!l->attributes) {
		e.ino = 0; /* the kernel takes name and type only */
		l->fs->bare++;
	}
	need = l->plus ? fuse_add_direntry_plus(l->req, l->buf + l->used, left, name, &e, next) :
	    fuse_add_direntry(l->req, l->buf + l->used, left, name, &e.attr, next);
	if (need > left)
		return false;
	l->used += need;
	return true;
}

static int
list_self(struct listing *l, const struct handle *h)
{
	return list_entry(l, ".", h->ino, &h->inode, 1) ? 1 : 0;
}

static int
list_parent(struct listing *l, const struct handle *h)
{
	struct image_inode i;
	int err = image_get(&l->fs->image, h->inode.parent, &i);

	if (err != 0)
		return err;
	return list_entry(l, "..", h->inode.parent, &i, 2) ? 1 : 0;
}

static int
list_child(struct listing *l, const struct handle *h, uint64_t k)
{
	char name[NAME_MAX_BYTES + 1];
	struct image_inode i;
	int64_t ino = image_child(&l->fs->image, h->ino, &h->inode, k, &i, name);

	if (ino < 0)
		return (int)ino;
	return list_entry(l, name, (uint32_t)ino, &i, (off_t)(k + 3)) ? 1 : 0;
}

/*
 * Fill l from position at: 0 is the directory itself, 1 the one above, then the children follow. Entries that cannot be read are
 * left out and remembered, so that everything else is listed before the reader gets an error. Return 0 or a negative errno.
 */
static int
list_from(struct listing *l, struct handle *h, uint64_t at)
{
	unsigned broken = 0;
	int got = 1;

	for (; at < h->inode.size + 2 && got != 0 && broken < BROKEN_MAX; at++) {
		if (at == 0)
			got = list_self(l, h);
		else if (at == 1)
			got = list_parent(l, h);
		else
			got = list_child(l, h, at - 2);
		if (got < 0) {
			broken++;
			if (l->fs->silent)
				break;
		}
	}
	pthread_mutex_lock(&h->lock);
	h->broken = h->broken || broken > 0;
	got = h->broken && l->used == 0 ? -EIO : 0;
	pthread_mutex_unlock(&h->lock);
	return got;
}

/* Whether the listing that begins now gets attributes. */
static bool
attributes_wanted(struct fusefs *fs)
{
	unsigned bare = atomic_exchange(&fs->bare, 0), looked = atomic_exchange(&fs->looked, 0), plus;

	if (bare > 0 && looked >= bare / 2)
		fs->plus = PLUS_AGAIN;
	plus = fs->plus;
	if (plus > 0)
		fs->plus = plus - 1;
	return plus > 0;
}

static void
list(fuse_req_t req, size_t size, off_t offset, const struct fuse_file_info *fi, bool plus)
{
	struct fusefs *fs = fuse_req_userdata(req);
	struct handle *h = handle_of(fi);
	struct listing l = { .req = req, .fs = fs, .plus = plus, .size = size };
	int err = 0;

	if (offset < 0 || size > READ_MAX) {
		refuse(req, EINVAL);
		return;
	}
	l.buf = malloc(size > 0 ? size : 1);
	if (l.buf == NULL) {
		refuse(req, ENOMEM);
		return;
	}
	pthread_mutex_lock(&h->lock);
	if (offset == 0) {
		h->broken = false;
		h->plus = attributes_wanted(fs);
	}
	l.attributes = h->plus;
	pthread_mutex_unlock(&h->lock);
	err = list_from(&l, h, (uint64_t)offset);
	if (err != 0) {
		refuse_unread(fs, req, err);
	} else if (gate_enter(fs)) {
		fuse_reply_buf(req, l.buf, l.used);
		gate_leave(fs);
	} else {
		refuse(req, EIO);
	}
	sodium_memzero(l.buf, l.used);
	free(l.buf);
}

static void
op_readdir(fuse_req_t req, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)number;
	list(req, size, offset, fi, false);
}

static void
op_readdirplus(fuse_req_t req, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)number;
	list(req, size, offset, fi, true);
}

const struct fuse_lowlevel_ops fusefs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.access = op_access,
	.statfs = op_statfs,
	.listxattr = op_listxattr,
	.open = op_open,
	.read = op_read,
	.release = op_release,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_release,
};
