#include "replug.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "filestat.h"
#include "mountinfo.h"
#include "stick.h"

#define TRY_AGAIN_NS 250000000L

/* The next stick gets a device number as soon as it is free, so look at the kernel's count of disks, too. */
struct place {
	dev_t dev;
	uint64_t disk;                  /* the number of its disk; 0 if it is not a disk, or the kernel does not count them */
	struct mountinfo_id mount;
};

struct replug {
	struct unlock *unlock;
	const char *path;
	struct clock_source clock;
	int64_t wait_s;                 /* for one read */
	void (*tell)(void *arg, bool away);
	void *tell_arg;
	pthread_mutex_t mutex;          /* for everything below, and for unlock_reattach */
	struct place place;             /* where the stick was last seen */
	bool away;
	bool given_up;                  /* a reader has waited in vain since it went away */
	int64_t away_since;
};

static int64_t
boot(const struct replug *r)
{
	return r->clock.boot(r->clock.arg);
}

/* A file of the kernel's that holds one number; 0 if there is none. */
static uint64_t
number_in(const char *path)
{
	unsigned long long n = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return 0;
	if (fscanf(file, "%llu", &n) != 1) /* NOLINT(cert-err34-c): the kernel wrote it */
		n = 0;
	fclose(file);
	return n;
}

/* Source: Documentation/ABI/stable/sysfs-block, diskseq. A partition is below its disk. */
static uint64_t
disk_of(dev_t dev)
{
	static const char *const at[] = {"", "../"};
	uint64_t n = 0;
	char path[64];

	for (size_t i = 0; i < 2 && n == 0 && major(dev) != 0; i++) {
		snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%sdiskseq", major(dev), minor(dev), at[i]);
		n = number_in(path);
	}
	return n;
}

/*
 * The administrator may limit how long a request to a FUSE mount takes (Linux 6.15, Documentation/admin-guide/sysctl/fs.rst); a
 * mount that takes longer is ended. So give a reader its error long before that.
 */
static int64_t
patience(void)
{
	static const char *const bounds[] = {"/proc/sys/fs/fuse/default_request_timeout", "/proc/sys/fs/fuse/max_request_timeout"};
	uint64_t wait = REPLUG_WAIT_S;

	for (size_t i = 0; i < 2; i++) {
		uint64_t bound = number_in(bounds[i]);

		if (bound != 0 && bound / 2 < wait)
			wait = bound / 2;
	}
	return (int64_t)wait;
}

static bool
place_of(struct place *p, int fd)
{
	struct stat st;

	if (filestat_fd(fd, &st) != 0)
		return false;
	*p = (struct place){.dev = st.st_dev, .disk = disk_of(st.st_dev)};
	(void)!mountinfo_of(fd, &p->mount);
	return true;
}

struct replug *
replug_new(struct unlock *unlock, const char *path, struct clock_source clock)
{
	struct replug *r = calloc(1, sizeof *r);
	int fd;

	if (r == NULL || pthread_mutex_init(&r->mutex, NULL) != 0) {
		free(r);
		return NULL;
	}
	r->unlock = unlock;
	r->path = path;
	r->clock = clock;
	r->wait_s = patience();
	if ((fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		place_of(&r->place, fd);
		close(fd);
	}
	return r;
}

void
replug_on_change(struct replug *r, void (*tell)(void *arg, bool away), void *arg)
{
	r->tell = tell;
	r->tell_arg = arg;
}

void
replug_free(struct replug **r)
{
	if (*r == NULL)
		return;
	pthread_mutex_destroy(&(*r)->mutex);
	free(*r);
	*r = NULL;
}

/* ---- with the mutex held ---------------------------------------------------------------------------------------------------- */

/* Whether the disk is still there. A directory without a device cannot be pulled, and without sysfs nobody can tell. */
static bool
is_there(const struct place *p)
{
	char name[64];

	if (major(p->dev) == 0)
		return true;
	snprintf(name, sizeof name, "/sys/dev/block/%u:%u", major(p->dev), minor(p->dev));
	if (access(name, F_OK) != 0)
		return access("/sys/dev/block", F_OK) != 0;
	return p->disk == 0 || p->disk == disk_of(p->dev);
}

static void
set_away(struct replug *r, bool away)
{
	bool changed = r->away != away;

	r->away = away;
	if (changed && away)
		r->away_since = boot(r);
	if (changed && r->tell != NULL)
		r->tell(r->tell_arg, away);
}

/* A mount whose disk is gone still answers from memory what was read before: that does not count as the stick. */
static bool
is_stale(const struct replug *r, const struct place *p)
{
	return !is_there(p) || (mountinfo_same(&p->mount, &r->place.mount) && p->disk != r->place.disk);
}

static bool
attach_at(struct replug *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct place p;
	bool ok = fd >= 0 && place_of(&p, fd) && !is_stale(r, &p) && unlock_reattach(r->unlock, fd, NULL) == E_OK;

	if (ok) {
		r->place = p;
		set_away(r, false);
		r->given_up = false;
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

static int
attach_mount(void *arg, const struct mountinfo *m)
{
	/* Only block devices: asking a dead network mount could hang. */
	return strncmp(m->source, "/dev/", 5) == 0 && attach_at(arg, m->path);
}

static bool
attach(struct replug *r)
{
	if (attach_at(r, r->path) || (major(r->place.dev) != 0 && mountinfo_each(attach_mount, r) > 0))
		return true;
	set_away(r, true);
	return false;
}

/* ---- from any thread -------------------------------------------------------------------------------------------------------- */

bool
replug_wait(struct replug *r, bool (*stop)(void *arg), void *arg)
{
	const struct timespec pause = {.tv_nsec = TRY_AGAIN_NS};
	int64_t until = boot(r) + r->wait_s;
	bool there = false, given_up = false;

	while (!stop(arg)) {
		pthread_mutex_lock(&r->mutex);
		there = attach(r);
		if (!there && boot(r) >= until)
			r->given_up = true;
		given_up = r->given_up;
		pthread_mutex_unlock(&r->mutex);
		if (there || given_up)
			break;
		nanosleep(&pause, NULL);
	}
	return there;
}

int64_t
replug_look(struct replug *r)
{
	int64_t seconds = 0;

	pthread_mutex_lock(&r->mutex);
	if ((r->away || !is_there(&r->place)) && !attach(r))
		seconds = boot(r) - r->away_since + 1;
	pthread_mutex_unlock(&r->mutex);
	return seconds;
}

dev_t
replug_device(struct replug *r)
{
	dev_t dev;

	pthread_mutex_lock(&r->mutex);
	dev = r->place.dev;
	pthread_mutex_unlock(&r->mutex);
	return dev;
}
