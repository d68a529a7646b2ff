/*
 * readme.c - READ ME FIRST.txt.
 */
#include "readme.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "human.h"
#include "stickio.h"
#include "text.h"

#define README_MAX 8192
#define PART_MAX 3800

static const char first[] = N_("This USB stick holds media that are locked with oncestick.\n");
static const char speaker[] = N_("If you are to speak with it: you also need a code of 16 letters and digits, which\n"
				 "you were given. On a Linux PC with oncestick, plug the stick in and type\n"
				 "\n"
				 "    oncestick mount\n"
				 "\n"
				 "then the code. The code works once, on one PC, for one lecture. To see before that\n"
				 "whether everything is in order, which uses up nothing:\n"
				 "\n"
				 "    oncestick rehearse\n"
				 "\n"
				 "Please do not change, move or delete anything in the folder ONCE.\n");

/* All of it in the language of this thread. */
static void
write_part(char out[PART_MAX], const char *contact)
{
	char found[PART_MAX / 2];

	/* TRANSLATORS: this and the next stand in a file of plain text: lines of 84 columns at most; %s is whom to call */
	snprintf(found, sizeof found,
	    contact[0] != '\0' ? _("If you found it: its content cannot be read. Please give it back:\n%s.\n") :
				 _("If you found it: its content cannot be read. Please give it back.\n"),
	    contact);
	snprintf(out, PART_MAX, "%s\n%s\n%s", _(first), found, _(speaker));
}

/* Line ends that every finder's editor understands. */
static size_t
with_cr(char *out, const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			out[n++] = '\r';
		out[n++] = *text;
	}
	return n;
}

/* In the issuer's language, then in English: who finds it may know neither. */
void
readme_write(int dir_fd, const char *contact)
{
	char part[PART_MAX], text[2 * README_MAX];
	size_t n = 0;
	locale_t before;

	if (human_utf8() && strcmp(_(first), first) != 0) {
		write_part(part, contact);
		n = with_cr(text, part);
		n += with_cr(text + n, "\n* * *\n\n");
	}
	before = text_english();
	write_part(part, contact);
	text_again(before);
	n += with_cr(text + n, part);
	if (n <= README_MAX)
		(void)stickio_create(dir_fd, README_NAME, text, n, 0644);
}

/* One that was written here has the English first line in it. */
void
readme_remove(int dir_fd)
{
	uint8_t *text = NULL;
	size_t n = 0;

	if (stickio_slurp(dir_fd, README_NAME, README_MAX, &text, &n) != 0)
		return;
	if (memmem(text, n, first, sizeof first - 2) != NULL)
		(void)unlinkat(dir_fd, README_NAME, 0);
	free(text);
}
