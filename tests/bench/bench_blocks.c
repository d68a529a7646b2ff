/*
 * bench_blocks.c - what the machine can do with blocks at most, through the library's own code, as one line of JSON.
 *
 *   bench_blocks rates MILLISECONDS [NAME]   for the fastest implementation that this processor has, or that of this name: bytes a
 *                                            second of the block hash, of the cipher, and of one after the other, by one thread,
 * and by one for each processor; and the processor seconds that 10^9 bytes take, which other programs disturb less bench_blocks
 * code COUNT                  the seconds that each of COUNT Argon2id takes, one for each code that is typed
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "blockcrypt.h"
#include "kdf.h"
#include "thread.h"

#define THREADS_MAX 64u
#define BLOCKS 16u /* of each thread: 1 MiB, in no processor's first cache, like what comes from a stick */

enum job { HASH = 1, CRYPT = 2 };

struct shared {
	const struct blockcrypt_impl *impl; /* NULL: the fastest */
	unsigned jobs;
	_Atomic bool stop;
	_Atomic bool failed;
	_Atomic uint64_t blocks;
};

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
one_block(struct blockcrypt *b, unsigned jobs, uint8_t *block, uint64_t index)
{
	static const uint8_t ck[KEY_SIZE] = { 1 };
	uint8_t out[HASH_SIZE];

	if ((jobs & HASH) != 0 && blockcrypt_hash(b, out, 0, index, block) != 0)
		return false;
	return (jobs & CRYPT) == 0 || blockcrypt_crypt(b, block, ck, index) == 0;
}

static void *
work(void *arg)
{
	struct shared *s = arg;
	struct blockcrypt *b = blockcrypt_new(s->impl);
	uint8_t *memory = malloc((size_t)BLOCKS * BLOCK_SIZE);
	uint64_t done = 0;
	bool ok = b != NULL && memory != NULL;

	if (ok)
		memset(memory, 0x5a, (size_t)BLOCKS * BLOCK_SIZE);
	/* One block at least, also where others leave no time for it. */
	while (ok && (done == 0 || !s->stop)) {
		ok = one_block(b, s->jobs, memory + done % BLOCKS * BLOCK_SIZE, done);
		done++;
	}
	if (!ok)
		s->failed = true;
	s->blocks += done;
	free(memory);
	blockcrypt_free(&b);
	return NULL;
}

/* Bytes a second that threads get done together, or a negative number; *cpu: processor seconds for 10^9 bytes. */
static double
rate(const struct blockcrypt_impl *impl, unsigned jobs, unsigned threads, long ms, double *cpu)
{
	struct shared s = { .impl = impl, .jobs = jobs };
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	pthread_t thread[THREADS_MAX];
	double start = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID), took, bytes;
	unsigned n = 0;

	while (n < threads && thread_start(&thread[n], work, &s) == 0)
		n++;
	nanosleep(&t, NULL);
	s.stop = true;
	for (unsigned i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	took = now(CLOCK_MONOTONIC) - start;
	bytes = (double)s.blocks * BLOCK_SIZE;
	*cpu = (now(CLOCK_PROCESS_CPUTIME_ID) - used) / bytes * 1e9;
	return n < threads || s.failed ? -1 : bytes / took;
}

/* Prints which it is, as it may be another than the first in the list. */
static bool
print_implementation(const struct blockcrypt_impl *impl)
{
	struct blockcrypt *b = blockcrypt_new(impl);
	bool ok = b != NULL;

	if (ok)
		printf("{\"implementation\": \"%s\"", blockcrypt_name(b));
	blockcrypt_free(&b);
	return ok;
}

static int
rates(long ms, const struct blockcrypt_impl *impl)
{
	static const struct {
		const char *name;
		unsigned jobs;
	} kinds[] = { { "hash", HASH }, { "cipher", CRYPT }, { "both", HASH | CRYPT } };
	unsigned cores = thread_processors();
	double one, all, cpu, cpu_all;

	cores = cores > THREADS_MAX ? THREADS_MAX : cores;
	if (!print_implementation(impl))
		return 1;
	printf(", \"cores\": %u", cores);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		one = rate(impl, kinds[i].jobs, 1, ms, &cpu);
		all = rate(impl, kinds[i].jobs, cores, ms, &cpu_all);
		if (one < 0 || all < 0)
			return 1;
		printf(", \"%s\": {\"one\": %.0f, \"all\": %.0f, \"cpu\": %.3f}", kinds[i].name, one, all, cpu);
	}
	printf("}\n");
	return 0;
}

static int
code(long count)
{
	static const uint8_t salt[ID_SIZE] = { 1 };
	uint8_t out[KEY_SIZE];
	double start;

	printf("{\"seconds\": [");
	for (long i = 0; i < count; i++) {
		start = now(CLOCK_MONOTONIC);
		if (kdf_stretch(out, "0123456789ABCDEF", 16, salt) != 0)
			return 1;
		printf("%s%.6f", i > 0 ? ", " : "", now(CLOCK_MONOTONIC) - start);
	}
	printf("]}\n");
	return 0;
}

static const struct blockcrypt_impl *
find(const char *name)
{
	const struct blockcrypt_impl *const *impl = blockcrypt_impls();

	while (*impl != NULL && strcmp((*impl)->name, name) != 0)
		impl++;
	return *impl;
}

int
main(int argc, char **argv)
{
	long n = argc == 3 || argc == 4 ? atol(argv[2]) : 0;
	const struct blockcrypt_impl *impl = argc == 4 ? find(argv[3]) : NULL;

	if (sodium_init() < 0)
		return 1;
	if (argc == 4 && impl == NULL) {
		fprintf(stderr, "bench_blocks: %s: not built\n", argv[3]);
		return 1;
	}
	if (n > 0 && strcmp(argv[1], "rates") == 0)
		return rates(n, impl);
	if (n > 0 && argc == 3 && strcmp(argv[1], "code") == 0)
		return code(n);
	fprintf(stderr, "usage: bench_blocks rates MILLISECONDS [NAME] | code COUNT\n");
	return 2;
}
