/*
 * newfile.h - a file that is made for somebody to send on. Never over one that is there: that may be of another day.
 */
#ifndef NEWFILE_H
#define NEWFILE_H

#include <stdbool.h>

#include "bytes.h"
#include "cli.h"
#include "error.h"

#define NEWFILE_PART 4096

/* newfile_check(c, file, f): before anything is done: E_USAGE if there is such a file already, or none can be made there. */
enum err newfile_check(const struct cli *c, const char *file, struct fault *f);

/* newfile_write(c, file, data, f): make it, durably. Errors: E_USAGE, E_FAIL, with a whole sentence; nothing of it is left then. */
enum err newfile_write(const struct cli *c, const char *file, struct bytes data, struct fault *f);

/*
 * A file that is whole before what it is about is done, and gets its name after: newfile_begin makes it, durably, under another
 * name beside it; newfile_end gives it its own, or, if it is not to be kept, removes it. What cannot get its name is left under the
 * other, which the sentence names: nothing is lost. Errors: as newfile_write.
 */
struct newfile {
	const struct cli *c;
	const char *file; /* borrowed */
	char part[NEWFILE_PART];
	bool made;
};

enum err newfile_begin(struct newfile *n, const struct cli *c, const char *file, struct bytes data, struct fault *f);
enum err newfile_end(struct newfile *n, bool keep, struct fault *f);

/* newfile_rename(from, to): never over a file that is there. Return 0, or -1 with errno. */
int newfile_rename(const char *from, const char *to);

#endif
