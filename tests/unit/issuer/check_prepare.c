/*
 * check_prepare.c - sticks are made ready whole, or left as they were.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "bytes.h"
#include "fixture.h"
#include "granting.h"
#include "hold.h"
#include "mint.h"
#include "prepare.h"
#include "prepare_internal.h"
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

#define PHASES (REPORT_READING_AGAIN + 1)
#define KINDS (REPORT_DEBRIS + 1)
#define NONE PHASES

/* What the report was told, and when it says that the work should stop. */
static struct {
	unsigned phases[PHASES], ended[PHASES], news[KINDS];
	uint64_t done[PHASES], all[PHASES]; /* the last that was told */
	unsigned count[KINDS];              /* the last of that kind */
	const char *path[KINDS];
	atomic_uint phase;                  /* NONE between them */
	unsigned stop;                      /* in this phase, */
	atomic_bool stop_at_once;           /* ... or in any */
	atomic_uint asked;                  /* whether to stop, by any thread */
} told;

static void
on_start(void *arg, enum report_phase phase)
{
	(void)arg;
	ck_assert_uint_eq(told.phase, NONE);
	told.phase = phase;
	told.phases[phase]++;
	told.done[phase] = 0;
}

static void
on_update(void *arg, uint64_t done, uint64_t all)
{
	(void)arg;
	ck_assert_uint_ne(told.phase, NONE);
	ck_assert_uint_le(done, all);
	ck_assert_uint_ge(done, told.done[told.phase]);
	told.done[told.phase] = done;
	told.all[told.phase] = all;
}

static void
on_end(void *arg, bool ok)
{
	(void)arg;
	ck_assert_uint_ne(told.phase, NONE);
	told.ended[told.phase] += ok;
	told.phase = NONE;
}

static void
on_news(void *arg, const struct report_news *news)
{
	(void)arg;
	told.news[news->kind]++;
	told.count[news->kind] = news->count;
	told.path[news->kind] = news->path;
}

static bool
on_stopped(void *arg)
{
	(void)arg;
	told.asked++;
	return told.stop_at_once || told.stop == told.phase;
}

/* ---- in the place of what is below the issuer ------------------------------------------------------------------------------ */

static unsigned left;   /* steps of SQLite until one fails; 0: none does */
static enum err stretching; /* what making codes ends with */
static bool slowly;     /* codes are not there before somebody waits for them */
static uint8_t device;  /* of each stick, as far as USB knows; 0: it knows none */
static bool crowded;    /* sticks have no free space */

int __real_sqlite3_step(sqlite3_stmt *st);
int __wrap_sqlite3_step(sqlite3_stmt *st);
int
__wrap_sqlite3_step(sqlite3_stmt *st)
{
	return left > 0 && --left == 0 ? SQLITE_IOERR : __real_sqlite3_step(st);
}

typedef int mint_progress(void *arg, uint64_t done, uint64_t all);
enum err __real_mint_stretch(const struct mint_codes *c, uint8_t *a, unsigned threads, mint_progress *progress, void *arg);
enum err __wrap_mint_stretch(const struct mint_codes *c, uint8_t *a, unsigned threads, mint_progress *progress, void *arg);
enum err
__wrap_mint_stretch(const struct mint_codes *c, uint8_t *a, unsigned threads, mint_progress *progress, void *arg)
{
	while (slowly && told.phase != REPORT_CODES)
		sched_yield();
	while (slowly && told.stop == REPORT_CODES && progress(arg, 0, c->slots) == 0)
		sched_yield();
	return stretching != E_OK ? stretching : __real_mint_stretch(c, a, threads, progress, arg);
}

int __wrap_usb_find_dir(struct usb_device *d, const char *sysfs, int fd);
int
__wrap_usb_find_dir(struct usb_device *d, const char *sysfs, int fd)
{
	(void)sysfs, (void)fd;
	memset(d, 0, sizeof *d);
	return device != 0 ? 0 : -1;
}

int __wrap_usb_factor(const struct usb_device *d, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE]);
int
__wrap_usb_factor(const struct usb_device *d, uint8_t factor[HASH_SIZE], uint8_t hint[USB_HINT_SIZE])
{
	(void)d;
	memset(factor, device, HASH_SIZE);
	memset(hint, device, USB_HINT_SIZE);
	return 0;
}

enum err __real_provision_space(struct provision *p, uint64_t need, struct fault *fault);
enum err __wrap_provision_space(struct provision *p, uint64_t need, struct fault *fault);
enum err
__wrap_provision_space(struct provision *p, uint64_t need, struct fault *fault)
{
	return crowded ? fault_set(fault, E_SPACE, ENOSPC, "free space", "%s", "") : __real_provision_space(p, need, fault);
}

static unsigned threads; /* of those that the first one starts, until one cannot be started; 0: each can */
static pthread_t first;

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *arg), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *arg), void *arg);
int
__wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *arg), void *arg)
{
	if (pthread_equal(pthread_self(), first) && threads > 0 && --threads == 0)
		return EAGAIN;
	return __real_pthread_create(t, a, run, arg);
}

/* Steps on a stick, of which one fails, on the first stick where it is tried. */
static const char *failing;

#define STEP(name, takes, args) \
	enum err __real_##name takes; \
	enum err __wrap_##name takes; \
	enum err __wrap_##name takes \
	{ \
		if (failing == NULL || strcmp(failing, #name) != 0) \
			return __real_##name args; \
		failing = NULL; \
		return fault_set(fault, E_STICK_IO, EIO, "test", "%s", #name); \
	}

STEP(provision_init, (struct provision *p, const uint8_t *id, const uint8_t *seed, struct fault *fault), (p, id, seed, fault))
STEP(provision_clean, (struct provision *p, struct fault *fault), (p, fault))
STEP(provision_room, (struct provision *p, struct fault *fault), (p, fault))
STEP(provision_bundle_dir, (struct provision *p, const uint8_t *id, int *fd, struct fault *fault), (p, id, fd, fault))
STEP(provision_manifest, (struct provision *p, const uint8_t *id, struct bytes m, struct fault *fault), (p, id, m, fault))
STEP(provision_notice, (struct provision *p, const uint8_t *pk, struct bytes n, struct fault *fault), (p, pk, n, fault))
STEP(provision_grant, (struct provision *p, const struct grant *made, struct bytes m, struct bytes c, struct fault *fault),
    (p, made, m, c, fault))
STEP(provision_destroy_grants, (struct provision *p, struct fault *fault), (p, fault))
STEP(provision_remove_bundle, (struct provision *p, const uint8_t *id, struct fault *fault), (p, id, fault))

/* Whoever waits looks more often. */
__attribute__((visibility("default"))) int
nanosleep(const struct timespec *t, struct timespec *rest)
{
	const struct timespec less = {0, t->tv_nsec / (t->tv_nsec >= 50000000 ? 1000 : 1)};

	(void)rest;
	return (int)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &less, NULL);
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

/* As somebody asked for it, who has the issuer open. */
static void
ask(void)
{
	struct issuer issuer = j.issuer;

	j = (struct prepare){.report = &report, .folder = folder, .codes = CODES, .label = "Films", .not_before = FIXTURE_NOW,
	    .expires = FIXTURE_NOW + 86400, .session_s = 3600, .targets = targets, .count = STICKS, .folder_fd = -1,
	    .issuer = issuer};
}

/* The same once more, whatever became of it. */
static void
ask_again(void)
{
	struct prepare was = j;

	memset(&j.issuer, 0, sizeof j.issuer);
	j.issuer.dir_fd = -1;
	prepare_end(&j);
	for (size_t i = 0; i < STICKS; i++)
		targets[i] = (struct prepare_target){.path = targets[i].path, .fd = targets[i].fd, .bundle_fd = -1};
	fault_clear(&f);
	j = was;
	ask();
	j.count = was.count;
	j.add = was.add;
	j.replace = was.replace;
	j.discard = was.discard;
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
	told.phase = NONE;
	told.stop = NONE + 1;
	memset(&f, 0, sizeof f);
	memset(targets, 0, sizeof targets);
	memset(&j, 0, sizeof j);
	left = 0, stretching = E_OK, device = 0;
	failing = NULL, threads = 0;
	first = pthread_self();
	slowly = crowded = false;
	ask();
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

	left = 0;
	prepare_end(&j);
	ck_assert_uint_eq(told.phase, NONE);
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
	ck_assert_uint_eq(told.news[REPORT_CHANGED], 0);
}
END_TEST

/* Nothing is said into the stretching of the passphrase, which may be wrong. */
START_TEST(what_is_found_meanwhile_is_said_later)
{
	ck_assert_int_eq(prepare_begin(&j, &blame, &f), E_OK);
	ck_assert_int_eq(prepare_scan_begin(&j, &f), E_OK);
	ck_assert_uint_eq(told.news[REPORT_CHANGED], 0);
	ck_assert_int_eq(prepare_scan(&j, &f), E_OK);
	ck_assert_uint_eq(told.news[REPORT_CHANGED], 1);
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
	ck_assert_uint_eq(told.news[REPORT_CHANGED], 0);
	ck_assert_uint_le(asked, 23); /* at most twice more for each file, and once, while they are read ahead */
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

/* The file is young, but nobody wants to hear that any more. */
START_TEST(who_stops_is_told_nothing_else)
{
	ck_assert_int_eq(prepare_begin(&j, &blame, &f), E_OK);
	ck_assert_int_eq(prepare_scan_begin(&j, &f), E_OK);
	told.stop_at_once = true;
	ck_assert_int_eq(prepare_scan(&j, &f), E_INTERRUPTED);
	ck_assert_uint_eq(told.news[REPORT_CHANGED], 0);
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
	for (unsigned phase = 0; phase < PHASES; phase++) {
		bool wanted = phase == REPORT_WRITING || phase == REPORT_VERIFYING;

		ck_assert_uint_le(told.phases[phase], wanted || phase == REPORT_CODES);
		ck_assert_uint_eq(told.phases[phase], told.ended[phase]);
		ck_assert(!wanted || (told.ended[phase] == 1 && told.all[phase] > 0 && told.done[phase] == told.all[phase]));
	}
	ck_assert(targets[0].fresh && targets[1].fresh);
}
END_TEST

/* The grant as it is on the stick, and in the books. */
START_TEST(a_grant_says_what_was_asked_for)
{
	struct stick_grants there = {0};
	struct books_slot *list = NULL;
	struct stick *s = NULL;
	struct grant booked = {0};
	char label[LABEL_MAX + 1];
	size_t count = 0;
	bool known = false;

	snprintf(j.issuer.contact, sizeof j.issuer.contact, "Kim, 12");
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(stick_open(&s, targets[1].fd, &f), E_OK);
	ck_assert_int_eq(stick_load_grants(s, &there, &f), E_OK);
	ck_assert_uint_eq(there.count, 1);
	ck_assert_str_eq(there.grants[0].label, "Films");
	ck_assert_str_eq(there.grants[0].contact, "Kim, 12");
	ck_assert_int_eq(there.grants[0].policy.not_before, FIXTURE_NOW);
	ck_assert_int_eq(there.grants[0].policy.expires, FIXTURE_NOW + 86400);
	ck_assert_uint_eq(there.grants[0].policy.session_s, 3600);
	ck_assert(!there.grants[0].policy.usb && there.grants[0].refill == 0);
	ck_assert_uint_eq(there.grants[0].slots, CODES);
	ck_assert_int_eq(there.grants[0].issued, j.issuer.now);
	ck_assert_uint_eq(there.grants[0].bundle_count, 1);
	ck_assert_uint_eq(there.grants[0].notice_min, j.notice_number);
	ck_assert_mem_eq(there.grants[0].bundles[0].manifest_hash, j.manifest.hash, HASH_SIZE);
	ck_assert_int_eq(j.manifest.created, j.issuer.now);
	ck_assert_str_eq(j.manifest.label, "Films");
	ck_assert_int_eq(books_grant(j.issuer.books, there.grants[0].id, &booked, &known, &f), E_OK);
	ck_assert(known && memcmp(booked.hash, there.grants[0].hash, HASH_SIZE) == 0);
	ck_assert_int_eq(books_stick_label(j.issuer.books, s->id, label, &known, &f), E_OK);
	ck_assert(known && strcmp(label, "Films") == 0);
	ck_assert_int_eq(books_slots_of_grant(j.issuer.books, there.grants[0].id, &list, &count, &f), E_OK);
	ck_assert_uint_eq(count, CODES);
	free(list);
	grant_free(&booked);
	stick_grants_free(&there);
	stick_close(&s);
}
END_TEST

/* Nothing that can be used is left of what could not be booked; what was there before is. */
START_TEST(whenever_the_books_fail_there_is_no_code)
{
	uint8_t before[HASH_SIZE], after[HASH_SIZE];
	unsigned n = 0;
	bool failed = true;

	j.count = 1;
	j.add = _i == 1;
	j.replace = _i == 2;
	j.discard = true;
	if (_i > 0)
		take_old_stick();
	fixture_digest(&x, before);
	while (failed) {
		enum err e = look();

		left = ++n;
		ck_assert_uint_lt(n, 300);
		ck_assert_int_eq(e, E_OK);
		e = prepare_write(&j, &blame, &f);
		failed = left == 0;
		left = 0;
		ck_assert_msg(!failed || e == E_BOOKS || (e == E_OK && targets[0].fault.err == E_BOOKS), "step %u: %s, %s", n,
		    err_name(e), err_name(targets[0].fault.err));
		ck_assert(e == E_OK || f.err == e);
		ck_assert_msg(!failed || ready(&targets[0]) == 0, "step %u", n);
		fixture_digest(&x, after);
		if (failed && _i == 0)
			ck_assert_msg(is_untouched(&targets[0]), "step %u", n);
		else if (failed && e != E_OK)
			ck_assert_msg(memcmp(before, after, HASH_SIZE) == 0, "step %u", n);
		else if (failed && _i == 1)
			ck_assert_msg(grants_on(x.dir_fd) == 1, "step %u", n);
		else if (failed)
			break; /* what was there is gone */
		if (failed)
			ask_again();
	}
	ck_assert_uint_gt(n, 10);
	ck_assert(_i == 2 || (targets[0].fault.err == E_OK && ready(&targets[0]) == CODES));
}
END_TEST

START_TEST(whenever_the_books_fail_nothing_is_looked_at)
{
	unsigned n = 0;
	enum err e = E_BOOKS;

	j.count = 1;
	if (_i > 0) {
		take_old_stick();
		fixture_book(&j.issuer, &g.g);
		j.replace = _i == 2;
	}
	while (e == E_BOOKS) {
		left = ++n;
		ck_assert_uint_lt(n, 300);
		e = look();
		ck_assert_int_eq(e, f.err);
		ck_assert_int_eq(e == E_BOOKS, left == 0);
		left = 0;
		if (e == E_BOOKS)
			ask_again();
	}
	ck_assert_int_eq(e, _i == 1 ? E_USAGE : E_OK);
	ck_assert_uint_gt(n, 2);
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
	static const enum report_phase phases[] = {REPORT_WRITING, REPORT_CODES, REPORT_VERIFYING};

	told.stop = phases[_i];
	slowly = phases[_i] == REPORT_CODES;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_uint_eq(told.phases[phases[_i]], 1);
	ck_assert_uint_eq(told.ended[phases[_i]], 0);
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

static const char *const steps[] = {"provision_init", "provision_clean", "provision_room", "provision_bundle_dir",
    "provision_manifest", "provision_notice", "provision_grant"};

START_TEST(a_stick_that_fails_gets_nothing_and_the_others_go_on)
{
	ck_assert_int_eq(look(), E_OK);
	failing = steps[_i];
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_ptr_null(failing);
	ck_assert_int_eq(targets[0].fault.err, E_STICK_IO);
	ck_assert_str_eq(targets[0].fault.object, steps[_i]);
	ck_assert(!targets[0].forgets && targets[0].bundle_fd < 0);
	ck_assert(is_untouched(&targets[0]));
	ck_assert_uint_eq(ready(&targets[0]), 0);
	ck_assert_int_eq(targets[1].fault.err, E_OK);
	ck_assert_uint_eq(ready(&targets[1]), CODES);
	ck_assert_uint_eq(grants_on(targets[1].fd), 1);
}
END_TEST

START_TEST(what_cannot_be_destroyed_is_not_written_over)
{
	static const char *const destroying[] = {"provision_destroy_grants", "provision_remove_bundle"};

	j.count = 1;
	j.replace = true;
	take_old_stick();
	ck_assert_int_eq(look(), E_OK);
	failing = destroying[_i];
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_STICK_IO);
	ck_assert_str_eq(targets[0].fault.object, destroying[_i]);
	ck_assert_uint_eq(told.phases[REPORT_WRITING], 0);
	ck_assert_uint_eq(ready(&targets[0]), 0);
}
END_TEST

/* Where fewer do as well, there are fewer. */
START_TEST(without_a_thread_it_is_told_and_nothing_is_left)
{
	unsigned n = 0, told_of = 0;
	char command[120];
	bool failed = true;

	j.count = 1;
	while (failed) {
		enum err e = E_OK;

		threads = ++n;
		ck_assert_uint_lt(n, 50);
		if ((e = look()) == E_OK)
			e = prepare_write(&j, &blame, &f);
		failed = threads == 0;
		threads = 0;
		e = e == E_OK ? targets[0].fault.err : e;
		ck_assert_msg(e == E_OK || (failed && e == E_FAIL), "thread %u: %s", n, err_name(e));
		ck_assert_uint_eq(ready(&targets[0]), e == E_OK ? CODES : 0);
		ck_assert(e == E_OK || f.why == WHY_THREAD || targets[0].fault.why == WHY_THREAD || targets[0].fault.sys == EAGAIN);
		ck_assert_msg(e == E_OK || is_untouched(&targets[0]), "thread %u", n);
		told_of += e == E_FAIL;
		snprintf(command, sizeof command, "rm -rf '%s'/*", paths[0]);
		ck_assert_int_eq(system(command), 0);
		ask_again();
	}
	ck_assert_uint_gt(told_of, 2);
}
END_TEST

/* After what was written was read back. */
static enum err
stop_later(void *arg, struct prepare_target *t, struct fault *fault)
{
	(void)arg, (void)t, (void)fault;
	told.stop = NONE;
	return E_OK;
}

START_TEST(who_stops_before_the_grant_gets_none)
{
	j.count = 1;
	j.remount = stop_later;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_INTERRUPTED);
	ck_assert_uint_eq(told.ended[REPORT_VERIFYING], 1);
	ck_assert(is_untouched(&targets[0]));
	ck_assert_uint_eq(ready(&targets[0]), 0);
}
END_TEST

START_TEST(codes_that_take_longer_are_waited_for)
{
	slowly = true;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_uint_eq(told.ended[REPORT_CODES], 1);
	ck_assert_uint_eq(told.all[REPORT_CODES], STICKS * CODES);
	ck_assert_uint_eq(told.done[REPORT_CODES], STICKS * CODES);
	for (size_t i = 0; i < STICKS; i++)
		ck_assert(targets[i].fault.err == E_OK && ready(&targets[i]) == CODES);
}
END_TEST

START_TEST(codes_that_cannot_be_made_are_told)
{
	slowly = true;
	stretching = E_MEMORY;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert(told.phases[REPORT_CODES] == 1 && told.ended[REPORT_CODES] == 0);
	for (size_t i = 0; i < STICKS; i++) {
		ck_assert(targets[i].fault.err == E_MEMORY && targets[i].fault.why == WHY_STRETCHING);
		ck_assert(is_untouched(&targets[i]));
	}
}
END_TEST

static enum err
damage(void *arg, struct prepare_target *t, struct fault *fault)
{
	char hex[2 * ID_SIZE + 1], name[128], byte = 0;
	int fd = -1;

	(void)arg, (void)fault;
	bytes_to_hex(hex, j.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "ONCE/b/%s/00000000.seg", hex);
	ck_assert_int_ge(fd = openat(t->fd, name, O_RDWR | O_CLOEXEC), 0);
	ck_assert_int_eq(pread(fd, &byte, 1, 5000), 1);
	byte ^= 1;
	ck_assert_int_eq(pwrite(fd, &byte, 1, 5000), 1);
	close(fd);
	return E_OK;
}

START_TEST(what_is_read_back_has_to_be_what_was_written)
{
	j.remount = damage;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert(told.phases[REPORT_VERIFYING] == 1 && told.ended[REPORT_VERIFYING] == 0);
	for (size_t i = 0; i < STICKS; i++) {
		ck_assert(targets[i].fault.err == E_STICK_IO && targets[i].fault.why == WHY_FORGETS && targets[i].forgets);
		ck_assert_str_eq(targets[i].fault.object, paths[i]);
		ck_assert(is_untouched(&targets[i]));
		ck_assert_uint_eq(ready(&targets[i]), 0);
	}
}
END_TEST

static const enum err comes_back[] = {E_OK, E_INTERRUPTED, E_FAIL, E_STICK_IO, E_NO_STICK};

/* Or not at all; what is this PC's fault is not the stick's. */
static enum err
come_back(void *arg, struct prepare_target *t, struct fault *fault)
{
	const enum err e = comes_back[*(int *)arg];

	if (e != E_OK)
		return fault_set(fault, e, 0, "mount", "%s", "");
	ck_assert_int_ge(dup2(x.dir_fd, t->fd), 0);
	return E_OK;
}

START_TEST(a_stick_that_comes_back_as_another_gets_no_codes)
{
	bool ours = comes_back[_i] == E_INTERRUPTED || comes_back[_i] == E_FAIL;

	j.count = 1;
	j.remount = come_back;
	j.remount_arg = &_i;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, ours ? comes_back[_i] : E_STICK_IO);
	ck_assert_int_eq(targets[0].fault.why, ours ? WHY_NONE : WHY_FORGETS);
	ck_assert_int_eq(targets[0].forgets, !ours);
	ck_assert_uint_eq(ready(&targets[0]), 0);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
}
END_TEST

static void
use_up(uint32_t slot)
{
	uint8_t raw[RECORD_SIZE], body[MAC_SIZE + 8] = {0};
	char name[64];

	record_encode(raw, RECORD_SPENT, g.g.id, slot, BYTES(body, sizeof body));
	for (int copy = 0; copy < 2; copy++) {
		fixture_lock_name(name, &g.g, copy);
		fixture_patch(&x, name, (uint64_t)slot * RECORD_SIZE, raw, sizeof raw);
	}
}

START_TEST(a_code_that_was_used_meanwhile_is_not_destroyed)
{
	j.replace = true;
	take_old_stick();
	fixture_book(&j.issuer, &g.g);
	ck_assert_int_eq(look(), E_OK);
	ck_assert_ptr_null(blame);
	use_up(0);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK); /* onto the other one */
	ck_assert_ptr_eq(blame, NULL);
	ck_assert(targets[0].fault.err == E_USAGE && targets[0].fault.why == WHY_LOSS && targets[0].loss.used == 1);
	ck_assert(targets[1].fault.err == E_OK && ready(&targets[1]) == CODES);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
	ask_again();
	j.count = 1;
	j.discard = true;
	ck_assert_int_eq(look(), E_OK);
	j.discard = false;
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_USAGE);
	ck_assert_ptr_eq(blame, &targets[0]);
	ck_assert_int_eq(f.why, WHY_LOSS);
}
END_TEST

START_TEST(a_stick_in_use_is_not_replaced)
{
	struct hold *hold = NULL;
	struct stick *s = NULL;

	j.count = 1;
	j.replace = true;
	take_old_stick();
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_int_eq(hold_grant(&hold, s, g.g.id, &f), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_STICK_BUSY);
	ck_assert_ptr_eq(blame, &targets[0]);
	ck_assert(!targets[0].started);
	hold_release(&hold);
	stick_close(&s);
	ck_assert_uint_eq(grants_on(x.dir_fd), 1);
}
END_TEST

START_TEST(what_is_replaced_is_revoked)
{
	struct books_lecture *list = NULL;
	struct books_slot *slots = NULL;
	char hex[2 * ID_SIZE + 1], name[64];
	size_t count = 0;

	j.count = 1;
	j.replace = true;
	take_old_stick();
	fixture_book(&j.issuer, &g.g);
	ck_assert_int_eq(look(), E_OK);
	ck_assert(!targets[0].fresh);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_OK);
	ck_assert_uint_eq(targets[0].replaced, FIXTURE_SLOTS);
	ck_assert_int_eq(books_slots_of_grant(j.issuer.books, g.g.id, &slots, &count, &f), E_OK);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(slots[i].state, BOOKS_REVOKED);
	ck_assert_int_eq(books_lectures(j.issuer.books, x.stick_id, &list, &count, &f), E_OK);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(list[i].gone != 0, memcmp(list[i].grant_id, g.g.id, ID_SIZE) == 0);
	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "ONCE/b/%s", hex);
	ck_assert_int_ne(faccessat(x.dir_fd, name, F_OK, 0), 0);
	ck_assert_uint_gt(j.notice_n, 0);
	ck_assert_uint_eq(targets[0].grant.notice_min, j.notice_number);
	ck_assert_int_eq(faccessat(x.dir_fd, "ONCE/" STICK_NOTICE, F_OK, 0), 0);
	free(list);
	free(slots);
}
END_TEST

START_TEST(what_an_earlier_run_left_is_removed_and_told)
{
	j.count = 1;
	j.add = true;
	take_old_stick();
	ck_assert_int_eq(mkdirat(x.dir_fd, "ONCE/b/0123456789abcdef0123456789abcdef", 0700), 0);
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_OK);
	ck_assert_uint_eq(told.news[REPORT_DEBRIS], 1);
	ck_assert_uint_eq(told.count[REPORT_DEBRIS], 1);
	ck_assert_int_ne(faccessat(x.dir_fd, "ONCE/b/0123456789abcdef0123456789abcdef", F_OK, 0), 0);
	ask_again();
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_uint_eq(told.news[REPORT_DEBRIS], 1);
}
END_TEST

START_TEST(codes_are_bound_to_their_device)
{
	uint8_t usb[HASH_SIZE], hint[USB_HINT_SIZE];
	bool known = false;

	j.bind_usb = true;
	j.count = 1;
	ck_assert_int_eq(look(), E_WRONG_STICK);
	ck_assert(f.why == WHY_NO_IDENTITY && blame == &targets[0] && targets[0].p == NULL);
	ask_again();
	j.bind_usb = true;
	j.count = STICKS; /* each is looked at when it is its turn */
	ck_assert_int_eq(look(), E_WRONG_STICK);
	ck_assert(f.why == WHY_NO_IDENTITY && targets[0].p != NULL);
	ask_again();
	j.bind_usb = true;
	j.count = 1;
	device = 7;
	memset(hint, 7, sizeof hint);
	ck_assert_int_eq(look(), E_OK);
	ck_assert_uint_eq(told.news[REPORT_WEAK_IDENTITY], 1);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_int_eq(targets[0].fault.err, E_OK);
	ck_assert(targets[0].grant.policy.usb);
	ck_assert_mem_eq(targets[0].grant.policy.usb_hint, hint, sizeof hint);
	ck_assert_int_eq(books_get_usb(j.issuer.books, targets[0].grant.stick_id, usb, &known, &f), E_OK);
	ck_assert(known && usb[0] == 7);
	ck_assert_uint_eq(told.news[REPORT_SAME_IDENTITY], 0);
}
END_TEST

START_TEST(two_sticks_with_one_identity_are_told)
{
	j.bind_usb = true;
	device = 7;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_uint_eq(told.news[REPORT_WEAK_IDENTITY], STICKS);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	ck_assert_uint_eq(told.news[REPORT_SAME_IDENTITY], 1);
	ck_assert_str_eq(told.path[REPORT_SAME_IDENTITY], paths[1]);
	ck_assert(targets[0].fault.err == E_OK && targets[1].fault.err == E_OK);
}
END_TEST

START_TEST(a_copy_gets_no_more_codes)
{
	j.count = 1;
	j.bind_usb = true;
	device = 7;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_int_eq(prepare_write(&j, &blame, &f), E_OK);
	for (uint8_t d = 7; d <= 8; d++) {
		ask_again();
		j.add = j.bind_usb = true;
		device = d;
		ck_assert_int_eq(look(), d == 7 ? E_OK : E_WRONG_STICK);
		ck_assert_int_eq(f.why, d == 7 ? WHY_NONE : WHY_COPY);
	}
	ask_again();
	j.add = true;
	ck_assert_int_eq(look(), E_OK); /* not bound */
}
END_TEST

START_TEST(where_there_is_no_room_nothing_is_begun)
{
	j.count = 1;
	crowded = true;
	ck_assert_int_eq(look(), E_SPACE);
	ck_assert(f.why == WHY_TOO_SMALL && blame == &targets[0]);
	ck_assert_str_eq(f.object, paths[0]);
	ck_assert_uint_gt(targets[0].need, 0);
	ck_assert(is_untouched(&targets[0]));
}
END_TEST

START_TEST(a_folder_on_the_stick_is_told)
{
	char on_it[100], film[120];

	ck_assert_int_eq(look(), E_OK);
	ck_assert_uint_eq(told.news[REPORT_FOLDER_ON_STICK], 0);
	ask_again();
	snprintf(on_it, sizeof on_it, "%s/media/films", paths[0]);
	snprintf(film, sizeof film, "%s/media", paths[0]);
	ck_assert_int_eq(mkdir(film, 0700), 0);
	ck_assert_int_eq(mkdir(on_it, 0700), 0);
	snprintf(film, sizeof film, "%s/film", on_it);
	write_file(film);
	j.folder = on_it;
	ck_assert_int_eq(look(), E_OK);
	ck_assert_uint_eq(told.news[REPORT_FOLDER_ON_STICK], 1);
}
END_TEST

/* What is left out is named always. */
START_TEST(some_of_many_changed_files_are_named)
{
	for (int k = 0; k < 20; k++)
		prepare_note(&j, PACK_GREW, "film");
	prepare_note_rest(&j);
	ck_assert_uint_eq(told.news[REPORT_CHANGED], 20);
	ck_assert_uint_eq(told.news[REPORT_CHANGED_MORE], 0);
	for (int k = 0; k < 5; k++) {
		prepare_note(&j, PACK_GREW, "film");
		prepare_note(&j, PACK_SKIPPED, "pipe");
	}
	prepare_note_rest(&j);
	ck_assert_uint_eq(told.news[REPORT_CHANGED], 25);
	ck_assert_str_eq(told.path[REPORT_CHANGED], "pipe");
	ck_assert_uint_eq(told.news[REPORT_CHANGED_MORE], 1);
	ck_assert_uint_eq(told.count[REPORT_CHANGED_MORE], 5);
}
END_TEST

START_TEST(holes_count_where_they_are_large)
{
	static const off_t sizes[] = {(64 << 20) - 4096, (65 << 20), 0};
	char name[100];

	snprintf(name, sizeof name, "%s/sparse", folder);
	write_file(name);
	for (size_t k = 0; sizes[k] != 0; k++) {
		ck_assert_int_eq(truncate(name, sizes[k]), 0);
		ck_assert_int_eq(look(), E_OK);
		ck_assert_int_eq(prepare_holes(&j) > 0, k == 1);
		ask_again();
	}
}
END_TEST

START_TEST(only_faults_of_this_pc_stop_all)
{
	static const enum err of_this_pc[] = {E_FAIL, E_INTERRUPTED, E_MEMORY, E_BOOKS, E_KEYSTORE},
			      of_a_stick[] = {E_OK, E_USAGE, E_STICK_IO, E_SPACE, E_READONLY, E_STICK_DAMAGED};

	for (size_t k = 0; k < sizeof of_this_pc / sizeof *of_this_pc; k++)
		ck_assert(prepare_stops_all(of_this_pc[k]));
	for (size_t k = 0; k < sizeof of_a_stick / sizeof *of_a_stick; k++)
		ck_assert(!prepare_stops_all(of_a_stick[k]));
}
END_TEST

SUITE("prepare", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_test(t, the_folder_is_listed_meanwhile);
	tcase_add_test(t, what_is_found_meanwhile_is_said_later);
	tcase_add_loop_test(t, a_listing_that_nobody_wants_ends, 0, 2);
	tcase_add_test(t, who_stops_while_it_is_listed_stops_at_the_next_file);
	tcase_add_test(t, who_stops_is_told_nothing_else);
	tcase_add_test(t, who_stops_after_it_was_listed_has_stopped);
	tcase_add_test(t, each_stick_gets_a_grant_of_its_own);
	tcase_add_test(t, a_grant_says_what_was_asked_for);
	tcase_add_loop_test(t, whenever_the_books_fail_there_is_no_code, 0, 3);
	tcase_add_loop_test(t, whenever_the_books_fail_nothing_is_looked_at, 0, 3);
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
	tcase_add_loop_test(t, who_stops_leaves_nothing_behind, 0, 3);
	tcase_add_loop_test(t, a_stick_that_fails_gets_nothing_and_the_others_go_on, 0, (int)(sizeof steps / sizeof *steps));
	tcase_add_loop_test(t, what_cannot_be_destroyed_is_not_written_over, 0, 2);
	tcase_add_test(t, without_a_thread_it_is_told_and_nothing_is_left);
	tcase_add_test(t, who_stops_before_the_grant_gets_none);
	tcase_add_test(t, codes_that_take_longer_are_waited_for);
	tcase_add_test(t, codes_that_cannot_be_made_are_told);
	tcase_add_test(t, what_is_read_back_has_to_be_what_was_written);
	tcase_add_loop_test(t, a_stick_that_comes_back_as_another_gets_no_codes, 0, 5);
	tcase_add_test(t, a_code_that_was_used_meanwhile_is_not_destroyed);
	tcase_add_test(t, a_stick_in_use_is_not_replaced);
	tcase_add_test(t, what_is_replaced_is_revoked);
	tcase_add_test(t, what_an_earlier_run_left_is_removed_and_told);
	tcase_add_test(t, codes_are_bound_to_their_device);
	tcase_add_test(t, two_sticks_with_one_identity_are_told);
	tcase_add_test(t, a_copy_gets_no_more_codes);
	tcase_add_test(t, where_there_is_no_room_nothing_is_begun);
	tcase_add_test(t, a_folder_on_the_stick_is_told);
	tcase_add_test(t, some_of_many_changed_files_are_named);
	tcase_add_test(t, holes_count_where_they_are_large);
	tcase_add_test(t, only_faults_of_this_pc_stop_all);
	tcase_add_test(t, a_stick_that_forgets_gets_no_codes);
}
