/*
 * preparing.c - what prepare asks, and why it refuses a stick.
 */
#include "preparing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "human.h"
#include "issuersay.h"
#include "prompt.h"
#include "readme.h"
#include "say.h"
#include "stick.h"
#include "stickarg.h"
#include "stickio.h"
#include "text.h"
#include "usbsay.h"

/* ---- checking that a STICK is one, so that exchanged FOLDER and STICK are noticed --------------------------------- */

/* Whether it counts: even an empty stick may have what systems put there, and what is ours. */
static bool
counts(const char *name)
{
	static const char *const no[] = {"lost+found", "System Volume Information", STICK_ONCE, README_NAME, README_OPENER};

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		if (strcasecmp(name, no[i]) == 0)
			return false;
	return name[0] != '.';
}

/* One of the things in a directory, to show; the caller frees it. NULL if the directory is empty. */
static char *
find_thing(int dir_fd)
{
	const struct dirent *e = NULL;
	char *one = NULL;
	int fd = stickio_open_dir(dir_fd, ".");
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;

	if (list == NULL && fd >= 0)
		close(fd);
	while (list != NULL && one == NULL && (e = readdir(list)) != NULL)
		if (counts(e->d_name))
			one = human_escape(e->d_name, strlen(e->d_name));
	if (list != NULL)
		closedir(list);
	return one;
}

static bool
is_stick(int dir_fd)
{
	struct stick *s = NULL;
	bool yes = stick_open(&s, dir_fd, NULL) == E_OK;

	stick_close(&s);
	return yes;
}

enum err
preparing_ask_place(const struct cli *c, const char *packed, const struct prepare_target *t, struct fault *f)
{
	char question[900], path[300], folder[300], *one = NULL;
	enum err e = E_OK;

	if (place_is_portable(t->fd) || is_stick(t->fd) || (one = find_thing(t->fd)) == NULL)
		return E_OK;
	say_safe(path, sizeof path, t->path);
	say_safe(folder, sizeof folder, packed);
	if (!prompt_possible(c)) {
		e = say_fault(c, f, E_PROMPT,
		    _("%s is not a removable stick, and not empty (%s). FOLDER comes first, then STICK: did you swap them? "
		      "If you mean it: --yes. Nothing was written."),
		    path, one);
		goto out;
	}
	/* TRANSLATORS: the directory that is to become a stick, one of the things in it, the folder that is to be packed */
	snprintf(question, sizeof question,
	    _("%s is not a removable stick, and not empty (%s). Use it as the stick, and lock %s on it?"), path, one,
	    folder);
	e = prompt_yes(c, question, f);
	if (e == E_PROMPT) {
		fault_clear(f);
		say_fault(c, f, E_PROMPT, _("nothing was written. FOLDER comes first, then STICK."));
	}
out:
	free(one);
	return e;
}

/* ---- why a stick is refused: where a path is not enough to say it -------------------------------------------- */

static void
no_identity(const struct cli *c, struct fault *out, const struct prepare_target *t)
{
	char shown[USB_SHOWN_SIZE];

	usbsay_show(shown, t->identity.found ? &t->identity.device : NULL);
	say_fault(c, out, E_WRONG_STICK,
	    _("codes cannot be bound to the device of %s: %s. Use another stick, or leave out --bind-usb."), t->path,
	    shown);
}

static void
too_small(const struct cli *c, struct fault *out, const struct prepare *j, const struct prepare_target *t)
{
	char wanted[HUMAN_SHOWN], holes[HUMAN_SHOWN];

	human_bytes(wanted, sizeof wanted, t->need);
	human_bytes(holes, sizeof holes, prepare_holes(j));
	if (prepare_holes(j) > 0)
		say_fault(c, out, E_SPACE,
		    _("it does not fit on %s: it needs %s of free space, %s of that for holes in files, which are stored in "
		      "full; nothing was written. Leave those files out, or use a larger stick."),
		    t->path, wanted, holes);
	else
		say_fault(c, out, E_SPACE,
		    j->replace ?
			_("it does not fit on %s: it needs %s of free space; nothing was written. Use a larger stick.") :
			_("it does not fit on %s: it needs %s of free space; nothing was written. Use a larger stick, or "
			  "--replace what is on this one."),
		    t->path, wanted);
}

static void
full(const struct cli *c, struct fault *out, const struct prepare_target *t)
{
	char list[300] = "";
	size_t n = 0;

	for (size_t i = 0; i < t->p->grants.count && n + 24 < sizeof list; i++) {
		n += (size_t)snprintf(list + n, sizeof list - n, "%s", i == 0 ? "" : ", ");
		if (n < sizeof list)
			n += (size_t)snprintf(list + n, sizeof list - n,
			    ngettext("\"%s\" (%u code left)", "\"%s\" (%u codes left)", t->left[i]),
			    SHORT(t->p->grants.grants[i].label), t->left[i]);
		n = n < sizeof list ? n : sizeof list - 1;
	}
	say_fault(c, out, E_USAGE, _("the stick already has %s on it. --add keeps that, --replace destroys it."), list);
}

void
preparing_word(const struct cli *c, struct fault *f, const struct prepare *j, const struct prepare_target *t)
{
	struct fault worded = {0};

	if (f->why == WHY_NO_IDENTITY)
		no_identity(c, &worded, t);
	else if (f->why == WHY_TOO_SMALL)
		too_small(c, &worded, j, t);
	else if (f->why == WHY_NOT_BLANK)
		full(c, &worded, t);
	else if (f->why == WHY_LOSS)
		issuersay_loss(c, &t->loss, t->path, &worded);
	if (worded.err != E_OK)
		*f = worded;
}
