/*
 * text.h - words in the person's language: gettext(3).
 *
 * _("...") translates words where they are used. N_("...") only marks words in a table, for a later _(variable). With a number:
 * ngettext(3). say_info, say_warn, say_refuse and say_usage translate their formats, which need no mark. JSON and other output for
 * programs is never translated. po/README.md is for translators.
 */
#ifndef TEXT_H
#define TEXT_H

#include <libintl.h>
#include <locale.h>

#include "utf8.h"

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name it has everywhere */
#define _(s) gettext(s)
#define N_(s) s

/* SHORT(name): a name in a list, visibly shortened if it is too long (utf8_short). It is valid until the end of the block. */
#define SHORT_SIZE 121
#define SHORT(name) utf8_short((char[SHORT_SIZE]){""}, SHORT_SIZE, name)

/*
 * text_init(): use the language of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, with the catalogue that was installed with the program.
 * If the program was moved with its tree, that is ../share/locale beside its directory. The catalogue is read now, because behind a
 * fence that would not work.
 */
void text_init(void);

/* text_utf8(): from now on words are in UTF-8, whatever the locale's encoding: for text that goes into a file. */
void text_utf8(void);

/* text_english(): from now on words in this thread are English, for output that programs read. text_again(before): as they were. */
locale_t text_english(void);
void text_again(locale_t before);

/* text_languages: those in which there are words, as in po/LINGUAS, and English; ends with NULL. */
extern const char *const text_languages[];

/*
 * text_switch(o, language): from now on words are in this one of text_languages, in UTF-8, for something that is handed to somebody
 * else; in English if its catalogue is not installed. text_back(o): as they were. Not while there are other threads.
 */
struct text_other {
	locale_t before;
	char *language; /* LANGUAGE in the environment, owned; NULL: not set */
};
void text_switch(struct text_other *o, const char *language);
void text_back(struct text_other *o);

#endif
