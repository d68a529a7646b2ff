/*
 * exclude.h - what of a folder is left out: whatever matches a pattern, and a directory that does with everything in it.
 *
 * Patterns are those of fnmatch(3). One with a slash matches a path from the folder, in which * and ? never match a slash; one
 * without matches a name at any depth. A slash at its end means directories only and does not count, nor do / and ./ at its
 * beginning, except that it then matches a path. Names that begin with a dot are as others.
 *
 * The usual rubbish is left out as well, unless that is not wanted: what systems and programs leave behind, which is not part of
 * a lecture, and may give away more than people want, or be shown as broken films: .DS_Store and ._* of macOS, Thumbs.db (pictures
 * of files that may be gone) and desktop.ini of Windows, .~lock.*# of LibreOffice (who had what open on which PC).
 */
#ifndef EXCLUDE_H
#define EXCLUDE_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

#define EXCLUDE_FILE ".oncestickignore" /* in the folder itself: patterns, and always left out */
#define EXCLUDE_FILE_MAX 65536u
#define EXCLUDE_PATTERNS 256u
#define EXCLUDE_LENGTH 1024u /* bytes of a pattern */
#define EXCLUDE_STARS 16u    /* in a pattern: glibc 2.36 takes as long for many as for one, but not every fnmatch there was */
#define EXCLUDE_KEPT 1000u   /* paths that are remembered; all are counted */

/* What is wrong with a pattern. */
enum exclude_result {
	EXCLUDE_OK,
	EXCLUDE_EMPTY, /* nothing is left of it */
	EXCLUDE_LONG,
	EXCLUDE_STARRY, /* too many stars */
	EXCLUDE_MANY,	/* too many patterns */
	EXCLUDE_BINARY, /* a byte of zero: this is no text */
	EXCLUDE_NO_MEMORY
};

struct exclude_pattern {
	char *text; /* as it was given */
	const char *match;
	bool path, dirs, plain, folded; /* it has a slash; for directories only; without wildcards; A is a */
	bool usual; /* the usual rubbish, which nobody asked for */
	bool found; /* something matched */
};

/* Start with all zeros. Members are to be read only. */
struct exclude {
	struct exclude_pattern list[EXCLUDE_PATTERNS];
	size_t count;
	char *kept[EXCLUDE_KEPT]; /* paths of what was left out, raw bytes; directories end with a slash */
	size_t kept_count;
	unsigned long files, dirs; /* how many were left out */
};

/* exclude_usual(x): leave out the usual rubbish. EXCLUDE_NO_MEMORY. */
enum exclude_result exclude_usual(struct exclude *x);

/* exclude_add(x, text): one more pattern. */
enum exclude_result exclude_add(struct exclude *x, const char *text);

/*
 * exclude_read(x, file, line): a pattern from each line of a file. Empty lines, blanks at the end of a line, and lines that begin
 * with # mean nothing. If the result is not EXCLUDE_OK, *line is where that is, from 1.
 */
enum exclude_result exclude_read(struct exclude *x, struct bytes file, size_t *line);

/* exclude_match(x, path, dir): whether the file or directory at path, below the folder, is left out. If so, it is counted. */
bool exclude_match(struct exclude *x, const char *path, bool dir);

void exclude_free(struct exclude *x);

#endif
