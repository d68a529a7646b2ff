/*
 * readme.c - READ ME FIRST.txt and Open lecture.oncestick.
 */
#include "readme.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filestat.h"
#include "human.h"
#include "stickio.h"
#include "text.h"

#define README_MAX 8192
#define PART_MAX 3800
#define BETWEEN "\n* * *\n\n" /* between two languages */

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

/* The whole text in the language of this thread. */
static void
write_part(char out[PART_MAX], const char *name, const char *contact)
{
	char found[PART_MAX / 2], called[PART_MAX / 8];

	/* TRANSLATORS: this and the next two stand in a file of plain text: lines of 84 columns at most; %s is the stick's name,
	 * or whom to call */
	snprintf(called, sizeof called, _("Its name is %s, as it is printed on the cards with its codes.\n"), name);
	snprintf(found, sizeof found,
	    contact[0] != '\0' ? _("If you found it: its content cannot be read. Please give it back:\n%s.\n") :
				 _("If you found it: its content cannot be read. Please give it back.\n"),
	    contact);
	snprintf(out, PART_MAX, "%s%s\n%s\n%s", _(first), called, found, _(speaker));
}

/* Line ends that any editor understands. */
static size_t
with_cr(char *out, const char *from)
{
	size_t n = 0;

	for (; *from != '\0'; from++) {
		if (*from == '\n')
			out[n++] = '\r';
		out[n++] = *from;
	}
	out[n] = '\0';
	return n;
}

/* Desktops recognise the type by the first line (desktop/oncestick.xml). Nothing else in it is ever read. */
static const char opener[] = "oncestick-opener 1\r\n"
			     "\r\n"
			     "On a Linux PC with oncestick, open this file: it asks for the code, and opens the\r\n"
			     "lecture on this stick. Elsewhere it does nothing; see READ ME FIRST.txt.\r\n";

/* In the issuer's language, then in English: a finder may know either of them. */
void
readme_write(int dir_fd, const char *name, const char *contact)
{
	char part[PART_MAX], text[2 * README_MAX];
	size_t n = 0;
	locale_t before;

	if (human_utf8() && strcmp(_(first), first) != 0) {
		write_part(part, name, contact);
		n = with_cr(text, part);
		n += with_cr(text + n, BETWEEN);
	}
	before = text_english();
	write_part(part, name, contact);
	text_again(before);
	n += with_cr(text + n, part);
	if (n <= README_MAX)
		(void)stickio_create(dir_fd, README_NAME, text, n, 0644);
	(void)stickio_create(dir_fd, README_OPENER, opener, sizeof opener - 1, 0644);
	(void)stickio_sync_dir(dir_fd);
}

static bool
ends_with(const char *text, size_t n, const char *end)
{
	size_t length = strlen(end);

	return n >= length && memcmp(text + n - length, end, length) == 0;
}

/*
 * Whether it is as written here: it ends with the English part, and before that there is nothing, or the part in another language.
 * If anything was added above or below, the file belongs to the person who added it.
 */
static bool
is_readme(const char *text, size_t n)
{
	char mark[PART_MAX], end[PART_MAX], translated[PART_MAX], rule[16];
	const char *english = NULL;

	with_cr(mark, first);
	with_cr(end, speaker);
	with_cr(translated, _(first));
	with_cr(rule, BETWEEN);
	english = memmem(text, n, mark, strlen(mark));
	if (english == NULL || !ends_with(text, n, end))
		return false;
	return english == text ||
	       (ends_with(text, (size_t)(english - text), rule) && strncmp(text, translated, strlen(translated)) == 0);
}

static bool
is_opener(const char *text, size_t n)
{
	return n == sizeof opener - 1 && memcmp(text, opener, n) == 0;
}

static bool
remove_if(int dir_fd, const char *name, bool (*ours)(const char *text, size_t n))
{
	uint8_t *text = NULL;
	size_t n = 0;
	bool yes = false;

	if (stickio_slurp(dir_fd, name, README_MAX, &text, &n) == 0)
		yes = ours((const char *)text, n);
	free(text);
	return yes && unlinkat(dir_fd, name, 0) == 0;
}

bool
readme_remove(int dir_fd)
{
	struct stat st;
	bool gone = false;

	(void)remove_if(dir_fd, README_OPENER, is_opener);
	gone = remove_if(dir_fd, README_NAME, is_readme) || filestat_at(dir_fd, README_NAME, &st) != 0;
	(void)stickio_sync_dir(dir_fd);
	return gone;
}
