/*
 * manifest.c - the payload of a manifest.
 */
#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include "dcbor.h"
#include "kdf.h"

static void
hash_payload(struct manifest *m, struct bytes payload)
{
	kdf_hash(m->hash, "once1/manifest", &payload, 1);
}

uint8_t *
manifest_encode(struct manifest *m, size_t *n)
{
	const bool labelled = m->label[0] != '\0';
	struct dcbor_out o = {0};
	uint8_t *p;

	dcbor_put_map(&o, labelled ? 8 : 7);
	dcbor_put_uint(&o, MANIFEST_VERSION);
	dcbor_put_uint(&o, PAYLOAD_VERSION);
	dcbor_put_uint(&o, MANIFEST_ISSUER);
	dcbor_put_bytes(&o, m->issuer, sizeof m->issuer);
	dcbor_put_uint(&o, MANIFEST_BUNDLE);
	dcbor_put_bytes(&o, m->bundle_id, sizeof m->bundle_id);
	dcbor_put_uint(&o, MANIFEST_BLOCKS);
	dcbor_put_uint(&o, m->blocks);
	dcbor_put_uint(&o, MANIFEST_ROOT);
	dcbor_put_bytes(&o, m->root, sizeof m->root);
	dcbor_put_uint(&o, MANIFEST_COMMIT);
	dcbor_put_bytes(&o, m->commit, sizeof m->commit);
	dcbor_put_uint(&o, MANIFEST_CREATED);
	dcbor_put_uint(&o, (uint64_t)m->created);
	if (labelled) {
		dcbor_put_uint(&o, MANIFEST_LABEL);
		dcbor_put_text(&o, m->label);
	}
	p = dcbor_take(&o, n);
	if (p != NULL)
		hash_payload(m, BYTES(p, *n));
	return p;
}

static bool
parse(struct manifest *m, struct bytes payload)
{
	struct dcbor_in in = dcbor_in(payload);
	uint64_t pairs, version, created;

	if (!dcbor_get_map(&in, 7, 8, &pairs) ||
	    !dcbor_key(&in, &pairs, MANIFEST_VERSION) || !dcbor_get_uint(&in, PAYLOAD_VERSION, PAYLOAD_VERSION, &version) ||
	    !dcbor_key(&in, &pairs, MANIFEST_ISSUER) || !dcbor_get_fixed(&in, m->issuer, sizeof m->issuer) ||
	    !dcbor_key(&in, &pairs, MANIFEST_BUNDLE) || !dcbor_get_fixed(&in, m->bundle_id, sizeof m->bundle_id) ||
	    !dcbor_key(&in, &pairs, MANIFEST_BLOCKS) || !dcbor_get_uint(&in, 1, DATA_BLOCKS_MAX, &m->blocks) ||
	    !dcbor_key(&in, &pairs, MANIFEST_ROOT) || !dcbor_get_fixed(&in, m->root, sizeof m->root) ||
	    !dcbor_key(&in, &pairs, MANIFEST_COMMIT) || !dcbor_get_fixed(&in, m->commit, sizeof m->commit) ||
	    !dcbor_key(&in, &pairs, MANIFEST_CREATED) || !dcbor_get_uint(&in, TIME_MIN, TIME_MAX, &created))
		return false;
	m->created = (int64_t)created;
	if (dcbor_key_if(&in, &pairs, MANIFEST_LABEL) && !dcbor_get_text(&in, m->label, LABEL_MAX))
		return false;
	return pairs == 0 && dcbor_end(&in);
}

int
manifest_parse(struct manifest *m, struct bytes payload)
{
	memset(m, 0, sizeof *m);
	if (!parse(m, payload)) {
		memset(m, 0, sizeof *m);
		return -1;
	}
	hash_payload(m, payload);
	return 0;
}

enum envelope_result
manifest_open(struct manifest *m, struct bytes file)
{
	struct bytes payload = {0};
	enum envelope_result res = envelope_open(ENVELOPE_MANIFEST, file, &payload, NULL);

	/* The empty payload of a file that is refused leaves zeros. */
	if (manifest_parse(m, payload) != 0 && res == ENVELOPE_OK)
		res = ENVELOPE_MALFORMED;
	return res;
}
