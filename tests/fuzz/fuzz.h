/*
 * fuzz.h - what the fuzz targets share: a property that must hold, and input taken apart.
 *
 * Each fuzz_NAME.c has one LLVMFuzzerTestOneInput, which is called with any bytes and any number of times in one process. What
 * calls it is libFuzzer, AFL++, or replay.c.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* LLVMFuzzerCustomMutator(data, size, max, seed): change the input in place, to at most max bytes; returns its new size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* LLVMFuzzerMutate(data, size, max): libFuzzer's own changes; NULL where it is not the one that calls. */
extern size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));

/* FUZZ_HOLDS(cond): a property; what breaks it is reported as a crash. */
#define FUZZ_HOLDS(cond) ((cond) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #cond))

static inline void
fuzz_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/*
 * fuzz_took(part): an input came beyond the first look, into the part of the target with this number, from 0. replay.c fails where
 * no input of a corpus came into one of the fuzz_parts of a target: what refuses everything breaks no property. fuzz_parts_seen has
 * a bit for each.
 */
void fuzz_took(unsigned part);
extern const unsigned fuzz_parts;
extern unsigned fuzz_parts_seen;

/* fuzz_number(in, n): the next n bytes (1..8) of *in as a little-endian number, and *in without them; zeros follow its end. */
static inline uint64_t
fuzz_number(struct bytes *in, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n && in->n > 0; i++) {
		v |= (uint64_t)in->p[0] << (8 * i);
		in->p++;
		in->n--;
	}
	return v;
}

/* fuzz_fill(in, out, n): the next n bytes of *in to out, zeros after its end. fuzz_take(in, n): the next n, at most what is left.
 */
static inline void
fuzz_fill(struct bytes *in, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)fuzz_number(in, 1);
}

static inline struct bytes
fuzz_take(struct bytes *in, size_t n)
{
	struct bytes b = {in->p, n < in->n ? n : in->n};

	in->p += b.n;
	in->n -= b.n;
	return b;
}

/* fuzz_copy(b): the bytes in memory of exactly their size (at least 1), so that a sanitizer sees who reads behind them. To be
 * freed. */
static inline uint8_t *
fuzz_copy(struct bytes b)
{
	uint8_t *p = malloc(b.n > 0 ? b.n : 1);

	FUZZ_HOLDS(p != NULL);
	if (b.n > 0)
		memcpy(p, b.p, b.n);
	return p;
}

/* fuzz_text(b): the same with a NUL behind them. */
static inline char *
fuzz_text(struct bytes b)
{
	char *p = malloc(b.n + 1);

	FUZZ_HOLDS(p != NULL);
	if (b.n > 0)
		memcpy(p, b.p, b.n);
	p[b.n] = '\0';
	return p;
}

#endif
