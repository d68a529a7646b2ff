/*
 * prompt_dialog.c - questions in windows of pinentry, and the reason if there was no answer.
 */
#include "prompt_internal.h"

#include "say.h"
#include "text.h"

/* Say what the program did. */
static const char *
what_failed(const struct pinentry_end *end)
{
	switch (end->why) {
	case PINENTRY_DEAF:
		return _("it does not answer");
	case PINENTRY_ENDLESS:
		return _("its answer does not end");
	case PINENTRY_GONE:
		return _("it ended without an answer");
	default:
		return end->says != NULL ? end->says : "";
	}
}

static enum err
word(const struct cli *c, enum err e, struct fault *f)
{
	const struct pinentry_end *end = pinentry_ended(c->dialog);

	switch (end->why) {
	case PINENTRY_CANCELLED:
		return say_fault(c, f, e, "%s", _("cancelled."));
	case PINENTRY_STOPPED:
		return say_fault(c, f, e, "%s", _("interrupted."));
	case PINENTRY_NOBODY:
		return say_fault(c, f, e, "%s", _("nobody answered. Start again."));
	case PINENTRY_NO_TERMINAL:
		return say_fault(c, f, e,
		    _("%s asks on a terminal, and there is none here. Install one that asks in a window, name it in ONCESTICK_PINENTRY, or put "
		      "the answer into a file (--code-file, --passphrase-file)."),
		    end->program);
	case PINENTRY_MISSING:
		return say_fault(c, f, e,
		    _("there is no program %s. Install a pinentry, or leave out --pinentry to be asked on the terminal."),
		    end->program);
	case PINENTRY_NOT_BUILT:
		return say_fault(c, f, e, "%s",
		    _("this oncestick was built without libassuan, so it has no --pinentry. Leave it out to be asked on the terminal."));
	default:
		return say_fault(c, f, e,
		    _("%s failed: %s. Leave out --pinentry to be asked on the terminal, or name another program in "
		      "ONCESTICK_PINENTRY."),
		    end->program, what_failed(end));
	}
}

enum err
prompt_dialog_start(const struct cli *c, struct fault *f)
{
	enum err e = pinentry_start(c->dialog, NULL);

	return e == E_OK ? E_OK : word(c, e, f);
}

enum err
prompt_dialog_get(const struct cli *c, const char *question, const char *again, struct pinentry_answer *a, struct fault *f)
{
	enum err e = pinentry_get(c->dialog, question, again, a, NULL);

	return e == E_OK ? E_OK : word(c, e, f);
}

enum err
prompt_dialog_pick(const struct cli *c, const char *question, const char *const *buttons, size_t *picked, struct fault *f)
{
	enum err e = pinentry_pick(c->dialog, question, buttons, picked, NULL);

	return e == E_OK ? E_OK : word(c, e, f);
}
