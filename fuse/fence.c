#include "fence.h"

#include <asm/termios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "filestat.h"

/* ---- files -------------------------------------------------------------------------------------------------------------- */

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAKE_RIGHTS (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

/* Everything that the first version of Landlock knows; what came later is refused by fence_calls, or is harmless. */
#define HANDLED_RIGHTS (READ_RIGHTS | MAKE_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE | \
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static uint64_t
rights_of(enum fence_right right)
{
	switch (right) {
	case FENCE_LIST:
		return LANDLOCK_ACCESS_FS_READ_DIR;
	case FENCE_CLEAN:
		return READ_RIGHTS | LANDLOCK_ACCESS_FS_REMOVE_FILE;
	case FENCE_MAKE:
		return READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE | MAKE_RIGHTS;
	case FENCE_WRITE:
		return READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE;
	case FENCE_READ:
		break;
	}
	return READ_RIGHTS;
}

static int
add_rule(int ruleset, int fd, enum fence_right right)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights_of(right), .parent_fd = fd};
	struct stat st;

	if (filestat_fd(fd, &st) != 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0u);
}

static int
add_path(int ruleset, const struct fence_path *p)
{
	int fd = p->path != NULL ? openat(p->fd, p->path, O_PATH | O_CLOEXEC) : p->fd;
	int r, e;

	if (fd < 0)
		return 0;
	r = add_rule(ruleset, fd, p->right);
	e = errno;
	if (p->path != NULL)
		close(fd);
	errno = e;
	return r;
}

int
fence_paths(const struct fence_path *paths, size_t count)
{
	const struct landlock_ruleset_attr attr = {.handled_access_fs = HANDLED_RIGHTS};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0u);
	int r, e;

	if (fd < 0)
		return -1;
	r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_path(fd, &paths[i]);
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, fd, 0u);
	e = errno;
	close(fd);
	errno = e;
	return r;
}

/* ---- system calls ------------------------------------------------------------------------------------------------------- */

#define CALL(name) SCMP_SYS(name)

/*
 * A call that is not on a list is refused with EPERM. But a call that came to Linux later fails with ENOSYS, as on a kernel that
 * does not have it, so that a library falls back to an older call, which is on a list. From 403 on a call has the same number on
 * all processors, apart from where their numbers begin. There is room for fifteen years.
 */
#define LATER_FIRST (SYS_pidfd_send_signal - 21)
#define LATER_END (LATER_FIRST + 222)

/* These came earlier, but libraries can do without them, too. */
static const int later_calls[] = {
	CALL(copy_file_range), CALL(preadv2), CALL(pwritev2), CALL(renameat2),
};

/*
 * What any program does: memory, threads, time, files that it may open. Then what some processors have instead or in addition:
 * offsets and times of 64 bits where a long has 32, users of 32 bits where they had 16, their own returns from signals, their
 * caches. libseccomp leaves out a name that this processor does not have, and knows which calls are part of socketcall.
 */
static const int reader_calls[] = {
    CALL(brk),
    CALL(mmap),
    CALL(munmap),
    CALL(mremap),
    CALL(mprotect),
    CALL(madvise),
    CALL(mlock),
    CALL(mlock2),
    CALL(munlock),
    CALL(futex),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(membarrier),
    CALL(gettid),
    CALL(getpid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(exit),
    CALL(exit_group),
    CALL(restart_syscall),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    CALL(getrandom),
    CALL(getrlimit),
    CALL(sysinfo),
    CALL(uname),
    CALL(getcwd),
    CALL(open),
    CALL(openat),
    CALL(close),
    CALL(close_range),
    CALL(dup),
    CALL(dup2),
    CALL(dup3),
    CALL(lseek),
    CALL(read),
    CALL(readv),
    CALL(pread64),
    CALL(write),
    CALL(writev),
    CALL(stat),
    CALL(fstat),
    CALL(lstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(statfs),
    CALL(fstatfs),
    CALL(access),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(readlink),
    CALL(readlinkat),
    CALL(getdents64),
    CALL(fadvise64),
    CALL(flock),
    CALL(poll),
    CALL(ppoll),

    CALL(mmap2),
    CALL(futex_time64),
    CALL(clock_gettime64),
    CALL(clock_getres_time64),
    CALL(clock_nanosleep_time64),
    CALL(time),
    CALL(ppoll_time64),
    CALL(ugetrlimit),
    CALL(getuid32),
    CALL(geteuid32),
    CALL(getgid32),
    CALL(getegid32),
    CALL(sigaction),
    CALL(sigprocmask),
    CALL(sigreturn),
    CALL(_llseek),
    CALL(stat64),
    CALL(fstat64),
    CALL(lstat64),
    CALL(fstatat64),
    CALL(statfs64),
    CALL(fstatfs64),
    CALL(fadvise64_64),
    CALL(arm_fadvise64_64),
    CALL(breakpoint),
    CALL(cacheflush),
    CALL(set_tls),
    CALL(get_tls),
    CALL(riscv_flush_icache),
};

/* What an open session does in addition. */
static const int session_calls[] = {
	CALL(pwrite64), CALL(fsync), CALL(fdatasync), CALL(ftruncate), CALL(unlink), CALL(unlinkat), CALL(fchmod), CALL(fchown),
	CALL(timerfd_settime), CALL(accept), CALL(accept4), CALL(getsockopt), CALL(setsockopt), CALL(sendto), CALL(sendmsg),
	CALL(recvfrom), CALL(recvmsg),

	CALL(ftruncate64), CALL(fchown32), CALL(timerfd_settime64), CALL(send), CALL(recv),
};

/* What the minder does, including putting up the fence for files later. */
static const int minder_calls[] = {
	CALL(umount2), CALL(rmdir), CALL(unlinkat), CALL(rename), CALL(renameat), CALL(renameat2), CALL(fchmod), CALL(fsync),
	CALL(send), CALL(sendto), CALL(recv), CALL(recvfrom), CALL(landlock_create_ruleset), CALL(landlock_add_rule),
	CALL(landlock_restrict_self),
};

/* A call that is allowed only if one of its arguments is one of these. */
struct one_of {
	int call;
	unsigned argument;
	size_t count;
	unsigned values[12];
};

/* Locks and copies; F_SETOWN, F_SETSIG and O_ASYNC would send signals to others. */
#define FCNTL(name)                                                                                                                \
	{                                                                                                                          \
		CALL(name), 1, 10,                                                                                                 \
		{                                                                                                                  \
			F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_GETLK  \
		}                                                                                                                  \
	}

static const struct one_of for_all[] = {
	FCNTL(fcntl),
	FCNTL(fcntl64),
	/* Its own limits, for which 0 stands. */
	{CALL(prlimit64), 0, 1, {0}},
	/* A terminal's size and mode, and nothing else of all that one can tell a device. */
	{CALL(ioctl), 1, 4, {TCGETS, TCSETS, TCSETSW, TIOCGWINSZ}},
#ifdef TCGETS2
	{CALL(ioctl), 1, 3, {TCGETS2, TCSETS2, TCSETSW2}},
#endif
	/* A process behind the fence may put up another one. */
	{CALL(prctl), 0, 1, {PR_SET_NO_NEW_PRIVS}},
};

static int
allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* Threads, but no processes. A filter cannot see the flags of clone3; without it libraries use clone. */
static int
allow_threads(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

/* The kernel looks at the lower half of these arguments, and so does the filter. */
static int
allow_one_of(scmp_filter_ctx filter, const struct one_of *rule)
{
	int r = 0;

	for (size_t i = 0; i < rule->count && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rule->call, 1,
		    SCMP_CMP(rule->argument, SCMP_CMP_MASKED_EQ, 0xffffffffu, rule->values[i]));
	return r;
}

struct list {
	const int *calls;
	size_t count;
};

#define LIST(calls) {calls, sizeof (calls) / sizeof *(calls)}

static const struct list lists[][2] = {
	[FENCE_READER] = {LIST(reader_calls)},
	[FENCE_SESSION] = {LIST(reader_calls), LIST(session_calls)},
	[FENCE_MINDER] = {LIST(reader_calls), LIST(minder_calls)},
};

static bool
is_listed(const struct list in[2], int call)
{
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < in[l].count; i++)
			if (in[l].calls[i] == call)
				return true;
	return false;
}

static bool
is_later(int call)
{
	for (size_t i = 0; i < sizeof later_calls / sizeof *later_calls; i++)
		if (later_calls[i] == call)
			return true;
	return call >= LATER_FIRST && call < LATER_END;
}

static int
deny_later(scmp_filter_ctx filter, const struct list in[2])
{
	int r = 0;

	for (size_t i = 0; i < sizeof later_calls / sizeof *later_calls && r == 0; i++)
		if (!is_listed(in, later_calls[i]))
			r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), later_calls[i], 0);
	for (int call = LATER_FIRST; call < LATER_END && r == 0; call++)
		if (!is_listed(in, call))
			r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
	return r;
}

static int
fill(scmp_filter_ctx filter, enum fence_work work)
{
	/* Use a binary tree, so that the calls of the read path are not at the end of a list. */
	int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	for (size_t i = 0; i < 2 && r == 0; i++)
		r = allow(filter, lists[work][i].calls, lists[work][i].count);
	for (size_t i = 0; i < sizeof for_all / sizeof *for_all && r == 0; i++)
		r = allow_one_of(filter, &for_all[i]);
	if (r == 0)
		r = allow_threads(filter);
	return r == 0 ? deny_later(filter, lists[work]) : r;
}

struct fence_filter {
	struct sock_fprog program;
};

/* Get what libseccomp compiles, through a file in memory: the library writes to nothing else. */
static struct fence_filter *
compile(scmp_filter_ctx ctx)
{
	struct fence_filter *filter = NULL;
	int fd = memfd_create("filter", MFD_CLOEXEC), r = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);
	off_t size = r == 0 ? lseek(fd, 0, SEEK_END) : 0;

	if (r == 0 && size > 0 && (filter = calloc(1, sizeof *filter)) != NULL &&
	    (filter->program.filter = malloc((size_t)size)) != NULL)
		filter->program.len = (unsigned short)((size_t)size / sizeof *filter->program.filter);
	if (filter != NULL && (filter->program.len == 0 || pread(fd, filter->program.filter, (size_t)size, 0) != size))
		fence_filter_free(&filter);
	if (fd >= 0)
		close(fd);
	errno = r < 0 ? -r : ENOMEM;
	return filter;
}

struct fence_filter *
fence_filter_new(enum fence_work work)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	struct fence_filter *filter = NULL;
	int r = ctx != NULL ? fill(ctx, work) : -ENOMEM, e;

	if (r == 0)
		filter = compile(ctx);
	e = r == 0 ? errno : -r;
	if (ctx != NULL)
		seccomp_release(ctx);
	errno = e;
	return filter;
}

void
fence_filter_free(struct fence_filter **filter)
{
	if (*filter != NULL)
		free((*filter)->program.filter);
	free(*filter);
	*filter = NULL;
}

int
fence_calls(const struct fence_filter *filter)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter->program) == 0 ? 0 : -1;
}

/* ---- being told ----------------------------------------------------------------------------------------------------------- */

int
fence_calls_told(const struct fence_filter *filter)
{
	size_t n = filter->program.len;
	struct sock_fprog told = {.len = filter->program.len, .filter = calloc(n, sizeof *told.filter)};
	int fd = -1, e = ENOMEM;

	if (told.filter == NULL)
		goto out;
	memcpy(told.filter, filter->program.filter, n * sizeof *told.filter);
	for (size_t i = 0; i < n; i++)
		if (told.filter[i].code == (BPF_RET | BPF_K) && (told.filter[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
			told.filter[i].k = SECCOMP_RET_USER_NOTIF;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &told);
	e = errno;
out:
	free(told.filter);
	errno = e;
	return fd;
}

/* Wait for the next one and answer it. The kernel wants the memory for each to be zero, and only libseccomp knows its size. */
static bool
watch_one(int fd, void (*note)(void *arg, const struct fence_refusal *r), void *arg)
{
	struct seccomp_notif *asked = NULL;
	struct seccomp_notif_resp *answer = NULL;
	struct fence_refusal r;
	bool again = false;

	if (seccomp_notify_alloc(&asked, &answer) == 0 && seccomp_notify_receive(fd, asked) == 0) {
		r = (struct fence_refusal){asked->data.nr, is_later(asked->data.nr) ? ENOSYS : EPERM};
		note(arg, &r);
		answer->id = asked->id;
		answer->error = -r.sys;
		(void)seccomp_notify_respond(fd, answer); /* it may be gone */
		again = true;
	} else {
		again = errno == EINTR || errno == ENOENT; /* the asking thread was interrupted */
	}
	seccomp_notify_free(asked, answer);
	return again;
}

void
fence_watch(int fd, void (*note)(void *arg, const struct fence_refusal *r), void *arg)
{
	while (watch_one(fd, note, arg))
		;
	close(fd); /* calls that are refused from now on fail with ENOSYS instead of waiting */
}

void
fence_call_name(int call, char out[FENCE_CALL_NAME])
{
	char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), call);

	if (name != NULL)
		snprintf(out, FENCE_CALL_NAME, "%s", name);
	else
		snprintf(out, FENCE_CALL_NAME, "system call %d", call);
	free(name);
}

void
fence_reader(const int *fds, size_t count)
{
	static const struct fence_path system[] = {
		{"/proc/self", -1, FENCE_READ},
		{"/sys", -1, FENCE_READ},
		{"/etc/localtime", -1, FENCE_READ},
		{"/usr/share/zoneinfo", -1, FENCE_READ},
	};
	const size_t known = sizeof system / sizeof *system;
	struct fence_path *paths = calloc(known + count, sizeof *paths);
	struct fence_filter *filter = fence_filter_new(FENCE_READER);
	size_t n = known;

	if (paths != NULL) {
		memcpy(paths, system, sizeof system);
		for (size_t i = 0; i < count; i++)
			if (fds[i] >= 0)
				paths[n++] = (struct fence_path){NULL, fds[i], FENCE_READ};
		fence_paths(paths, n);
	}
	if (filter != NULL)
		fence_calls(filter);
	fence_filter_free(&filter);
	free(paths);
}
