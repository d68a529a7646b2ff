/*
 * check_pinentry.c - a pinentry that does not answer, with little patience. What a person sees is in 21-pinentry.sh.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "pinentry.h"
#include "stop.h"
#include "suite.h"

static char program[64];

/* A pinentry of our own, in sh. */
static struct pinentry *
made(const char *script)
{
	struct pinentry_setup setup = {.program = program, .start_ms = 1500, .answer_ms = 1500, .differ = "differ",
	    .stopped = stop_asked};
	int fd = -1;

	snprintf(program, sizeof program, "/tmp/check-pinentry-XXXXXX");
	fd = mkstemp(program);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "#!/bin/sh\n%s\n", script), 0);
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	close(fd);
	return pinentry_new(&setup);
}

static void
gone(struct pinentry **p)
{
	pinentry_free(p);
	unlink(program);
	ck_assert_ptr_null(*p);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no process is left */
}

#define SERVE(case_)                                                                                                       \
	"echo OK; while read -r line; do case $line in " case_ " BYE) echo OK; exit ;; *) echo OK ;; esac; done"

START_TEST(one_that_says_nothing)
{
	struct pinentry *p = made("exec sleep 60");
	struct fault f = {0};

	ck_assert_int_eq(pinentry_start(p, &f), E_PROMPT);
	ck_assert_int_eq(pinentry_ended(p)->why, PINENTRY_DEAF);
	gone(&p);
}
END_TEST

START_TEST(one_that_stops_in_the_middle)
{
	struct pinentry *p = made(SERVE("SETDESC*) exec sleep 60 ;;"));
	struct fault f = {0};
	char out[64] = "untouched";
	struct pinentry_answer a = {.text = out, .size = sizeof out, .n = 7};

	ck_assert_int_eq(pinentry_get(p, "Code: ", NULL, &a, &f), E_PROMPT);
	ck_assert_uint_eq(a.n, 7);
	gone(&p);
}
END_TEST

START_TEST(an_answer_that_is_too_long_is_none)
{
	struct pinentry *p = made(SERVE("GETPIN) echo 'D 0123456789abcdef'; echo OK ;;"));
	struct fault f = {0};
	char out[16 + 1], small[16];
	struct pinentry_answer a = {.text = out, .size = sizeof out}, cut = {.text = small, .size = sizeof small, .n = 7};

	ck_assert_int_eq(pinentry_get(p, "Code: ", NULL, &a, &f), E_OK);
	ck_assert_str_eq(out, "0123456789abcdef");
	ck_assert_uint_eq(a.n, 16);
	ck_assert_int_eq(pinentry_get(p, "Code: ", NULL, &cut, &f), E_PROMPT);
	ck_assert_uint_eq(cut.n, 7);
	ck_assert(sodium_is_zero((unsigned char *)small, sizeof small));
	gone(&p);
}
END_TEST

START_TEST(it_asks_back_and_talks_much)
{
	struct pinentry *p =
	    made(SERVE("GETPIN) echo 'S X y'; echo '# z'; echo INQUIRE QUALITY x; read -r l; echo 'D a%25b'; echo OK ;;"));
	struct fault f = {0};
	char out[64];
	struct pinentry_answer a = {.text = out, .size = sizeof out};

	ck_assert_int_eq(pinentry_get(p, "Code: ", NULL, &a, &f), E_OK);
	ck_assert_str_eq(out, "a%b");
	gone(&p);
}
END_TEST

START_TEST(a_signal_ends_the_question)
{
	struct pinentry *p = made(SERVE("GETPIN) kill -TERM $PPID; exec sleep 60 ;;"));
	struct fault f = {0};
	char out[64];
	struct pinentry_answer a = {.text = out, .size = sizeof out};

	stop_install();
	ck_assert_int_eq(pinentry_get(p, "Code: ", NULL, &a, &f), E_INTERRUPTED);
	gone(&p);
}
END_TEST

START_TEST(a_button_that_was_not_there)
{
	const char *const buttons[] = {"Yes", "No", NULL};
	struct pinentry *p = made(SERVE("CONFIRM) echo 'ERR 83886194 Not confirmed' ;;"));
	struct fault f = {0};
	size_t picked = 7;

	ck_assert_int_eq(pinentry_pick(p, "Really?", buttons, &picked, &f), E_OK);
	ck_assert_uint_eq(picked, 1); /* no */
	gone(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pinentry");
	TCase *t = tcase_create("pinentry");

	if (sodium_init() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_that_says_nothing);
	tcase_add_test(t, one_that_stops_in_the_middle);
	tcase_add_test(t, an_answer_that_is_too_long_is_none);
	tcase_add_test(t, it_asks_back_and_talks_much);
	tcase_add_test(t, a_signal_ends_the_question);
	tcase_add_test(t, a_button_that_was_not_there);
	suite_add_tcase(s, t);
	return suite_run(s);
}
