/*
 * leftout.c - patterns as people give them, and what became of them.
 */
#include "leftout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "say.h"
#include "stickio.h"
#include "text.h"

#define SHOWN 10u

/* What is wrong with a pattern, and what to do. The caller frees it; NULL if there is no memory. */
static char *
words_for(enum exclude_result what)
{
	char *text = NULL;
	int n = -1;

	switch (what) {
	case EXCLUDE_EMPTY:
		n = asprintf(&text, "%s", _("a pattern that names nothing"));
		break;
	case EXCLUDE_LONG:
		n = asprintf(&text, _("a pattern has at most %u bytes"), EXCLUDE_LENGTH);
		break;
	case EXCLUDE_STARRY:
		n = asprintf(&text, _("a pattern has at most %u stars; use several patterns"), EXCLUDE_STARS);
		break;
	case EXCLUDE_MANY:
		n = asprintf(&text, _("there are at most %u patterns; name a folder to leave out all of it"), EXCLUDE_PATTERNS);
		break;
	case EXCLUDE_BINARY:
		n = asprintf(&text, "%s", _("this is not a text of patterns, one per line, in UTF-8"));
		break;
	case EXCLUDE_OK:
	case EXCLUDE_NO_MEMORY:
		break;
	}
	return n < 0 ? NULL : text;
}

enum err
leftout_patterns(const struct cli *c, struct exclude *x, const struct opt_list *patterns, bool rubbish)
{
	enum exclude_result got = rubbish ? EXCLUDE_OK : exclude_usual(x);
	char safe[200] = "", *why = NULL;

	for (size_t i = 0; i < patterns->count && got == EXCLUDE_OK; i++) {
		say_safe(safe, sizeof safe, patterns->items[i]);
		got = exclude_add(x, patterns->items[i]);
	}
	if (got == EXCLUDE_OK)
		return E_OK;
	if ((why = words_for(got)) == NULL)
		return say_refuse(c, E_FAIL, "there is not enough memory");
	say_usage(c, "--exclude '%s': %s", safe, why);
	free(why);
	return E_USAGE;
}

/* Why the file of patterns cannot be read. The caller frees it; NULL if there is no memory. */
static char *
words_unread(int sys)
{
	switch (sys) {
	case ELOOP:
		return strdup(_("symbolic link"));
	case EISDIR:
	case EINVAL: /* a device or a pipe */
		return words_for(EXCLUDE_BINARY);
	default:
		return strdup(strerror(sys));
	}
}

enum err
leftout_file(const struct cli *c, struct exclude *x, int folder_fd, struct fault *f)
{
	enum exclude_result got = EXCLUDE_OK;
	uint8_t *file = NULL;
	char *why = NULL;
	size_t n = 0, line = 0;

	if (stickio_slurp(folder_fd, EXCLUDE_FILE, EXCLUDE_FILE_MAX, &file, &n) != 0) {
		if (errno == ENOENT)
			return E_OK;
		if (errno == EFBIG)
			return say_fault(c, f, E_SOURCE,
			    _("%s is too large: it has at most %u KiB of patterns. Nothing was written."), EXCLUDE_FILE,
			    EXCLUDE_FILE_MAX >> 10);
		if ((why = words_unread(errno)) == NULL)
			return fault_set(f, E_FAIL, ENOMEM, "memory", "for patterns");
		say_fault(c, f, E_SOURCE, _("%s cannot be read: %s. Nothing was written."), EXCLUDE_FILE, why);
		free(why);
		return E_SOURCE;
	}
	got = exclude_read(x, BYTES(file, n), &line);
	free(file);
	if (got == EXCLUDE_OK)
		return E_OK;
	if ((why = words_for(got)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for patterns");
	say_fault(c, f, E_SOURCE, _("%s, line %zu: %s. Nothing was written."), EXCLUDE_FILE, line, why);
	free(why);
	return E_SOURCE;
}

/* ---- afterwards ---------------------------------------------------------------------------------------------------------- */

/* Some names, separated by commas. */
struct names {
	char *text;
	size_t size;
	FILE *to;
	unsigned long shown;
};

static void
names_begin(struct names *n)
{
	*n = (struct names){0};
	n->to = open_memstream(&n->text, &n->size);
}

static void
names_add(struct names *n, const char *name)
{
	char *safe = n->to != NULL && n->shown < SHOWN ? human_escape(name, strlen(name)) : NULL;

	if (safe != NULL)
		fprintf(n->to, "%s%s", n->shown++ > 0 ? ", " : "", safe);
	free(safe);
}

/* The list, of which there are all. The caller frees it with names_end. */
static const char *
names_text(struct names *n, unsigned long all)
{
	if (n->to == NULL)
		return "?";
	if (all > n->shown)
		/* TRANSLATORS: the end of a list of names that is too long to be printed */
		fprintf(n->to, _(" and %lu more"), all - n->shown);
	return fflush(n->to) == 0 && n->text != NULL ? n->text : "?";
}

static void
names_end(struct names *n)
{
	if (n->to != NULL)
		fclose(n->to);
	free(n->text);
}

static void
say_left(const struct cli *c, const struct exclude *x)
{
	unsigned long all = x->files + x->dirs;
	const char *list = NULL;
	struct names n;

	names_begin(&n);
	for (size_t i = 0; i < x->kept_count; i++)
		names_add(&n, x->kept[i]);
	list = names_text(&n, all);
	if (x->dirs == 0)
		say_info(c, ngettext("left out: %lu file: %s", "left out: %lu files: %s", all), all, list);
	else if (x->files == 0)
		say_info(c, ngettext("left out: %lu folder: %s", "left out: %lu folders: %s", all), all, list);
	else
		say_info(c, ngettext("left out: %lu file or folder: %s", "left out: %lu files and folders: %s", all), all, list);
	names_end(&n);
}

void
leftout_say(const struct cli *c, const struct exclude *x)
{
	unsigned long idle = 0;
	const char *list = NULL;
	struct names n;

	if (x->files + x->dirs > 0)
		say_left(c, x);
	names_begin(&n);
	for (size_t i = 0; i < x->count; i++) {
		if (x->list[i].found || x->list[i].usual)
			continue;
		idle++;
		names_add(&n, x->list[i].text);
	}
	list = names_text(&n, idle);
	if (idle > 0)
		say_warn(c,
		    ngettext("this pattern matches nothing in the folder: %s", "these patterns match nothing in the folder: %s",
			idle),
		    list);
	names_end(&n);
}

json_t *
leftout_json(const struct exclude *x)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->kept_count; i++)
		json_array_append_new(list, say_json_text(x->kept[i]));
	return list;
}
