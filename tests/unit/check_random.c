/*
 * check_random.c - what has to be random is: each randombytes_buf in the tree is one whose result is used, whole.
 *
 * Random numbers are drawn here from a seed. What a step makes is the same with the same seed, and differs with another; what is a
 * constant, or whatever was in memory, is neither.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sodium.h>

#include "books.h"
#include "cli.h"
#include "fake_memory.h"
#include "fixture.h"
#include "issuer.h"
#include "keystore.h"
#include "provision.h"
#include "scrub.h"
#include "secret.h"
#include "station.h"
#include "stickio.h"
#include "suite.h"
#include "unlock.h"

#define OUT_MAX 8192u

static struct fixture x;
static struct fault fault;
static uint8_t seed; /* 0: from the kernel */
static unsigned draws;

__attribute__((visibility("default"))) void
randombytes_buf(void *buf, size_t n)
{
	uint8_t key[randombytes_SEEDBYTES] = {seed, (uint8_t)++draws};

	if (seed != 0)
		randombytes_buf_deterministic(buf, n, key);
	else if (syscall(SYS_getrandom, buf, n, 0) != (long)n)
		abort();
}

static char renamed[128]; /* what was given another name last */

__attribute__((visibility("default"))) int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	snprintf(renamed, sizeof renamed, "%s", from);
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

static char removed[128]; /* what was removed last */

__attribute__((visibility("default"))) int
unlinkat(int dir_fd, const char *name, int flags)
{
	snprintf(removed, sizeof removed, "%s", name);
	return (int)syscall(SYS_unlinkat, dir_fd, name, flags);
}

#define CHUNKS 4u
#define CHUNK_SEEN (OUT_MAX / CHUNKS)

/* Of a stick that has room for two chunks, each of the two times that it is filled: where what is in them goes, and how many there
 * were. */
static uint8_t *filled;
static unsigned chunks;

__attribute__((visibility("default"))) ssize_t
write(int fd, const void *buf, size_t n)
{
	if (filled == NULL || n < CHUNK_SEEN)
		return syscall(SYS_write, fd, buf, n);
	if (chunks % 3 == 2) {
		chunks++;
		errno = ENOSPC;
		return -1;
	}
	memcpy(filled, (const uint8_t *)buf + n - CHUNK_SEEN, CHUNK_SEEN);
	filled += CHUNK_SEEN;
	chunks++;
	return (ssize_t)n;
}

static void
setup(void)
{
	seed = 0;
	memset(&fault, 0, sizeof fault);
	fixture_open(&x);
}

static void
teardown(void)
{
	seed = 0;
	fixture_close(&x);
}

/* How many words are equal in both: what was not drawn, or only a part of it. */
static size_t
common(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t same = 0;

	for (size_t i = 0; i + 4 <= n; i += 4)
		same += memcmp(a + i, b + i, 4) == 0;
	return same;
}

/* What make puts into out, n bytes all of which come from what was drawn, with one seed, again with the same, and with another. */
static void
all_of_it_is_drawn(void (*make)(uint8_t *out), size_t n)
{
	static uint8_t one[OUT_MAX], again[OUT_MAX], other[OUT_MAX];

	ck_assert_uint_le(n, OUT_MAX);
	seed = 1, draws = 0;
	make(one);
	seed = 1, draws = 0;
	make(again);
	seed = 2, draws = 0;
	make(other);
	ck_assert_uint_gt(draws, 0);
	ck_assert_mem_eq(one, again, n);
	ck_assert_uint_eq(common(one, other, n), 0);
}

static void
salt_of_a_keystore(uint8_t *out)
{
	uint8_t *file = NULL;
	size_t n = 0;

	ck_assert_int_eq(keystore_create(x.dir_fd, x.seed, BYTES("correct horse", 13), &fault), E_OK);
	ck_assert_int_eq(stickio_slurp(x.dir_fd, KEYSTORE_NAME, 4096, &file, &n), 0);
	ck_assert_uint_gt(n, 40 + ID_SIZE);
	memcpy(out, file + 40, ID_SIZE); /* its place in the file: check_keystore */
	free(file);
	ck_assert_int_eq(unlinkat(x.dir_fd, KEYSTORE_NAME, 0), 0);
}

/* Until it is whole: nobody else knows it. */
static void
name_of_a_keystore(uint8_t *out)
{
	uint8_t salt[ID_SIZE];

	renamed[0] = '\0';
	salt_of_a_keystore(salt);
	ck_assert_int_eq(strncmp(renamed, KEYSTORE_NAME ".", sizeof KEYSTORE_NAME), 0);
	ck_assert_int_eq(bytes_from_hex(out, ID_SIZE, renamed + sizeof KEYSTORE_NAME), 0);
}

static void
seed_of_an_issuer(uint8_t *out)
{
	char dir[128], pass[128];
	char *argv[] = {"init", "--quiet", "--passphrase-file", pass, NULL};
	struct sentence *sentences = NULL;
	struct cli c = {.verb = "init", .sentences = &sentences};
	uint8_t *opened = NULL;
	int fd = -1;

	snprintf(dir, sizeof dir, "%s/issuer", x.path);
	snprintf(pass, sizeof pass, "%s/ONCE/pass", x.path);
	fixture_put(&x, "pass", "correct horse\n", 14);
	ck_assert_int_eq(setenv("ONCESTICK_ISSUER_DIR", dir, 1), 0);
	ck_assert_int_eq(cmd_init(&c, 4, argv), E_OK);
	ck_assert_int_ge(fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	ck_assert_int_eq(keystore_open(fd, BYTES("correct horse", 13), &opened, &fault), E_OK);
	memcpy(out, opened, KEY_SIZE);
	secret_free(&opened);
	ck_assert_int_eq(unlinkat(fd, KEYSTORE_NAME, 0), 0);
	close(fd);
}

/* Of a file that shows whether others could write: nobody has made it before. */
static void
name_of_a_trial(uint8_t *out)
{
	removed[0] = '\0';
	ck_assert_int_eq(issuer_check_rights(x.dir_fd, &fault), E_OK);
	ck_assert_int_eq(strncmp(removed, "rights.", 7), 0);
	ck_assert_uint_eq(strlen(removed), 7 + 2 * 8);
	ck_assert_int_eq(bytes_from_hex(out, 8, removed + 7), 0);
}

static void
bytes_of_a_scrub(uint8_t *out)
{
	filled = out;
	chunks = 0;
	ck_assert_int_eq(scrub_free_space(NULL, x.dir_fd, &fault), E_OK);
	filled = NULL;
	ck_assert_uint_eq(chunks, CHUNKS + 2);
	for (unsigned i = 1; i < CHUNKS; i++)
		ck_assert_uint_eq(common(out, out + i * CHUNK_SEEN, CHUNK_SEEN), 0);
}

static void
key_of_a_station(uint8_t *out)
{
	static unsigned made;
	struct station *s = NULL;
	char dir[128];

	snprintf(dir, sizeof dir, "%s/memory%u", x.path, made++);
	ck_assert_int_eq(station_open(&s, dir, STATION_WRITE, &fault), E_OK);
	ck_assert_int_eq(memory_station_pk(station_memory(s), out, NULL), E_OK);
	station_close(&s);
}

static void
id_of_the_books(uint8_t *out)
{
	struct books *b = NULL;
	char dir[128];

	snprintf(dir, sizeof dir, "%s/books", x.path);
	ck_assert_int_eq(books_open(&b, dir, true, &fault), E_OK);
	ck_assert_int_eq(books_draw_id(b, out, &fault), E_OK);
	books_close(&b);
}

static void
bytes_of_a_probe(uint8_t *out)
{
	struct provision *p = NULL;
	uint8_t *file = NULL;
	size_t n = 0;

	ck_assert_int_eq(provision_begin(&p, x.dir_fd, x.seed, x.pk, &fault), E_OK);
	ck_assert_int_eq(stick_probe(p->stick, &fault), E_OK);
	provision_end(&p);
	file = fixture_get(&x, STICK_PROBE, &n);
	ck_assert_uint_ge(n, RECORD_SIZE);
	memcpy(out, file, RECORD_SIZE);
	free(file);
}

static void
nonce_of_a_session(uint8_t *out)
{
	struct fake_memory *m = NULL;
	struct fixture_grant g;
	struct unlock_info info = {0};
	struct unlock *u = NULL;
	struct unlock_env env;
	uint8_t drawn = seed;

	seed = 0; /* the lecture is another each time */
	m = fake_memory_new();
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	env = (struct unlock_env){.memory = &m->memory, .clock = fixture_clock(&x)};
	ck_assert_int_eq(unlock_look(&u, x.dir_fd, &env, &info, &fault), E_OK);
	ck_assert_int_eq(unlock_try(u, g.codes[0], &info, &fault), E_OK);
	seed = drawn, draws = 0;
	ck_assert_int_eq(unlock_spend(u, &info, &fault), E_OK);
	memcpy(out, fake_memory_row(m, g.g.hash, 0)->nonce, NONCE_SIZE);
	unlock_free(&u);
	fake_memory_free(&m);
	fixture_grant_free(&g);
}

START_TEST(salts)
{
	all_of_it_is_drawn(salt_of_a_keystore, ID_SIZE);
}
END_TEST

START_TEST(temporary_names)
{
	all_of_it_is_drawn(name_of_a_keystore, ID_SIZE);
}
END_TEST

START_TEST(seeds)
{
	all_of_it_is_drawn(seed_of_an_issuer, KEY_SIZE);
}
END_TEST

START_TEST(trial_names)
{
	all_of_it_is_drawn(name_of_a_trial, 8);
}
END_TEST

START_TEST(free_space)
{
	all_of_it_is_drawn(bytes_of_a_scrub, OUT_MAX);
}
END_TEST

START_TEST(station_keys)
{
	all_of_it_is_drawn(key_of_a_station, KEY_SIZE);
}
END_TEST

START_TEST(ids)
{
	all_of_it_is_drawn(id_of_the_books, ID_SIZE);
}
END_TEST

START_TEST(probes)
{
	all_of_it_is_drawn(bytes_of_a_probe, RECORD_SIZE);
}
END_TEST

START_TEST(nonces)
{
	all_of_it_is_drawn(nonce_of_a_session, NONCE_SIZE);
}
END_TEST

SUITE("random", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, salts);
	tcase_add_test(t, temporary_names);
	tcase_add_test(t, seeds);
	tcase_add_test(t, trial_names);
	tcase_add_test(t, free_space);
	tcase_add_test(t, station_keys);
	tcase_add_test(t, ids);
	tcase_add_test(t, probes);
	tcase_add_test(t, nonces);
}
