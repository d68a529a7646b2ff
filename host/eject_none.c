/*
 * eject_none.c - without libsystemd: nobody to ask.
 */
#include "eject.h"

enum eject_result
eject_stick(struct eject *e)
{
	(void)e;
	return EJECT_NOBODY;
}
