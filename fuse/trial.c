#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bundle.h"
#include "fusefs.h"
#include "scratch.h"
#include "secret.h"
#include "stick.h"
#include "thread.h"

#define TRIAL_S 60u             /* a stick may be slow, but we do not wait for one that hangs */
#define MOMENT_NS 1000000L
#define LARGE (1u << 20)        /* more than malloc(3) has lying about */
#define REFUSALS_MAX 32u
#define NOT_YET (-2)

struct refusal {
	unsigned step;
	struct fence_refusal r;
};

/* What the child finds out, in memory that both processes see: reporting it then takes no call that the fence could refuse. */
struct outcome {
	_Atomic unsigned step;  /* the step that was begun last, counted from 1 */
	_Atomic bool over;      /* it has reached its end */
	struct fault fault;     /* why it ended early, if it did */
	_Atomic int listener;   /* where refusals are reported; -1: nowhere */
	_Atomic unsigned refusals;
	struct refusal refused[REFUSALS_MAX];
};

/* What the child has: the same as a session when it puts up its fence. */
struct act {
	const struct trial *t;
	struct scratch *scratch;
	struct bundle *bundle;  /* a lecture that can be read; NULL: there is none */
	struct fusefs *fs;
	int kernel;             /* where fs gets its requests from */
	int timer;
	bool ran;               /* the thread did */
};

/* ---- what a session does ------------------------------------------------------------------------------------------------ */

static enum err
take_memory(struct act *a, struct fault *f)
{
	void *volatile small = malloc(1), *volatile large = malloc(LARGE),
		       *volatile larger = large != NULL ? realloc(large, 4 * LARGE) : NULL;
	uint8_t *secret = secret_new(KEY_SIZE);
	bool all = small != NULL && larger != NULL && secret != NULL;

	(void)a;
	free(small);
	free(larger != NULL ? larger : large);
	secret_free(&secret);
	return all ? E_OK : fault_set(f, E_FAIL, ENOMEM, "memory", "session");
}

static void *
run(void *arg)
{
	struct act *a = arg;
	void *volatile p = malloc(LARGE);

	a->ran = p != NULL;
	free(p);
	return NULL;
}

static enum err
start_thread(struct act *a, struct fault *f)
{
	pthread_t thread;
	int e = thread_start(&thread, run, a);

	if (e == 0 && (e = pthread_join(thread, NULL)) == 0 && !a->ran)
		e = ENOMEM;
	return e == 0 ? E_OK : fault_why(f, E_FAIL, e, WHY_THREAD, "session");
}

/* As if it had been pulled, and were back. */
static enum err
read_block(struct act *a, struct fault *f)
{
	struct stick *s = NULL;
	enum err err = E_OK;
	int fd = -1;

	if (a->bundle == NULL)
		return E_OK;
	if ((fd = open(a->t->files.stick_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err = fault_set(f, E_NO_STICK, errno, "open", "%s", a->t->files.stick_path);
	if (err == E_OK && (err = stick_open(&s, fd, f)) == E_OK && (err = bundle_reattach(a->bundle, s->once_fd, f)) == E_OK)
		err = fusefs_try_block(a->fs, f);
	stick_close(&s);
	if (fd >= 0)
		close(fd);
	return err;
}

static enum err
await_time(struct act *a, struct fault *f)
{
	const struct timespec moment = {.tv_nsec = MOMENT_NS};
	const struct itimerspec when = {.it_value.tv_nsec = MOMENT_NS};
	struct pollfd p = {a->timer, POLLIN, 0};
	uint64_t ticks;

	if (nanosleep(&moment, NULL) == 0 && timerfd_settime(a->timer, 0, &when, NULL) == 0 && poll(&p, 1, -1) == 1 &&
	    read(a->timer, &ticks, sizeof ticks) == sizeof ticks)
		return E_OK;
	return fault_set(f, E_FAIL, errno, "wait", "session");
}

static enum err
change_memory(struct act *a, struct fault *f)
{
	return scratch_commit(a->scratch, f);
}

static enum err
answer(struct act *a, struct fault *f)
{
	return fusefs_try_reply(a->fs, a->kernel, f);
}

static enum err
end(struct act *a, struct fault *f)
{
	(void)f;
	fusefs_free(&a->fs);
	bundle_free(&a->bundle);
	scratch_end(&a->scratch);
	return E_OK;
}

/* Do all of this, and in this order. */
static enum err (*const steps[])(struct act *a, struct fault *f) = {
    take_memory, start_thread, read_block, await_time, change_memory, answer, end};

/* ---- the child ---------------------------------------------------------------------------------------------------------- */

/* Find the first lecture that can be read. If none can, that is not for the fence to report. */
static void
find_bundle(struct act *a)
{
	struct blockcrypt *crypt = blockcrypt_new(NULL);
	uint8_t *buf = malloc(BLOCK_SIZE);
	struct stick_grants all = {0};
	struct stick *s = NULL;

	if (crypt != NULL && buf != NULL && stick_open(&s, a->t->files.stick_fd, NULL) == E_OK &&
	    stick_load_grants(s, &all, NULL) == E_OK)
		for (size_t i = 0; i < all.count && a->bundle == NULL; i++) {
			const struct grant *g = &all.grants[i];

			if (bundle_open(&a->bundle, s->once_fd, g->bundles[0].id, g->bundles[0].manifest_hash, NULL) == E_OK &&
			    bundle_check_block(a->bundle, crypt, 0, buf) != 0)
				bundle_free(&a->bundle);
		}
	stick_grants_free(&all);
	stick_close(&s);
	blockcrypt_free(&crypt);
	free(buf);
}

static enum err
prepare(struct act *a, struct fault *f)
{
	int sv[2];
	enum err err;

	find_bundle(a);
	if ((err = scratch_open(a->scratch, f)) != E_OK)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) != 0 ||
	    (a->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) < 0)
		return fault_set(f, E_FAIL, errno, "open", "session");
	a->kernel = sv[1];
	return fusefs_adopt(&a->fs, a->bundle, sv[0], f);
}

static void
note(void *arg, const struct fence_refusal *r)
{
	struct outcome *o = arg;
	unsigned n = o->refusals;

	if (n == REFUSALS_MAX)
		return;
	o->refused[n] = (struct refusal){o->step, *r};
	o->refusals = n + 1;
}

/* Runs in a thread of its own, which stays outside the fence. */
static void *
watch(void *arg)
{
	const struct timespec pause = {.tv_nsec = MOMENT_NS / 10};
	struct outcome *o = arg;

	while (o->listener == NOT_YET) /* polled without any call, since what wakes another thread may already be refused */
		nanosleep(&pause, NULL);
	if (o->listener >= 0)
		fence_watch(o->listener, note, o);
	return NULL;
}

/* As open_session does it. If the kernel cannot report refusals, the calls are refused nevertheless. */
static enum err
put_on(const struct trial *t, struct outcome *o, struct fault *f)
{
	pthread_t watcher;
	int e = thread_start(&watcher, watch, o), fd;

	if (e != 0)
		return fault_why(f, E_FAIL, e, WHY_THREAD, "session");
	session_process_fence(&t->files);
	if ((fd = fence_calls_told(t->calls)) < 0)
		fence_calls(t->calls);
	o->listener = fd;
	return E_OK;
}

static void
act(const struct trial *t, struct scratch *scratch, struct outcome *o)
{
	struct act a = {.t = t, .scratch = scratch, .kernel = -1, .timer = -1};
	enum err err;

	if ((err = prepare(&a, &o->fault)) == E_OK)
		err = put_on(t, o, &o->fault);
	for (size_t i = 0; i < sizeof steps / sizeof *steps && err == E_OK; i++) {
		o->step++;
		err = steps[i](&a, &o->fault);
	}
	o->over = true;
	if (err != E_OK)
		(void)end(&a, NULL);
}

/* There is no terminal to complain to. */
static void
detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i <= 2 && null > 2; i++)
		dup2(null, i);
}

/* ---- the verdict -------------------------------------------------------------------------------------------------------- */

/* Whether number i is one of those that failed with sys in the step that failed, and the first of its call. */
static bool
is_news(const struct outcome *o, unsigned i, int sys)
{
	const struct refusal *x = &o->refused[i];

	for (unsigned k = 0; k < i; k++)
		if (o->refused[k].step == x->step && o->refused[k].r.call == x->r.call)
			return false;
	return x->step == o->step && x->r.sys == sys;
}

static bool
name_refused(const struct outcome *o, int sys, char *names, size_t size)
{
	char name[FENCE_CALL_NAME];
	size_t n = 0;

	for (unsigned i = 0; i < o->refusals && n < size; i++) {
		if (!is_news(o, i, sys))
			continue;
		fence_call_name(o->refused[i].r.call, name);
		n += (size_t)snprintf(names + n, size - n, "%s%s", n > 0 ? ", " : "", name);
	}
	return n > 0;
}

static enum err
judge(const struct outcome *o, int status, bool slow, struct fault *f)
{
	char names[256];

	if (o->over && o->fault.err == E_OK)
		return E_OK;
	/* Programs often try a call that fails with ENOSYS, and do without it; it is named for want of a better explanation. */
	if (name_refused(o, EPERM, names, sizeof names) || name_refused(o, ENOSYS, names, sizeof names))
		return fault_why(f, E_FAIL, 0, WHY_TRIAL_REFUSED, "%s", names);
	if (!o->over && slow)
		return fault_why(f, E_FAIL, 0, WHY_TRIAL_SLOW, "session");
	if (!o->over)
		return fault_why(f, E_FAIL, 0, WHY_TRIAL_KILLED, "signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	if (o->step > 0 && (o->fault.sys == EACCES || o->fault.sys == EPERM))
		return fault_why(f, E_FAIL, o->fault.sys, WHY_TRIAL_REFUSED, "%s", o->fault.object);
	return fault_pass(f, &o->fault);
}

static int64_t
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/*
 * Whether the last copy of the pipe's other end is closed in time. The child cannot have a timer for this: signals wait while it
 * starts a thread.
 */
static bool
ends_in_time(int fd)
{
	struct pollfd p = {fd, 0, 0};
	int64_t until = now_s() + TRIAL_S, left;

	while (p.revents == 0 && (left = until - now_s()) > 0)
		if (poll(&p, 1, (int)left * 1000) < 0 && errno != EINTR)
			return false;
	return p.revents != 0;
}

static enum err
run_child(const struct trial *t, struct scratch *scratch, struct outcome *o, struct fault *f)
{
	int status = 0;
	int alive[2] = {-1, -1};
	bool slow = false;
	pid_t pid = -1;

	if (pipe2(alive, O_CLOEXEC) != 0)
		return fault_set(f, E_FAIL, errno, "open", "session");
	if ((pid = fork()) == 0) {
		detach();
		act(t, scratch, o);
		_exit(0);
	}
	if (pid < 0)
		fault_why(f, E_FAIL, errno, WHY_FORK, "session");
	close(alive[1]);
	if (pid > 0 && (slow = !ends_in_time(alive[0])))
		kill(pid, SIGKILL);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(alive[0]);
	return pid < 0 ? E_FAIL : judge(o, status, slow, f);
}

enum err
trial_run(const struct trial *t, struct fault *f)
{
	struct outcome *o = mmap(NULL, sizeof *o, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct scratch *scratch = NULL;
	enum err err;

	if (o == MAP_FAILED)
		return fault_set(f, E_FAIL, errno, "memory", "session");
	o->listener = NOT_YET;
	if ((err = scratch_begin(&scratch, t->files.station_dir, f)) == E_OK)
		err = run_child(t, scratch, o, f);
	scratch_end(&scratch);
	munmap(o, sizeof *o);
	return err;
}
