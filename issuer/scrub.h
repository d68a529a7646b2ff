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
 * scrub_check(dir_fd, path, f): E_USAGE (WHY_NOT_A_MOUNT) unless the directory, whose name for people is path, is the top of a
 * mounted file system: filling the space of another one would fill this PC's disk. E_USAGE (WHY_FOREIGN) if SCRUB_DIR contains
 * files that are not ours. E_STICK_IO, E_READONLY.
 */
enum err scrub_check(int dir_fd, const char *path, struct fault *f);

/* scrub_bytes(dir_fd): how many bytes will be written. */
uint64_t scrub_bytes(int dir_fd);

/*
 * scrub_free_space(report, dir_fd, f): fill the free space below dir_fd with random bytes, flush, delete, twice. Nothing of that
 * stays, even after an interruption. Errors: those of scrub_check, E_INTERRUPTED, E_FAIL.
 */
enum err scrub_free_space(const struct report *report, int dir_fd, struct fault *f);

#endif
