/*
 * slots.h - how many codes of a stick are live, used or damaged, as the stick itself says.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdint.h>

#include "grant.h"
#include "stick.h"

struct slots_count {
	uint32_t live, spent, damaged;
	uint32_t unread;        /* neither copy tells, and one could not be read */
	struct fault why;       /* why the first of these could not be read */
};

/* slots_count(s, g): the merged states of all slots of grant g on stick s. */
struct slots_count slots_count(const struct stick *s, const struct grant *g);

#endif
