/*
 * check_stickio.c - file access in a directory that somebody else has filled.
 */
#include "stickio.h"

#include <sys/vfs.h>

#include "stick_fixture.h"

static struct fixture x;

static void
setup(void)
{
	fixture_open(&x);
}

static void
teardown(void)
{
	fixture_close(&x);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(x.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

START_TEST(a_regular_file_opens_with_its_size)
{
	uint64_t size = 0;
	int fd = -1;

	put_file(&x, "file", "12345", 5);
	fd = stickio_open_file(x.fd, "file", O_RDONLY, &size);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(size, 5);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
}
END_TEST

/* hostile 21 */
START_TEST(links_fifos_and_directories_are_no_files)
{
	put_file(&x, "file", "x", 1);
	put_dir(&x, "dir");
	ck_assert_int_eq(symlinkat("file", x.fd, "link"), 0);
	ck_assert_int_eq(mkfifoat(x.fd, "fifo", 0600), 0);
	ck_assert_int_eq(stickio_open_file(x.fd, "link", O_RDONLY, NULL), -1);
	ck_assert_int_eq(errno, ELOOP);
	for (int flags = O_RDONLY; flags <= O_RDWR; flags++) {
		ck_assert_int_eq(stickio_open_file(x.fd, "fifo", flags, NULL), -1);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(stickio_open_file(x.fd, "dir", flags, NULL), -1);
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_int_eq(stickio_open_file(x.fd, "none", O_RDONLY, NULL), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(links_and_files_are_no_directories)
{
	int fd = -1;

	put_dir(&x, "dir");
	put_file(&x, "file", "x", 1);
	ck_assert_int_eq(symlinkat("dir", x.fd, "link"), 0);
	ck_assert_int_eq(stickio_open_dir(x.fd, "link"), -1);
	ck_assert_int_eq(stickio_open_dir(x.fd, "file"), -1);
	fd = stickio_open_dir(x.fd, "dir");
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(a_short_file_is_an_io_error_and_not_short_data)
{
	uint8_t buf[8];
	int fd = -1;

	put_file(&x, "file", "12345", 5);
	fd = stickio_open_file(x.fd, "file", O_RDONLY, NULL);
	ck_assert_int_eq(stickio_read_full(fd, buf, 5, 0), 0);
	ck_assert_mem_eq(buf, "12345", 5);
	ck_assert_int_eq(stickio_read_full(fd, buf, 2, 3), 0);
	ck_assert_mem_eq(buf, "45", 2);
	ck_assert_int_eq(stickio_read_full(fd, buf, 6, 0), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(stickio_read_full(fd, buf, 1, 5), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(stickio_read_full(fd, buf, 8, UINT64_MAX - 3), -1);
	ck_assert_int_eq(errno, EOVERFLOW);
	ck_assert_int_eq(stickio_write_full(fd, buf, 8, INT64_MAX - 3), -1);
	ck_assert_int_eq(errno, EOVERFLOW);
	close(fd);
}
END_TEST

START_TEST(slurp_takes_a_file_up_to_its_limit)
{
	uint8_t *data = NULL;
	size_t n = 99;

	put_file(&x, "file", "12345", 5);
	put_file(&x, "empty", "", 0);
	ck_assert_int_eq(stickio_slurp(x.fd, "file", 5, &data, &n), 0);
	ck_assert_uint_eq(n, 5);
	ck_assert_mem_eq(data, "12345", 5);
	free(data);
	ck_assert_int_eq(stickio_slurp(x.fd, "empty", 5, &data, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_nonnull(data);
	free(data);
	data = NULL;
	ck_assert_int_eq(stickio_slurp(x.fd, "file", 4, &data, &n), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_ptr_null(data);
}
END_TEST

/* hostile 8 */
START_TEST(slurp_allocates_nothing_for_a_huge_sparse_file)
{
	uint8_t *data = NULL;
	size_t n = 0;
	int fd = openat(x.fd, "huge", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(ftruncate(fd, 5ll << 30), 0);
	close(fd);
	ck_assert_int_eq(stickio_slurp(x.fd, "huge", 4 << 20, &data, &n), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_ptr_null(data);
}
END_TEST

START_TEST(create_refuses_what_is_there_and_ignores_the_umask)
{
	mode_t old = umask(077);
	uint8_t *data = NULL;
	size_t n = 0;

	ck_assert_int_eq(stickio_create(x.fd, "file", "abc", 3, 0666), 0);
	umask(old);
	ck_assert_uint_eq(mode_of("file"), 0666);
	ck_assert_int_eq(stickio_create(x.fd, "file", "xyz", 3, 0666), -1);
	ck_assert_int_eq(errno, EEXIST);
	data = get_file(&x, "file", &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(data, "abc", 3);
	free(data);
	ck_assert_int_eq(symlinkat("target", x.fd, "link"), 0);
	ck_assert_int_eq(stickio_create(x.fd, "link", "xyz", 3, 0666), -1);
	ck_assert(!exists(&x, "target"));
}
END_TEST

START_TEST(mkdir_ignores_the_umask)
{
	mode_t old = umask(077);
	int fd = stickio_mkdir(x.fd, "dir", 0777);

	umask(old);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_uint_eq(mode_of("dir"), 0777);
	ck_assert_int_eq(stickio_mkdir(x.fd, "dir", 0777), -1);
	ck_assert_int_eq(errno, EEXIST);
}
END_TEST

START_TEST(only_a_regular_file_is_removed_as_one)
{
	char target[512];

	put_dir(&x, "dir");
	put_file(&x, "dir/file", "x", 1);
	ck_assert_int_eq(symlinkat(fixture_path(&x, "dir/file", target), x.fd, "link"), 0);
	ck_assert_int_eq(mkfifoat(x.fd, "fifo", 0600), 0);
	put_file(&x, "file", "x", 1);
	ck_assert_int_eq(stickio_remove_file(x.fd, "absent"), 0);
	ck_assert_int_eq(stickio_remove_file(x.fd, "dir"), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(stickio_remove_file(x.fd, "link"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(stickio_remove_file(x.fd, "fifo"), -1);
	ck_assert_int_eq(stickio_remove_file(x.fd, "file"), 0);
	ck_assert(!exists(&x, "file") && exists(&x, "dir/file") && exists(&x, "link") && exists(&x, "fifo"));
}
END_TEST

/* hostile 31 */
START_TEST(ids_ignores_every_other_name)
{
	static const char *const others[] = {"00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeef",
	    "00112233445566778899aabbccddeeff0", "00112233445566778899aabbccddeeff.tmp", "00112233445566778899aabbccddeefg", "..x",
	    "+0112233445566778899aabbccddeeff"};
	uint8_t ids[4][ID_SIZE];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		put_file(&x, others[i], "", 0);
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), 0);
	ck_assert_int_eq(stickio_ids(x.fd, ".tmp", ids, 4), 1);
	put_file(&x, "ff112233445566778899aabbccddeeff", "", 0);
	put_file(&x, "00112233445566778899aabbccddeeff", "", 0);
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), 2);
	ck_assert_uint_eq(ids[0][0], 0x00);
	ck_assert_uint_eq(ids[0][1], 0x11);
	ck_assert_uint_eq(ids[1][0], 0xff);
}
END_TEST

/* hostile 31 */
START_TEST(ids_keeps_the_lowest_and_counts_all)
{
	uint8_t ids[4][ID_SIZE], id[ID_SIZE];
	char hex[2 * ID_SIZE + 1];

	memset(ids, 0xee, sizeof(ids));
	for (unsigned i = 0; i < 9; i++) {
		fill_id(id, (uint8_t)(i * 37 % 9));
		bytes_to_hex(hex, id, ID_SIZE);
		put_dir(&x, hex);
	}
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 3), 9);
	for (uint8_t i = 0; i < 3; i++)
		ck_assert_uint_eq(ids[i][7], i);
	ck_assert_uint_eq(ids[3][0], 0xee);
	ck_assert_int_eq(stickio_ids(x.fd, "", NULL, 0), 9);
	/* Once more: the position in the directory is not the caller's. */
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 4), 9);
}
END_TEST

/* hostile 31 */
START_TEST(ids_of_many_come_sorted_whatever_their_order)
{
	uint8_t ids[10][ID_SIZE];
	char hex[2 * ID_SIZE + 1];

	for (unsigned i = 0; i < 700; i++) {
		snprintf(hex, sizeof(hex), "%032x", 699 - i);
		put_file(&x, hex, "", 0);
	}
	ck_assert_int_eq(stickio_ids(x.fd, "", ids, 10), 700);
	for (uint8_t i = 0; i < 10; i++)
		ck_assert(ids[i][ID_SIZE - 1] == i && ids[i][ID_SIZE - 2] == 0);
}
END_TEST

/* hostile 41 */
START_TEST(file_systems_that_do_not_overwrite_in_place_are_bad)
{
	static const struct {
		uint32_t magic;
		enum stickio_fs judgement;
		const char *name;
	} cases[] = {
	    {0x9123683e, STICKIO_FS_BAD, "btrfs"},
	    {0xf2f52010, STICKIO_FS_BAD, "f2fs"},
	    {0x3434, STICKIO_FS_BAD, "nilfs2"},
	    {0xca451a4e, STICKIO_FS_BAD, "bcachefs"},
	    {0x2fc12fc1, STICKIO_FS_BAD, "zfs"},
	    {0x794c7630, STICKIO_FS_BAD, "overlayfs"},
	    {0x24051905, STICKIO_FS_BAD, "ubifs"},
	    {0x72b6, STICKIO_FS_BAD, "jffs2"},
	    {0x6969, STICKIO_FS_BAD, "nfs"},
	    {0xff534d42, STICKIO_FS_BAD, "cifs"},
	    {0xfe534d42, STICKIO_FS_BAD, "smb2"},
	    {0x01021997, STICKIO_FS_BAD, "9p"},
	    {0x4d44, STICKIO_FS_GOOD, "vfat"},
	    {0x2011bab0, STICKIO_FS_GOOD, "exfat"},
	    {0x01021994, STICKIO_FS_UNSURE, "tmpfs"},
	    {0x65735546, STICKIO_FS_UNSURE, "fuse"},
	    {0x58465342, STICKIO_FS_UNSURE, "xfs"},
	    {0x12345678, STICKIO_FS_UNSURE, "type 0x12345678"},
	};
	char name[STICKIO_FS_NAME];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(stickio_fs_judge(cases[i].magic, NULL, name), cases[i].judgement);
		ck_assert_str_eq(name, cases[i].name);
	}
}
END_TEST

static enum stickio_fs
ext4_with(const char *options, char name[STICKIO_FS_NAME])
{
	const struct mountinfo m = {1, "/mnt", "ext4", "/dev/sdb1", options};

	return stickio_fs_judge(0xef53, &m, name);
}

/* hostile 41 */
START_TEST(ext4_is_good_unless_it_journals_data)
{
	char name[STICKIO_FS_NAME];

	ck_assert_int_eq(ext4_with("rw,errors=remount-ro\n", name), STICKIO_FS_GOOD);
	ck_assert_str_eq(name, "ext4");
	ck_assert_int_eq(ext4_with("rw,data=ordered", name), STICKIO_FS_GOOD);
	ck_assert_int_eq(ext4_with("rw,data=journalled", name), STICKIO_FS_GOOD);
	ck_assert_int_eq(ext4_with("rw,data=journal\n", name), STICKIO_FS_BAD);
	ck_assert_int_eq(ext4_with("data=journal,discard", name), STICKIO_FS_BAD);
	ck_assert_str_eq(name, "ext4 with data=journal");
	ck_assert_int_eq(stickio_fs_judge(0xef53, NULL, name), STICKIO_FS_UNSURE);
}
END_TEST

/* hostile 41 */
START_TEST(a_network_or_an_overlay_behind_fuse_is_bad)
{
	static const struct {
		const char *type, *source;
		enum stickio_fs judgement;
	} cases[] = {
	    {"fuse.sshfs", "kim@host:/srv", STICKIO_FS_BAD},
	    {"fuse.sshfs", "host:", STICKIO_FS_BAD},
	    {"fuse.rclone", "remote", STICKIO_FS_BAD},
	    {"fuse.s3fs", "s3fs", STICKIO_FS_BAD},
	    {"fuse.gvfsd-fuse", "gvfsd-fuse", STICKIO_FS_BAD},
	    {"fuse.JuiceFS", "JuiceFS:disk", STICKIO_FS_BAD},
	    {"fuse.fuse-overlayfs", "fuse-overlayfs", STICKIO_FS_BAD},
	    {"fuse", "https://example.org/dav", STICKIO_FS_BAD},
	    {"fuse.unheard-of", "disk.example.org:/", STICKIO_FS_BAD},
	    {"fuse.unheard-of", "davs://example.org", STICKIO_FS_BAD},
	    {"virtiofs", "share", STICKIO_FS_BAD},
	    {"fuseblk", "/dev/sdb1", STICKIO_FS_UNSURE},
	    {"fuseblk.exfat", "/dev/disk/by-id/usb-0:0-part1", STICKIO_FS_UNSURE},
	    {"fuse.bindfs", "/srv/a:b", STICKIO_FS_UNSURE},
	    {"fuse.lklfuse", "disk.img", STICKIO_FS_UNSURE},
	    {"fuse", "passthrough", STICKIO_FS_UNSURE},
	};
	char name[STICKIO_FS_NAME];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct mountinfo m = {1, "/mnt", cases[i].type, cases[i].source, "rw"};

		ck_assert_int_eq(stickio_fs_judge(0x65735546, &m, name), cases[i].judgement);
		ck_assert_str_eq(name, cases[i].type);
	}
}
END_TEST

START_TEST(a_real_file_system_is_judged_by_its_type)
{
	struct statfs fs;
	struct fault f = {0};
	char name[STICKIO_FS_NAME], plain[STICKIO_FS_NAME] = "";
	int shm = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_eq(fstatfs(x.fd, &fs), 0);
	if ((uint32_t)fs.f_type == 0xef53)
		ck_assert_int_eq(stickio_fs_of(x.fd, name), ext4_with("rw", plain));
	else
		ck_assert_int_eq(stickio_fs_of(x.fd, name), stickio_fs_judge((uint32_t)fs.f_type, NULL, plain));
	ck_assert_str_eq(name, plain);
	ck_assert(!stickio_served(x.fd));
	if (shm == -1)
		return;
	ck_assert_int_eq(stickio_fs_of(shm, name), STICKIO_FS_UNSURE);
	ck_assert_str_eq(name, "tmpfs");
	ck_assert_int_eq(stickio_medium(shm, plain, &f), E_OK);
	ck_assert_str_eq(plain, "tmpfs");
	ck_assert(stickio_volatile(shm));
	close(shm);
}
END_TEST

static void
fill(TCase *t)
{
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_regular_file_opens_with_its_size);
	tcase_add_test(t, links_fifos_and_directories_are_no_files);
	tcase_add_test(t, links_and_files_are_no_directories);
	tcase_add_test(t, a_short_file_is_an_io_error_and_not_short_data);
	tcase_add_test(t, slurp_takes_a_file_up_to_its_limit);
	tcase_add_test(t, slurp_allocates_nothing_for_a_huge_sparse_file);
	tcase_add_test(t, create_refuses_what_is_there_and_ignores_the_umask);
	tcase_add_test(t, mkdir_ignores_the_umask);
	tcase_add_test(t, only_a_regular_file_is_removed_as_one);
	tcase_add_test(t, ids_ignores_every_other_name);
	tcase_add_test(t, ids_keeps_the_lowest_and_counts_all);
	tcase_add_test(t, ids_of_many_come_sorted_whatever_their_order);
	tcase_add_test(t, file_systems_that_do_not_overwrite_in_place_are_bad);
	tcase_add_test(t, ext4_is_good_unless_it_journals_data);
	tcase_add_test(t, a_network_or_an_overlay_behind_fuse_is_bad);
	tcase_add_test(t, a_real_file_system_is_judged_by_its_type);
}

int
main(void)
{
	return run_suite("stickio", fill);
}
