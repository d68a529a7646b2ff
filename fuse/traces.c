#include "traces.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fence.h"
#include "filestat.h"

#define URI_MAX 16384u
#define PNG_READ 65536u          /* texts stand before the picture */
#define THUMBNAILS_MAX 100000u
#define XBEL_MAX (32u << 20)
#define DOCUMENT_MAX 65536u
#define TRIES 3u

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode the percent-encoded path in the n bytes at uri; false if there is none. */
static bool
decode(const char *uri, size_t n, char *out, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		char c = uri[i];

		if (c == '%') {
			int high, low;

			if (n - i < 3 || (high = hex(uri[i + 1])) < 0 || (low = hex(uri[i + 2])) < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0' || at + 1 >= size)
			return false;
		out[at++] = c;
	}
	out[at] = '\0';
	return at > 0 && out[0] == '/' && strstr(out, "/../") == NULL;
}

static bool
path_is_below(const struct traces_folder *f, const char *path)
{
	for (size_t i = 0; i < 2; i++) {
		size_t n = f->path[i] != NULL ? strlen(f->path[i]) : 0;

		if (n > 1 && strncmp(path, f->path[i], n) == 0 && (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

bool
traces_is_below(const struct traces_folder *f, const char *uri, size_t n)
{
	static const char scheme[] = "file://";
	const size_t skip = sizeof scheme - 1;
	const char *slash;
	char path[URI_MAX];

	if (n <= skip || strncmp(uri, scheme, skip) != 0 || (slash = memchr(uri + skip, '/', n - skip)) == NULL)
		return false;
	return decode(slash, n - (size_t)(slash - uri), path, sizeof path) && path_is_below(f, path);
}

/* ---- thumbnails ----------------------------------------------------------------------------------------------------------- */

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The text of a chunk, if it is the one we look for. Sources: PNG, 11.3.4 (tEXt, zTXt, iTXt). */
static size_t
chunk_uri(const uint8_t *type, const uint8_t *data, size_t n, char *uri, size_t size)
{
	static const char key[] = "Thumb::URI";
	const uint8_t *text = data + sizeof key, *end = data + n;
	bool deflated = memcmp(type, "zTXt", 4) == 0;

	if (n < sizeof key || memcmp(data, key, sizeof key) != 0)
		return 0;
	if (deflated) {
		if (text == end || *text++ != 0)
			return 0;
	} else if (memcmp(type, "iTXt", 4) == 0) {
		if (end - text < 2 || text[1] != 0)
			return 0;
		deflated = text[0] == 1;
		text += 2;
		for (int i = 0; i < 2; i++, text++) /* the language, and the key in it */
			if ((text = memchr(text, 0, (size_t)(end - text))) == NULL)
				return 0;
	} else if (memcmp(type, "tEXt", 4) != 0) {
		return 0;
	}
	n = (size_t)(end - text);
	if (deflated)
		n = traces_inflate(text, n, uri, size - 1);
	else if (n < size)
		memcpy(uri, text, n);
	if (n >= size)
		return 0;
	uri[n] = '\0';
	return n;
}

size_t
traces_uri(const uint8_t *png, size_t n, char *uri, size_t size)
{
	static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
	size_t at = sizeof signature, got;

	if (n < sizeof signature || memcmp(png, signature, sizeof signature) != 0)
		return 0;
	while (n - at >= 12) {
		uint32_t length = be32(png + at);

		if (length > n - at - 12)
			return 0;
		if ((got = chunk_uri(png + at + 4, png + at + 8, length, uri, size)) > 0)
			return got;
		at += 12 + (size_t)length;
	}
	return 0;
}

struct sweep {
	const struct traces_folder *folder;
	int64_t since;
	size_t looked;
	uint8_t *png;
	char *uri;
};

/* A regular file of this user's, open for reading; -1 if it is something else. */
static int
open_own(int dir, const char *name, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0 && filestat_fd(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_uid == geteuid())
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static ssize_t
read_up_to(int fd, void *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size && ((got = read(fd, (char *)buf + n, size - n)) > 0 || (got < 0 && errno == EINTR)))
		n += got > 0 ? (size_t)got : 0;
	return (ssize_t)n;
}

/* Return whether it was removed. */
static bool
sweep_thumbnail(struct sweep *s, int dir, const char *name)
{
	struct stat st;
	size_t n = strlen(name);
	int fd;

	if (n < 5 || strcmp(name + n - 4, ".png") != 0 || s->looked > THUMBNAILS_MAX ||
	    filestat_at(dir, name, &st) != 0 || st.st_ctime < filestat_second(s->since) || (fd = open_own(dir, name, &st)) < 0)
		return false;
	s->looked++;
	n = traces_uri(s->png, (size_t)read_up_to(fd, s->png, PNG_READ), s->uri, URI_MAX);
	close(fd);
	return n > 0 && traces_is_below(s->folder, s->uri, n) && unlinkat(dir, name, 0) == 0;
}

/* normal, large ...; and fail, which has one directory for each program. No links are followed. */
static void
sweep_thumbnails(struct sweep *s, int at, const char *path, unsigned depth)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth > 0 ? O_NOFOLLOW : 0));
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	bool removed = false;

	if (d == NULL && fd >= 0)
		close(fd);
	for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		removed = sweep_thumbnail(s, dirfd(d), e->d_name) || removed;
		if (depth < 2 && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
			sweep_thumbnails(s, dirfd(d), e->d_name, depth + 1);
	}
	if (removed)
		fsync(fd);
	if (d != NULL)
		closedir(d);
}

/* ---- recent files of GTK, and of KDE's newer programs --------------------------------------------------------------------- */

static const char *
find(const char *from, const char *end, const char *what)
{
	return from < end ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

/* The end of the tag that begins at tag: after its '>'. NULL if there is none. */
static const char *
tag_end(const char *tag, const char *end)
{
	char quote = '\0';

	for (; tag < end; tag++) {
		if (quote != '\0')
			quote = *tag == quote ? '\0' : quote;
		else if (*tag == '"' || *tag == '\'')
			quote = *tag;
		else if (*tag == '>')
			return tag + 1;
	}
	return NULL;
}

/* Decode what XML puts in a value in place of other characters. Return its length, 0 if it does not fit. */
static size_t
unescape(const char *from, const char *end, char *out, size_t size)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"&amp;", '&'}, {"&apos;", '\''}, {"&#39;", '\''}, {"&quot;", '"'}, {"&lt;", '<'}, {"&gt;", '>'}};
	size_t n = 0;

	while (from < end) {
		size_t k = 0, used = 1;

		if (n + 1 >= size)
			return 0;
		out[n] = *from;
		while (*from == '&' && k < sizeof known / sizeof *known &&
		    ((size_t)(end - from) < strlen(known[k].name) || strncmp(from, known[k].name, strlen(known[k].name)) != 0))
			k++;
		if (*from == '&' && k < sizeof known / sizeof *known) {
			out[n] = known[k].c;
			used = strlen(known[k].name);
		}
		n++;
		from += used;
	}
	return n;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether the tag up to end, whose name is followed by the blank at at, has an href for the folder. */
static bool
tag_is_below(const struct traces_folder *f, const char *at, const char *end)
{
	const char *name, *value, *close;
	char uri[URI_MAX];
	size_t n;

	for (;; at = close + 1) {
		while (at < end && is_blank(*at))
			at++;
		name = at;
		if ((value = memchr(name, '=', (size_t)(end - name))) == NULL || end - value < 3 ||
		    (value[1] != '"' && value[1] != '\''))
			return false;
		if ((close = memchr(value + 2, value[1], (size_t)(end - value) - 2)) == NULL)
			return false;
		if (value - name != 4 || strncmp(name, "href", 4) != 0)
			continue;
		n = unescape(value + 2, close, uri, sizeof uri);
		return n > 0 && traces_is_below(f, uri, n);
	}
}

/*
 * The end of the bookmark whose tag is from tag to after, including the rest of its line, if that is empty. NULL if it does not
 * end.
 */
static const char *
bookmark_end(const char *after, const char *end)
{
	static const char closing[] = "</bookmark>";

	if (after[-2] != '/') {
		if ((after = find(after, end, closing)) == NULL)
			return NULL;
		after += sizeof closing - 1;
	}
	return after < end && *after == '\n' ? after + 1 : after;
}

size_t
traces_cut(const struct traces_folder *f, char *text, size_t n)
{
	static const char opening[] = "<bookmark";
	const char *end = text + n, *kept = text, *tag = text, *after, *next;
	char *to = text;

	/* What GLib never writes may hide what looks like a bookmark. */
	if (find(text, end, "<!--") != NULL || find(text, end, "<![CDATA[") != NULL)
		return n;
	for (int cut = 0; cut < 2; cut++) { /* first it is only looked at, then done */
		for (tag = kept = to = text; (tag = find(tag, end, opening)) != NULL; tag = next) {
			const char *from = tag, *inside = tag + sizeof opening - 1;

			if ((next = inside) == end || !is_blank(*next))
				continue;
			if ((after = tag_end(tag, end)) == NULL || (next = bookmark_end(after, end)) == NULL)
				return n;
			if (cut == 0 || !tag_is_below(f, inside, after))
				continue;
			while (from > kept && (from[-1] == ' ' || from[-1] == '\t'))
				from--;
			memmove(to, kept, (size_t)(from - kept));
			to += from - kept;
			kept = next;
		}
	}
	memmove(to, kept, (size_t)(end - kept));
	return (size_t)(to - text) + (size_t)(end - kept);
}

/* Replace name, if it is still as st says, by the n bytes at text. Return 0, 1 if it is not, or -1. */
static int
replace(int dir, const char *name, const char *text, size_t n, const struct stat *st)
{
	static const char fresh[] = ".recently-used.xbel.oncestick";
	struct stat now;
	int fd, r = -1;

	unlinkat(dir, fresh, 0);
	if ((fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		return -1;
	for (size_t done = 0, step; done < n; done += step) {
		ssize_t put = write(fd, text + done, n - done);

		if (put <= 0)
			goto out;
		step = (size_t)put;
	}
	if (fchmod(fd, st->st_mode & 0777) != 0 || fsync(fd) != 0 || filestat_at(dir, name, &now) != 0)
		goto out;
	r = now.st_ino != st->st_ino || now.st_size != st->st_size || now.st_mtim.tv_sec != st->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != st->st_mtim.tv_nsec;
	if (r == 0 && (renameat(dir, fresh, dir, name) != 0 || fsync(dir) != 0))
		r = -1;
out:
	close(fd);
	if (r != 0)
		unlinkat(dir, fresh, 0);
	return r;
}

/* Return 0 if there is nothing (more) to do, 1 if somebody else has written meanwhile, -1. */
static int
clear_bookmarks(const struct traces_folder *f, int dir)
{
	static const char name[] = "recently-used.xbel";
	char *text = NULL;
	struct stat st;
	size_t n, left;
	int fd = open_own(dir, name, &st), r = 0;

	if (fd < 0)
		return 0;
	if (st.st_size > 0 && st.st_size <= XBEL_MAX && (text = malloc((size_t)st.st_size)) != NULL) {
		n = (size_t)read_up_to(fd, text, (size_t)st.st_size);
		left = traces_cut(f, text, n);
		if (n == (size_t)st.st_size && left < n)
			r = replace(dir, name, text, left, &st);
	}
	free(text);
	close(fd);
	return r;
}

/* ---- recent files of KDE -------------------------------------------------------------------------------------------------- */

/* Whether a line of a desktop entry is the URL of a file of the folder: a path, or file: and percent-encoded; $HOME stands for it.
 */
static bool
line_is_below(const struct traces_folder *f, const char *line, size_t n)
{
	static const char variable[] = "$HOME";
	const char *value = memchr(line, '=', n), *home = getenv("HOME");
	char url[URI_MAX], whole[URI_MAX];
	const char *path = url;
	bool encoded;
	int length;

	if (n < 4 || strncmp(line, "URL", 3) != 0 || value == NULL || (line[3] != '=' && line[3] != '['))
		return false;
	n -= (size_t)(value + 1 - line);
	if (n >= sizeof url)
		return false;
	memcpy(url, value + 1, n);
	url[n] = '\0';
	encoded = strncmp(path, "file:", 5) == 0;
	path += encoded ? 5 : 0;
	path += encoded && strncmp(path, "//", 2) == 0 ? 2 : 0;
	if (strncmp(path, variable, sizeof variable - 1) == 0 && home != NULL) {
		length = snprintf(whole, sizeof whole, "%s%s", home, path + sizeof variable - 1);
		if (length < 0 || (size_t)length >= sizeof whole)
			return false;
		path = whole;
	}
	if (encoded)
		return decode(path, strlen(path), path == whole ? url : whole, URI_MAX) &&
		       path_is_below(f, path == whole ? url : whole);
	return path_is_below(f, path);
}

static bool
document_is_below(const struct traces_folder *f, char *text, size_t n)
{
	size_t length;

	for (size_t at = 0; at < n; at += length + 1) {
		length = strcspn(text + at, "\r\n");
		if (line_is_below(f, text + at, length))
			return true;
	}
	return false;
}

static void
clear_documents(const struct traces_folder *f, int data)
{
	int dir = openat(data, "RecentDocuments", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd;
	DIR *d = dir >= 0 ? fdopendir(dir) : NULL;
	char *text = malloc(DOCUMENT_MAX + 1);
	bool removed = false;
	struct stat st;
	size_t n;

	for (const struct dirent *e; d != NULL && text != NULL && (e = readdir(d)) != NULL;) {
		n = strlen(e->d_name);
		if (n < 9 || strcmp(e->d_name + n - 8, ".desktop") != 0 || (fd = open_own(dir, e->d_name, &st)) < 0)
			continue;
		n = (size_t)read_up_to(fd, text, DOCUMENT_MAX);
		text[n] = '\0';
		close(fd);
		if (document_is_below(f, text, strlen(text)) && unlinkat(dir, e->d_name, 0) == 0)
			removed = true;
	}
	if (removed)
		fsync(dir);
	free(text);
	if (d != NULL)
		closedir(d);
	else if (dir >= 0)
		close(dir);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------ */

/* A base directory of the XDG specification, as a descriptor; -1 if there is none. */
static int
open_base(const char *variable, const char *below_home)
{
	const char *value = getenv(variable), *home = getenv("HOME");
	char path[PATH_MAX];
	int n;

	if (value != NULL && value[0] == '/')
		return open(value, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = home != NULL && home[0] == '/' ? snprintf(path, sizeof path, "%s/%s", home, below_home) : -1;
	return n > 0 && (size_t)n < sizeof path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* The folder's path as the kernel knows it, if that is different. The folder may be gone, but the directory above exists. */
static const char *
other_path(const char *folder, char out[PATH_MAX])
{
	const char *slash = strrchr(folder, '/');
	char above[PATH_MAX];
	size_t n;

	if (slash == NULL || slash == folder || (size_t)(slash - folder) >= sizeof above)
		return NULL;
	memcpy(above, folder, (size_t)(slash - folder));
	above[slash - folder] = '\0';
	if (realpath(above, out) == NULL || (n = strlen(out)) + strlen(slash) >= PATH_MAX)
		return NULL;
	memcpy(out + n, slash, strlen(slash) + 1);
	return strcmp(out, folder) != 0 ? out : NULL;
}

static void
clear_thumbnails(const struct traces_folder *f, int64_t since)
{
	struct sweep s = {.folder = f, .since = since, .png = malloc(PNG_READ), .uri = malloc(URI_MAX)};
	int cache = open_base("XDG_CACHE_HOME", ".cache"), old = open_base("", ".thumbnails");

	if (s.png != NULL && s.uri != NULL && cache >= 0)
		sweep_thumbnails(&s, cache, "thumbnails", 0);
	if (s.png != NULL && s.uri != NULL && old >= 0)
		sweep_thumbnails(&s, old, ".", 0);
	if (cache >= 0)
		close(cache);
	if (old >= 0)
		close(old);
	free(s.png);
	free(s.uri);
}

void
traces_fence(void)
{
	int cache = open_base("XDG_CACHE_HOME", ".cache"), old = open_base("", ".thumbnails"),
	    data = open_base("XDG_DATA_HOME", ".local/share");
	const struct fence_path paths[] = {
		{"thumbnails", cache, FENCE_CLEAN},
		{NULL, old, FENCE_CLEAN},
		{NULL, data, FENCE_MAKE},
		/* The directories that are opened on the way to them. */
		{".", cache, FENCE_LIST},
	};
	struct fence_filter *filter = fence_filter_new(FENCE_MINDER);

	fence_paths(paths, sizeof paths / sizeof *paths);
	if (filter != NULL)
		fence_calls(filter);
	fence_filter_free(&filter);
	for (size_t i = 0; i < 3; i++)
		if (paths[i].fd >= 0)
			close(paths[i].fd);
}

void
traces_clear(const char *folder, int64_t since)
{
	char other[PATH_MAX];
	const struct traces_folder f = {{folder, other_path(folder, other)}};
	int data = open_base("XDG_DATA_HOME", ".local/share");

	clear_thumbnails(&f, since);
	if (data < 0)
		return;
	for (unsigned i = 0; i < TRIES && clear_bookmarks(&f, data) == 1; i++)
		;
	clear_documents(&f, data);
	close(data);
}
