/*
 * replug.h - a stick that is pulled while its bundle is open, and put back.
 *
 * Readers that fail wait here for the stick, for REPLUG_WAIT_S, or less if the kernel would end the mount before. Once one has
 * waited in vain, none waits again until the stick is back, because the kernel asks several times before it tells the reader. The
 * stick may come back in another port, under another device name, or mounted elsewhere. The session asks now and then whether it
 * is away, and gives up after REPLUG_AWAY_S.
 */
#ifndef REPLUG_H
#define REPLUG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clock.h"
#include "unlock.h"

#define REPLUG_WAIT_S 60
#define REPLUG_AWAY_S 600

struct replug;

/*
 * replug_new(unlock, path, clock): watch the stick at path (absolute) for an open session. unlock and path are borrowed. NULL if
 * there is no memory.
 */
struct replug *replug_new(struct unlock *unlock, const char *path, struct clock_source clock);
void replug_free(struct replug **r);

/*
 * replug_on_change(r, tell, arg): from now on call tell(arg, away), from any thread, when the stick is found to be away or back.
 * tell must not wait.
 */
void replug_on_change(struct replug *r, void (*tell)(void *arg, bool away), void *arg);

/*
 * replug_wait(r, stop, arg): wait until the same stick is there and the bundle is read from it again; then return true. Return
 * false after REPLUG_WAIT_S (or half of fs.fuse.default_request_timeout or max_request_timeout, if these are set and that is
 * shorter), at once if another thread waited that long in vain, or soon after stop(arg) becomes true. Any number of threads.
 */
bool replug_wait(struct replug *r, bool (*stop)(void *arg), void *arg);

/*
 * replug_look(r): notice that the stick is away, or try once whether it is back. Return for how many seconds it has been away, 0
 * if it is there.
 */
int64_t replug_look(struct replug *r);

/* replug_device(r): the st_dev of the stick's files, where it was last seen. */
dev_t replug_device(struct replug *r);

#endif
