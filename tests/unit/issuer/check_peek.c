/*
 * check_peek.c - the content key of a lecture, for its issuer: the right one, and noted.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "books_report.h"
#include "fixture.h"
#include "peek.h"
#include "suite.h"

static struct fixture x;
static struct fixture_grant g;
static struct issuer issuer;
static struct peek p;
static struct fault f;

static void
setup(void)
{
	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	fixture_issuer(&x, &issuer);
	p = (struct peek){0};
	memset(&f, 0, sizeof f);
}

static void
teardown(void)
{
	peek_free(&p);
	issuer_close(&issuer);
	fixture_grant_free(&g);
	fixture_close(&x);
}

static enum err
find(void)
{
	fault_clear(&f);
	return peek_find(&p, &issuer, x.dir_fd, x.path, &f);
}

START_TEST(the_key_is_that_of_the_lecture)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];

	fixture_digest(&x, before);
	ck_assert_int_eq(find(), E_OK);
	ck_assert_mem_eq(p.lectures.list[0].grant_id, g.g.id, ID_SIZE);
	ck_assert_int_eq(peek_key(&p, &issuer, x.dir_fd, &f), E_OK);
	ck_assert_mem_eq(p.ck, x.ck, KEY_SIZE);
	fixture_digest(&x, after);
	ck_assert_mem_eq(before, after, HASH_SIZE);
}
END_TEST

START_TEST(what_another_issuer_locked_is_not_opened)
{
	issuer.pk[0] ^= 1;
	ck_assert_int_eq(find(), E_ISSUER);
	ck_assert_int_eq(f.why, WHY_NONE);
	ck_assert_mem_eq(p.issuer, x.pk, KEY_SIZE);
}
END_TEST

START_TEST(a_key_that_the_manifest_does_not_name_is_none)
{
	ck_assert_int_eq(find(), E_OK);
	issuer.seed[0] ^= 1; /* a keystore that says it is this issuer's */
	ck_assert_int_eq(peek_key(&p, &issuer, x.dir_fd, &f), E_BUNDLE);
	issuer.seed[0] ^= 1;
}
END_TEST

START_TEST(of_several_lectures_one_is_named)
{
	struct fixture_grant other;
	uint8_t first[ID_SIZE];
	char hex[2 * ID_SIZE + 1];

	memcpy(first, x.bundle_id, ID_SIZE);
	memset(x.bundle_id, 0x5a, ID_SIZE);
	fixture_grant(&x, &other, fixture_policy(), 0, NULL);
	memcpy(x.bundle_id, first, ID_SIZE);
	ck_assert_int_eq(find(), E_USAGE);
	ck_assert_int_eq(f.why, WHY_WHICH_LECTURE);
	ck_assert_uint_eq(p.lectures.count, 2);
	peek_free(&p);
	p.lectures.wanted = "None";
	ck_assert_int_eq(find(), E_NO_GRANT);
	ck_assert_int_eq(f.why, WHY_NO_LECTURE);
	bytes_to_hex(hex, first, ID_SIZE);
	p.lectures.wanted = hex;
	ck_assert_int_eq(find(), E_OK);
	ck_assert_mem_eq(p.lectures.list[0].bundle.id, first, ID_SIZE);
	fixture_grant_free(&other);
}
END_TEST

static bool noted;

static enum err
on_deed(void *arg, const struct books_report_deed *d, struct fault *why)
{
	(void)arg;
	(void)why;
	noted = noted || (strcmp(d->verb, "key") == 0 && d->who[0] != '\0' && d->times == 1);
	return E_OK;
}

START_TEST(the_books_have_who_and_when_and_which)
{
	const struct books_report_span span = {.from = FIXTURE_NOW, .to = FIXTURE_NOW};

	noted = false;
	ck_assert_int_eq(find(), E_OK);
	ck_assert_int_eq(peek_note(&p, &issuer, "key", &f), E_OK);
	ck_assert_int_eq(books_report_deeds(issuer.books, &span, on_deed, NULL, &f), E_OK);
	ck_assert(noted);
}
END_TEST

static enum err
on_lecture(void *arg, const struct books_report_lecture *l, const struct books_report_code *codes, size_t count, struct fault *why)
{
	(void)codes;
	(void)count;
	(void)why;
	*(bool *)arg = l->imported && l->prepared_by[0] == '\0';
	return E_OK;
}

/* Books that were lost: the lecture is looked into before its stick is collected. */
START_TEST(who_looks_has_not_prepared_it)
{
	bool imported = false;
	size_t n = 0;
	uint8_t *payload = grant_encode(&g.g, &n);

	ck_assert_int_eq(find(), E_OK);
	ck_assert_int_eq(peek_note(&p, &issuer, "key", &f), E_OK);
	ck_assert_int_eq(peek_note(&p, &issuer, "mount --as-issuer", &f), E_OK);
	ck_assert_int_eq(books_add_grant(issuer.books,
	    &(struct books_new){&g.g, BYTES(payload, n), BOOKS_ISSUED, FIXTURE_NOW, "collect"}, &f), E_OK);
	ck_assert_int_eq(books_report_lectures(issuer.books, NULL, on_lecture, &imported, &f), E_OK);
	ck_assert(imported);
	free(payload);
}
END_TEST

SUITE("peek", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, the_key_is_that_of_the_lecture);
	tcase_add_test(t, what_another_issuer_locked_is_not_opened);
	tcase_add_test(t, a_key_that_the_manifest_does_not_name_is_none);
	tcase_add_test(t, of_several_lectures_one_is_named);
	tcase_add_test(t, the_books_have_who_and_when_and_which);
	tcase_add_test(t, who_looks_has_not_prepared_it);
}
