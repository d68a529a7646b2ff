/*
 * stickio.c - careful file access.
 */
#include "stickio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#undef BLOCK_SIZE /* <linux/fs.h> has another */
#include "filestat.h"
#include "format.h"
#include "mountinfo.h"

#define MAGIC_TMPFS 0x01021994u
#define MAGIC_RAMFS 0x858458f6u
#define MAGIC_OVERLAYFS 0x794c7630u
#define MAGIC_EXT 0xef53u
#define MAGIC_FUSE 0x65735546u

struct fs_type {
	uint32_t magic; /* f_type of statfs(2), its low 32 bits */
	enum stickio_fs judgement;
	const char *name;
};

static const struct fs_type fs_types[] = {
    {0x4d44u, STICKIO_FS_GOOD, "vfat"},
    {0x2011bab0u, STICKIO_FS_GOOD, "exfat"},
    {MAGIC_EXT, STICKIO_FS_GOOD, "ext4"},
    {0x137fu, STICKIO_FS_GOOD, "minix"},
    {0x138fu, STICKIO_FS_GOOD, "minix"},
    {0x2468u, STICKIO_FS_GOOD, "minix"},
    {0x2478u, STICKIO_FS_GOOD, "minix"},
    {0x4d5au, STICKIO_FS_GOOD, "minix"},
    {MAGIC_TMPFS, STICKIO_FS_UNSURE, "tmpfs"},
    {MAGIC_RAMFS, STICKIO_FS_UNSURE, "ramfs"},
    {MAGIC_FUSE, STICKIO_FS_UNSURE, "fuse"},
    {0x58465342u, STICKIO_FS_UNSURE, "xfs"},
    {0x15013346u, STICKIO_FS_UNSURE, "udf"},
    {0x9660u, STICKIO_FS_UNSURE, "iso9660"},
    {0x73717368u, STICKIO_FS_UNSURE, "squashfs"},
    {0x482bu, STICKIO_FS_UNSURE, "hfsplus"},
    {0x5346544eu, STICKIO_FS_UNSURE, "ntfs"},
    {0x7366746eu, STICKIO_FS_UNSURE, "ntfs3"},
    {0xf15fu, STICKIO_FS_UNSURE, "ecryptfs"},
    {0x9123683eu, STICKIO_FS_BAD, "btrfs"},
    {0xf2f52010u, STICKIO_FS_BAD, "f2fs"},
    {0x3434u, STICKIO_FS_BAD, "nilfs2"},
    {0xca451a4eu, STICKIO_FS_BAD, "bcachefs"},
    {0x2fc12fc1u, STICKIO_FS_BAD, "zfs"},
    {MAGIC_OVERLAYFS, STICKIO_FS_BAD, "overlayfs"},
    {0x61756673u, STICKIO_FS_BAD, "aufs"},
    {0x24051905u, STICKIO_FS_BAD, "ubifs"},
    {0x72b6u, STICKIO_FS_BAD, "jffs2"},
    {0x6969u, STICKIO_FS_BAD, "nfs"},
    {0xff534d42u, STICKIO_FS_BAD, "cifs"},
    {0xfe534d42u, STICKIO_FS_BAD, "smb2"},
    {0x517bu, STICKIO_FS_BAD, "smb"},
    {0x01021997u, STICKIO_FS_BAD, "9p"},
    {0x00c36400u, STICKIO_FS_BAD, "ceph"},
    {0x5346414fu, STICKIO_FS_BAD, "afs"},
    {0x6b414653u, STICKIO_FS_BAD, "afs"},
    {0x73757245u, STICKIO_FS_BAD, "coda"},
    {0x0bd00bd0u, STICKIO_FS_BAD, "lustre"},
    {0x20030528u, STICKIO_FS_BAD, "orangefs"},
    {0x19830326u, STICKIO_FS_BAD, "beegfs"},
    {0x786f4256u, STICKIO_FS_BAD, "vboxsf"},
};

/*
 * File systems, by their name after "fuse." in the mount table, that serve files over a network, or put new data elsewhere instead
 * of over the old.
 */
static const char *const fuse_bad[] = {"acd_cli", "afpfs", "blobfuse", "blobfuse2", "ceph", "ceph-fuse", "cryfs", "curlftpfs",
    "davfs", "davfs2", "fuse-overlayfs", "fuse-zip", "gcsfuse", "geesefs", "gfarm2fs", "glusterfs", "google-drive-ocamlfuse",
    "goofys", "gvfsd-fuse", "hubicfuse", "ipfs", "jmtpfs", "juicefs", "kio-fuse", "lizardfs", "mfs", "moosefs", "mount-s3",
    "mountpoint-s3", "onedriver", "portal", "rclone", "s3backer", "s3fs", "s3ql", "saunafs", "seaweedfs", "simple-mtpfs",
    "smbnetfs", "sshfs", "unionfs", "unionfs-fuse", "vmhgfs-fuse", "zfs-fuse"};

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

static void
unlink_keeping_errno(int dir_fd, const char *name)
{
	int saved = errno;

	unlinkat(dir_fd, name, 0);
	errno = saved;
}

int
stickio_open_dir(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

int
stickio_open_file(int dir_fd, const char *name, int flags, uint64_t *size)
{
	struct stat st;
	int fd = -1;

	/* Look before as well as after: opening a device node may already have an effect. */
	if (filestat_at(dir_fd, name, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISLNK(st.st_mode) ? ELOOP : EINVAL;
		return -1;
	}
	if ((fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) == -1)
		return -1;
	if (filestat_fd(fd, &st) != 0)
		goto fail;
	if (!S_ISREG(st.st_mode) || st.st_size < 0) {
		errno = EINVAL;
		goto fail;
	}
	if (size != NULL)
		*size = (uint64_t)st.st_size;
	return fd;
fail:
	close_keeping_errno(fd);
	return -1;
}

/* ---- what failed -------------------------------------------------------------------------------------------------------- */

enum err
stickio_err(int sys, enum err damaged)
{
	switch (sys) {
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case ENOSYS:
		return E_FAIL;
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case EINVAL:
	case EFBIG:
	case EEXIST:
	case EBADMSG:
		return damaged;
	default:
		return E_STICK_IO;
	}
}

bool
stickio_failing(int sys)
{
	return sys == EIO || sys == ENODEV || sys == ENXIO || sys == ENOMEDIUM;
}

/* The user who owns name in dir_fd, or dir_fd itself if name is out of reach. *blocked: this user cannot go beyond it. */
static bool
owner_of(int dir_fd, const char *name, unsigned *uid, bool *blocked)
{
	struct stat st;

	*blocked = true;
	if (filestat_at(dir_fd, name, &st) == 0)
		*blocked = faccessat(dir_fd, name, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK, AT_EACCESS) != 0;
	else if (filestat_fd(dir_fd, &st) != 0)
		return false;
	*uid = st.st_uid;
	return true;
}

void
stickio_blame(struct fault *f, int dir_fd, const char *path)
{
	char name[NAME_MAX + 1];
	int at = -1;
	bool blocked = false;

	if (f == NULL || f->owned || (f->sys != EACCES && f->sys != EPERM))
		return;
	at = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	while (at != -1 && !blocked && *path != '\0') {
		size_t n = strcspn(path, "/");
		int next = -1;

		if (n >= sizeof name)
			break;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n + (path[n] == '/');
		f->owned = owner_of(at, name, &f->owner, &blocked);
		if (*path != '\0' && !blocked)
			next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = next;
	}
	if (at != -1)
		close(at);
}

enum err
stickio_fault(struct fault *f, enum err damaged, const char *step, int dir_fd, const char *top, const char *path)
{
	int sys = errno;
	enum err err = fault_set(f, stickio_err(sys, damaged), sys, step, "%s/%s", top, path);

	stickio_blame(f, dir_fd, path);
	return err;
}

/* ---- reading and writing ------------------------------------------------------------------------------------------------- */

static bool
range_fits(size_t n, uint64_t off)
{
	if (off <= INT64_MAX && n <= (uint64_t)INT64_MAX - off)
		return true;
	errno = EOVERFLOW;
	return false;
}

/* Whether a transfer goes on, of which n bytes more are done, or that was only interrupted. */
static bool
moved(ssize_t n, size_t *done)
{
	if (n == 0)
		errno = EIO;
	if (n > 0)
		*done += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

int
stickio_read_full(int fd, void *buf, size_t n, uint64_t off)
{
	uint8_t *p = buf;
	bool ok = range_fits(n, off);

	for (size_t done = 0; ok && done < n;)
		ok = moved(pread(fd, p + done, n - done, (off_t)(off + done)), &done);
	return ok ? 0 : -1;
}

int
stickio_write_full(int fd, const void *buf, size_t n, uint64_t off)
{
	const uint8_t *p = buf;
	bool ok = range_fits(n, off);

	for (size_t done = 0; ok && done < n;)
		ok = moved(pwrite(fd, p + done, n - done, (off_t)(off + done)), &done);
	return ok ? 0 : -1;
}

/* Read all of fd, which has this size, and close it. */
static int
slurp(int fd, uint64_t size, size_t limit, uint8_t **data, size_t *n)
{
	uint8_t *buf = NULL;
	int ret = -1;

	if (size > limit) {
		errno = EFBIG;
		goto out;
	}
	if ((buf = malloc(size > 0 ? (size_t)size : 1)) == NULL)
		goto out;
	if (stickio_read_full(fd, buf, (size_t)size, 0) != 0)
		goto out;
	*data = buf;
	*n = (size_t)size;
	buf = NULL;
	ret = 0;
out:
	free(buf);
	close_keeping_errno(fd);
	return ret;
}

int
stickio_slurp(int dir_fd, const char *name, size_t limit, uint8_t **data, size_t *n)
{
	uint64_t size = 0;
	int fd = stickio_open_file(dir_fd, name, O_RDONLY, &size);

	return fd != -1 ? slurp(fd, size, limit, data, n) : -1;
}

/* Look before as well as after, as stickio_open_file does. */
static bool
is_regular(int found, const struct stat *st)
{
	if (found == 0 && !S_ISREG(st->st_mode))
		errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
	return found == 0 && S_ISREG(st->st_mode);
}

int
stickio_slurp_named(const char *path, size_t limit, uint8_t **data, size_t *n)
{
	struct stat st;
	int fd = -1;

	if (!is_regular(filestat_path(path, &st), &st) ||
	    (fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) == -1)
		return -1;
	if (is_regular(filestat_fd(fd, &st), &st))
		return slurp(fd, (uint64_t)st.st_size, limit, data, n);
	close_keeping_errno(fd);
	return -1;
}

static int
create(int dir_fd, const char *name, struct bytes data, mode_t mode, const struct stat *owner)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd == -1)
		return -1;
	if (stickio_write_full(fd, data.p, data.n, 0) != 0)
		goto fail;
	if (owner != NULL && fchown(fd, owner->st_uid, owner->st_gid) != 0)
		goto fail;
	(void)fchmod(fd, mode);
	if (fsync(fd) != 0)
		goto fail;
	if (close(fd) != 0) {
		unlink_keeping_errno(dir_fd, name);
		return -1;
	}
	return 0;
fail:
	close_keeping_errno(fd);
	unlink_keeping_errno(dir_fd, name);
	return -1;
}

int
stickio_create(int dir_fd, const char *name, const void *data, size_t n, mode_t mode)
{
	return create(dir_fd, name, BYTES(data, n), mode, NULL);
}

int
stickio_create_for(int dir_fd, const char *name, struct bytes data, const struct stat *owner)
{
	return create(dir_fd, name, data, 0600, owner->st_uid != geteuid() ? owner : NULL);
}

int
stickio_rename(int dir_fd, const char *from, const char *to)
{
	int fd = -1, ret = 0, saved;

	if (renameat(dir_fd, from, dir_fd, to) != 0 ||
	    (fd = openat(dir_fd, to, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) == -1)
		return -1;
	ret = stickio_sync_dir(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return ret == 0 ? stickio_sync_dir(dir_fd) : -1;
}

int
stickio_mkdir(int dir_fd, const char *name, mode_t mode)
{
	int fd = -1;

	if (mkdirat(dir_fd, name, 0700) != 0)
		return -1;
	if ((fd = stickio_open_dir(dir_fd, name)) == -1) {
		int saved = errno;

		unlinkat(dir_fd, name, AT_REMOVEDIR);
		errno = saved;
		return -1;
	}
	(void)fchmod(fd, mode);
	return fd;
}

/* A directory stream with a position of its own: dup(2) would share the caller's. */
static DIR *
open_stream(int dir_fd)
{
	DIR *dir = NULL;
	int fd = stickio_open_dir(dir_fd, ".");

	if (fd != -1 && (dir = fdopendir(fd)) == NULL)
		close_keeping_errno(fd);
	return dir;
}

/* Where there are no links either: whoever makes the new name has it, and replaces what it made. */
static int
claim_and_rename(int dir_fd, const char *from, const char *to)
{
	int fd = openat(dir_fd, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd == -1)
		return -1;
	close(fd);
	if (renameat(dir_fd, from, dir_fd, to) == 0)
		return 0;
	unlink_keeping_errno(dir_fd, to);
	return -1;
}

int
stickio_rename_new(int dir_fd, const char *from, const char *to)
{
	if (renameat2(dir_fd, from, dir_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(dir_fd, from, dir_fd, to, 0) != 0)
		return errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP ? claim_and_rename(dir_fd, from, to) : -1;
	if (unlinkat(dir_fd, from, 0) == 0)
		return 0;
	unlink_keeping_errno(dir_fd, to);
	return -1;
}

int
stickio_remove_file(int dir_fd, const char *name)
{
	struct stat st;

	if (filestat_at(dir_fd, name, &st) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	return unlinkat(dir_fd, name, 0);
}

int
stickio_sync_dir(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

int
stickio_sync_above(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	size_t n = slash == path ? 1 : slash != NULL ? (size_t)(slash - path) : 0;
	int fd = -1, rc = -1;

	if (n >= sizeof dir) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (n > 0) {
		memcpy(dir, path, n);
		dir[n] = '\0';
	}
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return errno == EACCES ? 0 : -1;
	rc = stickio_sync_dir(fd);
	close_keeping_errno(fd);
	return rc;
}

static int
id_of_name(uint8_t id[ID_SIZE], const char *name, const char *suffix)
{
	char hex[2 * ID_SIZE + 1];

	if (strlen(name) != 2 * ID_SIZE + strlen(suffix) || strcmp(name + 2 * ID_SIZE, suffix) != 0)
		return -1;
	memcpy(hex, name, 2 * ID_SIZE);
	hex[2 * ID_SIZE] = '\0';
	return bytes_from_hex(id, ID_SIZE, hex);
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, ID_SIZE);
}

/* Sort the n ids, keep each only once, and forget all but the lowest max. Return how many are left; *over counts the others. */
static size_t
keep_lowest(uint8_t (*ids)[ID_SIZE], size_t n, size_t max, int *over)
{
	size_t kept = 0;

	if (n > 1)
		qsort(ids, n, sizeof ids[0], by_id);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && memcmp(ids[kept - 1], ids[i], ID_SIZE) == 0)
			continue;
		if (kept < max)
			memmove(ids[kept++], ids[i], ID_SIZE);
		else if (*over < INT_MAX / 2)
			++*over;
	}
	return kept;
}

/* Gather the ids as they come, and sort them whenever there is no more room: so a name costs little, whatever the order. */
int
stickio_ids(int dir_fd, const char *suffix, uint8_t (*ids)[16], size_t max)
{
	const size_t room = 2 * max + 64;
	uint8_t(*list)[ID_SIZE] = calloc(room, sizeof *list);
	const struct dirent *entry = NULL;
	DIR *dir = list != NULL ? open_stream(dir_fd) : NULL;
	size_t n = 0;
	int over = 0, failed = 0;

	while (dir != NULL && (errno = 0, (entry = readdir(dir)) != NULL)) {
		if (n == room)
			n = keep_lowest(list, n, max, &over);
		if (id_of_name(list[n], entry->d_name, suffix) == 0)
			n++;
	}
	failed = errno;
	if (dir != NULL)
		closedir(dir);
	n = failed == 0 ? keep_lowest(list, n, max, &over) : 0;
	if (n > 0)
		memcpy(ids, list, n * sizeof *list);
	free(list);
	errno = failed;
	return failed == 0 ? (int)n + over : -1;
}

/* True if the comma-separated list holds word. */
static bool
has_option(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p != NULL; p = strchr(p, ','), p = p != NULL ? p + 1 : NULL) {
		if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0' || p[n] == '\n'))
			return true;
	}
	return false;
}

static bool
among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

/* "kim@host:/path", "remote:path", "https://...": a place on another computer. A path on this PC begins with a slash. */
static bool
is_elsewhere(const char *source)
{
	return source[0] != '/' && source[strcspn(source, ":/")] == ':';
}

/* Only the mount table knows what is behind FUSE; a file system with a disk of its own is "fuseblk". */
static enum stickio_fs
judge_fuse(const struct mountinfo *m, char name[STICKIO_FS_NAME])
{
	const char *dot = strchr(m->type, '.');
	bool bad = strcmp(m->type, "virtiofs") == 0 || is_elsewhere(m->source) ||
		   (dot != NULL && among(dot + 1, fuse_bad, sizeof fuse_bad / sizeof fuse_bad[0]));

	snprintf(name, STICKIO_FS_NAME, "%.*s", STICKIO_FS_NAME - 1, m->type);
	return bad && strncmp(m->type, "fuseblk", 7) != 0 ? STICKIO_FS_BAD : STICKIO_FS_UNSURE;
}

static enum stickio_fs
judge_ext(const struct mountinfo *m, char name[STICKIO_FS_NAME])
{
	if (m == NULL) {
		snprintf(name, STICKIO_FS_NAME, "ext4 with unknown options");
		return STICKIO_FS_UNSURE;
	}
	if (!has_option(m->options, "data=journal"))
		return STICKIO_FS_GOOD;
	snprintf(name, STICKIO_FS_NAME, "ext4 with data=journal");
	return STICKIO_FS_BAD;
}

enum stickio_fs
stickio_fs_judge(uint32_t magic, const struct mountinfo *m, char name[STICKIO_FS_NAME])
{
	for (size_t i = 0; i < sizeof fs_types / sizeof fs_types[0]; i++) {
		if (fs_types[i].magic != magic)
			continue;
		snprintf(name, STICKIO_FS_NAME, "%s", fs_types[i].name);
		if (magic == MAGIC_EXT)
			return judge_ext(m, name);
		return magic == MAGIC_FUSE && m != NULL ? judge_fuse(m, name) : fs_types[i].judgement;
	}
	snprintf(name, STICKIO_FS_NAME, "type 0x%08x", (unsigned)magic);
	return STICKIO_FS_UNSURE;
}

/* ext3 and ext4 can journal the data of single files, and a directory passes that on to what is made in it: chattr(1) +j. */
static bool
journals_this(int fd)
{
	int flags = 0;

	return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_JOURNAL_DATA_FL) != 0;
}

struct search {
	dev_t dev;
	uint32_t magic;
	enum stickio_fs judgement;
	char *name;
};

static int
judge_mount(void *arg, const struct mountinfo *m)
{
	struct search *s = arg;

	if (m->dev != s->dev)
		return 0;
	s->judgement = stickio_fs_judge(s->magic, m, s->name);
	return 1;
}

enum stickio_fs
stickio_fs_of(int fd, char name[STICKIO_FS_NAME])
{
	struct statfs fs;
	struct stat st;
	struct search s = {.name = name};

	if (fstatfs(fd, &fs) != 0 || filestat_fd(fd, &st) != 0) {
		snprintf(name, STICKIO_FS_NAME, "unknown");
		return STICKIO_FS_UNSURE;
	}
	s.dev = st.st_dev;
	s.magic = (uint32_t)fs.f_type;
	s.judgement = stickio_fs_judge(s.magic, NULL, name);
	if (s.magic == MAGIC_EXT || s.magic == MAGIC_FUSE)
		mountinfo_each(judge_mount, &s);
	if (s.magic == MAGIC_EXT && journals_this(fd)) {
		snprintf(name, STICKIO_FS_NAME, "ext4 with data=journal");
		return STICKIO_FS_BAD;
	}
	return s.judgement;
}

enum err
stickio_medium(int fd, char name[STICKIO_FS_NAME], struct fault *f)
{
	char found[STICKIO_FS_NAME];
	enum stickio_fs judgement = stickio_fs_of(fd, found);

	if (judgement == STICKIO_FS_BAD)
		return fault_set(f, E_FILESYSTEM, 0, "file system", "%s", found);
	if (judgement == STICKIO_FS_UNSURE)
		memcpy(name, found, sizeof found);
	return E_OK;
}

bool
stickio_served(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == MAGIC_FUSE;
}

bool
stickio_volatile(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return false;
	switch ((uint32_t)fs.f_type) {
	case MAGIC_TMPFS:
	case MAGIC_RAMFS:
	case MAGIC_OVERLAYFS:
		return true;
	default:
		return false;
	}
}
