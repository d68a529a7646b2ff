/*
 * filearg.c - what is no file, or cannot be read.
 */
#include "filearg.h"

#include <errno.h>
#include <string.h>

#include "say.h"
#include "text.h"

enum err
filearg_unread(const struct cli *c, const char *name, struct fault *f)
{
	switch (errno) {
	case ENOMEM:
		return fault_set(f, E_FAIL, ENOMEM, "memory", "%s", name);
	case EISDIR:
		return say_fault(c, f, E_USAGE, _("%s is a directory: name the file in it."), name);
	case EINVAL:
		return say_fault(c, f, E_USAGE, _("%s is a device or a pipe, which is not read: name a file."), name);
	default:
		return say_fault(c, f, E_USAGE, _("%s cannot be read: %s."), name, strerror(errno));
	}
}
