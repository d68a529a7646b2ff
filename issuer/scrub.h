/*
 * scrub.h - filling the free space of a stick, so that little of what was deleted is left in its flash.
 */
#ifndef SCRUB_H
#define SCRUB_H

#include <stdint.h>

#include "error.h"
#include "report.h"

#define SCRUB_DIR "oncestick-fill" /* what is filled, and gone in the end */

/* Steps of faults. */

/*
 * scrub_check(dir_fd, path, f): E_USAGE (WHY_NOT_A_MOUNT) unless the directory, called path, is the top of a mounted file
 * system: filling the space of another would fill this PC's disk; and (WHY_FOREIGN) if SCRUB_DIR holds what is somebody else's.
 * E_STICK_IO, E_READONLY.
 */
enum err scrub_check(int dir_fd, const char *path, struct fault *f);

/* scrub_bytes(dir_fd): how much will be written. */
uint64_t scrub_bytes(int dir_fd);

/*
 * scrub_free_space(report, dir_fd, f): fill the free space below dir_fd with random bytes, flush, delete, twice. Nothing of it
 * stays, also when interrupted. Errors: those of scrub_check, E_INTERRUPTED, E_FAIL.
 */
enum err scrub_free_space(const struct report *report, int dir_fd, struct fault *f);

#endif
