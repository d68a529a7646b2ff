/*
 * several.c - the rule for several sticks, and a thread for each device.
 */
#include "several.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "filestat.h"

bool
several_stops(const struct fault *f)
{
	return f->err == E_FAIL || f->err == E_INTERRUPTED || f->err == E_MEMORY || f->err == E_BOOKS || f->why == WHY_TWICE;
}

void
several_each(struct fault *faults, size_t count, enum err (*step)(void *arg, size_t k, struct fault *f), void *arg)
{
	const struct fault *stop = NULL;

	for (size_t k = 0; k < count; k++) {
		if (faults[k].err != E_OK)
			continue;
		if (stop != NULL)
			faults[k] = *stop;
		else if (step(arg, k, &faults[k]) != E_OK && several_stops(&faults[k]))
			stop = &faults[k];
	}
}

size_t
several_fine(const struct fault *faults, size_t count)
{
	size_t n = 0;

	for (size_t k = 0; k < count; k++)
		n += faults[k].err == E_OK;
	return n;
}

const struct fault *
several_stop(const struct fault *faults, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (several_stops(&faults[k]))
			return &faults[k];
	return NULL;
}

enum err
several_first(enum err sum, enum err e)
{
	return sum == E_INTERRUPTED || e == E_INTERRUPTED ? E_INTERRUPTED : sum != E_OK ? sum : e;
}

enum err
several_status(const struct fault *faults, size_t count)
{
	enum err sum = E_OK;

	for (size_t k = 0; k < count; k++)
		sum = several_first(sum, faults[k].err);
	return sum;
}

enum err
several_look(struct several_place *list, size_t k, int fd, const char *path, struct fault *f)
{
	struct several_place *p = &list[k];
	struct stat st;

	*p = (struct several_place){.there = fd >= 0 && filestat_fd(fd, &st) == 0};
	if (!p->there)
		return E_OK;
	p->device = st.st_dev;
	p->file = st.st_ino;
	for (size_t i = 0; i < k; i++)
		if (list[i].there && list[i].device == p->device && list[i].file == p->file)
			return fault_why(f, E_USAGE, 0, WHY_TWICE, "%s", path);
	return E_OK;
}

/* ---- at once ------------------------------------------------------------------------------------------------------------- */

#define POLL_NS 50000000l

/* The sticks of one device, of which first is the first. */
struct lane {
	const struct several_work *work;
	const struct several_place *list;
	size_t first, count;
	pthread_t thread;
	bool running;
	atomic_bool finished;
};

static void *
run_lane(void *arg)
{
	struct lane *l = arg;

	for (size_t k = l->first; k < l->count; k++)
		if (l->list[k].there && l->list[k].device == l->list[l->first].device)
			l->work->each(l->work->arg, k);
	atomic_store(&l->finished, true);
	return NULL;
}

static bool
begins_lane(const struct several_place *list, size_t k)
{
	for (size_t i = 0; i < k; i++)
		if (list[i].there && list[i].device == list[k].device)
			return false;
	return list[k].there;
}

static bool
all_finished(struct lane *lanes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lanes[i].running && !atomic_load(&lanes[i].finished))
			return false;
	return true;
}

int
several_run(const struct several_work *w, const struct several_place *list, size_t count)
{
	const struct timespec pause = {0, POLL_NS};
	struct lane *lanes = calloc(count + 1, sizeof *lanes);
	size_t n = 0;

	if (lanes == NULL)
		return -1;
	for (size_t k = 0; k < count; k++) {
		struct lane *l = &lanes[n];

		if (!begins_lane(list, k))
			continue;
		*l = (struct lane){.work = w, .list = list, .first = k, .count = count};
		l->running = pthread_create(&l->thread, NULL, run_lane, l) == 0;
		n++;
	}
	for (; !all_finished(lanes, n); nanosleep(&pause, NULL))
		if (w->meanwhile != NULL)
			w->meanwhile(w->arg);
	for (size_t i = 0; i < n; i++) {
		if (lanes[i].running)
			pthread_join(lanes[i].thread, NULL);
		else
			run_lane(&lanes[i]); /* there was no thread for it */
	}
	free(lanes);
	return 0;
}
