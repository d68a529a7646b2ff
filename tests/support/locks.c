/*
 * locks.c - a lock that is not taken, not made, or taken twice does not go unnoticed.
 *
 * This is linked into every unit test, in front of the C library's functions of these names (--wrap, configure.ac), for our own
 * code. Mutexes know who holds them; giving back one that the thread does not hold, waiting with it, or using one that was never
 * made ends the process. So a test that only passes through a line sees whether its lock was there.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With --wrap a linker takes the calls of shared libraries, too, for references to what is here. */
#pragma GCC visibility push(default)

#define HELD_MAX 8

int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int __real_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __real_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int __real_pthread_rwlock_unlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *lock);

extern const char etext, end; /* end(3) */

static _Thread_local const pthread_rwlock_t *held[HELD_MAX];

static int
right(int err, const char *call)
{
	if (err == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", call, strerror(err));
	abort();
}

/* One that was not made is of the default kind, which is not ours. Check has some that need not be: static ones. */
static void
is_made(const pthread_mutex_t *mutex)
{
	const char *at = (const char *)mutex;

	if (at >= &etext && at < &end)
		return;
#ifdef __GLIBC__
	if (mutex->__data.__kind != PTHREAD_MUTEX_ERRORCHECK)
		right(EINVAL, "a mutex that was not made");
#endif
}

int
__wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
	pthread_mutexattr_t check;
	int err;

	if (attr != NULL)
		return __real_pthread_mutex_init(mutex, attr);
	pthread_mutexattr_init(&check);
	pthread_mutexattr_settype(&check, PTHREAD_MUTEX_ERRORCHECK);
	err = __real_pthread_mutex_init(mutex, &check);
	pthread_mutexattr_destroy(&check);
	return err;
}

int
__wrap_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	return right(__real_pthread_mutex_destroy(mutex), "pthread_mutex_destroy");
}

int
__wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	is_made(mutex);
	return right(__real_pthread_mutex_lock(mutex), "pthread_mutex_lock");
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	return right(__real_pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
}

int
__wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	is_made(mutex);
	return right(__real_pthread_cond_wait(cond, mutex), "pthread_cond_wait");
}

/* Put now in the place of before. */
static void
hold(const pthread_rwlock_t *before, const pthread_rwlock_t *now, const char *call)
{
	for (int i = 0; i < HELD_MAX; i++)
		if (held[i] == before) {
			held[i] = now;
			return;
		}
	right(EINVAL, call);
}

int
__wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	hold(NULL, lock, "pthread_rwlock_rdlock: too many");
	return right(__real_pthread_rwlock_rdlock(lock), "pthread_rwlock_rdlock");
}

int
__wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	hold(NULL, lock, "pthread_rwlock_wrlock: too many");
	return right(__real_pthread_rwlock_wrlock(lock), "pthread_rwlock_wrlock");
}

int
__wrap_pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	hold(lock, NULL, "pthread_rwlock_unlock: not held");
	return right(__real_pthread_rwlock_unlock(lock), "pthread_rwlock_unlock");
}
