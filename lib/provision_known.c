/*
 * provision_known.c - what the format knows below ONCE (oncestick-format(5)), and removing that and nothing else.
 *
 * Names and kinds of files decide. Anything else was put there by somebody, and stays.
 */
#include "provision.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "filestat.h"
#include "provision_internal.h"
#include "record.h"
#include "stickio.h"

#define SEGMENT_DIGITS 8u
#define PASSES 4u	    /* some file systems lose their place in a directory that shrinks while it is read */
#define HIDDEN ".fuse_hidden" /* the name that libfuse gives a file that is removed while it is open, until it is closed */
#define HIDDEN_TRIES 200u
#define HIDDEN_NS 10000000L

/* Which directory of the format it is. */
enum level { ONCE, BUNDLES, GRANTS, BUNDLE, GRANT, IS_FILE, UNKNOWN };

static bool
among(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* 32 lower-case hexadecimal digits, and nothing or one of the suffixes. */
static bool
is_id(const char *name, const char *const *suffixes)
{
	size_t n = strspn(name, "0123456789abcdef");

	return n == 2 * ID_SIZE && (name[n] == '\0' || among(name + n, suffixes));
}

static bool
is_segment(const char *name)
{
	return strspn(name, "0123456789") == SEGMENT_DIGITS && strcmp(name + SEGMENT_DIGITS, ".seg") == 0;
}

/* What an entry of a directory of the format would be, judged by its name. */
static enum level
by_name(enum level dir, const char *name)
{
	static const char *const top[] = {STICK_PROBE, STICK_RECORD_A, STICK_RECORD_B, STICK_NOTICE, STICK_NOTICE_NEW, STICK_ROOM,
	    NULL};
	static const char *const grant[] = {STICK_LOCK_A, STICK_LOCK_B, STICK_GRANT_FILE, NULL};
	static const char *const none[] = {NULL}, *const suffixes[] = {PROVISION_TMP, PROVISION_NEW, NULL};

	switch (dir) {
	case ONCE:
		return strcmp(name, STICK_BUNDLES) == 0 ? BUNDLES : strcmp(name, STICK_GRANTS) == 0 ? GRANTS
								 : among(name, top)		       ? IS_FILE
												       : UNKNOWN;
	case BUNDLES:
		return is_id(name, none) ? BUNDLE : UNKNOWN;
	case GRANTS:
		return is_id(name, suffixes) ? GRANT : UNKNOWN;
	case BUNDLE:
		return is_segment(name) || strcmp(name, STICK_MANIFEST_FILE) == 0 ? IS_FILE : UNKNOWN;
	case GRANT:
		return among(name, grant) ? IS_FILE : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

/* The same, judged by its kind, too. */
static enum level
judge(enum level dir, int dir_fd, const char *name, struct stat *st)
{
	enum level level = by_name(dir, name);

	if (level == UNKNOWN || filestat_at(dir_fd, name, st) != 0)
		return UNKNOWN;
	return (level == IS_FILE ? S_ISREG(st->st_mode) : S_ISDIR(st->st_mode)) ? level : UNKNOWN;
}

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
}

/* A directory stream with a position of its own. */
static DIR *
open_list(int dir_fd)
{
	int fd = stickio_open_dir(dir_fd, ".");
	DIR *list = fd != -1 ? fdopendir(fd) : NULL;

	if (list == NULL)
		close_keeping_errno(fd);
	return list;
}

static void
close_list(DIR *list)
{
	int saved = errno;

	closedir(list);
	errno = saved;
}

/* The next entry that is not the directory itself or the one above; NULL at the end, or with errno. */
static const char *
next_name(DIR *list)
{
	const struct dirent *e = NULL;

	do {
		errno = 0;
		e = readdir(list);
	} while (e != NULL && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0));
	return e != NULL ? e->d_name : NULL;
}

/* ---- finding what is not ours ---------------------------------------------------------------------------------------------- */

struct search {
	int (*each)(void *arg, const char *path);
	void *arg;
	bool unfinished; /* only what an interrupted first prepare leaves: no bundles, no grants, records whole or empty */
};

static bool
is_ours(const struct search *s, enum level level, const struct stat *st)
{
	if (level == UNKNOWN || !s->unfinished)
		return level != UNKNOWN;
	return level == BUNDLES || level == GRANTS || (level == IS_FILE && (st->st_size == 0 || st->st_size == RECORD_SIZE));
}

static int search_dir(const struct search *s, enum level level, int dir_fd, const char *path);

static int
search_entry(const struct search *s, enum level dir, int dir_fd, const char *path, const char *name)
{
	struct stat st = {0};
	enum level level = judge(dir, dir_fd, name, &st);
	char *below = NULL;
	int fd = -1, ret = -1;

	if (asprintf(&below, "%s/%s", path, name) < 0)
		return -1;
	if (!is_ours(s, level, &st))
		ret = s->each(s->arg, below);
	else if (level == IS_FILE)
		ret = 0;
	else if ((fd = stickio_open_dir(dir_fd, name)) != -1)
		ret = search_dir(s, level, fd, below);
	free(below);
	close_keeping_errno(fd);
	return ret;
}

static int
search_dir(const struct search *s, enum level level, int dir_fd, const char *path)
{
	DIR *list = open_list(dir_fd);
	const char *name = NULL;
	int ret = 0;

	if (list == NULL)
		return -1;
	while (ret == 0 && (name = next_name(list)) != NULL)
		ret = search_entry(s, level, dir_fd, path, name);
	if (ret == 0 && errno != 0)
		ret = -1;
	close_list(list);
	return ret;
}

int
provision_each_foreign(int dir_fd, int (*each)(void *arg, const char *path), void *arg)
{
	const struct search s = {.each = each, .arg = arg};
	int fd = stickio_open_dir(dir_fd, STICK_ONCE), ret = 0;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	ret = search_dir(&s, ONCE, fd, STICK_ONCE);
	close_keeping_errno(fd);
	return ret;
}

static int
keep_first(void *arg, const char *path)
{
	char **first = arg;

	*first = strdup(path);
	return *first != NULL ? 1 : -1;
}

/* Find the directory that is ONCE, or could pass for it, in upper or lower case. */
static int
find_any_case(int dir_fd, const struct search *s)
{
	DIR *list = open_list(dir_fd);
	const char *name = NULL;
	int ret = 0;

	if (list == NULL)
		return -1;
	while (ret == 0 && (name = next_name(list)) != NULL) {
		int fd = strcasecmp(name, STICK_ONCE) == 0 ? stickio_open_dir(dir_fd, name) : -1;

		if (fd == -1)
			continue;
		ret = search_dir(s, ONCE, fd, name);
		close_keeping_errno(fd);
	}
	if (ret == 0 && errno != 0)
		ret = -1;
	close_list(list);
	return ret;
}

int
provision_foreign(int dir_fd, char **path)
{
	const struct search s = {.each = keep_first, .arg = path, .unfinished = true};

	*path = NULL;
	return find_any_case(dir_fd, &s);
}

/* ---- removing what is ------------------------------------------------------------------------------------------------------- */

static bool
has_hidden(int dir_fd)
{
	DIR *list = open_list(dir_fd);
	const char *name = NULL;
	bool has = false;

	while (list != NULL && !has && (name = next_name(list)) != NULL)
		has = strncmp(name, HIDDEN, sizeof HIDDEN - 1) == 0;
	if (list != NULL)
		closedir(list);
	return has;
}

/* Where another process serves the files, a file that is closed is let go of a moment later. */
static int
remove_empty(int parent_fd, const char *name, int fd)
{
	const struct timespec moment = {0, HIDDEN_NS};

	for (unsigned tries = 0; unlinkat(parent_fd, name, AT_REMOVEDIR) != 0; tries++) {
		if (errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return -1;
		if (tries == HIDDEN_TRIES || !has_hidden(fd))
			return 0;
		nanosleep(&moment, NULL);
	}
	return 0;
}

static int remove_dir(enum level level, int parent_fd, const char *name);

/* Return 1 if it is gone or emptied, 0 if it is not ours, -1 with errno. */
static int
remove_entry(enum level dir, int dir_fd, const char *name)
{
	struct stat st;
	enum level level = judge(dir, dir_fd, name, &st);

	if (level == UNKNOWN)
		return 0;
	if (level == IS_FILE)
		return unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT ? 1 : -1;
	return remove_dir(level, dir_fd, name) == 0 ? 1 : -1;
}

static int
empty_dir(enum level level, int dir_fd)
{
	int ret = 0, failed = 0;

	for (unsigned pass = 0, gone = 1; pass < PASSES && gone > 0 && ret == 0; pass++) {
		DIR *list = open_list(dir_fd);
		const char *name = NULL;

		if (list == NULL)
			return -1;
		for (gone = 0; (name = next_name(list)) != NULL;) {
			int one = remove_entry(level, dir_fd, name);

			gone += one == 1;
			failed = one == -1 ? errno : failed;
		}
		ret = failed != 0 || errno != 0 ? -1 : 0;
		failed = failed != 0 ? failed : errno;
		closedir(list);
	}
	errno = failed;
	return ret;
}

static int
remove_dir(enum level level, int parent_fd, const char *name)
{
	int fd = stickio_open_dir(parent_fd, name), ret = 0;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	ret = empty_dir(level, fd);
	if (ret == 0)
		ret = remove_empty(parent_fd, name, fd);
	close_keeping_errno(fd);
	return ret;
}

int
provision_remove_part(int once_fd, const char *name)
{
	return remove_entry(ONCE, once_fd, name) == -1 ? -1 : 0;
}

int
provision_remove_grant_dir(int grants_fd, const char *name)
{
	return remove_entry(GRANTS, grants_fd, name) == -1 ? -1 : 0;
}

int
provision_remove_bundle_dir(int bundles_fd, const char *name)
{
	return remove_entry(BUNDLES, bundles_fd, name) == -1 ? -1 : 0;
}

int
provision_empty_once(int once_fd)
{
	return empty_dir(ONCE, once_fd);
}

int
provision_remove_empty_once(int dir_fd, int once_fd)
{
	return remove_empty(dir_fd, STICK_ONCE, once_fd);
}
