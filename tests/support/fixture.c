#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "blockcrypt.h"
#include "books.h"
#include "books_report.h"
#include "issuer.h"
#include "keytree.h"
#include "mint.h"
#include "pack.h"
#include "provision.h"
#include "secret.h"
#include "stickio.h"
#include "tree.h"

static void
write_file(const char *dir, const char *name, const void *data, size_t n)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	ck_assert_uint_eq(fwrite(data, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

/* A source folder of two files, one of them longer than a block. */
static int
make_source(const struct fixture *x)
{
	char dir[96];
	uint8_t *film = malloc(200000);

	snprintf(dir, sizeof dir, "%s/source", x->path);
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	for (size_t i = 0; i < 200000; i++)
		film[i] = (uint8_t)(i * 7 >> 3);
	write_file(dir, "a.txt", "hello\n", 6);
	write_file(dir, "film.bin", film, 200000);
	free(film);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
write_manifest(struct fixture *x, struct provision *p)
{
	struct fault f = {0};
	uint8_t *payload, *file;
	size_t n, len;

	ck_assert_ptr_nonnull(payload = manifest_encode(&x->manifest, &n));
	ck_assert_ptr_nonnull(file = envelope_sign(ENVELOPE_MANIFEST, BYTES(payload, n), x->sk, &len));
	ck_assert_int_eq(provision_manifest(p, x->bundle_id, BYTES(file, len), &f), E_OK);
	free(payload);
	free(file);
}

static void
write_bundle(struct fixture *x, struct provision *p)
{
	struct pack_scan scan = {0};
	struct pack_target target = {.bundle_fd = -1};
	struct pack_job job = {.targets = &target, .count = 1, .ck = x->ck, .spool_dir = x->path, .threads = 1};
	struct pack_source *src = NULL;
	struct fault f = {0};
	int source = make_source(x);

	ck_assert_int_eq(pack_scan_folder(&src, source, &scan, &f), E_OK);
	ck_assert_int_eq(provision_bundle_dir(p, x->bundle_id, &target.bundle_fd, &f), E_OK);
	ck_assert_int_eq(pack_write(src, &job, &x->manifest.blocks, x->manifest.root, &f), E_OK);
	pack_source_free(&src);
	close(target.bundle_fd);
	close(source);
	memcpy(x->manifest.issuer, x->pk, KEY_SIZE);
	memcpy(x->manifest.bundle_id, x->bundle_id, ID_SIZE);
	keytree_commit(x->manifest.commit, x->ck, x->bundle_id);
	x->manifest.created = FIXTURE_NOW - 86400;
	strcpy(x->manifest.label, "Lecture");
	write_manifest(x, p);
}

static struct provision *
begin(struct fixture *x)
{
	struct provision *p = NULL;
	struct fault f = {0};

	ck_assert_int_eq(provision_begin(&p, x->dir_fd, x->seed, x->pk, &f), E_OK);
	ck_assert_int_eq(provision_init(p, x->stick_id, x->seed, &f), E_OK);
	return p;
}

void
fixture_open(struct fixture *x)
{
	struct provision *p;

	memset(x, 0, sizeof *x);
	x->now = FIXTURE_NOW;
	x->boot = 1000;
	x->issued = FIXTURE_NOW - 86400;
	x->label = "Lecture";
	x->contact = "+49 30 1234";
	snprintf(x->path, sizeof x->path, "%s/once-fixture.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(x->path));
	ck_assert_int_ge(x->dir_fd = open(x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	randombytes_buf(x->seed, sizeof x->seed);
	randombytes_buf(x->stick_id, sizeof x->stick_id);
	randombytes_buf(x->bundle_id, sizeof x->bundle_id);
	keytree_sign(x->pk, x->sk, x->seed);
	keytree_content(x->ck, x->seed, x->bundle_id);
	p = begin(x);
	write_bundle(x, p);
	provision_end(&p);
}

void
fixture_close(struct fixture *x)
{
	char command[128];

	close(x->dir_fd);
	snprintf(command, sizeof command, "rm -rf '%s'", x->path);
	ck_assert_int_eq(system(command), 0);
}

struct policy
fixture_policy(void)
{
	return (struct policy){.not_before = FIXTURE_NOW - 3600, .expires = FIXTURE_NOW + 86400, .session_s = 4 * 3600};
}

void
fixture_grant(struct fixture *x, struct fixture_grant *out, struct policy policy, uint32_t notice_min, const uint8_t *usb)
{
	struct grant *g = &out->g;
	struct provision *p = begin(x);
	uint8_t *a = secret_new(FIXTURE_SLOTS * KEY_SIZE);
	struct minted m = {0};
	struct fault f = {0};

	memset(out, 0, sizeof *out);
	memcpy(g->issuer, x->pk, KEY_SIZE);
	memcpy(g->stick_id, x->stick_id, ID_SIZE);
	randombytes_buf(g->id, ID_SIZE);
	g->issued = x->issued;
	g->bundle_count = 1;
	memcpy(g->bundles[0].id, x->bundle_id, ID_SIZE);
	memcpy(g->bundles[0].manifest_hash, x->manifest.hash, HASH_SIZE);
	g->policy = policy;
	g->slots = FIXTURE_SLOTS;
	g->notice_min = notice_min;
	snprintf(g->label, sizeof g->label, "%s", x->label);
	snprintf(g->contact, sizeof g->contact, "%s", x->contact);
	ck_assert_int_eq(mint_stretch(&(struct mint_codes){x->seed, x->stick_id, g->id, FIXTURE_SLOTS}, a, 2, NULL, NULL), E_OK);
	ck_assert_int_eq(mint_grant(g, &(struct mint_secrets){x->seed, a, x->ck, usb}, &m, &f), E_OK);
	ck_assert_int_eq(provision_grant(p, g, BYTES(m.file, m.file_n), BYTES(m.cells, FIXTURE_SLOTS * CELL_SIZE(1)), &f), E_OK);
	for (uint32_t i = 0; i < FIXTURE_SLOTS; i++)
		mint_code(out->codes[i], x->seed, g->id, i);
	provision_end(&p);
	secret_free(&a);
	free(m.file);
	free(m.cells);
}

void
fixture_grant_free(struct fixture_grant *g)
{
	grant_free(&g->g);
}

void
fixture_notice(struct fixture *x, const uint8_t *grant_id, uint32_t slot, uint32_t number)
{
	struct notice notice = {.number = number, .time = FIXTURE_NOW - 600};
	struct provision *p = begin(x);
	struct fault f = {0};
	uint8_t *payload, *file;
	size_t n, len;

	memcpy(notice.issuer, x->pk, KEY_SIZE);
	if (grant_id != NULL)
		ck_assert_int_eq(notice_revoke(&notice, grant_id, slot), 0);
	ck_assert_ptr_nonnull(payload = notice_encode(&notice, &n));
	ck_assert_ptr_nonnull(file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, n), x->sk, &len));
	ck_assert_int_eq(provision_notice(p, x->pk, BYTES(file, len), &f), E_OK);
	free(payload);
	free(file);
	notice_free(&notice);
	provision_end(&p);
}

void
fixture_manifest(struct fixture *x, struct manifest *m)
{
	struct provision *p = begin(x);
	char hex[2 * ID_SIZE + 1], name[128];

	bytes_to_hex(hex, x->bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "%s/ONCE/b/%s/manifest.cose", x->path, hex);
	ck_assert_int_eq(unlink(name), 0);
	x->manifest = *m;
	write_manifest(x, p);
	provision_end(&p);
}

struct stream {
	int fd;
	uint64_t at;
};

static int
append_block(void *arg, const uint8_t block[BLOCK_SIZE])
{
	struct stream *s = arg;

	ck_assert_int_eq(stickio_write_full(s->fd, block, BLOCK_SIZE, s->at++ * BLOCK_SIZE), 0);
	return 0;
}

void
fixture_image(struct fixture *x, const uint8_t *image, uint64_t blocks)
{
	struct blockcrypt *crypt = blockcrypt_new(NULL);
	struct tree_builder *tree = tree_builder_new(x->path);
	struct manifest m = x->manifest;
	struct stream s = {-1, 0};
	char hex[2 * ID_SIZE + 1], name[128];
	uint8_t hash[HASH_SIZE], *block = malloc(BLOCK_SIZE);

	ck_assert(crypt != NULL && tree != NULL && block != NULL && blocks < SEGMENT_BLOCKS - TREE_FANOUT);
	bytes_to_hex(hex, x->bundle_id, ID_SIZE);
	snprintf(name, sizeof name, "%s/ONCE/b/%s/00000000.seg", x->path, hex);
	ck_assert_int_ge(s.fd = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC), 0);
	for (uint64_t i = 0; i < blocks; i++) {
		memcpy(block, image + i * BLOCK_SIZE, BLOCK_SIZE);
		ck_assert_int_eq(blockcrypt_crypt(crypt, block, x->ck, i), 0);
		ck_assert_int_eq(blockcrypt_hash(crypt, hash, 0, i, block), 0);
		ck_assert_int_eq(tree_builder_add(tree, hash), 0);
		append_block(&s, block);
	}
	ck_assert_int_eq(tree_builder_finish(tree, crypt, append_block, &s, m.root), 0);
	close(s.fd);
	m.blocks = blocks;
	fixture_manifest(x, &m);
	tree_builder_free(&tree);
	blockcrypt_free(&crypt);
	free(block);
}

static int64_t
clock_now(void *arg)
{
	return ((const struct fixture *)arg)->now;
}

static int64_t
clock_boot(void *arg)
{
	return ((const struct fixture *)arg)->boot;
}

static struct clock_boot
clock_witness_of(void *arg)
{
	const struct fixture *x = arg;
	struct clock_boot b = {.s = x->boot};

	memset(b.id, x->start, sizeof b.id);
	return b;
}

struct clock_source
fixture_clock(struct fixture *x)
{
	return (struct clock_source){clock_now, clock_boot, x, clock_witness_of};
}

void
fixture_slot(struct fixture *x, const struct grant *g, uint32_t slot, struct stick_slot *out)
{
	struct stick *s = NULL;
	struct fault f = {0};

	ck_assert_int_eq(stick_open(&s, x->dir_fd, &f), E_OK);
	ck_assert_int_eq(stick_read_slot(s, g, slot, false, out, &f), E_OK);
	stick_close(&s);
}

void
fixture_patch(struct fixture *x, const char *name, uint64_t off, const void *data, size_t n)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/ONCE/%s", x->path, name);
	ck_assert_int_ge(fd = open(path, O_RDWR | O_CLOEXEC), 0);
	ck_assert_int_eq(stickio_write_full(fd, data, n, off), 0);
	close(fd);
}

void
fixture_damage(struct fixture *x, const struct grant *g, uint32_t slot)
{
	uint8_t raw[RECORD_SIZE];
	char name[64];

	memset(raw, 0x77, sizeof raw);
	for (int copy = 0; copy < 2; copy++) {
		fixture_lock_name(name, g, copy);
		fixture_patch(x, name, (uint64_t)slot * RECORD_SIZE, raw, sizeof raw);
	}
}

void
fixture_put(struct fixture *x, const char *name, const void *data, size_t n)
{
	char path[256];

	snprintf(path, sizeof path, "%s/ONCE/%s", x->path, name);
	(void)unlink(path);
	write_file(x->path, path + strlen(x->path) + 1, data, n);
}

uint8_t *
fixture_get(struct fixture *x, const char *name, size_t *n)
{
	char path[256];
	uint8_t *data = NULL;

	snprintf(path, sizeof path, "%s/ONCE/%s", x->path, name);
	ck_assert_int_eq(stickio_slurp(AT_FDCWD, path, 1 << 24, &data, n), 0);
	return data;
}

void
fixture_lock_name(char out[64], const struct grant *g, int copy)
{
	char hex[2 * ID_SIZE + 1];

	bytes_to_hex(hex, g->id, ID_SIZE);
	snprintf(out, 64, "g/%s/%s", hex, copy == 0 ? STICK_LOCK_A : STICK_LOCK_B);
}

static void
digest_file(crypto_generichash_state *h, int dir_fd, const char *name)
{
	uint8_t buf[65536];
	ssize_t got;
	int fd;

	ck_assert_int_ge(fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC), 0);
	while ((got = read(fd, buf, sizeof buf)) > 0)
		crypto_generichash_update(h, buf, (size_t)got);
	ck_assert_int_eq(got, 0);
	close(fd);
}

static void
digest_dir(crypto_generichash_state *h, int dir_fd)
{
	struct dirent **list = NULL;
	int n, fd;

	ck_assert_int_ge(n = scandirat(dir_fd, ".", &list, NULL, alphasort), 0);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		struct stat st;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, STICK_PROBE) != 0) {
			ck_assert_int_eq(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
			crypto_generichash_update(h, (const uint8_t *)name, strlen(name) + 1);
			crypto_generichash_update(h, (const uint8_t *)&st.st_mode, sizeof st.st_mode);
			crypto_generichash_update(h, (const uint8_t *)&st.st_size, sizeof st.st_size);
			if (S_ISDIR(st.st_mode)) {
				ck_assert_int_ge(fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
				digest_dir(h, fd);
				close(fd);
			} else if (S_ISREG(st.st_mode) && st.st_size < INT64_C(1) << 30) {
				digest_file(h, dir_fd, name);
			}
		}
		free(list[i]);
	}
	free(list);
}

void
fixture_digest(struct fixture *x, uint8_t out[HASH_SIZE])
{
	crypto_generichash_state h;
	int fd;

	crypto_generichash_init(&h, NULL, 0, HASH_SIZE);
	ck_assert_int_ge(fd = openat(x->dir_fd, STICK_ONCE, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	digest_dir(&h, fd);
	close(fd);
	crypto_generichash_final(&h, out, HASH_SIZE);
}

void
fixture_issuer(struct fixture *x, struct issuer *i)
{
	struct fault f = {0};

	memset(i, 0, sizeof *i);
	snprintf(i->dir, sizeof i->dir, "%s/office", x->path);
	ck_assert_int_eq(books_open(&i->books, i->dir, true, &f), E_OK);
	ck_assert_int_ge(i->dir_fd = open(i->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	memcpy(i->pk, x->pk, KEY_SIZE);
	i->now = x->now;
	ck_assert_ptr_nonnull(i->seed = secret_new(KEY_SIZE));
	ck_assert_ptr_nonnull(i->sk = secret_new(SIGN_SECRET_SIZE));
	memcpy(i->seed, x->seed, KEY_SIZE);
	memcpy(i->sk, x->sk, SIGN_SECRET_SIZE);
}

void
fixture_book(struct issuer *i, struct grant *g)
{
	struct fault f = {0};
	size_t n = 0;
	uint8_t *payload = grant_encode(g, &n);

	ck_assert_ptr_nonnull(payload);
	ck_assert_int_eq(
	    books_add_grant(i->books, &(struct books_new){g, BYTES(payload, n), BOOKS_READY, i->now, "test"}, &f), E_OK);
	free(payload);
}

void
fixture_hand_out(struct issuer *i, const struct grant *g, uint32_t n, const char *holder, int64_t at)
{
	struct books_slot *list = NULL;
	struct fault f = {0};
	uint32_t have = 0;

	ck_assert_int_eq(books_take(i->books, &(struct books_take){g->id, n, holder, at}, &list, &have, &f), E_OK);
	free(list);
}

void
fixture_change(struct issuer *i, const struct grant *g, uint32_t slot, enum books_slot_state state, int64_t at)
{
	struct books_change c = {.grant_id = g->id, .slot = slot, .state = state, .now = at, .verb = "test"};
	struct fault f = {0};

	ck_assert_int_eq(books_set_state(i->books, &c, &f), E_OK);
}

const struct books_slot *
fixture_booked(struct issuer *i, const struct grant *g, uint32_t slot)
{
	static struct books_numbered n;
	struct fault f = {0};

	ck_assert_int_eq(books_slot_numbered(i->books, g->stick_id, slot + 1, &n, &f), E_OK);
	ck_assert(n.found);
	return &n.slot;
}

static enum err
add_up(void *arg, const struct books_report_deed *d, struct fault *f)
{
	(void)f;
	*(uint64_t *)arg += d->times;
	return E_OK;
}

uint64_t
fixture_logged(struct issuer *i, const char *holder)
{
	const struct books_report_span span = {.to = INT64_MAX, .holder = holder};
	struct fault f = {0};
	uint64_t times = 0;

	ck_assert_int_eq(books_report_deeds(i->books, &span, add_up, &times, &f), E_OK);
	return times;
}

void
fixture_refused(struct fault *f, enum err e, enum err err, enum why why)
{
	ck_assert_int_eq(e, err);
	ck_assert_int_eq(f->why, why);
	fault_clear(f);
}
