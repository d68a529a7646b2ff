/*
 * drawer.h - oncestick-sheet, which draws code sheets, as a child process.
 */
#ifndef DRAWER_H
#define DRAWER_H

#include <limits.h>

#include "bytes.h"
#include "tool.h"

#define DRAWER_PROGRAM "oncestick-sheet"
#define DRAWER_DIR PKGLIBEXECDIR /* where it is once it is installed */

/* How it ended. */
struct drawer_end {
	int status;           /* its exit status, 128 plus a signal, or -1: it could not be started */
	int sys;              /* then: why */
	char said[TOOL_SAID]; /* its last line on standard error: not safe to print */
};

/*
 * drawer_find(out): find it beside this program, as in the build tree, or in libexec under the same prefix; out becomes its path.
 * Return 0, or -1 if it is nowhere.
 */
int drawer_find(char out[PATH_MAX]);

/* drawer_try(program, fd): let it test whether it can draw. drawer_run(program, input, fd): let it draw input and write to fd. */
struct drawer_end drawer_try(const char *program, int fd);
struct drawer_end drawer_run(const char *program, struct bytes input, int fd);

#endif
