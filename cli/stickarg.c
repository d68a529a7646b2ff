/*
 * stickarg.c - the STICK operand, and the sticks that are mounted.
 */
#include "stickarg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "human.h"
#include "stick.h"

#define FOUND_MAX 64

/* File systems that no stick has, or that may hang when asked. */
static const char *const skipped[] = {"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
    "devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "sysfs",
    "tracefs", "nfs", "nfs4", "cifs", "smb3", "ceph", "afs"};

static bool
worth_a_look(const char *type)
{
	if (strncmp(type, "fuse.", 5) == 0 || strcmp(type, "fuse") == 0)
		return false;
	for (size_t i = 0; i < sizeof skipped / sizeof skipped[0]; i++)
		if (strcmp(type, skipped[i]) == 0)
			return false;
	return true;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void
unescape(char *s)
{
	char *out = s;

	while (*s != '\0') {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* The mount point of a line of mountinfo, in place, or NULL if it is of no interest. */
static char *
mount_of(char *line)
{
	char *rest = strstr(line, " - ");
	char *field = line, *save = NULL;
	const char *type = NULL;

	if (rest == NULL)
		return NULL;
	*rest = '\0';
	type = strtok_r(rest + 3, " \n", &save);
	if (type == NULL || !worth_a_look(type))
		return NULL;
	for (int i = 0; i < 4; i++) {
		field = strchr(field, ' ');
		if (field == NULL)
			return NULL;
		field++;
	}
	field[strcspn(field, " ")] = '\0';
	unescape(field);
	return field;
}

static bool
has_once(const char *path, struct stat *st)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool yes = fd >= 0 && fstatat(fd, STICK_ONCE, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st->st_mode);

	if (fd >= 0)
		close(fd);
	return yes;
}

int
stickarg_each(int (*each)(void *arg, const char *path), void *arg)
{
	struct {
		dev_t dev;
		ino_t ino;
	} seen[FOUND_MAX];
	size_t count = 0, size = 0;
	char *line = NULL;
	int result = 0;
	FILE *in = fopen("/proc/self/mountinfo", "re");

	if (in == NULL)
		return 0;
	while (result == 0 && count < FOUND_MAX && getline(&line, &size, in) > 0) {
		char *path = mount_of(line);
		struct stat st;
		bool known = false;

		if (path == NULL || !has_once(path, &st))
			continue;
		for (size_t i = 0; i < count; i++)
			known = known || (seen[i].dev == st.st_dev && seen[i].ino == st.st_ino);
		if (known)
			continue;
		seen[count].dev = st.st_dev;
		seen[count++].ino = st.st_ino;
		result = each(arg, path);
	}
	free(line);
	fclose(in);
	return result;
}

struct search {
	char path[STICKARG_MAX];
	char list[180];
	unsigned count;
};

static int
on_found(void *arg, const char *path)
{
	struct search *s = arg;
	size_t n = strlen(s->list);

	if (s->count++ == 0)
		snprintf(s->path, sizeof s->path, "%s", path);
	snprintf(s->list + n, sizeof s->list - n, "%s%s", n == 0 ? "" : ", ", path);
	return 0;
}

static enum err
find_only(char path[STICKARG_MAX], struct fault *f)
{
	struct search s = {0};

	stickarg_each(on_found, &s);
	if (s.count == 0)
		return fault_set(f, E_NO_STICK, 0, "",
		    "no locked stick is mounted here. Plug it in and wait, or name the directory where it is.");
	if (s.count > 1)
		return fault_set(f, E_USAGE, 0, "", "which stick? %s", s.list);
	snprintf(path, STICKARG_MAX, "%s", s.path);
	return E_OK;
}

static enum err
refuse_path(const char *arg, int sys, struct fault *f)
{
	struct stat st;

	if (strncmp(arg, "usb:", 4) == 0 && sys == ENOENT)
		return fault_set(f, E_NO_STICK, 0, "",
		    "%.60s: sticks cannot be named by serial number; name the directory where it is mounted.", arg);
	if (sys == ENOTDIR && stat(arg, &st) == 0 && S_ISBLK(st.st_mode))
		return fault_set(
		    f, E_NO_STICK, 0, "", "%.80s is a device; mount it, and name the directory where it is mounted.", arg);
	if (sys == ENOTDIR)
		return fault_set(
		    f, E_NO_STICK, 0, "", "%.100s is not a directory; name the directory where the stick is mounted.", arg);
	return fault_set(f, E_NO_STICK, 0, "", "%.100s: %s. Is the stick mounted there?", arg,
	    sys == ENOENT ? "there is no such directory" : strerror(sys));
}

/* Who names ONCE itself means the directory it is in. */
static int
parent_of_once(int fd, const char *arg)
{
	size_t n = strlen(arg);
	struct stat st;
	int up = -1;

	while (n > 0 && arg[n - 1] == '/')
		n--;
	if (n < 4 || memcmp(arg + n - 4, STICK_ONCE, 4) != 0 || (n > 4 && arg[n - 5] != '/'))
		return fd;
	if (fstatat(fd, STICK_RECORD_A, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
	    fstatat(fd, STICK_RECORD_B, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return fd;
	up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up < 0)
		return fd;
	close(fd);
	return up;
}

enum err
stickarg_open(struct stickarg *s, const char *arg, struct fault *f)
{
	enum err e = E_OK;

	s->fd = -1;
	if (arg != NULL && strlen(arg) >= sizeof s->path)
		return fault_set(f, E_NO_STICK, ENAMETOOLONG, "", "that path is too long.");
	if (arg != NULL)
		snprintf(s->path, sizeof s->path, "%s", arg);
	else if ((e = find_only(s->path, f)) != E_OK)
		return e;
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return refuse_path(s->path, errno, f);
	s->fd = parent_of_once(s->fd, s->path);
	return E_OK;
}

void
stickarg_close(struct stickarg *s)
{
	if (s != NULL && s->fd >= 0)
		close(s->fd);
	if (s != NULL)
		s->fd = -1;
}

/* ---- the device ---------------------------------------------------------------------------------------------------------- */

/* A line of sysfs, without the blanks that pad it. */
static bool
sysfs_line(dev_t dev, const char *name, char *out, size_t size)
{
	static const char *const places[] = {"device", "../device"};
	char path[96];
	size_t n = 0;

	for (size_t i = 0; i < 2 && n == 0; i++) {
		FILE *in = NULL;

		snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s/%s", major(dev), minor(dev), places[i], name);
		in = fopen(path, "re");
		if (in == NULL)
			continue;
		n = fread(out, 1, size - 1, in);
		fclose(in);
	}
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
		n--;
	out[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (out[i] < ' ' || out[i] > '~')
			out[i] = '?';
	return n > 0;
}

void
stickarg_device(int fd, char *out, size_t size)
{
	char vendor[32] = "", model[64] = "", bytes[HUMAN_SHOWN];
	struct statvfs vfs;
	struct stat st;

	bytes[0] = '\0';
	if (fstatvfs(fd, &vfs) == 0)
		human_bytes(bytes, sizeof bytes, (uint64_t)vfs.f_blocks * vfs.f_frsize);
	if (fstat(fd, &st) == 0 && sysfs_line(st.st_dev, "model", model, sizeof model))
		sysfs_line(st.st_dev, "vendor", vendor, sizeof vendor);
	snprintf(out, size, "%s%s%s%s%s", vendor, vendor[0] != '\0' && model[0] != '\0' ? " " : "", model,
	    vendor[0] != '\0' || model[0] != '\0' ? ", " : "", bytes);
}

bool
stickarg_is_mount(int fd)
{
	struct stat here, up;

	if (fstat(fd, &here) != 0 || fstatat(fd, "..", &up, 0) != 0)
		return false;
	return here.st_dev != up.st_dev || here.st_ino == up.st_ino;
}
