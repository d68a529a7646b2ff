/*
 * several.h - the rule for a verb that is given several sticks: one that is refused never stops the others, and the exit status is
 * that of the first that failed.
 */
#ifndef SEVERAL_H
#define SEVERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/*
 * several_stops(f): whether the others must not be gone on with, because the fault is the PC's or the person's and not that of one
 * stick: E_FAIL, E_INTERRUPTED, E_MEMORY, E_BOOKS, or a stick is named twice.
 */
bool several_stops(const struct fault *f);

/*
 * several_each(faults, count, step, arg): call step(arg, k, &faults[k]) for each k whose fault is E_OK. A fault that stops all is
 * also that of those that come after it and have none.
 */
void several_each(
    struct fault *faults, size_t count, enum err (*step)(void *arg, size_t k, struct fault *f), void *arg);

/* several_fine(faults, count): how many have none. several_stop(faults, count): the one that stops all, or NULL. */
size_t several_fine(const struct fault *faults, size_t count);
const struct fault *several_stop(const struct fault *faults, size_t count);

/*
 * several_status(faults, count): the error of the first that failed; but E_INTERRUPTED if anything was. several_first(sum, e): the
 * same of what there is so far, and of the next.
 */
enum err several_status(const struct fault *faults, size_t count);
enum err several_first(enum err sum, enum err e);

/* Where a stick is. */
struct several_place {
	bool there;
	dev_t device;
	ino_t file;
};

/*
 * several_look(list, k, fd, path, f): set list[k] to where the directory fd is; if that is -1, or cannot be looked at, it is not
 * there. E_USAGE (WHY_TWICE, about path) if one before it is the same directory.
 */
enum err several_look(struct several_place *list, size_t k, int fd, const char *path, struct fault *f);

/* Work on several sticks at once. */
struct several_work {
	void (*each)(void *arg, size_t k);  /* called for each stick, in any thread */
	void (*meanwhile)(void *arg);	    /* called some times a second, in the calling thread; may be NULL */
	void *arg;
};

/*
 * several_run(w, list, count): call w->each(w->arg, k) once for each k whose list[k] is there: for those on one device one after
 * the other, in their order; for those on different devices at the same time, in threads. Return 0 when all have returned; -1
 * without memory, and nothing was called.
 */
int several_run(const struct several_work *w, const struct several_place *list, size_t count);

#endif
