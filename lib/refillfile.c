#include "refillfile.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "dcbor.h"
#include "envelope.h"
#include "keytree.h"
#include "seal.h"

#define PARTS 4
#define VERSION 1
#define SEALED_MAX (GRANT_SLOTS_MAX * CELL_SIZE(GRANT_BUNDLES_MAX) + TAG_SIZE)

bool
refillfile_guess(struct bytes file)
{
	return file.n > 2 && file.p[0] == 0x84 && file.p[1] == VERSION;
}

uint8_t *
refillfile_encode(const struct refillfile *r, size_t *n)
{
	struct dcbor_out o = {0};

	dcbor_put_array(&o, PARTS);
	dcbor_put_uint(&o, VERSION);
	dcbor_put_bytes(&o, r->grant.p, r->grant.n);
	dcbor_put_bytes(&o, r->sealed.p, r->sealed.n);
	dcbor_put_bytes(&o, r->notice.n > 0 ? r->notice.p : (const uint8_t *)"", r->notice.n);
	return dcbor_take(&o, n);
}

int
refillfile_parse(struct refillfile *r, struct bytes file)
{
	struct dcbor_in in = dcbor_in(file);
	uint64_t parts = 0, version = 0;

	memset(r, 0, sizeof *r);
	if (file.n <= REFILLFILE_MAX && dcbor_get_array(&in, PARTS, PARTS, &parts) &&
	    dcbor_get_uint(&in, VERSION, VERSION, &version) &&
	    dcbor_get_bytes(&in, 1, envelope_limit(ENVELOPE_GRANT), &r->grant) &&
	    dcbor_get_bytes(&in, TAG_SIZE, SEALED_MAX, &r->sealed) &&
	    dcbor_get_bytes(&in, 0, envelope_limit(ENVELOPE_NOTICE), &r->notice) && dcbor_end(&in))
		return 0;
	memset(r, 0, sizeof *r);
	return -1;
}

size_t
refillfile_cells(const struct grant *g)
{
	return (size_t)g->slots * CELL_SIZE(g->bundle_count);
}

uint8_t *
refillfile_seal(const uint8_t ratchet[KEY_SIZE], const struct grant *g, const uint8_t *cells)
{
	uint8_t *sealed = malloc(refillfile_cells(g) + TAG_SIZE), key[KEY_SIZE];

	if (sealed == NULL)
		return NULL;
	keytree_refill(key, ratchet, g->hash);
	seal_close(sealed, key, cells, refillfile_cells(g), BYTES(NULL, 0));
	sodium_memzero(key, sizeof key);
	return sealed;
}

int
refillfile_open(uint8_t *cells, const uint8_t ratchet[KEY_SIZE], const struct grant *g, struct bytes sealed)
{
	uint8_t key[KEY_SIZE];
	int ret = -1;

	if (sealed.n != refillfile_cells(g) + TAG_SIZE)
		return -1;
	keytree_refill(key, ratchet, g->hash);
	ret = seal_open(cells, key, sealed.p, sealed.n, BYTES(NULL, 0));
	sodium_memzero(key, sizeof key);
	return ret;
}
