/*
 * session_run.c - the process of a session: one state, and for whatever comes a handler that says which is next.
 *
 *   state     what comes                           what is done and said                                    next
 *
 *   (start)   -                                    LOOKED; or why there is nothing to open                  ASKING; GONE
 *   ASKING,   a code, or a key in place of one     TRIED; or what is wrong with it                          PROVED; ASKING
 *   PROVED    a signal, or the command is gone     -                                                        GONE
 *   ASKING    confirm                              as a code that is wrong                                  ASKING
 *   PROVED    confirm                              mount, spend, fence: OPENED, and the desktop is told     OPEN
 *             ... which fails                      what was begun is taken back; OPENED says why            GONE
 *   OPEN,     the deadline                         closed for good (*)                                      OVER
 *   UNSEEN    a signal                             closed (*)                                               PAUSED
 *             the command says end                 closed for good (*)                                      ENDED
 *             it says pause, or is gone            closed (*)                                               PAUSED
 *             asked for the status                 answered                                                 the same
 *             asked to end or to pause             closed (*); answered when stick and code are free        ENDED; PAUSED
 *             ... without force, and in use        answered: E_BUSY, or why it cannot be unmounted          the same
 *             a beat                               the time used is kept                                    the same
 *             ... the stick is away too long       closed (*)                                               LEFT
 *             mounts come or go                    the stick is looked for                                  the same
 *   OPEN      the mount is gone, not private       closed (*)                                               PAUSED
 *             the mount is gone, private           nothing is served any more; the command has the word     UNSEEN
 *
 * (*) Files stop answering, the mount goes, by force if it must, keys are wiped, the time used is kept, the control socket goes. In
 * ENDED, OVER, PAUSED and LEFT stick and station are let go of; a private session's command is told CLOSED, the desktop
 * EVENT_CLOSED; and the process ends. What would pause a session without a code ends it. In GONE it ends without a word. If several
 * things come at once, next_state has their order.
 */
#include "session_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "control.h"
#include "event.h"
#include "fence.h"
#include "filestat.h"
#include "fusefs.h"
#include "kdf.h"
#include "minder.h"
#include "mountinfo.h"
#include "replug.h"
#include "session_process.h"
#include "station.h"
#include "stick.h"
#include "trial.h"
#include "usb.h"

/* What a program has just closed stays open for a moment, until the kernel reports it. */
#define IDLE_TRIES 50
#define IDLE_WAIT_NS 20000000L

enum session_state {
	/* nothing is spent */
	STATE_ASKING,                   /* for a code */
	STATE_PROVED,                   /* the newest code is right; the command may confirm */
	/* open */
	STATE_OPEN,
	STATE_UNSEEN,                   /* a private mount is gone; its command decides about the session */
	/* it is over: the process ends */
	STATE_GONE,                     /* it was never open; or it cannot even wait, and the minder does what is to be done */
	STATE_ENDED,                    /* for good, because somebody asked for it */
	STATE_OVER,                     /* for good, by the deadline */
	STATE_PAUSED,                   /* the same code continues here */
	STATE_LEFT                      /* ... because the stick stayed away */
};

/* How an open session ends. */
static const struct end {
	enum event_how how;             /* 0: it was not open */
	bool for_good;
} ends[] = {
    [STATE_ENDED] = {EVENT_ENDED, true},
    [STATE_OVER] = {EVENT_OVER, true},
    [STATE_PAUSED] = {EVENT_PAUSED, false},
    [STATE_LEFT] = {EVENT_LEFT, false},
};

/* The stick while it is in, and how it comes back. */
struct run_stick {
	int fd;
	struct usb_dir usb;             /* the device behind fd */
	struct replug *replug;
};

/* What the lecture is seen through. */
struct run_mount {
	struct fusefs *fs;
	struct fusefs *served;          /* the same, for the threads that serve it, which may outlive it here */
	char point[MOUNTPOINT_MAX];
	struct mountinfo_id id;         /* what is mounted there; unknown for a private one */
	bool stays;                     /* it could not be taken away: something is mounted over it, or the minder is gone */
};

/* Where others ask. */
struct run_control {
	int fd;
	int heard;                      /* fd; -1 until the next beat: who asks cannot be let in, and asking would not stop */
	char name[STATION_LOCK_NAME];
};

struct run_time {
	struct clock_source clock;
	int64_t opened_boot;            /* clock.boot when the mount began to answer */
	int64_t used_before;            /* seconds used before that */
};

/* What there is to say at the end. */
struct run_end {
	struct unread unread;           /* when the mount was over */
	struct fault why;               /* what could not be stored, if nobody has been told yet */
	bool told;                      /* whoever asked for the end tells the person */
};

struct run {
	enum session_state state;
	const struct session_setup *setup;
	struct session_process fd;      /* -1: closed; the private mount's once it is served */
	struct run_stick stick;
	struct station *station;
	struct unlock *unlock;
	struct unlock_info info;
	struct fence_filter *calls;     /* the calls that an open session may make */
	struct run_mount mount;
	struct run_control control;
	struct run_time time;
	struct run_end end;
};

/* Whether somebody else made the mount. The command of such a session stays, and has the last word. */
static bool
is_private(const struct run *r)
{
	return r->setup->private != NULL;
}

/* ---- leave ---------------------------------------------------------------------------------------------------------------- */

/* Wipe, and let go of the stick and the station: afterwards nothing in this process is in anybody's way. */
static void
release(struct run *r)
{
	fusefs_free(&r->mount.fs);
	replug_free(&r->stick.replug);
	if (r->mount.stays)
		station_leave(r->station);
	r->mount.stays = false; /* all of this may be done twice */
	unlock_free(&r->unlock);
	station_close(&r->station);
	fence_filter_free(&r->calls);
	if (r->stick.fd >= 0)
		close(r->stick.fd);
	r->stick.fd = -1;
}

static int64_t
used_now(const struct run *r)
{
	return r->time.used_before + r->time.clock.boot(r->time.clock.arg) - r->time.opened_boot;
}

static int
report(struct run *r, enum session_step step, enum err err, const struct fault *f)
{
	struct session_message msg = {.step = step, .err = err, .fault = *f, .info = r->info};

	memcpy(msg.mount_point, r->mount.point, sizeof msg.mount_point);
	if (step == SESSION_CLOSED) {
		msg.ended = ends[r->state].for_good;
		msg.used_s = used_now(r);
		msg.remaining_s = (int64_t)r->info.session_s - msg.used_s;
		msg.unread = r->end.unread;
	}
	return send(r->fd.front, &msg, sizeof msg, MSG_NOSIGNAL) == sizeof msg ? 0 : -1;
}

static _Noreturn void
leave(struct run *r)
{
	const struct end *end = &ends[r->state];
	const struct event closed = {.kind = EVENT_CLOSED, .how = end->how, .told = r->end.told};
	const int status = (end->how != 0 && !end->for_good ? SESSION_PAUSED : 0) + (r->end.unread.blocks > 0 ? SESSION_UNREAD : 0);

	release(r); /* before it is said that the stick may be pulled and the code typed again */
	if (end->how != 0) {
		if (is_private(r))
			report(r, SESSION_CLOSED, r->end.why.err, &r->end.why);
		event_send(r->fd.events, &closed);
	}
	_exit(status); /* do not wait for threads that a lazily unmounted, busy file system keeps alive */
}

/* ---- look ----------------------------------------------------------------------------------------------------------------- */

static enum err
find_stick(struct run *r, struct fault *f)
{
	struct stick *s = NULL;
	enum err err;

	if ((r->stick.fd = open(r->setup->stick_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fault_set(f, E_NO_STICK, errno, "open", "%s", r->setup->stick_path);
	err = stick_open(&s, r->stick.fd, f); /* whether it is one comes before whether this PC can remember */
	stick_close(&s);
	return err;
}

/* Check everything that would make a later step fail and can be known now. */
static enum err
check_machine(struct run *r, struct fault *f)
{
	enum err err;

	if (!kdf_stretch_possible())
		return fault_set(f, E_MEMORY, 0, "Argon2id", "code");
	if ((r->calls = fence_filter_new(FENCE_SESSION)) == NULL)
		return fault_set(f, E_FAIL, errno, "system call filter", "session");
	if (is_private(r))
		return E_OK;
	if ((err = fusefs_possible(f)) != E_OK)
		return err;
	return r->setup->dir != NULL ? mountpoint_check(r->setup->dir, f) : mountpoint_home(f);
}

static struct trial
trial_of(const struct run *r)
{
	return (struct trial){{r->setup->stick_path, r->stick.fd, r->setup->station_dir, r->info.by_key}, r->calls};
}

static enum err
look(struct run *r, struct fault *f)
{
	struct unlock_env env = {.clock = r->time.clock};
	struct trial trial;
	enum err err;

	if ((err = find_stick(r, f)) != E_OK || (err = station_open(&r->station, r->setup->station_dir, STATION_WRITE, f)) != E_OK)
		return err;
	env.memory = station_memory(r->station);
	r->stick.usb = (struct usb_dir){USB_SYSFS, r->stick.fd};
	env.factors = (struct unlock_factors){.usb = usb_dir_factor, .arg = &r->stick.usb};
	if ((err = unlock_close_overdue(&env, f)) != E_OK ||
	    (err = unlock_look(&r->unlock, r->stick.fd, &env, &r->info, f)) != E_OK)
		return err;
	if ((err = check_machine(r, f)) != E_OK)
		return err;
	trial = trial_of(r);
	return trial_run(&trial, f);
}

/* ---- open ----------------------------------------------------------------------------------------------------------------- */

/* Whether the mount point was made for the session. */
static bool
is_made(const struct run *r)
{
	return r->setup->dir == NULL && !is_private(r);
}

/* What to tell others who find the slot locked, or the mount without its session. */
static void
describe_lock(const struct run *r, bool ending)
{
	struct station_holder h = {.mount = r->mount.id, .made = is_made(r), .ending = ending};

	memcpy(h.mountpoint, r->mount.point, sizeof h.mountpoint);
	station_describe(r->station, &h);
}

static enum err
adopt_mount(struct run *r, struct fault *f)
{
	char name[NAME_MAX - 8];
	int fd = r->fd.private;

	mountpoint_name(r->info.label, name, sizeof name);
	snprintf(r->mount.point, sizeof r->mount.point, "%s/%s", r->setup->private->dir, name);
	describe_lock(r, false);
	r->fd.private = -1;
	return fusefs_adopt(&r->mount.fs, unlock_bundle(r->unlock), fd, f);
}

static enum err
make_mount(struct run *r, struct fault *f)
{
	const char *dir = r->setup->dir;
	enum err err;

	if (is_private(r))
		return adopt_mount(r, f);
	if (dir == NULL) {
		if ((err = minder_make(r->fd.minder, r->info.label, r->mount.point, f)) != E_OK)
			return err;
	} else {
		if ((err = mountpoint_check(dir, f)) != E_OK)
			return err;
		strncpy(r->mount.point, dir, sizeof r->mount.point - 1);
		if (minder_watch(r->fd.minder, r->mount.point) != 0)
			return fault_set(f, E_FAIL, EPIPE, "minder", "%s", r->mount.point);
	}
	describe_lock(r, false);
	if ((err = fusefs_mount(&r->mount.fs, unlock_bundle(r->unlock), r->mount.point, r->setup->source, f)) != E_OK)
		return err;
	if (mountinfo_identify(r->mount.point, &r->mount.id) == 0)
		minder_mounted(r->fd.minder); /* if the kernel cannot tell mounts apart, the path has to do */
	describe_lock(r, false);
	return E_OK;
}

static void
arm(int timer, int64_t first_s, int64_t every_s)
{
	struct itimerspec when = {
	    .it_value.tv_sec = filestat_second(first_s > 0 ? first_s : 1), .it_interval.tv_sec = filestat_second(every_s)};

	timerfd_settime(timer, 0, &when, NULL);
}

static void
start_clocks(struct run *r)
{
	r->time.opened_boot = r->time.clock.boot(r->time.clock.arg);
	r->time.used_before = (int64_t)r->info.session_s - r->info.remaining_s;
	arm(r->fd.deadline, r->info.remaining_s, 0);
	arm(r->fd.beat, UNLOCK_BEAT_S, UNLOCK_BEAT_S);
}

static void
tell_opened(const struct run *r)
{
	struct event e = {
	    .kind = EVENT_OPENED, .by_key = r->info.by_key, .deadline = r->time.opened_boot + r->info.remaining_s};

	memcpy(e.label, r->info.label, sizeof e.label);
	event_send(r->fd.events, &e);
}

static void
tell_away(void *arg, bool away)
{
	const struct event e = {.kind = away ? EVENT_STICK_OUT : EVENT_STICK_BACK};

	event_send(((const struct run *)arg)->fd.events, &e);
}

static void
tell_unread(void *arg)
{
	const struct run *r = arg;
	struct event e = {.kind = EVENT_UNREAD};

	fusefs_unread(r->mount.served, &e.unread);
	event_send(r->fd.events, &e);
}

static bool
is_silenced(void *arg)
{
	return fusefs_silenced(((const struct run *)arg)->mount.served);
}

static bool
await_stick(void *arg)
{
	struct run *r = arg;

	return replug_wait(r->stick.replug, is_silenced, r);
}

/* Step 15, S1 to S6. trial_run has tried everything from session_process_fence on. */
static enum err
open_session(struct run *r, struct fault *f)
{
	const struct trial trial = trial_of(r);
	enum err err;

	station_lock_name(r->control.name, unlock_grant_hash(r->unlock), r->info.slot);
	if ((r->control.heard = r->control.fd = control_listen(station_session_dir(r->station), r->control.name)) < 0)
		return fault_set(f, E_STATION, errno, "control socket", "%s", r->setup->station_dir);
	if ((err = make_mount(r, f)) != E_OK)
		return err;
	if ((err = unlock_spend(r->unlock, &r->info, f)) != E_OK)
		return err;
	start_clocks(r);
	unlock_carry_notice(r->unlock);
	if ((r->stick.replug = replug_new(r->unlock, r->setup->stick_path, r->time.clock)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "session");
	replug_on_change(r->stick.replug, tell_away, r);
	r->mount.served = r->mount.fs;
	fusefs_on_failure(r->mount.fs, await_stick, r);
	fusefs_on_unread(r->mount.fs, tell_unread, r);
	if (r->setup->page_cache)
		fusefs_page_cache(r->mount.fs);
	session_process_fence(&trial.files); /* before there are threads, which it would not cover */
	if ((err = fusefs_start(r->mount.fs, r->fd.ended, f)) != E_OK)
		return err;
	fence_calls(trial.calls); /* a kernel without seccomp leaves calls as they are */
	return E_OK;
}

/* ---- close ---------------------------------------------------------------------------------------------------------------- */

static void
describe(struct run *r, struct control_state *s)
{
	*s = (struct control_state){.pid = getpid(), .slot = r->info.slot, .opened_at = r->info.opened_at, .used_s = used_now(r)};
	s->remaining_s = (int64_t)r->info.session_s - s->used_s;
	s->away_s = replug_look(r->stick.replug);
	s->stick_device = replug_device(r->stick.replug);
	if (r->mount.fs != NULL) {
		s->open_count = fusefs_open_count(r->mount.fs);
		fusefs_unread(r->mount.fs, &s->unread);
	}
	s->mount = r->mount.id;
	s->made = is_made(r);
	s->private = is_private(r);
	s->by_key = r->info.by_key;
	memcpy(s->mount_point, r->mount.point, sizeof s->mount_point);
	strncpy(s->stick_path, r->setup->stick_path, sizeof s->stick_path - 1);
	memcpy(s->label, r->info.label, sizeof s->label);
	memcpy(s->stick_id, r->info.stick_id, ID_SIZE);
	memcpy(s->issuer, r->info.issuer, KEY_SIZE);
	memcpy(s->grant_id, r->info.grant_id, ID_SIZE);
}

/*
 * Files stop answering, then the mount goes, lazily if something holds on to it. A private mount goes with its namespace. One that
 * cannot go is left to whoever comes next, by the lock. The minder unmounts; this process, behind its fence, could not. If
 * somebody has killed the minder, whoever asked for the end unmounts.
 */
static void
unmount_by_force(struct run *r)
{
	if (r->mount.fs != NULL)
		fusefs_silence(r->mount.fs);
	r->mount.stays = minder_unmount(r->fd.minder, false, NULL) != E_OK && minder_unmount(r->fd.minder, true, NULL) != E_OK;
	if (r->mount.stays)
		describe_lock(r, false);
}

/*
 * Whether a program is using files, including through another path to the same mount, which the kernel does not count when it
 * unmounts.
 */
static bool
is_in_use(const struct run *r)
{
	const struct timespec moment = {.tv_nsec = IDLE_WAIT_NS};

	for (int i = 0; i < IDLE_TRIES; i++) {
		if (r->mount.fs == NULL || fusefs_open_count(r->mount.fs) == 0)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* From now on nothing of the lecture can be had. */
static void
shut(struct run *r)
{
	if (r->mount.fs != NULL)
		fusefs_unread(r->mount.fs, &r->end.unread);
	bundle_lock(unlock_bundle(r->unlock));
	fusefs_free(&r->mount.fs);
}

/*
 * Take the mount away if that needs no force. E_BUSY if a file is open, E_FUSE if fusermount3 gives a reason. Anything else that
 * keeps the mount is no reason to continue: it is silenced, and whoever comes next clears it away.
 */
static enum err
let_go(struct run *r, struct fault *f)
{
	struct fault why = {0};

	if (is_private(r) ? r->state != STATE_UNSEEN : is_in_use(r))
		return fault_set(f, E_BUSY, EBUSY, "unmount", "%s", r->mount.point);
	if (is_private(r) || minder_unmount(r->fd.minder, false, &why) == E_OK || (why.err != E_BUSY && why.sys != 0))
		return E_OK;
	return fault_pass(f, &why);
}

/* Remove the mount, whatever keeps it; for good, the code is finished, too. Return end. */
static enum session_state
finish(struct run *r, enum session_state end, struct fault *f)
{
	struct fault own = {0};
	int64_t used;

	if (r->info.by_key && !ends[end].for_good)
		end = STATE_ENDED;
	describe_lock(r, true); /* so that nobody who types the code again now hears that it is in use */
	unmount_by_force(r);
	used = used_now(r);
	shut(r);
	if (ends[end].for_good)
		unlock_end(r->unlock, used, &own);
	else
		unlock_used(r->unlock, used, &own);
	control_remove(station_session_dir(r->station), r->control.name);
	if (own.err == E_STATION)
		own.why = WHY_ENDED;
	fault_pass(f, &own);
	return end;
}

/* ---- what comes before it is open ------------------------------------------------------------------------------------------- */

static enum session_state
tried(struct run *r, const struct session_request *q)
{
	struct fault f = {0};
	enum err err = q->op == SESSION_KEY ? unlock_try_key(r->unlock, &q->key, &r->info, &f) :
	    unlock_try(r->unlock, q->code, &r->info, &f);

	if (report(r, SESSION_TRIED, err, &f) != 0)
		return STATE_GONE;
	return err == E_OK ? STATE_PROVED : STATE_ASKING;
}

static enum session_state
confirmed(struct run *r)
{
	struct fault f = {0};
	enum err err = open_session(r, &f);

	if (err != E_OK) {
		if (r->mount.point[0] != '\0')
			(void)minder_unmount(r->fd.minder, true, NULL);
		if (r->control.fd >= 0)
			control_remove(station_session_dir(r->station), r->control.name);
		report(r, SESSION_OPENED, err, &f);
		return STATE_GONE;
	}
	report(r, SESSION_OPENED, E_OK, &f);
	tell_opened(r);
	if (!is_private(r)) {
		close(r->fd.front);
		r->fd.front = -1;
	}
	return STATE_OPEN;
}

/* Asked by the command, or the command is gone. */
static enum session_state
requested(struct run *r)
{
	enum session_state next = STATE_GONE;
	struct session_request q;

	if (recv(r->fd.front, &q, sizeof q, 0) == sizeof q)
		next = q.op == SESSION_CONFIRM && r->state == STATE_PROVED ? confirmed(r) : tried(r, &q);
	sodium_memzero(&q, sizeof q);
	return next;
}

/* ---- what comes while it is open -------------------------------------------------------------------------------------------- */

static enum session_state
time_is_up(struct run *r)
{
	return finish(r, STATE_OVER, &r->end.why);
}

/* Nobody is told about the end of a session that was not open. */
static enum session_state
stopped(struct run *r)
{
	return r->state < STATE_OPEN ? STATE_GONE : finish(r, STATE_PAUSED, &r->end.why);
}

/* The command of a private session says how it ends; or the command is gone, and nobody can say it any more. */
static enum session_state
settled(struct run *r)
{
	struct session_request q = {0};

	r->end.told = recv(r->fd.front, &q, sizeof q, 0) == sizeof q;
	return finish(r, r->end.told && q.op == SESSION_END ? STATE_ENDED : STATE_PAUSED, &r->end.why);
}

static enum session_state
unmounted(struct run *r)
{
	uint64_t one;

	if (!is_private(r))
		return finish(r, STATE_PAUSED, &r->end.why);
	(void)!read(r->fd.ended, &one, sizeof one); /* this comes once */
	shut(r);
	return STATE_UNSEEN;
}

static enum session_state
asked_to_stop(struct run *r, enum control_op op, struct fault *f)
{
	const bool force = op == CONTROL_END_FORCE || op == CONTROL_PAUSE_FORCE;

	if (!force && let_go(r, f) != E_OK)
		return r->state;
	return finish(r, op == CONTROL_END || op == CONTROL_END_FORCE ? STATE_ENDED : STATE_PAUSED, f);
}

/* Asked by `status` or `unmount`. */
static enum session_state
asked(struct run *r)
{
	enum session_state next = r->state;
	struct control_reply reply = {0};
	enum control_op op;
	bool told;
	int conn;

	if ((conn = control_accept(r->control.fd, &op, &told)) < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			r->control.heard = -1;
		return next;
	}
	describe(r, &reply.state);
	if (op != CONTROL_STATUS && (next = asked_to_stop(r, op, &reply.fault)) != r->state) {
		reply.state.unread = r->end.unread;
		r->end.told = told;
		release(r); /* before it is said that the stick may be pulled and the code typed again */
	}
	reply.err = reply.fault.err;
	control_answer(conn, &reply);
	return next;
}

/* Store the time used; give up on a stick that stays away. */
static enum session_state
beaten(struct run *r)
{
	uint64_t ticks;

	if (read(r->fd.beat, &ticks, sizeof ticks) <= 0)
		return r->state;
	r->control.heard = r->control.fd;
	unlock_beat(r->unlock, used_now(r));
	return replug_look(r->stick.replug) < REPLUG_AWAY_S ? r->state : finish(r, STATE_LEFT, NULL);
}

static enum session_state
mounts_changed(struct run *r)
{
	replug_look(r->stick.replug); /* tells at once */
	return r->state;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------- */

#define SOURCES_MAX 7

/* The things that a session waits for. */
struct source {
	int fd;                         /* -1: not now */
	short events;
	enum session_state (*came)(struct run *r); /* what is next */
};

/* Handle the first event; the others are handled in the next round, if the new state still wants them. */
static enum session_state
wait_for(struct run *r, const struct source *sources, nfds_t count)
{
	struct pollfd p[SOURCES_MAX];

	for (nfds_t i = 0; i < count; i++)
		p[i] = (struct pollfd){sources[i].fd, sources[i].events, 0};
	if (poll(p, count, -1) < 0)
		return errno == EINTR ? r->state : STATE_GONE;
	for (nfds_t i = 0; i < count; i++)
		if (p[i].revents != 0)
			return sources[i].came(r);
	return r->state;
}

static enum session_state
next_state(struct run *r)
{
	const struct source early[] = {
	    {r->fd.signals, POLLIN, stopped},
	    {r->fd.front, POLLIN, requested},
	};
	const struct source open[SOURCES_MAX] = {
	    {r->fd.deadline, POLLIN, time_is_up},
	    {r->fd.signals, POLLIN, stopped},
	    {r->fd.front, POLLIN, settled},
	    {r->fd.ended, POLLIN, unmounted},
	    {r->control.heard, POLLIN, asked},
	    {r->fd.beat, POLLIN, beaten},
	    {r->fd.mounts, POLLPRI, mounts_changed},
	};

	return r->state < STATE_OPEN ? wait_for(r, early, sizeof early / sizeof *early) : wait_for(r, open, SOURCES_MAX);
}

static enum session_state
begin(struct run *r)
{
	struct fault f = {0};
	enum err err = session_process_start(&r->fd) == 0 ? look(r, &f) : fault_set(&f, E_FAIL, errno, "session", "start");

	return report(r, SESSION_LOOKED, err, &f) == 0 && err == E_OK ? STATE_ASKING : STATE_GONE;
}

_Noreturn void
session_run(int front, int minder, const struct session_setup *setup)
{
	struct run r = {.fd = {.front = front, .minder = minder, .events = setup->events, .private = -1},
	    .setup = setup,
	    .stick = {.fd = -1},
	    .control = {.fd = -1},
	    .time = {.clock = clock_system()}};

	if (is_private(&r))
		r.fd.private = setup->private->fd;
	r.state = begin(&r);
	while (r.state < STATE_GONE)
		r.state = next_state(&r);
	leave(&r);
}
