/*
 * usb_bus.h - the mass-storage devices on the USB buses, as libusb sees them. None of them is opened, so this needs no rights.
 */
#ifndef USB_BUS_H
#define USB_BUS_H

#include <stddef.h>

struct usb_bus_address {
	unsigned bus, address;
};

/*
 * usb_bus_storage(out, max): the devices with an interface of class 8 (mass storage), at most max. Return how many were stored; 0
 * also if there is no USB.
 */
size_t usb_bus_storage(struct usb_bus_address *out, size_t max);

#endif
