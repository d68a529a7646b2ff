/*
 * check_session.c - the terminal's side while a session does not answer; and whole sessions, from the look to the end, whose mount
 * is a socket (kernel.h).
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "control.h"
#include "event.h"
#include "fixture.h"
#include "fusemount.h"
#include "kernel.h"
#include "leaks.h"
#include "minder.h"
#include "mountpoint.h"
#include "remove.h"
#include "replug.h"
#include "session.h"
#include "station.h"
#include "suite.h"

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

/* A session at its deadline reports, and ends, while the command tells it what it will not read. */
START_TEST(what_it_has_said_is_heard_although_it_did_not_listen)
{
	struct session_message msg = {.step = SESSION_CLOSED};
	struct session_link link;
	int theirs;

	begin_silent(&link, &theirs);
	ck_assert_int_eq(session_finish(&link, false), 0);
	ck_assert_int_eq(send(theirs, &msg, sizeof msg, 0), sizeof msg);
	close(theirs);
	msg.step = SESSION_LOOKED;
	ck_assert_int_eq(session_next(&link, &msg, NULL), 0);
	ck_assert_int_eq(msg.step, SESSION_CLOSED);
	ck_assert_int_eq(session_next(&link, &msg, NULL), -1);
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

/* ---- whole sessions --------------------------------------------------------------------------------------------------------- */

#define NOWHERE "/oncestick-nowhere"     /* where the namespace would have the mount */

/* What is other than it is for a session; in memory that it shares with its test. */
static struct world {
	_Atomic bool over;              /* its time is up as soon as it begins */
	_Atomic bool quick;             /* its heart beats all the time */
	_Atomic int64_t away;           /* for how long its stick is */
	_Atomic unsigned beats;
	_Atomic int64_t beat_s;         /* how far they are apart, if it were not quick */
	_Atomic int deaf;               /* the errno for who asks; 0: none */
	_Atomic unsigned asked;         /* how often it was looked who asks */
	_Atomic int lost;               /* what cannot be kept any more; an enum err */
	_Atomic int64_t deadline;       /* how long it has */
	_Atomic int watch;              /* what the minder says of a path to watch: an errno */
	_Atomic int unmount, unmount_sys; /* ... and of unmounting: an enum err; 0: it does it */
	_Atomic unsigned unmounts;
} *world;

static char station_dir_path[64];

int __real_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *was);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *was);
int64_t __real_replug_look(struct replug *r);
int64_t __wrap_replug_look(struct replug *r);
int __real_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);
void __real_unlock_beat(struct unlock *u, int64_t used_s);
void __wrap_unlock_beat(struct unlock *u, int64_t used_s);
enum err __real_unlock_end(struct unlock *u, int64_t used_s, struct fault *f);
enum err __wrap_unlock_end(struct unlock *u, int64_t used_s, struct fault *f);
enum err __real_unlock_used(struct unlock *u, int64_t used_s, struct fault *f);
enum err __wrap_unlock_used(struct unlock *u, int64_t used_s, struct fault *f);

int __real_minder_watch(int fd, const char *path);
int __wrap_minder_watch(int fd, const char *path);
enum err __real_minder_unmount(int fd, bool lazy, struct fault *f);
enum err __wrap_minder_unmount(int fd, bool lazy, struct fault *f);

int
__wrap_minder_watch(int fd, const char *path)
{
	return world->watch != 0 ? world->watch : __real_minder_watch(fd, path);
}

enum err
__wrap_minder_unmount(int fd, bool lazy, struct fault *f)
{
	world->unmounts += lazy ? 100 : 1;
	return world->unmount != 0 ? fault_set(f, (enum err)world->unmount, world->unmount_sys, "unmount", "it")
				   : __real_minder_unmount(fd, lazy, f);
}

int
__wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *was)
{
	struct itimerspec other = *when;

	if (when->it_value.tv_sec > 0 && when->it_interval.tv_sec == 0) {
		world->deadline = when->it_value.tv_sec;
		if (world->over)
			other.it_value = (struct timespec){.tv_nsec = 1};
	} else if (when->it_interval.tv_sec > 0 && world->quick) {
		world->beat_s = when->it_value.tv_sec == when->it_interval.tv_sec ? when->it_value.tv_sec : 0;
		other.it_value = other.it_interval = (struct timespec){.tv_nsec = 5000000};
	}
	return __real_timerfd_settime(fd, flags, &other, was);
}

int64_t
__wrap_replug_look(struct replug *r)
{
	return world->away > 0 ? world->away : __real_replug_look(r);
}

int
__wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
{
	world->asked++;
	errno = world->deaf;
	return world->deaf != 0 ? -1 : __real_accept4(fd, a, len, flags);
}

void
__wrap_unlock_beat(struct unlock *u, int64_t used_s)
{
	world->beats++;
	__real_unlock_beat(u, used_s);
}

enum err
__wrap_unlock_end(struct unlock *u, int64_t used_s, struct fault *f)
{
	if (world->lost != 0)
		return fault_set(f, (enum err)world->lost, ENOSPC, "close", "%s", station_dir_path);
	return __real_unlock_end(u, used_s, f);
}

enum err
__wrap_unlock_used(struct unlock *u, int64_t used_s, struct fault *f)
{
	if (world->lost != 0)
		return fault_set(f, (enum err)world->lost, ENOSPC, "used", "%s", station_dir_path);
	return __real_unlock_used(u, used_s, f);
}

static struct fixture x;
static struct fixture_grant grant;
static struct kernel k;
static struct session_link session;
static struct session_message said;
static int desktop = -1;

static void
setup(void)
{
	struct policy policy = fixture_policy();

	ck_assert_int_ge(sodium_init(), 0);
	world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(world != MAP_FAILED);
	fixture_open(&x);
	/* A session asks the PC's clock, and does not believe one from before what is signed. */
	policy.not_before = time(NULL) - 3600;
	policy.expires = (time(NULL) > FIXTURE_NOW ? time(NULL) : FIXTURE_NOW) + 86400;
	fixture_grant(&x, &grant, policy, 0, NULL);
	snprintf(station_dir_path, sizeof station_dir_path, "%.30s/once-station.XXXXXX",
	    getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(station_dir_path));
}

static void
teardown(void)
{
	(void)remove_all(station_dir_path);
	fixture_grant_free(&grant);
	fixture_close(&x);
}

static void
heard(enum session_step step, enum err err)
{
	ck_assert_msg(session_next(&session, &said, NULL) == 0, "it died");
	ck_assert_int_eq(said.step, step);
	ck_assert_msg(said.err == err, "%s: %s %s", err_name(said.err), said.fault.step, said.fault.object);
	ck_assert_int_eq(said.fault.err, err);
}

/* What a session finds on the stick. */
static void
look_at(const char *stick, const char *station, enum err err)
{
	struct session_private private = {.dir = NOWHERE};
	struct session_setup with = {.stick_path = stick, .private = &private, .station_dir = station};
	struct fault f = {0};
	int ev[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ev), 0);
	with.events = ev[1];
	private.fd = kernel_begin(&k, SOCK_SEQPACKET);
	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	close(private.fd);
	close(ev[1]);
	desktop = ev[0];
	heard(SESSION_LOOKED, err);
}

static void
try_code(const char *code, enum err err)
{
	ck_assert_int_eq(session_code(&session, code), 0);
	heard(SESSION_TRIED, err);
}

static void
open_again(void)
{
	look_at(x.path, station_dir_path, E_OK);
	try_code(grant.codes[1], E_OK);
	kernel_init(&k);
	ck_assert_int_eq(session_confirm(&session), 0);
	heard(SESSION_OPENED, E_OK);
	ck_assert_int_eq(kernel_hear(&k), 0);
}

/* It has ended by itself: with this status. */
static void
ended(int want)
{
	int status;

	ck_assert_int_eq(waitpid(session.pid, &status, 0), session.pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == want, "status %x", (unsigned)status);
	session_detach(&session);
	close(k.fd);
}

static struct event
told(enum event_kind kind)
{
	struct event e;

	ck_assert_int_eq(recv(desktop, &e, sizeof e, 0), sizeof e);
	ck_assert_uint_eq(e.kind, kind);
	return e;
}

/* And nothing more. */
static void
told_closed(enum event_how how, bool by_who_asked)
{
	struct event e = told(EVENT_CLOSED);

	ck_assert_uint_eq(e.how, how);
	ck_assert(e.told == by_who_asked);
	ck_assert_int_eq(recv(desktop, &e, sizeof e, 0), 0);
	close(desktop);
}

/* What this PC remembers of the code. */
static struct memory_use
row(void)
{
	struct memory_use u = {0};
	struct station *s = NULL;

	ck_assert_int_eq(station_open(&s, station_dir_path, STATION_READ, NULL), E_OK);
	ck_assert_int_eq(memory_use(station_memory(s), grant.g.hash, 1, &u, NULL), E_OK);
	station_close(&s);
	return u;
}

static enum err
asked(enum control_op op, struct control_reply *reply)
{
	char name[STATION_LOCK_NAME];
	struct station *s = NULL;
	struct fault f = {0};
	enum err err;

	station_lock_name(name, grant.g.hash, 1);
	ck_assert_int_eq(station_open(&s, station_dir_path, STATION_READ, NULL), E_OK);
	err = control_ask(station_session_dir(s), name, op, reply, &f);
	if (err == E_MOUNTED)
		ck_assert_int_eq(f.sys, ENOENT); /* it has tidied up */
	station_close(&s);
	return err;
}

START_TEST(what_is_found_is_reported)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];
	struct event e;

	fixture_digest(&x, before);
	look_at(x.path, station_dir_path, E_OK);
	ck_assert_mem_eq(said.info.stick_id, x.stick_id, ID_SIZE);
	ck_assert_uint_eq(said.info.grants, 1);
	try_code(grant.codes[1], E_OK);
	ck_assert_uint_eq(said.info.slot, 1);
	ck_assert_uint_eq(said.info.session_s, 4 * 3600);
	ck_assert_str_eq(said.mount_point, "");
	session_detach(&session); /* and that is that */
	ended(0);
	ck_assert_int_eq(recv(desktop, &e, sizeof e, 0), 0);
	fixture_digest(&x, after);
	ck_assert_mem_eq(before, after, HASH_SIZE);
	ck_assert_int_eq(row().state, MEMORY_NONE);
}
END_TEST

START_TEST(what_cannot_begin_says_why_and_ends)
{
	if (_i == 0)
		look_at("/proc/self/nothing", station_dir_path, E_NO_STICK);
	else if (_i == 1)
		look_at(station_dir_path, station_dir_path, E_NO_STICK);
	else
		look_at(x.path, "/proc/self/nothing", E_STATION);
	ended(0);
}
END_TEST

START_TEST(nothing_opens_before_a_code_is_proved)
{
	char wrong[CODE_SYMBOLS];

	memcpy(wrong, grant.codes[1], sizeof wrong);
	wrong[0] = wrong[0] == '2' ? '3' : '2';
	look_at(x.path, station_dir_path, E_OK);
	ck_assert_int_eq(session_confirm(&session), 0);
	ck_assert_int_eq(session_next(&session, &said, NULL), 0);
	ck_assert(said.step == SESSION_TRIED && said.err != E_OK);
	ck_assert_int_eq(session_code(&session, wrong), 0);
	ck_assert_int_eq(session_next(&session, &said, NULL), 0);
	ck_assert(said.step == SESSION_TRIED && said.err != E_OK);
	try_code(grant.codes[1], E_OK); /* a slip costs nothing */
	ck_assert_int_eq(session_code(&session, wrong), 0);
	ck_assert_int_eq(session_next(&session, &said, NULL), 0);
	ck_assert_int_ne(said.err, E_OK);
	ck_assert_int_eq(session_confirm(&session), 0); /* of the last one, which is wrong */
	ck_assert_int_eq(session_next(&session, &said, NULL), 0);
	ck_assert(said.step == SESSION_TRIED && said.err != E_OK);
	kill(session.pid, SIGTERM);
	ended(0);
	ck_assert_int_eq(row().state, MEMORY_NONE);
}
END_TEST

/* Who was not sure whether to open it, or was told to try again, does so at once. */
START_TEST(stick_and_code_are_free_when_it_was_dismissed)
{
	look_at(x.path, station_dir_path, E_OK);
	try_code(grant.codes[1], E_OK);
	session_dismiss(&session);
	ck_assert_int_eq(session.fd, -1);
	ck_assert_int_eq(waitpid(session.pid, NULL, WNOHANG), session.pid);
	close(k.fd);
	close(desktop);
}
END_TEST

START_TEST(time_is_charged_before_the_folder_opens)
{
	struct memory_use u;
	struct event e;
	const int64_t t = time(NULL);

	open_again();
	u = row();
	ck_assert_int_eq(u.state, MEMORY_OPEN);
	ck_assert_int_eq(u.used_s, UNLOCK_BEAT_S);
	ck_assert_str_eq(said.mount_point, NOWHERE "/Lecture");
	ck_assert_int_eq(said.info.remaining_s, 4 * 3600);
	ck_assert_int_ge(said.info.opened_at, t);
	e = told(EVENT_OPENED);
	ck_assert_str_eq(e.label, said.info.label);
	ck_assert_int_gt(e.deadline, 0);
	kill(session.pid, SIGKILL); /* and so is not free */
	ck_assert_int_eq(waitpid(session.pid, NULL, 0), session.pid);
	ck_assert_int_eq(row().used_s, UNLOCK_BEAT_S);
	session_detach(&session);
}
END_TEST

static uint64_t
film(uint64_t *node)
{
	const struct fuse_open_in in = {.flags = O_RDONLY};
	struct fuse_entry_out entry;
	struct fuse_open_out out;

	ck_assert_int_eq(kernel_ask(&k, FUSE_LOOKUP, FUSE_ROOT_ID, "film.bin", sizeof "film.bin"), 0);
	memcpy(&entry, k.data, sizeof entry);
	ck_assert_int_eq(kernel_ask(&k, FUSE_OPEN, entry.nodeid, &in, sizeof in), 0);
	memcpy(&out, k.data, sizeof out);
	*node = entry.nodeid;
	return out.fh;
}

static int
read_film(uint64_t node, uint64_t fh)
{
	const struct fuse_read_in in = {.fh = fh, .size = 4096};

	return kernel_ask(&k, FUSE_READ, node, &in, sizeof in);
}

START_TEST(a_session_says_how_it_is)
{
	struct control_reply reply;
	uint64_t node, fh;

	open_again();
	fh = film(&node);
	ck_assert_int_eq(read_film(node, fh), 0);
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
	ck_assert_int_eq(reply.state.pid, session.pid);
	ck_assert_uint_eq(reply.state.open_count, 1);
	ck_assert_uint_eq(reply.state.slot, 1);
	ck_assert_int_eq(reply.state.used_s + reply.state.remaining_s, 4 * 3600);
	ck_assert(reply.state.used_s >= 0 && reply.state.used_s < 60);
	ck_assert_int_eq(reply.state.away_s, 0);
	ck_assert_uint_eq(reply.state.unread.blocks, 0);
	ck_assert(reply.state.private && !reply.state.made);
	ck_assert_int_eq(reply.state.opened_at, said.info.opened_at);
	ck_assert_str_eq(reply.state.stick_path, x.path);
	ck_assert_str_eq(reply.state.mount_point, NOWHERE "/Lecture");
	ck_assert_str_eq(reply.state.label, said.info.label);
	ck_assert_mem_eq(reply.state.stick_id, x.stick_id, ID_SIZE);
	ck_assert_mem_eq(reply.state.issuer, x.pk, KEY_SIZE);
	ck_assert_mem_eq(reply.state.grant_id, grant.g.id, ID_SIZE);
	ck_assert_int_eq(asked(CONTROL_END, &reply), E_BUSY); /* the player is still there */
	ck_assert_str_eq(reply.fault.object, NOWHERE "/Lecture");
	ck_assert_int_eq(asked(CONTROL_PAUSE, &reply), E_BUSY);
	ck_assert_int_eq(read_film(node, fh), 0); /* and nothing has changed */
	session_detach(&session);
	ended(SESSION_PAUSED);
}
END_TEST

START_TEST(how_long_the_stick_is_away_is_said)
{
	struct control_reply reply;

	open_again();
	world->away = 7;
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
	ck_assert_int_eq(reply.state.away_s, 7);
	world->away = 0;
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
	ck_assert_int_eq(reply.state.away_s, 0);
	session_detach(&session);
	ended(SESSION_PAUSED);
}
END_TEST

/* The player's mount is gone, and the command has not said yet how it ends. */
START_TEST(in_a_mount_that_is_gone_nothing_is_open)
{
	struct control_reply reply;
	uint64_t node, fh;
	int tries = 0;

	open_again();
	fh = film(&node);
	ck_assert_int_eq(read_film(node, fh), 0);
	kernel_end(&k);
	do {
		usleep(1000);
		ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
	} while (reply.state.open_count > 0 && ++tries < 5000);
	ck_assert_uint_eq(reply.state.open_count, 0);
	session_detach(&session);
	ended(SESSION_PAUSED);
}
END_TEST

static void
assert_closed(bool for_good)
{
	heard(SESSION_CLOSED, E_OK);
	ck_assert(said.ended == for_good);
	ck_assert(said.used_s >= 0 && said.used_s < 60);
	ck_assert_int_eq(said.used_s + said.remaining_s, 4 * 3600);
	ck_assert_uint_eq(said.unread.blocks, 0);
}

START_TEST(ended_by_who_asks)
{
	const bool for_good = _i % 2 == 0, told_by_it = _i / 2 == 1;
	struct control_reply reply;
	uint64_t node, fh;

	open_again();
	told(EVENT_OPENED);
	fh = film(&node);
	ck_assert_int_eq(
	    asked(
		(enum control_op)((for_good ? CONTROL_END_FORCE : CONTROL_PAUSE_FORCE) | (told_by_it ? CONTROL_TOLD : 0)), &reply),
	    E_OK);
	assert_closed(for_good);
	(void)fh;
	ended(for_good ? 0 : SESSION_PAUSED);
	told_closed(for_good ? EVENT_ENDED : EVENT_PAUSED, told_by_it);
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_MOUNTED);
	ck_assert_int_eq(row().state, for_good ? MEMORY_CLOSED : MEMORY_OPEN);
	ck_assert_int_lt(row().used_s, UNLOCK_BEAT_S); /* no more than was used */
	look_at(x.path, station_dir_path, E_OK);
	try_code(grant.codes[1], for_good ? E_SPENT : E_OK);
	session_detach(&session);
	ended(0);
}
END_TEST

START_TEST(unmounted_and_the_command_says_how_it_ends)
{
	const bool for_good = _i == 0;

	open_again();
	told(EVENT_OPENED);
	kernel_end(&k);
	ck_assert_int_eq(session_finish(&session, for_good), 0);
	assert_closed(for_good);
	ended(for_good ? 0 : SESSION_PAUSED);
	told_closed(for_good ? EVENT_ENDED : EVENT_PAUSED, true);
	ck_assert_int_eq(row().state, for_good ? MEMORY_CLOSED : MEMORY_OPEN);
}
END_TEST

/* While the command thinks about what is to become of it others may ask, and nothing is in use any more. */
START_TEST(unmounted_it_still_hears_who_asks)
{
	const bool for_good = _i == 0;
	const struct timespec moment = {.tv_nsec = 1000000};
	struct control_reply reply;
	uint64_t node;
	enum err err;

	open_again();
	told(EVENT_OPENED);
	film(&node);
	ck_assert_int_eq(asked(CONTROL_PAUSE, &reply), E_BUSY);
	kernel_end(&k);
	while ((err = asked(for_good ? CONTROL_END : CONTROL_PAUSE, &reply)) == E_BUSY)
		nanosleep(&moment, NULL); /* it has not seen it yet */
	ck_assert_int_eq(err, E_OK);
	ck_assert_uint_eq(reply.state.open_count, 0);
	assert_closed(for_good);
	ended(for_good ? 0 : SESSION_PAUSED);
	told_closed(for_good ? EVENT_ENDED : EVENT_PAUSED, false);
	ck_assert_int_eq(row().state, for_good ? MEMORY_CLOSED : MEMORY_OPEN);
}
END_TEST

START_TEST(signals_and_a_command_that_is_gone_pause_it)
{
	static const int signals_that_stop[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

	open_again();
	told(EVENT_OPENED);
	if (_i < 4) {
		kill(session.pid, signals_that_stop[_i]);
		assert_closed(false);
	} else {
		session_detach(&session);
	}
	ended(SESSION_PAUSED);
	told_closed(EVENT_PAUSED, false);
	ck_assert_int_eq(row().state, MEMORY_OPEN);
	open_again(); /* and it goes on */
	ck_assert(said.info.resume && said.info.resume_open);
	ck_assert_uint_eq(row().resumes, 1);
	session_detach(&session);
	ended(SESSION_PAUSED);
}
END_TEST

START_TEST(what_could_not_be_read_is_told_to_all)
{
	static const uint8_t rot[64] = {0};
	struct control_reply reply;
	char name[64], hex[2 * ID_SIZE + 1];
	uint64_t node, fh;
	struct event e;

	open_again();
	told(EVENT_OPENED);
	fh = film(&node);
	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "b/%s/00000000.seg", hex);
	for (unsigned i = 0; i < 4; i++)
		fixture_patch(&x, name, i * BLOCK_SIZE + 100, rot, sizeof rot);
	ck_assert_int_eq(read_film(node, fh), -EIO);
	e = told(EVENT_UNREAD);
	ck_assert(e.unread.blocks == 1 && e.unread.files == 1);
	ck_assert_str_eq(e.unread.name, "film.bin");
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
	ck_assert_uint_eq(reply.state.unread.blocks, 1);
	ck_assert_int_eq(asked(CONTROL_PAUSE_FORCE, &reply), E_OK);
	ck_assert_uint_eq(reply.state.unread.blocks, 1);
	heard(SESSION_CLOSED, E_OK);
	ck_assert_uint_eq(said.unread.blocks, 1);
	ck_assert_str_eq(said.unread.name, "film.bin");
	ended(SESSION_PAUSED + SESSION_UNREAD);
	told_closed(EVENT_PAUSED, false);
}
END_TEST

/* ---- what happens to one that is open ------------------------------------------------------------------------------------- */

static void
wait_for(_Atomic unsigned *counter, unsigned n)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	while (*counter < n)
		nanosleep(&moment, NULL); /* until the test is ended as one that hangs */
}

START_TEST(its_time_ends_it)
{
	world->over = true;
	open_again();
	told(EVENT_OPENED);
	assert_closed(true);
	ended(0);
	told_closed(EVENT_OVER, false);
	ck_assert_int_eq(world->deadline, 4 * 3600);
	ck_assert_int_eq(row().state, MEMORY_CLOSED);
}
END_TEST

START_TEST(it_keeps_its_time_with_every_beat)
{
	world->quick = true;
	open_again();
	told(EVENT_OPENED);
	wait_for(&world->beats, 4);
	ck_assert_int_eq(world->beat_s, UNLOCK_BEAT_S);
	ck_assert_int_eq(session_finish(&session, true), 0);
	assert_closed(true);
	ended(0);
}
END_TEST

START_TEST(a_stick_that_stays_away_is_given_up)
{
	world->quick = true;
	world->away = REPLUG_AWAY_S - 1;
	open_again();
	told(EVENT_OPENED);
	wait_for(&world->beats, 3);
	ck_assert_int_eq(kill(session.pid, 0), 0);
	world->away = REPLUG_AWAY_S;
	assert_closed(false);
	ended(SESSION_PAUSED);
	told_closed(EVENT_LEFT, false);
	ck_assert_int_eq(row().state, MEMORY_OPEN);
}
END_TEST

/* ---- without a code --------------------------------------------------------------------------------------------------------- */

static struct unlock_key
key_of_issuer(void)
{
	struct unlock_key key;

	memcpy(key.grant_id, grant.g.id, ID_SIZE);
	memcpy(key.ck, x.ck, KEY_SIZE);
	return key;
}

/* Whatever would pause a session that has a code ends it; and no trace is left of it. */
START_TEST(a_key_opens_a_session_that_is_never_paused)
{
	struct unlock_key key = key_of_issuer(), wrong = key;
	uint8_t before[HASH_SIZE], after[HASH_SIZE];
	struct memory_use kept = {0};
	struct station *s = NULL;

	wrong.ck[0] ^= 1;
	fixture_digest(&x, before);
	world->quick = true;
	look_at(x.path, station_dir_path, E_OK);
	ck_assert_int_eq(session_key(&session, &wrong), 0);
	heard(SESSION_TRIED, E_BUNDLE);
	ck_assert_int_eq(session_key(&session, &key), 0);
	heard(SESSION_TRIED, E_OK);
	ck_assert(said.info.by_key);
	kernel_init(&k);
	ck_assert_int_eq(session_confirm(&session), 0);
	heard(SESSION_OPENED, E_OK);
	ck_assert_int_eq(kernel_hear(&k), 0);
	ck_assert(told(EVENT_OPENED).by_key);
	wait_for(&world->beats, 2);
	if (_i == 0)
		kill(session.pid, SIGTERM);
	else if (_i == 1)
		world->away = REPLUG_AWAY_S;
	else
		ck_assert_int_eq(session_finish(&session, false), 0);
	assert_closed(true);
	ended(0);
	told_closed(EVENT_ENDED, _i == 2);
	fixture_digest(&x, after);
	ck_assert_mem_eq(before, after, HASH_SIZE);
	ck_assert_int_eq(station_open(&s, station_dir_path, STATION_READ, NULL), E_OK);
	ck_assert_int_eq(memory_use(station_memory(s), grant.g.hash, UNLOCK_NO_SLOT, &kept, NULL), E_OK);
	ck_assert_int_eq(kept.state, MEMORY_NONE);
	station_close(&s);
}
END_TEST

/* Where no descriptor is left for who asks, it is not asked without end who that is; and with the next beat it is heard again. */
START_TEST(who_cannot_be_let_in_is_asked_again_later)
{
	static const int none_left[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS};
	struct control_reply reply;
	unsigned once;

	world->quick = true;
	world->deaf = none_left[_i];
	open_again();
	told(EVENT_OPENED);
	if (fork() == 0) {
		(void)asked(CONTROL_STATUS, &reply);
		_exit(0);
	}
	wait_for(&world->asked, 3);
	once = world->asked;
	wait_for(&world->beats, world->beats + 3);
	ck_assert_uint_le(world->asked - once, world->beats);
	world->deaf = 0;
	ck_assert_int_eq(asked(CONTROL_END_FORCE, &reply), E_OK);
	assert_closed(true);
	ended(0);
}
END_TEST

START_TEST(without_a_beat_it_is_not_asked_again)
{
	struct control_reply reply;
	pid_t pid;

	world->deaf = EMFILE;
	open_again();
	told(EVENT_OPENED);
	if ((pid = fork()) == 0) {
		(void)asked(CONTROL_STATUS, &reply);
		_exit(0);
	}
	wait_for(&world->asked, 1);
	kernel_end(&k); /* it goes round once more for that */
	ck_assert_int_eq(session_finish(&session, true), 0);
	assert_closed(true);
	ended(0);
	ck_assert_uint_eq(world->asked, 1);
	waitpid(pid, NULL, 0);
}
END_TEST

/* Whoever asks what is no question ends nothing. */
START_TEST(who_says_nothing_ends_nothing)
{
	struct control_reply reply;

	open_again();
	told(EVENT_OPENED);
	world->deaf = ECONNABORTED;
	if (fork() == 0) {
		(void)asked(CONTROL_STATUS, &reply);
		_exit(0);
	}
	wait_for(&world->asked, 5); /* it is asked again at once */
	world->deaf = 0;
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
	ck_assert_int_eq(asked(CONTROL_END_FORCE, &reply), E_OK);
	assert_closed(true);
	ended(0);
}
END_TEST

START_TEST(what_cannot_be_kept_at_the_end_is_named)
{
	static const char *const steps[] = {"close", "used", "close"};
	struct control_reply reply;

	world->over = _i == 2;
	world->lost = E_STATION;
	open_again();
	told(EVENT_OPENED);
	if (_i < 2) {
		ck_assert_int_eq(asked(_i == 0 ? CONTROL_END_FORCE : CONTROL_PAUSE_FORCE, &reply), E_STATION);
		ck_assert_int_eq(reply.fault.why, WHY_ENDED);
		ck_assert_str_eq(reply.fault.step, steps[_i]);
		ck_assert_str_eq(reply.fault.object, station_dir_path);
		heard(SESSION_CLOSED, E_OK); /* who asked was told */
	} else {
		heard(SESSION_CLOSED, E_STATION);
		ck_assert_int_eq(said.fault.why, WHY_ENDED);
		ck_assert_str_eq(said.fault.step, steps[_i]);
		ck_assert_str_eq(said.fault.object, station_dir_path);
	}
	ended(_i == 1 ? SESSION_PAUSED : 0);
	told_closed(_i == 0 ? EVENT_ENDED : _i == 1 ? EVENT_PAUSED : EVENT_OVER, false);
}
END_TEST

/* ---- what it is, and what it keeps ---------------------------------------------------------------------------------------- */

static unsigned long long
status_of(const char *name, int base)
{
	char path[64], line[256];
	unsigned long long value = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)session.pid);
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, base);
	fclose(f);
	return value;
}

static unsigned
flags_of(const char *fd)
{
	char path[300], line[256];
	unsigned flags = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%s", (int)session.pid, fd);
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	fclose(f);
	return flags;
}

static void
assert_descriptors(void)
{
	char path[300], target[256];
	unsigned n = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)session.pid);
	if ((d = opendir(path)) == NULL)
		return; /* this user may not look into it */
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)session.pid, e->d_name);
		memset(target, 0, sizeof target);
		ck_assert_int_gt(readlink(path, target, sizeof target - 1), 0);
		if (strtol(e->d_name, NULL, 10) <= 2)
			ck_assert_str_eq(target, "/dev/null");
		else if (strcmp(e->d_name, "4") != 0) /* the minder's, which a program it starts is to keep */
			ck_assert_msg((flags_of(e->d_name) & O_CLOEXEC) != 0, "%s %s", e->d_name, target);
	}
	closedir(d);
	ck_assert_uint_le(n, 24);
}

START_TEST(it_has_nothing_of_the_command_s)
{
	const unsigned long long answered = 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGABRT - 1) |
					    1ull << (SIGCHLD - 1) | 1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1) | 3ull << 31;
	const int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC),
		  kept = dup(file); /* without O_CLOEXEC, which no exec would close */
	char path[64], target[256] = "";

	look_at(x.path, station_dir_path, E_OK);
	assert_descriptors();
	ck_assert_int_eq(getsid(session.pid), session.pid);
	ck_assert_uint_eq(status_of("SigBlk:", 16) | answered, ~0ull);
	ck_assert_uint_eq(status_of("SigBlk:", 16) & answered & ~(3ull << 31), 0);
	snprintf(path, sizeof path, "/proc/%d/cwd", (int)session.pid);
	if (readlink(path, target, sizeof target - 1) > 0)
		ck_assert_str_eq(target, "/");
	session_detach(&session);
	ended(0);
	open_again();
	assert_descriptors();
	ck_assert_uint_eq(status_of("Seccomp:", 10), 2);
	ck_assert_uint_eq(status_of("NoNewPrivs:", 10), 1);
	session_detach(&session);
	ended(SESSION_PAUSED);
	close(kept);
	close(file);
}
END_TEST

static void
begin_and_let_go(const char *stick)
{
	struct session_setup with = {.stick_path = stick, .station_dir = station_dir_path, .events = -1};
	struct session_private private = {.fd = kernel_begin(&k, SOCK_SEQPACKET), .dir = NOWHERE};
	struct fault f = {0};

	with.private = &private;
	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	ck_assert_int_eq(fcntl(session.fd, F_GETFD), FD_CLOEXEC);
	close(private.fd);
	close(k.fd);
	ck_assert_int_eq(session_next(&session, &said, NULL), 0);
	session_detach(&session);
	session_detach(&session);
	while (wait(NULL) > 0)
		;
}

/* What one player was to see must not become a folder for all. */
START_TEST(a_private_mount_that_cannot_be_had_is_not_made)
{
	const struct session_private private = {.fd = 1000000, .dir = NOWHERE};
	struct session_setup with = {.stick_path = x.path, .private = &private, .station_dir = station_dir_path, .events = -1};
	struct fault f = {0};

	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	heard(SESSION_LOOKED, E_FAIL);
	ck_assert_str_eq(said.fault.step, "session");
	k.fd = dup(0);
	ended(0);
}
END_TEST

START_TEST(nothing_of_it_stays_with_the_command)
{
	LEAKS_NOTHING(begin_and_let_go("/proc/self/nothing"));
}
END_TEST

START_TEST(no_descriptor_for_a_session)
{
	struct session_setup with = {.stick_path = x.path, .station_dir = station_dir_path, .events = -1};
	struct session_link link = {.fd = -7};
	struct rlimit few, before;
	struct fault f = {0};
	unsigned open_before = leaks_open();
	int next = dup(0);

	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t more = 0; more < 4; more++) {
		few = (struct rlimit){(rlim_t)next + more, before.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		ck_assert_int_eq(session_fork(&link, &with, &f), E_FAIL);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
		ck_assert(f.err == E_FAIL && f.sys == EMFILE && link.fd == -7);
		while (wait(NULL) > 0) /* a minder that was there already has gone */
			;
		ck_assert_uint_eq(leaks_open(), open_before);
	}
}
END_TEST

/* ---- with a mount of its own, where that can be had ------------------------------------------------------------------------- */

static char folder[PATH_MAX];

static bool
can_mount(void)
{
	int fd = -1;

	snprintf(folder, sizeof folder, "%s/folder", station_dir_path);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	if (access("/dev/fuse", R_OK | W_OK) != 0 || fusemount_attach(folder, NULL, &fd, NULL) != E_OK)
		return false;
	close(fd);
	return mountpoint_unmount(folder, true, NULL) == E_OK;
}

/* On a directory that was given, or in one that is made. */
static void
mount_one(bool given)
{
	struct session_setup with = {
	    .stick_path = x.path, .dir = given ? folder : NULL, .station_dir = station_dir_path, .source = "stick,7"};
	struct fault f = {0};
	int ev[2];

	if (!given)
		ck_assert_int_eq(setenv("HOME", folder, 1), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ev), 0);
	with.events = ev[1];
	k.fd = -1;
	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	close(ev[1]);
	desktop = ev[0];
	heard(SESSION_LOOKED, E_OK);
	try_code(grant.codes[1], E_OK);
	ck_assert(!mountpoint_is_ours(folder));
	ck_assert_int_eq(session_confirm(&session), 0);
	heard(SESSION_OPENED, E_OK);
	told(EVENT_OPENED);
}

static int
open_film(void)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof path, "%s/film.bin", said.mount_point);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void
wait_until_ended(int want)
{
	k.fd = dup(0);
	ended(want);
}

START_TEST(a_folder_is_opened_and_goes)
{
	const bool given = _i % 2 == 0, for_good = _i / 2 == 0;
	struct mountinfo_id id;
	struct control_reply reply;
	char c, wanted[PATH_MAX + 16];
	int fd;

	if (!can_mount())
		return;
	mount_one(given);
	snprintf(wanted, sizeof wanted, "%s%s", folder, given ? "" : "/Lecture");
	ck_assert_str_eq(said.mount_point, wanted);
	ck_assert(mountpoint_is_ours(wanted));
	ck_assert_int_eq(session_next(&session, &(struct session_message){0}, NULL), -1); /* it is on its own now */
	ck_assert_int_ge(fd = open_film(), 0);
	ck_assert_int_eq(read(fd, &c, 1), 1);
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
	ck_assert_uint_eq(reply.state.open_count, 1);
	ck_assert(!reply.state.private && reply.state.made == !given);
	ck_assert_str_eq(reply.state.mount_point, wanted);
	ck_assert(mountinfo_identify(wanted, &id) != 0 || mountinfo_same(&id, &reply.state.mount));
	ck_assert_int_eq(asked(for_good ? CONTROL_END : CONTROL_PAUSE, &reply), E_BUSY);
	ck_assert_int_eq(reply.fault.err, E_BUSY);
	ck_assert_str_eq(reply.fault.object, wanted);
	ck_assert_int_eq(read(fd, &c, 1), 1);
	close(fd);
	ck_assert_int_eq(asked(for_good ? CONTROL_END : CONTROL_PAUSE, &reply), E_OK);
	ck_assert(!mountpoint_is_ours(wanted));
	ck_assert_int_eq(access(wanted, F_OK), given ? 0 : -1);
	wait_until_ended(for_good ? 0 : SESSION_PAUSED);
	told_closed(for_good ? EVENT_ENDED : EVENT_PAUSED, false);
	ck_assert_int_eq(row().state, for_good ? MEMORY_CLOSED : MEMORY_OPEN);
}
END_TEST

/* With force it goes although it is in use, and nothing can be read any more. */
START_TEST(a_folder_in_use_goes_by_force)
{
	struct control_reply reply;
	char c;
	int fd;

	if (!can_mount())
		return;
	mount_one(true);
	ck_assert_int_ge(fd = open_film(), 0);
	ck_assert_int_eq(asked(CONTROL_END_FORCE, &reply), E_OK);
	ck_assert(!mountpoint_is_ours(folder));
	ck_assert_int_lt(read(fd, &c, 1), 0);
	wait_until_ended(0);
	told_closed(EVENT_ENDED, false);
	close(fd);
}
END_TEST

START_TEST(who_unmounts_the_folder_pauses_it)
{
	if (!can_mount())
		return;
	mount_one(true);
	ck_assert_int_eq(mountpoint_unmount(folder, false, NULL), E_OK);
	wait_until_ended(SESSION_PAUSED);
	told_closed(EVENT_PAUSED, false);
	ck_assert_int_eq(row().state, MEMORY_OPEN);
}
END_TEST

START_TEST(a_folder_s_time_ends)
{
	if (!can_mount())
		return;
	world->over = true;
	mount_one(false);
	wait_until_ended(0);
	told_closed(EVENT_OVER, false);
	ck_assert(!mountpoint_is_ours(said.mount_point));
	ck_assert_int_ne(access(said.mount_point, F_OK), 0);
}
END_TEST

START_TEST(a_directory_that_will_not_do_costs_nothing)
{
	struct session_setup with = {.stick_path = x.path, .dir = folder, .station_dir = station_dir_path, .events = -1};
	struct fault f = {0};
	char file[PATH_MAX + 8];
	int fd;

	if (!can_mount())
		return;
	snprintf(file, sizeof file, "%s/file", folder);
	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	heard(SESSION_LOOKED, E_OK);
	try_code(grant.codes[1], E_OK);
	ck_assert_int_ge(fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 0); /* somebody was quicker */
	close(fd);
	ck_assert_int_eq(session_confirm(&session), 0);
	heard(SESSION_OPENED, E_FUSE);
	ck_assert_str_eq(said.fault.step, "not empty");
	wait_until_ended(0);
	ck_assert_int_eq(row().state, MEMORY_NONE);
	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	heard(SESSION_LOOKED, E_FUSE);
	ck_assert_str_eq(said.fault.step, "not empty");
	wait_until_ended(0);
	with.dir = NULL;
	ck_assert_int_eq(setenv("HOME", "/nowhere", 1), 0);
	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	heard(SESSION_LOOKED, E_FUSE);
	ck_assert_str_eq(said.fault.step, "home");
	wait_until_ended(0);
}
END_TEST

START_TEST(a_minder_that_has_died_costs_nothing)
{
	struct session_setup with = {.stick_path = x.path, .dir = folder, .station_dir = station_dir_path, .events = -1};
	struct control_reply reply;
	struct fault f = {0};

	if (!can_mount())
		return;
	world->watch = EPIPE;
	ck_assert_int_eq(session_fork(&session, &with, &f), E_OK);
	heard(SESSION_LOOKED, E_OK);
	try_code(grant.codes[1], E_OK);
	ck_assert_int_eq(session_confirm(&session), 0);
	heard(SESSION_OPENED, E_FAIL);
	ck_assert_str_eq(said.fault.step, "minder");
	ck_assert_str_eq(said.fault.object, folder);
	ck_assert(!mountpoint_is_ours(folder));
	wait_until_ended(0);
	ck_assert_int_eq(row().state, MEMORY_NONE);
	ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_MOUNTED);
}
END_TEST

static struct station_holder left_by;

static bool
note_left(void *arg, const struct station_holder *h, int64_t since)
{
	(void)arg;
	(void)since;
	left_by = *h;
	return false;
}

static bool
is_left(void)
{
	char name[STATION_LOCK_NAME];
	struct station *s = NULL;

	memset(&left_by, 0, sizeof left_by);
	station_lock_name(name, grant.g.hash, 1);
	ck_assert_int_eq(station_open(&s, station_dir_path, STATION_READ, NULL), E_OK);
	station_left(station_session_dir(s), name, note_left, NULL);
	station_close(&s);
	return left_by.mountpoint[0] != 0;
}

/* What keeps a mount for good is no reason to keep the session: it is left to whoever comes next, who is told where it is. */
START_TEST(what_cannot_be_unmounted)
{
	static const struct {
		int err, sys;
		bool goes_on;
	} all[] = {{E_BUSY, EBUSY, true}, {E_FUSE, 0, true}, {E_FUSE, EINVAL, false}, {E_FAIL, EPIPE, false}};
	struct control_reply reply;

	if (!can_mount())
		return;
	mount_one(true);
	world->unmount = all[_i].err;
	world->unmount_sys = all[_i].sys;
	ck_assert_int_eq(asked(CONTROL_END, &reply), all[_i].goes_on ? (enum err)all[_i].err : E_OK);
	ck_assert_uint_eq(world->unmounts, all[_i].goes_on ? 1 : 102); /* asked nicely; then once more, then lazily */
	if (all[_i].goes_on) {
		ck_assert_int_eq(reply.fault.sys, all[_i].sys);
		ck_assert_int_eq(asked(CONTROL_STATUS, &reply), E_OK);
		world->unmounts = 0;
		ck_assert_int_eq(asked(CONTROL_END_FORCE, &reply), E_OK);
		ck_assert_uint_eq(world->unmounts, 101);
	}
	wait_until_ended(0);
	told_closed(EVENT_ENDED, false);
	ck_assert(is_left());
	ck_assert_str_eq(left_by.mountpoint, folder);
	ck_assert(!left_by.made && !left_by.ending);
	ck_assert_int_eq(row().state, MEMORY_CLOSED);
}
END_TEST

START_TEST(what_was_taken_away_is_not_left_to_anybody)
{
	struct control_reply reply;

	if (!can_mount())
		return;
	mount_one(true);
	ck_assert_int_eq(asked(CONTROL_PAUSE, &reply), E_OK);
	wait_until_ended(SESSION_PAUSED);
	ck_assert(!is_left());
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("waiting"), *u = tcase_create("whole");

	tcase_add_test(t, silence_ends_when_it_is_given_up);
	tcase_add_test(t, what_was_given_up_is_not_waited_for);
	tcase_add_test(t, a_spend_is_waited_for_whatever_comes);
	tcase_add_test(t, what_it_has_said_is_heard_although_it_did_not_listen);
	tcase_add_test(t, a_session_that_died_is_no_report);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(u, setup, teardown);
	tcase_set_timeout(u, 60);
	tcase_add_test(u, what_is_found_is_reported);
	tcase_add_loop_test(u, what_cannot_begin_says_why_and_ends, 0, 3);
	tcase_add_test(u, nothing_opens_before_a_code_is_proved);
	tcase_add_test(u, stick_and_code_are_free_when_it_was_dismissed);
	tcase_add_test(u, time_is_charged_before_the_folder_opens);
	tcase_add_test(u, a_session_says_how_it_is);
	tcase_add_test(u, how_long_the_stick_is_away_is_said);
	tcase_add_test(u, in_a_mount_that_is_gone_nothing_is_open);
	tcase_add_loop_test(u, ended_by_who_asks, 0, 4);
	tcase_add_loop_test(u, unmounted_and_the_command_says_how_it_ends, 0, 2);
	tcase_add_loop_test(u, unmounted_it_still_hears_who_asks, 0, 2);
	tcase_add_loop_test(u, signals_and_a_command_that_is_gone_pause_it, 0, 5);
	tcase_add_test(u, what_could_not_be_read_is_told_to_all);
	tcase_add_test(u, its_time_ends_it);
	tcase_add_test(u, it_keeps_its_time_with_every_beat);
	tcase_add_loop_test(u, a_key_opens_a_session_that_is_never_paused, 0, 3);
	tcase_add_test(u, a_stick_that_stays_away_is_given_up);
	tcase_add_loop_test(u, who_cannot_be_let_in_is_asked_again_later, 0, 4);
	tcase_add_test(u, without_a_beat_it_is_not_asked_again);
	tcase_add_test(u, who_says_nothing_ends_nothing);
	tcase_add_loop_test(u, what_cannot_be_kept_at_the_end_is_named, 0, 3);
	tcase_add_test(u, it_has_nothing_of_the_command_s);
	tcase_add_test(u, a_private_mount_that_cannot_be_had_is_not_made);
	tcase_add_test(u, nothing_of_it_stays_with_the_command);
	tcase_add_test(u, no_descriptor_for_a_session);
	tcase_add_loop_test(u, a_folder_is_opened_and_goes, 0, 4);
	tcase_add_test(u, a_folder_in_use_goes_by_force);
	tcase_add_test(u, who_unmounts_the_folder_pauses_it);
	tcase_add_test(u, a_folder_s_time_ends);
	tcase_add_test(u, a_directory_that_will_not_do_costs_nothing);
	tcase_add_test(u, a_minder_that_has_died_costs_nothing);
	tcase_add_loop_test(u, what_cannot_be_unmounted, 0, 4);
	tcase_add_test(u, what_was_taken_away_is_not_left_to_anybody);
	suite_add_tcase(s, u);
	return suite_run(s);
}
