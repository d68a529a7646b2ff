/*
 * array.h - an array on the heap that gets one more element at a time.
 */
#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>

/*
 * array_grow(list, count, room, size): make room for one more in the array list, which has count elements of size bytes each and
 * room for *room; NULL and 0 where there is none yet. Return the array, which may have moved, and set *room; NULL if there is no
 * memory, and both are as they were. The room doubles, so that many elements cost no more than their number. The caller frees the
 * array.
 */
void *array_grow(void *list, size_t count, size_t *room, size_t size);

#endif
