/*
 * slots.c - counting the slots of a grant on a stick.
 */
#include "slots.h"

#include <sodium.h>

struct slots_count
slots_count(const struct stick *s, const struct grant *g)
{
	struct slots_count n = {0};
	struct stick_slot slot;

	for (uint32_t i = 0; i < g->slots; i++) {
		if (stick_read_slot(s, g, i, false, &slot, NULL) != E_OK || slot.merged == RECORD_IS_DAMAGED)
			n.damaged++;
		else if (slot.merged == RECORD_IS_LIVE)
			n.live++;
		else
			n.spent++;
	}
	sodium_memzero(&slot, sizeof slot);
	return n;
}
