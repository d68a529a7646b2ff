/*
 * check_usb_bus.c - what is on the USB, and what comes and goes there, as a libusb says it that is made here.
 */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <libusb.h>

#include "suite.h"
#include "usb_bus.h"
#include "usb_hotplug.h"

/* ---- a libusb ------------------------------------------------------------------------------------------------------------ */

struct libusb_context {
	bool open;
};

struct libusb_device {
	uint8_t bus, address;
	const uint8_t *classes; /* of its interfaces, 0 ends them; NULL: nothing is known of it */
};

static const uint8_t stick_class[] = {8, 0}, mouse_class[] = {3, 0}, both_classes[] = {3, 8, 0}, none[] = {0};
static struct libusb_device devices[] = {
    {1, 4, stick_class}, {1, 5, mouse_class}, {2, 6, both_classes}, {2, 7, NULL}, {3, 8, none}, {3, 9, stick_class}};
#define DEVICES (sizeof devices / sizeof *devices)

static struct libusb_context context;
static int init_fails, list_fails, register_fails, capable;
static int configs, lists, pollfds;             /* that were given and not given back */
static sigset_t while_starting;
static libusb_hotplug_callback_fn told;
static void *told_arg;
static unsigned to_tell, asked;
static const struct libusb_pollfd poll_a = {40, POLLIN}, poll_b = {41, POLLOUT};

#pragma GCC visibility push(default)

int
libusb_init(libusb_context **out)
{
	pthread_sigmask(SIG_SETMASK, NULL, &while_starting);
	if (init_fails != 0)
		return init_fails;
	ck_assert(!context.open);
	context.open = true;
	*out = &context;
	return 0;
}

void
libusb_exit(libusb_context *c)
{
	ck_assert(c == &context && context.open);
	context.open = false;
}

ssize_t
libusb_get_device_list(libusb_context *c, libusb_device ***out)
{
	libusb_device **list = NULL;

	ck_assert_ptr_eq(c, &context);
	if (list_fails != 0)
		return list_fails;
	list = calloc(DEVICES + 1, sizeof *list);
	ck_assert_ptr_nonnull(list);
	for (size_t i = 0; i < DEVICES; i++)
		list[i] = &devices[i];
	lists++;
	*out = list;
	return (ssize_t)DEVICES;
}

void
libusb_free_device_list(libusb_device **list, int unref)
{
	ck_assert(list != NULL && unref == 1);
	lists--;
	free(list);
}

int
libusb_get_active_config_descriptor(libusb_device *device, struct libusb_config_descriptor **out)
{
	static struct libusb_interface_descriptor settings[4];
	static struct libusb_interface interfaces[4];
	static struct libusb_config_descriptor config;
	uint8_t n = 0;

	if (device->classes == NULL)
		return LIBUSB_ERROR_NOT_FOUND;
	for (; device->classes[n] != 0; n++) {
		settings[n].bInterfaceClass = device->classes[n];
		interfaces[n] = (struct libusb_interface){&settings[n], 1};
	}
	config.bNumInterfaces = n;
	config.interface = interfaces;
	configs++;
	*out = &config;
	return 0;
}

void
libusb_free_config_descriptor(struct libusb_config_descriptor *config)
{
	ck_assert_ptr_nonnull(config);
	configs--;
}

uint8_t
libusb_get_bus_number(libusb_device *device)
{
	return device->bus;
}

uint8_t
libusb_get_device_address(libusb_device *device)
{
	return device->address;
}

int
libusb_has_capability(uint32_t what)
{
	ck_assert_uint_eq(what, LIBUSB_CAP_HAS_HOTPLUG);
	return capable;
}

int
libusb_hotplug_register_callback(libusb_context *c, int events, int flags, int vendor, int product, int class,
    libusb_hotplug_callback_fn fn, void *arg, libusb_hotplug_callback_handle *handle)
{
	ck_assert(c == &context && flags == 0 && handle == NULL);
	ck_assert_int_eq(events, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT);
	ck_assert(vendor == LIBUSB_HOTPLUG_MATCH_ANY && product == LIBUSB_HOTPLUG_MATCH_ANY && class == LIBUSB_HOTPLUG_MATCH_ANY);
	told = fn;
	told_arg = arg;
	return register_fails;
}

const struct libusb_pollfd **
libusb_get_pollfds(libusb_context *c)
{
	const struct libusb_pollfd **list = calloc(3, sizeof *list);

	ck_assert(c == &context && list != NULL);
	list[0] = &poll_a;
	list[1] = &poll_b;
	pollfds++;
	return list;
}

void
libusb_free_pollfds(const struct libusb_pollfd **list)
{
	if (list != NULL)
		pollfds--;
	free((void *)list);
}

int
libusb_handle_events_timeout_completed(libusb_context *c, struct timeval *wait, int *completed)
{
	ck_assert(c == &context && completed == NULL);
	ck_assert(wait->tv_sec == 0 && wait->tv_usec == 0);
	asked++;
	for (; to_tell > 0; to_tell--)
		ck_assert_int_eq(told(c, &devices[0], LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, told_arg), 0);
	return 0;
}

#pragma GCC visibility pop

static void
setup(void)
{
	context.open = false;
	init_fails = list_fails = register_fails = 0;
	capable = 1;
	configs = lists = pollfds = 0;
	to_tell = asked = 0;
}

static void
teardown(void)
{
	ck_assert(!context.open);
	ck_assert(configs == 0 && lists == 0 && pollfds == 0);
}

/* ---- what is there -------------------------------------------------------------------------------------------------------- */

START_TEST(each_device_that_stores_is_found)
{
	struct usb_bus_address found[8] = {{0}};

	ck_assert_uint_eq(usb_bus_storage(found, 8), 3);
	ck_assert(found[0].bus == 1 && found[0].address == 4);
	ck_assert(found[1].bus == 2 && found[1].address == 6);
	ck_assert(found[2].bus == 3 && found[2].address == 9);
	ck_assert(found[3].bus == 0 && found[3].address == 0);
}
END_TEST

START_TEST(no_more_are_stored_than_there_is_room_for)
{
	struct usb_bus_address found[8] = {{0}};

	ck_assert_uint_eq(usb_bus_storage(found, 2), 2);
	ck_assert(found[2].bus == 0);
	ck_assert_uint_eq(usb_bus_storage(found, 0), 0);
}
END_TEST

START_TEST(where_there_is_no_usb_there_is_nothing)
{
	struct usb_bus_address found[8];

	init_fails = LIBUSB_ERROR_OTHER;
	ck_assert_uint_eq(usb_bus_storage(found, 8), 0);
	ck_assert_ptr_null(usb_hotplug_new());
	init_fails = 0;
	list_fails = LIBUSB_ERROR_NO_MEM;
	ck_assert_uint_eq(usb_bus_storage(found, 8), 0);
}
END_TEST

/* ---- what comes and goes --------------------------------------------------------------------------------------------------- */

START_TEST(what_came_or_went_is_told_once)
{
	struct usb_hotplug *h = usb_hotplug_new();

	ck_assert_ptr_nonnull(h);
	ck_assert(!usb_hotplug_changed(h));
	to_tell = 2;
	ck_assert(usb_hotplug_changed(h));
	ck_assert(!usb_hotplug_changed(h));
	ck_assert_uint_eq(asked, 3);
	usb_hotplug_free(&h);
	ck_assert_ptr_null(h);
	usb_hotplug_free(&h);
	usb_hotplug_free(NULL);
	ck_assert(!usb_hotplug_changed(NULL));
}
END_TEST

/* libusb's thread has what it starts with; this one has what it had. */
START_TEST(its_thread_takes_no_signal_of_ours)
{
	struct usb_hotplug *h = NULL;
	sigset_t mine, after;

	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &mine, NULL);
	h = usb_hotplug_new();
	ck_assert_int_eq(sigismember(&while_starting, SIGTERM), 1);
	ck_assert_int_eq(sigismember(&while_starting, SIGINT), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	ck_assert(sigismember(&after, SIGTERM) == 0 && sigismember(&after, SIGUSR2) == 1);
	usb_hotplug_free(&h);
}
END_TEST

START_TEST(where_it_cannot_tell_it_is_given_back)
{
	capable = 0;
	ck_assert_ptr_null(usb_hotplug_new());
	capable = 1;
	register_fails = LIBUSB_ERROR_NO_MEM;
	ck_assert_ptr_null(usb_hotplug_new());
}
END_TEST

START_TEST(what_to_poll_for)
{
	struct usb_hotplug *h = usb_hotplug_new();
	struct pollfd fds[4] = {{.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1}};

	ck_assert_uint_eq(usb_hotplug_fds(h, fds, 4), 2);
	ck_assert(fds[0].fd == 40 && fds[0].events == POLLIN && fds[1].fd == 41 && fds[1].events == POLLOUT);
	ck_assert_int_eq(fds[2].fd, -1);
	fds[1].fd = -1;
	ck_assert_uint_eq(usb_hotplug_fds(h, fds, 1), 1);
	ck_assert_int_eq(fds[1].fd, -1);
	ck_assert_uint_eq(usb_hotplug_fds(NULL, fds, 4), 0);
	usb_hotplug_free(&h);
}
END_TEST

SUITE("usb_bus", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, each_device_that_stores_is_found);
	tcase_add_test(t, no_more_are_stored_than_there_is_room_for);
	tcase_add_test(t, where_there_is_no_usb_there_is_nothing);
	tcase_add_test(t, what_came_or_went_is_told_once);
	tcase_add_test(t, its_thread_takes_no_signal_of_ours);
	tcase_add_test(t, where_it_cannot_tell_it_is_given_back);
	tcase_add_test(t, what_to_poll_for);
}
