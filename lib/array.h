/*
 * array.h - an array on the heap that gets one more element at a time.
 */
#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>

/*
 * array_grow(list, count, room, size): room for one more in the array list of count elements of size bytes each, of which *room fit into
 * it; NULL and 0 where there is none yet. Return the array, which may have moved and is freed with free(3), and set *room; NULL if there
 * is no memory, and both are as they were. The room doubles, so that n elements together cost what they would at once.
 */
void *array_grow(void *list, size_t count, size_t *room, size_t size);

#endif
