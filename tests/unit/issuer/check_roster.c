/*
 * check_roster.c - a list of speakers: what is read of it, what is complained of, and who gets which codes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "books_offers.h"
#include "fixture.h"
#include "keytree.h"
#include "roster.h"
#include "suite.h"

static const char *const languages[] = {"en", "de", "ko", NULL};
static struct roster r;
static struct fault f;

static void
setup_roster(void)
{
	memset(&r, 0, sizeof r);
	memset(&f, 0, sizeof f);
}

static void
teardown_roster(void)
{
	roster_free(&r);
}

static enum err
read_bytes(const char *text, size_t n)
{
	roster_free(&r);
	setup_roster();
	return roster_read(&r, BYTES(text, n), languages, &f);
}

static void
reads(const char *text, size_t rows)
{
	ck_assert_msg(read_bytes(text, strlen(text)) == E_OK, "complaint %u on line %u, column %u: %s", r.complaints[0].what,
	    r.complaints[0].line, r.complaints[0].column, r.complaints[0].text);
	ck_assert_uint_eq(r.count, rows);
}

/* The first complaint. */
static void
complains_of(const char *text, size_t n, enum roster_wrong what, uint32_t line, uint32_t column)
{
	ck_assert_int_eq(read_bytes(text, n), E_USAGE);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_uint_ge(r.complained, 1);
	ck_assert_int_eq(r.complaints[0].what, what);
	ck_assert_uint_eq(r.complaints[0].line, line);
	ck_assert_uint_eq(r.complaints[0].column, column);
}

#define COMPLAINS(text, what, line, column) complains_of(text, sizeof text - 1, what, line, column)

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

START_TEST(columns_are_found_by_name_in_any_order)
{
	reads("codes,Language,HOLDER,stick\n3,de,\"Kim, hall 3\",7kq241\n,,Lee,usb:4C53\n", 2);
	ck_assert_str_eq(r.rows[0].holder, "Kim, hall 3");
	ck_assert_str_eq(r.rows[0].stick, "7kq241");
	ck_assert_uint_eq(r.rows[0].codes, 3);
	ck_assert_str_eq(r.rows[0].language, "de");
	ck_assert_str_eq(r.rows[1].stick, "usb:4C53");
	ck_assert_uint_eq(r.rows[1].codes, ROSTER_EACH);
	ck_assert_ptr_null(r.rows[1].language);
	ck_assert_uint_eq(r.rows[1].line, 3);
}
END_TEST

START_TEST(what_programs_for_tables_write_is_read)
{
	reads("\xef\xbb\xbfholder;stick;codes\r\nM\xc3\xbcller;;2\r\n\r\n;;\r\n\xea\xb9\x80;;1\r\n", 2);
	ck_assert_str_eq(r.rows[0].holder, "M\xc3\xbcller");
	ck_assert_str_eq(r.rows[1].holder, "\xea\xb9\x80");
	ck_assert_uint_eq(r.rows[1].line, 5);
	reads("holder\tcodes\nKim\t4", 1);
	ck_assert_uint_eq(r.rows[0].codes, 4);
	reads("holder\rKim\rLee\r", 2);
	ck_assert_uint_eq(r.rows[1].line, 3);
	reads("holder;codes;;\nKim;1;;\nLee\n", 2);
	reads("holder\n\"Kim \"\"K\"\" Park\"\n  Lee  \n", 2);
	ck_assert_str_eq(r.rows[0].holder, "Kim \"K\" Park");
	ck_assert_str_eq(r.rows[1].holder, "Lee");
}
END_TEST

START_TEST(a_file_that_is_no_roster_is_refused)
{
	COMPLAINS("", ROSTER_EMPTY, 0, 0);
	COMPLAINS("\n \n", ROSTER_EMPTY, 0, 0);
	COMPLAINS("holder,codes\n", ROSTER_EMPTY, 0, 0);
	COMPLAINS("holder,codes\n,\n", ROSTER_EMPTY, 0, 0);
	COMPLAINS("codes,stick\n2,\n", ROSTER_NO_HOLDERS, 1, 0);
	COMPLAINS("holder,hodler\nKim,\n", ROSTER_UNKNOWN_COLUMN, 1, 2);
	COMPLAINS("holder,codse\nKim,1\n", ROSTER_UNKNOWN_COLUMN, 1, 2);
	ck_assert_str_eq(r.complaints[0].near, "codes");
	COMPLAINS("name\nKim\n", ROSTER_UNKNOWN_COLUMN, 1, 1);
	COMPLAINS("holder,stick,Holder\nKim,,Lee\n", ROSTER_COLUMN_TWICE, 1, 3);
	COMPLAINS("\xff\xfeh\0o\0l\0", ROSTER_NOT_UTF8, 1, 1);
	COMPLAINS("\x89PNG\r\n\x1a\n\0\0", ROSTER_NOT_UTF8, 1, 1);
}
END_TEST

START_TEST(what_is_wrong_is_named_by_line_and_column)
{
	COMPLAINS("holder,stick\nKim,\nM\xfcller,\n", ROSTER_NOT_UTF8, 3, 1);
	COMPLAINS("stick;holder\n;Kim\n\"a;b\";M\xfcller\n", ROSTER_NOT_UTF8, 3, 2);
	COMPLAINS("holder,codes\nKim,2\n\"Lee,2\nPark,2\n", ROSTER_QUOTES, 3, 1);
	COMPLAINS("holder,codes\nKim,2\nLee,\"2\nPark,2\"\n", ROSTER_QUOTES, 3, 2);
	COMPLAINS("holder,codes\nKim,2\n\"Lee", ROSTER_QUOTES, 3, 1);
	COMPLAINS("holder,codes\nKim \"K\" Park,2\n", ROSTER_QUOTES, 2, 1);
	COMPLAINS("holder,codes\n\"Kim\" Park,2\n", ROSTER_QUOTES, 2, 1);
	COMPLAINS("holder,codes\nKim,2,4\n", ROSTER_NO_COLUMN, 2, 3);
	COMPLAINS("holder,codes,\nKim,2,4\n", ROSTER_NO_COLUMN, 2, 3);
	COMPLAINS("holder\nKim, hall 3\n", ROSTER_NO_COLUMN, 2, 2);
	COMPLAINS("codes,holder\n2,\n", ROSTER_NOBODY, 2, 2);
	COMPLAINS("holder,codes\nK\x07im,2\n", ROSTER_BAD_HOLDER, 2, 1);
	COMPLAINS("holder,codes\nK\0im,2\n", ROSTER_BAD_HOLDER, 2, 1);
	COMPLAINS("holder,codes\nKim,two\n", ROSTER_BAD_NUMBER, 2, 2);
	COMPLAINS("holder,codes\nKim,0\n", ROSTER_BAD_NUMBER, 2, 2);
	COMPLAINS("holder,codes\nKim,-1\n", ROSTER_BAD_NUMBER, 2, 2);
	COMPLAINS("holder,codes\nKim,4294967298\n", ROSTER_BAD_NUMBER, 2, 2);
	COMPLAINS("holder,codes\nKim,2.0\n", ROSTER_BAD_NUMBER, 2, 2);
	COMPLAINS("holder,stick\nKim,7k\xc3\xb6\n", ROSTER_BAD_STICK, 2, 2);
	COMPLAINS("holder,language\nKim,fr\n", ROSTER_BAD_LANGUAGE, 2, 2);
	ck_assert_str_eq(r.complaints[0].text, "fr");
}
END_TEST

START_TEST(all_bad_rows_are_named_up_to_a_bound)
{
	char text[40 * 16] = "holder,codes\n";
	size_t n = strlen(text);

	for (unsigned k = 0; k < 30; k++)
		n += (size_t)snprintf(text + n, sizeof text - n, "Kim %u,x\n", k);
	COMPLAINS("holder,codes\nKim,x\nLee,2\n,1\n", ROSTER_BAD_NUMBER, 2, 2);
	ck_assert_uint_eq(r.complained, 2);
	ck_assert_int_eq(r.complaints[1].what, ROSTER_NOBODY);
	ck_assert_uint_eq(r.complaints[1].line, 4);
	complains_of(text, n, ROSTER_BAD_NUMBER, 2, 2);
	ck_assert_uint_eq(r.complained, 30);
	ck_assert_uint_eq(r.complaints[ROSTER_COMPLAINTS_MAX - 1].line, ROSTER_COMPLAINTS_MAX + 1);
}
END_TEST

START_TEST(nobody_is_listed_twice_by_accident)
{
	COMPLAINS("holder\nKim\nLee\nKim\n", ROSTER_TWICE, 4, 1);
	ck_assert_uint_eq(r.complaints[0].other, 2);
	ck_assert_str_eq(r.complaints[0].text, "Kim");
	COMPLAINS("holder,stick\nKim,7kq241\nKim,\n", ROSTER_TWICE, 3, 1);
	COMPLAINS("holder,stick\nKim,7kq241\nKim,7KQ241\n", ROSTER_TWICE, 3, 1);
	reads("holder,stick\nKim,7kq241\nKim,mh5wra\n", 2);
	reads("holder\nKim\nKim 2\n", 2);
}
END_TEST

START_TEST(there_are_bounds)
{
	char *big = malloc(ROSTER_BYTES_MAX + 1);
	size_t n = 0;

	ck_assert_ptr_nonnull(big);
	n = (size_t)sprintf(big, "holder\n");
	for (unsigned k = 0; k < ROSTER_ROWS_MAX; k++)
		n += (size_t)sprintf(big + n, "h%u\n", k);
	ck_assert_int_eq(read_bytes(big, n), E_OK);
	ck_assert_uint_eq(r.count, ROSTER_ROWS_MAX);
	n += (size_t)sprintf(big + n, "one more\n");
	complains_of(big, n, ROSTER_MANY, ROSTER_ROWS_MAX + 2, 0);
	n = (size_t)sprintf(big, "holder,codes\n");
	for (unsigned k = 0; k < 13; k++)
		n += (size_t)sprintf(big + n, "h%u,4096\n", k);
	complains_of(big, n, ROSTER_MANY_CODES, 14, 2);
	memset(big, 'x', ROSTER_BYTES_MAX + 1);
	complains_of(big, ROSTER_BYTES_MAX + 1, ROSTER_LONG, 0, 0);
	complains_of(big, ROSTER_BYTES_MAX, ROSTER_UNKNOWN_COLUMN, 1, 1);
	memset(big, ',', ROSTER_BYTES_MAX);
	complains_of(big, ROSTER_BYTES_MAX, ROSTER_NO_HOLDERS, 1, 0);
	memset(big, '"', ROSTER_BYTES_MAX);
	complains_of(big, ROSTER_BYTES_MAX, ROSTER_UNKNOWN_COLUMN, 1, 1);
	memcpy(big, "holder\n", 7);
	memset(big + 7, 'x', LABEL_MAX);
	ck_assert_int_eq(read_bytes(big, 7 + LABEL_MAX), E_OK);
	big[7 + LABEL_MAX] = 'x';
	complains_of(big, 8 + LABEL_MAX, ROSTER_BAD_HOLDER, 2, 1);
	free(big);
}
END_TEST

START_TEST(any_changed_byte_is_read_or_complained_of)
{
	static const char good[] = "\xef\xbb\xbfholder;stick;codes\r\n\"Kim; K\";7kq241;2\r\nM\xc3\xbcller;usb:4C53;1\r\n";
	char text[sizeof good];

	for (size_t k = 0; k + 1 < sizeof good; k++)
		for (unsigned c = 0; c < 256; c++) {
			enum err e;

			memcpy(text, good, sizeof good);
			text[k] = (char)c;
			e = read_bytes(text, sizeof good - 1);
			ck_assert((e == E_OK && r.count > 0 && r.complained == 0) || (e == E_USAGE && r.complained > 0));
		}
}
END_TEST

/* ---- who gets what ------------------------------------------------------------------------------------------------------- */

static struct fixture x;
static struct issuer office;
static struct fixture_grant g, others[3]; /* of x's stick, and of three more */
static struct roster_order order;
static char mine[STICK_NAME_SIZE];

static void
setup_office(void)
{
	struct fault failed = {0};

	setup_roster();
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &office);
	fixture_book(&office, &g.g);
	keytree_stick_name(mine, x.stick_id);
	for (unsigned k = 0; k < 3; k++) {
		fixture_grant(&x, &others[k], fixture_policy(), 0, NULL);
		memset(others[k].g.stick_id, (int)(0x11 * (k + 1)), ID_SIZE);
		others[k].g.hash[0] ^= 1;
		fixture_book(&office, &others[k].g);
	}
	ck_assert_int_eq(books_set_serial(office.books, others[0].g.stick_id, "4C530001", &failed), E_OK);
	memset(&order, 0, sizeof order);
}

static void
teardown_office(void)
{
	roster_free(&r);
	issuer_close(&office);
	fixture_grant_free(&g);
	for (unsigned k = 0; k < 3; k++)
		fixture_grant_free(&others[k]);
	fixture_close(&x);
}

static enum err
plan(const char *text)
{
	ck_assert_int_eq(read_bytes(text, strlen(text)), E_OK);
	return roster_plan(&r, &office, &order, &f);
}

static enum err
take(const char *text)
{
	enum err e = plan(text);

	if (e == E_OK && (e = books_begin(office.books, &f)) == E_OK)
		e = books_end(office.books, roster_take(&r, &office, &f), &f);
	return e;
}

static uint32_t
ready(void)
{
	struct books_offer *list = NULL;
	size_t n = 0;
	uint32_t all = 0;

	ck_assert_int_eq(books_offers(office.books, &list, &n, &f), E_OK);
	for (size_t k = 0; k < n; k++)
		all += list[k].ready;
	free(list);
	return all;
}

static void
is_refused(const char *text, enum err e, enum roster_wrong what, uint32_t line)
{
	const uint32_t before = ready();

	ck_assert_int_eq(take(text), e);
	ck_assert_int_eq(f.err, E_OK);
	ck_assert_uint_ge(r.complained, 1);
	ck_assert_int_eq(r.complaints[0].what, what);
	ck_assert_uint_eq(r.complaints[0].line, line);
	ck_assert_uint_eq(ready(), before);
}

START_TEST(open_rows_get_the_sticks_in_turn)
{
	ck_assert_int_eq(take("holder,codes\nPark,1\nLee,1\nKim,2\nAhn,1\nYoon,2\n"), E_OK);
	ck_assert_uint_eq(r.codes, 7);
	ck_assert_mem_eq(r.rows[0].stick_id, x.stick_id, ID_SIZE);
	ck_assert_mem_eq(r.rows[1].stick_id, others[0].g.stick_id, ID_SIZE);
	ck_assert_mem_eq(r.rows[3].stick_id, others[2].g.stick_id, ID_SIZE);
	ck_assert_mem_eq(r.rows[4].stick_id, x.stick_id, ID_SIZE);
	ck_assert_uint_eq(r.out.count, 7);
	ck_assert_str_eq(r.out.slots[0].holder, "Ahn");
	ck_assert_str_eq(r.out.slots[1].holder, "Kim");
	ck_assert_str_eq(r.out.slots[6].holder, "Yoon");
	ck_assert_ptr_eq(r.of_row[6].row, &r.rows[4]);
	ck_assert_uint_eq(ready(), 4 * FIXTURE_SLOTS - 7);
	ck_assert_int_eq(handout_codes(&r.out, &office, &f), E_OK);
	ck_assert_uint_eq(strlen(r.out.codes[0]), CODE_SHOWN_SIZE - 1);
}
END_TEST

START_TEST(a_stick_is_named_by_name_by_id_or_by_serial_number)
{
	char text[200], hex[2 * ID_SIZE + 1], name[STICK_NAME_SIZE];

	bytes_to_hex(hex, others[2].g.stick_id, ID_SIZE);
	keytree_stick_name(name, others[1].g.stick_id);
	snprintf(text, sizeof text, "holder,stick,codes\nKim,%s,1\nLee,usb:4C530001,1\nPark,%s,1\nAhn,,1\n", name, hex);
	ck_assert_int_eq(take(text), E_OK);
	ck_assert_mem_eq(r.rows[0].stick_id, others[1].g.stick_id, ID_SIZE);
	ck_assert_mem_eq(r.rows[1].stick_id, others[0].g.stick_id, ID_SIZE);
	ck_assert_mem_eq(r.rows[2].stick_id, others[2].g.stick_id, ID_SIZE);
	ck_assert_mem_eq(r.rows[3].stick_id, x.stick_id, ID_SIZE);
	is_refused("holder,stick\nKim 2,usb:4C53\n", E_NO_STICK, ROSTER_NO_STICK, 2);
	is_refused("holder,stick\nKim 2,a0000000000000000000000000000000\n", E_NO_STICK, ROSTER_NO_STICK, 2);
	snprintf(text, sizeof text, "holder,stick\nKim 2,%c%cxyz\n", mine[0], mine[1]);
	is_refused(text, E_NO_STICK, ROSTER_NO_STICK, 2);
	mine[3] ^= 1;
	snprintf(text, sizeof text, "holder,stick\nKim 2,%s\n", mine);
	is_refused(text, E_NO_STICK, ROSTER_NO_STICK, 2);
	mine[3] ^= 1;
	ck_assert_str_eq(r.complaints[0].near, mine);
}
END_TEST

START_TEST(a_name_that_several_sticks_have_is_not_guessed)
{
	char text[200], hex[2 * ID_SIZE + 1], name[STICK_NAME_SIZE];
	struct fixture_grant alike;

	ck_assert_int_eq(books_set_serial(office.books, others[2].g.stick_id, "4C530001", &f), E_OK);
	is_refused("holder,stick\nKim,usb:4C530001\n", E_USAGE, ROSTER_ALIKE, 2);
	is_refused("holder,stick\nKim,usb:4c530001\n", E_NO_STICK, ROSTER_NO_STICK, 2);
	fixture_grant(&x, &alike, fixture_policy(), 0, NULL);
	memcpy(alike.g.stick_id, others[1].g.stick_id, ID_SIZE);
	alike.g.stick_id[ID_SIZE - 1] ^= 1;
	alike.g.hash[0] ^= 3;
	fixture_book(&office, &alike.g);
	keytree_stick_name(name, alike.g.stick_id);
	snprintf(text, sizeof text, "holder,stick\nKim,%s\n", name);
	is_refused(text, E_USAGE, ROSTER_ALIKE, 2);
	bytes_to_hex(hex, alike.g.stick_id, ID_SIZE);
	snprintf(text, sizeof text, "holder,stick\nKim,%s\n", hex);
	ck_assert_int_eq(take(text), E_OK);
	ck_assert_mem_eq(r.rows[0].stick_id, alike.g.stick_id, ID_SIZE);
	for (char *p = mine; *p != '\0'; p++)
		*p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
	snprintf(text, sizeof text, "holder,stick\nLee,%s\n", mine);
	ck_assert_int_eq(take(text), E_OK);
	ck_assert_mem_eq(r.rows[0].stick_id, x.stick_id, ID_SIZE);
	fixture_grant_free(&alike);
}
END_TEST

/* What nobody has enough of for one row may still do for the next. */
START_TEST(rows_that_need_more_do_not_hide_what_is_left)
{
	is_refused("holder,codes\nA,2\nB,2\nC,2\nD,2\nE,2\nF,1\nG,1\nH,1\nI,1\nJ,1\n", E_NO_CODES, ROSTER_NONE_LEFT, 6);
	ck_assert_uint_eq(r.complaints[0].want, 3);
	for (unsigned k = 5; k < 9; k++)
		ck_assert_str_eq(r.rows[k].label, "Lecture");
	ck_assert_str_eq(r.rows[9].label, "");
}
END_TEST

START_TEST(nobody_is_listed_twice_for_one_stick_by_its_different_names)
{
	char text[200], hex[2 * ID_SIZE + 1], name[STICK_NAME_SIZE];

	bytes_to_hex(hex, others[0].g.stick_id, ID_SIZE);
	keytree_stick_name(name, others[0].g.stick_id);
	snprintf(text, sizeof text, "holder,stick,codes\nKim,usb:4C530001,1\nLee,%s,1\nKim,%s,1\n", hex, mine);
	ck_assert_int_eq(plan(text), E_OK);
	snprintf(text, sizeof text, "holder,stick,codes\nKim,usb:4C530001,1\nLee,%s,1\nKim,%s,1\n", mine, name);
	is_refused(text, E_USAGE, ROSTER_TWICE, 4);
	ck_assert_uint_eq(r.complaints[0].column, 1);
	ck_assert_uint_eq(r.complaints[0].other, 2);
	ck_assert_str_eq(r.complaints[0].text, "Kim");
	snprintf(text, sizeof text, "holder,stick,codes\nKim,%s,1\nLee,%s,1\nKim,%s,1\n", hex, mine, name);
	is_refused(text, E_USAGE, ROSTER_TWICE, 4);
}
END_TEST

START_TEST(one_row_too_many_and_nothing_is_handed_out)
{
	char text[200];

	snprintf(text, sizeof text, "holder,stick,codes\nKim,%s,2\nLee,,3\nPark,%s,2\n", mine, mine);
	is_refused(text, E_NO_CODES, ROSTER_FEW, 4);
	ck_assert_uint_eq(r.complaints[0].have, FIXTURE_SLOTS - 2);
	ck_assert_uint_eq(r.complaints[0].want, 2);
	ck_assert_str_eq(r.complaints[0].text, mine);
	is_refused("holder,codes\nA,3\nB,3\nC,3\nD,3\nE,1\nF,1\n", E_NO_CODES, ROSTER_NONE_LEFT, 6);
	ck_assert_uint_eq(r.complained, 1);
	ck_assert_uint_eq(r.complaints[0].want, 2);
	snprintf(text, sizeof text, "holder,stick,codes\nKim,%s,3\nLee,,1\n", mine);
	office.now = g.g.policy.expires;
	is_refused(text, E_EXPIRED, ROSTER_OVER, 2);
	ck_assert_int_eq(r.complaints[0].when, g.g.policy.expires);
	ck_assert_uint_eq(r.complained, 2);
	ck_assert_int_eq(r.complaints[1].what, ROSTER_NONE_LEFT);
}
END_TEST

START_TEST(open_rows_never_mix_lectures)
{
	struct fixture_grant other;

	x.label = "Another";
	x.issued = x.now;
	fixture_grant(&x, &other, fixture_policy(), 0, NULL);
	memcpy(other.g.stick_id, others[0].g.stick_id, ID_SIZE);
	other.g.issued = others[0].g.issued + 10;
	other.g.hash[0] ^= 2;
	fixture_book(&office, &other.g);
	is_refused("holder\nKim\n", E_USAGE, ROSTER_TWO_LECTURES, 2);
	ck_assert_str_eq(r.complaints[0].text, "Lecture");
	ck_assert_str_eq(r.complaints[0].near, "Another");
	order.lecture = "Another";
	is_refused("holder,codes\nKim,2\nLee,2\n", E_NO_CODES, ROSTER_NONE_LEFT, 3);
	ck_assert_int_eq(take("holder,codes\nKim,3\n"), E_OK);
	ck_assert_str_eq(r.rows[0].label, "Another");
	order.lecture = "Lecture";
	ck_assert_int_eq(take("holder,codes\nKim,3\nLee,3\n"), E_OK);
	ck_assert_str_eq(r.rows[1].label, "Lecture");
	ck_assert_mem_eq(r.rows[1].stick_id, others[0].g.stick_id, ID_SIZE);
	order.lecture = "None";
	is_refused("holder\nPark\n", E_NO_GRANT, ROSTER_UNKNOWN_LECTURE, 2);
	is_refused("holder,stick\nPark,usb:4C530001\n", E_NO_GRANT, ROSTER_NO_LECTURE, 2);
	fixture_grant_free(&other);
}
END_TEST

START_TEST(a_roster_that_is_run_twice_is_noticed)
{
	static const char two[] = "holder,codes\nKim,1\nLee,1\n", three[] = "holder,codes\nKim,1\nPark,1\nLee,1\n";
	struct books_slot first;

	ck_assert_int_eq(take(two), E_OK);
	first = r.out.slots[0];
	ck_assert_int_eq(take(two), E_USAGE);
	ck_assert_uint_eq(r.complained, 0);
	ck_assert_uint_eq(r.holding, 2);
	ck_assert_uint_eq(r.rows[0].count, 1);
	order.already = ROSTER_SKIP;
	ck_assert_int_eq(take(three), E_OK);
	ck_assert_uint_eq(r.out.count, 1);
	ck_assert_str_eq(r.out.slots[0].holder, "Park");
	order.already = ROSTER_AGAIN;
	ck_assert_int_eq(take(three), E_OK);
	ck_assert_uint_eq(r.out.count, 3);
	ck_assert_uint_eq(r.codes, 0);
	ck_assert_mem_eq(r.out.slots[0].grant_id, first.grant_id, ID_SIZE);
	ck_assert_uint_eq(r.out.slots[0].slot, first.slot);
	order.already = ROSTER_MORE;
	ck_assert_int_eq(take(three), E_OK);
	ck_assert_uint_eq(r.codes, 3);
	order.already = ROSTER_REFUSE;
	ck_assert_int_eq(plan("holder,stick,codes\nKim,usb:4C530001,1\n"), E_OK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("roster");
	TCase *csv = tcase_create("csv"), *codes = tcase_create("codes");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(csv, setup_roster, teardown_roster);
	tcase_add_test(csv, columns_are_found_by_name_in_any_order);
	tcase_add_test(csv, what_programs_for_tables_write_is_read);
	tcase_add_test(csv, a_file_that_is_no_roster_is_refused);
	tcase_add_test(csv, what_is_wrong_is_named_by_line_and_column);
	tcase_add_test(csv, all_bad_rows_are_named_up_to_a_bound);
	tcase_add_test(csv, nobody_is_listed_twice_by_accident);
	tcase_add_test(csv, there_are_bounds);
	tcase_add_test(csv, any_changed_byte_is_read_or_complained_of);
	suite_add_tcase(s, csv);
	tcase_add_checked_fixture(codes, setup_office, teardown_office);
	tcase_add_test(codes, open_rows_get_the_sticks_in_turn);
	tcase_add_test(codes, a_stick_is_named_by_name_by_id_or_by_serial_number);
	tcase_add_test(codes, a_name_that_several_sticks_have_is_not_guessed);
	tcase_add_test(codes, rows_that_need_more_do_not_hide_what_is_left);
	tcase_add_test(codes, nobody_is_listed_twice_for_one_stick_by_its_different_names);
	tcase_add_test(codes, one_row_too_many_and_nothing_is_handed_out);
	tcase_add_test(codes, open_rows_never_mix_lectures);
	tcase_add_test(codes, a_roster_that_is_run_twice_is_noticed);
	suite_add_tcase(s, codes);
	return suite_run(s);
}
