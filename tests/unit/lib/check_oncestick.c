/*
 * check_oncestick.c - the library as a stranger uses it: open with a content key, list, read, verify, inspect.
 */
#include "oncestick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "payload.h"
#include "sample_bundle.h"
#include "sample_image.h"
#include "suite.h"

static struct sample s;
static struct oncestick_bundle *b;
static char why[256];

static int
encrypted(void *arg, uint64_t i, uint8_t block[BLOCK_SIZE])
{
	uint8_t *image = sample_image();
	struct blockcrypt *c = blockcrypt_new(NULL);

	(void)arg;
	ck_assert_ptr_nonnull(c);
	memcpy(block, image + i * BLOCK_SIZE, BLOCK_SIZE);
	ck_assert_int_eq(blockcrypt_crypt(c, block, s.ck, i), 0);
	blockcrypt_free(&c);
	free(image);
	return 1;
}

static void
setup(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	sample_begin(&s);
	sample_write(&s, 0xb0, 2, encrypted, NULL);
	ck_assert_int_eq(oncestick_open(&b, s.once_fd, s.m.bundle_id, why, sizeof why), ONCESTICK_OK);
}

static void
teardown(void)
{
	oncestick_close(&b);
	oncestick_close(&b);
	sample_end(&s);
}

static void
unlock(void)
{
	ck_assert_int_eq(oncestick_unlock(b, s.ck), ONCESTICK_OK);
}

START_TEST(it_has_a_version)
{
	ck_assert_uint_gt(strlen(oncestick_version()), 0);
}
END_TEST

START_TEST(bundles_of_a_stick)
{
	uint8_t ids[2][ONCESTICK_ID_SIZE];

	ck_assert_int_eq(oncestick_bundles(s.once_fd, ids, 2), 1);
	ck_assert_mem_eq(ids[0], s.m.bundle_id, sizeof ids[0]);
	ck_assert_int_eq(oncestick_bundles(s.once_fd, NULL, 0), 1);
	ck_assert_int_eq(oncestick_bundles(-1, NULL, 0), -EBADF);
}
END_TEST

START_TEST(what_the_manifest_says)
{
	struct oncestick_info info;

	oncestick_get_info(b, &info);
	ck_assert_mem_eq(info.issuer, s.m.issuer, sizeof info.issuer);
	ck_assert_mem_eq(info.id, s.m.bundle_id, sizeof info.id);
	ck_assert_uint_eq(info.size, SAMPLE_LEN);
	ck_assert_int_eq(info.created, 1760000000);
	ck_assert_str_eq(info.label, "Lecture 1");
}
END_TEST

START_TEST(an_unknown_bundle_says_why)
{
	const uint8_t id[ONCESTICK_ID_SIZE] = {0};
	struct oncestick_bundle *none = NULL;
	char small[4];

	ck_assert_int_eq(oncestick_open(&none, s.once_fd, id, why, sizeof why), ONCESTICK_BUNDLE);
	ck_assert_ptr_null(none);
	ck_assert_ptr_nonnull(strstr(why, "b/00000000000000000000000000000000"));
	ck_assert_int_eq(oncestick_open(&none, s.once_fd, id, small, sizeof small), ONCESTICK_BUNDLE);
	ck_assert_str_eq(small, "b/0");
	ck_assert_int_eq(oncestick_open(&none, s.once_fd, id, NULL, 0), ONCESTICK_BUNDLE);
}
END_TEST

START_TEST(a_path_leads_to_a_file)
{
	struct oncestick_stat st;

	unlock();
	ck_assert_int_eq(oncestick_lookup(b, "clips/one.bin", &st), 0);
	ck_assert_uint_eq(st.ino, 4);
	ck_assert_uint_eq(st.size, SAMPLE_ONE_BIN_SIZE);
	ck_assert_int_eq(st.is_dir, 0);
	ck_assert_int_eq(st.mtime_s, 1700000000);
	ck_assert_int_eq(oncestick_lookup(b, "//clips///one.bin", &st), 0);
	ck_assert_int_eq(oncestick_lookup(b, "", &st), 0);
	ck_assert(st.ino == 0 && st.is_dir);
	ck_assert_int_eq(oncestick_lookup(b, "clips/", &st), 0);
	ck_assert(st.is_dir);
	ck_assert_int_eq(oncestick_lookup(b, "clips/two.bin", &st), -ENOENT);
	ck_assert_int_eq(oncestick_lookup(b, "a.txt/b", &st), -ENOTDIR);
	ck_assert_int_eq(oncestick_lookup(b, "clips/../a.txt", &st), -ENOENT);
}
END_TEST

START_TEST(a_directory_is_listed_in_order)
{
	static const char *const names[] = {"a.txt", "clips"};
	char name[ONCESTICK_NAME_SIZE];
	struct oncestick_stat st;

	unlock();
	for (unsigned k = 0; k < 2; k++) {
		ck_assert_int_eq(oncestick_list(b, 0, k, name, &st), 0);
		ck_assert_str_eq(name, names[k]);
		ck_assert_uint_eq(st.ino, k + 1);
	}
	ck_assert_int_eq(oncestick_list(b, 0, 2, name, &st), -ENOENT);
	ck_assert_int_eq(oncestick_list(b, 1, 0, name, &st), -ENOTDIR);
	ck_assert_int_eq(oncestick_list(b, 5, 0, name, &st), -ENOENT);
}
END_TEST

START_TEST(reading_ends_with_the_file)
{
	static uint8_t got[SAMPLE_ONE_BIN_SIZE + 10];

	unlock();
	ck_assert_int_eq(oncestick_read(b, 1, got, 100, 0), 6);
	ck_assert_mem_eq(got, "hello\n", 6);
	ck_assert_int_eq(oncestick_read(b, 1, got, 100, 6), 0);
	ck_assert_int_eq(oncestick_read(b, 1, got, 100, UINT64_MAX), 0);
	ck_assert_int_eq(oncestick_read(b, 4, got, sizeof got, 0), SAMPLE_ONE_BIN_SIZE);
	for (size_t i = 0; i < SAMPLE_ONE_BIN_SIZE; i++) {
		if (got[i] != (uint8_t)i)
			ck_abort_msg("byte %zu", i);
	}
	ck_assert_int_eq(oncestick_read(b, 3, got, 1, 0), 0);
	ck_assert_int_eq(oncestick_read(b, 2, got, 1, 0), -EISDIR);
	ck_assert_int_eq(oncestick_read(b, 9, got, 1, 0), -ENOENT);
}
END_TEST

START_TEST(nothing_without_the_key)
{
	uint8_t other[ONCESTICK_KEY_SIZE] = {0}, byte;
	struct oncestick_stat st;

	ck_assert_int_eq(oncestick_lookup(b, "", &st), -EIO);
	ck_assert_int_eq(oncestick_unlock(b, other), ONCESTICK_BUNDLE);
	ck_assert_int_eq(oncestick_lookup(b, "", &st), -EIO);
	unlock();
	ck_assert_int_eq(oncestick_read(b, 1, &byte, 1, 0), 1);
	oncestick_lock(b);
	ck_assert_int_eq(oncestick_read(b, 1, &byte, 1, 0), -EIO);
	unlock();
	ck_assert_int_eq(oncestick_read(b, 1, &byte, 1, 0), 1);
}
END_TEST

static struct oncestick_damage last;

static void
on_damage(void *arg, const struct oncestick_damage *d)
{
	++*(unsigned *)arg;
	last = *d;
}

static int
stop(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	return done <= all;
}

START_TEST(damage_and_the_file_it_is_in)
{
	unsigned n = 0;
	char path[64];

	ck_assert_int_eq(oncestick_verify(b, 0, NULL, on_damage, &n), ONCESTICK_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(oncestick_verify(b, 0, stop, NULL, NULL), ONCESTICK_INTERRUPTED);
	sample_flip(&s, 0, 100, 1);
	ck_assert_int_eq(oncestick_verify(b, 0, NULL, on_damage, &n), ONCESTICK_BUNDLE);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(last.segment, 0);
	ck_assert_uint_eq(last.segment_off, 0);
	ck_assert_uint_eq(last.image_len, BLOCK_SIZE);
	ck_assert_int_eq(oncestick_path_at(b, &last, path, sizeof path), -EIO);
	unlock();
	ck_assert_int_eq(oncestick_path_at(b, &last, path, sizeof path), 1);
	ck_assert_str_eq(path, "a.txt");
}
END_TEST

START_TEST(inspecting_a_manifest)
{
	struct oncestick_object o, before;
	uint8_t *data = NULL;
	size_t n = 0;

	ck_assert_int_eq(stickio_slurp(s.dir_fd, "manifest.cose", 4096, &data, &n), 0);
	ck_assert_int_eq(oncestick_inspect(data, n, &o), ONCESTICK_OK);
	ck_assert_int_eq(o.kind, ONCESTICK_MANIFEST);
	ck_assert_mem_eq(o.issuer, s.m.issuer, sizeof o.issuer);
	ck_assert_mem_eq(o.id, s.m.bundle_id, sizeof o.id);
	ck_assert_str_eq(o.label, "Lecture 1");
	ck_assert_uint_eq(o.size, SAMPLE_LEN);
	before = o;
	data[n - 1] ^= 1;
	ck_assert_int_eq(oncestick_inspect(data, n, &o), ONCESTICK_BUNDLE);
	ck_assert_int_eq(oncestick_inspect("", 0, &o), ONCESTICK_BUNDLE);
	ck_assert_mem_eq(&o, &before, sizeof o);
	free(data);
}
END_TEST

static const char GRANT[] =
    "d2845825a2012710781f6170706c69636174696f6e2f766e642e6f6e63652e6772616e742b63626f72a058daab010102582088f647339802b86199b22fcd2d35"
    "1602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e5f0450a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0500061a68e778640781"
    "8250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35fd2dab661ffe7974637b5dc0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab1"
    "3b8003193840098350a2c0eea06a03792e5bb1256edb8cf5a350a9345afd02e6fa4245c6acece68d06f2507e8bdf741715e61ff9e0ec78e5f3afa90a030b6753"
    "7469636b203758406c13d2466e9d100406f2326de73ac978fc495924fc38f5225250fa0a9d8e255cf041293b309791d5c828d36f508c161486903b79aeb7fb75"
    "9a1b3a5f1b240503";

START_TEST(inspecting_the_grant_of_the_vectors)
{
	uint8_t data[(sizeof GRANT - 1) / 2];
	struct oncestick_object o;

	ck_assert_int_eq(bytes_from_hex(data, sizeof data, GRANT), 0);
	ck_assert_int_eq(oncestick_inspect(data, sizeof data, &o), ONCESTICK_OK);
	ck_assert_int_eq(o.kind, ONCESTICK_GRANT);
	ck_assert_uint_eq(o.codes, 3);
	ck_assert_uint_eq(o.bundles, 1);
	ck_assert_uint_eq(o.session_s, 14400);
	ck_assert_uint_eq(o.stick[0], 0x50);
	ck_assert_str_eq(o.label, "Stick 7");
}
END_TEST

START_TEST(inspecting_the_notice_of_the_vectors)
{
	struct oncestick_object o;
	size_t n;
	uint8_t *data = payload_bytes(VECTOR_NOTICE_FILE, &n);

	ck_assert_int_eq(oncestick_inspect(data, n, &o), ONCESTICK_OK);
	ck_assert_int_eq(o.kind, ONCESTICK_NOTICE);
	ck_assert_mem_eq(o.issuer, s.m.issuer, sizeof o.issuer);
	ck_assert_uint_eq(o.number, 3);
	ck_assert_int_eq(o.time, 1760000050);
	data[n - 1] ^= 1;
	ck_assert_int_eq(oncestick_inspect(data, n, &o), ONCESTICK_BUNDLE);
	ck_assert_uint_eq(o.number, 3);
	free(data);
}
END_TEST

/* ---- doc/example.c, run as the pages say --------------------------------------------------------------------------------- */

static char printed[8192];

/* "doc/example STICK ARGUMENTS": its exit status; what it prints on either stream is in printed. The sample is an ONCE directory.
 */
static int
example(const char *arguments)
{
	char command[1024];
	size_t n = 0;
	FILE *out;

	ck_assert_int_eq(mkdirat(s.once_fd, "stick", 0700), 0);
	ck_assert_int_eq(symlinkat("..", s.once_fd, "stick/ONCE"), 0);
	snprintf(command, sizeof command, "doc/example '%s/stick' %s 2>&1", s.dir, arguments);
	ck_assert_ptr_nonnull(out = popen(command, "r"));
	n = fread(printed, 1, sizeof printed - 1, out);
	printed[n] = '\0';
	ck_assert_int_eq(unlinkat(s.once_fd, "stick/ONCE", 0), 0);
	ck_assert_int_eq(unlinkat(s.once_fd, "stick", AT_REMOVEDIR), 0);
	return WEXITSTATUS(pclose(out));
}

START_TEST(the_example_checks_a_stick)
{
	ck_assert_int_eq(example(""), 0);
	ck_assert_ptr_nonnull(strstr(printed, "\n  whole\n"));
	sample_flip(&s, 0, 100, 1);
	ck_assert_int_eq(example(""), 1);
	ck_assert_ptr_nonnull(strstr(printed, "damaged: segment 0 at byte 0"));
}
END_TEST

START_TEST(the_example_reads_with_the_key)
{
	char hex[2 * ONCESTICK_KEY_SIZE + 1], arguments[256];
	int fd = openat(s.once_fd, "key", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	sodium_bin2hex(hex, sizeof hex, s.ck, sizeof s.ck);
	ck_assert_int_eq(dprintf(fd, "%s\n", hex), sizeof hex);
	close(fd);
	snprintf(arguments, sizeof arguments, "'%s/key'", s.dir);
	ck_assert_int_eq(example(arguments), 0);
	ck_assert_ptr_nonnull(strstr(printed, "a.txt\n"));
	ck_assert_ptr_nonnull(strstr(printed, "clips/\n"));
	strcat(arguments, " a.txt");
	ck_assert_int_eq(example(arguments), 0);
	ck_assert_str_eq(printed, "hello\n");
	snprintf(arguments, sizeof arguments, "- a.txt <'%s/key'", s.dir);
	ck_assert_int_eq(example(arguments), 0);
	ck_assert_str_eq(printed, "hello\n");
	ck_assert_int_eq(example("- </dev/null"), 1);
	ck_assert_ptr_nonnull(strstr(printed, "this is no key"));
	unlinkat(s.once_fd, "key", 0);
}
END_TEST

/* ---- keys ---------------------------------------------------------------------------------------------------------------- */

/* What a key that is written as text, n bytes, is taken for. */
static enum oncestick_result
read_as_key(const char *text, size_t n, struct oncestick_key **key)
{
	enum oncestick_result r;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], text, n), (ssize_t)n);
	close(fds[1]);
	r = oncestick_key_read(key, fds[0]);
	close(fds[0]);
	return r;
}

START_TEST(a_key_is_read_as_it_is_printed)
{
	static const char *const ends[] = {"", "\n", "\r\n", "\nanything", "\n\n"};
	char hex[2 * ONCESTICK_KEY_SIZE + 1], text[128];
	struct oncestick_key *key = NULL;
	struct oncestick_bundle *o = NULL;
	struct oncestick_stat st;

	sodium_bin2hex(hex, sizeof hex, s.ck, sizeof s.ck);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(text, sizeof text, "%s%s", hex, ends[i]);
		if (i == 1)
			for (char *p = text; *p != '\0'; p++)
				*p = *p >= 'a' && *p <= 'f' ? (char)(*p - 'a' + 'A') : *p;
		ck_assert_int_eq(read_as_key(text, strlen(text), &key), ONCESTICK_OK);
		ck_assert_int_eq(oncestick_open_with_key(&o, s.once_fd, key, why, sizeof why), ONCESTICK_OK);
		oncestick_key_free(&key);
		ck_assert_ptr_null(key);
		ck_assert_int_eq(oncestick_lookup(o, "a.txt", &st), 0);
		oncestick_close(&o);
	}
	oncestick_key_free(&key);
}
END_TEST

START_TEST(anything_else_is_no_key)
{
	char hex[2 * ONCESTICK_KEY_SIZE + 1], text[8][140];
	struct oncestick_key *key = NULL;

	sodium_bin2hex(hex, sizeof hex, s.ck, sizeof s.ck);
	snprintf(text[0], sizeof *text, "%s", "");
	snprintf(text[1], sizeof *text, "%.63s", hex);
	snprintf(text[2], sizeof *text, "%s0\n", hex);
	snprintf(text[3], sizeof *text, " %s", hex);
	snprintf(text[4], sizeof *text, "%s \n", hex);
	snprintf(text[5], sizeof *text, "%.63sg\n", hex);
	snprintf(text[6], sizeof *text, "%s%s", hex, hex);
	snprintf(text[7], sizeof *text, "%.62s\n%.2s", hex, hex);
	for (size_t i = 0; i < 8; i++) {
		ck_assert_msg(read_as_key(text[i], strlen(text[i]), &key) == ONCESTICK_BUNDLE, "\"%s\"", text[i]);
		ck_assert_ptr_null(key);
	}
	ck_assert_int_eq(read_as_key((char *)s.ck, sizeof s.ck, &key), ONCESTICK_BUNDLE); /* not as text */
	errno = 0;
	ck_assert_int_eq(oncestick_key_read(&key, -1), ONCESTICK_FAIL);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_null(key);
}
END_TEST

START_TEST(a_key_opens_its_own_bundle_only)
{
	char text[2 * ONCESTICK_KEY_SIZE + 1];
	uint8_t other[ONCESTICK_KEY_SIZE] = {7};
	struct oncestick_key *key = NULL;
	struct oncestick_bundle *o = NULL;

	sodium_bin2hex(text, sizeof text, other, sizeof other);
	ck_assert_int_eq(read_as_key(text, strlen(text), &key), ONCESTICK_OK);
	ck_assert_int_eq(oncestick_open_with_key(&o, s.once_fd, key, why, sizeof why), ONCESTICK_BUNDLE);
	ck_assert_str_eq(why, "no bundle has this key");
	ck_assert_ptr_null(o);
	ck_assert_int_eq(oncestick_open_with_key(&o, s.dir_fd, key, NULL, 0), ONCESTICK_BUNDLE); /* there is no b/ in it */
	oncestick_key_free(&key);
}
END_TEST

SUITE("oncestick", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, it_has_a_version);
	tcase_add_test(t, bundles_of_a_stick);
	tcase_add_test(t, what_the_manifest_says);
	tcase_add_test(t, an_unknown_bundle_says_why);
	tcase_add_test(t, a_path_leads_to_a_file);
	tcase_add_test(t, a_directory_is_listed_in_order);
	tcase_add_test(t, reading_ends_with_the_file);
	tcase_add_test(t, nothing_without_the_key);
	tcase_add_test(t, damage_and_the_file_it_is_in);
	tcase_add_test(t, inspecting_a_manifest);
	tcase_add_test(t, inspecting_the_grant_of_the_vectors);
	tcase_add_test(t, inspecting_the_notice_of_the_vectors);
	tcase_add_test(t, the_example_checks_a_stick);
	tcase_add_test(t, the_example_reads_with_the_key);
	tcase_add_test(t, a_key_is_read_as_it_is_printed);
	tcase_add_test(t, anything_else_is_no_key);
	tcase_add_test(t, a_key_opens_its_own_bundle_only);
}
