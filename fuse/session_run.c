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

/* What a program has closed is open for a moment longer: the kernel says so later. */
#define IDLE_TRIES 50
#define IDLE_WAIT_NS 20000000L

struct run {
	struct session_process fd;      /* -1: closed; the private mount's once it is served */
	bool left;                      /* the private mount is gone: nobody sees the media any more */
	bool over;
	bool stays;                     /* the mount could not be taken away: something is mounted over it, or the minder is gone */
	int control, stick_fd;
	const struct session_setup *setup;
	struct usb_dir usb;             /* the device behind stick_fd */
	struct station *station;
	struct unlock *unlock;
	struct unlock_info info;
	struct fusefs *fs;
	struct fusefs *served;          /* the same, for threads that serve it, which may outlast it here */
	struct replug *replug;
	struct fence_filter *calls;     /* that an open session may make */
	struct clock_source clock;
	char mount_point[MOUNTPOINT_MAX];
	struct mountinfo_id mount;      /* what is there; not known of a private one */
	char lock_name[STATION_LOCK_NAME];
	bool paused;                    /* the mount is over, but the session is not */
	int64_t opened_boot;            /* clock.boot when the mount began to answer */
	int64_t used_before;            /* seconds used before that */
	struct unread unread;           /* when the mount was over */
	bool deaf;                      /* until the next beat: who asks cannot be let in, and asking would not stop */
	struct event closed;            /* what is told of the end; kind 0 if it was never open */
};

/* ---- process -------------------------------------------------------------------------------------------------------------- */

/* Wipe, and let go of stick and station: nothing of this process is in anybody's way afterwards. */
static void
release(struct run *r)
{
	fusefs_free(&r->fs);
	replug_free(&r->replug);
	if (r->stays)
		station_leave(r->station);
	r->stays = false; /* all of this may be done twice */
	unlock_free(&r->unlock);
	station_close(&r->station);
	fence_filter_free(&r->calls);
	if (r->stick_fd >= 0)
		close(r->stick_fd);
	r->stick_fd = -1;
}

static _Noreturn void
leave(struct run *r)
{
	release(r);
	if (r->closed.kind != 0)
		event_send(r->fd.events, &r->closed); /* now it is safe to pull the stick */
	_exit((r->paused ? SESSION_PAUSED : 0) + (r->unread.blocks > 0 ? SESSION_UNREAD : 0)); /* without waiting for threads that a busy lazy mount keeps alive */
}

static int64_t
used_now(const struct run *r)
{
	return r->used_before + r->clock.boot(r->clock.arg) - r->opened_boot;
}

static int
report(struct run *r, enum session_step step, enum err err, const struct fault *f)
{
	struct session_message msg = {.step = step, .err = err, .fault = *f, .info = r->info};

	memcpy(msg.mount_point, r->mount_point, sizeof msg.mount_point);
	if (step == SESSION_CLOSED) {
		msg.ended = r->closed.how == EVENT_ENDED || r->closed.how == EVENT_OVER;
		msg.used_s = used_now(r);
		msg.remaining_s = (int64_t)r->info.session_s - msg.used_s;
		msg.unread = r->unread;
	}
	return send(r->fd.front, &msg, sizeof msg, MSG_NOSIGNAL) == sizeof msg ? 0 : -1;
}

/* ---- look ----------------------------------------------------------------------------------------------------------------- */

static enum err
find_stick(struct run *r, struct fault *f)
{
	struct stick *s = NULL;
	enum err err;

	if ((r->stick_fd = open(r->setup->stick_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fault_set(f, E_NO_STICK, errno, "open", "%s", r->setup->stick_path);
	err = stick_open(&s, r->stick_fd, f); /* whether it is one comes before whether this PC can remember */
	stick_close(&s);
	return err;
}

/* Whatever would make a later step fail and can be known now. */
static enum err
check_machine(struct run *r, struct fault *f)
{
	enum err err;

	if (!kdf_stretch_possible())
		return fault_set(f, E_MEMORY, 0, "Argon2id", "code");
	if ((r->calls = fence_filter_new(FENCE_SESSION)) == NULL)
		return fault_set(f, E_FAIL, errno, "system call filter", "session");
	if (r->setup->private != NULL)
		return E_OK;
	if ((err = fusefs_possible(f)) != E_OK)
		return err;
	return r->setup->dir != NULL ? mountpoint_check(r->setup->dir, f) : mountpoint_home(f);
}

/* What the station says of a call of its memory that has just failed with err. */
static enum err
memory_fault(const struct run *r, enum err err, const char *step, struct fault *f)
{
	const struct fault *cause = station_fault(r->station);

	return cause->err == err ? fault_pass(f, cause) : fault_set(f, err, 0, step, "%s", r->setup->station_dir);
}

static struct trial
trial_of(const struct run *r)
{
	return (struct trial){{r->setup->stick_path, r->stick_fd, r->setup->station_dir}, r->calls};
}

static enum err
look(struct run *r, struct fault *f)
{
	struct unlock_env env = {.clock = r->clock};
	struct trial trial;
	enum err err;

	if ((err = find_stick(r, f)) != E_OK || (err = station_open(&r->station, r->setup->station_dir, STATION_WRITE, f)) != E_OK)
		return err;
	env.memory = station_memory(r->station);
	r->usb = (struct usb_dir){USB_SYSFS, r->stick_fd};
	env.factors = (struct unlock_factors){.usb = usb_dir_factor, .arg = &r->usb};
	if ((err = unlock_close_overdue(&env)) != E_OK)
		return memory_fault(r, err, "overdue sessions", f);
	if ((err = unlock_look(&r->unlock, r->stick_fd, &env, &r->info, f)) != E_OK)
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
	return r->setup->dir == NULL && r->setup->private == NULL;
}

/* What others are told who find the slot locked, or the mount without its session. */
static void
describe_lock(const struct run *r, bool ending)
{
	struct station_holder h = {.mount = r->mount, .made = is_made(r), .ending = ending};

	memcpy(h.mountpoint, r->mount_point, sizeof h.mountpoint);
	station_describe(r->station, &h);
}

static enum err
adopt_mount(struct run *r, struct fault *f)
{
	char name[NAME_MAX - 8];
	int fd = r->fd.private;

	mountpoint_name(r->info.label, name, sizeof name);
	snprintf(r->mount_point, sizeof r->mount_point, "%s/%s", r->setup->private->dir, name);
	describe_lock(r, false);
	r->fd.private = -1;
	return fusefs_adopt(&r->fs, unlock_bundle(r->unlock), fd, f);
}

static enum err
make_mount(struct run *r, struct fault *f)
{
	const char *dir = r->setup->dir;
	enum err err;

	if (r->fd.private >= 0)
		return adopt_mount(r, f);
	if (dir == NULL) {
		if ((err = minder_make(r->fd.minder, r->info.label, r->mount_point, f)) != E_OK)
			return err;
	} else {
		if ((err = mountpoint_check(dir, f)) != E_OK)
			return err;
		strncpy(r->mount_point, dir, sizeof r->mount_point - 1);
		if (minder_watch(r->fd.minder, r->mount_point) != 0)
			return fault_set(f, E_FAIL, EPIPE, "minder", "%s", r->mount_point);
	}
	describe_lock(r, false);
	if ((err = fusefs_mount(&r->fs, unlock_bundle(r->unlock), r->mount_point, r->setup->source, f)) != E_OK)
		return err;
	if (mountinfo_identify(r->mount_point, &r->mount) == 0)
		minder_mounted(r->fd.minder); /* a kernel that does not tell mounts apart leaves it to the path */
	describe_lock(r, false);
	return E_OK;
}

static void
arm(int timer, int64_t first_s, int64_t every_s)
{
	struct itimerspec when = {.it_value.tv_sec = filestat_second(first_s > 0 ? first_s : 1), .it_interval.tv_sec = filestat_second(every_s)};

	timerfd_settime(timer, 0, &when, NULL);
}

static void
start_clocks(struct run *r)
{
	r->opened_boot = r->clock.boot(r->clock.arg);
	r->used_before = (int64_t)r->info.session_s - r->info.remaining_s;
	arm(r->fd.deadline, r->info.remaining_s, 0);
	arm(r->fd.beat, UNLOCK_BEAT_S, UNLOCK_BEAT_S);
}

static void
tell_opened(const struct run *r)
{
	struct event e = {.kind = EVENT_OPENED, .deadline = r->opened_boot + r->info.remaining_s};

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

	fusefs_unread(r->served, &e.unread);
	event_send(r->fd.events, &e);
}

static bool
is_silenced(void *arg)
{
	return fusefs_silenced(((const struct run *)arg)->served);
}

static bool
await_stick(void *arg)
{
	struct run *r = arg;

	return replug_wait(r->replug, is_silenced, r);
}

/* Step 15, S1 to S6. What stands from session_process_fence on is what trial_run has tried. */
static enum err
open_session(struct run *r, struct fault *f)
{
	const struct trial trial = trial_of(r);
	enum err err;

	station_lock_name(r->lock_name, unlock_grant_hash(r->unlock), r->info.slot);
	if ((r->control = control_listen(station_session_dir(r->station), r->lock_name)) < 0)
		return fault_set(f, E_STATION, errno, "control socket", "%s", r->setup->station_dir);
	if ((err = make_mount(r, f)) != E_OK)
		return err;
	if ((err = unlock_spend(r->unlock, &r->info, f)) != E_OK)
		return err;
	start_clocks(r);
	unlock_carry_notice(r->unlock);
	if ((r->replug = replug_new(r->unlock, r->setup->stick_path, r->clock)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "session");
	replug_on_change(r->replug, tell_away, r);
	r->served = r->fs;
	fusefs_on_failure(r->fs, await_stick, r);
	fusefs_on_unread(r->fs, tell_unread, r);
	session_process_fence(&trial.files); /* before there are threads, which it would not hold */
	if ((err = fusefs_start(r->fs, r->fd.ended, f)) != E_OK)
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
	s->away_s = replug_look(r->replug);
	s->stick_device = replug_device(r->replug);
	if (r->fs != NULL) {
		s->open_count = fusefs_open_count(r->fs);
		fusefs_unread(r->fs, &s->unread);
	}
	s->mount = r->mount;
	s->made = is_made(r);
	s->private = r->setup->private != NULL;
	memcpy(s->mount_point, r->mount_point, sizeof s->mount_point);
	strncpy(s->stick_path, r->setup->stick_path, sizeof s->stick_path - 1);
	memcpy(s->label, r->info.label, sizeof s->label);
	memcpy(s->stick_id, r->info.stick_id, ID_SIZE);
	memcpy(s->issuer, r->info.issuer, KEY_SIZE);
	memcpy(s->grant_id, r->info.grant_id, ID_SIZE);
}

/* The minder unmounts; this process, behind its fence, could not. If somebody killed the minder, who asked for the end does it. */
static enum err
unmount(struct run *r, bool lazy, struct fault *f)
{
	return minder_unmount(r->fd.minder, lazy, f);
}

/*
 * Files stop answering, then the mount goes, lazily if something holds on to it. A private one goes with its namespace. One that cannot
 * go is left to whoever comes next, by the lock.
 */
static void
unmount_by_force(struct run *r)
{
	if (r->fs != NULL)
		fusefs_silence(r->fs);
	r->stays = unmount(r, false, NULL) != E_OK && unmount(r, true, NULL) != E_OK;
	if (r->stays)
		describe_lock(r, false);
}

/* Whether a program uses files, also through another path to the same mount, which the kernel does not count when it unmounts. */
static bool
is_in_use(const struct run *r)
{
	const struct timespec moment = {.tv_nsec = IDLE_WAIT_NS};

	for (int i = 0; i < IDLE_TRIES; i++) {
		if (r->fs == NULL || fusefs_open_count(r->fs) == 0)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* Nothing of the media is to be had any more. */
static void
shut(struct run *r)
{
	if (r->fs != NULL)
		fusefs_unread(r->fs, &r->unread);
	bundle_lock(unlock_bundle(r->unlock));
	fusefs_free(&r->fs);
}

/*
 * Take the mount away where that needs no force. E_BUSY if a file is open, E_FUSE if fusermount3 says why not. Whatever else keeps it is no
 * reason to go on: it is silenced, and whoever comes next clears it away.
 */
static enum err
let_go(struct run *r, struct fault *f)
{
	struct fault why = {0};

	if (r->setup->private != NULL ? !r->left : is_in_use(r))
		return fault_set(f, E_BUSY, EBUSY, "unmount", "%s", r->mount_point);
	if (r->setup->private != NULL || unmount(r, false, &why) == E_OK || (why.err != E_BUSY && why.sys != 0))
		return E_OK;
	return fault_pass(f, &why);
}

/*
 * The end of the mount; for good, the session's too. Without force nothing changes if the mount cannot go: errors of let_go.
 */
static enum err
finish(struct run *r, enum event_how how, bool force, struct fault *f)
{
	bool end = how == EVENT_ENDED || how == EVENT_OVER;
	int64_t used;
	enum err err;

	if (!force && (err = let_go(r, f)) != E_OK)
		return err;
	describe_lock(r, true); /* who types the code again now need not be told that it is in use */
	unmount_by_force(r);
	used = used_now(r);
	shut(r);
	r->over = true;
	err = end ? unlock_end(r->unlock, used) : unlock_used(r->unlock, used);
	r->paused = !end;
	control_remove(station_session_dir(r->station), r->lock_name);
	r->closed.kind = EVENT_CLOSED;
	r->closed.how = how;
	return err == E_OK ? E_OK : memory_fault(r, err, how == EVENT_OVER ? "deadline" : end ? "close" : "used", f);
}

/* One request of `status` or `unmount`. Return true when the session is over. */
static bool
answer(struct run *r)
{
	struct control_reply reply = {0};
	enum control_op op;
	bool over, told;
	int conn;

	if ((conn = control_accept(r->control, &op, &told)) < 0) {
		r->deaf = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
		return false;
	}
	describe(r, &reply.state);
	if (op != CONTROL_STATUS)
		reply.err = finish(r, op == CONTROL_END || op == CONTROL_END_FORCE ? EVENT_ENDED : EVENT_PAUSED,
		    op == CONTROL_END_FORCE || op == CONTROL_PAUSE_FORCE, &reply.fault);
	over = op != CONTROL_STATUS && r->over;
	if (over)
		reply.state.unread = r->unread;
	r->closed.told = over && told;
	if (over)
		release(r); /* before it is said that the stick may be pulled and the code typed again */
	control_answer(conn, &reply);
	return over;
}

/* Keep the time used; give up on a stick that stays away. Return true when the session is over. */
static bool
heartbeat(struct run *r)
{
	struct fault f = {0};

	unlock_beat(r->unlock, used_now(r));
	if (replug_look(r->replug) < REPLUG_AWAY_S)
		return false;
	finish(r, EVENT_LEFT, true, &f);
	return true;
}

/* The command of a private session says how it ends; or it is gone, and nobody can any more. */
static void
settle(struct run *r, struct fault *f)
{
	struct session_request q = {0};
	bool told = recv(r->fd.front, &q, sizeof q, 0) == sizeof q;

	finish(r, told && q.op == SESSION_END ? EVENT_ENDED : EVENT_PAUSED, true, f);
	r->closed.told = told;
}

/* The mount is gone. Return true when the session is over; else whoever made the mount says what becomes of it. */
static bool
unmounted(struct run *r, struct fault *f)
{
	if (r->fd.front < 0) {
		finish(r, EVENT_PAUSED, true, f);
		return true;
	}
	r->left = true;
	shut(r);
	return false;
}

/* Until the session is over; why not as it should, in f. */
static void
serve(struct run *r, struct fault *f)
{
	struct pollfd p[] = {{r->fd.deadline, POLLIN, 0}, {r->fd.ended, POLLIN, 0}, {r->fd.signals, POLLIN, 0}, {r->control, POLLIN, 0},
	    {r->fd.beat, POLLIN, 0}, {r->fd.front, POLLIN, 0}, {r->fd.mounts, POLLPRI, 0}};
	uint64_t ticks;
	bool over = false;

	while (!over) {
		p[1].fd = r->left ? -1 : r->fd.ended;
		p[3].fd = r->deaf ? -1 : r->control;
		if (poll(p, sizeof p / sizeof *p, -1) < 0 && errno != EINTR)
			break;
		if (p[0].revents != 0) {
			finish(r, EVENT_OVER, true, f);
			over = true;
		} else if (p[2].revents != 0) {
			finish(r, EVENT_PAUSED, true, f);
			over = true;
		} else if (p[5].revents != 0) {
			settle(r, f);
			over = true;
		} else if (p[1].revents != 0) {
			over = unmounted(r, f);
		} else if (p[3].revents != 0) {
			over = answer(r);
		} else if (p[4].revents != 0 && read(r->fd.beat, &ticks, sizeof ticks) > 0) {
			r->deaf = false;
			over = heartbeat(r);
		} else if (p[6].revents != 0) {
			replug_look(r->replug); /* tells at once */
		}
	}
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------- */

/* Wait for the command. False when it is gone or a signal says stop; nothing is spent at that point. */
static bool
next_request(struct run *r, struct session_request *q)
{
	struct pollfd p[] = {{r->fd.front, POLLIN, 0}, {r->fd.signals, POLLIN, 0}};

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return p[1].revents == 0 && recv(r->fd.front, q, sizeof *q, 0) == sizeof *q;
}

static void
open_and_serve(struct run *r)
{
	struct fault f = {0};
	enum err err = open_session(r, &f);

	if (err != E_OK) {
		if (r->mount_point[0] != '\0')
			(void)unmount(r, true, NULL);
		if (r->control >= 0)
			control_remove(station_session_dir(r->station), r->lock_name);
		report(r, SESSION_OPENED, err, &f);
		return;
	}
	report(r, SESSION_OPENED, E_OK, &f);
	tell_opened(r);
	if (r->setup->private == NULL) {
		close(r->fd.front);
		r->fd.front = -1;
	}
	serve(r, &f);
	release(r); /* before it is said that the stick may be pulled and the code typed again */
	if (r->fd.front >= 0 && r->over)
		report(r, SESSION_CLOSED, f.err, &f);
}

_Noreturn void
session_run(int front, int minder, const struct session_setup *setup)
{
	struct run r = {.fd = {.front = front, .minder = minder, .events = setup->events, .private = -1}, .control = -1, .stick_fd = -1,
	    .setup = setup, .clock = clock_system()};
	struct session_request q;
	struct fault f = {0};
	bool proved = false;
	enum err err;

	if (setup->private != NULL)
		r.fd.private = setup->private->fd;
	err = session_process_start(&r.fd) == 0 ? look(&r, &f) : fault_set(&f, E_FAIL, errno, "session", "start");
	if (report(&r, SESSION_LOOKED, err, &f) != 0 || err != E_OK)
		leave(&r);
	while (next_request(&r, &q)) {
		if (q.op == SESSION_CONFIRM && proved) {
			open_and_serve(&r);
			break;
		}
		fault_clear(&f);
		err = unlock_try(r.unlock, q.code, &r.info, &f);
		sodium_memzero(&q, sizeof q);
		proved = err == E_OK;
		if (report(&r, SESSION_TRIED, err, &f) != 0)
			break;
	}
	sodium_memzero(&q, sizeof q);
	leave(&r);
}
