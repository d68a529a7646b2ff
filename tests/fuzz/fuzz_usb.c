/*
 * fuzz_usb.c - what a USB device says of itself, as sysfs shows it. The input is the contents of its files, separated by NUL bytes.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "usb.h"

static const char *const names[] = {"idVendor", "idProduct", "manufacturer", "product", "serial", "speed", "busnum", "devnum"};

#define NAMES (sizeof names / sizeof names[0])

/* One directory for all inputs of this process; it is removed at its end. */
static char dir[64];

static void
remove_dir(void)
{
	char path[128];

	for (size_t i = 0; i < NAMES; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static void
make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof dir, "%s/fuzz-usb.XXXXXX", tmp != NULL ? tmp : "/tmp");
	FUZZ_HOLDS(mkdtemp(dir) != NULL && atexit(remove_dir) == 0);
}

static void
write_file(const char *name, struct bytes b)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FUZZ_HOLDS((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) >= 0);
	FUZZ_HOLDS(b.n == 0 || write(fd, b.p, b.n) == (ssize_t)b.n);
	close(fd);
}

static bool
printable(const char *s, size_t max)
{
	for (size_t i = 0; s[i] != '\0'; i++)
		if (i >= max || s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

static void
check(const struct usb_device *d)
{
	char shown[USB_SHOWN_SIZE];
	uint8_t factor[HASH_SIZE], hint[USB_HINT_SIZE];

	FUZZ_HOLDS(printable(d->vendor, USB_TEXT_MAX) && printable(d->product, USB_TEXT_MAX));
	FUZZ_HOLDS(printable(d->serial, USB_SERIAL_MAX) && strchr(d->serial, ' ') == NULL);
	FUZZ_HOLDS((d->serial[0] == '\0') == ((d->warnings & USB_NO_IDENTITY) != 0));
	FUZZ_HOLDS((usb_factor(d, factor, hint) == 0) == (d->serial[0] != '\0'));
	usb_show(shown, sizeof shown, d);
	FUZZ_HOLDS(printable(shown, sizeof shown - 2) && strstr(shown, d->serial) != NULL);
	usb_speed(shown, USB_SPEED_SIZE, d);
	FUZZ_HOLDS(strlen(shown) < USB_SPEED_SIZE - 1);
}

const unsigned fuzz_parts = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = BYTES(data, size);
	struct usb_device d;

	if (dir[0] == '\0')
		make_dir();
	for (size_t i = 0; i < NAMES; i++) {
		const uint8_t *end = in.n > 0 ? memchr(in.p, '\0', in.n) : NULL;

		write_file(names[i], fuzz_take(&in, end != NULL ? (size_t)(end - in.p) : in.n));
		(void)fuzz_number(&in, 1);
	}
	if (usb_read(&d, dir, dir) == 0) {
		fuzz_took(0);
		check(&d);
	} else {
		FUZZ_HOLDS(d.dir[0] == '\0' && d.serial[0] == '\0');
	}
	return 0;
}
