/*
 * usb_bus.h - the mass-storage devices on the USB buses, as libusb sees them. None is opened, so no rights are needed.
 */
#ifndef USB_BUS_H
#define USB_BUS_H

#include <stddef.h>

struct usb_bus_address {
	unsigned bus, address;
};

/* usb_bus_storage(out, max): devices with an interface of class 8 (mass storage), at most max. Return how many were stored; 0 also
 * where there is no USB. */
size_t usb_bus_storage(struct usb_bus_address *out, size_t max);

#endif
