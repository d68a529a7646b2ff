/*
 * manifest.h - what an issuer signs about a bundle (oncestick-format(5), Manifest).
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <stdint.h>

#include "bytes.h"
#include "envelope.h"
#include "format.h"

struct manifest {
	uint8_t issuer[KEY_SIZE];
	uint8_t bundle_id[ID_SIZE];
	uint64_t blocks;                /* data blocks, 1..DATA_BLOCKS_MAX */
	uint8_t root[HASH_SIZE];
	uint8_t commit[HASH_SIZE];      /* keytree_commit of the content key */
	int64_t created;
	char label[LABEL_MAX + 1];      /* "" if absent */
	uint8_t hash[HASH_SIZE];        /* manifest_hash of the payload; set by parse and encode */
};

/*
 * manifest_encode(m, n): the payload of m, which the caller frees, with its length in *n; sets m->hash. NULL if there is no
 * memory.
 */
uint8_t *manifest_encode(struct manifest *m, size_t *n);

/* manifest_parse(m, payload): fill in m from a payload that envelope_open accepted. Return 0, or -1 with m zeroed. */
int manifest_parse(struct manifest *m, struct bytes payload);

/* manifest_open(m, file): envelope_open and manifest_parse. A payload that is not a manifest is ENVELOPE_MALFORMED. */
enum envelope_result manifest_open(struct manifest *m, struct bytes file);

#endif
