/*
 * array.h - an array on the heap that gets one more element at a time.
 */
#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>

/*
 * array_grow(list, count, room, size): make room for one more element in the array list, which has count elements of size bytes
 * each and room for *room; NULL and 0 if there is no array yet. Return the array, which may have moved, and set *room. Return NULL
 * if there is no memory; both are then unchanged. The room doubles each time, so the total cost is linear in the number of
 * elements. The caller frees the array.
 */
void *array_grow(void *list, size_t count, size_t *room, size_t size);

#endif
