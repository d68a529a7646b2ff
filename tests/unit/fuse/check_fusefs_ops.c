/*
 * check_fusefs_ops.c - what the mount says, and when it says no more: fusefs.c and fusefs_ops.c behind a kernel that is a socket.
 */
#include "fusefs_internal.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "calls.h"
#include "filestat.h"
#include "fusefs.h"
#include "kernel.h"
#include "leaks.h"
#include "sample_bundle.h"
#include "suite.h"
#include "thread.h"

#define B ((uint64_t)BLOCK_SIZE)
#define BLOCKS 24u
#define FIRST_FREE 5u                   /* inodes from here are in a block of their own */
#define INODES_LATE 22u                 /* that one */
#define NAMES_OFF (23 * B)
#define DEEP 200                        /* length of two names */

enum { ROOT, A, BIG, CLIPS, FILM, HALF, DEEPER, ONE, TWO, LAST, INODES };

/* The film ends where a block does; the large file begins and ends elsewhere. */
static struct image_inode inodes[INODES] = {
	[ROOT] = {.type = IMAGE_DIR, .size = 6, .start = A, .mtime_s = 1700000000},
	[A] = {.type = IMAGE_FILE, .name_len = 5, .size = 6, .start = 18 * B, .mtime_s = 1700000001, .mtime_ns = 999999999},
	[BIG] = {.type = IMAGE_FILE, .name_len = 3, .size = 17 * B + 100, .start = 4096},
	[CLIPS] = {.type = IMAGE_DIR, .name_len = 5, .size = 2, .start = ONE, .mtime_s = -5},
	[FILM] = {.type = IMAGE_FILE, .name_len = 4, .size = 2 * B, .start = 19 * B},
	[HALF] = {.type = IMAGE_FILE, .name_len = 4, .size = 513, .start = 18 * B + 512},
	[DEEPER] = {.type = IMAGE_DIR, .name_len = DEEP, .size = 1, .start = LAST},
	[ONE] = {.type = IMAGE_FILE, .name_len = 3, .parent = CLIPS, .size = 512, .start = 18 * B + 2048},
	[TWO] = {.type = IMAGE_FILE, .name_len = 3, .parent = CLIPS, .size = 0, .start = 18 * B},
	[LAST] = {.type = IMAGE_FILE, .name_len = DEEP, .parent = DEEPER, .size = 511, .start = 17 * B + 8192},
};
static char names[INODES][DEEP + 1] = {"", "a.txt", "big", "clips", "film", "half", "", "one", "two", ""};

static uint8_t image[BLOCKS * BLOCK_SIZE];
static struct sample s;
static struct bundle *bundle;
static struct blockcrypt *cipher;
static struct kernel k;
static struct fusefs *fs;
static int ended = -1;
static struct fault fault;

/* ---- the ways out ------------------------------------------------------------------------------------------------------- */

static _Atomic int unreadable;          /* this block of the stick gives EIO; -1: none */

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	if (off == (off_t)unreadable * (off_t)B) {
		errno = EIO;
		return -1;
	}
	return call_pread(fd, buf, n, off);
}

static unsigned threads_left = ~0u;     /* how many can be made */

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
	    (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");

	return threads_left-- > 0 ? real(thread, attr, run, arg) : EAGAIN;
}

struct range {
	uint64_t first, count;
};

static struct range aheads[64], forgets[64];
static unsigned ahead_n, forget_n;

void __real_blockcache_ahead(struct blockcache *c, uint64_t first, uint64_t count);
void __wrap_blockcache_ahead(struct blockcache *c, uint64_t first, uint64_t count);
void __real_blockcache_forget(struct blockcache *c, uint64_t first, uint64_t count);
void __wrap_blockcache_forget(struct blockcache *c, uint64_t first, uint64_t count);

/* Questions come one at a time here, and each is answered after this. */
void
__wrap_blockcache_ahead(struct blockcache *c, uint64_t first, uint64_t count)
{
	if (count > 0 && ahead_n < 64)
		aheads[ahead_n++] = (struct range){first, count};
	__real_blockcache_ahead(c, first, count);
}

void
__wrap_blockcache_forget(struct blockcache *c, uint64_t first, uint64_t count)
{
	if (forget_n < 64)
		forgets[forget_n++] = (struct range){first, count};
	__real_blockcache_forget(c, first, count);
}

/* ---- set-up ------------------------------------------------------------------------------------------------------------- */

static void
make_image(void)
{
	struct image_super super = {22 * B - FIRST_FREE * IMAGE_INODE_SIZE, INODES, NAMES_OFF, 0, 0};

	for (size_t i = 0; i < sizeof image; i++)
		image[i] = (uint8_t)(i * 2654435761u >> 11);
	memset(names[DEEPER], 'z', DEEP);
	memset(names[LAST], 'y', DEEP);
	for (unsigned i = 0; i < INODES; i++) {
		inodes[i].name_off = super.names_len;
		memcpy(image + super.names_off + super.names_len, names[i], inodes[i].name_len);
		super.names_len += inodes[i].name_len;
		super.file_bytes += inodes[i].type == IMAGE_FILE ? inodes[i].size : 0;
		image_inode_encode(image + super.inode_off + i * IMAGE_INODE_SIZE, &inodes[i]);
	}
	image_super_encode(image + sizeof image - IMAGE_SUPER_SIZE, &super);
}

static int
fill(void *arg, uint64_t i, uint8_t block[BLOCK_SIZE])
{
	(void)arg;
	memcpy(block, image + i * B, BLOCK_SIZE);
	ck_assert_int_eq(blockcrypt_crypt(cipher, block, s.ck, i), 0);
	return 1;
}

static void
open_bundle(void)
{
	sample_write(&s, 0xb0, BLOCKS, fill, NULL);
	ck_assert_int_eq(bundle_open(&bundle, s.once_fd, s.m.bundle_id, s.m.hash, &fault), E_OK);
	ck_assert_int_eq(bundle_unlock(bundle, s.ck), E_OK);
}

static void
adopt(int type)
{
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, kernel_begin(&k, type), &fault), E_OK);
	kernel_init(&k);
}

static void
start(void)
{
	ck_assert_int_eq(fusefs_start(fs, ended, &fault), E_OK);
	ck_assert_int_eq(kernel_hear(&k), 0);
}

static void
setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	unreadable = -1;
	ck_assert_ptr_nonnull(cipher = blockcrypt_new(NULL));
	ck_assert_int_ge(ended = eventfd(0, EFD_CLOEXEC), 0);
	sample_begin(&s);
	make_image();
	open_bundle();
}

/* The servers end, each by itself; the last says so, once. */
static void
await_end(void)
{
	struct pollfd p = {.fd = ended, .events = POLLIN};
	uint64_t n = 0;

	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	ck_assert_int_eq(read(ended, &n, sizeof n), sizeof n);
	ck_assert_uint_eq(n, 1);
}

static void
teardown(void)
{
	if (fs != NULL && k.fd >= 0) {
		kernel_end(&k);
		if (fs->servers > 0)
			await_end();
	}
	fusefs_free(&fs);
	ck_assert_ptr_null(fs);
	bundle_free(&bundle);
	blockcrypt_free(&cipher);
	sample_end(&s);
	close(ended);
}

static void
setup_served(void)
{
	setup();
	adopt(SOCK_SEQPACKET);
	start();
}

/* ---- questions ---------------------------------------------------------------------------------------------------------- */

static uint64_t
node(unsigned ino)
{
	return ino + FUSE_ROOT_ID;
}

static int
getattr(uint64_t number, struct fuse_attr_out *out)
{
	const struct fuse_getattr_in in = {0};
	int err = kernel_ask(&k, FUSE_GETATTR, number, &in, sizeof in);

	if (err == 0) {
		ck_assert_uint_eq(k.len, sizeof *out);
		memcpy(out, k.data, sizeof *out);
	}
	return err;
}

static int
lookup(uint64_t parent, const char *name, struct fuse_entry_out *out)
{
	int err = kernel_ask(&k, FUSE_LOOKUP, parent, name, strlen(name) + 1);

	if (err == 0) {
		ck_assert_uint_eq(k.len, sizeof *out);
		memcpy(out, k.data, sizeof *out);
	}
	return err;
}

static int
open_as(uint32_t opcode, unsigned ino, int flags, struct fuse_open_out *out)
{
	const struct fuse_open_in in = {.flags = (uint32_t)flags};
	int err = kernel_ask(&k, opcode, node(ino), &in, sizeof in);

	if (err == 0) {
		ck_assert_uint_eq(k.len, sizeof *out);
		memcpy(out, k.data, sizeof *out);
	}
	return err;
}

static uint64_t
opened(unsigned ino)
{
	struct fuse_open_out out = {0};

	ck_assert_int_eq(open_as(inodes[ino].type == IMAGE_DIR ? FUSE_OPENDIR : FUSE_OPEN, ino, O_RDONLY, &out), 0);
	return out.fh;
}

static void
released(unsigned ino, uint64_t fh)
{
	const struct fuse_release_in in = {.fh = fh};

	ck_assert_int_eq(
	    kernel_ask(&k, inodes[ino].type == IMAGE_DIR ? FUSE_RELEASEDIR : FUSE_RELEASE, node(ino), &in, sizeof in), 0);
}

static int
read_as(uint32_t opcode, unsigned ino, uint64_t fh, uint64_t off, size_t size)
{
	const struct fuse_read_in in = {.fh = fh, .offset = off, .size = (uint32_t)size};

	return kernel_ask(&k, opcode, node(ino), &in, sizeof in);
}

static int
read_file(unsigned ino, uint64_t fh, uint64_t off, size_t size)
{
	return read_as(FUSE_READ, ino, fh, off, size);
}

static void
assert_read(unsigned ino, uint64_t fh, uint64_t off, size_t size)
{
	size_t want = off >= inodes[ino].size ? 0 : inodes[ino].size - off < size ? (size_t)(inodes[ino].size - off) : size;

	ck_assert_int_eq(read_file(ino, fh, off, size), 0);
	ck_assert_uint_eq(k.len, want);
	if (want > 0)
		ck_assert_mem_eq(k.data, image + inodes[ino].start + off, want);
}

/* ---- names and attributes ----------------------------------------------------------------------------------------------- */

START_TEST(large_files_go_past_the_page_cache_where_they_can_be_mapped)
{
	struct fusefs some = {0};
	struct fuse_conn_info conn = {0};
	struct fuse_open_out out;

	fusefs_ops.init(&some, &conn);
	ck_assert(!some.direct);
#ifdef FUSE_CAP_DIRECT_IO_ALLOW_MMAP
	conn.capable = FUSE_CAP_DIRECT_IO_ALLOW_MMAP;
	fusefs_ops.init(&some, &conn);
	ck_assert(some.direct);
	ck_assert_uint_eq(conn.want, FUSE_CAP_DIRECT_IO_ALLOW_MMAP);
	fusefs_page_cache(&some);
	fusefs_ops.init(&some, &conn);
	ck_assert(!some.direct);
	ck_assert_uint_eq(conn.want, 0);
#endif
	adopt(SOCK_SEQPACKET);
	start();
	fs->direct = true;
	(void)opened(BIG);
	ck_assert_uint_eq(k.len, sizeof out);
	memcpy(&out, k.data, sizeof out);
	ck_assert_uint_eq(out.open_flags & (FOPEN_DIRECT_IO | FOPEN_KEEP_CACHE), FOPEN_KEEP_CACHE);
}
END_TEST

START_TEST(the_kernel_is_told_what_is_used)
{
	struct fuse_conn_info conn = {.capable = ~0u, .want = ~0u};
	struct fusefs all = {.page_cache = true};
	struct fuse_init_out out;

	fusefs_ops.init(&all, &conn); /* libfuse 3.14 does not pass all of it on */
	ck_assert_uint_eq(conn.want, FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS);
	conn.capable = FUSE_CAP_ASYNC_READ;
	fusefs_ops.init(&all, &conn);
	ck_assert_uint_eq(conn.want, FUSE_CAP_ASYNC_READ);
	adopt(SOCK_SEQPACKET);
	start();
	ck_assert_uint_eq(k.len, sizeof out);
	memcpy(&out, k.data, sizeof out);
	ck_assert_uint_eq(out.max_write, READ_MAX);
	ck_assert_uint_eq(out.max_pages, READ_MAX / (unsigned)getpagesize());
	ck_assert_uint_eq(out.time_gran, 1);
	ck_assert_uint_eq(out.flags & (FUSE_ASYNC_READ | FUSE_ASYNC_DIO | FUSE_DO_READDIRPLUS),
	    FUSE_ASYNC_READ | FUSE_ASYNC_DIO | FUSE_DO_READDIRPLUS);
	ck_assert_uint_eq(out.flags & (FUSE_ATOMIC_O_TRUNC | FUSE_WRITEBACK_CACHE | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS |
	    FUSE_READDIRPLUS_AUTO | FUSE_SPLICE_READ | FUSE_EXPORT_SUPPORT), 0);
}
END_TEST

static void
assert_attr(const struct fuse_attr *a, unsigned ino)
{
	const struct image_inode *i = &inodes[ino];
	bool dir = i->type == IMAGE_DIR;

	ck_assert_uint_eq(a->ino, node(ino));
	ck_assert_uint_eq(a->mode, dir ? S_IFDIR | 0555 : S_IFREG | 0444);
	ck_assert_uint_eq(a->nlink, 1);
	ck_assert(a->uid == getuid() && a->gid == getgid());
	ck_assert_uint_eq(a->blksize, BLOCK_SIZE);
	ck_assert_uint_eq(a->size, dir ? 0 : i->size);
	ck_assert_uint_eq(a->blocks, dir ? 0 : (i->size + 511) / 512);
	ck_assert_int_eq((int64_t)a->mtime, i->mtime_s);
	ck_assert_uint_eq(a->mtimensec, i->mtime_ns);
	ck_assert(a->atime == a->mtime && a->ctime == a->mtime && a->atimensec == a->mtimensec && a->ctimensec == a->mtimensec);
}

START_TEST(attributes_are_the_image_s_and_last)
{
	struct fuse_attr_out out;

	for (unsigned i = 0; i < INODES; i++) {
		ck_assert_int_eq(getattr(node(i), &out), 0);
		ck_assert_uint_eq(out.attr_valid, 365u * 86400u);
		assert_attr(&out.attr, i);
	}
}
END_TEST

START_TEST(numbers_of_no_inode)
{
	static const uint64_t none[] = {0, INODES + FUSE_ROOT_ID, UINT32_MAX, 1ull << 32, (1ull << 32) + FUSE_ROOT_ID, UINT64_MAX};
	struct fuse_attr_out out;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ck_assert_int_eq(getattr(none[i], &out), -ENOENT);
}
END_TEST

START_TEST(names_are_found)
{
	struct fuse_entry_out out;

	for (unsigned i = 1; i < INODES; i++) {
		ck_assert_int_eq(lookup(node(inodes[i].parent), names[i], &out), 0);
		ck_assert_uint_eq(out.nodeid, node(i));
		ck_assert(out.entry_valid == 365u * 86400u && out.attr_valid == 365u * 86400u);
		assert_attr(&out.attr, i);
	}
	ck_assert_int_eq(lookup(node(CLIPS), "a.txt", &out), 0);
	ck_assert_uint_eq(out.nodeid, 0);
}
END_TEST

START_TEST(that_there_is_no_such_name_is_remembered)
{
	struct fuse_entry_out out;
	char longest[NAME_MAX_BYTES + 2] = "";

	ck_assert_int_eq(lookup(node(ROOT), "b", &out), 0);
	ck_assert(out.nodeid == 0 && out.entry_valid == 365u * 86400u);
	memset(longest, 'n', NAME_MAX_BYTES);
	ck_assert_int_eq(lookup(node(ROOT), longest, &out), 0);
	ck_assert_uint_eq(out.nodeid, 0);
	longest[NAME_MAX_BYTES] = 'n';
	ck_assert_int_eq(lookup(node(ROOT), longest, &out), -ENAMETOOLONG);
	ck_assert_int_eq(lookup(node(A), "b", &out), -ENOTDIR);
}
END_TEST

START_TEST(a_time_that_time_t_cannot_say)
{
	struct fuse_attr_out out;

	inodes[A].mtime_s = INT64_MAX; /* 64 bits can */
	make_image();
	sample_end(&s);
	sample_begin(&s);
	bundle_free(&bundle);
	open_bundle();
	adopt(SOCK_SEQPACKET);
	start();
	ck_assert_int_eq(getattr(node(A), &out), 0);
	ck_assert_int_eq((int64_t)out.attr.mtime, (int64_t)filestat_second(INT64_MAX));
	ck_assert_uint_eq(out.attr.mtimensec, sizeof(time_t) == 8 ? 999999999 : 0);
}
END_TEST

static int
may(unsigned ino, int mask)
{
	const struct fuse_access_in in = {.mask = (uint32_t)mask};

	return kernel_ask(&k, FUSE_ACCESS, node(ino), &in, sizeof in);
}

START_TEST(all_may_be_read_and_nothing_written_or_run)
{
	ck_assert_int_eq(may(A, R_OK), 0);
	ck_assert_int_eq(may(A, F_OK), 0);
	ck_assert_int_eq(may(CLIPS, R_OK | X_OK), 0);
	ck_assert_int_eq(may(A, X_OK), -EACCES);
	ck_assert_int_eq(may(A, W_OK), -EROFS);
	ck_assert_int_eq(may(CLIPS, W_OK | X_OK), -EROFS);
	ck_assert_int_eq(may(INODES, R_OK), -ENOENT);
	fusefs_silence(fs);
	ck_assert_int_eq(may(A, R_OK), -EIO);
	ck_assert_int_eq(may(A, W_OK), -EROFS);
}
END_TEST

START_TEST(the_size_of_the_whole)
{
	struct fuse_statfs_out out;

	ck_assert_int_eq(kernel_ask(&k, FUSE_STATFS, FUSE_ROOT_ID, NULL, 0), 0);
	ck_assert_uint_eq(k.len, sizeof out);
	memcpy(&out, k.data, sizeof out);
	ck_assert(out.st.bsize == 4096 && out.st.frsize == 4096 && out.st.namelen == 255);
	ck_assert_uint_eq(out.st.blocks, BLOCKS * 16);
	ck_assert_uint_eq(out.st.files, INODES);
	ck_assert(out.st.bfree == 0 && out.st.bavail == 0 && out.st.ffree == 0);
}
END_TEST

START_TEST(there_are_no_attributes_with_names)
{
	struct fuse_getxattr_in in = {.size = 0};
	struct fuse_getxattr_out out;

	ck_assert_int_eq(kernel_ask(&k, FUSE_LISTXATTR, node(A), &in, sizeof in), 0);
	ck_assert_uint_eq(k.len, sizeof out);
	memcpy(&out, k.data, sizeof out);
	ck_assert_uint_eq(out.size, 0);
	in.size = 1;
	ck_assert_int_eq(kernel_ask(&k, FUSE_LISTXATTR, node(A), &in, sizeof in), 0);
	ck_assert_uint_eq(k.len, 0);
	in.size = 100;
	ck_assert_int_eq(kernel_ask(&k, FUSE_LISTXATTR, node(A), &in, sizeof in), 0);
	ck_assert_uint_eq(k.len, 0);
}
END_TEST

/* The kernel waits for no answer to these, and there is none: it would be taken for that to the next question. */
START_TEST(what_is_forgotten_is_still_there)
{
	const struct fuse_forget_in one = {.nlookup = 3};
	const struct {
		struct fuse_batch_forget_in in;
		struct fuse_forget_one all[2];
	} many = {{.count = 2}, {{node(A), 1}, {node(BIG), 1}}};
	struct fuse_attr_out out;

	kernel_send(&k, FUSE_FORGET, node(A), &one, sizeof one);
	kernel_send(&k, FUSE_BATCH_FORGET, 0, &many, sizeof many);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(getattr(node(A), &out), 0);
}
END_TEST

/* ---- opening ------------------------------------------------------------------------------------------------------------ */

START_TEST(opened_for_reading_alone)
{
	static const int refused[] = {O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC};
	struct fuse_open_out out = {0};

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		ck_assert_int_eq(open_as(FUSE_OPEN, A, refused[i], &out), -EROFS);
	ck_assert_int_eq(open_as(FUSE_OPEN, CLIPS, O_RDONLY, &out), -EISDIR);
	ck_assert_int_eq(open_as(FUSE_OPENDIR, A, O_RDONLY, &out), -ENOTDIR);
	ck_assert_int_eq(open_as(FUSE_OPEN, INODES, O_RDONLY, &out), -ENOENT);
	ck_assert_uint_eq(fusefs_open_count(fs), 0);
	ck_assert_int_eq(open_as(FUSE_OPEN, A, O_RDONLY | O_NOFOLLOW, &out), 0);
	ck_assert_uint_eq(out.open_flags, FOPEN_KEEP_CACHE | FOPEN_NOFLUSH);
	released(A, out.fh);
	ck_assert_int_eq(open_as(FUSE_OPENDIR, CLIPS, O_RDONLY, &out), 0);
	ck_assert_uint_eq(out.open_flags, FOPEN_KEEP_CACHE | FOPEN_NOFLUSH | FOPEN_CACHE_DIR);
	released(CLIPS, out.fh);
}
END_TEST

START_TEST(what_is_open_is_counted)
{
	static const unsigned order[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}};
	static const unsigned what[3] = {A, CLIPS, A};
	uint64_t fh[3];

	for (size_t i = 0; i < 6; i++) {
		for (unsigned n = 0; n < 3; n++) {
			fh[n] = opened(what[n]);
			ck_assert_uint_eq(fusefs_open_count(fs), n + 1);
		}
		for (unsigned n = 0; n < 3; n++) {
			released(what[order[i][n]], fh[order[i][n]]);
			ck_assert_uint_eq(fusefs_open_count(fs), 2 - n);
		}
	}
}
END_TEST

/* Nobody will release it. */
START_TEST(an_opener_that_was_interrupted_holds_nothing)
{
	const struct fuse_open_in in = {0};

	ck_assert_int_eq(shutdown(k.fd, SHUT_RD), 0); /* the answer does not arrive */
	kernel_send(&k, FUSE_OPEN, node(A), &in, sizeof in);
	kernel_send(&k, FUSE_OPENDIR, node(ROOT), &in, sizeof in);
	close(k.fd);
	k.fd = -1;
	await_end();
	ck_assert_uint_eq(fusefs_open_count(fs), 0);
}
END_TEST

/* ---- reading files ------------------------------------------------------------------------------------------------------ */

START_TEST(reads_at_every_border)
{
	static const unsigned files[] = {A, BIG, FILM, HALF, ONE, TWO, LAST};
	static const size_t sizes[] = {0, 1, 511, 512, 4096, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * BLOCK_SIZE};

	for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
		const uint64_t size = inodes[files[f]].size, offs[] = {0, 1, 512, B - 4096 - 1, B - 4096, B - 1, B, B + 1, 5 * B,
		    size - 1, size, size + 1, 1ull << 32, INT64_MAX};
		uint64_t fh = opened(files[f]);

		for (size_t o = size > 0 ? 0 : 1; o < sizeof offs / sizeof *offs; o++)
			for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
				if (offs[o] <= INT64_MAX)
					assert_read(files[f], fh, offs[o], sizes[n]);
		released(files[f], fh);
	}
}
END_TEST

START_TEST(the_largest_read_and_what_is_larger)
{
	uint64_t fh;

	adopt(SOCK_STREAM); /* a packet that long may not be allowed */
	start();
	fh = opened(BIG);
	assert_read(BIG, fh, 0, READ_MAX);
	assert_read(BIG, fh, B - 4096, READ_MAX);
	assert_read(BIG, fh, B + 100, READ_MAX);
	ck_assert_int_eq(read_file(BIG, fh, 0, READ_MAX + 1), -EIO);
	ck_assert_int_eq(read_file(BIG, fh, UINT64_MAX, 1), -EINVAL);
	ck_assert_int_eq(read_file(BIG, fh, (uint64_t)INT64_MIN, 1), -EINVAL);
	released(BIG, fh);
	ck_assert_uint_eq(k.len, 0);
}
END_TEST

/* More blocks than there are places: each is given back. */
START_TEST(a_file_is_read_over_and_over)
{
	uint64_t fh = opened(BIG);

	for (unsigned i = 0; i < 60; i++)
		assert_read(BIG, fh, i % 7 * B, 2 * B);
	released(BIG, fh);
	for (unsigned i = 0; i < BLOCKCACHE_SLOTS_MAX; i++) {
		const uint8_t *data;

		ck_assert_int_eq(blockcache_get(fs->cache, i % BLOCKS, &data), 0);
		blockcache_put(fs->cache, data, true);
	}
}
END_TEST

static void
assert_range(const struct range *r, uint64_t first, uint64_t count)
{
	ck_assert_uint_eq(r->first, first);
	ck_assert_uint_eq(r->count, count);
}

START_TEST(who_reads_on_is_read_ahead_for)
{
	uint64_t fh = opened(BIG);

	fs->processors = 3;
	assert_read(BIG, fh, 0, 150000);
	ck_assert_uint_eq(ahead_n, 1);
	assert_range(&aheads[0], 1, 2); /* the rest of what was asked for */
	ck_assert_int_eq(fs->busy, 0);
	assert_read(BIG, fh, 150000, 150000);
	ck_assert_uint_eq(ahead_n, 3);
	assert_range(&aheads[1], 3, 2);
	assert_range(&aheads[2], 5, 2); /* and what will be */
	ck_assert_int_eq(fs->busy, 1);
	ck_assert_uint_eq(forget_n, 0);
	released(BIG, fh);
	ck_assert_uint_eq(forget_n, 1);
	assert_range(&forgets[0], 5, 2);
	ck_assert_int_eq(fs->busy, 0);
}
END_TEST

START_TEST(behind_the_end_there_is_nothing_ahead)
{
	uint64_t fh = opened(FILM);

	fs->processors = 3;
	assert_read(FILM, fh, 2 * B, 4096); /* it ends where a block does */
	assert_read(FILM, fh, 5 * B, 4096);
	ck_assert_uint_eq(ahead_n, 0);
	released(FILM, fh);
}
END_TEST

START_TEST(no_reading_ahead_where_all_processors_are_busy)
{
	uint64_t fh = opened(BIG);

	fs->processors = 2;
	fs->busy = 2;
	assert_read(BIG, fh, 0, 150000);
	assert_read(BIG, fh, 150000, 150000);
	ck_assert_uint_eq(ahead_n, 0);
	ck_assert_int_eq(fs->busy, 3);
	fs->busy = 1;
	assert_read(BIG, fh, 4 * B, B);
	ck_assert_uint_gt(ahead_n, 0);
	released(BIG, fh);
	ck_assert_int_eq(fs->busy, 0);
}
END_TEST

START_TEST(half_of_the_largest_read_is_the_kernel_s_own_reading_ahead)
{
	uint64_t fh;

	adopt(SOCK_STREAM);
	start();
	fs->processors = 3;
	fh = opened(BIG);
	assert_read(BIG, fh, 0, READ_MAX / 2);
	assert_read(BIG, fh, READ_MAX / 2, READ_MAX / 2);
	assert_read(BIG, fh, 17 * B + 100, 5);
	ck_assert_uint_eq(ahead_n, 0);
	assert_read(BIG, fh, 0, READ_MAX / 2 - 1);
	ck_assert_uint_gt(ahead_n, 0);
}
END_TEST

/* The window would be 2, then 4, then 8 blocks. */
START_TEST(many_readers_share_what_is_read_ahead)
{
	static const struct {
		int busy;
		uint64_t most;
	} shares[] = {{1, 8}, {2, 8}, {15, 4}, {32, 2}, {63, 1}, {200, 1}};
	uint64_t fh, most;

	fs->processors = 1000;
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
		fh = opened(BIG);
		fs->busy = shares[i].busy;
		ahead_n = 0;
		assert_read(BIG, fh, 0, 1000);
		for (unsigned n = 1; n < 4; n++)
			assert_read(BIG, fh, n * 1000, 1000);
		most = 0;
		for (unsigned n = 0; n < ahead_n; n++)
			if (aheads[n].first + aheads[n].count > most)
				most = aheads[n].first + aheads[n].count;
		ck_assert_uint_eq(most, 1 + shares[i].most);
		released(BIG, fh);
	}
}
END_TEST

/* ---- what cannot be read ------------------------------------------------------------------------------------------------ */

static _Atomic int told, retried, retries;

static void
tell(void *arg)
{
	char c;

	ck_assert_ptr_eq(arg, &told);
	told++;
	ck_assert_int_eq(recv(k.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT), -1); /* with an answer the file may be released */
}

/* It is noted before there is an answer. */
static void
assert_unread(unsigned blocks, unsigned files, const char *name)
{
	struct unread u;

	fusefs_unread(fs, &u);
	ck_assert_uint_eq(u.blocks, blocks);
	ck_assert_uint_eq(u.files, files);
	ck_assert_str_eq(u.name, name);
}

/* When all servers are done. */
static void
assert_told_in_all(int times)
{
	kernel_end(&k);
	await_end();
	ck_assert_int_eq(told, times);
}

static void
begin_telling(void)
{
	adopt(SOCK_SEQPACKET);
	fusefs_on_unread(fs, tell, &told);
	start();
}

START_TEST(damaged_blocks_are_refused_counted_and_told)
{
	uint64_t film, big;

	begin_telling();
	sample_flip(&s, 20, 77, 3);
	film = opened(FILM), big = opened(BIG);
	assert_unread(0, 0, "");
	assert_read(FILM, film, 0, B);
	ck_assert_int_eq(told, 0);
	ck_assert_int_eq(read_file(FILM, film, B - 1, 2), -EIO);
	assert_unread(1, 1, "film");
	ck_assert_int_eq(read_file(FILM, film, B, B), -EIO); /* the same again */
	assert_unread(1, 1, "film");
	assert_read(FILM, film, B - 1, 1);
	for (unsigned i = 1; i < 6; i++)
		sample_flip(&s, i, 77, 3);
	for (unsigned i = 1; i < 6; i++) {
		ck_assert_int_eq(read_file(BIG, big, i * B, 1), -EIO);
		assert_unread(1 + i, 2, "film");
		ck_assert_int_eq(told, i < 3 ? 2 : 3);
	}
	released(FILM, film);
	released(BIG, big);
	assert_told_in_all(3); /* at 1, 2, 4 */
}
END_TEST

/* Several readers come upon damage before the first of them is refused. */
START_TEST(damage_that_is_found_at_once_is_told_too)
{
	const uint8_t *data;
	uint64_t big;

	begin_telling();
	for (unsigned i = 1; i < 4; i++)
		sample_flip(&s, i, 77, 3);
	big = opened(BIG);
	ck_assert_int_eq(blockcache_get(fs->cache, 1, &data), -EIO);
	ck_assert_int_eq(blockcache_get(fs->cache, 2, &data), -EIO);
	ck_assert_int_eq(read_file(BIG, big, 3 * B, 1), -EIO);
	assert_unread(3, 1, "big");
	assert_told_in_all(1);
}
END_TEST

START_TEST(only_the_block_itself_is_counted_for_the_file)
{
	uint64_t one, big;

	begin_telling();
	sample_flip(&s, 18, 1, 1);
	sample_flip(&s, 8, 1, 1);
	one = opened(ONE), big = opened(BIG);
	ck_assert_int_eq(read_file(ONE, one, 0, 512), -EIO);
	assert_unread(1, 1, "clips/one");
	ck_assert_int_eq(read_file(BIG, big, 7 * B - 4096, 2 * B), -EIO);
	assert_unread(2, 2, "clips/one");
	assert_read(BIG, big, 17 * B - 4096, B);
}
END_TEST

/* Its path is longer than there is room: the end of it says most. */
START_TEST(the_end_of_a_long_name)
{
	char want[2 * DEEP + 2];

	begin_telling();
	snprintf(want, sizeof want, "%s/%s", names[DEEPER], names[LAST]);
	sample_flip(&s, 17, 1, 1);
	ck_assert_int_eq(read_file(LAST, opened(LAST), 0, 1), -EIO);
	assert_unread(1, 1, want + strlen(want) - (UNREAD_NAME - 1));
}
END_TEST

static bool
retry(void *arg)
{
	ck_assert_ptr_eq(arg, &retried);
	if (++retried == 2 && retries == 2)
		unreadable = -1; /* the stick is back */
	return retried <= retries;
}

static void
begin_retrying(int times)
{
	adopt(SOCK_SEQPACKET);
	fusefs_on_failure(fs, retry, &retried);
	retries = times;
	start();
}

START_TEST(a_stick_that_comes_back_is_read_again)
{
	begin_retrying(2);
	unreadable = 20;
	assert_read(FILM, opened(FILM), B, 100);
	ck_assert_int_eq(retried, 2);
	assert_unread(0, 0, "");
}
END_TEST

START_TEST(a_stick_that_fails_each_time_is_given_up)
{
	begin_retrying(100);
	unreadable = 20;
	ck_assert_int_eq(read_file(FILM, opened(FILM), B, 100), -EIO);
	ck_assert_int_eq(retried, 3);
	assert_unread(1, 1, "film");
}
END_TEST

START_TEST(a_stick_that_stays_away_is_not_asked_again)
{
	begin_retrying(0);
	unreadable = 20;
	ck_assert_int_eq(read_file(FILM, opened(FILM), B, 100), -EIO);
	ck_assert_int_eq(retried, 1);
}
END_TEST

START_TEST(damage_does_not_wait_for_another_stick)
{
	begin_retrying(100);
	sample_flip(&s, 20, 1, 1);
	ck_assert_int_eq(read_file(FILM, opened(FILM), B, 100), -EIO);
	ck_assert_int_eq(retried, 0);
	assert_unread(1, 1, "film");
}
END_TEST

START_TEST(what_nobody_waits_for_is_not_missed)
{
	uint64_t fh;

	begin_retrying(100);
	unreadable = 8;
	fs->processors = 1000;
	fh = opened(BIG);
	for (unsigned i = 0; i < 4; i++)
		assert_read(BIG, fh, i * B, B);
	released(BIG, fh);
	kernel_end(&k);
	await_end();
	blockcache_close(fs->cache);
	ck_assert_int_eq(retried, 0);
	assert_unread(0, 0, "");
}
END_TEST

START_TEST(an_inode_that_cannot_be_read)
{
	struct fuse_attr_out attr;
	struct fuse_entry_out entry;
	struct fuse_open_out open;

	begin_telling();
	sample_flip(&s, INODES_LATE, 1, 1);
	ck_assert_int_eq(getattr(node(A), &attr), 0);
	ck_assert_int_eq(told, 0);
	ck_assert_int_eq(getattr(node(HALF), &attr), -EIO);
	ck_assert_int_eq(open_as(FUSE_OPEN, HALF, O_RDONLY, &open), -EIO);
	ck_assert_int_eq(may(HALF, R_OK), -EIO);
	ck_assert_int_eq(lookup(node(ROOT), "half", &entry), -EIO);
	ck_assert_int_eq(getattr(node(A), &attr), 0);
	assert_told_in_all(1);
	assert_unread(1, 0, "");
}
END_TEST

/* ---- listings ----------------------------------------------------------------------------------------------------------- */

struct entry {
	char name[DEEP + 1];
	uint64_t ino, off, nodeid;
	uint32_t type;
	struct fuse_entry_out out;
};

static unsigned
parse(bool plus, struct entry *e, unsigned max)
{
	const size_t head = plus ? sizeof(struct fuse_entry_out) : 0;
	unsigned n = 0;

	for (size_t at = 0; at < k.len; n++) {
		struct fuse_dirent d;

		ck_assert_uint_lt(n, max);
		ck_assert_uint_ge(k.len - at, head + FUSE_NAME_OFFSET);
		memcpy(&d, k.data + at + head, FUSE_NAME_OFFSET);
		e[n] = (struct entry){.ino = d.ino, .off = d.off, .type = d.type};
		if (plus)
			memcpy(&e[n].out, k.data + at, sizeof e[n].out);
		e[n].nodeid = e[n].out.nodeid;
		ck_assert_uint_le(d.namelen, DEEP);
		memcpy(e[n].name, k.data + at + head + FUSE_NAME_OFFSET, d.namelen);
		at += FUSE_DIRENT_ALIGN(head + FUSE_NAME_OFFSET + d.namelen);
	}
	return n;
}

static void
assert_entry(const struct entry *e, unsigned dir, uint64_t at)
{
	unsigned ino = at == 0 ? dir : at == 1 ? inodes[dir].parent : (unsigned)(inodes[dir].start + at - 2);

	ck_assert_str_eq(e->name, at == 0 ? "." : at == 1 ? ".." : names[ino]);
	ck_assert_uint_eq(e->ino, node(ino));
	ck_assert_uint_eq(e->type, inodes[ino].type == IMAGE_DIR ? DT_DIR : DT_REG);
	ck_assert_uint_eq(e->off, at + 1);
}

START_TEST(a_listing_goes_on_from_every_place)
{
	static const unsigned dirs[] = {ROOT, CLIPS, DEEPER};
	struct entry e[16];
	unsigned n;

	for (size_t d = 0; d < 3; d++) {
		uint64_t fh = opened(dirs[d]), all = inodes[dirs[d]].size + 2;

		for (int plus = 0; plus < 2; plus++)
			for (uint64_t at = 0; at < all + 2; at++) {
				ck_assert_int_eq(read_as(plus ? FUSE_READDIRPLUS : FUSE_READDIR, dirs[d], fh, at, 4096), 0);
				n = parse(plus, e, 16);
				ck_assert_uint_eq(n, at < all ? all - at : 0);
				for (unsigned i = 0; i < n; i++)
					assert_entry(&e[i], dirs[d], at + i);
			}
		released(dirs[d], fh);
	}
}
END_TEST

/* An entry that does not fit comes next time: none is lost or doubled. */
START_TEST(a_listing_in_small_pieces)
{
	uint64_t fh = opened(ROOT);
	struct entry e[16];
	unsigned n;

	for (size_t size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + DEEP); size < 500; size += 7)
		for (uint64_t at = 0; at < 8; at += n) {
			ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, at, size), 0);
			ck_assert_uint_le(k.len, size);
			ck_assert_uint_gt(n = parse(false, e, 16), 0);
			for (unsigned i = 0; i < n; i++)
				assert_entry(&e[i], ROOT, at + i);
		}
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 0, 8), 0);
	ck_assert_uint_eq(k.len, 0);
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 0, 0), 0);
	ck_assert_uint_eq(k.len, 0);
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 0, READ_MAX), 0);
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 0, READ_MAX + 1), -EINVAL);
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, UINT64_MAX, 4096), -EINVAL);
	ck_assert_int_eq(read_as(FUSE_READDIRPLUS, ROOT, fh, UINT64_MAX, 4096), -EINVAL);
	released(ROOT, fh);
}
END_TEST

/* Whether a listing of clips comes with attributes: all of it does, or nothing. */
static bool
has_attributes(uint64_t fh)
{
	struct entry e[16];

	ck_assert_int_eq(read_as(FUSE_READDIRPLUS, CLIPS, fh, 0, 4096), 0);
	ck_assert_uint_eq(parse(true, e, 16), 4);
	for (unsigned i = 1; i < 4; i++)
		ck_assert((e[i].nodeid != 0) == (e[0].nodeid != 0));
	if (e[0].nodeid == 0)
		return false;
	assert_attr(&e[0].out.attr, CLIPS);
	assert_attr(&e[1].out.attr, ROOT);
	assert_attr(&e[2].out.attr, ONE);
	ck_assert_uint_eq(e[3].nodeid, node(TWO));
	ck_assert(e[3].out.attr_valid == 365u * 86400u && e[3].out.entry_valid == 365u * 86400u);
	ck_assert_int_eq(read_as(FUSE_READDIRPLUS, CLIPS, fh, 3, 4096), 0); /* and it goes on so */
	ck_assert_uint_eq(parse(true, e, 16), 1);
	ck_assert_uint_eq(e[0].nodeid, node(TWO));
	return true;
}

START_TEST(attributes_are_sent_along_while_they_are_wanted)
{
	struct fuse_entry_out out;
	uint64_t fh = opened(CLIPS);

	for (unsigned i = 0; i < PLUS_FIRST; i++)
		ck_assert(has_attributes(fh));
	for (unsigned i = 0; i < 3; i++)
		ck_assert(!has_attributes(fh));
	lookup(node(CLIPS), "one", &out);       /* one of four is not half */
	ck_assert(!has_attributes(fh));
	lookup(node(CLIPS), "none", &out);      /* what is not there was not listed */
	lookup(node(CLIPS), "one", &out);
	ck_assert(!has_attributes(fh));
	lookup(node(CLIPS), "one", &out);
	lookup(node(CLIPS), "two", &out);
	for (unsigned i = 0; i < PLUS_AGAIN; i++)
		ck_assert(has_attributes(fh));
	ck_assert(!has_attributes(fh));
	released(CLIPS, fh);
}
END_TEST

START_TEST(entries_that_cannot_be_read_are_left_out_and_told_at_the_end)
{
	struct entry e[16];
	uint64_t fh;

	begin_telling();
	fh = opened(ROOT);
	sample_flip(&s, INODES_LATE, 1, 1);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 0, 4096), 0);
		ck_assert_uint_eq(parse(false, e, 16), 6); /* ., .., and the four before the damage */
		for (unsigned i = 0; i < 6; i++)
			assert_entry(&e[i], ROOT, i);
		ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 6, 4096), -EIO);
		ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 8, 4096), -EIO);
	}
	assert_unread(1, 0, "");
	sample_flip(&s, INODES_LATE, 1, 1); /* it was a bad moment */
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 0, 4096), 0);
	ck_assert_uint_eq(parse(false, e, 16), 8);
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, fh, 8, 4096), 0);
	released(ROOT, fh);
	assert_told_in_all(1);
}
END_TEST

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

START_TEST(nothing_is_given_after_silence)
{
	struct fuse_attr_out attr;
	struct fuse_entry_out entry;
	struct fuse_open_out open;
	uint64_t one = opened(ONE), a = opened(A), dir = opened(ROOT), a2 = opened(A);

	ck_assert(!fusefs_silenced(fs));
	assert_read(A, a, 0, 6);
	fusefs_silence(fs);
	ck_assert(fusefs_silenced(fs));
	kernel_listen(&k);
	ck_assert_uint_eq(k.invals, 3); /* each that is open, once */
	ck_assert(k.inval[0] == node(ROOT) && k.inval[1] == node(A) && k.inval[2] == node(ONE));
	ck_assert_int_eq(getattr(node(A), &attr), -EIO);
	ck_assert_int_eq(lookup(node(ROOT), "a.txt", &entry), -EIO);
	ck_assert_int_eq(lookup(node(ROOT), "b", &entry), -EIO);
	ck_assert_int_eq(kernel_ask(&k, FUSE_STATFS, FUSE_ROOT_ID, NULL, 0), -EIO);
	ck_assert_int_eq(open_as(FUSE_OPEN, A, O_RDONLY, &open), -EIO);
	ck_assert_int_eq(open_as(FUSE_OPENDIR, ROOT, O_RDONLY, &open), -EIO);
	ck_assert_uint_eq(fusefs_open_count(fs), 4);
	ck_assert_int_eq(read_file(A, a, 0, 6), -EIO);
	ck_assert_int_eq(read_file(A, a, 6, 6), -EIO);
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, dir, 0, 4096), -EIO);
	released(A, a);
	released(A, a2);
	released(ROOT, dir);
	released(ONE, one);
	ck_assert_uint_eq(fusefs_open_count(fs), 0);
	fusefs_silence(fs);
}
END_TEST

/* There are fewer contexts than threads that may want one. Whoever waits gets the next one, or hears of the end. */
START_TEST(who_finds_no_context_waits_for_one)
{
	struct fuse_read_in in = {.fh = opened(BIG), .offset = 5 * B, .size = 4096};
	struct pollfd p = {.fd = k.fd, .events = POLLIN};
	unsigned contexts = 0;

	pthread_mutex_lock(&fs->lock);
	contexts = fs->crypts;
	fs->crypts = 0;
	pthread_mutex_unlock(&fs->lock);
	kernel_send(&k, FUSE_READ, node(BIG), &in, sizeof in);
	ck_assert_int_eq(poll(&p, 1, 50), 0);
	if (_i == 1)
		fusefs_silence(fs);
	else
		ck_assert_uint_eq(contexts, fs->crypts_made);
	pthread_mutex_lock(&fs->lock);
	fs->crypts = contexts;
	if (_i == 0)
		pthread_cond_signal(&fs->idle);
	pthread_mutex_unlock(&fs->lock);
	ck_assert_int_eq(kernel_hear(&k), _i == 0 ? 0 : -EIO);
	released(BIG, in.fh);
}
END_TEST

/* Not on the stick's account. */
START_TEST(what_the_end_refuses_is_not_unread)
{
	uint64_t film, dir;

	begin_telling();
	film = opened(FILM), dir = opened(DEEPER);
	fusefs_silence(fs);
	kernel_listen(&k);
	sample_flip(&s, 20, 1, 1);
	ck_assert_int_eq(read_file(FILM, film, B, 10), -EIO);
	ck_assert_int_eq(read_file(FILM, film, 0, 10), -EIO);
	ck_assert_int_eq(read_as(FUSE_READDIR, DEEPER, dir, 0, 4096), -EIO);
	assert_told_in_all(0);
	assert_unread(0, 0, "");
}
END_TEST

/* A lazy unmount that a program holds on to. */
START_TEST(a_mount_that_outlives_its_session_says_eio)
{
	struct fuse_attr_out attr;
	struct pollfd p = {.fd = ended, .events = POLLIN};
	uint64_t fh = opened(A);

	assert_read(A, fh, 0, 6);
	fusefs_free(&fs);
	bundle_free(&bundle);
	ck_assert_int_eq(getattr(node(A), &attr), -EIO);
	ck_assert_int_eq(read_file(A, fh, 0, 6), -EIO);
	ck_assert_int_eq(read_file(A, fh, 0, 6), -EIO);
	kernel_end(&k);
	ck_assert_int_eq(poll(&p, 1, 50), 0); /* nobody is there to be told */
}
END_TEST

START_TEST(the_end_is_told)
{
	kernel_end(&k);
	await_end();
	fusefs_silence(fs);
	fusefs_free(&fs);
	fusefs_free(&fs);
}
END_TEST

/* Beside those that fetch there is one more, or none. */
START_TEST(fewer_threads_than_wanted)
{
	struct fuse_attr_out attr;

	adopt(SOCK_SEQPACKET);
	threads_left = thread_processors() + (unsigned)_i;
	if (_i == 0) {
		ck_assert_int_eq(fusefs_start(fs, ended, &fault), E_FAIL);
		ck_assert(fault.sys == EAGAIN && strcmp(fault.step, "thread") == 0);
		ck_assert_int_eq(kernel_hear(&k), 0);
		return;
	}
	start();
	ck_assert_uint_eq(fs->servers, 1);
	ck_assert_int_eq(getattr(node(A), &attr), 0);
}
END_TEST

START_TEST(never_started)
{
	adopt(SOCK_SEQPACKET);
	fusefs_silence(fs);
	fusefs_free(&fs);
	ck_assert_int_eq(kernel_message(&k, &(struct fuse_out_header){0}, 0), -1); /* it is closed */
}
END_TEST

START_TEST(a_descriptor_that_is_none)
{
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, 9999, &fault), E_FAIL);
	ck_assert_ptr_null(fs);
	ck_assert_str_eq(fault.step, "fuse session");
}
END_TEST

START_TEST(an_image_that_cannot_be_read_is_not_served)
{
	adopt(SOCK_SEQPACKET);
	if (_i == 0)
		sample_flip(&s, BLOCKS - 1, 1, 1);
	else
		bundle_lock(bundle);
	ck_assert_int_eq(fusefs_start(fs, ended, &fault), E_BUNDLE);
	ck_assert_int_eq(fault.sys, EIO);
	ck_assert_str_eq(fault.step, "superblock");
}
END_TEST

static void
adopt_and_let_go(void)
{
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, kernel_begin(&k, SOCK_SEQPACKET), &fault), E_OK);
	fusefs_free(&fs);
	close(k.fd);
	k.fd = -1;
}

static void
fail_in_each_way(void)
{
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, 9999, NULL), E_FAIL);
	ck_assert_ptr_null(fs);
	ck_assert_int_eq(fusefs_mount(&fs, bundle, "/oncestick-nowhere", NULL, NULL), E_FUSE);
	ck_assert_ptr_null(fs);
}

static void
adopt_and_try(void)
{
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, kernel_begin(&k, SOCK_SEQPACKET), &fault), E_OK);
	ck_assert_int_eq(fusefs_try_reply(fs, k.fd, &fault), E_OK);
	fusefs_free(&fs);
	close(k.fd);
	k.fd = -1;
}

START_TEST(trying_keeps_nothing)
{
	LEAKS_NOTHING(adopt_and_try());
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, kernel_begin(&k, SOCK_SEQPACKET), &fault), E_OK);
	ck_assert_int_eq(fusefs_try_block(fs, &fault), E_OK);
	ck_assert_int_eq(fault.err, E_OK);
}
END_TEST

START_TEST(a_block_that_cannot_be_tried)
{
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, kernel_begin(&k, SOCK_SEQPACKET), &fault), E_OK);
	if (_i == 0)
		sample_flip(&s, 0, 1, 1);
	else
		unreadable = 0;
	ck_assert_int_eq(fusefs_try_block(fs, &fault), _i == 0 ? E_BUNDLE : E_STICK_IO);
	ck_assert_int_eq(fault.sys, _i == 0 ? EBADMSG : EIO);
	ck_assert_str_eq(fault.step, "read");
}
END_TEST

START_TEST(nobody_answers_a_trial)
{
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, kernel_begin(&k, SOCK_SEQPACKET), &fault), E_OK);
	ck_assert_int_eq(fusefs_try_reply(fs, -1, &fault), E_FAIL);
	ck_assert(fault.sys == EIO && strcmp(fault.step, "reply") == 0);
}
END_TEST

/* What it says to something else, or of itself. */
START_TEST(what_is_no_answer_is_not_taken_for_one)
{
	const struct fuse_out_header before = {.len = sizeof before, .unique = _i == 0 ? 0 : FUSE_STATFS};
	int fd = kernel_begin(&k, SOCK_SEQPACKET);

	ck_assert_int_eq(send(fd, &before, sizeof before, 0), sizeof before);
	ck_assert_int_eq(fusefs_adopt(&fs, bundle, fd, &fault), E_OK);
	ck_assert_int_eq(fusefs_try_reply(fs, k.fd, &fault), E_FAIL);
	ck_assert(fault.sys == EIO && strcmp(fault.step, "reply") == 0);
	close(k.fd);
	k.fd = -1;
}
END_TEST

START_TEST(nothing_is_kept)
{
	LEAKS_NOTHING(adopt_and_let_go());
	LEAKS_NOTHING(fail_in_each_way());
	k.fd = -1;
}
END_TEST

static void
serve_and_end(void)
{
	uint64_t a, root;

	adopt(SOCK_SEQPACKET);
	start();
	a = opened(A);
	assert_read(A, a, 0, 6);
	(void)a; /* it is not given back */
	root = opened(ROOT);
	ck_assert_int_eq(read_as(FUSE_READDIR, ROOT, root, 0, 4096), 0);
	ck_assert_int_eq(read_as(FUSE_READDIRPLUS, ROOT, root, 0, 4096), 0);
	released(ROOT, root);
	kernel_end(&k);
	await_end();
	fusefs_free(&fs);
}

START_TEST(nothing_that_was_served_is_kept)
{
	LEAKS_NOTHING(serve_and_end());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fusefs_ops");
	TCase *t = tcase_create("served"), *u = tcase_create("begun");

	tcase_add_checked_fixture(t, setup_served, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, attributes_are_the_image_s_and_last);
	tcase_add_test(t, numbers_of_no_inode);
	tcase_add_test(t, names_are_found);
	tcase_add_test(t, that_there_is_no_such_name_is_remembered);
	tcase_add_test(t, all_may_be_read_and_nothing_written_or_run);
	tcase_add_test(t, the_size_of_the_whole);
	tcase_add_test(t, there_are_no_attributes_with_names);
	tcase_add_test(t, what_is_forgotten_is_still_there);
	tcase_add_test(t, opened_for_reading_alone);
	tcase_add_test(t, what_is_open_is_counted);
	tcase_add_test(t, an_opener_that_was_interrupted_holds_nothing);
	tcase_add_test(t, reads_at_every_border);
	tcase_add_test(t, a_file_is_read_over_and_over);
	tcase_add_test(t, who_reads_on_is_read_ahead_for);
	tcase_add_test(t, no_reading_ahead_where_all_processors_are_busy);
	tcase_add_test(t, behind_the_end_there_is_nothing_ahead);
	tcase_add_test(t, many_readers_share_what_is_read_ahead);
	tcase_add_test(t, a_listing_goes_on_from_every_place);
	tcase_add_test(t, a_listing_in_small_pieces);
	tcase_add_test(t, attributes_are_sent_along_while_they_are_wanted);
	tcase_add_test(t, nothing_is_given_after_silence);
	tcase_add_loop_test(t, who_finds_no_context_waits_for_one, 0, 2);
	tcase_add_test(t, a_mount_that_outlives_its_session_says_eio);
	tcase_add_test(t, the_end_is_told);
	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(u, setup, teardown);
	tcase_set_timeout(u, 60);
	tcase_add_test(u, the_kernel_is_told_what_is_used);
	tcase_add_test(u, large_files_go_past_the_page_cache_where_they_can_be_mapped);
	tcase_add_test(u, a_time_that_time_t_cannot_say);
	tcase_add_test(u, the_largest_read_and_what_is_larger);
	tcase_add_test(u, half_of_the_largest_read_is_the_kernel_s_own_reading_ahead);
	tcase_add_test(u, damaged_blocks_are_refused_counted_and_told);
	tcase_add_test(u, damage_that_is_found_at_once_is_told_too);
	tcase_add_test(u, only_the_block_itself_is_counted_for_the_file);
	tcase_add_test(u, the_end_of_a_long_name);
	tcase_add_test(u, a_stick_that_comes_back_is_read_again);
	tcase_add_test(u, a_stick_that_fails_each_time_is_given_up);
	tcase_add_test(u, a_stick_that_stays_away_is_not_asked_again);
	tcase_add_test(u, damage_does_not_wait_for_another_stick);
	tcase_add_test(u, what_nobody_waits_for_is_not_missed);
	tcase_add_test(u, an_inode_that_cannot_be_read);
	tcase_add_test(u, entries_that_cannot_be_read_are_left_out_and_told_at_the_end);
	tcase_add_test(u, what_the_end_refuses_is_not_unread);
	tcase_add_test(u, never_started);
	tcase_add_loop_test(u, fewer_threads_than_wanted, 0, 2);
	tcase_add_test(u, a_descriptor_that_is_none);
	tcase_add_test(u, trying_keeps_nothing);
	tcase_add_loop_test(u, a_block_that_cannot_be_tried, 0, 2);
	tcase_add_test(u, nobody_answers_a_trial);
	tcase_add_loop_test(u, what_is_no_answer_is_not_taken_for_one, 0, 2);
	tcase_add_test(u, nothing_is_kept);
	tcase_add_test(u, nothing_that_was_served_is_kept);
	tcase_add_loop_test(u, an_image_that_cannot_be_read_is_not_served, 0, 2);
	suite_add_tcase(suite, u);
	return suite_run(suite);
}
