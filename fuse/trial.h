/*
 * trial.h - an open session's fence, tried before anything is spent.
 *
 * A child puts on the very fence that a session is about to (session_process.h), and does behind it what a session does: it takes
 * memory, starts a thread, opens the stick again and reads a block of a lecture by way of the cache and the cipher, with a key of
 * nobody's, waits for a time, changes a database, answers requests of the kernel's. What a new library, kernel or processor needs
 * besides is so found out while the code is still good. Some milliseconds; nothing is left of it.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "error.h"
#include "fence.h"
#include "session_process.h"

struct trial {
	struct session_files files; /* station_dir: a directory that is there */
	const struct fence_filter *calls;
};

/*
 * trial_run(t, f): whether a session can work behind its fence. From a process with one thread, which waits. Errors: E_FAIL
 * (WHY_TRIAL_REFUSED, WHY_TRIAL_KILLED, WHY_TRIAL_SLOW, or with EAGAIN in f->sys WHY_FORK and WHY_THREAD, or ENOMEM); E_STATION;
 * and those of reading a stick that could be read a moment before.
 */
enum err trial_run(const struct trial *t, struct fault *f);

#endif
