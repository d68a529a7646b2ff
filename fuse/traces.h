/*
 * traces.h - what the desktop remembers of files that were in a folder: thumbnails, and lists of recent files.
 *
 * Sources: the Thumbnail Managing Standard and the Desktop Bookmark specification of freedesktop.org; KDE's RecentDocuments.
 */
#ifndef TRACES_H
#define TRACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * traces_clear(folder, since): as far as possible, delete the thumbnails of files in the absolute path folder that were made since
 * then, and the entries for folder and its files in this user's lists of recent files. What is not this user's own regular file,
 * is too large, or has another form is left as it is. The folder itself is not looked at; it may be gone.
 */
void traces_clear(const char *folder, int64_t since);

/*
 * traces_fence(): from now on this process can open nothing but the directories in which traces_clear looks (fence.h), as far as
 * the kernel supports that.
 */
void traces_fence(void);

/* The rest is for traces.c and its tests. A folder may have one path or two. */
struct traces_folder {
	const char *path[2];            /* absolute; the second may be NULL */
};

/* traces_is_below(f, uri, n): whether the n bytes at uri name f or a file below it: a percent-encoded "file://" address. */
bool traces_is_below(const struct traces_folder *f, const char *uri, size_t n);

/*
 * traces_uri(png, n, uri, size): copy the text Thumb::URI of the PNG image whose first n bytes are at png into uri,
 * NUL-terminated. Return its length, or 0 if there is none that fits. Compressed texts are read if the program was built with
 * zlib.
 */
size_t traces_uri(const uint8_t *png, size_t n, char *uri, size_t size);

/*
 * traces_cut(f, text, n): remove every bookmark of f from the list of recent files, in XBEL, in the n bytes at text, and leave
 * every other byte. Return the new length; n if there is no such bookmark, or if not everything is understood.
 */
size_t traces_cut(const struct traces_folder *f, char *text, size_t n);

/*
 * traces_inflate(from, n, out, size): decompress the n bytes at from, in zlib's format (RFC 1950), into out. Return the length, or
 * 0 if it does not fit or cannot be done.
 */
size_t traces_inflate(const uint8_t *from, size_t n, char *out, size_t size);

#endif
