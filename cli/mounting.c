/*
 * mounting.c - from a code to the open folder. open_with_code goes the whole way, from top to bottom, and decides; all words are
 * above it.
 */
#include "mounting.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "blockcache.h"
#include "companion.h"
#include "faultsay.h"
#include "filestat.h"
#include "keytree.h"
#include "prompt.h"
#include "prompt_code.h"
#include "ready.h"
#include "reveal.h"
#include "secret.h"
#include "sessions.h"
#include "station.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "usbsay.h"
#include "when.h"

/* What a session keeps in memory that must not be swapped: decrypted blocks, and keys. */
#define LOCKED_MAX (BLOCKCACHE_MAX + (1u << 20))

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

#define TITLE_SIZE (4 * LABEL_MAX + 4) /* escaped */

static const char *
title(const struct unlock_info *info, char out[TITLE_SIZE])
{
	char safe[4 * LABEL_MAX + 1];

	if (info->label[0] == '\0')
		return _("a lecture without a label");
	snprintf(out, TITLE_SIZE, "\"%s\"", say_safe(safe, sizeof safe, info->label));
	return out;
}

void
mounting_about(const struct cli *c, const struct unlock_info *i)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE], text[1000], label[TITLE_SIZE];
	int n = 0;

	keytree_stick_name(stick, i->stick_id);
	keytree_fingerprint(issuer, i->issuer);
	if (i->issuer_known)
		n = snprintf(text, sizeof text, _("%s on stick %s\nissuer %s"), title(i, label), stick, issuer);
	else
		n = snprintf(
		    text, sizeof text, _("%s on stick %s\nissuer %s (first time on this PC)"), title(i, label), stick, issuer);
	if (i->memory_volatile && n > 0 && (size_t)n < sizeof text)
		snprintf(text + n, sizeof text - (size_t)n, "\n%s",
		    _("This PC forgets what it knows when it is switched off: keep a second code at hand."));
	prompt_about(c, text);
}

static void
warn_swap(const struct mounting *m)
{
	if (!secret_lockable(LOCKED_MAX))
		say_warn(m->c, "this PC lets programs keep too little memory out of its swap space ('ulimit -l'): parts of the "
			       "lecture may be written there");
}

/* Whose lecture it is. */
static void
say_lecture(const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE], label[TITLE_SIZE];

	keytree_stick_name(stick, i->stick_id);
	keytree_fingerprint(issuer, i->issuer);
	if (i->issuer_known)
		/* TRANSLATORS: the media's label in quotes, the stick's name, the issuer's fingerprint */
		say_info(m->c, "%s on stick %s, issuer %s", title(i, label), stick, issuer);
	else
		say_info(m->c, "%s on stick %s, issuer %s (first time on this PC)", title(i, label), stick, issuer);
}

static void
say_found(const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;

	say_lecture(m);
	mounting_about(m->c, i);
	if (i->skipped > 0 && i->newer > 0)
		say_warn(m->c,
		    ngettext("%u of %u lectures on the stick cannot be used (made by a newer oncestick): its codes are refused",
			"%u of %u lectures on the stick cannot be used (made by a newer oncestick): their codes are refused",
			i->skipped),
		    i->skipped, i->skipped + i->grants);
	else if (i->skipped > 0)
		say_warn(m->c,
		    ngettext("%u of %u lectures on the stick cannot be used (damaged): its codes are refused",
			"%u of %u lectures on the stick cannot be used (damaged): their codes are refused", i->skipped),
		    i->skipped, i->skipped + i->grants);
	if (i->memory_volatile)
		say_warn(m->c, "this PC forgets what it knows when it is switched off: if the power fails while the code is being "
		    "used up, the code is lost. Keep a second code at hand");
	if (i->fs_name[0] != '\0')
		say_warn(m->c, "the stick's file system (%s) may keep old data: a used code is dead on this PC, but the stick "
		    "itself may not forget it", i->fs_name);
	warn_swap(m);
}

static enum err
say_refused(const struct mounting *m, const struct fault *f)
{
	struct faultsay_about about = {.object = m->stick, .info = &m->msg.info, .code = m->as_issuer == NULL};
	const char *where = m->msg.info.busy_where;
	char usb[USB_SHOWN_SIZE], safe[PATH_MAX];

	if (f->err == E_BUSY && m->as_issuer != NULL && where[0] != '\0')
		return say_refuse(m->c, E_BUSY,
		    "this lecture is open for its issuer already, at %s. Carry on there, or end it: oncestick unmount",
		    say_safe(safe, sizeof safe, where));
	if (f->err == E_WRONG_STICK)
		about.usb = usbsay_at(usb, m->stick);
	if (f->err == E_FUSE && m->msg.mount_point[0] != '\0')
		about.object = m->msg.mount_point;
	return faultsay_error(m->c, f, &about);
}

/* A code that was used here before is not confirmed again. */
static void
say_resumed(const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;
	char length[WHEN_SHOWN], until[WHEN_SHOWN];

	when_show_duration(length, sizeof length, i->remaining_s);
	when_show_until(until, sizeof until, i->clock.now + i->remaining_s, i->clock.now);
	if (i->resume_open)
		say_info(m->c, "this code was used here before; its session goes on: %s left, until %s", length, until);
	else
		say_info(
		    m->c, "this code was being used up here when something failed; going on: %s left, until %s", length, until);
}

static enum err
ask_to_spend(const struct mounting *m, struct fault *f)
{
	const struct unlock_info *i = &m->msg.info;
	char length[WHEN_SHOWN], until[WHEN_SHOWN], question[600];

	when_show_duration(length, sizeof length, i->remaining_s);
	when_show_until(until, sizeof until, i->clock.now + i->remaining_s, i->clock.now);
	snprintf(question, sizeof question, m->player != NULL ?
	    _("This uses up the code. The lecture can be played for %s (until %s), on this PC only. Open now?") :
	    _("This uses up the code. The folder stays open for %s (until %s), on this PC only. Open now?"), length, until);
	return prompt_enter(m->c, question, f);
}

static void
say_opening(const struct mounting *m)
{
	say_info(m->c, "%s", m->msg.info.resume ? _("opening ...") : _("opening, do not pull the stick ..."));
}

/* The path follows on stdout. If both go to the same screen, show it only once. */
static void
say_open(const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;
	char until[WHEN_SHOWN], spoken[PATH_MAX];
	bool seen = isatty(STDOUT_FILENO) && !m->c->json;

	when_show_until(until, sizeof until, i->clock.now + i->remaining_s, i->clock.now);
	if (m->player != NULL)
		say_info(m->c, "open until %s, for %s alone", until, say_safe(spoken, sizeof spoken, m->player));
	else if (seen)
		say_info(m->c, "open until %s:", until);
	else
		say_info(m->c, "open until %s: %s", until, say_safe(spoken, sizeof spoken, m->msg.mount_point));
}

/* How an attempt to open a folder ends. */
enum outcome {
	WENT_WELL,      /* so far, or all the way to the open folder */
	REFUSED,        /* the session or the person said no: there is a fault */
	GIVEN_UP,       /* the person wants to stop. Nothing was spent */
	ENDED,          /* the session ended before it was confirmed */
	LOST            /* ... after that */
};

static enum err
say_outcome(const struct mounting *m, enum outcome o, const struct fault *why)
{
	switch (o) {
	case REFUSED:
		return say_refused(m, why);
	case GIVEN_UP:
		return say_refuse(m->c, E_INTERRUPTED, "interrupted. Nothing was spent");
	case ENDED:
		return say_refuse(m->c, E_FAIL, "the process that was opening the stick ended. Try again. Nothing was spent");
	case LOST:
		return say_refuse(m->c, E_FAIL, "the process that was opening the stick ended before it was done. Type the same "
						"code again, on this PC: if it was used up, it goes on here");
	case WENT_WELL:
		break;
	}
	say_open(m);
	return E_OK;
}

/* ---- opening -------------------------------------------------------------------------------------------------------------- */

/*
 * Read the session's next report. WENT_WELL: go on. Until the session is confirmed, stop listening as soon as the person wants to
 * stop.
 */
static enum outcome
hear(struct mounting *m, bool confirmed, struct fault *why)
{
	if (session_next(&m->link, &m->msg, confirmed ? NULL : stop_asked) != 0)
		return confirmed ? LOST : stop_asked() ? GIVEN_UP : ENDED;
	if (m->msg.err == E_OK)
		return WENT_WELL;
	*why = m->msg.fault;
	return REFUSED;
}

static enum outcome
try_code(struct mounting *m, struct fault *why)
{
	bool sent;

	if (prompt_code_symbols(m->c, NULL, true, m->code, why) != E_OK)
		return REFUSED;
	sent = session_code(&m->link, m->code) == 0;
	sodium_memzero(m->code, sizeof m->code); /* a program that is started to ask again must not find it here */
	if (!sent)
		return stop_asked() ? GIVEN_UP : ENDED;
	return hear(m, false, why);
}

/* Whether the person may have mistyped it, and can be asked again. */
static bool
may_try_again(const struct mounting *m, const struct fault *why)
{
	return why->err == E_CODE_UNKNOWN && m->c->code_file == NULL && !stop_asked();
}

static enum outcome
open_with_code(struct mounting *m, struct fault *why)
{
	enum outcome o;

	if ((o = hear(m, false, why)) != WENT_WELL)
		return o;
	say_found(m);
	while ((o = try_code(m, why)) == REFUSED && may_try_again(m, why)) {
		say_refused(m, why);
		fault_clear(why);
	}
	if (o != WENT_WELL)
		return o;
	if (m->msg.info.resume)
		say_resumed(m);
	else if (!m->yes && m->c->code_file == NULL && ask_to_spend(m, why) != E_OK)
		return REFUSED;
	if (stop_asked())
		return GIVEN_UP;
	say_opening(m);
	if (session_confirm(&m->link) != 0)
		return LOST;
	return hear(m, true, why);
}

/*
 * The issuer needs no code: the passphrase gives the key. As long as this can be stopped nothing is open, and the books have it
 * before anything is.
 */
static enum outcome
open_as_issuer(struct mounting *m, struct fault *why)
{
	struct peeking *p = m->as_issuer;
	struct unlock_key key;
	enum outcome o;
	bool sent;

	if ((o = hear(m, false, why)) != WENT_WELL)
		return o;
	if (peeking_find(p, m->stick, why) != E_OK)
		return REFUSED;
	mounting_about(m->c, &m->msg.info);
	if (peeking_key(p, m->stick, why) != E_OK)
		return REFUSED;
	memcpy(key.grant_id, p->peek.lectures.list[0].grant_id, ID_SIZE);
	memcpy(key.ck, p->peek.ck, KEY_SIZE);
	sent = session_key(&m->link, &key) == 0;
	sodium_memzero(&key, sizeof key);
	if (!sent)
		return stop_asked() ? GIVEN_UP : ENDED;
	if ((o = hear(m, false, why)) != WENT_WELL)
		return o;
	say_lecture(m);
	warn_swap(m);
	if (peeking_note(p, why) != E_OK)
		return REFUSED;
	if (stop_asked())
		return GIVEN_UP;
	say_info(m->c, "opening for its issuer: no code is used up, the codes' times do not count, and the books note it ...");
	if (session_confirm(&m->link) != 0 || (o = hear(m, true, why)) == LOST)
		return ENDED;
	return o;
}

static enum err
begin(struct mounting *m, struct fault *f)
{
	struct session_setup setup = {.stick_path = m->stick,
	    .dir = m->dir[0] != '\0' ? m->dir : NULL,
	    .station_dir = m->station,
	    .source = m->source,
	    .page_cache = m->page_cache,
	    .private = m->private,
	    .events = m->no_desktop ? -1 : companion_fork()};
	enum err err;

	sessions_tidy();
	err = session_fork(&m->link, &setup, f);
	if (setup.events >= 0)
		close(setup.events); /* the session has its own copy */
	return err;
}

enum err
mounting_open(struct mounting *m)
{
	struct fault why = {0};
	enum outcome o;
	enum err err;
	int sys = 0;

	if (begin(m, &why) != E_OK)
		return faultsay_error(m->c, &why, NULL);
	o = m->as_issuer != NULL ? open_as_issuer(m, &why) : open_with_code(m, &why);
	sodium_memzero(m->code, sizeof m->code);
	if (m->as_issuer != NULL)
		peeking_free(m->as_issuer); /* now, since the file manager may be started */
	if (o == GIVEN_UP)
		session_abandon(&m->link); /* whatever it is doing, even if it would never end */
	err = say_outcome(m, o, &why);
	if (err != E_OK)
		session_dismiss(&m->link); /* a person who is told to try again can do so at once */
	else if (m->private == NULL)
		session_detach(&m->link);
	if (err == E_OK && m->reveal && (sys = reveal_folder(m->msg.mount_point)) != 0)
		say_warn(m->c, "the folder is open, but the file manager could not be started: xdg-open: %s", strerror(sys));
	return err;
}

/* ---- before --------------------------------------------------------------------------------------------------------------- */

/* The keys of sessions are in there. The files are for the owner only, and so should be their directory. */
static void
warn_rights(const struct mounting *m)
{
	char safe[512];
	struct stat st;

	if (filestat_path(m->station, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return;
	say_safe(safe, sizeof safe, m->station);
	say_warn(m->c, "others may look into %s, where this PC's memory of used codes is: chmod 700 %s", safe, safe);
}

enum err
mounting_resolve(struct mounting *m, const char *stick, const char *dir, struct fault *f)
{
	struct place s = {.fd = -1};
	enum err err;

	if ((err = session_descriptors(f)) != E_OK || (err = stickarg_open(m->c, &s, stick, f)) != E_OK)
		return err;
	if (realpath(s.path, m->stick) == NULL)
		err = fault_set(f, E_NO_STICK, errno, "open", "%s", s.path);
	else if (dir != NULL && realpath(dir, m->dir) == NULL)
		err = fault_set(f, E_FUSE, errno, "mount point", "%s", dir);
	else if (station_dir(m->station, sizeof m->station) != 0)
		err = fault_why(f, E_STATION, 0, WHY_NO_HOME, "station memory");
	else
		warn_rights(m);
	place_close(&s);
	return err;
}

/* ---- after ---------------------------------------------------------------------------------------------------------------- */

void
mounting_ready(const struct mounting *m, bool stay)
{
	const struct unlock_info *i = &m->msg.info;
	char until[WHEN_SHOWN], status[READY_STATUS_MAX], safe[READY_STATUS_MAX];

	when_show_until(until, sizeof until, i->clock.now + i->remaining_s, i->clock.now);
	snprintf(status, sizeof status, _("open until %s: %s"), until, m->msg.mount_point);
	ready_open(stay ? 0 : m->link.pid, say_safe(safe, sizeof safe, status));
}

/* Wait for the session's exit status, as from waitpid(2). If this process is told to stop, tell the session to pause. */
static int
await_session(pid_t pid)
{
	struct pollfd ended = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	const struct timespec second = {1, 0};
	sigset_t ours, before;
	bool told = false;
	int status = -1;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &before); /* they arrive inside ppoll or are noticed before it, never in between */
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (stop_asked() && !told) {
			ready_stopping();
			kill(pid, SIGTERM);
			told = true;
		}
		ppoll(&ended, 1, ended.fd < 0 ? &second : NULL, &before);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (ended.fd >= 0)
		close(ended.fd);
	return status;
}

enum err
mounting_wait(const struct mounting *m)
{
	const struct unlock_info *i = &m->msg.info;
	int status = await_session(m->link.pid);
	char until[WHEN_SHOWN];

	when_show_until(until, sizeof until, i->clock.now + i->remaining_s, when_now());
	if (!WIFEXITED(status) && i->by_key)
		return say_refuse(m->c, E_FAIL, "the process that served the folder has died. Open the stick again");
	if (!WIFEXITED(status))
		return say_refuse(
		    m->c, E_FAIL, "the process that served the folder has died. The same code goes on here until %s", until);
	if ((WEXITSTATUS(status) & SESSION_UNREAD) != 0)
		say_warn(m->c, "blocks of the lecture could not be read: try another port, then the spare stick");
	if ((WEXITSTATUS(status) & SESSION_PAUSED) != 0)
		say_info(m->c, "paused; the same code continues here until %s. Safe to pull the stick.", until);
	else if (i->by_key)
		say_info(m->c, "the session is over. Safe to pull the stick.");
	else
		say_info(m->c, "the session is over: the code will not open again. Safe to pull the stick.");
	return E_OK;
}
