/*
 * filearg.h - a FILE that is named on the command line, to be read with stickio_slurp_named.
 */
#ifndef FILEARG_H
#define FILEARG_H

#include "cli.h"
#include "error.h"

/*
 * filearg_unread(c, name, f): say why it could not be read, by errno: E_FAIL without memory, else E_USAGE with a whole sentence.
 * Callers have their own for EFBIG.
 */
enum err filearg_unread(const struct cli *c, const char *name, struct fault *f);

#endif
