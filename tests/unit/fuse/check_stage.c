/*
 * check_stage.c - a program alone with a mount: what it finds, what it may, and that nothing of it is left. Where namespaces or
 * mounts are not to be had there is nothing to look at.
 */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "interrupted.h"
#include "opened.h"
#include "stage.h"
#include "suite.h"

#define PLACE "/tmp/oncestick-test"

static char said[8192];         /* by the program */
static int out[2] = {-1, -1};   /* where it says it */
static char base[64];
static const char *kept[20], *covered[20];
static char *argv[] = {"sh", "-c", NULL, NULL}, *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "ONE=two", NULL};
static struct stage_setup setup;
static struct stage stage;
static struct stage_end end;
static struct fault fault;
static pthread_t server;
static bool serves;
static atomic_bool served;       /* enough of it */

/* ---- what fails ------------------------------------------------------------------------------------------------------------- */

static atomic_int *until_failure;       /* calls of a stage that is made, seen by all its processes; NULL: none fails */

static bool
fails_now(void)
{
	errno = EIO;
	return until_failure != NULL && atomic_fetch_sub(until_failure, 1) == 1;
}

/* What is to stay may be gone; and where /proc cannot be had the outside's will do. */
static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");

	ck_assert_msg(until_failure == NULL || (flags & O_CLOEXEC) != 0, "%s of %s is for the program, too", name, path);
	return (flags & O_PATH) == 0 && fails_now() ? -1 : real(dir_fd, path, flags, mode);
}

int
mount(const char *from, const char *to, const char *type, unsigned long flags, const void *data)
{
	return strcmp(to, "/proc") != 0 && fails_now() ? -1 : (int)syscall(SYS_mount, from, to, type, flags, data);
}

int
mkdir(const char *path, mode_t mode)
{
	return fails_now() ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int
unshare(int flags)
{
	return fails_now() ? -1 : (int)syscall(SYS_unshare, flags);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	return fails_now() ? -1 : syscall(SYS_write, fd, buf, n);
}

/* ---- whoever serves the mount: an empty directory ------------------------------------------------------------------------- */

static void *
serve(void *arg)
{
	static char buf[(1u << 20) + 4096];
	struct {
		struct fuse_out_header h;
		union {
			struct fuse_init_out init;
			struct fuse_attr_out attr;
			struct fuse_open_out open;
		} u;
	} a;
	const struct fuse_in_header *h = (const struct fuse_in_header *)(const void *)buf;
	ssize_t n;

	(void)arg;
	while (!served && ((n = read(stage.fuse, buf, sizeof buf)) > 0 || errno == EINTR || errno == ENOENT)) {
		if (n < (ssize_t)sizeof *h)
			continue;
		memset(&a, 0, sizeof a);
		a.h.unique = h->unique;
		a.h.len = sizeof a.h;
		if (h->opcode == FUSE_INIT) {
			a.u.init = (struct fuse_init_out){.major = 7, .minor = 31, .max_write = 4096, .max_readahead = 4096};
			a.h.len += sizeof a.u.init;
		} else if (h->opcode == FUSE_GETATTR) {
			a.u.attr = (struct fuse_attr_out){
			    .attr = {.ino = 1, .mode = S_IFDIR | 0555, .nlink = 2, .uid = geteuid(), .gid = getegid()}};
			a.h.len += sizeof a.u.attr;
		} else if (h->opcode == FUSE_OPENDIR) {
			a.h.len += sizeof a.u.open;
		} else if (h->opcode == FUSE_FORGET || h->opcode == FUSE_INTERRUPT) {
			continue;
		} else if (h->opcode != FUSE_READDIR) {
			a.h.error = -ENOENT;
		}
		(void)!write(stage.fuse, &a, a.h.len);
	}
	return NULL;
}

/* ---- what is done to a stage ---------------------------------------------------------------------------------------------- */

static bool
possible(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(system("unshare --user --map-root-user --mount --pid --fork mount -t tmpfs none /tmp 2>/dev/null") == 0 &&
		    access("/dev/fuse", R_OK | W_OK) == 0 ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void
begin(void)
{
	snprintf(base, sizeof base, "/tmp/check_stage.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	ck_assert_int_eq(pipe(out), 0);
	memset(kept, 0, sizeof kept);
	memset(covered, 0, sizeof covered);
	memset(&fault, 0, sizeof fault);
	setup =
	    (struct stage_setup){.program = "/bin/sh", .argv = argv, .env = env, .dir = PLACE, .kept = kept, .covered = covered};
	stage = (struct stage){-1, -1};
	serves = false;
	served = false;
}

static void
finish(void)
{
	char command[128];

	stage_close(&stage);
	if (serves)
		pthread_join(server, NULL);
	snprintf(command, sizeof command, "rm -rf '%s'", base);
	ck_assert_int_eq(system(command), 0);
}

static char *
in_base(const char *name)
{
	char *path = NULL;

	ck_assert_int_gt(asprintf(&path, "%s/%s", base, name), 0);
	return path;
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert(fputs(text, f) >= 0 && fclose(f) == 0);
}

/* A stage in which the shell does this, told to begin. */
static void
play(const char *script)
{
	static char whole[4096];

	snprintf(whole, sizeof whole, "exec >&%d 2>&1 %d<&- %d>&-; %s", out[1], out[0], out[1], script);
	argv[2] = whole;
	ck_assert_msg(stage_fork(&stage, &setup, &fault) == E_OK, "%s %s %d", fault.step, fault.object, fault.sys);
	ck_assert_int_eq(pthread_create(&server, NULL, serve, NULL), 0);
	serves = true;
	ck_assert_int_eq(stage_play(&stage, PLACE "/Week 12"), 0);
}

static void
wait_for_end(void)
{
	struct pollfd p = {stage.link, POLLIN, 0};

	ck_assert_int_eq(poll(&p, 1, 30000), 1);
	ck_assert_int_eq(stage_next(&stage, &end), 0);
}

/* All that was said until nobody is left who could say anything. */
static void
hear(void)
{
	size_t n = 0;
	ssize_t got;

	close(out[1]);
	while ((got = read(out[0], said + n, sizeof said - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = '\0';
}

static void
hear_a_byte(void)
{
	char c;

	ck_assert_int_eq(read(out[0], &c, 1), 1);
}

#define HEARD(text) ck_assert_msg(strstr(said, text) != NULL, "no %s in: %s", text, said)

/* ---- what it finds -------------------------------------------------------------------------------------------------------- */

START_TEST(the_program_is_in_the_mount_and_says_how_it_ended)
{
	play("echo at=$PWD; echo one=$ONE; echo home=$HOME.; ls -A | wc -l; grep -c ' " PLACE
	     "/Week\\\\040[1]2 .*fuse.oncestick' /proc/self/mountinfo; exit 3");
	wait_for_end();
	ck_assert_int_eq(end.sys, 0);
	ck_assert(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 3);
	hear();
	ck_assert_str_eq(said, "at=" PLACE "/Week 12\none=two\nhome=.\n0\n1\n");
	ck_assert_int_ne(access(PLACE, F_OK), 0); /* outside there is nothing */
}
END_TEST

/* In the stage signals wait. */
static int
be_undisturbed(void *arg)
{
	(void)arg;
	interrupting = false;
	return 0;
}

START_TEST(who_is_interrupted_waits_all_the_same)
{
	setup.furnish = be_undisturbed;
	interrupting = true;
	play("exit 3");
	wait_for_end();
	interrupting = false;
	ck_assert(end.sys == 0 && WIFEXITED(end.status) && WEXITSTATUS(end.status) == 3);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nor is a child left unwaited for */
}
END_TEST

START_TEST(a_signal_that_ends_it_is_told)
{
	play("kill -USR1 $$");
	wait_for_end();
	ck_assert(end.sys == 0 && WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGUSR1);
}
END_TEST

static int
furnish(void *arg)
{
	ck_assert_str_eq(arg, "arg");
	return mkdir(STAGE_DIR "/furnished", 0700);
}

START_TEST(what_it_finds)
{
	char script[1024], *keep = in_base("a/b/keep"), *dir = in_base("a/dir"), *gone = in_base("gone"), *other = in_base("other");
	char *a = in_base("a"), *b = in_base("a/b");

	ck_assert(mkdir(a, 0700) == 0 && mkdir(b, 0700) == 0 && mkdir(dir, 0700) == 0);
	put(keep, "kept");
	put(other, "other");
	kept[0] = gone;
	kept[1] = keep;
	kept[2] = dir;
	kept[3] = "/usr";
	covered[0] = "/usr/share";
	covered[1] = "/nowhere";
	covered[2] = "/etc/passwd";
	covered[3] = "/tmp";
	setup.furnish = furnish;
	setup.arg = "arg";
	snprintf(script, sizeof script,
	    "cat %s; echo; cd %s && ls -A | wc -l; ls -A %s; ls -A /usr/share | wc -l; wc -c </etc/passwd; "
	    "ls -A /var/tmp | wc -l; ls -A %s/gone 2>/dev/null; ls -d " STAGE_DIR "/furnished; stat -c %%a /tmp " STAGE_DIR,
	    keep, dir, base, base);
	play(script);
	wait_for_end();
	hear();
	ck_assert_str_eq(said, "kept\n0\na\n0\n0\n0\n" STAGE_DIR "/furnished\n700\n700\n");
	ck_assert_int_eq(access(other, F_OK), 0);
	ck_assert_int_ne(access(STAGE_DIR, F_OK), 0);
	free(keep), free(dir), free(gone), free(other), free(a), free(b);
}
END_TEST

/* What is covered is as large as what may be written; what stays stays the same file. */
START_TEST(kept_files_are_the_very_ones)
{
	char script[256], *keep = in_base("keep"), text[8] = "";
	int fd;

	put(keep, "old");
	kept[0] = keep;
	snprintf(script, sizeof script, "printf new >%s", keep);
	play(script);
	wait_for_end();
	ck_assert_int_eq(end.status, 0);
	ck_assert_int_ge(fd = open(keep, O_RDONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(read(fd, text, 7), 3);
	close(fd);
	ck_assert_str_eq(text, "new");
	free(keep);
}
END_TEST

START_TEST(it_has_no_rights_but_its_user_s)
{
	unsigned long long ignored = 1;
	char user[64];
	const char *at;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	play(
	    "id -u; id -g; grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|SigBlk|SigIgn)' /proc/self/status; cat /proc/self/setgroups; "
	    "mount -t tmpfs none /mnt 2>/dev/null && echo mounted; umount . 2>/dev/null && echo unmounted; ls -l /proc/1/fd >/dev/null 2>&1 && echo init; "
	    "chroot / true 2>/dev/null && echo chroot");
	wait_for_end();
	hear();
	snprintf(user, sizeof user, "%u\n%u\nSig", geteuid(), getegid());
	ck_assert_int_eq(strncmp(said, user, strlen(user)), 0);
	HEARD("SigBlk:\t0000000000000000\n");
	ck_assert_ptr_nonnull(at = strstr(said, "SigIgn:"));
	ck_assert_int_eq(sscanf(at, "SigIgn: %llx", &ignored), 1);
	ck_assert_uint_eq(ignored & ~(3ull << 31), 0); /* two are the C library's own, which nobody can change */
	HEARD(
	    "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\n");
	HEARD("NoNewPrivs:\t1\ndeny\n");
	ck_assert_ptr_null(strstr(said, "mounted"));
	ck_assert_ptr_null(strstr(said, "init"));
	ck_assert_ptr_null(strstr(said, "chroot"));
}
END_TEST

START_TEST(it_sees_its_own_processes_only)
{
	play("echo $$; set -- /proc/[0-9]*; echo $#");
	wait_for_end();
	hear();
	ck_assert_str_eq(said, "2\n2\n"); /* init is the other */
}
END_TEST

/* ---- how it ends ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_program_that_is_not_there)
{
	setup.program = "/nowhere/player";
	play("");
	wait_for_end();
	ck_assert_int_eq(end.sys, ENOENT);
}
END_TEST

START_TEST(told_to_end_it_may_say_good_bye)
{
	play("trap 'echo bye; exit 9' TERM; echo; while :; do sleep 1 & wait; done");
	hear_a_byte();
	stage_stop(&stage);
	wait_for_end();
	ck_assert(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 9);
	hear();
	ck_assert_str_eq(said, "bye\n");
}
END_TEST

START_TEST(one_that_was_stopped_ends_too)
{
	play("sh -c 'kill -STOP $$; echo on' & echo; wait; exit 5");
	hear_a_byte();
	stage_stop(&stage);
	wait_for_end();
	ck_assert(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGTERM);
	hear();
}
END_TEST

/* hear comes back when the last of them is dead. */
START_TEST(all_that_it_has_started_ends_with_it)
{
	play("(trap '' TERM HUP; setsid sh -c 'echo; exec sleep 1000') & (exit 4) & sleep 1000 & exec 0<&-; exit 7");
	wait_for_end();
	ck_assert(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 7);
	hear();
	ck_assert_int_eq(stage_next(&stage, &end), -1);
}
END_TEST

START_TEST(an_orphan_s_end_is_not_the_program_s)
{
	play("(sh -c 'exit 6' &); (sleep 0.01 & exit 4); wait; exit 8");
	wait_for_end();
	ck_assert(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 8);
}
END_TEST

START_TEST(it_ends_when_nobody_holds_it)
{
	play("echo; exec sleep 1000");
	hear_a_byte();
	stage_close(&stage);
	ck_assert(stage.link == -1 && stage.fuse == -1);
	hear();
}
END_TEST

static void
interrupt(int sig)
{
	(void)sig;
}

/* Nobody else has the mount's end: who held it is the last. */
START_TEST(the_mount_is_dead_when_nobody_serves_it)
{
	const struct sigaction sa = {.sa_handler = interrupt};

	play("echo; while ls . >/dev/null 2>&1; do :; done; echo dead");
	hear_a_byte();
	ck_assert_int_eq(sigaction(SIGUSR1, &sa, NULL), 0);
	served = true;
	while (pthread_tryjoin_np(server, NULL) != 0)
		pthread_kill(server, SIGUSR1);
	serves = false;
	close(stage.fuse);
	stage.fuse = -1;
	wait_for_end();
	ck_assert_int_eq(end.status, 0);
	hear();
	ck_assert_str_eq(said, "dead\n");
}
END_TEST

START_TEST(stopped_before_it_began)
{
	struct pollfd p;

	ck_assert_int_eq(stage_fork(&stage, &setup, &fault), E_OK);
	if (_i == 0)
		stage_stop(&stage);
	p = (struct pollfd){stage.link, POLLIN, 0};
	if (_i == 0)
		ck_assert_int_eq(poll(&p, 1, 30000), 1);
	ck_assert(_i != 0 || stage_next(&stage, &end) == -1);
	ck_assert(_i != 0 || stage_play(&stage, PLACE "/x") == -1);
	stage_close(&stage);
	stage_close(&stage);
}
END_TEST

START_TEST(it_begins_once)
{
	play("trap 'exit 9' TERM; echo; while :; do sleep 1 & wait; done");
	ck_assert_int_eq(stage_play(&stage, PLACE "/another"), 0);
	hear_a_byte();
	stage_stop(&stage);
	wait_for_end();
	ck_assert(end.sys == 0 && WIFEXITED(end.status) && WEXITSTATUS(end.status) == 9);
}
END_TEST

/* ---- what cannot be ------------------------------------------------------------------------------------------------------- */

static int
furnish_not(void *arg)
{
	(void)arg;
	errno = ENOSPC;
	return -1;
}

static void
fails(enum err err, int sys, const char *step)
{
	ck_assert_int_eq(stage_fork(&stage, &setup, &fault), err);
	ck_assert_int_eq(fault.err, err);
	ck_assert_int_eq(fault.sys, sys);
	ck_assert_str_eq(fault.step, step);
	ck_assert(stage.link == -1 && stage.fuse == -1);
	memset(&fault, 0, sizeof fault);
}

START_TEST(what_cannot_be_made_is_named)
{
	static char long_one[MOUNTPOINT_MAX + 8];

	setup.furnish = furnish_not;
	fails(E_FUSE, ENOSPC, "furnish");
	setup.furnish = NULL;
	setup.dir = "/tmp/a/b";
	fails(E_FUSE, ENOENT, "furnish");
	ck_assert_int_eq(stage_fork(&stage, &setup, NULL), E_FUSE);
	setup.dir = PLACE;
	memset(long_one, 'a', sizeof long_one - 1);
	long_one[0] = '/';
	ck_assert_int_eq(stage_fork(&stage, &setup, &fault), E_OK);
	ck_assert_int_eq(stage_play(&stage, long_one), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	long_one[MOUNTPOINT_MAX] = '\0';
	ck_assert_int_eq(stage_play(&stage, long_one), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_int_eq(stage_play(&stage, "/tmp/nowhere/x"), 0);
	wait_for_end();
	ck_assert_int_eq(end.sys, ENOENT);
	ck_assert_int_eq(stage_next(&stage, &end), -1);
}
END_TEST

START_TEST(each_call_that_fails_is_told)
{
	char *keep = in_base("keep"), *above = in_base("a"), *dir = in_base("a/dir");
	int n = 0;

	ck_assert(mkdir(above, 0700) == 0 && mkdir(dir, 0700) == 0);
	put(keep, "kept");
	kept[0] = keep;
	kept[1] = dir;
	covered[0] = "/usr/share";
	covered[1] = "/etc/passwd";
	until_failure = mmap(NULL, sizeof *until_failure, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(until_failure != MAP_FAILED);
	do {
		*until_failure = ++n;
		memset(&fault, 0, sizeof fault);
		stage_fork(&stage, &setup, &fault);
		stage_close(&stage);
		ck_assert_msg(*until_failure > 0 || (fault.err == E_FUSE && fault.sys == EIO), "call %d: %d %s %d", n, fault.err,
		    fault.step, fault.sys);
	} while (*until_failure <= 0 && n < 100);
	ck_assert_int_eq(fault.err, E_OK);
	ck_assert_int_gt(n, 20);
	munmap(until_failure, sizeof *until_failure);
	until_failure = NULL;
	free(keep), free(above), free(dir);
}
END_TEST

START_TEST(nothing_stays_open)
{
	int fd = dup(0), after;

	for (int i = 0; i < 3; i++) {
		setup.furnish = i == 1 ? furnish_not : NULL;
		ck_assert_int_eq(stage_fork(&stage, &setup, &fault), i == 1 ? E_FUSE : E_OK);
		ck_assert(
		    i == 1 || ((fcntl(stage.link, F_GETFD) & FD_CLOEXEC) != 0 && (fcntl(stage.fuse, F_GETFD) & FD_CLOEXEC) != 0));
		stage_close(&stage);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nor a child unwaited for */
	}
	after = dup(0);
	ck_assert_int_eq(after, fd + 1);
	close(fd);
	close(after);
}
END_TEST

/* A machine where there is nothing to look at. */
START_TEST(no_stage_is_to_be_had)
{
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stage");
	TCase *t = tcase_create("stage");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_set_timeout(t, 60);
	if (!possible()) {
		tcase_add_test(t, no_stage_is_to_be_had);
		goto run;
	}
	tcase_add_test(t, the_program_is_in_the_mount_and_says_how_it_ended);
	tcase_add_test(t, who_is_interrupted_waits_all_the_same);
	tcase_add_test(t, a_signal_that_ends_it_is_told);
	tcase_add_test(t, what_it_finds);
	tcase_add_test(t, kept_files_are_the_very_ones);
	tcase_add_test(t, it_has_no_rights_but_its_user_s);
	tcase_add_test(t, it_sees_its_own_processes_only);
	tcase_add_test(t, a_program_that_is_not_there);
	tcase_add_test(t, told_to_end_it_may_say_good_bye);
	tcase_add_test(t, one_that_was_stopped_ends_too);
	tcase_add_test(t, all_that_it_has_started_ends_with_it);
	tcase_add_test(t, an_orphan_s_end_is_not_the_program_s);
	tcase_add_test(t, it_ends_when_nobody_holds_it);
	tcase_add_test(t, the_mount_is_dead_when_nobody_serves_it);
	tcase_add_loop_test(t, stopped_before_it_began, 0, 2);
	tcase_add_test(t, it_begins_once);
	tcase_add_test(t, what_cannot_be_made_is_named);
	tcase_add_test(t, each_call_that_fails_is_told);
	tcase_add_test(t, nothing_stays_open);
run:
	suite_add_tcase(s, t);
	return suite_run(s);
}
