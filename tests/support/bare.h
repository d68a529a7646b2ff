/*
 * bare.h - directories that stand for sticks, and what an issuer puts on them.
 */
#ifndef BARE_H
#define BARE_H

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

#include "bytes.h"
#include "envelope.h"
#include "grant.h"
#include "keytree.h"
#include "notice.h"
#include "record.h"
#include "remove.h"
#include "stick.h"
#include "stickio.h"
#include "suite.h"

#define BARE_SLOTS 3u
#define BARE_CELL CELL_SIZE(1)

/* A directory that is no stick yet, on a file system that prepare would accept. */
struct bare {
	char path[256];
	int fd;
};

static inline void
bare_open_at(struct bare *x, const char *base)
{
	snprintf(x->path, sizeof x->path, "%s/oncestick-XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(x->path));
	x->fd = open(x->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(x->fd, -1);
}

static inline void
bare_open(struct bare *x)
{
	const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	char name[STICKIO_FS_NAME];
	int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	if (stickio_fs_of(fd, name) == STICKIO_FS_BAD)
		base = "/dev/shm";
	close(fd);
	bare_open_at(x, base);
}

static inline void
bare_close(struct bare *x)
{
	close(x->fd);
	ck_assert_int_eq(remove_all(x->path), 0);
}

/* Any path below the fixture, as a string that the next call overwrites. */
static inline const char *
bare_path(const struct bare *x, const char *below, char out[512])
{
	snprintf(out, 512, "%s/%s", x->path, below);
	return out;
}

/* Make (or replace) a file below the fixture. */
static inline void
put_file(const struct bare *x, const char *name, const void *data, size_t n)
{
	int fd = openat(x->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
	close(fd);
}

static inline void
put_dir(const struct bare *x, const char *name)
{
	ck_assert_int_eq(mkdirat(x->fd, name, 0777), 0);
}

static inline uint8_t *
get_file(const struct bare *x, const char *name, size_t *n)
{
	struct stat st;
	uint8_t *data = NULL;
	int fd = openat(x->fd, name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(read(fd, data, (size_t)st.st_size), st.st_size);
	*n = (size_t)st.st_size;
	close(fd);
	return data;
}

static inline bool
exists(const struct bare *x, const char *name)
{
	return faccessat(x->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void
hash_file(crypto_generichash_state *h, int dir_fd, const char *name)
{
	uint8_t buf[4096];
	ssize_t got = 0;
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	while ((got = read(fd, buf, sizeof buf)) > 0)
		crypto_generichash_update(h, buf, (size_t)got);
	close(fd);
}

/* Names, kinds, modes, times of change and contents of everything below a directory. */
static inline void
hash_dir(crypto_generichash_state *h, int dir_fd)
{
	struct dirent **list = NULL;
	int n = scandirat(dir_fd, ".", &list, NULL, alphasort);

	ck_assert_int_ge(n, 0);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		struct stat st;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			ck_assert_int_eq(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
			crypto_generichash_update(h, (const uint8_t *)name, strlen(name) + 1);
			crypto_generichash_update(h, (const uint8_t *)&st.st_mode, sizeof st.st_mode);
			crypto_generichash_update(h, (const uint8_t *)&st.st_mtim, sizeof st.st_mtim);
			if (S_ISREG(st.st_mode)) {
				hash_file(h, dir_fd, name);
			} else if (S_ISDIR(st.st_mode)) {
				int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

				ck_assert_int_ne(fd, -1);
				hash_dir(h, fd);
				close(fd);
			}
		}
		free(list[i]);
	}
	free(list);
}

static inline void
bare_hash(const struct bare *x, uint8_t out[32])
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, 32);
	hash_dir(&h, x->fd);
	crypto_generichash_final(&h, out, 32);
}

/* ---- issuers, known by one byte ---- */

static inline void
issuer_seed(uint8_t seed[KEY_SIZE], uint8_t who)
{
	memset(seed, who, KEY_SIZE);
}

static inline void
issuer_keys(uint8_t pk[KEY_SIZE], uint8_t sk[SIGN_SECRET_SIZE], uint8_t who)
{
	uint8_t seed[KEY_SIZE];

	issuer_seed(seed, who);
	keytree_sign(pk, sk, seed);
}

static inline void
fill_id(uint8_t id[ID_SIZE], uint8_t byte)
{
	memset(id, byte, ID_SIZE);
}

/* A grant of BARE_SLOTS slots over one bundle; change what the test is about, sign it, free it with grant_free. */
static inline void
plain_grant(struct grant *g, uint8_t who, uint8_t stick, uint8_t id, uint8_t bundle)
{
	uint8_t sk[SIGN_SECRET_SIZE];

	memset(g, 0, sizeof *g);
	issuer_keys(g->issuer, sk, who);
	fill_id(g->stick_id, stick);
	fill_id(g->id, id);
	g->issued = 1760000000;
	g->bundle_count = 1;
	fill_id(g->bundles[0].id, bundle);
	memset(g->bundles[0].manifest_hash, 0x11, HASH_SIZE);
	g->policy.not_before = 1760000000;
	g->policy.expires = 1790000000;
	g->policy.session_s = 14400;
	g->slots = BARE_SLOTS;
	g->locators = calloc(BARE_SLOTS, LOCATOR_SIZE);
	ck_assert_ptr_nonnull(g->locators);
	for (uint8_t i = 0; i < BARE_SLOTS; i++)
		memset(g->locators[i], i + 1, LOCATOR_SIZE);
}

static inline uint8_t *
sign_grant(struct grant *g, uint8_t who, size_t *n)
{
	uint8_t pk[KEY_SIZE], sk[SIGN_SECRET_SIZE];
	size_t payload_n = 0;
	uint8_t *payload = grant_encode(g, &payload_n), *file = NULL;

	ck_assert_ptr_nonnull(payload);
	issuer_keys(pk, sk, who);
	file = envelope_sign(ENVELOPE_GRANT, BYTES(payload, payload_n), sk, n);
	ck_assert_ptr_nonnull(file);
	free(payload);
	return file;
}

/* A notice of that number which revokes one slot of grant aa..aa. */
static inline uint8_t *
sign_notice(uint8_t who, uint32_t number, uint32_t slot, size_t *n)
{
	uint8_t sk[SIGN_SECRET_SIZE], grant_id[ID_SIZE];
	struct notice x = {.number = number, .time = 1760000000};
	size_t payload_n = 0;
	uint8_t *payload = NULL, *file = NULL;

	issuer_keys(x.issuer, sk, who);
	fill_id(grant_id, 0xaa);
	ck_assert_int_eq(notice_revoke(&x, grant_id, slot), 0);
	payload = notice_encode(&x, &payload_n);
	ck_assert_ptr_nonnull(payload);
	file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, payload_n), sk, n);
	ck_assert_ptr_nonnull(file);
	free(payload);
	notice_free(&x);
	return file;
}

/* ---- sticks without the code under test ---- */

static inline void
put_stick_record(const struct bare *x, const char *name, uint8_t stick, uint32_t n, uint8_t who)
{
	uint8_t raw[RECORD_SIZE], id[ID_SIZE], r[KEY_SIZE], seed[KEY_SIZE];

	fill_id(id, stick);
	issuer_seed(seed, who);
	keytree_ratchet(r, seed, id);
	for (uint32_t i = 0; i < n && i < 100; i++)
		keytree_ratchet_next(r);
	record_encode(raw, RECORD_STICK, id, n, BYTES(r, sizeof r));
	put_file(x, name, raw, sizeof raw);
}

/* ONCE with its directories and a stick record with n = 1. */
static inline void
put_once(const struct bare *x, uint8_t stick, uint8_t who)
{
	put_dir(x, "ONCE");
	put_dir(x, "ONCE/b");
	put_dir(x, "ONCE/g");
	put_stick_record(x, "ONCE/stick.a", stick, 1, who);
	put_stick_record(x, "ONCE/stick.b", stick, 1, who);
}

static inline void
live_record(uint8_t raw[RECORD_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot, uint8_t fill)
{
	uint8_t cell[BARE_CELL];

	memset(cell, fill, sizeof cell);
	record_encode(raw, RECORD_LIVE, grant_id, slot, BYTES(cell, sizeof cell));
}

static inline void
spent_record(uint8_t raw[RECORD_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot)
{
	uint8_t body[44 + MAC_SIZE];

	memset(body, 0x5e, sizeof body);
	record_encode(raw, RECORD_SPENT, grant_id, slot, BYTES(body, sizeof body));
}

/* The directory of a grant, named as told, with grant.cose and LIVE records of the grant's own id. */
static inline void
put_grant_as(const struct bare *x, struct grant *g, uint8_t who, const char *dir)
{
	static const char *const copies[] = {"lock.a", "lock.b"};
	uint8_t locks[BARE_SLOTS * RECORD_SIZE];
	char path[128];
	size_t n = 0;
	uint8_t *file = sign_grant(g, who, &n);

	snprintf(path, sizeof path, "ONCE/g/%s", dir);
	put_dir(x, path);
	snprintf(path, sizeof path, "ONCE/g/%s/grant.cose", dir);
	put_file(x, path, file, n);
	free(file);
	for (uint32_t i = 0; i < BARE_SLOTS; i++)
		live_record(locks + i * RECORD_SIZE, g->id, i, (uint8_t)(0x60 + i));
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "ONCE/g/%s/%s", dir, copies[i]);
		put_file(x, path, locks, sizeof locks);
	}
}

/* A path below ONCE/g/<id of one byte repeated>, as a string that lives in out. */
static inline const char *
grant_path(char out[128], uint8_t id, const char *below)
{
	uint8_t bytes[ID_SIZE];
	char hex[2 * ID_SIZE + 1];

	fill_id(bytes, id);
	bytes_to_hex(hex, bytes, ID_SIZE);
	snprintf(out, 128, "ONCE/g/%s%s", hex, below);
	return out;
}

static inline const char *
bundle_path(char out[128], uint8_t id, const char *below)
{
	uint8_t bytes[ID_SIZE];
	char hex[2 * ID_SIZE + 1];

	fill_id(bytes, id);
	bytes_to_hex(hex, bytes, ID_SIZE);
	snprintf(out, 128, "ONCE/b/%s%s", hex, below);
	return out;
}

static inline void
put_grant(const struct bare *x, uint8_t who, uint8_t stick, uint8_t id, uint8_t bundle)
{
	struct grant g;
	char path[128];

	plain_grant(&g, who, stick, id, bundle);
	grant_path(path, id, "");
	put_grant_as(x, &g, who, path + strlen("ONCE/g/"));
	grant_free(&g);
}

static inline void
put_bundle(const struct bare *x, uint8_t id, bool manifest)
{
	char path[128];

	put_dir(x, bundle_path(path, id, ""));
	put_file(x, bundle_path(path, id, "/00000000.seg"), "segment", 7);
	if (manifest)
		put_file(x, bundle_path(path, id, "/manifest.cose"), "manifest", 8);
}

/* Write access as somebody without rights: root gives them up for a while. */
static inline void
become_nobody(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
}

static inline void
become_again(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}

#endif
