/*
 * calls.h - system calls by number that differ between architectures, for tests that replace functions of the C library.
 */
#ifndef CALLS_H
#define CALLS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * pread64 has its offset in two registers where registers have 32 bits, and not everywhere in the same two; preadv has both halves
 * everywhere. Where one register is enough pread64 itself is used: a process behind a fence may make no other call.
 */
static inline ssize_t
call_pread(int fd, void *buf, size_t n, off_t off)
{
#if __SIZEOF_LONG__ == 8
	return syscall(SYS_pread64, fd, buf, n, off);
#else
	const struct iovec part = {buf, n};

	return syscall(SYS_preadv, fd, &part, 1ul, (unsigned long)off, (unsigned long)((uint64_t)off >> 32));
#endif
}

static inline ssize_t
call_pwrite(int fd, const void *buf, size_t n, off_t off)
{
#if __SIZEOF_LONG__ == 8
	return syscall(SYS_pwrite64, fd, buf, n, off);
#else
	const struct iovec part = {(void *)(uintptr_t)buf, n};

	return syscall(SYS_pwritev, fd, &part, 1ul, (unsigned long)off, (unsigned long)((uint64_t)off >> 32));
#endif
}

/* No test has a file for which 32 bits are too few. */
static inline int
call_ftruncate(int fd, off_t n)
{
	if (n != (off_t)(long)n) {
		errno = EFBIG;
		return -1;
	}
	return (int)syscall(SYS_ftruncate, fd, (long)n);
}

static inline void *
call_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
#if defined SYS_mmap2
	return (void *)syscall(SYS_mmap2, at, n, prot, flags, fd, (long)(off / 4096));
#elif defined __s390x__
	unsigned long all[] = {
	    (unsigned long)at, n, (unsigned long)prot, (unsigned long)flags, (unsigned long)fd, (unsigned long)off};

	return (void *)syscall(SYS_mmap, all);
#else
	return (void *)syscall(SYS_mmap, at, n, prot, flags, fd, off);
#endif
}

#endif
