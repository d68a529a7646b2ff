#include "reformatsay.h"

#include <stdio.h>
#include <string.h>

#include "human.h"
#include "say.h"
#include "text.h"
#include "usbsay.h"

void
reformatsay_show(char out[REFORMATSAY_MAX], const struct reformat *r, const struct reformat_env *env)
{
	char device[USB_SHOWN_SIZE], bytes[HUMAN_SHOWN], raw[64], label[64];
	size_t n = 0;

	usbsay_show(device, &r->usb);
	human_bytes(bytes, sizeof bytes, r->usb.bytes);
	n = (size_t)snprintf(
	    out, REFORMATSAY_MAX, "/dev/%s: %s, %s%s", r->usb.name, device, bytes, r->usb.removable ? "" : _(", a fixed disk"));
	for (size_t i = 0; i < r->count && n < REFORMATSAY_MAX; i++) {
		const struct usb_list_volume *v = &r->volumes[i];
		bool labelled = reformat_label(env, v->usb.dev, raw, sizeof raw);

		if (!reformat_covers(r, v))
			continue;
		say_safe(label, sizeof label, raw);
		human_bytes(bytes, sizeof bytes, v->usb.bytes);
		n += (size_t)snprintf(out + n, REFORMATSAY_MAX - n, "; %s: %s%s%s%s, %s", v->usb.name,
		    v->fs[0] != '\0' ? v->fs
		    : v->fs_known    ? _("no file system")
				     : _("unknown files"),
		    labelled ? " \"" : "", label, labelled ? "\"" : "", bytes);
	}
}

/* It is not a stick that could be wiped. */
static enum err
no_stick(const struct cli *c, const struct reformat *r, enum err e, struct fault *f)
{
	const struct reformat_miss *m = &r->miss;

	switch (m->why) {
	case REFORMAT_LONG:
		return say_fault(c, f, e, _("--format needs the stick's short name, such as /dev/sdb"));
	case REFORMAT_NO_DEVICE:
		return say_fault(c, f, e,
		    _("%s is not a device. --format needs the stick's device, such as /dev/sdb; 'oncestick sticks' lists them"),
		    m->name);
	case REFORMAT_MISSING:
		return say_fault(c, f, e, _("%s: %s. 'oncestick sticks' lists what is plugged in"), m->name, strerror(m->sys));
	case REFORMAT_NOT_USB:
		return say_fault(c, f, e,
		    _("%s is not on USB, and only USB sticks are formatted. 'oncestick sticks' lists them"), m->name);
	case REFORMAT_STALE:
		return say_fault(c, f, e, _("%s is not what this PC knows as %s. Plug the stick in again"), r->path, m->name);
	case REFORMAT_EMPTY:
		return say_fault(c, f, e, _("there is nothing in %s"), m->name);
	case REFORMAT_SMALL:
		return say_fault(c, f, e, _("%s is smaller than 40 MiB. Use a larger stick"), m->name);
	case REFORMAT_LARGE:
		return say_fault(c, f, e, _("%s is larger than 2 TiB: make a partition on it, and name that"), m->name);
	case REFORMAT_SYSTEM:
		return say_fault(c, f, e, _("%s is on the disk that this PC runs from. It is not formatted"), m->name);
	case REFORMAT_EXCHANGED:
		return say_fault(c, f, e, _("there is a different stick in %s now. Nothing was done"), m->name);
	default:
		return say_fault(c, f, e, _("%s: %s"), m->name, strerror(m->sys));
	}
}

/* It is one, but must not be wiped. */
static enum err
not_now(const struct cli *c, const struct reformat *r, enum err e, struct fault *f)
{
	const struct reformat_miss *m = &r->miss;
	char point[120];

	switch (m->why) {
	case REFORMAT_MOUNTED:
		return say_fault(c, f, e,
		    _("/dev/%s is mounted at %s. If nothing on it is needed, unmount it first: udisksctl unmount -b /dev/%s"),
		    m->name, say_safe(point, sizeof point, m->point), m->name);
	case REFORMAT_HELD:
		return say_fault(c, f, e, _("/dev/%s is in use: encryption, RAID or LVM is on it. Close that first"), m->name);
	case REFORMAT_IN_USE:
		return say_fault(c, f, e, _("%s is in use: mounted, used as swap space, or part of another disk"), m->name);
	case REFORMAT_NO_RIGHT:
		return say_fault(c, f, e,
		    _("you may not write to %s. As root: mkfs.%s %s %s %s; or use your desktop's disk program, then prepare without "
		      "--format"),
		    m->name, reformat_name(r->type), r->type == REFORMAT_VFAT ? "-n" : "-L", REFORMAT_LABEL, m->name);
	case REFORMAT_PROTECTED:
		return say_fault(c, f, e, _("%s is write-protected. Is there a switch on it?"), m->name);
	case REFORMAT_NO_TOOL:
		return say_fault(c, f, e, _("%s is not installed (Debian package %s)"), m->name, m->package);
	default:
		return no_stick(c, r, e, f);
	}
}

/* Something went wrong on the way. */
static enum err
failed(const struct cli *c, const struct reformat *r, enum err e, struct fault *f)
{
	const struct reformat_miss *m = &r->miss;

	switch (m->why) {
	case REFORMAT_STOPPED:
		return say_fault(c, f, e, _("interrupted while %s was formatted; what was on it is gone"), m->name);
	case REFORMAT_NOT_STARTED:
		return say_fault(c, f, e, _("%s could not be formatted: %s: %s"), r->path, m->name, strerror(m->sys));
	case REFORMAT_FAILED:
		return say_fault(c, f, e, _("%s could not be formatted: %s: %s"), r->path, m->name,
		    m->said[0] != '\0' ? m->said : _("it failed"));
	case REFORMAT_NO_PART:
		return say_fault(c, f, e,
		    _("%s has a new partition table, but %s does not appear. Plug the stick in again"), r->path, m->name);
	case REFORMAT_UNREADABLE:
		return say_fault(c, f, e, _("%s is formatted, but cannot be read: %s"), m->name, strerror(m->sys));
	case REFORMAT_NO_MOUNT:
		return say_fault(c, f, e, _("%s is formatted, but this PC cannot mount %s: %s"), m->name,
		    reformat_name(r->type), m->said);
	case REFORMAT_NOBODY:
		return say_fault(c, f, e,
		    _("%s is formatted, but not mounted. Mount it, and name the directory where it is: oncestick prepare FOLDER STICK"),
		    m->name);
	case REFORMAT_STUCK:
		return say_fault(c, f, e, _("%s cannot be unmounted: %s"), m->name, m->said);
	case REFORMAT_LOST_TABLE:
		return say_fault(c, f, e, _("%s has lost its partition table"), m->name);
	case REFORMAT_LOST_FILES:
		return say_fault(c, f, e, _("%s has lost its file system"), m->name);
	default:
		return not_now(c, r, e, f);
	}
}

enum err
reformatsay(const struct cli *c, const struct reformat *r, const struct fault *why, struct fault *f)
{
	return r->miss.why == REFORMAT_OTHER ? fault_pass(f, why) : failed(c, r, why->err, f);
}
