/*
 * watch.c - a loop over the list of mounts.
 */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "mountinfo.h"
#include "place.h"
#include "sessions.h"
#include "stick.h"
#include "usb_hotplug.h"

#define MOUNTS "/proc/self/mountinfo"
#define PATIENCE_MS 4000 /* how long a desktop may take to mount what was plugged in */
#define FDS_MAX 16

/* A set of names that come and go. */
struct known {
	struct known_one {
		char *name;
		struct mountinfo_id mount; /* for a folder: what is mounted there */
		bool here;  /* seen in this round */
		bool fresh; /* not seen in any round before */
	} *list;
	size_t count, room;
};

struct watch {
	const struct watch_calls *calls;
	bool again;		 /* mounts changed meanwhile: look before waiting */
	int mounts;		 /* the list of mounts, for poll */
	struct usb_hotplug *usb; /* or NULL */
	int64_t look_at;	 /* when to look for sticks that were not mounted, by clock_ms; 0: not waiting for that */
	struct known sticks;	 /* mount points with ONCE */
	struct known folders;	 /* watch_folder */
	struct known unmounted;	 /* partitions that were told */
};

/* ---- names that come and go ----------------------------------------------------------------------------------------------- */

static void
known_round(struct known *k)
{
	for (size_t i = 0; i < k->count; i++)
		k->list[i].here = false;
}

static struct known_one *
known_find(const struct known *k, const char *name)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->list[i].name, name) == 0)
			return &k->list[i];
	return NULL;
}

/* Note that a name was seen. Return false if there is no memory for it. */
static bool
known_meet(struct known *k, const char *name)
{
	struct known_one *list = NULL, *one = known_find(k, name);
	char *copy = NULL;

	if (one != NULL)
		return one->here = true;
	if ((list = array_grow(k->list, k->count, &k->room, sizeof *list)) != NULL)
		k->list = list;
	if (list == NULL || (copy = strdup(name)) == NULL)
		return false;
	list[k->count++] = (struct known_one){.name = copy, .here = true, .fresh = true};
	return true;
}

static void
known_drop(struct known *k, size_t i)
{
	free(k->list[i].name);
	k->list[i] = k->list[--k->count];
}

static void
known_free(struct known *k)
{
	while (k->count > 0)
		known_drop(k, 0);
	free(k->list);
	k->list = NULL;
}

/* ---- facts ------------------------------------------------------------------------------------------------------------------ */

bool
watch_another_code(enum err e)
{
	return e == E_SPENT || e == E_REVOKED || e == E_EARLY || e == E_EXPIRED || e == E_SLOT_DAMAGED || e == E_BUSY;
}

bool
watch_session(const char *path, char folder[MOUNTPOINT_MAX])
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stick *s = NULL;
	struct sessions all = {.dir_fd = -1};
	bool found = false;

	if (fd >= 0 && stick_open(&s, fd, NULL) == E_OK && sessions_find(&all, NULL) == E_OK)
		for (size_t i = 0; i < all.count && !found; i++) {
			found = memcmp(all.list[i].state.stick_id, s->id, ID_SIZE) == 0;
			if (found)
				snprintf(folder, MOUNTPOINT_MAX, "%s", all.list[i].state.mount_point);
		}
	sessions_free(&all);
	stick_close(&s);
	if (fd >= 0)
		close(fd);
	return found;
}

void
watch_folder(struct watch *w, const char *folder)
{
	struct known_one *one = known_meet(&w->folders, folder) ? known_find(&w->folders, folder) : NULL;

	if (one != NULL)
		(void)!mountinfo_identify(folder, &one->mount); /* if that fails, the path must be enough */
}

/* ---- what came and went --------------------------------------------------------------------------------------------------- */

static int
on_stick(void *arg, const char *path)
{
	return known_meet(arg, path) ? 0 : 1;
}

static void
drop_closed(struct watch *w)
{
	for (size_t i = w->folders.count; i-- > 0;) {
		if (mountpoint_is(w->folders.list[i].name, &w->folders.list[i].mount))
			continue;
		w->calls->closed(w->calls->arg, w->folders.list[i].name);
		known_drop(&w->folders, i);
	}
}

static void
drop_gone(struct watch *w)
{
	for (size_t i = w->sticks.count; i-- > 0;) {
		if (w->sticks.list[i].here)
			continue;
		w->calls->gone(w->calls->arg, w->sticks.list[i].name);
		known_drop(&w->sticks, i);
	}
}

/* Whether the list of mounts has changed since the last call: the kernel reports a change only once. */
static bool
mounts_changed(struct watch *w)
{
	struct pollfd p = {.fd = w->mounts, .events = POLLPRI};
	bool changed = poll(&p, 1, 0) > 0;

	w->again = w->again || changed;
	return changed;
}

static bool
is_over(const struct watch *w)
{
	return w->calls->over(w->calls->arg);
}

/*
 * A stick that is pulled and put back while its code is asked for comes to the same place. So, if mounts changed during an attempt
 * that failed, the stick counts as new once more, if it is there.
 */
static void
offer_fresh(struct watch *w)
{
	for (size_t i = 0; i < w->sticks.count && !is_over(w); i++) {
		bool taken;

		if (!w->sticks.list[i].fresh)
			continue;
		w->sticks.list[i].fresh = false;
		mounts_changed(w);
		taken = w->calls->stick(w->calls->arg, w->sticks.list[i].name);
		if (mounts_changed(w) && !taken)
			w->sticks.list[i].fresh = true;
	}
}

/* ---- sticks that are not mounted ------------------------------------------------------------------------------------------ */

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
point_out(struct watch *w, const struct usb_list_volume *v)
{
	bool known = known_find(&w->unmounted, v->usb.name) != NULL;

	if (known_meet(&w->unmounted, v->usb.name) && !known)
		w->calls->unmounted(w->calls->arg, v);
}

/* Forget sticks that were pulled. Point out those that nothing has mounted, unless it is too early for that. */
static void
look_for_unmounted(struct watch *w, bool early)
{
	const struct usb_list_source source = usb_list_disks();
	struct usb_list_volume *list = NULL;
	size_t count = 0;

	if (usb_list(&list, &count, &source, NULL) != E_OK)
		return;
	known_round(&w->unmounted);
	for (size_t i = 0; i < count; i++)
		if (list[i].unfit == USB_LIST_FIT && list[i].point[0] == '\0' &&
		    (!early || known_find(&w->unmounted, list[i].usb.name) != NULL))
			point_out(w, &list[i]);
	for (size_t i = w->unmounted.count; i-- > 0;)
		if (!w->unmounted.list[i].here)
			known_drop(&w->unmounted, i);
	free(list);
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------- */

static int
patience(const struct watch *w)
{
	int64_t left = w->look_at - clock_ms();

	return w->look_at == 0 ? -1 : left > 0 ? (int)left : 0;
}

/* SIGINT arrives inside ppoll or is noticed before it, never in between. */
static void
wait_for_change(struct watch *w)
{
	struct pollfd fds[FDS_MAX] = {{.fd = w->mounts, .events = POLLPRI}};
	nfds_t n = 1 + usb_hotplug_fds(w->usb, fds + 1, FDS_MAX - 1);
	int wait = patience(w);
	struct timespec t = {wait / 1000, wait % 1000 * 1000000L};
	sigset_t ours, before;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (!is_over(w))
		ppoll(fds, n, wait < 0 ? NULL : &t, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (usb_hotplug_changed(w->usb)) {
		look_for_unmounted(w, true);
		w->look_at = clock_ms() + PATIENCE_MS;
	}
}

void
watch_run(struct watch *w)
{
	while (!is_over(w)) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		w->again = false;
		drop_closed(w);
		known_round(&w->sticks);
		place_each(on_stick, &w->sticks);
		drop_gone(w);
		offer_fresh(w);
		if (w->look_at != 0 && clock_ms() >= w->look_at) {
			w->look_at = 0;
			look_for_unmounted(w, false);
		}
		if (!w->again && !is_over(w))
			wait_for_change(w);
	}
}

enum err
watch_new(struct watch **w, const struct watch_calls *calls, struct fault *f)
{
	struct watch *made = NULL;
	int mounts = open(MOUNTS, O_RDONLY | O_CLOEXEC);

	if (mounts < 0)
		return fault_set(f, E_FAIL, errno, "open", "%s", MOUNTS);
	if ((made = malloc(sizeof *made)) == NULL) {
		close(mounts);
		return fault_set(f, E_FAIL, ENOMEM, "memory", "%s", MOUNTS);
	}
	*made = (struct watch){
	    .calls = calls, .mounts = mounts, .usb = usb_hotplug_new(), .look_at = clock_ms() + PATIENCE_MS};
	*w = made;
	return E_OK;
}

void
watch_free(struct watch **w)
{
	if (*w == NULL)
		return;
	usb_hotplug_free(&(*w)->usb);
	close((*w)->mounts);
	known_free(&(*w)->sticks);
	known_free(&(*w)->folders);
	known_free(&(*w)->unmounted);
	free(*w);
	*w = NULL;
}
