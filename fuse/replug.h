/*
 * replug.h - a stick that is pulled while its bundle is open, and put back.
 *
 * Readers that fail wait here for it, REPLUG_WAIT_S, or less where the kernel would end the mount; once one did in vain, none waits
 * again until it is back, because the kernel asks several times before it tells who reads. It may come back in another port, under
 * another device name, mounted elsewhere. The session asks now and then whether it is away, and gives up after REPLUG_AWAY_S.
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
 * replug_new(unlock, path, clock): watch the stick at path (absolute) of a session that is open. unlock and path are borrowed. NULL
 * if there is no memory.
 */
struct replug *replug_new(struct unlock *unlock, const char *path, struct clock_source clock);
void replug_free(struct replug **r);

/* replug_on_change(r, tell, arg): from now on call tell(arg, away) when the stick is found away or back, from any thread. tell does
 * not wait. */
void replug_on_change(struct replug *r, void (*tell)(void *arg, bool away), void *arg);

/*
 * replug_wait(r, stop, arg): wait until the same stick is there and the bundle is read from it again: true. False after
 * REPLUG_WAIT_S (half of fs.fuse.default_request_timeout or max_request_timeout where these are set and that is shorter), at once
 * if another waited that long in vain, or soon after stop(arg) says true. Any number of threads.
 */
bool replug_wait(struct replug *r, bool (*stop)(void *arg), void *arg);

/*
 * replug_look(r): notice that the stick is away, or try once whether it is back. Return the seconds it has been away, 0 while it
 * is there.
 */
int64_t replug_look(struct replug *r);

/* replug_device(r): the st_dev of the stick's files, where it was seen last. */
dev_t replug_device(struct replug *r);

#endif
