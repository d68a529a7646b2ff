/*
 * mountinfo.h - what is mounted where, as the kernel shows it to this process (proc(5), /proc/self/mountinfo).
 */
#ifndef MOUNTINFO_H
#define MOUNTINFO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mountinfo {
	dev_t dev;              /* st_dev of its files */
	const char *path;       /* the mount point, unescaped: raw bytes */
	const char *type;       /* "vfat", "fuse.oncestick" */
	const char *source;     /* "/dev/sdb1" */
	const char *options;    /* of the superblock, comma-separated */
};

/*
 * mountinfo_each(each, arg): call each for every mount, in the kernel's order. If each returns non-zero, stop and return that.
 * Return 0 at the end, or -1 with errno if the list cannot be read. What m points to is valid during the call only. No mount is
 * touched.
 */
int mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg);

/*
 * mountinfo_each_of(pid, each, arg): the same, as process pid sees it. root is the part of the file system that is mounted, "/"
 * for all of it.
 */
int mountinfo_each_of(long pid, int (*each)(void *arg, const struct mountinfo *m, const char *root), void *arg);

/* mountinfo_unescape(s): undo, in place, the \ooo by which the files of proc(5) write white space and backslashes. */
void mountinfo_unescape(char *s);

/* mountinfo_parse(m, line): take a line apart, in place. Return 0, or -1 if it does not have that form. */
int mountinfo_parse(struct mountinfo *m, char *line);

/*
 * What identifies a mount, since a path does not say which of several mounts is there now: its id, and the st_dev of its files.
 * From Linux 6.8 on no other mount gets that id until the next boot; before 6.8 a later one may.
 */
struct mountinfo_id {
	uint64_t mount;         /* 0: not known */
	dev_t dev;
};

/*
 * mountinfo_identify(path, id): what is mounted at exactly path, without asking that mount anything. Return 0; or -1 with errno,
 * and an id that belongs to no mount: EINVAL if nothing is mounted at path. A kernel before 5.8 does not report ids of mounts.
 */
int mountinfo_identify(const char *path, struct mountinfo_id *id);

/* mountinfo_of(fd, id): the mount that contains the open file fd. Return and errors as above. */
int mountinfo_of(int fd, struct mountinfo_id *id);

/* mountinfo_same(a, b): whether both identify the same mount; false if either is unknown. */
bool mountinfo_same(const struct mountinfo_id *a, const struct mountinfo_id *b);

/* mountinfo_is_of(m, dev): whether m is a mount of the block device dev. Its files may have another st_dev, as on btrfs. */
bool mountinfo_is_of(const struct mountinfo *m, dev_t dev);

/* mountinfo_is_top(fd): whether the directory is the top of a mounted file system, so that all of that file system is below it. */
bool mountinfo_is_top(int fd);

#endif
