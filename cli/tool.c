#include "tool.h"

#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

#define TAIL 2000

int
tool_find(char out[TOOL_PATH_MAX], const char *dirs, const char *name)
{
	struct stat st;

	while (*dirs != '\0') {
		int n = (int)strcspn(dirs, ":");
		int length = snprintf(out, TOOL_PATH_MAX, "%.*s/%s", n, dirs, name);

		if (length > 0 && length < TOOL_PATH_MAX && stat(out, &st) == 0 && S_ISREG(st.st_mode) && access(out, X_OK) == 0)
			return 0;
		dirs += n;
		dirs += *dirs == ':';
	}
	out[0] = '\0';
	return -1;
}

/* A file in memory: whoever writes to it or reads from it never has to wait, as with a pipe. */
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
	if (fstat(fd, &st) != 0 || (n = pread(fd, text, TAIL, st.st_size > TAIL ? st.st_size - TAIL : 0)) <= 0)
		return;
	while (n > 0 && strchr("\r\n ", text[n - 1]) != NULL)
		n--;
	text[n] = '\0';
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r')
			line = p + 1;
	say_safe(said, TOOL_SAID, line);
}

static int
spawn(pid_t *pid, const char *const argv[], int in, int out)
{
	char path[] = "PATH=" TOOL_DIRS, locale[] = "LC_ALL=C";
	char *environment[] = {path, locale, NULL};
	posix_spawn_file_actions_t actions;
	int sys = posix_spawn_file_actions_init(&actions);

	if (sys != 0)
		return sys;
	if ((sys = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO)) == 0 &&
	    (sys = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO)) == 0 &&
	    (sys = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO)) == 0)
		sys = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return sys;
}

int
tool_run(const char *const argv[], const char *input, char said[TOOL_SAID])
{
	int in = memory_file(input), out = memory_file(NULL), status = -1, sys = 0;
	pid_t pid = -1;

	said[0] = '\0';
	if (in < 0 || out < 0)
		sys = errno;
	else if ((sys = spawn(&pid, argv, in, out)) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
	if (sys == 0) {
		last_line(out, said);
		status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	errno = sys;
	return sys == 0 ? status : -1;
}
