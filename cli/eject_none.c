/*
 * eject_none.c - without libsystemd: nobody to ask.
 */
#include "eject.h"

#include <stdio.h>

#include "text.h"

enum eject_result
eject_stick(struct eject *e)
{
	snprintf(e->why, sizeof e->why, "%s", _("this oncestick was built without libsystemd, which it needs to ask udisks2"));
	return EJECT_FAILED;
}
