/*
 * audit.c - judging the books, lecture by lecture.
 */
#include "audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_FLAGS (RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK | RECEIPT_CLOCK_RESET)

struct audit {
	const struct audit_wanted *wanted;
	int64_t now;
	audit_lecture_fn *each;
	void *arg;
	struct audit_counts *all;
	struct audit_code *codes; /* room for the codes of one lecture */
};

static enum audit_state
state_of(const struct books_report_code *c, const struct books_report_lecture *l, int64_t now)
{
	switch (c->state) {
	case BOOKS_SPENT:
		return AUDIT_SPENT;
	case BOOKS_REVOKED:
		return AUDIT_REVOKED;
	case BOOKS_ISSUED:
		return l->expires <= now ? AUDIT_EXPIRED : AUDIT_ISSUED;
	case BOOKS_READY:
		break;
	}
	return l->expires <= now ? AUDIT_EXPIRED : AUDIT_READY;
}

static unsigned
odd_of_use(const struct books_report_code *c)
{
	const unsigned flags = c->use.receipt.flags;
	unsigned odd = 0;

	if (c->live_at > c->spent_at && (flags & (RECEIPT_CLOCK_BEHIND | RECEIPT_CLOCK_BACK)) == 0)
		odd |= AUDIT_ROLLED_BACK;
	if ((flags & CLOCK_FLAGS) != 0)
		odd |= AUDIT_CLOCK;
	if ((flags & RECEIPT_NO_MEMORY) != 0)
		odd |= AUDIT_NO_MEMORY;
	if ((flags & RECEIPT_REPAIRED) != 0)
		odd |= AUDIT_REPAIRED;
	return odd;
}

static unsigned
odd_of(const struct books_report_code *c, const struct books_report_lecture *l)
{
	unsigned odd = 0;

	if (c->state != BOOKS_SPENT)
		return 0;
	odd = c->use.proved ? odd_of_use(c) : AUDIT_NO_RECEIPT;
	if (c->second.proved)
		odd |= AUDIT_TWICE;
	if (c->use.proved && c->issued_at == 0 && c->holder[0] == '\0' && !l->imported)
		odd |= AUDIT_NOT_ISSUED;
	if (c->revoked_at != 0 && c->spent_at > c->revoked_at)
		odd |= AUDIT_AFTER_REVOKE;
	return odd;
}

static bool
within(const struct audit_wanted *w, int64_t t)
{
	return t != 0 && (w->from == 0 || t >= w->from) && (w->to == 0 || t <= w->to);
}

static bool
is_wanted(const struct audit_wanted *w, const struct audit_code *c, const struct books_report_lecture *l)
{
	const struct books_report_code *k = c->code;

	if (w->holder != NULL && strcmp(k->holder, w->holder) != 0)
		return false;
	return within(w, l->prepared_at) || within(w, k->issued_at) || within(w, k->spent_at) || within(w, k->revoked_at) ||
	    (c->state == AUDIT_EXPIRED && within(w, l->expires));
}

static void
count(struct audit_counts *n, const struct audit_code *c)
{
	n->codes++;
	n->state[c->state]++;
	n->odd += c->odd != 0;
}

static enum err
judge(void *arg, const struct books_report_lecture *l, const struct books_report_code *codes, size_t n, struct fault *f)
{
	struct audit *a = arg;
	struct audit_lecture out = {.lecture = l, .codes = a->codes, .counts = {.lectures = 1}};

	for (size_t k = 0; k < n; k++) {
		struct audit_code *c = &a->codes[out.count];

		*c = (struct audit_code){&codes[k], state_of(&codes[k], l, a->now), odd_of(&codes[k], l)};
		if (!is_wanted(a->wanted, c, l))
			continue;
		out.count++;
		count(&out.counts, c);
		count(a->all, c);
	}
	if (out.count == 0)
		return E_OK;
	a->all->lectures++;
	return a->each(a->arg, &out, f);
}

enum err
audit_check(const struct issuer *i, const struct audit_wanted *w, struct fault *f)
{
	bool known[2] = {true, true};
	enum err e = books_report_known(i->books, w->lecture, w->holder, known, f);

	if (e == E_OK && !known[0])
		e = fault_why(f, E_NO_GRANT, 0, WHY_NO_LECTURE, "%s", w->lecture);
	if (e == E_OK && !known[1])
		e = fault_why(f, E_NO_CODES, 0, WHY_NEVER_GIVEN, "%s", w->holder);
	return e;
}

enum err
audit_lectures(const struct issuer *i, const struct audit_wanted *w, audit_lecture_fn *each, void *arg,
    struct audit_counts *counts, struct fault *f)
{
	struct audit a = {.wanted = w, .now = i->now, .each = each, .arg = arg, .all = counts};
	enum err e = E_OK;

	*counts = (struct audit_counts){0};
	if ((a.codes = calloc(GRANT_SLOTS_MAX, sizeof *a.codes)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for a report");
	e = books_report_lectures(i->books, w->lecture, judge, &a, f);
	free(a.codes);
	return e;
}

enum err
audit_deeds(const struct issuer *i, const struct audit_wanted *w, books_report_deed_fn *each, void *arg, struct fault *f)
{
	const struct books_report_span span = {
	    .from = w->from, .to = w->to != 0 ? w->to : INT64_MAX, .lecture = w->lecture, .holder = w->holder};

	return books_report_deeds(i->books, &span, each, arg, f);
}
