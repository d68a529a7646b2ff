/*
 * eject.c - finding where a stick is mounted. eject_bus.c takes it out.
 */
#include "eject.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filestat.h"
#include "mountinfo.h"
#include "place.h"
#include "stick.h"

struct search {
	struct eject *e;
	const uint8_t *stick_id;
	dev_t dev;
	bool directory;         /* found, but in a directory that is not a mount point */
};

static int
is_it(void *arg, const char *path)
{
	struct search *s = arg;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stick *stick = NULL;
	struct stat st;
	bool found = false;

	if (fd >= 0 && filestat_fd(fd, &st) == 0 && (s->dev == 0 || st.st_dev == s->dev) && stick_open(&stick, fd, NULL) == E_OK)
		found = memcmp(stick->id, s->stick_id, ID_SIZE) == 0;
	s->directory = found && !mountinfo_is_top(fd);
	if (found)
		snprintf(s->e->where, sizeof s->e->where, "%s", path);
	stick_close(&stick);
	if (fd >= 0)
		close(fd);
	return found;
}

enum eject_place
eject_find(struct eject *e, const char *path, const uint8_t stick_id[ID_SIZE], dev_t dev)
{
	struct search s = {.e = e, .stick_id = stick_id, .dev = dev};

	*e = (struct eject){.where = ""};
	if (!is_it(&s, path) && !place_each(is_it, &s))
		return EJECT_OUT;
	return s.directory ? EJECT_DIRECTORY : EJECT_MOUNTED;
}
