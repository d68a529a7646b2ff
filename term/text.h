/*
 * text.h - words in the person's language: gettext(3).
 *
 * _("...") is the translation, where the words are used; N_("...") only marks words that stand in a table, for _(variable) later.
 * With a number: ngettext(3). Formats given to say_info, say_warn, say_refuse and say_usage are translated there and need no mark.
 * JSON, and what programs read otherwise, is never translated. How a translator works: po/README.md.
 */
#ifndef TEXT_H
#define TEXT_H

#include <libintl.h>
#include <locale.h>

#include "utf8.h"

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name it has everywhere */
#define _(s) gettext(s)
#define N_(s) s

/* SHORT(name): a name in a list, shortened visibly where it is too long (utf8_short); good until the end of the block. */
#define SHORT_SIZE 121
#define SHORT(name) utf8_short((char[SHORT_SIZE]){""}, SHORT_SIZE, name)

/*
 * text_init(): the language of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, with the catalogue that was installed with the program; for
 * one that was moved with its tree, ../share/locale beside its directory. The catalogue is read now: behind a fence it could not
 * be.
 */
void text_init(void);

/* text_utf8(): words are in UTF-8 from now on, whatever the locale has: for what goes into a file. */
void text_utf8(void);

/* text_english(): words are English in this thread from now on, for what programs read. text_again(before): as they were. */
locale_t text_english(void);
void text_again(locale_t before);

#endif
