/*
 * newfile.h - making a file for somebody to send on. It never replaces a file: that one may be from another day.
 */
#ifndef NEWFILE_H
#define NEWFILE_H

#include <stdbool.h>

#include "bytes.h"
#include "cli.h"
#include "error.h"

#define NEWFILE_PART 4096

/*
 * newfile_check(c, file, f): call before anything is done. Errors: E_USAGE if there is such a file already, or none can be made
 * there.
 */
enum err newfile_check(const struct cli *c, const char *file, struct fault *f);

/*
 * newfile_write(c, file, data, f): make the file, durably. Errors, with a whole sentence: E_USAGE, E_FAIL. Nothing is left of it
 * then.
 */
enum err newfile_write(const struct cli *c, const char *file, struct bytes data, struct fault *f);

/*
 * A file that is written before the work that it is about is done, and gets its name afterwards. newfile_begin makes it, durably,
 * under a temporary name beside it. newfile_end gives it its own name or, if keep is false, removes it. If it cannot get its name,
 * it stays under the temporary one, which the sentence names, so nothing is lost. Errors: those of newfile_write.
 */
struct newfile {
	const struct cli *c;
	const char *file; /* borrowed */
	char part[NEWFILE_PART];
	bool made;
};

enum err newfile_begin(struct newfile *n, const struct cli *c, const char *file, struct bytes data, struct fault *f);
enum err newfile_end(struct newfile *n, bool keep, struct fault *f);

#endif
