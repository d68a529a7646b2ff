/*
 * check_place.c - which directory a STICK operand names. Devices and serial numbers are in 14-usb.sh and 16-usb-stick.sh.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "stick.h"
#include "suite.h"

static char top[] = "/tmp/once-place-XXXXXX";
static struct place p;
static struct place_miss m;
static struct fault f;

static const char *
at(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", top, name);
	return path;
}

static void
put(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void
setup(void)
{
	strcpy(top + sizeof top - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(mkdir(at(STICK_ONCE), 0700), 0);
	put(STICK_ONCE "/" STICK_RECORD_B);
	put("Open lecture" PLACE_OPENER_SUFFIX);
	put("file");
	memset(&f, 0, sizeof f);
	p.fd = -1;
}

static void
teardown(void)
{
	place_close(&p);
	unlink(at(STICK_ONCE "/" STICK_RECORD_B));
	unlink(at("Open lecture" PLACE_OPENER_SUFFIX));
	unlink(at("file"));
	rmdir(at(STICK_ONCE));
	ck_assert_int_eq(rmdir(top), 0);
}

static void
is_top(void)
{
	struct stat want, got;

	ck_assert_int_eq(stat(top, &want), 0);
	ck_assert_int_eq(fstat(p.fd, &got), 0);
	ck_assert(want.st_dev == got.st_dev && want.st_ino == got.st_ino);
}

static void
is_missed(const char *arg, enum err e, enum place_why why)
{
	ck_assert_int_eq(place_open(&p, arg, &m, &f), e);
	ck_assert_int_eq(m.why, why);
	ck_assert_int_eq(p.fd, -1);
	fault_clear(&f);
}

START_TEST(a_directory_names_itself)
{
	ck_assert_int_eq(place_open(&p, top, &m, &f), E_OK);
	is_top();
	ck_assert_str_eq(p.path, top);
}
END_TEST

START_TEST(once_stands_for_the_directory_it_is_in)
{
	ck_assert_int_eq(place_open(&p, at(STICK_ONCE "/"), &m, &f), E_OK);
	is_top();
}
END_TEST

START_TEST(once_without_a_record_is_a_directory_like_others)
{
	struct stat got, want;

	ck_assert_int_eq(unlink(at(STICK_ONCE "/" STICK_RECORD_B)), 0);
	ck_assert_int_eq(place_open(&p, at(STICK_ONCE), &m, &f), E_OK);
	ck_assert_int_eq(stat(at(STICK_ONCE), &want), 0);
	ck_assert_int_eq(fstat(p.fd, &got), 0);
	ck_assert(want.st_ino == got.st_ino);
}
END_TEST

START_TEST(what_is_clicked_on_stands_for_the_directory_it_is_in)
{
	ck_assert_int_eq(place_open(&p, at("Open lecture" PLACE_OPENER_SUFFIX), &m, &f), E_OK);
	is_top();
	ck_assert_str_eq(p.path, top);
}
END_TEST

START_TEST(what_is_no_place_says_why)
{
	char longest[PLACE_MAX + 1];

	is_missed(at("file"), E_NO_STICK, PLACE_NO_DIR);
	is_missed(at("nothing"), E_NO_STICK, PLACE_MISSING);
	is_missed("usb:none of these", E_NO_STICK, PLACE_NO_SERIAL);
	is_missed("/dev/null", E_NO_STICK, PLACE_NO_DIR);
	memset(longest, 'x', sizeof longest);
	longest[PLACE_MAX] = '\0';
	is_missed(longest, E_NO_STICK, PLACE_LONG);
	ck_assert_int_eq(symlink("loop", at("loop")), 0);
	is_missed(at("loop"), E_NO_STICK, PLACE_SHUT);
	ck_assert_int_eq(m.sys, ELOOP);
	ck_assert_int_eq(unlink(at("loop")), 0);
}
END_TEST

START_TEST(a_folder_of_this_pc_is_no_device)
{
	struct place_device d;

	ck_assert_int_eq(place_open(&p, top, &m, &f), E_OK);
	ck_assert(!place_device(p.fd, &d));
	ck_assert(d.vendor[0] == '\0' && d.model[0] == '\0' && d.bytes == 0);
}
END_TEST

SUITE("place", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, a_directory_names_itself);
	tcase_add_test(t, once_stands_for_the_directory_it_is_in);
	tcase_add_test(t, once_without_a_record_is_a_directory_like_others);
	tcase_add_test(t, what_is_clicked_on_stands_for_the_directory_it_is_in);
	tcase_add_test(t, what_is_no_place_says_why);
	tcase_add_test(t, a_folder_of_this_pc_is_no_device);
}
