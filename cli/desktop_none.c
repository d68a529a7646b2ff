/*
 * desktop_none.c - without libsystemd: no companion.
 */
#include "desktop.h"

int
desktop_fork(void)
{
	return -1;
}

void
desktop_tell_ejected(const char *why)
{
	(void)why;
}
