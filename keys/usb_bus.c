#include "usb_bus.h"

#include <stdbool.h>

#include <libusb.h>

static bool
is_storage(libusb_device *dev)
{
	struct libusb_config_descriptor *config = NULL;
	bool yes = false;

	if (libusb_get_active_config_descriptor(dev, &config) != 0)
		return false;
	for (int i = 0; i < config->bNumInterfaces; i++)
		for (int k = 0; k < config->interface[i].num_altsetting; k++)
			yes = yes || config->interface[i].altsetting[k].bInterfaceClass == LIBUSB_CLASS_MASS_STORAGE;
	libusb_free_config_descriptor(config);
	return yes;
}

size_t
usb_bus_storage(struct usb_bus_address *out, size_t max)
{
	libusb_context *usb = NULL;
	libusb_device **list = NULL;
	ssize_t all = 0;
	size_t count = 0;

	if (libusb_init(&usb) != 0)
		return 0;
	all = libusb_get_device_list(usb, &list);
	for (ssize_t i = 0; i < all && count < max; i++) {
		if (!is_storage(list[i]))
			continue;
		out[count].bus = libusb_get_bus_number(list[i]);
		out[count++].address = libusb_get_device_address(list[i]);
	}
	if (all >= 0)
		libusb_free_device_list(list, 1);
	libusb_exit(usb);
	return count;
}
