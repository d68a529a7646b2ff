#include "identity.h"

enum err
identity_take(struct identity *i, int fd, const char *path, const struct report *report, struct fault *f)
{
	i->found = usb_find_dir(&i->device, USB_SYSFS, fd) == 0;
	if (!i->found || usb_factor(&i->device, i->usb, i->hint) != 0)
		return fault_why(f, E_WRONG_STICK, 0, WHY_NO_IDENTITY, "%s", path);
	report_tell(report, &(struct report_news){.kind = REPORT_WEAK_IDENTITY, .device = &i->device});
	return E_OK;
}

enum err
identity_book(const struct identity *i, struct books *b, const uint8_t stick_id[ID_SIZE], const char *path,
    const struct report *report, struct fault *f)
{
	bool elsewhere = false;
	enum err e = books_set_usb(b, stick_id, i->usb, &elsewhere, f);

	if (elsewhere)
		report_tell(report, &(struct report_news){.kind = REPORT_SAME_IDENTITY, .path = path});
	return e;
}

enum err
identity_note(struct books *b, const uint8_t stick_id[ID_SIZE], int fd, struct fault *f)
{
	struct usb_device d;

	if (usb_find_dir(&d, USB_SYSFS, fd) != 0 || d.serial[0] == '\0' || (d.warnings & USB_CARD_READER) != 0)
		return E_OK;
	return books_set_serial(b, stick_id, d.serial, f);
}
