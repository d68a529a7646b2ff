/*
 * check_thread.c - threads that no signal comes to, and how many there is use for.
 */
#include "thread.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static bool unknown; /* nobody can tell on which processors this process may run */
static bool none;    /* no thread can be started */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	return none ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);

int
__wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	errno = EINVAL;
	return unknown ? -1 : __real_sched_getaffinity(pid, size, set);
}

struct found {
	sigset_t blocked;
	size_t stack;
};

static void *
look(void *arg)
{
	struct found *f = arg;
	pthread_attr_t attr;
	void *at = NULL;

	pthread_sigmask(SIG_SETMASK, NULL, &f->blocked);
	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstack(&attr, &at, &f->stack);
		pthread_attr_destroy(&attr);
	}
	return NULL;
}

START_TEST(no_signal_comes_to_a_thread)
{
	struct found f = {0};
	sigset_t before, after;
	pthread_t t;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	ck_assert_int_eq(thread_start(&t, look, &f), 0);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	for (int sig = 1; sig < 32; sig++)
		ck_assert(sig == SIGKILL || sig == SIGSTOP || sigismember(&f.blocked, sig) == 1);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	for (int sig = 1; sig < 32; sig++)
		ck_assert_int_eq(sigismember(&after, sig), sig == SIGUSR2);
	ck_assert(f.stack >= 256 * 1024 && f.stack < 1024 * 1024);
}
END_TEST

START_TEST(no_thread_can_be_started)
{
	struct found f = {0};
	sigset_t after;
	pthread_t t;

	none = true;
	ck_assert_int_eq(thread_start(&t, look, &f), EAGAIN);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	ck_assert_int_eq(sigismember(&after, SIGTERM), 0);
}
END_TEST

START_TEST(as_many_as_may_run_at_once)
{
	cpu_set_t all, one;
	size_t first = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
	ck_assert_uint_eq(thread_processors(), (unsigned)CPU_COUNT(&all));
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	ck_assert_uint_eq(thread_processors(), 1);
	ck_assert_int_eq(sched_setaffinity(0, sizeof all, &all), 0);
	unknown = true;
	ck_assert_uint_eq(thread_processors(), 1);
}
END_TEST

SUITE("thread")
{
	tcase_add_test(t, no_signal_comes_to_a_thread);
	tcase_add_test(t, no_thread_can_be_started);
	tcase_add_test(t, as_many_as_may_run_at_once);
}
