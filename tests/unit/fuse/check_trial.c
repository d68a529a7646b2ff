#include "trial.h"

#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "fixture.h"
#include "leaks.h"
#include "stick.h"
#include "suite.h"

/* What fails in the process under test, or kills it: this file's stand before the C library's. */
static bool no_fork, no_thread, deadly, hangs;

/* How late it is, where it hangs: with each question ten seconds later. And how long was waited for it, in all. */
static int64_t late;
static int64_t waited;
static unsigned waits;

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	if (!hangs)
		return (int)syscall(SYS_clock_gettime, clock, t);
	*t = (struct timespec){.tv_sec = (time_t)(late += 10)};
	return 0;
}

/* Where a trial says how often it has the stick, or its directory there, open when it waits; and which they are. */
static unsigned *has_open;
static struct stat stick_places[2];

static unsigned
stick_open_count(void)
{
	unsigned n = 0;
	struct stat st;

	for (int fd = 3; fd < 64; fd++)
		for (int i = 0; i < 2; i++)
			n += fstat(fd, &st) == 0 && st.st_dev == stick_places[i].st_dev && st.st_ino == stick_places[i].st_ino;
	return n;
}

int
poll(struct pollfd *p, nfds_t n, int ms)
{
	int (*real)(struct pollfd *, nfds_t, int) = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");

	if (has_open != NULL && ms < 0)
		*has_open = stick_open_count();
	if (!hangs || ms < 0)
		return real(p, n, ms);
	waits++;
	waited += ms;
	errno = EINTR;
	return waits % 2 == 0 ? 0 : -1;
}

static unsigned interrupts;             /* of waiting for the child */

pid_t
waitpid(pid_t pid, int *status, int options)
{
	pid_t (*real)(pid_t, int *, int) = (pid_t(*)(pid_t, int *, int))dlsym(RTLD_NEXT, "waitpid");

	errno = EINTR;
	return interrupts > 0 && interrupts-- > 0 ? -1 : real(pid, status, options);
}

pid_t
fork(void)
{
	pid_t (*real)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");

	errno = EAGAIN;
	return no_fork ? -1 : real();
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
	    (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");

	return no_thread ? EAGAIN : real(thread, attr, run, arg);
}

/* Called in the trial's child alone. */
int
timerfd_create(clockid_t clock, int flags)
{
	if (deadly)
		raise(SIGKILL);
	while (hangs)
		pause();
	return (int)syscall(SYS_timerfd_create, clock, flags);
}

/* The stick is in one directory, the memory in another; a fixture's own is not where a session keeps anything. */
static struct fixture x;
static struct fixture_grant g;
static char station[64];

static void
make_stick(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	strcpy(station, "/tmp/once-trial.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(station));
}

static void
remove_stick(void)
{
	fixture_grant_free(&g);
	fixture_close(&x);
	ck_assert_int_eq(rmdir(station), 0);
}

/* How many files are in the memory's directory. */
static unsigned
files(void)
{
	DIR *d = opendir(station);
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

/* A trial of a fence whose lists lack the calls named; nothing may be left of it, and nothing on the stick be other than before. */
static enum err
try_at(const char *stick, const char *calls, struct fault *f)
{
	struct fence_filter *filter = NULL;
	struct trial t = {{stick, x.dir_fd, station, false}, NULL};
	uint8_t before[HASH_SIZE], after[HASH_SIZE];
	enum err err;

	ck_assert_int_eq(setenv("ONCE_UNLISTED", calls, 1), 0);
	ck_assert_ptr_nonnull(t.calls = filter = fence_filter_new(FENCE_SESSION));
	fixture_digest(&x, before);
	err = trial_run(&t, f);
	fixture_digest(&x, after);
	fence_filter_free(&filter);
	ck_assert_mem_eq(before, after, sizeof before);
	ck_assert_uint_eq(files(), 0);
	return err;
}

static enum err
try_without(const char *calls, struct fault *f)
{
	return try_at(x.path, calls, f);
}

START_TEST(a_session_can_work_behind_its_fence)
{
	struct fault f = {0};

	ck_assert_msg(try_without("", &f) == E_OK, "%s %s %d", f.step, f.object, f.sys);
	ck_assert_int_eq(f.err, E_OK);
}
END_TEST

/* Each with the older or the newer call that a library would take instead; a name that this processor does not have counts for
 * nothing. */
static const struct {
	const char *unlisted;
	const char *named;
} lacks[] = {
	{"mmap mmap2", "mmap"},
	{"clone", "clone"},
	{"futex futex_time64", "futex"},
	{"openat open", "open"},
	{"pread64", "pread64"},
	{"clock_nanosleep clock_nanosleep_time64 nanosleep", "clock_nanosleep"},
	{"poll ppoll ppoll_time64", "poll"},
	{"timerfd_settime timerfd_settime64", "timerfd_settime"},
	{"fcntl fcntl64", "fcntl"},
	{"pwrite64", "pwrite64"},
	{"fdatasync", "fdatasync"},
	{"unlink unlinkat", "unlink"},
	{"read", "read"},
	{"writev", "writev"},
};

/* Each call once. */
static void
assert_distinct(const char *names)
{
	char copy[sizeof ((struct fault *)0)->object], *at = copy, *name;

	snprintf(copy, sizeof copy, "%s", names);
	while ((name = strsep(&at, ",")) != NULL) {
		char *rest = at;

		name += name[0] == ' ';
		ck_assert_uint_gt(strlen(name), 0);
		while (rest != NULL && (rest = strstr(rest, name)) != NULL) {
			ck_assert_msg(rest[-1] != ' ' || (rest[strlen(name)] != ',' && rest[strlen(name)] != 0),
			    "%s is named twice: %s", name, names);
			rest++;
		}
	}
}

START_TEST(what_a_session_needs_and_may_not_do_is_named)
{
	struct fault f = {0};

	ck_assert_int_eq(try_without(lacks[_i].unlisted, &f), E_FAIL);
	ck_assert_int_eq(f.why, WHY_TRIAL_REFUSED);
	ck_assert_msg(
	    strncmp(f.object, lacks[_i].named, strlen(lacks[_i].named)) == 0, "%s: \"%s\" was named", lacks[_i].named, f.object);
	assert_distinct(f.object);
	ck_assert_int_eq(f.sys, 0);
	fault_clear(&f);
	ck_assert_int_eq(try_without("", &f), E_OK);
}
END_TEST

/* What libraries ask for and do without is no reason to open nothing. */
START_TEST(what_a_session_can_do_without_is_no_fault)
{
	struct fault f = {0};

	ck_assert_msg(try_without("madvise mlock sched_yield", &f) == E_OK, "%s %s %d", f.step, f.object, f.sys);
}
END_TEST

/* Where there is no Landlock it can be opened, and is no stick. */
START_TEST(a_file_that_a_session_needs_and_may_not_open_is_named)
{
	struct fault f = {0};

	ck_assert_int_ne(try_at("/etc", "", &f), E_OK);
	ck_assert_str_eq(f.object, "/etc");
	ck_assert_msg(
	    f.err == E_NO_STICK || (f.err == E_FAIL && f.why == WHY_TRIAL_REFUSED && f.sys == EACCES), "%s %d", f.step, f.sys);
}
END_TEST

START_TEST(media_that_cannot_be_read_are_not_for_the_fence_to_say)
{
	struct fault f = {0};
	char name[96], hex[2 * ID_SIZE + 1];
	uint8_t *whole;
	size_t n;

	for (size_t i = 0; i < ID_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", x.bundle_id[i]);
	snprintf(name, sizeof name, "b/%s/00000000.seg", hex);
	whole = fixture_get(&x, name, &n);
	fixture_patch(&x, name, 0, "damage", 6);
	ck_assert_int_eq(try_without("", &f), E_OK);
	fixture_put(&x, name, whole, n);
	free(whole);
}
END_TEST

START_TEST(what_an_interrupted_one_has_left_goes)
{
	static const char *const left[] = {"oncestick-trial.sqlite", "oncestick-trial.sqlite-journal"};
	struct fault f = {0};
	char path[128];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", station, left[i]);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	ck_assert_int_eq(try_without("", &f), E_OK);
}
END_TEST

START_TEST(no_process_can_be_started)
{
	struct fault f = {0};

	no_fork = true;
	ck_assert_int_eq(try_without("", &f), E_FAIL);
	ck_assert_str_eq(f.step, "fork");
	ck_assert_int_eq(f.sys, EAGAIN);
}
END_TEST

START_TEST(no_thread_can_be_started)
{
	struct fault f = {0};

	no_thread = true;
	ck_assert_int_eq(try_without("", &f), E_FAIL);
	ck_assert_str_eq(f.step, "thread");
	ck_assert_int_eq(f.sys, EAGAIN);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
START_TEST(no_memory_is_told_as_that)
{
	struct rlimit most;
	struct fault f = {0};
	rlim_t before;
	enum err err;

	ck_assert_int_eq(getrlimit(RLIMIT_AS, &most), 0);
	before = most.rlim_cur;
	most.rlim_cur = 32u << 20; /* less than what a session's cache takes beside this program */
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &most), 0);
	err = try_without("", &f);
	most.rlim_cur = before;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &most), 0);
	ck_assert_int_eq(err, E_FAIL);
	ck_assert_int_eq(f.sys, ENOMEM);
}
END_TEST
#endif

START_TEST(a_trial_that_is_killed_is_told_as_that)
{
	struct fault f = {0};

	deadly = true;
	ck_assert_int_eq(try_without("", &f), E_FAIL);
	ck_assert_int_eq(f.why, WHY_TRIAL_KILLED);
	ck_assert_str_eq(f.object, "signal 9");
	deadly = false;
	fault_clear(&f);
	ck_assert_int_eq(try_without("", &f), E_OK);
}
END_TEST

START_TEST(who_is_interrupted_waits_all_the_same)
{
	struct fault f = {0};

	interrupts = 3;
	ck_assert_int_eq(try_without("", &f), E_OK);
	ck_assert_uint_eq(interrupts, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(what_hangs_is_not_waited_for)
{
	struct fault f = {0};

	hangs = true;
	ck_assert_int_eq(try_without("", &f), E_FAIL);
	ck_assert_int_eq(f.why, WHY_TRIAL_SLOW);
	ck_assert_str_eq(f.object, "session");
	ck_assert_uint_eq(waits, 5); /* 50, 40, 30, 20 and 10 seconds, of which time runs out meanwhile */
	ck_assert_int_eq(waited, 150000);
	hangs = false;
	fault_clear(&f);
	ck_assert_int_eq(try_without("", &f), E_OK);
}
END_TEST

/* How many things are mapped that others see, too. */
static unsigned
shared(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	unsigned n = 0;
	char line[512];

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file) != NULL)
		n += strstr(line, " rw-s ") != NULL;
	fclose(file);
	return n;
}

START_TEST(nothing_is_kept)
{
	struct fence_filter *filter = NULL;
	struct trial t = {{x.path, x.dir_fd, station, false}, NULL};
	unsigned before = shared();

	ck_assert_int_eq(setenv("ONCE_UNLISTED", "", 1), 0);
	ck_assert_ptr_nonnull(t.calls = filter = fence_filter_new(FENCE_SESSION));
	LEAKS_NOTHING(ck_assert_int_eq(trial_run(&t, NULL), E_OK));
	ck_assert_uint_eq(shared(), before);
	no_fork = true;
	LEAKS_NOTHING(ck_assert_int_eq(trial_run(&t, NULL), E_FAIL));
	ck_assert_uint_eq(shared(), before);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	fence_filter_free(&filter);
}
END_TEST

/* By the time it waits it has read a block, from the stick and from the stick that is back. */
START_TEST(a_trial_holds_on_to_nothing_of_the_stick)
{
	struct fault f = {0};

	ck_assert_int_eq(fstat(x.dir_fd, &stick_places[0]), 0);
	ck_assert_int_eq(fstatat(x.dir_fd, STICK_ONCE, &stick_places[1], 0), 0);
	has_open = mmap(NULL, sizeof *has_open, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(has_open != MAP_FAILED);
	ck_assert_int_eq(try_without("", &f), E_OK);
	ck_assert_uint_eq(*has_open, stick_open_count());
	ck_assert_uint_gt(*has_open, 0);
	munmap(has_open, sizeof *has_open);
	has_open = NULL;
}
END_TEST

START_TEST(no_descriptor_is_told_as_that)
{
	struct fence_filter *filter = NULL;
	struct trial t = {{x.path, x.dir_fd, station, false}, NULL};
	struct rlimit few, before;
	struct fault f = {0};
	enum err err;
	int next = dup(0);

	close(next);
	ck_assert_ptr_nonnull(t.calls = filter = fence_filter_new(FENCE_SESSION));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t more = 0; more < 8; more++) {
		few = (struct rlimit){(rlim_t)next + more, before.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		err = trial_run(&t, &f);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
		ck_assert(err != E_OK && f.err == err);
		ck_assert_int_ne(f.step[0], 0);
		fault_clear(&f);
		ck_assert_uint_eq(files(), 0);
	}
	fence_filter_free(&filter);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trial");
	TCase *tc = tcase_create("all");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_unchecked_fixture(tc, make_stick, remove_stick);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_session_can_work_behind_its_fence);
	tcase_add_loop_test(tc, what_a_session_needs_and_may_not_do_is_named, 0, (int)(sizeof lacks / sizeof *lacks));
	tcase_add_test(tc, what_a_session_can_do_without_is_no_fault);
	tcase_add_test(tc, a_file_that_a_session_needs_and_may_not_open_is_named);
	tcase_add_test(tc, media_that_cannot_be_read_are_not_for_the_fence_to_say);
	tcase_add_test(tc, what_an_interrupted_one_has_left_goes);
	tcase_add_test(tc, no_process_can_be_started);
	tcase_add_test(tc, no_thread_can_be_started);
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	tcase_add_test(tc, no_memory_is_told_as_that);
#endif
	tcase_add_test(tc, a_trial_that_is_killed_is_told_as_that);
	tcase_add_test(tc, who_is_interrupted_waits_all_the_same);
	tcase_add_test(tc, what_hangs_is_not_waited_for);
	tcase_add_test(tc, nothing_is_kept);
	tcase_add_test(tc, a_trial_holds_on_to_nothing_of_the_stick);
	tcase_add_test(tc, no_descriptor_is_told_as_that);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
