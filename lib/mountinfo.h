/*
 * mountinfo.h - what is mounted where, as the kernel tells this process (proc(5), /proc/self/mountinfo).
 */
#ifndef MOUNTINFO_H
#define MOUNTINFO_H

#include <stdbool.h>
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

/* mountinfo_unescape(s): undo, in place, the \ooo with which files of proc(5) write white space and backslashes. */
void mountinfo_unescape(char *s);

/* mountinfo_parse(m, line): take apart one line, in place. Return 0, or -1 if it is not of that form. */
int mountinfo_parse(struct mountinfo *m, char *line);

/* mountinfo_is_of(m, dev): whether m is of the block device dev. Its files may have another st_dev, as on btrfs. */
bool mountinfo_is_of(const struct mountinfo *m, dev_t dev);

#endif
