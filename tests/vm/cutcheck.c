/*
 * cutcheck.c - what the program's own code makes of a stick: cutcheck DIR [ISSUER [REFILL]], where DIR is the directory that holds
 * ONCE, ISSUER a public key in hexadecimal, needed to see notices while there is no grant, and REFILL a file. One fact a line:
 *
 *   stick NAME [ID N]                         E_OK or why there is none
 *   grants NAME COUNT SKIPPED FOREIGN         of stick_load_grants
 *   grant ID BUNDLE NOTICE_MIN NAME           the last: E_OK if every block of the bundle verifies
 *   slot ID NUMBER A B MERGED                 LIVE, SPENT or DAMAGED; SHORT after MERGED if a lock file is not whole
 *   issuer KEY
 *   notice NUMBER [ID/SLOT ...]               the newest that verifies, with every slot it revokes
 *   refill NAME                               E_OK if it could be accepted now
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "accept.h"
#include "bundle.h"
#include "bytes.h"
#include "notice.h"
#include "refillfile.h"
#include "stick.h"

static const char *const states[] = {
    [RECORD_IS_LIVE] = "LIVE",
    [RECORD_IS_SPENT] = "SPENT",
    [RECORD_IS_DAMAGED] = "DAMAGED",
};

static const char *
hex(char out[2 * KEY_SIZE + 1], const uint8_t *p, size_t n)
{
	bytes_to_hex(out, p, n);
	return out;
}

static enum err
check_bundle(const struct stick *s, const struct grant_bundle *want)
{
	struct bundle_check check = {.threads = 1};
	struct bundle *b = NULL;
	enum err err = bundle_open(&b, s->once_fd, want->id, want->manifest_hash, NULL);

	if (err == E_OK)
		err = bundle_verify(b, &check, NULL);
	bundle_free(&b);
	return err;
}

static void
print_slots(const struct stick *s, const struct grant *g)
{
	char id[2 * KEY_SIZE + 1];
	struct stick_slot slot;

	for (uint32_t i = 0; i < g->slots; i++) {
		(void)stick_read_slot(s, g, i, false, &slot, NULL);
		printf("slot %s %u %s %s %s%s\n", hex(id, g->id, ID_SIZE), (unsigned)i, states[slot.a], states[slot.b],
		    states[slot.merged], slot.whole ? "" : " SHORT");
	}
}

static void
print_grants(const struct stick *s, uint8_t issuer[KEY_SIZE])
{
	char id[2 * KEY_SIZE + 1], bundle[2 * KEY_SIZE + 1];
	struct stick_grants grants;
	enum err err = stick_load_grants(s, &grants, NULL);

	printf("grants %s %zu %u %u\n", err_name(err), grants.count, grants.skipped, grants.foreign);
	for (size_t i = 0; i < grants.count; i++) {
		const struct grant *g = &grants.grants[i];

		printf("grant %s %s %u %s\n", hex(id, g->id, ID_SIZE), hex(bundle, g->bundles[0].id, ID_SIZE),
		    (unsigned)g->notice_min, err_name(check_bundle(s, &g->bundles[0])));
		print_slots(s, g);
		memcpy(issuer, g->issuer, KEY_SIZE);
	}
	stick_grants_free(&grants);
}

static void
print_notice(const struct stick *s, const uint8_t issuer[KEY_SIZE])
{
	char id[2 * KEY_SIZE + 1];
	struct notice n;

	if (stick_load_notice(s, issuer, &n, NULL, NULL) != 1)
		return;
	printf("notice %u", (unsigned)n.number);
	for (size_t i = 0; i < n.grant_count; i++) {
		for (uint32_t slot = 0; slot < GRANT_SLOTS_MAX; slot++) {
			if (notice_revoked(&n, n.grants[i].grant_id, slot))
				printf(" %s/%u", hex(id, n.grants[i].grant_id, ID_SIZE), (unsigned)slot);
		}
	}
	printf("\n");
	notice_free(&n);
}

/* fd: DIR. */
static void
print_refill(int fd, const char *name)
{
	struct accept a = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	enum err err = E_USAGE;

	if (stickio_slurp(AT_FDCWD, name, REFILLFILE_MAX, &file, &n) == 0 && (err = accept_open(&a, BYTES(file, n), NULL)) == E_OK)
		err = accept_fits(&a, fd, NULL);
	printf("refill %s\n", err_name(err));
	accept_free(&a);
	free(file);
}

int
main(int argc, char **argv)
{
	uint8_t issuer[KEY_SIZE] = {0};
	char text[2 * KEY_SIZE + 1];
	struct stick *s = NULL;
	int fd = -1;
	enum err err;

	if (argc < 2 || argc > 4 || sodium_init() < 0 || (fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    (argc >= 3 && sodium_hex2bin(issuer, KEY_SIZE, argv[2], strlen(argv[2]), NULL, NULL, NULL) != 0)) {
		fprintf(stderr, "usage: cutcheck DIR [ISSUER [REFILL]]\n");
		return 2;
	}
	if (argc == 4)
		print_refill(fd, argv[3]);
	err = stick_open(&s, fd, NULL);
	close(fd);
	if (err != E_OK) {
		printf("stick %s\n", err_name(err));
		return 0;
	}
	printf("stick E_OK %s %u\n", hex(text, s->id, ID_SIZE), (unsigned)s->n);
	print_grants(s, issuer);
	if (!sodium_is_zero(issuer, KEY_SIZE)) {
		printf("issuer %s\n", hex(text, issuer, KEY_SIZE));
		print_notice(s, issuer);
	}
	stick_close(&s);
	return 0;
}
