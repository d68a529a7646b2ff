#include "fence.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
		close(open(path, O_WRONLY | O_CREAT, 0600));
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
	fd = open(path, flags, 0600);
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

START_TEST(a_fence_holds_for_a_directory_that_was_opened_before)
{
	char out[96];
	int fd;

	snprintf(out, sizeof out, "%s/out", dir);
	fd = open(out, O_RDONLY | O_DIRECTORY);
	if (!fenced())
		return;
	ck_assert_int_lt(openat(fd, "file", O_RDONLY), 0);
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

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

	ck_assert_int_eq(calls_fenced(_i == 0 ? FENCE_READER : FENCE_SESSION), 0);
	ck_assert_int_eq(execv("/bin/true", argv), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fork(), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(the_network_cannot_be_reached)
{
	ck_assert_int_eq(calls_fenced(_i == 0 ? FENCE_READER : FENCE_SESSION), 0);
	ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(socket(AF_UNIX, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

START_TEST(nothing_can_be_mounted_and_nobody_traced)
{
	ck_assert_int_eq(calls_fenced(_i == 0 ? FENCE_READER : FENCE_SESSION), 0);
	ck_assert_int_eq(mount("none", "/mnt", "tmpfs", 0, NULL), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL), -1);
	ck_assert_int_eq(errno, EPERM);
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

	pthread_mutex_lock(&lock);
	ck_assert_int_eq(pthread_create(&t, NULL, ask_for_socket, NULL), 0);
	ck_assert_int_eq(calls_fenced(FENCE_SESSION), 0);
	pthread_mutex_unlock(&lock);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_int_eq(socket_errno, EPERM);
}
END_TEST

START_TEST(new_threads_can_be_started_and_are_fenced_in)
{
	pthread_t t;

	ck_assert_int_eq(calls_fenced(FENCE_READER), 0);
	ck_assert_int_eq(pthread_create(&t, NULL, ask_for_socket, NULL), 0);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	ck_assert_int_eq(socket_errno, EPERM);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fence");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_unchecked_fixture(tc, make_files, remove_files);
	tcase_add_test(tc, files_outside_cannot_be_opened);
	tcase_add_test(tc, files_inside_can_be_used_as_far_as_named);
	tcase_add_test(tc, a_fence_holds_for_a_directory_that_was_opened_before);
	tcase_add_loop_test(tc, no_program_can_be_started, 0, 2);
	tcase_add_loop_test(tc, the_network_cannot_be_reached, 0, 2);
	tcase_add_loop_test(tc, nothing_can_be_mounted_and_nobody_traced, 0, 2);
	tcase_add_test(tc, threads_that_run_already_are_fenced_in_too);
	tcase_add_test(tc, new_threads_can_be_started_and_are_fenced_in);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
