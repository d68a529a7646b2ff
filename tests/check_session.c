/* The terminal's side while a session does not answer. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session.h"

static volatile sig_atomic_t signals;

static void
on_signal(int sig)
{
	(void)sig;
	signals++;
}

static bool
given_up(void)
{
	return signals > 0;
}

/* Signals come until it has been seen: the first may be earlier than the call that it is to end. */
static void
signals_begin(void)
{
	const struct itimerval often = {.it_interval = {.tv_usec = 10000}, .it_value = {.tv_usec = 10000}};
	struct sigaction sa = {.sa_handler = on_signal};

	sigemptyset(&sa.sa_mask);
	ck_assert_int_eq(sigaction(SIGALRM, &sa, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

/* A session that reports nothing, and does not leave when it is let go: one end of the sockets is its own. */
static void
begin_silent(struct session_link *link, int *theirs)
{
	int sv[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	*link = (struct session_link){.fd = sv[0], .pid = fork()};
	ck_assert_int_ge(link->pid, 0);
	if (link->pid == 0)
		close(sv[1]);
	while (link->pid == 0)
		pause();
	*theirs = sv[1];
}

START_TEST(silence_ends_when_it_is_given_up)
{
	struct session_message msg;
	struct session_link link;
	int theirs, status;

	begin_silent(&link, &theirs);
	signals_begin();
	ck_assert_int_eq(session_next(&link, &msg, given_up), -1);
	session_abandon(&link);
	ck_assert_int_eq(link.fd, -1);
	while (waitpid(link.pid, &status, 0) < 0)
		;
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

START_TEST(what_was_given_up_is_not_waited_for)
{
	struct session_message msg;
	struct session_link link;
	int theirs;

	begin_silent(&link, &theirs);
	signals = 1;
	ck_assert_int_eq(session_next(&link, &msg, given_up), -1);
	session_abandon(&link);
}
END_TEST

static void
report_after_three_signals(int theirs)
{
	struct session_message msg = {.step = SESSION_OPENED};

	while (signals < 3)
		pause();
	ck_assert_int_eq(send(theirs, &msg, sizeof msg, 0), sizeof msg);
	_exit(3);
}

START_TEST(a_spend_is_waited_for_whatever_comes)
{
	struct session_message msg;
	struct session_link link;
	int theirs, status;
	pid_t pid;

	begin_silent(&link, &theirs);
	ck_assert_int_ge(pid = fork(), 0);
	signals_begin();
	if (pid == 0)
		report_after_three_signals(theirs);
	ck_assert_int_eq(session_next(&link, &msg, NULL), 0);
	ck_assert_int_eq(msg.step, SESSION_OPENED);
	while (waitpid(pid, &status, 0) < 0)
		;
	ck_assert_int_eq(status, 3 << 8);
	session_abandon(&link);
}
END_TEST

START_TEST(a_session_that_died_is_no_report)
{
	struct session_message msg;
	struct session_link link;
	int theirs;

	begin_silent(&link, &theirs);
	close(theirs);
	ck_assert_int_eq(session_next(&link, &msg, given_up), -1);
	session_abandon(&link);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("waiting");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, silence_ends_when_it_is_given_up);
	tcase_add_test(t, what_was_given_up_is_not_waited_for);
	tcase_add_test(t, a_spend_is_waited_for_whatever_comes);
	tcase_add_test(t, a_session_that_died_is_no_report);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
