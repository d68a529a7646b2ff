/*
 * check_crash.c - the power fails at any moment of a spend, copies rot, and stations take turns with the same code.
 *
 * The protocol's own code runs on a stick in a directory, with stations in plain memory. A station's process ends before, inside or
 * after each of its durable steps; what it leaves is compared with the table of oncestick-protocol(7), and then explored: from each
 * state that is reached, every further attempt, cut and loss of a copy, until nothing new comes. And two stations that live at the
 * same time use one code on one stick, stopped and let go on at every step of both.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "fake_memory.h"
#include "calls.h"
#include "fixture.h"
#include "receipt.h"
#include "suite.h"
#include "unlock.h"

#define STATIONS 2
#define SECTOR 512
#define SECTORS (RECORD_SIZE / SECTOR)

/* ---- a medium that loses its power ---------------------------------------------------------------------------------------- */

/* Where the power fails: at the copy-th tombstone, with so many of its sectors written; or never, copy 0. */
static struct { int copy; size_t sectors; bool flushed; } cut;
static int tombstones, flushing;

/* Of a process that is led step by step: it says before each that it has come there, and waits for the word. */
static struct { bool led, napped; int up, down; } leash;

static void
step(void)
{
	char word;

	if (leash.led && (write(leash.up, "s", 1) != 1 || read(leash.down, &word, 1) != 1))
		_exit(FAKE_CRASHED);
}

int
flock(int fd, int operation)
{
	if (!leash.napped)
		step();
	return (int)syscall(SYS_flock, fd, operation);
}

/* Who waits for a lock: once long enough for others to do all they want, then no time at all. */
int
nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)t;
	(void)left;
	if (!leash.napped)
		step();
	leash.napped = true;
	return 0;
}

/* What was read of a record may be old as soon as it is known. */
ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	ssize_t got = call_pread(fd, buf, n, off);

	if (got == RECORD_SIZE && (memcmp(buf, "ONCELIVE", 8) == 0 || memcmp(buf, "ONCESPNT", 8) == 0))
		step();
	return got;
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	bool tombstone = n == RECORD_SIZE && memcmp(buf, "ONCESPNT", 8) == 0;

	if (tombstone)
		step();
	if (tombstone && ++tombstones == cut.copy && !cut.flushed) {
		if (cut.sectors > 0)
			(void)!call_pwrite(fd, buf, cut.sectors * SECTOR, off);
		_exit(FAKE_CRASHED);
	}
	flushing = tombstone ? tombstones : 0;
	return call_pwrite(fd, buf, n, off);
}

int
fdatasync(int fd)
{
	int ret;

	if (flushing != 0)
		step();
	ret = (int)syscall(SYS_fdatasync, fd);
	if (cut.flushed && flushing != 0 && flushing == cut.copy)
		_exit(FAKE_CRASHED);
	return ret;
}

/* ---- attempts --------------------------------------------------------------------------------------------------------------- */

static struct fixture x;
static struct fixture_grant grant;
static struct fake_memory *station[STATIONS];
static int lock[2];     /* descriptors of lock.a and lock.b */

static void
setup(void)
{
	char name[64], path[192];

	fixture_open(&x);
	fixture_grant(&x, &grant, fixture_policy(), 0, NULL);
	for (int i = 0; i < STATIONS; i++) {
		station[i] = fake_memory_new();
		fake_memory_know(station[i], x.pk, 0);
	}
	for (int copy = 0; copy < 2; copy++) {
		fixture_lock_name(name, &grant.g, copy);
		snprintf(path, sizeof path, "%s/ONCE/%s", x.path, name);
		ck_assert_int_ge(lock[copy] = open(path, O_RDWR | O_CLOEXEC), 0);
	}
}

static void
teardown(void)
{
	for (int i = 0; i < STATIONS; i++)
		fake_memory_free(&station[i]);
	close(lock[0]);
	close(lock[1]);
	fixture_grant_free(&grant);
	fixture_close(&x);
}

/* Where an attempt is cut. */
enum moment {
	NEVER, BEFORE_S1, AFTER_S1, IN_S3, AFTER_S3, IN_S4, BEFORE_S5, AFTER_S5, MOMENTS
};

static void
plan(struct fake_store *s, enum moment m, size_t sectors)
{
	bool claimed = s->use_count > 0; /* S1 is behind it */

	cut.copy = m == IN_S3 || m == AFTER_S3 ? 1 : m == IN_S4 ? 2 : 0;
	cut.sectors = sectors;
	cut.flushed = m == AFTER_S3;
	s->changes = 0;
	s->at_change = m == BEFORE_S1 || m == AFTER_S1 ? 1 : m == BEFORE_S5 || m == AFTER_S5 ? (claimed ? 1 : 2) : 0;
	s->fate = m == BEFORE_S1 || m == BEFORE_S5 ? FAKE_CRASH_BEFORE
		  : m == AFTER_S1 || m == AFTER_S5 ? FAKE_CRASH_AFTER
						   : FAKE_WORK;
}

static _Noreturn void
use_code(int i, bool end, bool rehearsal)
{
	struct fake_memory *mine = fake_memory_again(station[i]);
	struct unlock_env env = {.memory = &mine->memory, .clock = fixture_clock(&x), .rehearsal = rehearsal};
	struct blockcrypt *c = blockcrypt_new(NULL);
	struct unlock_info info;
	struct fault f = {0};
	struct unlock *u = NULL;
	uint8_t block[BLOCK_SIZE];
	enum err e;

	if ((e = unlock_look(&u, x.dir_fd, &env, &info, &f)) == E_OK && (e = unlock_try(u, grant.codes[0], &info, &f)) == E_OK &&
	    !rehearsal)
		e = unlock_spend(u, &info, &f);
	if (e == E_OK && !rehearsal && bundle_read_block(unlock_bundle(u), c, 0, block) != 0)
		e = E_FAIL;
	if (e == E_OK && end)
		e = unlock_end(u, 60, NULL);
	_exit((int)e);
}

/* An attempt at station i in a process of its own, which ends with the session open (paused), or ended. E_OK: content was readable;
 * FAKE_CRASHED: the power failed. */
static int
attempt(int i, enum moment m, size_t sectors, bool end, bool rehearsal)
{
	struct fake_store *s = station[i]->store;
	int status;
	pid_t pid;

	plan(s, m, sectors);
	if ((pid = fork()) == 0)
		use_code(i, end, rehearsal);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "wait status %#x", (unsigned)status);
	plan(s, NEVER, 0);
	return WEXITSTATUS(status);
}

/* The same, to the end, cut where it was planned before. */
static int
attempt_cut(int i)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		use_code(i, true, false);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "wait status %#x", (unsigned)status);
	plan(station[i]->store, NEVER, 0);
	return WEXITSTATUS(status);
}

static int
opens(int i)
{
	return attempt(i, NEVER, 0, false, false);
}

static int
would_open(int i)
{
	return attempt(i, NEVER, 0, false, true);
}

static void
rot(int copy)
{
	ck_assert_int_eq(call_pwrite(lock[copy], "rotten", 6, 100), 6);
}

/* One letter for each copy: L, D, or S. */
static void
letters(char out[3])
{
	struct stick_slot slot;

	fixture_slot(&x, &grant.g, 0, &slot);
	out[0] = "LSD"[slot.a == RECORD_IS_LIVE ? 0 : slot.a == RECORD_IS_SPENT ? 1 : 2];
	out[1] = "LSD"[slot.b == RECORD_IS_LIVE ? 0 : slot.b == RECORD_IS_SPENT ? 1 : 2];
	out[2] = '\0';
}

static enum memory_state
row(int i)
{
	const struct memory_use *u = fake_memory_row(station[i], NULL, 0);

	return u == NULL ? MEMORY_NONE : u->state;
}

/* ---- the table ----------------------------------------------------------------------------------------------------------------
 */

static const struct {
	enum moment moment;
	const char *stick;
	enum memory_state row;
	enum err elsewhere;
} table[] = {
    {BEFORE_S1, "LL", MEMORY_NONE, E_OK},
    {AFTER_S1, "LL", MEMORY_CLAIMED, E_OK},
    {IN_S3, "DL", MEMORY_CLAIMED, E_OK},
    {AFTER_S3, "SL", MEMORY_CLAIMED, E_SPENT},
    {IN_S4, "SD", MEMORY_CLAIMED, E_SPENT},
    {BEFORE_S5, "SS", MEMORY_CLAIMED, E_SPENT},
    {AFTER_S5, "SS", MEMORY_OPEN, E_SPENT},
};
#define ROWS ((int)(sizeof table / sizeof *table))

/* Row _i of the table, with a record torn after each of its sectors. */
static void
cut_at(int i, size_t sectors)
{
	char now[3];

	ck_assert_int_eq(attempt(0, table[i].moment, sectors, false, false), FAKE_CRASHED);
	letters(now);
	ck_assert_str_eq(now, table[i].stick);
	ck_assert_int_eq(row(0), table[i].row);
}

struct snapshot {
	uint8_t raw[2][RECORD_SIZE];
	struct memory_use uses[STATIONS];
	size_t use_count[STATIONS];
};

static void
keep(struct snapshot *s)
{
	for (int copy = 0; copy < 2; copy++)
		ck_assert_int_eq(pread(lock[copy], s->raw[copy], RECORD_SIZE, 0), RECORD_SIZE);
	for (int i = 0; i < STATIONS; i++) {
		s->uses[i] = station[i]->store->uses[0];
		s->use_count[i] = station[i]->store->use_count;
	}
}

static void
restore(const struct snapshot *s)
{
	for (int copy = 0; copy < 2; copy++)
		ck_assert_int_eq(call_pwrite(lock[copy], s->raw[copy], RECORD_SIZE, 0), RECORD_SIZE);
	for (int i = 0; i < STATIONS; i++) {
		station[i]->store->uses[0] = s->uses[i];
		station[i]->store->use_count = s->use_count[i];
		memset(station[i]->store->locks, 0, sizeof station[i]->store->locks);
	}
}

/* hostile 42, 43 */
START_TEST(cut_between_or_inside_the_steps_leaves_what_the_table_says)
{
	struct snapshot fresh;
	bool torn = table[_i].moment == IN_S3 || table[_i].moment == IN_S4;

	keep(&fresh);
	for (size_t sectors = 1; sectors < SECTORS; sectors++) {
		restore(&fresh);
		cut_at(_i, sectors);
		ck_assert_int_eq(would_open(1), table[_i].elsewhere);
		ck_assert_int_eq(opens(0), E_OK); /* the same code, here */
		ck_assert_int_eq(opens(1), E_SPENT);
		ck_assert_int_eq(attempt(0, NEVER, 0, true, false), E_OK);
		ck_assert_int_eq(opens(0), E_SPENT);
		if (!torn)
			break;
	}
}
END_TEST

/* What was written and not flushed is there or not: as after the step, or as before it. */
START_TEST(unflushed_write_is_all_or_nothing)
{
	static const struct { enum moment m; size_t sectors; const char *stick; } cases[] = {
	    {IN_S3, 0, "LL"}, {IN_S3, SECTORS, "SL"}, {IN_S4, 0, "SL"}, {IN_S4, SECTORS, "SS"}};
	struct snapshot fresh;
	char now[3];

	keep(&fresh);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		restore(&fresh);
		ck_assert_int_eq(attempt(0, cases[i].m, cases[i].sectors, false, false), FAKE_CRASHED);
		letters(now);
		ck_assert_str_eq(now, cases[i].stick);
		ck_assert_int_eq(row(0), MEMORY_CLAIMED);
		ck_assert_int_eq(would_open(1), i == 0 ? E_OK : E_SPENT);
		ck_assert_int_eq(opens(0), E_OK);
		ck_assert_int_eq(opens(1), E_SPENT);
	}
}
END_TEST

/* hostile 46 */
START_TEST(who_opens_elsewhere_first_is_the_only_one)
{
	struct snapshot fresh;

	keep(&fresh);
	for (int i = 0; i < ROWS; i++) {
		restore(&fresh);
		cut_at(i, 3);
		ck_assert_int_eq(opens(1), table[i].elsewhere);
		ck_assert_int_eq(opens(0), table[i].elsewhere == E_OK ? E_SPENT : E_OK);
		ck_assert_int_eq(opens(1), table[i].elsewhere == E_OK ? E_OK : E_SPENT);
	}
}
END_TEST

/* The merge of two copies, written down once more (oncestick-format(5)), for copies that were equal before. */
static enum err
expected_elsewhere(char a, char b)
{
	return a == 'S' || b == 'S' ? E_SPENT : a == 'L' || b == 'L' ? E_OK : E_SLOT_DAMAGED;
}

static enum err
expected_here(enum memory_state state, char a, char b)
{
	if (state == MEMORY_OPEN)
		return E_OK;
	return state == MEMORY_NONE ? expected_elsewhere(a, b) : a == 'D' && b == 'D' ? E_SLOT_DAMAGED : E_OK;
}

/* hostile 36, 37, 42 */
START_TEST(cut_and_then_a_copy_rots)
{
	struct snapshot fresh;

	keep(&fresh);
	for (int i = 0; i < ROWS; i++) {
		for (int which = 1; which <= 3; which++) { /* A, B, both */
			enum err here;
			char now[3];

			restore(&fresh);
			cut_at(i, 5);
			if (which & 1)
				rot(0);
			if (which & 2)
				rot(1);
			letters(now);
			here = expected_here(table[i].row, now[0], now[1]);
			ck_assert_msg(would_open(1) == (int)expected_elsewhere(now[0], now[1]), "row %d, %s: elsewhere", i, now);
			ck_assert_msg(opens(0) == (int)here, "row %d, %s: here", i, now);
			letters(now);
			if (here == E_OK)
				ck_assert_str_eq(now, "SS");
		}
	}
}
END_TEST

/* ---- all that can happen -------------------------------------------------------------------------------------------------- */

struct state {
	struct snapshot s;
	char key[16];
	int faults;             /* that may still come */
	unsigned opened;        /* stations that have had content, as bits */
	bool ruined;            /* both copies were damaged, torn or rotten, before anybody opened */
};

static struct state *states;
static size_t count, room;

/* Whose the tombstones are is told by their bytes: equal to the receipt of a station's row. */
static char
letter_of(const struct snapshot *s, int copy, enum record_state is)
{
	if (is != RECORD_IS_SPENT)
		return is == RECORD_IS_LIVE ? 'L' : 'D';
	for (int i = 0; i < STATIONS; i++)
		if (s->use_count[i] > 0 && memcmp(s->raw[copy] + 32, s->uses[i].receipt, s->uses[i].receipt_len) == 0)
			return (char)('1' + i);
	return 'S';
}

/* Add what is there now, unless it is known. */
static void
reach(int faults, unsigned opened, bool ruined)
{
	struct state t = {.faults = faults, .opened = opened};
	struct stick_slot slot;

	keep(&t.s);
	fixture_slot(&x, &grant.g, 0, &slot);
	t.ruined = ruined || (opened == 0 && slot.merged == RECORD_IS_DAMAGED);
	snprintf(t.key, sizeof t.key, "%c%c%d%d%d%u%d", letter_of(&t.s, 0, slot.a), letter_of(&t.s, 1, slot.b), (int)row(0),
	    (int)row(1), faults, opened, t.ruined);
	for (size_t i = 0; i < count; i++)
		if (strcmp(states[i].key, t.key) == 0)
			return;
	if (count == room) {
		room = room == 0 ? 64 : 2 * room;
		ck_assert_ptr_nonnull(states = reallocarray(states, room, sizeof *states));
	}
	states[count++] = t;
}

static void
explore_attempts(const struct state *from)
{
	for (int i = 0; i < STATIONS; i++) {
		for (enum moment m = NEVER; m < MOMENTS; m++) {
			unsigned opened = from->opened;
			int ended;

			if (m != NEVER && from->faults == 0)
				continue;
			restore(&from->s);
			ended = attempt(i, m, 4, false, false);
			if (ended == E_OK)
				opened |= 1u << i;
			reach(from->faults - (ended == FAKE_CRASHED), opened, from->ruined);
		}
		restore(&from->s);
		if (row(i) == MEMORY_OPEN) {
			if (attempt(i, NEVER, 0, true, false) == E_OK)
				reach(from->faults, from->opened | 1u << i, from->ruined);
		}
	}
}

static void
explore_rot(const struct state *from)
{
	for (int copy = 0; copy < 2 && from->faults > 0; copy++) {
		restore(&from->s);
		rot(copy);
		reach(from->faults - 1, from->opened, from->ruined);
	}
}

/* One session; and while there was none, somebody can still have it, unless both copies are gone. */
static void
judge(const struct state *t)
{
	bool possible = false;

	ck_assert_msg((t->opened & (t->opened - 1)) == 0, "%s: a second session", t->key);
	if (t->opened != 0 || t->ruined)
		return;
	for (int i = 0; i < STATIONS; i++) {
		restore(&t->s);
		possible = possible || opens(i) == E_OK;
	}
	ck_assert_msg(possible, "%s: the code is lost, unopened", t->key);
}

/* Two stations take turns, with CRASH_FAULTS cuts and rotten copies (2; the whole model has 4). */
/* hostile 38, 42, 46 */
START_TEST(no_second_session_and_no_lost_code_whatever_happens)
{
	const char *faults = getenv("CRASH_FAULTS");

	reach(faults != NULL ? atoi(faults) : 2, 0, false);
	for (size_t i = 0; i < count; i++) {
		struct state from = states[i]; /* the array moves */

		judge(&from);
		explore_attempts(&from);
		explore_rot(&from);
	}
	printf("%zu states\n", count);
	ck_assert_uint_gt(count, 30);
	free(states);
}
END_TEST

/* ---- the end ---------------------------------------------------------------------------------------------------------------- */

static bool
says_ended(const uint8_t raw[RECORD_SIZE])
{
	struct receipt r;
	struct bytes body;

	return record_slot_state(raw, grant.g.id, 0, CELL_SIZE(1), &body) == RECORD_IS_SPENT &&
	    receipt_parse(&r, BYTES(body.p, body.n - MAC_SIZE)) == 0 && r.ended_at != 0;
}

/*
 * The power fails in the first or second write of the end, in any sector, with all copies good before or one of them rotten: one
 * says SPENT all the time, none is LIVE, and the code is dead here and elsewhere. With the memory put back to when the session was
 * open it is dead as soon as a copy says that it ended; until then it goes on, once, and ends.
 */
/* hostile 75 */
START_TEST(end_cut_anywhere)
{
	struct snapshot open_, now;
	char is[3];

	ck_assert_int_eq(opens(0), E_OK);
	if (_i > 0)
		rot(_i - 1);
	keep(&open_);
	for (int copy = 1; copy <= 2; copy++) {
		for (size_t sectors = 0; sectors <= SECTORS; sectors++) {
			bool ended;

			restore(&open_);
			plan(station[0]->store, NEVER, 0);
			cut.copy = copy + (_i > 0); /* going on writes the rotten copy first */
			cut.sectors = sectors;
			ck_assert_int_eq(attempt_cut(0), FAKE_CRASHED);
			letters(is);
			ck_assert_msg(
			    strchr(is, 'S') != NULL && strchr(is, 'L') == NULL, "cut in %d at %zu: %s", copy, sectors, is);
			ck_assert_int_eq(row(0), MEMORY_CLOSED);
			ck_assert_int_eq(would_open(0), E_SPENT);
			ck_assert_int_eq(would_open(1), E_SPENT);
			keep(&now);
			ended = says_ended(now.raw[0]) || says_ended(now.raw[1]);
			ck_assert(ended || copy == 1);
			now.uses[0] = open_.uses[0];
			restore(&now);
			ck_assert_int_eq(attempt(0, NEVER, 0, true, false), ended ? E_SPENT : E_OK);
			ck_assert_int_eq(opens(0), E_SPENT);
			keep(&now);
			now.uses[0] = open_.uses[0];
			restore(&now);
			ck_assert_int_eq(opens(0), E_SPENT);
		}
	}
}
END_TEST

/* ---- a list that leaves the lecture out ------------------------------------------------------------------------------------- */

enum list_place { ON_STICK, AT_STATIONS, PLACES };

/* A list signed at that time, with all slots of the lecture or with nothing. */
static void
put_list(enum list_place where, int64_t time, bool names)
{
	struct notice n = {.number = 7, .time = time};
	uint8_t *payload, *file;
	size_t payload_n, file_n;

	memcpy(n.issuer, x.pk, KEY_SIZE);
	for (uint32_t slot = 0; names && slot < FIXTURE_SLOTS; slot++)
		ck_assert_int_eq(notice_revoke(&n, grant.g.id, slot), 0);
	ck_assert_ptr_nonnull(payload = notice_encode(&n, &payload_n));
	ck_assert_ptr_nonnull(file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, payload_n), x.sk, &file_n));
	if (where == ON_STICK)
		fixture_put(&x, STICK_NOTICE, file, file_n);
	for (int i = 0; where == AT_STATIONS && i < STATIONS; i++)
		ck_assert_int_eq(memory_learn(&station[i]->memory, &n, BYTES(file, file_n), NULL), E_OK);
	free(payload);
	free(file);
	notice_free(&n);
}

static void
remove_list(void)
{
	char path[192];

	snprintf(path, sizeof path, "%s/ONCE/%s", x.path, STICK_NOTICE);
	unlink(path);
	for (int i = 0; i < STATIONS; i++)
		station[i]->store->issuers[0].known = (struct memory_issuer){.known = true};
}

static void
refused_at_all_stations(const char *when)
{
	static const int64_t clocks[] = {0, FIXTURE_NOW - 86400, FIXTURE_NOW, FIXTURE_NOW + 400ll * 86400};

	for (size_t k = 0; k < sizeof clocks / sizeof *clocks; k++) {
		x.now = clocks[k];
		for (int i = 0; i < STATIONS; i++) {
			int would = would_open(i), did = opens(i);

			ck_assert_msg(
			    would == E_EXPIRED || would == E_SPENT, "%s, clock %zu, station %d: would be %d", when, k, i, would);
			ck_assert_msg(did == E_EXPIRED || did == E_SPENT, "%s, clock %zu, station %d: %d", when, k, i, did);
		}
	}
	x.now = FIXTURE_NOW;
}

/*
 * Dead codes of a lecture that expired so long before a list was signed that the list leaves them out: where the list is known,
 * none opens and no session goes on, wherever a spend was cut, whatever the clock says then, and whatever it said when the session
 * began.
 */
START_TEST(who_has_a_list_needs_no_word_of_what_it_leaves_out)
{
	const int64_t signed_at = grant.g.policy.expires + (int64_t)SESSION_MAX_S + 1;
	struct snapshot fresh;
	char when[32];

	ck_assert_int_lt(grant.g.policy.expires, notice_reach(signed_at));
	ck_assert_int_ge(grant.g.policy.expires, notice_reach(signed_at - 1));
	keep(&fresh);
	for (int i = 0; i < ROWS + 2; i++) {
		restore(&fresh);
		if (i < ROWS) {
			cut_at(i, 3);
		} else if (i == ROWS + 1) { /* begun with a clock that was known to be behind: its time proves nothing */
			x.now = FIXTURE_NOW - 86400;
			ck_assert_int_eq(opens(0), E_OK);
			ck_assert_int_eq(would_open(0), E_OK);
		}
		put_list((enum list_place)_i, signed_at, false);
		snprintf(when, sizeof when, "case %d", i);
		refused_at_all_stations(when);
		remove_list();
	}
}
END_TEST

/* A code of the longest session, opened in its last second: a second less than a week later only a list that names it stops it. */
START_TEST(week_after_the_end_is_not_too_long)
{
	struct policy p = fixture_policy();

	fixture_grant_free(&grant);
	p.session_s = SESSION_MAX_S;
	fixture_grant(&x, &grant, p, 0, NULL);
	x.now = p.expires - 1;
	ck_assert_int_eq(opens(0), E_OK);
	x.now = p.expires + (int64_t)SESSION_MAX_S - 2;
	ck_assert_int_le(notice_reach(x.now), p.expires);
	put_list(ON_STICK, x.now, false);
	ck_assert_int_eq(would_open(0), E_OK);
	put_list(ON_STICK, x.now, true);
	ck_assert_int_eq(would_open(0), E_REVOKED);
}
END_TEST

/* ---- two at the same time --------------------------------------------------------------------------------------------------- */

/* One of two processes that are led. */
struct led {
	pid_t pid;
	int up, down;
	bool ended;
	int status;             /* then, its exit status */
};

static enum fake_fate
step_before_change(void *arg, enum fake_call call, unsigned number)
{
	(void)arg;
	(void)number;
	if (call >= FAKE_CLAIM && call <= FAKE_CLOSE)
		step();
	return FAKE_WORK;
}

/* Wait until it is at its next step, or has ended. */
static void
await(struct led *l)
{
	char word;
	int status;

	if (read(l->up, &word, 1) == 1)
		return;
	l->ended = true;
	ck_assert_int_eq(waitpid(l->pid, &status, 0), l->pid);
	l->status = WIFEXITED(status) ? WEXITSTATUS(status) : FAKE_CRASHED;
	close(l->up);
	close(l->down);
}

static void
lead(struct led *l, int i)
{
	int up[2], down[2];

	ck_assert(pipe2(up, O_CLOEXEC) == 0 && pipe2(down, O_CLOEXEC) == 0);
	station[i]->store->plan = step_before_change;
	if ((l->pid = fork()) == 0) {
		close(up[0]);
		close(down[1]);
		leash.led = true;
		leash.up = up[1];
		leash.down = down[0];
		use_code(i, false, false);
	}
	close(up[1]);
	close(down[0]);
	l->up = up[0];
	l->down = down[1];
	l->ended = false;
	await(l);
}

/* Go on for so many steps, or until it ends. */
static void
go(struct led *l, int steps)
{
	for (; steps > 0 && !l->ended; steps--) {
		ck_assert_int_eq(write(l->down, "g", 1), 1);
		await(l);
	}
}

static void
die(struct led *l)
{
	if (l->ended)
		return;
	kill(l->pid, SIGKILL);
	await(l);
}

#define TO_THE_END 1000

static void
lead_no_more(void)
{
	for (int i = 0; i < STATIONS; i++) {
		station[i]->store->plan = NULL;
		memset(station[i]->store->locks, 0, sizeof station[i]->store->locks);
	}
}

/* The tombstones are of one session: that of the station that opened. */
static void
assert_buried_by(int winner)
{
	struct snapshot s;
	struct stick_slot slot;

	keep(&s);
	fixture_slot(&x, &grant.g, 0, &slot);
	ck_assert(slot.a == RECORD_IS_SPENT && slot.b == RECORD_IS_SPENT);
	ck_assert_mem_eq(s.raw[0], s.raw[1], RECORD_SIZE);
	ck_assert_int_eq(row(winner), MEMORY_OPEN);
	ck_assert_mem_eq(s.raw[0] + 32, s.uses[winner].receipt, s.uses[winner].receipt_len);
}

/*
 * Station 0 does so many steps of its first use, then station 1 so many, then 0 comes to its end, or dies, and 1 comes to its own.
 * Say in *over whose steps they were all.
 */
static void
take_turns(int first, int second, bool killed, bool over[STATIONS])
{
	struct led a, b;
	int opened = 0;

	lead(&a, 0);
	go(&a, first);
	over[0] = a.ended;
	lead(&b, 1);
	go(&b, second);
	over[1] = b.ended;
	if (killed)
		die(&a);
	else
		go(&a, TO_THE_END);
	go(&b, TO_THE_END);
	lead_no_more();
	ck_assert_msg(a.status == E_OK || a.status == E_SPENT || a.status == E_STICK_BUSY || (killed && a.status == FAKE_CRASHED),
	    "after %d and %d steps: %d", first, second, a.status);
	ck_assert_msg(b.status == E_OK || b.status == E_SPENT || b.status == E_STICK_BUSY, "after %d and %d steps: %d", first,
	    second, b.status);
	ck_assert_msg(a.status != E_OK || b.status != E_OK, "after %d and %d steps: a second session", first, second);
	if (!killed)
		ck_assert_msg(a.status == E_OK || b.status == E_OK, "after %d and %d steps: nobody opened", first, second);
	for (int i = 0; i < STATIONS; i++)
		opened += opens(i) == E_OK ? 1 << i : 0;
	ck_assert_msg(opened == 1 || opened == 2, "after %d and %d steps: both go on, or none", first, second);
	if (a.status == E_OK || b.status == E_OK)
		ck_assert_int_eq(opened, a.status == E_OK ? 1 : 2);
	assert_buried_by(opened - 1);
}

/* hostile 71 */
START_TEST(two_stations_at_the_same_time)
{
	const int stride = suite_few() ? 4 : 1;
	bool over[STATIONS] = {false, false};
	int first, second, steps = 0, schedules = 0;
	struct snapshot start;

	if (_i >= 2) /* station 0 has claimed it already, and lost its power */
		ck_assert_int_eq(attempt(0, AFTER_S1, 0, false, false), FAKE_CRASHED);
	keep(&start);
	for (first = 0; !over[0]; first++) {
		over[1] = false;
		for (second = first % stride; !over[1]; second += stride, schedules++) {
			restore(&start);
			take_turns(first, second, _i % 2 == 1, over);
		}
		steps = second > steps ? second : steps;
	}
	printf("%d schedules of up to %d and %d steps\n", schedules, first, steps);
	ck_assert(first > 10 && steps > 10);
}
END_TEST

SUITE("crash", .setup = setup, .teardown = teardown, .timeout = 600)
{
	tcase_add_loop_test(t, cut_between_or_inside_the_steps_leaves_what_the_table_says, 0, ROWS);
	tcase_add_test(t, unflushed_write_is_all_or_nothing);
	tcase_add_test(t, who_opens_elsewhere_first_is_the_only_one);
	tcase_add_test(t, cut_and_then_a_copy_rots);
	tcase_add_test(t, no_second_session_and_no_lost_code_whatever_happens);
	tcase_add_loop_test(t, end_cut_anywhere, 0, 3);
	tcase_add_loop_test(t, who_has_a_list_needs_no_word_of_what_it_leaves_out, 0, PLACES);
	tcase_add_test(t, week_after_the_end_is_not_too_long);
	tcase_add_loop_test(t, two_stations_at_the_same_time, 0, 4);
}
