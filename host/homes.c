/*
 * homes.c - whose home directory HOME is.
 */
#include "homes.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filestat.h"

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

/* Whether path, or the nearest directory above it that exists, belongs to somebody other than root. at becomes that directory. */
static bool
is_anothers(const char *path, char *at, size_t size)
{
	struct stat st;

	if (path == NULL || path[0] != '/' || (size_t)snprintf(at, size, "%s", path) >= size)
		return false;
	while (filestat_path(at, &st) != 0) {
		char *slash = strrchr(at, '/');

		if (slash == NULL || slash == at)
			return false;
		*slash = '\0';
	}
	return st.st_uid != 0;
}

/* Where the verb would write, unless another place was chosen on purpose. */
static const char *
place(enum homes_use use)
{
	const char *base = NULL;

	if (use == HOMES_ISSUER && is_set("ONCESTICK_ISSUER_DIR"))
		return NULL;
	if (use == HOMES_STATION && is_set("ONCESTICK_STATION_DIR"))
		return NULL;
	base = use == HOMES_ISSUER ? getenv("XDG_DATA_HOME") : use == HOMES_STATION ? getenv("XDG_STATE_HOME") : NULL;
	return base != NULL && base[0] == '/' ? base : getenv("HOME");
}

bool
homes_is_anothers(enum homes_use use, char *at, size_t size)
{
	return geteuid() == 0 && use != HOMES_NOTHING && is_anothers(place(use), at, size);
}
