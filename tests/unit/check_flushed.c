/*
 * check_flushed.c - who says done has everything on the medium: what was made, renamed, removed and written, file and directory.
 *
 * One rule after every step of all that keeps something: sticks, the keystore, the books, a PC's memory. A power cut is then
 * between steps or in one; what one may leave, other tests know.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "books.h"
#include "fixture.h"
#include "flushed.h"
#include "keystore.h"
#include "provision.h"
#include "station.h"
#include "suite.h"

static struct fixture x;
static struct fault fault;
static char path[256];

static void
setup(void)
{
	fixture_open(&x);
	memset(&fault, 0, sizeof fault);
}

static void
teardown(void)
{
	flushed_watch(NULL);
	fixture_close(&x);
}

static const char *
below(const char *name)
{
	snprintf(path, sizeof path, "%s/%s", x.path, name);
	return path;
}

#define DONE() do { \
	ck_assert_str_eq(flushed_left(), ""); \
	ck_assert_uint_gt(flushed_count(), 0); \
	flushed_watch(path); \
} while (0)

static struct provision *
begin(void)
{
	struct provision *p = NULL;

	ck_assert_int_eq(provision_begin(&p, x.dir_fd, x.seed, x.pk, &fault), E_OK);
	return p;
}

/* The rule itself can fail. */
START_TEST(what_is_not_flushed_is_seen)
{
	int fd = -1, to = -1;

	flushed_watch(below("free"));
	ck_assert_int_eq(mkdirat(x.dir_fd, "free", 0700), 0);
	ck_assert_str_eq(flushed_left(), "mkdir of free");
	ck_assert_int_eq(fsync(x.dir_fd), 0);
	ck_assert_str_eq(flushed_left(), "");
	ck_assert_int_ge(to = openat(x.dir_fd, "free", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	ck_assert_int_ge(fd = openat(to, "a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 0);
	ck_assert_str_eq(flushed_left(), "openat of a");
	ck_assert_int_eq(fsync(to), 0);
	ck_assert_int_eq(pwrite(fd, "a", 1, 0), 1);
	ck_assert_str_eq(flushed_left(), "write of a");
	ck_assert_int_eq(fdatasync(fd), 0);
	ck_assert_int_eq(renameat(to, "a", to, "b"), 0);
	ck_assert_str_eq(flushed_left(), "rename of a");
	ck_assert_int_eq(fsync(to), 0);
	ck_assert_str_eq(flushed_left(), "");
	ck_assert_int_eq(pwrite(fd, "b", 1, 0), 1);
	ck_assert_int_eq(renameat(to, "b", to, "c"), 0);
	ck_assert(fsync(fd) == 0 && fsync(to) == 0);
	ck_assert_str_eq(flushed_left(), "rename of b, before its bytes were flushed");
	flushed_watch(path);
	ck_assert_int_eq(unlinkat(to, "c", 0), 0);
	ck_assert_str_eq(flushed_left(), "remove of c");
	close(fd);
	close(to);
}
END_TEST

START_TEST(each_step_of_a_stick)
{
	struct fixture_grant g, second;
	struct provision *p = NULL;
	uint8_t bundle[ID_SIZE] = {1};
	int fd = -1;

	flushed_watch(below("ONCE"));
	p = begin();
	ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	DONE();
	ck_assert_int_eq(provision_init(p, x.stick_id, x.seed, &fault), E_OK);
	DONE();
	ck_assert_int_eq(provision_bundle_dir(p, bundle, &fd, &fault), E_OK);
	close(fd);
	ck_assert_int_eq(provision_manifest(p, bundle, BYTES("manifest", 8), &fault), E_OK);
	DONE();
	provision_end(&p);
	fixture_notice(&x, NULL, 0, 1);
	DONE();
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	DONE();
	fixture_grant(&x, &second, fixture_policy(), 0, NULL);
	DONE();
	p = begin();
	ck_assert_int_eq(provision_destroy_grant(p, &g.g, &fault), E_OK);
	DONE();
	ck_assert_int_eq(provision_destroy_grants(p, &fault), E_OK);
	DONE();
	ck_assert_int_eq(provision_remove_bundle(p, bundle, &fault), E_OK);
	DONE();
	ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	DONE();
	provision_end(&p);
	fixture_grant_free(&g);
	fixture_grant_free(&second);
}
END_TEST

START_TEST(debris_that_was_removed)
{
	struct provision *p = NULL;

	ck_assert_int_eq(mkdirat(x.dir_fd, "ONCE/g/00112233445566778899aabbccddeeff.tmp", 0700), 0);
	ck_assert_int_eq(mkdirat(x.dir_fd, "ONCE/b/00112233445566778899aabbccddeeff", 0700), 0);
	p = begin();
	ck_assert_int_eq(provision_init(p, x.stick_id, x.seed, &fault), E_OK);
	flushed_watch(below("ONCE"));
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert_uint_ge(p->debris, 2);
	DONE();
	provision_end(&p);
}
END_TEST

START_TEST(a_keystore)
{
	snprintf(path, sizeof path, "%s", x.path);
	flushed_watch(path);
	ck_assert_int_eq(keystore_create(x.dir_fd, x.seed, BYTES("correct horse", 13), &fault), E_OK);
	DONE();
}
END_TEST

START_TEST(each_change_of_the_books)
{
	struct books *b = NULL;
	char dir[128];

	snprintf(dir, sizeof dir, "%s/books", x.path);
	flushed_watch(below("books"));
	ck_assert_int_eq(books_open(&b, dir, true, &fault), E_OK);
	DONE();
	ck_assert_int_eq(books_set(b, "contact", "somebody", &fault), E_OK);
	DONE();
	books_close(&b);
	ck_assert_str_eq(flushed_left(), "");
}
END_TEST

START_TEST(the_memory_of_a_pc)
{
	struct station *s = NULL;
	char dir[128];

	snprintf(dir, sizeof dir, "%s/memory", x.path);
	flushed_watch(below("memory"));
	ck_assert_int_eq(station_open(&s, dir, STATION_WRITE, &fault), E_OK);
	DONE();
	station_close(&s);
	ck_assert_str_eq(flushed_left(), "");
}
END_TEST

SUITE("flushed", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, what_is_not_flushed_is_seen);
	tcase_add_test(t, each_step_of_a_stick);
	tcase_add_test(t, debris_that_was_removed);
	tcase_add_test(t, a_keystore);
	tcase_add_test(t, each_change_of_the_books);
	tcase_add_test(t, the_memory_of_a_pc);
}
