/*
 * hold.h - keeping everybody else on this PC away from the records and notices of a stick while they are read and then written.
 *
 * A hold is an flock(2) on the file of the records themselves, lock.a of a grant. Everybody who can write to the records meets it,
 * whoever the user is and whichever memory he uses. What concerns the whole stick also holds its directory ONCE, which exists even
 * where lock files do not. The lock belongs to the open file: closing another descriptor or ending a thread does not release it,
 * and it ends with its process. Somebody who may only read the stick can hold it too, and so make others wait, but gains nothing
 * by it. A process must not hold the same grant, or the same stick, twice: it would wait for itself.
 */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>

#include "error.h"
#include "format.h"
#include "stick.h"

struct hold;

/*
 * hold_grant(h, s, grant_id, f): hold the records of one grant. hold_stick(h, s, grants, f): hold those of all usable grants of
 * the stick, as stick_load_grants found them, for what concerns them all. Both wait some seconds for others, which is longer than
 * it takes to use up a code. What has no lock (no such file, no right to write to it, a file system without locks) is not held.
 * That is not an error: whoever uses it next will report what is wrong. The caller owns *h, which is NULL after a failure. Errors:
 * E_STICK_BUSY, E_FAIL.
 */
enum err hold_grant(struct hold **h, const struct stick *s, const uint8_t grant_id[ID_SIZE], struct fault *f);
enum err hold_stick(struct hold **h, const struct stick *s, const struct stick_grants *grants, struct fault *f);

/*
 * hold_readable(h): whether the medium itself, not the cache, still answers for what is held. After a stick has been pulled the
 * kernel may still show its names, or may say that it is empty; but a file that is open on it can no longer be read. True if
 * nothing is held.
 */
bool hold_readable(const struct hold *h);

void hold_release(struct hold **h);

#endif
