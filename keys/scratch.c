#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "sql.h"

#define TRY_AGAIN_NS 10000000L
#define TRIES 1000

struct scratch {
	const char *dir;
	int dir_fd;
	struct sql *sql;
};

static const struct sql_kind kind = {
	.name = "oncestick-trial.sqlite",
	.err = E_STATION,
	.application = 0x6f6e6374u, /* "onct" */
	.schema = 1,
	.create = "CREATE TABLE meta (k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;",
};

/* If a file system cannot lock directories, two processes at once disturb each other, and report it. */
static int
lock(int fd)
{
	const struct timespec pause = {.tv_nsec = TRY_AGAIN_NS};

	for (int i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR))
			return 0;
		nanosleep(&pause, NULL);
	}
	return EBUSY;
}

enum err
scratch_begin(struct scratch **out, const char *dir, struct fault *f)
{
	struct scratch *s = calloc(1, sizeof *s);
	int e;

	*out = NULL;
	if (s == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "open", "%s", dir);
	s->dir = dir;
	e = (s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ? errno : lock(s->dir_fd);
	if (e == 0) {
		sql_remove(s->dir_fd, &kind); /* left by one that was interrupted */
		*out = s;
		return E_OK;
	}
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	free(s);
	return fault_set(f, E_STATION, e, "open", "%s", dir);
}

enum err
scratch_open(struct scratch *s, struct fault *f)
{
	return sql_open(&s->sql, s->dir, s->dir_fd, &kind, SQL_ANEW, f);
}

enum err
scratch_commit(struct scratch *s, struct fault *f)
{
	enum err err;

	s->sql->step = "write";
	if ((err = sql_begin(s->sql, f)) != E_OK)
		return err;
	err = sql_run(s->sql, "UPDATE meta SET v = v + 1", SQL_NONE, f);
	return sql_end(s->sql, err, f);
}

void
scratch_end(struct scratch **s)
{
	if (*s == NULL)
		return;
	sql_close(&(*s)->sql);
	sql_remove((*s)->dir_fd, &kind);
	close((*s)->dir_fd);
	free(*s);
	*s = NULL;
}
