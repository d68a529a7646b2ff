/*
 * check_stickio.c - file access in a directory that somebody else has filled.
 */
#include "stickio.h"

#include <dlfcn.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#undef BLOCK_SIZE /* <linux/fs.h> has another */
#include "bare.h"
#include "calls.h"

static struct bare x;

/* ---- calls that fail: the one of that name, after it went well so many times, says that; 0: a byte is all it does -------- */

static struct {
	const char *call;
	unsigned after;
	int sys;
} plan;
static ino_t flushed[8];        /* in their order */
static size_t flushes;
static uint32_t magic;          /* what file systems say they are; 0: the truth */
static int attributes = -1;     /* what files have, as chattr(1) sets them; -1: nobody knows */
static int no_links;            /* what a file system says that has none; 0: it has some */
static unsigned owners_by_name; /* how often an owner was set for whatever has the name by then */
static bool swapped;            /* the file becomes a FIFO between the look and the open */

static void
let_fail(const char *call, unsigned after, int sys)
{
	plan.call = call, plan.after = after, plan.sys = sys;
}

/* 1: it fails; 0: it is short; -1: neither. */
static int
fails(const char *call)
{
	if (plan.call == NULL || strcmp(plan.call, call) != 0 || plan.after-- > 0)
		return -1;
	plan.call = NULL;
	errno = plan.sys;
	return plan.sys != 0;
}

#pragma GCC visibility push(default)

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	int how = fails("pread");

	return how == 1 ? -1 : call_pread(fd, buf, how == 0 ? 1 : n, off);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	int how = fails("pwrite");

	return how == 1 ? -1 : how == 0 && off == 0 ? 0 : call_pwrite(fd, buf, how == 0 ? 1 : n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off_t off) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *buf, size_t n, off_t off) __attribute__((alias("pwrite")));
#endif

int
fsync(int fd)
{
	struct stat st;

	if (fails("fsync") == 1)
		return -1;
	if (flushes < sizeof flushed / sizeof *flushed && fstat(fd, &st) == 0)
		flushed[flushes++] = st.st_ino;
	return (int)syscall(SYS_fsync, fd);
}

/* What fails to close is closed, as the kernel has it. */
int
close(int fd)
{
	int failed = fails("close"), sys = errno, r = (int)syscall(SYS_close, fd);

	errno = failed == 1 ? sys : errno;
	return failed == 1 ? -1 : r;
}

/* As FUSE file systems that know neither. */
int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return fails("renameat2") == 1 ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (no_links == 0)
		return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
	errno = no_links;
	return -1;
}

int
fchownat(int dir_fd, const char *name, uid_t uid, gid_t gid, int flags)
{
	owners_by_name++;
	return (int)syscall(SYS_fchownat, dir_fd, name, uid, gid, flags);
}

int
fchown(int fd, uid_t uid, gid_t gid)
{
	return fails("fchown") == 1 ? -1 : (int)syscall(SYS_fchown, fd, uid, gid);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails("renameat") == 1 ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

struct dirent *
readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) = NULL;
#ifdef __USE_FILE_OFFSET64
	void *symbol = dlsym(RTLD_NEXT, "readdir64");
#else
	void *symbol = dlsym(RTLD_NEXT, "readdir");
#endif

	memcpy(&real, &symbol, sizeof real);
	return fails("readdir") == 1 ? NULL : real(dir);
}

int
fstatfs(int fd, struct statfs *fs)
{
	int r = (int)syscall(SYS_fstatfs, fd, fs);

	if (r == 0 && magic != 0)
		fs->f_type = (__typeof__(fs->f_type))magic;
	return r;
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *arg = NULL;

	va_start(list, request);
	arg = va_arg(list, void *);
	va_end(list);
	if (request != FS_IOC_GETFLAGS)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	if (attributes == -1) {
		errno = ENOTTY;
		return -1;
	}
	memcpy(arg, &attributes, sizeof attributes);
	return 0;
}

static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	(void)name;
	if (fails("openat") == 1)
		return -1;
	if (swapped && strcmp(path, "file") == 0)
		if (unlinkat(dir_fd, path, 0) != 0 || mkfifoat(dir_fd, path, 0600) != 0)
			return -1;
	return (int)syscall(SYS_openat, dir_fd, path, flags | O_LARGEFILE, mode);
}

#define mode_of mode_to_open
#include "opened.h"
#undef mode_of

#pragma GCC visibility pop

static unsigned
descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* ---- the directory ------------------------------------------------------------------------------------------------------ */

static void
setup(void)
{
	memset(&plan, 0, sizeof plan);
	flushes = 0;
	magic = 0;
	attributes = -1;
	swapped = false;
	no_links = 0;
	owners_by_name = 0;
	bare_open(&x);
}

static void
teardown(void)
{
	bare_close(&x);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(x.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static off_t
size_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(x.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_size;
}

START_TEST(a_regular_file_opens_with_its_size)
{
	uint64_t size = 0;
	int fd = -1;

	put_file(&x, "file", "12345", 5);
	fd = stickio_open_file(x.fd, "file", O_RDONLY, &size);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(size, 5);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
}
END_TEST

/* hostile 21 */
START_TEST(links_fifos_and_directories_are_no_files)
{
	put_file(&x, "file", "x", 1);
	put_dir(&x, "dir");
	ck_assert_int_eq(symlinkat("file", x.fd, "link"), 0);
	ck_assert_int_eq(mkfifoat(x.fd, "fifo", 0600), 0);
	ck_assert_int_eq(stickio_open_file(x.fd, "link", O_RDONLY, NULL), -1);
	ck_assert_int_eq(errno, ELOOP);
	for (int flags = O_RDONLY; flags <= O_RDWR; flags++) {
		ck_assert_int_eq(stickio_open_file(x.fd, "fifo", flags, NULL), -1);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(stickio_open_file(x.fd, "dir", flags, NULL), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_int_eq(stickio_open_file(x.fd, "none", O_RDONLY, NULL), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(links_and_files_are_no_directories)
{
	int fd = -1;

	put_dir(&x, "dir");
	put_file(&x, "file", "x", 1);
	ck_assert_int_eq(symlinkat("dir", x.fd, "link"), 0);
	ck_assert_int_eq(stickio_open_dir(x.fd, "link"), -1);
	ck_assert_int_eq(stickio_open_dir(x.fd, "file"), -1);
	fd = stickio_open_dir(x.fd, "dir");
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(a_short_file_is_an_io_error_and_not_short_data)
{
	uint8_t buf[8];
	int fd = -1;

	put_file(&x, "file", "12345", 5);
	fd = stickio_open_file(x.fd, "file", O_RDONLY, NULL);
	ck_assert_int_eq(stickio_read_full(fd, buf, 5, 0), 0);
	ck_assert_mem_eq(buf, "12345", 5);
	ck_assert_int_eq(stickio_read_full(fd, buf, 2, 3), 0);
	ck_assert_mem_eq(buf, "45", 2);
	ck_assert_int_eq(stickio_read_full(fd, buf, 6, 0), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(stickio_read_full(fd, buf, 1, 5), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(stickio_read_full(fd, buf, 8, UINT64_MAX - 3), -1);
	ck_assert_int_eq(errno, EOVERFLOW);
	ck_assert_int_eq(stickio_write_full(fd, buf, 8, INT64_MAX - 3), -1);
	ck_assert_int_eq(errno, EOVERFLOW);
	close(fd);
}
END_TEST

START_TEST(slurp_takes_a_file_up_to_its_limit)
{
	uint8_t *data = NULL;
	size_t n = 99;

	put_file(&x, "file", "12345", 5);
	put_file(&x, "empty", "", 0);
	ck_assert_int_eq(stickio_slurp(x.fd, "file", 5, &data, &n), 0);
	ck_assert_uint_eq(n, 5);
	ck_assert_mem_eq(data, "12345", 5);
	free(data);
	ck_assert_int_eq(stickio_slurp(x.fd, "empty", 5, &data, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(data);
	free(data);
	data = NULL;
	ck_assert_int_eq(stickio_slurp(x.fd, "file", 4, &data, &n), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_ptr_null(data);
}
END_TEST

/* People have links to where they keep what they were sent. Nothing that never ends, or has no content, is opened. */
START_TEST(a_named_file_may_be_a_link)
{
	static const struct {
		const char *name;
		int sys;
	} cases[] = {{"dir", EISDIR}, {"to_dir", EISDIR}, {"fifo", EINVAL}, {"to_fifo", EINVAL}, {"none", ENOENT},
	    {"/dev/zero", EINVAL}, {"to_none", ENOENT}, {"loop", ELOOP}};
	unsigned before = 0;
	uint8_t *data = NULL;
	size_t n = 99;

	ck_assert_int_eq(fchdir(x.fd), 0);
	put_file(&x, "file", "12345", 5);
	put_dir(&x, "dir");
	ck_assert_int_eq(mkfifoat(x.fd, "fifo", 0600), 0);
	ck_assert_int_eq(symlinkat("file", x.fd, "link"), 0);
	ck_assert_int_eq(symlinkat("link", x.fd, "link2"), 0);
	ck_assert_int_eq(symlinkat("dir", x.fd, "to_dir"), 0);
	ck_assert_int_eq(symlinkat("fifo", x.fd, "to_fifo"), 0);
	ck_assert_int_eq(symlinkat("none", x.fd, "to_none"), 0);
	ck_assert_int_eq(symlinkat("loop", x.fd, "loop"), 0);
	before = descriptors();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(stickio_slurp_named(cases[i].name, 5, &data, &n), -1);
		ck_assert_msg(errno == cases[i].sys, "%s: %d", cases[i].name, errno);
	}
	ck_assert_int_eq(stickio_slurp_named("link2", 4, &data, &n), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert(data == NULL && n == 99);
	ck_assert_int_eq(stickio_slurp_named("link2", 5, &data, &n), 0);
	ck_assert_uint_eq(n, 5);
	ck_assert_mem_eq(data, "12345", 5);
	free(data);
	data = NULL;
	swapped = true;
	ck_assert_int_eq(stickio_slurp_named("file", 5, &data, &n), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(data);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* hostile 8 */
START_TEST(slurp_allocates_nothing_for_a_huge_sparse_file)
{
	uint8_t *data = NULL;
	size_t n = 0;
	int fd = openat(x.fd, "huge", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(ftruncate(fd, 5ll << 30), 0);
	close(fd);
	ck_assert_int_eq(stickio_slurp(x.fd, "huge", 4 << 20, &data, &n), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_ptr_null(data);
}
END_TEST

START_TEST(create_refuses_what_is_there_and_ignores_the_umask)
{
	mode_t old = umask(077);
	uint8_t *data = NULL;
	size_t n = 0;

	ck_assert_int_eq(stickio_create(x.fd, "file", "abc", 3, 0666), 0);
	umask(old);
	ck_assert_uint_eq(mode_of("file"), 0666);
	ck_assert_int_eq(stickio_create(x.fd, "file", "xyz", 3, 0666), -1);
	ck_assert_int_eq(errno, EEXIST);
	data = get_file(&x, "file", &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(data, "abc", 3);
	free(data);
	ck_assert_int_eq(symlinkat("target", x.fd, "link"), 0);
	ck_assert_int_eq(stickio_create(x.fd, "link", "xyz", 3, 0666), -1);
	ck_assert(!exists(&x, "target"));
}
END_TEST

START_TEST(mkdir_ignores_the_umask)
{
	mode_t old = umask(077);
	int fd = stickio_mkdir(x.fd, "dir", 0777);

	umask(old);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_uint_eq(mode_of("dir"), 0777);
	ck_assert_int_eq(stickio_mkdir(x.fd, "dir", 0777), -1);
	ck_assert_int_eq(errno, EEXIST);
}
END_TEST

START_TEST(only_a_regular_file_is_removed_as_one)
{
	char target[512];

	put_dir(&x, "dir");
	put_file(&x, "dir/file", "x", 1);
	ck_assert_int_eq(symlinkat(bare_path(&x, "dir/file", target), x.fd, "link"), 0);
	ck_assert_int_eq(mkfifoat(x.fd, "fifo", 0600), 0);
	put_file(&x, "file", "x", 1);
	ck_assert_int_eq(stickio_remove_file(x.fd, "absent"), 0);
	ck_assert_int_eq(stickio_remove_file(x.fd, "dir"), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(stickio_remove_file(x.fd, "link"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(stickio_remove_file(x.fd, "fifo"), -1);
	ck_assert_int_eq(stickio_remove_file(x.fd, "file"), 0);
	ck_assert(!exists(&x, "file") && exists(&x, "dir/file") && exists(&x, "link") && exists(&x, "fifo"));
}
END_TEST

/* hostile 31 */
START_TEST(ids_ignores_every_other_name)
{
	static const char *const others[] = {"00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeef",
	    "00112233445566778899aabbccddeeff0", "00112233445566778899aabbccddeeff.tmp", "00112233445566778899aabbccddeefg", "..x",
	    "+0112233445566778899aabbccddeeff"};
	uint8_t ids[4][ID_SIZE];

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		put_file(&x, others[i], "", 0);
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), 0);
	ck_assert_int_eq(stickio_ids(x.fd, ".tmp", ids, 4), 1);
	put_file(&x, "ff112233445566778899aabbccddeeff", "", 0);
	put_file(&x, "00112233445566778899aabbccddeeff", "", 0);
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), 2);
	ck_assert_uint_eq(ids[0][0], 0x00);
	ck_assert_uint_eq(ids[0][1], 0x11);
	ck_assert_uint_eq(ids[1][0], 0xff);
}
END_TEST

/* hostile 31 */
START_TEST(ids_keeps_the_lowest_and_counts_all)
{
	uint8_t ids[4][ID_SIZE], id[ID_SIZE];
	char hex[2 * ID_SIZE + 1];

	memset(ids, 0xee, sizeof ids);
	for (unsigned i = 0; i < 9; i++) {
		fill_id(id, (uint8_t)(i * 37 % 9));
		bytes_to_hex(hex, id, ID_SIZE);
		put_dir(&x, hex);
	}
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 3), 9);
	for (uint8_t i = 0; i < 3; i++)
		ck_assert_uint_eq(ids[i][7], i);
	ck_assert_uint_eq(ids[3][0], 0xee);
	ck_assert_int_eq(stickio_ids(x.fd, "", NULL, 0), 9);
	/* Once more: the position in the directory is not the caller's. */
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), 9);
}
END_TEST

/* hostile 31 */
START_TEST(ids_of_many_come_sorted_whatever_their_order)
{
	uint8_t ids[10][ID_SIZE];
	char hex[2 * ID_SIZE + 1];

	for (unsigned i = 0; i < 700; i++) {
		snprintf(hex, sizeof hex, "%032x", 699 - i);
		put_file(&x, hex, "", 0);
	}
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 10), 700);
	for (uint8_t i = 0; i < 10; i++)
		ck_assert(ids[i][ID_SIZE - 1] == i && ids[i][ID_SIZE - 2] == 0);
}
END_TEST

/* hostile 41 */
START_TEST(file_systems_that_do_not_overwrite_in_place_are_bad)
{
	static const struct {
		uint32_t magic;
		enum stickio_fs judgement;
		const char *name;
	} cases[] = {
	    {0x9123683e, STICKIO_FS_BAD, "btrfs"},
	    {0xf2f52010, STICKIO_FS_BAD, "f2fs"},
	    {0x3434, STICKIO_FS_BAD, "nilfs2"},
	    {0xca451a4e, STICKIO_FS_BAD, "bcachefs"},
	    {0x2fc12fc1, STICKIO_FS_BAD, "zfs"},
	    {0x794c7630, STICKIO_FS_BAD, "overlayfs"},
	    {0x24051905, STICKIO_FS_BAD, "ubifs"},
	    {0x72b6, STICKIO_FS_BAD, "jffs2"},
	    {0x6969, STICKIO_FS_BAD, "nfs"},
	    {0xff534d42, STICKIO_FS_BAD, "cifs"},
	    {0xfe534d42, STICKIO_FS_BAD, "smb2"},
	    {0x01021997, STICKIO_FS_BAD, "9p"},
	    {0x4d44, STICKIO_FS_GOOD, "vfat"},
	    {0x2011bab0, STICKIO_FS_GOOD, "exfat"},
	    {0x01021994, STICKIO_FS_UNSURE, "tmpfs"},
	    {0x65735546, STICKIO_FS_UNSURE, "fuse"},
	    {0x58465342, STICKIO_FS_UNSURE, "xfs"},
	    {0x12345678, STICKIO_FS_UNSURE, "type 0x12345678"},
	};
	char name[STICKIO_FS_NAME];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_int_eq(stickio_fs_judge(cases[i].magic, NULL, name), cases[i].judgement);
		ck_assert_str_eq(name, cases[i].name);
	}
}
END_TEST

static enum stickio_fs
ext4_with(const char *options, char name[STICKIO_FS_NAME])
{
	const struct mountinfo m = {1, "/mnt", "ext4", "/dev/sdb1", options};

	return stickio_fs_judge(0xef53, &m, name);
}

/* hostile 41 */
START_TEST(ext4_is_good_unless_it_journals_data)
{
	char name[STICKIO_FS_NAME];

	ck_assert_int_eq(ext4_with("rw,errors=remount-ro\n", name), STICKIO_FS_GOOD);
	ck_assert_str_eq(name, "ext4");
	ck_assert_int_eq(ext4_with("rw,data=ordered", name), STICKIO_FS_GOOD);
	ck_assert_int_eq(ext4_with("rw,data=journalled", name), STICKIO_FS_GOOD);
	ck_assert_int_eq(ext4_with("rw,data=journal\n", name), STICKIO_FS_BAD);
	ck_assert_int_eq(ext4_with("data=journal,discard", name), STICKIO_FS_BAD);
	ck_assert_str_eq(name, "ext4 with data=journal");
	ck_assert_int_eq(stickio_fs_judge(0xef53, NULL, name), STICKIO_FS_UNSURE);
}
END_TEST

/* hostile 41 */
START_TEST(a_network_or_an_overlay_behind_fuse_is_bad)
{
	static const struct {
		const char *type, *source;
		enum stickio_fs judgement;
	} cases[] = {
	    {"fuse.sshfs", "kim@host:/srv", STICKIO_FS_BAD},
	    {"fuse.sshfs", "host:", STICKIO_FS_BAD},
	    {"fuse.rclone", "remote", STICKIO_FS_BAD},
	    {"fuse.s3fs", "s3fs", STICKIO_FS_BAD},
	    {"fuse.gvfsd-fuse", "gvfsd-fuse", STICKIO_FS_BAD},
	    {"fuse.JuiceFS", "JuiceFS:disk", STICKIO_FS_BAD},
	    {"fuse.fuse-overlayfs", "fuse-overlayfs", STICKIO_FS_BAD},
	    {"fuse", "https://example.org/dav", STICKIO_FS_BAD},
	    {"fuse.unheard-of", "disk.example.org:/", STICKIO_FS_BAD},
	    {"fuse.unheard-of", "davs://example.org", STICKIO_FS_BAD},
	    {"virtiofs", "share", STICKIO_FS_BAD},
	    {"fuseblk", "/dev/sdb1", STICKIO_FS_UNSURE},
	    {"fuseblk.exfat", "/dev/disk/by-id/usb-0:0-part1", STICKIO_FS_UNSURE},
	    {"fuse.bindfs", "/srv/a:b", STICKIO_FS_UNSURE},
	    {"fuse.lklfuse", "disk.img", STICKIO_FS_UNSURE},
	    {"fuse", "passthrough", STICKIO_FS_UNSURE},
	};
	char name[STICKIO_FS_NAME];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct mountinfo m = {1, "/mnt", cases[i].type, cases[i].source, "rw"};

		ck_assert_int_eq(stickio_fs_judge(0x65735546, &m, name), cases[i].judgement);
		ck_assert_str_eq(name, cases[i].type);
	}
}
END_TEST

START_TEST(a_real_file_system_is_judged_by_its_type)
{
	struct statfs fs;
	struct fault f = {0};
	char name[STICKIO_FS_NAME], plain[STICKIO_FS_NAME] = "";
	int shm = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(fstatfs(x.fd, &fs), 0);
	if ((uint32_t)fs.f_type == 0xef53)
		ck_assert_int_eq(stickio_fs_of(x.fd, name), ext4_with("rw", plain));
	else
		ck_assert_int_eq(stickio_fs_of(x.fd, name), stickio_fs_judge((uint32_t)fs.f_type, NULL, plain));
	ck_assert_str_eq(name, plain);
	ck_assert(!stickio_served(x.fd));
	if (shm == -1)
		return;
	ck_assert_int_eq(stickio_fs_of(shm, name), STICKIO_FS_UNSURE);
	ck_assert_str_eq(name, "tmpfs");
	ck_assert_int_eq(stickio_medium(shm, plain, &f), E_OK);
	ck_assert_str_eq(plain, "tmpfs");
	ck_assert(stickio_volatile(shm));
	close(shm);
}
END_TEST

/* ---- what fails half-way ------------------------------------------------------------------------------------------------ */

static ino_t
number_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(x.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

START_TEST(a_read_goes_on_until_all_is_there)
{
	char buf[6] = "";
	int fd = -1;

	put_file(&x, "file", "12345", 5);
	fd = stickio_open_file(x.fd, "file", O_RDONLY, NULL);
	let_fail("pread", 0, 0);
	ck_assert_int_eq(stickio_read_full(fd, buf, 5, 0), 0);
	ck_assert_str_eq(buf, "12345");
	memset(buf, 0, sizeof buf);
	let_fail("pread", 0, EINTR);
	ck_assert_int_eq(stickio_read_full(fd, buf, 4, 1), 0);
	ck_assert_str_eq(buf, "2345");
	let_fail("pread", 0, EBADMSG);
	ck_assert_int_eq(stickio_read_full(fd, buf, 5, 0), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(stickio_read_full(fd, buf, 0, INT64_MAX), 0);
	ck_assert_int_eq(stickio_read_full(fd, buf, 1, INT64_MAX), -1);
	ck_assert_int_eq(errno, EOVERFLOW);
	close(fd);
}
END_TEST

START_TEST(a_write_goes_on_until_all_is_there)
{
	char buf[8] = "";
	int fd = -1;

	put_file(&x, "file", "..", 2);
	fd = stickio_open_file(x.fd, "file", O_RDWR, NULL);
	let_fail("pwrite", 0, 0);
	ck_assert_int_eq(stickio_write_full(fd, "12345", 5, 1), 0);
	ck_assert_int_eq(stickio_read_full(fd, buf, 6, 0), 0);
	ck_assert_str_eq(buf, ".12345");
	let_fail("pwrite", 0, EINTR);
	ck_assert_int_eq(stickio_write_full(fd, "abc", 3, 2), 0);
	ck_assert_int_eq(stickio_read_full(fd, buf, 6, 0), 0);
	ck_assert_str_eq(buf, ".1abc5");
	let_fail("pwrite", 0, ENOSPC);
	ck_assert_int_eq(stickio_write_full(fd, "12345", 5, 0), -1);
	ck_assert_int_eq(errno, ENOSPC);
	let_fail("pwrite", 0, 0); /* nothing at all is written, at 0 */
	ck_assert_int_eq(stickio_write_full(fd, "12345", 5, 0), -1);
	ck_assert_int_eq(errno, EIO);
	close(fd);
}
END_TEST

START_TEST(slurp_that_fails_gives_nothing)
{
	static const char *const calls[] = {"pread", "openat"};
	unsigned before = descriptors();
	uint8_t *data = NULL;
	size_t n = 99;

	put_file(&x, "file", "12345", 5);
	let_fail(calls[_i], 0, EIO);
	ck_assert_int_eq(stickio_slurp(x.fd, "file", 5, &data, &n), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(stickio_slurp(x.fd, "file", 4, &data, &n), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert(data == NULL && n == 99);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(create_that_fails_leaves_nothing)
{
	static const struct {
		const char *call;
		int sys;
	} cases[] = {{"pwrite", ENOSPC}, {"fsync", EIO}, {"close", EDQUOT}, {"openat", EACCES}};
	unsigned before = descriptors();

	let_fail(cases[_i].call, 0, cases[_i].sys);
	ck_assert_int_eq(stickio_create(x.fd, "new", "12345", 5, 0600), -1);
	ck_assert_int_eq(errno, cases[_i].sys);
	ck_assert(!exists(&x, "new"));
	ck_assert_uint_eq(descriptors(), before);
	flushes = 0;
	ck_assert_int_eq(stickio_create(x.fd, "new", "12345", 5, 0640), 0);
	ck_assert_uint_eq(mode_of("new"), 0640);
	ck_assert_uint_eq(descriptors(), before);
	ck_assert_uint_ge(flushes, 1);
	ck_assert_uint_eq(flushed[0], number_of("new"));
}
END_TEST

START_TEST(rename_flushes_what_is_renamed_and_then_the_directory)
{
	unsigned before = descriptors();

	put_dir(&x, "dir");
	ck_assert_int_eq(stickio_rename(x.fd, "dir", "other"), 0);
	ck_assert(!exists(&x, "dir") && exists(&x, "other"));
	ck_assert_uint_eq(flushes, 2);
	ck_assert_uint_eq(flushed[0], number_of("other"));
	ck_assert_uint_eq(flushed[1], number_of("."));
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(rename_that_fails_says_so)
{
	static const struct {
		const char *call;
		unsigned after;
		int sys;
		bool renamed;
	} cases[] = {{"renameat", 0, EROFS, false}, {"openat", 0, EMFILE, true}, {"fsync", 0, EIO, true}, {"fsync", 1, EIO, true}};
	unsigned before = descriptors();

	put_file(&x, "file", "x", 1);
	let_fail(cases[_i].call, cases[_i].after, cases[_i].sys);
	ck_assert_int_eq(stickio_rename(x.fd, "file", "other"), -1);
	ck_assert_int_eq(errno, cases[_i].sys);
	ck_assert_int_eq(exists(&x, "other"), cases[_i].renamed);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(a_new_name_is_never_taken_from_another)
{
	static const int without[] = {EPERM, ENOSYS, EOPNOTSUPP, 0};
	unsigned before = descriptors();

	put_file(&x, "file", "12345", 5);
	put_file(&x, "other", "x", 1);
	for (int k = 0; k < 2; k++) {
		no_links = without[_i];
		if (k == 1)
			let_fail("renameat2", 0, EINVAL);
		ck_assert_int_eq(stickio_rename_new(x.fd, "file", "other"), -1);
		ck_assert_int_eq(errno, EEXIST);
		ck_assert_int_eq(size_of("other"), 1);
		ck_assert_int_eq(size_of("file"), 5);
	}
	let_fail("renameat2", 0, ENOSYS);
	ck_assert_int_eq(stickio_rename_new(x.fd, "file", "new"), 0);
	ck_assert(!exists(&x, "file"));
	ck_assert_int_eq(size_of("new"), 5);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* It is not left as an empty file either. */
START_TEST(a_new_name_that_cannot_be_given_is_not_there)
{
	put_file(&x, "file", "12345", 5);
	let_fail("renameat2", 0, EINVAL);
	no_links = EIO;
	ck_assert_int_eq(stickio_rename_new(x.fd, "file", "new"), -1);
	ck_assert_int_eq(errno, EIO);
	let_fail("renameat2", 0, EROFS);
	no_links = EPERM;
	ck_assert_int_eq(stickio_rename_new(x.fd, "file", "new"), -1);
	ck_assert_int_eq(errno, EROFS);
	let_fail("renameat2", 0, EINVAL);
	ck_assert_int_eq(stickio_rename_new(x.fd, "none", "new"), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!exists(&x, "new") && exists(&x, "file"));
}
END_TEST

/* By its descriptor: whoever may write there could have put a link in the place of the name. */
START_TEST(a_file_is_made_for_whom_it_is)
{
	struct stat owner, made;

	ck_assert_int_eq(fstat(x.fd, &owner), 0);
	ck_assert_int_eq(stickio_create_for(x.fd, "mine", BYTES("12345", 5), &owner), 0);
	ck_assert_uint_eq(mode_of("mine"), 0600);
	ck_assert_int_eq(size_of("mine"), 5);
	owner.st_uid = 4242, owner.st_gid = 2424;
	let_fail("fchown", 0, EPERM);
	ck_assert_int_eq(stickio_create_for(x.fd, "theirs", BYTES("12345", 5), &owner), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert(!exists(&x, "theirs"));
	if (geteuid() == 0) {
		ck_assert_int_eq(stickio_create_for(x.fd, "theirs", BYTES("12345", 5), &owner), 0);
		ck_assert_int_eq(fstatat(x.fd, "theirs", &made, AT_SYMLINK_NOFOLLOW), 0);
		ck_assert(made.st_uid == 4242 && made.st_gid == 2424);
		ck_assert_uint_eq(mode_of("theirs"), 0600);
	}
	ck_assert_uint_eq(owners_by_name, 0);
}
END_TEST

START_TEST(a_directory_that_knows_no_flush_is_flushed)
{
	let_fail("fsync", 0, EINVAL);
	ck_assert_int_eq(stickio_sync_dir(x.fd), 0);
	let_fail("fsync", 0, EIO);
	ck_assert_int_eq(stickio_sync_dir(x.fd), -1);
	ck_assert_int_eq(errno, EIO);
}
END_TEST

START_TEST(the_directory_above_is_flushed)
{
	unsigned before = descriptors();
	char path[256];

	snprintf(path, sizeof path, "/proc/self/fd/%d/file", x.fd);
	ck_assert_int_eq(stickio_sync_above(path), 0);
	let_fail("fsync", 0, EIO);
	ck_assert_int_eq(stickio_sync_above(path), -1);
	ck_assert_int_eq(errno, EIO);
	let_fail("fsync", 0, EIO);
	ck_assert_int_eq(stickio_sync_above("file"), -1);
	let_fail("fsync", 0, EIO);
	ck_assert_int_eq(stickio_sync_above("/file"), -1);
	snprintf(path, sizeof path, "/proc/self/fd/%d/none/file", x.fd);
	ck_assert_int_eq(stickio_sync_above(path), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(mkdir_that_fails_leaves_nothing)
{
	unsigned before = descriptors();
	int fd = -1;

	let_fail("openat", 0, EMFILE);
	ck_assert_int_eq(stickio_mkdir(x.fd, "dir", 0755), -1);
	ck_assert_int_eq(errno, EMFILE);
	ck_assert(!exists(&x, "dir"));
	ck_assert_int_ge(fd = stickio_mkdir(x.fd, "dir", 0755), 0);
	ck_assert_uint_eq(mode_of("dir"), 0755);
	close(fd);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(a_directory_that_cannot_be_listed_is_not_an_empty_one)
{
	uint8_t ids[4][ID_SIZE];
	unsigned before = descriptors();

	put_file(&x, "00112233445566778899aabbccddeeff", "", 0);
	put_file(&x, "10112233445566778899aabbccddeeff", "", 0);
	memset(ids, 0xee, sizeof ids);
	let_fail("openat", 0, EMFILE);
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), -1);
	ck_assert_int_eq(errno, EMFILE);
	for (unsigned after = 0; after < 5; after++) {
		let_fail("readdir", after, EIO);
		ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), -1);
		ck_assert_int_eq(errno, EIO);
	}
	ck_assert_uint_eq(ids[0][0], 0xee);
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), 2);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* hostile 21 */
START_TEST(what_is_swapped_for_a_fifo_is_not_opened)
{
	unsigned before = descriptors();
	uint64_t size = 99;

	put_file(&x, "file", "12345", 5);
	swapped = true;
	ck_assert_int_eq(stickio_open_file(x.fd, "file", O_RDONLY, &size), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(size, 99);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* ---- what it means -------------------------------------------------------------------------------------------------------- */

START_TEST(each_errno_is_of_one_kind)
{
	static const int ours[] = {ENOMEM, EMFILE, ENFILE, ENOSYS};
	static const int wrong[] = {ENOENT, ENOTDIR, EISDIR, ELOOP, EINVAL, EFBIG, EEXIST, EBADMSG};
	static const int medium[] = {EIO, ENODEV, ENXIO, EACCES, EPERM, EROFS, ENOSPC, 0};
	static const int pulled[] = {EIO, ENODEV, ENXIO, ENOMEDIUM};
	static const int not_pulled[] = {0, ENOENT, EACCES, EPERM, EROFS, ENOSPC, EINVAL, ENOMEM};

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		ck_assert_int_eq(stickio_err(ours[i], E_BUNDLE), E_FAIL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_int_eq(stickio_err(wrong[i], E_BUNDLE), E_BUNDLE);
	for (size_t i = 0; i < sizeof medium / sizeof *medium; i++)
		ck_assert_int_eq(stickio_err(medium[i], E_BUNDLE), E_STICK_IO);
	for (size_t i = 0; i < sizeof pulled / sizeof *pulled; i++)
		ck_assert(stickio_failing(pulled[i]));
	for (size_t i = 0; i < sizeof not_pulled / sizeof *not_pulled; i++)
		ck_assert(!stickio_failing(not_pulled[i]));
}
END_TEST

static struct fault
fault_of(int sys, const char *path)
{
	struct fault f = {0};
	unsigned before = descriptors();

	become_nobody();
	errno = sys;
	ck_assert_int_eq(stickio_fault(&f, E_BUNDLE, "open", x.fd, "top", path), stickio_err(sys, E_BUNDLE));
	become_again();
	ck_assert(f.err == stickio_err(sys, E_BUNDLE) && f.sys == sys);
	ck_assert_str_eq(f.step, "open");
	ck_assert_int_eq(strncmp(f.object, "top/", 4), 0);
	ck_assert_int_eq(strncmp(f.object + 4, path, sizeof f.object - 5), 0);
	ck_assert_uint_eq(descriptors(), before);
	return f;
}

static unsigned
owner_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(x.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_uid;
}

/* Whose it is that nobody else may read: the first part of the way that is shut. */
START_TEST(who_may_not_read_is_told_whose_it_is)
{
	char longer[NAME_MAX + 20];
	struct fault f;

	put_dir(&x, "dir");
	put_dir(&x, "dir/inner");
	put_file(&x, "dir/inner/file", "x", 1);
	ck_assert(fchmod(x.fd, 0755) == 0 && fchmodat(x.fd, "dir", 0755, 0) == 0 && fchmodat(x.fd, "dir/inner", 0755, 0) == 0);
	ck_assert_int_eq(fchmodat(x.fd, "dir/inner/file", 0, 0), 0);
	if (geteuid() == 0)
		ck_assert(fchownat(x.fd, "dir", 1001, (gid_t)-1, 0) == 0 && fchownat(x.fd, "dir/inner", 1002, (gid_t)-1, 0) == 0 &&
		    fchownat(x.fd, "dir/inner/file", 1003, (gid_t)-1, 0) == 0);
	for (int i = 0; i < 2; i++) {
		f = fault_of(i == 0 ? EACCES : EPERM, "dir/inner/file");
		ck_assert(f.owned && f.owner == owner_of("dir/inner/file"));
	}
	f = fault_of(EACCES, "dir");
	ck_assert(f.owned && f.owner == owner_of("dir"));
	f = fault_of(EIO, "dir/inner/file");
	ck_assert(!f.owned);
	memset(longer, 'n', sizeof longer);
	longer[NAME_MAX + 1] = '\0';
	f = fault_of(EACCES, longer);
	ck_assert(!f.owned);
	/* Out of reach: the directory it is in. */
	ck_assert_int_eq(fchmodat(x.fd, "dir/inner", 0, 0), 0);
	f = fault_of(EACCES, "dir/inner/file");
	ck_assert(f.owned && f.owner == (geteuid() == 0 ? 1002 : geteuid()));
	f = fault_of(EACCES, "dir/none/file");
	ck_assert(f.owned && f.owner == owner_of("dir"));
	ck_assert_int_eq(fchmodat(x.fd, "dir", 0, 0), 0);
	f = fault_of(EACCES, "dir/inner/file");
	ck_assert(f.owned && f.owner == owner_of("dir"));
	/* Known already, or of no interest. */
	f.owner = 7;
	stickio_blame(&f, x.fd, "dir/inner/file");
	ck_assert_uint_eq(f.owner, 7);
	stickio_blame(NULL, x.fd, "dir");
	ck_assert(fchmodat(x.fd, "dir", 0755, 0) == 0 && fchmodat(x.fd, "dir/inner", 0755, 0) == 0);
}
END_TEST

START_TEST(a_medium_is_refused_named_or_taken)
{
	static const struct {
		uint32_t magic;
		enum err err;
		const char *name;
		bool is_volatile, served;
	} cases[] = {
	    {0x9123683e, E_FILESYSTEM, "", false, false},
	    {0x4d44, E_OK, "", false, false},
	    {0x58465342, E_OK, "xfs", false, false},
	    {0x01021994, E_OK, "tmpfs", true, false},
	    {0x858458f6, E_OK, "ramfs", true, false},
	    {0x794c7630, E_FILESYSTEM, "", true, false},
	    {0x65735546, E_OK, NULL, false, true},
	};
	struct fault f = {0};
	char name[STICKIO_FS_NAME] = "";

	magic = cases[_i].magic;
	ck_assert_int_eq(stickio_medium(x.fd, name, &f), cases[_i].err);
	ck_assert_int_eq(f.err, cases[_i].err);
	if (cases[_i].name != NULL)
		ck_assert_str_eq(name, cases[_i].name);
	ck_assert_int_eq(stickio_volatile(x.fd), cases[_i].is_volatile);
	ck_assert_int_eq(stickio_served(x.fd), cases[_i].served);
	if (f.err != E_OK)
		ck_assert(strcmp(f.object, "btrfs") == 0 || strcmp(f.object, "overlayfs") == 0);
}
END_TEST

START_TEST(of_what_is_not_open_nothing_is_known)
{
	char name[STICKIO_FS_NAME] = "";

	ck_assert_int_eq(stickio_fs_of(-1, name), STICKIO_FS_UNSURE);
	ck_assert_str_eq(name, "unknown");
	ck_assert(!stickio_served(-1) && !stickio_volatile(-1));
}
END_TEST

/* hostile 41 */
START_TEST(a_directory_whose_files_are_journalled_is_bad)
{
	char name[STICKIO_FS_NAME] = "";

	magic = 0xef53;
	attributes = FS_JOURNAL_DATA_FL | FS_NOATIME_FL;
	ck_assert_int_eq(stickio_fs_of(x.fd, name), STICKIO_FS_BAD);
	ck_assert_str_eq(name, "ext4 with data=journal");
	attributes = FS_NOATIME_FL;
	ck_assert_int_ne(stickio_fs_of(x.fd, name), STICKIO_FS_BAD);
	attributes = FS_JOURNAL_DATA_FL; /* of other file systems it means nothing */
	magic = 0x4d44;
	ck_assert_int_eq(stickio_fs_of(x.fd, name), STICKIO_FS_GOOD);
}
END_TEST

SUITE("stickio", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, a_regular_file_opens_with_its_size);
	tcase_add_test(t, links_fifos_and_directories_are_no_files);
	tcase_add_test(t, links_and_files_are_no_directories);
	tcase_add_test(t, a_short_file_is_an_io_error_and_not_short_data);
	tcase_add_test(t, slurp_takes_a_file_up_to_its_limit);
	tcase_add_test(t, a_named_file_may_be_a_link);
	tcase_add_test(t, slurp_allocates_nothing_for_a_huge_sparse_file);
	tcase_add_test(t, create_refuses_what_is_there_and_ignores_the_umask);
	tcase_add_test(t, mkdir_ignores_the_umask);
	tcase_add_test(t, only_a_regular_file_is_removed_as_one);
	tcase_add_test(t, ids_ignores_every_other_name);
	tcase_add_test(t, ids_keeps_the_lowest_and_counts_all);
	tcase_add_test(t, ids_of_many_come_sorted_whatever_their_order);
	tcase_add_test(t, file_systems_that_do_not_overwrite_in_place_are_bad);
	tcase_add_test(t, ext4_is_good_unless_it_journals_data);
	tcase_add_test(t, a_network_or_an_overlay_behind_fuse_is_bad);
	tcase_add_test(t, a_real_file_system_is_judged_by_its_type);
	tcase_add_test(t, a_read_goes_on_until_all_is_there);
	tcase_add_test(t, a_write_goes_on_until_all_is_there);
	tcase_add_loop_test(t, slurp_that_fails_gives_nothing, 0, 2);
	tcase_add_loop_test(t, create_that_fails_leaves_nothing, 0, 4);
	tcase_add_test(t, rename_flushes_what_is_renamed_and_then_the_directory);
	tcase_add_loop_test(t, rename_that_fails_says_so, 0, 4);
	tcase_add_loop_test(t, a_new_name_is_never_taken_from_another, 0, 4);
	tcase_add_test(t, a_new_name_that_cannot_be_given_is_not_there);
	tcase_add_test(t, a_file_is_made_for_whom_it_is);
	tcase_add_test(t, a_directory_that_knows_no_flush_is_flushed);
	tcase_add_test(t, the_directory_above_is_flushed);
	tcase_add_test(t, mkdir_that_fails_leaves_nothing);
	tcase_add_test(t, a_directory_that_cannot_be_listed_is_not_an_empty_one);
	tcase_add_test(t, what_is_swapped_for_a_fifo_is_not_opened);
	tcase_add_test(t, each_errno_is_of_one_kind);
	tcase_add_test(t, who_may_not_read_is_told_whose_it_is);
	tcase_add_loop_test(t, a_medium_is_refused_named_or_taken, 0, 7);
	tcase_add_test(t, of_what_is_not_open_nothing_is_known);
	tcase_add_test(t, a_directory_whose_files_are_journalled_is_bad);
}
