/*
 * blockcrypt.c - which implementations there are, and dispatch to one of them.
 */
#include "blockcrypt.h"

#include "blockcrypt_impl.h"

_Static_assert(BLOCK_LEAVES * LEAF_SIZE == BLOCK_SIZE, "leaves cover a block");

static const struct blockcrypt_impl *const impls[] = {
#ifdef HAVE_IPSECMB
	&blockcrypt_ipsecmb,
#endif
#ifdef HAVE_LIBCRYPTO
	&blockcrypt_openssl,
#endif
	&blockcrypt_sodium,
	NULL,
};

const struct blockcrypt_impl *const *
blockcrypt_impls(void)
{
	return impls;
}

struct blockcrypt *
blockcrypt_open(const struct blockcrypt_impl *impl)
{
	struct blockcrypt *b = impl->open();

	if (b != NULL)
		b->impl = impl;
	return b;
}

struct blockcrypt *
blockcrypt_new(const struct blockcrypt_impl *impl)
{
	struct blockcrypt *b = NULL;

	if (impl != NULL)
		return blockcrypt_open(impl);
	for (size_t i = 0; b == NULL && impls[i] != NULL; i++)
		b = blockcrypt_open(impls[i]);
	return b;
}

const char *
blockcrypt_name(const struct blockcrypt *b)
{
	return b->impl->name;
}

void
blockcrypt_free(struct blockcrypt **b)
{
	if (*b == NULL)
		return;
	(*b)->impl->close(*b);
	*b = NULL;
}

int
blockcrypt_hash(struct blockcrypt *b, uint8_t out[HASH_SIZE], unsigned level, uint64_t index, const uint8_t block[BLOCK_SIZE])
{
	uint8_t leaves[BLOCK_LEAVES][HASH_SIZE];

	if (b->impl->leaves(b, leaves, block) != 0)
		return -1;
	return b->impl->join(b, out, level, index, leaves);
}

int
blockcrypt_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t ck[KEY_SIZE], uint64_t index)
{
	return b->impl->crypt(b, block, ck, index);
}
