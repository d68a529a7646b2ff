/*
 * desktop_none.c - a build without libsystemd has no companion, so nothing calls the rest.
 */
#include "desktop.h"

int
desktop_fork(const struct desktop_calls *calls, void *arg)
{
	(void)calls;
	(void)arg;
	return -1;
}

void
desktop_show(struct desktop *d, enum desktop_urgency urgency, const char *title, const char *body)
{
	(void)d;
	(void)urgency;
	(void)title;
	(void)body;
}

void
desktop_forget(struct desktop *d)
{
	(void)d;
}

void
desktop_keep_awake(struct desktop *d, const char *why)
{
	(void)d;
	(void)why;
}

void
desktop_wake_at(struct desktop *d, int64_t boot_s)
{
	(void)d;
	(void)boot_s;
}

void
desktop_close(struct desktop *d)
{
	(void)d;
}
