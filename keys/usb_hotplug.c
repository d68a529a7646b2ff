#include "usb_hotplug.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include <libusb.h>

struct usb_hotplug {
	libusb_context *usb;
	bool changed;
};

static int
on_event(libusb_context *usb, libusb_device *device, libusb_hotplug_event event, void *arg)
{
	struct usb_hotplug *h = arg;

	(void)usb;
	(void)device;
	(void)event;
	h->changed = true;
	return 0;
}

/* libusb listens in a thread, which must not take the signals that should interrupt somebody's poll. */
static int
init_without_signals(libusb_context **usb)
{
	sigset_t all, before;
	int failed = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = libusb_init(usb);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

struct usb_hotplug *
usb_hotplug_new(void)
{
	struct usb_hotplug *h = calloc(1, sizeof *h);

	if (h == NULL || init_without_signals(&h->usb) != 0) {
		free(h);
		return NULL;
	}
	if (!libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) ||
	    libusb_hotplug_register_callback(h->usb, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0,
		LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, on_event, h, NULL) != 0)
		usb_hotplug_free(&h);
	return h;
}

void
usb_hotplug_free(struct usb_hotplug **h)
{
	if (h == NULL || *h == NULL)
		return;
	libusb_exit((*h)->usb);
	free(*h);
	*h = NULL;
}

size_t
usb_hotplug_fds(const struct usb_hotplug *h, struct pollfd *out, size_t max)
{
	const struct libusb_pollfd **fds = h != NULL ? libusb_get_pollfds(h->usb) : NULL;
	size_t n = 0;

	for (; fds != NULL && fds[n] != NULL && n < max; n++)
		out[n] = (struct pollfd){.fd = fds[n]->fd, .events = fds[n]->events};
	libusb_free_pollfds(fds);
	return n;
}

bool
usb_hotplug_changed(struct usb_hotplug *h)
{
	struct timeval now = {0, 0};
	bool changed = false;

	if (h == NULL)
		return false;
	libusb_handle_events_timeout_completed(h->usb, &now, NULL);
	changed = h->changed;
	h->changed = false;
	return changed;
}
