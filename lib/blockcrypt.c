/*
 * blockcrypt.c - which implementations there are, and dispatch to one of them.
 */
#include "blockcrypt.h"

#include "blockcrypt_impl.h"

static const struct blockcrypt_impl *const impls[] = {
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
blockcrypt_new(const struct blockcrypt_impl *impl)
{
	struct blockcrypt *b = NULL;

	if (impl == NULL)
		impl = impls[0];
	b = impl->open();
	if (b != NULL)
		b->impl = impl;
	return b;
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
	return b->impl->hash(b, out, level, index, block);
}

int
blockcrypt_crypt(struct blockcrypt *b, uint8_t block[BLOCK_SIZE], const uint8_t ck[KEY_SIZE], uint64_t index)
{
	return b->impl->crypt(b, block, ck, index);
}
