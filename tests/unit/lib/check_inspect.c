/*
 * check_inspect.c - what is said about each kind of file, and about sticks that are not as they were.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "fixture.h"
#include "inspect.h"
#include "keytree.h"
#include "receipt.h"
#include "refillfile.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant lecture;
static struct inspect i;
static struct fault f;

static void
begin(void)
{
	fixture_open(&x);
	fixture_grant(&x, &lecture, fixture_policy(), 0, NULL);
	memset(&i, 0, sizeof i);
	fault_clear(&f);
}

static void
end(void)
{
	inspect_free(&i);
	fixture_grant_free(&lecture);
	fixture_close(&x);
}

/* "b/<id>/manifest.cose" and the like, below ONCE. */
static const char *
below(char out[128], const char *dir, const uint8_t id[ID_SIZE], const char *file)
{
	char hex[2 * ID_SIZE + 1];

	bytes_to_hex(hex, id, ID_SIZE);
	snprintf(out, 128, "%s/%s/%s", dir, hex, file);
	return out;
}

static void
remove_below(const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
	ck_assert_int_eq(unlink(path), 0);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

static void
is_kind(struct bytes file, enum inspect_kind kind)
{
	memset(&i, 0, sizeof i);
	ck_assert_int_eq(inspect_file(&i, file), ENVELOPE_OK);
	ck_assert_int_eq(i.kind, kind);
}

/* A file of the stick is of this kind; with one byte changed at its end it is forged. */
static void
is_signed(const char *name, enum inspect_kind kind)
{
	size_t n = 0;
	uint8_t *file = fixture_get(&x, name, &n);

	is_kind(BYTES(file, n), kind);
	inspect_free(&i);
	memset(&i, 0, sizeof i);
	file[n - 1] ^= 1;
	ck_assert_int_eq(inspect_file(&i, BYTES(file, n)), ENVELOPE_FORGED);
	free(file);
}

START_TEST(files_that_are_signed)
{
	char name[128];

	is_signed(below(name, "b", x.bundle_id, STICK_MANIFEST_FILE), INSPECT_MANIFEST);
	is_signed(below(name, "g", lecture.g.id, STICK_GRANT_FILE), INSPECT_GRANT);
	fixture_notice(&x, lecture.g.id, 1, 7);
	is_signed(STICK_NOTICE, INSPECT_NOTICE);
}
END_TEST

START_TEST(notice_by_its_codes)
{
	size_t n = 0;
	uint8_t *file = NULL;

	fixture_notice(&x, lecture.g.id, 2, 7);
	file = fixture_get(&x, STICK_NOTICE, &n);
	is_kind(BYTES(file, n), INSPECT_NOTICE);
	ck_assert_int_eq(notice_codes(&i.notice), 1);
	ck_assert_int_eq(notice_revoke(&i.notice, lecture.g.id, 0), 0);
	ck_assert_int_eq(notice_codes(&i.notice), 2);
	free(file);
}
END_TEST

START_TEST(station_by_its_label)
{
	struct enrolment e = {.label = "Hall 3"};
	size_t n = 0;
	uint8_t *file = enrolment_encode(&e, &n);

	is_kind(BYTES(file, n), INSPECT_STATION);
	ck_assert_str_eq(i.station.label, "Hall 3");
	free(file);
}
END_TEST

/* Of a row that is no receipt the rest is shown all the same. */
START_TEST(receipts_with_a_damaged_one)
{
	struct receipts_from from = {.name = "Hall 3"};
	struct receipt r = {.spent_at = FIXTURE_NOW}, read;
	struct receipt_row rows[2] = {{.slot = 1}, {.slot = 2}};
	uint8_t body[RECEIPT_ENCODED_MAX + MAC_SIZE] = {0}, *file = NULL;
	size_t n = receipt_encode(&r, body);

	rows[0].body = BYTES(body, n + MAC_SIZE);
	rows[1].body = BYTES(body + 1, n + MAC_SIZE - 1);
	ck_assert_ptr_nonnull(file = receipts_encode_from(&from, rows, 2, &n));
	is_kind(BYTES(file, n), INSPECT_RECEIPTS);
	ck_assert_str_eq(i.from.name, "Hall 3");
	ck_assert_uint_eq(i.row_count, 2);
	ck_assert_int_eq(receipt_parse_body(&read, i.rows[0].body), 0);
	ck_assert_int_eq(read.spent_at, FIXTURE_NOW);
	ck_assert_int_eq(receipt_parse_body(&read, i.rows[1].body), -1);
	ck_assert_int_eq(read.spent_at, 0);
	inspect_free(&i);
	free(file);
	memset(&i, 0, sizeof i);
}
END_TEST

START_TEST(refill_by_its_grant)
{
	char name[128];
	size_t grant_n = 0, n = 0;
	uint8_t *grant = fixture_get(&x, below(name, "g", lecture.g.id, STICK_GRANT_FILE), &grant_n), *file = NULL;
	uint8_t cells[64] = {0};
	struct refillfile parts = {.grant = BYTES(grant, grant_n), .sealed = BYTES(cells, sizeof cells)};

	ck_assert_ptr_nonnull(file = refillfile_encode(&parts, &n));
	is_kind(BYTES(file, n), INSPECT_REFILL);
	ck_assert_mem_eq(i.grant.id, lecture.g.id, ID_SIZE);
	inspect_free(&i);
	memset(&i, 0, sizeof i);
	ck_assert_int_eq(inspect_file(&i, BYTES(file, n - 1)), ENVELOPE_MALFORMED);
	free(file);
	free(grant);
}
END_TEST

START_TEST(files_that_are_none_of_ours)
{
	ck_assert_int_eq(inspect_file(&i, BYTES("", 0)), ENVELOPE_MALFORMED);
	ck_assert_int_eq(inspect_file(&i, BYTES("Dear Sir or Madam", 17)), ENVELOPE_MALFORMED);
}
END_TEST

/* ---- sticks ----------------------------------------------------------------------------------------------------------------- */

static void
look(void)
{
	inspect_free(&i);
	memset(&i, 0, sizeof i);
	ck_assert_int_eq(inspect_stick(&i, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(i.kind, INSPECT_STICK);
}

START_TEST(stick_that_is_whole)
{
	look();
	ck_assert_mem_eq(i.stick.id, x.stick_id, ID_SIZE);
	ck_assert_uint_eq(i.stick.grants.count, 1);
	ck_assert_uint_eq(i.stick.lectures[0].slots.live, FIXTURE_SLOTS);
	ck_assert_int_eq(i.stick.lectures[0].media, INSPECT_SIGNED);
	ck_assert_uint_eq(i.stick.lectures[0].blocks, x.manifest.blocks);
	ck_assert(!i.stick.mixed && !i.stick.has_notice && !i.stick.notice_unreadable);
	ck_assert_str_ne(i.stick.fs, "");
}
END_TEST

START_TEST(stick_with_a_notice)
{
	fixture_notice(&x, lecture.g.id, 1, 7);
	look();
	ck_assert(i.stick.has_notice);
	ck_assert_uint_eq(i.notice.number, 7);
}
END_TEST

START_TEST(stick_without_its_manifest)
{
	char name[128];

	remove_below(below(name, "b", x.bundle_id, STICK_MANIFEST_FILE));
	look();
	ck_assert_int_eq(i.stick.lectures[0].media, INSPECT_MISSING);
	ck_assert_uint_eq(i.stick.lectures[0].blocks, 0);
}
END_TEST

START_TEST(stick_with_a_damaged_manifest)
{
	char name[128];

	fixture_patch(&x, below(name, "b", x.bundle_id, STICK_MANIFEST_FILE), 40, "\xff\xff", 2);
	look();
	ck_assert_int_eq(i.stick.lectures[0].media, INSPECT_DAMAGED);
	ck_assert_uint_eq(i.stick.lectures[0].blocks, 0);
}
END_TEST

START_TEST(stick_with_another_manifest)
{
	struct manifest other = x.manifest;

	other.created++;
	fixture_manifest(&x, &other);
	look();
	ck_assert_int_eq(i.stick.lectures[0].media, INSPECT_ANOTHER);
	ck_assert_uint_eq(i.stick.lectures[0].blocks, 0);
}
END_TEST

/* That can be put right on this PC: whoever looks has to know that there is more than was seen. */
START_TEST(manifest_that_may_not_be_read)
{
	char name[128], path[256];
	const uid_t before = geteuid();
	enum err e = E_OK;

	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, below(name, "b", x.bundle_id, STICK_MANIFEST_FILE));
	ck_assert_int_eq(chmod(path, 0), 0);
	if (before == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	e = inspect_stick(&i, x.dir_fd, &f);
	ck_assert_int_eq(seteuid(before), 0);
	ck_assert_int_ne(e, E_OK);
	ck_assert_int_eq(f.sys, EACCES);
}
END_TEST

START_TEST(stick_without_a_lecture)
{
	char name[128];

	remove_below(below(name, "g", lecture.g.id, STICK_GRANT_FILE));
	look();
	ck_assert_uint_eq(i.stick.grants.count, 0);
	ck_assert_ptr_null(i.stick.lectures);
}
END_TEST

START_TEST(directory_that_is_no_stick)
{
	char empty[] = "/tmp/oncestick-XXXXXX";
	int fd = -1;

	ck_assert_ptr_nonnull(mkdtemp(empty));
	ck_assert_int_ge(fd = open(empty, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	ck_assert_int_eq(inspect_stick(&i, fd, &f), E_NO_STICK);
	close(fd);
	ck_assert_int_eq(rmdir(empty), 0);
}
END_TEST

SUITE("inspect", .setup = begin, .teardown = end)
{
	tcase_add_test(t, files_that_are_signed);
	tcase_add_test(t, notice_by_its_codes);
	tcase_add_test(t, station_by_its_label);
	tcase_add_test(t, receipts_with_a_damaged_one);
	tcase_add_test(t, refill_by_its_grant);
	tcase_add_test(t, files_that_are_none_of_ours);
	tcase_add_test(t, stick_that_is_whole);
	tcase_add_test(t, stick_with_a_notice);
	tcase_add_test(t, stick_without_its_manifest);
	tcase_add_test(t, stick_with_a_damaged_manifest);
	tcase_add_test(t, stick_with_another_manifest);
	tcase_add_test(t, manifest_that_may_not_be_read);
	tcase_add_test(t, stick_without_a_lecture);
	tcase_add_test(t, directory_that_is_no_stick);
}
