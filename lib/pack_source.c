/*
 * pack_source.c - the entries of a folder, in the order of their inode numbers.
 */
#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pack_internal.h"
#include "tree.h"
#include "utf8.h"

#define FAULT_PATH_MAX 200u
#define SHOWN_MAX (FAULT_PATH_MAX + 4)

/* Make room for one more element of size bytes: half as much again as there was. */
static int
grow(void **p, size_t *room, size_t need, size_t size)
{
	size_t more = *room + *room / 2 + 64;
	void *q;

	if (need <= *room)
		return 0;
	if (more < need)
		more = need;
	q = reallocarray(*p, more, size);
	if (q == NULL)
		return -1;
	*p = q;
	*room = more;
	return 0;
}

struct pack_source *
pack_source_new(int folder_fd)
{
	struct pack_source *src = calloc(1, sizeof *src);
	struct pack_entry *root;

	if (src == NULL)
		return NULL;
	src->folder_fd = fcntl(folder_fd, F_DUPFD_CLOEXEC, 0);
	if (src->folder_fd < 0 || (root = pack_source_add(src, 0, "")) == NULL) {
		int saved = errno;

		pack_source_free(&src);
		errno = saved;
		return NULL;
	}
	root->type = IMAGE_DIR;
	return src;
}

void
pack_source_free(struct pack_source **src)
{
	struct pack_source *s = *src;

	if (s == NULL)
		return;
	pack_dirs_close(s);
	if (s->folder_fd >= 0)
		close(s->folder_fd);
	free(s->entries);
	free(s->names);
	free(s);
	*src = NULL;
}

struct pack_entry *
pack_source_add(struct pack_source *src, uint32_t parent, const char *name)
{
	size_t len = strlen(name);
	void *entries = src->entries, *names = src->names;
	struct pack_entry *e;
	int rc;

	if (src->count >= PACK_ENTRIES_MAX) {
		errno = EOVERFLOW;
		return NULL;
	}
	rc = grow(&entries, &src->room, src->count + 1, sizeof *e);
	src->entries = entries;
	if (rc == 0)
		rc = grow(&names, &src->names_room, src->names_used + len + 1, 1);
	src->names = names;
	if (rc != 0)
		return NULL;
	e = &src->entries[src->count++];
	*e = (struct pack_entry){ .parent = parent, .name = src->names_used, .name_len = (uint16_t)len };
	memcpy(src->names + src->names_used, name, len + 1);
	src->names_used += len + 1;
	return e;
}

const char *
pack_source_name(const struct pack_source *src, const struct pack_entry *e)
{
	return src->names + e->name;
}

void
pack_source_times(struct pack_entry *e, const struct statx *st)
{
	e->mtime_s = st->stx_mtime.tv_sec;
	e->mtime_ns = st->stx_mtime.tv_nsec;
	e->ctime_s = st->stx_ctime.tv_sec;
	e->ctime_ns = st->stx_ctime.tv_nsec;
}

bool
pack_source_steady(const struct pack_entry *e, const struct statx *st)
{
	return e->mtime_s == st->stx_mtime.tv_sec && e->mtime_ns == st->stx_mtime.tv_nsec &&
	       e->ctime_s == st->stx_ctime.tv_sec && e->ctime_ns == st->stx_ctime.tv_nsec;
}

/* Write name before end, with a slash if something follows, and return where it begins. */
static char *
prepend(char *end, const char *name, size_t len)
{
	if (*end != '\0')
		*--end = '/';
	end -= len;
	memcpy(end, name, len);
	return end;
}

char *
pack_source_path(const struct pack_source *src, uint32_t ino, const char *name)
{
	size_t len = name != NULL ? strlen(name) : 0, n = len + 1;
	char *path = NULL, *p = NULL;
	uint32_t i;

	for (i = ino; i != 0; i = src->entries[i].parent)
		n += src->entries[i].name_len + 1u;
	path = malloc(n + 1);
	if (path == NULL)
		return NULL;
	p = path + n;
	*p = '\0';
	if (len > 0)
		p = prepend(p, name, len);
	for (i = ino; i != 0; i = src->entries[i].parent)
		p = prepend(p, pack_source_name(src, &src->entries[i]), src->entries[i].name_len);
	memmove(path, p, strlen(p) + 1);
	if (path[0] == '\0')
		memcpy(path, ".", sizeof ".");
	return path;
}

/*
 * Whether people see this character as itself: it does not control anything, has a width, and does not reverse the text around it.
 */
static bool
visible(uint32_t c)
{
	return c >= 0x20 && (c < 0x7f || c >= 0xa0) && !(c >= 0x200b && c < 0x2010) && !(c >= 0x2028 && c < 0x202f) &&
	    !(c >= 0x2060 && c < 0x2070) && c != 0xfeff;
}

static void
make_safe(char *s)
{
	for (size_t n = strlen(s); n > 0;) {
		uint32_t c = 0;
		size_t len = utf8_next(s, n, &c), step = len > 0 && visible(c) ? len : 1;

		if (len == 0 || !visible(c))
			*s = '?';
		s += step;
		n -= step;
	}
}

/* The path for a fault; if it is too long, only its end. */
static void
show_path(char out[SHOWN_MAX], const struct pack_source *src, uint32_t ino, const char *name)
{
	char *path = pack_source_path(src, ino, name);
	const char *p = path, *dots = "";
	size_t n;

	if (path == NULL) {
		snprintf(out, SHOWN_MAX, "?");
		return;
	}
	make_safe(path);
	n = strlen(path);
	if (n > FAULT_PATH_MAX) {
		dots = "...";
		for (p += n - FAULT_PATH_MAX; utf8_follows(*p); p++)
			;
	}
	snprintf(out, SHOWN_MAX, "%s%s", dots, p);
	free(path);
}

enum err
pack_source_fault(const struct pack_source *src, struct fault *f, int sys, const char *step, uint32_t ino, const char *name)
{
	char path[SHOWN_MAX];

	show_path(path, src, ino, name);
	return fault_set(f, E_SOURCE, sys, step, "%s", path);
}

enum err
pack_source_why(const struct pack_source *src, struct fault *f, int sys, enum why why, uint32_t ino, const char *name)
{
	char path[SHOWN_MAX];

	show_path(path, src, ino, name);
	return fault_why(f, E_SOURCE, sys, why, "%s", path);
}

uint64_t
pack_source_files(const struct pack_source *src)
{
	return src->files;
}

uint64_t
pack_source_bytes(const struct pack_source *src)
{
	return src->bytes;
}

uint64_t
pack_source_holes(const struct pack_source *src)
{
	return src->holes;
}

uint64_t
pack_source_blocks(const struct pack_source *src)
{
	return src->blocks;
}

uint64_t
pack_source_stick_bytes(const struct pack_source *src)
{
	struct tree_shape shape;

	return tree_shape_of(&shape, src->blocks) == 0 ? shape.total * BLOCK_SIZE : UINT64_MAX;
}
