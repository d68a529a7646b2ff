#include "usb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "filestat.h"
#include "keytree.h"

#define FILE_MAX 4096u /* a sysfs file is at most a page */
#define SECTOR 512u    /* the unit in sysfs, whatever the device uses */
#define SHORT_SERIAL 6u
#define PLAIN_SERIAL 3u

/* ---- sysfs ---------------------------------------------------------------------------------------------------------------- */

/* The bytes of dir/name without a final newline. -1 if there is no such file, or it is too large. */
static ssize_t
read_raw(const char *dir, const char *name, char out[FILE_MAX])
{
	char path[USB_PATH_MAX + 64];
	ssize_t n = -1;
	int fd = -1;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, out, FILE_MAX);
	close(fd);
	if (n < 0 || n == FILE_MAX)
		return -1;
	return n > 0 && out[n - 1] == '\n' ? n - 1 : n;
}

/* A line for people: printable ASCII, without the blanks that pad it. */
static void
read_text(const char *dir, const char *name, char *out, size_t size)
{
	char raw[FILE_MAX];
	ssize_t n = read_raw(dir, name, raw);
	size_t from = 0, len = 0;

	out[0] = '\0';
	while (n > 0 && (raw[n - 1] == ' ' || raw[n - 1] == '\n'))
		n--;
	while (n > 0 && from < (size_t)n && raw[from] == ' ')
		from++;
	while (n > 0 && from < (size_t)n && len + 1 < size) {
		char c = raw[from++];

		out[len++] = c >= ' ' && c <= '~' ? c : '?';
	}
	out[len] = '\0';
}

/* The number that is the whole content of the file. */
static bool
read_number(const char *dir, const char *name, int base, unsigned long long *out)
{
	char raw[FILE_MAX], *end = NULL;
	ssize_t n = read_raw(dir, name, raw);

	if (n <= 0 || n >= 32)
		return false;
	raw[n] = '\0';
	errno = 0;
	*out = strtoull(raw, &end, base);
	return errno == 0 && (*end == '\0' || *end == '.') && raw[0] != '-' && raw[0] != '+' && raw[0] != ' ';
}

static bool
read_flag(const char *dir, const char *name)
{
	unsigned long long n = 0;

	return read_number(dir, name, 10, &n) && n != 0;
}

static unsigned
read_unsigned(const char *dir, const char *name)
{
	unsigned long long n = 0;

	return read_number(dir, name, 10, &n) && n <= UINT32_MAX ? (unsigned)n : 0;
}

static bool
exists(const char *dir, const char *name)
{
	char path[USB_PATH_MAX + 64];

	return (size_t)snprintf(path, sizeof path, "%s/%s", dir, name) < sizeof path && access(path, F_OK) == 0;
}

/* Where a link in sysfs leads, with all links resolved. */
static bool
resolve(char out[USB_PATH_MAX], const char *path)
{
	char *real = realpath(path, NULL);
	bool fits = real != NULL && strlen(real) < USB_PATH_MAX;

	if (fits)
		snprintf(out, USB_PATH_MAX, "%s", real);
	free(real);
	return fits;
}

/* ---- the device ----------------------------------------------------------------------------------------------------------- */

/* The serial number as an identity uses it: no spaces, only visible ASCII, 1 to 126 characters; otherwise "". */
static void
read_serial(const char *dir, char out[USB_SERIAL_MAX + 1])
{
	char raw[FILE_MAX];
	ssize_t n = read_raw(dir, "serial", raw);
	size_t len = 0;

	out[0] = '\0';
	for (ssize_t i = 0; i < n; i++) {
		if (raw[i] == ' ')
			continue;
		if (raw[i] < 0x21 || raw[i] > 0x7e || len == USB_SERIAL_MAX) {
			out[0] = '\0';
			return;
		}
		out[len++] = raw[i];
		out[len] = '\0';
	}
}

static void
read_raw_serial(const char *dir, char out[USB_RAW_MAX + 1])
{
	char raw[FILE_MAX];
	ssize_t n = read_raw(dir, "serial", raw);

	out[0] = '\0';
	if (n <= 0 || n > (ssize_t)USB_RAW_MAX || memchr(raw, '\0', (size_t)n) != NULL)
		return;
	memcpy(out, raw, (size_t)n);
	out[n] = '\0';
}

static unsigned
different_characters(const char *s)
{
	unsigned n = 0;

	for (size_t i = 0; s[i] != '\0'; i++)
		n += memchr(s, s[i], i) == NULL;
	return n;
}

/* How many disks the device has; a card reader has one for each slot. */
static unsigned
count_luns(const char *sysfs, const char *dir)
{
	char path[USB_PATH_MAX + 300], real[USB_PATH_MAX];
	size_t n = strlen(dir);
	unsigned count = 0;
	DIR *blocks = NULL;
	struct dirent *e = NULL;

	snprintf(path, sizeof path, "%s/block", sysfs);
	if ((blocks = opendir(path)) == NULL)
		return 0;
	while ((e = readdir(blocks)) != NULL) {
		snprintf(path, sizeof path, "%s/block/%s", sysfs, e->d_name);
		if (e->d_name[0] != '.' && resolve(real, path) && strncmp(real, dir, n) == 0 && real[n] == '/')
			count++;
	}
	closedir(blocks);
	return count;
}

static unsigned
judge(const struct usb_device *d)
{
	unsigned w = 0;
	size_t n = strlen(d->serial);

	if (n == 0)
		w |= USB_NO_IDENTITY;
	else if (n < SHORT_SERIAL)
		w |= USB_SERIAL_SHORT;
	if (n > 0 && different_characters(d->serial) < PLAIN_SERIAL)
		w |= USB_SERIAL_PLAIN;
	if (d->luns > 1 || strcasestr(d->product, "reader") != NULL)
		w |= USB_CARD_READER;
	return w;
}

int
usb_read(struct usb_device *d, const char *sysfs, const char *dir)
{
	unsigned long long vid = 0, pid = 0;

	memset(d, 0, sizeof *d);
	if (!resolve(d->dir, dir) || !read_number(d->dir, "idVendor", 16, &vid) || !read_number(d->dir, "idProduct", 16, &pid) ||
	    vid > UINT16_MAX || pid > UINT16_MAX) {
		memset(d, 0, sizeof *d);
		return -1;
	}
	d->vid = (uint16_t)vid;
	d->pid = (uint16_t)pid;
	read_text(d->dir, "manufacturer", d->vendor, sizeof d->vendor);
	read_text(d->dir, "product", d->product, sizeof d->product);
	read_serial(d->dir, d->serial);
	read_raw_serial(d->dir, d->serial_raw);
	d->speed = read_unsigned(d->dir, "speed");
	d->bus = read_unsigned(d->dir, "busnum");
	d->address = read_unsigned(d->dir, "devnum");
	d->luns = count_luns(sysfs, d->dir);
	d->warnings = judge(d);
	return 0;
}

/* ---- the disk ------------------------------------------------------------------------------------------------------------- */

static void
base_name(char out[USB_NAME_SIZE], const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(out, USB_NAME_SIZE, "%.*s", (int)USB_NAME_SIZE - 1, slash != NULL ? slash + 1 : path);
}

/* Cut the last component off. False at the top. */
static bool
go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static void
read_block(struct usb_device *d, const char *block, dev_t dev)
{
	char disk[USB_PATH_MAX], scsi[USB_PATH_MAX + 8];
	unsigned long long sectors = 0;

	snprintf(disk, sizeof disk, "%s", block);
	d->dev = dev;
	d->partition = exists(block, "partition");
	if (d->partition)
		go_up(disk);
	base_name(d->name, block);
	base_name(d->disk, disk);
	d->removable = read_flag(disk, "removable");
	d->read_only = read_flag(disk, "ro") || read_flag(block, "ro");
	if (read_number(block, "size", 10, &sectors) && sectors <= UINT64_MAX / SECTOR)
		d->bytes = sectors * SECTOR;
	snprintf(scsi, sizeof scsi, "%s/device", disk);
	if (d->vendor[0] == '\0')
		read_text(scsi, "vendor", d->vendor, sizeof d->vendor);
	if (d->product[0] == '\0')
		read_text(scsi, "model", d->product, sizeof d->product);
}

int
usb_find(struct usb_device *d, const char *sysfs, dev_t dev)
{
	char link[USB_PATH_MAX + 64], root[USB_PATH_MAX], block[USB_PATH_MAX], at[USB_PATH_MAX];

	memset(d, 0, sizeof *d);
	snprintf(link, sizeof link, "%s/dev/block/%u:%u", sysfs, major(dev), minor(dev));
	if (!resolve(root, sysfs) || !resolve(block, link))
		return -1;
	snprintf(at, sizeof at, "%s", block);
	while (strlen(at) > strlen(root) && !(exists(at, "idVendor") && exists(at, "idProduct")))
		if (!go_up(at))
			return -1;
	if (strlen(at) <= strlen(root) || usb_read(d, sysfs, at) != 0)
		return -1;
	read_block(d, block, dev);
	return 0;
}

int
usb_find_dir(struct usb_device *d, const char *sysfs, int fd)
{
	struct stat st;

	memset(d, 0, sizeof *d);
	return filestat_fd(fd, &st) == 0 ? usb_find(d, sysfs, st.st_dev) : -1;
}

/* ---- its serial number, as people see it ------------------------------------------------------------------------------------ */

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without blanks. out has room for n bytes; return how many there are. */
static size_t
squeeze(char *out, const char *text, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		if (!is_blank(text[i]))
			out[len++] = text[i];
	return len;
}

/* As udev shows it: no blanks at the ends, '_' for those in between, and for every other character that is not plain. */
static size_t
as_udev(char *out, const char *text, size_t n)
{
	size_t len = 0;

	while (n > 0 && is_blank(text[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_blank(text[i]) && (len == 0 || is_blank(text[i - 1])))
			continue;
		out[len++] = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
				     (c != '\0' && strchr("#+-.:=@_", c) != NULL) ?
				 text[i] :
				 '_';
	}
	return len;
}

/* The length without the "-0:0" at the end of ID_SERIAL and of names in /dev/disk/by-id; 0 if it does not end so. */
static size_t
without_instance(const char *text, size_t n)
{
	size_t i = n;

	while (i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9')
		i--;
	if (i == n || i == 0 || text[--i] != ':')
		return 0;
	n = i;
	while (i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9')
		i--;
	return i < n && i > 1 && text[i - 1] == '-' ? i - 1 : 0;
}

bool
usb_has_serial(const struct usb_device *d, const char *text, size_t n)
{
	char mine[USB_RAW_MAX], given[USB_RAW_MAX];
	size_t raw_n = strlen(d->serial_raw), len = squeeze(mine, d->serial_raw, raw_n), whole = 0;

	if (len == 0 || n == 0 || n > sizeof given)
		return false;
	if (squeeze(given, text, n) == len && memcmp(given, mine, len) == 0)
		return true;
	len = as_udev(mine, d->serial_raw, raw_n);
	if (n == len && memcmp(text, mine, n) == 0)
		return true;
	whole = without_instance(text, n);
	return whole > len && text[whole - len - 1] == '_' && memcmp(text + whole - len, mine, len) == 0;
}

/* ---- what it is for ------------------------------------------------------------------------------------------------------- */

int
usb_factor(const struct usb_device *d, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE])
{
	size_t n = strlen(d->serial);

	if (n == 0)
		return -1;
	keytree_usb(factor, hint, d->vid, d->pid, d->serial, n);
	return 0;
}

int
usb_dir_factor(void *arg, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE])
{
	const struct usb_dir *where = arg;
	struct usb_device d;

	return usb_find_dir(&d, where->sysfs, where->fd) == 0 ? usb_factor(&d, factor, hint) : -1;
}

void
usb_speed(char *out, size_t size, const struct usb_device *d)
{
	unsigned generation = d->speed <= 12 ? 1 : d->speed <= 480 ? 2 : d->speed <= 20000 ? 3 : 4;

	if (d->speed == 0)
		snprintf(out, size, "%s", "");
	else if (d->speed < 1000)
		snprintf(out, size, "USB %u, %u Mbit/s", generation, d->speed);
	else
		snprintf(out, size, "USB %u, %u Gbit/s", generation, d->speed / 1000);
}

void
usb_show(char *out, size_t size, const struct usb_device *d)
{
	/* Some say "QEMU" and "QEMU USB HARDDRIVE". */
	bool vendor = d != NULL && d->vendor[0] != '\0' && strncmp(d->vendor, d->product, strlen(d->vendor)) != 0;

	if (d == NULL)
		snprintf(out, size, "not a USB device");
	else
		snprintf(out, size, "%s%s%s, %s%s", vendor ? d->vendor : "", vendor && d->product[0] != '\0' ? " " : "",
		    vendor || d->product[0] != '\0' ? d->product : "a USB device without a name",
		    d->serial[0] != '\0' ? "serial number " : "without a serial number", d->serial);
}
