/*
 * scratch.h - a throw-away database next to the station's memory, for trying what a change to that memory needs.
 *
 * One process has it at a time. It is removed by whoever opened it; if the opener died, by whoever began it; or else by whoever
 * begins next.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "error.h"

struct scratch;

/*
 * scratch_begin(s, dir, f): get the scratch database of dir, an existing directory, for this process alone. Wait some seconds for
 * others. E_STATION, E_FAIL.
 */
enum err scratch_begin(struct scratch **s, const char *dir, struct fault *f);

/*
 * scratch_open(s, f): make the database. Do this in a child of the process that began, like every connection that a child uses.
 * E_STATION, E_FAIL.
 */
enum err scratch_open(struct scratch *s, struct fault *f);

/* scratch_commit(s, f): change one row in the way the station's memory is changed, down to the disk. E_STATION, E_FAIL. */
enum err scratch_commit(struct scratch *s, struct fault *f);

/* scratch_end(s): remove the database and let the next process have it. NULL-safe; sets *s to NULL. */
void scratch_end(struct scratch **s);

#endif
