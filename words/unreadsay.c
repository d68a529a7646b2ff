#include "unreadsay.h"

#include <stdio.h>

#include "say.h"
#include "text.h"

const char *
unreadsay(char out[UNREADSAY_SIZE], const struct unread *u)
{
	char name[UNREAD_NAME * 2];

	say_safe(name, sizeof name, u->name);
	if (u->files == 0)
		snprintf(out, UNREADSAY_SIZE,
		    ngettext("%u block of the list of files could not be read: try another port, then the spare stick",
			"%u blocks of the list of files could not be read: try another port, then the spare stick", u->blocks),
		    u->blocks);
	else if (u->files == 1)
		snprintf(out, UNREADSAY_SIZE, ngettext("%u block of %s could not be read: try another port, then the spare stick",
		    "%u blocks of %s could not be read: try another port, then the spare stick", u->blocks), u->blocks, name);
	else
		snprintf(out, UNREADSAY_SIZE,
		    ngettext("%u block of %u files, among them %s, could not be read: try another port, then the "
			     "spare stick",
			"%u blocks of %u files, among them %s, could not be read: try another port, then the spare stick",
			u->blocks),
		    u->blocks, u->files, name);
	return out;
}
