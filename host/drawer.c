/*
 * drawer.c - finding and feeding oncestick-sheet.
 */
#include "drawer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
drawer_find(char out[PATH_MAX])
{
	static const char *const places[] = {
	    "%s/" DRAWER_PROGRAM, "%s/../libexec/oncestick/" DRAWER_PROGRAM, DRAWER_DIR "/" DRAWER_PROGRAM};
	char dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
	char *slash = NULL;

	dir[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
		bool fixed = strncmp(places[k], "%s", 2) != 0;
		int length = snprintf(out, PATH_MAX, "%s%s", fixed ? "" : dir, places[k] + (fixed ? 0 : 2));

		if ((fixed || slash != NULL) && length > 0 && length < PATH_MAX && access(out, X_OK) == 0)
			return 0;
	}
	return -1;
}

static struct drawer_end
feed(const char *const argv[], struct bytes input, int fd)
{
	struct drawer_end end = {0};

	end.status = tool_feed(argv, input, fd, end.said);
	end.sys = errno;
	return end;
}

struct drawer_end
drawer_try(const char *program, int fd)
{
	const char *const argv[] = {program, "--check", NULL};

	return feed(argv, BYTES(NULL, 0), fd);
}

struct drawer_end
drawer_run(const char *program, struct bytes input, int fd)
{
	const char *const argv[] = {program, NULL};

	return feed(argv, input, fd);
}
