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
		enum err err = stick_read_slot(s, g, i, false, &slot, NULL);

		if (err == E_OK && slot.merged == RECORD_IS_DAMAGED && slot.unread.err != E_OK) {
			n.unread++;
			fault_pass(&n.why, &slot.unread);
		} else if (err != E_OK || slot.merged == RECORD_IS_DAMAGED)
			n.damaged++;
		else if (slot.merged == RECORD_IS_LIVE)
			n.live++;
		else
			n.spent++;
	}
	sodium_memzero(&slot, sizeof slot);
	return n;
}
