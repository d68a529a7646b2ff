/*
 * whole.c - a test that passes has come to its end.
 *
 * To Check, a child that exits with 0 has passed, wherever in the body that was: code under test that ends the process would be
 * green. This is linked into every unit test, in front of Check's own functions of these names (--wrap, configure.ac), so that no
 * suite has to ask for it: each test case gets a fixture, the first to be set up and the last to be torn down, that notes in memory
 * shared with the children who has begun and who has ended. A run in which more have passed than ended fails, and so does a program
 * that exits before its run is over. A test that is to die by a signal, or with a status, forks a child that does.
 *
 * It has left no file and no directory open, nor has what it tested.
 *
 * And Check asks before and after each body, by timer_create, which clock there is. Where the body has taken that call away
 * (fence.h) it takes another after it, and the difference of the two, cut to 32 bits, is an error of the test or none by when the
 * machine was started.
 */
#include <check.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BODIES_MAX 4096u
#define DESCRIPTORS_MAX 256

TCase *__real_tcase_create(const char *name);
TCase *__wrap_tcase_create(const char *name);
void __real_tcase_fn_start(const char *name, const char *file, int line);
void __wrap_tcase_fn_start(const char *name, const char *file, int line);
void __real_srunner_run_all(SRunner *runner, enum print_output mode);
void __wrap_srunner_run_all(SRunner *runner, enum print_output mode);
clockid_t __wrap_check_get_clockid(void);

struct body {
	const char *name; /* a literal of the program: the same in every process */
	bool ended;
};

static struct {
	atomic_uint begun;
	struct body bodies[BODIES_MAX];
} *seen;
static struct body *body;          /* this process's own */
static pid_t program, owner;       /* who runs them all; whose body that is */
static bool open_before[DESCRIPTORS_MAX];
static bool over;

static void
body_begins(void)
{
	unsigned n = atomic_fetch_add(&seen->begun, 1);

	if (n >= BODIES_MAX)
		ck_abort_msg("more tests than whole.c has room for");
	body = &seen->bodies[n];
	owner = getpid();
	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
		open_before[fd] = fcntl(fd, F_GETFD) != -1;
}

/* No file and no directory, whoever opened it; behind a fence nothing is asked. */
static void
nothing_is_left_open(void)
{
	char link[32], name[256] = "";
	struct stat st;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return;
	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
		if (open_before[fd] || fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
			continue;
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		if (readlink(link, name, sizeof name - 1) == -1)
			snprintf(name, sizeof name, "something");
		ck_abort_msg("%s: descriptor %d, %s, is left open", body->name, fd, name);
	}
}

/* Not by a child that the body forked and that came out of it, too. */
static void
body_ends(void)
{
	if (getpid() != owner)
		return;
	body->ended = true;
	nothing_is_left_open();
}

static void
program_ends(void)
{
	if (getpid() != program || over)
		return;
	fprintf(stderr, "the program exits before its tests are over\n");
	_exit(EXIT_FAILURE);
}

TCase *
__wrap_tcase_create(const char *name)
{
	TCase *t = __real_tcase_create(name);

	if (seen == NULL) {
		seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		program = getpid();
		if (seen == MAP_FAILED || atexit(program_ends) != 0)
			abort();
	}
	tcase_add_checked_fixture(t, body_begins, body_ends);
	return t;
}

void
__wrap_tcase_fn_start(const char *name, const char *file, int line)
{
	body->name = name;
	__real_tcase_fn_start(name, file, line);
}

clockid_t
__wrap_check_get_clockid(void)
{
	return CLOCK_MONOTONIC;
}

void
__wrap_srunner_run_all(SRunner *runner, enum print_output mode)
{
	int passed = 0, ended = 0;

	atomic_store(&seen->begun, 0);
	over = false;
	__real_srunner_run_all(runner, mode);
	over = true;
	passed = srunner_ntests_run(runner) - srunner_ntests_failed(runner);
	for (unsigned i = 0; i < seen->begun; i++)
		ended += seen->bodies[i].ended;
	if (ended >= passed)
		return;
	fprintf(stderr, "%d passed, but only %d came to their end; these did not:\n", passed, ended);
	for (unsigned i = 0; i < seen->begun; i++)
		if (!seen->bodies[i].ended)
			fprintf(stderr, "\t%s\n", seen->bodies[i].name != NULL ? seen->bodies[i].name : "(what sets one up)");
	exit(EXIT_FAILURE);
}
