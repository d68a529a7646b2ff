#include "mountpoint.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filestat.h"
#include "fusemount.h"
#include "mountinfo.h"
#include "traces.h"
#include "utf8.h"

#define NAME_CHARS_MAX 60u
#define NAMES_TRIED 999u

#ifndef EXFAT_SUPER_MAGIC
#define EXFAT_SUPER_MAGIC 0x2011BAB0
#endif

/* ---- mountinfo ---------------------------------------------------------------------------------------------------------- */

struct type_search {
	const char *path;
	char *type;
	size_t size;
	unsigned uid;           /* who made a FUSE mount; UINT_MAX: unknown */
};

static int
keep_type(void *arg, const struct mountinfo *m)
{
	struct type_search *search = arg;
	const char *owner = strstr(m->options, "user_id=");

	if (strcmp(m->path, search->path) != 0)
		return 0;
	snprintf(search->type, search->size, "%s", m->type);
	if (owner == NULL || sscanf(owner, "user_id=%u", &search->uid) != 1)
		search->uid = UINT_MAX;
	return 0; /* the last one is on top */
}

/* The type of the topmost mount at exactly path, "" if there is none; and who made it. */
static unsigned
mounted_type(const char *path, char *type, size_t size)
{
	struct type_search search = { path, type, size, UINT_MAX };

	type[0] = '\0';
	mountinfo_each(keep_type, &search);
	return search.uid;
}

/*
 * The absolute path of what may be a mount point, without asking that mount anything: only the directory above is looked up.
 */
static int
resolve(const char *path, char out[PATH_MAX])
{
	char copy[PATH_MAX], above[PATH_MAX];
	size_t n = strlen(path);
	char *base = NULL;
	int len;

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n == 0 || n >= sizeof copy) {
		errno = n == 0 ? ENOENT : ENAMETOOLONG;
		return -1;
	}
	memcpy(copy, path, n);
	copy[n] = '\0';
	base = strrchr(copy, '/');
	base = base == NULL ? copy : base + 1;
	if (base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return realpath(copy, out) == NULL ? -1 : 0;
	memcpy(above, copy, (size_t)(base - copy));
	above[base - copy] = '\0';
	if (realpath(above[0] == '\0' ? "." : above, out) == NULL)
		return -1;
	n = strlen(out);
	len = snprintf(out + n, PATH_MAX - n, "%s%s", n > 1 ? "/" : "", base);
	if (len < 0 || (size_t)len >= PATH_MAX - n) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

bool
mountpoint_is_ours(const char *path)
{
	char real[PATH_MAX], type[64];

	if (resolve(path, real) != 0)
		return false;
	mounted_type(real, type, sizeof type);
	return strcmp(type, FUSEMOUNT_TYPE) == 0;
}

bool
mountpoint_owner(const char *path, uid_t *uid)
{
	char real[PATH_MAX], type[64];
	unsigned owner;

	if (resolve(path, real) != 0) /* as it is in the list, if this user cannot follow the path */
		snprintf(real, sizeof real, "%s", path);
	owner = mounted_type(real, type, sizeof type);
	if (owner == UINT_MAX || strcmp(type, FUSEMOUNT_TYPE) != 0)
		return false;
	*uid = owner;
	return true;
}

bool
mountpoint_is(const char *path, const struct mountinfo_id *id)
{
	struct mountinfo_id now;

	if (!mountpoint_is_ours(path))
		return false;
	return id->mount == 0 || (mountinfo_identify(path, &now) == 0 && mountinfo_same(&now, id));
}

struct file_system {
	const char *path;
	dev_t dev;
};

static int
is_there(void *arg, const struct mountinfo *m)
{
	const struct file_system *fs = arg;

	return m->dev == fs->dev && strcmp(m->path, fs->path) == 0 && strcmp(m->type, FUSEMOUNT_TYPE) == 0;
}

/* Compare the file system, not the mount's id: in a copied namespace the same mount has another id. */
bool
mountpoint_is_covered(const char *path, const struct mountinfo_id *id)
{
	char real[PATH_MAX];
	struct file_system fs = {real, id->dev};
	struct mountinfo_id now;

	if (id->mount == 0)
		return false;
	if (resolve(path, real) != 0) /* the path to it is covered: then as it was given */
		snprintf(real, sizeof real, "%s", path);
	if (mountinfo_each(is_there, &fs) != 1)
		return false;
	if (mountinfo_identify(path, &now) == 0)
		return now.dev != id->dev;
	return errno == EINVAL || errno == ENOENT || errno == ENOTDIR;
}

bool
mountpoint_is_dead(const char *path)
{
	struct statfs fs;

	return mountpoint_is_ours(path) && statfs(path, &fs) != 0 && errno == ENOTCONN;
}

enum err
mountpoint_unmount(const char *path, bool lazy, struct fault *f)
{
	struct fault own = {0};
	enum err err = fusemount_detach(path, lazy, &own);

	/* This may also fail because somebody else was quicker. */
	return err == E_OK || !mountpoint_is_ours(path) ? E_OK : fault_pass(f, &own);
}

bool
mountpoint_clear(const char *path, const struct mountinfo_id *id, bool made, int64_t since)
{
	if (!mountpoint_is(path, id))
		return true;
	if (mountpoint_unmount(path, true, NULL) != E_OK)
		return false;
	if (made)
		rmdir(path);
	traces_clear(path, since);
	return true;
}

/* ---- a directory that was given ----------------------------------------------------------------------------------------- */

static bool
is_fuse(const char *path)
{
	char type[64];

	mounted_type(path, type, sizeof type);
	return strcmp(type, "fuse") == 0 || strcmp(type, "fuseblk") == 0 || strncmp(type, "fuse.", 5) == 0;
}

/* File systems on which fusermount3 does not mount: those of sticks, and those that are not for files. */
static bool
fs_refused(const struct statfs *fs)
{
	switch ((unsigned long)fs->f_type) {
	case MSDOS_SUPER_MAGIC:
	case EXFAT_SUPER_MAGIC:
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEVPTS_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
		return true;
	default:
		return false;
	}
}

/* 1 if the directory fd has no entries, 0 if it has, -1 with errno. */
static int
is_empty(int fd)
{
	DIR *dir = NULL;
	struct dirent *e = NULL;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int empty = 1, saved = 0;

	if (own < 0)
		return -1;
	dir = fdopendir(own);
	if (dir == NULL) {
		saved = errno;
		close(own);
		errno = saved;
		return -1;
	}
	while (empty == 1 && (errno = 0, e = readdir(dir)) != NULL)
		empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	saved = errno;
	if (empty == 1 && saved != 0)
		empty = -1;
	closedir(dir);
	errno = saved;
	return empty;
}

/* What is wrong with the open directory fd, with errno, which is 0 if nothing is. */
static enum why
objection(int fd)
{
	struct stat st;
	struct statfs fs;
	int empty;

	if (filestat_fd(fd, &st) != 0 || fstatfs(fd, &fs) != 0)
		return WHY_NONE;
	errno = EPERM;
	if (geteuid() != 0 && st.st_uid != geteuid())
		return WHY_NOT_YOURS;
	if (fs_refused(&fs))
		return WHY_TAKES_NO_MOUNT;
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return WHY_NOT_WRITABLE;
	empty = is_empty(fd);
	if (empty < 0)
		return WHY_NOT_READABLE;
	errno = empty == 1 ? 0 : ENOTEMPTY;
	return empty == 1 ? WHY_NONE : WHY_NOT_EMPTY;
}

static enum why
open_failure(void)
{
	switch (errno) {
	case ENOENT:
		return WHY_MISSING;
	case ENOTDIR:
		return WHY_NOT_DIRECTORY;
	case EACCES:
		return WHY_NOT_READABLE;
	default:
		return WHY_NONE;
	}
}

static enum err
refuse(struct fault *f, enum why why, const char *dir)
{
	return why != WHY_NONE ? fault_why(f, E_FUSE, errno, why, "%s", dir) : fault_set(f, E_FUSE, errno, "open", "%s", dir);
}

enum err
mountpoint_check(const char *dir, struct fault *f)
{
	char path[PATH_MAX], real[PATH_MAX];
	enum err err = E_OK;
	enum why against;
	int fd = -1;

	if (resolve(dir, path) != 0)
		return refuse(f, open_failure(), dir);
	if (is_fuse(path))
		return fault_why(f, E_FUSE, EBUSY, WHY_MOUNTED, "%s", dir);
	if (realpath(path, real) == NULL)
		return refuse(f, open_failure(), dir);
	if (is_fuse(real))
		return fault_why(f, E_FUSE, EBUSY, WHY_MOUNTED, "%s", dir);
	fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return refuse(f, open_failure(), dir);
	against = objection(fd);
	if (errno != 0)
		err = refuse(f, against, dir);
	close(fd);
	return err;
}

/* ---- a directory of our own --------------------------------------------------------------------------------------------- */

void
mountpoint_name(const char *label, char *name, size_t size)
{
	size_t n = 0, chars = 0, start = 0;

	for (; label[n] != '\0' && n + 1 < size; n++) {
		if (!utf8_follows(label[n])) {
			if (chars++ == NAME_CHARS_MAX)
				break;
			start = n;
		}
		name[n] = label[n] == '/' ? '-' : label[n];
	}
	if (((unsigned char)label[n] & 0xc0) == 0x80)
		n = start;
	name[n] = '\0';
	if (name[0] == '.' || name[0] == '-')
		name[0] = '_';
	if (name[0] == '\0')
		snprintf(name, size, "oncestick");
}

enum err
mountpoint_home(struct fault *f)
{
	const char *home = getenv("HOME");
	struct stat st;

	if (home == NULL || home[0] != '/')
		return fault_why(f, E_FUSE, ENOENT, WHY_HOME, "$HOME is not set");
	if (filestat_path(home, &st) != 0)
		return fault_why(f, E_FUSE, errno, WHY_HOME, "%s", home);
	if (!S_ISDIR(st.st_mode))
		return fault_why(f, E_FUSE, ENOTDIR, WHY_HOME, "%s", home);
	if (faccessat(AT_FDCWD, home, W_OK | X_OK, AT_EACCESS) != 0)
		return fault_why(f, E_FUSE, errno, WHY_HOME, "%s", home);
	return E_OK;
}

enum err
mountpoint_make(const char *label, char *path, size_t size, struct fault *f)
{
	char name[NAME_MAX - 8], made[MOUNTPOINT_MAX], number[8] = "";
	enum err err = mountpoint_home(f);
	const char *home = getenv("HOME");
	int len;

	if (err != E_OK)
		return err;
	mountpoint_name(label, name, sizeof name);
	for (unsigned i = 1; i <= NAMES_TRIED; i++) {
		if (i > 1)
			snprintf(number, sizeof number, " %u", i);
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): mountpoint_home refuses where HOME is not set */
		len = snprintf(made, sizeof made, "%s/%s%s", strcmp(home, "/") == 0 ? "" : home, name, number);
		if (len < 0 || (size_t)len >= sizeof made || (size_t)len >= size)
			return fault_set(f, E_FUSE, ENAMETOOLONG, "mkdir", "%s", home);
		if (mkdir(made, 0700) == 0) {
			memcpy(path, made, (size_t)len + 1);
			return E_OK;
		}
		if (errno != EEXIST)
			break;
	}
	return fault_set(f, E_FUSE, errno, "mkdir", "%s", made);
}

enum err
mountpoint_try(struct fault *f)
{
	char path[PATH_MAX];
	int fd = -1;
	enum err err = mountpoint_make("oncestick", path, sizeof path, f);

	if (err != E_OK)
		return err;
	if ((err = fusemount_attach(path, NULL, &fd, f)) == E_OK) {
		/*
		 * Nobody answers for it, and whoever has looked at it meanwhile is waiting, so it goes whether it is in use or
		 * not.
		 */
		err = fusemount_detach(path, true, f);
		close(fd);
	}
	rmdir(path);
	return err;
}

/* ---- who is there ------------------------------------------------------------------------------------------------------- */

struct search {
	const char *path;       /* resolved */
	size_t len;
	dev_t dev;              /* of the files; 0: not known */
	long pid;
	char comm[64];
	char last[PATH_MAX];    /* last reported for this process */
	void (*each)(void *arg, long pid, const char *comm, const char *file);
	void *arg;
};

/* The name that a process has for target, as the file system knows it. */
struct translation {
	dev_t dev;
	const char *target;
	size_t matched;
	char file[PATH_MAX];
};

static int
translate(void *arg, const struct mountinfo *m, const char *root)
{
	struct translation *t = arg;
	size_t n = strlen(m->path);
	const char *rest = t->target + n;

	if (n == 1)
		rest = t->target, n = 0;
	if (m->dev != t->dev || n < t->matched || strncmp(t->target, m->path, n) != 0 || (*rest != '/' && *rest != '\0'))
		return 0;
	t->matched = n;
	snprintf(t->file, sizeof t->file, "%s%s", strcmp(root, "/") != 0 ? root : "", rest);
	return 0;
}

static void
tell(struct search *s, const char *rest)
{
	while (*rest == '/')
		rest++;
	if (*rest == '\0')
		rest = ".";
	if (strcmp(s->last, rest) == 0)
		return;
	snprintf(s->last, sizeof s->last, "%s", rest);
	s->each(s->arg, s->pid, s->comm, rest);
}

/* inside: it is known to be in the file system, whatever its name there. */
static void
report(struct search *s, const char *target, bool inside)
{
	struct translation t = { .dev = s->dev, .target = target };
	const char *rest = target + s->len;

	if (strncmp(target, s->path, s->len) == 0 && (*rest == '/' || *rest == '\0')) {
		tell(s, rest);
	} else if (inside) {
		mountinfo_each_of(s->pid, translate, &t);
		rest = strrchr(target, '/');
		tell(s, t.file[0] != '\0' ? t.file : rest != NULL ? rest : target);
	}
}

/* Whether a link in /proc leads into the file system, without asking the file system. */
static bool
is_inside(const struct search *s, int dir_fd, const char *name)
{
	struct statx stx;

	return s->dev != 0 && statx(dir_fd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &stx) == 0 &&
	    makedev(stx.stx_dev_major, stx.stx_dev_minor) == s->dev;
}

static void
report_link(struct search *s, int dir_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof target - 1);

	if (n <= 0)
		return;
	target[n] = '\0';
	if (target[0] == '/')
		report(s, target, is_inside(s, dir_fd, name));
}

static void
report_files(struct search *s, int pid_fd)
{
	int fd = openat(pid_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e = NULL;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			report_link(s, fd, e->d_name);
	closedir(dir);
}

/* A file may be mapped into memory and closed, as players do. */
static void
report_maps(struct search *s, int pid_fd)
{
	int fd = openat(pid_fd, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL, *target = NULL;
	unsigned major, minor;
	size_t cap = 0;

	if (file == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (getline(&line, &cap, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		target = strchr(line, '/');
		if (target == NULL)
			continue;
		mountinfo_unescape(target);
		report(s, target,
		    s->dev != 0 && sscanf(line, "%*s %*s %*s %x:%x", &major, &minor) == 2 && makedev(major, minor) == s->dev);
	}
	free(line);
	fclose(file);
}

static void
read_comm(struct search *s, int pid_fd)
{
	int fd = openat(pid_fd, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, s->comm, sizeof s->comm - 1);

	s->comm[n > 0 ? n : 0] = '\0';
	s->comm[strcspn(s->comm, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static void
report_process(struct search *s, int proc_fd, const char *name)
{
	int pid_fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (pid_fd < 0)
		return;
	if (filestat_fd(pid_fd, &st) == 0 && (geteuid() == 0 || st.st_uid == geteuid())) {
		s->pid = strtol(name, NULL, 10);
		s->last[0] = '\0';
		read_comm(s, pid_fd);
		report_link(s, pid_fd, "cwd");
		report_files(s, pid_fd);
		if (s->last[0] == '\0')
			report_maps(s, pid_fd);
	}
	close(pid_fd);
}

/*
 * A loop device that was made from a file in the folder: no process has that file open. Source: losetup(8), /sys/block/loop0/loop.
 */
static void
report_loops(struct search *s)
{
	struct dirent *e = NULL;
	char target[PATH_MAX];
	DIR *dir = opendir("/sys/block");
	ssize_t n;
	int fd;

	s->pid = 0;
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		snprintf(target, sizeof target, "%s/loop/backing_file", e->d_name);
		fd = strncmp(e->d_name, "loop", 4) == 0 ? openat(dirfd(dir), target, O_RDONLY | O_CLOEXEC) : -1;
		n = fd >= 0 ? read(fd, target, sizeof target - 1) : -1;
		if (fd >= 0)
			close(fd);
		if (n <= 0)
			continue;
		target[n] = '\0';
		target[strcspn(target, "\n")] = '\0';
		s->last[0] = '\0';
		snprintf(s->comm, sizeof s->comm, "/dev/%.48s", e->d_name);
		report(s, target, false);
	}
	if (dir != NULL)
		closedir(dir);
}

void
mountpoint_users(const char *path, const struct mountinfo_id *mount,
    void (*each)(void *arg, long pid, const char *comm, const char *file), void *arg)
{
	char real[PATH_MAX];
	struct search *s = NULL;
	struct dirent *e = NULL;
	DIR *proc = NULL;

	if (resolve(path, real) != 0) /* in another namespace it is as it was given */
		snprintf(real, sizeof real, "%s", path);
	s = calloc(1, sizeof *s);
	proc = opendir("/proc");
	if (s == NULL || proc == NULL)
		goto out;
	*s = (struct search){ .path = real, .len = strlen(real), .dev = mount->dev, .each = each, .arg = arg };
	while ((e = readdir(proc)) != NULL)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && strtol(e->d_name, NULL, 10) != getpid())
			report_process(s, dirfd(proc), e->d_name);
	report_loops(s);
out:
	if (proc != NULL)
		closedir(proc);
	free(s);
}
