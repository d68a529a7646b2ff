#include "usb_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "array.h"

#define DEVICES_MAX 128

struct volumes {
	const struct usb_list_source *source;
	struct usb_list_volume *list;
	size_t count, room;
};

struct usb_list_source
usb_list_system(void)
{
	return (struct usb_list_source){USB_SYSFS, "/run/udev/data", mountinfo_each, usb_bus_storage};
}

struct usb_list_source
usb_list_disks(void)
{
	return (struct usb_list_source){USB_SYSFS, "/run/udev/data", mountinfo_each, NULL};
}

/* ---- disks and partitions --------------------------------------------------------------------------------------------------- */

static enum err
add(struct volumes *v, const struct usb_device *d, struct fault *f)
{
	struct usb_list_volume *p = array_grow(v->list, v->count, &v->room, sizeof *p);

	if (p == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of sticks");
	v->list = p;
	memset(&v->list[v->count], 0, sizeof v->list[0]);
	v->list[v->count++].usb = *d;
	return E_OK;
}

static bool
read_dev(const char *dir, const char *name, dev_t *dev)
{
	char path[USB_PATH_MAX + 600];
	unsigned major_n = 0, minor_n = 0;
	FILE *in = NULL;
	bool ok = false;

	snprintf(path, sizeof path, "%s/%s/dev", dir, name);
	if ((in = fopen(path, "re")) == NULL)
		return false;
	ok = fscanf(in, "%u:%u", &major_n, &minor_n) == 2;
	fclose(in);
	*dev = makedev(major_n, minor_n);
	return ok;
}

/* The partitions of a disk, or the disk itself if it has none. */
static enum err
add_disk(struct volumes *v, const char *name, const struct usb_device *disk, struct fault *f)
{
	char dir[USB_PATH_MAX];
	size_t before = v->count;
	struct usb_device part;
	struct dirent *e = NULL;
	enum err err = E_OK;
	DIR *entries = NULL;
	dev_t dev = 0;

	if ((size_t)snprintf(dir, sizeof dir, "%s/block/%s", v->source->sysfs, name) < sizeof dir)
		entries = opendir(dir);
	while (entries != NULL && err == E_OK && (e = readdir(entries)) != NULL)
		if (strncmp(e->d_name, name, strlen(name)) == 0 && read_dev(dir, e->d_name, &dev) &&
		    usb_find(&part, v->source->sysfs, dev) == 0 && part.partition)
			err = add(v, &part, f);
	if (entries != NULL)
		closedir(entries);
	return err != E_OK || v->count > before ? err : add(v, disk, f);
}

static enum err
add_disks(struct volumes *v, struct fault *f)
{
	char dir[USB_PATH_MAX];
	struct usb_device disk;
	struct dirent *e = NULL;
	enum err err = E_OK;
	DIR *entries = NULL;
	dev_t dev = 0;

	if ((size_t)snprintf(dir, sizeof dir, "%s/block", v->source->sysfs) < sizeof dir)
		entries = opendir(dir);
	while (entries != NULL && err == E_OK && (e = readdir(entries)) != NULL)
		if (e->d_name[0] != '.' && read_dev(dir, e->d_name, &dev) && usb_find(&disk, v->source->sysfs, dev) == 0)
			err = add_disk(v, e->d_name, &disk, f);
	if (entries != NULL)
		closedir(entries);
	return err;
}

/* ---- devices without a disk ------------------------------------------------------------------------------------------------- */

static bool
listed(const struct volumes *v, const struct usb_bus_address *at)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->list[i].usb.bus == at->bus && v->list[i].usb.address == at->address)
			return true;
	return false;
}

/* The device at an address, found by its directory in sysfs. */
static bool
find_address(const struct volumes *v, const struct usb_bus_address *at, struct usb_device *d)
{
	char dir[USB_PATH_MAX], path[USB_PATH_MAX + 300];
	struct dirent *e = NULL;
	DIR *devices = NULL;
	bool found = false;

	if ((size_t)snprintf(dir, sizeof dir, "%s/bus/usb/devices", v->source->sysfs) >= sizeof dir ||
	    (devices = opendir(dir)) == NULL)
		return false;
	while (!found && (e = readdir(devices)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		found = e->d_name[0] != '.' && strchr(e->d_name, ':') == NULL && usb_read(d, v->source->sysfs, path) == 0 &&
			d->bus == at->bus && d->address == at->address;
	}
	closedir(devices);
	return found;
}

static enum err
add_diskless(struct volumes *v, struct fault *f)
{
	struct usb_bus_address found[DEVICES_MAX];
	size_t n = v->source->storage != NULL ? v->source->storage(found, DEVICES_MAX) : 0;
	struct usb_device d;
	enum err e = E_OK;

	for (size_t i = 0; i < n && e == E_OK; i++)
		if (!listed(v, &found[i]) && find_address(v, &found[i], &d))
			e = add(v, &d, f);
	return e;
}

/* ---- file systems ----------------------------------------------------------------------------------------------------------- */

/* What udev found when the stick was plugged in, which helps while it is not mounted. */
static void
ask_udev(const struct usb_list_source *source, struct usb_list_volume *v)
{
	char path[USB_PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *in = NULL;

	snprintf(path, sizeof path, "%s/b%u:%u", source->udev != NULL ? source->udev : "", major(v->usb.dev), minor(v->usb.dev));
	if (source->udev == NULL || (in = fopen(path, "re")) == NULL)
		return;
	v->fs_known = true;
	while (getline(&line, &size, in) > 0)
		if (strncmp(line, "E:ID_FS_TYPE=", 13) == 0)
			snprintf(v->fs, sizeof v->fs, "%.*s", (int)strcspn(line + 13, "\n"), line + 13);
	free(line);
	fclose(in);
}

static int
on_mount(void *arg, const struct mountinfo *m)
{
	struct volumes *v = arg;

	for (size_t i = 0; i < v->count; i++) {
		struct usb_list_volume *x = &v->list[i];

		if (x->usb.name[0] == '\0' || x->point[0] != '\0' || !mountinfo_is_of(m, x->usb.dev))
			continue;
		snprintf(x->point, sizeof x->point, "%s", m->path);
		snprintf(x->fs, sizeof x->fs, "%s", m->type);
		x->fs_known = true;
		x->mounted_ro = strncmp(m->options, "ro", 2) == 0 && (m->options[2] == ',' || m->options[2] == '\0');
	}
	return 0;
}

static bool
is_held(const struct usb_list_source *source, dev_t dev)
{
	char path[USB_PATH_MAX];
	struct dirent *e = NULL;
	DIR *holders = NULL;
	bool held = false;

	snprintf(path, sizeof path, "%s/dev/block/%u:%u/holders", source->sysfs, major(dev), minor(dev));
	if ((holders = opendir(path)) == NULL)
		return false;
	while (!held && (e = readdir(holders)) != NULL)
		held = e->d_name[0] != '.';
	closedir(holders);
	return held;
}

/* ---- what they are fit for ----------------------------------------------------------------------------------------------------
 */

static bool
among(const char *word, const char *const *words)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

/* Disks that this PC runs from, through any of their file systems at any of its mount points. */
static int
on_system_mount(void *arg, const struct mountinfo *m)
{
	static const char *const places[] = {
	    "/", "/boot", "/boot/efi", "/boot/firmware", "/etc", "/home", "/opt", "/usr", "/var", NULL};
	struct volumes *v = arg;

	if (!among(m->path, places))
		return 0;
	for (size_t i = 0; i < v->count; i++) {
		if (v->list[i].usb.name[0] == '\0' || !mountinfo_is_of(m, v->list[i].usb.dev))
			continue;
		for (size_t k = 0; k < v->count; k++)
			if (strcmp(v->list[k].usb.disk, v->list[i].usb.disk) == 0)
				v->list[k].unfit = USB_LIST_SYSTEM;
	}
	return 0;
}

static enum usb_list_unfit
judge(const struct usb_list_volume *v)
{
	static const char *const copying[] = {"bcachefs", "btrfs", "f2fs", "nilfs2", "zfs", "zfs_member", NULL};
	static const char *const layers[] = {"LVM2_member", "crypto_LUKS", "linux_raid_member", NULL};

	if (v->usb.name[0] == '\0')
		return USB_LIST_NO_DISK;
	if (v->usb.bytes == 0)
		return USB_LIST_NO_MEDIUM;
	if (v->unfit == USB_LIST_SYSTEM)
		return USB_LIST_SYSTEM;
	if (v->held || among(v->fs, layers))
		return USB_LIST_HELD;
	if (v->usb.read_only)
		return USB_LIST_READ_ONLY;
	if (v->fs_known && (v->fs[0] == '\0' || strcmp(v->fs, "swap") == 0))
		return USB_LIST_NO_FILES;
	if (among(v->fs, copying))
		return USB_LIST_COPY_ON_WRITE;
	if (v->mounted_ro)
		return USB_LIST_MOUNTED_RO;
	if ((v->usb.warnings & USB_CARD_READER) != 0 && (v->usb.warnings & USB_NO_IDENTITY) != 0)
		return USB_LIST_READER;
	return USB_LIST_FIT;
}

static int
by_device(const void *pa, const void *pb)
{
	const struct usb_list_volume *a = pa, *b = pb;

	if ((a->usb.name[0] == '\0') != (b->usb.name[0] == '\0'))
		return a->usb.name[0] == '\0' ? 1 : -1;
	if (a->usb.dev != b->usb.dev)
		return a->usb.dev < b->usb.dev ? -1 : 1;
	return strcmp(a->usb.dir, b->usb.dir);
}

enum err
usb_list(struct usb_list_volume **list, size_t *count, const struct usb_list_source *source, struct fault *f)
{
	struct volumes v = {.source = source};
	enum err e = E_OK;

	*list = NULL;
	*count = 0;
	if ((e = add_disks(&v, f)) != E_OK || (e = add_diskless(&v, f)) != E_OK) {
		free(v.list);
		return e;
	}
	source->mounts(on_mount, &v);
	source->mounts(on_system_mount, &v);
	for (size_t i = 0; i < v.count; i++) {
		if (v.list[i].usb.name[0] != '\0' && v.list[i].point[0] == '\0')
			ask_udev(source, &v.list[i]);
		v.list[i].held = v.list[i].usb.name[0] != '\0' && is_held(source, v.list[i].usb.dev);
		v.list[i].unfit = judge(&v.list[i]);
	}
	if (v.count > 1)
		qsort(v.list, v.count, sizeof v.list[0], by_device);
	*list = v.list;
	*count = v.count;
	return E_OK;
}
