/*
 * serve_dir.c - a directory behind FUSE as libfuse's own path interface does it, for scenarios: what is removed while it is open is
 * renamed to .fuse_hidden... until it is closed. serve_dir DIR MOUNTPOINT [-o OPTION,...]: subtype= and fsname= go to the mount
 * table. With SERVE_MODE=0755 in the environment all have that mode, and chmod says yes and does nothing, as vfat does.
 */
#define FUSE_USE_VERSION 35

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Paths come as "/a/b"; all is done relative to the directory that is served, which is the one at file scope here. */
static int root = -1;

static const char *
below(const char *path)
{
	return path[1] == '\0' ? "." : path + 1;
}

static int
result(int ret)
{
	return ret == -1 ? -errno : 0;
}

static int
do_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	int ret = fstatat(root, below(path), st, AT_SYMLINK_NOFOLLOW);

	(void)fi;
	if (getenv("SERVE_MODE") != NULL)
		st->st_mode = (st->st_mode & S_IFMT) | (mode_t)strtoul(getenv("SERVE_MODE"), NULL, 8);
	return result(ret);
}

static int
do_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t off, struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	int fd = openat(root, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd != -1 ? fdopendir(fd) : NULL;
	const struct dirent *e = NULL;

	(void)off;
	(void)fi;
	(void)flags;
	if (list == NULL)
		return -errno;
	while ((e = readdir(list)) != NULL)
		(void)fill(buf, e->d_name, NULL, 0, 0);
	closedir(list);
	return 0;
}

static int
do_open(const char *path, struct fuse_file_info *fi)
{
	int fd = openat(root, below(path), (fi->flags & ~O_DIRECT) | O_CLOEXEC);

	fi->fh = (uint64_t)fd;
	return result(fd);
}

static int
do_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	int fd = openat(root, below(path), (fi->flags & ~O_DIRECT) | O_CREAT | O_CLOEXEC, mode);

	fi->fh = (uint64_t)fd;
	return result(fd);
}

static int
do_read(const char *path, char *buf, size_t n, off_t off, struct fuse_file_info *fi)
{
	ssize_t got = pread((int)fi->fh, buf, n, off);

	(void)path;
	return got < 0 ? -errno : (int)got;
}

static int
do_write(const char *path, const char *buf, size_t n, off_t off, struct fuse_file_info *fi)
{
	ssize_t put = pwrite((int)fi->fh, buf, n, off);

	(void)path;
	return put < 0 ? -errno : (int)put;
}

static int
do_release(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	return result(close((int)fi->fh));
}

static int
do_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	(void)path;
	(void)data;
	return result(fsync((int)fi->fh));
}

static int
do_unlink(const char *path)
{
	return result(unlinkat(root, below(path), 0));
}

static int
do_mkdir(const char *path, mode_t mode)
{
	return result(mkdirat(root, below(path), mode));
}

static int
do_rmdir(const char *path)
{
	return result(unlinkat(root, below(path), AT_REMOVEDIR));
}

static int
do_rename(const char *from, const char *to, unsigned flags)
{
	return result((int)syscall(SYS_renameat2, root, below(from), root, below(to), flags));
}

static int
do_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	(void)fi;
	if (getenv("SERVE_MODE") != NULL)
		return 0;
	return result(fchmodat(root, below(path), mode, 0));
}

static int
do_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	(void)path;
	return fi != NULL ? result(ftruncate((int)fi->fh, size)) : -ENOSYS;
}

static int
do_statfs(const char *path, struct statvfs *st)
{
	(void)path;
	return result(fstatvfs(root, st));
}

static const struct fuse_operations operations = {
    .getattr = do_getattr,
    .readdir = do_readdir,
    .open = do_open,
    .create = do_create,
    .read = do_read,
    .write = do_write,
    .release = do_release,
    .fsync = do_fsync,
    .unlink = do_unlink,
    .mkdir = do_mkdir,
    .rmdir = do_rmdir,
    .rename = do_rename,
    .chmod = do_chmod,
    .truncate = do_truncate,
    .statfs = do_statfs,
};

int
main(int argc, char **argv)
{
	if (argc < 3 || (root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		fprintf(stderr, "usage: serve_dir DIR MOUNTPOINT [-o OPTION,...]\n");
		return 1;
	}
	argv[1] = argv[0];
	return fuse_main(argc - 1, argv + 1, &operations, NULL);
}
