#include "traces.h"

#include <zlib.h>

size_t
traces_inflate(const uint8_t *from, size_t n, char *out, size_t size)
{
	uLongf got = (uLongf)size;

	return uncompress((Bytef *)out, &got, from, (uLong)n) == Z_OK ? got : 0;
}
