/* Identity of USB sticks, on a sysfs made of ordinary files: serial numbers of every kind, partitions, readers, the list. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <check.h>

#include "bytes.h"
#include "suite.h"
#include "usb.h"
#include "usb_list.h"

#define HUB "devices/pci0000:00/0000:00:14.0/usb1"
#define SDB makedev(8, 16)
#define SDB1 makedev(8, 17)
#define SDB2 makedev(8, 18)

static char sys[64];

/* ---- a sysfs ---------------------------------------------------------------------------------------------------------------- */

static void
make_sysfs(void)
{
	const char *tmp = getenv("TMPDIR");
	char command[PATH_MAX];

	snprintf(sys, sizeof sys, "%.30s/check_usb.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(sys));
	snprintf(command, sizeof command, "cd '%s' && mkdir -p dev/block block bus/usb/devices udev " HUB, sys);
	ck_assert_int_eq(system(command), 0);
}

static void
remove_sysfs(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof command, "rm -rf '%s'", sys);
	ck_assert_int_eq(system(command), 0);
}

static void
put_bytes(const char *dir, const char *name, const void *p, size_t n)
{
	char path[PATH_MAX];
	FILE *out = NULL;

	snprintf(path, sizeof path, "%s/%s/%s", sys, dir, name);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(p, 1, n, out), n);
	ck_assert_int_eq(fclose(out), 0);
}

static void
put(const char *dir, const char *name, const char *text)
{
	put_bytes(dir, name, text, strlen(text));
}

static void
forget(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s/%s", sys, dir, name);
	ck_assert_int_eq(unlink(path), 0);
}

static void
make_dir(const char *dir)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof command, "mkdir -p '%s/%s'", sys, dir);
	ck_assert_int_eq(system(command), 0);
}

static void
link_to(const char *dir, const char *from)
{
	char target[PATH_MAX], path[PATH_MAX];

	snprintf(target, sizeof target, "%s/%s", sys, dir);
	snprintf(path, sizeof path, "%s/%s", sys, from);
	ck_assert_int_eq(symlink(target, path), 0);
}

/* Good until 64 more were made. */
__attribute__((format(printf, 1, 2))) static const char *
format(const char *fmt, ...)
{
	static char text[64][512];
	static unsigned n;
	va_list args;

	n = (n + 1) % 64;
	va_start(args, fmt);
	vsnprintf(text[n], sizeof text[n], fmt, args);
	va_end(args);
	return text[n];
}

/* A device in a port ("1-2"), without a disk. */
static const char *
add_device(const char *port, unsigned address, const char *serial)
{
	const char *dir = format("%s/%s", HUB, port), *last = strrchr(dir, '/') + 1;

	make_dir(dir);
	put(dir, "idVendor", "0951\n");
	put(dir, "idProduct", "1666\n");
	put(dir, "manufacturer", "Kingston\n");
	put(dir, "product", "DataTraveler 3.0\n");
	put(dir, "speed", "480\n");
	put(dir, "busnum", "1\n");
	put(dir, "devnum", format("%u\n", address));
	if (serial != NULL)
		put(dir, "serial", format("%s\n", serial));
	link_to(dir, format("bus/usb/devices/%s", last));
	return dir;
}

/* A disk of a device: lun 0 is "sdb" 8:16, lun 1 "sdc" 8:32. */
static const char *
add_disk(const char *device, unsigned lun, const char *sectors)
{
	const char *dir = format("%s/1-1:1.0/host6/target6:0:0/6:0:0:%u/block/sd%c", device, lun, 'b' + (char)lun);

	make_dir(dir);
	put(dir, "dev", format("8:%u\n", 16 * (lun + 1)));
	put(dir, "size", sectors);
	put(dir, "removable", "1\n");
	put(dir, "ro", "0\n");
	link_to(dir, format("dev/block/8:%u", 16 * (lun + 1)));
	link_to(dir, format("block/sd%c", 'b' + (char)lun));
	return dir;
}

static const char *
add_partition(const char *disk, unsigned n)
{
	const char *dir = format("%s/sdb%u", disk, n);

	make_dir(dir);
	put(dir, "dev", format("8:%u\n", 16 + n));
	put(dir, "size", "2048\n");
	put(dir, "ro", "0\n");
	put(dir, "partition", format("%u\n", n));
	link_to(dir, format("dev/block/8:%u", 16 + n));
	return dir;
}

/* The usual one: a stick with one partition. */
static const char *
add_stick(const char *serial)
{
	static char device[PATH_MAX];

	strcpy(device, add_device("1-1", 4, serial));
	add_partition(add_disk(device, 0, "60437492\n"), 1);
	return device;
}

static struct usb_device
find(dev_t dev)
{
	struct usb_device d;

	ck_assert_int_eq(usb_find(&d, sys, dev), 0);
	return d;
}

/* ---- identity --------------------------------------------------------------------------------------------------------------- */

static void
check_factor(const struct usb_device *d, const char *want, const char *want_hint)
{
	uint8_t factor[HASH_SIZE], hint[USB_HINT_SIZE];
	char hex[2 * HASH_SIZE + 1];

	ck_assert_int_eq(usb_factor(d, factor, hint), 0);
	bytes_to_hex(hex, factor, sizeof factor);
	ck_assert_str_eq(hex, want);
	bytes_to_hex(hex, hint, sizeof hint);
	ck_assert_str_eq(hex, want_hint);
}

START_TEST(factor_and_hint_are_those_of_the_vectors)
{
	struct usb_device d;

	add_stick("E0D55EA57430");
	d = find(SDB1);
	ck_assert_uint_eq(d.vid, 0x0951);
	ck_assert_uint_eq(d.pid, 0x1666);
	ck_assert_str_eq(d.serial, "E0D55EA57430");
	ck_assert_uint_eq(d.warnings, 0);
	check_factor(&d, "be816893cccaebabc1a9e8633e2c9e98a3ec6cc5487a402e6baea7aebe327a3b", "b95f8280");
}
END_TEST

START_TEST(spaces_in_a_serial_do_not_count)
{
	struct usb_device d;

	add_stick(" E0D55E A57430  ");
	d = find(SDB1);
	check_factor(&d, "be816893cccaebabc1a9e8633e2c9e98a3ec6cc5487a402e6baea7aebe327a3b", "b95f8280");
}
END_TEST

START_TEST(a_serial_number_is_known_as_people_see_it)
{
	static const struct {
		const char *device, *text;
		bool same;
	} cases[] = {
	    {"E0D55EA57430", "E0D55EA57430", true},
	    {"  AA 04 0127/7 ", "  AA 04 0127/7 ", true},
	    {"  AA 04 0127/7 ", "AA 04 0127/7", true},
	    {"  AA 04 0127/7 ", "AA040127/7", true},
	    {"  AA  04 0127/7 ", "AA_04_0127_7", true},
	    {"  AA 04 0127/7 ", "Make_Model_AA_04_0127_7-0:0", true},
	    {"AA04", "Make_Model_AA04-0:0", true},
	    {"Gr\303\266\303\237e 1", "Gr\303\266\303\237e 1", true},
	    {"Gr\303\266\303\237e 1", "Gr\303\266\303\237e_1", true},
	    {"AA04", "Make_Model_AA04", false},
	    {"AA04", "_AA04-10:09", true},
	    {"AA04", "Make_Model_AA04-9:9", true},
	    {"09AZaz#+-.:=@_/[`{\177 \016\010", "09AZaz#+-.:=@_________", true},
	    {"\200\377\t\r\v 1", "\200\377_1", true},
	    {"AA04", "XAA04-0:0", false},
	    {"AA04", "AA04-0:0", false},
	    {"AA04", "Make_Model_AA04-0:", false},
	    {"AA04", "Make_Model_AA04-:0", false},
	    {"AA04", "Make_Model_AA04_0:0", false},
	    {"AA04", "Make_Model_AA040:0", false},
	    {"AA04", "Make_Model_AA04-0-0", false},
	    {"AA04", "Make_Model_AA04-/:0", false},
	    {"AA04", "Make_Model_AA04-0::", false},
	    {"AA04", "00", false},
	    {"AA04", "0:00", false},
	    {"1", "1-0:0", false},
	    {"AA04", "AA0", false},
	    {"AA04", "AA045", false},
	    {"AA04", "aa04", false},
	    {"AA04", "", false},
	    {"", "", false},
	    {"   ", " ", false},
	    {"   ", "", false},
	};
	struct usb_device d = {0};
	char padded[USB_RAW_MAX + 1];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		strcpy(d.serial_raw, cases[i].device);
		ck_assert_int_eq(usb_has_serial(&d, cases[i].text, strlen(cases[i].text)), cases[i].same);
	}
	memset(padded, ' ', sizeof padded);
	memcpy(padded, "AA04", 4);
	strcpy(d.serial_raw, "AA04");
	ck_assert(usb_has_serial(&d, padded, USB_RAW_MAX));
	ck_assert(!usb_has_serial(&d, padded, USB_RAW_MAX + 1));
	add_stick("AA 04 ");
	ck_assert_str_eq(find(SDB1).serial_raw, "AA 04 ");
}
END_TEST

START_TEST(serial_needs_no_final_newline)
{
	const char *dir = add_stick(NULL);
	struct usb_device d;

	put(dir, "serial", "E0D55EA57430");
	d = find(SDB1);
	ck_assert_str_eq(d.serial, "E0D55EA57430");
}
END_TEST

/* What can be no identity, each with its length. */
static const struct {
	const char *bytes;
	size_t n;
} nothing[] = {
    {"", 0},
    {"\n", 1},
    {"   \n", 4},
    {"E0D55E\nA57430\n", 14},
    {"E0D55EA57430\n\n", 14},
    {"E0D55EA57430\r\n", 14},
    {"E0D55\tA57430\n", 13},
    {"E0D55EA5743\303\266\n", 14},
    {"E0D55EA5743\377\n", 13},
    {"E0D55E\0A57430\n", 14},
    {"E0D55EA57430\x7f\n", 14},
    {"\033[31mE0D55EA57430\n", 18},
};

/* hostile 60 */
START_TEST(serial_that_can_be_no_identity)
{
	const char *dir = add_stick(NULL);
	uint8_t factor[HASH_SIZE] = {7}, hint[USB_HINT_SIZE] = {7};
	struct usb_device d;

	put_bytes(dir, "serial", nothing[_i].bytes, nothing[_i].n);
	d = find(SDB1);
	ck_assert_str_eq(d.serial, "");
	ck_assert_uint_eq(d.warnings, USB_NO_IDENTITY);
	ck_assert_int_eq(usb_factor(&d, factor, hint), -1);
	ck_assert_uint_eq(factor[0], 7);
	ck_assert_uint_eq(hint[0], 7);
}
END_TEST

/* hostile 60 */
START_TEST(device_without_serial_has_no_identity)
{
	struct usb_device d;

	add_stick(NULL);
	d = find(SDB1);
	ck_assert_uint_eq(d.warnings, USB_NO_IDENTITY);
	ck_assert_str_eq(d.vendor, "Kingston");
}
END_TEST

/* hostile 60 */
START_TEST(serial_of_126_characters_is_one_and_of_127_is_none)
{
	char serial[130];
	const char *dir = add_stick(NULL);
	struct usb_device d;

	for (int i = 0; i < 126; i++)
		serial[i] = (char)('A' + i % 26);
	strcpy(serial + 126, "\n");
	put(dir, "serial", serial);
	d = find(SDB1);
	ck_assert_uint_eq(strlen(d.serial), 126);
	strcpy(serial + 126, "Z\n");
	put(dir, "serial", serial);
	d = find(SDB1);
	ck_assert_str_eq(d.serial, "");
	strcpy(serial + 126, " \n");
	put(dir, "serial", serial);
	d = find(SDB1);
	ck_assert_uint_eq(strlen(d.serial), 126);
}
END_TEST

/* hostile 60 */
START_TEST(serial_file_without_end_is_no_identity)
{
	static char much[8192];
	const char *dir = add_stick(NULL);
	struct usb_device d;

	memset(much, ' ', sizeof much);
	memcpy(much, "E0D55EA57430", 12);
	put_bytes(dir, "serial", much, sizeof much);
	d = find(SDB1);
	ck_assert_str_eq(d.serial, "");
}
END_TEST

/* hostile 60 */
START_TEST(same_serial_of_another_product_is_another_identity)
{
	uint8_t a[HASH_SIZE], b[HASH_SIZE], ha[USB_HINT_SIZE], hb[USB_HINT_SIZE];
	const char *dir = add_stick("E0D55EA57430");
	struct usb_device d = find(SDB1);

	ck_assert_int_eq(usb_factor(&d, a, ha), 0);
	put(dir, "idProduct", "1667\n");
	d = find(SDB1);
	ck_assert_int_eq(usb_factor(&d, b, hb), 0);
	ck_assert_mem_ne(a, b, HASH_SIZE);
	ck_assert_mem_ne(ha, hb, USB_HINT_SIZE);
}
END_TEST

/* hostile 60 */
START_TEST(same_stick_in_another_port_is_the_same_identity)
{
	struct usb_device d;

	make_dir(HUB "/1-3");
	put(HUB "/1-3", "idVendor", "05e3\n");
	put(HUB "/1-3", "idProduct", "0610\n");
	put(HUB "/1-3", "serial", "HUB000001\n");
	add_partition(add_disk(add_device("1-3/1-3.4", 9, "E0D55EA57430"), 0, "60437492\n"), 1);
	d = find(SDB1);
	ck_assert_uint_eq(d.address, 9);
	check_factor(&d, "be816893cccaebabc1a9e8633e2c9e98a3ec6cc5487a402e6baea7aebe327a3b", "b95f8280");
}
END_TEST

START_TEST(hub_does_not_lend_its_serial)
{
	struct usb_device d;

	put(HUB, "idVendor", "1d6b\n");
	put(HUB, "idProduct", "0002\n");
	put(HUB, "serial", "0000:00:14.0\n");
	add_stick(NULL);
	d = find(SDB1);
	ck_assert_uint_eq(d.vid, 0x0951);
	ck_assert_str_eq(d.serial, "");
}
END_TEST

START_TEST(broken_vendor_is_no_device)
{
	static const char *const wrong[] = {"", "\n", "xyz\n", "10951\n", "-951\n", " 951\n", "0951 \n"};
	const char *dir = add_stick("E0D55EA57430");
	struct usb_device d;

	put(dir, "idVendor", wrong[_i]);
	memset(&d, 7, sizeof d);
	ck_assert_int_eq(usb_find(&d, sys, SDB1), -1);
	ck_assert_uint_eq(d.vid, 0);
	ck_assert_str_eq(d.serial, "");
}
END_TEST

/* ---- warnings --------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *serial;
	unsigned warnings;
} weak[] = {
    {"12345", USB_SERIAL_SHORT},
    {"123456", 0},
    {"0000000000000000", USB_SERIAL_PLAIN},
    {"ABABABAB", USB_SERIAL_PLAIN},
    {"ABABABAC", 0},
    {"1", USB_SERIAL_SHORT | USB_SERIAL_PLAIN},
    {"1 2 3 4 5", USB_SERIAL_SHORT},
};

START_TEST(weak_serial_is_warned_about_and_used)
{
	uint8_t factor[HASH_SIZE], hint[USB_HINT_SIZE];
	struct usb_device d;

	add_stick(weak[_i].serial);
	d = find(SDB1);
	ck_assert_uint_eq(d.warnings, weak[_i].warnings);
	ck_assert_int_eq(usb_factor(&d, factor, hint), 0);
}
END_TEST

START_TEST(reader_is_known_by_its_name)
{
	const char *dir = add_stick("000000000820");
	struct usb_device d;

	put(dir, "product", "Multi-Card Reader\n");
	d = find(SDB1);
	ck_assert_uint_eq(d.warnings, USB_CARD_READER);
}
END_TEST

START_TEST(reader_is_known_by_several_slots)
{
	const char *dir = add_stick("0000000008203");
	struct usb_device d;

	add_disk(dir, 1, "0\n");
	d = find(SDB1);
	ck_assert_uint_eq(d.luns, 2);
	ck_assert_uint_eq(d.warnings, USB_CARD_READER);
}
END_TEST

START_TEST(neighbour_in_the_next_port_is_no_second_slot)
{
	struct usb_device d;

	add_stick("E0D55EA57430");
	add_disk(add_device("1-10", 5, "ABCDEF123456"), 1, "1000\n");
	d = find(SDB1);
	ck_assert_uint_eq(d.luns, 1);
	ck_assert_uint_eq(d.warnings, 0);
}
END_TEST

/* ---- the disk --------------------------------------------------------------------------------------------------------------- */

START_TEST(partition_leads_to_its_disk)
{
	struct usb_device d;

	add_stick("E0D55EA57430");
	d = find(SDB1);
	ck_assert_str_eq(d.name, "sdb1");
	ck_assert_str_eq(d.disk, "sdb");
	ck_assert(d.partition);
	ck_assert(d.removable);
	ck_assert(!d.read_only);
	ck_assert_uint_eq(d.bytes, 2048 * 512);
	d = find(SDB);
	ck_assert_str_eq(d.name, "sdb");
	ck_assert_str_eq(d.disk, "sdb");
	ck_assert(!d.partition);
	ck_assert_uint_eq(d.bytes, 60437492ull * 512);
	ck_assert_str_eq(d.serial, "E0D55EA57430");
}
END_TEST

START_TEST(disk_that_is_write_protected_protects_its_partitions)
{
	struct usb_device d;

	add_stick("E0D55EA57430");
	put(HUB "/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", "ro", "1\n");
	d = find(SDB1);
	ck_assert(d.read_only);
}
END_TEST

START_TEST(names_are_safe_to_print)
{
	const char *dir = add_stick("E0D55EA57430");
	char shown[USB_SHOWN_SIZE];
	struct usb_device d;

	put(dir, "product", "  \033[2Jevil\303\266  \n");
	d = find(SDB1);
	ck_assert_str_eq(d.product, "?[2Jevil??");
	usb_show(shown, sizeof shown, &d);
	ck_assert_str_eq(shown, "Kingston ?[2Jevil??, serial number E0D55EA57430");
	usb_show(shown, sizeof shown, NULL);
	ck_assert_str_eq(shown, "not a USB device");
	put(dir, "product", "Kingston DT\n");
	put(dir, "serial", "\n");
	d = find(SDB1);
	usb_show(shown, sizeof shown, &d);
	ck_assert_str_eq(shown, "Kingston DT, without a serial number");
	forget(dir, "manufacturer");
	forget(dir, "product");
	d = find(SDB1);
	usb_show(shown, sizeof shown, &d);
	ck_assert_str_eq(shown, "a USB device without a name, without a serial number");
}
END_TEST

START_TEST(disk_names_what_the_device_does_not)
{
	const char *dir = add_stick("E0D55EA57430");
	const char *scsi = HUB "/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/device";
	struct usb_device d;

	make_dir(scsi);
	put(scsi, "vendor", "SanDisk \n");
	put(scsi, "model", "Ultra           \n");
	forget(dir, "manufacturer");
	forget(dir, "product");
	d = find(SDB1);
	ck_assert_str_eq(d.vendor, "SanDisk");
	ck_assert_str_eq(d.product, "Ultra");
}
END_TEST

START_TEST(speed_has_a_name)
{
	static const struct {
		unsigned speed;
		const char *name;
	} names[] = {{0, ""}, {12, "USB 1, 12 Mbit/s"}, {480, "USB 2, 480 Mbit/s"}, {5000, "USB 3, 5 Gbit/s"},
	    {20000, "USB 3, 20 Gbit/s"}, {40000, "USB 4, 40 Gbit/s"}};
	char out[USB_SPEED_SIZE];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		usb_speed(out, sizeof out, &(struct usb_device){.speed = names[i].speed});
		ck_assert_str_eq(out, names[i].name);
	}
}
END_TEST

START_TEST(disk_that_is_not_on_usb_is_none)
{
	struct usb_device d;

	make_dir("devices/pci0000:00/ata1/host0/target0:0:0/0:0:0:0/block/sda");
	link_to("devices/pci0000:00/ata1/host0/target0:0:0/0:0:0:0/block/sda", "dev/block/8:0");
	ck_assert_int_eq(usb_find(&d, sys, makedev(8, 0)), -1);
	ck_assert_int_eq(usb_find(&d, sys, makedev(9, 9)), -1);
	ck_assert_int_eq(usb_find(&d, "/nonexistent", SDB1), -1);
	ck_assert_str_eq(d.dir, "");
}
END_TEST

/* ids of something above sysfs itself, as a mount point below a checkout might have, are nobody's. */
START_TEST(search_ends_at_the_top_of_sysfs)
{
	struct usb_device d;

	put(".", "idVendor", "0951\n");
	put(".", "idProduct", "1666\n");
	put(".", "serial", "E0D55EA57430\n");
	make_dir("devices/virtual/block/loop0");
	link_to("devices/virtual/block/loop0", "dev/block/7:0");
	ck_assert_int_eq(usb_find(&d, sys, makedev(7, 0)), -1);
}
END_TEST

START_TEST(directory_leads_to_its_device)
{
	char path[PATH_MAX];
	struct stat st;
	struct usb_device d;
	uint8_t factor[HASH_SIZE], hint[USB_HINT_SIZE];
	struct usb_dir where = {sys, -1};
	int fd = -1;
	FILE *in = fopen(sys, "r");

	ck_assert_ptr_nonnull(in);
	fd = fileno(in);
	ck_assert_int_eq(fstat(fd, &st), 0);
	where.fd = fd;
	ck_assert_int_eq(usb_dir_factor(&where, factor, hint), -1);
	add_stick("E0D55EA57430");
	snprintf(path, sizeof path, "dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	link_to(HUB "/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/sdb1", path);
	ck_assert_int_eq(usb_find_dir(&d, sys, fd), 0);
	ck_assert_str_eq(d.name, "sdb1");
	ck_assert_int_eq(usb_dir_factor(&where, factor, hint), 0);
	ck_assert_uint_eq(hint[0], 0xb9);
	fclose(in);
	where.fd = -1;
	ck_assert_int_eq(usb_dir_factor(&where, factor, hint), -1);
}
END_TEST

/* ---- the list --------------------------------------------------------------------------------------------------------------- */

static struct mountinfo mounted[4]; /* ends with path NULL */

static int
fake_mounts(int (*each)(void *arg, const struct mountinfo *m), void *arg)
{
	int result = 0;

	for (size_t i = 0; result == 0 && mounted[i].path != NULL; i++)
		result = each(arg, &mounted[i]);
	return result;
}

static size_t
fake_storage(struct usb_bus_address *out, size_t max)
{
	ck_assert_uint_ge(max, 3);
	out[0] = (struct usb_bus_address){1, 4};
	out[1] = (struct usb_bus_address){1, 7};
	out[2] = (struct usb_bus_address){3, 7}; /* gone by now */
	return 3;
}

static struct usb_list_volume *list;
static size_t count;

static void
make_list(void)
{
	char udev[96];
	struct usb_list_source source = {sys, udev, fake_mounts, fake_storage};
	struct fault f = {0};

	snprintf(udev, sizeof udev, "%s/udev", sys);
	free(list);
	ck_assert_int_eq(usb_list(&list, &count, &source, &f), E_OK);
}

static void
end_list(void)
{
	free(list);
	list = NULL;
	memset(mounted, 0, sizeof mounted);
	remove_sysfs();
}

START_TEST(no_stick_is_an_empty_list)
{
	make_list();
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_null(list);
}
END_TEST

START_TEST(pc_without_sysfs_is_an_empty_list)
{
	struct usb_list_source source = {"/nonexistent", NULL, fake_mounts, NULL};
	struct fault f = {0};

	ck_assert_int_eq(usb_list(&list, &count, &source, &f), E_OK);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(mounted_partition_is_fit)
{
	mounted[0] = (struct mountinfo){SDB1, "/media/kim/USB", "exfat", "/dev/sdb1", "rw,uid=1000"};
	add_stick("E0D55EA57430");
	make_list();
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(list[0].usb.name, "sdb1");
	ck_assert_str_eq(list[0].point, "/media/kim/USB");
	ck_assert_str_eq(list[0].fs, "exfat");
	ck_assert_int_eq(list[0].unfit, USB_LIST_FIT);
}
END_TEST

START_TEST(udev_knows_what_is_not_mounted)
{
	add_stick("E0D55EA57430");
	put("udev", "b8:17", "S:disk/by-uuid/1234\nE:ID_FS_TYPE=vfat\nE:ID_FS_USAGE=filesystem\n");
	make_list();
	ck_assert_str_eq(list[0].point, "");
	ck_assert_str_eq(list[0].fs, "vfat");
	ck_assert_int_eq(list[0].unfit, USB_LIST_FIT);
	put("udev", "b8:17", "S:disk/by-uuid/1234\n");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_NO_FILES);
	put("udev", "b8:17", "E:ID_FS_TYPE=crypto_LUKS\n");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_HELD);
	forget("udev", "b8:17");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_FIT);
}
END_TEST

START_TEST(partitions_come_in_order_and_disk_without_any_stands_for_itself)
{
	const char *dir = add_stick("E0D55EA57430");

	add_partition(HUB "/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", 2);
	add_disk(dir, 1, "4096\n");
	make_list();
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(list[0].usb.name, "sdb1");
	ck_assert_str_eq(list[1].usb.name, "sdb2");
	ck_assert_str_eq(list[2].usb.name, "sdc");
}
END_TEST

START_TEST(device_without_disk_is_listed_last)
{
	add_device("1-2", 7, "WITHOUT-DISK");
	add_stick("E0D55EA57430");
	make_list();
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(list[0].usb.name, "sdb1");
	ck_assert_str_eq(list[1].usb.name, "");
	ck_assert_str_eq(list[1].usb.serial, "WITHOUT-DISK");
	ck_assert_int_eq(list[1].unfit, USB_LIST_NO_DISK);
}
END_TEST

START_TEST(empty_slot_has_no_medium)
{
	add_disk(add_device("1-1", 4, "E0D55EA57430"), 0, "0\n");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_NO_MEDIUM);
}
END_TEST

START_TEST(disk_that_the_system_runs_from_is_not_offered)
{
	mounted[0] = (struct mountinfo){SDB2, "/", "ext4", "/dev/sdb2", "rw"};
	mounted[1] = (struct mountinfo){SDB1, "/media/kim/USB", "exfat", "/dev/sdb1", "rw"};
	add_stick("E0D55EA57430");
	add_partition(HUB "/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", 2);
	make_list();
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(list[0].unfit, USB_LIST_SYSTEM);
	ck_assert_int_eq(list[1].unfit, USB_LIST_SYSTEM);
}
END_TEST

START_TEST(read_only_is_told_apart)
{
	mounted[0] = (struct mountinfo){SDB1, "/media/kim/USB", "exfat", "/dev/sdb1", "ro,uid=1000"};
	add_stick("E0D55EA57430");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_MOUNTED_RO);
	put(HUB "/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", "ro", "1\n");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_READ_ONLY);
}
END_TEST

START_TEST(copy_on_write_is_not_offered)
{
	mounted[0] = (struct mountinfo){SDB1, "/media/kim/USB", "btrfs", "/dev/sdb1", "rw"};
	add_stick("E0D55EA57430");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_COPY_ON_WRITE);
}
END_TEST

START_TEST(partition_that_something_is_built_on_is_not_offered)
{
	add_stick("E0D55EA57430");
	make_dir(HUB "/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/sdb1/holders/dm-0");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_HELD);
}
END_TEST

START_TEST(reader_without_identity_is_not_offered)
{
	const char *dir = add_stick(NULL);

	mounted[0] = (struct mountinfo){SDB1, "/media/kim/SD", "exfat", "/dev/sdb1", "rw"};
	put(dir, "product", "Card Reader\n");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_READER);
	put(dir, "serial", "000000000820\n");
	make_list();
	ck_assert_int_eq(list[0].unfit, USB_LIST_FIT);
}
END_TEST

static TCase *
group(Suite *s, const char *name, void (*teardown)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, make_sysfs, teardown);
	suite_add_tcase(s, t);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("usb");
	TCase *t = group(s, "identity", remove_sysfs);

	tcase_add_test(t, factor_and_hint_are_those_of_the_vectors);
	tcase_add_test(t, spaces_in_a_serial_do_not_count);
	tcase_add_test(t, a_serial_number_is_known_as_people_see_it);
	tcase_add_test(t, serial_needs_no_final_newline);
	tcase_add_loop_test(t, serial_that_can_be_no_identity, 0, sizeof nothing / sizeof nothing[0]);
	tcase_add_test(t, device_without_serial_has_no_identity);
	tcase_add_test(t, serial_of_126_characters_is_one_and_of_127_is_none);
	tcase_add_test(t, serial_file_without_end_is_no_identity);
	tcase_add_test(t, same_serial_of_another_product_is_another_identity);
	tcase_add_test(t, same_stick_in_another_port_is_the_same_identity);
	tcase_add_test(t, hub_does_not_lend_its_serial);
	tcase_add_loop_test(t, broken_vendor_is_no_device, 0, 7);
	tcase_add_loop_test(t, weak_serial_is_warned_about_and_used, 0, sizeof weak / sizeof weak[0]);
	tcase_add_test(t, reader_is_known_by_its_name);
	tcase_add_test(t, reader_is_known_by_several_slots);
	tcase_add_test(t, neighbour_in_the_next_port_is_no_second_slot);
	tcase_add_test(t, partition_leads_to_its_disk);
	tcase_add_test(t, disk_that_is_write_protected_protects_its_partitions);
	tcase_add_test(t, names_are_safe_to_print);
	tcase_add_test(t, disk_names_what_the_device_does_not);
	tcase_add_test(t, speed_has_a_name);
	tcase_add_test(t, disk_that_is_not_on_usb_is_none);
	tcase_add_test(t, search_ends_at_the_top_of_sysfs);
	tcase_add_test(t, directory_leads_to_its_device);
	t = group(s, "list", end_list);
	tcase_add_test(t, no_stick_is_an_empty_list);
	tcase_add_test(t, pc_without_sysfs_is_an_empty_list);
	tcase_add_test(t, mounted_partition_is_fit);
	tcase_add_test(t, udev_knows_what_is_not_mounted);
	tcase_add_test(t, partitions_come_in_order_and_disk_without_any_stands_for_itself);
	tcase_add_test(t, device_without_disk_is_listed_last);
	tcase_add_test(t, empty_slot_has_no_medium);
	tcase_add_test(t, disk_that_the_system_runs_from_is_not_offered);
	tcase_add_test(t, read_only_is_told_apart);
	tcase_add_test(t, copy_on_write_is_not_offered);
	tcase_add_test(t, partition_that_something_is_built_on_is_not_offered);
	tcase_add_test(t, reader_without_identity_is_not_offered);
	return suite_run(s);
}
