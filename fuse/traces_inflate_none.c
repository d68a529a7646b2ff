#include "traces.h"

size_t
traces_inflate(const uint8_t *from, size_t n, char *out, size_t size)
{
	(void)from, (void)n, (void)out, (void)size;
	return 0;
}
