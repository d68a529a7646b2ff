/*
 * scratch.h - a database that means nothing, beside the station's memory: to try what a change to that takes, and to be removed
 * again.
 *
 * One process at a time has it. Whoever opened it removes it, or whoever began it if the opener died, or else whoever begins next.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "error.h"

struct scratch;

/*
 * scratch_begin(s, dir, f): have the scratch database of dir, a directory that is there, to oneself. Others are waited for, for
 * some seconds. E_STATION, E_FAIL.
 */
enum err scratch_begin(struct scratch **s, const char *dir, struct fault *f);

/* scratch_open(s, f): make it; in a child of the process that began, like every connection that a child uses. E_STATION, E_FAIL. */
enum err scratch_open(struct scratch *s, struct fault *f);

/* scratch_commit(s, f): change one row, as the station's memory is changed, down to the disk. E_STATION, E_FAIL. */
enum err scratch_commit(struct scratch *s, struct fault *f);

/* scratch_end(s): remove it, and let the next one have it. NULL-safe; sets *s to NULL. */
void scratch_end(struct scratch **s);

#endif
