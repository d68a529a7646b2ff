/*
 * check_pack.c - packing against an image that is put together naively here, and against changing, odd and hostile folders.
 */
#include "pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "blockcrypt.h"
#include "bytes.h"
#include "exclude.h"
#include "pack_internal.h"
#include "secret.h"
#include "suite.h"

#define MIB ((size_t)1 << 20)

/* ---- calls that a test may change: these definitions come before the C library's ------------------------------------------ */

static void (*after_look)(const struct statx *st);
static int (*before_pwrite)(const struct stat *st, off_t off);
static int (*before_fsync)(const struct stat *st);
static int (*before_read)(const struct stat *st);

/* What the medium was told to write down: where, and how. Nothing is: it would change nothing that a test could see. */
static struct {
	off_t off;
	unsigned flags;
} flushed[8];
static unsigned flushes;
static int flush_fails;

int
statx(int fd, const char *restrict name, int flags, unsigned mask, struct statx *restrict st)
{
	int rc = (int)syscall(SYS_statx, fd, name, flags, mask, st);

	if (rc == 0 && after_look != NULL && *name == '\0')
		after_look(st);
	return rc;
}

static int
refused(int (*hook)(const struct stat *, off_t), int fd, off_t off)
{
	struct stat st;
	int e = 0;

	if (hook != NULL && fstatat(fd, "", &st, AT_EMPTY_PATH) == 0)
		e = hook(&st, off);
	errno = e;
	return e != 0;
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t off)
{
	char *bytes = NULL;
	struct iovec v;

	if (refused(before_pwrite, fd, off))
		return -1;
	memcpy(&bytes, &p, sizeof bytes);
	v = (struct iovec){ bytes, n };
	return pwritev(fd, &v, 1, off);
}

int
fsync(int fd)
{
	struct stat st;

	if (before_fsync != NULL && fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && (errno = before_fsync(&st)) != 0)
		return -1;
	return fdatasync(fd);
}

__attribute__((visibility("default"))) ssize_t
read(int fd, void *buf, size_t n)
{
	struct stat st;

	if (before_read != NULL && fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && (errno = before_read(&st)) != 0)
		return -1;
	return syscall(SYS_read, fd, buf, n);
}

__attribute__((visibility("default"))) int
sync_file_range(int fd, off64_t off, off64_t n, unsigned flags)
{
	ck_assert(fd >= 0 && n == (off64_t)(4 * MIB));
	flushed[flushes % 8].off = off;
	flushed[flushes++ % 8].flags = flags;
	errno = flush_fails;
	return flush_fails != 0 ? -1 : 0;
}

/* What the kernel was asked to read early: how many bytes, and where in which file last. */
static struct {
	off_t bytes, end;
	ino_t file;
} early;

__attribute__((visibility("default"))) int
posix_fadvise(int fd, off_t off, off_t n, int advice)
{
	struct stat st;

	if (advice != POSIX_FADV_WILLNEED || fstatat(fd, "", &st, AT_EMPTY_PATH) != 0)
		return 0;
	ck_assert(n > 0 && n <= (off_t)(128 << 10)); /* the kernel's own limit, beyond which nothing is read */
	early.bytes += n;
	early.end = off + n;
	early.file = st.st_ino;
	return 0;
}

/* How many calls are good before one fails; below 0: all. */
static int good_contexts, good_threads;
static atomic_int good_crypts;
static unsigned threads_made;
static int threads_left; /* that nobody has waited for */
static atomic_bool worker_takes_signals;

struct blockcrypt *__real_blockcrypt_new(const struct blockcrypt_impl *impl);
struct blockcrypt *__wrap_blockcrypt_new(const struct blockcrypt_impl *impl);
int __real_blockcrypt_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t key[KEY_SIZE], uint64_t index);
int __wrap_blockcrypt_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t key[KEY_SIZE], uint64_t index);
int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __real_pthread_join(pthread_t t, void **result);
int __wrap_pthread_join(pthread_t t, void **result);

struct blockcrypt *
__wrap_blockcrypt_new(const struct blockcrypt_impl *impl)
{
	return good_contexts-- == 0 ? NULL : __real_blockcrypt_new(impl);
}

int
__wrap_blockcrypt_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t key[KEY_SIZE], uint64_t index)
{
	sigset_t blocked;

	if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) != 0 || !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGINT))
		worker_takes_signals = true;
	return atomic_fetch_sub(&good_crypts, 1) == 0 ? -1 : __real_blockcrypt_crypt(b, block, key, index);
}

int
__wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	if (good_threads-- == 0)
		return EAGAIN;
	threads_made++;
	threads_left++;
	return __real_pthread_create(t, attr, start, arg);
}

int
__wrap_pthread_join(pthread_t t, void **result)
{
	threads_left--;
	return __real_pthread_join(t, result);
}

/* ---- folders ------------------------------------------------------------------------------------------------------------ */

static char top[64];
static int top_fd, folder, stick[2];
static uint8_t *ck;
static uint64_t seed;

static uint32_t
rnd(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33);
}

static int
make_dir(int at, const char *name)
{
	int fd;

	ck_assert_int_eq(mkdirat(at, name, 0755), 0);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
set_time(int at, const char *name, int64_t s, long ns)
{
	const int64_t t[2][2] = {{s, ns}, {s, ns}};

#ifdef SYS_utimensat_time64
	ck_assert_int_eq(syscall(SYS_utimensat_time64, at, name, t, AT_SYMLINK_NOFOLLOW), 0);
#else
	ck_assert_int_eq(syscall(SYS_utimensat, at, name, t, AT_SYMLINK_NOFOLLOW), 0);
#endif
}

static void
look(const char *name, struct statx *st)
{
	ck_assert_int_eq(statx(folder, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, st), 0);
}

static uint8_t *
some_bytes(size_t n)
{
	uint8_t *p = malloc(n + 4);
	size_t i;

	ck_assert_ptr_nonnull(p);
	for (i = 0; i < n; i += 4)
		store_le32(p + i, rnd());
	return p;
}

static void
make_file(int at, const char *name, const void *p, size_t n)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

static void
make_random(int at, const char *name, size_t n)
{
	uint8_t *p = some_bytes(n);

	make_file(at, name, p, n);
	set_time(at, name, 1600000000 + rnd() % 100000000, (long)(rnd() % 1000000000));
	free(p);
}

/* Remove what is in at, with two descriptors at most: directories in directories are brought up first. */
static void
empty_dir(int at)
{
	unsigned serial = 0;
	bool again = true;

	while (again) {
		DIR *list = fdopendir(openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		struct dirent *d;

		again = false;
		while (list != NULL && (d = readdir(list)) != NULL) {
			struct dirent *in;
			DIR *sub;
			char up[40];

			if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 || unlinkat(at, d->d_name, 0) == 0)
				continue;
			again = true;
			sub = fdopendir(openat(at, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
			while (sub != NULL && (in = readdir(sub)) != NULL) {
				if (strcmp(in->d_name, ".") == 0 || strcmp(in->d_name, "..") == 0 ||
				    unlinkat(dirfd(sub), in->d_name, 0) == 0)
					continue;
				snprintf(up, sizeof up, "up-%u", serial++);
				(void)renameat(dirfd(sub), in->d_name, at, up);
			}
			if (sub != NULL)
				closedir(sub);
			(void)unlinkat(at, d->d_name, AT_REMOVEDIR);
		}
		if (list != NULL)
			closedir(list);
	}
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	ck_assert_int_ge(sodium_init(), 0);
	snprintf(top, sizeof top, "%s/pack.XXXXXX", tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(chmod(top, 0755), 0);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = make_dir(top_fd, "folder");
	stick[0] = make_dir(top_fd, "stick0");
	stick[1] = make_dir(top_fd, "stick1");
	ck = secret_new(KEY_SIZE);
	ck_assert_ptr_nonnull(ck);
	ck_assert_int_eq(bytes_from_hex(ck, KEY_SIZE, "3abf2cf7408b25168094d5f66da1322c121ead7218c5df963ee721b8624b4326"), 0);
	seed = 42;
	after_look = NULL;
	before_pwrite = NULL;
	before_fsync = NULL;
	good_contexts = good_threads = -1;
	good_crypts = -1;
	threads_made = 0;
	worker_takes_signals = false;
}

static void
teardown(void)
{
	ck_assert_int_eq(threads_left, 0);
	secret_free(&ck);
	close(folder);
	close(stick[0]);
	close(stick[1]);
	empty_dir(top_fd);
	close(top_fd);
	rmdir(top);
}

/* ---- a naive image ------------------------------------------------------------------------------------------------------ */

struct node {
	char *path; /* below folder */
	bool dir;
	size_t parent, first, children, start;
	uint8_t *data;
	size_t len;
	struct statx_timestamp mtime;
};

struct model {
	struct node *n;
	size_t count;
};

static const char *
node_name(const struct node *n)
{
	const char *slash = strrchr(n->path, '/');

	return slash != NULL ? slash + 1 : n->path;
}

static int
by_bytes(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Room in an array for one more: twice as much now and then, since a sanitizer moves it each time. */
static void *
one_more(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	array = reallocarray(array, count > 0 ? 2 * count : 1, size);
	ck_assert_ptr_nonnull(array);
	return array;
}

static void
model_add(struct model *m, size_t parent, const char *name)
{
	const char *above = m->count > 0 ? m->n[parent].path : "";
	struct node *n;
	struct statx st;
	int fd;

	m->n = one_more(m->n, m->count, sizeof *m->n);
	n = &m->n[m->count++];
	memset(n, 0, sizeof *n);
	n->parent = parent;
	ck_assert_int_ge(asprintf(&n->path, "%s%s%s", above, *above != '\0' ? "/" : "", name), 0);
	look(*n->path != '\0' ? n->path : ".", &st);
	n->dir = S_ISDIR(st.stx_mode);
	n->mtime = st.stx_mtime;
	if (n->dir)
		return;
	n->len = (size_t)st.stx_size;
	n->data = calloc(1, n->len + 1);
	fd = openat(folder, n->path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, n->data, n->len), (ssize_t)n->len);
	close(fd);
}

static void
model_list(struct model *m, size_t dir)
{
	char **names = NULL;
	size_t count = 0, i;
	struct dirent *d;
	DIR *list = fdopendir(openat(folder, *m->n[dir].path != '\0' ? m->n[dir].path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	ck_assert_ptr_nonnull(list);
	while ((d = readdir(list)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		names = one_more(names, count, sizeof *names);
		names[count++] = strdup(d->d_name);
	}
	closedir(list);
	if (count > 1)
		qsort(names, count, sizeof *names, by_bytes);
	m->n[dir].children = count;
	m->n[dir].first = count > 0 ? m->count : 0;
	for (i = 0; i < count; i++) {
		model_add(m, dir, names[i]);
		free(names[i]);
	}
	free(names);
}

/* What folder looks like now. */
static struct model
model_of_folder(void)
{
	struct model m = { NULL, 0 };
	size_t i;

	model_add(&m, 0, "");
	for (i = 0; i < m.count; i++) {
		if (m.n[i].dir)
			model_list(&m, i);
	}
	return m;
}

static struct node *
model_find(struct model *m, const char *path)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (strcmp(m->n[i].path, path) == 0)
			return &m->n[i];
	}
	ck_abort_msg("no %s in the model", path);
	return NULL;
}

static void
model_free(struct model *m)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		free(m->n[i].path);
		free(m->n[i].data);
	}
	free(m->n);
}

static uint8_t *
model_image(struct model *m, uint64_t *blocks)
{
	size_t off = 0, all = 0, names = 0, inodes, i, names_len = 0, align;
	uint8_t *img, *p;

	for (i = 0; i < m->count; i++) {
		struct node *n = &m->n[i];

		names_len += strlen(node_name(n));
		if (n->dir)
			continue;
		align = n->len >= 65536 ? 4096 : 8;
		while (off % align != 0)
			off++;
		n->start = off;
		off += n->len;
		all += n->len;
	}
	while (off % 64 != 0)
		off++;
	inodes = off;
	*blocks = (inodes + 64 * m->count + names_len + 4096 + 65535) / 65536;
	img = calloc((size_t)*blocks, 65536);
	ck_assert_ptr_nonnull(img);
	for (i = 0; i < m->count; i++) {
		struct node *n = &m->n[i];
		const char *name = node_name(n);

		p = img + inodes + 64 * i;
		p[0] = n->dir ? 2 : 1;
		store_le16(p + 2, (uint16_t)strlen(name));
		store_le32(p + 4, (uint32_t)n->parent);
		store_le64(p + 8, names);
		store_le64(p + 16, n->dir ? n->children : n->len);
		store_le64(p + 24, n->dir ? n->first : n->start);
		store_le64(p + 32, (uint64_t)n->mtime.tv_sec);
		store_le32(p + 40, n->mtime.tv_nsec);
		memcpy(img + inodes + 64 * m->count + names, name, strlen(name));
		names += strlen(name);
		if (!n->dir)
			memcpy(img + n->start, n->data, n->len);
	}
	p = img + *blocks * 65536 - 4096;
	memcpy(p, "ONCEIMG1", 8);
	store_le64(p + 8, inodes);
	store_le32(p + 16, (uint32_t)m->count);
	store_le64(p + 24, inodes + 64 * m->count);
	store_le64(p + 32, names_len);
	store_le64(p + 40, all);
	return img;
}

/* ---- a naive reader ----------------------------------------------------------------------------------------------------- */

static void
naive_hash(uint8_t out[32], unsigned level, uint64_t index, const uint8_t *block)
{
	uint8_t m[1 + 11 + 1 + 8 + 16 * 32] = "\x0bonce1/block";

	m[12] = (uint8_t)level;
	store_le64(m + 13, index);
	for (size_t i = 0; i < 16; i++)
		crypto_hash_sha256(m + 21 + 32 * i, block + 4096 * i, 4096);
	crypto_hash_sha256(out, m, sizeof m);
}

/* The one segment of a bundle. */
static uint8_t *
slurp(int dir, size_t *n)
{
	int fd = openat(dir, "00000000.seg", O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *p;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0644);
	ck_assert_int_eq(faccessat(dir, "00000001.seg", F_OK, 0), -1);
	*n = (size_t)st.st_size;
	p = malloc(*n + 1);
	ck_assert_int_eq(read(fd, p, *n), st.st_size);
	close(fd);
	return p;
}

static void
check_tree(const uint8_t *seg, size_t len, uint64_t n, const uint8_t root[32])
{
	const uint8_t *level = seg, *up;
	uint8_t hash[32], zero[32] = { 0 };
	uint64_t count = n, i;
	unsigned k = 0;

	do {
		up = level + count * 65536;
		for (i = 0; i < count; i++) {
			naive_hash(hash, k, i, level + i * 65536);
			ck_assert_mem_eq(hash, up + i * 32, 32);
		}
		count = (count + 2047) / 2048;
		for (; i < count * 2048; i++)
			ck_assert_mem_eq(up + i * 32, zero, 32);
		level = up;
		k++;
	} while (count > 1);
	naive_hash(hash, k, 0, level);
	ck_assert_mem_eq(hash, root, 32);
	ck_assert_uint_eq(len, (size_t)(level - seg) + 65536);
}

static uint8_t *
naive_open(int dir, uint64_t n, const uint8_t root[32])
{
	uint8_t nonce[12] = { 0 }, *seg;
	uint64_t i;
	size_t len;

	seg = slurp(dir, &len);
	check_tree(seg, len, n, root);
	for (i = 0; i < n; i++) {
		store_le64(nonce + 4, i);
		crypto_stream_chacha20_ietf_xor_ic(seg + i * 65536, seg + i * 65536, 65536, nonce, 0, ck);
	}
	return seg;
}

/* ---- packing ------------------------------------------------------------------------------------------------------------ */

struct run {
	bool skip_special;
	unsigned threads;
	size_t sticks;
	int (*scan_progress)(void *run, uint64_t files);
	void (*between)(void);                           /* scan and write */
	int (*progress)(void *run, uint64_t done, uint64_t all);

	enum err err;
	struct fault f;
	struct pack_target target[2];
	uint64_t n, files, bytes, holes, blocks, stick_bytes;
	uint8_t root[32];
	unsigned calls;
	uint64_t done, all;
	char notes[4096];
	unsigned young;             /* notes of files that were just written, which here are all */
	bool strict;
	int64_t since;
};

static void
take_note(void *arg, enum pack_note_kind kind, const char *path)
{
	static const char *const words[] = { "skipped", "grew", "shrank", "changed", "young", "gone" };
	struct run *r = arg;

	if (kind == PACK_YOUNG) {
		r->young++;
		return;
	}
	snprintf(r->notes + strlen(r->notes), sizeof r->notes - strlen(r->notes), "%s %s\n", words[kind], path);
}

static int
take_progress(void *arg, uint64_t done, uint64_t all)
{
	struct run *r = arg;

	ck_assert_uint_le(r->done, done);
	ck_assert_uint_le(done, all);
	r->calls++;
	r->done = done;
	r->all = all;
	return r->progress != NULL ? r->progress(r, done, all) : 0;
}

static unsigned
threads_now(void)
{
	DIR *list = opendir("/proc/self/task");
	struct dirent *d;
	unsigned n = 0;

	while (list != NULL && (d = readdir(list)) != NULL)
		n += d->d_name[0] != '.';
	if (list != NULL)
		closedir(list);
	return n;
}

/* A thread that was joined may be listed for a moment longer. */
static void
expect_threads(unsigned n)
{
#ifndef __SANITIZE_THREAD__ /* which has one of its own */
	unsigned i;

	for (i = 0; i < 1000000 && threads_now() != n; i++)
		sched_yield();
	ck_assert_uint_eq(threads_now(), n);
#else
	(void)n;
#endif
}

static void
run(struct run *r)
{
	const struct pack_scan scan = { .skip_special = r->skip_special, .strict = r->strict, .since = r->since, .note = take_note,
		.progress = r->scan_progress, .arg = r };
	struct pack_job job = { .targets = r->target, .ck = ck, .spool_dir = top, .threads = r->threads, .progress = take_progress,
		.note = take_note, .arg = r };
	struct pack_source *src = NULL;
	uint8_t before[32];
	unsigned threads;
	size_t i;

	randombytes_buf(r->root, sizeof r->root);
	memcpy(before, r->root, sizeof before);
	r->n = 77;
	r->err = pack_scan_folder(&src, folder, &scan, &r->f);
	ck_assert_int_eq(r->err, r->f.err);
	if (r->err != E_OK) {
		ck_assert_ptr_null(src);
		return;
	}
	r->files = pack_source_files(src);
	r->bytes = pack_source_bytes(src);
	r->holes = pack_source_holes(src);
	r->blocks = pack_source_blocks(src);
	r->stick_bytes = pack_source_stick_bytes(src);
	if (r->between != NULL)
		r->between();
	if (r->sticks == 0)
		r->sticks = 1;
	job.count = r->sticks;
	for (i = 0; i < r->sticks; i++)
		r->target[i].bundle_fd = stick[i];
	threads = threads_now();
	r->err = pack_write(src, &job, &r->n, r->root, &r->f);
	ck_assert_int_eq(r->err, r->f.err);
	expect_threads(threads);
	if (r->err != E_OK) {
		ck_assert_mem_eq(r->root, before, sizeof before);
		ck_assert_uint_eq(r->n, 77);
	}
	pack_source_free(&src);
	ck_assert_ptr_null(src);
}

static void
same_image(const struct run *r, int dir, struct model *m)
{
	uint64_t n = 0, i;
	uint8_t *want = model_image(m, &n), *got;

	ck_assert_int_eq(r->err, E_OK);
	ck_assert_uint_eq(r->n, n);
	got = naive_open(dir, r->n, r->root);
	for (i = 0; i < n; i++)
		ck_assert_msg(memcmp(got + i * 65536, want + i * 65536, 65536) == 0, "block %" PRIu64 " of %" PRIu64, i, n);
	free(got);
	free(want);
}

/* r packed folder as it is now. */
static void
same_as_folder(const struct run *r, int dir)
{
	struct model m = model_of_folder();

	same_image(r, dir, &m);
	model_free(&m);
}

/* ---- the ring of batches ------------------------------------------------------------------------------------------------- */

/* Blocks of the image: a batch, the ring, and about as many. */
static const size_t rings[] = { 1, 2, 15, 16, 17, 31, 32, 33, 79, 80, 81 };

START_TEST(a_ring_as_large_as_the_folder)
{
	struct run r = { .threads = 3 };

	make_random(folder, "film", (rings[_i] - 1) * 65536 + 1000);
	run(&r);
	ck_assert_uint_eq(r.n, rings[_i]);
	same_as_folder(&r, stick[0]);
}
END_TEST

/* ---- what is packed ----------------------------------------------------------------------------------------------------- */

START_TEST(vector_bundle)
{
	static const char want_super[] = "4f4e4345494d4731003c0100000000000500000000000000"
	    "403d0100000000001600000000000000062c0100000000000000000000000000";
	struct run r = { 0 };
	uint8_t one[256 * 300], raw[56], *seg, *img;
	char hex[2 * 56 + 1];
	int clips = make_dir(folder, "clips");
	size_t i;

	for (i = 0; i < sizeof one; i++)
		one[i] = (uint8_t)i;
	make_file(folder, "a.txt", "hello\n", 6);
	make_file(clips, "empty", "", 0);
	make_file(clips, "one.bin", one, sizeof one);
	set_time(clips, "empty", 1700000000, 0);
	set_time(clips, "one.bin", 1700000000, 0);
	set_time(folder, "a.txt", 1700000000, 0);
	set_time(folder, "clips", 1700000000, 0);
	set_time(top_fd, "folder", 1700000000, 0);
	close(clips);
	run(&r);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(r.n, 2);
	bytes_to_hex(hex, r.root, 32);
	ck_assert_str_eq(hex, "e3fac2bb337c968d3a162a5ee29b95405561382e2ef94517f6e82702c2a79d22");
	seg = slurp(stick[0], &i);
	bytes_to_hex(hex, seg, 32);
	ck_assert_str_eq(hex, "242288ac5b004d39b99a0a932fe5a807a7cbb06f12827b79adf4f5b523ef9999");
	free(seg);
	img = naive_open(stick[0], r.n, r.root);
	memcpy(raw, img + 2 * 65536 - 4096, sizeof raw);
	free(img);
	bytes_to_hex(hex, raw, sizeof raw);
	ck_assert_str_eq(hex, want_super);
	ck_assert_uint_eq(r.files, 3);
	ck_assert_uint_eq(r.bytes, 6 + sizeof one);
	ck_assert_uint_eq(r.blocks, 2);
	ck_assert_uint_eq(r.stick_bytes, 3 * 65536);
	same_as_folder(&r, stick[0]);
}
END_TEST

/* hostile 67 */
START_TEST(an_empty_folder_is_one_block)
{
	struct run r = { 0 };

	run(&r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_uint_eq(r.files, 0);
	same_as_folder(&r, stick[0]);
}
END_TEST

static void
make_forest(int at, unsigned depth)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 1048575, 1048576, 1048577 };
	unsigned i, n = 3 + rnd() % 12;
	char name[40];

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%c%x%s", 'A' + (int)(rnd() % 58), i, rnd() % 2 ? ".mp4" : "");
		if (name[0] == '/')
			name[0] = '_';
		if (depth > 0 && rnd() % 4 == 0) {
			int sub = make_dir(at, name);

			if (rnd() % 4 != 0)
				make_forest(sub, depth - 1);
			close(sub);
			set_time(at, name, rnd(), (long)(rnd() % 1000000000));
		} else {
			make_random(at, name, rnd() % 2 ? sizes[rnd() % (sizeof sizes / sizeof *sizes)] : rnd() % 200000);
		}
	}
}

START_TEST(a_forest_equals_the_naive_image)
{
	struct run r = { .threads = (unsigned)_i % 4 };

	seed = (uint64_t)_i + 1;
	make_forest(folder, 4);
	run(&r);
	same_as_folder(&r, stick[0]);
	ck_assert_uint_eq(r.n, r.blocks);
	ck_assert_uint_eq(r.done, r.stick_bytes);
	ck_assert_uint_eq(r.all, r.stick_bytes);
	ck_assert_str_eq(r.notes, "");
}
END_TEST

/* Holes are counted as far as the file system tells them; what is packed is the same as ever. */
START_TEST(holes_are_counted)
{
	static const char data[] = "data";
	struct run r = {0};
	int fd;

	make_random(folder, "a", 100000);
	fd = openat(folder, "b", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 8 * MIB), 0);
	ck_assert_int_eq(pwrite(fd, data, sizeof data, 2 * MIB), sizeof data);
	ck_assert_int_eq(pwrite(fd, data, sizeof data, 8 * MIB - 8), sizeof data);
	close(fd);
	fd = openat(folder, "c", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, MIB), 0); /* nothing else */
	close(fd);
	run(&r);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(r.bytes, 9 * MIB + 100000);
	ck_assert_uint_le(r.holes, 9 * MIB - 2 * 4096);
	ck_assert_uint_ge(r.holes, 9 * MIB - 2 * 65536); /* pages may be larger elsewhere */
}
END_TEST

/* What a camera with a wrong clock writes, and what a time_t of 32 bits cannot say. */
/* hostile 67 */
START_TEST(times_of_any_year_are_kept)
{
	static const int64_t times[] = {2208988800, 4102444800, 4294967296, -2147483649, -1, 0}; /* 2040, 2100, ..., 1901, ... */
	struct run r = {0};
	char name[2] = "a";

	for (size_t k = 0; k < sizeof times / sizeof *times; k++, name[0]++) {
		make_random(folder, name, 10);
		set_time(folder, name, times[k], 5);
	}
	run(&r);
	same_as_folder(&r, stick[0]);
}
END_TEST

START_TEST(names_are_bytes)
{
	struct run r = { 0 };
	char longest[256], name[2] = { 0, 0 };
	int c;

	memset(longest, 'x', 255);
	longest[255] = '\0';
	make_file(folder, longest, "long", 4);
	longest[0] = (char)0xff;
	close(make_dir(folder, longest));
	make_file(folder, "\xff\xfe not UTF-8 \x80", "1", 1);
	make_file(folder, "line\nbreak \x1b[31m", "2", 1);
	make_file(folder, "...", "3", 1);
	for (c = 1; c < 256; c++) {
		name[0] = (char)c;
		if (c != '/' && c != '.')
			make_file(folder, name, name, 1);
	}
	run(&r);
	same_as_folder(&r, stick[0]);
}
END_TEST

START_TEST(hard_links_are_separate_files)
{
	struct run r = { 0 };

	make_random(folder, "a", 70000);
	ck_assert_int_eq(linkat(folder, "a", folder, "b", 0), 0);
	run(&r);
	ck_assert_uint_eq(r.bytes, 140000);
	same_as_folder(&r, stick[0]);
}
END_TEST

/* hostile 67 */
START_TEST(many_files)
{
	const int files = suite_few() ? 2000 : 20000;
	struct run r = { 0 };
	char name[16];
	int i, sub = -1;

	for (i = 0; i < files; i++) {
		if (i % (files / 40) == 0) {
			if (sub >= 0)
				close(sub);
			snprintf(name, sizeof name, "d%d", i * 7919 % 20011);
			sub = make_dir(folder, name);
		}
		snprintf(name, sizeof name, "f%d", i * 7919 % 20011);
		make_file(sub, name, name, strlen(name));
	}
	close(sub);
	run(&r);
	ck_assert_uint_eq(r.files, (unsigned)files);
	same_as_folder(&r, stick[0]);
}
END_TEST

static void
few_descriptors(void)
{
	struct rlimit few;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
	few.rlim_cur = 110;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void
dig(const char *first, const char *name, unsigned depth)
{
	int at = make_dir(folder, first), next;
	unsigned i;

	for (i = 1; i < depth; i++) {
		next = make_dir(at, name);
		close(at);
		at = next;
	}
	make_file(at, "bottom", first, strlen(first));
	close(at);
}

static uint64_t
inode_field(const uint8_t *img, uint64_t n, uint64_t ino, size_t field)
{
	return load_le64(img + load_le64(img + n * 65536 - 4096 + 8) + 64 * ino + field);
}

/* hostile 67 */
START_TEST(two_thousand_levels)
{
	struct run r = { 0 };
	uint64_t ino = 0, depth;
	uint8_t *img;

	dig("a", "directory", 2000);
	few_descriptors();
	run(&r);
	ck_assert_int_eq(r.err, E_OK);
	ck_assert_uint_eq(r.files, 1);
	img = naive_open(stick[0], r.n, r.root);
	for (depth = 0; inode_field(img, r.n, ino, 0) % 256 == 2; depth++) {
		ck_assert_uint_eq(inode_field(img, r.n, ino, 16), 1);
		ino = inode_field(img, r.n, ino, 24);
	}
	ck_assert_uint_eq(depth, 2001);
	ck_assert_uint_eq(inode_field(img, r.n, ino, 16), 1);
	free(img);
}
END_TEST

START_TEST(deep_branches_side_by_side)
{
	struct run r = { 0 };
	char name[16];
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "b%d", i);
		dig(name, "d", 40);
	}
	few_descriptors();
	run(&r);
	same_as_folder(&r, stick[0]);
}
END_TEST

/* ---- what is not packed ------------------------------------------------------------------------------------------------- */

static void
make_socket(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s/folder/%s", top, name);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof a), 0);
	close(s);
}

/* hostile 67 */
START_TEST(links_fifos_and_sockets_are_refused_by_name)
{
	static const char *const kinds[] = { "symbolic link", "fifo", "socket", "symbolic link" };
	struct run r = { 0 };
	int sub = make_dir(folder, "sub");

	make_file(folder, "a", "a", 1);
	if (_i == 0)
		ck_assert_int_eq(symlinkat("../a", sub, "odd"), 0);
	else if (_i == 1)
		ck_assert_int_eq(mkfifoat(sub, "odd", 0644), 0);
	else if (_i == 2)
		make_socket("sub/odd");
	else
		ck_assert_int_eq(symlinkat(".", sub, "odd"), 0);
	close(sub);
	run(&r);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_str_eq(r.f.step, kinds[_i]);
	ck_assert_str_eq(r.f.object, "sub/odd");
	ck_assert_int_eq(r.f.sys, 0);
}
END_TEST

/* Neither opened nor listed, and no reason to refuse the folder. */
START_TEST(what_is_left_out_is_not_even_looked_at)
{
	static struct exclude x;
	const struct pack_scan scan = {.strict = true, .since = INT64_MAX, .exclude = &x};
	struct pack_source *src = NULL;
	struct fault f = {0};
	int sub = make_dir(folder, "sub"), out = make_dir(folder, "out");

	ck_assert_int_eq(exclude_add(&x, "out/"), EXCLUDE_OK);
	ck_assert_int_eq(exclude_add(&x, "sub/odd"), EXCLUDE_OK);
	make_file(sub, "a", "a", 1);
	make_file(out, "b", "b", 1);
	ck_assert_int_eq(mkfifoat(out, "odd", 0644), 0);
	ck_assert_int_eq(mkfifoat(sub, "odd", 0644), 0);
	ck_assert_int_eq(pack_scan_folder(&src, folder, &scan, &f), E_OK);
	ck_assert_uint_eq(pack_source_files(src), 1);
	ck_assert_uint_eq(x.dirs, 1);
	ck_assert_uint_eq(x.files, 1);
	pack_source_free(&src);
	exclude_free(&x);
	close(sub);
	close(out);
}
END_TEST

START_TEST(specials_are_skipped_with_a_note)
{
	struct run r = { .skip_special = true };
	int sub = make_dir(folder, "sub");

	make_file(sub, "a", "a", 1);
	ck_assert_int_eq(symlinkat("/etc", sub, "l"), 0);
	run(&r);
	ck_assert_str_eq(r.notes, "skipped sub/l\n");
	ck_assert_uint_eq(r.files, 1);
	ck_assert_int_eq(unlinkat(sub, "l", 0), 0);
	set_time(folder, "sub", 1, 1);
	ck_assert_int_eq(r.err, E_OK);
	close(sub);
}
END_TEST

/* hostile 67 */
START_TEST(unreadable_is_known_before_anything_is_written)
{
	struct run r = { 0 };
	bool dir = _i == 1, root = geteuid() == 0;

	make_file(folder, "fine", "a", 1);
	if (dir)
		close(make_dir(folder, "shut"));
	else
		make_file(folder, "shut", "b", 1);
	ck_assert_int_eq(fchmodat(folder, "shut", 0, 0), 0);
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	run(&r);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(fchmodat(folder, "shut", 0700, 0), 0);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_int_eq(r.f.sys, EACCES);
	ck_assert_str_eq(r.f.object, "shut");
	ck_assert_int_eq(faccessat(stick[0], "00000000.seg", F_OK, 0), -1);
}
END_TEST

START_TEST(names_in_faults_are_safe_to_print)
{
	static const char *const bad[] = { "a\xff\xfe" "b", "x\x1b[2J", "\xe2\x80\xae" "exe.txt",
		"\xc2\x9b" "1m", "\xc0\xaf", "Z\xc3\xbcrich" };
	static const char *const safe[] = { "a??b", "x?[2J", "???exe.txt", "??1m", "??", "Z\xc3\xbcrich" };
	struct run r = { 0 };

	ck_assert_int_eq(symlinkat("x", folder, bad[_i]), 0);
	run(&r);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_str_eq(r.f.object, safe[_i]);
}
END_TEST

/* Where what may be shown begins and ends. */
START_TEST(what_turns_or_hides_text_is_not_shown)
{
	static const struct { const char *name; bool shown; } all[] = {
	    {"\x1f", false}, {" ", true}, {"~", true}, {"\x7f", false}, {"\xc2\x9f", false}, {"\u00a0", true}, {"\u200a", true},
	    {"\u200b", false}, {"\u200f", false}, {"\u2010", true}, {"\u2027", true}, {"\u2028", false}, {"\u202e", false},
	    {"\u202f", true}, {"\u205f", true}, {"\u2060", false}, {"\u206f", false}, {"\u2070", true}, {"\ufeff", false},
	    {"\ufefe", true}, {"\U0001f4bd", true}};
	struct pack_source *src = pack_source_new(folder);
	char name[16], want[16];

	ck_assert_ptr_nonnull(src);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct fault f = {0};

		snprintf(name, sizeof name, "a%sz", all[i].name);
		snprintf(want, sizeof want, "a%sz", all[i].shown ? all[i].name : &"????"[4 - strlen(all[i].name)]);
		ck_assert_int_eq(pack_source_fault(src, &f, EIO, "read", 0, name), E_SOURCE);
		ck_assert_str_eq(f.object, want);
		ck_assert(f.err == E_SOURCE && f.sys == EIO && strcmp(f.step, "read") == 0);
		fault_clear(&f);
		ck_assert_int_eq(pack_source_why(src, &f, ELOOP, WHY_SYMLINK, 0, NULL), E_SOURCE);
		ck_assert_str_eq(f.object, ".");
		ck_assert(f.err == E_SOURCE && f.sys == ELOOP && f.why == WHY_SYMLINK);
	}
	pack_source_free(&src);
	pack_source_free(&src);
}
END_TEST

/* Of 200 bytes all is told, of more the last 200, from the beginning of a character. */
START_TEST(a_path_that_just_fits_is_whole)
{
	struct pack_source *src = pack_source_new(folder);

	ck_assert_ptr_nonnull(src);
	for (size_t n = 199; n <= 203; n++) {
		char name[256] = "", want[256];
		struct fault f = {0};

		memset(name, 'x', n);
		memcpy(name, "\u00fc", 2);
		if (n == 200 || n == 199)
			snprintf(want, sizeof want, "%s", name);
		else
			snprintf(want, sizeof want, "...%s", name + (n == 201 ? 2 : n - 200));
		pack_source_fault(src, &f, 0, "read", 0, name);
		ck_assert_str_eq(f.object, want);
	}
	pack_source_free(&src);
}
END_TEST

START_TEST(long_paths_in_faults_keep_their_end)
{
	struct run r = { 0 };
	char longest[256];
	int sub;

	memset(longest, 'x', 255);
	longest[255] = '\0';
	sub = make_dir(folder, longest);
	ck_assert_int_eq(symlinkat("x", sub, "this one"), 0);
	close(sub);
	run(&r);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_int_eq(memcmp(r.f.object, "...xxx", 6), 0);
	ck_assert_str_eq(r.f.object + strlen(r.f.object) - 10, "x/this one");
}
END_TEST

/* hostile 67 */
START_TEST(more_than_a_bundle_can_hold)
{
	struct run r = { 0 };
	off_t size = (off_t)8 << 40;
	char name[16];
	int i, fd;

	make_file(folder, "0", "", 0);
	fd = openat(folder, "0", O_WRONLY | O_CLOEXEC);
	while (ftruncate(fd, size) != 0)
		size /= 2;
	close(fd);
	for (i = 1; i < ((off_t)1 << 48) / size; i++) {
		snprintf(name, sizeof name, "%d", i);
		ck_assert_int_eq(linkat(folder, "0", folder, name, 0), 0);
	}
	run(&r);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_int_eq(r.f.sys, EFBIG);
	ck_assert_str_ne(r.f.object, "");
}
END_TEST

/* ---- folders that change ------------------------------------------------------------------------------------------------ */

static void
vanish(void)
{
	ck_assert_int_eq(unlinkat(folder, "b", 0), 0);
}

static void
become_link(void)
{
	vanish();
	ck_assert_int_eq(symlinkat("a", folder, "b"), 0);
}

static void
become_fifo(void)
{
	vanish();
	ck_assert_int_eq(mkfifoat(folder, "b", 0644), 0);
}

static void
become_dir(void)
{
	vanish();
	ck_assert_int_eq(mkdirat(folder, "b", 0755), 0);
}

/* hostile 67 */
START_TEST(a_file_that_vanished_or_turned_stops_the_pack)
{
	static void (*const turns[])(void) = { vanish, become_link, become_fifo, become_dir };
	static const int sys[] = { ENOENT, ELOOP, 0, 0 };
	struct run r = { .between = turns[_i] };

	make_random(folder, "a", 3 * MIB);
	make_random(folder, "b", 100);
	make_random(folder, "c", 3 * MIB);
	run(&r);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_int_eq(r.f.sys, sys[_i]);
	ck_assert_str_eq(r.f.object, "b");
}
END_TEST

static unsigned good_reads; /* of b, before one fails */
static int read_error;

static int
b_cannot_be_read(const struct stat *st)
{
	struct stat b;
	int e = read_error;

	if (fstatat(folder, "b", &b, AT_SYMLINK_NOFOLLOW) != 0 || b.st_ino != st->st_ino || b.st_dev != st->st_dev ||
	    good_reads-- > 0)
		return 0;
	if (e == EINTR)
		before_read = NULL; /* once */
	return e;
}

/* Neither empty nor short: a medium that fails in its first block, or in a later one, and a signal. */
START_TEST(a_file_that_cannot_be_read_stops_the_pack)
{
	struct run r = { 0 };

	make_random(folder, "a", 100);
	make_random(folder, "b", 3 * MIB);
	good_reads = (unsigned)_i % 2;
	read_error = _i < 2 ? EIO : EINTR;
	before_read = b_cannot_be_read;
	run(&r);
	before_read = NULL;
	ck_assert_int_eq(r.err, _i < 2 ? E_SOURCE : E_OK);
	ck_assert_int_eq(r.f.sys, _i < 2 ? EIO : 0);
	ck_assert_str_eq(r.f.step, _i < 2 ? "read" : "");
	ck_assert_str_eq(r.f.object, _i < 2 ? "b" : "");
	if (_i >= 2)
		same_as_folder(&r, stick[0]);
}
END_TEST

static void
move_dir_and_link(void)
{
	ck_assert_int_eq(renameat(folder, "sub", top_fd, "elsewhere"), 0);
	ck_assert_int_eq(symlinkat("../elsewhere", folder, "sub"), 0);
}

/* hostile 67 */
START_TEST(a_directory_that_became_a_link_is_not_followed)
{
	struct run r = { .between = move_dir_and_link };
	int sub = make_dir(folder, "sub");

	make_file(sub, "a", "a", 1);
	close(sub);
	run(&r);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_str_eq(r.f.object, "sub/a");
}
END_TEST

/* As if nobody had written here for a day. */
static void
age_all(void)
{
	static const char *const names[] = { "a", "b", "c", "d", "." };
	const struct timespec times[2] = { { time(NULL) - 86400, 0 }, { time(NULL) - 86400, 0 } };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)utimensat(folder, names[i], times, 0);
}

static void
resize_between(void)
{
	int fd = openat(folder, "b", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, 200000), 0);
	close(fd);
	fd = openat(folder, "c", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 3), 0);
	close(fd);
	make_file(folder, "new", "not in the scan", 15);
}

START_TEST(sizes_and_times_are_those_at_opening)
{
	struct run r = { .between = resize_between };
	struct model m;
	struct statx st;

	make_random(folder, "a", 100000);
	make_random(folder, "b", 100);
	make_random(folder, "c", 100000);
	make_random(folder, "d", 100000);
	age_all();
	look(".", &st);
	run(&r);
	ck_assert_str_eq(r.notes, "changed b\nchanged c\nchanged .\n");
	ck_assert_uint_eq(r.young, 0);
	ck_assert_int_eq(unlinkat(folder, "new", 0), 0);
	m = model_of_folder();
	m.n[0].mtime = st.stx_mtime; /* a directory's is that of the scan */
	same_image(&r, stick[0], &m);
	model_free(&m);
}
END_TEST

static void
rewrite(void)
{
	int fd = openat(folder, "b", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, "other", 5, 0), 5);
	close(fd);
}

static bool rewritten;

static int
rewrite_when_first_written(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	(void)all;
	if (done >= MIB && !rewritten)
		rewrite();
	rewritten = rewritten || done >= MIB;
	return 0;
}

static void
add_one(void)
{
	make_file(folder, "new", "x", 1);
}

/* hostile 82 */
START_TEST(what_changes_and_keeps_its_size_is_told_or_refused)
{
	static void (*const changes[])(void) = { rewrite, add_one, NULL, NULL };
	static const char *const notes[] = { "changed b\n", "changed .\n", "changed b\n", "" };
	struct run r = { .strict = _i >= 4, .between = changes[_i % 4] };

	make_random(folder, "a", 100);
	make_random(folder, "b", _i % 4 == 2 ? 20 * MIB : 100);
	age_all();
	rewritten = _i % 4 != 2;
	r.progress = rewrite_when_first_written;
	run(&r);
	if (r.strict && _i % 4 != 3) {
		ck_assert_int_eq(r.err, E_SOURCE);
		ck_assert_int_eq(r.f.why, WHY_UNSTEADY);
		ck_assert_str_eq(r.f.object, _i % 4 == 1 ? "." : "b");
		ck_assert_str_eq(r.notes, "");
	} else {
		ck_assert_int_eq(r.err, E_OK);
		ck_assert_str_eq(r.notes, notes[_i % 4]);
	}
}
END_TEST

/* hostile 82 */
START_TEST(what_was_just_written_is_told_or_refused)
{
	const struct timespec ages[][2] = {{{0, UTIME_NOW}, {0, UTIME_NOW}}, {{time(NULL) - 3, 0}, {time(NULL) - 3, 0}},
	    {{time(NULL) + 86400, 0}, {time(NULL) + 86400, 0}}};
	struct run r = { .strict = _i >= 3 };

	make_random(folder, "a", 100);
	age_all();
	ck_assert_int_eq(utimensat(folder, "a", ages[_i % 3], 0), 0);
	run(&r);
	ck_assert_int_eq(r.err, _i == 3 ? E_SOURCE : E_OK);
	ck_assert_uint_eq(r.young, _i == 0 ? 1 : 0);
	r = (struct run){ .since = time(NULL) - 20 };
	run(&r);
	ck_assert_uint_eq(r.young, _i % 3 == 2 ? 0 : 1);
}
END_TEST

/* One file changes its size right after it was opened, or while it is read; the others must not notice. */
static ino_t changing;
static size_t changed_size;
static unsigned change_at;

static void
resize(void)
{
	int fd = openat(folder, "b", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, (off_t)changed_size), 0);
	close(fd);
}

static void
resize_when_opened(const struct statx *st)
{
	if (st->stx_ino == changing && change_at-- == 1)
		resize();
}

static int
resize_when_first_written(void *arg, uint64_t done, uint64_t all)
{
	const struct run *r = arg;

	(void)all;
	if (r->calls == 1)
		ck_assert_uint_le(done, MIB);
	if (done >= MIB && change_at > 0) {
		change_at = 0;
		resize();
	}
	return 0;
}

/* Pack a, b, c while b goes from one size to another; packed is the size it must have in the image. */
static void
pack_changing(struct run *r, size_t from, size_t to, size_t packed, const char *notes)
{
	struct model m;
	struct node *b;
	struct statx st, dir;
	uint8_t *content;
	int fd;

	make_random(folder, "a", 4097);
	make_random(folder, "b", from);
	make_random(folder, "c", 100001);
	make_random(folder, "d", 3);
	look("b", &st);
	look(".", &dir);
	content = malloc(from + 1);
	fd = openat(folder, "b", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, content, from), (ssize_t)from);
	close(fd);
	changing = st.stx_ino;
	changed_size = to;
	change_at = 1;
	run(r);
	after_look = NULL;
	ck_assert_int_eq(r->err, E_OK);
	ck_assert_str_eq(r->notes, notes);
	m = model_of_folder();
	b = model_find(&m, "b");
	free(b->data);
	b->data = content;
	b->len = packed;
	b->mtime = st.stx_mtime;
	m.n[0].mtime = dir.stx_mtime;
	same_image(r, stick[0], &m);
	model_free(&m);
}

/* from, to, size in the image */
static const size_t changes[][3] = {
	{ 0, 1, 0 }, { 100, 101, 100 }, { 100, 70000, 100 }, { 65535, 65536, 65535 }, { 65535, 200000, 65535 },
	{ 65536, 65537, 65536 }, { 2 * MIB, 2 * MIB + 1, 2 * MIB }, { 100, 99, 99 }, { 100, 0, 0 },
	{ 65536, 65535, 65535 }, { 65536, 0, 0 }, { 65537, 65536, 65536 },
	{ 200000, 100, 100 }, { 3 * MIB, 65536, 65536 }, { 3 * MIB, 65535, 65535 }, { 3 * MIB, 2 * MIB + 5, 2 * MIB + 5 },
};

/* hostile 67 */
START_TEST(a_file_that_changes_when_it_was_opened)
{
	const size_t *c = changes[_i];
	struct run r = { 0 };

	after_look = resize_when_opened;
	pack_changing(&r, c[0], c[1], c[2], c[1] > c[0] ? "grew b\n" : "shrank b\n");
}
END_TEST

/* hostile 67 */
START_TEST(a_long_file_that_grows_while_it_is_read)
{
	struct run r = { .progress = resize_when_first_written };

	pack_changing(&r, 20 * MIB, 20 * MIB + 12345, 20 * MIB, "grew b\n");
}
END_TEST

/* hostile 67 */
START_TEST(a_long_file_that_shrinks_while_it_is_read)
{
	struct run r = { .progress = resize_when_first_written };

	pack_changing(&r, 20 * MIB, 15 * MIB + 3, 15 * MIB + 3, "shrank b\n");
	ck_assert_uint_lt(r.n, r.blocks);
	ck_assert_uint_eq(r.done, r.all);
}
END_TEST

/* ---- sticks ------------------------------------------------------------------------------------------------------------- */

static void
fill_folder(void)
{
	make_random(folder, "a", 5 * MIB + 17);
	make_random(folder, "b", 5 * MIB);
}

START_TEST(two_sticks_get_the_same)
{
	struct run r = { .sticks = 2 };

	fill_folder();
	run(&r);
	ck_assert_int_eq(r.target[0].fault.err, E_OK);
	ck_assert_int_eq(r.target[1].fault.err, E_OK);
	same_as_folder(&r, stick[0]);
	same_as_folder(&r, stick[1]);
}
END_TEST

START_TEST(a_segment_that_is_there_already_is_not_touched)
{
	struct run r = { .sticks = 2 };
	struct stat st;

	fill_folder();
	make_file(stick[_i], "00000000.seg", "mine", 4);
	run(&r);
	ck_assert_int_eq(r.target[_i].fault.err, E_STICK_IO);
	ck_assert_int_eq(r.target[_i].fault.sys, EEXIST);
	ck_assert_str_eq(r.target[_i].fault.object, "00000000.seg");
	ck_assert_int_eq(r.target[1 - _i].fault.err, E_OK);
	same_as_folder(&r, stick[1 - _i]);
	ck_assert_int_eq(fstatat(stick[_i], "00000000.seg", &st, 0), 0);
	ck_assert_int_eq(st.st_size, 4);
}
END_TEST

static bool
on_stick_1(const struct stat *st)
{
	struct stat s;

	return fstatat(stick[1], "00000000.seg", &s, 0) == 0 && s.st_ino == st->st_ino && s.st_dev == st->st_dev;
}

static int
full_half_way(const struct stat *st, off_t off)
{
	return on_stick_1(st) && off >= (off_t)(4 * MIB) ? ENOSPC : 0;
}

static int
lost_at_fsync(const struct stat *st)
{
	return on_stick_1(st) ? EIO : 0;
}

static int
lost_at_directory(const struct stat *st)
{
	struct stat s;

	return fstatat(stick[1], ".", &s, 0) == 0 && s.st_ino == st->st_ino && s.st_dev == st->st_dev ? EIO : 0;
}

/* hostile 67 */
START_TEST(a_stick_that_fails_is_given_up_alone)
{
	static const char *const steps[] = { "write", "fsync", "fsync directory" };
	struct run r = { .sticks = 2 };

	fill_folder();
	before_pwrite = _i == 0 ? full_half_way : NULL;
	before_fsync = _i == 1 ? lost_at_fsync : _i == 2 ? lost_at_directory : NULL;
	run(&r);
	ck_assert_int_eq(r.target[1].fault.err, E_STICK_IO);
	ck_assert_int_eq(r.target[1].fault.sys, _i == 0 ? ENOSPC : EIO);
	ck_assert_str_eq(r.target[1].fault.step, steps[_i]);
	ck_assert_int_eq(r.target[0].fault.err, E_OK);
	same_as_folder(&r, stick[0]);
}
END_TEST

START_TEST(no_stick_left)
{
	struct rlimit small = { 3 * MIB + 5, RLIM_INFINITY };
	struct run r = { .sticks = 2 };

	fill_folder();
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	run(&r);
	small.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(r.err, E_STICK_IO);
	ck_assert_int_eq(r.f.sys, EFBIG);
	ck_assert_int_eq(r.target[0].fault.err, E_STICK_IO);
	ck_assert_int_eq(r.target[1].fault.err, E_STICK_IO);
}
END_TEST

/* hostile 67 */
START_TEST(segments_end_at_a_gibibyte)
{
	struct pack_target t = { .bundle_fd = stick[0] };
	struct pack_target_file o = { .fd = -1, .block = 16382 };
	uint8_t *p = some_bytes(5 * BLOCK_SIZE), *back = malloc(3 * BLOCK_SIZE);
	struct stat st;
	int fd;

	pack_target_write(&t, &o, p, 5);
	pack_target_finish(&t, &o);
	ck_assert_int_eq(t.fault.err, E_OK);
	ck_assert_int_eq(fstatat(stick[0], "00000000.seg", &st, 0), 0);
	ck_assert_int_eq(st.st_size, 1 << 30);
	ck_assert_int_eq(fstatat(stick[0], "00000001.seg", &st, 0), 0);
	ck_assert_int_eq(st.st_size, 3 * 65536);
	fd = openat(stick[0], "00000000.seg", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, back, 3 * BLOCK_SIZE, (off_t)16382 << 16), 2 * 65536);
	ck_assert_mem_eq(back, p, 2 * 65536);
	close(fd);
	fd = openat(stick[0], "00000001.seg", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, back, 3 * BLOCK_SIZE), 3 * 65536);
	ck_assert_mem_eq(back, p + (size_t)2 * BLOCK_SIZE, 3 * 65536);
	close(fd);
	free(p);
	free(back);
}
END_TEST

/* As far as it came, so that what a progress says is on the stick nearly is; and not beyond, where a neighbour writes. */
START_TEST(what_is_written_goes_to_the_medium_on_the_way)
{
	const unsigned begin = SYNC_FILE_RANGE_WRITE;
	const unsigned await = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	struct pack_target t = { .bundle_fd = stick[0] };
	struct pack_target_file o = { .fd = -1 };
	uint8_t *p = some_bytes(130 * BLOCK_SIZE);

	pack_target_write(&t, &o, p, 63);
	ck_assert_uint_eq(flushes, 0);
	pack_target_write(&t, &o, p, 1);
	ck_assert_uint_eq(flushes, 1);
	ck_assert(flushed[0].off == 0 && flushed[0].flags == begin);
	pack_target_write(&t, &o, p, 66);
	ck_assert_uint_eq(flushes, 3);
	ck_assert(flushed[1].off == (off_t)(4 * MIB) && flushed[1].flags == begin);
	ck_assert(flushed[2].off == 0 && flushed[2].flags == await);
	pack_target_finish(&t, &o);
	ck_assert_int_eq(t.fault.err, E_OK);
	free(p);
}
END_TEST

static const int flush_errors[] = { ENOSYS, EINVAL, ESPIPE, EPERM, EIO, ENOSPC };

START_TEST(a_medium_that_cannot_be_told_to_is_no_worse_and_one_that_fails_is_told)
{
	const bool worse = flush_errors[_i] == EIO || flush_errors[_i] == ENOSPC;
	struct pack_target t = { .bundle_fd = stick[0] };
	struct pack_target_file o = { .fd = -1 };
	uint8_t *p = some_bytes(128 * BLOCK_SIZE);

	flush_fails = flush_errors[_i];
	pack_target_write(&t, &o, p, 128);
	pack_target_finish(&t, &o);
	ck_assert_int_eq(t.fault.err, worse ? E_STICK_IO : E_OK);
	ck_assert_int_eq(t.fault.sys, worse ? flush_errors[_i] : 0);
	ck_assert_str_eq(t.fault.step, worse ? "sync_file_range" : "");
	ck_assert_uint_eq(flushes, worse ? 1 : 3);
	free(p);
}
END_TEST

START_TEST(no_segment_after_a_full_one)
{
	struct pack_target t = { .bundle_fd = stick[0] };
	struct pack_target_file o = { .fd = -1, .block = 16383 };
	uint8_t *p = some_bytes(BLOCK_SIZE);

	pack_target_write(&t, &o, p, 1);
	pack_target_finish(&t, &o);
	ck_assert_int_eq(t.fault.err, E_OK);
	ck_assert_int_eq(faccessat(stick[0], "00000000.seg", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(stick[0], "00000001.seg", F_OK, 0), -1);
	free(p);
}
END_TEST

/* ---- stopping ----------------------------------------------------------------------------------------------------------- */

START_TEST(a_cipher_that_fails_stops_the_pack)
{
	struct run r = { .threads = 1 + (unsigned)_i % 2 };

	fill_folder();
	good_crypts = _i * 5;
	run(&r);
	ck_assert_int_eq(r.err, E_FAIL);
	ck_assert_int_eq(r.f.sys, ENOMEM);
	ck_assert_str_eq(r.f.step, "encrypt");
}
END_TEST

/* As many as can be had; none is not enough, nor is nobody who reads. */
START_TEST(threads_that_cannot_be_made)
{
	struct run r = { .threads = 3 };

	fill_folder();
	if (_i < 4)
		good_threads = _i;
	else
		good_contexts = _i - 4;
	run(&r);
	if (_i == 0 || _i == 3 || _i == 4) {
		ck_assert_int_eq(r.err, E_FAIL);
		ck_assert_int_eq(r.f.sys, _i == 4 ? ENOMEM : EAGAIN);
		ck_assert_str_eq(r.f.step, "threads");
		return;
	}
	same_as_folder(&r, stick[0]);
	ck_assert_uint_eq(threads_made, (unsigned)(_i < 4 ? _i : _i - 4) + 1);
}
END_TEST

START_TEST(threads_are_as_many_as_are_wanted)
{
	struct run one = { .threads = 1 }, most = { .threads = 1000 }, each = { .threads = 0 };
	sigset_t before, after;
	cpu_set_t set;

	fill_folder();
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	run(&one);
	ck_assert_uint_eq(threads_made, 1 + 1);
	empty_dir(stick[0]);
	threads_made = 0;
	run(&most);
	ck_assert_uint_eq(threads_made, 16 + 1);
	empty_dir(stick[0]);
	threads_made = 0;
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
	run(&each);
	ck_assert_uint_eq(threads_made, 1 + 1);
	same_as_folder(&each, stick[0]);
	ck_assert(!worker_takes_signals);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	ck_assert_int_eq(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
	ck_assert_int_eq(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}
END_TEST

static unsigned stop_at;

static int
stop_pack(void *arg, uint64_t done, uint64_t all)
{
	const struct run *r = arg;

	(void)all;
	(void)done;
	ck_assert_uint_le(r->calls, stop_at);
	return r->calls == stop_at;
}

START_TEST(progress_stops_the_pack_at_once)
{
	struct run r = { .progress = stop_pack };

	fill_folder();
	stop_at = (unsigned)_i + 1;
	run(&r);
	ck_assert_int_eq(r.err, E_INTERRUPTED);
	ck_assert_uint_eq(r.calls, stop_at);
	ck_assert_uint_le(r.done, stop_at * MIB);
}
END_TEST

static int
stop_scan(void *arg, uint64_t files)
{
	(void)arg;
	ck_assert_uint_le(files, stop_at);
	return files >= stop_at;
}

static int stop_early; /* after so many questions; below 0: never */

static bool
early_stopped(void *arg)
{
	(void)arg;
	if (stop_early > 0) {
		stop_early--;
		return false;
	}
	return stop_early == 0;
}

static void
pack_early(uint64_t bytes, int stop_after)
{
	const struct pack_scan scan = {0};
	struct pack_source *src = NULL;
	struct fault f = {0};

	memset(&early, 0, sizeof early);
	stop_early = stop_after;
	ck_assert_int_eq(pack_scan_folder(&src, folder, &scan, &f), E_OK);
	pack_ahead(src, bytes, early_stopped, NULL);
	pack_source_free(&src);
}

static ino_t
inode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(folder, name, &st, 0), 0);
	return st.st_ino;
}

START_TEST(what_is_packed_first_is_read_early)
{
	uint8_t *film = calloc(1, MIB);

	ck_assert_ptr_nonnull(film);
	make_file(folder, "a", film, MIB);
	make_file(folder, "b", "", 0);
	make_file(folder, "c", film, MIB);
	pack_early(64 * MIB, -1);
	ck_assert_int_eq(early.bytes, 2 * MIB);
	ck_assert_int_eq(early.end, MIB);
	ck_assert_uint_eq(early.file, inode_of("c"));
	pack_early(MIB + MIB / 2, -1);
	ck_assert_int_eq(early.bytes, MIB + MIB / 2);
	ck_assert_int_eq(early.end, MIB / 2);
	pack_early(64 * MIB, 5); /* for the folder, the file, then each piece */
	ck_assert_int_eq(early.bytes, 3 * (128 << 10));
	ck_assert_uint_eq(early.file, inode_of("a"));
	free(film);
}
END_TEST

/* However many small files there are. */
START_TEST(what_is_read_early_is_few_files)
{
	char name[16];

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "%02d", i);
		make_file(folder, name, "1", 1);
	}
	pack_early(MIB, -1);
	ck_assert_int_eq(early.bytes, MIB);
	ck_assert_uint_eq(early.file, inode_of("07"));
}
END_TEST

START_TEST(progress_stops_the_scan)
{
	struct run r = { .scan_progress = stop_scan };
	char name[16];
	int i;

	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "%d", i);
		make_file(folder, name, "", 0);
	}
	stop_at = _i == 0 ? 1 : _i == 1 ? 256 : 600;
	run(&r);
	ck_assert_int_eq(r.err, E_INTERRUPTED);
}
END_TEST

/* Stop nothing, but remove every file after so many were seen. */
static int
remove_all_files(void *arg, uint64_t files)
{
	char name[16];
	int i;

	(void)arg;
	for (i = 0; files == 256 && i < 600; i++) {
		snprintf(name, sizeof name, "%d", i);
		(void)unlinkat(folder, name, 0); /* called once more at the end */
	}
	return 0;
}

/* hostile 67, 82 */
START_TEST(what_vanishes_while_it_is_listed_was_never_there)
{
	struct run r = { .scan_progress = remove_all_files };
	char name[16];
	int i;

	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "%d", i);
		make_file(folder, name, "", 0);
	}
	run(&r);
	ck_assert_uint_eq(r.files, 256);
	ck_assert_ptr_nonnull(strstr(r.notes, "gone "));
	ck_assert_int_eq(r.err, E_SOURCE); /* the others were */
	ck_assert_int_eq(r.f.sys, ENOENT);
}
END_TEST

static int
remove_all_dirs(void *arg, uint64_t files)
{
	char name[16];
	int i;

	(void)arg;
	for (i = 0; files == 256 && i < 300; i++) {
		snprintf(name, sizeof name, "%d", i);
		ck_assert_int_eq(unlinkat(folder, name, AT_REMOVEDIR), 0);
	}
	return 0;
}

START_TEST(a_directory_that_vanishes_before_it_is_listed)
{
	struct run r = { .scan_progress = remove_all_dirs };
	char name[16];
	int i;

	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "%d", i);
		close(make_dir(folder, name));
	}
	run(&r);
	ck_assert_int_eq(r.err, E_SOURCE);
	ck_assert_int_eq(r.f.sys, ENOENT);
	ck_assert_str_eq(r.f.step, "open");
}
END_TEST

SUITE("pack", .setup = setup, .teardown = teardown, .timeout = 300)
{
	tcase_add_test(t, vector_bundle);
	tcase_add_test(t, an_empty_folder_is_one_block);
	tcase_add_loop_test(t, a_forest_equals_the_naive_image, 0, suite_few() ? 4 : 12);
	tcase_add_test(t, holes_are_counted);
	tcase_add_test(t, times_of_any_year_are_kept);
	tcase_add_test(t, names_are_bytes);
	tcase_add_test(t, hard_links_are_separate_files);
	tcase_add_test(t, many_files);
	tcase_add_test(t, two_thousand_levels);
	tcase_add_test(t, deep_branches_side_by_side);
	tcase_add_loop_test(t, links_fifos_and_sockets_are_refused_by_name, 0, 4);
	tcase_add_test(t, what_is_left_out_is_not_even_looked_at);
	tcase_add_test(t, specials_are_skipped_with_a_note);
	tcase_add_loop_test(t, unreadable_is_known_before_anything_is_written, 0, 2);
	tcase_add_loop_test(t, names_in_faults_are_safe_to_print, 0, 6);
	tcase_add_test(t, long_paths_in_faults_keep_their_end);
	tcase_add_test(t, what_turns_or_hides_text_is_not_shown);
	tcase_add_test(t, a_path_that_just_fits_is_whole);
	tcase_add_test(t, more_than_a_bundle_can_hold);
	tcase_add_loop_test(t, a_file_that_vanished_or_turned_stops_the_pack, 0, 4);
	tcase_add_loop_test(t, a_file_that_cannot_be_read_stops_the_pack, 0, 4);
	tcase_add_test(t, a_directory_that_became_a_link_is_not_followed);
	tcase_add_test(t, sizes_and_times_are_those_at_opening);
	tcase_add_loop_test(t, what_changes_and_keeps_its_size_is_told_or_refused, 0, 8);
	tcase_add_loop_test(t, what_was_just_written_is_told_or_refused, 0, 6);
	tcase_add_loop_test(t, a_file_that_changes_when_it_was_opened, 0, (int)(sizeof changes / sizeof *changes));
	tcase_add_test(t, what_vanishes_while_it_is_listed_was_never_there);
	tcase_add_test(t, a_directory_that_vanishes_before_it_is_listed);
	tcase_add_test(t, a_long_file_that_grows_while_it_is_read);
	tcase_add_test(t, a_long_file_that_shrinks_while_it_is_read);
	tcase_add_test(t, two_sticks_get_the_same);
	tcase_add_loop_test(t, a_segment_that_is_there_already_is_not_touched, 0, 2);
	tcase_add_loop_test(t, a_stick_that_fails_is_given_up_alone, 0, 3);
	tcase_add_test(t, no_stick_left);
	tcase_add_test(t, segments_end_at_a_gibibyte);
	tcase_add_test(t, no_segment_after_a_full_one);
	tcase_add_test(t, what_is_written_goes_to_the_medium_on_the_way);
	tcase_add_loop_test(t, a_medium_that_cannot_be_told_to_is_no_worse_and_one_that_fails_is_told, 0, 6);
	tcase_add_loop_test(t, a_ring_as_large_as_the_folder, 0, (int)(sizeof rings / sizeof *rings));
	tcase_add_loop_test(t, a_cipher_that_fails_stops_the_pack, 0, 4);
	tcase_add_loop_test(t, threads_that_cannot_be_made, 0, 7);
	tcase_add_test(t, threads_are_as_many_as_are_wanted);
	tcase_add_loop_test(t, progress_stops_the_pack_at_once, 0, 5);
	tcase_add_test(t, what_is_packed_first_is_read_early);
	tcase_add_test(t, what_is_read_early_is_few_files);
	tcase_add_loop_test(t, progress_stops_the_scan, 0, 3);
}
