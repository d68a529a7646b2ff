/*
 * csvcell.c - cells for spreadsheets.
 */
#include "csvcell.h"

#include <stdbool.h>
#include <string.h>

/* The characters with which spreadsheets begin a formula, including those that East Asian keyboards write. */
static bool
like_formula(const char *text)
{
	static const char *const starts[] = {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"};

	for (size_t k = 0; k < sizeof starts / sizeof starts[0]; k++)
		if (strncmp(text, starts[k], strlen(starts[k])) == 0)
			return true;
	return false;
}

char *
csvcell(char *out, const char *text, char after)
{
	bool quote = strpbrk(text, ",\"\r\n") != NULL;

	if (quote)
		*out++ = '"';
	if (like_formula(text))
		*out++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '"')
			*out++ = '"';
		*out++ = *text;
	}
	if (quote)
		*out++ = '"';
	*out++ = after;
	return out;
}
