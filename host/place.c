#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "filestat.h"
#include "mountinfo.h"
#include "stick.h"
#include "stickio.h"
#include "usb.h"
#include "usb_list.h"

#define FOUND_MAX 64

/* File systems that no stick has, or that may hang when we look at them. */
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
place_each(int (*each)(void *arg, const char *path), void *arg)
{
	struct walk w = {.each = each, .arg = arg};
	int result = mountinfo_each(on_mount, &w);

	return result == -1 ? 0 : result;
}

bool
place_on_stick(const char *dir)
{
	char path[PATH_MAX], record[PATH_MAX + 32];
	char *slash = NULL;

	if (realpath(dir, path) == NULL)
		return false;
	do {
		snprintf(record, sizeof record, "%s/%s/%s", path, STICK_ONCE, STICK_RECORD_A);
		if (access(record, F_OK) == 0)
			return true;
		if ((slash = strrchr(path, '/')) != NULL)
			*slash = '\0';
	} while (slash != NULL);
	return false;
}

struct search {
	char path[PLACE_MAX];
	char list[PLACE_LIST];
	unsigned count;
};

/* What place_open was asked for, and where to say why it fails. */
struct asked {
	const char *arg;
	struct place_miss *miss;
};

static enum err
missed(const struct asked *a, enum err e, enum place_why why, struct fault *f)
{
	a->miss->why = why;
	return fault_set(f, e, a->miss->sys, "place", "%s", a->arg != NULL ? a->arg : "");
}

static enum err
several(const struct asked *a, const struct search *s, enum place_why why, struct fault *f)
{
	memcpy(a->miss->list, s->list, sizeof s->list);
	return missed(a, E_USAGE, why, f);
}

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
find_only(const struct asked *a, char path[PLACE_MAX], struct fault *f)
{
	struct search s = {0};

	place_each(on_found, &s);
	if (s.count == 0)
		return missed(a, E_NO_STICK, PLACE_NONE, f);
	if (s.count > 1)
		return several(a, &s, PLACE_WHICH, f);
	snprintf(path, PLACE_MAX, "%s", s.path);
	return E_OK;
}

/* ---- by device --------------------------------------------------------------------------------------------------------------- */

/* Which places on USB sticks are meant, and which were found. */
struct choice {
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
conclude(const struct asked *a, const struct choice *c, char path[PLACE_MAX], struct fault *f)
{
	const struct search *s = c->with_once.count > 0 ? &c->with_once : &c->mounted;

	if (c->count == 0)
		return missed(a, E_NO_STICK, PLACE_NO_SERIAL, f);
	if (s->count > 1)
		return several(a, s, PLACE_SEVERAL, f);
	if (s->count == 1) {
		snprintf(path, PLACE_MAX, "%s", s->path);
		return E_OK;
	}
	memcpy(a->miss->name, c->to_mount, sizeof c->to_mount);
	return missed(a, E_NO_STICK, c->to_mount[0] == '\0' ? PLACE_UNFIT : PLACE_UNMOUNTED, f);
}

/* Find the mount point of what c describes. */
static enum err
find_usb(const struct asked *a, struct choice *c, char path[PLACE_MAX], struct fault *f)
{
	const struct usb_list_source source = usb_list_disks();
	struct usb_list_volume *list = NULL;
	size_t count = 0;
	enum err e = usb_list(&list, &count, &source, f);

	for (size_t i = 0; i < count; i++)
		if (is_meant(c, &list[i].usb))
			consider(c, &list[i]);
	free(list);
	return e == E_OK ? conclude(a, c, path, f) : e;
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
	snprintf(d->path, PLACE_MAX, "%s", m->path);
	return 1;
}

static enum err
find_device(const struct asked *a, char path[PLACE_MAX], dev_t dev, struct fault *f)
{
	struct choice c = {0};
	struct by_device d = {dev, path};

	if (usb_find(&c.device, USB_SYSFS, dev) == 0)
		return find_usb(a, &c, path, f);
	if (mountinfo_each(on_device_mount, &d) == 1)
		return E_OK;
	return missed(a, E_NO_STICK, PLACE_NOT_MOUNTED, f);
}

/* Why a place that may well exist cannot be opened: no right to it, or no descriptors. */
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

/* arg is not a directory. Find where the stick is mounted that it names by usb:SERIAL or by device. */
static enum err
find_mount(const struct asked *a, char path[PLACE_MAX], struct fault *f)
{
	struct choice c = {.serial = a->arg + sizeof PLACE_BY_SERIAL - 1};
	struct stat st;

	switch (a->miss->sys) {
	case ENOTDIR:
		if (filestat_path(a->arg, &st) == 0 && S_ISBLK(st.st_mode))
			return find_device(a, path, st.st_rdev, f);
		return missed(a, E_NO_STICK, PLACE_NO_DIR, f);
	case ENOENT:
		if (strncmp(a->arg, PLACE_BY_SERIAL, sizeof PLACE_BY_SERIAL - 1) == 0)
			return find_usb(a, &c, path, f);
		return missed(a, E_NO_STICK, PLACE_MISSING, f);
	default:
		if (stickio_err(a->miss->sys, E_NO_STICK) != E_NO_STICK)
			return out_of_reach(a->arg, a->miss->sys, f);
		return missed(a, E_NO_STICK, PLACE_SHUT, f);
	}
}

/* A person who names ONCE itself means the directory that it is in. */
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

/* A file that means the directory that it is in. */
static bool
is_opener(const char *arg)
{
	size_t n = strlen(arg), suffix = sizeof PLACE_OPENER_SUFFIX - 1;
	struct stat st;

	return n > suffix && strcmp(arg + n - suffix, PLACE_OPENER_SUFFIX) == 0 && filestat_at(AT_FDCWD, arg, &st) == 0 &&
	       S_ISREG(st.st_mode);
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

static int
open_dir(const struct asked *a, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	a->miss->sys = fd < 0 ? errno : 0;
	return fd;
}

enum err
place_open(struct place *p, const char *arg, struct place_miss *miss, struct fault *f)
{
	const struct asked a = {arg, miss};
	enum err e = E_OK;

	p->fd = -1;
	*miss = (struct place_miss){.why = PLACE_FAILED};
	if (arg != NULL && strlen(arg) >= sizeof p->path)
		return missed(&a, E_NO_STICK, PLACE_LONG, f);
	if (arg != NULL)
		snprintf(p->path, sizeof p->path, "%s", arg);
	else if ((e = find_only(&a, p->path, f)) != E_OK)
		return e;
	if (arg != NULL && is_opener(arg))
		cut_name(p->path);
	p->fd = open_dir(&a, p->path);
	if (p->fd < 0 && arg != NULL) {
		if ((e = find_mount(&a, p->path, f)) != E_OK)
			return e;
		p->fd = open_dir(&a, p->path);
	}
	if (p->fd < 0 && stickio_err(miss->sys, E_NO_STICK) != E_NO_STICK)
		return out_of_reach(p->path, miss->sys, f);
	if (p->fd < 0)
		return missed(&a, E_NO_STICK, PLACE_GONE, f);
	p->fd = parent_of_once(p->fd, p->path);
	return E_OK;
}

void
place_close(struct place *p)
{
	if (p != NULL && p->fd >= 0)
		close(p->fd);
	if (p != NULL)
		p->fd = -1;
}

/* ---- the device ---------------------------------------------------------------------------------------------------------- */

/* A line from sysfs about a partition or its disk, without the blanks that pad it. */
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

/* Whether people carry it around: on USB, in a card slot, or made to be removed. */
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

bool
place_device(int fd, struct place_device *d)
{
	struct statvfs vfs;
	struct stat st;

	*d = (struct place_device){.bytes = 0};
	if (!mountinfo_is_top(fd) || filestat_fd(fd, &st) != 0 || !is_portable(st.st_dev))
		return false;
	if (fstatvfs(fd, &vfs) == 0)
		d->bytes = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	if (sysfs_line(st.st_dev, "device/model", d->model, sizeof d->model))
		sysfs_line(st.st_dev, "device/vendor", d->vendor, sizeof d->vendor);
	return true;
}

bool
place_is_portable(int fd)
{
	struct stat st;

	return filestat_fd(fd, &st) == 0 && is_portable(st.st_dev);
}
