#include "readahead.h"

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

/* The kernel sends the parts of what one reader wants in any order, and leaves out what it still has. */
#define BEHIND (1024u * 1024u)
#define SKIP (256u * 1024u)
#define FIRST_WINDOW 2u

static bool
belongs(const struct readahead_place *p, uint64_t off)
{
	uint64_t low = p->reach > BEHIND ? p->reach - BEHIND : 0;

	return p->turn != 0 && off >= low && off <= p->reach + SKIP;
}

static uint64_t
block_after(uint64_t off)
{
	return (off + BLOCK_SIZE - 1) / BLOCK_SIZE;
}

struct readahead_plan
readahead_drop(struct readahead *r, unsigned i)
{
	struct readahead_place *p = &r->place[i];
	struct readahead_plan plan = {0};
	uint64_t next = block_after(p->reach);

	if (p->asked > next) {
		plan.forget_first = next;
		plan.forget_count = p->asked - next;
	}
	if (p->window > 0)
		plan.busier = -1;
	*p = (struct readahead_place){0};
	return plan;
}

static unsigned
oldest(const struct readahead *r)
{
	unsigned best = 0;

	for (unsigned i = 1; i < READAHEAD_PLACES; i++)
		if (r->place[i].turn < r->place[best].turn)
			best = i;
	return best;
}

/* A read that continues at place p. */
static struct readahead_plan
advance(struct readahead_place *p, uint64_t to, uint64_t end, unsigned limit)
{
	struct readahead_plan plan = {0};
	uint64_t from, until;

	if (to <= p->reach)
		return plan;
	plan.busier = p->window == 0 ? 1 : 0;
	p->reach = to;
	p->window = p->window == 0 ? FIRST_WINDOW : p->window * 2;
	if (p->window > limit)
		p->window = limit;
	from = block_after(to);
	until = from + p->window;
	if (until > block_after(end))
		until = block_after(end);
	if (from < p->asked && p->asked < until && p->asked - from > p->window / 2)
		return plan; /* half the window is still ahead: ask for much at a time, so that workers are woken seldom */
	if (from < p->asked)
		from = p->asked;
	if (from < until) {
		plan.fetch_first = from;
		plan.fetch_count = until - from;
		p->asked = until;
	}
	return plan;
}

struct readahead_plan
readahead_next(struct readahead *r, uint64_t off, uint64_t len, uint64_t end, unsigned limit)
{
	struct readahead_plan plan;
	unsigned i;

	for (i = 0; i < READAHEAD_PLACES; i++) {
		if (belongs(&r->place[i], off)) {
			r->place[i].turn = ++r->turns;
			return advance(&r->place[i], off + len, end, limit);
		}
	}
	i = oldest(r);
	plan = readahead_drop(r, i);
	r->place[i].reach = off + len;
	r->place[i].asked = 0;
	r->place[i].turn = ++r->turns;
	return plan;
}

int
readahead_busy(const struct readahead *r)
{
	int n = 0;

	for (unsigned i = 0; i < READAHEAD_PLACES; i++)
		n += r->place[i].window > 0 ? 1 : 0;
	return n;
}
