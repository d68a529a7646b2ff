#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filestat.h"
#include "utf8.h"

#define TAIL 2000

int
tool_find(char out[TOOL_PATH_MAX], const char *dirs, const char *name)
{
	struct stat st;

	while (*dirs != '\0') {
		int n = (int)strcspn(dirs, ":");
		int length = snprintf(out, TOOL_PATH_MAX, "%.*s/%s", n, dirs, name);

		if (length > 0 && length < TOOL_PATH_MAX && filestat_path(out, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(out, X_OK) == 0)
			return 0;
		dirs += n;
		dirs += *dirs == ':';
	}
	out[0] = '\0';
	return -1;
}

/* A file in memory. Unlike with a pipe, neither its writer nor its reader ever has to wait. */
static int
memory_file(const char *text)
{
	int fd = memfd_create("tool", MFD_CLOEXEC);
	size_t n = text != NULL ? strlen(text) : 0;

	if (fd >= 0 && n > 0 && (write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
last_line(int fd, char said[TOOL_SAID])
{
	char text[TAIL + 1], *line = text;
	struct stat st;
	ssize_t n = 0;

	said[0] = '\0';
	if (filestat_fd(fd, &st) != 0 || (n = pread(fd, text, TAIL, st.st_size > TAIL ? st.st_size - TAIL : 0)) <= 0)
		return;
	while (n > 0 && strchr("\r\n ", text[n - 1]) != NULL)
		n--;
	text[n] = '\0';
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r')
			line = p + 1;
	line[utf8_whole(line, strnlen(line, TOOL_SAID - 1))] = '\0';
	utf8_no_controls(line);
	memcpy(said, line, strlen(line) + 1);
}

struct ends {
	int in, out, err;
};

static int
spawn(pid_t *pid, const char *const argv[], const struct ends *e, char *const *environment)
{
	posix_spawn_file_actions_t actions;
	int sys = posix_spawn_file_actions_init(&actions);

	if (sys != 0)
		return sys;
	if ((sys = posix_spawn_file_actions_adddup2(&actions, e->in, STDIN_FILENO)) == 0 &&
	    (sys = posix_spawn_file_actions_adddup2(&actions, e->out, STDOUT_FILENO)) == 0 &&
	    (sys = posix_spawn_file_actions_adddup2(&actions, e->err, STDERR_FILENO)) == 0)
		sys = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return sys;
}

/* Its exit status, or 128 and the signal. */
static int
wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int
tool_run(const char *const argv[], const char *input, char said[TOOL_SAID])
{
	char path[] = "PATH=" TOOL_DIRS, locale[] = "LC_ALL=C";
	char *environment[] = {path, locale, NULL};
	int in = memory_file(input), out = memory_file(NULL), status = -1, sys = 0;
	pid_t pid = -1;

	said[0] = '\0';
	if (in < 0 || out < 0)
		sys = errno;
	else if ((sys = spawn(&pid, argv, &(struct ends){in, out, out}, environment)) == 0)
		status = wait_for(pid);
	if (sys == 0)
		last_line(out, said);
	close_one(&in);
	close_one(&out);
	errno = sys;
	return status;
}

/* If a program stops reading, stop writing; its exit status will say why. */
static void
feed(int fd, struct bytes input)
{
	while (input.n > 0) {
		ssize_t n = write(fd, input.p, input.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		input.p += n;
		input.n -= (size_t)n;
	}
}

int
tool_feed(const char *const argv[], struct bytes input, int out, char said[TOOL_SAID])
{
	int in[2] = {-1, -1}, err = memory_file(NULL), status = -1, sys = 0;
	pid_t pid = -1;

	said[0] = '\0';
	if (err < 0 || pipe2(in, O_CLOEXEC) != 0)
		sys = errno;
	else if ((sys = spawn(&pid, argv, &(struct ends){in[0], out, err}, environ)) == 0) {
		close_one(&in[0]);
		feed(in[1], input);
		close_one(&in[1]);
		status = wait_for(pid);
		last_line(err, said);
	}
	close_one(&in[0]);
	close_one(&in[1]);
	close_one(&err);
	errno = sys;
	return status;
}
