#include "reformat.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "filestat.h"
#include "human.h"
#include "say.h"
#include "stop.h"
#include "text.h"
#include "usbsay.h"

#define SMALLEST (40ull << 20) /* FAT32 needs 33 MiB */
#define LARGEST (2ull << 40)   /* of a partition table of this kind */
#define PATIENCE 100	       /* times 50 ms, for the kernel, udev and udisks */

/* What each type takes: program, its package, how it is told the label, and the partition's type. */
static const struct {
	const char *name, *tool, *package, *label_option, *table;
} types[] = {
    [REFORMAT_EXFAT] = {"exfat", "mkfs.exfat", "exfatprogs", "-L", "label: dos\ntype=7\n"},
    [REFORMAT_VFAT] = {"vfat", "mkfs.vfat", "dosfstools", "-n", "label: dos\ntype=c\n"},
};

/* ---- this PC ----------------------------------------------------------------------------------------------------------- */

static int
real_node(void *arg, const char *path, dev_t *dev)
{
	struct stat st;

	(void)arg;
	if (filestat_path(path, &st) != 0)
		return -1;
	if (!S_ISBLK(st.st_mode)) {
		errno = ENOTBLK;
		return -1;
	}
	*dev = st.st_rdev;
	return 0;
}

/* O_EXCL fails while the device, or a partition of it, is mounted, swapped on, or part of a larger one: in any mount namespace. */
static int
real_claim(void *arg, const char *path)
{
	int fd = -1;

	(void)arg;
	if (access(path, W_OK) != 0)
		return -1;
	fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int
real_head(void *arg, const char *path, uint8_t out[REFORMAT_HEAD])
{
	alignas(4096) uint8_t head[4096];
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC), saved = 0;
	ssize_t n = -1;

	(void)arg;
	if (fd < 0)
		return -1;
	n = pread(fd, head, sizeof head, 0);
	saved = n >= 0 ? EIO : errno;
	close(fd);
	if (n == (ssize_t)sizeof head)
		memcpy(out, head, REFORMAT_HEAD);
	errno = saved;
	return n == (ssize_t)sizeof head ? 0 : -1;
}

static int
real_run(void *arg, const char *const argv[], const char *input, char said[TOOL_SAID])
{
	(void)arg;
	return tool_run(argv, input, said);
}

struct reformat_env
reformat_system(void)
{
	return (struct reformat_env){usb_list_disks(), TOOL_DIRS, geteuid() == 0, NULL, real_node, real_claim,
	    real_head, real_run};
}

static void
wait_a_little(void)
{
	const struct timespec t = {0, 50000000};

	nanosleep(&t, NULL);
}

/* ---- which device ------------------------------------------------------------------------------------------------------ */

enum reformat_type
reformat_type(const char *name)
{
	if (strcmp(name, types[REFORMAT_EXFAT].name) == 0)
		return REFORMAT_EXFAT;
	return strcmp(name, types[REFORMAT_VFAT].name) == 0 ? REFORMAT_VFAT : REFORMAT_NONE;
}

/* A file of a disk in sysfs. */
static bool
read_disk_file(const struct reformat_env *env, const char *disk, const char *name, char *out, size_t size)
{
	char path[USB_PATH_MAX];
	FILE *in = NULL;
	size_t n = 0;

	if ((size_t)snprintf(path, sizeof path, "%s/block/%s/%s", env->usb.sysfs, disk, name) >= sizeof path ||
	    (in = fopen(path, "re")) == NULL)
		return false;
	n = fread(out, 1, size - 1, in);
	fclose(in);
	out[n] = '\0';
	return n > 0;
}

static bool
find_disk(struct reformat *r, const struct reformat_env *env)
{
	char text[64];
	unsigned major_n = 0, minor_n = 0;

	if (read_disk_file(env, r->usb.disk, "diskseq", text, sizeof text))
		r->sequence = strtoull(text, NULL, 10);
	if (!read_disk_file(env, r->usb.disk, "dev", text, sizeof text) || sscanf(text, "%u:%u", &major_n, &minor_n) != 2)
		return false;
	r->disk_dev = makedev(major_n, minor_n);
	return true;
}

/* Of all volumes those of this disk. */
static enum err
find_volumes(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	size_t n = 0;
	enum err e = usb_list(&r->volumes, &r->count, &env->usb, f);

	if (e != E_OK)
		return e;
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->volumes[i].usb.disk, r->usb.disk) == 0)
			r->volumes[n++] = r->volumes[i];
	r->count = n;
	return E_OK;
}

static enum err
find_device(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char node[REFORMAT_PATH_MAX];
	dev_t dev = 0, again = 0;

	if (env->node(env->arg, r->path, &dev) != 0 && errno == ENOTBLK)
		return fault_set(f, E_USAGE, 0, "",
		    _("%s is not a device. --format needs the stick's device, such as /dev/sdb; 'oncestick sticks' lists them"), r->path);
	if (dev == 0)
		return fault_set(
		    f, E_NO_STICK, 0, "", _("%s: %s. 'oncestick sticks' lists what is plugged in"), r->path, strerror(errno));
	if (usb_find(&r->usb, env->usb.sysfs, dev) != 0)
		return fault_set(f, E_USAGE, 0, "",
		    _("%s is not on USB, and only USB sticks are formatted. 'oncestick sticks' lists them"), r->path);
	snprintf(node, sizeof node, "/dev/%s", r->usb.name);
	if (!find_disk(r, env) || env->node(env->arg, node, &again) != 0 || again != dev)
		return fault_set(
		    f, E_NO_STICK, 0, "", _("%s is not what this PC knows as %s. Plug the stick in again"), r->path, node);
	return find_volumes(r, env, f);
}

/* ---- whether it may be wiped ------------------------------------------------------------------------------------------- */

/* Whether wiping r would wipe v. */
static bool
covers(const struct reformat *r, const struct usb_list_volume *v)
{
	return !r->usb.partition || v->usb.dev == r->usb.dev;
}

static enum err
judge_volume(const struct usb_list_volume *v, struct fault *f)
{
	char point[120];

	if (v->point[0] != '\0')
		return fault_set(f, E_USAGE, 0, "",
		    _("/dev/%s is mounted at %.80s. If nothing on it is needed, unmount it first: udisksctl unmount -b /dev/%s"),
		    v->usb.name, say_safe(point, sizeof point, v->point), v->usb.name);
	if (v->held)
		return fault_set(
		    f, E_USAGE, 0, "", _("/dev/%s is in use: encryption, RAID or LVM is on it. Close that first"), v->usb.name);
	return E_OK;
}

static enum err
judge_size(const struct reformat *r, struct fault *f)
{
	if (r->usb.bytes == 0)
		return fault_set(f, E_NO_STICK, 0, "", _("there is nothing in %s"), r->path);
	if (r->usb.bytes < SMALLEST)
		return fault_set(f, E_SPACE, 0, "", _("%s is smaller than 40 MiB. Take a larger stick"), r->path);
	if (!r->usb.partition && r->usb.bytes > LARGEST)
		return fault_set(f, E_USAGE, 0, "", _("%s is larger than 2 TiB: make a partition on it, and name that"), r->path);
	return E_OK;
}

/* The kernel's own word on it, last. */
static enum err
judge_claim(const struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char node[REFORMAT_PATH_MAX];

	snprintf(node, sizeof node, "/dev/%s", r->usb.name);
	if (env->claim(env->arg, node) == 0)
		return E_OK;
	if (errno == EBUSY)
		return fault_set(f, E_USAGE, 0, "", _("%s is in use: mounted, used as swap space, or part of another disk"), node);
	if (errno == EACCES || errno == EPERM)
		return fault_set(f, E_READONLY, 0, "",
		    _("you may not write to %s. As root: mkfs.%s %s %s %s; or use your desktop's disk program, then prepare without "
		    "--format"),
		    node, types[r->type].name, types[r->type].label_option, REFORMAT_LABEL, node);
	if (errno == EROFS)
		return fault_set(f, E_READONLY, 0, "", _("%s is write-protected. Is there a switch on it?"), node);
	return fault_set(f, E_NO_STICK, 0, "", _("%s: %s"), node, strerror(errno));
}

static enum err
judge(const struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	enum err e = judge_size(r, f);

	for (size_t i = 0; i < r->count && e == E_OK; i++)
		if (r->volumes[i].unfit == USB_LIST_SYSTEM)
			e = fault_set(f, E_USAGE, 0, "", _("%s is on the disk that this PC runs from. It is not formatted"), r->path);
	for (size_t i = 0; i < r->count && e == E_OK; i++)
		if (covers(r, &r->volumes[i]))
			e = judge_volume(&r->volumes[i], f);
	if (e == E_OK && r->usb.read_only)
		e = fault_set(f, E_READONLY, 0, "", _("%s is write-protected. Is there a switch on it?"), r->path);
	return e == E_OK ? judge_claim(r, env, f) : e;
}

static enum err
find_tool(const struct reformat_env *env, const char *name, const char *package, char path[TOOL_PATH_MAX], struct fault *f)
{
	if (tool_find(path, env->tools, name) == 0)
		return E_OK;
	return fault_set(f, E_FILESYSTEM, 0, "", _("%s is not installed (Debian package %s)"), name, package);
}

enum err
reformat_find(struct reformat *r, const struct reformat_env *env, const char *path, struct fault *f)
{
	const enum reformat_type type = r->type;
	char tool[TOOL_PATH_MAX];
	enum err e = E_OK;

	memset(r, 0, sizeof *r);
	r->type = type;
	if ((size_t)snprintf(r->path, sizeof r->path, "%s", path) >= sizeof r->path) {
		r->path[0] = '\0';
		return fault_set(f, E_USAGE, 0, "", _("--format needs the stick's short name, such as /dev/sdb"));
	}
	if ((e = find_device(r, env, f)) != E_OK || (e = judge(r, env, f)) != E_OK)
		return e;
	if (!r->usb.partition)
		e = find_tool(env, "sfdisk", "fdisk", tool, f);
	return e == E_OK ? find_tool(env, types[type].tool, types[type].package, tool, f) : e;
}

void
reformat_free(struct reformat *r)
{
	if (r == NULL)
		return;
	free(r->volumes);
	r->volumes = NULL;
	r->count = 0;
}

/* ---- for people -------------------------------------------------------------------------------------------------------- */

/* The label that udev found. */
static bool
find_label(const struct reformat_env *env, dev_t dev, char *out, size_t size)
{
	char path[USB_PATH_MAX], *line = NULL;
	size_t room = 0;
	FILE *in = NULL;

	out[0] = '\0';
	snprintf(path, sizeof path, "%s/b%u:%u", env->usb.udev != NULL ? env->usb.udev : "", major(dev), minor(dev));
	if (env->usb.udev == NULL || (in = fopen(path, "re")) == NULL)
		return false;
	while (out[0] == '\0' && getline(&line, &room, in) > 0)
		if (strncmp(line, "E:ID_FS_LABEL=", 14) == 0) {
			line[14 + strcspn(line + 14, "\n")] = '\0';
			say_safe(out, size, line + 14);
		}
	free(line);
	fclose(in);
	return out[0] != '\0';
}

void
reformat_show(char out[REFORMAT_SHOWN_MAX], const struct reformat *r, const struct reformat_env *env)
{
	char device[USB_SHOWN_SIZE], bytes[HUMAN_SHOWN], label[64];
	size_t n = 0;

	usbsay_show(device, &r->usb);
	human_bytes(bytes, sizeof bytes, r->usb.bytes);
	n = (size_t)snprintf(
	    out, REFORMAT_SHOWN_MAX, "/dev/%s: %s, %s%s", r->usb.name, device, bytes, r->usb.removable ? "" : _(", a fixed disk"));
	for (size_t i = 0; i < r->count && n < REFORMAT_SHOWN_MAX; i++) {
		const struct usb_list_volume *v = &r->volumes[i];
		bool labelled = find_label(env, v->usb.dev, label, sizeof label);

		if (!covers(r, v))
			continue;
		human_bytes(bytes, sizeof bytes, v->usb.bytes);
		n += (size_t)snprintf(out + n, REFORMAT_SHOWN_MAX - n, "; %s: %s%s%s%s, %s", v->usb.name,
		    v->fs[0] != '\0' ? v->fs
		    : v->fs_known    ? _("no file system")
				     : _("unknown files"),
		    labelled ? " \"" : "", label, labelled ? "\"" : "", bytes);
	}
}

bool
reformat_named(const struct reformat *r, const char *answer)
{
	if (strncmp(answer, "/dev/", 5) == 0)
		answer += 5;
	return strcmp(answer, r->usb.name) == 0;
}

bool
reformat_listed(const struct reformat *r, const char *serials)
{
	while (r->usb.serial[0] != '\0' && *serials != '\0') {
		size_t length = strcspn(serials, ",");

		if (usb_has_serial(&r->usb, serials, length))
			return true;
		serials += length;
		serials += *serials == ',';
	}
	return false;
}

/* ---- wiping ------------------------------------------------------------------------------------------------------------ */

static enum err
run(const struct reformat *r, const struct reformat_env *env, const char *const argv[], const char *input, struct fault *f)
{
	const char *tool = strrchr(argv[0], '/');
	char said[TOOL_SAID] = "";
	int status = stop_asked() ? 128 : env->run(env->arg, argv, input, said);

	if (status == 0)
		return E_OK;
	if (stop_asked())
		return fault_set(f, E_INTERRUPTED, 0, "", _("interrupted while %s was formatted; what was on it is gone"), r->path);
	if (status < 0)
		snprintf(said, sizeof said, "%s", strerror(errno));
	return fault_set(f, E_STICK_IO, 0, "", _("%s could not be formatted: %s: %.120s"), r->path, tool != NULL ? tool + 1 : argv[0],
	    said[0] != '\0' ? said : _("it failed"));
}

/* Whether it is the same stick as before, still fit. */
static enum err
look_again(const struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	struct reformat now = {.type = r->type};
	enum err e = reformat_find(&now, env, r->path, f);

	if (e == E_OK && (now.usb.dev != r->usb.dev || now.sequence != r->sequence || now.usb.bytes != r->usb.bytes ||
			     now.usb.vid != r->usb.vid || now.usb.pid != r->usb.pid || strcmp(now.usb.serial, r->usb.serial) != 0))
		e = fault_set(f, E_NO_STICK, 0, "", _("there is a different stick in %s now. Nothing was done"), r->path);
	reformat_free(&now);
	return e;
}

/* The first partition, as soon as kernel and udev have made it. */
static enum err
wait_for_part(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	const char last = r->usb.disk[strlen(r->usb.disk) - 1];
	struct usb_device part;
	dev_t dev = 0;

	snprintf(r->part, sizeof r->part, "/dev/%s%s1", r->usb.disk, last >= '0' && last <= '9' ? "p" : "");
	for (int i = 0; i < PATIENCE && !stop_asked(); i++) {
		if (env->node(env->arg, r->part, &dev) == 0 && usb_find(&part, env->usb.sysfs, dev) == 0 && part.partition &&
		    strcmp(part.disk, r->usb.disk) == 0)
			return E_OK;
		wait_a_little();
	}
	return fault_set(f, stop_asked() ? E_INTERRUPTED : E_STICK_IO, 0, "",
	    _("%s has a new partition table, but %s does not appear. Plug the stick in again"), r->path, r->part);
}

static enum err
make_table(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX], disk[REFORMAT_PATH_MAX];
	const char *const argv[] = {tool, "--quiet", "--wipe", "always", "--wipe-partitions", "always", disk, NULL};
	enum err e = find_tool(env, "sfdisk", "fdisk", tool, f);

	snprintf(disk, sizeof disk, "/dev/%s", r->usb.disk);
	if (e != E_OK || (e = run(r, env, argv, types[r->type].table, f)) != E_OK)
		return e;
	return wait_for_part(r, env, f);
}

static enum err
make_files(const struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX];
	const char *const exfat[] = {tool, "-L", REFORMAT_LABEL, r->part, NULL};
	const char *const vfat[] = {tool, "-F", "32", "-n", REFORMAT_LABEL, r->part, NULL};
	enum err e = find_tool(env, types[r->type].tool, types[r->type].package, tool, f);

	return e == E_OK ? run(r, env, r->type == REFORMAT_EXFAT ? exfat : vfat, NULL, f) : e;
}

enum err
reformat_make(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char disk[REFORMAT_PATH_MAX];
	enum err e = look_again(r, env, f);

	if (e != E_OK)
		return e;
	if (!r->usb.partition)
		e = make_table(r, env, f);
	else
		snprintf(r->part, sizeof r->part, "/dev/%s", r->usb.name);
	if (e != E_OK || (e = make_files(r, env, f)) != E_OK)
		return e;
	snprintf(disk, sizeof disk, "/dev/%s", r->usb.disk);
	if (env->head(env->arg, disk, r->head) == 0)
		return E_OK;
	return fault_set(f, E_STICK_IO, 0, "", _("%s is formatted, but cannot be read: %s"), r->path, strerror(errno));
}

/* ---- mounting ---------------------------------------------------------------------------------------------------------- */

/* What is mounted from now on goes with this process, however it ends; what others unmount is unmounted here too. */
static void
leave_others_mounts(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

static enum err
mount_private(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX], dir[] = "/tmp/oncestick-XXXXXX", said[TOOL_SAID] = "";
	const char *const argv[] = {tool, "-i", "-t", types[r->type].name, "-o", "nosuid,nodev,noexec", r->part, dir, NULL};
	enum err e = find_tool(env, "mount", "mount", tool, f);

	if (e != E_OK)
		return e;
	if (mkdtemp(dir) == NULL)
		return fault_set(f, E_FAIL, errno, "mkdtemp", "%s", dir);
	if (env->run(env->arg, argv, NULL, said) != 0) {
		rmdir(dir);
		return fault_set(f, E_FILESYSTEM, 0, "", _("%s is formatted, but this PC cannot mount %s: %.120s"), r->part,
		    types[r->type].name, said);
	}
	snprintf(r->point, sizeof r->point, "%s", dir);
	r->ours = true;
	return E_OK;
}

struct place {
	dev_t dev;
	char *point;
};

static int
on_mount(void *arg, const struct mountinfo *m)
{
	struct place *p = arg;

	if (m->dev != p->dev)
		return 0;
	snprintf(p->point, REFORMAT_POINT_MAX, "%s", m->path);
	return 1;
}

/* A desktop mounts it by itself, or is asked to. */
static enum err
mount_shared(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX], said[TOOL_SAID];
	const char *const argv[] = {tool, "mount", "--no-user-interaction", "-b", r->part, NULL};
	struct place p = {.point = r->point};
	bool asked = tool_find(tool, env->tools, "udisksctl") == 0;

	if (asked)
		env->run(env->arg, argv, NULL, said);
	for (int i = 0; asked && i < PATIENCE && !stop_asked(); i++) {
		if (env->node(env->arg, r->part, &p.dev) == 0 && env->usb.mounts(on_mount, &p) == 1)
			return E_OK;
		wait_a_little();
	}
	return fault_set(f, E_NO_STICK, 0, "",
	    _("%s is formatted, but not mounted. Mount it, and name the directory where it is: oncestick prepare FOLDER STICK"),
	    r->part);
}

enum err
reformat_mount(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	if (!env->root)
		return mount_shared(r, env, f);
	leave_others_mounts();
	return mount_private(r, env, f);
}

static int
unmount(struct reformat *r, const struct reformat_env *env, char said[TOOL_SAID])
{
	char tool[TOOL_PATH_MAX];
	const char *const argv[] = {tool, "-i", r->point, NULL};

	if (tool_find(tool, env->tools, "umount") != 0 || env->run(env->arg, argv, NULL, said) != 0)
		return -1;
	rmdir(r->point);
	r->ours = false;
	r->point[0] = '\0';
	return 0;
}

enum err
reformat_remount(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char said[TOOL_SAID] = "", disk[REFORMAT_PATH_MAX];
	uint8_t head[REFORMAT_HEAD];

	if (unmount(r, env, said) != 0)
		return fault_set(f, stop_asked() ? E_INTERRUPTED : E_FAIL, 0, "", _("%s cannot be unmounted: %.120s"), r->part, said);
	snprintf(disk, sizeof disk, "/dev/%s", r->usb.disk);
	if (env->head(env->arg, disk, head) != 0 || memcmp(head, r->head, sizeof head) != 0)
		return fault_set(f, E_STICK_IO, 0, "", _("%s has lost its partition table"), disk);
	if (mount_private(r, env, NULL) != E_OK)
		return fault_set(f, stop_asked() ? E_INTERRUPTED : E_STICK_IO, 0, "", _("%s has lost its file system"), r->part);
	return E_OK;
}

void
reformat_unmount(struct reformat *r, const struct reformat_env *env)
{
	char said[TOOL_SAID];

	if (r->ours)
		unmount(r, env, said);
	r->ours = false;
	r->point[0] = '\0';
}
