/*
 * mountinfo.h - what is mounted where, as the kernel tells this process (proc(5), /proc/self/mountinfo).
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
 * mountinfo_each(each, arg): call each for every mount, in the kernel's order, until it returns non-zero, which is returned; 0 at
 * the end. What m points to is valid during the call only. -1 with errno if the list cannot be read. Touches no mount.
 */
int mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg);

/* mountinfo_each_of(pid, each, arg): the same, as process pid sees it; root: what of the file system is mounted, "/" for all of it.
 */
int mountinfo_each_of(long pid, int (*each)(void *arg, const struct mountinfo *m, const char *root), void *arg);

/* mountinfo_unescape(s): undo, in place, the \ooo with which files of proc(5) write white space and backslashes. */
void mountinfo_unescape(char *s);

/* mountinfo_parse(m, line): take apart one line, in place. Return 0, or -1 if it is not of that form. */
int mountinfo_parse(struct mountinfo *m, char *line);

/*
 * What a mount is told by, since a path does not tell whose turn it is there: its id, and the st_dev of its files. From Linux 6.8
 * on no other mount has that id until the next boot; before, a later one may.
 */
struct mountinfo_id {
	uint64_t mount;         /* 0: not known */
	dev_t dev;
};

/*
 * mountinfo_identify(path, id): what is mounted at exactly path, without asking that mount anything. Return 0; or -1 with errno,
 * and id of no mount: EINVAL if nothing is mounted at path. A kernel before 5.8 does not tell ids of mounts.
 */
int mountinfo_identify(const char *path, struct mountinfo_id *id);

/* mountinfo_of(fd, id): the mount that the open file fd is in. Return and errors as above. */
int mountinfo_of(int fd, struct mountinfo_id *id);

/* mountinfo_same(a, b): whether both are of the same mount; false if one is not known. */
bool mountinfo_same(const struct mountinfo_id *a, const struct mountinfo_id *b);

/* mountinfo_is_of(m, dev): whether m is of the block device dev. Its files may have another st_dev, as on btrfs. */
bool mountinfo_is_of(const struct mountinfo *m, dev_t dev);

/* mountinfo_is_top(fd): whether the directory is the top of a mounted file system, so that all of that is below it. */
bool mountinfo_is_top(int fd);

#endif
