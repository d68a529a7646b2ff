/*
 * prepare_place.c - whether a STICK is one, so that FOLDER and STICK are not exchanged unseen.
 */
#include "prepare.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "human.h"
#include "prepare_internal.h"
#include "prompt.h"
#include "readme.h"
#include "say.h"
#include "stick.h"
#include "stickio.h"
#include "text.h"

/* What is on an empty stick, too: what systems put there, and what is ours. */
static bool
counts(const char *name)
{
	static const char *const no[] = {"lost+found", "System Volume Information", STICK_ONCE, README_NAME, README_OPENER};

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		if (strcasecmp(name, no[i]) == 0)
			return false;
	return name[0] != '.';
}

/* One of the things in a directory, to be shown, and to be freed by the caller; NULL if it is empty. */
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
prepare_ask_place(const struct prepare *j, const struct prepare_target *t, struct fault *f)
{
	char question[900], path[300], folder[300], *one = NULL;
	enum err e = E_OK;

	if (j->yes || stickarg_is_portable(t->at.fd) || is_stick(t->at.fd) || (one = find_thing(t->at.fd)) == NULL)
		return E_OK;
	say_safe(path, sizeof path, t->at.path);
	say_safe(folder, sizeof folder, j->folder);
	if (!prompt_possible(j->c)) {
		e = fault_set(f, E_PROMPT, 0, "",
		    _("%.80s is no removable stick, and not empty (%.40s). FOLDER comes first, then STICK: were they exchanged? If it "
		      "is meant: --yes. Nothing was written."),
		    path, one);
		goto out;
	}
	/* TRANSLATORS: the directory that is to become a stick, one of the things in it, the folder that is to be packed */
	snprintf(question, sizeof question,
	    _("%s is no removable stick, and not empty (%s). Make it the stick, and lock %s on it?"), path, one,
	    folder);
	e = prompt_yes(j->c, question, f);
	if (e == E_PROMPT) {
		fault_clear(f);
		fault_set(f, E_PROMPT, 0, "", _("nothing was written. FOLDER comes first, then STICK."));
	}
out:
	free(one);
	return e;
}
