/* Which devices are wiped by --format and which are not: a sysfs of ordinary files, tools that only say what they would do. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <check.h>

#include "reformatsay.h"
#include "suite.h"
#include "tool.h"

#define USB "devices/pci0000:00/0000:00:14.0/usb1/1-1"
#define DISK USB "/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
#define INSIDE "devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"
#define SDA makedev(8, 0)
#define SDB makedev(8, 16)
#define SDB1 makedev(8, 17)
#define SDB2 makedev(8, 18)

/* What the fake outside does, and what was asked of it. */
static struct {
	int claim;     /* errno */
	uint8_t head;  /* first byte of the disk */
	int status[4]; /* of the tools, one after the other */
	const char *says;
	void (*then)(void); /* what happens while the first tool runs */
	char log[2000];	    /* a line for each run */
	unsigned runs;
	bool partless; /* /dev/sdb1 is not there */
	dev_t sdb;     /* what /dev/sdb is */
} outside;

static char top[64], tools[96], udev[96];
static struct mountinfo mounted[4]; /* ends with path NULL */
static struct reformat_env env;
static struct reformat r;
static struct fault f;

/* ---- a PC -------------------------------------------------------------------------------------------------------------- */

static void
shell(const char *command)
{
	char line[PATH_MAX];

	snprintf(line, sizeof line, "cd '%s' && %s", top, command);
	ck_assert_int_eq(system(line), 0);
}

static void
put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *out = NULL;

	snprintf(path, sizeof path, "%s/%s", top, name);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	ck_assert_int_eq(fclose(out), 0);
}

static void
add_disk(const char *dir, const char *name, const char *numbers)
{
	char line[1000];

	snprintf(line, sizeof line,
	    "mkdir -p %s && cd %s && echo %s >dev && echo 60437492 >size && echo 1 >removable && echo 0 >ro && "
	    "echo 7 >diskseq && ln -s $PWD '%s/dev/block/%s' && ln -s $PWD '%s/block/%s'",
	    dir, dir, numbers, top, numbers, top, name);
	shell(line);
}

static void
add_part(const char *dir, const char *name, const char *numbers)
{
	char line[1000];

	snprintf(line, sizeof line,
	    "mkdir -p %s/%s && cd %s/%s && echo %s >dev && echo 2097152 >size && echo 0 >ro && echo 1 >partition && "
	    "ln -s $PWD '%s/dev/block/%s'",
	    dir, name, dir, name, numbers, top, numbers);
	shell(line);
}

static int
fake_mounts(int (*each)(void *arg, const struct mountinfo *m), void *arg)
{
	int result = 0;

	for (size_t i = 0; result == 0 && mounted[i].path != NULL; i++)
		result = each(arg, &mounted[i]);
	return result;
}

static int
fake_node(void *arg, const char *path, dev_t *dev)
{
	const struct {
		const char *path;
		dev_t dev;
	} nodes[] = {{"/dev/sda", SDA}, {"/dev/sdb1", SDB1}, {"/dev/sdb2", SDB2}, {"/dev/disk/by-id/usb-1", SDB}};

	ck_assert_ptr_eq(arg, &outside);
	errno = strncmp(path, "/dev/", 5) != 0 ? ENOTBLK : ENOENT;
	if (outside.partless && strcmp(path, "/dev/sdb1") == 0)
		return -1;
	if (strcmp(path, "/dev/sdb") == 0) {
		*dev = outside.sdb;
		return 0;
	}
	for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
		if (strcmp(nodes[i].path, path) == 0) {
			*dev = nodes[i].dev;
			return 0;
		}
	return -1;
}

static int
fake_head(void *arg, const char *path, uint8_t out[REFORMAT_HEAD])
{
	(void)arg;
	ck_assert_str_eq(path, "/dev/sdb");
	memset(out, 0, REFORMAT_HEAD);
	out[0] = outside.head;
	return 0;
}

static int
fake_claim(void *arg, const char *path)
{
	ck_assert_ptr_eq(arg, &outside);
	ck_assert_int_eq(strncmp(path, "/dev/sd", 7), 0);
	errno = outside.claim;
	return outside.claim == 0 ? 0 : -1;
}

static int
fake_run(void *arg, const char *const argv[], const char *input, char said[TOOL_SAID])
{
	size_t n = strlen(outside.log), skip = strlen(tools) + 1;
	unsigned turn = outside.runs++;

	ck_assert_ptr_eq(arg, &outside);
	ck_assert_int_eq(strncmp(argv[0], tools, skip - 1), 0);
	n += (size_t)snprintf(outside.log + n, sizeof outside.log - n, "%s", argv[0] + skip);
	for (int i = 1; argv[i] != NULL; i++)
		n += (size_t)snprintf(outside.log + n, sizeof outside.log - n, " %s", argv[i]);
	snprintf(outside.log + n, sizeof outside.log - n, "%s%s\n", input != NULL ? " <" : "", input != NULL ? input : "");
	snprintf(said, TOOL_SAID, "%s", outside.says != NULL ? outside.says : "");
	if (turn == 0 && outside.then != NULL)
		outside.then();
	return turn < 4 ? outside.status[turn] : 0;
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(top, sizeof top, "%.24s/check_reformat.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(tools, sizeof tools, "%s/tools", top);
	snprintf(udev, sizeof udev, "%s/udev", top);
	shell("mkdir -p dev/block block bus/usb/devices udev tools " USB " && cd tools && "
	      "touch sfdisk mkfs.vfat mkfs.exfat mount umount udisksctl && chmod 755 *");
	put(USB "/idVendor", "0781\n");
	put(USB "/idProduct", "5567\n");
	put(USB "/manufacturer", "SanDisk\n");
	put(USB "/product", "Cruzer Blade\n");
	put(USB "/serial", "4C530001\n");
	add_disk(DISK, "sdb", "8:16");
	add_part(DISK, "sdb1", "8:17");
	env = (struct reformat_env){{top, udev, fake_mounts, NULL}, tools, true, &outside, fake_node, fake_claim,
	    fake_head, fake_run, NULL};
	outside.sdb = SDB;
	r.type = REFORMAT_EXFAT;
}

static void
teardown(void)
{
	char line[PATH_MAX];

	reformat_free(&r);
	reformat_free(&r);
	snprintf(line, sizeof line, "rm -rf '%s'", top);
	ck_assert_int_eq(system(line), 0);
}

static struct sentence *sentences;
static const struct cli c = {.sentences = &sentences};

/* What f says. */
static const char *
said(void)
{
	return f.said != NULL ? f.said : f.object;
}

/* f, as a person is told. */
static enum err
told(enum err e)
{
	struct fault why = f;

	if (e == E_OK)
		return E_OK;
	fault_clear(&f);
	return reformatsay(&c, &r, &why, &f);
}

static void
refuses(const char *path, enum err want, const char *says)
{
	fault_clear(&f);
	ck_assert_int_eq(told(reformat_find(&r, &env, path, &f)), want);
	if (strstr(said(), says) == NULL)
		ck_abort_msg("'%s' does not say: %s", said(), says);
	reformat_free(&r);
	ck_assert_uint_eq(outside.runs, 0);
}

static void
takes(const char *path)
{
	fault_clear(&f);
	if (told(reformat_find(&r, &env, path, &f)) != E_OK)
		ck_abort_msg("%s: %s", path, said());
	ck_assert_uint_eq(outside.runs, 0);
}

/* ---- which device ------------------------------------------------------------------------------------------------------ */

START_TEST(types_have_names)
{
	ck_assert_int_eq(reformat_type("exfat"), REFORMAT_EXFAT);
	ck_assert_int_eq(reformat_type("vfat"), REFORMAT_VFAT);
	ck_assert_int_eq(reformat_type("ext4"), REFORMAT_NONE);
	ck_assert_int_eq(reformat_type(""), REFORMAT_NONE);
	ck_assert_int_eq(reformat_type("EXFAT"), REFORMAT_NONE);
}
END_TEST

START_TEST(a_stick_is_taken)
{
	takes("/dev/sdb");
	ck_assert(!r.usb.partition);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_uint_eq(r.sequence, 7);
	reformat_free(&r);
	takes("/dev/sdb1");
	ck_assert(r.usb.partition);
	reformat_free(&r);
	takes("/dev/disk/by-id/usb-1");
	ck_assert_str_eq(r.usb.name, "sdb");
}
END_TEST

START_TEST(what_is_no_usb_device_is_refused)
{
	add_disk(INSIDE, "sda", "8:0");
	refuses("/dev/sda", E_USAGE, "not on USB");
	refuses("/media/kim/STICK", E_USAGE, "is not a device");
	refuses("/dev/sdx", E_NO_STICK, "sdx");
	refuses("/dev/disk/by-id/usb-a-name-so-long-that-nobody-could-want-to-type-it-a-second-time-1", E_USAGE, "short name");
}
END_TEST

START_TEST(a_name_that_means_another_device_is_refused)
{
	outside.sdb = SDB2; /* the node is stale */
	refuses("/dev/disk/by-id/usb-1", E_NO_STICK, "is not what this PC knows");
}
END_TEST

START_TEST(the_disk_this_pc_runs_from_is_refused)
{
	static const char *const places[] = {"/", "/boot", "/boot/efi", "/home", "/usr", "/var"};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		mounted[0] =
		    (struct mountinfo){.dev = SDB1, .path = places[i], .type = "ext4", .source = "/dev/sdb1", .options = "rw"};
		refuses("/dev/sdb", E_USAGE, "runs from");
		refuses("/dev/sdb1", E_USAGE, "runs from");
	}
}
END_TEST

START_TEST(another_partition_of_the_system_disk_is_refused)
{
	add_part(DISK, "sdb2", "8:18");
	mounted[0] = (struct mountinfo){.dev = SDB1, .path = "/", .type = "ext4", .source = "/dev/sdb1", .options = "rw"};
	refuses("/dev/sdb2", E_USAGE, "runs from");
}
END_TEST

START_TEST(what_is_mounted_is_refused)
{
	mounted[0] =
	    (struct mountinfo){.dev = SDB1, .path = "/media/kim/A", .type = "vfat", .source = "/dev/sdb1", .options = "rw"};
	refuses("/dev/sdb", E_USAGE, "mounted at /media/kim/A");
	ck_assert_ptr_nonnull(strstr(said(), "udisksctl unmount -b /dev/sdb1"));
	refuses("/dev/sdb1", E_USAGE, "mounted at /media/kim/A");
	add_part(DISK, "sdb2", "8:18");
	refuses("/dev/sdb", E_USAGE, "mounted at /media/kim/A");
	takes("/dev/sdb2"); /* a partition is only itself */
}
END_TEST

START_TEST(what_is_in_use_is_refused)
{
	shell("mkdir -p " DISK "/sdb1/holders/dm-0");
	refuses("/dev/sdb", E_USAGE, "in use");
	refuses("/dev/sdb1", E_USAGE, "in use");
}
END_TEST

START_TEST(what_the_kernel_says_is_in_use_is_refused)
{
	outside.claim = EBUSY; /* swap, or a mount of another namespace */
	refuses("/dev/sdb", E_USAGE, "in use");
}
END_TEST

START_TEST(without_the_right_to_write_it_is_refused)
{
	outside.claim = EACCES;
	refuses("/dev/sdb1", E_READONLY, "you may not write");
	ck_assert_ptr_nonnull(strstr(said(), "mkfs.exfat -L ONCESTICK /dev/sdb1"));
	outside.claim = EROFS;
	refuses("/dev/sdb1", E_READONLY, "write-protected");
}
END_TEST

START_TEST(a_write_protected_stick_is_refused)
{
	put(DISK "/ro", "1\n");
	refuses("/dev/sdb", E_READONLY, "write-protected");
	refuses("/dev/sdb1", E_READONLY, "write-protected");
}
END_TEST

START_TEST(sizes_that_cannot_be_are_refused)
{
	put(DISK "/size", "0\n");
	refuses("/dev/sdb", E_NO_STICK, "nothing in");
	put(DISK "/size", "81919\n");
	refuses("/dev/sdb", E_SPACE, "40 MiB");
	put(DISK "/size", "81920\n");
	takes("/dev/sdb");
	reformat_free(&r);
	put(DISK "/size", "4294967297\n");
	refuses("/dev/sdb", E_USAGE, "2 TiB");
	takes("/dev/sdb1");
}
END_TEST

START_TEST(a_missing_tool_is_noticed_before_anything_is_done)
{
	shell("rm tools/mkfs.exfat");
	refuses("/dev/sdb", E_FILESYSTEM, "exfatprogs");
	r.type = REFORMAT_VFAT;
	takes("/dev/sdb");
	reformat_free(&r);
	shell("chmod 644 tools/mkfs.vfat; mkdir tools/mkfs.exfat; rm tools/sfdisk");
	refuses("/dev/sdb", E_FILESYSTEM, "fdisk");
	r.type = REFORMAT_EXFAT;
	refuses("/dev/sdb1", E_FILESYSTEM, "exfatprogs");
}
END_TEST

/* ---- asking ------------------------------------------------------------------------------------------------------------ */

START_TEST(everything_that_will_be_lost_is_shown)
{
	char shown[REFORMATSAY_MAX];

	add_part(DISK, "sdb2", "8:18");
	put("udev/b8:17", "S:disk\nE:ID_FS_TYPE=vfat\nE:ID_FS_LABEL=KIM\n");
	put("udev/b8:18", "S:disk\n");
	takes("/dev/sdb");
	reformatsay_show(shown, &r, &env);
	ck_assert_str_eq(shown, "/dev/sdb: SanDisk Cruzer Blade, serial number 4C530001, 29 GiB; sdb1: vfat \"KIM\", 1.0 GiB; "
				"sdb2: no file system, 1.0 GiB");
	reformat_free(&r);
	takes("/dev/sdb2");
	reformatsay_show(shown, &r, &env);
	ck_assert_ptr_null(strstr(shown, "sdb1"));
	reformat_free(&r);
	put(DISK "/removable", "0\n");
	shell("rm udev/b8:17");
	takes("/dev/sdb1");
	reformatsay_show(shown, &r, &env);
	ck_assert_ptr_nonnull(strstr(shown, ", a fixed disk; sdb1: unknown files, "));
}
END_TEST

START_TEST(a_label_from_hell_is_shown_safely)
{
	char shown[REFORMATSAY_MAX];

	put("udev/b8:17", "E:ID_FS_TYPE=vfat\nE:ID_FS_LABEL=\033[2J\xff"
			  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	takes("/dev/sdb");
	reformatsay_show(shown, &r, &env);
	ck_assert_ptr_nonnull(strstr(shown, "AAA\xe2\x80\xa6")); /* the ellipsis of what is shortened */
	for (const char *p = shown; *p != '\0'; p++)
		ck_assert((*p >= ' ' && *p <= '~') || strchr("\xe2\x80\xa6", *p) != NULL);
}
END_TEST

START_TEST(only_the_very_name_confirms)
{
	takes("/dev/sdb");
	ck_assert(reformat_named(&r, "sdb"));
	ck_assert(reformat_named(&r, "/dev/sdb"));
	ck_assert(!reformat_named(&r, ""));
	ck_assert(!reformat_named(&r, "y"));
	ck_assert(!reformat_named(&r, "sdb1"));
	ck_assert(!reformat_named(&r, "sda"));
	ck_assert(!reformat_named(&r, "sdb "));
	ck_assert(!reformat_named(&r, "/dev/"));
}
END_TEST

START_TEST(only_the_whole_serial_number_confirms)
{
	takes("/dev/sdb");
	ck_assert(reformat_listed(&r, "4C530001"));
	ck_assert(reformat_listed(&r, "AA,4C530001,BB"));
	ck_assert(reformat_listed(&r, ",4C530001"));
	ck_assert(!reformat_listed(&r, ""));
	ck_assert(!reformat_listed(&r, ","));
	ck_assert(!reformat_listed(&r, "4C53000"));
	ck_assert(!reformat_listed(&r, "4C5300011"));
	ck_assert(!reformat_listed(&r, "4c530001"));
	reformat_free(&r);
	put(USB "/serial", "\n");
	takes("/dev/sdb");
	ck_assert(!reformat_listed(&r, ""));
	ck_assert(!reformat_listed(&r, ","));
	ck_assert(!reformat_listed(&r, ",,"));
}
END_TEST

/* ---- wiping ------------------------------------------------------------------------------------------------------------ */

static void
makes(enum err want)
{
	fault_clear(&f);
	ck_assert_int_eq(told(reformat_make(&r, &env, &f)), want);
}

START_TEST(a_disk_gets_a_table_and_files)
{
	takes("/dev/sdb");
	makes(E_OK);
	ck_assert_str_eq(outside.log, "sfdisk --quiet --wipe always --wipe-partitions always /dev/sdb <label: dos\ntype=7\n\n"
				      "mkfs.exfat -L ONCESTICK /dev/sdb1\n");
	ck_assert_str_eq(r.part, "/dev/sdb1");
}
END_TEST

START_TEST(a_partition_gets_files_alone)
{
	r.type = REFORMAT_VFAT;
	takes("/dev/sdb1");
	makes(E_OK);
	ck_assert_str_eq(outside.log, "mkfs.vfat -F 32 -n ONCESTICK /dev/sdb1\n");
	ck_assert_str_eq(r.part, "/dev/sdb1");
}
END_TEST

START_TEST(files_get_the_label_that_the_caller_wants)
{
	r.type = REFORMAT_VFAT;
	takes("/dev/sdb1");
	strcpy(r.label, "ONCE-7KQ241");
	makes(E_OK);
	ck_assert_str_eq(outside.log, "mkfs.vfat -F 32 -n ONCE-7KQ241 /dev/sdb1\n");
}
END_TEST

START_TEST(vfat_has_its_own_type_in_the_table)
{
	r.type = REFORMAT_VFAT;
	takes("/dev/disk/by-id/usb-1");
	makes(E_OK);
	ck_assert_ptr_nonnull(strstr(outside.log, "/dev/sdb <label: dos\ntype=c\n"));
}
END_TEST

START_TEST(an_exchanged_stick_is_not_touched)
{
	static const char *const changes[][2] = {
	    {DISK "/diskseq", "8\n"}, {USB "/serial", "4C530002\n"}, {DISK "/size", "60437491\n"}, {USB "/idProduct", "5568\n"}};

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		takes("/dev/sdb");
		put(changes[i][0], changes[i][1]);
		makes(E_NO_STICK);
		ck_assert_ptr_nonnull(strstr(said(), "a different stick"));
		ck_assert_uint_eq(outside.runs, 0);
		reformat_free(&r);
	}
}
END_TEST

START_TEST(a_stick_that_was_mounted_meanwhile_is_not_touched)
{
	takes("/dev/sdb");
	mounted[0] =
	    (struct mountinfo){.dev = SDB1, .path = "/media/kim/A", .type = "vfat", .source = "/dev/sdb1", .options = "rw"};
	makes(E_USAGE);
	ck_assert_uint_eq(outside.runs, 0);
	mounted[0].path = NULL;
	outside.claim = EBUSY;
	makes(E_USAGE);
	ck_assert_uint_eq(outside.runs, 0);
}
END_TEST

START_TEST(a_tool_that_fails_is_quoted)
{
	takes("/dev/sdb");
	outside.status[0] = 1;
	outside.says = "No space";
	makes(E_STICK_IO);
	ck_assert_uint_eq(outside.runs, 1);
	ck_assert_ptr_nonnull(strstr(said(), "sfdisk: No space"));
	outside.status[0] = 0;
	outside.status[2] = 128 + 9;
	outside.says = "";
	makes(E_STICK_IO);
	ck_assert_uint_eq(outside.runs, 3);
	ck_assert_ptr_nonnull(strstr(said(), "mkfs.exfat: it failed"));
}
END_TEST

static void
part_comes(void)
{
	add_part(DISK, "sdb1", "8:17");
	outside.partless = false;
}

START_TEST(the_new_partition_is_waited_for)
{
	shell("rm -r " DISK "/sdb1 dev/block/8:17");
	outside.partless = true;
	outside.then = part_comes;
	takes("/dev/sdb");
	makes(E_OK);
	ck_assert_uint_eq(outside.runs, 2);
}
END_TEST

/* ---- mounting ---------------------------------------------------------------------------------------------------------- */

static void
desktop_mounts(void)
{
	mounted[0] = (struct mountinfo){
	    .dev = SDB1, .path = "/media/kim/ONCESTICK", .type = "exfat", .source = "/dev/sdb1", .options = "rw"};
}

START_TEST(root_mounts_for_this_process_alone)
{
	struct stat st;
	char point[REFORMAT_POINT_MAX];

	takes("/dev/sdb1");
	makes(E_OK);
	outside.log[0] = '\0';
	ck_assert_int_eq(told(reformat_mount(&r, &env, &f)), E_OK);
	ck_assert(r.ours);
	strcpy(point, r.point);
	ck_assert_int_eq(stat(point, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	reformat_unmount(&r, &env);
	ck_assert_ptr_nonnull(strstr(outside.log, "mount -i -t exfat -o nosuid,nodev,noexec /dev/sdb1 /tmp/oncestick-"));
	ck_assert_ptr_nonnull(strstr(outside.log, "\numount -i /tmp/oncestick-"));
	ck_assert_int_ne(stat(point, &st), 0);
	reformat_unmount(&r, &env);
	ck_assert_uint_eq(outside.runs, 3);
}
END_TEST

START_TEST(a_remount_takes_a_new_folder)
{
	char first[REFORMAT_POINT_MAX];

	takes("/dev/sdb");
	makes(E_OK);
	ck_assert_int_eq(told(reformat_mount(&r, &env, &f)), E_OK);
	strcpy(first, r.point);
	outside.log[0] = '\0';
	ck_assert_int_eq(told(reformat_remount(&r, &env, &f)), E_OK);
	ck_assert(r.ours);
	ck_assert_str_ne(r.point, first);
	ck_assert_int_ne(access(first, F_OK), 0);
	ck_assert_ptr_nonnull(strstr(outside.log, "umount -i /tmp/oncestick-"));
	ck_assert_ptr_nonnull(strstr(outside.log, "\nmount -i -t exfat -o nosuid,nodev,noexec /dev/sdb1 /tmp/oncestick-"));
	reformat_unmount(&r, &env);
}
END_TEST

START_TEST(a_partition_table_that_is_lost_is_noticed)
{
	takes("/dev/sdb");
	makes(E_OK);
	ck_assert_int_eq(told(reformat_mount(&r, &env, &f)), E_OK);
	outside.head ^= 1;
	ck_assert_int_eq(told(reformat_remount(&r, &env, &f)), E_STICK_IO);
	ck_assert(!r.ours);
	ck_assert_str_eq(r.point, "");
}
END_TEST

START_TEST(a_mount_that_fails_leaves_no_folder)
{
	takes("/dev/sdb1");
	makes(E_OK);
	outside.status[1] = 32;
	outside.says = "unknown filesystem type 'exfat'";
	ck_assert_int_eq(told(reformat_mount(&r, &env, &f)), E_FILESYSTEM);
	ck_assert_ptr_nonnull(strstr(said(), "unknown filesystem type"));
	ck_assert(!r.ours);
	ck_assert_str_eq(r.point, "");
	reformat_unmount(&r, &env);
	ck_assert_uint_eq(outside.runs, 2);
}
END_TEST

START_TEST(the_desktop_mounts_for_an_ordinary_user)
{
	env.root = false;
	takes("/dev/sdb1");
	makes(E_OK);
	outside.runs = 0;
	outside.log[0] = '\0';
	outside.then = desktop_mounts;
	outside.status[0] = 1; /* an automounter was faster */
	ck_assert_int_eq(told(reformat_mount(&r, &env, &f)), E_OK);
	ck_assert_str_eq(outside.log, "udisksctl mount --no-user-interaction -b /dev/sdb1\n");
	ck_assert_str_eq(r.point, "/media/kim/ONCESTICK");
	ck_assert(!r.ours);
	reformat_unmount(&r, &env);
	ck_assert_uint_eq(outside.runs, 1);
}
END_TEST

START_TEST(without_a_desktop_the_next_step_is_named)
{
	env.root = false;
	shell("rm tools/udisksctl");
	takes("/dev/sdb1");
	makes(E_OK);
	ck_assert_int_eq(told(reformat_mount(&r, &env, &f)), E_NO_STICK);
	ck_assert_ptr_nonnull(strstr(said(), "/dev/sdb1 is formatted"));
	ck_assert_uint_eq(outside.runs, 1);
}
END_TEST

/* ---- tools ------------------------------------------------------------------------------------------------------------- */

static int
run_script(const char *text, const char *input, char said[TOOL_SAID])
{
	char path[TOOL_PATH_MAX];
	const char *const argv[] = {path, "one word", NULL};

	put("tools/script", text);
	shell("chmod 755 tools/script");
	ck_assert_int_eq(tool_find(path, tools, "script"), 0);
	return tool_run(argv, input, said);
}

START_TEST(a_tool_gets_words_and_input_and_nothing_else)
{
	char said[TOOL_SAID];

	setenv("SECRET", "x", 1);
	ck_assert_int_eq(run_script("#!/bin/sh\nread l\n[ \"$#:$1:$l:$SECRET\" = '1:one word:line:' ]\n", "line\n", said), 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(run_script("#!/bin/sh\n! read l\n", NULL, said), 0);
}
END_TEST

START_TEST(the_end_of_a_tool_is_told)
{
	char said[TOOL_SAID];
	const char *const missing[] = {"/nonexistent/tool", NULL};

	ck_assert_int_eq(run_script("#!/bin/sh\necho first; echo second >&2; printf 'a\\033b\\n'; exit 7\n", NULL, said), 7);
	ck_assert_ptr_null(strchr(said, '\033'));
	ck_assert_int_eq(said[0], 'a');
	ck_assert_int_eq(run_script("#!/bin/sh\nkill -9 $$\n", NULL, said), 128 + 9);
	ck_assert_int_eq(tool_run(missing, NULL, said), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(much_output_does_not_block_a_tool)
{
	char said[TOOL_SAID];

	ck_assert_int_eq(run_script("#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x; echo; echo last\n", NULL, said), 0);
	ck_assert_str_eq(said, "last");
}
END_TEST

START_TEST(a_tool_is_found_in_the_first_directory)
{
	char path[TOOL_PATH_MAX], dirs[300], want[300];

	snprintf(dirs, sizeof dirs, "/nonexistent::%s:%s/other", tools, top);
	snprintf(want, sizeof want, "%s/sfdisk", tools);
	shell("mkdir other && cp -p tools/sfdisk other/");
	ck_assert_int_eq(tool_find(path, dirs, "sfdisk"), 0);
	ck_assert_str_eq(path, want);
	ck_assert_int_eq(tool_find(path, dirs, "nothing"), -1);
	ck_assert_int_eq(tool_find(path, "", "sfdisk"), -1);
}
END_TEST

SUITE("reformat", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, types_have_names);
	tcase_add_test(t, a_stick_is_taken);
	tcase_add_test(t, what_is_no_usb_device_is_refused);
	tcase_add_test(t, a_name_that_means_another_device_is_refused);
	tcase_add_test(t, the_disk_this_pc_runs_from_is_refused);
	tcase_add_test(t, another_partition_of_the_system_disk_is_refused);
	tcase_add_test(t, what_is_mounted_is_refused);
	tcase_add_test(t, what_is_in_use_is_refused);
	tcase_add_test(t, what_the_kernel_says_is_in_use_is_refused);
	tcase_add_test(t, without_the_right_to_write_it_is_refused);
	tcase_add_test(t, a_write_protected_stick_is_refused);
	tcase_add_test(t, sizes_that_cannot_be_are_refused);
	tcase_add_test(t, a_missing_tool_is_noticed_before_anything_is_done);
	tcase_add_test(t, everything_that_will_be_lost_is_shown);
	tcase_add_test(t, a_label_from_hell_is_shown_safely);
	tcase_add_test(t, only_the_very_name_confirms);
	tcase_add_test(t, only_the_whole_serial_number_confirms);
	tcase_add_test(t, a_disk_gets_a_table_and_files);
	tcase_add_test(t, a_partition_gets_files_alone);
	tcase_add_test(t, files_get_the_label_that_the_caller_wants);
	tcase_add_test(t, vfat_has_its_own_type_in_the_table);
	tcase_add_test(t, an_exchanged_stick_is_not_touched);
	tcase_add_test(t, a_stick_that_was_mounted_meanwhile_is_not_touched);
	tcase_add_test(t, a_tool_that_fails_is_quoted);
	tcase_add_test(t, the_new_partition_is_waited_for);
	tcase_add_test(t, root_mounts_for_this_process_alone);
	tcase_add_test(t, a_remount_takes_a_new_folder);
	tcase_add_test(t, a_partition_table_that_is_lost_is_noticed);
	tcase_add_test(t, a_mount_that_fails_leaves_no_folder);
	tcase_add_test(t, the_desktop_mounts_for_an_ordinary_user);
	tcase_add_test(t, without_a_desktop_the_next_step_is_named);
	tcase_add_test(t, a_tool_gets_words_and_input_and_nothing_else);
	tcase_add_test(t, the_end_of_a_tool_is_told);
	tcase_add_test(t, much_output_does_not_block_a_tool);
	tcase_add_test(t, a_tool_is_found_in_the_first_directory);
}
