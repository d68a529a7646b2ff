/*
 * pack_scan.c - the walk over a folder.
 *
 * The array of entries is also the queue: directories are listed in the order in which they were appended, and their children are
 * appended in turn. The result is in breadth-first order, which is the order of inodes.
 */
#include "pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "exclude.h"
#include "image.h"
#include "pack_internal.h"

#define NS 1000000000l
#define HOLES_MAX 4096u /* looked for in one file */
#define YOUNG_S 2 /* the times of FAT are that coarse */

struct walk {
	struct pack_source *src;
	const struct pack_scan *scan;
	struct fault *f;
	uint64_t seen;
};

static enum err
report(struct walk *w)
{
	if (w->scan->progress != NULL && w->scan->progress(w->scan->arg, w->seen) != 0)
		return fault_set(w->f, E_INTERRUPTED, 0, "scan", "%s", "");
	return E_OK;
}

static enum why
kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return WHY_SYMLINK;
	case S_IFSOCK:
		return WHY_SOCKET;
	case S_IFIFO:
		return WHY_FIFO;
	default:
		return WHY_DEVICE;
	}
}

static enum err
note(struct walk *w, enum pack_note_kind kind, uint32_t dir, const char *name)
{
	char *path = NULL;

	if (w->scan->strict && kind != PACK_SKIPPED)
		return pack_source_why(w->src, w->f, 0, WHY_UNSTEADY, dir, name);
	if (w->scan->note == NULL)
		return E_OK;
	path = pack_source_path(w->src, dir, name);
	if (path == NULL)
		return fault_set(w->f, E_FAIL, errno, "malloc", "%s", "");
	w->scan->note(w->scan->arg, kind, path);
	free(path);
	return E_OK;
}

static enum err
special(struct walk *w, uint32_t dir, const char *name, mode_t mode)
{
	if (!w->scan->skip_special)
		return pack_source_why(w->src, w->f, 0, kind_of(mode), dir, name);
	return note(w, PACK_SKIPPED, dir, name);
}

/* Judged by this PC's clock; a file server's own clock may be a little ahead of it. */
static bool
is_young(const struct walk *w, const struct statx *st)
{
	struct timespec now = {0};
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	if (w->scan->since != 0)
		return st->stx_mtime.tv_sec >= w->scan->since - YOUNG_S && st->stx_mtime.tv_sec <= now.tv_sec + YOUNG_S;
	if (now.tv_sec - st->stx_mtime.tv_sec > YOUNG_S || st->stx_mtime.tv_sec - now.tv_sec > YOUNG_S)
		return false;
	age = (now.tv_sec - st->stx_mtime.tv_sec) * NS + now.tv_nsec - st->stx_mtime.tv_nsec;
	return age < YOUNG_S * NS && age > -YOUNG_S * NS;
}

/* A file that takes less room than its length may also be compressed; only its file system knows where it has holes. */
static uint64_t
find_holes(int fd, uint64_t size)
{
	uint64_t sum = 0;
	off_t hole = 0, data = 0;

	for (unsigned i = 0; i < HOLES_MAX && (hole = lseek(fd, data, SEEK_HOLE)) >= 0 && (uint64_t)hole < size; i++) {
		data = lseek(fd, hole, SEEK_DATA);
		if (data < 0 && errno != ENXIO)
			break;
		sum += (data < 0 || (uint64_t)data > size ? size : (uint64_t)data) - (uint64_t)hole;
		if (data < 0)
			break;
	}
	return sum;
}

/* Only opening a file tells whether it can be read. */
static int
try_open(struct walk *w, int dir_fd, const char *name, const struct statx *st)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (st->stx_blocks < st->stx_size / 512)
		w->src->holes += find_holes(fd, st->stx_size);
	close(fd);
	return 0;
}

static enum err
exclude(struct walk *w, uint32_t dir, const char *name, bool is_dir, bool *out)
{
	char *path = NULL;

	*out = false;
	if (w->scan->exclude == NULL)
		return E_OK;
	if ((path = pack_source_path(w->src, dir, name)) == NULL)
		return fault_set(w->f, E_FAIL, errno, "malloc", "%s", "");
	*out = exclude_match(w->scan->exclude, path, is_dir);
	free(path);
	return E_OK;
}

static enum err
take_child(struct walk *w, uint32_t dir, int dir_fd, const char *name)
{
	struct pack_entry *e = NULL;
	enum err err = E_OK;
	struct statx st;
	int looked = pack_look(dir_fd, name, &st), sys = errno;
	bool out = false;

	if ((err = exclude(w, dir, name, looked == 0 && S_ISDIR(st.stx_mode), &out)) != E_OK || out)
		return err;
	if (!image_name_ok(name, strlen(name)))
		return pack_source_fault(w->src, w->f, 0, "name", dir, name);
	errno = sys;
	if (looked != 0)
		return errno == ENOENT ? note(w, PACK_GONE, dir, name) : pack_source_fault(w->src, w->f, errno, "stat", dir, name);
	if (!S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode))
		return special(w, dir, name, st.stx_mode);
	if (S_ISREG(st.stx_mode) && try_open(w, dir_fd, name, &st) != 0)
		return errno == ENOENT ? note(w, PACK_GONE, dir, name) : pack_source_fault(w->src, w->f, errno, "open", dir, name);
	if (S_ISREG(st.stx_mode) && is_young(w, &st) && (err = note(w, PACK_YOUNG, dir, name)) != E_OK)
		return err;
	e = pack_source_add(w->src, dir, name);
	if (e == NULL && errno == EOVERFLOW)
		return pack_source_why(w->src, w->f, EOVERFLOW, WHY_TOO_MANY, dir, name);
	if (e == NULL)
		return fault_set(w->f, E_FAIL, errno, "malloc", "%s", "");
	e->type = S_ISDIR(st.stx_mode) ? IMAGE_DIR : IMAGE_FILE;
	e->size = S_ISDIR(st.stx_mode) ? 0 : st.stx_size;
	pack_source_times(e, &st);
	w->seen++;
	return report(w); /* after each, because a slow file server may take seconds for a hundred */
}

static int
by_name(const void *a, const void *b, void *names)
{
	const struct pack_entry *x = a, *y = b;

	return strcmp((const char *)names + x->name, (const char *)names + y->name);
}

/* Sort what was appended since first. If a file system lists a name twice, because its directory changed, it is used once. */
static void
arrange(struct pack_source *src, size_t first)
{
	size_t i, n = first;

	if (src->count - first < 2)
		return;
	qsort_r(src->entries + first, src->count - first, sizeof *src->entries, by_name, src->names);
	for (i = first + 1; i < src->count; i++) {
		if (by_name(&src->entries[n], &src->entries[i], src->names) != 0)
			src->entries[++n] = src->entries[i];
	}
	src->count = n + 1;
}

static enum err
take_children(struct walk *w, uint32_t dir, DIR *list)
{
	struct dirent *d = NULL;
	enum err err = E_OK;

	while (err == E_OK) {
		errno = 0;
		d = readdir(list);
		if (d == NULL)
			return errno == 0 ? E_OK : pack_source_fault(w->src, w->f, errno, "readdir", dir, NULL);
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			err = take_child(w, dir, dirfd(list), d->d_name);
	}
	return err;
}

static enum err
list_dir(struct walk *w, uint32_t dir)
{
	struct pack_source *src = w->src;
	size_t first = src->count;
	enum err err = E_OK;
	DIR *list = NULL;
	struct statx st;
	int fd = pack_dirs_open(src, dir);

	/* Use a separate descriptor: the reading position must belong to this list alone. */
	if (fd >= 0)
		fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return pack_source_fault(src, w->f, errno, "open", dir, NULL);
	list = fdopendir(fd);
	if (list == NULL || pack_look(fd, "", &st) != 0) {
		err = fault_set(w->f, E_FAIL, errno, "fdopendir", "%s", "");
		if (list == NULL)
			close(fd);
		goto out;
	}
	pack_source_times(&src->entries[dir], &st);
	err = take_children(w, dir, list);
	if (err != E_OK)
		goto out;
	if (pack_look(fd, "", &st) != 0 || !pack_source_steady(&src->entries[dir], &st)) {
		pack_source_times(&src->entries[dir], &st);
		if ((err = note(w, PACK_CHANGED, dir, NULL)) != E_OK)
			goto out;
	}
	arrange(src, first);
	src->entries[dir].size = src->count - first;
	src->entries[dir].start = src->count > first ? first : 0;
out:
	if (list != NULL)
		closedir(list);
	return err;
}

/* Where everything will be if nothing changes. */
static enum err
measure(struct walk *w)
{
	struct pack_source *src = w->src;
	uint64_t off = 0, names = 0;
	size_t i;

	for (i = 0; i < src->count; i++) {
		const struct pack_entry *e = &src->entries[i];

		names += e->name_len;
		if (e->type != IMAGE_FILE)
			continue;
		off = pack_align(off, e->size);
		if (off > PACK_IMAGE_MAX || e->size > PACK_IMAGE_MAX - off)
			return pack_source_why(src, w->f, EFBIG, WHY_TOO_LARGE, (uint32_t)i, NULL);
		off += e->size;
		src->files++;
		src->bytes += e->size;
	}
	off = (off + IMAGE_INODE_SIZE - 1) / IMAGE_INODE_SIZE * IMAGE_INODE_SIZE;
	off += (uint64_t)src->count * IMAGE_INODE_SIZE + names + IMAGE_SUPER_SIZE;
	src->blocks = (off + BLOCK_SIZE - 1) / BLOCK_SIZE;
	if (src->blocks > DATA_BLOCKS_MAX)
		return pack_source_why(src, w->f, EFBIG, WHY_TOO_LARGE, 0, NULL);
	return E_OK;
}

enum err
pack_scan_folder(struct pack_source **src, int folder_fd, const struct pack_scan *scan, struct fault *f)
{
	struct walk w = { .scan = scan, .f = f };
	enum err err = E_OK;
	size_t i;

	*src = NULL;
	w.src = pack_source_new(folder_fd);
	if (w.src == NULL)
		return fault_set(f, E_FAIL, errno, "malloc", "%s", "");
	w.src->strict = scan->strict;
	for (i = 0; err == E_OK && i < w.src->count; i++) {
		if (w.src->entries[i].type == IMAGE_DIR)
			err = list_dir(&w, (uint32_t)i);
	}
	if (err == E_OK)
		err = measure(&w);
	if (err == E_OK)
		err = report(&w);
	if (err == E_OK) {
		pack_dirs_close(w.src);
		*src = w.src;
	} else {
		pack_source_free(&w.src);
	}
	return err;
}
