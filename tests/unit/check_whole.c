/*
 * check_whole.c - whole.c: a test that ends its process is red, whatever it says of itself, and those that end are green; locks.c:
 * so is one that passes a lock which was not taken; and opens.c: one that opens something for programs that it starts.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"

static void
nothing(void)
{
}

static void
leave(void)
{
	exit(0);
}

/* ---- bodies for a suite of its own, which runs when the program is given their names ---- */

START_TEST(body_that_ends)
{
}
END_TEST

START_TEST(body_that_fails)
{
	ck_abort_msg("as it is to");
}
END_TEST

START_TEST(body_that_exits)
{
	leave();
}
END_TEST

START_TEST(body_that_exits_quietly)
{
	_exit(0);
}
END_TEST

START_TEST(body_that_exits_by_the_system_call)
{
	syscall(SYS_exit_group, 0);
}
END_TEST

/* Parent and child come out of the body; only one of them has begun it. */
START_TEST(body_that_ends_in_its_child_only)
{
	pid_t child = fork();

	if (child > 0) {
		waitpid(child, NULL, 0);
		_exit(0);
	}
}
END_TEST

START_TEST(body_that_can_make_no_timer_at_its_end)
{
	struct rlimit none = {0, 0};
	timer_t timer;

	ck_assert_int_eq(setrlimit(RLIMIT_SIGPENDING, &none), 0);
	ck_assert_int_ne(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
}
END_TEST

static pthread_mutex_t *
new_mutex(bool made)
{
	pthread_mutex_t *m = calloc(1, sizeof *m);

	ck_assert_ptr_nonnull(m);
	if (made)
		pthread_mutex_init(m, NULL);
	return m;
}

START_TEST(body_that_gives_back_what_it_has_not)
{
	pthread_mutex_unlock(new_mutex(true));
}
END_TEST

START_TEST(body_that_waits_with_what_it_has_not)
{
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;

	pthread_cond_wait(&c, new_mutex(true));
}
END_TEST

START_TEST(body_that_takes_it_twice)
{
	pthread_mutex_t *m = new_mutex(true);

	pthread_mutex_lock(m);
	pthread_mutex_lock(m);
}
END_TEST

START_TEST(body_that_throws_away_what_it_has)
{
	pthread_mutex_t *m = new_mutex(true);

	pthread_mutex_lock(m);
	pthread_mutex_destroy(m);
}
END_TEST

START_TEST(body_that_takes_what_was_not_made)
{
	pthread_mutex_lock(new_mutex(false));
}
END_TEST

START_TEST(body_that_leaves_a_gate_it_has_not_entered)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

	pthread_rwlock_rdlock(&lock);
	pthread_rwlock_unlock(&lock);
	pthread_rwlock_unlock(&lock);
}
END_TEST

START_TEST(body_that_takes_its_locks)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	pthread_mutex_t *m = new_mutex(true);

	for (int i = 0; i < 20; i++) {
		pthread_rwlock_rdlock(&lock);
		pthread_mutex_lock(m);
		pthread_mutex_unlock(m);
		pthread_rwlock_unlock(&lock);
		pthread_rwlock_wrlock(&lock);
		pthread_rwlock_unlock(&lock);
	}
	pthread_mutex_destroy(m);
	free(m);
}
END_TEST

START_TEST(body_that_opens_for_others)
{
	close(open("/", O_RDONLY | O_DIRECTORY));
}
END_TEST

START_TEST(body_that_opens_below_for_others)
{
	close(openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY));
}
END_TEST

START_TEST(body_that_opens_for_itself)
{
	char name[] = "/tmp/oncestick-XXXXXX";
	struct stat st;
	int fd;

	close(open("/dev/null", O_RDWR));
	close(openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	umask(0);
	close(mkstemp(name));
	unlink(name);
	ck_assert_int_ge(fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0642), 0);
	unlink(name);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0642);
	close(fd);
}
END_TEST

static int
run_inner(int n, char **names)
{
	const struct {
		const char *name;
		const TTest *test;
		void (*setup)(void), (*teardown)(void), (*once)(void);
	} all[] = {
	    {"ends", body_that_ends, NULL, NULL, NULL},
	    {"fails", body_that_fails, NULL, NULL, NULL},
	    {"exits", body_that_exits, NULL, NULL, NULL},
	    {"exits-quietly", body_that_exits_quietly, NULL, NULL, NULL},
	    {"exits-by-the-system-call", body_that_exits_by_the_system_call, NULL, NULL, NULL},
	    {"ends-in-its-child-only", body_that_ends_in_its_child_only, NULL, NULL, NULL},
	    {"no-timer", body_that_can_make_no_timer_at_its_end, NULL, NULL, NULL},
	    {"not-taken", body_that_gives_back_what_it_has_not, NULL, NULL, NULL},
	    {"waits-without", body_that_waits_with_what_it_has_not, NULL, NULL, NULL},
	    {"twice", body_that_takes_it_twice, NULL, NULL, NULL},
	    {"not-given-back", body_that_throws_away_what_it_has, NULL, NULL, NULL},
	    {"not-made", body_that_takes_what_was_not_made, NULL, NULL, NULL},
	    {"not-entered", body_that_leaves_a_gate_it_has_not_entered, NULL, NULL, NULL},
	    {"locks", body_that_takes_its_locks, NULL, NULL, NULL},
	    {"opens-for-others", body_that_opens_for_others, NULL, NULL, NULL},
	    {"opens-below-for-others", body_that_opens_below_for_others, NULL, NULL, NULL},
	    {"opens", body_that_opens_for_itself, NULL, NULL, NULL},
	    {"setup-exits", body_that_ends, leave, NULL, NULL},
	    {"teardown-exits", body_that_ends, nothing, leave, NULL},
	    {"program-exits", body_that_ends, NULL, NULL, leave},
	};
	Suite *s = suite_create("inner");
	SRunner *r = srunner_create(s);
	int failed = 0;

	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < sizeof all / sizeof *all; k++)
			if (strcmp(names[i], all[k].name) == 0) {
				TCase *t = tcase_create(names[i]);

				tcase_add_checked_fixture(t, all[k].setup, all[k].teardown);
				tcase_add_unchecked_fixture(t, all[k].once, NULL);
				tcase_add_test(t, all[k].test);
				suite_add_tcase(s, t);
			}
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}

/* Whether a suite of these bodies is green. said: what it says, to be looked at. */
static bool
green(const char *names, char said[4096])
{
	char command[256], self[128];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	size_t n = 0;
	FILE *p = NULL;

	ck_assert_int_gt(len, 0);
	self[len] = '\0';
	snprintf(command, sizeof command, "'%s' %s 2>&1", self, names);
	ck_assert_ptr_nonnull(p = popen(command, "r"));
	n = fread(said, 1, 4095, p);
	said[n] = '\0';
	return pclose(p) == 0;
}

/* ---- the tests ---- */

START_TEST(bodies_that_end_are_green)
{
	char said[4096];

	ck_assert(green("ends", said));
	ck_assert(green("ends ends ends", said));
	ck_assert_ptr_nonnull(strstr(said, "Checks: 3, Failures: 0"));
}
END_TEST

START_TEST(a_body_that_fails_is_red_as_ever)
{
	char said[4096];

	ck_assert(!green("fails", said));
	ck_assert(!green("ends fails", said));
	ck_assert_ptr_null(strstr(said, "came to their end"));
}
END_TEST

START_TEST(a_body_that_ends_its_process_is_red_and_named)
{
	static const char *const names[] = {"exits", "exits-quietly", "exits-by-the-system-call", "ends-in-its-child-only"};
	static const char *const bodies[] = {"body_that_exits", "body_that_exits_quietly", "body_that_exits_by_the_system_call",
	    "body_that_ends_in_its_child_only"};
	char said[4096], line[128], among[128];

	snprintf(line, sizeof line, "\t%s\n", bodies[_i]);
	ck_assert(!green(names[_i], said));
	ck_assert_ptr_nonnull(strstr(said, line));
	snprintf(among, sizeof among, "ends %s ends fails", names[_i]);
	ck_assert(!green(among, said));
	ck_assert_ptr_nonnull(strstr(said, "3 passed, but only 2 came to their end"));
	ck_assert_ptr_nonnull(strstr(said, line));
}
END_TEST

START_TEST(a_lock_that_was_not_taken_is_red)
{
	static const char *const names[] = {"not-taken", "waits-without", "twice", "not-given-back", "not-made", "not-entered"};
	char said[4096];

	ck_assert(green("locks", said));
	ck_assert(!green(names[_i], said));
	ck_assert_ptr_nonnull(strstr(said, strcmp(names[_i], "not-made") == 0 ? "not made" : "pthread_"));
}
END_TEST

START_TEST(what_is_opened_for_programs_that_are_started_is_red)
{
	static const char *const names[] = {"opens-for-others", "opens-below-for-others"};
	char said[4096];

	ck_assert(green("opens", said));
	ck_assert(!green(names[_i], said));
	ck_assert_ptr_nonnull(strstr(said, "O_CLOEXEC"));
}
END_TEST

START_TEST(what_sets_up_or_tears_down_does_not_end_it_either)
{
	char said[4096];

	ck_assert(!green("setup-exits ends", said));
	ck_assert(!green("teardown-exits ends", said));
	ck_assert_ptr_nonnull(strstr(said, "\tbody_that_ends\n"));
}
END_TEST

START_TEST(the_program_does_not_end_before_its_tests)
{
	char said[4096];

	ck_assert(!green("program-exits ends", said));
	ck_assert_ptr_nonnull(strstr(said, "before its tests are over"));
}
END_TEST

START_TEST(a_body_that_takes_the_timers_away_is_timed_by_one_clock)
{
	char said[4096], name[] = "/tmp/oncestick-XXXXXX";
	double took = -1;
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	setenv("CK_XML_LOG_FILE_NAME", name, 1);
	ck_assert(green("no-timer", said));
	said[read(fd, said, sizeof said - 1)] = '\0';
	ck_assert_ptr_nonnull(strstr(said, "<duration>"));
	ck_assert_int_eq(sscanf(strstr(said, "<duration>"), "<duration>%lf", &took), 1);
	ck_assert(took >= 0 && took < 60);
	close(fd);
	unlink(name);
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("whole");
	TCase *t = tcase_create("whole");

	if (argc > 1)
		return run_inner(argc - 1, argv + 1);
	suite_add_tcase(s, t);
	tcase_add_test(t, bodies_that_end_are_green);
	tcase_add_test(t, a_body_that_fails_is_red_as_ever);
	tcase_add_loop_test(t, a_body_that_ends_its_process_is_red_and_named, 0, 4);
	tcase_add_loop_test(t, a_lock_that_was_not_taken_is_red, 0, 6);
	tcase_add_loop_test(t, what_is_opened_for_programs_that_are_started_is_red, 0, 2);
	tcase_add_test(t, what_sets_up_or_tears_down_does_not_end_it_either);
	tcase_add_test(t, the_program_does_not_end_before_its_tests);
	tcase_add_test(t, a_body_that_takes_the_timers_away_is_timed_by_one_clock);
	return suite_run(s);
}
