/*
 * check_control.c - asking a session, and being asked: by friends, strangers, the mute and the hasty.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <check.h>

#include "cloexec.h"
#include "leaks.h"
#include "streams.h"
#include "suite.h"

#define LOCK "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff.7"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff.12"

static char dir[64];
static int dir_fd = -1, listening = -1;

/* ---- who asks ----------------------------------------------------------------------------------------------------------- */

static uid_t stranger;                  /* whom the kernel names as who asks; 0: whoever it is */
static bool nameless;                   /* it cannot say */

int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	struct ucred *who = value;

	if (name != SO_PEERCRED || nameless) {
		errno = ENOPROTOOPT;
		return -1;
	}
	*who = (struct ucred){.pid = 4711, .uid = stranger != 0 ? stranger : geteuid()};
	*len = sizeof *who;
	(void)fd;
	(void)level;
	return 0;
}

/* How long is waited, in milliseconds, for what is to come and for what is to go: the last that was set. */
static _Atomic long patience_in, patience_out;

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	const struct timeval *t = value;

	*(name == SO_RCVTIMEO ? &patience_in : &patience_out) = t->tv_sec * 1000 + t->tv_usec / 1000;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

static int
connect_to(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/%.80s", dir_fd, name);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void
setup(void)
{
	snprintf(dir, sizeof dir, "%.30s/once-control.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_ge(dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	ck_assert_int_ge(listening = control_listen(dir_fd, LOCK), 0);
}

static void
teardown(void)
{
	static const char *const names[] = {LOCK, OTHER, LOCK ".ctl", OTHER ".ctl", "short.ctl", "short", "0123.1"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(dir_fd, names[i], 0);
	close(listening);
	close(dir_fd);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* ---- the session's side --------------------------------------------------------------------------------------------------- */

/* What the session makes of n bytes of request. */
static int
accepted(const void *bytes, size_t n, enum control_op *op, bool *told)
{
	int fd = connect_to(LOCK ".ctl"), conn, saved;

	ck_assert_int_eq(send(fd, bytes, n, 0), (ssize_t)n);
	conn = control_accept(listening, op, told);
	saved = errno;
	close(fd);
	if (conn >= 0)
		close(conn);
	errno = saved;
	return conn;
}

START_TEST(every_request_is_understood)
{
	for (uint32_t q = 0; q <= CONTROL_PAUSE_FORCE; q++)
		for (int t = 0; t < 2; t++) {
			uint32_t sent = q | (t ? CONTROL_TOLD : 0);
			enum control_op op = 99;
			bool told = !t;

			ck_assert_int_ge(accepted(&sent, sizeof sent, &op, &told), 0);
			ck_assert_uint_eq(op, q);
			ck_assert(told == (t == 1));
		}
}
END_TEST

static void
assert_refused(const void *bytes, size_t n)
{
	enum control_op op = 99;
	bool told;

	errno = 0;
	ck_assert_int_eq(accepted(bytes, n, &op, &told), -1);
	ck_assert_int_eq(errno, EPROTO);
	ck_assert_uint_eq(op, 99);
}

START_TEST(what_is_no_request_is_refused)
{
	static const uint32_t unknown[] = {CONTROL_PAUSE_FORCE + 1, 8, CONTROL_TOLD | 5, CONTROL_TOLD | 8, 32, 64, 1u << 31, ~0u};
	static const uint32_t good[2] = {CONTROL_STATUS, CONTROL_STATUS};

	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		assert_refused(&unknown[i], sizeof unknown[i]);
	for (size_t n = 0; n < sizeof good[0]; n++)
		assert_refused(good, n);
}
END_TEST

START_TEST(a_session_does_not_wait_for_who_says_nothing)
{
	enum control_op op;
	bool told;
	int fd = connect_to(LOCK ".ctl");
	char c;

	ck_assert_int_eq(control_accept(listening, &op, &told), -1);
	ck_assert_int_eq(errno, EPROTO);
	ck_assert_int_eq(recv(fd, &c, 1, 0), 0); /* hung up on */
	close(fd);
	fd = connect_to(LOCK ".ctl");
	close(fd);
	ck_assert_int_eq(control_accept(listening, &op, &told), -1);
	ck_assert_int_eq(errno, EPROTO);
}
END_TEST

START_TEST(strangers_are_refused)
{
	const uint32_t q = CONTROL_END_FORCE;
	enum control_op op;
	bool told;

	stranger = geteuid() + 1;
	assert_refused(&q, sizeof q);
	stranger = 0;
	ck_assert_int_ge(accepted(&q, sizeof q, &op, &told), 0);
	nameless = true;
	assert_refused(&q, sizeof q);
}
END_TEST

START_TEST(nobody_asks)
{
	enum control_op op;
	bool told;

	ck_assert_int_eq(control_accept(listening, &op, &told), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(no_descriptor_left_and_the_request_still_waits)
{
	const struct rlimit few = {64, 64};
	const uint32_t q = CONTROL_PAUSE;
	enum control_op op;
	int fd = connect_to(LOCK ".ctl"), all[64], n = 0;
	bool told;

	ck_assert_int_eq(send(fd, &q, sizeof q, 0), sizeof q);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (n < 64 && (all[n] = dup(fd)) >= 0)
		n++;
	ck_assert_int_lt(n, 64);
	ck_assert_int_eq(control_accept(listening, &op, &told), -1);
	ck_assert_int_eq(errno, EMFILE);
	while (n > 0)
		close(all[--n]);
	ck_assert_int_ge(control_accept(listening, &op, &told), 0);
	ck_assert_int_eq(op, CONTROL_PAUSE);
	close(fd);
}
END_TEST

START_TEST(the_socket_is_the_person_s_alone)
{
	mode_t mask = umask(022);
	struct stat st;
	int again;

	ck_assert_int_eq(fstatat(dir_fd, LOCK ".ctl", &st, 0), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_ge(again = control_listen(dir_fd, LOCK), 0); /* in the place of what a dead session left */
	ck_assert_int_eq(umask(mask), 022);
	ck_assert_int_ne(fcntl(again, F_GETFD) & FD_CLOEXEC, 0);
	close(connect_to(LOCK ".ctl"));
	close(again);
	control_remove(dir_fd, LOCK);
	ck_assert_int_ne(fstatat(dir_fd, LOCK ".ctl", &st, 0), 0);
}
END_TEST

START_TEST(a_name_that_is_too_long)
{
	struct control_reply reply;
	struct fault f = {0};
	char name[120] = "";

	memset(name, 'a', sizeof name - 1);
	ck_assert_int_eq(control_listen(dir_fd, name), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_int_eq(control_ask(dir_fd, name, CONTROL_STATUS, &reply, &f), E_FAIL);
	ck_assert_int_eq(f.sys, ENAMETOOLONG);
	ck_assert_int_eq(control_listen(-1, LOCK), -1);
}
END_TEST

/* ---- the asking side ------------------------------------------------------------------------------------------------------ */

struct session {
	int fd;                 /* listens */
	int hang_up;            /* so often before it answers */
	size_t answer;          /* bytes of it */
	struct control_reply reply;
	enum control_op asked;
	bool told;
	int asks;
	pthread_t thread;
};

static void *
session(void *arg)
{
	struct session *s = arg;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	int conn;

	do {
		if (poll(&p, 1, 20000) != 1 || (conn = control_accept(s->fd, &s->asked, &s->told)) < 0)
			return NULL;
		s->asks++;
		if (s->asks <= s->hang_up) {
			close(conn);
		} else if (s->answer < sizeof s->reply) {
			send(conn, &s->reply, s->answer, MSG_NOSIGNAL);
			close(conn);
		} else {
			control_answer(conn, &s->reply);
		}
	} while (s->asks <= s->hang_up);
	return NULL;
}

static struct session *
begin(int fd)
{
	static struct session s;

	s = (struct session){.fd = fd, .answer = sizeof s.reply};
	s.reply.state.open_count = 3;
	s.reply.state.pid = 1;
	strcpy(s.reply.state.label, "Lecture");
	return &s;
}

static enum err
ask(struct session *s, enum control_op op, struct control_reply *reply, struct fault *f)
{
	enum err err;

	ck_assert_int_eq(pthread_create(&s->thread, NULL, session, s), 0);
	err = control_ask(dir_fd, LOCK, op, reply, f);
	pthread_join(s->thread, NULL);
	return err;
}

START_TEST(what_it_says_arrives)
{
	struct session *s = begin(listening);
	struct control_reply reply;
	struct fault f = {0};

	ck_assert_int_eq(ask(s, (enum control_op)(CONTROL_END | CONTROL_TOLD), &reply, &f), E_OK);
	ck_assert(s->asked == CONTROL_END && s->told && s->asks == 1);
	ck_assert_str_eq(reply.state.label, "Lecture");
	ck_assert_uint_eq(reply.state.open_count, 3);
	ck_assert_int_eq(reply.state.pid, 4711); /* who it is, not who it says it is */
	ck_assert_int_eq(f.err, E_OK);
}
END_TEST

START_TEST(its_no_is_passed_on)
{
	struct session *s = begin(listening);
	struct control_reply reply;
	struct fault f = {0};

	s->reply.err = fault_set(&s->reply.fault, E_BUSY, EBUSY, "unmount", "/m");
	ck_assert_int_eq(ask(s, CONTROL_PAUSE, &reply, &f), E_BUSY);
	ck_assert(f.err == E_BUSY && f.sys == EBUSY);
	ck_assert_str_eq(f.object, "/m");
	fault_clear(&f);
	fault_set(&f, E_STATION, 0, "first", "fault");
	ck_assert_int_eq(ask(s, CONTROL_PAUSE, &reply, &f), E_BUSY);
	ck_assert_str_eq(f.step, "first");
	ck_assert_int_eq(ask(s, CONTROL_PAUSE, &reply, NULL), E_BUSY);
}
END_TEST

START_TEST(a_no_that_points_somewhere_is_not_followed)
{
	static const char theirs[] = "a place in its memory";
	struct session *s = begin(listening);
	struct control_reply reply;
	struct fault f = {0};

	s->reply.err = fault_said(&s->reply.fault, E_BUSY, theirs);
	memset(s->reply.fault.object, 'x', sizeof s->reply.fault.object);
	ck_assert_int_eq(ask(s, CONTROL_PAUSE, &reply, &f), E_BUSY);
	ck_assert_ptr_null(f.said);
	ck_assert_int_eq(f.why, WHY_NONE);
	ck_assert_uint_eq(strnlen(f.object, sizeof f.object), sizeof f.object - 1);
}
END_TEST

START_TEST(nobody_is_there)
{
	struct control_reply reply;
	struct fault f = {0};

	close(listening);
	listening = -1;
	ck_assert_int_eq(control_ask(dir_fd, LOCK, CONTROL_STATUS, &reply, &f), E_MOUNTED); /* died */
	ck_assert_int_eq(f.sys, ECONNREFUSED);
	control_remove(dir_fd, LOCK);
	fault_clear(&f);
	ck_assert_int_eq(control_ask(dir_fd, LOCK, CONTROL_STATUS, &reply, &f), E_MOUNTED);
	ck_assert_int_eq(f.sys, ENOENT);
}
END_TEST

START_TEST(a_request_that_came_too_late_is_sent_again)
{
	struct session *s = begin(listening);
	struct control_reply reply;
	struct fault f = {0};

	s->hang_up = 19;
	ck_assert_int_eq(ask(s, CONTROL_STATUS, &reply, &f), E_OK);
	ck_assert_int_eq(s->asks, 20);
}
END_TEST

START_TEST(but_not_for_ever)
{
	struct session *s = begin(listening);
	struct control_reply reply;
	struct fault f = {0};

	s->hang_up = 19;
	s->answer = 10; /* half an answer is none */
	ck_assert_int_eq(ask(s, CONTROL_STATUS, &reply, &f), E_FAIL);
	ck_assert_int_eq(s->asks, 20);
	ck_assert_int_eq(f.sys, ECONNRESET);
}
END_TEST

START_TEST(what_cannot_be_reached_is_not_called_gone)
{
	struct control_reply reply;
	struct fault f = {0};

	control_remove(dir_fd, LOCK);
	ck_assert_int_eq(mkdirat(dir_fd, LOCK ".ctl", 0700), 0);
	ck_assert_int_eq(unlinkat(dir_fd, LOCK ".ctl", AT_REMOVEDIR), 0);
	ck_assert_int_eq(symlinkat(LOCK ".ctl", dir_fd, LOCK ".ctl"), 0);
	ck_assert_int_eq(control_ask(dir_fd, LOCK, CONTROL_STATUS, &reply, &f), E_FAIL);
	ck_assert_int_eq(f.sys, ELOOP);
}
END_TEST

static int
held(const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	return fd;
}

static int seen;

static void
see(void *arg, const char *lock_name, const struct control_state *s)
{
	ck_assert_ptr_eq(arg, &seen);
	ck_assert_str_eq(lock_name, LOCK);
	ck_assert_str_eq(s->label, "Lecture");
	seen++;
}

START_TEST(only_who_holds_a_lock_is_asked)
{
	struct session *s = begin(listening);
	int fd = held(LOCK), stale = held(OTHER), short_name = held("0123.1"), n;

	close(stale); /* nobody holds it: its session died, and something else listens there */
	close(listening);
	ck_assert_int_ge(stale = control_listen(dir_fd, OTHER), 0);
	ck_assert_int_ge(s->fd = listening = control_listen(dir_fd, LOCK), 0);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, session, s), 0);
	ck_assert_int_eq(control_each(dir_fd, see, &seen), 1);
	pthread_join(s->thread, NULL);
	ck_assert_int_eq(seen, 1);
	ck_assert_int_eq(s->asked, CONTROL_STATUS);
	n = accept(stale, NULL, NULL);
	ck_assert(n == -1 && errno == EAGAIN); /* was not asked */
	close(fd);
	close(stale);
	close(short_name);
	ck_assert_int_eq(control_each(dir_fd, see, &seen), 0);
	ck_assert_int_eq(control_each(-1, see, &seen), -1);
}
END_TEST

/* It holds its lock and does not listen yet, or any more. */
START_TEST(who_cannot_be_asked_is_not_counted)
{
	int fd = held(OTHER), before, after;

	before = dup(dir_fd);
	close(before);
	ck_assert_int_eq(control_each(dir_fd, see, &seen), 0);
	after = dup(dir_fd);
	ck_assert_int_eq(before, after); /* nothing stays open */
	close(after);
	close(fd);
}
END_TEST

START_TEST(nobody_is_waited_for_too_long_or_too_short)
{
	uint32_t q = CONTROL_STATUS;
	struct control_reply reply;
	enum control_op op;
	bool told;

	ck_assert_int_ge(accepted(&q, sizeof q, &op, &told), 0);
	ck_assert(patience_in == 100 && patience_out == 100);
	close(listening);
	ck_assert_int_eq(control_ask(dir_fd, LOCK, CONTROL_STATUS, &reply, NULL), E_MOUNTED);
	ck_assert(patience_in == 120000 && patience_out == 120000);
	listening = dup(0);
}
END_TEST

START_TEST(sockets_are_nobody_else_s)
{
	int client, conn;
	uint32_t q = CONTROL_STATUS;
	enum control_op op;
	bool told;

	ck_assert_int_eq(fcntl(listening, F_GETFD), FD_CLOEXEC);
	ck_assert_int_ne(fcntl(listening, F_GETFL) & O_NONBLOCK, 0);
	client = connect_to(LOCK ".ctl");
	ck_assert_int_eq(send(client, &q, sizeof q, 0), sizeof q);
	ck_assert_int_ge(conn = control_accept(listening, &op, &told), 0);
	ck_assert_int_eq(fcntl(conn, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(conn, F_GETFL) & O_NONBLOCK, 0);
	close(conn);
	close(client);
}
END_TEST

/* A link to what is held is not held itself. */
START_TEST(links_are_not_asked)
{
	int fd = held(LOCK), other = control_listen(dir_fd, OTHER), n;

	close(listening);
	ck_assert_int_ge(listening = other, 0);
	control_remove(dir_fd, LOCK);
	ck_assert_int_eq(symlinkat(LOCK, dir_fd, OTHER), 0);
	ck_assert_int_eq(control_each(dir_fd, see, &seen), 0);
	n = accept(other, NULL, NULL);
	ck_assert(n == -1 && errno == EAGAIN);
	close(fd);
}
END_TEST

static void
all_of_it(void)
{
	struct session *s = begin(listening);
	struct control_reply reply;
	uint32_t bad = 4000;
	enum control_op op;
	bool told;
	int fd;

	ck_assert_int_eq(ask(s, CONTROL_STATUS, &reply, NULL), E_OK);
	ck_assert_int_eq(accepted(&bad, sizeof bad, &op, &told), -1);
	ck_assert_int_eq(control_ask(dir_fd, OTHER, CONTROL_STATUS, &reply, NULL), E_MOUNTED);
	ck_assert_int_ge(fd = control_listen(dir_fd, OTHER), 0);
	close(fd);
	control_remove(dir_fd, OTHER);
	ck_assert_int_eq(mkdirat(dir_fd, OTHER ".ctl", 0700), 0);
	ck_assert_int_eq(control_listen(dir_fd, OTHER), -1); /* its name is taken by what cannot be removed */
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(unlinkat(dir_fd, OTHER ".ctl", AT_REMOVEDIR), 0);
	ck_assert_int_ge(control_each(dir_fd, see, &seen), 0);
	no_streams = true;
	ck_assert_int_eq(control_each(dir_fd, see, &seen), -1);
	ck_assert_int_eq(errno, ENOMEM);
	no_streams = false;
}

START_TEST(nothing_is_kept)
{
	watch_opened = true;
	LEAKS_NOTHING(all_of_it());
	close(0); /* what is opened has any number */
	LEAKS_NOTHING(all_of_it());
	watch_opened = false;
	ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
}
END_TEST

SUITE("control", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, every_request_is_understood);
	tcase_add_test(t, what_is_no_request_is_refused);
	tcase_add_test(t, a_session_does_not_wait_for_who_says_nothing);
	tcase_add_test(t, strangers_are_refused);
	tcase_add_test(t, nobody_asks);
	tcase_add_test(t, no_descriptor_left_and_the_request_still_waits);
	tcase_add_test(t, the_socket_is_the_person_s_alone);
	tcase_add_test(t, a_name_that_is_too_long);
	tcase_add_test(t, what_it_says_arrives);
	tcase_add_test(t, its_no_is_passed_on);
	tcase_add_test(t, a_no_that_points_somewhere_is_not_followed);
	tcase_add_test(t, nobody_is_there);
	tcase_add_test(t, a_request_that_came_too_late_is_sent_again);
	tcase_add_test(t, but_not_for_ever);
	tcase_add_test(t, what_cannot_be_reached_is_not_called_gone);
	tcase_add_test(t, only_who_holds_a_lock_is_asked);
	tcase_add_test(t, who_cannot_be_asked_is_not_counted);
	tcase_add_test(t, nobody_is_waited_for_too_long_or_too_short);
	tcase_add_test(t, sockets_are_nobody_else_s);
	tcase_add_test(t, links_are_not_asked);
	tcase_add_test(t, nothing_is_kept);
}
