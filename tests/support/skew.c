/*
 * skew.c - for LD_PRELOAD: the clock of the day is ahead by as many seconds as the file $ONCE_SKEW says, also while a program runs.
 *
 * The file holds an int64_t in the machine's order. It is mapped when the program starts, so that a process which may not open
 * files any more sees it change. CLOCK_MONOTONIC and CLOCK_BOOTTIME are left alone, as by a person who sets the clock.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(default)

static const volatile int64_t *skew;

__attribute__((constructor)) static void
begin(void)
{
	const char *name = getenv("ONCE_SKEW");
	int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd >= 0 ? mmap(NULL, sizeof *skew, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (p != MAP_FAILED)
		skew = p;
	if (fd >= 0)
		(void)close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int (*real)(clockid_t, struct timespec *) = NULL;
	void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
	int ret;

	memcpy(&real, &symbol, sizeof real);
	ret = real(id, t);
	if (ret == 0 && id == CLOCK_REALTIME && skew != NULL)
		t->tv_sec += (time_t)*skew;
	return ret;
}

time_t
time(time_t *out)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}
