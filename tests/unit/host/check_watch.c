/*
 * check_watch.c - what is told of sticks, folders and devices that come and go, round by round.
 */
#include <check.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "fixture.h"
#include "mountinfo.h"
#include "place.h"
#include "sessions.h"
#include "suite.h"
#include "usb_hotplug.h"
#include "watch.h"

/* What there is in one round: between two of them the loop waits. */
struct round {
	const char *sticks[2];
	const char *folder; /* is open */
	const char *device; /* is plugged in and not mounted */
	int64_t s;          /* the time */
	bool plugged;       /* the USB reports a change to the next one */
};

static const struct round *now, *last;
static struct watch *w;
static struct fault f;
static char heard[400];
static bool opens;    /* whether a stick is opened */
static bool unsettled; /* whether mounts change meanwhile, once */
static bool changes;   /* ... now */
static unsigned most;  /* sticks until it is over */
static int ready;
static uint8_t with[ID_SIZE]; /* the stick of a session */
static enum err found;        /* what looking for sessions says */

/* ---- the PC ----------------------------------------------------------------------------------------------------------------- */

int __wrap_place_each(int (*each)(void *arg, const char *path), void *arg);
bool __wrap_mountpoint_is(const char *path, const struct mountinfo_id *id);
int __wrap_mountinfo_identify(const char *path, struct mountinfo_id *id);
enum err __wrap_usb_list(
    struct usb_list_volume **list, size_t *count, const struct usb_list_source *source, struct fault *why);
size_t __wrap_usb_hotplug_fds(const struct usb_hotplug *h, struct pollfd *out, size_t max);
bool __wrap_usb_hotplug_changed(struct usb_hotplug *h);
enum err __wrap_sessions_find(struct sessions *s, struct fault *why);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

int
__wrap_place_each(int (*each)(void *arg, const char *path), void *arg)
{
	for (size_t i = 0; i < 2 && now->sticks[i] != NULL; i++)
		if (each(arg, now->sticks[i]) != 0)
			return 1;
	return 0;
}

bool
__wrap_mountpoint_is(const char *path, const struct mountinfo_id *id)
{
	(void)id;
	return now->folder != NULL && strcmp(path, now->folder) == 0;
}

int
__wrap_mountinfo_identify(const char *path, struct mountinfo_id *id)
{
	(void)path;
	(void)id;
	return -1;
}

enum err
__wrap_usb_list(struct usb_list_volume **list, size_t *count, const struct usb_list_source *source, struct fault *why)
{
	(void)source;
	(void)why;
	*list = NULL;
	if ((*count = now->device != NULL) == 0)
		return E_OK;
	ck_assert_ptr_nonnull(*list = calloc(1, sizeof **list));
	snprintf((*list)->usb.name, sizeof (*list)->usb.name, "%s", now->device);
	return E_OK;
}

size_t
__wrap_usb_hotplug_fds(const struct usb_hotplug *h, struct pollfd *out, size_t max)
{
	(void)h;
	ck_assert_uint_ge(max, 1);
	*out = (struct pollfd){.fd = ready, .events = POLLIN}; /* nothing waits in vain */
	return 1;
}

bool
__wrap_usb_hotplug_changed(struct usb_hotplug *h)
{
	(void)h;
	return now++->plugged;
}

enum err
__wrap_sessions_find(struct sessions *s, struct fault *why)
{
	ck_assert_ptr_nonnull(s->list = calloc(2, sizeof *s->list));
	s->count = 2;
	snprintf(s->list[0].state.mount_point, MOUNTPOINT_MAX, "/another");
	memcpy(s->list[1].state.stick_id, with, ID_SIZE);
	snprintf(s->list[1].state.mount_point, MOUNTPOINT_MAX, "/its/folder");
	return found == E_OK ? E_OK : fault_set(why, found, 0, "sessions", "here");
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	ck_assert(n == 1 && timeout == 0);
	n = changes;
	changes = false;
	return (int)n;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	if (clock != CLOCK_MONOTONIC || now == NULL)
		return __real_clock_gettime(clock, t);
	*t = (struct timespec){.tv_sec = now->s};
	return 0;
}

/* ---- who listens ------------------------------------------------------------------------------------------------------------ */

static void
hear(char mark, const char *what)
{
	size_t n = strlen(heard);

	snprintf(heard + n, sizeof heard - n, "%s%c%s", n > 0 ? " " : "", mark, what);
}

static bool
on_stick(void *arg, const char *path)
{
	(void)arg;
	hear('+', path);
	changes = unsettled;
	unsettled = false;
	if (now->folder != NULL)
		watch_folder(w, now->folder);
	most--;
	return opens;
}

static void
on_gone(void *arg, const char *path)
{
	(void)arg;
	hear('-', path);
}

static void
on_closed(void *arg, const char *folder)
{
	(void)arg;
	hear('x', folder);
}

static void
on_unmounted(void *arg, const struct usb_list_volume *v)
{
	(void)arg;
	hear('?', v->usb.name);
}

static bool
is_over(void *arg)
{
	(void)arg;
	return now == last || most == 0;
}

/* What is told of these rounds; the last of them only says when they are over. */
static void
watch(const struct round *rounds, size_t count)
{
	static const struct watch_calls calls = {on_stick, on_gone, on_closed, on_unmounted, is_over, NULL};

	now = rounds;
	last = rounds + count - 1;
	ck_assert_int_eq(watch_new(&w, &calls, &f), E_OK);
	watch_run(w);
	watch_free(&w);
	ck_assert_ptr_null(w);
	now = NULL;
}

#define WATCH(...)                                           \
	watch((const struct round[]){__VA_ARGS__, {.s = 0}}, \
	    sizeof ((struct round[]){__VA_ARGS__}) / sizeof(struct round) + 1)

static void
setup(void)
{
	ck_assert_int_ge(ready = eventfd(1, EFD_CLOEXEC), 0);
	opens = true;
	unsettled = changes = false;
	most = 100;
	heard[0] = '\0';
}

static void
teardown(void)
{
	close(ready);
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------ */

START_TEST(stick_is_told_once_each_time_it_comes)
{
	WATCH({.sticks = {"a"}}, {.sticks = {"a"}}, {.sticks = {"a", "b"}}, {.sticks = {"b"}}, {.sticks = {"b", "a"}});
	ck_assert_str_eq(heard, "+a +b -a +a");
}
END_TEST

START_TEST(stick_that_was_not_opened_is_left_alone)
{
	opens = false;
	WATCH({.sticks = {"a"}}, {.sticks = {"a"}});
	ck_assert_str_eq(heard, "+a");
}
END_TEST

START_TEST(stick_pulled_while_its_code_is_asked_for_is_new)
{
	opens = false;
	unsettled = true;
	WATCH({.sticks = {"a"}}, {.sticks = {"a"}});
	ck_assert_str_eq(heard, "+a +a");
}
END_TEST

START_TEST(stick_that_was_opened_is_not_new)
{
	unsettled = true;
	WATCH({.sticks = {"a"}}, {.sticks = {"a"}});
	ck_assert_str_eq(heard, "+a");
}
END_TEST

START_TEST(folder_that_closes_is_told_once)
{
	WATCH({.sticks = {"a"}, .folder = "f"}, {.sticks = {"a"}, .folder = "f"}, {.sticks = {"a"}}, {.sticks = {"a"}});
	ck_assert_str_eq(heard, "+a xf");
}
END_TEST

START_TEST(device_is_told_when_nothing_has_mounted_it_for_a_while)
{
	WATCH({.device = "b", .s = 1}, {.device = "b", .s = 4}, {.device = "b", .s = 5}, {.device = "b", .s = 9});
	ck_assert_str_eq(heard, "?b");
}
END_TEST

START_TEST(device_that_is_plugged_in_has_time_of_its_own)
{
	WATCH({.s = 1}, {.s = 8, .plugged = true}, {.device = "b", .s = 9}, {.device = "b", .s = 12});
	ck_assert_str_eq(heard, "");
	WATCH({.s = 1}, {.s = 8, .plugged = true}, {.device = "b", .s = 9}, {.device = "b", .s = 13});
	ck_assert_str_eq(heard, "?b");
}
END_TEST

START_TEST(device_that_was_pulled_is_told_again)
{
	WATCH({.device = "b", .s = 1}, {.device = "b", .s = 5, .plugged = true}, {.s = 6, .plugged = true}, {.device = "b", .s = 7},
	    {.device = "b", .s = 12});
	ck_assert_str_eq(heard, "?b ?b");
}
END_TEST

START_TEST(nothing_more_is_told_when_it_is_over)
{
	most = 1;
	WATCH({.sticks = {"a", "b"}}, {.sticks = {"b"}});
	ck_assert_str_eq(heard, "+a");
}
END_TEST

START_TEST(another_code_helps_against_what_is_wrong_with_this_one)
{
	ck_assert(watch_another_code(E_SPENT) && watch_another_code(E_REVOKED) && watch_another_code(E_EARLY));
	ck_assert(watch_another_code(E_EXPIRED) && watch_another_code(E_SLOT_DAMAGED) && watch_another_code(E_BUSY));
	ck_assert(!watch_another_code(E_OK) && !watch_another_code(E_WRONG_STICK) && !watch_another_code(E_INTERRUPTED));
}
END_TEST

/* Two sessions, of which the second has the stick. */
START_TEST(stick_of_a_session_has_its_folder)
{
	char folder[MOUNTPOINT_MAX] = "";
	struct fixture x;

	fixture_open(&x);
	memcpy(with, x.stick_id, ID_SIZE);
	ck_assert(watch_session(x.path, folder));
	ck_assert_str_eq(folder, "/its/folder");
	with[0] ^= 1;
	ck_assert(!watch_session(x.path, folder));
	with[0] ^= 1;
	found = E_STATION;
	ck_assert(!watch_session(x.path, folder));
	found = E_OK;
	ck_assert(!watch_session("/", folder));
	ck_assert(!watch_session("/nowhere", folder));
	fixture_close(&x);
}
END_TEST

SUITE("watch", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, stick_is_told_once_each_time_it_comes);
	tcase_add_test(t, stick_that_was_not_opened_is_left_alone);
	tcase_add_test(t, stick_pulled_while_its_code_is_asked_for_is_new);
	tcase_add_test(t, stick_that_was_opened_is_not_new);
	tcase_add_test(t, folder_that_closes_is_told_once);
	tcase_add_test(t, device_is_told_when_nothing_has_mounted_it_for_a_while);
	tcase_add_test(t, device_that_is_plugged_in_has_time_of_its_own);
	tcase_add_test(t, device_that_was_pulled_is_told_again);
	tcase_add_test(t, nothing_more_is_told_when_it_is_over);
	tcase_add_test(t, another_code_helps_against_what_is_wrong_with_this_one);
	tcase_add_test(t, stick_of_a_session_has_its_folder);
}
