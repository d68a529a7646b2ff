/*
 * eject_none.c - a build without libsystemd cannot ask udisks2.
 */
#include "eject.h"

enum eject_result
eject_stick(struct eject *e)
{
	(void)e;
	return EJECT_NOBODY;
}
