#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <check.h>

#include "mountinfo.h"
#include "suite.h"

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

static int
find_proc(void *arg, const struct mountinfo *m, const char *root)
{
	return strcmp(m->path, "/proc") == 0 && strcmp(root, "/") == 0 ? ++*(int *)arg : 0;
}

START_TEST(another_process_has_a_list_of_its_own)
{
	int found = 0;

	ck_assert_int_eq(mountinfo_each_of(getpid(), find_proc, &found), 1);
	ck_assert_int_eq(mountinfo_each_of(-1, find_proc, &found), -1);
}
END_TEST

START_TEST(a_mount_has_an_identity_that_its_path_does_not_tell)
{
	struct mountinfo_id proc, root, same, none = {0};
	int fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(mountinfo_identify("/proc", &proc), 0);
	ck_assert_uint_ne(proc.mount, 0);
	ck_assert_int_eq(mountinfo_identify("/", &root), 0);
	ck_assert(!mountinfo_same(&proc, &root));
	ck_assert_int_eq(mountinfo_of(fd, &same), 0);
	ck_assert(mountinfo_same(&proc, &same));
	ck_assert(!mountinfo_same(&none, &none));
	same.dev++;
	ck_assert(!mountinfo_same(&proc, &same));
	close(fd);
}
END_TEST

START_TEST(what_is_no_mount_point_has_no_identity)
{
	struct mountinfo_id id = {7, 7};

	ck_assert_int_eq(mountinfo_identify("/proc/sys", &id), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(id.mount, 0);
	ck_assert_int_eq(mountinfo_identify("/no such place", &id), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(mountinfo_of(-1, &id), -1);
}
END_TEST

SUITE("mountinfo")
{
	tcase_add_test(t, line_of_the_manual);
	tcase_add_test(t, no_optional_field_and_odd_names);
	tcase_add_test(t, lines_of_another_form);
	tcase_add_test(t, device_is_known_by_number_and_else_by_name);
	tcase_add_test(t, the_root_is_mounted);
	tcase_add_test(t, another_process_has_a_list_of_its_own);
	tcase_add_test(t, a_mount_has_an_identity_that_its_path_does_not_tell);
	tcase_add_test(t, what_is_no_mount_point_has_no_identity);
}
