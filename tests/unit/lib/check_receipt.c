/*
 * check_receipt.c - receipts, their MAC, files of receipts, enrolment requests. What else is refused is in check_payload.c.
 */
#include "enrolment.h"
#include "receipt.h"
#include "receipts.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <sodium.h>

#include "payload.h"
#include "suite.h"

#define STATION_ID "5a2fd99fe5dcf89ffc2ce0bce955537e"
#define SESSION_ID "f4b6dbec0729be995c04dcffea86662c"
#define STATION_PK "13be4feaeaf204c7fd3358fc9c00721881d174278128227ec674f37f7fe97b6d"
#define VECTOR_RECEIPT "a4011a6933c34002000350" STATION_ID "0450" SESSION_ID
#define VECTOR_MAC "08d217cddefea9d147a1fd7fd59025cd6c5e6d8b5e953c704bb4f499a99e52f6"
/* The same after the end, an hour later; it was continued once. */
#define VECTOR_ENDED "a7011a6933c34002000350" STATION_ID "0450" SESSION_ID "051a6933d15006190e100701"
#define VECTOR_ENDED_MAC "5079f576f128c7ba74836a7c5f47861dc99acb55741877400ef80356465564e5"
#define ENDED_HEADER "4f4e434553504e54a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0000000059000000"
#define ENDED_SIZE 57
/* ONCESPNT, grant id, slot 0, body length 45 + 32. */
#define HEADER "4f4e434553504e54a0a1a2a3a4a5a6a7a8a9aaabacadaeaf000000004d000000"
#define RECEIPT_KEY "f291fc698c4edc91f7958a306d2099503a7201c9c9745ab6cad0aac5771a4e6a"

/* ---- receipt ------------------------------------------------------------------------------------------------------------ */

START_TEST(vector_receipt)
{
	struct receipt r = {.spent_at = 1765000000}, back;
	uint8_t out[RECEIPT_ENCODED_MAX], *want;
	size_t n, want_n;

	ck_assert_int_eq(bytes_from_hex(r.station_id, ID_SIZE, STATION_ID), 0);
	ck_assert_int_eq(bytes_from_hex(r.session_id, ID_SIZE, SESSION_ID), 0);
	want = payload_bytes(VECTOR_RECEIPT, &want_n);
	n = receipt_encode(&r, out);
	ck_assert_uint_eq(n, want_n);
	ck_assert_mem_eq(out, want, n);
	ck_assert_int_eq(receipt_parse(&back, BYTES(want, n)), 0);
	ck_assert_mem_eq(&back, &r, sizeof r);
	free(want);
}
END_TEST

START_TEST(vector_mac)
{
	uint8_t *in, mac[MAC_SIZE], other[MAC_SIZE];
	size_t n, i;

	in = payload_bytes(HEADER VECTOR_RECEIPT RECEIPT_KEY VECTOR_MAC, &n);
	receipt_mac(mac, in + 32 + 45, in, BYTES(in + 32, 45));
	ck_assert_uint_eq(n, 32 + 45 + 32 + 32);
	ck_assert_mem_eq(mac, in + n - 32, MAC_SIZE);
	for (i = 0; i < 32 + 45 + 32; i++) {
		in[i] ^= 1;
		receipt_mac(other, in + 32 + 45, in, BYTES(in + 32, 45));
		ck_assert_mem_ne(other, mac, MAC_SIZE);
		in[i] ^= 1;
	}
	free(in);
}
END_TEST

START_TEST(vector_of_an_ended_session)
{
	struct receipt r = {.spent_at = 1765000000, .ended_at = 1765003600, .open_s = 3600, .resumes = 1}, back;
	uint8_t out[RECEIPT_ENCODED_MAX], mac[MAC_SIZE], *in;
	size_t n;

	ck_assert_int_eq(bytes_from_hex(r.station_id, ID_SIZE, STATION_ID), 0);
	ck_assert_int_eq(bytes_from_hex(r.session_id, ID_SIZE, SESSION_ID), 0);
	in = payload_bytes(ENDED_HEADER VECTOR_ENDED RECEIPT_KEY VECTOR_ENDED_MAC, &n);
	ck_assert_uint_eq(n, 32 + ENDED_SIZE + 32 + 32);
	ck_assert_uint_eq(receipt_encode(&r, out), ENDED_SIZE);
	ck_assert_mem_eq(out, in + 32, ENDED_SIZE);
	ck_assert_int_eq(receipt_parse(&back, BYTES(in + 32, ENDED_SIZE)), 0);
	ck_assert_mem_eq(&back, &r, sizeof r);
	receipt_mac(mac, in + 32 + ENDED_SIZE, in, BYTES(in + 32, ENDED_SIZE));
	ck_assert_mem_eq(mac, in + n - 32, MAC_SIZE);
	free(in);
}
END_TEST

START_TEST(largest_receipt_fits)
{
	struct receipt r = {.spent_at = TIME_MAX, .flags = 31, .ended_at = TIME_MAX, .open_s = UINT64_MAX, .resumes = UINT64_MAX};
	uint8_t out[RECEIPT_ENCODED_MAX];
	struct receipt back;
	size_t n;

	memset(r.station_id, 0xff, ID_SIZE);
	n = receipt_encode(&r, out);
	ck_assert_uint_le(n, RECEIPT_ENCODED_MAX);
	ck_assert_int_eq(receipt_parse(&back, BYTES(out, n)), 0);
	ck_assert_mem_eq(&back, &r, sizeof r);
}
END_TEST

/* ---- files of receipts -------------------------------------------------------------------------------------------------- */

#define ROW_HEAD "845820" PAYLOAD_ISSUER "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define BODY_33 "5821" VECTOR_MAC "00"

static void
check_rows(const void *none, struct bytes file)
{
	struct receipt_row *rows = NULL;
	struct receipts_from from;
	size_t count = 0, n;
	uint8_t *p;

	(void)none;
	receipts_from(file, &from);
	if (receipts_parse(file, &rows, &count) != 0) {
		ck_assert(rows == NULL && count == 0);
		return;
	}
	p = receipts_encode_from(&from, rows, count, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(n, file.n);
	ck_assert_mem_eq(p, file.p, n);
	free(p);
	free(rows);
}

static bool
accepts_rows(const char *hex)
{
	struct receipt_row *rows = NULL;
	size_t n, count;
	uint8_t *p = payload_bytes(hex, &n);
	const bool ok = receipts_parse(BYTES(p, n), &rows, &count) == 0;

	check_rows(NULL, BYTES(p, n));
	free(rows);
	free(p);
	return ok;
}

START_TEST(rows_make_the_round_trip)
{
	uint8_t body[512], *p;
	struct receipt_row in[3], *out;
	size_t n, count, i;

	memset(body, 7, sizeof body);
	for (i = 0; i < 3; i++) {
		memset(in[i].issuer, (int)i, KEY_SIZE);
		memset(in[i].grant_id, (int)i + 9, ID_SIZE);
		in[i].slot = (uint32_t[]){0, 77, 4095}[i];
		in[i].body = BYTES(body, ((size_t[]){33, 76, 512})[i]);
	}
	p = receipts_encode(in, 3, &n);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(receipts_parse(BYTES(p, n), &out, &count), 0);
	ck_assert_uint_eq(count, 3);
	for (i = 0; i < 3; i++) {
		ck_assert_mem_eq(out[i].issuer, in[i].issuer, KEY_SIZE);
		ck_assert_mem_eq(out[i].grant_id, in[i].grant_id, ID_SIZE);
		ck_assert_uint_eq(out[i].slot, in[i].slot);
		ck_assert_uint_eq(out[i].body.n, in[i].body.n);
		ck_assert_mem_eq(out[i].body.p, body, in[i].body.n);
		ck_assert(out[i].body.p > p && out[i].body.p < p + n);
	}
	free(out);
	free(p);
}
END_TEST

#define FROM_HEAD "8250c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"

START_TEST(a_file_says_which_pc_it_is_from)
{
	struct receipts_from from = {.name = "Hall 3"}, got;
	uint8_t body[33] = {7}, *p = NULL;
	struct receipt_row row = {.slot = 3, .body = BYTES(body, sizeof body)}, *rows = NULL;
	size_t n = 0, count = 0;

	memset(from.station_id, 0xc0, ID_SIZE);
	p = receipts_encode_from(&from, &row, 1, &n);
	ck_assert_ptr_nonnull(p);
	receipts_from(BYTES(p, n), &got);
	ck_assert_mem_eq(&got, &from, sizeof got);
	ck_assert_int_eq(receipts_parse(BYTES(p, n), &rows, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(rows[0].slot, 3);
	free(rows);
	free(p);
	p = receipts_encode(&row, 1, &n);
	receipts_from(BYTES(p, n), &got);
	ck_assert_str_eq(got.name, "");
	free(p);
	ck_assert(accepts_rows("81" FROM_HEAD "6648616c6c2033"));
	ck_assert(accepts_rows("82" FROM_HEAD "6648616c6c2033" ROW_HEAD "00" BODY_33));
	ck_assert(!accepts_rows("82" ROW_HEAD "00" BODY_33 FROM_HEAD "6648616c6c2033")); /* only at the beginning */
	ck_assert(!accepts_rows("82" FROM_HEAD "6648616c6c2033" FROM_HEAD "6648616c6c2033"));
	ck_assert(!accepts_rows("81" FROM_HEAD "60"));                                   /* no name */
	ck_assert(!accepts_rows("81" FROM_HEAD "6648610a6c2033"));                       /* a control character */
	ck_assert(!accepts_rows("81" "824fc0c1c2c3c4c5c6c7c8c9cacbcccdce" "6648616c6c2033"));
	ck_assert(!accepts_rows("81" FROM_HEAD));
}
END_TEST

START_TEST(file_without_rows)
{
	struct receipt_row *rows = NULL;
	size_t count = 9;

	ck_assert_int_eq(receipts_parse(BYTES("\x80", 1), &rows, &count), 0);
	ck_assert_uint_eq(count, 0);
	free(rows);
	ck_assert(!accepts_rows(""));
}
END_TEST

START_TEST(bounds_of_a_row)
{
	char hex[512 + 2 * 513], *p;
	size_t i;

	ck_assert(accepts_rows("81" ROW_HEAD "190fff" BODY_33));
	ck_assert(!accepts_rows("81" ROW_HEAD "191000" BODY_33));
	ck_assert(!accepts_rows("81" ROW_HEAD "1affffffff" BODY_33));
	ck_assert(!accepts_rows("81" ROW_HEAD "00" "5820" VECTOR_MAC));
	p = hex + sprintf(hex, "81" ROW_HEAD "00590200");
	for (i = 0; i < 512; i++)
		p += sprintf(p, "00");
	ck_assert(accepts_rows(hex));
	strcpy(p, "00");
	ck_assert(!accepts_rows(hex));
	memcpy(strstr(hex, "590200"), "590201", 6);
	ck_assert(!accepts_rows(hex));
}
END_TEST

START_TEST(rows_of_other_shapes)
{
	ck_assert(!accepts_rows("8183" "5820" PAYLOAD_ISSUER "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf" "00"));
	ck_assert(!accepts_rows("8185" "5820" PAYLOAD_ISSUER "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf" "00" BODY_33 "00"));
	ck_assert(!accepts_rows("82" ROW_HEAD "00" BODY_33));
	ck_assert(!accepts_rows("80" ROW_HEAD "00" BODY_33));
	ck_assert(!accepts_rows("9f" ROW_HEAD "00" BODY_33 "ff"));
	ck_assert(!accepts_rows("9801" ROW_HEAD "00" BODY_33));
	ck_assert(!accepts_rows("9a10000000" ROW_HEAD "00" BODY_33));
	ck_assert(!accepts_rows("9bffffffffffffffff" ROW_HEAD "00" BODY_33));
	ck_assert(!accepts_rows("81" ROW_HEAD "00" BODY_33 "00"));
	ck_assert(!accepts_rows("a0"));
}
END_TEST

START_TEST(damaged_file_is_refused_or_encodes_back)
{
	payload_damage("82" ROW_HEAD "00" BODY_33 ROW_HEAD "190fff" BODY_33, 4000, check_rows, NULL);
}
END_TEST

/* ---- enrolment ---------------------------------------------------------------------------------------------------------- */

START_TEST(enrolment_is_read)
{
	struct enrolment e;
	uint8_t *p, *pk;
	size_t n, pk_n;

	p = payload_bytes("a30101025820" STATION_PK "036648616c6c2042", &n);
	pk = payload_bytes(STATION_PK, &pk_n);
	ck_assert_int_eq(enrolment_parse(&e, BYTES(p, n)), 0);
	ck_assert_mem_eq(e.station_pk, pk, KEY_SIZE);
	ck_assert_str_eq(e.label, "Hall B");
	free(pk);
	free(p);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("receipt");
	TCase *tc = tcase_create("receipt");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, vector_receipt);
	tcase_add_test(tc, vector_mac);
	tcase_add_test(tc, vector_of_an_ended_session);
	tcase_add_test(tc, largest_receipt_fits);
	tcase_add_test(tc, rows_make_the_round_trip);
	tcase_add_test(tc, a_file_says_which_pc_it_is_from);
	tcase_add_test(tc, file_without_rows);
	tcase_add_test(tc, bounds_of_a_row);
	tcase_add_test(tc, rows_of_other_shapes);
	tcase_add_test(tc, damaged_file_is_refused_or_encodes_back);
	tcase_add_test(tc, enrolment_is_read);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	return suite_run(suite());
}
