/*
 * filestat.c - stat(2) by statx(2), whose times have 64 bits everywhere.
 */
#include "filestat.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

_Static_assert(sizeof(off_t) == 8 && sizeof(ino_t) == 8, "files of any size, on any file system: AC_SYS_LARGEFILE");
_Static_assert((time_t)-1 < 0, "times before 1970");

time_t
filestat_second(int64_t s)
{
	const int64_t max = sizeof(time_t) >= sizeof(int64_t) ? INT64_MAX : INT32_MAX;

	return (time_t)(s > max ? max : s < -max - 1 ? -max - 1 : s);
}

static struct timespec
moment(const struct statx_timestamp *t)
{
	struct timespec ts = {.tv_sec = filestat_second(t->tv_sec)};

	if (ts.tv_sec == t->tv_sec)
		ts.tv_nsec = (long)t->tv_nsec;
	return ts;
}

static int
look(int fd, const char *path, int flags, struct stat *st)
{
	struct statx x;

	if (statx(fd, path, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &x) != 0)
		return -1;
	memset(st, 0, sizeof *st);
	st->st_dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	st->st_ino = x.stx_ino;
	st->st_mode = x.stx_mode;
	st->st_nlink = x.stx_nlink;
	st->st_uid = x.stx_uid;
	st->st_gid = x.stx_gid;
	st->st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor);
	st->st_size = (off_t)x.stx_size;
	st->st_blksize = (blksize_t)x.stx_blksize;
	st->st_blocks = (blkcnt_t)x.stx_blocks;
	st->st_atim = moment(&x.stx_atime);
	st->st_mtim = moment(&x.stx_mtime);
	st->st_ctim = moment(&x.stx_ctime);
	return 0;
}

int
filestat_fd(int fd, struct stat *st)
{
	return look(fd, "", AT_EMPTY_PATH, st);
}

int
filestat_path(const char *path, struct stat *st)
{
	return filestat_follow(AT_FDCWD, path, st);
}

int
filestat_at(int dir_fd, const char *name, struct stat *st)
{
	return look(dir_fd, name, AT_SYMLINK_NOFOLLOW, st);
}

int
filestat_follow(int dir_fd, const char *name, struct stat *st)
{
	return look(dir_fd, name, 0, st);
}
