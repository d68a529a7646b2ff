/*
 * pinentry_none.c - a build without libassuan has no pinentry.
 */
#include "pinentry.h"

#include <stdlib.h>

struct pinentry {
	char unused;
};

struct pinentry *
pinentry_new(const struct pinentry_setup *setup)
{
	(void)setup;
	return calloc(1, sizeof(struct pinentry));
}

void
pinentry_free(struct pinentry **p)
{
	free(*p);
	*p = NULL;
}

enum err
pinentry_start(struct pinentry *p, struct fault *f)
{
	(void)p;
	return fault_set(f, E_PROMPT, 0, "pinentry", "%s", "");
}

const struct pinentry_end *
pinentry_ended(const struct pinentry *p)
{
	static const struct pinentry_end end = {.why = PINENTRY_NOT_BUILT, .program = ""};

	(void)p;
	return &end;
}

void
pinentry_end(struct pinentry *p)
{
	(void)p;
}

void
pinentry_about(struct pinentry *p, const char *text)
{
	(void)p;
	(void)text;
}

void
pinentry_note(struct pinentry *p, const char *text)
{
	(void)p;
	(void)text;
}

enum err
pinentry_get(struct pinentry *p, const char *question, const char *again, struct pinentry_answer *a, struct fault *f)
{
	(void)question;
	(void)again;
	(void)a;
	return pinentry_start(p, f);
}

enum err
pinentry_pick(struct pinentry *p, const char *question, const char *const *buttons, size_t *picked, struct fault *f)
{
	(void)question;
	(void)buttons;
	(void)picked;
	return pinentry_start(p, f);
}
