#include "reveal.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <unistd.h>

/* Run it in a session of its own, with the null device as its terminal, and with signals as programs expect them. */
int
reveal_folder(const char *path)
{
	const char *const argv[] = {"xdg-open", path, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t usual, none;
	pid_t pid = -1;
	int sys;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	if ((sys = posix_spawn_file_actions_init(&actions)) != 0)
		return sys;
	if ((sys = posix_spawnattr_init(&attr)) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return sys;
	}
	if ((sys = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0)) == 0 &&
	    (sys = posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO)) == 0 &&
	    (sys = posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO)) == 0 &&
	    (sys = posix_spawnattr_setsigdefault(&attr, &usual)) == 0 && (sys = posix_spawnattr_setsigmask(&attr, &none)) == 0 &&
	    (sys = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)) == 0)
		sys = posix_spawnp(&pid, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return sys;
}
