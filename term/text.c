#include "config.h"

#include "text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where to find the catalogues of a program that is not where it was installed. */
static const char *
beside(char out[PATH_MAX])
{
	char dir[PATH_MAX - 32];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
	char *slash = NULL;

	if (n <= 0)
		return NULL;
	dir[n] = '\0';
	if ((slash = strrchr(dir, '/')) == NULL)
		return NULL;
	*slash = '\0';
	if (strcmp(dir, BINDIR) == 0)
		return NULL;
	snprintf(out, PATH_MAX, "%s/../share/locale", dir);
	return out;
}

void
text_init(void)
{
	char path[PATH_MAX];
	const char *moved = beside(path);

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	bindtextdomain(PACKAGE, moved != NULL ? moved : LOCALEDIR);
	textdomain(PACKAGE);
	(void)gettext(""); /* both read their catalogue at the first call */
	(void)strerror(0);
}

void
text_utf8(void)
{
	bind_textdomain_codeset(PACKAGE, "UTF-8");
}

locale_t
text_english(void)
{
	locale_t before = uselocale((locale_t)0), copy = duplocale(before);
	locale_t english = copy != (locale_t)0 ? newlocale(LC_MESSAGES_MASK, "C", copy) : (locale_t)0;

	if (english == (locale_t)0) {
		if (copy != (locale_t)0)
			freelocale(copy);
		return before;
	}
	uselocale(english);
	return before;
}

void
text_again(locale_t before)
{
	locale_t english = uselocale(before);

	if (english != before && english != LC_GLOBAL_LOCALE)
		freelocale(english);
}

/* ---- in another language ------------------------------------------------------------------------------------------------- */

#define UTF8_LOCALE "C.UTF-8"

const char *const text_languages[] = {"en", "de", "ko", NULL};

/* libintl keeps what it has found, and looks again only if this changes: gettext's manual, "Being a gettext grok". */
extern int _nl_msg_cat_cntr; /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void
set_language(const char *language)
{
	if (language != NULL)
		(void)setenv("LANGUAGE", language, 1);
	else
		(void)unsetenv("LANGUAGE");
	_nl_msg_cat_cntr++;
}

/* LANGUAGE counts in every locale but C, whether or not that of the language is installed. */
void
text_switch(struct text_other *o, const char *language)
{
	const char *was = getenv("LANGUAGE");
	locale_t copy = duplocale(uselocale((locale_t)0)), other = (locale_t)0;

	o->before = uselocale((locale_t)0);
	o->language = was != NULL ? strdup(was) : NULL;
	if (copy != (locale_t)0)
		other = newlocale(LC_MESSAGES_MASK | LC_CTYPE_MASK, strcmp(language, "en") == 0 ? "C" : UTF8_LOCALE, copy);
	if (other != (locale_t)0)
		uselocale(other);
	else if (copy != (locale_t)0)
		freelocale(copy);
	set_language(language);
}

void
text_back(struct text_other *o)
{
	text_again(o->before);
	set_language(o->language);
	free(o->language);
	o->language = NULL;
}
