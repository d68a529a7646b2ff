/*
 * blockcrypt_ipsecmb.c - the leaves of a block hashed side by side by Intel's libipsec-mb; all else by the next implementation.
 */
#include "blockcrypt.h"

#include <stdlib.h>
#include <string.h>

#include <intel-ipsec-mb.h>

#include "blockcrypt_impl.h"

struct ipsecmb_ctx {
	struct blockcrypt head;
	IMB_MGR *mgr; /* belongs to one thread; it only ever sees blocks as they are on the stick, so it needs no wiping */
	struct blockcrypt *rest; /* joins leaves, encrypts, and computes what our leaves are compared with at the start */
};

static struct ipsecmb_ctx *
ctx_of(struct blockcrypt *b)
{
	return (struct ipsecmb_ctx *)b;
}

static void
ipsecmb_close(struct blockcrypt *b)
{
	struct ipsecmb_ctx *c = ctx_of(b);

	if (c->mgr != NULL)
		free_mb_mgr(c->mgr);
	blockcrypt_free(&c->rest);
	free(c);
}

static const struct blockcrypt_impl *
next_impl(void)
{
	const struct blockcrypt_impl *const *impl = blockcrypt_impls();

	while (*impl != &blockcrypt_ipsecmb)
		impl++;
	return impl[1];
}

static unsigned
is_done(const IMB_JOB *job)
{
	return job->status == IMB_STATUS_COMPLETED;
}

static void
submit_leaf(IMB_MGR *mgr, uint8_t out[HASH_SIZE], const uint8_t leaf[LEAF_SIZE], unsigned *done)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);

	memset(job, 0, sizeof *job);
	job->cipher_mode = IMB_CIPHER_NULL;
	job->cipher_direction = IMB_DIR_ENCRYPT;
	job->chain_order = IMB_ORDER_HASH_CIPHER;
	job->hash_alg = IMB_AUTH_SHA_256;
	job->src = leaf;
	job->msg_len_to_hash_in_bytes = LEAF_SIZE;
	job->auth_tag_output = out;
	job->auth_tag_output_len_in_bytes = HASH_SIZE;
	for (job = IMB_SUBMIT_JOB(mgr); job != NULL; job = IMB_GET_COMPLETED_JOB(mgr))
		*done += is_done(job);
}

static int
ipsecmb_leaves(struct blockcrypt *b, uint8_t out[BLOCK_LEAVES][HASH_SIZE], const uint8_t block[BLOCK_SIZE])
{
	IMB_MGR *mgr = ctx_of(b)->mgr;
	const IMB_JOB *job = NULL;
	unsigned done = 0;

	for (size_t i = 0; i < BLOCK_LEAVES; i++)
		submit_leaf(mgr, out[i], block + i * LEAF_SIZE, &done);
	/* Do this after a refusal, too: no job may keep a pointer to the caller's memory. */
	while ((job = IMB_FLUSH_JOB(mgr)) != NULL)
		done += is_done(job);
	return done == BLOCK_LEAVES ? 0 : -1;
}

static int
ipsecmb_join(struct blockcrypt *b, uint8_t out[HASH_SIZE], unsigned level, uint64_t index, uint8_t leaves[BLOCK_LEAVES][HASH_SIZE])
{
	return ctx_of(b)->rest->impl->join(ctx_of(b)->rest, out, level, index, leaves);
}

static int
ipsecmb_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t ck[KEY_SIZE], uint64_t index)
{
	return ctx_of(b)->rest->impl->crypt(ctx_of(b)->rest, block, ck, index);
}

/* Below AVX2 there are too few lanes to gain anything, and the managers for it are the library's oldest code. */
static int
has_lanes(IMB_MGR *mgr)
{
	IMB_ARCH arch = IMB_ARCH_NONE;

	init_mb_mgr_auto(mgr, &arch);
	return imb_get_errno(mgr) == 0 && arch >= IMB_ARCH_AVX2;
}

/* A good stick is called damaged if the library computes wrongly, so its result is not taken on trust. */
static int
computes_right(struct ipsecmb_ctx *c)
{
	uint8_t ours[BLOCK_LEAVES][HASH_SIZE], theirs[BLOCK_LEAVES][HASH_SIZE], *block = malloc(BLOCK_SIZE);
	int right = 0;

	if (block == NULL)
		return 0;
	for (size_t i = 0; i < BLOCK_SIZE; i++)
		block[i] = (uint8_t)(i ^ i / LEAF_SIZE * 37);
	right = ipsecmb_leaves(&c->head, ours, block) == 0 && c->rest->impl->leaves(c->rest, theirs, block) == 0 &&
	    memcmp(ours, theirs, sizeof ours) == 0;
	free(block);
	return right;
}

static struct blockcrypt *
ipsecmb_open(void)
{
	struct ipsecmb_ctx *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->mgr = alloc_mb_mgr(0);
	if (c->mgr != NULL && has_lanes(c->mgr))
		c->rest = blockcrypt_open(next_impl());
	if (c->rest == NULL || !computes_right(c)) {
		ipsecmb_close(&c->head);
		return NULL;
	}
	return &c->head;
}

const struct blockcrypt_impl blockcrypt_ipsecmb = {
	.name = "libipsec-mb",
	.open = ipsecmb_open,
	.close = ipsecmb_close,
	.leaves = ipsecmb_leaves,
	.join = ipsecmb_join,
	.crypt = ipsecmb_crypt,
};
