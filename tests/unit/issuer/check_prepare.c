/*
 * check_prepare.c - sticks are made ready whole, or left as they were.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "fixture.h"
#include "granting.h"
#include "prepare.h"
#include "record.h"
#include "suite.h"

#define STICKS 2
#define CODES 2

static struct fixture x; /* a stick of the issuer's, with a lecture on it */
static struct fixture_grant g;
static char base[64], folder[80], paths[STICKS][80];
static struct prepare_target targets[STICKS], *blame;
static struct prepare j;
static struct fault f;

/* What the report was told. */
static struct {
	bool phases[REPORT_READING_AGAIN + 1];
	bool stop_writing, writing, stop_at_once;
	unsigned changed; /* files */
	atomic_uint asked; /* whether to stop, by any thread */
} told;

static void
on_start(void *arg, enum report_phase phase)
{
	(void)arg;
	told.phases[phase] = true;
	told.writing = phase == REPORT_WRITING;
}

static void
on_update(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	ck_assert_uint_le(done, all);
}

static void
on_end(void *arg, bool ok)
{
	(void)arg;
	(void)ok;
}

static void
on_news(void *arg, const struct report_news *news)
{
	(void)arg;
	told.changed += news->kind == REPORT_CHANGED;
}

static bool
on_stopped(void *arg)
{
	(void)arg;
	told.asked++;
	return told.stop_at_once || (told.stop_writing && told.writing);
}

static const struct report report = {on_start, on_update, on_end, on_news, on_stopped, NULL};

static void
write_file(const char *name)
{
	int fd = openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "moving pictures", 15), 15);
	close(fd);
}

static void
new_dir(char out[80], const char *name)
{
	snprintf(out, 80, "%s/%s", base, name);
	ck_assert_int_eq(mkdir(out, 0700), 0);
}

static void
setup(void)
{
	char film[100];

	fixture_open(&x);
	fixture_grant(&x, &g, fixture_policy(), 0, NULL);
	snprintf(base, sizeof base, "%s/once-prepare.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(base));
	new_dir(folder, "folder");
	new_dir(paths[0], "a");
	new_dir(paths[1], "b");
	snprintf(film, sizeof film, "%s/film", folder);
	write_file(film);
	memset(&told, 0, sizeof told);
	memset(&f, 0, sizeof f);
	memset(targets, 0, sizeof targets);
	j = (struct prepare){.report = &report, .folder = folder, .codes = CODES, .label = "Films", .not_before = FIXTURE_NOW,
	    .expires = FIXTURE_NOW + 86400, .session_s = 3600, .targets = targets, .count = STICKS, .folder_fd = -1};
	for (size_t i = 0; i < STICKS; i++) {
		targets[i].path = paths[i];
		targets[i].bundle_fd = -1;
		ck_assert_int_ge(targets[i].fd = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	}
	fixture_issuer(&x, &j.issuer);
}

static void
teardown(void)
{
	char command[128];

	prepare_end(&j);
	for (size_t i = 0; i < STICKS; i++)
		close(targets[i].fd);
	fixture_grant_free(&g);
	fixture_close(&x);
	snprintf(command, sizeof command, "rm -rf '%s'", base);
	ck_assert_int_eq(system(command), 0);
}

/* The first stick is the one that has a lecture. */
static void
take_old_stick(void)
{
	close(targets[0].fd);
	ck_assert_int_ge(targets[0].fd = dup(x.dir_fd), 0);
	targets[0].path = x.path;
}

static enum err
look(void)
{
	enum err e = prepare_begin(&j, &blame, &f);

	if (e == E_OK && (e = prepare_bind(&j, &blame, &f)) == E_OK && (e = prepare_scan(&j, &f)) == E_OK)
		e = prepare_check(&j, &blame, &f);
	return e;
}

static uint32_t
grants_on(int dir_fd)
{
	struct stick_grants grants = {0};
	struct stick *s = NULL;
	uint32_t count = 0;

	ck_assert_int_eq(stick_open(&s, dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_load_grants(s, &grants, &f), E_OK);
	count = (uint32_t)grants.count;
	stick_grants_free(&grants);
	stick_close(&s);
	return count;
}

static uint32_t
ready(const struct prepare_target *t)
{
	struct books_slot *list = NULL;
	uint32_t n = 0;
	size_t count = 0;

	ck_assert_int_eq(books_slots_of_grant(j.issuer.books, t->grant.id, &list, &count, &f), E_OK);
	for (size_t i = 0; i < count; i++)
		n += list[i].state == BOOKS_READY;
	free(list);
	return n;
}

static bool
is_untouched(const struct prepare_target *t)
{
	return faccessat(t->fd, STICK_ONCE, F_OK, 0) != 0 && errno == ENOENT;
}

/* A file that is not young, so that there is nothing to be said of it. */
static void
write_old_file(const char *name)
{
	const struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};

	write_file(name);
	ck_assert_int_eq(utimensat(AT_FDCWD, name, old, 0), 0);
}

static void
write_old_files(unsigned count)
{
	char name[100];

	snprintf(name, sizeof name, "%s/film", folder);
	ck_assert_int_eq(unlink(name), 0);
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%s/%u", folder, i);
		write_old_file(name);
	}
}

static void
wait_until_asked(unsigned times)
{
	const struct timespec moment = {0, 1000000};

	for (unsigned i = 0; told.asked < times; i++) {
		ck_assert_uint_lt(i, 30000);
		nanosleep(&moment, NULL);
	}
}

/* That nobody waits for it is enough: it goes on while the passphrase is stretched. */
START_TEST(the_folder_is_listed_meanwhile)
{
	write_old_files(7);
	ck_assert_int_eq(prepare_begin(&j, &blame, &f), E_OK);
	ck_assert_int_eq(prepare_scan_begin(&j, &f), E_OK);
	wait_until_asked(8); /* after each file, and at the end */
	ck_assert_int_eq(prepare_scan(&j, &f), E_OK);
	ck_assert_uint_eq(pack_source_files(j.src), 7);
	ck_assert_uint_eq(told.changed, 0);
}
END_TEST

/* Nothing is said into the stretching of the passphrase, which may be wrong. */
START_TEST(what_is_found_meanwhile_is_said_later)
{
	ck_assert_int_eq(prepare_begin(&j, &blame, &f), E_OK);
	ck_assert_int_eq(prepare_scan_begin(&j, &f), E_OK);
	ck_assert_uint_eq(told.changed, 0);
	ck_assert_int_eq(prepare_scan(&j, &f), E_OK);
	ck_assert_uint_eq(told.changed, 1);
	ck_assert_uint_eq(pack_source_files(j.src), 1);
}
END_TEST

/* As after a wrong passphrase. The file is young, so its thread waits to be asked for it. */
START_TEST(a_listing_that_nobody_wants_ends)
{
	unsigned asked = 0;

	if (_i == 1)
		write_old_files(7);
	ck_assert_int_eq(prepare_begin(&j, &blame, &f), E_OK);
	ck_assert_int_eq(prepare_scan_begin(&j, &f), E_OK);
	prepare_end(&j);
	asked = told.asked;
	ck_assert_ptr_null(j.scanner);
	ck_assert_ptr_null(j.src);
	ck_assert_uint_eq(told.changed, 0);
	ck_assert_uint_le(asked, 8);
	for (size_t i = 0; i < STICKS; i++)
		ck_assert(is_untouched(&targets[i]));
}
END_TEST

START_TEST(who_stops_while_it_is_listed_stops_at_the_next_file)
{
	write_old_files(7);
	told.stop_at_once = true;
	ck_assert_int_eq(prepare_begin(&j, &blame, &f), E_OK);
	ck_assert_int_eq(prepare_scan_begin(&j, &f), E_OK);
	wait_until_asked(1);
	ck_assert_int_eq(prepare_scan(&j, &f), E_INTERRUPTED);
	ck_assert_uint_eq(told.asked, 1);
	ck_assert_ptr_null(j.src);
	for (size_t i = 0; i < STICKS; i++)
		ck_assert(is_untouched(&targets[i]));
}
END_TEST

START_TEST(who_stops_after_it_was_listed_has_stopped)
{
	write_old_files(7);
	ck_assert_int_eq(prepare_begin(&j, &blame, &f), E_OK);
	ck_assert_int_eq(prepare_scan_begin(&j, &f), E_OK);
	wait_until_asked(8);
	told.stop_at_once = true;
	ck_assert_int_eq(prepare_scan(&j, &f), E_INTERRUPTED);
}
END_TEST

START_TEST(each_stick_gets_a_grant_of_its_own)
{
	ck_assert_int_eq(look(), E_OK);
	ck_assert_ptr_null(blame);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	for (size_t i = 0; i < STICKS; i++) {
		ck_assert_int_eq(targets[i].fault.err, E_OK);
		ck_assert_uint_eq(grants_on(targets[i].fd), 1);
		ck_assert_uint_eq(ready(&targets[i]), CODES);
		ck_assert_mem_eq(targets[i].grant.bundles[0].id, j.bundle_id, ID_SIZE);
	}
	ck_assert_mem_ne(targets[0].grant.id, targets[1].grant.id, ID_SIZE);
	ck_assert_mem_ne(targets[0].grant.stick_id, targets[1].grant.stick_id, ID_SIZE);
	ck_assert(told.phases[REPORT_WRITING]);
	ck_assert(told.phases[REPORT_VERIFYING]);
}
END_TEST

START_TEST(a_lecture_that_is_there_is_not_overwritten)
{
	j.count = 1;
	take_old_stick();
	ck_assert_int_eq(look(), E_USAGE);
	ck_assert_int_eq(f.why, WHY_NOT_BLANK);
	ck_assert_ptr_eq(blame, &targets[0]);
	ck_assert_uint_eq(targets[0].left[0], FIXTURE_SLOTS);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
}
END_TEST

/* What the books know of a lecture counts, and not what the stick still says. */
START_TEST(codes_that_are_left_are_those_of_the_books)
{
	j.count = 1;
	take_old_stick();
	fixture_book(&j.issuer, &g.g);
	ck_assert_int_eq(books_set_state(j.issuer.books, &(struct books_change){.grant_id = g.g.id, .slot = 1,
	    .state = BOOKS_REVOKED, .now = FIXTURE_NOW, .verb = "test", .detail = ""}, &f), E_OK);
	ck_assert_int_eq(look(), E_USAGE);
	ck_assert_int_eq(f.why, WHY_NOT_BLANK);
	ck_assert_uint_eq(targets[0].left[0], FIXTURE_SLOTS - 1);
}
END_TEST

START_TEST(books_that_cannot_be_written_leave_no_code)
{
	ck_assert_int_eq(look(), E_OK);
	books_close(&j.issuer.books);
	ck_assert_int_eq(books_open_to_read(&j.issuer.books, j.issuer.dir, &f), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_BOOKS);
	ck_assert_int_eq(f.err, E_BOOKS);
	for (size_t i = 0; i < STICKS; i++) {
		ck_assert(is_untouched(&targets[i]));
		ck_assert_uint_eq(ready(&targets[i]), 0);
	}
}
END_TEST

START_TEST(a_lecture_is_added)
{
	j.count = 1;
	j.add = true;
	take_old_stick();
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_OK);
	ck_assert_mem_eq(targets[0].grant.stick_id, x.stick_id, ID_SIZE);
	ck_assert_uint_eq(grants_on(x.dir_fd), 2);
}
END_TEST

START_TEST(a_lecture_is_replaced)
{
	j.count = 1;
	j.replace = true;
	take_old_stick();
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_OK);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
}
END_TEST

START_TEST(what_was_not_collected_is_not_replaced_unless_discarded)
{
	uint8_t raw[RECORD_SIZE], body[MAC_SIZE + 8] = {0};
	char name[64];

	record_encode(raw, RECORD_SPENT, g.g.id, 0, BYTES(body, sizeof body));
	for (int copy = 0; copy < 2; copy++) {
		fixture_lock_name(name, &g.g, copy);
		fixture_patch(&x, name, 0, raw, sizeof raw);
	}
	j.count = 1;
	j.replace = true;
	take_old_stick();
	ck_assert_int_eq(look(), E_USAGE);
	ck_assert_int_eq(f.why, WHY_LOSS);
	ck_assert_uint_eq(targets[0].loss.used, 1);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
	j.discard = true;
	fault_clear(&f);
	fault_clear(&targets[0].fault);
	provision_end(&targets[0].p);
	ck_assert_int_eq(prepare_check(&j, &blame, &f), E_OK);
}
END_TEST

START_TEST(a_stick_that_is_refused_does_not_keep_the_others)
{
	take_old_stick();
	ck_assert_int_eq(look(), E_OK);
	ck_assert_ptr_eq(blame, &targets[0]);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_USAGE);
	ck_assert(!targets[0].started);
	ck_assert_int_eq(targets[1].fault.err, E_OK);
	ck_assert_uint_eq(ready(&targets[1]), CODES);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
}
END_TEST

START_TEST(places_that_are_no_good_are_refused)
{
	char inner[100];

	j.folder = "/no/such/folder";
	ck_assert_int_eq(look(), E_SOURCE);
	ck_assert_int_eq(f.why, WHY_NO_FOLDER);
	ck_assert_int_eq(f.sys, ENOENT);
	ck_assert_str_eq(f.object, "/no/such/folder");
	fault_clear(&f);
	snprintf(inner, sizeof inner, "%s/film", folder);
	j.folder = inner;
	ck_assert_int_eq(look(), E_SOURCE);
	ck_assert(f.why == WHY_NO_FOLDER && f.sys == ENOTDIR);
	fault_clear(&f);
	j.folder = base;
	ck_assert_int_eq(look(), E_USAGE);
	ck_assert_int_eq(f.why, WHY_INSIDE);
	close(j.folder_fd);
	fault_clear(&f);
	snprintf(inner, sizeof inner, "%s/film", folder);
	ck_assert_int_eq(unlink(inner), 0);
	j.folder = folder;
	ck_assert_int_eq(look(), E_SOURCE);
	ck_assert_int_eq(f.why, WHY_NO_FILES);
	close(j.folder_fd);
	fault_clear(&f);
	close(targets[1].fd);
	targets[1].fd = dup(targets[0].fd);
	ck_assert_int_eq(look(), E_USAGE);
	ck_assert_int_eq(f.why, WHY_TWICE);
	ck_assert(is_untouched(&targets[0]));
}
END_TEST

/* Data, tree and what lies about; and for a lecture that goes, less what it took. */
START_TEST(what_is_needed_is_what_will_be_written)
{
	uint64_t bytes = 0;
	struct stat st;
	char hex[2 * ID_SIZE + 1], name[128];

	j.count = 1;
	j.replace = _i == 1;
	if (_i == 1)
		take_old_stick();
	ck_assert_int_eq(look(), E_OK);
	bytes = pack_source_stick_bytes(j.src) + (2u << 20) + STICK_ROOM_SIZE + 2 * RECORD_SIZE * CODES + j.notice_n;
	ck_assert_uint_eq(prepare_bytes(&j), bytes);
	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "ONCE/b/%s/00000000.seg", hex);
	ck_assert_int_eq(fstatat(x.dir_fd, name, &st, 0), 0);
	ck_assert_uint_eq(targets[0].need, bytes - (_i == 1 ? (uint64_t)st.st_blocks * 512 : 0));
	ck_assert(targets[0].fresh == (_i == 0));
	ck_assert_uint_eq(prepare_holes(&j), 0);
}
END_TEST

/* A grant that cannot be made is nowhere, and the stick as before. */
START_TEST(a_grant_without_its_factor_is_not_made)
{
	const uint8_t a[KEY_SIZE] = {1};
	struct provision *p = NULL;
	struct granting w = {.issuer = &j.issuer, .p = &p, .manifest = &x.manifest, .ck = x.ck, .a = a, .verb = "test"};
	struct grant none = {.slots = 1, .policy = fixture_policy()};

	ck_assert_int_eq(provision_begin(&p, x.dir_fd, x.seed, x.pk, &f), E_OK);
	none.policy.usb = true;
	memcpy(none.stick_id, x.stick_id, ID_SIZE);
	ck_assert_int_eq(granting_make(&w, &none, &f), E_WRONG_STICK);
	provision_end(&p);
	grant_free(&none);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
}
END_TEST

START_TEST(who_stops_leaves_nothing_behind)
{
	told.stop_writing = true;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	for (size_t i = 0; i < STICKS; i++) {
		ck_assert_int_eq(targets[i].fault.err, E_INTERRUPTED);
		ck_assert(is_untouched(&targets[i]));
		ck_assert_uint_eq(ready(&targets[i]), 0);
	}
}
END_TEST

/* Mounted again, the stick has everything at first, and in the end not what was written last. */
static enum err
forget(void *arg, struct prepare_target *t, struct fault *fault)
{
	unsigned *calls = arg;

	(void)t;
	return ++*calls == 1 ? E_OK : fault_set(fault, E_NO_STICK, 0, "open", "ONCE");
}

START_TEST(a_stick_that_forgets_gets_no_codes)
{
	unsigned calls = 0;

	j.count = 1;
	j.remount = forget;
	j.remount_arg = &calls;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_uint_eq(calls, 2);
	ck_assert_int_eq(targets[0].fault.err, E_STICK_IO);
	ck_assert_int_eq(targets[0].fault.why, WHY_FORGETS);
	ck_assert_str_eq(targets[0].fault.object, paths[0]);
	ck_assert(targets[0].forgets);
	ck_assert_uint_eq(ready(&targets[0]), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prepare");
	TCase *t = tcase_create("all");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_folder_is_listed_meanwhile);
	tcase_add_test(t, what_is_found_meanwhile_is_said_later);
	tcase_add_loop_test(t, a_listing_that_nobody_wants_ends, 0, 2);
	tcase_add_test(t, who_stops_while_it_is_listed_stops_at_the_next_file);
	tcase_add_test(t, who_stops_after_it_was_listed_has_stopped);
	tcase_add_test(t, each_stick_gets_a_grant_of_its_own);
	tcase_add_test(t, a_lecture_that_is_there_is_not_overwritten);
	tcase_add_test(t, codes_that_are_left_are_those_of_the_books);
	tcase_add_test(t, books_that_cannot_be_written_leave_no_code);
	tcase_add_test(t, a_lecture_is_added);
	tcase_add_test(t, a_lecture_is_replaced);
	tcase_add_test(t, what_was_not_collected_is_not_replaced_unless_discarded);
	tcase_add_test(t, a_stick_that_is_refused_does_not_keep_the_others);
	tcase_add_test(t, places_that_are_no_good_are_refused);
	tcase_add_loop_test(t, what_is_needed_is_what_will_be_written, 0, 2);
	tcase_add_test(t, a_grant_without_its_factor_is_not_made);
	tcase_add_test(t, who_stops_leaves_nothing_behind);
	tcase_add_test(t, a_stick_that_forgets_gets_no_codes);
	suite_add_tcase(s, t);
	return suite_run(s);
}
