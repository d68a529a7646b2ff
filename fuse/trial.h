/*
 * trial.h - trying an open session's fence before anything is spent.
 *
 * A child puts up the very fence that a session is about to use (session_process.h), and behind it does what a session does. It
 * allocates memory, starts a thread, opens the stick again, reads a block of a lecture through the cache and the cipher, with a
 * key that belongs to nobody, waits for a time, changes a database, and answers requests of the kernel. So if a new library,
 * kernel or processor needs anything more, that is found out while the code is still good. This takes some milliseconds, and
 * leaves nothing behind.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "error.h"
#include "fence.h"
#include "session_process.h"

struct trial {
	struct session_files files; /* station_dir: a directory that exists */
	const struct fence_filter *calls;
};

/*
 * trial_run(t, f): whether a session can work behind its fence. Call this from a process with one thread, which waits. Errors:
 * E_FAIL (WHY_TRIAL_REFUSED, WHY_TRIAL_KILLED, WHY_TRIAL_SLOW; or WHY_FORK and WHY_THREAD with EAGAIN in f->sys; or ENOMEM);
 * E_STATION; and those of reading a stick that could be read a moment before.
 */
enum err trial_run(const struct trial *t, struct fault *f);

#endif
