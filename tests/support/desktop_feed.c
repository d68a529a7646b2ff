/*
 * desktop_feed.c - for 35-desktop.sh: a session's part towards its companion (cli/companion.h), from lines on standard input:
 *
 *   opened SECONDS LABEL, looked SECONDS LABEL (for its issuer), unread BLOCKS NAME, out, back, ended, over, paused, left, told
 *
 * The end of the input is the end of a session that was killed. Ends with 0 if there was a companion.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "companion.h"
#include "event.h"

static struct event
opened(char *text, bool by_key)
{
	struct event e = {.kind = EVENT_OPENED, .by_key = by_key};
	struct timespec now;
	char *label = NULL;

	clock_gettime(CLOCK_BOOTTIME, &now);
	e.deadline = now.tv_sec + strtoll(text, &label, 10);
	if (*label == ' ')
		snprintf(e.label, sizeof e.label, "%s", label + 1);
	return e;
}

static struct event
unread(char *text)
{
	struct event e = {.kind = EVENT_UNREAD, .unread = {.files = 1}};
	char *name = NULL;

	e.unread.blocks = (uint32_t)strtoul(text, &name, 10);
	if (*name == ' ')
		snprintf(e.unread.name, sizeof e.unread.name, "%s", name + 1);
	return e;
}

int
main(void)
{
	static const struct {
		const char *word;
		struct event event;
	} words[] = {{"out", {.kind = EVENT_STICK_OUT}}, {"back", {.kind = EVENT_STICK_BACK}},
	    {"ended", {.kind = EVENT_CLOSED, .how = EVENT_ENDED}}, {"over", {.kind = EVENT_CLOSED, .how = EVENT_OVER}},
	    {"paused", {.kind = EVENT_CLOSED, .how = EVENT_PAUSED}}, {"left", {.kind = EVENT_CLOSED, .how = EVENT_LEFT}},
	    {"told", {.kind = EVENT_CLOSED, .how = EVENT_ENDED, .told = true}}};
	char line[512];
	int fd = companion_fork();

	setlocale(LC_ALL, "");
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "opened ", 7) == 0 || strncmp(line, "looked ", 7) == 0) {
			const struct event e = opened(line + 7, line[0] == 'l');

			event_send(fd, &e);
		}
		if (strncmp(line, "unread ", 7) == 0) {
			const struct event e = unread(line + 7);

			event_send(fd, &e);
		}
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (strcmp(line, words[i].word) == 0)
				event_send(fd, &words[i].event);
	}
	return fd >= 0 ? 0 : 1;
}
