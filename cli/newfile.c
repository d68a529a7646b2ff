#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "filestat.h"
#include "say.h"
#include "stickio.h"
#include "text.h"

static enum err
failed(const struct cli *c, const char *file, int sys, struct fault *f)
{
	switch (sys) {
	case EEXIST:
		return say_fault(c, f, E_USAGE, _("%s is there already and is never overwritten: name a new file."), file);
	case ENOSPC:
	case EDQUOT:
		return say_fault(c, f, E_FAIL, _("%s cannot be written: %s. Make room there, or name a file on another disk."),
		    file, strerror(sys));
	case EFBIG:
		return say_fault(c, f, E_FAIL,
		    _("%s cannot be written: %s. Lift the limit of this login ('ulimit -f unlimited')."), file,
		    strerror(sys));
	case EACCES:
	case EPERM:
		return say_fault(c, f, E_USAGE, _("%s cannot be written: %s. Name a file in a directory of yours."),
		    file, strerror(sys));
	default:
		return say_fault(c, f, sys == EIO ? E_FAIL : E_USAGE,
		    _("%s cannot be written: %s. Name a file in another place."), file, strerror(sys));
	}
}

enum err
newfile_check(const struct cli *c, const char *file, struct fault *f)
{
	char path[PATH_MAX];
	struct stat st;
	size_t n = (size_t)snprintf(path, sizeof path, "%s", file);

	if (n >= sizeof path)
		return failed(c, file, ENAMETOOLONG, f);
	if (n == 0)
		return say_fault(c, f, E_USAGE, _("the name of the file to be written is empty."));
	if (path[n - 1] == '/' || (filestat_path(file, &st) == 0 && S_ISDIR(st.st_mode)))
		return say_fault(c, f, E_USAGE, _("%s is a directory: name a new file in it."), file);
	if (filestat_at(AT_FDCWD, file, &st) == 0)
		return failed(c, file, EEXIST, f);
	if (errno != ENOENT || faccessat(AT_FDCWD, dirname(path), W_OK | X_OK, AT_EACCESS) != 0)
		return failed(c, file, errno, f);
	return E_OK;
}

enum err
newfile_write(const struct cli *c, const char *file, struct bytes data, struct fault *f)
{
	enum err e = newfile_check(c, file, f);
	bool made = e == E_OK && stickio_create(AT_FDCWD, file, data.p, data.n, 0644) == 0;
	int sys = 0;

	if (e != E_OK)
		return e;
	if (made && stickio_sync_above(file) == 0)
		return E_OK;
	sys = errno;
	if (made)
		unlink(file);
	return failed(c, file, sys, f);
}

enum err
newfile_begin(struct newfile *n, const struct cli *c, const char *file, struct bytes data, struct fault *f)
{
	n->c = c;
	n->file = file;
	if ((size_t)snprintf(n->part, sizeof n->part, "%s.part-%08x", file, (unsigned)randombytes_random()) >= sizeof n->part)
		return failed(c, file, ENAMETOOLONG, f);
	n->made = stickio_create(AT_FDCWD, n->part, data.p, data.n, 0644) == 0;
	return n->made ? E_OK : failed(c, file, errno, f);
}

enum err
newfile_end(struct newfile *n, bool keep, struct fault *f)
{
	if (!n->made)
		return E_OK;
	n->made = false;
	if (!keep) {
		unlink(n->part);
		return E_OK;
	}
	if (stickio_rename_new(AT_FDCWD, n->part, n->file) == 0 && stickio_sync_above(n->file) == 0)
		return E_OK;
	return say_fault(n->c, f, E_FAIL, _("%s could not be given its name: %s. It is whole, as %s: rename it yourself."),
	    n->file, strerror(errno), n->part);
}
