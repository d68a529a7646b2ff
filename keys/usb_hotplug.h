/*
 * usb_hotplug.h - learning from libusb that something was plugged into the USB, or pulled.
 *
 * Debian's libusb notices this only while udevd is running; otherwise it never reports anything. So this can only make things
 * quicker, and nothing may depend on it.
 */
#ifndef USB_HOTPLUG_H
#define USB_HOTPLUG_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct usb_hotplug;

/* usb_hotplug_new(): NULL where libusb cannot tell. */
struct usb_hotplug *usb_hotplug_new(void);
void usb_hotplug_free(struct usb_hotplug **h);

/* usb_hotplug_fds(h, out, max): what to poll(2) for. Return how many were stored. h may be NULL. Ask again before each poll. */
size_t usb_hotplug_fds(const struct usb_hotplug *h, struct pollfd *out, size_t max);

/* usb_hotplug_changed(h): whether a device has come or gone since the last call. Never waits. h may be NULL. */
bool usb_hotplug_changed(struct usb_hotplug *h);

#endif
