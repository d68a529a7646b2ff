/*
 * secret.c - guarded memory.
 */
#include "secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

void *
secret_new(size_t n)
{
	void *p = sodium_malloc(n);

	if (p != NULL)
		sodium_memzero(p, n);
	return p;
}

void
secret_free(void *p)
{
	void *held, *none = NULL;

	/* Copied, not cast: the caller's pointer has a type of its own, and *(void **)p would alias it. */
	memcpy(&held, p, sizeof held);
	sodium_free(held);
	memcpy(p, &none, sizeof none);
}

int
secret_lockable(size_t n)
{
	void *p;
	int locked;

	if (n == 0)
		return 1;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 0;
	locked = mlock(p, n) == 0;
	munmap(p, n);
	return locked;
}

int
secret_harden_process(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return -1;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
