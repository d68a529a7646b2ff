/*
 * cmd_play.c - open a stick for one player only. The stage is made before the code is asked for, and the session ends with the
 * player.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"
#include "faultsay.h"
#include "mounting.h"
#include "opt.h"
#include "player.h"
#include "playhome.h"
#include "prompt.h"
#include "stage.h"
#include "text.h"
#include "unreadsay.h"
#include "when.h"

static const char about_text[] =
    N_("Ask for the stick's code, use it up, and start PLAYER in the lecture's folder, which nobody else sees. Without PLAYER, mpv "
       "plays all\n"
       "that is in the folder. FILES are named as they are in the folder. When the player ends, the folder is closed; the session "
       "is paused\n"
       "unless you end it for good: the same code goes on here until the deadline.\n");

#define KEPT_MAX 8

struct play {
	struct mounting m;
	struct session_private private;
	struct stage stage;
	struct player player;
	struct playhome home;
	char dir[64];                   /* where the player sees the folder */
	char bus[PATH_MAX], sound[PATH_MAX];
	bool end;                       /* --end */
	bool told;                      /* told to stop, by a signal */
	bool interrupted;               /* by ^C, which is for the player */
	bool over;                      /* the session has ended, and m.msg says how */
	bool lost;                      /* the session's process has died */
	struct stage_end ended;         /* how the player ended */
};

/* ---- before the code ------------------------------------------------------------------------------------------------------ */

/* The path in a list of addresses such as unix:path=/tmp/dbus-1,guid=2. "" if it has none. */
static void
path_in(char out[PATH_MAX], const char *address, const char *before)
{
	const char *at = address != NULL ? strstr(address, before) : NULL;

	out[0] = '\0';
	if (at != NULL && at[strlen(before)] == '/')
		snprintf(out, PATH_MAX, "%.*s", (int)strcspn(at + strlen(before), ",;"), at + strlen(before));
}

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static long
setting(const char *path)
{
	FILE *file = fopen(path, "re");
	long n = -1;

	if (file != NULL && fscanf(file, "%ld", &n) != 1) /* NOLINT(cert-err34-c): the kernel wrote it */
		n = -1;
	if (file != NULL)
		fclose(file);
	return n;
}

/* Say in which of several possible ways this system forbids them. */
static enum err
say_no_namespaces(const struct cli *c, int sys)
{
	if (sys == ENOSPC && setting("/proc/sys/user/max_user_namespaces") == 0)
		return say_refuse(c, E_FUSE, "this PC allows no user namespaces (user.max_user_namespaces is 0), and so no folder "
					     "for one player alone. Nothing was spent. Use 'oncestick mount' instead, or ask "
					     "whoever looks after this PC to set it to a few thousand");
	if (sys == ENOSPC)
		return say_refuse(c, E_FUSE, "as many namespaces are in use as this PC allows, so there is no folder for one "
					     "player alone. Nothing was spent. Use 'oncestick mount' instead, or ask whoever looks "
					     "after this PC to raise user.max_user_namespaces, user.max_mnt_namespaces or "
					     "user.max_pid_namespaces");
	if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return say_refuse(c, E_FUSE, "this PC allows user namespaces only to root (kernel.unprivileged_userns_clone is 0), "
					     "and so no folder for one player alone. Nothing was spent. Use 'oncestick mount' "
					     "instead, or ask whoever looks after this PC to set it to 1");
	if (sys == ENOSYS || sys == EINVAL)
		return say_refuse(c, E_FUSE,
		    "this kernel has no user namespaces, and so no folder for one player alone. Nothing was spent. "
		    "Use 'oncestick mount' instead");
	return say_refuse(c, E_FUSE, "this PC does not allow user namespaces (%s), and so no folder for one player alone; a "
				     "container or a sandbox around this program may be why. Nothing was spent. Use 'oncestick "
				     "mount' instead, or ask whoever looks after this PC to allow them", strerror(sys));
}

static enum err
say_forbidden(const struct cli *c, const struct fault *f)
{
	bool device = f->why == WHY_FUSE_DEVICE || f->why == WHY_NO_FUSE || f->why == WHY_MOUNT_REFUSED;

	if (f->err != E_FUSE)
		return faultsay_error(c, f, NULL);
	if ((f->sys == EPERM || f->sys == EACCES) && !device &&
	    setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		return say_refuse(c, E_FUSE, "this PC allows user namespaces only to programs with an AppArmor profile that says "
					     "so (kernel.apparmor_restrict_unprivileged_userns is 1), and so no folder for one "
					     "player alone. Nothing was spent. Use 'oncestick mount' instead, or ask whoever looks "
					     "after this PC for such a profile: oncestick-play(1)");
	if (f->why == WHY_NAMESPACE)
		return say_no_namespaces(c, f->sys);
	if (f->why == WHY_MOUNT_REFUSED && f->sys == EPERM)
		return say_refuse(c, E_FUSE, "this kernel cannot mount FUSE in a user namespace; kernels from 4.18 on can. Nothing "
					     "was spent. Use 'oncestick mount' instead");
	if (device)
		return say_refuse(c, E_FUSE, "/dev/fuse cannot be used: %s. It comes with the fuse3 package. Nothing was spent",
		    strerror(f->sys));
	return say_refuse(c, E_FUSE, "the player's private place cannot be set up (%s %s: %s). Nothing was spent. Use 'oncestick "
				     "mount' instead",
	    f->step, f->object, strerror(f->sys));
}

static enum err
make_stage(struct play *p)
{
	const char *const kept[KEPT_MAX + 1] = {or_empty(getenv("HOME")), or_empty(getenv("XDG_RUNTIME_DIR")), "/tmp/.X11-unix",
	    or_empty(getenv("XAUTHORITY")), or_empty(getenv("WAYLAND_DISPLAY")), p->bus, p->sound, p->player.program, NULL};
	struct stage_setup setup = {.program = p->player.program, .argv = p->player.argv, .dir = p->dir, .kept = kept,
	    .covered = p->home.covered, .furnish = playhome_furnish, .arg = &p->home};
	char **env = playhome_env(environ);
	struct fault f = {0};
	enum err err;

	path_in(p->bus, getenv("DBUS_SESSION_BUS_ADDRESS"), "unix:path=");
	path_in(p->sound, getenv("PULSE_SERVER"), "unix:");
	snprintf(p->dir, sizeof p->dir, "/tmp/oncestick-%ld", (long)getpid());
	setup.env = env;
	err = env == NULL ? fault_set(&f, E_FAIL, ENOMEM, "memory", "environment") : stage_fork(&p->stage, &setup, &f);
	free(env);
	if (err != E_OK)
		return say_forbidden(p->m.c, &f);
	p->private = (struct session_private){p->stage.fuse, p->dir};
	p->m.private = &p->private;
	p->m.player = p->player.name;
	return E_OK;
}

/* ---- while it plays ------------------------------------------------------------------------------------------------------- */

/* The session is over before the player is. */
static void
session_said(struct play *p)
{
	p->over = session_next(&p->m.link, &p->m.msg, NULL) == 0;
	p->lost = !p->over;
	session_detach(&p->m.link);
	stage_stop(&p->stage);
}

static void
signal_came(struct play *p, int signals)
{
	struct signalfd_siginfo s;

	if (read(signals, &s, sizeof s) != sizeof s)
		return;
	if (s.ssi_signo == SIGINT || s.ssi_signo == SIGQUIT) {
		p->interrupted = true; /* the player gets it from the terminal, too, and knows what to do with it */
		return;
	}
	p->told = true;
	stage_stop(&p->stage);
}

/* Wait until the player has ended. */
static void
wait_for_player(struct play *p, int signals)
{
	for (;;) {
		struct pollfd fds[] = {{p->stage.link, POLLIN, 0}, {p->m.link.fd, POLLIN, 0}, {signals, POLLIN, 0}};

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return;
		if (fds[2].revents != 0)
			signal_came(p, signals);
		if (fds[1].revents != 0)
			session_said(p);
		if (fds[0].revents != 0) {
			if (stage_next(&p->stage, &p->ended) != 0)
				p->ended.status = SIGKILL; /* the whole stage is gone, and the player with it */
			return;
		}
	}
}

static enum err
run_player(struct play *p)
{
	struct termios terminal;
	bool restore = tcgetattr(STDIN_FILENO, &terminal) == 0;
	sigset_t mask, before;
	int signals;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGQUIT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &before);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	if (stage_play(&p->stage, p->m.msg.mount_point) != 0)
		p->ended.status = SIGKILL;
	else
		wait_for_player(p, signals);
	stage_close(&p->stage);
	if (restore && !p->told)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal); /* a player that was killed may have left it in another mode */
	if (signals >= 0)
		close(signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return E_OK;
}

/* ---- afterwards ----------------------------------------------------------------------------------------------------------- */

/* Anything but a clear yes is a pause, after which the code still opens the lecture. */
static bool
end_for_good(const struct play *p)
{
	const struct prompt_way ways[] = {{'y', _("End for good")}, {'n', _("Pause")}, {0, NULL}};
	const struct prompt_question q = {_("End for good? The code will not open again."), _("[y/N]"), ways, 'n'};
	struct fault f = {0};
	char answer = 'n';

	if (p->end || p->told || !prompt_possible(p->m.c))
		return p->end && !p->told;
	return prompt_choice(p->m.c, &q, &answer, &f) == E_OK && answer == 'y';
}

static enum err
say_closed(const struct play *p)
{
	const struct session_message *msg = &p->m.msg;
	char length[WHEN_SHOWN], until[WHEN_SHOWN];
	int64_t now = when_now();

	if (!p->over)
		return say_refuse(p->m.c, E_FAIL, "the process that served the folder ended before the player did. The session is "
						  "paused: type the same code again here");
	if (msg->err != E_OK)
		return faultsay_error(p->m.c, &msg->fault, NULL);
	when_show_duration(length, sizeof length, msg->used_s);
	when_show_until(until, sizeof until, now + msg->remaining_s, now);
	if (msg->ended && msg->remaining_s <= 0)
		say_info(p->m.c, "the time is over: ended after %s. Safe to pull the stick.", length);
	else if (msg->ended)
		say_info(p->m.c, "ended after %s. Safe to pull the stick.", length);
	else
		say_info(p->m.c, "paused after %s; the same code continues here until %s. Safe to pull the stick.", length, until);
	return E_OK;
}

/* If a player cannot get a block, it believes that this is the end of the film. */
static enum err
say_unread(const struct play *p)
{
	char text[UNREADSAY_SIZE];

	if (!p->over || p->m.msg.unread.blocks == 0)
		return E_OK;
	return say_refuse(p->m.c, E_STICK_IO, "%s", unreadsay(text, &p->m.msg.unread));
}

static enum err
say_player(const struct play *p, bool by_us)
{
	char name[80];
	int status = p->ended.status;

	say_safe(name, sizeof name, p->player.name);
	if (p->ended.sys != 0)
		return say_refuse(p->m.c, E_FAIL, "%s could not be started: %s", name, strerror(p->ended.sys));
	if (p->told)
		return say_refuse(p->m.c, E_INTERRUPTED, "a signal stopped this, and %s with it", name);
	if (by_us || (p->interrupted && !WIFEXITED(status)) || (WIFEXITED(status) && player_done(&p->player, WEXITSTATUS(status))))
		return E_OK;
	if (WIFEXITED(status))
		return say_refuse(p->m.c, E_FAIL, "%s ended with status %d", name, WEXITSTATUS(status));
	return say_refuse(p->m.c, E_FAIL, "%s was killed: %s", name, strsignal(WTERMSIG(status)));
}

static enum err
play(struct play *p)
{
	enum err err, said, unread;
	bool by_us;

	err = mounting_open(&p->m);
	if (err != E_OK)
		return err;
	close(p->stage.fuse);
	p->stage.fuse = -1;
	run_player(p);
	by_us = p->over || p->lost;
	if (!by_us) {
		session_finish(&p->m.link, end_for_good(p));
		p->over = session_next(&p->m.link, &p->m.msg, NULL) == 0; /* at the deadline it ends, whatever was asked for */
	}
	session_dismiss(&p->m.link); /* people are told to type the code again: that must work at once, even if the session died */
	err = say_closed(p);
	said = say_player(p, by_us);
	unread = say_unread(p);
	return err != E_OK ? err : unread != E_OK ? unread : said;
}

/* The player and its own arguments, after the first "--". */
static int
split(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

enum err
cmd_play(struct cli *c, int argc, char **argv)
{
	struct play p = {.m = {.c = c, .link = {.fd = -1}}, .stage = {-1, -1}};
	const struct opt rows[] = {{OPT_FLAG, "yes", 'y', NULL, N_("do not ask before the code is used up"), &p.m.yes, 0, 0},
	    {OPT_FLAG, "end", 0, NULL, N_("when the player ends, end the session for good"), &p.end, 0, 0},
	    {OPT_FLAG, "page-cache", 0, NULL, N_("let large files use this PC's page cache, too"), &p.m.page_cache, 0, 0},
	    {OPT_FLAG, "no-desktop", 0, NULL, N_("no notifications; let the PC go to sleep"), &p.m.no_desktop, 0, 0},
	    {.kind = OPT_END}};
	const struct opt_verb v = {
	    "play [STICK] [-- PLAYER [FILE...]]", about_text, OPT_PLAIN | OPT_CODE | OPT_PINENTRY, rows, 0, 1};
	int ours = split(argc, argv), theirs = argc > ours ? argc - ours - 1 : 0;
	struct fault f = {0};
	struct opt_words words = {argv, ours};
	enum err err;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	if (player_find(&p.player, theirs, argv + ours + 1, &f) != E_OK)
		err = faultsay_error(c, &f, NULL);
	else if (mounting_resolve(&p.m, words.count > 0 ? words.list[0] : NULL, NULL, &f) != E_OK)
		err = faultsay_error(c, &f, &(struct faultsay_about){.object = words.count > 0 ? words.list[0] : NULL});
	else {
		playhome_find(&p.home, p.player.own);
		if ((err = make_stage(&p)) == E_OK)
			err = play(&p);
	}
	session_detach(&p.m.link);
	stage_close(&p.stage);
	player_free(&p.player);
	return err;
}
