#include "array.h"

#include <stdlib.h>

#define FIRST 8u

void *
array_grow(void *list, size_t count, size_t *room, size_t size)
{
	size_t more = *room == 0 ? FIRST : 2 * *room;

	if (count < *room)
		return list;
	if ((list = reallocarray(list, more, size)) != NULL)
		*room = more;
	return list;
}
