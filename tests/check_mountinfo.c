#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <check.h>

#include "mountinfo.h"

START_TEST(line_of_the_manual)
{
	char line[] = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n";
	struct mountinfo m;

	ck_assert_int_eq(mountinfo_parse(&m, line), 0);
	ck_assert_uint_eq(m.dev, makedev(98, 0));
	ck_assert_str_eq(m.path, "/mnt2");
	ck_assert_str_eq(m.type, "ext3");
	ck_assert_str_eq(m.source, "/dev/root");
	ck_assert_str_eq(m.options, "rw,errors=continue");
}
END_TEST

START_TEST(no_optional_field_and_odd_names)
{
	char line[] = "42 27 0:39 / /home/kim/Week\\04012\\134\\011x ro - fuse.oncestick once\\040stick ro,user_id=0\n";
	struct mountinfo m;

	ck_assert_int_eq(mountinfo_parse(&m, line), 0);
	ck_assert_str_eq(m.path, "/home/kim/Week 12\\\tx");
	ck_assert_str_eq(m.source, "once stick");
}
END_TEST

START_TEST(lines_of_another_form)
{
	static const char *const bad[] = {"", "\n", " - ", "36 35 98:0 /mnt1 /mnt2 rw", "36 35 980 / /mnt2 rw - a b c",
	    "36 35 98:0 / /mnt2 rw - ext3 /dev/root", "36 35 - ext3 /dev/root rw"};
	struct mountinfo m;
	char line[80];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		strcpy(line, bad[i]);
		ck_assert_int_eq(mountinfo_parse(&m, line), -1);
	}
}
END_TEST

START_TEST(device_is_known_by_number_and_else_by_name)
{
	struct mountinfo m = {makedev(8, 17), "/mnt", "exfat", "/dev/null", "rw"};

	ck_assert(mountinfo_is_of(&m, makedev(8, 17)));
	ck_assert(!mountinfo_is_of(&m, makedev(8, 18)));
	m.dev = makedev(0, 40);
	ck_assert(!mountinfo_is_of(&m, makedev(1, 3))); /* a character device is no disk */
	m.source = "/dev/no-such-device";
	ck_assert(!mountinfo_is_of(&m, makedev(8, 17)));
	m.source = "sdb1";
	ck_assert(!mountinfo_is_of(&m, makedev(8, 17)));
}
END_TEST

static int
find_root(void *arg, const struct mountinfo *m)
{
	struct stat st;

	if (strcmp(m->path, "/") != 0 || stat("/", &st) != 0)
		return 0;
	*(int *)arg += m->dev == st.st_dev;
	return 7;
}

START_TEST(the_root_is_mounted)
{
	int found = 0;

	ck_assert_int_eq(mountinfo_each(find_root, &found), 7);
	ck_assert_int_eq(found, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mountinfo");
	TCase *t = tcase_create("mountinfo");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, line_of_the_manual);
	tcase_add_test(t, no_optional_field_and_odd_names);
	tcase_add_test(t, lines_of_another_form);
	tcase_add_test(t, device_is_known_by_number_and_else_by_name);
	tcase_add_test(t, the_root_is_mounted);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
