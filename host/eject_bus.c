/*
 * eject_bus.c - talking to udisks2 over the system bus: org.freedesktop.UDisks2.Filesystem, .Block, .Drive (udisks(8), its D-Bus
 * reference).
 */
#include "eject.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-bus.h>

#include "mountinfo.h"
#include "utf8.h"

#define UDISKS "org.freedesktop.UDisks2"
#define PATIENCE_USEC (10u * 60 * 1000000) /* unmounting writes out unwritten data, and a stick may be slow */

struct place {
	const char *path;
	char device[256];
};

static int
on_mount(void *arg, const struct mountinfo *m)
{
	struct place *p = arg;

	if (strcmp(m->path, p->path) == 0)
		snprintf(p->device, sizeof p->device, "%s", m->source); /* the last one is on top */
	return 0;
}

static void
keep_why(struct eject *e, const sd_bus_error *error, int r)
{
	snprintf(e->why, sizeof e->why, "%s", error->message != NULL ? error->message : strerror(-r));
	e->why[utf8_whole(e->why, strlen(e->why))] = '\0';
}

/* Find the object that represents the device. */
static int
resolve(sd_bus *bus, const char *device, char object[256], sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const char *path = NULL;
	int r = sd_bus_call_method(bus, UDISKS, "/org/freedesktop/UDisks2/Manager", UDISKS ".Manager", "ResolveDevice", error,
	    &reply, "a{sv}a{sv}", 1, "path", "s", device, 0);

	if (r >= 0 && (r = sd_bus_message_enter_container(reply, 'a', "o")) >= 0 &&
	    (r = sd_bus_message_read(reply, "o", &path)) == 0)
		r = -ENODEV;
	if (r > 0)
		snprintf(object, 256, "%s", path);
	sd_bus_message_unref(reply);
	return r;
}

/* Do not ask anybody for an administrator's password at the end of a lecture. */
static int
act(sd_bus *bus, const char *object, const char *interface, const char *method, sd_bus_error *error)
{
	sd_bus_error_free(error);
	return sd_bus_call_method(
	    bus, UDISKS, object, interface, method, error, NULL, "a{sv}", 1, "auth.no_user_interaction", "b", 1);
}

static bool
can(sd_bus *bus, const char *drive, const char *property)
{
	int yes = 0;

	return sd_bus_get_property_trivial(bus, UDISKS, drive, UDISKS ".Drive", property, NULL, 'b', &yes) >= 0 && yes;
}

static bool
is_card(sd_bus *bus, const char *drive)
{
	char *media = NULL;
	bool yes = sd_bus_get_property_string(bus, UDISKS, drive, UDISKS ".Drive", "Media", NULL, &media) >= 0 &&
	    strncmp(media, "flash", 5) == 0;

	free(media);
	return yes;
}

/* A card is ejected, so that its reader stays usable; a stick is powered off. */
static bool
switch_off(sd_bus *bus, const char *drive, sd_bus_error *error)
{
	if (!is_card(bus, drive) && can(bus, drive, "CanPowerOff") && act(bus, drive, UDISKS ".Drive", "PowerOff", error) >= 0)
		return true;
	return can(bus, drive, "Ejectable") && act(bus, drive, UDISKS ".Drive", "Eject", error) >= 0;
}

/* The result is at least EJECT_UNMOUNTED, even if the drive cannot be switched off. */
static enum eject_result
take_out(sd_bus *bus, const char *object, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const char *drive = "/";
	enum eject_result result = EJECT_UNMOUNTED;

	if (sd_bus_get_property(bus, UDISKS, object, UDISKS ".Block", "Drive", error, &reply, "o") >= 0 &&
	    sd_bus_message_read(reply, "o", &drive) >= 0 && strcmp(drive, "/") != 0 && switch_off(bus, drive, error))
		result = EJECT_DONE;
	sd_bus_message_unref(reply);
	return result;
}

enum eject_result
eject_stick(struct eject *e)
{
	struct place place = {.path = e->where};
	sd_bus_error error = SD_BUS_ERROR_NULL;
	enum eject_result result = EJECT_FAILED;
	char object[256];
	sd_bus *bus = NULL;
	int r;

	mountinfo_each(on_mount, &place);
	if ((r = sd_bus_open_system(&bus)) < 0 || (r = sd_bus_set_method_call_timeout(bus, PATIENCE_USEC)) < 0 ||
	    (r = resolve(bus, place.device, object, &error)) < 0 ||
	    (r = act(bus, object, UDISKS ".Filesystem", "Unmount", &error)) < 0) {
		if (sd_bus_error_has_name(&error, UDISKS ".Error.DeviceBusy"))
			result = EJECT_BUSY;
		keep_why(e, &error, r);
	} else {
		result = take_out(bus, object, &error);
		if (sd_bus_error_is_set(&error))
			keep_why(e, &error, 0);
	}
	sd_bus_error_free(&error);
	sd_bus_close_unref(bus);
	return result;
}
