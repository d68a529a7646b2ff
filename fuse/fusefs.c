/*
 * fusefs.c - the life of a mount: making it, the threads that serve it, silence, the end.
 */
#include "fusefs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs_internal.h"

#include <fuse_log.h>
#include <sodium.h>

#include "fusemount.h"
#include "fusestat.h"
#include "thread.h"

#define SERVERS_MIN 4u

/* How far the kernel may read ahead, if we may set that: each request costs two context switches, whatever its size. */
#define READ_AHEAD_KIB 1024u

/* If a stick comes back and fails again each time, it is broken, not pulled. */
#define FETCH_TRIES 4u

/* ---- reading the image -------------------------------------------------------------------------------------------------- */

/* Get a context, or NULL once nothing must be decrypted any more. Whoever has one never waits for somebody who has none. */
static struct blockcrypt *
crypt_borrow(struct fusefs *fs)
{
	struct blockcrypt *b = NULL;

	pthread_mutex_lock(&fs->lock);
	while (fs->crypts == 0 && !fs->silent)
		pthread_cond_wait(&fs->idle, &fs->lock);
	if (!fs->silent)
		b = fs->crypt[--fs->crypts];
	pthread_mutex_unlock(&fs->lock);
	return b;
}

static void
crypt_return(struct fusefs *fs, struct blockcrypt *b)
{
	pthread_mutex_lock(&fs->lock);
	fs->crypt[fs->crypts++] = b;
	pthread_cond_broadcast(&fs->idle); /* some wait for one, the end waits for all */
	pthread_mutex_unlock(&fs->lock);
}

/* Count only what the stick fails to deliver: at the end of a session everything is refused. */
static void
note_block(struct fusefs *fs, uint64_t index)
{
	unsigned i = 0;

	pthread_mutex_lock(&fs->lock);
	while (i < fs->refusals && fs->refused[i].block != index)
		i++;
	if (i == fs->refusals && i < UNREAD_MAX && !fs->silent)
		fs->refused[fs->refusals++] = (struct refused){.block = index};
	pthread_mutex_unlock(&fs->lock);
}

static int
fetch(void *arg, uint64_t index, uint8_t buf[BLOCK_SIZE], bool ahead)
{
	struct fusefs *fs = arg;
	struct blockcrypt *b = NULL;
	int err = -EIO;

	for (unsigned tries = 0; tries < FETCH_TRIES; tries++) {
		if (tries > 0 && (ahead || fs->retry == NULL || !fs->retry(fs->retry_arg)))
			break;
		b = crypt_borrow(fs);
		if (b == NULL)
			break;
		err = bundle_read_block(fs->bundle, b, index, buf);
		crypt_return(fs, b);
		if (err != -EIO) /* read, or there but damaged */
			break;
	}
	if (err != 0 && !ahead)
		note_block(fs, index);
	return err == 0 ? 0 : -EIO;
}

static int
read_image(void *arg, void *buf, size_t len, uint64_t off)
{
	struct fusefs *fs = arg;

	return blockcache_read(fs->cache, buf, len, off);
}

/* ---- mounting and serving ----------------------------------------------------------------------------------------------- */

static void
drop_log(enum fuse_log_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
}

static enum err
session_new(struct fusefs *fs, struct fault *f)
{
	char name[] = "oncestick";
	char *argv[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);

	fuse_set_log_func(drop_log);
	fs->session = fuse_session_new(&args, &fusefs_ops, sizeof fusefs_ops, fs);
	fuse_opt_free_args(&args);
	return fs->session != NULL ? E_OK : fault_set(f, E_FAIL, ENOMEM, "fuse session", "libfuse");
}

static unsigned
server_count(void)
{
	unsigned n = thread_processors() + 2;

	return n < SERVERS_MIN ? SERVERS_MIN : n > SERVERS_MAX ? SERVERS_MAX : n;
}

/* No more than there are contexts for: that many outrun the kernel on any number of processors. */
static unsigned
worker_count(void)
{
	unsigned n = thread_processors(), most = server_count();

	return n > most ? most : n;
}

/* One context for each server, although workers use them, too: it is seldom that all compute, and a context takes 200 KiB. */
static enum err
crypts_new(struct fusefs *fs, struct fault *f)
{
	unsigned n = server_count();

	fs->crypt = calloc(n, sizeof *fs->crypt); /* NOLINT(bugprone-sizeof-expression): an array of pointers */
	while (fs->crypt != NULL && fs->crypts < n && (fs->crypt[fs->crypts] = blockcrypt_new(NULL)) != NULL)
		fs->crypts++;
	fs->crypts_made = fs->crypts;
	return fs->crypts == n ? E_OK : fault_set(f, E_FAIL, ENOMEM, "memory", "cipher contexts");
}

_Static_assert(SERVERS_MAX * READ_BLOCKS <= BLOCKCACHE_SLOTS_MAX, "every server may be busy with the largest read");

/* As much as all servers can hold at once. What is read ahead has room enough then: few requests are that large. */
static enum err
cache_new(struct fusefs *fs, struct fault *f)
{
	fs->cache = blockcache_new((size_t)server_count() * READ_BLOCKS);
	return fs->cache != NULL ? E_OK : fault_set(f, E_FAIL, ENOMEM, "memory", "block cache");
}

/* Take over fd, the descriptor of a mount for which nobody answers yet. */
static enum err
adopt(struct fusefs *fs, int fd, struct fault *f)
{
	char path[32];

	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	if (fuse_session_mount(fs->session, path) == 0)
		return E_OK;
	close(fd);
	return fault_set(f, E_FAIL, 0, "fuse session", "libfuse");
}

static enum err
attach(struct fusefs *fs, const char *dir, const char *source, struct fault *f)
{
	int fd = -1;
	enum err err = fusemount_attach(dir, source, &fd, f);

	if (err != E_OK)
		return err;
	if ((err = adopt(fs, fd, f)) == E_OK)
		fs->dev = fusemount_device(dir);
	else
		(void)fusemount_detach(dir, true, NULL);
	return err;
}

static void
locks_init(struct fusefs *fs)
{
	pthread_rwlockattr_t attr;

	pthread_mutex_init(&fs->lock, NULL);
	pthread_cond_init(&fs->idle, NULL);
	/* While a film plays there is always an answer under way, so whoever shuts the gate must not wait for a pause. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&fs->gate, &attr);
	pthread_rwlockattr_destroy(&attr);
}

/* Everything but the mount itself. */
static enum err
new(struct fusefs **out, struct bundle *bundle, struct fault *f)
{
	struct fusefs *fs = calloc(1, sizeof *fs);
	enum err err;

	if (fs == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "mount");
	locks_init(fs);
	fs->bundle = bundle;
	fs->ended_fd = -1;
	fs->plus = PLUS_FIRST;
	fs->processors = thread_processors();
	fs->uid = getuid();
	fs->gid = getgid();
	if ((err = cache_new(fs, f)) == E_OK && (err = crypts_new(fs, f)) == E_OK)
		err = session_new(fs, f);
	if (err != E_OK)
		fusefs_free(&fs);
	*out = fs;
	return err;
}

enum err
fusefs_mount(struct fusefs **out, struct bundle *bundle, const char *dir, const char *source, struct fault *f)
{
	enum err err = new(out, bundle, f);

	if (err == E_OK && (err = attach(*out, dir, source, f)) != E_OK)
		fusefs_free(out);
	return err;
}

enum err
fusefs_adopt(struct fusefs **out, struct bundle *bundle, int fd, struct fault *f)
{
	enum err err = new(out, bundle, f);

	if (err != E_OK)
		close(fd);
	else if ((err = adopt(*out, fd, f)) != E_OK)
		fusefs_free(out);
	return err;
}

void
fusefs_on_failure(struct fusefs *fs, bool (*retry)(void *arg), void *arg)
{
	fs->retry = retry;
	fs->retry_arg = arg;
}

void
fusefs_page_cache(struct fusefs *fs)
{
	fs->page_cache = true;
}

void
fusefs_on_unread(struct fusefs *fs, void (*tell)(void *arg), void *arg)
{
	fs->tell = tell;
	fs->tell_arg = arg;
}

/* Wait for all servers but the calling one. */
static void
servers_join(struct fusefs *fs)
{
	for (unsigned i = 0; i < fs->servers; i++) {
		if (pthread_equal(fs->server[i], pthread_self()))
			pthread_detach(fs->server[i]);
		else
			pthread_join(fs->server[i], NULL);
	}
}

static void
release(struct fusefs *fs)
{
	while (fs->handles != NULL)
		fusefs_handle_free(fs, fs->handles);
	blockcache_free(&fs->cache);
	if (fs->session != NULL)
		fuse_session_destroy(fs->session);
	while (fs->crypts > 0)
		blockcrypt_free(&fs->crypt[--fs->crypts]);
	free(fs->crypt);
	pthread_rwlock_destroy(&fs->gate);
	pthread_cond_destroy(&fs->idle);
	pthread_mutex_destroy(&fs->lock);
	free(fs);
}

/* n servers have ended. The last one reports that, or releases everything if nobody is left to be told. */
static void
servers_gone(struct fusefs *fs, unsigned n)
{
	const uint64_t one = 1;
	ssize_t put;
	bool last, abandoned;
	int ended_fd = fs->ended_fd;

	pthread_mutex_lock(&fs->lock);
	fs->serving -= n;
	last = fs->serving == 0;
	abandoned = fs->abandoned;
	pthread_mutex_unlock(&fs->lock);
	if (last && !abandoned) {
		put = write(ended_fd, &one, sizeof one);
		(void)put; /* this cannot block: an eventfd can count very far */
	} else if (last) {
		servers_join(fs);
		release(fs);
	}
}

bool
fusefs_serve_one(struct fusefs *fs, struct fuse_buf *buf)
{
	int n = fuse_session_receive_buf(fs->session, buf);

	if (n > 0)
		fuse_session_process_buf(fs->session, buf);
	return n > 0 || n == -EINTR || n == -EAGAIN;
}

static void *
serve(void *arg)
{
	struct fusefs *fs = arg;
	struct fuse_buf buf = {0};

	while (fusefs_serve_one(fs, &buf))
		;
	free(buf.mem);
	servers_gone(fs, 1);
	return NULL;
}

/* The kernel's first request is there from the mount on, and settles what both sides can do. */
static void
settle(struct fusefs *fs)
{
	struct fuse_buf buf = {0};

	if (fusefs_serve_one(fs, &buf))
		fusemount_read_ahead(fs->dev, READ_AHEAD_KIB);
	free(buf.mem);
}

enum err
fusefs_start(struct fusefs *fs, int ended_fd, struct fault *f)
{
	unsigned wanted = server_count();
	int err = 0;

	fs->blocks = bundle_shape(fs->bundle)->count[0];
	blockcache_start(fs->cache, (struct blockcache_source){ fetch, fs }, fs->blocks, worker_count());
	err = image_open(&fs->image, (struct image_reader){ read_image, fs }, fs->blocks * BLOCK_SIZE);
	if (err != 0)
		return fault_set(f, E_BUNDLE, -err, "superblock", "image");
	settle(fs);
	fs->ended_fd = ended_fd;
	fs->serving = wanted;
	while (fs->servers < wanted && (err = thread_start(&fs->server[fs->servers], serve, fs)) == 0)
		fs->servers++;
	if (fs->servers == 0) {
		fs->serving = 0;
		return fault_why(f, E_FAIL, err, WHY_THREAD, "server");
	}
	/* Fewer servers than wanted are good enough. */
	if (fs->servers < wanted)
		servers_gone(fs, wanted - fs->servers);
	return E_OK;
}

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

/* The smallest inode number above after that is open, or 0. */
static fuse_ino_t
next_open(struct fusefs *fs, fuse_ino_t after)
{
	fuse_ino_t best = 0;

	pthread_mutex_lock(&fs->lock);
	for (const struct handle *h = fs->handles; h != NULL; h = h->next) {
		fuse_ino_t number = (fuse_ino_t)h->ino + FUSE_ROOT_ID;

		if (number > after && (best == 0 || number < best))
			best = number;
	}
	pthread_mutex_unlock(&fs->lock);
	return best;
}

/* From now on nothing is answered, and nothing new is decrypted. */
static void
hush(struct fusefs *fs)
{
	pthread_rwlock_wrlock(&fs->gate);
	fs->silent = true;
	pthread_rwlock_unlock(&fs->gate);
	pthread_mutex_lock(&fs->lock);
	pthread_cond_broadcast(&fs->idle);
	pthread_mutex_unlock(&fs->lock);
}

void
fusefs_silence(struct fusefs *fs)
{
	fuse_ino_t number = 0;

	hush(fs);
	if (fs->servers == 0)
		return;
	/* Here the kernel waits for pages that are being read; meanwhile the servers answer these with EIO. */
	while ((number = next_open(fs, number)) != 0)
		fuse_lowlevel_notify_inval_inode(fs->session, number, 0, 0);
}

bool
fusefs_silenced(const struct fusefs *fs)
{
	return fs->silent;
}

/* The path of inode ino in the size bytes at buf: where in buf it starts, or NULL. Ends, because a parent's number is smaller. */
static const char *
path_of(const struct fusefs *fs, uint32_t ino, char *buf, size_t size)
{
	char name[NAME_MAX_BYTES + 1];
	struct image_inode i;
	size_t at = size - 1;
	int n;

	buf[at] = '\0';
	while (ino != 0) {
		if (image_get(&fs->image, ino, &i) != 0 || (n = image_name(&fs->image, &i, name)) < 0)
			return NULL;
		if ((size_t)n + 1 > at)
			return NULL;
		if (buf[at] != '\0')
			buf[--at] = '/';
		at -= (size_t)n;
		memcpy(buf + at, name, (size_t)n);
		ino = i.parent;
	}
	return buf + at;
}

static void
keep_name(struct fusefs *fs, uint32_t ino)
{
	char buf[PATH_MAX];
	const char *path = path_of(fs, ino, buf, sizeof buf);
	size_t n = path != NULL ? strlen(path) : 0, skip = n < UNREAD_NAME ? 0 : n - (UNREAD_NAME - 1);

	pthread_mutex_lock(&fs->lock);
	if (path != NULL && fs->unread_name[0] == '\0')
		memcpy(fs->unread_name, path + skip, n - skip + 1);
	pthread_mutex_unlock(&fs->lock);
	sodium_memzero(buf, sizeof buf);
}

void
fusefs_refused(struct fusefs *fs, uint32_t ino, uint64_t first, uint64_t count)
{
	bool unnamed = false, doubled;

	pthread_mutex_lock(&fs->lock);
	for (unsigned i = 0; i < fs->refusals; i++) {
		struct refused *r = &fs->refused[i];

		if (r->block >= first && r->block - first < count)
			r->ino = ino;
		unnamed = unnamed || (r->ino != 0 && fs->unread_name[0] == '\0');
	}
	doubled = fs->refusals > fs->told && fs->refusals >= 2 * fs->told;
	if (doubled)
		fs->told = fs->refusals;
	pthread_mutex_unlock(&fs->lock);
	if (unnamed)
		keep_name(fs, ino);
	if (doubled && fs->tell != NULL)
		fs->tell(fs->tell_arg);
}

static bool
among(const struct refused *list, unsigned n, uint32_t ino)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i].ino == ino)
			return true;
	return false;
}

void
fusefs_unread(struct fusefs *fs, struct unread *out)
{
	*out = (struct unread){0};
	pthread_mutex_lock(&fs->lock);
	out->blocks = fs->refusals;
	for (unsigned i = 0; i < fs->refusals; i++)
		if (fs->refused[i].ino != 0 && !among(fs->refused, i, fs->refused[i].ino))
			out->files++;
	memcpy(out->name, fs->unread_name, sizeof out->name);
	pthread_mutex_unlock(&fs->lock);
}

unsigned
fusefs_open_count(struct fusefs *fs)
{
	unsigned n = 0;

	pthread_mutex_lock(&fs->lock);
	for (const struct handle *h = fs->handles; h != NULL; h = h->next)
		n++;
	pthread_mutex_unlock(&fs->lock);
	return n;
}

/* Shut everything: from now on nothing is decrypted, and once this returns the bundle is no longer used. */
static void
shut(struct fusefs *fs)
{
	hush(fs);
	if (fs->cache != NULL)
		blockcache_close(fs->cache);
	pthread_mutex_lock(&fs->lock);
	while (fs->crypts < fs->crypts_made)
		pthread_cond_wait(&fs->idle, &fs->lock);
	pthread_mutex_unlock(&fs->lock);
}

void
fusefs_free(struct fusefs **out)
{
	struct fusefs *fs = *out;
	bool serving;

	if (fs == NULL)
		return;
	*out = NULL;
	shut(fs);
	pthread_mutex_lock(&fs->lock);
	serving = fs->serving > 0;
	fs->abandoned = serving;
	pthread_mutex_unlock(&fs->lock);
	if (serving)
		return;
	servers_join(fs);
	release(fs);
}

enum err
fusefs_possible(struct fault *f)
{
	return fusestat_fits() ? fusemount_possible(f) : fault_why(f, E_FUSE, 0, WHY_LIBFUSE, "%s", "");
}
