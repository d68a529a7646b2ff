/*
 * check_steps.c - what is done to a stick, in which order, and what is told when a step of it fails.
 *
 * Each operation of lib on a stick is here with all that it does, call by call; beside each what the operation says when that
 * call fails, with EIO or as named, and by "then" what it does about it to the medium. "-" is E_OK: it can do without. The order is
 * what a power cut and a worn stick meet, and the words are where somebody starts who looks for the cause: neither changes by
 * accident. Who means to change it has it printed by STEPS_PRINT=1, and reads the difference.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "accept.h"
#include "bundle.h"
#include "fake_memory.h"
#include "filestat.h"
#include "fixture.h"
#include "hold.h"
#include "keytree.h"
#include "mint.h"
#include "provision.h"
#include "refillfile.h"
#include "remove.h"
#include "secret.h"
#include "segment.h"
#include "steps.h"
#include "steps_expected.h"
#include "stickio.h"
#include "suite.h"
#include "unlock.h"

#define OUTCOME_SIZE 1024u
#define PRINT_WIDTH 112u

static struct fixture x;
static struct fixture_grant lecture;
static struct fake_memory *here;
static struct provision *p;
static struct stick *s;
static struct stick_grants grants;
static struct stick_slot slot;
static struct unlock *u;
static struct unlock_info info;
static struct bundle *b;
static struct hold *hold;
static struct accept refill;
static struct bytes notice, refill_file;
static uint8_t *notice_file, *refill_bytes, block[BLOCK_SIZE];
static struct fault fault;

/* ---- the stick, as it is before each operation ----------------------------------------------------------------------------- */

static void
remove_tree(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", x.path, name);
	ck_assert(remove_all(path) == 0 || errno == ENOENT);
}

static void copy_tree(int from_dir, const char *from, int to_dir, const char *to);

static void
copy_entry(int from_fd, const char *name, int to_fd)
{
	struct stat st;
	uint8_t *data = NULL;
	size_t n = 0;

	ck_assert_int_eq(filestat_at(from_fd, name, &st), 0);
	if (S_ISDIR(st.st_mode)) {
		copy_tree(from_fd, name, to_fd, name);
		return;
	}
	if (st.st_size > 1 << 16) { /* a segment, which nobody writes to */
		ck_assert_int_eq(linkat(from_fd, name, to_fd, name, 0), 0);
		return;
	}
	ck_assert_int_eq(stickio_slurp(from_fd, name, 1u << 24, &data, &n), 0);
	ck_assert_int_eq(stickio_create(to_fd, name, data, n, st.st_mode & 07777), 0);
	free(data);
}

static void
copy_tree(int from_dir, const char *from, int to_dir, const char *to)
{
	int from_fd = stickio_open_dir(from_dir, from), to_fd = stickio_mkdir(to_dir, to, 0755);
	struct dirent *e = NULL;
	DIR *list = NULL;

	ck_assert(from_fd != -1 && to_fd != -1);
	ck_assert_ptr_nonnull(list = fdopendir(from_fd));
	while ((e = readdir(list)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			copy_entry(from_fd, e->d_name, to_fd);
	closedir(list);
	close(to_fd);
}

/* Two codes more for the lecture, as its issuer sends them after the stick. */
static void
make_refill(void)
{
	struct grant more = {.issued = FIXTURE_NOW, .bundle_count = 1, .policy = fixture_policy(), .slots = 2, .refill = 1};
	uint8_t *stretched = secret_new(2 * KEY_SIZE), *ratchet = secret_new(KEY_SIZE), *sealed = NULL;
	struct minted m = {0};

	memcpy(more.stick_id, x.stick_id, ID_SIZE);
	memset(more.id, 0xff, ID_SIZE); /* behind the lecture's, which is drawn */
	memcpy(more.issuer, x.pk, KEY_SIZE);
	more.bundles[0] = lecture.g.bundles[0];
	ck_assert_int_eq(mint_stretch(&(struct mint_codes){x.seed, more.stick_id, more.id, 2}, stretched, 1, NULL, NULL), E_OK);
	ck_assert_int_eq(mint_grant(&more, &(struct mint_secrets){x.seed, stretched, x.ck, NULL}, &m, &fault), E_OK);
	keytree_ratchet(ratchet, x.seed, x.stick_id);
	keytree_ratchet_next(ratchet);
	ck_assert_ptr_nonnull(sealed = refillfile_seal(ratchet, &more, m.cells));
	ck_assert_ptr_nonnull(refill_bytes = refillfile_encode(&(struct refillfile){.notice = notice,
	    .grant = BYTES(m.file, m.file_n), .sealed = BYTES(sealed, refillfile_cells(&more) + TAG_SIZE)}, &refill_file.n));
	refill_file.p = refill_bytes;
	free(sealed);
	secret_free(&stretched);
	secret_free(&ratchet);
	grant_free(&more);
	free(m.file);
	free(m.cells);
}

/* A lecture, and a notice that revokes nothing, which is newer than the stick's, if that has one. */
static void
setup(void)
{
	size_t n = 0;

	if (access("/dev/shm", W_OK) == 0) /* thousands of sticks are made */
		setenv("TMPDIR", "/dev/shm", 1);
	fixture_open(&x);
	fixture_grant(&x, &lecture, fixture_policy(), 0, NULL);
	fixture_notice(&x, NULL, 0, 2);
	notice_file = fixture_get(&x, STICK_NOTICE, &n);
	notice = BYTES(notice_file, n);
	ck_assert_int_eq(unlinkat(x.dir_fd, "ONCE/" STICK_NOTICE, 0), 0);
	fixture_notice(&x, NULL, 0, 1);
	make_refill();
	ck_assert_int_eq(unlinkat(x.dir_fd, "ONCE/" STICK_PROBE, 0) == 0 || errno == ENOENT, 1);
	copy_tree(x.dir_fd, "ONCE", x.dir_fd, "kept");
}

static void
teardown(void)
{
	free(notice_file);
	free(refill_bytes);
	fixture_grant_free(&lecture);
	fixture_close(&x);
}

/* ---- operations ------------------------------------------------------------------------------------------------------------ */

static void
nothing(void)
{
}

static void
no_once(void)
{
	remove_tree("ONCE");
}

static void
begun(void)
{
	ck_assert_int_eq(provision_begin(&p, x.dir_fd, x.seed, x.pk, &fault), E_OK);
}

static void
begun_empty(void)
{
	no_once();
	begun();
}

static void
ready(void)
{
	begun();
	ck_assert_int_eq(provision_init(p, x.stick_id, x.seed, &fault), E_OK);
}

/* What a first prepare leaves that was cut short between the two copies of the record. */
static void
begun_half(void)
{
	begun_empty();
	ck_assert_int_eq(provision_init(p, x.stick_id, x.seed, &fault), E_OK);
	provision_end(&p);
	ck_assert_int_eq(unlinkat(x.dir_fd, "ONCE/" STICK_RECORD_B, 0), 0);
	begun();
}

static void
ready_with_debris(void)
{
	static const char *const dirs[] = {"g/00000000000000000000000000000000.tmp", "b/11111111111111111111111111111111",
	    "b/22222222222222222222222222222222"};
	char path[96];

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		snprintf(path, sizeof path, "ONCE/%s", dirs[i]);
		ck_assert_int_eq(mkdirat(x.dir_fd, path, 0755), 0);
	}
	fixture_put(&x, "g/00000000000000000000000000000000.tmp/lock.a", "a", 1);
	fixture_put(&x, "b/22222222222222222222222222222222/00000000.seg", "b", 1);
	ready();
}

static void
ready_with_room(void)
{
	ready();
	ck_assert_int_eq(provision_room(p, &fault), E_OK);
}

static enum err
by_begin(void)
{
	return provision_begin(&p, x.dir_fd, x.seed, x.pk, &fault);
}

static enum err
by_init(void)
{
	return provision_init(p, x.stick_id, x.seed, &fault);
}

static enum err
by_clean(void)
{
	return provision_clean(p, &fault);
}

static enum err
by_space(void)
{
	return provision_space(p, 1, &fault);
}

static enum err
by_bundle(void)
{
	const uint8_t id[ID_SIZE] = {1};
	int fd = -1;
	enum err err = provision_bundle_dir(p, id, &fd, &fault);

	if (fd != -1)
		close(fd);
	return err != E_OK ? err : provision_manifest(p, id, BYTES("manifest", 8), &fault);
}

static enum err
by_room(void)
{
	return provision_room(p, &fault);
}

static enum err
by_notice(void)
{
	return provision_notice(p, x.pk, notice, &fault);
}

static enum err
by_grant(void)
{
	uint8_t cells[FIXTURE_SLOTS * CELL_SIZE(1)] = {0};
	struct grant g = lecture.g;

	memset(g.id, 0x33, ID_SIZE);
	return provision_grant(p, &g, BYTES("grant", 5), BYTES(cells, sizeof cells), &fault);
}

static enum err
by_destroying(void)
{
	return provision_destroy_grants(p, &fault);
}

static enum err
by_removing_a_bundle(void)
{
	return provision_remove_bundle(p, x.bundle_id, &fault);
}

static enum err
by_removing_all(void)
{
	return provision_remove_once(p, &fault);
}

static void
opened(void)
{
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &fault), E_OK);
	ck_assert_int_eq(stick_load_grants(s, &grants, &fault), E_OK);
}

static void
damaged(void)
{
	fixture_put(&x, STICK_RECORD_A, "torn", 4);
	fixture_put(&x, STICK_RECORD_B, "torn", 4);
}

static enum err
by_opening_damaged(void)
{
	return stick_open_damaged(&s, x.dir_fd, &fault);
}

static enum err
by_reading_notice(void)
{
	struct notice n = {0};
	int r = stick_load_notice(s, x.pk, &n, NULL, NULL);

	notice_free(&n);
	return r == 1 ? E_OK : fault_set(&fault, E_FAIL, r == 0 ? 0 : errno, "notice", "%d", r);
}

static enum err
by_reading_slot(void)
{
	enum err err = stick_read_slot(s, &grants.grants[0], 1, true, &slot, &fault);

	return err != E_OK || slot.unread.err == E_OK ? err : fault_pass(&fault, &slot.unread);
}

static enum err
by_destroying_slot(void)
{
	return stick_destroy_slot(s, &grants.grants[0], 1, 1, slot.raw_a, &fault);
}

static enum err
by_probe(void)
{
	return stick_probe(s, &fault);
}

static void
probed(void)
{
	opened();
	ck_assert_int_eq(by_probe(), E_OK);
}

static enum err
by_holding(void)
{
	enum err err = hold_stick(&hold, s, &grants, &fault);

	return err == E_OK && !hold_readable(hold) ? fault_set(&fault, E_STICK_IO, errno, "hold", "stick") : err;
}

static enum err
by_opening_bundle(void)
{
	return bundle_open(&b, s->once_fd, x.bundle_id, x.manifest.hash, &fault);
}

static void
unlocked(void)
{
	opened();
	ck_assert_int_eq(by_opening_bundle(), E_OK);
	ck_assert_int_eq(bundle_unlock(b, x.ck), E_OK);
}

static enum err
by_reading_block(void)
{
	struct blockcrypt *c = blockcrypt_new(NULL);
	int r = bundle_read_block(b, c, 1, block);

	blockcrypt_free(&c);
	return r == 0 ? E_OK : fault_set(&fault, E_STICK_IO, -r, "block", "%d", errno);
}

static enum err
by_reattaching_bundle(void)
{
	return bundle_reattach(b, s->once_fd, &fault);
}

static enum err
by_looking(void)
{
	struct unlock_env env = {.clock = fixture_clock(&x)};

	here = here == NULL ? fake_memory_new() : here;
	env.memory = &here->memory;
	return unlock_look(&u, x.dir_fd, &env, &info, &fault);
}

static void
looked(void)
{
	ck_assert_int_eq(by_looking(), E_OK);
}

static enum err
by_trying(void)
{
	return unlock_try(u, lecture.codes[1], &info, &fault);
}

static void
tried(void)
{
	looked();
	ck_assert_int_eq(by_trying(), E_OK);
}

static enum err
by_spending(void)
{
	return unlock_spend(u, &info, &fault);
}

static void
spent(void)
{
	tried();
	ck_assert_int_eq(by_spending(), E_OK);
}

static void
spent_before(void)
{
	spent();
	unlock_free(&u);
	looked();
}

/* A spend that was cut short before the second copy was written. */
static void
half_spent(void)
{
	uint8_t *before = NULL;
	char name[64];
	size_t n = 0;

	fixture_lock_name(name, &lecture.g, 1);
	before = fixture_get(&x, name, &n);
	spent();
	unlock_free(&u);
	fixture_patch(&x, name, 0, before, n);
	free(before);
	tried();
}

static void
spent_elsewhere(void)
{
	spent();
	unlock_free(&u);
	fake_memory_free(&here);
	here = fake_memory_new();
	looked();
}

static enum err
by_checking(void)
{
	return unlock_check(u, &info, &fault);
}

static enum err
by_ending(void)
{
	return unlock_end(u, 60, &fault);
}

static enum err
by_reattaching(void)
{
	return unlock_reattach(u, x.dir_fd, &fault);
}

static void
spent_with_newer_notice(void)
{
	fixture_put(&x, STICK_NOTICE, notice.p, notice.n);
	spent_before();
	ck_assert_int_eq(by_trying(), E_OK);
	ck_assert_int_eq(by_spending(), E_OK);
	ck_assert_int_eq(unlinkat(x.dir_fd, "ONCE/" STICK_NOTICE, 0), 0);
}

static enum err
by_carrying(void)
{
	unlock_carry_notice(u);
	return E_OK;
}

static void
sent(void)
{
	ck_assert_int_eq(accept_open(&refill, refill_file, &fault), E_OK);
}

static enum err
by_fitting(void)
{
	return accept_fits(&refill, x.dir_fd, &fault);
}

static void
fitting(void)
{
	sent();
	ck_assert_int_eq(by_fitting(), E_OK);
}

static enum err
by_accepting(void)
{
	bool written = false;

	return accept_install(&refill, &written, &fault);
}

/* Cut short before the second copy of the stick's record. */
static void
fitting_half(void)
{
	uint8_t *before = NULL;
	size_t n = 0;

	before = fixture_get(&x, STICK_RECORD_B, &n);
	fitting();
	ck_assert_int_eq(by_accepting(), E_OK);
	accept_free(&refill);
	memset(&refill, 0, sizeof refill);
	fixture_put(&x, STICK_RECORD_B, before, n);
	free(before);
	fitting();
	ck_assert(refill.there);
}

/* A refill that was cut short before the stick moved on. */
static void
ready_with_pending(void)
{
	uint8_t *before[2] = {NULL, NULL};
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		before[i] = fixture_get(&x, i == 0 ? STICK_RECORD_A : STICK_RECORD_B, &n);
	fitting();
	ck_assert_int_eq(by_accepting(), E_OK);
	accept_free(&refill);
	memset(&refill, 0, sizeof refill);
	for (int i = 0; i < 2; i++) {
		fixture_put(&x, i == 0 ? STICK_RECORD_A : STICK_RECORD_B, before[i], n);
		free(before[i]);
	}
	ready();
}

static const struct operation {
	const char *name;
	void (*before)(void);
	enum err (*run)(void);
	int sys; /* what a call fails with */
} operations[] = {
    {"provision_begin, on an empty stick", no_once, by_begin, EIO},
    {"provision_begin", nothing, by_begin, EIO},
    {"provision_init, on an empty stick", begun_empty, by_init, EIO},
    {"provision_init, with one copy of the record", begun_half, by_init, EIO},
    {"provision_init", begun, by_init, EIO},
    {"provision_clean", ready_with_debris, by_clean, EIO},
    {"provision_space", ready, by_space, EIO},
    {"provision_bundle_dir, provision_manifest", ready, by_bundle, EIO},
    {"provision_room", ready, by_room, EIO},
    {"provision_notice", ready, by_notice, EIO},
    {"provision_grant", ready, by_grant, EIO},
    {"provision_destroy_grants", ready, by_destroying, EIO},
    {"provision_remove_bundle", ready, by_removing_a_bundle, EIO},
    {"provision_remove_once", ready, by_removing_all, EIO},
    {"stick_open_damaged", damaged, by_opening_damaged, EIO},
    {"stick_load_notice", opened, by_reading_notice, EIO},
    {"stick_read_slot", opened, by_reading_slot, EIO},
    {"stick_destroy_slot", opened, by_destroying_slot, EIO},
    {"stick_probe", opened, by_probe, EIO},
    {"hold_stick, hold_readable", opened, by_holding, EIO},
    {"bundle_open", opened, by_opening_bundle, EIO},
    {"bundle_read_block", unlocked, by_reading_block, EIO},
    {"bundle_reattach", unlocked, by_reattaching_bundle, EIO},
    {"unlock_look", nothing, by_looking, EIO},
    {"unlock_try", looked, by_trying, EIO},
    {"unlock_try, after a spend here", spent_before, by_trying, EIO},
    {"unlock_try, after a spend elsewhere", spent_elsewhere, by_trying, EIO},
    {"unlock_check", looked, by_checking, EIO},
    {"unlock_spend", tried, by_spending, EIO},
    {"unlock_spend, of one that was cut short", half_spent, by_spending, EIO},
    {"unlock_end", spent, by_ending, EIO},
    {"unlock_reattach", spent, by_reattaching, EIO},
    {"unlock_carry_notice", spent_with_newer_notice, by_carrying, EIO},
    {"provision_begin, ENOENT", nothing, by_begin, ENOENT},
    {"provision_begin, ENOTDIR", nothing, by_begin, ENOTDIR},
    {"provision_begin, EACCES", nothing, by_begin, EACCES},
    {"provision_init, on an empty stick, EROFS", begun_empty, by_init, EROFS},
    {"provision_clean, ENOENT", ready_with_debris, by_clean, ENOENT},
    {"provision_room, ENOSPC", ready, by_room, ENOSPC},
    {"provision_notice, ENOSPC", ready_with_room, by_notice, ENOSPC},
    {"provision_grant, EINVAL", ready, by_grant, EINVAL},
    {"provision_destroy_grants, ENOENT", ready, by_destroying, ENOENT},
    {"provision_remove_bundle, ENOENT", ready, by_removing_a_bundle, ENOENT},
    {"stick_load_notice, ENOENT", opened, by_reading_notice, ENOENT},
    {"stick_read_slot, EROFS", opened, by_reading_slot, EROFS},
    {"stick_read_slot, ENOENT", opened, by_reading_slot, ENOENT},
    {"stick_destroy_slot, EROFS", opened, by_destroying_slot, EROFS},
    {"stick_probe, EROFS", opened, by_probe, EROFS},
    {"stick_probe, EINVAL", probed, by_probe, EINVAL},
    {"hold_stick, EMFILE", opened, by_holding, EMFILE},
    {"bundle_open, ENOENT", opened, by_opening_bundle, ENOENT},
    {"bundle_open, EMFILE", opened, by_opening_bundle, EMFILE},
    {"unlock_look, EMFILE", nothing, by_looking, EMFILE},
    {"unlock_look, ENOENT", nothing, by_looking, ENOENT},
    {"unlock_spend, EROFS", tried, by_spending, EROFS},
    {"unlock_reattach, ENOENT", spent, by_reattaching, ENOENT},
    {"accept_fits", sent, by_fitting, EIO},
    {"accept_fits, ENOENT", sent, by_fitting, ENOENT},
    {"accept_install", fitting, by_accepting, EIO},
    {"accept_install, EROFS", fitting, by_accepting, EROFS},
    {"accept_install, of one that was cut short", fitting_half, by_accepting, EIO},
    {"provision_clean, with a refill that was cut short", ready_with_pending, by_clean, EIO},
};

/* ---- running them ---------------------------------------------------------------------------------------------------------- */

static void
let_go(void)
{
	accept_free(&refill);
	memset(&refill, 0, sizeof refill);
	unlock_free(&u);
	bundle_free(&b);
	hold_release(&hold);
	stick_grants_free(&grants);
	stick_close(&s);
	provision_end(&p);
	fake_memory_free(&here);
	memset(&fault, 0, sizeof fault);
}

/* An operation on the stick as it was kept, with call number fail failing. The steps are those of steps_end. */
static const struct step *
run(const struct operation *o, size_t fail, enum err *err, size_t *n)
{
	const struct step *steps = NULL;

	remove_tree("ONCE");
	copy_tree(x.dir_fd, "kept", x.dir_fd, "ONCE");
	o->before();
	memset(&fault, 0, sizeof fault);
	memset(&slot, 0, sizeof slot);
	steps_begin(x.path, fail, o->sys);
	*err = o->run();
	steps = steps_end(n);
	ck_assert_uint_lt(*n, STEPS_MAX);
	return steps;
}

/* What an operation said after a call failed with sys, and what it did to the medium then, which are n steps. */
static void
outcome(char out[OUTCOME_SIZE], int sys, enum err err, const struct step *steps, size_t n)
{
	FILE *to = fmemopen(out, OUTCOME_SIZE, "w");
	bool any = false;

	ck_assert_ptr_nonnull(to);
	if (err == E_OK)
		fputs("-", to);
	else
		fputs(err_name(err), to);
	if (err != E_OK && fault.err != E_OK) {
		if (fault.sys != sys)
			fprintf(to, " %d", fault.sys);
		steps_shorten(fault.object);
		fprintf(to, ", %s, %s", fault.step, fault.object);
	}
	for (size_t i = 0; err != E_OK && i < n; i++) {
		if (steps[i].changes)
			fprintf(to, "%s%s %s", any ? ", " : "; then ", steps[i].call, steps[i].path);
		any = any || steps[i].changes;
	}
	fputc('\0', to);
	fclose(to);
}

static bool
is_same(const struct step *one, const struct step *other)
{
	return strcmp(one->call, other->call) == 0 && strcmp(one->path, other->path) == 0;
}

/* Those of steps that end alike, on a line: the calls of one file after another, then how they end. */
static void
put_line(FILE *out, const struct step *steps, size_t n, const char *end)
{
	for (size_t i = 0, same = 1; i < n; i += same, same = 1) {
		while (i + same < n && is_same(&steps[i], &steps[i + same]))
			same++;
		fputs(steps[i].call, out);
		if (same > 1)
			fprintf(out, " x%zu", same);
		if (i + same == n || strcmp(steps[i].path, steps[i + same].path) != 0)
			fprintf(out, " %s", steps[i].path);
		fputs(i + same == n ? ": " : ", ", out);
	}
	fprintf(out, "%s\n", end);
}

static char *
all_steps(const struct operation *o)
{
	static struct step kept[STEPS_MAX];
	char end[OUTCOME_SIZE], before[OUTCOME_SIZE] = "";
	const struct step *steps = NULL;
	char *all = NULL;
	size_t size = 0, count = 0, n = 0, from = 0;
	enum err err = E_OK;
	FILE *out = open_memstream(&all, &size);

	ck_assert_ptr_nonnull(out);
	fprintf(out, "%s\n", o->name);
	steps = run(o, 0, &err, &count);
	ck_assert_msg(err == E_OK || err == E_SPENT, "%s: %s, %s %s", o->name, err_name(err), fault.step, fault.object);
	memcpy(kept, steps, count * sizeof *steps);
	let_go();
	for (size_t i = 0; i < count; i++) {
		steps = run(o, i + 1, &err, &n);
		ck_assert_msg(n > i && is_same(&steps[i], &kept[i]), "%s: not %s %s", o->name, kept[i].call, kept[i].path);
		outcome(end, o->sys, err, steps + i + 1, n - i - 1);
		let_go();
		if (i > from && strcmp(end, before) != 0) {
			put_line(out, kept + from, i - from, before);
			from = i;
		}
		memcpy(before, end, sizeof end);
	}
	if (count > from)
		put_line(out, kept + from, count - from, before);
	fclose(out);
	return all;
}

/* As a literal in steps_expected.h. */
static void
print(const char *text)
{
	for (const char *at = text; *at != '\0';) {
		const size_t line = strcspn(at, "\n");
		size_t n = line;

		while (n > PRINT_WIDTH)
			for (n = PRINT_WIDTH; at[n - 1] != ' ';)
				n--;
		printf("\t%s\"%.*s%s\"%s\n", at == text || at[-1] == '\n' ? "" : "    ", (int)n, at, n == line ? "\\n" : "",
		    at[line] != '\0' && at[line + 1] == '\0' && n == line ? "," : "");
		at += n + (n == line);
	}
	fflush(stdout);
}

START_TEST(each_step_is_made_and_its_failure_told)
{
	const char *want = (size_t)_i < sizeof steps_expected / sizeof *steps_expected ? steps_expected[_i] : "";
	char *got = all_steps(&operations[_i]);
	size_t same = 0, line = 0;

	if (getenv("STEPS_PRINT") != NULL)
		print(got);
	while (got[same] != '\0' && got[same] == want[same])
		line = got[same++] == '\n' ? same : line;
	ck_assert_msg(got[same] == want[same], "%s: not \"%.*s\" but \"%.*s\"", operations[_i].name,
	    (int)strcspn(want + line, "\n"), want + line, (int)strcspn(got + line, "\n"), got + line);
	free(got);
}
END_TEST

SUITE("steps", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_loop_test(t, each_step_is_made_and_its_failure_told, 0, (int)(sizeof operations / sizeof *operations));
}
