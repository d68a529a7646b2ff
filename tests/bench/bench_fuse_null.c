/*
 * bench_fuse_null.c - a FUSE server that does nothing: bench_fuse_null DIR NAME=SIZE... mounts on DIR and shows files of these
 * sizes, whose content is whatever lies in memory. It asks the kernel for what fuse/fusefs_ops.c asks for, reads past the page
 * cache included (keep the two alike), and is mounted by the same code, so it is as fast as any file system of this design can be
 * on this machine, without a cipher or a disk. Ends when it is unmounted.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusefs_internal.h"
#include "fusemount.h"
#include "thread.h"

#define FOREVER (365.0 * 86400.0)
#define MEMORY_SIZE (6u << 20) /* as large as the product's cache of decrypted blocks, so no faster than it for being small */
#define SERVERS_MIN 4u
#define READ_AHEAD_KIB 1024u
#define FILES_MAX 64

struct null_fs {
	struct fuse_session *session;
	uint8_t *memory;
	struct {
		const char *name;
		off_t size;
	} file[FILES_MAX];
	fuse_ino_t files;
	bool direct;
};

/* Inode 1 is the root, 2... are the files. */
static bool
fill_stat(const struct null_fs *fs, fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof *st);
	if (ino != FUSE_ROOT_ID && ino - 2 >= fs->files)
		return false;
	st->st_ino = ino;
	st->st_uid = getuid();
	st->st_gid = getgid();
	st->st_blksize = 65536;
	st->st_nlink = 1;
	st->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0555 : S_IFREG | 0444;
	st->st_size = ino == FUSE_ROOT_ID ? 0 : fs->file[ino - 2].size;
	st->st_blocks = st->st_size / 512;
	return true;
}

static void
op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct null_fs *fs = userdata;

	conn->want = conn->capable & (FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS);
#ifdef FUSE_CAP_DIRECT_IO_ALLOW_MMAP
	fs->direct = (conn->capable & FUSE_CAP_DIRECT_IO_ALLOW_MMAP) != 0;
	if (fs->direct)
		conn->want |= FUSE_CAP_DIRECT_IO_ALLOW_MMAP;
#else
	fs->direct = false;
#endif
	conn->time_gran = 1;
	conn->max_write = READ_MAX;
}

static void
op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct null_fs *fs = fuse_req_userdata(req);
	struct fuse_entry_param e = { .attr_timeout = FOREVER, .entry_timeout = FOREVER };

	for (fuse_ino_t i = 0; parent == FUSE_ROOT_ID && i < fs->files; i++)
		if (strcmp(fs->file[i].name, name) == 0)
			e.ino = i + 2;
	if (e.ino != 0)
		fill_stat(fs, e.ino, &e.attr);
	fuse_reply_entry(req, &e);
}

static void
op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (fill_stat(fuse_req_userdata(req), ino, &st))
		fuse_reply_attr(req, &st, FOREVER);
	else
		fuse_reply_err(req, ENOENT);
}

static void
op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	const struct null_fs *fs = fuse_req_userdata(req);

	fi->direct_io = fs->direct && ino - 2 < fs->files && fs->file[ino - 2].size >= (off_t)DIRECT_SIZE;
	fi->keep_cache = !fi->direct_io;
	fi->noflush = 1;
	fuse_reply_open(req, fi);
}

static void
op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	const struct null_fs *fs = fuse_req_userdata(req);
	off_t end = ino - 2 < fs->files ? fs->file[ino - 2].size : 0;

	(void)fi;
	if (offset < 0 || offset > end || size > READ_MAX) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	if ((off_t)size > end - offset)
		size = (size_t)(end - offset);
	fuse_reply_buf(req, (const char *)fs->memory + (size_t)offset % (MEMORY_SIZE - READ_MAX), size);
}

static bool
serve_one(struct null_fs *fs, struct fuse_buf *buf)
{
	int n = fuse_session_receive_buf(fs->session, buf);

	if (n > 0)
		fuse_session_process_buf(fs->session, buf);
	return n > 0 || n == -EINTR || n == -EAGAIN;
}

static void *
serve(void *arg)
{
	struct null_fs *fs = arg;
	struct fuse_buf buf = {0};

	while (serve_one(fs, &buf))
		;
	free(buf.mem);
	return NULL;
}

static bool
parse(struct null_fs *fs, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		char *equals = strrchr(argv[i], '=');

		if (equals == NULL || fs->files == FILES_MAX)
			return false;
		*equals = '\0';
		fs->file[fs->files].name = argv[i];
		fs->file[fs->files++].size = (off_t)strtoll(equals + 1, NULL, 10);
	}
	return fs->files > 0;
}

static bool
mount_at(struct null_fs *fs, char *self, const char *dir)
{
	static const struct fuse_lowlevel_ops ops = { .init = op_init, .lookup = op_lookup, .getattr = op_getattr, .open = op_open,
		.read = op_read };
	char *argv[] = { self, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fault f = {0};
	struct fuse_buf buf = {0};
	char path[32];
	int fd = -1;

	fs->session = fuse_session_new(&args, &ops, sizeof ops, fs);
	if (fs->session == NULL || fusemount_attach(dir, NULL, &fd, &f) != E_OK)
		return false;
	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	if (fuse_session_mount(fs->session, path) != 0)
		return false;
	/* What can be read ahead is settled after the first request. */
	if (serve_one(fs, &buf))
		fusemount_read_ahead(fusemount_device(dir), READ_AHEAD_KIB);
	free(buf.mem);
	return true;
}

int
main(int argc, char **argv)
{
	struct null_fs fs = {0};
	pthread_t server[SERVERS_MAX];
	unsigned wanted = thread_processors() + 2, n = 0;

	wanted = wanted < SERVERS_MIN ? SERVERS_MIN : wanted > SERVERS_MAX ? SERVERS_MAX : wanted;
	fs.memory = malloc(MEMORY_SIZE);
	if (fs.memory == NULL || !parse(&fs, argc, argv)) {
		fprintf(stderr, "usage: bench_fuse_null DIR NAME=SIZE...\n");
		return 2;
	}
	memset(fs.memory, 0x5a, MEMORY_SIZE);
	if (!mount_at(&fs, argv[0], argv[1])) {
		fprintf(stderr, "bench_fuse_null: cannot mount on %s\n", argv[1]);
		return 1;
	}
	while (n < wanted && thread_start(&server[n], serve, &fs) == 0)
		n++;
	for (unsigned i = 0; i < n; i++)
		pthread_join(server[i], NULL);
	fuse_session_destroy(fs.session);
	free(fs.memory);
	return n > 0 ? 0 : 1;
}
