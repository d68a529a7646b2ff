#include "fuzz.h"

unsigned fuzz_parts_seen;

void
fuzz_took(unsigned part)
{
	fuzz_parts_seen |= 1u << part;
}
