/*
 * serve_dir.c - a directory behind FUSE as libfuse's own path interface does it, for scenarios: what is removed while it is open is
 * renamed to .fuse_hidden... until it is closed. serve_dir DIR MOUNTPOINT [-o OPTION,...]: subtype= and fsname= go to the mount
 * table. With SERVE_MODE=0755 in the environment all have that mode, and chmod says yes and does nothing, as vfat does. With
 * SERVE_PACE=35/1000 it is as fast as a device that does one thing after the other, 35 MB/s in order, and takes 1000 us longer to
 * find another place (with -s); at the end it says how many bytes were wanted of it.
 */
#define FUSE_USE_VERSION 35

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000ll
#define MOST 131072 /* bytes that a stick is asked for at once */

/* Paths come as "/a/b"; all is done relative to the directory that is served, which is the one at file scope here. */
static int root = -1;

static struct {
	unsigned rate, latency; /* MB/s, us; rate 0: as fast as it goes */
	long long busy;         /* until then, CLOCK_MONOTONIC */
	uint64_t file;
	off_t end;              /* where in that file the last read ended */
	unsigned long long bytes;
} pace;

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

static long long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

/* Wait until the device would have done this. Its next job begins where this one ends, however late we wake up. */
static void
keep_pace(uint64_t file, off_t off, size_t n)
{
	long long began = now();
	struct timespec until;

	if (pace.rate == 0)
		return;
	if (began - pace.busy > NS / 1000) /* it was idle, and not just us who are late */
		pace.busy = began;
	pace.busy += (long long)n * 1000 / pace.rate;
	if (file != pace.file || off != pace.end)
		pace.busy += (long long)pace.latency * 1000;
	pace.file = file;
	pace.end = off + (off_t)n;
	until = (struct timespec){pace.busy / NS, pace.busy % NS};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void *
do_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	if (pace.rate != 0) {
		conn->max_read = MOST;
		config->kernel_cache = 1; /* what was read of a device once is not read again for every opening */
	}
	return NULL;
}

static void
do_destroy(void *data)
{
	(void)data;
	if (pace.rate != 0)
		printf("%llu\n", pace.bytes);
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
	if (got > 0) {
		pace.bytes += (unsigned long long)got;
		keep_pace(fi->fh, off, (size_t)got);
	}
	return got < 0 ? -errno : (int)got;
}

static int
do_write(const char *path, const char *buf, size_t n, off_t off, struct fuse_file_info *fi)
{
	ssize_t put = pwrite((int)fi->fh, buf, n, off);

	(void)path;
	if (put > 0)
		keep_pace(fi->fh, off, (size_t)put);
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
    .init = do_init,
    .destroy = do_destroy,
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
	struct fuse_args args = {0};
	const char *speed = getenv("SERVE_PACE");
	char most[32];
	int ret = 0;

	if (speed != NULL && sscanf(speed, "%u/%u", &pace.rate, &pace.latency) != 2) {
		fprintf(stderr, "serve_dir: SERVE_PACE is MB/s and microseconds, as 35/1000\n");
		return 1;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	if (argc < 3 || (root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		fprintf(stderr, "usage: serve_dir DIR MOUNTPOINT [-o OPTION,...]\n");
		return 1;
	}
	argv[1] = argv[0];
	for (int i = 1; i < argc && ret == 0; i++)
		ret = fuse_opt_add_arg(&args, argv[i]);
	snprintf(most, sizeof most, "-omax_read=%d", MOST);
	if (ret == 0 && pace.rate != 0)
		ret = fuse_opt_add_arg(&args, most);
	if (ret != 0)
		return 1;
	ret = fuse_main(args.argc, args.argv, &operations, NULL);
	fuse_opt_free_args(&args);
	return ret;
}
