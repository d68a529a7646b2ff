/*
 * leaks.h - checks that no descriptor and no memory is kept, in tests of calls that are made over and over.
 *
 * What is made once and kept forever (a library's tables) is not a leak, so make each call once before you count. If the allocator
 * is not the C library's, memory is not counted: that is the case with sanitizers and valgrind, which find leaks themselves.
 */
#ifndef LEAKS_H
#define LEAKS_H

#include <dirent.h>
#include <malloc.h>
#include <stdlib.h>

#include <check.h>

static inline unsigned
leaks_open(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static inline size_t
leaks_bytes(void)
{
	const struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* What the allocator keeps at hand counts as used, and varies; a leak grows every time. */
#define LEAKS_NOTHING(call) do { \
	unsigned leaks_fds_; \
	size_t leaks_bytes_ = 0; \
	int leaks_rounds_ = 0; \
\
	call; \
	leaks_fds_ = leaks_open(); \
	do { \
		leaks_bytes_ = leaks_bytes(); \
		for (int leaks_i_ = 0; leaks_i_ < 4; leaks_i_++) { \
			call; \
		} \
		ck_assert_uint_eq(leaks_open(), leaks_fds_); \
	} while (leaks_bytes() > leaks_bytes_ && ++leaks_rounds_ < 10); \
	ck_assert_msg(leaks_rounds_ < 10, "memory is kept"); \
} while (0)

#endif
