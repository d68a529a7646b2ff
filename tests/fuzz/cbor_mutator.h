/*
 * cbor_mutator.h - changes to CBOR that leave it CBOR most of the time, so that a fuzzer gets behind the first head.
 */
#ifndef CBOR_MUTATOR_H
#define CBOR_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/*
 * cbor_mutate(data, size, max, seed): change one item of the CBOR at data, which holds size bytes of max: its number, its length or
 * count, its content; or drop, repeat or swap items, with the count around them corrected or not; or write its head longer than
 * need be. What is no CBOR, and some of the rest, is left to LLVMFuzzerMutate. Returns the new size, at most max.
 */
size_t cbor_mutate(uint8_t *data, size_t size, size_t max, unsigned seed);

#endif
