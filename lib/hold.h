/*
 * hold.h - keeping everybody else on this PC away from the records and notices of a stick, while they are read and then written.
 *
 * A hold is an flock(2) of the records' own file, lock.a of a grant: whoever can write to the records meets it, whatever user he is
 * and whatever memory he has. What concerns the whole stick holds its directory ONCE besides, which is there also where lock files
 * are not. It is of the open file, so neither another descriptor that is closed nor a thread takes it away, and it ends with its
 * process. Who may only read can keep it, and so keep others waiting, but has nothing from it. A process must not hold the same
 * grant, or the same stick, twice: it would wait for itself.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>

#include "error.h"
#include "format.h"
#include "stick.h"

struct hold;

/*
 * hold_grant(h, s, grant_id, f): hold the records of one grant. hold_stick(h, s, grants, f): of all grants of the stick that can be
 * used, as stick_load_grants found them, for what concerns them all. Both wait for some seconds for others, who need no longer to
 * use up a code. What has no lock (no such file, no right to write to it, a file system without locks) is not held, and no error:
 * who uses it says what is the matter. *h is owned by the caller, NULL after a failure. Errors: E_STICK_BUSY, E_FAIL.
 */
enum err hold_grant(struct hold **h, const struct stick *s, const uint8_t grant_id[ID_SIZE], struct fault *f);
enum err hold_stick(struct hold **h, const struct stick *s, const struct stick_grants *grants, struct fault *f);

/*
 * hold_readable(h): whether the medium still answers for what is held, past the cache. A stick that was pulled keeps its names, or
 * says that it is empty, as the kernel pleases; a file that is open cannot be read any more. true where nothing is held.
 */
bool hold_readable(const struct hold *h);

void hold_release(struct hold **h);

#endif
