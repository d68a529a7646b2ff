/*
 * readme.c - READ ME FIRST.txt and Open lecture.oncestick.
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
with_cr(char *out, const char *from)
{
	size_t n = 0;

	for (; *from != '\0'; from++) {
		if (*from == '\n')
			out[n++] = '\r';
		out[n++] = *from;
	}
	return n;
}

/* The first line is what desktops know the type by (desktop/oncestick.xml). Nothing else of it is ever read. */
static const char opener[] = "oncestick-opener 1\r\n"
			     "\r\n"
			     "On a Linux PC with oncestick, open this file: it asks for the code, and opens the\r\n"
			     "lecture on this stick. Elsewhere it does nothing; see READ ME FIRST.txt.\r\n";
#define OPENER_MARK 18 /* bytes of it without its line end */

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
	(void)stickio_create(dir_fd, README_OPENER, opener, sizeof opener - 1, 0644);
}

static void
remove_with(int dir_fd, const char *name, const char *mark, size_t length)
{
	uint8_t *text = NULL;
	size_t n = 0;

	if (stickio_slurp(dir_fd, name, README_MAX, &text, &n) != 0)
		return;
	if (memmem(text, n, mark, length) != NULL)
		(void)unlinkat(dir_fd, name, 0);
	free(text);
}

/* One that was written here has the English first line in it. */
void
readme_remove(int dir_fd)
{
	remove_with(dir_fd, README_NAME, first, sizeof first - 2);
	remove_with(dir_fd, README_OPENER, opener, OPENER_MARK);
}
