#include "mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "filestat.h"

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000u /* Linux 6.8 */
#endif

static bool
is_octal(const char *p)
{
	for (int i = 0; i < 3; i++)
		if (p[i] < '0' || p[i] > '7')
			return false;
	return true;
}

void
mountinfo_unescape(char *s)
{
	char *out = s;

	while (*s != '\0') {
		if (*s == '\\' && is_octal(s + 1)) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* *root: what of the file system is mounted. */
static int
parse(struct mountinfo *m, const char **root, char *line)
{
	char *field[6], *tail[3], *rest = strstr(line, " - "), *save = NULL;
	unsigned major, minor;

	if (rest == NULL)
		return -1;
	*rest = '\0';
	for (int i = 0; i < 6; i++)
		if ((field[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return -1;
	for (int i = 0; i < 3; i++)
		if ((tail[i] = strtok_r(i == 0 ? rest + 3 : NULL, " \n", &save)) == NULL)
			return -1;
	if (sscanf(field[2], "%u:%u", &major, &minor) != 2)
		return -1;
	mountinfo_unescape(field[3]);
	mountinfo_unescape(field[4]);
	mountinfo_unescape(tail[1]);
	*root = field[3];
	*m = (struct mountinfo){makedev(major, minor), field[4], tail[0], tail[1], tail[2]};
	return 0;
}

int
mountinfo_parse(struct mountinfo *m, char *line)
{
	const char *root;

	return parse(m, &root, line);
}

static int
each_in(const char *file, int (*each)(void *arg, const struct mountinfo *m, const char *root), void *arg)
{
	FILE *in = fopen(file, "re");
	struct mountinfo m;
	const char *root;
	char *line = NULL;
	size_t size = 0;
	int result = 0;

	if (in == NULL)
		return -1;
	while (result == 0 && getline(&line, &size, in) > 0)
		if (parse(&m, &root, line) == 0)
			result = each(arg, &m, root);
	free(line);
	fclose(in);
	return result;
}

struct plain {
	int (*each)(void *arg, const struct mountinfo *m);
	void *arg;
};

static int
without_root(void *arg, const struct mountinfo *m, const char *root)
{
	const struct plain *p = arg;

	(void)root;
	return p->each(p->arg, m);
}

int
mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg)
{
	struct plain p = {each, arg};

	return each_in("/proc/self/mountinfo", without_root, &p);
}

int
mountinfo_each_of(long pid, int (*each)(void *arg, const struct mountinfo *m, const char *root), void *arg)
{
	char file[64];

	snprintf(file, sizeof file, "/proc/%ld/mountinfo", pid);
	return each_in(file, each, arg);
}

bool
mountinfo_is_of(const struct mountinfo *m, dev_t dev)
{
	struct stat st;

	if (m->dev == dev)
		return true;
	return major(m->dev) == 0 && strncmp(m->source, "/dev/", 5) == 0 && filestat_path(m->source, &st) == 0 &&
	       S_ISBLK(st.st_mode) && st.st_rdev == dev;
}

static int
identify(int at, const char *path, int flags, uint64_t attributes, struct mountinfo_id *id)
{
	const unsigned wanted = STATX_MNT_ID | STATX_MNT_ID_UNIQUE;
	struct statx stx;

	*id = (struct mountinfo_id){0};
	if (statx(at, path, flags | AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, wanted, &stx) != 0)
		return -1;
	if ((stx.stx_mask & wanted) == 0 || (stx.stx_attributes & attributes) != attributes) {
		errno = (stx.stx_mask & wanted) == 0 ? ENOSYS : EINVAL;
		return -1;
	}
	*id = (struct mountinfo_id){stx.stx_mnt_id, makedev(stx.stx_dev_major, stx.stx_dev_minor)};
	return 0;
}

int
mountinfo_identify(const char *path, struct mountinfo_id *id)
{
	return identify(AT_FDCWD, path, 0, STATX_ATTR_MOUNT_ROOT, id);
}

int
mountinfo_of(int fd, struct mountinfo_id *id)
{
	return identify(fd, "", AT_EMPTY_PATH, 0, id);
}

bool
mountinfo_same(const struct mountinfo_id *a, const struct mountinfo_id *b)
{
	return a->mount != 0 && a->mount == b->mount && a->dev == b->dev;
}

bool
mountinfo_is_top(int fd)
{
	struct stat here, up;

	if (filestat_fd(fd, &here) != 0 || filestat_at(fd, "..", &up) != 0)
		return false;
	return here.st_dev != up.st_dev || here.st_ino == up.st_ino;
}
