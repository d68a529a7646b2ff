/*
 * usb_hotplug.h - being told that something was plugged into the USB, or pulled, as libusb notices it.
 *
 * Debian's libusb notices it with udevd running only; without, nothing is ever told. So this hurries things up and decides nothing.
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

/* usb_hotplug_fds(h, out, max): what to poll(2) for; how many were stored. h may be NULL. Ask again before each poll. */
size_t usb_hotplug_fds(const struct usb_hotplug *h, struct pollfd *out, size_t max);

/* usb_hotplug_changed(h): whether a device came or went since the last call. Never waits. h may be NULL. */
bool usb_hotplug_changed(struct usb_hotplug *h);

#endif
