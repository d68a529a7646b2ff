/*
 * reporting.c - a bar for each step, and warnings in between.
 */
#include "reporting.h"

#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "say.h"
#include "stop.h"
#include "text.h"
#include "usbsay.h"

static const struct {
	const char *name;
	bool counted;
} phases[] = {
	[REPORT_READING] = {N_("reading"), true},
	[REPORT_FILLING] = {N_("filling"), false},
	[REPORT_WRITING] = {N_("writing"), false},
	[REPORT_CODES] = {N_("codes"), true},
	[REPORT_VERIFYING] = {N_("verifying"), false},
	[REPORT_READING_AGAIN] = {N_("re-reading"), false},
};

static void
start(void *arg, enum report_phase phase)
{
	struct reporting *r = arg;

	progress_start(&r->bar, r->c, phases[phase].name);
	r->bar.counted = phases[phase].counted;
}

static void
update(void *arg, uint64_t done, uint64_t all)
{
	struct reporting *r = arg;

	progress_update(&r->bar, done, all);
}

static void
end(void *arg, bool ok)
{
	struct reporting *r = arg;

	progress_end(&r->bar, ok);
}

static const char *
change_words(enum pack_note_kind kind)
{
	switch (kind) {
	case PACK_SKIPPED:
		return _("left out: neither a file nor a folder");
	case PACK_GREW:
		return _("grew while it was read: only what was there at first is packed");
	case PACK_SHRANK:
		return _("got shorter while it was read: packed as it is now");
	case PACK_CHANGED:
		return _("changed after it was listed: packed as it was read, perhaps half old and half new");
	case PACK_YOUNG:
		return _("was written to a moment ago: is it finished?");
	case PACK_GONE:
		return _("disappeared while the folder was listed: left out");
	}
	return "?";
}

static void
weak_identity(const struct cli *c, const struct usb_device *d)
{
	char shown[USB_SHOWN_SIZE];

	usbsay_show(shown, d);
	for (unsigned i = 0; i < USBSAY_WARNINGS; i++)
		if (usbsay_warning(d->warnings, i) != NULL)
			say_warn(c, "%s: %s", shown, usbsay_warning(d->warnings, i));
}

/* Something about a file or a stick. */
static void
tell_of(const struct cli *c, const struct report_news *n)
{
	char *safe = human_escape(n->path, strlen(n->path));
	const char *path = safe != NULL ? safe : "?";

	if (n->kind == REPORT_CHANGED)
		say_warn(c, "%s: %s", path, change_words(n->change));
	else if (n->kind == REPORT_FILE_SYSTEM)
		say_warn(
		    c, "%s: the file system (%s) does not promise to overwrite in place; exFAT, FAT32 and ext4 do", path, n->name);
	else
		say_warn(c, "%s: another stick in the books has the same serial number; codes cannot tell them apart", path);
	free(safe);
}

static void
tell(void *arg, const struct report_news *n)
{
	struct reporting *r = arg;

	progress_clear(&r->bar);
	switch (n->kind) {
	case REPORT_FOLDER_ON_STICK:
		say_warn(r->c, "the folder is on the stick itself, where anybody can read it; remove it from there afterwards");
		break;
	case REPORT_WEAK_IDENTITY:
		weak_identity(r->c, n->device);
		break;
	case REPORT_CHANGED:
	case REPORT_FILE_SYSTEM:
	case REPORT_SAME_IDENTITY:
		tell_of(r->c, n);
		break;
	case REPORT_CHANGED_MORE:
		say_warn(r->c, ngettext("and %u more like these", "and %u more like these", n->count), n->count);
		break;
	case REPORT_DEBRIS:
		say_info(r->c,
		    ngettext("removed %u leftover of an earlier run that did not finish",
			"removed %u leftovers of an earlier run that did not finish", n->count),
		    n->count);
		break;
	}
}

static bool
stopped(void *arg)
{
	(void)arg;
	return stop_asked();
}

const struct report *
reporting_to(struct reporting *r, const struct cli *c)
{
	*r = (struct reporting){.c = c, .report = {start, update, end, tell, stopped, r}};
	return &r->report;
}
