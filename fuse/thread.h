/*
 * thread.h - a worker thread with a small stack that takes no signals.
 */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>

/*
 * thread_start(thread, run, arg): run run(arg) in a joinable thread with every signal blocked and a stack of 256 KiB. Return 0 and
 * set *thread, or return an errno.
 */
int thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

/* thread_processors(): how many processors this process may use now, at least 1. */
unsigned thread_processors(void);

#endif
