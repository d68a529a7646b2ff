/*
 * clock.c - the machine's clocks, and how far the first is believed.
 */
#include "clock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"
#include "receipt.h"

#define BACK_TOLERANCE_S 300

/* The kernel reports even a time that does not fit into time_t (EOVERFLOW). */
static int64_t
seconds(clockid_t id)
{
	struct timespec ts = {0, 0};
#ifdef SYS_clock_gettime64
	struct { int64_t s, ns; } wide = {0, 0};

	if (clock_gettime(id, &ts) != 0 && errno == EOVERFLOW && syscall(SYS_clock_gettime64, id, &wide) == 0)
		return wide.s;
#else
	clock_gettime(id, &ts);
#endif
	return ts.tv_sec;
}

int64_t
clock_real(void)
{
	return seconds(CLOCK_REALTIME);
}

static int64_t
real(void *arg)
{
	(void)arg;
	return clock_real();
}

static int64_t
since_boot(void *arg)
{
	(void)arg;
	return seconds(CLOCK_BOOTTIME);
}

/* The first line of one of the kernel's files, without the characters drop. */
static bool
read_line(const char *path, char drop, char *line, int size)
{
	FILE *f = fopen(path, "re");
	bool got = f != NULL && fgets(line, size, f) != NULL;
	char *to = line;

	if (f != NULL)
		fclose(f);
	if (!got)
		return false;
	for (const char *from = line; *from != '\0' && *from != '\n'; from++)
		if (*from != drop)
			*to++ = *from;
	*to = '\0';
	return true;
}

/* Read from /proc rather than clock_gettime(3), for which a library that plays with the time can answer instead of the kernel. */
static struct clock_boot
witness(void *arg)
{
	struct clock_boot b = {0};
	char id[64], up[64];
	long long s = 0;

	(void)arg;
	if (!read_line("/proc/sys/kernel/random/boot_id", '-', id, sizeof id) || !read_line("/proc/uptime", '\0', up, sizeof up) ||
	    sscanf(up, "%lld", &s) != 1 || bytes_from_hex(b.id, ID_SIZE, id) != 0)
		return (struct clock_boot){0};
	b.s = s;
	return b;
}

struct clock_source
clock_system(void)
{
	return (struct clock_source){.now = real, .boot = since_boot, .witness = witness};
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct clock_view
clock_judge(int64_t now, int64_t floor, int64_t high, bool was_reset)
{
	struct clock_view v = {now, floor, high, later(now, later(floor, high)), 0};

	if (now < floor)
		v.flags |= RECEIPT_CLOCK_BEHIND;
	if (now < high - BACK_TOLERANCE_S)
		v.flags |= RECEIPT_CLOCK_BACK;
	if (was_reset)
		v.flags |= RECEIPT_CLOCK_RESET;
	return v;
}

int64_t
clock_raises(const struct clock_view *v)
{
	return v->now > 0 && v->now <= v->floor + FLOOR_TRUST_S ? v->now : 0;
}

struct clock_boot
clock_witness(const struct clock_source *c)
{
	return c->witness != NULL ? c->witness(c->arg) : (struct clock_boot){0};
}

int64_t
clock_since(const struct clock_boot *now, const struct clock_boot *then)
{
	static const uint8_t unknown[ID_SIZE];

	if (memcmp(then->id, unknown, ID_SIZE) == 0 || memcmp(now->id, then->id, ID_SIZE) != 0)
		return 0;
	return now->s > then->s ? now->s - then->s : 0;
}
