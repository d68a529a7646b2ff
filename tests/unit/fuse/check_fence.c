#include "fence.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

/* What is to be given back, and whether it was. */
static void *lent;
static bool given_back;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	given_back = given_back || (p != NULL && p == lent);
	__real_free(p);
}

static char dir[64];

static void
make_files(void)
{
	char path[96];

	strcpy(dir, "/tmp/once-fence.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (const char *const *d = (const char *const[]){"in", "out", "kept", NULL}; *d != NULL; d++) {
		snprintf(path, sizeof path, "%s/%s", dir, *d);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		snprintf(path, sizeof path, "%s/%s/file", dir, *d);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
}

static void
remove_files(void)
{
	char command[96];

	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Open a file below dir; 0, or the errno. */
static int
try_open(const char *name, int flags)
{
	char path[96];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Fence this test's process in. False where the kernel has no Landlock. */
static bool
fenced(void)
{
	char in[96], kept[96];

	snprintf(in, sizeof in, "%s/in", dir);
	snprintf(kept, sizeof kept, "%s/kept", dir);
	const struct fence_path paths[] = {{in, -1, FENCE_WRITE}, {kept, -1, FENCE_MAKE}, {"/no/such/place", -1, FENCE_MAKE}};

	if (fence_paths(paths, sizeof paths / sizeof *paths) == 0)
		return true;
	ck_assert(errno == ENOSYS || errno == EOPNOTSUPP);
	return false;
}

START_TEST(files_outside_cannot_be_opened)
{
	if (!fenced())
		return;
	ck_assert_int_eq(try_open("out/file", O_RDONLY), EACCES);
	ck_assert_int_eq(try_open("out/file", O_WRONLY), EACCES);
	ck_assert_int_eq(try_open("out", O_RDONLY | O_DIRECTORY), EACCES);
	ck_assert_int_eq(try_open("out/new", O_WRONLY | O_CREAT), EACCES);
}
END_TEST

START_TEST(files_inside_can_be_used_as_far_as_named)
{
	if (!fenced())
		return;
	ck_assert_int_eq(try_open("in/file", O_RDWR), 0);
	ck_assert_int_eq(try_open("in/new", O_WRONLY | O_CREAT), EACCES);
	ck_assert_int_eq(try_open("kept/new", O_WRONLY | O_CREAT), 0);
	ck_assert_int_eq(try_open("kept/new", O_RDONLY), 0);
}
END_TEST

/* To allow a file takes no right to read it. */
START_TEST(what_may_only_be_written_can_be_allowed)
{
	char path[96];
	const struct fence_path only = {path, -1, FENCE_WRITE};

	snprintf(path, sizeof path, "%s/kept/only", dir);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_eq(chmod(path, 0200), 0);
	if (geteuid() == 0) {
		ck_assert(chown(path, 65534, 65534) == 0 && chown(dir, 65534, 65534) == 0);
		snprintf(path, sizeof path, "%s/kept", dir);
		ck_assert_int_eq(chown(path, 65534, 65534), 0);
		snprintf(path, sizeof path, "%s/kept/only", dir);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	if (fence_paths(&only, 1) != 0) {
		ck_assert(errno == ENOSYS || errno == EOPNOTSUPP);
		return;
	}
	ck_assert_int_eq(try_open("kept/only", O_WRONLY), 0);
	ck_assert_int_eq(try_open("kept/only", O_RDONLY), EACCES);
	ck_assert_int_eq(try_open("kept/file", O_WRONLY), EACCES);
}
END_TEST

START_TEST(a_fence_holds_for_a_directory_that_was_opened_before)
{
	char out[96];
	int fd;

	snprintf(out, sizeof out, "%s/out", dir);
	fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!fenced())
		return;
	ck_assert_int_lt(openat(fd, "file", O_RDONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

START_TEST(a_directory_that_may_be_listed_gives_no_file_away)
{
	const struct fence_path paths[] = {
	    {dir, -1, FENCE_LIST}, {"kept", open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), FENCE_CLEAN}};
	char path[96];

	if (fence_paths(paths, sizeof paths / sizeof *paths) != 0) {
		ck_assert(errno == ENOSYS || errno == EOPNOTSUPP);
		return;
	}
	ck_assert_int_eq(try_open("out", O_RDONLY | O_DIRECTORY), 0);
	ck_assert_int_eq(try_open("out/file", O_RDONLY), EACCES);
	ck_assert_int_eq(try_open("out/file", O_WRONLY), EACCES);
	ck_assert_int_eq(try_open("out/new", O_WRONLY | O_CREAT), EACCES);
	ck_assert_int_eq(try_open("kept/file", O_RDONLY), 0);
	ck_assert_int_eq(try_open("kept/file", O_WRONLY), EACCES);
	snprintf(path, sizeof path, "%s/out/file", dir);
	ck_assert_int_eq(unlink(path), -1);
	snprintf(path, sizeof path, "%s/kept/file", dir);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/*
 * Check asks for a timer after each test to know which clock it has, and behind the fence there is none: what is fenced in is a
 * child of the test's process, which has to come to its end. True in the child.
 */
static bool
in_child(void)
{
	int status = -1;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		return true;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 7 << 8);
	return false;
}

static _Noreturn void
come_to_its_end(void)
{
	_exit(7);
}

static int
calls_fenced(enum fence_work work)
{
	struct fence_filter *filter = fence_filter_new(work);
	int r;

	ck_assert_ptr_nonnull(filter);
	r = fence_calls(filter);
	fence_filter_free(&filter);
	return r;
}

START_TEST(no_program_can_be_started)
{
	char *argv[] = {(char[]){"true"}, NULL};

	if (!in_child())
		return;
	ck_assert_int_eq(calls_fenced((enum fence_work)_i), 0);
	ck_assert_int_eq(execv("/bin/true", argv), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fork(), -1);
	ck_assert_int_eq(errno, EPERM);
	come_to_its_end();
}
END_TEST

/* The first and the last that count as later; 403 to 624, where numbers are the same on all processors. */
static void
assert_later(void)
{
	const long first = SYS_pidfd_send_signal - 21, end = first + 222;

	ck_assert_int_eq((int)syscall(end - 1, 0L), -1);
	ck_assert_int_eq(errno, ENOSYS);
	ck_assert_int_eq((int)syscall(end, 0L), -1);
	ck_assert_int_eq(errno, EPERM);
#ifdef __x86_64__ /* which has no call there, nor before it */
	ck_assert_int_eq((int)syscall(first, 0L), -1);
	ck_assert_int_eq(errno, ENOSYS);
	ck_assert_int_eq((int)syscall(first - 1, 0L), -1);
	ck_assert_int_eq(errno, EPERM);
#endif
}

/* As from a kernel that does not have it: whoever asks takes what came before it. */
START_TEST(what_came_to_linux_later_is_not_there)
{
	if (!in_child())
		return;
	ck_assert_int_eq(calls_fenced((enum fence_work)_i), 0);
	ck_assert_int_eq((int)syscall(SYS_clone3, NULL, 0L), -1);
	ck_assert_int_eq(errno, ENOSYS);
	ck_assert_int_eq((int)syscall(SYS_openat2, -1, "", NULL, 0L), -1);
	ck_assert_int_eq(errno, ENOSYS);
	ck_assert_int_eq((int)syscall(SYS_pidfd_send_signal + 150, 0L), -1);
	ck_assert_int_eq(errno, ENOSYS);
	ck_assert_int_eq((int)syscall(SYS_preadv2, -1, NULL, 0L, 0L, 0L, 0L), -1);
	ck_assert_int_eq(errno, ENOSYS);
	assert_later();
	/* But these are. */
	ck_assert_int_eq((int)syscall(SYS_faccessat2, AT_FDCWD, "/", F_OK, 0), 0);
	ck_assert_int_eq((int)syscall(SYS_close_range, 900u, 901u, 0u), 0);
	come_to_its_end();
}
END_TEST

static void
note_call(void *arg, const struct fence_refusal *r)
{
	struct fence_refusal *first = arg;

	if (first->sys == 0)
		*first = *r;
}

START_TEST(watching_ends_where_nothing_is_told)
{
	int fd = open("/dev/null", O_RDONLY);

	fence_watch(fd, note_call, NULL);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	LEAKS_NOTHING(fence_watch(open("/dev/null", O_RDONLY), note_call, NULL));
}
END_TEST

static _Atomic int listener = -1;

static void *
watch_calls(void *arg)
{
	while (listener < 0)
		usleep(100);
	fence_watch(listener, note_call, arg);
	return NULL;
}

START_TEST(who_asks_is_told_what_is_refused)
{
	struct fence_refusal first = {0};
	struct fence_filter *filter = fence_filter_new(FENCE_SESSION);
	char name[FENCE_CALL_NAME];
	pthread_t t;

	if (!in_child())
		return;
	ck_assert_ptr_nonnull(filter);
	ck_assert_int_eq(pthread_create(&t, NULL, watch_calls, &first), 0);
	listener = fence_calls_told(filter);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(first.sys, EPERM);
	fence_call_name(first.call, name);
	ck_assert_msg(strcmp(name, "socket") == 0 || strcmp(name, "socketcall") == 0, "%s", name); /* the latter on i386 */
	ck_assert_int_eq((int)syscall(SYS_clone3, NULL, 0L), -1);
	ck_assert_int_eq(errno, ENOSYS);
	fence_call_name(9999, name);
	ck_assert_str_eq(name, "system call 9999");
	assert_later();
	come_to_its_end();
}
END_TEST

START_TEST(the_network_cannot_be_reached)
{
	if (!in_child())
		return;
	ck_assert_int_eq(calls_fenced((enum fence_work)_i), 0);
	ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(socket(AF_UNIX, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	come_to_its_end();
}
END_TEST

START_TEST(nothing_can_be_mounted_and_nobody_traced)
{
	if (!in_child())
		return;
	ck_assert_int_eq(calls_fenced((enum fence_work)_i), 0);
	ck_assert_int_eq(mount("none", "/mnt", "tmpfs", 0, NULL), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL), -1);
	ck_assert_int_eq(errno, EPERM);
	come_to_its_end();
}
END_TEST

#define WORKS (FENCE_MINDER + 1)

/* hostile 84 */
START_TEST(no_signal_can_be_sent_through_a_descriptor)
{
	int sv[2];

	if (!in_child())
		return;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	ck_assert_int_eq(calls_fenced((enum fence_work)_i), 0);
	ck_assert_int_eq(fcntl(sv[0], F_SETOWN, getppid()), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(sv[0], F_SETSIG, SIGKILL), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(sv[0], F_SETFL, O_ASYNC), -1);
	ck_assert_int_eq(errno, EPERM);
#if LONG_MAX > INT32_MAX
	/* The kernel takes the lower half of the command. */
	ck_assert_int_eq((int)syscall(SYS_fcntl, (long)sv[0], 0x700000000L | F_SETOWN, (long)getppid()), -1);
	ck_assert_int_eq(errno, EPERM);
#endif
	ck_assert_int_eq(kill(getppid(), SIGTERM), -1);
	ck_assert_int_eq(errno, EPERM);
	come_to_its_end();
}
END_TEST

/* hostile 84 */
START_TEST(nobody_elses_limits_can_be_lowered)
{
	const struct rlimit none = {0, 0};
	struct rlimit own;

	if (!in_child())
		return;
	ck_assert_int_eq(calls_fenced((enum fence_work)_i), 0);
	ck_assert_int_eq(prlimit(getppid(), RLIMIT_CPU, &none, NULL), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(prlimit(getppid(), RLIMIT_CPU, NULL, &own), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &own), 0);
	come_to_its_end();
}
END_TEST

START_TEST(descriptors_can_be_copied_and_files_locked)
{
	struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	char path[96];
	int fd;

	if (!in_child())
		return;
	snprintf(path, sizeof path, "%s/in/file", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(calls_fenced((enum fence_work)_i), 0);
	ck_assert_int_gt(fcntl(fd, F_DUPFD_CLOEXEC, 20), 19);
	ck_assert_int_eq(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	ck_assert_int_eq(fcntl(fd, F_SETLK, &whole), 0);
	ck_assert_int_eq(fcntl(fd, F_GETLK, &whole), 0);
	come_to_its_end();
}
END_TEST

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int socket_errno = -1;

static void *
ask_for_socket(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	socket_errno = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
	return NULL;
}

START_TEST(threads_that_run_already_are_fenced_in_too)
{
	pthread_t t;

	if (!in_child())
		return;
	pthread_mutex_lock(&lock);
	ck_assert_int_eq(pthread_create(&t, NULL, ask_for_socket, NULL), 0);
	ck_assert_int_eq(calls_fenced(FENCE_SESSION), 0);
	pthread_mutex_unlock(&lock);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_int_eq(socket_errno, EPERM);
	come_to_its_end();
}
END_TEST

START_TEST(new_threads_can_be_started_and_are_fenced_in)
{
	pthread_t t;

	if (!in_child())
		return;
	ck_assert_int_eq(calls_fenced(FENCE_READER), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, ask_for_socket, NULL), 0);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_int_eq(socket_errno, EPERM);
	come_to_its_end();
}
END_TEST

START_TEST(what_is_asked_for_wrongly_fails)
{
	const struct fence_path closed = {NULL, 900, FENCE_READ}, nothing = {NULL, -1, FENCE_READ};
	char out[96];
	int fd, r;

	snprintf(out, sizeof out, "%s/out", dir);
	if (!in_child())
		return;
	ck_assert_int_ge(fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	r = fence_paths(&closed, 1);
	ck_assert_int_eq(r, -1);
	ck_assert(errno == EBADF || errno == ENOSYS || errno == EOPNOTSUPP);
	ck_assert_int_eq(try_open("out/file", O_RDONLY), 0); /* and nothing is fenced in */
	if (errno != EBADF)
		come_to_its_end();
	ck_assert_int_eq(fence_paths(&nothing, 1), 0);
	ck_assert_int_eq(try_open("out/file", O_RDONLY), EACCES);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	come_to_its_end();
}
END_TEST

/* A descriptor that is given stays open, whether it is itself allowed or something below it; what was opened on the way does not.
 */
START_TEST(descriptors_are_the_caller_s)
{
	struct fence_path paths[3];
	unsigned before;
	char in[96];
	int fd;

	snprintf(in, sizeof in, "%s/in", dir);
	ck_assert_int_eq(try_open("kept/file", O_WRONLY | O_CREAT), 0);
	if (!in_child())
		return;
	ck_assert_int_ge(fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), 0);
	paths[0] = (struct fence_path){NULL, open(in, O_PATH | O_DIRECTORY | O_CLOEXEC), FENCE_READ};
	paths[1] = (struct fence_path){"kept", fd, FENCE_WRITE};
	paths[2] = (struct fence_path){"/proc", -1, FENCE_READ};
	close(0); /* what is opened has any number */
	before = leaks_open();
	if (fence_paths(paths, 3) != 0)
		come_to_its_end();
	ck_assert_uint_eq(leaks_open(), before);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	ck_assert_int_ge(fcntl(paths[0].fd, F_GETFD), 0);
	ck_assert_int_eq(try_open("in/file", O_RDONLY), 0);
	ck_assert_int_eq(try_open("in/file", O_WRONLY), EACCES);
	ck_assert_int_eq(try_open("kept/file", O_WRONLY), 0);
	ck_assert_int_eq(try_open("kept/newer", O_WRONLY | O_CREAT), EACCES);
	come_to_its_end();
}
END_TEST

START_TEST(making_a_filter_leaves_nothing_open)
{
	struct fence_filter *filter = NULL;
	unsigned before;

	close(0); /* what is opened has any number */
	before = leaks_open();
	ck_assert_ptr_nonnull(filter = fence_filter_new((enum fence_work)_i));
	ck_assert_uint_eq(leaks_open(), before);
	ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
	lent = filter;
	given_back = false;
	fence_filter_free(&filter);
	ck_assert_ptr_null(filter);
	ck_assert(given_back);
	fence_filter_free(&filter);
}
END_TEST

START_TEST(names_of_calls_are_not_kept)
{
	char name[FENCE_CALL_NAME];

	LEAKS_NOTHING(fence_call_name(SYS_read, name); ck_assert_str_eq(name, "read"));
}
END_TEST

START_TEST(a_filter_is_put_on_with_nothing_left_over)
{
	struct fence_filter *filter = fence_filter_new(FENCE_MINDER);
	unsigned before;

	if (!in_child())
		return;
	before = leaks_open();
	ck_assert_int_eq(fence_calls(filter), 0);
	ck_assert_uint_eq(leaks_open(), before);
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || errno == EPERM, 1);
	come_to_its_end();
}
END_TEST

START_TEST(a_reader_reads_what_it_is_given)
{
	char in[96];
	int fds[2] = {-1, -1};

	snprintf(in, sizeof in, "%s/in", dir);
	if (!in_child())
		return;
	ck_assert_int_ge(fds[1] = open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	fence_reader(fds, 2);
	ck_assert_int_eq(try_open("in/file", O_RDONLY), 0);
	ck_assert_int_eq(access("/proc/self/status", R_OK), 0);
	ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	if (syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1u) > 0 || errno == EPERM) {
		int e = try_open("out/file", O_RDONLY);

		ck_assert(e == EACCES || e == 0); /* 0: a kernel without Landlock */
		ck_assert_int_eq(try_open("in/file", O_WRONLY), e);
	}
	come_to_its_end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fence");
	TCase *tc = tcase_create("all");

	tcase_add_unchecked_fixture(tc, make_files, remove_files);
	tcase_add_test(tc, files_outside_cannot_be_opened);
	tcase_add_test(tc, files_inside_can_be_used_as_far_as_named);
	tcase_add_test(tc, what_may_only_be_written_can_be_allowed);
	tcase_add_test(tc, a_fence_holds_for_a_directory_that_was_opened_before);
	tcase_add_test(tc, a_directory_that_may_be_listed_gives_no_file_away);
	tcase_add_loop_test(tc, no_program_can_be_started, 0, WORKS);
	tcase_add_loop_test(tc, what_came_to_linux_later_is_not_there, 0, WORKS);
	tcase_add_test(tc, who_asks_is_told_what_is_refused);
	tcase_add_test(tc, watching_ends_where_nothing_is_told);
	tcase_add_loop_test(tc, the_network_cannot_be_reached, 0, WORKS);
	tcase_add_loop_test(tc, nothing_can_be_mounted_and_nobody_traced, 0, WORKS);
	tcase_add_loop_test(tc, no_signal_can_be_sent_through_a_descriptor, 0, WORKS);
	tcase_add_loop_test(tc, nobody_elses_limits_can_be_lowered, 0, WORKS);
	tcase_add_loop_test(tc, descriptors_can_be_copied_and_files_locked, 0, WORKS);
	tcase_add_test(tc, threads_that_run_already_are_fenced_in_too);
	tcase_add_test(tc, new_threads_can_be_started_and_are_fenced_in);
	tcase_add_test(tc, what_is_asked_for_wrongly_fails);
	tcase_add_test(tc, descriptors_are_the_caller_s);
	tcase_add_loop_test(tc, making_a_filter_leaves_nothing_open, 0, WORKS);
	tcase_add_test(tc, names_of_calls_are_not_kept);
	tcase_add_test(tc, a_filter_is_put_on_with_nothing_left_over);
	tcase_add_test(tc, a_reader_reads_what_it_is_given);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
