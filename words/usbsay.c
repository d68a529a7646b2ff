#include "usbsay.h"
#include "text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	enum usb_warning bit;
	const char *word, *sentence;
} warnings[USBSAY_WARNINGS] = {
    {USB_NO_IDENTITY, "no-identity", N_("has no serial number, so codes cannot be bound to it")},
    {USB_SERIAL_SHORT, "short-serial", N_("has a short serial number, which others may have too")},
    {USB_SERIAL_PLAIN, "plain-serial", N_("has a serial number of a few repeated characters, which others may have too")},
    {USB_CARD_READER, "card-reader", N_("looks like a card reader: codes would be bound to the reader, not to the card")},
};

static const struct {
	const char *word, *sentence;
} unfit[] = {
    [USB_LIST_FIT] = {"", ""},
    [USB_LIST_NO_DISK] = {"no-disk", N_("this PC does not see a disk in it; plug it in again")},
    [USB_LIST_NO_MEDIUM] = {"no-medium", N_("nothing is in it")},
    [USB_LIST_SYSTEM] = {"system-disk", N_("not suitable: this PC runs from that disk")},
    [USB_LIST_HELD] = {"in-use", N_("not suitable: encryption, RAID or LVM is on it")},
    [USB_LIST_READ_ONLY] = {"write-protected",
	N_("write-protected; is there a switch on it? A code is used up on the stick itself")},
    [USB_LIST_MOUNTED_RO] = {"mounted-read-only", N_("mounted read-only, but a code is used up on the stick itself")},
    [USB_LIST_NO_FILES] = {"no-file-system", N_("has no file system that this PC knows; exFAT is a good one")},
    [USB_LIST_COPY_ON_WRITE] = {"copy-on-write", N_("not suitable: its file system never overwrites in place; exFAT, FAT32 and "
						    "ext4 do")},
    [USB_LIST_READER] = {"anonymous-reader", N_("not suitable: a card reader without a serial number")},
};

const char *
usbsay_warning(unsigned w, unsigned n)
{
	return (w & warnings[n].bit) != 0 ? _(warnings[n].sentence) : NULL;
}

const char *
usbsay_warning_word(unsigned w, unsigned n)
{
	return (w & warnings[n].bit) != 0 ? warnings[n].word : NULL;
}

const char *
usbsay_unfit(enum usb_list_unfit why)
{
	return unfit[why].sentence[0] != '\0' ? _(unfit[why].sentence) : "";
}

const char *
usbsay_unfit_word(enum usb_list_unfit why)
{
	return unfit[why].word;
}

const char *
usbsay_show(char out[USB_SHOWN_SIZE], const struct usb_device *d)
{
	/* Some devices say "QEMU" and "QEMU USB HARDDRIVE". */
	bool vendor = d != NULL && d->vendor[0] != '\0' && strncmp(d->vendor, d->product, strlen(d->vendor)) != 0;
	char name[USB_SHOWN_SIZE];

	if (d == NULL) {
		snprintf(out, USB_SHOWN_SIZE, "%s", _("not a USB device"));
		return out;
	}
	snprintf(name, sizeof name, "%s%s%s", vendor ? d->vendor : "", vendor && d->product[0] != '\0' ? " " : "", d->product);
	if (d->serial[0] != '\0')
		snprintf(out, USB_SHOWN_SIZE, _("%s, serial number %s"), name[0] != '\0' ? name : _("a USB device without a name"),
		    d->serial);
	else
		snprintf(out, USB_SHOWN_SIZE, _("%s, without a serial number"),
		    name[0] != '\0' ? name : _("a USB device without a name"));
	return out;
}

const char *
usbsay_at(char out[USB_SHOWN_SIZE], const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct usb_device d;

	usbsay_show(out, fd >= 0 && usb_find_dir(&d, USB_SYSFS, fd) == 0 ? &d : NULL);
	if (fd >= 0)
		close(fd);
	return out;
}
