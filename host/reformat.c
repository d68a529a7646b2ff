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
#include "utf8.h"

#define SMALLEST (40ull << 20) /* FAT32 needs 33 MiB */
#define LARGEST (2ull << 40)   /* the most that this kind of partition table can describe */
#define PATIENCE 100	       /* times 50 ms, for the kernel, udev and udisks */

/* What each type needs: the program, its package, and the type of the partition. */
static const struct {
	const char *name, *tool, *package, *table;
} types[] = {
    [REFORMAT_EXFAT] = {"exfat", "mkfs.exfat", "exfatprogs", "label: dos\ntype=7\n"},
    [REFORMAT_VFAT] = {"vfat", "mkfs.vfat", "dosfstools", "label: dos\ntype=c\n"},
};

/* Refuse the device, or the partition, called name. */
static enum err
refuse(struct reformat *r, enum err e, enum reformat_why why, const char *name, struct fault *f)
{
	r->miss.why = why;
	r->miss.sys = errno;
	snprintf(r->miss.name, sizeof r->miss.name, "%s", name);
	return fault_set(f, e, 0, "format", "%s", name);
}

static bool
is_stopped(const struct reformat_env *env)
{
	return env->stopped != NULL && env->stopped();
}

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

/*
 * O_EXCL fails while the device, or a partition of it, is mounted, used for swap, or part of a larger one: in any mount namespace.
 */
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
reformat_system(bool (*stopped)(void))
{
	return (struct reformat_env){usb_list_disks(), TOOL_DIRS, geteuid() == 0, NULL, real_node, real_claim,
	    real_head, real_run, stopped};
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

const char *
reformat_name(enum reformat_type type)
{
	return types[type].name;
}

/* A file about a disk in sysfs. */
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

/* Keep only the volumes of this disk. */
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
		return refuse(r, E_USAGE, REFORMAT_NO_DEVICE, r->path, f);
	if (dev == 0)
		return refuse(r, E_NO_STICK, REFORMAT_MISSING, r->path, f);
	if (usb_find(&r->usb, env->usb.sysfs, dev) != 0)
		return refuse(r, E_USAGE, REFORMAT_NOT_USB, r->path, f);
	snprintf(node, sizeof node, "/dev/%s", r->usb.name);
	if (!find_disk(r, env) || env->node(env->arg, node, &again) != 0 || again != dev)
		return refuse(r, E_NO_STICK, REFORMAT_STALE, node, f);
	return find_volumes(r, env, f);
}

/* ---- whether it may be wiped ------------------------------------------------------------------------------------------- */

bool
reformat_covers(const struct reformat *r, const struct usb_list_volume *v)
{
	return !r->usb.partition || v->usb.dev == r->usb.dev;
}

static enum err
judge_volume(struct reformat *r, const struct usb_list_volume *v, struct fault *f)
{
	utf8_short(r->miss.point, sizeof r->miss.point, v->point);
	if (v->point[0] != '\0')
		return refuse(r, E_USAGE, REFORMAT_MOUNTED, v->usb.name, f);
	return v->held ? refuse(r, E_USAGE, REFORMAT_HELD, v->usb.name, f) : E_OK;
}

static enum err
judge_size(struct reformat *r, struct fault *f)
{
	if (r->usb.bytes == 0)
		return refuse(r, E_NO_STICK, REFORMAT_EMPTY, r->path, f);
	if (r->usb.bytes < SMALLEST)
		return refuse(r, E_SPACE, REFORMAT_SMALL, r->path, f);
	if (!r->usb.partition && r->usb.bytes > LARGEST)
		return refuse(r, E_USAGE, REFORMAT_LARGE, r->path, f);
	return E_OK;
}

/* The last word is the kernel's. */
static enum err
judge_claim(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char node[REFORMAT_PATH_MAX];

	snprintf(node, sizeof node, "/dev/%s", r->usb.name);
	if (env->claim(env->arg, node) == 0)
		return E_OK;
	switch (errno) {
	case EBUSY:
		return refuse(r, E_USAGE, REFORMAT_IN_USE, node, f);
	case EACCES:
	case EPERM:
		return refuse(r, E_READONLY, REFORMAT_NO_RIGHT, node, f);
	case EROFS:
		return refuse(r, E_READONLY, REFORMAT_PROTECTED, node, f);
	default:
		return refuse(r, E_NO_STICK, REFORMAT_MISSING_NODE, node, f);
	}
}

static enum err
judge(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	enum err e = judge_size(r, f);

	for (size_t i = 0; i < r->count && e == E_OK; i++)
		if (r->volumes[i].unfit == USB_LIST_SYSTEM)
			e = refuse(r, E_USAGE, REFORMAT_SYSTEM, r->path, f);
	for (size_t i = 0; i < r->count && e == E_OK; i++)
		if (reformat_covers(r, &r->volumes[i]))
			e = judge_volume(r, &r->volumes[i], f);
	if (e == E_OK && r->usb.read_only)
		e = refuse(r, E_READONLY, REFORMAT_PROTECTED, r->path, f);
	return e == E_OK ? judge_claim(r, env, f) : e;
}

/* Find a program of the system: name, and the package that has it. */
struct program {
	const char *name, *package;
};

static enum err
find_tool(struct reformat *r, const struct reformat_env *env, struct program p, char path[TOOL_PATH_MAX], struct fault *f)
{
	if (tool_find(path, env->tools, p.name) == 0)
		return E_OK;
	r->miss.package = p.package;
	return refuse(r, E_FILESYSTEM, REFORMAT_NO_TOOL, p.name, f);
}

static struct program
maker_of(const struct reformat *r)
{
	return (struct program){types[r->type].tool, types[r->type].package};
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
		return refuse(r, E_USAGE, REFORMAT_LONG, "", f);
	}
	if ((e = find_device(r, env, f)) != E_OK || (e = judge(r, env, f)) != E_OK)
		return e;
	if (!r->usb.partition)
		e = find_tool(r, env, (struct program){"sfdisk", "fdisk"}, tool, f);
	return e == E_OK ? find_tool(r, env, maker_of(r), tool, f) : e;
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

bool
reformat_label(const struct reformat_env *env, dev_t dev, char *out, size_t size)
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
			snprintf(out, size, "%s", line + 14);
			out[utf8_whole(out, strlen(out))] = '\0';
		}
	free(line);
	fclose(in);
	return out[0] != '\0';
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
run(struct reformat *r, const struct reformat_env *env, const char *const argv[], const char *input, struct fault *f)
{
	const char *tool = strrchr(argv[0], '/');
	int status = is_stopped(env) ? 128 : env->run(env->arg, argv, input, r->miss.said);

	if (status == 0)
		return E_OK;
	if (is_stopped(env))
		return refuse(r, E_INTERRUPTED, REFORMAT_STOPPED, r->path, f);
	return refuse(r, E_STICK_IO, status < 0 ? REFORMAT_NOT_STARTED : REFORMAT_FAILED, tool != NULL ? tool + 1 : argv[0], f);
}

/* Whether it is still the same stick, and may still be wiped. */
static enum err
look_again(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	struct reformat now = {.type = r->type};
	enum err e = reformat_find(&now, env, r->path, f);

	r->miss = now.miss;
	if (e == E_OK && (now.usb.dev != r->usb.dev || now.sequence != r->sequence || now.usb.bytes != r->usb.bytes ||
			     now.usb.vid != r->usb.vid || now.usb.pid != r->usb.pid || strcmp(now.usb.serial, r->usb.serial) != 0))
		e = refuse(r, E_NO_STICK, REFORMAT_EXCHANGED, r->path, f);
	reformat_free(&now);
	return e;
}

/* Wait until the kernel and udev have made the first partition. */
static enum err
wait_for_part(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	const char last = r->usb.disk[strlen(r->usb.disk) - 1];
	struct usb_device part;
	dev_t dev = 0;

	snprintf(r->part, sizeof r->part, "/dev/%s%s1", r->usb.disk, last >= '0' && last <= '9' ? "p" : "");
	for (int i = 0; i < PATIENCE && !is_stopped(env); i++) {
		if (env->node(env->arg, r->part, &dev) == 0 && usb_find(&part, env->usb.sysfs, dev) == 0 && part.partition &&
		    strcmp(part.disk, r->usb.disk) == 0)
			return E_OK;
		wait_a_little();
	}
	return refuse(r, is_stopped(env) ? E_INTERRUPTED : E_STICK_IO, REFORMAT_NO_PART, r->part, f);
}

static enum err
make_table(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX], disk[REFORMAT_PATH_MAX];
	const char *const argv[] = {tool, "--quiet", "--wipe", "always", "--wipe-partitions", "always", disk, NULL};
	enum err e = find_tool(r, env, (struct program){"sfdisk", "fdisk"}, tool, f);

	snprintf(disk, sizeof disk, "/dev/%s", r->usb.disk);
	if (e != E_OK || (e = run(r, env, argv, types[r->type].table, f)) != E_OK)
		return e;
	return wait_for_part(r, env, f);
}

static enum err
make_files(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX];
	const char *label = r->label[0] != '\0' ? r->label : REFORMAT_LABEL;
	const char *const exfat[] = {tool, "-L", label, r->part, NULL};
	const char *const vfat[] = {tool, "-F", "32", "-n", label, r->part, NULL};
	enum err e = find_tool(r, env, maker_of(r), tool, f);

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
	return refuse(r, E_STICK_IO, REFORMAT_UNREADABLE, r->path, f);
}

/* ---- mounting ---------------------------------------------------------------------------------------------------------- */

/* Whatever we mount from now on ends with this process, however that ends; what others unmount is unmounted here, too. */
static void
leave_others_mounts(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

static enum err
mount_private(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX], dir[] = "/tmp/oncestick-XXXXXX";
	const char *const argv[] = {tool, "-i", "-t", types[r->type].name, "-o", "nosuid,nodev,noexec", r->part, dir, NULL};
	enum err e = find_tool(r, env, (struct program){"mount", "mount"}, tool, f);

	if (e != E_OK)
		return e;
	if (mkdtemp(dir) == NULL)
		return r->miss.why = REFORMAT_OTHER, fault_set(f, E_FAIL, errno, "mkdtemp", "%s", dir);
	if (env->run(env->arg, argv, NULL, r->miss.said) != 0) {
		rmdir(dir);
		return refuse(r, E_FILESYSTEM, REFORMAT_NO_MOUNT, r->part, f);
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

/* A desktop mounts it by itself, or on request. */
static enum err
mount_shared(struct reformat *r, const struct reformat_env *env, struct fault *f)
{
	char tool[TOOL_PATH_MAX], said[TOOL_SAID];
	const char *const argv[] = {tool, "mount", "--no-user-interaction", "-b", r->part, NULL};
	struct place p = {.point = r->point};
	bool asked = tool_find(tool, env->tools, "udisksctl") == 0;

	if (asked)
		env->run(env->arg, argv, NULL, said);
	for (int i = 0; asked && i < PATIENCE && !is_stopped(env); i++) {
		if (env->node(env->arg, r->part, &p.dev) == 0 && env->usb.mounts(on_mount, &p) == 1)
			return E_OK;
		wait_a_little();
	}
	return refuse(r, E_NO_STICK, REFORMAT_NOBODY, r->part, f);
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
	char disk[REFORMAT_PATH_MAX];
	uint8_t head[REFORMAT_HEAD];

	r->miss.said[0] = '\0';
	if (unmount(r, env, r->miss.said) != 0)
		return refuse(r, is_stopped(env) ? E_INTERRUPTED : E_FAIL, REFORMAT_STUCK, r->part, f);
	snprintf(disk, sizeof disk, "/dev/%s", r->usb.disk);
	if (env->head(env->arg, disk, head) != 0 || memcmp(head, r->head, sizeof head) != 0)
		return refuse(r, E_STICK_IO, REFORMAT_LOST_TABLE, disk, f);
	if (mount_private(r, env, NULL) != E_OK)
		return refuse(r, is_stopped(env) ? E_INTERRUPTED : E_STICK_IO, REFORMAT_LOST_FILES, r->part, f);
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
