/*
 * interrupted.h - every call that waits is interrupted once before it waits. These functions replace those of the C library.
 * Included once by a test.
 */
#ifndef INTERRUPTED_H
#define INTERRUPTED_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool interrupting;

/* Every other time. */
static bool
interrupted(_Atomic unsigned *calls)
{
	errno = EINTR;
	return interrupting && (*calls)++ % 2 == 0;
}

ssize_t
read(int fd, void *buf, size_t n)
{
	static _Atomic unsigned calls;
	ssize_t (*real)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");

	return interrupted(&calls) ? -1 : real(fd, buf, n);
}

ssize_t
recv(int fd, void *buf, size_t n, int flags)
{
	static _Atomic unsigned calls;
	ssize_t (*real)(int, void *, size_t, int) = (ssize_t(*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");

	return interrupted(&calls) ? -1 : real(fd, buf, n, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	static _Atomic unsigned calls;
	ssize_t (*real)(int, struct msghdr *, int) = (ssize_t(*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");

	return interrupted(&calls) ? -1 : real(fd, m, flags);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	static _Atomic unsigned calls;
	pid_t (*real)(pid_t, int *, int) = (pid_t(*)(pid_t, int *, int))dlsym(RTLD_NEXT, "waitpid");

	return (options & WNOHANG) == 0 && interrupted(&calls) ? -1 : real(pid, status, options);
}

#endif
