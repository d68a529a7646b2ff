/*
 * text.h - words in the person's language: gettext(3).
 *
 * _("...") is the translation, where the words are used; N_("...") only marks words that stand in a table, for _(variable) later.
 * With a number: ngettext(3). Formats given to say_info, say_warn, say_refuse and say_usage are translated there and need no mark.
 * JSON, and what programs read otherwise, is never translated.
 */
#ifndef TEXT_H
#define TEXT_H

#include <libintl.h>

#define _(s) gettext(s)
#define N_(s) s

#endif
