/*
 * newfile.h - a file that is made for somebody to send on. Never over one that is there: that may be of another day.
 */
#ifndef NEWFILE_H
#define NEWFILE_H

#include "bytes.h"
#include "error.h"

/* newfile_check(file, f): before anything is done: E_USAGE if there is such a file already, or none can be made there. */
enum err newfile_check(const char *file, struct fault *f);

/* newfile_write(file, data, f): make it, durably. Errors: E_USAGE, E_FAIL, with a whole sentence; nothing of it is left then. */
enum err newfile_write(const char *file, struct bytes data, struct fault *f);

#endif
