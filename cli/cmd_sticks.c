/*
 * cmd_sticks.c - list the USB sticks that are plugged in, and what is on them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "human.h"
#include "keytree.h"
#include "opt.h"
#include "slots.h"
#include "stick.h"
#include "text.h"
#include "usb_list.h"
#include "usbsay.h"

#define COLUMNS 6
#define HELD_SHOWN 512

static const char about_text[] = N_(
    "List the USB sticks that are plugged in: their names and serial numbers, how fast and large they are, where they are mounted,\n"
    "what oncestick finds on them, and which are not fit for it. Changes nothing.\n");

/* What oncestick finds at a mount point. */
struct holding {
	enum err err; /* E_OK, E_NO_GRANT: id is known. E_NO_STICK: no ONCE. Otherwise: it is there, but cannot be read */
	uint8_t id[ID_SIZE];
	struct stick_grants grants;
	uint32_t unused;
};

static void
look(struct holding *h, const char *point)
{
	struct stick *s = NULL;
	int fd = point[0] != '\0' ? open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	memset(h, 0, sizeof *h);
	h->err = fd >= 0 ? stick_open(&s, fd, NULL) : E_NO_STICK;
	if (h->err == E_OK) {
		memcpy(h->id, s->id, ID_SIZE);
		h->err = stick_load_grants(s, &h->grants, NULL);
		for (size_t i = 0; i < h->grants.count; i++)
			h->unused += slots_count(s, &h->grants.grants[i]).live;
	}
	stick_close(&s);
	if (fd >= 0)
		close(fd);
}

static bool
known(const struct holding *h)
{
	return h->err == E_OK || h->err == E_NO_GRANT;
}

/* ---- for programs ----------------------------------------------------------------------------------------------------------- */

static json_t *
json_or_null(const char *s)
{
	return s[0] != '\0' ? say_json_text(s) : json_null();
}

static json_t *
json_holding(const struct holding *h)
{
	char name[STICK_NAME_SIZE], id[2 * ID_SIZE + 1];
	json_t *labels = NULL;

	if (h->err == E_NO_STICK)
		return json_null();
	if (!known(h))
		return json_pack("{s:s}", "error", err_name(h->err));
	keytree_stick_name(name, h->id);
	bytes_to_hex(id, h->id, ID_SIZE);
	labels = json_array();
	for (size_t i = 0; i < h->grants.count; i++)
		json_array_append_new(labels, json_string(h->grants.grants[i].label));
	return json_pack("{s:s, s:s, s:o, s:I}", "stick", name, "stick_id", id, "labels", labels, "unused", (json_int_t)h->unused);
}

static json_t *
as_json(const struct usb_list_volume *v, const struct holding *h)
{
	const struct usb_device *d = &v->usb;
	char device[USB_NAME_SIZE + 8] = "", speed[USB_SPEED_SIZE], vid[8], pid[8];
	json_t *warnings = json_array();

	if (d->name[0] != '\0')
		snprintf(device, sizeof device, "/dev/%s", d->name);
	usb_speed(speed, sizeof speed, d);
	snprintf(vid, sizeof vid, "%04x", d->vid);
	snprintf(pid, sizeof pid, "%04x", d->pid);
	for (unsigned i = 0; i < USBSAY_WARNINGS; i++)
		if (usbsay_warning_word(d->warnings, i) != NULL)
			json_array_append_new(warnings, json_string(usbsay_warning_word(d->warnings, i)));
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:s, s:i, s:I, s:b, s:b, s:o, s:o, s:b, s:o, s:o, s:o}", "device",
	    json_or_null(device), "vendor_id", vid, "product_id", pid, "vendor", d->vendor, "product", d->product, "serial",
	    json_or_null(d->serial), "speed", speed, "speed_mbps", (int)d->speed, "bytes", (json_int_t)d->bytes, "removable",
	    (int)d->removable, "read_only", (int)(d->read_only || v->mounted_ro), "file_system", json_or_null(v->fs), "mount_point",
	    json_or_null(v->point), "fit", (int)(v->unfit == USB_LIST_FIT), "unfit", json_or_null(usbsay_unfit_word(v->unfit)),
	    "warnings", warnings, "holds", json_holding(h));
}

static enum err
print_json(const struct cli *c, const struct usb_list_volume *list, size_t count)
{
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++) {
		struct holding h;

		look(&h, list[i].point);
		json_array_append_new(all, as_json(&list[i], &h));
		stick_grants_free(&h.grants);
	}
	return say_json(c, all);
}

/* ---- for people ------------------------------------------------------------------------------------------------------------- */

/* "7kq241: Week 12, 10 unused codes" */
static void
show_holding(char out[HELD_SHOWN], const struct holding *h)
{
	char name[STICK_NAME_SIZE];
	size_t n = 0;

	out[0] = '\0';
	if (h->err == E_NO_STICK)
		return;
	if (!known(h)) {
		snprintf(out, HELD_SHOWN, "%s", h->err == E_STICK_DAMAGED ? _("ONCE, damaged") : _("ONCE, cannot be read"));
		return;
	}
	keytree_stick_name(name, h->id);
	n = (size_t)snprintf(out, HELD_SHOWN, "%s: ", name);
	for (size_t i = 0; i < h->grants.count && n < HELD_SHOWN; i++)
		n += (size_t)snprintf(out + n, HELD_SHOWN - n, "%s, ", SHORT(h->grants.grants[i].label));
	if (n < HELD_SHOWN)
		snprintf(out + n, HELD_SHOWN - n, ngettext("%u unused code", "%u unused codes", h->unused), h->unused);
}

static int
add_row(struct human_table *t, const struct usb_list_volume *v)
{
	char size[HUMAN_SHOWN] = "", speed[USB_SPEED_SIZE], held[HELD_SHOWN];
	struct holding h;
	char *safe = NULL, *point = human_escape(v->point, strlen(v->point));
	const char *cells[COLUMNS] = {v->usb.name[0] != '\0' ? v->usb.name : "-", size, speed, v->fs, point, NULL};
	int failed = -1;

	look(&h, v->point);
	show_holding(held, &h);
	stick_grants_free(&h.grants);
	if (v->usb.bytes > 0)
		human_bytes(size, sizeof size, v->usb.bytes);
	usb_speed(speed, sizeof speed, &v->usb);
	cells[5] = safe = human_escape(held, strlen(held));
	if (point != NULL && safe != NULL)
		failed = human_table_add(t, cells);
	free(safe);
	free(point);
	return failed;
}

/* What the stick is, and what to know before using it: one line each. */
static void
print_notes(const struct usb_list_volume *v)
{
	const char *name = v->usb.name[0] != '\0' ? v->usb.name : "-";
	char shown[USB_SHOWN_SIZE];

	usbsay_show(shown, &v->usb);
	if (v->usb.name[0] == '\0' || v->usb.removable)
		printf("%s: %s\n", name, shown);
	else
		/* TRANSLATORS: a device's name, such as sdb, and its maker, product and serial number */
		printf(_("%s: %s, a fixed disk\n"), name, shown);
	if (v->unfit != USB_LIST_FIT)
		printf("%s: %s\n", name, usbsay_unfit(v->unfit));
	else if (v->point[0] == '\0')
		printf(_("%s: not mounted; to mount it: udisksctl mount -b /dev/%s\n"), name, name);
	for (unsigned i = 0; v->unfit == USB_LIST_FIT && i < USBSAY_WARNINGS; i++)
		if (usbsay_warning(v->usb.warnings, i) != NULL)
			printf("%s: %s\n", name, usbsay_warning(v->usb.warnings, i));
}

static enum err
print_text(const struct cli *c, const struct usb_list_volume *list, size_t count)
{
	const char *const heads[COLUMNS] = {_("DEVICE"), _("SIZE"), _("SPEED"), _("FILES"), _("MOUNTED AT"), _("HOLDS")};
	struct human_table *t = human_table_new(COLUMNS, heads);
	int failed = t == NULL;

	if (count == 0)
		say_info(c, "no USB stick is plugged in");
	for (size_t i = 0; i < count && !failed; i++)
		failed = add_row(t, &list[i]);
	if (!failed)
		human_table_print(t, stdout, human_columns(STDOUT_FILENO));
	human_table_free(&t);
	if (failed)
		return say_refuse(c, E_FAIL, "there is not enough memory to show the list");
	if (count > 0)
		putchar('\n');
	for (size_t i = 0; i < count; i++)
		print_notes(&list[i]);
	return say_stdout(c);
}

enum err
cmd_sticks(struct cli *c, int argc, char **argv)
{
	const struct opt_verb v = {"sticks", about_text, OPT_JSON, NULL, 0, 0};
	const struct usb_list_source source = usb_list_system();
	struct usb_list_volume *list = NULL;
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	size_t count = 0;
	enum err err = E_OK;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	if (usb_list(&list, &count, &source, &f) != E_OK)
		err = faultsay_error(c, &f, NULL);
	else
		err = c->json ? print_json(c, list, count) : print_text(c, list, count);
	free(list);
	return err;
}
