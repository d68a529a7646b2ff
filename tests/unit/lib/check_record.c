/*
 * check_record.c - one record, a pair of them, and the write that destroys one.
 *
 * The functions that write and flush are replaced here so that a medium can fail, or lie, at a chosen call.
 */
#include "record.h"

#include <sys/syscall.h>

#include "bare.h"
#include "calls.h"
#include "dropped.h"

#define CELL_0 "e60caeb3c2dbe65632edd8c56330140f9ee212e1e9d20b9189e2e40b4c082d919060d01810ec54d52b4a006ebc99b1d3"
#define LIVE_80 "4f4e43454c495645a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0000000030000000" CELL_0
#define LIVE_SUM "48586ce50eb6f8e5e889a540c53b8cb8f485374fb6c89455636ad380cc80ee03"
#define RECEIPT "a4011a6933c340020003505a2fd99fe5dcf89ffc2ce0bce955537e0450f4b6dbec0729be995c04dcffea86662c"
#define MAC "08d217cddefea9d147a1fd7fd59025cd6c5e6d8b5e953c704bb4f499a99e52f6"
#define SPENT_SUM "a17f8ac2f5932906a3355e4560a3920d8ffe9a5c6fd260438a15a87962564b8b"
#define STICK_64                                                                                                                   \
	"4f4e43455354494b505152535455565758595a5b5c5d5e5f010000002000000049a4ddaab7af713acb04194c705005f544de6e646f1ba21da2010394" \
	"ebbc2bfb"
#define STICK_SUM "d338c833447e63cbe66d5b292c35076e093a40b1794e31a1ac15e27782a2579c"
#define R_1 "49a4ddaab7af713acb04194c705005f544de6e646f1ba21da2010394ebbc2bfb"

/* What the medium does to the next writes and flushes. */
static struct {
	unsigned fail_flushes; /* fdatasync fails so many times */
	bool drop_writes;      /* they succeed, and nothing is written */
	bool refuse_aligned;   /* O_DIRECT is accepted by open and refused by write */
	unsigned writes, flushes;
	int flushed; /* what was written there is not read back yet; -1: nothing */
} medium = {.flushed = -1};

int
fdatasync(int fd)
{
	medium.flushes++;
	if (medium.fail_flushes > 0) {
		medium.fail_flushes--;
		errno = EIO;
		return -1;
	}
	medium.flushed = fd;
	dropped.fd = -1;
	return (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	ck_assert_msg(fd != medium.flushed || was_dropped(fd, off, n), "read back from memory");
	medium.flushed = -1;
	return call_pread(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off_t off) __attribute__((alias("pread"), visibility("default")));
#endif

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	medium.writes++;
	if (medium.refuse_aligned && (fcntl(fd, F_GETFL) & O_DIRECT) != 0) {
		errno = EINVAL;
		return -1;
	}
	return medium.drop_writes ? (ssize_t)n : call_pwrite(fd, buf, n, off);
}

static struct bare x;
static struct fault fault;
static uint8_t grant_id[ID_SIZE], stick_id[ID_SIZE], live[RECORD_SIZE], spent[RECORD_SIZE];

static void
unhex(uint8_t *out, size_t n, const char *hex)
{
	ck_assert_int_eq(bytes_from_hex(out, n, hex), 0);
}

static void
setup(void)
{
	uint8_t cell[48], body[45 + MAC_SIZE];

	unhex(grant_id, ID_SIZE, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
	unhex(stick_id, ID_SIZE, "505152535455565758595a5b5c5d5e5f");
	unhex(cell, sizeof cell, CELL_0);
	unhex(body, sizeof body, RECEIPT MAC);
	record_encode(live, RECORD_LIVE, grant_id, 0, BYTES(cell, sizeof cell));
	record_encode(spent, RECORD_SPENT, grant_id, 0, BYTES(body, sizeof body));
	memset(&medium, 0, sizeof medium);
	memset(&fault, 0, sizeof fault);
}

static enum record_state
state_of(const uint8_t raw[RECORD_SIZE])
{
	struct bytes body;
	enum record_state state = record_slot_state(raw, grant_id, 0, 48, &body);

	ck_assert((state == RECORD_IS_DAMAGED) == (body.n == 0));
	return state;
}

/* The checksum of whatever the record holds now: what a forger would write. */
static void
reseal(uint8_t raw[RECORD_SIZE])
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, 32);
	crypto_generichash_update(&h, (const uint8_t *)"\x0conce1/record", 13);
	crypto_generichash_update(&h, raw, 4064);
	crypto_generichash_final(&h, raw + 4064, 32);
}

/* ---- bytes ---- */

START_TEST(a_live_record_is_as_in_the_format)
{
	uint8_t head[80], sum[32];
	struct bytes body;

	unhex(head, sizeof head, LIVE_80);
	unhex(sum, sizeof sum, LIVE_SUM);
	ck_assert_mem_eq(live, head, sizeof head);
	ck_assert(sodium_is_zero(live + 80, 4064 - 80));
	ck_assert_mem_eq(live + 4064, sum, sizeof sum);
	ck_assert_int_eq(record_slot_state(live, grant_id, 0, 48, &body), RECORD_IS_LIVE);
	ck_assert_uint_eq(body.n, 48);
	ck_assert_mem_eq(body.p, head + 32, 48);
}
END_TEST

START_TEST(a_spent_record_is_as_in_the_format)
{
	uint8_t want[45 + MAC_SIZE], sum[32];
	struct bytes body;

	unhex(want, sizeof want, RECEIPT MAC);
	unhex(sum, sizeof sum, SPENT_SUM);
	ck_assert_mem_eq(spent, "ONCESPNT", 8);
	ck_assert_mem_eq(spent + 4064, sum, sizeof sum);
	ck_assert_int_eq(record_slot_state(spent, grant_id, 0, 48, &body), RECORD_IS_SPENT);
	ck_assert_uint_eq(body.n, sizeof want);
	ck_assert_mem_eq(body.p, want, sizeof want);
}
END_TEST

START_TEST(a_stick_record_is_as_in_the_format)
{
	uint8_t raw[RECORD_SIZE], head[64], sum[32], r[KEY_SIZE], got[KEY_SIZE], id[ID_SIZE] = {0};
	uint32_t n = 0;

	unhex(head, sizeof head, STICK_64);
	unhex(sum, sizeof sum, STICK_SUM);
	unhex(r, sizeof r, R_1);
	record_encode(raw, RECORD_STICK, stick_id, 1, BYTES(r, sizeof r));
	ck_assert_mem_eq(raw, head, sizeof head);
	ck_assert_mem_eq(raw + 4064, sum, sizeof sum);
	ck_assert(record_stick(raw, id, &n, got));
	ck_assert_mem_eq(id, stick_id, ID_SIZE);
	ck_assert_uint_eq(n, 1);
	ck_assert_mem_eq(got, r, KEY_SIZE);
	ck_assert(record_stick(raw, id, &n, got));
	id[0] ^= 1;
	ck_assert(!record_stick(raw, id, &n, got));
}
END_TEST

/* hostile 32 */
START_TEST(a_stick_record_without_an_id_or_with_a_flipped_bit_is_none)
{
	uint8_t raw[RECORD_SIZE], r[KEY_SIZE] = {1}, id[ID_SIZE] = {0}, zero[ID_SIZE] = {0};
	uint32_t n = 77;

	record_encode(raw, RECORD_STICK, zero, 1, BYTES(r, sizeof r));
	ck_assert(!record_stick(raw, id, &n, r));
	record_encode(raw, RECORD_STICK, stick_id, 1, BYTES(r, sizeof r - 1));
	ck_assert(!record_stick(raw, id, &n, r));
	for (size_t i = 0; i < RECORD_SIZE; i += 7) {
		record_encode(raw, RECORD_STICK, stick_id, 1, BYTES(r, sizeof r));
		raw[i] ^= (uint8_t)(1u << i % 8);
		ck_assert(!record_stick(raw, id, &n, r));
		ck_assert(sodium_is_zero(id, ID_SIZE));
	}
	ck_assert_uint_eq(n, 77);
}
END_TEST

/* ---- hostile records: everything else is right, the checksum too ---- */

/* hostile 34 */
START_TEST(another_magic_is_damaged)
{
	memcpy(live, "ONCELIVF", 8);
	reseal(live);
	ck_assert_int_eq(state_of(live), RECORD_IS_DAMAGED);
	memcpy(live, "ONCESTIK", 8);
	reseal(live);
	ck_assert_int_eq(state_of(live), RECORD_IS_DAMAGED);
}
END_TEST

/* hostile 34 */
START_TEST(the_record_of_another_slot_or_grant_is_damaged)
{
	struct bytes body;

	ck_assert_int_eq(record_slot_state(live, grant_id, 1, 48, &body), RECORD_IS_DAMAGED);
	ck_assert_int_eq(record_slot_state(spent, grant_id, 1, 48, &body), RECORD_IS_DAMAGED);
	ck_assert_int_eq(record_slot_state(live, stick_id, 0, 48, &body), RECORD_IS_DAMAGED);
	ck_assert_uint_eq(body.n, 0);
}
END_TEST

/* hostile 34 */
START_TEST(a_body_length_that_does_not_fit_is_damaged)
{
	static const uint16_t lengths[] = {0, 1, 47, 49, 80, 4032, 4033, 4064, 65535};

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		store_le16(live + 28, lengths[i]);
		reseal(live);
		ck_assert_int_eq(state_of(live), RECORD_IS_DAMAGED);
	}
	store_le16(live + 28, 48);
	reseal(live);
	ck_assert_int_eq(state_of(live), RECORD_IS_LIVE);
}
END_TEST

START_TEST(a_receipt_has_1_to_480_bytes_and_a_mac)
{
	uint8_t body[600];

	memset(body, 0x77, sizeof body);
	for (size_t n = 1; n < sizeof body; n++) {
		record_encode(spent, RECORD_SPENT, grant_id, 0, BYTES(body, n));
		ck_assert_int_eq(state_of(spent), n >= 33 && n <= 512 ? RECORD_IS_SPENT : RECORD_IS_DAMAGED);
	}
}
END_TEST

/* hostile 34 */
START_TEST(fill_and_reserved_bytes_are_zero)
{
	static const size_t places[] = {30, 31, 80, 81, 2048, 4063};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		live[places[i]] = 1;
		reseal(live);
		ck_assert_int_eq(state_of(live), RECORD_IS_DAMAGED);
		live[places[i]] = 0;
	}
}
END_TEST

/* hostile 34 */
START_TEST(any_flipped_bit_is_damaged)
{
	for (size_t i = 0; i < RECORD_SIZE; i++) {
		live[i] ^= (uint8_t)(1u << i % 8);
		ck_assert_int_eq(state_of(live), RECORD_IS_DAMAGED);
		live[i] ^= (uint8_t)(1u << i % 8);
	}
	ck_assert_int_eq(state_of(live), RECORD_IS_LIVE);
}
END_TEST

/* hostile 43 */
START_TEST(a_write_torn_at_any_sector_is_damaged)
{
	uint8_t torn[RECORD_SIZE];

	for (size_t at = 512; at < RECORD_SIZE; at += 512) {
		memcpy(torn, spent, at);
		memcpy(torn + at, live + at, RECORD_SIZE - at);
		ck_assert_int_eq(state_of(torn), RECORD_IS_DAMAGED);
		memcpy(torn, live, at);
		memcpy(torn + at, spent + at, RECORD_SIZE - at);
		ck_assert_int_eq(state_of(torn), RECORD_IS_DAMAGED);
	}
}
END_TEST

/* hostile 33 */
START_TEST(zeros_ones_and_noise_are_damaged)
{
	uint8_t raw[RECORD_SIZE];

	memset(raw, 0, sizeof raw);
	ck_assert_int_eq(state_of(raw), RECORD_IS_DAMAGED);
	memset(raw, 0xff, sizeof raw);
	ck_assert_int_eq(state_of(raw), RECORD_IS_DAMAGED);
	randombytes_buf(raw, sizeof raw);
	ck_assert_int_eq(state_of(raw), RECORD_IS_DAMAGED);
}
END_TEST

/* ---- merge ---- */

/* hostile 37, 43 */
START_TEST(merge_is_the_table_of_the_format)
{
	enum record_state l = RECORD_IS_LIVE, s = RECORD_IS_SPENT, d = RECORD_IS_DAMAGED;

	ck_assert_int_eq(record_merge(l, l, true), l);
	ck_assert_int_eq(record_merge(l, l, false), d);
	ck_assert_int_eq(record_merge(l, s, false), s);
	ck_assert_int_eq(record_merge(l, d, false), l);
	ck_assert_int_eq(record_merge(s, l, false), s);
	ck_assert_int_eq(record_merge(s, s, true), s);
	ck_assert_int_eq(record_merge(s, s, false), s);
	ck_assert_int_eq(record_merge(s, d, false), s);
	ck_assert_int_eq(record_merge(d, l, false), l);
	ck_assert_int_eq(record_merge(d, s, false), s);
	ck_assert_int_eq(record_merge(d, d, true), d);
	ck_assert_int_eq(record_merge(d, d, false), d);
}
END_TEST

/* hostile 43 */
START_TEST(merge_is_commutative_idempotent_and_keeps_tombstones)
{
	for (int a = RECORD_IS_LIVE; a <= RECORD_IS_DAMAGED; a++) {
		for (int b = RECORD_IS_LIVE; b <= RECORD_IS_DAMAGED; b++) {
			enum record_state one = (enum record_state)a, two = (enum record_state)b;

			ck_assert_int_eq(record_merge(one, two, a == b), record_merge(two, one, a == b));
			ck_assert_int_eq(record_merge(one, two, false), record_merge(two, one, false));
			if (a == RECORD_IS_SPENT || b == RECORD_IS_SPENT)
				ck_assert_int_eq(record_merge(one, two, false), RECORD_IS_SPENT);
		}
		ck_assert_int_eq(record_merge((enum record_state)a, (enum record_state)a, true), a);
	}
}
END_TEST

/* ---- the destroying write ---- */

static void
file_of(uint8_t slots)
{
	uint8_t raw[8 * RECORD_SIZE];

	for (uint8_t i = 0; i < slots; i++)
		memset(raw + i * RECORD_SIZE, 0xa0 + i, RECORD_SIZE);
	put_file(&x, "lock.a", raw, slots * RECORD_SIZE);
	memset(&fault, 0, sizeof fault);
}

/* The file as file_of made it, but for record 1, which holds want. */
static void
only_record_1_is(const uint8_t want[RECORD_SIZE])
{
	size_t n = 0;
	uint8_t *data = get_file(&x, "lock.a", &n);

	ck_assert_uint_eq(n, 3 * RECORD_SIZE);
	for (size_t i = 0; i < RECORD_SIZE; i++) {
		ck_assert_uint_eq(data[i], 0xa0);
		ck_assert_uint_eq(data[2 * RECORD_SIZE + i], 0xa2);
	}
	ck_assert_mem_eq(data + RECORD_SIZE, want, RECORD_SIZE);
	free(data);
}

START_TEST(destroy_overwrites_one_record_and_nothing_else)
{
	bare_open(&x);
	file_of(3);
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 1, spent, &fault), E_OK);
	ck_assert_int_eq(fault.err, E_OK);
	only_record_1_is(spent);
	ck_assert_uint_eq(medium.flushes, 1);
	bare_close(&x);
}
END_TEST

/* The other half of a page is somebody else's record: no more is dropped than was written. */
START_TEST(what_is_read_back_was_dropped_from_memory)
{
	bare_open(&x);
	file_of(3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(record_destroy(x.fd, "lock.a", i, spent, &fault), E_OK);
		ck_assert_uint_eq(dropped.count, i + 1);
		ck_assert_int_eq(dropped.from, i * RECORD_SIZE);
		ck_assert_int_eq(dropped.to, (i + 1) * RECORD_SIZE);
	}
	bare_close(&x);
}
END_TEST

START_TEST(destroy_works_where_there_is_no_direct_io)
{
	bare_open_at(&x, "/dev/shm");
	file_of(3);
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 1, spent, &fault), E_OK);
	only_record_1_is(spent);
	file_of(3);
	medium.refuse_aligned = true;
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 1, spent, &fault), E_OK);
	only_record_1_is(spent);
	bare_close(&x);
	bare_open(&x);
	file_of(3);
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 1, spent, &fault), E_OK);
	only_record_1_is(spent);
	bare_close(&x);
}
END_TEST

/* hostile 40 */
START_TEST(a_failed_flush_writes_the_copy_once_more)
{
	bare_open(&x);
	file_of(3);
	medium.fail_flushes = 1;
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 1, spent, &fault), E_OK);
	ck_assert_int_eq(fault.err, E_OK);
	ck_assert_uint_eq(medium.flushes, 2);
	ck_assert_uint_ge(medium.writes, 2);
	only_record_1_is(spent);
	bare_close(&x);
}
END_TEST

/* hostile 40 */
START_TEST(a_flush_that_fails_twice_is_an_io_error)
{
	bare_open(&x);
	file_of(3);
	medium.fail_flushes = 2;
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 1, spent, &fault), E_STICK_IO);
	ck_assert_int_eq(fault.err, E_STICK_IO);
	ck_assert_int_eq(fault.sys, EIO);
	ck_assert_str_eq(fault.step, "fdatasync");
	ck_assert_uint_eq(medium.flushes, 2);
	bare_close(&x);
}
END_TEST

/* hostile 40 */
START_TEST(a_medium_that_drops_writes_is_found_by_reading_back)
{
	bare_open(&x);
	file_of(3);
	medium.drop_writes = true;
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 1, spent, &fault), E_STICK_IO);
	ck_assert_str_eq(fault.step, "read back");
	ck_assert_uint_eq(medium.writes, 1);
	bare_close(&x);
}
END_TEST

START_TEST(a_missing_file_is_not_made)
{
	bare_open(&x);
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 0, spent, &fault), E_STICK_IO);
	ck_assert_int_eq(fault.sys, ENOENT);
	ck_assert(!exists(&x, "lock.a"));
	bare_close(&x);
}
END_TEST

/* hostile 33 */
START_TEST(a_short_file_is_not_extended)
{
	size_t n = 0;

	bare_open(&x);
	file_of(3);
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 3, spent, &fault), E_STICK_IO);
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", UINT32_MAX, spent, NULL), E_STICK_IO);
	ck_assert_int_eq(truncate(bare_path(&x, "lock.a", (char[512]){0}), 3 * RECORD_SIZE - 1), 0);
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 2, spent, NULL), E_STICK_IO);
	free(get_file(&x, "lock.a", &n));
	ck_assert_uint_eq(n, 3 * RECORD_SIZE - 1);
	ck_assert_uint_eq(medium.writes, 0);
	bare_close(&x);
}
END_TEST

/* hostile 33 */
START_TEST(links_fifos_and_directories_are_not_written)
{
	bare_open(&x);
	file_of(3);
	ck_assert_int_eq(symlinkat("lock.a", x.fd, "link"), 0);
	ck_assert_int_eq(mkfifoat(x.fd, "fifo", 0600), 0);
	put_dir(&x, "dir");
	ck_assert_int_eq(record_destroy(x.fd, "link", 0, spent, NULL), E_STICK_IO);
	ck_assert_int_eq(record_destroy(x.fd, "fifo", 0, spent, NULL), E_STICK_IO);
	ck_assert_int_eq(record_destroy(x.fd, "dir", 0, spent, NULL), E_STICK_IO);
	ck_assert_uint_eq(medium.writes, 0);
	bare_close(&x);
}
END_TEST

/* hostile 40 */
START_TEST(a_file_that_may_not_be_written_is_readonly)
{
	bare_open(&x);
	file_of(3);
	ck_assert_int_eq(fchmod(x.fd, 0755), 0);
	ck_assert_int_eq(fchmodat(x.fd, "lock.a", 0444, 0), 0);
	become_nobody();
	ck_assert_int_eq(record_destroy(x.fd, "lock.a", 0, spent, &fault), E_READONLY);
	become_again();
	ck_assert_int_eq(fault.sys, EACCES);
	ck_assert_uint_eq(medium.writes, 0);
	bare_close(&x);
}
END_TEST

START_TEST(read_takes_one_whole_record)
{
	uint8_t raw[RECORD_SIZE];
	int fd = -1;

	bare_open(&x);
	file_of(2);
	fd = stickio_open_file(x.fd, "lock.a", O_RDONLY, NULL);
	ck_assert_int_eq(record_read(fd, 1, raw), 0);
	ck_assert_uint_eq(raw[0], 0xa1);
	ck_assert_uint_eq(raw[RECORD_SIZE - 1], 0xa1);
	ck_assert_int_eq(record_read(fd, 2, raw), -1);
	ck_assert_int_eq(errno, EIO);
	close(fd);
	bare_close(&x);
}
END_TEST

SUITE("record", .setup = setup, .timeout = 60)
{
	tcase_add_test(t, a_live_record_is_as_in_the_format);
	tcase_add_test(t, a_spent_record_is_as_in_the_format);
	tcase_add_test(t, a_stick_record_is_as_in_the_format);
	tcase_add_test(t, a_stick_record_without_an_id_or_with_a_flipped_bit_is_none);
	tcase_add_test(t, another_magic_is_damaged);
	tcase_add_test(t, the_record_of_another_slot_or_grant_is_damaged);
	tcase_add_test(t, a_body_length_that_does_not_fit_is_damaged);
	tcase_add_test(t, a_receipt_has_1_to_480_bytes_and_a_mac);
	tcase_add_test(t, fill_and_reserved_bytes_are_zero);
	tcase_add_test(t, any_flipped_bit_is_damaged);
	tcase_add_test(t, a_write_torn_at_any_sector_is_damaged);
	tcase_add_test(t, zeros_ones_and_noise_are_damaged);
	tcase_add_test(t, merge_is_the_table_of_the_format);
	tcase_add_test(t, merge_is_commutative_idempotent_and_keeps_tombstones);
	tcase_add_test(t, destroy_overwrites_one_record_and_nothing_else);
	tcase_add_test(t, what_is_read_back_was_dropped_from_memory);
	tcase_add_test(t, destroy_works_where_there_is_no_direct_io);
	tcase_add_test(t, a_failed_flush_writes_the_copy_once_more);
	tcase_add_test(t, a_flush_that_fails_twice_is_an_io_error);
	tcase_add_test(t, a_medium_that_drops_writes_is_found_by_reading_back);
	tcase_add_test(t, a_missing_file_is_not_made);
	tcase_add_test(t, a_short_file_is_not_extended);
	tcase_add_test(t, links_fifos_and_directories_are_not_written);
	tcase_add_test(t, a_file_that_may_not_be_written_is_readonly);
	tcase_add_test(t, read_takes_one_whole_record);
}
