/*
 * wiping.c - memory that is wiped when it is released.
 */
#include "wiping.h"

#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>
#include <sodium.h>

static void *
wiping_malloc(size_t n)
{
	size_t *p = n <= SIZE_MAX - 2 * sizeof *p ? malloc(n + 2 * sizeof *p) : NULL;

	if (p == NULL)
		return NULL;
	p[0] = n;
	return p + 2;
}

void
wiping_free(void *held)
{
	size_t *p = held;

	if (p == NULL)
		return;
	p -= 2;
	sodium_memzero(p + 2, p[0]);
	free(p);
}

void
wiping_json(void)
{
	json_set_alloc_funcs(wiping_malloc, wiping_free);
}
