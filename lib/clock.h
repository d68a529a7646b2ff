/*
 * clock.h - the two clocks of the protocol, which tests can replace, and the rules for distrusting the first.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "format.h"

/* Seconds since the system started, and the id of that start. An id of zeros: nothing is known. */
struct clock_boot {
	uint8_t id[ID_SIZE];
	int64_t s;
};

struct clock_source {
	int64_t (*now)(void *arg);      /* seconds since 1970, UTC: CLOCK_REALTIME */
	int64_t (*boot)(void *arg);     /* seconds since boot, suspend included: CLOCK_BOOTTIME */
	void *arg;
	/*
	 * witness: the same as boot, from a source that nobody who sets clocks can reach, with the id of this start. NULL: there
	 * is none.
	 */
	struct clock_boot (*witness)(void *arg);
};

/* clock_system(): the machine's own clocks. clock_real(): the first of them. */
struct clock_source clock_system(void);
int64_t clock_real(void);

/* What the clock says, compared with what is known (oncestick-protocol(7), CLOCKS). */
struct clock_view {
	int64_t now;    /* the system clock */
	int64_t floor;  /* F: newest signed time of this issuer */
	int64_t high;   /* L: largest system time at a successful open here */
	int64_t t;      /* max(now, F, L): what windows are judged by */
	uint32_t flags; /* RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK | RECEIPT_CLOCK_RESET as they apply */
};

/* clock_judge(now, floor, high, was_reset): compute t and flags. */
struct clock_view clock_judge(int64_t now, int64_t floor, int64_t high, bool was_reset);

/* clock_raises(v): the time to which a successful open raises L, if L is below it; 0 if now is too far beyond F to be believed. */
int64_t clock_raises(const struct clock_view *v);

/* clock_witness(c): what c's witness says; zeros if it has none. */
struct clock_boot clock_witness(const struct clock_source *c);

/* clock_since(now, then): seconds from then to now if both belong to the same, known start of the system; otherwise 0. */
int64_t clock_since(const struct clock_boot *now, const struct clock_boot *then);

#endif
