/*
 * clock.c - the machine's clocks, and how far the first is believed.
 */
#include "clock.h"

#include <stddef.h>
#include <time.h>

#include "format.h"
#include "receipt.h"

#define BACK_TOLERANCE_S 300

static int64_t
seconds(clockid_t id)
{
	struct timespec ts = {0, 0};

	clock_gettime(id, &ts);
	return ts.tv_sec;
}

static int64_t
real(void *arg)
{
	(void)arg;
	return seconds(CLOCK_REALTIME);
}

static int64_t
since_boot(void *arg)
{
	(void)arg;
	return seconds(CLOCK_BOOTTIME);
}

struct clock_source
clock_system(void)
{
	return (struct clock_source){real, since_boot, NULL};
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct clock_view
clock_judge(int64_t now, int64_t floor, int64_t high, bool was_reset)
{
	struct clock_view v = {now, floor, high, later(now, later(floor, high)), 0};

	if (now < floor)
		v.flags |= RECEIPT_CLOCK_BEHIND;
	if (now < high - BACK_TOLERANCE_S)
		v.flags |= RECEIPT_CLOCK_BACK;
	if (was_reset)
		v.flags |= RECEIPT_CLOCK_RESET;
	return v;
}

int64_t
clock_raises(const struct clock_view *v)
{
	if (v->now > v->floor + FLOOR_TRUST_S)
		return 0;
	return later(v->now, v->high);
}
