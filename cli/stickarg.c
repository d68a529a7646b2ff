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

#include "filestat.h"
#include "human.h"
#include "mountinfo.h"
#include "readme.h"
#include "stick.h"
#include "stickio.h"
#include "text.h"
#include "usb.h"
#include "usb_list.h"

#define FOUND_MAX 64
#define BY_SERIAL "usb:"

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

static bool
has_once(const char *path, struct stat *st)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool yes = fd >= 0 && filestat_at(fd, STICK_ONCE, st) == 0 && S_ISDIR(st->st_mode);

	if (fd >= 0)
		close(fd);
	return yes;
}

struct walk {
	int (*each)(void *arg, const char *path);
	void *arg;
	size_t count;
	struct {
		dev_t dev;
		ino_t ino;
	} seen[FOUND_MAX];
};

static int
on_mount(void *arg, const struct mountinfo *m)
{
	struct walk *w = arg;
	struct stat st;

	if (!worth_a_look(m->type) || w->count == FOUND_MAX || !has_once(m->path, &st))
		return 0;
	for (size_t i = 0; i < w->count; i++)
		if (w->seen[i].dev == st.st_dev && w->seen[i].ino == st.st_ino)
			return 0;
	w->seen[w->count].dev = st.st_dev;
	w->seen[w->count++].ino = st.st_ino;
	return w->each(w->arg, m->path);
}

int
stickarg_each(int (*each)(void *arg, const char *path), void *arg)
{
	struct walk w = {.each = each, .arg = arg};
	int result = mountinfo_each(on_mount, &w);

	return result == -1 ? 0 : result;
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
		    _("no locked stick is mounted here. Plug it in and wait, or name the directory where it is."));
	if (s.count > 1)
		return fault_set(f, E_USAGE, 0, "", _("which stick? %s"), s.list);
	snprintf(path, STICKARG_MAX, "%s", s.path);
	return E_OK;
}

/* ---- by device --------------------------------------------------------------------------------------------------------------- */

/* Which places on USB sticks are meant, and what was found. */
struct choice {
	const char *arg;
	const char *serial;	  /* NULL: by device */
	struct usb_device device; /* the partition, or the disk with all of its partitions */
	char to_mount[USB_NAME_SIZE];
	unsigned count;
	struct search mounted, with_once;
};

static bool
is_meant(const struct choice *c, const struct usb_device *d)
{
	if (d->name[0] == '\0')
		return false;
	if (c->serial != NULL)
		return usb_has_serial(d, c->serial, strlen(c->serial));
	return d->dev == c->device.dev || (!c->device.partition && strcmp(d->disk, c->device.disk) == 0);
}

static void
consider(struct choice *c, const struct usb_list_volume *v)
{
	struct stat st;

	c->count++;
	if (c->to_mount[0] == '\0' && v->unfit == USB_LIST_FIT)
		snprintf(c->to_mount, sizeof c->to_mount, "%s", v->usb.name);
	if (v->point[0] == '\0')
		return;
	on_found(&c->mounted, v->point);
	if (has_once(v->point, &st))
		on_found(&c->with_once, v->point);
}

static enum err
conclude(const struct choice *c, char path[STICKARG_MAX], struct fault *f)
{
	const struct search *s = c->with_once.count > 0 ? &c->with_once : &c->mounted;

	if (c->count == 0)
		return fault_set(f, E_NO_STICK, 0, "",
		    _("no stick with the serial number %.80s is plugged in; 'oncestick sticks' lists those that are."), c->serial);
	if (s->count > 1)
		return fault_set(f, E_USAGE, 0, "", _("%.60s is more than one place; which? %.100s"), c->arg, s->list);
	if (s->count == 1) {
		snprintf(path, STICKARG_MAX, "%s", s->path);
		return E_OK;
	}
	if (c->to_mount[0] == '\0')
		return fault_set(f, E_NO_STICK, 0, "",
		    _("nothing on %.60s can be mounted and used; 'oncestick sticks' says why."), c->arg);
	return fault_set(
	    f, E_NO_STICK, 0, "", _("%.60s is not mounted. To mount it: udisksctl mount -b /dev/%s"), c->arg, c->to_mount);
}

/* The mount point of what c describes. */
static enum err
find_usb(struct choice *c, char path[STICKARG_MAX], struct fault *f)
{
	const struct usb_list_source source = usb_list_disks();
	struct usb_list_volume *list = NULL;
	size_t count = 0;
	enum err e = usb_list(&list, &count, &source, f);

	for (size_t i = 0; i < count; i++)
		if (is_meant(c, &list[i].usb))
			consider(c, &list[i]);
	free(list);
	return e == E_OK ? conclude(c, path, f) : e;
}

struct by_device {
	dev_t dev;
	char *path;
};

static int
on_device_mount(void *arg, const struct mountinfo *m)
{
	struct by_device *d = arg;

	if (!mountinfo_is_of(m, d->dev))
		return 0;
	snprintf(d->path, STICKARG_MAX, "%s", m->path);
	return 1;
}

static enum err
find_device(char path[STICKARG_MAX], const char *arg, dev_t dev, struct fault *f)
{
	struct choice c = {.arg = arg};
	struct by_device d = {dev, path};

	if (usb_find(&c.device, USB_SYSFS, dev) == 0)
		return find_usb(&c, path, f);
	if (mountinfo_each(on_device_mount, &d) == 1)
		return E_OK;
	return fault_set(f, E_NO_STICK, 0, "", _("%.80s is not mounted. To mount it: udisksctl mount -b %.80s"), arg, arg);
}

/* Why a place cannot be opened that may well be there: no right, no descriptors. */
static enum err
out_of_reach(const char *arg, int sys, struct fault *f)
{
	int top = open(arg[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	enum err e = fault_set(f, stickio_err(sys, E_NO_STICK), sys, "open", "%s", arg);

	if (top >= 0) {
		stickio_blame(f, top, arg + (arg[0] == '/'));
		close(top);
	}
	return e;
}

/* What is no directory: where the stick is mounted that is named by usb:SERIAL or by its device. sys is why it could not be opened. */
static enum err
find_mount(char path[STICKARG_MAX], const char *arg, int sys, struct fault *f)
{
	struct choice c = {.arg = arg, .serial = arg + sizeof BY_SERIAL - 1};
	struct stat st;

	if (sys == ENOENT && strncmp(arg, BY_SERIAL, sizeof BY_SERIAL - 1) == 0)
		return find_usb(&c, path, f);
	if (sys == ENOTDIR && filestat_path(arg, &st) == 0 && S_ISBLK(st.st_mode))
		return find_device(path, arg, st.st_rdev, f);
	if (sys == ENOTDIR)
		return fault_set(
		    f, E_NO_STICK, 0, "", _("%.100s is not a directory; name the directory where the stick is mounted."), arg);
	if (sys == ENOENT)
		return fault_set(f, E_NO_STICK, 0, "",
		    _("%.90s: there is no such directory. Name the one where the stick is mounted; 'oncestick sticks' lists it."), arg);
	if (stickio_err(sys, E_NO_STICK) != E_NO_STICK)
		return out_of_reach(arg, sys, f);
	return fault_set(f, E_NO_STICK, 0, "", _("%.100s: %s. Is the stick mounted there?"), arg, strerror(sys));
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
	if (filestat_at(fd, STICK_RECORD_A, &st) != 0 && filestat_at(fd, STICK_RECORD_B, &st) != 0)
		return fd;
	up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up < 0)
		return fd;
	close(fd);
	return up;
}

/* A file that stands for the directory it lies in. */
static bool
is_opener(const char *arg)
{
	size_t n = strlen(arg), suffix = sizeof README_OPENER_SUFFIX - 1;
	struct stat st;

	return n > suffix && strcmp(arg + n - suffix, README_OPENER_SUFFIX) == 0 && filestat_at(AT_FDCWD, arg, &st) == 0 && S_ISREG(st.st_mode);
}

static void
cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		memcpy(path, ".", sizeof ".");
	else
		slash[slash == path] = '\0';
}

enum err
stickarg_open(struct stickarg *s, const char *arg, struct fault *f)
{
	enum err e = E_OK;

	s->fd = -1;
	if (arg != NULL && strlen(arg) >= sizeof s->path)
		return fault_set(f, E_NO_STICK, ENAMETOOLONG, "", _("that path is too long."));
	if (arg != NULL)
		snprintf(s->path, sizeof s->path, "%s", arg);
	else if ((e = find_only(s->path, f)) != E_OK)
		return e;
	if (arg != NULL && is_opener(arg))
		cut_name(s->path);
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0 && arg != NULL && (e = find_mount(s->path, arg, errno, f)) != E_OK)
		return e;
	if (s->fd < 0 && (s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 && stickio_err(errno, E_NO_STICK) != E_NO_STICK)
		return out_of_reach(s->path, errno, f);
	if (s->fd < 0)
		return fault_set(f, E_NO_STICK, 0, "", _("%.100s: %s."), s->path, strerror(errno));
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

/* A line that sysfs has of a partition or of its disk, without the blanks that pad it. */
static bool
sysfs_line(dev_t dev, const char *name, char *out, size_t size)
{
	static const char *const places[] = {"", "../"};
	char path[96];
	size_t n = 0;

	for (size_t i = 0; i < 2 && n == 0; i++) {
		FILE *in = NULL;

		snprintf(path, sizeof path, USB_SYSFS "/dev/block/%u:%u/%s%s", major(dev), minor(dev), places[i], name);
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

/* What people carry around: on USB, in a slot for cards, or made to be taken out. */
static bool
is_portable(dev_t dev)
{
	struct usb_device usb;
	char line[16];

	if (usb_find(&usb, USB_SYSFS, dev) == 0)
		return true;
	if (sysfs_line(dev, "device/type", line, sizeof line) && strcmp(line, "SD") == 0)
		return true;
	return sysfs_line(dev, "removable", line, sizeof line) && strcmp(line, "1") == 0;
}

void
stickarg_device(int fd, char *out, size_t size)
{
	char vendor[32] = "", model[64] = "", bytes[HUMAN_SHOWN] = "";
	struct statvfs vfs;
	struct stat st;

	out[0] = '\0';
	if (!mountinfo_is_top(fd) || filestat_fd(fd, &st) != 0 || !is_portable(st.st_dev))
		return;
	if (fstatvfs(fd, &vfs) == 0)
		human_bytes(bytes, sizeof bytes, (uint64_t)vfs.f_blocks * vfs.f_frsize);
	if (sysfs_line(st.st_dev, "device/model", model, sizeof model))
		sysfs_line(st.st_dev, "device/vendor", vendor, sizeof vendor);
	snprintf(out, size, "%s%s%s%s%s", vendor, vendor[0] != '\0' && model[0] != '\0' ? " " : "", model,
	    vendor[0] != '\0' || model[0] != '\0' ? ", " : "", bytes);
}

bool
stickarg_is_portable(int fd)
{
	struct stat st;

	return filestat_fd(fd, &st) == 0 && is_portable(st.st_dev);
}
