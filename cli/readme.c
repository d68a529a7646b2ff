/*
 * readme.c - READ ME FIRST.txt.
 */
#include "readme.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stickio.h"

#define README_MAX 4096

/* Line ends that every finder's editor understands. */
static const char first[] = "This USB stick holds media that are locked with oncestick.\r\n";
static const char rest[] = "\r\n"
			   "If you found it: its content cannot be read. Please give it back";
static const char speaker[] = "\r\n"
			      "If you are to speak with it: you also need a code of 16 letters and digits, which\r\n"
			      "you were given. On a Linux PC with oncestick, plug the stick in and type\r\n"
			      "\r\n"
			      "    oncestick mount\r\n"
			      "\r\n"
			      "then the code. The code works once, on one PC, for one lecture. To see before that\r\n"
			      "whether everything is in order, which uses up nothing:\r\n"
			      "\r\n"
			      "    oncestick rehearse\r\n"
			      "\r\n"
			      "Please do not change, move or delete anything in the folder ONCE.\r\n";

void
readme_write(int dir_fd, const char *contact)
{
	char text[README_MAX];
	int n = snprintf(text, sizeof text, "%s%s%s%s.\r\n%s", first, rest, contact[0] != '\0' ? ":\r\n" : "", contact, speaker);

	if (n > 0 && (size_t)n < sizeof text)
		(void)stickio_create(dir_fd, README_NAME, text, (size_t)n, 0644);
}

void
readme_remove(int dir_fd)
{
	uint8_t *text = NULL;
	size_t n = 0;

	if (stickio_slurp(dir_fd, README_NAME, README_MAX, &text, &n) != 0)
		return;
	if (n >= sizeof first - 1 && memcmp(text, first, sizeof first - 1) == 0)
		(void)unlinkat(dir_fd, README_NAME, 0);
	free(text);
}
