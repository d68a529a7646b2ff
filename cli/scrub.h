/*
 * scrub.h - filling the free space of a stick, so that little of what was deleted is left in its flash.
 */
#ifndef SCRUB_H
#define SCRUB_H

#include "cli.h"
#include "error.h"

/*
 * scrub_check(dir_fd, path, f): E_USAGE unless the directory is the top of a mounted file system: filling the space of another
 * would fill this PC's disk; and if the folder that is filled holds what is somebody else's.
 */
enum err scrub_check(int dir_fd, const char *path, struct fault *f);

/* scrub_announce(c, dir_fd): say how much will be written and about how long that takes. */
void scrub_announce(const struct cli *c, int dir_fd);

/*
 * scrub_free_space(c, dir_fd, f): fill the free space below dir_fd with random bytes, flush, delete, twice. Nothing of it stays,
 * also when interrupted. Errors: E_USAGE (a folder of that name holds what is
 * somebody else's), E_STICK_IO, E_READONLY, E_INTERRUPTED, E_FAIL.
 */
enum err scrub_free_space(const struct cli *c, int dir_fd, struct fault *f);

#endif
