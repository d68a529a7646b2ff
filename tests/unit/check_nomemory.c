/*
 * check_nomemory.c - want of memory, while what an issuer signed is read, is no damage.
 *
 * One call after another is made with request n for memory failing, for every n until none fails. Whatever failed, the call says
 * E_FAIL with ENOMEM, or what it says with all the memory there is.
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

#include "accept.h"
#include "books.h"
#include "bundle.h"
#include "envelope.h"
#include "fake_memory.h"
#include "faults.h"
#include "fixture.h"
#include "grant.h"
#include "issuer.h"
#include "keytree.h"
#include "manifest.h"
#include "notice.h"
#include "pack.h"
#include "provision.h"
#include "receipts.h"
#include "refillfile.h"
#include "stick.h"
#include "suite.h"
#include "unlock.h"

static struct fixture x;
static struct fixture_grant lecture;
static struct issuer office;
static struct stick *s;
static struct bytes manifest, grant, notice, receipts, refill;
static uint8_t *files[5];
static struct fake_memory *station;
static int once_fd;

static struct bytes
slurp(int i, const char *name)
{
	size_t n = 0;

	files[i] = fixture_get(&x, name, &n);
	return BYTES(files[i], n);
}

/* The newest on the stick, with a code that is dead and a bundle that is withdrawn. */
static void
put_notice(void)
{
	uint8_t dead[ID_SIZE] = {0xaa};
	struct notice n = {.number = 7, .time = FIXTURE_NOW, .withdrawn_count = 1};
	size_t payload_n = 0, len = 0;
	uint8_t *payload = NULL, *file = NULL;

	memcpy(n.issuer, x.pk, KEY_SIZE);
	n.withdrawn = calloc(1, ID_SIZE);
	ck_assert_ptr_nonnull(n.withdrawn);
	ck_assert_int_eq(notice_revoke(&n, dead, 1), 0);
	ck_assert_ptr_nonnull(payload = notice_encode(&n, &payload_n));
	ck_assert_ptr_nonnull(file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, payload_n), x.sk, &len));
	fixture_put(&x, "notice.cose", file, len);
	free(payload);
	free(file);
	notice_free(&n);
}

/* The lecture's codes once more, sent after the stick. */
static void
make_refill(void)
{
	struct grant g = lecture.g;
	uint8_t cells[FIXTURE_SLOTS * CELL_SIZE(1)] = {0}, r[KEY_SIZE], *payload = NULL, *file = NULL, *sealed = NULL;
	size_t payload_n = 0, file_n = 0;

	g.id[0] ^= 1;
	g.refill = 1;
	keytree_ratchet(r, x.seed, x.stick_id);
	keytree_ratchet_next(r);
	ck_assert_ptr_nonnull(payload = grant_encode(&g, &payload_n));
	ck_assert_ptr_nonnull(file = envelope_sign(ENVELOPE_GRANT, BYTES(payload, payload_n), x.sk, &file_n));
	ck_assert_ptr_nonnull(sealed = refillfile_seal(r, &g, cells));
	ck_assert_ptr_nonnull(files[4] = refillfile_encode(&(struct refillfile){BYTES(file, file_n),
	    BYTES(sealed, sizeof cells + TAG_SIZE), notice}, &refill.n));
	refill.p = files[4];
	free(payload);
	free(file);
	free(sealed);
}

static void
setup(void)
{
	const uint8_t body[MAC_SIZE + 40] = {0};
	const struct receipt_row row = {.body = BYTES(body, sizeof body)};
	char hex[2 * ID_SIZE + 1], name[128];
	struct fault f = {0};
	size_t n = 0;

	fixture_open(&x);
	fixture_grant(&x, &lecture, fixture_policy(), 0, NULL);
	put_notice();
	fixture_issuer(&x, &office);
	bytes_to_hex(hex, lecture.g.id, ID_SIZE);
	snprintf(name, sizeof name, "g/%s/grant.cose", hex);
	grant = slurp(0, name);
	bytes_to_hex(hex, x.bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "b/%s/manifest.cose", hex);
	manifest = slurp(1, name);
	notice = slurp(2, "notice.cose");
	ck_assert_ptr_nonnull(files[3] = receipts_encode(&row, 1, &n));
	receipts = BYTES(files[3], n);
	make_refill();
	station = fake_memory_new();
	ck_assert_int_eq(stick_open(&s, x.dir_fd, &f), E_OK);
	ck_assert_int_ne(once_fd = openat(x.dir_fd, "ONCE", O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1);
}

static void
teardown(void)
{
	fake_memory_free(&station);
	close(once_fd);
	stick_close(&s);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		free(files[i]);
	issuer_close(&office);
	fixture_grant_free(&lecture);
	fixture_close(&x);
}

/* ---- what is read ------------------------------------------------------------------------------------------------------------ */

/* What a parser says, as its callers have to say it. */
static enum err
opened(enum envelope_result r, struct fault *f)
{
	return r == ENVELOPE_OK ? E_OK : fault_set(f, r == ENVELOPE_NO_MEMORY ? E_FAIL : E_BUNDLE, ENOMEM, "open", "a signed file");
}

static enum err
parsed(int r, struct fault *f)
{
	return r >= 0 ? E_OK : fault_set(f, errno == ENOMEM ? E_FAIL : E_BUNDLE, errno, "parse", "a file");
}

static enum err
open_grant(struct fault *f)
{
	struct grant g = {0};
	enum err err = opened(grant_open(&g, grant), f);

	grant_free(&g);
	return err;
}

static enum err
open_manifest(struct fault *f)
{
	struct manifest m;

	return opened(manifest_open(&m, manifest), f);
}

static enum err
open_notice(struct fault *f)
{
	struct notice n = {0};
	enum err err = opened(notice_open(&n, notice), f);

	notice_free(&n);
	return err;
}

static enum err
parse_receipts(struct fault *f)
{
	struct receipt_row *rows = NULL;
	size_t count = 0;
	enum err err = parsed(receipts_parse(receipts, &rows, &count), f);

	free(rows);
	return err;
}

static enum err
open_stick(struct fault *f)
{
	struct stick *t = NULL;
	enum err err = stick_open(&t, x.dir_fd, f);

	stick_close(&t);
	return err;
}

static enum err
open_damaged(struct fault *f)
{
	struct stick *t = NULL;
	enum err err = stick_open_damaged(&t, x.dir_fd, f);

	stick_close(&t);
	return err;
}

static enum err
load_grants(struct fault *f)
{
	struct stick_grants all = {0};
	enum err err = stick_load_grants(s, &all, f);

	if (err == E_OK && all.count != 1)
		err = fault_set(f, E_NO_GRANT, 0, "count", "grants");
	stick_grants_free(&all);
	return err;
}

static enum err
load_notice(struct fault *f)
{
	struct notice n = {0};
	uint8_t *file = NULL;
	size_t len = 0;
	int r = stick_load_notice(s, x.pk, &n, &file, &len);
	enum err err = parsed(r == 0 ? (errno = EBADMSG, -1) : r, f);

	notice_free(&n);
	free(file);
	return err;
}

static enum err
store_notice(struct fault *f)
{
	return parsed(stick_store_notice(s, x.pk, notice.p, notice.n), f);
}

/* By another office, of which it has the seed of the ratchet. */
static enum err
begin_provision(struct fault *f)
{
	const uint8_t other[KEY_SIZE] = {9};
	struct provision *p = NULL;
	enum err err = provision_begin(&p, x.dir_fd, x.seed, other, f);

	provision_end(&p);
	return err;
}

/* What is started is ended: the stick is as it was. */
static enum err
go_on_provisioning(struct fault *f)
{
	struct provision *p = NULL;
	struct grant g = lecture.g;
	uint8_t cells[FIXTURE_SLOTS * CELL_SIZE(1)] = {0};
	static uint32_t number;
	enum err err;

	number++;
	memcpy(g.id, &number, sizeof number); /* one that could not be destroyed is still there */
	if ((err = provision_begin(&p, x.dir_fd, x.seed, x.pk, f)) == E_OK &&
	    (err = provision_init(p, x.stick_id, x.seed, f)) == E_OK && (err = provision_clean(p, f)) == E_OK &&
	    (err = provision_notice(p, x.pk, notice, f)) == E_OK &&
	    (err = provision_grant(p, &g, BYTES("grant", 5), BYTES(cells, sizeof cells), f)) == E_OK)
		err = provision_destroy_grant(p, &g, f);
	provision_end(&p);
	return err;
}

/* Nothing is installed: it fits each time. */
static enum err
fit_refill(struct fault *f)
{
	struct accept a = {0};
	enum err err = accept_open(&a, refill, f);

	if (err == E_OK)
		err = accept_fits(&a, x.dir_fd, f);
	accept_free(&a);
	return err;
}

static enum err
pack_again(struct fault *f)
{
	struct pack_target target = {.bundle_fd = -1};
	struct pack_job job = {.targets = &target, .count = 1, .ck = x.ck, .spool_dir = x.path, .threads = 1};
	struct pack_scan scan = {.skip_special = true};
	struct pack_source *src = NULL;
	uint64_t blocks = 0;
	uint8_t root[HASH_SIZE];
	int folder = openat(x.dir_fd, "source", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = E_OK;

	if (mkdirat(x.dir_fd, "packed", 0755) != 0 ||
	    (target.bundle_fd = openat(x.dir_fd, "packed", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		abort();
	if ((err = pack_scan_folder(&src, folder, &scan, f)) == E_OK)
		err = pack_write(src, &job, &blocks, root, f);
	if (err == E_OK && memcmp(root, x.manifest.root, HASH_SIZE) != 0)
		err = fault_set(f, E_BUNDLE, 0, "root", "not the same");
	pack_source_free(&src);
	if ((unlinkat(target.bundle_fd, "00000000.seg", 0) != 0 && err == E_OK) ||
	    unlinkat(x.dir_fd, "packed", AT_REMOVEDIR) != 0)
		abort();
	close(target.bundle_fd);
	close(folder);
	return err;
}

static int64_t
clock_of_test(void *arg)
{
	(void)arg;
	return FIXTURE_NOW;
}

static enum err
try_code(struct fault *f)
{
	const struct unlock_env env = {.memory = &station->memory, .clock = {.now = clock_of_test, .boot = clock_of_test}};
	struct unlock_info info;
	struct unlock *u = NULL;
	enum err err = unlock_look(&u, x.dir_fd, &env, &info, f);

	if (err == E_OK)
		err = unlock_try(u, lecture.codes[0], &info, f);
	unlock_free(&u);
	return err;
}

static enum err
open_bundle(struct fault *f)
{
	struct bundle *b = NULL;
	enum err err = bundle_open(&b, once_fd, x.bundle_id, NULL, f);

	bundle_free(&b);
	return err;
}

static enum err
book_manifest(struct fault *f)
{
	return books_bundle_manifest(office.books, x.bundle_id, manifest, f);
}

static const struct {
	const char *name;
	enum err (*run)(struct fault *f);
	enum err says;
} calls[] = {
	{"grant_open", open_grant, E_OK},
	{"manifest_open", open_manifest, E_OK},
	{"notice_open", open_notice, E_OK},
	{"receipts_parse", parse_receipts, E_OK},
	{"stick_open", open_stick, E_OK},
	{"stick_open_damaged", open_damaged, E_OK},
	{"stick_load_grants", load_grants, E_OK},
	{"stick_load_notice", load_notice, E_OK},
	{"stick_store_notice", store_notice, E_OK},
	{"provision_begin", begin_provision, E_ISSUER},
	{"provision_grant", go_on_provisioning, E_OK},
	{"accept_fits", fit_refill, E_OK},
	{"pack_write", pack_again, E_OK},
	{"unlock_try", try_code, E_OK},
	{"bundle_open", open_bundle, E_OK},
	{"books_bundle_manifest", book_manifest, E_OK},
};

#define CALLS ((int)(sizeof calls / sizeof *calls))

START_TEST(what_cannot_be_read_for_want_of_memory_is_not_called_damaged)
{
	const enum err says = calls[_i].says;
	enum err err = E_FAIL;
	unsigned n = 0, told = 0;

	for (n = 1; n < 10000; n += 1 + n / 100) { /* where there are many, not each */
		struct fault f = {0};

		faults_arm(FAULTS_MEMORY, n);
		err = calls[_i].run(&f);
		faults_disarm();
		if (!faults_hit())
			break;
		/* EAGAIN is what pthread_create(3) makes of it. */
		ck_assert_msg(err == says || (err == E_FAIL && (f.sys == ENOMEM || f.sys == EAGAIN)),
		    "%s: %s, %s: %s, errno %d, at request %u",
		    calls[_i].name, err_name(err), f.step, f.object, f.sys, n);
		ck_assert_msg(err == says || (f.err == err && f.step[0] != '\0'), "%s: no step", calls[_i].name);
		told += err == E_FAIL;
	}
	ck_assert_msg(err == says && told > 0, "%s: %s, %u times E_FAIL", calls[_i].name, err_name(err), told);
}
END_TEST

/* ---- the test runner ---------------------------------------------------------------------------------------------------- */

SUITE("nomemory", .setup = setup, .teardown = teardown, .timeout = 60)
{
	tcase_add_loop_test(t, what_cannot_be_read_for_want_of_memory_is_not_called_damaged, 0, CALLS);
}
