/*
 * pinentry_none.c - a build without libassuan has no pinentry.
 */
#include "pinentry.h"

#include <stdlib.h>

#include "text.h"

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
	return fault_set(f, E_PROMPT, 0, "", "%s",
	    _("this oncestick was built without libassuan, so it has no --pinentry. Leave it out to be asked on the terminal."));
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
