/*
 * forget.c - names of people go from the books.
 */
#include "forget.h"

static struct books_forget
wanted(const struct forget *g)
{
	return (struct books_forget){.holder = g->holder, .before = g->before, .now = g->issuer->now};
}

enum err
forget_find(struct forget *g, struct fault *f)
{
	const struct books_forget w = wanted(g);
	enum err e = books_forget_look(g->issuer->books, &w, &g->found, f);

	if (e != E_OK || g->holder == NULL)
		return e;
	if (g->found.out > 0)
		return fault_why(f, E_USAGE, 0, WHY_STILL_OUT, "%s", g->holder);
	return g->found.people == 0 ? fault_why(f, E_NO_CODES, 0, WHY_NEVER_GIVEN, "%s", g->holder) : E_OK;
}

enum err
forget_commit(struct forget *g, struct fault *f)
{
	const struct books_forget w = wanted(g);
	const struct books_event event = {.now = g->issuer->now, .verb = "forget"};
	enum err e = books_begin(g->issuer->books, f);

	if (e != E_OK)
		return e;
	if ((e = forget_find(g, f)) == E_OK && (e = books_forget(g->issuer->books, &w, f)) == E_OK)
		e = books_event(g->issuer->books, &event, f);
	return books_end(g->issuer->books, e, f);
}

enum err
forget_pack(const struct forget *g, struct fault *f)
{
	return books_forget_pack(g->issuer->books, f);
}
