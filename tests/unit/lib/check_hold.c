/*
 * check_hold.c - who holds a stick's records keeps others away, waits for them for a while, and gives everything back.
 *
 * Nothing here waits: nanosleep is counted, and lets go of what the other holds when it is time.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "calls.h"
#include "dropped.h"
#include "fixture.h"
#include "hold.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g, second;
static struct stick *s;
static struct fault f;
static int refusal;             /* what flock says, so many times */
static unsigned refusals;
static unsigned slept, asked;
static unsigned until;          /* at this pause the other lets go */
static int other = -1;          /* its descriptor */
static char replaced[64];       /* this file becomes another one before it is locked, once */
static bool gone;               /* nothing can be read */
static bool from_memory;        /* the last read was of what nobody had dropped */

__attribute__((visibility("default"))) int
nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)left;
	ck_assert(pause->tv_sec == 0 && pause->tv_nsec == 50000000);
	if (++slept == until) {
		close(other);
		other = -1;
	}
	return 0;
}

__attribute__((visibility("default"))) int
flock(int fd, int how)
{
	asked++;
	if (replaced[0] != '\0') {
		fixture_put(&x, "new", "other", 5);
		ck_assert_int_eq(renameat(s->once_fd, "new", s->once_fd, replaced), 0);
		replaced[0] = '\0';
	}
	if (refusals > 0) {
		refusals--;
		errno = refusal;
		return -1;
	}
	return (int)syscall(SYS_flock, fd, how);
}

__attribute__((visibility("default"))) ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	from_memory = !was_dropped(fd, off, n);
	if (gone) {
		errno = EIO;
		return -1;
	}
	return call_pread(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off_t off) __attribute__((alias("pread"), visibility("default")));
#endif

static unsigned
descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* The records of a grant, or with NULL the whole, opened by somebody else. */
static int
open_other(const struct fixture_grant *of)
{
	char name[64] = ".";
	int fd = -1;

	if (of != NULL)
		fixture_lock_name(name, &of->g, 0);
	fd = openat(s->once_fd, name, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static bool
is_held(const struct fixture_grant *of)
{
	int fd = open_other(of);
	bool held = syscall(SYS_flock, fd, LOCK_EX | LOCK_NB) != 0;

	close(fd);
	return held;
}

/* Somebody holds it, until that pause. */
static void
hold_other(const struct fixture_grant *of, unsigned pause)
{
	other = open_other(of);
	ck_assert_int_eq((int)syscall(SYS_flock, other, LOCK_EX | LOCK_NB), 0);
	until = pause;
}

static void
setup(void)
{
	memset(&f, 0, sizeof f);
	refusals = slept = until = 0;
	replaced[0] = '\0';
	gone = false;
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_grant(&x, &second, fixture_policy(), 0, NULL);
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	asked = 0;
}

static void
teardown(void)
{
	stick_close(&s);
	fixture_grant_free(&g);
	fixture_grant_free(&second);
	fixture_close(&x);
}

static enum err
hold_all(struct hold **h)
{
	struct stick_grants grants = {0};
	enum err err;

	ck_assert_int_eq(stick_load_grants(s, &grants, &f), E_OK);
	err = hold_stick(h, s, &grants, &f);
	stick_grants_free(&grants);
	return err;
}

START_TEST(one_grant_is_held_and_no_other)
{
	unsigned before = descriptors();
	struct hold *h = NULL;

	ck_assert_int_eq(hold_grant(&h, s, g.g.id, &f), E_OK);
	ck_assert(is_held(&g) && !is_held(&second) && !is_held(NULL));
	ck_assert(hold_readable(h) && !from_memory);
	gone = true;
	ck_assert(!hold_readable(h));
	hold_release(&h);
	ck_assert_ptr_null(h);
	hold_release(&h);
	ck_assert(!is_held(&g));
	ck_assert_uint_eq(descriptors(), before);
	ck_assert_uint_eq(slept, 0);
}
END_TEST

START_TEST(the_whole_stick_is_held_with_each_grant)
{
	unsigned before = descriptors();
	struct hold *h = NULL;

	ck_assert_int_eq(hold_all(&h), E_OK);
	ck_assert(is_held(&g) && is_held(&second) && is_held(NULL));
	hold_release(&h);
	ck_assert(!is_held(&g) && !is_held(&second) && !is_held(NULL));
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(who_comes_second_waits_and_then_has_it)
{
	struct hold *h = NULL;

	hold_other(&g, 100);
	ck_assert_int_eq(hold_grant(&h, s, g.g.id, &f), E_OK);
	ck_assert_uint_eq(slept, 100);
	ck_assert(is_held(&g));
	hold_release(&h);
}
END_TEST

START_TEST(who_waits_for_five_seconds_is_told)
{
	unsigned before = descriptors();
	struct hold *h = NULL;

	hold_other(&g, 0);
	ck_assert_int_eq(hold_grant(&h, s, g.g.id, &f), E_STICK_BUSY);
	ck_assert_ptr_null(h);
	ck_assert_int_eq(f.err, E_STICK_BUSY);
	ck_assert_str_eq(f.object, STICK_LOCK_A);
	ck_assert_uint_eq(slept, 100);
	/* The whole stick has one such time, not one for each grant; and what was had is given back. */
	slept = 0;
	ck_assert_int_eq(hold_all(&h), E_STICK_BUSY);
	ck_assert_ptr_null(h);
	ck_assert_uint_eq(slept, 100);
	ck_assert(!is_held(&second) && !is_held(NULL));
	close(other);
	memset(&f, 0, sizeof f);
	hold_other(NULL, 0);
	ck_assert_int_eq(hold_all(&h), E_STICK_BUSY);
	ck_assert_str_eq(f.object, STICK_ONCE);
	ck_assert(!is_held(&g) && !is_held(&second));
	close(other);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(waiting_for_one_grant_after_another_has_one_end)
{
	struct hold *h = NULL;
	int first = -1;

	hold_other(&g, 0);
	first = other;
	hold_other(&second, 60);
	if (memcmp(second.g.id, g.g.id, ID_SIZE) > 0) { /* the lower one is the one that comes free */
		int swap = other;

		other = first, first = swap;
	}
	ck_assert_int_eq(hold_all(&h), E_STICK_BUSY);
	ck_assert_uint_eq(slept, 100);
	close(first);
}
END_TEST

START_TEST(a_signal_is_no_refusal)
{
	struct hold *h = NULL;

	refusal = EINTR, refusals = 3;
	ck_assert_int_eq(hold_grant(&h, s, g.g.id, &f), E_OK);
	ck_assert(is_held(&g));
	hold_release(&h);
}
END_TEST

/* A file system without locks: nothing is held, and who uses the records says what is the matter. */
START_TEST(where_nothing_can_be_locked_nothing_is)
{
	static const int without[] = {ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL};
	unsigned before = descriptors();
	struct hold *h = NULL;

	refusal = without[_i], refusals = 3;
	ck_assert_int_eq(hold_all(&h), E_OK);
	ck_assert_uint_eq(refusals, 0);
	ck_assert(!is_held(&g) && !is_held(NULL));
	ck_assert_ptr_nonnull(h);
	gone = true;
	ck_assert(hold_readable(h) && hold_readable(NULL));
	hold_release(&h);
	ck_assert_uint_eq(descriptors(), before);
	ck_assert_uint_eq(slept, 0);
}
END_TEST

START_TEST(no_memory_and_no_descriptor_are_failures)
{
	static const int short_of[] = {ENOMEM, EMFILE, ENFILE};
	unsigned before = descriptors();
	struct hold *h = NULL;

	refusal = short_of[_i];
	for (unsigned all = 0; all < 2; all++) {
		memset(&f, 0, sizeof f);
		refusals = 1;
		ck_assert_int_eq(all ? hold_all(&h) : hold_grant(&h, s, g.g.id, &f), E_FAIL);
		ck_assert(f.err == E_FAIL && f.sys == refusal);
		ck_assert_ptr_null(h);
	}
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(what_is_not_there_or_no_file_is_not_held)
{
	uint8_t nobody[ID_SIZE] = {0};
	unsigned before = descriptors();
	struct hold *h = NULL;
	char name[64];

	ck_assert_int_eq(hold_grant(&h, s, nobody, &f), E_OK);
	hold_release(&h);
	fixture_lock_name(name, &g.g, 0);
	ck_assert_int_eq(unlinkat(s->once_fd, name, 0), 0);
	ck_assert_int_eq(hold_grant(&h, s, g.g.id, &f), E_OK);
	ck_assert(hold_readable(h));
	hold_release(&h);
	ck_assert_int_eq(mkfifoat(s->once_fd, name, 0600), 0);
	ck_assert_int_eq(hold_grant(&h, s, g.g.id, &f), E_OK);
	hold_release(&h);
	ck_assert_uint_eq(asked, 0);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* A lock on what has no name any more is a lock on nothing. */
START_TEST(a_file_that_was_replaced_meanwhile_is_opened_again)
{
	unsigned before = descriptors();
	struct hold *h = NULL;

	fixture_lock_name(replaced, &g.g, 0);
	ck_assert_int_eq(hold_grant(&h, s, g.g.id, &f), E_OK);
	ck_assert_uint_eq(asked, 2);
	ck_assert_uint_eq(slept, 1);
	ck_assert(is_held(&g));
	ck_assert_uint_eq(descriptors(), before + 1);
	hold_release(&h);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* As only a stick made by hand has it. */
START_TEST(two_names_of_one_file_are_locked_once)
{
	char a[64], b[64];
	struct hold *h = NULL;

	fixture_lock_name(a, &g.g, 0);
	fixture_lock_name(b, &second.g, 0);
	ck_assert_int_eq(unlinkat(s->once_fd, b, 0), 0);
	ck_assert_int_eq(linkat(s->once_fd, a, s->once_fd, b, 0), 0);
	ck_assert_int_eq(hold_all(&h), E_OK);
	ck_assert_uint_eq(asked, 2);
	ck_assert(is_held(&g) && is_held(&second));
	hold_release(&h);
}
END_TEST

SUITE("hold", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, one_grant_is_held_and_no_other);
	tcase_add_test(t, the_whole_stick_is_held_with_each_grant);
	tcase_add_test(t, who_comes_second_waits_and_then_has_it);
	tcase_add_test(t, who_waits_for_five_seconds_is_told);
	tcase_add_test(t, waiting_for_one_grant_after_another_has_one_end);
	tcase_add_test(t, a_signal_is_no_refusal);
	tcase_add_loop_test(t, where_nothing_can_be_locked_nothing_is, 0, 4);
	tcase_add_loop_test(t, no_memory_and_no_descriptor_are_failures, 0, 3);
	tcase_add_test(t, what_is_not_there_or_no_file_is_not_held);
	tcase_add_test(t, a_file_that_was_replaced_meanwhile_is_opened_again);
	tcase_add_test(t, two_names_of_one_file_are_locked_once);
}
