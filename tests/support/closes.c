/*
 * closes.c - why something failed is known before it is cleaned up.
 *
 * This is linked into every unit test, in front of the C library's functions of these names (--wrap, configure.ac), for our own
 * code. A call that succeeds may leave anything in errno, and here it does: what was not kept over a close is told wrongly, in each
 * test that looks at it.
 *
 * Weak: a test that wraps one of them itself has its own.
 */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

/* With --wrap a linker takes the calls of shared libraries, too, for references to what is here. */
#pragma GCC visibility push(default)
#define WEAK __attribute__((weak))
#define OTHER ENOTNAM /* nobody fails with it */

int __real_close(int fd);
int __real_closedir(DIR *dir);
int __real_unlinkat(int dir_fd, const char *path, int flags);
WEAK int __wrap_close(int fd);
WEAK int __wrap_closedir(DIR *dir);
WEAK int __wrap_unlinkat(int dir_fd, const char *path, int flags);

static int
blur(int result)
{
	if (result == 0)
		errno = OTHER;
	return result;
}

int
__wrap_close(int fd)
{
	return blur(__real_close(fd));
}

int
__wrap_closedir(DIR *dir)
{
	return blur(__real_closedir(dir));
}

int
__wrap_unlinkat(int dir_fd, const char *path, int flags)
{
	return blur(__real_unlinkat(dir_fd, path, flags));
}
